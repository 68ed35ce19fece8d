package main

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/data"
	"github.com/fundtrail/fundtrail/internal/archive"
	"github.com/fundtrail/fundtrail/internal/chain/evm"
)

// nodeFlags name a node of an EVM chain that is asked about a ledger.
type nodeFlags struct {
	chain string
	rpc   []string

	on fundtrail.Chain
}

func (f *nodeFlags) register(c *cobra.Command) {
	c.Flags().StringVar(&f.chain, "chain", "eth", "the EVM `CHAIN`")
	c.Flags().StringArrayVar(&f.rpc, "rpc", nil, "the `URL` of a node; several are tried in turn (default $FUNDTRAIL_RPC)")
}

// open opens the node. No message holds what may be a key.
func (f *nodeFlags) open(ctx context.Context, command string) (_ *evm.Node, host string, err error) {
	if f.on, err = fundtrail.ParseChain(f.chain); err != nil {
		return nil, "", usage("--chain: %v", err)
	}
	info, _ := f.on.Info()
	if info.EVMID == 0 {
		return nil, "", usage("%s: --chain %s is no EVM chain", command, f.chain)
	}
	if len(f.rpc) == 0 {
		f.rpc = strings.Fields(os.Getenv("FUNDTRAIL_RPC"))
	}
	if len(f.rpc) == 0 {
		return nil, "", usage("%s: say with --rpc where the node answers, such as http://127.0.0.1:8545", command)
	}
	o := evm.Options{Decoder: evm.Decoder{Chain: f.on, Wraps: data.WrapsCoin}}
	for i, raw := range f.rpc {
		u, err := url.Parse(raw)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
			return nil, "", usage("--rpc, the %d. of them: want a URL that begins with http:// or https:// and a host", i+1)
		}
		host = cmp.Or(host, u.Scheme+"://"+u.Host)
		o.Endpoints = append(o.Endpoints, evm.Endpoint{URL: raw})
	}
	n, err := evm.Open(ctx, o)
	return n, host, err
}

func newLedgerReconcile() *cobra.Command {
	f := &nodeFlags{}
	var from, to int64
	var sample int
	c := &cobra.Command{
		Use:   "reconcile FOLDER --chain CHAIN --rpc URL",
		Short: "Hold a ledger's movements to the balances that a node tells",
		Long: `Reconcile adds up what a ledger on disk says of a chain's own coin in a range of
blocks, for every address that moves any or for a sample, and compares it with how the
node's balances changed over the same blocks. What differs is a movement that the ledger
lacks, or has too much; it is printed with both figures, in base units.

Without --from and --to the range is the newest 100 blocks that the ledger holds: a node
that is no archive node has the state of the newest 128 only. Before it compares, it makes
sure that the ledger's last block of the range is the node's.
` + exitCodes,
		Example: `  fundtrail ledger reconcile chain/ --rpc http://127.0.0.1:8545
  fundtrail ledger reconcile chain/ --rpc http://127.0.0.1:8545 --from 14400000 --to 14401000 --sample 5000`,
		Args: oneFolder,
		RunE: func(c *cobra.Command, args []string) error { return runReconcile(c, f, args[0], from, to, sample) },
	}
	f.register(c)
	c.Flags().Int64Var(&from, "from", -1, "first `BLOCK` (default the hundredth from the last)")
	c.Flags().Int64Var(&to, "to", -1, "last `BLOCK` (default the newest that the ledger holds)")
	c.Flags().IntVar(&sample, "sample", 1000, "compare `N` addresses, spread over the range; 0 for all")
	return c
}

// reconciled is how many blocks are compared where no range is given.
const reconciled = 100

// shownMismatches is how many differences are printed.
const shownMismatches = 50

func runReconcile(c *cobra.Command, f *nodeFlags, dir string, from, to int64, sample int) error {
	if sample < 0 {
		return usage("--sample %d: want 0 or more", sample)
	}
	l, err := archive.Open(dir)
	if err != nil {
		return fmt.Errorf("%s: %w", dir, err)
	}
	defer l.Close()
	n, host, err := f.open(c.Context(), "ledger reconcile")
	if err != nil {
		return err
	}
	tip, ok := l.Tip(f.on)
	if !ok {
		return fmt.Errorf("%s holds no blocks of %s: %w", dir, f.on, fundtrail.ErrNotFound)
	}
	if !c.Flags().Changed("to") {
		to = tip.Height
	}
	if !c.Flags().Changed("from") {
		from = max(to-reconciled+1, 1)
		for _, s := range l.Stats().Chains {
			if s.Chain == f.on {
				from = max(from, s.From.Height)
			}
		}
	}
	if from < 1 || to < from || to > tip.Height {
		return usage("--from %d --to %d: want blocks from 1 on, the first not above the last, of which the ledger ends with %d", from, to, tip.Height)
	}
	if err := sameBlock(c.Context(), l, n, f.on, to); err != nil {
		return err
	}
	differ, compared, err := n.Reconcile(c.Context(), l, from, to, sample)
	if err != nil {
		return err
	}
	out := c.OutOrStdout()
	if !claimedWhole(l, f.on, from, to) {
		fmt.Fprintf(out, "The ledger does not claim to hold value, internal transfers and fees of all these blocks whole: differences are to be expected.\n")
	}
	for i, m := range differ {
		if i == shownMismatches {
			fmt.Fprintf(out, "… and %d more\n", len(differ)-i)
			break
		}
		fmt.Fprintln(out, m)
	}
	if len(differ) > 0 {
		fmt.Fprintf(out, "DIFFERENT: %s, blocks %d to %d: of %d addresses compared, %d did not change as %s tells\n", f.on, from, to, compared, len(differ), host)
		return &exitCode{code: exitFound}
	}
	fmt.Fprintf(out, "EQUAL: %s, blocks %d to %d: addresses compared: %d, each changed as %s tells\n", f.on, from, to, compared, host)
	return nil
}

