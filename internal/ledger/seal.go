package ledger

import (
	"bytes"
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/fundtrail/fundtrail"
)

// Seal makes the ledger: it merges what was added twice, orders everything, and
// refuses what contradicts itself. The builder must not be used afterwards.
func (b *Builder) Seal() (*Memory, error) {
	if err := b.mergeTxs(); err != nil {
		return nil, err
	}
	order, err := b.orderTxs()
	if err != nil {
		return nil, err
	}
	rows := b.orderRows()
	if rows, err = b.mergeRows(rows); err != nil {
		return nil, err
	}
	if len(b.assets) > 1<<24 {
		return nil, fmt.Errorf("%d assets, the memory ledger holds 2^24: %w", len(b.assets), fundtrail.ErrLimit)
	}
	m := b.columns(order, rows)
	if err := b.link(m, rows); err != nil {
		return nil, err
	}
	m.postings()
	m.coverage = slices.Clone(b.coverage)
	slices.SortFunc(m.coverage, compareCoverage)
	m.coverage = slices.Compact(m.coverage)
	*b = Builder{}
	return m, nil
}

// byHash returns the transactions' numbers sorted by hash, then by number. Hashes are
// uniform, so two bytes share them out into buckets that sort fast.
func (b *Builder) byHash() []uint32 {
	var start [1<<16 + 1]uint32
	bucket := func(t *buildTx) int { return int(t.hash[0])<<8 | int(t.hash[1]) }
	for i := range b.txs {
		start[bucket(&b.txs[i])+1]++
	}
	for i := range 1 << 16 {
		start[i+1] += start[i]
	}
	perm := make([]uint32, len(b.txs))
	fill := start
	for i := range b.txs {
		k := bucket(&b.txs[i])
		perm[fill[k]] = uint32(i)
		fill[k]++
	}
	for k := range 1 << 16 {
		slices.SortFunc(perm[start[k]:start[k+1]], func(x, y uint32) int {
			tx, ty := &b.txs[x], &b.txs[y]
			return cmp.Or(bytes.Compare(tx.hash[:], ty.hash[:]), cmp.Compare(tx.chain, ty.chain), cmp.Compare(x, y))
		})
	}
	return perm
}

// mergeTxs makes one of the rows that tell of the same transaction: the first of
// them gets what the others know, and the others' order field leads to it.
func (b *Builder) mergeTxs() error {
	perm := b.byHash()
	for lo := 0; lo < len(perm); {
		first := &b.txs[perm[lo]]
		first.order = perm[lo]
		hi := lo + 1
		for ; hi < len(perm); hi++ {
			t := &b.txs[perm[hi]]
			if t.hash != first.hash || t.chain != first.chain {
				break
			}
			t.order = perm[lo]
			if t.height != first.height {
				return b.twoStories(first, t, "block", first.height, t.height)
			}
			if first.place == UnknownPlace {
				first.place = t.place
			} else if t.place != UnknownPlace && t.place != first.place {
				return b.twoStories(first, t, "place in the block", first.place, t.place)
			}
			if first.time == UnknownTime {
				first.time = t.time
			} else if t.time != UnknownTime && t.time != first.time {
				return b.twoStories(first, t, "time", clock(first.time), clock(t.time))
			}
		}
		lo = hi
	}
	return b.fillTimes()
}

func (b *Builder) twoStories(x, y *buildTx, what string, vx, vy any) error {
	return fmt.Errorf("transaction %s: %s says its %s is %v, %s says %v: %w",
		b.id(x), b.where(x), what, vx, b.where(y), vy, fundtrail.ErrConflict)
}

