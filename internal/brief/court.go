package brief

import (
	"cmp"
	"slices"
	"time"

	"github.com/fundtrail/fundtrail"
)

// A Standing is where a proceeding stands for one of its parties on the day.
type Standing struct {
	Party  fundtrail.CourtParty
	Events []int // of the proceeding's events, those that concern the party, by time
}

// fragment is one court event in few words: "guilty on 6 August 2025 (count 2)".
func (b *builder) fragment(e *fundtrail.CourtEvent) string {
	args := []string{"date", b.l.when(e.When), "counts", b.counts(e.Charges)}
	key := "court." + string(e.What)
	if e.What == fundtrail.TrialSet || e.What == fundtrail.HearingSet {
		if e.Expected.IsZero() {
			key += ".undated"
		} else {
			args = append(args, "expected", b.l.when(e.Expected))
		}
	}
	return b.say(key, args...)
}

// counts names the counts that an event decides.
func (b *builder) counts(list []int) string {
	if len(list) == 0 {
		return ""
	}
	var names []string
	for _, n := range list {
		names = append(names, number(n))
	}
	if len(names) == 1 {
		return b.say("count", "n", names[0])
	}
	return b.say("counts", "n", b.l.list(names))
}

var custody = []fundtrail.CourtEventKind{fundtrail.Arrested, fundtrail.Released, fundtrail.Detained, fundtrail.AtLarge}

// telling are the events that say where a case stands for a party: the last word on custody,
// every decision, what is set for a later day, and where the sources end.
func (b *builder) telling(p *fundtrail.Proceeding, events []int) (out []int) {
	last := map[string]int{}
	for _, i := range events {
		if slices.Contains(custody, p.Events[i].What) {
			last["custody"] = i
		}
		if p.Events[i].What == fundtrail.TrialSet || p.Events[i].What == fundtrail.Tried {
			last["trial"] = i
		}
		last[string(p.Events[i].What)] = i
	}
	for n, i := range events {
		e := &p.Events[i]
		switch e.What {
		case fundtrail.Arrested, fundtrail.Released, fundtrail.Detained, fundtrail.AtLarge:
			if last["custody"] != i {
				continue
			}
		case fundtrail.TrialSet:
			if last["trial"] != i || !e.Expected.IsZero() && e.Expected.To.Before(b.o.AsOf) && decided(p, events[n+1:]) {
				continue
			}
		case fundtrail.HearingSet, fundtrail.Ruled, fundtrail.Moved, fundtrail.Complained:
			if last[string(e.What)] != i || e.What == fundtrail.Complained && last[string(fundtrail.Charged)] > 0 {
				continue
			}
		case fundtrail.Tried:
			if decided(p, events[n+1:]) {
				continue
			}
		}
		out = append(out, i)
	}
	return out
}

func decided(p *fundtrail.Proceeding, events []int) bool {
	return slices.ContainsFunc(events, func(i int) bool {
		switch p.Events[i].What {
		case fundtrail.Convicted, fundtrail.Hung, fundtrail.Acquitted, fundtrail.Dismissed, fundtrail.Sentenced, fundtrail.Pleaded, fundtrail.Tried:
			return true
		}
		return false
	})
}

// court tells every case, defendant by defendant, newest event first.
func (b *builder) court() {
	list := slices.Clone(b.reach.proceedings)
	slices.SortStableFunc(list, func(x, y *fundtrail.Proceeding) int {
		return cmp.Or(lastEvent(y).Compare(lastEvent(x)), cmp.Compare(x.ID, y.ID))
	})
	var items []Item
	for _, p := range list {
		for _, s := range b.r.Standing(p) {
			items = append(items, b.party1(p, s))
		}
	}
	b.section("stands", "court", items)
}

func lastEvent(p *fundtrail.Proceeding) (last time.Time) {
	for _, e := range p.Events {
		if e.When.From.After(last) {
			last = e.When.From
		}
	}
	return last
}

// party1 is one party's case.
func (b *builder) party1(p *fundtrail.Proceeding, s Standing) Item {
	record := "docket/" + p.ID
	id := cmp.Or(s.Party.Actor, s.Party.Name)
	who := b.l.name(cmp.Or(s.Party.Name, b.r.partyName(s.Party.Actor)))
	item := Item{ID: "case/" + p.ID, Topic: "case", About: about([]string{p.ID, s.Party.Actor}, p.Services, p.Incidents)}
	if id != "" {
		item.ID += "/" + id
	}
	claims := []basis{{record, "", "", p.Known, p.Confidence, p.Source}}
	if id != "" {
		claims = append(claims, basis{record, "parties", "", s.Party.Known, s.Party.Confidence, s.Party.Source})
	}
	event := func(i int) basis {
		e := &p.Events[i]
		return basis{record, nth("events", i), e.By, e.Known, e.Confidence, e.Source}
	}
	var parts []string
	var last fundtrail.When
	for _, i := range b.telling(p, s.Events) {
		parts = append(parts, b.fragment(&p.Events[i]))
		claims = append(claims, event(i))
		item.Values = append(item.Values, courtValue(&p.Events[i]))
	}
	if len(s.Events) > 0 {
		last = p.Events[s.Events[len(s.Events)-1]].When
	}
	status := b.l.semicolons(parts)
	if status == "" {
		status = b.say("court.nothing")
	}
	values := item.Values
	if who == "" {
		item.Line = b.line(b.say("court.case", "case", p.Name, "court", p.Court, "status", status), claims...).at(last)
	} else {
		item.Line = b.line(b.say("court.party", "who", who, "case", p.Name, "court", p.Court, "status", status), claims...).at(last)
	}
	item.Values = values
	for i, c := range p.Charges {
		if len(c.Against) == 0 || slices.Contains(c.Against, s.Party.Actor) {
			text := b.say("court.charge", "n", number(c.Count), "text", b.quoted(c.Text))
			item.Lines = append(item.Lines, b.line(text, basis{record, nth("charges", i), "", c.Known, c.Confidence, c.Source}).in("charges").
				with(Value{What: "charge", Least: number(c.Count), Most: number(c.Count), Unit: "count"}).quoting(c.Text))
		}
	}
	for _, i := range s.Events {
		e := &p.Events[i]
		item.Lines = append(item.Lines, b.line(b.fragment(e), event(i)).at(e.When).in("history").quoting(e.Text).with(courtValue(e)))
	}
	for i := range p.Figures {
		item.Lines = append(item.Lines, b.figure(record, i, &p.Figures[i]))
	}
	return item
}

// courtValue is an event for programs: what happened, and of a trial that is set, for when.
func courtValue(e *fundtrail.CourtEvent) Value {
	v := Value{What: string(e.What), Least: iso(e.When.From), Most: iso(e.When.To), Unit: "day"}
	if !e.Expected.IsZero() {
		v.Least, v.Most = iso(e.Expected.From), iso(e.Expected.To)
	}
	v.Count = len(e.Charges)
	return v
}
