package ingest

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/fundtrail/fundtrail"
)

func digestOf(s string) [32]byte { return sha256.Sum256([]byte(s)) }

// The datasets of cryo, with the columns that it writes by default.
var (
	cryoBlockSheet = sheet{"block_hash": "binary", "author": "binary", "block_number": "u32", "gas_used": "u64", "extra_data": "binary", "timestamp": "u32", "base_fee_per_gas": "u64", "chain_id": "u64"}
	cryoTxSheet    = sheet{"block_number": "u32", "transaction_index": "u64", "transaction_hash": "binary", "nonce": "u64", "from_address": "binary", "to_address": "binary", "value": "wide", "input": "binary",
		"gas_limit": "u64", "gas_used": "u64", "gas_price": "u64", "transaction_type": "u32", "max_priority_fee_per_gas": "u64", "max_fee_per_gas": "u64", "success": "bool", "n_input_bytes": "u32", "chain_id": "u64"}
	cryoLogSheet = sheet{"block_number": "u32", "transaction_index": "u32", "log_index": "u32", "transaction_hash": "binary", "address": "binary", "topic0": "binary", "topic1": "binary", "topic2": "binary", "topic3": "binary",
		"data": "binary", "chain_id": "u64"}
	cryoTokenSheet = sheet{"block_number": "u32", "transaction_index": "u32", "log_index": "u32", "transaction_hash": "binary", "erc20": "binary", "from_address": "binary", "to_address": "binary", "value": "wide", "chain_id": "u64"}
	cryoItemSheet  = sheet{"block_number": "u32", "transaction_index": "u32", "log_index": "u32", "transaction_hash": "binary", "erc721": "binary", "from_address": "binary", "to_address": "binary", "token_id": "wide", "chain_id": "u64"}
	cryoTraceSheet = sheet{"action_from": "binary", "action_to": "binary", "action_value": "text", "action_gas": "u32", "action_input": "binary", "action_call_type": "text", "action_init": "binary", "action_reward_type": "text",
		"action_type": "text", "result_gas_used": "u32", "result_output": "binary", "result_code": "binary", "result_address": "binary", "trace_address": "text", "subtraces": "u32", "transaction_index": "u32", "transaction_hash": "binary",
		"block_number": "u32", "block_hash": "binary", "error": "text", "chain_id": "u64"}
)

// cryoColumns are ethereum-etl's columns under the names that cryo has for them.
var cryoColumns = map[string]string{"number": "block_number", "timestamp": "timestamp", "miner": "author", "hash": "transaction_hash", "gas": "gas_limit", "receipt_gas_used": "gas_used", "receipt_status": "success",
	"token_address": "erc20", "trace_type": "action_type", "call_type": "action_call_type", "reward_type": "action_reward_type"}

// toCryo writes a row of an ethereum-etl table as cryo does.
func toCryo(table string, row record) record {
	out := record{"chain_id": "1"}
	for name, cell := range row {
		if table == "traces" {
			switch name {
			case "from_address", "to_address", "value":
				name = "action_" + strings.TrimSuffix(name, "_address")
			case "trace_address":
				cell = strings.ReplaceAll(cell, ",", "_")
			}
		}
		if table == "blocks" && name == "hash" {
			name = "block_hash"
		}
		if to, ok := cryoColumns[name]; ok {
			name = to
		}
		out[name] = cell
	}
	switch table {
	case "traces":
		if row["trace_type"] == "create" {
			out["result_address"], out["action_to"] = row["to_address"], ""
		}
	case "logs":
		var topics []string
		if err := json.Unmarshal([]byte(row["topics"]), &topics); err != nil {
			panic(err)
		}
		for i, topic := range topics {
			out[fmt.Sprint("topic", i)] = topic
		}
		if row["data"] == "0x" {
			out["data"] = "0x"
		}
	}
	return out
}

var (
	cryoBlock = toCryo("blocks", etlBlock)
	cryoToken = record{"block_number": londonBlock, "transaction_index": "3", "log_index": "12", "transaction_hash": hashOf(1), "erc20": addressOf(7), "from_address": addressOf(1), "to_address": addressOf(2), "value": "5", "chain_id": "1"}
)

func cryoRows(table string, rows []record) (out []record) {
	for _, r := range rows {
		out = append(out, toCryo(table, r))
	}
	return out
}

