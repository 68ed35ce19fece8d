package archive

import (
	"bufio"
	"errors"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/ledgertest"
)

const killedDir = "FUNDTRAIL_TEST_ARCHIVE_KILL"

// endless is a ledger that goes on as long as anybody writes it.
func endless() (order []blockKey, blocks map[blockKey][]fundtrail.Transaction) {
	return byBlock(ledgertest.Random{Addresses: 40, Transactions: 6000, Tokens: 2, Gaps: true}.Ledger(rand.New(rand.NewPCG(4, 4))))
}

// TestKill kills a process that writes, again and again, and looks at what is there:
// every block it said was written, and no half of another.
func TestKill(t *testing.T) {
	if dir := os.Getenv(killedDir); dir != "" {
		writeUntilKilled(t, dir)
		return
	}
	dir := t.TempDir()
	r := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 1))
	order, blocks := endless()
	acked := -1
	for kill := range 10 {
		cmd := exec.Command(os.Args[0], "-test.run", "^TestKill$")
		cmd.Env = append(os.Environ(), killedDir+"="+dir)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		left := 1 + r.IntN(120)
		for lines.Scan() {
			var n int
			if _, err := fmt.Sscanf(lines.Text(), "wrote %d", &n); err != nil {
				t.Log(lines.Text())
				continue
			}
			if acked = n; left == 0 {
				time.Sleep(time.Duration(r.IntN(3000)) * time.Microsecond)
				cmd.Process.Kill()
			}
			left--
		}
		cmd.Wait()
		l := openT(t, dir)
		tip, ok := l.Tip(fundtrail.Ethereum)
		n := slices.IndexFunc(order, func(k blockKey) bool { return k.height == tip.Height })
		if !ok || n < acked || n > acked+1 {
			t.Fatalf("kill %d: %d blocks were acknowledged, %d are there", kill, acked+1, n+1)
		}
		var held []fundtrail.Transaction
		for _, k := range order[:n+1] {
			held = append(held, blocks[k]...)
		}
		if dump(l) != dump(sealed(t, held, nil, nil)) {
			t.Fatalf("kill %d: what is there is not what was written", kill)
		}
		check, err := Fsck(dir, true)
		if err != nil || len(check.Problems) > 1 || len(check.Problems) == 1 && !strings.Contains(check.Problems[0].What, "cut short") {
			t.Fatalf("kill %d: fsck: %v %v", kill, err, check)
		}
		t.Logf("kill %d: %d blocks", kill, n+1)
	}
}

func writeUntilKilled(t *testing.T, dir string) {
	order, blocks := endless()
	w, err := OpenWriter(dir, Options{Depth: 5, LogRows: 100, SegmentRows: 200, Background: true})
	if err != nil {
		t.Fatal(err)
	}
	for i, k := range order {
		if k.height <= w.Tip(k.chain) {
			continue
		}
		b := Batch{Facts: sealed(t, blocks[k], nil, w), Headers: []fundtrail.Block{blocks[k][0].Block}} // some blocks move nothing
		if err := w.Append(b); err != nil {
			t.Fatal(err)
		}
		fmt.Println("wrote", i)
	}
}

// TestOneWriter: a second writer is told, and the lock goes with the first.
func TestOneWriter(t *testing.T) {
	dir := t.TempDir()
	w := openWriterT(t, dir, Options{})
	_, err := OpenWriter(dir, Options{})
	if !errors.Is(err, fundtrail.ErrUnavailable) || !strings.Contains(err.Error(), "another process is writing") {
		t.Errorf("a second writer: %v", err)
	}
	openT(t, dir)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	openWriterT(t, dir, Options{})
}

