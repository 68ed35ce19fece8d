package feed

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/fundtrail/fundtrail"
)

// A csvPart is one of the files of OFAC's CSV set. They have no header; "-0-" is null,
// and a byte 0x1A ends them, which DOS once took for the end of a file.
type csvPart struct {
	name   string // in errors
	fields int
	missed string // what a list lacks without the part
}

var (
	primPart     = csvPart{"main file (SDN.CSV or CONS_PRIM.CSV)", 12, ""}
	addPart      = csvPart{"addresses file (ADD.CSV)", 6, "ADD file: countries and addresses"}
	altPart      = csvPart{"aliases file (ALT.CSV)", 5, "ALT file: aliases"}
	commentsPart = csvPart{"comments file (SDN_COMMENTS.CSV)", 2, "COMMENTS file: the rest of long remarks, which may hold crypto addresses"}
)

// remarkColumn is how much of a remark the main file holds. The rest is in the comments
// file, cut anywhere: within a word, or within an address.
const remarkColumn = 1000

// ParseOFACCSV reads OFAC's CSV set, of the SDN list or of the consolidated list of the
// others: the main file, its addresses, its aliases, and the comments in which long
// remarks go on. Each of the last three may be nil; what is then missing stands in the
// list's Unread, and a list with remarks that are cut does not cover wallets.
func ParseOFACCSV(prim, add, alt, comments io.Reader) (*List, error) {
	c := &csvSet{usReader: newUSReader("OFAC CSV"), index: map[string]int{}}
	if err := c.each(prim, primPart, c.prim); err != nil {
		return nil, err
	}
	if len(c.out.Parties) == 0 {
		return nil, c.fail("%s: no entries: an empty list is refused", primPart.name)
	}
	for _, part := range []struct {
		r io.Reader
		csvPart
		row func(at place, i int, f []string)
	}{{alt, altPart, c.alt}, {comments, commentsPart, c.comment}, {add, addPart, c.add}} {
		if part.r == nil {
			c.unread.add("missing", part.missed)
			continue
		}
		rows, strange := 0, 0
		err := c.each(part.r, part.csvPart, func(at place, f []string) {
			rows++
			i, known := c.index[f[0]]
			if !known {
				strange++
				c.reject(at.line, at.entry, strings.Join(f, ","), "%s: of the entry %q, which the main file does not hold", part.name, clip(f[0]))
				return
			}
			part.row(at, i, f)
		})
		if err != nil {
			return nil, err
		}
		// The few rows of a comments file prove nothing.
		if part.fields != commentsPart.fields && 2*strange > rows {
			return nil, c.fail("%s: %d of its %d rows are of entries that the main file does not hold: it belongs to another list or another day",
				part.name, strange, rows)
		}
	}
	covers := fundtrail.CoversNames | fundtrail.CoversWallets
	for i := range c.out.Parties {
		p, r := &c.out.Parties[i], &c.rows[i]
		cut := r.isCut(comments != nil)
		if cut {
			covers &^= fundtrail.CoversWallets
		}
		c.remarks(p, r.remarks, cut)
		p.Note = ""
		c.addNote(p, "", r.remarks)
		for _, line := range r.notes {
			c.addNote(p, "", line)
		}
	}
	return c.finish(covers)
}

// A csvSet is the set while it is read.
type csvSet struct {
	*usReader
	rows  []csvRow       // beside out.Parties
	index map[string]int // a number: its place in both
}

// A csvRow is what is kept of a main row until the other parts are read.
type csvRow struct {
	remarks   string
	full      bool // the column was as long as it can be
	continued bool // the comments file went on with it
	endless   bool // it went on for longer than is read
	notes     []string
}

// isCut tells whether the end of a row's remarks is not known. A remark that exactly
// fills the column and ends as all do is whole if the comments file does not go on.
func (r *csvRow) isCut(haveComments bool) bool {
	return r.endless || r.full && !r.continued && !(haveComments && strings.HasSuffix(r.remarks, "."))
}

func (r *csvRow) note(field, text string) {
	if text != "" {
		r.notes = append(r.notes, field+": "+text)
	}
}

func (c *csvSet) prim(at place, f []string) {
	uid, name := f[0], f[1]
	if _, twice := c.index[uid]; twice || uid == "" || strings.Trim(uid, "0123456789") != "" {
		c.reject(at.line, at.entry, strings.Join(f, ","), "%s: want a new number in the first column, not %q", primPart.name, clip(uid))
		return
	}
	if name == "" {
		c.reject(at.line, at.entry, strings.Join(f, ","), "%s: the entry %s has no name", primPart.name, uid)
		return
	}
	var p fundtrail.Party
	p.UID = uid
	c.kind(&p, f[2])
	addName(&p, name, fundtrail.MainName)
	if f[3] != "" {
		p.Programs = strings.Split(f[3], "] [")
	}
	r := csvRow{remarks: f[11], full: utf8.RuneCountInString(f[11]) >= remarkColumn}
	r.note("Title", f[4])
	if f[5] != "" {
		c.addIdentifier(&p, "Vessel Call Sign", f[5], "")
	}
	r.note("Vessel Type", f[6])
	r.note("Tonnage", f[7])
	r.note("Gross Registered Tonnage", f[8])
	c.addCountry(&p, f[9])
	r.note("Vessel Owner", f[10])
	c.index[uid] = len(c.out.Parties)
	c.out.Parties = append(c.out.Parties, p)
	c.rows = append(c.rows, r)
}

func (c *csvSet) alt(_ place, i int, f []string) {
	addName(&c.out.Parties[i], f[3], c.aliasKind(f[2], false))
	c.rows[i].note("Alias "+f[3], f[4])
}

