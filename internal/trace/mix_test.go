package trace_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/ledgertest"
	"github.com/fundtrail/fundtrail/internal/trace"
)

// mixes are the transactions of a ledger that mix, by their ids.
type mixes map[fundtrail.TxID]*fundtrail.Mix

func (m mixes) Mix(tx fundtrail.Span) *fundtrail.Mix { return m[tx.ID] }

// mixChange reads INPUT+INPUT>OUTPUT:WHOLE.
func (s *caseState) mixChange(t *testing.T, text string) fundtrail.MixChange {
	number := func(text string) uint32 {
		n, err := strconv.Atoi(text)
		if err != nil {
			t.Fatal(err)
		}
		return uint32(n)
	}
	in, rest, _ := strings.Cut(text, ">")
	out, whole, _ := strings.Cut(rest, ":")
	c := fundtrail.MixChange{Output: number(out), Whole: s.amount(t, fundtrail.Bitcoin, whole), Method: "change/1", Confidence: 90}
	for _, n := range strings.Split(in, "+") {
		c.Inputs = append(c.Inputs, number(n))
	}
	return c
}

// apart rewrites a ledger whose transactions mix into one in which each owner's part is a
// transaction of its own: an owner with a sure change has that and a payment to the mixer,
// everybody else pays the mixer alone, and what nobody knows the source of is new.
func apart(txs []fundtrail.Transaction, mixed mixes, mixer fundtrail.Address) []fundtrail.Transaction {
	var out []fundtrail.Transaction
	moved := map[fundtrail.TransferOutput]fundtrail.TransferOutput{}
	place := uint32(0)
	add := func(like *fundtrail.Transaction, name string, in, to []fundtrail.Entry) fundtrail.TransferID {
		tx := *like
		if name != "" {
			tx.ID = ledgertest.Tx(fundtrail.Bitcoin, name)
		}
		place++
		tx.Place = place
		tr := fundtrail.Transfer{ID: fundtrail.TransferID{Tx: tx.ID}, Asset: like.Transfers[0].Asset, Outputs: to}
		for _, e := range in {
			if o, ok := moved[e.Spends]; ok {
				e.Spends = o
			}
			tr.Inputs = append(tr.Inputs, e)
		}
		tx.Transfers = []fundtrail.Transfer{tr}
		out = append(out, tx)
		return tr.ID
	}
	for i := range txs {
		tx := &txs[i]
		tr := &tx.Transfers[0]
		m := mixed[tx.ID]
		if m == nil {
			add(tx, "", tr.Inputs, tr.Outputs)
			continue
		}
		taken, own := make([]bool, len(tr.Inputs)), make([]bool, len(tr.Outputs))
		for k, c := range m.Changes {
			var in []fundtrail.Entry
			left := uint64(0)
			for _, n := range c.Inputs {
				in = append(in, tr.Inputs[n])
				left += tr.Inputs[n].Amount.Uint64()
				taken[n] = true
			}
			change := tr.Outputs[c.Output]
			own[c.Output] = true
			id := add(tx, fmt.Sprint(tx.ID, " change ", k), in, []fundtrail.Entry{change, {Address: mixer, Amount: fundtrail.NewAmount(left - change.Amount.Uint64())}})
			moved[fundtrail.TransferOutput{Transfer: tr.ID, Output: c.Output}] = fundtrail.TransferOutput{Transfer: id}
		}
		var in []fundtrail.Entry
		sum := uint64(0)
		for n, e := range tr.Inputs {
			if !taken[n] {
				in = append(in, e)
				sum += e.Amount.Uint64()
			}
		}
		if len(in) > 0 {
			add(tx, fmt.Sprint(tx.ID, " others"), in, []fundtrail.Entry{{Address: mixer, Amount: fundtrail.NewAmount(sum)}})
		}
		for n, e := range tr.Outputs {
			if !own[n] {
				id := add(tx, fmt.Sprint(tx.ID, " new ", n), nil, []fundtrail.Entry{e})
				moved[fundtrail.TransferOutput{Transfer: tr.ID, Output: uint32(n)}] = fundtrail.TransferOutput{Transfer: id}
			}
		}
	}
	return out
}

// randomMixes makes some transactions mixes, with changes where one fits.
func randomMixes(r *rand.Rand, txs []fundtrail.Transaction) mixes {
	out := mixes{}
	for i := range txs {
		tr := &txs[i].Transfers[0]
		if len(tr.Inputs) == 0 || r.IntN(2) == 0 {
			continue
		}
		m := &fundtrail.Mix{Protocol: "joinmarket", Method: "shape/1", Confidence: 90}
		free := r.Perm(len(tr.Inputs))
		for _, o := range r.Perm(len(tr.Outputs)) {
			n := min(len(free), 1+r.IntN(2))
			sum, own := uint64(0), slices.Clone(free[:n])
			slices.Sort(own)
			c := fundtrail.MixChange{Output: uint32(o), Method: "change/1", Confidence: 90}
			for _, k := range own {
				c.Inputs = append(c.Inputs, uint32(k))
				sum += tr.Inputs[k].Amount.Uint64()
			}
			if n > 0 && r.IntN(2) == 0 && tr.Outputs[o].Amount.Uint64() <= sum && !tr.Outputs[o].Amount.IsZero() {
				c.Whole = fundtrail.NewAmount(sum)
				m.Changes = append(m.Changes, c)
				free = free[n:]
			}
		}
		slices.SortFunc(m.Changes, func(a, b fundtrail.MixChange) int { return int(a.Output) - int(b.Output) })
		out[txs[i].ID] = m
	}
	return out
}

