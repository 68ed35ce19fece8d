package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/btcsuite/btcd/btcutil/base58"
	"github.com/decred/dcrd/dcrec/secp256k1/v4"
	"github.com/decred/dcrd/dcrec/secp256k1/v4/ecdsa"
	"golang.org/x/crypto/ripemd160" //nolint:staticcheck // the chain's own digest

	"github.com/fundtrail/fundtrail"
)

// A soakNode is a real node that is killed and started again on the same data.
type soakNode struct {
	t     *testing.T
	name  string
	args  []string
	log   string
	url   string // its own
	ours  string // what sync is given: a proxy that says that the chain is one that is known
	user  string
	mu    sync.Mutex // of cmd
	cmd   *exec.Cmd
	ended chan error
	// gentle says that the node is asked to end: btcd writes its newest blocks' state so
	// seldom that, killed, it forgets its whole chain, which is no restart any more.
	gentle bool
}

func localPort(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
}

func (n *soakNode) start() {
	n.mu.Lock()
	defer n.mu.Unlock()
	log, err := os.OpenFile(n.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		n.t.Fatal(err)
	}
	n.cmd = exec.Command(n.args[0], n.args[1:]...)
	n.cmd.Stdout, n.cmd.Stderr = log, log
	if err := n.cmd.Start(); err != nil {
		n.t.Fatal(err)
	}
	n.ended = make(chan error, 1)
	go func(c *exec.Cmd, ended chan error) { ended <- c.Wait(); log.Close() }(n.cmd, n.ended)
}

func (n *soakNode) kill() {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.cmd != nil {
		if n.gentle {
			n.cmd.Process.Signal(os.Interrupt)
			late := time.AfterFunc(20*time.Second, func(p *os.Process) func() { return func() { p.Kill() } }(n.cmd.Process))
			defer late.Stop()
		} else {
			n.cmd.Process.Kill()
		}
		<-n.ended
		n.cmd = nil
	}
}

// up waits until the node answers.
func (n *soakNode) up(method string) {
	var err error
	for range 600 {
		if _, err = n.ask(method); err == nil {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	text, _ := os.ReadFile(n.log)
	n.t.Fatalf("%s does not answer: %v\n%s", n.name, err, text[max(0, len(text)-4000):])
}

func (n *soakNode) ask(method string, params ...any) (json.RawMessage, error) {
	if params == nil {
		params = []any{}
	}
	body, _ := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
	r, err := http.NewRequest(http.MethodPost, n.url, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/json")
	if n.user != "" {
		r.SetBasicAuth(n.user, n.user)
	}
	resp, err := (&http.Client{Timeout: time.Minute}).Do(r)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	var got struct{ Result, Error json.RawMessage }
	if err := json.NewDecoder(resp.Body).Decode(&got); err != nil {
		return nil, err
	}
	if len(got.Error) > 0 && string(got.Error) != "null" {
		return nil, fmt.Errorf("%s: %s", method, got.Error)
	}
	return got.Result, nil
}

func askNode[T any](n *soakNode, method string, params ...any) (v T, err error) {
	raw, err := n.ask(method, params...)
	if err == nil {
		err = json.Unmarshal(raw, &v)
	}
	return v, err
}

// proxied puts a proxy before a node, which changes answers. When the node is gone, the
// connection breaks.
func (n *soakNode) proxied(change func(question, answer []byte) []byte) *httptest.Server {
	to, _ := url.Parse(n.url)
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(to)
			r.Out.Header.Del("Accept-Encoding")
			body, _ := io.ReadAll(r.In.Body)
			r.Out.Body = io.NopCloser(bytes.NewReader(body))
			r.Out.Header.Set("X-Question", hex.EncodeToString(body[:min(len(body), 200)]))
		},
		ModifyResponse: func(r *http.Response) error {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				return err
			}
			question, _ := hex.DecodeString(r.Request.Header.Get("X-Question"))
			body = change(question, body)
			r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
			r.Header.Set("Content-Length", strconv.Itoa(len(body)))
			return nil
		},
		ErrorHandler: func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
	}
	srv := httptest.NewUnstartedServer(proxy)
	srv.Config.ErrorLog = nil
	srv.Start()
	n.t.Cleanup(srv.Close)
	return srv
}

