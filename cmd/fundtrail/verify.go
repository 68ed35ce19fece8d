package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/data"
	"github.com/fundtrail/fundtrail/internal/crossing"
	"github.com/fundtrail/fundtrail/internal/report"
	"github.com/fundtrail/fundtrail/internal/trace"
)

type verifyFlags struct {
	ledgerFlags
	sourceFlags
	prices  []string
	assets  []string
	mixers  []string
	bridges []string
	quiet   bool
	verbose bool
}

func newVerify() *cobra.Command {
	f := &verifyFlags{}
	c := &cobra.Command{
		Use:   "verify REPORT.json",
		Short: "Check a report against the ledger, record by record, and run it again",
		Long: `Verify reads a report that trace wrote as JSON, looks up every ledger record that it
cites, and runs the trace again from what the report says it was made from: thefts,
claims and options. It says of every hop whether it is verified, mismatched or not
covered by the given ledger, and of every other figure whether the second run gives
the same.

The claims are those in the report: verify proves what follows from them, not that
they are true. Dollar values are checked when --prices is given, what came out of
mixers when --mixer-events is. A trace over bridges needs their events, --bridge-events.
` + exitCodes,
		Example: `  fundtrail trace ronin-bridge --format json -o ronin.json
  fundtrail verify ronin.json
  fundtrail verify ronin.json --ledger transactions.csv.gz --prices eth=ETH-USD.csv`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usage("verify takes the report's file")
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error { return runVerify(c, f, args[0], args[1:]) },
	}
	f.ledgerFlags.register(c)
	f.sourceFlags.registerAnswers(c)
	c.Flags().StringArrayVar(&f.prices, "prices", nil, "daily prices, `ASSET=FILE` (repeat)")
	c.Flags().StringArrayVar(&f.assets, "assets", nil, "`FILE` of symbols and decimals, as for trace (repeat)")
	c.Flags().StringArrayVar(&f.mixers, "mixer-events", nil, "of a trace through mixers: `FILE` or folder of the events of the pools (repeat)")
	c.Flags().StringArrayVar(&f.bridges, "bridge-events", nil, "of a trace over bridges: `FILE` or folder of what they recorded, as for trace (repeat)")
	c.Flags().BoolVarP(&f.quiet, "quiet", "q", false, "print only what is not verified, and the result")
	c.Flags().BoolVarP(&f.verbose, "verbose", "v", false, "print every record, the verified ones too")
	return c
}

// A finding is a place of the report that is not verified.
type finding struct {
	at, what string
}

func runVerify(c *cobra.Command, f *verifyFlags, name string, more []string) error {
	doc, err := readReport(name, c.InOrStdin())
	if err != nil {
		return err
	}
	s := &subject{words: []string{doc.Trace.Subject}, name: doc.Trace.Name, actor: doc.Trace.Actor, files: more}
	if err := s.fromReport(doc); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	p := &progress{w: terminal(c.ErrOrStderr())}
	defer p.clear()
	var in inputs
	if citesAnswers(doc) {
		err = f.answersOf(c.Context(), &in, doc, more)
	} else {
		err = in.loadLedger(c.Context(), &f.ledgerFlags, s, p)
	}
	if err != nil {
		return err
	}
	warn := func(format string, args ...any) { fmt.Fprintf(c.ErrOrStderr(), "fundtrail: "+format+"\n", args...) }
	if err := in.loadTokens(f.assets); err != nil {
		return err
	}
	if err := in.loadPrices(f.prices, warn); err != nil {
		return err
	}
	var pools []*crossing.Pool
	if len(f.mixers) > 0 {
		files := []report.Input(nil)
		if pools, files, err = loadPools(f.mixers); err != nil {
			return err
		}
		in.files = append(in.files, files...)
	}
	var bridges *bridgeLegs
	switch over := slices.Contains(doc.Trace.Options.Through, "bridges"); {
	case over && len(f.bridges) == 0:
		return usage("the report goes over bridges: give what they recorded, --bridge-events FILE")
	case !over && len(f.bridges) > 0:
		return usage("--bridge-events: the report goes over no bridges")
	case over:
		if bridges, err = in.loadBridges(f.bridges, doc.Trace.Options.BridgeContracts, f.chain, warn); err != nil {
			return err
		}
	}
	v := &verifier{doc: doc, ledger: in.ledger, pools: pools, bridges: bridges, w: c.OutOrStdout(), quiet: f.quiet, verbose: f.verbose}
	v.inputs(in.files)
	v.records()
	p.start("tracing again", 0)
	if err := v.again(c.Context(), s, &in, p); err != nil {
		v.find("trace", "the second run fails: %v", err)
	}
	p.clear()
	return v.result(name)
}

