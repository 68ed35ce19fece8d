package record

import (
	"slices"

	"github.com/fundtrail/fundtrail"
)

// A Standing is where a proceeding stands for one of its parties: the fold of its events.
// It has no sentences, so that it can be told in any language.
type Standing struct {
	Party  fundtrail.CourtParty
	Events []int // of the proceeding's events, those that concern the party, by time

	Charged   *fundtrail.CourtEvent // the last indictment, or complaint where there is none
	Custody   *fundtrail.CourtEvent // the last of arrested, released, detained, at-large; nil: nothing is stated
	Counts    []Count               // one a charge against the party, by count
	Trial     *fundtrail.CourtEvent // the last of trial-set and trial
	Hearing   *fundtrail.CourtEvent // the last hearing that was set
	Sentence  *fundtrail.CourtEvent
	Appeal    *fundtrail.CourtEvent
	Motion    *fundtrail.CourtEvent // the last motion
	Ruling    *fundtrail.CourtEvent // the last ruling
	Dismissed *fundtrail.CourtEvent // of the whole case
	LastSeen  *fundtrail.CourtEvent // where the sources end
}

// A Count is one charge against a party, and what became of it.
type Count struct {
	Charge  fundtrail.Charge
	Outcome fundtrail.CourtEventKind // charged, plea, guilty, hung, acquitted or dismissed
	Event   *fundtrail.CourtEvent    // that decided it; nil where none did
}

// Standings returns where a proceeding of the view stands for each party that anything is
// charged with or that events name: defendants first, in the record's order. A case
// without such parties has one standing, of nobody, with all its events.
func Standings(p *fundtrail.Proceeding) []Standing {
	var out []Standing
	for _, role := range []bool{true, false} {
		for _, party := range p.Parties {
			if (party.Role == "defendant") != role {
				continue
			}
			s := standing(p, party)
			if role || len(s.Events) > 0 && slices.ContainsFunc(s.Events, func(i int) bool { return slices.Contains(p.Events[i].Of, party.Actor) }) {
				out = append(out, s)
			}
		}
	}
	if len(out) == 0 {
		out = append(out, standing(p, fundtrail.CourtParty{}))
	}
	return out
}

func standing(p *fundtrail.Proceeding, party fundtrail.CourtParty) Standing {
	s := Standing{Party: party}
	for _, c := range p.Charges {
		if len(c.Against) == 0 && (party.Role == "defendant" || party.Role == "") || party.Actor != "" && slices.Contains(c.Against, party.Actor) {
			s.Counts = append(s.Counts, Count{Charge: c, Outcome: fundtrail.Charged})
		}
	}
	for i := range p.Events {
		e := &p.Events[i]
		nobody := party.Actor == "" && party.Name == ""
		if len(e.Of) == 0 || nobody || party.Actor != "" && slices.Contains(e.Of, party.Actor) {
			s.Events = append(s.Events, i)
			s.add(e)
		}
	}
	return s
}

// add folds one more event in.
func (s *Standing) add(e *fundtrail.CourtEvent) {
	switch e.What {
	case fundtrail.Charged:
		s.Charged = e
	case fundtrail.Complained:
		if s.Charged == nil || s.Charged.What == fundtrail.Complained {
			s.Charged = e
		}
	case fundtrail.Arrested, fundtrail.Released, fundtrail.Detained, fundtrail.AtLarge:
		s.Custody = e
	case fundtrail.TrialSet, fundtrail.Tried:
		s.Trial = e
	case fundtrail.HearingSet:
		s.Hearing = e
	case fundtrail.Pleaded, fundtrail.Convicted, fundtrail.Hung, fundtrail.Acquitted:
		s.decide(e)
	case fundtrail.Dismissed:
		s.decide(e)
		if len(e.Charges) == 0 {
			s.Dismissed = e
		}
	case fundtrail.Sentenced:
		s.Sentence = e
	case fundtrail.Appealed:
		s.Appeal = e
	case fundtrail.Moved:
		s.Motion = e
	case fundtrail.Ruled:
		s.Ruling = e
	}
	s.LastSeen = nil // what came after it was seen
	if e.What == fundtrail.LastSeen {
		s.LastSeen = e
	}
}

// decide notes an outcome: on the counts that the event names, on every one where it names
// none. A hung jury decides nothing that was decided before.
func (s *Standing) decide(e *fundtrail.CourtEvent) {
	for i := range s.Counts {
		c := &s.Counts[i]
		if len(e.Charges) == 0 || slices.Contains(e.Charges, c.Charge.Count) {
			c.Outcome, c.Event = e.What, e
		}
	}
}

// Decided reports whether a court decided anything about the party.
func (s *Standing) Decided() bool {
	return s.Sentence != nil || s.Dismissed != nil || slices.ContainsFunc(s.Counts, func(c Count) bool { return c.Event != nil })
}
