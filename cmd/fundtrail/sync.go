package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/data"
	"github.com/fundtrail/fundtrail/internal/archive"
	"github.com/fundtrail/fundtrail/internal/chain/bitcoin"
	"github.com/fundtrail/fundtrail/internal/chain/evm"
	"github.com/fundtrail/fundtrail/internal/ingest"
	"github.com/fundtrail/fundtrail/internal/ledger"
)

type chainFlags struct {
	chain    string
	rpc      []string
	from, to int64
	follow   bool
	retries  int

	on fundtrail.Chain
}

func newSync() *cobra.Command {
	f := &chainFlags{}
	c := &cobra.Command{
		Use:   "sync LEDGER --chain CHAIN --rpc URL",
		Short: "Bring a chain's blocks from your node into a ledger on disk",
		Long: `Sync reads a chain's blocks from a node of your own, over JSON-RPC, and adds them to the
ledger in a folder, which is made when it is not there. It goes on where the ledger ends:
stop it when you like, and start it again with the same line. Blocks are written whole or
not at all, also when the machine stops. Where the node's chain has dropped blocks that the
ledger holds, they are replaced, from the fork on.

EVM chains: several --rpc are tried in turn. Internal transfers need a node that traces
(debug_traceBlockByHash, debug_traceBlockByNumber or trace_block; for old blocks an archive
node); without it they are not claimed. A node of another chain is refused.
Bitcoin, Litecoin, Dogecoin: one --rpc, such as http://user:password@127.0.0.1:8332.
Tron: the HTTP API of java-tron (http://127.0.0.1:8090) or TronGrid; several are tried in turn.
A key of TronGrid is taken from FUNDTRAIL_TRONGRID_KEY.

With --follow it goes on at the head, and asks again when the node is gone. An address may
hold a key: no message repeats more of it than the host; FUNDTRAIL_RPC, addresses separated
by blanks, keeps it off the command line too.
` + exitCodes,
		Example: `  fundtrail sync chain/ --chain eth --rpc http://127.0.0.1:8545
  fundtrail sync chain/ --chain eth --rpc http://127.0.0.1:8545 --from 14400000 --to 14500000
  fundtrail sync chain/ --chain btc --rpc http://user:password@127.0.0.1:8332 --follow`,
		Args: oneFolder,
		RunE: func(c *cobra.Command, args []string) error { return runSync(c, f, args[0]) },
	}
	fl := c.Flags()
	fl.StringVar(&f.chain, "chain", "", "the `CHAIN`, such as eth or btc")
	fl.StringArrayVar(&f.rpc, "rpc", nil, "the `URL` of a node; several of an EVM chain or Tron are tried in turn (default $FUNDTRAIL_RPC)")
	fl.Int64Var(&f.from, "from", 0, "first `BLOCK` of a ledger that has none of the chain yet")
	fl.Int64Var(&f.to, "to", -1, "last `BLOCK` (default the head)")
	fl.BoolVar(&f.follow, "follow", false, "go on at the head, and through failures of the node, until told to stop")
	fl.IntVar(&f.retries, "retries", 4, "ask a node that fails again up to `N` times, with growing pauses")
	return c
}

func (f *chainFlags) check(c *cobra.Command) (err error) {
	if f.chain == "" {
		return usage("sync: say with --chain which chain")
	}
	if f.on, err = fundtrail.ParseChain(f.chain); err != nil {
		return usage("--chain: %v", err)
	}
	if len(f.rpc) == 0 {
		f.rpc = strings.Fields(os.Getenv("FUNDTRAIL_RPC"))
	}
	info, _ := f.on.Info()
	of, bad := bitcoin.ParamsOf(f.on)
	switch {
	case len(f.rpc) == 0:
		return usage("sync: say with --rpc where the node answers, such as http://127.0.0.1:8545")
	case info.EVMID == 0 && bad != nil && f.on != fundtrail.Tron:
		return usage("sync: blocks of %s are not read from nodes yet", info.Name)
	case bad == nil && len(f.rpc) > 1:
		return usage("sync: one --rpc for %s: what is spent is known from what came before, from the same node", of.Chain)
	case f.from < 0 || c.Flags().Changed("to") && f.to < f.from:
		return usage("sync: --from %d --to %d: want heights from 0 on, the last not below the first", f.from, f.to)
	case f.retries < 0:
		return usage("--retries %d: want 0 or more", f.retries)
	}
	for i, raw := range f.rpc {
		u, err := url.Parse(raw)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
			return usage("--rpc, the %d. of them: want a URL that begins with http:// or https:// and a host", i+1) // it may hold a key
		}
	}
	return nil
}

