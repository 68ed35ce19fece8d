package ingest

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/ledger"
	"github.com/klauspost/compress/zstd"
)

func fileDigest(t testing.TB, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%x", sha256.Sum256(b))
}

// text is an input that holds a text.
func text(name, content string) Input {
	return Input{name, func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(content)), nil }}
}

func gzipped(content string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	io.WriteString(w, content)
	w.Close()
	return b.String()
}

func zstandard(t testing.TB, content string) string {
	w, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	return string(w.EncodeAll([]byte(content), nil))
}

// hashOf, addressOf and contractOf are spellings that name themselves.
func hashOf(n int) string    { return fmt.Sprintf("0x%064x", 0xaa0000+n) }
func addressOf(n int) string { return fmt.Sprintf("0x%040x", 0xbb0000+n) }

// lines joins the lines of a file.
func file1(lines ...string) string { return strings.Join(lines, "\n") + "\n" }

const txlistHeader = "blockNumber,timeStamp,hash,nonce,transactionIndex,from,to,value,gas,gasPrice,gasUsed,isError,txreceipt_status,contractAddress,methodId,functionName"

// txRow is a row of a txlist: transaction n in block 100+n, from a to b.
func txRow(n, from, to int, value string) string {
	return fmt.Sprintf("%d,%d,%s,%d,3,%s,%s,%s,21000,7,21000,0,1,,0x,", 14_000_000+n, 1_640_000_000+n, hashOf(n), n, addressOf(from), addressOf(to), value)
}

// refused imports what must be refused, and checks that it leaves nothing behind.
func refused(t *testing.T, opt Options, inputs ...Input) error {
	t.Helper()
	b := ledger.NewBuilder()
	b.File("before")
	mark := b.Mark()
	sums, err := Files(context.Background(), b, inputs, opt)
	if err == nil {
		t.Fatalf("imported: %+v", sums)
	}
	if b.Mark() != mark {
		t.Errorf("something is left in the builder: %+v, was %+v", b.Mark(), mark)
	}
	return err
}

func says(t *testing.T, err error, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q lacks %q", err, part)
		}
	}
}

// TestSpellings: one table, spelt in every way that means the same.
func TestSpellings(t *testing.T) {
	plain := file1(txlistHeader, txRow(1, 1, 2, "1000000000000000000"), txRow(2, 2, 3, "5"))
	m, _ := importAll(t, Options{}, text("plain", plain))
	want := dump(m)
	if strings.Count(want, "\n") != 4 {
		t.Fatalf("the ledger is\n%s", want)
	}
	crlf := strings.ReplaceAll(plain, "\n", "\r\n")
	noEnd := strings.TrimSuffix(plain, "\n")
	quoted := file1(txlistHeader,
		strings.Replace(txRow(1, 1, 2, `"1000000000000000000"`), ",0x,", `,"0x","transfer(address to, uint256 ""amount"")`+"\r\n, and\n\na line, more\"", 1),
		txRow(2, 2, 3, "5"))
	reordered := file1("VALUE,Note,hash,TIMESTAMP,from,to,gasused,gasprice,blocknumber,iserror,transactionindex",
		strings.Join([]string{"1000000000000000000", "a note", strings.ToUpper(hashOf(1)[2:]), "1640000001", addressOf(1), addressOf(2), "21000", "7", "14000001", "0", "3"}, ","),
		strings.Join([]string{"5", "", hashOf(2), "2021-12-20T11:33:22Z", addressOf(2), addressOf(3), "21000", "7", "14000002", "", ""}, ","))
	reordered = strings.Replace(reordered, strings.ToUpper(hashOf(1)[2:]), "0x"+strings.ToUpper(hashOf(1)[2:]), 1)
	blank := strings.Replace(plain, "\n", "\n\n\r\n", 1) + "\n\n"
	for name, content := range map[string]string{
		"CRLF":                crlf,
		"no last line end":    noEnd,
		"CRLF, cut":           strings.TrimSuffix(crlf, "\n"),
		"byte order mark":     "\xef\xbb\xbf" + plain,
		"quotes":              quoted,
		"columns by name":     reordered,
		"blank lines":         blank,
		"gzip":                gzipped(plain),
		"gzip, two members":   gzipped(plain[:300]) + gzipped(plain[300:]),
		"gzip, mark within":   gzipped("\xef\xbb\xbf" + plain),
		"zstd":                zstandard(t, plain),
		"zstd, two frames":    zstandard(t, plain[:300]) + zstandard(t, plain[300:]),
		"zstd, skipped frame": "\x50\x2a\x4d\x18\x03\x00\x00\x00abc" + zstandard(t, plain),
	} {
		t.Run(name, func(t *testing.T) {
			m, sums := importAll(t, Options{}, text("x", content))
			if got := dump(m); got != want {
				t.Errorf("the ledger is\n%swant\n%s", got, want)
			}
			s := sums[0]
			if s.Rows != 2 || s.Transactions != 2 || s.Movements != 4 || s.Bytes != int64(len(content)) || s.SHA256 != sha256.Sum256([]byte(content)) ||
				s.Format != "Etherscan txlist" || s.Kinds != fundtrail.ValueTransfers|fundtrail.Fees || s.Blocks != [2]int64{14_000_001, 14_000_002} {
				t.Errorf("the summary is %+v", s)
			}
		})
	}
}

