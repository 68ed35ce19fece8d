package ingest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/fundtrail/fundtrail"
)

// A table reads a text's records into cells: those of CSV (RFC 4180), whose first
// record names the columns, of JSON lines, whose keys do, or of a Parquet file.
type table struct {
	lines
	json    bool
	parquet *parquetFile   // nil of text
	raw     []byte         // the current record, with its line end
	fields  [][]byte       // CSV: its fields
	spans   []span         // CSV: where they are, while quotes are being read
	scratch []byte         // text that had to be unescaped
	header  []string       // names of columns as the file spells them, in lower case
	at      []int          // CSV: column -> field, -1 where the file lacks it
	keys    map[string]int // name of a column in lower case -> column
	coin    string         // that the header says amounts are in
	cells   [][]byte       // by column; nil or empty where the record does not tell
}

// A span is a field's place in its record.
type span struct {
	lo, hi int
	quotes bool // doubled quotes within
}

// A rowError says what is wrong with a record. It becomes a BadRow.
type rowError struct {
	column string
	reason string
	err    error
}

func (e *rowError) Error() string {
	if e.column == "" {
		return e.reason
	}
	return "column " + e.column + ": " + e.reason
}

func (e *rowError) Unwrap() error { return e.err }

func malformed(format string, args ...any) error {
	return &rowError{reason: fmt.Sprintf(format, args...), err: fundtrail.ErrInvalid}
}

func newTable(r io.Reader) *table { return &table{lines: newLines(r)} }

// open reads the header, or the keys of the first object, which next returns again.
func (t *table) open() error {
	rec, err := t.advance()
	if err == io.EOF {
		return fmt.Errorf("the file is empty: %w", fundtrail.ErrInvalid)
	}
	if err != nil {
		return err
	}
	switch {
	case bytes.HasPrefix(rec, []byte("\xff\xfe")), bytes.HasPrefix(rec, []byte("\xfe\xff")):
		return fmt.Errorf("it is UTF-16: save it as UTF-8: %w", fundtrail.ErrInvalid)
	case bytes.IndexByte(rec, 0) >= 0:
		return fmt.Errorf("line %d holds a NUL byte: is it a binary file? %w", t.line, fundtrail.ErrInvalid)
	case bytes.HasPrefix(rec, []byte("\xef\xbb\xbf")):
		// A byte order mark says nothing about UTF-8.
		t.lo += 3
		rec = rec[3:]
		t.raw = rec
	}
	first := bytes.TrimSpace(rec)
	if len(first) == 0 {
		return fmt.Errorf("line %d is blank, want a header: %w", t.line, fundtrail.ErrInvalid)
	}
	switch first[0] {
	case '[':
		return fmt.Errorf("line %d begins a JSON array: write one object a line instead: %w", t.line, fundtrail.ErrInvalid)
	case '{':
		t.json = true
		s := scanner{text: rec}
		err := s.object(func(key, _ []byte, _ byte) error {
			t.header = append(t.header, string(lower(key)))
			return nil
		})
		if err != nil {
			return fmt.Errorf("line %d: %w", t.line, err)
		}
		t.raw = nil // so that next reads it again
		return nil
	}
	if err := t.split(); err != nil {
		return fmt.Errorf("line %d: the header: %w", t.line, err)
	}
	for _, f := range t.fields {
		t.header = append(t.header, t.coinName(headerName(string(bytes.TrimSpace(f)))))
	}
	return nil
}

// coinName takes the coin out of the name of a column, as of Value_IN(ETH).
func (t *table) coinName(name string) string {
	for _, of := range []string{"value_in", "value_out", "txnfee"} {
		coin, ok := strings.CutPrefix(name, of+"(")
		if coin, closed := strings.CutSuffix(coin, ")"); ok && closed && coin != "usd" {
			t.coin = coin
			return of
		}
	}
	return name
}

// headerName spells a column's name as columns do: in lower case, with _ for each space.
func headerName(s string) string {
	return strings.ReplaceAll(strings.ToLower(s), " ", "_")
}

