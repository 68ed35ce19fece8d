package fundtrail

import (
	"bytes"
	"errors"
	"fmt"
	"math/big"
	"math/bits"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/holiman/uint256"
)

// An Amount is a whole number of an asset's base units (satoshi, wei, sun), from
// 0 to 2^256-1. It is a comparable value; its zero value is zero. It marshals as
// a decimal string, because a JSON number loses digits above 2^53.
//
// Decimals belong to the asset, not to the amount: see [Amount.Decimal].
type Amount struct{ words [4]uint64 } // little-endian

// MaxAmount is 2^256-1, the largest amount there is.
var MaxAmount = Amount{[4]uint64{^uint64(0), ^uint64(0), ^uint64(0), ^uint64(0)}}

// NewAmount returns n base units.
func NewAmount(n uint64) Amount { return Amount{[4]uint64{n}} }

// AmountFromWords returns the amount with the given 64-bit words, least
// significant first. It is the inverse of [Amount.Words].
func AmountFromWords(w [4]uint64) Amount { return Amount{w} }

// AmountFromBig returns b as an amount; ok is false when b is negative or has
// more than 256 bits.
func AmountFromBig(b *big.Int) (a Amount, ok bool) {
	if b.Sign() < 0 || b.BitLen() > 256 {
		return Amount{}, false
	}
	overflow := a.uint().SetFromBig(b)
	return a, !overflow
}

// ParseAmount reads a decimal whole number of base units: digits alone, no sign,
// no point, no exponent, no separators. Its errors wrap [ErrInvalid].
func ParseAmount(s string) (Amount, error) {
	var a Amount
	err := errDigits
	if s != "" {
		err = a.appendDigits(s)
	}
	switch err {
	case nil:
		return a, nil
	case errDigits:
		return Amount{}, fmt.Errorf("parse amount %q: want digits alone, a whole number of base units: %w", short(s), ErrInvalid)
	}
	return Amount{}, fmt.Errorf("parse amount %q: %w: %w", short(s), err, ErrInvalid)
}

var (
	errDigits   = errors.New("not digits")
	errTooLarge = errors.New("more than 256 bits")
)

// appendDigits writes decimal digits behind those of a.
func (a *Amount) appendDigits(s string) error {
	for i := 0; i < len(s); {
		var chunk, scale uint64 = 0, 1
		for end := min(i+19, len(s)); i < end; i++ { // 10^19 fits 64 bits
			c := s[i] - '0'
			if c > 9 {
				return errDigits
			}
			chunk, scale = chunk*10+uint64(c), scale*10
		}
		if a.mulAdd(scale, chunk) {
			return errTooLarge
		}
	}
	return nil
}

// mulAdd sets a to a*m+n and reports overflow.
func (a *Amount) mulAdd(m, n uint64) (overflow bool) {
	carry := n
	for i := range a.words {
		hi, lo := bits.Mul64(a.words[i], m)
		var c uint64
		a.words[i], c = bits.Add64(lo, carry, 0)
		carry = hi + c
	}
	return carry != 0
}

// divide sets a to a/m and returns the remainder.
func (a *Amount) divide(m uint64) (rem uint64) {
	for i := 3; i >= 0; i-- {
		a.words[i], rem = bits.Div64(rem, a.words[i], m)
	}
	return rem
}

// maxDecimals is as many as a token can state: ERC-20's decimals() is a uint8.
const maxDecimals = 255

var zeros = strings.Repeat("0", maxDecimals)

// ParseDecimal reads a decimal number of whole coins, such as "1.5", into base
// units of an asset with the given decimals, from 0 to 255. It refuses more
// fractional digits than the asset has rather than round, unless they are zeros.
// Its errors wrap [ErrInvalid].
func ParseDecimal(s string, decimals int) (Amount, error) {
	if decimals < 0 || decimals > maxDecimals {
		return Amount{}, fmt.Errorf("parse amount %q: of an asset with %d decimals, want 0 to %d: %w", short(s), decimals, maxDecimals, ErrInvalid)
	}
	whole, frac, point := strings.Cut(s, ".")
	if !isDigits(whole) || point && !isDigits(frac) {
		return Amount{}, fmt.Errorf("parse amount %q: want digits, with a point and digits after it or without, such as 1.5: %w", short(s), ErrInvalid)
	}
	frac = strings.TrimRight(frac, "0")
	if len(frac) > decimals {
		return Amount{}, fmt.Errorf("parse amount %q: more than the asset's %d decimals: %w", short(s), decimals, ErrInvalid)
	}
	var a Amount
	for _, digits := range [...]string{whole, frac, zeros[:decimals-len(frac)]} {
		if err := a.appendDigits(digits); err != nil {
			return Amount{}, fmt.Errorf("parse amount %q: %w of base units: %w", short(s), err, ErrInvalid)
		}
	}
	return a, nil
}

func isDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// String returns the base units in decimal digits.
func (a Amount) String() string {
	var buf [maxDigits]byte
	return string(a.append(buf[:0]))
}

const maxDigits = 78 // of 2^256-1

