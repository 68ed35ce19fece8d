package archive

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/fundtrail/fundtrail"
)

// Positions and numbers of addresses follow the order of blocks, so older blocks cannot just
// be put before the others: the chain is written anew, renumbered, beside what is, and one
// manifest exchanges it. Older blocks are gathered in a ledger of their own in a subfolder
// until there are as many as the ledger holds, so that all of it is copied about twice.

const olderPrefix = "older-"

// First returns the oldest block of a chain that the ledger holds.
func (w *Writer) First(chain fundtrail.Chain) (fundtrail.Block, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.tails.of(chain).first()
}

func (c *tail) first() (fundtrail.Block, bool) {
	for _, s := range c.segments {
		if s.Blocks > 0 {
			return s.headerOf(0), true
		}
	}
	return fundtrail.Block{}, false
}

// Older opens the ledger, in a subfolder of this one, in which a chain's older blocks are
// gathered until [Writer.Join]. What was gathered there and is in this one by now, because
// the machine stopped in between, is removed first. Close it before Join.
func (w *Writer) Older(chain fundtrail.Chain) (*Writer, error) {
	first, ok := w.First(chain)
	if !ok {
		return nil, fmt.Errorf("older blocks of %s: the ledger holds none that they would stand before: %w", chain, fundtrail.ErrNotFound)
	}
	for try := 0; ; try++ {
		sub, err := w.f.Sub(olderPrefix + string(chain))
		if err != nil {
			return nil, err
		}
		o, err := openWriter(sub, w.opt)
		if err != nil {
			return nil, fmt.Errorf("%s%s: %w", olderPrefix, chain, err)
		}
		if lowest, any := o.First(chain); !any || lowest.Height < first.Height || try > 0 {
			return o, nil
		}
		if err := errors.Join(o.Close(), w.Forget(chain)); err != nil {
			return nil, err
		}
	}
}

// Forget removes what was gathered of a chain's older blocks.
func (w *Writer) Forget(chain fundtrail.Chain) error { return w.f.Drop(olderPrefix + string(chain)) }

// Join puts what was gathered by [Writer.Older] before the blocks that the ledger holds, and
// removes the subfolder. See [Writer.Prepend].
func (w *Writer) Join(chain fundtrail.Chain) error {
	sub, err := w.f.Sub(olderPrefix + string(chain))
	if err != nil {
		return err
	}
	r, err := openReader(sub)
	if err != nil {
		return err
	}
	err = errors.Join(w.Prepend(chain, r), r.Close())
	if err != nil {
		return err
	}
	return w.Forget(chain)
}

// Prepend puts the blocks that another ledger has of an account chain before those that this
// one holds. The other one must hold this one's first block too, the same, which shows that
// they are one chain; an error that wraps fundtrail.ErrReorganised says that they are not.
// All of it is done, durably, or nothing. Others may append meanwhile, but for the end: what
// they wrote by then is copied while they wait. What is held in memory is one segment of
// Options.SegmentRows.
func (w *Writer) Prepend(chain fundtrail.Chain, older *Reader) error {
	info, ok := chain.Info()
	if !ok || info.Model != fundtrail.Accounts {
		return fmt.Errorf("older blocks of %s: what is spent in a coin chain must be known before: begin with its oldest block: %w", chain, fundtrail.ErrInvalid)
	}
	const tries = 3 // a merge that was under way, or a deep reorganisation, changes what is copied
	for try := 1; ; try++ {
		done, err := w.prepend(chain, older)
		if done || err != nil {
			return err
		}
		if try == tries {
			return fmt.Errorf("older blocks of %s: the ledger changed while it was copied, %d times: %w", chain, tries, fundtrail.ErrUnavailable)
		}
	}
}

