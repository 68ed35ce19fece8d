package source_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/fetch"
	"github.com/fundtrail/fundtrail/internal/ledger"
	"github.com/fundtrail/fundtrail/internal/ledgertest"
	"github.com/fundtrail/fundtrail/internal/source"
	"github.com/fundtrail/fundtrail/internal/source/sourcetest"
	"github.com/fundtrail/fundtrail/internal/trace"
)

const accounts = `
2022-03-29T09:00Z t0 eth  clean -> thief             30 ETH
2022-03-29T10:00Z t1 eth  ronin -> thief            100 ETH
2022-03-29T12:00Z t3 eth  thief -> a                 70 ETH
2022-03-29T12:00Z t3 eth  thief fee                   1
2022-03-29T13:00Z t4 eth  thief -> b                 40 ETH
2022-03-29T14:00Z t5 eth  a -> c                     60 ETH
2022-03-29T15:00Z t6 eth  c -> d                     59 ETH
2022-03-29T16:00Z t7 eth  other -> unrelated         59 ETH
2022-03-29T17:00Z t8 eth  d fee                       1
`

const coins = `
2022-03-29T10:00Z t1 btc  coinbase -> thief 10
2022-03-29T10:00Z t2 btc  coinbase -> clean 10
2022-03-29T11:00Z t3 btc  t1:0 + t2:0 -> a 4, b 11, c 4.5
2022-03-29T12:00Z t4 btc  t3:1 -> d 10.9
2022-03-29T13:00Z t5 btc  t4:0 -> e 5, f 5.8
2022-03-29T13:00Z t6 btc  coinbase -> unrelated 5
`

func build(t testing.TB, text string) *ledger.Memory {
	t.Helper()
	parsed, err := ledgertest.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	b := ledger.NewBuilder()
	for i := range parsed.Transactions {
		if err := b.Transaction(&parsed.Transactions[i], ledger.Where{}); err != nil {
			t.Fatal(err)
		}
	}
	l, err := b.Seal()
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// A world is a chain, a server that tells of it, and a folder for its answers.
type world struct {
	t      testing.TB
	ledger *ledger.Memory
	peer   *sourcetest.Peer
	dir    string
	opt    source.Options
	theft  fundtrail.Theft
}

func newWorld(t testing.TB, name, text string) *world {
	w := &world{t: t, ledger: build(t, text), dir: t.TempDir()}
	chain := w.ledger.Chains()[0].Chain
	w.peer = &sourcetest.Peer{Ledger: w.ledger, Chain: chain}
	w.opt = source.Options{Name: name, MaxRequests: 1000, Fetch: fetch.Options{
		Rate: 1e6, Burst: 1e6, BackOff: time.Nanosecond, Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() }}}
	w.opt.URL = w.peer.Serve(t).URL
	w.theft = fundtrail.Theft{Tx: ledgertest.Tx(chain, "t1"), Address: ledgertest.Address(chain, "thief"), Asset: fundtrail.NativeAsset(chain)}
	return w
}

func traceOf(t fundtrail.Theft, hub int) func(fundtrail.Ledger) (*fundtrail.Trace, error) {
	return func(l fundtrail.Ledger) (*fundtrail.Trace, error) {
		return trace.Run(context.Background(), trace.Input{Ledger: l, Thefts: []fundtrail.Theft{t}}, trace.Options{Hub: hub}.WithDefaults())
	}
}

func (w *world) follow(change func(*source.Case, *source.Options)) (*source.Result, error) {
	w.t.Helper()
	c := source.Case{Thefts: []fundtrail.Theft{w.theft}, Bound: source.Bound{Hub: 500}, Trace: traceOf(w.theft, 500)}
	o := w.opt
	if change != nil {
		change(&c, &o)
	}
	kept, err := source.Write(w.dir)
	if err != nil {
		w.t.Fatal(err)
	}
	defer kept.Close()
	return c.Follow(context.Background(), kept, o)
}

