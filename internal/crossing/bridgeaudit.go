package crossing

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/fundtrail/fundtrail"
)

// AuditMethod is the version of Audit's rules.
const AuditMethod fundtrail.Method = "bridge-audit/1"

// A Reason says why a withdrawal raises an alarm.
type Reason string

const (
	NoDeposit      Reason = "no deposit"      // its id lies within what is covered, and no deposit has it
	NotIssued      Reason = "id not issued"   // lower ids were issued only after it was paid
	PaidTwice      Reason = "id paid twice"   // another withdrawal of the same id, which fits its deposit or came first
	OtherRecipient Reason = "other recipient" // the deposit of its id was for somebody else
	OtherToken     Reason = "other token"     // the deposit of its id was of another asset
	OtherAmount    Reason = "other amount"    // more came out than went in, or less than any fee explains
	BeforeDeposit  Reason = "before deposit"  // it was paid before the deposit of its id was made
	OtherChain     Reason = "other chain"     // the deposit of its id was for another chain, or made on another
)

// Rules are what Audit is told of one bridge.
type Rules struct {
	// Sequential: ids are whole numbers, issued in order of the deposits' time.
	Sequential bool
	// Skew is how far the two chains' clocks may differ. Default 0.
	Skew time.Duration
	// Longest is the longest honest wait between a deposit and its withdrawal, for ids
	// that are no sequence and so say nothing of when they were issued. Default 30 days.
	Longest time.Duration
	// MaxFee is the most that an honest withdrawal may pay less than went in, in
	// millionths. Default 0: it pays all.
	MaxFee uint32
	// Covered says when the deposits' side is held whole. A missing deposit outside it is
	// "not covered". It is a claim about the data; without one nothing is ever missing.
	Covered []Window
	// Tokens and Decimals are as in PairOptions. Without Decimals, units are the same.
	Tokens   Tokens
	Decimals func(chain fundtrail.Chain, token string) (decimals int, ok bool)
	// Price gives a day's price of a token, and its decimals, to say what is at stake.
	Price func(chain fundtrail.Chain, token string, at time.Time) (micros fundtrail.Amount, decimals int, ok bool)
}

// DefaultRules returns what is known of a bridge's ids and fees; ok is false for a bridge
// that is not known here. Covered, Tokens, Decimals and Price are the caller's to add.
func DefaultRules(protocol string) (r Rules, ok bool) {
	switch protocol {
	case nomad, ronin:
		return Rules{Sequential: true}, true
	case poly:
		return Rules{}, true // the message's amount is paid out to the unit
	case celer, multichain:
		// Of 1,068 passages of Multichain's six lost more than a tenth, none more than half:
		// small ones, of which a least fee takes much.
		return Rules{MaxFee: 500_000}, true
	}
	return Rules{}, false
}

// A Window is a time in which the deposits made on one chain are held whole.
type Window struct {
	Chain    fundtrail.Chain // "" every chain
	From, To time.Time       // both included
	Source   string          // who says so
}

// An Alarm is a withdrawal that no deposit explains: an inference. It is how a theft
// from a bridge looks, and also how a hole in the data looks that nobody declared.
type Alarm struct {
	Withdrawal int // index into what Audit was given
	Leg        Leg
	Reasons    []Reason // the gravest first
	Evidence   []Evidence
	USDCents   fundtrail.Amount // what it paid, at the day's price
	Priced     bool
}

// Evidence is a record that an alarm rests on.
type Evidence struct {
	Says string
	Leg  Leg // zero when what is said is that nothing is there
}

// An Audited is the outcome of an audit.
type Audited struct {
	Alarms     []Alarm // in order of time
	Explained  int     // withdrawals that a deposit explains
	NotCovered []int   // withdrawals that the deposits' data does not reach, by index, in order of time
	USDCents   fundtrail.Amount
	Unpriced   int // alarms whose value is not known
}

// Audit asks of every withdrawal whether a deposit explains it. It is a function of
// values, and the order of the legs is irrelevant. A withdrawal without id is paired by
// rank, and never raises an alarm for want of a pair: it is not covered.
func Audit(deposits, withdrawals []Leg, rules Rules) Audited {
	a := audit{deposits: deposits, withdrawals: withdrawals, rules: rules, at: depositsByID(deposits)}
	if rules.Longest == 0 {
		a.rules.Longest = 30 * 24 * time.Hour
	}
	a.order()
	var out Audited
	paid := a.payers()
	for _, w := range inOrder(withdrawals) {
		alarm, covered := a.judge(w, paid)
		switch {
		case !covered:
			out.NotCovered = append(out.NotCovered, w)
		case len(alarm.Reasons) == 0:
			out.Explained++
		default:
			alarm.USDCents, alarm.Priced = a.value(&alarm.Leg)
			if !alarm.Priced {
				out.Unpriced++
			}
			if sum, over := out.USDCents.Add(alarm.USDCents); !over {
				out.USDCents = sum
			}
			out.Alarms = append(out.Alarms, alarm)
		}
	}
	return out
}

