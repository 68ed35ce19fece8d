package names

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/fundtrail/fundtrail"
)

// What evidence beside the name does to a score. Raising takes off a share of what is
// missing to 1, so that evidence never makes a match of nothing much; lowering takes a
// share of the score. Dates on lists are often wrong or several, so that a date that
// differs lowers less than one that agrees raises.
const (
	sameDay        = 0.30
	sameYear       = 0.10
	otherYear      = 0.15 // years more than two apart; lists round
	sameCountry    = 0.05
	otherCountry   = 0.04
	otherKind      = 0.25 // a person asked for, a ship listed
	yearsTolerated = 2
)

// maxLift is the most that evidence can raise, as a share of what is missing to 1.
func maxLift(q *Query) float32 {
	lift := float32(0)
	if len(q.Births) > 0 {
		lift = sameDay
	}
	if len(q.Countries) > 0 {
		lift += (1 - lift) * sameCountry
	}
	return lift
}

// baseNeeded is the least score of a name that evidence can raise to the threshold.
func baseNeeded(q *Query, threshold float32) float32 {
	lift := maxLift(q)
	return max((threshold-lift)/(1-lift), 0)
}

// weighEvidence applies kinds, births and countries to a score of names, and says what
// it did.
func (x *Index) weighEvidence(q *Query, f *listed, v float32, say bool) (float32, []string) {
	e := &x.entries[f.entry]
	var said []string
	note := func(format string, a ...any) {
		if say {
			said = append(said, fmt.Sprintf(format, a...))
		}
	}
	if q.Kind != fundtrail.PartyUnstated && e.Kind != fundtrail.PartyUnstated && q.Kind != e.Kind {
		v *= 1 - otherKind
		note("asked for a %s, listed as a %s", q.Kind, e.Kind)
	}
	if len(q.Births) > 0 && len(e.Births) > 0 {
		switch how, with := births(q.Births, e.Births); how {
		case bornSameDay:
			v += (1 - v) * sameDay
			note("born %s in both", with)
		case bornSameYear:
			v += (1 - v) * sameYear
			note("born in the same year, %s", with)
		case bornApart:
			v *= 1 - otherYear
			note("born %s, listed as %s", strings.Join(q.Births, " or "), strings.Join(e.Births, " or "))
		}
	}
	if len(q.Countries) > 0 && len(e.Countries) > 0 {
		i := slices.IndexFunc(q.Countries, func(c string) bool { return slices.Contains(e.Countries, c) })
		if i >= 0 {
			v += (1 - v) * sameCountry
			note("both of %s", q.Countries[i])
		} else {
			v *= 1 - otherCountry
			note("of %s, listed under %s", strings.Join(q.Countries, ", "), strings.Join(e.Countries, ", "))
		}
	}
	return v, said
}

// How two sets of births agree, best pair first.
type bornHow int

const (
	bornUnknown bornHow = iota
	bornApart
	bornNear // within the years tolerated: says nothing
	bornSameYear
	bornSameDay
)

func births(asked, listed []string) (best bornHow, with string) {
	for _, a := range asked {
		for _, l := range listed {
			h, w := birth(a, l)
			if h > best {
				best, with = h, w
			}
		}
	}
	return best, with
}

func birth(a, b string) (bornHow, string) {
	a1, a2, ok1 := years(a)
	b1, b2, ok2 := years(b)
	if !ok1 || !ok2 {
		return bornUnknown, ""
	}
	if a == b && len(a) == len("2006-01-02") && a[0] != '~' && !strings.Contains(a, "/") {
		return bornSameDay, a
	}
	if d, m := daySwapped(a), b; d != "" && d == m {
		return bornSameDay, b + " (day and month swapped)"
	}
	gap := max(b1-a2, a1-b2)
	switch {
	case gap <= 0 && a1 == a2 && b1 == b2 && !(len(a) == 10 && len(b) == 10 && a[:7] != b[:7] && a[0] != '~' && b[0] != '~'):
		return bornSameYear, strconv.Itoa(a1)
	case gap <= yearsTolerated:
		return bornNear, ""
	}
	return bornApart, ""
}

// daySwapped is a date with day and month swapped, or "".
func daySwapped(a string) string {
	if len(a) != 10 || a[4] != '-' || a[7] != '-' {
		return ""
	}
	return a[:4] + "-" + a[8:] + "-" + a[5:7]
}

// years reads "1962", "1962-03-14", "~1962" and "1960/1964".
func years(s string) (from, to int, ok bool) {
	s = strings.TrimPrefix(s, "~")
	a, b, two := strings.Cut(s, "/")
	from, ok = year(a)
	to = from
	if ok && two {
		to, ok = year(b)
	}
	return from, to, ok && from <= to
}

func year(s string) (int, bool) {
	s = strings.TrimPrefix(s, "~")
	if len(s) < 4 || len(s) > 4 && s[4] != '-' {
		return 0, false
	}
	n, err := strconv.Atoi(s[:4])
	return n, err == nil && n > 0
}

// why puts a comparison into a sentence.
func why(tokens []Token, base, final float64, said []string) string {
	var parts []string
	same, of := 0, 0
	for _, t := range tokens {
		if t.Asked != "" && t.How != HowForm {
			of++
			if t.How == HowSame || t.How == HowRepeated {
				same++
			}
		}
	}
	switch {
	case of > 0 && same == of:
		parts = append(parts, "every part is the same")
	case of > 0:
		parts = append(parts, fmt.Sprintf("%d of %d parts the same", same, of))
	}
	for _, t := range tokens {
		switch t.How {
		case HowSame, HowRepeated:
		case HowMissing:
			if t.Listed == "" {
				parts = append(parts, fmt.Sprintf("%q is not listed", t.Asked))
			} else {
				parts = append(parts, fmt.Sprintf("listed also with %q", t.Listed))
			}
		case HowDifferent, HowNumber:
			parts = append(parts, fmt.Sprintf("%q against %q: %s", t.Asked, t.Listed, t.How))
		case HowForm:
			if t.Score < 0.5 {
				parts = append(parts, fmt.Sprintf("%q against %q: another legal form", t.Asked, t.Listed))
			}
		default:
			parts = append(parts, fmt.Sprintf("%q for %q: %s", t.Asked, t.Listed, t.How))
		}
	}
	out := strings.Join(parts, "; ")
	if len(said) == 0 {
		return out
	}
	change := fmt.Sprintf("leaves %.2f", base)
	switch {
	case final > base:
		change = fmt.Sprintf("raises %.2f to %.2f", base, final)
	case final < base:
		change = fmt.Sprintf("lowers %.2f to %.2f", base, final)
	}
	return fmt.Sprintf("%s; %s: this %s", out, strings.Join(said, "; "), change)
}
