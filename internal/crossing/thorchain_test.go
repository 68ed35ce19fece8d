package crossing

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fundtrail/fundtrail"
)

const someTx = "B3A8CA4F6B5C8C9E1F2A4D6E8F0A1B2C3D4E5F60718293A4B5C6D7E8F9A0B1C2"

func TestParseMemo(t *testing.T) {
	for _, c := range []struct {
		memo string
		want Memo
	}{
		{"=:BTC.BTC:bc1qxyz", Memo{Kind: MemoSwap, Verb: "=", Chain: "btc", Asset: "BTC", Recipient: "bc1qxyz"}},
		{"SWAP:ETH.ETH:0xAb:100:t:30", Memo{Kind: MemoSwap, Verb: "swap", Chain: "eth", Asset: "ETH", Recipient: "0xAb",
			Limit: fundtrail.NewAmount(100), Affiliates: []Affiliate{{"t", 30}}}},
		{"s:b:bc1q", Memo{Kind: MemoSwap, Verb: "s", Chain: "btc", Asset: "BTC", Recipient: "bc1q"}},
		{"=:ETH.USDC-0xA0B86991C6218B36C1D19D4A2E9EB0CE3606EB48:0x1:3e8/3/10", Memo{Kind: MemoSwap, Verb: "=", Chain: "eth", Asset: "USDC",
			Contract: "0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48", Recipient: "0x1", Limit: fundtrail.NewAmount(300_000_000), Interval: 3, Quantity: 10}},
		{"=:LTC.LTC:ltc1:0/1/0:a/b:10/20", Memo{Kind: MemoSwap, Verb: "=", Chain: "ltc", Asset: "LTC", Recipient: "ltc1", Interval: 1,
			Affiliates: []Affiliate{{"a", 10}, {"b", 20}}}},
		{"=:e:0xabc/0xdef", Memo{Kind: MemoSwap, Verb: "=", Chain: "eth", Asset: "ETH", Recipient: "0xabc", Refund: "0xdef"}},
		{"=:BCH.BCH:bitcoincash:qpxy:9", Memo{Kind: MemoSwap, Verb: "=", Chain: "bch", Asset: "BCH", Recipient: "bitcoincash:qpxy", Limit: fundtrail.NewAmount(9)}},
		{"=:BTC/BTC:thor1x", Memo{Kind: MemoSwap, Verb: "=", Chain: "btc", Asset: "BTC", Synthetic: true, Recipient: "thor1x"}},
		{"=:r:thor1x", Memo{Kind: MemoSwap, Verb: "=", Chain: "thor-thor", Asset: "RUNE", Recipient: "thor1x"}},
		{"=:GAIA.ATOM", Memo{Kind: MemoSwap, Verb: "=", Chain: "thor-gaia", Asset: "ATOM"}},
		{"=:AVAX.AVAX:0x1::::|x:y", Memo{Kind: MemoSwap, Verb: "=", Chain: "avax", Asset: "AVAX", Recipient: "0x1"}},
		{"OUT:" + someTx, Memo{Kind: MemoOut, Verb: "out", Answers: mustHash(someTx)}},
		{"refund:" + strings.ToLower(someTx), Memo{Kind: MemoRefund, Verb: "refund", Answers: mustHash(someTx)}},
		{"ADD:BTC.BTC:thor1", Memo{Kind: MemoOther, Verb: "add"}},
		{"MIGRATE:1234", Memo{Kind: MemoOther, Verb: "migrate"}},
	} {
		got, err := ParseMemo(c.memo)
		if err != nil {
			t.Errorf("%s: %v", c.memo, err)
			continue
		}
		if d := cmp.Diff(c.want, got, sameAmount); d != "" {
			t.Errorf("%s: -want +got\n%s", c.memo, d)
		}
	}
	for _, c := range []struct{ memo, want string }{
		{"", "is no order"},
		{"hello", "is no order"},
		{"=", "names no asset"},
		{"=:", "names no asset"},
		{"=:BTC", "want CHAIN.ASSET"},
		{"=:BTC.", "want CHAIN.ASSET"},
		{"=:BTC.BTC:a:x", "want a whole number"},
		{"=:BTC.BTC:a:1/x", "want LIMIT/INTERVAL/QUANTITY"},
		{"=:BTC.BTC:a:1/2/3/4", "want LIMIT/INTERVAL/QUANTITY"},
		{"=:BTC.BTC:a:1e99", "want a whole number"},
		{"=:BTC.BTC:a:1:x:10001", "hundredths of a per cent"},
		{"=:BTC.BTC:a:1:x/y:1/2/3", "2 affiliates and 3 shares"},
		{"OUT", "names no transaction"},
		{"OUT:abc", "no hash of 64"},
		{"OUT:" + someTx + "00", "no hash of 64"},
		{"=:BTC.BTC:a\x00b", "no printable ASCII"},
		{"=:BTC.BTC:" + strings.Repeat("a", 2000), "the most is"},
	} {
		m, err := ParseMemo(c.memo)
		if !errors.Is(err, fundtrail.ErrInvalid) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%.40q: %v, want %s", c.memo, err, c.want)
		}
		if d := cmp.Diff(Memo{}, m, sameAmount); d != "" {
			t.Errorf("%.40q: an error and a memo: %s", c.memo, d)
		}
	}
}

