package ledgertest

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/fundtrail/fundtrail"
	gocmp "github.com/google/go-cmp/cmp"
)

// Open makes the ledger under test from facts.
type Open func(t *testing.T, txs []fundtrail.Transaction, coverage []fundtrail.Coverage) fundtrail.Ledger

// TestLedger holds a ledger to the contract of fundtrail.Ledger: everything it reads
// must be what a plain list of the same facts says.
func TestLedger(t *testing.T, open Open) {
	t.Run("empty", func(t *testing.T) { check(t, open, nil, nil) })
	t.Run("text", func(t *testing.T) {
		l := MustParse(conformanceText)
		check(t, open, l.Transactions, l.Coverage)
	})
	shapes := map[string]Random{
		"accounts": {Addresses: 12, Transactions: 120, Tokens: 2, Gaps: true},
		"coins":    {Addresses: 9, Transactions: 120, Coins: true},
		"long":     {Addresses: 3, Transactions: 900, Tokens: 1},
	}
	for _, name := range slices.Sorted(func(yield func(string) bool) {
		for n := range shapes {
			if !yield(n) {
				return
			}
		}
	}) {
		for seed := range uint64(3) {
			t.Run(fmt.Sprintf("%s/%d", name, seed), func(t *testing.T) {
				check(t, open, shapes[name].Ledger(rand.New(rand.NewPCG(seed, 1))), nil)
			})
		}
	}
	t.Run("both models", func(t *testing.T) {
		r := rand.New(rand.NewPCG(7, 7))
		txs := Random{Addresses: 5, Transactions: 60, Tokens: 1}.Ledger(r)
		txs = append(txs, Random{Addresses: 5, Transactions: 60, Coins: true}.Ledger(r)...)
		r.Shuffle(len(txs), func(i, k int) { txs[i], txs[k] = txs[k], txs[i] })
		check(t, open, txs, nil)
	})
}

const conformanceText = `
2022-03-29T10:00Z t1 eth  mint -> ronin 100 ETH
2022-03-29T10:00Z t2 eth  ronin -> thief 100 ETH
2022-03-29T10:00Z t2 eth  mint -> thief 7.5 USDC
2022-03-29T10:00Z t2 eth  thief -> thief 1 USDC
2022-03-29T10:00Z t2 eth  thief fee 0.01
2022-03-29T11:00Z t3 eth  thief -> burn 1.000000000000000001 ETH
2022-03-29T11:00Z t3 trx  mint -> thief 1000000000000 TRX
2022-03-29T12:00Z t5 btc  coinbase -> alice 50
2022-03-29T13:00Z t6 btc  t5:0 -> bob 30, alice 19.9
2022-03-29T13:00Z t7 btc  t6:1 + t6:0 -> carol 49
cover eth thief 27475800-27475860 value,fees
cover btc all 0-100 all
`

// A fact is a movement with everything that is read of it.
type fact struct {
	Kind     fundtrail.MoveKind
	Asset    fundtrail.Asset
	From, To fundtrail.Address
	Amount   fundtrail.Amount
	Output   fundtrail.TransferOutput
	Link     fundtrail.Position
	Span     fundtrail.Span
}

