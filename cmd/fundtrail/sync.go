package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/archive"
	"github.com/fundtrail/fundtrail/internal/fetch"
	"github.com/fundtrail/fundtrail/internal/ingest"
)

type chainFlags struct {
	jobs    []*chainJob
	early   bool // something stood before the first --chain
	config  string
	follow  bool
	retries int
	poll    time.Duration
	metrics string
}

func newSync() *cobra.Command {
	f := &chainFlags{}
	c := &cobra.Command{
		Use:   "sync LEDGER --chain CHAIN --rpc URL",
		Short: "Bring chains' blocks from your nodes into a ledger on disk",
		Long: `Sync reads chains' blocks from nodes of your own, over JSON-RPC, and adds them to the
ledger in a folder, which is made when it is not there. It goes on where the ledger ends:
stop it when you like, and start it again with the same line. Blocks are written whole or
not at all, also when the machine stops. Where a node's chain has dropped blocks that the
ledger holds, they are replaced, from the fork on.

EVM chains: several --rpc are tried in turn. Internal transfers need a node that traces
(debug_traceBlockByHash, debug_traceBlockByNumber or trace_block; for old blocks an archive
node); without it they are not claimed. A node of another chain is refused.
Bitcoin, Litecoin, Dogecoin: one --rpc, such as http://user:password@127.0.0.1:8332.
Tron: the HTTP API of java-tron (http://127.0.0.1:8090) or TronGrid; several are tried in turn.
A key of TronGrid is taken from TRONGRID_API_KEY.

Many chains go into one ledger at once: --chain again, with what belongs to that chain
behind it, or a file of them (--config; see doc/chains.md). Each is followed by itself:
when one fails, the others go on, and the exit code tells.

With --backfill newest-first a ledger of an EVM chain or Tron begins with its newest blocks, so that
today's case can be traced at once, and grows downward to --from; with --follow it goes on at
the head meanwhile. The end is the same ledger.

With --follow it goes on at the head, and asks again when a node is gone. What will not
mend by itself, such as a key that is refused or a node of another chain, ends that chain.
An address may hold a key: no message repeats more of it than the host; FUNDTRAIL_RPC,
addresses separated by blanks, keeps it off the command line too, and so does ${NAME} in
the file. --metrics serves figures for Prometheus.
` + exitCodes,
		Example: `  fundtrail sync chain/ --chain eth --rpc http://127.0.0.1:8545
  fundtrail sync chain/ --chain eth --rpc http://127.0.0.1:8545 --from 14400000 --to 14500000
  fundtrail sync chain/ --follow --chain eth --rpc http://127.0.0.1:8545 --chain btc --rpc http://user:password@127.0.0.1:8332
  fundtrail sync chain/ --follow --config chains.yaml --metrics 127.0.0.1:9105`,
		Args: oneFolder,
		RunE: func(c *cobra.Command, args []string) error { return runSync(c, f, args[0]) },
	}
	fl := c.Flags()
	fl.Var(jobFlag{f, "", f.chain}, "chain", "a `CHAIN`, such as eth or btc; what stands behind it is of that chain, up to the next one")
	fl.Var(jobFlag{f, "", f.one(func(j *chainJob, s string) error { j.rpc = append(j.rpc, s); return nil })}, "rpc",
		"the `URL` of a node; several of an EVM chain or Tron are tried in turn (default $FUNDTRAIL_RPC)")
	fl.Var(jobFlag{f, "0", f.one(func(j *chainJob, s string) error { return height(&j.from, s) })}, "from", "first `BLOCK` of a ledger that has none of the chain yet")
	fl.Var(jobFlag{f, "", f.one(func(j *chainJob, s string) error { return height(&j.to, s) })}, "to", "last `BLOCK` (default the head)")
	fl.Var(jobFlag{f, oldestFirst, f.one(func(j *chainJob, s string) error { j.backfill = s; return nil })}, "backfill",
		"the `ORDER` in which the past is read: oldest-first or newest-first")
	fl.Var(jobFlag{f, "2048", f.one(func(j *chainJob, s string) error { return height(&j.newest, s) })}, "newest", "with newest-first, begin with `N` of the newest blocks")
	fl.StringVar(&f.config, "config", "", "`FILE` of chains, in YAML, in place of --chain")
	fl.BoolVar(&f.follow, "follow", false, "go on at the head, and through failures of nodes, until told to stop")
	fl.DurationVar(&f.poll, "poll", time.Second, "how often to ask for the head with --follow, as a `DURATION`")
	fl.IntVar(&f.retries, "retries", 4, "ask a node that fails again up to `N` times, with growing pauses")
	fl.StringVar(&f.metrics, "metrics", "", "serve figures for Prometheus under /metrics at this `ADDRESS`, such as 127.0.0.1:9105")
	return c
}

// A jobFlag is a flag whose place tells of which chain it is.
type jobFlag struct {
	f   *chainFlags
	def string
	set func(string) error
}

func (v jobFlag) String() string     { return v.def }
func (v jobFlag) Type() string       { return "string" }
func (v jobFlag) Set(s string) error { return v.set(s) }

