package archive

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/ledger"
)

// A loading adds facts behind those of the ledger, in the order of the ledger.
type loading struct {
	w     *Writer
	next  *tails
	limit int // of a segment's movements
	// maker gives one for a chain's movements from a position on; emit has it made a
	// segment of next, at the latest when flush returns.
	maker   func(chain fundtrail.Chain, first uint64) *maker
	emit    func(m *maker, c *tail) error
	flush   func() error
	headers []fundtrail.Block // not added yet, by chain and height
	parts   bool              // what is added next may spend of what was
	a       *adder            // of the chain that is added to
	rows    int64             // added
}

// addFacts adds a batch's movements and headers to makers, chain by chain, and calls
// emit for each that is to become a segment: it must push it onto the tails.
func (w *Writer) addFacts(next *tails, b Batch, limit int, emit func(m *maker, c *tail) error) error {
	l := &loading{w: w, next: next, limit: limit, emit: emit, flush: func() error { return nil }}
	l.maker = func(chain fundtrail.Chain, first uint64) *maker {
		return newMaker(chain, first, next.of(chain).known())
	}
	if err := l.begin(b.Headers); err != nil {
		return err
	}
	if b.Facts != nil {
		if err := l.add(b.Facts); err != nil {
			return err
		}
	}
	return l.finish()
}

func (l *loading) begin(headers []fundtrail.Block) error {
	for _, h := range headers {
		if _, ok := h.Chain.Info(); !ok {
			return fmt.Errorf("block %d of chain %q, which is not known: %w", h.Height, h.Chain, fundtrail.ErrInvalid)
		}
	}
	l.headers = slices.Clone(headers)
	slices.SortStableFunc(l.headers, func(x, y fundtrail.Block) int {
		return cmp.Or(cmp.Compare(x.Chain, y.Chain), cmp.Compare(x.Height, y.Height))
	})
	return nil
}

// add adds facts of blocks above those that were added before.
func (l *loading) add(facts *ledger.Memory) error {
	for _, span := range facts.Chains() {
		if err := l.chain(span.Chain); err != nil {
			return err
		}
		if err := l.a.run(facts, span); err != nil {
			return err
		}
		l.rows += int64(span.End - span.First)
	}
	return nil
}

// chain goes on to a chain, after those before it of which only headers are told.
func (l *loading) chain(chain fundtrail.Chain) error {
	if l.a != nil && l.a.c.chain == chain {
		return nil
	}
	if err := l.end(); err != nil {
		return err
	}
	for len(l.headers) > 0 && l.headers[0].Chain < chain {
		if err := l.chain(l.headers[0].Chain); err != nil {
			return err
		}
		if err := l.end(); err != nil {
			return err
		}
	}
	c := l.next.of(chain)
	a := &adder{l: l, c: c, before: slices.Clone(c.segments), tip: c.tip(), spent: map[uint64]bool{}}
	n := 0
	for n < len(l.headers) && l.headers[n].Chain == chain {
		n++
	}
	a.headers, l.headers = l.headers[:n], l.headers[n:]
	a.m = l.maker(chain, c.count())
	l.a = a
	return nil
}

// end ends the chain that is added to.
func (l *loading) end() error {
	a := l.a
	if a == nil {
		return nil
	}
	l.a = nil
	for len(a.headers) > 0 {
		if err := a.block(a.headers[0].Height, a.headers[0].Time.Unix()); err != nil {
			return err
		}
	}
	if len(a.m.blocks) > 0 {
		if err := l.emit(a.m, a.c); err != nil {
			return err
		}
	}
	return l.flush()
}

// finish adds what only headers tell, and ends.
func (l *loading) finish() error {
	if err := l.end(); err != nil {
		return err
	}
	for len(l.headers) > 0 {
		if err := l.chain(l.headers[0].Chain); err != nil {
			return err
		}
		if err := l.end(); err != nil {
			return err
		}
	}
	return l.w.fail.get()
}

// An adder adds to one chain.
type adder struct {
	l       *loading
	c       *tail
	before  []*segment // that the ledger held
	base    uint64     // position of the first movement of the facts that are added
	tip     int64
	headers []fundtrail.Block
	m       *maker
	met     []uint32 // by the facts' numbers of addresses, the maker's
	spent   map[uint64]bool
}

// emit has a segment made of what was added, and begins another.
func (a *adder) emit() error {
	next := a.m.first + uint64(a.m.rows())
	if err := a.l.emit(a.m, a.c); err != nil {
		return err
	}
	a.m = a.l.maker(a.c.chain, next)
	clear(a.met)
	return nil
}

func (a *adder) run(facts *ledger.Memory, span fundtrail.ChainSpan) error {
	if a.m.coins {
		// What is spent now may have been made in the facts before.
		if err := a.l.flush(); err != nil {
			return err
		}
		clear(a.spent)
	}
	a.base, a.met = a.m.first+uint64(a.m.rows()), make([]uint32, facts.Addresses())
	height := int64(-1)
	for p := span.First; p < span.End; {
		tx := facts.Transaction(p)
		if tx.Height != height {
			height = tx.Height
			if err := a.block(height, tx.Time); err != nil {
				return err
			}
		}
		if err := a.tx(facts, tx, span.First); err != nil {
			return err
		}
		p = tx.End
	}
	if a.m.coins && a.m.rows() > 0 && a.l.parts {
		return a.emit()
	}
	return nil
}