// maxRemarks bounds a remark with all that goes on from it; the longest real one has 9 KB.
const maxRemarks = maxNote

func (c *csvSet) comment(at place, i int, f []string) {
	r := &c.rows[i]
	if len(r.remarks)+len(f[1]) > maxRemarks {
		c.reject(at.line, at.entry, f[1], "%s: the remarks of %s are longer than 256 KiB", commentsPart.name, f[0])
		r.endless = true
		return
	}
	r.remarks += f[1]
	r.continued = true
}

func (c *csvSet) add(_ place, i int, f []string) {
	c.addCountry(&c.out.Parties[i], f[4])
	var lines []string
	for _, text := range f[2:] {
		if text != "" {
			lines = append(lines, text)
		}
	}
	c.rows[i].note("Address", strings.Join(lines, ", "))
}

// A place is where a row begins.
type place struct{ line, entry int }

const endMark = "\x1a"

// each reads the rows of one part.
func (c *csvSet) each(r io.Reader, part csvPart, row func(at place, f []string)) error {
	table := csv.NewReader(withoutBOM(r))
	table.FieldsPerRecord = -1
	table.ReuseRecord = true
	for entry := 1; ; entry++ {
		f, err := table.Read()
		if err == io.EOF {
			c.unread.add("end mark", part.name+" ends without the byte 0x1A: nothing shows that no rows are missing")
			break
		} else if err != nil {
			return c.fail("%s: the file is cut or broken: %v", part.name, err)
		}
		line, _ := table.FieldPos(0)
		if len(f) == 1 && strings.HasPrefix(f[0], endMark) {
			if _, err := table.Read(); err != io.EOF || strings.Trim(f[0], endMark) != "" {
				return c.fail("%s: line %d: data after the end mark: two files in one", part.name, line)
			}
			break
		}
		if len(f) != part.fields {
			return c.fail("%s: line %d: %d columns, want %d: the file is cut, or another file", part.name, line, len(f), part.fields)
		}
		if last := f[len(f)-1]; last == "" || last == "-" || last == "-0" {
			return c.fail("%s: line %d: the row is cut in its last column", part.name, line)
		}
		for i := range f {
			f[i] = c.field(f[i], part, i)
		}
		row(place{line, entry}, f)
	}
	return nil
}

// field reads a column. A remark keeps the space at its ends: it may be cut there.
func (c *csvSet) field(text string, part csvPart, column int) string {
	if !utf8.ValidString(text) {
		c.unread.add("letters that are not UTF-8", "read as Windows-1252, in the "+part.name)
		text = windows1252(text)
	}
	trimmed := strings.TrimSpace(text)
	switch {
	case trimmed == "-0-":
		return ""
	case column == part.fields-1:
		return text
	}
	return trimmed
}

func windows1252(text string) string {
	var out strings.Builder
	for _, b := range []byte(text) {
		if b >= 0x80 && b < 0xa0 {
			out.WriteRune(c1[b-0x80])
		} else {
			out.WriteRune(rune(b))
		}
	}
	return out.String()
}

// c1 are the letters of Windows-1252 from 0x80 to 0x9f; U+FFFD for the five it lacks.
var c1 = []rune("€\ufffd‚ƒ„…†‡ˆ‰Š‹Œ\ufffdŽ\ufffd\ufffd‘’“”•–—˜™š›œ\ufffdžŸ")

// withoutBOM skips a byte order mark.
func withoutBOM(r io.Reader) *bufio.Reader {
	in := bufio.NewReader(r)
	if mark, _ := in.Peek(3); bytes.Equal(mark, []byte("\ufeff")) {
		_, _ = in.Discard(3) // it was peeked, so it is there
	}
	return in
}

// partAlone is the parser of a part that is no list by itself.
func partAlone(part csvPart) func(io.Reader) (*List, error) {
	return func(io.Reader) (*List, error) {
		u := newUSReader("OFAC CSV")
		return nil, u.fail("this is the %s alone: give it together with its main file, SDN.CSV or CONS_PRIM.CSV", part.name)
	}
}

// csvPartOf tells which part a file is by its first bytes.
func csvPartOf(head []byte) (part csvPart, cons, ok bool) {
	table := csv.NewReader(bytes.NewReader(withoutMark(head)))
	table.FieldsPerRecord = -1
	consRows, rows := 0, 0
	for {
		f, err := table.Read()
		var broken *csv.ParseError
		if errors.As(err, &broken) && rows == 0 && commentHead.Match(withoutMark(head)) {
			return commentsPart, false, true // its first row is longer than the head
		}
		if err != nil || len(f) == 1 {
			break
		}
		if f[0] == "" || strings.Trim(f[0], "0123456789") != "" {
			return csvPart{}, false, false
		}
		found := csvPart{}
		switch isNumber := strings.Trim(f[1], "0123456789") == ""; {
		case len(f) == 12 && !isNumber:
			found = primPart
			for _, program := range strings.Split(f[3], "] [") {
				if consPrograms.MatchString(program) {
					consRows++
					break
				}
			}
		case len(f) == 6 && isNumber:
			found = addPart
		case len(f) == 5 && isNumber && strings.HasSuffix(f[2], "ka"):
			found = altPart
		case len(f) == 2 && !isNumber:
			found = commentsPart
		default:
			return part, 2*consRows > rows, rows > 0 && part.fields != 0 // the head's last row is cut
		}
		if rows > 0 && found.fields != part.fields {
			break
		}
		part = found
		rows++
	}
	return part, 2*consRows > rows, rows > 0
}
