package ingest

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/ledger"
)

// A record is a row of a table, by column.
type record map[string]string

func with(r record, changes ...string) record {
	r = maps.Clone(r)
	for i := 0; i < len(changes); i += 2 {
		r[changes[i]] = changes[i+1]
	}
	return r
}

// asCSV writes records as CSV, with the columns that some record has.
func asCSV(rows ...record) string {
	columns := map[string]bool{}
	for _, r := range rows {
		for c := range r {
			columns[c] = true
		}
	}
	header := slices.Sorted(maps.Keys(columns))
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	w.Write(header)
	for _, r := range rows {
		var fields []string
		for _, c := range header {
			fields = append(fields, r[c])
		}
		w.Write(fields)
	}
	w.Flush()
	return b.String()
}

// asJSON writes records as JSON lines, empty cells as null.
func asJSON(rows ...record) string {
	var b strings.Builder
	for _, r := range rows {
		object := map[string]any{}
		for c, v := range r {
			if object[c] = any(v); v == "" {
				object[c] = nil
			}
		}
		line, err := json.Marshal(object)
		if err != nil {
			panic(err)
		}
		b.Write(append(line, '\n'))
	}
	return b.String()
}

// movements lists a ledger's movements, shortly: index, parties by number, amount.
func movements(m *ledger.Memory) []string {
	var list []string
	var mv fundtrail.Movement
	party := func(id fundtrail.AddressID) string {
		if id == fundtrail.NoAddress {
			return "-"
		}
		s := m.Address(id).String()
		for n := range 100 {
			if s == addressOf(n) {
				return fmt.Sprint(n)
			}
		}
		return s
	}
	for p := range m.Size() {
		m.Movement(p, &mv)
		index := fmt.Sprint(m.Output(p).Transfer.Index)
		switch n := m.Output(p).Transfer.Index; {
		case n >= fundtrail.FeeIndex:
			index = fmt.Sprintf("fee+%d", n-fundtrail.FeeIndex)
		case n >= fundtrail.LogIndex:
			index = fmt.Sprintf("log+%d", n-fundtrail.LogIndex)
		}
		list = append(list, fmt.Sprintf("%s %s>%s %s", index, party(mv.From), party(mv.To), mv.Amount))
	}
	return list
}

func wantMovements(t *testing.T, m *ledger.Memory, want ...string) {
	t.Helper()
	if got := movements(m); !slices.Equal(got, want) {
		t.Errorf("the movements are %q, want %q", got, want)
	}
}

const londonBlock = "14000001"

var (
	etlTx = record{"hash": hashOf(1), "nonce": "4", "block_number": londonBlock, "transaction_index": "3", "from_address": addressOf(1), "to_address": addressOf(2),
		"value": "5", "gas": "30000", "gas_price": "7", "block_timestamp": "1640000001", "input": "0x"}
	etlReceipt = record{"transaction_hash": hashOf(1), "block_number": londonBlock, "gas_used": "21000", "cumulative_gas_used": "21000", "status": "1", "effective_gas_price": "7", "contract_address": ""}
	etlBlock   = record{"number": londonBlock, "timestamp": "1640000001", "miner": addressOf(9), "base_fee_per_gas": "4", "transaction_count": "1", "hash": hashOf(99)}
)

