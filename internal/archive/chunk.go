package archive

import (
	"encoding/binary"
	"math"
	"math/bits"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/ledger"
)

// Movements stand in chunks of 64, each at a multiple of eight bytes:
//
//	 0  number of the transaction of the first movement   4
//	 4  number of that transaction's block                4
//	 8  a bit for each movement that begins a transaction 8
//	16  bits of payer, payee, asset, place, link, told    6
//	22  how many movements                                1
//	23  outcome of the transactions that begin here       1
//	24  what links are counted from                       8
//	32  class of each amount (see amount.go)
//	    payer, payee, asset, place and link of each movement, in as many bits as above
//	    what was told of each transaction that begins here, where it is not the usual
//	    amounts
//
// A place is four times the index within its kind, plus the kind; a link is the
// position of a coin's other end, less what links are counted from, 0 for none. The
// usual is a transaction whose place in its block is its number there, and one outcome
// for all. What was told is four times the place plus one (0: not told), plus the outcome.

const (
	chunkBits = 6
	chunkRows = 1 << chunkBits
	chunkHead = 32
	noLink    = 0 // of a link: the position plus one
)

// The kinds that a place tells.
const (
	placeMove  = 0 // account chains: index
	placeLog   = 1 // index - fundtrail.LogIndex
	placeFee   = 2 // index - fundtrail.FeeIndex
	placeOut   = 0 // coin chains
	placeInput = 1
)

func encodePlace(kind fundtrail.MoveKind, index uint32) uint64 {
	switch {
	case kind == fundtrail.MoveInput:
		return uint64(index)<<2 | placeInput
	case kind == fundtrail.MoveOutput:
		return uint64(index)<<2 | placeOut
	case index >= fundtrail.FeeIndex:
		return uint64(index-fundtrail.FeeIndex)<<2 | placeFee
	case index >= fundtrail.LogIndex:
		return uint64(index-fundtrail.LogIndex)<<2 | placeLog
	}
	return uint64(index)<<2 | placeMove
}

func decodePlace(v uint64, coins bool) (fundtrail.MoveKind, uint32) {
	index := uint32(v >> 2)
	switch {
	case coins && v&3 == placeInput:
		return fundtrail.MoveInput, index
	case coins:
		return fundtrail.MoveOutput, index
	case v&3 == placeFee:
		return fundtrail.MoveFee, index + fundtrail.FeeIndex
	case v&3 == placeLog:
		return fundtrail.Move, index + fundtrail.LogIndex
	}
	return fundtrail.Move, index
}

// A rawRow is a movement in a chunk, its amount apart.
type rawRow struct {
	from, to uint32 // numbers of the chain's addresses, 0 for none
	asset    uint32 // number in the segment
	class    byte
	place    uint64
	link     uint64 // position of the other end, plus one
}

// A rawTx is what is told of a transaction that begins in a chunk.
type rawTx struct {
	place   uint32 // ledger.UnknownPlace where it is not told
	usual   uint32 // its number in its block
	outcome ledger.Outcome
}

// A chunkWriter collects the movements of one chunk.
type chunkWriter struct {
	rows    [chunkRows]rawRow
	n       int
	txs     [chunkRows]rawTx
	ntx     int
	starts  uint64
	tx      uint32 // of the first row
	block   uint32
	amounts []byte
	pack    packer
}

// add adds a movement whose amount's bytes are already in amounts. tx is set for the
// first of a transaction.
func (w *chunkWriter) add(r rawRow, number, block uint32, tx *rawTx) {
	if w.n == 0 {
		w.tx, w.block = number, block
	}
	if tx != nil {
		w.starts |= 1 << w.n
		w.txs[w.ntx] = *tx
		w.ntx++
	}
	w.rows[w.n] = r
	w.n++
}

