package archive_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/archive"
	"github.com/fundtrail/fundtrail/internal/ledger"
	"github.com/fundtrail/fundtrail/internal/ledgertest"
	"github.com/fundtrail/fundtrail/internal/trace"
)

// benchTransfers is how many transfers the generated ledger has. doc/performance.md
// uses 100 million: FUNDTRAIL_BENCH_TRANSFERS=100000000 go test -run xxx -bench Archive -benchtime 1x -timeout 3h.
// With FUNDTRAIL_BENCH_DIR the ledger is made there once, and stays.
func benchTransfers() int {
	if n, err := strconv.Atoi(os.Getenv("FUNDTRAIL_BENCH_TRANSFERS")); err == nil && n > 0 {
		return n
	}
	return 1_000_000
}

var benchDir = sync.OnceValue(func() string {
	dir := os.Getenv("FUNDTRAIL_BENCH_DIR")
	if dir == "" {
		var err error
		if dir, err = os.MkdirTemp("", "fundtrail-archive-"); err != nil {
			panic(err)
		}
	}
	return dir
})

func TestMain(m *testing.M) {
	code := m.Run()
	if os.Getenv("FUNDTRAIL_BENCH_DIR") == "" && made {
		os.RemoveAll(benchDir())
	}
	os.Exit(code)
}

var made bool

// build writes the generated ledger, as a node's history would be.
func build(dir string, n int, opt archive.Options) error {
	w, err := archive.OpenWriter(dir, opt)
	if err != nil {
		return err
	}
	bulk, err := w.Bulk(fundtrail.Ethereum)
	if err != nil {
		return err
	}
	law := ledgertest.NewPowerLaw(1)
	last := int64(-1)
	var eth uint32
	for range n {
		t := law.Next()
		if t.First {
			if height := int64(t.Tx / 80); height != last {
				last = height
				if err := bulk.Block(height, 1_600_000_000+12*height, fundtrail.Hash{}); err != nil {
					return err
				}
				eth = bulk.Asset(fundtrail.NativeAsset(fundtrail.Ethereum))
			}
			bulk.Tx(ledgertest.Hash(t.Tx), uint32(t.Tx%80), ledger.Succeeded)
		}
		index := uint32(1)
		if t.First {
			index = 0
		}
		bulk.Move(fundtrail.Move, index, eth, t.From[:], t.To[:], t.Amount)
	}
	if err := bulk.Finish(nil, nil); err != nil {
		return err
	}
	return w.Close()
}

// people counts the population of the generated ledger, without making it twice.
func people(n int) uint64 { return uint64(0.21*float64(n)) / 100 * 90 }

func opened(b *testing.B) *archive.Reader {
	l, err := archive.Open(benchDir())
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { l.Close() })
	return l
}

// BenchmarkArchive writes the generated ledger, reads it as the segments it was written
// in, merges those into one, and reads that. Figures by the clock suffer when others use
// the machine; those by the processor's time less.
func BenchmarkArchive(b *testing.B) {
	made = true
	b.Run("build", benchBuild)
	read := func(b *testing.B) {
		b.Run("warm", benchWarm)
		b.Run("trace", func(b *testing.B) { benchTrace(b, "first", "again") })
		b.Run("cold", benchCold)
		b.Run("trace-after-cold", func(b *testing.B) {
			if !canDrop() {
				b.Skip("the page cache cannot be dropped here")
			}
			drop(b)
			benchTrace(b, "cold", "again")
		})
	}
	b.Run("segments", read)
	b.Run("merge", benchMerge)
	b.Run("merged", read)
}

func benchBuild(b *testing.B) {
	if archive.IsLedger(benchDir()) {
		b.Skip("the ledger is there")
	}
	n := benchTransfers()
	start := time.Now()
	law := ledgertest.NewPowerLaw(1)
	for range n {
		law.Next()
	}
	b.ReportMetric(float64(n)/time.Since(start).Seconds(), "generated/s")
	start, cpu := time.Now(), cpuSeconds()
	if err := build(benchDir(), n, archive.Options{}); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(n)/time.Since(start).Seconds(), "transfers/s")
	b.ReportMetric(1e6*(cpuSeconds()-cpu)/float64(n), "cpu-µs/transfer")
	b.ReportMetric(peakMB(), "peak-MB")
	reportSize(b, n)
}

