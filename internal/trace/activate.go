package trace

import (
	"fmt"
	"slices"

	"github.com/fundtrail/fundtrail"
)

// follow makes the holding of an asset at an address active for a parcel that comes at
// position p, or says why not. next is the first position from which its movements are
// still to be visited.
func (r *run) follow(a fundtrail.AddressID, asset fundtrail.AssetID, p, next fundtrail.Position, pc *parcel) (int32, verdict, error) {
	if i := r.holding(a, asset); i >= 0 {
		h := r.holdings.at(i)
		h.depth = min(h.depth, pc.depth+1)
		return i, verdict{}, nil
	}
	if r.visited > r.opt.MaxVisits {
		return -1, r.limitVerdict(), nil
	}
	if !r.home(a) && r.hub(a, asset) {
		return -1, r.hubVerdict(), nil
	}
	if r.returnsAgain(a, asset, pc) {
		return -1, r.paybackVerdict(), nil
	}
	return r.activate(a, asset, p, next, pc)
}

// activate makes the holding that value is followed into.
func (r *run) activate(a fundtrail.AddressID, asset fundtrail.AssetID, p, next fundtrail.Position, pc *parcel) (int32, verdict, error) {
	h := r.holdings.next()
	i := int32(r.holdings.len() - 1)
	h.addr, h.asset, h.depth = a, asset, pc.depth+1
	h.next, h.node.id, h.exit, h.sweep.end = r.byAddr.get(a), noNode, noNode, -1
	if r.back {
		r.byAddr.set(a, i)
		return i, verdict{}, r.historyBack(h, p)
	}
	returned, err := r.history(h, p, next, pc)
	if returned {
		r.holdings.drop()
		return -1, r.paybackVerdict(), nil
	}
	r.byAddr.set(a, i)
	return i, verdict{}, err
}

func (r *run) limitVerdict() verdict {
	return verdict{kind: fundtrail.EndLimit, label: "past the work limit",
		reason: fmt.Sprintf("the trace had read %d movements", r.opt.MaxVisits), own: true}
}

func (r *run) hubVerdict() verdict {
	return verdict{kind: fundtrail.EndHub, label: "untagged hub",
		reason: fmt.Sprintf("untagged, with more than %d counterparties: most likely a service", r.opt.Hub), own: true}
}

// moves calls f with every movement of an address, in order, until f returns false.
func (r *run) moves(a fundtrail.AddressID, f func(fundtrail.Position, *fundtrail.Movement) bool) {
	for from := fundtrail.Position(0); ; {
		r.buf = r.ledger.Moves(a, from, false, r.buf)
		for rest := r.buf; len(rest) > 0; {
			// Movements of an address lie far apart: a few reads at once wait for
			// memory together.
			n := min(len(rest), len(r.batch))
			for i, q := range rest[:n] {
				r.ledger.Movement(q, &r.batch[i])
			}
			for i, q := range rest[:n] {
				r.visited++
				if !f(q, &r.batch[i]) {
					return
				}
			}
			rest = rest[n:]
		}
		if len(r.buf) < cap(r.buf) {
			return
		}
		from = r.buf[len(r.buf)-1] + 1
	}
}

// hub reports whether an address has more than Hub counterparties in payments of an
// asset that are above the dust floor. Dust does not count, because anybody can send
// it to a known thief's address from thousands of others.
func (r *run) hub(a fundtrail.AddressID, asset fundtrail.AssetID) bool {
	if r.ledger.MoveCount(a) <= r.opt.Hub {
		return false
	}
	k := balance{a, asset}
	if known, ok := r.hubs[k]; ok {
		return known
	}
	dust := r.dust(asset)
	clear(r.met)
	r.moves(a, func(_ fundtrail.Position, m *fundtrail.Movement) bool {
		if m.Asset != asset || m.Kind == fundtrail.MoveFee || m.Amount.Less(dust) {
			return true
		}
		other := m.From
		if other == a {
			other = m.To
		}
		r.met[other] = struct{}{}
		return len(r.met) <= r.opt.Hub
	})
	r.hubs[k] = len(r.met) > r.opt.Hub
	return r.hubs[k]
}

