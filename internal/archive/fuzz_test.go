package archive

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"slices"
	"testing"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/ledgertest"
)

// readAll reads everything of a segment, as a reader and a merge do.
func readAll(s *segment, fail *failure) {
	t := &tails{}
	if t.push(s) != nil {
		return
	}
	r := &Reader{fail: fail}
	if r.arrange(t) != nil {
		return
	}
	var m fundtrail.Movement
	buf := make([]fundtrail.Position, 0, 300)
	for p := range r.Size() {
		r.Movement(p, &m)
		tx := r.Transaction(p)
		r.Output(p)
		r.FindTx(tx.ID)
		r.Seek(tx.ID.Chain, tx.Time)
		for _, id := range []fundtrail.AddressID{m.From, m.To} {
			r.AddressID(r.Address(id))
			r.Moves(id, p, true, buf)
			r.Moves(id, p, false, buf)
			r.MoveCount(id)
		}
	}
	mergeImage([]*segment{s})
	t.chains[0].truncate(s.LastBlock - 1)
	k := checker{t: t}
	k.deep(&tail{chain: s.Chain}, 0, s)
}

// FuzzSegment changes bytes of a segment and makes its checksums right again: whoever
// reads it gets errors or other facts, and the program stays up.
func FuzzSegment(f *testing.F) {
	var images [][]byte
	for _, shape := range []ledgertest.Random{{Addresses: 5, Transactions: 90, Tokens: 1, Gaps: true}, {Addresses: 5, Transactions: 60, Coins: true}, {Addresses: 2, Transactions: 400}} {
		steps := newFaultFolder()
		w, err := openWriter(steps, Options{LogRows: 1})
		if err != nil {
			f.Fatal(err)
		}
		order, blocks := byBlock(shape.Ledger(newRand()))
		var some []fundtrail.Transaction
		for i, k := range order {
			if some = append(some, blocks[k]...); i == len(order)/2 || i == len(order)-1 {
				if err := w.Append(Batch{Facts: sealed(f, some, nil, w)}); err != nil {
					f.Fatal(err)
				}
				some = nil
			}
		}
		for _, s := range w.tails.chains[0].segments {
			im, err := mergeImage([]*segment{s})
			if err != nil {
				f.Fatal(err)
			}
			images = append(images, im)
		}
		im, err := mergeImage(w.tails.chains[0].segments)
		if err != nil {
			f.Fatal(err)
		}
		images = append(images, im)
	}
	for i := range images {
		f.Add(uint8(i), []byte{0, 0, 0, 0})
		f.Add(uint8(i), []byte{100, 0, 255, 1, 3, 1, 7, 0})
	}
	f.Fuzz(func(t *testing.T, which uint8, changes []byte) {
		b := slices.Clone(images[int(which)%len(images)])
		c, err := openContainer("segment", b, true, &failure{})
		if err != nil {
			t.Fatal(err)
		}
		for ; len(changes) >= 4; changes = changes[4:] { // where, of how many, and what
			at := int(binary.LittleEndian.Uint16(changes)) * (1 + int(changes[2]&3))
			if at >= 16 && at < int(c.body) {
				b[at] = changes[3]
			}
		}
		resum(b, c)
		fail := &failure{}
		s, err := openImage("segment", b, fail)
		if err == nil {
			readAll(s, fail)
		}
	})
}

// FuzzLog reads any bytes as a log.
func FuzzLog(f *testing.F) {
	d := newFaultFolder()
	w, err := openWriter(d, Options{})
	if err != nil {
		f.Fatal(err)
	}
	txs := ledgertest.Random{Addresses: 3, Transactions: 9}.Ledger(newRand())
	if err := w.Append(Batch{Facts: sealed(f, txs, nil, w)}); err != nil {
		f.Fatal(err)
	}
	w.Close()
	log, _ := d.Read(w.st.Log)
	f.Add(log)
	f.Add(log[:100])
	f.Add(append(bytes.Clone(log), "FTCOMMIT"...))
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > 2*frameHead { // the sums are made right, so that more than the sums is tried
			if n := binary.LittleEndian.Uint64(b[frameHead+16:]); n <= uint64(len(b)-2*frameHead) {
				binary.LittleEndian.PutUint32(b[frameHead+24:], crc32.Checksum(b[2*frameHead:2*frameHead+int(n)], castagnoli))
				binary.LittleEndian.PutUint32(b[frameHead+28:], crc32.Checksum(b[frameHead:frameHead+28], castagnoli))
			}
		}
		info, err := scanLog("log", b, func(at int64, c commitText, images [][]byte) error {
			for _, im := range images {
				fail := &failure{}
				if s, err := openImage("log", im, fail); err == nil {
					readAll(s, fail)
				}
			}
			return nil
		})
		if err == nil && (info.end < frameHead || info.end+info.torn != int64(len(b))) {
			t.Fatalf("%d bytes: %+v", len(b), info)
		}
	})
}

// FuzzManifest reads any bytes as a manifest; what is read is written the same.
func FuzzManifest(f *testing.F) {
	d := newFaultFolder()
	w, err := openWriter(d, Options{})
	if err != nil {
		f.Fatal(err)
	}
	w.Close()
	b, _ := d.Read(manifestName)
	f.Add(b[:len(b)-16])
	f.Add([]byte(manifestHead + "1\n{}\n"))
	f.Add([]byte(manifestHead + "2\n{}\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		d := newFaultFolder()
		text := string(b) + fmt.Sprintf("crc32c %08x\n", crc32.Checksum(b, castagnoli))
		d.names[manifestName] = &inode{now: []byte(text)}
		st, err := readManifest(d)
		if err != nil {
			return
		}
		if err := writeManifest(d, st); err != nil {
			t.Fatal(err)
		}
		again, err := readManifest(d)
		if err != nil || fmt.Sprint(again) != fmt.Sprint(st) {
			t.Fatalf("%v is read as %v, %v", st, again, err)
		}
	})
}

// FuzzAmount: an amount comes back as it was, wherever it stands.
func FuzzAmount(f *testing.F) {
	for _, v := range []uint64{0, 1, 1000, 1 << 63, ^uint64(0), 1e18} {
		f.Add(v, uint64(0), uint64(0), uint64(0), uint8(63))
		f.Add(v, v, v, v, uint8(7))
		f.Add(uint64(0), uint64(0), uint64(0), v, uint8(0))
	}
	f.Fuzz(func(t *testing.T, a, b, c, d uint64, n uint8) {
		want := fundtrail.AmountFromWords([4]uint64{a, b, c, d})
		before := int(n % 64)
		var classes, amounts []byte
		for i := range before + 1 {
			v := fundtrail.AmountFromWords([4]uint64{a >> i, b, c, d})
			if i == before {
				v = want
			}
			var class byte
			amounts, class = appendAmount(amounts, v)
			classes = append(classes, class)
		}
		at := amountsBefore(append(slices.Clone(classes), make([]byte, 8)...), before)
		got, ok := decodeAmount(classes[before], append(amounts, make([]byte, 24)...)[at:])
		if !ok || got != want {
			t.Fatalf("%s comes back as %s", want, got)
		}
	})
}
