package evm

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/big"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fundtrail/fundtrail"
)

var updateReal = flag.Bool("update.real", false, "write what real blocks move anew")

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

// TestPortalBlocks: 13 blocks of Ethereum from their bytes, whose roots are checked, and
// what they move against what is written down.
func TestPortalBlocks(t *testing.T) {
	d := Decoder{Chain: fundtrail.Ethereum}
	var out strings.Builder
	blocks := map[int64]fundtrail.Block{}
	list := portalBlocks(t)
	for _, b := range list {
		got, err := d.RLP(b.header, b.body, b.receipts)
		if err != nil {
			t.Errorf("%s: %v", b.name, err)
			continue
		}
		if fmt.Sprint(got.Block.Height) != b.name {
			t.Errorf("%s is block %d", b.name, got.Block.Height)
		}
		blocks[got.Block.Height] = got.Block
		n, sums := map[string]int{}, map[string]*big.Int{}
		for _, tx := range got.Transactions {
			for _, tr := range tx.Transfers {
				kind := "value"
				switch {
				case tr.ID.Index >= fundtrail.FeeIndex:
					kind = map[uint32]string{feeBurnt: "burnt", feePaid: "paid", feeBlob: "blob"}[tr.ID.Index]
				case tr.ID.Index >= fundtrail.LogIndex:
					n["token"]++
					continue
				case len(tr.Inputs) == 0:
					kind = "mint"
				}
				n[kind]++
				if sums[kind] == nil {
					sums[kind] = new(big.Int)
				}
				sums[kind].Add(sums[kind], append(tr.Inputs, tr.Outputs...)[0].Amount.Big())
			}
		}
		fmt.Fprintf(&out, "%s %x %s, %d transactions, %s whole: %d tokens", b.name, got.Block.Hash[:8], got.Block.Time.Format(time.DateTime), len(got.Transactions), got.Whole, n["token"])
		for _, kind := range []string{"value", "burnt", "paid", "blob", "mint"} {
			if n[kind] > 0 {
				fmt.Fprintf(&out, ", %d %s %s", n[kind], kind, sums[kind])
			}
		}
		out.WriteByte('\n')
	}
	for _, b := range blocks {
		if next, ok := blocks[b.Height+1]; ok && next.Parent != b.Hash {
			t.Errorf("block %d does not stand on block %d", next.Height, b.Height)
		}
	}
	// The last block before the Merge, as every explorer shows it.
	if got := fmt.Sprintf("%x", blocks[15537393].Hash); got != "55b11b918355b1ef9c5db810302ebad0bf2544255b530cdce90674d5887bb286" {
		t.Errorf("block 15537393 is %s", got)
	}
	const golden = "testdata/portal.txt"
	if *updateReal {
		if err := os.WriteFile(golden, []byte(out.String()), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil || string(want) != out.String() {
		t.Errorf("got\n%swant\n%s%v", out.String(), want, err)
	}
	// Parts of different blocks do not go together, and one bit is noticed wherever it is.
	x, y := list[len(list)-1], list[0]
	for what, err := range map[string]error{
		"body":     second(d.RLP(x.header, y.body, x.receipts)),
		"receipts": second(d.RLP(y.header, y.body, x.receipts)),
	} {
		if !errors.Is(err, fundtrail.ErrConflict) {
			t.Errorf("another block's %s: %v", what, err)
		}
	}
	r := rand.New(rand.NewPCG(3, 4))
	for range 300 {
		part := r.IntN(2)
		body, receipts := bytes.Clone(y.body), bytes.Clone(y.receipts)
		of := [][]byte{body, receipts}[part]
		bit := r.IntN(8 * len(of))
		of[bit/8] ^= 1 << (bit % 8)
		if _, err := d.RLP(y.header, body, receipts); err == nil {
			t.Fatalf("part %d: bit %d is not noticed", part, bit)
		}
	}
}

func second[T any](_ T, err error) error { return err }

// etlLines reads a file of ethereum-etl.
func etlLines[T any](t testing.TB, name string) (list []T) {
	t.Helper()
	f, err := os.Open(shared(t, ethRaw+"ethereumetl_17173049_50/"+name+".json.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	for d := json.NewDecoder(z); ; {
		var v T
		if err := d.Decode(&v); err == io.EOF {
			return list
		} else if err != nil {
			t.Fatal(err)
		}
		list = append(list, v)
	}
}

// TestTokenTransfers: of 681 logs of two blocks of Ethereum, exactly the 291 that
// ethereum-etl has for token transfers, with the same parties and amounts; and those of
// ERC-1155, which it does not have.
func TestTokenTransfers(t *testing.T) {
	type row struct {
		Token string      `json:"token_address"`
		From  string      `json:"from_address"`
		To    string      `json:"to_address"`
		Value json.Number `json:"value"`
		Tx    string      `json:"transaction_hash"`
		Log   int         `json:"log_index"`
	}
	type log struct {
		Address party  `json:"address"`
		Data    data   `json:"data"`
		Topics  []hash `json:"topics"`
		Tx      string `json:"transaction_hash"`
		Log     int    `json:"log_index"`
	}
	kinds := map[fundtrail.TokenKind]int{}
	var got []row
	logs := etlLines[log](t, "expected_logs")
	for _, l := range logs {
		e := event{contract: address(l.Address), data: l.Data}
		for _, h := range l.Topics {
			e.topics = append(e.topics, fundtrail.Hash(h))
		}
		m, ok := readMove(&e)
		if !ok {
			continue
		}
		kinds[m.Kind]++
		switch m.Kind {
		case fundtrail.Item: // ethereum-etl has the item's number for an amount
			m.Amount = amountOf(e.topics[3][:])
		case fundtrail.Items, fundtrail.Wrapping:
			continue
		}
		got = append(got, row{fmt.Sprintf("0x%x", e.contract), fmt.Sprintf("0x%x", m.From), fmt.Sprintf("0x%x", m.To), json.Number(m.Amount.String()), l.Tx, l.Log})
	}
	want := etlLines[row](t, "expected_token_transfers")
	if len(logs) != 681 || len(want) != 291 || !slices.Equal(got, want) {
		t.Errorf("of %d logs %d are token transfers, want %d", len(logs), len(got), len(want))
	}
	t.Log(kinds)
}
