package source_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/fetch"
	"github.com/fundtrail/fundtrail/internal/ledgertest"
	"github.com/fundtrail/fundtrail/internal/source"
)

func question(n int) source.Question {
	return source.Question{Source: "etherscan", Chain: fundtrail.Ethereum, What: source.Transactions, Of: fmt.Sprint("address ", n), To: 100, Page: 1}
}

func fill(t *testing.T, dir string, from, to int) {
	t.Helper()
	k, err := source.Write(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer k.Close()
	for n := from; n < to; n++ {
		r := source.Record{Question: question(n), Request: "GET …", At: time.Unix(int64(n), 0).UTC(), Status: 200}
		if _, err := k.Add(r, body(n)); err != nil {
			t.Fatal(err)
		}
	}
}

func body(n int) []byte { return bytes.Repeat(fmt.Appendf(nil, "answer %d ", n), 100) }

// readAll reads what a folder holds, and how many answers that were.
func readAll(dir string) (n int, err error) {
	k, err := source.Read(dir)
	if err != nil {
		return 0, err
	}
	for _, r := range k.Records() {
		got, err := k.Body(r)
		if err != nil {
			return n, err
		}
		if !bytes.Equal(got, body(int(r.At.Unix()))) {
			return n, fmt.Errorf("answer %d is not what it was", n)
		}
		n++
	}
	return n, nil
}

func TestKept(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "answers")
	if n, err := readAll(dir); n != 0 || err != nil {
		t.Errorf("of no folder: %d, %v", n, err)
	}
	fill(t, dir, 0, 5)
	fill(t, dir, 5, 9)
	if n, err := readAll(dir); n != 9 || err != nil {
		t.Fatalf("%d, %v", n, err)
	}
	k, err := source.Write(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := source.Write(dir); !errors.Is(err, fundtrail.ErrConflict) {
		t.Errorf("a second writer: %v", err)
	}
	if n, err := readAll(dir); n != 9 || err != nil {
		t.Errorf("while it is written: %d, %v", n, err)
	}
	k.Close()
	r := source.Record{Question: question(3), At: time.Unix(70, 0).UTC()}
	if k, err = source.Write(dir); err != nil {
		t.Fatal(err)
	}
	defer k.Close()
	if _, err := k.Add(r, body(70)); err != nil {
		t.Fatal(err)
	}
	if got, ok := k.Find(question(3)); !ok || got.At.Unix() != 70 {
		t.Errorf("the newest answer is of %v", got.At)
	}
	only := k.Only(func(r source.Record) bool { return r.At.Unix() < 9 })
	if got, ok := only.Find(question(3)); !ok || got.At.Unix() != 3 {
		t.Errorf("of those before it is of %v", got.At)
	}
}

// TestKeptDamage: no byte can change unseen. The end of the index may be missing, as after
// a crash: then the answers before it stand.
func TestKeptDamage(t *testing.T) {
	dir := t.TempDir()
	fill(t, dir, 0, 3)
	rng := rand.New(rand.NewPCG(1, 2))
	filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || d.Name() == "lock" {
			return err
		}
		good, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for at := 0; at < len(good); at += 1 + rng.IntN(5) {
			for _, bad := range []byte{good[at] ^ 1, good[at] ^ 0x80, '\n', byte(rng.Uint32())} {
				if bad == good[at] {
					continue
				}
				spoilt := bytes.Clone(good)
				spoilt[at] = bad
				if err := os.WriteFile(path, spoilt, 0o600); err != nil {
					t.Fatal(err)
				}
				n, err := readAll(dir)
				last := strings.HasSuffix(path, ".jsonl") && at == len(good)-1 && n == 2
				if err == nil && !last && !frameOnly(path, good, spoilt, n) {
					t.Fatalf("%s: byte %d from %q to %q: %d answers read and nothing said", path, at, good[at], bad, n)
				}
			}
		}
		return os.WriteFile(path, good, 0o600)
	})
	index := filepath.Join(dir, "answers.jsonl")
	good, err := os.ReadFile(index)
	if err != nil {
		t.Fatal(err)
	}
	for cut := range good {
		if err := os.WriteFile(index, good[:cut], 0o600); err != nil {
			t.Fatal(err)
		}
		if n, err := readAll(dir); err != nil || n != bytes.Count(good[:cut], []byte{'\n'}) {
			t.Fatalf("cut at %d: %d answers, %v", cut, n, err)
		}
	}
	if err := os.WriteFile(index, good[:len(good)-10], 0o600); err != nil {
		t.Fatal(err)
	}
	fill(t, dir, 2, 6)
	if n, err := readAll(dir); n != 6 || err != nil {
		t.Errorf("after a crash and going on: %d, %v", n, err)
	}
}

