package main

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/archive"
	"github.com/fundtrail/fundtrail/internal/chain/evm"
	"github.com/fundtrail/fundtrail/internal/fetch"
)

// A soakSync is the program itself, following both chains.
type soakSync struct {
	soakNode
	metrics string
	starts  int
}

// TestSoak lets the program follow two busy chains of real nodes for as long as
// FUNDTRAIL_SOAK says, such as 30m, while nodes and program are killed and chains are
// reorganised. At the end the ledger is whole, is what one made at once would be, and has
// the nodes' balances.
func TestSoak(t *testing.T) {
	span, err := time.ParseDuration(os.Getenv("FUNDTRAIL_SOAK"))
	if err != nil {
		t.Skip("FUNDTRAIL_SOAK does not say for how long, such as 30m")
	}
	dir := t.TempDir()
	program := filepath.Join(dir, "fundtrail")
	if out, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	g, b := startSoakGeth(t, dir), startSoakBTCD(t, dir)
	ledger := filepath.Join(dir, "chain")
	port := localPort(t)
	s := &soakSync{soakNode: soakNode{t: t, name: "fundtrail", log: filepath.Join(dir, "fundtrail.log"), args: []string{program, "sync", ledger, "--follow", "--poll", "200ms", "--retries", "1",
		"--metrics", "127.0.0.1:" + port, "--chain", "eth", "--rpc", g.ours, "--chain", "btc", "--rpc", b.ours, "--from", "1"}}, metrics: "http://127.0.0.1:" + port + "/metrics"}
	s.start()
	t.Cleanup(s.kill)
	t.Cleanup(func() {
		if text, err := os.ReadFile(s.log); err == nil && t.Failed() {
			t.Logf("the program said:\n%s", text[max(0, len(text)-6000):])
		}
	})

	// Each node has one who keeps it busy, and who alone reorganises it.
	var stop atomic.Bool
	var disturbed atomic.Int64 // when, last
	disturb := func() { disturbed.Store(time.Now().UnixNano()) }
	var counts struct{ geth, btcd, program, ethReorgs, btcReorgs atomic.Int64 }
	ethFork, btcFork := make(chan int64, 1), make(chan int64, 1)
	var all sync.WaitGroup
	all.Go(func() {
		g.deploy()
		for n := 0; !stop.Load(); n++ {
			select {
			case depth := <-ethFork:
				if h, err := g.height(); err == nil && h > depth+5 {
					if _, err := g.ask("debug_setHead", fmt.Sprintf("0x%x", h-depth)); err == nil {
						counts.ethReorgs.Add(1)
					}
					disturb()
				}
				n = 0
			default:
			}
			if n%150 == 10 {
				g.deploy()
			}
			g.live()
			time.Sleep(time.Duration(100+g.r.IntN(500)) * time.Millisecond)
		}
	})
	all.Go(func() {
		for !stop.Load() {
			select {
			case depth := <-btcFork:
				h, err := b.height()
				if err != nil {
					continue
				}
				if name, err := askNode[string](b.soakNode, "getblockhash", h-depth+1); err == nil {
					if _, err := b.ask("invalidateblock", name); err == nil {
						disturb()
						b.ask("generate", depth+1)
						counts.btcReorgs.Add(1)
					}
				}
			default:
			}
			b.live() // may fail while the node is down
			time.Sleep(time.Duration(300+b.r.IntN(900)) * time.Millisecond)
		}
	})
	lags := &lagWatch{disturbed: &disturbed}
	all.Go(func() {
		for !stop.Load() {
			lags.look(s.metrics, map[string]func() (int64, error){"eth": g.height, "btc": b.height})
			time.Sleep(25 * time.Millisecond)
		}
	})
	r := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 3))
	for end := time.Now().Add(span); time.Now().Before(end); {
		time.Sleep(time.Duration(5000+r.IntN(15000)) * time.Millisecond)
		disturb()
		down := func(n *soakNode, method string, count *atomic.Int64) {
			n.kill()
			time.Sleep(time.Duration(r.IntN(4000)) * time.Millisecond)
			n.start()
			if method != "" {
				n.up(method)
			}
			count.Add(1)
			disturb()
		}
		switch r.IntN(7) {
		case 0:
			down(g.soakNode, "eth_blockNumber", &counts.geth)
		case 1:
			down(b.soakNode, "getblockcount", &counts.btcd)
		case 2:
			down(&s.soakNode, "", &counts.program)
		case 3, 4:
			ethFork <- 1 + r.Int64N(1+r.Int64N(60))
		default:
			btcFork <- 1 + r.Int64N(8)
		}
	}
	stop.Store(true)
	all.Wait()

	heads := map[fundtrail.Chain]int64{}
	for chain, height := range map[fundtrail.Chain]func() (int64, error){"eth": g.height, "btc": b.height} {
		if heads[chain], err = height(); err != nil {
			t.Fatal(err)
		}
	}
	settled := func() bool { // what a node that is behind once had goes when its chain grows past it
		l, err := archive.Open(ledger)
		if err != nil {
			return false
		}
		defer l.Close()
		for chain, h := range heads {
			if tip, ok := l.Tip(chain); !ok || tip.Height != h {
				return false
			}
		}
		return true
	}
	for try := 0; !settled(); try++ {
		if try == 60 {
			t.Fatalf("the ledger does not reach %v", heads)
		}
		g.send(g.from, "0x1", "")
		b.ask("generate", 1)
		heads["eth"], _ = g.height()
		heads["btc"], _ = b.height()
		time.Sleep(1500 * time.Millisecond)
	}
	s.cmd.Process.Signal(os.Interrupt)
	if err := <-s.ended; err != nil {
		t.Errorf("told to end, the program ends with %v", err)
	}
	s.cmd = nil

	if out, err := exec.Command(program, "ledger", "fsck", ledger, "--deep").CombinedOutput(); err != nil {
		t.Errorf("fsck: %v\n%s", err, out)
	}
	l, err := archive.Open(ledger)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for chain := range heads { // geth may have made another block since it was asked
		tip, _ := l.Tip(chain)
		heads[chain] = tip.Height
	}
	fresh := filepath.Join(dir, "fresh")
	for _, args := range [][]string{{"--chain", "eth", "--rpc", g.ours, "--to", fmt.Sprint(heads["eth"])}, {"--chain", "btc", "--rpc", b.ours, "--from", "1", "--to", fmt.Sprint(heads["btc"])}} {
		if out, err := exec.Command(program, append([]string{"sync", fresh}, args...)...).CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	got, want := strings.SplitAfter(movements(t, ledger), "\n"), strings.SplitAfter(movements(t, fresh), "\n")
	slices.Sort(got) // coverage of two chains stands in the order in which it came
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("%d lines, from scratch %d", len(got), len(want))
		for i := range min(len(got), len(want)) {
			if got[i] != want[i] {
				t.Errorf("line %d:\n got %swant %s", i, got[i], want[i])
				break
			}
		}
	}
	balances := sameBalances(t, g, l, heads["eth"])
	unspent := sameUnspent(t, b, l)
	var sizes []string
	for _, c := range l.Stats().Chains {
		sizes = append(sizes, fmt.Sprintf("%s: %d blocks, %d transactions, %d movements", c.Chain, c.Blocks, c.Transactions, c.Movements))
	}
	t.Logf("%s\nsent %d and %d transactions; %d balances equal, %d addresses' unspent sums equal\nkilled: geth %d, btcd %d, the program %d; reorganised: eth %d, btc %d\n%s",
		strings.Join(sizes, "\n"), g.sent, b.sent, balances, unspent, counts.geth.Load(), counts.btcd.Load(), counts.program.Load(), counts.ethReorgs.Load(), counts.btcReorgs.Load(), lags)
}

