package trace_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/ledger"
	"github.com/fundtrail/fundtrail/internal/ledgertest"
	"github.com/fundtrail/fundtrail/internal/trace"
	"github.com/google/go-cmp/cmp"
)

// A scene is a random ledger with a question about it.
type scene struct {
	txs       []fundtrail.Transaction
	coverage  []fundtrail.Coverage
	in        trace.Input // but for the ledger
	opt       trace.Options
	addresses int
	ledger    *ledger.Memory // of txs
}

// randomScene makes accounts with gaps and tokens, coins, or both chains at once with
// crossings between them, asked about in either direction with options of all sorts.
func randomScene(t testing.TB, seed uint64) *scene {
	r := rand.New(rand.NewPCG(seed, 53))
	s := &scene{addresses: 4 + r.IntN(6)}
	if seed%3 != 1 {
		s.txs = ledgertest.Random{Addresses: s.addresses, Transactions: 10 + r.IntN(30), Tokens: r.IntN(2), Gaps: r.IntN(2) == 0}.Ledger(r)
		// Not somewhere at random, so that what is asked about seldom comes last.
		if i, ok := someTheft(r, s.txs[:len(s.txs)/2+1]); ok {
			s.in.Thefts = append(s.in.Thefts, fundtrail.Theft{Tx: s.txs[i].ID, HasIndex: true})
		}
	}
	if seed%3 != 0 {
		coins := coinShape{addresses: s.addresses, transactions: 10 + r.IntN(20), most: 30, inputs: 3, outputs: 3, steady: true}.ledger(r)
		for i := range coins {
			coins[i].Block.Time = coins[i].Block.Time.Add(30 * time.Second)
		}
		if tr := coins[r.IntN(len(coins)/2+1)].Transfers[0]; !tr.Outputs[0].Amount.IsZero() {
			s.in.Thefts = append(s.in.Thefts, fundtrail.Theft{Tx: tr.ID.Tx, HasIndex: true})
		}
		s.txs = append(s.txs, coins...)
	}
	someone := func(c fundtrail.Chain) fundtrail.Address {
		return ledgertest.Address(c, ledgertest.Name(r.IntN(s.addresses)))
	}
	chain := []fundtrail.Chain{fundtrail.Ethereum, fundtrail.Bitcoin, fundtrail.Ethereum}[seed%3]
	if r.IntN(4) == 0 {
		at := s.txs[r.IntN(len(s.txs))].Block.Time
		if r.IntN(6) == 0 {
			at = at.AddDate(1, 0, 0)
		}
		s.in.Thefts = append(s.in.Thefts, fundtrail.Theft{Address: someone(chain), Asset: fundtrail.NativeAsset(chain), Amount: fundtrail.NewAmount(1 + r.Uint64N(20)), Time: at})
	}
	if r.IntN(3) == 0 || len(s.in.Thefts) == 0 {
		s.in.Thefts = append(s.in.Thefts, fundtrail.Theft{Address: someone(chain), Whole: true})
	}
	tags := map[fundtrail.Address][]fundtrail.Tag{}
	for _, c := range []fundtrail.Chain{fundtrail.Ethereum, fundtrail.Bitcoin} {
		for range r.IntN(4) {
			a := someone(c)
			tags[a] = append(tags[a], fundtrail.Tag{Address: a, Label: "x", Actor: fmt.Sprint("actor", r.IntN(3)),
				Category: []string{"exchange", "mixing_service", "defi_dex"}[r.IntN(3)], Confidence: fundtrail.Confidence(25 * r.IntN(5))})
		}
		if r.IntN(3) == 0 {
			s.coverage = append(s.coverage, fundtrail.Coverage{Chain: c, Address: someone(c), ToBlock: 1 << 40, What: fundtrail.AllKinds, Source: "all"},
				fundtrail.Coverage{Chain: c, Address: someone(c), ToBlock: 1 << 40, What: fundtrail.ValueTransfers, Source: "some"})
		}
	}
	s.in.Tags = func(a fundtrail.Address) []fundtrail.Tag { return tags[a] }
	s.ledger = s.seal(t, s.txs)
	if s.opt.Direction = fundtrail.Forward; r.IntN(3) == 0 {
		s.opt.Direction = fundtrail.Backward
	}
	if seed%3 == 2 {
		tagged := map[fundtrail.Address]bool{}
		for a := range tags {
			tagged[a] = true
		}
		s.in.Crossings = append(randomCrossings(r, s.ledger, tagged), randomSwaps(r, s.ledger)...)
	}
	s.opt.Policy = []fundtrail.Policy{fundtrail.FIFO, fundtrail.LIFO, fundtrail.Haircut}[r.IntN(3)]
	s.opt.Hub = []int{0, 3}[r.IntN(2)]
	s.opt.MaxHops = max(0, r.IntN(8)-4)
	s.opt.Payback = r.IntN(3) - 1
	if r.IntN(3) == 0 {
		s.opt.Dust = map[fundtrail.Asset]fundtrail.Amount{fundtrail.NativeAsset(chain): fundtrail.NewAmount(r.Uint64N(5))}
	}
	return s
}

