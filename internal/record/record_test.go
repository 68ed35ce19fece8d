package record

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/data"
)

var start = time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)

func on(n int) time.Time { return start.AddDate(0, 0, n) }

func known(n int) fundtrail.Known {
	return fundtrail.Known{On: on(n), Basis: fundtrail.KnownPublished}
}

// randomContents makes records with claims of every sort, at random days.
func randomContents(r *rand.Rand) data.Contents {
	conf := func() fundtrail.Confidence { return fundtrail.Confidence(30 + 10*r.IntN(8)) }
	c := data.Contents{Actors: []fundtrail.Actor{
		{ID: "lazarus", Name: "Lazarus", Category: "hacking", Related: []fundtrail.Relation{{Actor: "state", How: "an agency of it", Known: known(900)}}},
		{ID: "other", Name: "Other", Category: "hacking"},
		{ID: "person", Name: "Person", Category: "user"},
		{ID: "state", Name: "State", Category: "organization"},
		{ID: "sub", Name: "Sub", Category: "hacking", Related: []fundtrail.Relation{{Actor: "lazarus", How: "a part of it"}, {Actor: "person", How: "paid him"}}},
	}}
	for i := range 12 {
		happened := r.IntN(1500)
		in := fundtrail.Incident{
			ID: fmt.Sprintf("theft-%02d", i), Name: fmt.Sprintf("Theft %d", i), Summary: "Somebody was robbed.", Kind: fundtrail.RobbedBridge,
			Victim: fundtrail.Actor{ID: fmt.Sprintf("victim-%d", i%4)}, VictimKnown: known(happened),
		}
		for range 1 + r.IntN(2) {
			at := happened + r.IntN(3)
			in.Dates = append(in.Dates, fundtrail.DateClaim{What: "happened", From: on(at), To: on(at), Confidence: conf(), Known: known(at + r.IntN(400))})
		}
		settle(&in)
		for range r.IntN(4) {
			q := []string{"", "", "about", "more than", "nominal"}[r.IntN(5)]
			in.Losses = append(in.Losses, fundtrail.LossClaim{USD: fundtrail.NewAmount(uint64(1 + r.IntN(1000))), Qualifier: q, By: "x", Confidence: conf(), Known: known(happened + r.IntN(400))})
		}
		for range r.IntN(3) {
			at := happened + r.IntN(900)
			who := []string{"lazarus", "other", "state", "sub"}[r.IntN(4)]
			in.Attributions = append(in.Attributions, fundtrail.AttributionClaim{Actor: who, By: "y", Date: on(at), Denied: r.IntN(4) == 0, Confidence: conf(), Known: known(at)})
		}
		if r.IntN(2) == 0 {
			in.Figures = append(in.Figures, fundtrail.Figure{What: fundtrail.FigureFrozen, USD: fundtrail.NewAmount(uint64(r.IntN(50))), Known: known(happened + r.IntN(900))})
		}
		if r.IntN(2) == 0 {
			at := happened + r.IntN(900)
			in.Statements = append(in.Statements, fundtrail.Statement{Text: "Something.", Date: on(at), Known: known(at)})
		}
		c.Incidents = append(c.Incidents, in)
	}
	for i := range 4 {
		at := r.IntN(1200)
		p := fundtrail.Proceeding{ID: fmt.Sprintf("case-%d", i), Name: "A case", Known: known(at), Incidents: []string{"theft-01"}}
		p.Parties = []fundtrail.CourtParty{{Actor: "person", Role: "defendant", Known: fundtrail.Known{On: on(at), Basis: fundtrail.KnownAct}}}
		for _, what := range []fundtrail.CourtEventKind{fundtrail.Charged, fundtrail.Arrested, fundtrail.Convicted} {
			p.Events = append(p.Events, fundtrail.CourtEvent{What: what, When: fundtrail.When{From: on(at), To: on(at)}, Of: []string{"person"}, Text: "It was so.", Known: known(at + r.IntN(50))})
			at += r.IntN(300)
		}
		c.Proceedings = append(c.Proceedings, p)
		c.Actions = append(c.Actions, fundtrail.Action{
			ID: fmt.Sprintf("act-%d", i), Name: "An act", Kind: fundtrail.Seized, When: fundtrail.When{From: on(at), To: on(at)}, Of: []string{"lazarus"}, Incidents: []string{"theft-02"},
			Figures: []fundtrail.Figure{{What: fundtrail.FigureSeized, Of: "theft-02", USD: fundtrail.NewAmount(9), Known: known(at + 20)}}, Known: known(at),
		})
	}
	return c
}

