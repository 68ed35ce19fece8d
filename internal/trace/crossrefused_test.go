package trace_test

import (
	"testing"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/ledgertest"
	"github.com/fundtrail/fundtrail/internal/trace"
)

// TestCrossingNotTaken: a crossing of which nothing can come out, because its payout was
// before its deposit, or because no order of its transaction allows it, is not what a hop
// went through; and its payout has no odds from it.
func TestCrossingNotTaken(t *testing.T) {
	for _, c := range []struct{ name, ledger, crossings string }{
		{"paid out before it was paid in", `
			2022-03-29T10:00Z t1 eth mixer -> thief  0.000010 AAA
			2022-03-29T11:00Z t2 eth bridge -> x     0.000020 BBB
			2022-03-29T12:00Z t3 eth thief -> bridge 0.000010 AAA`,
			"eth:t3:1000000 => eth:t2:1000000 @ 99 bridge"},
		{"no order allows it", `
			2022-03-29T10:00Z t1 eth mixer -> thief  0.000010 AAA
			2022-03-29T12:00Z t3 eth dex -> x        0.000020 BBB
			2022-03-29T12:00Z t3 eth x -> y          0.000020 BBB
			2022-03-29T12:00Z t3 eth y -> thief      0.000005 AAA
			2022-03-29T12:00Z t3 eth thief -> dex    0.000015 AAA`,
			"eth:t3:1000003 => eth:t3:1000000\neth:t3:1000001 => eth:t3:1000002"},
	} {
		t.Run(c.name, func(t *testing.T) {
			text := ledgertest.MustParse(c.ledger)
			in := trace.Input{Ledger: seal(t, text.Transactions, text.Coverage), Tags: serviceTags, Crossings: parseCrossings(t, c.crossings)}
			in.Thefts = []fundtrail.Theft{{Tx: ledgertest.Tx("eth", "t1"), Index: 1000000, HasIndex: true, Probability: 0.5}}
			tr, err := trace.Run(t.Context(), in, trace.Options{})
			if err != nil {
				t.Fatal(err)
			}
			for i := range tr.Hops {
				if h := &tr.Hops[i]; h.Kind == fundtrail.HopCrossing && h.Crossing != nil {
					t.Errorf("%s is told to have crossed to %v, and nothing came out there", h.Record, h.Crossing.Out)
				}
			}
		})
	}
}
