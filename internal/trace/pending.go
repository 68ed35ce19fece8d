package trace

import (
	"math/bits"

	"github.com/fundtrail/fundtrail"
)

// pending is the set of positions still to visit. A bit a position, in pages made
// when first needed: setting one and finding the next cost a few nanoseconds, where a
// heap of cursors would cost a cache miss a level.
type pending struct {
	pages []*page
}

const pageBits = 1 << 15

// A page says of each of its words whether any bit is set, so that a sparse page is
// passed in a few steps.
type page struct {
	words [pageBits / 64]uint64
	any   [pageBits / 64 / 64]uint64
}

func newPending(size fundtrail.Position) *pending {
	return &pending{pages: make([]*page, size/pageBits+1)}
}

func (s *pending) add(p fundtrail.Position) {
	pg := s.pages[p/pageBits]
	if pg == nil {
		pg = new(page)
		s.pages[p/pageBits] = pg
	}
	w := p % pageBits / 64
	pg.words[w] |= 1 << (p % 64)
	pg.any[w/64] |= 1 << (w % 64)
}

func (s *pending) has(p fundtrail.Position) bool {
	pg := s.pages[p/pageBits]
	return pg != nil && pg.words[p%pageBits/64]>>(p%64)&1 != 0
}

// next returns the first member at or after p and below end.
func (s *pending) next(p, end fundtrail.Position) (fundtrail.Position, bool) {
	for p < end {
		base := p / pageBits * pageBits
		if pg := s.pages[p/pageBits]; pg != nil {
			if i, ok := pg.next(uint(p % pageBits)); ok {
				p = base + fundtrail.Position(i)
				return p, p < end
			}
		}
		p = base + pageBits
	}
	return end, false
}

// prev returns the last member before p and at or after first.
func (s *pending) prev(p, first fundtrail.Position) (fundtrail.Position, bool) {
	for p > first {
		base := (p - 1) / pageBits * pageBits
		if pg := s.pages[(p-1)/pageBits]; pg != nil {
			if i, ok := pg.prev(uint((p - 1) % pageBits)); ok {
				p = base + fundtrail.Position(i)
				return p, p >= first
			}
		}
		p = base
	}
	return first, false
}

// next returns the first bit at or after i.
func (pg *page) next(i uint) (uint, bool) {
	w := i / 64
	if rest := pg.words[w] >> (i % 64); rest != 0 {
		return i + uint(bits.TrailingZeros64(rest)), true
	}
	for w++; w < uint(len(pg.words)); w = (w/64 + 1) * 64 {
		if rest := pg.any[w/64] >> (w % 64); rest != 0 {
			w += uint(bits.TrailingZeros64(rest))
			return w*64 + uint(bits.TrailingZeros64(pg.words[w])), true
		}
	}
	return 0, false
}

// prev returns the last bit at or before i.
func (pg *page) prev(i uint) (uint, bool) {
	w := i / 64
	if rest := pg.words[w] << (63 - i%64); rest != 0 {
		return i - uint(bits.LeadingZeros64(rest)), true
	}
	for w > 0 {
		w--
		if rest := pg.any[w/64] << (63 - w%64); rest != 0 {
			w -= uint(bits.LeadingZeros64(rest))
			return w*64 + 63 - uint(bits.LeadingZeros64(pg.words[w])), true
		}
		w = w / 64 * 64
	}
	return 0, false
}
