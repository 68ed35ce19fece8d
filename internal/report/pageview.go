package report

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/fundtrail/fundtrail"
)

// How many rows of each table a page holds.
const (
	pageEnds      = 100 // of each category
	pageHolders   = 100 // addresses of an end
	pageStepRows  = 50
	pageThefts    = 100
	pageRoutes    = 100
	pageOpen      = 3 // routes that are shown unfolded
	pageClaims    = 500
	pageGaps      = 200
	pageWholeRows = 200
)

// pageView is what page.html shows. Text in it is clean; html/template escapes it.
type pageView struct {
	Title, Asked, Policy, PolicyMeans string
	StolenWord, StartWord, WhereWord  string
	Backward                          bool
	Policies                          []policyView
	Legend                            []legendView
	Assets                            []assetView
	Passages                          []passedView
	CoinJoins                         []coinJoinView
	Crossed                           []crossedView
	MoreCrossed                       string
	Bridged                           []bridgedView
	MoreBridged                       string
	Onward                            []onwardView
	OnwardFrom                        string   // "mixers and bridges"
	Summary                           []string // of what went through
	CertaintiesMean, CoinJoinsMean    string
	BridgedMean, SpreadMean           string
	Swaps                             []swapView
	MoreSwaps                         string
	Steps                             []stepView
	Thefts                            []theftView
	MoreThefts                        string
	Record                            *recordView
	Routes                            []routeView
	MoreRoutes                        string
	Caveats                           []string
	Excerpt                           string // that the ledger is a part, "" when it is whole
	Gaps                              []gapView
	MoreGaps                          string
	Whole                             []wholeView
	WholeCount                        int
	MoreWhole                         string
	Tags                              []tagView
	MoreTags                          string
	Inferences                        []inferenceView
	MoreInferences                    string
	TraceCommand, VerifyCommand       string
	Inputs                            []inputView
	Options                           []optionView
	Program, Schema                   string
}

type (
	policyView struct {
		Name, Means string
		Headline    bool
	}
	legendView  struct{ Kind, Word, Means string }
	addressView struct{ Address, Chain, Said, Basis string }
	usdView     struct{ Text, Title string }
	figureView  struct{ Amount, Exact string }
	assetView   struct {
		Index    int
		Symbol   string
		Stolen   *startView
		Groups   []groupView
		ByPolicy *byPolicyView
	}
	startView struct {
		Amount, Exact string
		USD           usdView
	}
	groupView struct {
		Category, Name string
		Card           bool
		Followed       string // what of it the trace went on with elsewhere
		Total          *endView
		Ends           []endView
	}
	endView struct {
		Index                                     int
		Who, Reason, WithoutGaps                  string
		IsAddress, ExactBounds, Certain           bool
		Via                                       []string
		Addresses                                 []addressView
		Many, More                                string
		Amount, Exact                             string
		AtLeast, AtMost, ExactLeast, ExactMost    string
		LeastBase, MostBase, Moved, ExactMoved    string
		Range                                     rangeView
		USD                                       usdView
		Count                                     int
		Transfers, First, FirstDay, Last, LastDay string
	}
	rangeView struct {
		Label, Sure, Least, Width, InnerLeast, InnerWidth string
		Inner                                             bool
		Ticks                                             []tickView
	}
	tickView struct {
		Policy   int
		X        string
		Headline bool
	}
	byPolicyView struct {
		Policies []string
		Rows     []byPolicyRow
		Poison   bool
	}
	byPolicyRow struct {
		Who   string
		Cells []figureView
	}
	stepView struct {
		Category, Title, Why, More string
		Rows                       []stepRowView
	}
	stepRowView struct {
		Address           addressView
		Amount, Transfers string
		Records           []recordCite
	}
	recordCite struct{ Time, Cite string }
	theftView  struct {
		Amount, Exact, Time, Kind, Ground, Cite, Note string
		Address                                       addressView
		Source                                        sourceView
	}
	sourceView struct{ Text, Link string }
	recordView struct {
		Summary string
		Claims  []claimView
	}
	claimView struct {
		Text       string
		Confidence int
		Source     sourceView
	}
	routeView struct {
		Amount, Exact, To, Category, Steps, Transfers, Days, Last string
		Open                                                      bool
		Path                                                      []addressView
	}
	gapView struct {
		Address                 addressView
		Amount, Exact, Time, Tx string
	}
	wholeView struct {
		Chain, Blocks, What, Source string
		Address                     addressView
	}
	tagView struct {
		Address         addressView
		Label, Category string
		Confidence      int
		Source          sourceView
	}
	inferenceView struct {
		Address      addressView
		Says, Method string
		Confidence   int
		Evidence     []string
	}
	inputView  struct{ Role, Name, SHA256, Bytes, Rows string }
	optionView struct{ Name, Value string }
)

