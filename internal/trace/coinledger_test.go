package trace_test

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/ledgertest"
)

// A coinShape says what a random ledger of coins may hold. It has everything that real
// ones do: change to an address that pays, fees, block rewards, outputs of nothing,
// outputs to no address, coins that are spent in the block that made them, coins whose
// making the ledger does not hold, and blocks whose time steps back.
type coinShape struct {
	addresses    int
	transactions int
	most         uint64 // of a block reward
	inputs       int
	outputs      int
	steady       bool // times never step back
}

// ledger makes the ledger that r's numbers give.
func (shape coinShape) ledger(r *rand.Rand) []fundtrail.Transaction {
	chain := fundtrail.Bitcoin
	at := time.Date(2022, 3, 23, 0, 0, 0, 0, time.UTC)
	height, place := int64(0), uint32(0)
	var unspent []fundtrail.Entry
	var txs []fundtrail.Transaction
	someone := func() fundtrail.Address {
		if r.IntN(12) == 0 {
			return fundtrail.Address{}
		}
		return ledgertest.Address(chain, ledgertest.Name(r.IntN(shape.addresses)))
	}
	for i := range shape.transactions {
		if place++; i == 0 || r.IntN(3) == 0 {
			height, place = height+1, 0
			step := r.IntN(20) - 4
			if shape.steady {
				step = 1
			}
			at = at.Add(time.Duration(step) * time.Minute)
		}
		id := ledgertest.Tx(chain, fmt.Sprint("t", i))
		tr := fundtrail.Transfer{ID: fundtrail.TransferID{Tx: id}, Asset: fundtrail.NativeAsset(chain)}
		left := uint64(0)
		take := func(e fundtrail.Entry) {
			tr.Inputs = append(tr.Inputs, e)
			left += e.Amount.Uint64()
		}
		n := 1 + r.IntN(shape.inputs)
		if i < shape.transactions/4 || r.IntN(6) == 0 {
			n = 0
		}
		for ; n > 0 && len(unspent) > 0; n-- {
			k := r.IntN(len(unspent))
			take(unspent[k])
			unspent[k] = unspent[len(unspent)-1]
			unspent = unspent[:len(unspent)-1]
		}
		if len(tr.Inputs) > 0 && r.IntN(6) == 0 {
			elsewhere := fundtrail.TransferOutput{Transfer: fundtrail.TransferID{Tx: ledgertest.Tx(chain, fmt.Sprint("elsewhere", i))}, Output: 1}
			take(fundtrail.Entry{Address: someone(), Amount: fundtrail.NewAmount(1 + r.Uint64N(shape.most)), Spends: elsewhere})
			k := len(tr.Inputs) - 1
			other := r.IntN(k + 1)
			tr.Inputs[k], tr.Inputs[other] = tr.Inputs[other], tr.Inputs[k]
		}
		reward := len(tr.Inputs) == 0
		fee := uint64(0)
		if reward {
			left = shape.most/2 + 1 + r.Uint64N(shape.most)
		} else if r.IntN(3) > 0 {
			fee = r.Uint64N(min(left, shape.most/3) + 1)
			left -= fee
		}
		for n := 1 + r.IntN(shape.outputs); n > 0; n-- {
			pay := left
			switch {
			case n == 1:
			case r.IntN(10) == 0:
				pay = 0
			case len(tr.Outputs) > 0 && r.IntN(5) == 0: // two alike, for the order among equals
				pay = min(left, tr.Outputs[0].Amount.Uint64())
			default:
				pay = min(left, 1+r.Uint64N(left+1))
			}
			left -= pay
			e := fundtrail.Entry{Address: someone(), Amount: fundtrail.NewAmount(pay)}
			if len(tr.Inputs) > 0 && r.IntN(4) == 0 {
				e.Address = tr.Inputs[r.IntN(len(tr.Inputs))].Address
			}
			tr.Outputs = append(tr.Outputs, e)
			e.Spends = fundtrail.TransferOutput{Transfer: tr.ID, Output: uint32(len(tr.Outputs) - 1)}
			unspent = append(unspent, e)
		}
		tr.Fee = fundtrail.NewAmount(fee)
		txs = append(txs, fundtrail.Transaction{
			ID: id, Place: place, Transfers: []fundtrail.Transfer{tr},
			Block: fundtrail.Block{Chain: chain, Height: height, Time: at},
		})
	}
	return txs
}

// coinText writes coin transactions as ledgertest reads them, as far as it can: what a
// failing test found, to be made smaller.
func coinText(txs []fundtrail.Transaction, addresses int) string {
	names := map[fundtrail.Address]string{{}: "burn"}
	for i := range addresses {
		names[ledgertest.Address(fundtrail.Bitcoin, ledgertest.Name(i))] = ledgertest.Name(i)
	}
	ids := map[fundtrail.TxID]string{}
	s := ""
	for i, tx := range txs {
		ids[tx.ID] = fmt.Sprint("t", i)
		s += fmt.Sprintf("%s block %d t%d btc ", tx.Block.Time.Format("15:04"), tx.Block.Height, i)
		for k, in := range tx.Transfers[0].Inputs {
			if k > 0 {
				s += " + "
			}
			name := ids[in.Spends.Transfer.Tx]
			if name == "" {
				name = "elsewhere"
			}
			s += fmt.Sprintf("%s:%d(%s %s)", name, in.Spends.Output, names[in.Address], in.Amount)
		}
		s += " -> "
		for k, out := range tx.Transfers[0].Outputs {
			if k > 0 {
				s += ", "
			}
			s += fmt.Sprintf("%s %s", names[out.Address], out.Amount)
		}
		s += "\n"
	}
	return s
}
