package report

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// How many CoinJoins and outputs are listed; JSON has all.
const (
	textCoinJoins = 8
	pageCoinJoins = 50  // of a protocol
	pageOutputs   = 100 // of a protocol
)

// What a CoinJoin's figures mean.
const coinJoinsMean = "A CoinJoin has no output that is surely the thief's: what went in is spread over the outputs that can be its owner's, and of one output all may be here, or none. Outputs with odds below 0.10 are not listed, and no rule adds up several."

// coinJoinLead says what went into the CoinJoins of one protocol.
func (x *index) coinJoinLead(p *passedPool) string {
	line := fmt.Sprintf("%s %s of what was stolen went into %s, in %s.", x.coins(p.asset, p.in, nearest), x.symbol(p.asset), count(len(p.passages), "CoinJoin"), count(p.notes, "coin"))
	if p.notLinked > 0 {
		line += fmt.Sprintf(" Of %s of them no output is the thief's with odds of 0.10 or more.", group(strconv.Itoa(p.notLinked)))
	}
	if len(p.methods) > 0 {
		line += " [" + clean(strings.Join(p.methods, ", ")) + "]"
	}
	return line
}

// largest lists a protocol's passages, those that most was brought into first.
func (p *passedPool) largest() []*Passage {
	list := slices.Clone(p.passages)
	slices.SortStableFunc(list, func(a, b *Passage) int {
		return cmp.Or(b.in().Cmp(a.in()), compareText(a.First, b.First), compareText(a.Tx, b.Tx))
	})
	return list
}

// outputs says what a passage's outputs are: "5 outputs, odds 0.20, anonymity set 5".
func (p *Passage) outputs() string {
	if len(p.Withdrawals) == 0 {
		return "no output is listed"
	}
	l := passedLevel{recipients: map[string]int{}}
	for i := range p.Withdrawals {
		l.add(&p.Withdrawals[i])
	}
	return fmt.Sprintf("%s, odds %s, anonymity set %s", count(l.notes, "possible output"), l.oddsRange(), l.anonymityRange())
}

// coinJoins is the text page's section about CoinJoins.
func (t *texter) coinJoins() {
	kinds := t.passed(true)
	if len(kinds) == 0 {
		return
	}
	t.heading("Through CoinJoins (inferred, and in no figure of where it is now)")
	for _, p := range kinds {
		t.text(bold, 2, 4, clean(p.protocol)+": "+t.coinJoinLead(p))
		tab := table{indent: 4, heads: []string{"Can have come out", "outputs", "carries", "of what went in", "addresses"}}
		for i, c := range certainties {
			l := &p.level[i]
			r := tableRow{cells: []string{string(c), group(strconv.Itoa(l.notes)), t.coins(p.asset, l.carries, nearest), percent(l.carries, p.in), group(strconv.Itoa(len(l.recipients)))}}
			if l.notes > 0 {
				r.detail = days(l.first, l.last) + "; odds " + l.oddsRange() + "; anonymity set " + l.anonymityRange()
			}
			tab.rows = append(tab.rows, r)
		}
		t.table(tab)
		list := p.largest()
		for _, q := range list[:min(len(list), textCoinJoins)] {
			t.text(normal, 4, 6, fmt.Sprintf("%s %s in%s: %s", t.coins(q.Asset, q.in(), nearest), t.symbol(q.Asset), onDay(q.First), q.outputs()))
			if q.Tx != "" {
				t.text(faint, 6, 8, clean(q.Tx))
			}
		}
		if more := len(list) - textCoinJoins; more > 0 {
			t.text(faint, 4, 4, fmt.Sprintf("and %s more, in JSON", count(more, "CoinJoin")))
		}
	}
	t.text(faint, 2, 2, coinJoinsMean+" "+certaintiesMean)
}

type (
	// A coinJoinView is the CoinJoins of one protocol.
	coinJoinView struct {
		Title, Lead string
		Levels      []passedLevelView
		Mixes       []mixView
		MoreMixes   string
		Outputs     []outputView
		MoreOutputs string
	}
	mixView struct {
		Tx, Day, In, ExactIn, Outputs string
		Depositor                     addressView
	}
	outputView struct {
		Address                                         addressView
		Amount, Exact, Carries, ExactCarries            string
		Certainty, Odds, Anonymity, Method, Day, Record string
	}
)

// coinJoinViews is the page's section about CoinJoins.
func (x *index) coinJoinViews() []coinJoinView {
	var out []coinJoinView
	for _, p := range x.passed(true) {
		v := coinJoinView{Title: clean(p.protocol), Lead: x.coinJoinLead(p)}
		for i, c := range certainties {
			l := &p.level[i]
			lv := passedLevelView{Name: string(c), Notes: group(strconv.Itoa(l.notes)), Amount: x.coins(p.asset, l.carries, nearest) + " " + x.symbol(p.asset),
				Exact: x.exact(p.asset, l.carries), Share: percent(l.carries, p.in), Addresses: group(strconv.Itoa(len(l.recipients)))}
			if l.notes > 0 {
				lv.Days, lv.Odds, lv.Anonymity = days(l.first, l.last), l.oddsRange(), l.anonymityRange()
			}
			v.Levels = append(v.Levels, lv)
		}
		list := p.largest()
		for _, q := range list[:min(len(list), pageCoinJoins)] {
			v.Mixes = append(v.Mixes, mixView{Tx: clean(q.Tx), Day: days(q.First, q.Last), In: x.coins(q.Asset, q.in(), nearest) + " " + x.symbol(q.Asset), ExactIn: x.exact(q.Asset, q.in()),
				Outputs: q.outputs(), Depositor: x.addressView(chainOf(q.Asset), q.Depositor)})
		}
		if more := len(list) - pageCoinJoins; more > 0 {
			v.MoreMixes = "and " + count(more, "CoinJoin") + " that less went into, in the JSON report"
		}
		x.outputViews(&v, p)
		out = append(out, v)
	}
	return out
}

// outputViews lists the outputs that can be the thief's, the likeliest first.
func (x *index) outputViews(v *coinJoinView, p *passedPool) {
	var list []*Withdrawal
	for _, q := range p.passages {
		for i := range q.Withdrawals {
			list = append(list, &q.Withdrawals[i])
		}
	}
	slices.SortStableFunc(list, func(a, b *Withdrawal) int {
		return cmp.Or(cmp.Compare(b.Probability, a.Probability), amount(b.Carries).Cmp(amount(a.Carries)), compareText(a.Time, b.Time))
	})
	for _, w := range list[:min(len(list), pageOutputs)] {
		v.Outputs = append(v.Outputs, outputView{Address: x.addressView(chainOf(w.Asset), w.To),
			Amount: x.coins(w.Asset, amount(w.Amount), nearest), Exact: x.exact(w.Asset, amount(w.Amount)),
			Carries: x.coins(w.Asset, amount(w.Carries), nearest), ExactCarries: x.exact(w.Asset, amount(w.Carries)),
			Certainty: clean(w.Certainty), Odds: odds(w.Probability), Anonymity: group(strconv.Itoa(max(w.AnonymitySet, 0))), Method: clean(w.Method),
			Day: day(w.Time), Record: clean(firstOf(w.Record, w.Tx))})
	}
	if more := len(list) - pageOutputs; more > 0 {
		v.MoreOutputs = "and " + count(more, "less likely output") + ", in the JSON report"
	}
}

// odds writes one probability: a document rounds, and no method says that it is sure.
func odds(p float64) string {
	if p >= 1 {
		return "over 0.999"
	}
	return strconv.FormatFloat(p, 'f', 3, 64)
}
