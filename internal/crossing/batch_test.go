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

// A plant is a made-up history: a crowd, and operators that pay in at once and take out
// to fresh addresses, with a rounding of their own. They begin so many days apart.
type plant struct {
	ev      crossing.Events
	senders map[crossing.Account]bool
	truth   map[crossing.Account]crossing.Account // recipient -> operator
}

func newPlant(seed uint64, operators int, apart float64) *plant {
	rng := rand.New(rand.NewPCG(seed, 99))
	p := &plant{senders: map[crossing.Account]bool{}, truth: map[crossing.Account]crossing.Account{}}
	type deposit struct {
		time int64
		from crossing.Account
	}
	var ins []deposit
	const day = 86400
	next := 1
	fresh := func() crossing.Account { next++; return who(next) }
	take := func(to crossing.Account, t int64, fee fundtrail.Amount) {
		i := 100000 + len(p.ev.Withdrawals)
		p.ev.Withdrawals = append(p.ev.Withdrawals, crossing.Withdrawal{Block: t / 12, Tx: tx(i), Nullifier: note(tx(i)), To: to, Fee: fee})
	}
	crowdFee := func() fundtrail.Amount { // 0.38 to 0.45, to seven digits
		a, _ := fundtrail.NewAmount(uint64(3_800_001 + rng.IntN(700_000))).Mul(fundtrail.NewAmount(1e11))
		return a
	}
	for t := int64(day); t < 60*day; t += 600 + rng.Int64N(2400) {
		ins = append(ins, deposit{t, fresh()})
		if t > 3*day {
			to := fresh()
			n := 1
			if rng.IntN(5) == 0 {
				n = 2 + rng.IntN(6)
			}
			at := t
			for range n {
				take(to, at, crowdFee())
				at += 100 + rng.Int64N(200)
			}
		}
	}
	for range 3000 { // the pool's stock, so that nothing is overdrawn
		ins = append(ins, deposit{1 + rng.Int64N(day), fresh()})
	}
	for op := range operators {
		from := fresh()
		p.senders[from] = true
		start := 30*day + int64(float64(op)*apart*day) + rng.Int64N(day/4)
		n := 20 + rng.IntN(20)
		for i := range n {
			ins = append(ins, deposit{start + int64(i)*120, from})
		}
		var recipients []crossing.Account
		var left []int
		for sum := 0; sum < n; {
			k := min(n-sum, 3+rng.IntN(5))
			r := fresh()
			p.truth[r] = from
			recipients = append(recipients, r)
			left = append(left, k)
			sum += k
		}
		t := start + int64(n)*120
		for len(recipients) > 0 {
			i := rng.IntN(len(recipients))
			t += 300 + rng.Int64N(600)
			take(recipients[i], t, ether(uint64(340+5*rng.IntN(10))))
			if left[i]--; left[i] == 0 {
				recipients, left = slices.Delete(recipients, i, i+1), slices.Delete(left, i, i+1)
			}
		}
	}
	slices.SortStableFunc(ins, func(a, b deposit) int { return int(a.time - b.time) })
	for i, d := range ins {
		p.ev.Deposits = append(p.ev.Deposits, crossing.Deposit{Leaf: i, Block: d.time / 12, Time: d.time, Tx: tx(i), Sender: d.from})
	}
	return p
}

