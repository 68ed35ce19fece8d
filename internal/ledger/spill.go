package ledger

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"io"
	"iter"
	"slices"

	"github.com/fundtrail/fundtrail"
)

// A Scratch keeps what a builder does not hold in memory: it is written at its end and
// read anywhere.
type Scratch interface {
	io.Writer
	io.ReaderAt
}

// A spill is what a bounded builder has set aside: runs, one behind the other. A run is
// what the builder held at one time, by chain and height, then in the order in which it
// came; and behind that, by hash, what lets runs be compared with each other.
type spill struct {
	most   int64
	piece  int32 // bytes of a chunk
	stay   int   // bytes of addresses that the caller goes on to use
	open   func() (Scratch, error)
	to     Scratch
	n      int64 // bytes written
	buf    []byte
	chunks []spillChunk
	hashes []spillHashes
	fixed  []bool // by chain number: its addresses are 20 bytes
}

// A spillChunk is a piece of a run, read at once.
type spillChunk struct {
	chain     uint8
	low, high int64 // heights
	off       int64
	size      int32
	held      int32 // bytes that a builder takes for it
}

// Bound lets the builder hold about so many bytes: of more, Relieve makes a run in a
// scratch that it opens then. [Builder.Parts] is what it is sealed with.
func (b *Builder) Bound(size int64, open func() (Scratch, error)) {
	// Parts are made of whole pieces, of which every run may have its own.
	b.spill = &spill{most: size, piece: int32(min(max(size>>10, 1<<10), 1<<17)), open: open}
}

// Relieve sets aside what a bounded builder holds, if that is more than it may. Numbers of
// addresses that were given until then mean nothing afterwards; roots is called to have
// those changed that the caller goes on to use. What was set aside cannot be undone.
func (b *Builder) Relieve(roots func(change func(*fundtrail.AddressID))) error {
	if b.spill == nil || b.size() < b.spill.most {
		return nil
	}
	if b.txs.len()+len(b.blocks) > 0 {
		if err := b.writeRun(); err != nil {
			return err
		}
	}
	old := b.addrs
	b.addrs = newAddresses()
	b.addrs.chains = slices.Clone(old.chains)
	if roots != nil {
		roots(func(id *fundtrail.AddressID) {
			if *id != fundtrail.NoAddress {
				*id = fundtrail.AddressID(b.addrs.intern(old.chain[*id], old.key(uint32(*id))))
			}
		})
	}
	b.spill.stay = len(b.addrs.arena)
	return nil
}

// Spilled reports whether something was set aside.
func (b *Builder) Spilled() bool { return b.runs > 0 }

// What rows take in a builder, in bytes.
const (
	sizeTx    = 64
	sizeRow   = 36 + 12 // with its share of large amounts and of tables
	sizeSpend = 44
	sizeBlock = 40
)

func (b *Builder) size() int64 {
	return int64(b.txs.len())*sizeTx + int64(b.rows.len())*sizeRow + int64(len(b.spends))*sizeSpend + int64(len(b.blocks))*sizeBlock +
		int64(len(b.addrs.arena)-b.spill.stay)
}

// The records of a run: a byte that says which, then what follows here.
const (
	spillHeader = 1 + iota // chain, file, line, height, time
	spillTx                // chain, outcome, file, line, place, height, time, hash, number and length of its rows
)

const (
	headerRecord = 1 + 1 + 4 + 4 + 8 + 8
	txRecord     = 1 + 1 + 1 + 2 + 4 + 4 + 8 + 8 + 32 + 4 + 4
)

// What a row's first byte says beside its kind.
const (
	rowKinds = 0x0f
	rowFrom  = 0x10 // its addresses' keys follow
	rowTo    = 0x20
	rowLarge = 0x40 // its amount is whole, in 32 bytes
	rowSpend = 0x80
)

