package ingest

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"os"
	"testing"

	"github.com/fundtrail/fundtrail/internal/ledger"
	fastgzip "github.com/klauspost/compress/gzip"
)

const txlistFile = "../../../shared/data/ethereum_txlists/transactions.csv.gz"

// shared skips the test where the project's shared data is not there.
func shared(t testing.TB, name string) string {
	t.Helper()
	if _, err := os.Stat(name); err != nil {
		t.Skipf("no shared data: %v", err)
	}
	return name
}

// splitLines is the least that reading a gzipped text can cost: it decompresses and
// finds the lines.
func splitLines(b *testing.B, open func(io.Reader) (io.Reader, error)) {
	name := shared(b, txlistFile)
	buf := make([]byte, 256<<10)
	for b.Loop() {
		f, err := os.Open(name)
		if err != nil {
			b.Fatal(err)
		}
		r, err := open(f)
		if err != nil {
			b.Fatal(err)
		}
		lines, total, rest := 0, int64(0), 0
		for {
			n, err := r.Read(buf[rest:])
			text := buf[:rest+n]
			total += int64(n)
			for {
				i := bytes.IndexByte(text, '\n')
				if i < 0 {
					break
				}
				lines++
				text = text[i+1:]
			}
			rest = copy(buf, text)
			if err == io.EOF {
				break
			}
			if err != nil {
				b.Fatal(err)
			}
		}
		f.Close()
		if lines != 368_996 {
			b.Fatalf("%d lines", lines)
		}
		b.SetBytes(total)
	}
}

// The import's speed is stated as a multiple of these: doc/performance.md.
func BenchmarkDecompressAndSplit(b *testing.B) {
	b.Run("klauspost", func(b *testing.B) {
		splitLines(b, func(r io.Reader) (io.Reader, error) { return fastgzip.NewReader(r) })
	})
	b.Run("stdlib", func(b *testing.B) {
		splitLines(b, func(r io.Reader) (io.Reader, error) { return gzip.NewReader(r) })
	})
}

// BenchmarkImportTxlist decompresses, parses, builds and seals.
func BenchmarkImportTxlist(b *testing.B) {
	name := shared(b, txlistFile)
	for b.Loop() {
		builder := ledger.NewBuilder()
		sums, err := Files(context.Background(), builder, []Input{File(name)}, Options{})
		if err != nil {
			b.Fatal(err)
		}
		m, err := builder.Seal()
		if err != nil {
			b.Fatal(err)
		}
		if sums[0].Transactions != 368_995 || m.Size() == 0 {
			b.Fatalf("%d transactions, %d movements", sums[0].Transactions, m.Size())
		}
	}
}

// BenchmarkImportETL imports two blocks of ethereum-etl, five hundred times over with other
// hashes and heights, as a range is: transactions with receipts, and token transfers.
func BenchmarkImportETL(b *testing.B) {
	txs, tokens := whole(b, etlFolder+"expected_transactions.json.gz"), whole(b, etlFolder+"expected_token_transfers.json.gz")
	const times = 500
	var manyTxs, manyTokens bytes.Buffer
	for n := range times {
		again := func(into *bytes.Buffer, text []byte) {
			text = bytes.ReplaceAll(text, []byte(`hash": "0x`), fmt.Appendf(nil, `hash": "0x%04x`, n))
			for i, j := 0, 0; ; i = j {
				// The hash is longer by four digits now: cut them off its end.
				k := bytes.Index(text[i:], []byte(`hash": "0x`))
				if k < 0 {
					into.Write(text[i:])
					return
				}
				k += i + len(`hash": "0x`)
				into.Write(text[i : k+64])
				j = k + 68
			}
		}
		move := func(text []byte) []byte {
			for _, h := range []int{17173049, 17173050} {
				text = bytes.ReplaceAll(text, fmt.Appendf(nil, `"block_number": %d,`, h), fmt.Appendf(nil, `"block_number": %d,`, h+2*n))
			}
			return text
		}
		again(&manyTxs, move(txs))
		again(&manyTokens, move(tokens))
	}
	input := func(name string, text []byte) Input {
		return Input{name, func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(text)), nil }}
	}
	inputs := []Input{input("transactions", manyTxs.Bytes()), input("token_transfers", manyTokens.Bytes())}
	b.SetBytes(int64(manyTxs.Len() + manyTokens.Len()))
	transfers, cpu := 0, cpuSeconds()
	for b.Loop() {
		builder := ledger.NewBuilder()
		sums, err := Files(context.Background(), builder, inputs, Options{})
		if err != nil {
			b.Fatal(err)
		}
		if sums[1].Rows != 291*times {
			b.Fatalf("%d rows", sums[1].Rows)
		}
		transfers += sums[0].Movements + sums[1].Movements
	}
	b.ReportMetric(float64(transfers)/b.Elapsed().Seconds(), "transfers/s")
	if cpu = cpuSeconds() - cpu; cpu > 0 {
		b.ReportMetric(float64(transfers)/cpu, "transfers/cpu-s")
	}
}

func whole(b *testing.B, name string) []byte {
	f, err := os.Open(shared(b, name))
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		b.Fatal(err)
	}
	text, err := io.ReadAll(z)
	if err != nil {
		b.Fatal(err)
	}
	return text
}
