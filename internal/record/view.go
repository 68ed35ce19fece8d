package record

import (
	"slices"
	"time"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/data"
)

// A View is the book as of a day and as known by a day. It holds no claim that was not
// public by KnownBy, and nothing that had not happened by the end of AsOf.
type View struct {
	AsOf    time.Time // a day; zero: no limit
	KnownBy time.Time // a day; zero: no limit
	data.Contents

	book *Book
}

// At returns the view of two days, each meant to its end. The zero time is no limit.
//
// An incident is there when it had happened and at least one claim about it was known. What
// is told of it in prose, its summary, is left out as soon as one of its claims is, for it
// may tell of that. Relations between actors begin on the day on which they were first told,
// as far as that is known; the names of things have no first clock.
func (b *Book) At(asOf, knownBy time.Time) *View {
	v := &View{AsOf: asOf, KnownBy: knownBy, book: b}
	for i := range b.Incidents {
		if in, ok := v.incident(&b.Incidents[i]); ok {
			v.Incidents = append(v.Incidents, in)
		}
	}
	for i := range b.Proceedings {
		if p, ok := v.proceeding(&b.Proceedings[i]); ok {
			v.Proceedings = append(v.Proceedings, p)
		}
	}
	for i := range b.Actions {
		if a, ok := v.action(&b.Actions[i]); ok {
			v.Actions = append(v.Actions, a)
		}
	}
	for i := range b.Publications {
		p := b.Publications[i]
		p.Figures, p.Statements = v.figures(p.Figures), v.statements(p.Statements)
		if len(p.Figures)+len(p.Statements) > 0 || len(b.Publications[i].Figures) == 0 && v.knew(p.Known) {
			v.Publications = append(v.Publications, p)
		}
	}
	for _, a := range b.Actors {
		a.Related = keep(a.Related, func(r fundtrail.Relation) bool {
			return v.knew(r.Known) && (r.Known.Basis == fundtrail.KnownRetrieved || v.was(r.Known.On))
		})
		a.Statements = v.statements(a.Statements)
		v.Actors = append(v.Actors, a)
	}
	for _, s := range b.Services {
		n := len(s.Figures) + len(s.Statements)
		s.Tags = v.tags(s.Tags)
		s.Figures, s.Statements = v.figures(s.Figures), v.statements(s.Statements)
		if len(s.Figures)+len(s.Statements) < n {
			s.Summary = ""
		}
		v.Services = append(v.Services, s)
	}
	return v
}

// knew reports whether a claim was public.
func (v *View) knew(k fundtrail.Known) bool { return v.KnownBy.IsZero() || !k.On.After(v.KnownBy) }

// was reports whether something had happened, or begun; what has no day always had.
func (v *View) was(t time.Time) bool {
	return v.AsOf.IsZero() || t.IsZero() || t.Before(v.AsOf.AddDate(0, 0, 1))
}

// keep returns what passes, in an array of its own where something does not.
func keep[T any](list []T, pass func(T) bool) []T {
	if !slices.ContainsFunc(list, func(x T) bool { return !pass(x) }) {
		return list
	}
	var out []T
	for _, x := range list {
		if pass(x) {
			out = append(out, x)
		}
	}
	return out
}

func (v *View) figures(list []fundtrail.Figure) []fundtrail.Figure {
	return keep(list, func(f fundtrail.Figure) bool { return v.knew(f.Known) && v.was(happened(&f)) })
}

// happened is when what a figure counts was, or began. A sentence or a seizure that states
// no day of its own is of no later one than that on which it was known, and cannot be said
// to have been before.
func happened(f *fundtrail.Figure) time.Time {
	if f.Period.IsZero() && f.What.Outcome() {
		return f.Known.On
	}
	return f.Period.From
}

func (v *View) statements(list []fundtrail.Statement) []fundtrail.Statement {
	return keep(list, func(s fundtrail.Statement) bool { return v.knew(s.Known) && v.was(s.Date) })
}

func (v *View) tags(list []fundtrail.Tag) []fundtrail.Tag {
	return keep(list, func(t fundtrail.Tag) bool { return v.knew(t.Known) })
}

