package crossing

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/ledger"
	"github.com/fundtrail/fundtrail/internal/trace"
)

// memory puts an emulation's chain into a ledger: transactions in the order of the chain,
// each in a block of its own. What spends coins from before the data is new money.
func (e *emulation) memory(t *testing.T) *ledger.Memory {
	t.Helper()
	b := ledger.NewBuilder()
	held := map[fundtrail.TransferOutput]bool{}
	for i, tx := range e.txs {
		tr := tx.Transfers[0]
		if slices.ContainsFunc(tr.Inputs, func(in fundtrail.Entry) bool { return !held[in.Spends] }) {
			tr.Inputs = nil
		}
		for o := range tr.Outputs {
			held[fundtrail.TransferOutput{Transfer: tr.ID, Output: uint32(o)}] = true
		}
		tx.Transfers = []fundtrail.Transfer{tr}
		tx.Block.Height = int64(i + 1)
		if err := b.Transaction(&tx, ledger.Where{}); err != nil {
			t.Fatal(err)
		}
	}
	m, err := b.Seal()
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestCoinJoinTraceQuality holds what a trace says about CoinJoins against wallets that are
// known. Of every CoinJoin that it recognises in the emulations, each owner in turn is a
// thief: the coins that it spends there are stolen, and followed to the end of the chain,
// through whatever CoinJoins their sure change goes on to.
func TestCoinJoinTraceQuality(t *testing.T) {
	var b bytes.Buffer
	fmt.Fprintln(&b, `Traces through CoinJoins of test networks, where wallets are known. Written by
TestCoinJoinTraceQuality; do not edit. Of every CoinJoin each owner in turn is the thief; an output is right when it belongs
to a wallet that put stolen coins in. A trace reports no output with odds below 0.1.`)
	for _, archive := range []string{"emul__joinmarket_1taker_2tumbler_40maker_pruned.zip", "emul__ww2_lognorm-static-5utxo.zip"} {
		e := readEmulation(t, archive)
		c := calibration{e: e, ledger: e.memory(t)}
		for i := range e.txs {
			tr := &e.txs[i].Transfers[0]
			if cj, ok := RecogniseCoinJoin(&e.txs[i]); !ok || !cj.Kind.Mixes() {
				continue
			}
			stolen := map[string][]fundtrail.Theft{}
			for _, in := range tr.Inputs {
				owner := e.owner[in.Address]
				stolen[owner] = append(stolen[owner], fundtrail.Theft{Tx: in.Spends.Transfer.Tx, Index: in.Spends.Output, HasIndex: true})
			}
			for _, owner := range slices.Sorted(maps.Keys(stolen)) {
				c.trace(t, stolen[owner])
			}
		}
		c.write(&b, archive)
	}
	goldenCoinJoin(t, "coinjoin-trace-quality.txt", b.Bytes())
}

// A calibration counts how often traces were right.
type calibration struct {
	e        *emulation
	ledger   *ledger.Memory
	traces   int
	passages int
	bins     [6]struct {
		n, own int
		odds   float64
	}
	changes, changesRight int
	carried, carriedOwn   float64 // value that withdrawals carry, and of it in own outputs
}

func (c *calibration) trace(t *testing.T, stolen []fundtrail.Theft) {
	t.Helper()
	tr, err := trace.Run(t.Context(), trace.Input{Ledger: c.ledger, Thefts: stolen, Mixes: NewCoinJoins(c.ledger)}, trace.Options{Hub: 1 << 30})
	if err != nil {
		t.Fatal(err)
	}
	c.traces++
	for i := range tr.Hops {
		h := &tr.Hops[i]
		if h.Crossing == nil || len(h.Crossing.Out) == 0 {
			continue
		}
		c.changes++
		right := true
		for _, in := range h.Crossing.In {
			right = right && c.ownerOf(in) == c.e.owner[h.To]
		}
		if right {
			c.changesRight++
		}
	}
	passages, missed, err := ThroughCoinJoins(tr, c.ledger)
	if err != nil || missed.Unknown > 0 {
		t.Fatal(missed, err)
	}
	for i := range passages {
		c.passage(t, &passages[i])
	}
}

// ownerOf is the wallet of a ledger's output.
func (c *calibration) ownerOf(o fundtrail.TransferOutput) string {
	span, _ := c.ledger.FindTx(o.Transfer.Tx)
	tx, _ := ReadCoinTransaction(c.ledger, span)
	return c.e.owner[tx.Transfers[0].Outputs[o.Output].Address]
}

func (c *calibration) passage(t *testing.T, p *fundtrail.Passage) {
	t.Helper()
	c.passages++
	wallets := map[string]bool{}
	for _, d := range p.Deposits {
		wallets[c.ownerOf(d)] = true
	}
	for k := range p.Withdrawals {
		w := &p.Withdrawals[k]
		if w.Carries.Cmp(w.Amount) > 0 || w.AnonymitySet < 1 || w.Certainty == Unlikely {
			t.Fatalf("withdrawal %+v", w)
		}
		v, _ := w.Carries.Big().Float64()
		bin := &c.bins[min(5, int(w.Probability*5))]
		if w.Probability >= 0.95 {
			bin = &c.bins[5]
		}
		bin.n++
		bin.odds += w.Probability
		c.carried += v
		if wallets[c.e.owner[w.To]] {
			bin.own++
			c.carriedOwn += v
		}
	}
}

func (c *calibration) write(b *bytes.Buffer, archive string) {
	fmt.Fprintf(b, "\n%s\n  %d traces, %d passages through CoinJoins\n", archive, c.traces, c.passages)
	fmt.Fprintf(b, "  sure changes that a trace went on with: right %s\n", shareOf(c.changesRight, c.changes))
	for k, x := range c.bins {
		if x.n == 0 {
			continue
		}
		from, to := max(0.1, float64(k)/5), float64(k+1)/5
		if k == 5 {
			from, to = 0.95, 1
		}
		fmt.Fprintf(b, "  odds %.2f to %.2f  %7d outputs, odds in the mean %.3f, right %.3f\n", from, to, x.n, x.odds/float64(x.n), quotientOf(x.own, x.n))
	}
	fmt.Fprintf(b, "  of the value that outputs carry by these odds, %.3f is in the wallets' own\n", c.carriedOwn/max(c.carried, 1))
}
