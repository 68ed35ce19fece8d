package names

import (
	"cmp"
	"slices"

	"github.com/fundtrail/fundtrail"
)

// A state is what one search needs; the index keeps spare ones.
type state struct {
	scratch
	round   uint32
	seen    []uint32 // by vocab: the round and word it was last compared in
	touched []uint32 // by form: the round it was last met in
	sums    []sums   // by form
	met     []uint32 // forms of this round
	near    []near
	best    []found
	weights []float32
	runBuf  []byte
}

// sums bound a form's score from above before it is compared in full.
type sums struct {
	matched, asked, listed float32
}

type near struct {
	id  uint32
	sim float32
}

// A found is a scored form.
type found struct {
	form  uint32
	score float32 // of the names alone
	final float32 // with evidence
}

// unkeyed is the most that two words are alike that share no key, all but always.
const unkeyed = 0.35

// slack covers what the bound does not see: initials, and words more alike in full
// comparison than by their keys.
const slack = 0.04

// Search returns the entries that keep accepts and that score at least the threshold,
// best first and then by entry, at most limit of them; keep may be nil.
func (x *Index) Search(q Query, keep func(entry int) bool, threshold float64, limit int) []Hit {
	if limit <= 0 || len(x.forms) == 0 {
		return nil
	}
	s, _ := x.pool.Get().(*state)
	if s == nil {
		s = &state{seen: make([]uint32, len(x.vocab)), touched: make([]uint32, len(x.forms)), sums: make([]sums, len(x.forms))}
	}
	defer x.pool.Put(s)
	asked := readings(q.Kind, q.Name)
	var best []scored
	for i := range asked {
		best = x.searchReading(s, &q, &asked[i], i, keep, float32(threshold), limit, best)
	}
	return x.hits(s, &q, asked, best)
}

// A scored is an entry's best form, with the reading of the asked name it was found by.
type scored struct {
	found
	entry   uint32
	reading int
}

func compareScored(a, b scored) int {
	return cmp.Or(cmp.Compare(b.final, a.final), cmp.Compare(a.entry, b.entry))
}

// searchReading scores what one reading finds and merges it into best.
func (x *Index) searchReading(s *state, q *Query, r *reading, number int, keep func(int) bool, threshold float32, limit int, best []scored) []scored {
	s.begin(x)
	total := x.gather(s, r)
	need := baseNeeded(q, threshold) - slack
	// The bound of each form met, best first.
	s.best = s.best[:0]
	miss := min(tune.missPerson, 0.5)
	for _, f := range s.met {
		c := &s.sums[f]
		restA, restB := max(total-c.asked, 0), max(x.forms[f].weight-c.listed, 0)
		against := min(restA, restB)
		// What is left over on both sides contradicts; pairs that no key joins are at
		// most a little alike.
		miss := miss
		if restA > restB {
			miss = missingAsked(miss, c.matched)
		}
		bound := (c.matched + unkeyed*against) / (c.matched + against + miss*(max(restA, restB)-against))
		if bound >= need {
			s.best = append(s.best, found{form: f, score: bound})
		}
	}
	slices.SortFunc(s.best, func(a, b found) int {
		return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(a.form, b.form))
	})
	lift := maxLift(q)
	for _, c := range s.best {
		f := &x.forms[c.form]
		if len(best) >= limit && (c.score+slack)+(1-min(c.score+slack, 1))*lift < best[limit-1].final {
			break
		}
		if keep != nil && !keep(int(f.entry)) {
			continue
		}
		v := x.scoreForm(s, q, r, f)
		final, _ := x.weighEvidence(q, f, v, false)
		if final < threshold {
			continue
		}
		best = insert(best, scored{found{c.form, v, final}, f.entry, number}, limit)
	}
	return best
}

// insert keeps the best form of each entry, sorted, a few more than asked for so that
// ties are broken by entry alone.
func insert(best []scored, n scored, limit int) []scored {
	for i := range best {
		if best[i].entry == n.entry {
			if best[i].final > n.final || best[i].final == n.final && (best[i].reading < n.reading || best[i].reading == n.reading && best[i].form <= n.form) {
				return best
			}
			best = slices.Delete(best, i, i+1)
			break
		}
	}
	at, _ := slices.BinarySearchFunc(best, n, compareScored)
	if at >= limit {
		return best
	}
	best = slices.Insert(best, at, n)
	return best[:min(len(best), limit)]
}

