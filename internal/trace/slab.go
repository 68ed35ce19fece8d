package trace

import "iter"

// A slab is a list that grows without copying what it holds, so that pointers into it
// stay good and millions of large elements cost one allocation a chunk.
type slab[T any] struct {
	chunks [][]T
	n      int
}

const slabChunk = 1 << 8

// add appends v and returns its number.
func (s *slab[T]) add(v T) int32 {
	if s.n%slabChunk == 0 {
		s.chunks = append(s.chunks, make([]T, 0, slabChunk))
	}
	last := &s.chunks[len(s.chunks)-1]
	*last = append(*last, v)
	s.n++
	return int32(s.n - 1)
}

func (s *slab[T]) len() int { return s.n }

func (s *slab[T]) at(i int32) *T { return &s.chunks[i/slabChunk][i%slabChunk] }

// all visits the elements in order.
func (s *slab[T]) all() iter.Seq2[int32, *T] {
	return func(yield func(int32, *T) bool) {
		i := int32(0)
		for _, c := range s.chunks {
			for k := range c {
				if !yield(i, &c[k]) {
					return
				}
				i++
			}
		}
	}
}