// use fixes the columns that next fills cells with.
func (t *table) use(columns []column) error {
	t.cells = make([][]byte, len(columns))
	t.at = make([]int, len(columns))
	t.keys = map[string]int{}
	for c := range columns {
		t.at[c] = -1
		for _, name := range columns[c].names() {
			if t.keys[name] = c; columns[c].wide && slices.Contains(t.header, name) {
				break // the others say the same
			}
		}
		if err := t.exact(&columns[c]); err != nil {
			return err
		}
	}
	if t.json {
		return nil
	}
	if t.parquet != nil {
		return t.parquet.use(t, columns)
	}
	for i, name := range t.header {
		c, ok := t.keys[name]
		if !ok {
			continue
		}
		if t.at[c] >= 0 {
			return fmt.Errorf("the header names column %s twice (as %s and %s): %w", columns[c].name, t.header[t.at[c]], name, fundtrail.ErrInvalid)
		}
		t.at[c] = i
	}
	return nil
}

// exact refuses a file that has a column's amounts in no exact form.
func (t *table) exact(c *column) error {
	has := func(name string) bool { return slices.Contains(t.header, name) }
	if i := slices.IndexFunc(c.inexact(), has); i >= 0 && !slices.ContainsFunc(c.names(), has) {
		return fmt.Errorf("it has %s, which does not hold every amount exactly, and no other form of it: write it again with cryo's --u256-types binary: %w", c.inexact()[i], fundtrail.ErrInvalid)
	}
	return nil
}

// next reads the next record's cells. It returns io.EOF at the end, a rowError when
// that record is malformed, and another error when the text cannot be read on.
func (t *table) next() error {
	if t.parquet != nil {
		return t.parquet.next(t)
	}
	rec, err := t.advance()
	if err != nil {
		return err
	}
	if t.json {
		return t.parse(rec)
	}
	if err := t.split(); err != nil {
		return err
	}
	if len(t.fields) != len(t.header) {
		return malformed("%d fields, want %d as in the header", len(t.fields), len(t.header))
	}
	if bytes.IndexByte(t.raw, 0) >= 0 {
		return malformed("a NUL byte")
	}
	for c, i := range t.at {
		if i >= 0 {
			t.cells[c] = t.fields[i]
		}
	}
	return nil
}

// advance moves on to the next line that is not blank.
func (t *table) advance() ([]byte, error) {
	for {
		t.consume(t.raw)
		rec, err := t.record(0)
		if err != nil && (err != io.EOF || len(rec) == 0) {
			if err != io.EOF {
				err = fmt.Errorf("line %d: %w", t.line, err)
			}
			return nil, err
		}
		t.raw = rec
		if blank := trimEnd(rec); len(blank) > 0 && (!t.json || len(bytes.TrimSpace(blank)) > 0) {
			return rec, nil
		}
	}
}

// trimEnd cuts a record's line end off.
func trimEnd(rec []byte) []byte {
	if n := len(rec); n > 0 && rec[n-1] == '\n' {
		rec = rec[:n-1]
	}
	if n := len(rec); n > 0 && rec[n-1] == '\r' {
		rec = rec[:n-1]
	}
	return rec
}

// split cuts t.raw into t.fields. A record with quotes may turn out to be longer than
// the line it began as; t.raw is then the whole of it.
func (t *table) split() error {
	t.fields = t.fields[:0]
	rec := trimEnd(t.raw)
	if bytes.IndexByte(rec, '"') < 0 {
		for {
			i := bytes.IndexByte(rec, ',')
			if i < 0 {
				break
			}
			t.fields = append(t.fields, rec[:i])
			rec = rec[i+1:]
		}
		t.fields = append(t.fields, rec)
		return nil
	}
	if err := t.splitQuoted(); err != nil {
		return err
	}
	t.scratch = t.scratch[:0]
	for _, s := range t.spans {
		f := t.raw[s.lo:s.hi]
		if s.quotes {
			n := len(t.scratch)
			for rest := f; ; {
				i := bytes.IndexByte(rest, '"')
				if i < 0 {
					t.scratch = append(t.scratch, rest...)
					break
				}
				t.scratch = append(t.scratch, rest[:i+1]...)
				rest = rest[i+2:]
			}
			f = t.scratch[n:len(t.scratch):len(t.scratch)]
		}
		t.fields = append(t.fields, f)
	}
	return nil
}

