package ledger

import "math/bits"

// A bitset marks the first movement of each transaction. rank counts the marks
// before a position, which numbers the transactions.
type bitset struct {
	words []uint64
	ranks []uint32 // marks before each word
}

func newBitset(n int) bitset {
	return bitset{words: make([]uint64, n/64+1)}
}

func (b *bitset) set(i int) { b.words[i/64] |= 1 << (i % 64) }

// index must be called once all marks are set and before rank.
func (b *bitset) index() {
	b.ranks = make([]uint32, len(b.words))
	n := uint32(0)
	for i, w := range b.words {
		b.ranks[i] = n
		n += uint32(bits.OnesCount64(w))
	}
}

// rank returns how many marks stand at or before i.
func (b *bitset) rank(i int) int {
	w := b.words[i/64] << (63 - i%64)
	return int(b.ranks[i/64]) + bits.OnesCount64(w)
}

// prev returns the last mark at or before i; there must be one.
func (b *bitset) prev(i int) int {
	word := i / 64
	w := b.words[word] << (63 - i%64) >> (63 - i%64)
	for w == 0 {
		word--
		w = b.words[word]
	}
	return word*64 + 63 - bits.LeadingZeros64(w)
}

// next returns the first mark at or after i, or n when there is none below it.
func (b *bitset) next(i, n int) int {
	if i >= n {
		return n
	}
	word := i / 64
	w := b.words[word] >> (i % 64) << (i % 64)
	for w == 0 {
		word++
		if word == len(b.words) {
			return n
		}
		w = b.words[word]
	}
	return min(word*64+bits.TrailingZeros64(w), n)
}
