package trace_test

import (
	"cmp"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/ledgertest"
	"github.com/fundtrail/fundtrail/internal/trace"
)

// The reference for coins. A coin is its base units, each tainted or not, by FIFO and
// LIFO each its own; the other policies are their rule in doc/methods.md, word by word.
type refCoin struct {
	amount        uint64
	fifo, lifo    []bool // in the order they were taken
	haircut, tiho uint64
	poison        bool
	depth         int
}

// refStolen makes a coin whose every unit is tainted.
func refStolen(amount uint64) *refCoin {
	return &refCoin{amount: amount, fifo: slices.Repeat([]bool{true}, int(amount)), lifo: slices.Repeat([]bool{true}, int(amount)),
		haircut: amount, tiho: amount, poison: amount > 0}
}

func refClean(amount uint64) *refCoin {
	return &refCoin{amount: amount, fifo: make([]bool, amount), lifo: make([]bool, amount)}
}

func (c *refCoin) taint() refTaint {
	t := refTaint{fundtrail.FIFO: count(c.fifo), fundtrail.LIFO: count(c.lifo), fundtrail.Haircut: c.haircut, fundtrail.TIHO: c.tiho}
	if c.poison {
		t[fundtrail.Poison] = c.amount
	}
	return t
}

// refSpread divides what the inputs hold among outputs of the given amounts, of which
// the last is the fee.
func refSpread(ins []*refCoin, outs []uint64) []*refCoin {
	var whole refCoin
	for _, in := range ins {
		whole.amount += in.amount
		whole.fifo = append(whole.fifo, in.fifo...)
		whole.lifo = append(whole.lifo, in.lifo...)
		whole.haircut += in.haircut
		whole.tiho += in.tiho
		whole.poison = whole.poison || in.poison
	}
	coins := make([]*refCoin, len(outs))
	paid := uint64(0)
	for i, amount := range outs {
		c := &refCoin{amount: amount, poison: whole.poison && amount > 0}
		coins[i] = c
		// A queue gives its oldest first, a stack its newest.
		c.fifo, whole.fifo = whole.fifo[:amount:amount], whole.fifo[amount:]
		for range amount {
			n := len(whole.lifo) - 1
			c.lifo, whole.lifo = append(c.lifo, whole.lifo[n]), whole.lifo[:n]
		}
		// The difference of two rounded-down cumulative shares.
		if whole.amount > 0 {
			c.haircut = whole.haircut*(paid+amount)/whole.amount - whole.haircut*paid/whole.amount
		}
		paid += amount
	}
	// The tainted inputs go to the highest outputs, among equals to the earlier, to the
	// fee last.
	fee := len(outs) - 1
	order := make([]int, fee)
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(x, y int) int { return cmp.Compare(outs[y], outs[x]) })
	for _, i := range append(order, fee) {
		coins[i].tiho = min(whole.tiho, outs[i])
		whole.tiho -= coins[i].tiho
	}
	return coins
}

// A refHop is a hop as the reference expects it.
type refHop struct {
	Kind   fundtrail.HopKind
	From   fundtrail.Address
	To     fundtrail.Address
	Amount uint64
	Depth  int
	Spends string
	Taint  refTaint
	End    refEnd
}

// A refEnd names an end. It is the zero refEnd where a hop goes on.
type refEnd struct {
	Kind fundtrail.EndKind
	At   fundtrail.Address
}

// A coinQuestion is what to trace on a ledger of coins.
type coinQuestion struct {
	txs     []fundtrail.Transaction
	stolen  map[fundtrail.TransferOutput]bool // the coins that were stolen
	sources map[fundtrail.Address]bool        // whole addresses
	starts  map[fundtrail.Address]bool        // addresses that coins were stolen to, one by one
	ends    map[fundtrail.Address]bool        // exchanges
}

