package report

import (
	"cmp"
	"slices"

	"github.com/fundtrail/fundtrail"
)

// An edge is the hops between two addresses in one asset, taken together.
type edge struct {
	from, to    string
	asset       string
	end         int // index into the document's ends, -1 when the trace goes on
	inferred    bool
	touched     bool // from the list of touched records, not of hops
	kind        string
	amount      fundtrail.Amount
	tainted     []fundtrail.Amount // by policy, in the order of the trace's policies
	defined     []bool             // whether the policy is defined on the asset's chain
	transfers   int
	first, last string
	certainty   string // of a passage, and of what was followed on from one
	round       int
	fromChain   string // of a passage over a bridge
	category    string // of the end
	protocol    string // of a crossing or a passage, and the method that says so
	method      string
}

// edges takes the records of each list together by payer, receiver, asset, end and
// kind, in the order of their first record.
func (x *index) edges(lists ...[]Hop) []edge {
	type key struct {
		from, to, asset, kind string
		protocol, method      string
		end                   int
		touched, inferred     bool
	}
	var out []edge
	at := make(map[key]int)
	policies := x.d.Trace.Policies
	for n, hops := range lists {
		for i := range hops {
			h := &hops[i]
			k := key{h.From, h.To, h.Asset, h.Kind, h.Protocol, h.Method, -1, n > 0, x.inferred(h)}
			if h.End != nil {
				k.end = *h.End
			}
			j, ok := at[k]
			if !ok {
				j = len(out)
				at[k] = j
				out = append(out, edge{from: h.From, to: h.To, asset: h.Asset, end: k.end, inferred: k.inferred, touched: k.touched,
					kind: h.Kind, protocol: h.Protocol, method: h.Method, first: h.Time, last: h.Time,
					tainted: make([]fundtrail.Amount, len(policies)), defined: make([]bool, len(policies))})
			}
			e := &out[j]
			e.amount, _ = e.amount.Add(amount(h.Amount))
			for p, name := range policies {
				if s, ok := h.Tainted.under(name); ok {
					e.tainted[p], _ = e.tainted[p].Add(amount(s))
					e.defined[p] = true
				}
			}
			e.transfers++
			e.first, e.last = min(e.first, h.Time), max(e.last, h.Time)
		}
	}
	return out
}

// chained is an address with its chain, as hops name it.
func (e *edge) chained() (from, to place) {
	chain := chainOf(e.asset)
	return place{firstOf(e.fromChain, chain), e.from}, place{chain, e.to}
}

// everyAddress lists the document's addresses in their order, then those that only
// its hops name, sorted. Nobody (a mint's payer, a burn's payee) is not among them.
func (x *index) everyAddress(edges []edge) []place {
	var out, rest []place
	seen := make(map[place]bool)
	add := func(to *[]place, p place) {
		if p.address != "" && !seen[p] {
			seen[p] = true
			*to = append(*to, p)
		}
	}
	for i := range x.d.Addresses {
		add(&out, place{x.d.Addresses[i].Chain, x.d.Addresses[i].Address})
	}
	for i := range edges {
		from, to := edges[i].chained()
		add(&rest, from)
		add(&rest, to)
	}
	slices.SortFunc(rest, func(a, b place) int {
		return cmp.Or(cmp.Compare(a.chain, b.chain), cmp.Compare(a.address, b.address))
	})
	return append(out, rest...)
}
