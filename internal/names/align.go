package names

import (
	"cmp"
	"math/bits"
	"slices"
	"sync"

	"github.com/fundtrail/fundtrail"
)

// tune are the few figures of the score that were fitted, on the tuning part of the
// pairs only; see doc/methods-names.md. Their meaning is where they are used.
var tune = struct {
	allow0, allow1 float32 // bearable edits: allow0 + allow1 a letter
	bend           float32 // 1: a score falls straight with the cost; 0: late
	initial        float32 // score of an initial
	differs        float32 // below this likeness a pair begins to be a contradiction
	conflict       float32 // least share of the whole that one contradiction takes
	number         float32 // the same of a number that differs
	missPerson     float32 // weight of a part that only one side has, people
	missOther      float32 // the same for organisations and vessels
	formDiffers    float32 // share of legal forms that contradict
}{
	allow0: 1.4, allow1: 0.12, bend: 0.2, initial: 0.6, differs: 0.6, conflict: 0.36, number: 0.24,
	missPerson: 0.25, missOther: 0.6, formDiffers: 0.25,
}

// Weights of words by what they do, before their rarity. A plain word has 1.
const (
	weightGeneric  = 0.45
	weightNumber   = 0.6
	weightInitial  = 0.5
	weightParticle = 0.12
	weightTitle    = 0.08
	weightShort    = 0.8 // plain words of up to two letters, which are alike by chance
	shareForm      = 0.05
)

func (w *word) weight() float32 {
	switch w.class {
	case generic:
		return weightGeneric
	case number:
		return weightNumber
	case initial:
		return weightInitial
	case particle:
		return weightParticle
	case title:
		return weightTitle
	}
	if len(w.text) <= 2 {
		return weightShort
	}
	return 1
}

// A side is one of two readings being compared.
type side struct {
	words  []*word
	weight []float32
	forms  []word
}

// A link joins words a[a0:a1] and b[b0:b1]; one of the ranges may be empty.
type link struct {
	a0, a1, b0, b1 int
	score, weight  float32
	how            how
}

// A scratch holds what one comparison needs, so that it allocates nothing.
type scratch struct {
	a, b         side
	usedA, usedB [maxPieces]bool
	links        []link
	sims         [maxPieces][maxPieces]float32
	how          [maxPieces][maxPieces]how
	rows, cols   []int
	assign       assignment
	joined       word
	joinBuf      [3 * maxWord]byte
}

var scratches = sync.Pool{New: func() any { return new(scratch) }}

// missing is how much of its weight a part keeps that only one side has.
func missing(kind fundtrail.PartyKind) float32 {
	switch kind {
	case fundtrail.Person:
		return tune.missPerson
	case fundtrail.PartyUnstated:
		return (tune.missPerson + tune.missOther) / 2
	}
	return tune.missOther
}

// align matches the words of s.a and s.b and scores the whole. s.links explains it.
func (s *scratch) align(miss float32) float32 {
	s.links = s.links[:0]
	clear(s.usedA[:len(s.a.words)])
	clear(s.usedB[:len(s.b.words)])
	s.linkEqual()
	s.linkJoined(false)
	s.linkJoined(true)
	s.linkShifted()
	s.linkLikely()
	s.linkRest()
	s.forgiveSlips()
	return s.weigh(miss)
}

func (s *scratch) link(i, j int, score float32, h how) {
	s.usedA[i], s.usedB[j] = true, true
	weight := min(s.a.weight[i], s.b.weight[j])
	if h == howInitial {
		weight = max(s.a.weight[i], s.b.weight[j]) // the rest of the name is not seen
	}
	s.links = append(s.links, link{i, i + 1, j, j + 1, score, weight, h})
}

// linkEqual takes equal words first: no better partner can exist for either.
func (s *scratch) linkEqual() {
	for i, w := range s.a.words {
		for j, v := range s.b.words {
			if !s.usedB[j] && (w == v || equal(w, v)) {
				_, h := similar(w, v)
				s.link(i, j, 1, h)
				break
			}
		}
	}
}

// linkJoined finds words of one side that are one word of the other: "Abdul Rahman",
// "Abdulrahman"; "Nikolai Plat Ono Vich".
func (s *scratch) linkJoined(swap bool) {
	one, many, usedOne, usedMany := &s.a, &s.b, &s.usedA, &s.usedB
	if swap {
		one, many, usedOne, usedMany = many, one, usedMany, usedOne
	}
	for i, w := range one.words {
		if usedOne[i] || len(w.text) < 4 || w.class == number {
			continue
		}
		from, to, score, by := s.bestJoin(w, many, usedMany)
		if score == 0 {
			continue
		}
		usedOne[i] = true
		weight := float32(0)
		for k := from; k < to; k++ {
			usedMany[k] = true
			weight += many.weight[k]
		}
		l := link{i, i + 1, from, to, score, max(one.weight[i], min(weight, 1.5)), by}
		if swap {
			l.a0, l.a1, l.b0, l.b1 = l.b0, l.b1, l.a0, l.a1
		}
		s.links = append(s.links, l)
	}
}

