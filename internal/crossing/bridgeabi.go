package crossing

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math/bits"
	"strconv"

	"golang.org/x/crypto/sha3"

	"github.com/fundtrail/fundtrail"
)

// malformed says that bytes are not what their selector or topic promises.
func malformed(what, format string, args ...any) error {
	return fmt.Errorf("read %s: %s: %w", what, fmt.Sprintf(format, args...), fundtrail.ErrInvalid)
}

// topic returns the first topic of an event from its signature.
func topic(signature string) (h fundtrail.Hash) {
	d := sha3.NewLegacyKeccak256()
	d.Write([]byte(signature))
	d.Sum(h[:0])
	return h
}

// selector returns the first four bytes of a call from its signature.
func selector(signature string) (s [4]byte) {
	h := topic(signature)
	copy(s[:], h[:])
	return s
}

// A words reads the Solidity ABI: 32-byte words, in which what is of variable length
// is an offset from the beginning. It remembers the first thing that was wrong, so
// that a decoder reads everything and asks once.
type words struct {
	data []byte
	bad  string
}

func (w *words) fail(format string, args ...any) {
	if w.bad == "" {
		w.bad = fmt.Sprintf(format, args...)
	}
}

func (w *words) word(i int) (b [32]byte) {
	if len(w.data) < 32*(i+1) {
		w.fail("it has %d bytes, word %d is missing", len(w.data), i+1)
		return b
	}
	copy(b[:], w.data[32*i:])
	return b
}

// want says how many words there must be, so that an event that is cut off within what
// is not read is noticed too.
func (w *words) want(n int) *words {
	w.word(n - 1)
	return w
}

func (w *words) amount(i int) fundtrail.Amount {
	b := w.word(i)
	return amountBytes(b[:])
}

// uint reads a number of at most 64 bits.
func (w *words) uint(i int) uint64 {
	b := w.word(i)
	if [24]byte(b[:24]) != [24]byte{} {
		w.fail("word %d is above 64 bits", i+1)
	}
	return binary.BigEndian.Uint64(b[24:])
}

func (w *words) address(i int) string {
	b := w.word(i)
	if [12]byte(b[:12]) != [12]byte{} {
		w.fail("word %d is no address: it has more than 20 bytes", i+1)
	}
	return hexText(b[12:])
}

func (w *words) hash(i int) string {
	b := w.word(i)
	return hexText(b[:])
}

// bytes reads what word i says the place of: a length, then that many bytes.
func (w *words) bytes(i int) []byte {
	at := w.uint(i)
	if w.bad != "" {
		return nil
	}
	if at > uint64(len(w.data)) || len(w.data)-int(at) < 32 {
		w.fail("word %d points to byte %d of %d", i+1, at, len(w.data))
		return nil
	}
	tail := words{data: w.data[at:]}
	n := tail.uint(0)
	if tail.bad != "" || n > uint64(len(tail.data)-32) {
		w.fail("word %d: what it points to is cut off", i+1)
		return nil
	}
	return tail.data[32 : 32+n]
}

// tuple reads what word i says the place of as words of their own, in which places count
// from its beginning.
func (w *words) tuple(i int) *words {
	at := w.uint(i)
	if w.bad == "" && at > uint64(len(w.data)) {
		w.fail("word %d points to byte %d of %d", i+1, at, len(w.data))
	}
	if w.bad != "" {
		return &words{bad: w.bad}
	}
	return &words{data: w.data[at:]}
}

// zeroAddress is what contracts write for none, or for the chain's own coin.
const zeroAddress = "0x0000000000000000000000000000000000000000"

// amountBytes reads a big-endian number of at most 32 bytes.
func amountBytes(b []byte) fundtrail.Amount {
	var full [32]byte
	copy(full[32-len(b):], b)
	var n [4]uint64
	for i := range n {
		n[3-i] = binary.BigEndian.Uint64(full[8*i:])
	}
	return fundtrail.AmountFromWords(n)
}

// amountLittle reads a little-endian number of 32 bytes.
func amountLittle(b []byte) fundtrail.Amount {
	var n [4]uint64
	for i := range n {
		n[i] = binary.LittleEndian.Uint64(b[8*i:])
	}
	return fundtrail.AmountFromWords(n)
}

func hexText(b []byte) string { return "0x" + hex.EncodeToString(b) }

// partyText writes an address in bytes as the other chain would: 20 bytes, or 32 of
// which the first twelve are nothing, are an EVM address.
func partyText(b []byte) string {
	if len(b) == 32 && [12]byte(b[:12]) == [12]byte{} {
		b = b[12:]
	}
	return hexText(b)
}

func numbered(space string, n uint64) fundtrail.Chain {
	return fundtrail.Chain(space + "-" + strconv.FormatUint(n, 10))
}

// A proto reads the wire form of protocol buffers: numbers and byte strings alone.
type proto struct {
	numbers map[uint64]uint64
	strings map[uint64][]byte
}

func parseProto(b []byte) (p proto, ok bool) {
	p = proto{map[uint64]uint64{}, map[uint64][]byte{}}
	for len(b) > 0 {
		key, n := binary.Uvarint(b)
		if n <= 0 {
			return p, false
		}
		b = b[n:]
		value, n := binary.Uvarint(b)
		if n <= 0 {
			return p, false
		}
		b = b[n:]
		switch key & 7 {
		case 0:
			p.numbers[key>>3] = value
		case 2:
			if value > uint64(len(b)) {
				return p, false
			}
			p.strings[key>>3], b = b[:value], b[value:]
		default:
			return p, false
		}
	}
	return p, true
}

// A packed reads Poly's encoding: byte strings with a length before them, of one, three,
// five or nine bytes, and little-endian numbers.
type packed struct {
	data []byte
	bad  bool
}

func (p *packed) take(n uint64) []byte {
	if p.bad || n > uint64(len(p.data)) {
		p.bad = true
		return nil
	}
	b := p.data[:n]
	p.data = p.data[n:]
	return b
}

func (p *packed) little(n uint64) (v uint64) {
	for i, b := range p.take(n) {
		v |= bits.RotateLeft64(uint64(b), 8*i)
	}
	return v
}

func (p *packed) bytes() []byte {
	n := p.little(1)
	switch n {
	case 0xfd:
		n = p.little(2)
	case 0xfe:
		n = p.little(4)
	case 0xff:
		n = p.little(8)
	}
	return p.take(n)
}

func notFound(format string, args ...any) error {
	return fmt.Errorf("%s: %w", fmt.Sprintf(format, args...), fundtrail.ErrNotFound)
}

// Topic returns the first topic of an event from its signature, as contracts state it:
// "Transfer(address,address,uint256)".
func Topic(signature string) fundtrail.Hash { return topic(signature) }

// AmountOf reads a word of the Solidity ABI as a number.
func AmountOf(word [32]byte) fundtrail.Amount { return amountBytes(word[:]) }
