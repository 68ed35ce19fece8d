package evm

import (
	"fmt"
	"math/big"
	"time"

	"github.com/fundtrail/fundtrail"
)

// RLP makes a block's facts of its header, its body (transactions, uncles and, since
// Shanghai, withdrawals) and its receipts, as Ethereum's clients exchange and archive them.
// Receipts may have the form of consensus or the slim one without bloom filters (eth/69).
//
// The three belong together, or it is refused: the body's and the receipts' roots must be
// those in the header, and the facts cite the header's hash. Who sent a transaction follows
// from its signature, which takes most of the time.
//
// Internal transfers are not in a block's bytes; neither, before Byzantium, is whether a
// transaction succeeded, unless it left some of its gas.
func (d *Decoder) RLP(headerRLP, body, receipts []byte) (fundtrail.BlockFacts, error) {
	b, err := d.decode(headerRLP, body, receipts, true)
	if err != nil {
		return fundtrail.BlockFacts{}, err
	}
	return d.facts(b)
}

func (d *Decoder) decode(headerRLP, body, receipts []byte, signatures bool) (*block, error) {
	h, err := decodeHeader(headerRLP)
	if err != nil {
		return nil, fmt.Errorf("a block's header: %w", err)
	}
	b := &block{Block: h.Block, miner: h.miner, base: h.base, baseTold: h.baseTold, cancun: h.blobs, mined: !h.difficulty.IsZero()}
	b.Chain = d.Chain
	r := bodyReader{b: b, h: h, chainID: uint64(d.id()), signatures: signatures}
	if err := r.body(body); err != nil {
		return nil, fmt.Errorf("block %d: its body: %w", b.Height, err)
	}
	if err := r.receipts(receipts); err != nil {
		return nil, fmt.Errorf("block %d: its receipts: %w", b.Height, err)
	}
	b.traced = len(b.txs) == 0
	if d.Chain == fundtrail.Avalanche || d.Chain == fundtrail.Arbitrum || d.Chain == fundtrail.Polygon {
		b.odd = true // what moves by their own rules is not in these bytes
	}
	return b, nil
}

// A header is what a block's header tells.
type header struct {
	fundtrail.Block
	miner         address
	difficulty    fundtrail.Amount
	base          fundtrail.Amount
	baseTold      bool
	excess        uint64 // of blob gas
	blobs         bool
	txRoot        fundtrail.Hash
	receiptsRoot  fundtrail.Hash
	unclesHash    fundtrail.Hash
	payoutsRoot   fundtrail.Hash
	payoutsInBody bool
}

func decodeHeader(raw []byte) (*header, error) {
	r := openList(raw)
	h := &header{}
	h.Hash = keccak(raw)
	h.Parent = r.hash()
	h.unclesHash = r.hash()
	h.miner = r.address()
	r.hash() // state root
	h.txRoot = r.hash()
	h.receiptsRoot = r.hash()
	var bloom [256]byte
	r.fixed(bloom[:])
	h.difficulty = r.amount()
	height := r.uint()
	r.uint() // gas limit
	r.uint() // gas used
	unix := r.uint()
	r.str()  // extra data
	r.hash() // mix digest
	var nonce [8]byte
	r.fixed(nonce[:])
	if r.more() { // London
		h.base, h.baseTold = r.amount(), true
	}
	if r.more() { // Shanghai
		h.payoutsRoot, h.payoutsInBody = r.hash(), true
	}
	if r.more() { // Cancun
		h.blobs = true
		r.uint() // blob gas used
		h.excess = r.uint()
		r.hash() // the beacon chain's block
	}
	if r.more() { // Prague
		r.hash() // of the requests
	}
	if err := r.end(); err != nil {
		return nil, err
	}
	if height > maxHeight || unix > maxTime {
		return nil, fmt.Errorf("a height of %d and a time of %d: %w", height, unix, fundtrail.ErrInvalid)
	}
	h.Height, h.Time = int64(height), time.Unix(int64(unix), 0).UTC()
	return h, nil
}

// A bodyReader reads what belongs to a header.
type bodyReader struct {
	b          *block
	h          *header
	chainID    uint64
	signatures bool
	priced     []pricing // what each transaction offers to pay
	bits       map[string][3]uint16
}

// A pricing is what a transaction says about its fee.
type pricing struct {
	kind    byte
	tip     fundtrail.Amount // most that the fee recipient gets for a unit of gas
	most    fundtrail.Amount // most for a unit of gas in all
	gas     uint64           // limit
	blobGas uint64
}