// chain begins another chain.
func (f *chainFlags) chain(s string) error {
	if n := len(f.jobs); n == 0 || f.jobs[n-1].chain != "" {
		f.jobs = append(f.jobs, newChainJob())
	}
	f.jobs[len(f.jobs)-1].chain = s
	return nil
}

// one sets something of the chain that was named last, or of the first one before that.
func (f *chainFlags) one(set func(*chainJob, string) error) func(string) error {
	return func(s string) error {
		if len(f.jobs) == 0 {
			f.jobs, f.early = append(f.jobs, newChainJob()), true
		}
		return set(f.jobs[len(f.jobs)-1], s)
	}
}

func height(to *int64, s string) error {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 {
		return errors.New("want a whole number from 0 on")
	}
	*to = n
	return nil
}

func (f *chainFlags) check() error {
	switch {
	case f.config != "" && len(f.jobs) > 0:
		return usage("sync: give chains with --config or with --chain, not both")
	case f.config != "":
		var err error
		if f.jobs, err = readChains(f.config); err != nil {
			return err
		}
	case len(f.jobs) == 0 || f.jobs[0].chain == "":
		return usage("sync: say with --chain which chain, or with --config which file of chains")
	case f.early && len(f.jobs) > 1:
		return usage("sync: of several chains each --rpc, --from and --to stands behind its --chain")
	case len(f.jobs) == 1 && len(f.jobs[0].rpc) == 0:
		f.jobs[0].rpc = strings.Fields(os.Getenv("FUNDTRAIL_RPC"))
	}
	if f.retries < 0 {
		return usage("--retries %d: want 0 or more", f.retries)
	}
	if f.poll < time.Millisecond {
		return usage("--poll %s: want 1ms or more", f.poll)
	}
	met := map[fundtrail.Chain]bool{}
	for _, j := range f.jobs {
		if err := j.check(); err != nil {
			return err
		}
		if met[j.on] {
			return usage("sync: %s is named twice; several --rpc behind one --chain are tried in turn", j.on)
		}
		met[j.on], j.retries = true, f.retries
	}
	return nil
}

// runSync brings each chain into the ledger, each by itself.
func runSync(c *cobra.Command, f *chainFlags, dir string) (err error) {
	if err := f.check(); err != nil {
		return err
	}
	show := newBoard(c.ErrOrStderr(), f.jobs)
	if f.metrics != "" {
		stop, err := show.serve(c.Context(), f.metrics)
		if err != nil {
			return err
		}
		defer stop()
	}
	w, discard, err := openToSync(dir)
	if err != nil {
		return fmt.Errorf("%s: %w", dir, err)
	}
	defer func() {
		if closed := discard(); err == nil {
			err = closed
		}
	}()
	defer show.clear()
	sums, older, errs := make([]ingest.FollowSummary, len(f.jobs)), make([]ingest.FollowSummary, len(f.jobs)), make([]error, len(f.jobs))
	var all sync.WaitGroup
	for i, j := range f.jobs {
		show.lines[i].begin(w.Tip(j.on))
		all.Go(func() {
			sums[i], older[i], errs[i] = j.run(c.Context(), w, f.follow, f.poll, show.lines[i])
			show.lines[i].end(errs[i], len(f.jobs) > 1)
		})
	}
	all.Wait()
	show.clear()
	stopped := false
	for i, j := range f.jobs {
		if errs[i] == nil || sums[i].Blocks+older[i].Blocks > 0 {
			first, _ := w.First(j.on)
			j.tell(c.OutOrStdout(), dir, w.Tip(j.on), first, &sums[i], &older[i])
		}
		switch {
		case errors.Is(errs[i], context.Canceled):
			stopped = true
		case errs[i] != nil && len(f.jobs) == 1:
			err = explained(errs[i])
		case errs[i] != nil:
			err = &exitCode{code: exitError} // it was told when it happened
		}
	}
	if stopped {
		// Whoever stops it has what came: that is how --follow ends.
		fmt.Fprintln(c.ErrOrStderr(), "fundtrail: stopped; what came before is in the ledger")
		if err == nil && !f.follow {
			err = &exitCode{code: exitError}
		}
	}
	return err
}

// explained adds what to do about a failure that will not mend by itself.
func explained(err error) error {
	if fetch.Lasting(err) {
		return fmt.Errorf("%w; this does not mend by itself: see whether address, user, password or key in --rpc are right", err)
	}
	return err
}

// openToSync opens a ledger, or makes one; when it ends without a block, what was made goes.
func openToSync(dir string) (*archive.Writer, func() error, error) {
	var made []string // folders, the innermost first
	for at := filepath.Clean(dir); ; at = filepath.Dir(at) {
		if _, err := os.Lstat(at); !errors.Is(err, os.ErrNotExist) || at == filepath.Dir(at) {
			break
		}
		made = append(made, at)
	}
	unmake := func() {
		for _, at := range made {
			os.Remove(at)
		}
	}
	was := archive.IsLedger(dir)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, nil, err
	}
	w, err := archive.OpenWriter(dir, archive.Options{Background: true})
	if err != nil {
		unmake()
		return nil, nil, err
	}
	return w, func() error {
		if was {
			return w.Close()
		}
		empty, err := w.Discard()
		if empty {
			unmake()
		}
		return err
	}, nil
}