// history reads h's whole history: its balance becomes that just before p, its gaps
// those from next on, and what is from next on is put on the list to be visited. It
// stops at p when the parcel turns out to be a payment back to a payer.
func (r *run) history(h *holding, p, next fundtrail.Position, pc *parcel) (returned bool, err error) {
	var balance, paid fundtrail.Amount // paid to the parcel's payer
	deposits := r.depositsTo(h.addr, h.asset)
	hi := r.laneOf(r.ledger.Asset(h.asset).Chain).hi // p may be its end
	begun, overflow := false, false
	add := func(amount fundtrail.Amount) {
		var over bool
		balance, over = balance.Add(amount)
		overflow = overflow || over
	}
	k := r.about(h.addr)
	// What is stated was visited before the movement at its position, so a movement finds all
	// of it there; a deposit that comes itself finds those before it.
	arrived := func(d *deposit) bool { return d.at < p || d.at == p && (next > p || d.place < r.now) }
	begin := func() {
		for len(deposits) > 0 && arrived(&deposits[0]) {
			add(deposits[0].amount)
			deposits = deposits[1:]
		}
		h.balance, begun = balance, true
	}
	r.moves(h.addr, func(q fundtrail.Position, m *fundtrail.Movement) bool {
		if q >= hi {
			return false
		}
		if !begun && q >= p {
			begin()
			if returned = r.returns(h.addr, h.asset, pc, paid); returned {
				return false
			}
		}
		for len(deposits) > 0 && deposits[0].at <= q {
			add(deposits[0].amount)
			deposits = deposits[1:]
		}
		if q >= next {
			r.want(q)
		}
		if m.From == h.addr {
			k.pays = true
		}
		switch {
		case m.Asset != h.asset || m.From == m.To:
		case m.To == h.addr:
			add(m.Amount)
		case q >= next && r.thefts[q]: // takes nothing from what is traced here
		default:
			if !begun && pc.payer != nil && m.To == pc.payer.addr && !r.thefts[q] {
				paid = plus(paid, m.Amount)
			}
			left, short := balance.Sub(m.Amount)
			if short {
				missing, _ := m.Amount.Sub(balance)
				if left = (fundtrail.Amount{}); q >= next {
					h.gap(q, missing)
					h.slack = plus(h.slack, missing)
				}
			}
			balance = left
		}
		return true
	})
	if !begun {
		begin()
		returned = r.returns(h.addr, h.asset, pc, paid)
	}
	if overflow {
		return false, r.overflow(h.addr, h.asset)
	}
	return returned, nil
}

// gap notes a payment that the balance cannot explain.
func (h *holding) gap(at fundtrail.Position, short fundtrail.Amount) {
	if len(h.gaps) == 0 {
		h.lapse = at
	}
	h.gaps = append(h.gaps, gap{at, short})
	h.short = plus(h.short, short)
}

// historyBack reads h's history up to p: its balance becomes that just after p, for
// time runs the other way, and its gaps those up to p, latest first.
func (r *run) historyBack(h *holding, p fundtrail.Position) error {
	overflow := false
	r.moves(h.addr, func(q fundtrail.Position, m *fundtrail.Movement) bool {
		if q > p {
			return false
		}
		if q < p {
			r.want(q)
		}
		switch {
		case m.Asset != h.asset || m.From == m.To:
		case m.To == h.addr:
			var over bool
			h.balance, over = h.balance.Add(m.Amount)
			overflow = overflow || over
		default:
			left, short := h.balance.Sub(m.Amount)
			if short {
				missing, _ := m.Amount.Sub(h.balance)
				left = fundtrail.Amount{}
				h.gap(q, missing)
			}
			h.balance = left
		}
		return true
	})
	slices.Reverse(h.gaps)
	if overflow {
		return r.overflow(h.addr, h.asset)
	}
	return nil
}

// exit returns the graph node through which leaves, backward, what a holding's gaps
// hide. It may leave when the gap shows or, for the bounds, at any time after, but never
// more than the gaps together.
func (r *run) exit(i, end int32) int32 {
	h := r.holdings.at(i)
	if h.exit == noNode {
		h.exit = r.graph.node()
		r.exits = append(r.exits, exit{h.exit, end, i})
	}
	return h.exit
}

// An exit is a graph node that leads to an end, by an edge whose flow is known only
// when the visit is over.
type exit struct {
	node, end int32
	holding   int32
}

// closeExits makes those edges.
func (r *run) closeExits() {
	flow := map[int32]fundtrail.Amount{}
	for _, x := range r.exits {
		flow[x.node] = fundtrail.Amount{}
	}
	for _, e := range r.graph.edges.all() {
		if sum, ok := flow[e.to]; ok {
			flow[e.to] = plus(sum, e.flow)
		}
	}
	for _, x := range r.exits {
		h := r.holdings.at(x.holding)
		r.graph.edge(x.node, r.ends[x.end].node, plus(h.short, h.balance), fundtrail.Amount{}, flow[x.node])
	}
}

func unexplainedVerdict() verdict {
	return verdict{kind: fundtrail.EndCoverage, label: "not explained by the data", own: true,
		reason: "the address paid more than the ledger shows it had"}
}

// unexplained takes out of a holding, backward, what a payment forward could not have
// had: where it came from, the ledger does not say.
func (r *run) unexplained(i int32, p fundtrail.Position) {
	h := r.holdings.at(i)
	if len(h.gaps) == 0 || h.gaps[0].at != p {
		return
	}
	short := h.gaps[0].short
	h.gaps = h.gaps[1:]
	r.graph.pay(h, short)
	h.pay(short, &r.parcel)
	if r.parcel.tainted() {
		r.parcel.node = h.node.id
		end := r.end(unexplainedVerdict(), h.addr, h.asset)
		r.graph.out(&h.node, r.exit(i, end), &r.parcel)
		e := r.note(p)
		e.from, e.to, e.asset, e.depth, e.payer = h.addr, h.addr, h.asset, h.depth, i
		e.amount, e.possible, e.widened, e.taint = short, r.parcel.possible, r.parcel.widened, r.parcel.taint
		r.ended(e, end)
	}
	h.slack = plus(h.slack, short)
	r.graph.paid(h)
}
