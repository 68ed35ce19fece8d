package trace_test

import (
	"testing"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/ledgertest"
	"github.com/fundtrail/fundtrail/internal/trace"
)

// TestOddsCross: what comes out of a crossing is as likely the thief's as what went in,
// wherever the ledger's order has the two records, on a chain before that of the way in or
// before it in one transaction; where the start itself goes in; and however little it is.
func TestOddsCross(t *testing.T) {
	for _, c := range []struct{ name, ledger, crossings string }{
		{"to a chain that comes before", `
			2022-03-29T10:00Z t1 polygon mixer -> mule   0.000010 AAA
			2022-03-29T11:00Z t2 polygon mule -> bridge  0.000010 AAA
			2022-03-29T12:00Z t3 eth     bridge -> mule  0.000020 BBB`,
			"polygon:t2:1000000 => eth:t3:1000000 @ 99 bridge"},
		{"paid out before it was paid", `
			2022-03-29T10:00Z t1 polygon mixer -> mule   0.000010 AAA
			2022-03-29T11:00Z t2 polygon pool -> x       0.000020 BBB
			2022-03-29T11:00Z t2 polygon mule -> pool    0.000010 AAA`,
			"polygon:t2:1000001 => polygon:t2:1000000"},
		{"paid into a bridge by what it starts from", `
			2022-03-29T10:00Z t1 polygon mixer -> bridge 0.000010 AAA
			2022-03-29T12:00Z t3 eth     bridge -> mule  0.000020 BBB`,
			"polygon:t1:1000000 => eth:t3:1000000 @ 99 bridge"},
		{"one unit, of which a half is none", `
			2022-03-29T10:00Z t1 polygon mixer -> mule   0.000001 AAA
			2022-03-29T11:00Z t2 polygon mule -> bridge  0.000001 AAA
			2022-03-29T12:00Z t3 eth     bridge -> mule  0.000020 BBB`,
			"polygon:t2:1000000 => eth:t3:1000000 @ 99 bridge"},
	} {
		t.Run(c.name, func(t *testing.T) {
			text := ledgertest.MustParse(c.ledger)
			crossings := parseCrossings(t, c.crossings)
			in := trace.Input{Ledger: seal(t, text.Transactions, text.Coverage), Tags: serviceTags, Crossings: crossings}
			in.Thefts = []fundtrail.Theft{{Tx: ledgertest.Tx("polygon", "t1"), Index: 1000000, HasIndex: true, Probability: 0.5}}
			tr, err := trace.Run(t.Context(), in, trace.Options{})
			if err != nil {
				t.Fatal(err)
			}
			for i := range tr.Hops {
				h := &tr.Hops[i]
				if h.Record != crossings[0].Out[0] {
					continue
				}
				if h.Odds == nil || h.Odds.Expected != fundtrail.NewAmount(10) {
					t.Errorf("of 20 that came out of what is stolen with probability 0.5 the odds are %v, want 10 expected", h.Odds)
				}
				return
			}
			t.Fatal("nothing came out")
		})
	}
}
