package crossing

import (
	"archive/zip"
	"bufio"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/btcsuite/btcd/btcutil/base58"
	"github.com/btcsuite/btcd/btcutil/bech32"
	"github.com/fundtrail/fundtrail"
)

// The readers here are for measuring: they turn other people's files of CoinJoins, and
// blocks, into transactions.

func sharedData(t testing.TB, path string) string {
	t.Helper()
	p := filepath.Join("../../../shared/data", filepath.FromSlash(path))
	if _, err := os.Stat(p); err != nil {
		t.Skipf("no real data here: %v", err)
	}
	return p
}

// scriptAddress returns the mainnet address of a script, zero for one that has none.
func scriptAddress(script []byte) fundtrail.Address {
	var text string
	switch n := len(script); {
	case n == 25 && script[0] == 0x76 && script[1] == 0xa9 && script[2] == 20:
		text = base58.CheckEncode(script[3:23], 0)
	case n == 23 && script[0] == 0xa9 && script[1] == 20:
		text = base58.CheckEncode(script[2:22], 5)
	case n >= 4 && n <= 42 && (script[0] == 0 || script[0] >= 0x51 && script[0] <= 0x60) && int(script[1]) == n-2:
		groups, err := bech32.ConvertBits(script[2:], 8, 5, true)
		if err != nil {
			return fundtrail.Address{}
		}
		encode, version := bech32.Encode, script[0]
		if version > 0 {
			encode, version = bech32.EncodeM, version-0x50
		}
		text, _ = encode("bc", append([]byte{version}, groups...))
	}
	if text == "" {
		return fundtrail.Address{}
	}
	a, err := fundtrail.ParseAddress(fundtrail.Bitcoin, text)
	if err != nil {
		return fundtrail.Address{}
	}
	return a
}

func bitcoinTx(hash string, at time.Time, in, out []fundtrail.Entry) (fundtrail.Transaction, error) {
	h, err := fundtrail.ParseHash(hash)
	if err != nil {
		return fundtrail.Transaction{}, err
	}
	id := fundtrail.TxID{Chain: fundtrail.Bitcoin, Hash: h}
	return fundtrail.Transaction{
		ID: id, Block: fundtrail.Block{Chain: fundtrail.Bitcoin, Time: at},
		Transfers: []fundtrail.Transfer{{ID: fundtrail.TransferID{Tx: id}, Asset: fundtrail.NativeAsset(fundtrail.Bitcoin), Inputs: in, Outputs: out}},
	}, nil
}

// parseDumpling reads one line of Dumplings: hash, block, place, time, inputs and outputs
// with ":::" between and "}{" between entries.
func parseDumpling(line string) (fundtrail.Transaction, error) {
	f := strings.Split(line, ":::")
	if len(f) != 6 {
		return fundtrail.Transaction{}, fmt.Errorf("%d fields, want 6", len(f))
	}
	sec, err := strconv.ParseInt(f[3], 10, 64)
	if err != nil {
		return fundtrail.Transaction{}, err
	}
	var in, out []fundtrail.Entry
	for _, s := range strings.Split(f[4], "}{") {
		point, rest, ok := strings.Cut(s, "+")
		p := strings.Split(point, "-")
		if !ok || len(p) != 3 {
			return fundtrail.Transaction{}, fmt.Errorf("input %q", s)
		}
		e, err := dumplingEntry(p[2], rest)
		if err != nil {
			return fundtrail.Transaction{}, err
		}
		h, err := fundtrail.ParseHash(p[0])
		if err != nil {
			return fundtrail.Transaction{}, err
		}
		n, err := strconv.ParseUint(p[1], 10, 32)
		if err != nil {
			return fundtrail.Transaction{}, err
		}
		e.Spends = fundtrail.TransferOutput{Transfer: fundtrail.TransferID{Tx: fundtrail.TxID{Chain: fundtrail.Bitcoin, Hash: h}}, Output: uint32(n)}
		in = append(in, e)
	}
	for _, s := range strings.Split(f[5], "}{") {
		amount, rest, ok := strings.Cut(s, "+")
		if !ok {
			return fundtrail.Transaction{}, fmt.Errorf("output %q", s)
		}
		e, err := dumplingEntry(amount, rest)
		if err != nil {
			return fundtrail.Transaction{}, err
		}
		out = append(out, e)
	}
	return bitcoinTx(f[0], time.Unix(sec, 0).UTC(), in, out)
}

func dumplingEntry(amount, rest string) (e fundtrail.Entry, err error) {
	script, _, _ := strings.Cut(rest, "+")
	b, err := hex.DecodeString(script)
	if err != nil {
		return e, err
	}
	e.Amount, err = fundtrail.ParseAmount(amount)
	e.Address = scriptAddress(b)
	return e, err
}

