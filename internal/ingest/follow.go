package ingest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/fetch"
	"github.com/fundtrail/fundtrail/internal/ledger"
)

// A Keeper keeps chains' blocks in order: a ledger on disk.
type Keeper interface {
	// Tip is the height of a chain's newest block, -1 when there is none.
	Tip(fundtrail.Chain) int64
	// Block is a block that is held; its Hash is zero where it was not told.
	Block(chain fundtrail.Chain, height int64) (fundtrail.Block, bool)
	// Replace takes back a chain's blocks above a height and adds others, at once: all of it
	// is done, durably, or nothing. Facts hold what is claimed of the blocks.
	Replace(chain fundtrail.Chain, above int64, facts *ledger.Memory, headers []fundtrail.Block) error
}

// FollowOptions say how a chain is brought into a ledger. All but Chain and Open have defaults.
type FollowOptions struct {
	Chain fundtrail.Chain
	// Open makes the source, and makes it anew after a failure: a node that comes back must
	// be asked again what it is. A source that is an io.Closer is closed.
	Open     func(context.Context) (Source, error)
	Name     string        // what claims of coverage call the source
	From     int64         // first block of a ledger that holds none of the chain
	Newest   int64         // if set, such a ledger begins with as many of the newest blocks instead, if From is below them
	To       int64         // last block; negative: up to the head
	Forever  bool          // go on at the head until the context ends
	Poll     time.Duration // how often the head is asked for then; default 2 s
	Batch    int           // blocks written at once, fewer at the head; default 128
	Rows     int           // transfers written at once, about; default 2^16
	MaxDepth int64         // of a reorganisation, in blocks of the ledger; default 1000
	// Now and Sleep are the clock's.
	Now   func() time.Time
	Sleep func(context.Context, time.Duration) error

	// Wrote is told of blocks that are on the disk, Head of the source's newest block,
	// Retrying of failures after which the source is asked again. Each may be nil.
	Wrote    func(FollowSummary)
	Head     func(height int64)
	Retrying func(err error, wait time.Duration)
}

