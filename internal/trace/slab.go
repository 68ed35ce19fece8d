package trace

import "iter"

// A slab is a list that grows without copying what it holds, so that pointers into it
// stay good and millions of large elements cost one allocation a chunk.
type slab[T any] struct {
	chunks [][]T
	n      int
}

const slabChunk = 1 << 8

// next appends a zero element and returns it.
func (s *slab[T]) next() *T {
	if s.n%slabChunk == 0 {
		s.chunks = append(s.chunks, make([]T, slabChunk))
	}
	s.n++
	return &s.chunks[(s.n-1)/slabChunk][(s.n-1)%slabChunk]
}

// drop takes the last element off again.
func (s *slab[T]) drop() {
	s.n--
	var zero T
	s.chunks[s.n/slabChunk][s.n%slabChunk] = zero
	if s.n%slabChunk == 0 {
		s.chunks = s.chunks[:s.n/slabChunk]
	}
}

func (s *slab[T]) len() int { return s.n }

func (s *slab[T]) at(i int32) *T {
	u := uint32(i)
	return &s.chunks[u/slabChunk][u%slabChunk]
}

// all visits the elements in order.
func (s *slab[T]) all() iter.Seq2[int32, *T] {
	return func(yield func(int32, *T) bool) {
		for i := range int32(s.n) {
			if !yield(i, s.at(i)) {
				return
			}
		}
	}
}
