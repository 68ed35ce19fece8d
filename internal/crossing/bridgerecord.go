package crossing

import (
	"github.com/fundtrail/fundtrail"
)

// Locate returns the ledger record that carried a leg's value, so that a trace can go
// through: of a withdrawal the transfer to its recipient, of a deposit the one that its
// sender paid or, failing that, that the bridge got; of that token and amount. It is
// zero when there is none, or more than one. Bridge is the bridge's contract, zero when
// it is not known. A leg in a wrapped coin may have been paid in the coin itself:
// wrapped says which tokens are such, nil for none.
func Locate(tx *fundtrail.Transaction, l *Leg, bridge fundtrail.Address, wrapped func(fundtrail.Asset) bool) fundtrail.TransferOutput {
	from := func(a fundtrail.Address) bool { return a.String() == l.Sender && l.Sender != "" }
	to := func(a fundtrail.Address) bool { return a.String() == l.Recipient && l.Recipient != "" }
	into := func(a fundtrail.Address) bool { return a == bridge && !bridge.IsZero() }
	any := func(fundtrail.Address) bool { return true }
	for _, coin := range []bool{false, true} {
		if coin && (wrapped == nil || l.Token == "") {
			break
		}
		match := func(t *fundtrail.Transfer) bool {
			if coin {
				return t.Asset.Contract.IsZero()
			}
			return t.Asset.Contract.String() == l.Token
		}
		if coin {
			a, err := fundtrail.ParseAddress(tx.ID.Chain, l.Token)
			if err != nil || !wrapped(fundtrail.Asset{Chain: tx.ID.Chain, Contract: a}) {
				break
			}
		}
		var found fundtrail.TransferOutput
		n := 0
		if l.Side == Leaves {
			found, n = only(tx, l, match, any, to)
		} else if found, n = only(tx, l, match, from, any); n == 0 {
			found, n = only(tx, l, match, any, into)
		}
		if n == 1 {
			return found
		}
		if n > 1 {
			break
		}
	}
	return fundtrail.TransferOutput{}
}

// only finds outputs of a leg's amount, and says how many there are.
func only(tx *fundtrail.Transaction, l *Leg, asset func(*fundtrail.Transfer) bool, from, to func(fundtrail.Address) bool) (found fundtrail.TransferOutput, n int) {
	for i := range tx.Transfers {
		t := &tx.Transfers[i]
		if t.ID.Index >= fundtrail.FeeIndex || !asset(t) {
			continue
		}
		payer := len(t.Inputs) == 0 && from(fundtrail.Address{})
		for _, in := range t.Inputs {
			payer = payer || from(in.Address)
		}
		for o, out := range t.Outputs {
			if payer && out.Amount == l.Amount && to(out.Address) {
				found = fundtrail.TransferOutput{Transfer: t.ID, Output: uint32(o)}
				n++
			}
		}
	}
	return found, n
}

// Crossing returns what a match tells a trace: false when the record of either leg is
// not known. Its confidence is the probability, rounded down.
func (m *Match) Crossing(deposits, withdrawals []Leg) (fundtrail.Crossing, bool) {
	d, w := &deposits[m.Deposit], &withdrawals[m.Withdrawal]
	if d.Record.Transfer.Tx.IsZero() || w.Record.Transfer.Tx.IsZero() {
		return fundtrail.Crossing{}, false
	}
	return fundtrail.Crossing{
		Kind: fundtrail.Bridge, Protocol: d.Protocol, In: []fundtrail.TransferOutput{d.Record}, Out: []fundtrail.TransferOutput{w.Record},
		Method: m.Method, Confidence: fundtrail.Confidence(100 * m.Probability),
	}, true
}