// TestETLJoins: what each table adds to a transaction, as CSV and as JSON lines.
func TestETLJoins(t *testing.T) {
	for name, spell := range map[string]func(...record) string{"CSV": asCSV, "JSON": asJSON} {
		in := func(name string, rows ...record) Input { return text(name, spell(rows...)) }
		t.Run(name, func(t *testing.T) {
			tx, receipt, block := in("txs", etlTx), in("receipts", etlReceipt), in("blocks", etlBlock)

			m, sums := importAll(t, Options{}, tx)
			wantMovements(t, m, "0 1>2 5")
			if s := sums[0]; s.StatusUnknown != 1 || s.FeeUnknown != 1 || s.Transactions != 1 {
				t.Errorf("alone: %+v", s)
			}
			m, _ = importAll(t, Options{LeaveOutUnknown: true}, tx)
			wantMovements(t, m)

			m, sums = importAll(t, Options{}, tx, receipt)
			wantMovements(t, m, "0 1>2 5", "fee+0 1>- 147000")
			if s := sums[0]; s.StatusUnknown != 0 || s.FeeUnknown != 0 || sums[1].Rows != 1 || sums[1].Movements != 0 {
				t.Errorf("with its receipt: %+v", sums)
			}

			m, sums = importAll(t, Options{}, tx, receipt, block)
			wantMovements(t, m, "0 1>2 5", "fee+1 1>- 84000", "fee+2 1>9 63000")
			// The only transaction of the block is not at place 0: the block is not whole.
			if len(m.Coverage()) != 0 || sums[2].Claims != 0 {
				t.Errorf("coverage %+v", m.Coverage())
			}

			m, _ = importAll(t, Options{}, in("txs", with(etlTx, "transaction_index", "0")), receipt, block)
			if got := m.Coverage(); len(got) != 1 || got[0].What != fundtrail.ValueTransfers|fundtrail.Fees {
				t.Errorf("coverage of a whole block %+v", got)
			}
			m, _ = importAll(t, Options{}, in("txs", with(etlTx, "transaction_index", "0")), block)
			if got := m.Coverage(); len(got) != 0 {
				t.Errorf("coverage of a block with a transaction of unknown outcome: %+v", got)
			}
			m, _ = importAll(t, Options{}, in("txs", with(etlTx, "transaction_index", "0", "receipt_status", "1")), block)
			if got := m.Coverage(); len(got) != 1 || got[0].What != fundtrail.ValueTransfers {
				t.Errorf("coverage of a block with a transaction of unknown fee: %+v", got)
			}

			m, _ = importAll(t, Options{}, tx, in("receipts", with(etlReceipt, "status", "0")), block)
			wantMovements(t, m, "fee+1 1>- 84000", "fee+2 1>9 63000")

			// BigQuery has the receipt in the transaction's row.
			bq := with(etlTx, "receipt_status", "1", "receipt_gas_used", "21000", "receipt_effective_gas_price", "7", "block_timestamp", "2021-12-20 11:33:21 UTC", "gas_price", "8")
			m, _ = importAll(t, Options{}, in("txs", bq))
			wantMovements(t, m, "0 1>2 5", "fee+0 1>- 147000")
			if got := m.Transaction(0).Time; got != 1640000001 {
				t.Errorf("time %d", got)
			}

			// A price told by nobody but the transaction itself.
			m, _ = importAll(t, Options{}, tx, in("receipts", with(etlReceipt, "effective_gas_price", "")))
			wantMovements(t, m, "0 1>2 5", "fee+0 1>- 147000")

			// Before London the miner gets all; and a header gives the time.
			old := []string{"block_number", "5000000", "block_timestamp", ""}
			m, _ = importAll(t, Options{}, in("txs", with(etlTx, old...)), in("receipts", with(etlReceipt, old[:2]...)),
				in("blocks", with(etlBlock, "number", "5000000", "base_fee_per_gas", "")))
			wantMovements(t, m, "0 1>2 5", "fee+2 1>9 147000")
			if got := m.Transaction(0).Time; got != 1640000001 {
				t.Errorf("time %d", got)
			}
			for height, want := range map[string][]string{"12964999": {"0 1>2 5", "fee+2 1>9 147000"}, "12965000": {"0 1>2 5", "fee+1 1>- 84000", "fee+2 1>9 63000"}} {
				m, _ = importAll(t, Options{}, in("txs", with(etlTx, "block_number", height)), in("receipts", with(etlReceipt, "block_number", height)), in("blocks", with(etlBlock, "number", height)))
				wantMovements(t, m, want...)
			}
			// A header of a later block without its base fee says nothing of the parts; and
			// other chains have other rules.
			m, _ = importAll(t, Options{}, tx, receipt, in("blocks", with(etlBlock, "base_fee_per_gas", "")))
			wantMovements(t, m, "0 1>2 5", "fee+0 1>- 147000")
			m, _ = importAll(t, Options{Chain: fundtrail.Polygon}, tx, receipt, block)
			wantMovements(t, m, "0 1>2 5", "fee+0 1>- 147000")

			// Blobs and rollups' data are paid for apart.
			m, _ = importAll(t, Options{}, tx, in("receipts", with(etlReceipt, "blob_gas_used", "131072", "blob_gas_price", "3", "l1_fee", "11")), block)
			wantMovements(t, m, "0 1>2 5", "fee+1 1>- 84000", "fee+2 1>9 63000", "fee+3 1>- 393216", "fee+4 1>- 11")

			// A list of Etherscan's tells the same, less of the fee.
			row := strings.Join([]string{"14000001", "1640000001", hashOf(1), "4", "3", addressOf(1), addressOf(2), "5", "30000", "7", "21000", "0", "1", "", "0x", ""}, ",")
			list := text("list", file1(txlistHeader, row))
			m, _ = importAll(t, Options{}, list, tx, receipt, block)
			wantMovements(t, m, "0 1>2 5", "fee+1 1>- 84000", "fee+2 1>9 63000")
			m, _ = importAll(t, Options{}, list, block)
			wantMovements(t, m, "0 1>2 5", "fee+1 1>- 84000", "fee+2 1>9 63000")
			// One whose outcome only the list tells, or only its logs.
			m, sums = importAll(t, Options{}, text("list", file1(txlistHeader, strings.Replace(row, ",0,1,,", ",1,0,,", 1))), tx)
			wantMovements(t, m, "fee+0 1>- 147000")
			if sums[1].StatusUnknown != 0 {
				t.Errorf("settled by a list: %+v", sums[1])
			}
			token := record{"token_address": addressOf(7), "from_address": addressOf(1), "to_address": addressOf(2), "value": "0", "transaction_hash": hashOf(1), "log_index": "12", "block_number": londonBlock}
			for _, other := range []Input{text("tokens", asCSV(token)), text("generic", asCSV(transfer())), text("traces", asCSV(etlTrace))} {
				m, sums = importAll(t, Options{}, other, tx, tx)
				wantMovements(t, m, "0 1>2 5")
				if sums[1].StatusUnknown+sums[2].StatusUnknown != 0 {
					t.Errorf("settled by %s: %+v", other.Name, sums)
				}
			}
			_, sums = importAll(t, Options{}, tx, tx, text("traces", asCSV(with(etlTrace, "transaction_hash", hashOf(2), "transaction_index", "7"))))
			if sums[0].StatusUnknown+sums[1].StatusUnknown != 1 {
				t.Errorf("one transaction, told twice: %+v", sums)
			}
		})
	}
}

