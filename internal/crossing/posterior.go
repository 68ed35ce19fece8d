package crossing

import (
	"cmp"
	"slices"

	"github.com/fundtrail/fundtrail"
)

// PosteriorMethod joins what the methods say of one withdrawal.
const PosteriorMethod fundtrail.Method = "tornado-posterior/1"

// Unlikely is the certainty of what is not reported.
const Unlikely fundtrail.Certainty = ""

// CertaintyOf names the column that a posterior belongs to: certain from 0.95, probable
// from 0.60, possible from 0.10. The three are never summed.
func CertaintyOf(p float64) fundtrail.Certainty {
	switch {
	case p >= 0.95:
		return fundtrail.Certain
	case p >= 0.60:
		return fundtrail.Probable
	case p >= 0.10:
		return fundtrail.Possible
	}
	return Unlikely
}

// Combine makes one posterior of all methods' links: one for each withdrawal and
// depositor, whose probabilities over the depositors of a withdrawal sum to 1 at most.
// Methods are held to err independently; depositors of one withdrawal exclude each
// other. A depositor's batches count as one, the likeliest is named. Links of one method
// that contradict each other are weighed the same way. The order of links is irrelevant.
func Combine(links []Link) []Link {
	sorted := slices.Clone(links)
	slices.SortFunc(sorted, func(a, b Link) int {
		return cmp.Or(a.Compare(b), cmp.Compare(b.Probability, a.Probability))
	})
	var out []Link
	for from := 0; from < len(sorted); {
		to := from
		for to < len(sorted) && sorted[to].Pool == sorted[from].Pool && sorted[to].Withdrawal == sorted[from].Withdrawal {
			to++
		}
		out = append(out, combineOne(sorted[from:to])...)
		from = to
	}
	return out
}

// mostSure keeps a posterior from claiming what no method can know.
const mostSure = 0.999

func combineOne(links []Link) []Link {
	var out []Link
	odds, sum := []float64{}, 0.0
	for from := 0; from < len(links); {
		l := links[from]
		l.Method = PosteriorMethod
		not, best := 1.0, -1.0
		to := from
		for to < len(links) && links[to].Depositor == l.Depositor {
			// Of one method the strongest counts: it would vouch for itself.
			m, p := links[to].Method, 0.0
			for ; to < len(links) && links[to].Depositor == l.Depositor && links[to].Method == m; to++ {
				if q := links[to].Probability; q > p {
					p = q
				}
				if b := links[to].Batch; b >= 0 && links[to].Probability > best {
					l.Batch, best = b, links[to].Probability
				}
				l.Own = max(l.Own, links[to].Own)
			}
			not *= 1 - min(p, mostSure)
		}
		p := min(1-not, mostSure)
		out = append(out, l)
		odds = append(odds, p/(1-p))
		sum += p / (1 - p)
		from = to
	}
	for i := range out {
		out[i].Probability = odds[i] / (1 + sum)
	}
	return out
}

// BatchLinks spells out what [Demix] found, withdrawal by withdrawal: those with a
// probability of at least floor. A withdrawal may have links to several batches.
func BatchLinks(pools []*Pool, of int, batches []Batch, list []Recipient, floor float64) []Link {
	p := pools[of]
	var links []Link
	for i := range list {
		r := &list[i]
		if r.Probability < floor {
			continue
		}
		b := &batches[r.Batch]
		for _, w := range r.Withdrawals {
			links = append(links, Link{Method: BatchMethod, Pool: of, Withdrawal: w, Depositor: b.Depositor, Batch: r.Batch,
				Probability: r.Probability, AnonymitySet: p.before[w], Own: p.own(b.Deposits, w)})
		}
	}
	slices.SortFunc(links, Link.Compare)
	return links
}
