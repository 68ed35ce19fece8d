package report

import (
	"bufio"
	"encoding/xml"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/fundtrail/fundtrail"
)

// GraphML writes the trace as a directed graph for Gephi, yEd and networkx: a node
// for each address, an edge for each payer, receiver and asset with the payments
// between them taken together. Records below the dust floor, fees, and what only
// poison reaches are left out; CSV has them.
//
// Every amount stands twice: in base units, exact, as text, and in whole coins as a
// number, which a program may round; "weight" is the headline policy's stolen part
// in whole coins.
func GraphML(w io.Writer, d *Document) error {
	if err := d.Validate(); err != nil {
		return err
	}
	x := newIndex(d)
	edges := x.allPairs()
	nodes := x.everyAddress(edges)
	b := bufio.NewWriter(w)
	g := graphml{b}
	g.raw(xml.Header)
	g.raw(`<graphml xmlns="http://graphml.graphdrawing.org/xmlns" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"` +
		` xsi:schemaLocation="http://graphml.graphdrawing.org/xmlns http://graphml.graphdrawing.org/xmlns/1.0/graphml.xsd">` + "\n")
	for _, k := range graphKeys {
		g.raw(`  <key id="` + k.id + `" for="` + k.of + `" attr.name="` + k.name + `" attr.type="` + k.kind + `"/>` + "\n")
	}
	g.raw(`  <graph id="trace" edgedefault="directed">` + "\n")
	g.data("    ", "g_name", firstOf(d.Trace.Name, d.Trace.Subject))
	g.data("    ", "g_policy", d.Trace.Policy)
	ids := make(map[place]int, len(nodes))
	for i, n := range nodes {
		ids[n] = i
		g.node(i, n, x)
	}
	// A mint has no payer and a burn no payee: their edges need a node all the same.
	if slices.ContainsFunc(edges, func(e edge) bool { return e.from == "" || e.to == "" }) {
		g.raw(`    <node id="n` + strconv.Itoa(len(nodes)) + `">` + "\n")
		g.data("      ", "n_label", "nobody")
		g.raw("    </node>\n")
	}
	id := func(p place) int {
		if p.address == "" {
			return len(nodes)
		}
		return ids[p]
	}
	headline := slices.Index(d.Trace.Policies, d.Trace.Policy)
	for i := range edges {
		e := &edges[i]
		from, to := e.chained()
		source, target := id(from), id(to)
		g.raw(`    <edge id="e` + strconv.Itoa(i) + `" source="n` + strconv.Itoa(source) + `" target="n` + strconv.Itoa(target) + `">` + "\n")
		const in = "      "
		a := x.asset(e.asset)
		g.data(in, "e_asset", e.asset)
		g.data(in, "e_symbol", a.Symbol)
		g.data(in, "e_kind", e.kind)
		g.data(in, "e_step", map[bool]string{true: "inferred", false: "certain"}[e.inferred])
		g.data(in, "e_amount", e.amount.String())
		g.data(in, "e_coins", e.amount.Decimal(max(a.Decimals, 0)))
		if e.defined[headline] {
			g.data(in, "e_tainted", e.tainted[headline].String())
			g.data(in, "e_weight", e.tainted[headline].Decimal(max(a.Decimals, 0)))
		}
		g.data(in, "e_transfers", strconv.Itoa(e.transfers))
		g.data(in, "e_first", e.first)
		g.data(in, "e_last", e.last)
		g.data(in, "e_end", e.category)
		if e.certainty != "" {
			g.data(in, "e_certainty", e.certainty)
			g.data(in, "e_round", strconv.Itoa(e.round))
		}
		g.data(in, "e_protocol", e.protocol)
		g.data(in, "e_method", e.method)
		g.raw("    </edge>\n")
	}
	g.raw("  </graph>\n</graphml>\n")
	return b.Flush()
}

// allPairs lists the edges of the trace, then those of passages and of what was followed
// on from them, each certainty and round by itself.
func (x *index) allPairs() []edge {
	out := append(x.pairsOf("", 0), x.passageEdges(1)...)
	for _, f := range x.onward() {
		out = append(out, f.pairsOf(f.o.Certainty, f.o.Round)...)
		out = append(out, f.passageEdges(f.o.Round+1)...)
	}
	return out
}

// pairsOf lists the edges of a trace's own hops.
func (x *index) pairsOf(certainty string, round int) []edge {
	out := pairs(x.edges(x.d.Hops))
	for i := range out {
		if e := &out[i]; e.end >= 0 {
			e.category = x.d.Ends[e.end].Category
		}
		out[i].certainty, out[i].round = certainty, round
	}
	return out
}

