package record

import (
	"fmt"
	"slices"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/data"
)

// A Kind is a kind of record.
type Kind string

const (
	KindIncident    Kind = "incident"
	KindActor       Kind = "actor"
	KindService     Kind = "service"
	KindProceeding  Kind = "proceeding"
	KindAction      Kind = "action"
	KindPublication Kind = "publication"
)

// kinds is the order in which a word is looked for.
var kinds = []Kind{KindIncident, KindActor, KindService, KindProceeding, KindAction, KindPublication}

// Folder is where records of the kind stand.
func (k Kind) Folder() string {
	switch k {
	case KindProceeding:
		return "docket"
	case KindPublication:
		return "figures"
	}
	return string(k) + "s"
}

// A Ref names a record.
type Ref struct {
	Kind Kind
	ID   string
}

// String returns the record's folder and ID.
func (r Ref) String() string { return r.Kind.Folder() + "/" + r.ID }

// Incident, Proceeding and the others find a record by its ID, a name or an alias, in any
// case. The error wraps [fundtrail.ErrNotFound] and names what comes near.
func (v *View) Incident(id string) (fundtrail.Incident, error) {
	return find(v, KindIncident, id, v.Incidents, func(in fundtrail.Incident) []string { return names(in.ID, in.Name, in.Aliases) })
}

func (v *View) Proceeding(id string) (fundtrail.Proceeding, error) {
	return find(v, KindProceeding, id, v.Proceedings, func(p fundtrail.Proceeding) []string { return names(p.ID, p.Name, p.Aliases) })
}

func (v *View) Action(id string) (fundtrail.Action, error) {
	return find(v, KindAction, id, v.Actions, func(a fundtrail.Action) []string { return names(a.ID, "", a.Aliases) })
}

func (v *View) Actor(id string) (fundtrail.Actor, error) {
	return find(v, KindActor, id, v.Actors, func(a fundtrail.Actor) []string { return names(a.ID, a.Name, a.Aliases) })
}

func (v *View) Service(id string) (data.Service, error) {
	return find(v, KindService, id, v.Services, func(s data.Service) []string { return names(s.ID, s.Name, nil) })
}

// find looks in the view, and says of what the book has and the view has not that it is
// the day that hides it.
func find[T any](v *View, kind Kind, id string, list []T, names func(T) []string) (T, error) {
	got, err := data.Find(string(kind), id, list, names)
	if err == nil {
		return got, nil
	}
	if _, all := data.Find(string(kind), id, v.book.all(kind), func(n []string) []string { return n }); all == nil {
		err = fmt.Errorf("%s %q: not on record%s: %w", kind, id, v.Clocks(), fundtrail.ErrNotFound)
	}
	return got, err
}

// Clocks says which days the view is of, to stand after a noun: " as of 2023-12-09".
func (v *View) Clocks() (s string) {
	if !v.AsOf.IsZero() {
		s += " as of " + day(v.AsOf)
	}
	if !v.KnownBy.IsZero() {
		s += " as known by " + day(v.KnownBy)
	}
	return s
}

func names(id, name string, aliases []string) []string {
	out := []string{id}
	if name != "" {
		out = append(out, name)
	}
	return append(out, aliases...)
}

// all returns the names of every record of a kind in the book, the ID first.
func (b *Book) all(kind Kind) (out [][]string) {
	switch kind {
	case KindIncident:
		for _, in := range b.Incidents {
			out = append(out, names(in.ID, "", in.Aliases))
		}
	case KindActor:
		for _, a := range b.Actors {
			out = append(out, names(a.ID, a.Name, a.Aliases))
		}
	case KindService:
		for _, s := range b.Services {
			out = append(out, names(s.ID, s.Name, nil))
		}
	case KindProceeding:
		for _, p := range b.Proceedings {
			out = append(out, names(p.ID, p.Name, p.Aliases))
		}
	case KindAction:
		for _, a := range b.Actions {
			out = append(out, names(a.ID, "", a.Aliases))
		}
	case KindPublication:
		for _, p := range b.Publications {
			out = append(out, names(p.ID, p.Name, nil))
		}
	}
	return out
}