// linkShifted finds two neighbours that have the same letters on both sides with the
// space in another place: "Lauren Tnkunda", "Laurent Nkunda".
func (s *scratch) linkShifted() {
	for i := 0; i+1 < len(s.a.words); i++ {
		for j := 0; j+1 < len(s.b.words) && !s.usedA[i] && !s.usedA[i+1]; j++ {
			if s.usedB[j] || s.usedB[j+1] || !sameLetters(s.a.words[i].text, s.a.words[i+1].text, s.b.words[j].text, s.b.words[j+1].text) {
				continue
			}
			s.usedA[i], s.usedA[i+1], s.usedB[j], s.usedB[j+1] = true, true, true, true
			weight := min(s.a.weight[i]+s.a.weight[i+1], s.b.weight[j]+s.b.weight[j+1])
			s.links = append(s.links, link{i, i + 2, j, j + 2, 0.95, weight, howJoined})
		}
	}
}

// sameLetters reports whether a+b and c+d are one text.
func sameLetters(a, b, c, d string) bool {
	if len(a)+len(b) != len(c)+len(d) {
		return false
	}
	if len(a) > len(c) {
		a, b, c, d = c, d, a, b
	}
	n := len(c) - len(a)
	return c[:len(a)] == a && c[len(a):] == b[:n] && b[n:] == d
}

// bestJoin finds the run of two to four words that together are most like w, and more
// so than any of them alone.
func (s *scratch) bestJoin(w *word, many *side, used *[maxPieces]bool) (from, to int, score float32, by how) {
	const least = 0.72
	for i := range many.words {
		buf := s.joinBuf[:0]
		alone, korean, bare := float32(0), true, w.bare || w.korean
		letters := uint64(0)
		for k := i; k < len(many.words) && k < i+4; k++ {
			v := many.words[k]
			if used[k] || v.class == number || len(buf)+len(v.text) > len(w.text)+3 || len(buf)+len(v.text) > maxWord {
				break
			}
			buf = append(buf, v.text...)
			korean, bare = korean && v.korean, bare || v.bare || v.korean
			letters |= v.letter
			if k == i || len(buf)+3 < len(w.text) || !bare && bits.OnesCount64(letters^w.letter) > 4 {
				continue
			}
			v = s.join(buf, many.words[i], korean)
			sim, _ := similar(w, v)
			if v.text == w.text {
				sim = 1
			}
			if sim < least || sim <= score {
				continue
			}
			for _, one := range many.words[i : k+1] {
				a, _ := similar(w, one)
				alone = max(alone, a)
			}
			if sim > alone+0.05 {
				from, to, score, by = i, k+1, sim, howJoined
			}
		}
	}
	return from, to, score, by
}

// join makes one word of several.
func (s *scratch) join(text []byte, first *word, korean bool) *word {
	s.joined = word{text: string(text), script: first.script, bare: first.bare, korean: korean}
	w := &s.joined
	w.sound = soundOf(w.text)
	if korean {
		w.hangul = hangulSound(w.text)
	}
	for i := 0; i < len(text); i++ {
		w.letter |= letterBit(text[i])
	}
	return w
}

// linkLikely matches what is left at the greatest total of likeness times weight.
func (s *scratch) linkLikely() {
	s.rows, s.cols = s.rows[:0], s.cols[:0]
	for i := range s.a.words {
		if !s.usedA[i] {
			s.rows = append(s.rows, i)
		}
	}
	for j := range s.b.words {
		if !s.usedB[j] {
			s.cols = append(s.cols, j)
		}
	}
	if len(s.rows) == 0 || len(s.cols) == 0 {
		return
	}
	some := false
	for x, i := range s.rows {
		for y, j := range s.cols {
			sim, h := similar(s.a.words[i], s.b.words[j])
			s.sims[x][y], s.how[x][y] = sim, h
			some = some || sim > 0
		}
	}
	if !some {
		return
	}
	for x, y := range s.assign.best(&s.sims, len(s.rows), len(s.cols), s) {
		if y >= 0 && s.sims[x][y] > 0 {
			s.link(s.rows[x], s.cols[y], s.sims[x][y], s.how[x][y])
		}
	}
}

