package ledger

import (
	"encoding/binary"
	"math/bits"

	"github.com/fundtrail/fundtrail"
)

// A code is an amount in ten bytes: a mantissa of 72 bits, least byte first, and how
// many decimal thousands it is short of. Amounts in wei are mostly round, so this
// holds all but a few; those are kept whole, and the mantissa says which one it is.
type code [10]byte

const (
	codeKind  = 9    // the byte that holds the thousands
	codeLarge = 0xff // there: the mantissa is a number in the list of large amounts
	maxKilos  = 7    // 1000^6 still fits 64 bits, and 10^21 is the commonest round number of wei
)

// pow1000 holds 1000^k.
var pow1000 = func() (p [maxKilos + 1]fundtrail.Amount) {
	p[0] = fundtrail.NewAmount(1)
	for k := 1; k < len(p); k++ {
		p[k], _ = p[k-1].Mul(fundtrail.NewAmount(1000))
	}
	return p
}()

// scales are the members of pow1000 that fit 64 bits.
var scales = func() (s [maxKilos]uint64) {
	for k := range s {
		s[k] = pow1000[k].Uint64()
	}
	return s
}()

// encode returns an amount's code, adding to large what has no short one.
func encode(a fundtrail.Amount, large *[]fundtrail.Amount) (c code) {
	kilos := byte(0)
	if a.IsUint64() {
		v := a.Uint64()
		for v != 0 && kilos < maxKilos && v%1000 == 0 {
			v, kilos = v/1000, kilos+1
		}
		binary.LittleEndian.PutUint64(c[:], v)
		c[codeKind] = kilos
		return c
	}
	for kilos < maxKilos {
		q, _ := a.MulDiv(pow1000[0], pow1000[1])
		if back, _ := q.Mul(pow1000[1]); back != a {
			break
		}
		a, kilos = q, kilos+1
	}
	w := a.Words()
	if w[1] > 0xff || w[2]|w[3] != 0 {
		a, _ = a.Mul(pow1000[kilos])
		binary.LittleEndian.PutUint64(c[:], uint64(len(*large)))
		c[codeKind] = codeLarge
		*large = append(*large, a)
		return c
	}
	binary.LittleEndian.PutUint64(c[:], w[0])
	c[8], c[codeKind] = byte(w[1]), kilos
	return c
}

// decode is the inverse of encode. It multiplies whatever the scale is: a branch on
// what has just been read from memory would keep the processor from reading ahead.
func (c *code) decode(large []fundtrail.Amount) fundtrail.Amount {
	lo, hi, kilos := binary.LittleEndian.Uint64(c[:]), uint64(c[8]), c[codeKind]
	if kilos >= maxKilos {
		if kilos == codeLarge {
			return large[lo]
		}
		a, _ := fundtrail.AmountFromWords([4]uint64{lo, hi}).Mul(pow1000[kilos])
		return a
	}
	scale := scales[kilos]
	mid, low := bits.Mul64(lo, scale)
	top, add := bits.Mul64(hi, scale)
	mid, carry := bits.Add64(mid, add, 0)
	return fundtrail.AmountFromWords([4]uint64{low, mid, top + carry})
}
