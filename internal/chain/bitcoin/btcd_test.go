package bitcoin_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/btcsuite/btcd/btcutil/base58"
	"github.com/decred/dcrd/dcrec/secp256k1/v4"
	"github.com/decred/dcrd/dcrec/secp256k1/v4/ecdsa"
	"golang.org/x/crypto/ripemd160" //nolint:staticcheck // the chain's own digest

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/chain/bitcoin"
)

// simnet is btcd's simulation network; its addresses are given in the main network's spelling.
func simnet(t *testing.T) *bitcoin.Params {
	h, err := fundtrail.ParseHash("683e86bd5c6d110d91b94b97137ba6bfe02dbbdb8e3dff722a669b5d69d77af6")
	if err != nil {
		t.Fatal(err)
	}
	return &bitcoin.Params{Chain: fundtrail.Bitcoin, Magic: [4]byte{0x16, 0x1c, 0x14, 0x12}, Genesis: h}
}

// A btcd is a node of a network of its own.
type btcd struct {
	t    *testing.T
	url  string
	cmd  *exec.Cmd
	user string
}

// startBTCD starts a node that mines for a key, or skips the test.
func startBTCD(t *testing.T, miner *wallet) *btcd {
	t.Helper()
	program := os.Getenv("FUNDTRAIL_BTCD")
	if program == "" {
		var err error
		if program, err = exec.LookPath("btcd"); err != nil {
			t.Skip("btcd is not here: go install github.com/btcsuite/btcd@v0.24.2, or name it in FUNDTRAIL_BTCD")
		}
	}
	if testing.Short() {
		t.Skip("starts a node")
	}
	dir := t.TempDir()
	config := filepath.Join(dir, "btcd.conf")
	if err := os.WriteFile(config, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	rpc, peers := freePort(t), freePort(t)
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	n := &btcd{t: t, url: "http://" + rpc, user: "fundtrail"}
	n.cmd = exec.Command(program, "--simnet", "--notls", "--nodnsseed", "--txindex", "--rpcuser="+n.user, "--rpcpass="+n.user, "--rpclisten="+rpc, "--listen="+peers,
		"--configfile="+config, "--datadir="+filepath.Join(dir, "data"), "--logdir="+filepath.Join(dir, "logs"), "--miningaddr="+base58.CheckEncode(miner.hash[:], 0x3f))
	n.cmd.Stdout, n.cmd.Stderr = log, log
	if err := n.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- n.cmd.Wait() }()
	t.Cleanup(func() {
		n.cmd.Process.Signal(os.Interrupt)
		select {
		case <-ended:
		case <-time.After(20 * time.Second):
			n.cmd.Process.Kill()
			<-ended
		}
		log.Close()
	})
	for try := 0; ; try++ {
		if _, err := n.try("getblockcount"); err == nil {
			return n
		}
		select {
		case err := <-ended:
			ended <- err
			text, _ := os.ReadFile(log.Name())
			t.Fatalf("btcd ended: %v\n%s", err, text)
		case <-time.After(200 * time.Millisecond):
		}
		if try == 300 {
			t.Fatal("btcd does not answer")
		}
	}
}

