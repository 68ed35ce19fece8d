package screen

import (
	"bytes"
	"cmp"
	"math/bits"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/fundtrail/fundtrail"
)

// EndOfDay is the last moment of the day, in UTC. What a list published on a day stood
// on that day; to ask what was known by a day's end, pass this as [Question.Known].
func EndOfDay(day time.Time) time.Time {
	y, m, d := day.UTC().Date()
	return time.Date(y, m, d+1, 0, 0, 0, 0, time.UTC).Add(-time.Nanosecond)
}

// KnownBy is the history as it was known at a moment: the versions received until then.
// An index of it answers as one did then, byte for byte, which [Question.Known] does for
// addresses alone: the score of a name also depends on how rare its words are in all that
// was received.
func KnownBy(h *fundtrail.ListHistory, moment time.Time) *fundtrail.ListHistory {
	then := &fundtrail.ListHistory{}
	kept := map[uint32]uint32{}
	for i, v := range h.Versions {
		if v.Received.After(moment) {
			continue
		}
		var members []uint32
		for _, p := range h.Members[i] {
			id, ok := kept[p]
			if !ok {
				id = uint32(len(then.Parties))
				kept[p] = id
				then.Parties = append(then.Parties, h.Parties[p])
			}
			members = append(members, id)
		}
		slices.Sort(members)
		then.Versions = append(then.Versions, v)
		then.Members = append(then.Members, members)
	}
	return then
}

// A sequence is the versions of one list that cover one scope, each after those that
// it takes precedence over: by day of publication, then coverage, then receipt. What
// takes precedence by coverage does so among versions published at one moment.
type sequence struct {
	list     string
	versions []*fundtrail.ListVersion
	places   []int     // of versions in the history
	whole    timeline  // when everything received is known
	first    time.Time // when the list's first version was received, whatever it covers
	scope    fundtrail.ListScope
}

// A timeline is the positions of a sequence that answer for some day, ascending: of
// versions published at one moment the last. All of them were known at one time.
type timeline []int32

// newSequence collects a list's versions that cover the scope.
func newSequence(h *fundtrail.ListHistory, list string, scope fundtrail.ListScope) *sequence {
	s := &sequence{list: list, scope: scope}
	met := false
	for i := range h.Versions {
		v := &h.Versions[i]
		if v.List != list {
			continue
		}
		if !met || v.Received.Before(s.first) {
			s.first, met = v.Received, true
		}
		if v.Covers&scope != 0 {
			s.places = append(s.places, i)
		}
	}
	slices.SortFunc(s.places, func(a, b int) int { return precedence(&h.Versions[a], &h.Versions[b]) })
	for _, i := range s.places {
		s.versions = append(s.versions, &h.Versions[i])
	}
	s.whole = s.timeline(time.Time{})
	return s
}

// precedence orders versions of a list: the later answers where both could. The digest
// decides where nothing else does, so that the order in which versions arrive never
// shows.
func precedence(a, b *fundtrail.ListVersion) int {
	return cmp.Or(
		a.Published.Compare(b.Published),
		cmp.Compare(bits.OnesCount8(uint8(a.Covers)), bits.OnesCount8(uint8(b.Covers))),
		a.Received.Compare(b.Received),
		bytes.Compare(a.SHA256[:], b.SHA256[:]),
		strings.Compare(a.Format, b.Format),
	)
}

// knew reports whether the version at a position had been received.
func (s *sequence) knew(position int, known time.Time) bool {
	return known.IsZero() || !s.versions[position].Received.After(known)
}

// effective returns the position of the version that answers for the day, by what was
// known, or -1 when none does. A zero day is the newest version's.
func (s *sequence) effective(day, known time.Time) int {
	i := len(s.versions)
	if !day.IsZero() {
		end := EndOfDay(day)
		i = sort.Search(i, func(i int) bool { return s.versions[i].Published.After(end) })
	}
	for i--; i >= 0 && !s.knew(i, known); i-- {
	}
	return i
}

// timeline lists what answers for some day by what was known.
func (s *sequence) timeline(known time.Time) timeline {
	var t timeline
	for i := range s.versions {
		if !s.knew(i, known) {
			continue
		}
		if n := len(t); n > 0 && s.versions[t[n-1]].Published.Equal(s.versions[i].Published) {
			t = t[:n-1]
		}
		t = append(t, int32(i))
	}
	return t
}

