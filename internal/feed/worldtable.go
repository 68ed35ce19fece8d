package feed

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	utf "golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
	"golang.org/x/text/unicode/norm"

	"github.com/fundtrail/fundtrail"
)

// A tableForm is a publisher's table, as CSV: what it is called, which columns its
// header must have, and in which encoding a spreadsheet of that country saves it when
// it does not say UTF-8.
type tableForm struct {
	what   string
	legacy encoding.Encoding // nil: UTF-8 or UTF-16 alone
	need   [][]string        // columns by columnKey: one of each of these
	// endsLine is set for a publisher's own CSV, whose last line has an end: one
	// without is cut short. Spreadsheets may leave it out.
	endsLine bool
}

// A listTable is a table whose columns are found by name, in any order.
type listTable struct {
	form    tableForm
	csv     *csv.Reader
	end     *lastByte
	columns map[string]int
	names   []string
	before  [][]string // rows above the header
	row     []string
	line    int
}

// headerWithin is how far down a header may stand: titles and dates come above it.
const headerWithin = 20

// columnKey writes a column's name in letters and digits alone, of any script.
func columnKey(name string) string {
	if strings.IndexFunc(name, func(r rune) bool { return r >= utf8.RuneSelf }) >= 0 {
		name = norm.NFKC.String(name)
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, name)
}

// columnsOf returns the columns of a header, nil when the row is none of this form.
// Where two have one name the first counts.
func (f tableForm) columnsOf(row []string) map[string]int {
	if len(row) < len(f.need) {
		return nil
	}
	columns := map[string]int{}
	for i, name := range row {
		if key := columnKey(name); key != "" {
			if _, twice := columns[key]; !twice {
				columns[key] = i
			}
		}
	}
	for _, any := range f.need {
		if !slices.ContainsFunc(any, func(key string) bool { _, ok := columns[key]; return ok }) {
			return nil
		}
	}
	return columns
}

// detect reports whether the head of a file has a header of this form.
func (f tableForm) detect(head []byte, _ string) bool {
	t, err := f.open(bytes.NewReader(wholeRunes(head)))
	return err == nil && t.columns != nil
}

// open reads down to the header.
func (f tableForm) open(r io.Reader) (*listTable, error) {
	end := &lastByte{r: r}
	text, err := plainText(end, f.legacy)
	if err != nil {
		return nil, fmt.Errorf("parse %s: %w", f.what, err)
	}
	in := bufio.NewReaderSize(text, 64<<10)
	head, _ := in.Peek(16 << 10) // an error here is met again when rows are read
	t := &listTable{form: f, csv: csv.NewReader(in), end: end}
	t.csv.FieldsPerRecord = -1
	t.csv.Comma = f.comma(head)
	for len(t.before) < headerWithin {
		row, err := t.csv.Read()
		if err == io.EOF {
			break
		} else if err != nil {
			return nil, t.failed(err)
		}
		if len(t.before) == 0 && len(row) > 0 && strings.HasPrefix(strings.TrimSpace(row[0]), "<") {
			return nil, fmt.Errorf("parse %s: line 1: it is a web page or XML: want CSV: %w", f.what, fundtrail.ErrInvalid)
		}
		if t.columns = f.columnsOf(row); t.columns != nil {
			t.names = row
			return t, nil
		}
		t.before = append(t.before, row)
	}
	if len(t.before) == 0 {
		return nil, fmt.Errorf("parse %s: empty file: %w", f.what, fundtrail.ErrInvalid)
	}
	var want []string
	for _, any := range f.need {
		want = append(want, any[0])
	}
	return nil, fmt.Errorf("parse %s: no header in the first %d lines: want the columns %s: %w", f.what, headerWithin, strings.Join(want, ", "), fundtrail.ErrInvalid)
}

// comma returns what parts the columns: the first of comma, semicolon and tab with
// which there is a header. Spreadsheets in Europe write semicolons, copies write tabs.
func (f tableForm) comma(head []byte) rune {
	for _, comma := range ",;\t" {
		rows := csv.NewReader(bytes.NewReader(head))
		rows.FieldsPerRecord, rows.Comma = -1, comma
		for range headerWithin {
			row, err := rows.Read()
			if err != nil {
				break
			}
			if f.columnsOf(row) != nil {
				return comma
			}
		}
	}
	return ','
}

