package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/data"
	"github.com/fundtrail/fundtrail/internal/record"
)

func newActor() *cobra.Command {
	f := &recordFlags{}
	c := &cobra.Command{
		Use:   "actor ID",
		Short: "Tell everything on record about one party",
		Long: `Actor tells what the sources say about a party: a person, a group, a state, a company,
a mixer. Its names, whom it is tied to, the thefts that claims name it in, what
governments and courts did about it.
` + recordClocks + exitCodes,
		Example: `  fundtrail actor lazarus-group
  fundtrail actor "Roman Storm" --as-of 2023-12-09
  fundtrail actor tornado-cash --format json`,
		Args:              argsFrom(1, 1, "say which party"),
		ValidArgsFunction: completeRecords(record.KindActor, record.KindService),
		RunE:              func(c *cobra.Command, args []string) error { return runActor(c, f, args[0]) },
	}
	f.register(c)
	return c
}

func runActor(c *cobra.Command, f *recordFlags, id string) error {
	v, b, err := f.view(c, nil)
	if err != nil {
		return err
	}
	if _, err := b.Resolve(id, record.KindActor, record.KindService); err != nil {
		return fmt.Errorf("actor %w", errors.Unwrap(err))
	}
	var service *data.Service
	a, err := v.Actor(id)
	if s, err2 := v.Service(id); err2 == nil {
		service = &s
		if err != nil {
			a, err = v.Actor(s.Actor)
		}
	}
	if err != nil {
		return err
	}
	if service == nil {
		if s, err := v.Service(a.ID); err == nil && s.Actor == a.ID {
			service = &s
		}
	}
	file := v.File(a, service)
	w := c.OutOrStdout()
	switch f.format {
	case "json":
		return writeJSON(w, struct {
			record.Head
			record.ActorDoc
		}{v.Head("actor"), v.ActorDoc(&file)})
	case "csv":
		return writeCSV(w, entryRows(v.Timeline(refsOf(&file)...)))
	}
	return actorText(w, v, &file)
}

// refsOf are the records that a file is of.
func refsOf(f *record.ActorFile) []record.Ref {
	refs := []record.Ref{{Kind: record.KindActor, ID: f.Actor.ID}}
	if f.Service != nil {
		refs = append(refs, record.Ref{Kind: record.KindService, ID: f.Service.ID})
	}
	return refs
}

func actorText(w io.Writer, v *record.View, f *record.ActorFile) error {
	s := &sheet{}
	a := &f.Actor
	s.heading("%s  (%s)%s", strings.ToUpper(a.Name), a.ID, v.Clocks())
	s.para(2, "Category: "+a.Category)
	if len(a.Aliases) > 0 {
		s.para(2, "Also called: "+strings.Join(a.Aliases, ", "))
	}
	if f.Service != nil && f.Service.Summary != "" {
		s.para(2, f.Service.Summary)
	}
	if len(f.Means) > 0 {
		s.para(2, "Thefts of its groups count as its own: "+strings.Join(f.Means, ", "))
	}
	s.ties("TIED TO, BY THIS RECORD", v, a.ID, f.Links.Actors, true)
	s.ties("TIED TO, BY THE OTHER'S RECORD ALONE", v, a.ID, f.Links.Actors, false)
	s.thefts("NAMED IN THEFTS", v, f.Links.Incidents, f)
	s.thefts("ROBBED", v, f.Links.Robbed, nil)
	s.actions("WHAT WAS DONE", v, f.Links.Actions)
	s.proceedings("IN COURT", v, f.Links.Proceedings)
	s.figures("IN FIGURES", v, record.Ref{Kind: record.KindActor, ID: a.ID}, f.Links.Figures)
	s.statements("WHAT IS SAID", a.Statements)
	if f.Service != nil {
		s.statements("WHAT IS SAID OF THE SERVICE", f.Service.Statements)
		if n := len(f.Service.Tags); n > 0 {
			s.heading("ADDRESSES")
			s.para(2, fmt.Sprintf("%d claims about addresses are on record, in data/services/%s.yaml.", n, f.Service.ID))
		}
	}
	return s.end(w)
}

// ties lists the relations that an actor's own record states, or those that only the others'
// do in their words.
func (s *sheet) ties(title string, v *record.View, id string, list []record.Tie, own bool) {
	var rows [][]string
	for _, t := range list {
		other := t.To
		if !own {
			other = t.From
		}
		said := func(x record.Tie) bool { return x.From == t.To && x.To == t.From && x.How == t.How }
		if (t.From == id) == own && (own || !slices.ContainsFunc(list, said)) {
			rows = append(rows, []string{v.Name(other), t.How + " " + s.basis("", t.Confidence, t.Known, t.Source)})
		}
	}
	if len(rows) > 0 {
		s.heading("%s", title)
		s.table(2, rows)
	}
}

// thefts lists incidents, by time; of an actor's file, with how each stands to it.
func (s *sheet) thefts(title string, v *record.View, list []fundtrail.Incident, f *record.ActorFile) {
	if len(list) == 0 {
		return
	}
	s.heading("%s", title)
	var rows [][]string
	for _, in := range byDay(list) {
		text := in.Name
		if f != nil {
			switch v.Attributed(&in, f.Actor.ID, 0) {
			case record.Disputed:
				text += ", disputed"
			case record.Denied:
				text += ", only denied"
			}
		}
		rows = append(rows, []string{happened(&in), in.ID, losses(&in), text})
	}
	s.table(2, rows)
}
