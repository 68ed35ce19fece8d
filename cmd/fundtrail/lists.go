package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/fundtrail/fundtrail/internal/ingest"
	"github.com/fundtrail/fundtrail/internal/store"
)

func newLists() *cobra.Command {
	c := &cobra.Command{
		Use:   "lists",
		Short: "Keep sanctions lists: every version, for good",
		Long: `Lists keeps sanctions lists. Every version stays, under the digest of its bytes, with
two clocks: when its publisher issued it and when it was received here.

` + homeHelp + "\n" + exitCodes,
		Args: cobra.ArbitraryArgs,
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return c.Help()
			}
			return usage("unknown command %q of lists; there are: import, sync, status, diff, history, verify", args[0])
		},
	}
	c.AddCommand(newListsImport(), newListsSync(), newListsStatus(), newListsDiff(), newListsHistory(), newListsVerify())
	return c
}

const homeHelp = `State lives in one folder: --home, else $FUNDTRAIL_HOME, else $XDG_DATA_HOME/fundtrail,
else ~/.local/share/fundtrail.`

type importFlags struct {
	homeFlag
	published, received, maxShrink string
	force                          bool
}

func newListsImport() *cobra.Command {
	f := &importFlags{}
	c := &cobra.Command{
		Use:   "import FILE...",
		Short: "Import versions of sanctions lists from files",
		Long: `Import keeps versions of sanctions lists. A file's form is recognised from its first
bytes; files may be packed with gzip or zstd or be zip archives, and a folder stands
for the files in it. The files of a list that comes in several (OFAC's SDN.CSV with
ADD, ALT and SDN_COMMENTS) are given together.

Published is the list's clock: --published, else what the file's text says, else a
date in its name (2023-11-30 or 20231130). Received is our clock: --received, else
now. Versions may come in any order, and importing one twice changes nothing.

Refused, with the version before staying in force: a file that is empty, cut short or
not what it claims to be; and, unless --force is given, one that has another number of
entries than it states, or fewer parties or wallets than the version before it of the
same list, form and scope by more than --max-shrink. A refusal stays in lists status
until a later import succeeds. When any file is refused the exit code is 1; the others
are imported.

` + homeHelp + "\n" + exitCodes,
		Example: `  fundtrail lists import sdn.xml un-consolidated.xml
  fundtrail lists import SDN.CSV ADD.CSV ALT.CSV SDN_COMMENTS.CSV --published 2024-02-21
  fundtrail lists import snapshots/ --home ./lists`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usage("lists import takes the files of lists")
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error { return runListsImport(c, f, args) },
	}
	f.homeFlag.register(c)
	fl := c.Flags()
	fl.StringVar(&f.published, "published", "", "`DAY` or time when the list was published (default: as the file says)")
	fl.StringVar(&f.received, "received", "", "`DAY` or time when the file was received here (default now)")
	fl.StringVar(&f.maxShrink, "max-shrink", "20%", "refuse a version that has fewer parties or wallets by more than this `SHARE`")
	fl.BoolVar(&f.force, "force", false, "accept what would be refused as doubtful, and record that")
	return c
}

func (f *importFlags) options() (opt ingest.ListOptions, err error) {
	opt.Force = f.force
	for _, t := range []struct {
		flag, text string
		to         *time.Time
	}{{"published", f.published, &opt.Published}, {"received", f.received, &opt.Received}} {
		if t.text == "" {
			continue
		}
		if *t.to, err = parseTime(t.text); err != nil {
			return opt, usage("--%s: %v", t.flag, err)
		}
	}
	if opt.Received.After(time.Now().Add(24 * time.Hour)) {
		return opt, usage("--received %s is still to come", f.received)
	}
	share, err := strconv.ParseFloat(strings.TrimSuffix(f.maxShrink, "%"), 64)
	if err != nil || !(share >= 0 && share <= 100) || !strings.HasSuffix(f.maxShrink, "%") {
		return opt, usage("--max-shrink %q: want a share from 0%% to 100%%, such as 20%%", f.maxShrink)
	}
	if opt.MaxShrink = share / 100; share == 0 {
		opt.MaxShrink = -1
	}
	return opt, nil
}

func runListsImport(c *cobra.Command, f *importFlags, args []string) error {
	opt, err := f.options()
	if err != nil {
		return err
	}
	names, err := expand(args)
	if err != nil {
		return err
	}
	var in []ingest.Input
	opt.Found = map[string]bool{}
	for _, name := range names {
		in = append(in, ingest.File(name))
		opt.Found[name] = !slices.Contains(args, name)
	}
	st, err := f.open(c.Context())
	if err != nil {
		return err
	}
	defer st.Close()
	counts := map[store.Outcome]int{}
	opt.Done = func(o ingest.ListOutcome) {
		counts[o.Outcome]++
		writeOutcome(c.OutOrStdout(), c.ErrOrStderr(), &o)
	}
	if _, err := ingest.Lists(c.Context(), st, in, opt); errors.Is(err, context.Canceled) {
		return errors.New("stopped before it was done; what is said above to be added is kept")
	} else if err != nil {
		return err
	}
	bad := counts[store.Refused] + counts[store.Failed]
	fmt.Fprintf(c.OutOrStdout(), "%s added, %d there already, %d refused or failed\n", plural(counts[store.Added], "version"), counts[store.Unchanged], bad)
	if bad > 0 {
		return fmt.Errorf("%s refused or failed: see above", plural(bad, "import"))
	}
	return nil
}

// plural is a number of things, in words that end in s or y.
func plural(n int, one string) string {
	if n == 1 {
		return "1 " + one
	}
	if stem, ok := strings.CutSuffix(one, "y"); ok {
		return fmt.Sprintf("%d %sies", n, stem)
	}
	return fmt.Sprintf("%d %ss", n, one)
}

// isAre is the verb of so many.
func isAre(n int) string {
	if n == 1 {
		return "is"
	}
	return "are"
}

// writeOutcome says what became of one version: a line, and a line for each thing that
// its reader should know.
func writeOutcome(out, problems io.Writer, o *ingest.ListOutcome) {
	name := o.Files[0]
	for _, more := range o.Files[1:] {
		name += " + " + filepath.Base(more)
	}
	if o.Err != nil {
		fmt.Fprintf(problems, "%-9s  %s: %v\n", o.Outcome, name, o.Err)
		return
	}
	if o.Outcome == ingest.Ignored {
		fmt.Fprintf(problems, "%-9s  %s: %s\n", o.Outcome, name, o.Notes[0])
		return
	}
	v := &o.Version
	fmt.Fprintf(out, "%-9s  %s  published %s  %s  %s  %s\n", o.Outcome, v.List, clock(v.Published), plural(v.Parties, "party"), plural(v.Wallets, "wallet"), name)
	for _, reason := range o.Forced {
		fmt.Fprintf(problems, "           by force: %s\n", reason)
	}
	for _, note := range o.Notes {
		fmt.Fprintf(problems, "           %s\n", note)
	}
	if n := len(o.Rejected); n > 0 {
		fmt.Fprintf(problems, "           %s could not be read and are not in it, the first: %s\n", plural(n, "entry"), o.Rejected[0])
	}
	for _, u := range o.Unread {
		if u.Field == "missing" {
			fmt.Fprintf(problems, "           not given: %s\n", u.Value)
		}
	}
}

// clock prints a time of a list's clock: a day, or a time of day where one is told.
func clock(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	if t = t.UTC(); t.Truncate(24 * time.Hour).Equal(t) {
		return t.Format(time.DateOnly)
	}
	return t.Format(time.RFC3339)
}