func reportSize(b *testing.B, n int) {
	s := opened(b).Stats()
	b.ReportMetric(float64(s.Bytes)/float64(n), "B/transfer")
	b.ReportMetric(float64(s.Chains[0].Segments), "segments")
	text := ""
	for _, c := range s.Columns {
		text += fmt.Sprintf("; %s %.2f", c.Name, float64(c.Bytes)/float64(n))
	}
	b.Log("B/transfer" + text)
}

func benchMerge(b *testing.B) {
	n := benchTransfers()
	start, cpu := time.Now(), cpuSeconds()
	w, err := archive.OpenWriter(benchDir(), archive.Options{})
	if err != nil {
		b.Fatal(err)
	}
	if err := w.Merge(true); err != nil {
		b.Fatal(err)
	}
	if err := w.Close(); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(time.Since(start).Seconds(), "s")
	b.ReportMetric(1e6*(cpuSeconds()-cpu)/float64(n), "cpu-µs/transfer")
	b.ReportMetric(peakMB(), "peak-MB")
	reportSize(b, n)
}

// ends returns addresses to ask about: half of them by how often they move, half any.
func ends(l fundtrail.Ledger, n int) []fundtrail.Address {
	r := rand.New(rand.NewPCG(11, 12))
	law := ledgertest.NewPowerLaw(1)
	var out []fundtrail.Address
	var m fundtrail.Movement
	for len(out) < n {
		if len(out)%2 == 0 {
			l.Movement(fundtrail.Position(r.Uint64N(uint64(l.Size()))), &m)
			out = append(out, l.Address(m.To))
		} else if a := law.Person(1001 + r.Uint64N(people(int(l.Size())))); true {
			if _, ok := l.AddressID(a); ok {
				out = append(out, a)
			}
		}
	}
	return out
}

// newest reads an address's newest n movements.
func newest(l fundtrail.Ledger, a fundtrail.Address, buf []fundtrail.Position, m *fundtrail.Movement) int {
	id, ok := l.AddressID(a)
	if !ok {
		return 0
	}
	list := l.Moves(id, fundtrail.NoPosition, true, buf)
	for _, p := range list {
		l.Movement(p, m)
	}
	return len(list)
}

func quantiles(b *testing.B, what string, took []time.Duration) {
	slices.Sort(took)
	for _, q := range []float64{0.5, 0.99} {
		b.ReportMetric(float64(took[int(q*float64(len(took)-1))].Nanoseconds())/1000, fmt.Sprintf("%s-p%.0f-µs", what, 100*q))
	}
}

// BenchmarkFanout reads the same ledger in more and more segments.
func BenchmarkFanout(b *testing.B) {
	n := benchTransfers()
	for _, segments := range []int{1, 4, 16, 64} {
		b.Run(fmt.Sprintf("segments=%d", segments), func(b *testing.B) {
			dir := b.TempDir()
			if err := build(dir, n, archive.Options{SegmentRows: n/segments + 200}); err != nil {
				b.Fatal(err)
			}
			l, err := archive.Open(dir)
			if err != nil {
				b.Fatal(err)
			}
			defer l.Close()
			warm(b, l)
			b.ReportMetric(float64(l.Stats().Bytes)/float64(n), "B/transfer")
		})
	}
}

// benchWarm asks for the newest 100 of addresses, and follows them three hops.
func benchWarm(b *testing.B) { warm(b, opened(b)) }

func warm(b *testing.B, l *archive.Reader) {
	asked := ends(l, 4000)
	buf := make([]fundtrail.Position, 0, 100)
	var m fundtrail.Movement
	for range b.N {
		for _, a := range asked {
			newest(l, a, buf, &m)
		}
		var lookup, took []time.Duration
		for _, a := range asked {
			start := time.Now()
			l.AddressID(a)
			lookup = append(lookup, time.Since(start))
			start = time.Now()
			newest(l, a, buf, &m)
			took = append(took, time.Since(start))
		}
		quantiles(b, "lookup", lookup)
		quantiles(b, "newest100", took)
		for _, cores := range []int{1, 1, 2} { // once to warm
			start, cpu := time.Now(), cpuSeconds()
			edges := hops(l, asked[:400], cores)
			b.ReportMetric(float64(edges)/(cpuSeconds()-cpu), fmt.Sprintf("hop-edges/cpu-s-on-%d", cores))
			b.ReportMetric(float64(edges)/time.Since(start).Seconds(), fmt.Sprintf("hop-edges/s-on-%d", cores))
			b.ReportMetric(float64(edges), "hop-edges")
		}
	}
	b.ReportMetric(heapMB(), "heap-MB")
	if err := l.Err(); err != nil {
		b.Fatal(err)
	}
}

