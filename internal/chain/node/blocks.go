package node

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/fundtrail/fundtrail"
)

// ErrGone says that a block was replaced while it was asked for.
var ErrGone = fmt.Errorf("the block was replaced while it was read: %w", fundtrail.ErrReorganised)

// A Reader asks for a run of blocks. Where its error wraps [fundtrail.ErrReorganised] or
// [ErrAbsent], the chain has changed meanwhile, and it is asked again.
type Reader func(ctx context.Context, from, to int64) ([]fundtrail.BlockFacts, error)

// Blocks gives the blocks from a height up to the head as it stands when asked, each on the
// one before, and reads a window of them while the one before is used. It ends with an error
// when one cannot be had; those before it stand. An error that wraps
// [fundtrail.ErrReorganised] says that the chain is no longer the one that was given.
func (p *Pool) Blocks(ctx context.Context, from, window int64, head func(context.Context) (fundtrail.Block, error), read Reader) iter.Seq2[fundtrail.BlockFacts, error] {
	return func(yield func(fundtrail.BlockFacts, error) bool) {
		if from < 0 {
			yield(fundtrail.BlockFacts{}, fmt.Errorf("block %d: heights begin at 0: %w", from, fundtrail.ErrInvalid))
			return
		}
		head, err := head(ctx)
		if err != nil {
			yield(fundtrail.BlockFacts{}, err)
			return
		}
		inside, cancel := context.WithCancel(ctx)
		defer cancel()
		var last fundtrail.Block
		for r := range p.ahead(inside, from, head.Height, window, read) {
			if r.err != nil {
				yield(fundtrail.BlockFacts{}, r.err)
				return
			}
			for _, b := range r.blocks {
				if last.Height+1 == b.Block.Height && !last.Time.IsZero() && last.Hash != b.Block.Parent {
					yield(fundtrail.BlockFacts{}, fmt.Errorf("block %d: it stands on block %x, and block %x was given: %w", b.Block.Height, b.Block.Parent, last.Hash, fundtrail.ErrReorganised))
					return
				}
				if last = b.Block; !yield(b, nil) {
					return
				}
			}
		}
		if err := ctx.Err(); err != nil && last.Height < head.Height {
			yield(fundtrail.BlockFacts{}, err)
		}
	}
}

// A run is a window's blocks, which were asked for together.
type run struct {
	blocks []fundtrail.BlockFacts
	err    error
}

// ahead gives windows in order, and asks for the next one while one is used.
func (p *Pool) ahead(ctx context.Context, from, to, window int64, read Reader) <-chan run {
	out := make(chan run)
	go func() {
		defer close(out)
		for ; from <= to; from += window {
			r := run{}
			r.blocks, r.err = p.settled(ctx, from, min(from+window-1, to), read)
			select {
			case out <- r:
			case <-ctx.Done():
				return
			}
			if r.err != nil {
				return
			}
		}
	}()
	return out
}

// settled asks for a run of blocks, again where the chain changes meanwhile.
func (p *Pool) settled(ctx context.Context, from, to int64, read Reader) ([]fundtrail.BlockFacts, error) {
	for try := 0; ; try++ {
		facts, err := read(ctx, from, to)
		if errors.Is(err, ErrAbsent) {
			err = fmt.Errorf("%w: %w", err, fundtrail.ErrReorganised) // the head was beyond them
		}
		if !errors.Is(err, fundtrail.ErrReorganised) || try == 3 {
			return facts, err
		}
		if err := p.pause(ctx, try); err != nil {
			return nil, err
		}
	}
}
