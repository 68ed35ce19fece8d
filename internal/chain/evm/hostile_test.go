package evm_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/chain/evm"
	"github.com/fundtrail/fundtrail/internal/ingest"
	"github.com/fundtrail/fundtrail/internal/ledger"
)

// edit changes a JSON value.
func edit(raw json.RawMessage, change func(v any) any) json.RawMessage {
	var v any
	_ = json.Unmarshal(raw, &v)
	out, _ := json.Marshal(change(v))
	return out
}

func object(v any, path ...any) map[string]any {
	for _, p := range path {
		switch p := p.(type) {
		case string:
			v = v.(map[string]any)[p]
		case int:
			v = v.([]any)[p]
		}
	}
	return v.(map[string]any)
}

// TestHostileAnswers: an answer that cannot be right is an error that says so, the blocks
// before it stand, and a builder is left as it was.
func TestHostileAnswers(t *testing.T) {
	tape := recorded(t)
	// The answers about the last block with three transactions are bent.
	var block struct {
		Hash         string
		Transactions []any
	}
	height := int64(49)
	for ; len(block.Transactions) < 3; height-- {
		if height < 5 {
			t.Fatal("no block has three transactions")
		}
		_ = json.Unmarshal(tape.Answers[key("eth_getBlockByNumber", []any{fmt.Sprintf("0x%x", height), true})], &block)
	}
	height++
	at := fmt.Sprintf("0x%x", height)
	set := func(value any, path ...any) func(any) any {
		return func(v any) any {
			last := len(path) - 1
			object(v, path[:last]...)[path[last].(string)] = value
			return v
		}
	}
	huge := "0x" + strings.Repeat("f", 65)
	other := "0x" + strings.Repeat("ab", 32)
	block_, receipts, traces := "eth_getBlockByNumber", "eth_getBlockReceipts", "debug_traceBlockByHash"
	cases := []struct {
		name, method string
		change       func(any) any
		want         error
	}{
		{"null block", block_, func(any) any { return nil }, fundtrail.ErrNotFound},
		{"a number for a block", block_, func(any) any { return 7 }, fundtrail.ErrInvalid},
		{"another block", block_, set("0xffff", "number"), fundtrail.ErrInvalid},
		{"huge height", block_, set("0xffffffffffffffff", "number"), fundtrail.ErrInvalid},
		{"huge time", block_, set("0xffffffffffffffff", "timestamp"), fundtrail.ErrInvalid},
		{"time beyond 64 bits", block_, set(huge, "timestamp"), fundtrail.ErrInvalid},
		{"no hash", block_, set(nil, "hash"), fundtrail.ErrInvalid},
		{"short hash", block_, set("0x12", "hash"), fundtrail.ErrInvalid},
		{"another parent", block_, set(other, "parentHash"), fundtrail.ErrReorganised},
		{"another hash", block_, set(other, "hash"), fundtrail.ErrInvalid},
		{"hashes for transactions", block_, set([]any{other}, "transactions"), fundtrail.ErrInvalid},
		{"null transaction", block_, set([]any{nil}, "transactions"), fundtrail.ErrInvalid},
		{"a transaction less", block_, func(v any) any {
			o := object(v)
			o["transactions"] = o["transactions"].([]any)[:1]
			return v
		}, fundtrail.ErrInvalid},
		{"transactions swapped", block_, func(v any) any {
			l := object(v)["transactions"].([]any)
			l[0], l[1] = l[1], l[0]
			return v
		}, fundtrail.ErrInvalid},
		{"value of 260 bits", block_, set(huge, "transactions", 0, "value"), fundtrail.ErrInvalid},
		{"value in decimal", block_, set("17", "transactions", 0, "value"), fundtrail.ErrInvalid},
		{"value as a number", block_, set(17, "transactions", 0, "value"), fundtrail.ErrInvalid},
		{"no sender", block_, set(nil, "transactions", 0, "from"), fundtrail.ErrInvalid},
		{"sender of 19 bytes", block_, set("0x"+strings.Repeat("1", 38), "transactions", 0, "from"), fundtrail.ErrInvalid},
		{"withdrawal twice", block_, set([]any{map[string]any{"index": "0x1", "address": "0x" + strings.Repeat("1", 40), "amount": "0x1"},
			map[string]any{"index": "0x1", "address": "0x" + strings.Repeat("1", 40), "amount": "0x1"}}, "withdrawals"), fundtrail.ErrInvalid},
		{"null receipts", receipts, func(any) any { return nil }, fundtrail.ErrReorganised},
		{"no receipts", receipts, func(any) any { return []any{} }, fundtrail.ErrInvalid},
		{"a receipt less", receipts, func(v any) any { return v.([]any)[1:] }, fundtrail.ErrInvalid},
		{"receipts of another block", receipts, set(other, 0, "blockHash"), fundtrail.ErrInvalid},
		{"receipt of another transaction", receipts, set(other, 0, "transactionHash"), fundtrail.ErrInvalid},
		{"status 2", receipts, set("0x2", 0, "status"), fundtrail.ErrInvalid},
		{"failure against the trace", receipts, set("0x0", 0, "status"), fundtrail.ErrInvalid},
		{"huge gas", receipts, set("0xffffffffffffffff", 0, "gasUsed"), fundtrail.ErrInvalid},
		{"huge price", receipts, set("0x"+strings.Repeat("f", 64), 0, "effectiveGasPrice"), fundtrail.ErrInvalid},
		{"less than the base fee", receipts, set("0x0", 0, "effectiveGasPrice"), fundtrail.ErrConflict},
		{"a log without an index", receipts, set([]any{map[string]any{"address": "0x" + strings.Repeat("1", 40), "topics": []any{}, "data": "0x"}}, 0, "logs"), fundtrail.ErrInvalid},
		{"a log's index beyond all", receipts, set([]any{map[string]any{"address": "0x" + strings.Repeat("1", 40), "topics": []any{}, "data": "0x", "logIndex": "0xffffffff"}}, 0, "logs"), fundtrail.ErrInvalid},
		{"logs with one index", receipts, set([]any{map[string]any{"address": "0x" + strings.Repeat("1", 40), "topics": []any{}, "data": "0x", "logIndex": "0x0"},
			map[string]any{"address": "0x" + strings.Repeat("1", 40), "topics": []any{}, "data": "0x", "logIndex": "0x0"}}, 0, "logs"), fundtrail.ErrInvalid},
		{"half a byte of data", receipts, set([]any{map[string]any{"address": "0x" + strings.Repeat("1", 40), "topics": []any{}, "data": "0x1", "logIndex": "0x0"}}, 0, "logs"), fundtrail.ErrInvalid},
		{"null traces", traces, func(any) any { return nil }, fundtrail.ErrReorganised},
		{"a trace less", traces, func(v any) any { return v.([]any)[1:] }, fundtrail.ErrInvalid},
		{"traces swapped", traces, func(v any) any {
			l := v.([]any)
			l[0], l[1] = l[1], l[0]
			return v
		}, fundtrail.ErrInvalid},
		{"a trace that failed", traces, func(v any) any { v.([]any)[0] = map[string]any{"error": "execution\u202e timeout"}; return v }, fundtrail.ErrUnavailable},
		{"a call of no kind", traces, set([]any{map[string]any{"type": "GIVE", "from": "0x" + strings.Repeat("1", 40), "value": "0x1"}}, 0, "result", "calls"), fundtrail.ErrInvalid},
		{"a call to nowhere", traces, set([]any{map[string]any{"type": "CALL", "from": "0x" + strings.Repeat("1", 40), "value": "0x1"}}, 0, "result", "calls"), fundtrail.ErrInvalid},
		{"a call from nowhere", traces, set([]any{map[string]any{"type": "CALL", "to": "0x" + strings.Repeat("1", 40), "value": "0x1"}}, 0, "result", "calls"), fundtrail.ErrInvalid},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			armed, bent := false, false
			f := &fake{tape: tape}
			f.bend = func(method string, params []any, result json.RawMessage) json.RawMessage {
				if armed && method == c.method && (params[0] == at && params[1] == true || params[0] == block.Hash) {
					bent = true
					return edit(result, c.change)
				}
				return result
			}
			o := f.options(t)
			o.Rounds, o.Window = -1, 1
			n, err := evm.Open(context.Background(), o)
			if err != nil {
				t.Fatal(err)
			}
			armed = true
			count := int64(0)
			err = nil
			for b, e := range n.Blocks(context.Background(), 1) {
				if err = e; err != nil {
					break
				}
				if count++; b.Block.Height != count {
					t.Errorf("block %d is the %d-th", b.Block.Height, count)
				}
			}
			if !bent || err == nil || !errors.Is(err, c.want) || count != height-1 {
				t.Errorf("%d blocks, then %v", count, err)
			}
			if err != nil && (strings.ContainsRune(err.Error(), '\u202e') || len(err.Error()) > 800) {
				t.Errorf("not fit to be shown: %v", err)
			}
			t.Log(err)
			b := ledger.NewBuilder()
			before := b.Mark()
			if _, err := ingest.Blocks(context.Background(), b, n, "node", 1, -1); err == nil || b.Mark() != before {
				t.Errorf("the builder is not as it was: %v", err)
			}
		})
	}
}