// gain is what matching a row and a column is worth.
func (s *scratch) gain(x, y int) float32 {
	i, j := s.rows[x], s.cols[y]
	// Ties are broken by the words, not by their places, so that it is the same either
	// way about.
	tie := float32((hash('t', s.a.words[i].text)^hash('t', s.b.words[j].text))&0xff) * 1e-6
	return s.sims[x][y]*min(s.a.weight[i], s.b.weight[j]) + tie
}

// linkRest deals with what has no likeness on the other side: words said twice, words
// one side lacks, and words in whose place the other side has something else.
func (s *scratch) linkRest() {
	s.rows = s.leftover(s.rows[:0], &s.a, &s.usedA, false)
	s.cols = s.leftover(s.cols[:0], &s.b, &s.usedB, true)
	n := min(len(s.rows), len(s.cols))
	for k := range n {
		i, j := s.rows[k], s.cols[k]
		how := howDifferent
		if s.a.words[i].class == number && s.b.words[j].class == number {
			how = howNumber
		}
		s.link(i, j, 0, how)
		// A brand against "Trading" is as much a contradiction as against a brand.
		s.links[len(s.links)-1].weight = max(s.a.weight[i], s.b.weight[j])
	}
	for _, i := range s.rows[n:] {
		s.links = append(s.links, link{i, i + 1, 0, 0, 0, s.a.weight[i], howMissing})
	}
	for _, j := range s.cols[n:] {
		s.links = append(s.links, link{0, 0, j, j + 1, 0, s.b.weight[j], howMissing})
	}
}

// leftover lists the words of a side that nothing was found for: numbers first, then
// the weightiest, so that number stands against number and name against name
// whichever side is asked.
func (s *scratch) leftover(out []int, of *side, used *[maxPieces]bool, listed bool) []int {
	for i := range of.words {
		if !used[i] && !s.aside(of, i, listed) {
			out = append(out, i)
		}
	}
	slices.SortStableFunc(out, func(i, j int) int {
		a, b := of.words[i], of.words[j]
		return cmp.Or(boolInt(b.class == number)-boolInt(a.class == number), cmp.Compare(of.weight[j], of.weight[i]), cmp.Compare(a.text, b.text))
	})
	return out
}

// aside links a word that no other can contradict: one said before on its own side,
// or a particle or title.
func (s *scratch) aside(of *side, i int, listed bool) bool {
	w, used := of.words[i], &s.usedA
	if listed {
		used = &s.usedB
	}
	l := link{i, i + 1, 0, 0, 0, of.weight[i], howMissing}
	for k, v := range of.words {
		// Said again: said before, or found on the other side at its later place.
		if (k < i || k > i && used[k]) && v.text == w.text && v.native == w.native {
			l.how, l.score, l.weight = howRepeated, 1, 0
		}
	}
	if l.how == howMissing && w.class != particle && w.class != title {
		return false
	}
	if listed {
		l.a0, l.a1, l.b0, l.b1 = 0, 0, i, i+1
	}
	used[i] = true
	s.links = append(s.links, l)
	return true
}

// forgiveSlips raises words with a slip each where two or more have one and nothing
// else speaks against the name: slips are as frequent as letters, so that two in two
// words come of one hasty writer, while two unrelated names that are near in every
// word are hardly ever met.
func (s *scratch) forgiveSlips() {
	slips := 0
	for i := range s.links {
		l := &s.links[i]
		switch {
		case l.how == howMissing || l.how == howRepeated || l.score >= 0.95:
		case l.a1-l.a0 == 1 && l.b1-l.b0 == 1 && isSlip(s.a.words[l.a0], s.b.words[l.b0]):
			slips++
		default:
			return
		}
	}
	if slips < 2 {
		return
	}
	for i := range s.links {
		if l := &s.links[i]; l.how != howMissing && l.score < 0.95 {
			l.score = 1 - (1-l.score)*0.6
		}
	}
}

// isSlip reports whether two words differ by one mistake, or two where they are long.
func isSlip(a, b *word) bool {
	if a.class == number || b.class == number || a.class == initial || b.class == initial {
		return false
	}
	most := unit
	if min(len(a.text), len(b.text)) >= 7 {
		most = 2 * unit
	}
	return typed.distance(a.text, b.text, most) <= most
}

