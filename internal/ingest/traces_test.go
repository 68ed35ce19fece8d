package ingest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/fundtrail/fundtrail"
)

var etlTrace = record{"transaction_hash": hashOf(1), "transaction_index": "3", "block_number": londonBlock, "block_timestamp": "1640000001",
	"from_address": addressOf(1), "to_address": addressOf(2), "value": "5", "trace_type": "call", "call_type": "call", "reward_type": "",
	"subtraces": "0", "trace_address": "", "error": "", "status": "1"}

// trace is a trace at a path, from a to b.
func trace(path string, subtraces, from, to int, value string, changes ...string) record {
	r := with(etlTrace, "trace_address", path, "subtraces", fmt.Sprint(subtraces), "from_address", addressOf(from), "to_address", addressOf(to), "value", value)
	return with(r, changes...)
}

// tree is a transaction with every kind of trace.
func tree() []record {
	return []record{
		trace("", 5, 1, 2, "100"),
		trace("0", 2, 2, 3, "10"),
		trace("0,0", 0, 3, 4, "0"), // moves nothing
		trace("0,1", 0, 3, 5, "7"),
		trace("1", 1, 2, 3, "20", "error", "Reverted", "status", "0"),
		trace("1,0", 0, 3, 6, "9", "status", "1"), // undone with the call above it
		trace("2", 3, 2, 3, "30", "call_type", "delegatecall"),
		trace("2,0", 0, 2, 4, "31", "call_type", "callcode"),
		trace("2,1", 0, 2, 4, "0", "call_type", "staticcall"),
		trace("2,2", 0, 2, 4, "32"),
		trace("3", 0, 2, 7, "40", "trace_type", "create", "call_type", ""),
		trace("4", 2, 2, 8, "0"),
		trace("4,0", 0, 8, 1, "50", "trace_type", "suicide", "call_type", ""),
		trace("4,1", 0, 8, 8, "60", "trace_type", "suicide", "call_type", ""),
	}
}

var treeMovements = []string{"0 1>2 100", "1 2>3 10", "2 3>5 7", "3 2>4 32", "4 2>7 40", "5 8>1 50", "6 8>- 60"}

func TestTraces(t *testing.T) {
	for name, spell := range map[string]func(...record) string{"CSV": asCSV, "JSON": asJSON} {
		m, sums := importAll(t, Options{}, text(name, spell(tree()...)))
		wantMovements(t, m, treeMovements...)
		if s := sums[0]; s.Kinds != fundtrail.ValueTransfers|fundtrail.InternalTransfers || s.Rows != 14 || s.Movements != 7 {
			t.Errorf("the summary is %+v", s)
		}
	}
	lists := strings.ReplaceAll(asJSON(tree()...), `"trace_address":null`, `"trace_address":[]`)
	for _, r := range tree() {
		if path := r["trace_address"]; path != "" {
			lists = strings.ReplaceAll(lists, fmt.Sprintf(`"trace_address":"%s"`, path), fmt.Sprintf(`"trace_address":[%s]`, strings.ReplaceAll(path, ",", ", ")))
		}
	}
	m, _ := importAll(t, Options{}, text("lists", lists))
	wantMovements(t, m, treeMovements...)
}

// TestTracesFailed: what failed, and all below it, moved nothing, whichever column
// tells of it.
func TestTracesFailed(t *testing.T) {
	rows := func(failed ...string) []record {
		return []record{
			trace("", 2, 1, 2, "100"),
			trace("0", 3, 2, 3, "10", failed...),
			trace("0,0", 1, 3, 4, "20", failed...),
			trace("0,0,0", 0, 4, 5, "30"),
			trace("0,1", 1, 3, 4, "40"),
			trace("0,1,0", 0, 3, 4, "50"),
			trace("0,2", 0, 3, 4, "60", failed...),
			trace("1", 0, 2, 6, "70"),
		}
	}
	for _, failed := range [][]string{{"status", "0", "error", "Reverted"}, {"status", "0"}, {"error", "Out of gas", "status", ""}} {
		m, _ := importAll(t, Options{}, text("x", asCSV(rows(failed...)...)))
		wantMovements(t, m, "0 1>2 100", "1 2>6 70")
	}
}