// checkDemix holds an answer to what cannot be otherwise.
func checkDemix(t *testing.T, p *crossing.Pool, batches []crossing.Batch, list []crossing.Recipient) {
	t.Helper()
	used := map[int]bool{}
	taken := make([][]int, len(batches))
	for _, r := range list {
		if r.Probability < 0 || r.Probability > 1 {
			t.Fatalf("probability %v", r.Probability)
		}
		if !r.Assigned {
			continue
		}
		for _, w := range r.Withdrawals {
			if used[w] {
				t.Fatalf("withdrawal %d is used twice", w)
			}
			used[w] = true
			if p.Withdrawals[w].To != r.To {
				t.Fatal("not its withdrawal")
			}
		}
		taken[r.Batch] = append(taken[r.Batch], r.Withdrawals...)
	}
	// The probabilities keep to the same limits as the answer.
	share, notes := map[int]float64{}, make([]float64, len(batches))
	for _, r := range list {
		notes[r.Batch] += r.Probability * float64(len(r.Withdrawals))
		for _, w := range r.Withdrawals {
			if share[w] += r.Probability; share[w] > 1+1e-9 {
				t.Fatalf("withdrawal %d is in batches with %v in all", w, share[w])
			}
		}
	}
	for b := range batches {
		if n := float64(len(batches[b].Deposits)); notes[b] > n+1e-9 {
			t.Fatalf("batch %d is expected to pay out %v notes of %v", b, notes[b], n)
		}
		slices.Sort(taken[b])
		for j, w := range taken[b] {
			if j >= len(batches[b].Deposits) || p.Deposits[batches[b].Deposits[j]].Block > p.Withdrawals[w].Block {
				t.Fatalf("batch %d pays out note %d of %d before it has it", b, j+1, len(batches[b].Deposits))
			}
		}
	}
}

// TestDemixFindsPlanted: planted operators are recovered, whatever the order of events.
func TestDemixFindsPlanted(t *testing.T) {
	var sum score
	for seed := range uint64(4) {
		pl := newPlant(seed, 6, 2)
		p := newPool(t, hundred, pl.ev)
		if p.Overdrawn != 0 {
			t.Fatal("the planted history is overdrawn")
		}
		batches := crossing.Batches(p, pl.senders, 5, 6*3600)
		if len(batches) != 6 {
			t.Fatalf("%d batches", len(batches))
		}
		list, err := crossing.Demix([]*crossing.Pool{p}, 0, batches)
		if err != nil {
			t.Fatal(err)
		}
		checkDemix(t, p, batches, list)
		s := score{truth: len(pl.truth)}
		for _, r := range list {
			if r.Assigned {
				s.found++
				if pl.truth[r.To] == batches[r.Batch].Depositor {
					s.right++
				}
			}
		}
		sum.add(s)
		rng := rand.New(rand.NewPCG(seed, 5))
		rng.Shuffle(len(pl.ev.Deposits), func(a, b int) { d := pl.ev.Deposits; d[a], d[b] = d[b], d[a] })
		rng.Shuffle(len(pl.ev.Withdrawals), func(a, b int) { d := pl.ev.Withdrawals; d[a], d[b] = d[b], d[a] })
		again, err := crossing.Demix([]*crossing.Pool{newPool(t, hundred, pl.ev)}, 0, batches)
		if err != nil {
			t.Fatal(err)
		}
		plain := func(list []crossing.Recipient) (out []crossing.Recipient) {
			for _, r := range list {
				out = append(out, crossing.Recipient{Batch: r.Batch, To: r.To, Withdrawals: r.Withdrawals, Probability: r.Probability, Assigned: r.Assigned})
			}
			return out
		}
		if d := cmp.Diff(plain(list), plain(again), cmp.AllowUnexported(crossing.Recipient{})); d != "" {
			t.Fatalf("seed %d: the order of events matters:\n%s", seed, d)
		}
	}
	if sum.f1() < 0.9 {
		t.Errorf("planted operators: %v", sum)
	}
}

// TestDemixHolds: on random histories, with batches that overlap and share nothing real,
// nothing impossible is claimed.
func TestDemixHolds(t *testing.T) {
	for seed := range uint64(15) {
		rng := rand.New(rand.NewPCG(seed, 3))
		p := newPool(t, hundred, random(rng, hundred, 0))
		batches := crossing.Batches(p, nil, 1+rng.IntN(3), 1<<40)
		list, err := crossing.Demix([]*crossing.Pool{p}, 0, batches)
		if err != nil {
			t.Fatal(err)
		}
		checkDemix(t, p, batches, list)
	}
}

// TestDemixOverlap: of batches whose windows are one, no withdrawal is in two.
func TestDemixOverlap(t *testing.T) {
	for seed := range uint64(3) {
		pl := newPlant(seed, 4, 0.1)
		p := newPool(t, hundred, pl.ev)
		batches := crossing.Batches(p, pl.senders, 5, 6*3600)
		list, err := crossing.Demix([]*crossing.Pool{p}, 0, batches)
		if err != nil {
			t.Fatal(err)
		}
		checkDemix(t, p, batches, list)
		var s score
		for _, r := range list {
			if r.Assigned {
				s.found++
				if !pl.truth[r.To].IsZero() {
					s.right++
				}
			}
		}
		if s.truth = len(pl.truth); s.f1() < 0.85 {
			t.Errorf("seed %d: recipients, whichever the batch: %v", seed, s)
		}
	}
}

