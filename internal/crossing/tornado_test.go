package crossing_test

import (
	"errors"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/crossing"
	"github.com/google/go-cmp/cmp"
)

var hundred = crossing.PoolName{Chain: fundtrail.Ethereum, Symbol: "eth", Unit: "100"}

func who(n int) (a crossing.Account) {
	a[0], a[17], a[18], a[19] = 0xaa, byte(n>>16), byte(n>>8), byte(n)
	return a
}

func tx(n int) (h fundtrail.Hash) {
	h[0], h[29], h[30], h[31] = 0x11, byte(n>>16), byte(n>>8), byte(n)
	return h
}

func note(h fundtrail.Hash) fundtrail.Hash { h[0] = 0x22; return h }

func newPool(t testing.TB, name crossing.PoolName, ev crossing.Events) *crossing.Pool {
	t.Helper()
	p, err := crossing.NewPool(name, ev, crossing.NewClock(ev))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func ether(milli uint64) fundtrail.Amount {
	a, _ := fundtrail.NewAmount(milli).Mul(fundtrail.NewAmount(1e15))
	return a
}

func TestPoolAccounts(t *testing.T) {
	ev := crossing.Events{
		Deposits: []crossing.Deposit{
			{Leaf: 0, Block: 100, Time: 1000, Tx: tx(1), Sender: who(1)},
			{Leaf: 1, Block: 200, Time: 2000, Tx: tx(2)},
			{Leaf: 2, Block: 300, Time: 4000, Tx: tx(3), Sender: who(1)},
		},
		Withdrawals: []crossing.Withdrawal{
			{Block: 250, Tx: tx(4), Nullifier: note(tx(4)), To: who(9), Fee: ether(400)},
			{Block: 350, Tx: tx(5), Nullifier: note(tx(5)), To: who(1)},
		},
	}
	p := newPool(t, hundred, ev)
	if got := []int64{p.Withdrawals[0].Time, p.Withdrawals[1].Time}; !cmp.Equal(got, []int64{3000, 4750}) {
		t.Errorf("times %v: want interpolated 3000, and 4750 at the average pace beyond", got)
	}
	if p.Before(0) != 2 || p.Before(1) != 3 {
		t.Errorf("anonymity sets %d, %d; want 2, 3", p.Before(0), p.Before(1))
	}
	b := p.AsOf(260)
	want := crossing.Balance{Block: 250, Deposits: 2, Withdrawals: 1, Unspent: 1, In: ether(200_000), Out: ether(100_000), Held: ether(100_000),
		Fees: ether(400), Senders: 1, Told: 1, Recipients: 1}
	if d := cmp.Diff(want, b, cmp.Comparer(func(x, y fundtrail.Amount) bool { return x == y })); d != "" {
		t.Errorf("as of block 260 (-want +got):\n%s", d)
	}
	notes, told, worth := p.From(map[crossing.Account]bool{who(1): true}, 250)
	if notes != 1 || told != 1 || worth != ether(100_000) {
		t.Errorf("from the depositor: %d of %d, %s", notes, told, worth)
	}
	if b := p.AsOf(99); b != (crossing.Balance{}) {
		t.Errorf("before the first event: %+v", b)
	}
	// The order of events, and events met twice, change nothing.
	ev.Deposits = append([]crossing.Deposit{ev.Deposits[2], ev.Deposits[1], ev.Deposits[0]}, ev.Deposits...)
	ev.Withdrawals = append(ev.Withdrawals, ev.Withdrawals...)
	if q := newPool(t, hundred, ev); !slices.Equal(p.Deposits, q.Deposits) || !slices.Equal(p.Withdrawals, q.Withdrawals) {
		t.Error("the order of events changes the pool")
	}
}

func TestPoolRefuses(t *testing.T) {
	d := func(leaf int, block int64, n int) crossing.Deposit {
		return crossing.Deposit{Leaf: leaf, Block: block, Time: block * 10, Tx: tx(n)}
	}
	for _, c := range []struct {
		name string
		pool crossing.PoolName
		ev   crossing.Events
		want error
	}{
		{"one leaf twice", hundred, crossing.Events{Deposits: []crossing.Deposit{d(0, 1, 1), d(0, 2, 2)}}, fundtrail.ErrConflict},
		{"leaves out of order", hundred, crossing.Events{Deposits: []crossing.Deposit{d(0, 9, 1), d(1, 2, 2)}}, fundtrail.ErrConflict},
		{"negative leaf", hundred, crossing.Events{Deposits: []crossing.Deposit{d(-1, 9, 1)}}, fundtrail.ErrInvalid},
		{"negative block", hundred, crossing.Events{Withdrawals: []crossing.Withdrawal{{Block: -1}}}, fundtrail.ErrInvalid},
		{"a note spent twice", hundred, crossing.Events{Withdrawals: []crossing.Withdrawal{
			{Block: 1, Tx: tx(1), Nullifier: note(tx(1))}, {Block: 2, Tx: tx(2), Nullifier: note(tx(1))}}}, fundtrail.ErrConflict},
		{"unknown asset", crossing.PoolName{Chain: fundtrail.Ethereum, Symbol: "shib", Unit: "1"}, crossing.Events{}, fundtrail.ErrInvalid},
		{"no amount", crossing.PoolName{Chain: fundtrail.Ethereum, Symbol: "eth", Unit: "0"}, crossing.Events{}, fundtrail.ErrInvalid},
		{"too many decimals", crossing.PoolName{Chain: fundtrail.Ethereum, Symbol: "usdc", Unit: "0.0000001"}, crossing.Events{}, fundtrail.ErrInvalid},
	} {
		if _, err := crossing.NewPool(c.pool, c.ev, nil); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
	two := crossing.Events{Deposits: []crossing.Deposit{{Leaf: 0, Sender: who(1)}, {Leaf: 0, Sender: who(2)}}}
	if _, err := crossing.NewPool(hundred, two, nil); !errors.Is(err, fundtrail.ErrConflict) {
		t.Errorf("two senders: %v", err)
	}
}

func TestClock(t *testing.T) {
	if got := crossing.NewClock().At(5); got != 0 {
		t.Errorf("no ticks: %d", got)
	}
	one := crossing.NewClock(crossing.Events{Deposits: []crossing.Deposit{{Block: 7, Time: 70}}})
	if got := one.At(900); got != 70 {
		t.Errorf("one tick: %d", got)
	}
	rng := rand.New(rand.NewPCG(1, 2))
	var ev crossing.Events
	for range 200 {
		ev.Deposits = append(ev.Deposits, crossing.Deposit{Block: rng.Int64N(1000), Time: 1 + rng.Int64N(1000)})
	}
	c := crossing.NewClock(ev)
	last := int64(-1 << 40)
	for b := int64(-10); b < 1100; b++ {
		if c.At(b) < last {
			t.Fatalf("block %d is earlier than the one before", b)
		}
		last = c.At(b)
	}
}

// random makes a pool's history in which senders and recipients overlap.
func random(rng *rand.Rand, name crossing.PoolName, base int) crossing.Events {
	var ev crossing.Events
	block := int64(1000)
	for i := range 60 {
		block += 1 + rng.Int64N(40)
		sender := who(1 + rng.IntN(12))
		if rng.IntN(4) == 0 {
			sender = crossing.Account{}
		}
		ev.Deposits = append(ev.Deposits, crossing.Deposit{Leaf: i, Block: block, Time: block * 12, Tx: tx(base + i), Sender: sender, GasPrice: 1 + uint64(rng.IntN(20))})
	}
	for i := range 50 {
		w := crossing.Withdrawal{Block: 1000 + rng.Int64N(block), Tx: tx(base + 500 + i), Nullifier: note(tx(base + 500 + i)),
			To: who(1 + rng.IntN(25)), Sender: who(1 + rng.IntN(40)), GasPrice: 1 + uint64(rng.IntN(20))}
		if rng.IntN(2) == 0 {
			w.Fee = ether(uint64(300 + rng.IntN(200)))
		}
		ev.Withdrawals = append(ev.Withdrawals, w)
	}
	return ev
}

// TestLinksHold: on any history, in any order of events, every method links a withdrawal
// to a depositor that has a note left, and the order is irrelevant.
func TestLinksHold(t *testing.T) {
	linked := map[fundtrail.Method]int{}
	for seed := range uint64(40) {
		rng := rand.New(rand.NewPCG(seed, 7))
		small := crossing.PoolName{Chain: fundtrail.Ethereum, Symbol: "eth", Unit: "1"}
		evs := []crossing.Events{random(rng, small, 0), random(rng, hundred, 10000)}
		var payments []crossing.Payment
		for range 30 {
			payments = append(payments, crossing.Payment{From: who(rng.IntN(20)), To: who(rng.IntN(40))})
		}
		run := func() ([]*crossing.Pool, []crossing.Link) {
			pools := []*crossing.Pool{newPool(t, small, evs[0]), newPool(t, hundred, evs[1])}
			var all []crossing.Link
			for _, links := range [][]crossing.Link{crossing.SameAddress(pools), crossing.GasPaid(pools, 5), crossing.Transfers(pools, payments, 20),
				crossing.GasPrice(pools), crossing.Portfolio(pools)} {
				checkLinks(t, pools, links)
				all = append(all, links...)
			}
			return pools, all
		}
		_, first := run()
		for _, l := range first {
			linked[l.Method]++
		}
		for i := range evs {
			rng.Shuffle(len(evs[i].Deposits), func(a, b int) { d := evs[i].Deposits; d[a], d[b] = d[b], d[a] })
			rng.Shuffle(len(evs[i].Withdrawals), func(a, b int) { d := evs[i].Withdrawals; d[a], d[b] = d[b], d[a] })
		}
		_, again := run()
		if d := cmp.Diff(first, again); d != "" {
			t.Fatalf("seed %d: the order of events matters:\n%s", seed, d)
		}
		joined := crossing.Combine(again)
		rng.Shuffle(len(again), func(a, b int) { again[a], again[b] = again[b], again[a] })
		if d := cmp.Diff(joined, crossing.Combine(again)); d != "" {
			t.Fatalf("seed %d: the order of links matters:\n%s", seed, d)
		}
		type place struct{ pool, withdrawal int }
		sum, most := map[place]float64{}, map[place]float64{}
		for _, l := range joined {
			k := place{l.Pool, l.Withdrawal}
			sum[k] += l.Probability
			most[k] = max(most[k], l.Probability)
		}
		for _, l := range crossing.Likeliest(joined) {
			k := place{l.Pool, l.Withdrawal}
			if p, ok := most[k]; !ok || l.Probability != p {
				t.Fatalf("seed %d: withdrawal %v goes out twice, or with %v of %v", seed, k, l.Probability, p)
			}
			delete(most, k)
		}
		if len(most) > 0 {
			t.Fatalf("seed %d: %d withdrawals are lost", seed, len(most))
		}
		for k, s := range sum {
			if s > 1 {
				t.Fatalf("seed %d: withdrawal %v belongs to depositors with %v in all", seed, k, s)
			}
		}
	}
	for _, m := range []fundtrail.Method{crossing.SameAddressMethod, crossing.GasMethod, crossing.TransferMethod, crossing.GasPriceMethod} {
		if linked[m] == 0 {
			t.Errorf("%s linked nothing: the histories do not test it", m)
		}
	}
}

// checkLinks holds one method's links to what cannot be otherwise.
func checkLinks(t *testing.T, pools []*crossing.Pool, links []crossing.Link) {
	t.Helper()
	type k struct {
		pool int
		who  crossing.Account
	}
	used := map[k]int{}
	for _, l := range links {
		p := pools[l.Pool]
		own := 0
		for _, d := range p.Deposits[:p.Before(l.Withdrawal)] {
			if d.Block > p.Withdrawals[l.Withdrawal].Block {
				t.Fatal("a deposit counted before its time")
			}
			if d.Sender == l.Depositor {
				own++
			}
		}
		used[k{l.Pool, l.Depositor}]++
		if own != l.Own || used[k{l.Pool, l.Depositor}] > own {
			t.Fatalf("%s: link %d to a depositor with %d notes by then (says %d)", l.Method, used[k{l.Pool, l.Depositor}], own, l.Own)
		}
		if l.AnonymitySet != p.Before(l.Withdrawal) || l.Probability <= 0 || l.Probability >= 1 {
			t.Fatalf("%+v", l)
		}
	}
}

func TestPortfolio(t *testing.T) {
	one, ten := crossing.PoolName{Chain: fundtrail.Ethereum, Symbol: "eth", Unit: "1"}, crossing.PoolName{Chain: fundtrail.Ethereum, Symbol: "eth", Unit: "10"}
	build := func(second bool) []*crossing.Pool {
		var evs [2]crossing.Events
		put := func(pool, n int, from crossing.Account, block int64) {
			for range n {
				i := len(evs[pool].Deposits)
				evs[pool].Deposits = append(evs[pool].Deposits, crossing.Deposit{Leaf: i, Block: block, Time: block * 12, Tx: tx(pool*1000 + i), Sender: from})
			}
		}
		take := func(pool, n int, to crossing.Account, block int64) {
			for range n {
				i := 500 + len(evs[pool].Withdrawals)
				evs[pool].Withdrawals = append(evs[pool].Withdrawals, crossing.Withdrawal{Block: block, Tx: tx(pool*1000 + i), Nullifier: note(tx(pool*1000 + i)), To: to})
			}
		}
		put(0, 3, who(1), 100)
		put(1, 2, who(1), 110)
		put(0, 2, who(2), 120)
		put(1, 2, who(2), 130)
		take(0, 3, who(50), 500)
		take(1, 2, who(50), 510)
		if second {
			take(0, 3, who(51), 520)
			take(1, 2, who(51), 530)
			put(0, 9, crossing.Account{}, 900)
			put(1, 9, crossing.Account{}, 900)
		}
		return []*crossing.Pool{newPool(t, one, evs[0]), newPool(t, ten, evs[1])}
	}
	links := crossing.Portfolio(build(false))
	if len(links) != 5 {
		t.Errorf("%d links, want the 5 notes of the one that matches", len(links))
	}
	for _, l := range links {
		if l.Depositor != who(1) {
			t.Errorf("linked to %x", l.Depositor)
		}
	}
	if links := crossing.Portfolio(build(true)); len(links) != 0 {
		t.Errorf("two recipients with one claim: %d links, want none", len(links))
	}
}

func TestCombine(t *testing.T) {
	l := func(m fundtrail.Method, d int, p float64) crossing.Link {
		return crossing.Link{Method: m, Depositor: who(d), Batch: -1, Probability: p}
	}
	for _, c := range []struct {
		name  string
		links []crossing.Link
		want  []float64
	}{
		{"none", nil, nil},
		{"one", []crossing.Link{l("a/1", 1, 0.5)}, []float64{0.5}},
		{"two methods agree", []crossing.Link{l("a/1", 1, 0.5), l("b/1", 1, 0.5)}, []float64{0.75}},
		{"one method twice", []crossing.Link{l("a/1", 1, 0.5), l("a/1", 1, 0.5)}, []float64{0.5}},
		{"two depositors", []crossing.Link{l("a/1", 1, 0.5), l("b/1", 2, 0.5)}, []float64{1.0 / 3, 1.0 / 3}},
	} {
		var got []float64
		for _, x := range crossing.Combine(c.links) {
			got = append(got, float64(int(x.Probability*1e6+0.5))/1e6)
		}
		want := make([]float64, len(c.want))
		for i := range want {
			want[i] = float64(int(c.want[i]*1e6+0.5)) / 1e6
		}
		if len(got)+len(want) > 0 && !cmp.Equal(got, want) {
			t.Errorf("%s: %v, want %v", c.name, got, want)
		}
	}
	for p, want := range map[float64]fundtrail.Certainty{0.95: fundtrail.Certain, 0.949: fundtrail.Probable, 0.6: fundtrail.Probable, 0.59: fundtrail.Possible, 0.1: fundtrail.Possible, 0.09: crossing.Unlikely} {
		if got := crossing.CertaintyOf(p); got != want {
			t.Errorf("%v is %q, want %q", p, got, want)
		}
	}
}

// TestGasPrice: an odd price links only when one depositor alone had it, before London.
func TestGasPrice(t *testing.T) {
	d := func(leaf int, sender int, price uint64) crossing.Deposit {
		return crossing.Deposit{Leaf: leaf, Block: 100, Time: 1200, Tx: tx(leaf), Sender: who(sender), GasPrice: price}
	}
	w := func(n int, block int64, price uint64, fee fundtrail.Amount) crossing.Withdrawal {
		return crossing.Withdrawal{Block: block, Tx: tx(100 + n), Nullifier: note(tx(100 + n)), To: who(50 + n), Fee: fee, GasPrice: price}
	}
	const odd, shared, round = 20_123_456_789, 30_123_456_789, 40_000_000_000
	p := newPool(t, hundred, crossing.Events{
		Deposits: []crossing.Deposit{d(0, 1, odd), d(1, 2, shared), d(2, 3, shared), d(3, 4, round), d(4, 1, 0)},
		Withdrawals: []crossing.Withdrawal{
			w(0, 200, odd, fundtrail.Amount{}),
			w(1, 201, shared, fundtrail.Amount{}),
			w(2, 202, round, fundtrail.Amount{}),
			w(3, 203, odd, ether(400)), // a relayer's price
			w(4, 13_000_000, odd, fundtrail.Amount{}),
		},
	})
	links := crossing.GasPrice([]*crossing.Pool{p})
	if len(links) != 1 || links[0].Depositor != who(1) || links[0].Withdrawal != 0 {
		t.Errorf("%+v; want one link, of the first withdrawal", links)
	}
}
