package evm_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"math/big"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/chain/evm"
	"github.com/fundtrail/fundtrail/internal/fetch"
	"github.com/fundtrail/fundtrail/internal/ingest"
	"github.com/fundtrail/fundtrail/internal/ledger"
)

// A town is a chain with contracts and people who pay each other.
type town struct {
	*gethNode
	r         *rand.Rand
	contracts map[string]contract
	people    []*account
	at        map[string][20]byte // where contracts stand
	mortals   [][20]byte
	notes     [][32]byte
	queue     []rpcCall
	sent      int
}

var ether = big.NewInt(1_000_000_000_000_000_000)

// newTown funds people and deploys the contracts.
func newTown(t testing.TB, people int) *town {
	w := &town{gethNode: startGeth(t), r: rand.New(rand.NewPCG(1, 2)), contracts: loadContracts(t), at: map[string][20]byte{}}
	var dev []string
	raw, err := w.try("eth_accounts")
	if err != nil || json.Unmarshal(raw, &dev) != nil || len(dev) == 0 {
		t.Fatalf("%s, %v", raw, err)
	}
	for i := range people {
		a := newAccount(i)
		w.people = append(w.people, a)
		w.queue = append(w.queue, rpcCall{"eth_sendTransaction", []any{map[string]any{"from": dev[0], "to": a.hex(), "nonce": fmt.Sprintf("0x%x", i), "value": fmt.Sprintf("0x%x", new(big.Int).Mul(ether, big.NewInt(1000)))}}})
	}
	w.flush()
	for _, name := range []string{"Token", "Wrapper", "Items", "Forwarder", "Pool", "Maker", "Mortal"} {
		w.at[name] = w.deploy(name)
	}
	w.mortals = append(w.mortals, w.at["Mortal"])
	w.flush()
	return w
}

// deploy sends the creation of a contract, some with value.
func (w *town) deploy(name string) [20]byte {
	code, _ := hex.DecodeString(w.contracts[name].Code)
	a := w.people[0]
	x := rawTx{data: code, gas: 3_000_000, kind: 2}
	switch name {
	case "Pool":
		x.data, x.value = append(code, word(ether)...), big.NewInt(12345)
	case "Mortal":
		x.value = big.NewInt(777)
	}
	at := fundtrail.CreatedContract(a.addr, a.nonce)
	w.send(a, x)
	return at
}

func (w *town) send(a *account, x rawTx) {
	if x.gas == 0 {
		x.gas = 400_000
	}
	w.queue = append(w.queue, rpcCall{"eth_sendRawTransaction", []any{"0x" + hex.EncodeToString(a.sign(x))}})
	w.sent++
	if len(w.queue) == 100 {
		w.flush()
	}
}

// flush sends what is queued and waits until it is in blocks.
func (w *town) flush() {
	w.t.Helper()
	if len(w.queue) > 0 {
		if _, err := w.batch(w.queue); err != nil {
			w.t.Fatal(err)
		}
		w.queue = w.queue[:0]
	}
	w.settle()
}

