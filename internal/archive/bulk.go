package archive

import (
	"errors"
	"fmt"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/ledger"
)

// A Bulk adds one chain's blocks in order, as fast as they come: what a node's whole
// history is loaded with. It trusts its caller that blocks, transactions and movements
// come in order and each once; fsck --deep tells when they did not. While one segment
// is filled the one before is written, so what is held in memory are two segments of
// Options.SegmentRows. Nothing is in the ledger before Finish.
//
// A Bulk has the writer to itself: others wait for Finish or Abandon. It is not for
// concurrent use.
type Bulk struct {
	sealer
	c     *tail
	m     *maker
	limit int
	last  int64 // height
	err   error
}

// Bulk begins adding blocks of an account chain.
func (w *Writer) Bulk(chain fundtrail.Chain) (*Bulk, error) {
	info, ok := chain.Info()
	if !ok || info.Model != fundtrail.Accounts || !fixedKeys(info) {
		return nil, fmt.Errorf("a bulk of chain %q: want one whose addresses are 20 bytes: %w", chain, fundtrail.ErrInvalid)
	}
	w.mu.Lock()
	if w.broken != nil {
		defer w.mu.Unlock()
		return nil, w.broken
	}
	b := &Bulk{sealer: newSealer(w, w.copyTails()), limit: w.opt.SegmentRows}
	b.c = b.next.of(chain)
	if b.c.segments != nil && b.c.segments[len(b.c.segments)-1].hot == b.c.segments[len(b.c.segments)-1].cold {
		// What is in the log is sealed first, so that numbers of addresses stay.
		if err := w.checkpoint(b.next, w.st, nil, nil); err != nil {
			w.mu.Unlock()
			return nil, err
		}
		b.next = w.copyTails()
		b.c = b.next.of(chain)
	}
	b.m, b.last = b.maker(chain, b.c.count()), b.c.tip()
	return b, nil
}

// Asset returns a number for an asset, for Move, until the next Block.
func (b *Bulk) Asset(a fundtrail.Asset) uint32 { return b.m.asset(a) }

// Block begins a block.
func (b *Bulk) Block(height, time int64, hash fundtrail.Hash) error {
	if b.err != nil {
		return b.err
	}
	if height <= b.last {
		return fmt.Errorf("block %d of %s is not above block %d: %w", height, b.m.chain, b.last, fundtrail.ErrConflict)
	}
	b.last = height
	if b.m.rows() >= b.limit {
		next := b.m.first + uint64(b.m.rows())
		if b.err = b.seal(b.m); b.err != nil {
			return b.err
		}
		b.m = b.maker(b.m.chain, next)
	}
	return b.m.block(height, time, hash)
}

// Tx begins a transaction.
func (b *Bulk) Tx(hash fundtrail.Hash, place uint32, outcome ledger.Outcome) {
	b.m.tx(hash, place, outcome)
}

// Move adds a movement. from and to are the 20 bytes of an address, nil for nobody.
func (b *Bulk) Move(kind fundtrail.MoveKind, index uint32, asset uint32, from, to []byte, a fundtrail.Amount) {
	b.m.add(kind, index, b.m.address(from), b.m.address(to), asset, a)
}

// Finish puts what was added into the ledger, all of it at once, and ends the bulk.
func (b *Bulk) Finish(coverage []fundtrail.Coverage, sources []Source) (err error) {
	defer b.w.mu.Unlock()
	if err = b.err; err == nil && b.m.rows()+len(b.m.blocks) > 0 {
		err = b.seal(b.m)
	}
	err = errors.Join(err, b.wait())
	st := b.w.st
	if err == nil {
		batch := Batch{Coverage: coverage}
		st.Coverage, err = b.w.joinCoverage(st.Coverage, batch)
		st.Sources = addSources(st.Sources, sources)
	}
	if err != nil {
		b.drop()
		return err
	}
	return b.w.checkpoint(b.next, st, nil, nil)
}

// Abandon ends the bulk and leaves the ledger as it was.
func (b *Bulk) Abandon() {
	defer b.w.mu.Unlock()
	b.drop()
}