// TestReadWhileWriting opens readers while one writes, takes back, seals and merges:
// each sees whole blocks, as one of the states that were acknowledged.
func TestReadWhileWriting(t *testing.T) {
	dir := t.TempDir()
	steps := script(t, false)
	states := map[string]bool{"": true}
	for _, s := range steps {
		states[s.want] = true
	}
	w := openWriterT(t, dir, faultOptions)
	done := make(chan struct{})
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-done:
					t.Logf("%d readers", n)
					return
				default:
				}
				r, err := Open(dir)
				if err != nil {
					t.Error(err)
					return
				}
				if got := dump(r); !states[got] || r.Err() != nil {
					t.Errorf("a reader sees a state that never was: %v", r.Err())
				}
				r.Close()
			}
		})
	}
	for _, s := range steps {
		if err := s.do(w); err != nil {
			t.Fatal(err)
		}
	}
	close(done)
	wg.Wait()
}

// TestRefused: what does not belong behind what is there, or is no ledger.
func TestRefused(t *testing.T) {
	txs := ledgertest.MustParse(`
2022-03-29T12:00Z t5 btc  coinbase -> alice 50
2022-03-29T13:00Z t6 btc  t5:0 -> bob 30, alice 19.9
2022-03-29T14:00Z t7 btc  t5:0 -> carol 49
2022-03-29T15:00Z t8 btc  t5:0 -> carol 48
`).Transactions
	w := openWriterT(t, t.TempDir(), Options{})
	one := func(i int) Batch { return Batch{Facts: sealed(t, txs[i:i+1], nil, w)} }
	for i := range 2 {
		if err := w.Append(one(i)); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		what string
		err  error
		say  string
	}{
		{"the same block", w.Append(one(1)), "is not above block"},
		{"a second spend", w.Append(one(2)), "which another transaction spends too"},
		{"a second spend of two", w.Append(Batch{Facts: sealed(t, txs[3:4], nil, w)}), "which another transaction spends too"},
	} {
		if !errors.Is(c.err, fundtrail.ErrConflict) || !strings.Contains(c.err.Error(), c.say) {
			t.Errorf("%s: %v", c.what, c.err)
		}
	}
	late := txs[1]
	late.Block.Height += 100
	late.Block.Time = late.Block.Time.Add(time.Hour)
	if err := w.Append(Batch{Facts: sealed(t, []fundtrail.Transaction{late}, nil, w)}); !errors.Is(err, fundtrail.ErrConflict) || !strings.Contains(err.Error(), "holds it in another") {
		t.Errorf("a transaction of another block: %v", err)
	}
	other := txs[2]
	other.Transfers = slices.Clone(other.Transfers)
	in := other.Transfers[0].Inputs[0]
	in.Spends = fundtrail.TransferOutput{Transfer: fundtrail.TransferID{Tx: ledgertest.Tx(fundtrail.Bitcoin, "t6")}, Output: 1}
	other.Transfers[0].Inputs = []fundtrail.Entry{in}
	if err := w.Append(Batch{Facts: sealed(t, []fundtrail.Transaction{other}, nil, w)}); !errors.Is(err, fundtrail.ErrConflict) || !strings.Contains(err.Error(), "base units") {
		t.Errorf("another amount: %v", err)
	}
	if tip := w.Tip(fundtrail.Bitcoin); tip != txs[1].Block.Height {
		t.Errorf("what was refused has moved the tip to %d", tip)
	}
	dir := t.TempDir()
	if _, err := Open(dir); !errors.Is(err, fundtrail.ErrNotFound) {
		t.Errorf("an empty folder: %v", err)
	}
	os.WriteFile(dir+"/letter.txt", nil, 0o600)
	if _, err := OpenWriter(dir, Options{}); !errors.Is(err, fundtrail.ErrConflict) || !strings.Contains(err.Error(), "letter.txt") {
		t.Errorf("a folder with other files: %v", err)
	}
	dir = t.TempDir()
	openWriterT(t, dir, Options{}).Close()
	b, _ := os.ReadFile(dir + "/MANIFEST")
	newer := strings.Replace(string(b[:len(b)-16]), "format 1", "format 9", 1)
	os.WriteFile(dir+"/MANIFEST", []byte(newer+fmt.Sprintf("crc32c %08x\n", crc32.Checksum([]byte(newer), castagnoli))), 0o600)
	if _, err := Open(dir); !errors.Is(err, fundtrail.ErrInvalid) || !strings.Contains(err.Error(), "version 9") {
		t.Errorf("a newer format: %v", err)
	}
}
