package main

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/crossing"
	"github.com/fundtrail/fundtrail/internal/ingest"
)

type payoutFlags struct {
	payments []string
	prices   []string
	window   time.Duration
	seen     float64
	least    float64
	keeps    float64
	flat     float64
	scale    float64
	format   string
}

func newPayouts() *cobra.Command {
	f := &payoutFlags{}
	c := &cobra.Command{
		Use:   "payouts",
		Short: "Which payouts of a service can answer a deposit: leads with odds, never links",
		Long: `Payouts ranks a service's payouts that can answer each deposit, by amount at the day's rate
and by time. What it prints are leads: somebody to ask, not somebody who did it. Odds are
right only as far as the list of payouts is whole: where the right one is missing, a wrong
one can look sure (doc/methods-coinjoin.md says how often).

The share and the flat fee that the service keeps are learnt from payouts that are known
to answer a deposit (ten at least, column answers), or given with --keeps, --flat and
--error. Deposits that a known payout answers are not asked about again.
` + exitCodes,
		Example: `  fundtrail mixer payouts --payments exchanges.csv --prices btc=BTCUSD.csv --prices eth=ETH-USD.csv
  fundtrail mixer payouts --payments list.csv --prices btc=BTCUSD.csv --window 72h --keeps 0.03 --error 0.01`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usage("mixer payouts takes no words, but --payments FILE")
			}
			return nil
		},
		RunE: func(c *cobra.Command, _ []string) error { return runPayouts(c, f) },
	}
	fl := c.Flags()
	fl.StringArrayVar(&f.payments, "payments", nil, "`FILE` of deposits and payouts, as CSV: kind, time, asset, amount, tx, answers (repeat)")
	fl.StringArrayVar(&f.prices, "prices", nil, "daily prices, `ASSET=FILE`, of every asset paid in or out (repeat)")
	fl.DurationVar(&f.window, "window", 24*time.Hour, "how long after its deposit a payout can come")
	fl.Float64Var(&f.seen, "seen", 0.9, "the `CHANCE` that the right payout is in the list at all")
	fl.Float64Var(&f.least, "least", 0.05, "print leads with `ODDS` of at least this")
	fl.Float64Var(&f.keeps, "keeps", 0, "the `SHARE` of a deposit that the service keeps, in place of learning it")
	fl.Float64Var(&f.flat, "flat", 0, "the flat fee, in whole `COINS` of the payout")
	fl.Float64Var(&f.scale, "error", 0, "by which `SHARE` amounts are off, as the day's rate is; needed with --keeps")
	fl.StringVar(&f.format, "format", "text", "text, json or csv")
	return c
}

// A payoutLead is a payout that can answer a deposit.
type payoutLead struct {
	Deposit      string  `json:"deposit"` // facts, as the list has them, down to PayoutAmount
	DepositTime  string  `json:"deposit_time"`
	DepositAsset string  `json:"deposit_asset"`
	Amount       string  `json:"deposit_amount"`
	Payout       string  `json:"payout"`
	PayoutTime   string  `json:"payout_time"`
	PayoutAsset  string  `json:"payout_asset"`
	PayoutAmount string  `json:"payout_amount"`
	Odds         float64 `json:"odds"` // inferred; to three places
	Off          float64 `json:"off"`  // by which share the amount is off
	Candidates   int     `json:"candidates"`
	Method       string  `json:"method"`
}

func (f *payoutFlags) check(c *cobra.Command) error {
	chance := func(v float64) bool { return v >= 0 && v <= 1 }
	given := c.Flags().Changed("keeps") || c.Flags().Changed("flat") || c.Flags().Changed("error")
	switch {
	case len(f.payments) == 0:
		return usage("mixer payouts needs the deposits and payouts: --payments FILE")
	case len(f.prices) == 0:
		return usage("mixer payouts needs the prices of what was paid: --prices ASSET=FILE")
	case f.window <= 0:
		return usage("--window %s: want more than nothing", f.window)
	case !chance(f.seen) || !chance(f.least):
		return usage("--seen and --least are chances: want 0 to 1")
	case given && !(f.scale > 0 && f.scale < 1):
		return usage("--error: want by which share amounts are off, above 0 and below 1, such as 0.01")
	case given && !(f.keeps < 1 && f.keeps > -1 && f.flat >= 0):
		return usage("--keeps wants a share below 1, --flat 0 coins or more")
	case f.format != "text" && f.format != "json" && f.format != "csv":
		return usage("--format %q: want text, json or csv", f.format)
	}
	return nil
}

