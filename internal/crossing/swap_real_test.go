package crossing_test

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/crossing"
	"github.com/fundtrail/fundtrail/internal/ingest"
	"github.com/fundtrail/fundtrail/internal/ledger"
	"github.com/fundtrail/fundtrail/internal/trace"
)

// blocks reads two whole blocks of Ethereum, without internal transfers, and without or
// with the events by which ether is wrapped.
func blocks(t testing.TB, wraps func(fundtrail.Asset) bool) (m *ledger.Memory, txs []fundtrail.Transaction) {
	dir := needReal(t, "eth_raw/ethereumetl_17173049_50")
	b := ledger.NewBuilder()
	var in []ingest.Input
	for _, name := range []string{"blocks", "transactions", "token_transfers", "logs"} {
		in = append(in, ingest.File(filepath.Join(dir, "expected_"+name+".json.gz")))
	}
	if _, err := ingest.Files(context.Background(), b, in, ingest.Options{Wraps: wraps}); err != nil {
		t.Fatal(err)
	}
	m, err := b.Seal()
	if err != nil {
		t.Fatal(err)
	}
	for p := fundtrail.Position(0); p < m.Size(); {
		span := m.Transaction(p)
		txs = append(txs, crossing.ReadTransaction(m, span))
		p = span.End
	}
	return m, txs
}

func isWETH(a fundtrail.Asset) bool { return a == wethAsset }

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
	var b strings.Builder
	fmt.Fprintf(&b, "Written by TestSwapReal from two whole blocks of Ethereum, 17173049 and 17173050, whose\ninternal transfers are not in the data; doc/methods-bridges.md explains it.\n")
	for _, c := range []struct {
		title string
		wraps func(fundtrail.Asset) bool
	}{
		{"as tables of transfers tell it", nil},
		{"with the events by which ether is wrapped and unwrapped, from the table of logs", isWETH},
	} {
		l, txs := blocks(t, c.wraps)
		fmt.Fprintf(&b, "\n%s\n\n", c.title)
		swapVerdicts(t, &b, txs)
		swapsFollowed(t, &b, l, txs)
	}
	golden(t, "testdata/swap-quality.txt", b.String())
}

