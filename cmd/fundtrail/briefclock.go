package main

import (
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/data"
	"github.com/fundtrail/fundtrail/internal/brief"
)

type clockFlags struct{ asOf, knownBy, records string }

func (f *clockFlags) register(c *cobra.Command) {
	c.Flags().StringVar(&f.asOf, "as-of", "", "")
	c.Flags().StringVar(&f.knownBy, "known-by", "", "")
	c.Flags().StringVar(&f.records, "records", "", "")
}

func parseDayFlag(flag, s string) (time.Time, error) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return t, usage("%s: %v", flag, err)
	}
	return t, nil
}

func (f *clockFlags) view(c *cobra.Command) (*brief.Records, error) {
	asOf := time.Now().UTC().Truncate(24 * time.Hour)
	if f.asOf != "" {
		asOf, _ = time.Parse(time.DateOnly, f.asOf)
	}
	r := &brief.Records{AsOf: asOf, Contents: data.Embedded()}
	was := func(t time.Time) bool { return t.IsZero() || t.Before(asOf.AddDate(0, 0, 1)) }
	r.Incidents = slices.DeleteFunc(slices.Clone(r.Incidents), func(in fundtrail.Incident) bool { return !was(in.Happened) })
	r.Actions = slices.DeleteFunc(slices.Clone(r.Actions), func(in fundtrail.Action) bool { return !was(in.When.From) })
	ps := slices.Clone(r.Proceedings)
	for i := range ps {
		ps[i].Events = slices.DeleteFunc(slices.Clone(ps[i].Events), func(e fundtrail.CourtEvent) bool { return !was(e.When.From) })
	}
	r.Proceedings = slices.DeleteFunc(ps, func(p fundtrail.Proceeding) bool { return len(p.Events) == 0 })
	r.Group = map[string][]string{"dprk": {"dprk", "lazarus-group", "apt38", "andariel", "bluenoroff", "tradertraitor"}}
	r.Standing = func(p *fundtrail.Proceeding) (out []brief.Standing) {
		for _, party := range p.Parties {
			if party.Role != "defendant" {
				continue
			}
			s := brief.Standing{Party: party}
			for i, e := range p.Events {
				if len(e.Of) == 0 || slices.Contains(e.Of, party.Actor) {
					s.Events = append(s.Events, i)
				}
			}
			out = append(out, s)
		}
		return out
	}
	r.Totals = func(string) (t brief.Totals) {
		t.Method = "loss-claims/1"
		years := map[int]*brief.Total{}
		for i := range r.Incidents {
			in := &r.Incidents[i]
			y := years[in.Happened.Year()]
			if y == nil {
				y = &brief.Total{Year: in.Happened.Year()}
				years[y.Year] = y
			}
			if len(in.Losses) == 0 {
				y.Missing = append(y.Missing, in.ID)
				continue
			}
			least, most := in.Losses[0].USD, in.Losses[0].USD
			for _, l := range in.Losses {
				least, most = least.Min(l.USD), most.Max(l.USD)
			}
			y.Least, _ = y.Least.Add(least)
			y.Most, _ = y.Most.Add(most)
			y.Incidents = append(y.Incidents, in.ID)
		}
		for n := 2009; n < 2100; n++ {
			if y := years[n]; y != nil {
				t.Years = append(t.Years, *y)
				t.All.Least, _ = t.All.Least.Add(y.Least)
				t.All.Most, _ = t.All.Most.Add(y.Most)
				t.All.Incidents = append(t.All.Incidents, y.Incidents...)
				t.All.Missing = append(t.All.Missing, y.Missing...)
			}
		}
		return t
	}
	return r, nil
}
