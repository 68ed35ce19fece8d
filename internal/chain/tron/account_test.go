package tron_test

import (
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/chain/tron"
)

// documented is the example of a transaction in Tron's documentation of createtransaction:
// the digest of its bytes is its txID, which makes it a witness of the form of what is signed.
const documented = `{"visible":false,"txID":"77ddfa7093cc5f745c0d3a54abb89ef070f983343c05e0f89e5a52f3e5401299","raw_data":{"contract":[{"parameter":{"value":{"amount":1000,"owner_address":"41608f8da72479edc7dd921e4c30bb7e7cddbe722e","to_address":"41e9d79cc47518930bc322d9bf7cddd260a0260a8d"},"type_url":"type.googleapis.com/protocol.TransferContract"},"type":"TransferContract"}],"ref_block_bytes":"5e4b","ref_block_hash":"47c9dc89341b300d","expiration":1591089627000,"timestamp":1591089567635},"raw_data_hex":"0a025e4b220847c9dc89341b300d40f8fed3a2a72e5a66080112620a2d747970652e676f6f676c65617069732e636f6d2f70726f746f636f6c2e5472616e73666572436f6e747261637412310a1541608f8da72479edc7dd921e4c30bb7e7cddbe722e121541e9d79cc47518930bc322d9bf7cddd260a0260a8d18e8077093afd0a2a72e"}`

const documentedInfo = `{"id":"77ddfa7093cc5f745c0d3a54abb89ef070f983343c05e0f89e5a52f3e5401299","fee":1100000,"blockNumber":20000000,"blockTimeStamp":1591089570000,"contractResult":[""],"receipt":{"net_fee":100000}}`

func TestDocumentedTransaction(t *testing.T) {
	var d tron.Decoder
	tx, whole, err := d.Transaction([]byte(documented), []byte(documentedInfo))
	if err != nil || whole != fundtrail.AllKinds {
		t.Fatal(whole, err)
	}
	from, _ := fundtrail.ParseAddress(fundtrail.Tron, "41608f8da72479edc7dd921e4c30bb7e7cddbe722e")
	to, _ := fundtrail.ParseAddress(fundtrail.Tron, "41e9d79cc47518930bc322d9bf7cddd260a0260a8d")
	if len(tx.Transfers) != 2 || tx.Failed || tx.Block.Height != 20000000 {
		t.Fatalf("%+v", tx)
	}
	sent, fee := tx.Transfers[0], tx.Transfers[1]
	if sent.ID.Index != fundtrail.ValueIndex || sent.Inputs[0].Address != from || sent.Outputs[0].Address != to || sent.Outputs[0].Amount != fundtrail.NewAmount(1000) {
		t.Errorf("sent: %+v", sent)
	}
	if fee.ID.Index != fundtrail.FeeIndex || fee.Inputs[0].Address != from || len(fee.Outputs) != 0 || fee.Fee != fundtrail.NewAmount(1_100_000) {
		t.Errorf("fee: %+v", fee)
	}
	// With visible set the API writes addresses as people read them.
	seen := strings.NewReplacer(`"41608f8da72479edc7dd921e4c30bb7e7cddbe722e"`, `"`+from.String()+`"`, `"41e9d79cc47518930bc322d9bf7cddd260a0260a8d"`, `"`+to.String()+`"`).Replace(documented)
	if again, _, err := d.Transaction([]byte(seen), []byte(documentedInfo)); err != nil || !reflect.DeepEqual(again, tx) {
		t.Errorf("with addresses as people read them: %+v %v", again, err)
	}
	for _, lie := range [][2]string{
		{`"amount":1000`, `"amount":1001`},
		{`"amount":1000,`, ``},
		{`"owner_address":"41608f`, `"owner_address":"41609f`},
		{`"to_address":"41e9d7`, `"to_address":"41e9d8`},
		{`"type":"TransferContract"`, `"type":"TransferAssetContract"`},
		{`18e807`, `18e907`},
		{`"txID":"77`, `"txID":"78`},
		{`"ref_block_bytes"`, `"data":"6869","ref_block_bytes"`},
	} {
		bent := strings.Replace(documented, lie[0], lie[1], 1)
		if bent == documented {
			t.Fatalf("%s is not there", lie[0])
		}
		if _, _, err := d.Transaction([]byte(bent), []byte(documentedInfo)); !errors.Is(err, fundtrail.ErrConflict) {
			t.Errorf("%s for %s: %v", lie[1], lie[0], err)
		}
	}
	if _, _, err := d.Transaction([]byte(`{}`), []byte(documentedInfo)); !errors.Is(err, fundtrail.ErrNotFound) {
		t.Error("a transaction that is not known:", err)
	}
}

