package crossing

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/fundtrail/fundtrail"
)

// A portfolio is how many notes one account put into, or took out of, each of the pools
// of one asset.
type portfolio struct {
	who         Account
	counts      []int   // by pool
	events      [][]int // by pool: indexes of its deposits or withdrawals
	first, last int64
	total       int
	pools       int
}

const (
	portfolioSpan  = 24 * 3600      // a side is done within it, in seconds
	portfolioLater = 30 * 24 * 3600 // and the second side begins that soon after the first
	portfolioLeast = 3              // notes
)

// Portfolio links recipients to the one depositor who put exactly what they took into two
// pools or more of one asset, three notes at least, each side within a day and the second
// within a month of the first.
func Portfolio(pools []*Pool) []Link {
	l := newLinker(PortfolioMethod, pools)
	type group struct {
		chain  fundtrail.Chain
		symbol string
	}
	var groups []group
	members := map[group][]int{}
	for n, p := range pools {
		g := group{p.Name.Chain, p.Name.Symbol}
		if members[g] == nil {
			groups = append(groups, g)
		}
		members[g] = append(members[g], n)
	}
	for _, g := range groups {
		if of := members[g]; len(of) > 1 {
			matchPortfolios(l, of)
		}
	}
	return l.done()
}

func matchPortfolios(l *linker, of []int) {
	in, out := map[Account]*portfolio{}, map[Account]*portfolio{}
	for at, n := range of {
		p := l.pools[n]
		for i := range p.Deposits {
			if d := &p.Deposits[i]; !d.Sender.IsZero() {
				addPortfolio(in, d.Sender, len(of), at, i, d.Time)
			}
		}
		for i := range p.Withdrawals {
			addPortfolio(out, p.Withdrawals[i].To, len(of), at, i, p.Withdrawals[i].Time)
		}
	}
	paid, taken := byCounts(in), byCounts(out)
	for _, key := range sortedKeys(taken) {
		for _, r := range taken[key] {
			var match *portfolio
			matches := 0
			for _, d := range paid[key] {
				if d.who != r.who && d.first <= r.first && r.first-d.last <= portfolioLater {
					match = d
					matches++
				}
			}
			if matches != 1 {
				continue
			}
			// Another recipient with the same claim leaves it to chance which one is meant.
			rivals := 0
			for _, other := range taken[key] {
				if match.first <= other.first && other.first-match.last <= portfolioLater {
					rivals++
				}
			}
			if rivals != 1 {
				continue
			}
			for at, n := range of {
				for _, w := range r.events[at] {
					l.add(n, w, match.who, match.events[at], oddsPortfolio)
				}
			}
		}
	}
}

func addPortfolio(to map[Account]*portfolio, who Account, pools, at, event int, t int64) {
	f := to[who]
	if f == nil {
		f = &portfolio{who: who, counts: make([]int, pools), events: make([][]int, pools), first: t, last: t}
		to[who] = f
	}
	if f.counts[at] == 0 {
		f.pools++
	}
	f.counts[at]++
	f.total++
	f.events[at] = append(f.events[at], event)
	f.first, f.last = min(f.first, t), max(f.last, t)
}

// byCounts groups the portfolios that are worth comparing by their counts.
func byCounts(all map[Account]*portfolio) map[string][]*portfolio {
	groups := map[string][]*portfolio{}
	for _, f := range all {
		if f.pools >= 2 && f.total >= portfolioLeast && f.last-f.first <= portfolioSpan {
			key := strings.Trim(fmt.Sprint(f.counts), "[]")
			groups[key] = append(groups[key], f)
		}
	}
	for _, list := range groups {
		slices.SortFunc(list, func(a, b *portfolio) int { return bytes.Compare(a.who[:], b.who[:]) })
	}
	return groups
}

func sortedKeys(m map[string][]*portfolio) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
