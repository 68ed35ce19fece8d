package brief

import (
	"cmp"
	"slices"
	"strings"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/data"
)

// fromMemory is the most that the records give a claim for which nobody has seen a source.
const fromMemory = 20

// act is one action: who did what to whom, with the record's own words and figures.
func (b *builder) act(a *fundtrail.Action) Item {
	at := "actions/" + a.ID
	claims := []basis{{at, "", "", a.Known, a.Confidence, a.Source}}
	for i, g := range a.By {
		claims = append(claims, basis{at, nth("by", i), "", g.Known, g.Confidence, g.Source})
	}
	args := []string{"date", b.l.when(a.When), "by", b.agencies(a.By), "of", b.subject(a)}
	text := ""
	if a.Kind == fundtrail.Attributed && len(a.Of) > 0 && len(a.Incidents) > 0 {
		text = b.say("act.attributed", append(args, "who", b.parties(a.Of))...)
	} else {
		text = b.say("act."+string(a.Kind), args...)
	}
	if a.Confidence <= fromMemory {
		text = b.say("unconfirmed", "text", text)
	}
	item := Item{ID: at, Topic: string(a.Kind), About: about(a.Of, a.Incidents, a.Proceedings), Line: b.line(text, claims...).at(a.When).quoting(cmp.Or(a.Summary, a.Name))}
	item.Values = append(item.Values, Value{What: "agencies", Least: number(len(a.By)), Most: number(len(a.By)), Unit: "agencies"})
	item.Lines = append(item.Lines, b.figures(at, a.Figures)...)
	for i, s := range a.Statements {
		item.Lines = append(item.Lines, b.statement(at, i, s))
	}
	if a.Note != "" {
		item.Lines = append(item.Lines, b.line(b.quoted(a.Note), claims[0]).in("note"))
	}
	return item
}

// subject is what an act was about: the parties of a listing, the service or the theft of a
// seizure, and of the rest what the record calls it.
func (b *builder) subject(a *fundtrail.Action) string {
	var names []string
	switch {
	case slices.Contains(listing, a.Kind):
		names = []string{b.parties(a.Of)}
	case slices.Contains(seizing, a.Kind) || a.Kind == fundtrail.Attributed:
		for _, id := range a.Of {
			if b.service(id) != nil && a.Kind != fundtrail.Attributed {
				names = add(names, b.party(id))
			}
		}
		if len(names) == 0 {
			for _, id := range a.Incidents {
				names = add(names, b.incidentName(id))
			}
		}
	}
	if of := b.l.list(names); of != "" {
		return of
	}
	return b.quoted(a.Name)
}

// statement is a record's own sentence, in its own words.
func (b *builder) statement(at string, i int, s fundtrail.Statement) Line {
	text := b.quoted(s.Text)
	if by := b.l.name(s.By); by != "" {
		text = b.say("says", "by", by, "amount", text)
	}
	return b.line(text, basis{at, nth("statements", i), s.By, s.Known, s.Confidence, s.Source}).at(day(s.Date)).in("statements")
}

func (b *builder) quoted(s string) string { return b.l.quoted(s) }

func (l Lang) quoted(s string) string {
	if l == Japanese {
		return "「" + s + "」"
	}
	return "“" + s + "”"
}

// about joins the ids that an item is about, each once.
func about(lists ...[]string) []string {
	out := []string{}
	for _, list := range lists {
		for _, id := range list {
			if id != "" && !slices.Contains(out, id) {
				out = append(out, id)
			}
		}
	}
	return out
}

// Which acts a section tells, besides those on lists.
var (
	listing = []fundtrail.ActionKind{fundtrail.Designated, fundtrail.ListUpdated, fundtrail.Delisted}
	seizing = []fundtrail.ActionKind{fundtrail.Seized, fundtrail.TakenDown, fundtrail.Frozen, fundtrail.ForfeitureBy}
	joining = []fundtrail.ActionKind{fundtrail.Met, fundtrail.Stated, fundtrail.Reported, fundtrail.Voted, fundtrail.Advised, fundtrail.Attributed}
)

// states counts the states that took part in an act.
func states(a *fundtrail.Action) int {
	var seen []string
	for _, g := range a.By {
		if g.Country != "" && !slices.Contains(seen, g.Country) {
			seen = append(seen, g.Country)
		}
	}
	return len(seen)
}

