package ingest

import (
	"bytes"
	"cmp"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/fundtrail/fundtrail"
)

// Exports of BigQuery's public data sets. Those of crypto_ethereum are ethereum-etl's
// tables, under the same names (etl.go). Google's own, goog_blockchain_ethereum_mainnet_us,
// have others; its receipts and logs have those of ethereum-etl. crypto_bitcoin is of
// bitcoin-etl.

var googleBlocks = format{
	name: "Google blocks", order: 1, evm: true, row: (*file).blockRow,
	columns: []column{
		blocksNumber:      {name: "block_number", need: true},
		blocksTime:        {name: "block_timestamp", need: true},
		blocksMiner:       {name: "miner", need: true},
		blocksBase:        {name: "base_fee_per_gas"},
		blocksCount:       {name: "transaction_count"},
		blocksWithdrawals: {name: "withdrawals"},
	},
}

var googleTransactions = format{
	name: "Google transactions", order: 3, evm: true, row: (*file).transactionRow,
	columns: []column{
		txsHash:     {name: "transaction_hash", need: true},
		txsBlock:    {name: "block_number", need: true},
		txsFrom:     {name: "from_address", need: true},
		txsTo:       {name: "to_address", need: true},
		txsValue:    {name: "value", also: "value_lossless", need: true, wide: true},
		txsPlace:    {name: "transaction_index"},
		txsNonce:    {name: "nonce", need: true},
		txsGas:      {name: "gas", need: true},
		txsGasPrice: {name: "gas_price"},
		txsTime:     {name: "block_timestamp"},
		txsLayerFee: {},
	},
}

const (
	googleType = tokensItem + 1 + iota
	googleRemoved
)

var googleTokens = format{
	name: "Google token_transfers", order: 4, evm: true, row: (*file).googleTokenRow,
	columns: []column{
		tokensToken:   {name: "address", need: true},
		tokensFrom:    {name: "from_address", need: true},
		tokensTo:      {name: "to_address", need: true},
		tokensValue:   {name: "quantity", need: true},
		tokensTx:      {name: "transaction_hash", need: true},
		tokensLog:     {name: "event_index", need: true},
		tokensBlock:   {name: "block_number", need: true},
		tokensTime:    {name: "block_timestamp"},
		tokensPlace:   {name: "transaction_index"},
		tokensItem:    {name: "token_id", need: true},
		googleType:    {name: "event_type", need: true},
		googleRemoved: {name: "removed"},
	},
}

// googleTokenRow reads a token transfer, of which another column says by which standard.
func (f *file) googleTokenRow() error {
	removed, _, err := f.flag(googleRemoved)
	if err != nil || removed {
		return err
	}
	switch kind := string(f.cells[googleType]); kind {
	case "ERC-20", "ERC20":
		f.cells[tokensItem] = nil
	case "ERC-721", "ERC721":
		if !f.told(tokensItem) {
			return f.bad(tokensItem, "the item's number")
		}
	case "ERC-1155", "ERC1155":
		f.notRead++ // a log's items stand in rows of their own
		return nil
	default:
		return f.bad(googleType, "ERC-20, ERC-721 or ERC-1155")
	}
	return f.tokenRow()
}

const (
	bigHash = iota
	bigBlock
	bigTime
	bigInputs
	bigOutputs
	bigCoinbase
)

var bigBitcoin = format{
	name: "bitcoin-etl transactions", order: 7, coins: true, row: (*file).bigBitcoinRow,
	columns: []column{
		bigHash:     {name: "hash", also: "transaction_hash", need: true},
		bigBlock:    {name: "block_number", need: true},
		bigTime:     {name: "block_timestamp"},
		bigInputs:   {name: "inputs", need: true},
		bigOutputs:  {name: "outputs", need: true},
		bigCoinbase: {name: "is_coinbase", need: true},
	},
}

// A bigSide is an input or an output. BigQuery writes integers as texts.
type bigSide struct {
	Index     *json.Number `json:"index"`
	SpentTx   string       `json:"spent_transaction_hash"`
	Spent     *json.Number `json:"spent_output_index"`
	Addresses []string     `json:"addresses"`
	Script    string       `json:"script_hex"`
	Value     *json.Number `json:"value"`
}

