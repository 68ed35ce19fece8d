package trace

import (
	"slices"

	"github.com/fundtrail/fundtrail"
)

// The least and the most stolen value that can have reached an end under any lossless
// policy are extremes over the flows of the graph (graph.go):
//
//	most(e)  = the largest flow into e
//	least(e) = what was stolen - the largest flow into all other ends
//
// FIFO is such a flow, and it brings everything that was stolen to some end. So instead
// of starting from nothing, both are found by rerouting it: the most is what FIFO
// brings to e plus what can be drawn to e from other ends, the least is what FIFO
// brings less what can be pushed from e to other ends. Each is a maximum flow in the
// residual graph (Dinic 1970), and mostly a small one.

// maxBoundsWork bounds the edges times ends for which bounds are exact; beyond it the
// largest ends are exact and the others get outer bounds.
const maxBoundsWork = 200_000_000

// A network is a residual graph: arc i and arc i^1 are one edge and its reverse.
type network struct {
	head  []int32 // node -> its first arc, -1
	next  []int32 // arc -> the node's next arc
	to    []int32
	room  []fundtrail.Amount
	level []int32
	turn  []int32 // node -> the arc to try next
	queue []int32
	path  []int32
	dirty []int32 // arcs whose room changed since mark
	saved []fundtrail.Amount
}

func newNetwork(nodes int) *network {
	n := &network{head: make([]int32, nodes), level: make([]int32, nodes), turn: make([]int32, nodes)}
	for i := range n.head {
		n.head[i] = -1
	}
	return n
}

// arc adds an edge with room left in it and a flow that can be taken back.
func (n *network) arc(from, to int32, room, flow fundtrail.Amount) int32 {
	i := int32(len(n.to))
	n.to = append(n.to, to, from)
	n.room = append(n.room, room, flow)
	n.next = append(n.next, n.head[from], n.head[to])
	n.head[from], n.head[to] = i, i+1
	return i
}

// mark makes the present state the one that restore goes back to.
func (n *network) mark() { n.saved, n.dirty = slices.Clone(n.room), n.dirty[:0] }

func (n *network) restore() {
	for _, a := range n.dirty {
		n.room[a] = n.saved[a]
	}
	n.dirty = n.dirty[:0]
}

// set changes an arc's room until the next restore.
func (n *network) set(arc int32, room fundtrail.Amount) {
	n.room[arc] = room
	n.dirty = append(n.dirty, arc)
}

// maxFlow pushes as much as it can from s to t and returns how much that was.
func (n *network) maxFlow(s, t int32) (sum fundtrail.Amount) {
	for n.levels(s, t) {
		copy(n.turn, n.head)
		for {
			pushed := n.augment(s, t)
			if pushed.IsZero() {
				break
			}
			sum = plus(sum, pushed)
		}
	}
	return sum
}

// levels finds each node's distance from s, and whether t can be reached.
func (n *network) levels(s, t int32) bool {
	for i := range n.level {
		n.level[i] = -1
	}
	n.level[s] = 0
	n.queue = append(n.queue[:0], s)
	for at := 0; at < len(n.queue); at++ {
		u := n.queue[at]
		for a := n.head[u]; a >= 0; a = n.next[a] {
			if v := n.to[a]; n.level[v] < 0 && !n.room[a].IsZero() {
				n.level[v] = n.level[u] + 1
				if v == t {
					return true
				}
				n.queue = append(n.queue, v)
			}
		}
	}
	return false
}

// augment pushes along one shortest path. It keeps its own stack, because paths are as
// long as a holding's history.
func (n *network) augment(s, t int32) fundtrail.Amount {
	n.path = n.path[:0]
	u := s
	for u != t {
		a := n.turn[u]
		for a >= 0 && (n.room[a].IsZero() || n.level[n.to[a]] != n.level[u]+1) {
			a = n.next[a]
		}
		n.turn[u] = a
		if a >= 0 {
			n.path = append(n.path, a)
			u = n.to[a]
			continue
		}
		n.level[u] = -1 // a dead end
		if u == s {
			return fundtrail.Amount{}
		}
		last := n.path[len(n.path)-1]
		n.path = n.path[:len(n.path)-1]
		u = n.to[last^1]
	}
	push := fundtrail.MaxAmount
	for _, a := range n.path {
		push = push.Min(n.room[a])
	}
	for _, a := range n.path {
		n.room[a], _ = n.room[a].Sub(push)
		n.room[a^1] = plus(n.room[a^1], push)
		n.dirty = append(n.dirty, a, a^1)
	}
	return push
}

