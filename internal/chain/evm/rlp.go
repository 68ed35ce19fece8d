package evm

import (
	"encoding/binary"
	"fmt"
	"math/bits"

	"github.com/fundtrail/fundtrail"
)

// RLP, Ethereum's encoding of lists of byte strings (Yellow Paper, appendix B). What is
// not in its one canonical form is refused: two encodings of one block would have two
// hashes.

func rlpError(format string, args ...any) error {
	return fmt.Errorf("not RLP: %s: %w", fmt.Sprintf(format, args...), fundtrail.ErrInvalid)
}

// split reads the first value of b.
func split(b []byte) (list bool, content, rest []byte, err error) {
	if len(b) == 0 {
		return false, nil, nil, rlpError("it ends where a value should be")
	}
	first := b[0]
	if first < 0x80 {
		return false, b[:1], b[1:], nil
	}
	short := byte(0x80)
	if list = first >= 0xc0; list {
		short = 0xc0
	}
	size := uint64(first - short)
	head := 1
	if size > 55 {
		head += int(size - 55)
		if size, err = bigEndian(b[1:], int(size-55)); err != nil {
			return list, nil, nil, err
		}
		if size <= 55 {
			return list, nil, nil, rlpError("a length of %d in the long form", size)
		}
	}
	if size > uint64(len(b)-head) {
		return list, nil, nil, rlpError("a value of %d bytes where %d are left", size, len(b)-head)
	}
	content, rest = b[head:head+int(size)], b[head+int(size):]
	if !list && size == 1 && content[0] < 0x80 {
		return list, nil, nil, rlpError("one byte in the form of several")
	}
	return list, content, rest, nil
}

// bigEndian reads a length of n bytes without leading zeros.
func bigEndian(b []byte, n int) (v uint64, err error) {
	if n > len(b) || n > 8 {
		return 0, rlpError("a length of %d bytes", n)
	}
	if n > 0 && b[0] == 0 {
		return 0, rlpError("a number with leading zeros")
	}
	for _, c := range b[:n] {
		v = v<<8 | uint64(c)
	}
	return v, nil
}

// A reader takes the values of a list one after another. After the first error it gives
// zeros, so that a record is read in one go and its error asked for once.
type reader struct {
	b   []byte
	err error
}

// openList reads b, which must be one list.
func openList(b []byte) reader {
	list, content, rest, err := split(b)
	switch {
	case err == nil && !list:
		err = rlpError("a string where a list should be")
	case err == nil && len(rest) > 0:
		err = rlpError("%d bytes after the list", len(rest))
	}
	return reader{content, err}
}

func (r *reader) more() bool { return r.err == nil && len(r.b) > 0 }

func (r *reader) fail(err error) {
	if r.err == nil {
		r.err = err
	}
	r.b = nil
}

// next takes the next value of either kind; raw is the whole of it.
func (r *reader) next() (list bool, content, raw []byte) {
	if r.err != nil {
		return false, nil, nil
	}
	list, content, rest, err := split(r.b)
	if err != nil {
		r.fail(err)
		return false, nil, nil
	}
	raw = r.b[:len(r.b)-len(rest)]
	r.b = rest
	return list, content, raw
}

// str takes a string of any length.
func (r *reader) str() []byte {
	list, content, _ := r.next()
	if list {
		r.fail(rlpError("a list where a string should be"))
		return nil
	}
	return content
}

// list takes a list.
func (r *reader) list() reader {
	list, content, _ := r.next()
	if r.err == nil && !list {
		r.fail(rlpError("a string where a list should be"))
	}
	return reader{content, r.err}
}

// fixed takes a string of the length of into.
func (r *reader) fixed(into []byte) {
	s := r.str()
	if r.err == nil && len(s) != len(into) {
		r.fail(rlpError("%d bytes where %d should be", len(s), len(into)))
	}
	copy(into, s)
}

func (r *reader) hash() (h fundtrail.Hash) { r.fixed(h[:]); return h }

func (r *reader) address() (a address) { r.fixed(a[:]); return a }

// uint takes a number of at most 64 bits.
func (r *reader) uint() uint64 {
	s := r.str()
	v, err := bigEndian(s, len(s))
	if err != nil {
		r.fail(err)
	}
	return v
}

// amount takes a number of at most 256 bits.
func (r *reader) amount() fundtrail.Amount {
	s := r.str()
	if len(s) > 32 {
		r.fail(rlpError("a number of %d bytes", len(s)))
		return fundtrail.Amount{}
	}
	if len(s) > 0 && s[0] == 0 {
		r.fail(rlpError("a number with leading zeros"))
		return fundtrail.Amount{}
	}
	var w [32]byte
	copy(w[32-len(s):], s)
	return amountOf(w[:])
}

// end makes sure that the list is used up.
func (r *reader) end() error {
	if r.err == nil && len(r.b) > 0 {
		r.fail(rlpError("a list with %d bytes too many", len(r.b)))
	}
	return r.err
}

// appendString and the like write RLP behind dst.
func appendString(dst, s []byte) []byte {
	if len(s) == 1 && s[0] < 0x80 {
		return append(dst, s[0])
	}
	return append(appendHead(dst, 0x80, len(s)), s...)
}

func appendList(dst, content []byte) []byte {
	return append(appendHead(dst, 0xc0, len(content)), content...)
}

func appendUint(dst []byte, v uint64) []byte {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], v)
	return appendString(dst, b[bits.LeadingZeros64(v)/8:])
}

func appendHead(dst []byte, short byte, n int) []byte {
	if n <= 55 {
		return append(dst, short+byte(n))
	}
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], uint64(n))
	k := bits.LeadingZeros64(uint64(n)) / 8
	return append(append(dst, short+55+byte(8-k)), b[k:]...)
}
