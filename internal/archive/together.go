package archive

import (
	"encoding/binary"
	"runtime"

	"github.com/fundtrail/fundtrail"
)

// What is asked of an address goes through several columns, each of which says where to
// look in the next: its rank in a segment, the place of its list, the list, the movements.
// Memory answers one such question in the time of many when they do not depend on each
// other, and so does a disk. So all segments are asked for one column together, then for
// the next: a history waits as often as there are columns, not that times the segments.

// together is how many segments are asked at once. A history begins with a few: of an
// address that has many movements those fill what was asked for.
const (
	together = 16
	few      = 4
)

// reach asks for bytes of the hot file that are needed soon, without waiting. Those of a
// page that was not read yet are asked of the system, once; of others one byte is read, so
// that the cache has it. The result means nothing, and is for used.
func (s *segment) reach(off, n uint64) byte {
	c := s.hot
	first, last := off>>pageBits, (off+n-1)>>pageBits
	if off+n > c.body {
		return 0 // damaged, and met when it is read
	}
	if c.read(first) && c.read(last) {
		return c.data[off]
	}
	if s.advise != nil && (c.ask(first) || last != first && c.ask(last)) {
		s.advise(off, n)
	}
	return 0 // it may be on its way, and reading it would wait
}

// ask marks a page as asked for, and reports whether it was not before.
func (c *container) ask(page uint64) bool {
	w, bit := &c.asked[page>>6], uint64(1)<<(page&63)
	if w.Load()&bit != 0 {
		return false
	}
	w.Or(bit)
	return true
}

// used keeps what reach read from being optimised away.
func used(b byte) { runtime.KeepAlive(b) }

// first returns the part in which the chain's address with a number was first met.
func (r *Reader) first(c *chainPart, id uint32) int {
	lo, hi := c.lo, c.hi // met[lo-1] < id <= met[hi]
	for lo < hi {
		if mid := int(uint(lo+hi) >> 1); r.met[mid] < id {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo
}

// A held is an address's list in a part.
type held struct {
	pt   *part
	rank uint32
	list list
}

// lists finds the lists of an address in parts lo to hi, at most as many as together, all
// of which have met it.
func (r *Reader) lists(id uint32, lo, hi int, into *[together]held) []held {
	var t byte
	if hi-lo > 1 {
		for i := lo; i < hi; i++ {
			t ^= r.parts[i].reachRank(id)
		}
	}
	n := 0
	for i := lo; i < hi; i++ {
		pt := &r.parts[i]
		if rank, ok := pt.rank(id); ok {
			into[n].pt, into[n].rank = pt, rank
			t ^= pt.reach(pt.listAt.off+4*uint64(rank), 8)
			n++
		}
	}
	found := into[:n]
	if n > 1 {
		for i := range found {
			t ^= found[i].pt.reachList(found[i].rank)
		}
	}
	used(t)
	n = 0
	for i := range found {
		h := found[i]
		var ok bool
		if h.list, ok = h.pt.list(h.rank); ok {
			found[n] = h
			n++
		}
	}
	return found[:n]
}

// reachRank reaches for what rank will read.
func (s *segment) reachRank(id uint32) byte {
	if id > s.Known {
		return s.reach(s.listAt.off+4*uint64(s.Old+id-s.Known-1), 8)
	}
	if s.Old == 0 {
		return 0
	}
	at := s.oldAt.at(4*uint64(id>>s.OldShift), 8)
	if at == nil {
		return 0
	}
	lo, hi := binary.LittleEndian.Uint32(at), binary.LittleEndian.Uint32(at[4:])
	if hi <= lo || hi > s.Old {
		return 0
	}
	return s.reach(s.old.off+4*uint64(lo), 4*uint64(hi-lo))
}

// reachList reaches for the list with a rank.
func (s *segment) reachList(rank uint32) byte {
	at := s.listAt.at(4*uint64(rank), 8)
	if at == nil {
		return 0
	}
	lo, hi := binary.LittleEndian.Uint32(at), binary.LittleEndian.Uint32(at[4:])
	if hi <= lo {
		return 0
	}
	return s.reach(s.lists.off+uint64(lo), min(uint64(hi-lo), pageSize))
}

// mostExpected is for how many movements of a history that is done: who asks for a thousand
// may well stop early.
const mostExpected = 128

// expect makes the movements at places of a ledger's part be at hand, so that who reads
// them one by one waits for memory, or for the disk, once: first for the heads of their
// chunks, then for what those say.
func (s *segment) expect(places []fundtrail.Position, start fundtrail.Position) {
	var at [32]struct{ lo, hi, row uint64 }
	t := byte(0)
	for len(places) > 0 {
		n := 0
		for _, p := range places[:min(len(places), len(at))] {
			i := uint64(p - start)
			b := s.rowAt.at(4*(i>>chunkBits), 8)
			if b == nil {
				return
			}
			lo, hi := s.rows.off+8*uint64(binary.LittleEndian.Uint32(b)), s.rows.off+8*uint64(binary.LittleEndian.Uint32(b[4:]))
			if lo+chunkHead > hi || hi > s.hot.body {
				return // damaged, and met when it is read
			}
			if !s.hot.read(lo>>pageBits) || !s.hot.read((hi-1)>>pageBits) {
				t ^= s.reach(lo, hi-lo)
				continue
			}
			t ^= s.hot.data[lo]
			at[n].lo, at[n].hi, at[n].row = lo, hi, i&(chunkRows-1)
			n++
		}
		places = places[min(len(places), len(at)):]
		for _, c := range at[:n] {
			head := s.hot.data[c.lo : c.lo+chunkHead]
			rows, width := uint64(head[22]), uint64(head[16])+uint64(head[17])+uint64(head[18])+uint64(head[19])+uint64(head[20])
			row := c.lo + chunkHead + rows + c.row*width/8
			amounts := c.lo + chunkHead + rows + rows*width/8
			if c.row >= rows || amounts >= c.hi || row >= c.hi {
				continue
			}
			t ^= s.hot.data[c.lo+chunkHead+c.row] ^ s.hot.data[row] ^ s.hot.data[amounts+(c.hi-amounts)*c.row/rows]
		}
	}
	used(t)
}

// reachKey reaches for where an address with a hash stands, if it does.
func (s *segment) reachKey(hash uint64) byte {
	lo, guess, hi := s.bucket(hash)
	if lo >= hi {
		return 0
	}
	if !s.fixed {
		return s.reach(s.keyAt.off+4*uint64(guess), 8)
	}
	return s.reach(s.keys.off+s.keySize()*uint64(guess), s.keySize())
}
