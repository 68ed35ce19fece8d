package screen

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/names"
)

// DefaultThreshold is the least score of a name that is a match unless the asker says
// otherwise.
const DefaultThreshold = names.DefaultThreshold

const (
	defaultLimit = 10
	// longestName bounds the work for one name: no party of any list has one of half as
	// many bytes.
	longestName = 1000
	// sameName is the score from which History takes a name for the one asked about.
	sameName = 0.9
)

// A nameIndex finds parties by name. Parties whose names and evidence are the same are
// one entry, in whatever list and version they stand.
type nameIndex struct {
	index   *names.Index
	holders [][]bearer // by entry
	standing,
	other []bool // by entry: in a newest version, or in another
}

// A bearer is a party's content that has an entry's names, and the party. A party whose
// versions cover addresses alone is none of Index.parties.
type bearer struct {
	holder
	party int32 // of Index.parties, or -1
}

func (x *Index) newNameIndex() *nameIndex {
	n := &nameIndex{}
	var entries []names.Entry
	ids := map[string]uint32{}
	add := func(h holder, party int32) {
		p := &x.history.Parties[h.party]
		if len(p.Names) == 0 {
			return
		}
		k := entryKey(p)
		id, ok := ids[k]
		if !ok {
			id = uint32(len(entries))
			ids[k] = id
			entries = append(entries, names.Entry{Kind: p.Kind, Names: p.Names, Births: p.Births, Countries: p.Countries})
			n.holders = append(n.holders, nil)
		}
		n.holders[id] = append(n.holders[id], bearer{h, party})
	}
	for id := range x.parties {
		for _, h := range x.parties[id].holders {
			add(h, int32(id))
		}
	}
	for _, p := range x.order {
		if len(x.names.spans.of(p)) == 0 && len(x.wallets.spans.of(p)) > 0 {
			add(holder{party: p, wallet: -1}, -1)
		}
	}
	n.index = names.Build(entries)
	n.standing, n.other = make([]bool, len(entries)), make([]bool, len(entries))
	for id := range entries {
		n.standing[id] = x.entryStands(n.holders[id], x.names.newest)
		n.other[id] = !n.standing[id]
	}
	return n
}

// entryKey is what tells entries apart.
func entryKey(p *fundtrail.Party) string {
	var b strings.Builder
	b.WriteString(string(p.Kind))
	for _, n := range p.Names {
		b.WriteString("\x00" + n.Text + "\x01" + string(n.Kind) + "\x01" + n.Given + "\x01" + n.Family)
	}
	for _, s := range [][]string{p.Births, p.Countries} {
		b.WriteString("\x02" + strings.Join(s, "\x01"))
	}
	return b.String()
}

// entryStands reports whether any party with the entry's names stands at the moment.
func (x *Index) entryStands(holders []bearer, m *moment) bool {
	return slices.ContainsFunc(holders, func(b bearer) bool { return x.bearerStands(b, m) })
}

// bearerStands reports whether the content stands in the version that answers, or, where
// the list has none so old, stood by the date that the list states.
func (x *Index) bearerStands(b bearer, m *moment) bool {
	if b.party < 0 {
		return false
	}
	n := x.parties[b.party].sequence
	if p := m.effective[n]; p >= 0 {
		return x.names.spans.holds(b.holder.party, n, p)
	}
	stated := x.history.Parties[b.holder.party].Listed
	if m.day.IsZero() || stated.IsZero() || stated.After(EndOfDay(m.day)) {
		return false
	}
	line := x.names.sequences[n].at(m.known)
	return len(line) > 0 && x.names.spans.holds(b.holder.party, n, int(line[0]))
}

// askName answers for a name: what scores enough among the parties that stand, and
// apart from it what scores enough among those that do not.
func (x *Index) askName(q Question) Answer {
	m := x.names.at(q.AsOf, q.Known)
	answer := x.nothing(&x.names, m)
	answer.Kind, answer.Read = AName, strings.Join(strings.Fields(clean(q.Text)), " ")
	switch {
	case !strings.ContainsFunc(answer.Read, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }):
		answer.Verdict, answer.Reason = Invalid, fmt.Sprintf("%q holds no letters to screen", short(answer.Read))
		return answer
	case len(answer.Read) > longestName:
		answer.Verdict, answer.Reason = Invalid, fmt.Sprintf("a name of %d bytes; the most is %d: ask for the addresses in a text with kind %q", len(answer.Read), longestName, FreeText)
		return answer
	}
	query := names.Query{Name: answer.Read, Kind: q.Party, Births: q.Births, Countries: q.Countries}
	threshold, limit := q.Threshold, q.Limit
	if threshold == 0 {
		threshold = DefaultThreshold
	}
	if limit <= 0 {
		limit = defaultLimit
	}
	n := x.named()
	stands := func(e int) bool { return n.standing[e] }
	other := func(e int) bool { return n.other[e] }
	if m != x.names.newest {
		stands = func(e int) bool { return x.entryStands(n.holders[e], m) }
		other = func(e int) bool { return !stands(e) && x.entryKnown(n.holders[e], m.known) }
	}
	for _, hit := range n.index.Search(query, stands, threshold, limit) {
		for _, b := range n.holders[hit.Entry] {
			if x.bearerStands(b, m) {
				x.addStanding(&answer, b, m, hit)
			}
		}
	}
	for _, hit := range n.index.Search(query, other, threshold, limit) {
		for _, b := range n.holders[hit.Entry] {
			x.addOther(&answer, b, m, hit)
		}
	}
	for _, matches := range []*[]Match{&answer.Matches, &answer.Past, &answer.Related} {
		slices.SortStableFunc(*matches, func(a, b Match) int {
			return cmp.Or(cmp.Compare(b.Score, a.Score), compareDesignations(a.Designation, b.Designation))
		})
		*matches = (*matches)[:min(len(*matches), limit)]
	}
	if len(answer.Matches) > 0 {
		answer.Verdict, answer.Reason = Matched, ""
	}
	return answer
}

