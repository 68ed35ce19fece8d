package onward

import (
	"testing"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/ledgertest"
)

// TestArrivals: a coin may have its taint from two sides, its transaction's inputs and a
// crossing, each of which is a hop; and what is stolen of it may have been met again. What
// the record brought is all that goes on with it, and no more than it moved.
func TestArrivals(t *testing.T) {
	n := fundtrail.NewAmount
	record := fundtrail.TransferOutput{Transfer: fundtrail.TransferID{Tx: ledgertest.Tx(fundtrail.Bitcoin, "t1")}}
	hop := func(end int, taint, expected uint64) fundtrail.Hop {
		h := fundtrail.Hop{Record: record, Asset: fundtrail.NativeAsset(fundtrail.Bitcoin), Amount: n(100), End: end}
		h.Taint[fundtrail.FIFO] = n(taint)
		if expected > 0 {
			h.Odds = &fundtrail.Odds{Expected: n(expected), ByChance: n(expected / 2)}
		}
		return h
	}
	ends := []fundtrail.End{{Kind: fundtrail.EndReturned}}
	for _, c := range []struct {
		name string
		hops []fundtrail.Hop
		want arrival
	}{
		{"two sides", []fundtrail.Hop{hop(-1, 30, 0), hop(-1, 50, 20)}, arrival{n(100), n(80), n(50), n(40)}},
		{"no more than it moved", []fundtrail.Hop{hop(-1, 70, 0), hop(-1, 50, 0)}, arrival{n(100), n(100), n(100), n(100)}},
		{"a theft that stolen value came to", []fundtrail.Hop{hop(-1, 100, 0), hop(0, 3, 0)}, arrival{n(100), n(100), n(100), n(100)}},
	} {
		got := arrivals(&fundtrail.Trace{Policy: fundtrail.FIFO, Hops: c.hops, Ends: ends})[record]
		if got != c.want {
			t.Errorf("%s: brought %v, want %v", c.name, got, c.want)
		}
	}
}