// TestHeaderOnly: a table may have no rows.
func TestHeaderOnly(t *testing.T) {
	for _, content := range []string{txlistHeader, txlistHeader + "\n", txlistHeader + "\r\n\r\n"} {
		m, sums := importAll(t, Options{}, text("x", content))
		if m.Size() != 0 || sums[0].Rows != 0 {
			t.Errorf("%q: %d movements, %+v", content, m.Size(), sums[0])
		}
	}
}

// TestRefusedFiles: what is no table that can be read, and why.
func TestRefusedFiles(t *testing.T) {
	good := file1(txlistHeader, txRow(1, 1, 2, "5"))
	for name, c := range map[string]struct {
		content string
		says    []string
	}{
		"empty":               {"", []string{"the file is empty"}},
		"only line ends":      {"\n\r\n\n", []string{"the file is empty"}},
		"only spaces":         {"  \n", []string{"line 1 is blank, want a header"}},
		"gzip of nothing":     {gzipped(""), []string{"the file is empty"}},
		"binary":              {"\x7fELF\x02\x01\x01\x00\x00\n\x00", []string{"NUL byte", "binary"}},
		"UTF-16":              {"\xff\xfeh\x00a\x00s\x00h\x00\n\x00", []string{"UTF-16", "UTF-8"}},
		"zip":                 {"PK\x03\x04\x14\x00\x00\x00", []string{"zip archive", "gzip or zstd"}},
		"bzip2":               {"BZh91AY&SY", []string{"bzip2"}},
		"gzip cut":            {gzipped(good)[:120], []string{"ends early", "cut short"}},
		"gzip cut in header":  {gzipped(good)[:5], []string{"ends early"}},
		"gzip without end":    {strings.TrimSuffix(gzipped(good), gzipped(good)[len(gzipped(good))-4:]), []string{"ends early"}},
		"gzip damaged":        {flip(gzipped(good), len(gzipped(good))-12), []string{"damaged"}},
		"gzip, wrong sum":     {flip(gzipped(good), len(gzipped(good))-6), []string{"damaged"}},
		"gzip, more after":    {gzipped(good) + "something else", []string{"damaged"}},
		"zstd cut":            {zstandard(t, good)[:60], []string{"ends early"}},
		"zstd damaged":        {flip(zstandard(t, good), len(zstandard(t, good))-1), []string{"damaged"}},
		"JSON numbers":        {"[\n1]", []string{"not a JSON array of objects", `"1"`}},
		"JSON objects, cut":   {"{\n\"hash\":1", []string{"cut short"}},
		"JSON text, broken":   {"{\n\"ha\nsh\":1}", []string{"a line ends inside a text"}},
		"JSON, broken":        {`{"hash": 1`, []string{"line 1", "not JSON"}},
		"other columns":       {"a,b,c\n1,2,3\n", []string{`("a, b, c")`, "Etherscan txlist: blockNumber, timeStamp, hash, from, to, value", "transfers: block, time, tx, kind, from, to, amount", "ethereum-etl traces: "}},
		"other keys":          {`{"type":"log","log_index":0}`, []string{`its keys ("type, log_index")`, "ethereum-etl token_transfers: "}},
		"column twice":        {file1(txlistHeader+",HASH", txRow(1, 1, 2, "5")+","), []string{"column hash twice"}},
		"quotes in header":    {`"hash,from` + "\n", []string{"the header", "not closed"}},
		"a long line":         {txlistHeader + "\n" + strings.Repeat("x", maxLine+2), []string{"line 2", "longer than 16 MiB"}},
		"a long first line":   {strings.Repeat("x", maxLine+2), []string{"line 1", "longer than 16 MiB"}},
		"a quote never ended": {txlistHeader + "\n\"" + strings.Repeat("x,\n", maxLine/3+2), []string{"line 2", "longer than 16 MiB"}},
	} {
		t.Run(name, func(t *testing.T) {
			err := refused(t, Options{MaxBad: 5}, text("bad.csv", c.content))
			if !errors.Is(err, fundtrail.ErrInvalid) {
				t.Errorf("%v is not ErrInvalid", err)
			}
			says(t, err, append(c.says, "bad.csv: ")...)
		})
	}
}

