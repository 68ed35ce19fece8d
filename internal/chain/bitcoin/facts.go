package bitcoin

import (
	"fmt"
	"time"

	"github.com/fundtrail/fundtrail"
)

// A resolver turns parsed blocks into facts, one after the other.
type resolver struct {
	p     *Params
	coins *coinSet
	// all: coins holds every coin there is, because reading began at the first block.
	all bool
	// ask, when set, is asked for what coins does not hold; what it does not know either
	// stays unknown.
	ask func(k *blockShape, missing []int, spent []coin, known []bool) error
	// held, when set, tells of outputs that are neither in coins nor known to ask.
	held func(fundtrail.TransferOutput) (fundtrail.Address, fundtrail.Amount, bool)
	// keep is how many of the last blocks can be undone.
	keep  int
	undo  []undone
	spent []coin // by input of the block
	known []bool
	count Gaps
}

// Gaps count what the blocks read so far could not tell.
type Gaps struct {
	Partial  int // transactions with an input of unknown address and amount
	Inputs   int // such inputs
	Repeated int // coinbases left out because an earlier one has the same hash (before BIP-30)
}

// undone is what takes a block back out of the coins.
type undone struct {
	made  []outpoint
	spent []outpoint
	coins []coin // that were spent
}

// maxScript is the longest script that can be spent.
const maxScript = 10_000

// facts makes facts of the block at a height.
func (r *resolver) facts(k *blockShape, height int64) (facts fundtrail.BlockFacts, err error) {
	repeated, missing, err := r.spend(k)
	if err != nil {
		return facts, fmt.Errorf("block %d, %x: %w", height, shown(k.hash), err)
	}
	if len(missing) > 0 && r.ask != nil {
		if err := r.ask(k, missing, r.spent, r.known); err != nil {
			return facts, fmt.Errorf("block %d, %x: what its inputs spend: %w", height, shown(k.hash), err)
		}
	}
	block := fundtrail.Block{Chain: r.p.Chain, Height: height, Hash: shown(k.hash), Parent: shown(k.parent), Time: time.Unix(int64(k.time), 0).UTC()}
	facts = fundtrail.BlockFacts{Block: block, Whole: fundtrail.AllKinds, Transactions: make([]fundtrail.Transaction, 0, len(k.txs))}
	asset := fundtrail.NativeAsset(r.p.Chain)
	transfers := make([]fundtrail.Transfer, len(k.txs))
	entries := make([]fundtrail.Entry, len(k.ins)-1+len(k.outs))
	for i := range k.txs {
		t := &k.txs[i]
		if i == 0 && repeated {
			continue
		}
		tx := fundtrail.Transaction{ID: fundtrail.TxID{Chain: r.p.Chain, Hash: shown(t.hash)}, Block: block, Place: uint32(i)}
		tr := &transfers[i]
		tr.ID, tr.Asset = fundtrail.TransferID{Tx: tx.ID}, asset
		var in, out uint64
		if i > 0 { // a coinbase takes nothing in
			n := t.inputs.end - t.inputs.first
			tr.Inputs, entries = entries[:n:n], entries[n:]
			in = r.inputs(k, t, tr.Inputs, &tx.Partial)
		}
		n := t.outputs.end - t.outputs.first
		tr.Outputs, entries = entries[:n:n], entries[n:]
		for j := range n {
			o := &k.outs[t.outputs.first+j]
			l := lockOf(o.script)
			tr.Outputs[j] = fundtrail.Entry{Address: l.address(r.p), Amount: fundtrail.NewAmount(o.value)}
			if out += o.value; out < o.value {
				return facts, fmt.Errorf("block %d, transaction %s pays out more than 2^64 base units: %w", height, tx.ID, fundtrail.ErrInvalid)
			}
			if data, ok := memo(o.script); ok {
				tx.Events = append(tx.Events, fundtrail.Event{Data: data})
			}
		}
		switch {
		case tx.Partial:
			facts.Whole = 0
			r.count.Partial++
		case i > 0 && in < out:
			return facts, fmt.Errorf("block %d, transaction %s takes in %d base units and pays out %d: %w", height, tx.ID, in, out, fundtrail.ErrInvalid)
		case i > 0:
			tr.Fee = fundtrail.NewAmount(in - out)
		}
		tx.Transfers = transfers[i : i+1 : i+1]
		facts.Transactions = append(facts.Transactions, tx)
	}
	return facts, nil
}

