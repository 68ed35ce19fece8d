package brief

import (
	"slices"
	"strconv"
	"time"

	"github.com/fundtrail/fundtrail"
)

// Totals are sums over the records' loss claims, as ranges: of each theft the least and the
// most that a source gives.
type Totals struct {
	Method string // how the sums are made: "loss-claims/1"
	All    Total
	Years  []Total // by time
}

// A Total is one sum. What no source values is in Missing, and in no number.
type Total struct {
	Year        int
	Least, Most fundtrail.Amount // whole dollars, what is disputed included
	Incidents   []string
	Missing     []string
	Disputed    []string // of Incidents
	// What the disputed ones add.
	DisputedLeast, DisputedMost fundtrail.Amount
	Notes                       []string // how it differs from what is published, where it does
}

// totals tells the sums, and beside each year what others published of it.
func (b *builder) totals() {
	t := b.r.Totals(b.o.Topic)
	all := b.total("total/all", b.totalText(&t.All), &t.All, t.Method)
	for i := range b.r.Publications {
		p := &b.r.Publications[i]
		for n := range p.Figures {
			if f := &p.Figures[n]; f.What == fundtrail.FigureStolen && b.mine(f) && yearOf(f.Period) == 0 {
				all.Lines = append(all.Lines, b.published(p, n))
			}
		}
	}
	items := []Item{all}
	for i := range t.Years {
		y := &t.Years[i]
		text := b.say("total.year", "year", b.l.year(time.Date(y.Year, 1, 1, 0, 0, 0, 0, time.UTC)), "range", b.dollarRange(y.Least, y.Most), "thefts", b.count("theft", len(y.Incidents)))
		item := b.total("total/"+strconv.Itoa(y.Year), text, y, t.Method)
		item.Date, item.Until = strconv.Itoa(y.Year)+"-01-01", strconv.Itoa(y.Year)+"-12-31"
		for j := range b.r.Publications {
			p := &b.r.Publications[j]
			for n := range p.Figures {
				if f := &p.Figures[n]; f.What == fundtrail.FigureStolen && b.mine(f) && yearOf(f.Period) == y.Year {
					item.Lines = append(item.Lines, b.published(p, n))
				}
			}
		}
		items = append(items, item)
	}
	b.section("stands", "totals", items)
}

func (b *builder) totalText(t *Total) string {
	args := []string{"thefts", b.count("theft", len(t.Incidents)), "day", b.l.day(b.o.AsOf), "range", b.dollarRange(t.Least, t.Most)}
	if b.o.Topic == "" {
		return b.say("total.every", args...)
	}
	return b.say("total.all", append(args, "who", b.topicName())...)
}

// topicName is the topic's own actor in the language, North Korea of "dprk".
func (b *builder) topicName() string {
	if b.o.Topic == "dprk" {
		return b.l.country("KP")
	}
	return b.party(b.o.Topic)
}

func (b *builder) total(id, text string, t *Total, method string) Item {
	if n := len(t.Disputed); n > 0 {
		text += " " + b.say("total.disputed", "n", number(n), "range", b.dollarRange(t.DisputedLeast, t.DisputedMost))
	}
	if n := len(t.Missing); n > 0 {
		text += " " + b.say("total.missing", "n", number(n))
	}
	c := basis{record: "incidents", claim: "losses", source: fundtrail.Source{Title: b.say("total.source") + ": " + method}}
	l := b.line(text, c)
	l.Kind, l.Method, l.Known, l.Basis = Inference, method, "", ""
	item := Item{ID: id, Topic: "total", About: about([]string{b.o.Topic}, t.Incidents), Line: l.with(
		Value{What: "stolen", Least: t.Least.String(), Most: t.Most.String(), Unit: "USD", Count: len(t.Incidents), By: "records"},
		Value{What: "disputed", Least: t.DisputedLeast.String(), Most: t.DisputedMost.String(), Unit: "USD", Count: len(t.Disputed), By: "records"},
		Value{What: "unknown", Least: number(len(t.Missing)), Most: number(len(t.Missing)), Unit: "thefts", By: "records"})}
	for _, n := range t.Notes {
		item.Lines = append(item.Lines, Line{Kind: Inference, Method: method, Text: n, Cites: l.Cites})
	}
	return item
}

// published is what somebody published of a year or of several. When it did is a part of it,
// because publishers revise their totals.
func (b *builder) published(p *fundtrail.Publication, n int) Line {
	f := p.Figures[n]
	if f.By == "" {
		f.By = p.Name
	}
	return b.figure("figures/"+p.ID, n, &f).in("published")
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
	t := b.r.Totals(b.o.Topic)
	all := b.total("short/total", b.totalText(&t.All), &t.All, t.Method)
	items := []Item{all}
	var on, off []Item
	for _, l := range b.listings() {
		item := b.standing(l)
		item.ID = "short/" + item.ID
		item.Lines = nil
		if v := b.r.service(l.id); v != nil && v.Category == "mixing_service" {
			if item.Topic == "listed" {
				on = append(on, item)
			} else {
				off = append(off, item)
			}
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
		item.Text = b.say(key, "day", b.l.day(b.o.AsOf), "names", b.l.list(names))
		items = append(items, item)
	}
	join("short.listed", on)
	join("short.off", off)
	b.section("short", "short", items)
}
