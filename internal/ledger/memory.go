package ledger

import (
	"bytes"
	"cmp"
	"math"
	"slices"
	"sort"

	"github.com/fundtrail/fundtrail"
)

// Memory is a ledger held in memory. It has the reading side fundtrail.Ledger, and
// any number of goroutines may read it at once. Make one with a [Builder].
type Memory struct {
	rows      []row
	assetHigh []uint8            // bits 16 to 23 of each row's asset, nil with fewer than 2^16 assets
	large     []fundtrail.Amount // the few amounts that have no short code
	starts    bitset             // first row of each transaction
	overflow  map[uint32]uint64  // row -> kind<<32 | index, where row.place is placeOverflow
	links     []uint32           // row -> the other end of its coin; nil without coin chains

	hashes  []fundtrail.Hash // by transaction
	txBlock []uint32         // transaction -> block
	byHash  []uint32         // transactions sorted by hash
	blocks  []block
	latest  []int64 // by block: the latest time on its chain so far; nil where times never step back

	chains   []fundtrail.ChainSpan
	coins    []bool // chain -> whether it records coins
	chainTxs []int  // chain -> its first transaction

	addrs    *addresses
	first    []uint32 // address -> its first posting
	posting  []uint32 // rows of each address, in order
	assets   []fundtrail.Asset
	assetIDs map[fundtrail.Asset]fundtrail.AssetID
	coverage []fundtrail.Coverage

	told   []toldTx       // by transaction; nil unless the builder was to keep it
	spends []outsideSpend // by row, as above
}

// A toldTx is what files told of a transaction, beside where it stands.
type toldTx struct {
	place   uint32
	outcome Outcome
}

// An outsideSpend is an input whose output the ledger does not hold.
type outsideSpend struct {
	row    uint32
	output fundtrail.TransferOutput
}

var _ fundtrail.Ledger = (*Memory)(nil)

// A row is a movement. It is made of 16-bit parts so that it takes 22 bytes and not 24,
// and of all that a reader wants, so that reading one waits for memory once.
type row struct {
	from, to id32
	asset    uint16
	place    uint16
	amount   code
}

// An id32 is an address's number, in two halves.
type id32 [2]uint16

func splitID(id uint32) id32 { return id32{uint16(id), uint16(id >> 16)} }

func (i id32) join() uint32 { return uint32(i[0]) | uint32(i[1])<<16 }

type block struct {
	height, time int64
}

const noLink = ^uint32(0)

// How a row's place codes a movement's kind and index in 16 bits. On account chains:
// small indexes as they are, logs with the high bit, then fees. On coin chains the
// high bit marks an input.
const (
	placeLog      = 0x8000
	placeFee      = 0xfff0 // plus n: FeeIndex+n
	placeOverflow = 0xffff
	fewFees       = placeOverflow - placeFee
	fewLogs       = placeFee - placeLog
)

func (m *Memory) encodePlace(p int, kind fundtrail.MoveKind, index uint32) uint16 {
	switch {
	case kind == fundtrail.MoveInput && index < fewLogs:
		return placeLog | uint16(index)
	case kind == fundtrail.MoveFee && index-fundtrail.FeeIndex < fewFees:
		return placeFee + uint16(index-fundtrail.FeeIndex)
	case kind == fundtrail.Move && index-fundtrail.LogIndex < fewLogs:
		return placeLog | uint16(index-fundtrail.LogIndex)
	case (kind == fundtrail.Move || kind == fundtrail.MoveOutput) && index < placeLog:
		return uint16(index)
	}
	if m.overflow == nil {
		m.overflow = map[uint32]uint64{}
	}
	m.overflow[uint32(p)] = uint64(kind)<<32 | uint64(index)
	return placeOverflow
}

func (m *Memory) decodePlace(p int) (fundtrail.MoveKind, uint32) {
	place := m.rows[p].place
	coins := m.links != nil && m.coins[m.chainOf(p)]
	switch {
	case place == placeOverflow:
		v := m.overflow[uint32(p)]
		return fundtrail.MoveKind(v >> 32), uint32(v)
	case place < placeLog && coins:
		return fundtrail.MoveOutput, uint32(place)
	case place < placeLog:
		return fundtrail.Move, uint32(place)
	case coins:
		return fundtrail.MoveInput, uint32(place - placeLog)
	case place < placeFee:
		return fundtrail.Move, fundtrail.LogIndex + uint32(place-placeLog)
	}
	return fundtrail.MoveFee, fundtrail.FeeIndex + uint32(place-placeFee)
}

func coinChain(c fundtrail.Chain) bool {
	info, _ := c.Info()
	return info.Model == fundtrail.Coins
}

// chainOf returns the number of the chain that holds row p. Ledgers have few chains.
func (m *Memory) chainOf(p int) int {
	for i := range m.chains {
		if fundtrail.Position(p) < m.chains[i].End {
			return i
		}
	}
	return len(m.chains) - 1
}

