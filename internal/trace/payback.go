package trace

import (
	"fmt"

	"github.com/fundtrail/fundtrail"
)

// PaybackMethod names the rule of Options.Payback.
const PaybackMethod fundtrail.Method = "return-to-payer/1"

// A payback is a payee that once paid its payer, in an asset.
type payback struct {
	payer, payee fundtrail.AddressID
	asset        fundtrail.AssetID
}

// returns reports whether a parcel is a small part of what its payee had paid its payer
// by then. All that was clean value: the payee is not active yet, so nothing tainted has
// come to it.
func (r *run) returns(to fundtrail.AddressID, asset fundtrail.AssetID, pc *parcel, paid fundtrail.Amount) bool {
	if pc.payer == nil || r.back || r.opt.Payback < 0 || r.home(to) || paid.IsZero() {
		return false
	}
	need, overflow := pc.amount.Mul(fundtrail.NewAmount(uint64(r.opt.Payback)))
	if overflow || paid.Less(need) {
		return false
	}
	r.paybacks[payback{pc.payer.addr, to, asset}] = paid
	return true
}

// returnsAgain is returns, by what was found for an earlier parcel.
func (r *run) returnsAgain(to fundtrail.AddressID, asset fundtrail.AssetID, pc *parcel) bool {
	return pc.payer != nil && len(r.paybacks) > 0 && r.returns(to, asset, pc, r.paybacks[payback{pc.payer.addr, to, asset}])
}

func (r *run) paybackVerdict() verdict {
	return verdict{kind: fundtrail.EndReturned, label: "paid back to a payer", own: true,
		reason: fmt.Sprintf("the payee had itself paid the payer at least %d times as much before (%s)", r.opt.Payback, PaybackMethod)}
}
