package journal

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/fundtrail/fundtrail"
)

// Options say how a journal is written.
type Options struct {
	// SegmentBytes is the size above which a new segment file is begun. A single append
	// is never split, and may exceed it. Default 64 MiB.
	SegmentBytes int64
	// MaxBody is the longest body in bytes. Default 1 MiB; at most 16 MiB.
	MaxBody int

	open func(name string, flag int) (file, error) // for tests; default os.OpenFile
}

// A file is what a journal writes to.
type file interface {
	io.ReaderAt
	io.WriterAt
	io.Closer
	Truncate(size int64) error
	Sync() error
	Stat() (os.FileInfo, error)
}

func openFile(name string, flag int) (file, error) { return os.OpenFile(name, flag, 0o600) }

// A Journal appends to a journal, and reads it. It may be used from several goroutines.
type Journal struct {
	Reader // of the acknowledged records
	opt    Options
	lock   *os.File
	cut    *Torn

	mu   sync.Mutex
	next *group // that the next write takes along, nil: none waits
	head Head   // the last acknowledged record

	writing sync.Mutex // held for a write, and for what follows
	segment string
	file    file
	info    os.FileInfo // which file it is
	size    int64       // up to the last acknowledged record
	buf     []byte      // of the last write, to be used again
	headOut file        // the head file
	broken  error       // a failed write could not be undone yet
	closed  bool
}

// A group is appends that are written, and made durable, together.
type group struct {
	asks []*ask
	done chan struct{}
}

// An ask is one call of Append.
type ask struct {
	bodies [][]byte
	at     time.Time
	out    []Entry
	err    error
}

var errClosed = fmt.Errorf("it is closed: %w", fundtrail.ErrUnavailable)

// Head returns the last acknowledged record's number and digest: print it and keep it
// elsewhere, for [Reader.Verify].
func (j *Journal) Head() Head {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.head
}

// Cut returns what Open cut off the end because a crash had left it there, or nil.
func (j *Journal) Cut() *Torn { return j.cut }

// Append adds one record and returns once it is on disk. The body is one JSON value on
// one line in UTF-8, and is kept byte for byte; at is the record's time. Calls that come
// together share one write.
//
// After an error nothing was acknowledged, and the next Append may succeed: when the disk
// is full, once there is room. A cancelled context only withdraws a record that waits.
func (j *Journal) Append(ctx context.Context, body []byte, at time.Time) (Entry, error) {
	out, err := j.AppendAll(ctx, [][]byte{body}, at)
	if err != nil {
		return Entry{}, err
	}
	return out[0], nil
}

// AppendAll adds records that follow one another, all or none, and returns once they are
// on disk. (A crash before it returns may leave the first few of them.)
func (j *Journal) AppendAll(ctx context.Context, bodies [][]byte, at time.Time) ([]Entry, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("append to journal %s: %w", j.dir, err)
	}
	if len(bodies) == 0 {
		return nil, nil
	}
	at = at.UTC().Round(0)
	if y := at.Year(); y < 1 || y > 9999 {
		return nil, fmt.Errorf("append to journal %s: the year %d cannot be written in RFC 3339: %w", j.dir, y, fundtrail.ErrInvalid)
	}
	for i, b := range bodies {
		if err := j.checkBody(b); err != nil {
			return nil, fmt.Errorf("append to journal %s: body %d of %d: %w", j.dir, i+1, len(bodies), err)
		}
	}
	a := &ask{bodies: bodies, at: at}
	j.wait(ctx, a)
	if a.err != nil {
		return nil, fmt.Errorf("append to journal %s: %w", j.dir, a.err)
	}
	return a.out, nil
}

func (j *Journal) checkBody(b []byte) error {
	if len(b) > j.opt.MaxBody {
		return fmt.Errorf("%d bytes, the most is %d: %w", len(b), j.opt.MaxBody, fundtrail.ErrLimit)
	}
	for i, c := range b {
		if c < ' ' {
			return fmt.Errorf("byte %d is a control character, and a record is one line: %w", i, fundtrail.ErrInvalid)
		}
	}
	if !json.Valid(b) {
		return fmt.Errorf("no JSON: %w", fundtrail.ErrInvalid)
	}
	return checkUTF8(b)
}

// wait has an ask written: by itself, when none waits yet, else by the one that does.
func (j *Journal) wait(ctx context.Context, a *ask) {
	j.mu.Lock()
	g := j.next
	leads := g == nil
	if leads {
		g = &group{done: make(chan struct{})}
		j.next = g
	}
	g.asks = append(g.asks, a)
	j.mu.Unlock()

	if leads {
		j.writing.Lock() // while another group is written, this one grows
		j.mu.Lock()
		j.next = nil
		j.mu.Unlock()
		j.commit(g)
		j.writing.Unlock()
		close(g.done)
		return
	}
	select {
	case <-g.done:
	case <-ctx.Done():
		if j.withdraw(g, a) {
			a.err = ctx.Err()
			return
		}
		<-g.done
	}
}

// withdraw takes an ask out of a group that is not being written yet.
func (j *Journal) withdraw(g *group, a *ask) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.next != g {
		return false
	}
	for i := range g.asks {
		if g.asks[i] == a {
			g.asks = append(g.asks[:i], g.asks[i+1:]...)
			return true
		}
	}
	return false
}

