package crossing

import (
	"time"

	"github.com/fundtrail/fundtrail"
)

// ReadTransaction returns a transaction of an account chain with the transfers that a
// ledger holds of it. Its events are not in a ledger.
func ReadTransaction(l fundtrail.Ledger, span fundtrail.Span) fundtrail.Transaction {
	tx := fundtrail.Transaction{ID: span.ID, Block: fundtrail.Block{Chain: span.ID.Chain, Height: span.Height, Time: time.Unix(span.Time, 0).UTC()}}
	var m fundtrail.Movement
	for p := span.First; p < span.End; p++ {
		l.Movement(p, &m)
		t := fundtrail.Transfer{ID: l.Output(p).Transfer, Asset: l.Asset(m.Asset)}
		if m.From != fundtrail.NoAddress {
			t.Inputs = []fundtrail.Entry{{Address: l.Address(m.From), Amount: m.Amount}}
		}
		if m.To != fundtrail.NoAddress {
			t.Outputs = []fundtrail.Entry{{Address: l.Address(m.To), Amount: m.Amount}}
		}
		if m.Kind == fundtrail.MoveFee {
			t.Fee = m.Amount
		}
		tx.Transfers = append(tx.Transfers, t)
	}
	return tx
}
