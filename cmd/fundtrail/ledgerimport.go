package main

import (
	"context"
	"fmt"
	"math"
	"os"
	"runtime/debug"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/data"
	"github.com/fundtrail/fundtrail/internal/archive"
	"github.com/fundtrail/fundtrail/internal/ingest"
	"github.com/fundtrail/fundtrail/internal/ledger"
)

func newLedgerImport() *cobra.Command {
	f, memory := &ledgerFlags{}, "2GiB"
	c := &cobra.Command{
		Use:   "import FOLDER FILE...",
		Short: "Add files of ledger records to a ledger on disk",
		Long: `Import reads files of ledger records, as trace --ledger does, and adds them to the
ledger in a folder, which is made when it is not there. All of them are added or none,
also when the machine stops. Files may overlap with what is there: equal facts become
one, and facts that contradict it stop the import.

What does not fit into --memory is set aside in the ledger's folder, about 120 bytes a
row, and put together part by part. Facts of blocks that the ledger already has are put
together with all that it holds from there on, which is set aside too. What is held
until the end whatever --memory says, doc/formats-archive.md tells: block headers and
receipts of ethereum-etl above all.
` + exitCodes,
		Example: `  fundtrail ledger import chain/ transactions.csv.gz
  fundtrail ledger import chain/ blocks.csv transactions.csv receipts.csv
  fundtrail ledger import chain/ token_transfers/*.csv.gz --memory 8GiB`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) < 2 {
				return usage("ledger import takes the ledger's folder and the files to add")
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			size, ok := byteSize(memory)
			if !ok || size < 1000 {
				return usage("--memory %s: want a size such as 512MB or 2GiB", memory)
			}
			return runLedgerImport(c, f, size, args[0], args[1:])
		},
	}
	c.Flags().StringVar(&f.chain, "chain", "", "`CHAIN` of files that do not name theirs (default eth)")
	c.Flags().StringVar(&memory, "memory", memory, "use about `SIZE` of memory, and set the rest aside on disk")
	c.Flags().IntVar(&f.maxBad, "max-bad", 0, "set up to `N` unreadable rows aside instead of stopping at the first")
	c.Flags().StringVar(&f.badTo, "bad-rows", "", "`FILE` for the rows set aside (default bad-rows.csv)")
	return c
}

// byteSize reads a size: a number with or without B, kB, MB, GB, TB, KiB, MiB, GiB or TiB.
func byteSize(s string) (int64, bool) {
	digits := strings.TrimRightFunc(s, func(r rune) bool { return r < '0' || r > '9' })
	unit, ok := map[string]float64{"": 1, "b": 1, "k": 1e3, "kb": 1e3, "m": 1e6, "mb": 1e6, "g": 1e9, "gb": 1e9,
		"tb": 1e12, "kib": 1 << 10, "mib": 1 << 20, "gib": 1 << 30, "tib": 1 << 40}[strings.ToLower(strings.TrimSpace(s[len(digits):]))]
	n, err := strconv.ParseFloat(digits, 64)
	if n *= unit; !ok || err != nil || n < 0 || n > math.MaxInt64/2 {
		return 0, false
	}
	return int64(n), true
}

// What an import does with its memory. While files are read a third of it is for their
// rows, the rest for what is held of them besides and for what has not been collected yet.
// Then a part of half as much is sealed, which takes as much again, while one segment is
// filled and another written, each about 100 bytes a movement.
const (
	builderShare  = 3
	segmentShare  = 4
	segmentMemory = 200
)

func runLedgerImport(c *cobra.Command, f *ledgerFlags, memory int64, dir string, files []string) (err error) {
	names, err := expand(files)
	if err != nil {
		return err
	}
	p := &progress{w: terminal(c.ErrOrStderr())}
	defer p.clear()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(max(memory, 64e6))) // with less it would only collect
	rows := max(1<<10, min(1<<23, memory/segmentShare/segmentMemory))
	w, err := archive.OpenWriter(dir, archive.Options{SegmentRows: int(rows)})
	if err != nil {
		return fmt.Errorf("%s: %w", dir, err)
	}
	defer func() {
		if closed := w.Close(); err == nil {
			err = closed
		}
	}()
	b := ledger.NewBuilder()
	b.Keep()
	w.Bound(b, memory/builderShare)
	from := &blockLoad{w: w, memory: memory / builderShare}
	sums, err := f.load(c.Context(), b, names, from, p)
	if err != nil {
		return err
	}
	if err := f.setAside(sums); err != nil {
		return err
	}
	batch := archive.Batch{Headers: from.headers}
	read := 0
	for i := range sums {
		batch.Sources = append(batch.Sources, sourceOf(&sums[i]))
		read += sums[i].Rows
	}
	p.start("writing the ledger", 0)
	total := b.Movements()
	moves, err := w.Import(b, batch, func(n int64) { p.of(n, total, "movements") })
	if err != nil {
		return fmt.Errorf("%s: %w", dir, err)
	}
	p.start("merging", 0)
	if err := w.Merge(false); err != nil {
		return fmt.Errorf("%s: %w", dir, err)
	}
	p.clear()
	for i := range sums {
		for _, note := range sums[i].Notes {
			fmt.Fprintln(c.OutOrStdout(), note)
		}
	}
	fmt.Fprintf(c.OutOrStdout(), "%s of %s %s in %s\n", plural(int(moves), "movement"), plural(read, "row"), isAre(int(moves)), dir)
	return nil
}

// load imports files into a builder.
func (f *ledgerFlags) load(ctx context.Context, b *ledger.Builder, names []string, from *blockLoad, p *progress) ([]ingest.Summary, error) {
	var list []ingest.Input
	names, blocks := splitBlocks(names)
	for _, name := range names {
		list = append(list, ingest.File(name))
	}
	return f.loadInputs(ctx, b, list, blocks, from, totalSize(names), p)
}

func (f *ledgerFlags) loadInputs(ctx context.Context, b *ledger.Builder, list []ingest.Input, blocks []string, from *blockLoad, size int64, p *progress) ([]ingest.Summary, error) {
	opt := ingest.Options{MaxBad: f.maxBad, Read: p.read, Wraps: data.WrapsCoin, Decimals: decimals}
	if f.chain != "" {
		var err error
		if opt.Chain, err = fundtrail.ParseChain(f.chain); err != nil {
			return nil, usage("--chain: %v", err)
		}
	}
	p.start("reading the ledger", size)
	sums, err := ingest.Files(ctx, b, list, opt)
	if err != nil {
		return nil, err
	}
	more, err := from.blocks(ctx, b, blocks, p)
	return append(sums, more...), err
}

// readInputs imports files and makes the ledger, in memory.
func (f *ledgerFlags) readInputs(ctx context.Context, b *ledger.Builder, list []ingest.Input, blocks []string, size int64, p *progress) (*ledger.Memory, []ingest.Summary, error) {
	sums, err := f.loadInputs(ctx, b, list, blocks, &blockLoad{}, size, p)
	if err != nil {
		return nil, nil, err
	}
	p.start("ordering the ledger", 0)
	l, err := b.Seal()
	return l, sums, err
}
