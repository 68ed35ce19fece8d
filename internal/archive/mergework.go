package archive

import (
	"math"
	"slices"
)

// mergeWidth neighbouring segments of a size are merged into one, so that a chain has
// few, and each movement is copied once for every fourfold growth.
const mergeWidth = 4

// candidates returns a run of segments to merge, lo to hi of a chain; whole takes as
// many as a segment may hold.
func (w *Writer) candidates(whole bool) (c *tail, lo, hi int) {
	for _, c := range w.tails.chains {
		n := len(c.segments)
		if slices.Contains(w.growing, c.chain) {
			continue
		}
		for n > 0 && c.segments[n-1].hot == c.segments[n-1].cold {
			n--
		}
		for hi := n; hi > 1; hi-- {
			sum, least := int(c.segments[hi-1].count), int(c.segments[hi-1].count)
			lo := hi - 1
			for lo > 0 && (whole || int(c.segments[lo-1].count) <= mergeWidth*max(least, 1)) && sum+int(c.segments[lo-1].count) <= w.opt.MergeRows {
				lo--
				sum += int(c.segments[lo].count)
				least = max(least, int(c.segments[lo].count))
			}
			if hi-lo >= mergeWidth || whole && hi-lo > 1 {
				return c, lo, hi
			}
		}
	}
	return nil, 0, 0
}

// Merge merges segments while there are enough of a size; with whole set, all that fit
// into one.
func (w *Writer) Merge(whole bool) error {
	for {
		did, err := w.mergeOnce(whole)
		if err != nil || !did {
			return err
		}
	}
}

// mergeOnce merges one run of segments. They are read and the new one is written while
// others append; only the exchange keeps them waiting.
func (w *Writer) mergeOnce(whole bool) (bool, error) {
	w.mu.Lock()
	if w.broken != nil {
		defer w.mu.Unlock()
		return false, w.broken
	}
	c, lo, hi := w.candidates(whole)
	if c == nil {
		w.mu.Unlock()
		return false, nil
	}
	in := slices.Clone(c.segments[lo:hi])
	chain := c.chain
	name := w.name()
	w.merges++
	w.mu.Unlock()

	err := writeFiles(w.f, name, func(hot, cold *containerWriter) error {
		_, err := merge(hot, cold, in)
		return err
	})

	w.mu.Lock()
	defer w.mu.Unlock()
	w.merges--
	defer delete(w.making, name)
	if err != nil {
		return false, err
	}
	s, err := w.openFiles(name)
	if err != nil {
		return false, err
	}
	next := w.copyTails()
	t := next.of(chain)
	at := slices.Index(t.segments, in[0])
	if w.broken != nil || at < 0 || at+len(in) > len(t.segments) || !slices.Equal(t.segments[at:at+len(in)], in) {
		w.f.Remove(name + hotSuffix)
		w.f.Remove(name + coldSuffix)
		return w.broken == nil, w.broken // some of them were taken back meanwhile
	}
	t.segments = slices.Replace(t.segments, at, at+len(in), s)
	return true, w.checkpoint(next, w.st, nil, func(*tail, *segment) bool { return false })
}

// startMerge begins merging in the background, where that was asked for.
func (w *Writer) startMerge() {
	if c, _, _ := w.candidates(false); !w.opt.Background || w.task || c == nil {
		return
	}
	w.task = true
	w.tasks.Go(func() {
		err := w.Merge(false)
		w.mu.Lock()
		defer w.mu.Unlock()
		w.task, w.failed = false, err
	})
}

// Rebuild makes every segment anew from movements, addresses, blocks and hashes alone:
// lists and indexes that are damaged are mended by it, and a ledger of an older form
// gets the present one. Nothing changes when any of those is damaged.
func (w *Writer) Rebuild() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.broken != nil {
		return w.broken
	}
	next := &tails{}
	return w.checkpoint(next, w.st, func() error {
		for _, c := range w.tails.chains {
			to := next.of(c.chain)
			for _, s := range c.segments {
				m := newMaker(c.chain, to.count(), to.known())
				if err := c.copyBlocks(s, m, math.MaxInt64); err != nil {
					return err
				}
				made, err := w.newSegment(func(hot, cold *containerWriter) error {
					_, err := m.write(hot, cold, to.segments)
					return err
				})
				if err != nil {
					return err
				}
				if err := next.push(made); err != nil {
					return err
				}
			}
		}
		return nil
	}, nil)
}
