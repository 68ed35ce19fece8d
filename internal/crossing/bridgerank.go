package crossing

import (
	"cmp"
	"math"
	"math/bits"
	"slices"
	"time"

	"github.com/fundtrail/fundtrail"
)

// Ranking pairs legs that share no id. A candidate has the recipient (or, where the
// deposit names none, the sender), a token that can be the deposit's, no more than
// went in, and a later time. What it is worth is the ratio of two frequencies: how
// often the true pair looks so, and how often another deposit of the same recipient
// does. Both were counted on known pairs (Odds). The ratios of all candidates are then
// weighed against each other with every leg used at most once, as the sum over all
// possible assignments of a group; see weigh.

// lossBins sorts what a passage kept back: none, up to 10^-5, 10^-4, 10^-3, 3·10^-3,
// 10^-2, 3·10^-2, 10^-1, half, more.
const lossBins = 10

// waitBins sorts waits by powers of two of seconds: bin n is below 2^n. The last but
// one is above 97 days; the last is "no time told".
const waitBins = 25

// Odds are counts of how passages look.
type Odds struct {
	TrueLoss, OtherLoss [lossBins]float64
	TrueWait, OtherWait [waitBins]float64
	// Absent is how often a withdrawal's deposit is not among the deposits, relative to
	// how often it is: what stands against every candidate.
	Absent float64
}

var lossLimits = [lossBins - 2]float64{1e-5, 1e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1, 0.5}

func lossBin(in, out fundtrail.Amount) int {
	if in == out {
		return 0
	}
	diff, _ := in.Sub(out)
	loss := approx(diff) / approx(in)
	for i, limit := range lossLimits {
		if loss <= limit {
			return i + 1
		}
	}
	return lossBins - 1
}

// approx is an amount as a float, for ratios alone.
func approx(a fundtrail.Amount) float64 {
	var f float64
	for i, w := range a.Words() {
		f += math.Ldexp(float64(w), 64*i)
	}
	return f
}

func waitBin(from, to time.Time) int {
	if from.IsZero() || to.IsZero() {
		return waitBins - 1
	}
	s := uint64(max(to.Unix()-from.Unix(), 0))
	return min(bits.Len64(s), waitBins-2)
}

// weight is how much likelier the true pair looks so than another does.
func (o *Odds) weight(loss, wait int) float64 {
	w := ratio(o.TrueLoss[:], o.OtherLoss[:], loss)
	if wait < waitBins-1 {
		w *= ratio(o.TrueWait[:waitBins-1], o.OtherWait[:waitBins-1], wait)
	}
	return w
}

// ratio compares two frequencies with half a count more in each bin, so that what was
// never seen is unlikely and not impossible.
func ratio(a, b []float64, bin int) float64 {
	var sa, sb float64
	for i := range a {
		sa, sb = sa+a[i]+0.5, sb+b[i]+0.5
	}
	return (a[bin] + 0.5) / sa / ((b[bin] + 0.5) / sb)
}

// Learn counts odds on pairs that are known: truth maps a withdrawal's index to its
// deposit's. Every other candidate of the same withdrawal counts as another.
func Learn(deposits, withdrawals []Leg, truth map[int]int, opt PairOptions) Odds {
	p := pairing{deposits: deposits, withdrawals: withdrawals, opt: opt, usedD: make([]bool, len(deposits)), usedW: make([]bool, len(withdrawals))}
	var o Odds
	for w, list := range p.candidates() {
		d, known := truth[w]
		if !known {
			continue
		}
		for _, c := range list {
			if c.deposit == d {
				o.TrueLoss[c.loss]++
				o.TrueWait[c.wait]++
			} else {
				o.OtherLoss[c.loss]++
				o.OtherWait[c.wait]++
			}
		}
	}
	return o
}

// An edge is a candidate before it is weighed.
type edge struct {
	deposit, withdrawal int
	loss, wait          int
	weight              float64
	toD, toW            float64 // messages of weigh
}

// maxCandidates bounds what one withdrawal is weighed against: of what lost least, the
// nearest in time.
const maxCandidates = 48