// passageEdges leads from who paid in to who took out, where methods link them.
func (x *index) passageEdges(round int) []edge {
	type key struct{ from, to, asset, certainty, protocol, method string }
	var out []edge
	at := map[key]int{}
	for i := range x.d.Passages {
		p := &x.d.Passages[i]
		for j := range p.Withdrawals {
			w := &p.Withdrawals[j]
			k := key{p.Depositor, w.To, w.Asset, w.Certainty, p.Protocol, w.Method}
			n, ok := at[k]
			if !ok {
				n = len(out)
				at[k] = n
				out = append(out, edge{from: p.Depositor, to: w.To, asset: w.Asset, end: -1, inferred: true, kind: "passage", first: w.Time, last: w.Time,
					certainty: w.Certainty, round: round, protocol: p.Protocol, method: w.Method, fromChain: chainOf(p.Asset), tainted: make([]fundtrail.Amount, len(x.d.Trace.Policies)), defined: make([]bool, len(x.d.Trace.Policies))})
			}
			e := &out[n]
			e.amount, _ = e.amount.Add(amount(w.Amount))
			for p := range e.tainted { // what it carries if the link is right, whatever the policy
				e.tainted[p], _ = e.tainted[p].Add(amount(w.Carries))
				e.defined[p] = true
			}
			e.transfers++
			e.first, e.last = min(e.first, w.Time), max(e.last, w.Time)
		}
	}
	return out
}

// pairs joins the edges of one payer, receiver and asset: one that holds an inferred
// step is inferred, and kinds that differ are "mixed".
func pairs(edges []edge) []edge {
	type key struct{ from, to, asset string }
	var out []edge
	at := make(map[key]int)
	for i := range edges {
		e := &edges[i]
		k := key{e.from, e.to, e.asset}
		j, ok := at[k]
		if !ok {
			at[k] = len(out)
			out = append(out, *e)
			continue
		}
		o := &out[j]
		o.amount, _ = o.amount.Add(e.amount)
		tainted := slices.Clone(o.tainted)
		for p := range tainted {
			tainted[p], _ = tainted[p].Add(e.tainted[p])
		}
		o.tainted = tainted
		o.transfers += e.transfers
		o.first, o.last = min(o.first, e.first), max(o.last, e.last)
		o.inferred = o.inferred || e.inferred
		o.end = max(o.end, e.end)
		if o.kind != e.kind {
			o.kind = "mixed"
		}
		o.protocol, o.method = also(o.protocol, e.protocol), also(o.method, e.method)
	}
	return out
}

// also adds a name to a list of names that are parted by spaces.
func also(list, name string) string {
	if list == "" || name == "" || slices.Contains(strings.Fields(list), name) {
		return firstOf(list, name)
	}
	return list + " " + name
}

// graphKeys are the attributes, in the order GraphML wants them: before the graph.
var graphKeys = []struct{ id, of, name, kind string }{
	{"g_name", "graph", "name", "string"},
	{"g_policy", "graph", "policy", "string"},
	{"n_label", "node", "label", "string"},
	{"n_address", "node", "address", "string"},
	{"n_chain", "node", "chain", "string"},
	{"n_category", "node", "category", "string"},
	{"n_actor", "node", "actor", "string"},
	{"n_named_by", "node", "named_by", "string"}, // claim or inference: what the label rests on
	{"n_confidence", "node", "confidence", "int"},
	{"n_role", "node", "role", "string"},
	{"n_depth", "node", "depth", "int"},
	{"n_coverage", "node", "coverage", "string"},
	{"e_asset", "edge", "asset", "string"},
	{"e_symbol", "edge", "symbol", "string"},
	{"e_kind", "edge", "kind", "string"},
	{"e_step", "edge", "step", "string"}, // certain: ledger and claims; inferred: a crossing, or an inferred receiver
	{"e_amount", "edge", "amount", "string"},
	{"e_coins", "edge", "amount_coins", "double"},
	{"e_tainted", "edge", "tainted", "string"},
	{"e_weight", "edge", "weight", "double"},
	{"e_transfers", "edge", "transfers", "int"},
	{"e_first", "edge", "first", "string"},
	{"e_last", "edge", "last", "string"},
	{"e_end", "edge", "end_category", "string"},
	{"e_certainty", "edge", "certainty", "string"}, // of a passage and what follows: never to be added up over certainties
	{"e_round", "edge", "round", "int"},
	{"e_protocol", "edge", "protocol", "string"}, // of a crossing or a passage
	{"e_method", "edge", "method", "string"},
}

type graphml struct{ *bufio.Writer }

// raw keeps a failed write's error for Flush, as bufio.Writer does.
func (g graphml) raw(s string) { _, _ = g.WriteString(s) }

// data writes one attribute. XML 1.0 has no way to write a control character, so
// text goes through clean first.
func (g graphml) data(indent, key, value string) {
	if value == "" {
		return
	}
	g.raw(indent + `<data key="` + key + `">`)
	_ = xml.EscapeText(g, []byte(clean(value)))
	g.raw("</data>\n")
}

func (g graphml) node(i int, p place, x *index) {
	const in = "      "
	g.raw(`    <node id="n` + strconv.Itoa(i) + `">` + "\n")
	n := x.name(p.chain, p.address)
	g.data(in, "n_label", firstOf(n.text, p.address))
	g.data(in, "n_address", p.address)
	g.data(in, "n_chain", p.chain)
	g.data(in, "n_category", n.category)
	g.data(in, "n_actor", n.actor)
	if n.basis != "" {
		g.data(in, "n_named_by", n.basis)
		g.data(in, "n_confidence", strconv.Itoa(n.confidence))
	}
	if a := x.addresses[p]; a != nil {
		g.data(in, "n_role", a.Role)
		g.data(in, "n_depth", strconv.Itoa(a.Depth))
		g.data(in, "n_coverage", a.Coverage)
	}
	g.raw("    </node>\n")
}