// TestByzantium: before receipts had a status, all gas used is no proof of failure,
// and some gas left is proof of success.
func TestByzantium(t *testing.T) {
	old := with(etlTx, "block_number", "4369999", "receipt_gas_used", "21000", "receipt_status", "")
	for _, c := range []struct {
		row   record
		chain fundtrail.Chain
		doubt int
	}{
		{old, fundtrail.Ethereum, 0},
		{with(old, "gas", "21000"), fundtrail.Ethereum, 1},
		{with(old, "block_number", "4370000"), fundtrail.Ethereum, 1},
		{old, fundtrail.BSC, 1},
	} {
		m, sums := importAll(t, Options{Chain: c.chain}, text("txs", asCSV(c.row)))
		if sums[0].StatusUnknown != c.doubt || m.Size() != 2 {
			t.Errorf("%v: %+v", c.row, sums[0])
		}
	}
}

// TestETLConflicts: tables that contradict each other are refused.
func TestETLConflicts(t *testing.T) {
	for name, inputs := range map[string][]Input{
		"two receipts":               {text("r1", asCSV(etlReceipt)), text("r2", asCSV(with(etlReceipt, "gas_used", "21001")))},
		"receipt and own columns":    {text("r", asCSV(etlReceipt)), text("t", asCSV(with(etlTx, "receipt_status", "0")))},
		"receipt and own price":      {text("r", asCSV(etlReceipt)), text("t", asCSV(with(etlTx, "receipt_effective_gas_price", "8")))},
		"two contracts":              {text("r1", asCSV(with(etlReceipt, "contract_address", addressOf(5)))), text("r2", asCSV(with(etlReceipt, "contract_address", addressOf(6))))},
		"two headers":                {text("b1", asCSV(etlBlock)), text("b2", asCSV(with(etlBlock, "base_fee_per_gas", "5")))},
		"two counts":                 {text("b1", asCSV(etlBlock)), text("b2", asCSV(with(etlBlock, "transaction_count", "5")))},
		"price below the base fee":   {text("b", asCSV(with(etlBlock, "base_fee_per_gas", "8"))), text("r", asCSV(etlReceipt)), text("t", asCSV(etlTx))},
		"two blocks for its traces":  {text("x", asCSV(etlTrace, with(etlTrace, "block_number", "14000002", "trace_address", "0")))},
		"one trace, two values":      {text("x", asCSV(etlTrace, with(etlTrace, "value", "6")))},
		"one trace, two payees":      {text("x", asCSV(etlTrace)), text("y", asCSV(with(etlTrace, "to_address", addressOf(5))))},
		"one trace, other subtraces": {text("x", asCSV(with(etlTrace, "subtraces", "1"))), text("y", asCSV(etlTrace))},
	} {
		err := refused(t, Options{MaxBad: 9}, inputs...)
		if !errors.Is(err, fundtrail.ErrConflict) {
			t.Errorf("%s: %v", name, err)
		}
	}
	// A header met twice, each time with a part, is one, as is a receipt.
	bare := with(etlBlock, "base_fee_per_gas", "", "transaction_count", "")
	for _, blocks := range [][]record{{etlBlock, bare}, {bare, etlBlock}} {
		m, _ := importAll(t, Options{}, text("t", asCSV(with(etlTx, "transaction_index", "0"))), text("r", asCSV(etlReceipt)), text("b", asCSV(blocks...)))
		wantMovements(t, m, "0 1>2 5", "fee+1 1>- 84000", "fee+2 1>9 63000")
		if len(m.Coverage()) != 1 {
			t.Errorf("coverage %+v", m.Coverage())
		}
	}
	m, _ := importAll(t, Options{}, text("t", asCSV(etlTx)), text("r1", asCSV(with(etlReceipt, "status", ""))), text("r2", asCSV(with(etlReceipt, "effective_gas_price", ""))))
	wantMovements(t, m, "0 1>2 5", "fee+0 1>- 147000")
}