// swapVerdicts writes what the recogniser says of the sender of each transaction.
func swapVerdicts(t *testing.T, b *strings.Builder, txs []fundtrail.Transaction) {
	count := map[string]int{}
	var priced, far, transfers int
	var list strings.Builder
	pools := poolSwaps(t)
	var seen [3][2]int // by verdict, without and with a pool's event
	bound := 0
	for i := range txs {
		transfers += len(txs[i].Transfers)
		f := crossing.Swap(&txs[i], crossing.SwapOptions{Wrapped: isWETH, Price: mayPrices})
		why := f.Why
		if f.Verdict == crossing.Incomplete && strings.Contains(why, " reached ") {
			why = "the wrapped coin reached somebody, and what was paid on of it is not in the data"
		}
		count[string(f.Verdict)+": "+why]++
		verdict := slices.Index([]crossing.SwapVerdict{crossing.Swapped, crossing.Incomplete, crossing.NoSwap}, f.Verdict)
		if pools[txs[i].ID.String()] {
			seen[verdict][1]++
			if f.Verdict == crossing.NoSwap {
				fmt.Fprintf(&list, "a pool swapped in %s: %s\n", txs[i].ID, f.Why)
			}
		} else {
			seen[verdict][0]++
		}
		if f.Bound {
			bound++
		}
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
	fmt.Fprintf(b, "%d transactions, %d transfers, fees among them\n", len(txs), transfers)
	for _, k := range slices.Sorted(maps.Keys(count)) {
		fmt.Fprintf(b, "%5d  %s\n", count[k], k)
	}
	fmt.Fprintf(b, "%d swaps have prices on both sides; %d of them are more than 10 %% from the day's\n", priced, far)
	fmt.Fprintf(b, "%d swaps state a bound: a part of the ether that went in was not seen to go on\n", bound)
	fmt.Fprintf(b, "\nagainst the Swap events of Uniswap's pools, versions 2 and 3, which the recogniser does not read\n")
	for v, name := range []string{"swap", "incomplete", "no swap"} {
		fmt.Fprintf(b, "%-12s %4d with such an event, %4d without\n", name, seen[v][1], seen[v][0])
	}
}

// swapsFollowed writes how many of the senders' swaps a trace follows from end to end,
// which starts with all that the sender gave: every record by which something came out
// carries the whole of it. Of an incomplete one the trace ends where it went in, and says so.
func swapsFollowed(t *testing.T, b *strings.Builder, l fundtrail.Ledger, txs []fundtrail.Transaction) {
	var swaps, early, followed, earlyFollowed, bound, incomplete, ended int
	follow := func(tx *fundtrail.Transaction, f *crossing.SwapFinding) *fundtrail.Trace {
		tr, err := trace.Run(t.Context(), trace.Input{
			Ledger: l, Crossings: crossing.NewSwaps(l, crossing.SwapOptions{Wrapped: isWETH}), Wraps: isWETH,
			Thefts: []fundtrail.Theft{{Address: f.Who, Asset: f.Gave[0].Asset, Amount: f.Gave[0].Amount, Time: tx.Block.Time}},
		}, trace.Options{Payback: -1})
		if err != nil {
			t.Fatal(err)
		}
		return tr
	}
	for i := range txs {
		f := crossing.Swap(&txs[i], crossing.SwapOptions{Wrapped: isWETH})
		switch {
		case f.Verdict == crossing.Incomplete:
			incomplete++
			if slices.ContainsFunc(follow(&txs[i], &f).Ends, func(e fundtrail.End) bool {
				return e.Kind == fundtrail.EndSwap && strings.Contains(e.Label, "the data does not show") && e.Taint[fundtrail.FIFO] == f.Gave[0].Amount
			}) {
				ended++
			} else {
				t.Logf("not ended: %s: %s", txs[i].ID, f.Why)
			}
			continue
		case f.Verdict != crossing.Swapped:
			continue
		}
		swaps++
		if f.Bound {
			bound++
			continue
		}
		last, first := uint32(0), ^uint32(0)
		for _, o := range f.Crossing.In {
			last = max(last, o.Transfer.Index)
		}
		for _, o := range f.Crossing.Out {
			first = min(first, o.Transfer.Index)
		}
		whole := 0
		for _, h := range follow(&txs[i], &f).Hops {
			if slices.Contains(f.Crossing.Out, h.Record) && h.Kind == fundtrail.HopCrossing && h.Taint[fundtrail.FIFO] == h.Amount {
				whole++
			}
		}
		if first < last {
			early++
		}
		if whole == len(f.Crossing.Out) {
			followed++
			if first < last {
				earlyFollowed++
			}
		} else {
			t.Logf("not followed: %s, of %d records %d", txs[i].ID, len(f.Crossing.Out), whole)
		}
	}
	fmt.Fprintf(b, "\nfollowed by a trace from what went in to what came out: %d of %d swaps\n", followed, swaps)
	fmt.Fprintf(b, "%5d of them pay out before they are paid, and a trace in the ledger's order would lose them: %d followed\n", early, earlyFollowed)
	fmt.Fprintf(b, "%5d state a bound, and are not followed\n", bound)
	fmt.Fprintf(b, "of %d incomplete ones the trace ends where the value went in, and says what the data lacks: %d\n", incomplete, ended)
}

// poolSwaps lists the transactions in which a pool of Uniswap's kind says it swapped.
func poolSwaps(t testing.TB) map[string]bool {
	f, err := os.Open(needReal(t, "eth_raw/ethereumetl_17173049_50/expected_logs.json.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for d := json.NewDecoder(z); d.More(); {
		var log struct {
			Topics []string
			Hash   string `json:"transaction_hash"`
		}
		if err := d.Decode(&log); err != nil {
			t.Fatal(err)
		}
		if len(log.Topics) > 0 && (log.Topics[0] == "0xd78ad95fa46c994b6551d0da85fc275fe613ce37657fb8d5e3d130840159d822" ||
			log.Topics[0] == "0xc42079f94a6350d7e6235f29174924f928cc2ac818eb64fed8004e115fbcca67") {
			found[log.Hash] = true
		}
	}
	return found
}