func (v *View) incident(full *fundtrail.Incident) (in fundtrail.Incident, ok bool) {
	in = *full
	if !v.was(full.Happened) {
		return in, false
	}
	in.Dates = keep(in.Dates, func(d fundtrail.DateClaim) bool { return v.knew(d.Known) && v.was(d.From) })
	in.Losses = keep(in.Losses, func(l fundtrail.LossClaim) bool { return v.knew(l.Known) })
	in.Attributions = keep(in.Attributions, func(a fundtrail.AttributionClaim) bool { return v.knew(a.Known) && v.was(a.Date) })
	in.Figures, in.Addresses = v.figures(in.Figures), v.tags(in.Addresses)
	in.How, in.Statements = v.statements(in.How), v.statements(in.Statements)
	settle(&in)
	claims := func(in *fundtrail.Incident) int {
		return len(in.Dates) + len(in.Losses) + len(in.Attributions) + len(in.Figures) + len(in.Addresses) + len(in.How) + len(in.Statements)
	}
	victim := v.knew(in.VictimKnown)
	if claims(&in) == 0 && (!victim || claims(full) > 0) {
		return in, false
	}
	// The day on which somebody read the victim's name is no more than the latest on which it
	// can have been known: whoever spoke of this theft knew who was robbed.
	if !victim && in.VictimKnown.Basis != fundtrail.KnownRetrieved {
		in.Victim, in.Kind = fundtrail.Actor{}, ""
	}
	if claims(&in) < claims(full) {
		in.Summary = ""
	}
	if !v.KnownBy.IsZero() {
		in.Sources = cited(&in)
	}
	return in, true
}

// cited are the sources of the claims that are left, by URL and title.
func cited(in *fundtrail.Incident) []fundtrail.Source {
	var out []fundtrail.Source
	for _, s := range in.Sources {
		if slices.ContainsFunc(in.Dates, func(c fundtrail.DateClaim) bool { return c.Source == s }) ||
			slices.ContainsFunc(in.Losses, func(c fundtrail.LossClaim) bool { return c.Source == s }) ||
			slices.ContainsFunc(in.Attributions, func(c fundtrail.AttributionClaim) bool { return c.Source == s }) ||
			slices.ContainsFunc(in.Figures, func(c fundtrail.Figure) bool { return c.Source == s }) ||
			slices.ContainsFunc(in.Addresses, func(c fundtrail.Tag) bool { return c.Source == s }) ||
			slices.ContainsFunc(slices.Concat(in.How, in.Statements), func(c fundtrail.Statement) bool { return c.Source == s }) {
			out = append(out, s)
		}
	}
	return out
}

func (v *View) proceeding(full *fundtrail.Proceeding) (p fundtrail.Proceeding, ok bool) {
	p = *full
	begun := len(full.Events) == 0 || v.was(full.Events[0].When.From)
	p.Events = keep(p.Events, func(e fundtrail.CourtEvent) bool { return v.knew(e.Known) && v.was(e.When.From) })
	// Who is charged with what is so from the paper that says it: its day is when they were known.
	p.Parties = keep(p.Parties, func(c fundtrail.CourtParty) bool { return v.knew(c.Known) && v.acted(c.Known) })
	p.Charges = keep(p.Charges, func(c fundtrail.Charge) bool { return v.knew(c.Known) && v.acted(c.Known) })
	p.Figures, p.Statements = v.figures(p.Figures), v.statements(p.Statements)
	left := func(p *fundtrail.Proceeding) int {
		return len(p.Events) + len(p.Parties) + len(p.Charges) + len(p.Figures) + len(p.Statements)
	}
	if !begun || left(&p) == 0 && !v.knew(p.Known) {
		return p, false
	}
	if left(&p) < left(full) {
		p.Summary = ""
	}
	return p, true
}

// acted reports whether the public act that a claim rests on had been.
func (v *View) acted(k fundtrail.Known) bool { return k.Basis != fundtrail.KnownAct || v.was(k.On) }

func (v *View) action(full *fundtrail.Action) (a fundtrail.Action, ok bool) {
	a = *full
	if !v.was(a.When.From) || !v.knew(a.Known) {
		return a, false
	}
	a.By = keep(a.By, func(g fundtrail.Agency) bool { return v.knew(g.Known) })
	a.Addresses, a.Figures, a.Statements = v.tags(a.Addresses), v.figures(a.Figures), v.statements(a.Statements)
	return a, true
}

// whenOf is the time of a claim that keeps a day and, where it may be a later one, an end.
func whenOf(from, until time.Time) fundtrail.When {
	if until.IsZero() {
		until = from
	}
	return fundtrail.When{From: from, To: until}
}
