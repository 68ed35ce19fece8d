package trace_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/ledgertest"
	"github.com/fundtrail/fundtrail/internal/trace"
)

// A world is where tainted value is: holdings or coins by name, and ends by name. The
// brute force keeps the set of all worlds that any lossless policy can lead to.
type world map[string]uint64

func (w world) key() string {
	s := ""
	for _, k := range slices.Sorted(maps.Keys(w)) {
		if w[k] > 0 {
			s += fmt.Sprintf("%s=%d ", k, w[k])
		}
	}
	return s
}

func (w world) move(from, to string, n uint64) world {
	out := maps.Clone(w)
	if from != "" {
		out[from] -= n
	}
	out[to] += n
	return out
}

type worlds map[string]world

func (ws worlds) add(w world) { ws[w.key()] = w }

// A tinyMove is a payment of a tiny account ledger.
type tinyMove struct {
	from, to string // "" is nobody
	amount   uint64
	fee      bool
}

// tinyAccounts makes a ledger whose worlds can be counted.
func tinyAccounts(r *rand.Rand, gaps bool) []tinyMove {
	moves := []tinyMove{{from: "victim", to: "a0", amount: 1 + r.Uint64N(5)}}
	if r.IntN(2) == 0 {
		moves = slices.Insert(moves, 0, tinyMove{to: "a0", amount: 1 + r.Uint64N(4)})
	}
	balance := map[string]uint64{}
	for _, m := range moves {
		balance[m.to] += m.amount
	}
	for range 3 + r.IntN(7) {
		m := tinyMove{from: ledgertest.Name(r.IntN(3)), to: ledgertest.Name(r.IntN(5)), amount: 1 + r.Uint64N(4)}
		switch r.IntN(7) {
		case 0:
			m.from = ""
		case 1:
			m.to, m.fee = "", true
		}
		if m.from == m.to {
			continue
		}
		if m.from != "" && balance[m.from] < m.amount {
			if !gaps {
				if m.amount = balance[m.from]; m.amount == 0 {
					continue
				}
			} else {
				balance[m.from] = m.amount
			}
		}
		balance[m.from] -= m.amount
		balance[m.to] += m.amount
		moves = append(moves, m)
	}
	return moves
}

func (m tinyMove) transaction(i int) fundtrail.Transaction {
	id := ledgertest.Tx(fundtrail.Ethereum, fmt.Sprint("t", i))
	at := time.Date(2022, 3, 23, 0, i, 0, 0, time.UTC)
	tr := fundtrail.Transfer{ID: fundtrail.TransferID{Tx: id}, Asset: fundtrail.NativeAsset(fundtrail.Ethereum)}
	a := fundtrail.NewAmount(m.amount)
	if m.from != "" {
		tr.Inputs = []fundtrail.Entry{{Address: ledgertest.Address(fundtrail.Ethereum, m.from), Amount: a}}
	}
	if m.to != "" {
		tr.Outputs = []fundtrail.Entry{{Address: ledgertest.Address(fundtrail.Ethereum, m.to), Amount: a}}
	}
	if m.fee {
		tr.ID.Index, tr.Fee = fundtrail.FeeIndex, a
	}
	return fundtrail.Transaction{ID: id, Block: fundtrail.Block{Chain: fundtrail.Ethereum, Height: int64(i), Time: at}, Transfers: []fundtrail.Transfer{tr}}
}

// allWorlds follows every lossless policy. With early set, value that the ledger does
// not show may have arrived at any time before it was needed.
func allWorlds(moves []tinyMove, theft int, early bool) worlds {
	balance, slack := map[string]uint64{}, map[string]uint64{}
	for _, m := range moves {
		if m.from != "" && balance[m.from] < m.amount {
			slack[m.from] += m.amount - balance[m.from]
			balance[m.from] = m.amount
		}
		if m.from != "" {
			balance[m.from] -= m.amount
		}
		if m.to != "" {
			balance[m.to] += m.amount
		}
	}
	if !early {
		clear(slack)
	}
	clear(balance)
	now := worlds{}
	now.add(world{})
	for i, m := range moves {
		to := m.to
		switch {
		case m.fee:
			to = "fee"
		case m.to == "a3" || m.to == "a4":
			to = "end " + m.to
		}
		if m.from != "" && balance[m.from] < m.amount {
			if early {
				slack[m.from] -= m.amount - balance[m.from]
			}
			balance[m.from] = m.amount
		}
		next := worlds{}
		for _, w := range now {
			switch {
			case i == theft:
				next.add(w.move("", to, m.amount))
			case m.from == "":
				next.add(w)
			default:
				t := w[m.from]
				left := balance[m.from] - m.amount + slack[m.from]
				for n := uint64(0); n <= min(t, m.amount); n++ {
					if t-n <= left {
						next.add(w.move(m.from, to, n))
					}
				}
			}
		}
		if m.from != "" {
			balance[m.from] -= m.amount
		}
		balance[m.to] += m.amount
		now = next
	}
	return now
}