// ends writes a trace's ends, but for how they are worded.
func (w *world) ends(l fundtrail.Ledger) string {
	w.t.Helper()
	tr, err := traceOf(w.theft, 500)(l)
	if err != nil {
		w.t.Fatal(err)
	}
	var b strings.Builder
	for i := range tr.Ends {
		e := &tr.Ends[i]
		fmt.Fprintf(&b, "%s %v %s %v %v\n", e.Kind, e.Addresses, e.Asset, e.Taint, e.Bounds)
	}
	return b.String()
}

// TestFollow: what is asked for step by step leads to the same ends as the whole chain,
// and to no address that value did not reach.
func TestFollow(t *testing.T) {
	for _, c := range []struct{ name, text string }{{source.Etherscan, accounts}, {source.Blockscout, accounts}, {source.RPC, accounts}, {"rpc without traces", accounts}, {source.Esplora, coins}} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, strings.TrimSuffix(c.name, " without traces"), c.text)
			if w.opt.Name != c.name {
				w.peer.Lacks = []string{"trace_filter"}
			}
			res, err := w.follow(nil)
			if err != nil {
				t.Fatal(err)
			}
			if res.Stopped != nil || len(res.Left) > 0 {
				t.Fatalf("stopped %v, left %v", res.Stopped, res.Left)
			}
			got := w.ends(res.Ledger)
			whole := *w.ledger
			want := w.ends(&covered{&whole})
			if got != want {
				t.Errorf("ends\n%swant\n%s", got, want)
			}
			unrelated := ledgertest.Address(w.peer.Chain, "unrelated").String()
			for _, r := range w.peer.Requests() {
				if strings.Contains(strings.ToLower(r), strings.ToLower(unrelated)) {
					t.Errorf("asked for an address that nothing reached: %s", r)
				}
			}
			// Again, with nobody there.
			n := len(w.peer.Requests())
			again, err := w.follow(func(_ *source.Case, o *source.Options) { o.Offline = true })
			if err != nil || again.Spent != 0 || len(w.peer.Requests()) != n {
				t.Fatalf("offline: %v, %d requests", err, len(w.peer.Requests())-n)
			}
			if a, b := dump(res.Ledger), dump(again.Ledger); a != b {
				t.Errorf("offline the ledger is\n%swant\n%s", b, a)
			}
			if fmt.Sprint(res.Used) != fmt.Sprint(again.Used) {
				t.Errorf("offline it rests on %v, want %v", again.Used, res.Used)
			}
			// And from the folder alone.
			kept, err := source.Read(w.dir)
			if err != nil {
				t.Fatal(err)
			}
			b := ledger.NewBuilder()
			if _, err := source.Held(t.Context(), kept, b, nil); err != nil {
				t.Fatal(err)
			}
			held, err := b.Seal()
			if err != nil {
				t.Fatal(err)
			}
			if x, y := dump(res.Ledger), dump(held); x != y {
				t.Errorf("the folder holds\n%swant\n%s", y, x)
			}
		})
	}
}

// covered is a ledger that claims to be whole.
type covered struct{ *ledger.Memory }

func (c *covered) Coverage() []fundtrail.Coverage {
	return []fundtrail.Coverage{{Chain: c.Chains()[0].Chain, ToBlock: 1 << 40, What: fundtrail.AllKinds}}
}

// dump writes a ledger out.
func dump(l fundtrail.Ledger) string {
	var b strings.Builder
	var m fundtrail.Movement
	for p := range l.Size() {
		l.Movement(p, &m)
		s := l.Transaction(p)
		fmt.Fprintln(&b, s.Height, s.Time, l.Output(p), m.Kind, l.Address(m.From), l.Address(m.To), m.Amount, l.Asset(m.Asset), m.Link)
	}
	for _, c := range l.Coverage() {
		fmt.Fprintln(&b, c)
	}
	return b.String()
}

