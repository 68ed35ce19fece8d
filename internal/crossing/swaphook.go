package crossing

import (
	"slices"

	"github.com/fundtrail/fundtrail"
)

// Swaps answers a trace's question where value goes on that was paid into a swap, from
// the ledger alone: every payment is looked at as its payer's, so that routers and pools
// need no names. It is for one trace at a time.
//
// A trace goes forward, so a swap is given only where all that came out stands after all
// that went in, in the ledger's order within the transaction: the value of the call, then
// internal transfers, then token transfers. One that pays out first, as pools do that
// are paid by a callback, and tokens for the chain's own coin, still end where they went
// in.
type Swaps struct {
	ledger  fundtrail.Ledger
	options SwapOptions
}

// NewSwaps makes the hook. Options say what else is known; Who and Recipient are its own.
func NewSwaps(l fundtrail.Ledger, opt SwapOptions) *Swaps { return &Swaps{l, opt} }

// Crossings returns the swap that a record went into, if it is one.
func (s *Swaps) Crossings(in fundtrail.TransferOutput) []fundtrail.Crossing {
	if info, ok := in.Transfer.Tx.Chain.Info(); !ok || info.Model != fundtrail.Accounts {
		return nil
	}
	span, ok := s.ledger.FindTx(in.Transfer.Tx)
	if !ok || span.End-span.First < 2 {
		return nil // what is swapped has two transfers at least
	}
	tx := ReadTransaction(s.ledger, span)
	opt := s.options
	opt.Who, opt.Recipient = fundtrail.Address{}, fundtrail.Address{}
	for _, t := range tx.Transfers {
		if t.ID == in.Transfer && len(t.Inputs) == 1 {
			opt.Who = t.Inputs[0].Address
		}
	}
	if opt.Who.IsZero() {
		return nil
	}
	found := Swap(&tx, opt)
	if found.Verdict != Swapped || found.Crossing == nil || found.Bound || !slices.Contains(found.Crossing.In, in) || !paidFirst(found.Crossing) {
		return nil
	}
	return []fundtrail.Crossing{*found.Crossing}
}

// paidFirst reports whether all that came out stands after all that went in.
func paidFirst(c *fundtrail.Crossing) bool {
	var last, first uint32
	for i, o := range c.In {
		if i == 0 || o.Transfer.Index > last {
			last = o.Transfer.Index
		}
	}
	for i, o := range c.Out {
		if i == 0 || o.Transfer.Index < first {
			first = o.Transfer.Index
		}
	}
	return first > last
}
