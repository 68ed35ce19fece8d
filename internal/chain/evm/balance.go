package evm

import (
	"context"
	"fmt"
	"math/big"
	"sort"

	"github.com/fundtrail/fundtrail"
)

// A Mismatch is an address whose balance of the chain's own coin changed by another amount
// than the ledger's movements come to.
type Mismatch struct {
	Address      fundtrail.Address
	From, To     int64    // blocks, both among those reckoned
	Ledger, Node *big.Int // by how much it grew, by either
}

func (m Mismatch) String() string {
	return fmt.Sprintf("%s: in blocks %d to %d the ledger moves %s, and the node's balance changes by %s", m.Address, m.From, m.To, m.Ledger, m.Node)
}

// Reconcile holds what a ledger says of blocks, from the first to the last of a range that
// it should hold whole, to the node's balances before and after them: of the chain's own
// coin, and of every address that moves any, or of a sample of as many, spread evenly over
// the order in which they appear. It returns what differs, and how many were compared.
//
// The node must still have the state of the block before the range and of its last one.
func (n *Node) Reconcile(ctx context.Context, l fundtrail.Ledger, from, to int64, sample int) (differ []Mismatch, compared int, err error) {
	order, change := flows(l, n.Chain, from, to)
	if err := l.Err(); err != nil {
		return nil, 0, err
	}
	if sample > 0 && sample < len(order) {
		picked := make([]fundtrail.AddressID, sample)
		for i := range picked {
			picked[i] = order[i*len(order)/sample]
		}
		order = picked
	}
	var calls []*call
	ask := func(a fundtrail.Address, height int64) {
		calls = append(calls, &call{method: "eth_getBalance", params: []any{a.String(), quoted(height)}, must: true})
	}
	for _, id := range order {
		ask(l.Address(id), max(from-1, 0))
		ask(l.Address(id), to)
	}
	if err := n.c.ask(ctx, calls...); err != nil {
		return nil, 0, err
	}
	for i, id := range order {
		var at [2]*big.Int
		for k := range at {
			q := calls[2*i+k]
			var a amount
			if q.err != nil {
				return nil, 0, q.err
			}
			if err := parse(q.result, &a); err != nil {
				return nil, 0, fmt.Errorf("eth_getBalance: %w", err)
			}
			at[k] = fundtrail.Amount(a).Big()
		}
		if grown := at[1].Sub(at[1], at[0]); grown.Cmp(change[id]) != 0 {
			differ = append(differ, Mismatch{l.Address(id), from, to, change[id], grown})
		}
	}
	return differ, len(order), nil
}

// flows adds up what each address got and gave of the chain's own coin in a range of
// blocks; order is that of their first movement.
func flows(l fundtrail.Ledger, chain fundtrail.Chain, from, to int64) (order []fundtrail.AddressID, change map[fundtrail.AddressID]*big.Int) {
	change = map[fundtrail.AddressID]*big.Int{}
	native, ok := l.AssetID(fundtrail.NativeAsset(chain))
	if !ok {
		return nil, change
	}
	of := func(id fundtrail.AddressID) *big.Int {
		if change[id] == nil {
			change[id] = new(big.Int)
			order = append(order, id)
		}
		return change[id]
	}
	for _, c := range l.Chains() {
		if c.Chain != chain {
			continue
		}
		// Positions are in the order of blocks.
		at := c.First + fundtrail.Position(sort.Search(int(c.End-c.First), func(i int) bool { return l.Transaction(c.First+fundtrail.Position(i)).Height >= from }))
		for p := at; p < c.End; {
			tx := l.Transaction(p)
			if tx.Height > to {
				break
			}
			for ; p < tx.End; p++ {
				var m fundtrail.Movement
				if l.Movement(p, &m); m.Asset != native {
					continue
				}
				a := m.Amount.Big()
				if m.From != fundtrail.NoAddress {
					of(m.From).Sub(of(m.From), a)
				}
				if m.To != fundtrail.NoAddress {
					of(m.To).Add(of(m.To), a)
				}
			}
		}
	}
	return order, change
}
