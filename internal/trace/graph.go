package trace

import "github.com/fundtrail/fundtrail"

// A graph is the reached part of the ledger, spread out in time: a node is a holding
// between two changes of direction (or a coin transaction), an edge is a payment with
// its amount as capacity, or a balance carried on with the balance as capacity. Every
// lossless policy is a flow in it from the thefts to the ends, and every whole-number
// flow is what some lossless policy would say; so the extremes over all policies are
// extremes over flows (bounds.go).
//
// Payments that follow each other without value coming in between share a node: if
// what goes out and what stays fits in the end, it fitted at each step. The same holds
// for receipts. So nodes are few.
type graph struct {
	nodes int32
	edges slab[edge]
	gaps  bool // some edge has extra
}

// An edge carries at most cap; gaps in the data add extra. flow is what FIFO sends.
type edge struct {
	from, to         int32
	cap, extra, flow fundtrail.Amount
}

const (
	sourceNode  int32 = 0
	outsideNode int32 = 1 // where value comes from that crossings bring out
	noNode      int32 = -1
)

func newGraph() *graph { return &graph{nodes: 2} }

func (g *graph) node() int32 {
	g.nodes++
	return g.nodes - 1
}

func (g *graph) edge(from, to int32, cap, extra, flow fundtrail.Amount) int32 {
	e := g.edges.next()
	e.from, e.to, e.cap, e.extra, e.flow = from, to, cap, extra, flow
	g.gaps = g.gaps || !extra.IsZero()
	return int32(g.edges.len() - 1)
}

// A node is a holding's place in the graph now.
type node struct {
	id       int32
	paid     bool             // it has paid since it was made: what comes next needs a new node
	refilled bool             // clean value came since it last paid
	least    fundtrail.Amount // least balance since it last paid
	in       fundtrail.Amount // most that can be tainted in it
	recent   [3]int32         // edges lately made from it, to join equal ones
	made     uint8
}

// open makes the node that value arriving at h goes into.
func (g *graph) open(h *holding) {
	n := &h.node
	switch {
	case n.id == noNode:
		*n = node{id: g.node()}
	case n.paid:
		g.split(h)
	}
}

// split carries what h holds on to a new node.
func (g *graph) split(h *holding) {
	old := h.node
	h.node = node{id: g.node(), in: old.in.Min(plus(old.least, h.slack))}
	g.edge(old.id, h.node.id, old.least, h.slack, h.taint[fundtrail.FIFO])
}

// receive records that h got p from the graph. It is called before the balance changes.
func (g *graph) receive(h *holding, p *parcel) {
	g.open(h)
	h.node.in = plus(h.node.in, p.widened)
	g.edge(p.node, h.node.id, p.amount, fundtrail.Amount{}, p.taint[fundtrail.FIFO])
}

// refill records that h got clean value.
func (g *graph) refill(h *holding) { h.node.refilled = h.node.paid }

// pay prepares a payment from h, before the balance changes: where the balance since
// the last payment limits what can still be tainted, the payments must not share a node.
func (g *graph) pay(h *holding, amount fundtrail.Amount) {
	n := &h.node
	if n.id != noNode && n.paid && (n.refilled || h.balance.Less(amount)) && n.least.Less(n.in) {
		g.split(h)
	}
}

// paid records the balance after a payment.
func (g *graph) paid(h *holding) {
	h.node.paid, h.node.refilled, h.node.least = true, false, h.balance
	if h.widened.IsZero() {
		h.node.id = noNode
	}
}

// out adds an edge from n to a node that was made for one end, joining it with an
// equal one made shortly before.
func (g *graph) out(n *node, to int32, p *parcel) {
	for _, i := range n.recent[:min(n.made, uint8(len(n.recent)))] {
		if e := g.edges.at(i); e.from == n.id && e.to == to {
			e.cap = plus(e.cap, p.amount)
			e.flow = plus(e.flow, p.taint[fundtrail.FIFO])
			return
		}
	}
	i := g.edge(n.id, to, p.amount, fundtrail.Amount{}, p.taint[fundtrail.FIFO])
	n.recent[n.made%uint8(len(n.recent))] = i
	if n.made++; n.made == 252 { // a multiple of len(recent), so that the turn is kept
		n.made = 252 - 3
	}
}

// rest carries what h still holds at the end of the visit to the node of an end.
func (g *graph) rest(h *holding, to int32) {
	cap := fundtrail.MaxAmount
	if h.node.paid {
		cap = h.node.least
	}
	g.edge(h.node.id, to, cap, h.slack, h.taint[fundtrail.FIFO])
}
