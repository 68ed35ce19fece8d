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

type actionsFlags struct {
	recordFlags
	kind, by, of string
	from, to     string
}

func newActions() *cobra.Command {
	f := &actionsFlags{}
	c := &cobra.Command{
		Use:   "actions [ID]",
		Short: "List designations, seizures, meetings and other acts",
		Long: `Actions lists what governments and others did, by time: designations and delistings,
seizures and takedowns with the agencies that took part, attributions, advisories,
meetings and statements. With an ID it tells one act with everything in it.
` + recordClocks + exitCodes,
		Example: `  fundtrail actions --kind designation --of tornado-cash
  fundtrail actions --by treasury --from 2023 --to 2023
  fundtrail actions 2023-11-29-ofac-sinbad`,
		Args:              argsFrom(0, 1, "one act, or none for all"),
		ValidArgsFunction: completeRecords(record.KindAction),
		RunE:              func(c *cobra.Command, args []string) error { return f.run(c, args) },
	}
	f.recordFlags.register(c)
	fl := c.Flags()
	fl.StringVar(&f.kind, "kind", "", "acts of a `KIND`: "+strings.Join(actionKinds(), ", "))
	fl.StringVar(&f.by, "by", "", "acts in which `WHO` took part: an actor's ID, a part of an agency's name, or a country's code")
	fl.StringVar(&f.of, "of", "", "acts about `WHAT`: an actor, a service, a theft or a case")
	fl.StringVar(&f.from, "from", "", "acts of `DAY` or later; a month or a year too")
	fl.StringVar(&f.to, "to", "", "acts of `DAY` or sooner; a month or a year too")
	c.RegisterFlagCompletionFunc("kind", cobra.FixedCompletions(actionKinds(), cobra.ShellCompDirectiveNoFileComp))
	c.RegisterFlagCompletionFunc("of", completeRecords(record.KindActor, record.KindService, record.KindIncident, record.KindProceeding))
	return c
}

func actionKinds() (out []string) {
	for _, k := range data.ActionKinds() {
		out = append(out, string(k))
	}
	return out
}

func (f *actionsFlags) run(c *cobra.Command, args []string) error {
	if f.kind != "" && !slices.Contains(actionKinds(), f.kind) {
		return usage("--kind %q: want one of %s", f.kind, strings.Join(actionKinds(), ", "))
	}
	from, to, err := between(f.from, f.to)
	if err != nil {
		return err
	}
	var about func() data.Contents
	if len(args) == 1 {
		if f.kind+f.by+f.of+f.from+f.to != "" {
			return usage("an ID says which act: it takes no filter")
		}
		about = aboutOne(data.Action, args[0], func(a fundtrail.Action) string { return a.ID })
	}
	v, b, err := f.view(c, about)
	if err != nil {
		return err
	}
	var list []fundtrail.Action
	if len(args) == 1 {
		a, err := v.Action(args[0])
		if err != nil {
			return err
		}
		list = append(list, a)
	} else {
		of := map[string]bool{}
		if f.of != "" {
			refs, err := b.Resolve(f.of, record.KindActor, record.KindService, record.KindIncident, record.KindProceeding)
			if err != nil {
				return fmt.Errorf("--of: %w", err)
			}
			for _, r := range refs {
				for _, a := range v.Of(r).Actions {
					of[a.ID] = true
				}
			}
		}
		for _, a := range v.Actions {
			switch {
			case f.kind != "" && string(a.Kind) != f.kind, f.of != "" && !of[a.ID], f.by != "" && !tookPart(v, &a, f.by):
			case !from.IsZero() && a.When.To.Before(from), !to.IsZero() && a.When.From.After(to.AddDate(0, 0, 1)):
			default:
				list = append(list, a)
			}
		}
	}
	slices.SortStableFunc(list, func(a, b fundtrail.Action) int { return a.When.From.Compare(b.When.From) })
	w := c.OutOrStdout()
	switch f.format {
	case "json":
		doc := struct {
			record.Head
			Actions []record.ActionDoc `json:"actions"`
		}{v.Head("actions"), []record.ActionDoc{}}
		for i := range list {
			doc.Actions = append(doc.Actions, v.ActionDoc(&list[i]))
		}
		return writeJSON(w, doc)
	case "csv":
		rows := [][]string{claimHeader}
		for i := range list {
			a := &list[i]
			rows = append(rows, claimRow(a.ID, string(a.Kind), record.WhenText(a.When), strings.Join(a.Of, " "), a.Summary, agencies(v, a), a.Confidence, a.Known, a.Source))
		}
		return writeCSV(w, rows)
	}
	if len(args) == 1 {
		return actionText(w, v, &list[0])
	}
	if len(list) == 0 {
		fmt.Fprintf(w, "No such act is on record%s.\n", v.Clocks())
		return nil
	}
	s := &sheet{}
	var rows [][]string
	for i := range list {
		a := &list[i]
		rows = append(rows, []string{shortWhen(a.When), string(a.Kind), a.Summary + " " + s.basis(agencies(v, a), a.Confidence, a.Known, a.Source)})
	}
	s.table(0, rows)
	return s.end(w)
}

func tookPart(v *record.View, a *fundtrail.Action, who string) bool {
	return slices.ContainsFunc(a.By, func(g fundtrail.Agency) bool {
		return g.Actor != "" && g.Actor == who || strings.EqualFold(g.Country, who) ||
			strings.Contains(strings.ToLower(v.AgencyName(g)), strings.ToLower(who))
	})
}

func actionText(w io.Writer, v *record.View, a *fundtrail.Action) error {
	s := &sheet{}
	s.heading("%s  (%s)%s", strings.ToUpper(a.Name), a.ID, v.Clocks())
	s.para(2, a.Summary+" "+s.basis("", a.Confidence, a.Known, a.Source))
	if a.Note != "" {
		s.para(2, a.Note)
	}
	s.b.WriteByte('\n')
	var of []string
	for _, id := range a.Of {
		of = append(of, v.Name(id))
	}
	rows := [][]string{{"When", shortWhen(a.When)}, {"What", string(a.Kind)}}
	for _, x := range [][]string{{"About", strings.Join(of, ", ")}, {"Thefts", strings.Join(a.Incidents, ", ")}, {"Cases", strings.Join(a.Proceedings, ", ")}, {"List", a.List}} {
		if x[1] != "" {
			rows = append(rows, x)
		}
	}
	s.table(2, rows)
	s.heading("WHO TOOK PART")
	rows = nil
	for _, g := range a.By {
		name := v.AgencyName(g)
		if g.Country != "" {
			name += ", " + g.Country
		}
		rows = append(rows, []string{name, g.Role, s.basis("", g.Confidence, g.Known, g.Source)})
	}
	s.table(2, rows)
	at := record.Ref{Kind: record.KindAction, ID: a.ID}
	l := v.Of(at)
	s.figures("IN FIGURES", v, at, l.Figures)
	s.proceedings("IN COURT", v, l.Proceedings)
	s.statements("WHAT IS SAID", a.Statements)
	s.addresses(a.Addresses)
	return s.end(w)
}
