package crossing

import (
	"cmp"
	"slices"
)

const (
	minJoinMarket = 3       // fewer equal outputs are any payment
	maxJoinMarket = 100     // takers choose about ten makers
	joinSteps     = 200_000 // of the search, then it gives up
)

// joinMarket: n equal outputs, n changes or n-1 (when the taker swept its account), at
// least n inputs, and inputs fit: every maker's change is its inputs less the amount plus
// a small fee earned, and what is left over is the taker's, who pays all fees.
func joinMarket(t *coinTx) (CoinJoin, bool) {
	if len(t.groups) == 0 || t.paid != len(t.out) {
		return CoinJoin{}, false
	}
	g := t.groups[0]
	n := len(g.Outputs)
	if n < minJoinMarket || n > maxJoinMarket || len(t.in) < n || t.paid != 2*n && t.paid != 2*n-1 {
		return CoinJoin{}, false
	}
	if repeats(t.Outputs) > 0 || !oneKind(scripts(t.Outputs, nil)|scripts(t.Inputs, nil)) {
		return CoinJoin{}, false
	}
	cj := CoinJoin{Kind: JoinMarket, Groups: []EqualOutputs{g}}
	if !t.known {
		// Outputs alone: only a crowd says something, and not much.
		if n < 5 || g.Amount%1_000_000 == 0 {
			return CoinJoin{}, false
		}
		cj.Confidence = 50
		return cj, true
	}
	m := newMakers(t, g)
	if !m.solve(0, false) {
		return CoinJoin{}, false
	}
	cj.Matched, cj.Confidence = m.participants(), 90
	if n < 4 {
		cj.Confidence = 75
	}
	return cj, true
}

// oneKind reports whether all scripts that were given are of one kind: JoinMarket's
// wallets and offers are.
func oneKind(kinds uint8) bool {
	kinds &^= 1 << unknownScript
	return kinds&(kinds-1) == 0
}

// makers is the search for who put in what.
type makers struct {
	t       *coinTx
	amount  uint64   // that all get
	gain    uint64   // the most a maker earns
	inputs  []uint32 // smallest amount first
	used    []bool   // by index into inputs
	changes []uint32 // largest first
	owns    [][]int  // by index into changes; nil is the taker's
	steps   int
}

func newMakers(t *coinTx, g EqualOutputs) *makers {
	m := &makers{t: t, amount: g.Amount, gain: g.Amount/50 + 10_000, steps: joinSteps}
	for i := range t.in {
		m.inputs = append(m.inputs, uint32(i))
	}
	slices.SortFunc(m.inputs, func(a, b uint32) int { return cmp.Or(cmp.Compare(t.in[a], t.in[b]), cmp.Compare(a, b)) })
	for o, v := range t.out {
		if v != g.Amount {
			m.changes = append(m.changes, uint32(o))
		}
	}
	slices.SortFunc(m.changes, func(a, b uint32) int { return cmp.Or(cmp.Compare(t.out[b], t.out[a]), cmp.Compare(a, b)) })
	m.used, m.owns = make([]bool, len(m.inputs)), make([][]int, len(m.changes))
	return m
}

// solve gives every change from c on to a maker with up to three inputs, but one to the
// taker when there are as many changes as equal outputs. The taker has the other inputs:
// they sum as they must, because the whole does, and it must gain nothing.
func (m *makers) solve(c int, taken bool) bool {
	if m.steps--; m.steps < 0 {
		return false
	}
	sweep := m.t.paid == 2*len(m.t.groups[0].Outputs)-1
	if c == len(m.changes) {
		return (taken || sweep) && slices.Contains(m.used, false)
	}
	change := m.t.out[m.changes[c]]
	found := false
	m.subsets(change+m.amount, 3, nil, func(own []int) bool {
		m.owns[c] = own
		found = m.solve(c+1, taken)
		return found
	})
	if found {
		return true
	}
	m.owns[c] = nil
	return !sweep && !taken && m.solve(c+1, true)
}

// subsets visits the sets of free inputs, at most depth of them, that a maker can have
// put in who gets want out: between want less the most it earns, and want.
func (m *makers) subsets(want uint64, depth int, own []int, visit func([]int) bool) bool {
	from := 0
	if len(own) > 0 {
		from = own[len(own)-1] + 1
	}
	least := want - min(want, m.gain)
	for i := from; i < len(m.inputs); i++ {
		if m.used[i] {
			continue
		}
		v := m.t.in[m.inputs[i]]
		if m.steps--; v > want || m.steps < 0 {
			return false
		}
		m.used[i] = true
		next := append(own[:len(own):len(own)], i)
		if v >= least && visit(next) || depth > 1 && v < least && m.smaller(want-v, depth-1, next, visit) {
			return true
		}
		m.used[i] = false
	}
	return false
}

// smaller is subsets for the rest of a sum whose slack stays that of the whole.
func (m *makers) smaller(want uint64, depth int, own []int, visit func([]int) bool) bool {
	return want > 0 && m.subsets(want, depth, own, visit)
}

// participants returns the makers and the taker. A match is sure when no other inputs fit
// the change and no other change fits the inputs, the solution's own aside.
func (m *makers) participants() (all []Participant) {
	for c, own := range m.owns {
		p := Participant{Change: m.changes[c], Levels: 1, Sure: m.fits(c) == 1}
		if own == nil {
			own = m.rest()
			p.Sure = true // once all others are: see below
		}
		for _, i := range own {
			p.Inputs = append(p.Inputs, m.inputs[i])
		}
		slices.Sort(p.Inputs)
		all = append(all, p)
	}
	makersSure := true
	for c, p := range all {
		makersSure = makersSure && (p.Sure || m.owns[c] == nil)
	}
	for c := range all {
		if m.owns[c] == nil {
			all[c].Sure = makersSure
		}
	}
	return all
}

// rest returns the inputs that no maker has.
func (m *makers) rest() (own []int) {
	for i, used := range m.used {
		if !used {
			own = append(own, i)
		}
	}
	return own
}

// fits counts the sets of inputs that a change can be of, up to 2.
func (m *makers) fits(c int) (n int) {
	all := makers{t: m.t, amount: m.amount, gain: m.gain, inputs: m.inputs, used: make([]bool, len(m.inputs)), steps: joinSteps / 10}
	all.subsets(m.t.out[m.changes[c]]+m.amount, 3, nil, func([]int) bool {
		n++
		return n > 1
	})
	if all.steps < 0 {
		return 2
	}
	return n
}
