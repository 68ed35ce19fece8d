package crossing_test

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/crossing"
	"github.com/fundtrail/fundtrail/internal/ingest"
	"github.com/fundtrail/fundtrail/internal/ledger"
)

// blocks reads two whole blocks of Ethereum, without internal transfers.
func blocks(t testing.TB) []fundtrail.Transaction {
	dir := needReal(t, "eth_raw/ethereumetl_17173049_50")
	b := ledger.NewBuilder()
	var in []ingest.Input
	for _, name := range []string{"blocks", "transactions", "token_transfers"} {
		in = append(in, ingest.File(filepath.Join(dir, "expected_"+name+".json.gz")))
	}
	if _, err := ingest.Files(context.Background(), b, in, ingest.Options{}); err != nil {
		t.Fatal(err)
	}
	m, err := b.Seal()
	if err != nil {
		t.Fatal(err)
	}
	var txs []fundtrail.Transaction
	for p := fundtrail.Position(0); p < m.Size(); {
		span := m.Transaction(p)
		txs = append(txs, crossing.ReadTransaction(m, span))
		p = span.End
	}
	return txs
}

var wethAsset = fundtrail.Asset{Chain: fundtrail.Ethereum, Contract: evm("0xc02aaa39b223fe8d0a0e5c4f27ead9083c756cc2")}

func evm(s string) fundtrail.Address {
	a, err := fundtrail.ParseAddress(fundtrail.Ethereum, s)
	if err != nil {
		panic(err)
	}
	return a
}

// mayPrices: 2 May 2023, ETH's close of that day as prices/ has it, dollars at one.
func mayPrices(a fundtrail.Asset, _ time.Time) (fundtrail.Amount, int, bool) {
	switch a.Contract.String() {
	case "", "0xc02aaa39b223fe8d0a0e5c4f27ead9083c756cc2":
		return fundtrail.NewAmount(1_870_000_000), 18, true
	case "0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48", "0xdac17f958d2ee523a2206206994597c13d831ec7":
		return fundtrail.NewAmount(1_000_000), 6, true
	case "0x6b175474e89094c44da98b954eedeac495271d0f":
		return fundtrail.NewAmount(1_000_000), 18, true
	}
	return fundtrail.Amount{}, 0, false
}

func TestSwapReal(t *testing.T) {
	txs := blocks(t)
	count := map[string]int{}
	var priced, far, transfers int
	var b, list strings.Builder
	for i := range txs {
		transfers += len(txs[i].Transfers)
		f := crossing.Swap(&txs[i], crossing.SwapOptions{Wrapped: func(a fundtrail.Asset) bool { return a == wethAsset }, Price: mayPrices})
		why := f.Why
		if f.Verdict == crossing.Incomplete && strings.Contains(why, " reached ") {
			why = "the wrapped coin reached somebody, and what was paid on of it is not in the data"
		}
		count[string(f.Verdict)+": "+why]++
		if f.Priced {
			priced++
		}
		if f.Far {
			far++
		}
		if f.Verdict != crossing.NoSwap {
			fmt.Fprintf(&list, "%s %s\n   gave %v got %v priced %v off %d far %v %s\n", f.Verdict, txs[i].ID, f.Gave, f.Got, f.Priced, f.Off, f.Far, f.Why)
		}
	}
	t.Log(list.String())
	fmt.Fprintf(&b, "Written by TestSwapReal from two whole blocks of Ethereum, 17173049 and 17173050, whose\ninternal transfers are not in the data; doc/methods-bridges.md explains it.\n\n%d transactions, %d transfers, fees among them\n", len(txs), transfers)
	var keys []string
	for k := range count {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	for _, k := range keys {
		fmt.Fprintf(&b, "%5d  %s\n", count[k], k)
	}
	fmt.Fprintf(&b, "%d swaps have prices on both sides; %d of them are more than 10 %% from the day's\n", priced, far)
	golden(t, "testdata/swap-quality.txt", b.String())
}
