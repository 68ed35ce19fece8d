package ingest

import (
	"bufio"
	"compress/gzip"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/ledger"
)

const (
	sharedData    = "../../../shared/data/"
	accountsFile  = sharedData + "ethereum_txlists/accounts.csv"
	transfersFile = sharedData + "ronin_case/transfers.csv"
	etlFolder     = sharedData + "eth_raw/ethereumetl_17173049_50/"
)

// importAll imports inputs and seals the ledger.
func importAll(t testing.TB, opt Options, inputs ...Input) (*ledger.Memory, []Summary) {
	t.Helper()
	b := ledger.NewBuilder()
	sums, err := Files(context.Background(), b, inputs, opt)
	if err != nil {
		t.Fatal(err)
	}
	m, err := b.Seal()
	if err != nil {
		t.Fatal(err)
	}
	return m, sums
}

// dump writes a ledger out, so that two can be compared.
func dump(m *ledger.Memory) string {
	var s strings.Builder
	var mv fundtrail.Movement
	for p := range m.Size() {
		m.Movement(p, &mv)
		span := m.Transaction(p)
		fmt.Fprintf(&s, "%s %d %d %s kind %d: %s -> %s %s %s\n", span.ID.Chain, span.Height, span.Time, m.Output(p),
			mv.Kind, m.Address(mv.From), m.Address(mv.To), mv.Amount, m.Asset(mv.Asset))
	}
	for _, c := range m.Coverage() {
		fmt.Fprintf(&s, "cover %s %s %d-%d %s by %s\n", c.Chain, c.Address, c.FromBlock, c.ToBlock, c.What, c.Source)
	}
	return s.String()
}

func transactionCount(m *ledger.Memory) (n int) {
	for p := fundtrail.Position(0); p < m.Size(); p = m.Transaction(p).End {
		n++
	}
	return n
}

