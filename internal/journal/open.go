package journal

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/durable"
)

// tornPrefix begins the names of files that keep what a crash left.
const tornPrefix = "torn-"

// Open opens a journal for appending, and makes the folder where there is none. One
// process at a time can: for a second the error wraps fundtrail.ErrConflict.
//
// It checks the last segment record by record. What a crash left at its end is cut off
// and kept in a file of the folder, see [Journal.Cut]. A journal whose last records are
// not as they were written, or are fewer than its head file remembers, is not opened.
func Open(dir string, opt Options) (*Journal, error) {
	if opt.SegmentBytes <= 0 {
		opt.SegmentBytes = 64 << 20
	}
	if opt.MaxBody <= 0 {
		opt.MaxBody = 1 << 20
	}
	opt.MaxBody = min(opt.MaxBody, maxBody)
	if opt.open == nil {
		opt.open = openFile
	}
	j := &Journal{Reader: Reader{dir: dir}, opt: opt}
	j.last = func() uint64 { return j.Head().Seq }
	if err := j.start(); err != nil {
		if j.file != nil {
			j.file.Close()
		}
		if j.headOut != nil {
			j.headOut.Close()
		}
		if j.lock != nil {
			j.lock.Close()
		}
		return nil, err
	}
	return j, nil
}

func (j *Journal) start() error {
	if err := j.folder(); err != nil {
		return j.fail(err)
	}
	if err := j.takeLock(); err != nil {
		return err
	}
	own, err := readHead(j.dir)
	if err != nil {
		return fmt.Errorf("%w; %s", err, mendHead)
	}
	if err := j.resume(own); err != nil {
		return err
	}
	j.headOut, err = j.opt.open(filepath.Join(j.dir, headName), os.O_RDWR|os.O_CREATE)
	if err != nil {
		return j.fail(err)
	}
	if _, err := j.headOut.WriteAt(headFile(j.head), 0); err != nil {
		return j.fail(err)
	}
	if err := errors.Join(j.headOut.Sync(), syncDir(j.dir)); err != nil {
		return j.fail(err)
	}
	return nil
}

const mendHead = "put back the files from a copy, or remove the file head to go on without what it remembers: the loss then shows only against a head that was kept elsewhere"

func (j *Journal) folder() error {
	if _, err := os.Stat(j.dir); err == nil {
		return nil
	} else if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.MkdirAll(j.dir, 0o700); err != nil {
		return err
	}
	return syncDir(filepath.Dir(j.dir))
}

func (j *Journal) takeLock() error {
	path := filepath.Join(j.dir, lockName)
	f, taken, err := durable.LockFile(path)
	if taken {
		by := ""
		if text, err := os.ReadFile(path); err == nil && len(text) > 0 && len(text) < 64 {
			by = ", by process " + strings.TrimSpace(string(text))
		}
		return fmt.Errorf("journal %s: it is being written%s: only one process can, any number can read: %w", j.dir, by, fundtrail.ErrConflict)
	}
	if err != nil {
		return fmt.Errorf("lock journal %s: %w", j.dir, err)
	}
	j.lock = f
	// For the message above only, so that a failure does not matter.
	f.Truncate(0)
	f.WriteAt(fmt.Appendf(nil, "%d\n", os.Getpid()), 0)
	return nil
}

// resume finds the last record, from which to go on.
func (j *Journal) resume(own Head) error {
	segs, strays, err := segments(j.dir)
	if err != nil {
		return err
	}
	if len(strays) > 0 {
		return fmt.Errorf("journal %s: the file %s is no segment of it: move it elsewhere: %w", j.dir, clip(strays[0]), fundtrail.ErrConflict)
	}
	j.head = Head{Hash: genesis}
	if len(segs) > 0 {
		if err := j.before(segs); err != nil {
			return err
		}
		if err := j.lastSegment(segs[len(segs)-1], own); err != nil {
			return err
		}
	}
	return j.compare(own)
}

// before sets the head to the last record of the segment before the last.
func (j *Journal) before(segs []segment) error {
	if len(segs) == 1 {
		return nil
	}
	name := segs[len(segs)-2].name
	line, ok, err := lastLine(filepath.Join(j.dir, name))
	if err != nil {
		return j.fail(err)
	}
	var e Entry
	wrong := "is missing"
	if ok {
		wrong = parseLine(line, &e)
	}
	if wrong != "" {
		return fmt.Errorf("journal %s: the last record of %s %s; see what verify says: %w", j.dir, name, wrong, fundtrail.ErrConflict)
	}
	j.head = e.Head()
	return nil
}

