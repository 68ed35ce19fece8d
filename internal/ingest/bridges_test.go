package ingest

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/crossing"
)

func textInput(name, text string) Input {
	return Input{name, func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(text)), nil }}
}

var (
	h1 = "0x" + strings.Repeat("11", 32)
	h2 = "0x" + strings.Repeat("22", 32)
	ad = "0x" + strings.Repeat("aB", 20)
	lo = strings.ToLower(ad)
)

func tabs(f ...string) string { return strings.Join(f, "\t") + "\n" }

func TestBridgeEvents(t *testing.T) {
	at := time.Unix(1_650_000_000, 0).UTC()
	eth := func(h byte) fundtrail.TxID { return fundtrail.TxID{Chain: "eth", Hash: repeat(h)} }
	for _, c := range []struct {
		name, protocol, text  string
		deposits, withdrawals []crossing.Leg
	}{
		{"SC_ValidERC20TokenWithdrawal.csv", "nomad", tabs("1650000000", h1, "7", ad, ad, "6648936", "50"), nil,
			[]crossing.Leg{{Protocol: "nomad", Side: crossing.Leaves, Tx: eth(0x11), Time: at, ID: "7", Recipient: lo, Token: lo, Amount: fundtrail.NewAmount(50)}}},
		{"dir/TC_ValidNativeTokenWithdrawal.csv", "nomad", tabs("1650000000", h1, "7", ad, "0x0", lo, "0xmb", "0xe", "6648936", "1650811245", "20", "50"),
			[]crossing.Leg{{Protocol: "nomad", Tx: fundtrail.TxID{Chain: "moonbeam", Hash: repeat(0x11)}, Time: at, Peer: "eth", ID: "7", Sender: lo, Recipient: lo, Token: "0xmb", PeerToken: "0xe", Amount: fundtrail.NewAmount(50)}}, nil},
		{"CCTX_Withdrawal.csv.gz", "ronin", tabs("2020", "1650000000", h1, "1", "1650000000", h2, "7", "0xr", "0xe", ad, ad, "50"),
			[]crossing.Leg{{Protocol: "ronin", Tx: fundtrail.TxID{Chain: "ronin", Hash: repeat(0x11)}, Time: at, Peer: "eth", ID: "7", Sender: lo, Recipient: lo, Token: "0xr", PeerToken: "0xe", Amount: fundtrail.NewAmount(50)}},
			[]crossing.Leg{{Protocol: "ronin", Side: crossing.Leaves, Tx: eth(0x22), Time: at, Peer: "ronin", ID: "7", Sender: lo, Recipient: lo, Token: "0xe", PeerToken: "0xr", Amount: fundtrail.NewAmount(50)}}},
		{"mine.csv", "", "\ufeffprotocol,side,chain,tx,time,peer,id,recipient,token,amount\r\nx,deposit,Moonbeam,1111" + h1[6:] + ",2022-04-15T05:20:00Z,ethereum,7," + ad + ",," + "50\r\n",
			[]crossing.Leg{{Protocol: "x", Tx: fundtrail.TxID{Chain: "moonbeam", Hash: repeat(0x11)}, Time: at, Peer: "eth", ID: "7", Recipient: lo, Amount: fundtrail.NewAmount(50)}}, nil},
		{"mine.csv", "", "amount,tx,side,protocol,chain\n50," + h2 + ",withdrawal,x,eth\n", nil,
			[]crossing.Leg{{Protocol: "x", Side: crossing.Leaves, Tx: eth(0x22), Amount: fundtrail.NewAmount(50)}}},
	} {
		for _, packed := range []bool{false, true} {
			text := c.text
			if packed {
				var b bytes.Buffer
				z := gzip.NewWriter(&b)
				io.WriteString(z, text)
				z.Close()
				text = b.String()
			}
			b, err := BridgeEvents(textInput(c.name, text), BridgeOptions{Protocol: c.protocol})
			if err != nil {
				t.Errorf("%s: %v", c.name, err)
				continue
			}
			if !sameLegs(b.Deposits, c.deposits) || !sameLegs(b.Withdrawals, c.withdrawals) {
				t.Errorf("%s:\n got %+v\nwant %+v\n     %+v", c.name, b, c.deposits, c.withdrawals)
			}
		}
	}
}

func repeat(b byte) (h fundtrail.Hash) {
	for i := range h {
		h[i] = b
	}
	return h
}

