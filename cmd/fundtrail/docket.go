package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/data"
	"github.com/fundtrail/fundtrail/internal/record"
)

func newDocket() *cobra.Command {
	f := &recordFlags{}
	c := &cobra.Command{
		Use:   "docket [ID]",
		Short: "Tell where prosecutions and civil cases stand",
		Long: `Docket tells where each case on record stands for each of its parties: what they are
charged with, what became of it, whether they are held. With an ID it tells that case
with every event. Where a case stands follows from its events up to the day asked
about; where the sources end before the case does, it says so.
` + recordClocks + exitCodes,
		Example: `  fundtrail docket
  fundtrail docket us-v-storm
  fundtrail docket us-v-storm --as-of 2023-12-09`,
		Args:              argsFrom(0, 1, "one case, or none for all"),
		ValidArgsFunction: completeRecords(record.KindProceeding),
		RunE:              func(c *cobra.Command, args []string) error { return runDocket(c, f, args) },
	}
	f.register(c)
	return c
}

func runDocket(c *cobra.Command, f *recordFlags, args []string) error {
	var about func() data.Contents
	if len(args) == 1 {
		about = aboutOne(data.Proceeding, args[0], func(p fundtrail.Proceeding) string { return p.ID })
	}
	v, _, err := f.view(c, about)
	if err != nil {
		return err
	}
	list := v.Proceedings
	if len(args) == 1 {
		p, err := v.Proceeding(args[0])
		if err != nil {
			return err
		}
		list = []fundtrail.Proceeding{p}
	}
	w := c.OutOrStdout()
	switch f.format {
	case "json":
		doc := struct {
			record.Head
			Proceedings []record.ProceedingDoc `json:"proceedings"`
		}{v.Head("docket"), []record.ProceedingDoc{}}
		for i := range list {
			doc.Proceedings = append(doc.Proceedings, v.ProceedingDoc(&list[i]))
		}
		return writeJSON(w, doc)
	case "csv":
		rows := [][]string{claimHeader}
		for _, p := range list {
			for _, e := range p.Events {
				rows = append(rows, claimRow(p.ID, string(e.What), record.WhenText(e.When), strings.Join(e.Of, " "), e.Text, e.By, e.Confidence, e.Known, e.Source))
			}
		}
		return writeCSV(w, rows)
	}
	if len(args) == 1 {
		return caseText(w, v, &list[0])
	}
	s := &sheet{}
	if len(list) == 0 {
		fmt.Fprintf(w, "No case is on record%s.\n", v.Clocks())
		return nil
	}
	for i := range list {
		p := &list[i]
		s.heading("%s  (%s)", p.Name, p.ID)
		s.para(2, fmt.Sprintf("%s, %s", p.Court, p.Kind))
		s.standings(2, v, p)
	}
	return s.end(w)
}

func caseText(w io.Writer, v *record.View, p *fundtrail.Proceeding) error {
	s := &sheet{}
	s.heading("%s  (%s)%s", strings.ToUpper(p.Name), p.ID, v.Clocks())
	if p.Summary != "" {
		s.para(2, p.Summary)
	}
	court := fmt.Sprintf("%s, %s", p.Court, p.Kind)
	if p.Number != "" {
		court += ", number " + p.Number
	}
	s.para(2, court+" "+s.basis("", p.Confidence, p.Known, p.Source))
	s.heading("WHERE IT STANDS")
	s.standings(2, v, p)
	if len(p.Charges) > 0 {
		s.heading("CHARGES")
		var rows [][]string
		for _, c := range p.Charges {
			rows = append(rows, []string{fmt.Sprint(c.Count), c.Text + " " + s.basis("", c.Confidence, c.Known, c.Source)})
		}
		s.table(2, rows)
	}
	s.heading("WHAT HAPPENED")
	if len(p.Events) == 0 {
		s.para(2, "No event is on record.")
	}
	var rows [][]string
	for _, e := range p.Events {
		rows = append(rows, []string{shortWhen(e.When), string(e.What), e.Text + expected(e) + " " + s.basis(e.By, e.Confidence, e.Known, e.Source)})
	}
	s.table(2, rows)
	at := record.Ref{Kind: record.KindProceeding, ID: p.ID}
	l := v.Of(at)
	s.figures("IN FIGURES", v, at, l.Figures)
	s.actions("ACTS", v, l.Actions)
	s.proceedings("RELATED CASES", v, l.Proceedings)
	if len(p.Incidents)+len(p.Services) > 0 {
		s.heading("ABOUT")
		for _, id := range slices.Concat(p.Incidents, p.Services) {
			s.para(2, id)
		}
	}
	s.statements("WHAT IS SAID", p.Statements)
	return s.end(w)
}