// TestTraceOrder: rows of several transactions, in any order, in any number of files,
// some of them twice, with and without the column that tells the number of children.
func TestTraceOrder(t *testing.T) {
	var all []record
	for n := range 4 {
		for _, r := range tree() {
			all = append(all, with(r, "transaction_hash", hashOf(n), "transaction_index", fmt.Sprint(n)))
		}
	}
	m, _ := importAll(t, Options{}, text("all", asCSV(all...)))
	want := dump(m)
	for seed := range uint64(40) {
		r := rand.New(rand.NewPCG(seed, 1))
		rows := slices.Clone(all)
		for range r.IntN(4) {
			rows = append(rows, all[r.IntN(len(all))])
		}
		if seed%4 > 0 { // else the files are in order, as tools write them
			r.Shuffle(len(rows), func(i, k int) { rows[i], rows[k] = rows[k], rows[i] })
		}
		if seed%3 == 0 {
			for i := range rows {
				rows[i] = with(rows[i])
				delete(rows[i], "subtraces")
			}
		}
		var inputs []Input
		for i := 0; len(rows) > 0; i++ {
			n := 1 + r.IntN(len(rows))
			inputs = append(inputs, text(fmt.Sprint(i), asCSV(rows[:n]...)))
			rows = rows[n:]
		}
		m, _ := importAll(t, Options{}, inputs...)
		if got := dump(m); got != want {
			t.Fatalf("seed %d: the ledger is\n%swant\n%s", seed, got, want)
		}
	}
}

// TestTracesAfterTheWhole: once a transaction's traces are whole, the same rows may
// come again, and others may not.
func TestTracesAfterTheWhole(t *testing.T) {
	other := with(etlTrace, "transaction_hash", hashOf(2), "transaction_index", "4")
	whole := append(tree(), other)
	m, sums := importAll(t, Options{}, text("x", asCSV(append(whole, tree()[3], tree()[0])...)))
	wantMovements(t, m, append(slices.Clone(treeMovements), "0 1>2 5")...)
	if sums[0].Movements != 8 {
		t.Errorf("the summary is %+v", sums[0])
	}
	for _, late := range []record{trace("0,1", 0, 3, 5, "8"), trace("0,1", 0, 3, 5, "7", "block_number", "14000002"), trace("5", 0, 2, 3, "1"), trace("0,1", 0, 3, 5, "7", "status", "0")} {
		err := refused(t, Options{}, text("x", asCSV(append(whole, late)...)))
		says(t, err, "x: line 17: trace", "of transaction "+hashOf(1), "were all of them")
	}
}

// TestTracesJoin: a transaction, its traces and its receipt are one.
func TestTracesJoin(t *testing.T) {
	traces := []record{trace("", 1, 1, 2, "5"), trace("0", 0, 2, 3, "4")}
	tx := text("txs", asCSV(etlTx))
	m, sums := importAll(t, Options{}, text("traces", asCSV(traces...)), tx)
	wantMovements(t, m, "0 1>2 5", "1 2>3 4")
	if got := transactionCount(m); got != 1 || sums[1].StatusUnknown != 0 {
		t.Errorf("%d transactions, %+v", got, sums)
	}
	// The traces tell that it failed; the table of transactions did not know.
	traces[0] = with(traces[0], "status", "0", "error", "Out of gas")
	m, sums = importAll(t, Options{}, text("traces", asCSV(traces...)), tx, text("receipts", asCSV(with(etlReceipt, "status", ""))))
	wantMovements(t, m, "fee+0 1>- 147000")
	if sums[0].Failed != 1 {
		t.Errorf("the summary of the traces is %+v", sums[0])
	}
	// Any of a transaction's traces may tell its time and its place.
	m, _ = importAll(t, Options{}, text("traces", asCSV(trace("", 2, 1, 2, "5", "block_timestamp", "", "transaction_index", ""), trace("0", 0, 1, 2, "0"), trace("1", 0, 1, 2, "0", "block_timestamp", "", "transaction_index", ""))),
		text("list", file1(txlistHeader, strings.Join([]string{londonBlock, "1640000001", hashOf(2), "4", "4", addressOf(1), addressOf(2), "5", "21000", "7", "9", "0", "1", "", "0x", ""}, ","))))
	if got := m.Transaction(0); got.ID.String() != hashOf(1) || got.Time != 1640000001 {
		t.Errorf("the first of the block is %+v", got)
	}
	m, _ = importAll(t, Options{}, text("traces", asCSV(trace("", 1, 1, 2, "5", "block_timestamp", ""), trace("0", 0, 1, 2, "0"))))
	if got := m.Transaction(0).Time; got != 1640000001 {
		t.Errorf("time %d", got)
	}
	// Without times of their own, traces take the block's.
	delete(traces[0], "block_timestamp")
	m, _ = importAll(t, Options{}, text("traces", asCSV(trace("", 0, 1, 2, "5", "block_timestamp", ""))), text("blocks", asCSV(etlBlock)))
	if got := m.Transaction(0).Time; got != 1640000001 {
		t.Errorf("time %d", got)
	}
}

