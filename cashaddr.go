package fundtrail

import (
	"fmt"
	"strings"

	"github.com/btcsuite/btcd/btcutil/bech32"
)

// Bitcoin Cash's own spelling: a prefix, a colon, and 5-bit groups with a 40-bit
// BCH checksum over both. Specification: "CashAddr", reference/cashaddr.md of
// bitcoincash.org; test vectors from the same page. No Go library of it is kept up.

const cashCharset = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"

// parseCash reads a cashaddr with or without its prefix, all in one case.
func parseCash(prefix, s string) (string, error) {
	low := strings.ToLower(s)
	if low != s && strings.ToUpper(s) != s {
		return "", fmt.Errorf("cashaddr in mixed case: %w", ErrUnknownForm)
	}
	if !strings.Contains(low, ":") {
		low = prefix + ":" + low
	}
	script, hash, err := decodeCash(prefix, low)
	if err != nil {
		return "", err
	}
	return encodeCash(prefix, script, hash), nil
}

func decodeCash(prefix, s string) (script bool, hash []byte, err error) {
	found, body, _ := strings.Cut(s, ":")
	data := make([]byte, len(body))
	for i := range len(body) {
		v := strings.IndexByte(cashCharset, body[i])
		if v < 0 {
			return false, nil, fmt.Errorf("not a cashaddr: %w", ErrUnknownForm)
		}
		data[i] = byte(v)
	}
	// 42 groups carry 20 bytes: 1 version byte, 20 of hash, 8 groups of checksum.
	if len(data) < 42 {
		return false, nil, fmt.Errorf("not a cashaddr: %w", ErrUnknownForm)
	}
	if cashChecksum(found, data) != 0 {
		return false, nil, fmt.Errorf("cashaddr: %w", ErrBadChecksum)
	}
	if found != prefix {
		return false, nil, fmt.Errorf("cashaddr of %q: %w", short(found), ErrWrongNetwork)
	}
	b, err := bech32.ConvertBits(data[:len(data)-8], 5, 8, false)
	if err != nil || len(b) != 21 || b[0]&^0x08 != 0 {
		return false, nil, fmt.Errorf("cashaddr of a kind not in use: %w", ErrUnknownForm)
	}
	return b[0] == 0x08, b[1:], nil
}

func encodeCash(prefix string, script bool, hash []byte) string {
	version := byte(0)
	if script {
		version = 0x08
	}
	data, _ := bech32.ConvertBits(append([]byte{version}, hash...), 8, 5, true)
	sum := cashChecksum(prefix, append(data, make([]byte, 8)...))
	for i := range 8 {
		data = append(data, byte(sum>>(5*(7-i)))&0x1f)
	}
	text := make([]byte, len(data))
	for i, d := range data {
		text[i] = cashCharset[d]
	}
	return prefix + ":" + string(text)
}

// cashChecksum is the specification's PolyMod over the prefix's low five bits, a
// zero, and the data.
func cashChecksum(prefix string, data []byte) uint64 {
	generator := [5]uint64{0x98f2bc8e61, 0x79b76d99e2, 0xf33e5fb3c4, 0xae2eabe2a8, 0x1e4f43e470}
	c := uint64(1)
	step := func(d byte) {
		top := byte(c >> 35)
		c = (c&0x07ffffffff)<<5 ^ uint64(d)
		for i, g := range generator {
			if top>>i&1 == 1 {
				c ^= g
			}
		}
	}
	for i := range len(prefix) {
		step(prefix[i] & 0x1f)
	}
	step(0)
	for _, d := range data {
		step(d)
	}
	return c ^ 1
}