func dumplings(t testing.TB, archive, name string) (txs []fundtrail.Transaction) {
	t.Helper()
	z, err := zip.OpenReader(sharedData(t, "btc_coinjoin_crocs/"+archive))
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	f, err := z.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<24)
	seen := map[fundtrail.TxID]bool{}
	for lines.Scan() {
		if strings.TrimSpace(lines.Text()) == "" {
			continue
		}
		tx, err := parseDumpling(strings.TrimSpace(lines.Text()))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if !seen[tx.ID] {
			txs = append(txs, tx)
		}
		seen[tx.ID] = true
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return txs
}

// hashList reads every 64-digit word of a file, gzipped or not.
func hashList(t testing.TB, path string) map[fundtrail.Hash]bool {
	t.Helper()
	b, err := os.ReadFile(sharedData(t, path))
	if err != nil {
		t.Fatal(err)
	}
	if strings.HasSuffix(path, ".gz") {
		z, err := gzip.NewReader(bytes.NewReader(b))
		if err != nil {
			t.Fatal(err)
		}
		if b, err = io.ReadAll(z); err != nil {
			t.Fatal(err)
		}
	}
	list := map[fundtrail.Hash]bool{}
	for _, w := range strings.FieldsFunc(string(b), func(r rune) bool { return !strings.ContainsRune("0123456789abcdef", r) }) {
		if h, err := fundtrail.ParseHash(w); err == nil {
			list[h] = true
		}
	}
	return list
}

// blockReader reads bitcoin's serial form.
type blockReader struct {
	b   []byte
	err error
}

var errShort = errors.New("block ends early")

func (r *blockReader) take(n uint64) []byte {
	if n > uint64(len(r.b)) {
		r.b, r.err = nil, errShort
		return make([]byte, min(n, 8))
	}
	v := r.b[:n]
	r.b = r.b[n:]
	return v
}

func (r *blockReader) uint32() uint32 { return binary.LittleEndian.Uint32(r.take(4)) }

func (r *blockReader) size() uint64 {
	switch first := r.take(1)[0]; first {
	case 0xfd:
		return uint64(binary.LittleEndian.Uint16(r.take(2)))
	case 0xfe:
		return uint64(r.uint32())
	case 0xff:
		return binary.LittleEndian.Uint64(r.take(8))
	default:
		return uint64(first)
	}
}

// parseBlock reads a block. Inputs have amounts and addresses where the same block holds
// what they spend; a coinbase has no inputs.
func parseBlock(b []byte) (txs []fundtrail.Transaction, err error) {
	r := &blockReader{b: b}
	header := r.take(80)
	if r.err != nil {
		return nil, r.err
	}
	at := time.Unix(int64(binary.LittleEndian.Uint32(header[68:])), 0).UTC()
	outputs := map[fundtrail.TransferOutput]fundtrail.Entry{}
	for n := r.size(); n > 0 && r.err == nil; n-- {
		in, out, hash := r.transaction()
		if r.err != nil {
			break
		}
		tx, err := bitcoinTx(hash, at, in, out)
		if err != nil {
			return nil, err
		}
		for i, e := range out {
			outputs[fundtrail.TransferOutput{Transfer: tx.Transfers[0].ID, Output: uint32(i)}] = e
		}
		txs = append(txs, tx)
	}
	for _, tx := range txs {
		for i, e := range tx.Transfers[0].Inputs {
			if from, ok := outputs[e.Spends]; ok {
				tx.Transfers[0].Inputs[i].Amount, tx.Transfers[0].Inputs[i].Address = from.Amount, from.Address
			}
		}
	}
	return txs, r.err
}

func (r *blockReader) transaction() (in, out []fundtrail.Entry, hash string) {
	start := r.b
	r.take(4)
	witness := len(r.b) > 1 && r.b[0] == 0 && r.b[1] == 1
	if witness {
		r.take(2)
	}
	body := r.b
	inputs := r.size()
	for n := inputs; n > 0 && r.err == nil; n-- {
		var h fundtrail.Hash
		copy(h[:], r.take(32))
		slices.Reverse(h[:])
		index := r.uint32()
		r.take(r.size())
		r.take(4)
		if index != math.MaxUint32 {
			in = append(in, fundtrail.Entry{Spends: fundtrail.TransferOutput{Transfer: fundtrail.TransferID{Tx: fundtrail.TxID{Chain: fundtrail.Bitcoin, Hash: h}}, Output: index}})
		}
	}
	for n := r.size(); n > 0 && r.err == nil; n-- {
		amount := binary.LittleEndian.Uint64(r.take(8))
		out = append(out, fundtrail.Entry{Amount: fundtrail.NewAmount(amount), Address: scriptAddress(r.take(r.size()))})
	}
	body = body[:len(body)-len(r.b)]
	if witness {
		for n := inputs; n > 0 && r.err == nil; n-- {
			for k := r.size(); k > 0 && r.err == nil; k-- {
				r.take(r.size())
			}
		}
	}
	lock := r.take(4)
	if r.err != nil {
		return nil, nil, ""
	}
	sum := doubleSHA256(start[:4], body, lock)
	slices.Reverse(sum[:])
	return in, out, hex.EncodeToString(sum[:])
}