type audit struct {
	deposits, withdrawals []Leg
	rules                 Rules
	at                    map[passageID][]int
	issued                map[route][]issue // in order of number
}

// A route is the one-way road that a sequence of numbers belongs to.
type route struct {
	protocol string
	from, to fundtrail.Chain
}

// An issue is a number of a sequence and when its deposit was made: with the latest
// time of it and all lower ones, and the earliest of it and all higher.
type issue struct {
	number   uint64
	deposit  int
	latest   time.Time
	latestOf int
	earliest time.Time
}

// order prepares the sequences.
func (a *audit) order() {
	if !a.rules.Sequential {
		return
	}
	a.issued = map[route][]issue{}
	for _, d := range inOrder(a.deposits) {
		l := &a.deposits[d]
		if n, err := strconv.ParseUint(l.ID, 10, 64); err == nil && !l.Time.IsZero() {
			r := route{l.Protocol, l.Tx.Chain, l.Peer}
			a.issued[r] = append(a.issued[r], issue{number: n, deposit: d})
		}
	}
	for _, list := range a.issued {
		slices.SortStableFunc(list, func(x, y issue) int { return cmp.Compare(x.number, y.number) })
		for i := range list {
			l := &list[i]
			l.latest, l.latestOf = a.deposits[l.deposit].Time, l.deposit
			if i > 0 && list[i-1].latest.After(l.latest) {
				l.latest, l.latestOf = list[i-1].latest, list[i-1].latestOf
			}
		}
		for i := len(list) - 1; i >= 0; i-- {
			list[i].earliest = a.deposits[list[i].deposit].Time
			if i+1 < len(list) && list[i+1].earliest.Before(list[i].earliest) {
				list[i].earliest = list[i+1].earliest
			}
		}
	}
}

// payers says which withdrawal rightly used each deposit: the first that fits it.
func (a *audit) payers() map[int]int {
	paid := map[int]int{}
	for _, w := range inOrder(a.withdrawals) {
		l := &a.withdrawals[w]
		for _, d := range a.at[passageID{l.Protocol, l.ID}] {
			if _, taken := paid[d]; !taken && l.ID != "" && len(a.differences(d, w)) == 0 {
				paid[d] = w
				break
			}
		}
	}
	return paid
}

// judge returns what is wrong with a withdrawal, nothing when a deposit explains it, and
// whether the data reaches far enough to say.
func (a *audit) judge(w int, paid map[int]int) (alarm Alarm, covered bool) {
	l := &a.withdrawals[w]
	alarm = Alarm{Withdrawal: w, Leg: *l}
	if l.ID == "" {
		return alarm, false
	}
	named := a.at[passageID{l.Protocol, l.ID}]
	if len(named) == 0 {
		return a.missing(alarm)
	}
	best := -1
	var bestReasons []Reason
	for _, d := range named {
		reasons := a.differences(d, w)
		if len(reasons) == 0 && paid[d] == w {
			return alarm, true
		}
		if best < 0 || len(reasons) < len(bestReasons) {
			best, bestReasons = d, reasons
		}
	}
	alarm.Reasons = bestReasons
	d := &a.deposits[best]
	if len(bestReasons) > 0 {
		alarm.Evidence = append(alarm.Evidence, Evidence{a.contrast(d, l, bestReasons), *d})
	}
	for _, other := range named {
		if first, ok := paid[other]; ok && first != w {
			alarm.Reasons = append(alarm.Reasons, PaidTwice)
			alarm.Evidence = append(alarm.Evidence, Evidence{"id " + l.ID + " was paid by another withdrawal, which fits its deposit", a.withdrawals[first]})
			break
		}
	}
	return alarm, true
}

// differences lists how a withdrawal differs from the deposit of its id.
func (a *audit) differences(d, w int) (reasons []Reason) {
	dl, wl := &a.deposits[d], &a.withdrawals[w]
	p := pairing{opt: PairOptions{Tokens: a.rules.Tokens, Decimals: a.rules.Decimals}}
	if dl.Recipient != "" && wl.Recipient != "" && dl.Recipient != wl.Recipient {
		reasons = append(reasons, OtherRecipient)
	}
	if !p.sameToken(dl, wl) {
		reasons = append(reasons, OtherToken)
	} else if in, out, known := p.amounts(dl, wl); known || a.rules.Decimals == nil {
		least := in
		if kept, over := in.MulDiv(fundtrail.NewAmount(uint64(a.rules.MaxFee)), fundtrail.NewAmount(1_000_000)); !over {
			least, _ = in.Sub(kept.Min(in))
		}
		if in.Less(out) || out.Less(least) {
			reasons = append(reasons, OtherAmount)
		}
	}
	if !ends(dl, wl) {
		reasons = append(reasons, OtherChain)
	}
	if !dl.Time.IsZero() && !wl.Time.IsZero() && wl.Time.Add(a.rules.Skew).Before(dl.Time) {
		reasons = append(reasons, BeforeDeposit)
	}
	return reasons
}