// weigh turns the links' own weights into shares of the whole, which sum to 1, and
// returns the score. Contradictions take at least a set share, whatever else agrees:
// of "Sergey Viktorovich Lavrov" and "Sergey Ivanovich Lavrov" two thirds are the same
// and the men are not.
func (s *scratch) weigh(miss float32) float32 {
	var agree, against, against2, numbers float32
	missAsked := missingAsked(miss, s.support())
	for i := range s.links {
		l := &s.links[i]
		switch {
		case l.how == howMissing:
			if l.b1 > l.b0 {
				l.weight *= miss
			} else {
				l.weight *= missAsked
			}
			agree += l.weight
		case l.how == howNumber:
			numbers++
		default:
			g := conflictOf(l)
			agree += l.weight * (1 - g)
			against += l.weight * g
			against2 += min(l.weight, 1) * g
		}
	}
	if len(s.links) == 0 {
		return 0
	}
	total := agree + against
	grow := float32(1)
	if against > 0 {
		share := 1 - power(1-tune.conflict, against2)
		grow = max(1, total*share/(1-share)/against*(1-against/total*share))
	}
	total = 0
	for i := range s.links {
		l := &s.links[i]
		if l.how != howMissing && l.how != howNumber {
			g := conflictOf(l)
			l.weight *= 1 - g + g*grow
		}
		if l.how != howNumber {
			total += l.weight
		}
	}
	if numbers > 0 {
		each := tune.number / (1 - tune.number) * max(total, 0.01)
		for i := range s.links {
			if s.links[i].how == howNumber {
				s.links[i].weight = each
				total += each
			}
		}
	}
	total += s.linkForms(total)
	if total == 0 {
		return 0
	}
	score := float32(0)
	for i := range s.links {
		s.links[i].weight /= total
		score += s.links[i].weight * s.links[i].score
	}
	return min(score, 1)
}

// lonely is what an asked word counts that the list lacks where one word is all that
// agrees: lists hold "Ricardo" as an alias, and it must not match every Ricardo. The
// other way about, one asked word of a listed name, the asker gave all he has; that is
// the one way in which a comparison is not symmetric.
const lonely = 0.75

// missingAsked falls from lonely to miss as a second word agrees.
func missingAsked(miss, support float32) float32 {
	return max(miss, lonely-(lonely-miss)*clamp(support-1))
}

// support is how many words agree, by their weight and the square of their likeness.
func (s *scratch) support() float32 {
	sum := float32(0)
	for i := range s.links {
		l := &s.links[i]
		if l.how == howMissing || l.how == howRepeated || l.how == howNumber {
			continue
		}
		sum += l.weight * l.score * l.score
		if l.how == howJoined {
			// Two words and more, though they stand as one here.
			sum += l.weight * l.score * l.score * 0.5
		}
	}
	return sum
}

func clamp(x float32) float32 { return max(0, min(1, x)) }

// conflictOf is how far a pair is a contradiction, 0 to 1.
func conflictOf(l *link) float32 {
	if l.how == howRepeated || l.score >= tune.differs {
		return 0
	}
	return (tune.differs - l.score) / tune.differs
}

// power is x to the y for 0 < x < 1 and small y ≥ 0, between whole powers on a line.
func power(x, y float32) float32 {
	p := float32(1)
	for ; y >= 1; y-- {
		p *= x
	}
	return p * (1 - y*(1-x))
}

// linkForms adds how the legal forms compare, and returns the weight it took. Any form
// goes with any other way to say company; a limited company is no stock company.
func (s *scratch) linkForms(total float32) float32 {
	a, b := s.a.forms, s.b.forms
	if len(a) == 0 && len(b) == 0 {
		return 0
	}
	l := link{a0: 0, a1: len(a), b0: 0, b1: len(b), how: howForm}
	share := float32(shareForm)
	switch {
	case len(a) == 0 || len(b) == 0:
		l.how, share = howMissing, shareForm*0.4
	default:
		for i := range a {
			for j := range b {
				l.score = max(l.score, formLikeness(a[i].code, b[j].code))
			}
		}
		if l.score < 0.5 {
			share = tune.formDiffers
		}
	}
	l.weight = share / (1 - share) * max(total, 0.01)
	l.a0, l.b0 = -1, -1 // marks the link of forms
	s.links = append(s.links, l)
	return l.weight
}

func formLikeness(a, b string) float32 {
	if a == b {
		return 1
	}
	fa, fb := family(a), family(b)
	switch {
	case fa == fb:
		return 0.9
	case fa == "any" || fb == "any":
		return 0.9
	}
	return 0
}

func family(code string) string {
	for i := range len(code) {
		if code[i] == '/' {
			return code[:i]
		}
	}
	return code
}
