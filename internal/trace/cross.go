package trace

import (
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
// the leg that goes in still ends here, and the leg that comes out begins anew.
func (r *run) cross(e *event, pc *parcel) {
	if r.in.Crossings == nil || r.back {
		return
	}
	p := e.at
	for _, c := range r.in.Crossings.Crossings(r.ledger.Output(p)) {
		ins, ok := r.records(c.In)
		outs, found := r.records(c.Out)
		if !ok || !found || len(outs) == 0 {
			continue
		}
		var in fundtrail.Amount
		for _, q := range ins {
			in = plus(in, r.amountAt(q))
		}
		// A policy that one side's chain does not know goes on as haircut.
		info, _ := r.ledger.Asset(e.asset).Chain.Info()
		taint := pc.taint
		for p := range fundtrail.NumPolicies {
			if !p.On(info.Model) {
				taint[p] = taint[fundtrail.Haircut]
			}
		}
		for _, q := range outs {
			// Value comes out only after it went in.
			if q <= p && r.lane(q) == r.lane(p) || r.time(q) < r.time(p) || in.IsZero() {
				continue
			}
			amount := r.amountAt(q)
			inj := r.crossed[q]
			if inj == nil {
				inj = &injection{crossing: &c, depth: e.depth}
				r.crossed[q] = inj
			}
			for i := range inj.taint {
				share, _ := taint[i].Min(in).MulDiv(amount, in)
				inj.taint[i] = addCapped(inj.taint[i], share, amount)
			}
			share, _ := pc.widened.Min(in).MulDiv(amount, in)
			inj.possible = addCapped(inj.possible, plus(share, fundtrail.NewAmount(1)), amount)
			inj.depth = min(inj.depth, e.depth)
			r.want(q)
		}
		r.passages = append(r.passages, &c)
		e.kind, e.crossing = hopCrossing, int32(len(r.passages))
		return
	}
}

// injectCoin is inject for an output of a coin chain's transaction.
func (r *run) injectCoin(o *side, inj *injection) {
	inj.done, inj.asset = true, o.asset
	if r.stolen[o.asset] == nil {
		r.stolen[o.asset] = &stolen{}
	}
	pc := &r.parcel
	inj.fill(pc, r.ledger.Asset(o.asset).Chain, o.amount)
	c := &coin{amount: o.amount, taint: pc.taint, possible: pc.possible, widened: pc.widened, fifo: slices.Clone(pc.fifo), lifo: slices.Clone(pc.lifo)}
	tx := coinTx{node: sourceNode, depth: inj.depth, payer: r.firstPayer(o.at)}
	r.coinOut(o, c, &tx)
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
	pc.node, pc.depth = sourceNode, inj.depth
}

// inject brings out a crossing's value at its record.
func (r *run) inject(p fundtrail.Position, inj *injection, from, to fundtrail.AddressID, asset fundtrail.AssetID, amount fundtrail.Amount) error {
	inj.done, inj.asset = true, asset
	if r.stolen[asset] == nil {
		r.stolen[asset] = &stolen{}
	}
	pc := &r.parcel
	inj.fill(pc, r.ledger.Asset(asset).Chain, amount)
	return r.arrive(p, from, to, asset, fundtrail.Move, -1, hopCrossing)
}

// records returns the positions of ledger records, ok is false when one is missing.
func (r *run) records(outputs []fundtrail.TransferOutput) (at []fundtrail.Position, ok bool) {
	for _, o := range outputs {
		span, found := r.ledger.FindTx(o.Transfer.Tx)
		if !found {
			return nil, false
		}
		found = false
		var m fundtrail.Movement
		for q := span.First; q < span.End && !found; q++ {
			r.ledger.Movement(q, &m)
			if found = m.Kind != fundtrail.MoveInput && r.ledger.Output(q) == o; found {
				at = append(at, q)
			}
		}
		if !found {
			return nil, false
		}
	}
	return at, true
}

func (r *run) amountAt(p fundtrail.Position) fundtrail.Amount {
	var m fundtrail.Movement
	r.ledger.Movement(p, &m)
	return m.Amount
}
