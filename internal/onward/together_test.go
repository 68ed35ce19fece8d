package onward_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/crossing"
	"github.com/fundtrail/fundtrail/internal/ledgertest"
	"github.com/fundtrail/fundtrail/internal/onward"
	"github.com/fundtrail/fundtrail/internal/trace"
)

// A world is a random ledger of two chains with all that a trace goes through: swaps and
// bridges that join records, CoinJoins, and pools, CoinJoins and bridges that value comes
// out of with odds.
type world struct {
	ledger    fundtrail.Ledger
	crossings []fundtrail.Crossing // of which no two share a record
	mixes     map[fundtrail.TxID]*fundtrail.Mix
	outs      []fundtrail.Withdrawal
	tags      map[fundtrail.Address]string
}

func (w *world) Crossings(in fundtrail.TransferOutput) (out []fundtrail.Crossing) {
	for _, c := range w.crossings {
		if slices.Contains(c.In, in) {
			out = append(out, c)
		}
	}
	return out
}

func (w *world) Mix(span fundtrail.Span) *fundtrail.Mix { return w.mixes[span.ID] }

// Passages are one for each depositor into each kind of end and asset. What came out is
// linked by number, on whichever chain.
func (w *world) Passages(tr *fundtrail.Trace) (out []fundtrail.Passage, notes []string, err error) {
	type key struct {
		kind  fundtrail.CrossingKind
		asset fundtrail.Asset
		who   fundtrail.Address
	}
	at := map[key]int{}
	for i := range tr.Hops {
		h := &tr.Hops[i]
		if h.End < 0 || h.Kind == fundtrail.HopFee || h.Kind == fundtrail.HopCrossing {
			continue
		}
		k := key{asset: h.Asset, who: h.From}
		deposits := []fundtrail.TransferOutput{h.Record}
		switch tr.Ends[h.End].Kind {
		case fundtrail.EndMixer:
			k.kind = fundtrail.Mixer
		case fundtrail.EndBridge:
			k.kind = fundtrail.Bridge
		default:
			continue
		}
		if h.Record.Output == fundtrail.MixIndex {
			deposits = h.Crossing.In
		}
		n, ok := at[k]
		if !ok {
			n = len(out)
			at[k] = n
			out = append(out, fundtrail.Passage{Kind: k.kind, Protocol: "any", Asset: h.Asset, Depositor: h.From, First: h.Time})
		}
		out[n].Deposits, out[n].Last = append(out[n].Deposits, deposits...), h.Time
	}
	for i := range out {
		for k, o := range w.outs {
			if (k+i)%3 == 0 && o.Time.After(out[i].First) && (o.Asset == out[i].Asset) == (out[i].Kind == fundtrail.Mixer) {
				out[i].Withdrawals = append(out[i].Withdrawals, o)
			}
		}
	}
	return out, nil, nil
}

func (w *world) Payouts() (out []fundtrail.Receipt) {
	for _, o := range w.outs {
		if info, _ := o.Asset.Chain.Info(); info.Model == fundtrail.Accounts {
			out = append(out, fundtrail.Receipt{Tx: o.Tx, Address: o.To, Asset: o.Asset, Amount: o.Amount, Time: o.Time})
		}
	}
	return out
}