// TestHostileReplies: what breaks between node and program is asked again, of another
// endpoint first, and nothing is lost or taken twice.
func TestHostileReplies(t *testing.T) {
	tape := recorded(t)
	o := (&fake{tape: tape}).options(t)
	n, err := evm.Open(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	m, _ := build(t, n, 1)
	want := text(m)
	say := func(text string) func(http.ResponseWriter) {
		return func(w http.ResponseWriter) { fmt.Fprint(w, text) }
	}
	faults := map[string]func(w http.ResponseWriter){
		"500": func(w http.ResponseWriter) { http.Error(w, "no", http.StatusInternalServerError) },
		"429": func(w http.ResponseWriter) {
			w.Header().Set("Retry-After", "1")
			http.Error(w, "slow down", http.StatusTooManyRequests)
		},
		"cut short": func(w http.ResponseWriter) {
			w.Header().Set("Content-Length", "1000")
			fmt.Fprint(w, `[{"jsonrpc":"2.0","id":1,"resu`)
		},
		"nothing":           say(""),
		"no JSON":           say("<html>hello</html>"),
		"null":              say("null"),
		"an empty list":     say("[]"),
		"a list of nulls":   say("[null,null]"),
		"no replies":        say("{}"),
		"rate limit":        say(`{"jsonrpc":"2.0","id":null,"error":{"code":-32005,"message":"rate limit exceeded"}}`),
		"an internal error": say(`[{"jsonrpc":"2.0","id":1,"error":{"code":-32603,"message":"boom"}}]`),
		"another question":  say(`[{"jsonrpc":"2.0","id":99,"result":"0x1"}]`),
		"twice":             say(`[{"jsonrpc":"2.0","id":1,"result":"0x539"},{"jsonrpc":"2.0","id":1,"result":"0x539"}]`),
		"deep":              say(strings.Repeat("[", 100000)),
		"gone": func(w http.ResponseWriter) {
			c, _, _ := w.(http.Hijacker).Hijack()
			c.Close()
		},
	}
	for name, fault := range faults {
		t.Run(name, func(t *testing.T) {
			// Every second request fails, and then one endpoint of two.
			f := &fake{tape: tape}
			f.http = func(w http.ResponseWriter, n int) bool {
				if n%2 == 0 {
					fault(w)
				}
				return n%2 == 0
			}
			broken := &fake{tape: tape, http: func(w http.ResponseWriter, n int) bool { fault(w); return true }}
			for _, o := range []evm.Options{f.options(t), (&fake{tape: tape}).options(t, broken.start(t), (&fake{tape: tape}).start(t))} {
				n, err := evm.Open(context.Background(), o)
				if err != nil {
					t.Fatal(err)
				}
				m, _ := build(t, n, 1)
				differ(t, name, text(m), want)
			}
			o := broken.options(t)
			o.Rounds = 2
			if _, err := evm.Open(context.Background(), o); err == nil || len(err.Error()) > 600 {
				t.Errorf("a node that always fails: %v", err)
			} else {
				t.Log(err)
			}
		})
	}
}

// TestOpen: what is refused at once.
func TestOpen(t *testing.T) {
	tape := recorded(t)
	open := func(change func(o *evm.Options)) error {
		f := &fake{tape: tape}
		o := f.options(t)
		change(&o)
		_, err := evm.Open(context.Background(), o)
		return err
	}
	for want, change := range map[string]func(o *evm.Options){
		"its chain is number 1337, a chain not known here, and Ethereum is number 1": func(o *evm.Options) { o.ChainID = 0 },
		"and BNB Smart Chain is number 56":                                           func(o *evm.Options) { o.Chain, o.ChainID = fundtrail.BSC, 0 },
		"not an EVM chain":                                                           func(o *evm.Options) { o.Chain = fundtrail.Bitcoin },
		"no endpoint":                                                                func(o *evm.Options) { o.Endpoints = nil },
		"only http and https":                                                        func(o *evm.Options) { o.Endpoints = []evm.Endpoint{{URL: "ws://127.0.0.1/secretkey"}} },
		"nobody answers there": func(o *evm.Options) {
			o.Endpoints = []evm.Endpoint{{URL: "http://127.0.0.1:1/secretkey"}}
			o.Rounds = -1
		},
	} {
		if err := open(change); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secretkey") {
			t.Errorf("%v, want %q", err, want)
		}
	}
	// A second endpoint of another chain is refused when it is first asked.
	other := &fake{tape: tape, bend: func(method string, params []any, result json.RawMessage) json.RawMessage {
		if method == "eth_chainId" {
			return json.RawMessage(`"0x38"`)
		}
		return result
	}}
	first := &fake{tape: tape, http: func(w http.ResponseWriter, n int) bool {
		if n > 8 {
			http.Error(w, "down", http.StatusBadGateway)
		}
		return n > 8
	}}
	n, err := evm.Open(context.Background(), first.options(t, first.start(t), other.start(t)))
	if err != nil {
		t.Fatal(err)
	}
	for _, err = range n.Blocks(context.Background(), 1) {
	}
	if !errors.Is(err, fundtrail.ErrInvalid) || !strings.Contains(err.Error(), "number 56, BNB Smart Chain") {
		t.Error(err)
	}
}