// claimsOf lists every claim of a view, by record.
func claimsOf(v *View) map[string]bool {
	out := map[string]bool{}
	add := func(format string, args ...any) { out[fmt.Sprintf(format, args...)] = true }
	for _, in := range v.Incidents {
		add("incident %s", in.ID)
		for _, x := range in.Dates {
			add("%s date %+v", in.ID, x)
		}
		for _, x := range in.Losses {
			add("%s loss %+v", in.ID, x)
		}
		for _, x := range in.Attributions {
			add("%s attribution %+v", in.ID, x)
		}
		for _, x := range in.Figures {
			add("%s figure %+v", in.ID, x)
		}
		for _, x := range in.Statements {
			add("%s statement %+v", in.ID, x)
		}
	}
	for _, p := range v.Proceedings {
		add("case %s", p.ID)
		for _, x := range p.Events {
			add("%s event %+v", p.ID, x)
		}
		for _, x := range p.Parties {
			add("%s party %+v", p.ID, x)
		}
	}
	for _, a := range v.Actions {
		add("action %s", a.ID)
		for _, x := range a.Figures {
			add("%s figure %+v", a.ID, x)
		}
	}
	return out
}

// TestMoreIsKnownLater: whoever asks by a later day sees every claim that was seen before,
// and so does whoever asks as of a later day.
func TestMoreIsKnownLater(t *testing.T) {
	for seed := range uint64(30) {
		r := rand.New(rand.NewPCG(seed, 5))
		b := New(randomContents(r), data.Contents{})
		whole := claimsOf(b.At(time.Time{}, time.Time{}))
		asOf := []time.Time{{}, on(600)}[seed%2]
		var before map[string]bool
		for n := 0; n <= 3000; n += 150 {
			for what, v := range map[string]*View{"known": b.At(asOf, on(n)), "as of": b.At(on(n), time.Time{})} {
				for claim := range claimsOf(v) {
					if !whole[claim] {
						t.Fatalf("seed %d: %s day %d has what the whole has not: %s", seed, what, n, claim)
					}
				}
			}
			now := claimsOf(b.At(asOf, on(n)))
			for claim := range before {
				if !now[claim] {
					t.Fatalf("seed %d: day %d has lost %s", seed, n, claim)
				}
			}
			before = now
		}
		if asOf.IsZero() && len(before) != len(whole) {
			t.Errorf("seed %d: at the end %d of %d claims", seed, len(before), len(whole))
		}
	}
}

// TestTheClocksHold: nothing in a view is later than its days.
func TestTheClocksHold(t *testing.T) {
	for seed := range uint64(30) {
		b := New(randomContents(rand.New(rand.NewPCG(seed, 6))), data.Contents{})
		v := b.At(on(700), on(800))
		for _, in := range v.Incidents {
			for _, x := range in.Losses {
				if x.Known.On.After(on(800)) {
					t.Errorf("%s: %+v", in.ID, x)
				}
			}
			for _, x := range in.Attributions {
				if x.Date.After(on(700)) || x.Known.On.After(on(800)) {
					t.Errorf("%s: %+v", in.ID, x)
				}
			}
			if in.Happened.After(on(700)) {
				t.Errorf("%s happened %v", in.ID, in.Happened)
			}
		}
		for _, e := range v.Timeline(Ref{KindActor, "lazarus"}, Ref{KindActor, "person"}, Ref{KindIncident, "theft-01"}) {
			if e.When.From.After(on(700)) || e.Known.On.After(on(800)) {
				t.Errorf("timeline: %+v", e)
			}
		}
	}
}

