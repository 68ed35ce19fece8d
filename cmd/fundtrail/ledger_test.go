package main

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/data"
	"github.com/fundtrail/fundtrail/internal/archive"
	"github.com/fundtrail/fundtrail/internal/ingest"
	"github.com/fundtrail/fundtrail/internal/ledger"
)

const crashDir = "FUNDTRAIL_TEST_LEDGER_CRASH"

// TestSameAnswers: a trace gives the same bytes from the files in memory, from a ledger
// on disk, and from one whose writer was killed ten times.
func TestSameAnswers(t *testing.T) {
	if dir := os.Getenv(crashDir); dir != "" {
		appendBlocks(t, dir, os.Getenv(crashDir+"_FILE"))
		return
	}
	_, raw, _ := data.Excerpt("ronin-bridge")
	excerpt := filepath.Join(t.TempDir(), "excerpt.csv")
	if err := os.WriteFile(excerpt, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Run("excerpt", func(t *testing.T) { sameAnswers(t, excerpt) })
	if testing.Short() {
		return
	}
	t.Run("real", func(t *testing.T) { sameAnswers(t, shared(t, "ethereum_txlists/transactions.csv.gz")) })
}

func sameAnswers(t *testing.T, file string) {
	answer := func(ledger string) string {
		var out, errs bytes.Buffer
		for _, format := range []string{"json"} {
			if code := run(t.Context(), []string{"trace", "ronin-bridge", "--ledger", ledger, "--format", format}, nil, &out, &errs); code != exitOK {
				t.Fatalf("trace ends with %d: %s", code, errs.String())
			}
		}
		return out.String()
	}
	want := answer(file)
	dir := filepath.Join(t.TempDir(), "whole")
	if code := run(t.Context(), []string{"ledger", "import", dir, file}, nil, new(bytes.Buffer), os.Stderr); code != exitOK {
		t.Fatalf("import ends with %d", code)
	}
	if answer(dir) != want {
		t.Error("the ledger on disk gives another answer than the one in memory")
	}
	tiny := filepath.Join(t.TempDir(), "tiny")
	if code := run(t.Context(), []string{"ledger", "import", tiny, file, "--memory", "1MB"}, nil, new(bytes.Buffer), os.Stderr); code != exitOK {
		t.Fatalf("import ends with %d", code)
	}
	if answer(tiny) != want {
		t.Error("the ledger that was imported in parts gives another answer")
	}
	crashed := filepath.Join(t.TempDir(), "crashed")
	if err := os.Mkdir(crashed, 0o700); err != nil {
		t.Fatal(err)
	}
	crashWhileWriting(t, crashed, file)
	if answer(crashed) != want {
		t.Error("the ledger whose writer was killed gives another answer")
	}
	if check, err := archive.Fsck(crashed, true); err != nil || len(check.Problems) > 0 {
		t.Errorf("fsck: %v %v", err, check)
	}
}

// crashWhileWriting has a process of its own write a file's facts block by block, kills
// it ten times, and lets it finish.
func crashWhileWriting(t *testing.T, dir, file string) {
	r := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 7))
	for kills := 0; kills <= 10; {
		cmd := exec.Command(os.Args[0], "-test.run", "^TestSameAnswers$")
		cmd.Env = append(os.Environ(), crashDir+"="+dir, crashDir+"_FILE="+file)
		var out bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &out
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		done := make(chan error, 1)
		go func() { done <- cmd.Wait() }()
		if kills == 10 {
			if err := <-done; err != nil {
				t.Fatalf("%v\n%s", err, out.Bytes())
			}
			return
		}
		// It is killed while it writes: some time after the first bytes of it are there.
		size := folderSize(dir)
		for folderSize(dir) == size {
			select {
			case err := <-done:
				t.Fatalf("it ended before it was killed: %v\n%s", err, out.Bytes())
			case <-time.After(100 * time.Microsecond):
			}
		}
		time.Sleep(time.Duration(r.IntN(4000)) * time.Microsecond)
		cmd.Process.Kill()
		if err := <-done; err == nil {
			t.Logf("after %d kills it was faster", kills)
			return
		}
		kills++
	}
}

func folderSize(dir string) (sum int64) {
	entries, _ := os.ReadDir(dir)
	for _, e := range entries {
		if info, err := e.Info(); err == nil {
			sum += info.Size() + int64(len(e.Name()))
		}
	}
	return sum
}

// appendBlocks adds a file's facts to a ledger on disk, a few hundred blocks at a time,
// and goes on where the one before it was killed.
func appendBlocks(t *testing.T, dir, file string) {
	b := ledger.NewBuilder()
	sums, err := ingest.Files(context.Background(), b, []ingest.Input{ingest.File(file)}, ingest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	m, err := b.Seal()
	if err != nil {
		t.Fatal(err)
	}
	w, err := archive.OpenWriter(dir, archive.Options{Depth: 20, LogRows: 20_000, Background: true})
	if err != nil {
		t.Fatal(err)
	}
	step := max(m.Size()/200, 1)
	for p := fundtrail.Position(0); p < m.Size(); {
		part := ledger.NewBuilder()
		part.Keep()
		end := p + step
		for height := int64(-1); p < m.Size(); {
			span := m.Transaction(p)
			if p >= end && span.Height != height {
				break
			}
			height = span.Height
			copyTx(t, part, m, span, w.Tip(fundtrail.Ethereum))
			p = span.End
		}
		facts, err := part.Seal()
		if err != nil {
			t.Fatal(err)
		}
		if facts.Size() == 0 {
			continue
		}
		if err := w.Append(archive.Batch{Facts: facts}); err != nil {
			t.Fatal(err)
		}
	}
	batch := archive.Batch{Coverage: m.Coverage()}
	for i := range sums {
		batch.Sources = append(batch.Sources, sourceOf(&sums[i]))
	}
	if err := w.Append(batch); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	fmt.Println("done")
}

func copyTx(t *testing.T, b *ledger.Builder, m *ledger.Memory, span fundtrail.Span, tip int64) {
	if span.Height <= tip {
		return
	}
	ref, err := b.Tx(ledger.Tx{Chain: span.ID.Chain, Hash: span.ID.Hash, Height: span.Height, Time: span.Time, Place: uint32(span.First)})
	if err != nil {
		t.Fatal(err)
	}
	var v fundtrail.Movement
	for p := span.First; p < span.End; p++ {
		m.Movement(p, &v)
		r := ledger.Row{Kind: v.Kind, Index: m.Output(p).Transfer.Index, Asset: b.Asset(m.Asset(v.Asset)),
			From: b.Address(m.Address(v.From)), To: b.Address(m.Address(v.To)), Amount: v.Amount}
		if err := b.Add(ref, r); err != nil {
			t.Fatal(err)
		}
	}
}
