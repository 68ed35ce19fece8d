package fundtrail

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/btcsuite/btcd/btcutil/bech32"
	"github.com/mr-tron/base58"
	"golang.org/x/crypto/sha3"
)

// An Address is a checked address on one chain, in that chain's own spelling:
// base58check, bech32 in lower case, cashaddr with its prefix, 0x and lower-case
// hexadecimal, Tron's base58check, Solana's base58. It is comparable, so it can be
// a map key, and two spellings of one address are one Address. Make one with
// [ParseAddress].
type Address struct {
	chain Chain
	text  string
}

// Chain returns the chain the address is on.
func (a Address) Chain() Chain { return a.chain }

// String returns the address in its chain's own spelling. ParseAddress of it
// gives the same Address again.
func (a Address) String() string { return a.text }

// IsZero reports whether a is no address at all.
func (a Address) IsZero() bool { return a.text == "" }

// Compare orders addresses by chain, then by spelling.
func (a Address) Compare(b Address) int {
	if c := strings.Compare(string(a.chain), string(b.chain)); c != 0 {
		return c
	}
	return strings.Compare(a.text, b.text)
}

// MarshalText returns the address's spelling, without its chain.
func (a Address) MarshalText() ([]byte, error) { return []byte(a.text), nil }

// Payload returns what the spelling encodes, without network or checksum: 20
// bytes on EVM chains and Tron, a public key's or script's hash or a witness
// program in bitcoin's family, 32 bytes on Solana.
//
// One key has the same 20 bytes on every EVM chain and on Tron, so equal payloads
// there mean one key holder. That is not true of contracts: whoever deployed the
// bytes on one chain need not own them on another.
func (a Address) Payload() []byte {
	if a.IsZero() {
		return nil
	}
	info, _ := a.chain.Info()
	var p []byte
	switch info.Family {
	case FamilyEVM:
		p, _ = hex.DecodeString(a.text[2:])
	case FamilyTron:
		p, _ = base58.Decode(a.text)
		p = p[1:21]
	case FamilySolana:
		p, _ = base58.Decode(a.text)
	case FamilyBitcoin:
		p = info.coin.payload(a.text)
	}
	return p
}

// EVMAddress returns the address with the given 20 bytes on an EVM chain or Tron.
// It panics on another chain: the chain is the program's choice, not input.
func EVMAddress(chain Chain, payload [20]byte) Address {
	info, _ := chain.Info()
	switch info.Family {
	case FamilyEVM:
		var text [42]byte
		text[0], text[1] = '0', 'x'
		hex.Encode(text[2:], payload[:])
		return Address{chain, string(text[:])}
	case FamilyTron:
		return Address{chain, encodeCheck(tronVersion, payload[:])}
	}
	panic("fundtrail: EVMAddress on " + string(chain))
}

// ParseAddress reads an address of the given chain. It never repairs: surrounding
// space, a missing 0x or a wrong letter is an error. What it refuses wraps
// [ErrBadChecksum] (a typing error), [ErrWrongNetwork] (a good address of another
// chain) or [ErrUnknownForm].
//
// Case: EIP-55 is checked when hexadecimal digits have mixed case; bech32 and
// cashaddr may be all upper or all lower case, never mixed.
func ParseAddress(chain Chain, s string) (Address, error) {
	info, ok := chain.Info()
	if !ok {
		return Address{}, fmt.Errorf("parse address %q: chain %q is not known: %w", short(s), short(string(chain)), ErrUnknownForm)
	}
	text, err := info.parse(s)
	if errors.Is(err, ErrUnknownForm) {
		if other := otherNetwork(info, s); other != "" {
			err = fmt.Errorf("it is an address of %s: %w", other, ErrWrongNetwork)
		}
	}
	if err != nil {
		return Address{}, fmt.Errorf("parse %s address %q: %w", info.Name, short(s), err)
	}
	return Address{chain, text}, nil
}

// maxAddress bounds what is decoded: the longest form is a cashaddr of 512 bits
// with its prefix. Base58 decoding is quadratic, so hostile length must not reach it.
const maxAddress = 128