func expected(e fundtrail.CourtEvent) string {
	if e.Expected.IsZero() {
		return ""
	}
	return " Expected: " + shortWhen(e.Expected) + "."
}

// standings writes where a case stands for each of its parties, one line a party.
func (s *sheet) standings(indent int, v *record.View, p *fundtrail.Proceeding) {
	var rows [][]string
	for _, x := range record.Standings(p) {
		who := "The case"
		if x.Party.Actor != "" || x.Party.Name != "" {
			who = v.PartyName(x.Party)
		}
		text := standingText(&x)
		if n := len(x.Events); n > 0 { // the whole history has its sources in docket ID
			last := p.Events[x.Events[n-1]]
			text += " " + s.cite(last.Source)
		}
		rows = append(rows, []string{who, text})
	}
	s.table(indent, rows)
}

// outcomeWords are how outcomes of a count are told, in the order they are.
var outcomeWords = []struct {
	what fundtrail.CourtEventKind
	text string
}{
	{fundtrail.Convicted, "found guilty on"}, {fundtrail.Pleaded, "pleaded guilty to"}, {fundtrail.Acquitted, "acquitted of"},
	{fundtrail.Hung, "no verdict on"}, {fundtrail.Dismissed, "dismissed:"}, {fundtrail.Charged, "charged on"},
}

func standingText(x *record.Standing) string {
	var parts []string
	day := func(w fundtrail.When) string { return " (" + shortWhen(w) + ")" }
	for _, o := range outcomeWords {
		var counts []string
		when := ""
		for _, c := range x.Counts {
			if c.Outcome == o.what {
				counts = append(counts, fmt.Sprint(c.Charge.Count))
				if c.Event != nil {
					when = day(c.Event.When)
				}
			}
		}
		switch len(counts) {
		case 0:
		case 1:
			parts = append(parts, o.text+" count "+counts[0]+when)
		default:
			parts = append(parts, o.text+" counts "+strings.Join(counts[:len(counts)-1], ", ")+" and "+counts[len(counts)-1]+when)
		}
	}
	if e := x.Charged; e != nil && len(x.Counts) == 0 {
		parts = append(parts, string(e.What)+day(e.When))
	}
	if e := x.Dismissed; e != nil && len(x.Counts) == 0 {
		parts = append(parts, "dismissed"+day(e.When))
	}
	if e := x.Sentence; e != nil {
		parts = append(parts, "sentenced"+day(e.When))
	}
	if e := x.Appeal; e != nil {
		parts = append(parts, "appealed"+day(e.When))
	}
	if e := x.Trial; e != nil && !x.Decided() {
		if e.What == fundtrail.TrialSet {
			parts = append(parts, "trial set for "+shortWhen(e.Expected))
		} else {
			parts = append(parts, "on trial since "+shortWhen(e.When))
		}
	}
	if e := x.Motion; e != nil && (x.Ruling == nil || e.When.From.After(x.Ruling.When.From)) {
		parts = append(parts, "motion"+day(e.When))
	}
	if e := x.Ruling; e != nil {
		parts = append(parts, "ruling"+day(e.When))
	}
	if e := x.Custody; e != nil {
		parts = append(parts, strings.ReplaceAll(string(e.What), "-", " ")+day(e.When))
	}
	if e := x.LastSeen; e != nil {
		parts = append(parts, "the sources end "+shortWhen(e.When))
	}
	if len(parts) == 0 {
		return "nothing is on record"
	}
	return strings.Join(parts, "; ")
}