func TestTokenTransfers(t *testing.T) {
	token := record{"token_address": addressOf(7), "from_address": addressOf(1), "to_address": addressOf(2), "value": "5", "transaction_hash": hashOf(1),
		"log_index": "12", "block_number": londonBlock, "block_timestamp": "1640000001"}
	zero := "0x" + strings.Repeat("0", 40)
	for name, spell := range map[string]func(...record) string{"CSV": asCSV, "JSON": asJSON} {
		m, sums := importAll(t, Options{}, text(name, spell(token, with(token, "log_index", "2", "from_address", zero), with(token, "log_index", "40", "to_address", zero, "value", "3"),
			with(token, "log_index", "13", "value", "0"), token)))
		wantMovements(t, m, "log+2 ->2 5", "log+12 1>2 5", "log+40 1>- 3")
		if sums[0].Rows != 5 || sums[0].Kinds != fundtrail.TokenTransfers || sums[0].Transactions != 0 {
			t.Errorf("the summary is %+v", sums[0])
		}
		var mv fundtrail.Movement
		m.Movement(0, &mv)
		if got := m.Asset(mv.Asset); got.Contract.String() != addressOf(7) {
			t.Errorf("the asset is %s", got)
		}
	}
	for column, value := range map[string]string{"token_address": "", "from_address": "", "to_address": "x", "value": "-5", "log_index": "1999000000", "transaction_hash": "", "block_number": "", "block_timestamp": "later"} {
		err := refused(t, Options{}, text("x", asCSV(token, with(token, column, value))))
		says(t, err, "line 3: column "+column)
	}
	// A transaction with logs has not failed.
	b := ledger.NewBuilder()
	if _, err := Files(context.Background(), b, []Input{text("tokens", asCSV(token)), text("txs", asCSV(with(etlTx, "receipt_status", "0")))}, Options{}); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Seal(); !errors.Is(err, fundtrail.ErrConflict) {
		t.Errorf("a failed transaction has token transfers: %v", err)
	}
}

