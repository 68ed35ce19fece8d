package brief

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/record"
)

// builder makes one brief.
type builder struct {
	o       Options
	l       Lang
	r       *record.View
	stolen  record.Stolen
	in      Inputs
	since   time.Time
	out     *Brief
	numbers map[referenceKey]int
	reach   scope
}

// New writes down what the records say on the view's day, as was known by its other one.
func New(r *record.View, in Inputs, o Options) (*Brief, error) {
	o.asOf, o.knownBy = r.AsOf, r.KnownBy
	if err := o.check(); err != nil {
		return nil, err
	}
	b := &builder{o: o, l: o.Lang, r: r, in: in, numbers: map[referenceKey]int{}}
	b.since = o.Since
	if b.since.IsZero() {
		b.since = o.asOf.AddDate(0, 0, -o.Days)
	}
	b.stolen = r.Stolen(record.Question{By: record.ByYear, AttributedTo: o.Topic})
	b.reach = newScope(r, o.Topic, b.stolen.Actors)
	b.out = &Brief{
		Schema: Schema, Program: o.Program, Lang: o.Lang, AsOf: iso(o.asOf), KnownBy: iso(o.knownBy), Since: iso(b.since),
		Changes: !o.Since.IsZero(), Topic: o.Topic, link: o.Link, References: []Reference{},
	}
	b.title()
	if !b.out.Changes {
		b.short()
	}
	b.news()
	if !b.out.Changes {
		b.totals()
		b.thefts()
		b.mixers()
		b.listed()
		b.court()
		b.acts()
	}
	b.traces()
	if !b.out.Changes {
		b.open()
		b.plots()
	}
	return b.out, nil
}

func (b *builder) say(key string, args ...string) string { return b.l.say(key, args...) }

func (b *builder) title() {
	key, args := "title.", []string{"day", b.l.day(b.o.asOf)}
	if b.o.Topic == "" {
		key += "all"
	} else {
		key += b.o.Topic
	}
	if b.out.Changes {
		key, args = key+".changes", append(args, "since", b.l.day(b.since))
	}
	b.out.Title = b.say(key, args...)
	day := b.l.day(b.o.asOf)
	s := &b.out.Scope
	*s = append(*s, b.say("scope.asof", "day", day))
	if b.o.knownBy.IsZero() {
		*s = append(*s, b.say("scope.later"))
	} else {
		*s = append(*s, b.say("scope.known", "day", b.l.day(b.o.knownBy)))
	}
	*s = append(*s, b.say("scope.new", "since", b.l.day(b.since), "day", day))
	*s = append(*s, b.say("scope.records", "incidents", b.count("theft", len(b.reach.incidents)), "actions", b.count("act", len(b.reach.actions)), "cases", b.count("case", len(b.reach.proceedings))))
	*s = append(*s, b.say("scope.kinds"))
}

// count says "1 theft" and "22 thefts".
func (b *builder) count(what string, n int) string {
	if n != 1 {
		what += "s"
	}
	return b.say("n."+what, "n", group(strconv.Itoa(n)))
}

// section adds a section; one without items says that the records hold nothing.
func (b *builder) section(part, id string, items []Item) {
	if items == nil {
		items = []Item{}
	}
	b.out.Sections = append(b.out.Sections, Section{ID: id, Part: part, Title: b.say("section." + id), Items: items})
}

// isNew reports whether something is of the days that are new: it happened in them, or it
// became known in them.
func (b *builder) isNew(happened fundtrail.When, known fundtrail.Known, source fundtrail.Source) bool {
	return b.within(happened.From) || !happened.To.IsZero() && b.within(happened.To) || !merelyRead(known, source) && b.within(known.On)
}

func (b *builder) within(t time.Time) bool {
	return !t.IsZero() && !t.Before(b.since) && !t.After(endOf(b.o.asOf))
}

// merelyRead reports whether a claim is known to have been public only on the day on which
// somebody read it. It makes nothing new.
func merelyRead(k fundtrail.Known, source fundtrail.Source) bool {
	return k.Basis == fundtrail.KnownRetrieved || k.On.Equal(source.Retrieved) && !source.Published.Equal(source.Retrieved)
}

func day(t time.Time) fundtrail.When {
	if t.IsZero() {
		return fundtrail.When{}
	}
	return fundtrail.When{From: t, To: t}
}

// party is an actor's or a service's name in the brief's language.
func (b *builder) party(id string) string {
	return b.l.name(b.r.Name(id))
}

