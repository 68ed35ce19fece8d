package trace_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/ledgertest"
	"github.com/fundtrail/fundtrail/internal/trace"
)

// The reference engine moves every base unit by itself. It is slow, plain, and shares
// nothing with the engine but the rules in the package's documentation.

// A unit is one base unit on an account: tainted or not, by FIFO and LIFO each its own.
type refAccount struct {
	fifo, lifo []bool // oldest first
	haircut    uint64
	first      uint64
	last       uint64
	poison     bool
}

func (a *refAccount) balance() uint64 { return uint64(len(a.fifo)) }

type refTaint [fundtrail.NumPolicies]uint64

// refTrace follows the theft in txs[theft], its first transfer, with no stops but
// fees, burns and ends. It returns what each end got: "fee", "burn", "end a3", "held a1".
func refTrace(txs []fundtrail.Transaction, theft int, ends map[fundtrail.Address]bool) map[string]refTaint {
	accounts := map[fundtrail.Address]*refAccount{}
	account := func(a fundtrail.Address) *refAccount {
		if accounts[a] == nil {
			accounts[a] = &refAccount{}
		}
		return accounts[a]
	}
	out := map[string]refTaint{}
	arrive := func(where string, t refTaint) {
		sum := out[where]
		for p := range sum {
			sum[p] += t[p]
		}
		out[where] = sum
	}
	asset := txs[theft].Transfers[0].Asset
	for i, tx := range txs {
		for k, tr := range tx.Transfers {
			if tr.Asset != asset {
				continue
			}
			var amount uint64
			var from, to fundtrail.Address
			if len(tr.Inputs) > 0 {
				from, amount = tr.Inputs[0].Address, tr.Inputs[0].Amount.Uint64()
			}
			if len(tr.Outputs) > 0 {
				to, amount = tr.Outputs[0].Address, tr.Outputs[0].Amount.Uint64()
			}
			stolen := i == theft && k == 0
			fifo, lifo := make([]bool, amount), make([]bool, amount)
			var t refTaint
			if stolen {
				for n := range fifo {
					fifo[n], lifo[n] = true, true
				}
				for p := range t {
					t[p] = amount
				}
			}
			if from == to {
				if !from.IsZero() {
					a := account(from)
					amount = min(amount, a.balance())
					fifo, lifo, t = a.pay(amount)
					a.receive(fifo, lifo, t)
				}
				continue
			}
			if !from.IsZero() && !(stolen && refActive(accounts[from])) {
				f, l, paid := account(from).pay(amount)
				if !stolen {
					fifo, lifo, t = f, l, paid
				}
			}
			index := tr.ID.Index
			switch {
			case index >= fundtrail.FeeIndex:
				arrive("fee", t)
			case to.IsZero():
				arrive("burn", t)
			case ends[to]:
				arrive("end "+to.String(), t)
			default:
				account(to).receive(fifo, lifo, t)
			}
		}
	}
	for addr, a := range accounts {
		if ends[addr] {
			continue
		}
		arrive("held "+addr.String(), a.taint())
	}
	return out
}

func refActive(a *refAccount) bool { return a != nil && (a.taint() != refTaint{}) }

func count(units []bool) (n uint64) {
	for _, u := range units {
		if u {
			n++
		}
	}
	return n
}

func (a *refAccount) taint() refTaint {
	t := refTaint{fundtrail.FIFO: count(a.fifo), fundtrail.LIFO: count(a.lifo), fundtrail.Haircut: a.haircut,
		fundtrail.TaintedFirst: a.first, fundtrail.TaintedLast: a.last}
	if a.poison {
		t[fundtrail.Poison] = a.balance()
	}
	return t
}

// pay takes units; missing ones are clean and have just arrived.
func (a *refAccount) pay(amount uint64) (fifo, lifo []bool, t refTaint) {
	for a.balance() < amount {
		a.fifo, a.lifo = append(a.fifo, false), append(a.lifo, false)
	}
	balance := a.balance()
	fifo = slices.Clone(a.fifo[:amount])
	a.fifo = a.fifo[amount:]
	lifo = slices.Clone(a.lifo[balance-amount:])
	slices.Reverse(lifo)
	a.lifo = a.lifo[:balance-amount]
	t[fundtrail.FIFO], t[fundtrail.LIFO] = count(fifo), count(lifo)
	if balance > 0 {
		t[fundtrail.Haircut] = a.haircut * amount / balance
	}
	t[fundtrail.TaintedFirst] = min(a.first, amount)
	if clean := balance - a.last; amount > clean {
		t[fundtrail.TaintedLast] = amount - clean
	}
	if a.poison {
		t[fundtrail.Poison] = amount
	}
	a.haircut -= t[fundtrail.Haircut]
	a.first -= t[fundtrail.TaintedFirst]
	a.last -= t[fundtrail.TaintedLast]
	a.poison = a.poison && a.balance() > 0
	return fifo, lifo, t
}

