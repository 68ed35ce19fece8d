package archive

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/durable"
)

// A folder is where a ledger's files are. Tests have one that fails.
type folder interface {
	// Create makes a file, or empties it.
	Create(name string) (file, error)
	// Extend opens a file to be written from an offset on; what it had there goes.
	Extend(name string, at int64) (file, error)
	Read(name string) ([]byte, error)
	// Map shows a file's bytes without reading them all.
	Map(name string, sequential bool) (mapping, error)
	Rename(from, to string) error
	Remove(name string) error
	Names() ([]string, error)
	// Sync makes the names in the folder durable.
	Sync() error
	// Lock takes the lock that one writer at a time has.
	Lock() (io.Closer, error)
	// Sub is a folder in it, which is made when it is not there; Drop removes one.
	Sub(name string) (folder, error)
	Drop(name string) error
}

// A file is written from its beginning, or from where it was extended.
type file interface {
	io.Writer
	io.ReaderAt
	// Cut drops what lies behind an offset and goes on there.
	Cut(at int64) error
	Sync() error
	Close() error
}

// A mapping is a file's bytes, until it is closed.
type mapping struct {
	data   []byte
	advise func(off, n uint64) // that they are needed soon
	unmap  func() error
}

func (m mapping) close() error {
	if m.unmap == nil {
		return nil
	}
	return m.unmap()
}

const lockName = "LOCK"

// osFolder is a folder of the operating system.
type osFolder string

func (d osFolder) path(name string) string { return filepath.Join(string(d), name) }

func (d osFolder) Create(name string) (file, error) {
	f, err := os.OpenFile(d.path(name), os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o644)
	if err != nil {
		return nil, err
	}
	return osFile{f}, nil
}

func (d osFolder) Extend(name string, at int64) (file, error) {
	f, err := os.OpenFile(d.path(name), os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	if err := (osFile{f}).Cut(at); err != nil {
		f.Close()
		return nil, err
	}
	return osFile{f}, nil
}

func (d osFolder) Read(name string) ([]byte, error) { return os.ReadFile(d.path(name)) }

func (d osFolder) Map(name string, sequential bool) (mapping, error) {
	f, err := os.Open(d.path(name))
	if err != nil {
		return mapping{}, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return mapping{}, err
	}
	if info.Size() == 0 {
		return mapping{}, nil
	}
	m, err := mapFile(f, info.Size(), sequential)
	if err != nil {
		return m, fmt.Errorf("%s: %w", d.path(name), err)
	}
	return m, nil
}

func (d osFolder) Rename(from, to string) error { return os.Rename(d.path(from), d.path(to)) }
func (d osFolder) Remove(name string) error     { return os.Remove(d.path(name)) }

func (d osFolder) Names() ([]string, error) {
	entries, err := os.ReadDir(string(d))
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		if e.Type().IsRegular() {
			names = append(names, e.Name())
		}
	}
	return names, nil
}

func (d osFolder) Sync() error {
	f, err := os.Open(string(d))
	if err != nil {
		return err
	}
	return errors.Join(durable.SyncFolder(f), f.Close())
}

func (d osFolder) Sub(name string) (folder, error) {
	return osFolder(d.path(name)), os.MkdirAll(d.path(name), 0o755)
}

func (d osFolder) Drop(name string) error {
	// Without its manifest, what a crash leaves of it is no ledger.
	if err := os.Remove(filepath.Join(d.path(name), manifestName)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return os.RemoveAll(d.path(name))
}

func (d osFolder) Lock() (io.Closer, error) {
	f, taken, err := durable.LockFile(d.path(lockName))
	switch {
	case taken:
		return nil, fmt.Errorf("another process is writing this ledger: wait for it to end; reading needs no lock: %w", fundtrail.ErrUnavailable)
	case err != nil:
		return nil, fmt.Errorf("lock %s: %w", d.path(lockName), err)
	}
	return f, nil
}

type osFile struct{ *os.File }

func (f osFile) Cut(at int64) error {
	if err := f.Truncate(at); err != nil {
		return err
	}
	_, err := f.Seek(at, io.SeekStart)
	return err
}

// readWhole is a mapping of a file in memory, for systems without the other kind.
func readWhole(f *os.File, size int64) (mapping, error) {
	if int64(int(size)) != size {
		return mapping{}, fmt.Errorf("%d bytes do not fit into this machine's memory: %w", size, fundtrail.ErrLimit)
	}
	data := make([]byte, size)
	_, err := io.ReadFull(f, data)
	return mapping{data: data}, err
}

// IsLedger reports whether a folder holds a ledger.
func IsLedger(dir string) bool {
	info, err := os.Stat(filepath.Join(dir, manifestName))
	return err == nil && info.Mode().IsRegular()
}