func freePort(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// try asks the node by means of the test alone, not of the package that is tested.
func (n *btcd) try(method string, params ...any) (json.RawMessage, error) {
	if params == nil {
		params = []any{}
	}
	body, err := json.Marshal(map[string]any{"jsonrpc": "1.0", "id": 1, "method": method, "params": params})
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequest(http.MethodPost, n.url, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.SetBasicAuth(n.user, n.user)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	var got struct{ Result, Error json.RawMessage }
	if err := json.Unmarshal(text, &got); err != nil {
		return nil, fmt.Errorf("%s: %q", resp.Status, text)
	}
	if len(got.Error) > 0 && string(got.Error) != "null" {
		return nil, fmt.Errorf("%s: %s", method, got.Error)
	}
	return got.Result, nil
}

func ask[T any](n *btcd, method string, params ...any) (v T) {
	n.t.Helper()
	text, err := n.try(method, params...)
	if err == nil {
		err = json.Unmarshal(text, &v)
	}
	if err != nil {
		n.t.Fatal(err)
	}
	return v
}

// raw returns a block's bytes.
func (n *btcd) raw(hash string) []byte {
	b, err := hex.DecodeString(ask[string](n, "getblock", hash, 0))
	if err != nil {
		n.t.Fatal(err)
	}
	return b
}

// A wallet is a key, and the coins that it can spend by P2PKH and P2WPKH.
type wallet struct {
	key   *secp256k1.PrivateKey
	pub   []byte
	hash  [20]byte
	coins []held
}

type held struct {
	tx      [32]byte // as on the wire
	output  uint32
	value   uint64
	witness bool
}

func newWallet(seed int) *wallet {
	d := sha256.Sum256([]byte(fmt.Sprintf("a key of the tests, number %d", seed)))
	w := &wallet{key: secp256k1.PrivKeyFromBytes(d[:])}
	w.pub = w.key.PubKey().SerializeCompressed()
	first := sha256.Sum256(w.pub)
	h := ripemd160.New()
	h.Write(first[:])
	w.hash = [20]byte(h.Sum(nil))
	return w
}

func (w *wallet) p2pkh() []byte {
	return append(append([]byte{0x76, 0xa9, 20}, w.hash[:]...), 0x88, 0xac)
}
func (w *wallet) p2wpkh() []byte { return append([]byte{0, 20}, w.hash[:]...) }

// A pay is an output to be made.
type pay struct {
	value  uint64
	script []byte
}

func double(b []byte) [32]byte {
	first := sha256.Sum256(b)
	return sha256.Sum256(first[:])
}

func varint(b []byte, n int) []byte {
	if n < 0xfd {
		return append(b, byte(n))
	}
	return binary.LittleEndian.AppendUint16(append(b, 0xfd), uint16(n))
}

// outputs writes outputs as they stand in a transaction.
func outputs(pays []pay) (b []byte) {
	for _, p := range pays {
		b = binary.LittleEndian.AppendUint64(b, p.value)
		b = append(varint(b, len(p.script)), p.script...)
	}
	return b
}

// spend makes and signs a transaction, and returns it with its hash on the wire.
func (w *wallet) spend(in []held, pays []pay) (raw []byte, hash [32]byte) {
	le32 := binary.LittleEndian.AppendUint32
	outpoint := func(b []byte, c held) []byte { return le32(append(b, c.tx[:]...), c.output) }
	sign := func(digest [32]byte) []byte {
		return append(ecdsa.Sign(w.key, digest[:]).Serialize(), 1) // SIGHASH_ALL
	}
	scripts, witnesses := make([][]byte, len(in)), make([][]byte, len(in))
	segwit := false
	for i, c := range in {
		if c.witness { // BIP-143
			segwit = true
			var all, sequences []byte
			for _, c := range in {
				all, sequences = outpoint(all, c), le32(sequences, 0xffffffff)
			}
			a, s, o := double(all), double(sequences), double(outputs(pays))
			m := append(append(le32(nil, 2), a[:]...), s[:]...)
			m = append(append(outpoint(m, c), 25), w.p2pkh()...)
			m = le32(binary.LittleEndian.AppendUint64(m, c.value), 0xffffffff)
			m = le32(le32(append(m, o[:]...), 0), 1)
			sig := sign(double(m))
			witnesses[i] = append(append(append([]byte{2, byte(len(sig))}, sig...), byte(len(w.pub))), w.pub...)
			continue
		}
		m := varint(le32(nil, 2), len(in))
		for k, other := range in {
			m = outpoint(m, other)
			if k == i {
				m = append(append(m, 25), w.p2pkh()...)
			} else {
				m = append(m, 0)
			}
			m = le32(m, 0xffffffff)
		}
		m = append(varint(m, len(pays)), outputs(pays)...)
		sig := sign(double(le32(le32(m, 0), 1)))
		scripts[i] = append(append(append([]byte{byte(len(sig))}, sig...), byte(len(w.pub))), w.pub...)
	}
	body := varint(nil, len(in))
	for i, c := range in {
		body = varint(outpoint(body, c), len(scripts[i]))
		body = le32(append(body, scripts[i]...), 0xffffffff)
	}
	body = append(varint(body, len(pays)), outputs(pays)...)
	hash = double(le32(append(le32(nil, 2), body...), 0))
	raw = le32(nil, 2)
	if segwit {
		raw = append(raw, 0, 1)
	}
	raw = append(raw, body...)
	for i := range in {
		if segwit {
			if witnesses[i] == nil {
				witnesses[i] = []byte{0}
			}
			raw = append(raw, witnesses[i]...)
		}
	}
	return le32(raw, 0), hash
}
