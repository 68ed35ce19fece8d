package main

import (
	"encoding/csv"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/crossing"
	"github.com/fundtrail/fundtrail/internal/ingest"
)

type auditFlags struct {
	events      []string
	deposits    []string
	withdrawals []string
	covered     []string
	format      string
}

func newBridge() *cobra.Command {
	c := &cobra.Command{
		Use:   "bridge",
		Short: "Ask of a bridge whether what came out had gone in",
		Long:  "Bridge looks at both ends of a bridge." + "\n" + exitCodes,
		Args:  cobra.ArbitraryArgs,
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return c.Help()
			}
			return usage("unknown command %q of bridge; there is: audit", args[0])
		},
	}
	c.AddCommand(newBridgeAudit())
	return c
}

func newBridgeAudit() *cobra.Command {
	f := &auditFlags{}
	c := &cobra.Command{
		Use:   "audit PROTOCOL",
		Short: "Withdrawals that no deposit explains: how a bridge theft looks",
		Long: `Audit asks of every withdrawal from a bridge whether a deposit on the other side
explains it: by its id, its recipient, its asset, its amount and its time. One that none
explains is an alarm (an inference). Where the deposits' side is not said to be held
whole, a missing deposit is "not covered", never an alarm: --covered says where it is.

PROTOCOL is nomad, ronin-bridge, celer, multichain or poly. The files are those of
doc/methods-bridges.md; what stands in two of them is one. Tables of matched passages may
name a withdrawal with several deposits: read one side of them, with --deposits or
--withdrawals. Exit code 3: there are alarms.
` + exitCodes,
		Example: `  fundtrail bridge audit nomad --deposits TC_ValidERC20TokenWithdrawal.csv.gz --withdrawals SC_ValidERC20TokenWithdrawal.csv.gz --covered moonbeam:2022-01-11..2022-09-08`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usage("bridge audit takes one protocol: nomad, ronin-bridge, celer, multichain or poly")
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error { return runBridgeAudit(c, f, args[0]) },
	}
	fl := c.Flags()
	fl.StringArrayVar(&f.events, "events", nil, "`FILE` or folder of the bridge's events (repeat)")
	fl.StringArrayVar(&f.deposits, "deposits", nil, "`FILE` or folder of which only deposits are read (repeat)")
	fl.StringArrayVar(&f.withdrawals, "withdrawals", nil, "`FILE` or folder of which only withdrawals are read (repeat)")
	fl.StringArrayVar(&f.covered, "covered", nil, "deposits on `CHAIN:FROM..TO` are held whole, days included (repeat)")
	fl.StringVar(&f.format, "format", "text", "text or csv")
	c.RegisterFlagCompletionFunc("format", cobra.FixedCompletions([]string{"text", "csv"}, cobra.ShellCompDirectiveNoFileComp))
	return c
}

func runBridgeAudit(c *cobra.Command, f *auditFlags, protocol string) error {
	rules, ok := crossing.DefaultRules(protocol)
	if !ok {
		return usage("the bridge %q is not known: want nomad, ronin-bridge, celer, multichain or poly", protocol)
	}
	if f.format != "text" && f.format != "csv" {
		return usage("--format %s: want text or csv", f.format)
	}
	if len(f.events)+len(f.withdrawals) == 0 {
		return usage("bridge audit needs the bridge's events: --events FILE, or --deposits FILE and --withdrawals FILE")
	}
	for _, s := range f.covered {
		w, err := parseWindow(s)
		if err != nil {
			return err
		}
		rules.Covered = append(rules.Covered, w)
	}
	var deposits, withdrawals []crossing.Leg
	for _, from := range []struct {
		names   []string
		in, out bool
	}{{f.events, true, true}, {f.deposits, true, false}, {f.withdrawals, false, true}} {
		in, out, err := loadLegs(from.names, protocol, c.ErrOrStderr())
		if err != nil {
			return err
		}
		if from.in {
			deposits = mergeLegs(deposits, in)
		}
		if from.out {
			withdrawals = mergeLegs(withdrawals, out)
		}
	}
	if len(withdrawals) == 0 {
		return fmt.Errorf("no file has withdrawals from %s: %w", protocol, fundtrail.ErrNotFound)
	}
	rules.Tokens = crossing.LearnTokens(deposits, withdrawals, crossing.Pair(deposits, withdrawals, crossing.PairOptions{}))
	out := crossing.Audit(deposits, withdrawals, rules)
	write := alarmsText
	if f.format == "csv" {
		write = alarmsCSV
	}
	if err := write(c.OutOrStdout(), out.Alarms); err != nil {
		return err
	}
	fmt.Fprintf(c.ErrOrStderr(), "%s, %s: %d explained, %s (inference, %s), %d not covered\n", plural(len(deposits), "deposit"), plural(len(withdrawals), "withdrawal"),
		out.Explained, plural(len(out.Alarms), "alarm"), crossing.AuditMethod, len(out.NotCovered))
	if len(out.Alarms) > 0 {
		return &exitCode{code: exitFound}
	}
	return nil
}