// entryKnown reports whether any version with one of the parties had been received.
func (x *Index) entryKnown(holders []bearer, known time.Time) bool {
	return slices.ContainsFunc(holders, func(b bearer) bool {
		if b.party < 0 {
			return x.knew(&x.wallets, b.holder, known)
		}
		return x.knew(&x.names, b.holder, known)
	})
}

// match is what a hit says of a designation.
func (x *Index) match(b bearer, hit names.Hit) Match {
	m := Match{
		Name:  x.history.Parties[b.holder.party].Names[hit.Name].Text,
		Score: hit.Score, Why: hit.Why,
	}
	for _, t := range hit.Tokens {
		m.Tokens = append(m.Tokens, TokenMatch{Asked: t.Asked, Listed: t.Listed, Score: t.Score, Weight: t.Weight, How: t.How})
	}
	return m
}

// addStanding adds the run of the party that stands.
func (x *Index) addStanding(answer *Answer, b bearer, m *moment, hit names.Hit) {
	party := &x.parties[b.party]
	for _, r := range x.derive(&x.names, party.sequence, party.holders, m.known) {
		match := x.match(b, hit)
		match.Designation = r.designation
		if x.stand(&x.names, &r, m, &match, match.Why) && !has(answer.Matches, r.designation) {
			answer.Matches = append(answer.Matches, match)
		}
	}
}

// addOther adds a party that does not stand as past, one that stands without the name as
// related, and one in a version that covers addresses alone as related too.
func (x *Index) addOther(answer *Answer, b bearer, m *moment, hit names.Hit) {
	if b.party < 0 {
		x.addUncovered(answer, b, m, hit)
		return
	}
	if !x.knew(&x.names, b.holder, m.known) {
		return
	}
	party := &x.parties[b.party]
	for _, r := range x.derive(&x.names, party.sequence, party.holders, m.known) {
		match := x.match(b, hit)
		match.Designation = r.designation
		switch stands := x.stand(&x.names, &r, m, &match, match.Why); {
		case has(answer.Matches, r.designation):
		case stands:
			if !has(answer.Related, r.designation) {
				match.Why += "; the party is listed, and had this name or these particulars in another version"
				answer.Related = append(answer.Related, match)
			}
		case !has(answer.Past, r.designation):
			answer.Past = append(answer.Past, match)
		}
	}
}

// addUncovered adds a party whose name stands in a version that covers addresses alone:
// what is missing there says nothing, and what is there is worth a look.
func (x *Index) addUncovered(answer *Answer, b bearer, m *moment, hit names.Hit) {
	for _, n := range x.sequencesOf(&x.wallets, []holder{b.holder}) {
		runs := x.derive(&x.wallets, n, []holder{b.holder}, m.known)
		for i := range runs {
			match := x.match(b, hit)
			match.Designation = runs[i].designation
			match.Version = x.wallets.sequences[n].versions[runs[i].to]
			match.Why += "; named by a version of " + days(match.Version.Published) + " that covers addresses alone"
			same := func(o Match) bool {
				return o.Designation.List == match.Designation.List && o.Designation.Party.UID == match.Designation.Party.UID
			}
			if !slices.ContainsFunc(answer.Matches, same) && !slices.ContainsFunc(answer.Related, same) {
				answer.Related = append(answer.Related, match)
			}
		}
	}
}

// has reports whether the designation is among the matches.
func has(matches []Match, d *fundtrail.Designation) bool {
	return slices.ContainsFunc(matches, func(m Match) bool {
		return m.Designation.List == d.List && m.Designation.Party.UID == d.Party.UID && m.Designation.Listed.Equal(d.Listed) &&
			(d.Party.UID != "" || mainName(m.Designation) == mainName(d))
	})
}

func mainName(d *fundtrail.Designation) string {
	if len(d.Party.Names) == 0 {
		return ""
	}
	return d.Party.Names[0].Text
}

// partiesCalled finds parties by UID, else by name.
func (x *Index) partiesCalled(text string) []uint32 {
	if ids := x.byUID[strings.ToLower(text)]; len(ids) > 0 || len(text) > longestName {
		return ids
	}
	var out []uint32
	for _, hit := range x.named().index.Search(names.Query{Name: text}, nil, sameName, defaultLimit) {
		for _, b := range x.named().holders[hit.Entry] {
			if b.party >= 0 && !slices.Contains(out, uint32(b.party)) {
				out = append(out, uint32(b.party))
			}
		}
	}
	return out
}
