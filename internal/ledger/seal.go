package ledger

import (
	"bytes"
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/fundtrail/fundtrail"
)

// Seal makes the ledger: it merges what was added twice, orders everything, and
// refuses what contradicts itself. The ledger is the same whatever the order in which
// its facts were added. The builder must not be used afterwards. One that has set
// something aside is sealed by Parts.
func (b *Builder) Seal() (*Memory, error) {
	if b.Spilled() {
		return nil, fmt.Errorf("the ledger does not fit into memory: %w", fundtrail.ErrLimit)
	}
	byHash, err := b.mergeTxs()
	if err != nil {
		return nil, err
	}
	order, err := b.orderTxs()
	if err != nil {
		return nil, err
	}
	if err := b.fillTimes(order); err != nil {
		return nil, err
	}
	rows, err := b.mergeRows(b.orderRows(len(order)), order)
	if err != nil {
		return nil, err
	}
	if rows, err = b.settleFees(rows); err != nil {
		return nil, err
	}
	if rows, err = b.settleUnplaced(rows); err != nil {
		return nil, err
	}
	m := &Memory{addrs: b.addrs}
	if err := b.sealAssets(m, rows); err != nil {
		return nil, err
	}
	b.sortHashes(m, byHash, b.columns(m, order, rows))
	if err := b.link(m, rows); err != nil {
		return nil, err
	}
	m.postings()
	m.coverage = b.Coverage()
	*b = Builder{}
	return m, nil
}

// byHash returns the transactions' numbers sorted by hash, then by number. Hashes are
// uniform, so two bytes share them out into buckets that sort fast.
func (b *Builder) byHash() []uint32 {
	var start [1<<16 + 1]uint32
	bucket := func(t *buildTx) int { return int(t.hash[0])<<8 | int(t.hash[1]) }
	for i := range uint32(b.txs.len()) {
		start[bucket(b.txs.at(i))+1]++
	}
	for i := range 1 << 16 {
		start[i+1] += start[i]
	}
	perm := make([]uint32, b.txs.len())
	fill := start
	for i := range uint32(b.txs.len()) {
		k := bucket(b.txs.at(i))
		perm[fill[k]] = i
		fill[k]++
	}
	for k := range 1 << 16 {
		slices.SortFunc(perm[start[k]:start[k+1]], func(x, y uint32) int {
			tx, ty := b.txs.at(x), b.txs.at(y)
			return cmp.Or(bytes.Compare(tx.hash[:], ty.hash[:]), cmp.Compare(tx.chain, ty.chain), cmp.Compare(x, y))
		})
	}
	return perm
}

// orderTxs returns the merged transactions' numbers in ledger order and sets every
// transaction's order to its place in that.
func (b *Builder) orderTxs() ([]uint32, error) {
	order := make([]uint32, 0, b.txs.len())
	placed := true
	for i := range uint32(b.txs.len()) {
		if t := b.txs.at(i); t.order == i {
			order = append(order, i)
			placed = placed && t.place != UnknownPlace
		}
	}
	// A transaction whose place no row tells comes after those whose place is known,
	// by the first of its transfers: logs are numbered through the block.
	first := map[uint32]uint32{}
	for i := range uint32(b.rows.len()) {
		if placed {
			break
		}
		r := b.rows.at(i)
		tx := b.txs.at(r.tx).order
		if b.txs.at(tx).place != UnknownPlace {
			continue
		}
		if at, ok := first[tx]; !ok || r.index < at {
			first[tx] = r.index
		}
	}
	compare := func(x, y uint32) int {
		tx, ty := b.txs.at(x), b.txs.at(y)
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
		x, y := b.txs.at(order[i-1]), b.txs.at(order[i])
		if x.chain == y.chain && x.height == y.height && x.place == y.place && x.place != UnknownPlace {
			return nil, fmt.Errorf("block %d of %s: %s puts transaction %s at place %d, %s puts %s there: %w", x.height, b.addrs.chains[x.chain],
				b.where(x), b.id(x), x.place, b.where(y), b.id(y), fundtrail.ErrConflict)
		}
	}
	if !placed {
		b.spendLater(order)
	}
	// order[n] = i becomes txs[i].order = n; duplicates follow their first.
	place := make([]uint32, b.txs.len())
	for n, i := range order {
		place[i] = uint32(n)
	}
	for i := range uint32(b.txs.len()) {
		b.txs.at(i).order = place[b.txs.at(i).order]
	}
	return order, nil
}

