package ingest

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"

	"github.com/fundtrail/fundtrail"
)

// bigTimes writes Unix seconds as BigQuery writes a timestamp in CSV and JSON.
func bigTimes(t testing.TB, rows []record, column string) (out []record) {
	for _, r := range rows {
		n, ok := digits([]byte(r[column]))
		if !ok {
			t.Fatalf("%q is no time", r[column])
		}
		out = append(out, with(r, column, time.Unix(int64(n), 0).UTC().Format("2006-01-02 15:04:05 MST")))
	}
	return out
}

// renamed gives rows' columns other names; an empty one drops the column.
func renamed(rows []record, names map[string]string) (out []record) {
	for _, r := range rows {
		row := record{}
		for name, cell := range r {
			if to, ok := names[name]; ok {
				name = to
			}
			if name != "" {
				row[name] = cell
			}
		}
		out = append(out, row)
	}
	return out
}

// TestRealBigQuery: the two real blocks, as BigQuery exports crypto_ethereum and Google's
// own tables, are the same ledger.
func TestRealBigQuery(t *testing.T) {
	const weth = "0xc02aaa39b223fe8d0a0e5c4f27ead9083c756cc2"
	opt := Options{Wraps: func(a fundtrail.Asset) bool { return a.Contract.String() == weth }}
	blocks, txs, logs, tokens := realRows(t, "blocks"), realRows(t, "transactions"), realRows(t, "logs"), realRows(t, "token_transfers")
	for _, b := range blocks {
		delete(b, "withdrawals")
	}
	want, _ := importAll(t, opt, text("blocks", asCSV(blocks...)), text("transactions", asCSV(txs...)), text("logs", asCSV(logs...)), text("tokens", asCSV(tokens...)))
	compare := func(name string, inputs ...Input) {
		t.Helper()
		for i := range inputs {
			inputs[i].Name = []string{"blocks", "transactions", "logs", "tokens"}[i]
		}
		got, _ := importAll(t, opt, inputs...)
		if dump(got) != dump(want) {
			t.Errorf("%s: another ledger of %d movements, want %d", name, got.Size(), want.Size())
		}
	}
	t1, t2, t3, t4 := bigTimes(t, blocks, "timestamp"), bigTimes(t, txs, "block_timestamp"), bigTimes(t, logs, "block_timestamp"), bigTimes(t, tokens, "block_timestamp")
	compare("CSV", text("", asCSV(t1...)), text("", asCSV(t2...)), text("", asCSV(t3...)), text("", asCSV(t4...)))
	compare("JSON", text("", asJSON(t1...)), text("", asJSON(t2...)), text("", asJSON(t3...)), text("", asJSON(t4...)))

	blockSheet := sheet{"timestamp": "time", "number": "i64", "hash": "text", "miner": "text", "transaction_count": "i64", "base_fee_per_gas": "i64"}
	txSheet := sheet{"hash": "text", "nonce": "i64", "transaction_index": "i64", "from_address": "text", "to_address": "text", "value": "numeric", "gas": "i64", "gas_price": "i64", "block_timestamp": "time", "block_number": "i64",
		"receipt_gas_used": "i64", "receipt_contract_address": "text", "receipt_status": "i64", "receipt_effective_gas_price": "i64"}
	logSheet := sheet{"log_index": "i64", "transaction_hash": "text", "transaction_index": "i64", "address": "text", "data": "text", "topics": "texts", "block_timestamp": "time", "block_number": "i64"}
	tokenSheet := sheet{"token_address": "text", "from_address": "text", "to_address": "text", "value": "text", "transaction_hash": "text", "log_index": "i64", "block_timestamp": "time", "block_number": "i64"}
	snappy := parquet.Compression(&parquet.Snappy)
	compare("Parquet", text("", blockSheet.asParquet(t, blocks, snappy)), text("", txSheet.asParquet(t, txs, snappy)), text("", logSheet.asParquet(t, logs, snappy)), text("", tokenSheet.asParquet(t, tokens, snappy)))

	// Google's own.
	receipts := renamed(txs, map[string]string{"hash": "transaction_hash", "receipt_gas_used": "gas_used", "receipt_status": "status", "receipt_effective_gas_price": "effective_gas_price", "receipt_contract_address": "contract_address",
		"from_address": "", "to_address": "", "value": "", "nonce": "", "gas": "", "gas_price": "", "transaction_index": ""})
	bare := renamed(txs, map[string]string{"hash": "transaction_hash", "receipt_gas_used": "", "receipt_status": "", "receipt_effective_gas_price": "", "receipt_contract_address": ""})
	heads := renamed(blocks, map[string]string{"number": "block_number", "timestamp": "block_timestamp", "hash": "block_hash"})
	googleSheet := sheet{"transaction_hash": "text", "nonce": "i64", "transaction_index": "i64", "from_address": "text", "to_address": "text", "value": "bignumeric", "value_lossless": "text", "gas": "i64", "gas_price": "i64",
		"block_timestamp": "time", "block_number": "i64"}
	for _, r := range bare {
		r["value_lossless"] = r["value"]
	}
	compare("Google's", text("", asJSON(bigTimes(t, heads, "block_timestamp")...)), text("", googleSheet.asParquet(t, bare, snappy)), text("", logSheet.asParquet(t, logs, snappy)), text("", asCSV(bigTimes(t, receipts, "block_timestamp")...)))

	var events []record
	items := map[string]bool{}
	for _, r := range logs {
		items[r["transaction_hash"]+r["log_index"]] = strings.Count(r["topics"], "0x") == 4
	}
	for _, r := range renamed(tokens, map[string]string{"token_address": "address", "log_index": "event_index", "value": "quantity"}) {
		r["event_type"], r["token_id"], r["removed"], r["batch_index"] = "ERC-20", "", "false", ""
		if items[r["transaction_hash"]+r["event_index"]] {
			r["event_type"], r["token_id"], r["quantity"] = "ERC-721", r["quantity"], "1"
		}
		events = append(events, r)
	}
	compare("Google's token_transfers", text("", asJSON(heads...)), text("", asJSON(txs...)), text("", asCSV(logs...)), text("", asCSV(events...)))
	_, sums := importAll(t, opt, text("blocks", asJSON(heads...)), text("x", asCSV(events[0], with(events[1], "event_type", "ERC-1155"))))
	if len(sums[1].Notes) != 1 || sums[1].Format != "Google token_transfers" || sums[0].Format != "Google blocks" {
		t.Errorf("%+v", sums)
	}
}