func (a *audit) contrast(d, w *Leg, reasons []Reason) string {
	s := "the deposit of id " + w.ID
	for i, r := range reasons {
		if i > 0 {
			s += ";"
		}
		switch r {
		case OtherRecipient:
			s += fmt.Sprintf(" was for %s, not %s", d.Recipient, w.Recipient)
		case OtherToken:
			s += fmt.Sprintf(" was of token %s, which is not paid out as %s", orNative(d.Token), orNative(w.Token))
		case OtherAmount:
			s += fmt.Sprintf(" was of %s base units, not %s", d.Amount, w.Amount)
		case OtherChain:
			s += fmt.Sprintf(" was made on %s for %s, and this was paid on %s from %s", d.Tx.Chain, orUnknown(d.Peer), w.Tx.Chain, orUnknown(w.Peer))
		case BeforeDeposit:
			s += fmt.Sprintf(" was made at %s, after this was paid", d.Time.UTC().Format(time.RFC3339))
		}
	}
	return s
}

func orNative(token string) string { return cmp.Or(token, "(native)") }

func orUnknown(c fundtrail.Chain) fundtrail.Chain { return cmp.Or(c, "an unknown chain") }

// missing judges a withdrawal whose id no deposit has.
func (a *audit) missing(alarm Alarm) (Alarm, bool) {
	l := &alarm.Leg
	if l.Time.IsZero() {
		return alarm, false
	}
	n, err := strconv.ParseUint(l.ID, 10, 64)
	if !a.rules.Sequential {
		if !a.covers(l.Peer, l.Time.Add(-a.rules.Longest), l.Time) {
			return alarm, false
		}
		alarm.Reasons = []Reason{NoDeposit}
		alarm.Evidence = []Evidence{{Says: fmt.Sprintf("no deposit has id %s, and the deposits of the %s before it are held whole", l.ID, a.rules.Longest)}}
		return alarm, true
	}
	list := a.sequence(l)
	if err != nil || len(list) == 0 {
		return alarm, false
	}
	next, _ := slices.BinarySearchFunc(list, n, func(i issue, n uint64) int { return cmp.Compare(i.number, n) })
	if next > 0 {
		if below := list[next-1]; below.latest.After(l.Time.Add(a.rules.Skew)) {
			alarm.Reasons = []Reason{NotIssued}
			alarm.Evidence = []Evidence{{
				fmt.Sprintf("id %s is above id %s, which was issued only at %s", l.ID, a.deposits[below.latestOf].ID, below.latest.UTC().Format(time.RFC3339)),
				a.deposits[below.latestOf],
			}}
			return alarm, true
		}
	}
	// Its neighbours bound when it was issued; what is covered must hold all of that.
	if next == 0 || next == len(list) {
		return alarm, false
	}
	below, above := list[next-1], list[next]
	if !a.covers(l.Peer, below.latest, above.earliest) {
		return alarm, false
	}
	alarm.Reasons = []Reason{NoDeposit}
	alarm.Evidence = []Evidence{
		{fmt.Sprintf("no deposit has id %s; the next lower is id %d", l.ID, below.number), a.deposits[below.deposit]},
		{fmt.Sprintf("the next higher is id %d", above.number), a.deposits[above.deposit]},
	}
	return alarm, true
}

// sequence returns the one sequence that a withdrawal's number can be of; none when
// several can.
func (a *audit) sequence(w *Leg) (list []issue) {
	n := 0
	for r, of := range a.issued {
		if r.protocol == w.Protocol && (r.to == "" || r.to == w.Tx.Chain) && (w.Peer == "" || w.Peer == r.from) {
			list = of
			n++
		}
	}
	if n != 1 {
		return nil
	}
	return list
}

// covers reports whether one window holds all of a time.
func (a *audit) covers(chain fundtrail.Chain, from, to time.Time) bool {
	return slices.ContainsFunc(a.rules.Covered, func(w Window) bool {
		return (w.Chain == "" || chain == "" || w.Chain == chain) && !from.Before(w.From) && !to.After(w.To)
	})
}

// value is what a leg paid in US cents, rounded down.
func (a *audit) value(l *Leg) (cents fundtrail.Amount, ok bool) {
	if a.rules.Price == nil {
		return cents, false
	}
	micros, decimals, ok := a.rules.Price(l.Tx.Chain, l.Token, l.Time)
	if !ok {
		return cents, false
	}
	return worth(l.Amount, micros, decimals)
}

// worth is an amount's value in US cents at a price in millionths of a dollar, rounded down.
func worth(amount, micros fundtrail.Amount, decimals int) (cents fundtrail.Amount, ok bool) {
	if decimals < 0 || decimals > 72 {
		return cents, false
	}
	unit, over := scaled(fundtrail.NewAmount(10_000), decimals)
	if over {
		return cents, false
	}
	cents, over = amount.MulDiv(micros, unit)
	return cents, !over
}
