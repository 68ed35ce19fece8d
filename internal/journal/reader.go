package journal

import (
	"bufio"
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"

	"github.com/fundtrail/fundtrail"
)

// A Reader reads a journal, whether or not somebody is writing it. It holds no file open
// between calls, and may be used from several goroutines.
type Reader struct {
	dir  string
	last func() uint64 // the last acknowledged record, nil where that is not known
}

// OpenReader returns a reader of the journal in a folder. It needs no lock.
func OpenReader(dir string) (*Reader, error) {
	if _, _, err := segments(dir); err != nil {
		return nil, err
	}
	return &Reader{dir: dir}, nil
}

// Dir returns the journal's folder.
func (r *Reader) Dir() string { return r.dir }

func (r *Reader) fail(err error) error { return fmt.Errorf("journal %s: %w", r.dir, err) }

func (r *Reader) damaged(p Problem) error {
	return fmt.Errorf("journal %s: %v: %w", r.dir, p, fundtrail.ErrConflict)
}

// Read returns one record, checked against its own digest. Only [Reader.Verify] checks
// that it is the one that was written.
func (r *Reader) Read(seq uint64) (Entry, error) {
	none := fmt.Errorf("journal %s: there is no record %d: %w", r.dir, seq, fundtrail.ErrNotFound)
	if seq == 0 || r.last != nil && seq > r.last() {
		return Entry{}, none
	}
	segs, _, err := segments(r.dir)
	if err != nil {
		return Entry{}, err
	}
	i := sort.Search(len(segs), func(i int) bool { return segs[i].first > seq }) - 1
	if i < 0 {
		return Entry{}, none
	}
	f, err := os.Open(filepath.Join(r.dir, segs[i].name))
	if err != nil {
		return Entry{}, r.fail(err)
	}
	defer f.Close()
	from, err := seekRecord(f, seq)
	if err != nil {
		return Entry{}, r.fail(err)
	}
	lines := newLineReader(io.NewSectionReader(f, from, 1<<62), from, near)
	for {
		line, whole, err := lines.read()
		if err == io.EOF || err == nil && !whole {
			return Entry{}, none
		}
		if err != nil {
			return Entry{}, r.fail(err)
		}
		got, ok := lineSeq(line[:min(len(line), 64)])
		if ok && got < seq {
			continue
		}
		e := Entry{Segment: segs[i].name, Offset: lines.start}
		wrong := parseLine(line, &e)
		if wrong == "" && e.Seq != seq {
			wrong = fmt.Sprintf("record %d stands in its place", e.Seq)
		}
		if wrong != "" {
			return Entry{}, r.damaged(Problem{seq, segs[i].name, lines.start, wrong})
		}
		e.Body = bytes.Clone(e.Body)
		return e, nil
	}
}

// near is a distance, in bytes, that is cheaper to read than to halve.
const near = 8 << 10

// seekRecord returns the offset of a line at or shortly before a record's, by halving:
// records stand in their order.
func seekRecord(f *os.File, seq uint64) (int64, error) {
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	lo, hi := int64(0), info.Size()
	buf := bufio.NewReaderSize(nil, 1<<10)
	for hi-lo > near {
		mid := lo + (hi-lo)/2
		buf.Reset(io.NewSectionReader(f, mid, hi-mid))
		at := mid
		for {
			part, err := buf.ReadSlice('\n')
			at += int64(len(part))
			if err == nil || err != bufio.ErrBufferFull {
				break
			}
		}
		start, _ := buf.Peek(64)
		got, ok := lineSeq(start)
		if at >= hi || !ok || got > seq {
			// The line that holds mid, or one before it, or there is none to go by.
			hi = mid
			continue
		}
		lo = at
	}
	return lo, nil
}

