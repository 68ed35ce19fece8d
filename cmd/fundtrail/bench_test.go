package main

import (
	"testing"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/data"
	"github.com/fundtrail/fundtrail/internal/trace"
)

// BenchmarkRonin traces the whole Ronin Bridge theft, as the first command of the README
// does, on the real ledger: every policy, every bound, every hop described. Loading is
// not counted.
func BenchmarkRonin(b *testing.B) {
	in, err := data.Incident("ronin-bridge")
	if err != nil {
		b.Fatal(err)
	}
	s := &subject{words: []string{in.ID}, incidents: []fundtrail.Incident{in}, thefts: in.Thefts, actor: authorOf(in)}
	l := importLedger(b, shared(b, "ethereum_txlists/transactions.csv.gz"))
	claimed := recordedClaims(s)
	input := trace.Input{
		Subject: in.ID, Ledger: l, Thefts: s.thefts, Actor: s.actor, Pool: data.PoolOf,
		Tags: func(a fundtrail.Address) []fundtrail.Tag { return claimed[a] },
	}
	var tr *fundtrail.Trace
	for b.Loop() {
		if tr, err = trace.Run(b.Context(), input, trace.Options{}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(tr.Visited), "movements")
	b.ReportMetric(float64(len(tr.Hops)), "hops")
	b.ReportMetric(float64(len(tr.Ends)), "ends")
}
