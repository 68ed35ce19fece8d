package evm_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/decred/dcrd/dcrec/secp256k1/v4"
	"github.com/decred/dcrd/dcrec/secp256k1/v4/ecdsa"
	"golang.org/x/crypto/sha3"
)

// gethVersion is what the tests are written against; .ci/run installs it.
const gethVersion = "v1.16.9"

// A gethNode is a geth in developer mode: one machine's own chain.
type gethNode struct {
	t   testing.TB
	url string
}

// startGeth starts a node of its own on a free port, and stops it when the test ends. It
// skips the test where there is no geth.
func startGeth(t testing.TB) *gethNode {
	t.Helper()
	path := os.Getenv("FUNDTRAIL_GETH")
	if path == "" {
		path, _ = exec.LookPath("geth")
	}
	if path == "" {
		t.Skipf("no geth in PATH and none named by FUNDTRAIL_GETH: go install github.com/ethereum/go-ethereum/cmd/geth@%s", gethVersion)
	}
	port := freePort(t)
	log, err := os.Create(filepath.Join(t.TempDir(), "geth.log"))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, "--dev", "--dev.gaslimit", "30000000", "--gcmode", "archive", "--http", "--http.port", strconv.Itoa(port),
		"--http.api", "eth,net,web3,debug,txpool", "--authrpc.port", strconv.Itoa(freePort(t)), "--port", "0", "--nodiscover", "--maxpeers", "0",
		"--ipcdisable", "--datadir", t.TempDir(), "--txpool.globalslots", "20000", "--txpool.accountslots", "5000", "--verbosity", "2")
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if t.Failed() {
			text, _ := os.ReadFile(log.Name())
			t.Logf("geth says:\n%s", text[max(0, len(text)-4000):])
		}
		log.Close()
	})
	g := &gethNode{t, fmt.Sprintf("http://127.0.0.1:%d", port)}
	for range 300 {
		if _, err := g.try("eth_chainId"); err == nil {
			return g
		}
		time.Sleep(200 * time.Millisecond)
	}
	t.Fatal("geth does not answer")
	return nil
}

func freePort(t testing.TB) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

type rpcCall struct {
	method string
	params []any
}

// batch asks the node by a client of the test's own.
func (g *gethNode) batch(calls []rpcCall) ([]json.RawMessage, error) {
	type q struct {
		V  string `json:"jsonrpc"`
		ID int    `json:"id"`
		M  string `json:"method"`
		P  []any  `json:"params"`
	}
	var list []q
	for i, c := range calls {
		if c.params == nil {
			c.params = []any{}
		}
		list = append(list, q{"2.0", i, c.method, c.params})
	}
	body, _ := json.Marshal(list)
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	req, _ := http.NewRequestWithContext(ctx, http.MethodPost, g.url, bytes.NewReader(body))
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	var got []struct {
		ID     int
		Result json.RawMessage
		Error  *struct{ Message string }
	}
	if err := json.Unmarshal(text, &got); err != nil {
		return nil, fmt.Errorf("%s: %w", text, err)
	}
	out := make([]json.RawMessage, len(calls))
	for _, r := range got {
		if r.Error != nil {
			return nil, fmt.Errorf("%s: %s", calls[r.ID].method, r.Error.Message)
		}
		out[r.ID] = r.Result
	}
	return out, nil
}

func (g *gethNode) try(method string, params ...any) (json.RawMessage, error) {
	list, err := g.batch([]rpcCall{{method, params}})
	if err != nil {
		return nil, err
	}
	return list[0], nil
}

// ask asks for a text, such as a number or a hash; of null it is "".
func (g *gethNode) ask(method string, params ...any) string {
	g.t.Helper()
	raw, err := g.try(method, params...)
	if err != nil {
		g.t.Fatal(err)
	}
	var s string
	_ = json.Unmarshal(raw, &s)
	return s
}

func (g *gethNode) height() int64 {
	n, err := strconv.ParseInt(strings.TrimPrefix(g.ask("eth_blockNumber"), "0x"), 16, 64)
	if err != nil {
		g.t.Fatal(err)
	}
	return n
}

