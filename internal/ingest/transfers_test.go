package ingest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/ledger"
)

func newBuilder() *ledger.Builder { return ledger.NewBuilder() }

const (
	alice = "1BoatSLRHtKNngkdXEeobR76b53LETtpyT"
	bob   = "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"
)

func transfer(changes ...string) record {
	return with(record{"chain": "eth", "block": londonBlock, "time": "1640000001", "tx": hashOf(1), "tx_index": "3", "index": "", "log_index": "",
		"kind": "transfer", "from": addressOf(1), "to": addressOf(2), "asset": "", "amount": "5", "spends": ""}, changes...)
}

func coin(kind string, n int, index, party, amount, spends string) record {
	r := transfer("chain", "btc", "block", "700000", "tx", hashOf(n)[2:], "tx_index", fmt.Sprint(n), "kind", kind, "index", index, "from", "", "to", "", "amount", amount, "spends", spends)
	if kind == "output" {
		return with(r, "to", party)
	}
	return with(r, "from", party)
}

func TestGenericAccounts(t *testing.T) {
	token := addressOf(7)
	zero := "0x" + strings.Repeat("0", 40)
	m, sums := importAll(t, Options{}, text("x", asCSV(
		transfer(),
		transfer("index", "2", "from", addressOf(2), "to", addressOf(3), "amount", "4"),
		transfer("log_index", "12", "asset", token),
		transfer("index", "1000013", "asset", "eth/"+token, "from", zero),
		transfer("log_index", "14", "asset", "ethereum/"+token, "to", ""),
		transfer("kind", "Fee", "to", "", "amount", "63"),
		transfer("tx", hashOf(2), "tx_index", "4", "kind", "fee", "to", addressOf(9), "asset", "eth"),
		transfer("tx", hashOf(2), "tx_index", "4", "kind", "fee", "to", "", "index", "2000000001"),
	)))
	wantMovements(t, m, "0 1>2 5", "2 2>3 4", "log+12 1>2 5", "log+13 ->2 5", "log+14 1>- 5", "fee+0 1>- 63", "fee+1 1>- 5", "fee+2 1>9 5")
	if s := sums[0]; s.Format != "transfers" || s.Transactions != 2 || s.Kinds != fundtrail.AllKinds {
		t.Errorf("the summary is %+v", s)
	}
	m, _ = importAll(t, Options{Chain: fundtrail.Tron}, text("x", asCSV(record{"block": "5", "time": "1640000001", "tx": hashOf(1)[2:], "kind": "transfer", "from": "T9yD14Nj9j7xAB4dbGeiX9h8unkKHxuWwb",
		"to": "TJRabPrwbZy45sbavfcjinPJC18kjpRTv8", "asset": "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t", "amount": "5", "log_index": "3"})))
	wantMovements(t, m, "log+3 ->TJRabPrwbZy45sbavfcjinPJC18kjpRTv8 5")
	// The same facts from other tools are the same.
	list := text("list", file1(txlistHeader, strings.Join([]string{londonBlock, "1640000001", hashOf(1), "4", "3", addressOf(1), addressOf(2), "5", "21000", "7", "9", "0", "1", "", "0x", ""}, ",")))
	tokens := text("tokens", asCSV(record{"token_address": token, "from_address": addressOf(1), "to_address": addressOf(2), "value": "5", "transaction_hash": hashOf(1), "log_index": "12", "block_number": londonBlock}))
	generic := text("x", asCSV(transfer(), transfer("log_index", "12", "asset", token), transfer("kind", "fee", "to", "", "amount", "63")))
	alone, _ := importAll(t, Options{}, generic)
	both, _ := importAll(t, Options{}, generic, list, tokens)
	if dump(alone) != dump(both) {
		t.Errorf("alone:\n%sbeside others:\n%s", dump(alone), dump(both))
	}
}

