package onward

import "github.com/fundtrail/fundtrail"

// million is the parts in which odds are reckoned, so that sums are exact.
const million = 1_000_000

// An arrival is what a ledger record brought, and what of it is stolen under the headline
// policy: if all is right, as is to be expected, and times the probability.
type arrival struct{ amount, stolen, expected, byChance fundtrail.Amount }

func (a *arrival) add(b arrival) {
	a.amount, a.stolen = plus(a.amount, b.amount), plus(a.stolen, b.stolen)
	a.expected, a.byChance = plus(a.expected, b.expected), plus(a.byChance, b.byChance)
}

// odds is the probability of the stolen part, by value, and weight how much of it is to be
// expected.
func (a *arrival) odds() float64   { return a.part(a.byChance) }
func (a *arrival) weight() float64 { return a.part(a.expected) }

func (a *arrival) part(of fundtrail.Amount) float64 {
	if a.stolen.IsZero() || of == a.stolen {
		return 1
	}
	parts, _ := of.MulDiv(fundtrail.NewAmount(million), a.stolen)
	return float64(parts.Uint64()) / million
}

// plus is the sum, which for parts of one ledger's amounts does not overflow.
func plus(a, b fundtrail.Amount) fundtrail.Amount {
	sum, overflow := a.Add(b)
	if overflow {
		return fundtrail.MaxAmount
	}
	return sum
}

// arrivals are what the records of a trace brought. A coin that a crossing pays to as well
// as its transaction's inputs has two hops; what came back to what is stolen is no more of it.
func arrivals(tr *fundtrail.Trace) map[fundtrail.TransferOutput]arrival {
	out := make(map[fundtrail.TransferOutput]arrival, len(tr.Hops))
	for i := range tr.Hops {
		h := &tr.Hops[i]
		if h.Kind == fundtrail.HopFee || h.End >= 0 && tr.Ends[h.End].Kind == fundtrail.EndReturned {
			continue
		}
		stolen := h.Taint[tr.Policy]
		expected, byChance := stolen, stolen
		if h.Odds != nil {
			expected, byChance = h.Odds.Expected, h.Odds.ByChance
		}
		a := out[h.Record]
		a.amount = h.Amount // of the record, however many hops
		a.stolen = plus(a.stolen, stolen).Min(a.amount)
		a.expected, a.byChance = plus(a.expected, expected).Min(a.stolen), plus(a.byChance, byChance).Min(a.stolen)
		out[h.Record] = a
	}
	return out
}

// sumUp is what went into a passage.
func sumUp(p *fundtrail.Passage, arrived map[fundtrail.TransferOutput]arrival) (sum arrival) {
	for _, d := range p.Deposits {
		sum.add(arrived[d])
	}
	return sum
}

// A room is how much of a passage has come out at one certainty.
type room struct {
	deposited arrival
	out       fundtrail.Amount // with what was kept on the way
	n         int
}

// take returns how much of a withdrawal there is room for. In one asset what comes out,
// with what was kept on the way, is at most what was stolen of what went in. Where the
// asset is another there are at most as many withdrawals as deposits, each with the stolen
// share of what went in.
func (r *room) take(p *fundtrail.Passage, w *fundtrail.Withdrawal) fundtrail.Amount {
	if w.Asset != p.Asset {
		if r.n == len(p.Deposits) || r.deposited.amount.IsZero() {
			return fundtrail.Amount{}
		}
		r.n++
		part, _ := w.Carries.MulDiv(r.deposited.stolen, r.deposited.amount)
		return part
	}
	left, _ := r.deposited.stolen.Sub(r.out)
	rest, none := left.Sub(w.Fee)
	if none || rest.IsZero() {
		return fundtrail.Amount{}
	}
	carries := w.Carries.Min(rest)
	r.out = plus(r.out, plus(carries, w.Fee))
	return carries
}