// commit writes a group and makes it durable, or fails all of it.
func (j *Journal) commit(g *group) {
	head, err := j.write(g)
	if err != nil {
		for _, a := range g.asks {
			a.out, a.err = nil, err
		}
		return
	}
	j.mu.Lock()
	j.head = head
	j.mu.Unlock()
}

// writeBytes is how much is handed to the system at once.
const writeBytes = 1 << 20

func (j *Journal) write(g *group) (Head, error) {
	if j.closed {
		return Head{}, errClosed
	}
	if err := j.mend(); err != nil {
		return Head{}, err
	}
	if err := j.rotate(g); err != nil {
		return Head{}, err
	}
	if err := j.stillOurs(); err != nil {
		return Head{}, err
	}
	head, at := j.Head(), j.size
	buf := j.buf[:0]
	for _, a := range g.asks {
		a.out = make([]Entry, len(a.bodies))
		for i, body := range a.bodies {
			e := &a.out[i]
			*e = Entry{Seq: head.Seq + 1, Time: a.at, Prev: head.Hash, Body: body, Segment: j.segment, Offset: at + int64(len(buf))}
			buf = appendLine(buf, e)
			head = e.Head()
			if len(buf) >= writeBytes {
				if _, err := j.file.WriteAt(buf, at); err != nil {
					return Head{}, j.undo(err)
				}
				at += int64(len(buf))
				buf = buf[:0]
			}
		}
	}
	if _, err := j.file.WriteAt(buf, at); err != nil {
		return Head{}, j.undo(err)
	}
	if err := j.file.Sync(); err != nil {
		return Head{}, j.undo(err)
	}
	j.size = at + int64(len(buf))
	if cap(buf) <= 4*writeBytes {
		j.buf = buf
	}
	// The records are durable and so they count. The head file is a reminder: should
	// writing it fail, it reminds of an earlier record until the next append.
	j.headOut.WriteAt(headFile(head), 0)
	return head, nil
}

// undo makes the segment what it was before a failed write.
func (j *Journal) undo(err error) error {
	j.broken = fmt.Errorf("nothing was recorded: %w: %w", err, fundtrail.ErrUnavailable)
	failed := j.broken
	j.mend()
	return failed
}

// mend cuts a failed write off, so that the journal can go on. After a failed sync the
// system may have dropped what it could not write; what was synced before is on disk,
// and the rest is what is cut.
func (j *Journal) mend() error {
	if j.broken == nil {
		return nil
	}
	if err := j.file.Truncate(j.size); err != nil {
		return fmt.Errorf("undo a failed write: %w: %w", err, j.broken)
	}
	if err := j.file.Sync(); err != nil {
		return fmt.Errorf("undo a failed write: %w: %w", err, j.broken)
	}
	j.broken = nil
	return nil
}

// rotate begins a new segment when the group would make this one too long.
func (j *Journal) rotate(g *group) error {
	if j.file != nil {
		more := int64(0)
		for _, a := range g.asks {
			for _, b := range a.bodies {
				more += int64(len(b) + frameLen)
			}
		}
		if j.size == 0 || j.size+more <= j.opt.SegmentBytes {
			return nil
		}
	}
	name := segmentName(j.Head().Seq + 1)
	f, err := j.opt.open(filepath.Join(j.dir, name), os.O_RDWR|os.O_CREATE)
	if err != nil {
		return fmt.Errorf("begin a segment; nothing was recorded: %w: %w", err, fundtrail.ErrUnavailable)
	}
	info, err := f.Stat()
	if err == nil && info.Size() != 0 {
		err = fmt.Errorf("%s is there already, and is not empty: %w", name, fundtrail.ErrConflict)
	}
	if err == nil {
		err = syncDir(j.dir)
	}
	if err != nil {
		f.Close()
		return fmt.Errorf("begin a segment; nothing was recorded: %w: %w", err, fundtrail.ErrUnavailable)
	}
	if j.file != nil {
		j.file.Close() // synced with its last record
	}
	j.segment, j.file, j.info, j.size = name, f, info, 0
	return nil
}

// stillOurs makes sure that the segment is the file that its name leads to, as long as
// it was left: what is appended to a file that was moved away is lost.
func (j *Journal) stillOurs() error {
	info, err := os.Stat(filepath.Join(j.dir, j.segment))
	switch {
	case errors.Is(err, os.ErrNotExist):
		err = fmt.Errorf("%s was removed while the journal was open", j.segment)
	case err == nil && !os.SameFile(info, j.info):
		err = fmt.Errorf("%s was replaced while the journal was open", j.segment)
	case err == nil && info.Size() != j.size:
		err = fmt.Errorf("%s has %d bytes, and had %d after the last append: something else wrote to it", j.segment, info.Size(), j.size)
	}
	if err != nil {
		return fmt.Errorf("nothing was recorded: %w: %w", err, fundtrail.ErrConflict)
	}
	return nil
}

// Close waits for appends that are being written, fails those that wait, and gives the
// journal free.
func (j *Journal) Close() error {
	j.writing.Lock()
	defer j.writing.Unlock()
	if j.closed {
		return nil
	}
	j.closed = true
	var errs []error
	if j.file != nil {
		errs = append(errs, j.file.Close())
	}
	errs = append(errs, j.headOut.Sync(), j.headOut.Close(), j.lock.Close())
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("close journal %s: %w", j.dir, err)
	}
	return nil
}
