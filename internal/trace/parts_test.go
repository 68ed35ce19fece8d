package trace_test

import (
	"math/rand/v2"
	"strconv"
	"testing"
	"time"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/ledgertest"
	"github.com/fundtrail/fundtrail/internal/trace"
	"github.com/google/go-cmp/cmp"
)

// endsOf is what must not depend on who tells of a payment.
func endsOf(tr *fundtrail.Trace) map[string][]fundtrail.Amount {
	out := map[string][]fundtrail.Amount{}
	for i := range tr.Ends {
		e := &tr.Ends[i]
		name := string(e.Kind) + " " + e.Actor + " " + e.Label + " " + e.Asset.String()
		for _, a := range e.Addresses {
			name += " " + a.String()
		}
		all := []fundtrail.Amount{e.Bounds.Least, e.Bounds.Most, e.Bounds.LeastWithoutGaps, e.Bounds.MostWithoutGaps}
		for p := range fundtrail.NumPolicies {
			if p.Lossless() {
				all = append(all, e.Taint[p])
			}
		}
		out[name] = all
	}
	return out
}

func sameEnds(t *testing.T, what string, a, b *fundtrail.Trace) {
	t.Helper()
	if d := cmp.Diff(endsOf(a), endsOf(b), cmp.AllowUnexported(fundtrail.Amount{})); d != "" {
		t.Fatalf("%s (-one +other):\n%s", what, d)
	}
}

// minted makes random transactions, each in a block of its own, of which some bring an
// address value from nobody. It returns the places of those, but for the first and last.
func minted(r *rand.Rand) (txs []fundtrail.Transaction, shape ledgertest.Random, at []int) {
	shape = ledgertest.Random{Addresses: 3 + r.IntN(5), Transactions: 12 + r.IntN(30), Gaps: r.IntN(3) == 0}
	txs = shape.Ledger(r)
	for i := range txs {
		tx := &txs[i]
		tx.Block.Height, tx.Place = int64(i+1), 0
		tx.Block.Time = time.Date(2022, 3, 23, 0, i, 0, 0, time.UTC)
		if i == 0 || i == len(txs)-1 || r.IntN(3) > 0 {
			continue
		}
		to := ledgertest.Address(fundtrail.Ethereum, ledgertest.Name(r.IntN(shape.Addresses)))
		tx.Transfers = []fundtrail.Transfer{{ID: fundtrail.TransferID{Tx: tx.ID}, Asset: fundtrail.NativeAsset(fundtrail.Ethereum),
			Outputs: []fundtrail.Entry{{Address: to, Amount: fundtrail.NewAmount(2 + r.Uint64N(30))}}}}
		at = append(at, i)
	}
	return txs, shape, at
}

// TestReceipts: a clean receipt that is stated is as good as the ledger's record of it,
// and what the ledger holds besides counts once.
func TestReceipts(t *testing.T) {
	asked, stated := 0, 0
	for seed := range uint64(400) {
		r := rand.New(rand.NewPCG(seed, 71))
		txs, shape, at := minted(r)
		if len(at) < 2 {
			continue
		}
		theft := at[0]
		in := trace.Input{Thefts: []fundtrail.Theft{{Tx: txs[theft].ID, HasIndex: true}}}
		tags := map[fundtrail.Address][]fundtrail.Tag{}
		if a := ledgertest.Address(fundtrail.Ethereum, ledgertest.Name(r.IntN(shape.Addresses))); a != txs[theft].Transfers[0].Outputs[0].Address {
			tags[a] = []fundtrail.Tag{{Address: a, Label: "x", Category: "exchange", Actor: "x", Confidence: 100}}
		}
		in.Tags = func(a fundtrail.Address) []fundtrail.Tag { return tags[a] }
		opt := trace.Options{Policy: []fundtrail.Policy{fundtrail.FIFO, fundtrail.LIFO, fundtrail.Haircut}[r.IntN(3)], Payback: -1,
			Dust: map[fundtrail.Asset]fundtrail.Amount{fundtrail.NativeAsset(fundtrail.Ethereum): {}}}
		full := in
		full.Ledger = seal(t, txs, nil)
		want := runTrace(t, full, opt)

		part := in
		var left []fundtrail.Transaction
		next := 1
		for i := range txs {
			if next < len(at) && at[next] == i {
				next++
				out := txs[i].Transfers[0].Outputs[0]
				rec := fundtrail.Receipt{Address: out.Address, Asset: txs[i].Transfers[0].Asset, Amount: out.Amount, Time: txs[i].Block.Time, Tx: txs[i].ID}
				if r.IntN(2) == 0 { // the block says it better
					rec.Time, rec.Height = rec.Time.Add(time.Duration(r.IntN(7)-3)*time.Minute), txs[i].Block.Height
				}
				part.Receipts = append(part.Receipts, rec)
				stated++
				if r.IntN(4) > 0 {
					continue
				}
			}
			left = append(left, txs[i])
		}
		part.Ledger = seal(t, left, nil)
		r.Shuffle(len(part.Receipts), func(i, k int) {
			part.Receipts[i], part.Receipts[k] = part.Receipts[k], part.Receipts[i]
		})
		got := runTrace(t, part, opt)
		sameEnds(t, "receipts for records", want, got)
		if d := cmp.Diff(want.Gaps, got.Gaps, cmp.AllowUnexported(fundtrail.Address{}, fundtrail.Amount{})); d != "" {
			t.Fatalf("seed %d: gaps (-records +receipts):\n%s", seed, d)
		}
		asked++
	}
	if asked < 300 || stated < 3*asked {
		t.Errorf("only %d traces with %d receipts", asked, stated)
	}
}

