package brief

import (
	"slices"
	"strconv"
	"time"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/record"
)

// totals tells the sums over the records, and beside each year what others published of it
// and how the two lie to each other.
func (b *builder) totals() {
	all := b.total("total/all", b.totalText(&b.stolen.All), &b.stolen.All)
	for i := range b.r.Publications {
		p := &b.r.Publications[i]
		for n := range p.Figures {
			if f := &p.Figures[n]; b.isTotal(f) && yearOf(f.Period) == 0 {
				all.Lines = append(all.Lines, b.published(p, n))
			}
		}
	}
	for i := range b.r.Publications {
		p := &b.r.Publications[i]
		if !slices.ContainsFunc(p.Figures, func(f fundtrail.Figure) bool { return b.mine(&f) }) {
			continue
		}
		for n, s := range p.Statements {
			if s.By == "" || s.Date.IsZero() && b.later(s.Known) {
				continue // what nobody says is a note on the figures
			}
			all.Lines = append(all.Lines, b.statement("figures/"+p.ID, n, s))
		}
	}
	items := []Item{all}
	if b.stolen.All.Thefts() == 0 {
		items = nil
	}
	for i := range b.stolen.Rows {
		y := &b.stolen.Rows[i]
		n, err := strconv.Atoi(y.Key)
		if err != nil {
			continue
		}
		text := b.say("total.year", "year", b.l.year(time.Date(n, 1, 1, 0, 0, 0, 0, time.UTC)), "range", b.sumRange(y), "thefts", b.count("theft", len(y.Incidents)))
		item := b.total("total/"+y.Key, text, y)
		item.Date, item.Until = y.Key+"-01-01", y.Key+"-12-31"
		for j := range b.r.Publications {
			p := &b.r.Publications[j]
			for k := range p.Figures {
				if f := &p.Figures[k]; b.isTotal(f) && yearOf(f.Period) == n {
					item.Lines = append(item.Lines, b.published(p, k))
				}
			}
		}
		for j := range b.stolen.Compared {
			if c := &b.stolen.Compared[j]; c.Year == n && n < b.o.asOf.AddDate(0, 0, 1).Year() {
				item.Lines = append(item.Lines, b.compared(c, item.Cites)...)
			}
		}
		items = append(items, item)
	}
	b.section("stands", "totals", items)
}

// isTotal reports whether a figure sums up what was stolen in a time that had ended by the
// day of the brief, or does so within a month of it: the period is told with the figure. One without a period
// was true on the day on which it was published.
func (b *builder) isTotal(f *fundtrail.Figure) bool {
	if f.Period.IsZero() && b.later(f.Known) {
		return false
	}
	return f.What == fundtrail.FigureStolen && f.Of == "" && b.mine(f) && !f.Period.To.After(endOf(b.o.asOf).AddDate(0, 1, 0))
}

func (b *builder) totalText(t *record.Sum) string {
	args := []string{"thefts", b.count("theft", len(t.Incidents)), "day", b.l.day(b.o.asOf), "range", b.sumRange(t)}
	if b.o.Topic == "" {
		return b.say("total.every", args...)
	}
	return b.say("total.all", append(args, "who", b.topicName())...)
}

// sumRange is a sum's range; a source's "more than" leaves it open above.
func (b *builder) sumRange(t *record.Sum) string {
	if len(t.Open) > 0 {
		return b.l.qualified("or more", b.dollarRange(t.Least, t.Most))
	}
	return b.dollarRange(t.Least, t.Most)
}

// topicName is the topic's own actor in the language, North Korea of "dprk".
func (b *builder) topicName() string {
	if b.o.Topic == "dprk" {
		return b.l.country("KP")
	}
	return b.party(b.o.Topic)
}

func (b *builder) total(id, text string, t *record.Sum) Item {
	parts := []string{text}
	if n := len(t.Disputed); n > 0 {
		parts = append(parts, b.say("total.disputed", "n", number(n), "range", b.dollarRange(t.DisputedLeast, t.DisputedMost)))
	}
	if n := len(t.Nominal); n > 0 {
		parts = append(parts, b.say("total.nominal", "n", number(n), "range", b.dollarRange(t.NominalLeast, t.NominalMost)))
	}
	if n := len(t.NoFigure); n > 0 {
		parts = append(parts, b.say("total.missing", "n", number(n)))
	}
	claim := basis{record: "incidents", claim: "losses", source: fundtrail.Source{Title: b.say("total.source") + ": " + b.stolen.Method}}
	l := b.line(b.l.sentences(parts), claim)
	l.Kind, l.Method, l.Known, l.Basis = Inference, b.stolen.Method, "", ""
	unknown := len(t.NoFigure)
	return Item{ID: id, Topic: "total", About: about([]string{b.o.Topic}, t.Incidents), Line: l.with(
		Value{What: "stolen", Least: t.Least.String(), Most: t.Most.String(), Unit: "USD", Count: len(t.Incidents), By: "records"},
		Value{What: "disputed", Least: t.DisputedLeast.String(), Most: t.DisputedMost.String(), Unit: "USD", Count: len(t.Disputed), By: "records"},
		Value{What: "nominal", Least: t.NominalLeast.String(), Most: t.NominalMost.String(), Unit: "USD", Count: len(t.Nominal), By: "records"},
		Value{What: "unknown", Least: number(unknown), Most: number(unknown), Unit: "thefts", By: "records"})}
}

