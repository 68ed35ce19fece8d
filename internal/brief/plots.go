package brief

import (
	"cmp"
	"slices"
	"strconv"
	"time"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/plot"
)

// plots draws what stands: years, what went through each mixer, and a line of time.
func (b *builder) plots() {
	b.plotYears()
	b.plotMixers()
	b.plotTime()
}

func dollarsOf(a fundtrail.Amount) float64 {
	f, _ := strconv.ParseFloat(a.String(), 64)
	return f
}

func (b *builder) plotYears() {
	var ranges []plot.Range
	for i := range b.stolen.Rows {
		y := &b.stolen.Rows[i]
		year, err := strconv.Atoi(y.Key)
		if err != nil {
			continue
		}
		sure, _ := y.Most.Sub(y.DisputedMost)
		r := plot.Range{Label: y.Key, Least: dollarsOf(y.Least), Most: dollarsOf(sure), Disputed: dollarsOf(y.DisputedMost),
			Unknown: len(y.NoFigure) > 0, Note: b.sumRange(y)}
		for j := range b.r.Publications {
			p := &b.r.Publications[j]
			for n := range p.Figures {
				if f := &p.Figures[n]; b.isTotal(f) && yearOf(f.Period) == year && !f.USD.IsZero() {
					r.Marks = append(r.Marks, plot.Mark{At: dollarsOf(f.USD), Label: p.Name})
				}
			}
		}
		ranges = append(ranges, r)
	}
	if len(ranges) > 0 {
		title := b.say("plot.years")
		b.out.Figures = append(b.out.Figures, Plot{Section: "totals", Title: title, SVG: plot.Columns(b.l.style(title), ranges)})
	}
}

// plotMixers draws the dollar figures of each mixer of which there are several.
func (b *builder) plotMixers() {
	for _, s := range b.out.Sections {
		if s.ID != "mixers" {
			continue
		}
		for _, item := range s.Items {
			var ranges []plot.Range
			for _, l := range item.Lines {
				if l.Group != "through" && l.Group != "trace" {
					continue
				}
				for _, v := range l.Values {
					a, err := fundtrail.ParseAmount(v.Most)
					if v.Unit != "USD" || err != nil {
						continue
					}
					ranges = append(ranges, plot.Range{Label: l.Text, Least: dollarsOf(a), Most: dollarsOf(a), Note: b.l.qualified(v.Qualifier, b.l.dollars(a))})
				}
			}
			if len(ranges) > 1 {
				title := b.say("plot.through", "name", b.party(item.About[0]))
				b.out.Figures = append(b.out.Figures, Plot{Section: "mixers", Title: title, SVG: plot.Rows(b.l.style(title), ranges)})
			}
		}
	}
}

func (b *builder) plotTime() {
	var acts []plot.Act
	put := func(lane string, w fundtrail.When, label string) {
		if !w.IsZero() && !w.From.After(endOf(b.o.asOf)) {
			acts = append(acts, plot.Act{Lane: b.say("lane." + lane), On: w.From, Label: label})
		}
	}
	for _, in := range b.reach.incidents {
		put("thefts", day(in.Happened), b.l.name(in.Name))
	}
	lane := func(kinds []fundtrail.ActionKind, name string) {
		for _, a := range b.reach.byDay() {
			if slices.Contains(kinds, a.Kind) {
				put(name, a.When, a.Name)
			}
		}
	}
	lane(listing, "sanctions")
	lane(seizing, "seizures")
	for _, p := range b.reach.proceedings {
		for i := range p.Events {
			if e := &p.Events[i]; e.What != fundtrail.LastSeen {
				put("court", e.When, p.Name+": "+b.fragment(e))
			}
		}
	}
	lane(joining, "joint")
	if len(acts) == 0 {
		return
	}
	first := slices.MinFunc(acts, func(x, y plot.Act) int { return cmp.Compare(x.On.Unix(), y.On.Unix()) }).On
	title := b.say("plot.timeline")
	from := time.Date(first.Year(), 1, 1, 0, 0, 0, 0, time.UTC)
	b.out.Figures = append(b.out.Figures, Plot{Section: "short", Title: title, SVG: plot.Timeline(b.l.style(title), acts, from, b.o.asOf)})
}