// bounds fills in the bounds of every end, and returns those of each kind of end in
// each asset.
func (r *run) bounds() map[endKey]fundtrail.Bounds {
	gaps := slices.ContainsFunc(r.graph.edges, func(e edge) bool { return !e.extra.IsZero() })
	narrow := r.solver(false)
	wide := narrow
	if gaps {
		wide = r.solver(true)
	}
	exact := len(r.ends)
	if work := len(r.graph.edges) + 1; exact > maxBoundsWork/work {
		exact = maxBoundsWork / work
	}
	for i := range r.ends {
		e := &r.ends[i]
		if i < exact {
			e.bounds = both(narrow.extremes(narrow.endArc[i]))(wide.extremes(wide.endArc[i]))
			e.bounds.Exact = !r.crossedInto(e.key.asset)
			continue
		}
		e.bounds = fundtrail.Bounds{Most: e.most.Min(r.sum(e.key.asset)), MostWithoutGaps: e.most.Min(r.sum(e.key.asset))}
	}
	kinds := map[endKey]fundtrail.Bounds{}
	for _, k := range narrow.kinds {
		b := both(narrow.extremes(narrow.kindArc[k]))(wide.extremes(wide.kindArc[k]))
		b.Exact = !r.crossedInto(k.asset)
		kinds[k] = b
	}
	return kinds
}

// both puts the bounds without and with gaps together.
func both(least, most fundtrail.Amount) func(wideLeast, wideMost fundtrail.Amount) fundtrail.Bounds {
	return func(wideLeast, wideMost fundtrail.Amount) fundtrail.Bounds {
		return fundtrail.Bounds{Least: wideLeast, Most: wideMost, LeastWithoutGaps: least, MostWithoutGaps: most}
	}
}

// sum is what was stolen of an asset.
func (r *run) sum(asset fundtrail.AssetID) fundtrail.Amount { return r.stolen[asset].amount }

// crossedInto reports whether value of an asset came out of a crossing: how much can
// have is not a question about one asset alone.
func (r *run) crossedInto(asset fundtrail.AssetID) bool {
	for _, inj := range r.crossed {
		if inj.done && inj.asset == asset {
			return true
		}
	}
	return false
}

// A solver is the network of a run with FIFO flowing in it. Every end leads to its kind,
// every kind to the sink.
type solver struct {
	*network
	sink    int32
	endArc  []int32
	kindArc map[endKey]int32
	kinds   []endKey
}

func (r *run) solver(gaps bool) *solver {
	nodes := int(r.graph.nodes)
	s := &solver{kindArc: map[endKey]int32{}, endArc: make([]int32, len(r.ends))}
	kindNode := map[endKey]int32{}
	for i := range r.ends {
		k := endKey{kind: r.ends[i].key.kind, asset: r.ends[i].key.asset}
		if _, ok := kindNode[k]; !ok {
			kindNode[k] = int32(nodes)
			nodes++
			s.kinds = append(s.kinds, k)
		}
	}
	s.sink = int32(nodes)
	s.network = newNetwork(nodes + 1)
	for i := range r.graph.edges {
		e := &r.graph.edges[i]
		cap := e.cap
		if gaps {
			cap = plus(cap, e.extra)
		}
		room, _ := cap.Sub(e.flow)
		s.arc(e.from, e.to, room, e.flow)
	}
	sums := map[endKey]fundtrail.Amount{}
	for i := range r.ends {
		e := &r.ends[i]
		k := endKey{kind: e.key.kind, asset: e.key.asset}
		for _, m := range e.merged {
			s.arc(m, e.node, fundtrail.MaxAmount, fundtrail.MaxAmount)
		}
		flow := e.taint[fundtrail.FIFO]
		s.endArc[i] = s.arc(e.node, kindNode[k], fundtrail.MaxAmount, flow)
		sums[k] = plus(sums[k], flow)
	}
	for _, k := range s.kinds {
		s.kindArc[k] = s.arc(kindNode[k], s.sink, fundtrail.MaxAmount, sums[k])
	}
	s.mark()
	return s
}

// extremes returns the least and the most that any flow sends through an arc that
// leads towards the sink.
func (s *solver) extremes(arc int32) (least, most fundtrail.Amount) {
	from, flow := s.to[arc^1], s.room[arc^1]
	// The arc itself must not be a way round for what is drawn or pushed.
	s.set(arc, fundtrail.Amount{})
	s.set(arc^1, fundtrail.Amount{})
	drawn := s.maxFlow(s.sink, from)
	s.restore()
	s.set(arc, fundtrail.Amount{})
	s.set(arc^1, fundtrail.Amount{})
	pushed := s.maxFlow(from, s.sink)
	s.restore()
	// What can leave is at most what is there: the residual arcs into from hold it.
	least, _ = flow.Sub(pushed.Min(flow))
	return least, plus(flow, drawn)
}
