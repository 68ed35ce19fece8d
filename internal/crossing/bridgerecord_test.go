package crossing

import (
	"testing"

	"github.com/fundtrail/fundtrail"
)

func TestLocate(t *testing.T) {
	for _, c := range []struct {
		name, tx string
		leg      Leg
		bridge   string
		want     uint32 // none: 99
	}{
		{"to the recipient", "b -> bob 50 TOK\nb -> cat 50 TOK", Leg{Side: Leaves, Recipient: bob, Token: tok, Amount: fundtrail.NewAmount(50)}, "", 1_000_000},
		{"made for the recipient", "- -> bob 50 TOK", Leg{Side: Leaves, Recipient: bob, Token: tok, Amount: fundtrail.NewAmount(50)}, "", 1_000_000},
		{"twice to the recipient", "b -> bob 50 TOK\nb -> bob 50 TOK", Leg{Side: Leaves, Recipient: bob, Token: tok, Amount: fundtrail.NewAmount(50)}, "", 99},
		{"nobody's", "b -> bob 50 TOK", Leg{Side: Leaves, Token: tok, Amount: fundtrail.NewAmount(50)}, "", 99},
		{"from the sender, through a router", "ann -> r 50 TOK\nr -> bridge 50 TOK", Leg{Sender: ann, Token: tok, Amount: fundtrail.NewAmount(50)}, "bridge", 1_000_000},
		{"by a contract, into the bridge", "r -> x 50 TOK\nx -> bridge 50 TOK", Leg{Sender: ann, Token: tok, Amount: fundtrail.NewAmount(50)}, "bridge", 1_000_001},
		{"by a contract, into an unknown bridge", "r -> x 50 TOK\nx -> bridge 50 TOK", Leg{Sender: ann, Token: tok, Amount: fundtrail.NewAmount(50)}, "", 99},
		{"another amount", "ann -> bridge 51 TOK", Leg{Sender: ann, Token: tok, Amount: fundtrail.NewAmount(50)}, "bridge", 99},
		{"another token", "ann -> bridge 50 USD", Leg{Sender: ann, Token: tok, Amount: fundtrail.NewAmount(50)}, "bridge", 99},
		{"the coin itself", "ann -> bridge 50 ETH", Leg{Sender: ann, Amount: fundtrail.NewAmount(50)}, "bridge", 0},
		{"the coin for its wrapper", "ann -> bridge 50 ETH", Leg{Sender: ann, Token: who("WETH").String(), Amount: fundtrail.NewAmount(50)}, "bridge", 0},
		{"of two in the wrapper, and one in the coin", "ann -> bridge 50 ETH\nann -> r 50 WETH\nann -> r 50 WETH", Leg{Sender: ann, Token: who("WETH").String(), Amount: fundtrail.NewAmount(50)}, "bridge", 99},
		{"the coin for another token", "ann -> bridge 50 ETH", Leg{Sender: ann, Token: tok, Amount: fundtrail.NewAmount(50)}, "bridge", 99},
	} {
		tx := txOf(c.tx)
		got := Locate(tx, &c.leg, who(c.bridge), isWETH)
		if c.want == 99 && got != (fundtrail.TransferOutput{}) || c.want != 99 && (got.Transfer.Index != c.want || got.Transfer.Tx != tx.ID) {
			t.Errorf("%s: %+v", c.name, got)
		}
	}
}