func readReport(name string, stdin io.Reader) (*report.Document, error) {
	if name == "-" {
		return report.ReadJSON(stdin)
	}
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	doc, err := report.ReadJSON(file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return doc, nil
}

// fromReport takes the thefts from a report.
func (s *subject) fromReport(doc *report.Document) error {
	if in, err := data.Incident(doc.Trace.Subject); err == nil {
		s.incidents = []fundtrail.Incident{in}
	}
	for _, st := range doc.Stolen {
		asset, err := fundtrail.ParseAsset(st.Asset)
		if err != nil {
			return err
		}
		for _, t := range st.Thefts {
			theft, err := parseTheft(asset, t)
			if err != nil {
				return err
			}
			s.thefts = append(s.thefts, theft)
		}
	}
	return nil
}

func parseTheft(asset fundtrail.Asset, t report.Theft) (out fundtrail.Theft, err error) {
	out = fundtrail.Theft{Asset: asset, Whole: t.Basis == "address", Proceeds: t.Proceeds, Note: t.Note, Source: fundtrail.Source{URL: t.Source}}
	if out.Address, err = fundtrail.ParseAddress(asset.Chain, t.Address); err != nil {
		return out, err
	}
	if t.Tx != "" {
		out.Tx.Chain = asset.Chain
		if out.Tx.Hash, err = fundtrail.ParseHash(t.Tx); err != nil {
			return out, err
		}
	}
	if t.Of != "" {
		out.ProceedsOf.Chain = asset.Chain
		if out.ProceedsOf.Hash, err = fundtrail.ParseHash(t.Of); err != nil {
			return out, err
		}
	}
	if t.Index != nil {
		out.Index, out.HasIndex = *t.Index, true
	}
	if t.Time != "" {
		if out.Time, err = time.Parse(time.RFC3339, t.Time); err != nil {
			return out, err
		}
	}
	if !out.Whole {
		out.Amount, err = fundtrail.ParseAmount(t.Amount)
	}
	return out, err
}

type verifier struct {
	pools    []*crossing.Pool // nil: none were given
	bridges  *bridgeLegs
	doc      *report.Document
	ledger   fundtrail.Ledger
	w        io.Writer
	quiet    bool
	verbose  bool
	findings []finding
	verified int
	missing  int
}

func (v *verifier) find(at, format string, args ...any) {
	v.findings = append(v.findings, finding{at, fmt.Sprintf(format, args...)})
}

// inputs compares the digests of files. Other files may hold the same facts, so a
// difference is said, and is no finding.
func (v *verifier) inputs(files []report.Input) {
	answers, same := 0, 0
	for _, want := range v.doc.Inputs {
		if want.Role == "answer" {
			answers++
			if slices.ContainsFunc(files, func(f report.Input) bool {
				return f.Role == want.Role && f.Name == want.Name && f.SHA256 == want.SHA256
			}) {
				same++
			}
		}
		if want.Role != "ledger" && want.Role != "excerpt" {
			continue
		}
		i := slices.IndexFunc(files, func(f report.Input) bool { return f.Role == want.Role && f.SHA256 == want.SHA256 })
		state := "the same bytes"
		if i < 0 {
			state = "not among the files given; what it held is looked for in those"
		}
		if !v.quiet {
			fmt.Fprintf(v.w, "input         %s (%s): %s\n", want.Name, short(want.SHA256), state)
		}
	}
	if answers > 0 && !v.quiet {
		fmt.Fprintf(v.w, "%-13s %d of %d kept, the same bytes\n", "answers", same, answers)
	}
}

func short(digest string) string { return digest[:min(len(digest), 12)] }

// records looks up every record that the report cites.
func (v *verifier) records() {
	type part struct {
		name string
		hops []report.Hop
	}
	parts := []part{{"hops", v.doc.Hops}, {"touched", v.doc.Touched}}
	for i := range v.doc.Onward {
		o := &v.doc.Onward[i]
		at := fmt.Sprintf("onward[%d].", i)
		parts = append(parts, part{at + "hops", o.Hops}, part{at + "touched", o.Touched})
	}
	for _, part := range parts {
		verified := 0
		for i := range part.hops {
			at := fmt.Sprintf("%s[%d]", part.name, i)
			h := &part.hops[i]
			state, what := v.record(h)
			switch state {
			case "verified":
				v.verified++
				verified++
				if v.verbose {
					fmt.Fprintf(v.w, "verified %s: %s:%d\n", at, h.Tx, h.Index)
				}
				continue
			case "not covered":
				v.missing++
			}
			v.find(at, "%s: %s:%d: %s", state, h.Tx, h.Index, what)
		}
		if !v.quiet {
			fmt.Fprintf(v.w, "%-13s %d of %d records verified\n", part.name, verified, len(part.hops))
		}
	}
}

// record compares one hop's facts with the ledger's.
func (v *verifier) record(h *report.Hop) (state, what string) {
	asset, err := fundtrail.ParseAsset(h.Asset)
	if err != nil {
		return "mismatched", err.Error()
	}
	id := fundtrail.TxID{Chain: asset.Chain}
	if id.Hash, err = fundtrail.ParseHash(h.Tx); err != nil {
		return "mismatched", err.Error()
	}
	span, ok := v.ledger.FindTx(id)
	if !ok {
		return "not covered", "the ledger does not hold the transaction"
	}
	if got := time.Unix(span.Time, 0).UTC().Format(time.RFC3339); got != h.Time || span.Height != h.Block {
		return "mismatched", fmt.Sprintf("the ledger has it in block %d at %s", span.Height, got)
	}
	info, _ := asset.Chain.Info()
	if info.Model == fundtrail.Coins && h.Index == fundtrail.FeeIndex {
		return v.coinFee(h, span)
	}
	if info.Model == fundtrail.Coins && h.Index == fundtrail.MixIndex {
		return v.intoMix(h, span)
	}
	var m fundtrail.Movement
	for p := span.First; p < span.End; p++ {
		v.ledger.Movement(p, &m)
		o := v.ledger.Output(p)
		index := o.Transfer.Index
		if info.Model == fundtrail.Coins {
			index = o.Output
		}
		if m.Kind == fundtrail.MoveInput || index != h.Index {
			continue
		}
		from := v.ledger.Address(m.From).String()
		if m.Kind == fundtrail.MoveOutput {
			from = h.From // who of the payers is named is the trace's choice; run again, it must be the same
			if !v.pays(span, h.From) {
				return "mismatched", h.From + " pays nothing into the transaction"
			}
		}
		to := v.ledger.Address(m.To).String()
		if m.Kind == fundtrail.MoveFee {
			to = h.To
		}
		if from != h.From || to != h.To || m.Amount.String() != h.Amount || v.ledger.Asset(m.Asset) != asset {
			return "mismatched", fmt.Sprintf("the ledger says %s pays %s %s of %s", from, to, m.Amount, v.ledger.Asset(m.Asset))
		}
		return "verified", ""
	}
	return "mismatched", "the transaction has no such transfer"
}

// pays reports whether an address pays into a coin transaction; nobody pays into a coinbase.
func (v *verifier) pays(span fundtrail.Span, who string) bool {
	var m fundtrail.Movement
	any := false
	for p := span.First; p < span.End; p++ {
		if v.ledger.Movement(p, &m); m.Kind == fundtrail.MoveInput {
			any = true
			if v.ledger.Address(m.From).String() == who {
				return true
			}
		}
	}
	return !any && who == ""
}

func (v *verifier) coinFee(h *report.Hop, span fundtrail.Span) (state, what string) {
	var in, out fundtrail.Amount
	var m fundtrail.Movement
	for p := span.First; p < span.End; p++ {
		if v.ledger.Movement(p, &m); m.Kind == fundtrail.MoveInput {
			in, _ = in.Add(m.Amount)
		} else {
			out, _ = out.Add(m.Amount)
		}
	}
	if fee, _ := in.Sub(out); fee.String() != h.Amount || !v.pays(span, h.From) {
		return "mismatched", fmt.Sprintf("the ledger says the fee is %s", fee)
	}
	return "verified", ""
}

// intoMix checks what went into a mix: the coins it names are spent there and sum to its
// amount.
func (v *verifier) intoMix(h *report.Hop, span fundtrail.Span) (state, what string) {
	var in fundtrail.Amount
	var m fundtrail.Movement
	for p := span.First; p < span.End; p++ {
		v.ledger.Movement(p, &m)
		if m.Kind == fundtrail.MoveInput && m.Link != fundtrail.NoPosition && slices.Contains(h.Spends, v.ledger.Output(m.Link).String()) {
			in, _ = in.Add(m.Amount)
		}
	}
	if in.String() != h.Amount || !v.pays(span, h.From) {
		return "mismatched", fmt.Sprintf("the ledger says the coins it names put in %s", in)
	}
	return "verified", ""
}

// again runs the trace from what the report says and compares all that is inferred.
func (v *verifier) again(ctx context.Context, s *subject, in *inputs, p *progress) error {
	opt, err := parseOptions(v.doc)
	if err != nil {
		return err
	}
	opt.Progress = p.visited
	claimed, err := v.claims()
	if err != nil {
		return err
	}
	in.notes = nil
	doc, err := traceDocument(ctx, s, in, claimed, opt, passing{
		names: v.doc.Trace.Options.Through, pools: v.pools, rounds: v.doc.Trace.Options.OnwardRounds,
		bridges: v.bridges, contracts: v.doc.Trace.Options.BridgeContracts,
	})
	if err != nil {
		return err
	}
	v.compare(doc, in.prices != nil)
	return nil
}

// claims are those that the report carries.
func (v *verifier) claims() (claims, error) {
	out := claims{}
	list := slices.Clone(v.doc.Addresses)
	for i := range v.doc.Onward {
		list = append(list, v.doc.Onward[i].Addresses...)
	}
	for _, a := range list {
		addr, err := fundtrail.ParseAddress(fundtrail.Chain(a.Chain), a.Address)
		if err != nil {
			return nil, err
		}
		for _, t := range a.Tags {
			out[addr] = append(out[addr], fundtrail.Tag{
				Address: addr, Label: t.Label, Category: t.Category, Role: fundtrail.TagRole(t.Role), Actor: t.Actor,
				Confidence: fundtrail.Confidence(t.Confidence), Source: fundtrail.Source{URL: t.Source},
			})
		}
	}
	return out, nil
}

func parseOptions(doc *report.Document) (opt trace.Options, err error) {
	o := doc.Trace.Options
	name, _, _ := strings.Cut(doc.Trace.Policy, "/")
	var ok bool
	if opt.Policy, ok = fundtrail.ParsePolicy(name); !ok || string(opt.Policy.Method()) != doc.Trace.Policy {
		return opt, fmt.Errorf("policy %q is not one of this program's: %w", doc.Trace.Policy, fundtrail.ErrInvalid)
	}
	opt.Direction = fundtrail.Direction(doc.Trace.Direction)
	for _, t := range []struct {
		text string
		to   *time.Time
	}{{o.Since, &opt.Since}, {o.Until, &opt.Until}} {
		if t.text != "" {
			if *t.to, err = time.Parse(time.RFC3339, t.text); err != nil {
				return opt, err
			}
		}
	}
	if opt.DepositWindow, err = time.ParseDuration(o.DepositWindow); err != nil {
		return opt, err
	}
	opt.Dust = map[fundtrail.Asset]fundtrail.Amount{}
	for text, amount := range o.Dust {
		asset, err := fundtrail.ParseAsset(text)
		if err != nil {
			return opt, err
		}
		if opt.Dust[asset], err = fundtrail.ParseAmount(amount); err != nil {
			return opt, err
		}
	}
	opt.MaxHops, opt.Hub, opt.Payback, opt.MaxVisits = o.MaxHops, o.Hub, o.Payback, o.MaxVisits
	opt.MinConfidence = fundtrail.Confidence(o.MinConfidence)
	return opt, nil
}

// compare holds the second run's document to the report, part by part.
func (v *verifier) compare(again *report.Document, prices bool) {
	want, got := *v.doc, *again
	for _, d := range []*report.Document{&want, &got} {
		// What was read and by which program is not what follows from it.
		d.Program, d.Inputs, d.Record = "", nil, nil
		d.Trace.Visited = 0
		d.Coverage.Notes, d.Coverage.Chains, d.Coverage.Claims = nil, nil, nil
		d.Trace.AsOf = nil
	}
	if !prices {
		withoutUSD(&want)
		withoutUSD(&got)
	}
	v.part("trace", want.Trace, got.Trace)
	list(v, "assets", want.Assets, got.Assets)
	v.flow("", &want.Flow, &got.Flow)
	list(v, "coverage.gaps", want.Coverage.Gaps, got.Coverage.Gaps)
	if v.pools == nil && slices.Contains(v.doc.Trace.Options.Through, "mixers") && len(want.Passages)+len(want.Onward) > 0 {
		v.find("passages", "what came out of mixers is not covered: give the pools' events with --mixer-events")
		return
	}
	list(v, "passages", want.Passages, got.Passages)
	for i := range max(len(want.Onward), len(got.Onward)) {
		at := fmt.Sprintf("onward[%d]", i)
		switch {
		case i >= len(want.Onward):
			v.find(at, "missing from the report: the second run follows on from what is %s in round %d", got.Onward[i].Certainty, got.Onward[i].Round)
		case i >= len(got.Onward):
			v.find(at, "mismatched: the second run has no such entry")
		default:
			v.onward(at, &want.Onward[i], &got.Onward[i])
		}
	}
}

// flow holds what one trace found to what the second run finds, but for its passages.
func (v *verifier) flow(at string, want, got *report.Flow) {
	list(v, at+"stolen", want.Stolen, got.Stolen)
	list(v, at+"ends", want.Ends, got.Ends)
	list(v, at+"categories", want.Categories, got.Categories)
	list(v, at+"routes", want.Routes, got.Routes)
	list(v, at+"addresses", want.Addresses, got.Addresses)
	list(v, at+"hops", want.Hops, got.Hops)
	list(v, at+"touched", want.Touched, got.Touched)
	list(v, at+"inferences", want.Inferences, got.Inferences)
	list(v, at+"swaps", want.Swaps, got.Swaps)
	list(v, at+"bridges", want.Bridges, got.Bridges)
}

// onward does the same for what was followed on from mixers.
func (v *verifier) onward(at string, want, got *report.Onward) {
	list(v, at+".starts", want.Starts, got.Starts)
	v.flow(at+".", &want.Flow, &got.Flow)
	list(v, at+".passages", want.Passages, got.Passages)
	list(v, at+".gaps", want.Gaps, got.Gaps)
	w, g := *want, *got
	for _, o := range []*report.Onward{&w, &g} { // what is left is the heading
		o.Flow, o.Starts, o.Gaps, o.Notes = report.Flow{}, nil, nil, nil
	}
	v.part(at, w, g)
}

func withoutUSD(d *report.Document) {
	withoutFlowUSD(&d.Flow)
	d.Onward = slices.Clone(d.Onward)
	for i := range d.Onward {
		withoutFlowUSD(&d.Onward[i].Flow)
	}
}

func withoutFlowUSD(d *report.Flow) {
	d.Stolen, d.Ends, d.Categories = slices.Clone(d.Stolen), slices.Clone(d.Ends), slices.Clone(d.Categories)
	for i := range d.Stolen {
		d.Stolen[i].USD = nil
	}
	d.Swaps = slices.Clone(d.Swaps)
	for i := range d.Swaps {
		d.Swaps[i].Off, d.Swaps[i].Far = nil, false
	}
	for _, ends := range [][]report.End{d.Ends, d.Categories} {
		for i := range ends {
			ends[i].USD = nil
		}
	}
}

func (v *verifier) part(name string, want, got any) {
	if reflect.DeepEqual(want, got) {
		return
	}
	w, _ := json.Marshal(want)
	g, _ := json.Marshal(got)
	v.find(name, "mismatched: the report says %s, the second run %s", clip(w), clip(g))
}

func list[T any](v *verifier, name string, want, got []T) {
	same := 0
	for i := range max(len(want), len(got)) {
		switch {
		case i >= len(want):
			v.find(fmt.Sprintf("%s[%d]", name, i), "missing from the report: the second run has %s", clipJSON(got[i]))
		case i >= len(got):
			v.find(fmt.Sprintf("%s[%d]", name, i), "mismatched: the second run has no such entry")
		case !reflect.DeepEqual(want[i], got[i]):
			v.find(fmt.Sprintf("%s[%d]", name, i), "mismatched: the report says %s, the second run %s", clipJSON(want[i]), clipJSON(got[i]))
		default:
			same++
		}
	}
	if !v.quiet {
		fmt.Fprintf(v.w, "%-13s %d of %d the same when traced again\n", name, same, len(want))
	}
}

func clipJSON(v any) string {
	b, _ := json.Marshal(v)
	return clip(b)
}

// clip keeps a message readable; the two files themselves can be compared.
func clip(b []byte) string {
	const most = 400
	if len(b) > most {
		return string(b[:most]) + "…"
	}
	return string(b)
}

// maxFindings is how many findings are printed.
const maxFindings = 50

func (v *verifier) result(name string) error {
	for i, f := range v.findings {
		if i == maxFindings {
			fmt.Fprintf(v.w, "… and %d more\n", len(v.findings)-i)
			break
		}
		fmt.Fprintf(v.w, "%s: %s\n", f.at, f.what)
	}
	if len(v.findings) == 0 {
		fmt.Fprintf(v.w, "VERIFIED: %s: all %d records are in the ledger as cited, and the trace gives the same again\n", name, v.verified)
		return nil
	}
	fmt.Fprintf(v.w, "NOT VERIFIED: %s: %d findings (%d records verified, %d not covered)\n", name, len(v.findings), v.verified, v.missing)
	return &exitCode{code: exitFound}
}
