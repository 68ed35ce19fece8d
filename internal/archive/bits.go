package archive

import (
	"encoding/binary"
	"math/bits"
)

// Numbers stand in as many bits as the largest among them needs, least bit first.

// width returns how many bits a number needs.
func width(v uint64) uint8 { return uint8(bits.Len64(v)) }

// packed returns how many bytes n numbers of w bits take.
func packed(n int, w uint) int { return (n*int(w) + 7) / 8 }

// bitsAt returns w bits, at most 56, from a bit position on. It reads eight bytes, so
// seven must follow the last number.
func bitsAt(b []byte, pos uint64, w uint) uint64 {
	return binary.LittleEndian.Uint64(b[pos>>3:]) >> (pos & 7) & (1<<w - 1)
}

// A packer appends numbers of few bits to bytes.
type packer struct {
	out  []byte
	acc  uint64
	fill uint
}

func (p *packer) put(v uint64, w uint) {
	p.acc |= v << p.fill
	if p.fill += w; p.fill >= 64 {
		p.out = binary.LittleEndian.AppendUint64(p.out, p.acc)
		p.fill -= 64
		p.acc = v >> (w - p.fill) // 0 when fill is 0: a shift of all bits leaves none
	}
}

// flush fills up to a whole byte.
func (p *packer) flush() []byte {
	for ; p.fill > 0; p.fill -= min(8, p.fill) {
		p.out = append(p.out, byte(p.acc))
		p.acc >>= 8
	}
	p.acc = 0
	return p.out
}