func sameLegs(a, b []crossing.Leg) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

func TestBridgeEventsBad(t *testing.T) {
	row := func(f ...string) string { return "protocol,side,chain,tx,time,amount\n" + strings.Join(f, ",") + "\n" }
	for _, c := range []struct{ name, text, want string }{
		{"SC_ValidERC20TokenWithdrawal.csv", "a\tb\n", "line 1: it has 2 columns separated by tabs, want 7"},
		{"SC_ValidERC20TokenWithdrawal.csv", tabs("1", h1, "7", ad, ad, "6648936", "50") + tabs("x", h1, "7", ad, ad, "1", "50"), `line 2: time "x"`},
		{"SC_ValidERC20TokenWithdrawal.csv", tabs("1", "0x12", "7", ad, ad, "1", "50"), "want 64 hexadecimal digits"},
		{"SC_ValidERC20TokenWithdrawal.csv", tabs("1", h1, "7", ad, ad, "eth", "50"), `chain "eth": want its number`},
		{"SC_ValidERC20TokenWithdrawal.csv", tabs("1", h1, "7", ad, ad, "1", "-5"), "-5"},
		{"SC_ValidERC20TokenWithdrawal.csv", strings.Repeat("x", 2<<20), "too long"},
		{"a.csv", "", "header"},
		{"a.csv", "protocol,side,chain,tx\n", `column "amount" is missing`},
		{"a.csv", "protocol,side,chain,tx,amount,amount\n", "stands twice"},
		{"a.csv", "protocol,side,chain,tx,amount,colour\n", `column "colour" is not known`},
		{"a.csv", row("x", "in", "eth", h1, "1", "5"), `line 2: side "in"`},
		{"a.csv", row("", "deposit", "eth", h1, "1", "5"), "no protocol"},
		{"a.csv", row("x", "deposit", "", h1, "1", "5"), "no chain"},
		{"a.csv", row("x", "deposit", "eth", "1", "1", "5"), "want 64"},
		{"a.csv", row("x", "deposit", "eth", h1, "tomorrow", "5"), `time "tomorrow"`},
		{"a.csv", row("x", "deposit", "eth", h1, "1", "5.5"), "5.5"},
		{"a.csv", row("x", "deposit"), "2 fields, want 6"},
	} {
		b, err := BridgeEvents(textInput(c.name, c.text), BridgeOptions{Protocol: "x"})
		if !errors.Is(err, fundtrail.ErrInvalid) || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), c.name) {
			t.Errorf("%.60q: %v, want %s", c.text, err, c.want)
		}
		if len(b.Deposits)+len(b.Withdrawals) > 0 {
			t.Errorf("%.60q: an error and legs", c.text)
		}
	}
}

func FuzzBridgeEvents(f *testing.F) {
	f.Add("SC_ValidERC20TokenWithdrawal.csv", tabs("1650000000", h1, "7", ad, ad, "6648936", "50"))
	f.Add("CCTX_Withdrawal.csv", tabs("2020", "1650000000", h1, "1", "1650000000", h2, "7", "0xr", "0xe", ad, ad, "50"))
	f.Add("a.csv", "protocol,side,chain,tx,amount\nx,deposit,eth,"+h1+",5\n")
	f.Add("a.csv", "protocol,side,chain,tx,amount,memo\nthorchain,,eth,"+h1+",5,=:BTC.BTC:bc1q\n")
	f.Add("a.jsonl", logRow("etl", h1, 8, "1", zap, "0x"+logWord("a4b1")+logWord(lo)+logWord("32"), hexTopic("TokenDeposit(address,uint256,address,uint256)"), lo))
	f.Add("a.jsonl", logRow("node", h1, 8, "0x1", lo, "0x"+logWord("32"), hexTopic("Transfer(address,address,uint256)"), ad, wallet))
	f.Fuzz(func(t *testing.T, name, text string) {
		b, err := BridgeEvents(textInput(name, text), BridgeOptions{Protocol: "nomad", Chain: fundtrail.Ethereum, Contracts: bridgeContracts})
		if err != nil && (!errors.Is(err, fundtrail.ErrInvalid) || len(b.Deposits) > 0) {
			t.Fatal(err)
		}
		for _, l := range append(b.Deposits, b.Withdrawals...) {
			if l.Protocol == "" || l.Tx.Chain == "" {
				t.Fatalf("%+v", l)
			}
		}
	})
}
