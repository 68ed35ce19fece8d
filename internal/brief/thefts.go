package brief

import (
	"cmp"
	"slices"
	"strconv"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/record"
)

// largest is how many thefts a brief tells one by one.
const largest = 10

func number(n int) string { return strconv.Itoa(n) }

// theft is one incident: its losses and attributions, each claim for itself.
func (b *builder) theft(in *fundtrail.Incident) Item {
	at := "incidents/" + in.ID
	item := Item{ID: at, Topic: "theft", About: about([]string{in.ID})}
	var claims []basis
	date := fundtrail.When{From: in.Happened, To: in.Happened}
	for i, d := range in.Dates {
		if d.What == "happened" && d.From.Equal(in.Happened) {
			claims = append(claims, basis{at, nth("dates", i), "", d.Known, d.Confidence, d.Source})
			date = fundtrail.When{From: d.From, To: d.To}
			break
		}
	}
	name := b.l.name(in.Name)
	for i, l := range in.Losses {
		c := basis{at, nth("losses", i), l.By, l.Known, l.Confidence, l.Source}
		key, args := "says", []string{"by", b.l.name(l.By), "amount", b.l.qualified(l.Qualifier, b.l.dollars(l.USD))}
		if l.Note != "" {
			key, args = "says.note", append(args, "note", b.quoted(l.Note))
		}
		value := Value{What: "stolen", Least: l.USD.String(), Most: l.USD.String(), Unit: "USD", Qualifier: l.Qualifier, By: l.By, Of: in.ID}
		item.Lines = append(item.Lines, b.line(b.say(key, args...), c).with(value).in("loss"))
		claims = append(claims, c)
	}
	var text string
	least, most, n := lossRange(in)
	switch n {
	case 0:
		text = b.say("theft.none", "name", name, "date", b.l.when(date))
	case 1:
		text = b.say("theft.one", "name", name, "date", b.l.when(date), "loss", b.l.qualified(in.Losses[0].Qualifier, b.l.dollars(most)))
	default:
		text = b.say("theft", "name", name, "date", b.l.when(date), "loss", b.dollarRange(least, most), "claims", b.count("claim", n))
	}
	var who, by []string
	for i, a := range in.Attributions {
		c := basis{at, nth("attributions", i), a.By, a.Known, a.Confidence, a.Source}
		key, args := "attributed.undate", []string{"by", b.l.name(a.By), "who", b.party(a.Actor)}
		switch {
		case a.Denied:
			key = "denied"
		case !a.Date.IsZero():
			key, args = "attributed", append(args, "date", b.l.day(a.Date))
		}
		l := b.line(b.say(key, args...), c).at(day(a.Date)).in("attribution").with(Value{What: "attribution", Least: a.Actor, Most: a.Actor, Unit: "actor", By: a.By, Qualifier: denied(a)})
		item.Lines = append(item.Lines, l)
		item.About = about(item.About, []string{a.Actor})
		if !a.Denied {
			claims = append(claims, c)
			who, by = add(who, b.party(a.Actor)), add(by, b.l.name(a.By))
		}
	}
	if len(who) > 0 {
		text = b.say("theft.who", "text", text, "who", b.l.list(who), "by", b.l.list(by))
	} else {
		text = b.say("theft.nobody", "text", text)
	}
	item.Lines = append(item.Lines, b.figures(at, in.Figures)...)
	item.Line = b.line(text, claims...).at(date)
	if n > 0 {
		item.Values = append(item.Values, Value{What: "stolen", Least: least.String(), Most: most.String(), Unit: "USD", Count: n, Of: in.ID})
	}
	return item
}

func denied(a fundtrail.AttributionClaim) string {
	if a.Denied {
		return "denied"
	}
	return ""
}

func add(list []string, s string) []string {
	if s == "" || slices.Contains(list, s) {
		return list
	}
	return append(list, s)
}

func (b *builder) dollarRange(least, most fundtrail.Amount) string {
	if least == most {
		return b.l.dollars(most)
	}
	return b.say("range", "a", b.l.dollars(least), "b", b.l.dollars(most))
}

// lossRange is the least and the most that n sources say was lost. A nominal value is told
// only where there is no other.
func lossRange(in *fundtrail.Incident) (least, most fundtrail.Amount, n int) {
	if least, most, _, ok := record.Loss(in); ok {
		for _, l := range in.Losses {
			if l.Qualifier != "nominal" {
				n++
			}
		}
		return least, most, n
	}
	for _, l := range in.Losses {
		if n++; n == 1 {
			least = l.USD
		}
		least, most = least.Min(l.USD), most.Max(l.USD)
	}
	return least, most, n
}

// bySize are the thefts in scope, the largest first by the least that a source gives; what is
// only nominal was not lost, and makes no theft large.
func (b *builder) bySize() []*fundtrail.Incident {
	list := slices.Clone(b.reach.incidents)
	slices.SortStableFunc(list, func(x, y *fundtrail.Incident) int {
		a, _, _, _ := record.Loss(x)
		c, _, _, _ := record.Loss(y)
		return cmp.Or(c.Cmp(a), x.Happened.Compare(y.Happened), cmp.Compare(x.ID, y.ID))
	})
	return list
}

// thefts tells the largest.
func (b *builder) thefts() {
	list := b.bySize()
	var items []Item
	for _, in := range list[:min(largest, len(list))] {
		items = append(items, b.theft(in))
	}
	b.section("stands", "thefts", items)
}
