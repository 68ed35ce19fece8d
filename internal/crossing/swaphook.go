package crossing

import (
	"slices"

	"github.com/fundtrail/fundtrail"
)

// Swaps answers a trace's question where value goes on that was paid into a swap, from
// the ledger alone: every payment is looked at as its payer's, so that routers and pools
// need no names. In which order a transaction pays and is paid is the trace's business.
//
// It is for one trace at a time: it keeps the transaction that it was last asked about.
type Swaps struct {
	ledger  fundtrail.Ledger
	options SwapOptions
	last    *netting
	found   map[fundtrail.Address]*fundtrail.Crossing // in it, by payer; nil: none
}

// NewSwaps makes the hook. Options say what else is known; Who and Recipient are its own.
func NewSwaps(l fundtrail.Ledger, opt SwapOptions) *Swaps { return &Swaps{ledger: l, options: opt} }

// Crossings returns the swap that a record went into, if it is one.
func (s *Swaps) Crossings(in fundtrail.TransferOutput) []fundtrail.Crossing {
	if info, ok := in.Transfer.Tx.Chain.Info(); !ok || info.Model != fundtrail.Accounts {
		return nil
	}
	if s.last == nil || s.last.tx.ID != in.Transfer.Tx {
		span, ok := s.ledger.FindTx(in.Transfer.Tx)
		if !ok || span.End-span.First < 2 {
			return nil // what is swapped has two transfers at least
		}
		tx := ReadTransaction(s.ledger, span)
		s.last, s.found = newNetting(&tx), map[fundtrail.Address]*fundtrail.Crossing{}
	}
	moves := s.last.moves // by index
	at, ok := slices.BinarySearchFunc(moves, in.Transfer.Index, func(t *fundtrail.Transfer, index uint32) int {
		return int(int64(t.ID.Index) - int64(index))
	})
	if !ok || len(moves[at].Inputs) != 1 {
		return nil
	}
	who := moves[at].Inputs[0].Address
	c, known := s.found[who]
	if !known {
		c = s.swap(who)
		s.found[who] = c
	}
	if c == nil || !slices.Contains(c.In, in) {
		return nil
	}
	return []fundtrail.Crossing{*c}
}

// swap returns the swap of one payer in the transaction last read, without Out where the
// data lacks that. It is nil for none, and where it is not known how much of what went in
// was swapped at all.
func (s *Swaps) swap(who fundtrail.Address) *fundtrail.Crossing {
	opt := s.options
	opt.Who, opt.Recipient = who, fundtrail.Address{}
	found := s.last.swap(opt)
	if found.Unseen && found.Verdict == Incomplete {
		return s.last.oneSided(&found)
	}
	if found.Verdict != Swapped || found.Bound {
		return nil
	}
	return found.Crossing
}
