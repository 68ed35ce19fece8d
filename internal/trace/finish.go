package trace

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/fundtrail/fundtrail"
)

func unix(t int64) time.Time { return time.Unix(t, 0).UTC() }

// finish makes the trace from what the visit found.
func (r *run) finish() (*fundtrail.Trace, error) {
	r.order()
	r.leftovers()
	if err := r.total(); err != nil {
		return nil, err
	}
	place := r.fold()
	kinds := r.bounds()
	t := &fundtrail.Trace{
		Subject: r.in.Subject, Direction: r.opt.Direction, Policy: r.opt.Policy, Visited: r.visited, Notes: r.notes,
	}
	t.Inferences = r.depositAddresses(place)
	t.Routes = r.routes(place)
	r.describe(t, place, kinds)
	return t, r.ledger.Err()
}

// order puts the events into the order of the visit. Only thefts of coins are noted
// before their turn.
func (r *run) order() {
	compare := func(x, y *event) int {
		if r.back {
			return cmp.Compare(y.at, x.at)
		}
		return cmp.Compare(x.at, y.at)
	}
	sorted := true
	for i := int32(1); i < int32(r.events.len()); i++ {
		sorted = sorted && compare(r.events.at(i-1), r.events.at(i)) <= 0
	}
	if sorted {
		return
	}
	list := make([]*event, 0, r.events.len())
	for _, e := range r.events.all() {
		list = append(list, e)
	}
	slices.SortStableFunc(list, compare)
	var events slab[event]
	for _, e := range list {
		events.add(e)
	}
	r.events = events
}

// describe turns what the run holds by number into what can be read.
func (r *run) describe(t *fundtrail.Trace, place []int32, kinds map[endKey]fundtrail.Bounds) {
	for _, c := range r.lanes {
		if c.End > c.First {
			s := r.ledger.Transaction(c.End - 1)
			t.AsOf = append(t.AsOf, fundtrail.Block{Chain: c.Chain, Height: s.Height, Time: unix(s.Time)})
		}
	}
	values := r.valuations(place)
	models := map[fundtrail.Model]bool{}
	for _, id := range r.assets() {
		s := r.stolen[id]
		asset := r.ledger.Asset(id)
		info, _ := asset.Chain.Info()
		models[info.Model] = true
		if len(s.thefts) == 0 {
			continue // it was only crossed into
		}
		t.Stolen = append(t.Stolen, fundtrail.Stolen{Asset: asset, Amount: s.amount, Thefts: sortThefts(s.thefts), Dust: s.dust, USD: r.valueThefts(asset, s.thefts)})
	}
	for i := range r.ends {
		t.Ends = append(t.Ends, r.describeEnd(&r.ends[i], values[i]))
		t.Ends[i].Odds = r.endOdds[i].odds()
	}
	flowing := len(t.Ends)
	r.describeLost(t, models)
	t.Kinds = r.kinds(t.Ends, flowing, kinds)
	for p := range fundtrail.NumPolicies {
		if models[fundtrail.Accounts] && p.On(fundtrail.Accounts) || models[fundtrail.Coins] && p.On(fundtrail.Coins) {
			t.Policies = append(t.Policies, p)
		}
	}
	r.describeHops(t, place)
	if len(r.lost) > 0 {
		sortEnds(t)
	}
	for id := range r.starts {
		r.about(id).met = true
	}
	r.describeTags(t)
	r.describeGaps(t)
}

func sortThefts(thefts []fundtrail.ResolvedTheft) []fundtrail.ResolvedTheft {
	slices.SortStableFunc(thefts, func(x, y fundtrail.ResolvedTheft) int {
		return cmp.Or(x.Time.Compare(y.Time), x.Address.Compare(y.Address), y.Amount.Cmp(x.Amount),
			slices.Compare(x.Tx.Hash[:], y.Tx.Hash[:]), cmp.Compare(x.Record.Transfer.Index, y.Record.Transfer.Index))
	})
	return thefts
}

func (r *run) describeEnd(e *endState, usd *fundtrail.Valuation) fundtrail.End {
	end := fundtrail.End{
		Kind: e.key.kind, Actor: e.key.actor, Label: e.key.label, Reason: e.reason, Asset: r.ledger.Asset(e.key.asset),
		Taint: e.taint, Bounds: e.bounds, Moved: e.moved, Transfers: e.transfers, USD: usd, Followed: e.key.goesOn,
	}
	if e.first != 0 {
		end.First, end.Last = unix(e.first), unix(e.last)
	}
	slices.Sort(e.addresses)
	for _, a := range slices.Compact(e.addresses) {
		end.Addresses = append(end.Addresses, r.address(a))
	}
	slices.SortFunc(end.Addresses, fundtrail.Address.Compare)
	for i := range e.via {
		end.Via = append(end.Via, int(i))
	}
	slices.Sort(end.Via)
	return end
}