// extremes returns the least and most of each place over all worlds.
func extremes(ws worlds) map[string][2]uint64 {
	names := map[string]bool{}
	for _, w := range ws {
		for k := range w {
			names[k] = true
		}
	}
	out := map[string][2]uint64{}
	for k := range names {
		e := [2]uint64{1 << 60, 0}
		for _, w := range ws {
			e[0], e[1] = min(e[0], w[k]), max(e[1], w[k])
		}
		out[k] = e
	}
	return out
}

// TestBoundsAgainstBruteForce: the bounds are exactly the extremes over every lossless
// policy, with gaps and without, and every named policy lies between them.
func TestBoundsAgainstBruteForce(t *testing.T) {
	for seed := range uint64(1500) {
		r := rand.New(rand.NewPCG(seed, 5))
		moves := tinyAccounts(r, seed%2 == 1)
		theft := slices.IndexFunc(moves, func(m tinyMove) bool { return m.from == "victim" })
		var txs []fundtrail.Transaction
		for i, m := range moves {
			txs = append(txs, m.transaction(i))
		}
		narrow, wide := extremes(allWorlds(moves, theft, false)), extremes(allWorlds(moves, theft, true))
		names := map[fundtrail.Address]string{}
		for i := range 5 {
			names[ledgertest.Address(fundtrail.Ethereum, ledgertest.Name(i))] = ledgertest.Name(i)
		}
		tr := runTrace(t, trace.Input{
			Ledger: seal(t, txs, nil), Thefts: []fundtrail.Theft{{Tx: txs[theft].ID}},
			Tags: func(a fundtrail.Address) []fundtrail.Tag {
				if n := names[a]; n == "a3" || n == "a4" {
					return []fundtrail.Tag{{Address: a, Label: n, Category: "exchange", Actor: n, Confidence: 100}}
				}
				return nil
			},
		}, trace.Options{Dust: noDust, Payback: -1})
		seen := map[string]bool{}
		for _, e := range tr.Ends {
			name := ""
			switch {
			case len(e.Addresses) > 1 || e.Taint.Most().IsZero():
				continue // listed together
			case e.Kind == fundtrail.EndFee:
				name = "fee"
			case e.Kind == fundtrail.EndExchange:
				name = "end " + e.Actor
			default:
				name = names[e.Addresses[0]]
			}
			seen[name] = true
			got := [4]uint64{e.Bounds.LeastWithoutGaps.Uint64(), e.Bounds.MostWithoutGaps.Uint64(), e.Bounds.Least.Uint64(), e.Bounds.Most.Uint64()}
			want := [4]uint64{narrow[name][0], narrow[name][1], wide[name][0], wide[name][1]}
			if got != want || !e.Bounds.Exact {
				t.Fatalf("seed %d: %s: bounds %v, want %v\n%v", seed, name, got, want, moves)
			}
			for p := range fundtrail.NumPolicies {
				if n := e.Taint[p].Uint64(); p.Lossless() && p.On(fundtrail.Accounts) && (n < want[0] || n > want[1]) {
					t.Fatalf("seed %d: %s: %s says %d, outside %v\n%v", seed, name, p, n, want, moves)
				}
			}
		}
		for name, e := range narrow {
			if e[0] > 0 && !seen[name] {
				t.Fatalf("seed %d: %s holds at least %d and is no end\n%v", seed, name, e[0], moves)
			}
		}
	}
}