// An emulation is a chain of a test network whose wallets are known.
type emulation struct {
	txs   []fundtrail.Transaction
	owner map[fundtrail.Address]string
	cj    map[fundtrail.Hash]bool // that the coordinator listed
}

func readEmulation(t testing.TB, archive string) *emulation {
	t.Helper()
	z, err := zip.OpenReader(sharedData(t, "btc_coinjoin_crocs/"+archive))
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	e := &emulation{owner: map[fundtrail.Address]string{}, cj: map[fundtrail.Hash]bool{}}
	type output struct {
		Value  json.Number
		Script struct{ Hex string } `json:"scriptPubKey"`
	}
	type block struct {
		Time int64
		Tx   []struct {
			Txid string
			Vin  []struct {
				Txid string
				Vout uint32
			}
			Vout []output
		}
	}
	var blocks []block
	seen := map[string]bool{}
	for _, f := range z.File {
		switch {
		case strings.Contains(f.Name, "/btc-node/block_"):
			var b block
			readJSON(t, f, &b)
			blocks = append(blocks, b)
		case strings.HasSuffix(f.Name, "/keys.json"):
			var keys []struct{ Address string }
			readJSON(t, f, &keys)
			wallet := filepath.Base(filepath.Dir(f.Name)) + "@" + strings.Split(f.Name, "/")[1]
			for _, k := range keys {
				if _, program, _, err := bech32.DecodeGeneric(k.Address); err == nil {
					b, _ := bech32.ConvertBits(program[1:], 5, 8, false)
					script := append([]byte{program[0], byte(len(b))}, b...)
					if program[0] > 0 {
						script[0] += 0x50
					}
					e.owner[scriptAddress(script)] = wallet
				}
			}
		case strings.HasSuffix(f.Name, "/CoinJoinIdStore.txt"):
			r, err := f.Open()
			if err != nil {
				t.Fatal(err)
			}
			b, _ := io.ReadAll(r)
			for _, w := range strings.Fields(string(b)) {
				if h, err := fundtrail.ParseHash(w); err == nil {
					e.cj[h] = true
				}
			}
		}
	}
	slices.SortStableFunc(blocks, func(a, b block) int { return int(a.Time - b.Time) })
	outputs := map[fundtrail.TransferOutput]fundtrail.Entry{}
	for range 2 { // the second time, every output is known
		e.txs = nil
		clear(seen)
		for _, b := range blocks {
			for _, x := range b.Tx {
				if seen[x.Txid] {
					continue
				}
				seen[x.Txid] = true
				var in, out []fundtrail.Entry
				for _, i := range x.Vin {
					h, err := fundtrail.ParseHash(i.Txid)
					if err != nil {
						continue // a coinbase
					}
					o := fundtrail.TransferOutput{Transfer: fundtrail.TransferID{Tx: fundtrail.TxID{Chain: fundtrail.Bitcoin, Hash: h}}, Output: i.Vout}
					entry := outputs[o]
					entry.Spends = o
					in = append(in, entry)
				}
				for _, o := range x.Vout {
					script, err := hex.DecodeString(o.Script.Hex)
					if err != nil {
						t.Fatal(err)
					}
					out = append(out, fundtrail.Entry{Amount: wholeCoins(t, o.Value.String()), Address: scriptAddress(script)})
				}
				tx, err := bitcoinTx(x.Txid, time.Unix(b.Time, 0).UTC(), in, out)
				if err != nil {
					t.Fatal(err)
				}
				for i, o := range out {
					outputs[fundtrail.TransferOutput{Transfer: tx.Transfers[0].ID, Output: uint32(i)}] = o
				}
				e.txs = append(e.txs, tx)
			}
		}
	}
	return e
}

// wholeCoins reads an amount of whole coins, in exponent form too.
func wholeCoins(t testing.TB, s string) fundtrail.Amount {
	if strings.ContainsAny(s, "eE") {
		f, err := strconv.ParseFloat(s, 64)
		if err != nil {
			t.Fatal(err)
		}
		s = strconv.FormatFloat(f, 'f', 8, 64)
	}
	a, err := fundtrail.ParseDecimal(s, 8)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func readJSON(t testing.TB, f *zip.File, into any) {
	t.Helper()
	r, err := f.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if err := json.NewDecoder(r).Decode(into); err != nil {
		t.Fatalf("%s: %v", f.Name, err)
	}
}

func doubleSHA256(parts ...[]byte) [32]byte {
	first := sha256.Sum256(bytes.Join(parts, nil))
	return sha256.Sum256(first[:])
}
