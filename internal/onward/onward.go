// Package onward follows value on from where it came out of what unties the two sides of
// a payment: a mixer's pool, a CoinJoin, a bridge without ids.
//
// A trace ends where value goes in. Passages say, with odds, where it came out. From
// there this package traces again, once for each certainty: a trace of what came out for
// certain, one of what probably did, one of what possibly did. They are three accounts of
// the same value and are never summed. Where such a trace goes into a passage again there
// is another round.
//
// What keeps it honest:
//   - a withdrawal starts one onward trace only, in one round and at one certainty;
//   - of one passage no more starts at one certainty than what was stolen of its deposits;
//   - a withdrawal's probability is that of its link times that of the deposits, and its
//     certainty never better than either's;
//   - whatever else is known to have come out comes in as clean value, so that it is
//     neither followed nor taken for a gap in the data.
//
// doc/methods-mixers.md says what may be concluded from it. The package is pure: what
// traces and what finds passages are engines of their own.
package onward

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/crossing"
	"github.com/fundtrail/fundtrail/internal/trace"
)

// Rounds is how often value is followed through passages unless asked otherwise.
const Rounds = 3

// certainties, the surest first.
var certainties = []fundtrail.Certainty{fundtrail.Certain, fundtrail.Probable, fundtrail.Possible}

// A Finder says where value came out, as [crossing.Mixers] does.
type Finder interface {
	// Passages are those that a trace's value went into, and in sentences what was left out.
	Passages(*fundtrail.Trace) ([]fundtrail.Passage, []string, error)
	// Payouts are all that is known to have come out, of whoever's value.
	Payouts() []fundtrail.Receipt
}

// Finders are several that are asked one after the other. No two find the same passage: a
// payment goes into one thing.
type Finders []Finder

// Passages returns those of all finders.
func (f Finders) Passages(tr *fundtrail.Trace) (passages []fundtrail.Passage, notes []string, err error) {
	for _, one := range f {
		p, n, err := one.Passages(tr)
		if err != nil {
			return nil, nil, err
		}
		passages, notes = append(passages, p...), append(notes, n...)
	}
	return passages, notes, nil
}

// Payouts returns what all finders know.
func (f Finders) Payouts() (all []fundtrail.Receipt) {
	for _, one := range f {
		all = append(all, one.Payouts()...)
	}
	return all
}

// Run traces, finds the passages and follows on from them, at most rounds times. Without
// a finder it is trace.Run; with 0 rounds it stops at who took the value out.
func Run(ctx context.Context, in trace.Input, opt trace.Options, finder Finder, rounds int) (*fundtrail.Trace, error) {
	tr, err := trace.Run(ctx, in, opt)
	if err != nil || finder == nil {
		return tr, err
	}
	if rounds < 0 {
		return nil, fmt.Errorf("follow on for %d rounds: want 0 or more: %w", rounds, fundtrail.ErrInvalid)
	}
	if tr.Direction == fundtrail.Backward {
		return nil, fmt.Errorf("passages are followed forward, not backward: %w", fundtrail.ErrInvalid)
	}
	f := &follower{in: in, opt: opt, finder: finder, tr: tr, used: map[payment]int{}, alike: map[payment]int{}}
	f.opt.Dust = map[fundtrail.Asset]fundtrail.Amount{}
	for _, s := range tr.Stolen {
		f.opt.Dust[s.Asset] = s.Dust // one floor for all
	}
	if err := f.passages(tr); err != nil {
		return nil, err
	}
	from := []int{-1}
	for round := 1; round <= rounds && len(from) > 0; round++ {
		if from, err = f.round(ctx, round, from); err != nil {
			return nil, err
		}
	}
	f.notes(rounds, from)
	return tr, nil
}

// A payment tells withdrawals apart: by the ledger's record, or else by what is known of
// them. Several may be alike.
type payment struct {
	record fundtrail.TransferOutput
	tx     fundtrail.TxID
	to     fundtrail.Address
	asset  fundtrail.Asset
	amount fundtrail.Amount
}

func paymentOf(w *fundtrail.Withdrawal) payment {
	if w.Record != (fundtrail.TransferOutput{}) {
		return payment{record: w.Record}
	}
	return payment{tx: w.Tx, to: w.To, asset: w.Asset, amount: w.Amount}
}

func receiptOf(r *fundtrail.Receipt) payment {
	return payment{tx: r.Tx, to: r.Address, asset: r.Asset, amount: r.Amount}
}

type follower struct {
	in     trace.Input
	opt    trace.Options
	finder Finder
	tr     *fundtrail.Trace
	used   map[payment]int // how many of those alike have started a trace
	alike  map[payment]int // how many are known
	paid   []fundtrail.Receipt
	left   leftOut
}

