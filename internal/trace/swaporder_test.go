package trace_test

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/ledgertest"
	"github.com/fundtrail/fundtrail/internal/trace"
)

// A move is a transfer of a random transaction, before it has its place there.
type move struct {
	from, to, token int // -1: nobody
	amount          uint64
}

// A swapTx is a random transaction: moves in an order in which every swap is paid before
// it pays out, and the swaps, by numbers of moves.
type swapTx struct {
	moves []move
	swaps [][2][]int
}

// randomSwapTxs makes payments and swaps, of which one may pay for the next. The last of
// the addresses are pools.
func randomSwapTxs(r *rand.Rand) (txs []swapTx) {
	const people, pools, tokens = 4, 3, 3
	for range 8 + r.IntN(10) {
		var tx swapTx
		add := func(m move) int {
			tx.moves = append(tx.moves, m)
			return len(tx.moves) - 1
		}
		for range 1 + r.IntN(4) {
			who, pool, token := r.IntN(people), people+r.IntN(pools), r.IntN(tokens)
			if r.IntN(3) == 0 {
				from := r.IntN(people+pools+1) - 1
				add(move{from, (from + 1 + r.IntN(people+pools-1)) % (people + pools), token, 1 + r.Uint64N(20)})
				continue
			}
			var in, out []int
			for range 1 + r.IntN(2) {
				in = append(in, add(move{who, pool, token, 1 + r.Uint64N(12)}))
			}
			if r.IntN(3) == 0 { // the router passes it on
				add(move{pool, people + r.IntN(pools), token, 1 + r.Uint64N(12)})
			}
			for range 1 + r.IntN(2) {
				to := who
				if r.IntN(4) == 0 {
					to = r.IntN(people)
				}
				out = append(out, add(move{pool, to, (token + 1 + r.IntN(tokens-1)) % tokens, 1 + r.Uint64N(40)}))
			}
			tx.swaps = append(tx.swaps, [2][]int{in, out})
		}
		txs = append(txs, tx)
	}
	return txs
}

// anotherOrder returns the numbers of moves in an order at random that leaves the moves
// of each balance in theirs.
func anotherOrder(r *rand.Rand, moves []move) (order []int) {
	touches := func(a, b move) bool {
		return a.token == b.token && (a.from >= 0 && (a.from == b.from || a.from == b.to) || a.to >= 0 && (a.to == b.from || a.to == b.to))
	}
	left := make([]int, len(moves))
	for i := range left {
		left[i] = i
	}
	for len(left) > 0 {
		i := r.IntN(len(left))
		for k := 0; k < i; k++ {
			if touches(moves[left[k]], moves[left[i]]) {
				i, k = k, -1
			}
		}
		order = append(order, left[i])
		left = slices.Delete(left, i, i+1)
	}
	return order
}

// lay makes a ledger of transactions whose moves stand in given orders, and says which
// record each move is.
func lay(txs []swapTx, orders [][]int) (out []fundtrail.Transaction, records [][]fundtrail.TransferOutput, swaps fakeCrossings) {
	chain := fundtrail.Ethereum
	for i, tx := range txs {
		at := time.Date(2022, 3, 23, 0, i, 0, 0, time.UTC)
		t := fundtrail.Transaction{ID: ledgertest.Tx(chain, fmt.Sprint("t", i)), Block: fundtrail.Block{Chain: chain, Height: int64(i), Time: at}}
		is := make([]fundtrail.TransferOutput, len(tx.moves))
		for place, n := range orders[i] {
			m := tx.moves[n]
			tr := fundtrail.Transfer{ID: fundtrail.TransferID{Tx: t.ID, Index: fundtrail.LogIndex + uint32(place)}, Asset: ledgertest.Asset(chain, fmt.Sprint("TOK", m.token))}
			if m.from >= 0 {
				tr.Inputs = []fundtrail.Entry{{Address: ledgertest.Address(chain, ledgertest.Name(m.from)), Amount: fundtrail.NewAmount(m.amount)}}
			}
			tr.Outputs = []fundtrail.Entry{{Address: ledgertest.Address(chain, ledgertest.Name(m.to)), Amount: fundtrail.NewAmount(m.amount)}}
			t.Transfers = append(t.Transfers, tr)
			is[n] = fundtrail.TransferOutput{Transfer: tr.ID}
		}
		out, records = append(out, t), append(records, is)
		for _, s := range tx.swaps {
			c := fundtrail.Crossing{Kind: fundtrail.Swap, Protocol: "fake", Method: "fake/1", Confidence: 90}
			for side, list := range [2]*[]fundtrail.TransferOutput{&c.In, &c.Out} {
				for _, n := range s[side] {
					*list = append(*list, is[n])
				}
			}
			swaps = append(swaps, c)
		}
	}
	return out, records, swaps
}

