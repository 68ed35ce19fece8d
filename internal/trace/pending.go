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

type page [pageBits / 64]uint64

func newPending(size fundtrail.Position) *pending {
	return &pending{pages: make([]*page, size/pageBits+1)}
}

func (s *pending) add(p fundtrail.Position) {
	pg := s.pages[p/pageBits]
	if pg == nil {
		pg = new(page)
		s.pages[p/pageBits] = pg
	}
	pg[p%pageBits/64] |= 1 << (p % 64)
}

func (s *pending) has(p fundtrail.Position) bool {
	pg := s.pages[p/pageBits]
	return pg != nil && pg[p%pageBits/64]>>(p%64)&1 == 1
}

// next returns the first member at or after p and below end.
func (s *pending) next(p, end fundtrail.Position) (fundtrail.Position, bool) {
	for p < end {
		pg := s.pages[p/pageBits]
		if pg == nil {
			p = (p/pageBits + 1) * pageBits
			continue
		}
		if w := pg[p%pageBits/64] >> (p % 64); w != 0 {
			p += fundtrail.Position(bits.TrailingZeros64(w))
			return p, p < end
		}
		p = (p/64 + 1) * 64
	}
	return end, false
}

// prev returns the last member before p and at or after first.
func (s *pending) prev(p, first fundtrail.Position) (fundtrail.Position, bool) {
	for p > first {
		q := p - 1
		pg := s.pages[q/pageBits]
		if pg == nil {
			p = q / pageBits * pageBits
			continue
		}
		if w := pg[q%pageBits/64] << (63 - q%64); w != 0 {
			q -= fundtrail.Position(bits.LeadingZeros64(w))
			return q, q >= first
		}
		p = q / 64 * 64
	}
	return first, false
}
