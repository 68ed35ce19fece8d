package brief

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/data"
	"github.com/fundtrail/fundtrail/internal/report"
)

// conserving are a report's policies that lose no value, as methods: "fifo/1".
func conserving(d *report.Document) []string {
	return slices.DeleteFunc(slices.Clone(d.Trace.Policies), func(s string) bool { return s == string(fundtrail.Poison.Method()) })
}

// assetOf is how a report prints one of its assets.
func assetOf(d *report.Document, id string) report.Asset {
	for _, a := range d.Assets {
		if a.Asset == id {
			return a
		}
	}
	return report.Asset{Asset: id, Symbol: id, Decimals: -1}
}

// coins prints base units in whole coins, with two places and no more digits than they have.
func (b *builder) coins(base string, a report.Asset) string {
	return b.l.quantity(wholeCoins(base, a, false), a.Symbol)
}

// wholeCoins cuts after two places; of a bound above it rounds up, so that no shown range is
// narrower than the exact one.
func wholeCoins(base string, a report.Asset, up bool) string {
	amount, err := fundtrail.ParseAmount(base)
	if err != nil || a.Decimals < 0 {
		return base
	}
	if up && a.Decimals > 2 {
		cent, _ := fundtrail.ParseAmount("1" + strings.Repeat("0", a.Decimals-2))
		if rest, _ := amount.MulDiv(fundtrail.NewAmount(1), cent); true {
			whole, _ := rest.MulDiv(cent, fundtrail.NewAmount(1))
			if whole.Cmp(amount) < 0 {
				amount, _ = whole.Add(cent)
			}
		}
	}
	s := amount.Decimal(a.Decimals)
	if whole, part, ok := strings.Cut(s, "."); ok {
		part = strings.TrimRight(part[:min(2, len(part))], "0")
		if s = whole; part != "" {
			s += "." + part
		}
	}
	return s
}

// coinRange is a range, rounded outwards.
func (b *builder) coinRange(least, most string, a report.Asset) string {
	if least == most {
		return b.coins(most, a)
	}
	low := b.l.quantity(wholeCoins(least, a, false), "")
	return b.say("range", "a", low, "b", b.l.quantity(wholeCoins(most, a, true), a.Symbol))
}

// worth is what a report says an amount was worth: dollars, dollars and unpriced, or unpriced.
func (b *builder) worth(u *report.USD) string {
	if u == nil {
		return b.say("unpriced")
	}
	whole, _, _ := strings.Cut(u.Amount, ".")
	amount, err := fundtrail.ParseAmount(whole)
	switch {
	case err != nil, amount.IsZero() && u.Unpriced != "0":
		return b.say("unpriced")
	case u.Unpriced != "0" && u.Unpriced != "":
		return b.say("priced.part", "usd", b.l.dollars(amount))
	}
	return b.l.dollars(amount)
}

// worthBy is worth, with the policy whose amounts were priced: prices follow one policy.
func (b *builder) worthBy(u *report.USD, policy string) string {
	s := b.worth(u)
	if s == b.say("unpriced") {
		return s
	}
	return b.say("priced.by", "usd", s, "policy", policy)
}

// dataEnd is the last day that a report's ledger reaches.
func dataEnd(d *report.Document) (last time.Time) {
	for _, c := range d.Trace.AsOf {
		if t, err := time.Parse(time.RFC3339, c.Time); err == nil && t.After(last) {
			last = t
		}
	}
	return last
}

// inference is a line that a trace's report supports.
func (b *builder) inference(t *Traced, what, text string) Line {
	d := t.Report
	end := dataEnd(d)
	source := fundtrail.Source{Title: d.Program + ": " + cmp.Or(d.Trace.Name, d.Trace.Subject)}
	l := b.line(text, basis{"traces/" + t.Name, what, d.Program, fundtrail.Known{On: end, Basis: fundtrail.KnownAct}, 0, source})
	l.Kind, l.Known, l.Basis, l.Later = Inference, "", "", false
	l.Method = strings.Join(conserving(d), ", ")
	return l
}

