package main

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/fundtrail/fundtrail/internal/archive"
)

// TestImportInParts: an import that had to set most aside writes the ledger that one in
// memory does, of real tables of several kinds.
func TestImportInParts(t *testing.T) {
	for _, c := range []struct {
		name, memory string
		files        func(t *testing.T) []string
	}{
		{"txlists", "10MB", func(t *testing.T) []string {
			return []string{shared(t, "ethereum_txlists/transactions.csv.gz"), shared(t, "ethereum_txlists/accounts.csv")}
		}},
		{"etl", "100kB", func(t *testing.T) (names []string) {
			for _, table := range []string{"blocks", "transactions", "token_transfers", "logs"} {
				names = append(names, shared(t, "eth_raw/ethereumetl_17173049_50/expected_"+table+".json.gz"))
			}
			return names
		}},
		{"coinjoin", "500kB", func(t *testing.T) []string {
			return []string{emulatedBlocks(t, shared(t, "btc_coinjoin_crocs/emul__ww2_lognorm-static-5utxo.zip"))}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			files := c.files(t)
			var said, held [2]string
			var rows [2][]byte
			for i, memory := range []string{"8GiB", c.memory} {
				dir := filepath.Join(t.TempDir(), "ledger")
				said[i] = strings.ReplaceAll(runOK(t, append([]string{"ledger", "import", dir, "--memory", memory,
					"--max-bad", "1", "--bad-rows", filepath.Join(t.TempDir(), "bad.csv")}, files...)...), dir, "")
				file := filepath.Join(t.TempDir(), "all.parquet")
				runOK(t, "ledger", "export", dir, "--parquet", file)
				var err error
				if rows[i], err = os.ReadFile(file); err != nil {
					t.Fatal(err)
				}
				l, err := archive.Open(dir)
				if err != nil {
					t.Fatal(err)
				}
				defer l.Close()
				held[i] = fmt.Sprint(l.Coverage(), l.Sources())
				if check, err := archive.Fsck(dir, true); err != nil || len(check.Problems) > 0 {
					t.Errorf("fsck: %v %v", err, check)
				}
			}
			if said[0] != said[1] || held[0] != held[1] {
				t.Errorf("at once:  %s\n%s\nin parts: %s\n%s", said[0], held[0], said[1], held[1])
			}
			if !bytes.Equal(rows[0], rows[1]) {
				t.Error("in parts it is another ledger")
			}
			t.Log(said[1])
		})
	}
}

func runOK(t *testing.T, args ...string) string {
	t.Helper()
	var out bytes.Buffer
	if code := run(t.Context(), args, nil, &out, os.Stderr); code != exitOK {
		t.Fatalf("fundtrail %s ends with %d", strings.Join(args, " "), code)
	}
	return out.String()
}

// emulatedBlocks takes the blocks of an emulated chain out of its archive, one a line.
// Their addresses are of a test network, which ledgers do not hold.
func emulatedBlocks(t *testing.T, archive string) string {
	z, err := zip.OpenReader(archive)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	address := regexp.MustCompile(`"address": *"[^"]*"`)
	var text bytes.Buffer
	folder := ""
	for _, f := range z.File {
		at := strings.Index(f.Name, "/btc-node/block_")
		if at < 0 || folder != "" && f.Name[:at] != folder {
			continue
		}
		folder = f.Name[:at]
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Compact(&text, address.ReplaceAll(b, []byte(`"address":""`))); err != nil {
			t.Fatal(err)
		}
		text.WriteByte('\n')
	}
	name := filepath.Join(t.TempDir(), "blocks.jsonl")
	if err := os.WriteFile(name, text.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// TestKillImport kills an import in the middle: the ledger is as it was, and the next
// import removes what was set aside.
func TestKillImport(t *testing.T) {
	dir := t.TempDir()
	ledger, file := filepath.Join(dir, "ledger"), filepath.Join(dir, "transfers.csv")
	var text bytes.Buffer
	text.WriteString("token_address,from_address,to_address,value,transaction_hash,log_index,block_number,block_timestamp\n")
	for i := range 60_000 {
		fmt.Fprintf(&text, "0x%040x,0x%040x,0x%040x,%d,0x%064x,%d,%d,%d\n", 1+i%3, 10+i%999, 10+i%997, 1+i, 1+i/2, i%2, i/10, 1_700_000_000+i/10)
	}
	if err := os.WriteFile(file, text.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	first := firstLines(t, file, 1000)
	runOK(t, "ledger", "import", ledger, first)
	before := runOK(t, "ledger", "stats", ledger)
	scratch := filepath.Join(ledger, "import.scratch")
	seen := false
	for try := range 5 {
		cmd := exec.Command("fundtrail", "ledger", "import", ledger, file, "--memory", "1MB")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		for until := time.Now().Add(10 * time.Second); time.Now().Before(until); {
			if info, err := os.Stat(scratch); err == nil && info.Size() > int64(try)*1e6 {
				seen = true
				break
			}
		}
		cmd.Process.Kill()
		if err := cmd.Wait(); err == nil {
			t.Skip("it was faster than the kill")
		}
		if got := runOK(t, "ledger", "stats", ledger); got != before {
			t.Fatalf("after a kill:\n%s\nbefore:\n%s", got, before)
		}
	}
	if !seen {
		t.Error("nothing was set aside")
	}
	runOK(t, "ledger", "fsck", ledger, "--deep")
	if out := runOK(t, "ledger", "import", ledger, file, "--memory", "1MB"); !strings.Contains(out, "60000 movements of 60000 rows") {
		t.Errorf("afterwards: %s", out)
	}
	if _, err := os.Stat(scratch); !errors.Is(err, os.ErrNotExist) {
		t.Error("what was set aside is left")
	}
	runOK(t, "ledger", "fsck", ledger, "--deep")
}

func firstLines(t *testing.T, name string, n int) string {
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	lines := bytes.SplitAfter(b, []byte("\n"))
	first := name + ".first"
	if err := os.WriteFile(first, bytes.Join(lines[:n], nil), 0o600); err != nil {
		t.Fatal(err)
	}
	return first
}