// Find returns the record that an ID names: its number alone, or with digits of its
// digest, which must then be the record's.
func (r *Reader) Find(id string) (Entry, error) {
	number, digits, cited := strings.Cut(strings.TrimSpace(id), "-")
	seq, ok := parseSeq(number)
	if !ok || cited && (digits == "" || len(digits) > 64) {
		return Entry{}, fmt.Errorf("record %q: want a number, or a number, a hyphen and digits of the digest: %w", clip(id), fundtrail.ErrInvalid)
	}
	e, err := r.Read(seq)
	if err == nil && !strings.HasPrefix(hex.EncodeToString(e.Hash[:]), strings.ToLower(digits)) {
		return Entry{}, fmt.Errorf("journal %s: record %d has another digest than %s: it is not the record that was cited: %w",
			r.dir, seq, clip(digits), fundtrail.ErrConflict)
	}
	return e, err
}

// Entries gives the records from a number on (0 and 1: all), each checked against its
// digest and against the one before it. It ends after the first error, and at what is
// not acknowledged.
func (r *Reader) Entries(ctx context.Context, from uint64) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		err := r.entries(ctx, max(from, 1), func(e Entry) error {
			if !yield(e, nil) {
				return errStop
			}
			return nil
		})
		if err != nil && err != errStop {
			yield(Entry{}, err)
		}
	}
}

func (r *Reader) entries(ctx context.Context, from uint64, yield func(Entry) error) error {
	segs, _, err := segments(r.dir)
	if err != nil {
		return err
	}
	if len(segs) == 0 {
		return nil
	}
	first := max(0, sort.Search(len(segs), func(i int) bool { return segs[i].first > from })-1)
	w := walker{
		dir:     r.dir,
		chain:   chain{seq: segs[first].first, any: first > 0, prev: genesis},
		problem: func(p Problem) error { return r.damaged(p) },
		tail:    func(string, int64, bool) error { return errStop },
		visit: func(e Entry) error {
			if err := ctx.Err(); err != nil {
				return err
			}
			if r.last != nil && e.Seq > r.last() {
				return errStop
			}
			if e.Seq < from {
				return nil
			}
			e.Body = bytes.Clone(e.Body)
			return yield(e)
		},
	}
	if first == 0 {
		w.chain.seq = 1
	}
	for i, s := range segs[first:] {
		at, err := int64(0), error(nil)
		if i == 0 && from > s.first {
			if at, err = r.seek(s, from); err != nil {
				return r.fail(err)
			}
			if at > 0 {
				w.chain = chain{any: true}
				if w.chain.seq, err = r.seqAt(s, at); err != nil {
					return err
				}
			}
		}
		if err := w.file(s, at, i == len(segs[first:])-1); err != nil {
			if errors.Is(err, errStop) || errors.Is(err, fundtrail.ErrConflict) {
				return err
			}
			return r.fail(err)
		}
	}
	return nil
}

func (r *Reader) seek(s segment, seq uint64) (int64, error) {
	f, err := os.Open(filepath.Join(r.dir, s.name))
	if err != nil {
		return 0, err
	}
	defer f.Close()
	return seekRecord(f, seq)
}

// seqAt reads the number of the record whose line begins at an offset.
func (r *Reader) seqAt(s segment, at int64) (uint64, error) {
	f, err := os.Open(filepath.Join(r.dir, s.name))
	if err != nil {
		return 0, r.fail(err)
	}
	defer f.Close()
	start := make([]byte, 64)
	n, err := f.ReadAt(start, at)
	if err != nil && err != io.EOF {
		return 0, r.fail(err)
	}
	seq, _ := lineSeq(start[:n])
	return seq, nil
}

// lastLine returns the last whole line of a segment, without its line feed, and whether
// there is one.
func lastLine(path string) (line []byte, ok bool, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, false, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, false, err
	}
	for n := int64(64 << 10); ; n *= 4 {
		from := max(0, info.Size()-n)
		text := make([]byte, info.Size()-from)
		if _, err := f.ReadAt(text, from); err != nil && err != io.EOF {
			return nil, false, err
		}
		end := bytes.LastIndexByte(text, '\n')
		if end >= 0 {
			if start := bytes.LastIndexByte(text[:end], '\n'); start >= 0 || from == 0 {
				return slices.Clip(text[start+1 : end]), true, nil
			}
		}
		if from == 0 || n > 2*maxLine {
			return nil, false, nil
		}
	}
}
