package trace_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"strconv"
	"sync"
	"testing"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/ledger"
	"github.com/fundtrail/fundtrail/internal/ledgertest"
	"github.com/fundtrail/fundtrail/internal/trace"
)

// benchTransfers is how many transfers the generated ledger has. doc/performance.md
// uses 20 million: FUNDTRAIL_BENCH_TRANSFERS=20000000 go test -bench Trace.
func benchTransfers() int {
	if n, err := strconv.Atoi(os.Getenv("FUNDTRAIL_BENCH_TRANSFERS")); err == nil && n > 0 {
		return n
	}
	return 1_000_000
}

type benchLedger struct {
	*ledger.Memory
	law  *ledgertest.PowerLaw
	heap float64 // bytes a transfer
}

var powerLedger = sync.OnceValue(func() benchLedger {
	n := benchTransfers()
	before := heapInUse()
	law := ledgertest.NewPowerLaw(1)
	b := ledger.NewBuilder()
	eth := b.Asset(fundtrail.NativeAsset(fundtrail.Ethereum))
	var ref ledger.TxRef
	for range n {
		t := law.Next()
		if t.First {
			height := int64(t.Tx / 80)
			ref, _ = b.Tx(ledger.Tx{Chain: fundtrail.Ethereum, Hash: ledgertest.Hash(t.Tx), Height: height,
				Time: 1_600_000_000 + 12*height, Place: uint32(t.Tx % 80)})
		}
		index := uint32(1)
		if t.First {
			index = 0
		}
		b.Add(ref, ledger.Row{Index: index, Asset: eth, From: b.EVMAddress(fundtrail.Ethereum, &t.From),
			To: b.EVMAddress(fundtrail.Ethereum, &t.To), Amount: t.Amount})
	}
	l, err := b.Seal()
	if err != nil {
		panic(err)
	}
	return benchLedger{l, law, (heapInUse() - before) / float64(n)}
})

func heapInUse() float64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc)
}

// BenchmarkTrace follows everything that one address of a generated ledger pays, under
// all policies, and reports the movements it reads in a second: of the visit alone, and
// of the whole with bounds, routes and every hop described.
func BenchmarkTrace(b *testing.B) {
	l := powerLedger()
	for _, hub := range []int{50, 100, 200} {
		in := trace.Input{Ledger: l.Memory, Thefts: []fundtrail.Theft{{Address: l.law.Person(2000), Whole: true}}}
		opt := trace.Options{Hub: hub, MaxVisits: 3_000_000}
		report := func(b *testing.B, visited int) {
			b.ReportMetric(float64(visited)*float64(b.N)/b.Elapsed().Seconds(), "movements/s")
			b.ReportMetric(float64(visited), "movements")
			b.ReportMetric(l.heap, "heap-B/transfer")
		}
		b.Run(fmt.Sprintf("hub=%d/visit", hub), func(b *testing.B) {
			visited := 0
			for range b.N {
				var err error
				if visited, err = trace.Visit(b.Context(), in, opt); err != nil {
					b.Fatal(err)
				}
			}
			report(b, visited)
		})
		b.Run(fmt.Sprintf("hub=%d/whole", hub), func(b *testing.B) {
			var tr *fundtrail.Trace
			for range b.N {
				var err error
				if tr, err = trace.Run(b.Context(), in, opt); err != nil {
					b.Fatal(err)
				}
			}
			report(b, tr.Visited)
			b.ReportMetric(float64(len(tr.Hops)), "hops")
			b.ReportMetric(float64(len(tr.Ends)), "ends")
		})
	}
}

// BenchmarkSwaps follows one address through a ledger in which every transaction swaps, in
// orders of all sorts: what it costs to plan them.
func BenchmarkSwaps(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 89))
	var txs []swapTx
	var orders [][]int
	for len(txs) < 5000 {
		for _, tx := range randomSwapTxs(r) {
			txs, orders = append(txs, tx), append(orders, anotherOrder(r, tx.moves))
		}
	}
	facts, records, swaps := lay(txs, orders)
	at := map[fundtrail.TransferOutput]fundtrail.Crossing{}
	for _, c := range swaps {
		for _, o := range c.In {
			at[o] = c
		}
	}
	in := trace.Input{Ledger: seal(b, facts, nil), Crossings: crossingsAt(at)}
	in.Thefts = []fundtrail.Theft{{Tx: records[0][0].Transfer.Tx, Index: records[0][0].Transfer.Index, HasIndex: true}}
	visited := 0
	for b.Loop() {
		var err error
		if visited, err = trace.Visit(b.Context(), in, trace.Options{Hub: 1 << 30, Payback: -1, Dust: map[fundtrail.Asset]fundtrail.Amount{}}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(txs)), "ns/transaction")
	b.ReportMetric(float64(visited), "movements")
}

type crossingsAt map[fundtrail.TransferOutput]fundtrail.Crossing

func (c crossingsAt) Crossings(in fundtrail.TransferOutput) []fundtrail.Crossing {
	if one, ok := c[in]; ok {
		return []fundtrail.Crossing{one}
	}
	return nil
}
