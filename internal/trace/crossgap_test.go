package trace_test

import (
	"testing"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/ledgertest"
)

// TestGapAtCrossing: a pool that pays a swap out with more than the data shows it had has a
// gap there, which is over with that payment like any other: what the pool gets and pays
// afterwards is not widened by it.
func TestGapAtCrossing(t *testing.T) {
	ledger := func(pool string) crossingCase {
		return crossingCase{
			ledger: `
			2022-03-29T10:00Z t1 eth  victim -> thief  0.000010 AAA
			2022-03-29T10:00Z t2 eth  victim -> pool   0.000010 BBB
			2022-03-29T11:00Z t3 eth  thief -> dex     0.000010 AAA
			2022-03-29T12:00Z t4 eth  ` + pool + ` -> y       0.000100 BBB
			2022-03-29T13:00Z t5 eth  clean -> pool    0.000100 BBB
			2022-03-29T14:00Z t6 eth  pool -> z        0.000150 BBB
			2022-03-29T15:00Z t7 eth  clean -> pool    0.000100 BBB
			2022-03-29T16:00Z t8 eth  pool -> u        0.000100 BBB`,
			thefts: "eth:t1:1000000 eth:t2:1000000",
		}
	}
	c := ledger("pool")
	c.crossings = "eth:t3:1000000 => eth:t4:1000000"
	c.want = `
			t1 theft 10 10 10 10 10 10
			t2 theft 10 10 10 10 10 10
			t3 crossing 10 10 10 10 10 10
			t4 crossing 100 100 100 100 100 100
			t6 transfer 10 10 10 10 10 150`
	for _, h := range c.run(t).Hops {
		if h.Record.Transfer.Tx == ledgertest.Tx(fundtrail.Ethereum, "t8") {
			t.Errorf("after the gap was over %s more may have stayed", h.Possible)
		}
	}
}
