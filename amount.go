package fundtrail

import (
	"fmt"
	"math/big"
	"math/bits"
	"strings"

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
// no point, no exponent, no separators.
func ParseAmount(s string) (Amount, error) {
	if s == "" {
		return Amount{}, fmt.Errorf("parse amount: empty: %w", ErrInvalid)
	}
	return parseDigits(s)
}

// parseDigits is shared with the importers' hot path: 19 digits at a time.
func parseDigits(s string) (Amount, error) {
	var a Amount
	for i := 0; i < len(s); {
		n := min(len(s)-i, 19)
		var chunk, scale uint64 = 0, 1
		for _, c := range []byte(s[i : i+n]) {
			if c -= '0'; c > 9 {
				return Amount{}, fmt.Errorf("parse amount %q: want digits alone, a whole number of base units: %w", short(s), ErrInvalid)
			}
			chunk, scale = chunk*10+uint64(c), scale*10
		}
		if a.mulAdd(scale, chunk) {
			return Amount{}, fmt.Errorf("parse amount %q: more than 256 bits: %w", short(s), ErrInvalid)
		}
		i += n
	}
	return a, nil
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

// ParseDecimal reads a decimal number of whole coins, such as "1.5", into base
// units of an asset with the given decimals. It refuses more fractional digits
// than the asset has rather than round.
func ParseDecimal(s string, decimals int) (Amount, error) {
	whole, frac, point := strings.Cut(s, ".")
	if whole == "" || point && frac == "" {
		return Amount{}, fmt.Errorf("parse amount %q: want a number such as 1.5: %w", short(s), ErrInvalid)
	}
	frac = strings.TrimRight(frac, "0")
	if len(frac) > decimals {
		return Amount{}, fmt.Errorf("parse amount %q: more than the asset's %d decimals: %w", short(s), decimals, ErrInvalid)
	}
	return parseDigits(whole + frac + strings.Repeat("0", decimals-len(frac)))
}

// String returns the base units in decimal digits.
func (a Amount) String() string {
	if a.IsUint64() {
		return fmt.Sprint(a.words[0])
	}
	return a.uint().Dec()
}

// Decimal returns the amount in whole coins of an asset with the given decimals,
// exactly and without trailing zeros: Decimal(18) of 1500000000000000000 is "1.5".
func (a Amount) Decimal(decimals int) string {
	s := a.String()
	if decimals <= 0 {
		return s
	}
	if len(s) <= decimals {
		s = strings.Repeat("0", decimals-len(s)+1) + s
	}
	whole, frac := s[:len(s)-decimals], strings.TrimRight(s[len(s)-decimals:], "0")
	if frac == "" {
		return whole
	}
	return whole + "." + frac
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
	return s[:most] + "…"
}
