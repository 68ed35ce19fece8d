package data

import (
	"slices"
	"testing"
	"time"

	"github.com/fundtrail/fundtrail"
)

// TestHoldings: the thefts of 2017 to 2026 that somebody attributes to the DPRK or a group
// of its, by a source that was read, and what was decided and what was not on the day of
// the article that the records were made to answer.
func TestHoldings(t *testing.T) {
	authors := []string{"andariel", "apt38", "dprk", "lazarus-group", "tradertraitor", "unc4736"}
	thefts, unsourced := 0, 0
	for _, in := range Incidents() {
		if y := in.Happened.Year(); y < 2017 || y > 2026 {
			continue
		}
		if slices.ContainsFunc(in.Attributions, func(a fundtrail.AttributionClaim) bool {
			return !a.Denied && a.Confidence > 20 && slices.Contains(authors, a.Actor)
		}) {
			thefts++
		}
		// One researcher's word alone is never surer than a careful researcher's.
		for _, a := range in.Attributions {
			if a.By == "tayvano" && a.Confidence > 60 {
				t.Errorf("%s: tayvano's attribution has confidence %d", in.ID, a.Confidence)
			}
		}
		if len(in.Attributions) == 0 {
			unsourced++
		}
	}
	if thefts < 60 || unsourced > 0 {
		t.Errorf("%d thefts attributed, want at least 60; %d with no word of who did it", thefts, unsourced)
	}

	day := time.Date(2023, 12, 9, 0, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		id, actor string
		has       []fundtrail.CourtEventKind // by the end of the day
		hasNot    []fundtrail.CourtEventKind
	}{
		{"us-v-storm", "roman-storm", []fundtrail.CourtEventKind{fundtrail.Charged, fundtrail.Arrested, fundtrail.TrialSet},
			[]fundtrail.CourtEventKind{fundtrail.Tried, fundtrail.Convicted, fundtrail.AtLarge}},
		{"us-v-storm", "roman-semenov", []fundtrail.CourtEventKind{fundtrail.Charged, fundtrail.AtLarge},
			[]fundtrail.CourtEventKind{fundtrail.Arrested, fundtrail.TrialSet}},
		{"nl-v-pertsev", "alexey-pertsev", []fundtrail.CourtEventKind{fundtrail.Arrested, fundtrail.Released, fundtrail.Charged},
			[]fundtrail.CourtEventKind{fundtrail.Tried, fundtrail.Convicted, fundtrail.Sentenced}},
	} {
		p, err := Proceeding(c.id)
		if err != nil {
			t.Fatal(err)
		}
		var seen []fundtrail.CourtEventKind
		for _, e := range p.Events {
			if !e.When.From.After(day) && slices.Contains(e.Of, c.actor) {
				seen = append(seen, e.What)
			}
		}
		for _, want := range c.has {
			if !slices.Contains(seen, want) {
				t.Errorf("%s: %s by %s: %v lacks %s", c.id, c.actor, day.Format(time.DateOnly), seen, want)
			}
		}
		for _, no := range c.hasNot {
			if slices.Contains(seen, no) {
				t.Errorf("%s: %s by %s: %v has %s", c.id, c.actor, day.Format(time.DateOnly), seen, no)
			}
		}
	}
}
