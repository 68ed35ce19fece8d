package trace

import (
	"fmt"
	"slices"

	"github.com/fundtrail/fundtrail"
)

// Mixes says which transactions of coin chains mix coins of several owners.
type Mixes interface {
	// Mix returns what is concluded about a transaction, nil for one that is no mix. Of
	// its changes no two name the same input or output.
	Mix(tx fundtrail.Span) *fundtrail.Mix
}

// mixOf returns the mix that a transaction is, nil when nothing that may be tainted goes
// into it or when it is none.
func (r *run) mixOf(span fundtrail.Span, ins []side) *fundtrail.Mix {
	if r.in.Mixes == nil || !slices.ContainsFunc(ins, func(s side) bool { return s.coin != fundtrail.NoPosition && r.coins[s.coin] != nil }) {
		return nil
	}
	mix := r.in.Mixes.Mix(span)
	if mix == nil || mix.Confidence < r.opt.MinConfidence {
		return nil
	}
	return mix
}

// A mixPart is one owner's coins in a mix, with what is surely its own on the other side;
// or all other coins.
type mixPart struct {
	ins, own []side
	whole    fundtrail.Amount // of which what is in own is its own, and the rest in the mix
	crossing *fundtrail.Crossing
	tx       coinTx
}

// throughMix visits a transaction that mixes several owners' coins. The order of its
// inputs and outputs means nothing, and nothing says which output is whose, so value ends
// there under every policy alike. What goes to an output that is surely an owner's change
// goes on: the same share of its value under every policy. Fees are paid out of what went
// into the mix. Backward, what came out of a mix ends there, and a change goes on to its
// owner's inputs, by their amounts.
func (r *run) throughMix(span fundtrail.Span, mix *fundtrail.Mix, ins, outs []side) {
	first := int32(len(r.spent))
	parts := r.mixParts(mix, ins, outs)
	payer := r.taintedPayer(ins)
	into, depth, end := coin{}, int32(-1), int32(-1)
	made := map[fundtrail.Position]*coin{}
	for i := range parts {
		p := &parts[i]
		if p.tx = r.gather(p.ins); p.tx.widened.IsZero() {
			continue
		}
		p.tx.crossing = p.crossing
		if depth < 0 || p.tx.depth < depth {
			depth = p.tx.depth
		}
		rest := p.keep(func(o *side, c *coin) {
			made[o.at] = c
			r.coinOut(o, c, &p.tx)
		})
		for k := range into.taint {
			into.taint[k] = plus(into.taint[k], rest.taint[k])
		}
		if rest.widened.IsZero() {
			continue
		}
		into.possible, into.widened = plus(into.possible, rest.possible), plus(into.widened, rest.widened)
		if end < 0 {
			end = r.mixEnd(mix, ins[0].asset)
		}
		r.graph.edge(p.tx.node, r.ends[end].node, rest.amount, fundtrail.Amount{}, rest.taint[fundtrail.FIFO])
	}
	for i := range outs {
		o := &outs[i]
		if inj := r.crossed[o.at]; inj != nil && !r.back && !o.fee && !r.thefts[o.at] {
			if c := made[o.at]; c != nil {
				inj.leave(c)
			}
			r.injectCoin(o, inj)
		}
	}
	if end < 0 {
		return // all of it is surely its owner's own
	}
	at := span.End - 1 // after what goes on, in the order of the visit
	kind, spends := hopMix, [2]int32{first, int32(len(r.spent))}
	if r.back { // a change goes on whole, so that the others alone end
		at, kind, spends = span.First, noHop, parts[len(parts)-1].tx.spends
	}
	e := r.note(at)
	e.from, e.asset, e.kind, e.depth, e.spends = payer, ins[0].asset, kind, depth+1, spends
	for _, c := range r.spent[e.spends[0]:e.spends[1]] {
		e.amount = plus(e.amount, r.amountAt(c))
	}
	e.possible, e.widened, e.taint = into.possible.Min(e.amount), into.widened.Min(e.amount), into.taint
	e.crossing = r.passage(&fundtrail.Crossing{
		Kind: fundtrail.Mixer, Protocol: mix.Protocol, In: r.spentCoins(e.spends), Method: mix.Method, Confidence: mix.Confidence,
	})
	r.ended(e, end)
}

// taintedPayer returns who pays the first coin that may be tainted.
func (r *run) taintedPayer(ins []side) fundtrail.AddressID {
	for i := range ins {
		if s := &ins[i]; s.coin != fundtrail.NoPosition && r.coins[s.coin] != nil {
			return s.who
		}
	}
	return fundtrail.NoAddress
}