// TestSums: the least is no more than the most, the years sum to the whole, each theft is
// counted once, and no order of the records changes anything.
func TestSums(t *testing.T) {
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 7))
		c := randomContents(r)
		for _, by := range Bys {
			for _, who := range []string{"", "state", "lazarus"} {
				q := Question{By: by, AttributedTo: who, MinConfidence: fundtrail.Confidence(10 * r.IntN(8))}
				v := New(c, data.Contents{}).At(on(1200), on(1400))
				s := v.Stolen(q)
				var least, most fundtrail.Amount
				n, seen := 0, map[string]bool{}
				for _, row := range append(s.Rows, s.All) {
					if row.Most.Less(row.Least) || row.DisputedMost.Less(row.DisputedLeast) || row.Frozen.Most.Less(row.Frozen.Least) || row.NominalMost.Less(row.NominalLeast) {
						t.Fatalf("seed %d, %+v: least over most: %+v", seed, q, row)
					}
				}
				for _, row := range s.Rows {
					least, most, n = plus(least, row.Least), plus(most, row.Most), n+row.Thefts()
					for _, id := range slices.Concat(row.Incidents, row.NoFigure, row.Nominal) {
						if seen[id] {
							t.Fatalf("seed %d, %+v: %s is counted twice", seed, q, id)
						}
						seen[id] = true
					}
				}
				if least != s.All.Least || most != s.All.Most || n != s.All.Thefts() {
					t.Fatalf("seed %d, %+v: rows sum to %s..%s of %d, the whole is %s..%s of %d", seed, q, least, most, n, s.All.Least, s.All.Most, s.All.Thefts())
				}
				if n+len(s.Denied)+len(s.Undated) > len(v.Incidents) {
					t.Fatalf("seed %d: more thefts than there are", seed)
				}
				mixed := c
				mixed.Incidents = slices.Clone(c.Incidents)
				for i := range mixed.Incidents {
					in := &mixed.Incidents[i]
					in.Losses, in.Figures = shuffled(r, in.Losses), shuffled(r, in.Figures)
					if by != ByActor { // of two that are equally sure, the record's order says which is shown
						in.Attributions = shuffled(r, in.Attributions)
					}
				}
				mixed.Incidents, mixed.Actions, mixed.Actors = shuffled(r, mixed.Incidents), shuffled(r, c.Actions), shuffled(r, c.Actors)
				if other := New(mixed, data.Contents{}).At(on(1200), on(1400)).Stolen(q); !reflect.DeepEqual(other, s) {
					t.Fatalf("seed %d, %+v: the order of the records matters:\n%+v\n%+v", seed, q, s, other)
				}
			}
		}
	}
}

func shuffled[T any](r *rand.Rand, list []T) []T {
	out := slices.Clone(list)
	r.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out
}

func TestTies(t *testing.T) {
	b := New(randomContents(rand.New(rand.NewPCG(1, 1))), data.Contents{})
	for who, want := range map[string]string{"state": "lazarus state sub", "lazarus": "lazarus", "person": "person", "nobody": "nobody"} {
		if got := strings.Join(b.Ties(who), " "); got != want {
			t.Errorf("%s is %s, want %s", who, got, want)
		}
	}
}

// TestLoss: nominal values are apart, and what has no end says so.
func TestLoss(t *testing.T) {
	loss := func(usd uint64, q string) fundtrail.LossClaim {
		return fundtrail.LossClaim{USD: fundtrail.NewAmount(usd), Qualifier: q}
	}
	for _, c := range []struct {
		losses      []fundtrail.LossClaim
		least, most uint64
		open, ok    bool
	}{
		{nil, 0, 0, false, false},
		{[]fundtrail.LossClaim{loss(5, "nominal")}, 0, 0, false, false},
		{[]fundtrail.LossClaim{loss(5, ""), loss(3, "about"), loss(900, "nominal")}, 3, 5, false, true},
		{[]fundtrail.LossClaim{loss(5, "more than"), loss(3, "")}, 3, 5, true, true},
		{[]fundtrail.LossClaim{loss(5, ""), loss(3, "at least")}, 3, 5, false, true},
	} {
		least, most, open, ok := Loss(&fundtrail.Incident{Losses: c.losses})
		if least != fundtrail.NewAmount(c.least) || most != fundtrail.NewAmount(c.most) || open != c.open || ok != c.ok {
			t.Errorf("%+v: %s..%s open %v, %v", c.losses, least, most, open, ok)
		}
	}
}

