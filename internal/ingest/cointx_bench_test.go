package ingest

import (
	"bytes"
	"context"
	"fmt"
	"testing"

	"github.com/fundtrail/fundtrail/internal/ledger"
)

// BenchmarkEsplora imports 100,000 transactions of one input and two outputs, made up, each
// spending the one before, a list over several lines as the servers send it.
func BenchmarkEsplora(b *testing.B) {
	const n = 100_000
	var list bytes.Buffer
	list.WriteByte('[')
	for i := range n {
		if i > 0 {
			list.WriteString(",\n")
		}
		fmt.Fprintf(&list, `{"txid":"%064x","version":2,"locktime":0,"vin":[{"txid":"%064x","vout":0,"prevout":{"scriptpubkey":"","scriptpubkey_address":"12c6DSiU4Rq3P4ZxziKxzrL5LmMBrzjrJX","value":%d},"is_coinbase":false,"sequence":4294967295}],`+"\n"+
			`"vout":[{"scriptpubkey_address":"12c6DSiU4Rq3P4ZxziKxzrL5LmMBrzjrJX","value":%d},{"scriptpubkey_address":"1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2","value":9}],"status":{"confirmed":true,"block_height":%d,"block_time":%d}}`,
			i+2, i+1, 1<<40-10*i, 1<<40-10*(i+1), i, 1231731025+i)
	}
	list.WriteByte(']')
	content := list.String()
	b.SetBytes(int64(len(content)))
	for b.Loop() {
		builder := ledger.NewBuilder()
		if _, err := Files(context.Background(), builder, []Input{text("x", content)}, Options{}); err != nil {
			b.Fatal(err)
		}
		if _, err := builder.Seal(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "tx/s")
}
