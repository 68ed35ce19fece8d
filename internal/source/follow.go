package source

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/ingest"
	"github.com/fundtrail/fundtrail/internal/ledger"
)

// A Case is what is followed.
type Case struct {
	Thefts []fundtrail.Theft
	Bound  Bound
	Back   bool // where value came from
	// Base adds what is known from elsewhere to an empty builder; nil adds nothing.
	Base func(b *ledger.Builder) error
	// Trace traces on a ledger.
	Trace func(l fundtrail.Ledger) (*fundtrail.Trace, error)
	// Told is told what is being asked for.
	Told func(Step)
}

// A Step is what is being done.
type Step struct {
	Round   int
	Address fundtrail.Address // whose history is asked for
	Tx      fundtrail.TxID    // or the transaction
	Asset   fundtrail.Asset   // that reached it
	Amount  fundtrail.Amount
	Spent   int // requests so far
	Of      int // that may be made
}

// A Result is what following gave.
type Result struct {
	Ledger  *ledger.Memory
	Rounds  int
	Spent   int // requests made
	Asked   int // addresses whose history was asked for
	Heads   map[fundtrail.Chain]Record
	Blocks  map[fundtrail.Chain]int64 // the last block of histories
	Used    []Record                  // the answers it rests on, in a fixed order
	Kinds   fundtrail.Kinds
	Unknown []fundtrail.TxID // transactions that it starts from and the source does not know
	Cuts    []Cut            // histories that are not whole
	Left    []Left           // what value reached and was not asked for
	Stopped error            // why it was not: out of requests, offline, or a source that failed; nil: nothing is left
}

// A Cut is a history of which only a part was asked for.
type Cut struct {
	Address fundtrail.Address
	Why     string
}

// A Left is an address that value reached and whose history is not held.
type Left struct {
	Address fundtrail.Address
	Asset   fundtrail.Asset
	Amount  fundtrail.Amount // that reached it, under the headline policy
}

// follower is one run of Follow.
type follower struct {
	*Case
	s       *session
	apis    map[fundtrail.Chain]api
	heads   map[fundtrail.Chain]int64
	asked   map[fundtrail.Address]depth
	answers map[fundtrail.Chain][]ingest.Answer
	cover   []fundtrail.Coverage
	res     *Result
}

// A depth is how much of an address was asked for: each asks for what the one below does.
type depth uint8

const (
	notAsked depth = iota
	coinAlone
	withTokens
)

// needs is how much of an address is asked for when an asset reaches it.
func (f *follower) needs(a fundtrail.Asset) depth {
	info, _ := a.Chain.Info()
	if info.Model == fundtrail.Accounts && (f.Bound.Tokens || a.IsZero() || !a.Contract.IsZero()) {
		return withTokens
	}
	return coinAlone
}

// minRound is how many addresses are asked for between two traces, at most, and roundShare
// which part of those that were asked so far, where that is more. Value goes on from most of
// them. Each trace reads all answers anew, so that with rounds of one size a case twice as
// large would cost four times as much; with rounds that grow, all readings together cost
// about roundShare times the last one.
const (
	minRound   = 8
	roundShare = 4
)

// Follow asks for what a case needs: first the addresses and transactions it starts from,
// then, round for round, the histories of those that value reached, most of it first. It
// ends when there is nothing left to ask for or no more can be had, and the result says
// which. The same kept answers give the same ledger, in whatever order they were kept.
func (c *Case) Follow(ctx context.Context, kept *Kept, o Options) (*Result, error) {
	if len(c.Thefts) == 0 {
		return nil, fmt.Errorf("nothing to trace: no theft is given: %w", fundtrail.ErrInvalid)
	}
	if o.Fetch.Rate == 0 {
		if at, err := hostOf(&o, chainOf(&c.Thefts[0])); err == nil {
			o.Fetch.Rate, o.Fetch.Burst = at.Rate, max(1, int(at.Rate/10))
		}
	}
	f := &follower{Case: c, s: newSession(kept, o), apis: map[fundtrail.Chain]api{}, heads: map[fundtrail.Chain]int64{},
		asked: map[fundtrail.Address]depth{}, answers: map[fundtrail.Chain][]ingest.Answer{},
		res: &Result{Heads: map[fundtrail.Chain]Record{}, Blocks: map[fundtrail.Chain]int64{}}}
	defer f.s.client.CloseIdle()
	if err := f.run(ctx); err != nil {
		return nil, err
	}
	f.res.Spent, f.res.Asked = f.s.spent, len(f.asked)
	for _, r := range f.s.used {
		f.res.Used = append(f.res.Used, r)
	}
	slices.SortFunc(f.res.Used, func(x, y Record) int {
		return cmp.Or(cmp.Compare(x.Question.String(), y.Question.String()), cmp.Compare(x.SHA256, y.SHA256))
	})
	return f.res, nil
}

