package crossing

import (
	"bufio"
	"compress/gzip"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/fundtrail/fundtrail"
)

// TestRealLogs reads every log of 15 real blocks of Ethereum that has the form of a
// bridge's event, as if its contract were listed: what is asked is whether the events'
// forms are what they are here said to be. The forms came from signatures, so a word in
// another place would show.
func TestRealLogs(t *testing.T) {
	const dir = "../../../shared/data/eth_raw"
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("real data is absent: %v", err)
	}
	blocks, err := filepath.Glob(dir + "/portal_block_data/*.gz")
	if err != nil || len(blocks) != 13 {
		t.Fatal(blocks, err)
	}
	var txs []fundtrail.Transaction
	for i, name := range blocks {
		txs = append(txs, receiptsOf(t, name, byte(i))...)
	}
	txs = append(txs, etlLogs(t, dir+"/ethereumetl_17173049_50/expected_logs.json.gz")...)
	logs := 0
	var got []string
	for i := range txs {
		tx := &txs[i]
		from := Emitters{}
		for _, e := range tx.Events {
			logs++
			if s, ok := signatures[firstTopic(&e)]; ok && s.protocol != nomad { // Swap of another bridge is no Nomad's
				from[e.Contract] = s.protocol
				if s.protocol == wormhole {
					a, err := fundtrail.ParseAddress(fundtrail.Ethereum, hexText(e.Topics[1][12:]))
					if err != nil {
						t.Fatal(err)
					}
					from[a] = wormhole
				}
			}
		}
		legs, err := Legs(tx, from)
		if err != nil {
			got = append(got, "unread: "+err.Error()[strings.LastIndex(err.Error(), "0x")+66:])
		}
		for _, l := range legs {
			located := "no transfer fits"
			if !l.Record.Transfer.Tx.IsZero() {
				located = "located"
			}
			got = append(got, fmt.Sprintf("%s %s %s of %s to %s on %s, coarse %v, %s", l.Protocol, l.Side, l.Amount, l.Token, l.Recipient, l.Peer, l.Coarse, located))
		}
	}
	slices.Sort(got)
	want := strings.Split(strings.TrimSpace(realLegs), "\n")
	if logs < 5000 || !slices.Equal(got, want) {
		t.Errorf("%d logs\n%s", logs, strings.Join(got, "\n"))
	}
}

// Of the 15,417 logs twelve are a bridge's. Across's amount after fees, and Synapse's after
// its swap, are what a transfer in the same transaction moved.
const realLegs = `
across withdrawal 378763202 of 0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48 to 0x626fbec648f527069da6d7d9af0e2bc23fcbed93 on arbitrum, coarse false, located
celer deposit 30000000000000000000 of 0xc02aaa39b223fe8d0a0e5c4f27ead9083c756cc2 to 0x77f6821146cce5993282d940eef472c4b09d7537 on bsc, coarse false, no transfer fits
multichain withdrawal 350529000000000000 of 0x0615dbba33fe61a31c7ed131bda6655ed76748b1 to 0x02d10f41f3a88614c63f718272c60da7bf37a53e on evm-25, coarse false, located
stargate deposit 2000000000000000000 of ? to  on layerzero-214, coarse false, no transfer fits
stargate deposit 7700000000000000 of ? to  on layerzero-184, coarse false, no transfer fits
stargate withdrawal 10705862000000000000 of ? to 0x5bd70496d559523ed7e1a2b6a724e3d1eb66ed9e on layerzero-362, coarse false, no transfer fits
stargate withdrawal 216216260834 of 0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48 to 0xf70da97812cb96acdf810712aa562db8dfa3dbef on layerzero-362, coarse false, located
stargate withdrawal 78710034 of 0xdac17f958d2ee523a2206206994597c13d831ec7 to 0x5434ed2d9f5737986858de127545e8a2fb6eb6ae on bsc, coarse false, located
synapse withdrawal 1862394493 of 0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48 to 0xfac635b0a4e5f11fabac4cb235965b661242cd82 on , coarse false, located
thorchain deposit 0 of  to bc1ql556g2n04vs6yfa7zplfnjyffs4kzwxcrdpqd6 on btc, coarse false, no transfer fits
thorchain withdrawal 158343130000000000 of  to 0x4ade6ae5d64226f450dd19b99672311002ac2737 on , coarse false, no transfer fits
wormhole deposit 64764252300000000000 of 0xa2762ba628b962f93498d8893b6e4346140fe96d to 0x668d297663b79a046e2ec6ccb9d6b95ab9b6d67abfdb7cf14a9a8f7259142e11 on sol, coarse false, located`

// withTransfers adds what the logs say of tokens.
func withTransfers(tx *fundtrail.Transaction) fundtrail.Transaction {
	moved := topic("Transfer(address,address,uint256)")
	for i, e := range tx.Events {
		if firstTopic(&e) != moved || len(e.Topics) != 3 || len(e.Data) != 32 {
			continue
		}
		t := fundtrail.Transfer{ID: fundtrail.TransferID{Tx: tx.ID, Index: fundtrail.LogIndex + uint32(i)}, Asset: fundtrail.Asset{Chain: fundtrail.Ethereum, Contract: e.Contract}}
		for k, into := range []*[]fundtrail.Entry{&t.Inputs, &t.Outputs} {
			if p := [20]byte(e.Topics[k+1][12:]); p != [20]byte{} {
				*into = []fundtrail.Entry{{Address: fundtrail.EVMAddress(fundtrail.Ethereum, p), Amount: amountBytes(e.Data)}}
			}
		}
		tx.Transfers = append(tx.Transfers, t)
	}
	return *tx
}