// published is what somebody published of a year or of several. The day on which it did is
// told with it, because publishers revise their totals.
func (b *builder) published(p *fundtrail.Publication, n int) Line {
	f := p.Figures[n]
	if f.By == "" {
		f.By = p.Name
	}
	return b.figure("figures/"+p.ID, n, &f).in("published")
}

// compared says how a year's sum lies to what is published of it, and where a difference may
// come from.
func (b *builder) compared(c *record.Comparison, cites []int) (out []Line) {
	if c.Verdict == record.Unpublished {
		return nil
	}
	say := func(text string, values ...Value) {
		out = append(out, Line{Kind: Inference, Method: b.stolen.Method, Group: "compared", Text: text, Cites: cites, Values: values})
	}
	say(b.say("compared."+string(c.Verdict), "range", b.dollarRange(c.Least, c.Most), "gap", b.l.dollars(c.Gap)),
		Value{What: string(c.Verdict), Least: c.Least.String(), Most: c.Most.String(), Unit: "USD", By: "published"})
	if c.Verdict != record.Inside && len(c.Weak) > 0 {
		say(b.say("compared.weak", "n", number(len(c.Weak)), "range", b.dollarRange(c.StrongLeast, c.StrongMost)),
			Value{What: "stolen", Least: c.StrongLeast.String(), Most: c.StrongMost.String(), Unit: "USD", Qualifier: "without weak attributions", Count: len(c.Ours.Incidents) - len(c.Weak), By: "records"})
	}
	return out
}

// yearOf is the one calendar year that a period is, or 0.
func yearOf(w fundtrail.When) int {
	from, to := w.From, w.To
	if from.IsZero() || from.Year() != to.Year() || from.YearDay() != 1 || to.AddDate(0, 0, 1).Year() == to.Year() {
		return 0
	}
	return from.Year()
}

// short is what a reader in a hurry takes away: sentences of the sections below, with what
// they cite.
func (b *builder) short() {
	var items []Item
	if b.stolen.All.Thefts() > 0 {
		items = append(items, b.total("short/total", b.totalText(&b.stolen.All), &b.stolen.All))
	}
	var on, off []Item
	for _, l := range b.listings() {
		if v := b.service(l.ids[0]); v == nil || v.Category != mixing {
			continue
		}
		if item := b.standing(l); item.Topic == "listed" {
			on = append(on, item)
		} else {
			off = append(off, item)
		}
	}
	join := func(key string, list []Item) {
		if len(list) == 0 {
			return
		}
		var names []string
		item := Item{ID: "short/" + list[0].Topic, Topic: list[0].Topic, Line: Line{Kind: Claim}}
		for _, l := range list {
			names = add(names, b.party(l.About[0]))
			item.About = about(item.About, l.About[:1])
			item.Cites = append(item.Cites, l.Cites...)
		}
		slices.Sort(item.Cites)
		item.Cites = slices.Compact(item.Cites)
		item.Text = b.say(key, "day", b.l.day(b.o.asOf), "names", b.l.list(names))
		items = append(items, item)
	}
	tell := func(item Item) {
		item.ID, item.Lines, item.Quote = "short/"+item.ID, nil, ""
		items = append(items, item)
	}
	if list := b.bySize(); len(list) > 0 {
		tell(b.theft(list[0]))
	}
	join("short.listed", on)
	join("short.off", off)
	for _, p := range b.cases() {
		if slices.ContainsFunc(p.Services, func(id string) bool { return b.reach.mixers[id] }) && p.Kind == fundtrail.Criminal {
			for _, s := range standings(p) {
				item := b.standingOf(p, &s)
				charges := slices.DeleteFunc(slices.Clone(item.Lines), func(l Line) bool { return l.Group != "charges" })
				tell(item)
				items[len(items)-1].Lines = charges // with what he is charged is not for the reader to look up
			}
		}
	}
	for _, a := range slices.Backward(b.reach.byDay()) {
		if b.isJoint(a) {
			tell(b.act(a))
			break
		}
	}
	b.section("short", "short", items)
}
