package bitcoin

import (
	"cmp"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/fetch"
)

// NodeOptions say which node to ask, and how. All but the endpoint have defaults.
type NodeOptions struct {
	Endpoint
	Memory  int64  // bytes of coins to hold in memory; default 1 GiB
	Dir     string // for what does not fit; default the system's folder for such
	Window  int    // blocks asked for together; default 16
	Batch   int    // calls in one request; default 16
	Keep    int    // blocks that can be taken back without reading again; default 144
	Retries int    // of a request that was not answered; default 4, negative for none
	// Fetch are the limits of requests, with other defaults: 200 requests a second.
	Fetch fetch.Options
}

// A Node gives the blocks of a chain over JSON-RPC: Bitcoin Core's and btcd's and their
// like. It is for one reader at a time.
//
// Blocks are asked for raw (getblock, verbosity 0) and checked. What inputs spend is known
// when reading began at block 0 and went on without a gap; else the node is asked: by
// getblock with verbosity 3 (Bitcoin Core 23 and later), or for each transaction that is
// spent from by getrawtransaction, for which the node needs an index (txindex).
type Node struct {
	p      *Params
	c      client
	r      *resolver
	given  []fundtrail.Block // the last blocks given, as many as can be undone, and one
	no3    bool              // the node knows no verbosity 3
	parsed blockShape
}

// OpenNode asks a node whether it has the chain. Close must be called.
func OpenNode(ctx context.Context, p *Params, o NodeOptions) (*Node, error) {
	o.Window, o.Batch, o.Keep = max(cmp.Or(o.Window, 16), 1), max(cmp.Or(o.Batch, 16), 1), max(cmp.Or(o.Keep, 144), 1)
	o.Retries = max(cmp.Or(o.Retries, 4), 0)
	f := &o.Fetch
	f.Rate, f.Burst, f.PerHost, f.Retries = cmp.Or(f.Rate, 200), cmp.Or(f.Burst, 200), cmp.Or(f.PerHost, 4), -1
	f.BackOff, f.MaxWait = cmp.Or(f.BackOff, time.Second), cmp.Or(f.MaxWait, time.Minute)
	if f.Sleep == nil {
		f.Sleep = fetch.Sleep
	}
	n := &Node{p: p, c: client{&fetch.Client{Options: *f}, o}}
	n.reset(false)
	first := &call{method: "getblockhash", params: []any{0}}
	if err := n.c.ask(ctx, first); err != nil {
		return nil, fmt.Errorf("a node of %s: %w", p.Chain, err)
	}
	var text string
	if err := first.into(&text); err != nil {
		return nil, fmt.Errorf("a node of %s: %w", p.Chain, err)
	}
	if h, err := fundtrail.ParseHash(text); err != nil || h != p.Genesis {
		return nil, fmt.Errorf("%s: its first block is %.64q, that of %s is %x: it has another chain: %w", n.c.name(), text, p.Chain, p.Genesis, fundtrail.ErrInvalid)
	}
	return n, nil
}

// reset forgets all coins.
func (n *Node) reset(all bool) error {
	var err error
	if n.r != nil {
		err = n.r.coins.close()
	}
	count := Gaps{}
	if n.r != nil {
		count = n.r.count
	}
	n.r = &resolver{p: n.p, coins: newCoinSet(n.c.o.Memory, n.c.o.Dir), all: all, keep: n.c.o.Keep, count: count}
	n.given = nil
	return err
}

// Close lets go of the coins and of connections.
func (n *Node) Close() error {
	n.c.http.CloseIdle()
	return n.r.coins.close()
}

// Gaps count what the blocks given so far could not tell, those that were taken back among them.
func (n *Node) Gaps() Gaps { return n.r.count }

// Head is the newest block.
func (n *Node) Head(ctx context.Context) (fundtrail.Block, error) {
	best := &call{method: "getbestblockhash"}
	if err := n.c.ask(ctx, best); err != nil {
		return fundtrail.Block{}, err
	}
	var text string
	if err := best.into(&text); err != nil {
		return fundtrail.Block{}, err
	}
	q := &call{method: "getblockheader", params: []any{text, true}}
	if err := n.c.ask(ctx, q); err != nil {
		return fundtrail.Block{}, err
	}
	var h struct {
		Height int64
		Time   int64
		Parent string `json:"previousblockhash"`
	}
	if err := q.into(&h); err != nil {
		return fundtrail.Block{}, err
	}
	b := fundtrail.Block{Chain: n.p.Chain, Height: h.Height, Time: time.Unix(h.Time, 0).UTC()}
	var err, perr error
	b.Hash, err = fundtrail.ParseHash(text)
	if h.Parent != "" {
		b.Parent, perr = fundtrail.ParseHash(h.Parent)
	}
	if err := errors.Join(err, perr); err != nil {
		return fundtrail.Block{}, fmt.Errorf("getblockheader: %w", err)
	}
	return b, nil
}

