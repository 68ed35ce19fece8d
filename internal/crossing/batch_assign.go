package crossing

import (
	"cmp"
	"math"
	"slices"
)

// The assignment as a whole. Every recipient goes to one batch or to none; a batch
// cannot pay out more notes than went in, and mostly pays out just as many. Recipients
// are visited in order of time, with the notes paid out so far by every batch whose
// window is open as the state: a sum over all assignments gives each recipient its
// probability, and the best of them is the answer. It is exact unless more than maxStates
// states are open at once; then the least likely are let go.

const (
	maxStates = 600
	// hopeless is the log odds below which a recipient is not worth a state.
	hopeless = -5
)

// balance is the log weight of a batch that has left notes over, tuned: launderers take
// out what they put in, seldom all but a few, or else they wait and nothing comes out in
// the window.
func balance(left, notes int) float64 {
	switch left {
	case 0:
		return 0
	case notes:
		return -8
	}
	return -0.7 - 20*float64(left)/float64(notes)
}

// An item is the candidates that share withdrawals, so that at most one can be true.
type item struct {
	options []int // indexes into search.list
}

// items groups the candidates that are not hopeless, in order of first withdrawal.
func (s *search) items(barred []bool) []item {
	owner := map[int]int{} // withdrawal -> item
	var list []item
	for i := range s.list {
		if barred[i] || s.list[i].score < hopeless {
			continue
		}
		n := -1
		for _, w := range s.list[i].Withdrawals {
			if o, ok := owner[w]; ok {
				if n >= 0 && n != o {
					// It joins two items: the later becomes part of the earlier.
					list[n].options = append(list[n].options, list[o].options...)
					for w2, o2 := range owner {
						if o2 == o {
							owner[w2] = n
						}
					}
					list[o].options = nil
				} else {
					n = o
				}
			}
		}
		if n < 0 {
			n = len(list)
			list = append(list, item{})
		}
		list[n].options = append(list[n].options, i)
		for _, w := range s.list[i].Withdrawals {
			owner[w] = n
		}
	}
	list = slices.DeleteFunc(list, func(it item) bool { return len(it.options) == 0 })
	for i := range list {
		slices.Sort(list[i].options)
	}
	begin := func(it item) int {
		b := math.MaxInt
		for _, o := range it.options {
			b = min(b, s.list[o].Withdrawals[0])
		}
		return b
	}
	slices.SortFunc(list, func(a, b item) int { return cmp.Compare(begin(a), begin(b)) })
	return list
}

// A state is the notes that every open batch has paid out, two bytes each.
type state struct {
	paid  string
	sum   float64 // log of the weight of all assignments that lead to it
	best  float64 // of the best one
	from  int     // its state in the step before
	took  int     // and its choice: an option, or -1
	after float64 // log of the weight of all that can follow
}

// An arc leads from a state of one step to one of the next.
type arc struct {
	from, to, took int
	gain           float64
}

// lattice is the steps of the visit.
type lattice struct {
	states [][]state
	arcs   [][]arc // arcs[n] lead from states[n] to states[n+1]
}

// assign sets every candidate's probability and whether the best assignment has it.
func (s *search) assign() {
	barred := s.spread()
	for {
		weak := s.tooEarly()
		if len(weak) == 0 {
			return
		}
		for _, i := range weak {
			barred[i] = true
		}
		s.solve(barred, false)
	}
}

// spread sets every candidate's probability and a first assignment. It returns what is
// barred from it: nothing so far.
func (s *search) spread() (barred []bool) {
	for i := range s.list {
		s.list[i].Probability = 0
	}
	barred = make([]bool, len(s.list))
	s.solve(barred, true)
	return barred
}

// tooEarly returns, of every batch that would have paid out more at some moment than was
// in it, the weakest assigned recipient to blame.
func (s *search) tooEarly() (weak []int) {
	for b := range s.batches {
		var taken []int
		for i := s.span[b][0]; i < s.span[b][1]; i++ {
			if s.list[i].Assigned {
				taken = append(taken, s.list[i].Withdrawals...)
			}
		}
		slices.Sort(taken)
		if causal(s.pool, s.batches[b].Deposits, taken) {
			continue
		}
		// The moment at which it is overdrawn; those who had taken by then are at fault.
		moment := 0
		for causal(s.pool, s.batches[b].Deposits, taken[:moment+1]) {
			moment++
		}
		until := taken[moment]
		worst := -1
		for i := s.span[b][0]; i < s.span[b][1]; i++ {
			r := &s.list[i]
			if r.Assigned && r.Withdrawals[0] <= until && (worst < 0 || r.score < s.list[worst].score) {
				worst = i
			}
		}
		weak = append(weak, worst)
	}
	return weak
}

// solve visits the items. With spread it also sets the probabilities.
func (s *search) solve(barred []bool, spread bool) {
	for i := range s.list {
		s.list[i].Assigned = false
	}
	items := s.items(barred)
	opens, closes := map[int]int{}, map[int]int{}
	for n, it := range items {
		for _, o := range it.options {
			b := s.list[o].Batch
			if _, ok := opens[b]; !ok {
				opens[b] = n
			}
			closes[b] = n
		}
	}
	var open []int // batches, by place in the state
	l := &lattice{states: [][]state{{{from: -1, took: -1}}}}
	for n, it := range items {
		for _, o := range it.options {
			if b := s.list[o].Batch; opens[b] == n && !slices.Contains(open, b) {
				open = append(open, b)
				for i := range l.states[n] {
					l.states[n][i].paid += "\x00\x00"
				}
			}
		}
		l.step(s, it, open)
		for i := 0; i < len(open); {
			if b := open[i]; closes[b] == n {
				l.close(i, len(s.batches[b].Deposits))
				open = slices.Delete(open, i, i+1)
			} else {
				i++
			}
		}
	}
	l.trace(func(o int) { s.list[o].Assigned = true })
	if spread {
		l.spread(func(o int, p float64) { s.list[o].Probability = p })
	}
}

