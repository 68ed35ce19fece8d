package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"sort"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/crossing"
	"github.com/fundtrail/fundtrail/internal/report"
	"github.com/fundtrail/fundtrail/internal/screen"
)

type mixerFlags struct {
	ledgerFlags
	tags    []string
	prices  []string
	by      string
	format  string
	events  []string
	reports []string
	pool    string
	asOf    string
}

func newMixer() *cobra.Command {
	f := &mixerFlags{}
	c := &cobra.Command{
		Use:   "mixer MIXER",
		Short: "What went into a mixer's pools and came out, and how much of it was stolen",
		Long: `Mixer counts the events of a mixer's pools: notes paid in and taken out, what they hold
and the relayers kept, exactly, now or at the end of a day. The anonymity set of a
withdrawal is every deposit before it, before anything is inferred.

With --report it tells how much of what went in was stolen, by incident, from the JSON
reports of fundtrail trace: the least and the most under any policy that loses
nothing, and the notes by which it came.

Of a mixer that keeps its customers' coins (blender-io, sinbad, chipmixer) it adds up what
went into and out of the addresses that records and --tags call its own, by month or day,
from a ledger. Addresses that nobody named are missing, so every figure is at least.
` + exitCodes,
		Example: `  fundtrail mixer tornado-cash --mixer-events tornado_events/
  fundtrail mixer tornado-cash --mixer-events tornado_events/ --pool "eth 100" --as-of 2022-05-01
  fundtrail mixer tornado-cash --mixer-events tornado_events/ --report ronin.json --report harmony.json
  fundtrail mixer sinbad --ledger bitcoin/ --prices btc=BTCUSD.csv --by day
  fundtrail mixer payouts --payments exchanges.csv --prices btc=BTCUSD.csv --prices eth=ETH-USD.csv`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usage("mixer takes one mixer's name: %s", strings.Join(mixerNames(), ", "))
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			if args[0] != crossing.TornadoProtocol {
				return runCustodial(c, f, args[0])
			}
			if err := withoutFlags(c, args[0], "ledger", "chain", "max-bad", "bad-rows", "tags", "prices", "by", "format"); err != nil {
				return err
			}
			return runMixer(c, f)
		},
	}
	c.AddCommand(newPayouts())
	f.register(c)
	fl := c.Flags()
	fl.StringArrayVar(&f.events, "mixer-events", nil, "`FILE` or folder of the pools' events (repeat)")
	fl.StringArrayVar(&f.reports, "report", nil, "JSON report of a trace: `FILE` (repeat)")
	fl.StringVar(&f.pool, "pool", "", "only pools whose name has `WORDS`, such as \"eth 100\"")
	fl.StringVar(&f.asOf, "as-of", "", "at the end of `DAY` (default: the last event)")
	fl.StringArrayVar(&f.tags, "tags", nil, "`FILE` or folder of claims about addresses, to know more of the mixer's (repeat)")
	fl.StringArrayVar(&f.prices, "prices", nil, "daily prices, `ASSET=FILE`, such as btc=BTCUSD.csv (repeat)")
	fl.StringVar(&f.by, "by", "month", "of a mixer that keeps coins: month or day")
	fl.StringVar(&f.format, "format", "text", "of a mixer that keeps coins: text, json or csv")
	return c
}

func runMixer(c *cobra.Command, f *mixerFlags) error {
	if len(f.events) == 0 {
		return usage("mixer needs the events of the pools: --mixer-events FOLDER")
	}
	day, err := dayOrTime("--as-of", f.asOf)
	if err != nil {
		return err
	}
	pools, _, err := loadPools(f.events)
	if err != nil {
		return err
	}
	pools = slices.DeleteFunc(pools, func(p *crossing.Pool) bool { return !strings.Contains(p.Name.String(), strings.ToLower(f.pool)) })
	if len(pools) == 0 {
		return fmt.Errorf("no pool has %q in its name: %w", f.pool, fundtrail.ErrNotFound)
	}
	if err := writePools(c.OutOrStdout(), pools, day); err != nil {
		return err
	}
	for _, name := range f.reports {
		doc, err := readReport(name, c.InOrStdin())
		if err != nil {
			return err
		}
		if err := writeStolen(c.OutOrStdout(), pools, doc, day); err != nil {
			return err
		}
	}
	return nil
}

