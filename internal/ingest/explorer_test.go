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

var (
	listedInternal = record{"blockNumber": londonBlock, "timeStamp": "1640000001", "hash": hashOf(1), "from": addressOf(2), "to": addressOf(3), "value": "5", "contractAddress": "", "input": "", "type": "call",
		"gas": "2300", "gasUsed": "0", "traceId": "0_1", "isError": "0", "errCode": ""}
	listedToken = record{"blockNumber": londonBlock, "timeStamp": "1640000001", "hash": hashOf(1), "nonce": "4", "blockHash": hashOf(99), "from": addressOf(1), "contractAddress": addressOf(7), "to": addressOf(2), "value": "5",
		"tokenName": "A", "tokenSymbol": "A", "tokenDecimal": "6", "transactionIndex": "3", "gas": "1", "gasPrice": "7", "gasUsed": "21000", "cumulativeGasUsed": "1", "input": "deprecated", "confirmations": "9"}
	placedToken = record{"token_address": addressOf(7), "from_address": addressOf(1), "to_address": addressOf(2), "value": "5", "transaction_hash": hashOf(1), "log_index": "12", "block_number": londonBlock, "transaction_index": "3"}
)

// unplacedMovements lists a ledger's movements with the numbers of unplaced ones left out.
func unplacedMovements(m *ledger.Memory) (list []string) {
	for _, s := range movements(m) {
		index, rest, _ := strings.Cut(s, " ")
		if n, ok := digits([]byte(index)); ok && uint32(n) >= fundtrail.UnplacedTrace {
			index = "trace+?"
		} else if n, ok := digits([]byte(strings.TrimPrefix(index, "log+"))); ok && uint32(n) >= fundtrail.UnplacedItems-fundtrail.LogIndex {
			index = "items+?"
		} else if ok && uint32(n) >= fundtrail.UnplacedLog-fundtrail.LogIndex {
			index = "log+?"
		}
		list = append(list, index+" "+rest)
	}
	return list
}

func wantUnplaced(t *testing.T, m *ledger.Memory, want ...string) {
	t.Helper()
	if got := unplacedMovements(m); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("the movements are %q, want %q", got, want)
	}
}

// TestListsWithoutPlaces: what a list of an account tells is neither lost nor told twice,
// whatever else is there.
func TestListsWithoutPlaces(t *testing.T) {
	head := text("blocks", asCSV(etlBlock))
	internal, token, placed := text("internal", asCSV(listedInternal)), text("tokens", asCSV(listedToken)), text("placed", asCSV(placedToken))
	m, sums := importAll(t, Options{}, internal, token)
	wantUnplaced(t, m, "trace+? 2>3 5", "log+? 1>2 5")
	if sums[0].Format != "Etherscan txlistinternal" || sums[1].Format != "Etherscan tokentx" || sums[0].Kinds != fundtrail.InternalTransfers || sums[1].Kinds != fundtrail.TokenTransfers {
		t.Errorf("%+v", sums)
	}
	before := movements(m)

	// The same list twice, and with another account's, is the same; its citations too.
	m, _ = importAll(t, Options{}, token, token, internal, text("other", asCSV(with(listedToken, "to", addressOf(3)), listedToken)))
	if got := movements(m); got[0] != before[0] || !strings.Contains(fmt.Sprint(got), before[1]) || len(got) != 3 {
		t.Errorf("%q, want %q among them", got, before)
	}
	// Two equal transfers of one transaction are two, unless they are in different lists.
	two := text("two", asCSV(listedToken, listedToken))
	m, _ = importAll(t, Options{}, two, token)
	wantUnplaced(t, m, "log+? 1>2 5", "log+? 1>2 5")

	// Where the places are known they stand, and there are as many as any file tells of.
	m, _ = importAll(t, Options{}, token, placed, head)
	wantUnplaced(t, m, "log+12 1>2 5")
	m, _ = importAll(t, Options{}, two, placed, head)
	if got := unplacedMovements(m); len(got) != 2 || got[0] != "log+12 1>2 5" {
		t.Errorf("two in a list, one with its place: %q", got)
	}
	m, _ = importAll(t, Options{}, two, head, text("placed", asCSV(placedToken, with(placedToken, "log_index", "13"), with(placedToken, "log_index", "14"))))
	wantUnplaced(t, m, "log+12 1>2 5", "log+13 1>2 5", "log+14 1>2 5")
	m, _ = importAll(t, Options{}, token, head, text("placed", asCSV(with(placedToken, "value", "6"))))
	if got := unplacedMovements(m); len(got) != 2 {
		t.Errorf("another amount is another transfer: %q", got)
	}

	// Traces number the internal transfers.
	rows := []record{with(etlTrace, "subtraces", "1", "value", "0"), with(etlTrace, "trace_address", "0", "from_address", addressOf(2), "to_address", addressOf(3), "value", "5", "subtraces", "0")}
	m, _ = importAll(t, Options{}, text("traces", asCSV(rows...)), internal, head)
	wantUnplaced(t, m, "1 2>3 5")

	// What failed, and what is only quoted, moved nothing.
	m, _ = importAll(t, Options{}, text("x", asCSV(with(listedInternal, "isError", "1"), with(listedInternal, "type", "delegatecall"), with(listedInternal, "value", "0"),
		with(listedInternal, "type", "create", "to", "", "contractAddress", addressOf(8), "value", "4"))))
	wantUnplaced(t, m, "trace+? 2>8 4")
}