// live sends n transactions of every kind.
func (w *town) live(n int) {
	w.t.Helper()
	person := func() *account { return w.people[w.r.IntN(len(w.people))] }
	list := func(method string, head ...[]byte) ([]byte, []byte) {
		k := 1 + w.r.IntN(5)
		words := append(head, word(32*(len(head)+1)), word(k))
		for range k {
			words = append(words, word(person().addr))
		}
		return w.contracts["Forwarder"].input(method, words...), nil
	}
	call := func(name, method string, words ...[]byte) []byte { return w.contracts[name].input(method, words...) }
	for range n {
		a, b := person(), person()
		x := rawTx{kind: byte(w.r.IntN(3)), value: big.NewInt(w.r.Int64N(1e15))}
		to := func(name string) []byte { c := w.at[name]; return c[:] }
		switch w.r.IntN(20) {
		default:
			x.to = b.addr[:]
		case 6:
			x.to, x.value, x.data = to("Token"), nil, call("Token", "mint(address,uint256)", word(b.addr), word(1+w.r.IntN(1e9)))
		case 7:
			x.to, x.value, x.data = to("Token"), nil, call("Token", "transfer(address,uint256)", word(b.addr), word(w.r.IntN(1e6))) // fails without a balance
		case 8:
			x.to = to("Wrapper")
		case 9:
			x.to, x.value, x.data = to("Wrapper"), nil, call("Wrapper", "withdraw(uint256)", word(w.r.IntN(1e9)))
		case 10:
			x.to, x.value, x.data = to("Items"), nil, call("Items", "give(address,uint256)", word(b.addr), word(w.r.IntN(1000)))
		case 11:
			x.to = to("Forwarder")
			x.data, _ = list("split(address[])")
		case 12:
			x.to = to("Forwarder")
			x.data, _ = list("delegated(address,address[])", word(w.at["Forwarder"]))
		case 13:
			x.to, x.data = to("Forwarder"), call("Forwarder", "halves(address)", word(b.addr))
		case 14:
			x.to, x.data = to("Forwarder"), call("Forwarder", "fail(address)", word(b.addr))
		case 15:
			var note [32]byte
			copy(note[:], keccak256(fmt.Appendf(nil, "note %d", w.sent)))
			w.notes = append(w.notes, note)
			x.to, x.value, x.data = to("Pool"), ether, call("Pool", "deposit(bytes32)", word(note))
		case 16:
			if len(w.notes) == 0 {
				continue
			}
			i := w.r.IntN(len(w.notes)) // some for the second time, which fails
			x.to, x.value, x.data = to("Pool"), nil, call("Pool", "withdraw(bytes32,address,address,uint256)", word(w.notes[i]), word(b.addr), word(person().addr), word(w.r.IntN(2)*1e15))
		case 17:
			x.to, x.data = to("Maker"), call("Maker", []string{"makeAndEnd(address)", "makeAndBurn()", "make()"}[w.r.IntN(3)], word(b.addr))
		case 18:
			m := w.mortals[w.r.IntN(len(w.mortals))]
			x.to, x.value = m[:], nil
			if x.data = call("Mortal", "end(address)", word(b.addr)); w.r.IntN(2) == 0 {
				x.data = call("Mortal", "endForNobody()")
			}
		case 19:
			code, _ := hex.DecodeString(w.contracts["Mortal"].Code)
			w.mortals = append(w.mortals, fundtrail.CreatedContract(a.addr, a.nonce))
			x.data, x.gas = code, 1_000_000
		}
		w.send(a, x)
	}
	w.flush()
}

func (w *town) wraps(a fundtrail.Asset) bool {
	return a.Contract == fundtrail.EVMAddress(fundtrail.Ethereum, w.at["Wrapper"])
}

func (w *town) keeps(a fundtrail.Address) bool {
	return a == fundtrail.EVMAddress(fundtrail.Ethereum, w.at["Pool"])
}

func (w *town) options() evm.Options {
	o := evm.Options{Decoder: evm.Decoder{Chain: fundtrail.Ethereum, ChainID: devChain, Wraps: w.wraps, Keep: w.keeps},
		Endpoints: []evm.Endpoint{{URL: w.url}}, Require: fundtrail.AllKinds, Fetch: fetch.Options{Rate: 1000, Burst: 1000}}
	return o
}

func (w *town) open(o evm.Options) *evm.Node {
	w.t.Helper()
	n, err := evm.Open(context.Background(), o)
	if err != nil {
		w.t.Fatal(err)
	}
	return n
}

// build makes a ledger of a source's blocks.
func build(t testing.TB, s ingest.Source, from int64) (*ledger.Memory, ingest.SourceSummary) {
	t.Helper()
	b := ledger.NewBuilder()
	sum, err := ingest.Blocks(context.Background(), b, s, "node", from, -1)
	if err != nil {
		t.Fatal(err)
	}
	m, err := b.Seal()
	if err != nil {
		t.Fatal(err)
	}
	return m, sum
}

