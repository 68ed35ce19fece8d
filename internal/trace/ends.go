package trace

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/fundtrail/fundtrail"
)

// An endState gathers what arrives at one end.
type endState struct {
	key       endKey
	reason    string
	node      int32
	addresses []fundtrail.AddressID
	taint     fundtrail.Taints
	moved     fundtrail.Amount
	most      fundtrail.Amount // sum of what may have arrived, by amounts alone
	transfers int
	first     int64
	last      int64
	via       map[int32]bool // inferences: its probable deposit addresses
	small     bool           // it gathers what is too small to list by address
	merged    []merged       // the ends that were folded into it
	bounds    fundtrail.Bounds

	mixes [2]fundtrail.Confidence // of mixes: of the least sure one and of the surest
}

// A merged end is its graph node, and what FIFO brings there.
type merged struct {
	node int32
	flow fundtrail.Amount
}

// An endKey tells ends apart: services by their actor, what is one address's own by
// the address, the rest by kind.
type endKey struct {
	kind  fundtrail.EndKind
	actor string
	label string
	addr  fundtrail.AddressID
	asset fundtrail.AssetID
	// What is followed on from here is kept apart from what stays.
	goesOn bool
}

// A balance is an asset at an address.
type balance struct {
	addr  fundtrail.AddressID
	asset fundtrail.AssetID
}

// end returns the index of the end that a verdict about an address means.
func (r *run) end(v verdict, a fundtrail.AddressID, asset fundtrail.AssetID) int32 {
	k := endKey{kind: v.kind, actor: v.actor, label: v.label, asset: asset, goesOn: v.goesOn}
	if v.own {
		k.addr = a
	}
	if v.actor != "" && !v.pool {
		k.label = "" // an actor's addresses have a label each
	}
	id, ok := r.endIDs[k]
	if !ok {
		id = int32(len(r.ends))
		r.endIDs[k] = id
		r.ends = append(r.ends, endState{key: k, reason: v.reason, small: v.small, node: r.graph.node()})
	}
	e := &r.ends[id]
	if e.key.actor != "" && (e.key.label == "" || v.label < e.key.label) {
		e.key.label = v.label
	}
	if n := len(e.addresses); a != fundtrail.NoAddress && e.key.kind != fundtrail.EndFee && (n == 0 || e.addresses[n-1] != a) {
		e.addresses = append(e.addresses, a) // once for each arrival; describeEnd makes it a set
	}
	return id
}

// add counts an arrival, and as a transfer when the headline policy taints it.
func (e *endState) add(ev *event, headline fundtrail.Policy) {
	for i := range e.taint {
		e.taint[i] = plus(e.taint[i], ev.taint[i]) // poison alone can overflow
	}
	e.most = plus(e.most, ev.widened)
	if ev.taint[headline].IsZero() {
		return
	}
	e.moved = plus(e.moved, ev.amount)
	e.transfers++
	e.span(ev.time)
}

func (e *endState) span(at int64) {
	if e.first == 0 || at < e.first {
		e.first = at
	}
	e.last = max(e.last, at)
}

// leftovers ends what is still in holdings and coins when the visit is over.
func (r *run) leftovers() {
	for i, h := range r.holdings.all() {
		if h.node.id == noNode || h.widened.IsZero() {
			continue
		}
		v := r.leftover(h.addr, !h.short.IsZero())
		if !r.back && r.small(&h.taint, h.asset) {
			v = v.gathered() // nothing else comes to this end, so it can be folded at once
		}
		id := r.end(v, h.addr, h.asset)
		to := r.ends[id].node
		if r.back && !h.short.IsZero() {
			to = r.exit(i, id)
		}
		r.graph.rest(h, to)
		r.ends[id].rest(&h.taint, h.widened, h.came, r.opt.Policy)
		r.rests = append(r.rests, rest{end: id, holding: i, taint: h.taint[r.opt.Policy]})
	}
	r.closeExits()
	left := make([]fundtrail.Position, 0, len(r.coins))
	for p := range r.coins {
		left = append(left, p)
	}
	slices.Sort(left)
	var m fundtrail.Movement
	for _, p := range left {
		c := r.coins[p]
		r.ledger.Movement(p, &m)
		id := r.end(r.leftover(m.To, false), m.To, m.Asset)
		r.graph.edge(c.node, r.ends[id].node, c.amount, fundtrail.Amount{}, c.taint[fundtrail.FIFO])
		at := r.time(p)
		r.ends[id].rest(&c.taint, c.widened, arrivals{at, at, 1, c.amount}, r.opt.Policy)
		r.rests = append(r.rests, rest{end: id, holding: -1, coin: p, taint: c.taint[r.opt.Policy]})
	}
}

// A rest is value that stayed where it was, in a holding or in a coin.
type rest struct {
	end     int32
	holding int32
	coin    fundtrail.Position
	taint   fundtrail.Amount // under the headline policy
}

