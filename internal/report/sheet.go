package report

import (
	"strings"
)

// A sheet is a text page of a fixed width. Nothing on it is wider but links, which must
// stay whole to be followed: prose is wrapped at spaces, tables drop columns into a
// second block, and a single word longer than the line (a hash on a narrow page) is cut
// across lines without losing a letter.
type sheet struct {
	b      strings.Builder
	width  int
	colour bool
}

// A style is a terminal's way to set text apart (ECMA-48 SGR). Without colour the
// page reads the same.
type style string

const (
	normal style = ""
	bold   style = "1"
	faint  style = "2"
	accent style = "36" // cyan: headings
)

// line writes one line in a style; s fits the width.
func (p *sheet) line(st style, s string) {
	s = strings.TrimRight(s, " ")
	if p.colour && st != normal && s != "" {
		s = "\x1b[" + string(st) + "m" + s + "\x1b[0m"
	}
	p.b.WriteString(s)
	p.b.WriteByte('\n')
}

func (p *sheet) blank() { p.b.WriteByte('\n') }

func (p *sheet) heading(s string) {
	p.blank()
	p.text(accent, 0, 2, upper(s))
}

// upper writes a heading's words in capitals, but for addresses and contracts, of which some
// are other addresses, or none, in capitals.
func upper(s string) string {
	words := strings.Split(s, " ")
	for i, w := range words {
		if !strings.Contains(w, "…") && (len(w) < 24 || !strings.Contains(w, "/")) {
			words[i] = strings.ToUpper(w)
		}
	}
	return strings.Join(words, " ")
}

// text writes wrapped prose: the first line indented by indent, the others by hang.
func (p *sheet) text(st style, indent, hang int, s string) {
	p.item(st, strings.Repeat(" ", indent), hang, s)
}

// item writes prose after a head, such as "  1. ", its other lines indented by hang.
func (p *sheet) item(st style, head string, hang int, s string) {
	for i, l := range wrap(s, p.width-max(columns(head), hang)) {
		if i > 0 {
			head = strings.Repeat(" ", hang)
		}
		p.line(st, head+l)
	}
}

// wrap breaks s at spaces into lines of at most room columns. What fits is left as
// it is, runs of spaces and all.
func wrap(s string, room int) []string {
	if columns(s) <= room {
		return []string{s}
	}
	var lines []string
	line, used := "", 0
	for word := range strings.FieldsSeq(s) {
		n := columns(word)
		if used > 0 && used+1+n <= room {
			line += " " + word
			used += 1 + n
			continue
		}
		if used > 0 {
			lines = append(lines, line)
		}
		for n > room && !strings.Contains(word, "://") {
			head := fit(word, room)
			lines = append(lines, head)
			word = word[len(head):]
			n = columns(word)
		}
		line, used = word, n
	}
	if used > 0 || len(lines) == 0 {
		lines = append(lines, line)
	}
	return lines
}

// fit returns the longest beginning of s that takes at most room columns.
func fit(s string, room int) string {
	used := 0
	for i, r := range s {
		used += runeColumns(r)
		if used > room && i > 0 {
			return s[:i]
		}
	}
	return s
}

// A table has a first column of names, set left, and columns of figures, set right.
type table struct {
	indent int
	least  int // columns that the names are given at least; 0: nameRoom
	heads  []string
	rows   []tableRow
}

type tableRow struct {
	style  style
	indent int // of the name, on top of the table's
	cells  []string
	detail string // written below the figures, wrapped
}

const (
	gutter   = 2  // between columns
	nameRoom = 24 // the least that the names' column is given, unless a table says less
)

// table writes t, in as many blocks of columns as the width needs. A name that does
// not fit its column takes lines of its own above its figures. Details stand in the
// first block only.
func (p *sheet) table(t table) {
	widths := make([]int, len(t.heads))
	for i, h := range t.heads {
		widths[i] = columns(h)
	}
	for _, r := range t.rows {
		for i, c := range r.cells {
			n := columns(c)
			if i == 0 {
				n += r.indent
			}
			widths[i] = max(widths[i], n)
		}
	}
	least := t.least
	if least == 0 {
		least = nameRoom
	}
	widest := 0
	for _, n := range widths[1:] {
		widest = max(widest, n)
	}
	least = max(4, min(least, p.width-t.indent-gutter-widest))
	for first := 1; ; {
		names := min(widths[0], least)
		last, used := first, t.indent+names
		for last < len(widths) && (last == first || used+gutter+widths[last] <= p.width) {
			used += gutter + widths[last]
			last++
		}
		p.block(t, widths, first, last, min(widths[0], names+max(0, p.width-used)))
		if last >= len(widths) {
			return
		}
		first = last
		p.blank()
	}
}

// block writes the names and columns first up to last.
func (p *sheet) block(t table, widths []int, first, last, names int) {
	figures := func(cells []string) string {
		var b strings.Builder
		for i := first; i < last && i < len(cells); i++ {
			b.WriteString(strings.Repeat(" ", max(0, gutter+widths[i]-columns(cells[i]))))
			b.WriteString(cells[i])
		}
		return b.String()
	}
	write := func(st style, indent int, cells []string) {
		lines := wrap(cells[0], max(4, t.indent+names-indent))
		if columns(cells[0]) > t.indent+names-indent {
			// Too long for its column: the name runs over the whole line, and the
			// figures follow below it.
			lines = append(wrap(cells[0], p.width-indent), "")
		}
		for i, l := range lines {
			l = strings.Repeat(" ", indent) + l
			if i == len(lines)-1 {
				l += strings.Repeat(" ", max(0, t.indent+names-columns(l))) + figures(cells)
			}
			p.line(st, l)
		}
	}
	write(faint, t.indent, t.heads)
	for _, r := range t.rows {
		write(r.style, t.indent+r.indent, r.cells)
		if first == 1 && r.detail != "" {
			in := t.indent + r.indent + 2
			p.text(faint, in, in, r.detail)
		}
	}
}
