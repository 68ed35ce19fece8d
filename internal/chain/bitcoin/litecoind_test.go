package bitcoin_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/chain/bitcoin"
	"github.com/fundtrail/fundtrail/internal/fetch"
	"github.com/fundtrail/fundtrail/internal/ledger"
)

// startLitecoind starts a node of a network of its own, of the line of Bitcoin Core, with an
// empty wallet, or skips the test. dir is where its block files are.
func startLitecoind(t *testing.T) (n *btcd, dir string) {
	t.Helper()
	program := os.Getenv("FUNDTRAIL_LITECOIND")
	if program == "" {
		var err error
		if program, err = exec.LookPath("litecoind"); err != nil {
			t.Skip("litecoind is not here: install Debian's package of that name, or name it in FUNDTRAIL_LITECOIND")
		}
	}
	if testing.Short() {
		t.Skip("starts a node")
	}
	dir = t.TempDir()
	rpc := freePort(t)
	_, port, _ := strings.Cut(rpc, ":")
	n = &btcd{t: t, url: "http://" + rpc, user: "fundtrail"}
	n.cmd = exec.Command(program, "-regtest", "-server", "-datadir="+dir, "-rpcport="+port, "-rpcuser="+n.user, "-rpcpassword="+n.user,
		"-listen=0", "-dnsseed=0", "-fallbackfee=0.0001", "-printtoconsole=0")
	if err := n.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		n.cmd.Process.Kill() // told to stop, it would wait for our idle connections
		n.cmd.Wait()
	})
	for try := 0; ; try++ {
		_, err := n.try("getblockcount")
		if err == nil {
			return n, filepath.Join(dir, "regtest", "blocks")
		}
		if try == 300 {
			t.Fatalf("litecoind does not answer: %v", err)
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// TestAgainstLitecoind: the chain of a node of Bitcoin Core's line, with Litecoin's extension
// blocks (MWEB) in use, read over JSON-RPC and from the files that the node wrote.
func TestAgainstLitecoind(t *testing.T) {
	n, dir := startLitecoind(t)
	genesis, err := fundtrail.ParseHash(ask[string](n, "getblockhash", 0))
	if err != nil {
		t.Fatal(err)
	}
	regtest := &bitcoin.Params{Chain: fundtrail.Litecoin, Magic: [4]byte{0xfa, 0xbf, 0xb5, 0xda}, Genesis: genesis, MWEB: true}
	open, hidden := *n, *n
	open.url, hidden.url = n.url+"/wallet/open", n.url+"/wallet/hidden"
	ask[any](n, "createwallet", "open")
	ask[any](n, "createwallet", "hidden")
	home := ask[string](&open, "getnewaddress")
	mine := func(blocks int) { ask[[]string](n, "generatetoaddress", blocks, home) }
	mine(431) // the extension is active from 432 on
	kinds := []string{"legacy", "p2sh-segwit", "bech32", "mweb"}
	for i := range 24 {
		to := ask[string](&open, "getnewaddress", "", kinds[i%4])
		if i%3 == 0 {
			to = ask[string](&hidden, "getnewaddress", "", "mweb")
		}
		ask[string](&open, "sendtoaddress", to, fmt.Sprintf("%d.%08d", 1+i%5, i))
		if i%4 == 3 {
			mine(1)
		}
	}
	mine(1)
	for i := range 5 { // out of the extension again
		ask[string](&hidden, "sendtoaddress", ask[string](&open, "getnewaddress", "", kinds[i%3]), "1.5")
		mine(1)
	}
	height := ask[int](n, "getblockcount")
	read := func() *ledger.Memory {
		o := bitcoin.NodeOptions{Memory: 1, Window: 4, Fetch: fetch.Options{Rate: 10_000, Burst: 10_000}}
		o.URL, o.User, o.Password = n.url, n.user, n.user
		node, err := bitcoin.OpenNode(t.Context(), regtest, o)
		if err != nil {
			t.Fatal(err)
		}
		defer node.Close()
		l, sum := seal(t, node, 0)
		if sum.Partial != 0 || node.Gaps() != (bitcoin.Gaps{}) {
			t.Errorf("%+v, %+v", sum, node.Gaps())
		}
		return l
	}
	before := read()
	n.sameCoins(regtest, before)

	// Nobody's: what enters, what stands for all that is inside; and what comes out has no payer.
	in, out := 0, 0
	for p := range before.Size() {
		var m fundtrail.Movement
		before.Movement(p, &m)
		switch {
		case m.Kind == fundtrail.MoveInput && m.From == fundtrail.NoAddress:
			in++
		case m.Kind == fundtrail.MoveOutput && m.To == fundtrail.NoAddress && !m.Amount.IsZero():
			out++
		}
	}
	t.Logf("%d movements; %d inputs and %d outputs of nobody", before.Size(), in, out)
	if in < 15 || out < 15 {
		t.Error("the extension was hardly used")
	}

	// Three blocks are dropped; their payments are mined again.
	if _, err := n.try("invalidateblock", ask[string](n, "getblockhash", height-2)); err != nil {
		t.Fatal(err)
	}
	mine(5)
	after := read()
	if dump(after) == dump(before) {
		t.Error("nothing was reorganised")
	}
	n.sameCoins(regtest, after)
	names, err := filepath.Glob(filepath.Join(dir, "blk*.dat"))
	if err != nil || len(names) == 0 {
		t.Fatal(names, err)
	}
	f, err := bitcoin.OpenFiles(t.Context(), regtest, names, bitcoin.Options{Memory: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	files, _ := seal(t, f, 0)
	if dump(files) != dump(after) {
		t.Error("the ledger from the node's files differs from the one that it tells")
	}
	if r := f.Report(); len(r.Stale) != 3 || r.Apart != 0 || r.Gaps != (bitcoin.Gaps{}) {
		t.Errorf("%+v", r)
	}
}
