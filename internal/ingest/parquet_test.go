package ingest

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
)

// A sheet says of which type each column of a Parquet file is: binary (bytes, told in
// hexadecimal), text, u32, u64, i64, f64, bool, time (microseconds), numeric and bignumeric
// (BigQuery's decimals), texts (a list), or wide (a number in the forms that cryo writes).
type sheet map[string]string

// asParquet writes rows as Parquet. An empty cell is missing.
func (s sheet) asParquet(t testing.TB, rows []record, opts ...parquet.WriterOption) string {
	t.Helper()
	columns := parquet.Group{}
	for name, kind := range s {
		leaf := func(n parquet.Node) parquet.Node { return parquet.Optional(n) }
		switch kind {
		case "binary":
			columns[name] = leaf(parquet.Leaf(parquet.ByteArrayType))
		case "text":
			columns[name] = leaf(parquet.String())
		case "u32":
			columns[name] = leaf(parquet.Uint(32))
		case "u64":
			columns[name] = leaf(parquet.Uint(64))
		case "i64":
			columns[name] = leaf(parquet.Int(64))
		case "f64":
			columns[name] = leaf(parquet.Leaf(parquet.DoubleType))
		case "bool":
			columns[name] = leaf(parquet.Leaf(parquet.BooleanType))
		case "time":
			columns[name] = leaf(parquet.Timestamp(parquet.Microsecond))
		case "numeric":
			columns[name] = leaf(parquet.Decimal(9, 38, parquet.FixedLenByteArrayType(16)))
		case "bignumeric":
			columns[name] = leaf(parquet.Decimal(38, 76, parquet.FixedLenByteArrayType(32)))
		case "texts":
			columns[name] = parquet.List(parquet.String())
		case "wide":
			columns[name+"_binary"] = leaf(parquet.Leaf(parquet.ByteArrayType))
			columns[name+"_string"] = leaf(parquet.String())
			columns[name+"_f64"] = leaf(parquet.Leaf(parquet.DoubleType))
		default:
			t.Fatalf("column %s: no type %q", name, kind)
		}
	}
	var b bytes.Buffer
	schema := parquet.NewSchema("schema", columns)
	opts = append([]parquet.WriterOption{schema, parquet.Compression(&parquet.Lz4Raw)}, opts...)
	w := parquet.NewWriter(&b, opts...)
	names := slices.Sorted(maps.Keys(columns))
	for _, r := range rows {
		var row parquet.Row
		for i, name := range names {
			row = append(row, s.values(i, name, r)...)
		}
		if _, err := w.WriteRows([]parquet.Row{row}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// values are those of a column of a row.
func (s sheet) values(i int, name string, r record) []parquet.Value {
	kind, form := s[name], ""
	if kind == "" {
		for _, form = range []string{"_binary", "_string", "_f64"} {
			if s[strings.TrimSuffix(name, form)] == "wide" {
				name = strings.TrimSuffix(name, form)
				break
			}
		}
	}
	cell := r[name]
	if kind == "texts" {
		var list []string
		if err := json.Unmarshal([]byte(cell), &list); err != nil {
			panic(err)
		}
		if len(list) == 0 {
			return []parquet.Value{parquet.NullValue().Level(0, 0, i)}
		}
		var out []parquet.Value
		for n, text := range list {
			out = append(out, parquet.ByteArrayValue([]byte(text)).Level(min(n, 1), 1, i))
		}
		return out
	}
	if cell == "" {
		return []parquet.Value{parquet.NullValue().Level(0, 0, i)}
	}
	number := func() *big.Int {
		n, ok := new(big.Int).SetString(cell, 10)
		if !ok {
			panic(name + ": " + cell)
		}
		return n
	}
	scaled := func(scale, size int) parquet.Value {
		n := number()
		return parquet.FixedLenByteArrayValue(n.Mul(n, new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(scale)), nil)).FillBytes(make([]byte, size)))
	}
	var v parquet.Value
	switch kind + form {
	case "binary":
		v = parquet.ByteArrayValue(unhex(cell))
	case "text", "_string":
		v = parquet.ByteArrayValue([]byte(cell))
	case "u32":
		v = parquet.Int32Value(int32(uint32(number().Uint64())))
	case "u64", "i64":
		v = parquet.Int64Value(int64(number().Uint64()))
	case "time":
		v = parquet.Int64Value(number().Int64() * 1e6)
	case "f64", "_f64":
		f, _ := strconv.ParseFloat(cell, 64)
		v = parquet.DoubleValue(f)
	case "bool":
		v = parquet.BooleanValue(cell == "1" || cell == "true")
	case "numeric":
		v = scaled(9, 16)
	case "bignumeric":
		v = scaled(38, 32)
	case "_binary":
		v = parquet.ByteArrayValue(number().FillBytes(make([]byte, 32)))
	}
	return []parquet.Value{v.Level(0, 1, i)}
}

func unhex(s string) []byte {
	b, err := hex.DecodeString(strings.TrimPrefix(s, "0x"))
	if err != nil {
		panic(err)
	}
	return b
}

// onDisk is an input that can be read from the middle.
func onDisk(t testing.TB, name, content string) Input {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o666); err != nil {
		t.Fatal(err)
	}
	return File(path)
}

// TestParquetPlaces: a Parquet file is the same from a disk, from a pipe and compressed, in
// one row group or in many, under every compression; and the digest is of its bytes.
func TestParquetPlaces(t *testing.T) {
	var rows []record
	for n := range 1000 {
		rows = append(rows, with(cryoToken, "log_index", fmt.Sprint(n), "value", fmt.Sprint(n+1)))
	}
	head := text("blocks.csv", asCSV(cryoBlock))
	want, sums := importAll(t, Options{}, text("x", cryoTokenSheet.asParquet(t, rows)), head)
	if want.Size() != 1000 || sums[0].Rows != 1000 {
		t.Fatalf("%d movements of %+v", want.Size(), sums[0])
	}
	for name, opts := range map[string][]parquet.WriterOption{
		"row groups": {parquet.MaxRowsPerRowGroup(7)},
		"pages":      {parquet.PageBufferSize(200)},
		"first form": {parquet.DataPageVersion(1), parquet.PageBufferSize(300)},
		"snappy":     {parquet.Compression(&parquet.Snappy)},
		"zstd":       {parquet.Compression(&parquet.Zstd)},
		"gzip":       {parquet.Compression(&parquet.Gzip)},
		"plain":      {parquet.Compression(&parquet.Uncompressed)},
	} {
		content := cryoTokenSheet.asParquet(t, rows, opts...)
		disk := onDisk(t, "x", content)
		for where, in := range map[string]Input{"disk": disk, "pipe": text("x", content), "gzip": text("x", gzipped(content))} {
			m, sums := importAll(t, Options{}, in, head)
			if dump(m) != dump(want) {
				t.Errorf("%s from %s: another ledger of %d movements", name, where, m.Size())
			}
			if stored := map[string]string{"gzip": gzipped(content)}[where]; stored == "" && sums[0].SHA256 != digestOf(content) || sums[0].Bytes == 0 {
				t.Errorf("%s from %s: %+v", name, where, sums[0])
			}
		}
	}
}
