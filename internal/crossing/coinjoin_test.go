package crossing

import (
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/fundtrail/fundtrail"
	"github.com/google/go-cmp/cmp"
)

// witnessAddress returns the n-th of as many addresses as a test needs.
func witnessAddress(n int) fundtrail.Address {
	script := make([]byte, 22)
	script[1] = 20
	binary.BigEndian.PutUint64(script[2:], uint64(n))
	return scriptAddress(script)
}

// shape makes a transaction of amounts, every one at an address of its own.
func shape(in, out []uint64) fundtrail.Transaction {
	var ins, outs []fundtrail.Entry
	for i, v := range in {
		spends := fundtrail.TransferOutput{Transfer: fundtrail.TransferID{Tx: fundtrail.TxID{Chain: fundtrail.Bitcoin, Hash: fundtrail.Hash{1, byte(i), byte(i >> 8)}}}}
		ins = append(ins, fundtrail.Entry{Address: witnessAddress(i), Amount: fundtrail.NewAmount(v), Spends: spends})
	}
	for i, v := range out {
		e := fundtrail.Entry{Address: witnessAddress(10_000 + i), Amount: fundtrail.NewAmount(v)}
		if v == 0 {
			e.Address = fundtrail.Address{}
		}
		outs = append(outs, e)
	}
	id := fundtrail.TxID{Chain: fundtrail.Bitcoin, Hash: fundtrail.Hash{9}}
	return fundtrail.Transaction{ID: id, Transfers: []fundtrail.Transfer{{
		ID: fundtrail.TransferID{Tx: id}, Asset: fundtrail.NativeAsset(fundtrail.Bitcoin), Inputs: ins, Outputs: outs,
	}}}
}

func times(n int, v uint64) (s []uint64) {
	for range n {
		s = append(s, v)
	}
	return s
}

// wasabi1Round is a made-up round of n owners with one input each; every fourth also gets
// the second denomination.
func wasabi1Round(n int) (in, out []uint64) {
	const base, fee = 9_987_654, 1_200
	second := uint64(n / 4)
	coordinator := uint64(0)
	for i := range uint64(n) {
		v := base + 700_000 + i*40_009
		paid := uint64(n)*base*3/100_000 + fee
		if i < second {
			v += 2 * base
			paid += second * 2 * base * 3 / 100_000
		}
		in = append(in, v)
		out = append(out, base)
		change := v - base - paid
		if i < second {
			out = append(out, 2*base)
			change -= 2 * base
		}
		out = append(out, change)
		coordinator += paid - fee
	}
	return in, append(out, coordinator)
}

func joinMarketRound() (in, out []uint64) {
	// Three makers, one with two inputs, and a taker; fees earned 40, 25 and 60.
	in = []uint64{7_000_000, 3_100_000, 9_900_000, 2_400_000, 6_000_000}
	out = []uint64{5_012_345, 5_012_345, 5_012_345, 5_012_345,
		7_000_000 + 40 - 5_012_345, 3_100_000 + 2_400_000 + 25 - 5_012_345, 9_900_000 + 60 - 5_012_345, 6_000_000 - 5_012_345 - 125 - 2_000}
	return in, out
}

func wasabi2Round() (in, out []uint64) {
	for i := range uint64(20) {
		in = append(in, 30_000_000-i*1_234_567)
	}
	out = slices.Concat(times(2, 33_554_432), times(3, 28_697_814), times(4, 9_565_938), times(5, 5_000_000), times(8, 531_441), times(3, 100_000), []uint64{7_777})
	return in, out
}

