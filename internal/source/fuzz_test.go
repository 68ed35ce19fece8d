package source_test

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/source"
)

// FuzzIndex: no index makes reading it fail otherwise than with an error.
func FuzzIndex(f *testing.F) {
	dir := f.TempDir()
	k, err := source.Write(dir)
	if err != nil {
		f.Fatal(err)
	}
	if _, err := k.Add(source.Record{Question: question(1)}, body(1)); err != nil {
		f.Fatal(err)
	}
	k.Close()
	raw, err := os.ReadFile(filepath.Join(dir, "answers.jsonl"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(raw)
	f.Add([]byte("00000000 {}\n"))
	f.Add([]byte("\n\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "answers.jsonl"), raw, 0o600); err != nil {
			t.Fatal(err)
		}
		k, err := source.Read(dir)
		if err != nil {
			if !errors.Is(err, fundtrail.ErrInvalid) && !errors.Is(err, fundtrail.ErrConflict) {
				t.Fatalf("an error of no kind: %v", err)
			}
			return
		}
		for _, r := range k.Records() {
			k.Body(r)
		}
	})
}

// FuzzAnswers: whatever a source answers, following ends, with an error or a trace.
func FuzzAnswers(f *testing.F) {
	f.Add("etherscan", 4, []byte(`{"status":"1","message":"OK","result":[{"blockNumber":"1"}]}`))
	f.Add("etherscan", 2, []byte(`{"jsonrpc":"2.0","result":{"hash":"0x"}}`))
	f.Add("esplora", 4, []byte(`[{"txid":"aa","vin":[],"vout":[],"status":{"confirmed":true,"block_height":1}}]`))
	f.Add("blockscout", 3, []byte(`{"status":"0","message":"No logs found","result":[]}`))
	f.Fuzz(func(t *testing.T, name string, at int, answer []byte) {
		text := accounts
		switch name {
		case source.Etherscan, source.Blockscout:
		case source.Esplora:
			text = coins
		default:
			t.Skip()
		}
		w := newWorld(t, name, text)
		w.opt.MaxRequests = 60
		w.peer.Spoil = func(rw http.ResponseWriter, _ *http.Request, n int) bool {
			if n == at {
				rw.Write(answer)
			}
			return n == at
		}
		res, err := w.follow(nil)
		if err == nil && res.Ledger == nil {
			t.Fatal("neither a ledger nor an error")
		}
		if err != nil && fmt.Sprint(err) == "" {
			t.Fatal("an error without words")
		}
	})
}