// TestDisputed: what somebody denies is in the most and not in the least.
func TestDisputed(t *testing.T) {
	in := func(id string, usd uint64, who string, denied ...string) fundtrail.Incident {
		in := fundtrail.Incident{ID: id, Dates: []fundtrail.DateClaim{{What: "happened", From: on(10), To: on(10)}}, Losses: []fundtrail.LossClaim{{USD: fundtrail.NewAmount(usd)}}}
		if who != "" {
			in.Attributions = append(in.Attributions, fundtrail.AttributionClaim{Actor: who, Confidence: 60})
		}
		for _, d := range denied {
			in.Attributions = append(in.Attributions, fundtrail.AttributionClaim{Actor: d, Denied: true, Confidence: 60})
		}
		settle(&in)
		return in
	}
	c := randomContents(rand.New(rand.NewPCG(1, 1)))
	c.Incidents = []fundtrail.Incident{in("a", 1, "lazarus"), in("b", 10, "sub", "state"), in("c", 100, "", "state"), in("d", 1000, "other", "sub"), in("e", 10000, "")}
	v := New(c, data.Contents{}).At(time.Time{}, time.Time{})
	s := v.Stolen(Question{By: ByYear, AttributedTo: "state"})
	if s.All.Least != fundtrail.NewAmount(1) || s.All.Most != fundtrail.NewAmount(11) || strings.Join(s.All.Disputed, " ") != "b" || strings.Join(s.Denied, " ") != "c d" {
		t.Errorf("%+v", s)
	}
	// Who denies it of the state denies it of its groups.
	if s := v.Stolen(Question{By: ByYear, AttributedTo: "sub"}); s.All.Least != (fundtrail.Amount{}) || strings.Join(s.All.Disputed, " ") != "b" {
		t.Errorf("%+v", s.All)
	}
	if s := v.Stolen(Question{By: ByYear}); s.All.Least != fundtrail.NewAmount(11111) || len(s.All.Disputed) != 0 {
		t.Errorf("%+v", s.All)
	}
	if s := v.Stolen(Question{By: ByYear, AttributedTo: "state", MinConfidence: 70}); s.All.Thefts() != 0 {
		t.Errorf("%+v", s.All)
	}
}

// TestVanishing: an incident that nobody could know of is not there; one of which only
// something else was known is, without what was not.
func TestVanishing(t *testing.T) {
	c := data.Contents{Incidents: []fundtrail.Incident{{
		ID: "theft", Name: "Theft", Summary: "All of it.", Victim: fundtrail.Actor{ID: "v"}, VictimKnown: known(50),
		Dates:      []fundtrail.DateClaim{{What: "happened", From: on(10), To: on(10), Known: known(50)}},
		Losses:     []fundtrail.LossClaim{{USD: fundtrail.NewAmount(1), Known: known(40)}},
		Statements: []fundtrail.Statement{{Text: "Something happened.", Known: known(20)}},
	}}}
	settle(&c.Incidents[0])
	b := New(c, data.Contents{})
	if v := b.At(time.Time{}, on(19)); len(v.Incidents) != 0 {
		t.Errorf("known before anybody spoke: %+v", v.Incidents)
	}
	v := b.At(time.Time{}, on(20))
	if len(v.Incidents) != 1 || !v.Incidents[0].Happened.IsZero() || v.Incidents[0].Victim.ID != "" || v.Incidents[0].Summary != "" || len(v.Incidents[0].Losses) != 0 {
		t.Errorf("%+v", v.Incidents)
	}
	if v := b.At(on(9), time.Time{}); len(v.Incidents) != 0 {
		t.Error("it is there before it happened")
	}
	if v := b.At(on(10), on(50)); len(v.Incidents) != 1 || v.Incidents[0].Summary == "" || v.Incidents[0].Victim.ID != "v" {
		t.Errorf("%+v", v.Incidents)
	}
	if _, err := b.At(on(9), time.Time{}).Incident("theft"); !errors.Is(err, fundtrail.ErrNotFound) || !strings.Contains(err.Error(), "not on record as of 2020-01-10") {
		t.Errorf("%v", err)
	}
}

