package trace

import (
	"slices"

	"github.com/fundtrail/fundtrail"
)

// A plan is the order in which the movements of one transaction of an account chain are
// visited, where crossings are followed. A swap brings value out once all that was paid
// for it is in, and a pool that is paid by a callback pays out first; so the ledger's
// order will not always do.
//
// What a trace says of a balance depends on the order of its own movements, and of no
// other's. A plan therefore keeps the order of every balance that has, or may get,
// tainted value, has each crossing's In before its Out, and is the ledger's order where
// these leave a choice: every order that keeps them gives the same trace.
//
// A crossing that no such order allows, as when what it brought out was used to pay for it,
// is refused: it brings nothing out within the transaction. So is a swap into which the way
// would be what another brings out: seen from the pool, every swap is one the other way.
type plan struct {
	span    fundtrail.Span
	answers map[fundtrail.Position]*answer       // of the records that were asked about
	made    map[fundtrail.TransferOutput]*answer // the same by the first record of their crossing's In
	order   []fundtrail.Position                 // nil: the ledger's
}

// An answer is the crossing that a record went into. All records that went into it have
// the same, so that it is found, put in order and refused as one.
type answer struct {
	crossing  *fundtrail.Crossing
	ins, outs []fundtrail.Position // outs is empty where the data lacks the other side
	in        fundtrail.Amount     // sum of ins
	fits      bool                 // in the plan's order all of ins in its transaction go before outs
	refused   bool                 // no order allows that
}

func (a *answer) swaps() bool { return a.crossing.Kind == fundtrail.Swap }

// ends reports whether what went in ends where it was paid to, whoever that is.
func (a *answer) ends() bool { return a.swaps() || a.crossing.Kind == fundtrail.Bridge }

// crossing returns the crossing that the record at p went into, nil when it went into
// none. Of each record the hook is asked once while its transaction is visited.
func (r *run) crossing(p fundtrail.Position) *answer {
	if s := &r.plan.span; p < s.First || p >= s.End {
		r.plan = plan{span: r.ledger.Transaction(p)}
	}
	if a, known := r.plan.answers[p]; known {
		return a
	}
	if r.plan.answers == nil {
		r.plan.answers, r.plan.made = map[fundtrail.Position]*answer{}, map[fundtrail.TransferOutput]*answer{}
	}
	a := r.ask(p)
	r.plan.answers[p] = a
	return a
}

// ask chooses among the crossings of a record.
//
// A payment is used once. Several crossings of one payment are several accounts of where
// the same value went, and to follow two would make value; so the most confident is taken,
// and where two that differ are equally so, none: they contradict each other. What one
// payment paid for in several parts is one crossing with several Out. A crossing less
// confident than a claim must be to end the trace is none.
func (r *run) ask(p fundtrail.Position) *answer {
	var best *fundtrail.Crossing
	contradicted := false
	for _, c := range r.in.Crossings.Crossings(r.ledger.Output(p)) {
		switch {
		case c.Confidence < r.opt.MinConfidence:
		case best == nil || c.Confidence > best.Confidence:
			best, contradicted = &c, false
		case c.Confidence == best.Confidence && !(slices.Equal(c.In, best.In) && slices.Equal(c.Out, best.Out)):
			contradicted = true
		}
	}
	if best == nil || contradicted {
		return nil
	}
	first := best.In[0]
	if a := r.plan.made[first]; a != nil && slices.Equal(a.crossing.In, best.In) && slices.Equal(a.crossing.Out, best.Out) &&
		a.crossing.Kind == best.Kind && a.crossing.Confidence == best.Confidence {
		return a
	}
	a := &answer{crossing: best}
	var held, found bool
	a.ins, held = r.records(best.In)
	a.outs, found = r.records(best.Out)
	if !held || !found {
		if a.outs = nil; a.swaps() {
			return nil
		}
	}
	if len(a.outs) == 0 && !a.ends() {
		return nil
	}
	for _, q := range a.ins {
		a.in = plus(a.in, r.amountAt(q))
	}
	r.plan.made[first] = a
	return a
}

