package crossing

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/ledger"
)

// bridgeLedger is a ledger of transactions on Ethereum, each a hash's last byte, an hour
// after the one before.
func bridgeLedger(t *testing.T, txs ...string) fundtrail.Ledger {
	t.Helper()
	b := ledger.NewBuilder()
	for i, lines := range txs {
		tx := txOf(lines)
		tx.ID.Hash = hashOf(byte(i + 1))
		tx.Block.Chain, tx.Block.Height, tx.Block.Time = fundtrail.Ethereum, int64(i+1), tx.Block.Time.Add(time.Duration(i)*time.Hour)
		for k := range tx.Transfers {
			tx.Transfers[k].ID.Tx = tx.ID
		}
		if err := b.Transaction(tx, ledger.Where{}); err != nil {
			t.Fatal(err)
		}
	}
	l, err := b.Seal()
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func onEth(n byte) fundtrail.TxID { return fundtrail.TxID{Chain: fundtrail.Ethereum, Hash: hashOf(n)} }

func recordOf(n byte, index uint32) fundtrail.TransferOutput {
	return fundtrail.TransferOutput{Transfer: fundtrail.TransferID{Tx: onEth(n), Index: index}}
}

func depositLeg(n byte, id string, amount uint64) Leg {
	return Leg{Protocol: celer, Tx: onEth(n), ID: id, Sender: ann, Recipient: bob, Token: tok, Amount: fundtrail.NewAmount(amount)}
}

func payoutLeg(n byte, id string, amount uint64) Leg {
	l := depositLeg(n, id, amount)
	l.Side = Leaves
	return l
}

func TestBridgesHook(t *testing.T) {
	const log = fundtrail.LogIndex
	isZap := func(a fundtrail.Address) bool { return a == who("zap") }
	for _, c := range []struct {
		name    string
		ledger  []string
		in, out []Leg
		at      fundtrail.TransferOutput
		want    []fundtrail.TransferOutput // Out
		ins     int
		none    bool
		ends    func(fundtrail.Address) bool
	}{
		{name: "by id", ledger: []string{"ann -> bridge 50 TOK", "bridge -> bob 49 TOK"}, in: []Leg{depositLeg(1, "x", 50)}, out: []Leg{payoutLeg(2, "x", 49)},
			at: recordOf(1, log), want: []fundtrail.TransferOutput{recordOf(2, log)}, ins: 1},
		{name: "asked by the way out", ledger: []string{"ann -> bridge 50 TOK", "bridge -> bob 49 TOK"}, in: []Leg{depositLeg(1, "x", 50)}, out: []Leg{payoutLeg(2, "x", 49)},
			at: recordOf(2, log), none: true},
		{name: "another id", ledger: []string{"ann -> bridge 50 TOK", "bridge -> bob 49 TOK"}, in: []Leg{depositLeg(1, "x", 50)}, out: []Leg{payoutLeg(2, "y", 49)},
			at: recordOf(1, log), ins: 1},
		{name: "by rank it is no crossing that is followed", ledger: []string{"ann -> bridge 50 TOK", "bridge -> bob 49 TOK"}, in: []Leg{depositLeg(1, "", 50)}, out: []Leg{payoutLeg(2, "", 49)},
			at: recordOf(1, log), ins: 1},
		{name: "the payout is not in the ledger", ledger: []string{"ann -> bridge 50 TOK"}, in: []Leg{depositLeg(1, "x", 50)}, out: []Leg{payoutLeg(2, "x", 49)},
			at: recordOf(1, log), ins: 1},
		{name: "one payment for two deposits of one amount each is shared", ledger: []string{"ann -> zap 9 ETH\nzap -> bridge 50 TOK\nzap -> bridge 30 TOK", "bridge -> bob 49 TOK", "bridge -> bob 29 TOK"},
			in: []Leg{depositLeg(1, "x", 50), depositLeg(1, "y", 30)}, out: []Leg{payoutLeg(2, "x", 49), payoutLeg(3, "y", 29)},
			at: recordOf(1, 0), want: []fundtrail.TransferOutput{recordOf(2, log), recordOf(3, log)}, ins: 1, ends: isZap},
		{name: "nor through a contract that nobody says is a bridge's", ledger: []string{"ann -> zap 9 ETH\nzap -> bridge 50 TOK", "bridge -> bob 49 TOK"},
			in: []Leg{depositLeg(1, "x", 50)}, out: []Leg{payoutLeg(2, "x", 49)}, at: recordOf(1, 0), none: true},
		{name: "nor through another than is said", ledger: []string{"ann -> else 9 ETH\nelse -> bridge 50 TOK", "bridge -> bob 49 TOK"},
			in: []Leg{depositLeg(1, "x", 50)}, out: []Leg{payoutLeg(2, "x", 49)}, at: recordOf(1, 0), none: true, ends: isZap},
		{name: "paid in twice, to the bridge's zap", ledger: []string{"ann -> zap 9 TOK\nann -> zap 41 TOK\nzap -> bridge 50 TOK", "bridge -> bob 49 TOK"},
			in: []Leg{depositLeg(1, "x", 50)}, out: []Leg{payoutLeg(2, "x", 49)},
			at: recordOf(1, log+1), want: []fundtrail.TransferOutput{recordOf(2, log)}, ins: 2, ends: isZap},
		{name: "two who pay in", ledger: []string{"ann -> zap 9 TOK\ncat -> zap 41 TOK\nzap -> bridge 50 TOK", "bridge -> bob 49 TOK"},
			in: []Leg{depositLeg(1, "x", 50)}, out: []Leg{payoutLeg(2, "x", 49)}, at: recordOf(1, log), none: true, ends: isZap},
		{name: "a burn", ledger: []string{"ann -> - 50 TOK", "- -> bob 50 TOK"}, in: []Leg{depositLeg(1, "x", 50)}, out: []Leg{payoutLeg(2, "x", 50)},
			at: recordOf(1, log), want: []fundtrail.TransferOutput{recordOf(2, log)}, ins: 1},
	} {
		for i := range c.in {
			c.in[i].Contract = who("bridge")
		}
		b := NewBridges(bridgeLedger(t, c.ledger...), c.in, c.out, BridgeOptions{Ends: c.ends})
		got := b.Crossings(c.at)
		if c.none {
			if len(got) != 0 {
				t.Errorf("%s: %+v", c.name, got)
			}
			continue
		}
		if len(got) != 1 || !slices.Equal(got[0].Out, c.want) || len(got[0].In) != c.ins || !slices.Contains(got[0].In, c.at) || got[0].Kind != fundtrail.Bridge || got[0].Confidence != 99 {
			t.Errorf("%s: %+v", c.name, got)
		}
	}
}

// TestBridgesOutOfOrder: the order of legs is irrelevant.
func TestBridgesOutOfOrder(t *testing.T) {
	l := bridgeLedger(t, "ann -> bridge 50 TOK", "ann -> bridge 30 TOK", "bridge -> bob 49 TOK", "bridge -> bob 29 TOK", "ann -> bridge 7 TOK")
	in := []Leg{depositLeg(1, "x", 50), depositLeg(2, "", 30), depositLeg(5, "z", 7), depositLeg(5, "z", 7)}
	out := []Leg{payoutLeg(3, "x", 49), payoutLeg(4, "", 29), payoutLeg(9, "z", 6)}
	say := func(b *Bridges) any {
		tr := &fundtrail.Trace{Ends: []fundtrail.End{{Kind: fundtrail.EndBridge}}}
		for _, n := range []byte{1, 2, 5} {
			h := fundtrail.Hop{Record: recordOf(n, fundtrail.LogIndex), From: who("ann"), Asset: token("TOK"), Amount: fundtrail.NewAmount(50), Kind: fundtrail.HopTransfer}
			if c := b.Crossings(h.Record); len(c) == 1 && len(c[0].Out) > 0 {
				h.Kind, h.Crossing = fundtrail.HopCrossing, &c[0]
			}
			tr.Hops = append(tr.Hops, h)
		}
		passages, notes, err := b.Passages(tr)
		if err != nil {
			t.Fatal(err)
		}
		return []any{passages, notes}
	}
	first := say(NewBridges(l, in, out, BridgeOptions{}))
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 3))
		r.Shuffle(len(in), func(i, j int) { in[i], in[j] = in[j], in[i] })
		r.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
		if d := cmp.Diff(first, say(NewBridges(l, in, out, BridgeOptions{})), sameAmount, cmp.Comparer(func(a, b fundtrail.Address) bool { return a == b })); d != "" {
			t.Fatalf("seed %d: %s", seed, d)
		}
	}
}

