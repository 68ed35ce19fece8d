package tron_test

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/rand/v2"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/ledgertest"
)

// A chain made for tests. It keeps its own books, written without the package under test,
// and tells its blocks as java-tron does.

// A pb is a protocol buffer that is being written.
type pb []byte

func (p pb) num(n int, v int64) pb {
	if v == 0 {
		return p
	}
	return binary.AppendUvarint(binary.AppendUvarint(p, uint64(n)<<3), uint64(v))
}

func (p pb) bytes(n int, b []byte) pb {
	if len(b) == 0 {
		return p
	}
	return append(binary.AppendUvarint(binary.AppendUvarint(p, uint64(n)<<3|2), uint64(len(b))), b...)
}

type obj = map[string]any

// who is a named account's 20 bytes.
func who(name string) [20]byte {
	return [20]byte(ledgertest.Address(fundtrail.Tron, name).Payload())
}

func full(a [20]byte) []byte     { return append([]byte{0x41}, a[:]...) }
func hex21(a [20]byte) string    { return hex.EncodeToString(full(a)) }
func digest(b []byte) [32]byte   { return sha256.Sum256(b) }
func word(a [20]byte) string     { return "000000000000000000000000" + hex.EncodeToString(a[:]) }
func uint256(n int64) string     { return fmt.Sprintf("%064x", n) }
func must(v any) json.RawMessage { b, err := json.Marshal(v); check(err); return b }
func check(err error) {
	if err != nil {
		panic(err)
	}
}

const transferTopic = "ddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"

// A madeTx is a transaction in both of the API's answers.
type madeTx struct {
	id       string
	tx, info obj
}

// A madeBlock is a block and the books after it: by asset ("" for TRX) and account.
type madeBlock struct {
	id     [32]byte
	height int64
	ms     int64
	block  obj
	txs    []madeTx
	books  map[string]map[[20]byte]int64
}

type madeChain struct {
	rng    *rand.Rand
	blocks []*madeBlock
	nonce  int64
	keeps  bool // internal transactions
}

func newChain(seed uint64) *madeChain {
	c := &madeChain{rng: rand.New(rand.NewPCG(seed, 1)), keeps: true}
	c.blocks = []*madeBlock{{books: map[string]map[[20]byte]int64{}}}
	g := c.blocks[0]
	copy(g.id[28:], []byte{0x2b, 0x66, 0x53, 0xdc}) // as the main network's ends
	g.block = obj{"blockID": hex.EncodeToString(g.id[:]), "block_header": obj{"raw_data": obj{
		"txTrieRoot": hex.EncodeToString(g.id[:]), "parentHash": hex.EncodeToString(g.id[:]), "witness_address": "41"}}}
	for i := range 12 {
		g.add("", who(fmt.Sprint("u", i)), 1_000_000_000_000)
		g.add("1000001", who(fmt.Sprint("u", i)), 1_000_000)
		g.add("usdt", who(fmt.Sprint("u", i)), 1_000_000_000)
	}
	for i := range 4 {
		g.add("", who(fmt.Sprint("c", i)), 1_000_000_000_000)
		g.add("1000001", who(fmt.Sprint("c", i)), 1_000_000)
	}
	return c
}

func (b *madeBlock) add(asset string, a [20]byte, n int64) {
	if b.books[asset] == nil {
		b.books[asset] = map[[20]byte]int64{}
	}
	b.books[asset][a] += n
}

func (b *madeBlock) move(asset string, from, to [20]byte, n int64) {
	b.add(asset, from, -n)
	b.add(asset, to, n)
}

func (c *madeChain) head() *madeBlock { return c.blocks[len(c.blocks)-1] }

// begin opens a block on the head.
func (c *madeChain) begin() *madeBlock {
	last := c.head()
	b := &madeBlock{height: last.height + 1, ms: 1_700_000_000_000 + 3000*(last.height+1), books: map[string]map[[20]byte]int64{}}
	for asset, m := range last.books {
		for a, n := range m {
			b.add(asset, a, n)
		}
	}
	return b
}

// end closes it. The salt makes another block of the same transactions.
func (c *madeChain) end(b *madeBlock, salt int64) {
	last := c.head()
	root := digest(must([]any{b.txs, salt}))
	witness := who("witness")
	raw := pb{}.num(1, b.ms).bytes(2, root[:]).bytes(3, last.id[:]).num(7, b.height).bytes(9, full(witness)).num(10, 30)
	b.id = digest(raw)
	binary.BigEndian.PutUint64(b.id[:8], uint64(b.height))
	list := []any{}
	for _, t := range b.txs {
		list = append(list, t.tx)
	}
	b.block = obj{"blockID": hex.EncodeToString(b.id[:]), "block_header": obj{"raw_data": obj{
		"number": b.height, "txTrieRoot": hex.EncodeToString(root[:]), "witness_address": hex21(witness),
		"parentHash": hex.EncodeToString(last.id[:]), "version": 30, "timestamp": b.ms}, "witness_signature": "00"}}
	if len(list) > 0 {
		b.block["transactions"] = list
	}
	c.blocks = append(c.blocks, b)
}

