package trace

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/fundtrail/fundtrail"
)

// TestPending compares the set with a sorted list, on sets from nearly empty to dense.
func TestPending(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{0, 1, 2, 5, 100, 3000, 100_000} {
		const size = 5*pageBits + 77
		s := newPending(size)
		var want []fundtrail.Position
		for range n {
			p := fundtrail.Position(r.Uint64N(size))
			s.add(p)
			want = append(want, p)
		}
		slices.Sort(want)
		want = slices.Compact(want)
		for range 2000 {
			p, q := fundtrail.Position(r.Uint64N(size+1)), fundtrail.Position(r.Uint64N(size+1))
			if r.IntN(4) == 0 && len(want) > 0 {
				p = want[r.IntN(len(want))] // a member, and what lies beside it
				q = p + fundtrail.Position(r.IntN(3))
			}
			first, end := min(p, q), max(p, q)
			i, _ := slices.BinarySearch(want, first)
			wantNext := end
			if i < len(want) && want[i] < end {
				wantNext = want[i]
			}
			if got, ok := s.next(first, end); ok != (wantNext < end) || ok && got != wantNext {
				t.Fatalf("%d members: next(%d, %d) = %d, %v, want %d", n, first, end, got, ok, wantNext)
			}
			k, _ := slices.BinarySearch(want, end)
			some := k > 0 && want[k-1] >= first
			if got, ok := s.prev(end, first); ok != some || ok && got != want[k-1] {
				t.Fatalf("%d members: prev(%d, %d) = %d, %v", n, end, first, got, ok)
			}
		}
	}
}
