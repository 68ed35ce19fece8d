package crossing_test

import (
	"encoding/csv"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"testing"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/crossing"
	"github.com/fundtrail/fundtrail/internal/ingest"
)

const realData = "../../../shared/data"

func realFile(t testing.TB, name string) *os.File {
	t.Helper()
	f, err := os.Open(filepath.Join(realData, name))
	if os.IsNotExist(err) {
		t.Skipf("the real data is not here (%s): not tested", name)
	} else if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// readPools reads all pools that the glob patterns name, without senders.
func readPools(t testing.TB, patterns ...string) map[crossing.PoolName]crossing.Events {
	t.Helper()
	all := map[crossing.PoolName]crossing.Events{}
	for _, pattern := range patterns {
		names, err := filepath.Glob(filepath.Join(realData, pattern))
		if err != nil {
			t.Fatal(err)
		}
		if len(names) == 0 {
			t.Skipf("the real data is not here (%s): not tested", pattern)
		}
		for _, name := range names {
			pool, ok := ingest.MixerFile(name)
			if !ok {
				t.Fatalf("%s: no pool", name)
			}
			f, err := os.Open(name)
			if err != nil {
				t.Fatal(err)
			}
			ev, err := ingest.MixerEvents(f)
			f.Close()
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			sum := all[pool]
			sum.Deposits = append(sum.Deposits, ev.Deposits...)
			sum.Withdrawals = append(sum.Withdrawals, ev.Withdrawals...)
			all[pool] = sum
		}
	}
	return all
}

// ronin is the Ronin case over Ethereum's ETH pools.
type ronin struct {
	pools   []*crossing.Pool
	hundred int // the 100 ETH pool
	batches []crossing.Batch
	truth   []map[crossing.Account]int // by batch: withdrawers and their notes; empty where kept back
}

var roninOnce struct {
	sync.Once
	*ronin
}

func theRonin(t testing.TB) *ronin {
	t.Helper()
	realFile(t, "ronin_case/deposits_100eth.csv")
	roninOnce.Do(func() { roninOnce.ronin = readRonin(t) })
	if roninOnce.ronin == nil {
		t.Skip("the Ronin case could not be read")
	}
	return roninOnce.ronin
}

func readRonin(t testing.TB) *ronin {
	t.Helper()
	ev := readPools(t, "tornado_events/*_eth_*")
	senders, err := ingest.MixerSenders(realFile(t, "tornado_linkage/deposit_senders_merged.csv.gz"))
	if err != nil {
		t.Fatal(err)
	}
	hundred, err := ingest.MixerSenders(realFile(t, "ronin_case/deposits_100eth.csv"))
	if err != nil {
		t.Fatal(err)
	}
	r := &ronin{pools: makePools(t, ev, append(slices.Clone(senders), hundred...))}
	for i, p := range r.pools {
		if p.Name.Unit == "100" {
			r.hundred = i
		}
	}
	leaf := map[int]int{}
	for i, d := range r.pools[r.hundred].Deposits {
		leaf[d.Leaf] = i
	}
	for _, s := range hundred {
		for len(r.batches) < s.Batch {
			r.batches = append(r.batches, crossing.Batch{Depositor: s.Sender})
			r.truth = append(r.truth, map[crossing.Account]int{})
		}
		b := &r.batches[s.Batch-1]
		b.Deposits = append(b.Deposits, leaf[s.Leaf])
	}
	for i := range r.batches {
		slices.Sort(r.batches[i].Deposits)
	}
	rows := csv.NewReader(realFile(t, "ronin_case/demix_truth_withdrawals.csv"))
	head, err := rows.Read()
	if err != nil {
		t.Fatal(err)
	}
	at := func(name string) int { return slices.Index(head, name) }
	for {
		row, err := rows.Read()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		b, _ := strconv.Atoi(row[at("batch")])
		n, _ := strconv.Atoi(row[at("events_count_in_pool")])
		r.truth[b-1][account(t, row[at("withdrawer")])] = n
	}
	return r
}

func account(t testing.TB, s string) (a crossing.Account) {
	t.Helper()
	addr, err := fundtrail.ParseAddress(fundtrail.Ethereum, s)
	if err != nil {
		t.Fatal(err)
	}
	return crossing.Account(addr.Payload())
}

// makePools makes pools in order, with senders put to the deposits of their transaction.
func makePools(t testing.TB, ev map[crossing.PoolName]crossing.Events, senders []ingest.MixerSender) []*crossing.Pool {
	t.Helper()
	who := map[fundtrail.Hash]crossing.Account{}
	for _, s := range senders {
		who[s.Tx] = s.Sender
	}
	for _, e := range ev {
		for i := range e.Deposits {
			e.Deposits[i].Sender = who[e.Deposits[i].Tx]
		}
	}
	pools, err := crossing.NewPools(ev)
	if err != nil {
		t.Fatal(err)
	}
	return pools
}

// score is how right a set of claims is.
type score struct{ right, found, truth int }

func (s *score) add(o score) { s.right += o.right; s.found += o.found; s.truth += o.truth }

func ratio(a, b int) float64 {
	if b == 0 {
		return 0
	}
	return float64(a) / float64(b)
}

func (s score) f1() float64 { return ratio(2*s.right, s.found+s.truth) }

func (s score) String() string {
	return fmt.Sprintf("P %.3f  R %.3f  F1 %.3f  (%d right of %d found, %d true)",
		ratio(s.right, s.found), ratio(s.right, s.truth), s.f1(), s.right, s.found, s.truth)
}

// roninScore scores recipients and notes over the batches that use keeps.
func (r *ronin) score(list []crossing.Recipient, use func(batch int) bool) (people, notes score) {
	for b := range r.batches {
		if !use(b) {
			continue
		}
		people.truth += len(r.truth[b])
		for _, n := range r.truth[b] {
			notes.truth += n
		}
	}
	for _, x := range list {
		if !x.Assigned || !use(x.Batch) {
			continue
		}
		people.found++
		notes.found += len(x.Withdrawals)
		if n, ok := r.truth[x.Batch][x.To]; ok {
			people.right++
			notes.right += min(n, len(x.Withdrawals))
		}
	}
	return people, notes
}

// The known batches are split by turns: odd ones (1, 3, ... by the file's number) tune,
// even ones are held out.
func isTuned(batch int) bool { return batch < 30 && batch%2 == 0 }
func isHeld(batch int) bool  { return batch < 30 && batch%2 == 1 }
func isKnown(batch int) bool { return batch < 30 }
