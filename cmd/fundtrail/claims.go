package main

import (
	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/data"
)

// claims are the tags that a trace is given, by address.
type claims map[fundtrail.Address][]fundtrail.Tag

func (c claims) add(tags []fundtrail.Tag) {
	for _, t := range tags {
		c[t.Address] = append(c[t.Address], t)
	}
}

// recordedClaims returns what the curated records say of addresses. A thief's address
// is given the author of its theft, so that a trace goes on through addresses of the
// same author's other thefts and ends at those of another's.
func recordedClaims(s *subject) claims {
	c := claims{}
	c.add(data.Tags())
	own := map[string]bool{}
	authors := map[string]bool{}
	for _, in := range s.incidents {
		own[in.ID] = true
		for a := range authorsOf(in) {
			authors[a] = true
		}
	}
	same := map[string]string{} // incident -> the actor its tags name
	for _, in := range append(data.Tagged(), s.incidents...) {
		same[in.ID] = authorOf(in)
		if own[in.ID] || overlap(authors, authorsOf(in)) {
			same[in.ID] = s.actor
		}
	}
	tags := data.IncidentTags()
	for _, in := range s.incidents {
		if _, err := data.Incident(in.ID); err != nil {
			tags = append(tags, in.Addresses...) // a user's own record
		}
	}
	for _, t := range tags {
		if t.Role == fundtrail.RoleThief || t.Role == fundtrail.RoleIntermediary {
			t.Actor = same[t.Incident]
		}
		if t.Role == fundtrail.RoleVictim && !own[t.Incident] {
			t.Role = fundtrail.RoleUnstated // another theft's victim gets no refund here
		}
		c[t.Address] = append(c[t.Address], t)
	}
	return c
}

// authorOf names who did it, by the best supported claim; where nobody is named, the
// unknown author of that theft.
func authorOf(in fundtrail.Incident) string {
	best, author := fundtrail.Confidence(0), "unknown-author-of-"+in.ID
	for _, a := range in.Attributions {
		if !a.Denied && a.Confidence > best {
			best, author = a.Confidence, a.Actor
		}
	}
	return author
}

// authorsOf returns the parties that claims name as the authors, and those that the
// records tie to them: groups of one state share their ways of laundering.
func authorsOf(in fundtrail.Incident) map[string]bool {
	out := map[string]bool{}
	var tie func(id string)
	tie = func(id string) {
		if out[id] {
			return
		}
		out[id] = true
		a, err := data.Actor(id)
		if err != nil {
			return
		}
		for _, r := range a.Related {
			// A group and its state, not the mixers and people that it dealt with.
			if other, err := data.Actor(r.Actor); err == nil && (other.Category == "hacking" || other.ID == "dprk") {
				tie(other.ID)
			}
		}
	}
	for _, a := range in.Attributions {
		if !a.Denied {
			tie(a.Actor)
		}
	}
	if len(out) == 0 {
		out[authorOf(in)] = true
	}
	return out
}

func overlap(a, b map[string]bool) bool {
	for k := range a {
		if b[k] {
			return true
		}
	}
	return false
}