func (a *refAccount) receive(fifo, lifo []bool, t refTaint) {
	a.fifo = append(a.fifo, fifo...)
	a.lifo = append(a.lifo, lifo...)
	a.haircut += t[fundtrail.Haircut]
	a.first += t[fundtrail.TaintedFirst]
	a.last += t[fundtrail.TaintedLast]
	a.poison = a.poison || t[fundtrail.Poison] > 0
}

// TestReference holds every policy to the reference engine on random ledgers.
func TestReference(t *testing.T) {
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 11))
		shape := ledgertest.Random{Addresses: 3 + r.IntN(6), Transactions: 5 + r.IntN(40), Gaps: seed%3 == 0}
		txs := shape.Ledger(r)
		theft, ok := someTheft(r, txs)
		if !ok {
			continue
		}
		ends := map[fundtrail.Address]bool{}
		tags := map[fundtrail.Address][]fundtrail.Tag{}
		thief := txs[theft].Transfers[0].Outputs[0].Address
		for i := range shape.Addresses {
			a := ledgertest.Address(fundtrail.Ethereum, ledgertest.Name(i))
			if r.IntN(4) == 0 && a != thief {
				ends[a] = true
				tags[a] = []fundtrail.Tag{{Address: a, Label: "x", Category: "exchange", Actor: a.String(), Confidence: 100}}
			}
		}
		want := refTrace(txs, theft, ends)
		tr := runTrace(t, trace.Input{
			Ledger: seal(t, txs, nil), Thefts: []fundtrail.Theft{{Tx: txs[theft].ID, Index: 0, HasIndex: true}},
			Tags: func(a fundtrail.Address) []fundtrail.Tag { return tags[a] },
		}, trace.Options{Dust: noDust, Hub: 1 << 30, Payback: -1})
		got := map[string]refTaint{}
		for _, e := range tr.Ends {
			where := map[fundtrail.EndKind]string{fundtrail.EndFee: "fee", fundtrail.EndBurned: "burn", fundtrail.EndExchange: "end ",
				fundtrail.EndHeld: "held ", fundtrail.EndCoverage: "held "}[e.Kind]
			if e.Kind == fundtrail.EndExchange || where == "held " {
				if e.Taint.Most().IsZero() {
					continue // ends that only poison reaches are listed together
				}
				if len(e.Addresses) != 1 {
					t.Fatalf("seed %d: end with %d addresses: %+v", seed, len(e.Addresses), e)
				}
				where += e.Addresses[0].String()
			}
			sum := got[where]
			for p := range sum {
				sum[p] += e.Taint[p].Uint64()
			}
			got[where] = sum
		}
		for _, m := range []map[string]refTaint{want, got} {
			for k, v := range m {
				lossless := v
				if lossless[fundtrail.Poison] = 0; (lossless == refTaint{}) {
					delete(m, k)
				}
			}
		}
		if fmt.Sprint(want) != fmt.Sprint(got) {
			t.Fatalf("seed %d:\nwant %v\ngot  %v", seed, want, got)
		}
	}
}

var noDust = map[fundtrail.Asset]fundtrail.Amount{
	fundtrail.NativeAsset(fundtrail.Ethereum): {}, fundtrail.NativeAsset(fundtrail.Bitcoin): {},
}

func runTrace(t testing.TB, in trace.Input, opt trace.Options) *fundtrail.Trace {
	t.Helper()
	tr, err := trace.Run(t.Context(), in, opt)
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

// someTheft picks a transaction whose first transfer pays somebody else something.
func someTheft(r *rand.Rand, txs []fundtrail.Transaction) (int, bool) {
	for range 50 {
		i := r.IntN(len(txs))
		if len(txs[i].Transfers) == 0 {
			continue
		}
		tr := txs[i].Transfers[0]
		if tr.ID.Index != 0 || len(tr.Outputs) == 0 || len(tr.Inputs) > 0 && tr.Inputs[0].Address == tr.Outputs[0].Address {
			continue
		}
		return i, true
	}
	return 0, false
}
