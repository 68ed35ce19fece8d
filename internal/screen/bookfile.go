package screen

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/fundtrail/fundtrail"
)

// A BookRow is one customer, and what is to be screened of it: each cell that holds an
// address, a name or a text.
type BookRow struct {
	Line      int // of the file, from 1
	ID        string
	Questions []Question
}

// A BadRow is a row, or one cell of it, that was not screened. Nothing follows from that
// about the customer.
type BadRow struct {
	Line   int
	ID     string // where it could be read
	Column string // "" for the whole row
	Text   string // the start of it
	Err    error  // wraps fundtrail.ErrInvalid
}

// String says where it is and what is wrong with it.
func (r BadRow) String() string {
	where := fmt.Sprintf("line %d", r.Line)
	if r.ID != "" {
		where += fmt.Sprintf(" (%s)", r.ID)
	}
	if r.Column != "" {
		where += ", " + r.Column
	}
	return fmt.Sprintf("%s: %v", where, r.Err)
}

// The columns of a book, with other words that books have for them.
var bookColumns = map[string]string{
	"id": "id", "customer": "id", "customer_id": "id", "reference": "id",
	"kind": "kind", "type": "kind",
	"text":    "text",
	"address": "address", "wallet": "address", "wallet_address": "address", "crypto_address": "address",
	"name": "name", "full_name": "name",
	"chain": "chain", "network": "chain", "blockchain": "chain",
	"born": "born", "birth": "born", "birth_date": "born", "date_of_birth": "born", "birthdate": "born", "dob": "born",
	"country": "country", "countries": "country", "nationality": "country",
}

// maxRow bounds a row in bytes, so that a quote that is never closed does not take the
// rest of the file for one.
const maxRow = 1 << 20

// A BookReader reads a book of customers: CSV with a heading line that names its columns,
// in any order: id, kind, text, address, name, chain, born, country. Commas, semicolons
// or tabs part them, which the heading tells. Other columns are left alone.
type BookReader struct {
	csv    *csv.Reader
	guard  *rowGuard
	column map[string]int
	width  int
	line   int // the last that was read
	// Ignored are the headings of the columns that are left alone.
	Ignored []string
}

// A rowGuard fails when more is read for one row than a row may have.
type rowGuard struct {
	r    io.Reader
	left int
}

var errLongRow = fmt.Errorf("the row is longer than %d bytes: is a quotation mark never closed?: %w", maxRow, fundtrail.ErrLimit)

func (g *rowGuard) Read(p []byte) (int, error) {
	if g.left <= 0 {
		return 0, errLongRow
	}
	n, err := g.r.Read(p[:min(len(p), g.left)])
	g.left -= n
	return n, err
}

// NewBookReader reads the heading.
func NewBookReader(r io.Reader) (*BookReader, error) {
	b := &BookReader{guard: &rowGuard{r: r, left: maxRow}, column: map[string]int{}}
	text := bufio.NewReaderSize(b.guard, 64<<10)
	head, err := text.Peek(64 << 10)
	if err != nil && err != io.EOF {
		return nil, fmt.Errorf("book: %w", err)
	}
	if bytes.HasPrefix(head, []byte{0xff, 0xfe}) || bytes.HasPrefix(head, []byte{0xfe, 0xff}) {
		return nil, fmt.Errorf("book: it is UTF-16: save it as CSV in UTF-8: %w", fundtrail.ErrInvalid)
	}
	if rest, ok := bytes.CutPrefix(head, []byte("\ufeff")); ok {
		text.Discard(len(head) - len(rest))
		head = rest
	}
	b.csv = csv.NewReader(text)
	b.csv.FieldsPerRecord = -1
	b.csv.ReuseRecord = true
	b.csv.Comma = separator(head)
	b.line = 1
	heading, err := b.csv.Read()
	if err == io.EOF {
		return nil, fmt.Errorf("book: it is empty; the first line names the columns, such as id,address,name: %w", fundtrail.ErrInvalid)
	}
	if err != nil {
		return nil, fmt.Errorf("book: heading: %w: %w", err, fundtrail.ErrInvalid)
	}
	return b, b.readHeading(heading)
}

// separator is the sign that parts the heading into the most columns that are known.
func separator(head []byte) rune {
	line, _, _ := bytes.Cut(head, []byte{'\n'})
	best, most := ',', -1
	for _, sep := range []rune{',', ';', '\t'} {
		n := 0
		for _, h := range strings.Split(string(line), string(sep)) {
			if bookColumns[columnWord(strings.Trim(strings.TrimSpace(h), `"`))] != "" {
				n++
			}
		}
		if n > most {
			best, most = sep, n
		}
	}
	return best
}

func columnWord(heading string) string {
	return strings.NewReplacer(" ", "_", "-", "_").Replace(strings.ToLower(strings.TrimSpace(heading)))
}

func (b *BookReader) readHeading(heading []string) error {
	b.width = len(heading)
	for i, h := range heading {
		name := bookColumns[columnWord(h)]
		if name == "" {
			b.Ignored = append(b.Ignored, bounded(h, 100))
			continue
		}
		if at, twice := b.column[name]; twice {
			return fmt.Errorf("book: line 1: columns %d and %d are both the %s: %w", at+1, i+1, name, fundtrail.ErrInvalid)
		}
		b.column[name] = i
	}
	for _, name := range []string{"text", "address", "name"} {
		if _, ok := b.column[name]; ok {
			return nil
		}
	}
	return fmt.Errorf("book: line 1: no column is named address, name or text; there are %q: begin the file with a line that names the columns: %w",
		bounded(strings.Join(heading, ","), 200), fundtrail.ErrInvalid)
}

