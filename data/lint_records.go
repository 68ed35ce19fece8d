package data

import (
	"path"
	"slices"
	"strings"
	"time"

	"github.com/fundtrail/fundtrail"
)

// parse reads one record and holds it to the rules of its kind.
func (l *linter) parse(name string, raw []byte) error {
	kind, id := path.Dir(name), strings.TrimSuffix(path.Base(name), ".yaml")
	from := folder{l.name, l.base[kind][id]}
	var err error
	switch {
	case kind == "incidents":
		var in fundtrail.Incident
		if in, err = readIncident(raw, from); err == nil {
			l.incident(name, in, raw)
			l.out.Incidents = append(l.out.Incidents, in)
		}
	case kind == "docket":
		var p fundtrail.Proceeding
		if p, err = readProceeding(raw, from); err == nil {
			l.proceeding(name, p, from.addition)
			l.out.Proceedings = append(l.out.Proceedings, p)
		}
	case kind == "actions":
		var a fundtrail.Action
		if a, err = readAction(raw, from); err == nil {
			l.action(name, a)
			l.out.Actions = append(l.out.Actions, a)
		}
	case kind == "figures":
		var p fundtrail.Publication
		if p, err = readPublication(raw, from); err == nil {
			l.identity(name, p.ID, named(p.Name)...)
			l.figures(name, p.Figures)
			l.statements(name, p.Statements)
			l.out.Publications = append(l.out.Publications, p)
		}
	case kind == "services":
		var s Service
		if s, err = readService(raw, from); err == nil {
			l.service(name, s, from.addition)
			l.out.Services = append(l.out.Services, s)
		}
	case kind == "actors":
		var a fundtrail.Actor
		if a, err = readActor(raw, from); err == nil {
			l.actor(name, a)
			l.out.Actors = append(l.out.Actors, a)
		}
	case kind == "lists" && l.tidy:
		var list List
		if list, err = parseList(raw); err == nil {
			l.list(name, list)
		}
	case name == "assets.yaml" && l.tidy:
		var ts []Token
		if ts, err = parseAssets(raw); err == nil {
			l.assets(name, ts)
		}
	default:
		l.bad(name, "is in no folder of records: want one of %s", strings.Join(folders, ", "))
	}
	return err
}

// named is a name that a record has, or none.
func named(name string) []string {
	if name == "" {
		return nil
	}
	return []string{name}
}

// clock: nobody can know of what has not happened, unless a note says that it was set.
func (l *linter) clock(name, what string, happened time.Time, known fundtrail.Known, note string) {
	if known.On.IsZero() {
		l.bad(name, "%s: from when it was known cannot be told: its source is unread; say known", what)
	}
	if !happened.IsZero() && known.On.Before(dayOf(happened)) && note == "" {
		l.bad(name, "%s: known on %s (%s), before it happened on %s: say in a note why, or leave the date out", what,
			known.On.Format(time.DateOnly), known.Basis, happened.Format(time.DateOnly))
	}
}

func (l *linter) statements(name string, list []fundtrail.Statement) {
	for _, s := range list {
		l.clock(name, "statement "+short(s.Text), s.Date, s.Known, "")
	}
}

// short is the beginning of a sentence, to tell it from others.
func short(text string) string {
	if r := []rune(text); len(r) > 40 {
		return string(r[:40]) + "…"
	}
	return text
}

func (l *linter) figures(name string, list []fundtrail.Figure) {
	for _, f := range list {
		l.linked(name, "incident", f.Of, "incidents")
		l.linked(name, "service", f.Through, "services", "actors")
		l.linked(name, "actor", f.Actor, "actors")
		l.clock(name, string(f.What)+" "+f.USD.String()+f.Quantity+f.Unit, f.Period.From, f.Known, f.Note)
	}
}

func (l *linter) tags(name string, list []fundtrail.Tag) {
	for _, t := range list {
		l.linked(name, "actor", t.Actor, "actors")
	}
}

func (l *linter) incident(name string, in fundtrail.Incident, raw []byte) {
	l.identity(name, in.ID, in.Aliases...)
	l.summary(name, in.Summary)
	var y incidentYAML
	if err := decode(raw, &y); err != nil {
		l.bad(name, "%v", err)
	}
	l.linked(name, "actor", y.Victim.Actor, "actors")
	for _, d := range in.Dates {
		l.clock(name, "date "+d.What, d.From, d.Known, d.Note)
	}
	for _, a := range in.Attributions {
		l.linked(name, "actor", a.Actor, "actors")
		l.clock(name, "attribution to "+a.Actor, a.Date, a.Known, a.Note)
	}
	for _, c := range in.Losses {
		l.clock(name, "loss "+c.USD.String(), time.Time{}, c.Known, c.Note)
	}
	l.tags(name, in.Addresses)
	l.figures(name, in.Figures)
	l.statements(name, in.How)
	l.statements(name, in.Statements)
	var last time.Time
	for i, t := range in.Thefts {
		if !t.Time.IsZero() {
			if t.Time.Before(last) {
				l.bad(name, "theft %d is out of order", i+1)
			}
			last = t.Time
		}
		if t.StandsAs.Chain != "" && t.StandsAs == t.Asset {
			l.bad(name, "theft %d stands as itself", i+1)
		}
		if !t.ProceedsOf.IsZero() && !slices.ContainsFunc(in.Thefts, func(of fundtrail.Theft) bool {
			return of.Tx == t.ProceedsOf && !of.Proceeds
		}) {
			l.bad(name, "theft %d: proceeds of a theft that the record lacks: %s", i+1, t.ProceedsOf)
		}
		l.token(name, t.Asset, "theft %d", i+1)
	}
}

