package main

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/data"
	"github.com/fundtrail/fundtrail/internal/record"
)

// recordFlags are those of every question about the records.
type recordFlags struct {
	asOf    string
	knownBy string
	own     []string
	format  string
}

func (f *recordFlags) register(c *cobra.Command) {
	fl := c.Flags()
	fl.StringVar(&f.asOf, "as-of", "", "what had happened by the end of `DAY`, or of a month (default everything on record)")
	fl.StringVar(&f.knownBy, "known-by", "", "only claims that were public by the end of `DAY`, or of a month")
	fl.StringArrayVar(&f.own, "records", nil, "`DIR` with records of your own, in the folders and forms of doc/records.md (repeat)")
	fl.StringVar(&f.format, "format", "text", "text, json or csv")
	c.RegisterFlagCompletionFunc("format", cobra.FixedCompletions([]string{"text", "json", "csv"}, cobra.ShellCompDirectiveNoFileComp))
}

const recordClocks = `
Two clocks: --as-of asks what had happened by a day, --known-by asks what the public
could know by one. --known-by 2023-12-09 shows no claim that was published later,
whatever it tells of. --records adds records of your own; they never replace the
program's, and what they say otherwise is told.
`

// view reads the user's records and returns the view that the flags ask for. about narrows
// the program's records to those that say something about some IDs; nil is all of them.
func (f *recordFlags) view(c *cobra.Command, about func() data.Contents) (*record.View, *record.Book, error) {
	if !slices.Contains([]string{"text", "json", "csv"}, f.format) {
		return nil, nil, usage("--format %q: want text, json or csv", f.format)
	}
	_, asOf, err := period("--as-of", f.asOf)
	if err != nil {
		return nil, nil, err
	}
	_, knownBy, err := period("--known-by", f.knownBy)
	if err != nil {
		return nil, nil, err
	}
	if about == nil || len(f.own) > 0 {
		about = data.Embedded
	}
	b := record.New(about(), data.Contents{})
	for _, dir := range f.own {
		if info, err := os.Stat(dir); err != nil {
			return nil, nil, fmt.Errorf("--records: %w", err)
		} else if !info.IsDir() {
			return nil, nil, fmt.Errorf("--records %s: want a folder that holds incidents/, docket/ and the like: %w", dir, fundtrail.ErrInvalid)
		}
		own, err := data.Read(os.DirFS(dir), dir, time.Now())
		if err != nil {
			return nil, nil, fmt.Errorf("--records %s: %w", dir, err)
		}
		b = record.New(b.Contents, own)
		for _, conflict := range b.Conflicts {
			fmt.Fprintf(c.ErrOrStderr(), "fundtrail: %s: %s\n", dir, conflict)
		}
	}
	return b.At(asOf, knownBy), b, nil
}

// period reads a day, a month or a year, and returns its first and last day.
func period(flag, s string) (first, last time.Time, err error) {
	if s == "" {
		return first, last, nil
	}
	if t, err := time.Parse(time.DateOnly, s); err == nil {
		return t, t, nil
	}
	if t, err := time.Parse("2006-01", s); err == nil {
		return t, t.AddDate(0, 1, -1), nil
	}
	if t, err := time.Parse("2006", s); err == nil {
		return t, t.AddDate(1, 0, -1), nil
	}
	return first, last, usage("%s %q: want a day such as 2023-12-09, a month such as 2023-12, or a year", flag, s)
}

// between reads --from and --to.
func between(from, to string) (first, last time.Time, err error) {
	if first, _, err = period("--from", from); err != nil {
		return
	}
	if _, last, err = period("--to", to); err != nil {
		return
	}
	if !first.IsZero() && !last.IsZero() && last.Before(first) {
		err = usage("--to %s is before --from %s", to, from)
	}
	return
}

// argsFrom asks for so many words on the command line.
func argsFrom(least, most int, want string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) < least || len(args) > most {
			return usage("%s: %d given", want, len(args))
		}
		return nil
	}
}

// completeRecords completes the IDs of some kinds of record.
func completeRecords(kinds ...record.Kind) func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return record.New(data.Embedded(), data.Contents{}).Words(kinds...), cobra.ShellCompDirectiveNoFileComp
	}
}

func writeJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// writeCSV writes a table. What a spreadsheet would take for a formula is quoted by a blank.
func writeCSV(w io.Writer, rows [][]string) error {
	c := csv.NewWriter(w)
	for _, row := range rows {
		for i, cell := range row {
			if cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
				row[i] = " " + cell
			}
		}
		if err := c.Write(row); err != nil {
			return err
		}
	}
	c.Flush()
	return c.Error()
}

// A sheet is text of a fixed width: headings, wrapped paragraphs, tables whose last column
// wraps, and numbered sources.
type sheet struct {
	b       strings.Builder
	sources []fundtrail.Source
}

const sheetWidth = 100

func (s *sheet) heading(format string, args ...any) {
	if s.b.Len() > 0 {
		s.b.WriteByte('\n')
	}
	fmt.Fprintf(&s.b, format+"\n", args...)
}

// para writes a paragraph, indented.
func (s *sheet) para(indent int, text string) {
	for _, line := range wrapText(text, sheetWidth-indent) {
		fmt.Fprintf(&s.b, "%s%s\n", strings.Repeat(" ", indent), line)
	}
}

// table writes rows in columns; the last column wraps.
func (s *sheet) table(indent int, rows [][]string) {
	if len(rows) == 0 {
		return
	}
	n := len(rows[0])
	width := make([]int, n)
	for _, row := range rows {
		for i, cell := range row {
			width[i] = max(width[i], utf8.RuneCountInString(cell))
		}
	}
	room := sheetWidth - indent
	for _, w := range width[:n-1] {
		room -= w + 2
	}
	for _, row := range rows {
		for k, line := range wrapText(row[n-1], max(room, 24)) {
			var text strings.Builder
			text.WriteString(strings.Repeat(" ", indent))
			for i, w := range width[:n-1] {
				cell := ""
				if k == 0 {
					cell = row[i]
				}
				text.WriteString(cell + strings.Repeat(" ", w-utf8.RuneCountInString(cell)+2))
			}
			s.b.WriteString(strings.TrimRight(text.String()+line, " ") + "\n")
		}
	}
}

// cite numbers a source: [3].
func (s *sheet) cite(src fundtrail.Source) string {
	i := slices.Index(s.sources, src)
	if i < 0 {
		i = len(s.sources)
		s.sources = append(s.sources, src)
	}
	return fmt.Sprintf("[%d]", i+1)
}

// basis is what stands behind a claim: who says so, how sure it is, from when it was known,
// and the source. Where that day is only the one on which the source was read, it is left
// out; the foot says so.
func (s *sheet) basis(by string, c fundtrail.Confidence, k fundtrail.Known, src fundtrail.Source) string {
	var parts []string
	if by != "" {
		parts = append(parts, by)
	}
	parts = append(parts, fmt.Sprint(c))
	if k.Basis != fundtrail.KnownRetrieved && !k.On.IsZero() {
		parts = append(parts, k.On.Format(time.DateOnly))
	}
	if src.Records != "" {
		parts = append(parts, "your record")
	}
	return "(" + strings.Join(parts, ", ") + ") " + s.cite(src)
}

// foot says how to read what stands after each claim.
const foot = "After each claim: who says so, how sure it is (0 to 100), since when it was known, its source. " +
	"Where no day stands, it was known no later than its source was read. Claims that contradict each other stand side by side."

// end writes the sources and everything.
func (s *sheet) end(w io.Writer) error {
	if len(s.sources) > 0 {
		s.heading("SOURCES")
		var rows [][]string
		for i, src := range s.sources {
			text := src.Title
			if !src.Published.IsZero() {
				text += ", " + src.Published.Format(time.DateOnly)
			}
			if src.Records != "" {
				text += ", in your records"
			}
			rows = append(rows, []string{fmt.Sprintf("[%d]", i+1), text}, []string{"", src.URL})
		}
		s.table(2, rows)
		s.b.WriteByte('\n')
		s.para(0, foot)
	}
	_, err := io.WriteString(w, plain(s.b.String()))
	return err
}

// plain keeps a record's text from steering the terminal.
func plain(text string) string {
	return strings.Map(func(r rune) rune {
		if r != '\n' && unicode.IsControl(r) {
			return unicode.ReplacementChar
		}
		return r
	}, text)
}

// wrapText breaks a text at blanks; a word longer than the room has a line of its own.
func wrapText(text string, room int) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(text) {
		switch {
		case line == "":
			line = word
		case utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) <= room:
			line += " " + word
		default:
			lines = append(lines, line)
			line = word
		}
	}
	return append(lines, line)
}