// fillTimes gives every transaction its block's time, and refuses a block with two.
func (b *Builder) fillTimes() error {
	for i := range b.txs {
		t := &b.txs[i]
		if t.order != uint32(i) || t.time == UnknownTime {
			continue
		}
		k := blockKey{t.chain, t.height}
		old, ok := b.blocks[k]
		if ok && old.time != t.time {
			other := "a block header"
			if old.tx != noTx {
				other = b.where(&b.txs[old.tx])
			}
			return fmt.Errorf("block %d of %s: %s says its time is %s, %s says %s: %w", t.height, b.addrs.chains[t.chain],
				other, clock(old.time), b.where(t), clock(t.time), fundtrail.ErrConflict)
		}
		if !ok {
			b.blocks[k] = blockFact{t.time, uint32(i)}
		}
	}
	for i := range b.txs {
		t := &b.txs[i]
		if t.order != uint32(i) || t.time != UnknownTime {
			continue
		}
		fact, ok := b.blocks[blockKey{t.chain, t.height}]
		if !ok {
			return fmt.Errorf("%s: transaction %s: block %d has no time here: load a file of blocks or of transactions that has it: %w",
				b.where(t), b.id(t), t.height, fundtrail.ErrInvalid)
		}
		t.time = fact.time
	}
	return nil
}

// orderTxs returns the merged transactions' numbers in ledger order and sets every
// transaction's order to its place in that.
func (b *Builder) orderTxs() ([]uint32, error) {
	var order []uint32
	for i := range b.txs {
		if b.txs[i].order == uint32(i) {
			order = append(order, uint32(i))
		}
	}
	// A transaction whose place no row tells comes after those whose place is known,
	// by the first of its transfers: logs are numbered through the block.
	var first map[uint32]uint32
	for i := range b.rows {
		r := &b.rows[i]
		tx := b.txs[r.tx].order
		if b.txs[tx].place != UnknownPlace {
			continue
		}
		if first == nil {
			first = map[uint32]uint32{}
		}
		if at, ok := first[tx]; !ok || r.index < at {
			first[tx] = r.index
		}
	}
	compare := func(x, y uint32) int {
		tx, ty := &b.txs[x], &b.txs[y]
		if c := cmp.Compare(tx.chain, ty.chain); c != 0 {
			return cmp.Compare(b.addrs.chains[tx.chain], b.addrs.chains[ty.chain])
		}
		if c := cmp.Or(cmp.Compare(tx.height, ty.height), cmp.Compare(tx.place, ty.place)); c != 0 {
			return c
		}
		return cmp.Or(cmp.Compare(first[x], first[y]), bytes.Compare(tx.hash[:], ty.hash[:]))
	}
	if !slices.IsSortedFunc(order, compare) {
		slices.SortFunc(order, compare)
	}
	for i := 1; i < len(order); i++ {
		x, y := &b.txs[order[i-1]], &b.txs[order[i]]
		if x.chain == y.chain && x.height == y.height && x.place == y.place && x.place != UnknownPlace {
			return nil, fmt.Errorf("block %d of %s: %s puts transaction %s at place %d, %s puts %s there: %w", x.height, b.addrs.chains[x.chain],
				b.where(x), b.id(x), x.place, b.where(y), b.id(y), fundtrail.ErrConflict)
		}
	}
	// order[n] = i becomes txs[i].order = n; duplicates follow their first.
	place := make([]uint32, len(b.txs))
	for n, i := range order {
		place[i] = uint32(n)
	}
	for i := range b.txs {
		b.txs[i].order = place[b.txs[i].order]
	}
	return order, nil
}

// orderRows returns the rows' numbers in ledger order: by transaction, inputs before
// outputs, by index.
func (b *Builder) orderRows() []uint32 {
	perm := make([]uint32, len(b.rows))
	for i := range perm {
		perm[i] = uint32(i)
	}
	compare := func(x, y uint32) int {
		rx, ry := &b.rows[x], &b.rows[y]
		return cmp.Or(cmp.Compare(b.txs[rx.tx].order, b.txs[ry.tx].order),
			cmp.Compare(rx.side(), ry.side()), cmp.Compare(rx.index, ry.index), cmp.Compare(x, y))
	}
	if !slices.IsSortedFunc(perm, compare) {
		slices.SortFunc(perm, compare)
	}
	return perm
}