func chainOf(t *fundtrail.Theft) fundtrail.Chain {
	return cmp.Or(t.Address.Chain(), t.Tx.Chain, t.Asset.Chain)
}

func (f *follower) run(ctx context.Context) error {
	if err := f.start(ctx); err != nil {
		return err
	}
	for {
		tr, err := f.trace(ctx)
		if err != nil {
			return err
		}
		next := f.reached(tr)
		if len(next) == 0 || f.res.Stopped != nil {
			f.res.Left = next
			return nil
		}
		f.res.Rounds++
		for i, n := range next[:min(len(next), max(minRound, len(f.asked)/roundShare))] {
			if f.res.Stopped != nil {
				break
			}
			if i > 0 && ctx.Err() != nil {
				return ctx.Err()
			}
			if err := f.address(ctx, n); err != nil {
				return err
			}
		}
	}
}

// start asks for what the case starts from: the histories of its addresses and, of the
// transactions that those do not hold, what each did.
func (f *follower) start(ctx context.Context) error {
	for i := range f.Thefts {
		t := &f.Thefts[i]
		if _, err := f.api(ctx, chainOf(t)); err != nil {
			return err
		}
		if t.Address.IsZero() || f.asked[t.Address] >= f.needs(t.Asset) || f.res.Stopped != nil {
			continue
		}
		if err := f.address(ctx, Left{Address: t.Address, Asset: t.Asset, Amount: t.Amount}); err != nil {
			return err
		}
	}
	l, err := f.build(ctx)
	if err != nil {
		return err
	}
	for i := range f.Thefts {
		t := &f.Thefts[i]
		if _, held := l.FindTx(t.Tx); held || t.Tx.IsZero() || f.res.Stopped != nil {
			continue
		}
		chain := chainOf(t)
		f.tell(Step{Tx: t.Tx})
		h, err := f.apis[chain].transaction(ctx, t.Tx, f.heads[chain])
		if errors.Is(err, fundtrail.ErrNotFound) && !errors.Is(err, errOffline) && !t.Address.IsZero() {
			f.res.Unknown = append(f.res.Unknown, t.Tx) // its record states what it moved
			err = nil
		}
		if err = f.take(chain, h, err); err != nil {
			return err
		}
	}
	return nil
}

func (f *follower) tell(s Step) {
	if f.Told != nil {
		s.Round, s.Spent, s.Of = f.res.Rounds, f.s.spent, f.s.o.MaxRequests
		f.Told(s)
	}
}

// api returns a chain's interface, with its newest block known.
func (f *follower) api(ctx context.Context, chain fundtrail.Chain) (api, error) {
	if a := f.apis[chain]; a != nil {
		return a, nil
	}
	a, err := open(f.s, chain)
	if err != nil {
		return nil, err
	}
	head, err := a.head(ctx)
	if errors.Is(err, errOffline) {
		return nil, fmt.Errorf("nothing of %s is kept in %s: ask for it without --offline first: %w", chain, f.s.kept.Dir(), fundtrail.ErrNotFound)
	}
	if err != nil {
		return nil, err
	}
	f.apis[chain], f.heads[chain] = a, head
	f.res.Blocks[chain] = head
	for q, r := range f.s.used {
		if q.What == Head && q.Of == "" && q.Chain == chain {
			f.res.Heads[chain] = r
		}
	}
	return a, nil
}

