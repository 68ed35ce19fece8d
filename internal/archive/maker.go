package archive

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"slices"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/ledger"
)

// A maker collects the movements of a segment in the order of the chain, and writes
// it. What it holds grows with the movements: see doc/performance.md.
type maker struct {
	chain  fundtrail.Chain
	coins  bool
	fixed  bool
	first  uint64 // the chain's movements before
	known  uint32 // the chain's addresses before
	assets []fundtrail.Asset
	assetN map[fundtrail.Asset]uint32

	from, to []uint32 // numbers of addresses among those met here, from 1
	what     []uint64 // asset<<40 | place
	class    []byte
	amounts  []byte
	links    []uint64 // coin chains: position of the other end, plus one
	txs      []madeTx
	blocks   []madeBlock
	headers  bool // some block's hash is told
	spent    []spentOutput

	arena []byte // addresses met here, one after another
	ends  []uint32
	table []uint32
}

type madeTx struct {
	hash  fundtrail.Hash
	row   uint32
	block uint32
	place uint32
	out   ledger.Outcome
}

type madeBlock struct {
	header
	hash fundtrail.Hash
}

// A spentOutput is an output of an earlier segment and the input that spends it.
type spentOutput struct{ out, in uint64 }

// maxRows is how many movements a segment may have at most.
const maxRows = 1 << 27

func newMaker(chain fundtrail.Chain, first uint64, known uint32) *maker {
	m := &maker{table: make([]uint32, 1<<10)}
	m.reset(chain, first, known)
	return m
}

// reset begins another segment in the room of the one before.
func (m *maker) reset(chain fundtrail.Chain, first uint64, known uint32) {
	info, _ := chain.Info()
	m.chain, m.coins, m.fixed, m.first, m.known = chain, info.Model == fundtrail.Coins, fixedKeys(info), first, known
	m.assets, m.assetN = nil, map[fundtrail.Asset]uint32{}
	m.from, m.to, m.what, m.class, m.amounts, m.links = m.from[:0], m.to[:0], m.what[:0], m.class[:0], m.amounts[:0], m.links[:0]
	m.txs, m.blocks, m.spent, m.arena, m.ends, m.headers = m.txs[:0], m.blocks[:0], m.spent[:0], m.arena[:0], m.ends[:0], false
	clear(m.table)
}

func (m *maker) rows() int { return len(m.class) }

// key returns the bytes of the n-th address, from 1.
func (m *maker) key(n uint32) []byte {
	if m.fixed {
		return m.arena[20*(n-1) : 20*n]
	}
	lo := uint32(0)
	if n > 1 {
		lo = m.ends[n-2]
	}
	return m.arena[lo:m.ends[n-1]]
}

func (m *maker) met() int {
	if m.fixed {
		return len(m.arena) / 20
	}
	return len(m.ends)
}

// address returns the number of an address, 0 for none.
func (m *maker) address(key []byte) uint32 {
	if len(key) == 0 {
		return 0
	}
	mask := uint64(len(m.table) - 1)
	i := hashKey(key) & mask
	for ; m.table[i] != 0; i = (i + 1) & mask {
		if bytes.Equal(m.key(m.table[i]), key) {
			return m.table[i]
		}
	}
	m.arena = append(m.arena, key...)
	if !m.fixed {
		m.ends = append(m.ends, uint32(len(m.arena)))
	}
	n := uint32(m.met())
	m.table[i] = n
	if int(n) > len(m.table)*5/8 {
		m.grow()
	}
	return n
}

func (m *maker) grow() {
	m.table = make([]uint32, 2*len(m.table))
	mask := uint64(len(m.table) - 1)
	for n := uint32(1); n <= uint32(m.met()); n++ {
		i := hashKey(m.key(n)) & mask
		for m.table[i] != 0 {
			i = (i + 1) & mask
		}
		m.table[i] = n
	}
}

func (m *maker) asset(a fundtrail.Asset) uint32 {
	n, ok := m.assetN[a]
	if !ok {
		n = uint32(len(m.assets))
		m.assets = append(m.assets, a)
		m.assetN[a] = n
	}
	return n
}

// block begins a block; heights rise.
func (m *maker) block(height, time int64, hash fundtrail.Hash) error {
	if n := len(m.blocks); n > 0 && m.blocks[n-1].height >= height {
		return fmt.Errorf("block %d of %s after block %d: %w", height, m.chain, m.blocks[n-1].height, fundtrail.ErrInvalid)
	}
	m.blocks = append(m.blocks, madeBlock{header{height: height, time: time, tx: uint32(len(m.txs))}, hash})
	m.headers = m.headers || hash != fundtrail.Hash{}
	return nil
}

