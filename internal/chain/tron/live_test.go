package tron_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"math/big"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/chain/tron"
	"github.com/fundtrail/fundtrail/internal/fetch"
	"github.com/fundtrail/fundtrail/internal/ingest"
	"github.com/fundtrail/fundtrail/internal/ledger"
)

// A peer speaks java-tron's HTTP API from a made chain.
type peer struct {
	mu      sync.Mutex
	chain   *madeChain
	noRange bool                                     // it does not know getblockbylimitnext
	fail    func(method string) int                  // a status to answer with, 0 for none
	bend    func(method string, height int64, v any) // changes an answer
	tape    map[string]json.RawMessage
	asked   map[string]int
	url     string
}

func serve(t testing.TB, c *madeChain) *peer {
	p := &peer{chain: c, asked: map[string]int{}, tape: map[string]json.RawMessage{}}
	s := httptest.NewServer(p)
	t.Cleanup(s.Close)
	p.url = s.URL + "/secret-key"
	return p
}

func (p *peer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	path, ok := strings.CutPrefix(r.URL.Path, "/secret-key")
	solid, method := strings.HasPrefix(path, "/walletsolidity/"), path[strings.LastIndexByte(path, '/')+1:]
	p.asked[method]++
	if p.fail != nil {
		if status := p.fail(method); status != 0 {
			w.WriteHeader(status)
			return
		}
	}
	var args struct{ Num, StartNum, EndNum int64 }
	var body bytes.Buffer
	_, _ = body.ReadFrom(r.Body)
	if !ok || r.Method != http.MethodPost || json.Unmarshal(body.Bytes(), &args) != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	blocks := p.chain.blocks
	if solid {
		blocks = blocks[:max(len(blocks)-2, 1)]
	}
	var v any = obj{}
	switch method {
	case "getnowblock":
		v = blocks[len(blocks)-1].block
	case "getblockbynum":
		if args.Num < int64(len(blocks)) {
			v = blocks[args.Num].block
		}
	case "getblockbylimitnext":
		if p.noRange {
			w.WriteHeader(http.StatusMethodNotAllowed)
			return
		}
		list := []any{}
		for h := args.StartNum; h < min(args.EndNum, int64(len(blocks))); h++ {
			list = append(list, blocks[h].block)
		}
		v = obj{"block": list}
	case "gettransactioninfobyblocknum":
		list := []any{}
		if args.Num < int64(len(blocks)) {
			for _, t := range blocks[args.Num].txs {
				list = append(list, t.info)
			}
		}
		v = list
	default:
		w.WriteHeader(http.StatusNotFound)
		return
	}
	out := must(v)
	if p.bend != nil {
		check(json.Unmarshal(out, &v))
		p.bend(method, max(args.Num, args.StartNum), v)
		out = must(v)
	}
	p.tape[path+" "+body.String()] = out
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(out)
}

// options ask peers without waiting.
func options(peers ...*peer) tron.Options {
	o := tron.Options{Rounds: 3, Fetch: fetch.Options{Rate: 1e6, Burst: 1e6, Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() }}}
	for _, p := range peers {
		o.Endpoints = append(o.Endpoints, tron.Endpoint{URL: p.url})
	}
	return o
}

func open(t testing.TB, o tron.Options) *tron.Node {
	t.Helper()
	n, err := tron.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func facts(t testing.TB, n *tron.Node, from int64) (list []fundtrail.BlockFacts) {
	t.Helper()
	for f, err := range n.Blocks(t.Context(), from) {
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, f)
	}
	return list
}

// made mines blocks, some of them empty.
func made(seed uint64, blocks int) *madeChain {
	c := newChain(seed)
	for i := range blocks {
		c.mine([...]int{0, 3, 25, 9}[i%4])
	}
	return c
}