// leftOut counts withdrawals that start nothing.
type leftOut struct{ beyond, twice, outside, undefined int }

// at returns the trace that an index of OnwardStart.Onward means.
func (f *follower) at(onward int) *fundtrail.Trace {
	if onward < 0 {
		return f.tr
	}
	return f.tr.Onward[onward].Trace
}

// passages finds those of a trace, and learns what came out besides.
func (f *follower) passages(tr *fundtrail.Trace) error {
	passages, notes, err := f.finder.Passages(tr)
	if err != nil {
		return err
	}
	tr.Passages, tr.Notes = passages, append(tr.Notes, notes...)
	return nil
}

// payouts gathers, of addresses that the ledger knows, all that is known to have come out:
// what the finder knows, and withdrawals of passages that are not among it and that no
// ledger record shows. Of the withdrawals it counts how many are alike.
func (f *follower) payouts() {
	clear(f.alike)
	f.paid = f.paid[:0]
	var linked []*fundtrail.Withdrawal
	for i := -1; i < len(f.tr.Onward); i++ {
		for _, p := range f.at(i).Passages {
			for k := range p.Withdrawals {
				linked = append(linked, &p.Withdrawals[k])
				f.alike[paymentOf(&p.Withdrawals[k])] = 0
			}
		}
	}
	add := func(r fundtrail.Receipt) {
		if _, ok := f.in.Ledger.AddressID(r.Address); ok {
			f.paid = append(f.paid, r)
		}
	}
	for _, r := range f.finder.Payouts() {
		k := receiptOf(&r)
		if n, ok := f.alike[k]; ok {
			f.alike[k] = n + 1
		}
		add(r)
	}
	for _, w := range linked {
		if k := paymentOf(w); f.alike[k] == 0 {
			if f.alike[k] = 1; k.record == (fundtrail.TransferOutput{}) {
				add(fundtrail.Receipt{Tx: w.Tx, Address: w.To, Asset: w.Asset, Amount: w.Amount, Time: w.Time, Height: w.Height})
			}
		}
	}
}

// round traces on from the passages of the traces at the given places, and returns the
// places of the traces it made.
func (f *follower) round(ctx context.Context, round int, from []int) (made []int, err error) {
	f.payouts()
	starts := f.starts(from)
	for _, c := range certainties {
		if len(starts[c]) == 0 {
			continue
		}
		o := fundtrail.Onward{Certainty: c, Round: round, Starts: starts[c]}
		in := f.in
		in.Stated, in.Thefts = true, nil
		for i := range o.Starts {
			in.Thefts = append(in.Thefts, f.theft(&o.Starts[i]))
		}
		in.Receipts = f.clean(o.Starts)
		o.Addresses, o.Known = f.known(in.Thefts)
		if o.Trace, err = trace.Run(ctx, in, f.opt); err != nil {
			return nil, fmt.Errorf("follow on what is %s in round %d: %w", c, round, err)
		}
		if err := f.passages(o.Trace); err != nil {
			return nil, err
		}
		made = append(made, len(f.tr.Onward))
		f.tr.Onward = append(f.tr.Onward, o)
	}
	return made, nil
}

// known counts the addresses of starts, and those that the ledger knows.
func (f *follower) known(starts []fundtrail.Theft) (all, known int) {
	seen := map[fundtrail.Address]bool{}
	for i := range starts {
		a := starts[i].Address
		if seen[a] {
			continue
		}
		seen[a] = true
		if _, ok := f.in.Ledger.AddressID(a); ok {
			known++
		}
	}
	return len(seen), known
}

// theft makes a start what a trace begins with: the ledger's record where it holds one.
func (f *follower) theft(s *fundtrail.OnwardStart) fundtrail.Theft {
	p := &f.at(s.Onward).Passages[s.Passage]
	w := &p.Withdrawals[s.Withdrawal]
	t := fundtrail.Theft{Tx: w.Tx, Address: w.To, Asset: w.Asset, Amount: w.Amount, Time: w.Time, Height: w.Height, Carries: s.Carries, Probability: s.Probability, Weight: s.Weight}
	if w.Record != (fundtrail.TransferOutput{}) {
		t.Tx, t.Index, t.HasIndex = w.Record.Transfer.Tx, w.Record.Transfer.Index, true
		if info, _ := t.Tx.Chain.Info(); info.Model == fundtrail.Coins {
			t.Index = w.Record.Output
		}
	}
	return t
}

// clean is what came out but for the starts: in their trace it is nobody's.
func (f *follower) clean(starts []fundtrail.OnwardStart) []fundtrail.Receipt {
	own := map[payment]int{}
	for _, s := range starts {
		own[paymentOf(&f.at(s.Onward).Passages[s.Passage].Withdrawals[s.Withdrawal])]++
	}
	var out []fundtrail.Receipt
	for i := range f.paid {
		if k := receiptOf(&f.paid[i]); own[k] > 0 {
			own[k]--
			continue
		}
		out = append(out, f.paid[i])
	}
	return out
}