// Addresses is one more than the highest of its numbers of addresses.
func (m *Memory) Addresses() int { return m.addrs.len() }

// Size implements fundtrail.Ledger.
func (m *Memory) Size() fundtrail.Position { return fundtrail.Position(len(m.rows)) }

// Chains implements fundtrail.Ledger.
func (m *Memory) Chains() []fundtrail.ChainSpan { return slices.Clone(m.chains) }

// Movement implements fundtrail.Ledger.
func (m *Memory) Movement(p fundtrail.Position, out *fundtrail.Movement) {
	r := &m.rows[p]
	out.From, out.To = fundtrail.AddressID(r.from.join()), fundtrail.AddressID(r.to.join())
	out.Asset = fundtrail.AssetID(r.asset)
	if m.assetHigh != nil {
		out.Asset |= fundtrail.AssetID(m.assetHigh[p]) << 16
	}
	out.Amount = r.amount.decode(m.large)
	out.Link = fundtrail.NoPosition
	if m.links == nil {
		// Account chains only: two comparisons tell the kind.
		out.Kind = fundtrail.Move
		if r.place >= placeFee {
			out.Kind, _ = m.decodePlace(int(p))
		}
		return
	}
	out.Kind, _ = m.decodePlace(int(p))
	if l := m.links[p]; l != noLink {
		out.Link = fundtrail.Position(l)
	}
}

// amount returns the amount of row p.
func (m *Memory) amount(p int) fundtrail.Amount { return m.rows[p].amount.decode(m.large) }

// Transaction implements fundtrail.Ledger.
func (m *Memory) Transaction(p fundtrail.Position) fundtrail.Span {
	return m.span(m.starts.rank(int(p))-1, m.starts.prev(int(p)))
}

// span returns the transaction with the given number whose first row is first.
func (m *Memory) span(tx, first int) fundtrail.Span {
	b := m.blocks[m.txBlock[tx]]
	return fundtrail.Span{
		First: fundtrail.Position(first), End: fundtrail.Position(m.starts.next(first+1, len(m.rows))),
		ID:     fundtrail.TxID{Chain: m.chains[m.chainOf(first)].Chain, Hash: m.hashes[tx]},
		Height: b.height, Time: b.time,
	}
}

// FindTx implements fundtrail.Ledger. A transaction that moved nothing is not kept.
func (m *Memory) FindTx(id fundtrail.TxID) (fundtrail.Span, bool) {
	i, ok := sort.Find(len(m.byHash), func(i int) int {
		return bytes.Compare(id.Hash[:], m.hashes[m.byHash[i]][:])
	})
	// Two chains may hold the same hash: one bitcoin fork replays another's.
	for ; ok && i < len(m.byHash); i++ {
		tx := int(m.byHash[i])
		if m.hashes[tx] != id.Hash {
			break
		}
		if span := m.span(tx, m.select1(tx)); span.ID == id {
			return span, true
		}
	}
	return fundtrail.Span{}, false
}

// select1 returns the first row of a transaction, the inverse of rank.
func (m *Memory) select1(tx int) int {
	word := sort.Search(len(m.starts.ranks), func(i int) bool { return int(m.starts.ranks[i]) > tx }) - 1
	p := m.starts.next(word*64, len(m.rows))
	for n := int(m.starts.ranks[word]); n < tx; n++ {
		p = m.starts.next(p+1, len(m.rows))
	}
	return p
}

// Seek implements fundtrail.Ledger.
func (m *Memory) Seek(chain fundtrail.Chain, time int64) fundtrail.Position {
	for i, c := range m.chains {
		if c.Chain != chain {
			continue
		}
		txs := m.chainTransactions(i)
		// The first block with a time not before t is also the first up to which the
		// latest time is not: that one can be searched for.
		n := sort.Search(len(txs), func(k int) bool {
			if m.latest != nil {
				return m.latest[txs[k]] >= time
			}
			return m.blocks[txs[k]].time >= time
		})
		if n == len(txs) {
			return c.End
		}
		return fundtrail.Position(m.select1(m.chainTxs[i] + n))
	}
	return m.Size()
}

// chainTransactions returns the blocks of the i-th chain's transactions, in order.
func (m *Memory) chainTransactions(i int) []uint32 {
	end := len(m.txBlock)
	if i+1 < len(m.chainTxs) {
		end = m.chainTxs[i+1]
	}
	return m.txBlock[m.chainTxs[i]:end]
}

// indexTimes fills latest. Times of bitcoin's blocks may step back by up to two hours.
func (m *Memory) indexTimes() {
	var latest []int64
	steps := false
	for i := range m.chains {
		chain := int64(math.MinInt64)
		for _, b := range m.chainTransactions(i) {
			t := m.blocks[b].time
			steps = steps || t < chain
			if chain = max(chain, t); int(b) == len(latest) {
				latest = append(latest, chain)
			}
		}
	}
	if steps {
		m.latest = shrink(latest)
	}
}