// TestSame: facts of answers are those of the chain itself, to the index.
func TestSame(t *testing.T) {
	const text = `
2022-03-29T10:00Z t1 eth  ronin -> thief            100 ETH
2022-03-29T11:00Z t2 eth  thief -> a                  5 USDC
2022-03-29T11:00Z t2 eth  mint -> thief               7 USDC
2022-03-29T11:00Z t2 eth  thief -> burn               2 USDC
2022-03-29T11:00Z t2 eth  thief fee                   1
2022-03-29T12:00Z t3 eth  thief -> b                 90 ETH
`
	for _, name := range []string{source.Etherscan, source.Blockscout, source.RPC} {
		t.Run(name, func(t *testing.T) { same(t, name, text) })
	}
}

func same(t *testing.T, name, text string) {
	w := newWorld(t, name, text)
	res, err := w.follow(func(c *source.Case, _ *source.Options) { c.Bound.Tokens = true })
	if err != nil {
		t.Fatal(err)
	}
	var m fundtrail.Movement
	seen := 0
	for p := range w.ledger.Size() {
		w.ledger.Movement(p, &m)
		want := w.ledger.Output(p)
		span, ok := res.Ledger.FindTx(want.Transfer.Tx)
		if !ok {
			t.Fatalf("%s is missing", want)
		}
		for q := span.First; q < span.End; q++ {
			var n fundtrail.Movement
			if res.Ledger.Movement(q, &n); res.Ledger.Output(q) == want && n.Amount == m.Amount && res.Ledger.Address(n.From) == w.ledger.Address(m.From) && res.Ledger.Address(n.To) == w.ledger.Address(m.To) {
				seen++
			}
		}
	}
	if seen != int(w.ledger.Size()) {
		t.Errorf("%d of %d movements are the same\n%s\n%s", seen, w.ledger.Size(), dump(w.ledger), dump(res.Ledger))
	}
}

// TestBudget: requests are counted, what is left is said, and more of them go on from there.
func TestBudget(t *testing.T) {
	whole := newWorld(t, source.Etherscan, accounts)
	all, err := whole.follow(nil)
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, source.Etherscan, accounts)
	for n := 0; ; n++ {
		before := len(w.peer.Requests())
		res, err := w.follow(func(_ *source.Case, o *source.Options) { o.MaxRequests = 5 })
		if err != nil {
			if n > 1 {
				t.Fatal(err)
			}
			continue // not enough to begin with
		}
		if made := len(w.peer.Requests()) - before; made > 5 || made != res.Spent {
			t.Fatalf("%d requests made, %d counted, 5 allowed", made, res.Spent)
		}
		if res.Stopped == nil {
			if a, b := dump(all.Ledger), dump(res.Ledger); a != b {
				t.Errorf("in parts the ledger is\n%swant\n%s", b, a)
			}
			if n < 2 {
				t.Errorf("it took %d runs", n+1)
			}
			break
		}
		if !errors.Is(res.Stopped, fundtrail.ErrLimit) || len(res.Left) == 0 {
			t.Errorf("stopped by %v, %d left", res.Stopped, len(res.Left))
		}
		if n == 20 {
			t.Fatal("it does not end")
		}
	}
	if a, b := len(whole.peer.Requests()), len(w.peer.Requests()); a != b {
		t.Errorf("%d requests in parts, %d at once", b, a)
	}
}

// TestAnyOrder: the order in which answers were kept does not matter.
func TestAnyOrder(t *testing.T) {
	w := newWorld(t, source.Etherscan, accounts)
	res, err := w.follow(nil)
	if err != nil {
		t.Fatal(err)
	}
	index := filepath.Join(w.dir, "answers.jsonl")
	raw, err := os.ReadFile(index)
	if err != nil {
		t.Fatal(err)
	}
	lines := bytes.SplitAfter(bytes.TrimSuffix(raw, []byte("\n")), []byte("\n"))
	lines[len(lines)-1] = append(lines[len(lines)-1], '\n')
	for i, j := 0, len(lines)-1; i < j; i, j = i+1, j-1 {
		lines[i], lines[j] = lines[j], lines[i]
	}
	if err := os.WriteFile(index, bytes.Join(lines, nil), 0o600); err != nil {
		t.Fatal(err)
	}
	again, err := w.follow(func(_ *source.Case, o *source.Options) { o.Offline = true })
	if err != nil {
		t.Fatal(err)
	}
	if a, b := dump(res.Ledger), dump(again.Ledger); a != b {
		t.Errorf("in another order the ledger is\n%swant\n%s", b, a)
	}
}