// TestParts: a start that carries a part of a payment is as good as that part alone with
// the rest coming clean right after, whether the ledger records it or a source states it.
func TestParts(t *testing.T) {
	asked := 0
	for seed := range uint64(400) {
		r := rand.New(rand.NewPCG(seed, 73))
		txs, shape, at := minted(r)
		if len(at) < 2 {
			continue
		}
		r.Shuffle(len(at), func(i, k int) { at[i], at[k] = at[k], at[i] })
		i, other := at[0], fundtrail.Theft{Tx: txs[at[1]].ID, HasIndex: true}
		tx := txs[i]
		asset, who, whole := tx.Transfers[0].Asset, tx.Transfers[0].Outputs[0].Address, tx.Transfers[0].Outputs[0].Amount
		part := fundtrail.NewAmount(1 + r.Uint64N(whole.Uint64()-1))
		tags := map[fundtrail.Address][]fundtrail.Tag{}
		if a := ledgertest.Address(fundtrail.Ethereum, ledgertest.Name(r.IntN(shape.Addresses))); a != who {
			tags[a] = []fundtrail.Tag{{Address: a, Label: "x", Category: "exchange", Actor: "x", Confidence: 100}}
		}
		opt := trace.Options{Policy: []fundtrail.Policy{fundtrail.FIFO, fundtrail.LIFO, fundtrail.Haircut}[r.IntN(3)], Payback: -1,
			Dust: map[fundtrail.Asset]fundtrail.Amount{asset: {}}}
		ask := func(tr []fundtrail.Transfer, theft fundtrail.Theft) *fundtrail.Trace {
			list := append([]fundtrail.Transaction{}, txs...)
			list[i].Transfers = tr
			if tr == nil {
				list = append(list[:i], list[i+1:]...)
			}
			return runTrace(t, trace.Input{Ledger: seal(t, list, nil), Thefts: []fundtrail.Theft{theft, other},
				Tags: func(a fundtrail.Address) []fundtrail.Tag { return tags[a] }}, opt)
		}
		pay := func(index uint32, amount fundtrail.Amount) fundtrail.Transfer {
			return fundtrail.Transfer{ID: fundtrail.TransferID{Tx: tx.ID, Index: index}, Asset: asset, Outputs: []fundtrail.Entry{{Address: who, Amount: amount}}}
		}
		rest, _ := whole.Sub(part)
		two := ask([]fundtrail.Transfer{pay(0, part), pay(1, rest)}, fundtrail.Theft{Tx: tx.ID, HasIndex: true})
		one := ask([]fundtrail.Transfer{pay(0, whole)}, fundtrail.Theft{Tx: tx.ID, HasIndex: true, Carries: part})
		sameEnds(t, "a record in two", two, one)
		if one.Stolen[0].Amount != two.Stolen[0].Amount {
			t.Fatalf("seed %d: %s start, want %s", seed, one.Stolen[0].Amount, two.Stolen[0].Amount)
		}
		known := false
		for k := range txs {
			for _, tr := range txs[k].Transfers {
				known = known || k != i && (len(tr.Outputs) > 0 && tr.Outputs[0].Address == who || len(tr.Inputs) > 0 && tr.Inputs[0].Address == who)
			}
		}
		if known { // else it is not in the ledger, which says so
			sameEnds(t, "a statement for a record", two, ask(nil, fundtrail.Theft{Tx: tx.ID, Address: who, Asset: asset, Amount: whole, Carries: part, Time: tx.Block.Time}))
		}
		asked++
	}
	if asked < 300 {
		t.Errorf("only %d traces", asked)
	}
}

// TestOddsThroughSwap: what a swap pays out has the mean odds of what was paid in, by value.
func TestOddsThroughSwap(t *testing.T) {
	text := ledgertest.MustParse(`2022-03-29T10:00Z t1 eth mixer -> a 6 ETH
2022-03-29T10:10Z t2 eth mixer -> a 2 ETH
2022-03-29T11:00Z t3 eth a -> router 8 ETH
2022-03-29T11:00Z t3 eth router -> a 80 TOK
2022-03-29T12:00Z t4 eth a -> b 80 TOK`)
	in := trace.Input{Ledger: seal(t, text.Transactions, nil), Thefts: []fundtrail.Theft{
		{Tx: ledgertest.Tx(fundtrail.Ethereum, "t1"), Probability: .9}, {Tx: ledgertest.Tx(fundtrail.Ethereum, "t2"), Probability: .5}}}
	var out string
	for _, tx := range text.Transactions {
		for _, tr := range tx.Transfers {
			if tr.ID.Tx == ledgertest.Tx(fundtrail.Ethereum, "t3") && !tr.Asset.Contract.IsZero() {
				out = "eth:t3:0 => eth:t3:" + strconv.Itoa(int(tr.ID.Index))
			}
		}
	}
	in.Crossings = parseCrossings(t, out)
	tr := runTrace(t, in, trace.Options{})
	found := false
	for _, e := range tr.Ends {
		if e.Asset.Contract.IsZero() || e.Taint[fundtrail.FIFO].IsZero() {
			continue
		}
		found = true
		eight, _ := e.Taint[fundtrail.FIFO].MulDiv(fundtrail.NewAmount(8), fundtrail.NewAmount(10))
		if e.Odds == nil || e.Odds.Least != .8 || e.Odds.Most != .8 || e.Odds.Expected != eight {
			t.Errorf("%s %s with odds %+v, want 0.8", e.Kind, e.Taint[fundtrail.FIFO], e.Odds)
		}
	}
	if !found {
		t.Errorf("nothing came out: %+v", tr.Ends)
	}
}
