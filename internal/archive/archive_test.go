package archive

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"math/rand/v2"
	"slices"
	"strings"
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

func sortBlocks(order []blockKey) {
	slices.SortFunc(order, func(x, y blockKey) int {
		return cmp.Or(cmp.Compare(x.chain, y.chain), cmp.Compare(x.height, y.height))
	})
}

func newRand() *rand.Rand { return rand.New(rand.NewPCG(2, 6)) }

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
				dir := newFaultFolder() // which never fails here, and is faster than a disk
				w, err := openWriter(dir, small)
				if err != nil {
					t.Fatal(err)
				}
				order, blocks := byBlock(txs)
				for i, k := range order {
					if merged == " reopened" && i%7 == 0 {
						w.Close()
						if w, err = openWriter(dir, small); err != nil {
							t.Fatal(err)
						}
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
				r, err := openReader(dir)
				if err != nil {
					t.Fatal(err)
				}
				return r
			})
		})
	}
}

// TestBulk: what a bulk adds reads as what was appended, whatever was there before.
func TestBulk(t *testing.T) {
	txs := ledgertest.Random{Addresses: 12, Transactions: 400, Tokens: 2, Gaps: true}.Ledger(rand.New(rand.NewPCG(6, 1)))
	order, blocks := byBlock(txs)
	for _, before := range []int{0, 10, len(order) - 1} {
		dir := t.TempDir()
		w := openWriterT(t, dir, Options{LogRows: 50, SegmentRows: 90})
		for _, k := range order[:before] {
			if err := w.Append(Batch{Facts: sealed(t, blocks[k], nil, w)}); err != nil {
				t.Fatal(err)
			}
		}
		b, err := w.Bulk(fundtrail.Ethereum)
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range order[before:] {
			if err := b.Block(k.height, blocks[k][0].Block.Time.Unix(), fundtrail.Hash{}); err != nil {
				t.Fatal(err)
			}
			for _, tx := range blocks[k] {
				if len(tx.Transfers) == 0 {
					continue
				}
				slices.SortFunc(tx.Transfers, func(x, y fundtrail.Transfer) int { return cmp.Compare(x.ID.Index, y.ID.Index) })
				b.Tx(tx.ID.Hash, tx.Place, ledger.OutcomeUnknown)
				for _, tr := range tx.Transfers {
					var from, to []byte
					var a fundtrail.Amount
					for _, e := range tr.Inputs {
						from, a = e.Address.Payload(), e.Amount
					}
					for _, e := range tr.Outputs {
						to, a = e.Address.Payload(), e.Amount
					}
					kind := fundtrail.Move
					if tr.ID.Index >= fundtrail.FeeIndex {
						kind = fundtrail.MoveFee
					}
					b.Move(kind, tr.ID.Index, b.Asset(tr.Asset), from, to, a)
				}
			}
		}
		if err := b.Block(order[0].height, 0, fundtrail.Hash{}); !errors.Is(err, fundtrail.ErrConflict) {
			t.Errorf("a block that is there: %v", err)
		}
		if err := b.Finish([]fundtrail.Coverage{{Chain: fundtrail.Ethereum, ToBlock: 9, What: fundtrail.AllKinds, Source: "node"}}, nil); err != nil {
			t.Fatal(err)
		}
		want := dump(sealed(t, txs, []fundtrail.Coverage{{Chain: fundtrail.Ethereum, ToBlock: 9, What: fundtrail.AllKinds, Source: "node"}}, nil))
		if got := dump(openT(t, dir)); got != want {
			t.Errorf("with %d blocks before, a bulk reads as something else", before)
		}
		if check, err := Fsck(dir, true); err != nil || len(check.Problems) > 0 {
			t.Errorf("fsck: %v %v", err, check)
		}
		b, err = w.Bulk(fundtrail.Ethereum)
		if err != nil {
			t.Fatal(err)
		}
		if err := b.Block(1e6, 0, fundtrail.Hash{}); err != nil {
			t.Fatal(err)
		}
		b.Abandon()
		if got := dump(openT(t, dir)); got != want {
			t.Error("an abandoned bulk has left something")
		}
	}
}

// TestRebuild mends damaged lists and indexes, and leaves a ledger whose movements are
// damaged alone.
func TestRebuild(t *testing.T) {
	for _, name := range []section{secLists, secKeyDir, secByHash, secHashAt, secListAt, secOldAt, secRows, secKeys, secHashes} {
		f := newFaultFolder()
		steps := script(t, false)
		if _, err := run(f, steps, 0); err != nil {
			t.Fatal(err)
		}
		st, err := readManifest(f)
		if err != nil {
			t.Fatal(err)
		}
		flipped := false
		for file, n := range f.names {
			if !st.names(strings.TrimSuffix(strings.TrimSuffix(file, hotSuffix), coldSuffix)) {
				continue
			}
			c, err := openContainer(file, n.now, true, &failure{})
			if err != nil {
				t.Fatal(err)
			}
			// Here all columns share a page, so its checksum is made right again: what is
			// tested is that what is derived is made anew from what is not.
			if r := c.region(name); r.n > 0 && name >= secLists && name != secKeys && name != secHashes {
				n.now[r.off] ^= 1
				resum(n.now, c)
				flipped = true
			} else if r.n > 0 {
				n.now[r.off] ^= 1
				flipped = true
			}
		}
		if !flipped {
			t.Fatalf("no segment has %s", name)
		}
		w, err := openWriter(f, faultOptions)
		if err == nil {
			err = w.Rebuild()
			w.Close()
		}
		if derived := name != secRows && name != secKeys && name != secHashes; !derived {
			if !errors.Is(err, ErrDamaged) {
				t.Errorf("damaged %s: rebuild says %v", name, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("damaged %s: rebuild: %v", name, err)
		} else if got := stateOf(t, f); got != steps[len(steps)-1].want {
			t.Errorf("damaged %s: rebuilt as something else", name)
		}
	}
}

// resum makes a container's checksums right for what is in it.
func resum(b []byte, c *container) {
	var out bytes.Buffer
	w := newContainer(&out)
	w.page, w.off = nil, 0
	w.Write(b[:c.body])
	w.flush()
	for i, sum := range w.sums {
		binary.LittleEndian.PutUint32(c.sums[4*i:], sum)
	}
	n := len(b)
	binary.LittleEndian.PutUint32(b[n-12:], crc32.Checksum(b[c.body:n-12], castagnoli))
}
