package archive

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
	"math"
	"slices"

	"github.com/fundtrail/fundtrail"
)

// A rowWriter writes the columns of movements.
type rowWriter struct {
	c   chunkWriter
	hot *containerWriter
	at  []uint32
	off uint64
	buf []byte
}

func newRowWriter(hot *containerWriter) *rowWriter {
	hot.begin(secRows)
	return &rowWriter{hot: hot}
}

func (w *rowWriter) add(r rawRow, amount []byte, number, block uint32, tx *rawTx) {
	w.c.amounts = append(w.c.amounts, amount...)
	w.c.add(r, number, block, tx)
	if w.c.n == chunkRows {
		w.flush()
	}
}

func (w *rowWriter) flush() {
	w.at = append(w.at, uint32(w.off/8))
	w.buf = w.c.encode(w.buf[:0])
	w.off += uint64(len(w.buf))
	w.hot.Write(w.buf)
}

func (w *rowWriter) finish() {
	if w.c.n > 0 {
		w.flush()
	}
	w.hot.numbers(secRowAt, append(w.at, uint32(w.off/8)))
}

// A listWriter writes lists in the order of their ranks.
type listWriter struct {
	hot *containerWriter
	at  []uint32
	off uint64
	buf []byte
}

func newListWriter(hot *containerWriter, lists int) *listWriter {
	hot.begin(secLists)
	return &listWriter{hot: hot, at: make([]uint32, 0, lists+1)}
}

func (w *listWriter) add(list []uint32) {
	w.at = append(w.at, uint32(w.off))
	if len(list) == 0 {
		return
	}
	w.buf = appendList(w.buf[:0], list)
	w.off += uint64(len(w.buf))
	w.hot.Write(w.buf)
}

func (w *listWriter) finish() {
	if w.off > math.MaxUint32 {
		w.hot.err = cmp.Or(w.hot.err, error(fmt.Errorf("lists of more than 4 GiB in one segment: %w", fundtrail.ErrLimit)))
	}
	w.hot.numbers(secListAt, append(w.at, uint32(w.off)))
}

// writeOld writes the sorted numbers of addresses met before, all at most known, and
// an index by their upper bits.
func writeOld(hot *containerWriter, ids []uint32, known uint32) (shift uint8) {
	hot.numbers(secOld, ids)
	if len(ids) == 0 {
		return 0
	}
	for shift < 32 && uint64(known)>>shift > uint64(len(ids))/16 {
		shift++
	}
	hot.numbers(secOldAt, directory(len(ids), int(known>>shift)+1, func(i int) int { return int(ids[i] >> shift) }))
	return shift
}

// directory returns, for each of the buckets that n sorted things fall into, where it
// begins, and the end of the last.
func directory(n, buckets int, bucket func(i int) int) []uint32 {
	at := make([]uint32, buckets+1)
	for i := range n {
		at[bucket(i)+1]++
	}
	for b := range buckets {
		at[b+1] += at[b]
	}
	return at
}

// dirBits returns how many bits an index of n things takes whose buckets hold about
// 2^fill of them.
func dirBits(n, fill int) uint8 {
	return width(uint64(n) >> fill)
}

// A keyWriter writes addresses in the order of their hashes.
type keyWriter struct {
	fixed bool
	off   uint64
	ends  []uint32
	bits  uint8
	dir   []uint32
}

const keyFill = 4 // 16 to 32 addresses, 0.5 KB of them, in a bucket

func newKeyWriter(fixed bool, n int) *keyWriter {
	b := dirBits(n, keyFill)
	return &keyWriter{fixed: fixed, bits: b, dir: make([]uint32, 1<<b+1)}
}

func (k *keyWriter) add(hot *containerWriter, hash uint64, key []byte) {
	hot.Write(key)
	k.off += uint64(len(key))
	k.dir[hash>>(64-k.bits)+1]++
	if !k.fixed {
		if k.ends == nil {
			k.ends = []uint32{0}
		}
		k.ends = append(k.ends, uint32(k.off))
		if k.off > math.MaxUint32 {
			hot.err = cmp.Or(hot.err, error(fmt.Errorf("addresses of more than 4 GiB in one segment: %w", fundtrail.ErrLimit)))
		}
	}
}

func (k *keyWriter) finish(hot *containerWriter) uint8 {
	if !k.fixed {
		if k.ends == nil {
			k.ends = []uint32{0}
		}
		hot.numbers(secKeyAt, k.ends)
	}
	for i := range len(k.dir) - 1 {
		k.dir[i+1] += k.dir[i]
	}
	hot.numbers(secKeyDir, k.dir)
	return k.bits
}

// writeBlocks writes the headers, and how far the latest time is ahead of each.
func writeBlocks(hot *containerWriter, heads []header, txs uint32) error {
	hot.begin(secBlocks)
	latest := int64(math.MinInt64)
	var buf []byte
	for i, h := range heads {
		end := txs
		if i+1 < len(heads) {
			end = heads[i+1].tx
		}
		if end > h.tx {
			latest = max(latest, h.time)
		}
		switch ahead := latest - h.time; {
		case latest == math.MinInt64:
			h.ahead = noneYet
		case ahead != int64(int32(ahead)) || int32(ahead) == noneYet:
			return fmt.Errorf("block %d is of %d, 68 years from one before it: %w", h.height, h.time, fundtrail.ErrInvalid)
		default:
			h.ahead = int32(ahead)
		}
		buf = h.append(buf[:0])
		hot.Write(buf)
	}
	return nil
}

func writeSpent(hot *containerWriter, list []spentOutput) {
	hot.begin(secSpent)
	for _, s := range list {
		var b [spentSize]byte
		binary.LittleEndian.PutUint64(b[:], s.out)
		binary.LittleEndian.PutUint64(b[8:], s.in)
		hot.Write(b[:])
	}
}

const hashFill = 4 // 16 to 32 hashes in a bucket

// writeHashes writes the transactions in the order of their hashes, an eighth of
// those at a time, so that sorting takes little room.
func writeHashes(cold *containerWriter, n int, hash func(i uint32) *fundtrail.Hash) (txBits, dirWidth uint8) {
	type entry struct {
		prefix uint64
		tx     uint32
	}
	txBits, dirWidth = width(uint64(max(n, 1)-1)), dirBits(n, hashFill)
	cold.begin(secByHash)
	dir := make([]uint32, 1<<dirWidth+1)
	var list []entry
	var p packer
	passes := 8
	if n < 1<<16 {
		passes = 1
	}
	for pass := range passes {
		list = list[:0]
		for i := range uint32(n) {
			h := hash(i)
			if passes == 1 || int(h[0])>>5 == pass {
				list = append(list, entry{binary.BigEndian.Uint64(h[:]), i})
			}
		}
		slices.SortFunc(list, func(x, y entry) int {
			if c := cmp.Compare(x.prefix, y.prefix); c != 0 {
				return c
			}
			return cmp.Or(bytes.Compare(hash(x.tx)[:], hash(y.tx)[:]), cmp.Compare(x.tx, y.tx))
		})
		for _, e := range list {
			dir[e.prefix>>(64-dirWidth)+1]++
			if p.put(uint64(e.tx), uint(txBits)); len(p.out) > 1<<16 {
				cold.Write(p.out)
				p.out = p.out[:0]
			}
		}
	}
	cold.Write(p.flush())
	for i := range len(dir) - 1 {
		dir[i+1] += dir[i]
	}
	cold.numbers(secHashAt, dir)
	return txBits, dirWidth
}
