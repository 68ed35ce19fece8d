package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/data"
	"github.com/fundtrail/fundtrail/internal/crossing"
	"github.com/fundtrail/fundtrail/internal/ingest"
	"github.com/fundtrail/fundtrail/internal/onward"
	"github.com/fundtrail/fundtrail/internal/report"
	"github.com/fundtrail/fundtrail/internal/trace"
)

// ledgerFlags say where facts come from.
type ledgerFlags struct {
	ledger []string
	chain  string
	maxBad int
	badTo  string
}

func (f *ledgerFlags) register(c *cobra.Command) {
	c.Flags().StringArrayVar(&f.ledger, "ledger", nil, "`FILE` or folder of ledger records: lists of Etherscan and Blockscout, ethereum-etl, cryo, BigQuery, Esplora, Bitcoin Core, TronGrid, blk*.dat, plain transfers; CSV, JSON, Parquet, .gz and .zst (repeat); or a ledger on disk (see fundtrail ledger)")
	c.Flags().StringVar(&f.chain, "chain", "", "`CHAIN` of files and words that do not name theirs (default eth)")
	c.Flags().IntVar(&f.maxBad, "max-bad", 0, "set up to `N` unreadable rows aside instead of stopping at the first")
	c.Flags().StringVar(&f.badTo, "bad-rows", "", "`FILE` for the rows set aside (default bad-rows.csv)")
}

// setAside writes the rows that could not be read.
func (f *ledgerFlags) setAside(sums []ingest.Summary) error {
	var rows []ingest.BadRow
	for i := range sums {
		rows = append(rows, sums[i].Bad...)
	}
	if len(rows) == 0 {
		return nil
	}
	name := f.badTo
	if name == "" {
		name = "bad-rows.csv"
	}
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	w.Write([]string{"file", "line", "column", "reason", "row"})
	for _, r := range rows {
		w.Write([]string{r.File, strconv.Itoa(r.Line), r.Column, r.Reason, r.Raw})
	}
	w.Flush()
	if err := writeFile(name, b.Bytes()); err != nil {
		return fmt.Errorf("rows set aside: %w", err)
	}
	return nil
}

type traceFlags struct {
	ledgerFlags
	sourceFlags
	tags      []string
	prices    []string
	assets    []string
	through   []string
	mixers    []string
	rounds    int
	bridges   []string
	contracts []string
	policy    string
	direction string
	since     string
	until     string
	asset     string
	amount    string
	at        string
	maxHops   int
	dust      string
	hub       int
	window    time.Duration
	payback   int
	minConf   int
	format    string
	out       string
	width     int
}

var formats = []string{"text", "json", "csv", "ends-csv", "graphml", "html"}

