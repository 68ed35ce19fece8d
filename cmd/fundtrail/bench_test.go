package main

import (
	"testing"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/data"
	"github.com/fundtrail/fundtrail/internal/onward"
	"github.com/fundtrail/fundtrail/internal/trace"
)

// BenchmarkRonin traces the whole Ronin Bridge theft, as the first command of the README
// does, on the real ledger: every policy, every bound, every hop described. Loading is
// not counted.
func BenchmarkRonin(b *testing.B) {
	input := roninInput(b)
	var tr *fundtrail.Trace
	var err error
	for b.Loop() {
		if tr, err = trace.Run(b.Context(), input, trace.Options{}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(tr.Visited), "movements")
	b.ReportMetric(float64(len(tr.Hops)), "hops")
	b.ReportMetric(float64(len(tr.Ends)), "ends")
}

func roninInput(b *testing.B) trace.Input {
	in, err := data.Incident("ronin-bridge")
	if err != nil {
		b.Fatal(err)
	}
	s := &subject{words: []string{in.ID}, incidents: []fundtrail.Incident{in}, thefts: in.Thefts, actor: authorOf(in)}
	l := importLedger(b, shared(b, "ethereum_txlists/transactions.csv.gz"))
	claimed := recordedClaims(s)
	return trace.Input{
		Subject: in.ID, Ledger: l, Thefts: s.thefts, Actor: s.actor, Pool: data.PoolOf,
		Tags: func(a fundtrail.Address) []fundtrail.Tag { return claimed[a] },
	}
}

// BenchmarkRoninThroughMixers is the same with the pools of tornado_events: stopping at who
// took the notes out, and following on from them. Loading is not counted.
func BenchmarkRoninThroughMixers(b *testing.B) {
	input := roninInput(b)
	pools, _, err := loadPools([]string{shared(b, "tornado_events")})
	if err != nil {
		b.Fatal(err)
	}
	_, finder := (&passing{pools: pools}).engines(&inputs{ledger: input.Ledger}, nil, 0)
	for _, bb := range []struct {
		name   string
		rounds int
	}{{"to withdrawers", 0}, {"onward", onward.Rounds}} {
		b.Run(bb.name, func(b *testing.B) {
			for b.Loop() {
				if _, err := onward.Run(b.Context(), input, trace.Options{}, finder, bb.rounds); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