// writeRun sets aside what the builder holds.
func (b *Builder) writeRun() (err error) {
	s := b.spill
	if s.to == nil {
		if s.to, err = s.open(); err != nil {
			return err
		}
	}
	order := make([]uint32, b.txs.len())
	for i := range order {
		order[i] = uint32(i)
	}
	compare := func(x, y uint32) int {
		tx, ty := b.txs.at(x), b.txs.at(y)
		return cmp.Or(cmp.Compare(tx.chain, ty.chain), cmp.Compare(tx.height, ty.height), cmp.Compare(x, y))
	}
	if !slices.IsSortedFunc(order, compare) {
		slices.SortFunc(order, compare)
	}
	start, rows := b.rowsByTx()
	slices.SortStableFunc(b.blocks, func(x, y blockTime) int { return x.compare(y.blockKey) })
	blocks := b.blocks
	var c spillChunk
	end := func() {
		if c.size > 0 {
			s.chunks = append(s.chunks, c)
		}
		c = spillChunk{}
	}
	add := func(k blockKey, from, held int) error {
		if c.size > 0 && (c.chain != k.chain || c.size >= s.piece) {
			end()
		}
		if c.size == 0 {
			c = spillChunk{chain: k.chain, low: k.height, off: s.n + int64(from)}
		}
		c.high = k.height
		c.size += int32(len(s.buf) - from)
		c.held += int32(held)
		return s.flush(1 << 20)
	}
	for _, i := range order {
		t := b.txs.at(i)
		key := blockKey{t.chain, t.height}
		for len(blocks) > 0 && blocks[0].compare(key) <= 0 {
			if err := s.header(&blocks[0], add); err != nil {
				return err
			}
			blocks = blocks[1:]
		}
		from := len(s.buf)
		s.buf = appendTx(s.buf, t, start[i+1]-start[i])
		held := sizeTx
		for _, r := range rows[start[i]:start[i+1]] {
			row := b.rows.at(r)
			s.buf = b.appendRow(s.buf, r, row)
			if held += sizeRow; row.kind == fundtrail.MoveInput {
				held += sizeSpend
			}
		}
		binary.LittleEndian.PutUint32(s.buf[from+txRecord-4:], uint32(len(s.buf)-from-txRecord))
		if len(s.buf)-from > 1<<30 {
			return fmt.Errorf("transaction %s: more than a gigabyte of movements: %w", b.id(t), fundtrail.ErrLimit)
		}
		if err := add(key, from, held); err != nil {
			return err
		}
	}
	for i := range blocks {
		if err := s.header(&blocks[i], add); err != nil {
			return err
		}
	}
	end()
	if err := s.writeHashes(b, order, start, rows); err != nil {
		return err
	}
	b.txs.cut(0)
	b.rows.cut(0)
	b.large, b.spends, b.blocks = b.large[:0], b.spends[:0], b.blocks[:0]
	b.runs++
	return nil
}

// rowsByTx returns the rows' numbers by transaction, and where each transaction's begin.
func (b *Builder) rowsByTx() (start, rows []uint32) {
	start = make([]uint32, b.txs.len()+1)
	for i := range uint32(b.rows.len()) {
		start[b.rows.at(i).tx+1]++
	}
	for i := range b.txs.len() {
		start[i+1] += start[i]
	}
	rows = make([]uint32, b.rows.len())
	fill := slices.Clone(start)
	for i := range uint32(b.rows.len()) {
		at := &fill[b.rows.at(i).tx]
		rows[*at] = i
		*at++
	}
	return start, rows
}

// flush writes what is buffered, if that is so much.
func (s *spill) flush(most int) error {
	if len(s.buf) < most || len(s.buf) == 0 {
		return nil
	}
	n, err := s.to.Write(s.buf)
	s.n += int64(n)
	s.buf = s.buf[:0]
	if err != nil {
		return fmt.Errorf("set aside what memory may not hold: %w: %w", err, fundtrail.ErrUnavailable)
	}
	return nil
}

func (s *spill) header(h *blockTime, add func(k blockKey, from, held int) error) error {
	from := len(s.buf)
	b := append(s.buf, spillHeader, h.chain)
	b = binary.LittleEndian.AppendUint32(b, uint32(h.where.File))
	b = binary.LittleEndian.AppendUint32(b, uint32(h.where.Line))
	b = binary.LittleEndian.AppendUint64(b, uint64(h.height))
	s.buf = binary.LittleEndian.AppendUint64(b, uint64(h.time))
	return add(h.blockKey, from, sizeBlock)
}

func appendTx(b []byte, t *buildTx, rows uint32) []byte {
	b = append(b, spillTx, t.chain, byte(t.outcome))
	b = binary.LittleEndian.AppendUint16(b, t.file)
	b = binary.LittleEndian.AppendUint32(b, t.line)
	b = binary.LittleEndian.AppendUint32(b, t.place)
	b = binary.LittleEndian.AppendUint64(b, uint64(t.height))
	b = binary.LittleEndian.AppendUint64(b, uint64(t.time))
	b = append(b, t.hash[:]...)
	b = binary.LittleEndian.AppendUint32(b, rows)
	return append(b, 0, 0, 0, 0)
}

