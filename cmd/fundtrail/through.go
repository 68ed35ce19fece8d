package main

import (
	"slices"
	"strings"
	"time"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/data"
	"github.com/fundtrail/fundtrail/internal/crossing"
	"github.com/fundtrail/fundtrail/internal/onward"
	"github.com/fundtrail/fundtrail/internal/report"
	"github.com/fundtrail/fundtrail/internal/trace"
)

// passages are what a trace may go on through.
var passages = []string{"bridges", "coinjoins", "mixers", "swaps"}

// A passing is what one trace goes on through.
type passing struct {
	names     []string // of passages, sorted
	pools     []*crossing.Pool
	rounds    int // how often value is followed on with odds
	bridges   *bridgeLegs
	contracts []string // bridges' that are on no record
}

// goes reports whether a trace goes on through something.
func (p *passing) goes(through string) bool { return slices.Contains(p.names, through) }

// engines are what finds the other side of swaps and of bridges for certain, and what finds
// with odds where value came out again: nil where nothing is asked for.
func (p *passing) engines(in *inputs, claimed claims, least fundtrail.Confidence) (trace.Crossings, onward.Finder) {
	var hooks crossing.Hooks
	var finders onward.Finders
	if p.goes("swaps") {
		hooks = append(hooks, in.swaps())
	}
	if p.bridges != nil {
		over := p.bridges.over(in.ledger, claimed, least)
		hooks, finders = append(hooks, over), append(finders, over)
	}
	if p.pools != nil {
		finders = append(finders, crossing.NewMixers(p.pools))
	}
	if p.goes("coinjoins") {
		finders = append(finders, crossing.NewCoinJoins(in.ledger))
	}
	var hook trace.Crossings
	var finder onward.Finder
	if hooks != nil {
		hook = hooks
	}
	if finders != nil {
		finder = finders
	}
	return hook, finder
}

// swaps recognises swaps in the ledger, by the names and prices at hand.
func (in *inputs) swaps() *crossing.Swaps {
	names := map[fundtrail.Address]string{}
	for _, t := range data.Tags() { // of an address, the most confident first
		if _, named := names[t.Address]; !named && trace.EndKindOf(t.Category) == fundtrail.EndSwap {
			names[t.Address] = t.Label
		}
	}
	opt := crossing.SwapOptions{Wrapped: data.WrapsCoin, Name: func(a fundtrail.Address) string { return names[a] }}
	if in.prices != nil {
		opt.Price = func(a fundtrail.Asset, at time.Time) (fundtrail.Amount, int, bool) {
			n, known := in.decimals(a)
			price, ok := in.prices.At(a, at.Unix())
			if !ok && data.WrapsCoin(a) {
				price, ok = in.prices.At(fundtrail.NativeAsset(a.Chain), at.Unix())
			}
			return price.Micros, n, known && ok
		}
	}
	return crossing.NewSwaps(in.ledger, opt)
}

// loadThrough reads what it takes to go on.
func (f *traceFlags) loadThrough(in *inputs, warn func(string, ...any)) (p passing, err error) {
	for _, what := range f.through {
		if !slices.Contains(passages, what) {
			return p, usage("--through %q: want one of %s", what, strings.Join(passages, ", "))
		}
		p.names = append(p.names, what)
	}
	slices.Sort(p.names)
	p.names = slices.Compact(p.names)
	mixers, bridges := p.goes("mixers"), p.goes("bridges")
	switch {
	case len(p.names) > 0 && f.direction == string(fundtrail.Backward):
		return p, usage("--through goes forward")
	case mixers && len(f.mixers) == 0:
		return p, usage("--through mixers needs the events of the pools: --mixer-events FOLDER")
	case !mixers && len(f.mixers) > 0:
		return p, usage("--mixer-events goes with --through mixers")
	case bridges && len(f.bridges) == 0:
		return p, usage("--through bridges needs what they recorded: --bridge-events FILE")
	case !bridges && len(f.bridges)+len(f.contracts) > 0:
		return p, usage("--bridge-events and --bridge-contract go with --through bridges")
	case f.rounds < 0:
		return p, usage("--onward-rounds %d: want 0 (stop at who took the value out) or more", f.rounds)
	case f.rounds != onward.Rounds && !mixers && !bridges && !p.goes("coinjoins"):
		return p, usage("--onward-rounds goes with --through mixers, coinjoins or bridges")
	}
	if mixers || bridges || p.goes("coinjoins") {
		p.rounds = f.rounds
	}
	if bridges {
		p.contracts = f.contracts
		if p.bridges, err = in.loadBridges(f.bridges, f.contracts, f.chain, warn); err != nil {
			return p, err
		}
	}
	if mixers {
		var files []report.Input
		p.pools, files, err = loadPools(f.mixers)
		in.files = append(in.files, files...)
	}
	return p, err
}