// facts lists the movements of some transactions in ledger order.
func facts(txs []fundtrail.Transaction) []fact {
	txs = slices.Clone(txs)
	slices.SortFunc(txs, func(x, y fundtrail.Transaction) int {
		return cmp.Or(cmp.Compare(x.ID.Chain, y.ID.Chain), cmp.Compare(x.Block.Height, y.Block.Height), cmp.Compare(x.Place, y.Place))
	})
	var out []fact
	coins := map[fundtrail.TransferOutput]int{}
	for _, t := range txs {
		span := fundtrail.Span{First: fundtrail.Position(len(out)), ID: t.ID, Height: t.Block.Height, Time: t.Block.Time.Unix()}
		transfers := slices.Clone(t.Transfers)
		slices.SortFunc(transfers, func(x, y fundtrail.Transfer) int { return cmp.Compare(x.ID.Index, y.ID.Index) })
		for _, tr := range transfers {
			info, _ := tr.Asset.Chain.Info()
			if info.Model == fundtrail.Coins {
				for i, in := range tr.Inputs {
					f := fact{Kind: fundtrail.MoveInput, Asset: tr.Asset, From: in.Address, Amount: in.Amount, Link: fundtrail.NoPosition,
						Output: fundtrail.TransferOutput{Transfer: tr.ID, Output: uint32(i)}}
					if spent, ok := coins[in.Spends]; ok {
						f.Link = fundtrail.Position(spent)
						out[spent].Link = fundtrail.Position(len(out))
					}
					out = append(out, f)
				}
				for i, o := range tr.Outputs {
					f := fact{Kind: fundtrail.MoveOutput, Asset: tr.Asset, To: o.Address, Amount: o.Amount, Link: fundtrail.NoPosition,
						Output: fundtrail.TransferOutput{Transfer: tr.ID, Output: uint32(i)}}
					coins[f.Output] = len(out)
					out = append(out, f)
				}
				continue
			}
			f := fact{Asset: tr.Asset, Output: fundtrail.TransferOutput{Transfer: tr.ID}, Link: fundtrail.NoPosition}
			if tr.ID.Index >= fundtrail.FeeIndex {
				f.Kind = fundtrail.MoveFee
			}
			if len(tr.Inputs) > 0 {
				f.From, f.Amount = tr.Inputs[0].Address, tr.Inputs[0].Amount
			}
			if len(tr.Outputs) > 0 {
				f.To, f.Amount = tr.Outputs[0].Address, tr.Outputs[0].Amount
			}
			out = append(out, f)
		}
		span.End = fundtrail.Position(len(out))
		for i := span.First; i < span.End; i++ {
			out[i].Span = span
		}
	}
	return out
}

func check(t *testing.T, open Open, txs []fundtrail.Transaction, coverage []fundtrail.Coverage) {
	t.Helper()
	want := facts(txs)
	l := open(t, txs, coverage)
	if got := l.Size(); got != fundtrail.Position(len(want)) {
		t.Fatalf("size %d, want %d", got, len(want))
	}
	checkMovements(t, l, want)
	checkChains(t, l, want)
	checkAddresses(t, l, want)
	for i := range want {
		span, ok := l.FindTx(want[i].Span.ID)
		if !ok || span != want[i].Span {
			t.Fatalf("FindTx(%v) = %v, %v; want %v", want[i].Span.ID, span, ok, want[i].Span)
		}
	}
	if span, ok := l.FindTx(Tx(fundtrail.Ethereum, "never happened")); ok {
		t.Errorf("FindTx finds what is not there: %v", span)
	}
	if got := len(l.Coverage()); got != len(coverage) {
		t.Errorf("%d claims of coverage, want %d", got, len(coverage))
	}
	for _, c := range coverage {
		if !slices.Contains(l.Coverage(), c) {
			t.Errorf("coverage lacks %v", c)
		}
	}
	if err := l.Err(); err != nil {
		t.Errorf("reading: %v", err)
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			var m fundtrail.Movement
			for p := range l.Size() {
				l.Movement(p, &m)
				l.Transaction(p)
			}
		})
	}
	wg.Wait()
}

func read(l fundtrail.Ledger, p fundtrail.Position) fact {
	var m fundtrail.Movement
	l.Movement(p, &m)
	return fact{Kind: m.Kind, Asset: l.Asset(m.Asset), From: l.Address(m.From), To: l.Address(m.To), Amount: m.Amount,
		Output: l.Output(p), Link: m.Link, Span: l.Transaction(p)}
}

