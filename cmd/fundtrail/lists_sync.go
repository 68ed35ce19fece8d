package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/data"
	"github.com/fundtrail/fundtrail/internal/fetch"
	"github.com/fundtrail/fundtrail/internal/ingest"
	"github.com/fundtrail/fundtrail/internal/store"
)

type syncFlags struct {
	homeFlag
	config         string
	timeout, every time.Duration
	dryRun         bool
	full, force    bool
}

// leastEvery is the shortest time between two rounds: publishers change their lists a
// few times a day at most.
const leastEvery = time.Minute

func newListsSync() *cobra.Command {
	f := &syncFlags{}
	c := &cobra.Command{
		Use:   "sync [LIST...]",
		Short: "Bring lists up to date from their publishers",
		Long: `Sync asks publishers for their lists, all that are on record or those named, and imports
what is new, as lists import does. It asks whether a list has changed since it was
downloaded last, tries again when a publisher does not answer, and downloads no more
than it should. Lists stand for themselves: what fails or is refused keeps its old
version in force, and the others go on.

The addresses on record are mostly from memory and unchecked: lists sync --dry-run shows
them. A configuration changes them, gives the keys that some publishers want, or
switches lists off; it is --config, else ` + configName + ` in the folder of the lists:

  lists:
    us-ofac-sdn: {download: advanced}       # another form that is on record
    eu-fsf: {url: "https://webgate.ec.europa.eu/fsd/fsf/public/files/xmlFullSanctionsList_1_1/content?token=${EU_TOKEN}"}
    un-sc: {url: "https://mirror.example/un.xml", headers: {Authorization: "Bearer ${KEY}"}}
    uk-ofsi: {off: true}

Proxies are taken from HTTPS_PROXY, HTTP_PROXY and NO_PROXY. The exit code is 1 when any
list failed or was refused. With --every it goes on until it is told to stop.

` + homeHelp + "\n" + exitCodes,
		Example: `  fundtrail lists sync
  fundtrail lists sync us-ofac-sdn un-sc --timeout 5m
  fundtrail lists sync --dry-run
  fundtrail lists sync --every 6h`,
		Args: cobra.ArbitraryArgs,
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return listIDs(), cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(c *cobra.Command, args []string) error { return runListsSync(c, f, args) },
	}
	f.homeFlag.register(c)
	fl := c.Flags()
	fl.StringVar(&f.config, "config", "", "`FILE` that changes what is on record (default "+configName+" in the folder of the lists, if it is there)")
	fl.DurationVar(&f.timeout, "timeout", 15*time.Minute, "the longest that one list may take, with all tries")
	fl.DurationVar(&f.every, "every", 0, "sync again and again, a tenth sooner or later each time: 6h")
	fl.BoolVar(&f.dryRun, "dry-run", false, "only say what would be asked for, and where")
	fl.BoolVar(&f.full, "full", false, "download everything, changed or not")
	fl.BoolVar(&f.force, "force", false, "accept what would be refused as doubtful, and record that")
	return c
}

func (f *syncFlags) check() error {
	switch {
	case f.timeout <= 0:
		return usage("--timeout %s: want a positive time, such as 5m", f.timeout)
	case f.every != 0 && f.every < leastEvery:
		return usage("--every %s: want %s at least", f.every, leastEvery)
	case f.every != 0 && f.dryRun:
		return usage("--every and --dry-run do not go together")
	case f.every != 0 && f.force:
		return usage("--every and --force do not go together: look at what was refused, and force that once")
	}
	return nil
}

func runListsSync(c *cobra.Command, f *syncFlags, args []string) error {
	if err := f.check(); err != nil {
		return err
	}
	home, err := f.path()
	if err != nil {
		return err
	}
	config, err := readSyncConfig(f.config, home)
	if err != nil {
		return err
	}
	lists, err := publications(config, args)
	if err != nil {
		return err
	}
	if f.dryRun {
		return f.plan(c.Context(), c.OutOrStdout(), lists)
	}
	client, err := config.client(fetch.Options{Total: f.timeout})
	if err != nil {
		return err
	}
	defer client.CloseIdle()
	st, err := f.open(c.Context())
	if err != nil {
		return err
	}
	defer st.Close()
	s := &syncer{st: st, client: client, lists: lists, named: len(args) > 0, out: c.OutOrStdout()}
	s.opt = ingest.SyncOptions{Timeout: f.timeout, Full: f.full, Force: f.force, MaxBytes: config.MaxMB << 20}
	s.follow(terminal(c.ErrOrStderr()))
	if f.every == 0 {
		err := s.once(c.Context())
		if c.Context().Err() != nil {
			return errors.New("stopped; what was taken until then is kept: see fundtrail lists status")
		}
		return err
	}
	for {
		err := s.once(c.Context())
		if c.Context().Err() != nil {
			return nil // being told to stop is how it ends
		}
		if err != nil {
			fmt.Fprintln(c.ErrOrStderr(), "fundtrail:", err)
		}
		wait := time.Duration(float64(f.every) * (0.9 + 0.2*rand.Float64()))
		fmt.Fprintf(s.out, "next at %s\n\n", time.Now().Add(wait).UTC().Format(time.RFC3339))
		select {
		case <-time.After(wait):
		case <-c.Context().Done():
			return nil
		}
	}
}