// parseWindow reads CHAIN:FROM..TO.
func parseWindow(s string) (w crossing.Window, err error) {
	chain, days, ok := strings.Cut(s, ":")
	from, to, both := strings.Cut(days, "..")
	if !ok || !both {
		return w, usage("--covered %q: want CHAIN:FROM..TO, such as eth:2022-01-11..2022-09-08", s)
	}
	w.Chain, w.Source = fundtrail.Chain(chain), "--covered"
	if w.From, err = dayOrTime("--covered", from); err != nil {
		return w, err
	}
	if len(from) == len(time.DateOnly) {
		w.From = w.From.Truncate(24 * time.Hour)
	}
	w.To, err = dayOrTime("--covered", to)
	return w, err
}

// loadLegs reads the ends of a bridge's passages; what two files tell is one.
func loadLegs(names []string, protocol string, stderr io.Writer) (deposits, withdrawals []crossing.Leg, err error) {
	given := names
	if names, err = expand(names); err != nil {
		return nil, nil, err
	}
	for _, name := range names {
		b, err := ingest.BridgeEvents(ingest.File(name), ingest.BridgeOptions{Protocol: protocol})
		if err != nil {
			if !slices.Contains(given, name) { // another table beside them
				fmt.Fprintf(stderr, "ignored: %s is no table of a bridge's passages that is read here\n", name)
				continue
			}
			return nil, nil, err
		}
		deposits, withdrawals = mergeLegs(deposits, b.Deposits), mergeLegs(withdrawals, b.Withdrawals)
	}
	return deposits, withdrawals, nil
}

// mergeLegs adds another file's legs. What stands in both is one; what a file has twice
// happened twice.
func mergeLegs(have, more []crossing.Leg) []crossing.Leg {
	type key struct {
		tx                           fundtrail.TxID
		id, recipient, token, amount string
	}
	of := func(l *crossing.Leg) key { return key{l.Tx, l.ID, l.Recipient, l.Token, l.Amount.String()} }
	known, met := map[key]int{}, map[key]int{}
	for i := range have {
		known[of(&have[i])]++
	}
	for i := range more {
		k := of(&more[i])
		if met[k]++; met[k] > known[k] {
			have = append(have, more[i])
		}
	}
	return have
}

// paidOut is what a leg paid, in whole coins where the token's decimals are known.
func paidOut(l *crossing.Leg) string {
	asset := fundtrail.NativeAsset(l.Tx.Chain)
	var err error
	if l.Token != "" {
		asset.Contract, err = fundtrail.ParseAddress(l.Tx.Chain, l.Token)
	}
	if symbol, n := assetInfo(asset); err == nil && n >= 0 {
		return strings.TrimRight(fmt.Sprintf("%s %s  %s", l.Amount.Decimal(n), symbol, l.Token), " ")
	}
	return fmt.Sprintf("%s base units of %s", l.Amount, l.Token)
}

func alarmsText(w io.Writer, list []crossing.Alarm) error {
	for i := range list {
		a := &list[i]
		l := &a.Leg
		if _, err := fmt.Fprintf(w, "%s  %s  id %s\n    %s to %s\n    %s\n", l.Time.UTC().Format(time.RFC3339), l.Tx, l.ID, paidOut(l), l.Recipient, reasons(a)); err != nil {
			return err
		}
		for _, e := range a.Evidence {
			at := ""
			if !e.Leg.Tx.IsZero() {
				at = " " + e.Leg.Tx.String()
			}
			fmt.Fprintf(w, "      %s%s\n", e.Says, at)
		}
	}
	return nil
}

func reasons(a *crossing.Alarm) string {
	var out []string
	for _, r := range a.Reasons {
		out = append(out, string(r))
	}
	return strings.Join(out, "; ")
}

func alarmsCSV(w io.Writer, list []crossing.Alarm) error {
	t := csv.NewWriter(w)
	t.Write([]string{"time", "tx", "id", "recipient", "token", "amount", "reasons", "method"})
	for i := range list {
		l := &list[i].Leg
		t.Write([]string{l.Time.UTC().Format(time.RFC3339), l.Tx.String(), l.ID, l.Recipient, l.Token, l.Amount.String(), reasons(&list[i]), string(crossing.AuditMethod)})
	}
	t.Flush()
	return t.Error()
}