// orderRows returns the rows' numbers in ledger order: by transaction, inputs before
// outputs, by index.
func (b *Builder) orderRows(txs int) []uint32 {
	// Transactions are numbered already, so rows need only be dealt out to them.
	start := make([]uint32, txs+1)
	for i := range uint32(b.rows.len()) {
		start[b.txs.at(b.rows.at(i).tx).order+1]++
	}
	for i := range txs {
		start[i+1] += start[i]
	}
	perm := make([]uint32, b.rows.len())
	for i := range uint32(b.rows.len()) {
		at := &start[b.txs.at(b.rows.at(i).tx).order]
		perm[*at] = i
		*at++
	}
	compare := func(x, y uint32) int {
		rx, ry := b.rows.at(x), b.rows.at(y)
		return cmp.Or(cmp.Compare(rx.side(), ry.side()), cmp.Compare(rx.index, ry.index), cmp.Compare(x, y))
	}
	lo := uint32(0)
	for _, hi := range start[:txs] {
		if group := perm[lo:hi]; !slices.IsSortedFunc(group, compare) {
			slices.SortFunc(group, compare)
		}
		lo = hi
	}
	return perm
}

func compareCoverage(x, y fundtrail.Coverage) int {
	return cmp.Or(cmp.Compare(x.Chain, y.Chain), x.Address.Compare(y.Address), cmp.Compare(x.FromBlock, y.FromBlock),
		cmp.Compare(x.ToBlock, y.ToBlock), cmp.Compare(x.What, y.What), cmp.Compare(x.Source, y.Source))
}

// sealAssets gives the ledger the assets that some row has, in order.
func (b *Builder) sealAssets(m *Memory, rows []uint32) error {
	used := make([]bool, len(b.assets))
	for _, i := range rows {
		used[b.rows.at(i).asset] = true
	}
	for id, a := range b.assets {
		if used[id] {
			m.assets = append(m.assets, a)
		}
	}
	if len(m.assets) > 1<<24 {
		return fmt.Errorf("%d assets, the memory ledger holds 2^24: %w", len(m.assets), fundtrail.ErrLimit)
	}
	slices.SortFunc(m.assets, fundtrail.Asset.Compare)
	m.assetIDs = make(map[fundtrail.Asset]fundtrail.AssetID, len(m.assets))
	for id, a := range m.assets {
		m.assetIDs[a] = fundtrail.AssetID(id)
	}
	renumber := make([]uint32, len(b.assets))
	for id, a := range b.assets {
		renumber[id] = uint32(m.assetIDs[a])
	}
	for _, i := range rows {
		b.rows.at(i).asset = renumber[b.rows.at(i).asset]
	}
	return nil
}

// columns lays the ordered rows out in their final form. A transaction without rows
// is not kept; the returned slice numbers those that are, by place in order.
func (b *Builder) columns(m *Memory, order, perm []uint32) (kept []uint32) {
	m.rows = make([]row, len(perm))
	m.starts = newBitset(len(perm))
	if len(m.assets) > 1<<16 {
		m.assetHigh = make([]uint8, len(perm))
	}
	kept = make([]uint32, len(order))
	for i := range kept {
		kept[i] = notKept
	}
	last := uint32(math.MaxUint32)
	for p, i := range perm {
		r := b.rows.at(i)
		m.rows[p] = row{from: splitID(r.from), to: splitID(r.to), asset: uint16(r.asset), place: m.encodePlace(p, r.kind, r.index), amount: r.amount}
		if m.assetHigh != nil {
			m.assetHigh[p] = uint8(r.asset >> 16)
		}
		tx := b.txs.at(r.tx).order
		if tx == last {
			continue
		}
		last = tx
		m.starts.set(p)
		t := b.txs.at(order[tx])
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
		kept[tx] = uint32(len(m.hashes))
		m.hashes = append(m.hashes, t.hash)
		if b.keep {
			m.told = append(m.told, toldTx{t.place, t.outcome})
		}
		m.txBlock = append(m.txBlock, uint32(len(m.blocks)-1))
	}
	if n := len(m.chains); n > 0 {
		m.chains[n-1].End = fundtrail.Position(len(perm))
	}
	m.starts.index()
	m.large = shrink(b.large)
	m.hashes, m.txBlock, m.blocks = shrink(m.hashes), shrink(m.txBlock), shrink(m.blocks)
	m.indexTimes()
	a := m.addrs
	a.arena, a.offset, a.chain = shrink(a.arena), shrink(a.offset), shrink(a.chain)
	return kept
}

const notKept = math.MaxUint32

// sortHashes fills m.byHash from the transactions in order of hash.
func (b *Builder) sortHashes(m *Memory, byHash, kept []uint32) {
	m.byHash = make([]uint32, 0, len(m.hashes))
	for _, i := range byHash {
		if n := kept[b.txs.at(i).order]; n != notKept {
			m.byHash = append(m.byHash, n)
		}
	}
}

// shrink returns s without spare room: what a ledger keeps, it keeps for long.
func shrink[S ~[]E, E any](s S) S { return append(make(S, 0, len(s)), s...) }
