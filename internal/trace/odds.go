package trace

import (
	"math"

	"github.com/fundtrail/fundtrail"
)

// million is the parts in which odds are reckoned, so that sums come out the same on every
// machine.
const million = 1_000_000

// odds are the probability of a start, and how much of it is to be expected, in millionths.
// The two differ where what starts is an expectation already.
type odds struct{ chance, weight uint32 }

// sure is the odds of what no method had to infer.
var sure = odds{million, million}

// oddsOf reads the odds of a start, of which 0 is stated by none.
func oddsOf(t *fundtrail.Theft) odds {
	o := odds{millionths(t.Probability), millionths(t.Weight)}
	if t.Weight == 0 {
		o.weight = o.chance
	}
	return o
}

func millionths(p float64) uint32 {
	if !(p > 0 && p < 1) {
		return million
	}
	return uint32(max(1, math.Round(p*million)))
}

// An oddsSum is value by the odds of the starts it comes from.
type oddsSum struct {
	least, most        uint32
	amount             fundtrail.Amount
	expected, byChance portion
}

// A portion is a sum of parts of amounts, with the millionths of a base unit that many
// small ones would lose.
type portion struct {
	whole      fundtrail.Amount
	millionths uint64
}

// add adds so many millionths of an amount.
func (s *portion) add(amount fundtrail.Amount, n uint32) {
	part, _ := amount.MulDiv(fundtrail.NewAmount(uint64(n)), fundtrail.NewAmount(million))
	whole, _ := amount.MulDiv(fundtrail.NewAmount(1), fundtrail.NewAmount(million))
	whole, _ = whole.Mul(fundtrail.NewAmount(million))
	rest, _ := amount.Sub(whole) // below a million
	s.millionths += rest.Uint64() * uint64(n) % million
	s.whole = plus(plus(s.whole, part), fundtrail.NewAmount(s.millionths/million))
	s.millionths %= million
}

// of returns the part that the sum is of an amount, in millionths.
func (s *portion) of(amount fundtrail.Amount) uint32 {
	if all, over := s.whole.Mul(fundtrail.NewAmount(million)); !over { // else millionths are nothing beside it
		n, _ := plus(all, fundtrail.NewAmount(s.millionths)).MulDiv(fundtrail.NewAmount(1), amount)
		return uint32(max(1, n.Uint64()))
	}
	n, _ := s.whole.MulDiv(fundtrail.NewAmount(million), amount)
	return uint32(max(1, n.Uint64()))
}

func (s *oddsSum) add(amount fundtrail.Amount, o odds) {
	if amount.IsZero() {
		return
	}
	if s.amount.IsZero() || o.chance < s.least {
		s.least = o.chance
	}
	s.most = max(s.most, o.chance)
	s.amount = plus(s.amount, amount)
	s.expected.add(amount, o.weight)
	s.byChance.add(amount, o.chance)
}

// mean is the odds of the whole.
func (s *oddsSum) mean() odds {
	if s.amount.IsZero() {
		return sure
	}
	return odds{s.byChance.of(s.amount), s.expected.of(s.amount)}
}

// odds is the sum as a trace tells it, nil when all of it is certain.
func (s *oddsSum) odds() *fundtrail.Odds {
	if s == nil || s.amount.IsZero() || s.least == million && s.expected.whole == s.amount {
		return nil
	}
	return &fundtrail.Odds{Least: float64(s.least) / million, Most: float64(s.most) / million, Expected: s.expected.whole, ByChance: s.byChance.whole}
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
		a = &fundtrail.Odds{Least: 1, Most: 1, Expected: x, ByChance: x}
	}
	if b == nil {
		b = &fundtrail.Odds{Least: 1, Most: 1, Expected: y, ByChance: y}
	}
	return &fundtrail.Odds{Least: min(a.Least, b.Least), Most: max(a.Most, b.Most), Expected: plus(a.Expected, b.Expected), ByChance: plus(a.ByChance, b.ByChance)}
}
