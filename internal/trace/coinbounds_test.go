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

// coinWorlds follows every lossless policy on coins: each output of a transaction gets a
// whole number of tainted units between nothing and its amount, and together they get
// what the inputs held. It returns the worlds at the end, in which places are coins by
// name and ends as end gives them, or none when there are more than can be counted.
func coinWorlds(q *coinQuestion) worlds {
	now := worlds{}
	now.add(world{})
	for _, tx := range q.txs {
		tr := tx.Transfers[0]
		var outs []fundtrail.Entry // and the fee
		left := uint64(0)
		for _, in := range tr.Inputs {
			left += in.Amount.Uint64()
		}
		for i, out := range tr.Outputs {
			out.Spends = fundtrail.TransferOutput{Transfer: tr.ID, Output: uint32(i)}
			outs = append(outs, out)
			left -= min(left, out.Amount.Uint64())
		}
		outs = append(outs, fundtrail.Entry{Amount: fundtrail.NewAmount(left), Spends: fundtrail.TransferOutput{Transfer: tr.ID, Output: fundtrail.FeeIndex}})
		next := worlds{}
		for _, w := range now {
			in := uint64(0)
			for _, coin := range tr.Inputs {
				in += w[coin.Spends.String()]
				w = w.without(coin.Spends.String())
			}
			q.divide(w, in, outs, next)
			if len(next) > 20_000 {
				return nil
			}
		}
		now = next
	}
	return now
}

// divide adds to next every way of dividing in over outs.
func (q *coinQuestion) divide(w world, in uint64, outs []fundtrail.Entry, next worlds) {
	if len(outs) == 0 {
		if in == 0 {
			next.add(w)
		}
		return
	}
	o := outs[0].Spends
	if q.stolen[o] {
		// What it holds is stolen whatever came in, so that what comes in ends there.
		w = w.move("", q.place(o, outs[0].Address), outs[0].Amount.Uint64())
	}
	for n := uint64(0); n <= min(in, outs[0].Amount.Uint64()); n++ {
		to := q.place(o, outs[0].Address)
		if q.stolen[o] {
			to = refEnd{fundtrail.EndReturned, outs[0].Address}.String()
		}
		q.divide(w.move("", to, n), in-n, outs[1:], next)
	}
}

// place is where a coin's value is: in the coin, or at an end.
func (q *coinQuestion) place(o fundtrail.TransferOutput, to fundtrail.Address) string {
	switch {
	case o.Output == fundtrail.FeeIndex:
		return refEnd{Kind: fundtrail.EndFee}.String()
	case q.ends[to] && !q.sources[to]:
		return refEnd{fundtrail.EndExchange, to}.String()
	}
	return o.String()
}

func (e refEnd) String() string { return fmt.Sprint(e.Kind, " ", e.At) }

func (w world) without(place string) world {
	out := w.move(place, "", w[place])
	delete(out, place)
	delete(out, "")
	return out
}

// atRest moves what is left in coins to where it is held, adds up the ends of each
// kind beside them, and returns the extremes.
func (q *coinQuestion) atRest(ws worlds) map[string][2]uint64 {
	pays := map[fundtrail.Address]bool{}
	owner := map[string]fundtrail.Address{}
	for _, tx := range q.txs {
		for _, in := range tx.Transfers[0].Inputs {
			pays[in.Address] = true
		}
		for i, out := range tx.Transfers[0].Outputs {
			owner[fundtrail.TransferOutput{Transfer: tx.Transfers[0].ID, Output: uint32(i)}.String()] = out.Address
		}
	}
	kindOf := map[string]fundtrail.EndKind{refEnd{Kind: fundtrail.EndFee}.String(): fundtrail.EndFee}
	for _, a := range owner {
		for _, kind := range []fundtrail.EndKind{fundtrail.EndExchange, fundtrail.EndReturned, fundtrail.EndHeld, fundtrail.EndCoverage} {
			kindOf[refEnd{kind, a}.String()] = kind
		}
	}
	out := worlds{}
	for _, w := range ws {
		rest := world{}
		for place, n := range w {
			if a, coin := owner[place]; coin {
				e := refEnd{fundtrail.EndCoverage, a}
				if pays[a] && !a.IsZero() {
					e.Kind = fundtrail.EndHeld
				}
				place = e.String()
			}
			rest[place] += n
			rest["all "+string(kindOf[place])] += n
		}
		out.add(rest)
	}
	return extremes(out)
}