// kinds adds up the ends of each kind and asset. The first of them, flowing many, share
// the bounds of their kind; the others are certain.
func (r *run) kinds(ends []fundtrail.End, flowing int, bounds map[endKey]fundtrail.Bounds) []fundtrail.End {
	type kind struct {
		kind  fundtrail.EndKind
		asset fundtrail.Asset
	}
	var out []fundtrail.End
	at := map[kind]int{}
	for i := range ends {
		e := &ends[i]
		n, ok := at[kind{e.Kind, e.Asset}]
		if !ok {
			n = len(out)
			at[kind{e.Kind, e.Asset}] = n
			sum := fundtrail.End{Kind: e.Kind, Asset: e.Asset, Label: string(e.Kind), Bounds: fundtrail.Bounds{Exact: true}}
			if id, known := r.ledger.AssetID(e.Asset); known && i < flowing {
				sum.Bounds = bounds[endKey{kind: e.Kind, asset: id}]
			}
			out = append(out, sum)
		}
		sum := &out[n]
		if i >= flowing {
			sum.Bounds = addBounds(sum.Bounds, e.Bounds)
		}
		sum.Odds = addOdds(sum.Odds, sum.Taint[r.opt.Policy], e.Odds, e.Taint[r.opt.Policy])
		for p := range sum.Taint {
			sum.Taint[p] = plus(sum.Taint[p], e.Taint[p])
		}
		sum.Moved = plus(sum.Moved, e.Moved)
		sum.Transfers += e.Transfers
		sum.Addresses = append(sum.Addresses, e.Addresses...)
		if !e.First.IsZero() && (sum.First.IsZero() || e.First.Before(sum.First)) {
			sum.First = e.First
		}
		if e.Last.After(sum.Last) {
			sum.Last = e.Last
		}
		sum.USD = addValuations(sum.USD, e.USD)
	}
	for i := range out {
		slices.SortFunc(out[i].Addresses, fundtrail.Address.Compare)
		out[i].Addresses = slices.Compact(out[i].Addresses)
	}
	slices.SortStableFunc(out, func(x, y fundtrail.End) int {
		return cmp.Or(x.Asset.Compare(y.Asset), y.Taint[r.opt.Policy].Cmp(x.Taint[r.opt.Policy]), y.Bounds.Most.Cmp(x.Bounds.Most), cmp.Compare(x.Kind, y.Kind))
	})
	return out
}

func addBounds(a, b fundtrail.Bounds) fundtrail.Bounds {
	return fundtrail.Bounds{
		Least: plus(a.Least, b.Least), Most: plus(a.Most, b.Most), Exact: a.Exact && b.Exact,
		LeastWithoutGaps: plus(a.LeastWithoutGaps, b.LeastWithoutGaps), MostWithoutGaps: plus(a.MostWithoutGaps, b.MostWithoutGaps),
	}
}

// describeLost adds what was stolen and cannot be followed: it is an end at once.
func (r *run) describeLost(t *fundtrail.Trace, models map[fundtrail.Model]bool) {
	slices.SortFunc(r.lost, func(x, y fundtrail.Stolen) int { return x.Asset.Compare(y.Asset) })
	for _, s := range r.lost {
		s.Thefts = sortThefts(s.Thefts)
		s.USD = r.valueThefts(s.Asset, s.Thefts)
		info, _ := s.Asset.Chain.Info()
		models[info.Model] = true
		t.Ends = append(t.Ends, r.lostEnds(s.Asset, s.Thefts, info.Model)...)
		addStolen(t, s)
	}
}

// sortEnds puts the ends of what was lost to their place among the others: by asset,
// largest first. What was stolen follows the same order of assets.
func sortEnds(t *fundtrail.Trace) {
	slices.SortStableFunc(t.Stolen, func(x, y fundtrail.Stolen) int { return x.Asset.Compare(y.Asset) })
	order := make([]int, len(t.Ends))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, k int) int {
		x, y := &t.Ends[i], &t.Ends[k]
		return cmp.Or(x.Asset.Compare(y.Asset), y.Taint[t.Policy].Cmp(x.Taint[t.Policy]))
	})
	ends, place := make([]fundtrail.End, len(order)), make([]int, len(order))
	for at, i := range order {
		ends[at], place[i] = t.Ends[i], at
	}
	t.Ends = ends
	for i := range t.Hops {
		if h := &t.Hops[i]; h.End >= 0 {
			h.End = place[h.End]
		}
	}
	for i := range t.Routes {
		if r := &t.Routes[i]; r.End >= 0 {
			r.End = place[r.End]
		}
	}
}

