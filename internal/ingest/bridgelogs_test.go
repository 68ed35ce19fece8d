package ingest

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/crossing"
)

func bridgeAddress(s string) fundtrail.Address {
	a, err := fundtrail.ParseAddress(fundtrail.Ethereum, s)
	if err != nil {
		panic(err)
	}
	return a
}

var (
	zap             = "0x" + strings.Repeat("5a", 20)
	wallet          = "0x" + strings.Repeat("3c", 20)
	bridgeContracts = crossing.Emitters{bridgeAddress(zap): "synapse", bridgeAddress(wallet): "avalanche-bridge"}
)

// word pads hexadecimal digits to a word.
func logWord(s string) string {
	s = strings.TrimPrefix(s, "0x")
	return strings.Repeat("0", 64-len(s)) + s
}

// The logs are constructed from the events' signatures: a token's Transfer and Synapse's
// TokenDeposit.
func logRow(form, tx string, index int, at string, contract, data string, topics ...string) string {
	for i := range topics {
		topics[i] = "0x" + logWord(topics[i])
	}
	switch form {
	case "csv":
		return fmt.Sprintf("%d,%s,0,0xbb,5,%s,%s,\"%s\"\n", index, tx, contract, data, strings.Join(topics, ","))
	case "node":
		return fmt.Sprintf(`{"address":"%s","topics":["%s"],"data":"%s","blockNumber":"0x5","transactionHash":"%s","logIndex":"0x%x","blockTimestamp":"%s","removed":false}`+"\n",
			contract, strings.Join(topics, `","`), data, tx, index, at)
	}
	return fmt.Sprintf(`{"type":"log","log_index":%d,"transaction_hash":"%s","address":"%s","data":"%s","topics":["%s"],"block_timestamp":%s}`+"\n",
		index, tx, contract, data, strings.Join(topics, `", "`), at)
}

func hexTopic(signature string) string {
	h := crossing.Topic(signature)
	return fmt.Sprintf("%x", h[:])
}

func TestBridgeLogs(t *testing.T) {
	transfer := hexTopic("Transfer(address,address,uint256)")
	deposited := hexTopic("TokenDeposit(address,uint256,address,uint256)")
	for form, c := range map[string]struct{ head, at string }{
		"csv":  {"log_index,transaction_hash,transaction_index,block_hash,block_number,address,data,topics\n", ""},
		"etl":  {"", "1650000000"},
		"node": {"", "0x62590080"},
	} {
		// What a decoder needs besides stands after it, another transaction between.
		text := c.head +
			logRow(form, h1, 8, c.at, zap, "0x"+logWord("a4b1")+logWord(lo)+logWord("32"), deposited, lo) +
			logRow(form, h2, 3, c.at, lo, "0x"+logWord("7"), transfer, ad, wallet) +
			logRow(form, h1, 7, c.at, lo, "0x"+logWord("32"), transfer, ad, zap) +
			logRow(form, h1, 7, c.at, lo, "0x"+logWord("32"), transfer, ad, zap) +
			logRow(form, "0x"+strings.Repeat("33", 32), 9, c.at, lo, "0x"+logWord("32"), transfer, ad, ad)
		b, err := BridgeEvents(textInput("logs."+form, text), BridgeOptions{Chain: fundtrail.Ethereum, Contracts: bridgeContracts})
		if err != nil || len(b.Deposits) != 2 || len(b.Withdrawals)+len(b.Unread) != 0 {
			t.Fatalf("%s: %+v %v", form, b, err)
		}
		var at time.Time
		if c.at != "" {
			at = time.Unix(1_650_000_000, 0).UTC()
		}
		d := b.Deposits[0]
		if d.Protocol != "synapse" || d.Peer != "arbitrum" || d.Recipient != lo || d.Amount != fundtrail.NewAmount(50) || !d.Time.Equal(at) && c.at != "" ||
			d.Record.Transfer.Index != fundtrail.LogIndex+7 || d.Tx.Hash != repeat(0x11) {
			t.Errorf("%s: %+v", form, d)
		}
		if d := b.Deposits[1]; d.Protocol != "avalanche-bridge" || d.Amount != fundtrail.NewAmount(7) || d.Sender != lo {
			t.Errorf("%s: %+v", form, d)
		}
	}
	// A bridge's message that moves nothing, and a log that was taken back.
	text := logRow("etl", h1, 8, "1", zap, "0x"+logWord("a4b1"), deposited, lo) +
		strings.Replace(logRow("node", h2, 8, "0x1", zap, "0x"+logWord("a4b1")+logWord(lo)+logWord("32"), deposited, lo), "false", "true", 1)
	b, err := BridgeEvents(textInput("logs.jsonl", text), BridgeOptions{Chain: fundtrail.Ethereum, Contracts: bridgeContracts})
	if err != nil || len(b.Deposits) != 0 || len(b.Unread) != 1 || !errors.Is(b.Unread[0], fundtrail.ErrInvalid) {
		t.Errorf("%+v %v", b, err)
	}
}

