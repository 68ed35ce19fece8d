package main

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"math/big"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/data"
	"github.com/fundtrail/fundtrail/internal/brief"
	"github.com/fundtrail/fundtrail/internal/crossing"
	"github.com/fundtrail/fundtrail/internal/plot"
	"github.com/fundtrail/fundtrail/internal/record"
	"github.com/fundtrail/fundtrail/internal/report"
	"github.com/fundtrail/fundtrail/internal/screen"
)

type statsMixerFlags struct {
	recordFlags
	ledgerFlags
	events    []string
	traces    []string
	prices    []string
	incidents []string
	by        string
	out       string
}

func newStatsMixer() *cobra.Command {
	f := &statsMixerFlags{}
	c := &cobra.Command{
		Use:   "mixer NAME",
		Short: "How much went into a mixer, and how much of it was stolen, by whom it is said",
		Long: `Mixer tells what went into a mixer over time (facts, from the events of its pools), how
much of it was stolen by what others say (claims, with their sources), and how much by
our traces (inferences): of each theft and asset the least and the most over the
policies that lose nothing, and the bounds that hold under any of them. It says how
each number was made. Nothing is divided where the data does not say what it is of.

Traces come from the JSON reports of fundtrail trace (--trace), or are run on --ledger
for the thefts of --incident; else the transfers of the Ronin Bridge theft that are
embedded in the program are traced, which are an excerpt.
` + recordClocks + exitCodes,
		Example: `  fundtrail stats mixer tornado-cash
  fundtrail stats mixer tornado-cash --mixer-events tornado_events/ --by quarter --trace ronin.json
  fundtrail stats mixer tornado-cash --ledger transactions.csv.gz --incident ronin-bridge --prices eth=ETH-USD.csv
  fundtrail stats mixer tornado-cash --mixer-events tornado_events/ --format svg -o tornado.svg`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usage("stats mixer takes the mixer's name, such as tornado-cash")
			}
			return nil
		},
		ValidArgsFunction: completeRecords(record.KindService),
		RunE:              func(c *cobra.Command, args []string) error { return f.run(c, args[0]) },
	}
	f.recordFlags.register(c)
	f.ledgerFlags.register(c)
	fl := c.Flags()
	fl.Lookup("format").Usage = "text, json, csv or svg (default by the name after -o, else text)"
	fl.StringArrayVar(&f.events, "mixer-events", nil, "`FILE` or folder of the pools' events (repeat)")
	fl.StringArrayVar(&f.traces, "trace", nil, "JSON report of a trace: `FILE` (repeat)")
	fl.StringArrayVar(&f.incidents, "incident", nil, "with --ledger: trace this `THEFT` (repeat; default ronin-bridge)")
	fl.StringArrayVar(&f.prices, "prices", nil, "daily prices, `ASSET=FILE` (repeat)")
	fl.StringVar(&f.by, "by", "quarter", "deposits by month, quarter or year")
	fl.StringVarP(&f.out, "output", "o", "", "write to `FILE`")
	return c
}

// mixerStats is the answer, and its JSON form. Amounts are in whole coins, as decimal text.
type mixerStats struct {
	Schema   string         `json:"schema"`
	Mixer    string         `json:"mixer"`
	Name     string         `json:"name"`
	AsOf     string         `json:"as_of,omitempty"`
	Deposits []mixerPeriod  `json:"deposits"` // facts
	Totals   []mixerTotal   `json:"totals"`   // facts
	Claims   []mixerClaim   `json:"claims"`
	Traces   []mixerTrace   `json:"traces"` // inferences
	Made     []string       `json:"made"`   // how each number was made
	Inputs   []report.Input `json:"inputs"`
}

type mixerPeriod struct {
	Period   string `json:"period"` // 2022-Q2
	Asset    string `json:"asset"`
	Deposits int    `json:"deposits"`
	In       string `json:"in"`
	amount   fundtrail.Amount
}

type mixerTotal struct {
	Asset    string `json:"asset"`
	Pools    int    `json:"pools"`
	Deposits int    `json:"deposits"`
	In       string `json:"in"`
	First    string `json:"first"`
	Last     string `json:"last"`
	symbol   string
	chain    fundtrail.Chain
	amount   fundtrail.Amount
	decimals int
}

type mixerClaim struct {
	Record     string `json:"record"`
	USD        string `json:"usd,omitempty"`
	Quantity   string `json:"quantity,omitempty"`
	Unit       string `json:"unit,omitempty"`
	Qualifier  string `json:"qualifier,omitempty"`
	Of         string `json:"of,omitempty"`
	By         string `json:"by"`
	Note       string `json:"note,omitempty"`
	Known      string `json:"known"`
	KnownBasis string `json:"known_basis"`
	Confidence int    `json:"confidence"`
	Source     string `json:"source"`
	figure     fundtrail.Figure
}