func (b *Builder) appendRow(out []byte, n uint32, r *buildRow) []byte {
	at := len(out)
	out = append(out, byte(r.kind))
	out = binary.LittleEndian.AppendUint32(out, r.index)
	out = binary.LittleEndian.AppendUint32(out, r.asset)
	if r.amount[codeKind] == codeLarge {
		out[at] |= rowLarge
		for _, w := range b.amount(r).Words() {
			out = binary.LittleEndian.AppendUint64(out, w)
		}
	} else {
		out = append(out, r.amount[:]...)
	}
	if r.from != 0 {
		out[at] |= rowFrom
		out = append(append(out, b.addrs.chain[r.from]), b.addrs.key(r.from)...)
	}
	if r.to != 0 {
		out[at] |= rowTo
		out = append(append(out, b.addrs.chain[r.to]), b.addrs.key(r.to)...)
	}
	if s := b.spendOf(n, r); s != nil {
		out[at] |= rowSpend
		out = append(append(out, s.chain), s.hash[:]...)
		out = binary.LittleEndian.AppendUint32(out, s.output)
	}
	return out
}

// spendOf returns what an input says it spends. Before Seal spends stand in the order of rows.
func (b *Builder) spendOf(n uint32, r *buildRow) *spend {
	if r.kind != fundtrail.MoveInput {
		return nil
	}
	i, ok := slices.BinarySearchFunc(b.spends, n, func(s spend, n uint32) int { return cmp.Compare(s.row, n) })
	if !ok {
		return nil
	}
	return &b.spends[i]
}

// A spillRange is the blocks of a chain from low up to below high.
type spillRange struct {
	chain     uint8
	low, high int64
}

func (r *spillRange) has(chain uint8, height int64) bool {
	return chain == r.chain && height >= r.low && height < r.high
}

// A spillRecord is a block's header, or a transaction with its rows.
type spillRecord struct {
	isTx   bool
	header blockTime
	tx     buildTx
	count  uint32
	rows   []byte
}