func TestBridgeLogsBad(t *testing.T) {
	good := logRow("etl", h1, 8, "1", zap, "0x", "1")
	for _, c := range []struct{ text, want string }{
		{strings.Replace(good, h1, "0x12", 1), "line 1: "},
		{good + strings.Replace(good, "0x5a", "0x5", 1), "line 2: "},
		{strings.Replace(good, `"log_index":8`, `"log_index":-8`, 1), `log_index "-8"`},
		{strings.Replace(good, `"data":"0x"`, `"data":"0x1"`, 1), "data: want hexadecimal"},
		{strings.Replace(good, `"topics":["0x`, `"topics":["`, 1), ""},
		{strings.Replace(good, `"topics":["0x0`, `"topics":["0x`, 1), "topics"},
		{strings.Replace(good, `:1}`, `:"soon"}`, 1), `block_timestamp "soon"`},
		{"[" + good + "]", "one object a line"},
	} {
		_, err := BridgeEvents(textInput("logs.jsonl", c.text), BridgeOptions{Chain: fundtrail.Ethereum, Contracts: bridgeContracts})
		if c.want == "" {
			if err != nil {
				t.Errorf("%s: %v", c.text, err)
			}
			continue
		}
		if !errors.Is(err, fundtrail.ErrInvalid) || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "logs.jsonl") {
			t.Errorf("%s: %v, want %s", c.text, err, c.want)
		}
	}
	if _, err := BridgeEvents(textInput("logs.jsonl", good), BridgeOptions{Chain: fundtrail.Bitcoin, Contracts: bridgeContracts}); !errors.Is(err, fundtrail.ErrInvalid) {
		t.Errorf("logs of bitcoin: %v", err)
	}
	if _, err := BridgeEvents(textInput("logs.jsonl", good), BridgeOptions{Chain: fundtrail.Ethereum}); !errors.Is(err, fundtrail.ErrInvalid) {
		t.Errorf("logs, and no contracts: %v", err)
	}
}

// TestBridgeMemos: a memo says what a payment of THORChain is.
func TestBridgeMemos(t *testing.T) {
	head := "protocol,side,chain,tx,amount,recipient,memo\n"
	out := "OUT:" + strings.ToUpper(h1[2:])
	b, err := BridgeEvents(textInput("memos.csv", head+
		"thorchain,,eth,"+h1+",50,,=:BTC.BTC:bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq\n"+
		"thorchain,withdrawal,btc,"+h2[2:]+",7,bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq,"+out+"\n"+
		"thorchain,,btc,"+h2[2:]+",7,,ADD:BTC.BTC:thor1\n"), BridgeOptions{})
	if err != nil || len(b.Deposits) != 1 || len(b.Withdrawals) != 1 {
		t.Fatalf("%+v %v", b, err)
	}
	if m := crossing.Pair(b.Deposits, b.Withdrawals, crossing.PairOptions{}); len(m) != 1 || m[0].Method != crossing.PairedByID || b.Deposits[0].Peer != fundtrail.Bitcoin {
		t.Errorf("%+v %+v", m, b)
	}
	for _, c := range []struct{ row, want string }{
		{"celer,,eth," + h1 + ",50,," + out, "of thorchain alone"},
		{"thorchain,deposit,eth," + h1 + ",50,," + out, "memo"},
		{"thorchain,,eth," + h1 + ",50,,hello", "no order of THORChain"},
	} {
		if _, err := BridgeEvents(textInput("memos.csv", head+c.row+"\n"), BridgeOptions{}); !errors.Is(err, fundtrail.ErrInvalid) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", c.row, err)
		}
	}
	b, err = BridgeEvents(textInput("legs.jsonl", `{"protocol":"celer","side":"deposit","chain":"eth","tx":"`+h1+`","amount":50,"time":1650000000,"peer":"polygon","id":"0x7"}`+"\n"), BridgeOptions{})
	if err != nil || len(b.Deposits) != 1 || b.Deposits[0].Amount != fundtrail.NewAmount(50) || b.Deposits[0].Peer != fundtrail.Polygon {
		t.Errorf("%+v %v", b, err)
	}
}
