package ingest

import (
	"bytes"
	"compress/gzip"
	"context"
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