func TestDemixRefuses(t *testing.T) {
	p := newPool(t, hundred, crossing.Events{Deposits: []crossing.Deposit{{Leaf: 0, Block: 1, Time: 12}, {Leaf: 1, Block: 2, Time: 24}}})
	for _, b := range []crossing.Batch{{}, {Deposits: []int{5}}, {Deposits: []int{-1}}, {Deposits: []int{1, 0}}, {Deposits: []int{0, 0}}} {
		if _, err := crossing.Demix([]*crossing.Pool{p}, 0, []crossing.Batch{b}); !errors.Is(err, fundtrail.ErrInvalid) {
			t.Errorf("%v: %v", b, err)
		}
	}
	if _, err := crossing.Demix(nil, 0, nil); !errors.Is(err, fundtrail.ErrInvalid) {
		t.Errorf("no pools: %v", err)
	}
	if _, err := crossing.Demix([]*crossing.Pool{p}, 0, make([]crossing.Batch, 1001)); !errors.Is(err, fundtrail.ErrLimit) {
		t.Errorf("too many batches: %v", err)
	}
	if list, err := crossing.Demix([]*crossing.Pool{p}, 0, nil); err != nil || len(list) != 0 {
		t.Errorf("no batches: %v, %v", list, err)
	}
	if list, err := crossing.Demix([]*crossing.Pool{p}, 0, []crossing.Batch{{Deposits: []int{0, 1}}}); err != nil || len(list) != 0 {
		t.Errorf("no withdrawals: %v, %v", list, err)
	}
}

// TestNull: what is dealt out anew keeps its counts, and what is moved its sizes.
func TestNull(t *testing.T) {
	pl := newPlant(1, 4, 2)
	p := newPool(t, hundred, pl.ev)
	q := p.Shuffled(3, 30*86400)
	if slices.Equal(p.Withdrawals, q.Withdrawals) {
		t.Error("nothing was shuffled")
	}
	if !slices.Equal(q.Withdrawals, p.Shuffled(3, 30*86400).Withdrawals) || slices.Equal(q.Withdrawals, p.Shuffled(4, 30*86400).Withdrawals) {
		t.Error("a seed is not one shuffle")
	}
	type key struct {
		to     crossing.Account
		period int64
	}
	count := map[key]int{}
	for i := range p.Withdrawals {
		a, b := p.Withdrawals[i], q.Withdrawals[i]
		if a.Tx != b.Tx || a.Time != b.Time {
			t.Fatal("a transaction moved")
		}
		count[key{a.To, a.Time / (30 * 86400)}]++
		count[key{b.To, b.Time / (30 * 86400)}]--
	}
	for k, n := range count {
		if n != 0 {
			t.Fatalf("%x has %d more", k.to, n)
		}
	}
	batches := crossing.Batches(p, pl.senders, 5, 6*3600)
	moved := crossing.Moved(p, batches, -10*86400)
	if len(moved) != len(batches) {
		t.Fatalf("%d of %d batches moved", len(moved), len(batches))
	}
	used := map[int]bool{}
	for i, b := range moved {
		if len(b.Deposits) != len(batches[i].Deposits) || !b.Depositor.IsZero() {
			t.Errorf("batch %d: %v", i, b)
		}
		for _, d := range b.Deposits {
			if used[d] {
				t.Fatal("a deposit in two batches")
			}
			used[d] = true
		}
	}
	if far := crossing.Moved(p, batches, 1000*86400); len(far) != 0 {
		t.Errorf("beyond the history: %v", far)
	}
	list, err := crossing.Demix([]*crossing.Pool{q}, 0, batches)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, r := range list {
		if r.Assigned {
			n += len(r.Withdrawals)
		}
	}
	if n > 20 {
		t.Errorf("%d notes are claimed of shuffled withdrawals", n)
	}
}