// flip damages a byte.
func flip(s string, i int) string {
	b := []byte(s)
	b[i] ^= 0x55
	return string(b)
}

// endless is a text without line ends that never stops.
type endless struct{ read int64 }

func (e *endless) Read(p []byte) (int, error) {
	e.read += int64(len(p))
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}
func (e *endless) Close() error { return nil }

func TestEndlessLine(t *testing.T) {
	e := &endless{}
	err := refused(t, Options{}, Input{"endless", func() (io.ReadCloser, error) { return e, nil }})
	says(t, err, "longer than 16 MiB")
	if e.read > 3*maxLine {
		t.Errorf("%d bytes were read of an endless line", e.read)
	}
}

// broken fails while it is read.
type broken struct{ r io.Reader }

var errBroken = errors.New("the disk is on fire")

func (b broken) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	if err == io.EOF {
		err = errBroken
	}
	return n, err
}
func (b broken) Close() error { return nil }

func TestReadFails(t *testing.T) {
	good := file1(txlistHeader, txRow(1, 1, 2, "5"))
	for name, content := range map[string]string{"plain": good, "gzip": gzipped(good)[:100]} {
		err := refused(t, Options{}, Input{"x", func() (io.ReadCloser, error) { return broken{strings.NewReader(content)}, nil }})
		if !errors.Is(err, errBroken) || errors.Is(err, fundtrail.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	err := refused(t, Options{}, Input{"x", func() (io.ReadCloser, error) { return nil, os.ErrNotExist }})
	if !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no such file: %v", err)
	}
}

func TestCancel(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	b := ledger.NewBuilder()
	if _, err := Files(ctx, b, []Input{text("x", file1(txlistHeader, txRow(1, 1, 2, "5")))}, Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

// closing counts what was opened and not closed.
type closing struct {
	io.Reader
	open *int
}

func (c closing) Close() error { *c.open--; return nil }

func TestCloses(t *testing.T) {
	open := 0
	input := func(name, content string) Input {
		return Input{name, func() (io.ReadCloser, error) { open++; return closing{strings.NewReader(content), &open}, nil }}
	}
	good := file1(txlistHeader, txRow(1, 1, 2, "5"))
	for _, inputs := range [][]Input{
		{input("a", good), input("b", gzipped(good))},
		{input("a", good), input("b", "no such format")},
		{input("a", good), input("b", "")},
		{input("a", good), input("b", gzipped(good)[:40])},
		{input("a", good+"bad row\n"), input("b", zstandard(t, good))},
	} {
		Files(context.Background(), ledger.NewBuilder(), inputs, Options{})
		if open != 0 {
			t.Errorf("%d files are open", open)
		}
	}
}

func TestChains(t *testing.T) {
	good := text("x", file1(txlistHeader, txRow(1, 1, 2, "5")))
	m, _ := importAll(t, Options{Chain: fundtrail.BSC}, good)
	if got := m.Chains(); len(got) != 1 || got[0].Chain != fundtrail.BSC {
		t.Errorf("the chains are %v", got)
	}
	says(t, refused(t, Options{Chain: fundtrail.Bitcoin}, good), "Etherscan txlist is of EVM chains, and btc is none")
	says(t, refused(t, Options{Chain: fundtrail.Tron}, good), "trx is none")
	says(t, refused(t, Options{Chain: "nochain"}, good), `chain "nochain" is not known`)
}

// TestBadRows: each bad cell stops the import, and the error says where it is, what
// it holds and what was wanted.
func TestBadRows(t *testing.T) {
	row := func(change map[string]string) string {
		var fields []string
		values := strings.Split(txRow(1, 1, 2, "5"), ",")
		for i, name := range strings.Split(txlistHeader, ",") {
			v := values[i]
			if c, ok := change[name]; ok {
				v = c
			}
			fields = append(fields, v)
		}
		return strings.Join(fields, ",")
	}
	cell := func(column, value string) string { return row(map[string]string{column: value}) }
	for name, c := range map[string]struct {
		row, column string
		says        []string
		is          error
	}{
		"short":                {"1,2,3", "", []string{"3 fields, want 16"}, nil},
		"long":                 {txRow(1, 1, 2, "5") + ",more", "", []string{"17 fields, want 16"}, nil},
		"NUL":                  {cell("functionName", "a\x00b"), "", []string{"NUL byte"}, nil},
		"bare quote":           {cell("functionName", `a"b`), "", []string{"field 16", "does not begin with one"}, nil},
		"text after quote":     {cell("functionName", `"a"b`), "", []string{"field 16", "after the closing quote"}, nil},
		"quote not closed":     {cell("functionName", `"ab`), "", []string{"field 16", "not closed"}, nil},
		"block empty":          {cell("blockNumber", ""), "blockNumber", []string{"empty, want a whole number"}, nil},
		"block negative":       {cell("blockNumber", "-1"), "blockNumber", []string{`"-1", want a whole number`}, nil},
		"block too large":      {cell("blockNumber", "999999999999999999"), "blockNumber", []string{"up to 281474976710656"}, nil},
		"block with point":     {cell("blockNumber", "1.0"), "blockNumber", []string{`"1.0"`}, nil},
		"block with space":     {cell("blockNumber", " 5"), "blockNumber", []string{`" 5"`}, nil},
		"time in ms":           {cell("timeStamp", "1640000001000"), "timeStamp", []string{"not milliseconds"}, nil},
		"time as date":         {cell("timeStamp", "2022-03-23"), "timeStamp", []string{"Unix seconds, or RFC 3339"}, nil},
		"time with fraction":   {cell("timeStamp", "2022-03-23T13:29:09.5Z"), "timeStamp", []string{"whole seconds"}, nil},
		"hash cut":             {cell("hash", hashOf(1)[:65]), "hash", []string{"want 0x and 64 hexadecimal digits"}, nil},
		"hash without 0x":      {cell("hash", hashOf(1)[2:]), "hash", []string{"want 0x and 64"}, nil},
		"hash with a letter":   {cell("hash", hashOf(1)[:65]+"g"), "hash", []string{"want 0x and 64"}, nil},
		"place":                {cell("transactionIndex", "x"), "transactionIndex", []string{`"x", want`}, nil},
		"place too high":       {cell("transactionIndex", "4294967290"), "transactionIndex", []string{"up to 4294967279"}, nil},
		"no payer":             {cell("from", ""), "from", []string{"empty, want an address"}, nil},
		"payer cut":            {cell("from", addressOf(1)[:41]), "from", nil, fundtrail.ErrUnknownForm},
		"payer of bitcoin":     {cell("from", "1BoatSLRHtKNngkdXEeobR76b53LETtpyT"), "from", []string{"Bitcoin"}, fundtrail.ErrWrongNetwork},
		"payee mistyped":       {cell("to", "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeD"), "to", []string{"EIP-55"}, fundtrail.ErrBadChecksum},
		"value in ETH":         {cell("value", "1.5"), "value", []string{`"1.5", want a whole number of base units`}, nil},
		"value empty":          {cell("value", ""), "value", []string{"empty, want a whole number of base units"}, nil},
		"value signed":         {cell("value", "+5"), "value", []string{`"+5"`}, nil},
		"value of 257 bits":    {cell("value", "115792089237316195423570985008687907853269984665640564039457584007913129639936"), "value", []string{"256 bits"}, nil},
		"value, 20 characters": {cell("value", "1234567890123456789x"), "value", []string{"want a whole number"}, nil},
		"nonce":                {cell("nonce", "n"), "nonce", []string{`"n"`}, nil},
		"error flag":           {cell("isError", "2"), "isError", []string{`"2", want 0 or 1`}, nil},
		"status flag":          {cell("txreceipt_status", "yes"), "txreceipt_status", []string{"want 0 or 1"}, nil},
		"gas used":             {cell("gasUsed", "lots"), "gasUsed", []string{`"lots"`}, nil},
		"gas price":            {cell("gasPrice", "1e9"), "gasPrice", []string{`"1e9"`}, nil},
		"fee of 257 bits": {row(map[string]string{"gasUsed": "9223372036854775807", "gasPrice": "115792089237316195423570985008687907853269984665640564039457584007913129639935"}),
			"", []string{"256 bits"}, nil},
		"contract": {row(map[string]string{"to": "", "contractAddress": "0x1"}), "contractAddress", nil, fundtrail.ErrUnknownForm},
	} {
		t.Run(name, func(t *testing.T) {
			content := file1(txlistHeader, txRow(7, 1, 2, "5"), c.row)
			err := refused(t, Options{}, text("list.csv", content))
			bad := (*BadRow)(nil)
			if !errors.As(err, &bad) {
				t.Fatalf("%v is no BadRow", err)
			}
			if bad.File != "list.csv" || bad.Line != 3 || bad.Column != c.column || !strings.HasPrefix(bad.Raw, c.row) {
				t.Errorf("the bad row is %+v", bad)
			}
			if !errors.Is(err, fundtrail.ErrInvalid) || c.is != nil && !errors.Is(err, c.is) {
				t.Errorf("%v is not %v", err, c.is)
			}
			says(t, err, append(c.says, "list.csv: line 3: ")...)

			// Set aside, it leaves the rest as if it had not been there.
			m, sums := importAll(t, Options{MaxBad: 1}, text("list.csv", content+txRow(8, 2, 3, "5")+"\n"))
			rest := []string{txlistHeader, txRow(7, 1, 2, "5"), txRow(8, 2, 3, "5")}
			if name == "quote not closed" {
				rest = rest[:2] // it swallows what follows
			}
			without, _ := importAll(t, Options{}, text("list.csv", file1(rest...)))
			if got, want := dump(m), dump(without); got != want {
				t.Errorf("with a row set aside the ledger is\n%swant\n%s", got, want)
			}
			if len(sums[0].Bad) != 1 || sums[0].Bad[0].Reason != bad.Reason || sums[0].Rows != len(rest) {
				t.Errorf("the summary is %+v", sums[0])
			}
		})
	}
}

// TestMaxBad counts the bad rows of all files together.
func TestMaxBad(t *testing.T) {
	one := text("one.csv", file1(txlistHeader, "bad", txRow(1, 1, 2, "5"), "bad"))
	two := text("two.csv", file1(txlistHeader, txRow(2, 1, 2, "5"), "bad, too"))
	_, sums := importAll(t, Options{MaxBad: 3}, one, two)
	if len(sums[0].Bad) != 2 || len(sums[1].Bad) != 1 || sums[1].Bad[0].Line != 3 || sums[1].Bad[0].Raw != "bad, too\n" || sums[0].Transactions != 1 {
		t.Errorf("the summaries are %+v", sums)
	}
	err := refused(t, Options{MaxBad: 2}, one, two)
	bad := (*BadRow)(nil)
	if !errors.As(err, &bad) || bad.File != "two.csv" {
		t.Errorf("the third bad row: %v", err)
	}
	says(t, err, "two.csv: line 3", "bad row number 3, 2 may be set aside")
}

// TestBadRowLeavesNothing has a reader find out late that its row is bad.
func TestBadRowLeavesNothing(t *testing.T) {
	late := format{name: "late", columns: []column{{name: "late", need: true}}, row: func(f *file) error {
		ref, err := f.b.Tx(ledger.Tx{Chain: fundtrail.Ethereum, Time: 1})
		if err != nil {
			return err
		}
		if err := f.add(ref, 0, ledger.Row{To: f.b.Address(address(t, addressOf(1))), Amount: fundtrail.NewAmount(1)}); err != nil {
			return err
		}
		return malformed("found out late")
	}}
	before := formats
	formats = append(slices.Clone(formats), &late)
	t.Cleanup(func() { formats = before })
	m, sums := importAll(t, Options{MaxBad: 1}, text("x", "late\nrow\n"))
	if m.Size() != 0 || len(sums[0].Bad) != 1 {
		t.Errorf("a bad row leaves\n%s", dump(m))
	}
}

// TestLinesAreCounted: a record of several lines is named by its first, and those
// after it are counted on.
func TestLinesAreCounted(t *testing.T) {
	multi := strings.Replace(txRow(1, 1, 2, "5"), ",0x,", ",0x,\"two\nlines\r\nand a third\"", 1)
	err := refused(t, Options{}, text("x", file1(txlistHeader, "", multi, "\r", txRow(2, 1, 2, "5"), "bad")))
	says(t, err, "line 8: ")
	bad := strings.Replace(multi, "1640000001", "now", 1)
	err = refused(t, Options{}, text("x", file1(txlistHeader, multi, bad)))
	says(t, err, "line 5: column timeStamp")
}

// TestSameTransaction: met in two lists, it is one; told in two ways, it is refused,
// with both lines named.
func TestSameTransaction(t *testing.T) {
	one := text("one.csv", file1(txlistHeader, txRow(1, 1, 2, "5")))
	m, sums := importAll(t, Options{}, one, text("two.csv", file1(txlistHeader, txRow(2, 2, 3, "4"), txRow(1, 1, 2, "5"))))
	if transactionCount(m) != 2 || m.Size() != 4 || sums[1].Transactions != 2 {
		t.Errorf("the ledger is\n%s", dump(m))
	}
	for name, row := range map[string]string{
		"value":   txRow(1, 1, 2, "6"),
		"payee":   txRow(1, 1, 3, "5"),
		"time":    strings.Replace(txRow(1, 1, 2, "5"), "1640000001", "1640000002", 1),
		"fee":     strings.Replace(txRow(1, 1, 2, "5"), "21000,7,21000", "21000,8,21000", 1),
		"failure": strings.Replace(txRow(1, 1, 2, "5"), ",0,1,,", ",1,0,,", 1),
	} {
		b := ledger.NewBuilder()
		if _, err := Files(context.Background(), b, []Input{one, text("two.csv", file1(txlistHeader, row))}, Options{}); err != nil {
			t.Fatal(err)
		}
		_, err := b.Seal()
		if !errors.Is(err, fundtrail.ErrConflict) {
			t.Fatalf("%s: sealed with %v", name, err)
		}
		says(t, err, "one.csv line 2", "two.csv line 2")
	}
}

// TestTxlistOutcomes: what failed moves nothing, but is paid for.
func TestTxlistOutcomes(t *testing.T) {
	row := func(isError, status string) string {
		return strings.Replace(txRow(1, 1, 2, "5"), ",0,1,,", ","+isError+","+status+",,", 1)
	}
	for _, c := range []struct {
		isError, status          string
		movements, failed, doubt int
	}{
		{"0", "1", 2, 0, 0}, {"0", "", 2, 0, 0}, {"", "1", 2, 0, 0},
		{"1", "0", 1, 1, 0}, {"1", "", 1, 1, 0}, {"0", "0", 1, 1, 0}, {"", "0", 1, 1, 0},
		{"", "", 2, 0, 1},
	} {
		in := text("x", file1(txlistHeader, row(c.isError, c.status)))
		m, sums := importAll(t, Options{}, in)
		if int(m.Size()) != c.movements || sums[0].Failed != c.failed || sums[0].StatusUnknown != c.doubt {
			t.Errorf("isError %q, status %q: %d movements, %+v", c.isError, c.status, m.Size(), sums[0])
		}
		m, _ = importAll(t, Options{LeaveOutUnknown: true}, in)
		if int(m.Size()) != c.movements-c.doubt {
			t.Errorf("isError %q, status %q, unknown left out: %d movements", c.isError, c.status, m.Size())
		}
	}
	// A list without either column tells nothing, until another does.
	header := "blockNumber,timeStamp,hash,from,to,value"
	bare := text("bare", file1(header, strings.Join([]string{"14000001", "1640000001", hashOf(1), addressOf(1), addressOf(2), "5"}, ",")))
	m, sums := importAll(t, Options{}, bare)
	if m.Size() != 1 || sums[0].StatusUnknown != 1 || sums[0].FeeUnknown != 1 {
		t.Errorf("a bare list: %d movements, %+v", m.Size(), sums[0])
	}
	m, _ = importAll(t, Options{}, bare, text("x", file1(txlistHeader, row("1", "0"))))
	if m.Size() != 1 || m.Output(0).Transfer.Index != ledger.FeeWhole {
		t.Errorf("a bare list beside one that tells of failure:\n%s", dump(m))
	}
}

// TestCreations: the recipient is told, follows from the nonce, or is not known.
func TestCreations(t *testing.T) {
	// The addresses are those of an account well known from tests of several clients.
	const sender = "0x6ac7ea33f8831ea9dcc53393aaa88b25a785dbf0"
	contracts := []string{"0xcd234a471b72ba2f1ccf0a70fcaba648a5eecd8d", "0x343c43a37d37dff08ae8c4a11544c718abb4fcf8",
		"0xf778b86fa74e846c4f0a1fbd1335fe81c00a0c91", "0xfffd933a0bc612844eaf0c6fe3e5b8e9b6c1d19c"}
	a := address(t, sender)
	for nonce, want := range contracts {
		if got := fundtrail.CreatedContract([20]byte(a.Payload()), uint64(nonce)); fmt.Sprintf("0x%x", got) != want {
			t.Errorf("nonce %d creates %x, want %s", nonce, got, want)
		}
	}
	row := func(nonce, contract string) string {
		return strings.Join([]string{"14000001", "1640000001", hashOf(1), nonce, "3", sender, "", "5", "21000", "7", "21000", "0", "1", contract, "0x", ""}, ",")
	}
	told, _ := importAll(t, Options{}, text("x", file1(txlistHeader, row("", contracts[2]))))
	derived, sums := importAll(t, Options{}, text("x", file1(txlistHeader, row("2", ""))))
	if dump(told) != dump(derived) || told.Size() != 2 || sums[0].RecipientUnknown != 0 {
		t.Errorf("told:\n%sderived:\n%s", dump(told), dump(derived))
	}
	unknown, sums := importAll(t, Options{}, text("x", file1(txlistHeader, row("", ""))))
	if unknown.Size() != 1 || sums[0].RecipientUnknown != 1 {
		t.Errorf("%d movements, %+v", unknown.Size(), sums[0])
	}
}

// TestAmounts: amounts of every length, and around where reading them changes.
func TestAmounts(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	f := &file{format: &txlist, table: &table{cells: make([][]byte, len(txlist.columns))}}
	for range 20_000 {
		n := 1 + r.IntN(80)
		s := make([]byte, n)
		for i := range s {
			s[i] = "0123456789999"[r.IntN(13)]
		}
		if r.IntN(20) == 0 {
			s[r.IntN(n)] = "x .-"[r.IntN(4)]
		}
		want, errW := fundtrail.ParseAmount(string(s))
		f.cells[txlistValue] = s
		got, errG := f.amount(txlistValue)
		if got != want && errW == nil || (errW == nil) != (errG == nil) {
			t.Fatalf("%q: %v, %v; want %v, %v", s, got, errG, want, errW)
		}
	}
}

// TestDocumentedExamples imports the examples of doc/formats-ledger.md.
func TestDocumentedExamples(t *testing.T) {
	doc, err := os.ReadFile("../../doc/formats-ledger.md")
	if err != nil {
		t.Fatal(err)
	}
	var examples []string
	for i, part := range strings.Split(string(doc), "```") {
		if csv, ok := strings.CutPrefix(part, "csv\n"); ok && i%2 == 1 {
			examples = append(examples, csv)
		}
	}
	if len(examples) != 2 {
		t.Fatalf("%d examples", len(examples))
	}
	m, sums := importAll(t, Options{}, text("balances", examples[0]), text("coins", examples[1]))
	if sums[0].Movements != 3 || sums[1].Movements != 3 || transactionCount(m) != 2 {
		t.Errorf("the examples give %+v", sums)
	}
	// The first is taken from real tables, of which it must be a part.
	whole, _ := importAll(t, Options{}, etlFile(t, "transactions"), etlFile(t, "token_transfers"))
	both, _ := importAll(t, Options{}, etlFile(t, "transactions"), etlFile(t, "token_transfers"), text("balances", examples[0]))
	if dump(whole) != dump(both) {
		t.Error("the example is not what the real tables tell")
	}
}

// TestSummariesKeepOrder: files are read in the order of need, and reported in the
// order they were given.
func TestSummariesKeepOrder(t *testing.T) {
	_, sums := importAll(t, Options{}, text("b", file1(txlistHeader)), text("a", file1("number,timestamp,miner")), text("c", file1("address,startblock,endblock,rows,complete,last_ts")))
	var got []string
	for _, s := range sums {
		got = append(got, s.File+" "+s.Format)
	}
	if want := []string{"b Etherscan txlist", "a ethereum-etl blocks", "c list of account exports"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestProgress(t *testing.T) {
	content := gzipped(file1(txlistHeader, txRow(1, 1, 2, "5")))
	n := 0
	importAll(t, Options{Read: func(k int) { n += k }}, text("x", content))
	if n != len(content) {
		t.Errorf("told of %d bytes of %d", n, len(content))
	}
}
