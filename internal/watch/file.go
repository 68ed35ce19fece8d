package watch

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/durable"
)

var nameForm = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,62}$`)

// A File is where a book is kept, with the lock that one process at a time has.
type File struct {
	path string
	lock *os.File
}

// Open locks the file of a name in a ledger's folder. Close lets go of it.
func Open(ledger, name string) (*File, error) {
	if !nameForm.MatchString(name) {
		return nil, fmt.Errorf("watch %q: want a name of a to z, 0 to 9 and -: %w", name, fundtrail.ErrInvalid)
	}
	dir := filepath.Join(ledger, "watch")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	f := &File{path: filepath.Join(dir, name+".json")}
	var taken bool
	var err error
	if f.lock, taken, err = durable.LockFile(filepath.Join(dir, name+".lock")); taken {
		return nil, fmt.Errorf("watch %q: another process brings it forward: %w", name, fundtrail.ErrUnavailable)
	}
	return f, err
}

// Close lets go of the lock.
func (f *File) Close() error { return f.lock.Close() }

// Read returns the book; its error wraps fundtrail.ErrNotFound where there is none yet.
func (f *File) Read() (*Book, error) {
	raw, err := os.ReadFile(f.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: %w", f.path, fundtrail.ErrNotFound)
	}
	if err != nil {
		return nil, err
	}
	b := &Book{}
	if err := json.Unmarshal(raw, b); err != nil {
		return nil, fmt.Errorf("%s is damaged (%v): remove it, and give the addresses again: %w", f.path, err, fundtrail.ErrInvalid)
	}
	for _, c := range b.Cursors {
		if len(c.Marks) == 0 {
			return nil, fmt.Errorf("%s is damaged (a cursor without a block): remove it, and give the addresses again: %w", f.path, fundtrail.ErrInvalid)
		}
	}
	return b, nil
}

// Write replaces the book, durably: it is the one before or this one, whenever the machine
// stops.
func (f *File) Write(b *Book) error {
	raw, err := json.MarshalIndent(b, "", " ")
	if err != nil {
		return err
	}
	temp := f.path + ".new"
	w, err := os.Create(temp)
	if err != nil {
		return err
	}
	_, err = w.Write(append(raw, '\n'))
	if err = errors.Join(err, w.Sync(), w.Close()); err != nil {
		return err
	}
	if err := os.Rename(temp, f.path); err != nil {
		return err
	}
	dir, err := os.Open(filepath.Dir(f.path))
	if err != nil {
		return err
	}
	return errors.Join(durable.SyncFolder(dir), dir.Close())
}
