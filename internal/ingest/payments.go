package ingest

import (
	"encoding/csv"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/fundtrail/fundtrail"
)

// A Payment is a deposit with a service that keeps its customers' coins, or a payout.
type Payment struct {
	Payout  bool
	Time    time.Time
	Asset   fundtrail.Asset
	Amount  fundtrail.Amount
	Tx      fundtrail.TxID
	Answers fundtrail.TxID // of a payout: the deposit that it is known to answer
}

// Payments reads a table of deposits and payouts: doc/formats-ledger.md is its definition.
// Its errors name the line and wrap fundtrail.ErrInvalid.
func Payments(r io.Reader) ([]Payment, error) {
	c := csv.NewReader(r)
	header, err := c.Read()
	if err == io.EOF {
		return nil, fmt.Errorf("the file is empty: %w", fundtrail.ErrInvalid)
	} else if err != nil {
		return nil, fmt.Errorf("%v: %w", err, fundtrail.ErrInvalid)
	}
	at := map[string]int{}
	for i, name := range header {
		name = strings.ToLower(strings.TrimSpace(strings.TrimPrefix(name, "\ufeff")))
		if _, twice := at[name]; twice {
			return nil, fmt.Errorf("the header names column %s twice: %w", name, fundtrail.ErrInvalid)
		}
		at[name] = i
	}
	for _, name := range []string{"kind", "time", "asset", "amount", "tx"} {
		if _, ok := at[name]; !ok {
			return nil, fmt.Errorf("no column %s: want kind, time, asset, amount, tx, and answers where it is known: %w", name, fundtrail.ErrInvalid)
		}
	}
	var out []Payment
	for {
		row, err := c.Read()
		if err == io.EOF {
			return out, nil
		}
		if err != nil {
			return nil, fmt.Errorf("%v: %w", err, fundtrail.ErrInvalid) // it tells its line
		}
		line, _ := c.FieldPos(0)
		cell := func(name string) string {
			if i, ok := at[name]; ok {
				return strings.TrimSpace(row[i])
			}
			return ""
		}
		p, err := parsePayment(cell)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", line, err)
		}
		out = append(out, p)
	}
}

func parsePayment(cell func(string) string) (p Payment, err error) {
	kind := strings.ToLower(cell("kind"))
	if kind != "deposit" && kind != "payout" {
		return p, fmt.Errorf("column kind: %q, want deposit or payout: %w", short([]byte(kind)), fundtrail.ErrInvalid)
	}
	p.Payout = kind == "payout"
	if p.Asset, err = fundtrail.ParseAsset(cell("asset")); err != nil {
		return p, fmt.Errorf("column asset: %w", err)
	}
	if p.Amount, err = fundtrail.ParseAmount(cell("amount")); err != nil {
		return p, fmt.Errorf("column amount: %w", err)
	}
	if p.Tx, err = paymentTx(p.Asset.Chain, cell("tx")); err != nil {
		return p, fmt.Errorf("column tx: %w", err)
	}
	text := cell("time")
	if n, ok := digits([]byte(text)); ok && n <= maxTime {
		p.Time = time.Unix(int64(n), 0).UTC()
	} else if p.Time, err = time.Parse(time.RFC3339, text); err != nil || p.Time.Unix() < 0 || p.Time.Unix() > maxTime {
		return p, fmt.Errorf("column time: %q, want %s: %w", short([]byte(text)), wantTime, fundtrail.ErrInvalid)
	}
	p.Time = p.Time.UTC()
	answers := cell("answers")
	switch {
	case answers != "" && !p.Payout:
		return p, fmt.Errorf("column answers: a deposit answers nothing: %w", fundtrail.ErrInvalid)
	case answers != "":
		// The deposit's chain is not told: its name is its hash.
		if p.Answers, err = paymentTx("", answers); err != nil {
			return p, fmt.Errorf("column answers: %w", err)
		}
	}
	return p, nil
}

func paymentTx(chain fundtrail.Chain, text string) (fundtrail.TxID, error) {
	h, err := fundtrail.ParseHash(text)
	if err == nil && h == (fundtrail.Hash{}) {
		err = fmt.Errorf("want a transaction's hash, which is not zero: %w", fundtrail.ErrInvalid)
	}
	return fundtrail.TxID{Chain: chain, Hash: h}, err
}

// SortPayments puts payments in the order of time, then of transaction, so that the order of
// files and rows does not matter.
func SortPayments(list []Payment) {
	slices.SortStableFunc(list, func(a, b Payment) int {
		if c := a.Time.Compare(b.Time); c != 0 {
			return c
		}
		if c := slices.Compare(a.Tx.Hash[:], b.Tx.Hash[:]); c != 0 {
			return c
		}
		return a.Amount.Cmp(b.Amount)
	})
}
