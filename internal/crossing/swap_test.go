package crossing

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fundtrail/fundtrail"
)

// who names a test address by a short word.
func who(name string) fundtrail.Address {
	if name == "" {
		return fundtrail.Address{}
	}
	var b [20]byte
	copy(b[:], name)
	return fundtrail.EVMAddress(fundtrail.Ethereum, b)
}

func token(name string) fundtrail.Asset {
	if name == "ETH" {
		return fundtrail.NativeAsset(fundtrail.Ethereum)
	}
	return fundtrail.Asset{Chain: fundtrail.Ethereum, Contract: who(name)}
}

// txOf reads one transfer a line: "from -> to 5 ETH"; "-" is nobody. The first line
// in ETH is the value, other ether is internal; "fee" ends the list with the sender.
func txOf(lines string) *fundtrail.Transaction {
	tx := &fundtrail.Transaction{ID: fundtrail.TxID{Chain: fundtrail.Ethereum, Hash: fundtrail.Hash{1}}}
	tx.Block.Time = time.Date(2023, 5, 2, 12, 0, 0, 0, time.UTC)
	internal, logs := uint32(0), uint32(0)
	for line := range strings.Lines(lines) {
		f := strings.Fields(line)
		if len(f) == 0 {
			continue
		}
		t := fundtrail.Transfer{ID: fundtrail.TransferID{Tx: tx.ID}}
		if f[0] == "fee" {
			t.ID.Index, t.Asset, t.Fee = fundtrail.FeeIndex, token("ETH"), fundtrail.NewAmount(1)
			t.Inputs = []fundtrail.Entry{{Address: who(f[1]), Amount: t.Fee}}
			tx.Transfers = append(tx.Transfers, t)
			continue
		}
		n, err := fundtrail.ParseAmount(f[3])
		if err != nil {
			panic(err)
		}
		t.Asset = token(f[4])
		switch {
		case f[4] == "ETH":
			t.ID.Index = internal
			internal++
		default:
			t.ID.Index = fundtrail.LogIndex + logs
			logs++
		}
		if f[0] != "-" {
			t.Inputs = []fundtrail.Entry{{Address: who(f[0]), Amount: n}}
		}
		if f[2] != "-" {
			t.Outputs = []fundtrail.Entry{{Address: who(f[2]), Amount: n}}
		}
		tx.Transfers = append(tx.Transfers, t)
	}
	return tx
}

func isWETH(a fundtrail.Asset) bool { return a == token("WETH") }

