package evm

import (
	"testing"

	"github.com/fundtrail/fundtrail"
)

// BenchmarkRLP decodes 13 real blocks from their bytes: roots checked, transfers made.
// Finding senders by their signatures is most of it, and measured apart.
func BenchmarkRLP(b *testing.B) {
	list := portalBlocks(b)
	d := Decoder{Chain: fundtrail.Ethereum}
	for _, c := range []struct {
		name       string
		signatures bool
		skip       string // a block of 10,034 transfers by one contract is not what blocks are like
	}{{"senders", true, "15537394"}, {"without senders", false, "15537394"}, {"without senders, with the NFT block", false, ""}} {
		b.Run(c.name, func(b *testing.B) {
			transfers, txs, size, cpu := 0, 0, 0, cpuSeconds()
			for b.Loop() {
				for _, raw := range list {
					if raw.name == c.skip {
						continue
					}
					blk, err := d.decode(raw.header, raw.body, raw.receipts, c.signatures)
					if err != nil {
						b.Fatal(err)
					}
					facts, err := d.facts(blk)
					if err != nil {
						b.Fatal(err)
					}
					size += len(raw.header) + len(raw.body) + len(raw.receipts)
					txs += len(blk.txs)
					for i := range facts.Transactions {
						transfers += len(facts.Transactions[i].Transfers)
					}
				}
			}
			s := b.Elapsed().Seconds()
			b.ReportMetric(float64(transfers)/s, "transfers/s")
			b.ReportMetric(float64(txs)/s, "tx/s")
			b.ReportMetric(float64(size)/s/1e6, "MB/s")
			if cpu = cpuSeconds() - cpu; cpu > 0 {
				b.ReportMetric(float64(transfers)/cpu, "transfers/cpu-s")
			}
		})
	}
}
