package trace

import (
	"cmp"
	"slices"

	"github.com/fundtrail/fundtrail"
)

// maxRoutes is how many routes a trace lists; the rest is one route without addresses.
const maxRoutes = 200

// A step is a route so far: an address, and the step before it. Routes that begin alike
// share their steps.
type step struct {
	before int32 // -1: the theft
	addr   fundtrail.AddressID
}

// A share is tainted value on its way, with the route it took.
type share struct {
	amount fundtrail.Amount
	step   int32
	odds   odds // of the start it comes from
}

// An arrivalKey is where a route ends.
type arrivalKey struct {
	step  int32
	end   int32
	asset fundtrail.AssetID
}

type router struct {
	r       *run
	steps   []step
	ids     map[step]int32
	at      map[int32][]share              // holding -> shares in it, oldest first
	coins   map[fundtrail.Position][]share // coin -> shares in it
	arrived map[arrivalKey]*fundtrail.Route
	out     []share
	crossed map[fundtrail.TransferOutput]*oddsSum // what went into the swap that pays out by a record
}

// routes divides the stolen value among the paths it took under the headline policy.
// The policy says how much of each payment is tainted; which tainted unit goes where is
// its own choice only for FIFO and LIFO, so here tainted value leaves a holding in the
// order it came, whatever the policy. It goes by the order of the visit, in which what goes
// into a crossing comes before what comes out of it.
func (r *run) routes(place []int32) []fundtrail.Route {
	t := &router{
		r: r, ids: map[step]int32{}, at: map[int32][]share{}, coins: map[fundtrail.Position][]share{},
		arrived: map[arrivalKey]*fundtrail.Route{}, crossed: map[fundtrail.TransferOutput]*oddsSum{},
	}
	r.eventOdds, r.endOdds = nil, make([]oddsSum, len(r.ends))
	if r.inferred() {
		r.eventOdds = map[*event]*fundtrail.Odds{}
	}
	starts := r.routeStarts()
	for _, e := range r.events.all() {
		chain := r.ledger.Asset(e.asset).Chain
		own := starts[chain]
		for len(own) > 0 && (!r.back && own[0].at <= e.at || r.back && own[0].at > e.at) {
			t.begin(own[0])
			own = own[1:]
			starts[chain] = own
		}
		t.event(e, place)
	}
	for _, own := range starts {
		for _, s := range own {
			t.begin(s)
		}
	}
	for _, s := range r.stopped {
		t.arrive(share{s.stolen, t.step(-1, s.addr), s.odds}, place[s.end], s.asset, fundtrail.NoPosition)
	}
	for _, rest := range r.rests {
		shares := t.at[rest.holding]
		if rest.holding < 0 {
			shares = t.coins[rest.coin]
		}
		end := &r.ends[place[rest.end]]
		for _, s := range shares {
			t.arrive(s, place[rest.end], end.key.asset, fundtrail.NoPosition)
		}
	}
	return t.list()
}

// routeStarts returns the stated thefts of each chain, which no event tells of.
func (r *run) routeStarts() map[fundtrail.Chain][]deposit {
	out := map[fundtrail.Chain][]deposit{}
	for _, d := range r.deposits {
		if chain := r.ledger.Asset(d.asset).Chain; !d.stolen.IsZero() {
			out[chain] = append(out[chain], d)
		}
	}
	return out
}

func (t *router) begin(d deposit) {
	i := t.r.holding(d.addr, d.asset)
	s := share{d.stolen, t.step(-1, d.addr), d.odds}
	if i < 0 {
		return
	}
	t.at[i] = append(t.at[i], s)
}

func (t *router) step(before int32, addr fundtrail.AddressID) int32 {
	k := step{before, addr}
	id, ok := t.ids[k]
	if !ok {
		id = int32(len(t.steps))
		t.steps = append(t.steps, k)
		t.ids[k] = id
	}
	return id
}

func (t *router) event(e *event, place []int32) {
	amount := e.taint[t.r.opt.Policy]
	if amount.IsZero() || e.kind == hopReturn && e.payer < 0 && e.spends[0] == e.spends[1] {
		return
	}
	t.out = t.out[:0]
	switch {
	case e.payer >= 0:
		t.at[e.payer], t.out = take(t.at[e.payer], amount, t.out)
	case e.spends[0] < e.spends[1]:
		for _, c := range t.r.spent[e.spends[0]:e.spends[1]] {
			need := amount
			for _, s := range t.out {
				need, _ = need.Sub(s.amount)
			}
			t.coins[c], t.out = take(t.coins[c], need, t.out)
		}
	default: // a theft's own record, or value out of a crossing
		first := int32(-1)
		if coin := e.payee < 0 && e.end < 0; e.from != fundtrail.NoAddress && !(coin && t.r.back) {
			first = t.step(-1, e.from)
		}
		t.out = append(t.out, share{amount, first, t.startOdds(e)})
	}
	t.weigh(e)
	for _, s := range t.out {
		if e.end >= 0 {
			t.arrive(s, place[e.end], e.asset, e.at)
			continue
		}
		s.step = t.step(s.step, e.to)
		if e.payee >= 0 {
			t.at[e.payee] = put(t.at[e.payee], s)
		} else {
			t.coins[e.at] = put(t.coins[e.at], s)
		}
	}
}

