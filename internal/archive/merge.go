package archive

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"slices"

	"github.com/fundtrail/fundtrail"
)

// merge writes neighbouring segments as one. No number of an address and no position
// changes, so segments behind them stay as they are. What it holds in memory grows
// with addresses and transactions, not with movements.
func merge(hot, cold *containerWriter, in []*segment) (d description, err error) {
	first, last := in[0], in[len(in)-1]
	d = description{Chain: first.Chain, First: first.First, Known: first.Known, Addresses: last.Known + last.Addresses - first.Known}
	var assets []fundtrail.Asset
	number := map[fundtrail.Asset]uint32{}
	tokens := make([][]uint32, len(in))
	var heads []header
	var spent []spentOutput
	txBase := make([]uint32, len(in))
	for i, s := range in {
		for _, a := range s.tokens {
			n, ok := number[a]
			if !ok {
				n = uint32(len(assets))
				assets = append(assets, a)
				number[a] = n
			}
			tokens[i] = append(tokens[i], n)
		}
		txBase[i] = d.Txs
		for b := range s.Blocks {
			h := s.header(b)
			h.tx += d.Txs
			heads = append(heads, h)
		}
		for k := range s.Spent {
			if b := s.spent.at(spentSize*uint64(k), spentSize); b != nil {
				spent = append(spent, spentOutput{binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[8:])})
			}
		}
		d.Movements, d.Txs, d.Headers = d.Movements+s.count, d.Txs+s.Txs, d.Headers || s.Headers
	}
	d.Blocks, d.Assets = uint32(len(heads)), contracts(assets)
	if len(heads) > 0 {
		d.FirstBlock, d.LastBlock = heads[0].height, heads[len(heads)-1].height
	}
	slices.SortFunc(spent, func(x, y spentOutput) int { return cmp.Compare(x.out, y.out) })
	before, _ := slices.BinarySearchFunc(spent, d.First, func(s spentOutput, first uint64) int { return cmp.Compare(s.out, first) })

	mergeRows(hot, in, tokens, txBase, spent[before:])
	old := mergeLists(hot, in, &d)
	d.Old, d.OldShift = uint32(len(old)), writeOld(hot, old, d.Known)
	mergeKeys(hot, in, &d)
	if err := writeBlocks(hot, heads, d.Txs); err != nil {
		return d, err
	}
	d.Spent = uint32(before)
	writeSpent(hot, spent[:before])

	cold.begin(secHashes)
	for _, s := range in {
		copyRegion(cold, &s.hashes)
	}
	hashes := make([]*region, len(in))
	for i, s := range in {
		hashes[i] = &s.hashes
	}
	zero := new(fundtrail.Hash)
	d.TxBits, d.HashBits = writeHashes(cold, int(d.Txs), func(tx uint32) *fundtrail.Hash {
		i, ok := slices.BinarySearch(txBase, tx)
		if !ok {
			i--
		}
		for i+1 < len(txBase) && txBase[i+1] == tx { // segments without transactions
			i++
		}
		if b := hashes[i].at(32*uint64(tx-txBase[i]), 32); b != nil {
			return (*fundtrail.Hash)(b)
		}
		return zero
	})
	if d.Headers {
		cold.begin(secBlockHashes)
		for _, s := range in {
			for b := range s.Blocks {
				h := s.blockHash(b)
				cold.Write(h[:])
			}
		}
	}
	if err := first.hot.fail.get(); err != nil {
		return d, err // what is damaged is not copied
	}
	return d, writeDescription(hot, &d)
}

func copyRegion(to *containerWriter, r *region) {
	const step = 1 << 20
	for off := uint64(0); off < r.n; off += step {
		n := min(step, r.n-off)
		if b := r.at(off, n); b != nil {
			to.Write(b[:n])
		}
	}
}

// mergeRows copies the movements. Outputs that a later one of the segments spends
// get their link.
func mergeRows(hot *containerWriter, in []*segment, tokens [][]uint32, txBase []uint32, spent []spentOutput) {
	w := newRowWriter(hot)
	block := uint32(0)
	for i, s := range in {
		for c := newSegmentCursor(s); c.ok(); c.next() {
			r := c.row
			r.asset = tokens[i][r.asset]
			if len(spent) > 0 && spent[0].out == s.First+uint64(c.i) {
				r.link = spent[0].in + 1
				spent = spent[1:]
			}
			var told *rawTx
			if c.begins {
				told = &c.told
			}
			w.add(r, c.raw(), txBase[i]+c.number, block+c.blockNo, told)
		}
		block += s.Blocks
	}
	w.finish()
}

