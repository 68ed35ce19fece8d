package trace_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/trace"
)

func isNotFound(err error) bool { return errors.Is(err, fundtrail.ErrNotFound) }

// without returns the scene with what a test of limits does not ask about left out.
func (s *scene) without() *scene {
	s.in.Crossings = nil
	s.opt.MaxHops, s.opt.Dust = 0, nil
	return s
}

// TestTimeBounds: with bounds in time no hop lies outside them, value is conserved, and
// the hops inside are what they are without bounds.
func TestTimeBounds(t *testing.T) {
	seeds := uint64(600)
	if testing.Short() {
		seeds = 100
	}
	cut, traced := 0, 0
	for seed := range seeds {
		s := randomScene(t, seed).without()
		whole := s.ask(t, s.ledger)
		if whole == nil {
			continue
		}
		r := rand.New(rand.NewPCG(seed, 67))
		some := func() time.Time {
			return s.txs[r.IntN(len(s.txs))].Block.Time.Add(time.Duration(r.IntN(3)-1) * time.Second)
		}
		since, until := some(), some()
		if until.Before(since) {
			since, until = until, since
		}
		bounded := *s
		switch r.IntN(3) {
		case 0:
			bounded.opt.Since, until = since, time.Time{}
		case 1:
			bounded.opt.Until, since = until, time.Time{}
		default:
			bounded.opt.Since, bounded.opt.Until = since, until
		}
		tr := bounded.ask(t, s.ledger)
		if tr == nil {
			continue // no theft lies inside
		}
		traced++
		if err := checkTrace(tr, nil); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		spent := spentAt(s.txs)
		inside := func(h *fundtrail.Hop) bool {
			at := h.Time
			if t, ok := spent[h.Record]; ok && s.opt.Direction == fundtrail.Backward && h.Kind != fundtrail.HopTheft {
				at = t // a step back is from where a coin was spent, and cites where it was made
			}
			return (since.IsZero() || !at.Before(since)) && (until.IsZero() || !at.After(until))
		}
		for _, h := range tr.Hops {
			if !inside(&h) {
				t.Fatalf("seed %d: hop %s %s at %s is not between %s and %s", seed, h.Kind, h.Record, h.Time, since, until)
			}
		}
		// Where every theft lies inside, the bound behind cuts nothing, and the one ahead
		// only cuts off.
		if stolenSum(whole) != stolenSum(tr) {
			continue
		}
		var got, want []fundtrail.Hop
		for _, h := range whole.Hops {
			if inside(&h) {
				want = append(want, h)
			}
		}
		if len(want) < len(whole.Hops) {
			cut++
		}
		// What reaches a record by a gap alone may need one past the bound.
		byGap := func(h fundtrail.Hop) bool { return h.WithoutGaps.IsZero() }
		got, want = slices.DeleteFunc(slices.Clone(tr.Hops), byGap), slices.DeleteFunc(want, byGap)
		if len(want) != len(got) {
			t.Fatalf("seed %d: %d hops, of %d in all %d are inside", seed, len(got), len(whole.Hops), len(want))
		}
		for i, h := range got {
			w := want[i]
			if h.Record != w.Record || h.Kind != w.Kind || h.Taint != w.Taint || h.Depth != w.Depth || h.WithoutGaps != w.WithoutGaps || h.Possible.Cmp(w.Possible) > 0 {
				t.Fatalf("seed %d: hop %d:\n%+v\nand without bounds\n%+v", seed, i, h, w)
			}
		}
	}
	if traced < int(seeds)/4 || cut < int(seeds)/20 {
		t.Errorf("only %d traces, of which %d were cut", traced, cut)
	}
}

// spentAt says when each coin was spent.
func spentAt(txs []fundtrail.Transaction) map[fundtrail.TransferOutput]time.Time {
	out := map[fundtrail.TransferOutput]time.Time{}
	for _, tx := range txs {
		for _, tr := range tx.Transfers {
			for _, in := range tr.Inputs {
				if !in.Spends.Transfer.Tx.IsZero() {
					out[in.Spends] = tx.Block.Time
				}
			}
		}
	}
	return out
}

// stolenSum writes what was stolen of each asset.
func stolenSum(tr *fundtrail.Trace) string {
	s := ""
	for _, st := range tr.Stolen {
		s += fmt.Sprintf("%s %s ", st.Amount, st.Asset)
	}
	return s
}