func newTrace() *cobra.Command {
	f := &traceFlags{}
	c := &cobra.Command{
		Use:   "trace WHAT...",
		Short: "Follow stolen value to every end",
		Long: `Trace follows stolen value from a theft to every end: exchanges, mixers, bridges,
addresses where it still lies. It follows every taint policy at once, says how much
can have reached each end at least and at most under any policy that loses nothing,
and cites the ledger record behind every step.

WHAT is an incident on record (see fundtrail incidents), a file with one (.yaml), an
address (everything it pays out), or a transaction (HASH, or HASH:N for its N-th
transfer or output). With --direction backward the trace asks where it came from.
Without --ledger, ronin-bridge runs on an excerpt embedded in the program.

With --source the trace asks an explorer for what the case needs and no more: the
history of an address only when value reaches it. Every answer is kept as it came, so
that the next run, with --offline too, needs no network, and verify can check it. The
source is told the addresses under investigation. A key is taken from the environment:
ETHERSCAN_API_KEY, BLOCKSCOUT_API_KEY, TRONGRID_API_KEY.
` + exitCodes,
		Example: `  fundtrail trace ronin-bridge
  fundtrail trace ronin-bridge --ledger transactions.csv.gz --prices eth=ETH-USD.csv
  fundtrail trace 0xeb31973e0febf3e3d7058234a5ebbae1ab4b8c23 --ledger transfers/*.csv --tags labels/
  fundtrail trace 0x098b716b8aaf21512996dc57eb0615e2383e2f96 --amount 173600 --at 2022-03-23T13:29:09Z --ledger transactions.csv.gz
  fundtrail trace ronin-bridge --ledger transactions.csv.gz --format html -o ronin.html
  fundtrail trace 0x098b716b8aaf21512996dc57eb0615e2383e2f96 --source etherscan --asset eth --max-requests 100
  fundtrail trace bc1qxy2kgdygjrsqtzq2n0yrf2493p83kkfjhx0wlh --source esplora --source-url http://127.0.0.1:3000 --offline`,
		ValidArgsFunction: completeIncidents,
		RunE: func(c *cobra.Command, args []string) error {
			return runTrace(c, f, args)
		},
	}
	f.ledgerFlags.register(c)
	f.sourceFlags.register(c)
	fl := c.Flags()
	fl.StringArrayVar(&f.tags, "tags", nil, "`FILE` or folder of claims about addresses: GraphSense tag packs, Etherscan label JSON (repeat)")
	fl.StringArrayVar(&f.prices, "prices", nil, "daily prices, `ASSET=FILE`, such as eth=ETH-USD.csv (repeat)")
	fl.StringArrayVar(&f.assets, "assets", nil, "`FILE` of symbols and decimals of tokens that are on no record, as fundtrail ledger tokens writes it (repeat)")
	fl.StringArrayVar(&f.through, "through", nil, "go on `THROUGH` what ends a trace: swaps; bridges, by their ids; mixers and coinjoins, with odds (repeat)")
	fl.StringArrayVar(&f.mixers, "mixer-events", nil, "with --through mixers: `FILE` or folder of the events of a mixer's pools (repeat)")
	fl.IntVar(&f.rounds, "onward-rounds", onward.Rounds, "with --through mixers, coinjoins or bridges: follow value on with odds `N` times at most; 0 stops at who took it out")
	fl.StringArrayVar(&f.bridges, "bridge-events", nil, "with --through bridges: `FILE` or folder of what bridges recorded, CHAIN=FILE for logs, PROTOCOL=FILE where it does not tell (repeat)")
	fl.StringArrayVar(&f.contracts, "bridge-contract", nil, "with --through bridges: a contract that is on no record, `PROTOCOL=CHAIN/ADDRESS` (repeat)")
	fl.StringVar(&f.policy, "policy", "fifo", "the policy of headline figures and routes: fifo, lifo, haircut, tainted-first, tainted-last, tiho; all are always run")
	fl.StringVar(&f.direction, "direction", "forward", "forward: where it went; backward: where it came from")
	fl.StringVar(&f.since, "since", "", "ignore movements before `TIME` (UTC)")
	fl.StringVar(&f.until, "until", "", "ignore movements after `TIME` (UTC)")
	fl.StringVar(&f.asset, "asset", "", "of an address, trace this `ASSET` alone: a symbol, a contract, or CHAIN/CONTRACT")
	fl.StringVar(&f.amount, "amount", "", "with --at: `AMOUNT`, in whole coins, stolen to the address by a transfer that the ledger lacks")
	fl.StringVar(&f.at, "at", "", "with --amount: the `TIME` of that theft (UTC)")
	fl.IntVar(&f.maxHops, "max-hops", 0, "stop `N` steps from the theft (default no limit)")
	fl.StringVar(&f.dust, "dust", "", "do not follow payments below `AMOUNT`, in whole coins (default a millionth of what was stolen)")
	fl.IntVar(&f.hub, "hub", 500, "an untagged address with more than `N` counterparties ends the trace")
	fl.DurationVar(&f.window, "deposit-window", 7*24*time.Hour, "how soon a deposit address passes value on to its service")
	fl.IntVar(&f.payback, "payback", 10, "a payment to who paid in `N` times as much is a return, not followed (below 0: never)")
	fl.IntVar(&f.minConf, "min-confidence", 30, "ignore claims with less confidence, 1 to 100")
	fl.StringVar(&f.format, "format", "", strings.Join(formats, ", ")+" (default by the name after -o, else text)")
	fl.StringVarP(&f.out, "output", "o", "", "write to `FILE`")
	fl.IntVar(&f.width, "width", 0, "columns of text (default the terminal's, else 100)")
	c.RegisterFlagCompletionFunc("policy", cobra.FixedCompletions(policyNames(), cobra.ShellCompDirectiveNoFileComp))
	c.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(formats, cobra.ShellCompDirectiveNoFileComp))
	c.RegisterFlagCompletionFunc("direction", cobra.FixedCompletions([]string{"forward", "backward"}, cobra.ShellCompDirectiveNoFileComp))
	return c
}