// mergeRows drops rows that say the same as another and refuses two that say
// different things of one place.
func (b *Builder) mergeRows(perm []uint32) ([]uint32, error) {
	out := perm[:0]
	for _, i := range perm {
		if len(out) > 0 {
			r, last := &b.rows[i], &b.rows[out[len(out)-1]]
			if b.txs[r.tx].order == b.txs[last.tx].order && r.index == last.index && r.side() == last.side() {
				if r.from != last.from || r.to != last.to || r.asset != last.asset || b.amount(r) != b.amount(last) {
					return nil, fmt.Errorf("transaction %s, index %d: %s says %s, %s says %s: %w", b.id(&b.txs[r.tx]), r.index,
						b.where(&b.txs[last.tx]), b.describe(last), b.where(&b.txs[r.tx]), b.describe(r), fundtrail.ErrConflict)
				}
				continue
			}
		}
		out = append(out, i)
	}
	return out, nil
}

// side orders a coin transaction's inputs before its outputs; the movements of an
// account chain's transaction are all of one side.
func (r *buildRow) side() int {
	if r.kind == fundtrail.MoveOutput {
		return 1
	}
	return 0
}

func (b *Builder) amount(r *buildRow) fundtrail.Amount { return amountAt(b.arena[r.amount:]) }

func (b *Builder) describe(r *buildRow) string {
	name := func(id uint32) string {
		if id == 0 {
			return "nobody"
		}
		return b.addrs.address(id).String()
	}
	return fmt.Sprintf("%s pays %s %s of %s", name(r.from), name(r.to), b.amount(r), b.assets[r.asset])
}

func clock(unix int64) string { return time.Unix(unix, 0).UTC().Format(time.RFC3339) }

func compareCoverage(x, y fundtrail.Coverage) int {
	return cmp.Or(cmp.Compare(x.Chain, y.Chain), x.Address.Compare(y.Address), cmp.Compare(x.FromBlock, y.FromBlock),
		cmp.Compare(x.ToBlock, y.ToBlock), cmp.Compare(x.What, y.What), cmp.Compare(x.Source, y.Source))
}

// columns lays the ordered rows out in their final form.
func (b *Builder) columns(order, perm []uint32) *Memory {
	m := &Memory{addrs: b.addrs, assets: b.assets, assetIDs: b.assetIDs}
	m.rows = make([]row, len(perm))
	m.amounts.arena = make([]byte, 0, len(b.arena))
	m.amounts.offsets = make([]uint64, 0, len(perm)/amountBlock+1)
	m.starts = newBitset(len(perm))
	if len(b.assets) > 1<<16 {
		m.assetHigh = make([]uint8, len(perm))
	}
	last := uint32(math.MaxUint32)
	for p, i := range perm {
		r := &b.rows[i]
		m.rows[p] = row{from: r.from, to: r.to, asset: uint16(r.asset), place: m.encodePlace(p, r.kind, r.index)}
		if m.assetHigh != nil {
			m.assetHigh[p] = uint8(r.asset >> 16)
		}
		m.amounts.append(b.amount(r))
		tx := b.txs[r.tx].order
		if tx == last {
			continue
		}
		last = tx
		m.starts.set(p)
		t := &b.txs[order[tx]]
		chain := b.addrs.chains[t.chain]
		if n := len(m.chains); n == 0 || m.chains[n-1].Chain != chain {
			if n > 0 {
				m.chains[n-1].End = fundtrail.Position(p)
			}
			m.chains = append(m.chains, fundtrail.ChainSpan{Chain: chain, First: fundtrail.Position(p)})
			m.coins = append(m.coins, coinChain(chain))
			m.chainTxs = append(m.chainTxs, len(m.hashes))
			m.blocks = append(m.blocks, block{t.height, t.time})
		} else if m.blocks[len(m.blocks)-1].height != t.height {
			m.blocks = append(m.blocks, block{t.height, t.time})
		}
		m.hashes = append(m.hashes, t.hash)
		m.txBlock = append(m.txBlock, uint32(len(m.blocks)-1))
	}
	if n := len(m.chains); n > 0 {
		m.chains[n-1].End = fundtrail.Position(len(perm))
	}
	m.starts.index()
	m.amounts.arena = slices.Clip(m.amounts.arena)
	m.hashes, m.txBlock, m.blocks = shrink(m.hashes), shrink(m.txBlock), shrink(m.blocks)
	a := m.addrs
	a.arena, a.offset, a.chain = shrink(a.arena), shrink(a.offset), shrink(a.chain)
	m.sortHashes()
	return m
}

