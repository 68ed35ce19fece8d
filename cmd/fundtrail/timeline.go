package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/record"
)

func newTimeline() *cobra.Command {
	f := &recordFlags{}
	var from, to string
	c := &cobra.Command{
		Use:   "timeline WHO|WHAT...",
		Short: "Tell everything dated about parties, thefts and cases, in order",
		Long: `Timeline tells, by time, everything dated that the records say about parties, thefts,
services, cases and acts, and about what is linked to them.
` + recordClocks + exitCodes,
		Example: `  fundtrail timeline tornado-cash
  fundtrail timeline ronin-bridge sinbad --to 2023-12-09
  fundtrail timeline roman-storm --format csv`,
		Args:              argsFrom(1, 100, "say of whom or what"),
		ValidArgsFunction: completeRecords(record.KindActor, record.KindService, record.KindIncident, record.KindProceeding, record.KindAction),
		RunE: func(c *cobra.Command, args []string) error {
			first, last, err := between(from, to)
			if err != nil {
				return err
			}
			v, b, err := f.view(c, nil)
			if err != nil {
				return err
			}
			var refs []record.Ref
			for _, word := range args {
				found, err := b.Resolve(word, record.KindActor, record.KindService, record.KindIncident, record.KindProceeding, record.KindAction)
				if err != nil {
					return err
				}
				refs = append(refs, found...)
			}
			entries := slices.DeleteFunc(v.Timeline(refs...), func(e record.Entry) bool {
				return !first.IsZero() && e.When.To.Before(first) || !last.IsZero() && !e.When.From.Before(last.AddDate(0, 0, 1))
			})
			return f.timeline(c, v, entries)
		},
	}
	f.register(c)
	c.Flags().StringVar(&from, "from", "", "from `DAY` on; a month or a year too")
	c.Flags().StringVar(&to, "to", "", "until the end of `DAY`; a month or a year too")
	return c
}

func (f *recordFlags) timeline(c *cobra.Command, v *record.View, entries []record.Entry) error {
	w := c.OutOrStdout()
	switch f.format {
	case "json":
		doc := struct {
			record.Head
			Entries []record.EntryDoc `json:"entries"`
		}{v.Head("timeline"), []record.EntryDoc{}}
		for i := range entries {
			doc.Entries = append(doc.Entries, entries[i].Doc())
		}
		return writeJSON(w, doc)
	case "csv":
		return writeCSV(w, entryRows(entries))
	}
	if len(entries) == 0 {
		fmt.Fprintf(w, "Nothing dated is on record%s.\n", v.Clocks())
		return nil
	}
	s := &sheet{}
	var rows [][]string
	last := ""
	for _, e := range entries {
		when := shortWhen(fundtrail.When{From: e.When.From, To: e.When.To, Exact: e.When.Exact})
		if when == last {
			when = ""
		} else {
			last = when
		}
		rows = append(rows, []string{when, e.What, entryText(v, &e) + " " + s.basis(e.By, e.Confidence, e.Known, e.Source)})
	}
	s.table(0, rows)
	return s.end(w)
}

// entryText words an entry; the name of its record stands before what does not say it.
func entryText(v *record.View, e *record.Entry) string {
	switch e.What {
	case "happened", "discovered", "disclosed":
		text := e.Name + " " + e.What
		if e.Text != "" {
			text += ": " + e.Text
		}
		return text + "."
	case "attribution", "denial":
		verb := "attributed to "
		if e.What == "denial" {
			verb = "said not to be by "
		}
		text := e.Name + " " + verb + v.Name(e.Actor)
		if e.Text != "" {
			text += ": " + e.Text
		}
		return text + "."
	}
	text := e.Text
	if e.Record.Kind != record.KindAction && !strings.HasPrefix(text, e.Name) {
		text = e.Name + ": " + text
	}
	if !e.For.IsZero() {
		text += " Expected: " + shortWhen(e.For) + "."
	}
	return text
}

func entryRows(entries []record.Entry) [][]string {
	rows := [][]string{claimHeader}
	for _, e := range entries {
		value := e.Actor
		if value == "" {
			value = strings.Join(e.Of, " ")
		}
		rows = append(rows, claimRow(e.Record.String(), e.What, record.WhenText(e.When), value, e.Text, e.By, e.Confidence, e.Known, e.Source))
	}
	return rows
}

// byDay returns incidents by the day of the best supported claim.
func byDay(list []fundtrail.Incident) []fundtrail.Incident {
	out := slices.Clone(list)
	slices.SortStableFunc(out, func(a, b fundtrail.Incident) int { return a.Happened.Compare(b.Happened) })
	return out
}
