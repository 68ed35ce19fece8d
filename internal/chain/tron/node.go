package tron

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/fetch"
)

// Options say which node to ask, and how. All but Endpoints have defaults.
type Options struct {
	Decoder
	Endpoints []Endpoint // of one chain; the first that answers is asked
	ChainID   uint32     // of the chain they must have; default the main network's
	// Confirmed asks for what cannot be taken back any more (/walletsolidity), about a minute
	// behind the head.
	Confirmed bool
	// Require are kinds of transfer that must be whole: a block of which they cannot be had
	// is an error. By default it is given without them, and says so.
	Require fundtrail.Kinds

	Window int // blocks asked for together, and as many again while they are used; default 16, at most 100
	Rounds int // how often all endpoints are asked again; default 6, negative for never
	// Fetch are the limits of requests. Its Retries are not used: other endpoints are asked
	// first. Other defaults here: 400 requests a second to one host, 4 at once, because a block
	// takes one of its own.
	Fetch fetch.Options
}

// A Node is the chain's blocks as one or several endpoints give them.
type Node struct {
	Decoder
	c       client
	require fundtrail.Kinds
	window  int64
}

// Open asks the endpoints which chain they have.
func Open(ctx context.Context, o Options) (*Node, error) {
	if len(o.Endpoints) == 0 {
		return nil, fmt.Errorf("no endpoint of a node of Tron is given: %w", fundtrail.ErrInvalid)
	}
	n := &Node{Decoder: o.Decoder, require: o.Require, window: int64(min(max(cmp.Or(o.Window, 16), 1), 100)),
		c: client{o: defaulted(o.Fetch), rounds: max(cmp.Or(o.Rounds, 6), 0), prefix: "wallet", chainID: cmp.Or(o.ChainID, MainNet)}}
	if o.Confirmed {
		n.c.prefix = "walletsolidity"
	}
	for _, e := range o.Endpoints {
		n.c.all = append(n.c.all, &endpoint{Endpoint: e, name: host(e.URL)})
	}
	n.c.http = &fetch.Client{Options: n.c.o}
	if _, err := n.Head(ctx); err != nil {
		return nil, fmt.Errorf("a node of Tron: %w", err)
	}
	return n, nil
}

// Head is the newest block.
func (n *Node) Head(ctx context.Context) (fundtrail.Block, error) {
	return n.header(ctx, &call{method: "getnowblock", args: noArgs{}}, -1)
}

// Header is the block of a height. Its error wraps [fundtrail.ErrNotFound] where the chain
// does not reach it.
func (n *Node) Header(ctx context.Context, height int64) (fundtrail.Block, error) {
	return n.header(ctx, &call{method: "getblockbynum", args: numArgs{height}}, height)
}

func (n *Node) header(ctx context.Context, q *call, height int64) (fundtrail.Block, error) {
	var b *block
	q.read = func(body []byte) error {
		var r rpcBlock
		if err := parse(body, &r); err != nil {
			return err
		}
		if r.Header == nil && r.BlockID == "" {
			return errAbsent
		}
		var err error
		if b, err = r.header(); err == nil && height >= 0 && b.Height != height {
			err = broken("block %d where block %d was asked for", b.Height, height)
		}
		return err
	}
	if err := n.c.ask(ctx, q); err != nil {
		return fundtrail.Block{}, err
	}
	return b.Block, nil
}

