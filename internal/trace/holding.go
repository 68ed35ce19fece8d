package trace

import "github.com/fundtrail/fundtrail"

// A holding is the balance of one asset at one address, from the moment that tainted
// value first reaches it.
type holding struct {
	addr  fundtrail.AddressID
	asset fundtrail.AssetID
	next  int32 // another holding of the same address, or -1
	depth int32 // least steps from a theft

	balance fundtrail.Amount // as the ledger shows it
	taint   fundtrail.Taints // of balance, by policy
	fifo    lots             // set while taint[FIFO] is not zero
	lifo    lots             // set while taint[LIFO] is not zero
	// possible is the most of balance that any lossless policy can call tainted, by
	// amounts alone. widened is the same if what gaps hide arrived before.
	possible, widened fundtrail.Amount

	gaps []gap // payments the balance cannot explain, in the order of the visit
	// slack is how much more than balance may have been here: what gaps ahead will
	// show to have been missing, or backward, what gaps behind have shown.
	slack fundtrail.Amount
	short fundtrail.Amount   // sum of all its gaps
	lapse fundtrail.Position // of the first of them in the ledger

	node  node  // in the flow graph
	exit  int32 // backward: graph node through which all that gaps hide leaves, or noNode
	sweep sweep
	came  arrivals
}

// A gap is a payment larger than what its payer can have.
type gap struct {
	at    fundtrail.Position
	short fundtrail.Amount
}

// A parcel is what one movement carries between holdings.
type parcel struct {
	amount            fundtrail.Amount
	taint             fundtrail.Taints
	possible, widened fundtrail.Amount
	fifo, lifo        []lot // composition of amount, in the order it was taken
	node              int32 // where in the flow graph it comes from
	depth             int32 // of the payer
	payer             *holding
}

// tainted reports whether any of the parcel can be tainted at all.
func (p *parcel) tainted() bool { return !p.widened.IsZero() }

// wholly is an amount that every policy of a model calls tainted whole.
func wholly(amount fundtrail.Amount, m fundtrail.Model) (t fundtrail.Taints) {
	for p := range fundtrail.NumPolicies {
		if p.On(m) {
			t[p] = amount
		}
	}
	return t
}

// whole makes p wholly tainted, as the record of a theft is.
func (p *parcel) whole(amount fundtrail.Amount) {
	*p = parcel{amount: amount, possible: amount, widened: amount, fifo: p.fifo[:0], lifo: p.lifo[:0]}
	p.taint = wholly(amount, fundtrail.Accounts)
	p.fifo = append(p.fifo, lot{amount, true})
	p.lifo = append(p.lifo, lot{amount, true})
}

// partly makes p tainted in part, as the record of a theft is that took more than what was
// stolen. The stolen part stands first, as in what a crossing brings out.
func (p *parcel) partly(amount, stolen fundtrail.Amount, m fundtrail.Model) {
	p.whole(amount)
	if p.taint = wholly(stolen, m); amount == stolen {
		return
	}
	p.taint[fundtrail.Poison] = amount
	p.possible, p.widened = stolen, stolen
	clean, _ := amount.Sub(stolen)
	p.fifo = append(p.fifo[:0], lot{stolen, true}, lot{clean, false})
	p.lifo = append(p.lifo[:0], lot{stolen, true}, lot{clean, false})
}

// receive adds a payment to the holding; p is nil when it is clean. It reports
// overflow of the balance.
func (h *holding) receive(amount fundtrail.Amount, p *parcel) (overflow bool) {
	before := h.balance
	h.balance, overflow = h.balance.Add(amount)
	if overflow {
		return true
	}
	if p == nil {
		if !h.taint[fundtrail.FIFO].IsZero() {
			h.fifo.push(lot{amount, false})
		}
		if !h.taint[fundtrail.LIFO].IsZero() {
			h.lifo.push(lot{amount, false})
		}
		if !h.taint[fundtrail.Poison].IsZero() {
			h.taint[fundtrail.Poison] = h.balance
		}
		return false
	}
	receiveLots(&h.fifo, h.taint[fundtrail.FIFO], before, p.taint[fundtrail.FIFO], amount, p.fifo)
	receiveLots(&h.lifo, h.taint[fundtrail.LIFO], before, p.taint[fundtrail.LIFO], amount, p.lifo)
	for i := range h.taint {
		h.taint[i], _ = h.taint[i].Add(p.taint[i]) // at most the balance, which did not overflow
	}
	if !h.taint[fundtrail.Poison].IsZero() {
		h.taint[fundtrail.Poison] = h.balance
	}
	h.possible = addCapped(h.possible, p.possible, h.balance)
	h.widened = addCapped(h.widened, p.widened, plus(h.balance, h.slack))
	return false
}