// sign adds a transaction of one contract to a block.
func (c *madeChain) sign(b *madeBlock, kind int64, name string, body pb, value, info obj, memo string, fee int64, payer [20]byte) *madeTx {
	c.nonce++
	any_ := pb{}.bytes(1, []byte("type.googleapis.com/protocol."+name)).bytes(2, body)
	raw := pb{}.bytes(1, []byte{1, 2}).num(8, b.ms+60_000).bytes(10, []byte(memo)).bytes(11, pb{}.num(1, kind).bytes(2, any_)).num(14, c.nonce).num(18, 100_000_000)
	id := digest(raw)
	t := madeTx{id: hex.EncodeToString(id[:])}
	rawData := obj{"contract": []any{obj{"type": name, "parameter": obj{"value": value, "type_url": "type.googleapis.com/protocol." + name}}}, "timestamp": c.nonce}
	if memo != "" {
		rawData["data"] = hex.EncodeToString([]byte(memo))
	}
	t.tx = obj{"txID": t.id, "raw_data": rawData, "raw_data_hex": hex.EncodeToString(raw), "ret": []any{obj{"contractRet": "SUCCESS"}}, "signature": []string{"00"}}
	t.info = obj{"id": t.id, "blockNumber": b.height, "blockTimeStamp": b.ms, "contractResult": []string{""}, "receipt": obj{"net_usage": 345}}
	if fee > 0 {
		t.info["fee"] = fee
		b.add("", payer, -fee)
	}
	for k, v := range info {
		t.info[k] = v
	}
	b.txs = append(b.txs, t)
	return &b.txs[len(b.txs)-1]
}

func (c *madeChain) transfer(b *madeBlock, from, to [20]byte, n, fee int64, memo string) *madeTx {
	b.move("", from, to, n)
	return c.sign(b, 1, "TransferContract", pb{}.bytes(1, full(from)).bytes(2, full(to)).num(3, n),
		obj{"owner_address": hex21(from), "to_address": hex21(to), "amount": n}, nil, memo, fee, from)
}

func (c *madeChain) asset(b *madeBlock, from, to [20]byte, id string, n int64) *madeTx {
	b.move(id, from, to, n)
	return c.sign(b, 2, "TransferAssetContract", pb{}.bytes(1, []byte(id)).bytes(2, full(from)).bytes(3, full(to)).num(4, n),
		obj{"asset_name": hex.EncodeToString([]byte(id)), "owner_address": hex21(from), "to_address": hex21(to), "amount": n}, nil, "", 0, from)
}

// An act is what a call did: a log of a token's transfer, or an internal transaction.
type act struct {
	from, to [20]byte
	n        int64
	asset    string // "" TRX, "usdt", or a TRC-10 number
	note     string
	rejected bool
}

// call signs a call of a contract, with what it did.
func (c *madeChain) call(b *madeBlock, from, contract [20]byte, value, token, fee int64, result string, acts ...act) *madeTx {
	info := obj{"contract_address": hex21(contract), "receipt": obj{"result": result, "energy_usage_total": 1000}}
	var logs, inner []any
	for _, a := range acts {
		ok := result == "SUCCESS" && !a.rejected
		if a.asset == "usdt" {
			usdt := who("usdt")
			if !ok {
				continue
			}
			b.move(a.asset, a.from, a.to, a.n)
			logs = append(logs, obj{"address": hex.EncodeToString(usdt[:]), "topics": []string{transferTopic, word(a.from), word(a.to)}, "data": uint256(a.n)})
			continue
		}
		v := obj{}
		if a.n > 0 {
			v["callValue"] = a.n
		}
		if a.asset != "" {
			v["tokenId"] = a.asset
		}
		x := obj{"hash": uint256(c.rng.Int64()), "caller_address": hex21(a.from), "transferTo_address": hex21(a.to), "callValueInfo": []any{v}, "note": hex.EncodeToString([]byte(a.note))}
		if !ok {
			x["rejected"] = true
		}
		inner = append(inner, x)
		if ok && a.note == "withdrawReward" {
			b.add("", a.to, a.n)
		} else if ok && (a.note == "call" || a.note == "create" || a.note == "suicide") {
			b.move(a.asset, a.from, a.to, a.n)
		}
	}
	if len(logs) > 0 {
		info["log"] = logs
	}
	if len(inner) > 0 && c.keeps {
		info["internal_transactions"] = inner
	}
	if result == "SUCCESS" {
		b.move("", from, contract, value)
		if token > 0 {
			b.move("1000001", from, contract, token)
		}
	} else {
		info["result"] = "FAILED"
	}
	body := pb{}.bytes(1, full(from)).bytes(2, full(contract)).num(3, value).bytes(4, []byte{0xa9, 5, 9, 0xcb}).num(5, token)
	args := obj{"owner_address": hex21(from), "contract_address": hex21(contract), "data": "a90509cb"}
	if value > 0 {
		args["call_value"] = value
	}
	if token > 0 {
		body = body.num(6, 1000001)
		args["call_token_value"], args["token_id"] = token, 1000001
	}
	t := c.sign(b, 31, "TriggerSmartContract", body, args, info, "", fee, from)
	t.tx["ret"] = []any{obj{"contractRet": result}}
	return t
}