// TestMerge: a user's claims stand beside ours; a field that says otherwise is told.
func TestMerge(t *testing.T) {
	own, err := data.Read(fstest.MapFS{
		"incidents/ronin-bridge.yaml": {Data: []byte(`id: ronin-bridge
name: The Axie theft
kind: wallet
victim: {name: Axie Players, source: me, confidence: 90}
dates: [{what: happened, date: 2022-03-20, source: me, confidence: 99}]
losses: [{usd: 1, by: me, source: me, confidence: 30}]
sources: {me: {title: Mine, url: https://example.org, retrieved: 2024-06-02}}
`)},
		"incidents/corner.yaml": {Data: []byte(`id: corner
aliases: [ronin]
name: Corner theft
dates: [{what: happened, date: 2024-01-20, source: me, confidence: 99}]
victim: {name: Bob, source: me, confidence: 90}
sources: {me: {title: Mine, url: https://example.org, retrieved: 2024-06-02}}
`)},
		"docket/us-v-storm.yaml": {Data: []byte(`id: us-v-storm
court: The Moon
events: [{what: sentenced, date: 2026-10-01, of: [roman-storm], text: He was sentenced., source: me, confidence: 30}]
sources: {me: {title: Mine, url: https://example.org, retrieved: 2026-10-02}}
`)},
	}, "mine", on(3000))
	if err != nil {
		t.Fatal(err)
	}
	ours := data.Embedded()
	before, _ := data.Incident("ronin-bridge")
	n := len(before.Losses)
	b := New(ours, own)
	in, err := b.At(time.Time{}, time.Time{}).Incident("ronin-bridge")
	if err != nil {
		t.Fatal(err)
	}
	if in.Name != before.Name || len(in.Losses) != n+1 || in.Losses[n].Source.Records != "mine" {
		t.Errorf("%s, %+v", in.Name, in.Losses)
	}
	var told []string
	for _, c := range b.Conflicts {
		told = append(told, c.String())
	}
	all := strings.Join(told, "\n")
	for _, want := range []string{
		`incidents/ronin-bridge: name: the program has "` + before.Name + `", your record has "The Axie theft"`,
		"incidents/ronin-bridge: the day it happened: your record's claim of 2022-03-20 is surer",
		"docket/us-v-storm: court: the program has",
		`incidents/ronin-bridge: victim: the program has "sky-mavis", your record has "axie-players"`,
		`name ronin`,
	} {
		if !strings.Contains(all, want) {
			t.Errorf("not told: %s, but\n%s", want, all)
		}
	}
	p, err := b.At(time.Time{}, time.Time{}).Proceeding("us-v-storm")
	if err != nil {
		t.Fatal(err)
	}
	if s := Standings(&p)[0]; s.Sentence == nil || s.Sentence.Source.Records != "mine" || s.LastSeen != nil {
		t.Errorf("%+v", s)
	}
	// Nothing of ours was touched.
	if after, _ := data.Incident("ronin-bridge"); !reflect.DeepEqual(before, after) {
		t.Error("the merge has changed the program's record")
	}
}

// TestStanding follows a real case through its days.
func TestStanding(t *testing.T) {
	b := New(data.Embedded(), data.Contents{})
	fold := func(asOf string, party int) Standing {
		d, _ := time.Parse(time.DateOnly, asOf)
		p, err := b.At(d, time.Time{}).Proceeding("us-v-storm")
		if err != nil {
			t.Fatal(err)
		}
		return Standings(&p)[party]
	}
	outcomes := func(s Standing) (out string) {
		for _, c := range s.Counts {
			out += fmt.Sprintf("%d %s, ", c.Charge.Count, c.Outcome)
		}
		return strings.TrimSuffix(out, ", ")
	}
	if _, err := b.At(time.Date(2023, 8, 22, 0, 0, 0, 0, time.UTC), time.Time{}).Proceeding("us-v-storm"); !errors.Is(err, fundtrail.ErrNotFound) {
		t.Errorf("before it was charged: %v", err)
	}
	s := fold("2023-12-09", 0)
	if outcomes(s) != "1 charged, 2 charged, 3 charged" || s.Custody == nil || s.Custody.What != fundtrail.Arrested || s.Decided() {
		t.Errorf("on 2023-12-09: %s, %+v", outcomes(s), s)
	}
	s = fold("2026-11-22", 0)
	if outcomes(s) != "1 hung, 2 guilty, 3 hung" || s.LastSeen == nil || s.Motion == nil || !s.Decided() {
		t.Errorf("today: %s, %+v", outcomes(s), s)
	}
	if s := fold("2026-11-22", 1); s.Party.Actor != "roman-semenov" || outcomes(s) != "1 charged, 2 charged, 3 charged" || s.Custody.What != fundtrail.AtLarge {
		t.Errorf("Semenov: %s, %+v", outcomes(s), s)
	}
}

