package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/fundtrail/fundtrail"
)

// A Bridged is a bridge that the trace went over: what went in and what came out are facts,
// that the one is the other's is an inference from the ids, nonces and memos in both.
type Bridged struct {
	Protocol   string `json:"protocol"`
	Method     string `json:"method"`
	Confidence int    `json:"confidence"`
	// The records, as hops cite them: those of the trace, and no others of the crossing.
	In  []string `json:"in"`
	Out []string `json:"out"`
}

// bridge notes the side of a bridge that a hop is.
func (b *builder) bridge(h *fundtrail.Hop) {
	c := h.Crossing
	if c == nil || c.Kind != fundtrail.Bridge || len(c.In) == 0 || !b.matters(h) {
		return
	}
	i, known := b.crossed[c.In[0]]
	if !known {
		if b.crossed == nil {
			b.crossed = map[fundtrail.TransferOutput]int{}
		}
		i = len(b.d.Bridges)
		b.crossed[c.In[0]] = i
		b.d.Bridges = append(b.d.Bridges, Bridged{Protocol: c.Protocol, Method: string(c.Method), Confidence: int(c.Confidence)})
	}
	side := &b.d.Bridges[i].In
	if slices.Contains(c.Out, h.Record) {
		side = &b.d.Bridges[i].Out
	}
	if record := h.Record.String(); !slices.Contains(*side, record) {
		*side = append(*side, record)
	}
}

// bridges leaves out those of which the trace has one side alone: they are passages.
func (b *builder) bridges() {
	b.d.Bridges = slices.DeleteFunc(b.d.Bridges, func(c Bridged) bool { return len(c.In) == 0 || len(c.Out) == 0 })
}

func (c *checker) bridges() {
	for i, b := range c.d.Bridges {
		if at := fmt.Sprintf("bridges[%d]", i); len(b.In) == 0 || len(b.Out) == 0 {
			c.fail(at, "has no record on one side")
		}
	}
}

// A bridgeSide is one record of a bridge that the trace went over.
type bridgeSide struct{ amount, exact, chain, payer, payee, when, record string }

// A crossedRow is a bridge that the trace went over.
type crossedRow struct {
	bridge, ground string
	in, out        []bridgeSide
}

// crossed lists the bridges that the trace went over, in the order of what went in.
func (x *index) crossed() (rows []crossedRow) {
	if len(x.d.Bridges) == 0 {
		return nil
	}
	cited := map[string]*Hop{}
	for _, list := range [][]Hop{x.d.Touched, x.d.Hops} {
		for i := range list {
			cited[hashIndex(list[i].Tx, &list[i].Index)] = &list[i]
		}
	}
	sides := func(records []string) (out []bridgeSide) {
		for _, record := range records {
			s := bridgeSide{record: clean(record)}
			if h := cited[s.record]; h != nil {
				s.amount, s.exact = x.amountOf(Held{h.Asset, h.Amount}), x.exact(h.Asset, amount(h.Amount))
				s.chain, s.payer, s.payee, s.when = chainOf(h.Asset), h.From, h.To, h.Time
			}
			out = append(out, s)
		}
		return out
	}
	for _, b := range x.d.Bridges {
		rows = append(rows, crossedRow{clean(b.Protocol), fmt.Sprintf("[%s %d]", clean(b.Method), b.Confidence), sides(b.In), sides(b.Out)})
	}
	return rows
}

// A bridgedRow is one payment into a bridge that the trace does not follow through, with
// one of its possible payouts, or none.
type bridgedRow struct {
	bridge, in, exactIn, record, day, payer, chain string
	out, exactOut, to, onChain, certainty          string
	when, tx, method, odds                         string
}

// bridged lists the passages over bridges, in the order of what went in.
func (x *index) bridged() (rows []bridgedRow) {
	for i := range x.d.Passages {
		p := &x.d.Passages[i]
		if p.Kind != string(fundtrail.Bridge) {
			continue
		}
		paid := amount(p.Note)
		if paid.IsZero() {
			paid = amount(p.Amount)
		}
		r := bridgedRow{
			bridge: strings.TrimSuffix(clean(p.Protocol)+", "+clean(p.Pool), ", "), day: p.First, payer: p.Depositor, chain: chainOf(p.Asset),
			in: x.amountOf(Held{p.Asset, paid.String()}), exactIn: x.exact(p.Asset, paid), record: strings.Join(p.Deposits, " "),
		}
		if n := len(p.Deposits); n > 1 {
			r.in += " in " + count(n, "payment")
		}
		if len(p.Withdrawals) == 0 {
			r.certainty = "not linked"
			rows = append(rows, r)
		}
		list := slices.Clone(p.Withdrawals)
		slices.SortStableFunc(list, func(a, b Withdrawal) int { return cmp.Compare(b.Probability, a.Probability) })
		for _, w := range list {
			r := r
			r.out, r.exactOut = x.amountOf(Held{w.Asset, w.Amount}), x.exact(w.Asset, amount(w.Amount))
			r.to, r.onChain = w.To, chainOf(w.Asset)
			r.certainty, r.when, r.tx, r.method, r.odds = w.Certainty, w.Time, w.Tx, clean(w.Method), odds(w.Probability)
			rows = append(rows, r)
		}
	}
	return rows
}