func (r *bodyReader) body(raw []byte) error {
	in := openList(raw)
	txs := in.list()
	var items [][]byte
	for txs.more() {
		list, content, whole := txs.next()
		encoded := content // of a typed transaction the string's content
		if list {
			encoded = whole
		}
		items = append(items, encoded)
		if err := r.transaction(list, encoded); err != nil {
			return fmt.Errorf("transaction %d: %w", len(items)-1, err)
		}
	}
	if err := txs.end(); err != nil {
		return err
	}
	if root := trieRoot(items); root != r.h.txRoot {
		return fmt.Errorf("these are not the transactions of block %x: %w", r.h.Hash, fundtrail.ErrConflict)
	}
	_, _, uncles := in.next()
	if in.err == nil && keccak(uncles) != r.h.unclesHash {
		return fmt.Errorf("these are not the uncles of block %x: %w", r.h.Hash, fundtrail.ErrConflict)
	}
	if err := r.uncles(uncles); in.err == nil && err != nil {
		return err
	}
	if r.h.payoutsInBody {
		if err := r.withdrawals(in.list()); err != nil {
			return err
		}
	}
	if err := in.end(); err != nil {
		return err
	}
	if r.signatures {
		return recoverSenders(r.b.txs)
	}
	return nil
}

func (r *bodyReader) uncles(raw []byte) error {
	list := openList(raw)
	for list.more() {
		_, _, one := list.next()
		u, err := decodeHeader(one)
		if err != nil {
			return fmt.Errorf("an uncle: %w", err)
		}
		r.b.uncles = append(r.b.uncles, uncle{u.miner, u.Height})
	}
	if list.err != nil {
		return list.err
	}
	return r.b.checkUncles()
}

func (r *bodyReader) withdrawals(list reader) error {
	var items [][]byte
	for list.more() {
		_, _, raw := list.next()
		items = append(items, raw)
		one := openList(raw)
		w := withdrawal{index: one.uint()}
		one.uint() // validator
		w.to = one.address()
		w.amount, _ = fundtrail.NewAmount(one.uint()).Mul(gwei)
		if err := one.end(); err != nil {
			return fmt.Errorf("withdrawal %d: %w", len(items)-1, err)
		}
		r.b.withdrawals = append(r.b.withdrawals, w)
	}
	if list.err != nil {
		return list.err
	}
	if trieRoot(items) != r.h.payoutsRoot {
		return fmt.Errorf("these are not the withdrawals of block %x: %w", r.h.Hash, fundtrail.ErrConflict)
	}
	return r.b.checkWithdrawals()
}

// blobGas is what one blob takes (EIP-4844).
const blobGas = 131072

// transaction reads a signed transaction: a list, or a type's byte and a list (EIP-2718).
func (r *bodyReader) transaction(legacy bool, raw []byte) error {
	t := tx{hash: keccak(raw)}
	p := pricing{}
	list := raw
	if !legacy {
		if len(raw) == 0 || raw[0] < 1 || raw[0] > 4 {
			return fmt.Errorf("its type is not known here: %w", fundtrail.ErrInvalid)
		}
		p.kind, list = raw[0], raw[1:]
	}
	in := openList(list)
	all := in.b
	if !legacy {
		if id := in.uint(); in.err == nil && r.chainID != 0 && id != r.chainID {
			return fmt.Errorf("it is signed for chain %d, not %d: %w", id, r.chainID, fundtrail.ErrConflict)
		}
	}
	t.nonce = in.uint()
	p.tip = in.amount()
	p.most = p.tip
	if p.kind >= 2 {
		p.most = in.amount()
	}
	p.gas = in.uint()
	if to := in.str(); len(to) == 20 {
		t.to = address(to)
	} else if len(to) == 0 && p.kind < 3 {
		t.creates = true
	} else {
		in.fail(rlpError("a recipient of %d bytes", len(to)))
	}
	t.value = in.amount()
	in.str() // input
	if p.kind >= 1 {
		in.list() // access list
	}
	if p.kind == 3 {
		in.amount() // most for a unit of blob gas
		for blobs := in.list(); blobs.more(); p.blobGas += blobGas {
			blobs.hash()
			if blobs.err != nil {
				in.fail(blobs.err)
			}
		}
	}
	if p.kind == 4 {
		in.list() // authorisations
	}
	unsigned := all[:len(all)-len(in.b)]
	s := signature{v: in.uint(), r: in.amount(), s: in.amount()}
	if err := in.end(); err != nil {
		return err
	}
	if r.signatures {
		if err := s.digest(p.kind, unsigned, r.chainID); err != nil {
			return err
		}
		t.signed = s
	}
	r.b.txs = append(r.b.txs, t)
	r.priced = append(r.priced, p)
	return nil
}

