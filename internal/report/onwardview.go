package report

import (
	"fmt"
	"math"
	"strconv"

	"github.com/fundtrail/fundtrail"
)

type (
	// An onwardView is one column: what was followed on at one certainty in one round.
	onwardView struct {
		Title, Certainty, Lead string
		Tables                 []onwardTable
		Asked                  []stepView
		Again                  string // that some of it went into passages again
		Notes                  []string
	}
	onwardTable struct {
		Symbol  string
		Rows    []onwardRowView
		Drawing []passageLine
		Height  int
	}
	onwardRowView struct {
		Who, Category, Reason, Amount, Exact, AtLeast, AtMost, Expected, ExactExpected, Odds string
		Total                                                                                bool
	}
)

// onwardViews is the page's section about what was followed on from passages.
func (x *index) onwardViews() []onwardView {
	var out []onwardView
	list := x.onward()
	for i := range list {
		f := &list[i]
		v := onwardView{Title: f.title(), Certainty: clean(f.o.Certainty), Lead: f.lead(), Asked: f.stepViews(f.asked())}
		for _, asset := range f.endAssets() {
			t := onwardTable{Symbol: f.symbol(asset)}
			for _, r := range f.rows(asset) {
				row := onwardRowView{Who: r.who, Total: r.total, Reason: r.detail}
				if e := r.end; e != nil {
					row.Category, row.Odds = clean(e.Category), f.oddsText(e)
					row.Amount, row.Exact = f.figure(asset, e.Amount, f.d.Trace.Policy), f.exact(asset, e.Amount.sum(f.d.Trace.Policy))
					row.AtLeast, row.AtMost = f.coins(asset, amount(e.AtLeast), down), f.coins(asset, amount(e.AtMost), up)
					row.Expected, row.ExactExpected = f.expectedText(e)
				}
				t.Rows = append(t.Rows, row)
			}
			f.draw(&t, asset)
			v.Tables = append(v.Tables, t)
		}
		if n := len(f.d.Passages); n > 0 {
			v.Again = fmt.Sprintf("Some of it went into %s again, in %s: followed on below as far as methods link it.", untied(f.d.Passages), count(n, "passage"))
		}
		for _, n := range f.o.Notes {
			v.Notes = append(v.Notes, clean(n))
		}
		out = append(out, v)
	}
	return out
}

// draw draws what starts a column and the categories it ends in, in the column's own kind
// of line; thicker is more.
func (f *follower) draw(t *onwardTable, asset string) {
	var started fundtrail.Amount
	for _, s := range f.d.Stolen {
		if s.Asset == asset {
			started, _ = started.Add(amount(s.Amount))
		}
	}
	if started.IsZero() {
		return
	}
	y := passageRow
	for _, g := range f.groups(asset) {
		if g.total == nil {
			continue
		}
		part := g.total.Amount.sum(f.d.Trace.Policy)
		if part.IsZero() {
			continue
		}
		thousandths, _ := part.MulDiv(fundtrail.NewAmount(1000), started)
		line := passageLine{Class: clean(f.o.Certainty), To: categoryName(g.category) + ", " + f.coins(asset, part, nearest) + " " + f.symbol(asset), Y: y, FromY: passageRow,
			Path:  fmt.Sprintf("M%d %dC%d %d %d %d %d %d", passageStart, passageRow, passageStart+90, passageRow, passageEnd-90, y, passageEnd, y),
			Width: strconv.FormatFloat(1+8*math.Sqrt(float64(min(thousandths.Uint64(), 1000))/1000), 'f', 1, 64)}
		if len(t.Drawing) == 0 {
			line.From = f.coins(asset, started, nearest) + " " + f.symbol(asset) + ", " + clean(f.o.Certainty)
		}
		t.Drawing = append(t.Drawing, line)
		y += passageRow
	}
	t.Height = y
}