func runPayouts(c *cobra.Command, f *payoutFlags) error {
	if err := f.check(c); err != nil {
		return err
	}
	warn := func(format string, args ...any) { fmt.Fprintf(c.ErrOrStderr(), "fundtrail: "+format+"\n", args...) }
	var in inputs
	if err := in.loadPrices(f.prices, warn); err != nil {
		return err
	}
	var list []ingest.Payment
	for _, name := range f.payments {
		raw, _, _, err := readAll(name)
		if err != nil {
			return fmt.Errorf("--payments: %w", err)
		}
		more, err := ingest.Payments(bytes.NewReader(raw))
		if err != nil {
			return fmt.Errorf("--payments %s: %w", name, err)
		}
		list = append(list, more...)
	}
	ingest.SortPayments(list)
	b, err := newPayoutBook(&in, list)
	if err != nil {
		return err
	}
	leads, err := b.leads(f)
	if err != nil {
		return err
	}
	switch f.format {
	case "json":
		e := json.NewEncoder(c.OutOrStdout())
		e.SetIndent("", "  ")
		return e.Encode(leads)
	case "csv":
		return payoutsCSV(c.OutOrStdout(), leads)
	}
	return b.text(c.OutOrStdout(), leads, f)
}

// A payoutBook is a service's deposits and payouts, by the asset that was paid out.
type payoutBook struct {
	in       *inputs
	deposits []ingest.Payment // that no known payout answers
	known    map[fundtrail.Asset][]crossing.CustodialExchange
	payouts  map[fundtrail.Asset][]ingest.Payment // those that are not known to answer another deposit
	assets   []fundtrail.Asset                    // of payouts, in the order of time
	unpriced int                                  // deposits without a rate
	asked    int
	models   map[fundtrail.Asset]crossing.PayoutModel
}

func newPayoutBook(in *inputs, list []ingest.Payment) (*payoutBook, error) {
	b := &payoutBook{in: in, known: map[fundtrail.Asset][]crossing.CustodialExchange{}, payouts: map[fundtrail.Asset][]ingest.Payment{}, models: map[fundtrail.Asset]crossing.PayoutModel{}}
	deposits := map[fundtrail.Hash]*ingest.Payment{}
	answered := map[fundtrail.Hash]bool{}
	for i := range list {
		if p := &list[i]; !p.Payout {
			if deposits[p.Tx.Hash] != nil {
				return nil, fmt.Errorf("deposit %s stands in the list twice: give a deposit's outputs as one: %w", p.Tx, fundtrail.ErrConflict)
			}
			deposits[p.Tx.Hash] = p
		}
	}
	for i := range list {
		p := &list[i]
		if !p.Payout {
			continue
		}
		if _, met := b.payouts[p.Asset]; !met {
			b.payouts[p.Asset] = nil
			b.assets = append(b.assets, p.Asset)
		}
		if p.Answers.IsZero() {
			b.payouts[p.Asset] = append(b.payouts[p.Asset], *p)
			continue
		}
		d := deposits[p.Answers.Hash]
		if d == nil {
			return nil, fmt.Errorf("payout %s answers %s, which is no deposit of the list: %w", p.Tx, p.Answers, fundtrail.ErrNotFound)
		}
		answered[p.Answers.Hash] = true
		if rate, ok := b.rate(d, p.Asset); ok {
			b.known[p.Asset] = append(b.known[p.Asset], crossing.CustodialExchange{Deposit: payment(d), Rate: rate, Payout: payment(p)})
		}
	}
	for i := range list {
		if p := &list[i]; !p.Payout && !answered[p.Tx.Hash] {
			b.deposits = append(b.deposits, *p)
		}
	}
	return b, nil
}

func payment(p *ingest.Payment) crossing.CustodialPayment {
	n, _ := decimals(p.Asset)
	return crossing.CustodialPayment{Time: p.Time, Amount: p.Amount, Decimals: n}
}

// rate is what a whole coin of a deposit is worth in coins of another asset, on its day.
func (b *payoutBook) rate(d *ingest.Payment, in fundtrail.Asset) (float64, bool) {
	_, known := decimals(d.Asset)
	_, too := decimals(in)
	from, ok := b.in.prices.At(d.Asset, d.Time.Unix())
	to, priced := b.in.prices.At(in, d.Time.Unix())
	if !known || !too || !ok || !priced || to.Micros.IsZero() {
		return 0, false
	}
	x, _ := from.Micros.Big().Float64()
	y, _ := to.Micros.Big().Float64()
	return x / y, true
}