// A soakGeth is a geth in developer mode and who keeps it busy.
type soakGeth struct {
	*soakNode
	r         *rand.Rand
	from      string
	contracts map[string]struct {
		Code    string
		Methods map[string]string
	}
	at    map[string]string // addresses
	notes []string
	sent  int
}

func startSoakGeth(t *testing.T, dir string) *soakGeth {
	path := os.Getenv("FUNDTRAIL_GETH")
	if path == "" {
		t.Skip("no geth is named by FUNDTRAIL_GETH")
	}
	port := localPort(t)
	g := &soakGeth{soakNode: &soakNode{t: t, name: "geth", url: "http://127.0.0.1:" + port, log: filepath.Join(dir, "geth.log"),
		args: []string{path, "--dev", "--gcmode", "archive", "--state.scheme", "hash", "--http", "--http.port", port, "--http.api", "eth,net,debug,txpool", "--authrpc.port", localPort(t),
			"--port", "0", "--nodiscover", "--maxpeers", "0", "--ipcdisable", "--datadir", filepath.Join(dir, "geth"), "--verbosity", "2"}},
		r: rand.New(rand.NewPCG(1, 7)), at: map[string]string{}}
	raw, err := os.ReadFile("../../internal/chain/evm/testdata/contracts/contracts.json")
	if err != nil {
		t.Fatal(err)
	}
	var all map[string]json.RawMessage
	if err := json.Unmarshal(raw, &all); err != nil {
		t.Fatal(err)
	}
	g.contracts = map[string]struct {
		Code    string
		Methods map[string]string
	}{}
	for name, raw := range all {
		c := g.contracts[name]
		if json.Unmarshal(raw, &c) == nil {
			g.contracts[name] = c
		}
	}
	g.start()
	t.Cleanup(g.kill)
	g.up("eth_blockNumber")
	list, err := askNode[[]string](g.soakNode, "eth_accounts")
	if err != nil || len(list) == 0 {
		t.Fatal(list, err)
	}
	g.from = list[0]
	g.ours = g.proxied(func(_, b []byte) []byte {
		return bytes.Replace(b, []byte(`"result":"0x539"`), []byte(`"result":"0x1"`), 1)
	}).URL
	return g
}

func (g *soakGeth) height() (int64, error) {
	text, err := askNode[string](g.soakNode, "eth_blockNumber")
	if err != nil {
		return 0, err
	}
	return strconv.ParseInt(text, 0, 64)
}

func soakWord(v any) string {
	switch v := v.(type) {
	case string:
		return fmt.Sprintf("%064s", strings.TrimPrefix(v, "0x"))
	default:
		return fmt.Sprintf("%064x", v)
	}
}

func (g *soakGeth) send(to, value, data string) (string, error) {
	tx := map[string]string{"from": g.from, "gas": "0x3d0900"}
	if to != "" {
		tx["to"] = to
	}
	if value != "" {
		tx["value"] = value
	}
	if data != "" {
		tx["data"] = "0x" + data
	}
	hash, err := askNode[string](g.soakNode, "eth_sendTransaction", tx)
	if err == nil {
		g.sent++
	}
	return hash, err
}

// deploy makes the contracts anew: those of before may stand on blocks that are gone.
func (g *soakGeth) deploy() {
	for _, name := range []string{"Token", "Wrapper", "Items", "Forwarder", "Pool", "Maker", "Mortal"} {
		code := g.contracts[name].Code
		if name == "Pool" {
			code += soakWord(1_000_000)
		}
		hash, err := g.send("", "", code)
		if err != nil {
			return
		}
		for range 40 {
			r, err := askNode[struct{ ContractAddress string }](g.soakNode, "eth_getTransactionReceipt", hash)
			if err == nil && r.ContractAddress != "" {
				g.at[name] = r.ContractAddress
				break
			}
			time.Sleep(50 * time.Millisecond)
		}
	}
	g.notes = nil
}

