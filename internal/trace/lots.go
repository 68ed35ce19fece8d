package trace

import "github.com/fundtrail/fundtrail"

// A lot is a run of base units that are all tainted or all clean.
type lot struct {
	amount  fundtrail.Amount
	tainted bool
}

// lots is a balance as a sequence of lots, oldest first. It is a queue for FIFO and a
// stack for LIFO. Neighbours of one kind are one lot.
type lots struct {
	list []lot
	head int // list[:head] is spent
}

func (q *lots) push(l lot) {
	if l.amount.IsZero() {
		return
	}
	if n := len(q.list); n > q.head && q.list[n-1].tainted == l.tainted {
		q.list[n-1].amount, _ = q.list[n-1].amount.Add(l.amount)
		return
	}
	if q.head > 16 && q.head > len(q.list)/2 {
		q.list = q.list[:copy(q.list, q.list[q.head:])]
		q.head = 0
	}
	q.list = append(q.list, l)
}

// takeOldest moves amount from the front of q to the end of out.
func (q *lots) takeOldest(amount fundtrail.Amount, out []lot) []lot {
	for !amount.IsZero() && q.head < len(q.list) {
		l := &q.list[q.head]
		if rest, under := amount.Sub(l.amount); !under {
			out = appendLot(out, *l)
			amount = rest
			q.head++
			continue
		}
		out = appendLot(out, lot{amount, l.tainted})
		l.amount, _ = l.amount.Sub(amount)
		break
	}
	return out
}

// takeNewest moves amount from the back of q to the end of out, newest first.
func (q *lots) takeNewest(amount fundtrail.Amount, out []lot) []lot {
	for !amount.IsZero() && q.head < len(q.list) {
		l := &q.list[len(q.list)-1]
		if rest, under := amount.Sub(l.amount); !under {
			out = appendLot(out, *l)
			amount = rest
			q.list = q.list[:len(q.list)-1]
			continue
		}
		out = appendLot(out, lot{amount, l.tainted})
		l.amount, _ = l.amount.Sub(amount)
		break
	}
	return out
}

func (q *lots) clear() { q.list, q.head = q.list[:0], 0 }

// appendLot appends to a plain sequence, joining neighbours of one kind.
func appendLot(s []lot, l lot) []lot {
	if l.amount.IsZero() {
		return s
	}
	if n := len(s); n > 0 && s[n-1].tainted == l.tainted {
		s[n-1].amount, _ = s[n-1].amount.Add(l.amount)
		return s
	}
	return append(s, l)
}

// taintedIn sums the tainted lots of a sequence.
func taintedIn(s []lot) (sum fundtrail.Amount) {
	for i := range s {
		if s[i].tainted {
			sum, _ = sum.Add(s[i].amount)
		}
	}
	return sum
}
