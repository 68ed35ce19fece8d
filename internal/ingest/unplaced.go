package ingest

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"hash/fnv"
	"slices"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/ledger"
)

// An unplacedRow is a transfer of which its file does not tell the place in the
// transaction: no trace address, no index of the log. All are held until the end of the
// import, for which number one gets depends on the others of its transaction.
type unplacedRow struct {
	file  *file
	tx    ledger.Tx
	class uint32 // fundtrail.UnplacedTrace and its like
	asset fundtrail.AssetID
	from, to,
	token [20]byte // zero is nobody, and the chain's coin
	amount fundtrail.Amount
	again  int // how many equal ones of its file came before
}

func (x *unplacedRow) compare(y *unplacedRow) int {
	return cmp.Or(cmp.Compare(x.tx.Height, y.tx.Height), bytes.Compare(x.tx.Hash[:], y.tx.Hash[:]), cmp.Compare(x.class, y.class), bytes.Compare(x.token[:], y.token[:]),
		bytes.Compare(x.from[:], y.from[:]), bytes.Compare(x.to[:], y.to[:]), x.amount.Cmp(y.amount))
}

// number is where the transfer would stand in its class: a digest (FNV-1a) of what it says,
// so that the same transfer of other files, and of later imports, gets the same.
func (x *unplacedRow) number() uint32 {
	h := fnv.New64a()
	for _, part := range [][]byte{x.token[:], x.from[:], x.to[:]} {
		h.Write(part)
	}
	if x.class != fundtrail.UnplacedItems { // whose sum is not known from one row
		for _, w := range x.amount.Words() {
			h.Write(binary.BigEndian.AppendUint64(nil, w))
		}
	}
	h.Write(binary.BigEndian.AppendUint64(nil, uint64(x.again)))
	room := map[uint32]uint32{
		fundtrail.UnplacedTrace: fundtrail.LogIndex - fundtrail.UnplacedTrace,
		fundtrail.UnplacedLog:   fundtrail.UnplacedItems - fundtrail.UnplacedLog,
		fundtrail.UnplacedItems: fundtrail.FeeIndex - fundtrail.UnplacedItems,
	}[x.class]
	return x.class + uint32(h.Sum64()%uint64(room))
}

// finishUnplaced adds the transfers whose place is not known. Equal ones of one file are
// different transfers; of two files they are the same. Of ERC-1155 all that one file tells
// of a token between two parties is one transfer, as it is of one log.
func (j *job) finishUnplaced() error {
	rows := j.unplaced
	slices.SortStableFunc(rows, func(x, y unplacedRow) int {
		if x.class == fundtrail.UnplacedItems && y.class == x.class {
			z := y
			z.amount = x.amount
			return cmp.Or(x.compare(&z), cmp.Compare(x.file.id, y.file.id), cmp.Compare(x.tx.Where.Line, y.tx.Where.Line))
		}
		return cmp.Or(x.compare(&y), cmp.Compare(x.file.id, y.file.id), cmp.Compare(x.tx.Where.Line, y.tx.Where.Line))
	})
	kept := rows[:0]
	for _, r := range rows {
		if n := len(kept); n > 0 && kept[n-1].file == r.file {
			last := &kept[n-1]
			same := *last
			same.amount = r.amount
			if r.class == fundtrail.UnplacedItems && same.compare(&r) == 0 {
				sum, over := last.amount.Add(r.amount)
				if over {
					return malformed("transaction %s: items of more than 256 bits", fundtrail.TxID{Chain: j.chain, Hash: r.tx.Hash})
				}
				last.amount = sum
				continue
			}
			if last.compare(&r) == 0 {
				r.again = last.again + 1
			}
		}
		kept = append(kept, r)
	}
	// Equal rows of several files are one, so that numbers taken are those of others.
	slices.SortStableFunc(kept, func(x, y unplacedRow) int { return cmp.Or(x.compare(&y), cmp.Compare(x.again, y.again)) })
	taken := map[uint32]*unplacedRow{}
	for i := range kept {
		r := &kept[i]
		if i > 0 && (kept[i-1].tx.Hash != r.tx.Hash || kept[i-1].tx.Height != r.tx.Height) {
			clear(taken)
		}
		at := r.number()
		for {
			old := taken[at]
			if old == nil || old.again == r.again && (r.class == fundtrail.UnplacedItems || old.compare(r) == 0) && old.token == r.token && old.from == r.from && old.to == r.to {
				break
			}
			if at++; at == fundtrail.LogIndex || at == fundtrail.UnplacedItems || at == fundtrail.FeeIndex {
				at = r.class
			}
		}
		taken[at] = r
		f := r.file
		ref, err := f.b.Tx(r.tx)
		if err != nil {
			return err
		}
		if err := f.add(ref, r.tx.Height, ledger.Row{Index: at, Asset: r.asset, From: f.side(r, &r.from), To: f.side(r, &r.to), Amount: r.amount}); err != nil {
			return err
		}
	}
	j.unplaced = nil
	return nil
}

// side returns a party of an unplaced transfer: of a token the zero address is nobody, and
// of the chain's own coin an address like others.
func (f *file) side(r *unplacedRow, a *[20]byte) fundtrail.AddressID {
	if r.class == fundtrail.UnplacedTrace {
		return f.b.EVMAddress(f.chain, a)
	}
	return f.holderOf(a)
}