// page builds the view. Assets are numbered as pageData numbers them: the stolen
// ones first.
func (x *index) page() *pageView {
	d, h := x.d, &x.d.Trace
	v := &pageView{
		Title: firstOf(clean(h.Name), clean(h.Subject), "Trace"), Policy: clean(h.Policy),
		Backward:   x.backward(),
		StolenWord: "Stolen", StartWord: "What was stolen", WhereWord: "Where it is now",
		Caveats: x.caveats(), Excerpt: x.excerptNote(), Passages: x.passages(), Onward: x.onwardViews(),
		TraceCommand: commandLine(x.traceCommand()), VerifyCommand: commandLine(x.verifyCommand()),
		Program: clean(d.Program), Schema: clean(d.Schema),
	}
	v.Swaps, v.MoreSwaps = x.swapViews()
	v.Crossed, v.MoreCrossed = x.crossedViews()
	v.Bridged, v.MoreBridged = x.bridgedViews()
	v.CoinJoins, v.OnwardFrom, v.Summary = x.coinJoinViews(), untied(x.d.Passages), x.accounted()
	for i := range v.Summary {
		v.Summary[i] = strings.ReplaceAll(v.Summary[i], " %", "\u00a0%")
	}
	v.CertaintiesMean, v.CoinJoinsMean, v.BridgedMean, v.SpreadMean = certaintiesMean, coinJoinsMean, bridgedMeans, spreadMean
	v.Asked = "Where the value of " + clean(h.Subject) + " went"
	if v.Backward {
		v.Asked = "Where the value of " + clean(h.Subject) + " came from"
		v.StolenWord, v.StartWord, v.WhereWord = "Asked about", "What is asked about", "Where it came from"
	}
	for _, b := range h.AsOf {
		v.Asked += fmt.Sprintf(" · ledger of %s to block %s, %s", clean(b.Chain), group(strconv.FormatInt(b.Height, 10)), clock(b.Time))
	}
	for _, p := range h.Policies {
		v.Policies = append(v.Policies, policyView{clean(p), policyMeans(p), p == h.Policy})
		if p == h.Policy {
			v.PolicyMeans = policyMeans(p)
		}
	}
	for _, l := range legend {
		v.Legend = append(v.Legend, legendView{l.kind, l.word, l.means})
	}
	var assets []string
	for _, s := range d.Stolen {
		if !slices.Contains(assets, s.Asset) {
			assets = append(assets, s.Asset)
		}
	}
	for _, a := range x.endAssets() {
		if !slices.Contains(assets, a) {
			assets = append(assets, a)
		}
	}
	for i, a := range assets {
		v.Assets = append(v.Assets, x.assetView(i, a))
	}
	x.addSteps(v)
	x.addStolen(v)
	x.addRoutes(v)
	x.addMissing(v)
	x.addSaid(v)
	if n := x.answers(); n > 0 {
		v.Inputs = append(v.Inputs, inputView{"answers", "kept answers of a source, each named in the JSON report", "", "", group(strconv.Itoa(n))})
	}
	for _, in := range d.Inputs {
		if in.Role == "answer" {
			continue // there may be thousands: they are in the JSON report
		}
		row := inputView{clean(in.Role), clean(in.Name), clean(in.SHA256), group(strconv.FormatInt(in.Bytes, 10)), ""}
		if in.SHA256 == "" {
			row.Bytes = ""
		}
		if in.Rows > 0 {
			row.Rows = group(strconv.Itoa(in.Rows))
		}
		v.Inputs = append(v.Inputs, row)
	}
	for _, o := range x.options() {
		v.Options = append(v.Options, optionView{o[0], o[1]})
	}
	return v
}