// maxScan bounds how many deposits of one recipient are looked at for one withdrawal,
// the last before it: an exchange's address, or an attacker's, may have any number.
const maxScan = 4096

// near returns the part of a recipient's deposits, which are in order of time, that a
// withdrawal of that time is compared with.
func (p *pairing) near(list []int, at time.Time) []int {
	if len(list) <= maxScan {
		return list
	}
	end := len(list)
	if !at.IsZero() {
		end, _ = slices.BinarySearchFunc(list, at, func(d int, at time.Time) int {
			if p.deposits[d].Time.After(at) {
				return 1
			}
			return -1
		})
	}
	return list[max(end-maxScan, 0):end]
}

// holder is what a candidate must share with a withdrawal.
type holder struct {
	protocol  string
	chain     fundtrail.Chain // the withdrawal's
	recipient string
}

// candidates lists, for every withdrawal that is not used, the deposits it may pay out.
func (p *pairing) candidates() [][]edge {
	of := map[holder][]int{}
	for _, d := range distinct(p.deposits) {
		l := &p.deposits[d]
		if p.usedD[d] {
			continue
		}
		to := cmp.Or(l.Recipient, l.Sender)
		if to == "" {
			continue
		}
		k := holder{l.Protocol, l.Peer, to}
		of[k] = append(of[k], d)
	}
	all := make([][]edge, len(p.withdrawals))
	for w := range p.withdrawals {
		l := &p.withdrawals[w]
		if p.usedW[w] || l.Recipient == "" {
			continue
		}
		var list []edge
		for _, chain := range []fundtrail.Chain{l.Tx.Chain, ""} {
			for _, d := range p.near(of[holder{l.Protocol, chain, l.Recipient}], l.Time) {
				if e, ok := p.edge(d, w); ok {
					list = append(list, e)
				}
			}
		}
		if len(list) > maxCandidates {
			slices.SortFunc(list, func(a, b edge) int {
				return cmp.Or(cmp.Compare(a.loss, b.loss), cmp.Compare(a.wait, b.wait),
					p.deposits[b.deposit].compare(&p.deposits[a.deposit]))
			})
			list = list[:maxCandidates]
		}
		all[w] = list
	}
	return all
}

// edge tells how a withdrawal looks as a deposit's; false when it cannot be.
func (p *pairing) edge(d, w int) (edge, bool) {
	dl, wl := &p.deposits[d], &p.withdrawals[w]
	if swaps(dl) || !ends(dl, wl) || !p.sameToken(dl, wl) {
		return edge{}, false
	}
	if !dl.Time.IsZero() && !wl.Time.IsZero() && wl.Time.Before(dl.Time) {
		return edge{}, false
	}
	e := edge{deposit: d, withdrawal: w, wait: waitBin(dl.Time, wl.Time)}
	in, out, known := p.amounts(dl, wl)
	if !known {
		in, out = nearestScale(in, out)
	}
	if in.Less(out) || out.IsZero() {
		return edge{}, false
	}
	e.loss = lossBin(in, out)
	return e, true
}

// nearestScale brings two amounts of unknown units to the one unit, of those by which
// tokens differ between chains (6, 8, 9 and 18 decimals), at which least is lost.
func nearestScale(in, out fundtrail.Amount) (fundtrail.Amount, fundtrail.Amount) {
	bestIn, bestOut, best := in, out, math.Inf(1)
	for _, n := range []int{0, 12, -12, 10, -10, 9, -9, 2, -2} {
		a, over := scaled(in, max(n, 0))
		b, over2 := scaled(out, max(-n, 0))
		if over || over2 || a.Less(b) {
			continue
		}
		diff, _ := a.Sub(b)
		if loss := approx(diff) / approx(a); loss < best {
			bestIn, bestOut, best = a, b, loss
		}
	}
	return bestIn, bestOut
}

// weighed returns the candidates for what ids did not pair, with their shares.
func (p *pairing) weighed() []edge {
	lists := p.candidates()
	var edges []edge
	for _, w := range inOrder(p.withdrawals) {
		edges = append(edges, lists[w]...)
	}
	for i := range edges {
		edges[i].weight = p.opt.Odds.weight(edges[i].loss, edges[i].wait)
	}
	p.weigh(edges)
	return edges
}