// step adds a step: the item goes to none or to one of its options.
func (l *lattice) step(s *search, it item, open []int) {
	n := len(l.states) - 1
	index := map[string]int{}
	var next []state
	var arcs []arc
	reach := func(from, took int, paid string, gain float64) {
		x := &l.states[n][from]
		i, ok := index[paid]
		if !ok {
			i = len(next)
			index[paid] = i
			next = append(next, state{paid: paid, sum: math.Inf(-1), best: math.Inf(-1)})
		}
		y := &next[i]
		y.sum = logAdd(y.sum, x.sum+gain)
		if v := x.best + gain; v > y.best {
			y.best, y.from, y.took = v, from, took
		}
		arcs = append(arcs, arc{from, i, took, gain})
	}
	for from := range l.states[n] {
		paid := l.states[n][from].paid
		reach(from, -1, paid, 0)
		for _, o := range it.options {
			r := &s.list[o]
			at := slices.Index(open, r.Batch)
			k := len(r.Withdrawals) + int(paid[2*at])<<8 + int(paid[2*at+1])
			if k > len(s.batches[r.Batch].Deposits) || k > math.MaxUint16 {
				continue
			}
			more := []byte(paid)
			more[2*at], more[2*at+1] = byte(k>>8), byte(k)
			reach(from, o, string(more), r.score)
		}
	}
	if len(next) > maxStates {
		next, arcs = prune(next, arcs)
	}
	l.states = append(l.states, next)
	l.arcs = append(l.arcs, arcs)
}

// prune keeps the likeliest states and the best one.
func prune(next []state, arcs []arc) ([]state, []arc) {
	order := make([]int, len(next))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int {
		return cmp.Or(cmp.Compare(next[b].sum, next[a].sum), cmp.Compare(next[a].paid, next[b].paid))
	})
	moved := make([]int, len(next))
	for i := range moved {
		moved[i] = -1
	}
	kept := make([]state, 0, maxStates)
	for _, i := range order[:maxStates] {
		moved[i] = len(kept)
		kept = append(kept, next[i])
	}
	left := arcs[:0]
	for _, a := range arcs {
		if a.to = moved[a.to]; a.to >= 0 {
			left = append(left, a)
		}
	}
	return kept, left
}

// close weighs what a batch has left over and takes it out of the last step's states.
func (l *lattice) close(at, notes int) {
	n := len(l.states) - 1
	index := map[string]int{}
	var kept []state
	moved := make([]int, len(l.states[n]))
	weight := make([]float64, len(l.states[n]))
	for i, x := range l.states[n] {
		left := notes - int(x.paid[2*at])<<8 - int(x.paid[2*at+1])
		weight[i] = balance(left, notes)
		x.sum, x.best = x.sum+weight[i], x.best+weight[i]
		x.paid = x.paid[:2*at] + x.paid[2*at+2:]
		j, ok := index[x.paid]
		if !ok {
			index[x.paid] = len(kept)
			moved[i] = len(kept)
			kept = append(kept, x)
			continue
		}
		moved[i] = j
		y := &kept[j]
		y.sum = logAdd(y.sum, x.sum)
		if x.best > y.best {
			y.best, y.from, y.took = x.best, x.from, x.took
		}
	}
	for i := range l.arcs[n-1] {
		a := &l.arcs[n-1][i]
		a.gain += weight[a.to]
		a.to = moved[a.to]
	}
	l.states[n] = kept
}

// trace tells the choices of the best assignment.
func (l *lattice) trace(take func(option int)) {
	n := len(l.states) - 1
	at := 0
	for i := range l.states[n] {
		if l.states[n][i].best > l.states[n][at].best {
			at = i
		}
	}
	for ; n > 0; n-- {
		x := &l.states[n][at]
		if x.took >= 0 {
			take(x.took)
		}
		at = x.from
	}
}

// spread tells every option's part of the weight of all assignments.
func (l *lattice) spread(tell func(option int, p float64)) {
	n := len(l.states) - 1
	total := math.Inf(-1)
	for i := range l.states[n] {
		total = logAdd(total, l.states[n][i].sum)
	}
	for n--; n >= 0; n-- {
		from, to := l.states[n], l.states[n+1]
		for i := range from {
			from[i].after = math.Inf(-1)
		}
		part := map[int]float64{}
		for _, a := range l.arcs[n] {
			rest := a.gain + to[a.to].after
			from[a.from].after = logAdd(from[a.from].after, rest)
			if a.took >= 0 {
				part[a.took] += math.Exp(from[a.from].sum + rest - total)
			}
		}
		for o, p := range part {
			tell(o, min(p, 1))
		}
	}
}

func logAdd(a, b float64) float64 {
	if a < b {
		a, b = b, a
	}
	if math.IsInf(b, -1) {
		return a
	}
	return a + math.Log1p(math.Exp(b-a))
}
