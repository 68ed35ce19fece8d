package main

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/brief"
	"github.com/fundtrail/fundtrail/internal/record"
)

func newStats() *cobra.Command {
	c := &cobra.Command{
		Use:   "stats",
		Short: "Sum what is on record",
		Long:  "Stats sums what is on record, as ranges over the sources' claims, and says how." + "\n" + exitCodes,
		Args:  cobra.NoArgs,
		RunE:  func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(newStatsStolen(), newStatsMixer())
	return c
}

type stolenFlags struct {
	recordFlags
	theftFlags
	by       string
	category string
}

func bys() (out []string) {
	for _, b := range record.Bys {
		out = append(out, string(b))
	}
	return out
}

func newStatsStolen() *cobra.Command {
	f := &stolenFlags{}
	c := &cobra.Command{
		Use:   "stolen",
		Short: "Sum what was stolen, by year, actor, chain, victim or kind",
		Long: `Stolen sums what was stolen, as a range: each theft counts from the least to the most
that a source gives as its loss. It says what it counts, how many thefts are behind
each figure, and keeps apart what has no figure, what has a nominal value alone, and
what is disputed. Nothing that came back is taken off. By year and of an actor, the
sums stand beside those that others published, and what may make the difference.
` + recordClocks + exitCodes,
		Example: `  fundtrail stats stolen --by year --attributed-to dprk
  fundtrail stats stolen --by kind --from 2022
  fundtrail stats stolen --by year --attributed-to dprk --known-by 2023-12-09 --format json`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return f.run(c) },
	}
	f.recordFlags.register(c)
	f.theftFlags.register(c)
	c.Flags().Lookup("format").Usage = "text, json, csv or svg"
	c.Flags().StringVar(&f.by, "by", "year", "sum by `WHAT`: "+strings.Join(bys(), ", "))
	c.Flags().StringVar(&f.category, "category", "", "thefts from victims of a `KIND`: "+strings.Join(victimKinds(), ", "))
	c.RegisterFlagCompletionFunc("by", cobra.FixedCompletions(bys(), cobra.ShellCompDirectiveNoFileComp))
	c.RegisterFlagCompletionFunc("category", cobra.FixedCompletions(victimKinds(), cobra.ShellCompDirectiveNoFileComp))
	return c
}

func (f *stolenFlags) run(c *cobra.Command) error {
	if !slices.Contains(bys(), f.by) {
		return usage("--by %q: want one of %s", f.by, strings.Join(bys(), ", "))
	}
	if f.category != "" && !slices.Contains(victimKinds(), f.category) {
		return usage("--category %q: want one of %s", f.category, strings.Join(victimKinds(), ", "))
	}
	form := f.format
	if form == "svg" {
		f.format = "text" // of which the other questions have three
	}
	v, b, err := f.view(c, nil)
	if err != nil {
		return err
	}
	q, err := f.question(b)
	if err != nil {
		return err
	}
	q.By, q.Kind = record.By(f.by), fundtrail.VictimKind(f.category)
	s := v.Stolen(q)
	w := c.OutOrStdout()
	switch form {
	case "svg":
		_, err := io.WriteString(w, brief.StolenSVG(&s, brief.English))
		return err
	case "json":
		return writeJSON(w, v.StolenDoc(&s))
	case "csv":
		return writeCSV(w, sumRows(&s))
	}
	return stolenText(w, v, &s)
}

func sumRows(s *record.Stolen) [][]string {
	rows := [][]string{{string(s.Question.By), "least_usd", "most_usd", "thefts", "counted", "disputed", "disputed_most_usd", "no_figure", "nominal", "nominal_least_usd", "nominal_most_usd",
		"recovered_least_usd", "recovered_most_usd", "frozen_least_usd", "frozen_most_usd", "seized_least_usd", "seized_most_usd", "forfeited_least_usd", "forfeited_most_usd", "published_least_usd", "published_most_usd", "verdict"}}
	published := map[string]*record.Comparison{}
	for i := range s.Compared {
		published[strconv.Itoa(s.Compared[i].Year)] = &s.Compared[i]
	}
	add := func(key string, x *record.Sum) {
		row := []string{key, x.Least.String(), x.Most.String(), strconv.Itoa(x.Thefts()), strconv.Itoa(len(x.Incidents)), strconv.Itoa(len(x.Disputed)), x.DisputedMost.String(),
			strconv.Itoa(len(x.NoFigure)), strconv.Itoa(len(x.Nominal)), x.NominalLeast.String(), x.NominalMost.String()}
		for _, b := range []record.Back{x.Recovered, x.Frozen, x.Seized, x.Forfeited} {
			row = append(row, b.Least.String(), b.Most.String())
		}
		if c := published[key]; c != nil && c.Verdict != record.Unpublished {
			row = append(row, c.Least.String(), c.Most.String(), string(c.Verdict))
		} else {
			row = append(row, "", "", "")
		}
		rows = append(rows, row)
	}
	for i := range s.Rows {
		add(keyText(nil, s.Question.By, s.Rows[i].Key), &s.Rows[i])
	}
	add("all", &s.All)
	return rows
}

// keyText words a row's key.
func keyText(v *record.View, by record.By, key string) string {
	switch {
	case key == "" && by == record.ByActor:
		return "nobody named"
	case key == "":
		return "not stated"
	case key == record.Several && by == record.ByChain:
		return "several chains"
	case v != nil && (by == record.ByActor || by == record.ByVictim):
		return v.Name(key)
	}
	return key
}

