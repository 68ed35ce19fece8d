package ledger

import (
	"math/rand/v2"
	"testing"
)

func TestBitset(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for _, n := range []int{1, 2, 63, 64, 65, 127, 128, 129, 1000} {
		for _, sparse := range []int{1, 2, 10, 200} {
			marks := make([]bool, n)
			b := newBitset(n)
			for i := range marks {
				if i == 0 || r.IntN(sparse) == 0 {
					marks[i] = true
					b.set(i)
				}
			}
			b.index()
			m := Memory{starts: b, rows: make([]row, n)}
			rank, prev := 0, -1
			for i, mark := range marks {
				if mark {
					if got := m.select1(rank); got != i {
						t.Fatalf("%d bits, 1 in %d: mark %d is at %d, want %d", n, sparse, rank, got, i)
					}
					rank, prev = rank+1, i
				}
				if got := b.rank(i); got != rank {
					t.Fatalf("%d bits, 1 in %d: rank(%d) = %d, want %d", n, sparse, i, got, rank)
				}
				if got := b.prev(i); got != prev {
					t.Fatalf("%d bits, 1 in %d: prev(%d) = %d, want %d", n, sparse, i, got, prev)
				}
			}
			next := n
			for i := n - 1; i >= 0; i-- {
				if marks[i] {
					next = i
				}
				if got := b.next(i, n); got != next {
					t.Fatalf("%d bits, 1 in %d: next(%d) = %d, want %d", n, sparse, i, got, next)
				}
			}
			if got := b.next(n, n); got != n {
				t.Fatalf("%d bits: next(%d) = %d", n, n, got)
			}
		}
	}
}