func TestGenericCoins(t *testing.T) {
	first := hashOf(1)[2:]
	rows := []record{
		coin("output", 1, "0", alice, "50", ""),
		coin("output", 1, "1", "", "0", ""), // a script without an address
		coin("input", 2, "0", "", "", first+":0"),
		coin("input", 2, "1", bob, "7", hashOf(77)+":3"), // of a transaction that is not here
		coin("output", 2, "0", bob, "30", ""),
		coin("output", 2, "1", alice, "26", ""),
	}
	m, sums := importAll(t, Options{}, text("x", asCSV(rows...)))
	want := []string{"0 ->" + alice + " 50", "0 ->- 0", "0 " + alice + ">- 50", "0 " + bob + ">- 7", "0 ->" + bob + " 30", "0 ->" + alice + " 26"}
	wantMovements(t, m, want...)
	var mv fundtrail.Movement
	m.Movement(2, &mv)
	if mv.Kind != fundtrail.MoveInput || mv.Link != 0 || m.Output(5).Output != 1 || sums[0].Transactions != 2 {
		t.Errorf("the input is %+v, the last output %v", mv, m.Output(5))
	}
	// Together with an account chain, in one file and in two.
	both := append(rows, transfer())
	m, _ = importAll(t, Options{}, text("x", asCSV(both...)))
	two, _ := importAll(t, Options{}, text("x", asCSV(rows...)), text("y", asCSV(transfer())))
	if dump(m) != dump(two) || m.Size() != 7 {
		t.Errorf("one file:\n%stwo:\n%s", dump(m), dump(two))
	}
	// One chain may be named for all.
	for i := range rows {
		delete(rows[i], "chain")
	}
	m, _ = importAll(t, Options{Chain: fundtrail.Bitcoin}, text("x", asCSV(rows...)))
	wantMovements(t, m, want...)
	says(t, refused(t, Options{}, text("x", asCSV(rows...))), "line 2: column chain: empty, want a chain")
}

func TestGenericBadRows(t *testing.T) {
	for _, c := range []struct {
		row    record
		column string
		says   string
	}{
		{transfer("chain", "dollar"), "chain", "want one of btc, ltc"},
		{transfer("block", ""), "block", "empty"},
		{transfer("time", "noon"), "time", "RFC 3339"},
		{transfer("tx", "0x12"), "tx", "64 hexadecimal digits"},
		{transfer("tx", "0x"+strings.Repeat("0", 64)), "tx", "not zero"},
		{transfer("tx_index", "first"), "tx_index", "whole number"},
		{transfer("kind", "output"), "kind", "want transfer or fee on eth, which records balances"},
		{transfer("kind", ""), "kind", "empty, want transfer or fee"},
		{transfer("from", "", "to", ""), "to", "the payer is nobody"},
		{transfer("from", alice), "from", "Bitcoin"},
		{transfer("to", "0x1"), "to", "40 hexadecimal digits"},
		{transfer("asset", "btc"), "asset", "an asset of the row's chain, eth"},
		{transfer("asset", "btc/"+alice), "asset", "an asset of the row's chain, eth"},
		{transfer("asset", "nochain/0x1"), "asset", "want one of"},
		{transfer("asset", "USDC", "log_index", "1"), "asset", "40 hexadecimal digits"},
		{transfer("asset", addressOf(7)), "index", "want the place in the transaction (or log_index)"},
		{transfer("amount", "0.5"), "amount", "a whole number of base units"},
		{transfer("amount", ""), "amount", "empty, want a whole number of base units"},
		{transfer("index", "2000000000"), "index", "2000000000 or more for a fee, less for a transfer"},
		{transfer("kind", "fee", "index", "3"), "index", "2000000000 or more for a fee"},
		{transfer("index", "1", "log_index", "1"), "log_index", "nothing in a row"},
		{transfer("kind", "fee", "log_index", "1"), "log_index", "nothing in a row"},
		{transfer("kind", "fee", "from", ""), "from", "who paid the fee"},
		{transfer("spends", hashOf(1)+":0"), "spends", "nothing in a row of kind transfer"},
		{coin("transfer", 1, "0", alice, "5", ""), "kind", "want input or output on btc, which records coins"},
		{coin("fee", 1, "0", alice, "5", ""), "kind", "what its inputs have more than its outputs"},
		{coin("output", 1, "", alice, "5", ""), "index", "vout"},
		{coin("output", 1, "0", alice, "", ""), "amount", "empty"},
		{coin("output", 1, "0", alice[:33]+"x", "5", ""), "to", "checksum"},
		{with(coin("output", 1, "0", alice, "5", ""), "from", bob), "from", "nothing in a row of kind output"},
		{coin("output", 1, "0", alice, "5", hashOf(1)+":0"), "spends", "nothing in a row of kind output"},
		{with(coin("output", 1, "0", alice, "5", ""), "asset", alice), "asset", "its own coin"},
		{with(coin("output", 1, "0", alice, "5", ""), "log_index", "1"), "log_index", "nothing"},
		{coin("input", 1, "", alice, "5", hashOf(1)+":0"), "index", "the input's number"},
		{coin("input", 1, "0", alice, "5", ""), "spends", "a colon and its number"},
		{coin("input", 1, "0", alice, "5", hashOf(1)), "spends", "a colon and its number"},
		{coin("input", 1, "0", alice, "5", hashOf(1)+":-1"), "spends", "a colon and its number"},
		{coin("input", 1, "0", alice, "5", "0x12:0"), "spends", "a colon and its number"},
		{coin("input", 1, "0", alice, "x", hashOf(1)+":0"), "amount", "whole number"},
		{with(coin("input", 1, "0", alice, "5", hashOf(1)+":0"), "to", bob), "to", "nothing in a row of kind input"},
	} {
		good := transfer("tx", hashOf(50))
		err := refused(t, Options{}, text("x.csv", asCSV(good, c.row)))
		says(t, err, "x.csv: line 3: column "+c.column+": ", c.says)
		if !errors.Is(err, fundtrail.ErrInvalid) {
			t.Errorf("%v is not ErrInvalid", err)
		}
		m, _ := importAll(t, Options{MaxBad: 1}, text("x.csv", asCSV(c.row, good)))
		wantMovements(t, m, "0 1>2 5")
	}
}