func newWorld(t testing.TB, r *rand.Rand) (*world, trace.Input, trace.Options) {
	const people = 5
	txs := ledgertest.Random{Addresses: people, Transactions: 40 + r.IntN(40), Tokens: 1, Gaps: r.IntN(3) == 0}.Ledger(r)
	coins := ledgertest.Random{Addresses: people, Transactions: 30 + r.IntN(30), Coins: true}.Ledger(r)
	w := &world{ledger: seal(t, append(txs, coins...)), mixes: map[fundtrail.TxID]*fundtrail.Mix{}, tags: map[fundtrail.Address]string{}}
	for _, c := range []fundtrail.Chain{fundtrail.Ethereum, fundtrail.Bitcoin} {
		w.tags[ledgertest.Address(c, ledgertest.Name(0))] = "mixing_service"
		w.tags[ledgertest.Address(c, ledgertest.Name(1))] = "defi_bridge"
	}
	in := trace.Input{Ledger: w.ledger, Crossings: w, Mixes: w, Tags: func(a fundtrail.Address) []fundtrail.Tag {
		if c, ok := w.tags[a]; ok {
			return []fundtrail.Tag{{Address: a, Label: c, Category: c, Actor: c, Confidence: 90}}
		}
		return nil
	}}
	l := w.ledger
	var into, free []fundtrail.TransferOutput
	var m fundtrail.Movement
	for p := fundtrail.Position(0); p < l.Size(); {
		span := l.Transaction(p)
		var records []fundtrail.TransferOutput
		ins, outs, known := 0, 0, true
		for ; p < span.End; p++ {
			switch l.Movement(p, &m); {
			case m.Kind == fundtrail.MoveInput:
				ins++
				known = known && m.Link != fundtrail.NoPosition
			case m.Kind == fundtrail.MoveFee || m.Amount.IsZero() || m.From == m.To && m.Kind == fundtrail.Move:
			default:
				outs++
				records = append(records, l.Output(p))
				a := l.Address(m.To)
				if !a.IsZero() && r.IntN(3) == 0 { // comes out of something, or so it is said
					o := fundtrail.Withdrawal{Tx: span.ID, To: a, Amount: m.Amount, Carries: m.Amount, Record: l.Output(p), Asset: l.Asset(m.Asset)}
					o.Time = time.Unix(span.Time, 0).UTC()
					w.link(r, o)
				}
			}
		}
		switch chain := span.ID.Chain; {
		case chain == fundtrail.Bitcoin && ins > 0 && outs > 0 && known && r.IntN(4) == 0:
			mix := &fundtrail.Mix{Protocol: "mix", Method: "mix/1", Confidence: 80}
			if r.IntN(2) == 0 {
				mix.Changes = []fundtrail.MixChange{{Inputs: []uint32{uint32(r.IntN(ins))}, Output: uint32(r.IntN(outs)), Whole: fundtrail.NewAmount(r.Uint64N(40)), Method: "change/1", Confidence: 90}}
			}
			w.mixes[span.ID] = mix
		case chain == fundtrail.Ethereum && len(records) > 1 && r.IntN(2) == 0:
			r.Shuffle(len(records), func(i, k int) { records[i], records[k] = records[k], records[i] })
			n := 1 + r.IntN(len(records)-1)
			w.crossings = append(w.crossings, fundtrail.Crossing{Kind: fundtrail.Swap, Method: "swap/1", Confidence: 80, In: records[:n], Out: records[n:]})
			continue
		}
		for _, o := range records {
			if r.IntN(3) == 0 {
				into = append(into, o)
			} else {
				free = append(free, o)
			}
		}
	}
	draw := func(of *[]fundtrail.TransferOutput, n int) (out []fundtrail.TransferOutput) {
		for ; n > 0 && len(*of) > 0; n-- {
			i := r.IntN(len(*of))
			out = append(out, (*of)[i])
			*of = slices.Delete(*of, i, i+1)
		}
		return out
	}
	for range 10 {
		c := fundtrail.Crossing{Kind: fundtrail.Bridge, Method: "bridge/1", Confidence: 99, In: draw(&into, 1+r.IntN(2)), Out: draw(&free, r.IntN(3))}
		if len(c.In) > 0 {
			w.crossings = append(w.crossings, c)
		}
	}
	for _, list := range [][]fundtrail.Transaction{txs, coins} {
		for range 2 {
			tx := &list[r.IntN(len(list)/2)]
			if len(tx.Transfers) == 0 {
				continue
			}
			if tr := &tx.Transfers[0]; len(tr.Outputs) > 0 && !tr.Outputs[0].Amount.IsZero() {
				th := fundtrail.Theft{Tx: tx.ID, Index: tr.ID.Index, HasIndex: true}
				if !slices.ContainsFunc(in.Thefts, func(o fundtrail.Theft) bool { return o.Tx == th.Tx }) {
					in.Thefts = append(in.Thefts, th)
				}
			}
		}
	}
	policy := []fundtrail.Policy{fundtrail.FIFO, fundtrail.LIFO, fundtrail.Haircut}[r.IntN(3)]
	return w, in, trace.Options{Policy: policy, Payback: -1, Hub: 1 << 30, Dust: map[fundtrail.Asset]fundtrail.Amount{}}
}

func (w *world) link(r *rand.Rand, o fundtrail.Withdrawal) {
	o.Probability, o.Method = float64(100+r.IntN(900))/1000, "any/1"
	o.Certainty = crossing.CertaintyOf(o.Probability)
	if r.IntN(2) == 0 {
		o.Carries = fundtrail.NewAmount(1 + r.Uint64N(o.Amount.Uint64()))
	}
	w.outs = append(w.outs, o)
}