// at is a side's number in its transaction.
func (s *bigSide) at() uint64 {
	if s.Index != nil {
		if n, ok := digits([]byte(*s.Index)); ok {
			return n
		}
	}
	return 1 << 62
}

func (f *file) bigBitcoinRow() (err error) {
	t := coinTx{place: unknownPlace}
	if t.hash, err = f.txHash(bigHash); err != nil {
		return err
	}
	if t.height, err = f.height(bigBlock); err != nil {
		return err
	}
	if t.time, err = f.blockTime(bigTime); err != nil {
		return err
	}
	coinbase, _, err := f.flag(bigCoinbase)
	if err != nil {
		return err
	}
	var in, out []bigSide
	if !coinbase {
		if in, err = f.bigSides(bigInputs); err != nil {
			return err
		}
	}
	if out, err = f.bigSides(bigOutputs); err != nil {
		return err
	}
	for i := range in {
		s := &in[i]
		var side coinSide
		var vout *uint64
		if s.Spent != nil {
			if n, ok := digits([]byte(*s.Spent)); ok {
				vout = &n
			}
		}
		if side.spends, err = f.spent(bigInputs, i, s.SpentTx, vout); err != nil {
			return err
		}
		if s.Value != nil {
			if side.amount, err = f.units(bigInputs, i, s.Value); err != nil {
				return err
			}
			side.address = f.bigHolder(s)
		}
		t.inputs = append(t.inputs, side)
	}
	for i := range out {
		side := coinSide{address: f.bigHolder(&out[i])}
		if side.address == "" {
			side.address = f.witness(out[i].Script)
		}
		if side.amount, err = f.units(bigOutputs, i, out[i].Value); err != nil {
			return err
		}
		t.outputs = append(t.outputs, side)
	}
	return f.addCoins(&t, bigInputs, bigOutputs)
}

// bigSides reads a transaction's inputs or outputs in their order, none left out.
func (f *file) bigSides(c int) (sides []bigSide, err error) {
	if err := list(f, c, &sides); err != nil {
		return nil, err
	}
	slices.SortStableFunc(sides, func(x, y bigSide) int { return cmp.Compare(x.at(), y.at()) })
	for i := range sides {
		if sides[i].at() != uint64(i) {
			return nil, f.badSide(c, i, fmt.Sprintf("want index %d: all of them, each once", i))
		}
	}
	return sides, nil
}

// bigHolder is a side's address: bitcoin-etl makes one up, nonstandard and digits, for a
// script that has none, and lists several where several keys can spend.
func (f *file) bigHolder(s *bigSide) string {
	if len(s.Addresses) != 1 || strings.HasPrefix(s.Addresses[0], "nonstandard") {
		return ""
	}
	return s.Addresses[0]
}

// witness is the address of an output's script that is a witness program (BIP-141), of
// which bitcoin-etl knows version 0 alone.
func (f *file) witness(script string) string {
	b, err := hex.DecodeString(strings.TrimPrefix(script, "0x"))
	if err != nil || len(b) < 4 || len(b) > 42 || int(b[1]) != len(b)-2 || b[0] != 0 && (b[0] < 0x51 || b[0] > 0x60) {
		return ""
	}
	version := b[0]
	if version > 0 {
		version -= 0x50
	}
	a := fundtrail.WitnessAddress(f.coinChain(), version, b[2:])
	if a.IsZero() {
		return ""
	}
	return a.String()
}

// noteUnread says in the summary what was passed over.
func (f *file) noteUnread() {
	if f.notRead > 0 {
		f.sum.Notes = append(f.sum.Notes, fmt.Sprintf("%s: %d transfers of ERC-1155 were not read: load the table of logs, which tells them.", base(f.name), f.notRead))
	}
}

// looseNumber reads a number that may stand in quotes.
type looseNumber uint64

func (n *looseNumber) UnmarshalJSON(b []byte) error {
	v, ok := digits(bytes.Trim(b, `"`))
	if !ok {
		return malformed("%s: want a whole number", short(b))
	}
	*n = looseNumber(v)
	return nil
}