// Blocks gives the blocks from a height up to the head as it stands when asked, each on the
// one before. It ends with an error when one cannot be had; those before it stand. An error
// that wraps [fundtrail.ErrReorganised] says that the chain is no longer the one that was
// given: the caller goes back to where they part and asks again.
func (n *Node) Blocks(ctx context.Context, from int64) iter.Seq2[fundtrail.BlockFacts, error] {
	return func(yield func(fundtrail.BlockFacts, error) bool) {
		if from < 0 {
			yield(fundtrail.BlockFacts{}, fmt.Errorf("block %d: heights begin at 0: %w", from, fundtrail.ErrInvalid))
			return
		}
		head, err := n.Head(ctx)
		if err != nil {
			yield(fundtrail.BlockFacts{}, err)
			return
		}
		inside, cancel := context.WithCancel(ctx)
		defer cancel()
		var last fundtrail.Block
		for w := range n.ahead(inside, from, head.Height) {
			if w.err != nil {
				yield(fundtrail.BlockFacts{}, w.err)
				return
			}
			for _, b := range w.blocks {
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

// A window is a run of blocks that were asked for together.
type window struct {
	blocks []fundtrail.BlockFacts
	err    error
}

// ahead gives windows in order, and asks for the next one while one is used.
func (n *Node) ahead(ctx context.Context, from, to int64) <-chan window {
	out := make(chan window)
	go func() {
		defer close(out)
		for ; from <= to; from += n.window {
			w := window{}
			w.blocks, w.err = n.settled(ctx, from, min(from+n.window-1, to))
			select {
			case out <- w:
			case <-ctx.Done():
				return
			}
			if w.err != nil {
				return
			}
		}
	}()
	return out
}

// errGone says that a block was replaced while it was asked for.
var errGone = fmt.Errorf("the block was replaced while it was read: %w", fundtrail.ErrReorganised)

// settled asks for a run of blocks, again where the chain changes meanwhile.
func (n *Node) settled(ctx context.Context, from, to int64) (facts []fundtrail.BlockFacts, err error) {
	for try := 0; ; try++ {
		facts, err = n.read(ctx, from, to)
		if !errors.Is(err, fundtrail.ErrReorganised) || try == 3 {
			return facts, err
		}
		if err := n.c.o.Sleep(ctx, n.c.pause(try)); err != nil {
			return nil, err
		}
	}
}

func (n *Node) read(ctx context.Context, from, to int64) ([]fundtrail.BlockFacts, error) {
	blocks, err := n.blocks(ctx, from, to)
	if err == nil {
		err = n.fill(ctx, blocks)
	}
	if err != nil {
		if errors.Is(err, errAbsent) {
			err = fmt.Errorf("%w: %w", err, fundtrail.ErrReorganised) // the head was beyond them
		}
		return nil, fmt.Errorf("blocks %d to %d: %w", from, to, err)
	}
	facts := make([]fundtrail.BlockFacts, len(blocks))
	for i, b := range blocks {
		if missing := n.require &^ b.facts.Whole; missing != 0 {
			return nil, fmt.Errorf("block %d: not all transfers of these kinds can be had: %s: %w", b.Height, missing, fundtrail.ErrUnavailable)
		}
		facts[i] = b.facts
	}
	return facts, nil
}

// blocks asks for a run of blocks, in one request where the endpoint knows how.
func (n *Node) blocks(ctx context.Context, from, to int64) ([]*block, error) {
	blocks := make([]*block, to-from+1)
	run := &call{method: "getblockbylimitnext", args: rangeArgs{from, to + 1}, optional: true}
	run.read = func(body []byte) error {
		var r struct{ Block []rpcBlock }
		if err := parse(body, &r); err != nil {
			return err
		}
		if len(r.Block) != len(blocks) {
			return fmt.Errorf("%d blocks where %d were asked for: %w", len(r.Block), len(blocks), errAbsent)
		}
		for i := range r.Block {
			b, err := readBlock(&r.Block[i])
			if err != nil {
				return err
			}
			if b.Height < from || b.Height > to || i > 0 && b.Height != blocks[0].Height+int64(i) {
				return broken("block %d where blocks %d to %d were asked for, in order", b.Height, from, to)
			}
			blocks[i] = b
		}
		return nil
	}
	if err := n.c.ask(ctx, run); err != nil {
		return nil, err
	}
	if run.err != nil {
		var calls []*call
		for i := range blocks {
			calls = append(calls, &call{method: "getblockbynum", args: numArgs{from + int64(i)}, read: func(body []byte) error {
				var r rpcBlock
				if err := parse(body, &r); err != nil {
					return err
				}
				if r.Header == nil && r.BlockID == "" {
					return errAbsent
				}
				b, err := readBlock(&r)
				if err == nil && b.Height != from+int64(i) {
					err = broken("block %d where block %d was asked for", b.Height, from+int64(i))
				}
				blocks[i] = b
				return err
			}})
		}
		if err := n.c.ask(ctx, calls...); err != nil {
			return nil, err
		}
	}
	for i, b := range blocks[1:] {
		if blocks[i].Hash != b.Parent {
			return nil, fmt.Errorf("block %d: %w", b.Height, errGone)
		}
	}
	return blocks, nil
}

// fill adds what became of the blocks' transactions, and makes the facts: an endpoint whose
// answers contradict each other is another one's turn.
func (n *Node) fill(ctx context.Context, blocks []*block) error {
	var calls []*call
	for _, b := range blocks {
		if len(b.txs) == 0 {
			if err := n.facts(b); err != nil {
				return err
			}
			continue
		}
		calls = append(calls, &call{method: "gettransactioninfobyblocknum", args: numArgs{b.Height}, read: func(body []byte) error {
			infos, err := parseInfos(body)
			if err != nil {
				return err
			}
			if err := b.readInfos(infos); err != nil {
				return err
			}
			return n.facts(b)
		}})
	}
	return n.c.ask(ctx, calls...)
}
