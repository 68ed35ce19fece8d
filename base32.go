package fundtrail

import (
	"errors"
	"fmt"
	"strings"
)

// The two base32 spellings of bitcoin's family. Both are a prefix, a separator, and
// 5-bit groups of which the last are a BCH code over prefix and data: bech32 has 6
// (BIP-173, and BIP-350 for the later constant), cashaddr has 8 ("CashAddr",
// reference/cashaddr.md of bitcoincash.org).

const alphabet32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"

// digits32 are the values of base32's letters in either case plus one, 0 for what
// is none.
var digits32 = func() (values [256]byte) {
	for i, c := range []byte(alphabet32) {
		values[c] = byte(i + 1)
		values[strings.ToUpper(string(c))[0]] = byte(i + 1)
	}
	return values
}()

// A code32 is a BCH code over 5-bit groups.
type code32 struct {
	shift int        // of the state's topmost group
	table [32]uint64 // what each topmost group adds
}

func newCode32(groups int, generator [5]uint64) *code32 {
	k := &code32{shift: 5 * (groups - 1)}
	for i := range k.table {
		for bit, g := range generator {
			if i>>bit&1 == 1 {
				k.table[i] ^= g
			}
		}
	}
	return k
}

var (
	bechCode = newCode32(6, [5]uint64{0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3})
	cashCode = newCode32(8, [5]uint64{0x98f2bc8e61, 0x79b76d99e2, 0xf33e5fb3c4, 0xae2eabe2a8, 0x1e4f43e470})
)

// step takes one more group into the state c.
func (k *code32) step(c uint64, group byte) uint64 {
	return (c&(1<<k.shift-1))<<5 ^ uint64(group) ^ k.table[c>>k.shift&31]
}

// What the state of a valid text ends as.
const (
	bech32Sum  = 1          // BIP-173: witness version 0
	bech32mSum = 0x2bc830a3 // BIP-350: later versions
	cashSum    = 1
)

// decode32 reads the letters of s after the first n into groups. Text is at most
// maxAddress long.
func decode32(buf *[maxAddress]byte, s string, n int, form string) ([]byte, error) {
	for i := n; i < len(s); i++ {
		d := digits32[s[i]]
		if d == 0 {
			return nil, &strange{s, i, form}
		}
		buf[i-n] = d - 1
	}
	return buf[:len(s)-n], nil
}

// oneCase reports whether s does not mix upper and lower case.
func oneCase(s string) bool {
	var lower, upper bool
	for i := range len(s) {
		lower = lower || s[i] >= 'a' && s[i] <= 'z'
		upper = upper || s[i] >= 'A' && s[i] <= 'Z'
	}
	return !lower || !upper
}

// lowerLetter is ASCII alone, unlike strings.ToLower, for which the Kelvin sign is a k.
func lowerLetter(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		c += 'a' - 'A'
	}
	return c
}

var errBech32 = fmt.Errorf("bech32: %w", ErrBadChecksum)

// decodeBech32 reads the groups behind the separator, which is s[n], and tells by the
// checksum whether it is bech32m.
func decodeBech32(buf *[maxAddress]byte, s string, n int) (groups []byte, m bool, err error) {
	if !oneCase(s) {
		return nil, false, errors.New("bech32 in mixed case")
	}
	groups, err = decode32(buf, s, n+1, "bech32")
	if err != nil {
		return nil, false, err
	}
	if len(groups) < 6 {
		return nil, false, errors.New("bech32 cut short")
	}
	c := uint64(1)
	for i := range n {
		c = bechCode.step(c, lowerLetter(s[i])>>5)
	}
	c = bechCode.step(c, 0)
	for i := range n {
		c = bechCode.step(c, s[i]&31)
	}
	for _, g := range groups {
		c = bechCode.step(c, g)
	}
	if c != bech32Sum && c != bech32mSum {
		return nil, false, errBech32
	}
	return groups[:len(groups)-6], c == bech32mSum, nil
}

// isSegwit reports whether s begins as the chain's bech32 does, in any case.
func (p *coinParams) isSegwit(s string) bool {
	n := len(p.hrp)
	return n > 0 && len(s) > n && s[n] == '1' && strings.EqualFold(s[:n], p.hrp)
}

// decodeSegwit reads a witness program into the front of buf.
func (p *coinParams) decodeSegwit(buf *[maxAddress]byte, s string) ([]byte, error) {
	groups, m, err := decodeBech32(buf, s, len(p.hrp))
	if err != nil {
		return nil, err
	}
	if len(groups) == 0 {
		return nil, errors.New("bech32 without data")
	}
	version := groups[0]
	program, ok := regroup8(groups[1:])
	n := len(program)
	if !ok || version > 16 || n < 2 || n > 40 || version == 0 && n != 20 && n != 32 {
		return nil, fmt.Errorf("bech32: no witness program of version %d", version)
	}
	if m != (version > 0) {
		return nil, fmt.Errorf("bech32: the checksum is of another witness version: %w", ErrBadChecksum)
	}
	return program, nil
}

