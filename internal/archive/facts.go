package archive

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/ledger"
)

// addFacts adds a batch's movements and headers to makers, chain by chain, and calls
// emit for each that is to become a segment: it must push it onto the tails.
func (w *Writer) addFacts(next *tails, b Batch, limit int, emit func(m *maker, c *tail) error) error {
	var chains []fundtrail.Chain
	if b.Facts != nil {
		for _, c := range b.Facts.Chains() {
			chains = append(chains, c.Chain)
		}
	}
	for _, h := range b.Headers {
		if _, ok := h.Chain.Info(); !ok {
			return fmt.Errorf("block %d of chain %q, which is not known: %w", h.Height, h.Chain, fundtrail.ErrInvalid)
		}
		chains = append(chains, h.Chain)
	}
	slices.Sort(chains)
	for _, chain := range slices.Compact(chains) {
		a := adder{c: next.of(chain), limit: limit, emit: emit, spent: map[uint64]bool{}}
		for _, h := range b.Headers {
			if h.Chain == chain {
				a.headers = append(a.headers, h)
			}
		}
		slices.SortFunc(a.headers, func(x, y fundtrail.Block) int { return cmp.Compare(x.Height, y.Height) })
		a.before, a.base = slices.Clone(a.c.segments), a.c.count()
		a.begin()
		if err := a.run(b.Facts); err != nil {
			return err
		}
	}
	return w.fail.get()
}

// An adder adds one chain's part of a batch.
type adder struct {
	c       *tail
	before  []*segment // that the ledger holds
	base    uint64     // movements that it holds
	headers []fundtrail.Block
	limit   int
	emit    func(m *maker, c *tail) error
	m       *maker
	met     map[fundtrail.AddressID]uint32
	spent   map[uint64]bool
}

func (a *adder) begin() {
	a.m = newMaker(a.c.chain, a.c.count(), a.c.known())
	a.met = map[fundtrail.AddressID]uint32{}
}

