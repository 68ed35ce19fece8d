package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/fundtrail/fundtrail/data"
	"github.com/fundtrail/fundtrail/internal/brief"
	"github.com/fundtrail/fundtrail/internal/report"
)

type briefFlags struct {
	records  recordFlags
	since    string
	days     int
	topic    string
	lang     string
	format   string
	out      string
	link     string
	mailFrom string
	mailTo   []string
	traces   []string
	prices   []string
	noTrace  bool
}

var briefFormats = []string{"md", "html", "json", "rss", "atom", "eml"}

func newBrief() *cobra.Command {
	f := &briefFlags{}
	c := &cobra.Command{
		Use:   "brief",
		Short: "What is new, what stands and what is open, on any day, with sources",
		Long: `Brief writes what the records hold on a day, for people who must act on it: what is new
(designations, thefts, seizures, court events), what stands, what traces found, and what the
records do not support. Every sentence is made from records and cites them by number, and says
whether it is fact, claim or inference. Claims that contradict each other stand side by side.

--as-of tells what had happened by the end of a day. Claims that were published later are
marked; --known-by leaves them out. --since gives the newsletter: only what changed, or
became known, from that day to --as-of.

Reports of fundtrail trace (--trace FILE.json) are told as inferences. Without one, the key
transfers of the Ronin Bridge theft that are embedded in the program are traced.
` + exitCodes,
		Example: `  fundtrail brief
  fundtrail brief --as-of 2023-12-09 --format html -o brief.html
  fundtrail brief --since 2026-11-01 --format eml --mail-to desk@example.org
  fundtrail brief --lang ko --trace ronin.json -o brief-ko.html
  fundtrail brief --topic all --since 2026-10-01 --format rss -o feed.xml`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return runBrief(c, f) },
	}
	fl := c.Flags()
	fl.StringVar(&f.records.asOf, "as-of", "", "what had happened by the end of `DAY`, or of a month (default today)")
	fl.StringVar(&f.records.knownBy, "known-by", "", "only claims that were public by the end of `DAY`, or of a month")
	fl.StringArrayVar(&f.records.own, "records", nil, "`DIR` with records of your own, in the folders and forms of doc/records.md (repeat)")
	fl.StringVar(&f.since, "since", "", "only what changed from `DAY` on: the newsletter")
	fl.IntVar(&f.days, "days", brief.DefaultDays, "without --since: the last `N` days before --as-of are new")
	fl.StringVar(&f.topic, "topic", "dprk", "dprk: what is attributed to North Korea, and what is tied to that; all: every record")
	fl.StringVar(&f.lang, "lang", "en", "en, ko or ja")
	fl.StringVar(&f.format, "format", "", strings.Join(briefFormats, ", ")+" (default by the name after -o, else md)")
	fl.StringVarP(&f.out, "output", "o", "", "write to `FILE`")
	fl.StringArrayVar(&f.traces, "trace", nil, "JSON report of a trace: `FILE` (repeat)")
	fl.StringArrayVar(&f.prices, "prices", nil, "daily prices for the embedded trace, `ASSET=FILE` (repeat)")
	fl.BoolVar(&f.noTrace, "no-trace", false, "leave the embedded trace out")
	fl.StringVar(&f.link, "link", "", "where the feed will stand: `URL`")
	fl.StringVar(&f.mailFrom, "mail-from", "", "of an e-mail: `ADDRESS`")
	fl.StringArrayVar(&f.mailTo, "mail-to", nil, "of an e-mail: `ADDRESS` (repeat)")
	c.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(briefFormats, cobra.ShellCompDirectiveNoFileComp))
	c.RegisterFlagCompletionFunc("lang", cobra.FixedCompletions([]string{"en", "ko", "ja"}, cobra.ShellCompDirectiveNoFileComp))
	c.RegisterFlagCompletionFunc("topic", cobra.FixedCompletions([]string{"dprk", "all"}, cobra.ShellCompDirectiveNoFileComp))
	return c
}

func runBrief(c *cobra.Command, f *briefFlags) error {
	write, err := f.writer()
	if err != nil {
		return err
	}
	o, err := f.options()
	if err != nil {
		return err
	}
	f.records.format = "text" // of which the records' own commands have three
	today := time.Now().UTC().Truncate(24 * time.Hour)
	switch first, last, err := period("--as-of", f.records.asOf); {
	case err != nil:
		return err
	case first.After(today.AddDate(0, 0, 1)): // it is tomorrow already in Seoul
		return usage("--as-of %s is after today", f.records.asOf)
	case f.records.asOf == "" || last.After(today.AddDate(0, 0, 1)):
		f.records.asOf = today.Format(time.DateOnly)
	}
	view, _, err := f.records.view(c, nil)
	if err != nil {
		return err
	}
	if f.since != "" {
		if o.Since, _, err = period("--since", f.since); err != nil {
			return err
		}
		if o.Since.After(view.AsOf) {
			return usage("--since %s is after --as-of %s", f.since, view.AsOf.Format(time.DateOnly))
		}
	}
	in, err := f.inputs(c, view.AsOf)
	if err != nil {
		return err
	}
	b, err := brief.New(view, in, o)
	if err != nil {
		return err
	}
	var out bytes.Buffer
	if err := write(&out, b); err != nil {
		return err
	}
	if f.out != "" && f.out != "-" {
		return writeFile(f.out, out.Bytes())
	}
	_, err = out.WriteTo(c.OutOrStdout())
	return err
}

