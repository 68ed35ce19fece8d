package main

import (
	"maps"
	"math"
	"slices"

	"github.com/fundtrail/fundtrail"
)

// The two baselines that data/accuracy.txt stands beside: what is done with a block
// explorer's data when time or value are left out. They get the same ledger, the same
// starts and the same places to stop as the trace.

// A flatEdge is all that one address paid another, over all time.
type flatEdge struct {
	to       fundtrail.AddressID
	amount   float64
	payments []fundtrail.Position
}

type flatGraph struct {
	ledger fundtrail.Ledger
	asset  fundtrail.AssetID
	out    map[fundtrail.AddressID][]flatEdge
	in     map[fundtrail.AddressID]float64
	stop   func(fundtrail.AddressID) bool
}

// edges returns what an address paid, by payee.
func (g *flatGraph) edges(a fundtrail.AddressID) []flatEdge {
	if e, ok := g.out[a]; ok {
		return e
	}
	var list []flatEdge
	at := map[fundtrail.AddressID]int{}
	var m fundtrail.Movement
	sum := 0.0
	for _, p := range g.ledger.Moves(a, 0, false, make([]fundtrail.Position, 0, g.ledger.MoveCount(a))) {
		g.ledger.Movement(p, &m)
		if m.Asset != g.asset || m.Kind != fundtrail.Move || m.From == m.To {
			continue
		}
		if m.To == a {
			sum += float(m.Amount)
			continue
		}
		if m.To == fundtrail.NoAddress {
			continue
		}
		i, ok := at[m.To]
		if !ok {
			i = len(list)
			at[m.To] = i
			list = append(list, flatEdge{to: m.To})
		}
		list[i].amount += float(m.Amount)
		list[i].payments = append(list[i].payments, p)
	}
	g.out[a], g.in[a] = list, sum
	return list
}

func float(a fundtrail.Amount) float64 {
	w := a.Words()
	return float64(w[0]) + float64(w[1])*math.Exp2(64) + float64(w[2])*math.Exp2(128)
}

func newFlatGraph(l fundtrail.Ledger, asset fundtrail.Asset, stop func(fundtrail.AddressID) bool) *flatGraph {
	id, _ := l.AssetID(asset)
	return &flatGraph{ledger: l, asset: id, out: map[fundtrail.AddressID][]flatEdge{}, in: map[fundtrail.AddressID]float64{}, stop: stop}
}

// breadthFirst follows every payment of at least floor, whenever it was made.
func (g *flatGraph) breadthFirst(starts []fundtrail.AddressID, floor float64) (reached map[fundtrail.AddressID]bool, payments map[fundtrail.Position]bool) {
	reached, payments = map[fundtrail.AddressID]bool{}, map[fundtrail.Position]bool{}
	queue := append([]fundtrail.AddressID(nil), starts...)
	for _, a := range starts {
		reached[a] = true
	}
	var m fundtrail.Movement
	for len(queue) > 0 {
		a := queue[0]
		queue = queue[1:]
		for _, e := range g.edges(a) {
			followed := false
			for _, p := range e.payments {
				if g.ledger.Movement(p, &m); float(m.Amount) >= floor {
					payments[p], followed = true, true
				}
			}
			if followed && !reached[e.to] {
				reached[e.to] = true
				if !g.stop(e.to) {
					queue = append(queue, e.to)
				}
			}
		}
	}
	return reached, payments
}

// timelessHaircut spreads taint pro rata over all that an address ever paid, until it
// settles. It returns the tainted value that reached each address.
func (g *flatGraph) timelessHaircut(starts map[fundtrail.AddressID]float64, floor float64) map[fundtrail.AddressID]float64 {
	tainted := map[fundtrail.AddressID]float64{}
	order := slices.Sorted(maps.Keys(starts))
	for round := 0; round < 60; round++ {
		next := map[fundtrail.AddressID]float64{}
		for a, v := range starts {
			next[a] = v
		}
		grew := false
		for _, a := range order {
			if tainted[a] < floor && starts[a] == 0 || g.stop(a) && starts[a] == 0 {
				continue
			}
			edges := g.edges(a)
			total := 0.0
			for _, e := range edges {
				total += e.amount
			}
			base := math.Max(g.in[a]+starts[a], total)
			share := math.Min(1, math.Max(tainted[a], starts[a])/base)
			for _, e := range edges {
				if _, ok := next[e.to]; !ok {
					if _, known := tainted[e.to]; !known {
						order = append(order, e.to)
						grew = true
					}
				}
				next[e.to] += e.amount * share
			}
		}
		change := 0.0
		for a, v := range next {
			change += math.Abs(v - tainted[a])
		}
		tainted = next
		if !grew && change < floor {
			break
		}
	}
	return tainted
}