// TestTogether: swaps, bridges, CoinJoins and pools in one ledger. In each account of where
// value is, the trace itself and every certainty of every round, under every policy that
// conserves value and in every asset, the ends hold what was stolen and what crossings
// brought out; those bring no more than the share of what went in; no passage starts more
// than went in; each withdrawal starts once, and nothing is surer than what it comes from; bounds hold what policies say; and the same
// comes out again, in whatever order crossings are told.
func TestTogether(t *testing.T) {
	seeds := uint64(400)
	if testing.Short() {
		seeds = 80
	}
	crossed, mixed, rounds := 0, 0, map[int]int{}
	for seed := range seeds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 89))
			w, in, opt := newWorld(t, r)
			tr, err := onward.Run(t.Context(), in, opt, w, onward.Rounds)
			if errors.Is(err, fundtrail.ErrNotFound) || errors.Is(err, fundtrail.ErrInvalid) {
				t.Skip(err)
			}
			if err != nil {
				t.Fatal(err)
			}
			for i := -1; i < len(tr.Onward); i++ {
				c, m, err := w.check(at(tr, i))
				if err != nil {
					t.Fatalf("onward %d: %v", i, err)
				}
				crossed, mixed = crossed+c, mixed+m
				if i >= 0 {
					rounds[tr.Onward[i].Round]++
				}
			}
			if err := checkStarts(tr); err != nil {
				t.Fatal(err)
			}
			first := encode(t, tr)
			r.Shuffle(len(w.crossings), func(i, k int) { w.crossings[i], w.crossings[k] = w.crossings[k], w.crossings[i] })
			again, err := onward.Run(t.Context(), in, opt, w, onward.Rounds)
			if err != nil || !bytes.Equal(first, encode(t, again)) {
				t.Fatalf("asked again it differs: %v", err)
			}
		})
	}
	if crossed < int(seeds) || mixed < int(seeds)/2 || rounds[1] < int(seeds)/2 || rounds[2] < 10 {
		t.Errorf("only %d crossings, %d CoinJoins, onward by round %v", crossed, mixed, rounds)
	}
}

// check holds one trace to what its hops say. It returns how many records value came out
// at, and how many CoinJoins it ended in.
func (w *world) check(tr *fundtrail.Trace) (crossed, mixed int, err error) {
	type side struct {
		in  fundtrail.Taints // by policy, of all that went in
		sum fundtrail.Amount // that the records move
	}
	wants := map[fundtrail.Asset]fundtrail.Taints{}
	add := func(a fundtrail.Asset, p fundtrail.Policy, n fundtrail.Amount) {
		t := wants[a]
		t[p], _ = t[p].Add(n)
		wants[a] = t
	}
	for _, s := range tr.Stolen {
		for p := range fundtrail.NumPolicies {
			add(s.Asset, p, s.Amount)
		}
	}
	went := map[fundtrail.TransferOutput]*side{} // by the crossing's first In
	for i := range tr.Hops {
		h := &tr.Hops[i]
		if h.Record.Output == fundtrail.MixIndex {
			mixed++
		}
		if c := h.Crossing; c != nil && c.Kind != fundtrail.Mixer && slices.Contains(c.In, h.Record) && h.End >= 0 {
			s := went[c.In[0]]
			if s == nil {
				s = &side{sum: w.moved(c.In)}
				went[c.In[0]] = s
			}
			info, _ := h.Asset.Chain.Info()
			for p := range fundtrail.NumPolicies {
				q := p
				if !p.On(info.Model) {
					q = fundtrail.Haircut
				}
				s.in[p], _ = s.in[p].Add(h.Taint[q])
			}
		}
	}
	for i := range tr.Hops {
		h := &tr.Hops[i]
		c := h.Crossing
		if c == nil || c.Kind == fundtrail.Mixer || !slices.Contains(c.Out, h.Record) {
			continue
		}
		crossed++
		s := went[c.In[0]]
		if s == nil {
			return 0, 0, fmt.Errorf("%s came out of a crossing that nothing went into", h.Record)
		}
		info, _ := h.Asset.Chain.Info()
		for p := range fundtrail.NumPolicies {
			if !p.On(info.Model) || !p.Lossless() {
				continue
			}
			add(h.Asset, p, h.Taint[p])
			if most, _ := s.in[p].MulDiv(h.Amount, s.sum); most.Less(h.Taint[p]) || h.Amount.Less(h.Taint[p]) {
				return 0, 0, fmt.Errorf("%s of %s came out at %s under %s, for %s of %s", h.Taint[p], h.Amount, h.Record, p, s.in[p], s.sum)
			}
		}
	}
	got := map[fundtrail.Asset]fundtrail.Taints{}
	for _, e := range tr.Ends {
		t := got[e.Asset]
		for p := range t {
			t[p], _ = t[p].Add(e.Taint[p])
		}
		got[e.Asset] = t
	}
	for a := range got {
		info, _ := a.Chain.Info()
		for p := range fundtrail.NumPolicies {
			if p.On(info.Model) && p.Lossless() && got[a][p] != wants[a][p] {
				return 0, 0, fmt.Errorf("%s under %s: ends hold %s of %s", a, p, got[a][p], wants[a][p])
			}
		}
	}
	for _, e := range tr.Kinds {
		info, _ := e.Asset.Chain.Info()
		for p := range fundtrail.NumPolicies {
			if p.On(info.Model) && p.Lossless() && (e.Taint[p].Less(e.Bounds.Least) || e.Bounds.Most.Less(e.Taint[p])) {
				return 0, 0, fmt.Errorf("%s in %s under %s: %s is not within %s and %s", e.Kind, e.Asset, p, e.Taint[p], e.Bounds.Least, e.Bounds.Most)
			}
		}
	}
	var routes, stolen fundtrail.Amount
	for _, r := range tr.Routes {
		routes, _ = routes.Add(r.Amount)
	}
	for a := range wants {
		stolen, _ = stolen.Add(wants[a][tr.Policy])
	}
	if routes != stolen {
		return 0, 0, fmt.Errorf("routes divide %s of %s", routes, stolen)
	}
	return crossed, mixed, nil
}

