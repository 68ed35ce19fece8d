package report

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/fundtrail/fundtrail"
)

// TextOptions say how a text page is set.
type TextOptions struct {
	Width  int  // columns of the page; 0 means 100, and the least is 40
	Colour bool // with a terminal's colours
}

// How much a text page lists; the rest is counted, and in JSON and CSV in full.
const (
	textEnds   = 12 // of each category
	textRoutes = 8
	textRows   = 12 // of each step
	textGaps   = 12
	textHolder = 6 // addresses of an end
)

// Text writes the trace as a page for a reader in a hurry: what was stolen, where
// it is, by which routes it went, what the data does not show, and what to do next.
// Amounts are rounded to sensible digits; JSON and CSV hold every digit.
func Text(w io.Writer, d *Document, o TextOptions) error {
	if err := d.Validate(); err != nil {
		return err
	}
	if o.Width == 0 {
		o.Width = 100
	}
	t := texter{index: newIndex(d), sheet: sheet{width: max(o.Width, 40), colour: o.Colour}}
	t.header()
	t.short()
	t.stolen()
	t.where()
	t.swapped()
	t.over()
	t.through()
	t.coinJoins()
	t.onward()
	t.policies()
	t.routes()
	t.missing()
	t.next()
	t.statements()
	t.legend()
	_, err := io.WriteString(w, t.b.String())
	return err
}

type texter struct {
	*index
	sheet
}

func (t *texter) header() {
	h := t.d.Trace
	t.text(bold, 0, 0, firstOf(clean(h.Name), clean(h.Subject)))
	way := "where the value went"
	if t.backward() {
		way = "where the value came from"
	}
	t.text(normal, 0, 0, fmt.Sprintf("Trace of %s: %s. Headline policy %s.", clean(h.Subject), way, clean(h.Policy)))
	if s := t.excerptNote(); s != "" {
		t.text(bold, 0, 0, s)
	}
	for _, b := range h.AsOf {
		t.text(normal, 0, 0, fmt.Sprintf("The ledger ends on %s at block %s, %s.", clean(b.Chain), group(strconv.FormatInt(b.Height, 10)), clock(b.Time)))
	}
}

// short is the whole report in a few lines, for who reads no further.
func (t *texter) short() {
	t.blank()
	for _, s := range append(t.summary(), t.accounted()...) {
		t.text(bold, 2, 4, s)
	}
}

func (t *texter) stolen() {
	title := "Stolen"
	if t.backward() {
		title = "What is asked about"
	}
	t.heading(title)
	if len(t.d.Stolen) == 0 {
		t.text(normal, 2, 2, "Nothing: the trace has no start.")
		return
	}
	for _, s := range t.d.Stolen {
		line := t.coins(s.Asset, amount(s.Amount), nearest) + " " + t.symbol(s.Asset) + ", " + t.worth(s.Asset, s.USD)
		t.text(bold, 2, 4, line)
		for i, th := range s.Thefts {
			if i == textRows {
				t.text(faint, 4, 4, fmt.Sprintf("and %s more", count(len(s.Thefts)-i, "start")))
				break
			}
			t.theft(s.Asset, &th)
		}
	}
}

// statements is what sources state of the incident, and why a theft stands on a statement.
func (t *texter) statements() {
	var notes [][2]string
	for _, s := range t.d.Stolen {
		for _, th := range s.Thefts[:min(len(s.Thefts), textRows)] {
			if th.Note != "" || th.Source != "" {
				notes = append(notes, [2]string{t.coins(s.Asset, amount(th.Amount), nearest) + " " + t.symbol(s.Asset) + " to " + clean(th.Address),
					strings.TrimSpace(clean(th.Note) + note(th.Source))})
			}
		}
	}
	r := t.d.Record
	if r == nil && len(notes) == 0 {
		return
	}
	t.heading("What is said of it")
	if r != nil {
		if r.Summary != "" {
			t.text(normal, 2, 2, clean(r.Summary))
		}
		for _, l := range r.Losses {
			t.item(faint, "  - ", 4, fmt.Sprintf("USD %s lost, says %s%s [claim %d] %s", dollarsOrText(l.USD), clean(l.By), note(l.Note), l.Confidence, clean(l.Source)))
		}
		for _, a := range r.Attributions {
			verb := "done by"
			if a.Denied {
				verb = "not done by"
			}
			t.item(faint, "  - ", 4, fmt.Sprintf("%s %s, says %s%s [claim %d] %s", verb, clean(a.Actor), clean(a.By), note(a.Date), a.Confidence, clean(a.Source)))
		}
	}
	if r != nil {
		for _, s := range r.Statements {
			t.item(faint, "  - ", 4, fmt.Sprintf("%s%s [claim %d] %s", statement(&s), note(s.Date), s.Confidence, clean(s.Source)))
		}
	}
	for _, n := range notes {
		t.item(faint, "  - ", 4, n[0]+": "+n[1])
	}
}