type mixerTrace struct {
	Report    string   `json:"report"`
	Incident  string   `json:"incident"`
	Name      string   `json:"name"`
	Asset     string   `json:"asset"`
	Symbol    string   `json:"symbol"`
	Policies  []string `json:"policies"`
	Least     string   `json:"least"` // over the policies
	Most      string   `json:"most"`
	AtLeast   string   `json:"at_least"` // under any policy that loses nothing
	AtMost    string   `json:"at_most"`
	USD       string   `json:"usd,omitempty"`
	Unpriced  string   `json:"unpriced,omitempty"`
	Transfers int      `json:"transfers"`
	First     string   `json:"first"`
	Last      string   `json:"last"`
	// ShareLeast and ShareMost are of all deposits of the asset, in hundredths of a percent,
	// rounded outwards; empty where the events are not given.
	ShareLeast string `json:"share_least_percent,omitempty"`
	ShareMost  string `json:"share_most_percent,omitempty"`
	flow       brief.Flow
}

func (f *statsMixerFlags) run(c *cobra.Command, name string) error {
	form := f.format
	if ext := strings.TrimPrefix(filepath.Ext(f.out), "."); !c.Flags().Changed("format") && slices.Contains([]string{"json", "csv", "svg"}, ext) {
		form = ext
	}
	if !slices.Contains([]string{"text", "json", "csv", "svg"}, form) {
		return usage("--format %q: want text, json, csv or svg", form)
	}
	f.format = "text"
	if !slices.Contains([]string{"month", "quarter", "year"}, f.by) {
		return usage("--by %q: want month, quarter or year", f.by)
	}
	v, _, err := f.recordFlags.view(c, nil)
	if err != nil {
		return err
	}
	s, err := v.Service(name)
	if err != nil {
		return err
	}
	if s.Category != "mixing_service" {
		return usage("%s is no mixer on record", s.Name)
	}
	out := &mixerStats{Schema: "fundtrail.stats-mixer/1", Mixer: s.ID, Name: s.Name, Deposits: []mixerPeriod{}, Totals: []mixerTotal{}, Claims: []mixerClaim{}, Traces: []mixerTrace{}, Inputs: []report.Input{}}
	if !v.AsOf.IsZero() {
		out.AsOf = v.AsOf.Format(time.DateOnly)
	}
	if len(f.events) > 0 {
		if s.ID != crossing.TornadoProtocol {
			return usage("--mixer-events are those of tornado-cash")
		}
		if err := out.deposits(f.events, v.AsOf, f.by); err != nil {
			return err
		}
	}
	out.claims(v, &s)
	docs, err := f.reports(c, v.AsOf)
	if err != nil {
		return err
	}
	for _, d := range docs {
		out.trace(d.Name, d.Report, &s)
	}
	out.howMade(docs, v, f.by)
	var b bytes.Buffer
	switch form {
	case "json":
		err = writeJSON(&b, out)
	case "csv":
		err = writeCSV(&b, out.rows())
	case "svg":
		_, err = io.WriteString(&b, out.svg())
	default:
		err = out.text(&b, v)
	}
	if err != nil {
		return err
	}
	if f.out != "" && f.out != "-" {
		return writeFile(f.out, b.Bytes())
	}
	_, err = b.WriteTo(c.OutOrStdout())
	return err
}

// reports are the traces that were given, were asked to be run, or are embedded.
func (f *statsMixerFlags) reports(c *cobra.Command, asOf time.Time) (out []brief.Traced, err error) {
	if len(f.traces) > 0 && len(f.ledger) > 0 {
		return nil, usage("--trace and --ledger: want one of them")
	}
	for _, name := range f.traces {
		doc, err := readReport(name, c.InOrStdin())
		if err != nil {
			return nil, fmt.Errorf("--trace: %w", err)
		}
		out = append(out, brief.Traced{Name: filepath.Base(name), Report: doc})
	}
	if len(f.traces) > 0 {
		return out, nil
	}
	ids := f.incidents
	if len(ids) == 0 {
		ids = data.Excerpts()
	} else if len(f.ledger) == 0 {
		return nil, usage("--incident goes with --ledger")
	}
	for _, id := range ids {
		in, err := data.Incident(id)
		if err != nil {
			return nil, err
		}
		if !asOf.IsZero() && in.Happened.After(asOf) {
			continue
		}
		doc, err := theftTrace(c.Context(), in.ID, &f.ledgerFlags, f.prices, asOf)
		if err != nil {
			return nil, fmt.Errorf("trace %s: %w", id, err)
		}
		out = append(out, brief.Traced{Name: in.ID, Report: doc})
	}
	return out, nil
}