// TestGenericUnnumbered: two transfers of one transaction without an index would be
// one fact, so the second is refused; in another file the same row is the same fact.
func TestGenericUnnumbered(t *testing.T) {
	says(t, refused(t, Options{}, text("x", asCSV(transfer(), transfer("tx", hashOf(2)), transfer()))), "line 4: column index", "line 2 has another without one")
	fee := transfer("kind", "fee", "to", "")
	says(t, refused(t, Options{}, text("x", asCSV(transfer(), fee, fee))), "line 4: column index", "line 3 has another without one")
	m, _ := importAll(t, Options{}, text("x", asCSV(transfer(), fee)), text("y", asCSV(fee, transfer())))
	wantMovements(t, m, "0 1>2 5", "fee+0 1>- 5")
	// Set aside, the first stands.
	m, _ = importAll(t, Options{MaxBad: 1}, text("x", asCSV(transfer(), transfer("amount", "6"))))
	wantMovements(t, m, "0 1>2 5")
}

// TestGenericFailed: a transfer says that its transaction did not fail.
func TestGenericFailed(t *testing.T) {
	row := strings.Join([]string{londonBlock, "1640000001", hashOf(1), "4", "3", addressOf(1), addressOf(2), "5", "21000", "7", "9", "1", "0", "", "0x", ""}, ",")
	list := text("list", file1(txlistHeader, row))
	b := ledger.NewBuilder()
	if _, err := Files(context.Background(), b, []Input{list, text("x", asCSV(transfer()))}, Options{}); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Seal(); !errors.Is(err, fundtrail.ErrConflict) {
		t.Errorf("a transfer of a failed transaction: %v", err)
	}
	m, _ := importAll(t, Options{}, list, text("x", asCSV(transfer("kind", "fee", "to", "", "amount", "63"))))
	wantMovements(t, m, "fee+0 1>- 63")
}