// live sends transactions of one kind or another.
func (g *soakGeth) live() {
	person := func() string { return fmt.Sprintf("0x%040x", 0x1000000+g.r.IntN(400)) }
	call := func(name, method string, words ...any) string {
		s := g.contracts[name].Methods[method]
		for _, w := range words {
			s += soakWord(w)
		}
		return s
	}
	for range 1 + g.r.IntN(6) {
		value := fmt.Sprintf("0x%x", 1+g.r.Int64N(1e15))
		to, data := person(), ""
		switch kind := g.r.IntN(16); {
		case len(g.at) < 7 || kind < 5:
		case kind == 5:
			to, value, data = g.at["Token"], "", call("Token", "mint(address,uint256)", g.from, 1+g.r.IntN(1e9))
		case kind == 6:
			to, value, data = g.at["Token"], "", call("Token", "transfer(address,uint256)", to, g.r.IntN(1e6))
		case kind == 7:
			to = g.at["Wrapper"]
		case kind == 8:
			to, value, data = g.at["Wrapper"], "", call("Wrapper", "withdraw(uint256)", g.r.IntN(1e9))
		case kind == 9:
			to, value, data = g.at["Items"], "", call("Items", "give(address,uint256)", to, g.r.IntN(1000))
		case kind == 10:
			to, data = g.at["Forwarder"], call("Forwarder", "split(address[])", 32, 3, person(), person(), person())
		case kind == 11:
			to, data = g.at["Forwarder"], call("Forwarder", "halves(address)", to)
		case kind == 12:
			to, data = g.at["Forwarder"], call("Forwarder", "fail(address)", to)
		case kind == 13:
			note := fmt.Sprintf("%064x", g.r.Uint64())
			g.notes = append(g.notes, note)
			to, value, data = g.at["Pool"], "0xf4240", call("Pool", "deposit(bytes32)", note)
		case kind == 14 && len(g.notes) > 0:
			to, value, data = g.at["Pool"], "", call("Pool", "withdraw(bytes32,address,address,uint256)", g.notes[g.r.IntN(len(g.notes))], to, person(), g.r.IntN(1000))
		default:
			to, data = g.at["Maker"], call("Maker", []string{"makeAndEnd(address)", "makeAndBurn()", "make()"}[g.r.IntN(3)], to)
		}
		g.send(to, value, data) // may fail while the node is down
	}
}

// A soakBTCD is a btcd on its simulation network, its miner and payer.
type soakBTCD struct {
	*soakNode
	r     *rand.Rand
	key   *secp256k1.PrivateKey
	pub   []byte
	coins []soakCoin
	sent  int
}

type soakCoin struct {
	tx     [32]byte // as on the wire
	output uint32
	value  uint64
}

const (
	simnetGenesis = "683e86bd5c6d110d91b94b97137ba6bfe02dbbdb8e3dff722a669b5d69d77af6"
	mainGenesis   = "000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f"
)

func hash160(b []byte) []byte {
	first := sha256.Sum256(b)
	h := ripemd160.New()
	h.Write(first[:])
	return h.Sum(nil)
}

func payTo(hash []byte) []byte {
	return append(append([]byte{0x76, 0xa9, 20}, hash...), 0x88, 0xac)
}