// TestSwapOrder: what a trace says does not depend on how the balances of a transaction
// are interleaved. Swaps that are paid before they pay out need no plan; the same ledger
// with the moves of each transaction shuffled, but for the order of each balance, has
// pools that pay out first, chains backward and payers who are tainted in between, and
// must give the same trace.
func TestSwapOrder(t *testing.T) {
	seeds := uint64(700)
	if testing.Short() {
		seeds = 300
	}
	early, tainted := 0, 0
	for seed := range seeds {
		r := rand.New(rand.NewPCG(seed, 83))
		txs := randomSwapTxs(r)
		plain, other := make([][]int, len(txs)), make([][]int, len(txs))
		for i := range txs {
			for n := range txs[i].moves {
				plain[i] = append(plain[i], n)
			}
			other[i] = anotherOrder(r, txs[i].moves)
		}
		theft := [2]int{r.IntN(1 + len(txs)/3), 0}
		theft[1] = r.IntN(len(txs[theft[0]].moves))
		hub, payback := []int{3, 1 << 30}[r.IntN(2)], []int{-1, 1}[r.IntN(2)]
		whole := r.IntN(4) == 0
		ask := func(orders [][]int) (*fundtrail.Trace, map[fundtrail.TransferOutput]int, fakeCrossings) {
			facts, records, swaps := lay(txs, orders)
			in := trace.Input{Ledger: seal(t, facts, nil), Crossings: swaps}
			at := records[theft[0]][theft[1]]
			in.Thefts = []fundtrail.Theft{{Tx: at.Transfer.Tx, Index: at.Transfer.Index, HasIndex: true}}
			if whole {
				in.Thefts = []fundtrail.Theft{{Address: ledgertest.Address(fundtrail.Ethereum, ledgertest.Name(0)), Whole: true}}
			}
			tr, err := trace.Run(t.Context(), in, trace.Options{Hub: hub, Payback: payback, Dust: map[fundtrail.Asset]fundtrail.Amount{}})
			if err != nil && !isNotFound(err) {
				t.Fatalf("seed %d: %v", seed, err)
			}
			number := map[fundtrail.TransferOutput]int{}
			for i := range records {
				for n, o := range records[i] {
					number[o] = i*1000 + n
				}
			}
			if err == nil && !whole {
				if err := checkCrossings(tr, swaps, in.Thefts); err != nil {
					t.Fatalf("seed %d: %v", seed, err)
				}
			}
			return tr, number, swaps
		}
		one, ours, _ := ask(plain)
		two, theirs, swaps := ask(other)
		if one == nil || two == nil {
			continue
		}
		for _, c := range swaps {
			for _, h := range two.Hops {
				if h.Record == c.Out[0] && h.Kind == fundtrail.HopCrossing {
					tainted++
					if c.Out[0].Transfer.Index < c.In[len(c.In)-1].Transfer.Index {
						early++
					}
				}
			}
		}
		if x, y := withoutOrder(one, ours), withoutOrder(two, theirs); x != y {
			t.Fatalf("seed %d: %v\nmoves %v\norder %v\npaid first:\n%s\nshuffled:\n%s", seed, theft, txs, other, x, y)
		}
	}
	if tainted < int(seeds) || early < tainted/4 {
		t.Errorf("only %d swaps brought something out, %d of them before they were paid", tainted, early)
	}
}

// withoutOrder writes what a trace says with the moves' numbers in place of records.
func withoutOrder(tr *fundtrail.Trace, number map[fundtrail.TransferOutput]int) string {
	hops := slices.Clone(tr.Hops)
	slices.SortStableFunc(hops, func(a, b fundtrail.Hop) int { return cmp.Compare(number[a.Record], number[b.Record]) })
	var out string
	for _, h := range hops {
		out += fmt.Sprintln(number[h.Record], h.Kind, h.From, h.To, h.Asset, h.Amount, h.Depth, h.Taint, h.Possible, h.WithoutGaps, h.End)
	}
	for _, e := range tr.Ends {
		out += fmt.Sprintln(e.Kind, e.Label, e.Addresses, e.Asset, e.Taint, e.Bounds, e.Transfers, e.Moved)
	}
	for _, route := range tr.Routes {
		out += fmt.Sprintln(route.Amount, route.Addresses, route.End, route.Transfers)
	}
	for _, g := range tr.Gaps {
		out += fmt.Sprintln(g.Address, g.Asset, g.Short)
	}
	return out
}
