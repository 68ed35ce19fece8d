package crossing

import (
	"cmp"
	"slices"

	"github.com/fundtrail/fundtrail"
)

// Methods of pairing. Both are versioned: another behaviour is another name.
const (
	PairedByID fundtrail.Method = "bridge-id/1"   // both legs carry the protocol's own name of the passage
	PairedRank fundtrail.Method = "bridge-rank/1" // by recipient, asset, amount after fee and time
)

// A Match joins a withdrawal to the deposit it pays out.
type Match struct {
	Deposit, Withdrawal int // indexes into what Pair was given
	Method              fundtrail.Method
	// Probability that the two are one passage. For ids it is 1 less what is stated of
	// ids; for ranks it is what doc/methods-bridges.md measured to be calibrated.
	Probability float64
	// Others are the other deposits that it may be, the likeliest first, at most eight.
	Others []Candidate
}

// A Candidate is a deposit that a withdrawal may pay out.
type Candidate struct {
	Deposit     int
	Probability float64
}

// PairOptions say how to pair. The zero value pairs by ids, and ranks by the Odds
// that were measured.
type PairOptions struct {
	Odds     *Odds   // nil: DefaultOdds
	IDsOnly  bool    // do not rank
	HideIDs  bool    // rank everything: to measure ranking where ids tell the truth
	Floor    float64 // least probability of a ranked match that is returned; default 0.5
	Tokens   Tokens  // nil: a token on one chain may be any on another, unless the legs tell
	Decimals func(chain fundtrail.Chain, token string) (decimals int, ok bool)
}

// Tokens says which token of another chain a token is paid out in. It returns "unknown"
// as ok false.
type Tokens func(chain fundtrail.Chain, token string, other fundtrail.Chain) (counterpart string, ok bool)

// Pair joins the withdrawals of bridges to their deposits. Each leg is used once at
// most, and the order of the legs is irrelevant. The matches are in the order of the
// withdrawals' indexes.
//
// Where both legs carry an id, the id decides: a withdrawal whose id is a deposit's, but
// which pays another recipient, another token or more, is not paired at all, and
// neither is the second that an id pays: see Audit.
func Pair(deposits, withdrawals []Leg, opt PairOptions) []Match {
	p := newPairing(deposits, withdrawals, opt)
	if !opt.HideIDs {
		p.byID()
	}
	if !opt.IDsOnly {
		p.rank()
	}
	slices.SortFunc(p.matches, func(a, b Match) int { return cmp.Compare(a.Withdrawal, b.Withdrawal) })
	return p.matches
}

func newPairing(deposits, withdrawals []Leg, opt PairOptions) *pairing {
	p := &pairing{deposits: deposits, withdrawals: withdrawals, opt: opt, usedD: make([]bool, len(deposits)), usedW: make([]bool, len(withdrawals))}
	if p.opt.Odds == nil {
		p.opt.Odds = &DefaultOdds
	}
	if p.opt.Floor == 0 {
		p.opt.Floor = 0.5
	}
	return p
}

type pairing struct {
	deposits, withdrawals []Leg
	opt                   PairOptions
	usedD, usedW          []bool
	matches               []Match
}

// passageID is what makes ids comparable: an id names a passage of one protocol.
type passageID struct{ protocol, id string }

func (p *pairing) byID() {
	at := depositsByID(p.deposits)
	for _, w := range inOrder(p.withdrawals) {
		wl := &p.withdrawals[w]
		if wl.ID == "" {
			continue
		}
		for _, d := range at[passageID{wl.Protocol, wl.ID}] {
			dl := &p.deposits[d]
			if p.usedD[d] || !ends(dl, wl) || p.unlike(dl, wl) {
				continue
			}
			p.usedD[d], p.usedW[w] = true, true
			p.matches = append(p.matches, Match{Deposit: d, Withdrawal: w, Method: PairedByID, Probability: idProbability})
			break
		}
		// With its id on the other side and other details, no ranking may overrule it.
		if !p.usedW[w] && len(at[passageID{wl.Protocol, wl.ID}]) > 0 {
			p.usedW[w] = true
		}
	}
}

// idProbability is what a pair by id is worth: no wrong one was seen among 17,697 known
// pairs, which by the rule of three bounds the error at 1 in 5,900.
const idProbability = 0.9998

func depositsByID(deposits []Leg) map[passageID][]int {
	at := make(map[passageID][]int, len(deposits))
	for _, d := range distinct(deposits) {
		if l := &deposits[d]; l.ID != "" {
			k := passageID{l.Protocol, l.ID}
			at[k] = append(at[k], d)
		}
	}
	return at
}

// ends reports whether two legs can be the ends of one passage by their chains.
func ends(d, w *Leg) bool {
	return (d.Peer == "" || d.Peer == w.Tx.Chain) && (w.Peer == "" || w.Peer == d.Tx.Chain)
}

// unlike reports whether what both legs tell differs. Amounts are compared where the
// units are known to be the same.
func (p *pairing) unlike(d, w *Leg) bool {
	if d.Recipient != "" && w.Recipient != "" && d.Recipient != w.Recipient {
		return true
	}
	if !p.sameToken(d, w) {
		return true
	}
	if swaps(d) {
		return false
	}
	in, out, known := p.amounts(d, w)
	if known || !in.Less(out) {
		return in.Less(out)
	}
	// More base units came out: of a finer unit, or it is not what went in.
	in, out = nearestScale(in, out)
	return in.Less(out) || lossBin(in, out) == lossBins-1
}

// swaps reports whether what comes out is another asset than what went in, whose amounts
// say nothing of each other.
func swaps(d *Leg) bool { return d.Protocol == thorchain }

// sameToken reports whether a withdrawal can pay out a deposit's token.
func (p *pairing) sameToken(d, w *Leg) bool {
	if d.PeerToken != "" && w.Token != UnknownToken && d.PeerToken != w.Token ||
		w.PeerToken != "" && d.Token != UnknownToken && w.PeerToken != d.Token {
		return false
	}
	if d.Token == UnknownToken || w.Token == UnknownToken {
		return true
	}
	if p.opt.Tokens != nil && !swaps(d) {
		if t, ok := p.opt.Tokens(d.Tx.Chain, d.Token, w.Tx.Chain); ok && t != w.Token {
			return false
		}
	}
	return true
}

// amounts returns what went in and came out in the same unit, if the unit is known.
func (p *pairing) amounts(d, w *Leg) (in, out fundtrail.Amount, comparable bool) {
	if p.opt.Decimals == nil || d.Coarse || w.Coarse {
		return d.Amount, w.Amount, false
	}
	a, okA := p.opt.Decimals(d.Tx.Chain, d.Token)
	b, okB := p.opt.Decimals(w.Tx.Chain, w.Token)
	if !okA || !okB || a < 0 || b < 0 || max(a, b) > 77 {
		return d.Amount, w.Amount, false
	}
	in, over := scaled(d.Amount, max(b-a, 0))
	out, over2 := scaled(w.Amount, max(a-b, 0))
	if over || over2 {
		return d.Amount, w.Amount, false
	}
	return in, out, true
}

// scaled returns a times ten to the n-th.
func scaled(a fundtrail.Amount, n int) (product fundtrail.Amount, overflow bool) {
	for ; n > 0 && !overflow; n-- {
		a, overflow = a.Mul(fundtrail.NewAmount(10))
	}
	return a, overflow
}
