package crossing

import (
	"cmp"
	"slices"

	"github.com/fundtrail/fundtrail"
)

// A flow is what moved between one address and the rest, in one asset.
type flow struct {
	who   fundtrail.Address
	asset fundtrail.Asset
}

type sums struct{ gave, got fundtrail.Amount }

// A netting is a transaction's transfers, summed by address and asset.
type netting struct {
	tx     *fundtrail.Transaction
	moves  []*fundtrail.Transfer // without fees, in order
	sums   map[flow]sums
	minted map[fundtrail.Asset]fundtrail.Amount
	burnt  map[fundtrail.Asset]fundtrail.Amount
	broken bool // an amount is above 256 bits
}

func newNetting(tx *fundtrail.Transaction) *netting {
	n := &netting{tx: tx, sums: map[flow]sums{}, minted: map[fundtrail.Asset]fundtrail.Amount{}, burnt: map[fundtrail.Asset]fundtrail.Amount{}}
	for i := range tx.Transfers {
		t := &tx.Transfers[i]
		if t.ID.Index >= fundtrail.FeeIndex || len(t.Inputs)+len(t.Outputs) == 0 {
			continue
		}
		n.moves = append(n.moves, t)
		for _, e := range t.Inputs {
			s := n.sums[flow{e.Address, t.Asset}]
			s.gave = n.plus(s.gave, e.Amount)
			n.sums[flow{e.Address, t.Asset}] = s
		}
		for _, e := range t.Outputs {
			s := n.sums[flow{e.Address, t.Asset}]
			s.got = n.plus(s.got, e.Amount)
			n.sums[flow{e.Address, t.Asset}] = s
			if len(t.Inputs) == 0 {
				n.minted[t.Asset] = n.plus(n.minted[t.Asset], e.Amount)
			}
		}
		if len(t.Outputs) == 0 {
			for _, e := range t.Inputs {
				n.burnt[t.Asset] = n.plus(n.burnt[t.Asset], e.Amount)
			}
		}
	}
	slices.SortFunc(n.moves, func(a, b *fundtrail.Transfer) int { return cmp.Compare(a.ID.Index, b.ID.Index) })
	return n
}

func (n *netting) plus(a, b fundtrail.Amount) fundtrail.Amount {
	sum, over := a.Add(b)
	n.broken = n.broken || over
	return sum
}

// sender is who paid the fee, or the value when no fee is in the data.
func (n *netting) sender() (a fundtrail.Address) {
	for i := range n.tx.Transfers {
		t := &n.tx.Transfers[i]
		fee := t.ID.Index >= fundtrail.FeeIndex
		if len(t.Inputs) == 1 && (fee || t.ID.Index == fundtrail.ValueIndex) {
			a = t.Inputs[0].Address
			if fee {
				return a
			}
		}
	}
	return a
}

// net lists what an address gave and got, each by asset.
func (n *netting) net(who fundtrail.Address) (gave, got []fundtrail.Holding) {
	for f, s := range n.sums {
		if f.who != who {
			continue
		}
		if more, under := s.gave.Sub(s.got); !under && !more.IsZero() {
			gave = append(gave, fundtrail.Holding{Asset: f.asset, Amount: more})
		} else if under {
			more, _ := s.got.Sub(s.gave)
			got = append(got, fundtrail.Holding{Asset: f.asset, Amount: more})
		}
	}
	byAsset := func(a, b fundtrail.Holding) int { return a.Asset.Compare(b.Asset) }
	slices.SortFunc(gave, byAsset)
	slices.SortFunc(got, byAsset)
	return gave, got
}

func has(entries []fundtrail.Entry, a fundtrail.Address) bool {
	return slices.ContainsFunc(entries, func(e fundtrail.Entry) bool { return e.Address == a })
}

// joined reports whether a chain of transfers leads from whom somebody paid to who paid
// the recipient, without going through either, and, when via is set, whether via is
// one of those between.
func (n *netting) joined(who, recipient, via fundtrail.Address, gave []fundtrail.Holding) bool {
	root := map[fundtrail.Address]fundtrail.Address{}
	find := func(a fundtrail.Address) fundtrail.Address {
		for root[a] != a && !root[a].IsZero() {
			a = root[a]
		}
		return a
	}
	outer := func(a fundtrail.Address) bool { return a == who || a == recipient || a.IsZero() }
	for _, t := range n.moves {
		var first fundtrail.Address
		for _, e := range slices.Concat(t.Inputs, t.Outputs) {
			if outer(e.Address) {
				continue
			}
			if first.IsZero() {
				first = e.Address
			} else if a, b := find(first), find(e.Address); a != b {
				root[b] = a
			}
		}
	}
	paid, payers := map[fundtrail.Address]bool{}, map[fundtrail.Address]bool{}
	direct := false
	for _, t := range n.moves {
		for _, e := range t.Outputs {
			if has(t.Inputs, who) && !outer(e.Address) && slices.ContainsFunc(gave, func(h fundtrail.Holding) bool { return h.Asset == t.Asset }) {
				paid[find(e.Address)] = true
				// A wrapper makes its token without a payer.
				paid[e.Address] = paid[e.Address] || t.Asset.Contract.IsZero()
			}
		}
		if !has(t.Outputs, recipient) {
			continue
		}
		for _, e := range t.Inputs {
			if !outer(e.Address) {
				payers[find(e.Address)] = true
			}
		}
		direct = direct || len(t.Inputs) == 0 && paid[t.Asset.Contract]
	}
	if !via.IsZero() {
		return paid[find(via)] || payers[find(via)]
	}
	for a := range payers {
		if paid[a] {
			return true
		}
	}
	return direct || n.unwrapped(who, recipient, gave, paid)
}

// unwrapped: what was given is a token that its contract destroyed and paid out for.
func (n *netting) unwrapped(who, recipient fundtrail.Address, gave []fundtrail.Holding, paid map[fundtrail.Address]bool) bool {
	for _, t := range n.moves {
		if has(t.Outputs, recipient) && slices.ContainsFunc(gave, func(h fundtrail.Holding) bool { return has(t.Inputs, h.Asset.Contract) && !h.Asset.Contract.IsZero() }) {
			return true
		}
	}
	return false
}