// tx begins a transaction of the block begun last.
func (m *maker) tx(hash fundtrail.Hash, place uint32, out ledger.Outcome) {
	m.txs = append(m.txs, madeTx{hash, uint32(m.rows()), uint32(len(m.blocks) - 1), place, out})
}

// add adds a movement of the transaction begun last.
func (m *maker) add(kind fundtrail.MoveKind, index, from, to, asset uint32, a fundtrail.Amount) {
	m.from, m.to = append(m.from, from), append(m.to, to)
	m.what = append(m.what, uint64(asset)<<40|encodePlace(kind, index))
	var class byte
	m.amounts, class = appendAmount(m.amounts, a)
	m.class = append(m.class, class)
	if m.coins {
		m.links = append(m.links, noLink)
	}
}

// spend ties the input added last to the output at a position of the chain.
func (m *maker) spend(out uint64) {
	in := m.first + uint64(m.rows()) - 1
	m.links[len(m.links)-1] = out + 1
	if out >= m.first {
		m.links[out-m.first] = in + 1
	} else {
		m.spent = append(m.spent, spentOutput{out, in})
	}
}

// A kept address is one of the maker's with its hash and the chain's number.
type keptAddress struct {
	hash uint64
	n    uint32 // the maker's number
	id   uint32 // the chain's, 0: not met before
}

// resolve gives every address met here the chain's number: of those that earlier
// segments hold, theirs, and of the others the next, in the order of their hashes.
func (m *maker) resolve(before []*segment) (kept []keptAddress) {
	kept = make([]keptAddress, m.met())
	for i := range kept {
		n := uint32(i + 1)
		kept[i] = keptAddress{hash: hashKey(m.key(n)), n: n}
	}
	slices.SortFunc(kept, func(x, y keptAddress) int {
		if c := cmp.Compare(x.hash, y.hash); c != 0 {
			return c
		}
		return bytes.Compare(m.key(x.n), m.key(y.n))
	})
	for _, s := range before {
		if len(kept) < int(s.Addresses)/64 {
			for i := range kept {
				if k := &kept[i]; k.id == 0 {
					if id, ok := s.find(k.hash, m.key(k.n)); ok {
						k.id = id
					}
				}
			}
			continue
		}
		i := 0 // both are in the order of hashes
		for n := range s.Addresses {
			key := s.keyBytes(n)
			h := hashKey(key)
			for i < len(kept) && kept[i].hash < h {
				i++
			}
			if i == len(kept) {
				break
			}
			for j := i; j < len(kept) && kept[j].hash == h; j++ {
				if bytes.Equal(m.key(kept[j].n), key) {
					kept[j].id = s.Known + 1 + s.keyID(n)
				}
			}
		}
	}
	return kept
}

// write writes the segment: movements, lists and addresses to hot, hashes to cold,
// which may be the same. before are the chain's segments before this one.
func (m *maker) write(hot, cold *containerWriter, before []*segment) (d description, err error) {
	d = description{Chain: m.chain, First: m.first, Movements: uint32(m.rows()), Txs: uint32(len(m.txs)), Blocks: uint32(len(m.blocks)),
		Known: m.known, Spent: uint32(len(m.spent)), Headers: m.headers}
	if n := len(m.blocks); n > 0 {
		d.FirstBlock, d.LastBlock = m.blocks[0].height, m.blocks[n-1].height
	}
	kept := m.resolve(before)
	ids := make([]uint32, len(kept)+1)   // by the maker's number
	ranks := make([]uint32, len(kept)+1) // of its list
	var old []keptAddress
	next := m.known
	for i := range kept {
		if kept[i].id == 0 {
			if next == math.MaxUint32 {
				return d, fmt.Errorf("more than 2^32 addresses of %s: %w", m.chain, fundtrail.ErrLimit)
			}
			next++
			ids[kept[i].n] = next
		} else {
			ids[kept[i].n] = kept[i].id
			old = append(old, kept[i])
		}
	}
	slices.SortFunc(old, func(x, y keptAddress) int { return cmp.Compare(x.id, y.id) })
	d.Old, d.Addresses = uint32(len(old)), next-m.known
	for i, k := range old {
		ranks[k.n] = uint32(i)
	}
	for n := 1; n < len(ids); n++ {
		if ids[n] > m.known {
			ranks[n] = d.Old + ids[n] - m.known - 1
		}
	}
	m.writeRows(hot, ids)
	m.writeLists(hot, ranks, int(d.Old+d.Addresses))
	oldIDs := make([]uint32, len(old))
	for i := range old {
		oldIDs[i] = old[i].id
	}
	d.OldShift = writeOld(hot, oldIDs, m.known)
	own := kept[:0]
	for _, k := range kept {
		if k.id == 0 {
			own = append(own, k)
		}
	}
	keys := newKeyWriter(m.fixed, len(own))
	hot.begin(secKeys)
	for _, k := range own {
		keys.add(hot, k.hash, m.key(k.n))
	}
	d.KeyBits = keys.finish(hot)
	d.Assets = contracts(m.assets)
	heads := make([]header, len(m.blocks))
	for i := range m.blocks {
		heads[i] = m.blocks[i].header
	}
	if err := writeBlocks(hot, heads, d.Txs); err != nil {
		return d, err
	}
	slices.SortFunc(m.spent, func(x, y spentOutput) int { return cmp.Compare(x.out, y.out) })
	writeSpent(hot, m.spent)

	cold.begin(secHashes)
	for i := range m.txs {
		cold.Write(m.txs[i].hash[:])
	}
	d.TxBits, d.HashBits = writeHashes(cold, len(m.txs), func(i uint32) *fundtrail.Hash { return &m.txs[i].hash })
	if m.headers {
		cold.begin(secBlockHashes)
		for i := range m.blocks {
			cold.Write(m.blocks[i].hash[:])
		}
	}
	return d, writeDescription(hot, &d)
}

