package brief

import (
	"slices"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/record"
)

// A scope is what of the records a topic touches, in the order of the records.
type scope struct {
	incidents   []*fundtrail.Incident
	actions     []*fundtrail.Action
	proceedings []*fundtrail.Proceeding
	mixers      map[string]bool // services
	actors      []string        // the topic's own
}

// newScope takes the incidents that somebody attributes to the topic's actors, also where
// somebody else denies it, but not those that are only denied; the services that records tie to those incidents or actors; and the
// acts and cases that name any of them. Without a topic it takes everything.
func newScope(r *record.View, topic string, actors []string) scope {
	s := scope{mixers: map[string]bool{}, actors: actors}
	all := topic == ""
	in := map[string]bool{}
	for i := range r.Incidents {
		incident := &r.Incidents[i]
		if all || slices.ContainsFunc(incident.Attributions, func(a fundtrail.AttributionClaim) bool {
			return !a.Denied && slices.Contains(s.actors, a.Actor)
		}) {
			in[incident.ID] = true
			s.incidents = append(s.incidents, incident)
		}
	}
	near := nearTo(r, s.actors)
	ours := func(ids []string) bool { return slices.ContainsFunc(ids, func(id string) bool { return near[id] }) }
	theirs := func(ids []string) bool { return slices.ContainsFunc(ids, func(id string) bool { return in[id] }) }
	service := map[string]string{} // by id and by actor
	for _, v := range r.Services {
		service[v.ID] = v.ID
		if v.Actor != "" && service[v.Actor] == "" {
			service[v.Actor] = v.ID
		}
	}
	tie := func(figures []fundtrail.Figure) {
		for _, f := range figures {
			if f.Through != "" && (in[f.Of] || slices.Contains(s.actors, f.Actor)) {
				s.mixers[f.Through] = true
			}
		}
	}
	for i := range r.Incidents {
		tie(r.Incidents[i].Figures)
	}
	for _, v := range r.Services {
		tie(v.Figures)
		if all {
			s.mixers[v.ID] = true
		}
	}
	for i := range r.Actions {
		a := &r.Actions[i]
		tie(a.Figures)
		if ours(a.Of) || theirs(a.Incidents) {
			for _, id := range a.Of {
				if v := service[id]; v != "" {
					s.mixers[v] = true
				}
			}
		}
	}
	touches := func(ids []string) bool {
		return slices.ContainsFunc(ids, func(id string) bool { return s.mixers[id] || s.mixers[service[id]] })
	}
	people := map[string]bool{}
	for i := range r.Proceedings {
		p := &r.Proceedings[i]
		var parties []string
		for _, party := range p.Parties {
			parties = append(parties, party.Actor)
		}
		if all || theirs(p.Incidents) || ours(parties) || touches(p.Services) || touches(parties) {
			s.proceedings = append(s.proceedings, p)
			for _, party := range p.Parties {
				if party.Role == "defendant" {
					people[party.Actor] = true
				}
			}
		}
	}
	for i := range r.Actions {
		a := &r.Actions[i]
		if all || ours(a.Of) || theirs(a.Incidents) || touches(a.Of) || slices.ContainsFunc(a.Of, func(id string) bool { return people[id] }) ||
			slices.ContainsFunc(s.proceedings, func(p *fundtrail.Proceeding) bool {
				return slices.Contains(a.Proceedings, p.ID) || slices.Contains(p.Related, a.ID)
			}) {
			s.actions = append(s.actions, a)
		}
	}
	return s
}

// nearTo are the topic's actors and those whom a record relates to one of them: who launders
// for a group is not the group, but what is done about him is of the topic.
func nearTo(r *record.View, actors []string) map[string]bool {
	near := map[string]bool{}
	for _, id := range actors {
		near[id] = true
	}
	for i := range r.Actors {
		a := &r.Actors[i]
		for _, rel := range a.Related {
			if slices.Contains(actors, rel.Actor) {
				near[a.ID] = true
			}
			if slices.Contains(actors, a.ID) {
				near[rel.Actor] = true
			}
		}
	}
	return near
}