// token asks, once all are read, whether an asset's symbol and decimals are on record. A
// user's need not be: its amounts are then shown in base units.
func (l *linter) token(name string, a fundtrail.Asset, format string, args ...any) {
	l.wanted = append(l.wanted, func() {
		if l.tidy && !a.Contract.IsZero() && !l.tokens[a] {
			l.bad(name, format+": asset %s is not in assets.yaml", append(args, a)...)
		}
	})
}

func (l *linter) proceeding(name string, p fundtrail.Proceeding, addition bool) {
	l.identity(name, p.ID, append(named(p.Name), p.Aliases...)...)
	l.summary(name, p.Summary)
	parties := map[string]bool{}
	for _, x := range p.Parties {
		parties[x.Actor] = true
		l.linked(name, "actor", x.Actor, "actors")
	}
	among := func(what string, ids []string) {
		for _, id := range ids {
			if addition {
				l.linked(name, "actor", id, "actors")
			} else if !parties[id] {
				l.badAt(name, lineWith(l.doc, id), "%s: %q is no party of the case", what, id)
			}
		}
	}
	for _, c := range p.Charges {
		among("charge "+short(c.Text), c.Against)
	}
	for _, e := range p.Events {
		among("event "+short(e.Text), e.Of)
		l.clock(name, "event "+short(e.Text), e.When.From, e.Known, e.Note)
	}
	for _, id := range p.Incidents {
		l.linked(name, "incident", id, "incidents")
	}
	for _, id := range p.Services {
		l.linked(name, "service", id, "services", "actors")
	}
	for _, id := range p.Related {
		l.linked(name, "proceeding or action", id, "docket", "actions")
	}
	l.figures(name, p.Figures)
	l.statements(name, p.Statements)
}

func (l *linter) action(name string, a fundtrail.Action) {
	l.identity(name, a.ID, a.Aliases...)
	l.summary(name, a.Summary)
	if day := a.When.From.Format(time.DateOnly); !a.When.IsZero() &&
		!strings.HasPrefix(a.ID, day+"-") && (!a.When.To.After(a.When.From) || !strings.HasPrefix(a.ID, day[:len("2006-01")]+"-")) {
		l.badAt(name, lineOf(l.doc, within("date", nil)), "id %s does not begin with its day, %s", a.ID, day)
	}
	for _, x := range a.By {
		l.linked(name, "actor", x.Actor, "actors")
	}
	for _, id := range a.Of {
		l.linked(name, "actor or service", id, "actors", "services")
	}
	for _, id := range a.Incidents {
		l.linked(name, "incident", id, "incidents")
	}
	for _, id := range a.Proceedings {
		l.linked(name, "proceeding", id, "docket")
	}
	l.linked(name, "list", a.List, "lists")
	if !a.When.IsZero() {
		l.clock(name, "the action", a.When.From, a.Known, a.Note)
	}
	l.tags(name, a.Addresses)
	l.figures(name, a.Figures)
	l.statements(name, a.Statements)
}

func (l *linter) service(name string, s Service, addition bool) {
	l.identity(name, s.ID)
	l.summary(name, s.Summary)
	if s.Actor == "" && !addition {
		l.bad(name, "no actor")
	}
	l.linked(name, "actor", s.Actor, "actors")
	if len(s.Tags) == 0 && l.tidy {
		l.bad(name, "no addresses")
	}
	l.tags(name, s.Tags)
	for _, t := range s.Tags {
		if other, ok := l.claimed[t.Address]; ok && other != name && l.tidy {
			l.bad(name, "address %s is claimed by %s too", t.Address, other)
		}
		l.claimed[t.Address] = name
	}
	at := map[fundtrail.Address]Pool{}
	for _, p := range s.Pools {
		if _, twice := at[p.Tag.Address]; twice {
			l.bad(name, "pool %s stands twice", p.Tag.Address)
		}
		at[p.Tag.Address] = p
		l.token(name, p.Asset, "pool %s", p.Tag.Label)
	}
	seen := map[deposit]bool{}
	for _, r := range s.Routes {
		d := deposit{r.Router, at[r.Pool].Asset, at[r.Pool].Amount}
		if seen[d] {
			l.bad(name, "router %s passes %s of %s to two pools", r.Router, d.amount, d.asset)
		}
		seen[d] = true
	}
	l.figures(name, s.Figures)
	l.statements(name, s.Statements)
}

func (l *linter) actor(name string, a fundtrail.Actor) {
	l.identity(name, a.ID, append(a.Aliases, named(a.Name)...)...)
	for _, r := range a.Related {
		l.linked(name, "actor", r.Actor, "actors")
		if r.Actor == a.ID {
			l.bad(name, "is related to itself")
		}
	}
	l.statements(name, a.Statements)
}

func (l *linter) list(name string, list List) {
	l.identity(name, list.ID, list.Name)
	l.summary(name, list.Summary)
	if !slices.IsSorted(list.Languages) {
		l.bad(name, "languages are not sorted")
	}
	seen := map[string]string{}
	for _, d := range list.Downloads {
		for _, f := range d.Files {
			// The same file twice would be asked for twice.
			if other, ok := seen[f.URL]; ok {
				l.bad(name, "download %s: %s is in download %s too", d.Name, f.URL, other)
			}
			seen[f.URL] = d.Name
		}
	}
}

func (l *linter) assets(name string, ts []Token) {
	for i, t := range ts {
		l.tokens[t.Asset] = true
		if i > 0 && ts[i-1].Asset.Compare(t.Asset) >= 0 {
			l.bad(name, "asset %s is out of order", t.Asset)
		}
	}
}