func TestRecogniseCoinJoin(t *testing.T) {
	in1, out1 := wasabi1Round(24)
	inJ, outJ := joinMarketRound()
	in2, out2 := wasabi2Round()
	mixIn := []uint64{1_000_000, 1_000_000, 1_003_932, 1_000_000, 1_010_890}
	type edit func(*fundtrail.Transaction)
	oneAddress := func(tx *fundtrail.Transaction) {
		for i := range tx.Transfers[0].Outputs {
			tx.Transfers[0].Outputs[i].Address = witnessAddress(1)
		}
	}
	legacy := func(tx *fundtrail.Transaction) {
		a, _ := fundtrail.ParseAddress(fundtrail.Bitcoin, "1BoatSLRHtKNngkdXEeobR76b53LETtpyT")
		tx.Transfers[0].Inputs[0].Address = a
	}
	unknownInputs := func(tx *fundtrail.Transaction) { *tx = withoutInputs(*tx) }
	otherChain := func(tx *fundtrail.Transaction) { tx.Transfers[0].Asset.Chain = "ltc" }
	for _, c := range []struct {
		name    string
		in, out []uint64
		edit    edit
		want    CoinJoinKind
	}{
		{"whirlpool", mixIn, times(5, 1_000_000), nil, Whirlpool},
		{"whirlpool, inputs not known", mixIn, times(5, 1_000_000), unknownInputs, Whirlpool},
		{"whirlpool of eight", append(times(6, 50_000_000), 50_004_000, 50_000_500), times(8, 50_000_000), nil, Whirlpool},
		{"nine are too many", append(times(8, 50_000_000), 50_004_000), times(9, 50_000_000), nil, ""},
		{"no newcomer pays the fee", times(5, 1_000_000), times(5, 1_000_000), nil, ""},
		{"nobody from an earlier mix", times(5, 1_004_000), times(5, 1_000_000), nil, ""},
		{"no pool of that amount", append(times(4, 2_000_000), 2_004_000), times(5, 2_000_000), nil, ""},
		{"an input too large", append(times(4, 1_000_000), 2_000_000), times(5, 1_000_000), nil, ""},
		{"a payout five times to one address", mixIn, times(5, 1_000_000), oneAddress, ""},
		{"an input of another kind of script", mixIn, times(5, 1_000_000), legacy, ""},
		{"another chain", mixIn, times(5, 1_000_000), otherChain, ""},
		{"tx0", []uint64{20_000_000}, append(times(15, 1_004_000), 0, 50_000, 4_880_000), nil, WhirlpoolTx0},
		{"tx0 of one premix", []uint64{1_200_000}, []uint64{1_004_000, 0, 50_000, 140_000}, nil, WhirlpoolTx0},
		{"tx0 with a reduced fee", []uint64{3_200_000}, []uint64{1_004_000, 1_004_000, 1_004_000, 0, 25_000, 150_000}, nil, WhirlpoolTx0},
		{"one premix and another fee", []uint64{1_200_000}, []uint64{1_004_000, 0, 51_000, 140_000}, nil, ""},
		{"tx0 without data", []uint64{20_000_000}, append(times(15, 1_004_000), 50_000, 4_880_000), nil, ""},
		{"tx0 with four outputs beside", []uint64{20_000_000}, append(times(3, 1_004_000), 0, 50_000, 4_880_000, 1_234, 5_678), nil, ""},
		{"payment with data", []uint64{20_000_000}, []uint64{0, 5_000_000, 14_000_000}, nil, ""},
		{"joinmarket", inJ, outJ, nil, JoinMarket},
		{"joinmarket, the taker sweeps", inJ[:5], slices.Concat(outJ[:4], outJ[4:7]), nil, JoinMarket},
		{"joinmarket, a change that fits nobody", inJ, append(slices.Clone(outJ[:7]), outJ[7]-700_000+1, 5_000), nil, ""},
		{"equal payments of one payer", []uint64{90_000_000, 1_000_000, 2_000_000, 3_000_000}, []uint64{5_012_345, 5_012_345, 5_012_345, 60_000_000, 9_000_000, 4_000_000}, nil, ""},
		{"two equal outputs are no crowd", []uint64{7_000_000, 6_000_000}, []uint64{5_012_345, 5_012_345, 1_987_000, 987_000}, nil, ""},
		{"wasabi 2", in2, out2, nil, Wasabi2},
		{"wasabi 2, inputs not known", in2, out2, unknownInputs, Wasabi2},
		{"wasabi 2, out of order", in2, append(slices.Clone(out2[1:]), out2[0]), nil, ""},
		{"round payouts", in2, slices.Concat(times(6, 20_000_000), times(6, 10_000_000), times(6, 5_000_000), times(4, 1_000_000), times(4, 500_000), []uint64{7_777}), nil, ""},
		{"consolidation of many into one amount", slices.Clone(times(68, 300_000)), append(times(31, 500_000), 13_077), nil, ""},
		{"three denominations, however odd", in2, slices.Concat(times(4, 28_697_814), times(8, 9_565_938), times(8, 531_441), []uint64{7_777}), nil, ""},
		{"wasabi 2 shape to one address", in2, out2, oneAddress, ""},
		{"wasabi 1", in1, out1, nil, Wasabi1},
		{"wasabi 1, inputs not known", in1, out1, unknownInputs, Wasabi1},
		{"airdrop of one payer", []uint64{4_000_000_000}, append(times(100, 9_987_654), 5_000_000), nil, ""},
		{"airdrop of a round amount by many coins", times(40, 11_000_000), append(times(40, 10_000_000), 5_000_000), nil, ""},
		{"legacy script in wasabi 1", in1, out1, legacy, ""},
		{"plain payment", []uint64{10_000}, []uint64{4_000, 5_000}, nil, ""},
		{"no inputs", nil, times(5, 1_000_000), nil, ""},
		{"no outputs", mixIn, nil, nil, ""},
		{"pays more than it has", times(5, 1_000_001), times(5, 5_000_000), nil, ""},
		{"more than all bitcoin", times(5, 1<<62), times(5, 1_000_000), nil, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			tx := shape(c.in, c.out)
			if c.edit != nil {
				c.edit(&tx)
			}
			cj, ok := RecogniseCoinJoin(&tx)
			if cj.Kind != c.want || ok != (c.want != "") {
				t.Fatalf("is %q, want %q", cj.Kind, c.want)
			}
			if !ok {
				return
			}
			if cj.Method != fundtrail.Method(c.want)+"/1" || cj.Confidence == 0 || cj.Confidence > 99 || cj.Tx != tx.ID {
				t.Errorf("method %q, confidence %d, tx %s", cj.Method, cj.Confidence, cj.Tx)
			}
			if one := OneOwner(&tx); len(c.in) > 1 && one == c.want.Mixes() {
				t.Errorf("one owner: %t", one)
			}
		})
	}
}

