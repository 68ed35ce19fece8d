package ledgertest

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/fundtrail/fundtrail"
)

// Random is the shape of a random ledger.
type Random struct {
	Addresses    int
	Transactions int
	Tokens       int  // assets beside the native coin
	Coins        bool // a coin chain in place of an account chain
	Gaps         bool // account chain: payments may exceed what the payer has
}

// Name returns the name of the i-th address of a random ledger.
func Name(i int) string { return fmt.Sprintf("a%d", i) }

// Ledger makes the ledger that r's numbers give. Balances close, unless Gaps is set.
func (shape Random) Ledger(r *rand.Rand) []fundtrail.Transaction {
	if shape.Coins {
		return shape.coins(r)
	}
	chain := fundtrail.Ethereum
	type holding struct {
		who, asset int
	}
	balance := map[holding]uint64{}
	assets := []fundtrail.Asset{fundtrail.NativeAsset(chain)}
	for i := range shape.Tokens {
		assets = append(assets, Asset(chain, fmt.Sprintf("TOK%d", i)))
	}
	start := time.Date(2022, 3, 23, 0, 0, 0, 0, time.UTC)
	txs := make([]fundtrail.Transaction, shape.Transactions)
	height, place := int64(0), uint32(0)
	for i := range txs {
		if place++; i == 0 || r.IntN(3) == 0 {
			height, place = height+1, 0
		}
		t := &txs[i]
		t.ID = Tx(chain, fmt.Sprintf("t%d", i))
		t.Block = fundtrail.Block{Chain: chain, Height: height, Time: start.Add(time.Duration(height) * time.Minute)}
		t.Place = place
		add := func(index uint32, from, to, asset int, amount uint64, fee bool) {
			if amount == 0 {
				return
			}
			tr := fundtrail.Transfer{ID: fundtrail.TransferID{Tx: t.ID, Index: index}, Asset: assets[asset]}
			a := fundtrail.NewAmount(amount)
			if from >= 0 {
				tr.Inputs = []fundtrail.Entry{{Address: Address(chain, Name(from)), Amount: a}}
				balance[holding{from, asset}] -= min(amount, balance[holding{from, asset}])
			}
			if to >= 0 {
				tr.Outputs = []fundtrail.Entry{{Address: Address(chain, Name(to)), Amount: a}}
				balance[holding{to, asset}] += amount
			}
			if fee {
				tr.Fee = a
			}
			t.Transfers = append(t.Transfers, tr)
		}
		for k := range 1 + r.IntN(3) {
			from, to, asset := r.IntN(shape.Addresses), r.IntN(shape.Addresses), r.IntN(len(assets))
			have := balance[holding{from, asset}]
			index := uint32(k)
			if asset > 0 {
				index += fundtrail.LogIndex
			}
			switch {
			case r.IntN(5) == 0 || have == 0 && !shape.Gaps:
				add(index, -1, to, asset, 1+r.Uint64N(20), false)
			case r.IntN(12) == 0:
				add(index, from, -1, asset, r.Uint64N(have+1), false)
			case shape.Gaps && r.IntN(6) == 0:
				add(index, from, to, asset, have+1+r.Uint64N(10), false)
			case r.IntN(4) == 0:
				add(index, from, to, asset, have, false)
			default:
				add(index, from, to, asset, r.Uint64N(have+1), false)
			}
		}
		payer := r.IntN(shape.Addresses)
		add(fundtrail.FeeIndex, payer, -1, 0, r.Uint64N(min(3, balance[holding{payer, 0}]+1)), true)
	}
	return txs
}

// coins makes a coin chain: every transaction spends some of the unspent outputs.
func (shape Random) coins(r *rand.Rand) []fundtrail.Transaction {
	chain := fundtrail.Bitcoin
	asset := fundtrail.NativeAsset(chain)
	start := time.Date(2022, 3, 23, 0, 0, 0, 0, time.UTC)
	var unspent []fundtrail.Entry // Spends is the coin's own name
	txs := make([]fundtrail.Transaction, shape.Transactions)
	height, place := int64(0), uint32(0)
	for i := range txs {
		if place++; i == 0 || r.IntN(3) == 0 {
			height, place = height+1, 0
		}
		t := &txs[i]
		t.ID = Tx(chain, fmt.Sprintf("t%d", i))
		t.Block = fundtrail.Block{Chain: chain, Height: height, Time: start.Add(time.Duration(height) * time.Minute)}
		t.Place = place
		tr := fundtrail.Transfer{ID: fundtrail.TransferID{Tx: t.ID}, Asset: asset}
		in := uint64(0)
		if len(unspent) > 0 && r.IntN(5) > 0 {
			for range 1 + r.IntN(min(3, len(unspent))) {
				k := r.IntN(len(unspent))
				tr.Inputs = append(tr.Inputs, unspent[k])
				in += unspent[k].Amount.Uint64()
				unspent[k] = unspent[len(unspent)-1]
				unspent = unspent[:len(unspent)-1]
			}
		} else {
			in = 10 + r.Uint64N(40)
		}
		left := in
		if len(tr.Inputs) > 0 {
			left -= r.Uint64N(min(3, in+1))
			tr.Fee = fundtrail.NewAmount(in - left)
		}
		for n := r.IntN(3); ; n-- {
			pay := left
			if n > 0 {
				pay = r.Uint64N(left + 1)
			}
			left -= pay
			e := fundtrail.Entry{Address: Address(chain, Name(r.IntN(shape.Addresses))), Amount: fundtrail.NewAmount(pay)}
			coin := e
			coin.Spends = fundtrail.TransferOutput{Transfer: tr.ID, Output: uint32(len(tr.Outputs))}
			unspent = append(unspent, coin)
			tr.Outputs = append(tr.Outputs, e)
			if n <= 0 {
				break
			}
		}
		t.Transfers = []fundtrail.Transfer{tr}
	}
	return txs
}