// Token-aware addresses (CashTokens) say only that a wallet can hold tokens: they
// name the same script as the address without the bit.
const (
	cashScript = 1 << 3
	cashTokens = 2 << 3
	cash32     = 3 // the size bits of 32 bytes
)

// parseCash reads a cashaddr with or without its prefix, all in one case.
func parseCash(prefix, s string) (string, error) {
	var buf [maxAddress]byte
	script, hash, err := cashHash(&buf, prefix, s)
	if err != nil {
		return "", err
	}
	return encodeCash(prefix, script, hash), nil
}

// cashHash reads the hash of a public key or a script into buf.
func cashHash(buf *[maxAddress]byte, prefix, s string) (script bool, hash []byte, err error) {
	n := len(prefix)
	prefixed := len(s) > n && s[n] == ':' && strings.EqualFold(s[:n], prefix)
	// Without the prefix little tells a cashaddr from other text: its length, 42
	// letters for 20 bytes and 61 for 32, or one more or less by a typing error, and
	// the first letter, which is its kind.
	bare := (len(s) >= 41 && len(s) <= 43 || len(s) >= 60 && len(s) <= 62) &&
		strings.IndexByte("qpzrQPZR", s[0]) >= 0 && oneCase(s)
	var groups []byte
	switch {
	case prefixed && !oneCase(s):
		return false, nil, errors.New("cashaddr in mixed case")
	case prefixed:
		groups, err = decodeCash(buf, prefix, s, n+1)
	case bare:
		groups, err = decodeCash(buf, prefix, s, 0)
	default:
		err = errForm
	}
	if err != nil {
		return false, nil, err
	}
	b, ok := regroup8(groups)
	if !ok || len(b) == 0 {
		return false, nil, errors.New("cashaddr of a part of a byte")
	}
	version := b[0] &^ cashTokens
	hash = b[1:]
	switch {
	case version&^cashScript == 0 && len(hash) == 20,
		version == cashScript|cash32 && len(hash) == 32: // in use since 2023
		return version&cashScript != 0, hash, nil
	}
	return false, nil, fmt.Errorf("cashaddr of a kind not in use, version %#02x with %d bytes", b[0], len(hash))
}

var errCash = fmt.Errorf("cashaddr: %w", ErrBadChecksum)

// decodeCash reads the groups of s after the first n letters and checks them, with
// the prefix, against their checksum.
func decodeCash(buf *[maxAddress]byte, prefix, s string, n int) ([]byte, error) {
	groups, err := decode32(buf, s, n, "cashaddr")
	if err != nil {
		return nil, err
	}
	if len(groups) < 8 {
		return nil, errors.New("cashaddr cut short")
	}
	c := cashState(prefix)
	for _, g := range groups {
		c = cashCode.step(c, g)
	}
	if c != cashSum {
		return nil, errCash
	}
	return groups[:len(groups)-8], nil
}

// cashState is the code's state after the prefix and the separator.
func cashState(prefix string) uint64 {
	c := uint64(1)
	for i := range len(prefix) {
		c = cashCode.step(c, prefix[i]&31)
	}
	return cashCode.step(c, 0)
}

func encodeCash(prefix string, script bool, hash []byte) string {
	var version byte
	if script {
		version = cashScript
	}
	if len(hash) == 32 {
		version |= cash32
	}
	text := append(make([]byte, 0, maxAddress), prefix...)
	text = append(text, ':')
	c := cashState(prefix)
	put := func(group byte) {
		c = cashCode.step(c, group)
		text = append(text, alphabet32[group])
	}
	acc, n := uint(version), 8
	for i := 0; ; {
		for ; n >= 5; n -= 5 {
			put(byte(acc>>(n-5)) & 31)
		}
		if i == len(hash) {
			break
		}
		acc, n, i = acc<<8|uint(hash[i]), n+8, i+1
	}
	if n > 0 {
		put(byte(acc<<(5-n)) & 31)
	}
	sum := c
	for range 8 {
		sum = cashCode.step(sum, 0)
	}
	sum ^= cashSum
	for i := range 8 {
		text = append(text, alphabet32[sum>>(5*(7-i))&31])
	}
	return string(text)
}

// regroup8 makes bytes of 5-bit groups, in place. What is left over must be zero
// and less than a group.
func regroup8(groups []byte) (b []byte, ok bool) {
	var acc uint
	var n, size int
	for _, g := range groups {
		acc, n = acc<<5|uint(g), n+5
		if n >= 8 {
			n -= 8
			groups[size] = byte(acc >> n)
			size++
		}
	}
	return groups[:size], n < 5 && acc&(1<<n-1) == 0
}
