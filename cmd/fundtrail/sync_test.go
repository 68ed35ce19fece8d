package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/archive"
)

// A devNode is a geth in developer mode, a block for each transaction.
type devNode struct {
	t    *testing.T
	url  string // its own
	ours string // where it says that its chain is Ethereum, and a key is in the path
	from string
}

func startDevNode(t *testing.T) *devNode {
	path := os.Getenv("FUNDTRAIL_GETH")
	if path == "" {
		t.Skip("no geth is named by FUNDTRAIL_GETH")
	}
	var ports []string
	for range 2 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		ports = append(ports, strconv.Itoa(l.Addr().(*net.TCPAddr).Port))
		l.Close()
	}
	cmd := exec.Command(path, "--dev", "--gcmode", "archive", "--http", "--http.port", ports[0], "--http.api", "eth,net,debug", "--authrpc.port", ports[1],
		"--port", "0", "--nodiscover", "--maxpeers", "0", "--ipcdisable", "--datadir", t.TempDir(), "--verbosity", "1")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	n := &devNode{t: t, url: "http://127.0.0.1:" + ports[0]}
	for range 300 {
		var list []string
		if err := n.try(&list, "eth_accounts"); err == nil && len(list) > 0 {
			n.from = list[0]
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	if n.from == "" {
		t.Fatal("geth does not answer")
	}
	to, _ := url.Parse(n.url)
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(to)
			r.Out.URL.Path = "/"
			r.Out.Header.Del("Accept-Encoding")
		},
		ModifyResponse: func(r *http.Response) error {
			body, err := io.ReadAll(r.Body)
			body = bytes.Replace(body, []byte(`"result":"0x539"`), []byte(`"result":"0x1"`), 1)
			r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
			r.Header.Set("Content-Length", strconv.Itoa(len(body)))
			return err
		},
	}
	srv := httptest.NewServer(proxy)
	t.Cleanup(srv.Close)
	n.ours = srv.URL + "/v3/5ecre7"
	return n
}

func (n *devNode) try(v any, method string, params ...any) error {
	if params == nil {
		params = []any{}
	}
	body, _ := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
	resp, err := http.Post(n.url, "application/json", bytes.NewReader(body))
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	var got struct {
		Result json.RawMessage
		Error  *struct{ Message string }
	}
	if err := json.NewDecoder(resp.Body).Decode(&got); err != nil {
		return err
	}
	if got.Error != nil {
		return fmt.Errorf("%s: %s", method, got.Error.Message)
	}
	return json.Unmarshal(got.Result, v)
}

func (n *devNode) height() int64 {
	var text string
	if err := n.try(&text, "eth_blockNumber"); err != nil {
		n.t.Fatal(err)
	}
	h, _ := strconv.ParseInt(text, 0, 64)
	return h
}

// mine makes blocks, each with a payment.
func (n *devNode) mine(count int, salt int) {
	for i := range count {
		var hash string
		before := n.height()
		err := n.try(&hash, "eth_sendTransaction", map[string]string{"from": n.from, "to": fmt.Sprintf("0x%040x", salt+i%7), "value": fmt.Sprintf("0x%x", 1000000+salt+i)})
		if err != nil {
			n.t.Fatal(err)
		}
		for try := 0; n.height() == before; try++ {
			if try > 1000 {
				n.t.Fatal("geth makes no block")
			}
			time.Sleep(5 * time.Millisecond)
		}
	}
}

func say(t *testing.T, want int, args ...string) string {
	t.Helper()
	var out bytes.Buffer
	if code := run(context.Background(), args, strings.NewReader(""), &out, &out); code != want {
		t.Fatalf("%v: exit code %d\n%s", args, code, &out)
	}
	if strings.Contains(out.String(), "5ecre7") {
		t.Errorf("%v tells the key:\n%s", args, &out)
	}
	return out.String()
}

