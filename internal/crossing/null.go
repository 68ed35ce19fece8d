package crossing

import (
	"math/rand/v2"
	"slices"
	"sort"
)

// What chance alone gives. A method is run on history that has been made meaningless; the
// links it still claims are its false ones.

// Shuffled returns the pool with its withdrawals' recipients, fees and signers dealt out
// anew among the withdrawals of the same period, in seconds. Numbers, times and every
// recipient's count within a period stay as they are. The same seed gives the same pool.
func (p *Pool) Shuffled(seed uint64, period int64) *Pool {
	q := *p
	q.Withdrawals = slices.Clone(p.Withdrawals)
	rng := rand.New(rand.NewPCG(seed, 0x746f726e61646f))
	for from := 0; from < len(q.Withdrawals); {
		to := from + 1
		for to < len(q.Withdrawals) && q.Withdrawals[to].Time/period == q.Withdrawals[from].Time/period {
			to++
		}
		part := q.Withdrawals[from:to]
		rng.Shuffle(len(part), func(i, j int) {
			a, b := &part[i], &part[j]
			a.To, b.To = b.To, a.To
			a.Fee, b.Fee = b.Fee, a.Fee
			a.Sender, b.Sender = b.Sender, a.Sender
			a.GasPrice, b.GasPrice = b.GasPrice, a.GasPrice
		})
		from = to
	}
	return &q
}

// Moved returns batches of the same sizes and rhythm at another time: each deposit is
// replaced by the first free one that lies shift seconds later or after that. Nobody in
// particular made them, so whoever is claimed for them is claimed by chance. Batches that
// would run out of the pool's history are left out.
func Moved(p *Pool, batches []Batch, shift int64) []Batch {
	used := map[int]bool{}
	var list []Batch
	for _, b := range batches {
		var m Batch
		for _, d := range b.Deposits {
			t := p.Deposits[d].Time + shift
			i := sort.Search(len(p.Deposits), func(i int) bool { return p.Deposits[i].Time >= t })
			for i < len(p.Deposits) && used[i] {
				i++
			}
			if i == len(p.Deposits) || t < p.Deposits[0].Time {
				break
			}
			used[i] = true
			m.Deposits = append(m.Deposits, i)
		}
		if len(m.Deposits) == len(b.Deposits) {
			slices.Sort(m.Deposits)
			list = append(list, m)
		}
	}
	return list
}
