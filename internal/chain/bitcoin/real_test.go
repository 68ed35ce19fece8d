package bitcoin

import (
	"compress/bzip2"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	oracle58 "github.com/btcsuite/btcd/btcutil/base58"
	oracle32 "github.com/btcsuite/btcd/btcutil/bech32"
	"github.com/decred/dcrd/dcrec/secp256k1/v4"

	"github.com/fundtrail/fundtrail"
)

// rawData returns the path of a real block or transaction, or skips the test.
func rawData(t testing.TB, name string) string {
	path := filepath.Join("..", "..", "..", "..", "shared", "data", "btc_raw", name)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("no real data here: %v", err)
	}
	return path
}

func readRaw(t testing.TB, name string) []byte {
	f, err := os.Open(rawData(t, name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var r io.Reader = f
	if strings.HasSuffix(name, ".bz2") {
		r = bzip2.NewReader(f)
	}
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

var mainnet = func() *Params {
	p, err := ParamsOf(fundtrail.Bitcoin)
	if err != nil {
		panic(err)
	}
	return &p
}()

// regtest is a test network; its addresses are given in the main network's spelling.
var regtest = &Params{Chain: fundtrail.Bitcoin, Magic: magic(0xfabfb5da),
	Genesis: hashOf("0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206")}

// TestRealBlocks: the transactions of each block have the root that its header names, which
// proves every hash; the rest is what is publicly known of these blocks.
func TestRealBlocks(t *testing.T) {
	for name, want := range map[string]struct{ txs, height int }{
		"00000000000000000021868c2cefc52a480d173c849412fe81c4e5ab806f94ab": {230, 540_107},
		"0000000000000000001602407ac49862a7bca9d00f7f402db20b7be2f5de59d2": {3315, 574_200},
	} {
		var k blockShape
		if err := k.parse(mainnet, readRaw(t, "block-"+name+".blk")); err != nil {
			t.Fatal(err)
		}
		height, ok := coinbaseHeight(&k)
		if got := fmt.Sprintf("%x", shown(k.hash)); got != name || len(k.txs) != want.txs || !ok || int(height) != want.height {
			t.Errorf("%s: %d transactions at %d, %v", got, len(k.txs), height, ok)
		}
		kinds := map[byte]int{}
		for i := range k.outs {
			kinds[checkAddress(t, k.outs[i].script)]++
		}
		t.Logf("%s: outputs by kind of lock: %v", name, kinds)
		if kinds[lockKey] == 0 || kinds[lockScript] == 0 || kinds[lockWitness] == 0 {
			t.Errorf("%s: outputs by kind of lock: %v", name, kinds)
		}
	}
}

// checkAddress holds the address of a script to what another library's encoders make of it,
// by patterns of hexadecimal digits.
func checkAddress(t testing.TB, script []byte) byte {
	t.Helper()
	want := ""
	text := hex.EncodeToString(script)
	part := func(pattern string) []byte {
		m := regexp.MustCompile("^" + pattern + "$").FindStringSubmatch(text)
		if m == nil {
			return nil
		}
		b, _ := hex.DecodeString(m[1])
		return b
	}
	witness := func(version byte, program []byte) string {
		groups, err := oracle32.ConvertBits(program, 8, 5, true)
		if err != nil {
			t.Fatal(err)
		}
		encode := oracle32.EncodeM
		if version == 0 {
			encode = oracle32.Encode
		}
		s, err := encode("bc", append([]byte{version}, groups...))
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	if b := part("76a914(.{40})88ac"); b != nil {
		want = oracle58.CheckEncode(b, 0)
	} else if b := part("a914(.{40})87"); b != nil {
		want = oracle58.CheckEncode(b, 5)
	} else if b := part("0014(.{40})"); b != nil {
		want = witness(0, b)
	} else if b := part("0020(.{64})"); b != nil {
		want = witness(0, b)
	} else if b := part("5120(.{64})"); b != nil {
		want = witness(1, b)
	} else if b := part("(?:21(0[23].{64})|x)ac"); b != nil {
		want = oracle58.CheckEncode(hash160(b), 0)
	} else if b := part("41(0[467].{128})ac"); b != nil {
		want = oracle58.CheckEncode(hash160(b), 0)
	}
	l := lockOf(script)
	if got := l.address(mainnet).String(); got != want {
		t.Errorf("script %s has the address %q, want %q", text, got, want)
	}
	return l.kind
}

// TestRealTransaction reads a transaction of one megabyte.
func TestRealTransaction(t *testing.T) {
	b := readRaw(t, "megatx.bin.bz2")
	var k blockShape
	r := &reader{b: b}
	k.transaction(mainnet, r)
	if r.what != "" || r.at != len(b) || len(k.ins) != 5569 || len(k.outs) != 1 {
		t.Fatalf("%s at %d of %d: %d inputs, %d outputs", r.what, r.at, len(b), len(k.ins), len(k.outs))
	}
	// Bitcoin's largest transaction of its time, of block 364,292.
	if got := fmt.Sprintf("%x", shown(k.txs[0].hash)); got != "bb41a757f405890fb0f5856228e23b715702d714d59bf2b1feb70d8b2b4e3e08" {
		t.Error(got)
	}
}

// readUTXOs reads a set of unspent outputs as btcd's tests store it: hash, number, size, and
// a height, an amount and a script in Bitcoin Core's packed form.
func readUTXOs(t testing.TB, b []byte) map[outpoint]coin {
	coins := map[outpoint]coin{}
	for len(b) > 0 {
		o := outpoint(b[:36])
		n := binary.LittleEndian.Uint32(b[36:])
		packed := b[40 : 40+n]
		b = b[40+n:]
		number := func() (v uint64) {
			for {
				c := packed[0]
				packed = packed[1:]
				v = v<<7 | uint64(c&0x7f)
				if c&0x80 == 0 {
					return v
				}
				v++
			}
		}
		number() // height and whether it is of a coinbase
		value := unpackAmount(number())
		var script []byte
		switch kind := number(); kind {
		case 0:
			script = append(append([]byte{opDup, opHash160, 20}, packed...), opEqualVerify, opCheckSig)
		case 1:
			script = append(append([]byte{opHash160, 20}, packed...), opEqual)
		case 2, 3:
			script = append(append([]byte{33, byte(kind)}, packed...), opCheckSig)
		case 4, 5:
			script = append(append([]byte{65}, uncompressed(t, byte(kind-2), packed)...), opCheckSig)
		default:
			script = packed
		}
		checkAddress(t, script)
		coins[o] = coin{value, lockOf(script)}
	}
	return coins
}

// uncompressed returns the public key of which the first half and the other's parity are given.
func uncompressed(t testing.TB, parity byte, x []byte) []byte {
	k, err := secp256k1.ParsePubKey(append([]byte{parity}, x...))
	if err != nil {
		t.Fatal(err)
	}
	return k.SerializeUncompressed()
}

// unpackAmount undoes Bitcoin Core's CompressAmount: zeros at the end are counted.
func unpackAmount(x uint64) uint64 {
	if x == 0 {
		return 0
	}
	x--
	e := x % 10
	x /= 10
	n := uint64(0)
	if e < 9 {
		n = (x/9)*10 + x%9 + 1
	} else {
		n = x + 1
	}
	for ; e > 0; e-- {
		n *= 10
	}
	return n
}

// TestRealFees: of block 277,647 all that its inputs spend is known. Its fees must be what
// its coinbase has beyond 25 bitcoin.
func TestRealFees(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "blk00000.dat")
	if err := os.WriteFile(name, readRaw(t, "277647.dat.bz2"), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := OpenFiles(t.Context(), mainnet, []string{name}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	coins := readUTXOs(t, readRaw(t, "277647.utxostore.bz2"))
	s.held = func(set *coinSet) (err error) {
		for o, c := range coins {
			err = errors.Join(err, set.add(&o, c))
		}
		return err
	}
	n := 0
	for facts, err := range s.Blocks(t.Context(), s.height) {
		if err != nil {
			t.Fatal(err)
		}
		n++
		var fees, claimed fundtrail.Amount
		for i, tx := range facts.Transactions {
			fees, _ = fees.Add(tx.Transfers[0].Fee)
			if i == 0 {
				for _, o := range tx.Transfers[0].Outputs {
					claimed, _ = claimed.Add(o.Amount)
				}
			}
		}
		subsidy := fundtrail.NewAmount(25 * 1e8)
		want, _ := subsidy.Add(fees)
		if facts.Block.Height != 277_647 || facts.Whole != fundtrail.AllKinds || len(facts.Transactions) != 213 || claimed != want || fees.IsZero() {
			t.Errorf("block %d, whole %q, %d transactions: fees %s, its coinbase takes %s", facts.Block.Height, facts.Whole, len(facts.Transactions), fees, claimed)
		}
		t.Logf("fees %s", fees)
	}
	if n != 1 || s.Report().Gaps != (Gaps{}) {
		t.Errorf("%d blocks, %+v", n, s.Report())
	}
}

// TestRealChain reads a regression test network's chain to its end. All coins come of
// coinbases: what they pay out beyond fees is unspent at last, or can never be spent. The addresses are those that another program found.
func TestRealChain(t *testing.T) {
	s, err := OpenFiles(t.Context(), regtest, []string{rawData(t, filepath.Join("blocksci_regtest", "blk00000.dat"))}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var minted, burnt, held uint64
	seen := map[fundtrail.Address]bool{}
	n := int64(0)
	for facts, err := range s.Blocks(t.Context(), s.height) {
		if err != nil {
			t.Fatal(err)
		}
		if facts.Block.Height != n || facts.Whole != fundtrail.AllKinds {
			t.Fatalf("block %d: %+v, whole: %s", n, facts.Block, facts.Whole)
		}
		n++
		for _, o := range facts.Transactions[0].Transfers[0].Outputs {
			minted += o.Amount.Words()[0]
		}
		for _, tx := range facts.Transactions {
			memos := len(tx.Events)
			minted -= tx.Transfers[0].Fee.Words()[0]
			for _, o := range tx.Transfers[0].Outputs {
				seen[o.Address] = true
				if o.Address.IsZero() && memos > 0 {
					burnt += o.Amount.Words()[0]
					memos--
				}
			}
		}
	}
	for _, k := range s.r.coins.young.index {
		if k != 0 {
			held += s.r.coins.young.entries[k-1].value
		}
	}
	if n != 202 || held+burnt != minted || burnt == 0 {
		t.Errorf("%d blocks: %d unspent and %d burnt of %d", n, held, burnt, minted)
	}
	out := readRaw(t, filepath.Join("blocksci_regtest", "test_clustering.test_clustering_with_change[btc].out"))
	found := regexp.MustCompile(`\b(PubkeyHash|ScriptHash|Witness\w+)Address\((\w+)\)`).FindAllStringSubmatch(string(out), -1)
	if len(found) < 100 {
		t.Fatalf("%d addresses in the other program's output", len(found))
	}
	for _, m := range found {
		var a fundtrail.Address
		if strings.HasPrefix(m[1], "Witness") {
			_, groups, err := oracle32.Decode(m[2])
			if err != nil {
				t.Fatal(err)
			}
			program, err := oracle32.ConvertBits(groups[1:], 5, 8, false)
			if err != nil {
				t.Fatal(err)
			}
			a = fundtrail.WitnessAddress(fundtrail.Bitcoin, groups[0], program)
		} else {
			payload, _, err := oracle58.CheckDecode(m[2])
			if err != nil {
				t.Fatal(err)
			}
			a = fundtrail.KeyHashAddress(fundtrail.Bitcoin, [20]byte(payload))
			if m[1] == "ScriptHash" {
				a = fundtrail.ScriptHashAddress(fundtrail.Bitcoin, [20]byte(payload))
			}
		}
		if !seen[a] {
			t.Errorf("%s is not in the chain", m[0])
		}
	}
}