// TestLimits: too much for one request is asked for in parts; what is too much alone is an
// error; a context that ends ends everything.
func TestLimits(t *testing.T) {
	tape := recorded(t)
	n, err := evm.Open(context.Background(), (&fake{tape: tape}).options(t))
	if err != nil {
		t.Fatal(err)
	}
	m, _ := build(t, n, 1)
	o := (&fake{tape: tape}).options(t)
	o.Fetch.MaxBytes = 40_000
	small, err := evm.Open(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	parts, _ := build(t, small, 1)
	differ(t, "in parts", text(parts), text(m))
	o.Fetch.MaxBytes = 2_000
	if tiny, err := evm.Open(context.Background(), o); err == nil {
		for _, err = range tiny.Blocks(context.Background(), 1) {
		}
		if !errors.Is(err, fundtrail.ErrLimit) {
			t.Error(err)
		}
	} else if !errors.Is(err, fundtrail.ErrLimit) {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	count := 0
	for _, err = range n.Blocks(ctx, 1) {
		if err != nil {
			break
		}
		if count++; count == 3 {
			cancel()
		}
	}
	if count > 20 || !errors.Is(err, context.Canceled) {
		t.Errorf("%d blocks, then %v", count, err)
	}
	cancel()
	for range n.Blocks(context.Background(), 1) {
		break // leaving early is not an error, and leaves nothing behind
	}
	if _, err := n.Header(context.Background(), 1<<40); !errors.Is(err, fundtrail.ErrNotFound) {
		t.Error(err)
	}
	for _, err = range n.Blocks(context.Background(), -1) {
	}
	if !errors.Is(err, fundtrail.ErrInvalid) {
		t.Error(err)
	}
	if h, err := n.Head(context.Background()); err != nil || h.Height != 49 && h.Height < 40 || h.Time.Before(time.Unix(1, 0)) {
		t.Error(h, err)
	}
}

// TestRefusals: a provider that does not sell a method says so in many ways; the facts then
// lack what it would have told, and say so.
func TestRefusals(t *testing.T) {
	tape := recorded(t)
	for name, refuse := range map[string]func(w http.ResponseWriter){
		"403": func(w http.ResponseWriter) { http.Error(w, "no", http.StatusForbidden) },
		"plan": func(w http.ResponseWriter) {
			fmt.Fprint(w, `{"jsonrpc":"2.0","id":1,"error":{"code":-32600,"message":"debug_traceBlockByHash is not available on the Free tier - upgrade"}}`)
		},
	} {
		f := &fake{tape: tape, refuse: refuse}
		o := f.options(t)
		o.Require = 0
		n, err := evm.Open(context.Background(), o)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		m, sum := build(t, n, 1)
		if n.Internal() != "" || sum.To < 40 || m.Size() == 0 {
			t.Errorf("%s: traced by %q, %+v", name, n.Internal(), sum)
		}
		o.Require = fundtrail.AllKinds
		if n, err = evm.Open(context.Background(), o); err == nil {
			for _, err = range n.Blocks(context.Background(), 1) {
			}
		}
		if !errors.Is(err, fundtrail.ErrUnavailable) || !strings.Contains(err.Error(), "internal") {
			t.Errorf("%s: %v", name, err)
		}
	}
	// The state of old blocks is dropped: the newest ones are whole.
	f := &fake{tape: tape}
	f.fault = func(method string, params []any) *rpcFault {
		if method == "debug_traceBlockByHash" && !strings.Contains(string(tape.Answers[key("eth_getBlockByNumber", []any{"latest", false})]), params[0].(string)) {
			return &rpcFault{-32000, "required historical state unavailable (reexec=128)"}
		}
		return nil
	}
	o := f.options(t)
	o.Require = 0
	n, err := evm.Open(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	var whole []int64
	for b, err := range n.Blocks(context.Background(), 1) {
		if err != nil {
			t.Fatal(err)
		}
		if len(b.Transactions) > 0 && b.Whole&fundtrail.InternalTransfers != 0 {
			whole = append(whole, b.Block.Height)
		}
	}
	if len(whole) > 1 || n.Internal() == "" {
		t.Errorf("whole are %v, traced by %q", whole, n.Internal())
	}
}

// TestChangedInAWindow: a block that is replaced while a window is read is read again.
func TestChangedInAWindow(t *testing.T) {
	tape := recorded(t)
	n, err := evm.Open(context.Background(), (&fake{tape: tape}).options(t))
	if err != nil {
		t.Fatal(err)
	}
	m, _ := build(t, n, 1)
	changed := 0
	f := &fake{tape: tape, bend: func(method string, params []any, result json.RawMessage) json.RawMessage {
		if method == "eth_getBlockByNumber" && params[0] == "0x8" && params[1] == true && changed == 0 {
			changed++
			return edit(result, func(v any) any { object(v)["parentHash"] = "0x" + strings.Repeat("ab", 32); return v })
		}
		return result
	}}
	if n, err = evm.Open(context.Background(), f.options(t)); err != nil {
		t.Fatal(err)
	}
	again, sum := build(t, n, 1)
	if differ(t, "read again", text(again), text(m)); changed != 1 || sum.Reorganised != 0 {
		t.Errorf("changed %d times, %+v", changed, sum)
	}
}

// TestRest: an endpoint that fails is left alone for a while.
func TestRest(t *testing.T) {
	tape := recorded(t)
	bad := &fake{tape: tape, http: func(w http.ResponseWriter, n int) bool { http.Error(w, "down", http.StatusBadGateway); return true }}
	o := bad.options(t, bad.start(t), (&fake{tape: tape}).start(t))
	now := time.Unix(1700000000, 0)
	o.Fetch.Now = func() time.Time { return now }
	n, err := evm.Open(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	build(t, n, 1)
	if bad.asked != 1 {
		t.Errorf("it was asked %d times at one moment", bad.asked)
	}
	now = now.Add(time.Hour)
	build(t, n, 1)
	if bad.asked == 1 {
		t.Error("it is never asked again")
	}
}
