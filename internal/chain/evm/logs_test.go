package evm

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/fundtrail/fundtrail"
)

// The first topics of the events that move tokens.
var (
	topicTransfer   = fundtrail.EventTopic("Transfer(address,address,uint256)")
	topicSingle     = fundtrail.EventTopic("TransferSingle(address,address,address,uint256,uint256)")
	topicBatch      = fundtrail.EventTopic("TransferBatch(address,address,address,uint256[],uint256[])")
	topicDeposit    = fundtrail.EventTopic("Deposit(address,uint256)")
	topicWithdrawal = fundtrail.EventTopic("Withdrawal(address,uint256)")
)

// TestLogs: every form of a token's transfer, and what looks like one.
func TestLogs(t *testing.T) {
	w := func(n byte) []byte { return append(make([]byte, 31), n) }
	h := func(n byte) fundtrail.Hash { return fundtrail.Hash(w(n)) }
	long := fundtrail.Hash(bytes.Repeat([]byte{1}, 32))
	join := func(parts ...[]byte) []byte { return bytes.Join(parts, nil) }
	topics := func(list ...fundtrail.Hash) []fundtrail.Hash { return list }
	full := bytes.Repeat([]byte{0xff}, 32)
	for _, c := range []struct {
		name, want string
		topics     []fundtrail.Hash
		data       []byte
	}{
		{"ERC-20", "1>2 3", topics(topicTransfer, h(1), h(2)), w(3)},
		{"a mint", "->2 3", topics(topicTransfer, h(0), h(2)), w(3)},
		{"a burn", "1>- 3", topics(topicTransfer, h(1), h(0)), w(3)},
		{"from nobody to nobody", "", topics(topicTransfer, h(0), h(0)), w(3)},
		{"the most there is", "1>2 " + fundtrail.MaxAmount.String(), topics(topicTransfer, h(1), h(2)), full},
		{"not indexed", "1>2 3", topics(topicTransfer), join(w(1), w(2), w(3))},
		{"half indexed", "1>2 3", topics(topicTransfer, h(1)), join(w(2), w(3))},
		{"ERC-721", "1>2 1", topics(topicTransfer, h(1), h(2), h(77)), nil},
		{"no data", "", topics(topicTransfer, h(1), h(2)), nil},
		{"too much data", "", topics(topicTransfer, h(1), h(2)), join(w(3), w(4))},
		{"a byte too many", "", topics(topicTransfer, h(1), h(2)), join(w(3), []byte{0})},
		{"no address", "", topics(topicTransfer, long, h(2)), w(3)},
		{"no address either", "", topics(topicTransfer, h(1), long), w(3)},
		{"ERC-1155", "1>2 5", topics(topicSingle, h(9), h(1), h(2)), join(w(77), w(5))},
		{"a batch", "1>2 12", topics(topicBatch, h(9), h(1), h(2)), join(w(64), w(160), w(2), w(77), w(78), w(2), w(5), w(7))},
		{"an empty batch", "1>2 0", topics(topicBatch, h(9), h(1), h(2)), join(w(64), w(96), w(0), w(0))},
		{"a batch of unequal lists", "", topics(topicBatch, h(9), h(1), h(2)), join(w(64), w(128), w(1), w(77), w(2), w(5), w(7))},
		{"a batch beyond its data", "", topics(topicBatch, h(9), h(1), h(2)), join(w(64), w(128), w(1), w(77), w(9), w(5))},
		{"a batch at the end of numbers", "", topics(topicBatch, h(9), h(1), h(2)), join(full, full)},
		{"a batch too large to add up", "", topics(topicBatch, h(9), h(1), h(2)), join(w(64), w(160), w(2), w(77), w(78), w(2), full, w(1))},
		{"wrapping", "->1 4", topics(topicDeposit, h(1)), w(4)},
		{"unwrapping", "1>- 4", topics(topicWithdrawal, h(1)), w(4)},
		{"another event", "", topics(h(5), h(1), h(2)), w(3)},
		{"no topics", "", nil, w(3)},
	} {
		token := address{0xee}
		b := &block{txs: []tx{{outcome: succeeded, logs: []event{{contract: token, topics: c.topics, data: c.data, index: 4}}}}}
		wraps := true
		d := Decoder{Chain: fundtrail.Ethereum, Wraps: func(a fundtrail.Asset) bool { return wraps && a.Contract.Payload()[0] == 0xee }}
		show := func() string {
			facts, err := d.facts(b)
			if err != nil {
				t.Fatal(err)
			}
			var out []string
			for _, tr := range facts.Transactions[0].Transfers {
				side := func(e []fundtrail.Entry) string {
					if len(e) == 0 {
						return "-"
					}
					return fmt.Sprint(e[0].Address.Payload()[19])
				}
				if tr.ID.Index != fundtrail.LogIndex+4 || tr.Asset.Contract != fundtrail.EVMAddress(d.Chain, token) {
					t.Errorf("%s: %+v", c.name, tr)
				}
				amount := append(tr.Inputs, tr.Outputs...)[0].Amount
				out = append(out, side(tr.Inputs)+">"+side(tr.Outputs)+" "+amount.String())
			}
			return strings.Join(out, "; ")
		}
		if got := show(); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
		wraps = false
		if got := show(); strings.Contains(c.name, "wrapping") && got != "" {
			t.Errorf("%s by a contract that does not wrap: %q", c.name, got)
		}
		b.txs[0].outcome = failed
		if _, err := d.facts(b); err == nil {
			t.Errorf("%s: a failed transaction with logs is taken", c.name)
		}
	}
}
