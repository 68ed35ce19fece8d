package tron_test

import (
	"testing"

	"github.com/fundtrail/fundtrail/internal/chain/tron"
)

// BenchmarkBlock decodes blocks as large as the main network's, of made transactions: both
// answers about a block are in memory.
func BenchmarkBlock(b *testing.B) {
	c := newChain(6)
	const count = 300
	c.mine(count)
	last := c.head()
	var infos []obj
	for _, tx := range last.txs {
		infos = append(infos, tx.info)
	}
	block, info := must(last.block), must(infos)
	var d tron.Decoder
	moves, cpu := 0, cpuSeconds()
	b.SetBytes(int64(len(block) + len(info)))
	b.ReportAllocs()
	for b.Loop() {
		f, err := d.Block(block, info)
		if err != nil || len(f.Transactions) != count {
			b.Fatal(err)
		}
		for i := range f.Transactions {
			moves += len(f.Transactions[i].Transfers)
		}
	}
	s := b.Elapsed().Seconds()
	b.ReportMetric(float64(b.N)/s, "blocks/s")
	b.ReportMetric(float64(moves)/s, "transfers/s")
	if cpu = cpuSeconds() - cpu; cpu > 0 {
		b.ReportMetric(float64(b.N)/cpu, "blocks/cpu-s")
		b.ReportMetric(float64(moves)/cpu, "transfers/cpu-s")
	}
}

// BenchmarkNode reads blocks from a peer on the same machine, which makes its answers as it
// is asked.
func BenchmarkNode(b *testing.B) {
	c := newChain(6)
	for range 64 {
		c.mine(300)
	}
	p := serve(b, c)
	n := open(b, options(p))
	blocks := 0
	for b.Loop() {
		blocks += len(facts(b, n, 1))
	}
	b.ReportMetric(float64(blocks)/b.Elapsed().Seconds(), "blocks/s")
}
