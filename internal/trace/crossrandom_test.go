package trace_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/ledgertest"
	"github.com/fundtrail/fundtrail/internal/trace"
)

// TestCrossingBounds: what went into a crossing is bounded exactly; what came out is
// bounded from outside, never tighter than some policy allows.
func TestCrossingBounds(t *testing.T) {
	c := crossingCase{
		ledger: `
			2022-03-29T10:00Z t1 eth  clean -> thief    0.000010 AAA
			2022-03-29T11:00Z t2 eth  victim -> thief   0.000010 AAA
			2022-03-29T12:00Z t3 eth  thief -> dex      0.000015 AAA
			2022-03-29T12:00Z t3 eth  dex -> mule       0.000150 BBB`,
		thefts:    "eth:t2:1000000",
		crossings: "eth:t3:1000000 => eth:t3:1000001",
		want: `
			t2 theft 10 10 10 10 10 10
			t3 crossing 5 10 7 10 5 15
			t3 crossing 50 100 70 100 50 150`,
	}
	// Of the 15 that went in, any 5 to 10 are tainted, so that any 50 to 100 came out.
	want := map[fundtrail.EndKind][2]uint64{fundtrail.EndSwap: {5, 10}, fundtrail.EndHeld: {0, 5}}
	for _, e := range c.run(t).Ends {
		least, most := e.Bounds.Least.Uint64(), e.Bounds.Most.Uint64()
		if e.Kind == fundtrail.EndCoverage {
			if least > 50 || most < 100 || most > 150 {
				t.Errorf("came out: bounds [%d, %d] do not hold [50, 100], or are wider than the record", least, most)
			}
		} else if w := want[e.Kind]; w != [2]uint64{least, most} {
			t.Errorf("%s: bounds [%d, %d], want %v", e.Kind, least, most, w)
		}
	}
}

// TestRandomCrossings holds random crossings between assets and chains to their rule.
func TestRandomCrossings(t *testing.T) {
	seeds := uint64(600)
	if testing.Short() {
		seeds = 150
	}
	came, chains := 0, 0
	for seed := range seeds {
		r := rand.New(rand.NewPCG(seed, 41))
		txs := ledgertest.Random{Addresses: 5, Transactions: 20 + r.IntN(20), Tokens: 1}.Ledger(r)
		theft, ok := someTheft(r, txs[:len(txs)/3])
		if !ok {
			continue
		}
		in := trace.Input{Thefts: []fundtrail.Theft{{Tx: txs[theft].ID, Index: txs[theft].Transfers[0].ID.Index, HasIndex: true}}}
		coins := coinShape{addresses: 5, transactions: 10 + r.IntN(15), most: 30, inputs: 2, outputs: 2, steady: true}.ledger(r)
		for i := range coins {
			coins[i].Block.Time = coins[i].Block.Time.Add(30 * time.Second) // never at the same time
		}
		if r.IntN(2) == 0 {
			tr := coins[r.IntN(len(coins)/3)].Transfers[0]
			if !tr.Outputs[0].Amount.IsZero() {
				in.Thefts = append(in.Thefts, fundtrail.Theft{Tx: tr.ID.Tx, Index: 0, HasIndex: true})
			}
		}
		tagged := map[fundtrail.Address]bool{}
		for i := range 5 {
			for _, c := range []fundtrail.Chain{fundtrail.Ethereum, fundtrail.Bitcoin} {
				tagged[ledgertest.Address(c, ledgertest.Name(i))] = r.IntN(5) < 2
			}
		}
		in.Tags = func(a fundtrail.Address) []fundtrail.Tag {
			if !tagged[a] {
				return nil
			}
			return []fundtrail.Tag{{Address: a, Category: "defi_dex", Label: "dex", Confidence: 80}}
		}
		l := seal(t, append(txs, coins...), nil)
		crossings := randomCrossings(r, l, tagged)
		in.Ledger, in.Crossings = l, crossings
		tr, err := trace.Run(t.Context(), in, trace.Options{Dust: map[fundtrail.Asset]fundtrail.Amount{}, Payback: -1, Hub: 1 << 30})
		if err == nil {
			err = checkCrossings(tr, crossings, in.Thefts)
		}
		var n, far int
		if err == nil {
			n, far, err = checkShares(tr, l, crossings, in.Thefts)
		}
		if err != nil {
			for p := range l.Size() {
				var m fundtrail.Movement
				l.Movement(p, &m)
				t.Logf("%3d %s %s %s -> %s %s %s kind %d", p, time.Unix(l.Transaction(p).Time, 0).UTC().Format("15:04:05"), l.Output(p), l.Address(m.From), l.Address(m.To), m.Amount, l.Asset(m.Asset), m.Kind)
			}
			t.Fatalf("seed %d: %v\ncrossings %v\nthefts %v", seed, err, crossings, in.Thefts)
		}
		came, chains = came+n, chains+far
	}
	if came < int(seeds)/4 || chains < int(seeds)/20 {
		t.Errorf("only %d crossings came out, %d of them on another chain", came, chains)
	}
}

