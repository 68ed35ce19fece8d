package ledger

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/fundtrail/fundtrail"
)

// What a bounded builder set aside is sealed part by part, and a part does not see the
// others. Here is what Seal finds by seeing all: one transaction in two blocks, inputs that
// spend what is made later, and who holds an output that its own row does not tell.

// spillHashes is where in the scratch a run has its marks, by the first bits of the hash.
type spillHashes struct {
	off   int64
	start []uint32
}

// A spillMark says of a hash what parts would not see of each other.
type spillMark struct {
	prefix uint64 // of the hash
	value  int64  // a height, or an output's number
	chain  uint8
	kind   uint8
}

const (
	markTx     = iota // the transaction is in the block of that height
	markSpent         // one in the block of that height spends of it
	markNobody        // its output of that number tells no holder
	markPayer         // who spends its output of that number tells one

	markSize   = 8 + 8 + 1 + 1
	markBits   = 12 // of buckets: what 10^9 transactions leave in one is 5 MB
	markBucket = 64 - markBits
)

func hashPrefix(h *fundtrail.Hash) uint64 { return binary.BigEndian.Uint64(h[:]) }

func (s *spill) writeHashes(b *Builder, order, start, rows []uint32) error {
	var marks []spillMark
	last := spillMark{}
	for _, i := range order {
		t := b.txs.at(i)
		if m := (spillMark{hashPrefix(&t.hash), t.height, t.chain, markTx}); m != last || len(marks) == 0 {
			marks = append(marks, m)
			last = m
		}
		if !b.coins[t.chain] {
			continue
		}
		for _, n := range rows[start[i]:start[i+1]] {
			r := b.rows.at(n)
			if r.kind == fundtrail.MoveOutput && r.to == 0 {
				marks = append(marks, spillMark{hashPrefix(&t.hash), int64(r.index), t.chain, markNobody})
			}
			if sp := b.spendOf(n, r); sp != nil {
				marks = append(marks, spillMark{hashPrefix(&sp.hash), t.height, sp.chain, markSpent})
				if r.from != 0 {
					marks = append(marks, spillMark{hashPrefix(&sp.hash), int64(sp.output), sp.chain, markPayer})
				}
			}
		}
	}
	at := make([]uint32, 1<<markBits+1)
	for i := range marks {
		at[marks[i].prefix>>markBucket+1]++
	}
	for i := range 1 << markBits {
		at[i+1] += at[i]
	}
	if err := s.flush(0); err != nil {
		return err
	}
	s.hashes = append(s.hashes, spillHashes{s.n, slices.Clone(at)})
	out := make([]byte, markSize*len(marks))
	for i := range marks {
		m := &marks[i]
		n := &at[m.prefix>>markBucket]
		p := out[markSize*int(*n):]
		*n++
		binary.LittleEndian.PutUint64(p, m.prefix)
		binary.LittleEndian.PutUint64(p[8:], uint64(m.value))
		p[16], p[17] = m.chain, m.kind
	}
	s.buf = out
	err := s.flush(0)
	s.buf = nil
	return err
}

// A spillName names a transaction by its chain and the beginning of its hash, which nearly
// always is enough.
type spillName struct {
	chain  uint8
	prefix uint64
}

// compareRuns compares what parts would not see of each other, and says what Seal would.
func (b *Builder) compareRuns() error {
	strange := map[spillName]bool{} // what may contradict itself
	nobody := map[spillName]bool{}
	var buf []byte
	var marks []spillMark
	for k := range 1 << markBits {
		marks = marks[:0]
		for i := range b.spill.hashes {
			h := &b.spill.hashes[i]
			lo, hi := h.start[k], h.start[k+1]
			n := markSize * int(hi-lo)
			if n == 0 {
				continue
			}
			buf = slices.Grow(buf[:0], n)[:n]
			if _, err := b.spill.to.ReadAt(buf, h.off+markSize*int64(lo)); err != nil {
				return fmt.Errorf("read what was set aside: %w: %w", err, fundtrail.ErrUnavailable)
			}
			for p := buf; len(p) > 0; p = p[markSize:] {
				marks = append(marks, spillMark{binary.LittleEndian.Uint64(p), int64(binary.LittleEndian.Uint64(p[8:])), p[16], p[17]})
			}
		}
		slices.SortFunc(marks, func(x, y spillMark) int {
			return cmp.Or(cmp.Compare(x.prefix, y.prefix), cmp.Compare(x.chain, y.chain), cmp.Compare(x.kind, y.kind), cmp.Compare(x.value, y.value))
		})
		for lo := 0; lo < len(marks); {
			hi := lo + 1
			for hi < len(marks) && marks[hi].prefix == marks[lo].prefix && marks[hi].chain == marks[lo].chain {
				hi++
			}
			compareMarks(marks[lo:hi], strange, nobody)
			lo = hi
		}
	}
	b.spill.hashes = nil
	if len(strange) > 0 {
		if err := b.explain(strange); err != nil {
			return err
		}
	}
	return b.findHolders(nobody)
}

