package ingest

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/ledger"
)

// FuzzSplit holds our reading of CSV to the standard library's.
func FuzzSplit(f *testing.F) {
	for _, s := range []string{"a,b\nc,d\n", "a,\"b\"\"c\"\r\n\"d\ne\",f", "\"\"\n", "\"a\"b\n", "a\"b\n", "\"a", ",,\n,\n", "a\r\n\r\nb\r", "\"a\r\n\"\"\",\n", "\r\r\n", "a\n\"b\",\"c\n\n\"\r\n"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		want := csv.NewReader(strings.NewReader(text))
		want.FieldsPerRecord = -1
		// One byte at a time: a record may end anywhere in the buffer.
		got := newTable(oneByte{strings.NewReader(text)})
		for {
			w, errW := want.Read()
			rec, errG := got.advance()
			if errG == nil {
				_ = rec
				errG = got.split()
			}
			if errW == io.EOF || errG == io.EOF {
				if errW != errG {
					t.Fatalf("%q: the library ends with %v, we with %v", text, errW, errG)
				}
				return
			}
			if errW != nil || errG != nil {
				if (errW == nil) != (errG == nil) {
					t.Fatalf("%q: the library says %v, we say %v", text, errW, errG)
				}
				return // how to go on after an error is ours to say
			}
			var g []string
			for _, field := range got.fields {
				g = append(g, strings.ReplaceAll(string(field), "\r\n", "\n"))
			}
			if !slices.Equal(g, w) {
				t.Fatalf("%q: the library reads %q, we read %q", text, w, g)
			}
		}
	})
}

type oneByte struct{ r io.Reader }

func (o oneByte) Read(p []byte) (int, error) { return o.r.Read(p[:1]) }

// FuzzObject holds our reading of JSON objects to the standard library's.
func FuzzObject(f *testing.F) {
	for _, s := range []string{`{}`, `{"a":1,"b":"x\u00e9\n","c":null,"d":[1,{"e":[]}],"f":true}`, `{"a":-0.5e+7}`, `{"a":01}`, `{"a":}`, `{"a" : "\ud800"}`, `{"a":"\`, ` { "a" : 1 } `, `{"a":1}x`, `{"a":"\x"}`, "{\"a\":\"\x01\"}", `{"a":1,}`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if strings.Count(text, "[")+strings.Count(text, "{") > maxDepth {
			return
		}
		var want map[string]json.RawMessage
		errW := json.Unmarshal([]byte(text), &want)
		if errW == nil && want == nil {
			errW = errors.New("null")
		}
		got := map[string]string{}
		s := scanner{text: []byte(text)}
		errG := s.object(func(key, value []byte, kind byte) error {
			got[string(key)] = string(kind) + string(value)
			return nil
		})
		if (errW == nil) != (errG == nil) {
			t.Fatalf("%q: the library says %v, we say %v", text, errW, errG)
		}
		if errW != nil {
			return
		}
		// The library mends invalid UTF-8; we leave it.
		if !bytes.Equal([]byte(text), bytes.ToValidUTF8([]byte(text), []byte("\ufffd"))) {
			return
		}
		wantText := map[string]string{}
		for k, raw := range want {
			v := string(raw)
			if raw[0] == '"' {
				json.Unmarshal(raw, &v)
			}
			wantText[k] = string(raw[0]) + v
		}
		if !maps.Equal(got, wantText) {
			t.Fatalf("%q: the library reads %q, we read %q", text, wantText, got)
		}
	})
}

// fuzzImport imports what may be anything: nothing panics, an error leaves nothing
// behind, and what was imported seals or is refused.
func fuzzImport(t *testing.T, opt Options, inputs ...Input) {
	b := ledger.NewBuilder()
	mark := b.Mark()
	sums, err := Files(context.Background(), b, inputs, opt)
	if err != nil {
		if b.Mark() != mark {
			t.Fatalf("%v leaves %+v in the builder", err, b.Mark())
		}
		return
	}
	moved := 0
	for _, s := range sums {
		moved += s.Movements
	}
	m, err := b.Seal()
	if err != nil {
		if !errors.Is(err, fundtrail.ErrConflict) && !errors.Is(err, fundtrail.ErrInvalid) {
			t.Fatalf("sealed with %v", err)
		}
		return
	}
	if int(m.Size()) > moved {
		t.Fatalf("%d movements of %d that were read", m.Size(), moved)
	}
	dump(m)
}

func FuzzTxlist(f *testing.F) {
	f.Add(file1(txlistHeader, txRow(1, 1, 2, "5"), txRow(2, 2, 3, "1000000000000000000000")), 0)
	f.Add(file1("isError,hash,from,to,value,timeStamp,blockNumber", "1,"+hashOf(1)+","+addressOf(1)+",,5,1640000001,14000001"), 1)
	f.Add(gzipped(file1(txlistHeader, txRow(1, 1, 2, "5"))), 0)
	f.Add(file1("address,startblock,endblock,rows,complete,last_ts", addressOf(1)+",0,99,1,no (1),5"), 0)
	f.Fuzz(func(t *testing.T, content string, maxBad int) {
		fuzzImport(t, Options{MaxBad: maxBad}, text("x", content), text("y", file1(txlistHeader, txRow(1, 1, 2, "5"))))
	})
}

func FuzzETL(f *testing.F) {
	for _, spell := range []func(...record) string{asCSV, asJSON} {
		f.Add(spell(etlTx), spell(etlReceipt), 0)
		f.Add(spell(etlTx), spell(etlBlock), 1)
		f.Add(spell(tree()...), spell(etlTx), 2)
		f.Add(spell(with(etlTrace, "trace_type", "reward", "reward_type", "uncle", "transaction_hash", "")), spell(etlBlock), 0)
		f.Add(spell(record{"token_address": addressOf(7), "from_address": addressOf(1), "to_address": addressOf(2), "value": "5", "transaction_hash": hashOf(1), "log_index": "12", "block_number": londonBlock}), spell(etlTx), 0)
		f.Add(spell(record{"address": addressOf(7), "data": hashOf(3), "topics": `["` + hexOf(topicDeposit) + `", "` + hashOf(0) + `"]`, "transaction_hash": hashOf(1), "log_index": "13", "block_number": londonBlock}), spell(etlTx), 0)
		f.Add(spell(with(etlBlock, "withdrawals", `[{"index":1,"address":"`+addressOf(1)+`","amount":3}]`)), spell(etlTx), 0)
	}
	f.Fuzz(func(t *testing.T, x, y string, maxBad int) {
		fuzzImport(t, Options{MaxBad: maxBad, Wraps: func(fundtrail.Asset) bool { return true }}, text("x", x), text("y", y))
	})
}

func FuzzTransfers(f *testing.F) {
	f.Add(asCSV(transfer(), transfer("log_index", "12", "asset", addressOf(7)), transfer("kind", "fee", "to", "")), 0)
	f.Add(asCSV(coin("output", 1, "0", alice, "50", ""), coin("input", 2, "0", "", "", hashOf(1)+":0"), coin("output", 2, "0", bob, "30", "")), 1)
	f.Add(asJSON(transfer("chain", "trx", "from", "TJRabPrwbZy45sbavfcjinPJC18kjpRTv8", "to", "", "asset", "trx")), 0)
	f.Fuzz(func(t *testing.T, content string, maxBad int) {
		fuzzImport(t, Options{MaxBad: maxBad}, text("x", content))
		fuzzImport(t, Options{MaxBad: maxBad, Chain: fundtrail.Bitcoin}, text("x", content), text("y", content))
	})
}
