package trace_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/ledger"
	"github.com/fundtrail/fundtrail/internal/ledgertest"
	"github.com/fundtrail/fundtrail/internal/trace"
)

// textInput asks about transactions of a ledger written as text.
func textInput(t testing.TB, text string, from ...string) trace.Input {
	t.Helper()
	l := ledgertest.MustParse(text)
	in := trace.Input{Ledger: seal(t, l.Transactions, l.Coverage), Tags: serviceTags}
	for _, name := range from {
		name, output, has := cutIndex(name)
		in.Thefts = append(in.Thefts, fundtrail.Theft{Tx: ledgertest.Tx(l.Transactions[0].ID.Chain, name), Index: output, HasIndex: has})
	}
	return in
}

func cutIndex(s string) (name string, n uint32, ok bool) {
	if _, err := fmt.Sscanf(s, "%2s:%d", &name, &n); err == nil {
		return name, n, true
	}
	return s, 0, false
}

var (
	half = fundtrail.AmountFromWords([4]uint64{3: 1 << 63}) // 2^255
	rest = fundtrail.AmountFromWords([4]uint64{^uint64(0), ^uint64(0), ^uint64(0), ^uint64(0) >> 1})
)

// scaled replaces amounts of a ledger that no text can write: 1, 2 and 3 base units of a
// token become 2^255, 2^255-1 and 2^256-1, a thousand 2^255.
func scaled(txs []fundtrail.Transaction) []fundtrail.Transaction {
	large := map[fundtrail.Amount]fundtrail.Amount{fundtrail.NewAmount(1): half, fundtrail.NewAmount(2): rest, fundtrail.NewAmount(3): fundtrail.MaxAmount, fundtrail.NewAmount(1000): half}
	for _, tx := range txs {
		for i := range tx.Transfers {
			tr := &tx.Transfers[i]
			for _, list := range [][]fundtrail.Entry{tr.Inputs, tr.Outputs} {
				for k := range list {
					if a, ok := large[list[k].Amount]; ok {
						list[k].Amount = a
					}
				}
			}
		}
	}
	return txs
}