// each calls visit for the records that were set aside, run by run; within, when it is not
// nil, leaves out those of other blocks. A record is visit's until it returns.
func (b *Builder) each(within *spillRange, visit func(r *spillRecord) error) error {
	var buf []byte
	var r spillRecord
	for i := range b.spill.chunks {
		c := &b.spill.chunks[i]
		if within != nil && (c.chain != within.chain || c.high < within.low || c.low >= within.high) {
			continue
		}
		buf = slices.Grow(buf[:0], int(c.size))[:c.size]
		if _, err := b.spill.to.ReadAt(buf, c.off); err != nil {
			return fmt.Errorf("read what was set aside: %w: %w", err, fundtrail.ErrUnavailable)
		}
		for rest := buf; len(rest) > 0; {
			rest = r.read(rest)
			if within != nil && !within.has(r.header.chain, r.header.height) {
				continue
			}
			if err := visit(&r); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *spillRecord) read(b []byte) (rest []byte) {
	u32, u64 := binary.LittleEndian.Uint32, binary.LittleEndian.Uint64
	if r.isTx = b[0] == spillTx; !r.isTx {
		r.header = blockTime{blockKey{b[1], int64(u64(b[10:]))}, int64(u64(b[18:])), Where{int(u32(b[2:])), int(u32(b[6:]))}}
		return b[headerRecord:]
	}
	t := buildTx{chain: b[1], outcome: Outcome(b[2]), file: binary.LittleEndian.Uint16(b[3:]), line: u32(b[5:]), place: u32(b[9:]),
		height: int64(u64(b[13:])), time: int64(u64(b[21:])), hash: fundtrail.Hash(b[29:61])}
	r.tx, r.header.blockKey = t, blockKey{t.chain, t.height}
	r.count = u32(b[61:])
	end := txRecord + int(u32(b[65:]))
	r.rows = b[txRecord:end]
	return b[end:]
}

// A spillRow is a row as it was set aside, and what it spends.
type spillRow struct {
	buildRow
	large              fundtrail.Amount // the amount, where it has no short code
	fromKey, toKey     []byte
	fromChain, toChain uint8
	spends             bool
	spend              spend
}

// read reads the first of some rows, and returns the others.
func (r *spillRow) read(fixed []bool, p []byte) (rest []byte) {
	what := p[0]
	*r = spillRow{buildRow: buildRow{kind: fundtrail.MoveKind(what & rowKinds), index: binary.LittleEndian.Uint32(p[1:]), asset: binary.LittleEndian.Uint32(p[5:])}}
	p = p[9:]
	if what&rowLarge != 0 {
		var w [4]uint64
		for i := range w {
			w[i] = binary.LittleEndian.Uint64(p[8*i:])
		}
		r.large, r.amount[codeKind], p = fundtrail.AmountFromWords(w), codeLarge, p[32:]
	} else {
		r.amount, p = code(p[:len(r.amount)]), p[len(r.amount):]
	}
	key := func() (chain uint8, key []byte) {
		chain, n := p[0], 20
		if !fixed[chain] {
			n = 1 + int(p[1])
		}
		key, p = p[1:1+n], p[1+n:]
		return chain, key
	}
	if what&rowFrom != 0 {
		r.fromChain, r.fromKey = key()
	}
	if what&rowTo != 0 {
		r.toChain, r.toKey = key()
	}
	if r.spends = what&rowSpend != 0; r.spends {
		r.spend, p = spend{chain: p[0], hash: fundtrail.Hash(p[1:33]), output: binary.LittleEndian.Uint32(p[33:])}, p[37:]
	}
	return p
}

// eachRow calls visit for the rows of a transaction that was set aside.
func (b *Builder) eachRow(rec *spillRecord, visit func(r *spillRow)) {
	var r spillRow
	for rows := rec.rows; len(rows) > 0; {
		rows = r.read(b.spill.fixed, rows)
		visit(&r)
	}
}

// Parts makes the ledger, as Seal does, but in parts where the builder had to set something
// aside: runs of whole blocks, in the order of the ledger, which know nothing of the claims
// of coverage. For what inputs spend of earlier parts, Held must tell of these as soon as
// they were given. The builder must not be used afterwards.
func (b *Builder) Parts() iter.Seq2[*Memory, error] {
	return func(yield func(*Memory, error) bool) {
		if !b.Spilled() {
			yield(b.Seal())
			return
		}
		if b.undone {
			yield(nil, fmt.Errorf("what was set aside cannot be taken back: %w", fundtrail.ErrLimit))
			return
		}
		err := b.writeRun()
		if err == nil {
			b.txs, b.rows, b.addrs = pile[buildTx]{}, pile[buildRow]{}, &addresses{chains: b.addrs.chains}
			for _, c := range b.addrs.chains {
				b.spill.fixed = append(b.spill.fixed, payloadChain(c))
			}
			err = b.compareRuns()
		}
		if err != nil {
			yield(nil, err)
			return
		}
		for _, r := range b.plan() {
			part, err := b.part(&r)
			var m *Memory
			if err == nil {
				m, err = part.Seal()
			}
			if !yield(m, err) || err != nil {
				return
			}
		}
	}
}

// plan shares the blocks out into parts, in the order of the ledger. A part may take half
// of what the builder may: sealing it takes as much again.
func (b *Builder) plan() (parts []spillRange) {
	chunks := slices.Clone(b.spill.chunks)
	slices.SortFunc(chunks, func(x, y spillChunk) int {
		return cmp.Or(cmp.Compare(b.addrs.chains[x.chain], b.addrs.chains[y.chain]), cmp.Compare(x.low, y.low), cmp.Compare(x.off, y.off))
	})
	held := int64(0)
	for _, c := range chunks {
		n := len(parts)
		if n == 0 || parts[n-1].chain != c.chain {
			parts = append(parts, spillRange{c.chain, c.low, c.high + 1})
			held = 0
		} else if last := &parts[n-1]; held+int64(c.held) > b.spill.most/2 && c.low > last.low {
			high := last.high // of a chunk that is of both
			last.high = c.low
			parts = append(parts, spillRange{c.chain, c.low, high})
			held = 0
		}
		last := &parts[len(parts)-1]
		last.high = max(last.high, c.high+1)
		held += int64(c.held)
	}
	return parts
}

// part returns a builder of what was set aside of some blocks.
func (b *Builder) part(within *spillRange) (*Builder, error) {
	part := b.beside()
	err := b.each(within, func(r *spillRecord) error {
		if !r.isTx {
			part.blocks = append(part.blocks, r.header)
			return nil
		}
		part.take(r)
		return nil
	})
	part.fillHolders(b.holders)
	return part, err
}

// beside returns an empty builder that numbers chains, assets and files as b does.
func (b *Builder) beside() *Builder {
	part := &Builder{addrs: newAddresses(), assets: b.assets, assetIDs: b.assetIDs, files: b.files, coins: b.coins, keep: b.keep, held: b.held, spill: b.spill, unplaced: b.unplaced}
	part.addrs.chains = slices.Clone(b.addrs.chains)
	return part
}

// take adds a transaction that was set aside.
func (b *Builder) take(rec *spillRecord) {
	b.txs.push(rec.tx)
	tx := uint32(b.txs.len() - 1)
	b.eachRow(rec, func(r *spillRow) {
		if r.fromKey != nil {
			r.from = b.addrs.intern(r.fromChain, r.fromKey)
		}
		if r.toKey != nil {
			r.to = b.addrs.intern(r.toChain, r.toKey)
		}
		if r.amount[codeKind] == codeLarge {
			r.amount = encode(r.large, &b.large)
		}
		if r.spends {
			r.spend.row = uint32(b.rows.len())
			b.spends = append(b.spends, r.spend)
		}
		r.tx = tx
		b.rows.push(r.buildRow)
	})
}
