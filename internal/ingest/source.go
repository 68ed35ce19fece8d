package ingest

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/ledger"
)

// A Source gives a chain's blocks: a node, or files of whole blocks.
type Source interface {
	// Head is the newest block.
	Head(ctx context.Context) (fundtrail.Block, error)
	// Blocks gives blocks in order, each on the one before, from a height up to the head.
	// An error that wraps fundtrail.ErrReorganised says that the chain changed below it.
	Blocks(ctx context.Context, from int64) iter.Seq2[fundtrail.BlockFacts, error]
}

// A SourceSummary says what a source gave.
type SourceSummary struct {
	From, To     int64 // blocks; To is below From when there was none
	Transactions int   // in the ledger
	Reorganised  int   // how often the chain changed while it was read
	// Partial counts the transactions of which some input is not known (see
	// [fundtrail.Transaction]). The ledger does not hold them: it could neither balance them nor
	// say whose value they moved. Their blocks are not claimed to be whole.
	Partial int
	Headers []fundtrail.Block // of the blocks
}

// maxStuck is how often a chain may change before a block that was not met yet: by then it
// is the source that contradicts itself.
const maxStuck = 12

// Blocks adds a source's blocks to a builder, from a height up to one, or up to the head
// where to is negative, and claims coverage of what is whole; name is what claims call the
// source. A chain that changes meanwhile is followed: what it dropped is taken back. When
// Blocks fails the builder is as it was before.
func Blocks(ctx context.Context, b *ledger.Builder, s Source, name string, from, to int64) (SourceSummary, error) {
	r := blockRun{b: b, sum: SourceSummary{From: from, To: from - 1}}
	start := b.Mark()
	if err := r.run(ctx, s, from, to); err != nil {
		b.Undo(start)
		return SourceSummary{}, err
	}
	claimBlocks(r.b, r.kept, name)
	for i := range r.kept {
		r.sum.Headers = append(r.sum.Headers, r.kept[i].block)
	}
	return r.sum, nil
}

// A blockRun is one reading of a source.
type blockRun struct {
	b    *ledger.Builder
	sum  SourceSummary
	kept []keptBlock // of this run, in order
}

// A keptBlock is one that was added, and how to take it back.
type keptBlock struct {
	block fundtrail.Block
	whole fundtrail.Kinds
	txs   int         // of it that the builder holds
	mark  ledger.Mark // before it

	partial int // transactions left out
}

func (r *blockRun) run(ctx context.Context, s Source, from, to int64) error {
	back, stuck, highest := 1, 0, from-1
	for next := from; to < 0 || next <= to; {
		gave := false
		err := error(nil)
		for f, e := range s.Blocks(ctx, next) {
			if err = e; err != nil {
				break
			}
			if f.Block.Height != next {
				return fmt.Errorf("%s gives block %d where block %d was asked for: %w", f.Block.Chain, f.Block.Height, next, fundtrail.ErrInvalid)
			}
			if n := len(r.kept); n > 0 && r.kept[n-1].block.Hash != f.Block.Parent {
				err = fmt.Errorf("block %d does not stand on block %d as it was: %w", next, next-1, fundtrail.ErrReorganised)
				break
			}
			if err := r.add(&f); err != nil {
				return err
			}
			gave = true
			if next > highest {
				back, stuck, highest = 1, 0, next
			}
			if next == to {
				return nil
			}
			next++
		}
		if err == nil && !gave && len(r.kept) > 0 {
			// Nothing stands on what was kept. Is that still the head?
			err = r.isHead(ctx, s)
		}
		switch {
		case errors.Is(err, fundtrail.ErrReorganised):
			r.sum.Reorganised++
			if stuck++; stuck > maxStuck {
				return fmt.Errorf("after %d tries: %w", stuck, err)
			}
			// Where the chains part is not known: go back further each time.
			next = r.takeBack(back, from)
			back *= 2
		case err != nil:
			return err
		case !gave && to < 0:
			return nil
		case !gave:
			return fmt.Errorf("block %d: the chain does not reach it yet: %w", next, fundtrail.ErrNotFound)
		case to < 0:
			return nil
		}
	}
	return nil
}

// isHead makes sure that the source's chain ends with, or goes on from, the newest block
// that was kept.
func (r *blockRun) isHead(ctx context.Context, s Source) error {
	head, err := s.Head(ctx)
	last := r.kept[len(r.kept)-1].block
	if err == nil && (head.Height < last.Height || head.Height == last.Height && head.Hash != last.Hash) {
		err = fmt.Errorf("the chain ends with block %d, and block %d was read: %w", head.Height, last.Height, fundtrail.ErrReorganised)
	}
	return err
}

// add adds a block.
func (r *blockRun) add(f *fundtrail.BlockFacts) error {
	if err := r.b.Relieve(nil); err != nil {
		return err
	}
	last, err := addBlock(r.b, f)
	if err != nil {
		return err
	}
	r.kept = append(r.kept, last)
	r.sum.To = f.Block.Height
	r.sum.Transactions += last.txs
	r.sum.Partial += last.partial
	return nil
}

// addBlock adds a block's transactions to a builder, but for those of which some input is
// not known.
func addBlock(b *ledger.Builder, f *fundtrail.BlockFacts) (keptBlock, error) {
	k := keptBlock{block: f.Block, whole: f.Whole, mark: b.Mark()}
	for i := range f.Transactions {
		if f.Transactions[i].Partial {
			k.partial++
			continue
		}
		if err := b.Transaction(&f.Transactions[i], ledger.Where{}); err != nil {
			return k, fmt.Errorf("block %d: %w", f.Block.Height, err)
		}
		k.txs++
	}
	return k, nil
}

// takeBack drops the last n blocks and returns the height to go on from.
func (r *blockRun) takeBack(n int, from int64) int64 {
	n = min(n, len(r.kept))
	if n == 0 {
		return from
	}
	cut := r.kept[len(r.kept)-n:]
	r.b.Undo(cut[0].mark)
	for _, k := range cut {
		r.sum.Transactions -= k.txs
		r.sum.Partial -= k.partial
	}
	r.sum.To = cut[0].block.Height - 1
	height := cut[0].block.Height
	r.kept = slices.Delete(r.kept, len(r.kept)-n, len(r.kept))
	return height
}

// claimBlocks claims coverage, of runs of blocks of which the same is whole.
func claimBlocks(b *ledger.Builder, kept []keptBlock, name string) {
	for i := 0; i < len(kept); {
		k := i
		for k < len(kept) && kept[k].whole == kept[i].whole {
			k++
		}
		if kept[i].whole != 0 {
			b.Cover(fundtrail.Coverage{Chain: kept[i].block.Chain, FromBlock: kept[i].block.Height, ToBlock: kept[k-1].block.Height, What: kept[i].whole, Source: name})
		}
		i = k
	}
}
