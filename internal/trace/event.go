package trace

import "github.com/fundtrail/fundtrail"

// An event is a ledger record that carried value that may be tainted. There may be
// millions of them, so they hold no pointers.
type event struct {
	at       fundtrail.Position
	time     int64               // of its block
	from, to fundtrail.AddressID // in the direction of the trace
	asset    fundtrail.AssetID
	depth    int32
	end      int32    // index into ends, or -1
	payer    int32    // holding, or -1
	payee    int32    // holding, or -1
	spends   [2]int32 // from where to where in the run's spent coins
	crossing int32    // the run's passage plus one, 0: none
	kind     hopKind

	amount            fundtrail.Amount
	possible, widened fundtrail.Amount
	taint             fundtrail.Taints
}

// A hopKind is a fundtrail.HopKind in a byte.
type hopKind uint8

const (
	noHop hopKind = iota // it is no ledger record of its own
	hopTheft
	hopTransfer
	hopReturn
	hopFee
	hopDust
	hopCrossing
	hopMix // what went into a mix of a coin chain: see fundtrail.MixIndex
)

var hopKinds = [...]fundtrail.HopKind{
	"", fundtrail.HopTheft, fundtrail.HopTransfer, fundtrail.HopReturn, fundtrail.HopFee, fundtrail.HopDust, fundtrail.HopCrossing,
	fundtrail.HopCrossing,
}

// note adds an event about the record at p.
func (r *run) note(p fundtrail.Position) *event {
	if p < r.span.First || p >= r.span.End {
		r.span = r.ledger.Transaction(p)
	}
	e := r.events.next()
	e.at, e.time, e.end, e.payer, e.payee = p, r.span.Time, -1, -1, -1
	return e
}

// ended sends an event to an end.
func (r *run) ended(e *event, end int32) {
	e.end = end
	r.ends[end].add(e, r.opt.Policy)
}
