package archive

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"syscall"

	"github.com/fundtrail/fundtrail"
)

var errCrash = errors.New("the machine has stopped")

// A faultFolder is a folder in memory that knows what of it is durable. At a chosen
// operation it stops, as at a crash, or has no room.
type faultFolder struct {
	mu      sync.Mutex
	r       *rand.Rand
	names   map[string]*inode // as the system shows them
	durable map[string]*inode // as of the last Sync of the folder
	renames []func(map[string]*inode)
	op      int // operations so far
	crashAt int // 0: never
	fullAt  int // from this operation on, for fullFor operations
	fullFor int
	stopped bool
	locked  bool
}

// An inode is a file: what is durable, and what was done since.
type inode struct {
	now     []byte
	synced  []byte
	pending []func(b []byte, r *rand.Rand) []byte
}

func newFaultFolder() *faultFolder {
	return &faultFolder{r: rand.New(rand.NewPCG(1, 2)), names: map[string]*inode{}, durable: map[string]*inode{}}
}

// step counts an operation that changes something.
func (d *faultFolder) step() error {
	if d.stopped {
		return errCrash
	}
	d.op++
	if d.op == d.crashAt {
		d.stopped = true
		return errCrash
	}
	return nil
}

func (d *faultFolder) full() bool {
	return d.fullAt > 0 && d.op >= d.fullAt && d.op < d.fullAt+d.fullFor
}

func (d *faultFolder) entry(change func(map[string]*inode)) {
	change(d.names)
	d.renames = append(d.renames, change)
}

func (d *faultFolder) Create(name string) (file, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.step(); err != nil {
		return nil, err
	}
	if d.full() {
		return nil, syscall.ENOSPC
	}
	f := &faultFile{d: d, inode: &inode{}}
	d.entry(func(m map[string]*inode) { m[name] = f.inode })
	return f, nil
}

func (d *faultFolder) Extend(name string, at int64) (file, error) {
	d.mu.Lock()
	n := d.names[name]
	d.mu.Unlock()
	if n == nil {
		return nil, fs.ErrNotExist
	}
	f := &faultFile{d: d, inode: n}
	return f, f.Cut(at)
}

func (d *faultFolder) Read(name string) ([]byte, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	n := d.names[name]
	if n == nil {
		return nil, fs.ErrNotExist
	}
	return slices.Clone(n.now), nil
}

func (d *faultFolder) Map(name string, _ bool) (mapping, error) {
	b, err := d.Read(name)
	return mapping{data: b}, err
}

func (d *faultFolder) Rename(from, to string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.step(); err != nil {
		return err
	}
	n := d.names[from]
	if n == nil {
		return fs.ErrNotExist
	}
	d.entry(func(m map[string]*inode) {
		delete(m, from)
		m[to] = n
	})
	return nil
}

func (d *faultFolder) Remove(name string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.step(); err != nil {
		return err
	}
	d.entry(func(m map[string]*inode) { delete(m, name) })
	return nil
}

func (d *faultFolder) Names() ([]string, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	names := slices.Sorted(maps.Keys(d.names))
	return slices.DeleteFunc(names, func(n string) bool { return strings.Contains(n, "/") }), nil // of subfolders
}

func (d *faultFolder) Sync() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.step(); err != nil {
		return err
	}
	d.durable, d.renames = maps.Clone(d.names), nil
	return nil
}

func (d *faultFolder) Lock() (io.Closer, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.locked {
		return nil, fundtrail.ErrUnavailable
	}
	d.locked = true
	return d, nil
}

func (d *faultFolder) Close() error { d.locked = false; return nil }

// killed returns what is there after the process was killed.
func (d *faultFolder) killed() *faultFolder {
	out := newFaultFolder()
	for name, n := range d.names {
		out.names[name] = &inode{now: slices.Clone(n.now), synced: slices.Clone(n.now)}
	}
	out.durable = maps.Clone(out.names)
	return out
}

// unpowered returns what may be there after the power went: of names, what was done up
// to some point; of each file, any of the sectors written since it was last flushed.
func (d *faultFolder) unpowered(seed uint64) *faultFolder {
	r := rand.New(rand.NewPCG(seed, 3))
	names := maps.Clone(d.durable)
	for _, change := range d.renames[:r.IntN(len(d.renames)+1)] {
		change(names)
	}
	out := newFaultFolder()
	for _, name := range slices.Sorted(maps.Keys(names)) {
		b := slices.Clone(names[name].synced)
		for _, write := range names[name].pending {
			b = write(b, r)
		}
		out.names[name] = &inode{now: b, synced: slices.Clone(b)}
	}
	out.durable = maps.Clone(out.names)
	return out
}

type faultFile struct {
	d     *faultFolder
	inode *inode
}

const sector = 512

func (f *faultFile) Write(p []byte) (int, error) {
	f.d.mu.Lock()
	defer f.d.mu.Unlock()
	err := f.d.step()
	if err != nil && f.d.op != f.d.crashAt {
		return 0, err
	}
	if err == nil && f.d.full() {
		err = syscall.ENOSPC
	}
	n := len(p)
	if err != nil {
		n = f.d.r.IntN(len(p) + 1) // a part of it got there
		f.d.crashAt = -1
	}
	p, at := slices.Clone(p[:n]), len(f.inode.now)
	f.inode.now = append(f.inode.now, p...)
	f.inode.pending = append(f.inode.pending, func(b []byte, r *rand.Rand) []byte {
		for lo := 0; lo < len(p); lo += sector {
			if r.IntN(3) == 0 {
				continue
			}
			hi := min(lo+sector, len(p))
			if len(b) < at+hi {
				b = append(b, make([]byte, at+hi-len(b))...)
			}
			copy(b[at+lo:], p[lo:hi])
		}
		return b
	})
	return n, err
}

func (f *faultFile) ReadAt(p []byte, at int64) (int, error) {
	f.d.mu.Lock()
	defer f.d.mu.Unlock()
	return bytes.NewReader(f.inode.now).ReadAt(p, at)
}

func (f *faultFile) Cut(at int64) error {
	f.d.mu.Lock()
	defer f.d.mu.Unlock()
	if err := f.d.step(); err != nil {
		return err
	}
	f.inode.now = f.inode.now[:at]
	f.inode.pending = append(f.inode.pending, func(b []byte, r *rand.Rand) []byte {
		if int64(len(b)) > at && r.IntN(2) == 0 {
			b = b[:at]
		}
		return b
	})
	return nil
}

func (f *faultFile) Sync() error {
	f.d.mu.Lock()
	defer f.d.mu.Unlock()
	if err := f.d.step(); err != nil {
		return err
	}
	f.inode.synced, f.inode.pending = slices.Clone(f.inode.now), nil
	return nil
}

func (f *faultFile) Close() error { return nil }