// Whoever is recognised in a transaction without transfers, or with two, was not read.
func TestRecogniseOddTransactions(t *testing.T) {
	tx := shape([]uint64{1_000_000, 1_000_000, 1_003_932, 1_000_000, 1_010_890}, times(5, 1_000_000))
	for _, transfers := range [][]fundtrail.Transfer{nil, {tx.Transfers[0], tx.Transfers[0]}} {
		if _, ok := RecogniseCoinJoin(&fundtrail.Transaction{ID: tx.ID, Transfers: transfers}); ok {
			t.Errorf("recognised with %d transfers", len(transfers))
		}
	}
	huge := tx
	huge.Transfers = []fundtrail.Transfer{tx.Transfers[0]}
	huge.Transfers[0].Inputs = slices.Clone(tx.Transfers[0].Inputs)
	huge.Transfers[0].Inputs[0].Amount = fundtrail.MaxAmount
	if _, ok := RecogniseCoinJoin(&huge); ok {
		t.Error("recognised with an amount of 256 bits")
	}
}

func TestOneOwner(t *testing.T) {
	for _, c := range []struct {
		name    string
		in, out []uint64
		want    bool
	}{
		{"payment with change", []uint64{5, 6, 7}, []uint64{10, 7}, true},
		{"consolidation", times(50, 1_000), []uint64{49_000}, true},
		{"three equal outputs, two inputs", []uint64{50_000, 60_000}, []uint64{30_000, 30_000, 30_000, 1_000}, true},
		{"three equal outputs, three inputs", []uint64{50_000, 60_000, 9_000}, []uint64{30_000, 30_000, 30_000, 1_000}, false},
	} {
		if tx := shape(c.in, c.out); OneOwner(&tx) != c.want {
			t.Errorf("%s: %t", c.name, !c.want)
		}
	}
}

