package trace

import "github.com/fundtrail/fundtrail"

// movement visits one movement of an account chain.
func (r *run) movement(p fundtrail.Position) error {
	m := r.ahead.read(r, p)
	r.visited++
	from, to := m.From, m.To
	if r.back {
		from, to = to, from
	}
	if inj := r.crossed[p]; inj != nil && !r.thefts[p] { // a theft is stolen already
		return r.inject(p, inj, from, to, m.Asset, m.Amount)
	}
	if r.thefts[p] {
		// The value is stolen here whatever the payer had, so it takes nothing from
		// what is traced at the payer.
		share := r.stolenAt(p, m.Amount)
		r.parcel.partly(m.Amount, share, fundtrail.Accounts)
		r.parcel.node, r.parcel.depth = r.sourceOf(m.Amount, share), -1
		return r.arrive(p, from, to, m.Asset, m.Kind, -1, hopTheft)
	}
	if r.sources[from] {
		if r.sources[to] && m.Kind == fundtrail.Move {
			r.between(p, from, to, m)
		}
		return r.receiveClean(p, to, m.Asset, m.Amount)
	}
	payer := r.holding(from, m.Asset)
	if payer < 0 {
		return r.receiveClean(p, to, m.Asset, m.Amount)
	}
	h := r.holdings.at(payer)
	if from == to {
		// To oneself: it goes to the back of the queue, and nowhere else.
		return r.toSelf(h, m.Amount)
	}
	r.graph.pay(h, m.Amount)
	h.passGap(p, r.back)
	h.pay(m.Amount, &r.parcel)
	if !r.parcel.tainted() {
		r.graph.paid(h)
		return r.receiveClean(p, to, m.Asset, m.Amount)
	}
	r.parcel.node, r.parcel.payer = h.node.id, h
	kind := hopTransfer
	if m.Kind == fundtrail.MoveFee {
		kind = hopFee
	}
	err := r.arrive(p, from, to, m.Asset, m.Kind, payer, kind)
	r.graph.paid(r.holdings.at(payer))
	return err
}

// passGap takes the gap at p, if there is one, off what is still to come.
func (h *holding) passGap(p fundtrail.Position, back bool) {
	if !back && len(h.gaps) > 0 && h.gaps[0].at == p {
		h.slack, _ = h.slack.Sub(h.gaps[0].short)
		h.gaps = h.gaps[1:]
	}
}

// receiveClean adds untainted value to an active holding.
func (r *run) receiveClean(p fundtrail.Position, to fundtrail.AddressID, asset fundtrail.AssetID, amount fundtrail.Amount) error {
	i := r.holding(to, asset)
	if i < 0 {
		return nil
	}
	h := r.holdings.at(i)
	r.graph.refill(h)
	h.sweep.receive(amount)
	if h.receive(amount, nil) {
		return r.overflow(to, asset)
	}
	if r.back {
		r.unexplained(i, p)
	}
	return nil
}

// toSelf pays and receives at once. The flow graph need not know: value that stays
// may be given any order by some policy.
func (r *run) toSelf(h *holding, amount fundtrail.Amount) error {
	amount = amount.Min(h.balance)
	if amount.IsZero() {
		return nil
	}
	possible, widened := h.possible, h.widened
	h.pay(amount, &r.parcel)
	if h.receive(amount, &r.parcel) {
		return r.overflow(h.addr, h.asset)
	}
	h.possible, h.widened = possible, widened
	return nil
}

// between records a payment from one source to another. Neither side is traced as a
// holding, so no taint is at stake; it is shown.
func (r *run) between(p fundtrail.Position, from, to fundtrail.AddressID, m *fundtrail.Movement) {
	e := r.note(p)
	e.from, e.to, e.asset, e.kind = from, to, m.Asset, hopReturn
	e.amount, e.possible, e.widened, e.taint = m.Amount, m.Amount, m.Amount, wholly(m.Amount, fundtrail.Accounts)
}

// arrive brings the run's parcel to an address: to an end, or into a holding.
func (r *run) arrive(p fundtrail.Position, from, to fundtrail.AddressID, asset fundtrail.AssetID, move fundtrail.MoveKind, payer int32, kind hopKind) error {
	pc := &r.parcel
	e := r.note(p)
	e.from, e.to, e.asset, e.kind, e.depth, e.payer = from, to, asset, kind, pc.depth+1, payer
	e.amount, e.possible, e.widened, e.taint = pc.amount, pc.possible, pc.widened, pc.taint
	if kind == hopCrossing {
		e.crossing = r.passage(r.crossed[p].crossing)
	}
	v := r.verdict(to, asset, move, pc)
	switch v.kind {
	case "":
		v = r.entered(p)
	case fundtrail.EndSwap, fundtrail.EndBurned:
		v = r.wrapped(v, p, to, asset)
	}
	if v.kind == "" {
		i, why, err := r.follow(to, asset, p, p+1, pc)
		if err != nil {
			return err
		}
		if i >= 0 {
			e.payee = i
			if kind == hopTransfer && r.home(to) {
				e.kind = hopReturn
			}
			return r.into(i, p, e.time, pc)
		}
		v = why
	}
	if v.kind == fundtrail.EndDust && kind == hopTransfer {
		e.kind = hopDust
	}
	if v.kind == fundtrail.EndReturned && kind == hopTransfer {
		e.kind = hopReturn
	}
	r.ended(e, r.end(v, to, asset))
	r.cross(e, pc)
	if payer >= 0 {
		h := r.holdings.at(payer)
		r.graph.out(&h.node, r.ends[e.end].node, pc)
		r.passOn(h, e, pc.amount)
	} else {
		r.graph.edge(pc.node, r.ends[e.end].node, pc.amount, fundtrail.Amount{}, pc.taint[fundtrail.FIFO])
	}
	return r.receiveClean(p, to, asset, pc.amount)
}

// into adds a parcel to a holding, at a time in Unix seconds.
func (r *run) into(i int32, p fundtrail.Position, at int64, pc *parcel) error {
	h := r.holdings.at(i)
	if !pc.taint[r.opt.Policy].IsZero() {
		h.came.add(at, pc.amount)
	}
	r.graph.receive(h, pc)
	h.sweep.receive(pc.amount)
	if h.receive(pc.amount, pc) {
		return r.overflow(h.addr, h.asset)
	}
	if r.back {
		r.unexplained(i, p)
	}
	return nil
}

// holding returns the active holding of an asset at an address, or -1.
func (r *run) holding(a fundtrail.AddressID, asset fundtrail.AssetID) int32 {
	if a == fundtrail.NoAddress {
		return -1
	}
	i := r.byAddr.get(a)
	for i >= 0 && r.holdings.at(i).asset != asset {
		i = r.holdings.at(i).next
	}
	return i
}
