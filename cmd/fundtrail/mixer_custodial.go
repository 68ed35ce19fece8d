package main

import (
	"cmp"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/data"
	"github.com/fundtrail/fundtrail/internal/crossing"
)

// mixerNames are the mixers that mixer knows.
func mixerNames() (names []string) {
	for _, a := range data.Actors() {
		if a.Category == "mixing_service" {
			names = append(names, a.ID)
		}
	}
	return names
}

// withoutFlags refuses flags that say nothing about one kind of mixer.
func withoutFlags(c *cobra.Command, mixer string, names ...string) error {
	for _, name := range names {
		if c.Flags().Changed(name) {
			return usage("--%s says nothing about %s", name, mixer)
		}
	}
	return nil
}

// A custodialPeriod is what went into and out of a mixer's known addresses in a month or
// on a day: facts, added up under the claim that the addresses are the mixer's.
type custodialPeriod struct {
	From     string       `json:"from"`
	Asset    string       `json:"asset"`
	In       string       `json:"in"` // base units
	Out      string       `json:"out"`
	Fees     string       `json:"fees"`
	Deposits int          `json:"deposits"` // transactions
	Payouts  int          `json:"payouts"`
	Shared   int          `json:"shared"`            // of both: others signed too, and only the net counts
	Unknown  int          `json:"unknown"`           // left out: amounts are not known
	InUSD    *custodialUS `json:"in_usd,omitempty"`  // at each day's price
	OutUSD   *custodialUS `json:"out_usd,omitempty"` // likewise
	asset    fundtrail.Asset
}

type custodialUS struct {
	Cents    string `json:"cents"`
	Unpriced string `json:"unpriced"` // base units that had no price on their day
}

type custodialReport struct {
	Mixer     string            `json:"mixer"`
	Addresses []custodialPlace  `json:"addresses"`
	Periods   []custodialPeriod `json:"periods"`
	Held      []string          `json:"held"` // by asset: in less out less fees
	Gaps      []string          `json:"gaps,omitempty"`
	Coverage  []string          `json:"coverage"`
}

// A custodialPlace is an address that somebody says is the mixer's.
type custodialPlace struct {
	Address string   `json:"address"`
	Chain   string   `json:"chain"`
	Claims  []string `json:"claims"` // label, source and confidence
	Moves   int      `json:"movements"`
	Whole   bool     `json:"whole"` // the ledger claims all of its transactions
}

func runCustodial(c *cobra.Command, f *mixerFlags, name string) error {
	actor, err := data.Actor(name)
	if err != nil || actor.Category != "mixing_service" {
		return usage("the mixer %q is not on record: want %s", name, strings.Join(mixerNames(), ", "))
	}
	if err := withoutFlags(c, actor.ID, "mixer-events", "report", "pool", "as-of"); err != nil {
		return err
	}
	switch {
	case len(f.ledger) == 0:
		return usage("mixer %s needs the transactions: --ledger FILE", actor.ID)
	case f.by != "month" && f.by != "day":
		return usage("--by %q: want month or day", f.by)
	case f.format != "text" && f.format != "json" && f.format != "csv":
		return usage("--format %q: want text, json or csv", f.format)
	}
	warn := func(format string, args ...any) { fmt.Fprintf(c.ErrOrStderr(), "fundtrail: "+format+"\n", args...) }
	p := &progress{w: terminal(c.ErrOrStderr())}
	defer p.clear()
	var in inputs
	claimed := claims{}
	claimed.add(data.Tags())
	if err := in.loadTags(f.tags, claimed, f.chain, warn); err != nil {
		return err
	}
	own := claimedFor(actor, claimed)
	if len(own) == 0 {
		return fmt.Errorf("no record and no tag names an address of %s: give claims that do with --tags: %w", actor.Name, fundtrail.ErrNotFound)
	}
	if err := in.loadPrices(f.prices, warn); err != nil {
		return err
	}
	if err := in.loadLedger(c.Context(), &f.ledgerFlags, &subject{}, p); err != nil {
		return err
	}
	p.clear()
	r := custodial(&in, actor, own, claimed, f.by)
	switch f.format {
	case "json":
		e := json.NewEncoder(c.OutOrStdout())
		e.SetIndent("", "  ")
		return e.Encode(r)
	case "csv":
		return custodialCSV(c.OutOrStdout(), r)
	}
	return custodialText(c.OutOrStdout(), r, in.prices != nil)
}

// claimedFor are those that a claim gives to an actor: by its id, or in a mixer's label
// by its name. Of claims without an actor only those about mixers count.
func claimedFor(actor fundtrail.Actor, all claims) map[fundtrail.Address]bool {
	own := map[fundtrail.Address]bool{}
	for a, tags := range all {
		for _, t := range tags {
			if t.Actor == actor.ID || t.Actor == "" && t.Category == "mixing_service" && strings.Contains(strings.ToLower(t.Label), strings.ToLower(actor.Name)) {
				own[a] = true
			}
		}
	}
	return own
}