// Next returns the next row, or what is wrong with it. At the end the error is io.EOF;
// any other error ends the book, and what follows was not read.
func (b *BookReader) Next() (BookRow, *BadRow, error) {
	b.guard.left = maxRow + 64<<10 // what is buffered already does not count again
	cells, err := b.csv.Read()
	if syntax := new(csv.ParseError); errors.As(err, &syntax) {
		b.line = syntax.Line
		return BookRow{}, &BadRow{Line: syntax.StartLine, Err: fmt.Errorf("no CSV at line %d, column %d: %w%s: %w",
			syntax.Line, syntax.Column, syntax.Err, notRead(syntax.StartLine, syntax.Line), fundtrail.ErrInvalid)}, nil
	}
	if errors.Is(err, errLongRow) {
		return BookRow{}, nil, fmt.Errorf("book: after line %d: %w", b.line, err)
	}
	if err != nil {
		if err != io.EOF {
			err = fmt.Errorf("book: %w", err)
		}
		return BookRow{}, nil, err
	}
	row := BookRow{ID: b.cell(cells, "id")}
	row.Line, _ = b.csv.FieldPos(0)
	b.line = row.Line
	for _, c := range cells {
		b.line += strings.Count(c, "\n")
	}
	bad := func(column string, format string, args ...any) (BookRow, *BadRow, error) {
		return BookRow{}, &BadRow{Line: row.Line, ID: bounded(row.ID, 100), Column: column, Text: bounded(strings.Join(cells, ","), 200),
			Err: fmt.Errorf(format+": %w", append(args, fundtrail.ErrInvalid)...)}, nil
	}
	if len(cells) != b.width {
		return bad("", "%d cells, the heading has %d%s", len(cells), b.width, notRead(row.Line, b.line))
	}
	for i, c := range cells {
		if !utf8.ValidString(c) {
			return bad("", "cell %d is not UTF-8", i+1)
		}
	}
	var q Question
	var column string
	if q, column, err = b.evidence(cells); err != nil {
		return bad(column, "%w", err)
	}
	for _, c := range []struct {
		column string
		kind   Kind
	}{{"address", AnAddress}, {"name", AName}, {"text", q.Kind}} {
		text := b.cell(cells, c.column)
		if text == "" {
			continue
		}
		if c.column != "text" && strings.Contains(text, "\n") {
			return bad(c.column, "it runs over several lines: is a quotation mark never closed?%s", notRead(row.Line, b.line))
		}
		one := Question{Text: text, Kind: c.kind}
		if c.kind != AName {
			one.Chain = q.Chain
		}
		if c.kind == AName || c.kind == Either {
			one.Party, one.Births, one.Countries = q.Party, q.Births, q.Countries
		}
		row.Questions = append(row.Questions, one)
	}
	if len(row.Questions) == 0 {
		return bad("", "nothing to screen: no address, name or text")
	}
	return row, nil, nil
}

func (b *BookReader) cell(cells []string, column string) string {
	if i, ok := b.column[column]; ok && i < len(cells) {
		return strings.TrimSpace(cells[i])
	}
	return ""
}

// notRead tells of the lines that a row swallowed.
func notRead(from, to int) string {
	if from >= to {
		return ""
	}
	return fmt.Sprintf("; lines %d to %d were taken for one row and not screened", from, to)
}

// evidence reads the cells that say more about what is screened.
func (b *BookReader) evidence(cells []string) (q Question, column string, err error) {
	switch kind := strings.ToLower(b.cell(cells, "kind")); kind {
	case "":
	case "address", "wallet":
		q.Kind = AnAddress
	case "name":
		q.Kind = AName
	case "text":
		q.Kind = FreeText
	case "person", "individual":
		q.Kind, q.Party = AName, fundtrail.Person
	case "organisation", "organization", "company", "entity":
		q.Kind, q.Party = AName, fundtrail.Organisation
	case "vessel", "ship":
		q.Kind, q.Party = AName, fundtrail.Vessel
	case "aircraft":
		q.Kind, q.Party = AName, fundtrail.Aircraft
	default:
		return q, "kind", fmt.Errorf("%q is no kind: address, name, text, person, organisation, vessel or aircraft", bounded(kind, 100))
	}
	if s := b.cell(cells, "chain"); s != "" {
		if q.Chain, err = fundtrail.ParseChain(bounded(s, 100)); err != nil {
			return q, "chain", err
		}
	}
	for _, s := range list(b.cell(cells, "born")) {
		if !isBirth(s) {
			return q, "born", fmt.Errorf("%q is no date: write 1962, 1962-03 or 1962-03-14, several parted by semicolons", bounded(s, 100))
		}
		q.Births = append(q.Births, s)
	}
	for _, s := range list(b.cell(cells, "country")) {
		if len(s) != 2 || !isLetter(s[0]) || !isLetter(s[1]) {
			return q, "country", fmt.Errorf("%q is no country: write ISO 3166-1's two letters, several parted by semicolons", bounded(s, 100))
		}
		q.Countries = append(q.Countries, strings.ToUpper(s))
	}
	return q, "", nil
}

// list parts a cell at semicolons.
func list(cell string) []string {
	parts := strings.Split(cell, ";")
	for i := range parts {
		parts[i] = strings.TrimSpace(parts[i])
	}
	return slices.DeleteFunc(parts, func(s string) bool { return s == "" })
}

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

func isBirth(s string) bool {
	for _, form := range []string{time.DateOnly, "2006-01", "2006"} {
		if t, err := time.Parse(form, s); err == nil {
			return t.Year() > 0
		}
	}
	return false
}
