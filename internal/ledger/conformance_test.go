package ledger_test

import (
	"testing"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/ledger"
	"github.com/fundtrail/fundtrail/internal/ledgertest"
)

func TestConformance(t *testing.T) {
	ledgertest.TestLedger(t, func(t *testing.T, txs []fundtrail.Transaction, coverage []fundtrail.Coverage) fundtrail.Ledger {
		b := ledger.NewBuilder()
		for i := range txs {
			if err := b.Transaction(&txs[i], ledger.Where{}); err != nil {
				t.Fatal(err)
			}
		}
		for _, c := range coverage {
			b.Cover(c)
		}
		l, err := b.Seal()
		if err != nil {
			t.Fatal(err)
		}
		return l
	})
}
