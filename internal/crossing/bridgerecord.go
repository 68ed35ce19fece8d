package crossing

import (
	"github.com/fundtrail/fundtrail"
)

// Complete adds to a leg what its transaction tells and its event did not: the time; the
// ledger record that carried the value; and where the event was vague (no token, a coarse
// amount or none), token, party and amount, if exactly one transfer fits. Wrapped is as
// in Locate.
func (l *Leg) Complete(tx *fundtrail.Transaction, wrapped func(fundtrail.Asset) bool) {
	if l.Time.IsZero() {
		l.Time = tx.Block.Time
	}
	if l.Coarse || l.Token == UnknownToken {
		l.refine(tx)
	}
	l.Record = Locate(tx, l, l.Contract, wrapped)
	if l.Side == Enters && l.Sender == "" && l.Recipient == "" {
		// Who burns is who is to have it elsewhere, when nothing else says so.
		for i := range tx.Transfers {
			if t := &tx.Transfers[i]; t.ID == l.Record.Transfer && len(t.Outputs) == 0 && len(t.Inputs) == 1 {
				l.Sender = t.Inputs[0].Address.String()
			}
		}
	}
}

// refine takes token, party and amount from the only transfer that fits.
func (l *Leg) refine(tx *fundtrail.Transaction) {
	bridge := func(a fundtrail.Address) bool { return a == l.Contract && !a.IsZero() }
	fits := func(t *fundtrail.Transfer, who int) bool {
		if len(t.Inputs) > 1 || len(t.Outputs) > 1 || t.ID.Index >= fundtrail.FeeIndex || !l.fitsAmount(moved(t)) ||
			l.Token != UnknownToken && t.Asset.Contract.String() != l.Token {
			return false
		}
		payer, payee := party(t.Inputs), party(t.Outputs)
		switch {
		case l.Side == Leaves && l.Recipient != "":
			return who == 0 && payee.String() == l.Recipient
		case l.Side == Leaves:
			return who == 0 && !payee.IsZero() && (bridge(payer) || payer.IsZero())
		case who == 0:
			return l.Sender != "" && payer.String() == l.Sender
		case who == 1:
			return bridge(payee)
		}
		return payee.IsZero()
	}
	for who := range 3 {
		var found *fundtrail.Transfer
		n := 0
		for i := range tx.Transfers {
			if t := &tx.Transfers[i]; fits(t, who) {
				found = t
				n++
			}
		}
		if n > 1 {
			return
		}
		if n == 1 {
			l.Token, l.Amount, l.Coarse = found.Asset.Contract.String(), moved(found), false
			if l.Side == Leaves {
				l.Recipient = party(found.Outputs).String()
			}
			return
		}
	}
}

// fitsAmount reports whether a leg's amount can be this one of the token's.
func (l *Leg) fitsAmount(amount fundtrail.Amount) bool {
	if !l.Coarse || l.Amount.IsZero() {
		return !amount.IsZero() && (l.Amount == amount || l.Coarse)
	}
	// The most by which decimals differ is 18.
	for range 19 {
		if amount == l.Amount {
			return true
		}
		amount, _ = amount.MulDiv(fundtrail.NewAmount(1), fundtrail.NewAmount(10))
		if amount.Less(l.Amount) {
			return false
		}
	}
	return false
}

func party(e []fundtrail.Entry) fundtrail.Address {
	if len(e) == 0 {
		return fundtrail.Address{}
	}
	return e[0].Address
}

// moved is what a transfer of an account chain moves, a burn too.
func moved(t *fundtrail.Transfer) fundtrail.Amount {
	for _, e := range [][]fundtrail.Entry{t.Outputs, t.Inputs} {
		if len(e) > 0 {
			return e[0].Amount
		}
	}
	return fundtrail.Amount{}
}

// Locate returns the ledger record that carried a leg's value, so that a trace can go
// through: of a withdrawal the transfer to its recipient, of a deposit the one that its
// sender paid or, failing that, that the bridge got, or that was burnt; of that token and
// amount. Of a deposit that tells neither sender nor bridge it is any such transfer. It is
// zero when there is none, or more than one. Bridge is the bridge's contract, zero when
// it is not known. A leg in a wrapped coin may have been paid in the coin itself:
// wrapped says which tokens are such, nil for none.
func Locate(tx *fundtrail.Transaction, l *Leg, bridge fundtrail.Address, wrapped func(fundtrail.Asset) bool) fundtrail.TransferOutput {
	from := func(a fundtrail.Address) bool { return a.String() == l.Sender && l.Sender != "" }
	to := func(a fundtrail.Address) bool { return a.String() == l.Recipient && l.Recipient != "" }
	into := func(a fundtrail.Address) bool { return a == bridge && !bridge.IsZero() }
	any := func(fundtrail.Address) bool { return true }
	nobody := func(a fundtrail.Address) bool { return a.IsZero() }
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
			if found, n = only(tx, l, match, any, into); n == 0 {
				found, n = only(tx, l, match, any, nobody)
			}
			if n == 0 && l.Sender == "" && bridge.IsZero() {
				found, n = only(tx, l, match, any, any)
			}
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
		outputs := t.Outputs
		if len(outputs) == 0 && len(t.Inputs) == 1 {
			outputs = []fundtrail.Entry{{Amount: t.Inputs[0].Amount}} // a burn
		}
		for o, out := range outputs {
			if payer && out.Amount == l.Amount && to(out.Address) {
				found = fundtrail.TransferOutput{Transfer: t.ID, Output: uint32(o)}
				n++
			}
		}
	}
	return found, n
}