// encode appends the chunk to dst and begins the next.
func (w *chunkWriter) encode(dst []byte) []byte {
	var most rawRow
	low := uint64(math.MaxUint64)
	for i := range w.rows[:w.n] {
		r := &w.rows[i]
		most.from |= r.from
		most.to |= r.to
		most.asset |= r.asset
		most.place |= r.place
		if r.link != noLink {
			low = min(low, r.link-1)
		}
	}
	if low == math.MaxUint64 {
		low = 0
	}
	for i := range w.rows[:w.n] {
		if r := &w.rows[i]; r.link != noLink {
			r.link -= low
			most.link |= r.link
		}
	}
	outcome, told := ledger.OutcomeUnknown, uint64(0)
	for i, t := range w.txs[:w.ntx] {
		if i == 0 {
			outcome = t.outcome
		}
		if t.place != t.usual || t.outcome != outcome {
			told = 1
		}
	}
	if told != 0 {
		for _, t := range w.txs[:w.ntx] {
			told |= tellTx(t)
		}
	}
	ws := [6]uint8{width(uint64(most.from)), width(uint64(most.to)), width(uint64(most.asset)), width(most.place), width(most.link), width(told)}
	dst = binary.LittleEndian.AppendUint32(dst, w.tx)
	dst = binary.LittleEndian.AppendUint32(dst, w.block)
	dst = binary.LittleEndian.AppendUint64(dst, w.starts)
	dst = append(dst, ws[:]...)
	dst = append(dst, byte(w.n), byte(outcome))
	dst = binary.LittleEndian.AppendUint64(dst, low)
	for i := range w.rows[:w.n] {
		dst = append(dst, w.rows[i].class)
	}
	w.pack = packer{out: dst}
	for i := range w.rows[:w.n] {
		r := &w.rows[i]
		w.pack.put(uint64(r.from), uint(ws[0]))
		w.pack.put(uint64(r.to), uint(ws[1]))
		w.pack.put(uint64(r.asset), uint(ws[2]))
		w.pack.put(r.place, uint(ws[3]))
		w.pack.put(r.link, uint(ws[4]))
	}
	w.pack.flush()
	if told != 0 {
		for _, t := range w.txs[:w.ntx] {
			w.pack.put(tellTx(t), uint(ws[5]))
		}
		w.pack.flush()
	}
	dst = append(w.pack.out, w.amounts...)
	for len(dst)&7 != 0 {
		dst = append(dst, 0)
	}
	w.n, w.ntx, w.starts, w.amounts = 0, 0, 0, w.amounts[:0]
	return dst
}

func tellTx(t rawTx) uint64 { return uint64(t.place+1)<<2 | uint64(t.outcome) }

// A chunk is read through its header.
type chunk struct {
	b       []byte
	starts  uint64
	tx      uint32
	block   uint32
	n       int
	w       [6]uint8
	records int // where payers and so on begin
	bits    int // of one movement
	told    int
	amounts int
	outcome ledger.Outcome
	low     uint64
}

// open reads a chunk's header; ok is false when it contradicts itself.
func (c *chunk) open(b []byte) (ok bool) {
	if len(b) < chunkHead {
		return false
	}
	c.b = b
	c.tx, c.block = binary.LittleEndian.Uint32(b), binary.LittleEndian.Uint32(b[4:])
	c.starts = binary.LittleEndian.Uint64(b[8:])
	c.w = [6]uint8(b[16:22])
	c.n, c.outcome = int(b[22]), ledger.Outcome(b[23])
	c.low = binary.LittleEndian.Uint64(b[24:])
	c.bits = int(c.w[0]) + int(c.w[1]) + int(c.w[2]) + int(c.w[3]) + int(c.w[4])
	c.records = chunkHead + c.n
	c.told = c.records + packed(c.n, uint(c.bits))
	c.amounts = c.told + packed(bits.OnesCount64(c.starts), uint(c.w[5]))
	return c.n <= chunkRows && c.amounts <= len(b) && c.w[0]|c.w[1] <= 63 && max(c.w[0], c.w[1]) <= 32 && c.w[2] <= 32 && max(c.w[3], c.w[5]) <= 40 && c.w[4] <= 56
}

// row reads the i-th movement but for its amount.
func (c *chunk) row(i int) (r rawRow) {
	r.class = c.b[chunkHead+i]
	pos := uint64(c.records*8 + i*c.bits)
	get := func(w uint8) uint64 {
		v := bitsAt(c.b, pos, uint(w))
		pos += uint64(w)
		return v
	}
	r.from, r.to, r.asset, r.place, r.link = uint32(get(c.w[0])), uint32(get(c.w[1])), uint32(get(c.w[2])), get(c.w[3]), get(c.w[4])
	if r.link != 0 {
		r.link += c.low
	}
	return r
}

// amount reads the amount of the i-th movement.
func (c *chunk) amount(i int) (fundtrail.Amount, bool) {
	at := c.amounts + amountsBefore(c.b[chunkHead:], i)
	if at > len(c.b) {
		return fundtrail.Amount{}, false
	}
	return decodeAmount(c.b[chunkHead+i], c.b[at:])
}

// number returns the number of the transaction of the i-th movement.
func (c *chunk) number(i int) uint32 {
	return c.tx + uint32(bits.OnesCount64(c.starts&(2<<i-1))) - uint32(c.starts&1)
}

// tell returns what is told of the transaction that begins at the i-th movement and
// has the given number in its block.
func (c *chunk) tell(i int, usual uint32) rawTx {
	t := rawTx{place: usual, usual: usual, outcome: c.outcome}
	if w := uint(c.w[5]); w > 0 {
		k := bits.OnesCount64(c.starts & (1<<i - 1))
		v := bitsAt(c.b, uint64(c.told*8)+uint64(k)*uint64(w), w)
		t.place, t.outcome = uint32(v>>2)-1, ledger.Outcome(v&3)
	}
	return t
}
