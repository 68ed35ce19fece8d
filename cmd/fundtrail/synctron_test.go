package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"strings"
	"sync"
	"testing"
)

// A tronPeer speaks the HTTP API of Tron's nodes from a recorded chain.
type tronPeer struct {
	mu      sync.Mutex
	top     int // blocks above are not there yet
	refused int // requests to answer with 429
	Blocks  []json.RawMessage
	Infos   []json.RawMessage
}

func (p *tronPeer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.refused > 0 {
		p.refused--
		w.WriteHeader(http.StatusTooManyRequests)
		return
	}
	var args struct{ Num, StartNum, EndNum int }
	_ = json.NewDecoder(r.Body).Decode(&args)
	var v any = struct{}{}
	switch path.Base(r.URL.Path) {
	case "getnowblock":
		v = p.Blocks[p.top]
	case "getblockbynum":
		if args.Num <= p.top {
			v = p.Blocks[args.Num]
		}
	case "getblockbylimitnext":
		v = map[string]any{"block": p.Blocks[args.StartNum:min(args.EndNum, p.top+1)]}
	case "gettransactioninfobyblocknum":
		v = p.Infos[args.Num]
	}
	_ = json.NewEncoder(w).Encode(v)
}

// TestSyncTron: blocks of Tron come into a ledger on disk, which goes on where it ended, is
// the same as one made at once, and traces.
func TestSyncTron(t *testing.T) {
	raw, err := os.ReadFile("../../internal/chain/tron/testdata/chain.json")
	if err != nil {
		t.Fatal(err)
	}
	p := &tronPeer{top: 7}
	if err := json.Unmarshal(raw, p); err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(p)
	defer s.Close()
	dir := t.TempDir() + "/chain"
	args := []string{"sync", dir, "--chain", "trx", "--rpc", s.URL + "/5ecre7"}
	if text := say(t, 0, args...); !strings.Contains(text, "read, 0 to 7") {
		t.Error(text)
	}
	p.top, p.refused = 12, 1
	if text := say(t, 0, args...); !strings.Contains(text, "read, 8 to 12") {
		t.Error(text)
	}
	if text := say(t, 0, args...); !strings.Contains(text, "nothing new") {
		t.Error(text)
	}
	if text := say(t, 0, "ledger", "fsck", dir, "--deep"); !strings.Contains(text, "WHOLE") {
		t.Error(text)
	}
	if text := say(t, 0, "ledger", "stats", dir); !strings.Contains(text, "trx") {
		t.Error(text)
	}
	scratch := t.TempDir() + "/chain"
	say(t, 0, "sync", scratch, "--chain", "trx", "--rpc", s.URL)
	got, want := movements(t, dir), movements(t, scratch)
	// What is claimed stands in runs of what was written together.
	got, _, _ = strings.Cut(got, "\n0-")
	want, _, _ = strings.Cut(want, "\n0-")
	if got != want || len(got) < 1000 {
		t.Errorf("the ledger:\n%s\nat once:\n%s", got, want)
	}
}

// TestTronGridKey: the key goes to TronGrid alone, and never in the clear.
func TestTronGridKey(t *testing.T) {
	t.Setenv(tronGridKey, "5ecre7")
	for raw, want := range map[string]bool{
		"https://api.trongrid.io":         true,
		"https://API.TronGrid.io:443/":    true,
		"http://api.trongrid.io":          false,
		"https://api.trongrid.io.example": false,
		"https://example.org/trongrid.io": false,
		"https://nottrongrid.io":          false,
		"http://127.0.0.1:8090":           false,
	} {
		if e, _ := tronEndpoint(raw); (e.Header.Get("TRON-PRO-API-KEY") == "5ecre7") != want {
			t.Errorf("%s: %v", raw, e.Header)
		}
	}
}
