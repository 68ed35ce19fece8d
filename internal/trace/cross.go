package trace

import (
	"fmt"
	"slices"

	"github.com/fundtrail/fundtrail"
)

// An injection is value that a crossing brings out at a ledger record.
type injection struct {
	asset    fundtrail.AssetID
	taint    fundtrail.Taints
	possible fundtrail.Amount
	depth    int32
	done     bool // it came out: the visit reached it
	crossing *fundtrail.Crossing
}

// cross asks where the value of an event goes on that ends at a service, and prepares
// for it to come out there. What comes out is the share of the crossing's value that
// this event's taint is of what went in, rounded down. The asset may be another one, so
// the leg that goes in still ends here, and the leg that comes out begins anew. A crossing
// of which nothing can come out is none.
func (r *run) cross(e *event, pc *parcel) {
	if r.in.Crossings == nil || r.back || r.tooDeep(e.depth) {
		return
	}
	p := e.at
	a := r.crossing(p)
	if a == nil || len(a.outs) == 0 && !a.swaps() {
		return
	}
	// A policy that one side's chain does not know goes on as haircut.
	info, _ := r.ledger.Asset(e.asset).Chain.Info()
	taint := pc.taint
	for p := range fundtrail.NumPolicies {
		if !p.On(info.Model) {
			taint[p] = taint[fundtrail.Haircut]
		}
	}
	came := len(a.outs) == 0
	for _, q := range a.outs {
		if a.in.IsZero() || !r.comesOut(a, q, p) {
			continue
		}
		came = true
		amount := r.amountAt(q)
		inj := r.crossed[q]
		if inj == nil {
			inj = &injection{crossing: a.crossing, depth: e.depth}
			r.crossed[q] = inj
		}
		for i := range inj.taint {
			share, _ := taint[i].Min(a.in).MulDiv(amount, a.in)
			inj.taint[i] = addCapped(inj.taint[i], share, amount)
		}
		share, _ := pc.widened.Min(a.in).MulDiv(amount, a.in)
		inj.possible = addCapped(inj.possible, plus(share, fundtrail.NewAmount(1)), amount)
		inj.depth = min(inj.depth, e.depth)
		r.want(q)
	}
	if came {
		e.kind, e.crossing = hopCrossing, r.passage(a.crossing)
	}
}

// entered is the verdict about a record that is the way into a crossing: value ends at
// whoever it was paid to, tagged or not. Into a bridge it went by the bridge's own word,
// whether or not the other side is known. What a swap brought out must come out, or not be
// in the data.
func (r *run) entered(p fundtrail.Position) (v verdict) {
	if r.in.Crossings == nil || r.back {
		return v
	}
	switch a := r.crossing(p); {
	case a == nil:
	case a.crossing.Kind == fundtrail.Bridge:
		v = verdict{kind: fundtrail.EndBridge, label: a.crossing.Protocol, reason: "a deposit by the bridge's own events"}
	case !a.swaps():
	case len(a.outs) == 0:
		v = verdict{kind: fundtrail.EndSwap, label: "swapped, the data does not show for what", reason: "swapped in the same transaction; the data does not show who has what came out"}
	case r.someComesOut(a, p):
		v = verdict{kind: fundtrail.EndSwap, label: "swapped", reason: "swapped in the same transaction; what came out is followed", goesOn: true}
	}
	return v
}

// over is the verdict about a payment into a bridge at a depth: what the trace goes on with
// is an end apart from what stays there.
func (r *run) over(v verdict, p fundtrail.Position, depth int32) verdict {
	if v.kind != fundtrail.EndBridge || r.in.Crossings == nil || r.back || r.tooDeep(depth) {
		return v
	}
	if a := r.crossing(p); a != nil && a.crossing.Kind == fundtrail.Bridge && !a.in.IsZero() && r.someComesOut(a, p) {
		v.goesOn, v.reason = true, v.reason+"; what came out is followed"
	}
	return v
}

// tooDeep reports whether a crossing at a depth is past the hop limit.
func (r *run) tooDeep(depth int32) bool { return r.opt.MaxHops > 0 && int(depth) > r.opt.MaxHops }