func (w *Writer) prepend(chain fundtrail.Chain, older *Reader) (done bool, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.broken != nil {
		return false, w.broken
	}
	old := older.tail(chain)
	first, err := w.standsOn(chain, old)
	if err != nil {
		return false, err
	}
	if lowest, ok := old.first(); !ok || lowest.Height >= first.Height {
		return true, nil // it is there already
	}
	was := &tail{chain, slices.Clone(w.tails.of(chain).segments)}
	sealed := slices.IndexFunc(was.segments, func(s *segment) bool { return s.hot == s.cold })
	if sealed < 0 {
		sealed = len(was.segments)
	}
	c := &copier{w: w, chain: chain, to: &tails{}}
	defer func() {
		for _, name := range c.names {
			delete(w.making, name)
		}
		if !done && w.broken == nil {
			w.sweep()
		}
	}()
	w.merges++
	w.growing = append(w.growing, chain)
	w.mu.Unlock()
	err = c.copy(old, old.segments, first.Height-1)
	if err == nil {
		err = c.copy(was, was.segments[:sealed], math.MaxInt64)
	}
	if err == nil {
		err = c.flush()
	}
	w.mu.Lock()
	w.merges--
	w.growing = slices.DeleteFunc(w.growing, func(x fundtrail.Chain) bool { return x == chain })
	if err == nil {
		err = w.broken
	}
	if err != nil {
		return false, err
	}
	now := w.tails.of(chain)
	if len(now.segments) < sealed || !slices.Equal(now.segments[:sealed], was.segments[:sealed]) {
		return false, nil
	}
	if again, err := w.standsOn(chain, old); err != nil || again != first {
		return false, err
	}
	c.held = true
	if err := c.rest(now, now.segments[sealed:]); err != nil {
		return false, err
	}
	next := w.copyTails()
	next.of(chain).segments = c.to.of(chain).segments
	st := w.st
	st.Coverage = coverBefore(w.st.Coverage, older.state.Coverage, chain, first.Height)
	st.Sources = addSources(st.Sources, older.state.Sources)
	err = w.checkpoint(next, st, nil, func(*tail, *segment) bool { return false })
	return err == nil, err
}

// standsOn makes sure that this ledger's first block of a chain is the other's too, and
// returns it.
func (w *Writer) standsOn(chain fundtrail.Chain, old *tail) (fundtrail.Block, error) {
	first, ok := w.tails.of(chain).first()
	if !ok {
		return first, fmt.Errorf("older blocks of %s: the ledger holds none that they would stand before: %w", chain, fundtrail.ErrNotFound)
	}
	for _, s := range old.segments {
		if first.Height > s.LastBlock || s.Blocks == 0 {
			continue
		}
		b, ok := s.blockAt(first.Height)
		switch {
		case !ok:
		case b.Hash == fundtrail.Hash{} || first.Hash == fundtrail.Hash{}:
			return first, fmt.Errorf("older blocks of %s: block %d came without its hash, so that nothing shows that they are of one chain: begin a ledger anew: %w", chain, first.Height, fundtrail.ErrConflict)
		case b.Hash != first.Hash:
			return first, fmt.Errorf("older blocks of %s: their block %d is another than the ledger's: %w", chain, first.Height, fundtrail.ErrReorganised)
		default:
			return first, nil
		}
		break
	}
	return first, fmt.Errorf("older blocks of %s: they do not reach block %d, which the ledger begins with: %w", chain, first.Height, fundtrail.ErrConflict)
}

// coverBefore puts claims of older blocks before those of a chain.
func coverBefore(list, older []coverage, chain fundtrail.Chain, first int64) (out []coverage) {
	var before, held []coverage
	for _, c := range cutCoverage(older, chain, first-1) {
		if c.Chain == chain {
			before = append(before, c)
		}
	}
	at := -1
	for _, c := range list {
		if c.Chain != chain {
			out = append(out, c)
			continue
		}
		if at < 0 {
			at = len(out)
		}
		held = append(held, c)
	}
	if at < 0 {
		at = len(out)
	}
	return slices.Insert(out, at, addCoverage(before, held)...)
}