// refCoins answers it: the hops by record, and what each end holds.
func refCoins(q *coinQuestion) (map[fundtrail.TransferOutput]refHop, map[refEnd]refTaint) {
	coins := map[fundtrail.TransferOutput]*refCoin{} // tainted ones
	owner := map[fundtrail.TransferOutput]fundtrail.Address{}
	pays := map[fundtrail.Address]bool{}
	hops := map[fundtrail.TransferOutput]refHop{}
	ends := map[refEnd]refTaint{}
	arrive := func(e refEnd, t refTaint) {
		s := ends[e]
		for p := range s {
			s[p] += t[p]
		}
		ends[e] = s
	}
	for _, tx := range q.txs {
		tr := tx.Transfers[0]
		var ins []*refCoin
		var first fundtrail.Address
		spends, depth := "", -1
		left := uint64(0)
		for _, in := range tr.Inputs {
			pays[in.Address] = true
			left += in.Amount.Uint64()
			c := coins[in.Spends]
			if c == nil {
				ins = append(ins, refClean(in.Amount.Uint64()))
				continue
			}
			delete(coins, in.Spends)
			ins = append(ins, c)
			if depth < 0 {
				first, depth = in.Address, c.depth
			}
			depth = min(depth, c.depth)
			spends += in.Spends.String() + " "
		}
		payer := fundtrail.Address{}
		if len(tr.Inputs) > 0 {
			payer = tr.Inputs[0].Address
		}
		var amounts []uint64
		for _, out := range tr.Outputs {
			amounts = append(amounts, out.Amount.Uint64())
			left -= min(left, out.Amount.Uint64())
		}
		var parts []*refCoin
		if depth >= 0 {
			parts = refSpread(ins, append(amounts, left))
		}
		for i := range append(amounts, left) {
			o := fundtrail.TransferOutput{Transfer: tr.ID, Output: uint32(i)}
			fee := i == len(amounts)
			var to fundtrail.Address
			if fee {
				o.Output = fundtrail.FeeIndex
			} else {
				to = tr.Outputs[i].Address
				owner[o] = to
			}
			named := !to.IsZero()
			if q.stolen[o] {
				c := refStolen(amounts[i])
				h := refHop{Kind: fundtrail.HopTheft, From: payer, To: to, Amount: c.amount, Taint: c.taint()}
				if q.ends[to] && !q.sources[to] {
					h.End = refEnd{fundtrail.EndExchange, to}
					arrive(h.End, c.taint())
				} else {
					coins[o] = c
				}
				hops[o] = h
			}
			if parts == nil || parts[i].amount == 0 {
				continue
			}
			c := parts[i]
			c.depth = depth + 1
			h := refHop{Kind: fundtrail.HopTransfer, From: first, To: to, Amount: c.amount, Depth: c.depth, Spends: spends, Taint: c.taint()}
			switch {
			case fee:
				h.Kind, h.End = fundtrail.HopFee, refEnd{Kind: fundtrail.EndFee}
			case q.stolen[o]:
				h.Kind, h.End = fundtrail.HopReturn, refEnd{fundtrail.EndReturned, to}
				// Two hops of one record: what was stolen there, and what came back.
				o.Transfer.Index++
			case named && q.sources[to]:
				h.Kind = fundtrail.HopReturn
			case named && q.ends[to]:
				h.End = refEnd{fundtrail.EndExchange, to}
			case named && q.starts[to]:
				h.Kind = fundtrail.HopReturn
			}
			hops[o] = h
			if h.End.Kind != "" {
				arrive(h.End, c.taint())
			} else {
				coins[o] = c
			}
		}
	}
	for o, c := range coins {
		e := refEnd{fundtrail.EndCoverage, owner[o]}
		if pays[owner[o]] && !owner[o].IsZero() {
			e.Kind = fundtrail.EndHeld
		}
		arrive(e, c.taint())
	}
	return hops, ends
}

// ask picks thefts at random among the first transactions, and returns them with what
// they mean.
func ask(r *rand.Rand, txs []fundtrail.Transaction, first, addresses int) (*coinQuestion, []fundtrail.Theft) {
	q := &coinQuestion{
		txs: txs, stolen: map[fundtrail.TransferOutput]bool{}, sources: map[fundtrail.Address]bool{},
		starts: map[fundtrail.Address]bool{}, ends: map[fundtrail.Address]bool{},
	}
	for i := range addresses {
		if r.IntN(4) == 0 {
			q.ends[ledgertest.Address(fundtrail.Bitcoin, ledgertest.Name(i))] = true
		}
	}
	var list []fundtrail.Theft
	for range 1 + r.IntN(2) {
		tr := txs[r.IntN(first)].Transfers[0]
		k := r.IntN(len(tr.Outputs))
		switch r.IntN(3) {
		case 0:
			for i, out := range tr.Outputs {
				if !out.Amount.IsZero() {
					q.stolen[fundtrail.TransferOutput{Transfer: tr.ID, Output: uint32(i)}] = true
					q.starts[out.Address] = true
				}
			}
			list = append(list, fundtrail.Theft{Tx: tr.ID.Tx})
		case 1:
			if out := tr.Outputs[k]; !out.Amount.IsZero() {
				q.stolen[fundtrail.TransferOutput{Transfer: tr.ID, Output: uint32(k)}] = true
				q.starts[out.Address] = true
				list = append(list, fundtrail.Theft{Tx: tr.ID.Tx, Index: uint32(k), HasIndex: true})
			}
		case 2:
			if a := tr.Outputs[k].Address; !a.IsZero() {
				q.sources[a] = true
				list = append(list, fundtrail.Theft{Address: a, Whole: true})
			}
		}
	}
	// A whole address: every coin that comes to it from a transaction that no source
	// pays into; from the others it is change.
	for _, tx := range txs {
		tr := tx.Transfers[0]
		if slices.ContainsFunc(tr.Inputs, func(e fundtrail.Entry) bool { return q.sources[e.Address] }) {
			continue
		}
		for i, out := range tr.Outputs {
			if q.sources[out.Address] && !out.Amount.IsZero() {
				q.stolen[fundtrail.TransferOutput{Transfer: tr.ID, Output: uint32(i)}] = true
			}
		}
	}
	return q, list
}

