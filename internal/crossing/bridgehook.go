package crossing

import (
	"slices"
	"time"

	"github.com/fundtrail/fundtrail"
)

// Bridges answer a trace's question where value goes on that was paid into a bridge, from
// the bridge's own legs. What ids, nonces and memos pair, and the ledger holds on both
// sides, is a crossing that the trace follows. All else is a passage, for which see
// [Bridges.Passages]: a pair by rank, and a payout that the ledger does not hold.
type Bridges struct {
	deposits, withdrawals []Leg
	held                  []bool // the ledger holds the withdrawal's record
	paid                  map[int]Match
	ranked                map[int][]payout // for a deposit that no id pairs
	rivals                map[int]int      // how many deposits a ranked withdrawal may be of
	ways                  []way
	at                    map[fundtrail.TransferOutput]int // index of ways
}

// A payout is a withdrawal that may be a deposit's.
type payout struct {
	withdrawal  int
	probability float64
}

// A way is the records of one payment into a bridge, and the deposits that it paid for.
type way struct {
	in       []fundtrail.TransferOutput
	deposits []int
}

// BridgeOptions say how legs are paired, and what else is known.
type BridgeOptions struct {
	PairOptions
	// Wrapped says which tokens are the chain's own coin one to one, in which a bridge may
	// be paid instead.
	Wrapped func(fundtrail.Asset) bool
	// Ends says at which addresses a trace ends as at a bridge: a contract of a bridge that
	// swaps or wraps what it is paid, and deposits that, is one. Nil: at none.
	Ends func(fundtrail.Address) bool
}

// NewBridges pairs legs, with what the ledger knows of their transactions. The legs are
// not changed, and their order is irrelevant.
func NewBridges(l fundtrail.Ledger, deposits, withdrawals []Leg, opt BridgeOptions) *Bridges {
	b := &Bridges{
		deposits: slices.Clone(deposits), withdrawals: slices.Clone(withdrawals), held: make([]bool, len(withdrawals)),
		paid: map[int]Match{}, ranked: map[int][]payout{}, rivals: map[int]int{}, at: map[fundtrail.TransferOutput]int{},
	}
	found := map[fundtrail.TxID]*fundtrail.Transaction{}
	complete := func(leg *Leg) bool {
		tx, known := found[leg.Tx]
		if !known {
			if span, ok := l.FindTx(leg.Tx); ok {
				t := readAny(l, span)
				tx = &t
			}
			found[leg.Tx] = tx
		}
		if tx == nil {
			leg.Record = fundtrail.TransferOutput{} // not a record of this ledger
			return false
		}
		leg.Complete(tx, opt.Wrapped)
		return !leg.Record.Transfer.Tx.IsZero()
	}
	for i := range b.deposits {
		complete(&b.deposits[i])
	}
	for i := range b.withdrawals {
		b.held[i] = complete(&b.withdrawals[i])
	}
	b.pair(opt.PairOptions)
	for d, m := range b.paid {
		if w := &b.withdrawals[m.Withdrawal]; w.Recipient == "" && !b.held[m.Withdrawal] {
			w.Recipient = b.deposits[d].Recipient
			b.held[m.Withdrawal] = complete(w)
		}
	}
	b.enter(found, opt.Ends)
	return b
}

// pair joins the legs: by ids first, and what is left with odds.
func (b *Bridges) pair(opt PairOptions) {
	p := newPairing(b.deposits, b.withdrawals, opt)
	p.byID()
	for _, m := range p.matches {
		b.paid[m.Deposit] = m
	}
	if opt.IDsOnly {
		return
	}
	for _, e := range p.weighed() {
		b.rivals[e.withdrawal]++
		if q := e.marginal(); q >= passageFloor {
			b.ranked[e.deposit] = append(b.ranked[e.deposit], payout{e.withdrawal, q})
		}
	}
}

// enter finds the records by which value came into deposits: the deposit's own, and where
// a contract at which traces end paid that for somebody in the same transaction, what that
// one paid in.
func (b *Bridges) enter(found map[fundtrail.TxID]*fundtrail.Transaction, ends func(fundtrail.Address) bool) {
	inTx := map[fundtrail.TxID][]int{}
	for _, d := range distinct(b.deposits) {
		if leg := &b.deposits[d]; found[leg.Tx] != nil {
			inTx[leg.Tx] = append(inTx[leg.Tx], d)
			if r := leg.Record; !r.Transfer.Tx.IsZero() {
				b.add([]fundtrail.TransferOutput{r}, []int{d})
			}
		}
	}
	for _, d := range distinct(b.deposits) {
		tx := b.deposits[d].Tx
		list := inTx[tx]
		if len(list) == 0 {
			continue
		}
		delete(inTx, tx)
		if in := roots(found[tx], ends); len(in) > 0 && !slices.ContainsFunc(in, func(o fundtrail.TransferOutput) bool { _, own := b.at[o]; return own }) {
			b.add(in, list)
		}
	}
}