// TestCoinBounds: on coins too the bounds are exactly the extremes over every lossless
// policy, of every end and of every kind, and every named policy lies between them.
func TestCoinBounds(t *testing.T) {
	seeds := uint64(1500)
	if testing.Short() {
		seeds = 200
	}
	asked, wide := 0, 0
	for seed := range seeds {
		r := rand.New(rand.NewPCG(seed, 37))
		shape := coinShape{addresses: 3 + r.IntN(4), transactions: 5 + r.IntN(5), most: 3 + r.Uint64N(7), inputs: 2 + r.IntN(2), outputs: 3}
		txs := shape.ledger(r)
		q, list := ask(r, txs, 1+len(txs)/3, shape.addresses)
		ws := coinWorlds(q)
		if len(ws) < 2 {
			continue
		}
		asked++
		if len(ws) > 20 {
			wide++
		}
		want := q.atRest(ws)
		tr := runTrace(t, trace.Input{Ledger: seal(t, txs, nil), Thefts: list, Tags: q.tags}, trace.Options{Dust: noDust, Hub: 1 << 30})
		err := checkTrace(tr, nil)
		seen := map[string]bool{}
		for _, e := range slices.Concat(tr.Ends, tr.Kinds) {
			name := refEnd{Kind: e.Kind}.String()
			switch {
			case e.Label == string(e.Kind):
				name = "all " + string(e.Kind)
			case len(e.Addresses) > 1:
				continue // small ones, listed together
			case len(e.Addresses) == 1:
				name = refEnd{e.Kind, e.Addresses[0]}.String()
			}
			seen[name] = true
			got := [4]uint64{e.Bounds.LeastWithoutGaps.Uint64(), e.Bounds.MostWithoutGaps.Uint64(), e.Bounds.Least.Uint64(), e.Bounds.Most.Uint64()}
			w := want[name]
			if (got != [4]uint64{w[0], w[1], w[0], w[1]} || !e.Bounds.Exact) && err == nil {
				err = fmt.Errorf("%s: bounds %v (exact %v), want %v", name, got, e.Bounds.Exact, w)
			}
		}
		for name, w := range want {
			if w[0] > 0 && !seen[name] && err == nil {
				err = fmt.Errorf("%s holds at least %d and is no end", name, w[0])
			}
		}
		if err != nil {
			t.Fatalf("seed %d: %v\n%sthefts %+v", seed, err, coinText(txs, shape.addresses), list)
		}
	}
	if asked < int(seeds)/4 || wide < int(seeds)/20 {
		t.Errorf("only %d questions, %d of them with more than 20 worlds", asked, wide)
	}
}

// TestCoinWorlds holds the brute force itself to a case that can be counted by hand.
func TestCoinWorlds(t *testing.T) {
	text := ledgertest.MustParse(`
2022-03-29T10:00Z t1 btc coinbase -> thief 0.00000002
2022-03-29T10:00Z t2 btc coinbase -> clean 0.00000001
2022-03-29T11:00Z t3 btc t1:0 + t2:0 -> a 0.00000001, b 0.00000001
`)
	stolen := fundtrail.TransferOutput{Transfer: text.Transactions[0].Transfers[0].ID}
	ws := coinWorlds(&coinQuestion{txs: text.Transactions, stolen: map[fundtrail.TransferOutput]bool{stolen: true}})
	// Two of three units are tainted: one of a, b and the fee is clean.
	if len(ws) != 3 {
		t.Errorf("%d worlds, want 3: %v", len(ws), ws)
	}
}
