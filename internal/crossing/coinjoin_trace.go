package crossing

import (
	"fmt"
	"slices"
	"time"

	"github.com/fundtrail/fundtrail"
)

// ReadCoinTransaction returns a transaction of a coin chain as a ledger holds it; ok is
// false where inputs or outputs are missing, so that their places would not be told.
func ReadCoinTransaction(l fundtrail.Ledger, span fundtrail.Span) (tx fundtrail.Transaction, ok bool) {
	id := fundtrail.TransferID{Tx: span.ID}
	t := fundtrail.Transfer{ID: id}
	var m fundtrail.Movement
	for p := span.First; p < span.End; p++ {
		l.Movement(p, &m)
		t.Asset = l.Asset(m.Asset)
		place := int(l.Output(p).Output)
		switch m.Kind {
		case fundtrail.MoveInput:
			e := fundtrail.Entry{Address: l.Address(m.From), Amount: m.Amount}
			if m.Link != fundtrail.NoPosition {
				e.Spends = l.Output(m.Link)
			}
			if place != len(t.Inputs) {
				return tx, false
			}
			t.Inputs = append(t.Inputs, e)
		case fundtrail.MoveOutput:
			if place != len(t.Outputs) {
				return tx, false
			}
			t.Outputs = append(t.Outputs, fundtrail.Entry{Address: l.Address(m.To), Amount: m.Amount})
		default:
			return tx, false
		}
	}
	return fundtrail.Transaction{
		ID: span.ID, Block: fundtrail.Block{Chain: span.ID.Chain, Height: span.Height, Time: time.Unix(span.Time, 0).UTC()},
		Transfers: []fundtrail.Transfer{t},
	}, true
}

// CoinJoins answers a trace's question which transactions mix coins of several owners, by
// their shape alone.
type CoinJoins struct{ ledger fundtrail.Ledger }

// NewCoinJoins makes the hook for a ledger.
func NewCoinJoins(l fundtrail.Ledger) *CoinJoins { return &CoinJoins{l} }

// Mix returns what is concluded about a transaction, nil for one that is no CoinJoin. A
// Whirlpool tx0 is none: it is one owner's.
func (c *CoinJoins) Mix(span fundtrail.Span) *fundtrail.Mix {
	tx, ok := ReadCoinTransaction(c.ledger, span)
	if !ok {
		return nil
	}
	cj, ok := RecogniseCoinJoin(&tx)
	if !ok || !cj.Kind.Mixes() {
		return nil
	}
	m := &fundtrail.Mix{Protocol: string(cj.Kind), Method: cj.Method, Confidence: cj.Confidence}
	t := &tx.Transfers[0]
	for i := range cj.Matched {
		p := &cj.Matched[i]
		if !p.Sure {
			continue
		}
		var in uint64
		for _, k := range p.Inputs {
			in += t.Inputs[k].Amount.Uint64()
		}
		whole, _ := cj.has(p, in, t.Outputs[p.Change].Amount.Uint64())
		inputs := slices.Sorted(slices.Values(p.Inputs))
		m.Changes = append(m.Changes, fundtrail.MixChange{
			Inputs: inputs, Output: p.Change, Whole: fundtrail.NewAmount(whole), Method: ChangeMethod, Confidence: cj.ChangeConfidence(),
		})
	}
	return m
}

// Missed says which CoinJoins on a trace's way [ThroughCoinJoins] did not go on through.
type Missed struct {
	Unknown     int // the ledger does not hold the amounts of all inputs
	MostlyClean int // coins of which no policy that conserves value holds half to be stolen
}

// ThroughCoinJoins says where the value of a trace can have come out of the CoinJoins that
// it ended in. A passage is what went into one of them under the headline policy, less what
// is surely change and so went on in the trace. Every output that can be its owner's is a
// withdrawal with its odds; those below the least that is called possible are left out, and
// no rule adds up several. Coins that are not mostly stolen are somebody else's.
func ThroughCoinJoins(tr *fundtrail.Trace, l fundtrail.Ledger) (passages []fundtrail.Passage, missed Missed, err error) {
	coins := map[fundtrail.TransferOutput]fundtrail.Taints{}
	for i := range tr.Hops {
		h := &tr.Hops[i]
		if info, ok := h.Asset.Chain.Info(); !ok || info.Model != fundtrail.Coins || h.End >= 0 {
			continue
		}
		sum := coins[h.Record]
		for p := range sum {
			more, over := sum[p].Add(h.Taint[p])
			if over || more.Cmp(h.Amount) > 0 {
				more = h.Amount // poison alone can be more
			}
			sum[p] = more
		}
		coins[h.Record] = sum
	}
	for i := range tr.Hops {
		h := &tr.Hops[i]
		if h.Record.Output != fundtrail.MixIndex || h.End < 0 {
			continue
		}
		p, clean, known, err := passed(h, coins, l, tr.Policy)
		if err != nil {
			return nil, missed, err
		}
		missed.MostlyClean += clean
		if !known {
			missed.Unknown++
		} else if p != nil {
			passages = append(passages, *p)
		}
	}
	return passages, missed, nil
}