// reconcile holds a ledger to the made chain's books: of every asset and account, what moved
// comes to the difference of the balances.
func reconcile(t *testing.T, list []fundtrail.BlockFacts, c *madeChain) {
	t.Helper()
	type key struct {
		asset fundtrail.Asset
		who   fundtrail.Address
	}
	sum := map[key]*big.Int{}
	add := func(k key, n *big.Int) {
		if sum[k] == nil {
			sum[k] = new(big.Int)
		}
		sum[k].Add(sum[k], n)
	}
	for _, f := range list {
		for _, tx := range f.Transactions {
			last := int64(-1)
			for _, tr := range tx.Transfers {
				if int64(tr.ID.Index) <= last {
					t.Fatalf("%s: place %d after %d", tx.ID, tr.ID.Index, last)
				}
				last = int64(tr.ID.Index)
				for _, e := range tr.Inputs {
					add(key{tr.Asset, e.Address}, new(big.Int).Neg(e.Amount.Big()))
				}
				for _, e := range tr.Outputs {
					add(key{tr.Asset, e.Address}, e.Amount.Big())
				}
			}
		}
	}
	first, last := c.blocks[0].books, c.head().books
	for name, books := range last {
		asset := fundtrail.NativeAsset(fundtrail.Tron)
		switch name {
		case "":
		case "usdt":
			asset.Contract = fundtrail.EVMAddress(fundtrail.Tron, who("usdt"))
		default:
			asset = tron.TRC10(1000001)
		}
		for a, n := range books {
			k := key{asset, fundtrail.EVMAddress(fundtrail.Tron, a)}
			want := big.NewInt(n - first[name][a])
			if got := sum[k]; got == nil && want.Sign() != 0 || got != nil && got.Cmp(want) != 0 {
				t.Errorf("%s of %s: the ledger has %v, the books %v", asset, k.who, got, want)
			}
			delete(sum, k)
		}
	}
	for k, n := range sum {
		t.Errorf("%s of %s: the ledger has %v, and the books do not know it", k.asset, k.who, n)
	}
}

// TestBlocks: however blocks are asked for they are the same, and they come to the books.
func TestBlocks(t *testing.T) {
	c := made(7, 60)
	p := serve(t, c)
	want := facts(t, open(t, options(p)), 0)
	if len(want) != 61 {
		t.Fatalf("%d blocks", len(want))
	}
	reconcile(t, want, c)
	for i, f := range want {
		if i > 0 && f.Whole|fundtrail.InternalTransfers != fundtrail.AllKinds {
			t.Errorf("block %d: whole are %s", i, f.Whole)
		}
		if f.Block.Hash != c.blocks[i].id || f.Block.Time.UnixMilli() != c.blocks[i].ms && i > 0 {
			t.Errorf("block %d: %+v", i, f.Block)
		}
	}
	o := options(p)
	o.Window = 1
	if got := facts(t, open(t, o), 0); !reflect.DeepEqual(got, want) {
		t.Error("asked for one by one, they are others")
	}
	p.noRange = true
	if got := facts(t, open(t, options(p)), 0); !reflect.DeepEqual(got, want) || p.asked["getblockbynum"] < 61 {
		t.Error("without getblockbylimitnext, they are others")
	}
	p.noRange = false
	o = options(p)
	o.Confirmed = true
	if got := facts(t, open(t, o), 30); !reflect.DeepEqual(got, want[30:59]) {
		t.Error("confirmed blocks are others")
	}
	o = options(p)
	o.Internal = true
	for i, f := range facts(t, open(t, o), 1) {
		if f.Whole != fundtrail.AllKinds {
			t.Errorf("block %d of a node that keeps internal transactions: %s", i+1, f.Whole)
		}
	}
	if n := open(t, options(p)); true {
		if b, err := n.Header(t.Context(), 5); err != nil || b != want[5].Block {
			t.Error(b, err)
		}
		if _, err := n.Header(t.Context(), 500); !errors.Is(err, fundtrail.ErrNotFound) {
			t.Error(err)
		}
	}
}

