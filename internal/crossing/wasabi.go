package crossing

import (
	"cmp"
	"slices"

	"github.com/fundtrail/fundtrail"
)

// wasabi2Denominations are the amounts that Wasabi 2's clients split coins into: powers
// of 2, powers of 3 and twice them, and 1, 2 and 5 times powers of 10, from 5,000 satoshi
// up. True says that an amount is a round decimal, as payers choose them too.
var wasabi2Denominations = func() map[uint64]bool {
	const least, most = 5_000, 137_438_953_472
	m := map[uint64]bool{}
	for _, s := range []struct {
		first, factor uint64
		round         bool
	}{{1, 2, false}, {1, 3, false}, {2, 3, false}, {1, 10, true}, {2, 10, true}, {5, 10, true}} {
		for v := s.first; v <= most; v *= s.factor {
			if v >= least {
				m[v] = s.round
			}
		}
	}
	return m
}()

// wasabi2: outputs and inputs each in falling order, nearly all outputs of standard
// denominations, of which several are of kinds that nobody pays by hand. A payout has
// round amounts, a consolidation few outputs or one address again and again.
func wasabi2(t *coinTx) (CoinJoin, bool) {
	if len(t.in) < 10 || t.paid < 10 || t.paid != len(t.out) {
		return CoinJoin{}, false
	}
	if !falling(t.out) || t.known && !falling(t.in) {
		return CoinJoin{}, false
	}
	standard, odd, kinds, last := 0, 0, 0, uint64(0)
	for _, v := range t.out {
		round, ok := wasabi2Denominations[v]
		if !ok {
			continue
		}
		standard++
		if !round {
			odd++
		}
		if v != last {
			kinds, last = kinds+1, v
		}
	}
	if standard*10 < t.paid*8 || odd*4 < t.paid || kinds < 4 ||
		!onlyScripts(scripts(t.Outputs, nil)|scripts(t.Inputs, nil), witnessKey, taproot) ||
		repeats(t.Outputs)*20 > t.paid || repeats(t.Inputs)*2 > len(t.in) {
		return CoinJoin{}, false
	}
	conf := fundtrail.Confidence(98)
	if !t.known {
		conf = 95
	}
	cj := CoinJoin{Kind: Wasabi2, Confidence: conf}
	for _, g := range t.groups {
		if _, ok := wasabi2Denominations[g.Amount]; ok {
			cj.Groups = append(cj.Groups, g)
		}
	}
	if len(cj.Groups) == 0 {
		return CoinJoin{}, false
	}
	return cj, true
}

func falling(v []uint64) bool {
	for i := 1; i < len(v); i++ {
		if v[i] > v[i-1] {
			return false
		}
	}
	return true
}

// wasabi1Bases are the amounts near which the first denomination stood, in satoshi: 0.1
// bitcoin, for a few months of 2018 0.05, and 0.01 in a few rounds of that year.
var wasabi1Bases = [...]uint64{10_000_000, 5_000_000, 1_000_000}

// wasabi1: many outputs of one amount near 0.1 bitcoin that is no round number, fewer of
// about twice, four times, … that; the rest is changes, at most one an input, and the
// coordinator's fee. All scripts are witness key hashes.
func wasabi1(t *coinTx) (CoinJoin, bool) {
	if len(t.groups) == 0 || t.paid != len(t.out) {
		return CoinJoin{}, false
	}
	base := t.groups[0]
	n := len(base.Outputs)
	near := slices.ContainsFunc(wasabi1Bases[:], func(b uint64) bool { return base.Amount*100 > b*85 && base.Amount*100 < b*115 })
	if !near || n < 7 || len(t.in) < n || base.Amount%100_000 == 0 {
		return CoinJoin{}, false
	}
	cj := CoinJoin{Kind: Wasabi1, Groups: []EqualOutputs{base}}
	equal := n
	for level, want := 1, base.Amount*2; level < 14; level, want = level+1, want*2 {
		// The largest group near it: a few changes can be equal by chance.
		i := slices.IndexFunc(t.groups, func(g EqualOutputs) bool { return g.Amount*1000 > want*998 && g.Amount*1000 < want*1002 })
		if i > 0 {
			cj.Groups = append(cj.Groups, t.groups[i])
			equal += len(t.groups[i].Outputs)
		}
	}
	rest := t.paid - equal
	if rest < 1 || rest > len(t.in)+1 || repeats(t.Outputs) > 1 || repeats(t.Inputs)*4 > len(t.in) ||
		!onlyScripts(scripts(t.Outputs, nil)|scripts(t.Inputs, nil), witnessKey) {
		return CoinJoin{}, false
	}
	switch {
	case n >= 20 && t.known:
		cj.Confidence = 97
	case n >= 20:
		cj.Confidence = 90
	default:
		cj.Confidence = 80 // other CoinJoins of so few near 0.1 bitcoin do happen
	}
	if t.known {
		cj.Matched = t.matchWasabi1(cj.Groups)
	}
	return cj, true
}

// mostFits bounds what a transaction can make matchWasabi1 keep. Rounds have some hundred
// inputs, of which few fit twice.
const mostFits = 20_000

// matchWasabi1 finds changes that are one input less one output of each of the first
// levels less a fee: 0.003 % of every denomination for each of those it is equal to, and
// a share of the miner's fee.
func (t *coinTx) matchWasabi1(groups []EqualOutputs) (matched []Participant) {
	denominated := make([]bool, len(t.out))
	for _, g := range groups {
		for _, o := range g.Outputs {
			denominated[o] = true
		}
	}
	var changes []uint32 // smallest first
	for o := range t.out {
		if !denominated[o] {
			changes = append(changes, uint32(o))
		}
	}
	slices.SortFunc(changes, func(a, b uint32) int { return cmp.Or(cmp.Compare(t.out[a], t.out[b]), cmp.Compare(a, b)) })
	perInput := t.fee/uint64(len(t.in)) + 1
	var found []Participant
	var sum, fee uint64
	for level, g := range groups {
		sum += g.Amount
		fee += g.Amount * uint64(len(g.Outputs)) * 3 / 100_000
		for i, in := range t.in {
			if in < sum+perInput/4 {
				continue
			}
			most := in - sum - perInput/4
			least := most - min(most, fee+4*perInput-perInput/4)
			at, _ := slices.BinarySearchFunc(changes, least, func(o uint32, v uint64) int { return cmp.Compare(t.out[o], v) })
			for _, o := range changes[at:] {
				if t.out[o] > most {
					break
				}
				found = append(found, Participant{Inputs: []uint32{uint32(i)}, Change: o, Levels: level + 1})
			}
			if len(found) > mostFits {
				return nil // made to fit everywhere
			}
		}
	}
	return onlyFits(found)
}

// onlyFits keeps the matches that share neither an input nor a change with another.
func onlyFits(found []Participant) (sure []Participant) {
	inputs, changes := map[uint32]int{}, map[uint32]int{}
	for _, p := range found {
		changes[p.Change]++
		for _, i := range p.Inputs {
			inputs[i]++
		}
	}
	for _, p := range found {
		p.Sure = changes[p.Change] == 1
		for _, i := range p.Inputs {
			p.Sure = p.Sure && inputs[i] == 1
		}
		if p.Sure {
			sure = append(sure, p)
		}
	}
	return sure
}