// text writes a ledger out, a movement a line.
func text(l fundtrail.Ledger) string {
	var out strings.Builder
	for p := fundtrail.Position(0); p < l.Size(); p++ {
		var m fundtrail.Movement
		l.Movement(p, &m)
		tx := l.Transaction(p)
		fmt.Fprintf(&out, "%d %d %s %s %s -> %s %s\n", tx.Height, tx.Time, l.Output(p), l.Asset(m.Asset), l.Address(m.From), l.Address(m.To), m.Amount)
	}
	fmt.Fprintf(&out, "%+v\n", l.Coverage())
	return out.String()
}

func differ(t testing.TB, what, got, want string) {
	t.Helper()
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range min(len(g), len(w)) {
		if g[i] != w[i] {
			t.Errorf("%s: line %d of %d and %d:\n got %s\nwant %s", what, i, len(g), len(w), g[i], w[i])
			return
		}
	}
	if len(g) != len(w) {
		t.Errorf("%s: %d lines, want %d", what, len(g), len(w))
	}
}

// reconciled holds every address's balance to the node's.
func (w *town) reconciled(n *evm.Node, l fundtrail.Ledger, from, to int64) {
	w.t.Helper()
	bad, compared, err := n.Reconcile(context.Background(), l, from, to, 0)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, m := range bad[:min(len(bad), 10)] {
		w.t.Error(m)
	}
	if len(bad) > 0 || compared < len(w.people) {
		w.t.Errorf("%d of %d balances differ", len(bad), compared)
	}
	w.t.Logf("blocks %d to %d: %d movements, %d balances equal", from, to, l.Size(), compared-len(bad))
}

// TestGeth: a chain of thousands of transactions of every kind in a real node, read over
// JSON-RPC; then one that is reorganised while it is read.
func TestGeth(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a node")
	}
	w := newTown(t, 40)
	w.live(3000)
	n := w.open(w.options())
	if n.Internal() != "debug_traceBlockByHash" {
		t.Errorf("internal transfers by %q", n.Internal())
	}
	begun := time.Now()
	first, sum := build(t, n, 1)
	t.Logf("%d blocks, %d transactions, %d movements in %s", sum.To, sum.Transactions, first.Size(), time.Since(begun))
	if head := w.height(); sum.To != head || sum.Transactions < 3000 || sum.Reorganised != 0 {
		t.Fatalf("%+v, the head is %d", sum, head)
	}
	w.reconciled(n, first, 1, sum.To)
	w.reconciled(n, first, sum.To/2, sum.To)

	t.Run("raw blocks", func(t *testing.T) { w.rawBlocks(t, n) })
	t.Run("other methods", func(t *testing.T) { w.otherMethods(t, text(first)) })
	t.Run("files", func(t *testing.T) { w.files(t) })
	t.Run("tokens", func(t *testing.T) { w.tokens(t, n) })
	t.Run("mismatch", func(t *testing.T) {
		// A ledger that lacks internal transfers is caught.
		b := ledger.NewBuilder()
		for f, err := range n.Blocks(context.Background(), 1) {
			if err != nil {
				t.Fatal(err)
			}
			for i := range f.Transactions {
				tx := &f.Transactions[i]
				var keep []fundtrail.Transfer
				for _, tr := range tx.Transfers {
					if tr.ID.Index == 0 || tr.ID.Index >= fundtrail.LogIndex {
						keep = append(keep, tr)
					}
				}
				tx.Transfers = keep
				if err := b.Transaction(tx, ledger.Where{}); err != nil {
					t.Fatal(err)
				}
			}
		}
		m, err := b.Seal()
		if err != nil {
			t.Fatal(err)
		}
		bad, _, err := n.Reconcile(context.Background(), m, 1, sum.To, 0)
		if err != nil || len(bad) == 0 {
			t.Errorf("%d mismatches, %v", len(bad), err)
		}
		some, compared, err := n.Reconcile(context.Background(), m, 1, sum.To, 10)
		if err != nil || compared != 10 || len(some) > 10 {
			t.Errorf("a sample: %d of %d, %v", len(some), compared, err)
		}
	})

	t.Run("reorganisation", func(t *testing.T) {
		o := w.options()
		o.Window = 4
		n := w.open(o)
		s := &interrupted{Node: n, at: w.height() - 20, do: func() {
			w.ask("debug_setHead", fmt.Sprintf("0x%x", w.height()-40))
			for _, a := range w.people {
				nonce, _ := new(big.Int).SetString(w.ask("eth_getTransactionCount", a.hex(), "latest"), 0)
				a.nonce = nonce.Uint64()
			}
			w.live(400)
		}}
		followed, sum := build(t, s, 1)
		if sum.Reorganised == 0 {
			t.Fatalf("no reorganisation was met: %+v", sum)
		}
		// The rest, if the chain has grown past what was the head.
		again, now := build(t, n, 1)
		if sum.To != now.To {
			t.Fatalf("followed to %d, the head is %d", sum.To, now.To)
		}
		differ(t, "followed through a reorganisation, and from scratch", text(followed), text(again))
		w.reconciled(n, again, 1, now.To)
		if text(first) == text(again) {
			t.Error("the chain did not change")
		}
	})
}

