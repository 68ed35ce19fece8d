package report

import (
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/fundtrail/fundtrail"
)

// How much of a mixer's passages a page draws and lists; JSON has all.
const (
	pageDrawn    = 12  // depositors
	pagePassed   = 100 // addresses that took notes out
	passageRow   = 22  // height of one line of the drawing, in its units
	passageStart = 300 // where lines begin and end
	passageEnd   = 560
)

type (
	passedView struct {
		Title, Lead string
		Levels      []passedLevelView
		Drawing     []passageLine
		Height      int
		MoreDrawn   string
		Rows        []passedRow
		MoreRows    string
	}
	passedLevelView struct{ Name, Notes, Amount, Exact, Share, Addresses, Odds, Anonymity, Days string }
	// A passageLine is one line of the drawing: from a depositor to those who took notes
	// out at one certainty.
	passageLine struct {
		Class, From, To, Path, Width string
		Y, FromY                     int
	}
	passedRow struct {
		Address, Depositor           addressView
		Notes, Certainty, Odds, Days string
	}
)

// passages is the page's section about mixers, one a pool.
func (x *index) passages() []passedView {
	var out []passedView
	for _, p := range x.passed(false) {
		v := passedView{
			Title: clean(p.protocol) + ", " + clean(p.pool),
			Lead: fmt.Sprintf("%s %s went in, in %s by %s. Who took which note out is inferred; a note that no withdrawal is linked to is not linked: %s of what went in.",
				x.coins(p.asset, p.value(p.notes), nearest), x.symbol(p.asset), count(p.notes, "note"), count(len(p.passages), "depositor"), p.share(p.notLinked)),
		}
		for i, c := range certainties {
			l := &p.level[i]
			lv := passedLevelView{Name: string(c), Notes: group(strconv.Itoa(l.notes)), Amount: x.coins(p.asset, p.value(l.notes), nearest) + " " + x.symbol(p.asset),
				Exact: x.exact(p.asset, p.value(l.notes)), Share: p.share(l.notes), Addresses: group(strconv.Itoa(len(l.recipients)))}
			if l.notes > 0 {
				lv.Days, lv.Odds, lv.Anonymity = days(l.first, l.last), l.oddsRange(), l.anonymityRange()
			}
			v.Levels = append(v.Levels, lv)
		}
		x.drawPassages(&v, p)
		x.passedRows(&v, p)
		out = append(out, v)
	}
	return out
}

// drawPassages draws the depositors that paid in the most, in the order of time.
func (x *index) drawPassages(v *passedView, p *passedPool) {
	list := slices.Clone(p.passages)
	slices.SortStableFunc(list, func(a, b *Passage) int { return len(b.Deposits) - len(a.Deposits) })
	if more := len(list) - pageDrawn; more > 0 {
		v.MoreDrawn = "and " + count(more, "depositor") + " that paid in less, in the JSON report"
		list = list[:pageDrawn]
	}
	slices.SortStableFunc(list, func(a, b *Passage) int { return compareText(a.First, b.First) })
	y := passageRow
	for _, q := range list {
		from := shortAddress(q.Depositor) + ", " + count(len(q.Deposits), "note")
		top := y
		lines := 0
		for i, c := range certainties {
			notes, people := 0, map[string]bool{}
			for _, w := range q.Withdrawals {
				if levelOf(w.Certainty) == i {
					notes++
					people[w.To] = true
				}
			}
			if notes == 0 {
				continue
			}
			to := fmt.Sprintf("%s: %s to %s", c, count(notes, "note"), count(len(people), "address"))
			v.Drawing = append(v.Drawing, passageLine{Class: string(c), To: to, Y: y, FromY: top,
				Path:  fmt.Sprintf("M%d %dC%d %d %d %d %d %d", passageStart, top, passageStart+90, top, passageEnd-90, y, passageEnd, y),
				Width: strconv.FormatFloat(1+math.Sqrt(float64(notes)), 'f', 1, 64)})
			if lines == 0 {
				v.Drawing[len(v.Drawing)-1].From = from
			}
			lines++
			y += passageRow
		}
		if lines == 0 {
			v.Drawing = append(v.Drawing, passageLine{Class: "none", From: from, To: "no withdrawal is linked", Y: y, FromY: top})
			y += passageRow
		}
		y += passageRow / 3
	}
	v.Height = y
}

func compareText(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// shortAddress keeps both ends of an address.
func shortAddress(s string) string {
	s = clean(s)
	if len(s) <= 16 {
		return s
	}
	return s[:8] + "…" + s[len(s)-6:]
}

// passedRows lists who took notes out, certain and probable ones, the most first.
func (x *index) passedRows(v *passedView, p *passedPool) {
	type key struct{ to, depositor, certainty string }
	type sum struct {
		key
		notes       int
		odds        [2]float64
		first, last string
	}
	var list []*sum
	at := map[key]*sum{}
	for _, q := range p.passages {
		for _, w := range q.Withdrawals {
			if w.Certainty == string(fundtrail.Possible) {
				continue
			}
			k := key{w.To, q.Depositor, w.Certainty}
			s := at[k]
			if s == nil {
				s = &sum{key: k, odds: [2]float64{w.Probability, w.Probability}, first: w.Time, last: w.Time}
				at[k] = s
				list = append(list, s)
			}
			s.notes++
			s.odds = [2]float64{min(s.odds[0], w.Probability), max(s.odds[1], w.Probability)}
			s.first, s.last = min(s.first, w.Time), max(s.last, w.Time)
		}
	}
	slices.SortStableFunc(list, func(a, b *sum) int {
		if c := levelOf(a.certainty) - levelOf(b.certainty); c != 0 {
			return c
		}
		return b.notes - a.notes
	})
	chain := chainOf(p.asset)
	for i, s := range list {
		if i == pagePassed {
			v.MoreRows = "and " + count(len(list)-i, "address") + ", in the JSON report"
			break
		}
		odds := fmt.Sprintf("%.2f", s.odds[0])
		if high := fmt.Sprintf("%.2f", s.odds[1]); high != odds {
			odds += " to " + high
		}
		v.Rows = append(v.Rows, passedRow{Address: x.addressView(chain, s.to), Depositor: x.addressView(chain, s.depositor),
			Notes: strconv.Itoa(s.notes), Certainty: s.certainty, Odds: odds, Days: days(s.first, s.last)})
	}
}
