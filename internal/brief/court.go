package brief

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/record"
)

// A standing is where a proceeding stands for those of its parties to whom the same happened.
type standing struct {
	parties []fundtrail.CourtParty
	record.Standing
}

func standings(p *fundtrail.Proceeding) (out []standing) {
	for _, s := range record.Standings(p) {
		i := slices.IndexFunc(out, func(o standing) bool { return slices.Equal(o.Events, s.Events) && len(o.Counts) == len(s.Counts) })
		if i < 0 {
			i, out = len(out), append(out, standing{Standing: s})
		}
		if s.Party.Actor != "" || s.Party.Name != "" {
			out[i].parties = append(out[i].parties, s.Party)
		}
	}
	return slices.DeleteFunc(out, func(s standing) bool { return len(s.Events) == 0 && len(s.Counts) == 0 })
}

// courtParty names a party of a case.
func (b *builder) courtParty(p *fundtrail.CourtParty) string {
	if p.Name != "" {
		return b.l.name(p.Name)
	}
	return b.party(p.Actor)
}

// fragment is one court event in few words: "guilty on 6 August 2025 (count 2)".
func (b *builder) fragment(e *fundtrail.CourtEvent) string {
	date := b.l.when(e.When)
	// Where a source states no day, the record has the source's own, and says so.
	if strings.HasPrefix(e.Text, "By this ") && e.What != fundtrail.TrialSet && e.What != fundtrail.HearingSet && e.What != fundtrail.AtLarge {
		date = b.say("court.by", "date", date)
	}
	args := []string{"date", date, "counts", b.counts(e.Charges)}
	key := "court." + string(e.What)
	if e.What == fundtrail.TrialSet || e.What == fundtrail.HearingSet {
		if e.Expected.IsZero() {
			key += ".undated"
		} else {
			args = append(args, "expected", b.l.when(e.Expected))
		}
	}
	// Of a motion it is half the news who asks.
	if e.What == fundtrail.Moved && e.By != "" {
		key += ".by"
		args = append(args, "by", b.l.name(e.By))
	}
	text := b.say(key, args...)
	if e.Confidence <= fromMemory {
		text = b.say("unconfirmed.event", "text", text)
	}
	return text
}

// charge is what somebody is charged with: in the records' words where the language has none.
func (b *builder) charge(text string) string {
	if s := b.l.name(text); s != text {
		return s
	}
	return b.quoted(text)
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

// telling are the events that say where a case stands for a party, by time: the charge, the
// last word on custody, every decision, what is set for a later day, and where the sources end.
func (b *builder) telling(p *fundtrail.Proceeding, s *standing) (out []int) {
	lasts := []*fundtrail.CourtEvent{s.Custody, s.Sentence, s.Appeal, s.Motion, s.Ruling, s.Dismissed, s.LastSeen}
	if s.Trial != nil && !s.Decided() {
		lasts = append(lasts, s.Trial)
	}
	if s.Hearing != nil && !s.Hearing.Expected.To.Before(b.o.asOf) || s.Hearing != nil && s.LastSeen != nil {
		lasts = append(lasts, s.Hearing)
	}
	charged := slices.ContainsFunc(s.Events, func(i int) bool { return p.Events[i].What == fundtrail.Charged })
	for _, i := range s.Events {
		e := &p.Events[i]
		told := slices.Contains(lasts, e)
		switch e.What {
		case fundtrail.Charged, fundtrail.Pleaded, fundtrail.Convicted, fundtrail.Hung, fundtrail.Acquitted, fundtrail.Dismissed, fundtrail.Forfeited:
			told = true
		case fundtrail.Complained:
			told = !charged
		}
		if told {
			out = append(out, i)
		}
	}
	return out
}

// cases are the proceedings in scope, that with the newest event first.
func (b *builder) cases() []*fundtrail.Proceeding {
	list := slices.Clone(b.reach.proceedings)
	slices.SortStableFunc(list, func(x, y *fundtrail.Proceeding) int {
		return cmp.Or(lastEvent(y).Compare(lastEvent(x)), cmp.Compare(x.ID, y.ID))
	})
	return list
}

// court tells every case, defendant by defendant.
func (b *builder) court() {
	var items []Item
	for _, p := range b.cases() {
		for _, s := range standings(p) {
			items = append(items, b.standingOf(p, &s))
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

// standingOf is the case of those to whom the same happened in it.
func (b *builder) standingOf(p *fundtrail.Proceeding, s *standing) Item {
	at := "docket/" + p.ID
	item := Item{ID: "case/" + p.ID, Topic: "case", About: about([]string{p.ID})}
	claims := []basis{{at, "", "", p.Known, p.Confidence, p.Source}}
	var ids, who []string
	for i := range s.parties {
		party := &s.parties[i]
		ids = append(ids, cmp.Or(party.Actor, party.Name))
		who = add(who, b.courtParty(party))
		claims = append(claims, basis{at, nth("parties", i), "", party.Known, party.Confidence, party.Source})
	}
	if len(ids) > 0 {
		item.ID += "/" + strings.Join(ids, "+")
	}
	item.About = about(item.About, ids, p.Services, p.Incidents)
	event := func(i int) basis {
		e := &p.Events[i]
		return basis{at, nth("events", i), e.By, e.Known, e.Confidence, e.Source}
	}
	var parts []string
	var last fundtrail.When
	told := b.telling(p, s)
	var happened []Value
	for _, i := range told {
		parts = append(parts, b.fragment(&p.Events[i]))
		claims = append(claims, event(i))
		happened = append(happened, courtValue(&p.Events[i]))
	}
	if len(s.Events) > 0 {
		last = p.Events[s.Events[len(s.Events)-1]].When
	}
	status := b.l.semicolons(parts)
	if status == "" {
		status = b.say("court.nothing")
	}
	text := b.say("court.case", "case", b.l.name(p.Name), "court", b.l.name(p.Court), "status", status)
	if len(who) > 0 {
		text = b.say("court.party", "who", b.l.list(who), "case", b.l.name(p.Name), "court", b.l.name(p.Court), "status", status)
	}
	item.Line = b.line(text, claims...).at(last).with(happened...)
	for _, n := range s.Counts {
		c := n.Charge
		text := b.say("court.charge", "n", number(c.Count), "text", b.charge(c.Text))
		item.Lines = append(item.Lines, b.line(text, basis{at, "charge " + number(c.Count), "", c.Known, c.Confidence, c.Source}).in("charges").
			with(Value{What: string(n.Outcome), Least: number(c.Count), Most: number(c.Count), Unit: "count"}))
	}
	for _, i := range s.Events {
		e := &p.Events[i]
		l := b.line(b.fragment(e), event(i)).at(e.When).in("history").with(courtValue(e))
		if !slices.Contains(plainly, e.What) || e.Note != "" || strings.HasPrefix(e.Text, "By this") {
			l.Quote = e.Text
		}
		if l.Quote != "" || len(told) < len(s.Events) {
			item.Lines = append(item.Lines, l)
		}
	}
	item.Lines = append(item.Lines, b.figures(at, p.Figures)...)
	return item
}

// plainly are the events of which a few words say everything; of others the record's own
// sentence says what was asked, ruled or set.
var plainly = []fundtrail.CourtEventKind{
	fundtrail.Charged, fundtrail.Arrested, fundtrail.AtLarge, fundtrail.Convicted, fundtrail.Hung, fundtrail.Acquitted, fundtrail.Tried,
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