// frameOnly says that a packed file still unpacks to its answer: bits of its frame that mean
// nothing may change, and the answer is checked by its own digest.
func frameOnly(path string, _, _ []byte, n int) bool {
	return strings.HasSuffix(path, ".zst") && n == 3
}

// TestMain runs the test binary as one that follows a case, for tests that end it.
func TestMain(m *testing.M) {
	if args := os.Getenv("FUNDTRAIL_TEST_FOLLOW"); args != "" {
		url, dir, _ := strings.Cut(args, " ")
		limitFiles()
		kept, err := source.Write(dir)
		if err == nil {
			theft := fundtrail.Theft{Tx: ledgertest.Tx(fundtrail.Ethereum, "t1"), Address: ledgertest.Address(fundtrail.Ethereum, "thief"), Asset: fundtrail.NativeAsset(fundtrail.Ethereum)}
			c := source.Case{Thefts: []fundtrail.Theft{theft}, Bound: source.Bound{Hub: 500}, Trace: traceOf(theft, 500)}
			_, err = c.Follow(context.Background(), kept, source.Options{Name: source.Etherscan, URL: url, MaxRequests: 1000, Fetch: fetch.Options{Rate: 1e6, Burst: 1e6}})
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// TestKilled: whenever the process is killed, what was answered is kept whole, and going on
// asks for nothing twice but what was on its way.
func TestKilled(t *testing.T) {
	w := newWorld(t, source.Etherscan, accounts)
	good, err := w.follow(nil)
	if err != nil {
		t.Fatal(err)
	}
	all := len(w.peer.Requests())
	w.dir = t.TempDir()
	var cmd *exec.Cmd
	for kill := 1; kill < all; kill += 3 {
		before := len(w.peer.Requests())
		w.peer.Spoil = func(_ http.ResponseWriter, _ *http.Request, n int) bool {
			if n-before == 3 {
				cmd.Process.Kill()
			}
			return false
		}
		cmd = exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), "FUNDTRAIL_TEST_FOLLOW="+w.opt.URL+" "+w.dir)
		cmd.Run()
	}
	w.peer.Spoil = nil
	res, err := w.follow(nil)
	if err != nil {
		t.Fatal(err)
	}
	if a, b := dump(good.Ledger), dump(res.Ledger); a != b {
		t.Errorf("after kills the ledger is\n%swant\n%s", b, a)
	}
	kept, err := source.Read(w.dir)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[source.Question]bool{}
	for _, r := range kept.Records() {
		if seen[r.Question] {
			t.Errorf("%s is kept twice", r.Question)
		}
		seen[r.Question] = true
	}
}

// TestFull: a disk that is full is said, and what was kept stands.
func TestFull(t *testing.T) {
	w := newWorld(t, source.Etherscan, accounts)
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "FUNDTRAIL_TEST_FOLLOW="+w.opt.URL+" "+w.dir, "FUNDTRAIL_TEST_FILE_SIZE=2000")
	out, err := cmd.CombinedOutput()
	if err == nil {
		t.Skip("the size of files cannot be limited here")
	}
	if !strings.Contains(string(out), "keep the answer") {
		t.Errorf("it says %s", out)
	}
	kept, err := source.Read(w.dir)
	if err != nil || len(kept.Records()) == 0 {
		t.Fatalf("%v", err)
	}
	for _, r := range kept.Records() {
		if _, err := kept.Body(r); err != nil {
			t.Error(err)
		}
	}
	if res, err := w.follow(nil); err != nil || res.Stopped != nil {
		t.Errorf("with room again: %v", err)
	}
}
