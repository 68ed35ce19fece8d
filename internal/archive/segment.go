package archive

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"math"
	"math/bits"
	"sort"

	"github.com/cespare/xxhash/v2"

	"github.com/fundtrail/fundtrail"
)

// A description says what a segment holds.
type description struct {
	Chain      fundtrail.Chain `json:"chain"`
	First      uint64          `json:"first"`      // the chain's movements before it
	Movements  uint32          `json:"movements"`  // in it
	Txs        uint32          `json:"txs"`        // transactions
	Blocks     uint32          `json:"blocks"`     // headers
	FirstBlock int64           `json:"firstBlock"` // their heights
	LastBlock  int64           `json:"lastBlock"`
	Known      uint32          `json:"known"`     // the chain's addresses before it
	Addresses  uint32          `json:"addresses"` // first met in it
	Old        uint32          `json:"old"`       // met before, and again in it
	Spent      uint32          `json:"spent"`     // outputs of earlier segments
	KeyBits    uint8           `json:"keyBits"`   // of the index of addresses
	IDBits     uint8           `json:"idBits"`    // of ranks of addresses, 0: they are numbered in the order of their hashes
	OldShift   uint8           `json:"oldShift"`  // of the index of addresses met before
	TxBits     uint8           `json:"txBits"`    // of numbers of transactions
	HashBits   uint8           `json:"hashBits"`  // of the index of hashes
	Headers    bool            `json:"headers"`   // it has hashes of blocks
	Assets     []string        `json:"assets"`    // contracts; "" is the chain's own coin
}

// A segment is a run of a chain's movements that never changes: the facts of whole
// blocks. Addresses are numbered through the chain, from 1, in the order of the
// segments they are first met in; within one, in the order of their hashes. So a
// segment refers to those before it and never to those after it, and neighbours are
// merged without a number changing.
type segment struct {
	description
	name   string
	count  uint32
	coins  bool
	fixed  bool // addresses are 20 bytes
	tokens []fundtrail.Asset
	size   int64 // bytes in all
	hot    *container
	cold   *container
	advise func(off, n uint64) // that bytes of the hot file are needed; may be nil

	rows, rowAt, lists, listAt, old, oldAt          region
	keys, keyAt, keyDir, keyRanks                   region
	blocks, spent, hashes, byHash, hashAt, blockIDs region
}

const (
	blockSize = 24
	spentSize = 16
)

// openSegment reads a segment from its two containers, which may be one.
func openSegment(name string, hot, cold *container) (*segment, error) {
	s := &segment{name: name, hot: hot, cold: cold, size: int64(len(hot.data))}
	if cold != hot {
		s.size += int64(len(cold.data))
	}
	meta := hot.region(secMeta)
	b := meta.at(0, meta.n)
	if b == nil {
		return nil, hot.fail.get()
	}
	if err := json.Unmarshal(b[:meta.n], &s.description); err != nil {
		return nil, damage(name, "its description is damaged")
	}
	s.count = s.Movements
	info, ok := s.Chain.Info()
	if !ok {
		return nil, damage(name, "chain %q is not known", s.Chain)
	}
	s.coins, s.fixed = info.Model == fundtrail.Coins, fixedKeys(info)
	for id, r := range map[section]*region{secRows: &s.rows, secRowAt: &s.rowAt, secLists: &s.lists, secListAt: &s.listAt, secOld: &s.old, secOldAt: &s.oldAt,
		secKeys: &s.keys, secKeyAt: &s.keyAt, secKeyDir: &s.keyDir, secKeyRanks: &s.keyRanks, secBlocks: &s.blocks, secSpent: &s.spent} {
		*r = hot.region(id)
	}
	for id, r := range map[section]*region{secHashes: &s.hashes, secByHash: &s.byHash, secHashAt: &s.hashAt, secBlockHashes: &s.blockIDs} {
		*r = cold.region(id)
	}
	chunks := (uint64(s.count) + chunkRows - 1) / chunkRows
	lists := uint64(s.Old) + uint64(s.Addresses)
	if s.rowAt.n != 4*(chunks+1) || s.listAt.n != 4*(lists+1) || s.old.n != 4*uint64(s.Old) || s.blocks.n != blockSize*uint64(s.Blocks) ||
		s.spent.n != spentSize*uint64(s.Spent) || s.hashes.n != 32*uint64(s.Txs) || s.keyDir.n != 4*(1<<s.KeyBits+1) || s.hashAt.n != 4*(1<<s.HashBits+1) ||
		s.fixed && s.keys.n != s.keySize()*uint64(s.Addresses) || !s.fixed && s.keyAt.n != 4*(uint64(s.Addresses)+1) || s.Headers && s.blockIDs.n != 32*uint64(s.Blocks) ||
		s.IDBits > 32 || s.TxBits > 32 || s.OldShift > 32 {
		return nil, damage(name, "its columns contradict each other")
	}
	for _, contract := range s.Assets {
		a := fundtrail.NativeAsset(s.Chain)
		if contract != "" {
			var err error
			if a.Contract, err = fundtrail.ParseAddress(s.Chain, contract); err != nil {
				return nil, damage(name, "an asset is damaged")
			}
		}
		s.tokens = append(s.tokens, a)
	}
	return s, nil
}