// leads ranks the payouts that can answer each deposit.
func (b *payoutBook) leads(f *payoutFlags) ([]payoutLead, error) {
	out := []payoutLead{}
	rated := map[fundtrail.Hash]bool{}
	all := 0
	for _, asset := range b.assets {
		all += len(b.payouts[asset])
	}
	for _, asset := range b.assets {
		m := crossing.PayoutModel{Spread: f.keeps, Flat: f.flat, Scale: f.scale}
		if f.scale == 0 {
			var err error
			if m, err = crossing.FitPayouts(b.known[asset]); err != nil {
				return nil, fmt.Errorf("payouts in %s: %w; or say what the service keeps with --keeps and --error", asset, err)
			}
		}
		// In which asset a deposit was paid out is not told: the chance that it was in one is
		// that asset's part of the payouts, so that odds over all assets sum to less than one.
		m.Seen = f.seen * float64(len(b.payouts[asset])) / float64(max(all, 1))
		b.models[asset] = m
		candidates := make([]crossing.CustodialPayment, len(b.payouts[asset]))
		for i := range candidates {
			candidates[i] = payment(&b.payouts[asset][i])
		}
		ranked := m.List(candidates)
		for i := range b.deposits {
			d := &b.deposits[i]
			rate, ok := b.rate(d, asset)
			if !ok {
				continue
			}
			rated[d.Tx.Hash] = true
			found := ranked.Rank(payment(d), rate, f.window)
			for _, l := range found {
				if l.Odds < f.least {
					break
				}
				p := &b.payouts[asset][l.Payout]
				out = append(out, payoutLead{
					Deposit: d.Tx.String(), DepositTime: d.Time.Format(time.RFC3339), DepositAsset: d.Asset.String(), Amount: d.Amount.String(),
					Payout: p.Tx.String(), PayoutTime: p.Time.Format(time.RFC3339), PayoutAsset: p.Asset.String(), PayoutAmount: p.Amount.String(),
					Odds: thousandths(l.Odds), Off: thousandths(l.Error), Candidates: len(found), Method: string(crossing.PayoutMethod),
				})
			}
		}
	}
	b.asked, b.unpriced = len(rated), len(b.deposits)-len(rated)
	return out, nil
}

func thousandths(v float64) float64 {
	r, _ := strconv.ParseFloat(strconv.FormatFloat(v, 'f', 3, 64), 64)
	return r + 0 // no minus zero
}

func (b *payoutBook) text(w io.Writer, leads []payoutLead, f *payoutFlags) error {
	coins := func(asset, amount string) string {
		a, err := fundtrail.ParseAsset(asset)
		n, err2 := fundtrail.ParseAmount(amount)
		if err != nil || err2 != nil {
			return amount
		}
		symbol, d := assetInfo(a)
		return n.Decimal(max(d, 0)) + " " + symbol
	}
	for i := range leads {
		l := &leads[i]
		if _, err := fmt.Fprintf(w, "odds %.3f, one of %d, off by %+.1f %%\n    in   %s  %s  %s\n    out  %s  %s  %s\n", l.Odds, l.Candidates, 100*l.Off,
			l.DepositTime, l.Deposit, coins(l.DepositAsset, l.Amount), l.PayoutTime, l.Payout, coins(l.PayoutAsset, l.PayoutAmount)); err != nil {
			return err
		}
	}
	fmt.Fprintf(w, "%s with odds of %g or more, of %s asked about: leads (%s), never links.\n", plural(len(leads), "payout"), f.least, plural(b.asked, "deposit"), crossing.PayoutMethod)
	for _, a := range b.assets {
		m := b.models[a]
		symbol, _ := assetInfo(a)
		fmt.Fprintf(w, "In %s the service is held to keep %.2f %% and %.6g %s; amounts are off by %.2f %%.\n", symbol, 100*m.Spread, m.Flat, symbol, 100*m.Scale)
	}
	fmt.Fprintf(w, "The right payout is held to be in the list with chance %g. Where it is not, a wrong one can have high odds.\n", f.seen)
	if b.unpriced > 0 {
		fmt.Fprintf(w, "Of %s no price is known on the day: they are not asked about.\n", plural(b.unpriced, "deposit"))
	}
	return nil
}

func payoutsCSV(w io.Writer, leads []payoutLead) error {
	t := csv.NewWriter(w)
	t.Write([]string{"deposit", "deposit_time", "deposit_asset", "deposit_amount", "payout", "payout_time", "payout_asset", "payout_amount", "odds", "off", "candidates", "method"})
	for i := range leads {
		l := &leads[i]
		t.Write([]string{l.Deposit, l.DepositTime, l.DepositAsset, l.Amount, l.Payout, l.PayoutTime, l.PayoutAsset, l.PayoutAmount, fmt.Sprint(l.Odds), fmt.Sprint(l.Off), fmt.Sprint(l.Candidates), l.Method})
	}
	t.Flush()
	return t.Error()
}