// arrivals are the payments that brought taint to a holding under the headline policy.
type arrivals struct {
	first, last int64
	n           int
	moved       fundtrail.Amount
}

func (a *arrivals) add(at int64, amount fundtrail.Amount) {
	if a.n == 0 || at < a.first {
		a.first = at
	}
	a.last = max(a.last, at)
	a.n++
	a.moved = plus(a.moved, amount)
}

// rest counts what is left at an end without a payment.
func (e *endState) rest(taint *fundtrail.Taints, widened fundtrail.Amount, came arrivals, headline fundtrail.Policy) {
	for i := range e.taint {
		e.taint[i] = plus(e.taint[i], taint[i])
	}
	e.most = plus(e.most, widened)
	if came.n > 0 && !taint[headline].IsZero() {
		e.transfers += came.n
		e.moved = plus(e.moved, came.moved)
		e.span(came.first)
		e.span(came.last)
	}
}

// leftover says what kind of end value is at that stayed where it was.
func (r *run) leftover(a fundtrail.AddressID, gaps bool) verdict {
	until := ""
	if !r.opt.Until.IsZero() {
		until = " at " + r.opt.Until.UTC().Format("2006-01-02 15:04 UTC")
	}
	if r.back && gaps {
		return unexplainedVerdict()
	}
	if r.back {
		return verdict{kind: fundtrail.EndCoverage, label: "before the data", own: true,
			reason: "there before the ledger, or the part of it that was asked for, begins"}
	}
	switch r.coverage(a) {
	case coverWhole:
		return verdict{kind: fundtrail.EndHeld, label: "still held", reason: "still there" + until + "; the data claims all that it did", own: true}
	case coverOwn:
		return verdict{kind: fundtrail.EndHeld, label: "still held", reason: "still there" + until + "; the data claims all its own transactions", own: true}
	case coverSeen:
		return verdict{kind: fundtrail.EndHeld, label: "still held", reason: "not seen to move" + until + "; the data does not claim all that it did", own: true}
	}
	return verdict{kind: fundtrail.EndCoverage, label: "not covered", reason: "the data holds nothing that this address paid", own: true}
}

// What the ledger knows of an address's payments.
type cover uint8

const (
	coverNone  cover = iota // no claim, and no payment seen
	coverSeen               // no claim, but payments seen
	coverOwn                // what it sent itself is claimed whole to the end of the ledger's chain
	coverWhole              // all that it did is
)

func (r *run) coverage(a fundtrail.AddressID) cover {
	k := r.about(a)
	if !k.covered {
		k.cover, k.covered = r.findCoverage(a), true
	}
	return k.cover
}

// claims are the ledger's coverage of value transfers to the end of the visit, by what
// they are about.
type claims struct {
	chains map[fundtrail.Chain]cover
	known  map[fundtrail.AddressID]cover
}

func (r *run) indexClaims(all []fundtrail.Coverage) claims {
	out := claims{map[fundtrail.Chain]cover{}, map[fundtrail.AddressID]cover{}}
	for _, c := range all {
		l := r.laneOf(c.Chain)
		if c.Address.IsZero() || c.What&fundtrail.ValueTransfers == 0 || l == nil || l.hi == l.First || c.ToBlock < r.ledger.Transaction(l.hi-1).Height {
			continue
		}
		is := coverOwn
		if c.What == fundtrail.AllKinds {
			is = coverWhole
		}
		if id, ok := r.ledger.AddressID(c.Address); ok {
			out.known[id] = max(out.known[id], is)
		}
	}
	for i := range r.lanes {
		l := &r.lanes[i]
		if l.hi <= l.lo {
			continue
		}
		first, last := r.ledger.Transaction(l.lo).Height, r.ledger.Transaction(l.hi-1).Height
		switch {
		case gapless(all, l.Chain, fundtrail.AllKinds, first, last):
			out.chains[l.Chain] = coverWhole
		case gapless(all, l.Chain, fundtrail.ValueTransfers, first, last):
			out.chains[l.Chain] = coverOwn
		}
	}
	return out
}

// gapless reports whether claims about every address cover all blocks from one to another
// without a gap: what a block in between moved may be what was paid on.
func gapless(all []fundtrail.Coverage, chain fundtrail.Chain, what fundtrail.Kinds, first, last int64) bool {
	next := first // the first block that is not covered yet; claims are in order of their first
	for _, c := range all {
		if c.Chain == chain && c.Address.IsZero() && c.What&what == what && c.FromBlock <= next && c.ToBlock >= next {
			next = c.ToBlock + 1
		}
	}
	return next > last
}

func (r *run) findCoverage(id fundtrail.AddressID) cover {
	if best := max(r.claims.known[id], r.claims.chains[r.address(id).Chain()]); best != coverNone {
		return best
	}
	if r.about(id).pays || r.pays(id) {
		return coverSeen
	}
	return coverNone
}

