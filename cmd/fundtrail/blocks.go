package main

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/chain/bitcoin"
	"github.com/fundtrail/fundtrail/internal/ingest"
	"github.com/fundtrail/fundtrail/internal/ledger"
	"github.com/fundtrail/fundtrail/internal/report"
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

// loadBlocks adds the chains that block files hold.
func (in *inputs) loadBlocks(ctx context.Context, b *ledger.Builder, names []string, p *progress) error {
	chains := map[fundtrail.Chain][]string{}
	params := map[fundtrail.Chain]bitcoin.Params{}
	var order []fundtrail.Chain
	for _, name := range names {
		of, err := bitcoin.ParamsOfFile(name)
		if err != nil {
			return err
		}
		if _, ok := params[of.Chain]; !ok {
			params[of.Chain] = of
			order = append(order, of.Chain)
		}
		chains[of.Chain] = append(chains[of.Chain], name)
	}
	slices.Sort(order)
	for _, chain := range order {
		of := params[chain]
		if err := in.loadChain(ctx, b, &of, chains[chain], p); err != nil {
			return err
		}
	}
	return nil
}

func (in *inputs) loadChain(ctx context.Context, b *ledger.Builder, of *bitcoin.Params, names []string, p *progress) (err error) {
	p.start("reading blocks", totalSize(names))
	f, err := bitcoin.OpenFiles(ctx, of, names, bitcoin.Options{Read: p.read})
	if err != nil {
		return err
	}
	defer f.Close()
	name := filepath.Base(slices.Min(names))
	if len(names) > 1 {
		name = fmt.Sprintf("%s and %d more", name, len(names)-1)
	}
	sum, err := ingest.Blocks(ctx, b, f, name, f.Report().First, -1)
	if err != nil {
		return err
	}
	in.noteBlocks(of, f.Report(), &sum)
	r := f.Report()
	in.files = append(in.files, report.Input{Role: "blocks", Name: name, SHA256: report.Digest(r.SHA256), Bytes: r.Bytes, Rows: r.Blocks})
	return nil
}

// noteBlocks notes what block files lack.
func (in *inputs) noteBlocks(of *bitcoin.Params, r bitcoin.Report, sum *ingest.SourceSummary) {
	info, _ := of.Chain.Info()
	in.note("The ledger holds blocks %d to %d of %s, read from a node's block files; the last is %x.", r.First, r.Last, info.Name, r.Tip)
	if sum.Partial > 0 {
		in.note("Of %d transactions in those blocks some input was made before block %d, which the files do not hold: what they moved is not in the ledger.", sum.Partial, r.First)
	}
	if n := len(r.Stale); n > 0 {
		in.note("Left out: %s that lost to others of their height, the first of them block %d, %x.", plural(n, "block"), r.Stale[0].Height, r.Stale[0].Hash)
	}
	if r.Apart > 0 {
		in.note("Left out: %s of the files that no way leads to from block %d, such as %x: a block file may be missing.", plural(r.Apart, "block"), r.First, r.ApartHash)
	}
	if r.Truncated != "" {
		in.note("The block files were being written, or were cut: the last block is not whole.")
	}
	if r.Repeated > 0 {
		in.note("Left out: %s that repeat an earlier one to the bit, and replaced its coins.", plural(r.Repeated, "coinbase"))
	}
}
