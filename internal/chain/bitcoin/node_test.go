package bitcoin

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/fetch"
)

// A coreNode answers as Bitcoin Core does, from a chain of the tests.
type coreNode struct {
	p        *Params
	blocks   [][]byte
	prevouts bool // it knows verbosity 3
	index    bool // it has an index of transactions
	busy     int  // requests that it turns away first
	answer   func(method string, params []any) (any, *rpcError, bool)

	asked map[string]int
}

func (n *coreNode) serve(t *testing.T) string {
	n.asked = map[string]int{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if user, password, _ := r.BasicAuth(); user != "u" || password != "p" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		if n.busy > 0 {
			n.busy--
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		var list []question
		if err := json.NewDecoder(r.Body).Decode(&list); err != nil {
			t.Error(err)
		}
		out := []map[string]any{}
		for i := len(list) - 1; i >= 0; i-- { // in any order
			result, err := n.reply(list[i].Method, list[i].Params)
			out = append(out, map[string]any{"id": list[i].ID, "result": result, "error": err})
		}
		json.NewEncoder(w).Encode(out)
	}))
	t.Cleanup(s.Close)
	return s.URL
}

func (n *coreNode) reply(method string, params []any) (any, *rpcError) {
	n.asked[method+fmt.Sprint(len(params))]++
	if n.answer != nil {
		if v, err, ok := n.answer(method, params); ok {
			return v, err
		}
	}
	name := func(b []byte) string { h := shown(parseHeader(b).hash); return hex.EncodeToString(h[:]) }
	find := func(hash any) (int, bool) {
		for i, b := range n.blocks {
			if name(b) == hash {
				return i, true
			}
		}
		return 0, false
	}
	notFound := &rpcError{rpcNotFound, "Block not found"}
	switch method {
	case "getbestblockhash":
		return name(n.blocks[len(n.blocks)-1]), nil
	case "getblockhash":
		h := int(params[0].(float64))
		if h >= len(n.blocks) {
			return nil, &rpcError{rpcOutOfRange, "Block height out of range"}
		}
		return name(n.blocks[h]), nil
	case "getblockheader":
		i, ok := find(params[0])
		if !ok {
			return nil, notFound
		}
		v := map[string]any{"height": i, "time": 1_600_000_000}
		if i > 0 {
			v["previousblockhash"] = name(n.blocks[i-1])
		}
		return v, nil
	case "getblock":
		i, ok := find(params[0])
		switch {
		case !ok:
			return nil, notFound
		case params[1] == 0.0:
			return hex.EncodeToString(n.blocks[i]), nil
		case !n.prevouts:
			return nil, &rpcError{-8, "verbosity"}
		}
		return n.verbose(i), nil
	case "getrawtransaction":
		for _, b := range n.blocks {
			var k blockShape
			r := &reader{b: b, at: headerSize}
			for range r.count(minTx) {
				from := r.at
				k.transaction(n.p, r)
				if h := shown(k.txs[len(k.txs)-1].hash); n.index && hex.EncodeToString(h[:]) == params[0] {
					return hex.EncodeToString(b[from:r.at]), nil
				}
			}
		}
		return nil, &rpcError{rpcNotFound, "No such mempool transaction. Use -txindex"}
	}
	return nil, &rpcError{-32601, "Method not found"}
}

// verbose is a block as verbosity 3 tells it, as far as it is read.
func (n *coreNode) verbose(i int) any {
	outs := map[outpoint]txOut{}
	var txs []any
	for j := range i + 1 {
		var k blockShape
		if err := k.parse(n.p, n.blocks[j]); err != nil {
			panic(err)
		}
		for t := range k.txs {
			tx := &k.txs[t]
			var vin []any
			for _, o := range k.ins[tx.inputs.first:tx.inputs.end] {
				if out, ok := outs[o]; ok {
					vin = append(vin, map[string]any{"prevout": map[string]any{
						"value":        json.RawMessage(fmt.Sprintf("%d.%08d", out.value/1e8, out.value%1e8)),
						"scriptPubKey": map[string]any{"hex": hex.EncodeToString(out.script)}}})
				} else {
					vin = append(vin, map[string]any{"coinbase": "00"})
				}
			}
			for m, out := range k.outs[tx.outputs.first:tx.outputs.end] {
				var o outpoint
				copy(o[:], tx.hash[:])
				o[32] = byte(m)
				outs[o] = out
			}
			if j == i {
				txs = append(txs, map[string]any{"vin": vin})
			}
		}
	}
	return map[string]any{"tx": txs}
}

func (n *coreNode) open(t *testing.T) (*Node, error) {
	o := NodeOptions{Endpoint: Endpoint{n.serve(t), "u", "p"}, Window: 3, Batch: 4, Keep: 5,
		Fetch: fetch.Options{Rate: 1e6, Burst: 1e6, BackOff: time.Millisecond}}
	node, err := OpenNode(t.Context(), n.p, o)
	if err == nil {
		t.Cleanup(func() { node.Close() })
	}
	return node, err
}

func gather(t *testing.T, n *Node, from int64) (facts []fundtrail.BlockFacts, last error) {
	t.Helper()
	for f, err := range n.Blocks(t.Context(), from) {
		if err != nil {
			return facts, err
		}
		facts = append(facts, f)
	}
	return facts, nil
}

