package trace

import (
	"math"

	"github.com/fundtrail/fundtrail"
)

// A network is the residual graph of a flow. The arcs of a node lie side by side, so
// that a search reads memory in order.
type network struct {
	first []int32 // node -> its first arc; its last is before the next node's first
	arcs  []arc
	level []int32 // node -> base plus its distance; below base: not reached
	base  int32
	top   int32   // the highest level so far
	turn  []int32 // node -> the arc to try next
	queue []int32
	path  []int32
	log   []change // since the last restore
}

// An arc leads to a node, with room for more flow. Its twin leads back, with room for
// as much as there is to be taken back.
type arc struct {
	to, twin int32
	open     bool // room is not zero
	back     bool // the twin's is not
	room     fundtrail.Amount
}

// A change is an arc's room before it changed.
type change struct {
	arc  int32
	room fundtrail.Amount
}

// newNetwork returns the network of a graph, with what gaps add to its edges or
// without. at is the arc of each of the last edges, from the given one on.
func newNetwork(g *graph, gaps bool, last int32) (n *network, at []int32) {
	n = &network{
		first: make([]int32, g.nodes+1), arcs: make([]arc, 2*g.edges.len()),
		level: make([]int32, g.nodes), turn: make([]int32, g.nodes),
	}
	for _, e := range g.edges.all() {
		n.first[e.from+1]++
		n.first[e.to+1]++
	}
	for i := range g.nodes {
		n.first[i+1] += n.first[i]
		n.turn[i] = n.first[i]
	}
	for k, e := range g.edges.all() {
		room := e.cap
		if gaps {
			room = plus(room, e.extra)
		}
		room, _ = room.Sub(e.flow)
		i := n.turn[e.from]
		n.turn[e.from]++
		j := n.turn[e.to]
		n.turn[e.to]++
		open, back := !room.IsZero(), !e.flow.IsZero()
		n.arcs[i] = arc{to: e.to, twin: j, open: open, back: back, room: room}
		n.arcs[j] = arc{to: e.from, twin: i, open: back, back: open, room: e.flow}
		if k >= last {
			at = append(at, i)
		}
	}
	return n, at
}

// set changes an arc's room until the next restore.
func (n *network) set(i int32, room fundtrail.Amount) {
	n.log = append(n.log, change{i, n.arcs[i].room})
	n.put(i, room)
}

func (n *network) put(i int32, room fundtrail.Amount) {
	a, open := &n.arcs[i], !room.IsZero()
	a.room = room
	if a.open != open {
		a.open = open
		n.arcs[a.twin].back = open
	}
}

// restore undoes all changes.
func (n *network) restore() {
	for i := len(n.log) - 1; i >= 0; i-- {
		n.put(n.log[i].arc, n.log[i].room)
	}
	n.log = n.log[:0]
}

// maxFlow pushes as much as it can from one node to another and returns how much that
// was (Dinic 1970). It searches from near, whichever of the two that is: near an end a
// search is short, where it would go through everything from the sink.
func (n *network) maxFlow(near, far int32, drawn bool) (sum fundtrail.Amount) {
	for n.levels(near, far, drawn) {
		for {
			pushed := n.augment(near, far, drawn)
			if pushed.IsZero() {
				break
			}
			sum = plus(sum, pushed)
		}
	}
	return sum
}

// passes reports whether flow can pass an arc, or when drawn, come the other way.
func (a *arc) passes(drawn bool) bool { return a.open && !drawn || a.back && drawn }

// levels finds the distance from near of each node that is nearer than far, and whether
// far can be reached. Distances begin at a base above all earlier ones, so that nothing
// needs clearing: most searches are short.
func (n *network) levels(near, far int32, drawn bool) bool {
	if n.base = n.top + 1; n.base > math.MaxInt32-int32(len(n.level)) {
		clear(n.level)
		n.base = 1
	}
	n.reach(near, n.base)
	n.queue = append(n.queue[:0], near)
	for at := 0; at < len(n.queue); at++ {
		u := n.queue[at]
		arcs := n.arcs[n.first[u]:n.first[u+1]]
		for i := range arcs {
			if a := &arcs[i]; a.passes(drawn) && n.level[a.to] < n.base {
				n.reach(a.to, n.level[u]+1)
				if a.to == far {
					return true
				}
				n.queue = append(n.queue, a.to)
			}
		}
	}
	return false
}

func (n *network) reach(v, level int32) { n.level[v], n.turn[v], n.top = level, n.first[v], level }

// augment pushes along one shortest path. It keeps its own stack, because paths are as
// long as a holding's history.
func (n *network) augment(near, far int32, drawn bool) fundtrail.Amount {
	n.path = n.path[:0]
	u := near
	for u != far {
		i, end := n.turn[u], n.first[u+1]
		for i < end && (!n.arcs[i].passes(drawn) || n.level[n.arcs[i].to] != n.level[u]+1) {
			i++
		}
		n.turn[u] = i
		if i < end {
			n.path = append(n.path, i)
			u = n.arcs[i].to
			continue
		}
		n.level[u] = 0 // a dead end
		if u == near {
			return fundtrail.Amount{}
		}
		last := n.path[len(n.path)-1]
		n.path = n.path[:len(n.path)-1]
		u = n.arcs[n.arcs[last].twin].to
	}
	if drawn {
		for k, i := range n.path {
			n.path[k] = n.arcs[i].twin
		}
	}
	push := fundtrail.MaxAmount
	for _, i := range n.path {
		push = push.Min(n.arcs[i].room)
	}
	for _, i := range n.path {
		left, _ := n.arcs[i].room.Sub(push)
		n.set(i, left)
		twin := n.arcs[i].twin
		n.set(twin, plus(n.arcs[twin].room, push))
	}
	return push
}

// extremes returns the least and the most that any flow sends through an arc that
// leads towards the sink.
func (n *network) extremes(i, sink int32) (least, most fundtrail.Amount) {
	twin := n.arcs[i].twin
	from, flow := n.arcs[twin].to, n.arcs[twin].room
	block := func() {
		// The arc itself must not be a way round for what is drawn or pushed.
		n.set(i, fundtrail.Amount{})
		n.set(twin, fundtrail.Amount{})
	}
	block()
	drawn := n.maxFlow(from, sink, true)
	n.restore()
	block()
	pushed := n.maxFlow(from, sink, false)
	n.restore()
	// What can leave is at most what is there: the residual arcs into from hold it.
	least, _ = flow.Sub(pushed.Min(flow))
	return least, plus(flow, drawn)
}
