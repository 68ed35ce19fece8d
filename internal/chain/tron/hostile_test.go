package tron_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/chain/tron"
	"github.com/fundtrail/fundtrail/internal/ledger"

	"github.com/fundtrail/fundtrail/internal/ingest"
)

// at walks into a JSON value.
func at(v any, path ...any) any {
	for _, p := range path {
		switch p := p.(type) {
		case string:
			v = v.(obj)[p]
		case int:
			v = v.([]any)[p]
		}
	}
	return v
}

// TestHostileAnswers: an answer that cannot be right is an error that says so, the blocks
// before it stand, and a builder is left as it was.
func TestHostileAnswers(t *testing.T) {
	c := newChain(4)
	for range 5 {
		c.mine(4)
	}
	// The sixth block has one of everything.
	b := c.begin()
	alice, bob, swap := who("u1"), who("u2"), who("c1")
	c.transfer(b, alice, bob, 5, 1_100_000, "memo")
	c.call(b, alice, swap, 9, 2, 345_000, "SUCCESS", act{from: alice, to: bob, n: 7, asset: "usdt"}, act{from: swap, to: bob, n: 1, note: "call"})
	c.asset(b, alice, bob, "1000001", 3)
	c.create(b, alice, 11, 1)
	c.end(b, 0)
	const height = 6
	blocks, infos := "getblockbylimitnext", "gettransactioninfobyblocknum"
	block := func(v any) any { return at(v, "block", 5) }
	set := func(value any, path ...any) func(any) {
		return func(v any) {
			last := len(path) - 1
			at(v, path[:last]...).(obj)[path[last].(string)] = value
		}
	}
	inBlock := func(value any, path ...any) func(any) {
		return func(v any) { set(value, path...)(block(v)) }
	}
	other := strings.Repeat("ab", 32)
	stranger := hex21(who("stranger"))
	header := func(value any, name string) func(any) {
		return inBlock(value, "block_header", "raw_data", name)
	}
	arg := func(i int, value any, name string) func(any) {
		return inBlock(value, "transactions", i, "raw_data", "contract", 0, "parameter", "value", name)
	}
	conflict, invalid, gone := fundtrail.ErrConflict, fundtrail.ErrInvalid, fundtrail.ErrReorganised
	for _, k := range []struct {
		name, method string
		change       func(any)
		want         error
	}{
		{"another name", blocks, inBlock(other, "blockID"), conflict},
		{"no name", blocks, inBlock("", "blockID"), invalid},
		{"another height", blocks, header(7, "number"), conflict},
		{"negative height", blocks, header(-1, "number"), invalid},
		{"another time", blocks, header(1_700_000_000_001, "timestamp"), conflict},
		{"huge time", blocks, header(9_000_000_000_000_000_000, "timestamp"), invalid},
		{"another root", blocks, header(other, "txTrieRoot"), conflict},
		{"another witness", blocks, header(stranger, "witness_address"), conflict},
		{"another parent", blocks, header(other, "parentHash"), conflict},
		{"short parent", blocks, header("abcd", "parentHash"), invalid},
		{"no header", blocks, inBlock(nil, "block_header"), invalid},
		{"a number for a block", blocks, func(v any) { v.(obj)["block"].([]any)[5] = 7 }, invalid},
		{"too few blocks", blocks, func(v any) { v.(obj)["block"] = v.(obj)["block"].([]any)[1:] }, gone},
		{"blocks out of order", blocks, func(v any) { l := v.(obj)["block"].([]any); l[4], l[5] = l[5], l[4] }, invalid},
		{"a transaction twice", blocks, func(v any) { l := at(block(v), "transactions").([]any); l[1] = l[0] }, conflict},
		{"a transaction less", blocks, func(v any) {
			o := block(v).(obj)
			o["transactions"] = o["transactions"].([]any)[1:]
		}, gone},
		{"another txID", blocks, inBlock(other, "transactions", 0, "txID"), conflict},
		{"no signed bytes", blocks, inBlock("", "transactions", 0, "raw_data_hex"), invalid},
		{"signed bytes that are none", blocks, inBlock("zz", "transactions", 0, "raw_data_hex"), invalid},
		{"another amount", blocks, arg(0, 6, "amount"), conflict},
		{"another payer", blocks, arg(0, stranger, "owner_address"), conflict},
		{"another payee", blocks, arg(0, stranger, "to_address"), conflict},
		{"another memo", blocks, inBlock("00", "transactions", 0, "raw_data", "data"), conflict},
		{"another value of a call", blocks, arg(1, 10, "call_value"), conflict},
		{"another contract", blocks, arg(1, stranger, "contract_address"), conflict},
		{"another token value", blocks, arg(1, 3, "call_token_value"), conflict},
		{"another token", blocks, arg(1, 1000002, "token_id"), conflict},
		{"another asset", blocks, arg(2, "31303030303032", "asset_name"), conflict},
		{"another value of a creation", blocks, arg(3, obj{"call_value": 12}, "new_contract"), conflict},
		{"another type", blocks, inBlock("TransferAssetContract", "transactions", 0, "raw_data", "contract", 0, "type"), conflict},
		{"no contract", blocks, inBlock([]any{}, "transactions", 0, "raw_data", "contract"), conflict},
		{"two results", blocks, inBlock([]any{obj{}, obj{}}, "transactions", 0, "ret"), invalid},
		{"failed by one word alone", blocks, inBlock([]any{obj{"contractRet": "REVERT"}}, "transactions", 1, "ret"), conflict},
		{"failed by the other", infos, func(v any) { set("FAILED", 1, "result")(v) }, conflict},
		{"information of another", infos, func(v any) { set(other, 0, "id")(v) }, gone},
		{"information twice", infos, func(v any) { l := v.([]any); l[0] = l[1] }, gone},
		{"information of another block", infos, func(v any) { set(7, 0, "blockNumber")(v) }, gone},
		{"information at another time", infos, func(v any) { set(1, 0, "blockTimeStamp")(v) }, gone},
		{"information without a block", infos, func(v any) { delete(at(v, 0).(obj), "blockNumber") }, invalid},
		{"negative fee", infos, func(v any) { set(-1, 0, "fee")(v) }, invalid},
		{"fee of 64 bits", infos, func(v any) { set(json.Number("18446744073709551615"), 0, "fee")(v) }, invalid},
		{"long topic", infos, func(v any) { at(v, 1, "log", 0, "topics").([]any)[0] = other + "ab" }, invalid},
		{"five topics", infos, func(v any) { set([]string{other, other, other, other, other}, 1, "log", 0, "topics")(v) }, invalid},
		{"a log of nobody", infos, func(v any) { set("ab", 1, "log", 0, "address")(v) }, invalid},
		{"log data that is none", infos, func(v any) { set("abc", 1, "log", 0, "data")(v) }, invalid},
		{"an inner caller that is none", infos, func(v any) { set("41", 1, "internal_transactions", 0, "caller_address")(v) }, invalid},
		{"an inner payee that is none", infos, func(v any) { set("T", 1, "internal_transactions", 0, "transferTo_address")(v) }, invalid},
		{"a negative inner value", infos, func(v any) { set(-4, 1, "internal_transactions", 0, "callValueInfo", 0, "callValue")(v) }, invalid},
	} {
		p := serve(t, c)
		p.bend = func(method string, h int64, v any) {
			if method == k.method && (h == height || method == blocks && h == 1) {
				k.change(v)
			}
		}
		o := options(p)
		o.Rounds = 1
		b := ledger.NewBuilder()
		n := open(t, o)
		_, err := ingest.Blocks(t.Context(), b, n, "node", 1, -1)
		if !errors.Is(err, k.want) || k.want == invalid && errors.Is(err, conflict) {
			t.Errorf("%s: %v", k.name, err)
		}
		m, err := b.Seal()
		if err != nil || m.Size() != 0 {
			t.Errorf("%s: the builder is not as it was: %v", k.name, err)
		}
	}
	p := serve(t, c)
	if got := facts(t, open(t, options(p)), 1); len(got) != 6 {
		t.Errorf("what is not bent gives %d blocks", len(got))
	}
}

