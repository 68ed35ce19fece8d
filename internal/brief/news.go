package brief

import (
	"cmp"
	"slices"
	"strings"

	"github.com/fundtrail/fundtrail"
)

// news are the things that happened or became known in the days that are new, newest first.
func (b *builder) news() {
	var items []Item
	for _, in := range b.reach.incidents {
		if item, ok := b.newTheft(in); ok {
			items = append(items, item)
		}
	}
	for _, a := range b.reach.actions {
		if b.isNew(a.When, a.Known, a.Source) {
			items = append(items, b.act(a))
		}
	}
	for _, p := range b.reach.proceedings {
		items = append(items, b.newEvents(p)...)
	}
	for i := range b.r.Publications {
		p := &b.r.Publications[i]
		for n := range p.Figures {
			f := &p.Figures[n]
			if b.isNew(fundtrail.When{}, f.Known, f.Source) && b.mine(f) {
				l := b.figure("figures/"+p.ID, n, f).in("")
				items = append(items, Item{ID: "figures/" + p.ID + "/" + number(n+1), Topic: "figure", About: about([]string{f.Actor}), Line: l})
			}
		}
	}
	for i := range items {
		items[i].ID = "new/" + items[i].ID
	}
	slices.SortStableFunc(items, func(x, y Item) int {
		return cmp.Or(strings.Compare(cmp.Or(y.Date, y.Known), cmp.Or(x.Date, x.Known)), strings.Compare(x.ID, y.ID))
	})
	b.section("new", "new", items)
}

// mine reports whether a published figure is of the topic.
func (b *builder) mine(f *fundtrail.Figure) bool {
	return b.o.Topic == "" || slices.Contains(b.reach.actors, f.Actor) || slices.ContainsFunc(b.reach.incidents, func(in *fundtrail.Incident) bool { return in.ID == f.Of })
}

// newTheft is a theft of these days, or what became known of an older one in them: then only
// the claims that are new.
func (b *builder) newTheft(in *fundtrail.Incident) (Item, bool) {
	for _, d := range in.Dates {
		if b.within(d.From) || b.within(d.To) {
			return b.theft(in), true
		}
	}
	fresh := func(k fundtrail.Known, s fundtrail.Source) bool { return b.isNew(fundtrail.When{}, k, s) }
	lost := slices.ContainsFunc(in.Losses, func(c fundtrail.LossClaim) bool { return fresh(c.Known, c.Source) })
	named := slices.ContainsFunc(in.Attributions, func(a fundtrail.AttributionClaim) bool { return b.isNew(day(a.Date), a.Known, a.Source) })
	counted := slices.ContainsFunc(in.Figures, func(f fundtrail.Figure) bool { return fresh(f.Known, f.Source) })
	told := slices.ContainsFunc(in.Statements, func(s fundtrail.Statement) bool { return b.isNew(day(s.Date), s.Known, s.Source) })
	if !lost && !named && !counted && !told {
		return Item{}, false
	}
	item := b.theft(in)
	from, until := b.out.Since, b.out.AsOf
	item.Lines = slices.DeleteFunc(item.Lines, func(l Line) bool {
		known := l.Basis != string(fundtrail.KnownRetrieved) && l.Known >= from && l.Known <= until
		return !known && (l.Date < from || l.Date > until)
	})
	for i, s := range in.Statements {
		if b.isNew(day(s.Date), s.Known, s.Source) {
			item.Lines = append(item.Lines, b.statement("incidents/"+in.ID, i, s))
		}
	}
	item.Text = b.say("theft.claims", "text", item.Text)
	// It stands where the newest of what is new does.
	item.Until = ""
	item.Date = ""
	for _, l := range item.Lines {
		when := l.Known
		if l.Date >= from && l.Date <= until {
			when = l.Date
		}
		item.Date = max(item.Date, when)
	}
	item.ID += "/" + item.Date // what is new of a theft is new each time
	return item, true
}

// newEvents are the steps of a case in the days that are new.
func (b *builder) newEvents(p *fundtrail.Proceeding) (items []Item) {
	at := "docket/" + p.ID
	for i := range p.Events {
		e := &p.Events[i]
		if e.What == fundtrail.LastSeen || !b.isNew(e.When, e.Known, e.Source) {
			continue
		}
		c := basis{at, nth("events", i), e.By, e.Known, e.Confidence, e.Source}
		text := b.say("court.case", "case", p.Name, "court", p.Court, "status", b.fragment(e))
		if len(e.Of) > 0 {
			text = b.say("court.party", "who", b.parties(e.Of), "case", p.Name, "court", p.Court, "status", b.fragment(e))
		}
		items = append(items, Item{
			ID: at + "/" + iso(e.When.From) + "-" + string(e.What) + "-" + number(i+1), Topic: "case", About: about([]string{p.ID}, e.Of, p.Services),
			Line: b.line(text, c).at(e.When).quoting(e.Text).with(courtValue(e)),
		})
	}
	return items
}