// Blocks gives the blocks from a height up to the head as it stands when asked, each on the
// one before. An error that wraps [fundtrail.ErrReorganised] says that the chain is no longer
// the one that was given: the caller goes back and asks again from there. Asked to go
// on, or to go back by no more than Keep blocks, the node's coins are still known here.
func (n *Node) Blocks(ctx context.Context, from int64) iter.Seq2[fundtrail.BlockFacts, error] {
	return func(yield func(fundtrail.BlockFacts, error) bool) {
		if err := n.blocks(ctx, from, func(f fundtrail.BlockFacts) bool { return yield(f, nil) }); err != nil {
			yield(fundtrail.BlockFacts{}, err)
		}
	}
}

func (n *Node) blocks(ctx context.Context, from int64, give func(fundtrail.BlockFacts) bool) error {
	if from < 0 {
		return fmt.Errorf("block %d: heights begin at 0: %w", from, fundtrail.ErrInvalid)
	}
	if err := n.goBack(from); err != nil {
		return err
	}
	head, err := n.Head(ctx)
	if err != nil {
		return err
	}
	for height := from; height <= head.Height; {
		raw, hashes, err := n.window(ctx, height, min(height+int64(n.c.o.Window)-1, head.Height))
		if err != nil {
			return err
		}
		for i, b := range raw {
			facts, err := n.facts(ctx, b, hashes[i], height)
			if err != nil {
				return err
			}
			if !give(facts) {
				return nil
			}
			height++
		}
	}
	return nil
}

// goBack undoes what was given of a height and above.
func (n *Node) goBack(from int64) error {
	for len(n.given) > 0 && n.given[len(n.given)-1].Height >= from {
		ok, err := n.r.back()
		if err != nil {
			return err
		}
		if !ok {
			return n.reset(from == 0)
		}
		n.given = n.given[:len(n.given)-1]
	}
	if len(n.given) == 0 || n.given[len(n.given)-1].Height != from-1 {
		return n.reset(from == 0)
	}
	return nil
}

// window asks for the raw blocks of some heights.
func (n *Node) window(ctx context.Context, from, to int64) (raw [][]byte, hashes []fundtrail.Hash, err error) {
	var names, blocks []*call
	for h := from; h <= to; h++ {
		names = append(names, &call{method: "getblockhash", params: []any{h}})
	}
	if err := n.c.ask(ctx, names...); err != nil {
		return nil, nil, err
	}
	for i, q := range names {
		var text string
		if q.err != nil {
			return nil, nil, n.gone(from+int64(i), q)
		}
		if err := q.into(&text); err != nil {
			return nil, nil, err
		}
		h, err := fundtrail.ParseHash(text)
		if err != nil {
			return nil, nil, fmt.Errorf("getblockhash: %w", err)
		}
		hashes = append(hashes, h)
		blocks = append(blocks, &call{method: "getblock", params: []any{text, 0}})
	}
	if err := n.c.ask(ctx, blocks...); err != nil {
		return nil, nil, err
	}
	for i, q := range blocks {
		if q.err != nil {
			return nil, nil, n.gone(from+int64(i), q)
		}
		b, err := q.bytes()
		if err != nil {
			return nil, nil, err
		}
		raw = append(raw, b)
	}
	return raw, hashes, nil
}

// gone explains why a block is not to be had that was below the head a moment ago.
func (n *Node) gone(height int64, q *call) error {
	switch q.err.Code {
	case rpcNotFound, rpcOutOfRange:
		return fmt.Errorf("block %d: %s: %w: %w", height, q.method, q.err, fundtrail.ErrReorganised)
	}
	return fmt.Errorf("block %d: %s: %w", height, q.method, q.err)
}

// bytes reads an answer of hexadecimal digits.
func (q *call) bytes() ([]byte, error) {
	if q.err != nil {
		return nil, fmt.Errorf("%s: %w", q.method, q.err)
	}
	text := q.result
	if len(text) < 2 || text[0] != '"' || text[len(text)-1] != '"' {
		return nil, fmt.Errorf("%s: the node's answer is no text of hexadecimal digits: %w", q.method, fundtrail.ErrInvalid)
	}
	text = text[1 : len(text)-1]
	b := make([]byte, len(text)/2)
	if _, err := hex.Decode(b, text); err != nil {
		return nil, fmt.Errorf("%s: %v: %w", q.method, err, fundtrail.ErrInvalid)
	}
	return b, nil
}