// moved is the sum of what records move.
func (w *world) moved(records []fundtrail.TransferOutput) (sum fundtrail.Amount) {
	var m fundtrail.Movement
	for p := range w.ledger.Size() {
		if w.ledger.Movement(p, &m); m.Kind != fundtrail.MoveInput && slices.Contains(records, w.ledger.Output(p)) {
			sum, _ = sum.Add(m.Amount)
		}
	}
	return sum
}

// checkStarts: each withdrawal starts once, and of a passage at one certainty no more than
// what was stolen of its deposits.
func checkStarts(tr *fundtrail.Trace) error {
	used := map[fundtrail.TransferOutput]bool{}
	for i, o := range tr.Onward {
		least, most := 1.0, 0.0
		for _, st := range o.Starts {
			least, most = min(least, st.Probability), max(most, st.Probability)
		}
		for _, h := range o.Trace.Hops { // nothing that goes on is surer than what it comes from
			const eps = 1e-6
			if x := h.Odds; !h.Taint[o.Trace.Policy].IsZero() && (x == nil || x.Least < least-eps || x.Most > most+eps || h.Amount.Less(x.Expected)) {
				return fmt.Errorf("onward %d: %s with odds %+v of starts from %v to %v", i, h.Record, x, least, most)
			}
		}
		spent := map[[2]int]fundtrail.Amount{}
		n := map[[2]int]int{}
		stolen := map[fundtrail.Asset]fundtrail.Amount{}
		for _, st := range o.Starts {
			w := withdrawal(tr, st)
			if used[w.Record] {
				return fmt.Errorf("%s starts twice", w.Record)
			}
			used[w.Record] = true
			k := [2]int{st.Onward, st.Passage}
			p := &at(tr, st.Onward).Passages[st.Passage]
			if n[k]++; w.Asset == p.Asset {
				spent[k], _ = spent[k].Add(st.Carries)
			} else if n[k] > len(p.Deposits) {
				return fmt.Errorf("onward %d: %d payouts of %d payments in", i, n[k], len(p.Deposits))
			}
			stolen[w.Asset], _ = stolen[w.Asset].Add(st.Carries)
		}
		for k, sum := range spent {
			from := at(tr, k[0])
			var paid fundtrail.Amount
			for _, d := range from.Passages[k[1]].Deposits {
				for _, h := range from.Hops {
					if h.Record == d && h.Kind != fundtrail.HopFee {
						paid, _ = paid.Add(h.Taint[from.Policy])
					}
				}
			}
			if paid.Less(sum) {
				return fmt.Errorf("onward %d: %s come out of a passage that %s went into", i, sum, paid)
			}
		}
		for _, s := range o.Trace.Stolen {
			if s.Amount != stolen[s.Asset] {
				return fmt.Errorf("onward %d: starts with %s of %s, want %s", i, s.Amount, s.Asset, stolen[s.Asset])
			}
		}
	}
	return nil
}