func (info *ChainInfo) parse(s string) (string, error) {
	if s == "" {
		return "", fmt.Errorf("empty: %w", ErrUnknownForm)
	}
	if len(s) > maxAddress {
		return "", fmt.Errorf("%d bytes long: %w", len(s), ErrUnknownForm)
	}
	switch info.Family {
	case FamilyEVM:
		return parseEVM(s)
	case FamilyTron:
		return parseTron(s)
	case FamilySolana:
		return parseSolana(s)
	case FamilyBitcoin:
		return info.coin.parse(s)
	}
	return "", ErrUnknownForm
}

// otherNetwork names the chain, or family of chains, on which s is a good
// address, or "".
func otherNetwork(not ChainInfo, s string) string {
	for i := range chains {
		other := &chains[i]
		// 32 bytes of base58 have no checksum, so that form says little: ask last.
		if other.Chain == not.Chain || other.Family == FamilySolana {
			continue
		}
		if _, err := other.parse(s); err == nil {
			if other.Family == FamilyEVM {
				return "an EVM chain"
			}
			return other.Name
		}
	}
	if _, err := parseSolana(s); err == nil && not.Family != FamilySolana {
		return "Solana"
	}
	return ""
}

// parseEVM reads 0x and 40 hexadecimal digits. EIP-55: the case of a letter is
// the checksum, when both cases occur.
func parseEVM(s string) (string, error) {
	if len(s) != 42 || s[0] != '0' || s[1] != 'x' {
		return "", fmt.Errorf("want 0x and 40 hexadecimal digits: %w", ErrUnknownForm)
	}
	var lower, upper bool
	for _, c := range []byte(s[2:]) {
		switch {
		case c >= '0' && c <= '9':
		case c >= 'a' && c <= 'f':
			lower = true
		case c >= 'A' && c <= 'F':
			upper = true
		default:
			return "", fmt.Errorf("want 0x and 40 hexadecimal digits: %w", ErrUnknownForm)
		}
	}
	if !upper {
		return s, nil
	}
	low := strings.ToLower(s)
	if lower && ChecksumCase(low) != s {
		return "", fmt.Errorf("the case of its letters breaks EIP-55: %w", ErrBadChecksum)
	}
	return low, nil
}

// ChecksumCase returns 0x and 40 lower-case hexadecimal digits with the case of
// the letters set as EIP-55 asks, which is how wallets show an address.
func ChecksumCase(low string) string {
	h := sha3.NewLegacyKeccak256()
	h.Write([]byte(low[2:]))
	sum := h.Sum(nil)
	out := []byte(low)
	for i := range out[2:] {
		nibble := sum[i/2] >> (4 * (1 - i%2)) & 0xf
		if c := out[2+i]; c >= 'a' && nibble >= 8 {
			out[2+i] = c - 'a' + 'A'
		}
	}
	return string(out)
}

// tronVersion is Tron's main network prefix, which makes base58check begin with T.
const tronVersion = 0x41

// parseTron reads base58check, or 41 and 40 hexadecimal digits with or without 0x,
// as Tron's own HTTP API writes it.
func parseTron(s string) (string, error) {
	if h := strings.TrimPrefix(s, "0x"); len(h) == 42 {
		if b, err := hex.DecodeString(h); err == nil {
			if b[0] != tronVersion {
				return "", fmt.Errorf("hexadecimal form begins with %02x, want 41: %w", b[0], ErrWrongNetwork)
			}
			return encodeCheck(tronVersion, b[1:]), nil
		}
	}
	version, payload, err := decodeCheck(s)
	if err != nil {
		return "", err
	}
	if len(payload) != 20 {
		return "", fmt.Errorf("%d bytes, want 20: %w", len(payload), ErrUnknownForm)
	}
	if version != tronVersion {
		return "", ErrUnknownForm
	}
	return s, nil
}

// parseSolana reads base58 of 32 bytes. There is no checksum: any such text is an
// address, and a wrong letter is not noticed.
func parseSolana(s string) (string, error) {
	b, err := base58.Decode(s)
	if err != nil || len(b) != 32 {
		return "", fmt.Errorf("want base58 of 32 bytes: %w", ErrUnknownForm)
	}
	return s, nil
}

