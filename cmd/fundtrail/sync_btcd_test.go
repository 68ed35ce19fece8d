package main

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"github.com/fundtrail/fundtrail/internal/archive"
)

// TestSyncBTCD follows a busy chain of a real btcd, which is reorganised by invalidateblock
// and by blocks that come in place of those, and started again: the ledger is what one from
// scratch is, and has the node's unspent coins.
func TestSyncBTCD(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a node")
	}
	b := startSoakBTCD(t, t.TempDir())
	dir := t.TempDir() + "/chain"
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	done := make(chan int, 1)
	var out bytes.Buffer
	go func() {
		done <- run(ctx, []string{"sync", dir, "--follow", "--poll", "20ms", "--retries", "0", "--chain", "btc", "--rpc", b.ours, "--from", "1"}, strings.NewReader(""), &out, &out)
	}()
	reach := func() {
		t.Helper()
		for try := 0; ; try++ {
			h, err := b.height()
			if err != nil {
				t.Fatal(err)
			}
			if l, err := archive.Open(dir); err == nil {
				tip, ok := l.Tip("btc")
				l.Close()
				if ok && tip.Height == h {
					return
				}
			}
			if try > 400 {
				t.Fatalf("the ledger does not reach block %d\n%s", h, &out)
			}
			time.Sleep(50 * time.Millisecond)
		}
	}
	for round := range 4 {
		for range 6 {
			if err := b.live(); err != nil {
				t.Fatal(err)
			}
			time.Sleep(20 * time.Millisecond)
		}
		reach()
		h, err := b.height()
		if err != nil {
			t.Fatal(err)
		}
		depth := int64(1 + 3*round)
		name, err := askNode[string](b.soakNode, "getblockhash", h-depth+1)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := b.ask("invalidateblock", name); err != nil {
			t.Fatal(err)
		}
		if round == 2 {
			b.kill() // it is asked to end
			b.start()
			b.up("getblockcount")
		}
		if _, err := b.ask("generate", depth+1); err != nil {
			t.Fatal(err)
		}
		reach()
	}
	cancel()
	if code := <-done; code != 0 || !strings.Contains(out.String(), "was reorganised") {
		t.Errorf("exit code %d: %s", code, &out)
	}
	if text := say(t, 0, "ledger", "fsck", dir, "--deep"); !strings.Contains(text, "WHOLE") {
		t.Error(text)
	}
	scratch := t.TempDir() + "/scratch"
	say(t, 0, "sync", scratch, "--chain", "btc", "--rpc", b.ours, "--from", "1")
	if got, want := movements(t, dir), movements(t, scratch); got != want || b.sent < 10 {
		t.Errorf("the ledger:\n%s\nfrom scratch:\n%s", got, want)
	}
	l, err := archive.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	sameUnspent(t, b, l)
}
