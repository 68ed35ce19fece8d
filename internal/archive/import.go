package archive

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/ledger"
)

// scratchName is the file that holds what an import sets aside.
const scratchName = "import.scratch"

// Bound lets a builder whose facts are to be imported hold about so many bytes. What is
// more it sets aside in the ledger's folder until Import or Close.
func (w *Writer) Bound(b *ledger.Builder, size int64) {
	b.Bound(size, func() (ledger.Scratch, error) {
		f, err := w.f.Create(scratchName)
		if err != nil {
			return nil, fmt.Errorf("make %s: %w: %w", scratchName, err, fundtrail.ErrUnavailable)
		}
		w.aside = f
		return f, nil
	})
}

func (w *Writer) dropAside() {
	if w.aside != nil {
		w.aside.Close()
		w.aside = nil
		w.f.Remove(scratchName) // what stays is swept the next time
	}
}

// Held tells of an output that the ledger holds: see ledger.Builder.Held.
func (w *Writer) Held(o fundtrail.TransferOutput) (fundtrail.Address, fundtrail.Amount, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.tails.held(o)
}

func (t *tails) held(o fundtrail.TransferOutput) (fundtrail.Address, fundtrail.Amount, bool) {
	c := t.of(o.Transfer.Tx.Chain)
	out, ok, err := c.output(o)
	if !ok || err != nil {
		return fundtrail.Address{}, fundtrail.Amount{}, false
	}
	info, _ := c.chain.Info()
	var a fundtrail.Address
	if out.payee != nil {
		a, err = addressOf(c.chain, fixedKeys(info), out.payee)
	}
	return a, out.amount, err == nil
}

// Import adds what a builder holds: facts of any blocks, also of such as the ledger holds
// in part. What is there from the lowest of them on is taken back, put together with
// them, and written anew; it costs as much as what lies above that block. The builder
// should Keep; more are headers, coverage and sources. Import returns how many movements
// the builder's facts became, together with what was written anew; wrote, when it is not
// nil, is told how many there are so far.
func (w *Writer) Import(b *ledger.Builder, more Batch, wrote func(movements int64)) (movements int64, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	defer w.dropAside()
	var cuts []truncation
	for chain, lowest := range b.Lowest() {
		if w.tails.of(chain).tip() >= lowest {
			cuts = append(cuts, truncation{Chain: chain, Height: lowest - 1})
		}
	}
	slices.SortFunc(cuts, func(x, y truncation) int { return cmp.Compare(x.Chain, y.Chain) })
	for _, cut := range cuts {
		if err := w.tails.of(cut.Chain).copyFacts(b, cut.Height, ledger.Where{File: b.File("the ledger"), Line: ledger.WholeFile}); err != nil {
			return 0, err
		}
	}
	more = w.keepCut(cuts, more)
	if !b.Spilled() {
		b.Held(w.tails.held)
		if more.Facts, err = b.Seal(); err != nil {
			return 0, err
		}
		return int64(more.Facts.Size()), w.append(cuts, more)
	}
	more.Coverage = append(slices.Clip(more.Coverage), b.Coverage()...)
	err = w.appendParts(cuts, more, func(s *sealer, add func(*ledger.Memory) error) error {
		var failed error
		b.Held(func(o fundtrail.TransferOutput) (fundtrail.Address, fundtrail.Amount, bool) {
			failed = errors.Join(failed, s.wait())
			return s.next.held(o)
		})
		for part, err := range b.Parts() {
			if err = errors.Join(failed, err); err != nil {
				return err
			}
			if err := add(part); err != nil {
				return err
			}
			movements += int64(part.Size())
			if wrote != nil {
				wrote(movements)
			}
		}
		return nil
	})
	return movements, err
}

// keepCut adds to a batch what would go with the blocks that are taken back: nothing that
// was known of them is taken back, so neither is what was claimed.
func (w *Writer) keepCut(cuts []truncation, b Batch) Batch {
	type at struct {
		chain  fundtrail.Chain
		height int64
	}
	told := map[at]bool{}
	for _, h := range b.Headers {
		told[at{h.Chain, h.Height}] = true
	}
	b.Headers, b.Coverage = slices.Clip(b.Headers), slices.Clip(b.Coverage)
	for _, h := range w.tails.headersAbove(cuts) {
		if !told[at{h.Chain, h.Height}] {
			b.Headers = append(b.Headers, h)
		}
	}
	for _, c := range w.st.Coverage {
		if slices.ContainsFunc(cuts, func(t truncation) bool { return t.Chain == c.Chain && c.To > t.Height }) {
			b.Coverage = append(b.Coverage, c.fact())
		}
	}
	return b
}

// headersAbove returns the blocks that cuts take back, whose hashes are known or which
// moved nothing.
func (t *tails) headersAbove(cuts []truncation) (out []fundtrail.Block) {
	for _, cut := range cuts {
		for _, s := range t.of(cut.Chain).segments {
			for b := range s.Blocks {
				if h := s.headerOf(b); h.Height > cut.Height {
					out = append(out, h)
				}
			}
		}
	}
	return out
}

// copyFacts adds what the ledger holds above a height to a builder.
func (c *tail) copyFacts(b *ledger.Builder, above int64, where ledger.Where) error {
	info, _ := c.chain.Info()
	fixed := fixedKeys(info)
	address := func(s *segment, id uint32) (fundtrail.AddressID, error) {
		if id == 0 {
			return fundtrail.NoAddress, nil
		}
		a, err := addressOf(c.chain, fixed, c.key(s, id))
		return b.Address(a), err
	}
	for _, s := range c.segments {
		if s.LastBlock <= above {
			continue
		}
		var ref ledger.TxRef
		for k := newSegmentCursor(s); k.ok(); k.next() {
			h := s.header(k.blockNo)
			if h.height <= above {
				continue
			}
			var err error
			if k.begins {
				if err := b.Relieve(nil); err != nil {
					return err
				}
				ref, err = b.Tx(ledger.Tx{Chain: c.chain, Hash: s.hash(k.number), Height: h.height, Time: h.time, Place: k.told.place, Outcome: k.told.outcome, Where: where})
				if err != nil {
					return err
				}
			}
			r := ledger.Row{Asset: b.Asset(s.tokens[k.row.asset]), Amount: k.amount()}
			r.Kind, r.Index = decodePlace(k.row.place, s.coins)
			if r.From, err = address(s, k.row.from); err != nil {
				return err
			}
			if r.To, err = address(s, k.row.to); err != nil {
				return err
			}
			if r.Kind == fundtrail.MoveInput && k.row.link != noLink {
				if r.Spends, err = c.name(k.row.link - 1); err != nil {
					return err
				}
			}
			if err := b.Add(ref, r); err != nil {
				return err
			}
		}
		if err := s.hot.fail.get(); err != nil {
			return err
		}
	}
	return nil
}

// name names the output at a position of the chain.
func (c *tail) name(at uint64) (o fundtrail.TransferOutput, err error) {
	for _, s := range c.segments {
		if at >= s.First && at < s.First+uint64(s.count) {
			var t txPlace
			if !s.transaction(uint32(at-s.First), &t) {
				break
			}
			return fundtrail.TransferOutput{Transfer: fundtrail.TransferID{Tx: fundtrail.TxID{Chain: c.chain, Hash: s.hash(t.number)}}, Output: t.index}, nil
		}
	}
	return o, damage(string(c.chain), "an input spends what is not there")
}