// transactionsOf yields every transaction of a ledger that can be read whole, and counts the others.
func transactionsOf(l fundtrail.Ledger, broken *int) iter.Seq[*fundtrail.Transaction] {
	return func(yield func(*fundtrail.Transaction) bool) {
		for _, chain := range l.Chains() {
			info, _ := chain.Chain.Info()
			for p := chain.First; p < chain.End; {
				span := l.Transaction(p)
				p = span.End
				tx, ok := fundtrail.Transaction{}, true
				if info.Model == fundtrail.Coins {
					tx, ok = crossing.ReadCoinTransaction(l, span)
				} else {
					tx = crossing.ReadTransaction(l, span)
				}
				if !ok {
					*broken++
				} else if !yield(&tx) {
					return
				}
			}
		}
	}
}

// custodial adds up what the ledger shows of a mixer's addresses.
func custodial(in *inputs, actor fundtrail.Actor, own map[fundtrail.Address]bool, claimed claims, by string) custodialReport {
	r := custodialReport{Mixer: actor.ID, Periods: []custodialPeriod{}, Held: []string{}}
	broken := 0
	days := crossing.CustodialFlows(transactionsOf(in.ledger, &broken), own)
	flows, layout := days, time.DateOnly
	if by == "month" {
		flows, layout = crossing.ByMonth(days), "2006-01"
	}
	ins, outs := map[fundtrail.Asset]fundtrail.Amount{}, map[fundtrail.Asset]fundtrail.Amount{}
	for i := range flows {
		f := &flows[i]
		p := custodialPeriod{
			From: f.From.Format(layout), Asset: f.Asset.String(), In: f.In.String(), Out: f.Out.String(), Fees: f.Fees.String(),
			Deposits: f.Deposits, Payouts: f.Payouts, Shared: f.Shared, Unknown: f.Unknown, asset: f.Asset,
		}
		if in.prices != nil {
			p.InUSD, p.OutUSD = in.worth(days, f, by, true), in.worth(days, f, by, false)
		}
		r.Periods = append(r.Periods, p)
		ins[f.Asset], _ = ins[f.Asset].Add(f.In)
		for _, gone := range []fundtrail.Amount{f.Out, f.Fees} {
			outs[f.Asset], _ = outs[f.Asset].Add(gone)
		}
	}
	for a := range ins {
		symbol, decimals := assetInfo(a)
		held, under := ins[a].Sub(outs[a])
		if under {
			short, _ := outs[a].Sub(ins[a])
			r.Gaps = append(r.Gaps, fmt.Sprintf("%s %s more went out than the ledger shows came in: what came in is not all there.", short.Decimal(max(decimals, 0)), symbol))
			continue
		}
		r.Held = append(r.Held, held.Decimal(max(decimals, 0))+" "+symbol)
	}
	slices.Sort(r.Gaps)
	slices.Sort(r.Held)
	r.places(in.ledger, own, claimed)
	seen, whole := 0, 0
	for _, a := range r.Addresses {
		if a.Moves > 0 {
			seen++
		}
		if a.Whole {
			whole++
		}
	}
	r.Coverage = append(r.Coverage,
		fmt.Sprintf("%s said to be %s's; the ledger has movements of %d of them, and claims to hold all transactions of %d.", counted(len(r.Addresses), "address", ""), actor.Name, seen, whole),
		"Addresses that nobody named are missing: every amount is a lower bound, and what a mixer paid from those is not seen.")
	for _, c := range in.ledger.Chains() {
		if c.End > c.First {
			first, last := in.ledger.Transaction(c.First), in.ledger.Transaction(c.End-1)
			r.Coverage = append(r.Coverage, fmt.Sprintf("The ledger of %s runs from %s to %s.", c.Chain,
				time.Unix(first.Time, 0).UTC().Format(time.DateOnly), time.Unix(last.Time, 0).UTC().Format(time.DateOnly)))
		}
	}
	if broken > 0 {
		r.Coverage = append(r.Coverage, fmt.Sprintf("Of %s the ledger does not hold every input and output; they are left out.", plural(broken, "transaction")))
	}
	return r
}

// worth prices what went in or out in a period at the price of each day.
func (in *inputs) worth(days []crossing.CustodialFlow, period *crossing.CustodialFlow, by string, ins bool) *custodialUS {
	var cents, unpriced fundtrail.Amount
	for i := range days {
		d := &days[i]
		if d.Asset != period.Asset || by == "day" && !d.From.Equal(period.From) || by == "month" && (d.From.Year() != period.From.Year() || d.From.Month() != period.From.Month()) {
			continue
		}
		amount := d.Out
		if ins {
			amount = d.In
		}
		n, known := decimals(d.Asset)
		price, ok := in.prices.At(d.Asset, d.From.Unix())
		scale := fundtrail.NewAmount(10_000) // micros in a cent
		for range n {
			scale, _ = scale.Mul(fundtrail.NewAmount(10))
		}
		worth, over := amount.MulDiv(price.Micros, scale)
		if !known || !ok || over {
			unpriced, _ = unpriced.Add(amount)
			continue
		}
		cents, _ = cents.Add(worth)
	}
	return &custodialUS{Cents: cents.String(), Unpriced: unpriced.String()}
}

