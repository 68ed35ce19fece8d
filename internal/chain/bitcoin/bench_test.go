//go:build unix

package bitcoin

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/fundtrail/fundtrail"
)

// Generated chain of the benchmarks: 160 blocks of 1 MB, more than any cache holds. Set
// BITCOIN_BENCH_BLOCKS for another number.
func benchChain(b *testing.B) (*Params, [][]byte) {
	n := 160
	fmt.Sscan(os.Getenv("BITCOIN_BENCH_BLOCKS"), &n)
	m := &maker{r: rand.New(rand.NewPCG(11, 1))}
	return m.chain(n, 1_000_000)
}

func total(blocks [][]byte) (n int64) {
	for _, b := range blocks {
		n += int64(len(b))
	}
	return n
}

// perCore reports a rate by the time that processors worked, all of them together, which
// other programs of the machine disturb less than the clock.
func perCore(b *testing.B, bytes int64) func() {
	used := func() time.Duration {
		var u syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
			b.Fatal(err)
		}
		return time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	before := used()
	b.SetBytes(bytes)
	return func() {
		b.ReportMetric(float64(bytes)*float64(b.N)/1e6/(used()-before).Seconds(), "MB/s-core")
	}
}

func benchParse(b *testing.B, p *Params, blocks [][]byte) {
	defer perCore(b, total(blocks))()
	var k blockShape
	txs := 0
	for b.Loop() {
		txs = 0
		for _, raw := range blocks {
			if err := k.parse(p, raw); err != nil {
				b.Fatal(err)
			}
			txs += len(k.txs)
		}
	}
	b.ReportMetric(float64(txs*b.N)/b.Elapsed().Seconds(), "tx/s")
}

// BenchmarkParse is of one processor: transactions' hashes and the root are made and checked.
func BenchmarkParse(b *testing.B) {
	b.Run("generated", func(b *testing.B) {
		p, blocks := benchChain(b)
		benchParse(b, p, blocks)
	})
	b.Run("real", func(b *testing.B) {
		benchParse(b, mainnet, [][]byte{
			readRaw(b, "block-0000000000000000001602407ac49862a7bca9d00f7f402db20b7be2f5de59d2.blk"),
			readRaw(b, "block-00000000000000000021868c2cefc52a480d173c849412fe81c4e5ab806f94ab.blk"),
			readRaw(b, "277647.dat.bz2")[8:],
		})
	})
}

// BenchmarkResolve is of one processor: parsed, and every input with address and amount.
// "spill" has room for a hundredth of the coins in memory.
func BenchmarkResolve(b *testing.B) {
	p, blocks := benchChain(b)
	for _, c := range []struct {
		name   string
		memory int64
	}{{"memory", 1 << 30}, {"spill", 1 << 20}} {
		b.Run(c.name, func(b *testing.B) {
			defer perCore(b, total(blocks))()
			defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
			inputs, files := 0, 0
			for b.Loop() {
				r := &resolver{p: p, coins: newCoinSet(c.memory, b.TempDir()), all: true}
				var k blockShape
				for h, raw := range blocks {
					if err := k.parse(p, raw); err != nil {
						b.Fatal(err)
					}
					if _, err := r.facts(&k, int64(h)); err != nil {
						b.Fatal(err)
					}
					inputs += len(k.ins)
				}
				files = len(r.coins.runs.files)
				r.coins.close()
			}
			b.ReportMetric(float64(inputs)/b.Elapsed().Seconds(), "inputs/s")
			b.ReportMetric(float64(files), "files")
		})
	}
}

// BenchmarkFiles is from block files on the disk to facts, with all processors.
func BenchmarkFiles(b *testing.B) {
	p, blocks := benchChain(b)
	names := folder(b, record(p, blocks...))
	defer perCore(b, total(blocks))()
	for b.Loop() {
		s, err := OpenFiles(b.Context(), p, names, Options{})
		if err != nil {
			b.Fatal(err)
		}
		n := 0
		for f, err := range s.Blocks(b.Context(), 0) {
			if err != nil {
				b.Fatal(err)
			}
			n += len(f.Transactions)
		}
		s.Close()
	}
}

// BenchmarkAddress is of making addresses of scripts.
func BenchmarkAddress(b *testing.B) {
	for _, kind := range []byte{lockKey, lockWitness, lockWitness + 1} {
		var l lock
		size := 20
		if kind == lockWitness+1 {
			size = 32
		}
		l.set(kind, make([]byte, size))
		for i := range size {
			l.program[i] = byte(i * 37)
		}
		b.Run(fmt.Sprint(kind), func(b *testing.B) {
			var a fundtrail.Address
			for b.Loop() {
				a = l.address(mainnet)
			}
			if a.IsZero() {
				b.Fatal()
			}
		})
	}
}

// BenchmarkCoins is of a set with more coins than it may hold in memory: none is spent, so
// all of them go to files. It reports the heap at last.
func BenchmarkCoins(b *testing.B) {
	const memory, coins = 128 << 20, 6_000_000
	for b.Loop() {
		s := newCoinSet(memory, b.TempDir())
		r := rand.New(rand.NewPCG(14, 1))
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		for range coins {
			var o outpoint
			for i := 0; i < 32; i += 8 {
				binary.LittleEndian.PutUint64(o[i:], r.Uint64())
			}
			c := coin{value: 1}
			c.lock.set(lockKey, o[:20])
			if err := s.add(&o, c); err != nil {
				b.Fatal(err)
			}
		}
		runtime.GC()
		runtime.ReadMemStats(&after)
		held := after.HeapAlloc - before.HeapAlloc
		filters := 0
		for _, f := range s.runs.files {
			filters += 8 * (len(f.bloom) + len(f.pages))
		}
		b.ReportMetric(float64(held-uint64(filters))/(128<<20), "of-memory")
		b.ReportMetric(float64(filters)/float64(coins), "B/coin-in-files")
		b.ReportMetric(float64(len(s.runs.files)), "files")
		s.close()
	}
	b.ReportMetric(float64(coins)*float64(b.N)/b.Elapsed().Seconds(), "coins/s")
}