// interrupted does something in the middle of being read.
type interrupted struct {
	*evm.Node
	at int64
	do func()
}

func (s *interrupted) Blocks(ctx context.Context, from int64) iter.Seq2[fundtrail.BlockFacts, error] {
	return func(yield func(fundtrail.BlockFacts, error) bool) {
		for f, err := range s.Node.Blocks(ctx, from) {
			if err == nil && f.Block.Height == s.at && s.do != nil {
				s.do()
				s.do = nil
			}
			if !yield(f, err) {
				return
			}
		}
	}
}

// rawBlocks: the bytes of each block say what the node said, but for internal transfers.
func (w *town) rawBlocks(t *testing.T, n *evm.Node) {
	d := n.Decoder
	count := 0
	for want, err := range n.Blocks(context.Background(), 1) {
		if err != nil {
			t.Fatal(err)
		}
		header, body, receipts := w.raw(t, want.Block.Height)
		got, err := d.RLP(header, body, receipts)
		if err != nil {
			t.Fatalf("block %d: %v", want.Block.Height, err)
		}
		for i := range want.Transactions {
			tx := &want.Transactions[i]
			var keep []fundtrail.Transfer
			for _, tr := range tx.Transfers {
				if tr.ID.Index == 0 || tr.ID.Index >= fundtrail.LogIndex {
					keep = append(keep, tr)
				}
			}
			tx.Transfers = keep
		}
		if len(want.Transactions) > 0 {
			want.Whole &^= fundtrail.InternalTransfers
		}
		if g, w := fmt.Sprintf("%+v", got), fmt.Sprintf("%+v", want); g != w {
			t.Fatalf("block %d:\n got %s\nwant %s", want.Block.Height, g, w)
		}
		count += len(want.Transactions)
	}
	t.Logf("%d transactions are the same from their bytes", count)
}

