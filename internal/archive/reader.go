package archive

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"slices"
	"sort"

	"github.com/fundtrail/fundtrail"
)

// A Reader is a ledger on disk as it was when it was opened: what is written later, or
// taken back, does not show. Any number of goroutines may read it at once. It has the
// reading side fundtrail.Ledger.
type Reader struct {
	parts    []part
	starts   []fundtrail.Position // of parts, then the size
	met      []uint32             // by part: how many addresses its chain has met up to its end
	chains   []chainPart
	spans    []fundtrail.ChainSpan
	assets   []fundtrail.Asset
	assetIDs map[fundtrail.Asset]fundtrail.AssetID
	state    state
	log      logInfo
	fail     *failure
	maps     []mapping
}

var _ fundtrail.Ledger = (*Reader)(nil)

// A part is a segment's place in a ledger.
type part struct {
	*segment
	start  fundtrail.Position  // of its first movement
	zero   fundtrail.Position  // of its chain's first movement
	ids    fundtrail.AddressID // what the chain's numbers of addresses are counted from
	tokens []fundtrail.AssetID
	chain  int
}

// A chainPart is a chain's run of parts.
type chainPart struct {
	chain  fundtrail.Chain
	fixed  bool
	lo, hi int                 // of parts
	ids    fundtrail.AddressID // before its first
	known  uint32              // how many there are
}

// Open opens the ledger in a folder for reading. Close it when nothing that was read
// is used any more.
func Open(dir string) (*Reader, error) { return openReader(osFolder(dir)) }

func openReader(f folder) (*Reader, error) {
	// A writer may replace the files that a manifest names while they are opened; then
	// there is a newer manifest.
	for try := 0; ; try++ {
		st, err := readManifest(f)
		if err != nil {
			return nil, err
		}
		r, err := openState(f, st)
		if !errors.Is(err, fs.ErrNotExist) {
			return r, err
		}
		if newer, again := readManifest(f); again != nil || newer.Serial == st.Serial || try == 100 {
			return nil, fmt.Errorf("%w: fundtrail ledger fsck tells what is missing", err)
		}
	}
}

func openState(f folder, st state) (_ *Reader, err error) {
	r := &Reader{state: st, fail: &failure{}}
	defer func() {
		if err != nil {
			r.Close()
		}
	}()
	tails, err := r.openSegments(f)
	if err != nil {
		return nil, err
	}
	if r.log, err = readLog(f, &r.state, tails, r.fail); err != nil {
		return nil, err
	}
	return r, r.arrange(tails)
}

// openSegments maps the segments that the state names.
func (r *Reader) openSegments(f folder) (*tails, error) {
	t := &tails{}
	for _, ref := range r.state.Segments {
		s, maps, err := mapSegment(f, ref.Name, r.fail, false)
		r.maps = append(r.maps, maps...)
		if err != nil {
			return nil, err
		}
		if err := t.push(s); err != nil {
			return nil, err
		}
	}
	return t, nil
}

// mapSegment maps the two files of a segment.
func mapSegment(f folder, name string, fail *failure, sequential bool) (_ *segment, maps []mapping, err error) {
	var c [2]*container
	for i, file := range []string{name + hotSuffix, name + coldSuffix} {
		m, err := f.Map(file, sequential)
		if err != nil {
			return nil, maps, err
		}
		maps = append(maps, m)
		if c[i], err = openContainer(file, m.data, false, fail); err != nil {
			return nil, maps, err
		}
	}
	s, err := openSegment(name, c[0], c[1])
	if err == nil {
		s.warm(maps[0])
	}
	return s, maps, err
}

