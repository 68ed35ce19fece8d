package crossing

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/fundtrail/fundtrail"
)

// maxSaid is how many single cases a note names.
const maxSaid = 10

// Passages says where the value of a trace came out of bridges that the trace did not
// follow through: a passage for each payment that ends at a bridge, with what its own ids
// pair and the ledger does not hold, and with what may be its payout by rank. Notes say
// what is left out.
func (b *Bridges) Passages(tr *fundtrail.Trace) (passages []fundtrail.Passage, notes []string, err error) {
	o := &over{b: b, at: map[int]int{}, seen: map[fundtrail.TransferOutput]bool{}, came: map[fundtrail.TransferOutput]bool{}}
	for i := range tr.Hops {
		o.came[tr.Hops[i].Record] = true
	}
	missed := 0
	for i := range tr.Hops {
		h := &tr.Hops[i]
		if h.End < 0 || tr.Ends[h.End].Kind != fundtrail.EndBridge || h.Kind == fundtrail.HopFee {
			continue
		}
		if w, known := b.at[h.Record]; known {
			o.deposit(w, h)
		} else {
			missed++
		}
	}
	for i := range o.list {
		p := &o.list[i]
		slices.SortFunc(p.Withdrawals, func(x, y fundtrail.Withdrawal) int {
			return cmp.Or(x.Time.Compare(y.Time), cmp.Compare(x.Tx.Chain, y.Tx.Chain), slices.Compare(x.Tx.Hash[:], y.Tx.Hash[:]),
				cmp.Compare(x.Record.Transfer.Index, y.Record.Transfer.Index), cmp.Compare(x.Record.Output, y.Record.Output), x.To.Compare(y.To),
				x.Amount.Cmp(y.Amount), cmp.Compare(y.Probability, x.Probability))
		})
	}
	if missed > 0 {
		notes = append(notes, fmt.Sprintf("The bridges' events hold no deposit for %d of the payments into bridges; where those came out is not known.", missed))
	}
	notes = said(notes, o.without, "of the payments into bridges have no payout in the events")
	return o.list, said(notes, o.elsewhere, "payouts of bridges are on chains, or of assets, that are not known here"), nil
}

// said adds a sentence about cases, of which it names the first.
func said(notes, cases []string, what string) []string {
	if len(cases) == 0 {
		return notes
	}
	s := fmt.Sprintf("%d %s: ", len(cases), what)
	for i, c := range cases[:min(len(cases), maxSaid)] {
		if i > 0 {
			s += "; "
		}
		s += c
	}
	if more := len(cases) - maxSaid; more > 0 {
		s += fmt.Sprintf("; and %d more", more)
	}
	return append(notes, s+".")
}

// An over gathers passages.
type over struct {
	b                  *Bridges
	at                 map[int]int                       // passage of a way
	seen, came         map[fundtrail.TransferOutput]bool // payments told; records of the trace
	list               []fundtrail.Passage
	without, elsewhere []string
}

// deposit adds a hop's payment into a bridge.
func (o *over) deposit(w int, h *fundtrail.Hop) {
	if o.seen[h.Record] {
		return
	}
	o.seen[h.Record] = true
	if i, known := o.at[w]; known {
		if i < 0 {
			return
		}
		p := &o.list[i]
		p.Deposits, p.Last, p.Note = append(p.Deposits, h.Record), h.Time, fundtrail.Amount{}
		return
	}
	o.at[w] = -1
	p := fundtrail.Passage{Kind: fundtrail.Bridge, Asset: h.Asset, Note: h.Amount, Depositor: h.From, Deposits: []fundtrail.TransferOutput{h.Record}, First: h.Time, Last: h.Time}
	open := false
	for _, d := range o.b.ways[w].deposits {
		leg := &o.b.deposits[d]
		p.Protocol, p.Pool = leg.Protocol, route{leg.Protocol, leg.Tx.Chain, leg.Peer}.String()
		m, paired := o.b.paid[d]
		switch {
		case paired && h.Crossing != nil && o.came[o.b.withdrawals[m.Withdrawal].Record]:
			continue // the trace goes on with it
		case paired:
			o.withdrawal(&p, m.Withdrawal, m.Probability, m.Method, 1)
		default:
			for _, c := range o.b.ranked[d] {
				o.withdrawal(&p, c.withdrawal, c.probability, PairedRank, o.b.rivals[c.withdrawal])
			}
			if len(o.b.ranked[d]) == 0 {
				o.without = append(o.without, leg.bound())
			}
		}
		open = true
	}
	if open {
		o.at[w] = len(o.list)
		o.list = append(o.list, p)
	}
}

// withdrawal adds what may be a passage's payout.
func (o *over) withdrawal(p *fundtrail.Passage, w int, probability float64, method fundtrail.Method, rivals int) {
	leg := &o.b.withdrawals[w]
	out := fundtrail.Withdrawal{
		Tx: leg.Tx, Time: leg.Time, Asset: fundtrail.NativeAsset(leg.Tx.Chain), Amount: leg.Amount, Carries: leg.Amount,
		Probability: probability, Certainty: CertaintyOf(probability), Method: method, AnonymitySet: rivals,
	}
	if o.b.held[w] {
		out.Record = leg.Record
	}
	var err, bad error
	out.To, err = fundtrail.ParseAddress(leg.Tx.Chain, leg.Recipient)
	if leg.Token != "" {
		out.Asset.Contract, bad = fundtrail.ParseAddress(leg.Tx.Chain, leg.Token)
	}
	if err != nil || bad != nil || leg.Coarse {
		o.elsewhere = append(o.elsewhere, fmt.Sprintf("%s %s on %s, to %s, by %s with probability %.3f", leg.Protocol, leg.Tx, leg.Tx.Chain, cmp.Or(leg.Recipient, "somebody not told"), method, probability))
		return
	}
	p.Withdrawals = append(p.Withdrawals, out)
}

// bound says what a deposit says of its payout.
func (l *Leg) bound() string {
	s := fmt.Sprintf("%s %s", l.Protocol, l.Tx)
	if l.Recipient != "" {
		s += ", for " + l.Recipient
	}
	if l.Peer != "" {
		s += " on " + string(l.Peer)
	}
	return s
}

// String returns "eth to polygon", or "eth" where the other end is not told.
func (r route) String() string {
	if r.to == "" {
		return string(r.from)
	}
	return string(r.from) + " to " + string(r.to)
}

// Payouts returns none: what came out and no ledger record shows stands in the passages.
func (b *Bridges) Payouts() []fundtrail.Receipt { return nil }