// realRows are the rows of a real table of ethereum-etl.
func realRows(t testing.TB, name string) (rows []record) {
	t.Helper()
	readLines(t, etlFile(t, name), func(line []byte) {
		d := json.NewDecoder(bytes.NewReader(line))
		d.UseNumber()
		var object map[string]any
		if err := d.Decode(&object); err != nil {
			t.Fatal(err)
		}
		r := record{}
		for k, v := range object {
			switch v := v.(type) {
			case nil:
				r[k] = ""
			case []any:
				list, _ := json.Marshal(v)
				r[k] = string(list)
			default:
				r[k] = fmt.Sprint(v)
			}
		}
		rows = append(rows, r)
	})
	return rows
}

// TestRealCryo: the two real blocks, as cryo writes them, are the same ledger.
func TestRealCryo(t *testing.T) {
	const weth = "0xc02aaa39b223fe8d0a0e5c4f27ead9083c756cc2"
	opt := Options{Wraps: func(a fundtrail.Asset) bool { return a.Contract.String() == weth }}
	blocks, txs, logs, tokens := realRows(t, "blocks"), realRows(t, "transactions"), realRows(t, "logs"), realRows(t, "token_transfers")
	for i := range blocks {
		delete(blocks[i], "transaction_count") // cryo does not tell it, so that nothing is claimed
		delete(blocks[i], "withdrawals")       // nor these
	}
	items := map[string]bool{}
	for _, r := range logs {
		if strings.Count(r["topics"], "0x") == 4 {
			items[r["transaction_hash"]+r["log_index"]] = true
		}
	}
	var tokenRows, itemRows []record
	for _, r := range tokens {
		if c := toCryo("token_transfers", r); items[r["transaction_hash"]+r["log_index"]] {
			itemRows = append(itemRows, with(c, "erc721", c["erc20"], "token_id", c["value"]))
		} else {
			tokenRows = append(tokenRows, c)
		}
	}
	if len(txs) != 298 || len(logs) != 681 || len(tokenRows)+len(itemRows) != 291 || len(itemRows) != 9 {
		t.Fatalf("%d transactions, %d logs, %d and %d token transfers", len(txs), len(logs), len(tokenRows), len(itemRows))
	}
	want, _ := importAll(t, opt, text("blocks", asCSV(blocks...)), etlFile(t, "transactions"), etlFile(t, "logs"), etlFile(t, "token_transfers"))
	heads := onDisk(t, "blocks.parquet", cryoBlockSheet.asParquet(t, cryoRows("blocks", blocks)))
	transactions := onDisk(t, "transactions.parquet", cryoTxSheet.asParquet(t, cryoRows("transactions", txs)))
	events := onDisk(t, "logs.parquet", cryoLogSheet.asParquet(t, cryoRows("logs", logs)))
	erc20 := onDisk(t, "erc20_transfers.parquet", cryoTokenSheet.asParquet(t, tokenRows))
	erc721 := onDisk(t, "erc721_transfers.parquet", cryoItemSheet.asParquet(t, itemRows))
	got, sums := importAll(t, opt, erc721, heads, events, transactions, erc20)
	for i, want := range []string{"cryo erc721_transfers", "cryo blocks", "cryo logs", "cryo transactions", "cryo erc20_transfers"} {
		if sums[i].Format != want {
			t.Errorf("%s is taken for %s", want, sums[i].Format)
		}
	}
	if dump(got) != dump(want) {
		t.Errorf("cryo's files make another ledger of %d movements, want %d", got.Size(), want.Size())
	}
	// Without logs there is no wrapping, and the rest is the same.
	got, _ = importAll(t, Options{}, heads, transactions, erc20, erc721)
	want, _ = importAll(t, Options{}, text("blocks", asCSV(blocks...)), etlFile(t, "transactions"), events)
	var rest []string
	have := dump(got)
	for line := range strings.Lines(dump(want)) {
		if !strings.Contains(have, line) {
			rest = append(rest, line)
		}
	}
	if int(got.Size()) != int(want.Size())-len(rest) || len(rest) != 1 { // ERC-1155
		t.Errorf("without logs %d movements, with them %d; lacking %q", got.Size(), want.Size(), rest)
	}
}
