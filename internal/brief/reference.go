package brief

import (
	"slices"
	"strconv"
	"time"

	"github.com/fundtrail/fundtrail"
)

// A basis is one claim that a line rests on, in whichever record it stands.
type basis struct {
	record     string // "incidents/ronin-bridge"
	claim      string // "losses 1"
	by         string
	known      fundtrail.Known
	confidence fundtrail.Confidence
	source     fundtrail.Source
}

// nth names a claim within its record, counted from 1.
func nth(list string, i int) string { return list + " " + strconv.Itoa(i+1) }

// referenceKey is what claims share to stand under one number.
type referenceKey struct {
	record, by, url, title, known, yours string
	basis                                fundtrail.KnownBasis
	confidence                           fundtrail.Confidence
}

// cite numbers the claims a line rests on, in the order in which a brief first needs them.
func (b *builder) cite(claims ...basis) []int {
	numbers := []int{}
	for _, c := range claims {
		if merelyRead(c.known, c.source) && !c.known.On.IsZero() {
			c.known.Basis = fundtrail.KnownRetrieved
		}
		key := referenceKey{c.record, c.by, c.source.URL, c.source.Title, iso(c.known.On), c.source.Records, c.known.Basis, c.confidence}
		n, ok := b.numbers[key]
		if !ok {
			n = len(b.out.References) + 1
			b.numbers[key] = n
			b.out.References = append(b.out.References, Reference{
				Number: n, Record: c.record, By: c.by, Title: c.source.Title, URL: c.source.URL, Published: iso(c.source.Published),
				Retrieved: iso(c.source.Retrieved), Known: iso(c.known.On), Basis: string(c.known.Basis), Confidence: int(c.confidence), Yours: c.source.Records,
			})
		}
		r := &b.out.References[n-1]
		if c.claim != "" && !slices.Contains(r.Claims, c.claim) {
			r.Claims = append(r.Claims, c.claim)
		}
		if !slices.Contains(numbers, n) {
			numbers = append(numbers, n)
		}
	}
	slices.Sort(numbers)
	return numbers
}

// line makes a claim's line: known when the last of what it rests on was, and published
// later when nothing of what it rests on was public on the day of the brief.
func (b *builder) line(text string, claims ...basis) Line {
	l := Line{Kind: Claim, Text: text, Cites: b.cite(claims...)}
	var last fundtrail.Known
	later := 0
	for _, c := range claims {
		if merelyRead(c.known, c.source) {
			c.known.Basis = fundtrail.KnownRetrieved
		}
		if c.known.On.After(last.On) {
			last = c.known
		}
		if b.later(c.known) {
			later++
		}
	}
	l.Known, l.Basis = iso(last.On), string(last.Basis)
	l.Later = later > 0 && later == len(claims)
	return l
}

// later reports whether a claim is known to have become public only after the brief's day.
func (b *builder) later(k fundtrail.Known) bool {
	return k.Basis != fundtrail.KnownRetrieved && k.On.After(endOf(b.o.asOf))
}

func (l Line) at(w fundtrail.When) Line {
	l.Date = iso(w.From)
	if u := iso(w.To); u != l.Date {
		l.Until = u
	}
	return l
}

func (l Line) in(group string) Line { l.Group = group; return l }

func (l Line) with(values ...Value) Line { l.Values = append(l.Values, values...); return l }

func (l Line) quoting(words string) Line { l.Quote = words; return l }

// iso is a day, "" of none.
func iso(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.DateOnly)
}

// endOf is the last moment of a day.
func endOf(day time.Time) time.Time {
	if day.IsZero() {
		return day
	}
	return day.UTC().Truncate(24 * time.Hour).Add(24*time.Hour - time.Nanosecond)
}
