package web

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fundtrail/fundtrail"
)

// numbered is a history whose one version lists all of the addresses or none of them,
// by whether n is odd: an answer that was made from two histories shows.
func numbered(n int, addresses []string) *fundtrail.ListHistory {
	v := fundtrail.ListVersion{List: listName, Format: "test", Covers: fundtrail.CoversNames | fundtrail.CoversWallets,
		Published: day("2024-01-01").AddDate(0, 0, n), Received: day("2024-01-01").AddDate(0, 0, n), SHA256: sha256.Sum256(fmt.Append(nil, n)), Parties: 1}
	p := fundtrail.Party{UID: "1", Names: []fundtrail.Name{{Text: fmt.Sprint("PARTY ", n)}}}
	if n%2 == 1 {
		for _, a := range addresses {
			p.Wallets = append(p.Wallets, wallet(fundtrail.Ethereum, "ETH", a))
		}
	}
	return &fundtrail.ListHistory{Versions: []fundtrail.ListVersion{v}, Parties: []fundtrail.Party{p}, Members: [][]uint32{{0}}}
}

// TestSwapUnderLoad: while lists are exchanged as fast as they are built, no answer
// fails, and none is made from two of them.
func TestSwapUnderLoad(t *testing.T) {
	addresses := make([]string, 1500) // three parts of a batch
	for i := range addresses {
		addresses[i] = fmt.Sprintf("0x%040x", i+1)
	}
	s := newSite(t, func(o *Options) { o.LogRequests = false })
	var want sync.Map // snapshot id to the verdict that it gives
	exchange := func(n int) {
		h := numbered(n, addresses)
		verdict := "clear"
		if n%2 == 1 {
			verdict = "match"
		}
		want.Store(snapshotID((&Server{}).listsDigest(h.Versions)), verdict)
		s.lists.set(h, nil)
		if err := s.server.Reload(t.Context()); err != nil {
			t.Error(err)
		}
	}
	exchange(0)
	body := batchOf(addresses...)
	var stop atomic.Bool
	var batches, singles atomic.Int64
	var wait sync.WaitGroup
	check := func(snapshot, verdict string) {
		if w, _ := want.Load(snapshot); w != verdict {
			t.Errorf("snapshot %s says %s, want %v", snapshot, verdict, w)
			stop.Store(true)
		}
	}
	for range 3 {
		wait.Go(func() {
			for !stop.Load() {
				status, text := s.post("/v1/screen", body)
				if status != http.StatusOK {
					t.Errorf("a batch got %d: %.300s", status, text)
					return
				}
				a := decode[BatchAnswer](t, text)
				if len(a.Asked) != 1 || len(a.Counts) != 4 || a.Counts["match"]+a.Counts["clear"] != len(addresses) || a.Counts["match"]*a.Counts["clear"] != 0 {
					t.Errorf("a batch was made from two histories: %v", a.Counts)
					return
				}
				check(a.Snapshot, a.Answers[0].Verdict)
				batches.Add(1)
			}
		})
		wait.Go(func() {
			for !stop.Load() {
				status, text := s.get("/v1/screen/address/" + addresses[7])
				if status != http.StatusOK {
					t.Errorf("an address got %d: %.300s", status, text)
					return
				}
				a := decode[Answer](t, text)
				check(a.Snapshot, a.Verdict)
				singles.Add(1)
			}
		})
	}
	rounds := 60
	if testing.Short() {
		rounds = 15
	}
	for n := 1; n <= rounds && !stop.Load(); n++ {
		exchange(n)
		time.Sleep(5 * time.Millisecond)
	}
	stop.Store(true)
	wait.Wait()
	t.Logf("%d batches and %d addresses over %d exchanges", batches.Load(), singles.Load(), rounds)
}

// TestReloadKeepsWhatWas: lists that cannot be read, or are gone, leave in force those of
// before, and /readyz says so.
func TestReloadKeepsWhatWas(t *testing.T) {
	s := newSite(t, nil)
	before := s.server.snapshot.Load()
	s.lists.set(nil, errors.New("disk on fire at 0x00"))
	if err := s.server.Reload(t.Context()); err == nil {
		t.Error("a store that cannot be read is no error")
	}
	s.lists.set(&fundtrail.ListHistory{}, nil)
	if err := s.server.Reload(t.Context()); !errors.Is(err, fundtrail.ErrConflict) {
		t.Errorf("an emptied store: %v", err)
	}
	if s.server.snapshot.Load() != before {
		t.Error("the lists of before are gone")
	}
	if status, body := s.post("/v1/reload", ""); status != 200 || !strings.Contains(body, "lists could not be reloaded") {
		t.Errorf("reload: %d %s", status, body)
	}
	if status, body := s.get("/v1/screen/address/" + listedETH); status != 200 || decode[Answer](t, body).Verdict != "match" {
		t.Errorf("an address: %d %s", status, body)
	}
	s.lists.set(numbered(1, []string{clearETH}), nil)
	status, body := s.post("/v1/reload", "")
	if r := decode[Readiness](t, body); status != 200 || len(r.Trouble) != 0 || r.Snapshot == before.ID {
		t.Errorf("reload of good lists: %d %s", status, body)
	}
}

// TestReloadSame: the same versions are not built again.
func TestReloadSame(t *testing.T) {
	s := newSite(t, nil)
	before := s.server.snapshot.Load()
	s.lists.set(history(), nil)
	if err := s.server.Reload(t.Context()); err != nil || s.server.snapshot.Load() != before {
		t.Errorf("the same lists were exchanged (%v)", err)
	}
	h := history()
	h.Versions[0].Received = h.Versions[0].Received.Add(-time.Hour)
	s.lists.set(h, nil)
	if err := s.server.Reload(t.Context()); err != nil || s.server.snapshot.Load().Generation != before.Generation+1 {
		t.Errorf("an earlier receipt of the same bytes is not taken up (%v)", err)
	}
}