func (t *texter) theft(asset string, th *Theft) {
	var parts []string
	parts = append(parts, t.coins(asset, amount(th.Amount), nearest)+" "+t.symbol(asset)+" to "+clean(th.Address))
	if th.Time != "" {
		parts = append(parts, clock(th.Time))
	}
	_, ground := theftGround(th)
	if th.Tx != "" {
		ground += " " + hashIndex(th.Tx, th.Index)
	}
	parts = append(parts, ground)
	t.text(faint, 4, 6, strings.Join(parts, "; "))
}

// worth says a valuation in words.
func (t *texter) worth(asset string, u *USD) string {
	if u == nil {
		return "unpriced"
	}
	s := value(u)
	if s == "unpriced" {
		return s
	}
	s = "USD " + wholeDollars(u.Amount) + " at the time"
	if rest := amount(u.Unpriced); !rest.IsZero() {
		s += ", with " + t.coins(asset, rest, nearest) + " " + t.symbol(asset) + " unpriced"
	}
	return s
}

// where is the table of ends, one for each asset.
func (t *texter) where() {
	for _, asset := range t.endAssets() {
		title := "Where it is now"
		if t.backward() {
			title = "Where it came from"
		}
		t.heading(title + ", in " + t.symbol(asset))
		tab := table{indent: 2, heads: []string{"Who (claim)", t.d.Trace.Policy, "at least", "at most", "USD then"}}
		for _, g := range t.groups(asset) {
			head := strings.ToUpper(categoryName(g.category))
			if len(g.ends) == 1 {
				// The category is its one end: its figures need not be said twice.
				e := &t.d.Ends[g.ends[0]]
				row := t.endRow(bold, 0, head, e, true)
				if who := endTitle(e); who != categoryName(e.Category) {
					row.detail = who + "; " + row.detail
				}
				tab.rows = append(tab.rows, row)
				continue
			}
			if g.total != nil {
				tab.rows = append(tab.rows, t.endRow(bold, 0, head, g.total, false))
			} else {
				tab.rows = append(tab.rows, tableRow{style: bold, cells: []string{head}})
			}
			for i, n := range g.ends {
				if i == textEnds && len(g.ends) > textEnds+1 {
					tab.rows = append(tab.rows, t.restRow(asset, g.ends[i:]))
					break
				}
				tab.rows = append(tab.rows, t.endRow(normal, 2, endTitle(&t.d.Ends[n]), &t.d.Ends[n], true))
			}
		}
		t.table(tab)
	}
	t.text(faint, 2, 2, "At least and at most: the range under any policy that conserves value. The range of a category is its own, not the sum of its rows'.")
}

func (t *texter) endRow(st style, indent int, who string, e *End, detail bool) tableRow {
	r := tableRow{style: st, indent: indent, cells: []string{
		who,
		t.figure(e.Asset, e.Amount, t.d.Trace.Policy),
		t.coins(e.Asset, amount(e.AtLeast), down),
		t.coins(e.Asset, amount(e.AtMost), up),
		value(e.USD),
	}}
	if !detail {
		return r
	}
	parts := []string{count(e.Transfers, "transfer")}
	if moved := amount(e.Moved); !moved.IsZero() {
		parts[0] += " of " + t.coins(e.Asset, moved, nearest) + " in all"
	}
	if s := days(e.First, e.Last); s != "" {
		parts[0] += ", " + s
	}
	if e.Reason != "" {
		parts = append(parts, clean(e.Reason))
	}
	if e.AtLeast != e.AtLeastWithoutGaps || e.AtMost != e.AtMostWithoutGaps {
		parts = append(parts, fmt.Sprintf("without the gaps in the data %s to %s", t.coins(e.Asset, amount(e.AtLeastWithoutGaps), down), t.coins(e.Asset, amount(e.AtMostWithoutGaps), up)))
	}
	if !e.Exact {
		parts = append(parts, "the range is an outer bound")
	}
	if u := e.USD; u != nil && !amount(u.Unpriced).IsZero() && value(u) != "unpriced" {
		parts = append(parts, t.coins(e.Asset, amount(u.Unpriced), nearest)+" "+t.symbol(e.Asset)+" of it unpriced")
	}
	for _, n := range e.Via {
		f := &t.d.Inferences[n]
		parts = append(parts, fmt.Sprintf("%s [%s %d]", clean(f.Says), clean(f.Method), f.Confidence))
		if len(e.Via) > 1 {
			parts = append(parts, "and "+count(len(e.Via)-1, "more inference"))
			break
		}
	}
	switch n := len(e.Addresses); {
	case n > textHolder:
		parts = append(parts, count(n, "address"))
	case n > 0:
		addresses := make([]string, n)
		for i, a := range e.Addresses {
			addresses[i] = clean(a)
		}
		if n > 1 || addresses[0] != endTitle(e) {
			parts = append(parts, strings.Join(addresses, " "))
		}
	}
	r.detail = strings.Join(parts, "; ")
	return r
}

