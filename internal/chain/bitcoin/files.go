package bitcoin

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"iter"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/fundtrail/fundtrail"
)

// Options say how to read. The zero value of each means its default.
type Options struct {
	Memory int64  // bytes of coins to hold in memory; default 1 GiB
	Dir    string // for what does not fit; default the system's folder for such
	// Start is the block to begin with; default the chain's first, or where the files do not
	// hold that, the first of those that stand on each other and tell their height (BIP-34).
	Start fundtrail.Hash
	// Read, when set, is told how many bytes of files were read, for showing progress.
	Read func(n int)
	// Held, when set, tells of outputs of blocks before those of the files, and Height of the
	// height of a block before them: what another reading has left in a ledger.
	Held   func(fundtrail.TransferOutput) (fundtrail.Address, fundtrail.Amount, bool)
	Height func(fundtrail.Hash) (int64, bool)
}

// Files is a folder of block files. It is for one reader at a time.
type Files struct {
	p      *Params
	opt    Options
	files  []*blockFile
	chain  []blockRef // in order
	height int64      // of the first
	report Report
	r      *resolver
	digest hash.Hash // of what was read since the last beginning, and its length
	bytes  int64
	held   func(*coinSet) error // for tests: the coins that there are before the first block
}

// A Report says what files hold and what of it was left out.
type Report struct {
	Blocks      int            // of the chain with the most work
	First, Last int64          // their heights
	Tip         fundtrail.Hash // the last of them
	Stale       []StaleBlock   // that lost to others of their height, in order
	// Apart counts the blocks that do not stand on the first block of the chain by any way
	// through these files; ApartHash is one of them.
	Apart     int
	ApartHash fundtrail.Hash
	// Truncated says where a record is cut short, as in a file that is being written; "" when none is.
	Truncated string
	// Of the last reading: what inputs lacked, how many bytes the blocks have, and the digest
	// of those bytes, one block after the other in the chain's order. It does not
	// depend on how a node lays them out in files.
	Gaps
	Bytes  int64
	SHA256 [32]byte
}

// A StaleBlock is on no chain now.
type StaleBlock struct {
	Height int64
	Hash   fundtrail.Hash
}

// A blockFile is one file. Bytes are stored XORed with a key since Bitcoin Core 28.
type blockFile struct {
	name string
	f    *os.File
	size int64
	key  []byte // nil: none
}

var (
	blockFileName = regexp.MustCompile(`^blk[0-9]+\.dat$`)
	besideName    = regexp.MustCompile(`^(rev[0-9]+|xor)\.dat$`)
)

// IsBlockFile reports whether a path has the name of a node's block file.
func IsBlockFile(path string) bool { return blockFileName.MatchString(filepath.Base(path)) }

// IsBeside reports whether a path has the name of what a node keeps beside block files: the
// key, which OpenFiles finds itself, and what undoes blocks, which is not read.
func IsBeside(path string) bool { return besideName.MatchString(filepath.Base(path)) }

// ParamsOfFile finds out which chain's blocks a file holds.
func ParamsOfFile(name string) (Params, error) {
	f, err := openBlockFile(name, map[string][]byte{})
	if err != nil {
		return Params{}, err
	}
	defer f.f.Close()
	var m [4]byte
	if f.size < int64(len(m)) {
		return Params{}, fmt.Errorf("%s: it holds no block: %w", name, fundtrail.ErrInvalid)
	}
	if err := f.read(m[:], 0); err != nil {
		return Params{}, err
	}
	for _, p := range known {
		if p.Magic == m {
			return p, nil
		}
	}
	return Params{}, f.bad(0, strange(m))
}

// openBlockFile opens a file, and reads its folder's key where keys does not have it.
func openBlockFile(name string, keys map[string][]byte) (*blockFile, error) {
	dir := filepath.Dir(name)
	if _, ok := keys[dir]; !ok {
		key, err := readKey(dir)
		if err != nil {
			return nil, err
		}
		keys[dir] = key
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, err
	}
	return &blockFile{name: name, f: f, key: keys[dir], size: info.Size()}, nil
}

// OpenFiles opens block files, given in any order, and finds the chain in them. The key of
// each is that of xor.dat in its folder. Close must be called.
func OpenFiles(ctx context.Context, p *Params, names []string, opt Options) (_ *Files, err error) {
	s := &Files{p: p, opt: opt}
	defer func() {
		if err != nil {
			s.Close()
		}
	}()
	keys := map[string][]byte{}
	for _, name := range names {
		b, err := openBlockFile(name, keys)
		if err != nil {
			return nil, err
		}
		s.files = append(s.files, b)
	}
	if len(s.files) == 0 {
		return nil, fmt.Errorf("no block files: %w", fundtrail.ErrInvalid)
	}
	// By number: longer names are later ones, since a number has at least five digits.
	slices.SortFunc(s.files, func(x, y *blockFile) int {
		bx, by := filepath.Base(x.name), filepath.Base(y.name)
		return cmp.Or(cmp.Compare(len(bx), len(by)), strings.Compare(bx, by), strings.Compare(x.name, y.name))
	})
	var refs []blockRef
	for i, f := range s.files {
		if refs, err = s.scan(ctx, refs, i, f); err != nil {
			return nil, err
		}
	}
	if err := s.order(refs); err != nil {
		return nil, err
	}
	return s, nil
}