// at returns the timeline for what was known; that of everything is kept.
func (s *sequence) at(known time.Time) timeline {
	if known.IsZero() {
		return s.whole
	}
	return s.timeline(known)
}

// A span is a run of positions in one sequence at which a party's content stands.
type span struct {
	sequence int32
	from, to int32 // to is the last
}

// spans are the spans of every party's content, by its index in the history.
type spans struct {
	start []uint32
	all   []span
}

// of returns the spans of one party's content, by sequence, then position.
func (s *spans) of(party uint32) []span { return s.all[s.start[party]:s.start[party+1]] }

// newSpans reads the members of every version once. Content that stands in version after
// version is one span, so that fifty versions cost little more than one.
func newSpans(h *fundtrail.ListHistory, sequences []*sequence) *spans {
	type piece struct {
		party uint32
		span
	}
	var pieces []piece
	last := make([]int32, len(h.Parties)) // 1 + the party's latest piece
	for n, s := range sequences {
		for position, place := range s.places {
			if place >= len(h.Members) {
				continue
			}
			for _, p := range h.Members[place] {
				if int(p) >= len(last) {
					continue
				}
				if i := last[p] - 1; i >= 0 && pieces[i].sequence == int32(n) && pieces[i].to >= int32(position)-1 {
					pieces[i].to = int32(position)
					continue
				}
				pieces = append(pieces, piece{p, span{int32(n), int32(position), int32(position)}})
				last[p] = int32(len(pieces))
			}
		}
	}
	out := &spans{start: make([]uint32, len(h.Parties)+1), all: make([]span, len(pieces))}
	for _, p := range pieces {
		out.start[p.party+1]++
	}
	for i := range h.Parties {
		out.start[i+1] += out.start[i]
	}
	next := slices.Clone(out.start)
	for _, p := range pieces {
		out.all[next[p.party]] = p.span
		next[p.party]++
	}
	return out
}

// holds reports whether the party's content stands at the position of the sequence.
func (s *spans) holds(party uint32, sequence, position int) bool {
	for _, sp := range s.of(party) {
		if int(sp.sequence) == sequence && int(sp.from) <= position && position <= int(sp.to) {
			return true
		}
	}
	return false
}

// A moment is what answers for one day by what was known, in one scope.
type moment struct {
	day, known time.Time
	effective  []int // by sequence: the position, or -1
	asked      []*fundtrail.ListVersion
	notCovered []string
}

// newMoment asks every sequence. A list that was known and has
// nothing that answers is not covered.
func newMoment(sequences []*sequence, day, known time.Time) *moment {
	m := &moment{day: day, known: known, effective: make([]int, len(sequences))}
	for i, s := range sequences {
		p := s.effective(day, known)
		m.effective[i] = p
		if p >= 0 {
			m.asked = append(m.asked, s.versions[p])
		} else if known.IsZero() || !s.first.After(known) {
			m.notCovered = append(m.notCovered, s.list)
		}
	}
	return m
}

// unknown says why no list answers, which names the first day that one covers.
func (m *moment) unknown(sequences []*sequence, scope fundtrail.ListScope) string {
	what := "names"
	if scope == fundtrail.CoversWallets {
		what = "addresses"
	}
	var first, seen *fundtrail.ListVersion
	for _, s := range sequences {
		for i, v := range s.versions {
			if seen == nil || v.Received.Before(seen.Received) {
				seen = v
			}
			if s.knew(i, m.known) && (first == nil || v.Published.Before(first.Published)) {
				first = v
			}
		}
	}
	switch {
	case seen == nil:
		return "no version of a list that covers " + what + " is known"
	case first == nil:
		return "no version of a list that covers " + what + " had been received by " + moments(m.known) +
			"; the first, of " + seen.List + ", was on " + moments(seen.Received)
	}
	known := ""
	if !m.known.IsZero() {
		known = " that was known by " + moments(m.known)
	}
	return "no list covers " + what + " for " + days(m.day) + "; the first day covered is " + days(first.Published) +
		", by " + first.List + "'s first version" + known
}

// days writes a time as its day.
func days(t time.Time) string { return t.UTC().Format(time.DateOnly) }

// moments writes a time as its day, and with its time of day where it has one.
func moments(t time.Time) string {
	if t = t.UTC(); t.Equal(t.Truncate(24*time.Hour)) || t.Equal(EndOfDay(t)) {
		return t.Format(time.DateOnly)
	}
	return t.Format("2006-01-02 15:04:05Z")
}