var swapCases = []struct {
	name, tx, who, recipient string
	internal                 bool
	verdict                  SwapVerdict
	why                      string
	confidence               fundtrail.Confidence
	in, out                  []uint32 // indexes of transfers
}{
	{name: "pool alone", internal: true, tx: `
		ann -> pool 5 TOK
		pool -> ann 7 USD
		fee ann`, verdict: Swapped, confidence: 90, in: []uint32{1_000_000}, out: []uint32{1_000_001}},
	{name: "what comes out stands before what goes in", internal: true, tx: `
		pool -> ann 7 USD
		ann -> pool 5 TOK
		fee ann`, verdict: Swapped, confidence: 90, in: []uint32{1_000_001}, out: []uint32{1_000_000}},
	{name: "through a router and two pools", internal: true, tx: `
		ann -> p1 5 TOK
		p1 -> p2 6 MID
		p2 -> ann 7 USD
		fee ann`, verdict: Swapped, confidence: 90, in: []uint32{1_000_000}, out: []uint32{1_000_002}},
	{name: "ether in, by a router that wraps", internal: true, tx: `
		ann -> router 5 ETH
		router -> WETH 5 ETH
		- -> router 5 WETH
		router -> pool 5 WETH
		pool -> ann 7 USD
		fee ann`, verdict: Swapped, confidence: 90, in: []uint32{0}, out: []uint32{1_000_002}},
	{name: "ether out, by a router that unwraps", internal: true, tx: `
		WETH -> router 5 ETH
		router -> ann 5 ETH
		ann -> pool 7 USD
		pool -> router 5 WETH
		router -> - 5 WETH
		fee ann`, verdict: Swapped, confidence: 90, in: []uint32{1_000_000}, out: []uint32{1}},
	{name: "ether out, and internal transfers are missing", tx: `
		ann -> pool 7 USD
		pool -> router 5 WETH
		fee ann`, verdict: Incomplete, why: "what was paid on of it"},
	{name: "the rest comes back", internal: true, tx: `
		ann -> router 5 ETH
		router -> ann 2 ETH
		router -> pool 3 WETH
		pool -> ann 7 USD
		fee ann`, verdict: Swapped, confidence: 90, in: []uint32{0}, out: []uint32{1, 1_000_001}},
	{name: "the rest comes back unseen", tx: `
		ann -> router 5 ETH
		router -> pool 3 WETH
		pool -> ann 7 USD
		fee ann`, verdict: Swapped, confidence: 80, why: "only 3 base units", in: []uint32{0}, out: []uint32{1_000_001}},
	{name: "the rest comes back unseen, and the wrapping is seen", tx: `
		ann -> router 5 ETH
		- -> router 3 WETH
		router -> pool 3 WETH
		pool -> ann 7 USD
		fee ann`, verdict: Swapped, confidence: 80, why: "only 3 base units", in: []uint32{0}, out: []uint32{1_000_002}},
	{name: "unwrap of which the coin is not seen", tx: `
		ann -> - 5 WETH
		fee ann`, verdict: Incomplete, why: "unwrapped its coins"},
	{name: "sold for ether that is unwrapped, and who has it is not seen", tx: `
		ann -> pool 7 USD
		pool -> router 5 WETH
		router -> - 5 WETH
		fee ann`, verdict: Incomplete, why: "was unwrapped, and who has it"},
	{name: "to another, whom the order names", recipient: "bob", internal: true, tx: `
		ann -> pool 5 TOK
		pool -> bob 7 USD
		pool -> fees 1 USD
		fee ann`, verdict: Swapped, confidence: 85, in: []uint32{1_000_000}, out: []uint32{1_000_001}},
	{name: "to another, unnamed", internal: true, tx: `
		ann -> pool 5 TOK
		pool -> bob 7 USD
		fee ann`, verdict: Swapped, confidence: 60, in: []uint32{1_000_000}, out: []uint32{1_000_001}},
	{name: "to one of two", internal: true, tx: `
		ann -> pool 5 TOK
		pool -> bob 7 USD
		pool -> cat 7 USD
		fee ann`, verdict: NoSwap, why: "2 addresses only received"},
	{name: "wrap", internal: true, tx: `
		ann -> WETH 5 ETH
		- -> ann 5 WETH
		fee ann`, verdict: Swapped, confidence: 90, in: []uint32{0}, out: []uint32{1_000_000}},
	{name: "wrap of which the making is not seen", tx: `
		ann -> WETH 5 ETH
		fee ann`, verdict: Incomplete, why: "wrapped its coins"},
	{name: "unwrap", internal: true, tx: `
		WETH -> ann 5 ETH
		ann -> - 5 WETH
		fee ann`, verdict: Swapped, confidence: 90, in: []uint32{1_000_000}, out: []uint32{0}},
	{name: "payment", internal: true, tx: "ann -> bob 5 TOK\nfee ann", verdict: NoSwap, why: "a payment"},
	{name: "many payments", internal: true, tx: "ann -> bob 5 TOK\nann -> cat 6 TOK\nfee ann", verdict: NoSwap, why: "a payment"},
	{name: "payment through a splitter", internal: true, tx: "ann -> s 5 TOK\ns -> bob 2 TOK\ns -> cat 3 TOK\nfee ann", verdict: NoSwap, why: "no other asset moved"},
	{name: "airdrop", internal: true, tx: "drop -> ann 5 TOK\ndrop -> bob 5 TOK\nfee ann", verdict: NoSwap, why: "gave nothing"},
	{name: "loop", internal: true, tx: `
		ann -> p1 5 TOK
		p1 -> p2 6 MID
		p2 -> ann 7 TOK
		fee ann`, verdict: NoSwap, why: "a loop"},
	{name: "liquidity in two assets", internal: true, tx: "ann -> pool 5 TOK\nann -> pool 7 USD\n- -> ann 6 LP\nfee ann", verdict: NoSwap, why: "2 assets went in"},
	{name: "liquidity in one asset", internal: true, tx: "ann -> vault 5 TOK\n- -> ann 5 SHARE\nfee ann", verdict: NoSwap, why: "made for it"},
	{name: "liquidity taken back", internal: true, tx: "ann -> pool 6 LP\npool -> - 6 LP\npool -> ann 5 TOK\nfee ann", verdict: NoSwap, why: "destroyed"},
	{name: "liquidity taken back in two", internal: true, tx: "ann -> pool 6 LP\npool -> ann 5 TOK\npool -> ann 7 USD\nfee ann", verdict: NoSwap, why: "2 assets came out"},
	{name: "an unrelated gift beside a payment", internal: true, tx: "ann -> bob 5 TOK\ndrop -> ann 9 GIFT\nfee ann", verdict: NoSwap, why: "nothing to do with"},
	{name: "a token that burns a part of each transfer", internal: true, tx: `
		ann -> pool 90 TOK
		ann -> - 10 TOK
		pool -> ann 7 USD
		fee ann`, verdict: Swapped, confidence: 90, in: []uint32{1_000_000, 1_000_001}, out: []uint32{1_000_002}},
	{name: "the pool is not who swaps", who: "pool", internal: true, tx: "ann -> pool 5 TOK\npool -> ann 7 USD\nfee ann", verdict: NoSwap, why: "the other side"},
	{name: "an order that a solver settles", who: "ann", internal: true, tx: `
		ann -> settle 5 TOK
		settle -> pool 5 TOK
		pool -> settle 7 USD
		settle -> ann 7 USD
		fee solver`, verdict: Swapped, confidence: 90, in: []uint32{1_000_000}, out: []uint32{1_000_003}},
	{name: "a contract's own trade, value unseen", who: "bot", tx: "pool -> bot 7 USD\nfee ann", verdict: Incomplete, why: "what it gave is not in the data"},
	{name: "nobody", tx: "", verdict: NoSwap, why: "not known who"},
}

