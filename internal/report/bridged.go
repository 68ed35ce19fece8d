package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/fundtrail/fundtrail"
)

// A bridgedRow is one payment into a bridge that the trace does not follow through, with
// one of its possible payouts, or none.
type bridgedRow struct {
	bridge, in, record, day string
	out, to, certainty      string
	when, tx, method, odds  string
}

// bridged lists the passages over bridges, in the order of what went in.
func (x *index) bridged() (rows []bridgedRow) {
	for i := range x.d.Passages {
		p := &x.d.Passages[i]
		if p.Kind != string(fundtrail.Bridge) {
			continue
		}
		r := bridgedRow{
			bridge: strings.TrimSuffix(clean(p.Protocol)+", "+clean(p.Pool), ", "), day: p.First,
			in: x.coins(p.Asset, amount(p.Note), nearest) + " " + x.symbol(p.Asset), record: strings.Join(p.Deposits, " "),
		}
		if amount(p.Note).IsZero() {
			r.in = count(len(p.Deposits), "payment")
		}
		if len(p.Withdrawals) == 0 {
			r.certainty = "not linked"
			rows = append(rows, r)
		}
		list := slices.Clone(p.Withdrawals)
		slices.SortStableFunc(list, func(a, b Withdrawal) int { return cmp.Compare(b.Probability, a.Probability) })
		for _, w := range list {
			r := r
			r.out, r.to = x.coins(w.Asset, amount(w.Amount), nearest)+" "+x.symbol(w.Asset), clean(w.To)
			chain, _, _ := strings.Cut(w.Asset, "/")
			r.to += " on " + clean(chain)
			r.certainty, r.when, r.tx, r.method = w.Certainty, w.Time, w.Tx, clean(w.Method)
			if r.odds = fmt.Sprintf("%.3f", w.Probability); w.Probability >= 1 {
				r.odds = "over 0.999" // a document rounds; no method says that it is sure
			}
			rows = append(rows, r)
		}
	}
	return rows
}

// followed reports whether the trace goes on from all that it brought to an end.
func (x *index) followed(end int) bool {
	n := 0
	for i := range x.d.Hops {
		if h := &x.d.Hops[i]; h.End != nil && *h.End == end {
			if h.Kind != string(fundtrail.HopCrossing) {
				return false
			}
			n++
		}
	}
	return n > 0
}

// maxBridged is how many rows a page shows.
const maxBridged = 40

// over is the text page's section about bridges.
func (t *texter) over() {
	rows := t.bridged()
	if len(rows) == 0 {
		return
	}
	t.heading("Over bridges (inferred, and in no figure above)")
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
		t.text(normal, 4, 6, fmt.Sprintf("%s (%s, %s): %s to %s%s", r.certainty, r.odds, r.method, r.out, r.to, onDay(r.when)))
		t.text(faint, 6, 8, clean(r.tx))
	}
	if more := len(rows) - maxBridged; more > 0 {
		t.text(faint, 2, 4, fmt.Sprintf("and %s more, in JSON", count(more, "line")))
	}
	t.text(faint, 2, 2, "What ids pair and the ledger holds is followed above. Here are payouts that ids pair and the ledger does not hold, and those that rank alone suggests.")
}

func onDay(s string) string {
	if s == "" {
		return ""
	}
	return " on " + day(s)
}
