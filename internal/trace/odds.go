package trace

import (
	"math"

	"github.com/fundtrail/fundtrail"
)

// odds is the probability of a start in millionths, so that sums come out the same on
// every machine.
type odds uint32

// sure is the odds of what no method had to infer.
const sure odds = 1_000_000

// oddsOf reads a probability; 0 is that of a start which states none.
func oddsOf(p float64) odds {
	if !(p > 0 && p < 1) {
		return sure
	}
	return odds(max(1, math.Round(p*float64(sure))))
}

// An oddsSum is value by the odds of the starts it comes from.
type oddsSum struct {
	least, most      odds
	amount, expected fundtrail.Amount
	parts            uint64 // of expected, in millionths of a base unit
}

func (s *oddsSum) add(amount fundtrail.Amount, o odds) {
	if amount.IsZero() {
		return
	}
	if s.amount.IsZero() || o < s.least {
		s.least = o
	}
	s.most = max(s.most, o)
	million := fundtrail.NewAmount(uint64(sure))
	part, _ := amount.MulDiv(fundtrail.NewAmount(uint64(o)), million)
	whole, _ := amount.MulDiv(fundtrail.NewAmount(1), million)
	whole, _ = whole.Mul(million)
	rest, _ := amount.Sub(whole) // below a million
	s.parts += rest.Uint64() * uint64(o) % uint64(sure)
	part = plus(part, fundtrail.NewAmount(s.parts/uint64(sure)))
	s.parts %= uint64(sure)
	s.amount, s.expected = plus(s.amount, amount), plus(s.expected, part)
}

// mean is the odds of the whole.
func (s *oddsSum) mean() odds {
	if s.amount.IsZero() {
		return sure
	}
	if all, over := s.expected.Mul(fundtrail.NewAmount(uint64(sure))); !over { // else parts are nothing beside it
		o, _ := plus(all, fundtrail.NewAmount(s.parts)).MulDiv(fundtrail.NewAmount(1), s.amount)
		return odds(max(1, o.Uint64()))
	}
	o, _ := s.expected.MulDiv(fundtrail.NewAmount(uint64(sure)), s.amount)
	return odds(max(1, o.Uint64()))
}

// odds is the sum as a trace tells it, nil when all of it is certain.
func (s *oddsSum) odds() *fundtrail.Odds {
	if s == nil || s.amount.IsZero() || s.least == sure {
		return nil
	}
	return &fundtrail.Odds{Least: float64(s.least) / float64(sure), Most: float64(s.most) / float64(sure), Expected: s.expected}
}

// inferred reports whether any start of the run is one that a method infers.
func (r *run) inferred() bool {
	if len(r.odds) > 0 {
		return true
	}
	for i := range r.deposits {
		if d := &r.deposits[i]; !d.stolen.IsZero() && d.odds != sure {
			return true
		}
	}
	return false
}

// addOdds joins the odds of two amounts, of which either may be certain.
func addOdds(a *fundtrail.Odds, x fundtrail.Amount, b *fundtrail.Odds, y fundtrail.Amount) *fundtrail.Odds {
	if x.IsZero() || y.IsZero() || a == nil && b == nil {
		if y.IsZero() {
			return a
		}
		return b
	}
	if a == nil {
		a = &fundtrail.Odds{Least: 1, Most: 1, Expected: x}
	}
	if b == nil {
		b = &fundtrail.Odds{Least: 1, Most: 1, Expected: y}
	}
	return &fundtrail.Odds{Least: min(a.Least, b.Least), Most: max(a.Most, b.Most), Expected: plus(a.Expected, b.Expected)}
}
