package brief

import (
	"cmp"
	"slices"
	"strconv"
	"time"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/plot"
	"github.com/fundtrail/fundtrail/internal/record"
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
	if len(b.stolen.Rows) > 0 {
		b.out.Figures = append(b.out.Figures, Plot{Section: "totals", Title: b.say("plot.years"), SVG: StolenSVG(&b.stolen, b.l)})
	}
}

// StolenSVG draws sums of what was stolen: years side by side, with the totals that others
// published of them as marks, and anything else row by row. What is disputed stands apart;
// a star says that some thefts have no figure.
func StolenSVG(s *record.Stolen, l Lang) string {
	marks := map[string][]plot.Mark{}
	for i := range s.Compared {
		c := &s.Compared[i]
		for _, p := range c.Published {
			if p.Part { // it did not have the whole year to count
				continue
			}
			key := strconv.Itoa(c.Year)
			marks[key] = append(marks[key], plot.Mark{At: dollarsOf(p.USD), Label: p.By + ", " + iso(p.Known.On)})
		}
	}
	var ranges []plot.Range
	for i := range s.Rows {
		y := &s.Rows[i]
		sure, _ := y.Most.Sub(y.DisputedMost)
		r := plot.Range{Label: cmp.Or(y.Key, l.say("unstated")), Least: dollarsOf(y.Least), Most: dollarsOf(sure), Disputed: dollarsOf(y.DisputedMost), Unknown: len(y.NoFigure) > 0, Marks: marks[y.Key]}
		r.Note = l.dollars(y.Most)
		if y.Least != y.Most {
			r.Note = l.say("range", "a", l.dollars(y.Least), "b", l.dollars(y.Most))
		}
		ranges = append(ranges, r)
	}
	if s.Question.By == record.ByYear {
		return plot.Columns(l.style(l.say("plot.years")), ranges)
	}
	return plot.Rows(l.style(l.say("plot.sums")), ranges)
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