// block begins a block, after those before it that only headers tell.
func (a *adder) block(height, time int64) error {
	for len(a.headers) > 0 && a.headers[0].Height <= height {
		h := a.headers[0]
		a.headers = a.headers[1:]
		if h.Height == height && h.Time.Unix() != time {
			return fmt.Errorf("block %d of %s: its header says another time than its transactions: %w", height, a.c.chain, fundtrail.ErrConflict)
		}
		if err := a.add(h.Height, h.Time.Unix(), h.Hash); err != nil || h.Height == height {
			return err
		}
	}
	return a.add(height, time, fundtrail.Hash{})
}

func (a *adder) add(height, time int64, hash fundtrail.Hash) error {
	if height <= a.tip {
		return fmt.Errorf("block %d of %s is not above block %d, which the ledger holds: add it with what is already there, or take that back: %w",
			height, a.c.chain, a.tip, fundtrail.ErrConflict)
	}
	if a.m.rows() >= a.l.limit {
		if err := a.emit(); err != nil {
			return err
		}
	}
	return a.m.block(height, time, hash)
}

func (a *adder) tx(facts *ledger.Memory, tx fundtrail.Span, first fundtrail.Position) error {
	if a.m.rows()+int(tx.End-tx.First) > maxRows {
		return fmt.Errorf("a block of %s has more than %d movements: %w", a.c.chain, maxRows, fundtrail.ErrLimit)
	}
	for _, s := range a.before {
		if _, ok := s.findTx(tx.ID.Hash); ok {
			return fmt.Errorf("transaction %s is in block %d, and the ledger holds it in another: %w", tx.ID, tx.Height, fundtrail.ErrConflict)
		}
	}
	place, outcome := facts.Told(tx.First)
	a.m.tx(tx.ID.Hash, place, outcome)
	var m fundtrail.Movement
	for p := tx.First; p < tx.End; p++ {
		facts.Movement(p, &m)
		o := facts.Output(p)
		index := o.Transfer.Index
		if a.m.coins {
			index = o.Output
		}
		a.m.add(m.Kind, index, a.address(facts, m.From), a.address(facts, m.To), a.m.asset(facts.Asset(m.Asset)), m.Amount)
		if m.Kind != fundtrail.MoveInput {
			continue
		}
		if m.Link != fundtrail.NoPosition {
			a.m.spend(a.base + uint64(m.Link-first))
		} else if out, ok := facts.Spends(p); ok {
			if err := a.spend(tx.ID, out, &m, facts); err != nil {
				return err
			}
		}
	}
	return nil
}

func (a *adder) address(facts *ledger.Memory, id fundtrail.AddressID) uint32 {
	if id == fundtrail.NoAddress {
		return 0
	}
	n := a.met[id]
	if n == 0 {
		n = a.m.address(keyOf(facts.Address(id), a.m.fixed))
		a.met[id] = n
	}
	return n
}

// spend ties an input to an output that the ledger held before the facts.
func (a *adder) spend(tx fundtrail.TxID, o fundtrail.TransferOutput, in *fundtrail.Movement, facts *ledger.Memory) error {
	out, ok, err := a.c.output(o)
	switch {
	case err != nil:
		return fmt.Errorf("transaction %s: %w", tx, err)
	case !ok:
		return nil
	case a.spent[out.at] || out.spentBy != 0:
		return fmt.Errorf("transaction %s spends output %s, which another transaction spends too: %w", tx, o, fundtrail.ErrConflict)
	case out.amount != in.Amount:
		return fmt.Errorf("transaction %s spends %s as %s base units, but that output is %s: %w", tx, o, in.Amount, out.amount, fundtrail.ErrConflict)
	case !bytes.Equal(out.payee, keyOf(facts.Address(in.From), a.m.fixed)):
		return fmt.Errorf("transaction %s spends output %s as another address than it paid: %w", tx, o, fundtrail.ErrConflict)
	}
	a.spent[out.at] = true
	a.m.spend(out.at)
	return nil
}

// A heldOutput is an output that a ledger holds.
type heldOutput struct {
	at      uint64 // position on the chain
	payee   []byte
	amount  fundtrail.Amount
	spentBy uint64 // position plus one
}

// output finds an output.
func (c *tail) output(o fundtrail.TransferOutput) (out heldOutput, ok bool, err error) {
	for i := len(c.segments) - 1; i >= 0; i-- {
		s := c.segments[i]
		tx, ok := s.findTx(o.Transfer.Tx.Hash)
		if !ok {
			continue
		}
		first, ok := s.firstOf(tx)
		var t txPlace
		if !ok || !s.transaction(first, &t) {
			return out, false, s.hot.fail.get()
		}
		for at := t.first; at < t.end; at++ {
			var p txPlace
			if !s.transaction(at, &p) {
				return out, false, s.hot.fail.get()
			}
			if p.kind != fundtrail.MoveOutput || p.index != o.Output {
				continue
			}
			var m fundtrail.Movement
			s.movement(at, &m)
			out = heldOutput{at: s.First + uint64(at), amount: m.Amount, spentBy: uint64(m.Link)}
			if m.To != 0 {
				out.payee = c.key(s, uint32(m.To))
			}
			for _, later := range c.segments[i:] {
				if out.spentBy == 0 {
					out.spentBy = later.spender(out.at)
				}
			}
			return out, true, s.hot.fail.get()
		}
		return out, false, fmt.Errorf("it spends output %d of %s, which has no such output: %w", o.Output, o.Transfer.Tx, fundtrail.ErrConflict)
	}
	return out, false, nil
}
