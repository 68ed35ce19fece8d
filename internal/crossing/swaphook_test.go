package crossing

import (
	"strings"
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
		seen        bool // what came out
	}{
		{"coin for a token", "thief -> router 5 ETH\nrouter -> thief 90 TOK", 0, true, true},
		{"asked by the way out", "thief -> router 5 ETH\nrouter -> thief 90 TOK", 1, false, false},
		{"pays out first", "pool -> thief 90 TOK\nthief -> pool 5 OTH", 1, true, true},
		{"a payment", "thief -> friend 5 ETH", 0, false, false},
		{"sold for ether that is unwrapped unseen", "thief -> pool 7 USD\npool -> router 5 WETH\nrouter -> - 5 WETH\nfee thief", 0, true, false},
		{"sold for wrapped ether that reaches somebody", "thief -> pool 7 USD\npool -> router 5 WETH\nfee thief", 0, true, false},
		{"nothing ties the ether that is unwrapped to what was given", "thief -> friend 7 USD\npool -> router 5 WETH\nrouter -> - 5 WETH\nfee thief", 0, false, false},
		{"the rest comes back unseen", "thief -> router 5 ETH\nrouter -> pool 3 WETH\npool -> thief 7 USD\nfee thief", 0, false, false},
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
		hook := NewSwaps(l, SwapOptions{Wrapped: isWETH})
		for range 2 { // it remembers
			got := hook.Crossings(fundtrail.TransferOutput{Transfer: tx.Transfers[c.at].ID})
			if found := len(got) == 1 && got[0].Kind == fundtrail.Swap && len(got[0].In) > 0; found != c.found {
				t.Errorf("%s: %+v, want found %v", c.name, got, c.found)
			} else if found && (len(got[0].Out) > 0) != c.seen {
				t.Errorf("%s: %+v, want seen %v", c.name, got, c.seen)
			}
		}
	}
}

// TestSwapNames: a swap has the name of whom the payer paid, else of another who took part,
// and of who wrapped the coins only where nobody else has one.
func TestSwapNames(t *testing.T) {
	lines := "thief -> router 5 ETH\nrouter -> WETH 5 ETH\n- -> router 5 WETH\nrouter -> pool 5 WETH\npool -> thief 7 USD\nfee thief"
	for _, c := range []struct{ named, want string }{
		{"", "swap"}, {"WETH", "WETH"}, {"WETH zoo", "WETH"}, {"WETH pool", "pool"}, {"WETH pool router", "router"},
	} {
		name := func(a fundtrail.Address) string {
			for n := range strings.FieldsSeq(c.named) {
				if a == who(n) {
					return n
				}
			}
			return ""
		}
		if f := Swap(txOf(lines), SwapOptions{Internal: true, Wrapped: isWETH, Name: name}); f.Crossing == nil || f.Crossing.Protocol != c.want {
			t.Errorf("%q named: %+v", c.named, f)
		}
	}
}