// raw asks for a block's bytes.
func (w *town) raw(t testing.TB, height int64) (header, body, receipts []byte) {
	h := fmt.Sprintf("0x%x", height)
	unhex := func(s string) []byte {
		b, err := hex.DecodeString(strings.TrimPrefix(s, "0x"))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	header = unhex(w.ask("debug_getRawHeader", h))
	whole := unhex(w.ask("debug_getRawBlock", h))
	// A block is the list of header, transactions, uncles and withdrawals: what stands behind
	// the header is the body's content.
	at := bytes.Index(whole, header)
	if at < 0 || at > 10 {
		t.Fatalf("block %d: the header is not in it", height)
	}
	body = rlpList([][]byte{whole[at+len(header):]})
	raw, err := w.try("debug_getRawReceipts", h)
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	if err := json.Unmarshal(raw, &list); err != nil {
		t.Fatal(err)
	}
	var items [][]byte
	for _, s := range list {
		b := unhex(s)
		if b[0] < 0xc0 {
			b = rlpString(b)
		}
		items = append(items, b)
	}
	return header, body, rlpList(items)
}

// tokens: contracts are asked what they call themselves.
func (w *town) tokens(t *testing.T, n *evm.Node) {
	var list []fundtrail.Address
	for _, name := range []string{"Token", "Wrapper", "Items"} {
		list = append(list, fundtrail.EVMAddress(fundtrail.Ethereum, w.at[name]))
	}
	list = append(list, fundtrail.EVMAddress(fundtrail.Ethereum, w.people[0].addr))
	got, err := n.Tokens(context.Background(), list)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []evm.Token{{Symbol: "TST", Name: "Testnekot Token", Decimals: 6, DecimalsKnown: true}, {Symbol: "WTEST"}, {}, {}} {
		want.Asset = fundtrail.Asset{Chain: fundtrail.Ethereum, Contract: list[i]}
		if got[i] != want {
			t.Errorf("got %+v, want %+v", got[i], want)
		}
	}
}

// otherMethods: the same comes out however the node is asked.
func (w *town) otherMethods(t *testing.T, want string) {
	for name, without := range map[string][]string{
		"receipts one by one": {"eth_getBlockReceipts"},
		"traced by number":    {"debug_traceBlockByHash"},
		"one call at a time":  nil,
	} {
		o := w.options()
		o.Endpoints = []evm.Endpoint{{URL: lacking(t, w.url, without)}}
		if without == nil {
			o.Batch, o.Window = 1, 3
		}
		got, _ := build(t, w.open(o), 1)
		differ(t, name, text(got), want)
	}
	o := w.options()
	o.Endpoints = []evm.Endpoint{{URL: lacking(t, w.url, []string{"debug_traceBlockByHash", "debug_traceBlockByNumber"})}}
	o.Require = 0
	n := w.open(o)
	got, _ := build(t, n, 1)
	if n.Internal() != "" {
		t.Errorf("internal transfers by %q", n.Internal())
	}
	for f, err := range n.Blocks(context.Background(), 1) {
		if err != nil {
			t.Fatal(err)
		}
		if got := f.Whole&fundtrail.InternalTransfers == 0; got != (len(f.Transactions) > 0) {
			t.Errorf("block %d of %d transactions is whole for %s", f.Block.Height, len(f.Transactions), f.Whole)
		}
	}
	if len(got.Coverage()) == 0 {
		t.Error("nothing is claimed")
	}
}

// files: what ethereum-etl would write of the chain gives the same records, under the same
// names, as the node: loaded together they are one.
func (w *town) files(t *testing.T) {
	o := w.options()
	o.Chain = fundtrail.BSC // of which files and nodes tell a fee in one piece
	o.Wraps = nil
	n := w.open(o)
	var txs, tokens, traces strings.Builder
	txs.WriteString("hash,block_number,from_address,to_address,value,transaction_index,nonce,gas,gas_price,block_timestamp,receipt_gas_used,receipt_effective_gas_price,receipt_status,receipt_contract_address\n")
	tokens.WriteString("token_address,from_address,to_address,value,transaction_hash,log_index,block_number\n")
	traces.WriteString("transaction_hash,block_number,from_address,to_address,value,trace_type,trace_address,call_type,subtraces,error,status,transaction_index\n")
	for h := int64(1); h <= w.height(); h++ {
		w.export(t, h, &txs, &tokens, &traces)
	}
	var inputs []ingest.Input
	for name, text := range map[string]string{"transactions.csv": txs.String(), "token_transfers.csv": tokens.String(), "traces.csv": traces.String()} {
		inputs = append(inputs, ingest.Input{Name: name, Open: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(text)), nil }})
	}
	seal := func(b *ledger.Builder) *ledger.Memory {
		m, err := b.Seal()
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	alone := ledger.NewBuilder()
	if _, err := ingest.Files(context.Background(), alone, inputs, ingest.Options{Chain: o.Chain}); err != nil {
		t.Fatal(err)
	}
	node, _ := build(t, n, 1)
	both := ledger.NewBuilder()
	if _, err := ingest.Files(context.Background(), both, inputs, ingest.Options{Chain: o.Chain}); err != nil {
		t.Fatal(err)
	}
	if _, err := ingest.Blocks(context.Background(), both, n, "node", 1, -1); err != nil {
		t.Fatal(err)
	}
	differ(t, "files beside the node", text(seal(both)), text(node))
	// Files alone lack what they have no table for: items.
	items := fundtrail.Asset{Chain: o.Chain, Contract: fundtrail.EVMAddress(o.Chain, w.at["Items"])}
	var want strings.Builder
	for line := range strings.Lines(text(node)) {
		if !strings.Contains(line, items.String()) && !strings.HasPrefix(line, "[") {
			want.WriteString(line)
		}
	}
	fromFiles := text(seal(alone))
	differ(t, "files alone", fromFiles[:strings.LastIndex(fromFiles, "[")], want.String())
}