// TestLinksGoBothWays on the real records.
func TestLinksGoBothWays(t *testing.T) {
	v := New(data.Embedded(), data.Contents{}).At(time.Time{}, time.Time{})
	has := func(list []fundtrail.Action, id string) bool {
		return slices.ContainsFunc(list, func(a fundtrail.Action) bool { return a.ID == id })
	}
	const sinbad = "2023-11-29-ofac-sinbad"
	for _, r := range []Ref{{KindIncident, "ronin-bridge"}, {KindService, "sinbad"}, {KindActor, "sinbad"}} {
		if !has(v.Of(r).Actions, sinbad) {
			t.Errorf("%s does not lead to %s", r, sinbad)
		}
	}
	if l := v.Of(Ref{KindAction, sinbad}); !slices.ContainsFunc(l.Incidents, func(in fundtrail.Incident) bool { return in.ID == "ronin-bridge" }) {
		t.Error("the action does not lead to the incident")
	}
	for _, r := range []Ref{{KindActor, "roman-storm"}, {KindService, "tornado-cash"}, {KindActor, "tornado-cash"}} {
		if l := v.Of(r); !slices.ContainsFunc(l.Proceedings, func(p fundtrail.Proceeding) bool { return p.ID == "us-v-storm" }) {
			t.Errorf("%s does not lead to the case", r)
		}
	}
}

// TestCompare holds our sums to what is published.
func TestCompare(t *testing.T) {
	c := randomContents(rand.New(rand.NewPCG(1, 1)))
	c.Incidents = nil
	for i, usd := range []uint64{100, 40, 7} {
		in := fundtrail.Incident{
			ID: fmt.Sprintf("t%d", i), Dates: []fundtrail.DateClaim{{What: "happened", From: on(10 + 366*(i/2)), To: on(10 + 366*(i/2))}},
			Losses:       []fundtrail.LossClaim{{USD: fundtrail.NewAmount(usd)}, {USD: fundtrail.NewAmount(usd + 10)}},
			Attributions: []fundtrail.AttributionClaim{{Actor: "lazarus", Confidence: fundtrail.Confidence(90 - 30*i)}},
		}
		settle(&in)
		c.Incidents = append(c.Incidents, in)
	}
	year := func(usd uint64, published int, count int) fundtrail.Figure {
		return fundtrail.Figure{What: fundtrail.FigureStolen, Actor: "state", USD: fundtrail.NewAmount(usd), Count: count, Period: fundtrail.When{From: start, To: on(365)}, Known: known(published)}
	}
	for _, x := range []struct {
		figures []fundtrail.Figure
		want    Verdict
		gap     uint64
	}{
		{nil, Unpublished, 0},
		{[]fundtrail.Figure{year(500, 100, 0)}, Unpublished, 0}, // of a year that had not ended
		{[]fundtrail.Figure{year(139, 400, 5), year(170, 500, 6)}, Inside, 0},
		{[]fundtrail.Figure{year(150, 400, 0)}, Overlaps, 0},
		{[]fundtrail.Figure{year(200, 400, 9)}, Below, 40},
		{[]fundtrail.Figure{year(20, 400, 0), year(100, 400, 0)}, Above, 40},
	} {
		c.Publications = []fundtrail.Publication{{ID: "p", Figures: x.figures}}
		s := New(c, data.Contents{}).At(time.Time{}, time.Time{}).Stolen(Question{By: ByYear, AttributedTo: "state"})
		got := s.Compared[0]
		if got.Year != 2020 || got.Verdict != x.want || got.Gap != fundtrail.NewAmount(x.gap) {
			t.Errorf("%+v: %+v", x, got)
		}
		if strings.Join(got.Weak, " ") != "t1" || got.StrongMost != fundtrail.NewAmount(110) || strings.Join(got.Largest, " ") != "t0 t1" {
			t.Errorf("the explanation: %+v", got)
		}
	}
}

