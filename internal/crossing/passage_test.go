package crossing_test

import (
	"testing"
	"time"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/crossing"
	"github.com/google/go-cmp/cmp"
)

// traceInto makes a trace whose hops are the planted operators' deposits, one that no
// pool holds, and one that ends elsewhere.
func traceInto(p *plant, note fundtrail.Amount) *fundtrail.Trace {
	eth := fundtrail.NativeAsset(fundtrail.Ethereum)
	tr := &fundtrail.Trace{Ends: []fundtrail.End{{Kind: fundtrail.EndMixer, Asset: eth}, {Kind: fundtrail.EndExchange, Asset: eth}}}
	add := func(h fundtrail.Hash, from crossing.Account, at int64, end int) {
		tr.Hops = append(tr.Hops, fundtrail.Hop{
			Record: fundtrail.TransferOutput{Transfer: fundtrail.TransferID{Tx: fundtrail.TxID{Chain: fundtrail.Ethereum, Hash: h}}},
			Time:   time.Unix(at, 0).UTC(), From: from.On(fundtrail.Ethereum), Asset: eth, Amount: note, Kind: fundtrail.HopTransfer, End: end, Taint: fundtrail.Taints{fundtrail.FIFO: note},
		})
	}
	for _, d := range p.ev.Deposits {
		if p.senders[d.Sender] {
			add(d.Tx, d.Sender, d.Time, 0)
		}
	}
	add(tx(987654), who(3), 1000, 0)
	add(p.ev.Deposits[0].Tx, p.ev.Deposits[0].Sender, 1000, 1)
	// Somebody else's, of which less than half is stolen, and all of it by poison alone.
	add(p.ev.Deposits[1].Tx, p.ev.Deposits[1].Sender, 1000, 0)
	less, _ := note.MulDiv(fundtrail.NewAmount(49), fundtrail.NewAmount(100))
	tr.Hops[len(tr.Hops)-1].Taint = fundtrail.Taints{fundtrail.LIFO: less, fundtrail.Poison: note}
	return tr
}

// withoutSenders is the pool as its events tell it: nobody is named.
func withoutSenders(t *testing.T, p *plant) *crossing.Pool {
	t.Helper()
	ev := crossing.Events{Withdrawals: p.ev.Withdrawals}
	for _, d := range p.ev.Deposits {
		d.Sender = crossing.Account{}
		ev.Deposits = append(ev.Deposits, d)
	}
	return newPool(t, crossing.PoolName{Chain: fundtrail.Ethereum, Symbol: "eth", Unit: "100"}, ev)
}

// TestThrough: the deposits of a trace are found by their transaction, what the planted
// operators took out is linked to them, no withdrawal twice, none before its deposit, and
// the answer does not depend on how often it is asked.
func TestThrough(t *testing.T) {
	p := newPlant(5, 6, 2)
	pool := withoutSenders(t, p)
	tr := traceInto(p, pool.Note)
	got, missed, clean, err := crossing.Through(tr, []*crossing.Pool{pool})
	if err != nil || missed != 1 || clean != 1 || len(got) != len(p.senders) {
		t.Fatalf("%d passages, %d missed, %v; want %d and 1", len(got), missed, err, len(p.senders))
	}
	used := map[fundtrail.TxID]bool{}
	deposits, right, wrong := 0, 0, 0
	for _, ps := range got {
		deposits += len(ps.Deposits)
		from := crossing.Account(ps.Depositor.Payload())
		for _, w := range ps.Withdrawals {
			if used[w.Tx] {
				t.Errorf("%s comes out twice", w.Tx)
			}
			used[w.Tx] = true
			if w.Certainty != crossing.CertaintyOf(w.Probability) || w.Certainty == crossing.Unlikely || w.Method == "" || w.AnonymitySet == 0 {
				t.Errorf("%+v", w)
			}
			if w.Time.Before(ps.First) {
				t.Errorf("%s comes out before anything went in", w.Tx)
			}
			if w.Certainty == fundtrail.Possible {
				continue
			}
			if p.truth[crossing.Account(w.To.Payload())] == from {
				right++
			} else {
				wrong++
			}
		}
	}
	if deposits != len(tr.Hops)-3 {
		t.Errorf("%d deposits of %d", deposits, len(tr.Hops)-3)
	}
	if right < deposits*8/10 || wrong > right/5 {
		t.Errorf("%d right and %d wrong of %d notes", right, wrong, deposits)
	}
	again, _, _, err := crossing.Through(tr, []*crossing.Pool{withoutSenders(t, p)})
	if d := cmp.Diff(got, again, cmp.Comparer(func(a, b fundtrail.Address) bool { return a == b }), cmp.Comparer(func(a, b fundtrail.Asset) bool { return a == b }), cmp.Comparer(func(a, b fundtrail.Amount) bool { return a == b })); d != "" || err != nil {
		t.Errorf("asked again: %v\n%s", err, d)
	}
}

// TestThroughNothing: a trace that enters no mixer has no passages, and pools without its
// deposits leave every payment missed.
func TestThroughNothing(t *testing.T) {
	p := newPlant(7, 1, 2)
	pool := withoutSenders(t, p)
	if got, missed, _, err := crossing.Through(&fundtrail.Trace{}, []*crossing.Pool{pool}); len(got) != 0 || missed != 0 || err != nil {
		t.Errorf("%v %d %v", got, missed, err)
	}
	tr := traceInto(p, pool.Note)
	if got, missed, _, err := crossing.Through(tr, nil); len(got) != 0 || missed != len(tr.Hops)-2 || err != nil {
		t.Errorf("%v %d %v", got, missed, err)
	}
}