// randomCrossings joins records that pay a tagged address with others, each of which is
// in no two crossings.
func randomCrossings(r *rand.Rand, l fundtrail.Ledger, tagged map[fundtrail.Address]bool) (out fakeCrossings) {
	var in, all []fundtrail.TransferOutput
	var m fundtrail.Movement
	for p := range l.Size() {
		l.Movement(p, &m)
		if m.Kind != fundtrail.Move && m.Kind != fundtrail.MoveOutput || m.From == m.To || m.Amount.IsZero() {
			continue
		}
		if tagged[l.Address(m.To)] && r.IntN(4) > 0 {
			in = append(in, l.Output(p))
		} else {
			all = append(all, l.Output(p))
		}
	}
	draw := func(of *[]fundtrail.TransferOutput) (one []fundtrail.TransferOutput) {
		if len(*of) == 0 {
			return nil
		}
		i := r.IntN(len(*of))
		one = []fundtrail.TransferOutput{(*of)[i]}
		*of = slices.Delete(*of, i, i+1)
		return one
	}
	for range 40 {
		c := fundtrail.Crossing{Kind: fundtrail.Bridge, Method: "fake/1", Confidence: 99, In: draw(&in), Out: draw(&all)}
		if r.IntN(3) == 0 {
			c.In = append(c.In, draw(&in)...)
		}
		if r.IntN(3) == 0 {
			c.Out = append(c.Out, draw(&all)...)
		}
		if len(c.In) > 0 && len(c.Out) > 0 {
			out = append(out, c)
		}
	}
	return out
}

// randomSwaps joins records of one transaction, in whatever order they stand.
func randomSwaps(r *rand.Rand, l fundtrail.Ledger) (out fakeCrossings) {
	var m fundtrail.Movement
	for p := fundtrail.Position(0); p < l.Size(); {
		span := l.Transaction(p)
		var records []fundtrail.TransferOutput
		for ; p < span.End; p++ {
			if l.Movement(p, &m); m.Kind == fundtrail.Move {
				records = append(records, l.Output(p))
			}
		}
		if len(records) < 2 || r.IntN(2) == 0 {
			continue
		}
		r.Shuffle(len(records), func(i, k int) { records[i], records[k] = records[k], records[i] })
		n := 1 + r.IntN(len(records)-1)
		out = append(out, fundtrail.Crossing{Kind: fundtrail.Swap, Method: "fake/1", Confidence: 90, In: records[:n], Out: records[n:]})
	}
	return out
}

// checkShares holds what came out of each crossing to the share of what went in, and
// that nothing comes out before. It returns how many records value came out at, and how
// many of those on another chain.
func checkShares(tr *fundtrail.Trace, l fundtrail.Ledger, crossings fakeCrossings, stolen []fundtrail.Theft) (came, far int, err error) {
	at := map[fundtrail.TransferOutput]fundtrail.Position{}
	amount := map[fundtrail.TransferOutput]fundtrail.Amount{}
	var m fundtrail.Movement
	for p := range l.Size() {
		if l.Movement(p, &m); m.Kind != fundtrail.MoveInput {
			at[l.Output(p)], amount[l.Output(p)] = p, m.Amount
		}
	}
	hops := map[fundtrail.TransferOutput][]fundtrail.Hop{}
	for _, h := range tr.Hops {
		hops[h.Record] = append(hops[h.Record], h)
	}
	for _, c := range crossings {
		var in fundtrail.Amount
		for _, o := range c.In {
			in = sum(in, amount[o])
		}
		for _, o := range c.Out {
			if isTheft(o, stolen) {
				continue // stolen already
			}
			if slices.ContainsFunc(c.In, func(i fundtrail.TransferOutput) bool { return i.Transfer.Tx == o.Transfer.Tx && at[i] >= at[o] }) {
				continue // it may come out, or no order allows it: see TestSwapOrder
			}
			var want fundtrail.Taints
			expected, across := false, false
			for _, i := range c.In {
				same := i.Transfer.Tx.Chain == o.Transfer.Tx.Chain
				if same && at[i] > at[o] || l.Transaction(at[i]).Time > l.Transaction(at[o]).Time {
					continue
				}
				for _, h := range hops[i] {
					if h.End < 0 {
						continue
					}
					expected, across = true, !same
					for p := range fundtrail.NumPolicies {
						tainted := h.Taint[p]
						if !p.On(modelOf(h.Asset)) {
							tainted = h.Taint[fundtrail.Haircut]
						}
						share, _ := tainted.MulDiv(amount[o], in)
						want[p] = sum(want[p], share).Min(amount[o])
					}
				}
			}
			n, got := 0, fundtrail.Taints{}
			for _, h := range hops[o] {
				if h.Spends == nil && h.Kind == fundtrail.HopCrossing {
					n, got = n+1, h.Taint
					continue
				}
				for p := range fundtrail.NumPolicies { // what the inputs of a coin's transaction bring
					room, _ := amount[o].Sub(h.Taint[p])
					if p.Lossless() && len(h.Spends) > 0 {
						want[p] = want[p].Min(room)
					}
				}
			}
			for p := range fundtrail.NumPolicies {
				if !p.On(modelOf(fundtrail.NativeAsset(o.Transfer.Tx.Chain))) {
					want[p] = fundtrail.Amount{}
				}
			}
			switch {
			case expected && (n != 1 || got != want):
				return 0, 0, fmt.Errorf("%d hops bring %v out at %s, want %v", n, got, o, want)
			case !expected && n > 0 && modelOf(fundtrail.NativeAsset(o.Transfer.Tx.Chain)) == fundtrail.Coins:
				return 0, 0, fmt.Errorf("%v comes out at %s, and nothing went in", got, o)
			}
			if expected {
				came++
			}
			if across {
				far++
			}
		}
	}
	return came, far, nil
}
