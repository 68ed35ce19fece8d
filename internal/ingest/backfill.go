package ingest

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/fundtrail/fundtrail"
)

// A Grower is a keeper that takes a chain's older blocks too: they are gathered, oldest
// first, beside what it holds, and joined when there is no gap.
type Grower interface {
	Keeper
	// First is the oldest block that is held.
	First(fundtrail.Chain) (fundtrail.Block, bool)
	// Older is where older blocks are gathered, with what is there from before. It is
	// closed before Join.
	Older(fundtrail.Chain) (Piece, error)
	// Join puts what was gathered before the others. It wraps fundtrail.ErrReorganised where
	// that is not of the same chain; Forget then removes it.
	Join(fundtrail.Chain) error
	Forget(fundtrail.Chain) error
}

// A Piece is a chain's older blocks while they are gathered.
type Piece interface {
	Keeper
	io.Closer
	First(fundtrail.Chain) (fundtrail.Block, bool)
}

// Backfill grows a ledger downward, from the oldest block that it holds to opt.From, in
// pieces of as many blocks as it holds, so that each block is copied about twice in all. It
// goes on with a piece that was begun. Another Follow may write the same chain's newer blocks
// meanwhile. Of opt, To is not used. The sum is of blocks gathered; joined is told of the
// ledger's oldest block after each piece, and may be nil.
func Backfill(ctx context.Context, g Grower, opt FollowOptions, joined func(first int64)) (FollowSummary, error) {
	all := FollowSummary{To: -1, Whole: fundtrail.AllKinds}
	wrote := opt.Wrote
	parted := 0
	for {
		first, ok := g.First(opt.Chain)
		if !ok {
			return all, fmt.Errorf("older blocks of %s: the ledger has no newer ones yet: %w", opt.Chain, fundtrail.ErrNotFound)
		}
		if first.Height <= opt.From {
			return all, g.Forget(opt.Chain)
		}
		piece, err := g.Older(opt.Chain)
		if err != nil {
			return all, err
		}
		part := opt
		part.From = max(opt.From, first.Height-max(g.Tip(opt.Chain)-first.Height+1, 1))
		if begun, ok := piece.First(opt.Chain); ok {
			part.From = begun.Height
		}
		// The ledger's first block is read too: it shows that both are one chain.
		part.To = first.Height
		if wrote != nil {
			part.Wrote = func(s FollowSummary) { wrote(add(all, s)) }
		}
		sum, err := Follow(ctx, piece, part)
		all = add(all, sum)
		if err = errors.Join(err, piece.Close()); err != nil {
			return all, err
		}
		err = g.Join(opt.Chain)
		if errors.Is(err, fundtrail.ErrReorganised) && parted < maxStuck {
			parted++ // the chain changed where they meet; what was gathered is read again
			err = g.Forget(opt.Chain)
		} else if err == nil {
			parted = 0
			if first, ok := g.First(opt.Chain); ok && joined != nil {
				joined(first.Height)
			}
		}
		if err != nil {
			return all, err
		}
	}
}

// add sums up what two calls did.
func add(a, b FollowSummary) FollowSummary {
	if b.Blocks == 0 {
		return a
	}
	if a.Blocks == 0 || b.From < a.From {
		a.From = b.From
	}
	a.To = max(a.To, b.To)
	a.Blocks, a.Transactions, a.Partial = a.Blocks+b.Blocks, a.Transactions+b.Transactions, a.Partial+b.Partial
	a.Reorganised, a.TakenBack = a.Reorganised+b.Reorganised, a.TakenBack+b.TakenBack
	a.Whole &= b.Whole
	a.Last = b.Last
	return a
}
