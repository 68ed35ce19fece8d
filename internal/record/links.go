package record

import (
	"slices"
	"strings"

	"github.com/fundtrail/fundtrail"
)

// Links are the records that name something, or that it names.
type Links struct {
	Incidents   []fundtrail.Incident
	Actions     []fundtrail.Action
	Proceedings []fundtrail.Proceeding
	Figures     []Cited
	Robbed      []fundtrail.Incident // of which an actor is the victim
	Actors      []Tie                // that an actor is related to, either way
}

// A Cited figure says which record it stands in.
type Cited struct {
	Record Ref
	fundtrail.Figure
}

// A Tie is a relation between two actors, as either record states it.
type Tie struct {
	From, To string
	fundtrail.Relation
}

// Of returns everything that is linked to a record, either way, each list in its own order.
func (v *View) Of(r Ref) Links {
	var l Links
	actorsOf := map[string]bool{}
	for _, s := range v.Services { // a service's actor is meant where the service is
		if r.Kind == KindService && s.ID == r.ID && s.Actor != "" {
			actorsOf[s.Actor] = true
		}
	}
	party := func(id string) bool {
		return (r.Kind == KindActor || r.Kind == KindService) && (id == r.ID || actorsOf[id])
	}
	for _, in := range v.Incidents {
		named := slices.ContainsFunc(in.Attributions, func(a fundtrail.AttributionClaim) bool { return party(a.Actor) })
		through := r.Kind == KindService && slices.ContainsFunc(in.Figures, func(f fundtrail.Figure) bool { return f.Through == r.ID })
		robbed := in.Victim.ID != "" && party(in.Victim.ID)
		switch {
		case r.Kind == KindAction && v.has(r.ID, in.ID), r.Kind == KindProceeding && v.has(r.ID, in.ID), named, through:
			l.Incidents = append(l.Incidents, in)
		case robbed:
			l.Robbed = append(l.Robbed, in)
		}
	}
	for _, a := range v.Actions {
		if r.Kind != KindAction && v.actionNames(&a, r, party) ||
			r.Kind == KindAction && a.ID != r.ID && v.relatedBy(r.ID, a.ID) {
			l.Actions = append(l.Actions, a)
		}
	}
	for _, p := range v.Proceedings {
		if p.ID == r.ID && r.Kind == KindProceeding {
			continue
		}
		if v.proceedingNames(&p, r, party) {
			l.Proceedings = append(l.Proceedings, p)
		}
	}
	l.Figures = v.figuresOf(r, party)
	if r.Kind == KindActor {
		for _, a := range v.Actors {
			for _, rel := range a.Related {
				if a.ID == r.ID || rel.Actor == r.ID {
					l.Actors = append(l.Actors, Tie{a.ID, rel.Actor, rel})
				}
			}
		}
	}
	return l
}

// has reports whether an action or a proceeding of the view names an incident.
func (v *View) has(id, incident string) bool {
	for i := range v.Actions {
		if v.Actions[i].ID == id {
			return slices.Contains(v.Actions[i].Incidents, incident)
		}
	}
	for i := range v.Proceedings {
		if v.Proceedings[i].ID == id {
			return slices.Contains(v.Proceedings[i].Incidents, incident)
		}
	}
	return false
}

func (v *View) actionNames(a *fundtrail.Action, r Ref, party func(string) bool) bool {
	switch r.Kind {
	case KindIncident:
		return slices.Contains(a.Incidents, r.ID) || slices.ContainsFunc(a.Figures, func(f fundtrail.Figure) bool { return f.Of == r.ID })
	case KindProceeding:
		return slices.Contains(a.Proceedings, r.ID) || v.relatedBy(r.ID, a.ID)
	}
	return slices.ContainsFunc(a.Of, party) ||
		slices.ContainsFunc(a.By, func(g fundtrail.Agency) bool { return g.Actor != "" && party(g.Actor) }) ||
		slices.ContainsFunc(a.Figures, func(f fundtrail.Figure) bool { return r.Kind == KindService && f.Through == r.ID })
}

