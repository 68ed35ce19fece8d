package trace

import "github.com/fundtrail/fundtrail"

// An ahead reads the movements that the visit is about to come to. They lie far apart,
// and so do the holdings of their payers and payees; touching a few together makes them
// wait for memory together, and the visit finds them at hand.
type ahead struct {
	at    [16]fundtrail.Position
	m     [16]fundtrail.Movement
	late  fundtrail.Movement
	i, n  int
	touch int32 // so that touching is not optimised away
}

// read returns the movement at p, until the next read.
func (a *ahead) read(r *run, p fundtrail.Position) *fundtrail.Movement {
	for a.i < a.n && (a.at[a.i] < p) != r.back && a.at[a.i] != p {
		a.i++
	}
	switch {
	case a.i == a.n:
		a.fill(r, p)
	case a.at[a.i] != p: // p came onto the list after what follows it was read
		r.ledger.Movement(p, &a.late)
		return &a.late
	}
	return &a.m[a.i]
}

// fill reads p and what is pending after it now.
func (a *ahead) fill(r *run, p fundtrail.Position) {
	l := r.lane(p)
	a.at[0], a.i, a.n = p, 0, 1
	for more := true; a.n < len(a.at); a.n++ {
		if r.back {
			a.at[a.n], more = r.pending.prev(a.at[a.n-1], l.lo)
		} else {
			a.at[a.n], more = r.pending.next(a.at[a.n-1]+1, l.hi)
		}
		if !more {
			break
		}
	}
	for i, q := range a.at[:a.n] {
		r.ledger.Movement(q, &a.m[i])
	}
	for i := range a.m[:a.n] {
		m := &a.m[i]
		if h := r.byAddr.get(m.From); h >= 0 {
			a.touch += r.holdings.at(h).next
		}
		if h := r.byAddr.get(m.To); h >= 0 {
			a.touch += r.holdings.at(h).next
		}
	}
}