// Passages says where the value of a trace can have come out of CoinJoins, see
// [ThroughCoinJoins], and in sentences what of it was left out.
func (c *CoinJoins) Passages(tr *fundtrail.Trace) (passages []fundtrail.Passage, notes []string, err error) {
	passages, missed, err := ThroughCoinJoins(tr, c.ledger)
	if err != nil {
		return nil, nil, err
	}
	unlikely := 0
	for i := range passages {
		if len(passages[i].Withdrawals) == 0 {
			unlikely++
		}
	}
	if unlikely > 0 {
		notes = append(notes, fmt.Sprintf("Of %d CoinJoins that the trace came into every output is the thief's with odds below 0.1: none is listed.", unlikely))
	}
	if missed.MostlyClean > 0 {
		notes = append(notes, fmt.Sprintf("Of %d coins spent in CoinJoins no policy that conserves value holds half to be stolen; they are not followed through.", missed.MostlyClean))
	}
	if missed.Unknown > 0 {
		notes = append(notes, fmt.Sprintf("Of %d CoinJoins the ledger does not hold the amounts of all inputs; where value can have come out of those is not said.", missed.Unknown))
	}
	return passages, notes, nil
}

// Payouts returns none: the ledger holds a CoinJoin's outputs.
func (c *CoinJoins) Payouts() []fundtrail.Receipt { return nil }

// passed makes the passage of one CoinJoin, nil when nothing that went in is the thief's.
func passed(h *fundtrail.Hop, coins map[fundtrail.TransferOutput]fundtrail.Taints, l fundtrail.Ledger, policy fundtrail.Policy) (p *fundtrail.Passage, clean int, known bool, err error) {
	span, ok := l.FindTx(h.Record.Transfer.Tx)
	if !ok {
		return nil, 0, false, fmt.Errorf("coinjoin %s: the ledger does not hold it: %w", h.Record.Transfer.Tx, fundtrail.ErrNotFound)
	}
	tx, ok := ReadCoinTransaction(l, span)
	if !ok {
		return nil, 0, false, nil
	}
	cj, ok := RecogniseCoinJoin(&tx)
	if !ok || !cj.Kind.Mixes() || !cj.InputsKnown {
		return nil, 0, false, nil
	}
	t := &tx.Transfers[0]
	p = &fundtrail.Passage{Kind: fundtrail.Mixer, Protocol: string(cj.Kind), Asset: h.Asset, First: h.Time, Last: h.Time}
	taint := make([]uint64, len(t.Inputs))
	for i := range t.Inputs {
		in := &t.Inputs[i]
		had, tainted := coins[in.Spends]
		if !tainted || had[policy].IsZero() {
			continue
		}
		if !MostlyStolen(in.Amount, had.Most()) {
			clean++
			continue
		}
		if len(p.Deposits) == 0 {
			p.Depositor = in.Address
		}
		p.Deposits = append(p.Deposits, in.Spends)
		taint[i] = had[policy].Uint64()
	}
	if len(p.Deposits) == 0 {
		return nil, clean, true, nil
	}
	s, err := cj.Spread(t, taint)
	if err != nil {
		return nil, clean, true, err
	}
	for _, share := range s.Shares {
		certainty := CertaintyOf(share.Odds)
		if share.Expected == 0 || certainty == Unlikely {
			continue
		}
		out := &t.Outputs[share.Output]
		p.Withdrawals = append(p.Withdrawals, fundtrail.Withdrawal{
			Tx: tx.ID, Record: fundtrail.TransferOutput{Transfer: t.ID, Output: share.Output}, Time: h.Time, To: out.Address,
			Asset: h.Asset, Amount: out.Amount, Carries: fundtrail.NewAmount(share.Expected), Spread: true,
			Probability: share.Odds, Certainty: certainty, Method: SpreadMethod, AnonymitySet: cj.AnonymitySet(t, share.Output),
		})
	}
	return p, clean, true, nil
}

// AnonymitySet returns how many owners' an output can be before anything is inferred: as
// many as there are outputs of its amount where every owner gets one of those, else as
// there are inputs that no sure change takes up.
func (cj *CoinJoin) AnonymitySet(t *fundtrail.Transfer, output uint32) int {
	if cj.Kind != Wasabi2 {
		for _, g := range cj.Groups {
			if slices.Contains(g.Outputs, output) {
				return len(g.Outputs)
			}
		}
	}
	n := len(t.Inputs)
	for _, p := range cj.Matched {
		if p.Sure && p.Change == output {
			return 1
		}
		if p.Sure {
			n -= len(p.Inputs)
		}
	}
	return max(n, 1)
}

// ChangeConfidence is how often a sure change is right in CoinJoins of this kind.
func (cj *CoinJoin) ChangeConfidence() fundtrail.Confidence { return changeConfidence[cj.Kind] }
