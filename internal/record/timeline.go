package record

import (
	"cmp"
	"slices"

	"github.com/fundtrail/fundtrail"
)

// An Entry is one dated thing about what was asked.
type Entry struct {
	When   fundtrail.When
	What   string // "happened", "discovered", "disclosed", "attribution", "denial", "statement", an action's kind or a court event's
	Record Ref    // that it stands in
	Name   string // of the record
	Actor  string // whom an attribution names
	Of     []string
	Counts []int          // of a court event
	For    fundtrail.When // of a hearing or trial that is set
	Text   string         // the record's own sentence; "" where the fields say it all
	By     string

	Known      fundtrail.Known
	Confidence fundtrail.Confidence
	Source     fundtrail.Source
}

// Timeline returns everything dated about the records asked for, by time: their own claims,
// and those of the actions and proceedings that are linked to them; of an actor or a
// service, the thefts too. Each stands once.
func (v *View) Timeline(refs ...Ref) []Entry {
	t := timeline{v: v, seen: map[Ref]bool{}}
	for _, r := range refs {
		t.record(r)
		l := v.Of(r)
		for i := range l.Incidents {
			t.incident(&l.Incidents[i])
		}
		for i := range l.Robbed {
			t.incident(&l.Robbed[i])
		}
		for i := range l.Actions {
			t.action(&l.Actions[i])
		}
		for i := range l.Proceedings {
			t.proceeding(&l.Proceedings[i])
		}
	}
	slices.SortStableFunc(t.out, func(a, b Entry) int {
		return cmp.Or(cmpWhen(a.When, b.When), cmp.Compare(a.Record.String(), b.Record.String()), cmp.Compare(a.What, b.What), cmp.Compare(a.Text, b.Text))
	})
	return t.out
}

type timeline struct {
	v    *View
	seen map[Ref]bool
	out  []Entry
}

// once notes a record, and reports whether it is new.
func (t *timeline) once(kind Kind, id string) (Ref, bool) {
	r := Ref{kind, id}
	if t.seen[r] {
		return r, false
	}
	t.seen[r] = true
	return r, true
}

func (t *timeline) record(r Ref) {
	switch r.Kind {
	case KindIncident:
		for i := range t.v.Incidents {
			if t.v.Incidents[i].ID == r.ID {
				t.incident(&t.v.Incidents[i])
			}
		}
	case KindProceeding:
		for i := range t.v.Proceedings {
			if t.v.Proceedings[i].ID == r.ID {
				t.proceeding(&t.v.Proceedings[i])
			}
		}
	case KindAction:
		for i := range t.v.Actions {
			if t.v.Actions[i].ID == r.ID {
				t.action(&t.v.Actions[i])
			}
		}
	case KindActor:
		for i := range t.v.Actors {
			if a := &t.v.Actors[i]; a.ID == r.ID {
				if at, ok := t.once(KindActor, a.ID); ok {
					t.statements(at, a.Name, a.Statements)
				}
			}
		}
	case KindService:
		for i := range t.v.Services {
			if s := &t.v.Services[i]; s.ID == r.ID {
				if at, ok := t.once(KindService, s.ID); ok {
					t.statements(at, s.Name, s.Statements)
				}
			}
		}
	}
}

func (t *timeline) incident(in *fundtrail.Incident) {
	at, ok := t.once(KindIncident, in.ID)
	if !ok {
		return
	}
	for _, d := range in.Dates {
		t.out = append(t.out, Entry{
			When: fundtrail.When{From: d.From, To: d.To, Exact: d.Exact}, What: d.What, Record: at, Name: in.Name, Text: d.Note,
			Known: d.Known, Confidence: d.Confidence, Source: d.Source,
		})
	}
	for _, a := range in.Attributions {
		if a.Date.IsZero() {
			continue
		}
		e := Entry{
			When: whenOf(a.Date, a.Until), What: "attribution", Record: at, Name: in.Name, Actor: a.Actor, Text: a.Note, By: a.By,
			Known: a.Known, Confidence: a.Confidence, Source: a.Source,
		}
		if a.Denied {
			e.What = "denial"
		}
		t.out = append(t.out, e)
	}
	t.statements(at, in.Name, in.How)
	t.statements(at, in.Name, in.Statements)
}

func (t *timeline) statements(at Ref, name string, list []fundtrail.Statement) {
	for _, s := range list {
		if s.Date.IsZero() {
			continue
		}
		t.out = append(t.out, Entry{
			When: whenOf(s.Date, s.Until), What: "statement", Record: at, Name: name, Text: s.Text, By: s.By,
			Known: s.Known, Confidence: s.Confidence, Source: s.Source,
		})
	}
}

func (t *timeline) action(a *fundtrail.Action) {
	at, ok := t.once(KindAction, a.ID)
	if !ok {
		return
	}
	var by []string
	for _, g := range a.By {
		by = append(by, cmp.Or(g.Name, t.v.Name(g.Actor)))
	}
	e := Entry{
		When: a.When, What: string(a.Kind), Record: at, Name: a.Name, Of: a.Of, Text: cmp.Or(a.Summary, a.Name), By: list(by),
		Known: a.Known, Confidence: a.Confidence, Source: a.Source,
	}
	t.out = append(t.out, e)
	t.statements(at, a.Name, a.Statements)
}

func (t *timeline) proceeding(p *fundtrail.Proceeding) {
	at, ok := t.once(KindProceeding, p.ID)
	if !ok {
		return
	}
	for _, e := range p.Events {
		t.out = append(t.out, Entry{
			When: e.When, What: string(e.What), Record: at, Name: p.Name, Of: e.Of, Counts: e.Charges, For: e.Expected, Text: e.Text, By: e.By,
			Known: e.Known, Confidence: e.Confidence, Source: e.Source,
		})
	}
	t.statements(at, p.Name, p.Statements)
}

// list joins names as a sentence does.
func list(words []string) string {
	switch n := len(words); n {
	case 0:
		return ""
	case 1:
		return words[0]
	default:
		s := words[0]
		for _, w := range words[1 : n-1] {
			s += ", " + w
		}
		return s + " and " + words[n-1]
	}
}