// TestIngest: the builder takes the blocks, and says what is whole.
func TestIngest(t *testing.T) {
	c := made(8, 20)
	b := ledger.NewBuilder()
	sum, err := ingest.Blocks(t.Context(), b, open(t, options(serve(t, c))), "node", 1, -1)
	if err != nil {
		t.Fatal(err)
	}
	m, err := b.Seal()
	if err != nil {
		t.Fatal(err)
	}
	if sum.To != 20 || m.Size() == 0 || len(m.Coverage()) == 0 {
		t.Errorf("%+v, %d movements, %d claims", sum, m.Size(), len(m.Coverage()))
	}
}

// TestReorganised: what the chain dropped while it was read is not kept.
func TestReorganised(t *testing.T) {
	c := made(9, 40)
	p := serve(t, c)
	n := open(t, options(p))
	turned := false
	source := turning{n, func(h int64) {
		if h == 30 && !turned {
			turned = true
			p.mu.Lock()
			defer p.mu.Unlock()
			c.blocks = c.blocks[:22]
			for range 25 {
				c.mine(4)
			}
		}
	}}
	b := ledger.NewBuilder()
	sum, err := ingest.Blocks(t.Context(), b, source, "node", 0, -1)
	if err != nil {
		t.Fatal(err)
	}
	if sum.Reorganised == 0 || !turned || sum.To != 46 {
		t.Errorf("%+v", sum)
	}
	fresh := ledger.NewBuilder()
	if _, err := ingest.Blocks(t.Context(), fresh, open(t, options(p)), "node", 0, -1); err != nil {
		t.Fatal(err)
	}
	got, _ := b.Seal()
	want, _ := fresh.Seal()
	if got.Size() != want.Size() {
		t.Fatalf("%d movements, and %d when read anew", got.Size(), want.Size())
	}
	for i := range want.Size() {
		var x, y fundtrail.Movement
		got.Movement(i, &x)
		want.Movement(i, &y)
		if got.Transaction(i).ID != want.Transaction(i).ID || x.Amount != y.Amount || got.Address(x.From) != want.Address(y.From) || got.Address(x.To) != want.Address(y.To) {
			t.Fatalf("movement %d is another", i)
		}
	}
}

// A turning source does something between blocks.
type turning struct {
	*tron.Node
	at func(height int64)
}

func (s turning) Blocks(ctx context.Context, from int64) iter.Seq2[fundtrail.BlockFacts, error] {
	return func(yield func(fundtrail.BlockFacts, error) bool) {
		for f, err := range s.Node.Blocks(ctx, from) {
			if err == nil {
				s.at(f.Block.Height)
			}
			if !yield(f, err) {
				return
			}
		}
	}
}

// TestFailOver: endpoints that fail, are behind or lie are passed over, and no message has
// the key in an endpoint's path.
func TestFailOver(t *testing.T) {
	c := made(10, 30)
	want := facts(t, open(t, options(serve(t, c))), 0)
	for name, set := range map[string]func(bad *peer){
		"too many requests": func(p *peer) { p.fail = func(string) int { return http.StatusTooManyRequests } },
		"down":              func(p *peer) { p.fail = func(string) int { return http.StatusBadGateway } },
		"now and then": func(p *peer) {
			n := 0
			p.fail = func(string) int {
				if n++; n%3 == 0 {
					return http.StatusTooManyRequests
				}
				return 0
			}
		},
		"behind": func(p *peer) {
			cut := *c
			cut.blocks = c.blocks[:12]
			p.chain = &cut
			p.bend = func(method string, _ int64, v any) {
				if method == "getnowblock" { // but for its word
					clear(v.(obj))
					check(json.Unmarshal(must(c.head().block), &v))
				}
			}
		},
		"errors in answers": func(p *peer) {
			p.bend = func(method string, h int64, v any) {
				if o, ok := v.(obj); ok && h > 0 {
					clear(o)
					o["Error"] = "class java.lang.NullPointerException : null"
				}
			}
		},
		"a lie": func(p *peer) {
			p.bend = func(method string, h int64, v any) {
				if list, ok := v.([]any); ok && len(list) > 0 {
					list[0].(obj)["id"] = strings.Repeat("ab", 32)
				}
			}
		},
	} {
		bad, good := serve(t, c), serve(t, c)
		set(bad)
		n, err := tron.Open(t.Context(), options(bad, good))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := facts(t, n, 0); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: other blocks", name)
		}
	}
	bad := serve(t, c)
	bad.fail = func(string) int { return http.StatusTooManyRequests }
	if _, err := tron.Open(t.Context(), options(bad)); !errors.Is(err, fundtrail.ErrUnavailable) || strings.Contains(err.Error(), "secret-key") {
		t.Error(err)
	}
}

