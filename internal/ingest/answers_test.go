package ingest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/ledger"
)

const (
	answerTx   = "0xaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa01"
	answerAddr = "0x1000000000000000000000000000000000000001"
)

// What follows has the documented forms; no network was at hand to record answers with.
const (
	txlistAnswer = `{"status":"1","message":"OK","result":[{"blockNumber":"100","blockHash":"0x01","timeStamp":"1648000000","hash":"` + answerTx + `","nonce":"7","transactionIndex":"3","from":"` + answerAddr + `","to":"0x2000000000000000000000000000000000000002","value":"90","gas":"21000","gasPrice":"2","input":"0x","methodId":"0x","functionName":"","contractAddress":"","cumulativeGasUsed":"63000","txreceipt_status":"1","gasUsed":"21000","confirmations":"5","isError":"0"}]}`
	innerAnswer  = `{"status":"1","message":"OK","result":[
{"blockNumber":"100","timeStamp":"1648000000","from":"0x2000000000000000000000000000000000000002","to":"0x3000000000000000000000000000000000000003","value":"0","contractAddress":"","input":"","type":"call","gas":"1","gasUsed":"1","isError":"0","errCode":""},
{"blockNumber":"100","timeStamp":"1648000000","from":"0x2000000000000000000000000000000000000002","to":"0x3000000000000000000000000000000000000003","value":"5","contractAddress":"","input":"","type":"call","gas":"1","gasUsed":"1","isError":"1","errCode":"out of gas"},
{"blockNumber":"100","timeStamp":"1648000000","from":"0x2000000000000000000000000000000000000002","to":"0x3000000000000000000000000000000000000003","value":"60","contractAddress":"","input":"","type":"call","gas":"1","gasUsed":"1","isError":"0","errCode":""},
{"blockNumber":"100","timeStamp":"1648000000","from":"0x2000000000000000000000000000000000000002","to":"0x3000000000000000000000000000000000000003","value":"60","contractAddress":"","input":"","type":"delegatecall","gas":"1","gasUsed":"1","isError":"0","errCode":""},
{"blockNumber":"100","timeStamp":"1648000000","from":"0x2000000000000000000000000000000000000002","to":"","value":"30","contractAddress":"0x4000000000000000000000000000000000000004","input":"","type":"create","gas":"1","gasUsed":"1","isError":"0","errCode":""}]}`
	logsAnswer = `{"status":"1","message":"OK","result":[{"address":"0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48","topics":["0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef","0x0000000000000000000000001000000000000000000000000000000000000001","0x0000000000000000000000002000000000000000000000000000000000000002"],"data":"0x00000000000000000000000000000000000000000000000000000000000f4240","blockNumber":"0x64","blockHash":"0x01","timeStamp":"0x623a7c00","gasPrice":"0x2","gasUsed":"0x5208","logIndex":"0x11","transactionHash":"` + answerTx + `","transactionIndex":"0x3"}]}`

	nodeTxAnswer      = `{"jsonrpc":"2.0","id":1,"result":{"hash":"` + answerTx + `","blockNumber":"0x64","transactionIndex":"0x3","from":"` + answerAddr + `","to":"0x2000000000000000000000000000000000000002","value":"0x5a","nonce":"0x7","gasPrice":"0x2"}}`
	nodeReceiptAnswer = `{"jsonrpc":"2.0","id":1,"result":{"transactionHash":"` + answerTx + `","blockNumber":"0x64","status":"0x1","gasUsed":"0x5208","effectiveGasPrice":"0x2","contractAddress":null,"logs":[{"address":"0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48","topics":["0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef","0x0000000000000000000000001000000000000000000000000000000000000001","0x0000000000000000000000002000000000000000000000000000000000000002"],"data":"0x00000000000000000000000000000000000000000000000000000000000f4240","logIndex":"0x11"}]}}`
	nodeHeaderAnswer  = `{"jsonrpc":"2.0","id":1,"result":{"number":"0x64","timestamp":"0x623a7c00","hash":"0x01"}}`
	nodeTraceAnswer   = `{"jsonrpc":"2.0","id":1,"result":[
{"type":"call","traceAddress":[],"action":{"callType":"call","from":"` + answerAddr + `","to":"0x2000000000000000000000000000000000000002","value":"0x5a"},"result":{}},
{"type":"call","traceAddress":[0],"error":"Reverted","action":{"callType":"call","from":"0x2000000000000000000000000000000000000002","to":"0x3000000000000000000000000000000000000003","value":"0x5"}},
{"type":"call","traceAddress":[0,0],"action":{"callType":"call","from":"0x3000000000000000000000000000000000000003","to":"0x4000000000000000000000000000000000000004","value":"0x4"},"result":{}},
{"type":"create","traceAddress":[2],"action":{"from":"0x2000000000000000000000000000000000000002","value":"0x1e"},"result":{"address":"0x4000000000000000000000000000000000000004"}},
{"type":"call","traceAddress":[1],"action":{"callType":"call","from":"0x2000000000000000000000000000000000000002","to":"0x3000000000000000000000000000000000000003","value":"0x3c"},"result":{}},
{"type":"call","traceAddress":[1,0],"action":{"callType":"delegatecall","from":"0x3000000000000000000000000000000000000003","to":"0x3000000000000000000000000000000000000003","value":"0x3c"},"result":{}}]}`
)