// deposits counts the notes paid in, period by period and asset by asset.
func (s *mixerStats) deposits(files []string, asOf time.Time, by string) error {
	pools, inputs, err := loadPools(files)
	if err != nil {
		return err
	}
	s.Inputs = inputs
	periods := map[string]*mixerPeriod{}
	totals := map[string]*mixerTotal{}
	for _, p := range pools {
		unit, err := p.Name.Denomination()
		if err != nil {
			return err
		}
		asset := string(p.Name.Chain) + " " + p.Name.Symbol
		t := totals[asset]
		if t == nil {
			t = &mixerTotal{Asset: asset, symbol: p.Name.Symbol, chain: p.Name.Chain, decimals: p.Name.Decimals()}
			totals[asset] = t
		}
		t.Pools++
		for i := range p.Deposits {
			at := time.Unix(p.Deposits[i].Time, 0).UTC()
			if !asOf.IsZero() && !at.Before(asOf.AddDate(0, 0, 1)) {
				continue
			}
			key := periodOf(at, by)
			x := periods[asset+" "+key]
			if x == nil {
				x = &mixerPeriod{Period: key, Asset: asset}
				periods[asset+" "+key] = x
			}
			x.Deposits++
			x.amount, _ = x.amount.Add(unit)
			x.In = x.amount.Decimal(t.decimals)
			t.Deposits++
			t.amount, _ = t.amount.Add(unit)
			day := at.Format(time.DateOnly)
			if t.First == "" || day < t.First {
				t.First = day
			}
			t.Last = max(t.Last, day)
		}
		t.In = t.amount.Decimal(t.decimals)
	}
	for _, x := range periods {
		s.Deposits = append(s.Deposits, *x)
	}
	slices.SortFunc(s.Deposits, func(a, b mixerPeriod) int {
		return cmp.Or(cmp.Compare(a.Asset, b.Asset), cmp.Compare(a.Period, b.Period))
	})
	for _, t := range totals {
		s.Totals = append(s.Totals, *t)
	}
	slices.SortFunc(s.Totals, func(a, b mixerTotal) int { return cmp.Compare(a.Asset, b.Asset) })
	return nil
}

func periodOf(t time.Time, by string) string {
	switch by {
	case "month":
		return t.Format("2006-01")
	case "year":
		return t.Format("2006")
	}
	return fmt.Sprintf("%d-Q%d", t.Year(), (int(t.Month())+2)/3)
}

// claims are what others say went through.
func (s *mixerStats) claims(v *record.View, service *data.Service) {
	for _, f := range v.Of(record.Ref{Kind: record.KindService, ID: service.ID}).Figures {
		if f.What != fundtrail.FigureThrough || f.Through != service.ID {
			continue
		}
		of := f.Of
		if of == "" && f.Record.Kind == record.KindIncident {
			of = f.Record.ID // it stands with the theft that it is of
		}
		c := mixerClaim{Record: f.Record.String(), Quantity: f.Quantity, Unit: f.Unit, Qualifier: f.Qualifier, Of: of, By: f.By, Note: f.Note,
			Known: f.Known.On.Format(time.DateOnly), KnownBasis: string(f.Known.Basis), Confidence: int(f.Confidence), Source: f.Source.URL, figure: f.Figure}
		if !f.USD.IsZero() {
			c.USD = f.USD.String()
		}
		// The record of an act repeats what that of the theft says: one claim of one source.
		if !slices.ContainsFunc(s.Claims, func(o mixerClaim) bool { return o.same(&c) }) {
			s.Claims = append(s.Claims, c)
		}
	}
	slices.SortStableFunc(s.Claims, func(a, b mixerClaim) int {
		return cmp.Or(cmp.Compare(a.Of, b.Of), cmp.Compare(a.Known, b.Known), cmp.Compare(a.Record, b.Record))
	})
}

