package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/data"
	"github.com/fundtrail/fundtrail/internal/record"
)

func newIncident() *cobra.Command {
	f := &recordFlags{}
	c := &cobra.Command{
		Use:   "incident ID",
		Short: "Tell everything on record about one theft",
		Long: `Incident tells what the sources say about one theft: when it happened, what was taken,
who is said to have done it, what came back, what governments and courts did. Claims
that contradict each other stand side by side, each with its source.
` + recordClocks + exitCodes,
		Example: `  fundtrail incident ronin-bridge
  fundtrail incident ronin-bridge --known-by 2022-04-13
  fundtrail incident bybit --format json`,
		Args:              argsFrom(1, 1, "say which theft, as fundtrail incidents lists them"),
		ValidArgsFunction: completeRecords(record.KindIncident),
		RunE:              func(c *cobra.Command, args []string) error { return runIncident(c, f, args[0]) },
	}
	f.register(c)
	return c
}

func runIncident(c *cobra.Command, f *recordFlags, id string) error {
	v, _, err := f.view(c, aboutOne(data.Incident, id, func(in fundtrail.Incident) string { return in.ID }))
	if err != nil {
		return err
	}
	in, err := v.Incident(id)
	if err != nil {
		return err
	}
	w := c.OutOrStdout()
	switch f.format {
	case "json":
		return writeJSON(w, struct {
			record.Head
			record.IncidentDoc
		}{v.Head("incident"), v.IncidentDoc(&in, true)})
	case "csv":
		return writeCSV(w, claimRows(v, &in))
	}
	return incidentText(w, v, &in)
}

// aboutOne narrows the records to those about one, where its name is one of ours; of what
// is not found, all are read, so that the error can say what comes near.
func aboutOne[T any](find func(string) (T, error), name string, id func(T) string) func() data.Contents {
	return func() data.Contents {
		got, err := find(name)
		if err != nil {
			return data.Embedded()
		}
		return data.About(id(got))
	}
}

func incidentText(w io.Writer, v *record.View, in *fundtrail.Incident) error {
	s := &sheet{}
	s.heading("%s  (%s)%s", strings.ToUpper(in.Name), in.ID, v.Clocks())
	if in.Summary != "" {
		s.para(2, in.Summary)
	}
	s.b.WriteByte('\n')
	facts := [][]string{}
	switch {
	case in.Victim.ID == "":
		facts = append(facts, []string{"Victim", "not known"})
	case in.Kind == "":
		facts = append(facts, []string{"Victim", in.Victim.Name})
	default:
		facts = append(facts, []string{"Victim", fmt.Sprintf("%s (%s)", in.Victim.Name, in.Kind)})
	}
	facts = append(facts, []string{"Lost", losses(in)}, []string{"Attributed to", author(in, "")}, []string{"Trace", starts(in)})
	s.table(2, facts)
	s.heading("WHEN")
	s.dates(in)
	s.heading("LOST")
	s.losses(in)
	s.heading("WHO DID IT")
	s.attributions(v, in)
	at := record.Ref{Kind: record.KindIncident, ID: in.ID}
	l := v.Of(at)
	s.figures("IN FIGURES", v, at, l.Figures)
	s.statements("HOW", in.How)
	s.actions("WHAT WAS DONE ABOUT IT", v, l.Actions)
	s.proceedings("IN COURT", v, l.Proceedings)
	s.statements("WHAT IS SAID", in.Statements)
	s.addresses(in.Addresses)
	return s.end(w)
}

func (s *sheet) dates(in *fundtrail.Incident) {
	if len(in.Dates) == 0 {
		s.para(2, "Not known.")
	}
	var rows [][]string
	for _, d := range in.Dates {
		text := s.basis("", d.Confidence, d.Known, d.Source)
		if d.Note != "" {
			text = d.Note + " " + text
		}
		rows = append(rows, []string{d.What, shortWhen(fundtrail.When{From: d.From, To: d.To, Exact: d.Exact}), text})
	}
	s.table(2, rows)
}

func (s *sheet) losses(in *fundtrail.Incident) {
	if len(in.Losses) == 0 {
		s.para(2, "No source seen gives a figure.")
	}
	var rows [][]string
	for _, l := range in.Losses {
		text := s.basis(l.By, l.Confidence, l.Known, l.Source)
		if l.Note != "" {
			text += " " + l.Note
		}
		rows = append(rows, []string{qualified(l.Qualifier, record.Dollars(l.USD, l.USD, false)), text})
	}
	s.table(2, rows)
}

// qualified puts a source's own word before its number.
func qualified(q, number string) string {
	switch q {
	case "":
		return number
	case "nominal":
		return number + ", nominal"
	}
	return q + " " + number
}

