package fundtrail

import (
	"encoding/hex"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"
)

// Decoding without a chain finds the payload that ParseAddress finds with it.
func TestDecodeAgreesWithParse(t *testing.T) {
	seen := map[string]int{}
	for _, row := range table(t, "addresses.txt", 4) {
		chain, s, payload := Chain(row[0]), row[1], row[3]
		info, _ := chain.Info()
		if info.Family == FamilyEVM || strings.HasPrefix(s, "0x") || strings.HasPrefix(s, "41") {
			continue
		}
		found := func(form string, b []byte, err error) {
			if err == nil && hex.EncodeToString(b) == payload {
				seen[form]++
				payload = ""
			}
		}
		_, b, err := DecodeBase58Check(new([32]byte), s)
		found("base58check", b, err)
		b, err = DecodeBase58(new([32]byte), s)
		found("base58", b, err)
		_, b, err = DecodeCash(new([128]byte), s)
		found("cashaddr", b, err)
		named, _, b, err := DecodeSegwit(new([128]byte), s)
		found("bech32", b, err)
		if err == nil && named != chain {
			t.Errorf("%s: bech32 of %s, want %s", s, named, chain)
		}
		if payload != "" {
			t.Errorf("%s address %s: no form gives %s", chain, s, payload)
		}
	}
	if len(seen) != 4 {
		t.Errorf("forms met: %v, want four", seen)
	}
}

func TestDecodeSegwitVersion(t *testing.T) {
	for s, want := range map[string]byte{
		"bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4":                     0,
		"BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4":                     0,
		"bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0": 1,
	} {
		if _, got, _, err := DecodeSegwit(new([128]byte), s); err != nil || got != want {
			t.Errorf("%s: version %d, %v; want %d", s, got, err, want)
		}
	}
}

// A buffer may be used again, and no length is too much or too little.
func TestDecodeBounds(t *testing.T) {
	var b32 [32]byte
	var b128 [128]byte
	for _, n := range []int{0, 1, 3, 42, 127, 128, 129, 4096} {
		for _, prefix := range []string{"", "bc1", "BC1", "bitcoincash:", "1"} {
			s := prefix + strings.Repeat("q", n)
			DecodeBase58(&b32, s)
			DecodeBase58Check(&b32, s)
			DecodeCash(&b128, s)
			DecodeSegwit(&b128, s)
		}
	}
	if _, _, err := DecodeBase58Check(&b32, "12QtD5BFwRsdNsAZY76UVE1xyCGNTojH9h"); err != nil {
		t.Error(err)
	}
	if _, _, err := DecodeBase58Check(&b32, "12QtD5BFwRsdNsAZY76UVE1xyCGNTojH9j"); !errors.Is(err, ErrBadChecksum) {
		t.Errorf("a typing error: %v", err)
	}
}

func TestEIP55Holds(t *testing.T) {
	for s, want := range map[string]bool{
		"0x722122dF12D4e14e13Ac3b6895a86e84145b6967": true,
		"0x722122df12d4e14e13ac3b6895a86e84145b6967": true,
		"0x722122DF12D4E14E13AC3B6895A86E84145B6967": true,
		"0x722122Df12D4e14e13Ac3b6895a86e84145b6967": false,
	} {
		if EIP55Holds(s) != want {
			t.Errorf("EIP55Holds(%s) = %v", s, !want)
		}
	}
	rnd := rand.New(rand.NewPCG(1, 55))
	for range 2000 {
		var payload [20]byte
		fill(rnd, payload[:])
		s := []byte(ChecksumCase(EVMAddress(Ethereum, payload).String()))
		if i := 2 + rnd.IntN(40); rnd.IntN(2) == 0 && s[i] > '9' {
			s[i] ^= 0x20
		}
		want := ChecksumCase(strings.ToLower(string(s))) == string(s) || oneCase(string(s[2:]))
		if EIP55Holds(string(s)) != want {
			t.Errorf("EIP55Holds(%s) = %v", s, !want)
		}
	}
}
