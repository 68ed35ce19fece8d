package crossing

import (
	"testing"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/ledger"
)

// TestSwapsHook: the hook gives a swap by the record that went in, whoever it was paid to,
// and nothing for what is none. What pays out first is a swap as well.
func TestSwapsHook(t *testing.T) {
	for _, c := range []struct {
		name, lines string
		at          int // the transfer asked about
		found       bool
	}{
		{"coin for a token", "thief -> router 5 ETH\nrouter -> thief 90 TOK", 0, true},
		{"asked by the way out", "thief -> router 5 ETH\nrouter -> thief 90 TOK", 1, false},
		{"pays out first", "pool -> thief 90 TOK\nthief -> pool 5 OTH", 1, true},
		{"a payment", "thief -> friend 5 ETH", 0, false},
	} {
		tx := txOf(c.lines)
		b := ledger.NewBuilder()
		if err := b.Transaction(tx, ledger.Where{}); err != nil {
			t.Fatal(err)
		}
		l, err := b.Seal()
		if err != nil {
			t.Fatal(err)
		}
		got := NewSwaps(l, SwapOptions{}).Crossings(fundtrail.TransferOutput{Transfer: tx.Transfers[c.at].ID})
		if found := len(got) == 1 && got[0].Kind == fundtrail.Swap; found != c.found {
			t.Errorf("%s: %+v, want found %v", c.name, got, c.found)
		}
	}
}
