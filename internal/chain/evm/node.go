package evm

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/chain/node"
	"github.com/fundtrail/fundtrail/internal/fetch"
)

// Options say which node to ask, and how. All but Chain and Endpoints have defaults.
type Options struct {
	Decoder
	Endpoints []Endpoint // of one chain; the first that answers is asked
	// Require are kinds of transfer that must be whole: a block of which they cannot be had
	// is an error. By default it is given without them, and says so.
	Require fundtrail.Kinds

	Window int // blocks asked for together, and as many again while they are used; default 16
	Batch  int // calls in one request; default 8, because nodes answer them one after another
	Rounds int // how often all endpoints are asked again; default 6, negative for never
	// Fetch are the limits of requests. Its Retries are not used: other endpoints are asked
	// first. Other defaults here: 50 requests a second to one host, 4 at once, 3 min for an
	// answer to begin (a node traces a block before it says a word).
	Fetch fetch.Options
}

// A Node is a chain's blocks as one or several endpoints give them.
type Node struct {
	Decoder
	c        client
	require  fundtrail.Kinds
	window   int64
	receipts string  // eth_getBlockReceipts, or one by one
	tracer   *tracer // nil: the node tells no internal transfers
}

// The methods by which receipts are had.
const (
	allReceipts = "eth_getBlockReceipts"
	oneReceipt  = "eth_getTransactionReceipt"
)

// Open asks the endpoints which chain they have and what they can tell of it.
func Open(ctx context.Context, o Options) (*Node, error) {
	info, ok := o.Chain.Info()
	switch {
	case !ok || info.EVMID == 0:
		return nil, fmt.Errorf("chain %q is not an EVM chain known here: %w", o.Chain, fundtrail.ErrInvalid)
	case len(o.Endpoints) == 0:
		return nil, fmt.Errorf("no endpoint of a node of %s is given: %w", info.Name, fundtrail.ErrInvalid)
	}
	n := &Node{Decoder: o.Decoder, require: o.Require, window: int64(max(cmp.Or(o.Window, 16), 1)),
		c: client{batch: max(cmp.Or(o.Batch, 8), 1), chain: o.Chain, chainID: o.id()}}
	o.Fetch.Rate, o.Fetch.Header = cmp.Or(o.Fetch.Rate, 50), cmp.Or(o.Fetch.Header, 3*time.Minute)
	n.c.pool = node.NewPool(o.Endpoints, o.Fetch, o.Rounds, n.c.checkChain)
	head, err := n.Head(ctx)
	if err != nil {
		return nil, fmt.Errorf("a node of %s: %w", info.Name, err)
	}
	if err := n.probe(ctx, &head); err != nil {
		return nil, fmt.Errorf("a node of %s: %w", info.Name, err)
	}
	return n, nil
}

// probe finds out how receipts and internal transfers are had, by the newest block.
func (n *Node) probe(ctx context.Context, head *fundtrail.Block) error {
	receipts := &call{method: allReceipts, optional: true, params: []any{fmt.Sprintf("0x%x", head.Hash)}}
	if err := n.c.ask(ctx, receipts); err != nil {
		return err
	}
	if n.receipts = allReceipts; receipts.err != nil {
		n.receipts = oneReceipt
	}
	for _, t := range tracers {
		q := &call{method: t.method, optional: true, params: t.params(head)}
		err := n.c.ask(ctx, q)
		if ctx.Err() != nil {
			return err
		}
		// A node that knows the method and fails at it now may do better later.
		if !errors.Is(q.err, node.ErrMethod) {
			n.tracer = t
			return nil
		}
	}
	return nil
}

// Internal is the method by which internal transfers are had, "" where the node has none.
func (n *Node) Internal() string {
	if n.tracer == nil {
		return ""
	}
	return n.tracer.method
}

// Head is the newest block.
func (n *Node) Head(ctx context.Context) (fundtrail.Block, error) { return n.header(ctx, "latest") }

// Header is the block of a height. Its error wraps [fundtrail.ErrNotFound] where the chain
// does not reach it.
func (n *Node) Header(ctx context.Context, height int64) (fundtrail.Block, error) {
	b, err := n.header(ctx, quoted(height))
	if err == nil && b.Height != height {
		err = broken("block %d where block %d was asked for", b.Height, height)
	}
	return b, err
}