// mixParts takes a mix's coins apart by owner, as far as changes tell. The last part is
// all others.
func (r *run) mixParts(mix *fundtrail.Mix, ins, outs []side) (parts []mixPart) {
	inputs, outputs := ins, outs
	if r.back {
		inputs, outputs = outs, ins
	}
	taken := make([]bool, len(ins))
	for i := range mix.Changes {
		c := &mix.Changes[i]
		x := &fundtrail.Crossing{
			Kind: fundtrail.Mixer, Protocol: mix.Protocol, Method: c.Method, Confidence: c.Confidence,
			Out: []fundtrail.TransferOutput{r.ledger.Output(outputs[c.Output].at)},
		}
		var in []side
		for _, k := range c.Inputs {
			in = append(in, inputs[k])
			if coin := inputs[k].coin; coin != fundtrail.NoPosition {
				x.In = append(x.In, r.ledger.Output(coin))
			}
		}
		change := []side{outputs[c.Output]}
		p := mixPart{ins: in, own: change, whole: c.Whole.Max(sumOf(in)).Max(change[0].amount), crossing: x}
		if r.back {
			if sumOf(in).Less(change[0].amount) {
				continue // its inputs cannot hold it all
			}
			p.ins, p.own, p.whole = change, in, sumOf(in)
			taken[c.Output] = true
		} else {
			for _, k := range c.Inputs {
				taken[k] = true
			}
		}
		parts = append(parts, p)
	}
	others := mixPart{}
	for k := range ins {
		if !taken[k] {
			others.ins = append(others.ins, ins[k])
		}
	}
	others.whole = sumOf(others.ins)
	return append(parts, others)
}

// keep hands over what is surely the owner's own, and returns what it leaves in the mix.
// Each output gets the difference of two rounded-down cumulative shares.
func (p *mixPart) keep(own func(*side, *coin)) (rest coin) {
	var kept fundtrail.Amount
	var given fundtrail.Taints
	for i := range p.own {
		o := &p.own[i]
		kept = plus(kept, o.amount)
		c := &coin{amount: o.amount, possible: p.tx.possible.Min(o.amount), widened: p.tx.widened.Min(o.amount)}
		for k := range c.taint {
			share, _ := p.tx.taint[k].Min(p.whole).MulDiv(kept, p.whole)
			c.taint[k], _ = share.Sub(given[k])
			given[k] = share
		}
		if !p.tx.taint[fundtrail.Poison].IsZero() {
			c.taint[fundtrail.Poison] = o.amount
		}
		for policy, list := range map[fundtrail.Policy]*[]lot{fundtrail.FIFO: &c.fifo, fundtrail.LIFO: &c.lifo} {
			clean, _ := o.amount.Sub(c.taint[policy])
			*list = appendLot(appendLot(nil, lot{c.taint[policy], true}), lot{clean, false})
		}
		own(o, c)
	}
	rest.amount, _ = p.whole.Sub(kept)
	for k := range rest.taint {
		rest.taint[k], _ = p.tx.taint[k].Sub(given[k])
	}
	rest.taint[fundtrail.Poison] = p.tx.taint[fundtrail.Poison].Min(rest.amount)
	rest.possible, rest.widened = p.tx.possible.Min(rest.amount), p.tx.widened.Min(rest.amount)
	return rest
}

// mixEnd is the end of what went into mixes of a protocol. Its reason says how sure the
// least and the most sure of them are.
func (r *run) mixEnd(mix *fundtrail.Mix, asset fundtrail.AssetID) int32 {
	id := r.end(verdict{kind: fundtrail.EndMixer, label: "CoinJoin: " + mix.Protocol}, fundtrail.NoAddress, asset)
	e := &r.ends[id]
	if e.mixes[0] == 0 || mix.Confidence < e.mixes[0] {
		e.mixes[0] = mix.Confidence
	}
	e.mixes[1] = max(e.mixes[1], mix.Confidence)
	sure := fmt.Sprint(e.mixes[0])
	if e.mixes[0] < e.mixes[1] {
		sure = fmt.Sprintf("%d to %d", e.mixes[0], e.mixes[1])
	}
	what := "which output is whose"
	if r.back {
		what = "from which inputs an output came"
	}
	e.reason = fmt.Sprintf("recognised as a CoinJoin by its shape (inferred: %s, confidence %s); the ledger does not tell %s", mix.Method, sure, what)
	return id
}

func sumOf(sides []side) (sum fundtrail.Amount) {
	for i := range sides {
		sum = plus(sum, sides[i].amount)
	}
	return sum
}
