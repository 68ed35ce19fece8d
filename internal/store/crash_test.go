package store

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fundtrail/fundtrail"
	"github.com/google/go-cmp/cmp"
)

// The test binary is its own importer: with these set it adds versions until it is
// killed, and writes a line for each that was acknowledged.
const (
	importInto = "FUNDTRAIL_TEST_IMPORT_INTO"
	importFrom = "FUNDTRAIL_TEST_IMPORT_FROM"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(importInto); dir != "" {
		if err := importForever(dir, os.Getenv(importFrom)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func importForever(dir, from string) error {
	s, err := Open(context.Background(), dir, Options{})
	if err != nil {
		return err
	}
	var first int
	if _, err := fmt.Sscan(from, &first); err != nil {
		return err
	}
	for i := first; ; i++ {
		c := numbered(i)
		if _, err := s.AddVersion(context.Background(), c.v, c.files, c.parties); err != nil {
			return err
		}
		if err := s.AddAttempt(context.Background(), Attempt{List: c.v.List, Source: fmt.Sprint(i), Outcome: Added, Time: c.v.Received}); err != nil {
			return err
		}
		fmt.Println("kept", i)
	}
}

// numbered is the version that is imported under a number. Its file is large enough
// to take several pages, and its parties are shared with its neighbours.
func numbered(i int) importCall {
	v := version("2000-01-01", "2024-01-01")
	v.Published = v.Published.AddDate(0, 0, i)
	raw := strings.Repeat(fmt.Sprint("line ", i*7919, rand.New(rand.NewPCG(uint64(i), 1)).Uint64()), 1000)
	return importCall{v, []File{{"one.csv", []byte(raw)}, {"two.csv", []byte("the same in all")}}, list(i, i+60, "")}
}

// startImporter starts a process that imports from a number on, and returns how to
// kill it, which returns the numbers that it said were kept.
func startImporter(t *testing.T, dir string, from int) (kill func() []int) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(self)
	c.Env = append(os.Environ(), importInto+"="+dir, importFrom+"="+fmt.Sprint(from))
	c.Stderr = os.Stderr
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	var kept []int
	done := make(chan struct{})
	started := make(chan struct{})
	go func() {
		defer close(done)
		for in := bufio.NewScanner(out); in.Scan(); {
			var n int
			if _, err := fmt.Sscanf(in.Text(), "kept %d", &n); err != nil {
				t.Errorf("the importer wrote %q", in.Text())
				return
			}
			if kept = append(kept, n); len(kept) == 1 {
				close(started)
			}
		}
	}()
	return func() []int {
		t.Helper()
		select {
		case <-started:
		case <-done:
			t.Error("the importer ended by itself")
		}
		time.Sleep(time.Duration(rand.IntN(60_000)) * time.Microsecond)
		c.Process.Kill() // SIGKILL
		<-done
		c.Wait()
		return kept
	}
}

// TestKilled kills importers at random moments. What they said was kept is there;
// nothing is there by half.
func TestKilled(t *testing.T) {
	if testing.Short() {
		t.Skip("kills processes for some seconds")
	}
	dir := t.TempDir()
	kept := map[int]bool{}
	for round := range 12 {
		// Two at once in every other round, on the same versions or on others.
		kills := []func() []int{startImporter(t, dir, round*20)}
		if round%2 == 1 {
			kills = append(kills, startImporter(t, dir, round*20+1000*(round%4-1)))
		}
		for _, kill := range kills {
			for _, n := range kill() {
				kept[n] = true
			}
		}
		s := openTest(t, dir)
		if err := s.Check(t.Context()); err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		holdsExactly(t, s, kept)
		s.Close()
	}
	t.Logf("%d versions were acknowledged", len(kept))
}

// holdsExactly: every version that was kept is there; each that is there, kept or not
// yet acknowledged, is whole.
func holdsExactly(t *testing.T, s *Store, kept map[int]bool) {
	t.Helper()
	h := history(t, s)
	there := map[int]bool{}
	for i := range h.Versions {
		n := int(h.Versions[i].Published.Sub(day("2000-01-01")).Hours() / 24)
		there[n] = true
		want := numbered(n)
		files, err := s.Files(t.Context(), h.Versions[i].SHA256)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(files, want.files) {
			t.Fatalf("version %d has other files", n)
		}
		got := map[string]fundtrail.Party{}
		for _, m := range h.Members[i] {
			got[h.Parties[m].UID] = h.Parties[m]
		}
		for _, p := range want.parties {
			if diff := cmp.Diff(p, got[p.UID], inAddress); diff != "" {
				t.Fatalf("version %d: %s", n, diff)
			}
		}
		if len(got) != len(want.parties) {
			t.Fatalf("version %d has %d parties", n, len(got))
		}
	}
	for n := range kept {
		if !there[n] {
			t.Errorf("version %d was acknowledged, and is not there", n)
		}
	}
}

// TestImportersAtOnce: goroutines with stores of their own in one folder, that does not
// exist when they begin, add the same versions; each is added once.
func TestImportersAtOnce(t *testing.T) {
	dir := t.TempDir() + "/new"
	calls := imports()
	var wg sync.WaitGroup
	var mu sync.Mutex
	added := map[int]int{}
	for range 4 {
		wg.Go(func() {
			s, err := Open(t.Context(), dir, Options{})
			if err != nil {
				t.Error(err)
				return
			}
			defer s.Close()
			for _, i := range rand.Perm(len(calls)) {
				c := calls[i]
				ok, err := s.AddVersion(t.Context(), c.v, c.files, c.parties)
				if err != nil {
					t.Error(err)
					return
				}
				if ok {
					mu.Lock()
					added[i]++
					mu.Unlock()
				}
				if _, err := s.History(t.Context()); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	for i := range calls {
		if added[i] != 1 {
			t.Errorf("version %d was added %d times", i, added[i])
		}
	}
	s := openTest(t, dir)
	checkHistory(t, history(t, s), calls)
	if err := s.Check(t.Context()); err != nil {
		t.Error(err)
	}
	plain := openTest(t, t.TempDir())
	for _, c := range calls {
		add(t, plain, c.v, c.files, c.parties)
	}
	if !reflect.DeepEqual(history(t, plain), history(t, s)) {
		t.Error("several importers give another history than one")
	}
}

// TestOpenedAtOnce: who comes first makes the file; the others wait.
func TestOpenedAtOnce(t *testing.T) {
	for range 20 {
		dir := t.TempDir()
		start := make(chan struct{})
		var wg sync.WaitGroup
		for range 6 {
			wg.Go(func() {
				<-start
				s, err := Open(t.Context(), dir, Options{})
				if err != nil {
					t.Error(err)
					return
				}
				s.Close()
			})
		}
		close(start)
		wg.Wait()
	}
}

// TestOpenWaits: a copy that SQLite made has no log. Turning it on while another process
// reads the copy is waited for, and not forever.
func TestOpenWaits(t *testing.T) {
	from := openTest(t, t.TempDir())
	add(t, from, version("2023-11-30", "2023-12-04"), text("a"), list(0, 5, ""))
	dir := t.TempDir()
	if _, err := from.db.Exec("VACUUM INTO ?", dir+"/"+FileName); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", dir+"/"+FileName)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	tx, err := db.Begin()
	if err != nil {
		t.Fatal(err)
	}
	var n int
	if err := tx.QueryRow("SELECT count(*) FROM sqlite_schema").Scan(&n); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), dir, Options{Patience: 20 * time.Millisecond}); !errors.Is(err, fundtrail.ErrUnavailable) {
		t.Errorf("not waited for: %v", err)
	}
	time.AfterFunc(50*time.Millisecond, func() { tx.Rollback() })
	s, err := Open(t.Context(), dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Check(t.Context()); err != nil {
		t.Error(err)
	}
	if !reflect.DeepEqual(history(t, from), history(t, s)) {
		t.Error("the copy has another history")
	}
}