// receipts reads the receipts of the body's transactions.
func (r *bodyReader) receipts(raw []byte) error {
	in := openList(raw)
	items := make([][]byte, 0, len(r.b.txs))
	cumulative, logs := uint64(0), uint32(0)
	blobPrice, priced := r.blobPrice()
	for i := 0; in.more(); i++ {
		list, content, whole := in.next()
		if i >= len(r.b.txs) {
			return fmt.Errorf("there are more than the block's %d transactions: %w", len(r.b.txs), fundtrail.ErrConflict)
		}
		if !list {
			whole = content
		}
		t, p := &r.b.txs[i], &r.priced[i]
		encoded, gas, err := r.receipt(list, whole, t, p, &logs)
		if err != nil {
			return fmt.Errorf("of transaction %d: %w", i, err)
		}
		if gas < cumulative || gas-cumulative > p.gas {
			return fmt.Errorf("of transaction %d: gas of %d after %d, with a limit of %d: %w", i, gas, cumulative, p.gas, fundtrail.ErrConflict)
		}
		t.gasUsed, cumulative = gas-cumulative, gas
		if t.outcome == unknown && t.gasUsed < p.gas {
			t.outcome = succeeded // before REVERT every failure took all gas
		}
		if t.price, err = r.price(p); err != nil {
			return fmt.Errorf("of transaction %d: %w", i, err)
		}
		if p.blobGas > 0 {
			t.blobFee, _ = fundtrail.NewAmount(p.blobGas).Mul(blobPrice)
			r.b.unpriced = r.b.unpriced || !priced
		}
		items = append(items, encoded)
	}
	if err := in.end(); err != nil {
		return err
	}
	if len(items) != len(r.b.txs) {
		return fmt.Errorf("there are %d, and %d transactions: %w", len(items), len(r.b.txs), fundtrail.ErrConflict)
	}
	if trieRoot(items) != r.h.receiptsRoot {
		return fmt.Errorf("these are not the receipts of block %x: %w", r.h.Hash, fundtrail.ErrConflict)
	}
	return nil
}

// price is what was paid for a unit of gas.
func (r *bodyReader) price(p *pricing) (fundtrail.Amount, error) {
	if p.kind < 2 {
		return p.most, nil
	}
	sum, over := r.h.base.Add(p.tip)
	if over {
		sum = fundtrail.MaxAmount
	}
	if p.most.Less(r.h.base) {
		return p.most, fmt.Errorf("it offers %s for a unit of gas, less than the base fee of %s: %w", p.most, r.h.base, fundtrail.ErrConflict)
	}
	return sum.Min(p.most), nil
}

// receipt reads one receipt into its transaction and returns it in the form of consensus,
// whose root is in the header, with the gas used up to it.
func (r *bodyReader) receipt(list bool, raw []byte, t *tx, p *pricing, logs *uint32) (encoded []byte, gas uint64, err error) {
	kind := byte(0)
	inner := raw
	if !list {
		if len(raw) == 0 {
			return nil, 0, rlpError("an empty receipt")
		}
		kind, inner = raw[0], raw[1:]
	}
	in := openList(inner)
	first := in.str()
	slim := list && len(first) <= 1 && isSlim(in.b) // the type, then status or state root
	status := first
	if slim {
		if len(first) == 1 {
			kind = first[0]
		}
		status = in.str()
	}
	gas = in.uint()
	if !slim {
		var bloom [256]byte
		in.fixed(bloom[:])
	}
	encodedLogs := in.b
	entries := in.list()
	if err := in.end(); err != nil {
		return nil, 0, err
	}
	if kind != p.kind {
		return nil, 0, fmt.Errorf("it is of type %d, the transaction of type %d: %w", kind, p.kind, fundtrail.ErrConflict)
	}
	switch {
	case len(status) == 32: // the state's root, before Byzantium
	case len(status) == 0:
		t.outcome = failed
	case len(status) == 1 && status[0] == 1:
		t.outcome = succeeded
	default:
		return nil, 0, rlpError("a status of %x", status)
	}
	if err := readLogs(entries, t, logs); err != nil {
		return nil, 0, err
	}
	if t.creates {
		t.to = fundtrail.CreatedContract(t.from, t.nonce)
	}
	if !slim {
		return raw, gas, nil
	}
	return r.consensusReceipt(kind, status, gas, t.logs, encodedLogs), gas, nil
}

