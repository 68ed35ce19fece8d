package ledger

import (
	"encoding/binary"

	"github.com/fundtrail/fundtrail"
)

// amounts is a column of 256-bit amounts coded short. A code byte holds the number
// of decimal thousands taken out (0 to 7, high three bits) and the number of bytes
// that follow (low five bits, 31 meaning 32): amounts in wei are mostly round, so
// 1 ETH takes two bytes. Every amountBlock-th code's offset is kept.
type amounts struct {
	arena   []byte
	offsets []uint64
	n       int
}

const amountBlock = 32

// pow1000 holds 1000^k, 0 <= k <= 7: all fit 128 bits.
var pow1000 = func() (p [8]fundtrail.Amount) {
	p[0] = fundtrail.NewAmount(1)
	for k := 1; k < len(p); k++ {
		p[k], _ = p[k-1].Mul(fundtrail.NewAmount(1000))
	}
	return p
}()

// appendCode adds the amount whose code begins b to the column.
func (c *amounts) appendCode(b []byte) {
	if c.n%amountBlock == 0 {
		c.offsets = append(c.offsets, uint64(len(c.arena)))
	}
	c.arena = append(c.arena, b[:1+codeLen[b[0]&0x1f]]...)
	c.n++
}

// at returns the i-th amount.
func (c *amounts) at(i int) fundtrail.Amount {
	off := c.offsets[i/amountBlock]
	for range i % amountBlock {
		off += 1 + uint64(codeLen[c.arena[off]&0x1f])
	}
	return amountAt(c.arena[off:])
}

// codeLen gives the byte length that a code's low five bits mean.
var codeLen = func() (l [32]uint8) {
	for i := range l {
		l[i] = uint8(i)
	}
	l[31] = 32
	return l
}()

func appendAmount(arena []byte, a fundtrail.Amount) []byte {
	thousands := byte(0)
	if a.IsUint64() {
		v := a.Uint64()
		for v != 0 && thousands < 7 && v%1000 == 0 {
			v, thousands = v/1000, thousands+1
		}
		a = fundtrail.NewAmount(v)
	} else {
		// 10^21 at once is the commonest large case; each step is a division of
		// 256 bits, so stop at the first that leaves a remainder.
		for thousands < 7 {
			q, _ := a.MulDiv(pow1000[0], pow1000[1])
			if back, _ := q.Mul(pow1000[1]); back != a {
				break
			}
			a, thousands = q, thousands+1
		}
	}
	w := a.Words()
	var b [32]byte
	for i := range w {
		binary.LittleEndian.PutUint64(b[8*i:], w[i])
	}
	n := 32
	for n > 0 && b[n-1] == 0 {
		n--
	}
	code := byte(n)
	if n > 30 {
		n, code = 32, 31
	}
	arena = append(arena, thousands<<5|code)
	return append(arena, b[:n]...)
}

// amountAt decodes the amount whose code begins b.
func amountAt(b []byte) fundtrail.Amount {
	code := b[0]
	n := int(codeLen[code&0x1f])
	var a fundtrail.Amount
	if n <= 8 {
		var v uint64
		for i := n; i > 0; i-- {
			v = v<<8 | uint64(b[i])
		}
		a = fundtrail.NewAmount(v)
	} else {
		var full [32]byte
		copy(full[:], b[1:1+n])
		a = fundtrail.AmountFromWords([4]uint64{
			binary.LittleEndian.Uint64(full[0:]), binary.LittleEndian.Uint64(full[8:]),
			binary.LittleEndian.Uint64(full[16:]), binary.LittleEndian.Uint64(full[24:]),
		})
	}
	if k := code >> 5; k != 0 {
		a, _ = a.Mul(pow1000[k])
	}
	return a
}