func (s *scene) seal(t testing.TB, txs []fundtrail.Transaction) *ledger.Memory {
	return seal(t, txs, s.coverage)
}

// ask traces on a ledger. A question that nothing answers, such as a whole address that
// pays nothing, gives nil.
func (s *scene) ask(t testing.TB, l fundtrail.Ledger) *fundtrail.Trace {
	t.Helper()
	in := s.in
	in.Ledger = l
	tr, err := trace.Run(t.Context(), in, s.opt)
	if err != nil {
		if !isNotFound(err) {
			t.Fatalf("%v", err)
		}
		return nil
	}
	return tr
}

// sameTrace fails the test unless two traces are the same, field by field and byte by
// byte when written.
func sameTrace(t testing.TB, what string, a, b *fundtrail.Trace) {
	t.Helper()
	if diff := cmp.Diff(a, b, cmp.AllowUnexported(fundtrail.Address{}, fundtrail.Amount{})); diff != "" {
		t.Fatalf("%s (-one +other):\n%s", what, diff)
	}
	if x, y := encode(t, a), encode(t, b); !bytes.Equal(x, y) {
		t.Fatalf("%s: written, they differ:\n%s\n%s", what, x, y)
	}
}

func encode(t testing.TB, tr *fundtrail.Trace) []byte {
	t.Helper()
	out, err := json.Marshal(tr)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// shuffled tells the same facts in another order, some of them twice.
func shuffled(r *rand.Rand, txs []fundtrail.Transaction) []fundtrail.Transaction {
	out := slices.Clone(txs)
	for range len(txs) / 4 {
		out = append(out, txs[r.IntN(len(txs))])
	}
	r.Shuffle(len(out), func(i, k int) { out[i], out[k] = out[k], out[i] })
	for i := range out {
		out[i].Transfers = slices.Clone(out[i].Transfers)
		r.Shuffle(len(out[i].Transfers), func(x, y int) {
			out[i].Transfers[x], out[i].Transfers[y] = out[i].Transfers[y], out[i].Transfers[x]
		})
	}
	return out
}

// unrelated makes movements of strangers in blocks before all others, some of them in
// the same assets, and with a name that no test uses.
func unrelated(r *rand.Rand, txs []fundtrail.Transaction) []fundtrail.Transaction {
	var out []fundtrail.Transaction
	for _, shape := range []ledgertest.Random{{Addresses: 3, Transactions: 9, Tokens: 2}, {Addresses: 3, Transactions: 9, Coins: true}} {
		chain := fundtrail.Ethereum
		if shape.Coins {
			chain = fundtrail.Bitcoin
		}
		if !slices.ContainsFunc(txs, func(tx fundtrail.Transaction) bool { return tx.ID.Chain == chain }) {
			continue // a chain more is another trace: it says until when each is known
		}
		strangers := map[fundtrail.Address]fundtrail.Address{{}: {}}
		for i := range shape.Addresses {
			strangers[ledgertest.Address(chain, ledgertest.Name(i))] = ledgertest.Address(chain, fmt.Sprint("stranger", i))
		}
		rename := func(id *fundtrail.TxID) {
			if !id.IsZero() {
				id.Hash[0] ^= 0xff
			}
		}
		for _, tx := range shape.Ledger(r) {
			rename(&tx.ID)
			tx.Block.Height -= 1_000_000
			tx.Block.Time = tx.Block.Time.AddDate(-1, 0, 0)
			for i := range tx.Transfers {
				tr := &tx.Transfers[i]
				rename(&tr.ID.Tx)
				for _, list := range [][]fundtrail.Entry{tr.Inputs, tr.Outputs} {
					for k := range list {
						list[k].Address = strangers[list[k].Address]
						rename(&list[k].Spends.Transfer.Tx)
					}
				}
			}
			out = append(out, tx)
		}
	}
	return out
}

// TestSameTrace: the same facts give the same trace, whatever the order they were added
// in, however often it is asked and by how many at once, and whatever strangers did
// before.
func TestSameTrace(t *testing.T) {
	seeds := uint64(300)
	if testing.Short() {
		seeds = 60
	}
	traced, hops := 0, 0
	for seed := range seeds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			s := randomScene(t, seed)
			r := rand.New(rand.NewPCG(seed, 59))
			one := s.ask(t, s.ledger)
			sameTrace(t, "asked again", one, s.ask(t, s.ledger))
			sameTrace(t, "facts in another order", one, s.ask(t, s.seal(t, shuffled(r, s.txs))))
			sameTrace(t, "strangers before", one, s.ask(t, s.seal(t, append(unrelated(r, s.txs), s.txs...))))
			if one != nil {
				traced, hops = traced+1, hops+len(one.Hops)
			}
		})
	}
	if traced < int(seeds)*3/4 || hops < 4*traced {
		t.Errorf("only %d traces with %d hops", traced, hops)
	}
}