// writePools is the pools' accounts.
func writePools(w io.Writer, pools []*crossing.Pool, day time.Time) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "POOL\tPAID IN\tTAKEN OUT\tUNSPENT\tIN\tOUT\tHELD\tRELAYERS\tRECIPIENTS\tUNTIL\t")
	for _, p := range pools {
		b := p.AsOf(blockAt(p, day))
		fmt.Fprintf(t, "%s\t%d\t%d\t%d\t%s\t%s\t%s\t%s\t%d\t%s\t\n", p.Name, b.Deposits, b.Withdrawals, b.Unspent,
			coinsOf(p, b.In), coinsOf(p, b.Out), coinsOf(p, b.Held), coinsOf(p, b.Fees), b.Recipients, lastDay(p, b.Block))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for _, p := range pools {
		if p.Missing > 0 {
			fmt.Fprintf(w, "%s: %d deposits are missing from the events, so that what it holds is at least this\n", p.Name, p.Missing)
		}
	}
	return nil
}

// blockAt is the pool's last block at a moment, by the times of its events.
func blockAt(p *crossing.Pool, at time.Time) int64 {
	if at.IsZero() {
		return 1<<63 - 1
	}
	d := sort.Search(len(p.Deposits), func(i int) bool { return p.Deposits[i].Time > at.Unix() })
	w := sort.Search(len(p.Withdrawals), func(i int) bool { return p.Withdrawals[i].Time > at.Unix() })
	block := int64(-1)
	if d > 0 {
		block = p.Deposits[d-1].Block
	}
	if w > 0 {
		block = max(block, p.Withdrawals[w-1].Block)
	}
	return block
}

func lastDay(p *crossing.Pool, block int64) string {
	at := int64(0)
	for i := len(p.Deposits) - 1; i >= 0 && at == 0; i-- {
		if p.Deposits[i].Block <= block {
			at = p.Deposits[i].Time
		}
	}
	for i := len(p.Withdrawals) - 1; i >= 0; i-- {
		if p.Withdrawals[i].Block <= block {
			at = max(at, p.Withdrawals[i].Time)
			break
		}
	}
	if at == 0 {
		return "no event"
	}
	return time.Unix(at, 0).UTC().Format(time.DateOnly)
}

// coinsOf prints an amount in whole coins of a pool, as many digits as its note has and
// four at least.
func coinsOf(p *crossing.Pool, a fundtrail.Amount) string {
	unit, err := p.Name.Denomination()
	if err != nil || unit.IsZero() {
		return a.String()
	}
	decimals := p.Name.Decimals()
	s := a.Decimal(decimals)
	if whole, part, ok := strings.Cut(s, "."); ok && len(part) > 4 {
		s = whole + "." + part[:4]
	}
	return s
}