func (f *briefFlags) options() (o brief.Options, err error) {
	o = brief.Options{Days: f.days, Topic: f.topic, Link: f.link, Program: "fundtrail " + programVersion()}
	lang, ok := brief.ParseLang(f.lang)
	switch {
	case !ok:
		return o, usage("--lang %q: want en, ko or ja", f.lang)
	case f.topic == "all":
		o.Topic = ""
	case f.topic != "dprk":
		return o, usage("--topic %q: want dprk or all", f.topic)
	case f.days < 1 || f.days > 36500:
		return o, usage("--days %d: want 1 to 36500", f.days)
	}
	o.Lang = lang
	return o, nil
}

// inputs are the reports that were given, else the trace of what is embedded, up to the day.
func (f *briefFlags) inputs(c *cobra.Command, asOf time.Time) (in brief.Inputs, err error) {
	for _, name := range f.traces {
		doc, err := readReport(name, c.InOrStdin())
		if err != nil {
			return in, fmt.Errorf("--trace: %w", err)
		}
		in.Traces = append(in.Traces, brief.Traced{Name: filepath.Base(name), Report: doc})
	}
	if len(f.traces) > 0 || f.noTrace {
		if len(f.prices) > 0 {
			return in, usage("--prices goes with the embedded trace; give them to fundtrail trace")
		}
		return in, nil
	}
	for _, id := range data.Excerpts() {
		incident, err := data.Incident(id)
		if err != nil {
			return in, err
		}
		if incident.Happened.After(asOf.AddDate(0, 0, 1)) {
			continue
		}
		doc, err := theftTrace(c.Context(), id, &ledgerFlags{}, f.prices, asOf)
		if err != nil {
			return in, fmt.Errorf("trace %s: %w", id, err)
		}
		in.Traces = append(in.Traces, brief.Traced{Name: id, Report: doc})
	}
	return in, nil
}

// theftTrace follows a theft as trace does, through a ledger or, without one, the key
// transfers that the program holds of it, to the end of a day; the zero day is no limit.
func theftTrace(ctx context.Context, id string, ledger *ledgerFlags, prices []string, asOf time.Time) (*report.Document, error) {
	tf := &traceFlags{policy: "fifo", direction: "forward", hub: 500, window: 7 * 24 * time.Hour, payback: 10, minConf: 30, prices: prices, ledgerFlags: *ledger}
	if !asOf.IsZero() {
		tf.until = asOf.Format(time.DateOnly) + "T23:59:59Z"
	}
	s, err := parseSubject([]string{id}, tf)
	if err != nil {
		return nil, err
	}
	opt, err := tf.options()
	if err != nil {
		return nil, err
	}
	warn := func(string, ...any) {}
	var in inputs
	if err := in.loadLedger(ctx, &tf.ledgerFlags, s, &progress{}); err != nil {
		return nil, err
	}
	claimed := recordedClaims(s)
	if err := in.loadTags(nil, claimed, "", warn); err != nil {
		return nil, err
	}
	if err := in.loadPrices(prices, warn); err != nil {
		return nil, err
	}
	in.recordInputs(s)
	return traceDocument(ctx, s, &in, claimed, opt, passing{})
}

// writer is what writes the brief in the format that was asked for.
func (f *briefFlags) writer() (func(io.Writer, *brief.Brief) error, error) {
	format := f.format
	if format == "" {
		format = "md"
		switch ext := strings.ToLower(strings.TrimPrefix(filepath.Ext(f.out), ".")); {
		case ext == "htm":
			format = "html"
		case ext == "xml":
			format = "rss"
		case slices.Contains(briefFormats, ext):
			format = ext
		}
	}
	if format != "eml" && (f.mailFrom != "" || len(f.mailTo) > 0) {
		return nil, usage("--mail-from and --mail-to go with --format eml")
	}
	switch format {
	case "md":
		return brief.Markdown, nil
	case "html":
		return brief.HTML, nil
	case "json":
		return brief.JSON, nil
	case "rss":
		return brief.RSS, nil
	case "atom":
		return brief.Atom, nil
	case "eml":
		return func(w io.Writer, b *brief.Brief) error {
			return brief.Mail(w, b, brief.Envelope{From: f.mailFrom, To: f.mailTo})
		}, nil
	}
	return nil, usage("--format %q: want one of %s", f.format, strings.Join(briefFormats, ", "))
}
