package trace

import (
	"fmt"
	"slices"

	"github.com/fundtrail/fundtrail"
)

// follow makes the holding of an asset at an address active at position p, or says why
// not. next is the first position from which its movements are still to be visited.
func (r *run) follow(a fundtrail.AddressID, asset fundtrail.AssetID, p, next fundtrail.Position, depth int32) (int32, verdict, error) {
	if i := r.holding(a, asset); i >= 0 {
		h := r.holdings.at(i)
		h.depth = min(h.depth, depth)
		return i, verdict{}, nil
	}
	if r.visited > r.opt.MaxVisits {
		return -1, r.limitVerdict(), nil
	}
	if !r.home(a) && r.hub(a, asset) {
		return -1, r.hubVerdict(), nil
	}
	first, ok := r.byAddr[a]
	if !ok {
		first = -1
	}
	h := holding{addr: a, asset: asset, next: first, depth: depth, node: node{id: noNode}, exit: noNode}
	h.sweep.end = -1
	var err error
	if r.back {
		err = r.historyBack(&h, p)
	} else {
		err = r.history(&h, p, next)
	}
	if err != nil {
		return -1, verdict{}, err
	}
	i := r.holdings.add(h)
	r.byAddr[a] = i
	return i, verdict{}, nil
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
	var m fundtrail.Movement
	for from := fundtrail.Position(0); ; {
		r.buf = r.ledger.Moves(a, from, false, r.buf)
		for _, q := range r.buf {
			r.ledger.Movement(q, &m)
			r.visited++
			if !f(q, &m) {
				return
			}
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
	k := endKey{addr: a, asset: asset}
	if known, ok := r.hubs[k]; ok {
		return known
	}
	dust := r.dust(asset)
	seen := make(map[fundtrail.AddressID]struct{}, r.opt.Hub)
	r.moves(a, func(_ fundtrail.Position, m *fundtrail.Movement) bool {
		if m.Asset != asset || m.Kind == fundtrail.MoveFee || m.Amount.Less(dust) {
			return true
		}
		other := m.From
		if other == a {
			other = m.To
		}
		seen[other] = struct{}{}
		return len(seen) <= r.opt.Hub
	})
	r.hubs[k] = len(seen) > r.opt.Hub
	return r.hubs[k]
}

// history reads h's whole history: its balance becomes that just before p, its gaps
// those from next on, and what is from next on is put on the list to be visited.
func (r *run) history(h *holding, p, next fundtrail.Position) error {
	var balance fundtrail.Amount
	deposits := r.depositsTo(h.addr, h.asset)
	hi, dust := r.lane(p).hi, r.dust(h.asset)
	begun, overflow := false, false
	add := func(amount fundtrail.Amount) {
		var over bool
		balance, over = balance.Add(amount)
		overflow = overflow || over
	}
	r.moves(h.addr, func(q fundtrail.Position, m *fundtrail.Movement) bool {
		if q >= hi {
			return false
		}
		if !begun && q >= p {
			h.balance, begun = balance, true
		}
		for len(deposits) > 0 && deposits[0].at <= q {
			add(deposits[0].amount)
			deposits = deposits[1:]
		}
		if q >= next {
			r.want(q)
		}
		switch {
		case m.Asset != h.asset || m.From == m.To:
		case m.To == h.addr:
			add(m.Amount)
			if q < p {
				h.fund(m.From, m.Amount, dust)
			}
		case q >= next && r.thefts[q]: // takes nothing from what is traced here
		default:
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
		h.balance = balance
	}
	if overflow {
		return r.overflow(h.addr, h.asset)
	}
	return nil
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
	for i := range r.graph.edges {
		e := &r.graph.edges[i]
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
		r.events.add(event{at: p, from: h.addr, to: h.addr, asset: h.asset, amount: short, taint: r.parcel.taint,
			possible: r.parcel.possible, widened: r.parcel.widened, depth: h.depth, end: end, payer: i, payee: -1})
	}
	h.slack = plus(h.slack, short)
	r.graph.paid(h)
}
