package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/fundtrail/fundtrail"
)

// The things that untie what goes in from what comes out, as sentences name them.
const (
	intoMixers    = "mixers"
	intoCoinJoins = "CoinJoins"
	intoBridges   = "bridges"
)

// into says what a passage goes into.
func (p *Passage) into() string {
	switch {
	case p.Kind == string(fundtrail.Bridge):
		return intoBridges
	case p.inCoinJoin():
		return intoCoinJoins
	}
	return intoMixers
}

// untied names what the passages of a list go into: "mixers and bridges".
func untied(passages []Passage) string {
	var found []string
	for _, what := range []string{intoMixers, intoCoinJoins, intoBridges} {
		if slices.ContainsFunc(passages, func(p Passage) bool { return p.into() == what }) {
			found = append(found, what)
		}
	}
	if n := len(found); n > 2 {
		return strings.Join(found[:n-1], ", ") + " and " + found[n-1]
	}
	return strings.Join(found, " and ")
}

// An account is how much of what went into one kind of thing, in one asset, is linked to
// what came out, at each certainty by itself.
type account struct {
	into, asset string
	in          fundtrail.Amount
	level       [3]fundtrail.Amount
}

// linked are the accounts of the trace's own passages. Out of pools and CoinJoins a certainty
// counts what its withdrawals carry, and what was kept on the way, of each passage at most
// what went in; over bridges, whose payouts are of other assets and exclude one another,
// what went in counts at the certainty of the likeliest payout.
func (x *index) linked() []*account {
	var out []*account
	for i := range x.d.Passages {
		p := &x.d.Passages[i]
		n := slices.IndexFunc(out, func(a *account) bool { return a.into == p.into() && a.asset == p.Asset })
		if n < 0 {
			n = len(out)
			out = append(out, &account{into: p.into(), asset: p.Asset})
		}
		a := out[n]
		a.in, _ = a.in.Add(p.in())
		if p.Kind == string(fundtrail.Bridge) {
			best := -1
			for _, w := range p.Withdrawals {
				if l := levelOf(w.Certainty); best < 0 || l < best {
					best = l
				}
			}
			if best >= 0 {
				a.level[best], _ = a.level[best].Add(p.in())
			}
			continue
		}
		var sum [3]fundtrail.Amount
		for _, w := range p.Withdrawals {
			l := levelOf(w.Certainty)
			carried := amount(w.Carries)
			if w.Carries == "" { // an older report: the whole note
				carried, _ = amount(p.Note).Sub(amount(w.Fee))
			}
			sum[l], _ = sum[l].Add(carried)
			sum[l], _ = sum[l].Add(amount(w.Fee))
		}
		for l := range sum {
			a.level[l], _ = a.level[l].Add(sum[l].Min(p.in()))
		}
	}
	return out
}

// accounted says in a sentence for each kind and asset how much of what was stolen and went
// in is accounted for, the certainties apart.
func (x *index) accounted() []string {
	var out []string
	for _, a := range x.linked() {
		parts := make([]string, len(certainties))
		for i, c := range certainties {
			parts[i] = fmt.Sprintf("%s %s (%s)", c, x.coins(a.asset, a.level[i], nearest), percent(a.level[i], a.in))
		}
		line := fmt.Sprintf("Of %s %s that went into %s, what came out is linked: %s.", x.coins(a.asset, a.in, nearest), x.symbol(a.asset), a.into, strings.Join(parts, "; "))
		if a.into == intoCoinJoins {
			line = fmt.Sprintf("Of %s %s that went into CoinJoins, spread over the outputs that can be its owner's: %s.", x.coins(a.asset, a.in, nearest), x.symbol(a.asset), strings.Join(parts, "; "))
		}
		out = append(out, line)
	}
	if len(out) > 0 {
		out = append(out, "Certain, probable and possible stand apart: they are inferred, and never added up. None counts more of a depositor than went in.")
	}
	return out
}