// pays reports whether the ledger holds a payment of an address.
func (r *run) pays(id fundtrail.AddressID) (found bool) {
	r.moves(id, func(_ fundtrail.Position, m *fundtrail.Movement) bool {
		found = m.From == id
		return !found
	})
	return found
}

// total checks that under each lossless policy the ends of an asset add up to what was
// stolen. It cannot fail unless the engine is wrong, and then nothing may be printed.
func (r *run) total() error {
	for _, asset := range r.assets() {
		want := r.stolen[asset].amount
		for _, p := range r.policies(asset) {
			if !p.Lossless() {
				continue
			}
			sum, in := fundtrail.Amount{}, want
			for i := range r.ends {
				if r.ends[i].key.asset == asset {
					sum, _ = sum.Add(r.ends[i].taint[p])
				}
			}
			for _, inj := range r.crossed {
				if inj.done && inj.asset == asset {
					in, _ = in.Add(inj.taint[p])
				}
			}
			if sum != in {
				return fmt.Errorf("trace: %s of %s: the ends hold %s of %s: value was lost or invented", p, r.ledger.Asset(asset), sum, in)
			}
		}
	}
	return nil
}

// policies returns the policies that are defined on an asset's chain.
func (r *run) policies(asset fundtrail.AssetID) []fundtrail.Policy {
	info, _ := r.ledger.Asset(asset).Chain.Info()
	var out []fundtrail.Policy
	for p := range fundtrail.NumPolicies {
		if p.On(info.Model) {
			out = append(out, p)
		}
	}
	return out
}

// assets returns the assets that were traced, in their order.
func (r *run) assets() []fundtrail.AssetID {
	out := make([]fundtrail.AssetID, 0, len(r.stolen))
	for id := range r.stolen {
		out = append(out, id)
	}
	slices.SortFunc(out, func(x, y fundtrail.AssetID) int { return r.ledger.Asset(x).Compare(r.ledger.Asset(y)) })
	return out
}

// small reports whether no lossless policy makes it as much as the dust floor.
func (r *run) small(taint *fundtrail.Taints, asset fundtrail.AssetID) bool {
	most := taint.Most()
	return most.IsZero() || most.Less(r.dust(asset))
}

// gathered is the verdict about value of which each address holds too little to list.
func (v verdict) gathered() verdict {
	v.own, v.small = false, true
	v.label, v.reason = "small amounts: "+v.label, "less than the dust floor at each address: "+v.reason
	return v
}

// fold joins the ends of single addresses that are too small to list into one of each
// kind, and gives every end its final place: largest first. It returns the place of
// each end.
func (r *run) fold() []int32 {
	place := make([]int32, len(r.ends))
	var kept []endState
	folded := map[endKey]int32{}
	for i := range r.ends {
		e := &r.ends[i]
		if e.small || e.key.addr != fundtrail.NoAddress && r.small(&e.taint, e.key.asset) {
			k := endKey{kind: e.key.kind, asset: e.key.asset}
			at, ok := folded[k]
			if ok {
				kept[at].join(e)
				place[i] = at
				continue
			}
			folded[k] = int32(len(kept))
			if !e.small {
				v := verdict{label: e.key.label, reason: e.reason}.gathered()
				e.key.addr, e.key.label, e.reason = fundtrail.NoAddress, v.label, v.reason
			}
		}
		place[i] = int32(len(kept))
		kept = append(kept, *e)
	}
	order := make([]int32, len(kept))
	for i := range order {
		order[i] = int32(i)
	}
	slices.SortStableFunc(order, func(x, y int32) int { return r.compareEnds(&kept[x], &kept[y]) })
	final := make([]int32, len(kept))
	r.ends = r.ends[:0:0]
	for at, i := range order {
		final[i] = int32(at)
		r.ends = append(r.ends, kept[i])
	}
	for i := range place {
		place[i] = final[place[i]]
	}
	return place
}

func (e *endState) join(o *endState) {
	for i := range e.taint {
		e.taint[i] = plus(e.taint[i], o.taint[i])
	}
	e.most = plus(e.most, o.most)
	e.moved = plus(e.moved, o.moved)
	e.transfers += o.transfers
	e.addresses = append(e.addresses, o.addresses...)
	for _, t := range []int64{o.first, o.last} {
		if t != 0 {
			e.span(t)
		}
	}
	e.merged = append(e.merged, merged{o.node, o.taint[fundtrail.FIFO]})
}

func (r *run) compareEnds(x, y *endState) int {
	p := r.opt.Policy
	return cmp.Or(
		r.ledger.Asset(x.key.asset).Compare(r.ledger.Asset(y.key.asset)),
		y.taint[p].Cmp(x.taint[p]), y.taint.Most().Cmp(x.taint.Most()), y.most.Cmp(x.most),
		cmp.Compare(x.key.kind, y.key.kind), cmp.Compare(x.key.actor, y.key.actor), cmp.Compare(x.key.label, y.key.label),
		r.address(x.key.addr).Compare(r.address(y.key.addr)))
}