// Close closes the files, and lets go of the coins.
func (s *Files) Close() error {
	var err error
	for _, f := range s.files {
		err = errors.Join(err, f.f.Close())
	}
	if s.r != nil {
		err = errors.Join(err, s.r.coins.close())
	}
	return err
}

// Report says what the files hold. It must not be called while blocks are read.
func (s *Files) Report() Report {
	r := s.report
	if s.r != nil {
		r.Gaps, r.Bytes = s.r.count, s.bytes
		s.digest.Sum(r.SHA256[:0])
	}
	return r
}

// reversed is the inverse of shown.
func reversed(h fundtrail.Hash) [32]byte { return shown(h) }

// maxKey bounds the key: nodes make it 8 bytes long.
const maxKey = 64

// readKey reads the key of a folder's block files, nil where there is none.
func readKey(dir string) ([]byte, error) {
	name := filepath.Join(dir, "xor.dat")
	key, err := os.ReadFile(name)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, err
	case len(key) == 0 || len(key) > maxKey:
		return nil, fmt.Errorf("%s: %d bytes, the key of block files has 8: %w", name, len(key), fundtrail.ErrInvalid)
	}
	if !slices.ContainsFunc(key, func(c byte) bool { return c != 0 }) {
		return nil, nil
	}
	return key, nil
}

// read reads at an offset, with the key taken off.
func (f *blockFile) read(b []byte, at int64) error {
	if _, err := f.f.ReadAt(b, at); err != nil {
		if err == io.EOF {
			err = fmt.Errorf("it became shorter while it was read: %w", fundtrail.ErrInvalid)
		}
		return f.bad(at, err)
	}
	f.xor(b, at)
	return nil
}

func (f *blockFile) xor(b []byte, at int64) {
	if f.key == nil {
		return
	}
	k := int(at % int64(len(f.key)))
	for i := range b {
		b[i] ^= f.key[k]
		if k++; k == len(f.key) {
			k = 0
		}
	}
}

func (f *blockFile) bad(at int64, err error) error {
	return fmt.Errorf("%s: byte %d: %w", f.name, at, err)
}

// A blockRef is a block's header and where the block stands.
type blockRef struct {
	hash, parent [32]byte
	at           int64 // of the block, behind magic and length
	size         uint32
	bits         uint32
	file         int32
	up           int32 // the parent's number; -1 where it is not held
	height       int32 // above its root
	root         int32 // the block without a parent that it stands on; -1 until known
}

// scan finds the blocks of one file.
func (s *Files) scan(ctx context.Context, refs []blockRef, number int, f *blockFile) ([]blockRef, error) {
	last := number == len(s.files)-1
	var head [8 + headerSize]byte
	for at := int64(0); at < f.size; {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		b := head[:min(int64(len(head)), f.size-at)]
		if err := f.read(b, at); err != nil {
			return nil, err
		}
		if blank, err := f.blank(at, b); err != nil {
			return nil, err
		} else if blank {
			return refs, nil // room that the node has set aside
		}
		if n := min(4, len(b)); string(b[:n]) != string(s.p.Magic[:n]) {
			var m [4]byte
			copy(m[:], b)
			for _, other := range known {
				if other.Magic == m {
					return nil, f.bad(at, fmt.Errorf("this is a block of %s among blocks of %s: %w", other.Chain, s.p.Chain, fundtrail.ErrInvalid))
				}
			}
			return nil, f.bad(at, strange(m))
		}
		size := int64(0)
		if len(b) >= 8 {
			size = int64(b[4]) | int64(b[5])<<8 | int64(b[6])<<16 | int64(b[7])<<24
			if size < headerSize+1 || size > maxBlock {
				return nil, f.bad(at, fmt.Errorf("a block of %d bytes, which none has: the file is damaged: %w", size, fundtrail.ErrInvalid))
			}
		}
		if len(b) < 8 || at+8+size > f.size {
			if !last {
				return nil, f.bad(at, fmt.Errorf("the block is cut short by the file's end, and other files follow: %w", fundtrail.ErrInvalid))
			}
			s.report.Truncated = fmt.Sprintf("%s: byte %d: the last block is cut short", f.name, at)
			return refs, nil
		}
		h := parseHeader(b[8:])
		refs = append(refs, blockRef{hash: h.hash, parent: h.parent, at: at + 8, size: uint32(size), bits: h.bits, file: int32(number), up: -1, root: -1})
		at += 8 + size
	}
	return refs, nil
}