func (s *sheet) attributions(v *record.View, in *fundtrail.Incident) {
	if len(in.Attributions) == 0 {
		s.para(2, "Nobody is named.")
	}
	var rows [][]string
	list := slices.Clone(in.Attributions)
	slices.SortStableFunc(list, func(a, b fundtrail.AttributionClaim) int { return a.Date.Compare(b.Date) })
	for _, a := range list {
		name := v.Name(a.Actor)
		if a.Denied {
			name = "not " + name
		}
		when := ""
		if !a.Date.IsZero() {
			when = shortWhen(fundtrail.When{From: a.Date, To: cmp.Or(a.Until, a.Date)})
		}
		text := s.basis(a.By, a.Confidence, a.Known, a.Source)
		if a.Note != "" {
			text += " " + a.Note
		}
		rows = append(rows, []string{when, name, text})
	}
	s.table(2, rows)
}

// shortWhen writes a time for people: 2022-03-23 13:29:09 to 13:31:04 UTC.
func shortWhen(w fundtrail.When) string {
	const second, clock = "2006-01-02 15:04:05", "15:04:05"
	switch {
	case w.Exact && w.From.Equal(w.To):
		return w.From.Format(second) + " UTC"
	case w.Exact && w.From.Format(time.DateOnly) == w.To.Format(time.DateOnly):
		return w.From.Format(second) + " to " + w.To.Format(clock) + " UTC"
	case w.Exact:
		return w.From.Format(second) + " to " + w.To.Format(second) + " UTC"
	}
	if !w.IsZero() && w.From.YearDay() == 1 && w.To.Month() == time.December && w.To.Day() == 31 {
		if w.From.Year() == w.To.Year() {
			return w.From.Format("2006")
		}
		return w.From.Format("2006") + " to " + w.To.Format("2006")
	}
	return strings.ReplaceAll(record.WhenText(w), "..", " to ")
}

// figures lists numbers about the record at, each once: the record of an act repeats what
// the one of the theft says.
func (s *sheet) figures(title string, v *record.View, at record.Ref, list []record.Cited) {
	if len(list) == 0 {
		return
	}
	s.heading("%s", title)
	var rows [][]string
	seen := map[string]bool{}
	for _, f := range list {
		if f.Of == "" && f.Record.Kind == record.KindIncident {
			f.Of = f.Record.ID
		}
		of := cmp.Or(f.Of, at.ID)
		key := fmt.Sprint(f.What, f.USD, f.Quantity, f.Unit, of, f.Through, f.By, f.Period)
		if seen[key] {
			continue
		}
		seen[key] = true
		rows = append(rows, []string{figureWhat(f), figureNumber(f), figureAbout(v, at, f) + s.basis(f.By, f.Confidence, f.Known, f.Source)})
	}
	s.table(2, rows)
}

func figureWhat(f record.Cited) string {
	switch f.What {
	case fundtrail.FigureThings:
		return "counted"
	case fundtrail.FigureMonths:
		return "prison"
	case fundtrail.FigureThrough:
		return "passed"
	}
	return string(f.What)
}

func figureNumber(f record.Cited) string {
	var parts []string
	if f.Quantity != "" {
		parts = append(parts, record.Grouped(f.Quantity)+" "+f.Unit)
	}
	if !f.USD.IsZero() {
		parts = append(parts, record.Dollars(f.USD, f.USD, false))
	}
	return qualified(f.Qualifier, strings.Join(parts, ", "))
}

// figureAbout says what the figure is about, where the page does not.
func figureAbout(v *record.View, at record.Ref, f record.Cited) string {
	var parts []string
	if f.Through != "" && f.Through != at.ID {
		parts = append(parts, "through "+v.Name(f.Through))
	}
	if f.Actor != "" && f.Actor != at.ID {
		parts = append(parts, "by "+v.Name(f.Actor))
	}
	if !f.Period.IsZero() {
		parts = append(parts, "in "+shortWhen(f.Period))
	}
	if f.Count > 0 {
		parts = append(parts, "in "+thefts(f.Count))
	}
	if f.Of != "" && f.Of != at.ID {
		parts = append(parts, "of "+f.Of)
	} else if f.Of == "" && f.Record != at && f.Record.Kind != record.KindPublication {
		parts = append(parts, "in "+f.Record.String())
	}
	if f.Note != "" {
		parts = append(parts, f.Note)
	}
	if len(parts) == 0 {
		return ""
	}
	return strings.Join(parts, ", ") + " "
}

