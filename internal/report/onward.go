package report

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/fundtrail/fundtrail"
)

// An Onward is the trace of what came out of passages at one certainty, in one round. The
// certainties tell of the same value and are never added up; nor are rounds.
type Onward struct {
	Certainty string        `json:"certainty"`       // certain, probable or possible
	Round     int           `json:"round"`           // 1: out of the trace's own passages; more: out of those of an onward trace of the round before
	StartedAt int           `json:"start_addresses"` // how many addresses it starts at
	Known     int           `json:"known_addresses"` // how many of those the ledger has any record of
	Starts    []OnwardStart `json:"starts"`
	Flow
	Gaps  []Gap    `json:"gaps"`
	Notes []string `json:"notes"`
}

// An OnwardStart is a withdrawal that an onward trace starts from.
type OnwardStart struct {
	Onward      int     `json:"onward"` // index into onward of the trace with the passage; -1: the trace itself
	Passage     int     `json:"passage"`
	Withdrawal  int     `json:"withdrawal"`
	Carries     string  `json:"carries"`     // base units that start
	Probability float64 `json:"probability"` // the withdrawal's times its deposits', to three places
}

// onward writes the onward traces, each with lists of its own.
func (b *builder) onward() {
	b.onwards = map[fundtrail.Address]int{}
	for i := range b.t.Onward {
		o := &b.t.Onward[i]
		floors := map[string]string{}
		for _, s := range o.Trace.Stolen {
			floors[s.Asset.String()] = s.Dust.String()
		}
		sub := builder{d: &Document{Trace: Header{Options: Options{Dust: floors}}, Assets: b.d.Assets}, t: o.Trace, about: b.about,
			seen: map[fundtrail.Address]int{}, assets: b.assets, covers: b.covers, policies: b.policies}
		sub.flow()
		out := Onward{Certainty: string(o.Certainty), Round: o.Round, StartedAt: o.Addresses, Known: o.Known, Flow: sub.d.Flow, Gaps: sub.gaps(), Notes: o.Trace.Notes}
		for _, s := range o.Starts {
			out.Starts = append(out.Starts, OnwardStart{s.Onward, s.Passage, s.Withdrawal, s.Carries.String(), places(s.Probability)})
		}
		b.d.Assets = sub.d.Assets
		b.assets = sub.assets
		for a := range sub.seen {
			b.onwards[a] = i
		}
		b.d.Onward = append(b.d.Onward, out)
	}
}

// A follower is an onward trace with an index of its own lists.
type follower struct {
	*index
	o *Onward
	// Assets of which value came out of CoinJoins: what starts is spread by odds already, so
	// that a part times its odds is no expectation.
	spread map[string]bool
}

// spreadMean says why some columns tell nothing expected.
const spreadMean = "Of what came out of CoinJoins nothing is called expected: what starts there is each output's part as it was spread, by its odds already."

// onward lists the onward traces in the order of the document: by round, the surest first.
func (x *index) onward() []follower {
	var out []follower
	spread := map[string]bool{}
	note := func(passages []Passage) {
		for i := range passages {
			if passages[i].inCoinJoin() {
				spread[passages[i].Asset] = true
			}
		}
	}
	note(x.d.Passages)
	for i := range x.d.Onward {
		note(x.d.Onward[i].Passages)
	}
	for i := range x.d.Onward {
		o := &x.d.Onward[i]
		sub := newIndex(&Document{Trace: x.d.Trace, Assets: x.d.Assets, Flow: o.Flow, Coverage: Coverage{Gaps: o.Gaps, Notes: o.Notes}})
		sub.onwards = true
		for asset, n := range x.places {
			sub.places[asset] = n
		}
		out = append(out, follower{sub, o, spread})
	}
	return out
}

// title names the column, and its round where that is not the first.
func (f *follower) title() string {
	if f.o.Round == 1 {
		return clean(f.o.Certainty)
	}
	return fmt.Sprintf("%s, round %d", clean(f.o.Certainty), f.o.Round)
}

// lead says what starts and how much of what became of it the data can tell.
func (f *follower) lead() string {
	var parts []string
	for _, s := range f.d.Stolen {
		parts = append(parts, f.coins(s.Asset, amount(s.Amount), nearest)+" "+f.symbol(s.Asset))
	}
	line := fmt.Sprintf("%s in %s to %s.", strings.Join(parts, " and "), count(len(f.o.Starts), "withdrawal"), count(f.o.StartedAt, "address"))
	switch {
	case f.o.Known == 0:
		line += " The ledger has no record of any of these addresses: where the value went from there is not covered by the data. That is not the same as still being there."
	case f.o.Known < f.o.StartedAt:
		line += fmt.Sprintf(" Of %s of them the ledger has no record at all: what those did is not covered by the data.", group(strconv.Itoa(f.o.StartedAt-f.o.Known)))
	}
	if f.o.Round > 1 {
		line += fmt.Sprintf(" It had come out once before, in round %d, and gone in again.", f.o.Round-1)
	}
	return line
}

// odds writes the odds of an end: "0.95 to 0.99".
func (o *Odds) String() string {
	if o == nil {
		return "1.00"
	}
	// Down and up, so that 0.999 does not read as certain, nor 0.001 as impossible.
	least, most := fmt.Sprintf("%.2f", float64(int(o.Least*100))/100), fmt.Sprintf("%.2f", float64(int(o.Most*100))/100)
	if least == most {
		return least
	}
	return least + " to " + most
}

