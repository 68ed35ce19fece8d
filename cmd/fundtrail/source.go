package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/data"
	"github.com/fundtrail/fundtrail/internal/archive"
	"github.com/fundtrail/fundtrail/internal/ingest"
	"github.com/fundtrail/fundtrail/internal/ledger"
	"github.com/fundtrail/fundtrail/internal/report"
	"github.com/fundtrail/fundtrail/internal/source"
	"github.com/fundtrail/fundtrail/internal/trace"
)

// sourceFlags say whom to ask for what the case needs.
type sourceFlags struct {
	source      string
	url         string
	answers     string
	proxy       string
	offline     bool
	refresh     bool
	maxRequests int
}

// defaultRequests is how many requests a trace may make unless it is told otherwise.
const defaultRequests = 500

func (f *sourceFlags) register(c *cobra.Command) {
	fl := c.Flags()
	fl.StringVar(&f.source, "source", "", "ask `SOURCE` for the histories of the addresses that value reaches: "+strings.Join(source.Names(), ", "))
	fl.StringVar(&f.url, "source-url", "", "`URL` of the source, instead of its public host")
	f.registerAnswers(c)
	fl.StringVar(&f.proxy, "proxy", "", "with --source: ask through `URL`, such as socks5h://127.0.0.1:9050 for Tor (default as HTTPS_PROXY says)")
	fl.BoolVar(&f.offline, "offline", false, "with --source: ask nobody, trace on the answers that are kept")
	fl.BoolVar(&f.refresh, "refresh", false, "with --source: ask anew, as of the newest block, for what is kept already")
	fl.IntVar(&f.maxRequests, "max-requests", defaultRequests, "with --source: make at most `N` requests")
	c.RegisterFlagCompletionFunc("source", cobra.FixedCompletions(source.Names(), cobra.ShellCompDirectiveNoFileComp))
}

func (f *sourceFlags) registerAnswers(c *cobra.Command) {
	c.Flags().StringVar(&f.answers, "answers", "", "`FOLDER` of the kept answers of sources (default answers/ in $FUNDTRAIL_HOME, else in $XDG_DATA_HOME/fundtrail, else in ~/.local/share/fundtrail)")
}

func (f *sourceFlags) check(c *cobra.Command) error {
	if f.source == "" {
		for _, name := range []string{"source-url", "answers", "proxy", "offline", "refresh", "max-requests"} {
			if c.Flags().Changed(name) {
				return usage("--%s goes with --source", name)
			}
		}
		return nil
	}
	switch {
	case !slices.Contains(source.Names(), f.source):
		return usage("--source %q: want one of %s", f.source, strings.Join(source.Names(), ", "))
	case f.offline && f.refresh:
		return usage("--offline and --refresh do not go together: one asks nobody, the other asks anew")
	case f.maxRequests < 1:
		return usage("--max-requests %d: want 1 or more; to ask nobody, --offline", f.maxRequests)
	}
	return nil
}

func (f *sourceFlags) folder() (string, error) {
	if f.answers != "" {
		return f.answers, nil
	}
	home, err := (&homeFlag{}).path()
	return filepath.Join(home, "answers"), err
}

// key is the account's key of a source, from the environment, where it stands in no list of
// processes and no history of commands.
func (f *sourceFlags) key() string { return os.Getenv(strings.ToUpper(f.source) + "_API_KEY") }

func (f *sourceFlags) options(warn func(string, ...any)) (source.Options, error) {
	at := f.url
	if f.source == source.RPC && at == "" {
		at, _, _ = strings.Cut(strings.TrimSpace(os.Getenv("FUNDTRAIL_RPC")), " ")
	}
	o := source.Options{Name: f.source, URL: at, Key: f.key(), Offline: f.offline, Refresh: f.refresh, MaxRequests: f.maxRequests, Wraps: data.WrapsCoin,
		Contact: func(host string) {
			warn("asking %s: it learns which addresses are being followed, and from where unless a --proxy hides that", host)
		}}
	if f.proxy != "" {
		u, err := url.Parse(f.proxy)
		if err != nil || u.Host == "" || !slices.Contains([]string{"socks5", "socks5h", "http", "https"}, u.Scheme) {
			return o, usage("--proxy: want a URL such as socks5h://127.0.0.1:9050 or http://proxy:3128")
		}
		o.Fetch.Proxy = func(*http.Request) (*url.URL, error) { return u, nil }
	}
	return o, nil
}

// openKept opens the folder of answers: for writing, unless nothing is asked.
func (f *sourceFlags) openKept() (*source.Kept, error) {
	dir, err := f.folder()
	if err != nil {
		return nil, err
	}
	if f.offline {
		return source.Read(dir)
	}
	return source.Write(dir)
}

