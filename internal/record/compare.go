package record

import (
	"cmp"
	"slices"
	"strconv"
	"time"

	"github.com/fundtrail/fundtrail"
)

// A Comparison holds one year's sum beside what others published of it, and says what the
// difference may come from as far as the records tell.
type Comparison struct {
	Year        int
	Ours        Sum
	Published   []Published      // by publisher and day
	Least, Most fundtrail.Amount // of those that are of the whole year and had the whole year to count
	Counts      [2]int           // the fewest and the most thefts that those count; 0 where none says
	Verdict     Verdict
	// By how much our range is outside of theirs, on the side of the verdict.
	Gap fundtrail.Amount
	// Weak are the thefts of ours that nobody attributes with more than WeakConfidence: one
	// researcher's word, or a press report's. What our range is without them stands beside.
	Weak                    []string
	StrongLeast, StrongMost fundtrail.Amount
	Largest                 []string // our three largest, by Most
}

// WeakConfidence is the highest confidence of a claim that one good secondary source, or
// one careful researcher, makes.
const WeakConfidence fundtrail.Confidence = 65

// A Verdict is how our range lies to what is published.
type Verdict string

const (
	Inside      Verdict = "inside"   // of the published range
	Overlaps    Verdict = "overlaps" // partly
	Below       Verdict = "below"
	Above       Verdict = "above"
	Unpublished Verdict = "unpublished" // nobody's figure of the whole year is on record
)

// A Published figure says whose it is.
type Published struct {
	Publisher string // a publication's ID
	fundtrail.Figure
	Part bool // of the year: it ends sooner, or was made before the year ended
}

func (v *View) compare(s *Stolen, list []fundtrail.Incident) (out []Comparison) {
	years := map[int]*Comparison{}
	at := func(y int) *Comparison {
		if years[y] == nil {
			years[y] = &Comparison{Year: y, Ours: Sum{Key: strconv.Itoa(y)}}
		}
		return years[y]
	}
	for i := range s.Rows {
		if y, err := strconv.Atoi(s.Rows[i].Key); err == nil {
			at(y).Ours = s.Rows[i]
		}
	}
	for i := range v.Publications {
		for _, f := range v.Publications[i].Figures {
			y := f.Period.From.Year()
			ours := f.What == fundtrail.FigureStolen && slices.Contains(s.Actors, f.Actor) && !f.USD.IsZero()
			if !ours || f.Period.IsZero() || f.Period.From.YearDay() != 1 || f.Period.To.Year() != y || v.outside(s.Question, y) {
				continue
			}
			end := time.Date(y, 12, 31, 0, 0, 0, 0, time.UTC)
			// What was first published in the year itself counted what had happened until then.
			part := f.Period.To.Before(end) || f.Known.On.Before(end.AddDate(0, 0, -31))
			at(y).Published = append(at(y).Published, Published{v.Publications[i].ID, f, part})
		}
	}
	byID := map[string]*fundtrail.Incident{}
	for i := range list {
		byID[list[i].ID] = &list[i]
	}
	for _, y := range sortedYears(years) {
		c := years[y]
		slices.SortStableFunc(c.Published, func(a, b Published) int {
			return cmp.Or(cmp.Compare(a.Publisher, b.Publisher), a.Known.On.Compare(b.Known.On), a.USD.Cmp(b.USD))
		})
		c.judge()
		c.explain(byID, s.Actors)
		out = append(out, *c)
	}
	return out
}

// outside reports whether a question is not about the whole of a year, so that nothing
// published of it can be held against the answer.
func (v *View) outside(q Question, year int) bool {
	first, last := time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(year, 12, 31, 0, 0, 0, 0, time.UTC)
	return !q.From.IsZero() && q.From.After(first) || !q.To.IsZero() && q.To.Before(last)
}

func sortedYears(m map[int]*Comparison) []int {
	var out []int
	for y := range m {
		out = append(out, y)
	}
	slices.Sort(out)
	return out
}

func (c *Comparison) judge() {
	n := 0
	for _, p := range c.Published {
		if p.Part {
			continue
		}
		if n == 0 {
			c.Least = p.USD
		}
		n++
		c.Least, c.Most = c.Least.Min(p.USD), c.Most.Max(p.USD)
		if p.Count > 0 {
			c.Counts[0], c.Counts[1] = min(cmp.Or(c.Counts[0], p.Count), p.Count), max(c.Counts[1], p.Count)
		}
	}
	switch {
	case n == 0:
		c.Verdict = Unpublished
	case c.Ours.Most.Less(c.Least):
		c.Verdict = Below
		c.Gap, _ = c.Least.Sub(c.Ours.Most)
	case c.Most.Less(c.Ours.Least):
		c.Verdict = Above
		c.Gap, _ = c.Ours.Least.Sub(c.Most)
	case !c.Ours.Least.Less(c.Least) && !c.Most.Less(c.Ours.Most):
		c.Verdict = Inside
	default:
		c.Verdict = Overlaps
	}
}

func (c *Comparison) explain(byID map[string]*fundtrail.Incident, actors []string) {
	largest := slices.Clone(c.Ours.Incidents)
	slices.SortStableFunc(largest, func(a, b string) int {
		_, x, _, _ := Loss(byID[a])
		_, y, _, _ := Loss(byID[b])
		return cmp.Or(y.Cmp(x), cmp.Compare(a, b))
	})
	c.Largest = largest[:min(3, len(largest))]
	for _, id := range c.Ours.Incidents {
		sure := fundtrail.Confidence(0)
		for _, a := range byID[id].Attributions {
			if !a.Denied && slices.Contains(actors, a.Actor) {
				sure = max(sure, a.Confidence)
			}
		}
		if sure <= WeakConfidence {
			c.Weak = append(c.Weak, id)
			continue
		}
		least, most, _, _ := Loss(byID[id])
		c.StrongMost = plus(c.StrongMost, most)
		if !slices.Contains(c.Ours.Disputed, id) {
			c.StrongLeast = plus(c.StrongLeast, least)
		}
	}
}