// The first topics of the events that move tokens.
var (
	topicTransfer   = fundtrail.EventTopic("Transfer(address,address,uint256)")
	topicSingle     = fundtrail.EventTopic("TransferSingle(address,address,address,uint256,uint256)")
	topicBatch      = fundtrail.EventTopic("TransferBatch(address,address,address,uint256[],uint256[])")
	topicDeposit    = fundtrail.EventTopic("Deposit(address,uint256)")
	topicWithdrawal = fundtrail.EventTopic("Withdrawal(address,uint256)")
)

func hexOf(h fundtrail.Hash) string { return fmt.Sprintf("0x%x", h[:]) }

// TestLogs: of a table of logs the transfers of tokens are read, and of the chain's own
// coin its wrapping and unwrapping, where it is said which contract does that.
func TestLogs(t *testing.T) {
	topic := func(n int) string { return "0x" + strings.Repeat("0", 24) + addressOf(n)[2:] }
	wad := func(n int) string { return fmt.Sprintf("0x%064x", n) }
	log := record{"address": addressOf(7), "data": wad(5), "topics": hexOf(topicTransfer) + "," + topic(1) + "," + topic(2), "transaction_hash": hashOf(1),
		"log_index": "12", "block_number": londonBlock, "block_timestamp": "1640000001"}
	deposit := with(log, "log_index", "13", "topics", hexOf(topicDeposit)+", "+topic(3), "data", wad(6))
	withdrawal := with(log, "log_index", "14", "topics", `["`+hexOf(topicWithdrawal)+`", "`+topic(4)+`"]`, "data", wad(7))
	zero := "0x" + strings.Repeat("0", 64)
	rows := []record{log, deposit, withdrawal, log,
		with(deposit, "log_index", "15", "address", addressOf(8)),                                           // some other contract's
		with(log, "log_index", "16", "topics", log["topics"]+","+wad(9)),                                    // an item
		with(log, "log_index", "17", "topics", ""),                                                          // no topic
		with(log, "log_index", "18", "data", "0x"),                                                          // no token's
		with(log, "log_index", "19", "topics", hexOf(topicTransfer)+","+topic(1)+","+zero),                  // to nobody
		with(log, "log_index", "20", "topics", hexOf(topicTransfer)+",0x"+strings.Repeat("f", 64)+","+zero), // from what is no address
	}
	wraps := func(a fundtrail.Asset) bool { return a.Contract.String() == addressOf(7) }
	for name, spell := range map[string]func(...record) string{"CSV": asCSV, "JSON": asJSON} {
		m, sums := importAll(t, Options{Wraps: wraps}, text(name, spell(rows...)))
		wantMovements(t, m, "log+12 1>2 5", "log+13 ->3 6", "log+14 4>- 7", "log+19 1>- 5")
		if sums[0].Rows != len(rows) || sums[0].Kinds != fundtrail.TokenTransfers {
			t.Errorf("the summary is %+v", sums[0])
		}
		m, _ = importAll(t, Options{}, text(name, spell(rows...)))
		wantMovements(t, m, "log+12 1>2 5", "log+19 1>- 5")
	}
	for column, value := range map[string]string{"address": "", "topics": "x", "data": "0x0", "log_index": "1999000000", "transaction_hash": "", "block_number": "", "block_timestamp": "later"} {
		err := refused(t, Options{Wraps: wraps}, text("x", asCSV(deposit, with(deposit, column, value))))
		says(t, err, "line 3: column "+column)
	}
}