// TestHub: of an address with very many counterparties no more is asked for than shows it.
func TestHub(t *testing.T) {
	var b strings.Builder
	b.WriteString(accounts)
	for i := range 5000 {
		fmt.Fprintf(&b, "2022-03-30T%02d:%02dZ h%d eth  b -> x%d 1 ETH\n", i/60%24, i%60, i, i)
	}
	w := newWorld(t, source.Etherscan, b.String())
	res, err := w.follow(nil)
	if err != nil {
		t.Fatal(err)
	}
	hub := strings.ToLower(ledgertest.Address(fundtrail.Ethereum, "b").String())
	asked := 0
	for _, r := range w.peer.Requests() {
		if strings.Contains(r, hub) {
			asked++
		}
	}
	if asked != 1 || len(res.Cuts) != 1 {
		t.Errorf("asked for the hub %d times, cuts %v", asked, res.Cuts)
	}
	if !strings.Contains(w.ends(res.Ledger), "hub") {
		t.Errorf("no end is a hub:\n%s", w.ends(res.Ledger))
	}
}

// TestWindow: a history longer than pages may count is read by going on from its last block.
func TestWindow(t *testing.T) {
	var b strings.Builder
	for i := range 10_300 {
		fmt.Fprintf(&b, "2021-%02d-%02dT%02d:%02dZ w%d eth  x%d -> thief 0.001 ETH\n", 1+i/900, 1+i/60%15, i%24, i%60, i, i%7)
	}
	b.WriteString(accounts)
	w := newWorld(t, source.Etherscan, b.String())
	res, err := w.follow(nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(res.Cuts) > 0 {
		t.Errorf("cuts %v", res.Cuts)
	}
	id, _ := res.Ledger.AddressID(ledgertest.Address(fundtrail.Ethereum, "thief"))
	whole, _ := w.ledger.AddressID(ledgertest.Address(fundtrail.Ethereum, "thief"))
	if a, b := res.Ledger.MoveCount(id), w.ledger.MoveCount(whole); a != b {
		t.Errorf("%d movements, want %d", a, b)
	}
}

// TestFailures: what a source may do instead of answering.
func TestFailures(t *testing.T) {
	once := func(n int, f func(http.ResponseWriter)) func(http.ResponseWriter, *http.Request, int) bool {
		return func(w http.ResponseWriter, _ *http.Request, at int) bool {
			if at == n {
				f(w)
			}
			return at == n
		}
	}
	say := func(text string) func(http.ResponseWriter) {
		return func(w http.ResponseWriter) { fmt.Fprint(w, text) }
	}
	for _, c := range []struct {
		name  string
		spoil func(http.ResponseWriter, *http.Request, int) bool
		want  string // "" mends itself
	}{
		{"busy in a good answer", once(3, say(`{"status":"0","message":"NOTOK","result":"Max calls per sec rate limit reached (5/sec)"}`)), ""},
		{"too many requests", once(3, func(w http.ResponseWriter) { w.Header().Set("Retry-After", "1"); w.WriteHeader(429) }), ""},
		{"broken server", once(4, func(w http.ResponseWriter) { w.WriteHeader(502) }), ""},
		{"cut short", once(4, func(w http.ResponseWriter) { w.Header().Set("Content-Length", "9999"); fmt.Fprint(w, `{"status":`) }), ""},
		{"half of an answer", once(4, say(`{"status":"1","message":"OK","result":[{"block`)), ""},
		{"a page of a firewall", once(4, say(`<html>are you human?</html>`)), ""},
		{"wrong key", func(w http.ResponseWriter, _ *http.Request, n int) bool {
			fmt.Fprint(w, `{"status":"0","message":"NOTOK","result":"Invalid API Key SECRETKEY"}`)
			return true
		}, "Invalid API Key …"},
		{"another address", func(w http.ResponseWriter, r *http.Request, n int) bool {
			if r.URL.Query().Get("action") == "txlist" {
				fmt.Fprint(w, `{"status":"1","message":"OK","result":[{"blockNumber":"5","timeStamp":"1","hash":"0x1","from":"0x01","to":"0x02","value":"1"}]}`)
				return true
			}
			return false
		}, "not about the address"},
		{"blocks to come", func(w http.ResponseWriter, r *http.Request, n int) bool {
			if r.URL.Query().Get("action") == "txlist" {
				fmt.Fprintf(w, `{"status":"1","message":"OK","result":[{"blockNumber":"999999999999","from":"%s"}]}`, r.URL.Query().Get("address"))
				return true
			}
			return false
		}, "blocks up to"},
		{"another transaction", func(w http.ResponseWriter, r *http.Request, n int) bool {
			if r.URL.Query().Get("action") == "eth_getTransactionByHash" {
				fmt.Fprint(w, `{"jsonrpc":"2.0","id":1,"result":{"hash":"0x12","blockNumber":"0x1"}}`)
				return true
			}
			return false
		}, "asked for transaction"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, source.Etherscan, accounts)
			good, err := w.follow(nil)
			if err != nil {
				t.Fatal(err)
			}
			w.dir = t.TempDir()
			if c.name == "another transaction" { // one that the address's history does not hold
				w.theft.Tx = ledgertest.Tx(fundtrail.Ethereum, "t7")
			}
			n := len(w.peer.Requests())
			w.peer.Spoil = func(rw http.ResponseWriter, r *http.Request, at int) bool { return c.spoil(rw, r, at-n) }
			res, err := w.follow(func(_ *source.Case, o *source.Options) { o.Key = "SECRETKEY" })
			if c.want == "" {
				if err != nil {
					t.Fatal(err)
				}
				if a, b := dump(good.Ledger), dump(res.Ledger); a != b {
					t.Errorf("the ledger is\n%swant\n%s", b, a)
				}
			} else if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("error %v, want %q", err, c.want)
			}
			if err != nil && strings.Contains(err.Error(), "SECRETKEY") {
				t.Errorf("tells the key: %v", err)
			}
			filepath.WalkDir(w.dir, func(path string, d os.DirEntry, _ error) error {
				if raw, err := os.ReadFile(path); err == nil && bytes.Contains(raw, []byte("SECRETKEY")) {
					t.Errorf("%s holds the key", path)
				}
				return nil
			})
		})
	}
}