// settle waits until every transaction is in a block.
func (g *gethNode) settle() {
	g.t.Helper()
	for range 600 {
		raw, err := g.try("txpool_status")
		if err != nil {
			g.t.Fatal(err)
		}
		var s struct{ Pending, Queued string }
		if err := json.Unmarshal(raw, &s); err != nil {
			g.t.Fatal(err)
		}
		if s.Pending == "0x0" && s.Queued == "0x0" {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	g.t.Fatal("transactions are left over")
}

// An account signs for itself.
type account struct {
	key   *secp256k1.PrivateKey
	addr  [20]byte
	nonce uint64
}

func newAccount(n int) *account {
	seed := sha3.Sum256(fmt.Appendf(nil, "fundtrail's test account %d", n))
	a := &account{key: secp256k1.PrivKeyFromBytes(seed[:])}
	copy(a.addr[:], keccak256(a.key.PubKey().SerializeUncompressed()[1:])[12:])
	return a
}

func (a *account) hex() string { return "0x" + hex.EncodeToString(a.addr[:]) }

func keccak256(parts ...[]byte) []byte {
	h := sha3.NewLegacyKeccak256()
	for _, p := range parts {
		h.Write(p)
	}
	return h.Sum(nil)
}

// A rawTx is what the test signs.
type rawTx struct {
	to    []byte // nil creates
	value *big.Int
	data  []byte
	gas   uint64
	kind  byte // 0, 1 or 2
}

const devChain = 1337

// sign returns the signed bytes, in the encoding of its type.
func (a *account) sign(x rawTx) []byte {
	value := x.value
	if value == nil {
		value = new(big.Int)
	}
	price, tip := big.NewInt(20_000_000_000), big.NewInt(1_000_000_007)
	num := func(n uint64) []byte { return new(big.Int).SetUint64(n).Bytes() }
	var fields [][]byte
	str := func(b []byte) { fields = append(fields, rlpString(b)) }
	switch x.kind {
	case 1:
		str(num(devChain))
		str(num(a.nonce))
		str(price.Bytes())
	case 2:
		str(num(devChain))
		str(num(a.nonce))
		str(tip.Bytes())
		str(price.Bytes())
	default:
		str(num(a.nonce))
		str(price.Bytes())
	}
	str(num(x.gas))
	str(x.to)
	str(value.Bytes())
	str(x.data)
	if x.kind > 0 {
		fields = append(fields, []byte{0xc0})
	}
	unsigned := rlpList(fields)
	if x.kind > 0 {
		unsigned = append([]byte{x.kind}, unsigned...)
	} else {
		unsigned = rlpList(append(fields[:len(fields):len(fields)], rlpString(num(devChain)), []byte{0x80}, []byte{0x80}))
	}
	sig := ecdsa.SignCompact(a.key, keccak256(unsigned), false)
	v := uint64(sig[0] - 27)
	if x.kind == 0 {
		v += 35 + 2*devChain
	}
	str(num(v))
	str(new(big.Int).SetBytes(sig[1:33]).Bytes())
	str(new(big.Int).SetBytes(sig[33:]).Bytes())
	a.nonce++
	out := rlpList(fields)
	if x.kind > 0 {
		out = append([]byte{x.kind}, out...)
	}
	return out
}

// rlpString and rlpList are written apart from the code under test.
func rlpString(b []byte) []byte {
	if len(b) == 1 && b[0] < 0x80 {
		return []byte{b[0]}
	}
	return append(rlpHead(0x80, len(b)), b...)
}

func rlpList(items [][]byte) []byte {
	all := bytes.Join(items, nil)
	return append(rlpHead(0xc0, len(all)), all...)
}

func rlpHead(short byte, n int) []byte {
	if n < 56 {
		return []byte{short + byte(n)}
	}
	size := big.NewInt(int64(n)).Bytes()
	return append([]byte{short + 55 + byte(len(size))}, size...)
}

// A contract is compiled: testdata/contracts/build.js says how.
type contract struct {
	Code    string
	Methods map[string]string
}

func loadContracts(t testing.TB) map[string]contract {
	t.Helper()
	raw, err := os.ReadFile("testdata/contracts/contracts.json")
	if err != nil {
		t.Fatal(err)
	}
	var all map[string]json.RawMessage
	if err := json.Unmarshal(raw, &all); err != nil {
		t.Fatal(err)
	}
	out := map[string]contract{}
	for name, raw := range all {
		var c contract
		if json.Unmarshal(raw, &c) == nil {
			out[name] = c
		}
	}
	return out
}

// input encodes a call of a method with words as arguments.
func (c contract) input(method string, words ...[]byte) []byte {
	sel, err := hex.DecodeString(c.Methods[method])
	if err != nil || len(sel) != 4 {
		panic("no method " + method)
	}
	return append(sel, bytes.Join(words, nil)...)
}

func word(v any) []byte {
	w := make([]byte, 32)
	switch v := v.(type) {
	case int:
		big.NewInt(int64(v)).FillBytes(w)
	case *big.Int:
		v.FillBytes(w)
	case [20]byte:
		copy(w[12:], v[:])
	case [32]byte:
		copy(w, v[:])
	default:
		panic(fmt.Sprintf("%T", v))
	}
	return w
}
