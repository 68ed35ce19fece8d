package bitcoin

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/bits"
	"os"
	"slices"
)

// recordSize is a coin in a file: outpoint, value, kind of lock (goneKind: spent), size,
// program.
const (
	recordSize = 36 + 8 + 1 + 1 + 40
	goneKind   = 0xff
	perPage    = 48 // records read at once: 4 KiB
)

// runs are files of coins, each sorted by outpoint and never changed, oldest first. What a
// newer one says of a coin is true. They are merged so that each is at least twice as long
// as the next, which leaves few.
type runs struct {
	dir   string // of the files; "" is the system's folder for such
	files []*run
	page  []byte
}

type run struct {
	f     *os.File
	n     int      // records
	pages []uint64 // the first 8 bytes of the first outpoint of every page
	bloom []uint64 // 10 bits a record and more: which outpoints may be in it
}

func appendRecord(b []byte, o *outpoint, c *coin, gone bool) []byte {
	b = append(b, o[:]...)
	b = binary.LittleEndian.AppendUint64(b, c.value)
	if gone {
		b = append(b, goneKind)
	} else {
		b = append(b, c.lock.kind)
	}
	return append(append(b, c.lock.size), c.lock.program[:]...)
}

func readRecord(b []byte) (c coin, gone bool) {
	c.value = binary.LittleEndian.Uint64(b[36:])
	c.lock.kind, c.lock.size = b[44], b[45]
	copy(c.lock.program[:], b[46:])
	return c, b[44] == goneKind
}

func prefix(key []byte) uint64 { return binary.BigEndian.Uint64(key) }

// bits calls f with the places of an outpoint's bits in the filter, until it returns false.
func (r *run) bits(o []byte, f func(word *uint64, bit uint64) bool) {
	h := prefix(o[8:]) ^ uint64(binary.LittleEndian.Uint32(o[32:]))*0x9e3779b97f4a7c15
	step := prefix(o[16:]) | 1
	mask := uint64(len(r.bloom)*64 - 1)
	for range 5 {
		if !f(&r.bloom[h&mask>>6], 1<<(h&63)) {
			return
		}
		h += step
	}
}

func (r *run) may(o *outpoint) bool {
	all := true
	r.bits(o[:], func(w *uint64, bit uint64) bool {
		all = *w&bit != 0
		return all
	})
	return all
}

// may reports whether some file may tell of an outpoint.
func (s *runs) may(o *outpoint) bool {
	return slices.ContainsFunc(s.files, func(r *run) bool { return r.may(o) })
}

// get looks a coin up, in the newest file first.
func (s *runs) get(o *outpoint) (coin, bool, error) {
	for i := len(s.files) - 1; i >= 0; i-- {
		r := s.files[i]
		if !r.may(o) {
			continue
		}
		b, err := r.find(o, &s.page)
		if err != nil {
			return coin{}, false, err
		}
		if b != nil {
			c, gone := readRecord(b)
			return c, !gone, nil
		}
	}
	return coin{}, false, nil
}

// find returns the record of an outpoint, nil where there is none.
func (r *run) find(o *outpoint, page *[]byte) ([]byte, error) {
	key := prefix(o[:])
	// Outpoints of one transaction begin alike, so it may stand in any page from the last
	// that begins before it to the last that begins with it.
	first, _ := slices.BinarySearch(r.pages, key)
	for k := max(first-1, 0); k < len(r.pages) && (k < first || r.pages[k] == key); k++ {
		n := min(perPage, r.n-k*perPage)
		*page = slices.Grow((*page)[:0], perPage*recordSize)[:n*recordSize]
		if _, err := r.f.ReadAt(*page, int64(k)*perPage*recordSize); err != nil {
			return nil, fmt.Errorf("coins set aside in %s: %w", r.f.Name(), err)
		}
		lo, hi := 0, n
		for lo < hi {
			m := (lo + hi) / 2
			b := (*page)[m*recordSize : (m+1)*recordSize]
			switch bytes.Compare(b[:36], o[:]) {
			case 0:
				return b, nil
			case -1:
				lo = m + 1
			default:
				hi = m
			}
		}
	}
	return nil, nil
}

// A runWriter writes a run.
type runWriter struct {
	run
	w *bufio.Writer
}

