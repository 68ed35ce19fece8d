package report

import (
	"cmp"
	"slices"
	"time"

	"github.com/fundtrail/fundtrail"
)

// What one page holds at most. A browser opens and searches this much at once; the
// page says how much is left out, and JSON and CSV have all of it. Sums over all
// hops (edges, the timeline, the tables of ends) are made before anything is left
// out, so that no figure changes with these bounds.
const (
	pageHops  = 20_000
	pageEdges = 50_000
)

// pageData is what the page's script draws from: the document with each address
// named once, text made safe to show, and hops also taken together. data.ts reads it.
type pageData struct {
	Direction  string        `json:"direction"`
	Policies   []string      `json:"policies"`
	Headline   int           `json:"headline"`
	Categories [][2]string   `json:"categories"` // name in the document, name as shown
	Kinds      []string      `json:"kinds"`      // of hops
	Assets     []pageAsset   `json:"assets"`
	Addresses  []pageAddress `json:"addresses"`
	Starts     []int         `json:"starts"` // addresses that the trace starts from
	Ends       []pageEnd     `json:"ends"`
	Totals     []pageEnd     `json:"totals"` // of each category
	Edges      [][]any       `json:"edges"`
	Days       [][]any       `json:"days"` // arrivals at ends, by day
	Hops       [][]any       `json:"hops"`
	HopsInAll  int           `json:"hopsInAll"`
	EdgesInAll int           `json:"edgesInAll"`
}

type pageAsset struct {
	Asset    string `json:"asset"`
	Symbol   string `json:"symbol"`
	Decimals int    `json:"decimals"`
	Places   int    `json:"places"`
	Stolen   string `json:"stolen"`
}

type pageAddress struct {
	Address    string          `json:"address"`
	Chain      string          `json:"chain"`
	Role       string          `json:"role"`
	Depth      int             `json:"depth"`
	Name       string          `json:"name"`
	Basis      string          `json:"basis"`
	Actor      string          `json:"actor"`
	Coverage   string          `json:"coverage"`
	Tags       []Tag           `json:"tags,omitempty"`
	Inferences []pageInference `json:"inferences,omitempty"`
}

type pageInference struct {
	Says       string   `json:"says"`
	Method     string   `json:"method"`
	Confidence int      `json:"confidence"`
	Evidence   []string `json:"evidence"`
}

type pageEnd struct {
	Category  int       `json:"category"`
	Title     string    `json:"title"`
	Asset     int       `json:"asset"`
	Addresses []int     `json:"addresses"`
	Amount    []*string `json:"amount"` // by policy; null where it is not defined
	AtLeast   string    `json:"atLeast"`
	AtMost    string    `json:"atMost"`
}

// A pager numbers what the page data refers to.
type pager struct {
	*index
	data       pageData
	addresses  map[place]int
	assets     map[string]int
	categories map[string]int
	kinds      map[string]int
}

func (x *index) pageData() *pageData {
	edges := x.edges(x.d.Hops, x.d.Touched)
	p := pager{index: x, addresses: make(map[place]int), assets: make(map[string]int),
		categories: make(map[string]int), kinds: make(map[string]int)}
	h := &x.d.Trace
	p.data.Direction = clean(h.Direction)
	p.data.Headline = slices.Index(h.Policies, h.Policy)
	for _, name := range h.Policies {
		p.data.Policies = append(p.data.Policies, clean(name))
	}
	for _, c := range categoryOrder {
		p.category(c)
	}
	for _, s := range x.d.Stolen {
		p.asset(s.Asset)
	}
	for _, at := range x.everyAddress(edges) {
		p.address(at)
	}
	p.data.Starts = []int{}
	for i := range x.d.Stolen {
		s := &x.d.Stolen[i]
		for j := range s.Thefts {
			if n := p.address(place{chainOf(s.Asset), s.Thefts[j].Address}); n >= 0 && !slices.Contains(p.data.Starts, n) {
				p.data.Starts = append(p.data.Starts, n)
			}
		}
	}
	for i := range x.d.Ends {
		p.data.Ends = append(p.data.Ends, p.end(&x.d.Ends[i]))
	}
	for i := range x.d.Categories {
		p.data.Totals = append(p.data.Totals, p.end(&x.d.Categories[i]))
	}
	p.days()
	p.edges(edges)
	p.hops()
	return &p.data
}