// TestDollars: what is written holds what it stands for.
func TestDollars(t *testing.T) {
	for _, c := range []struct {
		least, most uint64
		open        bool
		want        string
	}{
		{0, 0, false, "$0"}, {999, 999, false, "$999"}, {1500, 1500, false, "$1.5k"}, {620_000_000, 620_000_000, true, "$620M or more"},
		{1_649, 1_651, false, "$1.6k to $1.7k"}, {1_250_000, 1_250_000, false, "$1.25M"}, {26_234_583, 26_234_583, false, "$26,234,583"}, {539_884, 26_234_583, false, "$539.8k to $26.3M"}, {1_650_000_000, 1_650_000_000, false, "$1.65B"}, {1_964_210_000, 2_070_800_001, false, "$1,964.21M to $2,070.9M"},
		{7_000_000_000, 7_000_000_000, false, "$7B"}, {452_265_000, 1_071_279_000, false, "$452.265M to $1,071.279M"},
	} {
		if got := Dollars(fundtrail.NewAmount(c.least), fundtrail.NewAmount(c.most), c.open); got != c.want {
			t.Errorf("%d to %d: %s, want %s", c.least, c.most, got, c.want)
		}
	}
	if got := Grouped("173600.5"); got != "173,600.5" {
		t.Error(got)
	}
}

// TestChains: of the thefts and of the coins taken; else of the robbed and the thief.
func TestChains(t *testing.T) {
	b := New(data.Embedded(), data.Contents{})
	v := b.At(time.Time{}, time.Time{})
	for id, want := range map[string]string{"ronin-bridge": "[eth]", "kucoin": "[eth]", "coinspaid": "[]"} {
		in, err := v.Incident(id)
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(Chains(&in)); got != want {
			t.Errorf("%s: %s, want %s", id, got, want)
		}
	}
	in := fundtrail.Incident{Figures: []fundtrail.Figure{{What: fundtrail.FigureStolen, Quantity: "1", Unit: "KRW"}, {What: fundtrail.FigureStolen, Asset: fundtrail.NativeAsset(fundtrail.Bitcoin)}, {What: fundtrail.FigureFrozen, Asset: fundtrail.NativeAsset(fundtrail.Ethereum)}}}
	if got := fmt.Sprint(Chains(&in)); got != "[btc]" {
		t.Errorf("%s", got)
	}
	if got := (&Question{By: ByChain}).key(&in); got != "btc" {
		t.Errorf("%q", got)
	}
}

// TestAboutIsEnough: what is told of one theft, case or act from the records that name it is
// what is told from all of them, on any two days.
func TestAboutIsEnough(t *testing.T) {
	whole := New(data.Embedded(), data.Contents{})
	days := [][2]time.Time{{}, {time.Date(2023, 12, 9, 0, 0, 0, 0, time.UTC), time.Date(2023, 12, 9, 0, 0, 0, 0, time.UTC)}}
	for _, d := range days {
		all := whole.At(d[0], d[1])
		for _, in := range all.Incidents {
			few := New(data.About(in.ID), data.Contents{}).At(d[0], d[1])
			got, err := few.Incident(in.ID)
			if err != nil || !reflect.DeepEqual(few.IncidentDoc(&got, true), all.IncidentDoc(&in, true)) {
				t.Errorf("%s of %v: %v, or it is told otherwise", in.ID, d, err)
			}
			for _, a := range few.Of(Ref{KindIncident, in.ID}).Actions {
				if !reflect.DeepEqual(few.ActionDoc(&a), all.ActionDoc(&a)) {
					t.Errorf("%s: %s is told otherwise", in.ID, a.ID)
				}
			}
		}
		for _, p := range all.Proceedings {
			few := New(data.About(p.ID), data.Contents{}).At(d[0], d[1])
			got, err := few.Proceeding(p.ID)
			if err != nil || !reflect.DeepEqual(few.ProceedingDoc(&got), all.ProceedingDoc(&p)) {
				t.Errorf("%s of %v: %v, or it is told otherwise", p.ID, d, err)
			}
			r := Ref{KindProceeding, p.ID}
			if x, y := few.Of(r), all.Of(r); !reflect.DeepEqual(actionIDs(x.Actions), actionIDs(y.Actions)) || !reflect.DeepEqual(proceedingIDs(x.Proceedings), proceedingIDs(y.Proceedings)) {
				t.Errorf("%s is linked otherwise", p.ID)
			}
		}
		for _, a := range all.Actions {
			few := New(data.About(a.ID), data.Contents{}).At(d[0], d[1])
			got, err := few.Action(a.ID)
			if err != nil || !reflect.DeepEqual(few.ActionDoc(&got), all.ActionDoc(&a)) {
				t.Errorf("%s of %v: %v, or it is told otherwise", a.ID, d, err)
			}
		}
	}
}

