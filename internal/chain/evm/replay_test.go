package evm_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/chain/evm"
	"github.com/fundtrail/fundtrail/internal/fetch"
)

var (
	update = flag.Bool("update", false, "write what is wanted anew")
	record = flag.Bool("record", false, "record a node's answers anew, with geth")
)

const recordedFile = "testdata/recorded.json.gz"

// A tape is what a node answered, by question.
type tape struct {
	Wrapper, Pool string // contracts
	Answers       map[string]json.RawMessage

	mu sync.Mutex
}

type message struct {
	Version string          `json:"jsonrpc"`
	ID      json.RawMessage `json:"id"`
	Method  string          `json:"method,omitempty"`
	Params  []any           `json:"params,omitempty"`
	Result  json.RawMessage `json:"result,omitempty"`
	Error   *rpcFault       `json:"error,omitempty"`
}

type rpcFault struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
}

func key(method string, params []any) string {
	p, _ := json.Marshal(params)
	return method + string(p)
}

// A fake is a node that answers from a tape, and in other ways where a test says so.
type fake struct {
	*tape
	lacks []string
	// bend changes an answer; http may take over a whole request.
	bend func(method string, params []any, result json.RawMessage) json.RawMessage
	http func(w http.ResponseWriter, n int) bool
	// refuse answers requests that ask for traces; fault makes an answer an error.
	refuse func(w http.ResponseWriter)
	fault  func(method string, params []any) *rpcFault
	live   *gethNode // recorded from

	asked int
}

func (f *fake) start(t testing.TB) string {
	srv := httptest.NewServer(f)
	t.Cleanup(srv.Close)
	return srv.URL
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	body, _ := io.ReadAll(r.Body)
	f.asked++
	if f.http != nil && f.http(w, f.asked) {
		return
	}
	if f.refuse != nil && (bytes.Contains(body, []byte("debug_")) || bytes.Contains(body, []byte("trace_"))) {
		f.refuse(w)
		return
	}
	var list []message
	single := json.Unmarshal(body, &list) != nil
	if single {
		list = make([]message, 1)
		_ = json.Unmarshal(body, &list[0])
	}
	for i := range list {
		f.answer(&list[i])
	}
	if single {
		_ = json.NewEncoder(w).Encode(list[0])
		return
	}
	_ = json.NewEncoder(w).Encode(list)
}

func (f *fake) answer(m *message) {
	method, params := m.Method, m.Params
	m.Method, m.Params = "", nil
	if slices.Contains(f.lacks, method) {
		m.Error = &rpcFault{-32601, "the method " + method + " does not exist/is not available"}
		return
	}
	k := key(method, params)
	if f.live != nil {
		if got, err := f.live.try(method, params...); err == nil {
			f.Answers[k] = got
		}
	}
	result, ok := f.Answers[k]
	if method == "trace_block" {
		result, ok = f.flat(params), true
	}
	if !ok {
		result = json.RawMessage("null")
	}
	if f.bend != nil {
		result = f.bend(method, params, result)
	}
	if f.fault != nil {
		if m.Error = f.fault(method, params); m.Error != nil {
			return
		}
	}
	m.Result = result
}

// flat makes trace_block's answer of callTracer's.
func (f *fake) flat(params []any) json.RawMessage {
	type frame struct {
		Type, From, To, Value, Error string
		Calls                        []frame
	}
	var block struct {
		Hash         string
		Transactions []string
	}
	_ = json.Unmarshal(f.Answers[key("eth_getBlockByNumber", []any{params[0], false})], &block)
	var calls []struct{ Result frame }
	for k, raw := range f.Answers {
		if strings.HasPrefix(k, "debug_traceBlockByHash[\""+block.Hash) {
			_ = json.Unmarshal(raw, &calls)
		}
	}
	list := []any{}
	var walk func(c frame, path []int, place int)
	walk = func(c frame, path []int, place int) {
		kind := "call"
		action := map[string]any{"from": c.From, "to": c.To, "value": c.Value, "callType": strings.ToLower(c.Type)}
		var result any = map[string]any{}
		switch c.Type {
		case "CREATE", "CREATE2":
			kind = "create"
			action = map[string]any{"from": c.From, "value": c.Value}
			if result = map[string]any{"address": c.To}; c.To == "" {
				result = nil
			}
		case "SELFDESTRUCT":
			kind = "suicide"
			action = map[string]any{"address": c.From, "refundAddress": c.To, "balance": c.Value}
		}
		if c.Value == "" {
			delete(action, "value")
		}
		t := map[string]any{"action": action, "result": result, "blockHash": block.Hash, "transactionHash": block.Transactions[place], "transactionPosition": place,
			"traceAddress": append([]int{}, path...), "subtraces": len(c.Calls), "type": kind}
		if c.Error != "" {
			t["error"] = c.Error
			delete(t, "result")
		}
		list = append(list, t)
		for i, sub := range c.Calls {
			walk(sub, append(path[:len(path):len(path)], i), place)
		}
	}
	for i, c := range calls {
		walk(c.Result, nil, i)
	}
	raw, _ := json.Marshal(list)
	return raw
}

func (f *fake) options(t testing.TB, urls ...string) evm.Options {
	if len(urls) == 0 {
		urls = []string{f.start(t)}
	}
	is := func(text string) func(fundtrail.Address) bool {
		return func(a fundtrail.Address) bool { return a.String() == text }
	}
	o := evm.Options{Decoder: evm.Decoder{Chain: fundtrail.Ethereum, ChainID: devChain, Keep: is(f.Pool),
		Wraps: func(a fundtrail.Asset) bool { return is(f.Wrapper)(a.Contract) }}, Require: fundtrail.AllKinds, Window: 5}
	o.Fetch = fetch.Options{Rate: 1e6, Burst: 1e6, Sleep: func(ctx context.Context, d time.Duration) error { return ctx.Err() }}
	for _, u := range urls {
		o.Endpoints = append(o.Endpoints, evm.Endpoint{URL: u})
	}
	return o
}

