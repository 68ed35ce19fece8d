package crossing

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/fundtrail/fundtrail"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// payment makes a transaction of entries, negative numbers being inputs.
func payment(at time.Time, entries ...struct {
	who int
	v   int64
}) *fundtrail.Transaction {
	tx := &fundtrail.Transaction{Block: fundtrail.Block{Time: at}, Transfers: []fundtrail.Transfer{{Asset: fundtrail.NativeAsset(fundtrail.Bitcoin)}}}
	tr := &tx.Transfers[0]
	for _, e := range entries {
		if e.v < 0 {
			tr.Inputs = append(tr.Inputs, fundtrail.Entry{Address: witnessAddress(e.who), Amount: fundtrail.NewAmount(uint64(-e.v))})
		} else {
			tr.Outputs = append(tr.Outputs, fundtrail.Entry{Address: witnessAddress(e.who), Amount: fundtrail.NewAmount(uint64(e.v))})
		}
	}
	return tx
}

type entry = struct {
	who int
	v   int64
}

func TestCustodialFlows(t *testing.T) {
	service := map[fundtrail.Address]bool{witnessAddress(1): true, witnessAddress(2): true}
	may, june := time.Date(2022, 5, 31, 23, 59, 59, 0, time.UTC), time.Date(2022, 6, 1, 0, 30, 0, 0, time.FixedZone("", 3600))
	unread := payment(may, entry{1, -5}, entry{9, 4})
	unread.Transfers[0].Inputs[0].Amount = fundtrail.Amount{}
	txs := []*fundtrail.Transaction{
		payment(may, entry{7, -100}, entry{1, 60}, entry{7, 39}),               // in 60
		payment(may, entry{1, -60}, entry{2, 59}),                              // within: only the fee of 1
		payment(may, entry{2, -59}, entry{8, 20}, entry{1, 37}),                // out 20, fee 2
		payment(may, entry{1, -30}, entry{7, -30}, entry{9, 10}, entry{2, 49}), // others sign too: in 19 net
		payment(june, entry{7, -5}, entry{2, 5}),                               // still May, in UTC
		payment(june.AddDate(0, 0, 1), entry{2, -3}, entry{7, -9}, entry{9, 11}),
		payment(may, entry{7, -5}, entry{8, 5}), // nobody's
		payment(may.AddDate(0, 0, -1), entry{7, -7}, entry{1, 7}),
		unread,
	}
	days := CustodialFlows(slices.Values(txs), service)
	if len(days) != 3 || !days[1].From.Equal(may.Truncate(24*time.Hour)) || days[2].From.Day() != 1 {
		t.Errorf("days: %v", days)
	}
	got := ByMonth(days)
	n := fundtrail.NewAmount
	btc := fundtrail.NativeAsset(fundtrail.Bitcoin)
	want := []CustodialFlow{
		{Asset: btc, From: time.Date(2022, 5, 1, 0, 0, 0, 0, time.UTC), In: n(91), Out: n(20), Fees: n(3), Deposits: 4, Payouts: 1, Shared: 1, Unknown: 1},
		{Asset: btc, From: time.Date(2022, 6, 1, 0, 0, 0, 0, time.UTC), Out: n(3), Payouts: 1, Shared: 1},
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateComparable(fundtrail.Asset{}, fundtrail.Amount{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := CustodialFlows(slices.Values(txs), nil); len(got) != 0 {
		t.Errorf("flows of no address: %v", got)
	}
}

// What came in, less what went out and fees, is what the addresses hold.
func TestCustodialFlowsBalance(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 1))
	for range 60 {
		service := map[fundtrail.Address]bool{witnessAddress(0): true, witnessAddress(1): true, witnessAddress(2): true}
		held := map[int][]int64{9: {1 << 40}}
		var txs []*fundtrail.Transaction
		for k := range 150 {
			var entries []entry
			var sum int64
			for range r.IntN(3) + 1 {
				who := []int{0, 1, 2, 3, 4, 9}[r.IntN(6)]
				if coins := held[who]; len(coins) > 0 {
					v := coins[len(coins)-1]
					held[who] = coins[:len(coins)-1]
					entries, sum = append(entries, entry{who, -v}), sum+v
				}
			}
			sum -= min(sum, r.Int64N(4))
			for sum > 0 {
				v := sum
				if r.IntN(3) > 0 {
					v = 1 + r.Int64N(sum)
				}
				who := []int{0, 1, 2, 3, 4, 9}[r.IntN(6)]
				held[who] = append(held[who], v)
				entries, sum = append(entries, entry{who, v}), sum-v
			}
			txs = append(txs, payment(time.Date(2022, 1, k, 0, 0, 0, 0, time.UTC), entries...))
		}
		var in, out, fees, want uint64
		for _, f := range CustodialFlows(slices.Values(txs), service) {
			in, out, fees = in+f.In.Uint64(), out+f.Out.Uint64(), fees+f.Fees.Uint64()
			if f.Unknown > 0 {
				t.Fatal("unknown, and all amounts are there")
			}
		}
		for who := range 3 {
			for _, v := range held[who] {
				want += uint64(v)
			}
		}
		if in-out-fees != want {
			t.Fatalf("in %d, out %d, fees %d, but %d is held", in, out, fees, want)
		}
	}
}

func TestRecogniseChips(t *testing.T) {
	for _, c := range []struct {
		name    string
		in, out []uint64
		want    fundtrail.Confidence
	}{
		{"small chips", []uint64{3_000_000}, times(20, 100_000), 20},
		{"large chips", []uint64{30_000_000}, times(10, 1_600_000), 50},
		{"chips and a rest", []uint64{90_000_000}, append(times(10, 6_400_000), 123_456), 50},
		{"two rests", []uint64{90_000_000}, append(times(10, 6_400_000), 123_456, 77_777), 0},
		{"four chips", []uint64{90_000_000}, times(4, 6_400_000), 0},
		{"not a power of two", []uint64{90_000_000}, times(9, 300_000), 0},
		{"too large", []uint64{80_000_000_000}, times(6, 1_638_400_000), 0},
		{"a mix of whirlpool", append(times(4, 100_000), 103_000), times(5, 100_000), 0},
	} {
		tx := shape(c.in, c.out)
		got, ok := RecogniseChips(&tx)
		if ok != (c.want > 0) || got.Confidence != c.want {
			t.Errorf("%s: %t with confidence %d, want %d", c.name, ok, got.Confidence, c.want)
		}
	}
}

// exchanges are made up: payouts at 48 coins for one, less 1 % and 0.01, a little off.
func exchanges(r *rand.Rand, n int) (all []CustodialExchange) {
	at := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	for range n {
		at = at.Add(time.Duration(r.IntN(3600)) * time.Second)
		in := math.Exp(r.Float64()*6 - 5)
		out := (in*48*0.99 - 0.01) * math.Exp((r.Float64()-0.5)*0.01)
		all = append(all, CustodialExchange{
			Deposit: CustodialPayment{Time: at, Amount: fundtrail.NewAmount(uint64(in * 1e8)), Decimals: 8}, Rate: 48,
			Payout: CustodialPayment{Time: at.Add(5 * time.Minute), Amount: fundtrail.NewAmount(uint64(out * 1e9)), Decimals: 9},
		})
	}
	return all
}

func TestPayoutModel(t *testing.T) {
	all := exchanges(rand.New(rand.NewPCG(1, 1)), 400)
	m, err := FitPayouts(all[:200])
	if err != nil {
		t.Fatal(err)
	}
	if math.Abs(m.Spread-0.01) > 0.002 || math.Abs(m.Flat-0.01) > 0.006 || m.Scale > 0.01 || m.Seen != 1 {
		t.Errorf("learnt %+v", m)
	}
	var payouts []CustodialPayment
	for i := range all {
		payouts = append(payouts, all[i].Payout)
	}
	m.Seen = 0.9
	list := m.List(payouts)
	first := 0
	for i := 200; i < 400; i++ {
		leads := list.Rank(all[i].Deposit, 48, 6*time.Hour)
		sum := 0.0
		for k, lead := range leads {
			d := payouts[lead.Payout].Time.Sub(all[i].Deposit.Time)
			if d < 0 || d > 6*time.Hour || k > 0 && lead.Odds > leads[k-1].Odds || !(lead.Odds >= 0) {
				t.Fatalf("lead %d: %v later, odds %v", k, d, lead.Odds)
			}
			sum += lead.Odds
		}
		if sum >= 1 {
			t.Fatalf("odds sum to %v, and the payout may not be seen", sum)
		}
		if len(leads) > 0 && leads[0].Payout == i {
			first++
		}
	}
	if first < 190 {
		t.Errorf("the right payout is first for %d of 200", first)
	}
}

func TestPayoutsRefused(t *testing.T) {
	if _, err := FitPayouts(exchanges(rand.New(rand.NewPCG(1, 1)), 9)); !errors.Is(err, fundtrail.ErrInvalid) {
		t.Errorf("nine are too few: %v", err)
	}
	if _, err := FitPayouts(make([]CustodialExchange, 50)); !errors.Is(err, fundtrail.ErrInvalid) {
		t.Errorf("nothing to learn from: %v", err)
	}
	at := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	m := PayoutModel{Scale: 0.01, Flat: 0.01, Seen: 0.9}
	coin := CustodialPayment{Time: at, Amount: fundtrail.NewAmount(1e8), Decimals: 8}
	list := m.List([]CustodialPayment{coin, {Time: at}})
	for name, c := range map[string]struct {
		deposit CustodialPayment
		rate    float64
		window  time.Duration
	}{
		"no amount":            {CustodialPayment{Time: at}, 1, time.Hour},
		"no rate":              {coin, 0, time.Hour},
		"rate is not a number": {coin, math.NaN(), time.Hour},
		"infinite rate":        {coin, math.Inf(1), time.Hour},
		"window backwards":     {coin, 1, -time.Hour},
		"after all payouts":    {CustodialPayment{Time: at.Add(time.Hour), Amount: coin.Amount, Decimals: 8}, 1, time.Hour},
	} {
		if leads := list.Rank(c.deposit, c.rate, c.window); len(leads) != 0 {
			t.Errorf("%s: %v", name, leads)
		}
	}
	leads := list.Rank(coin, 1, 0)
	if len(leads) != 2 || leads[0].Payout != 0 {
		t.Errorf("leads %v, want the payout of the amount first", leads)
	}
	if got := m.List(nil).Rank(coin, 1, time.Hour); len(got) != 0 {
		t.Errorf("leads among no payouts: %v", got)
	}
}

// FuzzRank: odds are odds, whatever the amounts.
func FuzzRank(f *testing.F) {
	f.Add(uint64(1e8), 48.0, uint64(47e8), 0.01, 0.001, 0.01, 0.9)
	f.Add(uint64(0), math.Inf(1), uint64(math.MaxUint64), -1.0, 0.0, 0.0, 1.0)
	f.Fuzz(func(t *testing.T, in uint64, rate float64, out uint64, spread, flat, scale, seen float64) {
		if !(scale > 0 && scale < 10 && flat >= 0 && flat < 1e6 && spread > -1 && spread < 1 && seen >= 0 && seen <= 1) {
			return
		}
		m := PayoutModel{Spread: spread, Flat: flat, Scale: scale, Seen: seen}
		list := m.List([]CustodialPayment{{Amount: fundtrail.NewAmount(out), Decimals: 8}, {Amount: fundtrail.NewAmount(in), Decimals: 8}})
		sum := 0.0
		for _, lead := range list.Rank(CustodialPayment{Amount: fundtrail.NewAmount(in), Decimals: 8}, rate, time.Hour) {
			if !(lead.Odds >= 0 && lead.Odds <= 1) {
				t.Fatalf("odds %v", lead.Odds)
			}
			sum += lead.Odds
		}
		if sum > 1.000001 {
			t.Fatalf("odds sum to %v", sum)
		}
	})
}
