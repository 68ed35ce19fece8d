package archive

import (
	"errors"
	"strings"
)

// Discard ends the writer, and removes the ledger from its folder if it holds no block and
// nothing else stands in the folder: what was begun in vain leaves nothing behind. It
// reports whether the folder is empty now.
func (w *Writer) Discard() (empty bool, err error) {
	w.tasks.Wait()
	w.mu.Lock()
	for _, c := range w.tails.chains {
		if c.tip() >= 0 {
			w.mu.Unlock()
			return false, w.Close()
		}
	}
	defer w.mu.Unlock()
	names, err := w.f.Names()
	for _, n := range names {
		if n != manifestName && n != manifestTemp && n != lockName && !strings.HasSuffix(n, logSuffix) {
			err = errors.Join(err, w.commit(commitText{Closed: true}, nil))
			w.release()
			return false, err
		}
	}
	// The manifest goes first: a log without one is nobody's. The lock is held to the end.
	gone := []string{manifestName}
	for _, n := range names {
		if n != manifestName && n != lockName {
			gone = append(gone, n)
		}
	}
	for _, n := range append(gone, lockName) {
		if n == lockName || err == nil {
			err = errors.Join(err, w.f.Remove(n))
		}
	}
	w.release()
	return err == nil, err
}