func (j *Journal) lastSegment(s segment, own Head) error {
	var cut *Torn
	w := walker{
		dir:   j.dir,
		chain: chain{seq: j.head.Seq + 1, prev: j.head.Hash},
		visit: func(e Entry) error { j.head = e.Head(); return nil },
		tail: func(name string, at int64, whole bool) error {
			if whole && own.IsZero() {
				// Records may follow, and no head tells whether they were acknowledged.
				return j.damaged(Problem{j.head.Seq + 1, name, at, "holds zero bytes, and there is no head file to tell whether a crash left them"})
			}
			cut = &Torn{File: name, Offset: at}
			return nil
		},
		problem: func(p Problem) error { return j.damaged(p) },
	}
	if err := w.file(s, 0, true); err != nil {
		if errors.Is(err, fundtrail.ErrConflict) {
			return fmt.Errorf("not opened for appending, put back the file from a copy: %w", err)
		}
		return j.fail(err)
	}
	if cut != nil && own.Seq > j.head.Seq {
		return nil // no torn write but an acknowledged record that was changed: compare says so
	}
	f, err := j.opt.open(filepath.Join(j.dir, s.name), os.O_RDWR)
	if err != nil {
		return j.fail(err)
	}
	j.segment, j.file = s.name, f
	if cut != nil {
		if err := j.cutTail(cut); err != nil {
			return fmt.Errorf("journal %s: cut off what a crash left at byte %d of %s: %w", j.dir, cut.Offset, cut.File, err)
		}
	}
	// Records that a killed process wrote and did not acknowledge are kept, and so have to
	// be on disk before others follow them.
	if err := f.Sync(); err != nil {
		return j.fail(err)
	}
	if j.info, err = f.Stat(); err != nil {
		return j.fail(err)
	}
	j.size = j.info.Size()
	return nil
}

// cutTail moves the end of the last segment into a file of its own.
func (j *Journal) cutTail(cut *Torn) error {
	info, err := j.file.Stat()
	if err != nil {
		return err
	}
	cut.Bytes = info.Size() - cut.Offset
	digest := sha256.New()
	if _, err := io.Copy(digest, io.NewSectionReader(j.file, cut.Offset, cut.Bytes)); err != nil {
		return err
	}
	// Named after its bytes: a crash between keeping and cutting leaves the same file.
	cut.Kept = fmt.Sprintf("%s%020d-%x.bin", tornPrefix, j.head.Seq+1, digest.Sum(nil)[:8])
	keep, err := os.OpenFile(filepath.Join(j.dir, cut.Kept), os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(keep, io.NewSectionReader(j.file, cut.Offset, cut.Bytes))
	if err := errors.Join(err, keep.Sync(), keep.Close(), syncDir(j.dir)); err != nil {
		return err
	}
	if err := errors.Join(j.file.Truncate(cut.Offset), j.file.Sync()); err != nil {
		return err
	}
	j.cut = cut
	return nil
}

// compare holds what was found to what the head file remembers.
func (j *Journal) compare(own Head) error {
	switch {
	case own.IsZero() || own == j.head:
		return nil
	case own.Seq > j.head.Seq:
		return fmt.Errorf("journal %s: it ends at record %d, and its head file remembers record %d: records are missing; %s: %w",
			j.dir, j.head.Seq, own.Seq, mendHead, fundtrail.ErrConflict)
	case own.Seq == 0:
		if own.Hash == genesis {
			return nil
		}
	case own.Seq < j.head.Seq:
		r := Reader{dir: j.dir}
		e, err := r.Read(own.Seq)
		if err != nil {
			return err
		}
		if e.Hash == own.Hash {
			return nil
		}
	}
	return fmt.Errorf("journal %s: record %d is not the one that its head file remembers; see what verify says: %w", j.dir, own.Seq, fundtrail.ErrConflict)
}

// checkUTF8 refuses bytes that are no text: json.Valid lets them pass inside strings.
func checkUTF8(b []byte) error {
	if utf8.Valid(b) {
		return nil
	}
	at := 0
	for text := b; len(text) > 0; {
		r, n := utf8.DecodeRune(text)
		if r == utf8.RuneError && n == 1 {
			at = len(b) - len(text)
			break
		}
		text = text[n:]
	}
	return fmt.Errorf("byte %d is not UTF-8 (near %q): %w", at, clip(string(bytes.ToValidUTF8(b[max(0, at-8):at], nil))), fundtrail.ErrInvalid)
}