// TestBridgePassages: what the trace does not follow is told with its odds, what it does
// is not, and what nobody can tell is a note.
func TestBridgePassages(t *testing.T) {
	l := bridgeLedger(t, "ann -> bridge 50 TOK", "ann -> bridge 30 TOK", "ann -> bridge 7 TOK", "ann -> bridge 8 TOK", "ann -> bridge 9 TOK", "bridge -> bob 49 TOK", "bridge -> bob 29 TOK")
	moon := payoutLeg(21, "moon", 8)
	moon.Tx.Chain = "moonbeam"
	in := []Leg{depositLeg(1, "x", 50), depositLeg(2, "", 30), depositLeg(3, "far", 7), depositLeg(4, "moon", 8), depositLeg(5, "lost", 9)}
	in[4].Peer = "polygon"
	b := NewBridges(l, in, []Leg{payoutLeg(6, "x", 49), payoutLeg(7, "", 29), payoutLeg(20, "far", 6), moon}, BridgeOptions{})
	tr := &fundtrail.Trace{Ends: []fundtrail.End{{Kind: fundtrail.EndBridge}, {Kind: fundtrail.EndHeld}}}
	for n := byte(1); n <= 5; n++ {
		h := fundtrail.Hop{Record: recordOf(n, fundtrail.LogIndex), From: who("ann"), Asset: token("TOK"), Amount: in[n-1].Amount, Kind: fundtrail.HopTransfer}
		if n == 1 {
			h.Kind, h.Crossing = fundtrail.HopCrossing, &b.Crossings(h.Record)[0]
		}
		tr.Hops = append(tr.Hops, h, h) // a record told twice is paid once
	}
	tr.Hops = append(tr.Hops, fundtrail.Hop{Record: recordOf(6, fundtrail.LogIndex), End: -1}, fundtrail.Hop{Record: recordOf(99, 0)}, fundtrail.Hop{Record: recordOf(2, 0), End: 1}, fundtrail.Hop{Record: recordOf(2, 1), End: -1})
	passages, notes, err := b.Passages(tr)
	if err != nil || len(passages) != 4 {
		t.Fatalf("%+v %v %v", passages, notes, err)
	}
	ranked, far, moonward, lost := passages[0], passages[1], passages[2], passages[3]
	if w := ranked.Withdrawals; len(w) != 1 || w[0].Method != PairedRank || w[0].Record != recordOf(7, fundtrail.LogIndex) || w[0].Amount != fundtrail.NewAmount(29) ||
		w[0].Carries != w[0].Amount || w[0].To != who("bob") || w[0].Asset != token("TOK") || w[0].Probability <= 0.1 || w[0].Probability >= 1 || w[0].AnonymitySet != 1 {
		t.Errorf("%+v", ranked)
	}
	if ranked.Kind != fundtrail.Bridge || ranked.Protocol != celer || ranked.Note != fundtrail.NewAmount(30) || len(ranked.Deposits) != 1 || ranked.Depositor != who("ann") {
		t.Errorf("%+v", ranked)
	}
	if w := far.Withdrawals; len(w) != 1 || w[0].Method != PairedByID || w[0].Certainty != fundtrail.Certain || !w[0].Record.Transfer.Tx.IsZero() || w[0].Tx != onEth(20) {
		t.Errorf("%+v", far)
	}
	if len(moonward.Withdrawals)+len(lost.Withdrawals) != 0 {
		t.Errorf("%+v %+v", moonward, lost)
	}
	// What the trace could not bring out, as when it came out in the same second, is told too.
	stuck := *tr
	stuck.Hops = slices.DeleteFunc(slices.Clone(tr.Hops), func(h fundtrail.Hop) bool { return h.Record.Transfer.Tx == onEth(6) })
	if again, _, _ := b.Passages(&stuck); len(again) != 5 || len(again[0].Withdrawals) != 1 || again[0].Withdrawals[0].Record != recordOf(6, fundtrail.LogIndex) {
		t.Errorf("%+v", again)
	}
	all := strings.Join(notes, "\n")
	for _, want := range []string{"no deposit for 1 of the payments", "1 of the payments into bridges have no payout in the events: celer " + onEth(5).String() + ", for " + bob + " on polygon",
		"1 payouts of bridges are on chains, or of assets, that are not known here: celer " + moon.Tx.String() + " on moonbeam"} {
		if !strings.Contains(all, want) {
			t.Errorf("notes lack %q:\n%s", want, all)
		}
	}
}

