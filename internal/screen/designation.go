package screen

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/fundtrail/fundtrail"
)

// A holder is a party's content that bears what was asked about: an address, or the
// party itself.
type holder struct {
	party  uint32
	wallet int32 // the index in the party's wallets, or -1
	tagged bool  // the wallet is an account behind the address, told apart by a tag
}

// A run is a designation, and where it stood: without a gap in a timeline from one place
// to another.
type run struct {
	designation *fundtrail.Designation
	sequence    int
	from, to    int32 // positions in the sequence, to is the last
	holders     []holder
	stated      time.Time // the day since which the list itself says it has it, or zero
}

// derive makes the designations that follow for what the holders bear from one list's
// versions, by what was known. They are ordered by UID, then time.
//
// A version may hold the wallet and name no party (a snapshot of addresses). Then it is
// the wallet of the parties that the version nearest in time names for it: by the days
// of publication, the earlier of two equally near.
func (x *Index) derive(scope *scopeIndex, sequence int, holders []holder, known time.Time) []run {
	s := scope.sequences[sequence]
	standing, named := x.standing(scope, sequence, holders, known)
	if len(named) == 0 && !slices.ContainsFunc(standing, func(hs []holder) bool { return len(hs) > 0 }) {
		return nil
	}
	var done, open []run
	line := s.at(known)
	for _, position := range line {
		var still []run
		for _, bearers := range x.byParty(s, standing, named, int(position)) {
			uid := x.uid(bearers[0])
			k := slices.IndexFunc(open, func(r run) bool { return x.uid(r.holders[0]) == uid })
			r := run{sequence: sequence, from: position, stated: x.history.Parties[bearers[0].party].Listed}
			if k >= 0 {
				r = open[k]
				open = slices.Delete(open, k, k+1)
			}
			r.to, r.holders = position, bearers
			still = append(still, r)
		}
		done = append(done, open...)
		open = still
	}
	done = append(done, open...)
	for i := range done {
		done[i].designation = x.designation(s, line, standing, &done[i])
	}
	slices.SortFunc(done, func(a, b run) int {
		return cmp.Or(strings.Compare(a.designation.Party.UID, b.designation.Party.UID), cmp.Compare(a.from, b.from))
	})
	return done
}

// standing lists by position which holders a sequence's versions have, of those that
// were known, and the positions that name a party.
func (x *Index) standing(scope *scopeIndex, sequence int, holders []holder, known time.Time) (standing [][]holder, named []int) {
	s := scope.sequences[sequence]
	standing = make([][]holder, len(s.versions))
	for _, h := range holders {
		for _, sp := range scope.spans.of(h.party) {
			if int(sp.sequence) != sequence {
				continue
			}
			for p := int(sp.from); p <= int(sp.to); p++ {
				if s.knew(p, known) {
					standing[p] = append(standing[p], h)
				}
			}
		}
	}
	for p, hs := range standing {
		if slices.ContainsFunc(hs, func(h holder) bool { return x.uid(h) != "" }) {
			named = append(named, p)
		}
	}
	return standing, named
}

// byParty groups what stands at a position by party: those named there, else those that
// the nearest version names, else nobody.
func (x *Index) byParty(s *sequence, standing [][]holder, named []int, position int) [][]holder {
	here := standing[position]
	if len(here) == 0 {
		return nil
	}
	from := here
	if !slices.ContainsFunc(here, func(h holder) bool { return x.uid(h) != "" }) {
		if near := nearest(s, named, position); near >= 0 {
			from = standing[near]
		}
	}
	var groups [][]holder
	for _, h := range from {
		uid := x.uid(h)
		if uid == "" && len(named) > 0 {
			continue // the same wallet, once with its party and once without
		}
		k := slices.IndexFunc(groups, func(g []holder) bool { return x.uid(g[0]) == uid })
		if k < 0 {
			groups = append(groups, []holder{h})
		} else {
			groups[k] = append(groups[k], h)
		}
	}
	return groups
}

// nearest returns the position nearest in time among those given, ascending, or -1.
func nearest(s *sequence, positions []int, to int) int {
	best, least := -1, time.Duration(0)
	for _, p := range positions {
		d := s.versions[p].Published.Sub(s.versions[to].Published).Abs()
		if best < 0 || d < least {
			best, least = p, d
		}
	}
	return best
}

// uid tells parties of a list apart. A party without the list's identifier is told by
// its main name, and one without either is nobody.
func (x *Index) uid(h holder) string {
	p := &x.history.Parties[h.party]
	if p.UID != "" || len(p.Names) == 0 {
		return p.UID
	}
	return "\x00" + p.Names[0].Text
}

// designation fills in the two clocks of a run.
func (x *Index) designation(s *sequence, line timeline, standing [][]holder, r *run) *fundtrail.Designation {
	first, _ := slices.BinarySearch(line, r.from)
	last, _ := slices.BinarySearch(line, r.to)
	d := &fundtrail.Designation{List: s.list, Listed: s.versions[r.from].Published}
	if first > 0 {
		d.ListedAfter = s.versions[line[first-1]].Published
	}
	if last+1 < len(line) {
		d.Delisted = s.versions[line[last+1]].Published
		d.DelistedAfter = s.versions[r.to].Published
	}
	for p := r.from; p <= r.to; p++ {
		if len(standing[p]) == 0 {
			continue
		}
		at := s.versions[p].Received
		if d.FirstSeen.IsZero() || at.Before(d.FirstSeen) {
			d.FirstSeen = at
		}
		if at.After(d.LastSeen) {
			d.LastSeen = at
		}
	}
	d.Party = x.partyOf(r.holders[0])
	d.Source = source(s.versions[r.to])
	return d
}

// partyOf is the party's content. A snapshot of addresses alone is not a party that has
// them all.
func (x *Index) partyOf(h holder) fundtrail.Party {
	p := x.history.Parties[h.party]
	if p.UID == "" && len(p.Names) == 0 && h.wallet >= 0 {
		p.Wallets = p.Wallets[h.wallet : h.wallet+1 : h.wallet+1]
	}
	return p
}

// source is what a reader needs to check the version again.
func source(v *fundtrail.ListVersion) fundtrail.Source {
	title := v.List
	if v.Format != "" {
		title += ", " + v.Format
	}
	return fundtrail.Source{Title: title, Published: v.Published, Retrieved: v.Received, SHA256: v.SHA256}
}
