package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/data"
	"github.com/fundtrail/fundtrail/internal/archive"
	"github.com/fundtrail/fundtrail/internal/chain/bitcoin"
	"github.com/fundtrail/fundtrail/internal/chain/evm"
	"github.com/fundtrail/fundtrail/internal/ingest"
	"github.com/fundtrail/fundtrail/internal/ledger"
)

// A chainJob is one chain that is brought into a ledger.
type chainJob struct {
	chain    string
	rpc      []string
	from, to int64
	backfill string
	newest   int64 // blocks that come first, newest-first

	on      fundtrail.Chain
	retries int
	traces  atomic.Bool // the node tells internal transfers
}

// The orders in which a chain's past is read.
const (
	oldestFirst = "oldest-first"
	newestFirst = "newest-first"
)

func newChainJob() *chainJob { return &chainJob{to: -1, backfill: oldestFirst, newest: 2048} }

// check says what is wrong with a job; where says whose it is.
func (j *chainJob) check() (err error) {
	if j.on, err = fundtrail.ParseChain(j.chain); err != nil {
		return usage("--chain: %v", err)
	}
	info, _ := j.on.Info()
	of, bad := bitcoin.ParamsOf(j.on)
	switch {
	case info.EVMID == 0 && bad != nil && j.on != fundtrail.Tron:
		return usage("sync: blocks of %s are not read from nodes yet", info.Name)
	case len(j.rpc) == 0:
		return usage("sync: say with --rpc where a node of %s answers, such as http://127.0.0.1:8545", info.Name)
	case bad == nil && len(j.rpc) > 1:
		return usage("sync: one --rpc for %s: what is spent is known from what came before, from the same node", of.Chain)
	case j.backfill != oldestFirst && j.backfill != newestFirst:
		return usage("sync: --backfill %q: want %s or %s", j.backfill, oldestFirst, newestFirst)
	case j.backfill == newestFirst && bad == nil:
		return usage("sync: --backfill %s of %s: what a transaction spends must be known before it, so its blocks are read from the oldest on", newestFirst, info.Name)
	case j.newest < 1:
		return usage("sync: --newest %d: want 1 or more", j.newest)
	case j.from < 0 || j.to != -1 && j.to < j.from:
		return usage("sync: --from %d --to %d: want heights from 0 on, the last not below the first", j.from, j.to)
	}
	for i, raw := range j.rpc {
		u, err := url.Parse(raw)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
			return usage("--rpc, the %d. of %s: want a URL that begins with http:// or https:// and a host", i+1, j.on) // it may hold a key
		}
	}
	return nil
}

// open makes the source, by the chain's family.
func (j *chainJob) open(ctx context.Context) (ingest.Source, error) {
	if of, err := bitcoin.ParamsOf(j.on); err == nil {
		return j.openBitcoin(ctx, &of)
	}
	if j.on == fundtrail.Tron {
		j.traces.Store(true)
		return asSource(openTron(ctx, j.rpc, j.retries))
	}
	return j.openEVM(ctx)
}

func (j *chainJob) openBitcoin(ctx context.Context, of *bitcoin.Params) (ingest.Source, error) {
	u, err := url.Parse(j.rpc[0])
	if err != nil {
		return nil, usage("--rpc: not a URL")
	}
	e := bitcoin.Endpoint{User: u.User.Username()}
	e.Password, _ = u.User.Password()
	u.User = nil
	e.URL = u.String()
	return asSource(bitcoin.OpenNode(ctx, of, bitcoin.NodeOptions{Endpoint: e, Retries: cmp.Or(j.retries, -1)}))
}

func (j *chainJob) openEVM(ctx context.Context) (ingest.Source, error) {
	o := evm.Options{Decoder: evm.Decoder{Chain: j.on, Wraps: data.WrapsCoin}, Rounds: cmp.Or(j.retries, -1)}
	for _, raw := range j.rpc {
		o.Endpoints = append(o.Endpoints, evm.Endpoint{URL: raw})
	}
	n, err := evm.Open(ctx, o)
	if err == nil {
		j.traces.Store(n.Internal() != "")
	}
	return asSource(n, err)
}

// asSource keeps a nil of a type from becoming a source.
func asSource[S ingest.Source](s S, err error) (ingest.Source, error) {
	if err != nil {
		return nil, err
	}
	return s, nil
}

// A chainKeeper is a ledger on disk that a chain is brought into.
type chainKeeper struct {
	*archive.Writer
	source func() archive.Source
}

func (k chainKeeper) Replace(chain fundtrail.Chain, above int64, facts *ledger.Memory, headers []fundtrail.Block) error {
	b := archive.Batch{Facts: facts, Headers: headers, Sources: []archive.Source{k.source()}}
	if above >= k.Tip(chain) {
		return k.Append(b)
	}
	return k.Writer.Replace(chain, above, b)
}

// Older makes it one that grows downward too; the rest is the writer's.
func (k chainKeeper) Older(chain fundtrail.Chain) (ingest.Piece, error) {
	w, err := k.Writer.Older(chain)
	return chainKeeper{w, k.source}, err
}

