package archive

import (
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/ledgertest"
)

// TestTogether: histories over more segments than are asked at once, and of more movements
// than are expected, are those of the ledger in memory, to several readers at once.
func TestTogether(t *testing.T) {
	for name, shape := range map[string]ledgertest.Random{
		"few":   {Addresses: 6, Transactions: 3000, Tokens: 2, Gaps: true},
		"many":  {Addresses: 900, Transactions: 3000, Tokens: 1, Gaps: true},
		"coins": {Addresses: 300, Transactions: 1500, Coins: true},
	} {
		t.Run(name, func(t *testing.T) {
			m := sealed(t, shape.Ledger(newRand()), nil, nil)
			dir := t.TempDir()
			w := openWriterT(t, dir, Options{LogRows: 1, SegmentRows: 80})
			if err := w.Append(Batch{Facts: m}); err != nil {
				t.Fatal(err)
			}
			l := openT(t, dir)
			if n := l.Stats().Chains[0].Segments; n <= 2*together {
				t.Fatalf("%d segments, want more than %d", n, 2*together)
			}
			addresses := map[fundtrail.Address]fundtrail.AddressID{}
			var v fundtrail.Movement
			for p := range m.Size() {
				m.Movement(p, &v)
				for _, id := range []fundtrail.AddressID{v.From, v.To} {
					if id != fundtrail.NoAddress {
						addresses[m.Address(id)] = id
					}
				}
			}
			var wait sync.WaitGroup
			for seed := range uint64(3) {
				wait.Go(func() {
					r := rand.New(rand.NewPCG(seed, 1))
					for a, id := range addresses {
						own, ok := l.AddressID(a)
						if !ok || l.Address(own) != a {
							t.Errorf("%s is not found", a)
							return
						}
						if got, want := l.MoveCount(own), m.MoveCount(id); got != want {
							t.Errorf("%s has %d movements, want %d", a, got, want)
						}
						for range 6 {
							from := fundtrail.Position(r.Uint64N(uint64(m.Size())))
							if r.IntN(3) == 0 {
								from = fundtrail.NoPosition
							}
							back, room := r.IntN(2) == 0, 1+r.IntN(2000)
							got := l.Moves(own, from, back, make([]fundtrail.Position, 0, room))
							if want := m.Moves(id, from, back, make([]fundtrail.Position, 0, room)); !slices.Equal(got, want) {
								t.Errorf("%s from %d, back %v, room for %d:\n%v\nwant\n%v", a, from, back, room, got, want)
								return
							}
						}
					}
				})
			}
			wait.Wait()
			if err := l.Err(); err != nil {
				t.Fatal(err)
			}
		})
	}
}
