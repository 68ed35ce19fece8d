package crossing

import (
	"fmt"
	"math/bits"

	"github.com/fundtrail/fundtrail"
)

// SpreadMethod is the rule of [CoinJoin.Spread].
const SpreadMethod fundtrail.Method = "coinjoin-spread/1"

// A CoinJoinShare is what tainted inputs put into one output. Certain and Expected are
// two columns: a sum of them is a figure for conservation, not a finding.
type CoinJoinShare struct {
	Output uint32
	// Certain is value in a change that amounts alone tie to tainted inputs.
	Certain uint64
	// Expected is the output's part of the value that went into outputs nobody can tell
	// apart. It is spread, not found: all of it may be here, or none.
	Expected uint64
	// Odds is the chance that the output is an owner's who put tainted value in.
	Odds float64
}

// A CoinJoinSpread says where tainted inputs can have gone. Certain and Expected of all
// shares and Fee sum to the taint to the satoshi.
type CoinJoinSpread struct {
	Shares []CoinJoinShare // by output; those without a part are left out
	Fee    uint64
}

// Spread divides taint, one amount in satoshi for each input of t, over the outputs of a
// CoinJoin:
//
//   - a participant whose inputs are surely matched to a change keeps there what its
//     inputs' taint is of them, in proportion, and that is certain;
//   - what else it put in is spread over the denominations it took part in, equally over
//     the outputs of each: every one of n is its own with chance 1/n;
//   - an input that matches no change is spread over the denominations up to its amount in
//     the same way, and the rest of it over the changes that match nothing, in proportion
//     to amounts; in Wasabi 2, where owners take many outputs, over all outputs so;
//   - fees take their part in proportion, rounded down.
//
// No rule treats two inputs as one owner's, but those that a change matches together.
func (cj *CoinJoin) Spread(t *fundtrail.Transfer, taint []uint64) (CoinJoinSpread, error) {
	s, err := newSpreader(cj, t, taint)
	if err != nil {
		return CoinJoinSpread{}, fmt.Errorf("spread %s: %w", cj.Tx, err)
	}
	// What is certain has its place before anything else is placed.
	for i := range cj.Matched {
		if p := &cj.Matched[i]; p.Sure {
			s.keep(p)
		}
	}
	for i := range cj.Matched {
		if p := &cj.Matched[i]; p.Sure {
			s.participant(p)
		}
	}
	for i := range taint {
		if !s.done[i] {
			s.input(i)
		}
	}
	return s.result(), nil
}

// A spreader holds a spread in the making.
type spreader struct {
	cj       *CoinJoin
	in, out  []uint64
	taint    []uint64
	done     []bool // inputs of participants
	own      []bool // outputs that are a participant's sure change
	certain  []uint64
	expected []uint64
	chance   []float64 // tainted owners each output can be of, in shares of one
	fee      uint64    // that taint paid
	paid     uint64    // the whole fee
	sum      uint64    // of inputs
	matched  int       // inputs of sure participants
	owners   int       // sure participants
	open     []uint32  // outputs an unmatched input's owner can have beside equal ones; of Wasabi 2, all
}

func newSpreader(cj *CoinJoin, t *fundtrail.Transfer, taint []uint64) (*spreader, error) {
	if !cj.Kind.Mixes() {
		return nil, fmt.Errorf("%q mixes nothing, trace it as any transaction: %w", cj.Kind, fundtrail.ErrInvalid)
	}
	if len(taint) != len(t.Inputs) {
		return nil, fmt.Errorf("%d amounts of taint, want one for each of %d inputs: %w", len(taint), len(t.Inputs), fundtrail.ErrInvalid)
	}
	s := &spreader{
		cj: cj, taint: taint, in: make([]uint64, len(t.Inputs)), out: make([]uint64, len(t.Outputs)), done: make([]bool, len(t.Inputs)),
		own: make([]bool, len(t.Outputs)), certain: make([]uint64, len(t.Outputs)), expected: make([]uint64, len(t.Outputs)), chance: make([]float64, len(t.Outputs)),
	}
	sum, known := readAmounts(s.in, t.Inputs)
	out, _ := readAmounts(s.out, t.Outputs)
	switch {
	case !known || sum > maxSatoshi || sum < out:
		return nil, fmt.Errorf("want the amount of every input, and no less than the outputs' sum: %w", fundtrail.ErrInvalid)
	}
	s.sum, s.paid = sum, sum-out
	for i, v := range taint {
		if v > s.in[i] {
			return nil, fmt.Errorf("input %d: taint %d is more than its amount %d: %w", i, v, s.in[i], fundtrail.ErrInvalid)
		}
	}
	return s, s.check()
}