func writeDescription(hot *containerWriter, d *description) error {
	raw, err := json.Marshal(d)
	if err != nil {
		return err
	}
	hot.section(secMeta, raw)
	return nil
}

func contracts(assets []fundtrail.Asset) []string {
	out := make([]string, len(assets))
	for i, a := range assets {
		out[i] = a.Contract.String()
	}
	return out
}

func (m *maker) writeRows(hot *containerWriter, ids []uint32) {
	w := newRowWriter(hot)
	tx, amount := -1, 0
	for i := range m.class {
		var told *rawTx
		if tx+1 < len(m.txs) && int(m.txs[tx+1].row) == i {
			tx++
			t := &m.txs[tx]
			told = &rawTx{t.place, uint32(tx) - m.blocks[t.block].tx, t.out}
		}
		r := rawRow{from: ids[m.from[i]], to: ids[m.to[i]], asset: uint32(m.what[i] >> 40), place: m.what[i] & (1<<40 - 1), class: m.class[i]}
		if m.coins {
			r.link = m.links[i]
		}
		n := amountLen(r.class)
		w.add(r, m.amounts[amount:amount+n], uint32(tx), m.txs[tx].block, told)
		amount += n
	}
	w.finish()
}

// writeLists deals the movements out to their addresses.
func (m *maker) writeLists(hot *containerWriter, ranks []uint32, lists int) {
	at := make([]uint32, lists+1)
	for i, from := range m.from {
		to := m.to[i]
		if from != 0 {
			at[ranks[from]+1]++
		}
		if to != 0 && to != from {
			at[ranks[to]+1]++
		}
	}
	for i := range lists {
		at[i+1] += at[i]
	}
	posts := make([]uint32, at[lists])
	for i, from := range m.from {
		to := m.to[i]
		if from != 0 {
			posts[at[ranks[from]]] = uint32(i)
			at[ranks[from]]++
		}
		if to != 0 && to != from {
			posts[at[ranks[to]]] = uint32(i)
			at[ranks[to]]++
		}
	}
	w := newListWriter(hot, lists)
	lo := uint32(0)
	for _, hi := range at[:lists] { // at[n] is now the end of the n-th
		w.add(posts[lo:hi])
		lo = hi
	}
	w.finish()
}

// image makes the segment in memory.
func (m *maker) image(before []*segment) ([]byte, error) {
	var b bytes.Buffer
	return imageOf(&b, func(c *containerWriter) error {
		_, err := m.write(c, c, before)
		return err
	})
}

func imageOf(b *bytes.Buffer, write func(c *containerWriter) error) ([]byte, error) {
	c := newContainer(b)
	if err := write(c); err != nil {
		return nil, err
	}
	if _, err := c.finish(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// openImage reads a segment that is in memory, and was checked.
func openImage(name string, b []byte, fail *failure) (*segment, error) {
	c, err := openContainer(name, b, true, fail)
	if err != nil {
		return nil, err
	}
	return openSegment(name, c, c)
}
