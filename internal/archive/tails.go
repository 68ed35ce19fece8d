package archive

import (
	"slices"
	"time"

	"github.com/fundtrail/fundtrail"
)

// A tail is the segments of one chain, in order.
type tail struct {
	chain    fundtrail.Chain
	segments []*segment
}

// tails are the segments of all chains.
type tails struct{ chains []*tail }

func (t *tails) of(chain fundtrail.Chain) *tail {
	for _, c := range t.chains {
		if c.chain == chain {
			return c
		}
	}
	c := &tail{chain: chain}
	t.chains = append(t.chains, c)
	return c
}

// push adds a segment behind those of its chain, which it must follow.
func (t *tails) push(s *segment) error {
	c := t.of(s.Chain)
	if s.First != c.count() || s.Known != c.known() {
		return damage(s.name, "it does not follow the segment before it")
	}
	c.segments = append(c.segments, s)
	return nil
}

// pushImage is push of a segment in memory.
func (t *tails) pushImage(b []byte, fail *failure) error {
	s, err := openImage("the log", b, fail)
	if err != nil {
		return err
	}
	return t.push(s)
}

// count returns how many movements the chain has.
func (c *tail) count() uint64 {
	if n := len(c.segments); n > 0 {
		return c.segments[n-1].First + uint64(c.segments[n-1].count)
	}
	return 0
}

// known returns how many addresses the chain has.
func (c *tail) known() uint32 {
	if n := len(c.segments); n > 0 {
		return c.segments[n-1].Known + c.segments[n-1].Addresses
	}
	return 0
}

// tip returns the height of the newest block, -1 when there is none.
func (c *tail) tip() int64 {
	for i := len(c.segments) - 1; i >= 0; i-- {
		if s := c.segments[i]; s.Blocks > 0 {
			return s.LastBlock
		}
	}
	return -1
}

// truncate drops the blocks above a height. A segment that has blocks on both sides is
// made anew, in memory, and returned; it is not among the tail's then.
func (c *tail) truncate(height int64) (remade []byte, err error) {
	kept := 0
	for kept < len(c.segments) && c.segments[kept].LastBlock <= height {
		kept++
	}
	if kept == len(c.segments) || c.segments[kept].FirstBlock > height {
		c.segments = c.segments[:kept]
		return nil, nil
	}
	cut := c.segments[kept]
	c.segments = c.segments[:kept]
	m := newMaker(c.chain, cut.First, cut.Known)
	if err := c.copyBlocks(cut, m, height); err != nil {
		return nil, err
	}
	return m.image(c.segments)
}

// copyBlocks adds a segment's blocks up to a height to a maker that begins where the
// segment does. The chain's other segments are those before it.
func (c *tail) copyBlocks(s *segment, m *maker, height int64) error {
	b := newSegmentCursor(s)
	met := map[uint32]uint32{}
	address := func(id uint32) uint32 {
		if id == 0 {
			return 0
		}
		n, ok := met[id]
		if !ok {
			n = m.address(c.key(s, id))
			met[id] = n
		}
		return n
	}
	for n := uint32(0); n < s.Blocks && s.header(n).height <= height; n++ {
		h := s.header(n)
		if err := m.block(h.height, h.time, s.blockHash(n)); err != nil {
			return err
		}
		for ; b.ok() && b.blockNo == n; b.next() {
			if b.begins {
				m.tx(s.hash(b.number), b.told.place, b.told.outcome)
			}
			kind, index := decodePlace(b.row.place, s.coins)
			m.add(kind, index, address(b.row.from), address(b.row.to), m.asset(s.tokens[b.row.asset]), b.amount())
			switch {
			case kind != fundtrail.MoveInput || b.row.link == noLink:
			case b.row.link-1 >= s.First+uint64(b.i):
				s.broken() // it spends what comes after it
			default:
				m.spend(b.row.link - 1)
			}
		}
	}
	return s.hot.fail.get()
}

// key returns the bytes of an address that s or a segment before it was the first to meet.
func (c *tail) key(s *segment, id uint32) []byte {
	if id > s.Known {
		return s.key(id)
	}
	i, _ := slices.BinarySearchFunc(c.segments, id, func(s *segment, id uint32) int {
		switch {
		case s.Known+s.Addresses < id:
			return -1
		case s.Known >= id:
			return 1
		}
		return 0
	})
	if i == len(c.segments) {
		return nil
	}
	return c.segments[i].key(id)
}

// headerOf returns the n-th block.
func (s *segment) headerOf(n uint32) fundtrail.Block {
	h := s.header(n)
	return fundtrail.Block{Chain: s.Chain, Height: h.height, Hash: s.blockHash(n), Time: time.Unix(h.time, 0).UTC()}
}

// A segmentCursor walks through a segment's movements.
type segmentCursor struct {
	s       *segment
	i       uint32
	c       chunk
	at      int // of the amount in the chunk
	row     rawRow
	number  uint32 // of the transaction
	blockNo uint32
	last    uint32 // the number of the first transaction after the block
	begins  bool   // a transaction
	told    rawTx  // when it does
}

func newSegmentCursor(s *segment) *segmentCursor {
	b := &segmentCursor{s: s, i: ^uint32(0)}
	if s.count > 0 {
		b.last = b.blockEnd()
		b.next()
	}
	return b
}

func (b *segmentCursor) ok() bool { return b.s.count > 0 && b.i < b.s.count }

func (b *segmentCursor) blockEnd() uint32 {
	if b.blockNo+1 < b.s.Blocks {
		return b.s.header(b.blockNo + 1).tx
	}
	return b.s.Txs
}

// next goes to the next movement. When the segment is damaged the walk ends.
func (b *segmentCursor) next() {
	b.i++
	if b.i >= b.s.count {
		return
	}
	k := int(b.i & (chunkRows - 1))
	if k == 0 {
		if !b.s.chunk(b.i>>chunkBits, &b.c) {
			b.i = b.s.count
			return
		}
		b.at = b.c.amounts
	} else {
		b.at += amountLen(b.row.class)
	}
	b.row = b.c.row(k)
	b.begins = b.c.starts>>k&1 != 0
	b.number = b.c.number(k)
	for b.number >= b.last && b.blockNo+1 < b.s.Blocks {
		b.blockNo++
		b.last = b.blockEnd()
	}
	if b.begins {
		b.told = b.c.tell(k, b.number-b.s.header(b.blockNo).tx)
	}
	if int(b.row.asset) >= len(b.s.tokens) || b.at > len(b.c.b) {
		b.s.broken()
		b.i = b.s.count
	}
}

// amount returns the amount of the movement.
func (b *segmentCursor) amount() fundtrail.Amount {
	a, ok := decodeAmount(b.row.class, b.c.b[b.at:])
	if !ok {
		b.s.broken()
	}
	return a
}

// raw returns the bytes of the movement's amount.
func (b *segmentCursor) raw() []byte {
	return b.c.b[b.at:min(b.at+amountLen(b.row.class), len(b.c.b))]
}
