package crossing

import (
	"bytes"
	"cmp"
	"math"
	"slices"

	"github.com/fundtrail/fundtrail"
)

// TornadoProtocol is how crossings name Tornado Cash.
const TornadoProtocol = "tornado-cash"

// Records finds the ledger's records of events: the transfer that paid a note in, and the
// one that paid it out. ok is false where the ledger lacks it.
type Records struct {
	In  func(p *Pool, d *Deposit) (record fundtrail.TransferOutput, ok bool)
	Out func(p *Pool, w *Withdrawal) (record fundtrail.TransferOutput, ok bool)
}

// Crossings turns links into what a trace can follow: for each depositor, pool and
// certainty one crossing, from the notes it had paid in before the last of the
// withdrawals to those withdrawals. Confidence is the mean of their posteriors, rounded
// down. Withdrawals and deposits that the ledger does not hold are left out. The links
// should come from [Combine]; each withdrawal goes to its likeliest depositor alone, so
// no value comes out twice.
func Crossings(pools []*Pool, links []Link, rec Records) []fundtrail.Crossing {
	type group struct {
		pool  int
		who   Account
		level fundtrail.Certainty
	}
	type place struct{ pool, withdrawal int }
	best := map[place]Link{}
	for _, l := range links {
		k := place{l.Pool, l.Withdrawal}
		if b, ok := best[k]; !ok || l.Probability > b.Probability || l.Probability == b.Probability && l.Compare(b) < 0 {
			best[k] = l
		}
	}
	groups := map[group][]Link{}
	for _, l := range best {
		if c := CertaintyOf(l.Probability); c != Unlikely {
			k := group{l.Pool, l.Depositor, c}
			groups[k] = append(groups[k], l)
		}
	}
	order := make([]group, 0, len(groups))
	for k := range groups {
		order = append(order, k)
	}
	level := map[fundtrail.Certainty]int{fundtrail.Certain: 0, fundtrail.Probable: 1, fundtrail.Possible: 2}
	slices.SortFunc(order, func(a, b group) int {
		return cmp.Or(cmp.Compare(a.pool, b.pool), bytes.Compare(a.who[:], b.who[:]), cmp.Compare(level[a.level], level[b.level]))
	})
	byPool := make([]map[Account][]int, len(pools))
	var list []fundtrail.Crossing
	for _, k := range order {
		p := pools[k.pool]
		if byPool[k.pool] == nil {
			byPool[k.pool] = depositors(p)
		}
		links := groups[k]
		slices.SortFunc(links, Link.Compare)
		c := fundtrail.Crossing{Kind: fundtrail.Mixer, Protocol: TornadoProtocol, Method: PosteriorMethod}
		before, sum := 0, 0.0
		for _, l := range links {
			if o, ok := rec.Out(p, &p.Withdrawals[l.Withdrawal]); ok {
				c.Out = append(c.Out, o)
				sum += l.Probability
				before = max(before, p.before[l.Withdrawal])
			}
		}
		for _, d := range byPool[k.pool][k.who] {
			if d < before {
				if o, ok := rec.In(p, &p.Deposits[d]); ok {
					c.In = append(c.In, o)
				}
			}
		}
		if len(c.Out) == 0 || len(c.In) == 0 {
			continue
		}
		c.Confidence = fundtrail.Confidence(math.Floor(100*sum/float64(len(c.Out)) + 1e-9))
		list = append(list, c)
	}
	return list
}

// A MixerIndex finds crossings by the records that go in. It is what a trace asks.
type MixerIndex map[fundtrail.TransferOutput][]fundtrail.Crossing

// NewMixerIndex indexes crossings; those of one record stay in their order.
func NewMixerIndex(list []fundtrail.Crossing) MixerIndex {
	x := MixerIndex{}
	for _, c := range list {
		for _, in := range c.In {
			x[in] = append(x[in], c)
		}
	}
	return x
}

// Crossings returns the crossings that have the record among their In.
func (x MixerIndex) Crossings(in fundtrail.TransferOutput) []fundtrail.Crossing { return x[in] }