// TestTracesIncomplete: what is missing makes the numbers of internal transfers
// unknown, so that the transaction's traces are bad.
func TestTracesIncomplete(t *testing.T) {
	lacks := map[int]string{0: "[]", 1: "[0]", 2: "[0 0]", 3: "[0 1]", 4: "[1]", 5: "[1 0]", 6: "[2]", 9: "[2 2]", 11: "[4]", 13: "[4 1]"}
	for i, lack := range lacks {
		rows := slices.Delete(tree(), i, i+1)
		err := refused(t, Options{}, text("x", asCSV(rows...)))
		says(t, err, "x: line 2: column trace_address: transaction "+hashOf(1)+" lacks its trace "+lack, "load all traces of the transaction")
		// Set aside, the other transaction's traces are there.
		other := with(etlTrace, "transaction_hash", hashOf(2), "transaction_index", "4")
		m, sums := importAll(t, Options{MaxBad: 1}, text("x", asCSV(append(rows, other)...)))
		wantMovements(t, m, "0 1>2 5")
		if len(sums[0].Bad) != 1 {
			t.Errorf("without trace %d: %+v", i, sums[0])
		}
	}
	// Without the number of children, a missing last child cannot be noticed; any other can.
	for i := range tree() {
		rows := slices.Delete(tree(), i, i+1)
		for k := range rows {
			delete(rows[k], "subtraces")
		}
		last := slices.Contains([]int{3, 5, 9, 13}, i)
		_, err := Files(t.Context(), newBuilder(), []Input{text("x", asCSV(rows...))}, Options{})
		if (err == nil) != last {
			t.Errorf("without trace %d and numbers of children: %v", i, err)
		}
	}
}

func TestBadTraces(t *testing.T) {
	for _, c := range []struct{ column, value string }{
		{"transaction_hash", ""}, {"block_number", "x"}, {"from_address", ""}, {"to_address", ""}, {"value", "x"}, {"trace_type", "jump"}, {"trace_type", ""},
		{"call_type", "call2"}, {"trace_address", "0,x"}, {"trace_address", "0,,1"}, {"trace_address", "[0"}, {"status", "x"}, {"subtraces", "-1"}, {"transaction_index", "x"},
		{"trace_address", strings.Repeat("0,", 1025) + "0"},
	} {
		err := refused(t, Options{}, text("x", asCSV(etlTrace, with(etlTrace, c.column, c.value))))
		says(t, err, "line 3: column "+c.column)
	}
	says(t, refused(t, Options{}, text("x", "transaction_hash,block_number,from_address,to_address,value,trace_type,trace_address\n")), "none of the known formats")
	// A contract that was not created has no address.
	m, _ := importAll(t, Options{}, text("x", asCSV(trace("", 1, 1, 2, "5"), trace("0", 0, 2, 3, "4", "trace_type", "create", "call_type", "", "to_address", "", "status", "0", "error", "Reverted"))))
	wantMovements(t, m, "0 1>2 5")
}