func mustHash(s string) fundtrail.Hash {
	h, err := fundtrail.ParseHash(s)
	if err != nil {
		panic(err)
	}
	return h
}

// TestMemoPairs: an inbound memo's payment and the outbound memo's are one passage.
func TestMemoPairs(t *testing.T) {
	in := fundtrail.TxID{Chain: fundtrail.Ethereum, Hash: mustHash(someTx)}
	leg := func(memo string, tx fundtrail.TxID, pay Leg) Leg {
		m, err := ParseMemo(memo)
		if err != nil {
			t.Fatal(err)
		}
		l, ok := MemoLeg(&m, tx, pay)
		if !ok {
			t.Fatalf("%s crosses nothing", memo)
		}
		return l
	}
	deposits := []Leg{
		leg("=:BTC.BTC:bc1qto", in, Leg{Sender: "0x1", Amount: fundtrail.NewAmount(5)}),
		leg("=:e", fundtrail.TxID{Chain: fundtrail.Bitcoin, Hash: fundtrail.Hash{7}}, Leg{Sender: "0xAA", Amount: fundtrail.NewAmount(5)}),
	}
	if deposits[1].Recipient != "0xaa" || deposits[0].Peer != fundtrail.Bitcoin {
		t.Errorf("%+v", deposits)
	}
	withdrawals := []Leg{
		leg("OUT:"+someTx, fundtrail.TxID{Chain: fundtrail.Bitcoin, Hash: fundtrail.Hash{9}}, Leg{Recipient: "bc1qto", Amount: fundtrail.NewAmount(3)}),
		leg("REFUND:"+someTx, fundtrail.TxID{Chain: fundtrail.Ethereum, Hash: fundtrail.Hash{8}}, Leg{Recipient: "0x1", Amount: fundtrail.NewAmount(5)}),
	}
	m := Pair(deposits, withdrawals, PairOptions{})
	if len(m) != 1 || m[0].Deposit != 0 || m[0].Withdrawal != 0 || m[0].Method != PairedByID {
		t.Errorf("%+v", m)
	}
	if _, ok := MemoLeg(&Memo{Kind: MemoOther}, in, Leg{}); ok {
		t.Error("liquidity is a crossing")
	}
}

func FuzzParseMemo(f *testing.F) {
	for _, s := range []string{"=:BTC.BTC:bc1:1/2/3:a/b:1", "OUT:" + someTx, "SWAP:ETH.USDC-0X:bitcoincash:q:3e8", "=:b", "|", "=:~-./"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		m, err := ParseMemo(s)
		if err != nil {
			if !errors.Is(err, fundtrail.ErrInvalid) || cmp.Diff(Memo{}, m, sameAmount) != "" {
				t.Fatalf("%q: %v %+v", s, err, m)
			}
			return
		}
		if m.Kind == "" || m.Kind == MemoSwap && (m.Chain == "" || m.Asset == "") || m.Kind == MemoOut && len(s) < 68 {
			t.Fatalf("%q: %+v", s, m)
		}
	})
}

var sameAmount = cmp.Comparer(func(a, b fundtrail.Amount) bool { return a == b })
