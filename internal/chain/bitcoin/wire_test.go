package bitcoin

import (
	"bytes"
	"encoding/hex"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/fundtrail/fundtrail"
)

// TestScripts: scripts and the addresses that their documents give them.
func TestScripts(t *testing.T) {
	text, err := os.ReadFile("testdata/scripts.txt")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for line := range strings.Lines(string(text)) {
		f := strings.Fields(line)
		if len(f) == 0 || f[0] == "#" {
			continue
		}
		chain, err := fundtrail.ParseChain(f[0])
		if err != nil {
			t.Fatal(err)
		}
		p, err := ParamsOf(chain)
		if err != nil {
			t.Fatal(err)
		}
		script, err := hex.DecodeString(strings.TrimPrefix(f[1], "-"))
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		want := strings.TrimPrefix(f[2], "-")
		if got := AddressOf(&p, script).String(); got != want {
			t.Errorf("%s %s: %q, want %q", f[0], f[1], got, want)
		}
		if len(f) > 3 {
			data, ok := memo(script)
			if got := hex.EncodeToString(data); !ok || got != strings.TrimPrefix(f[3], "-") {
				t.Errorf("%s %s: memo %q, %v; want %s", f[0], f[1], got, ok, f[3])
			}
		} else if _, ok := memo(script); ok {
			t.Errorf("%s %s: a memo", f[0], f[1])
		}
		n++
	}
	if n < 30 {
		t.Errorf("%d scripts", n)
	}
}

// TestGenesis: the first transaction of Bitcoin, whose block is in its reference client.
func TestGenesis(t *testing.T) {
	raw, err := hex.DecodeString("0100000000000000000000000000000000000000000000000000000000000000000000003ba3edfd7a7b12b27ac72c3e67768f617fc81bc3888a51323a9fb8aa4b1e5e4a29ab5f49ffff001d1dac2b7c" +
		"0101000000010000000000000000000000000000000000000000000000000000000000000000ffffffff4d04ffff001d0104455468652054696d65732030332f4a616e2f32303039204368616e63656c6c6f72206f6e206272696e6b206f66207365636f6e64206261696c6f757420666f722062616e6b73ffffffff" +
		"0100f2052a01000000434104678afdb0fe5548271967f1a67130b7105cd6a828e03909a67962e0ea1f61deb649f6bc3f4cef38c4f35504e51ec112de5c384df7ba0b8d578a4c702b6bf11d5fac00000000")
	if err != nil {
		t.Fatal(err)
	}
	facts, r := collect(t, mainnet, Options{}, folder(t, record(mainnet, raw))...)
	if len(facts) != 1 || r.First != 0 || r.Tip != mainnet.Genesis || facts[0].Whole != fundtrail.AllKinds {
		t.Fatalf("%+v", r)
	}
	tx := facts[0].Transactions[0]
	out := tx.Transfers[0].Outputs[0]
	if tx.ID.String() != "4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b" || out.Address.String() != "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa" || out.Amount != fundtrail.NewAmount(50e8) {
		t.Errorf("%+v", tx)
	}
}

// TestAuxPoW: a block of Dogecoin may carry the proof of Litecoin's work.
func TestAuxPoW(t *testing.T) {
	m := &maker{r: rand.New(rand.NewPCG(8, 1))}
	p, err := ParamsOf(fundtrail.Dogecoin)
	if err != nil {
		t.Fatal(err)
	}
	plain := assemble(&p, [32]byte{5}, 0x00620104, 0x207fffff, [][]byte{m.transaction(nil, 1, 7, []byte{2, 0x10, 0x20})})
	proof := m.transaction(nil, 2, 9, []byte("another chain's"))
	proof = append(proof, make([]byte, 32)...)
	proof = append(append(proof, 3), make([]byte, 3*32+4)...)
	proof = append(append(proof, 0), make([]byte, 4+headerSize)...)
	b := append(append(bytes.Clone(plain[:headerSize]), proof...), plain[headerSize:]...)
	var k blockShape
	if err := k.parse(&p, b); err != nil || len(k.txs) != 1 {
		t.Fatal(err, len(k.txs))
	}
	if h, ok := coinbaseHeight(&k); h != 0x2010 || !ok {
		t.Error(h, ok)
	}
	if err := k.parse(&p, plain); err == nil {
		t.Error("a proof that is not there was read")
	}
	if err := k.parse(mainnet, plain); err != nil {
		t.Errorf("on Bitcoin the bit means nothing: %v", err)
	}
}