func (p *pager) category(name string) int {
	n, ok := p.categories[name]
	if !ok {
		n = len(p.data.Categories)
		p.categories[name] = n
		p.data.Categories = append(p.data.Categories, [2]string{clean(name), categoryName(name)})
	}
	return n
}

func (p *pager) kind(name string) int {
	n, ok := p.kinds[name]
	if !ok {
		n = len(p.data.Kinds)
		p.kinds[name] = n
		p.data.Kinds = append(p.data.Kinds, clean(name))
	}
	return n
}

func (p *pager) asset(name string) int {
	n, ok := p.assets[name]
	if !ok {
		n = len(p.data.Assets)
		p.assets[name] = n
		var stolen fundtrail.Amount
		for _, s := range p.d.Stolen {
			if s.Asset == name {
				stolen, _ = stolen.Add(amount(s.Amount))
			}
		}
		p.data.Assets = append(p.data.Assets, pageAsset{clean(name), p.symbol(name), p.index.asset(name).Decimals, p.places[name], stolen.String()})
	}
	return n
}

// address numbers an address; -1 is nobody.
func (p *pager) address(at place) int {
	if at.address == "" {
		return -1
	}
	n, ok := p.addresses[at]
	if ok {
		return n
	}
	n = len(p.data.Addresses)
	p.addresses[at] = n
	what := p.name(at.chain, at.address)
	out := pageAddress{Address: clean(at.address), Chain: clean(at.chain), Name: what.text, Basis: what.basis, Actor: clean(what.actor), Depth: -1}
	if a := p.index.addresses[at]; a != nil {
		out.Role, out.Depth, out.Coverage = clean(a.Role), a.Depth, clean(a.Coverage)
		for _, t := range a.Tags {
			out.Tags = append(out.Tags, Tag{clean(t.Label), clean(t.Category), clean(t.Role), clean(t.Actor), t.Confidence, clean(t.Source)})
		}
		for _, i := range a.Inferences {
			f := &p.d.Inferences[i]
			evidence := make([]string, len(f.Evidence))
			for j, s := range f.Evidence {
				evidence[j] = clean(s)
			}
			out.Inferences = append(out.Inferences, pageInference{clean(f.Says), clean(f.Method), f.Confidence, evidence})
		}
	}
	p.data.Addresses = append(p.data.Addresses, out)
	return n
}

func (p *pager) end(e *End) pageEnd {
	out := pageEnd{Category: p.category(e.Category), Title: endTitle(e), Asset: p.asset(e.Asset), Addresses: []int{}, AtLeast: e.AtLeast, AtMost: e.AtMost}
	for _, a := range e.Addresses {
		out.Addresses = append(out.Addresses, p.address(place{chainOf(e.Asset), a}))
	}
	for _, name := range p.d.Trace.Policies {
		if s, ok := e.Amount.under(name); ok {
			out.Amount = append(out.Amount, &s)
		} else {
			out.Amount = append(out.Amount, nil)
		}
	}
	return out
}

// days sums what arrived at each category of ends on each day (UTC). Category -1 is
// the theft.
func (p *pager) days() {
	type key struct{ day, asset, category int }
	sums := make(map[key][]fundtrail.Amount)
	counts := make(map[key]int)
	policies := p.d.Trace.Policies
	for _, hops := range [][]Hop{p.d.Hops, p.d.Touched} {
		for i := range hops {
			h := &hops[i]
			k := key{int(floorDay(h.Time)), p.asset(h.Asset), -1}
			switch {
			case h.End != nil:
				k.category = p.category(p.d.Ends[*h.End].Category)
			case h.Kind != "theft":
				continue
			}
			if sums[k] == nil {
				sums[k] = make([]fundtrail.Amount, len(policies))
			}
			for n, name := range policies {
				sums[k][n], _ = sums[k][n].Add(h.Tainted.sum(name))
			}
			counts[k]++
		}
	}
	keys := make([]key, 0, len(sums))
	for k := range sums {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b key) int {
		return cmp.Or(cmp.Compare(a.day, b.day), cmp.Compare(a.asset, b.asset), cmp.Compare(a.category, b.category))
	})
	p.data.Days = [][]any{}
	for _, k := range keys {
		p.data.Days = append(p.data.Days, []any{k.day, k.asset, k.category, counts[k], sums[k]})
	}
}