func (n *Node) header(ctx context.Context, which string) (fundtrail.Block, error) {
	q := &call{method: "eth_getBlockByNumber", params: []any{which, false}}
	if err := n.c.ask(ctx, q); err != nil {
		return fundtrail.Block{}, err
	}
	if q.err != nil {
		return fundtrail.Block{}, q.err
	}
	if string(q.result) == null {
		return fundtrail.Block{}, fmt.Errorf("block %s: the node does not have it: %w", which, fundtrail.ErrNotFound)
	}
	var h rpcHeader
	if err := parse(q.result, &h); err != nil {
		return fundtrail.Block{}, err
	}
	b, err := h.block(n.Chain)
	if err != nil {
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
	var headers []*call
	for h := from; h <= to; h++ {
		headers = append(headers, &call{method: "eth_getBlockByNumber", params: []any{quoted(h), true}, must: true})
	}
	if err := n.c.ask(ctx, headers...); err != nil {
		return nil, fmt.Errorf("blocks %d to %d: %w", from, to, err)
	}
	blocks := make([]*block, len(headers))
	for i, q := range headers {
		if q.err != nil {
			return nil, fmt.Errorf("block %d: %w", from+int64(i), q.err)
		}
		b, h, err := readBlock(q.result, n.Chain, from+int64(i))
		if err != nil {
			return nil, err
		}
		if i > 0 && blocks[i-1].Hash != b.Parent {
			return nil, fmt.Errorf("block %d: %w", b.Height, node.ErrGone)
		}
		if err := n.uncles(ctx, b, len(h.Uncles)); err != nil {
			return nil, fmt.Errorf("block %d: %w", b.Height, err)
		}
		q.result, blocks[i] = nil, b
	}
	if err := n.fill(ctx, blocks); err != nil {
		return nil, err
	}
	facts := make([]fundtrail.BlockFacts, len(blocks))
	for i, b := range blocks {
		f, err := n.facts(b)
		if err != nil {
			return nil, fmt.Errorf("block %d: %w", b.Height, err)
		}
		if missing := n.require &^ f.Whole; missing != 0 {
			return nil, fmt.Errorf("block %d: not all transfers of these kinds can be had: %s: %w", b.Height, missing, fundtrail.ErrUnavailable)
		}
		facts[i] = f
	}
	return facts, nil
}

// uncles asks for a mined block's uncles, whose miners are paid.
func (n *Node) uncles(ctx context.Context, b *block, count int) error {
	if n.Chain != fundtrail.Ethereum || !b.mined || count == 0 {
		return nil
	}
	if count > 2 {
		return broken("%d uncles", count)
	}
	var calls []*call
	for i := range count {
		calls = append(calls, &call{method: "eth_getUncleByBlockHashAndIndex", params: []any{fmt.Sprintf("0x%x", b.Hash), quoted(int64(i))}, must: true})
	}
	if err := n.c.ask(ctx, calls...); err != nil {
		return err
	}
	for _, q := range calls {
		if q.err != nil {
			return q.err
		}
		var h rpcHeader
		if err := parse(q.result, &h); err != nil {
			return err
		}
		u, err := h.block(n.Chain)
		if err != nil {
			return err
		}
		b.uncles = append(b.uncles, uncle{u.miner, u.Height})
	}
	return b.checkUncles()
}

// fill adds receipts and internal transfers to blocks.
func (n *Node) fill(ctx context.Context, blocks []*block) error {
	var calls []*call
	receipts := make([][]*call, len(blocks))
	traces, again := make([]*call, len(blocks)), make([]*call, len(blocks))
	for i, b := range blocks {
		if len(b.txs) == 0 {
			b.traced = true
			continue
		}
		id := fmt.Sprintf("0x%x", b.Hash)
		if n.receipts == allReceipts {
			receipts[i] = []*call{{method: allReceipts, optional: true, params: []any{id}}}
		} else {
			for k := range b.txs {
				receipts[i] = append(receipts[i], &call{method: oneReceipt, params: []any{fmt.Sprintf("0x%x", b.txs[k].hash)}})
			}
		}
		calls = append(calls, receipts[i]...)
		if n.tracer != nil && b.Height > 0 {
			traces[i] = &call{method: n.tracer.method, optional: true, params: n.tracer.params(&b.Block)}
			calls = append(calls, traces[i])
			if !n.tracer.byHash {
				// Asked for by number, it may be of a block that has just taken this one's place.
				again[i] = &call{method: "eth_getBlockByNumber", params: []any{quoted(b.Height), false}}
				calls = append(calls, again[i])
			}
		}
	}
	if err := n.c.ask(ctx, calls...); err != nil {
		return fmt.Errorf("blocks %d to %d: %w", blocks[0].Height, blocks[len(blocks)-1].Height, err)
	}
	for i, b := range blocks {
		if err := n.take(b, receipts[i], traces[i], again[i]); err != nil {
			return err
		}
	}
	return nil
}

// take reads the answers about one block.
func (n *Node) take(b *block, receipts []*call, trace, again *call) error {
	var list []rpcReceipt
	for _, q := range receipts {
		switch {
		case q.err != nil:
			return fmt.Errorf("block %d: %w", b.Height, q.err)
		case string(q.result) == null:
			return fmt.Errorf("block %d: %w", b.Height, node.ErrGone)
		}
		if q.method == allReceipts {
			if err := parse(q.result, &list); err != nil {
				return fmt.Errorf("block %d: its receipts: %w", b.Height, err)
			}
			continue
		}
		var one rpcReceipt
		if err := parse(q.result, &one); err != nil {
			return fmt.Errorf("block %d: a receipt: %w", b.Height, err)
		}
		if one.BlockHash != nil && fundtrail.Hash(*one.BlockHash) != b.Hash {
			return fmt.Errorf("block %d: %w", b.Height, node.ErrGone)
		}
		list = append(list, one)
	}
	if len(b.txs) > 0 {
		if err := b.readReceipts(list); err != nil {
			return err
		}
	}
	if again != nil {
		var h rpcHeader
		if err := parse(again.result, &h); err != nil {
			return fmt.Errorf("block %d: %w", b.Height, err)
		}
		if h.Hash == nil || fundtrail.Hash(*h.Hash) != b.Hash {
			return fmt.Errorf("block %d: %w", b.Height, node.ErrGone)
		}
	}
	switch {
	case trace == nil:
		return nil
	case errors.Is(trace.err, errState), errors.Is(trace.err, node.ErrMethod):
		return nil // its internal transfers are not whole, and the facts say so
	case trace.err != nil:
		return fmt.Errorf("block %d: %w", b.Height, trace.err)
	case string(trace.result) == null:
		return fmt.Errorf("block %d: %w", b.Height, node.ErrGone)
	}
	return n.tracer.read(b, trace.result)
}