func (o FollowOptions) withDefaults() FollowOptions {
	o.Poll, o.Batch, o.Rows = cmp.Or(o.Poll, 2*time.Second), cmp.Or(o.Batch, 128), cmp.Or(o.Rows, 1<<16)
	o.MaxDepth = cmp.Or(o.MaxDepth, deepest)
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Sleep == nil {
		o.Sleep = func(ctx context.Context, d time.Duration) error {
			select {
			case <-time.After(d):
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		}
	}
	return o
}

const (
	// deepest is how deep a reorganisation is followed by default. Ethereum's deepest since
	// the merge had 7 blocks, Polygon's had 157; a chain that parts deeper is another one.
	deepest = 1000
	// maxHeld is how long blocks wait to be written, at most.
	maxHeld = 10 * time.Second
	// maxPause is the longest wait for a source that fails.
	maxPause = time.Minute
)

// A FollowSummary says what Follow did.
type FollowSummary struct {
	From, To     int64           // blocks written; To is below From when there was none
	Blocks       int64           // written, those that were taken back again among them
	Transactions int             // of them, in the ledger
	Partial      int             // of them, not in the ledger: see SourceSummary
	Reorganised  int             // how often blocks of the ledger were replaced
	TakenBack    int64           // blocks that were
	Behind       int64           // by how many blocks the source's chain ends below the ledger's
	Whole        fundtrail.Kinds // in all of them
	Last         fundtrail.Block // the newest that was written
}

// Follow brings a source's blocks into a ledger, from where the ledger ends: whole blocks, in
// order, each on the one before. Where the source's chain is no longer the ledger's, the
// ledger goes back to the fork, and on from there, at once. It ends at the block To or at the
// head; with Forever it goes on there, through failures of the source that may mend. When the context ends,
// what has come is written, and the error is the context's.
func Follow(ctx context.Context, k Keeper, opt FollowOptions) (FollowSummary, error) {
	f := &follower{k: k, o: opt.withDefaults()}
	f.sum = FollowSummary{To: -1, Whole: fundtrail.AllKinds}
	tip := k.Tip(f.o.Chain)
	if tip >= 0 && f.o.From > tip+1 {
		return f.sum, fmt.Errorf("the ledger ends with block %d of %s: to begin at block %d would leave a gap; go on without it, or use another ledger: %w",
			tip, f.o.Chain, f.o.From, fundtrail.ErrConflict)
	}
	defer f.close()
	return f.sum, f.run(ctx)
}

// A follower is one call of Follow.
type follower struct {
	k      Keeper
	o      FollowOptions
	s      Source
	sum    FollowSummary
	fatal  bool  // the ledger, not the source, failed
	best   int64 // highest block that was written
	stuck  int   // reorganisations since
	fails  int   // of the source in a row
	batch  *ledger.Builder
	blocks []keptBlock // in it
	cut    int64       // that they stand on
	since  time.Time
	rows   int
}

// errParted says that a block does not stand on the one that the ledger has.
var errParted = fmt.Errorf("the source's chain has parted from the ledger's: %w", fundtrail.ErrReorganised)

func (f *follower) run(ctx context.Context) error {
	f.best = f.k.Tip(f.o.Chain)
	for {
		err := f.round(ctx)
		switch {
		case ctx.Err() != nil && !f.fatal:
			return ctx.Err()
		case err == nil:
			f.fails, f.stuck = 0, 0
			if tip := f.k.Tip(f.o.Chain); f.o.To >= 0 && tip >= f.o.To {
				return nil
			} else if !f.o.Forever && f.o.To >= 0 {
				return fmt.Errorf("block %d: the chain does not reach it yet, it ends with block %d: %w", f.o.To, tip-f.sum.Behind, fundtrail.ErrNotFound)
			} else if !f.o.Forever {
				return nil
			}
			if err := f.o.Sleep(ctx, f.o.Poll); err != nil {
				return err
			}
		case f.fatal:
			return err
		case errors.Is(err, fundtrail.ErrReorganised):
			// The chain changed while it was read. A source of which that is all there is to
			// say contradicts itself.
			if f.stuck++; f.stuck > maxStuck {
				return fmt.Errorf("after %d tries: %w", f.stuck, err)
			}
		case f.o.Forever && !fetch.Lasting(err) && (errors.Is(err, fundtrail.ErrUnavailable) || errors.Is(err, fundtrail.ErrNotFound)):
			f.close()
			wait := min(time.Second<<min(f.fails, 10), maxPause)
			f.fails++
			if f.o.Retrying != nil {
				f.o.Retrying(err, wait)
			}
			if err := f.o.Sleep(ctx, wait); err != nil {
				return err
			}
		default:
			return err
		}
	}
}

func (f *follower) close() {
	if c, ok := f.s.(io.Closer); ok {
		c.Close()
	}
	f.s = nil
}

// round reads once from the ledger's end, or from where the chains part, up to the head.
func (f *follower) round(ctx context.Context) (err error) {
	if f.s == nil {
		if f.s, err = f.o.Open(ctx); err != nil {
			f.s = nil
			return err
		}
	}
	tip := f.k.Tip(f.o.Chain)
	if f.o.To >= 0 && tip >= f.o.To {
		return nil
	}
	base := tip
	if tip < 0 {
		base = f.o.From - 1
		if f.o.Newest > 0 {
			head, err := f.s.Head(ctx)
			if err != nil {
				return err
			}
			if f.o.To >= 0 {
				head.Height = min(head.Height, f.o.To)
			}
			base = max(base, head.Height-f.o.Newest)
		}
	}
	for back := int64(1); ; back *= 2 {
		head, err := f.pass(ctx, base)
		if !errors.Is(err, errParted) {
			return err
		}
		if base < 0 {
			return fmt.Errorf("the source's first block of %s is not the ledger's: it has another chain: %w", f.o.Chain, fundtrail.ErrInvalid)
		}
		if base = f.below(max(min(base, head)-back, -1), base); tip-base > 2*f.o.MaxDepth {
			if err != errParted {
				return err // the source says so, and may find itself
			}
			return f.tooDeep(tip)
		}
	}
}

// below returns the height, or the block just below the first that the ledger holds above it:
// what was not asked for when the ledger began is not read now.
func (f *follower) below(height, parted int64) int64 {
	for height < parted-1 {
		if _, ok := f.k.Block(f.o.Chain, height); ok {
			break
		}
		if _, ok := f.k.Block(f.o.Chain, height+1); ok {
			break
		}
		height++
	}
	return height
}

func (f *follower) tooDeep(tip int64) error {
	return fmt.Errorf("the source's chain parts from the ledger's more than %d blocks below its end, block %d of %s: another network, or a ledger to be taken back by hand (ledger truncate): %w",
		f.o.MaxDepth, tip, f.o.Chain, fundtrail.ErrInvalid)
}

// pass reads what stands on a block of the ledger and writes what is new. Its error is
// errParted, with the height of the source's head or of what was read, when nothing does.
func (f *follower) pass(ctx context.Context, base int64) (at int64, err error) {
	head, err := f.s.Head(ctx)
	if err != nil {
		return 0, err
	}
	if head.Chain != f.o.Chain {
		return 0, fmt.Errorf("the source has blocks of %s, and those of %s were asked for: %w", head.Chain, f.o.Chain, fundtrail.ErrInvalid)
	}
	if f.o.Head != nil {
		f.o.Head(head.Height)
	}
	tip := f.k.Tip(f.o.Chain)
	f.sum.Behind = 0
	if head.Height <= base {
		if !f.holds(&head) {
			return head.Height, errParted
		}
		f.sum.Behind = max(tip-head.Height, 0)
		return head.Height, nil
	}
	f.begin(base)
	defer func() {
		// What came before an error stands.
		if !errors.Is(err, errParted) && !f.fatal {
			err = errors.Join(f.write(), err)
		}
		f.batch, f.blocks = nil, nil
	}()
	next, read := base+1, fundtrail.Block{Height: -1}
	for facts, err := range f.s.Blocks(ctx, next) {
		if err != nil && read.Height < 0 && base >= 0 && errors.Is(err, fundtrail.ErrReorganised) {
			return next, fmt.Errorf("%w: %w", errParted, err) // a source that remembers what it gave
		}
		if err != nil {
			return next, err
		}
		b := facts.Block
		switch last, known := f.k.Block(f.o.Chain, base); {
		case b.Height != next || b.Chain != f.o.Chain:
			return next, fmt.Errorf("%s gives block %d where block %d was asked for: %w", b.Chain, b.Height, next, fundtrail.ErrInvalid)
		case read.Height >= 0 && b.Parent != read.Hash:
			return next, fmt.Errorf("block %d does not stand on block %d as it was: %w", next, read.Height, fundtrail.ErrReorganised)
		case read.Height < 0 && known && last.Hash != (fundtrail.Hash{}) && b.Parent != last.Hash:
			return next, errParted
		}
		read = b
		if len(f.blocks) == 0 && f.cut == b.Height-1 && b.Height <= tip {
			if b.Height == 0 && !f.holds(&b) {
				return next, errParted
			}
			if held, ok := f.k.Block(f.o.Chain, b.Height); ok && held.Hash == b.Hash {
				f.cut, next = b.Height, next+1 // below the fork
				continue
			}
			if tip-f.cut > f.o.MaxDepth {
				f.fatal = true
				return next, f.tooDeep(tip)
			}
		}
		if err := f.add(&facts); err != nil {
			return next, err
		}
		if next == f.o.To {
			return next, nil
		}
		next++
		if len(f.blocks) >= f.o.Batch || f.rows >= f.o.Rows || f.o.Now().Sub(f.since) > maxHeld {
			if err := f.write(); err != nil {
				return next, err
			}
			tip = f.k.Tip(f.o.Chain)
		}
	}
	if read.Height < 0 {
		return next, fmt.Errorf("block %d: %w", next, fundtrail.ErrReorganised) // the head was above it
	}
	return next, nil
}

// holds reports whether the ledger's block of the height is that, as far as it knows.
func (f *follower) holds(b *fundtrail.Block) bool {
	held, ok := f.k.Block(f.o.Chain, b.Height)
	return !ok || held.Hash == fundtrail.Hash{} || held.Hash == b.Hash
}

// begin begins a batch on a block.
func (f *follower) begin(cut int64) {
	f.batch, f.blocks, f.cut, f.rows, f.since = ledger.NewBuilder(), nil, cut, 0, f.o.Now()
	f.batch.Keep()
}

// add adds a block to the batch.
func (f *follower) add(facts *fundtrail.BlockFacts) error {
	kept, err := addBlock(f.batch, facts)
	if err != nil {
		f.batch.Undo(kept.mark)
		return err
	}
	f.blocks = append(f.blocks, kept)
	for i := range facts.Transactions {
		f.rows += len(facts.Transactions[i].Transfers)
	}
	return nil
}

// write puts the batch into the ledger and begins another.
func (f *follower) write() error {
	if len(f.blocks) == 0 {
		return nil
	}
	headers := make([]fundtrail.Block, len(f.blocks))
	for i := range f.blocks {
		headers[i] = f.blocks[i].block
	}
	claimBlocks(f.batch, f.blocks, f.o.Name)
	facts, err := f.batch.Seal()
	tip := f.k.Tip(f.o.Chain)
	if err == nil {
		err = f.k.Replace(f.o.Chain, f.cut, facts, headers)
	}
	if err != nil {
		f.fatal = true
		return err
	}
	first, last := headers[0].Height, headers[len(headers)-1].Height
	s := &f.sum
	if s.Blocks == 0 || first < s.From {
		s.From = first
	}
	s.Last = headers[len(headers)-1]
	s.To, s.Blocks = last, s.Blocks+int64(len(headers))
	if tip > f.cut {
		s.Reorganised++
		s.TakenBack += tip - f.cut
	}
	for i := range f.blocks {
		k := &f.blocks[i]
		s.Transactions, s.Partial = s.Transactions+k.txs, s.Partial+k.partial
		s.Whole &= k.whole
	}
	if last > f.best {
		f.best, f.stuck = last, 0
	}
	f.fails = 0
	if f.o.Wrote != nil {
		f.o.Wrote(*s)
	}
	f.begin(last)
	return nil
}
