// Package trace follows stolen value through a ledger, forward to where it is or
// backward to where it came from, under every taint policy at once, and bounds what
// can have reached each end under any policy that neither makes nor loses value.
//
// It is pure: facts come through fundtrail.Ledger, claims as tags, and the same
// input gives the same trace.
//
// # One pass
//
// Movements are visited once, in ledger order (backward: in reverse). A balance of
// one asset at one address is a holding; tainted value arriving there makes it
// active, and from then on every movement of that address is visited. On chains that
// record coins, a tainted coin leads to the transaction that spends it. Value moves
// only after it arrived, because nothing is visited before its turn.
//
// # Order inside a transaction
//
// The movements of an account chain's transaction take effect in the order of their
// index: the value sent, internal transfers in trace order, token transfers in log
// order, the fee last. Where swaps are followed, what goes into one comes before what
// comes out of it, and each balance keeps the order of its own movements: see plan.go. A
// coin transaction's outputs take its inputs in their order, and the fee takes what is
// left. FIFO and LIFO depend on this. A CoinJoin has no order: where [Input] has Mixes,
// value ends in it, but for what is surely its owner's change.
//
// # Policies
//
// See doc/methods.md for each policy's rule, source and known failures.
//
//   - fifo, lifo: a balance is a queue or a stack of lots; a payment carries its lots
//     in the order they were taken, so a lot keeps its place from hop to hop.
//   - haircut: a payment takes tainted value pro rata, rounded down; what rounding
//     leaves stays with the payer. A payment of the whole balance takes all of it.
//   - tainted-first, tainted-last: the two extremes on accounts.
//   - tiho: the tainted inputs of a coin transaction go to its highest outputs.
//   - poison: whatever a tainted balance pays is tainted whole. It does not conserve
//     value, and is there to show reach.
//
// # Gaps
//
// A payment larger than what its payer can have is a gap in the data. The missing
// part counts as untainted and as arriving just in time. For the bounds it may have
// arrived at any earlier moment, which widens them; both results are given.
//
// # Backward
//
// The same pass over the reversed ledger: payers become payees. FIFO, LIFO and
// haircut are their own mirror images, so that backward they attribute a payment to
// the receipts that forward would have fed it.
package trace

import (
	"context"
	"fmt"
	"time"

	"github.com/fundtrail/fundtrail"
)

// An Input is what a trace is made from.
type Input struct {
	Subject string // as it was asked, for the trace's header
	Ledger  fundtrail.Ledger
	Thefts  []fundtrail.Theft
	// Stated lets the trace be made though the ledger holds nothing of what it starts from:
	// then all of it ends at once, as not covered.
	Stated bool
	// Receipts are payments that the ledger may lack, as of a mixer's contract to those who
	// take notes out: clean value, without which balances would be too low and later payments
	// would look like gaps. Those that the ledger holds count once. They need a time, or a
	// transaction that the ledger holds, and are for account chains, forward.
	Receipts []fundtrail.Receipt
	// Tags returns the claims about an address, nil when there are none.
	Tags func(fundtrail.Address) []fundtrail.Tag
	// Actor is who the incident is attributed to, if anybody: an address tagged as a
	// thief's or an intermediary's ends the trace only when it names another actor.
	Actor string
	// Pool names the mixer's pool that takes a payment of exactly this amount at this
	// address; nil when no pools are known.
	Pool func(to fundtrail.Address, asset fundtrail.Asset, amount fundtrail.Amount) (fundtrail.Tag, bool)
	// Crossings recognises swaps, bridges and mixers; nil makes them ends.
	Crossings Crossings
	// Mixes recognises CoinJoins; nil follows them as any transaction.
	Mixes Mixes
	// Wraps says which tokens are their chain's own coin, one to one; nil when not known.
	Wraps func(fundtrail.Asset) bool
	// Price returns an asset's price on the day of the given Unix second; nil when no
	// prices are known.
	Price func(asset fundtrail.Asset, unix int64) (fundtrail.Price, bool)
	// Decimals returns how many decimals an asset has; ok is false when not known.
	Decimals func(asset fundtrail.Asset) (n int, ok bool)
}

// Crossings says where value went that entered a swap, a bridge or a mixer.
type Crossings interface {
	// Crossings returns the crossings that have the record among their In. Several of one
	// record are several accounts of the same value, of which the most confident counts.
	// One without Out says that the value went in, and that the data does not show
	// where it came out: there the trace ends.
	Crossings(in fundtrail.TransferOutput) []fundtrail.Crossing
}

// Options say how far to follow. The zero value is useful.
type Options struct {
	Direction fundtrail.Direction // default Forward
	Policy    fundtrail.Policy    // of headline figures and routes; default FIFO
	// Since and Until bound the movements visited, by block time; zero: no bound.
	Since, Until time.Time
	// MaxHops stops value that many steps from the theft; 0: no limit.
	MaxHops int
	// Dust is, by asset, the payment that is not worth following, in base units. An
	// asset that is missing gets a millionth of what was stolen of it.
	Dust map[fundtrail.Asset]fundtrail.Amount
	// Hub is how many counterparties make an untagged address a hub, where the trace
	// ends; default 500. On coin chains it counts the address's movements.
	Hub int
	// DepositWindow is how soon an address must pass value on to a service to be
	// reported as its probable deposit address; default 7 days.
	DepositWindow time.Duration
	// Payback is how many times as much a payee must have paid its payer in clean value
	// for a payment back to it to be a return, where the trace ends; default 10, below 0
	// never. Such a payment is change or a refund. The rule fails where a launderer first
	// lends the thief clean money, but then what comes back is no small part of it.
	Payback int
	// MinConfidence is the least confidence of a tag that ends the trace; default 30.
	MinConfidence fundtrail.Confidence
	// MaxVisits bounds the work, in movements read; default 200 million. Value that
	// would need more ends there, with the limit as its reason.
	MaxVisits int
	// Progress is called now and then with the number of movements read.
	Progress func(visited int)
}

// WithDefaults returns o with every default filled in, but for Dust, which depends on
// what was stolen: see fundtrail.Stolen.
func (o Options) WithDefaults() Options {
	if o.Direction == "" {
		o.Direction = fundtrail.Forward
	}
	if o.Hub == 0 {
		o.Hub = 500
	}
	if o.DepositWindow == 0 {
		o.DepositWindow = 7 * 24 * time.Hour
	}
	if o.Payback == 0 {
		o.Payback = 10
	}
	if o.MinConfidence == 0 {
		o.MinConfidence = 30
	}
	if o.MaxVisits == 0 {
		o.MaxVisits = 200_000_000
	}
	return o
}

// Run traces. Its errors wrap fundtrail.ErrInvalid for an input that makes no sense,
// fundtrail.ErrConflict for a record that the ledger contradicts, and
// fundtrail.ErrLimit for amounts that do not add up in 256 bits.
func Run(ctx context.Context, in Input, opt Options) (*fundtrail.Trace, error) {
	if !opt.Policy.Lossless() {
		return nil, fmt.Errorf("headline policy %s does not conserve value, choose another: %w", opt.Policy, fundtrail.ErrInvalid)
	}
	r := newRun(in, opt.WithDefaults())
	if err := r.start(); err != nil {
		return nil, err
	}
	if err := r.visit(ctx); err != nil {
		return nil, err
	}
	return r.finish()
}