func TestAccounts(t *testing.T) {
	header := "address,startblock,endblock,rows,complete,first_ts,last_ts"
	row := func(n int, rest string) string { return addressOf(n) + "," + rest }
	// Three transactions: blocks 14,000,001 to 14,000,003.
	list := text("list", file1(txlistHeader, txRow(1, 1, 2, "5"), txRow(2, 2, 3, "4"), txRow(3, 1, 2, "3")))
	claim := func(rows ...string) []string {
		m, sums := importAll(t, Options{}, text("dir/accounts.csv", file1(append([]string{header}, rows...)...)), list)
		var got []string
		for _, c := range m.Coverage() {
			for n := range 10 {
				if c.Address.String() == addressOf(n) {
					got = append(got, fmt.Sprintf("%d: %d-%d %s, %s", n, c.FromBlock, c.ToBlock, c.What, c.Source))
				}
			}
		}
		if sums[0].Claims != len(got) || sums[0].Claims+sums[0].Unsupported != len(rows) {
			t.Errorf("%d claims of %d: %+v", len(got), len(rows), sums[0])
		}
		return got
	}
	for _, c := range []struct{ row, want string }{
		{row(1, "0,99999999,2,yes,1,1640000003"), "[1: 0-14000003 value, fees, accounts.csv]"},
		{row(1, "5,14000002,2,YES,1,1640000003"), "[1: 5-14000002 value, fees, accounts.csv]"},
		{row(1, "0,99999999,3,yes,1,1640000003"), "[]"},                                               // a row more than the files hold
		{row(4, "0,99999999,0,yes,0,0"), "[4: 0-14000003 value, fees, accounts.csv]"},                 // an account without any
		{row(2, "0,99999999,2,no (2 cap),1,1640000002"), "[2: 0-14000001 value, fees, accounts.csv]"}, // cut in block 14,000,002
		{row(2, "0,99999999,3,no (3 cap),1,1640000002"), "[]"},                                        // two rows up to then
		{row(2, "0,99999999,2,no,1,1640000009"), "[]"},
		{row(1, "0,99999999,0,no (0 cap),1,1640000009"), "[]"},                                           // no row with that time
		{row(2, "14000002,99999999,2,no (2 cap),1,1640000002"), "[]"},                                    // nothing left of it
		{row(3, "0,99999999,1,yes,1,2021-12-20T11:33:22Z"), "[3: 0-14000003 value, fees, accounts.csv]"}, // a time as text
	} {
		if got := fmt.Sprint(claim(c.row)); got != c.want {
			t.Errorf("%s claims %s, want %s", c.row, got, c.want)
		}
	}
	// What an account pays itself is one transaction of it.
	self := text("self", file1(txlistHeader, txRow(1, 1, 1, "5")))
	_, sums := importAll(t, Options{}, self, text("accounts.csv", file1(header, row(1, "0,99999999,2,yes,1,1640000001"))))
	if sums[1].Unsupported != 1 {
		t.Errorf("one transaction stands for two: %+v", sums[1])
	}
	// Where a transaction's fee is not told, fees are not claimed.
	bare := text("bare", file1("blockNumber,timeStamp,hash,from,to,value,isError", fmt.Sprintf("14000001,1640000001,%s,%s,%s,5,0", hashOf(1), addressOf(1), addressOf(2))))
	m, _ := importAll(t, Options{}, bare, text("accounts.csv", file1(header, row(1, "0,99999999,1,yes,1,1640000001"), row(5, "0,99999999,0,yes,0,0"))))
	if got := m.Coverage(); len(got) != 2 || got[0].What != fundtrail.ValueTransfers || got[1].What != fundtrail.ValueTransfers|fundtrail.Fees {
		t.Errorf("coverage %+v", got)
	}
	for _, c := range []struct{ row, column string }{
		{"0x1,0,9,0,yes,0,0", "address"}, {row(1, "x,9,0,yes,0,0"), "startblock"}, {row(1, "0,x,0,yes,0,0"), "endblock"}, {row(1, "9,8,0,yes,0,0"), "endblock"},
		{row(1, "0,9,x,yes,0,0"), "rows"}, {row(1, "0,9,1,perhaps,0,0"), "complete"}, {row(1, "0,9,1,no (cap),0,"), "last_ts"}, {row(1, "0,9,1,yes,0,x"), "last_ts"},
	} {
		says(t, refused(t, Options{}, text("x", file1(header, row(9, "0,9,0,yes,0,0"), c.row))), "line 3: column "+c.column)
	}
	says(t, refused(t, Options{}, text("x", file1(header, row(1, "0,9,1,yes,0,0"), row(1, "0,9,2,yes,0,0")))), "line 3: ", "twice, with different claims")
	importAll(t, Options{}, text("x", file1(header, row(1, "0,9,0,yes,0,0"), row(1, "0,9,0,yes,0,0"))))
}