// isJoint reports whether an act is of several states together.
func (b *builder) isJoint(a *fundtrail.Action) bool {
	return slices.Contains(joining, a.Kind) && (states(a) > 1 || a.Kind == fundtrail.Met || a.Kind == fundtrail.Voted)
}

// acts are the sections of seizures, of joint work and of what is neither nor a listing,
// newest first.
func (b *builder) acts() {
	var seizures, joint, other []Item
	for _, a := range slices.Backward(b.reach.byDay()) {
		switch {
		case slices.Contains(seizing, a.Kind):
			seizures = append(seizures, b.act(a))
		case b.isJoint(a):
			joint = append(joint, b.act(a))
		case !slices.Contains(listing, a.Kind):
			other = append(other, b.act(a))
		}
	}
	b.section("stands", "seizures", seizures)
	b.section("stands", "joint", joint)
	if len(other) > 0 {
		b.section("stands", "other", other)
	}
}

// byDay are the acts in scope, the oldest first.
func (s *scope) byDay() []*fundtrail.Action {
	out := slices.Clone(s.actions)
	slices.SortStableFunc(out, func(x, y *fundtrail.Action) int {
		return cmp.Or(x.When.From.Compare(y.When.From), cmp.Compare(x.ID, y.ID))
	})
	return out
}

// A listed party and what was done to its place on sanctions lists, by day. What one list
// took off another may keep: a standing is of one list.
type listed struct {
	ids  []string // one, or several to whom the same was done by the same acts
	list string
	acts []*fundtrail.Action
}

// is reports whether an id is of a party that this tells of.
func (l *listed) is(id string) bool { return slices.Contains(l.ids, id) }

// mixing is the category of mixers (doc/records.md).
const mixing = "mixing_service"

// listings folds the acts on lists by party and list. An act that states no list is of the
// list of its first agency.
func (b *builder) listings() []listed {
	var out []listed
	for _, a := range b.reach.byDay() {
		if !slices.Contains(listing, a.Kind) {
			continue
		}
		list := a.List
		if list == "" && len(a.By) > 0 {
			list = cmp.Or(a.By[0].Actor, a.By[0].Name)
		}
		for _, id := range a.Of {
			i := slices.IndexFunc(out, func(l listed) bool { return l.is(id) && l.list == list })
			if i < 0 {
				i, out = len(out), append(out, listed{ids: []string{id}, list: list})
			}
			out[i].acts = append(out[i].acts, a)
		}
	}
	return out
}

// standing tells whether a party is listed on the day, and by which acts it came to be so.
func (b *builder) standing(l listed) Item {
	var since, last *fundtrail.Action // the act that put it on the list, and the last that put it on or off
	for _, a := range l.acts {
		switch {
		case a.Kind == fundtrail.Delisted:
			last = a
		case last == nil || last.Kind == fundtrail.Delisted:
			since, last = a, a
		}
	}
	name, day := b.parties(l.ids), b.l.day(b.o.asOf)
	var text, topic string
	switch {
	case last.Kind != fundtrail.Delisted:
		topic = "listed"
		text = b.say("standing.listed", "name", name, "day", day, "date", b.l.when(since.When), "by", b.agencies(since.By))
	case since != nil:
		topic = "delisted"
		text = b.say("standing.delisted", "name", name, "day", day, "since", b.l.when(since.When), "date", b.l.when(last.When), "by", b.agencies(last.By))
	default:
		topic = "delisted"
		text = b.say("standing.off", "name", name, "date", b.l.when(last.When), "by", b.agencies(last.By))
	}
	var claims []basis
	item := Item{ID: "standing/" + strings.Join(l.ids, "+") + "/" + l.list, Topic: topic, About: about(l.ids)}
	for _, a := range l.acts {
		claims = append(claims, basis{"actions/" + a.ID, "", "", a.Known, a.Confidence, a.Source})
	}
	item.Line = b.line(text, claims...).at(last.When)
	for i, a := range l.acts {
		item.About = about(item.About, []string{a.ID}, a.Incidents)
		what := "event." + string(a.Kind)
		if a.Kind == fundtrail.Designated && a != since && i > 0 && l.acts[i-1].Kind != fundtrail.Delisted {
			what = "event.again"
		}
		s := b.say("standing.event", "what", b.say(what), "date", b.l.when(a.When), "by", b.agencies(a.By))
		if len(l.acts) > 1 {
			item.Lines = append(item.Lines, b.line(s, claims[i]).at(a.When).in("history"))
		}
		// An act that only names a listed party beside others has no figures of its entry.
		for n := range a.Figures {
			f := &a.Figures[n]
			if f.What == fundtrail.FigureThings && (l.is(f.Actor) || f.Actor == "" && (len(a.Of) == len(l.ids) || a == since || a.Kind == fundtrail.ListUpdated)) {
				line := b.figure("actions/"+a.ID, n, f)
				if len(a.Of) > len(l.ids) && f.Actor == "" {
					line.Group = "named" // by the act, of all whom it was about
				}
				item.Lines = append(item.Lines, line)
			}
		}
	}
	return item
}