// open makes the source. It sets how internal transfers are had.
func (f *chainFlags) open(ctx context.Context, internal *string) (ingest.Source, error) {
	if f.on == fundtrail.Tron {
		*internal = "internal_transactions"
		return asSource(openTron(ctx, f.rpc, f.retries))
	}
	if of, err := bitcoin.ParamsOf(f.on); err == nil {
		u, err := url.Parse(f.rpc[0])
		if err != nil {
			return nil, usage("--rpc: not a URL")
		}
		e := bitcoin.Endpoint{User: u.User.Username()}
		e.Password, _ = u.User.Password()
		u.User = nil
		e.URL = u.String()
		return asSource(bitcoin.OpenNode(ctx, &of, bitcoin.NodeOptions{Endpoint: e, Retries: cmp.Or(f.retries, -1)}))
	}
	o := evm.Options{Decoder: evm.Decoder{Chain: f.on, Wraps: data.WrapsCoin}, Rounds: cmp.Or(f.retries, -1)}
	for _, raw := range f.rpc {
		o.Endpoints = append(o.Endpoints, evm.Endpoint{URL: raw})
	}
	n, err := evm.Open(ctx, o)
	if err == nil {
		*internal = n.Internal()
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

func runSync(c *cobra.Command, f *chainFlags, dir string) (err error) {
	if err := f.check(c); err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	w, err := archive.OpenWriter(dir, archive.Options{Background: true})
	if err != nil {
		return fmt.Errorf("%s: %w", dir, err)
	}
	defer func() {
		if closed := w.Close(); err == nil {
			err = closed
		}
	}()
	var internal string
	name := f.nodeName()
	keeper := chainKeeper{w, func() archive.Source { return f.sourceOf(name, internal) }}
	p := &syncProgress{progress: progress{w: terminal(c.ErrOrStderr())}, err: c.ErrOrStderr()}
	p.progress.start("reading blocks of "+string(f.on), 0)
	defer p.clear()
	sum, err := ingest.Follow(c.Context(), keeper, ingest.FollowOptions{
		Chain: f.on, Name: name, From: f.from, To: f.to, Forever: f.follow,
		Open:  func(ctx context.Context) (ingest.Source, error) { return f.open(ctx, &internal) },
		Wrote: p.wrote, Head: func(h int64) { p.reach(h, f.to) }, Retrying: p.retrying,
	})
	p.clear()
	if err == nil || sum.Blocks > 0 {
		f.tell(c.OutOrStdout(), dir, w.Tip(f.on), &sum)
	}
	if errors.Is(err, context.Canceled) {
		// Whoever stops it has what came: that is how --follow ends.
		fmt.Fprintln(c.ErrOrStderr(), "fundtrail: stopped; what came before is in the ledger")
		if f.follow {
			return nil
		}
		return &exitCode{code: exitError}
	}
	return err
}

// nodeName says in claims who told: the hosts, which hold no key.
func (f *chainFlags) nodeName() string {
	var hosts []string
	for _, raw := range f.rpc {
		if u, err := url.Parse(raw); err == nil {
			hosts = append(hosts, u.Host)
		}
	}
	return "node " + strings.Join(hosts, ", ")
}

// sourceOf is what a report says of blocks that a node told.
func (f *chainFlags) sourceOf(name, internal string) archive.Source {
	s := archive.Source{Name: name, Kinds: fundtrail.AllKinds}
	info, _ := f.on.Info()
	s.Notes = fmt.Sprintf("Blocks of %s were read from %s.", info.Name, name)
	if f.on == fundtrail.Tron {
		s.Notes += tronNotes
	}
	if info.Model == fundtrail.Accounts && internal == "" {
		s.Kinds &^= fundtrail.InternalTransfers
		s.Notes += "\nThat node does not trace: value that contracts moved in those blocks is not seen."
	}
	return s
}

func (f *chainFlags) tell(w io.Writer, dir string, tip int64, s *ingest.FollowSummary) {
	switch {
	case tip < 0:
		return
	case s.Blocks == 0:
		fmt.Fprintf(w, "%s: nothing new; %s ends with block %d\n", f.on, dir, tip)
	default:
		fmt.Fprintf(w, "%s: %s with %s read, %d to %d; %s ends with block %d\n", f.on, plural(int(s.Blocks), "block"), plural(s.Transactions, "transaction"), s.From, s.To, dir, tip)
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
	info, _ := f.on.Info()
	if missing := fundtrail.AllKinds &^ s.Whole; s.Blocks > 0 && missing != 0 && info.Model == fundtrail.Accounts {
		fmt.Fprintf(w, "Not claimed to be whole in all of these blocks: %s. See fundtrail ledger stats %s.\n", missing, dir)
	}
}

// A syncProgress is the line that says how far it is.
type syncProgress struct {
	progress
	head, reorganised int64
	err               io.Writer
}

func (p *syncProgress) reach(head, to int64) {
	p.head = head
	if to >= 0 {
		p.head = min(head, to)
	}
}

func (p *syncProgress) wrote(s ingest.FollowSummary) {
	if s.TakenBack > p.reorganised {
		p.clear()
		fmt.Fprintf(p.err, "fundtrail: the chain was reorganised; %s taken back\n", plural(int(s.TakenBack-p.reorganised), "block"))
		p.reorganised = s.TakenBack
	}
	rate := float64(s.Blocks) / max(time.Since(p.since).Seconds(), 0.001)
	text := fmt.Sprintf("block %d of %d, %.1f a second", s.To, p.head, rate)
	if left := p.head - s.To; left > 0 {
		text += fmt.Sprintf(", %s left", time.Duration(float64(left)/rate*float64(time.Second)).Round(time.Second))
	}
	p.show(text)
}

func (p *syncProgress) retrying(err error, wait time.Duration) {
	p.clear()
	fmt.Fprintf(p.err, "fundtrail: %v; asking again in %s\n", err, wait)
}