// append writes the base units in decimal digits behind buf.
func (a Amount) append(buf []byte) []byte {
	var low [4]uint64 // below the first digits, 19 at a time
	n := 0
	for ; !a.IsUint64(); n++ {
		low[n] = a.divide(1e19)
	}
	buf = strconv.AppendUint(buf, a.words[0], 10)
	for n--; n >= 0; n-- {
		buf = append(buf, zeros[:19]...)
		for i := len(buf) - 1; low[n] > 0; i-- {
			buf[i] += byte(low[n] % 10)
			low[n] /= 10
		}
	}
	return buf
}

// Decimal returns the amount in whole coins of an asset with the given decimals,
// exactly and without trailing zeros: Decimal(18) of 1500000000000000000 is "1.5".
func (a Amount) Decimal(decimals int) string {
	var buf [maxDigits]byte
	digits := a.append(buf[:0])
	if decimals <= 0 || a.IsZero() {
		return string(digits)
	}
	point := len(digits) - decimals
	frac := bytes.TrimRight(digits[max(point, 0):], "0")
	switch {
	case len(frac) == 0:
		return string(digits[:point])
	case point > 0:
		return string(slices.Insert(digits[:point+len(frac)], point, '.'))
	}
	text := make([]byte, 2-point+len(frac))
	for i := range text {
		text[i] = '0'
	}
	text[1] = '.'
	copy(text[2-point:], frac)
	return string(text)
}

// MarshalText returns the base units in decimal digits.
func (a Amount) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (a *Amount) UnmarshalText(text []byte) error {
	v, err := ParseAmount(string(text))
	if err != nil {
		return err
	}
	*a = v
	return nil
}

// Words returns the amount's 64-bit words, least significant first.
func (a Amount) Words() [4]uint64 { return a.words }

// Big returns the amount as a new big integer.
func (a Amount) Big() *big.Int { return a.uint().ToBig() }

// IsZero reports whether a is 0.
func (a Amount) IsZero() bool { return a == Amount{} }

// IsUint64 reports whether a fits 64 bits; [Amount.Uint64] is then exact.
func (a Amount) IsUint64() bool { return a.words[1]|a.words[2]|a.words[3] == 0 }

// Uint64 returns the low 64 bits of a.
func (a Amount) Uint64() uint64 { return a.words[0] }

// Cmp returns -1, 0 or +1 as a is less than, equal to or greater than b.
func (a Amount) Cmp(b Amount) int {
	for i := 3; i >= 0; i-- {
		switch {
		case a.words[i] < b.words[i]:
			return -1
		case a.words[i] > b.words[i]:
			return 1
		}
	}
	return 0
}

// Less reports whether a < b.
func (a Amount) Less(b Amount) bool {
	_, borrow := a.Sub(b)
	return borrow
}

// Add returns a+b modulo 2^256, and whether it overflowed.
func (a Amount) Add(b Amount) (sum Amount, overflow bool) {
	var c uint64
	sum.words[0], c = bits.Add64(a.words[0], b.words[0], 0)
	sum.words[1], c = bits.Add64(a.words[1], b.words[1], c)
	sum.words[2], c = bits.Add64(a.words[2], b.words[2], c)
	sum.words[3], c = bits.Add64(a.words[3], b.words[3], c)
	return sum, c != 0
}

// Sub returns a-b modulo 2^256, and whether it went below zero.
func (a Amount) Sub(b Amount) (diff Amount, underflow bool) {
	var c uint64
	diff.words[0], c = bits.Sub64(a.words[0], b.words[0], 0)
	diff.words[1], c = bits.Sub64(a.words[1], b.words[1], c)
	diff.words[2], c = bits.Sub64(a.words[2], b.words[2], c)
	diff.words[3], c = bits.Sub64(a.words[3], b.words[3], c)
	return diff, c != 0
}

// Mul returns a*b modulo 2^256, and whether it overflowed.
func (a Amount) Mul(b Amount) (product Amount, overflow bool) {
	_, overflow = product.uint().MulOverflow(a.uint(), b.uint())
	return product, overflow
}

// MulDiv returns floor(a*b/c), with a 512-bit intermediate product, and whether
// the quotient overflowed. It panics when c is zero.
func (a Amount) MulDiv(b, c Amount) (quotient Amount, overflow bool) {
	if c.IsZero() {
		panic("fundtrail: division of an amount by zero")
	}
	if a.IsUint64() && b.IsUint64() && c.IsUint64() {
		hi, lo := bits.Mul64(a.words[0], b.words[0])
		if hi < c.words[0] {
			q, _ := bits.Div64(hi, lo, c.words[0])
			return NewAmount(q), false
		}
	}
	_, overflow = quotient.uint().MulDivOverflow(a.uint(), b.uint(), c.uint())
	return quotient, overflow
}

// Min returns the lesser of a and b.
func (a Amount) Min(b Amount) Amount {
	if a.Less(b) {
		return a
	}
	return b
}

// Max returns the greater of a and b.
func (a Amount) Max(b Amount) Amount {
	if a.Less(b) {
		return b
	}
	return a
}

// uint views a as the uint256 it is: the two have the same words in the same order.
func (a *Amount) uint() *uint256.Int { return (*uint256.Int)(&a.words) }

// short cuts a text that goes into an error message: input may be hostile and long.
func short(s string) string {
	const most = 96
	if len(s) <= most {
		return s
	}
	n := most
	for n > most-utf8.UTFMax && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "…"
}