func policyNames() (names []string) {
	for p := range fundtrail.NumPolicies {
		if p.Lossless() {
			names = append(names, p.String())
		}
	}
	return names
}

func completeIncidents(_ *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
	var out []string
	for _, in := range data.Incidents() {
		out = append(out, in.ID+"\t"+in.Name)
	}
	return out, cobra.ShellCompDirectiveDefault
}

func runTrace(c *cobra.Command, f *traceFlags, args []string) error {
	write, err := f.writer(c.OutOrStdout())
	if err != nil {
		return err
	}
	s, err := parseSubject(args, f)
	if err != nil {
		return err
	}
	opt, err := f.options()
	if err != nil {
		return err
	}
	if err := f.sourceFlags.check(c); err != nil {
		return err
	}
	p := &progress{w: terminal(c.ErrOrStderr())}
	defer p.clear()
	warn := func(format string, args ...any) { fmt.Fprintf(c.ErrOrStderr(), "fundtrail: "+format+"\n", args...) }
	var in inputs
	if f.source == "" {
		if err := in.loadLedger(c.Context(), &f.ledgerFlags, s, p); err != nil {
			return err
		}
	}
	claimed := recordedClaims(s)
	if err := in.loadTags(f.tags, claimed, f.chain, warn); err != nil {
		return err
	}
	if err := in.loadTokens(f.assets); err != nil {
		return err
	}
	if err := in.loadPrices(f.prices, warn); err != nil {
		return err
	}
	through, err := f.loadThrough(&in, warn)
	if err != nil {
		return err
	}
	if f.source != "" {
		if err := f.follow(c.Context(), &in, s, claimed, opt, through, p, warn); err != nil {
			return err
		}
	}
	in.recordInputs(s)
	if opt.Dust, err = f.dustFloor(s, &in); err != nil {
		return err
	}
	p.start("tracing", 0)
	opt.Progress = p.visited
	doc, err := traceDocument(c.Context(), s, &in, claimed, opt, through)
	if err != nil {
		return err
	}
	p.clear()
	return write(doc)
}

// traceDocument runs the trace and makes its document.
func traceDocument(ctx context.Context, s *subject, in *inputs, claimed claims, opt trace.Options, through passing) (*report.Document, error) {
	input, finder := traceInput(s, in, claimed, opt, through)
	tr, err := onward.Run(ctx, input, opt, finder, through.rounds)
	if err != nil {
		return nil, err
	}
	tr.Notes = append(append([]string{}, in.notes...), tr.Notes...)
	about := report.About{
		Program: "fundtrail " + programVersion(), Name: s.name, Actor: s.actor, Options: documentOptions(opt), Inputs: in.files,
		Asset: in.assetInfo, Party: partyName, Ledger: in.ledger,
	}
	about.Options.Through, about.Options.OnwardRounds = through.names, through.rounds
	about.Options.BridgeContracts = through.contracts
	if len(s.incidents) == 1 {
		about.Record = &s.incidents[0]
	}
	return report.New(tr, about), in.ledger.Err() // a ledger on disk may be damaged where only the report reads
}