// publications are the lists to ask for: those named, else all on record.
func publications(config *syncConfig, names []string) (out []ingest.Publication, err error) {
	lists := data.Lists()
	if len(names) > 0 {
		lists = nil
	}
	seen := map[string]bool{}
	for _, name := range names {
		l, err := data.ListByID(name)
		if err != nil {
			return nil, usage("%v; there are: %s", err, strings.Join(listIDs(), ", "))
		}
		if !seen[l.ID] {
			lists = append(lists, l)
		}
		seen[l.ID] = true
	}
	for _, l := range lists {
		p, err := config.publication(l, len(names) > 0)
		if err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	return out, nil
}

// plan says what a sync would ask for. It asks nobody.
func (f *syncFlags) plan(ctx context.Context, w io.Writer, lists []ingest.Publication) error {
	var attempts []store.Attempt
	st, err := f.read(ctx)
	switch {
	case err == nil:
		defer st.Close()
		if attempts, err = st.Attempts(ctx); err != nil {
			return err
		}
	case !errors.Is(err, fundtrail.ErrNotFound):
		return err
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "LIST\tLAST TAKEN\tCONFIDENCE\tFROM")
	for _, p := range lists {
		if p.Skip != "" {
			fmt.Fprintf(t, "%s\t-\t-\tnot asked for: %s\n", p.List, p.Skip)
			continue
		}
		last := "never"
		for _, a := range attempts {
			if a.List == p.List && (a.Outcome == store.Added || a.Outcome == store.Unchanged) && a.Time.UTC().Format(time.RFC3339) > strings.TrimPrefix(last, "never") {
				last = a.Time.UTC().Format(time.RFC3339)
			}
		}
		for i, file := range p.Files {
			list := p.List
			if i > 0 {
				list, last = "", ""
			}
			fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", list, last, confidence(p.List, file.URL), fetch.Redact(file.URL))
		}
	}
	return t.Flush()
}

// confidence is what is on record of an address.
func confidence(list, address string) string {
	on, _ := data.ListByID(list)
	for _, d := range on.Downloads {
		for _, f := range d.Files {
			if f.URL == address {
				return fmt.Sprint(d.Confidence)
			}
		}
	}
	return "yours"
}

// A syncer runs rounds of lists.
type syncer struct {
	st     *store.Store
	client *fetch.Client
	lists  []ingest.Publication
	named  bool // the user named them
	opt    ingest.SyncOptions
	out    io.Writer
}

// follow shows on a terminal what is under way.
func (s *syncer) follow(w io.Writer) {
	if w == nil {
		return
	}
	p := &progress{w: w}
	p.start("downloading", 0)
	s.opt.Progress = func(list, file string, done, total int64) {
		p.what = list
		if total > 0 {
			p.show(fmt.Sprintf("%s: %d of %d kB", file, done>>10, total>>10))
		} else {
			p.show(fmt.Sprintf("%s: %d kB", file, done>>10))
		}
	}
	s.opt.Retrying = func(list string, err error) {
		p.clear()
		fmt.Fprintf(w, "%s: trying again: %v\n", list, err)
	}
	s.opt.Done = func(ingest.SyncOutcome) { p.clear() }
}

// once runs one round and prints what became of each list.
func (s *syncer) once(ctx context.Context) error {
	outcomes, err := ingest.Sync(ctx, s.st, s.client, s.lists, s.opt)
	if err != nil {
		return err
	}
	versions, err := s.st.Versions(ctx)
	if err != nil {
		return err
	}
	bad := 0
	t := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "LIST\tOUTCOME\tIN FORCE\tPARTIES\tWALLETS\tCAME\tWHY")
	for i := range outcomes {
		o := &outcomes[i]
		if o.Outcome == store.Failed || o.Outcome == store.Refused || o.Outcome == ingest.Skipped && s.named {
			bad++
		}
		force, parties, wallets := "none", "-", "-"
		if v := newestOf(versions, o.List); v != nil {
			force, parties, wallets = clock(v.Published), fmt.Sprint(v.Parties), fmt.Sprint(v.Wallets)
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", o.List, o.Outcome, force, parties, wallets, size(o.Bytes), strings.Join(remarks(o), "; "))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	if bad > 0 {
		return fmt.Errorf("%s failed, refused or not asked for: see above; what was in force still is", plural(bad, "list"))
	}
	return nil
}

// remarks are what a reader should know of an outcome.
func remarks(o *ingest.SyncOutcome) (out []string) {
	if o.Err != nil {
		out = append(out, o.Err.Error())
	}
	for _, v := range o.Versions {
		for _, reason := range v.Forced {
			out = append(out, "by force: "+reason)
		}
		out = append(out, v.Notes...)
		if n := len(v.Rejected); n > 0 && v.Err == nil {
			out = append(out, fmt.Sprintf("%s could not be read and are not in it, the first: %s", plural(n, "entry"), v.Rejected[0]))
		}
	}
	return out
}

// newestOf returns the newest version of a list; with names, where there is one.
func newestOf(versions []fundtrail.ListVersion, list string) (best *fundtrail.ListVersion) {
	for i := range versions {
		v := &versions[i]
		if v.List == list && (best == nil || v.Covers&fundtrail.CoversNames >= best.Covers&fundtrail.CoversNames && !v.Published.Before(best.Published)) {
			best = v
		}
	}
	return best
}

// size prints a number of bytes as people do.
func size(n int64) string {
	switch {
	case n == 0:
		return "-"
	case n < 10<<10:
		return fmt.Sprintf("%d B", n)
	case n < 10<<20:
		return fmt.Sprintf("%d kB", n>>10)
	}
	return fmt.Sprintf("%d MB", n>>20)
}