func (t *listTable) failed(err error) error {
	var syntax *csv.ParseError
	if errors.As(err, &syntax) { // its text names the line
		if errors.Is(err, csv.ErrQuote) && !t.end.newline() {
			return fmt.Errorf("parse %s: %v: the file may be cut short: %w", t.form.what, err, fundtrail.ErrInvalid)
		}
		return fmt.Errorf("parse %s: %v: %w", t.form.what, err, fundtrail.ErrInvalid)
	}
	return fmt.Errorf("parse %s: after line %d: %w", t.form.what, t.line, readError(err))
}

// next reads the next row that is not blank. It fails on a last row that is cut short.
func (t *listTable) next() (bool, error) {
	for {
		t.end.since = 0
		row, err := t.csv.Read()
		if err == io.EOF {
			if t.form.endsLine && !t.end.newline() {
				return false, fmt.Errorf("parse %s: the last line, %d, has no end: the file is cut short, or an editor took it off: %w", t.form.what, t.line, fundtrail.ErrInvalid)
			}
			if t.row != nil && len(t.row) < len(t.names) && !t.end.newline() {
				return false, fmt.Errorf("parse %s: line %d: the file ends inside a row of %d columns, after %d: it is cut short: %w",
					t.form.what, t.line, len(t.names), len(t.row), fundtrail.ErrInvalid)
			}
			return false, nil
		} else if err != nil {
			return false, t.failed(err)
		}
		t.row = row
		t.line, _ = t.csv.FieldPos(0)
		if slices.ContainsFunc(row, func(s string) bool { return strings.TrimSpace(s) != "" }) {
			return true, nil
		}
	}
}

// broken reports whether a row holds bytes that its encoding does not have.
func (t *listTable) broken() bool {
	return slices.ContainsFunc(t.row, func(s string) bool { return strings.ContainsRune(s, utf8.RuneError) })
}

// get returns the cell of the first of these columns that the table has and the row
// fills, on one line.
func (t *listTable) get(columns ...string) string {
	for _, c := range columns {
		if i, ok := t.columns[c]; ok && i < len(t.row) {
			if s := squeeze(t.row[i]); s != "" {
				return s
			}
		}
	}
	return ""
}

// others returns the columns that no rule here knows, with their place.
func (t *listTable) others(known ...[]string) (out []int) {
	for i, name := range t.names {
		key := columnKey(name)
		if key != "" && !slices.ContainsFunc(known, func(k []string) bool { return slices.Contains(k, key) }) {
			out = append(out, i)
		}
	}
	return out
}

// A lastByte remembers what the last byte was, and bounds how much one row may take:
// a quote that is never closed would take the whole file.
type lastByte struct {
	r     io.Reader
	last  byte
	since int // bytes since the row began
}

func (l *lastByte) Read(p []byte) (int, error) {
	if l.since > recordBytes {
		return 0, fmt.Errorf("a row of more than %d bytes: %w", recordBytes, fundtrail.ErrLimit)
	}
	n, err := l.r.Read(p)
	l.since += n
	if n > 0 {
		l.last = p[n-1]
	}
	return n, err
}

func (l *lastByte) newline() bool { return l.last == '\n' || l.last == '\r' || l.last == 0 }

// plainText returns the text of a file as UTF-8 without a mark: from UTF-8, from UTF-16
// with a mark, or from the legacy encoding when its beginning is no UTF-8.
func plainText(r io.Reader, legacy encoding.Encoding) (io.Reader, error) {
	in := bufio.NewReaderSize(r, 64<<10)
	head, err := in.Peek(32 << 10)
	if err != nil && err != io.EOF && len(head) == 0 {
		return nil, readError(err)
	}
	switch {
	case bytes.HasPrefix(head, []byte("\ufeff")):
		_, _ = in.Discard(3) // it was peeked, so it is there
	case bytes.HasPrefix(head, []byte("\xff\xfe")), bytes.HasPrefix(head, []byte("\xfe\xff")):
		return transform.NewReader(in, utf.UTF16(utf.LittleEndian, utf.ExpectBOM).NewDecoder()), nil
	case !utf8.Valid(wholeRunes(head)):
		if legacy == nil {
			return nil, fmt.Errorf("not UTF-8: save it again as UTF-8: %w", fundtrail.ErrInvalid)
		}
		return transform.NewReader(in, legacy.NewDecoder()), nil
	}
	return transform.NewReader(in, encoding.UTF8Validator), nil
}

// wholeRunes leaves out a rune that the end of the bytes cuts.
func wholeRunes(b []byte) []byte {
	for i := 1; i <= utf8.UTFMax && i <= len(b); i++ {
		if c := b[len(b)-i]; utf8.RuneStart(c) {
			if !utf8.FullRune(b[len(b)-i:]) {
				return b[:len(b)-i]
			}
			break
		}
	}
	return b
}