func etlLogs(t testing.TB, name string) (txs []fundtrail.Transaction) {
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(z)
	lines.Buffer(nil, 1<<20)
	at := map[fundtrail.Hash]int{}
	for lines.Scan() {
		var row struct {
			Hash    string `json:"transaction_hash"`
			Address string
			Data    string
			Topics  []string
		}
		if err := json.Unmarshal(lines.Bytes(), &row); err != nil {
			t.Fatal(err)
		}
		h, err := fundtrail.ParseHash(row.Hash)
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := at[h]; !ok {
			at[h] = len(txs)
			txs = append(txs, fundtrail.Transaction{ID: fundtrail.TxID{Chain: fundtrail.Ethereum, Hash: h}})
		}
		e := fundtrail.Event{}
		if e.Contract, err = fundtrail.ParseAddress(fundtrail.Ethereum, row.Address); err != nil {
			t.Fatal(err)
		}
		for _, s := range row.Topics {
			topic, err := fundtrail.ParseHash(s)
			if err != nil {
				t.Fatal(err)
			}
			e.Topics = append(e.Topics, topic)
		}
		if e.Data, err = hex.DecodeString(strings.TrimPrefix(row.Data, "0x")); err != nil {
			t.Fatal(err)
		}
		tx := &txs[at[h]]
		tx.Events = append(tx.Events, e)
	}
	for i := range txs {
		txs[i] = withTransfers(&txs[i])
	}
	return txs
}

// receiptsOf reads a block's receipts in RLP: each a list that ends in its logs, each of
// which is a contract, topics and data. They do not name their transactions.
func receiptsOf(t testing.TB, name string, block byte) (txs []fundtrail.Transaction) {
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(z)
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		text, is := strings.CutPrefix(lines.Text(), "receipts: ")
		if !is {
			continue
		}
		raw, err := hex.DecodeString(strings.TrimPrefix(strings.Trim(text, `"'`), "0x"))
		if err != nil {
			t.Fatal(err)
		}
		_, list, _ := rlpItem(raw)
		for n := 0; len(list) > 0; n++ {
			var receipt []byte
			_, receipt, list = rlpItem(list)
			var logs []byte
			for len(receipt) > 0 {
				if isList, body, rest := rlpItem(receipt); isList {
					logs = body
					receipt = rest
				} else {
					receipt = rest
				}
			}
			tx := fundtrail.Transaction{ID: fundtrail.TxID{Chain: fundtrail.Ethereum, Hash: fundtrail.Hash{0: 1, 1: block, 30: byte(n >> 8), 31: byte(n)}}}
			for len(logs) > 0 {
				var log, topics []byte
				_, log, logs = rlpItem(logs)
				_, contract, rest := rlpItem(log)
				_, topics, rest = rlpItem(rest)
				_, data, _ := rlpItem(rest)
				e := fundtrail.Event{Contract: fundtrail.EVMAddress(fundtrail.Ethereum, [20]byte(contract)), Data: data}
				for len(topics) > 0 {
					var one []byte
					_, one, topics = rlpItem(topics)
					e.Topics = append(e.Topics, fundtrail.Hash(one))
				}
				tx.Events = append(tx.Events, e)
			}
			txs = append(txs, withTransfers(&tx))
		}
	}
	return txs
}

// rlpItem cuts the first item off; of a list body is what it holds.
func rlpItem(b []byte) (list bool, body, rest []byte) {
	head := b[0]
	switch {
	case head < 0x80:
		return false, b[:1], b[1:]
	case head < 0xb8:
		n := int(head - 0x80)
		return false, b[1 : 1+n], b[1+n:]
	case head < 0xc0, head >= 0xf8:
		size := int(head - 0xb7)
		if head >= 0xf8 {
			size = int(head - 0xf7)
		}
		n := 0
		for _, c := range b[1 : 1+size] {
			n = n<<8 | int(c)
		}
		return head >= 0xf8, b[1+size : 1+size+n], b[1+size+n:]
	}
	n := int(head - 0xc0)
	return true, b[1 : 1+n], b[1+n:]
}

func firstTopic(e *fundtrail.Event) (h fundtrail.Hash) {
	if len(e.Topics) > 0 {
		h = e.Topics[0]
	}
	return h
}

// BenchmarkLegs reports nanoseconds for one transaction of 15 real blocks, of which every
// contract that emits an event of a bridge's form is taken for listed.
func BenchmarkLegs(b *testing.B) {
	const dir = "../../../shared/data/eth_raw"
	if _, err := os.Stat(dir); err != nil {
		b.Skipf("real data is absent: %v", err)
	}
	blocks, _ := filepath.Glob(dir + "/portal_block_data/*.gz")
	var txs []fundtrail.Transaction
	for i, name := range blocks {
		txs = append(txs, receiptsOf(b, name, byte(i))...)
	}
	from := Emitters{}
	for i := range txs {
		for _, e := range txs[i].Events {
			if s, ok := signatures[firstTopic(&e)]; ok {
				from[e.Contract] = s.protocol
			}
		}
	}
	for b.Loop() {
		for i := range txs {
			Legs(&txs[i], from)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(txs)), "ns/tx")
}