// restRow sums the ends that are not listed. A range cannot be summed.
func (t *texter) restRow(asset string, ends []int) tableRow {
	var sum fundtrail.Amount
	transfers := 0
	for _, n := range ends {
		sum, _ = sum.Add(t.d.Ends[n].Amount.sum(t.d.Trace.Policy))
		transfers += t.d.Ends[n].Transfers
	}
	return tableRow{indent: 2, cells: []string{fmt.Sprintf("and %s more", group(strconv.Itoa(len(ends)))), t.coins(asset, sum, nearest), "", "", ""}, detail: count(transfers, "transfer")}
}

// policies is the table of all policies, by category.
func (t *texter) policies() {
	if len(t.d.Trace.Policies) < 2 {
		return
	}
	for _, asset := range t.endAssets() {
		var run []string
		for _, p := range t.d.Trace.Policies {
			if slices.ContainsFunc(t.d.Ends, func(e End) bool { _, ok := e.Amount.under(p); return ok && e.Asset == asset }) {
				run = append(run, p)
			}
		}
		if len(run) < 2 {
			continue
		}
		t.heading("Under each policy, in " + t.symbol(asset))
		tab := table{indent: 2, least: 20, heads: []string{""}}
		for _, p := range run {
			tab.heads = append(tab.heads, clean(policyName(p)))
		}
		row := func(st style, indent int, who string, e *End) {
			cells := []string{who}
			for _, p := range run {
				cells = append(cells, t.figure(asset, e.Amount, p))
			}
			tab.rows = append(tab.rows, tableRow{style: st, indent: indent, cells: cells})
		}
		for _, g := range t.groups(asset) {
			if g.total != nil {
				row(normal, 0, categoryName(g.category), g.total)
			}
			if len(g.ends) > 1 || g.total == nil {
				for _, n := range g.ends[:min(len(g.ends), textEnds)] {
					// Ends that are one address each are many, and alike: the category says it.
					if e := &t.d.Ends[n]; len(e.Addresses) != 1 || endTitle(e) != clean(e.Addresses[0]) {
						row(faint, 2, endTitle(e), e)
					}
				}
			}
		}
		t.table(tab)
		if slices.ContainsFunc(run, poison) {
			t.text(faint, 2, 2, "Poison counts all that stolen value has touched. It does not conserve value: its column does not sum to what was stolen.")
		}
	}
}

func poison(policy string) bool {
	return policyName(policy) == fundtrail.Poison.String()
}

// routes lists the largest of each asset.
func (t *texter) routes() {
	listed := make(map[string]int)
	left := 0
	for i := range t.d.Routes {
		r := &t.d.Routes[i]
		if listed[r.Asset] == textRoutes {
			left++
			continue
		}
		if i == 0 {
			t.heading("The largest routes, under " + clean(t.d.Trace.Policy))
		}
		listed[r.Asset]++
		t.route(listed[r.Asset], r)
	}
	if left > 0 {
		t.text(faint, 2, 2, "and "+count(left, "smaller route")+", in the JSON report.")
	}
}

func (t *texter) route(n int, r *Route) {
	s := fmt.Sprintf("%s %s %s, %s", t.coins(r.Asset, amount(r.Amount), nearest), t.symbol(r.Asset), t.routeTo(r), count(r.Transfers, "transfer"))
	if span := days(r.First, r.Last); span != "" {
		s += ", " + span
	}
	t.item(bold, fmt.Sprintf("  %d. ", n), 5, s)
	arrow := "-> "
	if t.backward() {
		arrow = "<- "
	}
	for j, a := range r.Addresses {
		line := arrow + clean(a)
		if j == 0 {
			line = "   " + clean(a)
		}
		if said := t.said(chainOf(r.Asset), a); said != "" {
			line += "  " + said
		}
		t.text(normal, 5, 10, line)
	}
	if last := t.lastStep(r); last != "" {
		t.text(normal, 5, 10, arrow+last)
	}
}