// run brings the chain into the ledger. With newest-first, what is older comes afterwards, or
// while the head is followed.
func (j *chainJob) run(ctx context.Context, w *archive.Writer, follow bool, poll time.Duration, show *chainLine) (sum, older ingest.FollowSummary, err error) {
	k := chainKeeper{w, j.source}
	opt := ingest.FollowOptions{
		Chain: j.on, Name: j.nodeName(), From: j.from, To: j.to, Forever: follow, Poll: poll, Open: j.open,
		Wrote: show.wrote, Head: func(h int64) { show.reach(h, j.to) }, Retrying: show.retrying,
	}
	if j.backfill == oldestFirst {
		sum, err = ingest.Follow(ctx, k, opt)
		return sum, older, err
	}
	back := opt
	back.Wrote, back.Head = show.wroteOlder, nil
	grow := func(ctx context.Context) error {
		if first, ok := w.First(j.on); ok {
			show.joined(first.Height, j.from)
		}
		var err error
		older, err = ingest.Backfill(ctx, k, back, func(first int64) { show.joined(first, j.from) })
		return err
	}
	opt.Newest = j.newest
	if !follow {
		if sum, err = ingest.Follow(ctx, k, opt); err == nil {
			err = grow(ctx)
		}
		return sum, older, err
	}
	began := make(chan struct{})
	begin := sync.OnceFunc(func() { close(began) })
	if w.Tip(j.on) >= 0 {
		begin()
	}
	opt.Wrote = func(s ingest.FollowSummary) { show.wrote(s); begin() }
	inner, cancel := context.WithCancel(ctx)
	var grown error
	var both sync.WaitGroup
	both.Go(func() {
		select {
		case <-began:
			if grown = grow(inner); grown != nil && inner.Err() == nil {
				show.trouble("older blocks are not read any more: %v", explained(grown))
			}
		case <-inner.Done():
		}
	})
	sum, err = ingest.Follow(ctx, k, opt)
	cancel()
	both.Wait()
	if grown != nil && !errors.Is(grown, context.Canceled) {
		err = grown
	}
	return sum, older, err
}

// nodeName says in claims who told: the hosts, which hold no key.
func (j *chainJob) nodeName() string {
	var hosts []string
	for _, raw := range j.rpc {
		if u, err := url.Parse(raw); err == nil {
			hosts = append(hosts, u.Host)
		}
	}
	return "node " + strings.Join(hosts, ", ")
}

// source is what a report says of blocks that a node told.
func (j *chainJob) source() archive.Source {
	name := j.nodeName()
	s := archive.Source{Name: name, Kinds: fundtrail.AllKinds}
	info, _ := j.on.Info()
	s.Notes = fmt.Sprintf("Blocks of %s were read from %s.", info.Name, name)
	if j.on == fundtrail.Tron {
		s.Notes += tronNotes
	}
	if info.Model == fundtrail.Accounts && !j.traces.Load() {
		s.Kinds &^= fundtrail.InternalTransfers
		s.Notes += "\nThat node does not trace: value that contracts moved in those blocks is not seen."
	}
	return s
}

// tell says what was done.
func (j *chainJob) tell(w io.Writer, dir string, tip int64, first fundtrail.Block, s, older *ingest.FollowSummary) {
	if older.Blocks > 0 {
		defer fmt.Fprintf(w, "%s: %s with %s read before those; %s begins with block %d\n", j.on, plural(int(older.Blocks), "older block"), plural(older.Transactions, "transaction"), dir, first.Height)
	}
	switch {
	case tip < 0:
		return
	case s.Blocks == 0:
		fmt.Fprintf(w, "%s: nothing new; %s ends with block %d\n", j.on, dir, tip)
	default:
		fmt.Fprintf(w, "%s: %s with %s read, %d to %d; %s ends with block %d\n", j.on, plural(int(s.Blocks), "block"), plural(s.Transactions, "transaction"), s.From, s.To, dir, tip)
	}
	if s.Reorganised > 0 {
		fmt.Fprintf(w, "The chain was reorganised: %s of the ledger %s replaced.\n", plural(int(s.TakenBack), "block"), map[bool]string{true: "was", false: "were"}[s.TakenBack == 1])
	}
	if s.Behind > 0 {
		fmt.Fprintf(w, "The node is behind: it ends %s below the ledger, which stays as it is.\n", plural(int(s.Behind), "block"))
	}
	if s.Partial > 0 {
		fmt.Fprintf(w, "Of %s some input is not known to the node: what they moved is not in the ledger.\n", plural(s.Partial, "transaction"))
	}
	info, _ := j.on.Info()
	if missing := fundtrail.AllKinds &^ s.Whole; s.Blocks > 0 && missing != 0 && info.Model == fundtrail.Accounts {
		fmt.Fprintf(w, "Not claimed to be whole in all of these blocks: %s. See fundtrail ledger stats %s.\n", missing, dir)
	}
}
