package trace_test

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/fundtrail/fundtrail"
)

// checkTrace says what of a trace contradicts itself, nil when nothing does. out is what
// crossings brought out of each asset, which its ends hold beside what was stolen.
func checkTrace(tr *fundtrail.Trace, out map[fundtrail.Asset]fundtrail.Taints) error {
	for _, check := range []func() error{
		func() error { return checkConserved(tr, out) },
		func() error { return checkHops(tr) },
		func() error { return checkEnds(tr) },
		func() error { return checkKinds(tr) },
		func() error { return checkRoutes(tr) },
	} {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

func modelOf(a fundtrail.Asset) fundtrail.Model {
	info, _ := a.Chain.Info()
	return info.Model
}

// sum adds amounts up and panics where they pass 256 bits: no test expects that.
func sum(amounts ...fundtrail.Amount) (total fundtrail.Amount) {
	for _, a := range amounts {
		var overflow bool
		if total, overflow = total.Add(a); overflow {
			panic("a sum passes 256 bits")
		}
	}
	return total
}

// more adds what may pass 256 bits, as poison may: it stops at the largest amount.
func more(a, b fundtrail.Amount) fundtrail.Amount {
	total, overflow := a.Add(b)
	if overflow {
		return fundtrail.MaxAmount
	}
	return total
}

// checkConserved: under every lossless policy the ends of an asset hold what was stolen
// of it and what came out of crossings.
func checkConserved(tr *fundtrail.Trace, out map[fundtrail.Asset]fundtrail.Taints) error {
	want := map[fundtrail.Asset]fundtrail.Taints{}
	for asset, came := range out {
		came[fundtrail.Poison] = fundtrail.Amount{} // it need not add up
		want[asset] = came
	}
	seen := map[fundtrail.Asset]bool{}
	for _, s := range tr.Stolen {
		sums := want[s.Asset]
		for p := range fundtrail.NumPolicies {
			if p.Lossless() && p.On(modelOf(s.Asset)) {
				sums[p] = sum(sums[p], s.Amount)
			}
		}
		if seen[s.Asset] || len(s.Thefts) == 0 {
			return fmt.Errorf("%s is listed as stolen, by %d thefts, and listed before: %v", s.Asset, len(s.Thefts), seen[s.Asset])
		}
		seen[s.Asset], want[s.Asset] = true, sums
		if stated := thefts(s.Thefts); stated != s.Amount {
			return fmt.Errorf("%s: the thefts add up to %s, not to the %s that was stolen", s.Asset, stated, s.Amount)
		}
	}
	got := map[fundtrail.Asset]fundtrail.Taints{}
	for i, e := range tr.Ends {
		if _, ok := want[e.Asset]; !ok {
			return fmt.Errorf("end %d is of %s, which was not stolen", i, e.Asset)
		}
		sums := got[e.Asset]
		for p := range fundtrail.NumPolicies {
			if !p.On(modelOf(e.Asset)) && !e.Taint[p].IsZero() {
				return fmt.Errorf("end %d: %s of %s is %s", i, p, e.Asset, e.Taint[p])
			}
			if p.Lossless() {
				sums[p] = sum(sums[p], e.Taint[p])
			}
		}
		got[e.Asset] = sums
	}
	for asset, sums := range want {
		for p := range fundtrail.NumPolicies {
			if p.Lossless() && got[asset][p] != sums[p] {
				return fmt.Errorf("%s: the ends of %s hold %s of %s", p, asset, got[asset][p], sums[p])
			}
		}
	}
	return nil
}

func thefts(of []fundtrail.ResolvedTheft) (total fundtrail.Amount) {
	for _, t := range of {
		total = sum(total, t.Amount)
	}
	return total
}

// checkHops: no hop carries more tainted value than its record moves or than amounts
// alone allow, and hops stand in the order of the ledger.
func checkHops(tr *fundtrail.Trace) error {
	last := map[fundtrail.Chain]int64{}
	for i, h := range tr.Hops {
		name := fmt.Sprintf("hop %d (%s %s)", i, h.Kind, h.Record)
		if h.WithoutGaps.Cmp(h.Possible) > 0 || h.Possible.Cmp(h.Amount) > 0 {
			return fmt.Errorf("%s: of %s, %s is possible and %s without gaps", name, h.Amount, h.Possible, h.WithoutGaps)
		}
		for p := range fundtrail.NumPolicies {
			if most := h.WithoutGaps; p.Lossless() && h.Taint[p].Cmp(most) > 0 {
				return fmt.Errorf("%s: %s says %s, and %s is possible", name, p, h.Taint[p], most)
			}
			if p.Lossless() && h.Taint[p].Cmp(h.Taint[fundtrail.Poison]) > 0 {
				return fmt.Errorf("%s: poison %s does not reach what %s does, %s", name, h.Taint[fundtrail.Poison], p, h.Taint[p])
			}
		}
		if h.Taint[fundtrail.Poison].Cmp(h.Amount) > 0 {
			return fmt.Errorf("%s: poison %s of %s", name, h.Taint[fundtrail.Poison], h.Amount)
		}
		if h.Depth < 0 || h.End < -1 || h.End >= len(tr.Ends) {
			return fmt.Errorf("%s: depth %d, end %d of %d", name, h.Depth, h.End, len(tr.Ends))
		}
		if h.End >= 0 && tr.Ends[h.End].Asset != h.Asset {
			return fmt.Errorf("%s of %s ends as %s", name, h.Asset, tr.Ends[h.End].Asset)
		}
		chain := h.Asset.Chain
		if before, ok := last[chain]; ok && (tr.Direction == fundtrail.Forward && h.Height < before || tr.Direction == fundtrail.Backward && h.Height > before) {
			return fmt.Errorf("%s: block %d comes after block %d", name, h.Height, before)
		}
		last[chain] = h.Height
	}
	return nil
}

// told are the kinds of end that value reaches by a hop and in no other way.
var told = map[fundtrail.EndKind]bool{
	fundtrail.EndExchange: true, fundtrail.EndMixer: true, fundtrail.EndBridge: true, fundtrail.EndSwap: true,
	fundtrail.EndService: true, fundtrail.EndTheft: true, fundtrail.EndFee: true, fundtrail.EndReturned: true,
	fundtrail.EndBurned: true, fundtrail.EndHub: true, fundtrail.EndDust: true, fundtrail.EndLimit: true,
}

// checkEnds: an end holds what its hops bring, and every lossless policy lies in its
// bounds.
func checkEnds(tr *fundtrail.Trace) error {
	stated := slices.ContainsFunc(tr.Stolen, func(s fundtrail.Stolen) bool {
		return slices.ContainsFunc(s.Thefts, func(t fundtrail.ResolvedTheft) bool { return t.Basis == "record" })
	})
	hops := make([]fundtrail.End, len(tr.Ends))
	for _, h := range tr.Hops {
		if h.End < 0 {
			continue
		}
		e := &hops[h.End]
		for p := range fundtrail.NumPolicies {
			e.Taint[p] = more(e.Taint[p], h.Taint[p])
		}
		if h.Taint[tr.Policy].IsZero() {
			continue
		}
		e.Transfers++
		e.Moved = more(e.Moved, h.Amount)
		span(e, h.Time, h.Time)
	}
	for i, e := range tr.Ends {
		name := fmt.Sprintf("end %d (%s %s of %s)", i, e.Kind, e.Label, e.Asset)
		if i > 0 && cmp.Or(tr.Ends[i-1].Asset.Compare(e.Asset), e.Taint[tr.Policy].Cmp(tr.Ends[i-1].Taint[tr.Policy])) > 0 {
			return fmt.Errorf("%s stands after a smaller one, or after those of another asset", name)
		}
		b := e.Bounds
		if b.LeastWithoutGaps.Less(b.Least) || b.Most.Less(b.MostWithoutGaps) {
			return fmt.Errorf("%s: gaps narrow the bounds: %+v", name, b)
		}
		for p := range fundtrail.NumPolicies {
			if !p.Lossless() || !p.On(modelOf(e.Asset)) {
				continue
			}
			if e.Taint[p].Less(b.LeastWithoutGaps) || b.MostWithoutGaps.Less(e.Taint[p]) {
				return fmt.Errorf("%s: %s says %s, outside [%s, %s]", name, p, e.Taint[p], b.LeastWithoutGaps, b.MostWithoutGaps)
			}
		}
		if e.Taint == (fundtrail.Taints{}) && b.Most.IsZero() {
			return fmt.Errorf("%s: nothing can have reached it", name)
		}
		h := hops[i]
		// A stated theft is at its end without a record, where the work is limited.
		if told[e.Kind] && !(e.Kind == fundtrail.EndLimit && stated) {
			if h.Taint != e.Taint || h.Transfers != e.Transfers || h.Moved != e.Moved || !h.First.Equal(e.First) || !h.Last.Equal(e.Last) {
				return fmt.Errorf("%s: its hops bring %v in %d transfers of %s from %s to %s, it holds %v in %d of %s from %s to %s", name,
					h.Taint, h.Transfers, h.Moved, h.First, h.Last, e.Taint, e.Transfers, e.Moved, e.First, e.Last)
			}
		}
		for p := range fundtrail.NumPolicies {
			if e.Taint[p].Less(h.Taint[p]) {
				return fmt.Errorf("%s: %s: its hops bring %s, it holds %s", name, p, h.Taint[p], e.Taint[p])
			}
		}
	}
	return nil
}

// span widens an end's time.
func span(e *fundtrail.End, first, last time.Time) {
	if e.First.IsZero() || first.Before(e.First) {
		e.First = first
	}
	if last.After(e.Last) {
		e.Last = last
	}
}

// checkKinds: the ends of a kind together hold what each of them does, within bounds
// that are no wider than theirs added up.
func checkKinds(tr *fundtrail.Trace) error {
	type key struct {
		kind  fundtrail.EndKind
		asset fundtrail.Asset
	}
	want := map[key]fundtrail.End{}
	for _, e := range tr.Ends {
		k := key{e.Kind, e.Asset}
		w := want[k]
		for p := range w.Taint {
			w.Taint[p] = more(w.Taint[p], e.Taint[p])
		}
		w.Bounds.Least = more(w.Bounds.Least, e.Bounds.Least)
		w.Bounds.Most = more(w.Bounds.Most, e.Bounds.Most)
		w.Transfers += e.Transfers
		want[k] = w
	}
	if len(tr.Kinds) != len(want) {
		return fmt.Errorf("%d kinds, want %d", len(tr.Kinds), len(want))
	}
	for _, e := range tr.Kinds {
		w, ok := want[key{e.Kind, e.Asset}]
		if !ok || w.Taint != e.Taint || w.Transfers != e.Transfers {
			return fmt.Errorf("%s of %s: %v in %d transfers, its ends say %v in %d", e.Kind, e.Asset, e.Taint, e.Transfers, w.Taint, w.Transfers)
		}
		if e.Bounds.Least.Less(w.Bounds.Least) || w.Bounds.Most.Less(e.Bounds.Most) {
			return fmt.Errorf("%s of %s: bounds [%s, %s] are wider than [%s, %s]", e.Kind, e.Asset, e.Bounds.Least, e.Bounds.Most, w.Bounds.Least, w.Bounds.Most)
		}
		for p := range fundtrail.NumPolicies {
			if p.Lossless() && p.On(modelOf(e.Asset)) && (e.Taint[p].Less(e.Bounds.LeastWithoutGaps) || e.Bounds.MostWithoutGaps.Less(e.Taint[p])) {
				return fmt.Errorf("%s of %s: %s says %s, outside %+v", e.Kind, e.Asset, p, e.Taint[p], e.Bounds)
			}
		}
	}
	return nil
}

// checkRoutes: routes divide what each end holds under the headline policy.
func checkRoutes(tr *fundtrail.Trace) error {
	got := make([]fundtrail.Amount, len(tr.Ends))
	for i, r := range tr.Routes {
		switch {
		case r.End < 0:
			return nil // too many to list
		case r.End >= len(tr.Ends) || tr.Ends[r.End].Asset != r.Asset:
			return fmt.Errorf("route %d of %s leads to end %d", i, r.Asset, r.End)
		case r.Amount.IsZero():
			return fmt.Errorf("route %d carries nothing", i)
		}
		got[r.End] = sum(got[r.End], r.Amount)
	}
	for i, e := range tr.Ends {
		if e.Label != "not in the ledger" && got[i] != e.Taint[tr.Policy] {
			return fmt.Errorf("end %d (%s %s): routes bring %s of %s", i, e.Kind, e.Label, got[i], e.Taint[tr.Policy])
		}
	}
	return nil
}
