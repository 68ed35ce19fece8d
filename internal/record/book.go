// Package record answers questions about the curated records: who was robbed, who is said
// to have done it, what governments and courts did, and what stood on a day or was known by
// one. It is pure: the records are given to it, and so are the days.
//
// A [Book] is all records, the program's and a user's. [Book.At] cuts it to two clocks, and
// everything else is asked of the [View] that results. Claims that contradict each other
// stand side by side in all of it; where one must be shown, it is the one with the highest
// confidence, and sums are ranges from the least to the most that is claimed.
package record

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/data"
)

// A Book is all records, each list sorted by ID. It does not change.
type Book struct {
	data.Contents
	Conflicts []Conflict // between the program's records and a user's
}

// A Conflict is where a user's record says otherwise than the program's in a field that
// holds one value. The program's is kept. (Claims are lists: they never conflict, both stand.)
type Conflict struct {
	Record string // "incidents/ronin-bridge"
	Field  string
	Ours   string // the program's, which is kept
	Theirs string // the user's
	Shown  bool   // Theirs is shown all the same: the user's claim is the surest of several
}

func (c Conflict) String() string {
	if c.Shown {
		return fmt.Sprintf("%s: %s: your record's claim of %s is surer than the program's of %s, and is shown first", c.Record, c.Field, c.Theirs, c.Ours)
	}
	return fmt.Sprintf("%s: %s: the program has %q, your record has %q: the program's is kept", c.Record, c.Field, c.Ours, c.Theirs)
}

// New merges a user's records into the program's, by ID. Neither is changed.
func New(ours, own data.Contents) *Book {
	b := &Book{}
	b.Incidents = merge(b, "incidents", ours.Incidents, own.Incidents, func(in *fundtrail.Incident) *string { return &in.ID }, b.incident)
	b.Proceedings = merge(b, "docket", ours.Proceedings, own.Proceedings, func(p *fundtrail.Proceeding) *string { return &p.ID }, b.proceeding)
	b.Actions = merge(b, "actions", ours.Actions, own.Actions, func(a *fundtrail.Action) *string { return &a.ID }, b.action)
	b.Publications = merge(b, "figures", ours.Publications, own.Publications, func(p *fundtrail.Publication) *string { return &p.ID }, b.publication)
	b.Actors = merge(b, "actors", ours.Actors, own.Actors, func(a *fundtrail.Actor) *string { return &a.ID }, b.actor)
	b.Services = merge(b, "services", ours.Services, own.Services, func(s *data.Service) *string { return &s.ID }, b.service)
	b.names()
	slices.SortFunc(b.Conflicts, func(x, y Conflict) int {
		return cmp.Or(cmp.Compare(x.Record, y.Record), cmp.Compare(x.Field, y.Field), cmp.Compare(x.Theirs, y.Theirs))
	})
	return b
}

// merge adds each of a user's records to ours of the same ID, or to the list.
func merge[T any](b *Book, folder string, ours, own []T, id func(*T) *string, add func(at string, to, more *T)) []T {
	out := slices.Clone(ours)
	at := map[string]int{}
	for i := range out {
		at[*id(&out[i])] = i
	}
	for _, more := range own {
		if i, ok := at[*id(&more)]; ok {
			add(folder+"/"+*id(&more), &out[i], &more)
			continue
		}
		out = append(out, more)
	}
	slices.SortStableFunc(out, func(x, y T) int { return cmp.Compare(*id(&x), *id(&y)) })
	return out
}

// scalar keeps our value of a field, takes theirs where we have none, and tells where they differ.
func (b *Book) scalar(record, field string, ours *string, theirs string) {
	switch {
	case theirs == "" || theirs == *ours:
	case *ours == "":
		*ours = theirs
	default:
		b.Conflicts = append(b.Conflicts, Conflict{Record: record, Field: field, Ours: *ours, Theirs: theirs})
	}
}

// join appends without touching the array of a record that others share.
func join[T any](a, b []T) []T { return slices.Concat(a, b) }

