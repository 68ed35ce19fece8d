package ingest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/ledger"
)

// The first payment on bitcoin, in block 170, in each form. Its coin is of block 9.
const (
	firstPayment = "f4184fc596403b9d638783cf57adfe4c75c605f6356fbc91338530e9831e9e16"
	firstCoin    = "0437cd7f8525ceed2324359c2d0ba26006d92d856a9c20fa0241106ee5a597c9"

	esploraPayment = `{"txid":"` + firstPayment + `","version":1,"locktime":0,"vin":[{"txid":"` + firstCoin + `","vout":0,"prevout":{"scriptpubkey":"4104ac","scriptpubkey_type":"p2pk","value":5000000000},"is_coinbase":false}],` +
		`"vout":[{"scriptpubkey":"4104ac","scriptpubkey_address":"12c6DSiU4Rq3P4ZxziKxzrL5LmMBrzjrJX","value":1000000000},{"scriptpubkey":"4104ac","scriptpubkey_type":"p2pk","value":4000000000}],` +
		`"size":275,"fee":0,"status":{"confirmed":true,"block_height":170,"block_hash":"00000000d1145790a8694403d4063f323d499e655c83426834d4ce2f8dd4a2ee","block_time":1231731025}}`

	coreVins    = `[{"txid":"` + firstCoin + `","vout":0,"scriptSig":{"asm":"","hex":""},"sequence":4294967295,"prevout":{"generated":true,"height":9,"value":50.00000000,"scriptPubKey":{"type":"pubkey"}}}]`
	coreVouts   = `[{"value":10.00000000,"n":0,"scriptPubKey":{"type":"pubkey","addresses":["12c6DSiU4Rq3P4ZxziKxzrL5LmMBrzjrJX"]}},{"value":4e+1,"n":1,"scriptPubKey":{"type":"multisig","addresses":["12c6DSiU4Rq3P4ZxziKxzrL5LmMBrzjrJX","1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2"]}}]`
	corePayment = `{"txid":"` + firstPayment + `","hash":"` + firstPayment + `","vin":` + coreVins + `,"vout":` + coreVouts + `,"blockhash":"00000000d1145790a8694403d4063f323d499e655c83426834d4ce2f8dd4a2ee","blocktime":1231731025,"blockheight":170}`
	coreCoinage = `{"txid":"b1fea52486ce0c62bb442b530a3f0132b826c74e473d1f2c220bfa78111c5082","vin":[{"coinbase":"04ffff001d0102","sequence":4294967295}],"vout":[{"value":50.0,"n":0,"scriptPubKey":{"type":"pubkey"}}]}`
	coreBlock   = `{"hash":"00000000d1145790a8694403d4063f323d499e655c83426834d4ce2f8dd4a2ee","height":170,"merkleroot":"7dac2c5666815c17a3b36427de37bb9d2e2c5ccec3f8633eb91a4205cb4c10ff","time":1231731025,"nTx":2,` +
		`"tx":[` + coreCoinage + `,{"txid":"` + firstPayment + `","vin":` + coreVins + `,"vout":` + coreVouts + `}]}`
)