// splitQuoted fills t.spans.
func (t *table) splitQuoted() error {
	t.spans = t.spans[:0]
	rec := trimEnd(t.raw)
	for at := 0; ; {
		if at == len(rec) || rec[at] != '"' {
			i := bytes.IndexByte(rec[at:], ',')
			end := at + i
			if i < 0 {
				end = len(rec)
			}
			if bytes.IndexByte(rec[at:end], '"') >= 0 {
				return malformed("field %d: a quote inside a field that does not begin with one", len(t.spans)+1)
			}
			t.spans = append(t.spans, span{lo: at, hi: end})
			if i < 0 {
				return nil
			}
			at = end + 1
			continue
		}
		s := span{lo: at + 1}
		for at++; ; {
			i := bytes.IndexByte(t.raw[at:], '"')
			if i < 0 {
				at = len(t.raw)
				more, err := t.record(len(t.raw))
				if err != nil && err != io.EOF {
					return fmt.Errorf("line %d: %w", t.line, err)
				}
				if len(more) == len(t.raw) {
					return malformed("field %d: a quote that is not closed before the file ends", len(t.spans)+1)
				}
				t.raw = more
				continue
			}
			at += i
			if at+1 < len(t.raw) && t.raw[at+1] == '"' {
				s.quotes = true
				at += 2
				continue
			}
			break
		}
		s.hi = at
		t.spans = append(t.spans, s)
		at++
		rec = trimEnd(t.raw)
		switch {
		case at >= len(rec):
			return nil
		case rec[at] != ',':
			return malformed("field %d: text after the closing quote", len(t.spans))
		}
		at++
	}
}

// parse fills cells from a JSON object. Text is unescaped; numbers, lists and objects
// are left as they are written; null is as if it were not there.
func (t *table) parse(rec []byte) error {
	if bytes.IndexByte(rec, 0) >= 0 {
		return malformed("a NUL byte")
	}
	clear(t.cells)
	s := scanner{text: rec}
	var key [64]byte
	err := s.object(func(name, value []byte, kind byte) error {
		if len(name) > len(key) {
			return nil
		}
		c, ok := t.keys[string(appendLower(key[:0], name))]
		if !ok || kind == 'n' {
			return nil
		}
		if t.cells[c] != nil {
			return malformed("the column %s stands twice in one object", name)
		}
		t.cells[c] = value
		return nil
	})
	var bad *rowError
	if err != nil && !errors.As(err, &bad) {
		return malformed("%v", err)
	}
	return err
}

func lower(b []byte) []byte { return appendLower(nil, b) }

func appendLower(to, b []byte) []byte {
	for _, c := range b {
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		to = append(to, c)
	}
	return to
}

// A column is one that a format reads.
type column struct {
	name string // as the tool that writes it spells it
	also string // its other names, separated by spaces
	need bool
	// wide is of amounts that may stand in several columns, a type of number each, as cryo
	// writes them: value_string, value_binary, value_f64.
	wide bool
}

// names returns the column's names in lower case; the first of them that a file has is read.
func (c *column) names() []string {
	names := strings.Fields(strings.ToLower(c.name + " " + c.also))
	if c.wide {
		for _, kind := range []string{"_string", "_binary", "_d128", "_decimal128"} {
			names = append(names, names[0]+kind)
		}
	}
	return names
}

// inexact returns the names of columns that tell what the column does, but not exactly.
func (c *column) inexact() (names []string) {
	if c.wide {
		for _, kind := range []string{"_f64", "_f32", "_u64", "_u32"} {
			names = append(names, strings.ToLower(c.name)+kind)
		}
	}
	return names
}