// union adds the words that are missing.
func union(a, b []string) []string {
	out := slices.Clone(a)
	for _, s := range b {
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

// sources joins two lists, each source once.
func sources(a, b []fundtrail.Source) []fundtrail.Source {
	out := slices.Clone(a)
	for _, s := range b {
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

func (b *Book) incident(at string, to, more *fundtrail.Incident) {
	b.scalar(at, "name", &to.Name, more.Name)
	b.scalar(at, "summary", &to.Summary, more.Summary)
	kind := string(to.Kind)
	b.scalar(at, "kind", &kind, string(more.Kind))
	to.Kind = fundtrail.VictimKind(kind)
	if victim := to.Victim.ID; more.Victim.ID != "" {
		b.scalar(at, "victim", &victim, more.Victim.ID)
	}
	before := to.Happened
	to.Aliases = union(to.Aliases, more.Aliases)
	to.Dates, to.Losses = join(to.Dates, more.Dates), join(to.Losses, more.Losses)
	to.Attributions, to.Figures = join(to.Attributions, more.Attributions), join(to.Figures, more.Figures)
	to.Thefts, to.Addresses = join(to.Thefts, more.Thefts), join(to.Addresses, more.Addresses)
	to.How, to.Statements = join(to.How, more.How), join(to.Statements, more.Statements)
	to.Sources = sources(to.Sources, more.Sources)
	settle(to)
	if !before.IsZero() && !to.Happened.Equal(before) {
		b.Conflicts = append(b.Conflicts, Conflict{at, "the day it happened", day(before), day(to.Happened), true})
	}
}

// settle fills in the dates that a summary shows from the claims there are.
func settle(in *fundtrail.Incident) {
	for what, to := range map[string]*time.Time{"happened": &in.Happened, "discovered": &in.Discovered, "disclosed": &in.Disclosed} {
		d, _ := in.Date(what)
		*to = d.From
	}
}

func (b *Book) proceeding(at string, to, more *fundtrail.Proceeding) {
	b.scalar(at, "name", &to.Name, more.Name)
	b.scalar(at, "summary", &to.Summary, more.Summary)
	b.scalar(at, "court", &to.Court, more.Court)
	b.scalar(at, "jurisdiction", &to.Jurisdiction, more.Jurisdiction)
	b.scalar(at, "number", &to.Number, more.Number)
	kind := string(to.Kind)
	b.scalar(at, "kind", &kind, string(more.Kind))
	to.Kind = fundtrail.ProceedingKind(kind)
	to.Aliases, to.Parties = union(to.Aliases, more.Aliases), join(to.Parties, more.Parties)
	charges := slices.Clone(to.Charges)
	for _, c := range more.Charges {
		i := slices.IndexFunc(charges, func(o fundtrail.Charge) bool { return o.Count == c.Count })
		if i < 0 {
			charges = append(charges, c)
		} else {
			b.scalar(at, fmt.Sprintf("charge %d", c.Count), &charges[i].Text, c.Text)
		}
	}
	to.Charges = charges
	to.Events = join(to.Events, more.Events)
	slices.SortStableFunc(to.Events, func(x, y fundtrail.CourtEvent) int { return cmpWhen(x.When, y.When) })
	to.Incidents, to.Services, to.Related = union(to.Incidents, more.Incidents), union(to.Services, more.Services), union(to.Related, more.Related)
	to.Figures, to.Statements = join(to.Figures, more.Figures), join(to.Statements, more.Statements)
	to.Sources = sources(to.Sources, more.Sources)
}

func cmpWhen(a, b fundtrail.When) int { return cmp.Or(a.From.Compare(b.From), a.To.Compare(b.To)) }

func (b *Book) action(at string, to, more *fundtrail.Action) {
	b.scalar(at, "name", &to.Name, more.Name)
	b.scalar(at, "summary", &to.Summary, more.Summary)
	b.scalar(at, "list", &to.List, more.List)
	kind := string(to.Kind)
	b.scalar(at, "kind", &kind, string(more.Kind))
	to.Kind = fundtrail.ActionKind(kind)
	if ours := day(to.When.From); !more.When.IsZero() {
		b.scalar(at, "date", &ours, day(more.When.From))
	}
	to.Aliases, to.By, to.Of = union(to.Aliases, more.Aliases), join(to.By, more.By), union(to.Of, more.Of)
	to.Incidents, to.Proceedings = union(to.Incidents, more.Incidents), union(to.Proceedings, more.Proceedings)
	to.Addresses, to.Figures = join(to.Addresses, more.Addresses), join(to.Figures, more.Figures)
	to.Statements, to.Sources = join(to.Statements, more.Statements), sources(to.Sources, more.Sources)
}

func (b *Book) publication(at string, to, more *fundtrail.Publication) {
	b.scalar(at, "name", &to.Name, more.Name)
	b.scalar(at, "definition", &to.Definition, more.Definition)
	to.Figures, to.Statements = join(to.Figures, more.Figures), join(to.Statements, more.Statements)
	to.Sources = sources(to.Sources, more.Sources)
}

func (b *Book) actor(at string, to, more *fundtrail.Actor) {
	b.scalar(at, "name", &to.Name, more.Name)
	b.scalar(at, "category", &to.Category, more.Category)
	to.Aliases, to.Related = union(to.Aliases, more.Aliases), join(to.Related, more.Related)
	to.Statements = join(to.Statements, more.Statements)
}

func (b *Book) service(at string, to, more *data.Service) {
	b.scalar(at, "name", &to.Name, more.Name)
	b.scalar(at, "actor", &to.Actor, more.Actor)
	b.scalar(at, "category", &to.Category, more.Category)
	b.scalar(at, "summary", &to.Summary, more.Summary)
	to.Tags, to.Figures, to.Statements = join(to.Tags, more.Tags), join(to.Figures, more.Figures), join(to.Statements, more.Statements)
	to.Pools, to.Routes = join(to.Pools, more.Pools), join(to.Routes, more.Routes)
	to.Sources = sources(to.Sources, more.Sources)
}

// names tells where a word would lead to two records of one kind, which is ours first.
func (b *Book) names() {
	for _, kind := range kinds {
		seen := map[string]string{}
		for _, names := range b.all(kind) {
			id := names[0]
			for _, n := range names {
				key := strings.ToLower(n)
				if other, ok := seen[key]; ok && other != id {
					b.Conflicts = append(b.Conflicts, Conflict{Record: kind.Folder() + "/" + id, Field: "name " + n, Ours: other, Theirs: id})
					continue
				}
				seen[key] = id
			}
		}
	}
}

// sortedKeys returns a map's keys in order.
func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

func day(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.DateOnly)
}