func address(t testing.TB, s string) fundtrail.Address {
	t.Helper()
	a, err := fundtrail.ParseAddress(fundtrail.Ethereum, s)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// TestRealTxlist imports the 368,995 transactions, and checks what is known of them
// and what another reader of CSV makes of the same file.
func TestRealTxlist(t *testing.T) {
	m, sums := importAll(t, Options{}, File(shared(t, txlistFile)))
	sum := sums[0]
	if sum.Rows != 368_995 || sum.Transactions != 368_995 || sum.StatusUnknown != 0 || sum.FeeUnknown != 0 || sum.RecipientUnknown != 0 {
		t.Errorf("the summary is %+v", sum)
	}
	if got := fmt.Sprintf("%x", sum.SHA256); got != fileDigest(t, txlistFile) {
		t.Errorf("digest %s", got)
	}
	want := readTxlist(t, txlistFile)
	if want.created != 118 {
		t.Errorf("%d creations, want 118", want.created)
	}
	if sum.Failed != want.failed {
		t.Errorf("%d failed, want %d", sum.Failed, want.failed)
	}
	if got := m.Size(); got != fundtrail.Position(want.values+want.fees) || sum.Movements != want.values+want.fees {
		t.Errorf("%d movements, %d counted, want %d values and %d fees", got, sum.Movements, want.values, want.fees)
	}
	if got := transactionCount(m); got != want.kept {
		t.Errorf("%d transactions, want %d", got, want.kept)
	}
	// Every account's balance over the whole file, by another way of reckoning.
	got := map[string]*big.Int{}
	credit := func(id fundtrail.AddressID, a *big.Int) {
		if id == fundtrail.NoAddress {
			return
		}
		name := m.Address(id).String()
		if got[name] == nil {
			got[name] = new(big.Int)
		}
		got[name].Add(got[name], a)
	}
	var mv fundtrail.Movement
	for p := range m.Size() {
		m.Movement(p, &mv)
		credit(mv.To, mv.Amount.Big())
		credit(mv.From, new(big.Int).Neg(mv.Amount.Big()))
	}
	for name, balance := range want.balance {
		if g := got[name]; balance.Sign() != 0 && (g == nil || g.Cmp(balance) != 0) {
			t.Fatalf("%s has %v, want %v", name, g, balance)
		}
	}
	if len(got) > len(want.balance) {
		t.Errorf("%d accounts, want no more than %d", len(got), len(want.balance))
	}
}

// TestRealRonin is the known answer: what the thief's address paid towards exchanges.
func TestRealRonin(t *testing.T) {
	m, _ := importAll(t, Options{}, File(shared(t, txlistFile)))
	thief, ok := m.AddressID(address(t, "0x098b716b8aaf21512996dc57eb0615e2383e2f96"))
	if !ok {
		t.Fatal("the ledger lacks the thief's address")
	}
	paid := map[string]*big.Int{}
	total := new(big.Int)
	var mv fundtrail.Movement
	for _, p := range m.Moves(thief, 0, false, make([]fundtrail.Position, 0, m.MoveCount(thief))) {
		m.Movement(p, &mv)
		if mv.From != thief || mv.Kind != fundtrail.Move {
			continue
		}
		to := m.Address(mv.To).String()
		for _, prefix := range []string{"0x776b80e3", "0xdb3a6356", "0x9fae13de", "0x29fc9b71", "0x5d84a732"} {
			if strings.HasPrefix(to, prefix) {
				if paid[to] == nil {
					paid[to] = new(big.Int)
				}
				paid[to].Add(paid[to], mv.Amount.Big())
				total.Add(total, mv.Amount.Big())
			}
		}
	}
	if len(paid) != 5 || total.String() != "6250"+strings.Repeat("0", 18) {
		t.Errorf("paid %v wei to %d addresses, want 6250 ETH to 5: %v", total, len(paid), paid)
	}
}

// TestRealSubset: the case's own list is a part of the large file, with fewer columns.
// Together they are the large file's ledger.
func TestRealSubset(t *testing.T) {
	large, small := File(shared(t, txlistFile)), File(shared(t, transfersFile))
	alone, _ := importAll(t, Options{}, large)
	both, sums := importAll(t, Options{}, small, large)
	if sums[0].Rows != 2501 || sums[1].Rows != 368_995 {
		t.Errorf("%d and %d rows", sums[0].Rows, sums[1].Rows)
	}
	if dump(alone) != dump(both) {
		t.Error("together the files make another ledger than the large one alone")
	}
}

// TestRealAccounts: each account's claim holds, up to where its list was cut.
func TestRealAccounts(t *testing.T) {
	// The list's last address has a digit too many.
	inputs := []Input{File(shared(t, accountsFile)), File(shared(t, txlistFile))}
	_, err := Files(context.Background(), ledger.NewBuilder(), inputs, Options{})
	if bad := (*BadRow)(nil); !errors.As(err, &bad) || bad.Line != 323 || bad.Column != "address" || !errors.Is(err, fundtrail.ErrUnknownForm) {
		t.Errorf("the list is read with %v", err)
	}
	m, sums := importAll(t, Options{MaxBad: 1}, inputs...)
	if sums[0].Claims != 321 || sums[0].Unsupported != 0 || len(sums[0].Bad) != 1 {
		t.Errorf("%d claims, %d unsupported, bad: %v", sums[0].Claims, sums[0].Unsupported, sums[0].Bad)
	}
	claims := map[fundtrail.Address]fundtrail.Coverage{}
	for _, c := range m.Coverage() {
		claims[c.Address] = c
	}
	for a, to := range map[string]int64{
		"0x098b716b8aaf21512996dc57eb0615e2383e2f96": 18_182_321, // whole: to the newest block of the data
		"0xf977814e90da44bfa03b6295a0616a897441acec": 16_592_244, // cut in block 16,592,245
	} {
		want := fundtrail.Coverage{Chain: fundtrail.Ethereum, Address: address(t, a), ToBlock: to, What: fundtrail.ValueTransfers | fundtrail.Fees, Source: "accounts.csv"}
		if got := claims[want.Address]; got != want {
			t.Errorf("%s: claim %+v, want %+v", a, got, want)
		}
	}
	// The same list says nothing of a file that is only a part of what it lists.
	_, sums = importAll(t, Options{MaxBad: 1}, File(accountsFile), File(shared(t, transfersFile)))
	if sums[0].Claims+sums[0].Unsupported != 321 || sums[0].Claims > 100 {
		t.Errorf("with the small file: %d claims, %d unsupported", sums[0].Claims, sums[0].Unsupported)
	}
}

func etlFile(t testing.TB, name string) Input {
	return File(shared(t, filepath.Join(etlFolder, "expected_"+name+".json.gz")))
}

// TestRealETL imports two whole blocks of Ethereum.
func TestRealETL(t *testing.T) {
	inputs := []Input{etlFile(t, "blocks"), etlFile(t, "transactions"), etlFile(t, "token_transfers")}
	m, sums := importAll(t, Options{}, inputs...)
	if sums[0].Rows != 2 || sums[1].Transactions != 298 || sums[1].Failed != 9 || sums[1].StatusUnknown != 0 || sums[1].FeeUnknown != 0 || sums[2].Rows != 291 {
		t.Errorf("the summaries are %+v", sums)
	}
	if sums[0].Movements != 32 {
		t.Errorf("%d withdrawals, want 32", sums[0].Movements)
	}
	// 298 signed transactions, and a record of withdrawals in each of the two blocks.
	if got := transactionCount(m); got != 298+2 {
		t.Errorf("%d transactions", got)
	}
	miners := map[int64]string{17173049: "0x1f9090aae28b8a3dceadf281b0f12828e676c326"}
	tokens, fees := 0, map[int64]*[2]big.Int{17173049: {}, 17173050: {}}
	var mv fundtrail.Movement
	for p := range m.Size() {
		m.Movement(p, &mv)
		span, index := m.Transaction(p), m.Output(p).Transfer.Index
		switch {
		case index >= fundtrail.FeeIndex:
			f := fees[span.Height]
			f[index-ledger.FeeBurnt].Add(&f[index-ledger.FeeBurnt], mv.Amount.Big())
			if want := miners[span.Height]; index == ledger.FeePaid && want != "" && m.Address(mv.To).String() != want {
				t.Errorf("the tip of %s goes to %s", span.ID, m.Address(mv.To))
			}
		case index >= fundtrail.LogIndex:
			tokens++
		}
	}
	// Three of the 291 token transfers move nothing.
	if tokens != 288 {
		t.Errorf("%d token transfers that move something, want 288", tokens)
	}
	// What is burnt follows from the headers alone: gas used times base fee.
	for height, want := range map[int64]*big.Int{
		17173049: new(big.Int).Mul(big.NewInt(9_755_040), big.NewInt(80_869_370_967)),
		17173050: new(big.Int).Mul(big.NewInt(15_491_478), big.NewInt(77_334_732_501)),
	} {
		if got := &fees[height][0]; got.Cmp(want) != 0 {
			t.Errorf("block %d burns %v, want %v", height, got, want)
		}
		if tips, want := &fees[height][1], etlTips(t, height); tips.Cmp(want) != 0 {
			t.Errorf("block %d pays %v in tips, want %v", height, tips, want)
		}
	}
	want := fundtrail.Coverage{Chain: fundtrail.Ethereum, FromBlock: 17173049, ToBlock: 17173050, What: fundtrail.ValueTransfers | fundtrail.Fees, Source: "expected_blocks.json.gz"}
	if got := m.Coverage(); len(got) != 1 || got[0] != want {
		t.Errorf("coverage %+v, want %+v", got, want)
	}
}

// TestRealETLOrder: in any order, the files are one ledger.
func TestRealETLOrder(t *testing.T) {
	inputs := []Input{etlFile(t, "blocks"), etlFile(t, "transactions"), etlFile(t, "token_transfers")}
	m, _ := importAll(t, Options{}, inputs...)
	want := dump(m)
	for _, p := range [][]int{{0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}, {2, 1, 0, 1, 2}} {
		var list []Input
		for _, i := range p {
			list = append(list, inputs[i])
		}
		m, _ := importAll(t, Options{}, list...)
		if got := dump(m); got != want {
			t.Errorf("the order %v makes another ledger", p)
		}
	}
}

// TestRealLogs: logs tell the same token transfers as the table of those, and besides what
// was wrapped and unwrapped.
func TestRealLogs(t *testing.T) {
	inputs := []Input{etlFile(t, "blocks"), etlFile(t, "transactions"), etlFile(t, "token_transfers")}
	tables, _ := importAll(t, Options{}, inputs...)
	both, _ := importAll(t, Options{}, append(inputs, etlFile(t, "logs"))...)
	alone, _ := importAll(t, Options{}, inputs[0], inputs[1], etlFile(t, "logs"))
	if dump(alone) != dump(both) {
		t.Error("the logs tell other transfers than the table of transfers")
	}
	// Nine of the transfers are of items, of which the table has the number for an amount;
	// of ERC-1155 there is one, which the table lacks.
	lines := map[string]bool{}
	for line := range strings.Lines(dump(tables)) {
		lines[line] = true
	}
	var other []string
	for line := range strings.Lines(dump(both)) {
		if !lines[line] {
			other = append(other, line)
		}
	}
	if both.Size() != tables.Size()+1 || len(other) != 10 {
		t.Errorf("%d movements with the logs, %d without; they differ in %d", both.Size(), tables.Size(), len(other))
	}
	for _, line := range other[:len(other)-1] {
		if !strings.Contains(line, " 1 eth/0x") {
			t.Errorf("not one item: %s", line)
		}
	}
	const weth = "0xc02aaa39b223fe8d0a0e5c4f27ead9083c756cc2"
	wrapped, sums := importAll(t, Options{Wraps: func(a fundtrail.Asset) bool { return a.Contract.String() == weth }}, append(inputs, etlFile(t, "logs"))...)
	var made, burnt int
	var mv fundtrail.Movement
	for p := range wrapped.Size() {
		wrapped.Movement(p, &mv)
		if wrapped.Asset(mv.Asset).Contract.String() != weth {
			continue
		}
		if mv.From == fundtrail.NoAddress {
			made++
		}
		if mv.To == fundtrail.NoAddress {
			burnt++
		}
	}
	if sums[3].Rows != 681 || made != 30 || burnt != 31 || int(wrapped.Size()) != int(both.Size())+made+burnt {
		t.Errorf("%d logs: %d makings and %d destroyings of WETH among %d movements, %d without", sums[3].Rows, made, burnt, wrapped.Size(), both.Size())
	}
}

// etlTips reckons a block's tips from the transactions' table.
func etlTips(t *testing.T, height int64) *big.Int {
	tips := new(big.Int)
	base := map[int64]int64{17173049: 80_869_370_967, 17173050: 77_334_732_501}[height]
	readLines(t, etlFile(t, "transactions"), func(line []byte) {
		var tx struct {
			Height int64 `json:"block_number"`
			Gas    int64 `json:"receipt_gas_used"`
			Price  int64 `json:"receipt_effective_gas_price"`
		}
		if err := json.Unmarshal(line, &tx); err != nil {
			t.Fatal(err)
		}
		if tx.Height == height {
			tips.Add(tips, new(big.Int).Mul(big.NewInt(tx.Gas), big.NewInt(tx.Price-base)))
		}
	})
	return tips
}

func readLines(t testing.TB, in Input, line func([]byte)) {
	t.Helper()
	f, err := in.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	scan := bufio.NewScanner(z)
	scan.Buffer(nil, maxLine)
	for scan.Scan() {
		line(scan.Bytes())
	}
	if err := scan.Err(); err != nil {
		t.Fatal(err)
	}
}

// txlistFacts is what a plain reading of a txlist gives.
type txlistFacts struct {
	failed, values, fees, kept, created int
	balance                             map[string]*big.Int
}

func readTxlist(t *testing.T, name string) txlistFacts {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	rows := csv.NewReader(z)
	rows.ReuseRecord = true
	header, err := rows.Read()
	if err != nil {
		t.Fatal(err)
	}
	at := map[string]int{}
	for i, name := range header {
		at[name] = i
	}
	facts := txlistFacts{balance: map[string]*big.Int{}}
	balance := func(name string) *big.Int {
		if facts.balance[name] == nil {
			facts.balance[strings.Clone(name)] = new(big.Int)
		}
		return facts.balance[name]
	}
	number := func(s string) *big.Int {
		n, ok := new(big.Int).SetString(s, 10)
		if !ok {
			t.Fatalf("%q is no number", s)
		}
		return n
	}
	for {
		r, err := rows.Read()
		if err == io.EOF {
			return facts
		}
		if err != nil {
			t.Fatal(err)
		}
		col := func(name string) string { return r[at[name]] }
		from, to, value := balance(col("from")), col("to"), number(col("value"))
		if to == "" {
			to = col("contractAddress")
		}
		if col("to") == "" {
			// What a creation's address follows from is in the file beside the address.
			contract := fundtrail.CreatedContract([20]byte(address(t, col("from")).Payload()), number(col("nonce")).Uint64())
			if got := fmt.Sprintf("0x%x", contract); got != col("contractAddress") {
				t.Errorf("%s creates %s, reckoned as %s", col("hash"), col("contractAddress"), got)
			}
			facts.created++
		}
		kept := false
		if col("isError") == "1" || col("txreceipt_status") == "0" {
			facts.failed++
		} else if value.Sign() > 0 {
			facts.values++
			from.Sub(from, value)
			balance(to).Add(balance(to), value)
			kept = true
		}
		if fee := new(big.Int).Mul(number(col("gasUsed")), number(col("gasPrice"))); fee.Sign() > 0 {
			facts.fees++
			from.Sub(from, fee)
			kept = true
		}
		if kept {
			facts.kept++
		}
	}
}