// TestListsInLaterImports: a ledger that holds an account's list takes in the same
// transfers with their places, and the other way around.
func TestListsInLaterImports(t *testing.T) {
	for _, order := range [][]string{{asCSV(listedToken), asCSV(placedToken)}, {asCSV(placedToken), asCSV(listedToken)}} {
		b := ledger.NewBuilder()
		for _, content := range order {
			if _, err := Files(context.Background(), b, []Input{text("x", content), text("blocks", asCSV(etlBlock))}, Options{}); err != nil {
				t.Fatal(err)
			}
		}
		m, err := b.Seal()
		if err != nil {
			t.Fatal(err)
		}
		wantUnplaced(t, m, "log+12 1>2 5")
	}
}

// TestItemsWithoutPlaces: items of ERC-1155 count for their sum.
func TestItemsWithoutPlaces(t *testing.T) {
	item := with(listedToken, "tokenID", "77", "tokenValue", "2")
	delete(item, "value")
	list := text("items", asCSV(item, with(item, "tokenID", "78", "tokenValue", "3")))
	m, sums := importAll(t, Options{}, list)
	wantUnplaced(t, m, "items+? 1>2 5")
	if sums[0].Format != "Etherscan token1155tx" {
		t.Errorf("%+v", sums[0])
	}
	topic := func(n int) string { return "0x" + strings.Repeat("0", 24) + addressOf(n)[2:] }
	word := func(n int) string { return fmt.Sprintf("%064x", n) }
	batch := record{"address": addressOf(7), "topics": `["` + strings.Join([]string{hexOf(topicBatch), topic(9), topic(1), topic(2)}, `","`) + `"]`, "transaction_hash": hashOf(1), "log_index": "12", "block_number": londonBlock,
		"data": "0x" + word(64) + word(160) + word(2) + word(77) + word(78) + word(2) + word(2) + word(3)}
	head := text("blocks", asCSV(etlBlock))
	m, _ = importAll(t, Options{}, list, text("logs", asCSV(batch)), head)
	wantUnplaced(t, m, "log+12 1>2 5")
	b := ledger.NewBuilder()
	if _, err := Files(context.Background(), b, []Input{text("items", asCSV(item)), text("logs", asCSV(batch)), head}, Options{}); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Seal(); !errors.Is(err, fundtrail.ErrConflict) || !strings.Contains(err.Error(), "tells that 2 items moved, and logs of the same transaction that 5 did") {
		t.Errorf("sums that differ: %v", err)
	}
	nft := with(listedToken, "tokenID", "77")
	delete(nft, "value")
	m, sums = importAll(t, Options{}, text("nfts", asCSV(nft, with(nft, "tokenID", "78"))))
	wantUnplaced(t, m, "log+? 1>2 1", "log+? 1>2 1")
	if sums[0].Format != "Etherscan tokennfttx" {
		t.Errorf("%+v", sums[0])
	}
}