func answerFacts(t *testing.T, opt AnswerOptions, list ...Answer) (string, error) {
	t.Helper()
	b := ledger.NewBuilder()
	if _, err := Answers(context.Background(), b, list, opt); err != nil {
		return "", err
	}
	l, err := b.Seal()
	if err != nil {
		return "", err
	}
	return answerText(l), nil
}

func answerText(l *ledger.Memory) string {
	var out strings.Builder
	var m fundtrail.Movement
	for p := range l.Size() {
		l.Movement(p, &m)
		s := l.Transaction(p)
		name := func(id fundtrail.AddressID) string {
			if a := l.Address(id).String(); a != "" {
				return a[:6]
			}
			return "nobody"
		}
		fmt.Fprintf(&out, "%d %d :%d %s -> %s %s\n", s.Height, s.Time, l.Output(p).Transfer.Index, name(m.From), name(m.To), m.Amount)
	}
	return out.String()
}

// TestAnswers: an explorer and a node that tell of one transaction tell the same, and both
// together too.
func TestAnswers(t *testing.T) {
	const want = `100 1648000000 :0 0x1000 -> 0x2000 90
100 1648000000 :1 0x2000 -> 0x3000 60
100 1648000000 :2 0x2000 -> 0x4000 30
100 1648000000 :1000017 0x1000 -> 0x2000 1000000
100 1648000000 :2000000000 0x1000 -> nobody 42000
`
	id, _ := fundtrail.ParseHash(answerTx)
	explorer := []Answer{{"a", ExplorerTransactions, []byte(txlistAnswer), fundtrail.Hash{}}, {"b", InternalOf, []byte(innerAnswer), id}, {"c", ExplorerLogs, []byte(logsAnswer), fundtrail.Hash{}}}
	node := []Answer{{"d", NodeTransaction, []byte(nodeTxAnswer), fundtrail.Hash{}}, {"e", NodeReceipt, []byte(nodeReceiptAnswer), fundtrail.Hash{}},
		{"f", NodeHeader, []byte(nodeHeaderAnswer), fundtrail.Hash{}}, {"g", NodeTrace, []byte(nodeTraceAnswer), id}}
	both := append(append([]Answer{}, node...), explorer...)
	for _, list := range [][]Answer{explorer, node, both} {
		got, err := answerFacts(t, AnswerOptions{Chain: fundtrail.Ethereum, To: 100}, list...)
		if err != nil || got != strings.ReplaceAll(want, "1648000000", fmt.Sprint(0x623a7c00)) && got != want {
			t.Errorf("%s: %v\n%swant\n%s", list[0].Name, err, got, want)
		}
		if got, err := answerFacts(t, AnswerOptions{Chain: fundtrail.Ethereum, To: 99}, list...); err != nil || got != "" {
			t.Errorf("%s: above the last block: %v\n%s", list[0].Name, err, got)
		}
	}
}