// fixedKeys reports whether a chain's addresses are 20 bytes and nothing more.
func fixedKeys(info fundtrail.ChainInfo) bool {
	return info.Family == fundtrail.FamilyEVM || info.Family == fundtrail.FamilyTron
}

// keyOf returns the bytes an address is kept as: its 20 bytes, else its spelling.
func keyOf(a fundtrail.Address, fixed bool) []byte {
	if fixed {
		return a.Payload()
	}
	return []byte(a.String())
}

func hashKey(key []byte) uint64 { return xxhash.Sum64(key) }

// chunk opens a chunk of movements.
func (s *segment) chunk(k uint32, c *chunk) bool {
	at := s.rowAt.at(4*uint64(k), 8)
	if at == nil {
		return false
	}
	lo, hi := 8*uint64(binary.LittleEndian.Uint32(at)), 8*uint64(binary.LittleEndian.Uint32(at[4:]))
	if hi < lo {
		return s.broken()
	}
	b := s.rows.at(lo, hi-lo)
	if b == nil {
		return false
	}
	if !c.open(b) || c.n != int(min(chunkRows, s.count-k*chunkRows)) {
		return s.broken()
	}
	return true
}

func (s *segment) broken() bool {
	s.hot.fail.set(damage(s.hot.name, "a chunk of movements is damaged"))
	return false
}

// movement reads the i-th movement, with the chain's numbers of addresses, the
// segment's number of the asset, and the link's position plus one.
func (s *segment) movement(i uint32, m *fundtrail.Movement) {
	var c chunk
	*m = fundtrail.Movement{}
	if !s.chunk(i>>chunkBits, &c) {
		return
	}
	k := int(i & (chunkRows - 1))
	r := c.row(k)
	var ok bool
	if m.Amount, ok = c.amount(k); !ok {
		s.broken()
	}
	m.From, m.To, m.Link = fundtrail.AddressID(r.from), fundtrail.AddressID(r.to), fundtrail.Position(r.link)
	m.Kind, _ = decodePlace(r.place, s.coins)
	if m.Asset = fundtrail.AssetID(r.asset); int(r.asset) >= len(s.tokens) {
		m.Asset = 0
		s.broken()
	}
}

// A place is where the i-th movement stands.
type txPlace struct {
	number      uint32 // of the transaction
	block       uint32
	first, end  uint32
	kind        fundtrail.MoveKind
	index       uint32
	height, sec int64
}

// transaction finds the transaction of the i-th movement.
func (s *segment) transaction(i uint32, t *txPlace) bool {
	var c chunk
	if !s.chunk(i>>chunkBits, &c) {
		return false
	}
	k := int(i & (chunkRows - 1))
	t.number = c.number(k)
	t.kind, t.index = decodePlace(c.row(k).place, s.coins)
	if !s.block(c.block, t) {
		return false
	}
	at := i &^ (chunkRows - 1)
	for before := c.starts & (2<<k - 1); ; before = c.starts {
		if before != 0 {
			t.first = at + 63 - uint32(bits.LeadingZeros64(before))
			break
		}
		if at == 0 || !s.chunk((at-1)>>chunkBits, &c) {
			return s.broken()
		}
		at -= chunkRows
	}
	if at != i&^(chunkRows-1) && !s.chunk(i>>chunkBits, &c) {
		return false
	}
	at = i &^ (chunkRows - 1)
	for after := c.starts &^ (2<<k - 1); ; after = c.starts {
		if after != 0 {
			t.end = at + uint32(bits.TrailingZeros64(after))
			return true
		}
		if at += chunkRows; at >= s.count {
			t.end = s.count
			return true
		}
		if !s.chunk(at>>chunkBits, &c) {
			return false
		}
	}
}

// block finds the block of transaction t.number, at or after the one given.
func (s *segment) block(from uint32, t *txPlace) bool {
	for b := from; ; b++ {
		h := s.blocks.at(blockSize*uint64(b), blockSize)
		if h == nil {
			return false
		}
		next := s.Txs
		if b+1 < s.Blocks {
			n := s.blocks.at(blockSize*uint64(b+1), blockSize)
			if n == nil {
				return false
			}
			next = binary.LittleEndian.Uint32(n[16:])
		}
		if t.number < next {
			t.block, t.height, t.sec = b, int64(binary.LittleEndian.Uint64(h)), int64(binary.LittleEndian.Uint64(h[8:]))
			return true
		}
		if b+1 >= s.Blocks {
			return s.broken()
		}
	}
}