// TestLasting: a refused key is told at once where every endpoint refuses it, and what may
// mend is the better reason. A node that ends in the middle of an answer may come back.
func TestLasting(t *testing.T) {
	c := made(11, 5)
	always := func(status int) func(string) int { return func(string) int { return status } }
	refusing, other, down := serve(t, c), serve(t, c), serve(t, c)
	refusing.fail, other.fail, down.fail = always(http.StatusUnauthorized), always(http.StatusUnauthorized), always(http.StatusBadGateway)
	_, err := tron.Open(t.Context(), options(refusing, other))
	if !fetch.Lasting(err) || strings.Contains(err.Error(), "secret-key") {
		t.Errorf("two that refuse: %v", err)
	}
	if a, b := refusing.asked["getblockbynum"], other.asked["getblockbynum"]; a != 1 || b != 1 {
		t.Errorf("two that refuse were asked %d and %d times", a, b)
	}
	if _, err = tron.Open(t.Context(), options(refusing, down)); err == nil || fetch.Lasting(err) || refusing.asked["getblockbynum"] != 5 {
		t.Errorf("one that is down: %v, %d times", err, refusing.asked["getblockbynum"])
	}
	hasty := serve(t, c)
	hasty.fail = always(http.StatusForbidden)
	if _, err = tron.Open(t.Context(), options(hasty)); err == nil || fetch.Lasting(err) || hasty.asked["getblockbynum"] < 2 {
		t.Errorf("one that is asked too fast: %v, %d times", err, hasty.asked["getblockbynum"])
	}
	cut := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{"blockID":"00`)) }))
	t.Cleanup(cut.Close)
	if _, err = tron.Open(t.Context(), options(&peer{url: cut.URL})); !errors.Is(err, fundtrail.ErrUnavailable) || errors.Is(err, fundtrail.ErrInvalid) {
		t.Errorf("cut short: %v", err)
	}
}

// TestWrongChain: a node of another chain is refused, with both named.
func TestWrongChain(t *testing.T) {
	c := newChain(1)
	const nile = "0000000000000000d698d4192c56cb6be724a558448e2684802de4d6cd8690dc"
	c.blocks[0].id, _ = fundtrail.ParseHash(nile)
	c.blocks[0].block["blockID"] = nile
	c.mine(2)
	p := serve(t, c)
	if _, err := tron.Open(t.Context(), options(p)); !errors.Is(err, fundtrail.ErrInvalid) || !strings.Contains(err.Error(), "Nile") {
		t.Error(err)
	}
	o := options(p)
	o.ChainID = 0xcd8690dc
	if got := facts(t, open(t, o), 0); len(got) != 2 {
		t.Errorf("%d blocks", len(got))
	}
}

// TestGenesis: the main network's block 0, made of the words and numbers in every node's
// configuration, has the name by which the network is known. That holds the reading of
// headers to the real chain.
func TestGenesis(t *testing.T) {
	id, err := tron.HeaderName(must(obj{
		"txTrieRoot":      "8ef446bf3f395af929c218014f6101ec86576c5f61b2ae3236bf3a2ab5e2fecd",
		"parentHash":      "e58f33f9baf9305dc6f82b9f1934ea8f0ade2defb951258d50167028c780351f",
		"witness_address": hex.EncodeToString([]byte("A new system must allow existing systems to be linked together without requiring any central control or coordination")),
	}))
	if want := "00000000000000001ebf88508a03865c71d452e25f4d51194196a1d22b6653dc"; err != nil || fmt.Sprintf("%x", id) != want {
		t.Errorf("%x, want %s", id, want)
	}
}