func TestSwap(t *testing.T) {
	for _, c := range swapCases {
		t.Run(c.name, func(t *testing.T) {
			opt := SwapOptions{Who: who(c.who), Recipient: who(c.recipient), Internal: c.internal, Wrapped: isWETH}
			f := Swap(txOf(c.tx), opt)
			if f.Verdict != c.verdict || !strings.Contains(f.Why, c.why) {
				t.Fatalf("%s: %s", f.Verdict, f.Why)
			}
			if f.Verdict != Swapped {
				if f.Crossing != nil {
					t.Fatalf("a crossing: %+v", f.Crossing)
				}
				return
			}
			index := func(list []fundtrail.TransferOutput) (at []uint32) {
				for _, o := range list {
					at = append(at, o.Transfer.Index)
				}
				return at
			}
			if d := cmp.Diff(c.in, index(f.Crossing.In)); d != "" {
				t.Error("in", d)
			}
			if d := cmp.Diff(c.out, index(f.Crossing.Out)); d != "" {
				t.Error("out", d)
			}
			if f.Crossing.Confidence != c.confidence || f.Crossing.Method != "swap-net/2" || f.Crossing.Kind != fundtrail.Swap {
				t.Errorf("%+v", f.Crossing)
			}
		})
	}
}

// TestSwapOrder: the order of transfers is irrelevant.
func TestSwapOrder(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, c := range swapCases {
		tx := txOf(c.tx)
		opt := SwapOptions{Who: who(c.who), Recipient: who(c.recipient), Internal: c.internal, Wrapped: isWETH}
		want := Swap(tx, opt)
		for range 8 {
			r.Shuffle(len(tx.Transfers), func(i, j int) { tx.Transfers[i], tx.Transfers[j] = tx.Transfers[j], tx.Transfers[i] })
			f := Swap(tx, opt)
			if d := cmp.Diff(want, f, cmp.AllowUnexported(fundtrail.Address{}, fundtrail.Amount{})); d != "" {
				t.Fatalf("%s:\n%s", c.name, d)
			}
		}
	}
}

// TestSwapItems: a token whose transfers are numbered items is no amount.
func TestSwapItems(t *testing.T) {
	tx := txOf("ann -> market 5 ETH\nart -> ann 77 ART\nmarket -> art 5 ETH\nfee ann")
	opt := SwapOptions{Internal: true}
	if f := Swap(tx, opt); f.Verdict != Swapped {
		t.Fatalf("without events nothing tells: %s: %s", f.Verdict, f.Why)
	}
	tx.Events = []fundtrail.Event{{Contract: who("ART"), Topics: []fundtrail.Hash{transferTopic, {}, {}, {}}}}
	if f := Swap(tx, opt); f.Verdict != NoSwap || !strings.Contains(f.Why, "items") {
		t.Errorf("%s: %s", f.Verdict, f.Why)
	}
}

