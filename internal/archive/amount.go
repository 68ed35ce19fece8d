package archive

import (
	"encoding/binary"
	"math/bits"

	"github.com/fundtrail/fundtrail"
)

// An amount is a class and as many bytes as it needs: the class's upper three bits
// are the decimal thousands it is short of, at most 1000^6, and its lower five the
// number of bytes, of which 31 stands for 32.

const (
	maxKilos  = 6 // 1000^6 is the last that fits 64 bits
	lenBits   = 5
	lenMask   = 1<<lenBits - 1
	lenLanes  = 0x1f1f1f1f1f1f1f1f
	oneLanes  = 0x0101010101010101
	evenLanes = 0x00ff00ff00ff00ff
)

var kilos = [maxKilos + 1]uint64{1, 1e3, 1e6, 1e9, 1e12, 1e15, 1e18}

var (
	one      = fundtrail.NewAmount(1)
	thousand = fundtrail.NewAmount(1000)
)

// appendAmount appends an amount's bytes and returns its class.
func appendAmount(dst []byte, a fundtrail.Amount) ([]byte, byte) {
	k := byte(0)
	for ; k < maxKilos && !a.IsUint64(); k++ {
		q, _ := a.MulDiv(one, thousand)
		if back, _ := q.Mul(thousand); back != a {
			break
		}
		a = q
	}
	if a.IsUint64() {
		v := a.Uint64()
		for ; v != 0 && k < maxKilos && v%1000 == 0; k++ {
			v /= 1000
		}
		n := (bits.Len64(v) + 7) / 8
		var b [8]byte
		binary.LittleEndian.PutUint64(b[:], v)
		return append(dst, b[:n]...), k<<lenBits | byte(n)
	}
	var b [32]byte
	n := 0
	for i, w := range a.Words() {
		binary.LittleEndian.PutUint64(b[8*i:], w)
		if w != 0 {
			n = 8*i + (bits.Len64(w)+7)/8
		}
	}
	if n >= lenMask {
		return append(dst, b[:]...), k<<lenBits | lenMask
	}
	return append(dst, b[:n]...), k<<lenBits | byte(n)
}

// amountLen returns how many bytes an amount of a class has.
func amountLen(class byte) int {
	n := int(class & lenMask)
	return n + (n+1)>>lenBits // 31 is 32
}

// decodeAmount reads the amount at the beginning of b, of which eight bytes can be
// read whatever its length; ok is false when b is too short, or the class is none.
func decodeAmount(class byte, b []byte) (a fundtrail.Amount, ok bool) {
	n, k := amountLen(class), class>>lenBits
	if k > maxKilos || len(b) < max(n, 8) {
		return a, false
	}
	if n <= 8 {
		v := binary.LittleEndian.Uint64(b) & (1<<(8*n) - 1)
		hi, lo := bits.Mul64(v, kilos[k])
		return fundtrail.AmountFromWords([4]uint64{lo, hi}), true
	}
	var full [32]byte
	copy(full[:], b[:n])
	var w [4]uint64
	for i := range w {
		w[i] = binary.LittleEndian.Uint64(full[8*i:])
	}
	a, over := fundtrail.AmountFromWords(w).Mul(fundtrail.NewAmount(kilos[k]))
	return a, !over
}

// amountsBefore returns how many bytes the first n amounts have whose classes begin
// at b, n below 64, eight at a time. Eight bytes can be read at every class.
func amountsBefore(b []byte, n int) int {
	sum := 0
	lanes := uint64(0)
	for ; n >= 8; n, b = n-8, b[8:] {
		lanes += lengths(binary.LittleEndian.Uint64(b)) // at most 7 times 32
	}
	sum = addLanes(lanes)
	if n > 0 {
		sum += addLanes(lengths(binary.LittleEndian.Uint64(b) & (1<<(8*n) - 1)))
	}
	return sum
}

func lengths(classes uint64) uint64 {
	l := classes & lenLanes
	return l + (l+oneLanes)>>lenBits&oneLanes
}

func addLanes(x uint64) int {
	return int((x&evenLanes + x>>8&evenLanes) * 0x0001000100010001 >> 48)
}
