package brief

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// JSON writes the brief for programs, indented, with keys in the order of the types.
func JSON(w io.Writer, b *Brief) error {
	e := json.NewEncoder(w)
	e.SetIndent("", " ")
	e.SetEscapeHTML(false)
	return e.Encode(b)
}

// A paragraph is what a reader sees of the lines of one group of an item.
type paragraph struct {
	Name  string // "Loss"; "" for a line by itself
	Lines []Line
}

// paragraphs gathers the lines of a group where its first one stands. Quotes and lines
// without a group stand by themselves.
func (b *Brief) paragraphs(item *Item) (out []paragraph) {
	at := map[string]int{}
	for _, l := range item.Lines {
		if l.Group == "" {
			out = append(out, paragraph{Lines: []Line{l}})
			continue
		}
		i, ok := at[l.Group]
		if !ok {
			i = len(out)
			at[l.Group] = i
			out = append(out, paragraph{Name: b.Lang.say("group." + l.Group)})
		}
		out[i].Lines = append(out[i].Lines, l)
	}
	// What several lines of a group rest on alike is cited once, after the last of them, and
	// so is what they are.
	for i := range out {
		lines := out[i].Lines
		for j := range len(lines) - 1 {
			if slices.Equal(lines[j].Cites, lines[j+1].Cites) {
				lines[j].Cites = nil
			}
			if lines[j].Kind == lines[j+1].Kind {
				lines[j].Kind = ""
			}
		}
	}
	return out
}

// mark is what is said after a line beside its text: that it was published later.
func (b *Brief) mark(l *Line) string {
	if !l.Later {
		return ""
	}
	t, err := parseDay(l.Known)
	if err != nil {
		return ""
	}
	return b.Lang.say("mark.later", "day", b.Lang.day(t))
}

// heads are the headings above sections: what stands has one over all of its own.
func (b *Brief) heads() []string {
	out := make([]string, len(b.Sections))
	for i, s := range b.Sections {
		if s.Part == "stands" && (i == 0 || b.Sections[i-1].Part != "stands") {
			out[i] = b.Lang.say("part.stands")
		}
	}
	return out
}

// empty is what a section says that holds nothing, "" of one that does.
func (b *Brief) empty(s *Section) string {
	if len(s.Items) > 0 {
		return ""
	}
	if s.Part == "new" {
		since, _ := parseDay(b.Since)
		day, _ := parseDay(b.AsOf)
		return b.Lang.say("nothing.new", "since", b.Lang.day(since), "day", b.Lang.day(day))
	}
	return b.Lang.say("nothing")
}

// citation is a reference in words, but for its link.
func (b *Brief) citation(r *Reference) string {
	parts := []string{r.Title}
	if r.By != "" {
		parts = append(parts, b.Lang.say("ref.by", "by", r.By))
	}
	day := func(key, iso string) {
		if t, err := parseDay(iso); err == nil {
			parts = append(parts, b.Lang.say(key, "day", b.Lang.day(t)))
		}
	}
	switch {
	case r.Published != "":
		day("ref.published", r.Published)
	case r.Retrieved != "":
		day("ref.undated", r.Retrieved)
	}
	if r.Known != r.Published && r.Basis != "retrieved" {
		day("ref.known", r.Known)
	}
	if r.Confidence > 0 {
		parts = append(parts, b.Lang.say("ref.confidence", "n", strconv.Itoa(r.Confidence)))
	}
	if r.Yours != "" {
		parts = append(parts, b.Lang.say("ref.yours", "folder", r.Yours))
	}
	separator := ", "
	if b.Lang == Japanese {
		separator = "、"
	}
	return strings.Join(parts, separator)
}

// Markdown writes the brief as plain text that Markdown reads.
func Markdown(w io.Writer, b *Brief) error {
	var m bytes.Buffer
	fmt.Fprintf(&m, "# %s\n\n%s\n", plain(b.Title), plain(b.Lang.sentences(b.Scope)))
	heads := b.heads()
	for i := range b.Sections {
		s := &b.Sections[i]
		level := "##"
		if heads[i] != "" {
			fmt.Fprintf(&m, "\n## %s\n", plain(heads[i]))
		}
		if s.Part == "stands" {
			level = "###"
		}
		fmt.Fprintf(&m, "\n%s %s\n\n", level, plain(s.Title))
		if none := b.empty(s); none != "" {
			fmt.Fprintf(&m, "%s\n", plain(none))
		}
		for j := range s.Items {
			b.markdownItem(&m, &s.Items[j])
		}
	}
	fmt.Fprintf(&m, "\n## %s\n\n%s\n\n", plain(b.Lang.say("section.references")), plain(b.Lang.say("foot.confidence")))
	for i := range b.References {
		r := &b.References[i]
		fmt.Fprintf(&m, "%d. %s", r.Number, plain(b.citation(r)))
		if link := webLink(r.URL); link != "" {
			fmt.Fprintf(&m, ". <%s>", link)
		}
		if r.Record != "" {
			fmt.Fprintf(&m, ". %s", plain(b.where(r)))
		}
		m.WriteByte('\n')
	}
	if b.Program != "" {
		fmt.Fprintf(&m, "\n%s\n", plain(b.Lang.say("made", "program", b.Program)))
	}
	_, err := m.WriteTo(w)
	return err
}