// tail returns a chain's segments.
func (r *Reader) tail(chain fundtrail.Chain) *tail {
	c := &tail{chain: chain}
	for _, x := range r.chains {
		for i := x.lo; x.chain == chain && i < x.hi; i++ {
			c.segments = append(c.segments, r.parts[i].segment)
		}
	}
	return c
}

// A copier writes an account chain's blocks anew, into segments of Options.SegmentRows.
type copier struct {
	w     *Writer
	chain fundtrail.Chain
	to    *tails
	m     *maker
	met   map[uint32]uint32 // numbers in the tail that is copied, and the maker's
	from  *tail             // that is
	names []string          // of files that were made
	held  bool              // the writer's lock is
}

// copy copies segments of a tail, up to a height.
func (c *copier) copy(from *tail, list []*segment, height int64) error {
	for _, s := range list {
		b := newSegmentCursor(s)
		for n := uint32(0); n < s.Blocks && s.header(n).height <= height; n++ {
			if c.m != nil && c.m.rows() >= c.w.opt.SegmentRows {
				if err := c.flush(); err != nil {
					return err
				}
			}
			if c.m == nil {
				c.m, c.met, c.from = newMaker(c.chain, c.to.of(c.chain).count(), c.to.of(c.chain).known()), map[uint32]uint32{}, from
			}
			if c.from != from {
				c.met, c.from = map[uint32]uint32{}, from // its numbers are others
			}
			h := s.header(n)
			if err := c.m.block(h.height, h.time, s.blockHash(n)); err != nil {
				return err
			}
			for ; b.ok() && b.blockNo == n; b.next() {
				if b.begins {
					c.m.tx(s.hash(b.number), b.told.place, b.told.outcome)
				}
				kind, index := decodePlace(b.row.place, s.coins)
				c.m.add(kind, index, c.address(s, b.row.from), c.address(s, b.row.to), c.m.asset(s.tokens[b.row.asset]), b.amount())
			}
		}
		if err := s.hot.fail.get(); err != nil {
			return err // what is damaged is not copied
		}
	}
	return nil
}

func (c *copier) address(s *segment, id uint32) uint32 {
	if id == 0 {
		return 0
	}
	n, ok := c.met[id]
	if !ok {
		n = c.m.address(c.from.key(s, id))
		c.met[id] = n
	}
	return n
}

// locked does something with the writer's lock.
func (c *copier) locked(do func() error) error {
	if !c.held {
		c.w.mu.Lock()
		defer c.w.mu.Unlock()
	}
	return do()
}

// flush writes what was copied as a segment.
func (c *copier) flush() error {
	if c.m == nil || len(c.m.blocks) == 0 {
		return nil
	}
	m, name := c.m, ""
	c.m = nil
	c.locked(func() error { name = c.w.name(); return nil })
	c.names = append(c.names, name)
	before := c.to.of(c.chain).segments
	err := writeFiles(c.w.f, name, func(hot, cold *containerWriter) error {
		_, err := m.write(hot, cold, before)
		return err
	})
	if err != nil {
		return err
	}
	return c.locked(func() error {
		s, err := c.w.openFiles(name)
		if err != nil {
			return err
		}
		return c.to.push(s)
	})
}

// rest copies what was written meanwhile, with the lock held: what was in the log stays
// there.
func (c *copier) rest(from *tail, list []*segment) error {
	for _, s := range list {
		if err := c.copy(from, []*segment{s}, math.MaxInt64); err != nil {
			return err
		}
		if c.m == nil || s.hot != s.cold {
			continue
		}
		m := c.m
		c.m = nil
		im, err := m.image(c.to.of(c.chain).segments)
		if err != nil {
			return err
		}
		if err := c.to.pushImage(im, c.w.fail); err != nil {
			return err
		}
	}
	return c.flush()
}