// over puts a JSON text over several lines.
func over(t *testing.T, one string) string {
	t.Helper()
	var v any
	d := json.NewDecoder(strings.NewReader(one))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		t.Fatal(err)
	}
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// Every form tells the same transaction.
func TestCoinForms(t *testing.T) {
	rows := "chain,block,time,tx,tx_index,kind,index,from,to,amount,spends\n" +
		"btc,170,1231731025," + firstPayment + ",,input,0,,,5000000000," + firstCoin + ":0\n" +
		"btc,170,1231731025," + firstPayment + ",,output,0,,12c6DSiU4Rq3P4ZxziKxzrL5LmMBrzjrJX,1000000000,\n" +
		"btc,170,1231731025," + firstPayment + ",,output,1,,,4000000000,\n"
	want := importText(t, Options{}, rows)
	for name, content := range map[string]string{
		"esplora":              esploraPayment,
		"esplora, a list":      "[" + esploraPayment + "]\n",
		"esplora, many lines":  over(t, esploraPayment),
		"esplora, long list":   over(t, "["+esploraPayment+","+esploraPayment+"]"),
		"core":                 corePayment,
		"core, many lines":     over(t, corePayment) + "\n" + over(t, corePayment),
		"core, byte order":     "\xef\xbb\xbf" + over(t, corePayment),
		"core, another height": strings.Replace(corePayment, "blockheight", "height", 1),
	} {
		if got := importText(t, Options{}, content); got != want {
			t.Errorf("%s:\n%s\nwant\n%s", name, got, want)
		}
	}
	block := importText(t, Options{}, coreBlock)
	placed := importText(t, Options{}, strings.ReplaceAll(rows, firstPayment+",,", firstPayment+",1,")+
		"btc,170,1231731025,b1fea52486ce0c62bb442b530a3f0132b826c74e473d1f2c220bfa78111c5082,0,output,0,,,5000000000,\n")
	if block != placed {
		t.Errorf("block:\n%s\nwant\n%s", block, placed)
	}
	if got := importText(t, Options{}, over(t, coreBlock)); got != placed {
		t.Errorf("block over several lines:\n%s", got)
	}
	// What several files tell is one.
	if got := importTexts(t, coreBlock, esploraPayment, corePayment); got != placed {
		t.Errorf("together:\n%s\nwant\n%s", got, placed)
	}
}

func importText(t *testing.T, opt Options, content string) string {
	t.Helper()
	b := ledger.NewBuilder()
	if _, err := Files(context.Background(), b, []Input{text("x", content)}, opt); err != nil {
		t.Fatal(err)
	}
	m, err := b.Seal()
	if err != nil {
		t.Fatal(err)
	}
	return dump(m)
}

func importTexts(t *testing.T, contents ...string) string {
	t.Helper()
	b := ledger.NewBuilder()
	var in []Input
	for i, c := range contents {
		in = append(in, text(fmt.Sprint("x", i), c))
	}
	if _, err := Files(context.Background(), b, in, Options{}); err != nil {
		t.Fatal(err)
	}
	m, err := b.Seal()
	if err != nil {
		t.Fatal(err)
	}
	return dump(m)
}

func TestCoinFormsRefuse(t *testing.T) {
	edit := func(s, old, new string) string {
		if !strings.Contains(s, old) {
			t.Fatalf("%q is not there", old)
		}
		return strings.Replace(s, old, new, 1)
	}
	for name, c := range map[string]struct {
		content string
		opt     Options
		says    []string
	}{
		"not confirmed":    {edit(esploraPayment, `"confirmed":true`, `"confirmed":false`), Options{}, []string{"column status", "in no block yet"}},
		"no height":        {edit(esploraPayment, `"block_height":170,`, ``), Options{}, []string{"want block_height"}},
		"floating value":   {edit(esploraPayment, `1000000000}`, `1e9}`), Options{}, []string{"vout[0]", "digits alone"}},
		"no value":         {edit(esploraPayment, `,"value":5000000000`, ``), Options{}, []string{"vin[0]", "want value"}},
		"no vout":          {edit(esploraPayment, `"vout":0,`, ``), Options{}, []string{"vin[0]", "want txid and vout"}},
		"no outputs":       {`{"txid":"` + firstPayment + `","vin":[{}],"vout":[],"status":{"confirmed":true,"block_height":1,"block_time":1}}`, Options{}, []string{"vin[0]"}},
		"no list":          {`{"txid":"` + firstPayment + `","vin":{},"vout":[],"status":{"confirmed":true,"block_height":1,"block_time":1}}`, Options{}, []string{"column vin", "want a list"}},
		"a list, cut":      {"[" + esploraPayment + ",\n", Options{}, []string{"cut short"}},
		"no comma":         {"[" + esploraPayment + " " + esploraPayment + "]", Options{}, []string{"a comma"}},
		"a list and more":  {"[" + esploraPayment + "] x", Options{}, []string{"where an object, a comma or the end belongs"}},
		"objects and more": {over(t, esploraPayment) + "\nx", Options{}, []string{"between objects"}},
		"a bad address":    {edit(esploraPayment, "12c6DS", "12c6DT"), Options{}, []string{"vout[0]", "12c6DT"}},
		"a test network":   {edit(esploraPayment, "12c6DSiU4Rq3P4ZxziKxzrL5LmMBrzjrJX", "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080"), Options{}, []string{"vout[0]", "bcrt1"}},
		"accounts":         {esploraPayment, Options{Chain: fundtrail.Ethereum}, []string{"record coins", "eth"}},
		"core, no height":  {edit(corePayment, `,"blockheight":170`, ``), Options{}, []string{"getrawtransaction does not tell it", "verbosity 3"}},
		"core, ids alone":  {edit(coreBlock, coreBlock[strings.Index(coreBlock, `"tx":[`):], `"tx":["`+firstPayment+`"]}`), Options{}, []string{"only the transactions' ids"}},
		"core, decimals":   {edit(corePayment, "10.00000000", "10.000000001"), Options{}, []string{"vout[0]", "at most 8 decimals"}},
		"core, below zero": {edit(corePayment, "10.00000000", "-10.0"), Options{}, []string{"vout[0]"}},
		"core, order":      {edit(corePayment, `"n":1`, `"n":2`), Options{}, []string{"vout[1]", "n is 2, want 1"}},
	} {
		t.Run(name, func(t *testing.T) {
			err := refused(t, c.opt, text("x", c.content))
			if !errors.Is(err, fundtrail.ErrInvalid) {
				t.Errorf("%v is not ErrInvalid", err)
			}
			for _, s := range c.says {
				if !strings.Contains(err.Error(), s) {
					t.Errorf("%q lacks %q", err, s)
				}
			}
		})
	}
}