// How many bridges and payouts are listed; JSON has all.
const (
	maxBridged  = 40
	pageBridged = 200
)

// over is the text page's section about bridges.
func (t *texter) over() {
	t.crossedOver()
	rows := t.bridged()
	if len(rows) == 0 {
		return
	}
	t.heading("Over bridges, not followed in the trace (inferred, and in no figure of where it is now)")
	last := ""
	for _, r := range rows[:min(len(rows), maxBridged)] {
		if at := r.record + r.day; at != last {
			last = at
			t.text(bold, 2, 4, fmt.Sprintf("%s: %s went in on %s.", r.bridge, r.in, day(r.day)))
			t.text(faint, 4, 6, clean(r.record))
		}
		if r.to == "" {
			t.text(normal, 4, 6, "No payout is linked to it.")
			continue
		}
		t.text(normal, 4, 6, fmt.Sprintf("%s (%s, %s): %s to %s on %s%s", r.certainty, r.odds, r.method, r.out, clean(r.to), clean(r.onChain), onDay(r.when)))
		t.text(faint, 6, 8, clean(r.tx))
	}
	if more := len(rows) - maxBridged; more > 0 {
		t.text(faint, 2, 4, fmt.Sprintf("and %s more, in JSON", count(more, "line")))
	}
	t.text(faint, 2, 2, bridgedMeans)
}

// What the payouts are that the trace does not go on with.
const bridgedMeans = "Here are payouts that ids pair and the ledger does not hold, and those that rank alone suggests, each with its odds. Payouts of one payment exclude one another: their odds and amounts are not to be added up."

// crossedOver lists the bridges that the trace itself went over.
func (t *texter) crossedOver() {
	rows := t.crossed()
	if len(rows) == 0 {
		return
	}
	t.heading("Over bridges (inferred; what came out is traced on in its own asset)")
	for _, r := range rows[:min(len(rows), maxBridged)] {
		line := r.bridge + " " + r.ground
		t.text(bold, 2, 4, line)
		for _, s := range r.in {
			t.text(normal, 4, 6, fmt.Sprintf("in   %s on %s, from %s, %s", s.amount, clean(s.chain), clean(s.payer), clock(s.when)))
			t.text(faint, 9, 11, s.record)
		}
		for _, s := range r.out {
			t.text(normal, 4, 6, fmt.Sprintf("out  %s on %s, to %s, %s", s.amount, clean(s.chain), clean(s.payee), clock(s.when)))
			t.text(faint, 9, 11, s.record)
		}
	}
	if more := len(rows) - maxBridged; more > 0 {
		t.text(faint, 2, 4, fmt.Sprintf("and %s more, in JSON", count(more, "bridge")))
	}
}

func onDay(s string) string {
	if s == "" {
		return ""
	}
	return " on " + day(s)
}

type (
	// A crossedView is a bridge that the trace went over, as a page shows it.
	crossedView struct {
		Bridge, Ground string
		In, Out        []sideView
	}
	sideView struct {
		Amount, Exact, Chain, Time, Record string
		Address                            addressView
	}
	// A bridgedView is a payment into a bridge with the payouts that may be its own.
	bridgedView struct {
		Bridge, In, ExactIn, Day string
		Records                  []string
		Payer                    addressView
		Payouts                  []payoutView
	}
	payoutView struct {
		Amount, Exact, Chain, Certainty, Odds, Method, Time, Tx string
		To                                                      addressView
	}
)

// crossedViews is the page's list of bridges that the trace went over.
func (x *index) crossedViews() (out []crossedView, more string) {
	rows := x.crossed()
	for _, r := range rows[:min(len(rows), pageBridged)] {
		v := crossedView{Bridge: r.bridge, Ground: r.ground}
		for _, s := range r.in {
			v.In = append(v.In, sideView{s.amount, s.exact, clean(s.chain), clock(s.when), s.record, x.addressView(s.chain, s.payer)})
		}
		for _, s := range r.out {
			v.Out = append(v.Out, sideView{s.amount, s.exact, clean(s.chain), clock(s.when), s.record, x.addressView(s.chain, s.payee)})
		}
		out = append(out, v)
	}
	if n := len(rows) - len(out); n > 0 {
		more = "and " + count(n, "bridge") + " more, in the JSON report"
	}
	return out, more
}

// bridgedViews is the page's list of payments into bridges that the trace does not follow.
func (x *index) bridgedViews() (out []bridgedView, more string) {
	rows := x.bridged()
	last := ""
	for _, r := range rows[:min(len(rows), pageBridged)] {
		if at := r.record + r.day; at != last {
			last = at
			out = append(out, bridgedView{Bridge: r.bridge, In: r.in, ExactIn: r.exactIn, Day: day(r.day), Records: strings.Fields(clean(r.record)), Payer: x.addressView(r.chain, r.payer)})
		}
		if r.to != "" {
			v := &out[len(out)-1]
			v.Payouts = append(v.Payouts, payoutView{r.out, r.exactOut, clean(r.onChain), clean(r.certainty), r.odds, r.method, clock(r.when), clean(r.tx), x.addressView(r.onChain, r.to)})
		}
	}
	if n := len(rows) - pageBridged; n > 0 {
		more = "and " + count(n, "line") + " more, in the JSON report"
	}
	return out, more
}