// A Flow is how much stolen value of one asset reached a service, by one trace.
type Flow struct {
	Asset       report.Asset
	Least, Most fundtrail.Amount // over the policies that lose nothing
	// AtLeast and AtMost add up the bounds of each end, which hold under any such policy.
	AtLeast, AtMost fundtrail.Amount
	USD             *report.USD
	First, Last     string
	Transfers       int
}

// Into adds up the ends of a report that are a service's, one flow an asset. Amounts are in
// base units; the range over policies is of their sums, so that it is narrower than a sum
// of ranges.
func Into(d *report.Document, service, actor string) []Flow {
	type policies map[string]fundtrail.Amount
	var out []Flow
	var by []policies
	priced := map[int][]*report.USD{}
	for i := range d.Ends {
		e := &d.Ends[i]
		if e.Actor == "" || e.Actor != service && e.Actor != actor {
			continue
		}
		n := slices.IndexFunc(out, func(s Flow) bool { return s.Asset.Asset == e.Asset })
		if n < 0 {
			n = len(out)
			out, by = append(out, Flow{Asset: assetOf(d, e.Asset), First: e.First, Last: e.Last}), append(by, policies{})
		}
		s := &out[n]
		for p, text := range e.Amount {
			if a, err := fundtrail.ParseAmount(text); err == nil {
				by[n][p], _ = by[n][p].Add(a)
			}
		}
		if a, err := fundtrail.ParseAmount(e.AtLeast); err == nil {
			s.AtLeast, _ = s.AtLeast.Add(a)
		}
		if a, err := fundtrail.ParseAmount(e.AtMost); err == nil {
			s.AtMost, _ = s.AtMost.Add(a)
		}
		s.Transfers += e.Transfers
		if e.First != "" && (s.First == "" || e.First < s.First) {
			s.First = e.First
		}
		s.Last = max(s.Last, e.Last)
		priced[n] = append(priced[n], e.USD)
	}
	for n := range out {
		first := true
		for _, method := range conserving(d) {
			p, _, _ := strings.Cut(method, "/")
			a, ok := by[n][p]
			if !ok {
				continue
			}
			if first {
				out[n].Least, out[n].Most, first = a, a, false
			}
			out[n].Least, out[n].Most = out[n].Least.Min(a), out[n].Most.Max(a)
		}
		out[n].USD = together(priced[n])
	}
	return out
}

// together adds values up; what one of them lacks a price for is unpriced in the sum.
func together(list []*report.USD) *report.USD {
	var cents, unpriced fundtrail.Amount
	basis := ""
	for _, u := range list {
		if u == nil {
			return nil
		}
		c, err := fundtrail.ParseAmount(strings.Replace(u.Amount, ".", "", 1))
		if err != nil {
			return nil
		}
		cents, _ = cents.Add(c)
		if a, err := fundtrail.ParseAmount(u.Unpriced); err == nil {
			unpriced, _ = unpriced.Add(a)
		}
		basis = cmp.Or(basis, u.Basis)
	}
	if len(list) == 0 {
		return nil
	}
	return &report.USD{Amount: cents.Decimal(2), Unpriced: unpriced.String(), Basis: basis}
}

// tracedInto is what each trace says reached a service.
func (b *builder) tracedInto(v *data.Service) []Line {
	var out []Line
	for i := range b.in.Traces {
		t := &b.in.Traces[i]
		d := t.Report
		for _, s := range Into(d, v.ID, v.Actor) {
			text := b.say("movement.into", "name", b.traceName(d), "amount", b.coinRange(s.Least.String(), s.Most.String(), s.Asset),
				"usd", b.worthBy(s.USD, d.Trace.Policy), "method", methods(d))
			l := b.inference(t, "ends", text).in("trace")
			l.Date, l.Until = dayOf(s.First), dayOf(s.Last)
			l = l.with(Value{What: "through", Least: wholeCoins(s.Least.String(), s.Asset, false), Most: wholeCoins(s.Most.String(), s.Asset, true), Unit: s.Asset.Symbol,
				Of: d.Trace.Subject, Through: v.ID, Count: s.Transfers, By: d.Program})
			if u := s.USD; u != nil && u.Unpriced == "0" {
				whole, _, _ := strings.Cut(u.Amount, ".")
				l = l.with(Value{What: "through", Least: whole, Most: whole, Unit: "USD", Qualifier: "about", Of: d.Trace.Subject, Through: v.ID, By: d.Trace.Policy})
			}
			out = append(out, l)
		}
	}
	return out
}