func (r *run) someComesOut(a *answer, p fundtrail.Position) bool {
	return slices.ContainsFunc(a.outs, func(q fundtrail.Position) bool { return r.comesOut(a, q, p) })
}

// wrapped is the verdict about a payment to who wraps its chain's own coin, or of the
// wrapped coin to nobody, where what came out of it is not in the data: else v.
func (r *run) wrapped(v verdict, p fundtrail.Position, to fundtrail.AddressID, asset fundtrail.AssetID) verdict {
	if r.in.Crossings == nil || r.in.Wraps == nil || r.back || r.crossing(p) != nil {
		return v
	}
	paid := r.ledger.Asset(asset)
	switch {
	case to == fundtrail.NoAddress && r.in.Wraps(paid):
		return verdict{kind: fundtrail.EndSwap, label: "unwrapped, the data does not show the coin",
			reason: "the wrapped coin was destroyed, one to one for the chain's own; the data does not show who has that"}
	case to != fundtrail.NoAddress && paid.Contract.IsZero() && r.in.Wraps(fundtrail.Asset{Chain: paid.Chain, Contract: r.address(to)}):
		v.label, v.actor, v.reason = "wrapped, the data does not show the token", "", "paid to the contract that wraps the chain's own coin, one to one; the data does not show who has the token"
	}
	return v
}

// comesOut reports whether value that went into a crossing at p can come out at q. Within
// a transaction of accounts the plan says so, elsewhere the order of the visit.
func (r *run) comesOut(a *answer, q, p fundtrail.Position) bool {
	if s := &r.plan.span; q >= s.First && q < s.End && !r.lane(p).coins {
		return a.fits
	}
	return r.after(q, p)
}

// passage returns the number by which an event names a crossing.
func (r *run) passage(c *fundtrail.Crossing) int32 {
	r.passages = append(r.passages, c)
	return int32(len(r.passages))
}

// after reports whether value that went in at p can come out at q: later on the same
// chain, or in a later second on another. What the visit has passed there is too late,
// as where blocks' times step back.
func (r *run) after(q, p fundtrail.Position) bool {
	l := r.lane(q)
	if l == r.lane(p) {
		return q > p
	}
	return r.time(q) > r.time(p) && q >= l.cursor
}

// crossInto traces an asset that nothing was stolen of.
func (r *run) crossInto(asset fundtrail.AssetID) {
	if r.stolen[asset] != nil {
		return
	}
	a := r.ledger.Asset(asset)
	r.stolen[asset] = &stolen{dust: r.opt.Dust[a]}
	if info, _ := a.Chain.Info(); !r.opt.Policy.On(info.Model) {
		note := fmt.Sprintf("Value came to %s, on which the headline policy %s says nothing: there its figures are zero, and the other policies' are not.", info.Name, r.opt.Policy)
		if !slices.Contains(r.notes, note) {
			r.notes = append(r.notes, note)
		}
	}
}

// injectCoin is inject for an output of a coin chain's transaction.
func (r *run) injectCoin(o *side, inj *injection) {
	inj.done, inj.asset = true, o.asset
	r.crossInto(o.asset)
	pc := &r.parcel
	inj.fill(pc, r.ledger.Asset(o.asset).Chain, o.amount)
	pc.node = r.outside(inj)
	c := &coin{amount: o.amount, taint: pc.taint, possible: pc.possible, widened: pc.widened, fifo: slices.Clone(pc.fifo), lifo: slices.Clone(pc.lifo)}
	tx := coinTx{node: pc.node, depth: inj.depth, payer: r.firstPayer(o.at), crossing: inj.crossing}
	r.coinOut(o, c, &tx)
}

// leave takes off the injection what its record has no room for, because the inputs of
// its transaction bring taint as well.
func (inj *injection) leave(part *coin) {
	for p := range fundtrail.NumPolicies {
		if room, _ := part.amount.Sub(part.taint[p]); p.Lossless() {
			inj.taint[p] = inj.taint[p].Min(room)
		}
	}
}