// addStolen adds what was stolen to the rest of its asset.
func addStolen(t *fundtrail.Trace, s fundtrail.Stolen) {
	i := slices.IndexFunc(t.Stolen, func(o fundtrail.Stolen) bool { return o.Asset == s.Asset })
	if i < 0 {
		t.Stolen = append(t.Stolen, s)
		return
	}
	sum := &t.Stolen[i]
	sum.Amount = plus(sum.Amount, s.Amount)
	sum.Thefts = sortThefts(append(sum.Thefts, s.Thefts...))
	sum.USD = addValuations(sum.USD, s.USD)
}

// lostEnds are the ends of those thefts of an asset that the ledger cannot follow: what a
// source says was swapped into value that is traced as its proceeds, what arrived at an
// address that claims know for an end, or the rest.
func (r *run) lostEnds(asset fundtrail.Asset, thefts []fundtrail.ResolvedTheft, model fundtrail.Model) []fundtrail.End {
	var order []verdict
	groups := map[verdict][]fundtrail.ResolvedTheft{}
	for _, swapped := range []bool{true, false} {
		for i := range thefts {
			if !r.back && r.traced(thefts[i].Tx) != swapped || r.back && swapped {
				continue
			}
			v := r.lostVerdict(&thefts[i], swapped)
			if groups[v] == nil {
				order = append(order, v)
			}
			groups[v] = append(groups[v], thefts[i])
		}
	}
	var out []fundtrail.End
	for _, v := range order {
		out = append(out, r.lostEnd(asset, groups[v], v, model))
	}
	return out
}

func (r *run) lostVerdict(t *fundtrail.ResolvedTheft, swapped bool) verdict {
	v := verdict{kind: fundtrail.EndCoverage, label: "not in the ledger", reason: "the ledger holds no movement of this asset at the address it was stolen to"}
	switch {
	case r.back:
		v.reason = "a source states it; the ledger does not hold the record, so nor what fed it"
	case swapped:
		return verdict{kind: fundtrail.EndSwap, label: "swapped, a source says",
			reason: "a source says it was swapped for what is traced as its proceeds; the ledger does not hold the swap"}
	case t.Probability > 0:
		if c := r.claimedOf(t.Address, true); c.kind != "" {
			return c
		}
		v.reason = "the ledger holds no movement of this asset at the address it came to"
	}
	return v
}

func (r *run) lostEnd(asset fundtrail.Asset, own []fundtrail.ResolvedTheft, v verdict, model fundtrail.Model) fundtrail.End {
	e := fundtrail.End{Kind: v.kind, Actor: v.actor, Label: v.label, Reason: v.reason, Asset: asset}
	var sum fundtrail.Amount
	var odds oddsSum
	for _, theft := range own {
		sum, _ = sum.Add(theft.Stolen())
		odds.add(theft.Stolen(), oddsOf(theft.Probability))
		if e.Kind != fundtrail.EndSwap || e.Actor != "" {
			e.Addresses = append(e.Addresses, theft.Address) // a swap, where it is told, is elsewhere
		}
		if !theft.Time.IsZero() && (e.First.IsZero() || theft.Time.Before(e.First)) {
			e.First = theft.Time
		}
		if theft.Time.After(e.Last) {
			e.Last = theft.Time
		}
	}
	slices.SortFunc(e.Addresses, fundtrail.Address.Compare)
	e.Addresses = slices.Compact(e.Addresses)
	e.Transfers, e.USD, e.Taint, e.Odds = len(own), r.valueThefts(asset, own), wholly(sum, model), odds.odds()
	e.Bounds = fundtrail.Bounds{Least: sum, Most: sum, LeastWithoutGaps: sum, MostWithoutGaps: sum, Exact: true}
	return e
}

// traced reports whether proceeds of a theft are among what the trace starts from.
func (r *run) traced(theft fundtrail.TxID) bool {
	for _, s := range r.stolen {
		for i := range s.thefts {
			if p := &s.thefts[i]; p.Proceeds && !theft.IsZero() && p.ProceedsOf == theft {
				return true
			}
		}
	}
	return false
}

