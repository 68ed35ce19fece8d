package tron

import (
	"encoding/binary"
	"fmt"

	"github.com/fundtrail/fundtrail"
)

// What is signed is a protocol buffer: fields with a number, each a whole number or bytes.
// Of a field that is there more than once the last one counts; a message within a message
// is the join of all its parts (protobuf.dev/programming-guides/encoding).

// A message is what has not been read of one.
type message []byte

// A field is one of a message's; data is nil for a whole number.
type field struct {
	number uint64
	value  uint64
	data   []byte
}

// Wire types of protocol buffers. Groups, which are no longer written, are refused.
const (
	wireVarint = 0
	wire64     = 1
	wireBytes  = 2
	wire32     = 5
)

// each calls visit for the fields of a message.
func each(b []byte, visit func(f field)) error {
	for m := message(b); ; {
		f, ok, err := m.next()
		if err != nil || !ok {
			return err
		}
		visit(f)
	}
}

// next reads a field; ok is false at the end.
func (m *message) next() (f field, ok bool, err error) {
	if len(*m) == 0 {
		return f, false, nil
	}
	tag, err := m.varint()
	if err != nil {
		return f, false, err
	}
	if f.number = tag >> 3; f.number == 0 {
		return f, false, broken("a field without a number in what is signed")
	}
	n := uint64(0)
	switch tag & 7 {
	case wireVarint:
		f.value, err = m.varint()
		return f, true, err
	case wire64:
		n = 8
	case wire32:
		n = 4
	case wireBytes:
		if n, err = m.varint(); err != nil {
			return f, false, err
		}
	default:
		return f, false, broken("a field of wire type %d in what is signed", tag&7)
	}
	if n > uint64(len(*m)) {
		return f, false, broken("what is signed ends within a field")
	}
	f.data = (*m)[:n:n]
	*m = (*m)[n:]
	return f, true, nil
}

func (m *message) varint() (uint64, error) {
	v, n := binary.Uvarint(*m)
	if n <= 0 {
		return 0, broken("what is signed has a whole number that does not end, or has more than 64 bits")
	}
	*m = (*m)[n:]
	return v, nil
}

// joined adds a part of a message within a message.
func joined(have, part []byte) []byte {
	if have == nil {
		return part
	}
	return append(have[:len(have):len(have)], part...)
}

// broken is the error for an answer that cannot be what was asked for.
func broken(format string, args ...any) error {
	return fmt.Errorf("the answer is broken: %w: %w", fmt.Errorf(format, args...), fundtrail.ErrInvalid)
}

// lied is the error for an answer whose parts contradict each other.
func lied(format string, args ...any) error {
	return fmt.Errorf("the answer contradicts itself: %w: %w", fmt.Errorf(format, args...), fundtrail.ErrConflict)
}