// TestExtensionBlock: Litecoin's blocks may be followed by one whose amounts are hidden; the
// last transaction carries what enters and leaves it.
func TestExtensionBlock(t *testing.T) {
	m := &maker{r: rand.New(rand.NewPCG(9, 1))}
	p, err := ParamsOf(fundtrail.Litecoin)
	if err != nil {
		t.Fatal(err)
	}
	coinbase := m.transaction(nil, 1, 7, []byte{2, 0x10, 0x20})
	peg := m.transaction([]made{{value: 50, witness: true}}, 2, 50, nil)
	plain := m.transaction([]made{{value: 50}}, 2, 50, nil)
	// Flags 9: a witness, and the mark of an extension block, which stands before the lock time.
	hog := append(bytes.Clone(peg[:len(peg)-4]), append([]byte{0}, peg[len(peg)-4:]...)...)
	hog[5] = 9
	b := assemble(&p, [32]byte{5}, 0x20000000, 0x207fffff, [][]byte{coinbase, plain, hog})
	var k blockShape
	if err := k.parse(&p, append(b, "what an extension block holds"...)); err != nil || !k.extension || len(k.txs) != 3 {
		t.Fatal(err, k.extension)
	}
	var own blockShape
	r := &reader{b: peg}
	if own.transaction(&p, r); own.txs[0].hash != k.txs[2].hash {
		t.Error("the mark changes the transaction's hash")
	}
	if err := k.parse(mainnet, b); err == nil || !strings.Contains(err.Error(), "flags 0x09") {
		t.Errorf("on Bitcoin: %v", err)
	}
	hog[len(hog)-5] = 1
	bad := append(append([]byte(nil), b[:len(b)-len(hog)]...), hog...)
	if err := k.parse(&p, bad); err == nil {
		t.Error("a transaction with a part of the extension block in it was read")
	}
}

// TestWork: the work of Bitcoin's first difficulty and of a test network's, and what is no
// difficulty.
func TestWork(t *testing.T) {
	for bits, want := range map[uint32]string{
		0x1d00ffff: "0x100010001",
		0x207fffff: "0x2",
	} {
		w, ok := workOf(bits)
		if got := w.Hex(); !ok || got != want {
			t.Errorf("%#x: %s, %v, want %s", bits, got, ok, want)
		}
	}
	for _, bits := range []uint32{0, 0x01003456, 0x04800001, 0xff123456, 0x23000100, 0x1d000000} {
		if w, ok := workOf(bits); ok {
			t.Errorf("%#x has the work %s", bits, w.Hex())
		}
	}
}

func FuzzBlock(f *testing.F) {
	m := &maker{r: rand.New(rand.NewPCG(10, 1))}
	_, blocks := m.chain(4, 1500)
	for _, b := range blocks {
		f.Add(b)
	}
	doge, _ := ParamsOf(fundtrail.Dogecoin)
	lite, _ := ParamsOf(fundtrail.Litecoin)
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, p := range []*Params{mainnet, &doge, &lite} {
			var k blockShape
			if err := k.parse(p, b); err != nil {
				if len(k.txs) == 0 {
					continue
				}
				root := k.merkleRoot() // made right, so that more is tried than the root
				b = bytes.Clone(b)
				copy(b[36:], root[:])
				if err := k.parse(p, b); err != nil {
					continue
				}
			}
			r := &resolver{p: p, coins: newCoinSet(1, t.TempDir()), keep: 1}
			facts, err := r.facts(&k, 7)
			if err != nil {
				continue
			}
			for i, tx := range facts.Transactions {
				if tr := tx.Transfers[0]; i > 0 && !tx.Partial && len(tr.Inputs) == 0 {
					t.Error("a transaction of nothing")
				}
			}
		}
	})
}

func FuzzScript(f *testing.F) {
	f.Add([]byte{opReturn, 3, 1, 2, 3})
	f.Add(append([]byte{0, 20}, make([]byte, 20)...))
	f.Fuzz(func(t *testing.T, s []byte) {
		for _, p := range known {
			if a := AddressOf(&p, s); !a.IsZero() {
				if again, err := fundtrail.ParseAddress(p.Chain, a.String()); err != nil || again != a {
					t.Errorf("%x: %s is read as %s, %v", s, a, again, err)
				}
			}
		}
		if data, ok := memo(s); ok && len(data) > len(s) {
			t.Errorf("%x: a memo of %d bytes", s, len(data))
		}
	})
}

func FuzzVarint(f *testing.F) {
	for _, n := range []int{0, 0xfc, 0xfd, 0xffff, 1 << 16} {
		f.Add(putVarint(nil, n))
	}
	f.Add([]byte{0xff, 0, 0, 0, 0, 1, 0, 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		r := &reader{b: b}
		n := r.varint()
		if r.what != "" || n >= 1<<32 {
			return
		}
		if again := putVarint(nil, int(n)); !bytes.Equal(again, b[:r.at]) {
			t.Errorf("%x is %d, which is written %x", b[:r.at], n, again)
		}
	})
}