// isSlim tells a slim receipt, of which the type was taken, from one of consensus, of
// which the status was: behind the next value that one has its filter of 256 bytes.
func isSlim(rest []byte) bool {
	r := reader{b: rest}
	r.str()
	list, content, _ := r.next()
	return r.err == nil && !list && len(content) != 256
}

func readLogs(entries reader, t *tx, count *uint32) error {
	for entries.more() {
		one := entries.list()
		e := event{contract: one.address(), index: *count}
		topics := one.list()
		for topics.more() {
			e.topics = append(e.topics, topics.hash())
		}
		if topics.err != nil || len(e.topics) > 4 {
			return rlpError("a log's topics")
		}
		e.data = one.str()
		if err := one.end(); err != nil {
			return err
		}
		if uint64(*count) > maxLog {
			return fmt.Errorf("more than %d logs: %w", maxLog, fundtrail.ErrLimit)
		}
		*count++
		t.logs = append(t.logs, e)
	}
	return entries.end()
}

// consensusReceipt writes a receipt with the bloom filter of its logs.
func (r *bodyReader) consensusReceipt(kind byte, status []byte, gas uint64, logs []event, entries []byte) []byte {
	var bloom [256]byte
	for i := range logs {
		r.addBloom(&bloom, logs[i].contract[:])
		for _, t := range logs[i].topics {
			r.addBloom(&bloom, t[:])
		}
	}
	content := make([]byte, 0, len(entries)+300)
	content = appendString(content, status)
	content = appendUint(content, gas)
	content = appendString(content, bloom[:])
	content = append(content, entries...)
	var out []byte
	if kind > 0 {
		out = append(make([]byte, 0, len(content)+8), kind)
	}
	return appendList(out, content)
}

// addBloom sets three of 2048 bits, by the first three pairs of bytes of a value's digest.
// A block's logs name the same contracts, events and parties over and over.
func (r *bodyReader) addBloom(bloom *[256]byte, value []byte) {
	bits, ok := r.bits[string(value)]
	if !ok {
		h := keccak(value)
		for i := range bits {
			bits[i] = (uint16(h[2*i])<<8 | uint16(h[2*i+1])) & 2047
		}
		if r.bits == nil {
			r.bits = map[string][3]uint16{}
		}
		r.bits[string(value)] = bits
	}
	for _, bit := range bits {
		bloom[255-bit/8] |= 1 << (bit % 8)
	}
}

// The price of a unit of blob gas follows from the header by a rule with one constant,
// which Ethereum's forks change. Times are when those took effect on Ethereum. Where the
// price is not known the fee is left out, and the block's fees are not claimed.
var blobForks = []struct {
	from     int64 // Unix seconds
	fraction int64 // BLOB_BASE_FEE_UPDATE_FRACTION
}{
	{1710338135, 3338477},  // Cancun, EIP-4844
	{1746612311, 5007716},  // Prague, EIP-7691
	{1765290071, 8346193},  // BPO1, EIP-7892
	{1767747671, 11684671}, // BPO2
	{1769904000, 0},        // February 2026: what was changed from here on is not known
}

// blobPrice is what a unit of blob gas costs: fake_exponential(1, excess, fraction) of
// EIP-4844. It is known of Ethereum.
func (r *bodyReader) blobPrice() (price fundtrail.Amount, ok bool) {
	if !r.h.blobs || r.b.Chain != fundtrail.Ethereum {
		return price, false
	}
	fraction := int64(0)
	for _, f := range blobForks {
		if r.b.Time.Unix() >= f.from {
			fraction = f.fraction
		}
	}
	if fraction == 0 || r.h.excess > uint64(200*fraction) { // e^200 is beyond 256 bits
		return price, false
	}
	denominator := big.NewInt(fraction)
	excess := new(big.Int).SetUint64(r.h.excess)
	sum, term := new(big.Int), big.NewInt(fraction)
	for i := int64(1); term.Sign() > 0; i++ {
		sum.Add(sum, term)
		term.Mul(term, excess)
		term.Quo(term, new(big.Int).Mul(denominator, big.NewInt(i)))
	}
	return fundtrail.AmountFromBig(sum.Quo(sum, denominator))
}