// An idCursor walks through the addresses of a segment in the order of their numbers.
type idCursor struct {
	s    *segment
	rank uint32
	id   uint32 // 0: at the end
}

func (c *idCursor) load() {
	switch {
	case c.rank < c.s.Old:
		c.id = c.s.old.u32(uint64(c.rank))
	case c.rank < c.s.Old+c.s.Addresses:
		c.id = c.s.Known + 1 + c.rank - c.s.Old
	default:
		c.id = 0
	}
}

// mergeLists joins the lists of each address and returns the numbers of those that
// were met before.
func mergeLists(hot *containerWriter, in []*segment, d *description) (old []uint32) {
	cursors := make([]idCursor, len(in))
	most := int(d.Addresses)
	for i, s := range in {
		cursors[i].s = s
		cursors[i].load()
		most += int(s.Old)
	}
	w := newListWriter(hot, most)
	var joined, one []uint32
	for {
		id := uint32(0)
		for i := range cursors {
			if c := cursors[i].id; c != 0 && (id == 0 || c < id) {
				id = c
			}
		}
		if id == 0 || in[0].hot.fail.get() != nil {
			break
		}
		joined = joined[:0]
		for i := range cursors {
			c := &cursors[i]
			if c.id != id {
				continue
			}
			if l, ok := c.s.list(c.rank); ok {
				one = l.all(one[:0])
				by := uint32(c.s.First - d.First)
				for _, at := range one {
					joined = append(joined, at+by)
				}
			}
			c.rank++
			c.load()
		}
		if id <= d.Known {
			old = append(old, id)
		}
		w.add(joined)
	}
	w.finish()
	return old
}

// mergeKeys merges the addresses in the order of their hashes.
func mergeKeys(hot *containerWriter, in []*segment, d *description) {
	type cursor struct {
		s    *segment
		n    uint32
		key  []byte
		hash uint64
	}
	load := func(c *cursor) {
		if c.key = nil; c.n < c.s.Addresses {
			if c.key = c.s.keyBytes(c.n); c.key != nil {
				c.hash = hashKey(c.key)
			}
		}
	}
	var cursors []cursor
	for _, s := range in {
		c := cursor{s: s}
		if load(&c); c.key != nil {
			cursors = append(cursors, c)
		}
	}
	w := newKeyWriter(in[0].fixed, int(d.Addresses))
	ranks := make([]uint32, d.Addresses) // by number
	written := uint32(0)
	if len(cursors) > 1 || len(cursors) == 1 && cursors[0].s.IDBits != 0 {
		d.IDBits = width(uint64(d.Addresses))
	}
	var record []byte
	hot.begin(secKeys)
	for len(cursors) > 0 {
		k := 0
		for i := 1; i < len(cursors); i++ {
			x, y := &cursors[i], &cursors[k]
			if x.hash < y.hash || x.hash == y.hash && bytes.Compare(x.key, y.key) < 0 {
				k = i
			}
		}
		c := &cursors[k]
		id := c.s.Known + c.s.keyID(c.n) - d.Known
		if int(id) < len(ranks) {
			ranks[id] = written
		}
		written++
		if record = append(record[:0], c.key...); d.IDBits != 0 {
			record = binary.LittleEndian.AppendUint32(record, id)
		}
		w.add(hot, c.hash, record)
		c.n++
		if load(c); c.key == nil {
			cursors = slices.Delete(cursors, k, k+1)
		}
	}
	d.KeyBits = w.finish(hot)
	if d.IDBits != 0 {
		writePacked(hot, secKeyRanks, ranks, d.IDBits)
	}
}

func writePacked(hot *containerWriter, id section, list []uint32, w uint8) {
	hot.begin(id)
	var p packer
	for _, v := range list {
		if p.put(uint64(v), uint(w)); len(p.out) > 1<<16 {
			hot.Write(p.out)
			p.out = p.out[:0]
		}
	}
	hot.Write(p.flush())
}

// mergeImage merges segments in memory.
func mergeImage(in []*segment) ([]byte, error) {
	return imageOf(new(bytes.Buffer), func(c *containerWriter) error {
		_, err := merge(c, c, in)
		return err
	})
}