// shrink returns s without spare room: what a ledger keeps, it keeps for long.
func shrink[S ~[]E, E any](s S) S { return append(make(S, 0, len(s)), s...) }

// link ties inputs to the outputs they spend and checks that coin transactions balance.
func (b *Builder) link(m *Memory, perm []uint32) error {
	if !slices.Contains(m.coins, true) {
		return nil
	}
	m.links = make([]uint32, len(m.rows))
	for i := range m.links {
		m.links[i] = noLink
	}
	at := make(map[uint32]int, len(b.spends))
	for i := range b.spends {
		at[b.spends[i].row] = i
	}
	amounts := map[int]fundtrail.Amount{} // of inputs whose row did not tell
	for p, i := range perm {
		if b.rows[i].kind != fundtrail.MoveInput {
			continue
		}
		n, ok := at[i]
		if !ok {
			continue
		}
		if err := b.linkInput(m, p, &b.rows[i], &b.spends[n], amounts); err != nil {
			return err
		}
	}
	if len(amounts) > 0 {
		m.replaceAmounts(amounts)
	}
	return m.checkCoins()
}

func (b *Builder) linkInput(m *Memory, p int, r *buildRow, s *spend, amounts map[int]fundtrail.Amount) error {
	id := fundtrail.TxID{Chain: b.addrs.chains[s.chain], Hash: s.hash}
	t := &b.txs[r.tx]
	span, ok := m.FindTx(id)
	out := -1
	for q := span.First; ok && q < span.End; q++ {
		if kind, index := m.decodePlace(int(q)); kind == fundtrail.MoveOutput && index == s.output {
			out = int(q)
		}
	}
	switch {
	case ok && out < 0:
		return fmt.Errorf("%s: transaction %s spends output %d of %s, which has no such output: %w", b.where(t), b.id(t), s.output, id, fundtrail.ErrConflict)
	case out < 0 && b.amount(r).IsZero():
		return fmt.Errorf("%s: transaction %s spends %s:%d, which no file holds, and does not tell its amount: load the file that has it, or give the input's amount: %w",
			b.where(t), b.id(t), id, s.output, fundtrail.ErrInvalid)
	case out < 0:
		return nil
	case m.links[out] != noLink:
		return fmt.Errorf("%s: transaction %s spends output %d of %s, which transaction %s spends too: %w",
			b.where(t), b.id(t), s.output, id, m.Transaction(fundtrail.Position(m.links[out])).ID, fundtrail.ErrConflict)
	}
	want := m.amounts.at(out)
	if got := b.amount(r); got.IsZero() {
		amounts[p] = want
	} else if got != want {
		return fmt.Errorf("%s: transaction %s spends %s:%d as %s base units, but that output is %s: %w",
			b.where(t), b.id(t), id, s.output, got, want, fundtrail.ErrConflict)
	}
	if m.rows[p].from == 0 {
		m.rows[p].from = m.rows[out].to
	} else if m.rows[out].to != m.rows[p].from {
		return fmt.Errorf("%s: transaction %s spends output %d of %s as another address than it paid: %w", b.where(t), b.id(t), s.output, id, fundtrail.ErrConflict)
	}
	m.links[p], m.links[out] = uint32(out), uint32(p)
	return nil
}
