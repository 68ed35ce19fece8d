package bitcoin

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"github.com/fundtrail/fundtrail"
)

// maxBlock is more than any block of these chains may have: 4 MB, and extension blocks.
const maxBlock = 32 << 20

const (
	headerSize = 80
	minInput   = 32 + 4 + 1 + 4 // outpoint, empty script, sequence
	minOutput  = 8 + 1
	minTx      = 4 + 1 + 1 + minOutput + 4
)

// A header is the first 80 bytes of a block. Hashes are in the order of their bytes on the
// wire, which is the reverse of how they are shown.
type header struct {
	version            uint32
	hash, parent, root [32]byte
	time, bits         uint32
}

// A txShape is a transaction as it stands in a block: spans of the block's inputs and
// outputs.
type txShape struct {
	hash            [32]byte
	inputs, outputs span
	hogEx           bool // Litecoin's transaction between a block and its extension block
}

type span struct{ first, end int }

// An outpoint names an output: its transaction and its number, as on the wire.
type outpoint [36]byte

func (o *outpoint) hash() fundtrail.Hash { return shown([32]byte(o[:32])) }
func (o *outpoint) output() uint32       { return binary.LittleEndian.Uint32(o[32:]) }

// isNull reports whether o is what a coinbase spends: nothing.
func (o *outpoint) isNull() bool { return *o == nullOutpoint }

var nullOutpoint = outpoint{32: 0xff, 33: 0xff, 34: 0xff, 35: 0xff}

type txOut struct {
	value  uint64
	script []byte // in the block's bytes
}

// A blockShape is a block parsed in place: its scripts are those of the bytes it was
// parsed from. It is used again for the next block.
type blockShape struct {
	header
	txs       []txShape
	ins       []outpoint
	outs      []txOut
	coinbase  []byte // the script of the coinbase's input
	extension bool   // an extension block follows, which is not read

	scratch []byte
	hashes  [][32]byte
}

// A reader walks through bytes. The first thing wrong stays in it, and from then on it
// gives zeros.
type reader struct {
	b    []byte
	at   int
	what string // "" while nothing is wrong
}

func (r *reader) fail(what string) {
	if r.what == "" {
		r.what = what
	}
}

// bytes returns the next n bytes.
func (r *reader) bytes(n int) []byte {
	if n < 0 || n > len(r.b)-r.at || r.what != "" {
		r.fail("it ends early")
		return nil
	}
	b := r.b[r.at : r.at+n : r.at+n]
	r.at += n
	return b
}

func (r *reader) byte() byte {
	if r.at >= len(r.b) || r.what != "" {
		r.fail("it ends early")
		return 0
	}
	r.at++
	return r.b[r.at-1]
}