const websiteHeader = `"Transaction Hash","Blockno","UnixTimestamp","DateTime (UTC)","From","To","ContractAddress","Value_IN(ETH)","Value_OUT(ETH)","CurrentValue @ $1850.5/Eth","TxnFee(ETH)","TxnFee(USD)","Historical $Price/Eth","Status","ErrCode","Method"`

func TestEtherscanWebsite(t *testing.T) {
	row := func(n int, in, out, fee, status, code string) string {
		return fmt.Sprintf(`"%s","14000001","1640000001","2021-12-20 11:33:21","%s","%s","","%s","%s","1","%s","2.1","1800","%s","%s","Transfer"`, hashOf(n), addressOf(1), addressOf(2), in, out, fee, status, code)
	}
	file := file1(websiteHeader, row(1, "0", "1,234.000000000000000001", "0.00147", "", ""), row(2, "0", "7", "0.001", "Error(0)", "Reverted"))
	m, sums := importAll(t, Options{}, text("x", file))
	wantMovements(t, m, "0 1>2 1234000000000000000001", "fee+0 1>- 1470000000000000", "fee+0 1>- 1000000000000000")
	if sums[0].Format != "Etherscan website transactions" || sums[0].Failed != 1 || sums[0].StatusUnknown != 0 {
		t.Errorf("%+v", sums[0])
	}
	// With the block's header the fee cannot be cut into its parts, and is told whole.
	m, _ = importAll(t, Options{}, text("x", file1(websiteHeader, row(1, "5", "0", "0.1", "", ""))), text("blocks", asCSV(etlBlock)))
	wantMovements(t, m, "0 1>2 5000000000000000000", "fee+0 1>- 100000000000000000")
	for cells, want := range map[[4]string]string{
		{"0", "1e18", "0", ""}: "column value_out", {"0", "0.0000000000000000001", "0", ""}: "column value_out", {"0", "12,34", "0", ""}: "groups of three", {"1", "2", "0", ""}: "or the same as came in",
		{"0", "1", "x", ""}: "column txnfee", {"0", "1", "0", "Perhaps"}: "column status",
	} {
		says(t, refused(t, Options{}, text("x", file1(websiteHeader, row(1, cells[0], cells[1], cells[2], cells[3], "")))), "line 2", want)
	}
	// What counts in another coin is of another chain.
	says(t, refused(t, Options{}, text("x", strings.ReplaceAll(file, "(ETH)", "(BNB)"))), "its amounts are in BNB", "--chain")
	importAll(t, Options{Chain: fundtrail.BSC}, text("x", strings.ReplaceAll(file, "(ETH)", "(BNB)")))

	internal := `"Parent Txhash","Blockno","UnixTimestamp","DateTime (UTC)","ParentTxFrom","ParentTxTo","ParentTxETH_Value","From","TxTo","ContractAddress","Value_IN(ETH)","Value_OUT(ETH)","CurrentValue @ $1/Eth","Historical $Price/Eth","Status","ErrCode","Type"`
	m, _ = importAll(t, Options{}, text("x", file1(internal, fmt.Sprintf(`"%s","14000001","1640000001","","%s","%s","0","%s","%s","","0.5","0","1","1","","","call"`, hashOf(1), addressOf(1), addressOf(4), addressOf(4), addressOf(2)))))
	wantUnplaced(t, m, "trace+? 4>2 500000000000000000")

	tokens := `"Transaction Hash","Blockno","UnixTimestamp","DateTime (UTC)","From","To","TokenValue","USDValueDayOfTx","ContractAddress","TokenName","TokenSymbol"`
	token := file1(tokens, fmt.Sprintf(`"%s","14000001","1640000001","","%s","%s","1,000.25","$1,000.25","%s","A","A"`, hashOf(1), addressOf(1), addressOf(2), addressOf(7)))
	says(t, refused(t, Options{}, text("x", token)), "line 2: column contractaddress", "decimals are on record")
	m, _ = importAll(t, Options{Decimals: func(fundtrail.Asset) (int, bool) { return 6, true }}, text("x", token))
	wantUnplaced(t, m, "log+? 1>2 1000250000")
	says(t, refused(t, Options{Decimals: func(fundtrail.Asset) (int, bool) { return 1, true }}, text("x", token)), "at most 1 decimals")
}