// join makes one of two parts of a coin's taint: what the inputs of its transaction bring
// and what a crossing brings out.
func (r *run) join(in, out *coin) *coin {
	c := &coin{
		amount: in.amount, possible: addCapped(in.possible, out.possible, in.amount), widened: addCapped(in.widened, out.widened, in.amount),
		fifo: taintMore(in.fifo, out.taint[fundtrail.FIFO]), lifo: taintMore(in.lifo, out.taint[fundtrail.LIFO]),
		node: r.graph.node(), depth: min(in.depth, out.depth),
	}
	for p := range c.taint {
		c.taint[p] = addCapped(in.taint[p], out.taint[p], c.amount) // poison alone can be more: see leave
	}
	for _, part := range []*coin{in, out} {
		r.graph.edge(part.node, c.node, c.amount, fundtrail.Amount{}, part.taint[fundtrail.FIFO])
	}
	return c
}

// taintMore makes n more units of a sequence of lots tainted, the first that are clean.
func taintMore(list []lot, n fundtrail.Amount) (out []lot) {
	for _, l := range list {
		var more fundtrail.Amount
		if !l.tainted {
			more = n.Min(l.amount)
		}
		n, _ = n.Sub(more)
		l.amount, _ = l.amount.Sub(more)
		out = appendLot(appendLot(out, lot{more, true}), l)
	}
	return out
}

// fill makes pc what the injection brings out.
func (inj *injection) fill(pc *parcel, chain fundtrail.Chain, amount fundtrail.Amount) {
	pc.whole(amount)
	info, _ := chain.Info()
	for p := range fundtrail.NumPolicies {
		if pc.taint[p] = (fundtrail.Amount{}); p.On(info.Model) {
			pc.taint[p] = inj.taint[p]
		}
	}
	pc.possible, pc.widened = inj.possible, inj.possible
	for p, q := range map[fundtrail.Policy]*[]lot{fundtrail.FIFO: &pc.fifo, fundtrail.LIFO: &pc.lifo} {
		clean, _ := amount.Sub(inj.taint[p])
		*q = appendLot(append((*q)[:0], lot{inj.taint[p], true}), lot{clean, false})
	}
	pc.depth = inj.depth
}

// outside returns a node of the flow graph that value out of a crossing comes from: by
// FIFO what the injection says, by another policy anything up to what is possible.
func (r *run) outside(inj *injection) int32 {
	n := r.graph.node()
	r.graph.edge(outsideNode, n, inj.possible, fundtrail.Amount{}, inj.taint[fundtrail.FIFO])
	return n
}

// inject brings out a crossing's value at its record.
func (r *run) inject(p fundtrail.Position, inj *injection, from, to fundtrail.AddressID, asset fundtrail.AssetID, amount fundtrail.Amount) error {
	inj.done, inj.asset = true, asset
	r.crossInto(asset)
	pc := &r.parcel
	inj.fill(pc, r.ledger.Asset(asset).Chain, amount)
	pc.node = r.outside(inj)
	return r.arrive(p, from, to, asset, fundtrail.Move, -1, hopCrossing)
}

// records returns the positions of ledger records, ok is false when one is missing. It
// reads each of their transactions once.
func (r *run) records(outputs []fundtrail.TransferOutput) (at []fundtrail.Position, ok bool) {
	places := map[fundtrail.TransferOutput]fundtrail.Position{}
	for _, o := range outputs {
		places[o] = fundtrail.NoPosition
	}
	read := map[fundtrail.TxID]bool{}
	var m fundtrail.Movement
	for _, o := range outputs {
		if tx := o.Transfer.Tx; !read[tx] {
			read[tx] = true
			span, found := r.ledger.FindTx(tx)
			if !found {
				return nil, false
			}
			for q := span.First; q < span.End; q++ {
				if r.ledger.Movement(q, &m); m.Kind == fundtrail.MoveInput {
					continue
				}
				if p, wanted := places[r.ledger.Output(q)]; wanted && p == fundtrail.NoPosition {
					places[r.ledger.Output(q)] = q
				}
			}
		}
		if places[o] == fundtrail.NoPosition {
			return nil, false
		}
		at = append(at, places[o])
	}
	return at, true
}

func (r *run) amountAt(p fundtrail.Position) fundtrail.Amount {
	var m fundtrail.Movement
	r.ledger.Movement(p, &m)
	return m.Amount
}
