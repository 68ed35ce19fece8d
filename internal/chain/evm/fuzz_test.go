package evm

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/fundtrail/fundtrail"
)

// FuzzSplit: what is read as RLP is the one encoding of what it holds.
func FuzzSplit(f *testing.F) {
	for _, s := range []string{"", "\x00", "\x7f", "\x80", "\x81\x80", "\x81\x01", "\xb8\x38" + strings.Repeat("a", 56), "\xb8\x01a", "\xc0", "\xc2\xc0\x80", "\xf8\x38" + strings.Repeat("\x80", 56), "\xbf\xff\xff\xff\xff\xff\xff\xff\xff", "\xc8\x83cat\x83dog"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		list, content, rest, err := split(b)
		if err != nil {
			return
		}
		var again []byte
		if list {
			again = appendList(nil, content)
		} else {
			again = appendString(nil, content)
		}
		if !bytes.Equal(append(again, rest...), b) {
			t.Fatalf("%x is read as %x, which is written %x", b, content, again)
		}
		r := openList(b)
		for r.more() {
			r.next()
		}
		_ = r.end()
	})
}

// FuzzBlock: no bytes are taken for a block's but its own.
func FuzzBlock(f *testing.F) {
	f.Add([]byte{0xc0}, []byte{0xc2, 0xc0, 0xc0}, []byte{0xc0})
	// A block without transactions, whose roots are those of nothing.
	empty := trieRoot(nil)
	uncles := keccak([]byte{0xc0})
	var content []byte
	zeros := make([]byte, 256)
	for _, s := range [][]byte{zeros[:32], uncles[:], zeros[:20], zeros[:32], empty[:], empty[:], zeros, {}, {1}, {2}, {}, {3}, {}, zeros[:32], zeros[:8], {7}, empty[:]} {
		content = appendString(content, s)
	}
	header := appendList(nil, content)
	body := appendList(nil, []byte{0xc0, 0xc0, 0xc0})
	f.Add(header, body, []byte{0xc0})
	d := Decoder{Chain: fundtrail.Ethereum}
	if got, err := d.RLP(header, body, []byte{0xc0}); err != nil || got.Block.Height != 1 || got.Block.Time.Unix() != 3 || got.Whole != fundtrail.AllKinds {
		f.Fatalf("an empty block: %+v, %v", got, err)
	}
	f.Fuzz(func(t *testing.T, header, body, receipts []byte) {
		b, err := d.RLP(header, body, receipts)
		if err == nil && b.Block.Hash != keccak(header) {
			t.Error("a block of another hash")
		}
		// Without its roots too: nothing in it may be believed.
		r := bodyReader{b: &block{Block: fundtrail.Block{Chain: fundtrail.Ethereum}}, h: blank()}
		if in := openList(body); in.err == nil {
			for txs := in.list(); txs.more(); {
				list, content, raw := txs.next()
				if !list {
					raw = content
				}
				_ = r.transaction(list, raw)
			}
		}
		logs := uint32(0)
		for in := openList(receipts); in.more(); {
			list, content, raw := in.next()
			if !list {
				raw = content
			}
			_, _, _ = r.receipt(list, raw, &tx{}, &pricing{}, &logs)
		}
	})
}

// FuzzMove: a log is a token transfer of two addresses or it is none, and what was read
// stands in its words.
func FuzzMove(f *testing.F) {
	word := func(n byte) []byte { return append(make([]byte, 31), n) }
	seed := func(topics []fundtrail.Hash, data ...[]byte) {
		var all []byte
		for _, h := range topics {
			all = append(all, h[:]...)
		}
		f.Add(all, bytes.Join(data, nil))
	}
	h := func(n byte) fundtrail.Hash { return fundtrail.Hash(word(n)) }
	seed([]fundtrail.Hash{topicTransfer, h(1), h(2)}, word(3))
	seed([]fundtrail.Hash{topicTransfer, h(1), h(2), h(3)})
	seed([]fundtrail.Hash{topicTransfer}, word(1), word(2), word(3))
	seed([]fundtrail.Hash{topicSingle, h(1), h(2), h(3)}, word(4), word(5))
	seed([]fundtrail.Hash{topicBatch, h(1), h(2), h(3)}, word(64), word(128), word(1), word(9), word(1), word(7))
	seed([]fundtrail.Hash{topicBatch, h(1), h(2), h(3)}, word(64), word(64), bytes.Repeat([]byte{0xff}, 32))
	seed([]fundtrail.Hash{topicDeposit, h(1)}, word(4))
	seed([]fundtrail.Hash{topicWithdrawal, h(1)}, word(4))
	f.Fuzz(func(t *testing.T, topics, data []byte) {
		e := event{data: data}
		for ; len(topics) >= 32 && len(e.topics) < 4; topics = topics[32:] {
			e.topics = append(e.topics, fundtrail.Hash(topics))
		}
		m, ok := readMove(&e)
		if !ok {
			return
		}
		all := data
		for _, h := range e.topics {
			all = append(all[:len(all):len(all)], h[:]...)
		}
		for _, a := range []address{m.From, m.To} {
			if !bytes.Contains(all, a[:]) && a != (address{}) {
				t.Errorf("%x is nowhere in %x", a, all)
			}
		}
		_ = abiText(data)
	})
}