// TestLater: a source that fails for good later is said, and what is held is traced.
func TestLater(t *testing.T) {
	w := newWorld(t, source.Etherscan, accounts)
	w.peer.Spoil = func(rw http.ResponseWriter, _ *http.Request, n int) bool {
		if n > 8 {
			rw.WriteHeader(503)
		}
		return n > 8
	}
	res, err := w.follow(nil)
	if err != nil {
		t.Fatal(err)
	}
	if !errors.Is(res.Stopped, fundtrail.ErrUnavailable) || len(res.Left) == 0 {
		t.Errorf("stopped %v, left %v", res.Stopped, res.Left)
	}
	w.peer.Spoil = nil
	if res, err = w.follow(nil); err != nil || res.Stopped != nil {
		t.Errorf("after that: %v, %v", err, res.Stopped)
	}
}

// TestRefresh: asking anew is as of the newest block, and keeps what was known before.
func TestRefresh(t *testing.T) {
	w := newWorld(t, source.Etherscan, accounts)
	head := w.ledger.Transaction(w.ledger.Size() - 1).Height
	w.peer.Head = head - 130
	old, err := w.follow(nil)
	if err != nil {
		t.Fatal(err)
	}
	w.peer.Head = head
	same, err := w.follow(nil)
	if err != nil || dump(same.Ledger) != dump(old.Ledger) || same.Spent != 0 {
		t.Errorf("without asking anew: %v, %d requests", err, same.Spent)
	}
	fresh, err := w.follow(func(_ *source.Case, o *source.Options) { o.Refresh = true })
	if err != nil || fresh.Blocks[fundtrail.Ethereum] != head || fresh.Ledger.Size() <= old.Ledger.Size() {
		t.Errorf("asked anew: %v, block %d of %d", err, fresh.Blocks[fundtrail.Ethereum], head)
	}
	kept, err := source.Read(w.dir)
	if err != nil {
		t.Fatal(err)
	}
	was := map[source.Record]bool{}
	for _, r := range old.Used {
		was[r] = true
	}
	b := ledger.NewBuilder()
	if _, err := source.Held(t.Context(), kept.Only(func(r source.Record) bool { return was[r] }), b, nil); err != nil {
		t.Fatal(err)
	}
	l, err := b.Seal()
	if err != nil || dump(l) != dump(old.Ledger) {
		t.Errorf("the answers of before no longer give the ledger of before: %v", err)
	}
}