// TestSyncGeth: a real node's chain, its reorganisation, and a ledger that traces.
func TestSyncGeth(t *testing.T) {
	n := startDevNode(t)
	dir := t.TempDir() + "/chain"
	sync := []string{"sync", dir, "--chain", "eth", "--rpc", n.ours, "--retries", "0"}
	if text := say(t, 1, "sync", dir, "--chain", "eth", "--rpc", n.url); !strings.Contains(text, "1337") {
		t.Errorf("another chain: %s", text)
	}
	n.mine(200, 1000)
	say(t, 0, append(sync, "--to", "90")...)
	top := n.height() // geth makes an empty block now and then
	if text := say(t, 0, sync...); !strings.Contains(text, fmt.Sprintf("read, 91 to %d", top)) {
		t.Errorf("resumed: %s", text)
	}
	if text := say(t, 0, sync...); !strings.Contains(text, "nothing new") {
		t.Errorf("at the head: %s", text)
	}
	say(t, 3, "ledger", "watch", dir, "--name", "dev", n.from)
	var none any
	if err := n.try(&none, "debug_setHead", "0xa0"); err != nil {
		t.Fatal(err)
	}
	if text := say(t, 0, sync...); !strings.Contains(text, fmt.Sprintf("%d blocks below the ledger", top-160)) {
		t.Errorf("behind: %s", text)
	}
	n.mine(50, 2000)
	if text := say(t, 0, sync...); !strings.Contains(text, fmt.Sprintf("with 50 transactions read, 161 to %d", n.height())) || !strings.Contains(text, fmt.Sprintf("%d blocks of the ledger were replaced", top-160)) {
		t.Errorf("reorganised: %s", text)
	}
	if text := say(t, 0, "ledger", "fsck", dir, "--deep"); !strings.Contains(text, "WHOLE") {
		t.Error(text)
	}
	// What was derived goes to the fork, and is what is made anew.
	if text := say(t, 3, "ledger", "watch", dir, "--name", "dev"); !strings.Contains(text, "Blocks of eth above ") || !strings.Contains(text, "gone  ") || !strings.Contains(text, "new  ") || strings.Contains(text, "Not claimed") {
		t.Error(text)
	}
	brought, err := os.ReadFile(dir + "/watch/dev.json")
	if err != nil {
		t.Fatal(err)
	}
	say(t, 0, "ledger", "watch", dir, "--name", "dev", "--rebuild")
	if anew, err := os.ReadFile(dir + "/watch/dev.json"); err != nil || !bytes.Equal(anew, brought) {
		t.Errorf("made anew, what was derived differs: %v", err)
	}
	scratch := t.TempDir() + "/chain"
	say(t, 0, "sync", scratch, "--chain", "eth", "--rpc", n.ours)
	if got, want := movements(t, dir), movements(t, scratch); got != want || len(got) < 200 {
		t.Errorf("the ledger:\n%s\nfrom scratch:\n%s", got, want)
	}
	text := say(t, 0, "trace", fmt.Sprintf("0x%040x", 2003), "--chain", "eth", "--direction", "backward", "--ledger", dir)
	if !strings.Contains(strings.ToLower(text), n.from[:8]) {
		t.Errorf("trace: %s", text)
	}

	lasting(t, n)
	newest(t, n, sync, dir)

	// At the head it follows, and ends in order when it is told to.
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan int)
	var out bytes.Buffer
	go func() { done <- run(ctx, append(sync, "--follow"), strings.NewReader(""), &out, &out) }()
	n.mine(3, 3000)
	top = n.height()
	for try := 0; ; try++ {
		if l, err := archive.Open(dir); err == nil {
			b, _ := l.Tip("eth")
			l.Close()
			if b.Height >= top {
				break
			}
		}
		if try > 300 {
			t.Error("the new blocks do not come")
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	cancel()
	if code := <-done; code != 0 || !strings.Contains(out.String(), "ends with block ") {
		t.Errorf("--follow: exit code %d: %s", code, &out)
	}
}

// newest: a ledger that begins with the newest blocks traces them at once, and becomes the
// one that was read in order; with --follow its head goes on meanwhile.
func newest(t *testing.T, n *devNode, line []string, want string) {
	down := t.TempDir() + "/down"
	line = append(slices.Clone(line), "--backfill", "newest-first", "--newest", "10")
	line[1] = down
	text := say(t, 0, line...)
	if !strings.Contains(text, "10 blocks with ") || !strings.Contains(text, "begins with block 0") {
		t.Error(text)
	}
	if text := say(t, 0, "ledger", "fsck", down, "--deep"); !strings.Contains(text, "WHOLE") {
		t.Error(text)
	}
	if got, want := movements(t, down), movements(t, want); got != want {
		t.Errorf("newest first:\n%s\nin order:\n%s", got, want)
	}
	line[1] = t.TempDir() + "/live"
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan int)
	var out bytes.Buffer
	go func() {
		done <- run(ctx, append(line, "--follow", "--poll", "20ms"), strings.NewReader(""), &out, &out)
	}()
	n.mine(5, 5000)
	for try := 0; ; try++ {
		if l, err := archive.Open(line[1]); err == nil {
			tip, _ := l.Tip("eth")
			_, all := l.Block("eth", 0)
			l.Close()
			if all && tip.Height >= n.height() {
				break
			}
		}
		if try > 300 {
			t.Error("it does not become whole")
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	cancel()
	if code := <-done; code != 0 {
		t.Errorf("exit code %d: %s", code, &out)
	}
	say(t, 0, line[:8]...) // the blocks since, in order
	scratch := t.TempDir() + "/scratch"
	say(t, 0, "sync", scratch, "--chain", "eth", "--rpc", n.ours)
	if got, want := movements(t, line[1]), movements(t, scratch); got != want {
		t.Errorf("newest first and followed:\n%s\nin order:\n%s", got, want)
	}
}

// lasting: a chain whose node refuses the key ends at once, also with --follow, and the other
// one goes on; the figures tell of both.
func lasting(t *testing.T, n *devNode) {
	refusing := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) }))
	defer refusing.Close()
	none := t.TempDir() + "/none"
	for _, chain := range []string{"eth", "btc", "trx"} {
		if text := say(t, 1, "sync", none, "--chain", chain, "--rpc", refusing.URL, "--follow"); !strings.Contains(text, "401 Unauthorized") || !strings.Contains(text, "does not mend by itself") {
			t.Errorf("%s: %s", chain, text)
		}
	}
	if text := say(t, 1, "sync", none, "--chain", "eth", "--rpc", n.url, "--follow"); !strings.Contains(text, "1337") {
		t.Errorf("another chain: %s", text)
	}
	if _, err := os.Stat(none); !os.IsNotExist(err) {
		t.Errorf("what was begun in vain: %v", err)
	}
	both := t.TempDir() + "/both"
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	done := make(chan int)
	r, w := io.Pipe()
	go func() {
		done <- run(ctx, []string{"sync", both, "--follow", "--metrics", ":0", "--chain", "btc", "--rpc", refusing.URL, "--chain", "eth", "--rpc", n.ours}, strings.NewReader(""), w, w)
		w.Close()
	}()
	var all []byte
	text := make([]byte, 1<<16)
	address := ""
	for !bytes.Contains(all, []byte("fundtrail: btc: a node of btc: ")) {
		k, err := r.Read(text)
		if all = append(all, text[:k]...); err != nil {
			t.Fatalf("%s: %v", all, err)
		}
		if _, rest, ok := strings.Cut(string(all), "figures are at "); ok && address == "" {
			address, _, _ = strings.Cut(rest, "\n")
		}
	}
	go io.Copy(io.Discard, r)
	want := fmt.Sprintf("fundtrail_sync_ledger_height{chain=\"eth\"} %d\n", n.height())
	got := ""
	for range 100 {
		resp, err := http.Get(address)
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if got = string(b); err != nil || strings.Contains(got, want) {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	for _, line := range []string{want, "fundtrail_sync_up{chain=\"btc\"} 0\n", "fundtrail_sync_up{chain=\"eth\"} 1\n", "fundtrail_sync_lag_seconds{chain=\"eth\"} 0\n",
		"fundtrail_sync_blocks_total{chain=\"eth\"} ", "fundtrail_sync_last_write_timestamp_seconds{chain=\"eth\"} ", "fundtrail_sync_head_height{chain=\"eth\"} "} {
		if !strings.Contains(got, line) {
			t.Errorf("no %q in:\n%s", line, got)
		}
	}
	cancel()
	if code := <-done; code != 1 {
		t.Errorf("exit code %d", code)
	}
}

// movements says what a ledger holds, and what it claims to be whole.
func movements(t *testing.T, dir string) string {
	l, err := archive.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	var s strings.Builder
	m := new(fundtrail.Movement)
	for p := range l.Size() {
		l.Movement(p, m)
		x := l.Transaction(p)
		fmt.Fprintf(&s, "%s %d %s %s %s %s\n", x.ID, x.Height, l.Output(p), l.Address(m.From), l.Address(m.To), m.Amount)
	}
	for _, c := range l.Coverage() {
		fmt.Fprintf(&s, "%d-%d %s\n", c.FromBlock, c.ToBlock, c.What)
	}
	return s.String()
}