// traceInput is what a trace on the ledger at hand is made from.
func traceInput(s *subject, in *inputs, claimed claims, opt trace.Options, through passing) (trace.Input, onward.Finder) {
	hook, finder := through.engines(in, claimed, opt.MinConfidence)
	input := trace.Input{
		Subject: strings.Join(s.words, " "), Ledger: in.ledger, Thefts: s.thefts, Actor: s.actor,
		Tags: func(a fundtrail.Address) []fundtrail.Tag { return claimed[a] },
		Pool: data.PoolOf, Decimals: in.decimals, Crossings: hook, Wraps: data.WrapsCoin, Mixes: crossing.NewCoinJoins(in.ledger),
	}
	if in.prices != nil {
		input.Price = in.prices.At
	}
	return input, finder
}

func decimals(a fundtrail.Asset) (int, bool) {
	_, n, ok := data.AssetInfo(a)
	return n, ok
}

// partyName names an actor for reports.
func partyName(id string) string {
	a, err := data.Actor(id)
	if err != nil || a.ID != id {
		return ""
	}
	return a.Name
}

// assetInfo is how reports print an asset.
func assetInfo(a fundtrail.Asset) (string, int) {
	symbol, n, ok := data.AssetInfo(a)
	if !ok {
		return a.String(), -1
	}
	return symbol, n
}

func (f *traceFlags) options() (opt trace.Options, err error) {
	var ok bool
	if opt.Policy, ok = fundtrail.ParsePolicy(f.policy); !ok || !opt.Policy.Lossless() {
		return opt, usage("--policy %q: want one of %s", f.policy, strings.Join(policyNames(), ", "))
	}
	switch opt.Direction = fundtrail.Direction(f.direction); opt.Direction {
	case fundtrail.Forward, fundtrail.Backward:
	default:
		return opt, usage("--direction %q: want forward or backward", f.direction)
	}
	if f.since != "" {
		if opt.Since, err = parseTime(f.since); err != nil {
			return opt, usage("--since: %v", err)
		}
	}
	if f.until != "" {
		if opt.Until, err = parseTime(f.until); err != nil {
			return opt, usage("--until: %v", err)
		}
	}
	if !opt.Since.IsZero() && !opt.Until.IsZero() && opt.Until.Before(opt.Since) {
		return opt, usage("--until is before --since")
	}
	switch {
	case f.maxHops < 0:
		return opt, usage("--max-hops %d: want 0 (no limit) or more", f.maxHops)
	case f.hub < 1:
		return opt, usage("--hub %d: want 1 or more", f.hub)
	case f.minConf < 1 || f.minConf > 100:
		return opt, usage("--min-confidence %d: want 1 to 100", f.minConf)
	case f.window <= 0:
		return opt, usage("--deposit-window %s: want more than nothing", f.window)
	case f.payback == 0:
		return opt, usage("--payback 0: want 1 or more, or below 0 for never")
	}
	opt.MaxHops, opt.Hub, opt.DepositWindow, opt.Payback = f.maxHops, f.hub, f.window, f.payback
	opt.MinConfidence = fundtrail.Confidence(f.minConf)
	return opt.WithDefaults(), nil
}

