package crossing

import (
	"slices"

	"github.com/fundtrail/fundtrail"
)

// whirlpoolPools are the four pools and their entry fees, in satoshi, as Samourai
// published them.
var whirlpoolPools = [...]struct{ denomination, fee uint64 }{
	{100_000, 5_000}, {1_000_000, 50_000}, {5_000_000, 175_000}, {50_000_000, 1_750_000},
}

// A premix output is its pool's denomination and a share of the mix's miner fee. The
// excess stands between these; the protocol caps it by the fee rate of the day.
const (
	minPremixExcess = 102 // one satoshi a byte of the smallest mix, over five newcomers
	maxPremixExcess = 100_000
)

func premixExcess(amount, denomination uint64) bool {
	// In the smallest pool, when fees were high, it came to a quarter of the denomination.
	most := min(maxPremixExcess, denomination/3)
	return amount >= denomination+minPremixExcess && amount <= denomination+most
}

// whirlpoolMix: as many inputs as outputs, 5 to 8, every output the pool's denomination
// and at an address of its own, every input that or a premix; some inputs come from an
// earlier mix and some from a tx0.
func whirlpoolMix(t *coinTx) (CoinJoin, bool) {
	n := len(t.in)
	if n < 5 || n > 8 || len(t.out) != n || len(t.groups) != 1 || len(t.groups[0].Outputs) != n {
		return CoinJoin{}, false
	}
	d := t.groups[0].Amount
	if !slices.ContainsFunc(whirlpoolPools[:], func(p struct{ denomination, fee uint64 }) bool { return p.denomination == d }) {
		return CoinJoin{}, false
	}
	fresh, mixed := 0, 0
	for _, v := range t.in {
		switch {
		case v == d:
			mixed++
		case premixExcess(v, d):
			fresh++
		case v != 0:
			return CoinJoin{}, false
		}
	}
	// Who mixes to a wallet outside may have outputs of any kind.
	if !onlyScripts(scripts(t.Inputs, nil), witnessKey) || !t.known && !onlyScripts(scripts(t.Outputs, nil), witnessKey, witnessScript, taproot) || repeats(t.Outputs) > 0 || repeats(t.Inputs) > 0 ||
		t.known && (fresh == 0 || mixed == 0) {
		return CoinJoin{}, false
	}
	conf := fundtrail.Confidence(99)
	if !t.known {
		conf = 90
	}
	return CoinJoin{Kind: Whirlpool, Groups: t.groups, Confidence: conf}, true
}

// whirlpoolTx0: one output with data, premix outputs of one amount, the coordinator's
// fee, and at most two changes.
func whirlpoolTx0(t *coinTx) (CoinJoin, bool) {
	if !t.carrier || t.paid > 75 || t.paid < 2 || len(t.out)-t.paid > 1 {
		return CoinJoin{}, false
	}
	if !onlyScripts(scripts(t.Outputs, t.out), witnessKey) {
		return CoinJoin{}, false
	}
	premix := EqualOutputs{}
	if len(t.groups) > 0 {
		premix = t.groups[0]
	}
	for _, p := range whirlpoolPools {
		one := -1 // a single premix, which only the pool's exact fee beside it can tell
		exact := false
		for i, v := range t.out {
			exact = exact || v == p.fee
			if v > 0 && premixExcess(v, p.denomination) {
				one = i
			}
		}
		group := premix
		if one >= 0 && len(group.Outputs) == 0 && exact {
			group = EqualOutputs{t.out[one], []uint32{uint32(one)}}
		}
		rest := t.paid - len(group.Outputs)
		if !premixExcess(group.Amount, p.denomination) || rest > 3 || !exact && (len(group.Outputs) < 2 || !t.reducedFee(group.Amount, p.fee)) {
			continue
		}
		conf := fundtrail.Confidence(95)
		if !exact {
			conf = 80
		}
		return CoinJoin{Kind: WhirlpoolTx0, Groups: []EqualOutputs{group}, Confidence: conf}, true
	}
	return CoinJoin{}, false
}

// reducedFee reports whether an output that is no premix can be the pool's fee at a
// discount.
func (t *coinTx) reducedFee(premix, fee uint64) bool {
	return slices.ContainsFunc(t.out, func(v uint64) bool { return v > 0 && v != premix && v < fee })
}