func (a *adder) run(facts *ledger.Memory) error {
	var span fundtrail.ChainSpan
	if facts != nil {
		for _, s := range facts.Chains() {
			if s.Chain == a.c.chain {
				span = s
			}
		}
	}
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
	for len(a.headers) > 0 {
		if err := a.block(a.headers[0].Height, a.headers[0].Time.Unix()); err != nil {
			return err
		}
	}
	if len(a.m.blocks) == 0 {
		return nil
	}
	return a.emit(a.m, a.c)
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
	if tip := a.c.tip(); height <= tip {
		return fmt.Errorf("block %d of %s is not above block %d, which the ledger holds: add it with what is already there, or take that back: %w",
			height, a.c.chain, tip, fundtrail.ErrConflict)
	}
	if a.m.rows() >= a.limit {
		if err := a.emit(a.m, a.c); err != nil {
			return err
		}
		a.begin()
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
	n, ok := a.met[id]
	if !ok {
		n = a.m.address(keyOf(facts.Address(id), a.m.fixed))
		a.met[id] = n
	}
	return n
}

// spend ties an input to an output that the ledger held before the batch.
func (a *adder) spend(tx fundtrail.TxID, o fundtrail.TransferOutput, in *fundtrail.Movement, facts *ledger.Memory) error {
	t := tail{a.c.chain, a.before}
	out, ok, err := t.output(o)
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

// Held tells of an output that the ledger holds: see ledger.Builder.Held.
func (w *Writer) Held(o fundtrail.TransferOutput) (fundtrail.Address, fundtrail.Amount, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	c := w.tails.of(o.Transfer.Tx.Chain)
	out, ok, err := c.output(o)
	if !ok || err != nil {
		return fundtrail.Address{}, fundtrail.Amount{}, false
	}
	info, _ := c.chain.Info()
	var a fundtrail.Address
	if out.payee != nil {
		a, err = addressOf(c.chain, fixedKeys(info), out.payee)
	}
	return a, out.amount, err == nil
}

// Add adds facts of any blocks, also of such as the ledger holds in part: what is there
// from the lowest of them on is taken back, put together with them, and written anew.
// It costs as much as what lies above that block. Of its builder's, see Batch.Facts.
func (w *Writer) Add(b Batch) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if b.Facts == nil {
		return w.append(nil, b)
	}
	var cuts []truncation
	for _, span := range b.Facts.Chains() {
		lowest := b.Facts.Transaction(span.First).Height
		if w.tails.of(span.Chain).tip() >= lowest {
			cuts = append(cuts, truncation{Chain: span.Chain, Height: lowest - 1})
		}
	}
	if len(cuts) == 0 {
		return w.append(nil, b)
	}
	join := ledger.NewBuilder()
	join.Keep()
	for _, cut := range cuts {
		if err := w.tails.of(cut.Chain).copyFacts(join, cut.Height, ledger.Where{File: join.File("the ledger"), Line: ledger.WholeFile}); err != nil {
			return err
		}
	}
	if err := copyMemory(join, b.Facts, ledger.Where{File: join.File("what is added"), Line: ledger.WholeFile}); err != nil {
		return err
	}
	coverage := b.Facts.Coverage()
	kept := w.st.Coverage
	facts, err := join.Seal()
	if err != nil {
		return err
	}
	type at struct {
		chain  fundtrail.Chain
		height int64
	}
	told := map[at]bool{}
	for _, h := range b.Headers {
		told[at{h.Chain, h.Height}] = true
	}
	b.Headers = slices.Clip(b.Headers)
	for _, h := range w.tails.headersAbove(cuts) {
		if !told[at{h.Chain, h.Height}] {
			b.Headers = append(b.Headers, h)
		}
	}
	// Nothing that was known is taken back, so neither is what was claimed.
	for _, c := range kept {
		if slices.ContainsFunc(cuts, func(t truncation) bool { return t.Chain == c.Chain && c.To > t.Height }) {
			b.Coverage = append(slices.Clip(b.Coverage), c.fact())
		}
	}
	b.Facts, b.Coverage = facts, append(slices.Clip(b.Coverage), coverage...)
	return w.append(cuts, b)
}

// headersAbove returns the blocks that cuts take back, whose hashes are known or which
// moved nothing.
func (t *tails) headersAbove(cuts []truncation) (out []fundtrail.Block) {
	for _, cut := range cuts {
		for _, s := range t.of(cut.Chain).segments {
			for b := range s.Blocks {
				if h := s.headerOf(b); h.Height > cut.Height {
					out = append(out, h)
				}
			}
		}
	}
	return out
}

// copyFacts adds what the ledger holds above a height to a builder.
func (c *tail) copyFacts(b *ledger.Builder, above int64, where ledger.Where) error {
	info, _ := c.chain.Info()
	fixed := fixedKeys(info)
	ids := map[uint32]fundtrail.AddressID{}
	address := func(s *segment, id uint32) (fundtrail.AddressID, error) {
		n, ok := ids[id]
		if id == 0 || ok {
			return n, nil
		}
		a, err := addressOf(c.chain, fixed, c.key(s, id))
		if err == nil {
			n = b.Address(a)
			ids[id] = n
		}
		return n, err
	}
	for _, s := range c.segments {
		if s.LastBlock <= above {
			continue
		}
		var ref ledger.TxRef
		for k := newSegmentCursor(s); k.ok(); k.next() {
			h := s.header(k.blockNo)
			if h.height <= above {
				continue
			}
			var err error
			if k.begins {
				ref, err = b.Tx(ledger.Tx{Chain: c.chain, Hash: s.hash(k.number), Height: h.height, Time: h.time, Place: k.told.place, Outcome: k.told.outcome, Where: where})
				if err != nil {
					return err
				}
			}
			r := ledger.Row{Asset: b.Asset(s.tokens[k.row.asset]), Amount: k.amount()}
			r.Kind, r.Index = decodePlace(k.row.place, s.coins)
			if r.From, err = address(s, k.row.from); err != nil {
				return err
			}
			if r.To, err = address(s, k.row.to); err != nil {
				return err
			}
			if r.Kind == fundtrail.MoveInput && k.row.link != noLink {
				if r.Spends, err = c.name(k.row.link - 1); err != nil {
					return err
				}
			}
			if err := b.Add(ref, r); err != nil {
				return err
			}
		}
		if err := s.hot.fail.get(); err != nil {
			return err
		}
	}
	return nil
}

// name names the output at a position of the chain.
func (c *tail) name(at uint64) (o fundtrail.TransferOutput, err error) {
	for _, s := range c.segments {
		if at >= s.First && at < s.First+uint64(s.count) {
			var t txPlace
			if !s.transaction(uint32(at-s.First), &t) {
				break
			}
			return fundtrail.TransferOutput{Transfer: fundtrail.TransferID{Tx: fundtrail.TxID{Chain: c.chain, Hash: s.hash(t.number)}}, Output: t.index}, nil
		}
	}
	return o, damage(string(c.chain), "an input spends what is not there")
}

// copyMemory adds a memory ledger's facts to a builder.
func copyMemory(b *ledger.Builder, m *ledger.Memory, where ledger.Where) error {
	ids := map[fundtrail.AddressID]fundtrail.AddressID{}
	address := func(id fundtrail.AddressID) fundtrail.AddressID {
		n, ok := ids[id]
		if !ok {
			n = b.Address(m.Address(id))
			ids[id] = n
		}
		return n
	}
	var v fundtrail.Movement
	for p := fundtrail.Position(0); p < m.Size(); {
		span := m.Transaction(p)
		place, outcome := m.Told(p)
		ref, err := b.Tx(ledger.Tx{Chain: span.ID.Chain, Hash: span.ID.Hash, Height: span.Height, Time: span.Time, Place: place, Outcome: outcome, Where: where})
		if err != nil {
			return err
		}
		for ; p < span.End; p++ {
			m.Movement(p, &v)
			o := m.Output(p)
			r := ledger.Row{Kind: v.Kind, Index: o.Transfer.Index, Asset: b.Asset(m.Asset(v.Asset)), From: address(v.From), To: address(v.To), Amount: v.Amount}
			if v.Kind == fundtrail.MoveInput || v.Kind == fundtrail.MoveOutput {
				r.Index = o.Output
			}
			if v.Kind == fundtrail.MoveInput {
				if v.Link != fundtrail.NoPosition {
					r.Spends = m.Output(v.Link)
				} else {
					r.Spends, _ = m.Spends(p)
				}
			}
			if err := b.Add(ref, r); err != nil {
				return err
			}
		}
	}
	return nil
}
