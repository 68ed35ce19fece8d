package trace_test

import (
	"testing"
	"time"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/crossing"
	"github.com/fundtrail/fundtrail/internal/ledgertest"
	"github.com/fundtrail/fundtrail/internal/trace"
)

// swapInParts is a transaction in which the thief sells n times a token to a pool, and is
// paid for all of it at once, by a pool that pays before it is paid.
func swapInParts(n int) []fundtrail.Transaction {
	address := func(name string) fundtrail.Address { return ledgertest.Address(fundtrail.Ethereum, name) }
	sold, got := ledgertest.Asset(fundtrail.Ethereum, "AAA"), ledgertest.Asset(fundtrail.Ethereum, "BBB")
	tx := func(name string, height int64) fundtrail.Transaction {
		return fundtrail.Transaction{ID: ledgertest.Tx(fundtrail.Ethereum, name), Block: fundtrail.Block{
			Chain: fundtrail.Ethereum, Height: height, Time: time.Unix(1648548000+12*height, 0).UTC()}}
	}
	pay := func(tx *fundtrail.Transaction, from, to string, asset fundtrail.Asset, amount int) {
		a := fundtrail.NewAmount(uint64(amount))
		tx.Transfers = append(tx.Transfers, fundtrail.Transfer{
			ID: fundtrail.TransferID{Tx: tx.ID, Index: fundtrail.LogIndex + uint32(len(tx.Transfers))}, Asset: asset,
			Inputs: []fundtrail.Entry{{Address: address(from), Amount: a}}, Outputs: []fundtrail.Entry{{Address: address(to), Amount: a}}})
	}
	theft, swap := tx("theft", 1), tx("swap", 2)
	pay(&theft, "victim", "thief", sold, n)
	pay(&swap, "pool", "thief", got, 2*n)
	for range n {
		pay(&swap, "thief", "pool", sold, 1)
	}
	return []fundtrail.Transaction{theft, swap}
}

// TestSwapInManyParts: a swap that is paid in many parts is one crossing, which is looked
// up, ordered and refused as one; by parts it would take the square or the cube of their
// number, and a test of this size hours.
func TestSwapInManyParts(t *testing.T) {
	const n = 6000
	l := seal(t, swapInParts(n), nil)
	in := trace.Input{Ledger: l, Crossings: crossing.NewSwaps(l, crossing.SwapOptions{}), Thefts: []fundtrail.Theft{{Tx: ledgertest.Tx(fundtrail.Ethereum, "theft")}}}
	tr, err := trace.Run(t.Context(), in, trace.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range tr.Ends {
		if e.Kind == fundtrail.EndHeld || e.Kind == fundtrail.EndCoverage {
			if want := fundtrail.NewAmount(2 * n); e.Taint[fundtrail.FIFO] != want {
				t.Errorf("%s came out, want %s", e.Taint[fundtrail.FIFO], want)
			}
			return
		}
	}
	t.Fatalf("nothing came out: %v", tr.Ends)
}