// arrange lays the segments out as one ledger.
func (r *Reader) arrange(t *tails) error {
	r.assetIDs = map[fundtrail.Asset]fundtrail.AssetID{}
	slices.SortFunc(t.chains, func(x, y *tail) int {
		if x.chain < y.chain {
			return -1
		}
		return 1
	})
	at, ids := fundtrail.Position(0), uint64(0)
	for i, c := range t.chains {
		first := at
		info, _ := c.chain.Info()
		cp := chainPart{chain: c.chain, fixed: fixedKeys(info), lo: len(r.parts), ids: fundtrail.AddressID(ids)}
		for _, s := range c.segments {
			p := part{segment: s, start: at, zero: first, ids: cp.ids, chain: i}
			for _, a := range s.tokens {
				id, ok := r.assetIDs[a]
				if !ok {
					id = fundtrail.AssetID(len(r.assets))
					r.assets = append(r.assets, a)
					r.assetIDs[a] = id
				}
				p.tokens = append(p.tokens, id)
			}
			r.parts, r.starts, r.met = append(r.parts, p), append(r.starts, at), append(r.met, s.Known+s.Addresses)
			at += fundtrail.Position(s.count)
		}
		cp.hi, cp.known = len(r.parts), c.known()
		r.chains = append(r.chains, cp)
		if ids += uint64(cp.known); ids > math.MaxUint32 {
			return fmt.Errorf("more than 2^32 addresses: %w", fundtrail.ErrLimit)
		}
		if at > first {
			r.spans = append(r.spans, fundtrail.ChainSpan{Chain: c.chain, First: first, End: at})
		}
	}
	r.starts = append(r.starts, at)
	return nil
}

// Close lets go of the files. Nothing may be read afterwards.
func (r *Reader) Close() error {
	var errs []error
	for _, m := range r.maps {
		errs = append(errs, m.close())
	}
	r.maps = nil
	return errors.Join(errs...)
}

// part returns the part that holds a position.
func (r *Reader) part(p fundtrail.Position) *part {
	lo, hi := 0, len(r.parts) // starts[lo] <= p < starts[hi]
	for hi-lo > 1 {
		if mid := int(uint(lo+hi) >> 1); r.starts[mid] <= p {
			lo = mid
		} else {
			hi = mid
		}
	}
	return &r.parts[lo]
}

// Size implements fundtrail.Ledger.
func (r *Reader) Size() fundtrail.Position { return r.starts[len(r.parts)] }

// Chains implements fundtrail.Ledger.
func (r *Reader) Chains() []fundtrail.ChainSpan { return slices.Clone(r.spans) }

// Movement implements fundtrail.Ledger.
func (r *Reader) Movement(p fundtrail.Position, m *fundtrail.Movement) {
	pt := r.part(p)
	pt.movement(uint32(p-pt.start), m)
	if m.From != 0 {
		m.From += pt.ids
	}
	if m.To != 0 {
		m.To += pt.ids
	}
	if int(m.Asset) < len(pt.tokens) {
		m.Asset = pt.tokens[m.Asset]
	}
	switch {
	case m.Link != noLink:
		m.Link += pt.zero - 1
	case m.Kind == fundtrail.MoveOutput:
		m.Link = r.spender(p, pt)
	default:
		m.Link = fundtrail.NoPosition
	}
}

// spender finds the input that spends an output in a later segment.
func (r *Reader) spender(p fundtrail.Position, pt *part) fundtrail.Position {
	for i := range r.parts[r.chains[pt.chain].lo:r.chains[pt.chain].hi] {
		s := &r.parts[r.chains[pt.chain].lo+i]
		if s.start < pt.start {
			continue
		}
		if in := s.spender(uint64(p - pt.zero)); in != 0 {
			return pt.zero + fundtrail.Position(in) - 1
		}
	}
	return fundtrail.NoPosition
}

// span makes a part's transaction one of the ledger.
func (pt *part) span(t *txPlace) fundtrail.Span {
	return fundtrail.Span{First: pt.start + fundtrail.Position(t.first), End: pt.start + fundtrail.Position(t.end),
		ID: fundtrail.TxID{Chain: pt.Chain, Hash: pt.hash(t.number)}, Height: t.height, Time: t.sec}
}

// Transaction implements fundtrail.Ledger.
func (r *Reader) Transaction(p fundtrail.Position) fundtrail.Span {
	pt := r.part(p)
	var t txPlace
	if !pt.transaction(uint32(p-pt.start), &t) {
		return fundtrail.Span{First: p, End: p + 1, ID: fundtrail.TxID{Chain: pt.Chain}} // Err tells why
	}
	return pt.span(&t)
}

// FindTx implements fundtrail.Ledger.
func (r *Reader) FindTx(id fundtrail.TxID) (fundtrail.Span, bool) {
	for _, c := range r.chains {
		if c.chain != id.Chain {
			continue
		}
		for i := c.hi - 1; i >= c.lo; i-- {
			pt := &r.parts[i]
			if tx, ok := pt.findTx(id.Hash); ok {
				first, ok := pt.firstOf(tx)
				var t txPlace
				if ok && pt.transaction(first, &t) {
					return pt.span(&t), true
				}
				return fundtrail.Span{}, false
			}
		}
	}
	return fundtrail.Span{}, false
}