// A header is a row of the blocks' column.
type header struct {
	height, time int64
	tx           uint32 // its first transaction, or where that would be
	ahead        int32  // the latest time so far of a block with movements, less its own
}

// noneYet is the ahead of a block before any with movements.
const noneYet = math.MinInt32

func (s *segment) header(b uint32) (h header) {
	if r := s.blocks.at(blockSize*uint64(b), blockSize); r != nil {
		h = header{int64(binary.LittleEndian.Uint64(r)), int64(binary.LittleEndian.Uint64(r[8:])), binary.LittleEndian.Uint32(r[16:]), int32(binary.LittleEndian.Uint32(r[20:]))}
	}
	return h
}

func (h header) append(dst []byte) []byte {
	dst = binary.LittleEndian.AppendUint64(dst, uint64(h.height))
	dst = binary.LittleEndian.AppendUint64(dst, uint64(h.time))
	dst = binary.LittleEndian.AppendUint32(dst, h.tx)
	return binary.LittleEndian.AppendUint32(dst, uint32(h.ahead))
}

// latest returns the latest time of a block with movements up to the b-th.
func (h header) latest() int64 {
	if h.ahead == noneYet {
		return math.MinInt64
	}
	return h.time + int64(h.ahead)
}

// blockHash returns a block's hash, zero where it was not told.
func (s *segment) blockHash(b uint32) (h fundtrail.Hash) {
	if s.Headers {
		if r := s.blockIDs.at(32*uint64(b), 32); r != nil {
			copy(h[:], r)
		}
	}
	return h
}

// hash returns the hash of a transaction.
func (s *segment) hash(tx uint32) (h fundtrail.Hash) {
	if b := s.hashes.at(32*uint64(tx), 32); b != nil {
		copy(h[:], b)
	}
	return h
}

// findTx returns the number of a transaction.
func (s *segment) findTx(h fundtrail.Hash) (tx uint32, ok bool) {
	if s.Txs == 0 {
		return 0, false
	}
	bucket := binary.BigEndian.Uint64(h[:]) >> (64 - s.HashBits)
	lo, hi := s.hashAt.u32(bucket), s.hashAt.u32(bucket+1)
	n, ok := sort.Find(int(hi)-int(lo), func(i int) int {
		x := s.hash(uint32(s.byHash.bits(uint64(lo)+uint64(i), uint(s.TxBits))))
		return bytes.Compare(h[:], x[:])
	})
	if !ok {
		return 0, false
	}
	return uint32(s.byHash.bits(uint64(lo)+uint64(n), uint(s.TxBits))), true
}

// firstOf returns the first movement of a transaction.
func (s *segment) firstOf(tx uint32) (uint32, bool) {
	var c chunk
	chunks := int((s.count + chunkRows - 1) / chunkRows)
	k := sort.Search(chunks, func(k int) bool { return !s.chunk(uint32(k), &c) || c.tx > tx }) - 1
	for ; k >= 0; k-- { // where a transaction fills chunks, several begin with it
		if !s.chunk(uint32(k), &c) {
			return 0, false
		}
		for i := range c.n {
			if c.starts>>i&1 != 0 && c.number(i) == tx {
				return uint32(k)<<chunkBits + uint32(i), true
			}
		}
		if c.tx < tx {
			break
		}
	}
	return 0, s.broken()
}

// rank returns where an address's list stands; ok is false when it has none here.
func (s *segment) rank(id uint32) (rank uint32, ok bool) {
	if id > s.Known {
		id -= s.Known + 1
		return s.Old + id, id < s.Addresses
	}
	if s.Old == 0 {
		return 0, false
	}
	b := uint64(id >> s.OldShift)
	at := s.oldAt.at(4*b, 8)
	if at == nil {
		return 0, false
	}
	lo, hi := binary.LittleEndian.Uint32(at), binary.LittleEndian.Uint32(at[4:])
	if hi < lo || hi > s.Old {
		return 0, s.broken()
	}
	list := s.old.at(4*uint64(lo), 4*uint64(hi-lo))
	if list == nil {
		return 0, false
	}
	n := int(hi - lo)
	for n > 8 { // then a scan
		if half := n / 2; binary.LittleEndian.Uint32(list[4*half:]) <= id {
			list, lo, n = list[4*half:], lo+uint32(half), n-half
		} else {
			n = half
		}
	}
	for i := range n {
		if binary.LittleEndian.Uint32(list[4*i:]) == id {
			return lo + uint32(i), true
		}
	}
	return 0, false
}

