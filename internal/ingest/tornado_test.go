package ingest

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/crossing"
	"github.com/google/go-cmp/cmp"
)

var (
	hexTx   = "0x" + strings.Repeat("1a", 32)
	hexNull = "0x" + strings.Repeat("2b", 32)
	hexTo   = "0x" + strings.Repeat("3c", 20)
)

func depositJSON(leaf int) string {
	return fmt.Sprintf(`{"timestamp": "1577309522", "commitment": "%s", "blockNumber": %d, "transactionHash": "%s", "leafIndex": %d}`, hexNull, 100+leaf, hexTx, leaf)
}

func withdrawalJSON(to, fee string) string {
	return fmt.Sprintf(`{"to": "%s", "fee": "%s", "blockNumber": 200, "nullifierHash": "%s", "transactionHash": "%s"}`, to, fee, hexNull, hexTx)
}

func zipped(t testing.TB, texts ...string) string {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i, text := range texts {
		w, err := z.Create(fmt.Sprintf("%d.json", i))
		if err != nil {
			t.Fatal(err)
		}
		w.Write([]byte(text))
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func gzText(text string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	z.Write([]byte(text))
	z.Close()
	return b.String()
}

func TestMixerEvents(t *testing.T) {
	var h, n fundtrail.Hash
	var to crossing.Account
	for i := range h {
		h[i], n[i] = 0x1a, 0x2b
	}
	for i := range to {
		to[i] = 0x3c
	}
	d := crossing.Deposit{Leaf: 7, Block: 107, Time: 1577309522, Tx: h}
	w := crossing.Withdrawal{Block: 200, Tx: h, Nullifier: n, To: to, Fee: fundtrail.NewAmount(413941500000000000)}
	paid := d
	paid.Sender, paid.GasPrice = to, 12
	deposits, withdrawals := crossing.Events{Deposits: []crossing.Deposit{d}}, crossing.Events{Withdrawals: []crossing.Withdrawal{w}}
	list := "[\n  " + depositJSON(7) + "\n]"
	taken := withdrawalJSON(hexTo, "413941500000000000")
	for _, c := range []struct {
		name, text string
		want       crossing.Events
	}{
		{"an array", list, deposits},
		{"zip", zipped(t, list), deposits},
		{"gzip", gzText(list), deposits},
		{"withdrawals", "[" + taken + "]", withdrawals},
		{"one object a line", depositJSON(7) + "\n" + taken + "\n", crossing.Events{Deposits: deposits.Deposits, Withdrawals: withdrawals.Withdrawals}},
		{"no events", " [ ] ", crossing.Events{}},
		{"a null", "[" + strings.Replace(depositJSON(7), "{", `{"sender": null, `, 1) + "]", deposits},
		{"csv, other names and order", "gasprice,Depositor,block,leaf,txhash,more,timestamp\n12," + hexTo + ",107,7," + hexTx + ",x,1577309522\n", crossing.Events{Deposits: []crossing.Deposit{paid}}},
		{"a checksum", "[" + withdrawalJSON(fundtrail.ChecksumCase(hexTo), "413941500000000000") + "]", withdrawals},
	} {
		got, err := MixerEvents(strings.NewReader(c.text))
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if d := cmp.Diff(c.want, got, cmp.Comparer(func(a, b fundtrail.Amount) bool { return a == b })); d != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, d)
		}
	}
}

func TestMixerEventsRefuses(t *testing.T) {
	good := depositJSON(1)
	for _, c := range []struct {
		name, text, says string
	}{
		{"empty", "", "empty"},
		{"cut in an object", "[" + good + "," + good[:40], "event 2"},
		{"cut after an object", "[" + good, "cut short"},
		{"cut zip", zipped(t, "["+good+"]")[:60], "zip"},
		{"cut gzip", gzText("[" + good + "]")[:40], "cut short"},
		{"two files in a zip", zipped(t, "[]", "[]"), "2 files"},
		{"no file in a zip", "PK\x03\x04", "zip"},
		{"text behind", "[" + good + "] x", "after the array"},
		{"text behind nothing", "[] x", "after the array"},
		{"neither", `[{"blockNumber": 1}]`, "neither"},
		{"both", "[" + strings.Replace(good, "{", `{"to": "`+hexTo+`", `, 1) + "]", "neither"},
		{"negative leaf", "[" + strings.Replace(good, `"leafIndex": 1`, `"leafIndex": -1`, 1) + "]", "leafIndex"},
		{"huge leaf", "[" + strings.Replace(good, `"leafIndex": 1`, `"leafIndex": 99999999999`, 1) + "]", "leafIndex"},
		{"fraction", "[" + strings.Replace(good, `"blockNumber": 101`, `"blockNumber": 1.5`, 1) + "]", "blockNumber"},
		{"no block", "[" + strings.Replace(good, `"blockNumber": 101, `, ``, 1) + "]", "blockNumber"},
		{"twice", "[" + strings.Replace(good, "{", `{"leafindex": 1, `, 1) + "]", "twice"},
		{"a list as value", "[" + strings.Replace(good, `"leafIndex": 1`, `"leafIndex": [1]`, 1) + "]", "leafIndex"},
		{"short hash", "[" + strings.Replace(good, hexTx, hexTx[:60], 1) + "]", "transactionHash"},
		{"no fee", "[" + withdrawalJSON(hexTo, "") + "]", "fee"},
		{"negative fee", "[" + withdrawalJSON(hexTo, "-1") + "]", "fee"},
		{"fee beyond 256 bits", "[" + withdrawalJSON(hexTo, strings.Repeat("9", 79)) + "]", "fee"},
		{"short address", "[" + withdrawalJSON(hexTo[:40], "0") + "]", "to"},
		{"wrong checksum", "[" + withdrawalJSON("0x3C"+hexTo[4:], "0") + "]", "EIP-55"},
		{"an array of numbers", "[1]", "object"},
		{"csv of something else", "a,b\n1,2\n", "line 2"},
	} {
		ev, err := MixerEvents(strings.NewReader(c.text))
		if !errors.Is(err, fundtrail.ErrInvalid) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v; want it to say %q", c.name, err, c.says)
		}
		if len(ev.Deposits)+len(ev.Withdrawals) > 0 {
			t.Errorf("%s: events came with the error", c.name)
		}
	}
}