// mixers tells of every mixer that acts on lists name: where it stands, what claims say went
// through it, and what traces say.
func (b *builder) mixers() {
	var items []Item
	for _, l := range b.listings() {
		v := b.service(l.ids[0])
		if v == nil || v.Category != mixing {
			continue
		}
		item := b.standing(l)
		item.ID = "mixer/" + v.ID
		item.About = about([]string{v.ID}, item.About)
		item.Lines = append(item.Lines, b.through(v)...)
		item.Lines = append(item.Lines, b.tracedInto(v)...)
		items = append(items, item)
	}
	b.section("stands", "mixers", items)
}

// listed tells of the other parties on lists.
func (b *builder) listed() {
	var parties []listed
	for _, l := range b.listings() {
		if v := b.service(l.ids[0]); v != nil && v.Category == mixing {
			continue
		}
		if i := slices.IndexFunc(parties, func(o listed) bool { return o.list == l.list && slices.Equal(o.acts, l.acts) }); i >= 0 {
			parties[i].ids = append(parties[i].ids, l.ids...)
			continue
		}
		parties = append(parties, l)
	}
	var items []Item
	for _, l := range parties {
		items = append(items, b.standing(l))
	}
	b.section("stands", "listed", items)
}

// service finds a service by its own id or its actor's.
func (b *builder) service(id string) *data.Service {
	for i := range b.r.Services {
		if b.r.Services[i].ID == id {
			return &b.r.Services[i]
		}
	}
	for i := range b.r.Services {
		if b.r.Services[i].Actor == id {
			return &b.r.Services[i]
		}
	}
	return nil
}

// through are all claims about what went through a service, wherever they stand, the
// earliest known first.
func (b *builder) through(v *data.Service) []Line {
	type claim struct {
		record string
		i      int
		f      *fundtrail.Figure
	}
	var found []claim
	take := func(at string, figures []fundtrail.Figure) {
		for i := range figures {
			if f := &figures[i]; f.Through == v.ID || v.Actor != "" && f.Through == v.Actor {
				found = append(found, claim{at, i, f})
			}
		}
	}
	for i := range b.r.Incidents {
		of := slices.Clone(b.r.Incidents[i].Figures) // of the theft that they stand with
		for n := range of {
			of[n].Of = cmp.Or(of[n].Of, b.r.Incidents[i].ID)
		}
		take("incidents/"+b.r.Incidents[i].ID, of)
	}
	for i := range b.r.Actions {
		take("actions/"+b.r.Actions[i].ID, b.r.Actions[i].Figures)
	}
	for i := range b.r.Proceedings {
		take("docket/"+b.r.Proceedings[i].ID, b.r.Proceedings[i].Figures)
	}
	for i := range b.r.Publications {
		take("figures/"+b.r.Publications[i].ID, b.r.Publications[i].Figures)
	}
	for i := range b.r.Services {
		take("services/"+b.r.Services[i].ID, b.r.Services[i].Figures)
	}
	slices.SortStableFunc(found, func(x, y claim) int {
		return cmp.Or(x.f.Known.On.Compare(y.f.Known.On), cmp.Compare(x.record, y.record), cmp.Compare(x.i, y.i))
	})
	var out []Line
	at := map[fundtrail.Figure]int{} // one who says the same twice, in two records, says it once
	for _, c := range found {
		key := fundtrail.Figure{USD: c.f.USD, Quantity: c.f.Quantity, Unit: c.f.Unit, Qualifier: c.f.Qualifier, Of: c.f.Of, By: c.f.By}
		l := b.figure(c.record, c.i, c.f).in("through")
		if i, ok := at[key]; ok {
			out[i].Cites = append(out[i].Cites, l.Cites...)
			slices.Sort(out[i].Cites)
			out[i].Cites = slices.Compact(out[i].Cites)
			continue
		}
		at[key] = len(out)
		out = append(out, l)
	}
	return out
}