// startOdds is the odds of value that begins at an event: a theft's own, whether or not it
// goes into a crossing at once, or those of what went into the crossing that brings it out.
func (t *router) startOdds(e *event) odds {
	if t.r.thefts[e.at] {
		if o, ok := t.r.odds[e.at]; ok {
			return o
		}
		return sure
	}
	if sum := t.crossed[t.r.ledger.Output(e.at)]; sum != nil {
		return sum.mean()
	}
	return sure
}

// weigh notes the odds of what an event carries, and what of it goes on through a swap.
func (t *router) weigh(e *event) {
	if t.r.eventOdds == nil {
		return
	}
	var sum oddsSum
	for _, s := range t.out {
		sum.add(s.amount, s.odds)
	}
	t.r.eventOdds[e] = sum.odds()
	if e.crossing == 0 || e.end < 0 {
		return
	}
	for _, o := range t.r.passages[e.crossing-1].Out {
		if t.crossed[o] == nil {
			t.crossed[o] = &oddsSum{}
		}
		for _, s := range t.out {
			t.crossed[o].add(s.amount, s.odds)
		}
	}
}

// take moves amount from the front of q to out.
func take(q []share, amount fundtrail.Amount, out []share) (left, taken []share) {
	for len(q) > 0 && !amount.IsZero() {
		if rest, under := amount.Sub(q[0].amount); !under {
			out = append(out, q[0])
			amount, q = rest, q[1:]
			continue
		}
		out = append(out, share{amount, q[0].step, q[0].odds})
		q[0].amount, _ = q[0].amount.Sub(amount)
		break
	}
	return q, out
}

// put adds a share to the back of q.
func put(q []share, s share) []share {
	if n := len(q); n > 0 && q[n-1].step == s.step && q[n-1].odds == s.odds {
		q[n-1].amount, _ = q[n-1].amount.Add(s.amount)
		return q
	}
	return append(q, s)
}

func (t *router) arrive(s share, end int32, asset fundtrail.AssetID, at fundtrail.Position) {
	k := arrivalKey{s.step, end, asset}
	route := t.arrived[k]
	if route == nil {
		route = &fundtrail.Route{Asset: t.r.ledger.Asset(asset), End: int(end)}
		for i := s.step; i >= 0; i = t.steps[i].before {
			route.Addresses = append(route.Addresses, t.r.address(t.steps[i].addr))
		}
		slices.Reverse(route.Addresses)
		t.arrived[k] = route
	}
	route.Amount, _ = route.Amount.Add(s.amount)
	route.Transfers++
	t.r.endOdds[end].add(s.amount, s.odds)
	if at == fundtrail.NoPosition { // it stayed where it was
		return
	}
	when := unix(t.r.time(at))
	if route.First.IsZero() || when.Before(route.First) {
		route.First = when
	}
	if when.After(route.Last) {
		route.Last = when
	}
}

// list returns the routes, largest first, and what is left of them in one.
func (t *router) list() []fundtrail.Route {
	all := make([]fundtrail.Route, 0, len(t.arrived))
	for _, route := range t.arrived {
		all = append(all, *route)
	}
	slices.SortFunc(all, func(x, y fundtrail.Route) int {
		return cmp.Or(x.Asset.Compare(y.Asset), y.Amount.Cmp(x.Amount), cmp.Compare(x.End, y.End),
			slices.CompareFunc(x.Addresses, y.Addresses, fundtrail.Address.Compare))
	})
	var out []fundtrail.Route
	n := 0
	for i, route := range all {
		if i == 0 || route.Asset != all[i-1].Asset {
			n = 0
		}
		if n++; n <= maxRoutes {
			out = append(out, route)
			continue
		}
		if n == maxRoutes+1 {
			out = append(out, fundtrail.Route{Asset: route.Asset, End: -1})
		}
		rest := &out[len(out)-1]
		rest.Amount, _ = rest.Amount.Add(route.Amount)
		rest.Transfers += route.Transfers
	}
	return out
}