func startSoakBTCD(t *testing.T, dir string) *soakBTCD {
	path := os.Getenv("FUNDTRAIL_BTCD")
	if path == "" {
		t.Skip("no btcd is named by FUNDTRAIL_BTCD")
	}
	d := sha256.Sum256([]byte("a key of the soak"))
	b := &soakBTCD{r: rand.New(rand.NewPCG(2, 7)), key: secp256k1.PrivKeyFromBytes(d[:])}
	b.pub = b.key.PubKey().SerializeCompressed()
	config := filepath.Join(dir, "btcd.conf")
	if err := os.WriteFile(config, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	rpc := "127.0.0.1:" + localPort(t)
	b.soakNode = &soakNode{t: t, name: "btcd", url: "http://" + rpc, user: "fundtrail", gentle: true, log: filepath.Join(dir, "btcd.log"),
		args: []string{path, "--simnet", "--notls", "--nodnsseed", "--txindex", "--rpcuser=fundtrail", "--rpcpass=fundtrail", "--rpclisten=" + rpc, "--listen=127.0.0.1:" + localPort(t),
			"--configfile=" + config, "--datadir=" + filepath.Join(dir, "btcd"), "--logdir=" + filepath.Join(dir, "btcdlogs"), "--miningaddr=" + base58.CheckEncode(hash160(b.pub), 0x3f)}}
	b.start()
	t.Cleanup(b.kill)
	b.up("getblockcount")
	if _, err := b.ask("generate", 120); err != nil {
		t.Fatal(err)
	}
	srv := b.proxied(func(q, a []byte) []byte {
		if bytes.Contains(q, []byte(`"getblockhash","params":[0]`)) {
			a = bytes.Replace(a, []byte(simnetGenesis), []byte(mainGenesis), 1)
		}
		return a
	})
	b.ours = strings.Replace(srv.URL, "http://", "http://fundtrail:fundtrail@", 1)
	return b
}

func (b *soakBTCD) height() (int64, error) { return askNode[int64](b.soakNode, "getblockcount") }

// live mines a block, takes over the coin that is old enough now, and pays.
func (b *soakBTCD) live() error {
	if _, err := b.ask("generate", 1); err != nil {
		return err
	}
	h, err := b.height()
	if err != nil {
		return err
	}
	name, err := askNode[string](b.soakNode, "getblockhash", h-100)
	if err != nil {
		return err
	}
	raw, err := askNode[struct {
		RawTx []struct {
			Txid string
			Vout []struct{ Value json.Number }
		}
	}](b.soakNode, "getblock", name, 2)
	if err != nil || len(raw.RawTx) == 0 {
		return errors.Join(err, errors.New("no coinbase"))
	}
	value, err := fundtrail.ParseDecimal(raw.RawTx[0].Vout[0].Value.String(), 8)
	if err != nil {
		return err
	}
	shown, err := fundtrail.ParseHash(raw.RawTx[0].Txid)
	if err != nil {
		return err
	}
	c := soakCoin{value: value.Uint64()}
	for i, x := range shown {
		c.tx[31-i] = x
	}
	b.coins = append(b.coins, c)
	for range 1 + b.r.IntN(5) {
		if err := b.pay(); err != nil {
			return err
		}
	}
	return nil
}

// pay spends a coin or two to somebody and the rest to itself.
func (b *soakBTCD) pay() error {
	if len(b.coins) == 0 {
		return nil
	}
	n := min(len(b.coins), 1+b.r.IntN(2))
	var in []soakCoin
	sum := uint64(0)
	for range n {
		i := b.r.IntN(len(b.coins))
		in, sum = append(in, b.coins[i]), sum+b.coins[i].value
		b.coins = append(b.coins[:i], b.coins[i+1:]...)
	}
	if sum < 1_000_000 {
		return nil
	}
	away := uint64(b.r.Int64N(int64(sum / 4)))
	other := sha256.Sum256(fmt.Appendf(nil, "somebody %d", b.r.IntN(300)))
	pays := []struct {
		value  uint64
		script []byte
	}{{away + 1000, payTo(other[:20])}, {(sum - away) / 2, payTo(hash160(b.pub))}, {(sum-away)/2 - 60_000, payTo(hash160(b.pub))}}
	le32, le64 := binary.LittleEndian.AppendUint32, binary.LittleEndian.AppendUint64
	write := func(scripts [][]byte) []byte {
		m := append(le32(nil, 2), byte(len(in)))
		for i, c := range in {
			m = le32(append(m, c.tx[:]...), c.output)
			m = append(append(m, byte(len(scripts[i]))), scripts[i]...)
			m = le32(m, 0xffffffff)
		}
		m = append(m, byte(len(pays)))
		for _, p := range pays {
			m = append(append(le64(m, p.value), byte(len(p.script))), p.script...)
		}
		return le32(m, 0)
	}
	signed := make([][]byte, len(in))
	for i := range in {
		scripts := make([][]byte, len(in))
		scripts[i] = payTo(hash160(b.pub))
		first := sha256.Sum256(le32(write(scripts), 1))
		digest := sha256.Sum256(first[:])
		sig := append(ecdsa.Sign(b.key, digest[:]).Serialize(), 1)
		signed[i] = append(append(append([]byte{byte(len(sig))}, sig...), byte(len(b.pub))), b.pub...)
	}
	raw := write(signed)
	if _, err := b.ask("sendrawtransaction", hex.EncodeToString(raw), true); err != nil {
		if strings.Contains(err.Error(), "sendrawtransaction") {
			return nil // what it spends went with a block, or is spent
		}
		return err
	}
	b.sent++
	first := sha256.Sum256(raw)
	hash := sha256.Sum256(first[:])
	for i := 1; i < len(pays); i++ {
		b.coins = append(b.coins, soakCoin{hash, uint32(i), pays[i].value})
	}
	return nil
}