// writeStolen tells how much of what went into the pools a trace holds to be stolen.
func writeStolen(w io.Writer, pools []*crossing.Pool, doc *report.Document, day time.Time) error {
	deposit := map[string]*crossing.Pool{}
	for _, p := range pools {
		last := blockAt(p, day)
		for i := range p.Deposits {
			if p.Deposits[i].Block <= last {
				deposit[fundtrail.TxID{Chain: p.Name.Chain, Hash: p.Deposits[i].Tx}.String()] = p
			}
		}
	}
	type sum struct {
		notes, others, payers int // others: payments of which no policy holds half to be stolen
		byPolicy              map[string]fundtrail.Amount
		seen                  map[string]bool
	}
	sums := map[*crossing.Pool]*sum{}
	for _, list := range [][]report.Hop{doc.Hops, doc.Touched} {
		for i := range list {
			h := &list[i]
			p := deposit[h.Tx]
			if p == nil || h.End == nil || doc.Ends[*h.End].Category != string(fundtrail.EndMixer) {
				continue
			}
			s := sums[p]
			if s == nil {
				s = &sum{byPolicy: map[string]fundtrail.Amount{}, seen: map[string]bool{}}
				sums[p] = s
			}
			var stolen fundtrail.Amount
			for _, policy := range lossless(doc) {
				name, _, _ := strings.Cut(policy, "/")
				text, ok := h.Tainted[name]
				if !ok {
					continue
				}
				a, err := fundtrail.ParseAmount(text)
				if err != nil {
					return err
				}
				s.byPolicy[policy], _ = s.byPolicy[policy].Add(a)
				stolen = stolen.Max(a)
			}
			amount, err := fundtrail.ParseAmount(h.Amount)
			if err != nil {
				return err
			}
			if !crossing.MostlyStolen(amount, stolen) {
				s.others++
				continue
			}
			if s.notes++; !s.seen[h.From] {
				s.seen[h.From] = true
				s.payers++
			}
		}
	}
	fmt.Fprintf(w, "\n%s, by its trace (inference; which of it was stolen is the record's claim):\n", screen.Line(cmp.Or(doc.Trace.Name, doc.Trace.Subject)))
	if len(sums) == 0 {
		_, err := fmt.Fprintln(w, "  none of the payments that it follows into mixers are deposits of these pools")
		return err
	}
	for _, p := range pools {
		s := sums[p]
		if s == nil {
			continue
		}
		b := p.AsOf(blockAt(p, day))
		least, most := span(doc, s.byPolicy)
		fmt.Fprintf(w, "  %s: %s to %s %s by policy, in %s from %s; %s %% of the notes ever paid in%s\n", p.Name, coinsOf(p, least), coinsOf(p, most), strings.ToUpper(p.Name.Symbol),
			plural(s.notes, "note"), counted(s.payers, "address", ""), strconv.FormatFloat(100*float64(s.notes)/float64(max(1, b.Deposits)), 'f', 1, 64), besides(s.others))
	}
	for _, e := range doc.Categories {
		if e.Category != string(fundtrail.EndMixer) {
			continue
		}
		unit := asset(doc, e.Asset)
		fmt.Fprintf(w, "  into every mixer that it reaches, under any policy: at least %s, at most %s %s\n", inCoins(e.AtLeast, unit), inCoins(e.AtMost, unit), unit.Symbol)
	}
	return nil
}

// lossless are the report's policies that conserve value.
func lossless(doc *report.Document) []string {
	return slices.DeleteFunc(slices.Clone(doc.Trace.Policies), func(s string) bool { return s == string(fundtrail.Poison.Method()) })
}

// besides tells of payments that are counted in amounts and not in notes.
func besides(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("; besides %s of which no policy that conserves value holds half to be stolen", plural(n, "payment"))
}

// asset is what a report says of one of its assets.
func asset(doc *report.Document, name string) report.Asset {
	for _, a := range doc.Assets {
		if a.Asset == name {
			return a
		}
	}
	return report.Asset{Asset: name, Symbol: name, Decimals: -1}
}

func inCoins(text string, unit report.Asset) string {
	a, err := fundtrail.ParseAmount(text)
	if err != nil || unit.Decimals < 0 {
		return text
	}
	s := a.Decimal(unit.Decimals)
	if whole, part, ok := strings.Cut(s, "."); ok && len(part) > 4 {
		s = whole + "." + part[:4]
	}
	return s
}

// span is the least and the most under the policies that lose nothing.
func span(doc *report.Document, by map[string]fundtrail.Amount) (least, most fundtrail.Amount) {
	first := true
	for _, policy := range lossless(doc) {
		a, ok := by[policy]
		if !ok {
			continue
		}
		if first {
			least, most, first = a, a, false
		}
		least, most = least.Min(a), most.Max(a)
	}
	return least, most
}