// TestCoverage: a block claims what it can show.
func TestCoverage(t *testing.T) {
	c := newChain(5)
	alice, bob, swap := who("u1"), who("u2"), who("c1")
	const all = fundtrail.AllKinds
	var want []fundtrail.Kinds
	mine := func(whole fundtrail.Kinds, fill func(b *madeBlock)) {
		b := c.begin()
		fill(b)
		c.end(b, 0)
		want = append(want, whole)
	}
	mine(all, func(b *madeBlock) {})
	mine(all, func(b *madeBlock) { c.transfer(b, alice, bob, 1, 0, "") })
	mine(all&^fundtrail.InternalTransfers, func(b *madeBlock) { c.call(b, alice, swap, 1, 0, 1, "SUCCESS") })
	mine(all, func(b *madeBlock) {
		c.call(b, alice, swap, 1, 0, 1, "SUCCESS")
		c.call(b, alice, swap, 1, 0, 1, "SUCCESS", act{from: swap, to: bob, n: 1, note: "call"})
	})
	mine(all, func(b *madeBlock) { c.call(b, alice, swap, 1, 0, 1, "REVERT") }) // nothing took effect
	mine(all&^fundtrail.InternalTransfers, func(b *madeBlock) {
		c.call(b, alice, swap, 1, 0, 1, "SUCCESS", act{from: swap, to: bob, n: 1, note: "somethingNew"})
	})
	mine(all&^fundtrail.InternalTransfers, func(b *madeBlock) {
		c.call(b, alice, swap, 1, 0, 1, "SUCCESS", act{from: swap, to: swap, n: 1, note: "suicide"})
	})
	mine(all&^fundtrail.ValueTransfers&^fundtrail.TokenTransfers, func(b *madeBlock) { c.other(b, 44, "ExchangeTransactionContract", alice, 0) })
	mine(0, func(b *madeBlock) { c.other(b, 77, "NewContract", alice, 0) })
	mine(all&^fundtrail.TokenTransfers, func(b *madeBlock) { c.asset(b, alice, bob, "BitCoin", 1) })
	mine(all, func(b *madeBlock) { c.issue(b, alice, "1000777", 5_000) })
	list := facts(t, open(t, options(serve(t, c))), 1)
	for i, f := range list {
		if f.Whole != want[i] {
			t.Errorf("block %d: %s whole, want %s", i+1, f.Whole, want[i])
		}
	}
	if tr := list[10].Transactions[0].Transfers[0]; tr.Asset != tron.TRC10(1000777) || len(tr.Inputs) != 0 || tr.Outputs[0].Address != fundtrail.EVMAddress(fundtrail.Tron, alice) {
		t.Errorf("the issue of a token: %+v", tr)
	}
	o := options(serve(t, c))
	o.Require = fundtrail.InternalTransfers
	n := open(t, o)
	for f, err := range n.Blocks(t.Context(), 1) {
		if !errors.Is(err, fundtrail.ErrUnavailable) {
			t.Errorf("block %d, whose internal transfers are required: %v", f.Block.Height, err)
		}
		break
	}
}
