package archive

import (
	"encoding/binary"

	"github.com/fundtrail/fundtrail"
)

// The list of an address in a segment is its movements' places, in order:
//
//	count                        varint
//	of a list of up to 128: the first place, then the distances, varints
//	of a longer one: for each 128 the first place and where, behind this table, the
//	distances to the others begin (4 + 4 bytes); then the distances

const listChunk = 128

func appendList(dst []byte, list []uint32) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(list)))
	if len(list) <= listChunk {
		dst = binary.AppendUvarint(dst, uint64(list[0]))
		return appendDistances(dst, list)
	}
	chunks := (len(list) + listChunk - 1) / listChunk
	table := len(dst)
	dst = append(dst, make([]byte, 8*chunks)...)
	data := len(dst)
	for k := range chunks {
		part := list[k*listChunk : min((k+1)*listChunk, len(list))]
		binary.LittleEndian.PutUint32(dst[table+8*k:], part[0])
		binary.LittleEndian.PutUint32(dst[table+8*k+4:], uint32(len(dst)-data))
		dst = appendDistances(dst, part)
	}
	return dst
}

func appendDistances(dst []byte, list []uint32) []byte {
	for i := 1; i < len(list); i++ {
		d := list[i] - list[i-1]
		for d >= 0x80 {
			dst = append(dst, byte(d)|0x80)
			d >>= 7
		}
		dst = append(dst, byte(d))
	}
	return dst
}

// A list is the list of one address in one segment.
type list struct {
	s      *segment
	off    uint64 // of what follows the count
	size   uint64 // of that
	count  uint32
	chunks uint32 // 0: of a list of up to 128
}

// list returns the list with a rank.
func (s *segment) list(rank uint32) (l list, ok bool) {
	at := s.listAt.at(4*uint64(rank), 8)
	if at == nil {
		return l, false
	}
	off, end := uint64(binary.LittleEndian.Uint32(at)), uint64(binary.LittleEndian.Uint32(at[4:]))
	if end <= off {
		return l, false // of an address that has no movement here
	}
	b := s.lists.at(off, min(end-off, binary.MaxVarintLen32))
	if b == nil {
		return l, false
	}
	count, n := binary.Uvarint(b)
	if n <= 0 || count == 0 || count > uint64(s.count) {
		s.lists.c.fail.set(damage(s.lists.c.name, "a list has no count"))
		return l, false
	}
	l = list{s: s, off: off + uint64(n), size: end - off - uint64(n), count: uint32(count)}
	if count > listChunk {
		l.chunks = (l.count + listChunk - 1) / listChunk
	}
	return l, true
}

// first returns the first place of the k-th chunk of a long list.
func (l *list) first(k uint32) uint32 {
	b := l.s.lists.at(l.off+8*uint64(k), 4)
	if b == nil {
		return 0
	}
	return binary.LittleEndian.Uint32(b)
}

// chunk decodes the k-th chunk into buf; it is empty when it is damaged.
func (l *list) chunk(k uint32, buf *[listChunk]uint32) []uint32 {
	var b []byte
	n := l.count
	var at uint32
	if l.chunks == 0 {
		b = l.s.lists.at(l.off, l.size)
		if b == nil {
			return nil
		}
		v, used := binary.Uvarint(b)
		if used <= 0 {
			return l.broken()
		}
		at, b = uint32(v), b[used:]
	} else {
		head := l.s.lists.at(l.off+8*uint64(k), 8)
		if head == nil {
			return nil
		}
		at = binary.LittleEndian.Uint32(head)
		lo, hi := uint64(binary.LittleEndian.Uint32(head[4:])), l.size-8*uint64(l.chunks)
		n = listChunk
		if k+1 < l.chunks {
			next := l.s.lists.at(l.off+8*uint64(k+1), 8)
			if next == nil {
				return nil
			}
			hi = uint64(binary.LittleEndian.Uint32(next[4:]))
		} else {
			n = l.count - k*listChunk
		}
		if hi < lo {
			return l.broken()
		}
		if b = l.s.lists.at(l.off+8*uint64(l.chunks)+lo, hi-lo); b == nil {
			return nil
		}
	}
	buf[0] = at
	i := 0
	for j := 1; j < int(n); j++ {
		d, shift := uint32(0), 0
		for {
			if i >= len(b) || shift > 28 {
				return l.broken()
			}
			c := b[i]
			i++
			d |= uint32(c&0x7f) << shift
			if c < 0x80 {
				break
			}
			shift += 7
		}
		at += d
		buf[j] = at
	}
	if at >= l.s.count {
		return l.broken()
	}
	return buf[:n]
}

func (l *list) broken() []uint32 {
	l.s.lists.c.fail.set(damage(l.s.lists.c.name, "a list is damaged"))
	return nil
}

// from returns the last chunk whose first place is not after p, 0 when none is.
func (l *list) from(p uint32) uint32 {
	if l.chunks == 0 || l.first(l.chunks-1) <= p {
		return max(l.chunks, 1) - 1 // most ask for the newest
	}
	lo, hi := uint32(0), l.chunks // first(lo-1) <= p < first(hi)
	for lo < hi {
		mid := (lo + hi) / 2
		if l.first(mid) <= p {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return max(lo, 1) - 1
}

// up appends places from p on, plus base, while there is room.
func (l *list) up(p uint32, base fundtrail.Position, out []fundtrail.Position) []fundtrail.Position {
	var buf [listChunk]uint32
	k := uint32(0)
	if p > 0 {
		k = l.from(p)
	}
	for ; k < max(l.chunks, 1) && len(out) < cap(out); k++ {
		for _, at := range l.chunk(k, &buf) {
			if at >= p && len(out) < cap(out) {
				out = append(out, base+fundtrail.Position(at))
			}
		}
	}
	return out
}

// down appends places from p down, plus base, while there is room.
func (l *list) down(p uint32, base fundtrail.Position, out []fundtrail.Position) []fundtrail.Position {
	var buf [listChunk]uint32
	for k := int64(l.from(p)); k >= 0 && len(out) < cap(out); k-- {
		part := l.chunk(uint32(k), &buf)
		for i := len(part) - 1; i >= 0 && len(out) < cap(out); i-- {
			if part[i] <= p {
				out = append(out, base+fundtrail.Position(part[i]))
			}
		}
	}
	return out
}

// all appends every place.
func (l *list) all(out []uint32) []uint32 {
	var buf [listChunk]uint32
	for k := range max(l.chunks, 1) {
		out = append(out, l.chunk(k, &buf)...)
	}
	return out
}
