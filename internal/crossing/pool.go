package crossing

import (
	"sort"

	"github.com/fundtrail/fundtrail"
)

// account fills what the order of events gives. Within one block deposits come first:
// the events do not tell, and a note can be taken out in the block it was paid in.
func (p *Pool) account() {
	p.before = make([]int, len(p.Withdrawals))
	d := 0
	for i := range p.Withdrawals {
		for d < len(p.Deposits) && p.Deposits[d].Block <= p.Withdrawals[i].Block {
			d++
		}
		p.before[i] = d
		p.Overdrawn = max(p.Overdrawn, i+1-d)
	}
}

// Before returns how many deposits the pool had when withdrawal i was made: any of their
// notes can be the one it took, so this is its anonymity set before anything is inferred.
func (p *Pool) Before(i int) int { return p.before[i] }

// A Balance is a pool's account at a moment.
type Balance struct {
	Block       int64 // of the last event counted, 0 when there is none
	Deposits    int   // so far: the anonymity set of a withdrawal made now
	Withdrawals int
	Unspent     int // notes still in the pool
	In, Out     fundtrail.Amount
	Held        fundtrail.Amount // In less Out
	Fees        fundtrail.Amount // the part of Out that relayers kept
	// Senders is how many different senders the deposits have, as far as senders are
	// known; Told is of how many deposits they are.
	Senders, Told int
	Recipients    int
}

// AsOf returns the pool's account when all of a block's events had taken effect.
func (p *Pool) AsOf(block int64) Balance {
	nd := sort.Search(len(p.Deposits), func(i int) bool { return p.Deposits[i].Block > block })
	nw := sort.Search(len(p.Withdrawals), func(i int) bool { return p.Withdrawals[i].Block > block })
	b := Balance{Deposits: nd, Withdrawals: nw, Unspent: nd - nw}
	if nd > 0 {
		b.Block = p.Deposits[nd-1].Block
	}
	if nw > 0 {
		b.Block = max(b.Block, p.Withdrawals[nw-1].Block)
	}
	b.In, _ = p.Note.Mul(fundtrail.NewAmount(uint64(nd)))
	b.Out, _ = p.Note.Mul(fundtrail.NewAmount(uint64(nw)))
	b.Held, _ = b.In.Sub(b.Out.Min(b.In))
	senders, recipients := map[Account]bool{}, map[Account]bool{}
	for i := range p.Deposits[:nd] {
		if s := p.Deposits[i].Sender; !s.IsZero() {
			senders[s] = true
			b.Told++
		}
	}
	for i := range p.Withdrawals[:nw] {
		b.Fees, _ = b.Fees.Add(p.Withdrawals[i].Fee)
		recipients[p.Withdrawals[i].To] = true
	}
	b.Senders, b.Recipients = len(senders), len(recipients)
	return b
}

// Now returns the pool's account at its last event.
func (p *Pool) Now() Balance { return p.AsOf(1<<63 - 1) }

// From returns how many of the deposits up to a block the accounts made, and what they
// are worth. With senders that are stolen money's depositors this is the stolen part of
// what went in; deposits whose sender is not known can only add to it: told is how many
// of the deposits have a known sender.
func (p *Pool) From(senders map[Account]bool, block int64) (notes, told int, worth fundtrail.Amount) {
	for i := range p.Deposits {
		d := &p.Deposits[i]
		if d.Block > block {
			break
		}
		if !d.Sender.IsZero() {
			told++
			if senders[d.Sender] {
				notes++
			}
		}
	}
	worth, _ = p.Note.Mul(fundtrail.NewAmount(uint64(notes)))
	return notes, told, worth
}