func checkMovements(t *testing.T, l fundtrail.Ledger, want []fact) {
	t.Helper()
	same := gocmp.AllowUnexported(fundtrail.Address{}, fundtrail.Amount{})
	for i := range want {
		if diff := gocmp.Diff(want[i], read(l, fundtrail.Position(i)), same); diff != "" {
			t.Fatalf("movement %d (-want +got):\n%s", i, diff)
		}
		if id, ok := l.AssetID(want[i].Asset); !ok || l.Asset(id) != want[i].Asset {
			t.Fatalf("asset %v has no id", want[i].Asset)
		}
	}
	if _, ok := l.AssetID(Asset(fundtrail.Ethereum, "NOTOKEN")); ok {
		t.Error("AssetID finds an asset that is not there")
	}
}

func checkChains(t *testing.T, l fundtrail.Ledger, want []fact) {
	t.Helper()
	var spans []fundtrail.ChainSpan
	for i := range want {
		if n := len(spans); n == 0 || spans[n-1].Chain != want[i].Asset.Chain {
			spans = append(spans, fundtrail.ChainSpan{Chain: want[i].Asset.Chain, First: fundtrail.Position(i)})
		}
		spans[len(spans)-1].End = fundtrail.Position(i + 1)
	}
	if diff := gocmp.Diff(spans, l.Chains()); diff != "" {
		t.Fatalf("chains (-want +got):\n%s", diff)
	}
	for _, c := range spans {
		for i := c.First; i < c.End; i++ {
			for _, d := range []int64{-1, 0, 1} {
				at := want[i].Span.Time + d
				p := c.First
				for p < c.End && want[p].Span.Time < at {
					p++
				}
				if got := l.Seek(c.Chain, at); got != p {
					t.Fatalf("Seek(%s, %d) = %d, want %d", c.Chain, at, got, p)
				}
			}
		}
	}
}

func checkAddresses(t *testing.T, l fundtrail.Ledger, want []fact) {
	t.Helper()
	lists := map[fundtrail.Address][]fundtrail.Position{}
	for i := range want {
		for _, a := range []fundtrail.Address{want[i].From, want[i].To} {
			p := fundtrail.Position(i)
			if list := lists[a]; !a.IsZero() && !slices.Contains(list, p) {
				lists[a] = append(list, p)
			}
		}
	}
	for a, list := range lists {
		id, ok := l.AddressID(a)
		if !ok || l.Address(id) != a {
			t.Fatalf("address %s: id %d, %v leads to %s", a, id, ok, l.Address(id))
		}
		if got := l.MoveCount(id); got != len(list) {
			t.Fatalf("address %s: %d movements, want %d", a, got, len(list))
		}
		for from := range l.Size() + 1 {
			for _, room := range []int{1, 3, len(want) + 1} {
				buf := make([]fundtrail.Position, 0, room)
				n, _ := slices.BinarySearch(list, from)
				up := list[n:]
				if got := l.Moves(id, from, false, buf); !slices.Equal(got, up[:min(room, len(up))]) {
					t.Fatalf("address %s up from %d, room %d: %v, want %v", a, from, room, got, up)
				}
				if n < len(list) && list[n] == from {
					n++
				}
				down := slices.Clone(list[:n])
				slices.Reverse(down)
				if got := l.Moves(id, from, true, buf); !slices.Equal(got, down[:min(room, len(down))]) {
					t.Fatalf("address %s down from %d, room %d: %v, want %v", a, from, room, got, down)
				}
			}
		}
		if got := l.Moves(id, fundtrail.NoPosition, true, make([]fundtrail.Position, 0, 1)); len(got) != 1 || got[0] != list[len(list)-1] {
			t.Fatalf("address %s down from the end: %v, want %d", a, got, list[len(list)-1])
		}
	}
	if id, ok := l.AddressID(Address(fundtrail.Ethereum, "nobody at all")); ok {
		t.Errorf("AddressID finds an address that is not there: %d", id)
	}
	if a := l.Address(fundtrail.NoAddress); !a.IsZero() {
		t.Errorf("Address(NoAddress) = %s", a)
	}
}