func (r *reader) uint32() uint32 {
	if b := r.bytes(4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

// varint reads a CompactSize, and refuses one that is longer than its number needs: the
// reference clients do, since two spellings of a transaction would have two hashes.
func (r *reader) varint() uint64 {
	first := r.byte()
	if first < 0xfd {
		return uint64(first)
	}
	var n, least uint64
	switch first {
	case 0xfd:
		if b := r.bytes(2); b != nil {
			n = uint64(binary.LittleEndian.Uint16(b))
		}
		least = 0xfd
	case 0xfe:
		n, least = uint64(r.uint32()), 1<<16
	default:
		if b := r.bytes(8); b != nil {
			n = binary.LittleEndian.Uint64(b)
		}
		least = 1 << 32
	}
	if n < least {
		r.fail("a number is written longer than it needs")
		return 0
	}
	return n
}

// count reads how many things of at least size bytes follow.
func (r *reader) count(size int) int {
	n := r.varint()
	if r.what != "" {
		return 0
	}
	if n > uint64((len(r.b)-r.at)/size) {
		r.fail(fmt.Sprintf("%d things of at least %d bytes do not fit the %d that follow", n, size, len(r.b)-r.at))
		return 0
	}
	return int(n)
}

// skipVar passes over bytes with their length before them.
func (r *reader) skipVar() []byte { return r.bytes(r.count(1)) }

// double is the digest that the chains use for everything.
func double(b []byte) [32]byte {
	first := sha256.Sum256(b)
	return sha256.Sum256(first[:])
}

// shown returns a digest in the order in which it is shown.
func shown(h [32]byte) (s fundtrail.Hash) {
	for i, c := range h {
		s[31-i] = c
	}
	return s
}

// parseHeader reads the first 80 bytes.
func parseHeader(b []byte) header {
	u := binary.LittleEndian.Uint32
	return header{
		version: u(b), hash: double(b[:headerSize]), parent: [32]byte(b[4:36]), root: [32]byte(b[36:68]),
		time: u(b[68:]), bits: u(b[72:]),
	}
}

// parse reads a block that b holds, all of it. Errors wrap fundtrail.ErrInvalid and name
// the byte where what is wrong was noticed.
func (k *blockShape) parse(p *Params, b []byte) error {
	*k = blockShape{txs: k.txs[:0], ins: k.ins[:0], outs: k.outs[:0], scratch: k.scratch, hashes: k.hashes}
	if len(b) < headerSize {
		return fmt.Errorf("%d bytes are no block, whose header alone has %d: %w", len(b), headerSize, fundtrail.ErrInvalid)
	}
	k.header = parseHeader(b)
	r := &reader{b: b, at: headerSize}
	if p.AuxPoW && k.version&(1<<8) != 0 {
		k.skipAuxPoW(r)
		if r.what != "" {
			return fmt.Errorf("block %x: byte %d, in the proof of work of another chain: %s: %w", shown(k.hash), r.at, r.what, fundtrail.ErrInvalid)
		}
	}
	n := r.count(minTx)
	for i := 0; i < n && r.what == ""; i++ {
		k.transaction(p, r)
	}
	if r.what == "" && len(k.txs) == 0 {
		r.fail("it has no transactions")
	}
	if r.what == "" && r.at < len(b) {
		if k.extension = k.txs[len(k.txs)-1].hogEx; !k.extension {
			r.fail(fmt.Sprintf("%d bytes follow the last transaction", len(b)-r.at))
		}
	}
	if r.what != "" {
		return fmt.Errorf("block %x: byte %d, in transaction %d of %d: %s: %w", shown(k.hash), r.at, len(k.txs), n, r.what, fundtrail.ErrInvalid)
	}
	return k.check()
}

// check holds a parsed block to what every block must be.
func (k *blockShape) check() error {
	bad := func(format string, args ...any) error {
		return fmt.Errorf("block %x: "+format+": %w", append(append([]any{shown(k.hash)}, args...), fundtrail.ErrInvalid)...)
	}
	for i := range k.txs {
		t := &k.txs[i]
		for n := t.inputs.first; n < t.inputs.end; n++ {
			if null := k.ins[n].isNull(); null != (i == 0) || null && t.inputs.end-t.inputs.first != 1 {
				return bad("transaction %d, %x: only the first may, and must, spend nothing (a coinbase)", i, shown(t.hash))
			}
		}
	}
	if root := k.merkleRoot(); root != k.root {
		return bad("its transactions have the root %x, its header says %x: the block is damaged, or of a form that is not known here", shown(root), shown(k.root))
	}
	return nil
}

// merkleRoot is the root of the tree of the transactions' hashes.
func (k *blockShape) merkleRoot() [32]byte {
	h := k.hashes[:0]
	for i := range k.txs {
		h = append(h, k.txs[i].hash)
	}
	k.hashes = h
	var pair [64]byte
	for len(h) > 1 {
		if len(h)%2 == 1 {
			h = append(h, h[len(h)-1])
		}
		for i := 0; i < len(h); i += 2 {
			copy(pair[:32], h[i][:])
			copy(pair[32:], h[i+1][:])
			h[i/2] = double(pair[:])
		}
		h = h[:len(h)/2]
	}
	return h[0]
}

// transaction reads one transaction behind those that were read.
func (k *blockShape) transaction(p *Params, r *reader) {
	start := r.at
	r.bytes(4) // version
	var flags byte
	if r.at+1 < len(r.b) && r.b[r.at] == 0 { // BIP-144: no inputs means that flags follow
		r.at++
		if flags = r.byte(); flags == 0 || flags&^1 != 0 && !(p.MWEB && flags&^9 == 0) {
			r.fail(fmt.Sprintf("a transaction of unknown form, flags %#02x", flags))
		}
	}
	body := r.at
	t := txShape{inputs: span{len(k.ins), 0}, outputs: span{len(k.outs), 0}}
	n := r.count(minInput)
	if r.what == "" && n == 0 {
		r.fail("a transaction without inputs")
	}
	for range n {
		o := r.bytes(36)
		script := r.skipVar()
		r.bytes(4) // sequence
		if r.what != "" {
			return
		}
		k.ins = append(k.ins, outpoint(o))
		if len(k.txs) == 0 {
			k.coinbase = script
		}
	}
	n = r.count(minOutput)
	if r.what == "" && n == 0 {
		r.fail("a transaction without outputs")
	}
	for range n {
		v := r.bytes(8)
		script := r.skipVar()
		if r.what != "" {
			return
		}
		value := binary.LittleEndian.Uint64(v)
		if value > 1<<63-1 {
			r.fail("an output of a negative amount")
			return
		}
		k.outs = append(k.outs, txOut{value, script})
	}
	t.inputs.end, t.outputs.end = len(k.ins), len(k.outs)
	end := r.at
	if flags&1 != 0 {
		for range t.inputs.end - t.inputs.first {
			for range r.count(1) {
				r.skipVar()
			}
		}
	}
	if flags&8 != 0 {
		// Inside a block this part is always empty; what it held stands in the extension block.
		if t.hogEx = r.byte() == 0; !t.hogEx {
			r.fail("a transaction with a part of an extension block in it")
		}
	}
	r.bytes(4) // lock time
	if r.what != "" {
		return
	}
	if flags == 0 {
		t.hash = double(r.b[start:r.at])
	} else {
		// The hash leaves out flags and witnesses.
		k.scratch = append(append(append(k.scratch[:0], r.b[start:start+4]...), r.b[body:end]...), r.b[r.at-4:r.at]...)
		t.hash = double(k.scratch)
	}
	k.txs = append(k.txs, t)
}

// skipAuxPoW passes over the proof that another chain's work was done for this block: a
// coinbase of that chain, the hash of its block, two branches of hashes, its header.
func (k *blockShape) skipAuxPoW(r *reader) {
	var other blockShape
	other.transaction(&Params{}, r)
	r.bytes(32)
	for range 2 {
		r.bytes(32 * r.count(32))
		r.bytes(4)
	}
	r.bytes(headerSize)
}