// blank reports whether the rest of a file is zeros, with the key on or off. b is what
// stands at the offset, with the key off.
func (f *blockFile) blank(at int64, b []byte) (bool, error) {
	zero := func(b []byte) bool { return !slices.ContainsFunc(b, func(c byte) bool { return c != 0 }) }
	stored := slices.Clone(b)
	f.xor(stored, at)
	off := zero(b)
	if !off && !zero(stored) {
		return false, nil
	}
	buf := make([]byte, 1<<20)
	for at < f.size {
		b := buf[:min(int64(len(buf)), f.size-at)]
		if err := f.read(b, at); err != nil {
			return false, err
		}
		if !off {
			f.xor(b, at)
		}
		if !zero(b) {
			return false, f.bad(at, fmt.Errorf("bytes behind the room that was set aside for later blocks: the file is damaged: %w", fundtrail.ErrInvalid))
		}
		at += int64(len(b))
	}
	return true, nil
}

// strange says what is wrong with bytes that do not begin a block.
func strange(m [4]byte) error {
	if name, ok := strangeMagics[m]; ok {
		return fmt.Errorf("this is a block of %s: %w", name, fundtrail.ErrInvalid)
	}
	return fmt.Errorf("no block begins here, it has %x: is xor.dat missing beside the file, or is it damaged? %w", m, fundtrail.ErrInvalid)
}

// Head is the chain's last block.
func (s *Files) Head(context.Context) (fundtrail.Block, error) {
	last := &s.chain[len(s.chain)-1]
	var b [headerSize]byte
	if err := s.files[last.file].read(b[:], last.at); err != nil {
		return fundtrail.Block{}, err
	}
	h := parseHeader(b[:])
	return fundtrail.Block{Chain: s.p.Chain, Height: s.report.Last, Hash: shown(h.hash), Parent: shown(h.parent), Time: time.Unix(int64(h.time), 0).UTC()}, nil
}

// Blocks gives the blocks of the chain from a height on, in order. What is wrong with one
// ends it. Those below are read all the same, for what later ones spend.
func (s *Files) Blocks(ctx context.Context, from int64) iter.Seq2[fundtrail.BlockFacts, error] {
	return func(yield func(fundtrail.BlockFacts, error) bool) {
		if from < s.height {
			yield(fundtrail.BlockFacts{}, fmt.Errorf("block %d: the files begin at block %d: %w", from, s.height, fundtrail.ErrNotFound))
			return
		}
		if err := s.forget(); err != nil {
			yield(fundtrail.BlockFacts{}, err)
			return
		}
		ctx, stop := context.WithCancel(ctx)
		a := s.readAhead(ctx)
		defer func() {
			stop()
			for range a.full { // until the goroutine has let go of the files
			}
		}()
		height := s.height
		for p := range a.full {
			facts, err := fundtrail.BlockFacts{}, p.err
			if err == nil {
				if facts, err = s.r.facts(&p.shape, height); err != nil {
					err = s.where(&p.ref, err)
				}
			}
			a.spare <- p
			if height++; err == nil && height <= from {
				continue
			}
			if !yield(facts, err) || err != nil {
				return
			}
		}
		if err := ctx.Err(); err != nil {
			yield(fundtrail.BlockFacts{}, err)
		}
	}
}

// forget begins a reading with no coins.
func (s *Files) forget() error {
	var err error
	if s.r != nil {
		err = s.r.coins.close()
	}
	s.r = &resolver{p: s.p, coins: newCoinSet(s.opt.Memory, s.opt.Dir), all: s.chain[0].hash == reversed(s.p.Genesis), held: s.opt.Held}
	s.digest, s.bytes = sha256.New(), 0
	if s.held != nil {
		err = errors.Join(err, s.held(s.r.coins))
	}
	return err
}

// where adds to an error where the block stands.
func (s *Files) where(ref *blockRef, err error) error {
	return s.files[ref.file].bad(ref.at, err)
}

// ahead reads and parses blocks in a goroutine of its own, so that parsing and
// resolving take a processor each.
type ahead struct {
	full, spare chan *parsed
}

type parsed struct {
	ref   blockRef
	raw   []byte
	shape blockShape
	err   error
}

const aheadBlocks = 3

func (s *Files) readAhead(ctx context.Context) *ahead {
	a := &ahead{make(chan *parsed, aheadBlocks), make(chan *parsed, aheadBlocks)}
	for range aheadBlocks {
		a.spare <- &parsed{}
	}
	go func() {
		defer close(a.full)
		for i := range s.chain {
			var p *parsed
			select {
			case p = <-a.spare:
			case <-ctx.Done():
				return
			}
			p.ref = s.chain[i]
			if p.err = s.parse(p); p.err == nil {
				s.digest.Write(p.raw)
				s.bytes += int64(len(p.raw))
			}
			a.full <- p // has room for every block there is
			if p.err != nil {
				return
			}
		}
	}()
	return a
}

func (s *Files) parse(p *parsed) error {
	f := s.files[p.ref.file]
	n := int(p.ref.size)
	p.raw = slices.Grow(p.raw[:0], n)[:n]
	if err := f.read(p.raw, p.ref.at); err != nil {
		return err
	}
	if err := p.shape.parse(s.p, p.raw); err != nil {
		return s.where(&p.ref, err)
	}
	if s.opt.Read != nil {
		s.opt.Read(8 + n)
	}
	return nil
}