// sameBalances holds every address's balance to geth's.
func sameBalances(t *testing.T, g *soakGeth, l *archive.Reader, head int64) int {
	n, err := evm.Open(t.Context(), evm.Options{Decoder: evm.Decoder{Chain: fundtrail.Ethereum, ChainID: 1337}, Endpoints: []evm.Endpoint{{URL: g.url}}, Fetch: fetch.Options{Rate: 1000, Burst: 1000}})
	if err != nil {
		t.Fatal(err)
	}
	bad, compared, err := n.Reconcile(context.Background(), l, 1, head, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range bad[:min(len(bad), 10)] {
		t.Error(m)
	}
	if len(bad) > 0 || compared < 10 {
		t.Errorf("%d of %d balances differ", len(bad), compared)
	}
	return compared - len(bad)
}

// sameUnspent holds the sum of each address's unspent coins to btcd's.
func sameUnspent(t *testing.T, b *soakBTCD, l *archive.Reader) int {
	ours, theirs := map[fundtrail.Address]uint64{}, map[fundtrail.Address]uint64{}
	for _, c := range l.Chains() {
		var m fundtrail.Movement
		for p := c.First; p < c.End && c.Chain == fundtrail.Bitcoin; p++ {
			if l.Movement(p, &m); m.Kind != fundtrail.MoveOutput {
				continue
			}
			out := l.Output(p)
			if m.Link == fundtrail.NoPosition {
				ours[l.Address(m.To)] += m.Amount.Uint64()
			}
			got, err := askNode[*struct {
				Value  json.Number
				Script struct{ Hex string } `json:"scriptPubKey"`
			}](b.soakNode, "gettxout", out.Transfer.Tx.String(), out.Output, false)
			if err != nil {
				t.Fatal(err)
			}
			if got == nil {
				continue
			}
			value, err := fundtrail.ParseDecimal(got.Value.String(), 8)
			if err != nil {
				t.Fatal(err)
			}
			script, _ := hex.DecodeString(got.Script.Hex)
			var a fundtrail.Address
			if len(script) == 25 && bytes.Equal(script, payTo(script[3:23])) {
				a = fundtrail.KeyHashAddress(fundtrail.Bitcoin, [20]byte(script[3:23]))
			}
			theirs[a] += value.Uint64()
		}
	}
	for a := range theirs {
		if ours[a] != theirs[a] {
			t.Errorf("%s: the ledger has %d unspent, the node %d", a, ours[a], theirs[a])
		}
	}
	for a, v := range ours {
		if v > 0 && theirs[a] == 0 {
			t.Errorf("%s: the ledger has %d unspent, the node none", a, v)
		}
	}
	if len(theirs) < 2 {
		t.Errorf("%d addresses have coins", len(theirs))
	}
	return len(theirs)
}

// A lagWatch measures how long a block that a node has takes to be in the ledger.
type lagWatch struct {
	disturbed *atomic.Int64
	wait      map[string][]lagMark
	last      map[string]int64
	calm, any []time.Duration
}

type lagMark struct {
	height int64
	at     time.Time
}

func (w *lagWatch) look(metrics string, heights map[string]func() (int64, error)) {
	if w.wait == nil {
		w.wait, w.last = map[string][]lagMark{}, map[string]int64{}
	}
	for chain, height := range heights {
		h, err := height()
		if err != nil {
			continue
		}
		last, known := w.last[chain]
		w.last[chain] = h
		if h < last {
			w.wait[chain] = nil
		} else if h > last && known {
			w.wait[chain] = append(w.wait[chain], lagMark{h, time.Now()})
		}
	}
	resp, err := http.Get(metrics)
	if err != nil {
		return
	}
	body, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	if err != nil {
		return
	}
	now := time.Now()
	for chain := range heights {
		_, rest, ok := bytes.Cut(body, []byte(`fundtrail_sync_ledger_height{chain="`+chain+`"} `))
		if !ok {
			continue
		}
		text, _, _ := strings.Cut(string(rest), "\n")
		f, err := strconv.ParseFloat(text, 64)
		if err != nil {
			continue
		}
		list := w.wait[chain]
		for len(list) > 0 && list[0].height <= int64(f) {
			took := now.Sub(list[0].at)
			if w.any = append(w.any, took); list[0].at.UnixNano()-w.disturbed.Load() > int64(15*time.Second) || now.UnixNano()-w.disturbed.Load() > int64(15*time.Second) {
				w.calm = append(w.calm, took)
			}
			list = list[1:]
		}
		w.wait[chain] = list
	}
}

func (w *lagWatch) String() string {
	text := func(list []time.Duration) string {
		slices.Sort(list)
		if len(list) == 0 {
			return "none"
		}
		at := func(q float64) time.Duration {
			return list[min(int(q*float64(len(list))), len(list)-1)].Round(time.Millisecond)
		}
		return fmt.Sprintf("%d blocks, p50 %s, p99 %s, longest %s", len(list), at(.5), at(.99), at(1))
	}
	return "from a node's block to the ledger's: " + text(w.any) + "; 15 s or more after a disturbance: " + text(w.calm)
}