// TestUnknown: a transaction that the source does not know is said, and known offline too.
func TestUnknown(t *testing.T) {
	for _, c := range []struct{ name, text string }{{source.Etherscan, accounts}, {source.Blockscout, accounts}, {source.RPC, accounts}, {source.Esplora, coins}} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, c.name, c.text)
			w.theft.Tx = ledgertest.Tx(w.peer.Chain, "never")
			whole := fundtrail.Theft{Address: w.theft.Address, Whole: true}
			res, err := w.follow(func(c *source.Case, _ *source.Options) { c.Trace = traceOf(whole, 500) })
			if err != nil {
				t.Fatal(err)
			}
			if len(res.Unknown) != 1 || res.Stopped != nil {
				t.Fatalf("unknown %v, stopped %v", res.Unknown, res.Stopped)
			}
			again, err := w.follow(func(c *source.Case, o *source.Options) { c.Trace, o.Offline = traceOf(whole, 500), true })
			if err != nil || len(again.Unknown) != 1 || again.Stopped != nil || dump(again.Ledger) != dump(res.Ledger) {
				t.Fatalf("offline: %v, unknown %v, stopped %v", err, again.Unknown, again.Stopped)
			}
			w.theft.Address = fundtrail.Address{}
			if _, err := w.follow(nil); !errors.Is(err, fundtrail.ErrNotFound) {
				t.Errorf("without an address: %v", err)
			}
		})
	}
}

// TestPlainNode: a node that cannot list an address's transactions is told from one that
// does not answer, and what to do instead is said.
func TestPlainNode(t *testing.T) {
	w := newWorld(t, source.RPC, accounts)
	w.peer.Lacks = []string{"trace_filter", "ots_searchTransactionsAfter"}
	if _, err := w.follow(nil); err == nil || !strings.Contains(err.Error(), "fundtrail sync") {
		t.Errorf("error %v", err)
	}
	w = newWorld(t, source.RPC, accounts)
	w.peer.Chain = fundtrail.BSC
	if _, err := w.follow(nil); !errors.Is(err, fundtrail.ErrConflict) {
		t.Errorf("of another chain: %v", err)
	}
}

// TestBeside: what files tell beside the answers is one with them, and counts once.
func TestBeside(t *testing.T) {
	for _, c := range []struct{ name, text string }{{source.Etherscan, accounts}, {source.Esplora, coins}} {
		w := newWorld(t, c.name, c.text)
		parsed := ledgertest.MustParse(c.text)
		rounds := 0
		res, err := w.follow(func(c *source.Case, _ *source.Options) {
			c.Base = func(b *ledger.Builder) error {
				rounds++
				for i := range parsed.Transactions {
					tx := parsed.Transactions[i]
					tx.Place = ledger.UnknownPlace
					if err := b.Transaction(&tx, ledger.Where{}); err != nil {
						return err
					}
				}
				return nil
			}
		})
		if err != nil {
			t.Fatal(c.name, err)
		}
		if res.Ledger.Size() != w.ledger.Size() || rounds < 2 {
			t.Errorf("%s: %d movements, want %d, in %d rounds", c.name, res.Ledger.Size(), w.ledger.Size(), rounds)
		}
		if res.Stopped != nil || len(res.Left) > 0 {
			t.Errorf("%s: stopped %v, left %v", c.name, res.Stopped, res.Left)
		}
	}
}