func (s *sheet) statements(title string, list []fundtrail.Statement) {
	if len(list) == 0 {
		return
	}
	s.heading("%s", title)
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(a, b fundtrail.Statement) int { return a.Date.Compare(b.Date) })
	var rows [][]string
	for _, x := range list {
		when := ""
		if !x.Date.IsZero() {
			when = shortWhen(fundtrail.When{From: x.Date, To: cmp.Or(x.Until, x.Date)})
		}
		rows = append(rows, []string{when, x.Text + " " + s.basis(x.By, x.Confidence, x.Known, x.Source)})
	}
	s.table(2, rows)
}

func (s *sheet) actions(title string, v *record.View, list []fundtrail.Action) {
	if len(list) == 0 {
		return
	}
	s.heading("%s", title)
	var rows [][]string
	for i := range list {
		a := &list[i]
		rows = append(rows, []string{shortWhen(a.When), string(a.Kind), a.Summary + " " + s.basis(agencies(v, a), a.Confidence, a.Known, a.Source)})
	}
	s.table(2, rows)
}

func agencies(v *record.View, a *fundtrail.Action) string {
	var names []string
	for _, g := range a.By {
		name := v.AgencyName(g)
		if g.Country != "" {
			name += " " + g.Country
		}
		names = append(names, name)
	}
	return strings.Join(names, ", ")
}

func (s *sheet) proceedings(title string, v *record.View, list []fundtrail.Proceeding) {
	if len(list) == 0 {
		return
	}
	s.heading("%s", title)
	for i := range list {
		p := &list[i]
		s.para(2, fmt.Sprintf("%s, %s  (%s)", p.Name, p.Court, p.ID))
		s.standings(4, v, p)
	}
}

// addresses lists what the record names, what is claimed of several at once together.
func (s *sheet) addresses(tags []fundtrail.Tag) {
	if len(tags) == 0 {
		return
	}
	s.heading("ADDRESSES")
	var heads []string
	under := map[string][]string{}
	for _, t := range tags {
		head := t.Label
		if t.Role != "" {
			head += ", " + string(t.Role)
		}
		head += " " + s.basis("", t.Confidence, t.Known, t.Source)
		if under[head] == nil {
			heads = append(heads, head)
		}
		under[head] = append(under[head], string(t.Address.Chain())+"/"+t.Address.String())
	}
	for _, head := range heads {
		s.para(2, head)
		for _, a := range under[head] {
			s.para(6, a)
		}
	}
}

// claimRows is one claim a row.
func claimRows(v *record.View, in *fundtrail.Incident) [][]string {
	rows := [][]string{claimHeader}
	add := func(claim, when, value, text, by string, c fundtrail.Confidence, k fundtrail.Known, src fundtrail.Source) {
		rows = append(rows, claimRow(in.ID, claim, when, value, text, by, c, k, src))
	}
	for _, d := range in.Dates {
		add(d.What, record.WhenText(fundtrail.When{From: d.From, To: d.To, Exact: d.Exact}), "", d.Note, "", d.Confidence, d.Known, d.Source)
	}
	for _, l := range in.Losses {
		add("loss", "", l.USD.String(), strings.TrimSpace(l.Qualifier+" "+l.Note), l.By, l.Confidence, l.Known, l.Source)
	}
	for _, a := range in.Attributions {
		what := "attribution"
		if a.Denied {
			what = "denial"
		}
		add(what, record.WhenText(fundtrail.When{From: a.Date, To: cmp.Or(a.Until, a.Date)}), a.Actor, a.Note, a.By, a.Confidence, a.Known, a.Source)
	}
	at := record.Ref{Kind: record.KindIncident, ID: in.ID}
	for _, f := range v.Of(at).Figures {
		add(string(f.What), record.WhenText(f.Period), figureNumber(f), strings.TrimSpace(figureAbout(v, at, f)), f.By, f.Confidence, f.Known, f.Source)
	}
	for _, x := range slices.Concat(in.How, in.Statements) {
		add("statement", record.WhenText(fundtrail.When{From: x.Date, To: cmp.Or(x.Until, x.Date)}), "", x.Text, x.By, x.Confidence, x.Known, x.Source)
	}
	return rows
}

var claimHeader = []string{"record", "claim", "when", "value", "text", "by", "confidence", "known", "known_basis", "source", "url", "records"}

func claimRow(id, claim, when, value, text, by string, c fundtrail.Confidence, k fundtrail.Known, src fundtrail.Source) []string {
	known := ""
	if !k.On.IsZero() {
		known = k.On.Format("2006-01-02")
	}
	return []string{id, claim, when, value, text, by, fmt.Sprint(c), known, string(k.Basis), src.Title, src.URL, src.Records}
}