// A mix is what its owners' parts are, each by itself: the same value at the same ends
// pro rata, and the same bounds under every policy.
func TestMixApart(t *testing.T) {
	mixer := ledgertest.Address(fundtrail.Bitcoin, "the mixer")
	asked, ended, changes := 0, 0, 0
	for seed := range uint64(600) {
		r := rand.New(rand.NewPCG(seed, 77))
		shape := coinShape{addresses: 3 + r.IntN(5), transactions: 6 + r.IntN(20), most: 3 + r.Uint64N(40), inputs: 1 + r.IntN(4), outputs: 1 + r.IntN(4), steady: true}
		txs := shape.ledger(r)
		m := randomMixes(r, txs)
		q, _ := ask(r, txs, len(txs), shape.addresses)
		first := txs[0].Transfers[0]
		theft := []fundtrail.Theft{{Tx: first.ID.Tx}}
		q.ends[mixer] = true
		tags := func(a fundtrail.Address) []fundtrail.Tag {
			if a == mixer {
				return []fundtrail.Tag{{Address: a, Label: "mixer", Category: "mixing_service", Confidence: 100}}
			}
			return q.tags(a)
		}
		opt := trace.Options{Dust: noDust, Hub: 1 << 30, Policy: fundtrail.Haircut}
		got, err := trace.Run(t.Context(), trace.Input{Ledger: seal(t, txs, nil), Thefts: theft, Tags: tags, Mixes: m}, opt)
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		if err := checkTrace(got, nil); err != nil {
			t.Fatalf("seed %d: %v\n%s", seed, err, coinText(txs, shape.addresses))
		}
		want, err := trace.Run(t.Context(), trace.Input{Ledger: seal(t, apart(txs, m, mixer), nil), Thefts: theft, Tags: tags}, opt)
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		asked++
		if g, w := kindsOf(got), kindsOf(want); g != w {
			t.Fatalf("seed %d: with mixes\n%sapart\n%s%s", seed, g, w, coinText(txs, shape.addresses))
		}
		for _, h := range got.Hops {
			if h.Record.Output == fundtrail.MixIndex {
				ended++
			} else if h.Crossing != nil {
				changes++
			}
		}
	}
	if asked < 500 || ended < 200 || changes < 100 {
		t.Errorf("%d questions, %d ended in mixes, %d changes: too few", asked, ended, changes)
	}
}

// kindsOf prints what is at ends of each kind pro rata, and the bounds.
func kindsOf(tr *fundtrail.Trace) string {
	var lines []string
	for _, e := range tr.Kinds {
		if !e.Bounds.Most.IsZero() {
			lines = append(lines, fmt.Sprintf("%s %s [%s, %s]\n", e.Kind, e.Taint[fundtrail.Haircut], e.Bounds.Least, e.Bounds.Most))
		}
	}
	slices.Sort(lines)
	return strings.Join(lines, "")
}

// Backward, with mixes, nothing is lost or invented either.
func TestMixBackward(t *testing.T) {
	ended := 0
	for seed := range uint64(600) {
		r := rand.New(rand.NewPCG(seed, 78))
		shape := coinShape{addresses: 3 + r.IntN(5), transactions: 6 + r.IntN(20), most: 3 + r.Uint64N(40), inputs: 1 + r.IntN(4), outputs: 1 + r.IntN(4)}
		txs := shape.ledger(r)
		m := randomMixes(r, txs)
		last := txs[len(txs)-1-r.IntN(3)].Transfers[0].ID.Tx
		tr, err := trace.Run(t.Context(), trace.Input{Ledger: seal(t, txs, nil), Thefts: []fundtrail.Theft{{Tx: last}}, Mixes: m},
			trace.Options{Dust: noDust, Hub: 1 << 30, Direction: fundtrail.Backward})
		if errors.Is(err, fundtrail.ErrNotFound) {
			continue // all of its outputs are of nothing
		}
		if err != nil {
			t.Fatalf("seed %d: %v\n%s", seed, err, coinText(txs, shape.addresses))
		}
		// Backward, no record is of the mix alone, so that ends are not held to hops.
		if err := errors.Join(checkConserved(tr, nil), checkHops(tr), checkKinds(tr), checkRoutes(tr)); err != nil {
			t.Fatalf("seed %d: %v\n%s", seed, err, coinText(txs, shape.addresses))
		}
		if slices.ContainsFunc(tr.Ends, func(e fundtrail.End) bool { return e.Kind == fundtrail.EndMixer }) {
			ended++
		}
	}
	if ended < 100 {
		t.Errorf("only %d ended in mixes", ended)
	}
}