func (t *texter) missing() {
	t.heading("What the data does not show")
	for _, s := range t.caveats() {
		t.item(normal, "  - ", 4, s)
	}
	for i, g := range t.d.Coverage.Gaps {
		if i == textGaps {
			t.text(faint, 4, 4, "and "+count(len(t.d.Coverage.Gaps)-i, "more gap"))
			break
		}
		t.text(faint, 4, 6, fmt.Sprintf("%s pays out %s %s more than it is seen to receive, first at %s %s", clean(g.Address), t.coins(g.Asset, amount(g.Short), nearest), t.symbol(g.Asset), clock(g.Time), clean(g.Tx)))
	}
}

func (t *texter) next() {
	steps := t.steps()
	if len(steps) == 0 {
		return
	}
	t.heading("What to do next")
	for n, s := range steps {
		t.item(bold, fmt.Sprintf("  %d. ", n+1), 5, s.title)
		if s.why != "" {
			t.text(normal, 5, 5, s.why)
		}
		for i, r := range s.rows {
			if i == textRows && len(s.rows) > textRows+1 {
				t.text(faint, 5, 5, "and "+count(len(s.rows)-i, "more address")+", in the JSON and CSV reports.")
				break
			}
			t.text(normal, 5, 7, strings.TrimRight(r.address+"  "+r.amount, " "))
			var parts []string
			if r.note != "" {
				parts = append(parts, r.note)
			}
			if r.first != nil {
				parts = append(parts, count(r.transfers, "transfer")+", "+days(r.first.Time, r.last.Time))
			}
			if len(parts) > 0 {
				t.text(faint, 7, 9, strings.Join(parts, "; "))
			}
			if r.first != nil {
				t.text(faint, 7, 9, "first "+hashIndex(r.first.Tx, &r.first.Index))
				if r.transfers > 1 {
					t.text(faint, 7, 9, "last  "+hashIndex(r.last.Tx, &r.last.Index))
				}
			}
		}
	}
}

// command writes a command line, continued as a shell does, so that it can be copied
// whole: a word longer than the page is continued at the very start of the next line.
func (t *texter) command(args []argument) {
	const first, hang = "    ", "      "
	line := first
	add := func(word string, last bool) {
		room := t.width
		if !last {
			room -= len(" \\")
		}
		if strings.TrimSpace(line) != "" && columns(line)+1+columns(word) > room {
			t.line(normal, line+" \\")
			line = hang
		}
		if strings.TrimSpace(line) != "" {
			line += " "
		}
		line += word
	}
	for i, a := range args {
		last := i == len(args)-1
		if columns(hang)+columns(a.String()) <= t.width-2 {
			add(a.String(), last)
			continue
		}
		if a.flag != "" {
			add(a.flag, false)
		}
		t.line(normal, line+" \\")
		chunks := a.chunks(t.width - len(" \\")) // the last may be followed by another word
		for _, c := range chunks[:len(chunks)-1] {
			t.line(normal, c+"\\")
		}
		line = chunks[len(chunks)-1]
	}
	t.line(normal, line)
}

func (t *texter) legend() {
	t.heading("How to read this")
	for _, s := range legend {
		t.item(normal, fmt.Sprintf("  %-11s", s.word), 13, s.means)
	}
	t.blank()
	asked := make([]string, 0, 8)
	for _, o := range t.options() {
		asked = append(asked, o[0]+": "+o[1])
	}
	t.text(normal, 2, 4, "Asked with "+strings.Join(asked, "; ")+".")
	t.blank()
	t.text(normal, 2, 2, "To check every record and every figure against the inputs:")
	t.command(t.verifyCommand())
	if n := t.answers(); n > 0 {
		t.text(faint, 2, 4, fmt.Sprintf("%s of a source, each named with its sha256 in the JSON report", count(n, "kept answer")))
	}
	for _, in := range t.d.Inputs {
		if in.Role == "answer" {
			continue
		}
		line := clean(in.Role) + " " + clean(in.Name)
		if in.SHA256 != "" {
			line += ", sha256 " + clean(in.SHA256)
		}
		t.text(faint, 2, 4, line)
	}
	t.text(faint, 2, 2, clean(t.d.Program)+", "+clean(t.d.Schema))
}