// bucket returns where among the addresses in the order of hashes one with a hash
// stands, and where it likely does: hashes are spread evenly.
func (s *segment) bucket(hash uint64) (lo, guess, hi uint32) {
	at := s.keyDir.at(4*(hash>>(64-s.KeyBits)), 8)
	if at == nil {
		return 0, 0, 0
	}
	lo, hi = binary.LittleEndian.Uint32(at), binary.LittleEndian.Uint32(at[4:])
	if hi <= lo || hi > s.Addresses {
		return 0, 0, 0
	}
	return lo, lo + uint32(uint64(hi-lo)*(hash<<s.KeyBits>>32)>>32), hi
}

// find returns the number of an address that is first met in this segment.
func (s *segment) find(hash uint64, key []byte) (id uint32, ok bool) {
	if s.Addresses == 0 {
		return 0, false
	}
	lo, mid, hi := s.bucket(hash)
	for step := uint32(4); lo < hi; step *= 2 { // from the guess, in growing steps, then by halves
		k := s.keyBytes(mid)
		if k == nil {
			return 0, false
		}
		h := hashKey(k)
		switch {
		case h < hash || h == hash && bytes.Compare(k, key) < 0:
			lo = mid + 1
			mid = lo + min(step, (hi-lo)/2)
		case h == hash && bytes.Equal(k, key):
			return s.Known + 1 + s.keyID(mid), true
		default:
			hi = mid
			mid = hi - min(step, (hi-lo+1)/2)
		}
	}
	return 0, false
}

// numberSize is how many bytes follow each address in a segment whose addresses are not
// numbered in the order of their hashes: its number, beside it so that finding it is one
// read.
const numberSize = 4

// keySize returns how many bytes an address of 20 takes.
func (s *segment) keySize() uint64 {
	if s.IDBits != 0 {
		return 20 + numberSize
	}
	return 20
}

// keyRecord returns the n-th address in the order of hashes, with what follows it.
func (s *segment) keyRecord(n uint32) []byte {
	lo := s.keySize() * uint64(n)
	hi := lo + s.keySize()
	if !s.fixed {
		at := s.keyAt.at(4*uint64(n), 8)
		if at == nil {
			return nil
		}
		lo, hi = uint64(binary.LittleEndian.Uint32(at)), uint64(binary.LittleEndian.Uint32(at[4:]))
		if hi < lo || s.IDBits != 0 && hi-lo < numberSize {
			s.broken()
			return nil
		}
	}
	b := s.keys.at(lo, hi-lo)
	if b == nil {
		return nil
	}
	return b[: hi-lo : hi-lo]
}

// keyBytes returns the n-th address in the order of hashes.
func (s *segment) keyBytes(n uint32) []byte {
	b := s.keyRecord(n)
	if s.IDBits != 0 && b != nil {
		b = b[: len(b)-numberSize : len(b)-numberSize]
	}
	return b
}

// keyID returns the number, among the segment's own, of the n-th address in the
// order of hashes.
func (s *segment) keyID(n uint32) uint32 {
	if s.IDBits == 0 {
		return n
	}
	b := s.keyRecord(n)
	if b == nil {
		return 0
	}
	return binary.LittleEndian.Uint32(b[len(b)-numberSize:])
}

// key returns the bytes of an address that is first met in this segment.
func (s *segment) key(id uint32) []byte {
	n := id - s.Known - 1
	if s.IDBits != 0 {
		n = uint32(s.keyRanks.bits(uint64(n), uint(s.IDBits)))
	}
	return s.keyBytes(n)
}

// spender returns the position, plus one, of the input that spends an earlier
// segment's output.
func (s *segment) spender(out uint64) uint64 {
	n, ok := sort.Find(int(s.Spent), func(i int) int {
		b := s.spent.at(spentSize*uint64(i), spentSize)
		if b == nil {
			return -1
		}
		at := binary.LittleEndian.Uint64(b)
		switch {
		case out < at:
			return -1
		case out > at:
			return 1
		}
		return 0
	})
	if !ok {
		return 0
	}
	b := s.spent.at(spentSize*uint64(n), spentSize)
	return binary.LittleEndian.Uint64(b[8:]) + 1
}

// mostWarm is how many bytes of addresses met before are asked for when a segment is opened:
// of one as imports and sync leave it all, of a large one that was merged none.
const mostWarm = 8 << 20

// warm asks for the indexes, which every question needs, so that a cold one waits for
// its address's own pages alone.
func (s *segment) warm(m mapping) {
	if s.advise = m.advise; s.advise == nil {
		return
	}
	for _, r := range []region{s.rowAt, s.keyDir, s.oldAt, s.old} {
		if r.n > 0 && (r != s.old || r.n <= mostWarm) {
			s.advise(r.off, r.n)
		}
	}
}