func methods(d *report.Document) string { return "taint " + strings.Join(conserving(d), ", ") }

func dayOf(rfc3339 string) string {
	day, _, _ := strings.Cut(rfc3339, "T")
	return day
}

// traceName is what a trace followed, in the records' name of it.
func (b *builder) traceName(d *report.Document) string {
	name := cmp.Or(d.Trace.Name, d.Trace.Subject)
	if d.Record != nil {
		name = d.Record.Name
	}
	if slices.ContainsFunc(d.Inputs, func(in report.Input) bool { return in.Role == "excerpt" }) {
		return b.say("movement.excerpt", "name", b.l.name(name))
	}
	return b.l.name(name)
}

// traces tells what each report found: where stolen value went, by kind of end, within
// bounds that hold under any policy that loses nothing.
func (b *builder) traces() {
	var items []Item
	for i := range b.in.Traces {
		t := &b.in.Traces[i]
		d := t.Report
		end := dataEnd(d)
		var from []string
		for _, s := range d.Stolen {
			from = append(from, b.coins(s.Amount, assetOf(d, s.Asset)))
		}
		if b.out.Changes {
			if item, ok := b.movedSince(t); ok {
				items = append(items, item)
			}
			continue
		}
		text := b.say("movement", "name", b.traceName(d), "method", methods(d), "report", t.Name, "amount", b.l.list(from), "date", b.l.day(end))
		item := Item{ID: "traces/" + t.Name, Topic: "trace", About: about([]string{d.Trace.Subject, d.Trace.Actor}), Line: b.inference(t, "trace", text).at(day(end))}
		for n := range d.Categories {
			e := &d.Categories[n]
			a := assetOf(d, e.Asset)
			l := b.inference(t, "categories", b.say("movement.end", "what", b.endName(e.Category), "amount", b.coinRange(e.AtLeast, e.AtMost, a)+b.l.brackets(b.worth(e.USD)))).in("ends")
			l.Date, l.Until = dayOf(e.First), dayOf(e.Last)
			item.Lines = append(item.Lines, l.with(Value{What: e.Category, Least: wholeCoins(e.AtLeast, a, false), Most: wholeCoins(e.AtMost, a, true), Unit: a.Symbol, Of: d.Trace.Subject, Count: e.Transfers}))
		}
		if end.After(endOf(b.o.asOf)) {
			item.Lines = append(item.Lines, b.inference(t, "as_of", b.say("movement.after", "date", b.l.day(end))))
		}
		for _, note := range d.Coverage.Notes {
			item.Lines = append(item.Lines, b.inference(t, "coverage", b.say("movement.note", "words", note)))
		}
		items = append(items, item)
	}
	b.section("traces", "traces", items)
}

func (b *builder) endName(category string) string {
	if _, ok := words["end."+category]; ok {
		return b.say("end." + category)
	}
	return category
}

// movedSince counts the payments of a trace in the days that are new.
func (b *builder) movedSince(t *Traced) (Item, bool) {
	n := 0
	from, until := iso(b.since), iso(b.o.asOf)
	for i := range t.Report.Hops {
		if d := dayOf(t.Report.Hops[i].Time); d >= from && d <= until {
			n++
		}
	}
	if n == 0 {
		return Item{}, false
	}
	text := b.say("movement.new", "name", b.traceName(t.Report), "method", methods(t.Report), "n", group(number(n)), "since", b.l.day(b.since), "day", b.l.day(b.o.asOf))
	l := b.inference(t, "hops", text)
	l.Date, l.Until = from, until
	return Item{ID: "traces/" + t.Name + "/new", Topic: "trace", About: about([]string{t.Report.Trace.Subject}),
		Line: l.with(Value{What: "payments", Least: number(n), Most: number(n), Unit: "payments"})}, true
}
