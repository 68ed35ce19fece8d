package trace

import (
	"context"
	"fmt"

	"github.com/fundtrail/fundtrail"
)

// A run is one trace in the making.
type run struct {
	in     Input
	opt    Options
	ledger fundtrail.Ledger
	back   bool

	pending  *pending
	lanes    []lane
	thefts   map[fundtrail.Position]bool             // ledger records that are thefts
	sources  map[fundtrail.AddressID]bool            // whatever they pay is stolen
	starts   map[fundtrail.AddressID]bool            // where thefts arrived
	deposits []deposit                               // what no ledger record shows, in the order of the visit
	stated   map[balance][]deposit                   // the same by where it arrives
	now      int                                     // the place in deposits of the one being visited
	odds     map[fundtrail.Position]odds             // of the records of thefts that a method infers
	shares   map[fundtrail.Position]fundtrail.Amount // of the records of thefts: what is stolen of them, where not all is
	stopped  []stop                                  // those of them that are not followed
	crossed  map[fundtrail.Position]*injection
	plan     plan // of the transaction that is being visited
	stolen   map[fundtrail.AssetID]*stolen
	lost     []fundtrail.Stolen // thefts that the ledger cannot follow
	claims   claims

	holdings slab[holding]
	byAddr   table // the first holding of each address
	known    table // what is known of each
	knowns   slab[known]
	coins    map[fundtrail.Position]*coin
	hubs     map[balance]bool
	paybacks map[payback]fundtrail.Amount
	met      map[fundtrail.AddressID]struct{} // scratch of hub

	graph    *graph
	ends     []endState
	endIDs   map[endKey]int32
	events   slab[event]
	spent    []fundtrail.Position  // the coins that events spend
	passages []*fundtrail.Crossing // of events
	span     fundtrail.Span        // of the last event
	rests    []rest
	exits    []exit

	parcel  parcel // scratch
	buf     []fundtrail.Position
	batch   [16]fundtrail.Movement
	ahead   ahead
	visited int
	notes   []string

	eventOdds map[*event]*fundtrail.Odds // of what events carry; nil where all starts are certain
	endOdds   []oddsSum
}

// A lane is one chain's positions and how far the visit has come in them.
type lane struct {
	fundtrail.ChainSpan
	coins       bool
	lo, hi      fundtrail.Position // bounds by time
	cursor      fundtrail.Position // forward: next to look at; backward: one past it
	deposits    []deposit          // of this chain, still to come
	next        fundtrail.Position
	nextDeposit bool
	ready, done bool
}

func newRun(in Input, opt Options) *run {
	r := &run{
		in: in, opt: opt, ledger: in.Ledger, back: opt.Direction == fundtrail.Backward,
		pending:  newPending(in.Ledger.Size()),
		thefts:   map[fundtrail.Position]bool{},
		sources:  map[fundtrail.AddressID]bool{},
		starts:   map[fundtrail.AddressID]bool{},
		stated:   map[balance][]deposit{},
		odds:     map[fundtrail.Position]odds{},
		shares:   map[fundtrail.Position]fundtrail.Amount{},
		crossed:  map[fundtrail.Position]*injection{},
		stolen:   map[fundtrail.AssetID]*stolen{},
		coins:    map[fundtrail.Position]*coin{},
		hubs:     map[balance]bool{},
		paybacks: map[payback]fundtrail.Amount{},
		met:      map[fundtrail.AddressID]struct{}{},
		graph:    newGraph(),
		endIDs:   map[endKey]int32{},
		buf:      make([]fundtrail.Position, 0, 1024),
	}
	for _, c := range in.Ledger.Chains() {
		info, _ := c.Chain.Info()
		l := lane{ChainSpan: c, coins: info.Model == fundtrail.Coins, lo: c.First, hi: c.End}
		if !opt.Since.IsZero() {
			l.lo = in.Ledger.Seek(c.Chain, opt.Since.Unix())
		}
		if !opt.Until.IsZero() {
			l.hi = max(l.lo, in.Ledger.Seek(c.Chain, opt.Until.Unix()+1))
		}
		l.cursor = l.lo
		if r.back {
			l.cursor = l.hi
		}
		r.lanes = append(r.lanes, l)
	}
	r.claims = r.indexClaims(in.Ledger.Coverage())
	return r
}

// lane returns the lane of a position.
func (r *run) lane(p fundtrail.Position) *lane {
	for i := range r.lanes {
		if p < r.lanes[i].End {
			return &r.lanes[i]
		}
	}
	return nil
}

// want puts a position on the list of what is to be visited, if the time bounds let it.
func (r *run) want(p fundtrail.Position) {
	if l := r.lane(p); p >= l.lo && p < l.hi {
		r.pending.add(p)
		l.ready = false
	}
}

// visit goes through the pending positions in order. Chains are taken together by
// time, because a crossing leads from one to another.
func (r *run) visit(ctx context.Context) error {
	for steps := 0; ; steps++ {
		if steps%(1<<14) == 0 {
			if err := ctx.Err(); err != nil {
				return err
			}
			if r.opt.Progress != nil {
				r.opt.Progress(r.visited)
			}
		}
		l := r.nextLane()
		if l == nil {
			return r.ledger.Err()
		}
		l.ready = false
		if l.nextDeposit {
			d := l.deposits[0]
			l.deposits = l.deposits[1:]
			if err := r.deposit(d); err != nil {
				return err
			}
			continue
		}
		p := l.next
		var err error
		switch {
		case l.coins:
			var span fundtrail.Span
			if span, err = r.coinTransaction(p); r.back {
				l.cursor = span.First
			} else {
				l.cursor = span.End
			}
		case r.reorders(p):
			l.cursor = r.plan.span.End
			err = r.inOrder()
		default:
			l.cursor = p
			if !r.back {
				l.cursor = p + 1
			}
			err = r.movement(p)
		}
		if err != nil {
			return err
		}
	}
}

// nextLane returns the lane whose next step comes first in time, nil at the end.
func (r *run) nextLane() *lane {
	var first *lane
	var firstTime int64
	for i := range r.lanes {
		l := &r.lanes[i]
		if !l.ready {
			r.advance(l)
		}
		if l.done {
			continue
		}
		if len(r.lanes) == 1 {
			return l
		}
		t := r.time(min(l.next, l.End-1)) // a stated theft may come after all
		if first == nil || !r.back && t < firstTime || r.back && t > firstTime {
			first, firstTime = l, t
		}
	}
	return first
}

// advance finds a lane's next step.
func (r *run) advance(l *lane) {
	l.ready, l.done, l.nextDeposit = true, false, false
	var ok bool
	if r.back {
		l.next, ok = r.pending.prev(l.cursor, l.lo)
	} else {
		l.next, ok = r.pending.next(l.cursor, l.hi)
	}
	if len(l.deposits) > 0 {
		if at := l.deposits[0].at; !ok || !r.back && at <= l.next || r.back && at > l.next {
			l.next, l.nextDeposit = at, true
			return
		}
	}
	l.done = !ok
}

// time returns the block time of a position.
func (r *run) time(p fundtrail.Position) int64 { return r.ledger.Transaction(p).Time }

func (r *run) overflow(addr fundtrail.AddressID, asset fundtrail.AssetID) error {
	return fmt.Errorf("balance of %s in %s exceeds 256 bits: its transfers cannot all be real; name another asset: %w",
		r.address(addr), r.ledger.Asset(asset), fundtrail.ErrLimit)
}