// compareMarks looks at what is told of one transaction, by kind and value.
func compareMarks(marks []spillMark, strange, nobody map[spillName]bool) {
	name := spillName{marks[0].chain, marks[0].prefix}
	of := func(kind uint8) []spillMark {
		lo, _ := slices.BinarySearchFunc(marks, kind, func(m spillMark, k uint8) int { return cmp.Compare(m.kind, k) })
		hi, _ := slices.BinarySearchFunc(marks, kind+1, func(m spillMark, k uint8) int { return cmp.Compare(m.kind, k) })
		return marks[lo:hi]
	}
	txs, spent := of(markTx), of(markSpent)
	if len(txs) == 0 {
		return
	}
	if txs[0].value != txs[len(txs)-1].value || len(spent) > 0 && spent[0].value < txs[0].value {
		strange[name] = true
	}
	payers := of(markPayer)
	for _, m := range of(markNobody) {
		if _, ok := slices.BinarySearchFunc(payers, m.value, func(m spillMark, v int64) int { return cmp.Compare(m.value, v) }); ok {
			nobody[name] = true
		}
	}
}

// explain says what is wrong with transactions that contradict themselves, or with those
// that spend of them before they are made; nil where only the hashes begin alike.
func (b *Builder) explain(names map[spillName]bool) error {
	var told []spillRecord
	err := b.each(nil, func(r *spillRecord) error {
		if !r.isTx {
			return nil
		}
		of := names[spillName{r.tx.chain, hashPrefix(&r.tx.hash)}]
		if b.coins[r.tx.chain] && !of {
			b.eachRow(r, func(row *spillRow) {
				of = of || row.spends && names[spillName{row.spend.chain, hashPrefix(&row.spend.hash)}]
			})
		}
		if of {
			told = append(told, *r)
			told[len(told)-1].rows = slices.Clone(r.rows)
		}
		return nil
	})
	if err != nil {
		return err
	}
	slices.SortStableFunc(told, func(x, y spillRecord) int {
		return cmp.Or(cmp.Compare(x.tx.file, y.tx.file), cmp.Compare(x.tx.line, y.tx.line))
	})
	all := b.beside()
	for i := range told {
		all.take(&told[i])
	}
	if _, err := all.mergeTxs(); err != nil {
		return err
	}
	height := map[spillName]*buildTx{}
	for i := range uint32(all.txs.len()) {
		t := all.txs.at(i)
		height[spillName{t.chain, hashPrefix(&t.hash)}] = t
	}
	for i := range all.spends {
		s := &all.spends[i]
		made, spender := height[spillName{s.chain, hashPrefix(&s.hash)}], all.txs.at(all.rows.at(s.row).tx)
		if made != nil && made.hash == s.hash && names[spillName{s.chain, hashPrefix(&s.hash)}] && made.height > spender.height {
			return all.spendsLater(spender, s, "which is in a later block")
		}
	}
	return nil
}

// An outputName names an output.
type outputName struct {
	chain  uint8
	hash   fundtrail.Hash
	output uint32
}

// findHolders finds who holds the outputs whose own rows do not tell, where those that spend
// them do: some programs know an address of a script that names a public key itself.
func (b *Builder) findHolders(of map[spillName]bool) error {
	if len(of) == 0 {
		return nil
	}
	b.holders = map[outputName][]byte{}
	return b.each(nil, func(r *spillRecord) error {
		if !r.isTx || !b.coins[r.tx.chain] {
			return nil
		}
		b.eachRow(r, func(row *spillRow) {
			s := &row.spend
			name := outputName{s.chain, s.hash, s.output}
			if row.spends && row.fromKey != nil && of[spillName{s.chain, hashPrefix(&s.hash)}] && b.holders[name] == nil {
				b.holders[name] = slices.Clone(row.fromKey)
			}
		})
		return nil
	})
}

// fillHolders gives outputs the holders that were found.
func (b *Builder) fillHolders(holders map[outputName][]byte) {
	if len(holders) == 0 {
		return
	}
	for i := range uint32(b.rows.len()) {
		r := b.rows.at(i)
		if r.kind != fundtrail.MoveOutput || r.to != 0 {
			continue
		}
		t := b.txs.at(r.tx)
		if key := holders[outputName{t.chain, t.hash, r.index}]; key != nil {
			r.to = b.addrs.intern(t.chain, key)
		}
	}
}