// reorders makes the plan of the transaction of p, unless it is made, and reports whether
// its order is another than the ledger's.
func (r *run) reorders(p fundtrail.Position) bool {
	if r.in.Crossings == nil || r.back {
		return false
	}
	if s := &r.plan.span; p < s.First || p >= s.End {
		r.plan = plan{span: r.ledger.Transaction(p)}
		if s.End-s.First > 1 {
			newPlanner(r).plan()
		}
	}
	return r.plan.order != nil
}

// inOrder visits what is pending of the transaction that the plan is of.
func (r *run) inOrder() error {
	for _, p := range r.plan.order {
		if !r.pending.has(p) {
			continue
		}
		if err := r.movement(p); err != nil {
			return err
		}
	}
	return nil
}

// A planner makes a plan. Movements have their numbers within the transaction.
type planner struct {
	r        *run
	first    fundtrail.Position
	moves    []fundtrail.Movement
	carries  []bool           // may carry tainted value
	live     map[balance]bool // has, or may get, tainted value
	payments map[balance][]int
	before   [][]int          // by movement: those that go before it; then by crossing, see join
	told     map[*answer]bool // whose outs are known to carry
	refused  bool             // something was refused, and it is to be begun again
	mark     []uint8          // scratch of place and leads
}

func newPlanner(r *run) *planner {
	n := int(r.plan.span.End - r.plan.span.First)
	b := &planner{r: r, first: r.plan.span.First, moves: make([]fundtrail.Movement, n), payments: map[balance][]int{}}
	for i := range b.moves {
		m := &b.moves[i]
		r.ledger.Movement(b.first+fundtrail.Position(i), m)
		r.visited++
		if m.From != fundtrail.NoAddress {
			k := balance{m.From, m.Asset}
			b.payments[k] = append(b.payments[k], i)
		}
	}
	return b
}

func (b *planner) plan() {
	for b.refused = true; b.refused; { // what is refused does not cross, and so stays
		b.refused = false
		if b.spread(); !b.refused {
			b.settle()
		}
	}
	if !slices.ContainsFunc(b.asked(), b.late) {
		return
	}
	b.mark = make([]uint8, len(b.before))
	order := make([]fundtrail.Position, 0, len(b.moves))
	for i := range b.moves {
		order = b.place(i, order)
	}
	b.r.plan.order = order
}

// spread finds what may carry tainted value, and asks of all of it where it goes.
func (b *planner) spread() {
	b.carries, b.live, b.told = make([]bool, len(b.moves)), map[balance]bool{}, map[*answer]bool{}
	for i := range b.moves {
		m, p := &b.moves[i], b.first+fundtrail.Position(i)
		payer := b.r.holding(m.From, m.Asset)
		if payer >= 0 {
			b.live[balance{m.From, m.Asset}] = true
		}
		if b.r.holding(m.To, m.Asset) >= 0 {
			b.live[balance{m.To, m.Asset}] = true
		}
		if payer >= 0 && !b.r.holdings.at(payer).widened.IsZero() || b.r.sources[m.From] || b.r.thefts[p] || b.r.crossed[p] != nil {
			b.carry(i)
		}
	}
}

// carry notes that a movement may carry tainted value, and where that goes.
func (b *planner) carry(i int) {
	for todo := []int{i}; len(todo) > 0; {
		i, todo = todo[len(todo)-1], todo[:len(todo)-1]
		m := &b.moves[i]
		if b.carries[i] {
			continue
		}
		b.carries[i] = true
		a := b.r.crossing(b.first + fundtrail.Position(i))
		if a != nil && !a.refused && !b.told[a] {
			b.told[a] = true
			for _, q := range a.outs {
				k, here := b.here(q)
				if !here {
					continue
				}
				if other := b.r.crossing(q); a.swaps() && other != nil && other.swaps() {
					b.refuse(other)
				}
				todo = append(todo, k)
			}
		}
		if a != nil && !a.refused && a.ends() {
			continue // it ends where it was paid to
		}
		if m.To == fundtrail.NoAddress {
			continue
		}
		k := balance{m.To, m.Asset}
		b.live[k] = true
		for _, next := range b.payments[k] {
			if next > i {
				todo = append(todo, next)
			}
		}
	}
}