// check refuses a CoinJoin that is not this transfer's: its numbers come from elsewhere.
func (s *spreader) check() error {
	for _, g := range s.cj.Groups {
		for _, o := range g.Outputs {
			if int(o) >= len(s.out) || s.out[o] != g.Amount {
				return fmt.Errorf("output %d is not one of %d satoshi: %w", o, g.Amount, fundtrail.ErrInvalid)
			}
		}
	}
	for _, p := range s.cj.Matched {
		if int(p.Change) >= len(s.out) || p.Levels < 0 || p.Levels > len(s.cj.Groups) || p.Sure && s.own[p.Change] {
			return fmt.Errorf("change %d: not a change of this transaction, or matched twice: %w", p.Change, fundtrail.ErrInvalid)
		}
		for _, i := range p.Inputs {
			if int(i) >= len(s.in) || p.Sure && s.done[i] {
				return fmt.Errorf("input %d: not an input of this transaction, or matched twice: %w", i, fundtrail.ErrInvalid)
			}
			if p.Sure {
				s.done[i] = true
				s.matched++
			}
		}
		if p.Sure {
			s.own[p.Change] = true
			s.owners++
		}
	}
	if len(s.cj.Groups) == 0 {
		return fmt.Errorf("no equal outputs: %w", fundtrail.ErrInvalid)
	}
	equal := make([]bool, len(s.out))
	for _, g := range s.cj.Groups {
		for _, o := range g.Outputs {
			equal[o] = true
		}
	}
	for o, v := range s.out {
		if v > 0 && !s.own[o] && (!equal[o] || s.cj.Kind == Wasabi2) {
			s.open = append(s.open, uint32(o))
		}
	}
	return nil
}

// portion returns floor(a*b/c), for b at most c.
func portion(a, b, c uint64) uint64 {
	if c == 0 {
		return 0
	}
	hi, lo := bits.Mul64(a, min(b, c))
	q, _ := bits.Div64(hi, lo, c)
	return q
}

// put returns what the inputs of one owner bring, and what of it is tainted.
func (s *spreader) put(p *Participant) (in, taint uint64) {
	for _, i := range p.Inputs {
		in += s.in[i]
		taint += s.taint[i]
	}
	return in, taint
}

// has returns what an owner has in the mix, of which it put in the given amount, and what
// of that is in equal outputs. A maker earns, so that it gets more than it put in; others pay.
func (cj *CoinJoin) has(p *Participant, in, change uint64) (whole, equal uint64) {
	for _, g := range cj.Groups[:p.Levels] {
		equal += g.Amount
	}
	return max(in, change+equal), equal
}

// keep leaves a participant's part of the taint in its change.
func (s *spreader) keep(p *Participant) {
	in, taint := s.put(p)
	change := s.out[p.Change]
	whole, _ := s.cj.has(p, in, change)
	s.certain[p.Change] = portion(taint, change, whole)
}

// participant spreads what else the inputs of one owner bring.
func (s *spreader) participant(p *Participant) {
	in, taint := s.put(p)
	if taint == 0 {
		return
	}
	change, kept := s.out[p.Change], s.certain[p.Change]
	whole, got := s.cj.has(p, in, change)
	// What it paid went to the miner, and with Wasabi to the coordinator, with JoinMarket
	// to the makers, whose outputs these are among the others.
	cost := whole - change - got
	fee := portion(taint, cost, whole)
	if s.cj.Kind == Wasabi1 {
		fee = portion(taint, min(cost, s.paid/uint64(len(s.in))*uint64(len(p.Inputs))), whole)
	}
	fee = s.pay(fee)
	left := taint - kept - fee
	if to := min(portion(taint, cost, whole), left+fee); s.cj.Kind == Wasabi1 && to > fee {
		left -= s.over(s.open, to-fee)
	}
	for k, g := range s.cj.Groups[:p.Levels] {
		part := left
		if k < p.Levels-1 {
			part = min(left, portion(taint, g.Amount, whole))
		}
		left -= s.over(g.Outputs, part)
		for _, o := range g.Outputs {
			s.chance[o] += 1 / float64(len(g.Outputs))
		}
	}
	s.spill(left)
	s.chance[p.Change] = 1
}