// inputs fills in a transaction's inputs and returns what they hold together.
func (r *resolver) inputs(k *blockShape, t *txShape, into []fundtrail.Entry, partial *bool) (sum uint64) {
	for j := range into {
		at := t.inputs.first + j
		o := &k.ins[at]
		into[j].Spends = fundtrail.TransferOutput{
			Transfer: fundtrail.TransferID{Tx: fundtrail.TxID{Chain: r.p.Chain, Hash: o.hash()}}, Output: o.output(),
		}
		if !r.known[at] {
			if value, ok := r.heldOutput(&into[j]); ok {
				sum += value
				continue
			}
			*partial = true
			r.count.Inputs++
			continue
		}
		c := &r.spent[at]
		into[j].Address, into[j].Amount = c.lock.address(r.p), fundtrail.NewAmount(c.value)
		sum += c.value
	}
	return sum
}

// heldOutput fills in an input from what is told of the output it spends.
func (r *resolver) heldOutput(in *fundtrail.Entry) (value uint64, ok bool) {
	if r.held == nil {
		return 0, false
	}
	a, amount, ok := r.held(in.Spends)
	if !ok || !amount.IsUint64() {
		return 0, false
	}
	in.Address, in.Amount = a, amount
	return amount.Uint64(), true
}

// spend takes what a block spends out of the coins and puts in what it makes. It returns
// which inputs were not there, and whether the block's coinbase is an earlier one's double.
func (r *resolver) spend(k *blockShape) (repeated bool, missing []int, err error) {
	r.spent = append(r.spent[:0], make([]coin, len(k.ins))...)
	r.known = append(r.known[:0], make([]bool, len(k.ins))...)
	var u *undone
	if r.keep > 0 {
		if len(r.undo) == r.keep {
			r.undo = append(r.undo[:0], r.undo[1:]...)
		}
		r.undo = append(r.undo, undone{})
		u = &r.undo[len(r.undo)-1]
	}
	for i := range k.txs {
		t := &k.txs[i]
		for n := t.inputs.first; i > 0 && n < t.inputs.end; n++ {
			c, ok, err := r.coins.take(&k.ins[n])
			if err != nil {
				return false, nil, err
			}
			if !ok {
				if r.all {
					return false, nil, fmt.Errorf("transaction %x spends %x:%d, which is not there or was spent before: %w", shown(t.hash), k.ins[n].hash(), k.ins[n].output(), fundtrail.ErrInvalid)
				}
				missing = append(missing, n)
				continue
			}
			r.spent[n], r.known[n] = c, true
			if u != nil {
				u.spent, u.coins = append(u.spent, k.ins[n]), append(u.coins, c)
			}
		}
		var o outpoint
		copy(o[:], t.hash[:])
		if i == 0 {
			if _, repeated, err = r.coins.get(&o); err != nil {
				return false, nil, err
			}
			if repeated {
				r.count.Repeated++
				continue
			}
		}
		for n := t.outputs.first; n < t.outputs.end; n++ {
			out := &k.outs[n]
			if len(out.script) > maxScript || len(out.script) > 0 && out.script[0] == opReturn {
				continue // nobody can ever spend it
			}
			j := uint32(n - t.outputs.first)
			o[32], o[33], o[34], o[35] = byte(j), byte(j>>8), byte(j>>16), byte(j>>24)
			if err := r.coins.add(&o, coin{out.value, lockOf(out.script)}); err != nil {
				return false, nil, err
			}
			if u != nil {
				u.made = append(u.made, o)
			}
		}
	}
	return repeated, missing, nil
}

// back undoes the last block; ok is false where that is too long ago.
func (r *resolver) back() (ok bool, err error) {
	n := len(r.undo)
	if n == 0 {
		return false, nil
	}
	u := r.undo[n-1]
	r.undo = r.undo[:n-1]
	// What was made and spent in the same block was never there before.
	for i := range u.spent {
		if err := r.coins.add(&u.spent[i], u.coins[i]); err != nil {
			return false, err
		}
	}
	for i := range u.made {
		if _, _, err := r.coins.take(&u.made[i]); err != nil {
			return false, err
		}
	}
	return true, nil
}
