package ingest

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/archive"
	"github.com/fundtrail/fundtrail/internal/ledger"
	"github.com/fundtrail/fundtrail/internal/ledgertest"
)

// exported is the Parquet file that a ledger on disk makes of facts.
func exported(t testing.TB, m *ledger.Memory) string {
	t.Helper()
	dir := t.TempDir()
	w, err := archive.OpenWriter(dir, archive.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Append(archive.Batch{Facts: m}); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	l, err := archive.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	var b bytes.Buffer
	if err := archive.Parquet(&b, l); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestExportReturns: what a ledger exports makes the same ledger.
func TestExportReturns(t *testing.T) {
	for name, shape := range map[string]ledgertest.Random{
		"accounts": {Addresses: 50, Transactions: 3000, Tokens: 3, Gaps: true}, "coins": {Addresses: 50, Transactions: 3000, Coins: true},
	} {
		sealed := func() *ledger.Memory {
			b := ledger.NewBuilder()
			b.Keep()
			for _, tx := range shape.Ledger(rand.New(rand.NewPCG(1, 1))) {
				if err := b.Transaction(&tx, ledger.Where{}); err != nil {
					t.Fatal(err)
				}
			}
			m, err := b.Seal()
			if err != nil {
				t.Fatal(err)
			}
			return m
		}
		want := sealed()
		got, sums := importAll(t, Options{}, onDisk(t, "export.parquet", exported(t, sealed())))
		if dump(got) != dump(want) || got.Size() < 3000 || sums[0].Format != "transfers" {
			t.Errorf("%s: of %d movements %d came back (%+v)", name, want.Size(), got.Size(), sums[0])
		}
		var mv, back fundtrail.Movement
		for p := range want.Size() {
			want.Movement(p, &mv)
			got.Movement(p, &back)
			if mv.Link != back.Link {
				t.Fatalf("%s: movement %d is linked with %d, was with %d", name, p, back.Link, mv.Link)
			}
		}
	}
}

// manyCryo is a cryo file of token transfers, as large as a benchmark wants it.
func manyCryo(t testing.TB, rows int) string {
	var list []record
	r := rand.New(rand.NewPCG(1, 2))
	for n := range rows {
		list = append(list, with(cryoToken, "block_number", fmt.Sprint(14000000+n/200), "transaction_index", fmt.Sprint(n%200/4), "transaction_hash", fmt.Sprintf("0x%064x", n/4+1), "log_index", fmt.Sprint(n%200),
			"from_address", fmt.Sprintf("0x%040x", 1+r.IntN(5000)), "to_address", fmt.Sprintf("0x%040x", 1+r.IntN(5000)), "value", fmt.Sprint(r.Uint64())))
	}
	return cryoTokenSheet.asParquet(t, list)
}

// BenchmarkImportCryo imports token transfers in cryo's Parquet, and the same as CSV.
func BenchmarkImportCryo(b *testing.B) {
	const rows = 200_000
	content := manyCryo(b, rows)
	tab, err := newParquet(strings.NewReader(content), int64(len(content)))
	if err != nil {
		b.Fatal(err)
	}
	if err := tab.use(cryoTokenTransfers.columns); err != nil {
		b.Fatal(err)
	}
	var csv strings.Builder
	csv.WriteString("erc20,from_address,to_address,value_string,transaction_hash,log_index,block_number,transaction_index\n")
	for tab.next() == nil {
		c := tab.cells
		fmt.Fprintf(&csv, "%s,%s,%s,%s,%s,%s,%s,%s\n", c[tokensToken], c[tokensFrom], c[tokensTo], c[tokensValue], c[tokensTx], c[tokensLog], c[tokensBlock], c[tokensPlace])
	}
	for name, text1 := range map[string]string{"Parquet": content, "CSV": csv.String()} {
		b.Run(name, func(b *testing.B) {
			in := text("x", text1)
			if name == "Parquet" {
				in = onDisk(b, "x", text1)
			}
			b.SetBytes(int64(len(text1)))
			cpu := cpuSeconds()
			for b.Loop() {
				builder := ledger.NewBuilder()
				sums, err := Files(b.Context(), builder, []Input{in}, Options{})
				if err != nil || sums[0].Movements != rows {
					b.Fatal(sums, err)
				}
			}
			b.ReportMetric(float64(rows*b.N)/b.Elapsed().Seconds(), "transfers/s")
			if cpu = cpuSeconds() - cpu; cpu > 0 {
				b.ReportMetric(float64(rows*b.N)/cpu, "transfers/cpu-s")
			}
		})
	}
}

// FuzzParquet: a Parquet file of any bytes is an error or a table.
func FuzzParquet(f *testing.F) {
	f.Add([]byte(cryoTokenSheet.asParquet(f, []record{cryoToken, with(cryoToken, "log_index", "13")})), 0, byte(0))
	f.Add([]byte(cryoBlockSheet.asParquet(f, []record{cryoBlock})), 100, byte(255))
	f.Add([]byte(sheet{"log_index": "i64", "transaction_hash": "text", "address": "text", "data": "text", "topics": "texts", "block_number": "i64"}.asParquet(f, []record{
		{"log_index": "1", "transaction_hash": hashOf(1), "address": addressOf(1), "data": "0x", "topics": `["` + hexOf(topicTransfer) + `"]`, "block_number": "5"}})), 700, byte(1))
	f.Add([]byte(exported(f, randomMemory(f))), 300, byte(4))
	f.Fuzz(func(t *testing.T, content []byte, at int, flip byte) {
		if len(content) > 0 {
			content = bytes.Clone(content)
			content[uint(at)%uint(len(content))] ^= flip
		}
		fuzzImport(t, Options{MaxBad: 3}, text("x", string(content)))
	})
}

func randomMemory(t testing.TB) *ledger.Memory {
	b := ledger.NewBuilder()
	b.Keep()
	shape := ledgertest.Random{Addresses: 5, Transactions: 20, Coins: true}
	for _, tx := range shape.Ledger(rand.New(rand.NewPCG(1, 1))) {
		if err := b.Transaction(&tx, ledger.Where{}); err != nil {
			t.Fatal(err)
		}
	}
	m, err := b.Seal()
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// FuzzLZ4: a block is unpacked into as many bytes as were asked for, or refused.
func FuzzLZ4(f *testing.F) {
	f.Add([]byte("\x50hello\x00"), 5)
	f.Add([]byte{0x14, 'a', 1, 0, 0x10, 'b'}, 10)
	f.Add(bytes.Repeat([]byte{255}, 30), 100)
	f.Fuzz(func(t *testing.T, packed []byte, size int) {
		unpackLZ4(make([]byte, uint(size)%(1<<20)), packed)
	})
}

// FuzzFooter: a footer that is shallow can be read, or is refused.
func FuzzFooter(f *testing.F) {
	f.Add(bytes.Repeat([]byte{0x1c}, 1000))
	f.Add([]byte{0x15, 2, 0x19, 0x1c, 0x48, 1, 'x', 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		if shallow(b) == nil {
			content := append(append([]byte("PAR1"), b...), byte(len(b)), byte(len(b)>>8), byte(len(b)>>16), 0, 'P', 'A', 'R', '1')
			fuzzImport(t, Options{}, text("x", string(content)))
		}
	})
}
