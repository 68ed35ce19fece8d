package trace_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/trace"
)

// TestHeadlineElsewhere: where value crosses to a chain on which the headline policy says
// nothing, the trace says so: its figures there are zero, and not because nothing came.
func TestHeadlineElsewhere(t *testing.T) {
	c := crossingCase{
		ledger: `
			2022-03-29T10:00Z b1 btc  coinbase -> thief 0.00000010
			2022-03-29T11:00Z b2 btc  b1:0 -> bridge    0.00000010
			2022-03-29T12:00Z t1 eth  bridge -> x       0.000020 BBB
			2022-03-29T13:00Z t2 eth  bridge -> y       0.000010 BBB`,
		thefts:    "btc:b1:0",
		crossings: "btc:b2:0 => eth:t1:1000000 + eth:t2:1000000",
		options:   trace.Options{Policy: fundtrail.TIHO},
		want: `
			b1 theft 10 10 10 10 10
			b2 crossing 10 10 10 10 10
			t1 crossing 20 20 20 20 20 20
			t2 crossing 10 10 10 10 10 10`,
	}
	notes := c.run(t).Notes
	if n := len(notes); n != 1 || !slices.ContainsFunc(notes, func(s string) bool {
		return strings.Contains(s, "Ethereum, on which the headline policy tiho says nothing")
	}) {
		t.Errorf("notes %q", notes)
	}
}