func TestWithdrawals(t *testing.T) {
	list := fmt.Sprintf(`[{"index": 8, "validator_index": 1, "address": "%s", "amount": 3}, {"index": 7, "validator_index": 2, "address": "%s", "amount": 2}]`, addressOf(1), addressOf(2))
	asLine := fmt.Sprintf(`{"number": %s, "timestamp": "1640000001", "miner": "%s", "withdrawals": %s}`+"\n", londonBlock, addressOf(9), list)
	for name, content := range map[string]string{
		"JSON":               asLine,
		"CSV":                asCSV(with(etlBlock, "withdrawals", list)),
		"CSV, Python's list": asCSV(with(etlBlock, "withdrawals", strings.ReplaceAll(list, `"`, `'`))),
	} {
		m, sums := importAll(t, Options{}, text(name, content))
		wantMovements(t, m, "0 ->2 2000000000", "1 ->1 3000000000")
		if got, want := m.Transaction(0).ID.String(), "0x7769746864726177616c73000000000000000000000000000000000000d59f81"; got != want || sums[0].Movements != 2 {
			t.Errorf("the withdrawals are %s, want %s", got, want)
		}
	}
	if m, _ := importAll(t, Options{Chain: fundtrail.Gnosis}, text("x", asLine)); m.Size() != 0 {
		t.Errorf("Gnosis does not pay out its native coin:\n%s", dump(m))
	}
	for name, list := range map[string]string{"no list": "7", "no address": `[{"index":1,"amount":1}]`, "an index twice": strings.Replace(list, "8", "7", 1)} {
		says(t, refused(t, Options{}, text(name, asCSV(with(etlBlock, "withdrawals", list)))), "line 2: column withdrawals")
	}
}

func TestBadBlocksAndReceipts(t *testing.T) {
	for column, value := range map[string]string{"number": "x", "timestamp": "", "miner": "", "base_fee_per_gas": "1.5", "transaction_count": "100001"} {
		says(t, refused(t, Options{}, text("x", asCSV(etlBlock, with(etlBlock, column, value)))), "line 3: column "+column)
	}
	for column, value := range map[string]string{"transaction_hash": "", "block_number": "x", "gas_used": "", "status": "2", "effective_gas_price": "x", "contract_address": "x", "l1_fee": "0.1"} {
		says(t, refused(t, Options{}, text("x", asCSV(with(etlReceipt, "l1_fee", ""), with(etlReceipt, column, value)))), "line 3: column "+column)
	}
	for column, value := range map[string]string{"hash": "", "block_number": "", "from_address": "", "to_address": "x", "value": "", "transaction_index": "x", "nonce": "x", "gas_price": "x", "block_timestamp": "x"} {
		says(t, refused(t, Options{}, text("x", asJSON(etlTx, with(etlTx, column, value)))), "line 2: column "+column)
	}
	says(t, refused(t, Options{}, text("x", asJSON(etlTx)+`{"hash": [1]}`)), `line 2: column hash: "[1]", want 0x`)
	says(t, refused(t, Options{}, text("x", asJSON(etlTx)+`{"hash": "0x}`)), "line 2: not JSON")
	says(t, refused(t, Options{}, text("x", asJSON(etlTx)+`{"hash": "0x", "Hash": "0x"}`)), "stands twice")
	says(t, refused(t, Options{}, text("x", asJSON(etlTx)+"[]")), "want an object")
	says(t, refused(t, Options{}, text("x", asJSON(etlTx)+`{"input": `+strings.Repeat("[", 200)+strings.Repeat("]", 200)+`}`)), "want less nesting")
}

// TestRealETLAsCSV: the real tables, rewritten as CSV, are the same ledger.
func TestRealETLAsCSV(t *testing.T) {
	var jsonLines, csvs []Input
	for _, name := range []string{"blocks", "transactions", "token_transfers"} {
		jsonLines = append(jsonLines, etlFile(t, name))
		var rows []record
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
		csvs = append(csvs, text("expected_"+name+".json.gz", asCSV(rows...)))
	}
	x, _ := importAll(t, Options{}, jsonLines...)
	y, _ := importAll(t, Options{}, csvs...)
	if dump(x) != dump(y) {
		t.Error("as CSV the tables make another ledger")
	}
}
