package crossing

import (
	"cmp"
	"time"

	"github.com/fundtrail/fundtrail"
)

// PredictMethod is the version of Predict's rules.
const PredictMethod fundtrail.Method = "bridge-predict/1"

// A Prediction is what a deposit says of the withdrawal to look for: an inference.
type Prediction struct {
	Chain     fundtrail.Chain // "" when the deposit does not tell
	Recipient string
	Token     string // meant only with TokenKnown, as "" is the native coin
	// TokenKnown says that the deposit tells the token, or that Tokens does.
	TokenKnown bool
	// Least and Most bound what comes out, in base units of the deposit's token, and By
	// when, as 99 of 100 known passages did. By is zero for a deposit without time.
	Least, Most fundtrail.Amount
	By          time.Time
}

// Predict says where a deposit's value comes out. It needs no data of the other chain.
func Predict(d *Leg, opt PairOptions) Prediction {
	odds := cmp.Or(opt.Odds, &DefaultOdds)
	p := Prediction{Chain: d.Peer, Recipient: cmp.Or(d.Recipient, d.Sender), Token: d.PeerToken, TokenKnown: d.PeerToken != "", Most: d.Amount}
	if opt.Tokens != nil && !p.TokenKnown && d.Peer != "" {
		p.Token, p.TokenKnown = opt.Tokens(d.Tx.Chain, d.Token, d.Peer)
	}
	// The limits in millionths; the last bin has none.
	limits := []uint64{0, 10, 100, 1_000, 3_000, 10_000, 30_000, 100_000, 500_000, 1_000_000}
	kept, _ := d.Amount.MulDiv(fundtrail.NewAmount(limits[common(odds.TrueLoss[:])]), fundtrail.NewAmount(1_000_000))
	p.Least, _ = d.Amount.Sub(kept)
	if !d.Time.IsZero() {
		p.By = d.Time.Add(time.Duration(uint64(1)<<common(odds.TrueWait[:waitBins-1])) * time.Second)
	}
	return p
}

// common is the first bin below or in which 99 of 100 lie.
func common(bins []float64) int {
	var all, sum float64
	for _, n := range bins {
		all += n
	}
	for i, n := range bins {
		if sum += n; sum >= 0.99*all {
			return i
		}
	}
	return len(bins) - 1
}

// LearnTokens reads from matches which token is paid out for which: the most frequent
// counterpart, where it stands for at least nine of ten.
func LearnTokens(deposits, withdrawals []Leg, matches []Match) Tokens {
	type side struct {
		chain fundtrail.Chain
		token string
		other fundtrail.Chain
	}
	count := map[side]map[string]int{}
	for _, m := range matches {
		d, w := &deposits[m.Deposit], &withdrawals[m.Withdrawal]
		k := side{d.Tx.Chain, d.Token, w.Tx.Chain}
		if count[k] == nil {
			count[k] = map[string]int{}
		}
		count[k][w.Token]++
	}
	best := map[side]string{}
	for k, tokens := range count {
		all := 0
		for _, n := range tokens {
			all += n
		}
		for t, n := range tokens {
			if 10*n >= 9*all {
				best[k] = t
			}
		}
	}
	return func(chain fundtrail.Chain, token string, other fundtrail.Chain) (string, bool) {
		t, ok := best[side{chain, token, other}]
		return t, ok
	}
}

// Fits reports whether a withdrawal is what was predicted.
func (p *Prediction) Fits(w *Leg) bool {
	return (p.Chain == "" || p.Chain == w.Tx.Chain) && p.Recipient == w.Recipient && (!p.TokenKnown || p.Token == w.Token) &&
		!w.Amount.Less(p.Least) && !p.Most.Less(w.Amount) && (p.By.IsZero() || w.Time.IsZero() || !w.Time.After(p.By))
}