// add makes a way of records, or adds to the one there is.
func (b *Bridges) add(in []fundtrail.TransferOutput, deposits []int) {
	i, known := b.at[in[0]]
	if !known {
		i = len(b.ways)
		b.ways = append(b.ways, way{in: in})
		for _, o := range in {
			b.at[o] = i
		}
	}
	b.ways[i].deposits = append(b.ways[i].deposits, deposits...)
}

// roots returns what the one party who gets nothing in a transaction pays in it, if it is
// one asset and all to where traces end: the payment that the transaction's other transfers
// pass on.
func roots(tx *fundtrail.Transaction, ends func(fundtrail.Address) bool) (in []fundtrail.TransferOutput) {
	if ends == nil {
		return nil
	}
	gets := map[fundtrail.Address]bool{}
	for i := range tx.Transfers {
		for _, e := range tx.Transfers[i].Outputs {
			gets[e.Address] = true
		}
	}
	var who fundtrail.Address
	var asset fundtrail.Asset
	for i := range tx.Transfers {
		t := &tx.Transfers[i]
		if len(t.Inputs) != 1 || len(t.Outputs) > 1 {
			if len(t.Inputs) > 1 {
				return nil // coins: a record is the deposit's own or none
			}
			continue
		}
		payer := t.Inputs[0].Address
		if t.ID.Index >= fundtrail.FeeIndex || gets[payer] || payer.IsZero() || t.Inputs[0].Amount.IsZero() {
			continue
		}
		if in != nil && (payer != who || t.Asset != asset) || !ends(party(t.Outputs)) {
			return nil
		}
		who, asset = payer, t.Asset
		in = append(in, fundtrail.TransferOutput{Transfer: t.ID})
	}
	return in
}

// Crossings returns the crossing that a record went into. Its Out are the records of what
// ids pair with the deposits that the record paid for; none where the ledger holds none.
func (b *Bridges) Crossings(in fundtrail.TransferOutput) []fundtrail.Crossing {
	i, ok := b.at[in]
	if !ok {
		return nil
	}
	w := &b.ways[i]
	c := fundtrail.Crossing{Kind: fundtrail.Bridge, Protocol: b.deposits[w.deposits[0]].Protocol, In: w.in, Method: PairedByID, Confidence: 99}
	for _, d := range w.deposits {
		if m, ok := b.paid[d]; ok && b.held[m.Withdrawal] {
			c.Out = append(c.Out, b.withdrawals[m.Withdrawal].Record)
		}
	}
	return []fundtrail.Crossing{c}
}

// readAny is ReadTransaction for chains of coins too, whose transactions are one transfer.
func readAny(l fundtrail.Ledger, span fundtrail.Span) fundtrail.Transaction {
	if info, ok := span.ID.Chain.Info(); !ok || info.Model != fundtrail.Coins {
		return ReadTransaction(l, span)
	}
	tx := fundtrail.Transaction{ID: span.ID, Block: fundtrail.Block{Chain: span.ID.Chain, Height: span.Height, Time: time.Unix(span.Time, 0).UTC()}}
	t := fundtrail.Transfer{ID: fundtrail.TransferID{Tx: span.ID}, Asset: fundtrail.NativeAsset(span.ID.Chain)}
	var m fundtrail.Movement
	for p := span.First; p < span.End; p++ {
		l.Movement(p, &m)
		if m.Kind == fundtrail.MoveInput {
			t.Inputs = append(t.Inputs, fundtrail.Entry{Address: addressOf(l, m.From), Amount: m.Amount})
			continue
		}
		// An output's place is its number, whichever of them the ledger holds.
		for n := l.Output(p).Output; uint32(len(t.Outputs)) < n; {
			t.Outputs = append(t.Outputs, fundtrail.Entry{})
		}
		t.Outputs = append(t.Outputs, fundtrail.Entry{Address: addressOf(l, m.To), Amount: m.Amount})
	}
	tx.Transfers = []fundtrail.Transfer{t}
	return tx
}

func addressOf(l fundtrail.Ledger, id fundtrail.AddressID) fundtrail.Address {
	if id == fundtrail.NoAddress {
		return fundtrail.Address{}
	}
	return l.Address(id)
}

// Hooks are several hooks of a trace in one. Where two tell of one record, they are two
// accounts of it, of which the trace takes the more confident.
type Hooks []interface {
	Crossings(fundtrail.TransferOutput) []fundtrail.Crossing
}

// Crossings returns what all tell.
func (h Hooks) Crossings(in fundtrail.TransferOutput) (all []fundtrail.Crossing) {
	for _, one := range h {
		all = append(all, one.Crossings(in)...)
	}
	return all
}
