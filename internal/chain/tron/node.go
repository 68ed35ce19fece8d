package tron

import (
	"cmp"
	"context"
	"fmt"
	"iter"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/chain/node"
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
		c: client{prefix: "wallet", chainID: cmp.Or(o.ChainID, MainNet)}}
	if o.Confirmed {
		n.c.prefix = "walletsolidity"
	}
	o.Fetch.Rate = cmp.Or(o.Fetch.Rate, 400)
	n.c.pool = node.NewPool(o.Endpoints, o.Fetch, o.Rounds, n.c.checkChain)
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
			return node.ErrAbsent
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
	return n.c.pool.Blocks(ctx, from, n.window, n.Head, n.read)
}

func (n *Node) read(ctx context.Context, from, to int64) ([]fundtrail.BlockFacts, error) {
	blocks, err := n.blocks(ctx, from, to)
	if err == nil {
		err = n.fill(ctx, blocks)
	}
	if err != nil {
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
			return fmt.Errorf("%d blocks where %d were asked for: %w", len(r.Block), len(blocks), node.ErrAbsent)
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
					return node.ErrAbsent
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
			return nil, fmt.Errorf("block %d: %w", b.Height, node.ErrGone)
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