func (x *index) addressView(chain, address string) addressView {
	n := x.name(chain, address)
	return addressView{clean(address), clean(chain), x.said(chain, address), n.basis}
}

func (x *index) usdView(u *USD) usdView {
	v := usdView{Text: value(u)}
	if u != nil {
		whole, cents, _ := dollars(u.Amount)
		v.Title = "USD " + group(whole) + "." + cents
		if !amount(u.Unpriced).IsZero() {
			v.Title += ", and " + group(u.Unpriced) + " base units unpriced"
		}
		v.Title += " (" + clean(u.Basis) + ")"
	}
	return v
}

func (x *index) assetView(i int, asset string) assetView {
	v := assetView{Index: i, Symbol: x.symbol(asset)}
	var stolen fundtrail.Amount
	for n := range x.d.Stolen {
		s := &x.d.Stolen[n]
		if s.Asset != asset {
			continue
		}
		stolen, _ = stolen.Add(amount(s.Amount))
		v.Stolen = &startView{x.coins(asset, stolen, nearest), x.exact(asset, stolen), x.usdView(s.USD)}
	}
	for _, g := range x.groups(asset) {
		gv := groupView{Category: clean(g.category), Name: categoryName(g.category)}
		if g.total != nil {
			n := slices.IndexFunc(x.d.Categories, func(e End) bool { return e.Category == g.category && e.Asset == asset })
			total := x.endView(n, g.total)
			total.Who = gv.Name
			gv.Total = &total
			gv.Card = x.worthACard(g.total, stolen)
			if on := x.followedOn(g); !on.IsZero() {
				gv.Followed = x.coins(asset, on, nearest)
			}
		}
		for _, n := range g.ends[:min(len(g.ends), pageEnds)] {
			gv.Ends = append(gv.Ends, x.endView(n, &x.d.Ends[n]))
		}
		if rest := len(g.ends) - pageEnds; rest > 0 {
			gv.Ends[pageEnds-1].More = fmt.Sprintf("and %s of this category, in the CSV and JSON reports", count(rest, "more end"))
		}
		v.Groups = append(v.Groups, gv)
	}
	v.ByPolicy = x.byPolicy(asset)
	return v
}

// worthACard reports whether a category holds at least a two-hundredth of what was
// stolen under some policy: less is noise at the top of a page.
func (x *index) worthACard(e *End, stolen fundtrail.Amount) bool {
	for _, s := range e.Amount {
		part, over := amount(s).Mul(fundtrail.NewAmount(200))
		if over || !part.Less(stolen) && !amount(s).IsZero() {
			return true
		}
	}
	return false
}

