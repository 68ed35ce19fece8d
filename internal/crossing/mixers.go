package crossing

import (
	"fmt"
	"strings"
	"time"

	"github.com/fundtrail/fundtrail"
)

// Mixers are the pools that traces may have gone through. Asked again about another trace
// they know the senders that the traces before told.
type Mixers struct {
	pools  []*Pool
	assets map[string]fundtrail.Asset // of a pool by its name, where a passage told it
}

// NewMixers returns pools as what passages are found in.
func NewMixers(pools []*Pool) *Mixers {
	return &Mixers{pools, map[string]fundtrail.Asset{}}
}

// Passages says where the value of a trace came out, see [Through], and in sentences what
// of it was left out.
func (m *Mixers) Passages(tr *fundtrail.Trace) (passages []fundtrail.Passage, notes []string, err error) {
	passages, missed, clean, err := Through(tr, m.pools)
	if err != nil {
		return nil, nil, err
	}
	for i := range passages {
		m.assets[passages[i].Pool] = passages[i].Asset
	}
	if clean > 0 {
		notes = append(notes, fmt.Sprintf("Of %d payments into mixers no policy that conserves value holds half to be stolen; they are not followed through.", clean))
	}
	if missed > 0 {
		notes = append(notes, fmt.Sprintf("The pools' events hold no deposit for %d of the payments into mixers; where those came out is not known.", missed))
	}
	return passages, notes, nil
}

// Payouts returns all that the pools paid to whomever, in order of pool and time. A pool
// pays its chain's own coin, or else what a passage told that it takes; where neither is
// known its payouts are left out.
func (m *Mixers) Payouts() []fundtrail.Receipt {
	var out []fundtrail.Receipt
	for _, p := range m.pools {
		asset, known := m.assets[p.Name.String()]
		if info, ok := p.Name.Chain.Info(); !known && ok && strings.EqualFold(info.Symbol, p.Name.Symbol) {
			asset, known = fundtrail.NativeAsset(p.Name.Chain), true
		}
		if !known {
			continue
		}
		for i := range p.Withdrawals {
			w := &p.Withdrawals[i]
			got, _ := p.Note.Sub(w.Fee)
			out = append(out, fundtrail.Receipt{Tx: fundtrail.TxID{Chain: p.Name.Chain, Hash: w.Tx}, Address: w.To.On(p.Name.Chain),
				Asset: asset, Amount: got, Time: time.Unix(w.Time, 0).UTC(), Height: w.Block})
		}
	}
	return out
}