// TestTheftOutsideBounds: a theft that lies outside the bounds is not traced, and the
// trace says so; where it is the only one there is nothing to trace.
func TestTheftOutsideBounds(t *testing.T) {
	early, late := time.Date(2022, 3, 29, 10, 30, 0, 0, time.UTC), time.Date(2022, 3, 29, 9, 30, 0, 0, time.UTC)
	for name, ledger := range map[string]string{
		"accounts": `
			2022-03-29T10:00Z t1 eth victim -> thief 0.000000000000000010
			2022-03-29T11:00Z t2 eth other -> thief 0.000000000000000005
			2022-03-29T12:00Z t3 eth thief -> x 0.000000000000000015`,
		"coins": `
			2022-03-29T10:00Z t1 btc coinbase -> thief 0.00000010
			2022-03-29T11:00Z t2 btc coinbase -> thief 0.00000005
			2022-03-29T12:00Z t3 btc t1:0 + t2:0 -> x 0.00000015`,
	} {
		for _, direction := range []fundtrail.Direction{fundtrail.Forward, fundtrail.Backward} {
			t.Run(name+"/"+string(direction), func(t *testing.T) {
				for _, opt := range []trace.Options{{Since: early}, {Until: late}} {
					in := textInput(t, ledger, "t1")
					opt.Direction = direction
					if tr, err := trace.Run(t.Context(), in, opt); !isNotFound(err) {
						t.Errorf("since %s until %s: %v, %v", opt.Since, opt.Until, tr, err)
					}
				}
				in := textInput(t, ledger, "t1", "t2")
				tr := runTrace(t, in, trace.Options{Direction: direction, Since: early})
				if err := checkTrace(tr, nil); err != nil || len(tr.Stolen) != 1 || tr.Stolen[0].Amount != fundtrail.NewAmount(5) || len(tr.Notes) != 1 {
					t.Errorf("one of two thefts inside: %v, stolen %v, notes %q", err, tr.Stolen, tr.Notes)
				}
			})
		}
	}
}

// TestMaxHops: no hop is deeper than a step past the limit, where it ends.
func TestMaxHops(t *testing.T) {
	seeds := uint64(400)
	if testing.Short() {
		seeds = 80
	}
	limited := 0
	for seed := range seeds {
		s := randomScene(t, seed)
		s.opt.MaxHops = 1 + int(seed/3%3)
		tr := s.ask(t, s.ledger)
		if tr == nil {
			continue
		}
		if s.in.Crossings == nil {
			if err := checkTrace(tr, nil); err != nil {
				t.Fatalf("seed %d: %v", seed, err)
			}
		}
		near := map[fundtrail.Address]bool{} // followed from no deeper than the limit
		for _, st := range tr.Stolen {
			for _, theft := range st.Thefts {
				near[theft.Address] = true
			}
		}
		for _, h := range tr.Hops {
			to := h.To
			if tr.Direction == fundtrail.Backward {
				to = h.From
			}
			switch {
			case h.Depth > s.opt.MaxHops+1:
				t.Fatalf("seed %d: hop %s %s is %d deep, the limit is %d", seed, h.Kind, h.Record, h.Depth, s.opt.MaxHops)
			case h.Depth <= s.opt.MaxHops:
				near[to] = true
			case h.End < 0 && (len(h.Spends) > 0 || !near[to]):
				t.Fatalf("seed %d: hop %s %s is %d deep and goes on, the limit is %d", seed, h.Kind, h.Record, h.Depth, s.opt.MaxHops)
			}
			if h.End >= 0 && tr.Ends[h.End].Kind == fundtrail.EndLimit {
				limited++
			}
		}
	}
	if limited < int(seeds)/10 {
		t.Errorf("only %d hops ended at the limit", limited)
	}
}

// TestMaxVisits: whatever the limit of work, value is conserved, and what is cut ends as
// a limit.
func TestMaxVisits(t *testing.T) {
	seeds := uint64(400)
	if testing.Short() {
		seeds = 80
	}
	cut := 0
	for seed := range seeds {
		s := randomScene(t, seed).without()
		whole := s.ask(t, s.ledger)
		if whole == nil {
			continue
		}
		s.opt.MaxVisits = 1 + rand.New(rand.NewPCG(seed, 71)).IntN(whole.Visited+1)
		tr := s.ask(t, s.ledger)
		if err := checkTrace(tr, nil); err != nil {
			t.Fatalf("seed %d, %d visits: %v", seed, s.opt.MaxVisits, err)
		}
		limited := false
		for _, e := range tr.Ends {
			limited = limited || e.Kind == fundtrail.EndLimit
		}
		if len(tr.Hops) < len(whole.Hops) && !limited {
			t.Fatalf("seed %d, %d visits: %d hops of %d, and no end says why", seed, s.opt.MaxVisits, len(tr.Hops), len(whole.Hops))
		}
		if limited {
			cut++
		}
	}
	if cut < int(seeds)/8 {
		t.Errorf("only %d traces were cut", cut)
	}
}

func TestCancelled(t *testing.T) {
	s := randomScene(t, 2)
	in := s.in
	in.Ledger = s.ledger
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if tr, err := trace.Run(ctx, in, s.opt); !errors.Is(err, context.Canceled) || tr != nil {
		t.Errorf("cancelled: %v, %v", tr, err)
	}
	ctx, cancel = context.WithDeadline(t.Context(), time.Unix(0, 0))
	defer cancel()
	if tr, err := trace.Run(ctx, in, s.opt); !errors.Is(err, context.DeadlineExceeded) || tr != nil {
		t.Errorf("too late: %v, %v", tr, err)
	}
}