// follow makes the ledger of what sources are asked for while the trace goes on.
func (f *traceFlags) follow(ctx context.Context, in *inputs, s *subject, claimed claims, opt trace.Options, through passing, p *progress, warn func(string, ...any)) (err error) {
	o, err := f.sourceFlags.options(warn)
	if err != nil {
		return err
	}
	kept, err := f.openKept()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, kept.Close()) }()
	base, err := f.base(ctx, in, s)
	if err != nil {
		return err
	}
	p.start("asking "+f.source, 0)
	c := source.Case{
		Thefts: s.thefts, Back: opt.Direction == fundtrail.Backward, Base: base,
		Bound: source.Bound{Hub: opt.Hub, Tokens: through.goes("swaps")},
		Trace: func(l fundtrail.Ledger) (*fundtrail.Trace, error) {
			in.ledger = l
			if opt.Dust, err = f.dustFloor(s, in); err != nil {
				return nil, err
			}
			input, _ := traceInput(s, in, claimed, opt, through)
			return trace.Run(ctx, input, opt)
		},
		Told: func(st source.Step) { p.show(stepText(st)) },
	}
	res, err := c.Follow(ctx, kept, o)
	p.clear()
	if err != nil {
		return fmt.Errorf("--source %s: %w", f.source, err)
	}
	in.ledger = res.Ledger
	in.citeAnswers(res.Used)
	in.noteAsked(f.source, res)
	warn("%s", askedText(f.source, kept.Dir(), res))
	return nil
}

// base is what files of the ledger tell beside the answers; nil where none are given.
func (f *traceFlags) base(ctx context.Context, in *inputs, s *subject) (func(*ledger.Builder) error, error) {
	given := append(slices.Clone(f.ledger), s.files...)
	if len(given) == 0 {
		return nil, nil
	}
	return f.ledgerFlags.adder(ctx, in, given)
}

// adder returns what adds files to a builder, as often as it is called.
func (f *ledgerFlags) adder(ctx context.Context, in *inputs, given []string) (func(*ledger.Builder) error, error) {
	if err := refuseKept(given); err != nil {
		return nil, err
	}
	for _, name := range given {
		if archive.IsLedger(name) {
			return nil, usage("%s is a ledger on disk, which goes alone, without --source", name)
		}
	}
	names, err := expand(given)
	if err != nil {
		return nil, fmt.Errorf("--ledger: %w", err)
	}
	names, blocks := splitBlocks(names)
	if len(blocks) > 0 {
		return nil, usage("block files do not go with answers of sources: import them into a ledger on disk, which goes alone")
	}
	var list []ingest.Input
	for _, name := range names {
		list = append(list, ingest.File(name))
	}
	opt := ingest.Options{MaxBad: f.maxBad, Wraps: data.WrapsCoin, Decimals: decimals}
	if f.chain != "" {
		if opt.Chain, err = fundtrail.ParseChain(f.chain); err != nil {
			return nil, usage("--chain: %v", err)
		}
	}
	first := true
	return func(b *ledger.Builder) error {
		sums, err := ingest.Files(ctx, b, list, opt)
		if err != nil || !first {
			return err
		}
		first = false
		for i := range sums {
			s := &sums[i]
			in.files = append(in.files, report.Input{Role: "ledger", Name: filepath.Base(s.File), SHA256: report.Digest(s.SHA256), Bytes: s.Bytes, Rows: s.Rows})
			in.notes = append(in.notes, s.Notes...)
		}
		return f.setAside(sums)
	}, nil
}

// citeAnswers names the answers as what the trace was made from.
func (in *inputs) citeAnswers(used []source.Record) {
	for _, r := range used {
		in.files = append(in.files, report.Input{Role: "answer", Name: r.Question.String(), SHA256: r.SHA256, Bytes: r.Size})
	}
}