// create signs the making of a contract.
func (c *madeChain) create(b *madeBlock, from [20]byte, value, fee int64) *madeTx {
	made := who(fmt.Sprint("made", c.nonce))
	b.move("", from, made, value)
	program := pb{}.bytes(1, full(from)).bytes(4, []byte{0x60, 0x80}).num(5, value)
	args := obj{"origin_address": hex21(from), "bytecode": "6080"}
	if value > 0 {
		args["call_value"] = value
	}
	return c.sign(b, 30, "CreateSmartContract", pb{}.bytes(1, full(from)).bytes(2, program),
		obj{"owner_address": hex21(from), "new_contract": args},
		obj{"contract_address": hex21(made), "receipt": obj{"result": "SUCCESS"}}, "", fee, from)
}

// withdraw signs the drawing of rewards.
func (c *madeChain) withdraw(b *madeBlock, from [20]byte, n int64) *madeTx {
	b.add("", from, n)
	return c.sign(b, 13, "WithdrawBalanceContract", pb{}.bytes(1, full(from)), obj{"owner_address": hex21(from)}, obj{"withdraw_amount": n}, "", 0, from)
}

// other signs a contract of which nothing but the owner matters.
func (c *madeChain) other(b *madeBlock, kind int64, name string, from [20]byte, fee int64) *madeTx {
	return c.sign(b, kind, name, pb{}.bytes(1, full(from)).num(2, 5_000_000), obj{"owner_address": hex21(from), "frozen_balance": 5_000_000}, nil, "", fee, from)
}

// issue signs the making of a TRC-10 token.
func (c *madeChain) issue(b *madeBlock, from [20]byte, id string, n int64) *madeTx {
	b.add(id, from, n)
	return c.sign(b, 6, "AssetIssueContract", pb{}.bytes(1, full(from)).bytes(2, []byte("Coin")).num(4, n),
		obj{"owner_address": hex21(from), "name": "436f696e", "total_supply": n}, obj{"assetIssueID": id}, "", 1_024_000_000, from)
}

// mine adds a block of random transactions.
func (c *madeChain) mine(count int) {
	b := c.begin()
	r := c.rng
	u := func() [20]byte { return who(fmt.Sprint("u", r.IntN(12))) }
	k := func() [20]byte { return who(fmt.Sprint("c", r.IntN(4))) }
	n := func() int64 { return 1 + r.Int64N(1_000_000) }
	for range count {
		switch r.IntN(12) {
		case 0, 1, 2:
			c.transfer(b, u(), u(), n(), r.Int64N(2)*1_100_000, [...]string{"", "swap:BTC", "hello"}[r.IntN(3)])
		case 3:
			c.asset(b, u(), u(), "1000001", 1+r.Int64N(10))
		case 4, 5, 6:
			from, usdt := u(), who("usdt")
			acts := []act{{from: from, to: u(), n: n(), asset: "usdt"}}
			c.call(b, from, usdt, 0, 0, 345_000, "SUCCESS", acts...)
		case 7:
			from, at, next := u(), k(), k()
			c.call(b, from, at, n(), r.Int64N(3), 700_000, "SUCCESS",
				act{from: at, to: next, n: n(), note: "call"}, act{from: at, to: next, n: 0, note: "call"},
				act{from: at, to: u(), n: n(), note: "call", rejected: true}, act{from: next, to: u(), n: 1, asset: "1000001", note: "call"},
				act{from: at, to: at, n: n(), note: "freezeBalanceV2ForEnergy"}, act{from: at, to: at, n: n(), note: "withdrawReward"},
				act{from: from, to: u(), n: n(), asset: "usdt"}, act{from: u(), to: from, n: n(), asset: "usdt"})
		case 8:
			at := k()
			c.call(b, u(), at, n(), 1, 900_000, [...]string{"REVERT", "OUT_OF_ENERGY"}[r.IntN(2)], act{from: at, to: u(), n: n(), note: "call"})
		case 9:
			c.create(b, u(), r.Int64N(2)*n(), 5_000_000)
		case 10:
			c.withdraw(b, u(), n())
		case 11:
			c.other(b, 54, "FreezeBalanceV2Contract", u(), 0)
		}
	}
	c.end(b, 0)
}
