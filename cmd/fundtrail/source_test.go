package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/ingest"
	"github.com/fundtrail/fundtrail/internal/ledger"
	"github.com/fundtrail/fundtrail/internal/report"
	"github.com/fundtrail/fundtrail/internal/source/sourcetest"
)

// explorer starts a server that tells of the chain in a file as explorers do, and puts its
// URL into a variable: explorer VARIABLE CHAIN FILE [KEY]
func explorer(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 3 {
		ts.Fatalf("usage: explorer VARIABLE CHAIN FILE [KEY]")
	}
	p, err := peerOf(fundtrail.Chain(args[1]), ts.MkAbs(args[2]))
	ts.Check(err)
	if len(args) > 3 {
		p.Key = args[3]
	}
	s := httptest.NewServer(p)
	ts.Defer(s.Close)
	ts.Setenv(args[0], s.URL+"/api")
}

func peerOf(chain fundtrail.Chain, files ...string) (*sourcetest.Peer, error) {
	b := ledger.NewBuilder()
	var list []ingest.Input
	for _, f := range files {
		list = append(list, ingest.File(f))
	}
	if _, err := ingest.Files(context.Background(), b, list, ingest.Options{Chain: chain}); err != nil {
		return nil, err
	}
	l, err := b.Seal()
	return &sourcetest.Peer{Ledger: l, Chain: chain}, err
}

// TestAskedRonin: step by step, the Ronin theft leads to the ends that the whole file of
// 368,995 transactions gives. They differ where the file does not claim a history to be
// whole and the explorer does: one address is beyond the file's data, and held by the
// explorer's.
func TestAskedRonin(t *testing.T) {
	path := filepath.Join("..", "..", "..", "shared", "data", "ethereum_txlists", "transactions.csv.gz")
	if _, err := os.Stat(path); err != nil {
		t.Skip("the real ledger is not at hand:", err)
	}
	p, err := peerOf(fundtrail.Ethereum, path)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	t.Setenv("FUNDTRAIL_HOME", dir)
	trace := func(args ...string) *report.Document {
		t.Helper()
		var stdout, stderr bytes.Buffer
		if code := run(t.Context(), append([]string{"trace", "ronin-bridge", "--format", "json"}, args...), nil, &stdout, &stderr); code != 0 {
			t.Fatal(code, stderr.String())
		}
		doc, err := report.ReadJSON(&stdout)
		if err != nil {
			t.Fatal(err)
		}
		return doc
	}
	whole := trace("--ledger", path)
	url := p.Serve(t).URL
	asked := trace("--source", "etherscan", "--source-url", url, "--max-requests", "2000")
	ends := func(d *report.Document) map[string]string {
		out := map[string]string{}
		for _, e := range d.Ends {
			if e.Category == "held" || e.Category == "coverage" { // by what is claimed
				e.Category, e.Label = "there", ""
			}
			e.Reason, e.Via = "", nil
			raw, err := json.Marshal(e)
			if err != nil {
				t.Fatal(err)
			}
			out[fmt.Sprint(e.Category, e.Asset, e.Actor, e.Label, e.Addresses)] = string(raw)
		}
		return out
	}
	want, got := ends(whole), ends(asked)
	for k, v := range want {
		if got[k] != v {
			t.Errorf("end %s\nasked: %s\nwhole: %s", k, got[k], v)
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d ends, want %d", len(got), len(want))
	}
	n := len(p.Requests())
	t.Logf("%d requests, %d hops", n, len(asked.Hops))
	if again := trace("--source", "etherscan", "--source-url", url, "--offline"); len(p.Requests()) != n || len(again.Hops) != len(asked.Hops) {
		t.Errorf("offline: %d requests, %d hops", len(p.Requests())-n, len(again.Hops))
	}
	for _, r := range p.Requests() {
		if strings.Contains(r, "0x3f5ce5fbfe3e9af3971dd833d26ba9b5c936f0be") {
			t.Errorf("an exchange was asked for: %s", r)
		}
	}
}

// TestAskedGeth: a node that cannot list an address's transactions says so, and what to do.
// It is left alone with the rest.
func TestAskedGeth(t *testing.T) {
	node := startDevNode(t)
	t.Setenv("FUNDTRAIL_HOME", t.TempDir())
	var stdout, stderr bytes.Buffer
	code := run(t.Context(), []string{"trace", node.from, "--source", "rpc", "--source-url", node.ours}, nil, &stdout, &stderr)
	if code != exitError || !strings.Contains(stderr.String(), "neither trace_filter nor ots_searchTransactionsAfter") || !strings.Contains(stderr.String(), "fundtrail sync") {
		t.Errorf("exit code %d, it says %s", code, stderr.String())
	}
	if strings.Contains(stderr.String(), "key") && strings.Contains(stderr.String(), node.ours) {
		t.Errorf("the path, where a key stands, is told: %s", stderr.String())
	}
}