// Seek implements fundtrail.Ledger.
func (r *Reader) Seek(chain fundtrail.Chain, time int64) fundtrail.Position {
	for _, c := range r.chains {
		if c.chain != chain {
			continue
		}
		for i := c.lo; i < c.hi; i++ {
			pt := &r.parts[i]
			b := sort.Search(int(pt.Blocks), func(b int) bool { return pt.header(uint32(b)).latest() >= time })
			if b == int(pt.Blocks) {
				continue
			}
			if first, ok := pt.firstOf(pt.header(uint32(b)).tx); ok {
				return pt.start + fundtrail.Position(first)
			}
		}
		return r.starts[c.hi]
	}
	return r.Size()
}

// chainOf returns the chain that an id is of.
func (r *Reader) chainOf(a fundtrail.AddressID) *chainPart {
	i := len(r.chains) - 1
	for i > 0 && a <= r.chains[i].ids {
		i--
	}
	return &r.chains[i]
}

// Moves implements fundtrail.Ledger.
func (r *Reader) Moves(a fundtrail.AddressID, from fundtrail.Position, back bool, into []fundtrail.Position) []fundtrail.Position {
	into = into[:0]
	if a == fundtrail.NoAddress || len(r.chains) == 0 {
		return into
	}
	c := r.chainOf(a)
	id := uint32(a - c.ids)
	var found [together]held
	var rest [together]int
	if back {
		lo, hi := r.first(c, id), c.hi
		for hi > lo && r.starts[hi-1] > from {
			hi--
		}
		for width := few; hi > lo && len(into) < cap(into); hi, width = hi-width, together {
			lists := r.lists(id, max(lo, hi-width), hi, &found)
			n := len(into)
			for i := len(lists) - 1; i >= 0; i-- {
				h := &lists[i]
				into = h.list.down(uint32(min(from-h.pt.start, math.MaxUint32)), h.pt.start, into)
				rest[i] = len(into)
			}
			for i := len(lists) - 1; i >= 0 && n < mostExpected; i-- {
				lists[i].pt.expect(into[n:min(rest[i], mostExpected)], lists[i].pt.start)
				n = rest[i]
			}
		}
		return into
	}
	lo := r.first(c, id)
	for lo < c.hi && r.starts[lo+1] <= from {
		lo++
	}
	for width := few; lo < c.hi && len(into) < cap(into); lo, width = lo+width, together {
		lists := r.lists(id, lo, min(c.hi, lo+width), &found)
		n := len(into)
		for i := range lists {
			h := &lists[i]
			into = h.list.up(uint32(max(from, h.pt.start)-h.pt.start), h.pt.start, into)
			rest[i] = len(into)
		}
		for i := 0; i < len(lists) && n < mostExpected; i++ {
			lists[i].pt.expect(into[n:min(rest[i], mostExpected)], lists[i].pt.start)
			n = rest[i]
		}
	}
	return into
}

// MoveCount implements fundtrail.Ledger.
func (r *Reader) MoveCount(a fundtrail.AddressID) (n int) {
	if a == fundtrail.NoAddress || len(r.chains) == 0 {
		return 0
	}
	c := r.chainOf(a)
	id := uint32(a - c.ids)
	var found [together]held
	for lo := r.first(c, id); lo < c.hi; lo += together {
		for _, h := range r.lists(id, lo, min(c.hi, lo+together), &found) {
			n += int(h.list.count)
		}
	}
	return n
}

// AddressID implements fundtrail.Ledger.
func (r *Reader) AddressID(a fundtrail.Address) (fundtrail.AddressID, bool) {
	for _, c := range r.chains {
		if c.chain != a.Chain() || a.IsZero() {
			continue
		}
		key := keyOf(a, c.fixed)
		hash := hashKey(key)
		t := byte(0)
		for i := c.lo; i < c.hi && c.hi-c.lo > 1; i++ {
			t ^= r.parts[i].reachKey(hash)
		}
		used(t)
		for i := c.lo; i < c.hi; i++ {
			if id, ok := r.parts[i].find(hash, key); ok {
				return c.ids + fundtrail.AddressID(id), true
			}
		}
	}
	return fundtrail.NoAddress, false
}