// parse reads an address of bitcoin's family.
func (p coinParams) parse(s string) (string, error) {
	if p.cashPrefix != "" {
		if text, err := parseCash(p.cashPrefix, s); !errors.Is(err, ErrUnknownForm) {
			return text, err
		}
	}
	if p.hrp != "" && strings.HasPrefix(strings.ToLower(s), p.hrp+"1") {
		return p.parseSegwit(s)
	}
	version, hash, err := decodeCheck(s)
	if err != nil {
		return "", err
	}
	if len(hash) != 20 {
		return "", fmt.Errorf("%d bytes, want 20: %w", len(hash), ErrUnknownForm)
	}
	script := bytes.IndexByte(p.scriptHash, version) >= 0
	if !script && version != p.pubKeyHash {
		return "", fmt.Errorf("base58check version %#02x: %w", version, ErrUnknownForm)
	}
	if p.cashPrefix != "" {
		return encodeCash(p.cashPrefix, script, hash), nil
	}
	if script {
		return encodeCheck(p.scriptHash[0], hash), nil
	}
	return s, nil
}

// parseSegwit reads a witness program: BIP-173 for version 0, BIP-350 (bech32m)
// for later versions.
func (p coinParams) parseSegwit(s string) (string, error) {
	_, data, kind, err := bech32.DecodeGeneric(s)
	if err != nil {
		if errors.As(err, new(bech32.ErrInvalidChecksum)) {
			return "", fmt.Errorf("bech32: %w", ErrBadChecksum)
		}
		return "", fmt.Errorf("bech32: %v: %w", err, ErrUnknownForm)
	}
	if len(data) == 0 {
		return "", fmt.Errorf("bech32: no data: %w", ErrUnknownForm)
	}
	want := bech32.VersionM
	if data[0] == 0 {
		want = bech32.Version0
	}
	if kind != want {
		return "", fmt.Errorf("bech32: the checksum is of another witness version: %w", ErrBadChecksum)
	}
	program, err := bech32.ConvertBits(data[1:], 5, 8, false)
	n := len(program)
	switch {
	case err != nil || data[0] > 16 || n < 2 || n > 40,
		data[0] == 0 && n != 20 && n != 32:
		return "", fmt.Errorf("bech32: no witness program of version %d: %w", data[0], ErrUnknownForm)
	}
	return strings.ToLower(s), nil
}

// payload undoes parse's canonical spellings.
func (p coinParams) payload(text string) []byte {
	if p.cashPrefix != "" {
		_, hash, _ := decodeCash(p.cashPrefix, text)
		return hash
	}
	if p.hrp != "" && strings.HasPrefix(text, p.hrp+"1") {
		_, data, _, _ := bech32.DecodeGeneric(text)
		program, _ := bech32.ConvertBits(data[1:], 5, 8, false)
		return program
	}
	_, hash, _ := decodeCheck(text)
	return hash
}

// decodeCheck decodes base58check: a version byte, a payload, and the first four
// bytes of their double SHA-256.
func decodeCheck(s string) (version byte, payload []byte, err error) {
	b, err := base58.Decode(s)
	if err != nil || len(b) < 5 {
		return 0, nil, fmt.Errorf("not base58check: %w", ErrUnknownForm)
	}
	body, sum := b[:len(b)-4], b[len(b)-4:]
	if want := checksum(body); !bytes.Equal(sum, want[:]) {
		if len(body) != 21 {
			return 0, nil, fmt.Errorf("not base58check: %w", ErrUnknownForm)
		}
		return 0, nil, fmt.Errorf("base58check: %w", ErrBadChecksum)
	}
	return body[0], body[1:], nil
}

func encodeCheck(version byte, payload []byte) string {
	b := slices.Concat([]byte{version}, payload)
	sum := checksum(b)
	return base58.Encode(append(b, sum[:]...))
}

func checksum(b []byte) (sum [4]byte) {
	first := sha256.Sum256(b)
	second := sha256.Sum256(first[:])
	copy(sum[:], second[:])
	return sum
}