// rank pairs what ids did not.
func (p *pairing) rank() {
	edges := p.weighed()
	byW := map[int][]Candidate{}
	for i := range edges {
		e := &edges[i]
		byW[e.withdrawal] = append(byW[e.withdrawal], Candidate{e.deposit, e.marginal()})
	}
	slices.SortFunc(edges, func(a, b edge) int {
		return cmp.Or(cmp.Compare(b.marginal(), a.marginal()),
			p.withdrawals[a.withdrawal].compare(&p.withdrawals[b.withdrawal]), p.deposits[a.deposit].compare(&p.deposits[b.deposit]))
	})
	for i := range edges {
		e := &edges[i]
		if p.usedD[e.deposit] || p.usedW[e.withdrawal] || e.marginal() < p.opt.Floor {
			continue
		}
		p.usedD[e.deposit], p.usedW[e.withdrawal] = true, true
		p.matches = append(p.matches, Match{
			Deposit: e.deposit, Withdrawal: e.withdrawal, Method: PairedRank, Probability: e.marginal(),
			Others: p.others(byW[e.withdrawal], e.deposit),
		})
	}
}

func (p *pairing) others(list []Candidate, not int) []Candidate {
	list = slices.DeleteFunc(slices.Clone(list), func(c Candidate) bool { return c.Deposit == not || c.Probability < 0.001 })
	slices.SortFunc(list, func(a, b Candidate) int {
		return cmp.Or(cmp.Compare(b.Probability, a.Probability), p.deposits[a.Deposit].compare(&p.deposits[b.Deposit]))
	})
	return list[:min(len(list), 8)]
}

// weigh computes each edge's share of all assignments, in which an assignment weighs
// the product of its edges' weights and each leg has one edge at most: belief
// propagation for matchings (Bayati, Shah, Sharma; exact where candidates form a tree,
// the Bethe approximation elsewhere, and it converges).
func (p *pairing) weigh(edges []edge) {
	absent := p.opt.Odds.Absent
	if absent <= 0 {
		absent = 0.01
	}
	sumD, sumW := make([]float64, len(p.deposits)), make([]float64, len(p.withdrawals))
	for i := range edges {
		edges[i].toD, edges[i].toW = 1, 1
		edges[i].weight /= absent
	}
	for range 60 {
		clear(sumD)
		clear(sumW)
		for i := range edges {
			e := &edges[i]
			sumD[e.deposit] += e.weight * e.toD
			sumW[e.withdrawal] += e.weight * e.toW
		}
		for i := range edges {
			e := &edges[i]
			fromD := 1 / (1 + max(sumD[e.deposit]-e.weight*e.toD, 0))
			fromW := 1 / (1 + max(sumW[e.withdrawal]-e.weight*e.toW, 0))
			e.toW, e.toD = (e.toW+fromD)/2, (e.toD+fromW)/2
		}
	}
}

// marginal is an edge's share of all assignments.
func (e *edge) marginal() float64 {
	x := e.weight * e.toD * e.toW
	return x / (1 + x)
}

// DefaultOdds are the counts of the tuned half of Nomad's, Ronin's and Multichain's known
// passages, 8,848 true pairs; doc/methods-bridges.md says which half. A test holds them
// to the data.
var DefaultOdds = Odds{
	TrueLoss:  [lossBins]float64{7784, 26, 98, 327, 255, 206, 108, 38, 6, 0},
	OtherLoss: [lossBins]float64{342, 13, 12, 15, 6, 25, 30, 101, 528, 2287},
	TrueWait:  [waitBins]float64{0, 0, 0, 0, 1, 2, 9, 0, 1, 0, 0, 419, 3495, 775, 910, 824, 193, 56, 42, 36, 29, 40, 75, 873, 1068},
	OtherWait: [waitBins]float64{0, 0, 0, 0, 0, 0, 0, 0, 4, 3, 8, 14, 58, 134, 136, 106, 145, 176, 188, 205, 293, 333, 357, 341, 858},
	Absent:    0.01,
}