// Resolve returns every record of the book that goes by a word: the mixer Sinbad is an
// actor and a service. The error wraps [fundtrail.ErrNotFound] and names what comes near.
func (b *Book) Resolve(word string, among ...Kind) ([]Ref, error) {
	if len(among) == 0 {
		among = kinds
	}
	var out []Ref
	var every [][]string
	for _, kind := range among {
		list := b.all(kind)
		if got, err := data.Find("", word, list, func(n []string) []string { return n }); err == nil {
			out = append(out, Ref{kind, got[0]})
		}
		every = append(every, list...)
	}
	if len(out) == 0 {
		_, err := data.Find("record", word, every, func(n []string) []string { return n })
		return nil, err
	}
	return out, nil
}

// Words returns the IDs of the records of some kinds, sorted, each once.
func (b *Book) Words(among ...Kind) []string {
	var out []string
	for _, kind := range among {
		for _, names := range b.all(kind) {
			out = append(out, names[0])
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Name returns what an actor, a service, an incident or a case is called; its ID where it
// is not on record.
func (v *View) Name(id string) string {
	for i := range v.book.Actors {
		if v.book.Actors[i].ID == id {
			return v.book.Actors[i].Name
		}
	}
	for i := range v.book.Services {
		if v.book.Services[i].ID == id {
			return v.book.Services[i].Name
		}
	}
	for i := range v.book.Incidents {
		if v.book.Incidents[i].ID == id {
			return v.book.Incidents[i].Name
		}
	}
	for i := range v.book.Proceedings {
		if v.book.Proceedings[i].ID == id {
			return v.book.Proceedings[i].Name
		}
	}
	return id
}

// Ties returns the actors that a word means as the author of thefts, sorted: the actor and,
// where it is a state, every group that the records tie to it, directly or through another
// group. It is how sums by attribution are defined, and has no clock: that the Lazarus Group
// belongs to the DPRK is not a claim about a theft. People, companies and mixers that dealt
// with a group are not the group. Of a group it is the group alone: claims keep the name
// that their author used.
func (b *Book) Ties(id string) []string {
	byID := map[string]*fundtrail.Actor{}
	for i := range b.Actors {
		byID[b.Actors[i].ID] = &b.Actors[i]
	}
	in := map[string]bool{id: true}
	if a := byID[id]; a == nil || a.Category != "organization" {
		return sortedKeys(in)
	}
	for grown := true; grown; {
		grown = false
		for other, a := range byID {
			if in[other] || a.Category != "hacking" {
				continue
			}
			tied := slices.ContainsFunc(a.Related, func(r fundtrail.Relation) bool { return in[r.Actor] })
			for known := range in {
				tied = tied || byID[known] != nil && slices.ContainsFunc(byID[known].Related, func(r fundtrail.Relation) bool { return r.Actor == other })
			}
			if tied {
				in[other], grown = true, true
			}
		}
	}
	return sortedKeys(in)
}

// best returns the claim with the highest confidence, the first in the record of those that
// are equally sure: their order is the record's author's.
func best[T any](list []T, pass func(T) bool, confidence func(T) fundtrail.Confidence) (out T, ok bool) {
	for _, x := range list {
		if pass(x) && (!ok || confidence(x) > confidence(out)) {
			out, ok = x, true
		}
	}
	return out, ok
}

// BestAttribution returns the surest claim of who did it; a denial is none.
func BestAttribution(in *fundtrail.Incident) (fundtrail.AttributionClaim, bool) {
	return best(in.Attributions, func(a fundtrail.AttributionClaim) bool { return !a.Denied },
		func(a fundtrail.AttributionClaim) fundtrail.Confidence { return a.Confidence })
}
