package journal

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/durable"
)

const (
	segmentEnd = ".jsonl"
	headName   = "head"
	lockName   = "lock"
)

// segmentName is named after the number of the first record in it, so that names sort.
func segmentName(first uint64) string { return fmt.Sprintf("%020d%s", first, segmentEnd) }

// A segment is one file of records.
type segment struct {
	name  string
	first uint64
}

// segments lists a journal's segments in order, and the files that look like one and
// are none.
func segments(dir string) (segs []segment, strays []string, err error) {
	files, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, fmt.Errorf("journal %s: there is no such folder: %w", dir, fundtrail.ErrNotFound)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("journal %s: %w", dir, err)
	}
	for _, f := range files {
		text, ok := strings.CutSuffix(f.Name(), segmentEnd)
		if !ok {
			continue
		}
		first, ok := parseSeq(strings.TrimLeft(text, "0"))
		if !ok || segmentName(first) != f.Name() || f.IsDir() {
			strays = append(strays, f.Name())
			continue
		}
		segs = append(segs, segment{f.Name(), first})
	}
	slices.SortFunc(segs, func(a, b segment) int { return cmp.Compare(a.first, b.first) })
	return segs, strays, nil
}

// A lineReader reads a file line by line in bounded memory, whatever the file holds.
type lineReader struct {
	r     *bufio.Reader
	long  []byte // a line that is longer than the buffer
	start int64  // of the line last read
	next  int64  // of the line after it
}

// newLineReader reads from an offset, buffer bytes at a time.
func newLineReader(r io.Reader, at int64, buffer int) *lineReader {
	return &lineReader{r: bufio.NewReaderSize(r, buffer), start: at, next: at}
}

// read returns the next line without its line feed, and whether it had one. Of a line
// above maxLine only maxLine+1 bytes are returned. The bytes are good until the next
// read. At the file's end the error is io.EOF.
func (l *lineReader) read() (line []byte, whole bool, err error) {
	l.start = l.next
	l.long = l.long[:0]
	for {
		part, err := l.r.ReadSlice('\n')
		l.next += int64(len(part))
		if err == bufio.ErrBufferFull {
			l.long = append(l.long, part[:min(len(part), maxLine+1-len(l.long))]...)
			continue
		}
		if err != nil && err != io.EOF {
			return nil, false, err
		}
		if whole = err == nil; whole {
			part = part[:len(part)-1]
		}
		if len(l.long) > 0 {
			part = append(l.long, part[:min(len(part), maxLine+1-len(l.long))]...)
			l.long = part
		}
		if !whole && l.next == l.start {
			return nil, false, io.EOF
		}
		return part, whole, nil
	}
}

// syncDir makes the names in a folder durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return durable.SyncFolder(d)
}

// readHead reads the head file. A missing or empty one is the zero Head: an empty one is
// what a crash can leave of one just made.
//
// The writer overwrites it in place while others may be reading, so it is taken as read
// when two readings agree.
func readHead(dir string) (Head, error) {
	var last []byte
	for try := 0; ; try++ {
		text, err := os.ReadFile(filepath.Join(dir, headName))
		if errors.Is(err, fs.ErrNotExist) || err == nil && len(text) == 0 {
			return Head{}, nil
		}
		if err != nil {
			return Head{}, fmt.Errorf("journal %s: %w", dir, err)
		}
		if try == 0 || string(text) != string(last) && try < 100 {
			last = text
			continue
		}
		return parseHeadFile(dir, text)
	}
}

// The head file is one line of fixed length, so that overwriting it never leaves a part
// of what was there.
func headFile(h Head) []byte { return fmt.Appendf(nil, "%020d:%x\n", h.Seq, h.Hash) }

func parseHeadFile(dir string, text []byte) (Head, error) {
	number, digest, _ := strings.Cut(string(text), ":")
	number = strings.TrimLeft(number, "0")
	if number == "" {
		number = "0"
	}
	h, err := ParseHead(number + ":" + strings.TrimSuffix(digest, "\n"))
	if err != nil || string(headFile(h)) != string(text) {
		return Head{}, fmt.Errorf("journal %s: the file %s was changed: it is no head: %w", dir, headName, fundtrail.ErrConflict)
	}
	return h, nil
}