func (b *planner) refuse(a *answer) {
	b.refused = b.refused || !a.refused
	a.fits, a.refused = false, true
}

// here returns a position's number within the transaction.
func (b *planner) here(q fundtrail.Position) (int, bool) {
	return int(q) - int(b.first), q >= b.first && q < b.r.plan.span.End
}

// asked lists the crossings that were found and not refused, in the order of the records
// they were asked of.
func (b *planner) asked() (out []*answer) {
	met := map[*answer]bool{}
	for i := range b.moves {
		if a := b.r.plan.answers[b.first+fundtrail.Position(i)]; a != nil && !a.refused && b.carries[i] && !met[a] {
			met[a] = true
			out = append(out, a)
		}
	}
	return out
}

// late reports whether something comes out of a crossing, in the ledger's order, before
// all of it is in.
func (b *planner) late(a *answer) bool {
	last := fundtrail.Position(0) // of what goes in
	for _, in := range a.ins {
		if _, here := b.here(in); here {
			last = max(last, in)
		}
	}
	return slices.ContainsFunc(a.outs, func(out fundtrail.Position) bool {
		_, here := b.here(out)
		return here && out <= last
	})
}

// settle finds what goes before what, and refuses the crossings that fit no order. Those
// that the ledger's order allows come first, as they always fit.
func (b *planner) settle() {
	b.before = make([][]int, len(b.moves))
	last := map[balance]int{}
	for i := range b.moves {
		m := &b.moves[i]
		for _, a := range [2]fundtrail.AddressID{m.From, m.To} {
			k := balance{a, m.Asset}
			if !b.live[k] {
				continue
			}
			if prev, ok := last[k]; ok && prev != i {
				b.before[i] = append(b.before[i], prev)
			}
			last[k] = i
		}
	}
	all := b.asked()
	for _, late := range []bool{false, true} {
		for _, a := range all {
			if b.late(a) != late {
				continue
			}
			if late && b.leads(a) {
				b.refuse(a)
			} else {
				b.join(a)
			}
		}
	}
}

// join has all that goes into a crossing go before what comes out: all of it before the
// crossing, which has a number after those of the movements, and that before each of them.
func (b *planner) join(a *answer) {
	a.fits = true
	var in []int
	for _, q := range a.ins {
		if i, here := b.here(q); here {
			in = append(in, i)
		}
	}
	x := len(b.before)
	b.before = append(b.before, in)
	for _, q := range a.outs {
		if o, here := b.here(q); here {
			b.before[o] = append(b.before[o], x)
		}
	}
}

// leads reports whether something that comes out of a crossing must already go before
// something that goes in.
func (b *planner) leads(a *answer) bool {
	b.mark = make([]uint8, len(b.before))
	var todo []int
	for _, in := range a.ins {
		if i, here := b.here(in); here {
			todo = append(todo, i)
		}
	}
	for len(todo) > 0 {
		i := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if b.mark[i] != 0 {
			continue
		}
		b.mark[i] = 1
		todo = append(todo, b.before[i]...)
	}
	return slices.ContainsFunc(a.outs, func(out fundtrail.Position) bool {
		o, here := b.here(out)
		return here && b.mark[o] != 0
	})
}

// place appends a movement to the order, after all that goes before it. There are no
// circles: see leads.
func (b *planner) place(i int, order []fundtrail.Position) []fundtrail.Position {
	type step struct{ move, next int }
	for stack := []step{{i, 0}}; len(stack) > 0; {
		top := &stack[len(stack)-1]
		switch before := b.before[top.move]; {
		case b.mark[top.move] != 0:
			stack = stack[:len(stack)-1]
		case top.next < len(before):
			top.next++
			stack = append(stack, step{before[top.next-1], 0})
		default:
			if b.mark[top.move] = 1; top.move < len(b.moves) {
				order = append(order, b.first+fundtrail.Position(top.move))
			}
		}
	}
	return order
}
