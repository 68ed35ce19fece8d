package trace

import (
	"cmp"
	"slices"

	"github.com/fundtrail/fundtrail"
)

// A coin is an output of a coin chain's transaction that may be tainted.
type coin struct {
	amount            fundtrail.Amount
	taint             fundtrail.Taints
	possible, widened fundtrail.Amount
	fifo, lifo        []lot
	node              int32 // of the transaction that made it (backward: that spent it)
	depth             int32
}

// stolenCoin makes the output at p tainted, wholly or by its share, and leads the visit to what spends
// it, or backward to what made it.
func (r *run) stolenCoin(p fundtrail.Position, m *fundtrail.Movement) {
	var pc parcel
	share := r.stolenAt(p, m.Amount)
	pc.partly(m.Amount, share, fundtrail.Coins)
	c := &coin{amount: m.Amount, taint: pc.taint, possible: share, widened: share, node: r.sourceOf(m.Amount, share), fifo: pc.fifo, lifo: pc.lifo}
	e := r.note(p)
	e.from, e.to, e.asset, e.kind = r.firstPayer(p), m.To, m.Asset, hopTheft
	e.amount, e.possible, e.widened, e.taint = m.Amount, share, share, c.taint
	if v := r.stolenTo(p, m); v.kind != "" {
		r.ended(e, r.end(v, m.To, m.Asset))
		r.cross(e, &parcel{taint: c.taint, widened: share})
		r.graph.edge(c.node, r.ends[e.end].node, share, fundtrail.Amount{}, share)
		return
	}
	r.coins[p] = c
	r.wantCoin(p, m)
}

// stolenTo says whether a stolen coin is at its end where it was paid to.
func (r *run) stolenTo(p fundtrail.Position, m *fundtrail.Movement) verdict {
	if r.back || m.To == fundtrail.NoAddress || r.sources[m.To] {
		return verdict{}
	}
	v := r.verdict(m.To, m.Asset, fundtrail.Move, &parcel{amount: m.Amount, depth: -1, widened: m.Amount})
	if v.kind == "" {
		v = r.entered(p)
	}
	return r.over(v, p, 0)
}

// firstPayer returns who pays the first input of the transaction that p belongs to.
func (r *run) firstPayer(p fundtrail.Position) fundtrail.AddressID {
	var m fundtrail.Movement
	r.ledger.Movement(r.ledger.Transaction(p).First, &m)
	return m.From
}

func (r *run) wantCoin(p fundtrail.Position, m *fundtrail.Movement) {
	at := m.Link
	if r.back {
		at = p
	}
	if at != fundtrail.NoPosition {
		r.want(r.ledger.Transaction(at).First)
	}
}

// wholeCoins takes every coin that comes to an address from elsewhere: a transaction
// that the address pays into returns change, which is no new theft.
func (r *run) wholeCoins(t fundtrail.Theft, id fundtrail.AddressID) error {
	l := r.laneOf(t.Address.Chain())
	var sum fundtrail.Amount
	var asset fundtrail.AssetID
	var coins []fundtrail.Position
	r.moves(id, func(q fundtrail.Position, m *fundtrail.Movement) bool {
		if m.Kind == fundtrail.MoveOutput && m.To == id && q >= l.lo && q < l.hi && !m.Amount.IsZero() {
			coins = append(coins, q)
		}
		return true
	})
	var m fundtrail.Movement
	for _, q := range coins {
		// Forward, coins from a transaction that a source paid into are its change;
		// backward, coins spent together with payments to a source are too.
		if r.thefts[q] || r.paidBySource(q) {
			continue
		}
		r.ledger.Movement(q, &m)
		r.thefts[q] = true
		r.stolenCoin(q, &m)
		asset = m.Asset
		var overflow bool
		if sum, overflow = sum.Add(m.Amount); overflow {
			return tooMuch(r.ledger.Asset(asset))
		}
	}
	if sum.IsZero() {
		return nil
	}
	own := t
	own.Asset, own.Amount = r.ledger.Asset(asset), sum
	return r.steal(asset, sum, fundtrail.ResolvedTheft{Theft: own, Basis: "address"})
}

// paidBySource reports whether a source pays into the transaction that made a coin.
func (r *run) paidBySource(p fundtrail.Position) bool {
	span := r.ledger.Transaction(p)
	var m fundtrail.Movement
	for q := span.First; q < span.End; q++ {
		if r.ledger.Movement(q, &m); m.Kind == fundtrail.MoveInput && r.sources[m.From] {
			return true
		}
	}
	return false
}

// A side is one side of a coin transaction: what taint comes in by, or goes out by.
type side struct {
	at     fundtrail.Position // of the movement
	coin   fundtrail.Position // of the output that is the coin, NoPosition for the fee and where it is not held
	who    fundtrail.AddressID
	amount fundtrail.Amount
	asset  fundtrail.AssetID
	fee    bool
}