// create begins a file for about n records. It has no name for others to find, where the
// system allows that.
func (s *runs) create(n int) (*runWriter, error) {
	f, err := os.CreateTemp(s.dir, "fundtrail-coins-*")
	if err != nil {
		return nil, fmt.Errorf("coins beyond what memory may hold: %w", err)
	}
	os.Remove(f.Name()) // on Windows close does it
	words := 1 << bits.Len(uint(n*10/64))
	return &runWriter{run{f: f, bloom: make([]uint64, words)}, bufio.NewWriterSize(f, 1<<20)}, nil
}

func (w *runWriter) add(record []byte) error {
	if w.n%perPage == 0 {
		w.pages = append(w.pages, prefix(record))
	}
	w.bits(record, func(word *uint64, bit uint64) bool {
		*word |= bit
		return true
	})
	w.n++
	_, err := w.w.Write(record)
	return err
}

// spill writes what a table holds to a new run, and merges.
func (s *runs) spill(t *table) error {
	order := make([]uint32, 0, t.n)
	for _, k := range t.index {
		if k != 0 {
			order = append(order, k-1)
		}
	}
	slices.SortFunc(order, func(x, y uint32) int { return bytes.Compare(t.entries[x].at[:], t.entries[y].at[:]) })
	w, err := s.create(len(order))
	if err != nil {
		return err
	}
	var record []byte
	for _, k := range order {
		e := &t.entries[k]
		if e.gone && len(s.files) == 0 {
			continue
		}
		record = appendRecord(record[:0], &e.at, &e.coin, e.gone)
		if err = w.add(record); err != nil {
			break
		}
	}
	if err := s.finish(w, err); err != nil {
		return err
	}
	for n := len(s.files); n >= 2 && s.files[n-2].n < 2*s.files[n-1].n; n = len(s.files) {
		if err := s.merge(); err != nil {
			return err
		}
	}
	return nil
}

// finish adds a written run to the others.
func (s *runs) finish(w *runWriter, err error) error {
	if err == nil {
		err = w.w.Flush()
	}
	if err != nil {
		w.run.close()
		return fmt.Errorf("coins beyond what memory may hold: %w", err)
	}
	r := w.run
	s.files = append(s.files, &r)
	return nil
}

// merge makes one of the two newest runs.
func (s *runs) merge() error {
	n := len(s.files)
	older, newer := s.files[n-2], s.files[n-1]
	w, err := s.create(older.n + newer.n)
	if err != nil {
		return err
	}
	x, y := older.records(), newer.records()
	err = func() error {
		for x.next() || y.next() {
			var record []byte
			switch c := x.compare(y); {
			case c < 0:
				record = x.take()
			default:
				if c == 0 {
					x.take()
				}
				record = y.take()
			}
			if n == 2 && record[44] == goneKind {
				continue // nothing is behind it
			}
			if err := w.add(record); err != nil {
				return err
			}
		}
		return errors.Join(x.err, y.err)
	}()
	s.files = s.files[:n-2]
	older.close()
	newer.close()
	return s.finish(w, err)
}

// records reads a run from its start.
type records struct {
	r    *bufio.Reader
	left int
	b    []byte
	have bool
	err  error
}

func (r *run) records() *records {
	return &records{r: bufio.NewReaderSize(io.NewSectionReader(r.f, 0, int64(r.n)*recordSize), 1<<20), left: r.n, b: make([]byte, recordSize)}
}

// next reports whether there is a record to compare and take.
func (c *records) next() bool {
	if !c.have && c.left > 0 && c.err == nil {
		_, c.err = io.ReadFull(c.r, c.b)
		c.have = c.err == nil
		c.left--
	}
	return c.have
}

// compare says whose record comes first; an end comes last.
func (c *records) compare(d *records) int {
	x, y := c.next(), d.next()
	switch {
	case !y:
		return -1
	case !x:
		return 1
	}
	return bytes.Compare(c.b[:36], d.b[:36])
}

func (c *records) take() []byte {
	c.have = false
	return c.b
}

func (r *run) close() error {
	err := r.f.Close()
	os.Remove(r.f.Name())
	return err
}

func (s *runs) close() (err error) {
	for _, r := range s.files {
		err = errors.Join(err, r.close())
	}
	s.files = nil
	return err
}