func TestMixerSenders(t *testing.T) {
	text := "batch,depositor,leafIndex,txhash,block\n3," + hexTo + ",9," + hexTx + ",5\n"
	list, err := MixerSenders(strings.NewReader(text))
	if err != nil || len(list) != 1 || list[0].Batch != 3 || list[0].Leaf != 9 || list[0].Sender.IsZero() {
		t.Errorf("%v, %v", list, err)
	}
	for _, bad := range []string{
		"batch,depositor,leafIndex,txhash\n3,,9," + hexTx + "\n",
		"batch,depositor,leafIndex,txhash\nx," + hexTo + ",9," + hexTx + "\n",
		"batch,depositor,leafIndex\n3," + hexTo + ",9\n",
	} {
		if _, err := MixerSenders(strings.NewReader(bad)); !errors.Is(err, fundtrail.ErrInvalid) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestMixerFile(t *testing.T) {
	for name, want := range map[string]string{
		"x/deposits_eth_0.1.json.zip":               "eth 0.1 eth",
		"withdrawals_bnb_100.json":                  "bsc 100 bnb",
		"arbitrum/deposits_eth_1.json":              "arbitrum 1 eth",
		`ethereum/withdrawals_cdai_5000000.json.gz`: "eth 5000000 cdai",
		"gnosischain/deposits_xdai_100.json":        "gnosis 100 xdai",
		"deposits_eth_0.1.csv":                      "",
		"deposits_shib_1.json":                      "",
		"deposits_eth_x.json":                       "",
		"deposits_eth.json":                         "",
		"deposits_eth_0.0000000000000000001.json":   "",
	} {
		got, ok := MixerFile(name)
		if ok != (want != "") || ok && got.String() != want {
			t.Errorf("%s: %v %v, want %q", name, got, ok, want)
		}
	}
}

// FuzzMixerEvents: any bytes are read or refused, and what is read makes a pool or is
// refused as a contradiction.
func FuzzMixerEvents(f *testing.F) {
	f.Add([]byte("[" + depositJSON(0) + "," + depositJSON(1) + "]"))
	f.Add([]byte("[" + withdrawalJSON(hexTo, "12") + "]"))
	f.Add([]byte(depositJSON(0) + withdrawalJSON(hexTo, "0")))
	f.Add([]byte("block,leaf,txhash\n1,2," + hexTx + "\n"))
	f.Add([]byte("[{\"to\":\"\\u0030\"}]"))
	f.Add([]byte("PK\x03\x04"))
	f.Add([]byte("[]"))
	f.Fuzz(func(t *testing.T, text []byte) {
		ev, err := MixerEvents(bytes.NewReader(text))
		if err != nil {
			if !errors.Is(err, fundtrail.ErrInvalid) && !errors.Is(err, fundtrail.ErrLimit) {
				t.Fatalf("%q: %v wraps no error of ours", text, err)
			}
			return
		}
		p, err := crossing.NewPool(crossing.PoolName{Chain: fundtrail.Ethereum, Symbol: "eth", Unit: "1"}, ev, crossing.NewClock(ev))
		if err != nil {
			if !errors.Is(err, fundtrail.ErrInvalid) && !errors.Is(err, fundtrail.ErrConflict) {
				t.Fatalf("%q: %v", text, err)
			}
			return
		}
		if b := p.Now(); b.Deposits != len(p.Deposits) || b.Withdrawals != len(p.Withdrawals) {
			t.Fatalf("%q: %+v", text, b)
		}
	})
}