// places lists the mixer's addresses with what the ledger holds of each.
func (r *custodialReport) places(l fundtrail.Ledger, own map[fundtrail.Address]bool, claimed claims) {
	whole := map[fundtrail.Address]bool{}
	chains := map[fundtrail.Chain]bool{}
	for _, c := range l.Coverage() {
		if c.What&fundtrail.ValueTransfers != 0 && c.Address.IsZero() {
			chains[c.Chain] = true
		} else if c.What&fundtrail.ValueTransfers != 0 {
			whole[c.Address] = true
		}
	}
	list := make([]fundtrail.Address, 0, len(own))
	for a := range own {
		list = append(list, a)
	}
	slices.SortFunc(list, fundtrail.Address.Compare)
	for _, a := range list {
		p := custodialPlace{Address: a.String(), Chain: string(a.Chain()), Whole: whole[a] || chains[a.Chain()]}
		if id, ok := l.AddressID(a); ok {
			p.Moves = l.MoveCount(id)
		}
		for _, t := range claimed[a] {
			p.Claims = append(p.Claims, fmt.Sprintf("%s (%s, confidence %d)", t.Label, cmp.Or(t.Source.Title, t.Source.URL), t.Confidence))
		}
		slices.Sort(p.Claims)
		p.Claims = slices.Compact(p.Claims)
		r.Addresses = append(r.Addresses, p)
	}
}

func custodialText(w io.Writer, r custodialReport, priced bool) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	if len(r.Periods) > 0 {
		fmt.Fprint(t, "FROM\tASSET\tIN\tOUT\tFEES\tDEPOSITS\tPAYOUTS\t")
		if priced {
			fmt.Fprint(t, "IN USD\tOUT USD\t")
		}
		fmt.Fprintln(t)
	}
	shared, unknown := 0, 0
	for i := range r.Periods {
		p := &r.Periods[i]
		symbol, decimals := assetInfo(p.asset)
		coins := func(text string) string {
			a, err := fundtrail.ParseAmount(text)
			if err != nil || decimals < 0 {
				return text
			}
			return a.Decimal(decimals)
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%d\t%d\t", p.From, symbol, coins(p.In), coins(p.Out), coins(p.Fees), p.Deposits, p.Payouts)
		if priced {
			fmt.Fprintf(t, "%s\t%s\t", p.InUSD.text(coins), p.OutUSD.text(coins))
		}
		fmt.Fprintln(t)
		shared, unknown = shared+p.Shared, unknown+p.Unknown
	}
	if err := t.Flush(); err != nil {
		return err
	}
	if len(r.Periods) == 0 {
		fmt.Fprintf(w, "The ledger shows nothing that went into or out of the addresses said to be %s's.\n", r.Mixer)
	} else if len(r.Held) > 0 {
		fmt.Fprintf(w, "In less out less fees, which these addresses should hold if the ledger has all of their transactions: %s.\n", strings.Join(r.Held, ", "))
	}
	if shared > 0 {
		fmt.Fprintf(w, "%s signed by others too: only the net is counted.\n", plural(shared, "transaction"))
	}
	if unknown > 0 {
		fmt.Fprintf(w, "%s left out: not every amount is known.\n", plural(unknown, "transaction"))
	}
	for _, line := range slices.Concat(r.Gaps, r.Coverage) {
		fmt.Fprintln(w, line)
	}
	return nil
}

// text prints dollars, and what has no price in coins.
func (u *custodialUS) text(coins func(string) string) string {
	cents, err := fundtrail.ParseAmount(u.Cents)
	if err != nil {
		return u.Cents
	}
	s := cents.Decimal(2)
	switch {
	case u.Unpriced != "0" && cents.IsZero():
		s = coins(u.Unpriced) + " unpriced"
	case u.Unpriced != "0":
		s += " + " + coins(u.Unpriced) + " unpriced"
	}
	return s
}

func custodialCSV(w io.Writer, r custodialReport) error {
	t := csv.NewWriter(w)
	t.Write([]string{"mixer", "from", "asset", "in", "out", "fees", "deposits", "payouts", "shared", "unknown", "in_usd_cents", "in_unpriced", "out_usd_cents", "out_unpriced"})
	for i := range r.Periods {
		p := &r.Periods[i]
		row := []string{r.Mixer, p.From, p.Asset, p.In, p.Out, p.Fees, fmt.Sprint(p.Deposits), fmt.Sprint(p.Payouts), fmt.Sprint(p.Shared), fmt.Sprint(p.Unknown)}
		for _, u := range []*custodialUS{p.InUSD, p.OutUSD} {
			if u == nil {
				u = &custodialUS{}
			}
			row = append(row, u.Cents, u.Unpriced)
		}
		t.Write(row)
	}
	t.Flush()
	return t.Error()
}
