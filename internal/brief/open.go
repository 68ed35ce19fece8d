package brief

import (
	"cmp"
	"slices"
	"strings"

	"github.com/fundtrail/fundtrail"
)

// differing is how many thefts are told one by one whose losses the sources contradict.
const differing = 8

// open tells what the records do not support: contradictions, ends of sources, disputes, and
// what has no figure.
func (b *builder) open() {
	var items []Item
	items = append(items, b.openCases()...)
	items = append(items, b.openFlows()...)
	items = append(items, b.openAttributions()...)
	items = append(items, b.openLosses()...)
	items = append(items, b.openTraces()...)
	b.section("open", "open", append(items, b.openSources()...))
}

// openCases are cases whose sources end before an outcome does, for each of their parties. A
// conviction under appeal is no outcome.
func (b *builder) openCases() (items []Item) {
	for _, p := range b.cases() {
		for _, st := range standings(p) {
			if len(st.Events) == 0 {
				continue
			}
			n := st.Events[len(st.Events)-1]
			e := &p.Events[n]
			key := "open.noend"
			switch e.What {
			case fundtrail.LastSeen:
				key = "open.ends"
			case fundtrail.Sentenced, fundtrail.Dismissed, fundtrail.Forfeited, fundtrail.Acquitted:
				continue
			case fundtrail.Ruled:
				if p.Kind == fundtrail.Civil { // a judgment is an outcome
					continue
				}
			}
			var ids, who []string
			for k := range st.parties {
				party := &st.parties[k]
				ids = append(ids, cmp.Or(party.Actor, party.Name))
				who = add(who, b.courtParty(party))
			}
			name := p.Name
			if len(who) > 0 {
				name = b.l.list(who) + b.l.brackets(p.Name)
			}
			l := b.line(b.say(key, "name", name, "date", b.l.when(e.When)), basis{"docket/" + p.ID, nth("events", n), e.By, e.Known, e.Confidence, e.Source}).at(e.When).quoting(e.Text)
			id := "open/case/" + p.ID
			if len(ids) > 0 {
				id += "/" + strings.Join(ids, "+")
			}
			items = append(items, Item{ID: id, Topic: "unsupported", About: about([]string{p.ID}, ids), Line: l})
		}
	}
	return items
}

// openFlows are mixers of which several figures are told.
func (b *builder) openFlows() (items []Item) {
	for i := range b.r.Services {
		v := &b.r.Services[i]
		if v.Category != mixing || !b.reach.mixers[v.ID] {
			continue
		}
		lines := b.through(v)
		traced := b.tracedInto(v)
		if len(lines)+len(traced) < 2 {
			continue
		}
		item := Item{ID: "open/through/" + v.ID, Topic: "contradiction", About: about([]string{v.ID}), Lines: append(lines, traced...)}
		item.Line = Line{Kind: Inference, Method: comparing, Text: b.say("open.through", "name", b.l.name(v.Name)), Cites: []int{}}
		for _, l := range item.Lines {
			item.Cites = append(item.Cites, l.Cites...)
		}
		slices.Sort(item.Cites)
		item.Cites = slices.Compact(item.Cites)
		items = append(items, item)
	}
	return items
}

// openAttributions are thefts that somebody attributes and somebody else does not, and those
// that only claims of low confidence attribute.
func (b *builder) openAttributions() (items []Item) {
	var low []*fundtrail.Incident
	for _, in := range b.reach.incidents {
		denials, best := false, fundtrail.Confidence(0)
		for _, a := range in.Attributions {
			denials = denials || a.Denied
			if !a.Denied {
				best = max(best, a.Confidence)
			}
		}
		switch {
		case !denials && best <= lowConfidence && best > 0:
			low = append(low, in)
			continue
		case !denials:
			continue
		}
		whole := b.theft(in)
		item := Item{ID: "open/attribution/" + in.ID, Topic: "disputed", About: whole.About}
		for _, l := range whole.Lines {
			if l.Group == "attribution" {
				item.Lines = append(item.Lines, l)
				item.Cites = append(item.Cites, l.Cites...)
			}
		}
		if len(item.Lines) == 0 {
			continue
		}
		slices.Sort(item.Cites)
		text := b.say("open.disputed", "name", b.l.name(in.Name))
		item.Line = Line{Kind: Inference, Method: comparing, Text: text, Cites: slices.Compact(item.Cites)}
		items = append(items, item)
	}
	if len(low) > 0 {
		items = append(items, b.openWeak(low))
	}
	return items
}

// openWeak counts the thefts that only claims of low confidence attribute, and names the
// largest of them.
func (b *builder) openWeak(low []*fundtrail.Incident) Item {
	slices.SortStableFunc(low, func(x, y *fundtrail.Incident) int {
		_, a, _ := lossRange(x)
		_, c, _ := lossRange(y)
		return cmp.Or(c.Cmp(a), cmp.Compare(x.ID, y.ID))
	})
	item := Item{ID: "open/attribution", Topic: "disputed", About: []string{}}
	var names []string
	var claims []basis
	for _, in := range low[:min(largest, len(low))] {
		names = append(names, b.l.name(in.Name))
		item.About = append(item.About, in.ID)
		for i, a := range in.Attributions {
			claims = append(claims, basis{"incidents/" + in.ID, nth("attributions", i), a.By, a.Known, a.Confidence, a.Source})
		}
	}
	item.Line = Line{Kind: Inference, Method: counting, Cites: b.cite(claims...),
		Text:   b.say("open.low", "thefts", b.count("theft", len(low)), "n", number(lowConfidence), "names", b.l.list(names)),
		Values: []Value{{What: "count", Least: number(len(low)), Most: number(len(low)), Unit: "thefts"}}}
	return item
}