// noteAsked says what the answers hold, and what was not asked for.
func (in *inputs) noteAsked(name string, res *source.Result) {
	chains := make([]fundtrail.Chain, 0, len(res.Blocks))
	for c := range res.Blocks {
		chains = append(chains, c)
	}
	slices.Sort(chains)
	for _, c := range chains {
		in.note("Of %s the histories of %s are what %s answered, as of block %d (asked %s). What it leaves out is not seen.",
			c, numbered(res.Asked, "address", "addresses"), name, res.Blocks[c], res.Heads[c].At.UTC().Format("2006-01-02 15:04 UTC"))
	}
	if slices.ContainsFunc(chains, func(c fundtrail.Chain) bool { info, _ := c.Info(); return info.Model == fundtrail.Accounts }) {
		in.note("Transfers of tokens were asked for only of addresses that tokens reached, those of ERC-1155 not at all.")
	}
	for _, id := range res.Unknown {
		in.note("%s does not know transaction %s.", name, id)
	}
	const most = 5
	for i, c := range res.Cuts {
		if i == most {
			in.note("%d more histories are held in part.", len(res.Cuts)-i)
			break
		}
		in.note("The history of %s is held in part: %s.", c.Address, c.Why)
	}
	if res.Stopped == nil {
		return
	}
	in.note("Value reached addresses whose history was not asked for (%d), because %s: there the trace ends for want of data.", len(res.Left), stoppedBy(res.Stopped))
	for i, l := range res.Left {
		if i == most {
			break
		}
		in.note("Not asked for: %s, which %s reached.", l.Address, amountText(l.Amount, l.Asset))
	}
}

func amountText(a fundtrail.Amount, asset fundtrail.Asset) string {
	symbol, n := assetInfo(asset)
	if n < 0 {
		return a.String() + " base units of " + asset.String()
	}
	return a.Decimal(n) + " " + symbol
}

func stepText(st source.Step) string {
	what := "transaction " + st.Tx.String()
	if !st.Address.IsZero() {
		what = st.Address.String()
		if !st.Amount.IsZero() {
			what += ", " + amountText(st.Amount, st.Asset) + " reached it"
		}
	}
	when := "the start"
	if st.Round > 0 {
		when = fmt.Sprintf("round %d", st.Round)
	}
	return fmt.Sprintf("%s: %s; %d of %d requests", when, what, st.Spent, st.Of)
}

// askedText is the line on what asking came to.
func askedText(name, dir string, res *source.Result) string {
	text := fmt.Sprintf("%s: %s by %s; the answers, %d, are in %s", name, numbered(res.Asked, "history", "histories"), numbered(res.Spent, "request", "requests"), len(res.Used), dir)
	if res.Stopped != nil {
		text += fmt.Sprintf("; addresses that value reached are left (%d), because %s", len(res.Left), stoppedBy(res.Stopped))
		switch {
		case errors.Is(res.Stopped, fundtrail.ErrLimit):
			text += ": the same line again goes on from here"
		case errors.Is(res.Stopped, fundtrail.ErrUnavailable):
			text += ": " + res.Stopped.Error()
		}
	}
	return text
}

func numbered(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// stoppedBy says in a few words why no more was asked for.
func stoppedBy(err error) string {
	switch {
	case errors.Is(err, fundtrail.ErrLimit):
		return "the requests allowed (--max-requests) were used up"
	case errors.Is(err, fundtrail.ErrNotFound):
		return "they are not among the kept answers, and nothing was asked (--offline)"
	}
	return "the source failed"
}

// answersOf makes the ledger of a report's answers, and of files beside them.
func (f *verifyFlags) answersOf(ctx context.Context, in *inputs, doc *report.Document, more []string) (err error) {
	dir, err := f.folder()
	if err != nil {
		return err
	}
	given := append(slices.Clone(f.ledger), more...)
	for i, name := range given {
		if source.IsKept(name) {
			dir = name
			given = slices.Delete(given, i, i+1)
			break
		}
	}
	kept, err := source.Read(dir)
	if err != nil {
		return err
	}
	cited := map[string]bool{}
	for _, want := range doc.Inputs {
		if want.Role == "answer" {
			cited[want.Name+" "+want.SHA256] = true
		}
	}
	kept = kept.Only(func(r source.Record) bool { return cited[r.Question.String()+" "+r.SHA256] })
	b := ledger.NewBuilder()
	if len(given) > 0 {
		add, err := f.ledgerFlags.adder(ctx, in, given)
		if err == nil {
			err = add(b)
		}
		if err != nil {
			return err
		}
	}
	if _, err := source.Held(ctx, kept, b, data.WrapsCoin); err != nil {
		return err
	}
	in.citeAnswers(kept.Records())
	l, err := b.Seal()
	if err != nil {
		return err
	}
	in.ledger = l
	return nil
}

func citesAnswers(doc *report.Document) bool {
	return slices.ContainsFunc(doc.Inputs, func(in report.Input) bool { return in.Role == "answer" })
}

// refuseKept says what to do with a folder of answers instead of reading its files.
func refuseKept(names []string) error {
	for _, name := range names {
		if source.IsKept(name) {
			return usage("%s holds kept answers of sources: trace with --source NAME --answers %s --offline", name, name)
		}
	}
	return nil
}
