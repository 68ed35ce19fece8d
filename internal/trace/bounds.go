package trace

import "github.com/fundtrail/fundtrail"

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
// residual graph (flow.go), and mostly a small one.

// maxBoundsWork bounds the edges times ends for which bounds are exact; beyond it the
// largest ends are exact and the others get outer bounds.
const maxBoundsWork = 200_000_000

// bounds fills in the bounds of every end, and returns those of each kind of end in
// each asset.
func (r *run) bounds() map[endKey]fundtrail.Bounds {
	kinds, sink, last := r.closeGraph()
	narrow, at := newNetwork(r.graph, false, last)
	wide := narrow
	if r.graph.gaps {
		wide, _ = newNetwork(r.graph, true, last)
	}
	extremes := func(i int32, asset fundtrail.AssetID) (b fundtrail.Bounds) {
		b.LeastWithoutGaps, b.MostWithoutGaps = narrow.extremes(i, sink)
		b.Least, b.Most = b.LeastWithoutGaps, b.MostWithoutGaps
		if wide != narrow {
			b.Least, b.Most = wide.extremes(i, sink)
		}
		b.Exact = !r.crossedInto(asset)
		return b
	}
	exact := maxBoundsWork / (r.graph.edges.len() + 1)
	for i := range r.ends {
		e := &r.ends[i]
		if i < exact {
			e.bounds = extremes(at[i], e.key.asset)
			continue
		}
		most := e.most
		if !r.crossedInto(e.key.asset) {
			most = most.Min(r.stolen[e.key.asset].amount)
		}
		e.bounds = fundtrail.Bounds{Most: most, MostWithoutGaps: most}
	}
	out := map[endKey]fundtrail.Bounds{}
	for i, k := range kinds {
		out[k] = extremes(at[len(r.ends)+i], k.asset)
	}
	return out
}

// closeGraph leads every end to its kind and every kind to the sink. The last edges of
// the graph, from the returned one on, are then those of the ends and of the kinds.
func (r *run) closeGraph() (kinds []endKey, sink, last int32) {
	g := r.graph
	nodes, flows := map[endKey]int32{}, map[endKey]fundtrail.Amount{}
	sink = g.node()
	if len(r.crossed) > 0 {
		// How much crossings bring out is not fixed: more or less of it goes by the sink.
		g.edge(sink, outsideNode, fundtrail.MaxAmount, fundtrail.Amount{}, fundtrail.Amount{})
		g.edge(outsideNode, sink, fundtrail.MaxAmount, fundtrail.Amount{}, fundtrail.Amount{})
	}
	for i := range r.ends {
		e := &r.ends[i]
		for _, m := range e.merged {
			g.edge(m.node, e.node, fundtrail.MaxAmount, fundtrail.Amount{}, m.flow)
		}
	}
	last = int32(g.edges.len())
	for i := range r.ends {
		e := &r.ends[i]
		k, flow := e.sort(), e.taint[fundtrail.FIFO]
		n, ok := nodes[k]
		if !ok {
			n = g.node()
			nodes[k] = n
			kinds = append(kinds, k)
		}
		g.edge(e.node, n, fundtrail.MaxAmount, fundtrail.Amount{}, flow)
		flows[k] = plus(flows[k], flow)
	}
	for _, k := range kinds {
		g.edge(nodes[k], sink, fundtrail.MaxAmount, fundtrail.Amount{}, flows[k])
	}
	return kinds, sink, last
}

// sort is the kind and asset of an end.
func (e *endState) sort() endKey { return endKey{kind: e.key.kind, asset: e.key.asset} }

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
