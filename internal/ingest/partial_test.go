package ingest

import (
	"context"
	"iter"
	"testing"
	"time"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/ledger"
)

// given is a source of blocks that stand in a list.
type given []fundtrail.BlockFacts

func (s given) Head(context.Context) (fundtrail.Block, error) { return s[len(s)-1].Block, nil }

func (s given) Blocks(_ context.Context, from int64) iter.Seq2[fundtrail.BlockFacts, error] {
	return func(yield func(fundtrail.BlockFacts, error) bool) {
		for _, f := range s {
			if f.Block.Height >= from && !yield(f, nil) {
				return
			}
		}
	}
}

// TestPartial: a transaction of which some input is not known is left out and counted, what
// spends its outputs stays, and its block is not claimed to be whole.
func TestPartial(t *testing.T) {
	var s given
	coin := func(b byte) fundtrail.Address { return fundtrail.KeyHashAddress(fundtrail.Bitcoin, [20]byte{b}) }
	for h := range 3 {
		f := fundtrail.BlockFacts{Block: fundtrail.Block{Chain: fundtrail.Bitcoin, Height: int64(h), Time: time.Unix(int64(1000+h), 0)}, Whole: fundtrail.AllKinds}
		f.Block.Hash[0] = byte(h + 1)
		f.Block.Parent[0] = byte(h)
		tx := fundtrail.Transaction{ID: fundtrail.TxID{Chain: fundtrail.Bitcoin, Hash: fundtrail.Hash{byte(h + 1)}}, Block: f.Block}
		tr := fundtrail.Transfer{ID: fundtrail.TransferID{Tx: tx.ID}, Asset: fundtrail.NativeAsset(fundtrail.Bitcoin), Outputs: []fundtrail.Entry{{Address: coin(byte(h)), Amount: fundtrail.NewAmount(5)}}}
		spends := func(h byte) fundtrail.TransferOutput {
			return fundtrail.TransferOutput{Transfer: fundtrail.TransferID{Tx: fundtrail.TxID{Chain: fundtrail.Bitcoin, Hash: fundtrail.Hash{h}}}}
		}
		switch h {
		case 1:
			tr.Inputs, tx.Partial, f.Whole = []fundtrail.Entry{{Spends: spends(99)}}, true, 0
		case 2:
			tr.Inputs = []fundtrail.Entry{{Address: coin(1), Amount: fundtrail.NewAmount(5), Spends: spends(2)}}
		}
		tx.Transfers = []fundtrail.Transfer{tr}
		f.Transactions = []fundtrail.Transaction{tx}
		s = append(s, f)
	}
	b := ledger.NewBuilder()
	sum, err := Blocks(t.Context(), b, s, "blocks", 0, -1)
	if err != nil || sum.Transactions != 2 || sum.Partial != 1 {
		t.Fatalf("%+v, %v", sum, err)
	}
	l, err := b.Seal()
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := l.FindTx(s[1].Transactions[0].ID); ok || l.Size() != 3 {
		t.Errorf("%d movements, the partial transaction among them: %v", l.Size(), ok)
	}
	if c := l.Coverage(); len(c) != 2 || c[0].ToBlock != 0 || c[1].FromBlock != 2 {
		t.Errorf("%+v", c)
	}
}