// Address implements fundtrail.Ledger.
func (r *Reader) Address(id fundtrail.AddressID) fundtrail.Address {
	if id == fundtrail.NoAddress || len(r.chains) == 0 {
		return fundtrail.Address{}
	}
	c := r.chainOf(id)
	n := uint32(id - c.ids)
	i := c.lo + sort.Search(c.hi-c.lo, func(i int) bool { return r.parts[c.lo+i].Known+r.parts[c.lo+i].Addresses >= n })
	if i == c.hi {
		r.fail.set(damage(string(c.chain), "a movement names an address that is none"))
		return fundtrail.Address{}
	}
	key := r.parts[i].key(n)
	if key == nil {
		return fundtrail.Address{} // Err tells why
	}
	a, err := addressOf(c.chain, c.fixed, key)
	if err != nil {
		r.fail.set(damage(r.parts[i].name, "an address is damaged"))
	}
	return a
}

// addressOf is the inverse of keyOf.
func addressOf(chain fundtrail.Chain, fixed bool, key []byte) (fundtrail.Address, error) {
	if fixed {
		return fundtrail.EVMAddress(chain, [20]byte(key)), nil
	}
	return fundtrail.ParseAddress(chain, string(key))
}

// AssetID implements fundtrail.Ledger.
func (r *Reader) AssetID(a fundtrail.Asset) (fundtrail.AssetID, bool) {
	id, ok := r.assetIDs[a]
	return id, ok
}

// Asset implements fundtrail.Ledger.
func (r *Reader) Asset(id fundtrail.AssetID) fundtrail.Asset { return r.assets[id] }

// Output implements fundtrail.Ledger.
func (r *Reader) Output(p fundtrail.Position) fundtrail.TransferOutput {
	pt := r.part(p)
	var t txPlace
	if !pt.transaction(uint32(p-pt.start), &t) {
		return fundtrail.TransferOutput{}
	}
	id := fundtrail.TxID{Chain: pt.Chain, Hash: pt.hash(t.number)}
	if pt.coins {
		return fundtrail.TransferOutput{Transfer: fundtrail.TransferID{Tx: id}, Output: t.index}
	}
	return fundtrail.TransferOutput{Transfer: fundtrail.TransferID{Tx: id, Index: t.index}}
}

// Coverage implements fundtrail.Ledger.
func (r *Reader) Coverage() []fundtrail.Coverage {
	out := make([]fundtrail.Coverage, len(r.state.Coverage))
	for i, c := range r.state.Coverage {
		out[i] = c.fact()
	}
	return out
}

// Sources returns what the ledger's facts were read from, in the order they came.
func (r *Reader) Sources() []Source { return slices.Clone(r.state.Sources) }

// Tip returns the newest block of a chain that the ledger holds; ok is false when it
// holds none. Its Hash is zero where it was not told.
func (r *Reader) Tip(chain fundtrail.Chain) (fundtrail.Block, bool) {
	for _, c := range r.chains {
		for i := c.hi - 1; c.chain == chain && i >= c.lo; i-- {
			if n := r.parts[i].Blocks; n > 0 {
				return r.parts[i].headerOf(n - 1), true
			}
		}
	}
	return fundtrail.Block{}, false
}

// Block returns the block of a chain with a height, when the ledger holds it.
func (r *Reader) Block(chain fundtrail.Chain, height int64) (fundtrail.Block, bool) {
	for _, c := range r.chains {
		for i := c.lo; c.chain == chain && i < c.hi; i++ {
			if s := r.parts[i].segment; height <= s.LastBlock && s.Blocks > 0 {
				return s.blockAt(height)
			}
		}
	}
	return fundtrail.Block{}, false
}

// blockAt returns the segment's block of a height, if it has one.
func (s *segment) blockAt(height int64) (fundtrail.Block, bool) {
	b := uint32(sort.Search(int(s.Blocks), func(b int) bool { return s.header(uint32(b)).height >= height }))
	if b < s.Blocks && s.header(b).height == height {
		return s.headerOf(b), true
	}
	return fundtrail.Block{}, false
}

// Err implements fundtrail.Ledger. Damaged bytes are met when they are first read.
func (r *Reader) Err() error { return r.fail.get() }