// TestAccountPages: pages in TronGrid's form name transactions, hold what is certain, and
// what they say is found again in the node's own answers.
func TestAccountPages(t *testing.T) {
	c := newChain(3)
	b := c.begin()
	alice, bob, usdt, swap := who("u1"), who("u2"), who("usdt"), who("c1")
	pay := c.transfer(b, alice, bob, 5, 1_100_000, "for you")
	payTx, payInfo := must(pay.tx), must(pay.info)
	token := c.call(b, alice, usdt, 0, 0, 345_000, "SUCCESS", act{from: alice, to: bob, n: 7, asset: "usdt"}, act{from: bob, to: alice, n: 2, asset: "usdt"})
	tokenTx, tokenInfo := must(token.tx), must(token.info)
	swapped := c.call(b, bob, swap, 100, 0, 500_000, "SUCCESS", act{from: swap, to: alice, n: 60, note: "call"})
	swapTx, swapInfo := must(swapped.tx), must(swapped.info)
	c.end(b, 0)

	var d tron.Decoder
	page := func(rows ...obj) tron.AccountPage {
		t.Helper()
		p, err := d.AccountPage(must(obj{"data": rows, "success": true, "meta": obj{"fingerprint": "next", "links": obj{"next": "https://example.org/v1/next"}}}))
		if err != nil {
			t.Fatal(err)
		}
		if p.Fingerprint != "next" || p.Next != "https://example.org/v1/next" {
			t.Errorf("%+v", p)
		}
		return p
	}
	row := func(tx json.RawMessage, fee int64) obj {
		var o obj
		check(json.Unmarshal(tx, &o))
		o["blockNumber"], o["block_timestamp"] = b.height, b.ms
		o["ret"].([]any)[0].(obj)["fee"] = fee
		return o
	}
	p := page(row(payTx, 1_100_000), row(swapTx, 500_000))
	full, whole, err := d.Transaction(payTx, payInfo)
	if err != nil || whole != fundtrail.AllKinds {
		t.Fatal(whole, err)
	}
	if r := p.Rows[0]; !r.In(&full) || r.Height != 1 || len(r.Sure.Transfers) != 2 || string(r.Sure.Events[0].Data) != "for you" || r.Sure.Place != tron.UnknownPlace {
		t.Errorf("%+v", p.Rows[0])
	}
	if again, _, err := d.Transaction(p.Rows[0].Signed, payInfo); err != nil || len(again.Transfers) != len(full.Transfers) {
		t.Errorf("the row as the signed transaction: %+v %v", again, err)
	}
	if r := p.Rows[1]; len(r.Sure.Transfers) != 2 {
		t.Errorf("the call: %+v", r.Sure)
	}

	p = page(obj{"transaction_id": token.id, "token_info": obj{"symbol": "USDT", "address": fundtrail.EVMAddress(fundtrail.Tron, usdt).String(), "decimals": 6},
		"block_timestamp": b.ms, "from": fundtrail.EVMAddress(fundtrail.Tron, bob).String(), "to": fundtrail.EVMAddress(fundtrail.Tron, alice).String(), "type": "Transfer", "value": "2"})
	if full, _, err = d.Transaction(tokenTx, tokenInfo); err != nil {
		t.Fatal(err)
	}
	if r := p.Rows[0]; r.Height != -1 || r.Sure != nil || !r.In(&full) {
		t.Errorf("a token's row: %+v", r)
	}
	if later := p.Rows[0]; true {
		later.Time = later.Time.Add(1e6)
		if later.In(&full) {
			t.Error("a row of another time is borne out")
		}
	}
	p.Rows[0].Move.Amount = fundtrail.NewAmount(3)
	if p.Rows[0].In(&full) {
		t.Error("a row that lies is borne out")
	}
	if places := indexes(&full); !slices.Equal(places, []uint32{fundtrail.LogIndex, fundtrail.LogIndex + 1, fundtrail.FeeIndex}) {
		t.Errorf("places %v", places)
	}

	p = page(obj{"internal_tx_id": "ab", "tx_id": swapped.id, "block_timestamp": b.ms, "from_address": hex21(swap), "to_address": hex21(alice),
		"data": obj{"note": "63616c6c", "rejected": false, "call_value": obj{"_": 60}}})
	if full, whole, err = d.Transaction(swapTx, swapInfo); err != nil || whole != fundtrail.AllKinds {
		t.Fatal(whole, err)
	}
	if !p.Rows[0].In(&full) {
		t.Errorf("an internal row: %+v, %+v", p.Rows[0], full)
	}

	for text, want := range map[string]error{
		`{"success":false,"error":"Exceed the user daily usage"}`: fundtrail.ErrUnavailable,
		`{"data":[{}]}`:                 fundtrail.ErrInvalid,
		`{"data":[{"txID":"12"}]}`:      fundtrail.ErrInvalid,
		`{"meta":{}}`:                   fundtrail.ErrInvalid,
		`null`:                          fundtrail.ErrInvalid,
		`{"data":[` + documented + `]}`: fundtrail.ErrInvalid, // in no block
	} {
		if _, err := d.AccountPage([]byte(text)); !errors.Is(err, want) {
			t.Errorf("%s: %v", text, err)
		}
	}
	at := tron.AccountURL("https://api.trongrid.io/", fundtrail.EVMAddress(fundtrail.Tron, alice), tron.AccountTokens, 5, "f p")
	if want := "https://api.trongrid.io/v1/accounts/" + fundtrail.EVMAddress(fundtrail.Tron, alice).String() + "/transactions/trc20?fingerprint=f+p&limit=200&min_timestamp=5&only_confirmed=true&order_by=block_timestamp%2Casc"; at != want {
		t.Errorf("%s, want %s", at, want)
	}
}

func indexes(t *fundtrail.Transaction) (list []uint32) {
	for i := range t.Transfers {
		list = append(list, t.Transfers[i].ID.Index)
	}
	return list
}