// TestOutcomes: what an act did is of the day of the act, and where no day is told, of none
// before the day on which it was known; what was stolen is of the theft's.
func TestOutcomes(t *testing.T) {
	figure := func(what fundtrail.FigureKind, by int, period fundtrail.When) fundtrail.Figure {
		return fundtrail.Figure{What: what, USD: fundtrail.NewAmount(7), By: string(what), Period: period, Known: known(by)}
	}
	in := fundtrail.Incident{ID: "theft", Name: "Theft", Dates: []fundtrail.DateClaim{{What: "happened", From: on(0), To: on(0), Known: known(0)}}, Figures: []fundtrail.Figure{
		figure(fundtrail.FigureStolen, 400, fundtrail.When{}), figure(fundtrail.FigureFrozen, 400, fundtrail.When{}), figure(fundtrail.FigureRecovered, 400, fundtrail.When{From: on(50), To: on(50)}),
	}}
	settle(&in)
	p := fundtrail.Proceeding{ID: "case", Name: "A case", Events: []fundtrail.CourtEvent{{What: fundtrail.Charged, When: fundtrail.When{From: on(10), To: on(10)}, Known: known(10)}},
		Figures: []fundtrail.Figure{figure(fundtrail.FigureMonths, 300, fundtrail.When{})}}
	b := New(data.Contents{Incidents: []fundtrail.Incident{in}, Proceedings: []fundtrail.Proceeding{p}}, data.Contents{})
	for _, c := range []struct {
		day  int
		want string
	}{{100, "stolen recovered"}, {350, "stolen recovered months"}, {400, "stolen frozen recovered months"}} {
		v := b.At(on(c.day), time.Time{})
		var got []string
		for _, f := range slices.Concat(v.Incidents[0].Figures, v.Proceedings[0].Figures) {
			got = append(got, string(f.What))
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("day %d: %v, want %s", c.day, got, c.want)
		}
	}
	if s := b.At(on(100), time.Time{}).Stolen(Question{By: ByYear}); len(s.All.Frozen.Incidents) != 0 || len(s.All.Recovered.Incidents) != 1 {
		t.Errorf("frozen %v, recovered %v", s.All.Frozen, s.All.Recovered)
	}
}

// TestFiguresByTheft: one walk over the records finds what a search for each theft does.
func TestFiguresByTheft(t *testing.T) {
	for seed := range uint64(20) {
		v := New(randomContents(rand.New(rand.NewPCG(seed, 5))), data.Contents{}).At(time.Time{}, time.Time{})
		all := v.figuresByTheft()
		for _, in := range v.Incidents {
			var want []fundtrail.Figure
			for _, f := range v.figuresOf(Ref{KindIncident, in.ID}, func(string) bool { return false }) {
				want = append(want, f.Figure)
			}
			if !slices.Equal(all[in.ID], want) {
				t.Errorf("seed %d, %s: %v, want %v", seed, in.ID, all[in.ID], want)
			}
		}
	}
}

// TestRelationsBegin: as of a day before somebody was charged, nothing says that he was.
func TestRelationsBegin(t *testing.T) {
	related := func(k fundtrail.Known) data.Contents {
		return data.Contents{Actors: []fundtrail.Actor{{ID: "a", Name: "A", Related: []fundtrail.Relation{{Actor: "b", How: "charged over it", Known: k}}}}}
	}
	for _, c := range []struct {
		known fundtrail.Known
		day   int
		want  int
	}{
		{known(100), 99, 0},
		{known(100), 100, 1},
		{fundtrail.Known{On: on(2000), Basis: fundtrail.KnownRetrieved}, 99, 1}, // no later than it was read says nothing of when
	} {
		v := New(related(c.known), data.Contents{}).At(on(c.day), time.Time{})
		if got := len(v.Actors[0].Related); got != c.want {
			t.Errorf("%v as of day %d: %d relations, want %d", c.known, c.day, got, c.want)
		}
	}
}