// Moves implements fundtrail.Ledger.
func (m *Memory) Moves(a fundtrail.AddressID, from fundtrail.Position, back bool, into []fundtrail.Position) []fundtrail.Position {
	list := m.posting[m.first[a]:m.first[a+1]]
	into = into[:0]
	if back {
		n := len(list)
		if uint64(from) < uint64(len(m.rows)) {
			n = sort.Search(len(list), func(i int) bool { return list[i] > uint32(from) })
		}
		for i := n - 1; i >= 0 && len(into) < cap(into); i-- {
			into = append(into, fundtrail.Position(list[i]))
		}
		return into
	}
	if uint64(from) >= uint64(len(m.rows)) {
		return into
	}
	n := 0
	if from > 0 { // a search of the whole list would be felt: most lists are read from their start
		n = sort.Search(len(list), func(i int) bool { return list[i] >= uint32(from) })
	}
	for ; n < len(list) && len(into) < cap(into); n++ {
		into = append(into, fundtrail.Position(list[n]))
	}
	return into
}

// MoveCount implements fundtrail.Ledger.
func (m *Memory) MoveCount(a fundtrail.AddressID) int { return int(m.first[a+1] - m.first[a]) }

// AddressID implements fundtrail.Ledger.
func (m *Memory) AddressID(a fundtrail.Address) (fundtrail.AddressID, bool) {
	if a.IsZero() {
		return fundtrail.NoAddress, false
	}
	chain, ok := m.addrs.chainNumber(a.Chain(), false)
	if !ok {
		return fundtrail.NoAddress, false
	}
	id := m.addrs.find(chain, key(a))
	if id == 0 || m.MoveCount(fundtrail.AddressID(id)) == 0 {
		return fundtrail.NoAddress, false
	}
	return fundtrail.AddressID(id), true
}

// Address implements fundtrail.Ledger.
func (m *Memory) Address(id fundtrail.AddressID) fundtrail.Address {
	return m.addrs.address(uint32(id))
}

// AssetID implements fundtrail.Ledger.
func (m *Memory) AssetID(a fundtrail.Asset) (fundtrail.AssetID, bool) {
	id, ok := m.assetIDs[a]
	return id, ok
}

// Asset implements fundtrail.Ledger.
func (m *Memory) Asset(id fundtrail.AssetID) fundtrail.Asset { return m.assets[id] }

// Output implements fundtrail.Ledger.
func (m *Memory) Output(p fundtrail.Position) fundtrail.TransferOutput {
	id := m.Transaction(p).ID
	kind, index := m.decodePlace(int(p))
	if kind == fundtrail.MoveInput || kind == fundtrail.MoveOutput {
		return fundtrail.TransferOutput{Transfer: fundtrail.TransferID{Tx: id}, Output: index}
	}
	return fundtrail.TransferOutput{Transfer: fundtrail.TransferID{Tx: id, Index: index}}
}

// Coverage implements fundtrail.Ledger.
func (m *Memory) Coverage() []fundtrail.Coverage { return slices.Clone(m.coverage) }

// Err implements fundtrail.Ledger: reading memory does not fail.
func (m *Memory) Err() error { return nil }

// Told returns what was told of the transaction at p: its place in its block and its
// outcome. Of a ledger whose builder was not to keep it, nothing was.
func (m *Memory) Told(p fundtrail.Position) (place uint32, outcome Outcome) {
	if m.told == nil {
		return UnknownPlace, OutcomeUnknown
	}
	t := m.told[m.starts.rank(int(p))-1]
	return t.place, t.outcome
}

// Spends returns the output that the input at p spends, where the ledger does not hold
// it and its builder was to keep it.
func (m *Memory) Spends(p fundtrail.Position) (o fundtrail.TransferOutput, ok bool) {
	i, ok := slices.BinarySearchFunc(m.spends, uint32(p), func(s outsideSpend, row uint32) int { return cmp.Compare(s.row, row) })
	if !ok {
		return o, false
	}
	return m.spends[i].output, true
}

// postings fills the by-address lists.
func (m *Memory) postings() {
	n := m.addrs.len()
	m.first = make([]uint32, n+1)
	total := 0
	count := func(id uint32) {
		if id != 0 {
			m.first[id+1]++
			total++
		}
	}
	for i := range m.rows {
		from, to := m.rows[i].from.join(), m.rows[i].to.join()
		count(from)
		if to != from {
			count(to)
		}
	}
	for i := range n {
		m.first[i+1] += m.first[i]
	}
	m.posting = make([]uint32, total)
	// first[id] walks to its list's end while the list fills; then shift back by one.
	for i := range m.rows {
		from, to := m.rows[i].from.join(), m.rows[i].to.join()
		if from != 0 {
			m.posting[m.first[from]] = uint32(i)
			m.first[from]++
		}
		if to != from && to != 0 {
			m.posting[m.first[to]] = uint32(i)
			m.first[to]++
		}
	}
	copy(m.first[1:], m.first[:n])
	m.first[0] = 0
}