func (b *builder) parties(ids []string) string {
	var out []string
	for _, id := range ids {
		if name := b.party(id); !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return b.l.list(out)
}

// agencies names who took part, by state: "FBI (United States), FIOD and OM (Netherlands)".
func (b *builder) agencies(by []fundtrail.Agency) string {
	var countries []string
	at := map[string][]string{}
	for _, a := range by {
		if !slices.Contains(countries, a.Country) {
			countries = append(countries, a.Country)
		}
		name := b.l.name(cmp.Or(a.Name, b.r.Name(a.Actor)))
		if !slices.Contains(at[a.Country], name) {
			at[a.Country] = append(at[a.Country], name)
		}
	}
	var out []string
	for _, c := range countries {
		names := b.l.list(at[c])
		out = append(out, b.ofState(names, c))
	}
	return b.l.list(out)
}

// ofState puts a state to the names of its agencies, where the first does not begin with it:
// "U.S. Treasury", "미국 재무부" and "米財務省" do.
func (b *builder) ofState(names, code string) string {
	country := b.l.country(code)
	short, _, _ := strings.Cut(country, " ")
	switch {
	case code == "" || strings.HasPrefix(names, short) || code == "KR" && strings.HasPrefix(names, "Republic of Korea") || code == "US" && strings.HasPrefix(names, "U.S."):
		return names
	case b.l == Korean:
		return country + " " + names
	case b.l == Japanese:
		if strings.HasPrefix(names, string([]rune(country)[:1])) {
			return names
		}
		return country + "の" + names
	}
	return names + " (" + country + ")"
}

// amount is a figure's number with its qualifier and unit.
func (b *builder) amount(usd fundtrail.Amount, quantity, unit, qualifier string) string {
	switch {
	case !usd.IsZero() && quantity != "":
		return b.l.qualified(qualifier, b.l.quantity(quantity, unit)) + b.l.brackets(b.l.dollars(usd))
	case quantity != "":
		return b.l.qualified(qualifier, b.l.quantity(quantity, unit))
	}
	return b.l.qualified(qualifier, b.l.dollars(usd))
}

// figure is a line of one figure of a record.
func (b *builder) figure(at string, i int, f *fundtrail.Figure) Line {
	number := b.amount(f.USD, f.Quantity, f.Unit, f.Qualifier)
	var s string
	switch {
	case f.What == fundtrail.FigureThrough && f.Through == "":
		s = b.say("figure.passed", "amount", number)
	case f.What == fundtrail.FigureThrough:
		s = b.say("figure.through", "amount", number, "service", b.party(f.Through))
	default:
		s = b.say("figure."+string(f.What), "amount", number)
	}
	if f.Of != "" {
		s = b.say("figure.of", "figure", s, "name", b.incidentName(f.Of))
	}
	if !f.Period.IsZero() {
		s = b.say("figure.period", "figure", s, "period", b.l.when(f.Period))
	}
	switch {
	case f.Count == 1:
		s = b.say("figure.one", "figure", s)
	case f.Count > 1:
		s = b.say("figure.count", "figure", s, "n", group(strconv.Itoa(f.Count)))
	}
	text := b.say("says", "by", b.l.name(f.By), "amount", s)
	if f.Note != "" {
		text = b.say("says.note", "by", b.l.name(f.By), "amount", s, "note", b.quoted(f.Note))
	}
	l := b.line(text, basis{at, nth("figures", i), f.By, f.Known, f.Confidence, f.Source}).at(f.Period)
	return l.with(values(f)...).in(groupOf(f.What))
}

func groupOf(what fundtrail.FigureKind) string {
	if what == fundtrail.FigureThrough {
		return "passed"
	}
	return "quantity"
}

// figures are the lines of a record's figures. What has no day of its own and was published
// after the brief's day, such as a sentence, had not happened by it, as far as is known.
func (b *builder) figures(at string, list []fundtrail.Figure) (out []Line) {
	for i := range list {
		f := &list[i]
		outcome := f.What == fundtrail.FigureMonths || f.What == fundtrail.FigureFine || f.What == fundtrail.FigureForfeit || f.What == fundtrail.FigureRecovered
		if outcome && f.Period.IsZero() && b.later(f.Known) {
			continue
		}
		out = append(out, b.figure(at, i, f))
	}
	return out
}

// values are a figure's numbers: dollars and the quantity are two.
func values(f *fundtrail.Figure) (out []Value) {
	v := Value{What: string(f.What), Qualifier: f.Qualifier, Count: f.Count, Of: f.Of, Through: f.Through, By: f.By}
	if !f.USD.IsZero() {
		v.Least, v.Most, v.Unit = f.USD.String(), f.USD.String(), "USD"
		out = append(out, v)
	}
	if f.Quantity != "" {
		v.Least, v.Most, v.Unit = f.Quantity, f.Quantity, f.Unit
		out = append(out, v)
	}
	return out
}

// incidentName is a theft's name: services and victims often share its ID.
func (b *builder) incidentName(id string) string {
	if in, err := b.r.Incident(id); err == nil {
		return b.l.name(in.Name)
	}
	return b.l.name(b.r.Name(id))
}