// TestConcurrentTraces: many may trace on one ledger at once.
func TestConcurrentTraces(t *testing.T) {
	for seed := range uint64(12) {
		s := randomScene(t, seed)
		in := s.in
		in.Ledger = s.ledger
		var wg sync.WaitGroup
		traces := make([]*fundtrail.Trace, 4)
		for i := range traces {
			wg.Go(func() {
				tr, err := trace.Run(t.Context(), in, s.opt)
				if err != nil && !isNotFound(err) {
					t.Errorf("seed %d: %v", seed, err)
				}
				traces[i] = tr
			})
		}
		wg.Wait()
		for _, tr := range traces[1:] {
			sameTrace(t, fmt.Sprintf("seed %d: traced at once", seed), traces[0], tr)
		}
	}
}

// TestTagOrder: claims that agree in all that decides, and differ in what is said beside,
// are listed in one order.
func TestTagOrder(t *testing.T) {
	text := ledgertest.MustParse("2022-03-29T10:00Z t1 eth victim -> thief 5 ETH\n2022-03-29T11:00Z t2 eth thief -> exchange 5 ETH")
	var one *fundtrail.Trace
	for try := range uint64(30) {
		r := rand.New(rand.NewPCG(try, 61))
		in := trace.Input{Ledger: seal(t, text.Transactions, nil), Thefts: []fundtrail.Theft{{Tx: ledgertest.Tx(fundtrail.Ethereum, "t1")}}}
		in.Tags = func(a fundtrail.Address) (tags []fundtrail.Tag) {
			for i := range 20 {
				tags = append(tags, fundtrail.Tag{Address: a, Label: "x", Confidence: 10, Incident: fmt.Sprint("incident", i%5), Note: fmt.Sprint("note", i/5)})
			}
			r.Shuffle(len(tags), func(i, k int) { tags[i], tags[k] = tags[k], tags[i] })
			return tags
		}
		tr := runTrace(t, in, trace.Options{})
		if len(tr.Tags) != 60 {
			t.Fatalf("%d tags, want 20 of each of 3 addresses", len(tr.Tags))
		}
		if one == nil {
			one = tr
		}
		sameTrace(t, "claims in another order", one, tr)
	}
}