// FuzzAnswers: whatever a node says is an error or a block whose facts hold together.
func FuzzAnswers(f *testing.F) {
	hash := `"0x` + strings.Repeat("11", 32) + `"`
	who := `"0x` + strings.Repeat("22", 20) + `"`
	block := fmt.Sprintf(`{"number":"0x5","hash":%s,"parentHash":%s,"timestamp":"0x10","miner":%s,"baseFeePerGas":"0x1","difficulty":"0x0",
		"withdrawals":[{"index":"0x1","address":%s,"amount":"0x2"}],"transactions":[{"hash":%s,"blockHash":%s,"transactionIndex":"0x0","from":%s,"to":%s,"value":"0x7","nonce":"0x1","gas":"0x5208","gasPrice":"0x2","type":"0x2"}]}`,
		hash, hash, who, who, hash, hash, who, who)
	receipts := fmt.Sprintf(`[{"transactionHash":%s,"blockHash":%s,"gasUsed":"0x5208","effectiveGasPrice":"0x2","status":"0x1","logs":[{"address":%s,"topics":[%s],"data":"0x","logIndex":"0x0"}]}]`, hash, hash, who, hash)
	calls := fmt.Sprintf(`[{"result":{"type":"CALL","from":%s,"to":%s,"value":"0x7","calls":[{"type":"SELFDESTRUCT","from":%s,"to":%s,"value":"0x1"}]}}]`, who, who, who, who)
	flat := fmt.Sprintf(`[{"action":{"callType":"call","from":%s,"to":%s,"value":"0x7"},"blockHash":%s,"transactionHash":%s,"transactionPosition":0,"traceAddress":[],"subtraces":1,"type":"call"},
		{"action":{"address":%s,"refundAddress":%s,"balance":"0x7"},"blockHash":%s,"transactionHash":%s,"transactionPosition":0,"traceAddress":[0],"subtraces":0,"type":"suicide"}]`, who, who, hash, hash, who, who, hash, hash)
	f.Add(block, receipts, calls, `[{"jsonrpc":"2.0","id":1,"result":`+block+`}]`)
	f.Add(block, receipts, flat, `{"jsonrpc":"2.0","id":null,"error":{"code":-32005,"message":"limit"}}`)
	f.Add(`null`, `[]`, `[]`, `[]`)
	d := Decoder{Chain: fundtrail.Ethereum}
	once := func(trace string) bool {
		b, _, err := readBlock([]byte(block), d.Chain, 5)
		var list []rpcReceipt
		if err != nil || parse([]byte(receipts), &list) != nil || b.readReceipts(list) != nil {
			return false
		}
		if trace == flat {
			err = b.readFlat([]byte(trace))
		} else {
			err = b.readCalls([]byte(trace))
		}
		got, err2 := d.facts(b)
		return err == nil && err2 == nil && got.Whole == fundtrail.AllKinds && len(got.Transactions) == 2 && len(got.Transactions[0].Transfers) == 4
	}
	if !once(calls) || !once(flat) {
		f.Fatal("the seeds are not read")
	}
	f.Fuzz(func(t *testing.T, block, receipts, traces, replies string) {
		for n := 1; n < 3; n++ {
			if list, err := order([]byte(replies), n); err == nil && len(list) != n {
				t.Errorf("%d replies to %d questions", len(list), n)
			}
		}
		for _, read := range []func(*block_, json.RawMessage) error{(*block_).readCalls, (*block_).readFlat} {
			b, _, err := readBlock([]byte(block), d.Chain, 5)
			if err != nil {
				return
			}
			var list []rpcReceipt
			if parse([]byte(receipts), &list) != nil || b.readReceipts(list) != nil {
				return
			}
			traced := read(b, []byte(traces)) == nil
			got, err := d.facts(b)
			if err != nil {
				continue
			}
			if whole := got.Whole&fundtrail.InternalTransfers != 0; whole && !traced && len(b.txs) > 0 {
				t.Error("claimed without traces")
			}
			for i := range got.Transactions {
				tx := &got.Transactions[i]
				for k, tr := range tx.Transfers {
					if k > 0 && tr.ID.Index <= tx.Transfers[k-1].ID.Index {
						t.Errorf("transfers out of order: %+v", tx.Transfers)
					}
					if len(tr.Inputs)+len(tr.Outputs) == 0 || tx.Failed && tr.ID.Index < fundtrail.FeeIndex {
						t.Errorf("not a transfer: %+v", tr)
					}
				}
			}
		}
	})
}

type block_ = block

func blank() *header { return &header{} }