// TestSavedAnswers: an answer that somebody saved is a file of the ledger.
func TestSavedAnswers(t *testing.T) {
	read := func(texts ...string) (string, error) {
		b := ledger.NewBuilder()
		var in []Input
		for i, text := range texts {
			in = append(in, Input{Name: fmt.Sprint("saved", i, ".json"), Open: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(text)), nil }})
		}
		if _, err := Files(context.Background(), b, in, Options{}); err != nil {
			return "", err
		}
		l, err := b.Seal()
		if err != nil {
			return "", err
		}
		return answerText(l), nil
	}
	const want = `100 1648000000 :0 0x1000 -> 0x2000 90
100 1648000000 :1000017 0x1000 -> 0x2000 1000000
100 1648000000 :2000000000 0x1000 -> nobody 42000
`
	got, err := read(txlistAnswer, logsAnswer)
	if err != nil || got != want {
		t.Errorf("%v\n%s", err, got)
	}
	if got, err = read(strings.ReplaceAll(txlistAnswer, ",", ",\n  "), logsAnswer+"\n"); err != nil || got != want {
		t.Errorf("over several lines: %v\n%s", err, got)
	}
	for _, bad := range []string{`{"status":"0","message":"No transactions found","result":[]}`, `{"status":"1","message":"OK","result":[{"blockNumber":"1"`, `{"status":"0","message":"NOTOK","result":"Max rate limit reached"}`} {
		if got, err := read(bad); !errors.Is(err, fundtrail.ErrInvalid) {
			t.Errorf("%s: %v %q", bad, err, got)
		}
	}
}

// FuzzAnswers: no answer is read otherwise than with facts or an error of a kind.
func FuzzAnswers(f *testing.F) {
	for i, text := range []string{txlistAnswer, innerAnswer, logsAnswer, "[]", "{}", nodeTxAnswer, nodeReceiptAnswer, nodeHeaderAnswer, nodeTraceAnswer} {
		f.Add(uint8(i), []byte(text))
	}
	f.Fuzz(func(t *testing.T, form uint8, body []byte) {
		id, _ := fundtrail.ParseHash(answerTx)
		chain := fundtrail.Ethereum
		switch AnswerForm(form) {
		case EsploraTransaction, EsploraTransactions:
			chain = fundtrail.Bitcoin
		case TronPage, TronSigned, TronInfo:
			chain = fundtrail.Tron
		}
		list := []Answer{{"it", AnswerForm(form), body, id}}
		if f := AnswerForm(form); f >= NodeTransaction && f <= NodeTrace {
			for i, text := range []string{nodeTxAnswer, nodeReceiptAnswer, nodeHeaderAnswer} {
				if g := NodeTransaction + AnswerForm(i); g != f {
					list = append(list, Answer{"beside", g, []byte(text), id})
				}
			}
		}
		b := ledger.NewBuilder()
		if _, err := Answers(context.Background(), b, bytesClone(list), AnswerOptions{Chain: chain, To: 1 << 40}); err != nil {
			for _, kind := range []error{fundtrail.ErrInvalid, fundtrail.ErrConflict, fundtrail.ErrNotFound, fundtrail.ErrUnavailable, fundtrail.ErrLimit} {
				if errors.Is(err, kind) {
					return
				}
			}
			t.Fatalf("an error of no kind: %v", err)
		}
		b.Seal()
	})
}

func bytesClone(list []Answer) []Answer {
	for i := range list {
		list[i].Body = bytes.Clone(list[i].Body)
	}
	return list
}