func (x *index) endView(i int, e *End) endView {
	policy := x.d.Trace.Policy
	v := endView{
		Index: i, Who: endTitle(e), Reason: clean(e.Reason), ExactBounds: e.Exact,
		Amount:  x.figure(e.Asset, e.Amount, policy),
		AtLeast: x.coins(e.Asset, amount(e.AtLeast), down), AtMost: x.coins(e.Asset, amount(e.AtMost), up),
		ExactLeast: x.exact(e.Asset, amount(e.AtLeast)), ExactMost: x.exact(e.Asset, amount(e.AtMost)),
		LeastBase: e.AtLeast, MostBase: e.AtMost,
		Certain: e.AtLeast == e.AtMost, Moved: x.coins(e.Asset, amount(e.Moved), nearest), ExactMoved: x.exact(e.Asset, amount(e.Moved)),
		Range: x.rangeView(e), USD: x.usdView(e.USD),
		Count: e.Transfers, Transfers: group(strconv.Itoa(max(e.Transfers, 0))),
		First: e.First, FirstDay: day(e.First), Last: e.Last, LastDay: day(e.Last),
	}
	if s, ok := e.Amount.under(policy); ok {
		v.Exact = x.exact(e.Asset, amount(s))
	}
	if e.AtLeast != e.AtLeastWithoutGaps || e.AtMost != e.AtMostWithoutGaps {
		v.WithoutGaps = x.coins(e.Asset, amount(e.AtLeastWithoutGaps), down) + " to " + x.coins(e.Asset, amount(e.AtMostWithoutGaps), up)
	}
	for _, n := range e.Via[:min(len(e.Via), 3)] {
		f := &x.d.Inferences[n]
		v.Via = append(v.Via, fmt.Sprintf("%s [%s %d]", clean(f.Says), clean(f.Method), f.Confidence))
	}
	if rest := len(e.Via) - 3; rest > 0 {
		v.Via = append(v.Via, "and "+count(rest, "more inference"))
	}
	for _, a := range e.Addresses[:min(len(e.Addresses), pageHolders)] {
		v.Addresses = append(v.Addresses, x.addressView(chainOf(e.Asset), a))
	}
	if n := len(e.Addresses); n > 3 {
		v.Many = count(n, "address")
		if n > pageHolders {
			v.More = "and " + count(n-pageHolders, "more address") + ", in the JSON report"
		}
	}
	v.IsAddress = len(e.Addresses) == 1 && v.Who == v.Addresses[0].Address
	return v
}

// rangeView draws an end's range on a scale from 0 to its own most, with a tick for
// each policy. Positions are whole tenths of a unit, computed in integers.
func (x *index) rangeView(e *End) rangeView {
	most := amount(e.AtMost)
	for _, s := range e.Amount {
		most = most.Max(amount(s))
	}
	if most.IsZero() {
		most = fundtrail.NewAmount(1)
	}
	const scale = 1990 // of 2000 tenths, so that a tick at the end is seen whole
	at := func(a fundtrail.Amount) uint64 {
		q, _ := a.MulDiv(fundtrail.NewAmount(scale), most)
		return q.Uint64() + 5
	}
	tenths := func(n uint64) string { return fmt.Sprintf("%d.%d", n/10, n%10) }
	lo, hi := at(amount(e.AtLeast)), at(amount(e.AtMost))
	v := rangeView{Sure: tenths(lo - 5), Least: tenths(lo), Width: tenths(max(hi, lo+10) - lo)}
	if e.AtLeast != e.AtLeastWithoutGaps || e.AtMost != e.AtMostWithoutGaps {
		lo, hi := at(amount(e.AtLeastWithoutGaps)), at(amount(e.AtMostWithoutGaps))
		v.Inner, v.InnerLeast, v.InnerWidth = true, tenths(lo), tenths(max(hi, lo+10)-min(hi, lo))
	}
	words := []string{fmt.Sprintf("at least %s, at most %s", x.coins(e.Asset, amount(e.AtLeast), down), x.coins(e.Asset, amount(e.AtMost), up))}
	for n, p := range x.d.Trace.Policies {
		s, ok := e.Amount.under(p)
		if !ok {
			continue
		}
		v.Ticks = append(v.Ticks, tickView{n, tenths(at(amount(s))), p == x.d.Trace.Policy})
		words = append(words, clean(p)+" "+x.coins(e.Asset, amount(s), nearest))
	}
	v.Label = strings.Join(words, "; ")
	return v
}

