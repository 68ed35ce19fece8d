package trace_test

import (
	"testing"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/ledgertest"
	"github.com/fundtrail/fundtrail/internal/trace"
)

// TestLost states thefts that the ledger cannot follow. What a source says was swapped
// into value that is traced ends as swapped, so that it is not missing twice; the rest
// ends beyond the data, and adds up with what else does, in the same asset.
func TestLost(t *testing.T) {
	text, err := ledgertest.Parse(`
2022-03-23T14:00Z t1 eth  helper -> thief   8 ETH
2022-03-24T10:00Z t2 eth  thief -> far      5 ETH
`)
	if err != nil {
		t.Fatal(err)
	}
	eth := fundtrail.NativeAsset(fundtrail.Ethereum)
	usdc := fundtrail.Asset{Chain: fundtrail.Ethereum, Contract: ledgertest.Address(fundtrail.Ethereum, "usdc")}
	thief, ether := ledgertest.Address(fundtrail.Ethereum, "thief"), fundtrail.NewAmount(1_000_000_000_000_000_000)
	times := func(n uint64) fundtrail.Amount { a, _ := ether.Mul(fundtrail.NewAmount(n)); return a }
	at := func(n byte) fundtrail.TxID {
		return fundtrail.TxID{Chain: fundtrail.Ethereum, Hash: fundtrail.Hash{31: n}}
	}
	thefts := []fundtrail.Theft{
		{Tx: at(1), Address: thief, Asset: usdc, Amount: fundtrail.NewAmount(700)},
		{Tx: at(2), Address: thief, Asset: usdc, Amount: fundtrail.NewAmount(90)},
		{Tx: at(3), Address: ledgertest.Address(fundtrail.Ethereum, "nowhere"), Asset: eth, Amount: times(3)},
		{Tx: ledgertest.Tx(fundtrail.Ethereum, "t1"), Proceeds: true, ProceedsOf: at(1)},
	}
	in := trace.Input{Subject: "lost", Ledger: seal(t, text.Transactions, text.Coverage), Thefts: thefts}
	tr, err := trace.Run(t.Context(), in, trace.Options{})
	if err != nil {
		t.Fatal(err)
	}
	type line struct {
		kind  fundtrail.EndKind
		asset fundtrail.Asset
	}
	kinds := map[line]fundtrail.Amount{}
	for _, k := range tr.Kinds {
		if _, twice := kinds[line{k.Kind, k.Asset}]; twice {
			t.Errorf("%s of %s stands there twice", k.Kind, k.Asset)
		}
		kinds[line{k.Kind, k.Asset}] = k.Taint[fundtrail.FIFO]
		if k.Taint[fundtrail.FIFO].Less(k.Bounds.Least) || k.Bounds.Most.Less(k.Taint[fundtrail.FIFO]) {
			t.Errorf("%s of %s: %s is not within %v", k.Kind, k.Asset, k.Taint[fundtrail.FIFO], k.Bounds)
		}
	}
	want := map[line]fundtrail.Amount{
		{fundtrail.EndSwap, usdc}:     fundtrail.NewAmount(700),
		{fundtrail.EndCoverage, usdc}: fundtrail.NewAmount(90),
		{fundtrail.EndCoverage, eth}:  times(3 + 5),
		{fundtrail.EndHeld, eth}:      times(3),
	}
	for k, amount := range want {
		if kinds[k] != amount {
			t.Errorf("%s of %s: %s, want %s", k.kind, k.asset, kinds[k], amount)
		}
	}
	stolen := map[fundtrail.Asset]fundtrail.Amount{}
	for _, s := range tr.Stolen {
		stolen[s.Asset] = s.Amount
	}
	if len(tr.Stolen) != 2 || stolen[eth] != times(11) || stolen[usdc] != fundtrail.NewAmount(790) {
		t.Errorf("stolen %v", stolen)
	}
}
