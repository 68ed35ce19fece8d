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
	w     *Writer
	next  *tails
	c     *tail
	m     *maker
	spare *maker
	limit int
	made  chan bulkMade // of the segment that is being written
	busy  bool
	names []string // of segments that were written
	last  int64    // height
	err   error
}

type bulkMade struct {
	name string
	d    description
	m    *maker
	err  error
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
	b := &Bulk{w: w, next: w.copyTails(), limit: w.opt.SegmentRows, made: make(chan bulkMade, 1)}
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
	b.m, b.spare, b.last = newMaker(chain, 0, 0), newMaker(chain, 0, 0), b.c.tip()
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
		if b.err = b.seal(); b.err != nil {
			return b.err
		}
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

// seal waits for the segment before and has this one written.
func (b *Bulk) seal() error {
	if err := b.wait(); err != nil {
		return err
	}
	m, before, name := b.m, b.c.segments[:len(b.c.segments):len(b.c.segments)], b.w.name()
	m.first, m.known = b.c.count(), b.c.known()
	b.names, b.busy = append(b.names, name), true
	go func() {
		made := bulkMade{name: name, m: m}
		made.err = writeFiles(b.w.f, name, func(hot, cold *containerWriter) (err error) {
			made.d, err = m.write(hot, cold, before)
			return err
		})
		b.made <- made
	}()
	b.m, b.spare = b.spare, nil
	b.m.reset(m.chain, 0, 0) // what was before follows when it is known
	return nil
}

// wait takes over the segment that was being written.
func (b *Bulk) wait() error {
	if !b.busy {
		return nil
	}
	made := <-b.made
	b.busy, b.spare = false, made.m
	if made.err != nil {
		return made.err
	}
	s, err := b.w.openFiles(made.name)
	if err != nil {
		return err
	}
	return b.next.push(s)
}

// Finish puts what was added into the ledger, all of it at once, and ends the bulk.
func (b *Bulk) Finish(coverage []fundtrail.Coverage, sources []Source) (err error) {
	defer b.w.mu.Unlock()
	if err = b.err; err == nil && b.m.rows()+len(b.m.blocks) > 0 {
		err = b.seal()
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
	b.wait()
	b.drop()
}

func (b *Bulk) drop() {
	for _, name := range b.names {
		delete(b.w.making, name)
	}
	b.w.sweep()
}