func TestBlockscout(t *testing.T) {
	tx := record{"TxHash": hashOf(1), "BlockNumber": londonBlock, "UnixTimestamp": "2021-12-20 11:33:21.000000Z", "FromAddress": addressOf(1), "ToAddress": addressOf(2), "ContractAddress": "", "Type": "OUT", "Value": "5", "Fee": "147000",
		"Status": "ok", "ErrCode": "", "CurrentPrice": "1", "TxDateOpeningPrice": "1", "TxDateClosingPrice": "1", "MethodName": ""}
	internal := record{"TxHash": hashOf(1), "Index": "3", "BlockNumber": londonBlock, "BlockHash": hashOf(9), "BlockIndex": "4", "TxIndex": "3", "UnixTimestamp": "2021-12-20 11:33:21.000000Z", "FromAddress": addressOf(2), "ToAddress": addressOf(3),
		"ContractAddress": "", "Type": "call", "CallType": "call", "Gas": "1", "GasUsed": "1", "Value": "4", "Input": "0x", "Output": "0x", "ErrCode": ""}
	token := record{"TxHash": hashOf(1), "BlockNumber": londonBlock, "UnixTimestamp": "2021-12-20 11:33:21.000000Z", "FromAddress": addressOf(1), "ToAddress": addressOf(2), "TokenContractAddress": addressOf(7), "Type": "OUT", "TokenDecimals": "6",
		"TokenSymbol": "A", "TokensTransferred": "9", "TransactionFee": "147000", "Status": "ok", "ErrCode": ""}
	m, sums := importAll(t, Options{}, text("txs", asCSV(tx)), text("internal", asCSV(internal, with(internal, "CallType", "delegatecall"))), text("tokens", asCSV(token)))
	wantUnplaced(t, m, "0 1>2 5", "trace+? 2>3 4", "log+? 1>2 9", "fee+0 1>- 147000")
	for i, want := range []string{"Blockscout transactions", "Blockscout internal transactions", "Blockscout token transfers"} {
		if sums[i].Format != want {
			t.Errorf("%s is taken for %s", want, sums[i].Format)
		}
	}
	says(t, refused(t, Options{}, text("tokens", asCSV(with(token, "TokensTransferred", "1.5")))), "column TokensTransferred")
}

func FuzzLists(f *testing.F) {
	for _, r := range []record{listedInternal, listedToken, with(listedToken, "tokenID", "1"), with(listedToken, "tokenID", "1", "tokenValue", "2")} {
		f.Add(asCSV(r), asCSV(placedToken))
	}
	f.Add(file1(websiteHeader, strings.Repeat(`"1,000.5",`, 15)+`""`), asCSV(etlTx))
	f.Fuzz(func(t *testing.T, x, y string) {
		opt := Options{MaxBad: 2, Decimals: func(fundtrail.Asset) (int, bool) { return 6, true }}
		fuzzImport(t, opt, text("x", x), text("y", y), text("z", x))
	})
}