func (x *index) byPolicy(asset string) *byPolicyView {
	v := &byPolicyView{}
	var run []string
	for _, p := range x.d.Trace.Policies {
		if slices.ContainsFunc(x.d.Categories, func(e End) bool { _, ok := e.Amount.under(p); return ok && e.Asset == asset }) {
			run = append(run, p)
			v.Policies = append(v.Policies, clean(p))
			v.Poison = v.Poison || poison(p)
		}
	}
	if len(run) < 2 {
		return nil
	}
	for _, g := range x.groups(asset) {
		if g.total == nil {
			continue
		}
		row := byPolicyRow{Who: categoryName(g.category)}
		for _, p := range run {
			f := figureView{Amount: x.figure(asset, g.total.Amount, p)}
			if s, ok := g.total.Amount.under(p); ok {
				f.Exact = x.exact(asset, amount(s))
			}
			row.Cells = append(row.Cells, f)
		}
		v.Rows = append(v.Rows, row)
	}
	return v
}

func (x *index) addSteps(v *pageView) { v.Steps = x.stepViews(x.steps()) }

func (x *index) stepViews(steps []step) (out []stepView) {
	for _, s := range steps {
		sv := stepView{Category: clean(s.category), Title: s.title, Why: s.why}
		for _, r := range s.rows[:min(len(s.rows), pageStepRows)] {
			n := x.name(chainOf(r.asset), r.address)
			row := stepRowView{Address: addressView{r.address, clean(chainOf(r.asset)), r.note, n.basis}, Amount: r.amount}
			if r.first != nil {
				row.Transfers = group(strconv.Itoa(r.transfers))
				row.Records = append(row.Records, recordCite{clock(r.first.Time), hashIndex(r.first.Tx, &r.first.Index)})
				if r.transfers > 1 {
					row.Records = append(row.Records, recordCite{clock(r.last.Time), hashIndex(r.last.Tx, &r.last.Index)})
				}
			}
			sv.Rows = append(sv.Rows, row)
		}
		if rest := len(s.rows) - pageStepRows; rest > 0 {
			sv.More = "and " + count(rest, "more address") + ", in the CSV and JSON reports"
		}
		out = append(out, sv)
	}
	return out
}

func (x *index) addStolen(v *pageView) {
	left := 0
	for i := range x.d.Stolen {
		s := &x.d.Stolen[i]
		for j := range s.Thefts {
			if len(v.Thefts) == pageThefts {
				left++
				continue
			}
			th := &s.Thefts[j]
			kind, ground := theftGround(th)
			tv := theftView{
				Amount: x.coins(s.Asset, amount(th.Amount), nearest) + " " + x.symbol(s.Asset), Exact: x.exact(s.Asset, amount(th.Amount)),
				Time: clock(th.Time), Kind: kind, Ground: ground, Note: clean(th.Note), Address: x.addressView(chainOf(s.Asset), th.Address),
				Source: source(th.Source),
			}
			if th.Tx != "" {
				tv.Cite = hashIndex(th.Tx, th.Index)
			}
			v.Thefts = append(v.Thefts, tv)
		}
	}
	if left > 0 {
		v.MoreThefts = "and " + count(left, "more start") + ", in the JSON report"
	}
	r := x.d.Record
	if r == nil {
		return
	}
	rv := &recordView{Summary: clean(r.Summary)}
	for _, l := range r.Losses {
		rv.Claims = append(rv.Claims, claimView{fmt.Sprintf("USD %s lost, says %s%s", dollarsOrText(l.USD), clean(l.By), note(l.Note)), l.Confidence, source(l.Source)})
	}
	for _, a := range r.Attributions {
		verb := "Done by"
		if a.Denied {
			verb = "Not done by"
		}
		rv.Claims = append(rv.Claims, claimView{fmt.Sprintf("%s %s, says %s%s", verb, clean(a.Actor), clean(a.By), note(a.Date)), a.Confidence, source(a.Source)})
	}
	for _, s := range r.Statements {
		rv.Claims = append(rv.Claims, claimView{statement(&s) + note(s.Date), s.Confidence, source(s.Source)})
	}
	v.Record = rv
}