// coinTransaction visits a whole transaction of a coin chain: it spreads the taint of
// the coins it spends over the coins it makes. Backward, the other way round.
func (r *run) coinTransaction(p fundtrail.Position) (fundtrail.Span, error) {
	span := r.ledger.Transaction(p)
	ins, outs := r.sides(span)
	if r.back {
		ins, outs = outs, ins
	}
	if mix := r.mixOf(span, ins); mix != nil {
		r.throughMix(span, mix, ins, outs)
		return span, nil
	}
	tx := r.gather(ins)
	var parts []coin
	if !tx.widened.IsZero() {
		parts = spread(&tx, outs)
	}
	for i := range outs {
		o := &outs[i]
		if parts != nil {
			r.coinOut(o, &parts[i], &tx)
		}
		if inj := r.crossed[o.at]; inj != nil && !r.back && !o.fee && !r.thefts[o.at] { // a theft is stolen already
			if parts != nil {
				inj.leave(&parts[i])
			}
			r.injectCoin(o, inj)
		}
	}
	return span, nil
}

// sides returns what a transaction spends and what it makes, with its fee as the last
// output.
func (r *run) sides(span fundtrail.Span) (ins, outs []side) {
	var in, out fundtrail.Amount
	var m fundtrail.Movement
	for q := span.First; q < span.End; q++ {
		r.ledger.Movement(q, &m)
		r.visited++
		if m.Kind == fundtrail.MoveInput {
			ins = append(ins, side{at: q, coin: m.Link, who: m.From, amount: m.Amount, asset: m.Asset})
			in, _ = in.Add(m.Amount)
		} else {
			outs = append(outs, side{at: q, coin: q, who: m.To, amount: m.Amount, asset: m.Asset})
			out, _ = out.Add(m.Amount)
		}
	}
	if fee, under := in.Sub(out); !under && !fee.IsZero() {
		outs = append(outs, side{at: span.End - 1, coin: fundtrail.NoPosition, amount: fee, asset: m.Asset, fee: true})
	} else if under {
		// A coinbase: what it makes beyond what it spends is new.
		made, _ := out.Sub(in)
		ins = append(ins, side{at: span.First, coin: fundtrail.NoPosition, amount: made, asset: outs[0].asset})
	}
	return ins, outs
}

// A coinTx is what a coin transaction takes in.
type coinTx struct {
	amount            fundtrail.Amount
	taint             fundtrail.Taints
	possible, widened fundtrail.Amount
	fifo, lifo        lots
	node              int32
	depth             int32
	spends            [2]int32 // in the run's spent coins
	payer             fundtrail.AddressID
	crossing          *fundtrail.Crossing // when it brings out a crossing's value
}

// gather adds up the coins that come in.
func (r *run) gather(ins []side) coinTx {
	tx := coinTx{node: noNode, depth: -1, spends: [2]int32{int32(len(r.spent)), int32(len(r.spent))}}
	for i := range ins {
		s := &ins[i]
		tx.amount = plus(tx.amount, s.amount)
		c := r.coins[s.coin]
		if c == nil || s.coin == fundtrail.NoPosition {
			tx.fifo.push(lot{s.amount, false})
			tx.lifo.push(lot{s.amount, false})
			continue
		}
		if tx.node == noNode {
			tx.node, tx.payer, tx.depth = r.graph.node(), s.who, c.depth
		}
		tx.depth = min(tx.depth, c.depth)
		r.spent = append(r.spent, s.coin)
		tx.spends[1]++
		for k := range c.taint {
			tx.taint[k], _ = tx.taint[k].Add(c.taint[k])
		}
		tx.possible, tx.widened = plus(tx.possible, c.possible), plus(tx.widened, c.widened)
		for _, l := range c.fifo {
			tx.fifo.push(l)
		}
		for _, l := range c.lifo {
			tx.lifo.push(l)
		}
		r.graph.edge(c.node, tx.node, c.amount, fundtrail.Amount{}, c.taint[fundtrail.FIFO])
		delete(r.coins, s.coin)
	}
	return tx
}

// spread divides a transaction's taint over what it makes, under each policy.
func spread(tx *coinTx, outs []side) []coin {
	parts := make([]coin, len(outs))
	left := tx.taint[fundtrail.TIHO]
	for _, i := range highest(outs) {
		part := left.Min(outs[i].amount)
		parts[i].taint[fundtrail.TIHO] = part
		left, _ = left.Sub(part)
	}
	// Haircut: output i gets the difference of two rounded-down cumulative shares, so
	// that the shares of all outputs sum to the whole.
	var paid, given fundtrail.Amount
	for i := range outs {
		o, c := &outs[i], &parts[i]
		c.amount = o.amount
		paid = plus(paid, o.amount)
		share, _ := tx.taint[fundtrail.Haircut].MulDiv(paid, tx.amount)
		c.taint[fundtrail.Haircut], _ = share.Sub(given)
		given = share
		c.fifo = tx.fifo.takeOldest(o.amount, nil)
		c.taint[fundtrail.FIFO] = taintedIn(c.fifo)
		c.lifo = tx.lifo.takeNewest(o.amount, nil)
		c.taint[fundtrail.LIFO] = taintedIn(c.lifo)
		if !tx.taint[fundtrail.Poison].IsZero() {
			c.taint[fundtrail.Poison] = o.amount
		}
		c.possible, c.widened = tx.possible.Min(o.amount), tx.widened.Min(o.amount)
	}
	return parts
}