// where is the record and the claims of a reference.
func (b *Brief) where(r *Reference) string {
	claims := strings.Join(slices.DeleteFunc(slices.Clone(r.Claims), func(s string) bool { return s == "" }), ", ")
	if claims == "" {
		return r.Record
	}
	return r.Record + ": " + claims
}

func (b *Brief) markdownItem(m *bytes.Buffer, item *Item) {
	fmt.Fprintf(m, "- %s\n", b.markdownLine(&item.Line, b.Lang.say("kind."+string(item.Kind))))
	if item.Quote != "" {
		fmt.Fprintf(m, "  %s\n", plain(b.Lang.say("quote", "words", item.Quote)))
	}
	for _, p := range b.paragraphs(item) {
		var parts []string
		for i := range p.Lines {
			l := &p.Lines[i]
			kind := ""
			if l.Kind != "" && l.Kind != item.Kind {
				kind = b.Lang.say("kind." + string(l.Kind))
			}
			s := b.markdownLine(l, kind)
			switch {
			case l.Quote == "":
			case p.Name == "":
				s += " " + plain(b.Lang.say("quote", "words", l.Quote))
			default:
				s += " " + plain(b.Lang.quoted(l.Quote))
			}
			parts = append(parts, s)
		}
		text := strings.Join(parts, "; ")
		if p.Name != "" {
			text = b.Lang.say("group", "group", plain(p.Name), "lines", text)
		}
		fmt.Fprintf(m, "  - %s\n", text)
	}
}

// markdownLine is a line with its numbers and marks.
func (b *Brief) markdownLine(l *Line, kind string) string {
	s := plain(l.Text)
	if len(l.Cites) > 0 {
		s += " ["
		for i, r := range runs(l.Cites) {
			if i > 0 {
				s += ", "
			}
			s += r.String()
		}
		s += "]"
	}
	var marks []string
	if kind != "" {
		marks = append(marks, kind)
	}
	if mark := b.mark(l); mark != "" {
		marks = append(marks, mark)
	}
	if len(marks) > 0 {
		s += " *(" + strings.Join(marks, "; ") + ")*"
	}
	return s
}

// A run is neighbouring numbers: 4–12.
type run struct{ First, Last int }

func (r run) String() string {
	if r.First == r.Last {
		return strconv.Itoa(r.First)
	}
	return strconv.Itoa(r.First) + "–" + strconv.Itoa(r.Last)
}

// runs joins three and more neighbouring numbers of a sorted list.
func runs(list []int) (out []run) {
	for _, n := range list {
		if k := len(out) - 1; k >= 0 && out[k].Last == n-1 {
			out[k].Last = n
			continue
		}
		out = append(out, run{n, n})
	}
	return slices.Collect(func(yield func(run) bool) {
		for _, r := range out {
			if r.Last == r.First+1 {
				if !yield(run{r.First, r.First}) {
					return
				}
				r.First = r.Last
			}
			if !yield(r) {
				return
			}
		}
	})
}

var markdownEscapes = strings.NewReplacer(`\`, `\\`, "`", "\\`", "*", `\*`, "_", `\_`, "[", `\[`, "]", `\]`, "<", "&lt;", ">", "&gt;", "\n", " ", "\r", " ", "#", `\#`, "|", `\|`)

// plain keeps a record's text from being read as Markdown.
func plain(s string) string { return markdownEscapes.Replace(printable(s)) }

// printable drops control characters, which neither a terminal nor XML can take.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return ' '
		case r < 0x20 || r == 0x7f || r >= 0x80 && r < 0xa0 || r == 0xfffe || r == 0xffff || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069:
			return -1
		}
		return r
	}, s)
}

// webLink is an address that a page may link to, else "".
func webLink(s string) string {
	if !strings.HasPrefix(s, "https://") && !strings.HasPrefix(s, "http://") || strings.ContainsAny(s, " <>\"\n\r\t`") {
		return ""
	}
	return s
}