// unix is a time in Unix seconds.
func unix(rfc3339 string) int64 {
	t, _ := time.Parse(time.RFC3339, rfc3339)
	return t.Unix()
}

// floorDay is the number of the day, from 1970-01-01.
func floorDay(rfc3339 string) int64 {
	const seconds = 24 * 60 * 60
	s := unix(rfc3339)
	if s < 0 {
		return (s - seconds + 1) / seconds
	}
	return s / seconds
}

func (p *pager) edges(edges []edge) {
	p.data.EdgesInAll = len(edges)
	headline := p.data.Headline
	if len(edges) > pageEdges {
		slices.SortStableFunc(edges, func(a, b edge) int {
			return cmp.Or(cmp.Compare(bit(a.touched), bit(b.touched)), b.tainted[headline].Cmp(a.tainted[headline]))
		})
		edges = edges[:pageEdges]
	}
	p.data.Edges = make([][]any, len(edges))
	for i := range edges {
		e := &edges[i]
		from, to := e.chained()
		tainted := make([]any, len(e.tainted))
		for n := range e.tainted {
			if e.defined[n] {
				tainted[n] = short(e.tainted[n], e.amount)
			}
		}
		p.data.Edges[i] = []any{p.address(from), p.address(to), p.asset(e.asset), e.end, p.kind(e.kind),
			bit(e.inferred) + 2*bit(e.touched), e.transfers, unix(e.first), unix(e.last), e.amount, tainted}
	}
}

// short writes an amount as "" where it equals the whole it is a part of, as it
// mostly does: the page is a fifth smaller for it.
func short(a, whole fundtrail.Amount) string {
	if a == whole {
		return ""
	}
	return a.String()
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}

// hops writes the records the page can show: all, or those of the theft and those
// that carried the most under the headline policy, in the document's order.
func (p *pager) hops() {
	d := p.d
	all := len(d.Hops) + len(d.Touched)
	p.data.HopsInAll = all
	at := func(i int) *Hop {
		if i < len(d.Hops) {
			return &d.Hops[i]
		}
		return &d.Touched[i-len(d.Hops)]
	}
	chosen := make([]int, all)
	for i := range chosen {
		chosen[i] = i
	}
	if all > pageHops {
		tainted := make([]fundtrail.Amount, all)
		for i := range chosen {
			tainted[i] = at(i).Tainted.sum(d.Trace.Policy)
		}
		slices.SortStableFunc(chosen, func(a, b int) int {
			return cmp.Or(cmp.Compare(bit(at(b).Kind == "theft"), bit(at(a).Kind == "theft")),
				cmp.Compare(bit(a >= len(d.Hops)), bit(b >= len(d.Hops))), tainted[b].Cmp(tainted[a]))
		})
		chosen = chosen[:pageHops]
		slices.Sort(chosen)
	}
	p.data.Hops = make([][]any, len(chosen))
	for n, i := range chosen {
		h := at(i)
		chain := chainOf(h.Asset)
		end := -1
		if h.End != nil {
			end = *h.End
		}
		whole := amount(h.Amount)
		tainted := make([]any, len(d.Trace.Policies))
		for j, name := range d.Trace.Policies {
			if s, ok := h.Tainted.under(name); ok {
				tainted[j] = short(amount(s), whole)
			}
		}
		spends := make([]string, len(h.Spends))
		for j, s := range h.Spends {
			spends[j] = clean(s)
		}
		p.data.Hops[n] = []any{clean(h.Tx), h.Index, unix(h.Time), h.Block, p.address(place{chain, h.From}), p.address(place{chain, h.To}),
			p.asset(h.Asset), h.Amount, p.kind(h.Kind), h.Depth, tainted, short(amount(h.Possible), whole), short(amount(h.PossibleWithoutGaps), whole), end,
			bit(p.inferred(h)) + 2*bit(i >= len(d.Hops)), spends}
	}
}