func (x *index) addRoutes(v *pageView) {
	for i := range x.d.Routes {
		if i == pageRoutes {
			v.MoreRoutes = "and " + count(len(x.d.Routes)-i, "smaller route") + ", in the JSON report"
			break
		}
		r := &x.d.Routes[i]
		category := ""
		if r.End >= 0 {
			category = clean(x.d.Ends[r.End].Category)
		}
		rv := routeView{
			Amount: x.coins(r.Asset, amount(r.Amount), nearest) + " " + x.symbol(r.Asset), Exact: x.exact(r.Asset, amount(r.Amount)),
			To: x.routeTo(r), Category: category, Steps: count(max(len(r.Addresses)-1, 0), "step"), Transfers: count(r.Transfers, "transfer"),
			Days: days(r.First, r.Last), Open: i < pageOpen,
		}
		for _, a := range r.Addresses {
			rv.Path = append(rv.Path, x.addressView(chainOf(r.Asset), a))
		}
		rv.Last = x.lastStep(r)
		v.Routes = append(v.Routes, rv)
	}
}

func (x *index) addMissing(v *pageView) {
	c := &x.d.Coverage
	for i, g := range c.Gaps {
		if i == pageGaps {
			v.MoreGaps = "and " + count(len(c.Gaps)-i, "more gap") + ", in the JSON report"
			break
		}
		v.Gaps = append(v.Gaps, gapView{x.addressView(chainOf(g.Asset), g.Address), x.coins(g.Asset, amount(g.Short), nearest) + " " + x.symbol(g.Asset),
			x.exact(g.Asset, amount(g.Short)), clock(g.Time), clean(g.Tx)})
	}
	v.WholeCount = len(c.Claims)
	for i, w := range c.Claims {
		if i == pageWholeRows {
			v.MoreWhole = "and " + count(len(c.Claims)-i, "more claim") + ", in the JSON report"
			break
		}
		row := wholeView{Chain: clean(w.Chain), What: clean(w.What), Source: clean(w.Source),
			Blocks: group(strconv.FormatInt(w.FromBlock, 10)) + " to " + group(strconv.FormatInt(w.ToBlock, 10))}
		if w.Address != "" {
			row.Address = x.addressView(w.Chain, w.Address)
		}
		v.Whole = append(v.Whole, row)
	}
}

func (x *index) addSaid(v *pageView) {
	left := 0
	for i := range x.d.Addresses {
		a := &x.d.Addresses[i]
		for _, t := range a.Tags {
			if len(v.Tags) == pageClaims {
				left++
				continue
			}
			v.Tags = append(v.Tags, tagView{addressView{Address: clean(a.Address), Chain: clean(a.Chain)}, firstOf(clean(t.Label), clean(t.Actor)),
				strings.TrimSuffix(clean(t.Category)+", "+clean(t.Role), ", "), t.Confidence, source(t.Source)})
		}
	}
	if left > 0 {
		v.MoreTags = "and " + count(left, "more claim") + ", in the JSON report"
	}
	for i, f := range x.d.Inferences {
		if i == pageClaims {
			v.MoreInferences = "and " + count(len(x.d.Inferences)-i, "more inference") + ", in the JSON report"
			break
		}
		iv := inferenceView{Address: addressView{Address: clean(f.Address)}, Says: clean(f.Says), Method: clean(f.Method), Confidence: f.Confidence}
		for _, e := range f.Evidence[:min(len(f.Evidence), 5)] {
			iv.Evidence = append(iv.Evidence, clean(e))
		}
		v.Inferences = append(v.Inferences, iv)
	}
}

// source makes a link of a source that is a plain web address, and of no other.
func source(s string) sourceView {
	v := sourceView{Text: clean(s)}
	if u, err := url.Parse(s); err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && v.Text == s {
		v.Link = s
	}
	return v
}
