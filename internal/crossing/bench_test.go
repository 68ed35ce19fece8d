package crossing_test

import (
	"testing"

	"github.com/fundtrail/fundtrail/internal/crossing"
	"github.com/fundtrail/fundtrail/internal/ingest"
)

// BenchmarkHistory reads the whole history of Ethereum's ETH pools, puts it in order,
// links it by every method that needs no ledger, demixes Ronin's 48 batches and makes the
// posterior.
func BenchmarkHistory(b *testing.B) {
	r := theRonin(b)
	events := 0
	for b.Loop() {
		ev := readPools(b, "tornado_events/*_eth_*")
		senders, err := ingest.MixerSenders(realFile(b, "tornado_linkage/deposit_senders_merged.csv.gz"))
		if err != nil {
			b.Fatal(err)
		}
		pools := makePools(b, ev, senders)
		events = 0
		for _, p := range pools {
			events += len(p.Deposits) + len(p.Withdrawals)
		}
		links := append(crossing.SameAddress(pools), crossing.Portfolio(pools)...)
		list, err := crossing.Demix(pools, r.hundred, r.batches)
		if err != nil {
			b.Fatal(err)
		}
		links = append(links, crossing.BatchLinks(pools, r.hundred, r.batches, list, 0.01)...)
		if len(crossing.Combine(links)) == 0 {
			b.Fatal("nothing is linked")
		}
	}
	b.ReportMetric(float64(events), "events")
}

func BenchmarkDemix(b *testing.B) {
	r := theRonin(b)
	for b.Loop() {
		if _, err := crossing.Demix(r.pools, r.hundred, r.batches); err != nil {
			b.Fatal(err)
		}
	}
}