func (s *state) begin(x *Index) {
	s.met = s.met[:0]
	// A round is a step of 256, so that each word of the asked name has its own mark.
	if s.round > 1<<31 {
		clear(s.seen)
		clear(s.touched)
		s.round = 0
	}
	s.round += 256
}

// gather finds the forms that share a word, or nearly, with the reading, and returns
// the weight of the reading.
func (x *Index) gather(s *state, r *reading) float32 {
	s.a.load(r)
	mark := s.round
	total := float32(0)
	// Initials are in too many names to find any by, unless they are all there is.
	bare := !slices.ContainsFunc(s.a.words, func(w *word) bool { return w.class == plain || w.class == number })
	for i, w := range s.a.words {
		mark++
		x.nearWords(s, w, mark)
		weight := x.askedWeight(s, w, s.a.weight[i])
		s.a.weight[i] = weight
		if w.class == initial && !bare || said(s.a.words, i) {
			continue
		}
		total += weight
		for _, n := range s.near {
			x.credit(s, n, weight, x.weight[n.id])
		}
		if len(w.text) >= 5 && w.class != number {
			x.joined.each(hash('j', skeletonOf(w.sound, false)), func(f uint32) { s.creditForm(f, weight, weight, weight) })
		}
	}
	s.weights = append(s.weights[:0], s.a.weight...)
	x.gatherRuns(s, &mark)
	x.gatherAcronyms(s, r)
	return total
}

// said reports whether a word stands before in the name: it counts once in bounds.
func said(ws []*word, i int) bool {
	return slices.ContainsFunc(ws[:i], func(v *word) bool { return v.text == ws[i].text })
}

// askedWeight is the weight of an asked word: as rare as the most frequent word of the
// list that it nearly is, so that a misspelt common name is no rare one.
func (x *Index) askedWeight(s *state, w *word, class float32) float32 {
	least := float32(1)
	for _, n := range s.near {
		if v := &x.vocab[n.id]; n.sim >= 0.85 && v.class == w.class {
			least = min(least, x.weight[n.id]/v.weight())
		}
	}
	return class * least
}

// nearWords finds the words of the list that are like w.
func (x *Index) nearWords(s *state, w *word, mark uint32) {
	s.near = s.near[:0]
	visit := func(id uint32) {
		if s.seen[id] == mark {
			return
		}
		s.seen[id] = mark
		if sim, _ := similar(w, &x.vocab[id]); sim >= 0.3 {
			s.near = append(s.near, near{id, sim})
		}
	}
	eachSpelling(w.text, func(h uint32) { x.spelled.each(h, visit) })
	eachSound(w, func(h uint32) { x.sounded.each(h, visit) })
}

func (x *Index) credit(s *state, n near, asked, listed float32) {
	m := min(asked, listed) * n.sim
	for _, f := range x.postings[x.postingStart[n.id]:x.postingStart[n.id+1]] {
		s.creditForm(f, m, asked*n.sim, listed*n.sim)
	}
}

func (s *state) creditForm(f uint32, matched, asked, listed float32) {
	c := &s.sums[f]
	if s.touched[f] != s.round {
		s.touched[f] = s.round
		*c = sums{}
		s.met = append(s.met, f)
	}
	c.matched += matched
	c.asked += asked
	c.listed += listed
}

// gatherRuns looks for two to four asked words that are one word of the list.
func (x *Index) gatherRuns(s *state, mark *uint32) {
	ws := s.a.words
	if len(ws) > 24 {
		return // a sentence, not a name; its words have been looked for one by one
	}
	for i := range ws {
		text := s.runBuf[:0]
		weight, korean := float32(0), true
		for k := i; k < len(ws) && k < i+4; k++ {
			if ws[k].class == number || len(text)+len(ws[k].text) > maxWord {
				break
			}
			text = append(text, ws[k].text...)
			weight += s.a.weight[k]
			korean = korean && ws[k].korean
			if k == i || len(text) < 4 {
				continue
			}
			// No two runs share a mark, up to 24*3 of them, after up to 64 words.
			*mark++
			run := s.join(text, ws[i], korean)
			x.nearRun(s, run, weight, *mark)
			// The same letters with the space in another place.
			x.joined.each(hash('j', skeletonOf(run.sound, false)), func(f uint32) { s.creditForm(f, weight, weight, weight) })
		}
		s.runBuf = text
	}
}