// input spreads what an input brings that matches no change.
func (s *spreader) input(i int) {
	taint, in := s.taint[i], s.in[i]
	if taint == 0 {
		return
	}
	fee := portion(taint, s.paid, s.sum)
	if s.cj.Kind == Whirlpool {
		// The excess over the denomination is the newcomer's share of the fee.
		fee = portion(taint, in-min(in, s.cj.Groups[0].Amount), in)
	}
	left := taint - s.pay(fee)
	inputs := len(s.in) - s.matched
	for _, o := range s.open {
		s.chance[o] += 1 / float64(inputs)
	}
	if s.cj.Kind == Wasabi2 {
		// An owner gets many outputs, and nothing tells which denominations.
		s.spill(left - s.over(s.open, left))
		return
	}
	// Every owner gets one output of the first denomination. Those whose change matches
	// nothing are so many, and each of the inputs left is one of theirs.
	first := len(s.cj.Groups[0].Outputs)
	each := min(1, float64(max(1, first-s.owners))/float64(inputs))
	var groups []EqualOutputs
	var got uint64
	for _, g := range s.cj.Groups {
		for _, o := range g.Outputs {
			s.chance[o] += each / float64(first)
		}
		if len(groups) == 0 || got+g.Amount <= in {
			groups = append(groups, g)
			got += g.Amount
		}
	}
	equal := left
	if len(s.open) > 0 {
		equal = min(left, portion(taint, uint64(float64(got)*each), in))
	}
	for _, g := range groups {
		left -= s.over(g.Outputs, portion(equal, g.Amount, got))
	}
	s.spill(left - s.over(s.open, left))
}

// pay adds to the fee that taint paid, up to the whole fee.
func (s *spreader) pay(fee uint64) uint64 {
	fee = min(fee, s.paid-s.fee)
	s.fee += fee
	return fee
}

// over spreads an amount over outputs in proportion to their amounts, as far as there is
// room, the first ones getting what does not divide. It returns how much it placed.
func (s *spreader) over(outputs []uint32, amount uint64) (placed uint64) {
	var sum, room uint64
	for _, o := range outputs {
		sum += s.out[o]
		room += s.room(o)
	}
	amount = min(amount, room)
	if amount == 0 {
		return 0
	}
	for _, o := range outputs {
		part := min(portion(amount, s.out[o], sum), s.room(o))
		s.expected[o] += part
		placed += part
	}
	// What does not divide, a satoshi each in order; what did not fit, wherever it does.
	for _, o := range outputs {
		if placed < amount && s.room(o) > 0 {
			s.expected[o]++
			placed++
		}
	}
	for _, o := range outputs {
		part := min(amount-placed, s.room(o))
		s.expected[o] += part
		placed += part
	}
	return placed
}

func (s *spreader) room(o uint32) uint64 { return s.out[o] - s.certain[o] - s.expected[o] }

// spill places what its own outputs have no room for: rounding, or matches that leave
// others less room than they put in. It goes over all outputs, and then to the fee.
func (s *spreader) spill(amount uint64) {
	if amount == 0 {
		return
	}
	var all []uint32
	for o := range s.out {
		all = append(all, uint32(o))
	}
	s.pay(amount - s.over(all, amount))
}

func (s *spreader) result() (r CoinJoinSpread) {
	r.Fee = s.fee
	for o := range s.out {
		if s.certain[o] > 0 || s.expected[o] > 0 {
			r.Shares = append(r.Shares, CoinJoinShare{uint32(o), s.certain[o], s.expected[o], min(s.chance[o], 1)})
		}
	}
	return r
}

// ChangeMethod is the rule by which changes are matched to inputs.
const ChangeMethod fundtrail.Method = "coinjoin-change/1"

// changeConfidence is how often a sure match is right: see doc/methods-coinjoin.md.
var changeConfidence = map[CoinJoinKind]fundtrail.Confidence{JoinMarket: 95, Wasabi1: 85}