// facts makes facts of a raw block, which must be the one that was asked for and stand on
// the last one given.
func (n *Node) facts(ctx context.Context, raw []byte, want fundtrail.Hash, height int64) (f fundtrail.BlockFacts, err error) {
	k := &n.parsed
	if err := k.parse(n.p, raw); err != nil {
		return f, fmt.Errorf("block %d: %w", height, err)
	}
	if got := shown(k.hash); got != want {
		return f, fmt.Errorf("block %d: the node gives block %x in place of %x: %w", height, got, want, fundtrail.ErrInvalid)
	}
	if i := len(n.given) - 1; i >= 0 && n.given[i].Hash != shown(k.parent) {
		return f, fmt.Errorf("block %d: it stands on block %x, and block %x was given: %w", height, shown(k.parent), n.given[i].Hash, fundtrail.ErrReorganised)
	}
	n.r.ask = func(k *blockShape, missing []int, spent []coin, known []bool) error {
		return n.prevouts(ctx, k, missing, spent, known)
	}
	if f, err = n.r.facts(k, height); err != nil {
		// The coins are half of this block's: the next call begins anew.
		return f, errors.Join(err, n.reset(false))
	}
	if len(n.given) > n.c.o.Keep {
		n.given = append(n.given[:0], n.given[1:]...)
	}
	n.given = append(n.given, f.Block)
	return f, nil
}

// prevouts asks what inputs spend that is not known here.
func (n *Node) prevouts(ctx context.Context, k *blockShape, missing []int, spent []coin, known []bool) error {
	if !n.no3 {
		ok, err := n.byBlock(ctx, k, missing, spent, known)
		if err != nil {
			return err
		}
		n.no3 = !ok
	}
	byTx := map[fundtrail.Hash]*call{}
	var calls []*call
	for _, i := range missing {
		if h := k.ins[i].hash(); !known[i] && byTx[h] == nil {
			byTx[h] = &call{method: "getrawtransaction", params: []any{hex.EncodeToString(h[:]), 0}}
			calls = append(calls, byTx[h])
		}
	}
	if err := n.c.ask(ctx, calls...); err != nil {
		return err
	}
	outputs := map[fundtrail.Hash][]txOut{}
	for h, q := range byTx {
		if q.err != nil {
			continue // it has no index, or not this one: that stays unknown
		}
		b, err := q.bytes()
		if err != nil {
			return err
		}
		var one blockShape
		r := &reader{b: b}
		one.transaction(n.p, r)
		if r.what != "" || r.at != len(b) || shown(one.txs[0].hash) != h {
			return fmt.Errorf("getrawtransaction: what the node gives is not transaction %x: %w", h, fundtrail.ErrInvalid)
		}
		outputs[h] = one.outs
	}
	for _, i := range missing {
		o := &k.ins[i]
		if outs := outputs[o.hash()]; !known[i] && int(o.output()) < len(outs) {
			out := outs[o.output()]
			spent[i], known[i] = coin{out.value, lockOf(out.script)}, true
		}
	}
	return nil
}

// byBlock asks for a block with what its inputs spend; ok is false where the node does not
// tell that.
func (n *Node) byBlock(ctx context.Context, k *blockShape, missing []int, spent []coin, known []bool) (ok bool, err error) {
	hash := shown(k.hash)
	q := &call{method: "getblock", params: []any{hex.EncodeToString(hash[:]), 3}}
	if err := n.c.ask(ctx, q); err != nil {
		return false, err
	}
	if q.err != nil {
		return false, nil
	}
	var b struct {
		Tx []struct {
			Vin []struct {
				Prevout *struct {
					Value  json.Number
					Script struct{ Hex string } `json:"scriptPubKey"`
				}
			}
		}
	}
	if err := q.into(&b); err != nil {
		return false, err
	}
	if len(b.Tx) == 0 {
		return false, nil // btcd calls them something else, and does not tell what they spend
	}
	if len(b.Tx) != len(k.txs) {
		return false, fmt.Errorf("getblock: %d transactions, the same block raw has %d: %w", len(b.Tx), len(k.txs), fundtrail.ErrInvalid)
	}
	at := 0
	for _, i := range missing {
		for k.txs[at].inputs.end <= i {
			at++
		}
		vin := b.Tx[at].Vin
		j := i - k.txs[at].inputs.first
		if j >= len(vin) || vin[j].Prevout == nil {
			continue
		}
		value, err := fundtrail.ParseDecimal(vin[j].Prevout.Value.String(), 8)
		script, herr := hex.DecodeString(vin[j].Prevout.Script.Hex)
		if err := errors.Join(err, herr); err != nil || !value.IsUint64() {
			return false, fmt.Errorf("getblock: what transaction %d spends is not told as it should be: %w (%v)", at, fundtrail.ErrInvalid, err)
		}
		spent[i], known[i], ok = coin{value.Uint64(), lockOf(script)}, true, true
	}
	return ok, nil
}