func TestWholeCoins(t *testing.T) {
	for s, want := range map[string]string{
		"0.00000001": "1", "1e-8": "1", "1E-08": "1", "20999999.9769": "2099999997690000", "0": "0", "0.0": "0", "-0": "", "5e1": "5000000000",
		"0.000000001": "", "1e-9": "", "10e-9": "1", "-1": "", "1e99": "", "0.1e1": "100000000", "1e+1": "1000000000", "1.000000000": "100000000", "0e-20": "0",
	} {
		a, ok := wholeCoins(s, 8)
		if got := a.String(); ok != (want != "") || ok && got != want {
			t.Errorf("%s: %s %v, want %q", s, got, ok, want)
		}
	}
}

func FuzzCoinForms(f *testing.F) {
	for _, s := range []string{esploraPayment, corePayment, coreBlock} {
		f.Add(s, 0)
		f.Add("["+s+","+s+"]", 1)
		f.Add(strings.ReplaceAll(s, ",", ",\n"), 2)
	}
	f.Fuzz(func(t *testing.T, content string, maxBad int) {
		fuzzImport(t, Options{MaxBad: maxBad}, text("x", content))
		fuzzImport(t, Options{MaxBad: maxBad}, text("x", content), text("y", esploraPayment))
	})
}

// Whatever becomes lines was the same objects before.
func FuzzObjects(f *testing.F) {
	f.Add("[{\"a\":\"}\\\"\"},\n{\"b\":[1,\n{}]}]")
	f.Add("{\n\"a\":1}{\"b\":\"\\\\\"}\n")
	f.Fuzz(func(t *testing.T, content string) {
		var list []json.RawMessage
		if json.Unmarshal([]byte(content), &list) != nil {
			return
		}
		r := objects(nopCloser{strings.NewReader(content)})
		got := json.NewDecoder(r)
		for i, want := range list {
			var w, g any
			json.Unmarshal(want, &w)
			if _, ok := w.(map[string]any); !ok {
				return
			}
			if err := got.Decode(&g); err != nil || fmt.Sprint(g) != fmt.Sprint(w) {
				t.Fatalf("%q: object %d is %v (%v), want %v", content, i, g, err, w)
			}
		}
	})
}

type nopCloser struct{ *strings.Reader }

func (nopCloser) Close() error { return nil }