// dustFloor reads --dust in whole coins of each asset that may be traced.
func (f *traceFlags) dustFloor(s *subject, in *inputs) (map[fundtrail.Asset]fundtrail.Amount, error) {
	if f.dust == "" {
		return nil, nil
	}
	out := map[fundtrail.Asset]fundtrail.Amount{}
	assets := map[fundtrail.Asset]bool{}
	for _, c := range in.ledger.Chains() {
		assets[fundtrail.NativeAsset(c.Chain)] = true
	}
	for _, t := range s.thefts {
		for _, a := range []fundtrail.Asset{t.Asset, t.StandsAs} {
			if !a.IsZero() {
				assets[a] = true
			}
		}
	}
	for a := range assets {
		n, ok := in.decimals(a)
		if !ok {
			n = 0
		}
		amount, err := fundtrail.ParseDecimal(f.dust, n)
		if err != nil {
			return nil, usage("--dust: %v", err)
		}
		out[a] = amount
	}
	return out, nil
}

// documentOptions writes options as a document does.
func documentOptions(opt trace.Options) report.Options {
	out := report.Options{
		MaxHops: opt.MaxHops, Hub: opt.Hub, DepositWindow: opt.DepositWindow.String(), Payback: opt.Payback, MaxVisits: opt.MaxVisits,
		MinConfidence: int(opt.MinConfidence),
	}
	if !opt.Since.IsZero() {
		out.Since = opt.Since.UTC().Format(time.RFC3339)
	}
	if !opt.Until.IsZero() {
		out.Until = opt.Until.UTC().Format(time.RFC3339)
	}
	return out
}

// writer returns what writes the document in the format that was asked for.
func (f *traceFlags) writer(stdout io.Writer) (func(*report.Document) error, error) {
	format := f.format
	if format == "" {
		format = formatOf(f.out)
	}
	var render func(io.Writer, *report.Document) error
	switch format {
	case "text":
		o := report.TextOptions{Width: f.width}
		if t, ok := stdout.(*os.File); ok && f.out == "" && term.IsTerminal(int(t.Fd())) {
			o.Colour = os.Getenv("NO_COLOR") == ""
			if w, _, err := term.GetSize(int(t.Fd())); err == nil && f.width == 0 {
				o.Width = min(w, 160)
			}
		}
		render = func(w io.Writer, d *report.Document) error { return report.Text(w, d, o) }
	case "json":
		render = report.WriteJSON
	case "csv":
		render = report.CSV
	case "ends-csv":
		render = report.CSVEnds
	case "graphml":
		render = report.GraphML
	case "html":
		render = report.HTML
	default:
		return nil, usage("--format %q: want one of %s", format, strings.Join(formats, ", "))
	}
	return func(d *report.Document) error {
		var b bytes.Buffer
		if err := render(&b, d); err != nil {
			return err
		}
		if f.out == "" || f.out == "-" {
			_, err := stdout.Write(b.Bytes())
			return err
		}
		return writeFile(f.out, b.Bytes())
	}, nil
}

// formatOf guesses a format from a file's name.
func formatOf(name string) string {
	switch ext := strings.TrimPrefix(strings.ToLower(filepath.Ext(name)), "."); ext {
	case "json", "csv", "graphml", "html":
		return ext
	case "htm":
		return "html"
	}
	return "text"
}

// writeFile writes a file whole or not at all: a full disk or a kill leaves what was
// there before.
func writeFile(name string, content []byte) (err error) {
	if info, err := os.Stat(name); err == nil && !info.Mode().IsRegular() {
		return os.WriteFile(name, content, 0o644) // a pipe or a device has no before
	}
	f, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+".*")
	defer func() {
		if err == nil {
			return
		}
		if f != nil {
			f.Close()
			os.Remove(f.Name())
		}
		var path *fs.PathError
		if errors.As(err, &path) {
			err = &fs.PathError{Op: path.Op, Path: name, Err: path.Err} // not the temporary name
		}
	}()
	if err != nil {
		return err
	}
	if _, err = f.Write(content); err != nil {
		return err
	}
	if err = f.Chmod(0o644); err != nil {
		return err
	}
	if err = f.Sync(); err != nil {
		return err
	}
	if err = f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), name)
}

// terminal returns w when it is a terminal.
func terminal(w io.Writer) io.Writer {
	if f, ok := w.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		return w
	}
	return nil
}