// trace adds what one report says reached the mixer, and its share of the deposits.
func (s *mixerStats) trace(name string, d *report.Document, service *data.Service) {
	for _, flow := range brief.Into(d, service.ID, service.Actor) {
		n := max(flow.Asset.Decimals, 0)
		t := mixerTrace{Report: name, Incident: d.Trace.Subject, Name: cmp.Or(d.Trace.Name, d.Trace.Subject), Asset: flow.Asset.Asset, Symbol: flow.Asset.Symbol, Policies: lossless(d),
			Least: flow.Least.Decimal(n), Most: flow.Most.Decimal(n), AtLeast: flow.AtLeast.Decimal(n), AtMost: flow.AtMost.Decimal(n), Transfers: flow.Transfers, First: flow.First, Last: flow.Last, flow: flow}
		if flow.USD != nil {
			t.USD, t.Unpriced = flow.USD.Amount, flow.USD.Unpriced
		}
		for i := range s.Totals {
			x := &s.Totals[i]
			if flow.Asset.Asset == string(x.chain) && strings.EqualFold(flow.Asset.Symbol, x.symbol) && !x.amount.IsZero() {
				t.ShareLeast, t.ShareMost = percent(flow.Least, x.amount, false), percent(flow.Most, x.amount, true)
			}
		}
		s.Traces = append(s.Traces, t)
	}
}

// percent is a part of a whole with two places, rounded down or up.
func percent(part, whole fundtrail.Amount, up bool) string {
	a, _ := new(big.Int).SetString(part.String(), 10)
	b, _ := new(big.Int).SetString(whole.String(), 10)
	a.Mul(a, big.NewInt(10_000))
	if up {
		a.Add(a, new(big.Int).Sub(b, big.NewInt(1)))
	}
	a.Quo(a, b)
	return fundtrail.NewAmount(a.Uint64()).Decimal(2)
}

func (s *mixerStats) howMade(docs []brief.Traced, v *record.View, by string) {
	add := func(format string, args ...any) { s.Made = append(s.Made, fmt.Sprintf(format, args...)) }
	if len(s.Totals) > 0 {
		add("Deposits: every deposit event of the pools that were given, by %s of its block, times the note of its pool. Other pools, and what is later than the events, are not in it.", by)
	} else {
		add("Deposits: no events were given (--mixer-events), so that no share of what went in can be told.")
	}
	add("Claims: figures on record%s of value that went through %s, each as its source gives it. They count different things and are neither added nor averaged.", v.Clocks(), s.Name)
	for _, d := range docs {
		add("Trace of %s (%s): the ends that claims tag as %s, summed by each policy (%s); the range is from the least to the most of these sums. At least and at most are the ends' own bounds under any policy that loses nothing, added up. Which transfers were the theft is the record's claim.",
			cmp.Or(d.Report.Trace.Name, d.Report.Trace.Subject), d.Name, s.Name, strings.Join(lossless(d.Report), ", "))
		for _, note := range d.Report.Coverage.Notes {
			add("Trace of %s: %s", cmp.Or(d.Report.Trace.Name, d.Report.Trace.Subject), note)
		}
	}
	if slices.ContainsFunc(s.Traces, func(t mixerTrace) bool { return t.ShareMost != "" }) {
		add("Share: the trace's range over all deposits of its asset in the pools that were given, rounded outwards.")
	}
}

func (s *mixerStats) rows() [][]string {
	rows := [][]string{{"kind", "what", "period", "incident", "asset", "least", "most", "unit", "count", "by", "known", "confidence", "method", "share_least_percent", "share_most_percent", "source"}}
	for _, p := range s.Deposits {
		rows = append(rows, []string{"fact", "deposits", p.Period, "", p.Asset, p.In, p.In, "coins", strconv.Itoa(p.Deposits), "", "", "", "", "", "", ""})
	}
	for _, c := range s.Claims {
		row := func(amount, unit string) {
			rows = append(rows, []string{"claim", "through", "", c.Of, "", amount, amount, unit, "", c.By, c.Known, strconv.Itoa(c.Confidence), c.Qualifier, "", "", c.Source})
		}
		if c.USD != "" {
			row(c.USD, "USD")
		}
		if c.Quantity != "" {
			row(c.Quantity, c.Unit)
		}
	}
	for _, t := range s.Traces {
		rows = append(rows, []string{"inference", "through", "", t.Incident, t.Asset, t.Least, t.Most, t.Symbol, strconv.Itoa(t.Transfers), t.Report, "", "", strings.Join(t.Policies, " "), t.ShareLeast, t.ShareMost, ""})
	}
	return rows
}