// TestNode: from the first block, and from the middle by each way of asking what inputs
// spend, the same facts come as from files.
func TestNode(t *testing.T) {
	m := &maker{r: rand.New(rand.NewPCG(12, 1))}
	p, blocks := m.chain(14, 6000)
	want, _ := collect(t, p, Options{}, folder(t, record(p, blocks...))...)
	for name, n := range map[string]*coreNode{
		"prevouts": {prevouts: true},
		"index":    {index: true, busy: 2},
	} {
		n.p, n.blocks = p, blocks
		node, err := n.open(t)
		if err != nil {
			t.Fatal(err)
		}
		for _, from := range []int64{9, 0, 12, 10, 3} {
			got, err := gather(t, node, from)
			if err != nil || !reflect.DeepEqual(got, want[from:]) {
				t.Errorf("%s, from %d: %d blocks differ, %v", name, from, len(got), err)
			}
		}
		if node.Gaps() != (Gaps{}) || (n.asked["getrawtransaction2"] > 0) != n.index {
			t.Errorf("%s: %+v, asked %v", name, node.Gaps(), n.asked)
		}
		if head, err := node.Head(t.Context()); err != nil || head != want[13].Block {
			t.Errorf("%s: head %+v, %v", name, head, err)
		}
	}
	n := &coreNode{p: p, blocks: blocks}
	node, err := n.open(t)
	if err != nil {
		t.Fatal(err)
	}
	got, err := gather(t, node, 9)
	if err != nil || len(got) != 5 || node.Gaps().Partial == 0 || got[0].Whole != 0 {
		t.Errorf("a node that tells nothing: %d blocks, %v, %+v", len(got), err, node.Gaps())
	}
}

// TestNodeReorganised: a chain that changes is noticed, and read on after going back, near
// and far.
func TestNodeReorganised(t *testing.T) {
	m := &maker{r: rand.New(rand.NewPCG(13, 1))}
	p, blocks := m.chain(12, 6000)
	for back := 1; back <= 8; back++ {
		n := &coreNode{p: p, blocks: blocks}
		node, err := n.open(t)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := gather(t, node, 0); err != nil {
			t.Fatal(err)
		}
		// Another chain from there: the same transactions cannot all be, so coinbases alone.
		other := append([][]byte{}, blocks[:len(blocks)-back]...)
		for h := len(other); h < 13; h++ {
			other = append(other, m.block(p, parseHeader(other[h-1]).hash, h, 0))
		}
		n.blocks = other
		if _, err := gather(t, node, 12); !errors.Is(err, fundtrail.ErrReorganised) || !errors.Is(err, fundtrail.ErrConflict) {
			t.Fatalf("back %d: %v", back, err)
		}
		from := int64(len(blocks) - back)
		got, err := gather(t, node, from)
		want, _ := collect(t, p, Options{}, folder(t, record(p, other...))...)
		if err != nil || !reflect.DeepEqual(got, want[from:]) {
			t.Errorf("back %d: %d blocks, %v", back, len(got), err)
		}
		// And back again: what the first chain spent is known where it was not too far back.
		n.blocks = blocks
		if len(other)-int(from) > 5 {
			continue
		}
		want, _ = collect(t, p, Options{}, folder(t, record(p, blocks...))...)
		if got, err := gather(t, node, from); err != nil || !reflect.DeepEqual(got, want[from:]) {
			t.Errorf("back %d and again: %d blocks, %v", back, len(got), err)
		}
	}
}

// TestNodeErrors: what a node may do wrong, and what is said of it.
func TestNodeErrors(t *testing.T) {
	m := &maker{r: rand.New(rand.NewPCG(14, 1))}
	p, blocks := m.chain(5, 3000)
	says := func(method string, v any, e *rpcError) func(string, []any) (any, *rpcError, bool) {
		return func(asked string, params []any) (any, *rpcError, bool) { return v, e, asked == method }
	}
	for name, c := range map[string]struct {
		answer func(string, []any) (any, *rpcError, bool)
		is     error
		want   string
	}{
		"another chain":    {says("getblockhash", strings.Repeat("ab", 32), nil), fundtrail.ErrInvalid, "it has another chain"},
		"starting":         {says("getblockhash", nil, &rpcError{rpcWarmup, "Loading block index"}), fundtrail.ErrUnavailable, "Loading block index"},
		"another block":    {says("getblock", hex.EncodeToString(blocks[2]), nil), fundtrail.ErrInvalid, "in place of"},
		"half a block":     {says("getblock", hex.EncodeToString(blocks[0][:100]), nil), fundtrail.ErrInvalid, "do not fit"},
		"not hexadecimal":  {says("getblock", "xyzw", nil), fundtrail.ErrInvalid, "getblock"},
		"no text":          {says("getblock", 7, nil), fundtrail.ErrInvalid, "no text of hexadecimal digits"},
		"pruned":           {says("getblock", nil, &rpcError{-1, "Block not available (pruned data)"}), fundtrail.ErrUnavailable, "pruned data"},
		"gone":             {says("getblock", nil, &rpcError{rpcNotFound, "Block not found"}), fundtrail.ErrReorganised, "Block not found"},
		"no head":          {says("getbestblockhash", nil, &rpcError{-32601, "Method not found"}), fundtrail.ErrUnavailable, "getbestblockhash"},
		"a strange header": {says("getblockheader", "x", nil), fundtrail.ErrInvalid, "getblockheader"},
	} {
		n := &coreNode{p: p, blocks: blocks, answer: c.answer}
		node, err := n.open(t)
		if err == nil {
			_, err = gather(t, node, 0)
		}
		if !errors.Is(err, c.is) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	n := &coreNode{p: p, blocks: blocks}
	_, err := OpenNode(t.Context(), p, NodeOptions{Endpoint: Endpoint{URL: n.serve(t) + "/a-secret", User: "u", Password: "wrong"}})
	if !errors.Is(err, fundtrail.ErrUnavailable) || strings.Contains(err.Error(), "wrong") || strings.Contains(err.Error(), "secret") {
		t.Errorf("a wrong password: %v", err)
	}
}