func stolenText(w io.Writer, v *record.View, s *record.Stolen) error {
	p := &sheet{}
	who := "STOLEN"
	if s.Question.AttributedTo != "" {
		who = "STOLEN BY " + strings.ToUpper(v.Name(s.Question.AttributedTo))
	}
	p.heading("%s, BY %s%s", who, strings.ToUpper(string(s.Question.By)), v.Clocks())
	for _, line := range v.Definition(s) {
		p.para(2, line)
	}
	p.b.WriteByte('\n')
	if s.All.Thefts() == 0 {
		p.para(0, "No such theft is on record.")
	} else {
		p.table(0, sumTable(v, s))
	}
	for _, x := range []struct {
		text string
		ids  []string
	}{
		{"Disputed, in the most and not in the least", s.All.Disputed}, {"No figure, in no sum", s.All.NoFigure},
		{"A nominal value alone, in no sum", s.All.Nominal}, {"Only denied to be theirs, in no sum", s.Denied}, {"No day known, left out", s.Undated},
	} {
		if len(x.ids) > 0 {
			p.heading("%s (%d):", x.text, len(x.ids))
			p.para(2, strings.Join(x.ids, ", "))
		}
	}
	p.back(&s.All)
	p.compared(v, s)
	return p.end(w)
}

func sumTable(v *record.View, s *record.Stolen) [][]string {
	rows := [][]string{{strings.ToUpper(string(s.Question.By)), "THEFTS", "STOLEN, LEAST TO MOST", "APART FROM THAT"}}
	add := func(key string, x *record.Sum) {
		sum := "no figure"
		if len(x.Incidents) > 0 {
			sum = record.Dollars(x.Least, x.Most, len(x.Open) > 0)
		}
		var apart []string
		if n := len(x.Disputed); n > 0 {
			apart = append(apart, fmt.Sprintf("%d disputed", n))
		}
		if n := len(x.Nominal); n > 0 {
			apart = append(apart, fmt.Sprintf("%d nominal", n))
		}
		if n := len(x.NoFigure); n > 0 {
			apart = append(apart, fmt.Sprintf("%d without a figure", n))
		}
		rows = append(rows, []string{key, strconv.Itoa(x.Thefts()), sum, strings.Join(apart, ", ")})
	}
	for i := range s.Rows {
		add(keyText(v, s.Question.By, s.Rows[i].Key), &s.Rows[i])
	}
	add("all", &s.All)
	return rows
}

// back tells what came back or was stopped.
func (p *sheet) back(x *record.Sum) {
	var rows [][]string
	for _, b := range []struct {
		what string
		of   *record.Back
	}{{"recovered", &x.Recovered}, {"frozen", &x.Frozen}, {"seized", &x.Seized}, {"forfeited", &x.Forfeited}} {
		if len(b.of.Incidents) > 0 {
			rows = append(rows, []string{b.what, record.Dollars(b.of.Least, b.of.Most, false), "of " + thefts(len(b.of.Incidents))})
		}
	}
	if len(rows) > 0 {
		p.heading("Beside it, as far as sources give dollars: the largest claim of each theft to all of them")
		p.table(2, rows)
	}
}

// compared tells what others published, and what may make the difference.
func (p *sheet) compared(v *record.View, s *record.Stolen) {
	if len(s.Compared) == 0 {
		return
	}
	p.heading("BESIDE WHAT OTHERS PUBLISHED")
	for i := range s.Compared {
		c := &s.Compared[i]
		sum := "nothing"
		if c.Ours.Thefts() > 0 {
			sum = "no figure"
		}
		if len(c.Ours.Incidents) > 0 {
			sum = record.Dollars(c.Ours.Least, c.Ours.Most, false)
		}
		p.para(2, fmt.Sprintf("%d: %s in %s: %s", c.Year, sum, thefts(c.Ours.Thefts()), verdict(c)))
		var rows [][]string
		for _, f := range c.Published {
			text := p.basis(f.By, f.Confidence, f.Known, f.Source)
			if f.Note != "" {
				text = f.Note + " " + text
			}
			if f.Part {
				text = "a part of the year alone; " + text
			}
			count := ""
			if f.Count > 0 {
				count = thefts(f.Count)
			}
			rows = append(rows, []string{qualified(f.Qualifier, record.Dollars(f.USD, f.USD, false)), count, text})
		}
		p.table(6, rows)
		for _, line := range v.Why(c) {
			p.para(6, line)
		}
	}
}

func verdict(c *record.Comparison) string {
	theirs := record.Dollars(c.Least, c.Most, false)
	switch c.Verdict {
	case record.Inside:
		return "inside what is published, " + theirs
	case record.Overlaps:
		return "it overlaps what is published, " + theirs
	case record.Below:
		return "below what is published, " + theirs + ", by " + record.Dollars(c.Gap, c.Gap, false)
	case record.Above:
		return "above what is published, " + theirs + ", by " + record.Dollars(c.Gap, c.Gap, false)
	}
	return "nobody's figure of the whole year is on record"
}

func thefts(n int) string {
	if n == 1 {
		return "1 theft"
	}
	return fmt.Sprintf("%d thefts", n)
}