// highest orders outputs by amount, largest first, earlier first among equals; the fee
// is last, whatever its size.
func highest(outs []side) []int {
	order := make([]int, len(outs))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(x, y int) int {
		if outs[x].fee != outs[y].fee {
			if outs[x].fee {
				return 1
			}
			return -1
		}
		return cmp.Or(outs[y].amount.Cmp(outs[x].amount), cmp.Compare(x, y))
	})
	return order
}

// coinOut brings a part of a transaction's taint to the coin that carries it on, or to
// an end.
func (r *run) coinOut(o *side, c *coin, tx *coinTx) {
	if c.widened.IsZero() || o.amount.IsZero() {
		return
	}
	at, kind := o.at, hopTransfer
	if r.back {
		// The record that is cited is the one that made the coin.
		if at = o.coin; o.coin == fundtrail.NoPosition {
			at, kind = o.at, noHop
		}
	}
	e := r.note(at)
	e.from, e.to, e.asset, e.kind, e.depth, e.spends = tx.payer, o.who, o.asset, kind, tx.depth+1, tx.spends
	e.amount, e.possible, e.widened, e.taint = o.amount, c.possible, c.widened, c.taint
	c.node, c.depth = tx.node, e.depth
	v := r.coinVerdict(o, c)
	switch {
	case tx.crossing != nil:
		e.kind, e.crossing = hopCrossing, r.passage(tx.crossing)
	case o.fee:
		e.kind = hopFee
	case e.kind == noHop:
	case v.kind == fundtrail.EndDust:
		e.kind = hopDust
	case v.kind == fundtrail.EndReturned || v.kind == "" && r.home(o.who):
		e.kind = hopReturn
	}
	if v.kind == "" {
		if also := r.coins[o.coin]; also != nil {
			c = r.join(also, c)
		}
		r.coins[o.coin] = c
		var m fundtrail.Movement
		r.ledger.Movement(o.coin, &m)
		r.wantCoin(o.coin, &m)
		return
	}
	r.ended(e, r.end(v, o.who, o.asset))
	if !o.fee {
		r.cross(e, &parcel{taint: c.taint, widened: c.widened})
	}
	r.graph.edge(tx.node, r.ends[e.end].node, o.amount, fundtrail.Amount{}, c.taint[fundtrail.FIFO])
}

// coinVerdict says whether the trace goes on with a coin.
func (r *run) coinVerdict(o *side, c *coin) verdict {
	switch {
	case o.fee:
		return verdict{kind: fundtrail.EndFee, label: "transaction fees", reason: "paid as transaction fees"}
	case o.coin != fundtrail.NoPosition && r.thefts[o.coin]:
		// All of this coin is stolen already: what comes to it from another theft ends.
		return verdict{kind: fundtrail.EndReturned, label: "back at a source", reason: "came to a coin that the trace starts from", own: true}
	case o.coin == fundtrail.NoPosition && o.who == fundtrail.NoAddress:
		return verdict{kind: fundtrail.EndMinted, label: "newly made", reason: "came from no address: a block reward"}
	case o.coin == fundtrail.NoPosition:
		return verdict{kind: fundtrail.EndCoverage, label: "before the data", reason: "the ledger does not hold the transaction that made this coin", own: true}
	case o.who == fundtrail.NoAddress:
		// A script without an address can still be spent; follow the coin.
		return r.coinLimit(c)
	}
	pc := parcel{depth: c.depth - 1, widened: c.widened}
	v := r.verdict(o.who, o.asset, fundtrail.Move, &pc)
	if v.kind == fundtrail.EndReturned && r.sources[o.who] {
		return r.coinLimit(c) // change: the coin is followed on
	}
	if v.kind == "" && o.coin == o.at {
		v = r.entered(o.at)
	}
	if v.kind == "" && !r.home(o.who) && r.ledger.MoveCount(o.who) > r.opt.Hub {
		return r.hubVerdict()
	}
	if v.kind == "" {
		return r.coinLimit(c)
	}
	if o.coin == o.at {
		v = r.over(v, o.at, c.depth)
	}
	return v
}

// coinLimit says whether a coin is past a limit that was asked for.
func (r *run) coinLimit(c *coin) verdict {
	if v := r.hopLimit(c.depth); v.kind != "" {
		return v
	}
	if r.visited > r.opt.MaxVisits {
		return r.limitVerdict()
	}
	return verdict{}
}