// Two methods of this package: claims put beside each other, and records counted.
const (
	comparing = "side-by-side/1"
	counting  = "count/1"
)

// lowConfidence is the confidence at and below which a claim is contested (doc/records.md).
const lowConfidence = 45

// openLosses are the thefts of which sources give the most different losses, by the ratio of
// the most to the least; and those that no source values.
func (b *builder) openLosses() (items []Item) {
	type gap struct {
		in          *fundtrail.Incident
		least, most fundtrail.Amount
	}
	var gaps []gap
	var none []*fundtrail.Incident
	for _, in := range b.reach.incidents {
		least, most, n := lossRange(in)
		switch {
		case n == 0:
			if item, ok := b.openUnpriced(in); ok {
				items = append(items, item)
			} else {
				none = append(none, in)
			}
		case tenPercent(least).Cmp(most) < 0:
			gaps = append(gaps, gap{in, least, most})
		}
	}
	slices.SortStableFunc(gaps, func(x, y gap) int {
		dx, _ := x.most.Sub(x.least)
		dy, _ := y.most.Sub(y.least)
		return cmp.Or(dy.Cmp(dx), cmp.Compare(x.in.ID, y.in.ID))
	})
	for _, g := range gaps[:min(differing, len(gaps))] {
		whole := b.theft(g.in)
		item := Item{ID: "open/loss/" + g.in.ID, Topic: "contradiction", About: about([]string{g.in.ID})}
		for _, l := range whole.Lines {
			if l.Group == "loss" {
				item.Lines = append(item.Lines, l)
				item.Cites = append(item.Cites, l.Cites...)
			}
		}
		text := b.say("open.loss", "name", b.l.name(g.in.Name), "least", b.l.dollars(g.least), "most", b.l.dollars(g.most))
		slices.Sort(item.Cites)
		item.Line = Line{Kind: Inference, Method: comparing, Text: text, Cites: slices.Compact(item.Cites),
			Values: []Value{{What: "stolen", Least: g.least.String(), Most: g.most.String(), Unit: "USD", Of: g.in.ID}}}
		items = append(items, item)
	}
	if more := len(gaps) - differing; more > 0 {
		items = append(items, b.counted("open/loss", b.say("open.more", "n", number(more)), more))
	}
	if len(none) > 0 {
		var names []string
		for _, in := range none {
			names = append(names, b.l.name(in.Name))
		}
		items = append(items, b.counted("open/no-figure", b.say("open.nofigure", "n", number(len(none)), "names", b.l.list(names)), len(none)))
	}
	return items
}

// openUnpriced is a theft of which sources say how much of what was taken, and none what it
// was worth.
func (b *builder) openUnpriced(in *fundtrail.Incident) (Item, bool) {
	var amounts []string
	var claims []basis
	item := Item{ID: "open/unpriced/" + in.ID, Topic: "unpriced", About: about([]string{in.ID})}
	var got []Value
	for i := range in.Figures {
		f := &in.Figures[i]
		if f.What != fundtrail.FigureStolen || f.Quantity == "" || !f.USD.IsZero() {
			continue
		}
		amounts = add(amounts, b.amount(f.USD, f.Quantity, f.Unit, f.Qualifier))
		claims = append(claims, basis{"incidents/" + in.ID, nth("figures", i), f.By, f.Known, f.Confidence, f.Source})
		got = append(got, values(f)...)
	}
	if len(claims) == 0 {
		return item, false
	}
	item.Line = b.line(b.say("open.unpriced", "name", b.l.name(in.Name), "amount", b.l.list(amounts)), claims...).with(got...)
	return item, true
}

// tenPercent is an amount and a tenth of it: figures closer than that are rounded, not in
// contradiction.
func tenPercent(a fundtrail.Amount) fundtrail.Amount {
	tenth, _ := a.MulDiv(fundtrail.NewAmount(1), fundtrail.NewAmount(10))
	sum, _ := a.Add(tenth)
	return sum
}

// counted is an item that only counts: what the records hold, no source's claim.
func (b *builder) counted(id, text string, n int) Item {
	return Item{ID: id, Topic: "count", About: []string{}, Line: Line{Kind: Inference, Method: counting, Text: text, Cites: []int{},
		Values: []Value{{What: "count", Least: number(n), Most: number(n), Unit: "records"}}}}
}

func (b *builder) openTraces() (items []Item) {
	for i := range b.in.Traces {
		t := &b.in.Traces[i]
		if len(t.Report.Coverage.Gaps) == 0 && len(t.Report.Coverage.Notes) == 0 {
			continue
		}
		l := b.inference(t, "coverage", b.say("open.trace", "name", b.traceName(t.Report)))
		items = append(items, Item{ID: "open/trace/" + t.Name, Topic: "coverage", About: about([]string{t.Report.Trace.Subject}), Line: l})
	}
	return items
}

// openSources counts references that were published after the day, and those whose day is
// not stated.
func (b *builder) openSources() (items []Item) {
	later, undated := 0, 0
	for _, r := range b.out.References {
		switch {
		case r.Basis == string(fundtrail.KnownRetrieved):
			undated++
		case r.Known > iso(b.o.asOf):
			later++
		}
	}
	if later > 0 {
		items = append(items, b.counted("open/later", b.say("open.later", "n", number(later), "day", b.l.day(b.o.asOf)), later))
	}
	if undated > 0 {
		items = append(items, b.counted("open/undated", b.say("open.undated", "n", number(undated)), undated))
	}
	return items
}