// hops follows addresses three hops, on as many goroutines as cores: each takes the next
// address when it has done one.
func hops(l fundtrail.Ledger, asked []fundtrail.Address, cores int) int {
	var next, edges atomic.Int64
	var wait sync.WaitGroup
	for range cores {
		wait.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(asked)); i = next.Add(1) - 1 {
				edges.Add(int64(threeHops(l, asked[i])))
			}
		})
	}
	wait.Wait()
	return int(edges.Load())
}

// threeHops follows an address's newest 50 movements to whom it paid, three times over.
func threeHops(l fundtrail.Ledger, a fundtrail.Address) (edges int) {
	id, ok := l.AddressID(a)
	if !ok {
		return 0
	}
	buf := make([]fundtrail.Position, 0, 50)
	seen := map[fundtrail.AddressID]bool{id: true}
	frontier := []fundtrail.AddressID{id}
	var batch [50]fundtrail.Movement
	for range 3 {
		var next []fundtrail.AddressID
		for _, id := range frontier {
			list := l.Moves(id, fundtrail.NoPosition, true, buf)
			for i, p := range list {
				l.Movement(p, &batch[i])
			}
			edges += len(list)
			for i := range list {
				if m := &batch[i]; m.From == id && m.To != 0 && !seen[m.To] {
					seen[m.To] = true
					next = append(next, m.To)
				}
			}
		}
		if len(next) > 2000 {
			next = next[:2000]
		}
		frontier = next
	}
	return edges
}

// benchCold asks once each, with nothing of the ledger in the page cache. It counts how
// often the thread stopped to wait, which is for the disk alone: for a page that it asked
// for itself, and also for one that was asked for ahead and had not come yet. So a few
// pages that are on their way together may count more than once, and none is left out.
func benchCold(b *testing.B) {
	if !canDrop() {
		b.Skip("the page cache cannot be dropped here")
	}
	warm := opened(b)
	asked := ends(warm, 400)
	warm.Close()
	buf := make([]fundtrail.Position, 0, 100)
	var m fundtrail.Movement
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	for range b.N {
		drop(b)
		l, err := archive.Open(benchDir())
		if err != nil {
			b.Fatal(err)
		}
		time.Sleep(300 * time.Millisecond) // the indexes are read ahead
		var took []time.Duration
		waited := map[string][]int{}
		for _, a := range asked {
			start, before := time.Now(), waits()
			step := func(what string) {
				now := waits()
				waited[what] = append(waited[what], now-before)
				before = now
			}
			id, _ := l.AddressID(a)
			step("waits-for-number")
			list := l.Moves(id, fundtrail.NoPosition, true, buf)
			step("waits-for-list")
			for _, p := range list {
				l.Movement(p, &m)
			}
			took = append(took, time.Since(start))
			step("waits-for-movements")
		}
		quantiles(b, "cold", took)
		for what, n := range waited {
			slices.Sort(n)
			b.ReportMetric(float64(n[len(n)/2]), what+"-p50")
			b.ReportMetric(float64(n[len(n)*99/100]), what+"-p99")
		}
		l.Close()
	}
}

// benchTrace is BenchmarkTrace of internal/trace on the disk ledger, as often as there are
// names: the first by a reader that has not checked any page yet.
func benchTrace(b *testing.B, names ...string) {
	l := opened(b)
	law := ledgertest.NewPowerLaw(1)
	for _, hub := range []int{100, 200} {
		b.Run(fmt.Sprintf("hub=%d", hub), func(b *testing.B) {
			in := trace.Input{Ledger: l, Thefts: []fundtrail.Theft{{Address: law.Person(2000), Whole: true}}}
			for range b.N {
				for _, what := range names {
					start, cpu := time.Now(), cpuSeconds()
					tr, err := trace.Run(b.Context(), in, trace.Options{Hub: hub, MaxVisits: 3_000_000})
					if err != nil {
						b.Fatal(err)
					}
					b.ReportMetric(float64(tr.Visited)/time.Since(start).Seconds(), what+"-movements/s")
					b.ReportMetric(float64(tr.Visited)/(cpuSeconds()-cpu), what+"-movements/cpu-s")
				}
			}
		})
	}
}

func heapMB() float64 {
	runtime.GC()
	var s runtime.MemStats
	runtime.ReadMemStats(&s)
	return float64(s.HeapAlloc) / 1e6
}