// A candidate is a withdrawal that may start a trace.
type candidate struct {
	fundtrail.OnwardStart
	certainty fundtrail.Certainty
}

// starts chooses the withdrawals that go on, by certainty: the likeliest first, each once,
// and of a passage no more than what went in.
func (f *follower) starts(from []int) map[fundtrail.Certainty][]fundtrail.OnwardStart {
	var all []candidate
	rooms := map[fundtrail.OnwardStart]*[3]room{} // by trace and passage, for each certainty
	for _, at := range from {
		tr := f.at(at)
		arrived := arrivals(tr)
		for i := range tr.Passages {
			p := &tr.Passages[i]
			in := sumUp(p, arrived)
			rooms[fundtrail.OnwardStart{Onward: at, Passage: i}] = &[3]room{{deposited: in}, {deposited: in}, {deposited: in}}
			for k := range p.Withdrawals {
				w := &p.Withdrawals[k]
				c := candidate{fundtrail.OnwardStart{Onward: at, Passage: i, Withdrawal: k, Carries: w.Carries, Probability: w.Probability * in.odds(), Weight: w.Probability * in.weight()}, w.Certainty}
				if w.Spread {
					c.Weight = in.weight()
				}
				if f.outside(w) {
					continue
				}
				if c.Probability < w.Probability {
					c.certainty = weaker(c.certainty, crossing.CertaintyOf(c.Probability))
				}
				if slices.Contains(certainties, c.certainty) {
					all = append(all, c)
				}
			}
		}
	}
	slices.SortStableFunc(all, func(a, b candidate) int { return cmp.Compare(b.Probability, a.Probability) })
	out := map[fundtrail.Certainty][]fundtrail.OnwardStart{}
	for _, c := range all {
		p := &f.at(c.Onward).Passages[c.Passage]
		w := &p.Withdrawals[c.Withdrawal]
		key := paymentOf(w)
		if f.used[key] >= max(1, f.alike[key]) {
			f.left.twice++
			continue
		}
		room := &rooms[fundtrail.OnwardStart{Onward: c.Onward, Passage: c.Passage}][rank(c.certainty)]
		if c.Carries = room.take(p, w); c.Carries.IsZero() {
			f.left.beyond++
			continue
		}
		f.used[key]++
		out[c.certainty] = append(out[c.certainty], c.OnwardStart)
	}
	for _, list := range out {
		slices.SortFunc(list, func(a, b fundtrail.OnwardStart) int {
			return cmp.Or(cmp.Compare(a.Onward, b.Onward), cmp.Compare(a.Passage, b.Passage), cmp.Compare(a.Withdrawal, b.Withdrawal))
		})
	}
	return out
}

// outside reports whether a withdrawal lies outside the time that was asked for, or where
// the headline policy says nothing.
func (f *follower) outside(w *fundtrail.Withdrawal) bool {
	if !f.opt.Since.IsZero() && w.Time.Before(f.opt.Since) || !f.opt.Until.IsZero() && w.Time.After(f.opt.Until) {
		f.left.outside++
		return true
	}
	if info, _ := w.Asset.Chain.Info(); !f.opt.Policy.On(info.Model) {
		f.left.undefined++
		return true
	}
	return false
}

func rank(c fundtrail.Certainty) int {
	if i := slices.Index(certainties, c); i >= 0 {
		return i
	}
	return len(certainties)
}

func weaker(a, b fundtrail.Certainty) fundtrail.Certainty {
	if rank(b) > rank(a) {
		return b
	}
	return a
}

// notes says in the trace's own notes what was not followed on.
func (f *follower) notes(rounds int, last []int) {
	left := f.left // before the next round is only counted
	say := func(n int, format string, args ...any) {
		if n > 0 {
			f.tr.Notes = append(f.tr.Notes, fmt.Sprintf(format, append([]any{n}, args...)...))
		}
	}
	if rounds > 0 && len(last) > 0 {
		n := 0
		for _, list := range f.starts(last) {
			n += len(list)
		}
		say(n, "%d more withdrawals are linked to what went into mixers or the like again; they are not followed: the limit is --onward-rounds %d.", rounds)
	}
	say(left.beyond, "Linked withdrawals beyond what their depositor had paid in: %d. They are listed, and nothing is followed from them.")
	say(left.twice, "Withdrawals linked a second time: %d. Each is followed once, where it is the likeliest.")
	say(left.outside, "Linked withdrawals outside the time that was asked for: %d. Nothing is followed from them.")
	say(left.undefined, "Linked withdrawals on chains on which the headline policy says nothing: %d. Nothing is followed from them.")
}