// expected is an end's amount times the odds, all of it where the odds are not told.
func (f *follower) expected(e *End) fundtrail.Amount {
	if e.Odds == nil {
		return e.Amount.sum(f.d.Trace.Policy)
	}
	return amount(e.Odds.Expected)
}

// expectedText writes an end's expected amount, and exact with every digit.
func (f *follower) expectedText(e *End) (text, exact string) {
	if f.spread[e.Asset] {
		return "n/a", ""
	}
	return f.coins(e.Asset, f.expected(e), nearest), f.exact(e.Asset, f.expected(e))
}

// oddsText writes an end's odds, nothing of an end that the headline policy sends nothing to.
func (f *follower) oddsText(e *End) string {
	if e.Odds == nil && e.Amount.sum(f.d.Trace.Policy).IsZero() {
		return ""
	}
	return e.Odds.String()
}

// asked lists who can be asked about an onward trace's value: exchanges and services, by
// the address that a custodian knows the account by.
func (f *follower) asked() []step {
	return slices.DeleteFunc(f.steps(), func(s step) bool { return s.category != "exchange" && s.category != "service" })
}

// onwardEnds is how many ends of a category a column lists.
const onwardEnds = 6

// An onwardRow is a line of a column's table of ends.
type onwardRow struct {
	end    *End
	who    string
	total  bool
	detail string
}

// rows is a column's table of ends in one asset, short.
func (f *follower) rows(asset string) []onwardRow {
	var out []onwardRow
	for _, g := range f.groups(asset) {
		if g.total != nil {
			out = append(out, onwardRow{g.total, categoryName(g.category), true, ""})
		}
		ends := slices.Clone(g.ends)
		if g.total != nil && len(ends) == 1 {
			e := &f.d.Ends[ends[0]]
			detail := clean(e.Reason)
			if who := endTitle(e); who != categoryName(e.Category) {
				detail = who + "; " + detail
			}
			out[len(out)-1].detail = detail + addressList(e)
			continue
		}
		slices.SortStableFunc(ends, func(a, b int) int { return cmp.Compare(a, b) })
		for i, n := range ends {
			if i == onwardEnds {
				out = append(out, onwardRow{who: "and " + count(len(ends)-i, "more end")})
				break
			}
			e := &f.d.Ends[n]
			out = append(out, onwardRow{e, endTitle(e), false, clean(e.Reason) + addressList(e)})
		}
	}
	return out
}

// addressList names an end's addresses, or counts them.
func addressList(e *End) string {
	switch n := len(e.Addresses); {
	case n == 0 || n == 1 && endTitle(e) == clean(e.Addresses[0]):
		return ""
	case n > textHolder:
		return "; " + count(n, "address")
	}
	list := make([]string, len(e.Addresses))
	for i, a := range e.Addresses {
		list[i] = clean(a)
	}
	return "; " + strings.Join(list, " ")
}

// onward is the text page's sections about what was followed on from passages.
func (t *texter) onward() {
	list := t.index.onward()
	from := untied(t.d.Passages)
	for i := range list {
		f := &list[i]
		t.heading("Onward from " + from + ": " + f.title() + " (inferred, and in no figure of where it is now)")
		t.text(bold, 2, 4, f.lead())
		for _, asset := range f.endAssets() {
			tab := table{indent: 2, heads: []string{"Who (claim), " + f.symbol(asset), t.d.Trace.Policy, "at least", "at most", "expected", "odds"}}
			for _, r := range f.rows(asset) {
				row := tableRow{indent: 2, cells: []string{r.who, "", "", "", "", ""}, detail: r.detail}
				if r.total {
					row.style, row.indent, row.cells[0] = bold, 0, strings.ToUpper(r.who)
				}
				if e := r.end; e != nil {
					expected, _ := f.expectedText(e)
					row.cells = []string{row.cells[0], f.figure(asset, e.Amount, t.d.Trace.Policy), f.coins(asset, amount(e.AtLeast), down),
						f.coins(asset, amount(e.AtMost), up), expected, f.oddsText(e)}
				}
				tab.rows = append(tab.rows, row)
			}
			t.table(tab)
		}
		for _, s := range f.asked() {
			t.text(bold, 2, 4, s.title)
			for n, r := range s.rows {
				if n == textHolder {
					t.text(faint, 4, 6, "and "+count(len(s.rows)-n, "more address")+", in the JSON report")
					break
				}
				t.text(normal, 4, 6, strings.TrimRight(r.address+"  "+r.amount+"  "+r.note, " "))
			}
		}
		if n := len(f.d.Passages); n > 0 {
			t.text(faint, 2, 4, fmt.Sprintf("Some of it went into %s again: %s, in the JSON report and, as far as methods link it, followed on below.", untied(f.d.Passages), count(n, "passage")))
		}
		for _, n := range f.o.Notes {
			t.text(faint, 2, 4, clean(n))
		}
	}
	if len(list) > 0 {
		spread := ""
		if len(list[0].spread) > 0 {
			spread = " " + spreadMean
		}
		t.text(faint, 2, 2, "Certain, probable and possible are three accounts of what may be the same value: they are never added up, nor are rounds. Expected is each withdrawal's part times the probability that it is the thief's; at least and at most hold if all that starts the column is."+spread)
	}
}