// address asks for an address's history.
func (f *follower) address(ctx context.Context, n Left) error {
	chain := n.Address.Chain()
	a, err := f.api(ctx, chain)
	if err != nil {
		return err
	}
	f.tell(Step{Address: n.Address, Asset: n.Asset, Amount: n.Amount})
	b := f.Bound
	need := f.needs(n.Asset)
	b.Tokens = need == withTokens
	if slices.ContainsFunc(f.Thefts, func(t fundtrail.Theft) bool { return t.Address == n.Address }) {
		b.Hub = 0 // where it starts is no hub to the trace
	}
	h, err := a.history(ctx, n.Address, f.heads[chain], b)
	if errors.Is(err, fundtrail.ErrLimit) && !errors.Is(err, errBudget) {
		h.Cut, err = fmt.Sprintf("what was answered is too much to take in (%v)", err), nil
	}
	before := f.asked[n.Address]
	f.asked[n.Address] = need
	if err == nil && h.Cut != "" && before == notAsked {
		f.res.Cuts = append(f.res.Cuts, Cut{n.Address, h.Cut})
	}
	stopped := f.res.Stopped
	if err = f.take(chain, h, err); f.res.Stopped != stopped && err == nil {
		f.asked[n.Address] = before // it is among what is left
	}
	return err
}

// take keeps what a question gave. What cannot be had for now stops the asking, and what
// the source contradicts itself in fails.
func (f *follower) take(chain fundtrail.Chain, h *History, err error) error {
	if h != nil {
		f.answers[chain] = append(f.answers[chain], h.Answers...)
		f.cover = append(f.cover, h.Cover...)
	}
	switch {
	case err == nil:
		return nil
	case errors.Is(err, context.Canceled), errors.Is(err, fundtrail.ErrConflict), errors.Is(err, fundtrail.ErrInvalid):
		return err
	case errors.Is(err, errOffline), errors.Is(err, errBudget):
	case errors.Is(err, fundtrail.ErrUnavailable), errors.Is(err, errBusy):
		if f.empty() {
			return err // there is nothing to trace on
		}
	default:
		return err
	}
	f.res.Stopped = err
	return nil
}

// empty says that nothing was told yet.
func (f *follower) empty() bool {
	for _, list := range f.answers {
		if len(list) > 0 {
			return false
		}
	}
	return true
}

// build makes the ledger of what is held.
func (f *follower) build(ctx context.Context) (*ledger.Memory, error) {
	b := ledger.NewBuilder()
	if f.Base != nil {
		if err := f.Base(b); err != nil {
			return nil, err
		}
	}
	chains := make([]fundtrail.Chain, 0, len(f.answers))
	for chain := range f.answers {
		chains = append(chains, chain)
	}
	slices.Sort(chains)
	for _, chain := range chains {
		sum, err := ingest.Answers(ctx, b, f.answers[chain], ingest.AnswerOptions{Chain: chain, To: f.heads[chain], Wraps: f.s.o.Wraps})
		if err != nil {
			return nil, err
		}
		f.res.Kinds |= sum.Kinds
	}
	for _, c := range f.cover {
		b.Cover(c)
	}
	l, err := b.Seal()
	if err != nil {
		return nil, fmt.Errorf("the answers contradict each other, or files beside them: the chain may have been reorganised, or the source is wrong: ask anew with --refresh: %w", err)
	}
	return l, nil
}

// trace traces on what is held.
func (f *follower) trace(ctx context.Context) (*fundtrail.Trace, error) {
	l, err := f.build(ctx)
	if err != nil {
		return nil, err
	}
	f.res.Ledger = l
	tr, err := f.Trace(l)
	if f.res.Stopped != nil && errors.Is(err, fundtrail.ErrNotFound) {
		return nil, fmt.Errorf("%w; and no more was asked for: %v", err, f.res.Stopped)
	}
	if err != nil {
		return nil, err
	}
	f.Bound.Dust = map[fundtrail.Asset]fundtrail.Amount{}
	for _, s := range tr.Stolen {
		f.Bound.Dust[s.Asset] = s.Dust
	}
	return tr, nil
}