// TestSelfdestructToItself: it burns, until Cancun.
func TestSelfdestructToItself(t *testing.T) {
	rows := func(block string) Input {
		return text("x", asCSV(trace("", 1, 1, 2, "0", "block_number", block), trace("0", 0, 2, 2, "4", "block_number", block, "trace_type", "selfdestruct", "call_type", "")))
	}
	m, _ := importAll(t, Options{}, rows("19426586"))
	wantMovements(t, m, "1 2>- 4")
	m, _ = importAll(t, Options{}, rows("19426587"))
	wantMovements(t, m, "1 2>2 4")
}

// TestIssues: rewards, the genesis state and the DAO fork have no transactions.
func TestIssues(t *testing.T) {
	reward := func(kind string, to int, value, id string) record {
		return record{"transaction_hash": "", "block_number": "1000000", "block_timestamp": "1455404053", "from_address": "", "to_address": addressOf(to), "value": value,
			"trace_type": "reward", "reward_type": kind, "trace_address": "", "error": "", "status": "1", "trace_id": id}
	}
	rows := []record{reward("block", 9, "50", "r0"), reward("uncle", 8, "7", "r1"), reward("uncle", 8, "7", "r2"), reward("uncle", 3, "6", "r3")}
	want := []string{"0 ->9 50", "1 ->3 6", "2 ->8 7", "3 ->8 7"}
	m, sums := importAll(t, Options{}, text("x", asCSV(rows...)))
	wantMovements(t, m, want...)
	if got, want := m.Transaction(0).ID.String(), "0x626c6f636b207265776172647300000000000000000000000000000000"+"0f4240"; got != want || transactionCount(m) != 1 || sums[0].Movements != 4 {
		t.Errorf("the rewards are %s, want %s", got, want)
	}
	// Met again in another file, or twice in one with the same id, they are the same.
	slices.Reverse(rows)
	m, _ = importAll(t, Options{}, text("x", asCSV(rows...)), text("y", asCSV(append(rows, rows...)...)))
	wantMovements(t, m, want...)
	// Without ids, equal rows of one file are two rewards, of two files the same.
	for i := range rows {
		delete(rows[i], "trace_id")
	}
	m, _ = importAll(t, Options{}, text("x", asCSV(rows...)), text("y", asCSV(rows...)))
	wantMovements(t, m, want...)

	genesis := func(to int, value string) record {
		return with(reward("", to, value, "g"+value), "trace_type", "genesis", "block_number", "0", "block_timestamp", "0")
	}
	fork := func(from int, value string) record {
		return with(reward("", 5, value, "d"+value), "trace_type", "daofork", "block_number", "1920000", "from_address", addressOf(from))
	}
	m, _ = importAll(t, Options{}, text("x", asCSV(fork(4, "9"), genesis(2, "1"), fork(3, "8"), genesis(1, "2"))))
	wantMovements(t, m, "0 ->1 2", "1 ->2 1", "0 3>5 8", "1 4>5 9")

	for column, value := range map[string]string{"reward_type": "nephew", "to_address": "", "value": "", "block_number": ""} {
		says(t, refused(t, Options{}, text("x", asCSV(rows[0], with(rows[0], column, value)))), "line 3: column "+column)
	}
	says(t, refused(t, Options{}, text("x", asCSV(with(fork(3, "8"), "from_address", "")))), "line 2: column from_address")
}

// TestTracesBurn: after Cancun what a contract leaves to itself stays, unless the
// transaction made the contract: then it is destroyed with all it has.
func TestTracesBurn(t *testing.T) {
	at := func(r record) record { return with(r, "block_number", fmt.Sprint(cancun)) }
	m, _ := importAll(t, Options{}, text("x", asCSV(
		at(trace("", 3, 1, 2, "100")),
		at(trace("0", 0, 2, 7, "40", "trace_type", "create", "call_type", "")),
		at(trace("1", 0, 7, 7, "41", "trace_type", "suicide", "call_type", "")),
		at(trace("2", 0, 8, 8, "42", "trace_type", "suicide", "call_type", "")),
	)))
	wantMovements(t, m, "0 1>2 100", "1 2>7 40", "2 7>- 41", "3 8>8 42")
}
