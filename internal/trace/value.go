package trace

import (
	"fmt"

	"github.com/fundtrail/fundtrail"
)

// microsPerCent converts prices in millionths of a dollar to cents.
const microsPerCent = 10_000

// worth adds amount at the price of a day to a valuation: rounded down to the cent,
// and unpriced where the day has no price.
func (r *run) worth(v *fundtrail.Valuation, asset fundtrail.Asset, amount fundtrail.Amount, at int64) {
	decimals, known := -1, false
	if r.in.Decimals != nil {
		decimals, known = r.in.Decimals(asset)
	}
	price, ok := r.in.Price(asset, at)
	if !ok || !known || decimals > 70 {
		v.Unpriced = plus(v.Unpriced, amount)
		return
	}
	scale := fundtrail.NewAmount(microsPerCent)
	for range decimals {
		scale, _ = scale.Mul(fundtrail.NewAmount(10))
	}
	cents, overflow := amount.MulDiv(price.Micros, scale)
	if overflow {
		v.Unpriced = plus(v.Unpriced, amount)
		return
	}
	v.Cents = plus(v.Cents, cents)
	if v.Basis == "" {
		v.Basis = fmt.Sprintf("%s, at the price of the day of each transfer", price.Source)
	}
}

// valuations prices what reached each end under the headline policy, on the day it
// came. They are nil when no prices were given.
func (r *run) valuations(place []int32) []*fundtrail.Valuation {
	out := make([]*fundtrail.Valuation, len(r.ends))
	if r.in.Price == nil {
		return out
	}
	for i := range out {
		out[i] = &fundtrail.Valuation{}
	}
	for _, e := range r.events.all() {
		if e.end >= 0 && !e.taint[r.opt.Policy].IsZero() {
			r.worth(out[place[e.end]], r.ledger.Asset(e.asset), e.taint[r.opt.Policy], e.time)
		}
	}
	// What is left where it was is priced on the day that the last of it came.
	for _, rest := range r.rests {
		e := &r.ends[place[rest.end]]
		if !rest.taint.IsZero() {
			r.worth(out[place[rest.end]], r.ledger.Asset(e.key.asset), rest.taint, e.last)
		}
	}
	return out
}

// valueThefts prices thefts on their days.
func (r *run) valueThefts(asset fundtrail.Asset, thefts []fundtrail.ResolvedTheft) *fundtrail.Valuation {
	if r.in.Price == nil {
		return nil
	}
	v := &fundtrail.Valuation{}
	for _, t := range thefts {
		at := t.Time
		if span, ok := r.ledger.FindTx(t.Record.Transfer.Tx); ok {
			at = unix(span.Time)
		}
		if at.IsZero() {
			v.Unpriced = plus(v.Unpriced, t.Stolen())
			continue
		}
		r.worth(v, asset, t.Stolen(), at.Unix())
	}
	return v
}

func addValuations(a, b *fundtrail.Valuation) *fundtrail.Valuation {
	if a == nil || b == nil {
		return b
	}
	sum := *a
	sum.Cents, sum.Unpriced = plus(a.Cents, b.Cents), plus(a.Unpriced, b.Unpriced)
	if sum.Basis == "" {
		sum.Basis = b.Basis
	}
	return &sum
}