// describeHops lists the ledger records that carried value.
func (r *run) describeHops(t *fundtrail.Trace, place []int32) {
	n := 0
	for _, e := range r.events.all() {
		r.about(e.from).met, r.about(e.to).met = true, true
		if e.kind != noHop {
			n++
		}
	}
	t.Hops = make([]fundtrail.Hop, n)
	n = 0
	// The outputs of a transaction spend the same coins, which are listed once: of n
	// inputs and n outputs, n and not n².
	spends := map[[2]int32][]fundtrail.TransferOutput{}
	for _, e := range r.events.all() {
		if e.kind != noHop {
			r.hop(&t.Hops[n], e, place)
			t.Hops[n].Spends = r.cite(e.spends, spends)
			n++
		}
	}
}

// cite names the coins that an event spends.
func (r *run) cite(spends [2]int32, known map[[2]int32][]fundtrail.TransferOutput) []fundtrail.TransferOutput {
	if spends[0] == spends[1] {
		return nil
	}
	out, ok := known[spends]
	if !ok {
		out = r.spentCoins(spends)
		known[spends] = out
	}
	return out
}

func (r *run) spentCoins(spends [2]int32) []fundtrail.TransferOutput {
	out := make([]fundtrail.TransferOutput, 0, spends[1]-spends[0])
	for _, c := range r.spent[spends[0]:spends[1]] {
		out = append(out, r.ledger.Output(c))
	}
	return out
}

func (r *run) hop(h *fundtrail.Hop, e *event, place []int32) {
	h.Record, h.Time, h.Height = r.ledger.Output(e.at), unix(e.time), r.ledger.Transaction(e.at).Height
	h.From, h.To, h.Asset, h.Amount = r.address(e.from), r.address(e.to), r.ledger.Asset(e.asset), e.amount
	h.Kind, h.Depth, h.End = hopKinds[e.kind], int(e.depth), -1
	if e.crossing > 0 {
		h.Crossing = r.passages[e.crossing-1]
	}
	h.Taint, h.Possible, h.WithoutGaps, h.Odds = e.taint, e.widened, e.possible, r.eventOdds[e]
	coins := r.lane(e.at).coins
	switch {
	case coins && e.kind == hopFee:
		h.Record.Output = fundtrail.FeeIndex // a coin transaction's fee is no output of it
	case e.kind == hopMix:
		h.Record.Output = fundtrail.MixIndex
	case coins && r.back:
		var m fundtrail.Movement
		r.ledger.Movement(e.at, &m)
		h.From, h.To = r.address(r.firstPayer(e.at)), r.address(m.To)
	case r.back:
		h.From, h.To = h.To, h.From
	}
	if e.end >= 0 {
		h.End = int(place[e.end])
	}
}

// describeTags lists the claims about every address that the trace met.
func (r *run) describeTags(t *fundtrail.Trace) {
	for id, i := range r.known.all() {
		if r.knowns.at(i).met {
			t.Tags = append(t.Tags, r.tags(r.address(id))...)
		}
	}
	listed := map[fundtrail.Address]bool{}
	for i := range r.lost {
		for k := range r.lost[i].Thefts {
			a := r.lost[i].Thefts[k].Address
			if id, ok := r.ledger.AddressID(a); !listed[a] && (!ok || !r.about(id).met) {
				t.Tags = append(t.Tags, r.tags(a)...)
			}
			listed[a] = true
		}
	}
	slices.SortFunc(t.Tags, compareTags)
}

// describeGaps lists the gaps above the dust floor.
func (r *run) describeGaps(t *fundtrail.Trace) {
	small := 0
	for _, h := range r.holdings.all() {
		if h.short.IsZero() {
			continue
		}
		if h.short.Less(r.dust(h.asset)) {
			small++
			continue
		}
		t.Gaps = append(t.Gaps, fundtrail.Gap{
			Address: r.address(h.addr), Asset: r.ledger.Asset(h.asset), Short: h.short,
			First: r.ledger.Output(h.lapse), Time: unix(r.time(h.lapse)),
		})
	}
	slices.SortFunc(t.Gaps, func(x, y fundtrail.Gap) int {
		return cmp.Or(x.Asset.Compare(y.Asset), y.Short.Cmp(x.Short), x.Address.Compare(y.Address))
	})
	if small > 0 {
		t.Notes = append(t.Notes, fmt.Sprintf("%d more addresses pay out more than the ledger shows they received, each by less than the dust floor.", small))
	}
}
