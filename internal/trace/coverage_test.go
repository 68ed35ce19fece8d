package trace

import (
	"testing"

	"github.com/fundtrail/fundtrail"
)

// TestGapless: claims about a chain count when no block between is left out, whichever
// sources made them.
func TestGapless(t *testing.T) {
	claim := func(from, to int64, what fundtrail.Kinds) fundtrail.Coverage {
		return fundtrail.Coverage{Chain: fundtrail.Bitcoin, FromBlock: from, ToBlock: to, What: what}
	}
	const all = fundtrail.AllKinds
	one := claim(0, 100, all)
	one.Address = fundtrail.KeyHashAddress(fundtrail.Bitcoin, [20]byte{1})
	other := claim(0, 100, all)
	other.Chain = fundtrail.Litecoin
	for name, c := range map[string]struct {
		claims []fundtrail.Coverage
		want   bool
	}{
		"none":             {nil, false},
		"the whole":        {[]fundtrail.Coverage{claim(0, 30, all)}, true},
		"just":             {[]fundtrail.Coverage{claim(10, 20, all)}, true},
		"begins late":      {[]fundtrail.Coverage{claim(11, 20, all)}, false},
		"ends early":       {[]fundtrail.Coverage{claim(10, 19, all)}, false},
		"one behind other": {[]fundtrail.Coverage{claim(5, 14, all), claim(15, 20, all)}, true},
		"overlapping":      {[]fundtrail.Coverage{claim(5, 17, all), claim(6, 9, all), claim(12, 25, all)}, true},
		"a gap":            {[]fundtrail.Coverage{claim(5, 14, all), claim(16, 20, all)}, false},
		"a block of less":  {[]fundtrail.Coverage{claim(5, 14, all), claim(15, 15, fundtrail.ValueTransfers), claim(16, 20, all)}, false},
		"of an address":    {[]fundtrail.Coverage{one}, false},
		"of another chain": {[]fundtrail.Coverage{other}, false},
	} {
		if got := gapless(c.claims, fundtrail.Bitcoin, all, 10, 20); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
