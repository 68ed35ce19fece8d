package ingest

import (
	"bytes"
	"fmt"
	"io"

	"github.com/fundtrail/fundtrail"
)

// maxLine bounds a line, and a record of several lines, in bytes.
const maxLine = 16 << 20

// lines reads a text line by line into a buffer that grows to the longest record.
type lines struct {
	r    io.Reader
	buf  []byte
	lo   int // the current record begins here
	hi   int // the text that was read ends here
	err  error
	line int // of the current record's first line, from 1
}

func newLines(r io.Reader) lines {
	return lines{r: r, buf: make([]byte, 64<<10), line: 1}
}

// record returns the record that begins at l.lo and ends with the first newline at or
// after its n-th byte. At the end of the text it returns what is left and io.EOF. What
// it returned before is then no longer valid.
func (l *lines) record(n int) ([]byte, error) {
	for {
		if i := bytes.IndexByte(l.buf[l.lo+n:l.hi], '\n'); i >= 0 {
			return l.buf[l.lo : l.lo+n+i+1], nil
		}
		n = l.hi - l.lo
		if l.err != nil {
			return l.buf[l.lo:l.hi], l.err
		}
		if n > maxLine {
			return nil, errLongLine
		}
		l.fill()
	}
}

var errLongLine = fmt.Errorf("longer than %d MiB: is a quote not closed, or is it another kind of file? %w", maxLine>>20, fundtrail.ErrInvalid)

func (l *lines) fill() {
	if l.lo > 0 {
		l.hi = copy(l.buf, l.buf[l.lo:l.hi])
		l.lo = 0
	}
	if l.hi == len(l.buf) {
		l.buf = append(l.buf, make([]byte, len(l.buf))...)
	}
	n, err := l.r.Read(l.buf[l.hi:])
	l.hi += n
	if err != nil {
		l.err = err
	}
}

// consume moves on past a record.
func (l *lines) consume(rec []byte) {
	l.lo += len(rec)
	if n := len(rec); n > 0 && bytes.IndexByte(rec[:n-1], '\n') < 0 {
		l.line++ // the common case
	} else {
		l.line += bytes.Count(rec, []byte("\n"))
	}
}
