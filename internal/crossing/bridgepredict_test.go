package crossing

import (
	"testing"
	"time"

	"github.com/fundtrail/fundtrail"
)

func TestPredict(t *testing.T) {
	d := Leg{Protocol: "x", Tx: fundtrail.TxID{Chain: "moonbeam"}, Time: time.Unix(1_650_000_000, 0).UTC(), Peer: "eth", Sender: "0xann", Token: "0xs", Amount: fundtrail.NewAmount(1_000_000)}
	w := Leg{Side: Leaves, Tx: fundtrail.TxID{Chain: "eth"}, Time: d.Time.Add(time.Hour), Recipient: "0xann", Token: "0xt", Amount: fundtrail.NewAmount(990_000)}
	p := Predict(&d, PairOptions{})
	if p.Chain != "eth" || p.Recipient != "0xann" || p.TokenKnown || p.Most != d.Amount || !p.Fits(&w) {
		t.Errorf("%+v", p)
	}
	tokens := LearnTokens([]Leg{d}, []Leg{w}, []Match{{}})
	if p = Predict(&d, PairOptions{Tokens: tokens}); p.Token != "0xt" || !p.TokenKnown || !p.Fits(&w) {
		t.Errorf("%+v", p)
	}
	for name, change := range map[string]func(*Leg){
		"chain": func(l *Leg) { l.Tx.Chain = "bsc" }, "recipient": func(l *Leg) { l.Recipient = "0xbob" }, "token": func(l *Leg) { l.Token = "0xu" },
		"more": func(l *Leg) { l.Amount = fundtrail.NewAmount(1_000_001) }, "much less": func(l *Leg) { l.Amount = fundtrail.NewAmount(400_000) },
		"much later": func(l *Leg) { l.Time = l.Time.AddDate(1, 0, 0) },
	} {
		bad := w
		change(&bad)
		if p.Fits(&bad) {
			t.Errorf("%s: it fits", name)
		}
	}
	// Two counterparts, neither of nine in ten, are none.
	u := w
	u.Token = "0xu"
	if _, ok := LearnTokens([]Leg{d, d}, []Leg{w, u}, []Match{{0, 0, "", 0, nil}, {1, 1, "", 0, nil}})("moonbeam", "0xs", "eth"); ok {
		t.Error("a token of two counterparts is known")
	}
}
