package fundtrail

import (
	"bytes"
	"math/rand/v2"
	"testing"

	oracle58 "github.com/btcsuite/btcd/btcutil/base58"
	oracle32 "github.com/btcsuite/btcd/btcutil/bech32"
)

// TestScriptAddresses holds the addresses of random hashes and programs to another
// library's encoders, and to what ParseAddress makes of them.
func TestScriptAddresses(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 7))
	check := func(a Address, want string, payload []byte) {
		t.Helper()
		again, err := ParseAddress(a.Chain(), a.String())
		if a.String() != want || err != nil || again != a || !bytes.Equal(a.Payload(), payload) {
			t.Errorf("%x on %s is %s, want %s; read again %v, %v", payload, a.Chain(), a, want, again, err)
		}
	}
	for n := range 300 {
		var hash [20]byte
		for i := n % 3; i < len(hash); i++ { // leading zeros too
			hash[i] = byte(r.Uint32())
		}
		for _, c := range []struct {
			chain       Chain
			key, script byte
		}{{Bitcoin, 0, 5}, {Litecoin, 0x30, 0x32}, {Dogecoin, 0x1e, 0x16}} {
			check(KeyHashAddress(c.chain, hash), oracle58.CheckEncode(hash[:], c.key), hash[:])
			check(ScriptHashAddress(c.chain, hash), oracle58.CheckEncode(hash[:], c.script), hash[:])
		}
		for _, a := range []Address{KeyHashAddress(BitcoinCash, hash), ScriptHashAddress(BitcoinCash, hash)} {
			check(a, a.String(), hash[:])
		}
		version := byte(r.IntN(17))
		program := make([]byte, 2+r.IntN(39))
		if version == 0 {
			program = make([]byte, []int{20, 32}[r.IntN(2)])
		}
		for i := range program {
			program[i] = byte(r.Uint32())
		}
		groups, err := oracle32.ConvertBits(program, 8, 5, true)
		if err != nil {
			t.Fatal(err)
		}
		for chain, hrp := range map[Chain]string{Bitcoin: "bc", Litecoin: "ltc"} {
			encode := oracle32.EncodeM
			if version == 0 {
				encode = oracle32.Encode
			}
			want, err := encode(hrp, append([]byte{version}, groups...))
			if err != nil {
				t.Fatal(err)
			}
			check(WitnessAddress(chain, version, program), want, program)
		}
	}
}

func TestNoWitnessAddress(t *testing.T) {
	for _, c := range []struct {
		chain   Chain
		version byte
		length  int
	}{{Dogecoin, 0, 20}, {BitcoinCash, 0, 32}, {Bitcoin, 0, 21}, {Bitcoin, 17, 20}, {Bitcoin, 1, 1}, {Bitcoin, 1, 41}} {
		if a := WitnessAddress(c.chain, c.version, make([]byte, c.length)); !a.IsZero() {
			t.Errorf("%+v has the address %s", c, a)
		}
	}
}