// Changes are matched to those who own them, and only them.
func TestMatchedChanges(t *testing.T) {
	in, out := joinMarketRound()
	tx := shape(in, out)
	cj, _ := RecogniseCoinJoin(&tx)
	want := []Participant{
		{Inputs: []uint32{0}, Change: 4, Levels: 1, Sure: true},
		{Inputs: []uint32{1, 3}, Change: 5, Levels: 1, Sure: true},
		{Inputs: []uint32{2}, Change: 6, Levels: 1, Sure: true},
		{Inputs: []uint32{4}, Change: 7, Levels: 1, Sure: true},
	}
	if diff := cmp.Diff(want, cj.Matched); diff != "" {
		t.Errorf("joinmarket (-want +got):\n%s", diff)
	}

	// Two makers with the same input could have either change.
	in[2], out[6] = in[0]+3, in[0]+3+30-out[0]
	tx = shape(in, out)
	cj, _ = RecogniseCoinJoin(&tx)
	for _, p := range cj.Matched {
		if p.Sure && (p.Change == 4 || p.Change == 6 || p.Change == 7) {
			t.Errorf("change %d is called sure, and another's inputs fit it", p.Change)
		}
	}

	// Somebody pays the fees: with changes for all, one is the taker's, and no input is
	// left over.
	in, out = joinMarketRound()
	in[4], out[7] = 7_500_000, 7_500_000+30-5_012_345
	tx = shape(append(in, 50_000), out)
	cj, _ = RecogniseCoinJoin(&tx)
	owned := 0
	for _, p := range cj.Matched {
		owned += len(p.Inputs)
	}
	if cj.Kind != JoinMarket || owned != 6 {
		t.Errorf("%q, %d of 6 inputs are somebody's", cj.Kind, owned)
	}

	in, out = wasabi1Round(24)
	tx = shape(in, out)
	cj, _ = RecogniseCoinJoin(&tx)
	if len(cj.Matched) != 24 {
		t.Errorf("wasabi 1: %d of 24 changes matched", len(cj.Matched))
	}
	for _, p := range cj.Matched {
		i := p.Inputs[0]
		// An owner's outputs stand together: the base, of the first six a second one, the change.
		at := 3*i + 2
		if i >= 6 {
			at = 2*i + 7
		}
		if p.Change != at {
			t.Errorf("wasabi 1: input %d is matched to output %d, not %d", i, p.Change, at)
		}
	}
}

// The order of inputs and outputs says nothing in JoinMarket and Wasabi 1: what is
// recognised must not depend on it.
func TestOrderSaysNothing(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	in1, out1 := wasabi1Round(24)
	inJ, outJ := joinMarketRound()
	for range 50 {
		for _, c := range []struct {
			in, out []uint64
			want    CoinJoinKind
		}{{in1, out1, Wasabi1}, {inJ, outJ, JoinMarket}} {
			r.Shuffle(len(c.in), func(i, k int) { c.in[i], c.in[k] = c.in[k], c.in[i] })
			r.Shuffle(len(c.out), func(i, k int) { c.out[i], c.out[k] = c.out[k], c.out[i] })
			tx := shape(c.in, c.out)
			if cj, _ := RecogniseCoinJoin(&tx); cj.Kind != c.want {
				t.Fatalf("%s is %q in another order", c.want, cj.Kind)
			}
		}
	}
}

func TestRecognisePostMix(t *testing.T) {
	tx := shape([]uint64{1_000_000, 1_000_000, 7_777}, []uint64{2_000_000, 1_000})
	spends := func(i int) fundtrail.TransferOutput { return tx.Transfers[0].Inputs[i].Spends }
	made := map[fundtrail.TransferOutput]CoinJoinKind{spends(0): Whirlpool, spends(1): Whirlpool, spends(2): WhirlpoolTx0}
	mixed := func(o fundtrail.TransferOutput) CoinJoinKind { return made[o] }
	got, ok := RecognisePostMix(&tx, mixed)
	if diff := cmp.Diff(PostMix{Inputs: []uint32{0, 1}, Mixes: 2}, got); !ok || diff != "" {
		t.Errorf("%t (-want +got):\n%s", ok, diff)
	}
	if _, ok := RecognisePostMix(&tx, func(fundtrail.TransferOutput) CoinJoinKind { return "" }); ok {
		t.Error("a spend of no mixed coin")
	}
	again := shape([]uint64{1_000_000, 1_000_000, 1_003_932, 1_000_000, 1_010_890}, times(5, 1_000_000))
	if _, ok := RecognisePostMix(&again, mixed); ok {
		t.Error("a mix of mixed coins is no spend")
	}
}

// Transactions made to take long must not.
func TestHostileCoinJoins(t *testing.T) {
	var in, out []uint64
	for i := range uint64(12_000) {
		in = append(in, 20_000_000+i%50)
		out = append(out, 9_987_654, 9_900_000+i)
	}
	wide := shape(in, out)
	if cj, ok := RecogniseCoinJoin(&wide); !ok || cj.Kind != Wasabi1 || len(cj.Matched) != 0 {
		t.Errorf("%q with %d changes matched", cj.Kind, len(cj.Matched))
	}
	in, out = in[:0], out[:0]
	for i := range uint64(50) {
		out = append(out, 5_012_345, 9_000_000+i)
	}
	for i := range uint64(20_000) {
		in = append(in, 1_000+i*700)
	}
	deep := shape(in, out)
	RecogniseCoinJoin(&deep)
	for i := range in {
		in[i] = 14_000_000/3 - uint64(i%7)
	}
	same := shape(in, out)
	RecogniseCoinJoin(&same)
}