// export writes a block as tables of ethereum-etl.
func (w *town) export(t *testing.T, height int64, txs, tokens, traces *strings.Builder) {
	h := fmt.Sprintf("0x%x", height)
	got, err := w.batch([]rpcCall{{"eth_getBlockByNumber", []any{h, true}}, {"eth_getBlockReceipts", []any{h}},
		{"debug_traceBlockByNumber", []any{h, map[string]any{"tracer": "callTracer"}}}})
	if err != nil {
		t.Fatal(err)
	}
	var b struct {
		Timestamp    string
		Transactions []struct{ Hash, From, To, Value, Nonce, Gas, GasPrice string }
	}
	var receipts []struct {
		GasUsed, EffectiveGasPrice, Status, ContractAddress string
		Logs                                                []struct {
			Address, Data, LogIndex string
			Topics                  []string
		}
	}
	type frame struct {
		Type, From, To, Value, Error string
		Calls                        []frame
	}
	var calls []struct{ Result frame }
	if json.Unmarshal(got[0], &b) != nil || json.Unmarshal(got[1], &receipts) != nil || json.Unmarshal(got[2], &calls) != nil {
		t.Fatal("not as expected")
	}
	dec := func(s string) string {
		if s == "" {
			return "0"
		}
		n, ok := new(big.Int).SetString(s, 0)
		if !ok {
			t.Fatalf("%q", s)
		}
		return n.String()
	}
	transfer := "0x" + hex.EncodeToString(keccak256([]byte("Transfer(address,address,uint256)")))
	for i, tx := range b.Transactions {
		r := &receipts[i]
		fmt.Fprintln(txs, strings.Join([]string{tx.Hash, fmt.Sprint(height), tx.From, tx.To, dec(tx.Value), fmt.Sprint(i), dec(tx.Nonce), dec(tx.Gas), dec(tx.GasPrice),
			dec(b.Timestamp), dec(r.GasUsed), dec(r.EffectiveGasPrice), dec(r.Status), r.ContractAddress}, ","))
		for _, l := range r.Logs {
			if len(l.Topics) == 3 && l.Topics[0] == transfer {
				fmt.Fprintln(tokens, strings.Join([]string{l.Address, "0x" + l.Topics[1][26:], "0x" + l.Topics[2][26:], dec(l.Data), tx.Hash, dec(l.LogIndex), fmt.Sprint(height)}, ","))
			}
		}
		var walk func(f frame, path []string, ok bool)
		walk = func(f frame, path []string, ok bool) {
			kind, call := "call", strings.ToLower(f.Type)
			switch f.Type {
			case "CREATE", "CREATE2":
				kind, call = "create", ""
			case "SELFDESTRUCT":
				kind, call = "suicide", ""
			}
			ok = ok && f.Error == ""
			fmt.Fprintln(traces, strings.Join([]string{tx.Hash, fmt.Sprint(height), f.From, f.To, dec(f.Value), kind, `"` + strings.Join(path, ",") + `"`, call,
				fmt.Sprint(len(f.Calls)), strings.ReplaceAll(f.Error, ",", " "), map[bool]string{true: "1", false: "0"}[ok], fmt.Sprint(i)}, ","))
			for k, c := range f.Calls {
				walk(c, append(path[:len(path):len(path)], fmt.Sprint(k)), ok)
			}
		}
		walk(calls[i].Result, nil, true)
	}
}
