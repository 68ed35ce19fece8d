package crossing

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"sort"
	"time"

	"github.com/fundtrail/fundtrail"
)

// PayoutMethod is the rule of [PayoutModel.Rank].
const PayoutMethod fundtrail.Method = "payout-amount/1"

// A CustodialPayment is a deposit with a service, or a payout of it.
type CustodialPayment struct {
	Record   fundtrail.TransferOutput
	Time     time.Time
	Amount   fundtrail.Amount
	Decimals int // of its asset
}

// coins returns the amount in whole coins. Odds are no account: a float serves.
func (p *CustodialPayment) coins() float64 {
	f, _ := p.Amount.Big().Float64()
	return f / math.Pow10(p.Decimals)
}

// A CustodialExchange is a deposit, what a coin of its asset was worth on its day in coins of the
// payout's asset, and, to learn from, the payout that is known to answer it.
type CustodialExchange struct {
	Deposit CustodialPayment
	Rate    float64
	Payout  CustodialPayment
}

// A PayoutModel says how a service's payout follows from a deposit: the amount at the
// day's rate, less a share, less a flat fee, give or take what a day's rate leaves open.
type PayoutModel struct {
	Spread float64 // share that the service keeps; below zero when the day's rate is off
	Flat   float64 // coins of the payout's asset
	Scale  float64 // of the error, as a share of the amount
	Seen   float64 // chance that the payout is among the candidates at all
}

// FitPayouts learns a model from exchanges whose payouts are known; want ten or more.
// Seen is not to be had from them, because all of theirs are seen; it is set to 1.
func FitPayouts(known []CustodialExchange) (PayoutModel, error) {
	var in, out []float64
	for i := range known {
		e := &known[i]
		a, b := e.Deposit.coins()*e.Rate, e.Payout.coins()
		if a > 0 && b > 0 && !math.IsInf(a, 0) {
			in, out = append(in, a), append(out, b)
		}
	}
	if len(in) < 10 {
		return PayoutModel{}, fmt.Errorf("fit payouts: %d exchanges with both amounts and a rate, want 10 or more: %w", len(in), fundtrail.ErrInvalid)
	}
	sorted := slices.Sorted(slices.Values(out))
	most := sorted[len(sorted)/2] // no fee is as large as half of all payouts
	best := PayoutModel{Scale: math.Inf(1), Seen: 1}
	errs := make([]float64, len(in))
	// A thousand steps, so that the flat fee is known to a thousandth of a usual payout.
	for step := range 1000 {
		flat := most * float64(step) / 1000
		for i := range in {
			errs[i] = math.Log((out[i] + flat) / in[i])
		}
		slices.Sort(errs)
		centre := errs[len(errs)/2]
		for i := range errs {
			errs[i] = math.Abs(errs[i] - centre)
		}
		slices.Sort(errs)
		if scale := errs[len(errs)/2] / math.Ln2; scale < best.Scale {
			best.Spread, best.Flat, best.Scale = 1-math.Exp(centre), flat, scale
		}
	}
	best.Scale = max(best.Scale, 1e-6)
	return best, nil
}

// A PayoutLead is a payout that can answer a deposit. It is a lead: somebody to ask, not
// somebody who did it.
type PayoutLead struct {
	Payout int     // index into the payouts given
	Odds   float64 // chance that it is the one
	Error  float64 // by which share its amount is off
}

// A PayoutList is a service's payouts in one asset, by time, made once for many deposits.
type PayoutList struct {
	payments []CustodialPayment
	order    []int     // by time
	logs     []float64 // of amounts plus flat fee, sorted
	model    PayoutModel
}

// List prepares payouts for ranking.
func (m PayoutModel) List(payouts []CustodialPayment) *PayoutList {
	l := &PayoutList{payments: payouts, model: m}
	for i := range payouts {
		l.order = append(l.order, i)
		l.logs = append(l.logs, math.Log(max(payouts[i].coins()+m.Flat, 1e-30)))
	}
	slices.SortStableFunc(l.order, func(a, b int) int { return payouts[a].Time.Compare(payouts[b].Time) })
	slices.Sort(l.logs)
	return l
}

// background returns the density of the logarithm of payouts' amounts near x: how likely
// somebody else's payout is to be of such an amount.
func (l *PayoutList) background(x float64) float64 {
	const width = 0.05
	n := sort.SearchFloat64s(l.logs, x+width) - sort.SearchFloat64s(l.logs, x-width)
	return (float64(n) + 1) / (float64(len(l.logs)) + 1) / (2 * width)
}

// density is how likely the right payout is to be off by err: mostly little, sometimes
// much, as when a day's rate moved.
func (m PayoutModel) density(err float64) float64 {
	laplace := func(b float64) float64 { return math.Exp(-math.Abs(err)/b) / (2 * b) }
	return 0.85*laplace(m.Scale) + 0.14*laplace(4*m.Scale) + 0.01*laplace(1)
}

// Rank returns the payouts from the deposit's time to window later that can answer it,
// the likeliest first. Their odds sum to less than one: what is missing is the chance
// that the payout is not among them.
func (l *PayoutList) Rank(deposit CustodialPayment, rate float64, window time.Duration) []PayoutLead {
	want := deposit.coins() * rate * (1 - l.model.Spread)
	if !(want > l.model.Flat) || math.IsInf(want, 0) || window < 0 {
		return nil
	}
	from, _ := slices.BinarySearchFunc(l.order, deposit.Time, func(i int, at time.Time) int { return l.payments[i].Time.Compare(at) })
	var leads []PayoutLead
	var sum float64
	for _, i := range l.order[from:] {
		if l.payments[i].Time.Sub(deposit.Time) > window {
			break
		}
		x := math.Log(max(l.payments[i].coins()+l.model.Flat, 1e-30))
		err := x - math.Log(want)
		w := l.model.density(err) / l.background(x)
		leads = append(leads, PayoutLead{Payout: i, Odds: w, Error: err})
		sum += w
	}
	// One of n is the right one with chance Seen, each as likely as the others before its
	// amount is looked at.
	n := float64(len(leads))
	whole := 1 - l.model.Seen + l.model.Seen/n*sum
	for i := range leads {
		if leads[i].Odds = leads[i].Odds * l.model.Seen / n / whole; whole == 0 {
			leads[i].Odds = 0
		}
	}
	slices.SortStableFunc(leads, func(a, b PayoutLead) int { return cmp.Compare(b.Odds, a.Odds) })
	return leads
}