// reached lists the addresses at which value arrived and from which the trace would go on,
// or ends for want of data, and whose history is not held: most value first.
func (f *follower) reached(tr *fundtrail.Trace) []Left {
	at := map[fundtrail.Address]*Left{}
	for i := range tr.Hops {
		h := &tr.Hops[i]
		who, taint := h.To, h.Taint[tr.Policy]
		if f.Back {
			who = h.From
		}
		switch h.Kind {
		case fundtrail.HopFee, fundtrail.HopDust:
			continue
		}
		if who.IsZero() || f.asked[who] >= f.needs(h.Asset) || h.Taint.Most().IsZero() {
			continue
		}
		if h.End >= 0 {
			switch tr.Ends[h.End].Kind {
			case fundtrail.EndHeld, fundtrail.EndCoverage:
			default:
				continue
			}
		}
		if _, err := hostOf(&f.s.o, who.Chain()); err != nil {
			continue // value crossed to a chain of which the source tells nothing
		}
		l := at[who]
		if l == nil || f.needs(l.Asset) < f.needs(h.Asset) {
			l = &Left{Address: who, Asset: h.Asset}
			at[who] = l
		}
		if h.Asset == l.Asset {
			if sum, over := l.Amount.Add(taint); !over {
				l.Amount = sum
			}
		}
	}
	out := make([]Left, 0, len(at))
	for _, l := range at {
		out = append(out, *l)
	}
	stolen := map[fundtrail.Asset]fundtrail.Amount{}
	for _, s := range tr.Stolen {
		stolen[s.Asset] = s.Amount
	}
	share := func(l *Left) uint64 { // amounts of two assets compare as shares of what was stolen
		if whole := stolen[l.Asset]; !whole.IsZero() {
			n, _ := l.Amount.MulDiv(fundtrail.NewAmount(1_000_000_000), whole)
			return n.Uint64()
		}
		return 0
	}
	slices.SortFunc(out, func(x, y Left) int {
		return cmp.Or(cmp.Compare(share(&y), share(&x)), y.Amount.Cmp(x.Amount), x.Asset.Compare(y.Asset), x.Address.Compare(y.Address))
	})
	return out
}

// Held adds to a builder what kept answers tell, without asking anybody: all histories as of
// the newest block of each source and chain, or those that [Kept.Only] left. It returns the
// kinds of transfer that were among them.
func Held(ctx context.Context, kept *Kept, b *ledger.Builder, wraps func(fundtrail.Asset) bool) (ingest.Summary, error) {
	var sum ingest.Summary
	type place struct {
		source, host string
		chain        fundtrail.Chain
	}
	var places []place
	for _, r := range kept.Records() {
		if p := (place{r.Source, r.Host, r.Chain}); r.What == Head && r.Of == "" && !slices.Contains(places, p) {
			places = append(places, p)
		}
	}
	slices.SortFunc(places, func(x, y place) int {
		return cmp.Or(cmp.Compare(x.source, y.source), cmp.Compare(x.host, y.host), cmp.Compare(x.chain, y.chain))
	})
	for _, p := range places {
		got, err := held(ctx, kept, b, wraps, p.source, p.host, p.chain)
		if err != nil {
			return sum, fmt.Errorf("kept answers of %s: %w", p.source, err)
		}
		sum.Transactions += got.Transactions
		sum.Movements += got.Movements
		sum.Kinds |= got.Kinds
		sum.Rows += got.Rows
	}
	return sum, nil
}

func held(ctx context.Context, kept *Kept, b *ledger.Builder, wraps func(fundtrail.Asset) bool, name, host string, chain fundtrail.Chain) (sum ingest.Summary, err error) {
	s := newSession(kept, Options{Name: name, URL: "http://kept.invalid/", Offline: true, Wraps: wraps}) // nothing is asked
	s.host = host
	a, err := open(s, chain)
	if err != nil {
		return sum, err
	}
	head, err := a.head(ctx)
	if err != nil {
		return sum, err
	}
	var answers []ingest.Answer
	var cover []fundtrail.Coverage
	seen := map[Question]bool{}
	for _, r := range kept.Records() {
		q := r.Question
		if q.Source != name || q.Host != host || q.Chain != chain || seen[q] {
			continue
		}
		seen[q] = true
		var h *History
		switch {
		case q.What == Transaction:
			id, e := fundtrail.ParseHash(q.Of)
			if e != nil {
				return sum, e
			}
			h, err = a.transaction(ctx, fundtrail.TxID{Chain: chain, Hash: id}, head)
		case (q.What == Transactions || q.What == TracesFrom || q.What == Search) && q.To == head && q.From == 0 && q.Page <= 1 && q.After == "":
			of, e := fundtrail.ParseAddress(chain, q.Of)
			if e != nil {
				return sum, e
			}
			h, err = a.history(ctx, of, head, Bound{Tokens: true})
		default:
			continue
		}
		if err != nil && !errors.Is(err, fundtrail.ErrNotFound) { // what was not asked is not held
			return sum, err
		}
		if h != nil {
			answers, cover = append(answers, h.Answers...), append(cover, h.Cover...)
		}
	}
	for _, c := range cover {
		b.Cover(c)
	}
	return ingest.Answers(ctx, b, answers, ingest.AnswerOptions{Chain: chain, To: head, Wraps: wraps})
}