func (v *View) proceedingNames(p *fundtrail.Proceeding, r Ref, party func(string) bool) bool {
	switch r.Kind {
	case KindIncident:
		return slices.Contains(p.Incidents, r.ID)
	case KindAction:
		return slices.Contains(p.Related, r.ID) || slices.ContainsFunc(v.Actions, func(a fundtrail.Action) bool {
			return a.ID == r.ID && slices.Contains(a.Proceedings, p.ID)
		})
	case KindProceeding:
		return slices.Contains(p.Related, r.ID) || v.relatedBy(r.ID, p.ID)
	}
	return slices.ContainsFunc(p.Parties, func(c fundtrail.CourtParty) bool { return c.Actor != "" && party(c.Actor) }) ||
		r.Kind == KindService && slices.Contains(p.Services, r.ID) || r.Kind == KindActor && slices.ContainsFunc(p.Services, func(id string) bool { return v.actorOf(id) == r.ID })
}

// actorOf is the actor of a service.
func (v *View) actorOf(service string) string {
	for i := range v.Services {
		if v.Services[i].ID == service {
			return v.Services[i].Actor
		}
	}
	return ""
}

// relatedBy reports whether a proceeding says that it is related to another record.
func (v *View) relatedBy(id, other string) bool {
	return slices.ContainsFunc(v.Proceedings, func(p fundtrail.Proceeding) bool {
		return p.ID == id && slices.Contains(p.Related, other) || p.ID == other && slices.Contains(p.Related, id)
	})
}

// figuresOf returns the figures about a record, those of the record itself included, in the
// order of the records they stand in.
func (v *View) figuresOf(r Ref, party func(string) bool) (out []Cited) {
	add := func(at Ref, list []fundtrail.Figure) {
		for _, f := range list {
			var about bool
			switch r.Kind {
			case KindIncident:
				about = f.Of == r.ID
			case KindActor:
				about = f.Actor != "" && party(f.Actor)
			case KindService:
				about = f.Through == r.ID
			}
			if at == r || about {
				out = append(out, Cited{at, f})
			}
		}
	}
	for i := range v.Incidents {
		add(Ref{KindIncident, v.Incidents[i].ID}, v.Incidents[i].Figures)
	}
	for i := range v.Services {
		add(Ref{KindService, v.Services[i].ID}, v.Services[i].Figures)
	}
	for i := range v.Actions {
		add(Ref{KindAction, v.Actions[i].ID}, v.Actions[i].Figures)
	}
	for i := range v.Proceedings {
		add(Ref{KindProceeding, v.Proceedings[i].ID}, v.Proceedings[i].Figures)
	}
	for i := range v.Publications {
		add(Ref{KindPublication, v.Publications[i].ID}, v.Publications[i].Figures)
	}
	return out
}

// The joins below add what is missing and keep the order of IDs.

func joinByID(a, b []fundtrail.Incident) []fundtrail.Incident {
	return joined(a, b, func(in fundtrail.Incident) string { return in.ID })
}

func joinActions(a, b []fundtrail.Action) []fundtrail.Action {
	return joined(a, b, func(x fundtrail.Action) string { return x.ID })
}

func joinProceedings(a, b []fundtrail.Proceeding) []fundtrail.Proceeding {
	return joined(a, b, func(x fundtrail.Proceeding) string { return x.ID })
}

func joined[T any](a, b []T, id func(T) string) []T {
	out := slices.Concat(a, b)
	slices.SortStableFunc(out, func(x, y T) int { return strings.Compare(id(x), id(y)) })
	return slices.CompactFunc(out, func(x, y T) bool { return id(x) == id(y) })
}

func uniqueFigures(a, b []Cited) []Cited {
	out := slices.Clone(a)
	for _, f := range b {
		if !slices.Contains(out, f) {
			out = append(out, f)
		}
	}
	return out
}
