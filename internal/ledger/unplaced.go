package ledger

import (
	"fmt"
	"slices"

	"github.com/fundtrail/fundtrail"
)

// settleUnplaced drops transfers of which no file tells the place where others of the same
// transaction, whose place is known, are the same. Of equal ones as many are dropped as
// there are others: two lists of one account's transfers that tell of one and of two are
// of two, whichever has places. So nothing is told twice, and nothing is lost.
//
// A list of ERC-1155's items does not tell which of them moved in one log, so it counts for
// its sum: where there are logs of the token between the parties they must make it up.
func (b *Builder) settleUnplaced(perm []uint32) ([]uint32, error) {
	if !b.unplaced {
		return perm, nil
	}
	out := perm[:0]
	for lo := 0; lo < len(perm); {
		hi, any := lo, false
		for tx := b.txs.at(b.rows.at(perm[lo]).tx).order; hi < len(perm) && b.txs.at(b.rows.at(perm[hi]).tx).order == tx; hi++ {
			any = any || unplacedFrom(b.rows.at(perm[hi])) > 0
		}
		if !any {
			out = append(out, perm[lo:hi]...)
			lo = hi
			continue
		}
		group := slices.Clone(perm[lo:hi])
		taken := make([]bool, len(group))
		for _, i := range group {
			r := b.rows.at(i)
			least := unplacedFrom(r)
			if least == 0 {
				out = append(out, i)
				continue
			}
			told, err := b.isPlaced(r, least, group, taken)
			if err != nil {
				return nil, err
			}
			if !told {
				out = append(out, i)
			}
		}
		lo = hi
	}
	return out, nil
}

// unplacedFrom returns the first index of the class that an unplaced transfer belongs to, 0
// of any other movement.
func unplacedFrom(r *buildRow) uint32 {
	switch {
	case r.kind != fundtrail.Move:
		return 0
	case r.index >= fundtrail.UnplacedTrace && r.index < fundtrail.LogIndex:
		return fundtrail.TraceIndex + 1
	case r.index >= fundtrail.UnplacedLog && r.index < fundtrail.FeeIndex:
		return fundtrail.LogIndex
	}
	return 0
}

// isPlaced reports whether what an unplaced transfer tells is told by others of its
// transaction, of indexes from least, and takes these.
func (b *Builder) isPlaced(r *buildRow, least uint32, group []uint32, taken []bool) (bool, error) {
	items := r.index >= fundtrail.UnplacedItems
	var sum fundtrail.Amount
	for k, i := range group {
		p := b.rows.at(i)
		if p.kind != fundtrail.Move || p.index < least || unplacedFrom(p) != 0 || taken[k] || p.from != r.from || p.to != r.to || p.asset != r.asset {
			continue
		}
		if least < fundtrail.LogIndex && p.index >= fundtrail.LogIndex {
			continue
		}
		if items {
			var over bool
			if sum, over = sum.Add(b.amount(p)); over {
				break
			}
		} else if b.amount(p) == b.amount(r) {
			taken[k] = true
			return true, nil
		}
	}
	if !items || sum.IsZero() {
		return false, nil
	}
	if sum != b.amount(r) {
		return false, fmt.Errorf("transaction %s: %s tells that %s items moved, and logs of the same transaction that %s did: leave one of the two out: %w",
			b.id(b.txs.at(r.tx)), b.where(b.txs.at(r.tx)), b.amount(r), sum, fundtrail.ErrConflict)
	}
	return true, nil
}