// TestCoinReference holds every policy on coins to the reference: every hop, its taint
// under each policy, what it spends, how deep it is, and where it ends.
func TestCoinReference(t *testing.T) {
	seeds := uint64(2000)
	if testing.Short() {
		seeds = 300
	}
	asked := 0
	for seed := range seeds {
		r := rand.New(rand.NewPCG(seed, 31))
		shape := coinShape{addresses: 3 + r.IntN(7), transactions: 4 + r.IntN(30), most: 3 + r.Uint64N(40), inputs: 1 + r.IntN(4), outputs: 1 + r.IntN(4)}
		txs := shape.ledger(r)
		q, list := ask(r, txs, len(txs), shape.addresses)
		if len(q.stolen) == 0 {
			continue
		}
		asked++
		hops, ends := refCoins(q)
		tr, err := trace.Run(t.Context(), trace.Input{Ledger: seal(t, txs, nil), Thefts: list, Tags: q.tags},
			trace.Options{Dust: noDust, Hub: 1 << 30, Policy: []fundtrail.Policy{fundtrail.FIFO, fundtrail.LIFO, fundtrail.Haircut, fundtrail.TIHO}[r.IntN(4)]})
		if err == nil {
			err = checkTrace(tr, nil)
		}
		if err == nil {
			err = compareCoins(tr, hops, ends)
		}
		if err != nil {
			t.Fatalf("seed %d: %v\n%sthefts %+v", seed, err, coinText(txs, shape.addresses), list)
		}
	}
	if asked < int(seeds)/2 {
		t.Errorf("only %d questions", asked)
	}
}

func (q *coinQuestion) tags(a fundtrail.Address) []fundtrail.Tag {
	if !q.ends[a] {
		return nil
	}
	return []fundtrail.Tag{{Address: a, Label: "x", Category: "exchange", Actor: a.String(), Confidence: 100}}
}

func small(t *fundtrail.Taints) (out refTaint) {
	for p := range out {
		out[p] = t[p].Uint64()
	}
	return out
}

func compareCoins(tr *fundtrail.Trace, hops map[fundtrail.TransferOutput]refHop, ends map[refEnd]refTaint) error {
	got := map[fundtrail.TransferOutput]refHop{}
	for _, h := range tr.Hops {
		g := refHop{Kind: h.Kind, From: h.From, To: h.To, Amount: h.Amount.Uint64(), Depth: h.Depth, Taint: small(&h.Taint)}
		for _, s := range h.Spends {
			g.Spends += s.String() + " "
		}
		if h.End >= 0 {
			g.End.Kind = tr.Ends[h.End].Kind
			if g.End.Kind != fundtrail.EndFee {
				g.End.At = h.To
			}
		}
		o := h.Record
		if _, twice := got[o]; twice {
			o.Transfer.Index++
		}
		got[o] = g
	}
	for o, want := range hops {
		if got[o] != want {
			return fmt.Errorf("hop %s:\nwant %+v\ngot  %+v", o, want, got[o])
		}
	}
	if len(got) != len(hops) {
		return fmt.Errorf("%d hops, want %d", len(got), len(hops))
	}
	left := maps.Clone(ends)
	for i, e := range tr.Ends {
		if e.Asset != fundtrail.NativeAsset(fundtrail.Bitcoin) {
			return fmt.Errorf("end %d is of %s", i, e.Asset)
		}
		at := e.Addresses
		if len(at) == 0 {
			at = []fundtrail.Address{{}}
		}
		var want refTaint // small ends of one kind are listed together
		for _, a := range at {
			one, ok := left[refEnd{e.Kind, a}]
			if !ok {
				return fmt.Errorf("end %d: nothing ends as %s at %s", i, e.Kind, a)
			}
			delete(left, refEnd{e.Kind, a})
			for p := range want {
				want[p] += one[p]
			}
		}
		if small(&e.Taint) != want {
			return fmt.Errorf("end %d (%s at %v) holds %v, want %v", i, e.Kind, at, small(&e.Taint), want)
		}
	}
	if len(left) > 0 {
		return fmt.Errorf("missing ends: %v", left)
	}
	return nil
}