// TestBigBitcoin: transactions of crypto_bitcoin, as JSON lines and as Parquet.
func TestBigBitcoin(t *testing.T) {
	type side struct {
		Index     int64    `parquet:"index"`
		SpentTx   *string  `parquet:"spent_transaction_hash,optional"`
		Spent     *int64   `parquet:"spent_output_index,optional"`
		Script    string   `parquet:"script_hex"`
		Type      string   `parquet:"type"`
		Addresses []string `parquet:"addresses,list"`
		Value     int64    `parquet:"value,decimal(0:18)"`
	}
	type tx struct {
		Hash     string    `parquet:"hash"`
		Height   int64     `parquet:"block_number"`
		Time     time.Time `parquet:"block_timestamp,timestamp(microsecond)"`
		Coinbase bool      `parquet:"is_coinbase"`
		Inputs   []side    `parquet:"inputs,list"`
		Outputs  []side    `parquet:"outputs,list"`
	}
	at := time.Unix(1640000000, 0).UTC()
	first := strings.TrimPrefix(hashOf(1), "0x")
	second := strings.TrimPrefix(hashOf(2), "0x")
	zero, one := int64(0), int64(1)
	taproot := "5120" + strings.Repeat("ab", 32)
	rows := []tx{
		{first, 700000, at, true, nil, []side{{Index: 0, Addresses: []string{alice}, Value: 50, Type: "pubkeyhash"}, {Index: 1, Addresses: []string{"nonstandard00ff"}, Value: 7, Type: "nonstandard"}}},
		{second, 700001, at.Add(time.Minute), false, []side{{Index: 0, SpentTx: &first, Spent: &zero, Addresses: []string{alice}, Value: 50}, {Index: 1, SpentTx: &first, Spent: &one, Addresses: []string{"nonstandard00ff"}, Value: 7}},
			[]side{{Index: 0, Addresses: []string{bob}, Value: 30}, {Index: 1, Script: taproot, Addresses: nil, Value: 20, Type: "witness_v1_taproot"}, {Index: 2, Addresses: []string{alice, bob}, Value: 5, Type: "multisig"}}},
	}
	var file strings.Builder
	w := parquet.NewGenericWriter[tx](&file, parquet.Compression(&parquet.Snappy))
	if _, err := w.Write(rows); err != nil {
		t.Fatal(err)
	}
	w.Close()
	var lines strings.Builder
	text1 := func(list []side) string {
		var out []string
		for i := len(list) - 1; i >= 0; i-- { // in any order: their index tells
			s := list[i]
			spent := ""
			if s.SpentTx != nil {
				spent = fmt.Sprintf(`"spent_transaction_hash":%q,"spent_output_index":"%d",`, *s.SpentTx, *s.Spent)
			}
			out = append(out, fmt.Sprintf(`{"index":"%d",%s"script_hex":%q,"addresses":["%s"],"value":"%d"}`, s.Index, spent, s.Script, strings.Join(s.Addresses, `","`), s.Value))
		}
		return strings.ReplaceAll("["+strings.Join(out, ",")+"]", `[""]`, "[]")
	}
	for _, r := range rows {
		fmt.Fprintf(&lines, `{"hash":%q,"block_number":"%d","block_timestamp":%q,"is_coinbase":%v,"inputs":%s,"outputs":%s}`+"\n", r.Hash, r.Height, r.Time.Format("2006-01-02 15:04:05 MST"), r.Coinbase, text1(r.Inputs), text1(r.Outputs))
	}
	m, sums := importAll(t, Options{}, text("x", lines.String()))
	if sums[0].Format != "bitcoin-etl transactions" || m.Size() != 7 || !strings.Contains(dump(m), "bc1p") {
		t.Errorf("%+v\n%s", sums[0], dump(m))
	}
	fromParquet, _ := importAll(t, Options{}, text("x", file.String()))
	if dump(fromParquet) != dump(m) {
		t.Errorf("from Parquet:\n%sfrom JSON:\n%s", dump(fromParquet), dump(m))
	}
	says(t, refused(t, Options{}, text("x", strings.Replace(lines.String(), `"index":"1"`, `"index":"5"`, 1))), "want index 1")
}
