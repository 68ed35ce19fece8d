package evm

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fundtrail/fundtrail"
)

const ethRaw = "../../../../shared/data/eth_raw/"

// shared skips the test where the project's shared data is not there.
func shared(t testing.TB, name string) string {
	t.Helper()
	if _, err := os.Stat(name); err != nil {
		t.Skipf("no shared data: %v", err)
	}
	return name
}

// A rawBlock is a block's bytes.
type rawBlock struct {
	name                   string
	header, body, receipts []byte
}

// portalBlocks reads the 13 blocks of Ethereum's portal-spec-tests.
func portalBlocks(t testing.TB) (list []rawBlock) {
	t.Helper()
	names, err := filepath.Glob(shared(t, ethRaw+"portal_block_data") + "/*.yaml.gz")
	if err != nil || len(names) != 13 {
		t.Fatalf("%d files, %v", len(names), err)
	}
	for _, name := range names {
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		z, err := gzip.NewReader(f)
		if err != nil {
			t.Fatal(err)
		}
		b := rawBlock{name: strings.TrimSuffix(strings.TrimPrefix(filepath.Base(name), "block-data-"), ".yaml.gz")}
		lines := bufio.NewScanner(z)
		lines.Buffer(nil, 16<<20)
		for lines.Scan() {
			key, value, _ := bytes.Cut(lines.Bytes(), []byte(": 0x"))
			raw, err := hex.DecodeString(strings.Trim(string(value), "\"\r "))
			if err != nil {
				t.Fatalf("%s: %s: %v", name, key, err)
			}
			switch string(key) {
			case "header":
				b.header = raw
			case "body":
				b.body = raw
			case "receipts":
				b.receipts = raw
			}
		}
		f.Close()
		list = append(list, b)
	}
	return list
}

func TestPortalBlocks(t *testing.T) {
	d := Decoder{Chain: fundtrail.Ethereum}
	for _, b := range portalBlocks(t) {
		got, err := d.RLP(b.header, b.body, b.receipts)
		if err != nil {
			t.Errorf("%s: %v", b.name, err)
			continue
		}
		n := map[string]int{}
		for _, tx := range got.Transactions {
			for _, tr := range tx.Transfers {
				switch {
				case tr.ID.Index >= fundtrail.FeeIndex:
					n["fee"]++
				case tr.ID.Index >= fundtrail.LogIndex:
					n["token"]++
				default:
					n["value"]++
				}
			}
		}
		t.Log(b.name, got.Block.Height, got.Block.Time, len(got.Transactions), n, got.Whole)
	}
}
