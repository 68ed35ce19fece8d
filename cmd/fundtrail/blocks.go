package main

import (
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"slices"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/archive"
	"github.com/fundtrail/fundtrail/internal/chain/bitcoin"
	"github.com/fundtrail/fundtrail/internal/ingest"
	"github.com/fundtrail/fundtrail/internal/ledger"
)

// splitBlocks tells the block files of a node from other files of a ledger.
func splitBlocks(names []string) (files, blocks []string) {
	for _, name := range names {
		switch {
		case bitcoin.IsBlockFile(name):
			blocks = append(blocks, name)
		case !bitcoin.IsBeside(name):
			files = append(files, name)
		}
	}
	return files, blocks
}

// A blockLoad is what reading block files needs and gives beside facts.
type blockLoad struct {
	w       *archive.Writer // the ledger that they are added to; nil for none
	memory  int64           // for coins; 0 for the default
	headers []fundtrail.Block
}

// options say how to read a chain's block files. What they spend of earlier blocks, and how
// high they stand, the ledger tells that they are added to.
func (l *blockLoad) options(chain fundtrail.Chain, p *progress) bitcoin.Options {
	opt := bitcoin.Options{Memory: l.memory, Read: p.read}
	if l.w == nil {
		return opt
	}
	opt.Held = l.w.Held
	opt.Height = func(hash fundtrail.Hash) (int64, bool) {
		for height := l.w.Tip(chain); height >= 0; height-- {
			if b, ok := l.w.Block(chain, height); ok && b.Hash == hash {
				return height, true
			}
		}
		return 0, false
	}
	return opt
}

// blocks adds the chains that block files hold, and says what each gave.
func (l *blockLoad) blocks(ctx context.Context, b *ledger.Builder, names []string, p *progress) (sums []ingest.Summary, err error) {
	files := map[fundtrail.Chain][]string{}
	params := map[fundtrail.Chain]bitcoin.Params{}
	for _, name := range names {
		of, err := bitcoin.ParamsOfFile(name)
		if err != nil {
			return nil, err
		}
		params[of.Chain] = of
		files[of.Chain] = append(files[of.Chain], name)
	}
	for _, chain := range slices.Sorted(maps.Keys(files)) {
		of := params[chain]
		sum, err := l.chain(ctx, b, &of, files[chain], p)
		if err != nil {
			return nil, err
		}
		sums = append(sums, sum)
	}
	return sums, nil
}

func (l *blockLoad) chain(ctx context.Context, b *ledger.Builder, of *bitcoin.Params, names []string, p *progress) (ingest.Summary, error) {
	p.start("reading blocks", totalSize(names))
	f, err := bitcoin.OpenFiles(ctx, of, names, l.options(of.Chain, p))
	if err != nil {
		return ingest.Summary{}, err
	}
	defer f.Close()
	name := filepath.Base(slices.Min(names))
	if len(names) > 1 {
		name = fmt.Sprintf("%s and %d more", name, len(names)-1)
	}
	got, err := ingest.Blocks(ctx, b, f, name, f.Report().First, -1)
	if err != nil {
		return ingest.Summary{}, err
	}
	l.headers = append(l.headers, got.Headers...)
	r := f.Report()
	return ingest.Summary{
		File: name, Format: "block files", SHA256: r.SHA256, Bytes: r.Bytes, Rows: r.Blocks, Transactions: got.Transactions,
		Kinds: fundtrail.ValueTransfers, Blocks: [2]int64{r.First, r.Last}, Notes: blockNotes(of, &r, &got),
	}, nil
}

// blockNotes say what block files hold and lack.
func blockNotes(of *bitcoin.Params, r *bitcoin.Report, got *ingest.SourceSummary) (notes []string) {
	note := func(format string, args ...any) { notes = append(notes, fmt.Sprintf(format, args...)) }
	info, _ := of.Chain.Info()
	note("The ledger holds blocks %d to %d of %s, read from a node's block files; the last is %x.", r.First, r.Last, info.Name, r.Tip)
	if got.Partial > 0 {
		note("Of %s in those blocks some input was made before block %d, which the files do not hold: what they moved is not in the ledger.", plural(got.Partial, "transaction"), r.First)
	}
	if n := len(r.Stale); n > 0 {
		note("Left out: %s that lost to others of their height, the first of them block %d, %x.", plural(n, "block"), r.Stale[0].Height, r.Stale[0].Hash)
	}
	if r.Apart > 0 {
		note("Left out: %s of the files that no way leads to from block %d, such as %x: a block file may be missing.", plural(r.Apart, "block"), r.First, r.ApartHash)
	}
	if r.Truncated != "" {
		note("The block files were being written, or were cut: the last block is not whole.")
	}
	if r.Repeated > 0 {
		note("Left out: %s that repeat an earlier one to the bit, and replaced its coins.", plural(r.Repeated, "coinbase"))
	}
	return notes
}
