package crossing

import (
	"errors"
	"math/rand/v2"
	"testing"

	"github.com/fundtrail/fundtrail"
	"github.com/google/go-cmp/cmp"
)

func TestSpread(t *testing.T) {
	mix := shape([]uint64{1_000_000, 1_000_000, 1_003_932, 1_000_000, 1_010_890}, times(5, 1_000_000))
	jmIn, jmOut := joinMarketRound()
	jm := shape(jmIn, jmOut)
	for _, c := range []struct {
		name  string
		tx    fundtrail.Transaction
		taint []uint64
		want  CoinJoinSpread
	}{
		{"nothing tainted", mix, make([]uint64, 5), CoinJoinSpread{}},
		{"one coin from an earlier mix is a fifth in each output", mix, []uint64{1_000_000, 0, 0, 0, 0}, CoinJoinSpread{Shares: []CoinJoinShare{
			{0, 0, 200_000, 0.2}, {1, 0, 200_000, 0.2}, {2, 0, 200_000, 0.2}, {3, 0, 200_000, 0.2}, {4, 0, 200_000, 0.2},
		}}},
		{"a newcomer's excess is the fee", mix, []uint64{0, 0, 0, 0, 1_010_890}, CoinJoinSpread{Fee: 10_890, Shares: []CoinJoinShare{
			{0, 0, 200_000, 0.2}, {1, 0, 200_000, 0.2}, {2, 0, 200_000, 0.2}, {3, 0, 200_000, 0.2}, {4, 0, 200_000, 0.2},
		}}},
		{"what does not divide goes to the first", mix, []uint64{7, 0, 0, 0, 0}, CoinJoinSpread{Shares: []CoinJoinShare{
			{0, 0, 2, 0.2}, {1, 0, 2, 0.2}, {2, 0, 1, 0.2}, {3, 0, 1, 0.2}, {4, 0, 1, 0.2},
		}}},
		{"a maker's change is certain", jm, []uint64{0, 3_100_000, 0, 2_400_000, 0}, CoinJoinSpread{Shares: []CoinJoinShare{
			// It earned 25: what it put in is of what it got a little less.
			{0, 0, 1_253_081, 0.25}, {1, 0, 1_253_081, 0.25}, {2, 0, 1_253_081, 0.25}, {3, 0, 1_253_080, 0.25}, {5, 487_677, 0, 1},
		}}},
		{"the taker pays the fee", jm, []uint64{0, 0, 0, 0, 6_000_000}, CoinJoinSpread{Fee: 2_000, Shares: []CoinJoinShare{
			// The 125 that it paid the makers are among the equal outputs.
			{0, 0, 1_253_118, 0.25}, {1, 0, 1_253_118, 0.25}, {2, 0, 1_253_117, 0.25}, {3, 0, 1_253_117, 0.25}, {7, 985_530, 0, 1},
		}}},
	} {
		cj, ok := RecogniseCoinJoin(&c.tx)
		if !ok {
			t.Fatalf("%s: not recognised", c.name)
		}
		got, err := cj.Spread(&c.tx.Transfers[0], c.taint)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

func TestSpreadRefuses(t *testing.T) {
	mix := shape([]uint64{1_000_000, 1_000_000, 1_003_932, 1_000_000, 1_010_890}, times(5, 1_000_000))
	cj, _ := RecogniseCoinJoin(&mix)
	blind := withoutInputs(mix)
	small := shape(times(3, 900), times(3, 800))
	for _, c := range []struct {
		name  string
		cj    CoinJoin
		tx    fundtrail.Transaction
		taint []uint64
	}{
		{"a tx0 mixes nothing", CoinJoin{Kind: WhirlpoolTx0}, mix, make([]uint64, 5)},
		{"no kind", CoinJoin{}, mix, make([]uint64, 5)},
		{"too little taint", cj, mix, make([]uint64, 4)},
		{"more taint than value", cj, mix, []uint64{1_000_001, 0, 0, 0, 0}},
		{"inputs not known", cj, blind, make([]uint64, 5)},
		{"of another transaction", cj, small, make([]uint64, 3)},
		{"no groups", CoinJoin{Kind: Whirlpool}, mix, make([]uint64, 5)},
		{"a change that is not there", CoinJoin{Kind: JoinMarket, Groups: cj.Groups, Matched: []Participant{{Change: 9}}}, mix, make([]uint64, 5)},
		{"an input that is not there", CoinJoin{Kind: JoinMarket, Groups: cj.Groups, Matched: []Participant{{Inputs: []uint32{9}}}}, mix, make([]uint64, 5)},
		{"an input matched twice", CoinJoin{Kind: JoinMarket, Groups: cj.Groups, Matched: []Participant{{Inputs: []uint32{1, 1}, Sure: true}}}, mix, make([]uint64, 5)},
	} {
		if _, err := c.cj.Spread(&c.tx.Transfers[0], c.taint); !errors.Is(err, fundtrail.ErrInvalid) {
			t.Errorf("%s: error %v, want ErrInvalid", c.name, err)
		}
	}
}

// checkSpread holds a spread to the satoshi.
func checkSpread(t *testing.T, cj *CoinJoin, tr *fundtrail.Transfer, taint []uint64) {
	t.Helper()
	s, err := cj.Spread(tr, taint)
	if err != nil {
		t.Fatal(err)
	}
	var want, got uint64
	for _, v := range taint {
		want += v
	}
	var paid uint64
	last := -1
	for _, share := range s.Shares {
		v := tr.Outputs[share.Output].Amount.Uint64()
		got += share.Certain + share.Expected
		if share.Certain+share.Expected > v {
			t.Fatalf("output %d of %d satoshi has %d certain and %d expected", share.Output, v, share.Certain, share.Expected)
		}
		if share.Odds < 0 || share.Odds > 1 || share.Certain > 0 && share.Odds != 1 {
			t.Fatalf("output %d has odds %v", share.Output, share.Odds)
		}
		if int(share.Output) <= last {
			t.Fatal("shares are not in order")
		}
		last = int(share.Output)
	}
	for i := range tr.Inputs {
		paid += tr.Inputs[i].Amount.Uint64()
	}
	for i := range tr.Outputs {
		paid -= tr.Outputs[i].Amount.Uint64()
	}
	if got+s.Fee != want || s.Fee > paid {
		t.Fatalf("%d in outputs and %d in a fee of %d, of %d tainted", got, s.Fee, paid, want)
	}
}

// Whatever is tainted, not a satoshi is made or lost, no output gets more than it has and
// no more is lost to fees than fees are.
func TestSpreadConserves(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	in1, out1 := wasabi1Round(30)
	inJ, outJ := joinMarketRound()
	in2, out2 := wasabi2Round()
	all := []fundtrail.Transaction{
		shape(in1, out1), shape(inJ, outJ), shape(in2, out2),
		shape([]uint64{1_000_000, 1_000_000, 1_003_932, 1_000_000, 1_010_890}, times(5, 1_000_000)),
	}
	for i := range all {
		cj, ok := RecogniseCoinJoin(&all[i])
		if !ok {
			t.Fatalf("%d: not recognised", i)
		}
		tr := &all[i].Transfers[0]
		for range 400 {
			taint := make([]uint64, len(tr.Inputs))
			for k := range taint {
				switch v := tr.Inputs[k].Amount.Uint64(); r.IntN(4) {
				case 0:
					taint[k] = v
				case 1:
					taint[k] = r.Uint64N(v + 1)
				case 2:
					taint[k] = r.Uint64N(3)
				}
			}
			checkSpread(t, &cj, tr, taint)
		}
	}
}

// The same for all real ones.
func TestSpreadConservesReal(t *testing.T) {
	if testing.Short() {
		t.Skip("reads all listed CoinJoins")
	}
	r := rand.New(rand.NewPCG(7, 8))
	n := 0
	for _, p := range populations(t) {
		for i := range p.txs {
			cj, ok := RecogniseCoinJoin(&p.txs[i])
			if !ok || !cj.Kind.Mixes() || !cj.InputsKnown {
				continue
			}
			n++
			tr := &p.txs[i].Transfers[0]
			taint := make([]uint64, len(tr.Inputs))
			for k := range taint {
				if r.IntN(3) > 0 {
					taint[k] = r.Uint64N(tr.Inputs[k].Amount.Uint64() + 1)
				}
			}
			checkSpread(t, &cj, tr, taint)
			for k := range taint {
				taint[k] = tr.Inputs[k].Amount.Uint64()
			}
			checkSpread(t, &cj, tr, taint)
		}
	}
	if n < 2000 {
		t.Errorf("%d CoinJoins were spread, want two thousand", n)
	}
}