func (x *Index) nearRun(s *state, w *word, weight float32, mark uint32) {
	visit := func(id uint32) {
		if s.seen[id] == mark {
			return
		}
		s.seen[id] = mark
		if sim, _ := similar(w, &x.vocab[id]); sim >= 0.72 {
			x.credit(s, near{id, sim}, weight, max(x.weight[id], min(weight, 1.5)))
		}
	}
	visitAll := func(h uint32) { x.spelled.each(h, visit) }
	visitAll(hashWithout(w.text, -1, -1))
	for i := range len(w.text) {
		visitAll(hashWithout(w.text, i, -1))
	}
	x.sounded.each(hash('k', skeletonOf(w.sound, true)), visit)
}

// gatherAcronyms looks for what the asked single word is the first letters of, and for
// single words that are the asked name's.
func (x *Index) gatherAcronyms(s *state, r *reading) {
	if len(r.words) == 1 {
		if w := &r.words[0]; len(w.text) >= 3 && w.class == plain {
			x.short.each(hash('a', w.text), func(f uint32) { s.creditForm(f, 1, 1, x.forms[f].weight) })
		}
		return
	}
	if len(r.words) < 3 {
		return
	}
	var text []byte
	for i := range r.words {
		if r.words[i].class != particle {
			text = append(text, r.words[i].text[0])
		}
	}
	x.spelled.each(hashWithout(string(text), -1, -1), func(id uint32) {
		if x.vocab[id].text != string(text) {
			return
		}
		for _, f := range x.postings[x.postingStart[id]:x.postingStart[id+1]] {
			if x.forms[f].n == 1 {
				s.creditForm(f, 2, 100, 100)
			}
		}
	})
}

// scoreForm compares in full. The asked weights stand in s.weights.
func (x *Index) scoreForm(s *state, q *Query, r *reading, f *listed) float32 {
	s.a.load(r)
	copy(s.a.weight, s.weights)
	s.b.words, s.b.weight, s.b.forms = s.b.words[:0], s.b.weight[:0], s.b.forms[:0]
	for _, id := range x.words[f.from : f.from+uint32(f.n)] {
		s.b.words = append(s.b.words, &x.vocab[id])
		s.b.weight = append(s.b.weight, x.weight[id])
	}
	for _, id := range x.legals[f.legal : f.legal+uint32(f.nLegal)] {
		s.b.forms = append(s.b.forms, x.legal[id])
	}
	return s.score(kindOf(q, &x.entries[f.entry]))
}

// kindOf is what the names are compared as.
func kindOf(q *Query, e *Entry) fundtrail.PartyKind {
	if q.Kind == fundtrail.PartyUnstated {
		return e.Kind
	}
	return q.Kind
}

// hits explains the best.
func (x *Index) hits(s *state, q *Query, asked []reading, best []scored) []Hit {
	out := make([]Hit, 0, len(best))
	reading := -1
	for _, b := range best {
		f := &x.forms[b.form]
		if b.reading != reading {
			// The weights are of one reading: find those of this one again.
			reading = b.reading
			s.begin(x)
			x.gather(s, &asked[reading])
		}
		e := &x.entries[f.entry]
		v := x.scoreForm(s, q, &asked[reading], f)
		final, said := x.weighEvidence(q, f, v, true)
		read := readings(e.Kind, e.Names[f.name].Text)[f.reading]
		tokens := s.explain(&asked[reading], &read)
		out = append(out, Hit{
			Entry: int(f.entry), Name: int(f.name), Score: float64(final), Tokens: tokens,
			Why: why(tokens, float64(v), float64(final), said),
		})
	}
	return out
}
