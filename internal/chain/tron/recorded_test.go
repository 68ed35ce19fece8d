package tron_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/chain/tron"
)

var (
	record = flag.Bool("record", false, "write testdata/chain.json, a made chain's answers")
	update = flag.Bool("update", false, "write what the answers come to")
)

// A recording is a chain as the API's answers tell it: of each block getblockbynum's and
// gettransactioninfobyblocknum's.
type recording struct {
	Blocks []json.RawMessage `json:"blocks"`
	Infos  []json.RawMessage `json:"infos"`
}

// TestRecorded: the answers of a made chain come to the same facts, to the byte.
func TestRecorded(t *testing.T) {
	const file, golden = "testdata/chain.json", "testdata/chain.txt"
	if *record {
		c := newChain(20)
		for i := range 12 {
			c.mine([...]int{4, 0, 6}[i%3])
		}
		var r recording
		for _, b := range c.blocks {
			infos := []obj{}
			for _, tx := range b.txs {
				infos = append(infos, tx.info)
			}
			r.Blocks, r.Infos = append(r.Blocks, must(b.block)), append(r.Infos, must(infos))
		}
		check(os.MkdirAll("testdata", 0o755))
		check(os.WriteFile(file, append(must(r), '\n'), 0o644))
	}
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var r recording
	check(json.Unmarshal(raw, &r))
	var d tron.Decoder
	var text strings.Builder
	for i := range r.Blocks {
		f, err := d.Block(r.Blocks[i], r.Infos[i])
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&text, "block %d %x %s: %s\n", f.Block.Height, f.Block.Hash, f.Block.Time.Format("2006-01-02T15:04:05.000"), f.Whole)
		for _, tx := range f.Transactions {
			fmt.Fprintf(&text, "  %s failed=%v", tx.ID, tx.Failed)
			for _, e := range tx.Events {
				fmt.Fprintf(&text, " %q", e.Data)
			}
			text.WriteByte('\n')
			for _, tr := range tx.Transfers {
				fmt.Fprintf(&text, "    %d %s %s -> %s\n", tr.ID.Index, tr.Asset, side(tr.Inputs), side(tr.Outputs))
			}
		}
	}
	if *update {
		check(os.WriteFile(golden, []byte(text.String()), 0o644))
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if text.String() != string(want) {
		t.Errorf("the facts differ from %s; look at them and run with -update:\n%s", golden, &text)
	}
}

func side(list []fundtrail.Entry) string {
	if len(list) == 0 {
		return "nobody"
	}
	return list[0].Address.String() + " " + list[0].Amount.String()
}