// receiveLots adds a payment to a queue that is kept only while it has taint.
func receiveLots(q *lots, had, before, got, amount fundtrail.Amount, parts []lot) {
	switch {
	case had.IsZero() && got.IsZero():
		return
	case had.IsZero():
		q.clear()
		q.push(lot{before, false})
	case got.IsZero():
		q.push(lot{amount, false})
		return
	}
	for _, l := range parts {
		q.push(l)
	}
}

// plus returns a+b, or the largest amount where that overflows. It is for bounds; value
// itself is never capped.
func plus(a, b fundtrail.Amount) fundtrail.Amount {
	sum, overflow := a.Add(b)
	if overflow {
		return fundtrail.MaxAmount
	}
	return sum
}

// addCapped returns min(a+b, most).
func addCapped(a, b, most fundtrail.Amount) fundtrail.Amount { return plus(a, b).Min(most) }

// pay takes a payment from the holding and says what it carries. A payment larger
// than the balance takes all of it; the rest was never seen to arrive, and is clean.
func (h *holding) pay(amount fundtrail.Amount, p *parcel) {
	p.amount = amount
	p.fifo, p.lifo = p.fifo[:0], p.lifo[:0]
	p.depth = h.depth
	left, short := h.balance.Sub(amount)
	if short || left.IsZero() {
		h.payAll(p)
		return
	}
	for i := range h.taint {
		t, pol := h.taint[i], fundtrail.Policy(i)
		if t.IsZero() {
			p.taint[i] = t
			continue
		}
		switch pol {
		case fundtrail.FIFO:
			p.fifo = h.fifo.takeOldest(amount, p.fifo)
			p.taint[i] = taintedIn(p.fifo)
		case fundtrail.LIFO:
			p.lifo = h.lifo.takeNewest(amount, p.lifo)
			p.taint[i] = taintedIn(p.lifo)
		case fundtrail.Haircut:
			if t == h.balance {
				p.taint[i] = amount
			} else {
				p.taint[i], _ = t.MulDiv(amount, h.balance)
			}
		case fundtrail.TaintedFirst:
			p.taint[i] = t.Min(amount)
		case fundtrail.TaintedLast:
			clean, _ := h.balance.Sub(t)
			if rest, none := amount.Sub(clean); none {
				p.taint[i] = fundtrail.Amount{}
			} else {
				p.taint[i] = rest
			}
		case fundtrail.Poison:
			p.taint[i] = amount
		}
		h.taint[i], _ = t.Sub(p.taint[i])
	}
	h.balance = left
	if h.taint[fundtrail.FIFO].IsZero() {
		h.fifo.clear()
	}
	if h.taint[fundtrail.LIFO].IsZero() {
		h.lifo.clear()
	}
	p.possible, p.widened = h.possible.Min(amount), h.widened.Min(amount)
	h.settle()
}

// payAll takes the whole balance.
func (h *holding) payAll(p *parcel) {
	p.taint = h.taint
	p.fifo = h.fifo.takeOldest(h.balance, p.fifo)
	p.lifo = h.lifo.takeNewest(h.balance, p.lifo)
	if unseen, short := p.amount.Sub(h.balance); !short {
		// What the ledger does not explain came last, so a queue takes it last and a
		// stack first.
		p.fifo = appendLot(p.fifo, lot{unseen, false})
		if !unseen.IsZero() && len(p.lifo) > 0 {
			p.lifo = append([]lot{{unseen, false}}, p.lifo...)
		}
	}
	if !h.taint[fundtrail.Poison].IsZero() {
		p.taint[fundtrail.Poison] = p.amount
	}
	h.taint = fundtrail.Taints{}
	h.fifo.clear()
	h.lifo.clear()
	h.balance = fundtrail.Amount{}
	p.possible, p.widened = h.possible.Min(p.amount), h.widened.Min(p.amount)
	h.settle()
}

// settle brings what is possible below what is there.
func (h *holding) settle() {
	h.possible = h.possible.Min(h.balance)
	h.widened = h.widened.Min(plus(h.balance, h.slack))
}
