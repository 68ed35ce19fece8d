package crossing

import (
	"cmp"
	"iter"
	"slices"
	"time"

	"github.com/fundtrail/fundtrail"
)

// A CustodialFlow is what went into and out of a service's known addresses on one day, or
// in one month, in one asset. It is a sum of facts under a claim: that the addresses are the service's.
// Addresses that nobody listed are missing from it, so that each figure is a lower bound.
type CustodialFlow struct {
	Asset    fundtrail.Asset
	From     time.Time // the first moment of the day or the month, UTC
	In, Out  fundtrail.Amount
	Fees     fundtrail.Amount // paid by the service's own transactions
	Deposits int              // transactions that brought something
	Payouts  int              // transactions that took something
	Shared   int              // of these, those that others signed too: only the net counts
	Unknown  int              // transactions left out because amounts are not known
}

// CustodialFlows adds up by asset and day what went into and out of addresses. What
// they pay to each other, and change that comes back to them, is neither. In less Out
// less Fees is what the ledger should show them to hold, when it has all of their
// transactions.
func CustodialFlows(txs iter.Seq[*fundtrail.Transaction], service map[fundtrail.Address]bool) []CustodialFlow {
	type key struct {
		asset fundtrail.Asset
		day   time.Time
	}
	flows := map[key]*CustodialFlow{}
	for tx := range txs {
		day := tx.Block.Time.UTC().Truncate(24 * time.Hour)
		for i := range tx.Transfers {
			t := &tx.Transfers[i]
			net, ours := netOf(t, service)
			if !ours {
				continue
			}
			f := flows[key{t.Asset, day}]
			if f == nil {
				f = &CustodialFlow{Asset: t.Asset, From: day}
				flows[key{t.Asset, day}] = f
			}
			f.add(net)
		}
	}
	all := make([]CustodialFlow, 0, len(flows))
	for _, f := range flows {
		all = append(all, *f)
	}
	slices.SortFunc(all, func(a, b CustodialFlow) int { return cmp.Or(a.Asset.Compare(b.Asset), a.From.Compare(b.From)) })
	return all
}

// ByMonth adds up the flows of days, which come by asset in the order of time.
func ByMonth(days []CustodialFlow) (months []CustodialFlow) {
	for _, d := range days {
		d.From = time.Date(d.From.Year(), d.From.Month(), 1, 0, 0, 0, 0, time.UTC)
		n := len(months) - 1
		if n < 0 || months[n].Asset != d.Asset || !months[n].From.Equal(d.From) {
			months = append(months, d)
			continue
		}
		m := &months[n]
		in, over := m.In.Add(d.In)
		out, over2 := m.Out.Add(d.Out)
		fees, over3 := m.Fees.Add(d.Fees)
		if over || over2 || over3 {
			m.Unknown += d.Deposits + d.Payouts // no real month comes to 256 bits
			continue
		}
		m.In, m.Out, m.Fees = in, out, fees
		m.Deposits, m.Payouts, m.Shared, m.Unknown = m.Deposits+d.Deposits, m.Payouts+d.Payouts, m.Shared+d.Shared, m.Unknown+d.Unknown
	}
	return months
}

// A netFlow is what one transfer meant to a service.
type netFlow struct {
	in, out, fee fundtrail.Amount
	shared       bool
	unknown      bool
}

func (f *CustodialFlow) add(n netFlow) {
	in, over := f.In.Add(n.in)
	out, over2 := f.Out.Add(n.out)
	fees, over3 := f.Fees.Add(n.fee)
	if n.unknown || over || over2 || over3 {
		f.Unknown++
		return
	}
	f.In, f.Out, f.Fees = in, out, fees
	if !n.in.IsZero() {
		f.Deposits++
	}
	if !n.out.IsZero() {
		f.Payouts++
	}
	if n.shared {
		f.Shared++
	}
}

// netOf nets one transfer; ours is false when no address of the service is in it.
func netOf(t *fundtrail.Transfer, service map[fundtrail.Address]bool) (n netFlow, ours bool) {
	var spent, got, all, paid fundtrail.Amount
	mine, blank := 0, false
	sum := func(to *fundtrail.Amount, a fundtrail.Amount) {
		var over bool
		*to, over = to.Add(a)
		n.unknown = n.unknown || over
	}
	for _, e := range t.Inputs {
		sum(&all, e.Amount)
		if service[e.Address] {
			mine++
			sum(&spent, e.Amount)
			blank = blank || e.Amount.IsZero()
		}
	}
	for _, e := range t.Outputs {
		sum(&paid, e.Amount)
		if service[e.Address] {
			ours = true
			sum(&got, e.Amount)
		}
	}
	if ours = ours || mine > 0; !ours {
		return n, false
	}
	n.unknown = n.unknown || blank
	n.shared = mine > 0 && mine < len(t.Inputs)
	if mine > 0 && !n.shared {
		n.fee, _ = all.Sub(paid)
		if paid.Cmp(all) > 0 {
			n.unknown = true
		}
	}
	if left, under := spent.Sub(got); under {
		n.in, _ = got.Sub(spent)
	} else {
		n.out, under = left.Sub(n.fee)
		n.unknown = n.unknown || under
	}
	return n, true
}

// ChipMixer's chips were coins of 0.001 bitcoin times a power of two, each at an address
// of its own whose key the customer was given; value then moves without a transaction.
const (
	smallestChip = 100_000
	largestChip  = smallestChip << 13
)

// ChipsMethod is the rule of [RecogniseChips].
const ChipsMethod fundtrail.Method = "chipmixer-chips/1"

// Chips are outputs that can be a ChipMixer's.
type Chips struct {
	Groups     []EqualOutputs // by amount
	Confidence fundtrail.Confidence
}

// RecogniseChips says whether a transaction's outputs look like a ChipMixer's: five or
// more chips, each at an address of its own, and at most one output beside them. Small
// chips are round amounts that anybody pays, so confidence is low where there are no
// others; it is never high, because no truth with amounts was at hand to measure it.
func RecogniseChips(tx *fundtrail.Transaction) (c Chips, ok bool) {
	var t coinTx
	if !t.read(tx) || t.carrier || len(t.groups) == 0 || repeats(t.Outputs) > 0 {
		return Chips{}, false
	}
	if cj, mixed := RecogniseCoinJoin(tx); mixed && cj.Kind.Mixes() {
		return Chips{}, false
	}
	byAmount := map[uint64][]uint32{}
	chips, odd := 0, 0
	for o, v := range t.out {
		if isChip(v) {
			chips++
			byAmount[v] = append(byAmount[v], uint32(o))
			if v >= 16*smallestChip {
				odd++
			}
		}
	}
	if chips < 5 || t.paid-chips > 1 {
		return Chips{}, false
	}
	for v, outputs := range byAmount {
		c.Groups = append(c.Groups, EqualOutputs{v, outputs})
	}
	slices.SortFunc(c.Groups, func(a, b EqualOutputs) int { return cmp.Compare(a.Amount, b.Amount) })
	if c.Confidence = 20; odd >= 5 {
		c.Confidence = 50
	}
	return c, true
}

func isChip(v uint64) bool {
	return v >= smallestChip && v <= largestChip && v%smallestChip == 0 && (v/smallestChip)&(v/smallestChip-1) == 0
}