// sameBlock makes sure that ledger and node speak of one chain.
func sameBlock(ctx context.Context, l *archive.Reader, n *evm.Node, chain fundtrail.Chain, height int64) error {
	held, ok := l.Block(chain, height)
	if !ok {
		return fmt.Errorf("the ledger does not hold block %d of %s: give others with --from and --to: %w", height, chain, fundtrail.ErrNotFound)
	}
	theirs, err := n.Header(ctx, height)
	if err != nil {
		return err
	}
	if held.Hash != (fundtrail.Hash{}) && held.Hash != theirs.Hash {
		return fmt.Errorf("block %d of %s is another in the ledger and at the node: bring the ledger up to date with fundtrail sync first: %w", height, chain, fundtrail.ErrConflict)
	}
	return nil
}

// claimedWhole reports whether what changes balances of the chain's coin is claimed to be
// whole in every block of a range.
func claimedWhole(l fundtrail.Ledger, chain fundtrail.Chain, from, to int64) bool {
	const needed = fundtrail.ValueTransfers | fundtrail.InternalTransfers | fundtrail.Fees
	claims := slices.DeleteFunc(l.Coverage(), func(c fundtrail.Coverage) bool {
		return c.Chain != chain || !c.Address.IsZero() || c.What&needed != needed
	})
	slices.SortFunc(claims, func(x, y fundtrail.Coverage) int { return cmp.Compare(x.FromBlock, y.FromBlock) })
	for _, c := range claims {
		if c.FromBlock <= from && c.ToBlock >= from {
			from = c.ToBlock + 1
		}
	}
	return from > to
}

func newLedgerTokens() *cobra.Command {
	f := &nodeFlags{}
	var out string
	c := &cobra.Command{
		Use:   "tokens FOLDER [CONTRACT...] --chain CHAIN --rpc URL",
		Short: "Ask a node what a ledger's tokens call themselves",
		Long: `Tokens asks a node for symbol, name and decimals of the tokens in a ledger on disk that
are on no record of this program, or of those named, and writes them as a file for
trace --assets and verify --assets. They are claims of whoever wrote the contract: any
token can be called USDC.
` + exitCodes,
		Example: `  fundtrail ledger tokens chain/ --rpc http://127.0.0.1:8545 -o tokens.yaml
  fundtrail trace 0x098b716b8aaf21512996dc57eb0615e2383e2f96 --ledger chain/ --assets tokens.yaml`,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usage("%s takes the ledger's folder", c.CommandPath())
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error { return runTokens(c, f, args[0], args[1:], out) },
	}
	f.register(c)
	c.Flags().StringVarP(&out, "out", "o", "", "write to `FILE`")
	return c
}

// selfDescribed is how much a contract's word of itself is worth: it knows its decimals,
// and may lie about its name.
const selfDescribed = 50

func runTokens(c *cobra.Command, f *nodeFlags, dir string, words []string, out string) error {
	l, err := archive.Open(dir)
	if err != nil {
		return fmt.Errorf("%s: %w", dir, err)
	}
	defer l.Close()
	n, host, err := f.open(c.Context(), "ledger tokens")
	if err != nil {
		return err
	}
	var asked []fundtrail.Address
	for _, word := range words {
		a, err := fundtrail.ParseAddress(f.on, word)
		if err != nil {
			return usage("%v", err)
		}
		asked = append(asked, a)
	}
	if len(words) == 0 {
		for _, a := range l.Assets() {
			if _, _, known := data.AssetInfo(a); a.Chain == f.on && !known {
				asked = append(asked, a.Contract)
			}
		}
	}
	var list []data.Token
	left := 0
	for some := range slices.Chunk(asked, 64) {
		got, err := n.Tokens(c.Context(), some)
		if err != nil {
			return err
		}
		for _, t := range got {
			if t.Symbol == "" || !t.DecimalsKnown || t.Decimals > data.MaxDecimals {
				left++
				continue
			}
			list = append(list, data.Token{Asset: t.Asset, Symbol: t.Symbol, Decimals: t.Decimals, Note: t.Name, Confidence: selfDescribed})
		}
	}
	if left > 0 {
		fmt.Fprintf(c.ErrOrStderr(), "fundtrail: %s of %d tell no symbol and decimals; their amounts stay in base units\n", plural(left, "token"), len(asked))
	}
	var b bytes.Buffer
	from := fundtrail.Source{Title: "what the contracts call themselves, as the node tells", URL: host, Retrieved: time.Now()}
	if err := data.WriteTokens(&b, list, from); err != nil {
		return err
	}
	if out == "" || out == "-" {
		_, err := c.OutOrStdout().Write(b.Bytes())
		return err
	}
	return writeFile(out, b.Bytes())
}