// TestHugeAmounts: amounts that do not add up in 256 bits are an error, and those that
// just do are traced to the base unit.
func TestHugeAmounts(t *testing.T) {
	eth := fundtrail.Ethereum
	huge, thief := ledgertest.Asset(eth, "HUGE"), ledgertest.Address(eth, "thief")
	at := time.Date(2022, 3, 29, 12, 0, 0, 0, time.UTC)
	record := func(names ...string) (out []fundtrail.Theft) {
		for _, n := range names {
			out = append(out, fundtrail.Theft{Tx: ledgertest.Tx(eth, n)})
		}
		return out
	}
	const two = `
		2022-03-29T10:00Z t1 eth victim -> thief 0.000001 HUGE
		2022-03-29T11:00Z t2 eth clean -> thief 0.000001 HUGE
		2022-03-29T13:00Z t3 eth thief -> x 0.000001 HUGE`
	const fits = `
		2022-03-29T10:00Z t1 eth victim -> thief 0.000001 HUGE
		2022-03-29T11:00Z t2 eth clean -> thief 0.000002 HUGE
		2022-03-29T13:00Z t3 eth thief -> x 0.000001 HUGE
		2022-03-29T13:00Z t4 eth thief -> y 0.000007 HUGE
		2022-03-29T14:00Z t5 eth x -> thief 0.000009 HUGE`
	const whole = `
		2022-03-29T10:00Z t1 eth victim -> thief 0.000003 HUGE
		2022-03-29T11:00Z t2 eth thief -> x 0.000001 HUGE
		2022-03-29T13:00Z t3 eth x -> y 0.000007 HUGE
		2022-03-29T14:00Z t4 eth thief -> y 0.000002 HUGE`
	const gaps = `
		2022-03-29T10:00Z t1 eth victim -> thief 0.000007 HUGE
		2022-03-29T11:00Z t2 eth thief -> x 0.000003 HUGE
		2022-03-29T12:00Z t3 eth thief -> y 0.000003 HUGE
		2022-03-29T13:00Z t4 eth thief -> exchange 0.000003 HUGE`
	for _, c := range []struct {
		name   string
		ledger string
		thefts []fundtrail.Theft
		back   bool
		err    error
	}{
		{name: "a balance", ledger: two, thefts: record("t1"), err: fundtrail.ErrLimit},
		{name: "a balance before", ledger: two, thefts: record("t2"), err: fundtrail.ErrLimit},
		{name: "a balance, backward", ledger: two, thefts: record("t3"), back: true, err: fundtrail.ErrLimit},
		{name: "thefts together", ledger: two, thefts: record("t1", "t2"), err: fundtrail.ErrLimit},
		{name: "all that an address pays", err: fundtrail.ErrLimit, ledger: `
			2022-03-29T10:00Z t1 eth thief -> x 0.000001 HUGE
			2022-03-29T11:00Z t2 eth thief -> y 0.000001 HUGE`, thefts: []fundtrail.Theft{{Address: thief, Whole: true}}},
		{name: "a statement beside a balance", ledger: whole, err: fundtrail.ErrLimit,
			thefts: []fundtrail.Theft{{Address: thief, Asset: huge, Amount: half, Time: at.AddDate(-1, 0, 0)}}},
		{name: "a statement beside a theft", ledger: whole, err: fundtrail.ErrLimit,
			thefts: append(record("t1"), fundtrail.Theft{Address: thief, Asset: huge, Amount: fundtrail.NewAmount(1), Time: at})},
		{name: "statements that the ledger knows nothing of", ledger: whole, err: fundtrail.ErrLimit, thefts: append(record("t1"),
			fundtrail.Theft{Address: thief, Asset: ledgertest.Asset(eth, "NONE"), Amount: half, Time: at},
			fundtrail.Theft{Address: thief, Asset: ledgertest.Asset(eth, "NONE"), Amount: half, Time: at})},
		{name: "a statement backward beside a theft", ledger: whole, back: true, err: fundtrail.ErrLimit,
			thefts: append(record("t1"), fundtrail.Theft{Address: thief, Asset: huge, Amount: fundtrail.NewAmount(1), Time: at})},
		{name: "just fits", ledger: fits, thefts: record("t1")},
		{name: "just fits, two thefts", ledger: fits, thefts: record("t1", "t2")},
		{name: "just fits, backward", ledger: fits, thefts: record("t4"), back: true},
		{name: "the largest amount", ledger: whole, thefts: record("t1")},
		{name: "the largest amount, backward", ledger: whole, thefts: record("t4"), back: true},
		{name: "gaps that pass 256 bits together", ledger: gaps, thefts: record("t1")},
		{name: "gaps, backward", ledger: gaps, thefts: record("t3"), back: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := ledgertest.MustParse(c.ledger)
			in := trace.Input{Ledger: seal(t, scaled(l.Transactions), nil), Thefts: c.thefts, Tags: serviceTags}
			opt := trace.Options{Dust: map[fundtrail.Asset]fundtrail.Amount{huge: {}}}
			if c.back {
				opt.Direction = fundtrail.Backward
			}
			tr, err := trace.Run(t.Context(), in, opt)
			if !errors.Is(err, c.err) {
				t.Fatalf("error %v, want %v", err, c.err)
			}
			if c.err == nil {
				if err := checkTrace(tr, nil); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

// TestHugeCoins: coins too may not add up.
func TestHugeCoins(t *testing.T) {
	text := `
		2022-03-29T10:00Z t1 btc coinbase -> thief 0.00001000
		2022-03-29T11:00Z t2 btc coinbase -> thief 0.00001000
		2022-03-29T12:00Z t3 btc t1:0 -> x 0.00000007, y 0.00000009`
	txs := func() []fundtrail.Transaction { return scaled(ledgertest.MustParse(text).Transactions) }
	both := []fundtrail.Theft{{Tx: ledgertest.Tx(fundtrail.Bitcoin, "t1")}, {Tx: ledgertest.Tx(fundtrail.Bitcoin, "t2")}}
	address := []fundtrail.Theft{{Address: ledgertest.Address(fundtrail.Bitcoin, "thief"), Whole: true}}
	for name, thefts := range map[string][]fundtrail.Theft{"two records": both, "a whole address": address} {
		if tr, err := trace.Run(t.Context(), trace.Input{Ledger: seal(t, txs(), nil), Thefts: thefts}, trace.Options{}); !errors.Is(err, fundtrail.ErrLimit) {
			t.Errorf("%s: %v, %v", name, tr, err)
		}
	}
	tr := runTrace(t, trace.Input{Ledger: seal(t, txs(), nil), Thefts: both[:1]}, trace.Options{Dust: noDust})
	if err := checkTrace(tr, nil); err != nil {
		t.Error(err)
	}
	if tr.Stolen[0].Amount != half {
		t.Errorf("stolen %s", tr.Stolen[0].Amount)
	}
}

// TestHugeCrossing: what goes in and comes out may be as large as amounts get.
func TestHugeCrossing(t *testing.T) {
	text := ledgertest.MustParse(`
		2022-03-29T10:00Z t1 eth victim -> thief 0.000001 HUGE
		2022-03-29T11:00Z t2 eth clean -> thief 0.000002 HUGE
		2022-03-29T12:00Z t3 eth thief -> dex 0.000003 HUGE
		2022-03-29T13:00Z t4 eth dex -> thief 0.000003 VAST
		2022-03-29T14:00Z t5 eth thief -> dex 0.000002 VAST
		2022-03-29T15:00Z t6 eth dex -> thief 0.000002 HUGE`)
	crossings := parseCrossings(t, `
		eth:t3:1000000 => eth:t4:1000000
		eth:t5:1000000 => eth:t6:1000000`)
	in := trace.Input{Ledger: seal(t, scaled(text.Transactions), nil), Tags: serviceTags, Crossings: crossings,
		Thefts: []fundtrail.Theft{{Tx: ledgertest.Tx(fundtrail.Ethereum, "t1"), Index: fundtrail.LogIndex, HasIndex: true}}}
	tr := runTrace(t, in, trace.Options{})
	if err := checkCrossings(tr, crossings, in.Thefts); err != nil {
		t.Error(err)
	}
	if n := len(tr.Hops); n != 5 {
		t.Errorf("%d hops, want 5", n)
	}
}

// hostile ledgers that a trace must get through: value is conserved, every policy lies
// in its bounds, and what is stated of the ends holds.
func TestHostile(t *testing.T) {
	thief := ledgertest.Address(fundtrail.Ethereum, "thief")
	keeper := ledgertest.Address(fundtrail.Bitcoin, "thief")
	on := func(hour int) time.Time { return time.Date(2022, 3, 29, hour, 0, 0, 0, time.UTC) }
	stated := func(hour int) fundtrail.Theft {
		return fundtrail.Theft{Address: thief, Asset: fundtrail.NativeAsset(fundtrail.Ethereum), Amount: fundtrail.NewAmount(5e18), Time: on(hour)}
	}
	for _, c := range []struct {
		name   string
		ledger string
		from   []string
		more   []fundtrail.Theft
		opt    trace.Options
		want   string // ends: kind, addresses, FIFO
	}{
		{name: "a transaction that pays itself in circles", from: []string{"t1"}, want: "held thief 6, coverage x 4", ledger: `
			2022-03-29T10:00Z t1 eth victim -> thief 10
			2022-03-29T11:00Z t2 eth thief -> a 10
			2022-03-29T11:00Z t2 eth a -> b 10
			2022-03-29T11:00Z t2 eth b -> thief 10
			2022-03-29T11:00Z t2 eth thief -> a 10
			2022-03-29T11:00Z t2 eth a -> thief 10
			2022-03-29T12:00Z t3 eth thief -> x 4`},
		{name: "a theft in circles is counted where it rests", from: []string{"t1"}, want: "held a 3", ledger: `
			2022-03-29T10:00Z t1 eth victim -> thief 3
			2022-03-29T10:00Z t1 eth thief -> a 3
			2022-03-29T11:00Z t2 eth a -> a 2`},
		{name: "payments to oneself", from: []string{"t1"}, want: "held thief 6, coverage x 4", ledger: `
			2022-03-29T10:00Z t1 eth victim -> thief 10
			2022-03-29T11:00Z t2 eth thief -> thief 10
			2022-03-29T11:00Z t3 eth thief -> thief 30
			2022-03-29T11:00Z t4 eth thief -> thief 1
			2022-03-29T12:00Z t5 eth thief -> x 4`},
		{name: "a theft that pays oneself", from: []string{"t1"}, want: "held thief 10", ledger: `
			2022-03-29T10:00Z t1 eth thief -> thief 10`},
		{name: "a fee larger than the balance", from: []string{"t1"}, want: "fee 10", ledger: `
			2022-03-29T10:00Z t1 eth victim -> thief 10
			2022-03-29T11:00Z t2 eth thief fee 25`},
		{name: "a theft at the last position", from: []string{"t2"}, want: "coverage thief 10", ledger: `
			2022-03-29T09:00Z t1 eth clean -> thief 3
			2022-03-29T10:00Z t2 eth victim -> thief 10`},
		{name: "a coin theft at the last position", from: []string{"t2"}, want: "coverage thief 10", ledger: `
			2022-03-29T09:00Z t1 btc coinbase -> thief 3
			2022-03-29T10:00Z t2 btc coinbase -> thief 10`},
		{name: "a theft stated in the future", more: []fundtrail.Theft{stated(23)}, want: "held thief 5", ledger: `
			2022-03-29T10:00Z t1 eth other -> thief 10
			2022-03-29T11:00Z t2 eth thief -> x 3`},
		{name: "and on a chain that is not the last", more: []fundtrail.Theft{stated(23)}, want: "held thief 5", ledger: `
			2022-03-29T10:00Z t1 eth other -> thief 10
			2022-03-29T11:00Z t2 eth thief -> x 3
			2022-04-29T11:00Z t3 trx thief -> x 3`},
		{name: "a theft stated after the time that was asked for", more: []fundtrail.Theft{stated(10), stated(23)}, want: "coverage x 3, held thief 2",
			opt: trace.Options{Until: on(12)}, ledger: `
			2022-03-29T10:00Z t1 eth other -> y 10
			2022-03-29T11:00Z t2 eth thief -> x 3`},
		{name: "a theft stated of the last transaction", want: "held thief 5", ledger: `
			2022-03-29T10:00Z t1 eth other -> y 10
			2022-03-29T11:00Z t2 eth thief -> x 3`,
			more: []fundtrail.Theft{{Tx: ledgertest.Tx(fundtrail.Ethereum, "t2"), Address: thief, Asset: fundtrail.NativeAsset(fundtrail.Ethereum), Amount: fundtrail.NewAmount(5e18)}}},
		{name: "two thefts of one record", from: []string{"t1", "t1"}, want: "held thief 6, coverage x 4", ledger: `
			2022-03-29T10:00Z t1 eth victim -> thief 10
			2022-03-29T12:00Z t3 eth thief -> x 4`},
		{name: "two thefts of one output", from: []string{"t1", "t1:0"}, want: "coverage y 6, coverage x 4", ledger: `
			2022-03-29T10:00Z t1 btc coinbase -> thief 10
			2022-03-29T12:00Z t3 btc t1:0 -> x 4, y 6`},
		{name: "a record that a whole address pays", from: []string{"t3"}, more: []fundtrail.Theft{{Address: thief, Whole: true}}, want: "coverage x 4, coverage y 2", ledger: `
			2022-03-29T10:00Z t1 eth victim -> thief 10
			2022-03-29T12:00Z t3 eth thief -> x 4
			2022-03-29T12:00Z t4 eth thief -> y 2`},
		{name: "a whole address twice", more: []fundtrail.Theft{{Address: thief, Whole: true}, {Address: thief, Asset: fundtrail.NativeAsset(fundtrail.Ethereum), Whole: true}},
			want: "coverage x 4, coverage y 2", ledger: `
			2022-03-29T12:00Z t3 eth thief -> x 4
			2022-03-29T12:00Z t4 eth thief -> y 2`},
		{name: "a whole address of coins twice", more: []fundtrail.Theft{{Address: keeper, Whole: true}, {Address: keeper, Whole: true}}, want: "coverage x 10", ledger: `
			2022-03-29T10:00Z t1 btc coinbase -> thief 10
			2022-03-29T12:00Z t3 btc t1:0 -> x 10`},
		{name: "a coin that a whole address got", from: []string{"t1"}, more: []fundtrail.Theft{{Address: keeper, Whole: true}}, want: "coverage x 10", ledger: `
			2022-03-29T10:00Z t1 btc coinbase -> thief 10
			2022-03-29T12:00Z t3 btc t1:0 -> x 10`},
		{name: "source and payee", from: []string{"t1"}, more: []fundtrail.Theft{{Address: thief, Whole: true}}, want: "returned thief 10, coverage x 4", ledger: `
			2022-03-29T10:00Z t1 eth victim -> thief 10
			2022-03-29T12:00Z t3 eth thief -> x 4`},
		{name: "source and stated payee", more: []fundtrail.Theft{{Address: thief, Whole: true}, stated(9)}, want: "held thief 5, coverage x 4", ledger: `
			2022-03-29T10:00Z t1 eth victim -> thief 10
			2022-03-29T12:00Z t3 eth thief -> x 4`},
		{name: "a whole address of coins that is paid again", more: []fundtrail.Theft{{Address: keeper, Whole: true}}, want: "held thief 10, returned thief 10", ledger: `
			2022-03-29T10:00Z t1 btc coinbase -> thief 10
			2022-03-29T11:00Z t2 btc t1:0 -> x 10
			2022-03-29T12:00Z t3 btc t2:0 -> thief 10`},
		{name: "a theft of what another theft paid", from: []string{"t1", "t2"}, want: "coverage y 10, returned x 10", ledger: `
			2022-03-29T10:00Z t1 btc coinbase -> thief 10
			2022-03-29T11:00Z t2 btc t1:0 -> x 10
			2022-03-29T12:00Z t3 btc t2:0 -> y 10`},
		{name: "an output of nothing beside the stolen one", from: []string{"t1"}, want: "coverage z 10", ledger: `
			2022-03-29T10:00Z t1 btc coinbase -> burn 0, thief 10
			2022-03-29T11:00Z t2 btc t1:0 + t1:1 -> z 10, y 0`},
		{name: "a coin paid straight to an exchange", from: []string{"t1"}, want: "exchange exchange 10", ledger: `
			2022-03-29T10:00Z t1 btc coinbase -> exchange 10
			2022-03-29T11:00Z t2 btc t1:0 -> x 10`},
	} {
		t.Run(c.name, func(t *testing.T) {
			text := ledgertest.MustParse(c.ledger)
			in := textInput(t, c.ledger, c.from...)
			in.Thefts = append(in.Thefts, c.more...)
			c.opt.Payback = -1
			tr := runTrace(t, in, c.opt)
			if err := checkTrace(tr, nil); err != nil {
				t.Error(err)
			}
			if got := endText(text, tr); got != c.want {
				t.Errorf("ends: %s, want %s", got, c.want)
			}
			for _, e := range tr.Ends {
				if e.Last.After(text.Transactions[len(text.Transactions)-1].Block.Time) || e.Asset.Chain == fundtrail.Ethereum && e.Last.After(on(23)) {
					t.Errorf("%s at %s: after all that its chain holds", e.Kind, e.Last)
				}
			}
		})
	}
}

// endText writes ends in whole coins under FIFO, without those that got nothing.
func endText(text *ledgertest.Text, tr *fundtrail.Trace) string {
	s := ""
	for _, e := range tr.Ends {
		if e.Taint[fundtrail.FIFO].IsZero() {
			continue
		}
		if s != "" {
			s += ", "
		}
		s += string(e.Kind)
		for _, a := range e.Addresses {
			s += " " + text.Name(a)
		}
		info, _ := e.Asset.Chain.Info()
		s += " " + e.Taint[fundtrail.FIFO].Decimal(info.Decimals)
	}
	return s
}

// TestHostileQuestions: what makes no sense is refused with an error to act on.
func TestHostileQuestions(t *testing.T) {
	const text = `
		2022-03-29T10:00Z t1 eth victim -> thief 10
		2022-03-29T11:00Z t2 eth thief -> x 3`
	eth := fundtrail.NativeAsset(fundtrail.Ethereum)
	thief, t1 := ledgertest.Address(fundtrail.Ethereum, "thief"), ledgertest.Tx(fundtrail.Ethereum, "t1")
	nobody := ledgertest.Address(fundtrail.Ethereum, "nobody at all")
	for _, c := range []struct {
		name   string
		thefts []fundtrail.Theft
		opt    trace.Options
		want   error
	}{
		{"nothing asked", nil, trace.Options{}, fundtrail.ErrInvalid},
		{"an empty theft", []fundtrail.Theft{{}}, trace.Options{}, fundtrail.ErrInvalid},
		{"a theft of nothing", []fundtrail.Theft{{Address: thief, Asset: eth, Time: time.Unix(0, 0)}}, trace.Options{}, fundtrail.ErrInvalid},
		{"poison in headlines", []fundtrail.Theft{{Tx: t1}}, trace.Options{Policy: fundtrail.Poison}, fundtrail.ErrInvalid},
		{"a transaction that is not there", []fundtrail.Theft{{Tx: ledgertest.Tx(fundtrail.Ethereum, "t9")}}, trace.Options{}, fundtrail.ErrNotFound},
		{"a transfer that is not there", []fundtrail.Theft{{Tx: t1, Index: 7, HasIndex: true}}, trace.Options{}, fundtrail.ErrConflict},
		{"a transaction on another chain", []fundtrail.Theft{{Tx: fundtrail.TxID{Chain: fundtrail.Bitcoin, Hash: t1.Hash}}}, trace.Options{}, fundtrail.ErrNotFound},
		{"an address that is not there", []fundtrail.Theft{{Address: nobody, Whole: true}}, trace.Options{}, fundtrail.ErrNotFound},
		{"an address that pays nothing", []fundtrail.Theft{{Address: ledgertest.Address(fundtrail.Ethereum, "x"), Whole: true}}, trace.Options{}, fundtrail.ErrNotFound},
		{"until before since", []fundtrail.Theft{{Tx: t1}}, trace.Options{Since: time.Unix(2e9, 0), Until: time.Unix(1e9, 0)}, fundtrail.ErrNotFound},
	} {
		for _, d := range []fundtrail.Direction{fundtrail.Forward, fundtrail.Backward} {
			if c.name == "an address that pays nothing" && d == fundtrail.Backward {
				continue // backward it is what the address gets
			}
			in := textInput(t, text)
			in.Thefts = c.thefts
			c.opt.Direction = d
			if tr, err := trace.Run(t.Context(), in, c.opt); !errors.Is(err, c.want) || tr != nil {
				t.Errorf("%s, %s: %v, %v; want %v", c.name, d, tr, err, c.want)
			}
		}
	}
	empty := trace.Input{Ledger: seal(t, nil, nil), Thefts: []fundtrail.Theft{{Tx: t1}}}
	if tr, err := trace.Run(t.Context(), empty, trace.Options{}); !isNotFound(err) {
		t.Errorf("an empty ledger: %v, %v", tr, err)
	}
	empty.Thefts = []fundtrail.Theft{{Address: thief, Asset: eth, Amount: fundtrail.NewAmount(1), Time: time.Unix(0, 0)}}
	if tr, err := trace.Run(t.Context(), empty, trace.Options{}); !isNotFound(err) {
		t.Errorf("a statement beside an empty ledger: %v, %v", tr, err)
	}
}

// TestManyMovements: thousands of movements in one transaction, on either model, at one
// address and at as many.
func TestManyMovements(t *testing.T) {
	n := 10_000
	if testing.Short() {
		n = 2_000
	}
	base := ledgertest.MustParse(`
		2022-03-29T10:00Z t1 eth victim -> thief 10
		2022-03-29T10:00Z b1 btc coinbase -> thief 10`)
	accounts := fundtrail.Transaction{ID: ledgertest.Tx(fundtrail.Ethereum, "many"), Block: base.Transactions[0].Block, Place: 9}
	coins := fundtrail.Transaction{ID: ledgertest.Tx(fundtrail.Bitcoin, "many"), Block: base.Transactions[1].Block, Place: 9}
	out := fundtrail.Transfer{ID: fundtrail.TransferID{Tx: coins.ID}, Asset: fundtrail.NativeAsset(fundtrail.Bitcoin)}
	out.Inputs = []fundtrail.Entry{{Address: ledgertest.Address(fundtrail.Bitcoin, "thief"), Amount: fundtrail.NewAmount(1e9),
		Spends: fundtrail.TransferOutput{Transfer: base.Transactions[1].Transfers[0].ID}}}
	back := fundtrail.Transaction{ID: ledgertest.Tx(fundtrail.Bitcoin, "back"), Block: base.Transactions[1].Block, Place: 10}
	in := fundtrail.Transfer{ID: fundtrail.TransferID{Tx: back.ID}, Asset: out.Asset}
	someone := func(chain fundtrail.Chain, i int) fundtrail.Address {
		return ledgertest.Address(chain, fmt.Sprint("x", i%40))
	}
	for i := range n {
		a := fundtrail.NewAmount(1e14)
		from, to := ledgertest.Address(fundtrail.Ethereum, "thief"), someone(fundtrail.Ethereum, i)
		if i%3 == 2 {
			from, to = to, from
		}
		accounts.Transfers = append(accounts.Transfers, fundtrail.Transfer{
			ID: fundtrail.TransferID{Tx: accounts.ID, Index: uint32(i)}, Asset: fundtrail.NativeAsset(fundtrail.Ethereum),
			Inputs: []fundtrail.Entry{{Address: from, Amount: a}}, Outputs: []fundtrail.Entry{{Address: to, Amount: a}},
		})
		coin := fundtrail.Entry{Address: someone(fundtrail.Bitcoin, i), Amount: fundtrail.NewAmount(uint64(1 + i%17))}
		out.Outputs = append(out.Outputs, coin)
		if i%20 == 0 {
			coin.Spends = fundtrail.TransferOutput{Transfer: out.ID, Output: uint32(i)}
			in.Inputs = append(in.Inputs, coin)
			in.Outputs = append(in.Outputs, fundtrail.Entry{Address: someone(fundtrail.Bitcoin, i+1), Amount: fundtrail.NewAmount(1)})
		}
	}
	coins.Transfers, back.Transfers = []fundtrail.Transfer{out}, []fundtrail.Transfer{in}
	l := seal(t, append(slices.Clone(base.Transactions), accounts, coins, back), nil)
	for _, d := range []fundtrail.Direction{fundtrail.Forward, fundtrail.Backward} {
		question := trace.Input{Ledger: l, Thefts: []fundtrail.Theft{{Tx: base.Transactions[0].ID}, {Tx: base.Transactions[1].ID}}}
		if d == fundtrail.Backward {
			question.Thefts = []fundtrail.Theft{{Tx: accounts.ID, Index: uint32(n - 2), HasIndex: true}, {Tx: back.ID, Index: 3, HasIndex: true}}
		}
		tr := runTrace(t, question, trace.Options{Direction: d, Hub: 1 << 30, Dust: noDust})
		if err := checkTrace(tr, nil); err != nil {
			t.Errorf("%s: %v", d, err)
		}
		if len(tr.Hops) < n/2 {
			t.Errorf("%s: %d hops", d, len(tr.Hops))
		}
	}
}

// TestNoOutputs: a ledger that holds what a transaction spends and nothing of what it
// makes takes all of it for the fee.
func TestNoOutputs(t *testing.T) {
	text := ledgertest.MustParse("2022-03-29T10:00Z t1 btc coinbase -> thief 10")
	b := ledger.NewBuilder()
	if err := b.Transaction(&text.Transactions[0], ledger.Where{}); err != nil {
		t.Fatal(err)
	}
	id := ledgertest.Tx(fundtrail.Bitcoin, "t2")
	spends := fundtrail.Transaction{ID: id, Block: text.Transactions[0].Block, Place: 1, Transfers: []fundtrail.Transfer{{
		ID: fundtrail.TransferID{Tx: id}, Asset: fundtrail.NativeAsset(fundtrail.Bitcoin),
		Inputs: []fundtrail.Entry{{Spends: fundtrail.TransferOutput{Transfer: text.Transactions[0].Transfers[0].ID}}},
	}}}
	if err := b.Transaction(&spends, ledger.Where{}); err != nil {
		t.Fatal(err)
	}
	l, err := b.Seal()
	if err != nil {
		t.Skipf("no such ledger can be made: %v", err)
	}
	tr := runTrace(t, trace.Input{Ledger: l, Thefts: []fundtrail.Theft{{Tx: text.Transactions[0].ID}}}, trace.Options{})
	if err := checkTrace(tr, nil); err != nil {
		t.Error(err)
	}
	if got := endText(text, tr); got != "fee 10" {
		t.Errorf("ends: %s", got)
	}
}