// svg draws the deposits of the asset with the most of them; without events, the claims.
func (s *mixerStats) svg() string {
	style := plot.Style{Title: "Deposits into " + s.Name, Print: func(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }, Words: plot.Words{Range: "deposits"}}
	var ranges []plot.Range
	if len(s.Totals) == 0 {
		style.Title = "What went through " + s.Name + ", by claim"
		style.Print = func(v float64) string { return "$" + strconv.FormatFloat(v/1e6, 'f', -1, 64) + "M" }
		style.Words.Range = "claims"
		for _, c := range s.Claims {
			if v, err := strconv.ParseFloat(c.USD, 64); err == nil {
				ranges = append(ranges, plot.Range{Label: strings.TrimSpace(c.By + " " + c.Of), Least: v, Most: v, Note: strings.TrimSpace(c.Qualifier + " " + style.Print(v))})
			}
		}
		return plot.Rows(style, ranges)
	}
	most := slices.MaxFunc(s.Totals, func(a, b mixerTotal) int {
		return cmp.Or(cmp.Compare(a.Deposits, b.Deposits), cmp.Compare(b.Asset, a.Asset))
	})
	style.Title += ", " + most.Asset
	for _, p := range s.Deposits {
		if p.Asset == most.Asset {
			v, _ := strconv.ParseFloat(p.In, 64)
			ranges = append(ranges, plot.Range{Label: p.Period, Least: v, Most: v, Note: p.In})
		}
	}
	return plot.Columns(style, ranges)
}

func (s *mixerStats) text(w io.Writer, v *record.View) error {
	p := &sheet{}
	p.heading("%s%s", strings.ToUpper(screen.Line(s.Name)), v.Clocks())
	if len(s.Totals) > 0 {
		p.heading("WENT IN (facts)")
		rows := [][]string{{"ASSET", "DEPOSITS", "IN", "FROM", "TO"}}
		for _, t := range s.Totals {
			rows = append(rows, []string{t.Asset, strconv.Itoa(t.Deposits), t.In, t.First, t.Last})
		}
		p.table(2, rows)
		rows = [][]string{{"PERIOD", "ASSET", "DEPOSITS", "IN"}}
		for _, x := range s.Deposits {
			rows = append(rows, []string{x.Period, x.Asset, strconv.Itoa(x.Deposits), x.In})
		}
		p.b.WriteByte('\n')
		p.table(2, rows)
	}
	p.heading("STOLEN, BY OTHERS (claims)")
	if len(s.Claims) == 0 {
		p.para(2, "The records hold no figure of it.")
	}
	for i := range s.Claims {
		c := &s.Claims[i]
		text := amountOf(c) + ": "
		if c.Of != "" {
			text += "of " + v.Name(c.Of)
			if in, err := v.Incident(c.Of); err == nil {
				text = amountOf(c) + ": of " + in.Name
			}
		} else {
			text += "not told of which theft"
		}
		if c.Note != "" {
			text += " (" + c.Note + ")"
		}
		p.para(2, text+" "+p.basis(c.By, c.figure.Confidence, c.figure.Known, c.figure.Source))
	}
	p.heading("STOLEN, BY OUR TRACES (inferences)")
	if len(s.Traces) == 0 {
		p.para(2, "None of the traces reaches it.")
	}
	for i := range s.Traces {
		t := &s.Traces[i]
		text := fmt.Sprintf("%s: %s to %s %s by policy, at least %s and at most %s under any; %s, %s to %s", t.Name, t.Least, t.Most, t.Symbol, t.AtLeast, t.AtMost,
			plural(t.Transfers, "payment"), dayText(t.First), dayText(t.Last))
		switch {
		case t.USD == "":
			text += "; unpriced"
		case t.Unpriced != "0":
			text += "; USD " + t.USD + ", a part unpriced"
		default:
			text += "; USD " + t.USD
		}
		if t.ShareMost != "" {
			text += fmt.Sprintf("; %s to %s %% of all deposits of %s", t.ShareLeast, t.ShareMost, t.Symbol)
		}
		p.para(2, text+".")
	}
	p.heading("HOW EACH NUMBER WAS MADE")
	for _, line := range s.Made {
		p.para(2, line)
	}
	return p.end(w)
}

// same reports whether two claims are one, in two records.
func (c *mixerClaim) same(o *mixerClaim) bool {
	x, y := *c, *o
	x.Record, y.Record, x.figure, y.figure = "", "", fundtrail.Figure{}, fundtrail.Figure{}
	return x == y
}

func amountOf(c *mixerClaim) string {
	var parts []string
	if c.USD != "" {
		parts = append(parts, record.Dollars(c.figure.USD, c.figure.USD, false))
	}
	if c.Quantity != "" {
		parts = append(parts, c.Quantity+" "+c.Unit)
	}
	return strings.TrimSpace(c.Qualifier + " " + strings.Join(parts, ", "))
}

func dayText(rfc3339 string) string {
	day, _, _ := strings.Cut(rfc3339, "T")
	return day
}