// TestBridgesCoins: a payment on a chain of coins goes in and comes out by its outputs.
func TestBridgesCoins(t *testing.T) {
	btc := fundtrail.TxID{Chain: fundtrail.Bitcoin, Hash: hashOf(50)}
	b := ledger.NewBuilder()
	to, err := fundtrail.ParseAddress(fundtrail.Bitcoin, "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq")
	if err != nil {
		t.Fatal(err)
	}
	tx := fundtrail.Transaction{ID: btc, Block: fundtrail.Block{Chain: fundtrail.Bitcoin, Height: 9, Time: time.Unix(1_683_030_000, 0).UTC()}, Transfers: []fundtrail.Transfer{{
		ID: fundtrail.TransferID{Tx: btc}, Asset: fundtrail.NativeAsset(fundtrail.Bitcoin),
		Outputs: []fundtrail.Entry{{Address: to, Amount: fundtrail.NewAmount(5)}, {Amount: fundtrail.NewAmount(0)}, {Address: to, Amount: fundtrail.NewAmount(7)}},
	}}}
	if err := b.Transaction(&tx, ledger.Where{}); err != nil {
		t.Fatal(err)
	}
	eth := txOf("ann -> router 3 ETH")
	eth.ID, eth.Block.Chain, eth.Block.Height = onEth(1), fundtrail.Ethereum, 1
	eth.Transfers[0].ID.Tx = eth.ID
	if err := b.Transaction(eth, ledger.Where{}); err != nil {
		t.Fatal(err)
	}
	l, err := b.Seal()
	if err != nil {
		t.Fatal(err)
	}
	in := Leg{Protocol: thorchain, Tx: onEth(1), Peer: fundtrail.Bitcoin, ID: "t", Sender: ann, Recipient: to.String(), Amount: fundtrail.NewAmount(3)}
	out := Leg{Protocol: thorchain, Side: Leaves, Tx: btc, ID: "t", Amount: fundtrail.NewAmount(7)} // more came out than went in, and nobody says to whom
	want := fundtrail.TransferOutput{Transfer: fundtrail.TransferID{Tx: btc}, Output: 2}
	if got := NewBridges(l, []Leg{in}, []Leg{out}, BridgeOptions{}).Crossings(recordOf(1, 0)); len(got) != 1 || len(got[0].Out) != 1 || got[0].Out[0] != want {
		t.Errorf("%+v", got)
	}
}

func TestHooks(t *testing.T) {
	l := bridgeLedger(t, "ann -> bridge 50 TOK", "bridge -> bob 49 TOK")
	one := NewBridges(l, []Leg{depositLeg(1, "x", 50)}, []Leg{payoutLeg(2, "x", 49)}, BridgeOptions{})
	if got := (Hooks{NewSwaps(l, SwapOptions{}), one, one}).Crossings(recordOf(1, fundtrail.LogIndex)); len(got) != 2 {
		t.Errorf("%+v", got)
	}
}
