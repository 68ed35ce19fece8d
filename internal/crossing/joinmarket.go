package crossing

import (
	"cmp"
	"slices"
)

const (
	minJoinMarket = 3       // fewer equal outputs are any payment
	maxJoinMarket = 50      // takers choose about ten makers
	joinSteps     = 100_000 // of the search, then it gives up
	mostInputs    = 3       // of one maker, that are looked for
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
	if !m.possible() || !m.solve(0, false) {
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
	amounts []uint64 // theirs
	used    []bool   // by index into inputs
	changes []uint32 // largest first
	owns    []owned  // by index into changes
	fits    []int    // sets of inputs that a change can be of, counted up to 2
	steps   int
}

// owned is a set of one maker's inputs, as indexes into makers.inputs; n is 0 for the
// taker's, which are all that nobody else owns.
type owned struct {
	at [mostInputs]int
	n  int
}

func newMakers(t *coinTx, g EqualOutputs) *makers {
	m := &makers{t: t, amount: g.Amount, gain: g.Amount/50 + 10_000, steps: joinSteps}
	for i := range t.in {
		m.inputs = append(m.inputs, uint32(i))
	}
	slices.SortFunc(m.inputs, func(a, b uint32) int { return cmp.Or(cmp.Compare(t.in[a], t.in[b]), cmp.Compare(a, b)) })
	for _, i := range m.inputs {
		m.amounts = append(m.amounts, t.in[i])
	}
	for o, v := range t.out {
		if v != g.Amount {
			m.changes = append(m.changes, uint32(o))
		}
	}
	slices.SortFunc(m.changes, func(a, b uint32) int { return cmp.Or(cmp.Compare(t.out[b], t.out[a]), cmp.Compare(a, b)) })
	m.used, m.owns, m.fits = make([]bool, len(m.inputs)), make([]owned, len(m.changes)), make([]int, len(m.changes))
	return m
}

// sweep reports whether the taker has no change.
func (m *makers) sweep() bool { return m.t.paid == 2*len(m.t.groups[0].Outputs)-1 }

// possible counts for every change the sets of inputs it can be of. Most transactions
// that are no JoinMarket end here: more than one change, the taker's, is of none.
func (m *makers) possible() bool {
	strangers := 0
	for c := range m.changes {
		m.subsets(m.t.out[m.changes[c]]+m.amount, owned{}, func(owned) bool {
			m.fits[c]++
			return m.fits[c] > 1
		})
		clear(m.used)
		if m.steps < 0 {
			return false
		}
		if m.fits[c] == 0 {
			if strangers++; strangers > 1 || m.sweep() {
				return false
			}
		}
	}
	return true
}

// solve gives every change from c on to a maker with up to three inputs, but one to the
// taker when there are as many changes as equal outputs. The taker has the other inputs:
// they sum as they must, because the whole does.
func (m *makers) solve(c int, taken bool) bool {
	if m.steps--; m.steps < 0 {
		return false
	}
	if c == len(m.changes) {
		return (taken || m.sweep()) && slices.Contains(m.used, false)
	}
	found := false
	if m.fits[c] > 0 {
		m.subsets(m.t.out[m.changes[c]]+m.amount, owned{}, func(own owned) bool {
			m.owns[c] = own
			found = m.solve(c+1, taken)
			return found
		})
	}
	if found {
		return true
	}
	m.owns[c] = owned{}
	return !m.sweep() && !taken && m.solve(c+1, true)
}

// subsets visits the sets of free inputs, which begin with own, that a maker can have put
// in who gets what is still wanted: that less the most it earns, up to that. Inputs of a
// set that visit accepts stay used.
func (m *makers) subsets(want uint64, own owned, visit func(owned) bool) bool {
	least := want - min(want, m.gain)
	from := 0
	if own.n > 0 {
		from = own.at[own.n-1] + 1
	}
	if own.n == mostInputs-1 {
		// Nothing can be added to the next one: it must be large enough by itself.
		i, _ := slices.BinarySearch(m.amounts, least)
		from = max(from, i)
	}
	for i := from; i < len(m.inputs) && m.amounts[i] <= want; i++ {
		if m.used[i] {
			continue
		}
		if m.steps--; m.steps < 0 {
			return false
		}
		next := own
		next.at[next.n] = i
		next.n++
		m.used[i] = true
		if m.amounts[i] >= least {
			if visit(next) {
				return true
			}
		} else if next.n < mostInputs && m.subsets(want-m.amounts[i], next, visit) {
			return true
		}
		m.used[i] = false
	}
	return false
}

// participants returns the makers and the taker. A match is sure when no other inputs fit
// the change; the taker's when all others are.
func (m *makers) participants() (all []Participant) {
	makersSure := true
	for c, own := range m.owns {
		makersSure = makersSure && (own.n == 0 || m.fits[c] == 1)
	}
	for c, own := range m.owns {
		p := Participant{Change: m.changes[c], Levels: 1, Sure: m.fits[c] == 1}
		for _, i := range own.at[:own.n] {
			p.Inputs = append(p.Inputs, m.inputs[i])
		}
		if own.n == 0 {
			p.Sure = makersSure
			for i, used := range m.used {
				if !used {
					p.Inputs = append(p.Inputs, m.inputs[i])
				}
			}
		}
		slices.Sort(p.Inputs)
		all = append(all, p)
	}
	return all
}