// TestSwapPrice: a rate is held against the day's prices, and names are named.
func TestSwapPrice(t *testing.T) {
	price := func(a fundtrail.Asset, _ time.Time) (fundtrail.Amount, int, bool) {
		if a == token("NONE") {
			return fundtrail.Amount{}, 0, false
		}
		return fundtrail.NewAmount(1_000_000), 2, true // a dollar; a base unit is a cent
	}
	name := func(a fundtrail.Address) string {
		if a == who("pool") {
			return "Corner pool"
		}
		return ""
	}
	for _, c := range []struct {
		in, out     string
		priced, far bool
		off         int64
	}{
		{"1000 TOK", "1000 USD", true, false, 0},
		{"1000 TOK", "901 USD", true, false, -990},
		{"1000 TOK", "890 USD", true, true, -1100},
		{"1000 TOK", "1101 USD", true, true, 1010},
		{"1000 TOK", "1 NONE", false, false, 0},
		{"1 TOK", "999999999999999999999999999999 USD", true, true, 1 << 40},
	} {
		f := Swap(txOf("ann -> pool "+c.in+"\npool -> ann "+c.out+"\nfee ann"), SwapOptions{Internal: true, Price: price, Name: name})
		if f.Priced != c.priced || f.Far != c.far || f.Off != c.off || !slices.Equal(f.Via, []string{"Corner pool"}) {
			t.Errorf("%s for %s: %+v", c.in, c.out, f)
		}
	}
}

// FuzzSwap: no transaction makes it panic, and what it says holds together.
func FuzzSwap(f *testing.F) {
	for i := range swapCases {
		f.Add([]byte{byte(i), 1, 2, 3, 4, 1, 2, 2, 1, 7, 0, 3, 1, 1, 9})
	}
	names := []string{"-", "ann", "pool", "router", "WETH", "bob"}
	assets := []string{"ETH", "TOK", "WETH", "USD"}
	f.Fuzz(func(t *testing.T, b []byte) {
		var lines strings.Builder
		for ; len(b) >= 4 && lines.Len() < 4000; b = b[4:] {
			n := fundtrail.NewAmount(uint64(b[3]) + 1)
			if b[3] > 250 {
				n = fundtrail.AmountFromWords([4]uint64{0, 0, 0, 1 << 63}) // two of them overflow
			}
			fmt.Fprintf(&lines, "%s -> %s %s %s\n", names[int(b[0])%len(names)], names[int(b[1])%len(names)], n, assets[int(b[2])%len(assets)])
		}
		lines.WriteString("fee ann\n")
		tx := txOf(lines.String())
		for _, internal := range []bool{false, true} {
			s := Swap(tx, SwapOptions{Internal: internal, Wrapped: isWETH})
			if (s.Crossing != nil) != (s.Verdict == Swapped) || s.Why == "" {
				t.Fatalf("%+v", s)
			}
			if s.Crossing == nil {
				continue
			}
			// The records it cites are what it says was given and got, to the unit.
			at := map[uint32]fundtrail.Transfer{}
			for _, x := range tx.Transfers {
				at[x.ID.Index] = x
			}
			gave, got := newNetting(tx), fundtrail.Amount{}
			gave.moves = nil
			var in, back fundtrail.Amount
			for _, o := range s.Crossing.In {
				in, _ = in.Add(at[o.Transfer.Index].Inputs[0].Amount)
			}
			for _, o := range s.Crossing.Out {
				x := at[o.Transfer.Index]
				if x.Asset == s.Gave[0].Asset {
					back, _ = back.Add(x.Outputs[0].Amount)
				} else {
					got, _ = got.Add(x.Outputs[0].Amount)
				}
			}
			if net, under := in.Sub(back); under || net != s.Gave[0].Amount {
				t.Fatalf("in %v back %v, gave %v\n%s", in, back, s.Gave, lines.String())
			}
			if got.Less(s.Got[0].Amount) {
				t.Fatalf("got %v, records %v", s.Got, got)
			}
		}
	})
}

func BenchmarkSwap(b *testing.B) {
	tx := txOf(swapCases[3].tx)
	opt := SwapOptions{Internal: true, Wrapped: isWETH}
	for b.Loop() {
		Swap(tx, opt)
	}
}
