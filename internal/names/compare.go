package names

import (
	"slices"
	"strings"

	"github.com/fundtrail/fundtrail"
)

// load makes a side of a reading, with weights by class alone.
func (d *side) load(r *reading) {
	d.words, d.weight = d.words[:0], d.weight[:0]
	for i := range r.words {
		d.words = append(d.words, &r.words[i])
		d.weight = append(d.weight, r.words[i].weight())
	}
	d.forms = r.forms
}

// compareReadings scores the best pair of readings and leaves its links in s.
func (s *scratch) compareReadings(kind fundtrail.PartyKind, as, bs []reading) (score float64, a, b *reading) {
	best := float32(-1)
	for i := range as {
		for j := range bs {
			s.a.load(&as[i])
			s.b.load(&bs[j])
			if v := s.score(kind); v > best {
				best, a, b = v, &as[i], &bs[j]
			}
		}
	}
	if a == nil {
		return 0, nil, nil
	}
	if len(as)*len(bs) > 1 {
		s.a.load(a)
		s.b.load(b)
		s.score(kind)
	}
	return float64(best), a, b
}

// score aligns the sides, and tries an acronym where one side is a single word.
func (s *scratch) score(kind fundtrail.PartyKind) float32 {
	v := s.align(missing(kind))
	if kind == fundtrail.Person || v >= acronymScore {
		return v
	}
	if acronym(&s.a, &s.b) || acronym(&s.b, &s.a) {
		s.links = append(s.links[:0], link{0, len(s.a.words), 0, len(s.b.words), acronymScore, 1, howAcronym})
		return acronymScore
	}
	return v
}

// acronymScore is what first letters can prove: many bodies share three of them.
const acronymScore = 0.75

// acronym reports whether one side is the first letters of the other's three or more
// words, with or without those of particles.
func acronym(short, long *side) bool {
	if len(short.words) != 1 || len(long.words) < 3 || short.words[0].class != plain {
		return false
	}
	text := short.words[0].text
	if len(text) < 3 || len(text) > len(long.words) {
		return false
	}
	all, some := true, 0
	for i, w := range long.words {
		all = all && i < len(text) && w.text[0] == text[i]
		if w.class != particle {
			if some >= len(text) || some >= 0 && text[some] != w.text[0] {
				some = -1 << 16
			}
			some++
		}
	}
	return all && len(text) == len(long.words) || some == len(text)
}

// explain turns the links into tokens, in the asked name's order.
func (s *scratch) explain(a, b *reading) []Token {
	out := make([]Token, 0, len(s.links))
	slices.SortStableFunc(s.links, func(x, y link) int { return x.order() - y.order() })
	for _, l := range s.links {
		t := Token{Score: float64(l.score), Weight: float64(l.weight), How: hows[l.how]}
		if l.a0 < 0 {
			t.Asked, t.Listed = strings.Join(a.formed, " "), strings.Join(b.formed, " ")
		} else {
			t.Asked, t.Listed = strings.Join(a.shown[l.a0:l.a1], " "), strings.Join(b.shown[l.b0:l.b1], " ")
		}
		out = append(out, t)
	}
	return out
}

// order sorts by the asked word, then what is only listed, then forms.
func (l link) order() int {
	switch {
	case l.a0 < 0:
		return 1 << 20
	case l.a1 > l.a0:
		return l.a0
	}
	return 1<<10 + l.b0
}
