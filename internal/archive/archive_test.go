package archive

import (
	"fmt"
	"testing"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/ledger"
	"github.com/fundtrail/fundtrail/internal/ledgertest"
)

// sealed makes the memory ledger of some facts.
func sealed(t testing.TB, txs []fundtrail.Transaction, coverage []fundtrail.Coverage, held *Writer) *ledger.Memory {
	t.Helper()
	b := ledger.NewBuilder()
	b.Keep()
	if held != nil {
		b.Held(held.Held)
	}
	for i := range txs {
		if err := b.Transaction(&txs[i], ledger.Where{}); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range coverage {
		b.Cover(c)
	}
	m, err := b.Seal()
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// A blockKey names a block.
type blockKey struct {
	chain  fundtrail.Chain
	height int64
}

// byBlock returns the facts block by block, each chain's in order.
func byBlock(txs []fundtrail.Transaction) (order []blockKey, blocks map[blockKey][]fundtrail.Transaction) {
	blocks = map[blockKey][]fundtrail.Transaction{}
	for _, t := range txs {
		k := blockKey{t.ID.Chain, t.Block.Height}
		if blocks[k] == nil {
			order = append(order, k)
		}
		blocks[k] = append(blocks[k], t)
	}
	sortBlocks(order)
	return order, blocks
}

func openWriterT(t testing.TB, dir string, opt Options) *Writer {
	t.Helper()
	w, err := OpenWriter(dir, opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close() })
	return w
}

func openT(t testing.TB, dir string) *Reader {
	t.Helper()
	r, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

// TestConformance holds the disk ledger to the contract, written in every way there is.
func TestConformance(t *testing.T) {
	small := Options{Depth: 3, LogRows: 60, SegmentRows: 50}
	t.Run("at once", func(t *testing.T) {
		ledgertest.TestLedger(t, func(t *testing.T, txs []fundtrail.Transaction, coverage []fundtrail.Coverage) fundtrail.Ledger {
			dir := t.TempDir()
			w := openWriterT(t, dir, Options{})
			if err := w.Append(Batch{Facts: sealed(t, txs, coverage, nil)}); err != nil {
				t.Fatal(err)
			}
			return openT(t, dir)
		})
	})
	t.Run("segments", func(t *testing.T) {
		ledgertest.TestLedger(t, func(t *testing.T, txs []fundtrail.Transaction, coverage []fundtrail.Coverage) fundtrail.Ledger {
			dir := t.TempDir()
			w := openWriterT(t, dir, Options{LogRows: 1, SegmentRows: 70})
			if err := w.Append(Batch{Facts: sealed(t, txs, coverage, nil)}); err != nil {
				t.Fatal(err)
			}
			return openT(t, dir)
		})
	})
	for _, merged := range []string{"", " merged", " merged whole", " reopened"} {
		t.Run("block by block"+merged, func(t *testing.T) {
			ledgertest.TestLedger(t, func(t *testing.T, txs []fundtrail.Transaction, coverage []fundtrail.Coverage) fundtrail.Ledger {
				dir := t.TempDir()
				w := openWriterT(t, dir, small)
				order, blocks := byBlock(txs)
				for i, k := range order {
					if merged == " reopened" && i%7 == 0 {
						w.Close()
						w = openWriterT(t, dir, small)
					}
					if err := w.Append(Batch{Facts: sealed(t, blocks[k], nil, w)}); err != nil {
						t.Fatal(err)
					}
					if merged == " merged" && i%11 == 0 {
						if err := w.Merge(false); err != nil {
							t.Fatal(err)
						}
					}
				}
				if merged == " merged whole" {
					if err := w.Merge(true); err != nil {
						t.Fatal(err)
					}
				}
				if err := w.Append(Batch{Coverage: coverage}); err != nil {
					t.Fatal(err)
				}
				return openT(t, dir)
			})
		})
	}
}

var _ = fmt.Sprint