// recorded opens the tape.
func recorded(t testing.TB) *tape {
	t.Helper()
	raw, err := os.ReadFile(recordedFile)
	if err != nil {
		t.Fatal(err)
	}
	z, err := gzip.NewReader(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	tape := &tape{}
	if err := json.NewDecoder(z).Decode(tape); err != nil {
		t.Fatal(err)
	}
	return tape
}

// TestRecord records a small town with -record; then -update is due.
func TestRecord(t *testing.T) {
	if !*record {
		t.Skip("records only with -record")
	}
	w := newTown(t, 4)
	for range 12 {
		w.live(6)
	}
	f := &fake{tape: &tape{Answers: map[string]json.RawMessage{}}, live: w.gethNode}
	f.Wrapper, f.Pool = fundtrail.EVMAddress(fundtrail.Ethereum, w.at["Wrapper"]).String(), fundtrail.EVMAddress(fundtrail.Ethereum, w.at["Pool"]).String()
	for _, lacks := range [][]string{nil, {"eth_getBlockReceipts", "debug_traceBlockByHash"}} {
		f.lacks = lacks
		o := f.options(t)
		o.Require = 0
		n, err := evm.Open(context.Background(), o)
		if err != nil {
			t.Fatal(err)
		}
		m, sum := build(t, n, 0)
		if lacks == nil {
			if bad, _, err := n.Reconcile(context.Background(), m, 1, sum.To, 0); err != nil || len(bad) > 0 {
				t.Fatal(bad, err)
			}
			if _, err := n.Tokens(context.Background(), []fundtrail.Address{fundtrail.EVMAddress(fundtrail.Ethereum, w.at["Token"])}); err != nil {
				t.Fatal(err)
			}
		}
	}
	// The header of each, for trace_block's sake.
	for h := range w.height() + 1 {
		p := []any{fmt.Sprintf("0x%x", h), false}
		got, err := w.try("eth_getBlockByNumber", p...)
		if err != nil {
			t.Fatal(err)
		}
		f.Answers[key("eth_getBlockByNumber", p)] = got
	}
	// Blooms are most of the bytes, and are not read.
	for k, raw := range f.Answers {
		f.Answers[k] = json.RawMessage(bytes.ReplaceAll(raw, []byte(`"`+"0x"+strings.Repeat("0", 512)+`"`), []byte(`"0x"`)))
	}
	out, err := os.Create(recordedFile)
	if err != nil {
		t.Fatal(err)
	}
	z, _ := gzip.NewWriterLevel(out, gzip.BestCompression)
	e := json.NewEncoder(z)
	if err := e.Encode(f.tape); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
	t.Log(len(f.Answers), slices.Sorted(maps.Keys(f.Answers))[0])
}

// golden compares with a file of testdata, or writes it.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := "testdata/" + name
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	differ(t, name, got, string(want))
}

// TestRecorded: what a real node answered gives the same ledger by every way of asking.
func TestRecorded(t *testing.T) {
	tape := recorded(t)
	ways := map[string]struct {
		lacks  []string
		method string
		batch  int
	}{
		"as it is":        {nil, "debug_traceBlockByHash", 0},
		"one by one":      {[]string{"eth_getBlockReceipts"}, "debug_traceBlockByHash", 7},
		"single requests": {nil, "debug_traceBlockByHash", 1},
		"by number":       {[]string{"debug_traceBlockByHash"}, "debug_traceBlockByNumber", 0},
		"flat":            {[]string{"debug_traceBlockByHash", "debug_traceBlockByNumber"}, "trace_block", 0},
	}
	for name, way := range ways {
		t.Run(name, func(t *testing.T) {
			f := &fake{tape: tape, lacks: way.lacks}
			o := f.options(t)
			o.Batch, o.Require = way.batch, 0
			n, err := evm.Open(context.Background(), o)
			if err != nil {
				t.Fatal(err)
			}
			if n.Internal() != way.method {
				t.Errorf("traced by %s", n.Internal())
			}
			m, _ := build(t, n, 0)
			golden(t, "recorded.txt", text(m))
		})
	}
	f := &fake{tape: tape}
	n, err := evm.Open(context.Background(), f.options(t))
	if err == nil {
		var events strings.Builder
		for b, err := range n.Blocks(context.Background(), 1) {
			if err != nil {
				t.Fatal(err)
			}
			for _, tx := range b.Transactions {
				for _, e := range tx.Events {
					fmt.Fprintf(&events, "%d %s %s %d topics, %d bytes, failed %v\n", b.Block.Height, tx.ID, e.Contract, len(e.Topics), len(e.Data), tx.Failed)
				}
			}
		}
		golden(t, "recorded-events.txt", events.String())
	} else {
		t.Error(err)
	}
}

// BenchmarkRecorded reads a recorded node over HTTP: JSON, checks, transfers.
func BenchmarkRecorded(b *testing.B) {
	f := &fake{tape: recorded(b)}
	n, err := evm.Open(context.Background(), f.options(b))
	if err != nil {
		b.Fatal(err)
	}
	transfers := 0
	for b.Loop() {
		for facts, err := range n.Blocks(context.Background(), 1) {
			if err != nil {
				b.Fatal(err)
			}
			for i := range facts.Transactions {
				transfers += len(facts.Transactions[i].Transfers)
			}
		}
	}
	b.ReportMetric(float64(transfers)/b.Elapsed().Seconds(), "transfers/s")
}
