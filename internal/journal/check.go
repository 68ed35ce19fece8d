package journal

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// A Problem is one place where a journal is not as it was written.
type Problem struct {
	Seq    uint64 // of the record, as counted from those before it; 0: of none
	File   string // in the journal's folder
	Offset int64  // of the record's line in the file
	Text   string
}

// String says where it is and what.
func (p Problem) String() string {
	switch {
	case p.Seq == 0:
		return fmt.Sprintf("file %s: %s", p.File, p.Text)
	case p.File == "" || p.File == headName:
		return fmt.Sprintf("record %d: %s", p.Seq, p.Text)
	}
	return fmt.Sprintf("record %d (%s, byte %d): %s", p.Seq, p.File, p.Offset, p.Text)
}

// A Torn is the end of the last segment where a crash stopped a write: no record, and
// none that was acknowledged.
type Torn struct {
	File   string
	Offset int64
	Bytes  int64
	Kept   string // after Open cut it: the file in the journal's folder that keeps the bytes
}

// A chain checks records one after the other.
type chain struct {
	seq  uint64 // of the record expected next
	prev [32]byte
	any  bool // prev is not known: what stood before was not as it was written
}

// next checks a line, fills in the entry and moves on. e.Body is a part of line.
func (c *chain) next(line []byte, e *Entry) (wrong string) {
	*e = Entry{Segment: e.Segment, Offset: e.Offset}
	wrong = parseLine(line, e)
	if wrong != "" {
		*c = chain{seq: c.seq + 1, any: true}
		return wrong
	}
	seq, prev, anyPrev := c.seq, c.prev, c.any
	*c = chain{seq: e.Seq + 1, prev: e.Hash}
	switch {
	case e.Seq > seq+1:
		return fmt.Sprintf("records %d to %d are missing before record %d", seq, e.Seq-1, e.Seq)
	case e.Seq > seq:
		return fmt.Sprintf("is missing before record %d", e.Seq)
	case e.Seq < seq:
		return fmt.Sprintf("record %d stands here, out of its order", e.Seq)
	case !anyPrev && e.Prev != prev:
		return "does not follow the record before it, whose hash is not its prev: one of the two was replaced"
	}
	return ""
}

// A walker goes through the records of segment files in order.
type walker struct {
	dir     string
	chain   chain
	visit   func(Entry) error   // of every record that is as it was written
	problem func(Problem) error // of every other
	// tail is told of an end of the last segment that a crash may have left, and whether
	// its first line has an end.
	tail func(seg string, at int64, whole bool) error
}

var errStop = errors.New("stop")

// file reads one segment from an offset that begins a line. last says that it is the
// last one.
func (w *walker) file(s segment, from int64, last bool) error {
	f, err := os.Open(filepath.Join(w.dir, s.name))
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err := f.Seek(from, io.SeekStart); err != nil {
		return err
	}
	if from == 0 && s.first != w.chain.seq {
		if err := w.wrongName(s); err != nil {
			return err
		}
	}
	lines := newLineReader(f, from, 256<<10)
	var e Entry
	for {
		line, whole, err := lines.read()
		if err == io.EOF {
			if lines.next == 0 && !last {
				return w.problem(Problem{w.chain.seq, s.name, 0, "its segment is empty, and is not the last"})
			}
			return nil
		}
		if err != nil {
			return fmt.Errorf("read %s: %w", s.name, err)
		}
		if last && torn(line, whole) {
			return w.tail(s.name, lines.start, whole)
		}
		seq := w.chain.seq
		e.Segment, e.Offset = s.name, lines.start
		wrong := w.chain.next(line, &e)
		if wrong == "" && !whole {
			wrong = "has no end of line, and is not the last"
		}
		if wrong != "" {
			err = w.problem(Problem{seq, s.name, lines.start, wrong})
		} else {
			err = w.visit(e)
		}
		if err != nil {
			return err
		}
	}
}

func (w *walker) wrongName(s segment) error {
	text := fmt.Sprintf("its segment %s is missing: the next is %s", segmentName(w.chain.seq), s.name)
	if s.first < w.chain.seq {
		text = fmt.Sprintf("the segment %s is in the way: its records stand before this one", s.name)
	}
	seq := w.chain.seq
	w.chain = chain{seq: s.first, any: true}
	return w.problem(Problem{seq, s.name, 0, text})
}

// torn reports whether a line may be what a crash left of a write: it has no end, or
// holds a zero byte, as a file does where it grew and was not written. No record holds
// one: JSON writes it as an escape.
func torn(line []byte, whole bool) bool {
	return !whole || bytes.IndexByte(line, 0) >= 0
}
