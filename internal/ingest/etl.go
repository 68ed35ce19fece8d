package ingest

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/ledger"
)

// The tables of ethereum-etl, as its documentation and its BigQuery data set name
// their columns.

const (
	blocksNumber = iota
	blocksTime
	blocksMiner
	blocksBase
	blocksCount
	blocksWithdrawals
)

var blocks = format{
	name: "ethereum-etl blocks", order: 1, evm: true, row: (*file).blockRow,
	columns: []column{
		blocksNumber:      {name: "number", need: true},
		blocksTime:        {name: "timestamp", need: true},
		blocksMiner:       {name: "miner", need: true},
		blocksBase:        {name: "base_fee_per_gas"},
		blocksCount:       {name: "transaction_count"},
		blocksWithdrawals: {name: "withdrawals"},
	},
}

// A head is what a block's header tells, and what the files show of the block.
type head struct {
	file     *file
	line     int
	time     int64
	miner    fundtrail.AddressID
	base     fundtrail.Amount // burnt for a unit of gas
	baseTold bool
	count    uint64 // of its transactions
	counted  bool   // count is told

	seen       []uint64 // a bit for each place in the block
	seenCount  uint64
	unsure     bool // of some transaction it is not known what it moved
	feeMissing bool
}

// maxCount bounds a block's transactions: 30 times what Ethereum's gas limit allows.
const maxCount = 100_000

func (f *file) blockRow() (err error) {
	h := &head{file: f, line: f.line}
	height, err := f.height(blocksNumber)
	if err != nil {
		return err
	}
	if h.time, err = f.unix(blocksTime); err != nil {
		return err
	}
	var payload [20]byte
	if h.miner, err = f.payer(blocksMiner, &payload); err != nil {
		return err
	}
	if f.told(blocksBase) {
		if h.base, err = f.amount(blocksBase); err != nil {
			return err
		}
		h.baseTold = true
	}
	if f.told(blocksCount) {
		if h.count, err = f.number(blocksCount, maxCount); err != nil {
			return err
		}
		h.counted = true
	}
	list, err := f.withdrawals()
	if err != nil {
		return err
	}
	if f.heads == nil {
		f.heads = map[int64]*head{}
	}
	if old := f.heads[height]; old == nil {
		f.heads[height] = h
	} else if !old.join(h) {
		return fmt.Errorf("block %d stands differently at %s line %d: %w", height, old.file.name, old.line, fundtrail.ErrConflict)
	}
	f.b.Block(fundtrail.Block{Chain: f.chain, Height: height, Time: time.Unix(h.time, 0)}, f.where())
	return f.withdraw(height, h.time, list)
}

// join adds to h what the other tells, and reports whether they agree.
func (h *head) join(o *head) bool {
	if h.time != o.time || h.miner != o.miner || h.baseTold && o.baseTold && h.base != o.base || h.counted && o.counted && h.count != o.count {
		return false
	}
	if o.baseTold {
		h.base, h.baseTold = o.base, true
	}
	if o.counted {
		h.count, h.counted = o.count, true
	}
	return true
}

// saw notes a transaction of the block that a file holds.
func (h *head) saw(t *fact, sure bool) {
	h.unsure = h.unsure || !sure
	h.feeMissing = h.feeMissing || !t.feeTold
	if !h.counted || uint64(t.Place) >= h.count {
		return
	}
	if h.seen == nil {
		h.seen = make([]uint64, h.count/64+1)
	}
	if bit := uint64(1) << (t.Place % 64); h.seen[t.Place/64]&bit == 0 {
		h.seen[t.Place/64] |= bit
		h.seenCount++
	}
}

// finishBlocks claims coverage of the blocks of which all transactions are there.
func (j *job) finishBlocks() {
	var run fundtrail.Coverage
	var of *file
	claim := func() {
		if of != nil {
			j.b.Cover(run)
			of.sum.Claims++
		}
	}
	for _, height := range slices.Sorted(maps.Keys(j.heads)) {
		h := j.heads[height]
		if !h.counted || h.seenCount != h.count || h.unsure {
			continue
		}
		what := fundtrail.ValueTransfers | fundtrail.Fees
		if h.feeMissing {
			what = fundtrail.ValueTransfers
		}
		if of != nil && run.Source == base(h.file.name) && run.What == what && run.ToBlock == height-1 {
			run.ToBlock = height
			continue
		}
		claim()
		of = h.file
		run = fundtrail.Coverage{Chain: j.chain, FromBlock: height, ToBlock: height, What: what, Source: base(of.name)}
	}
	claim()
}

// A withdrawal is what the beacon chain pays out in a block (EIP-4895).
type withdrawal struct {
	Index   looseNumber `json:"index"`
	Address string      `json:"address"`
	Amount  looseNumber `json:"amount"` // in gwei
}

// withdrawals reads the column of that name: JSON or, in a CSV, the same as Python
// writes it, with single quotes.
func (f *file) withdrawals() ([]withdrawal, error) {
	if !f.told(blocksWithdrawals) || f.chain != fundtrail.Ethereum {
		return nil, nil // other chains pay out other assets: Gnosis pays GNO
	}
	cell := f.cells[blocksWithdrawals]
	if bytes.HasPrefix(cell, []byte("[{'")) {
		cell = bytes.ReplaceAll(cell, []byte{'\''}, []byte{'"'})
	}
	var list []withdrawal
	if err := json.Unmarshal(cell, &list); err != nil {
		return nil, f.bad(blocksWithdrawals, "a list of objects with index, address, and amount in gwei")
	}
	slices.SortFunc(list, func(x, y withdrawal) int { return cmp.Compare(x.Index, y.Index) })
	for i, w := range list {
		if _, err := fundtrail.ParseAddress(f.chain, w.Address); err != nil {
			return nil, f.badCell(blocksWithdrawals, err)
		}
		if i > 0 && w.Index == list[i-1].Index {
			return nil, f.bad(blocksWithdrawals, "each index once")
		}
	}
	return list, nil
}

const gwei = 1_000_000_000

// withdraw adds a block's withdrawals: mints, numbered as they stand in the block.
func (f *file) withdraw(height, unix int64, list []withdrawal) error {
	if len(list) == 0 {
		return nil
	}
	ref, err := f.b.Tx(ledger.Tx{Chain: f.chain, Hash: fundtrail.ProtocolHash("withdrawals", height), Height: height, Time: unix,
		Place: fundtrail.WithdrawalsPlace, Outcome: ledger.Succeeded, Where: f.where()})
	if err != nil {
		return err
	}
	native := f.b.Asset(fundtrail.NativeAsset(f.chain))
	for i, w := range list {
		to, err := fundtrail.ParseAddress(f.chain, w.Address)
		if err != nil {
			return f.badCell(blocksWithdrawals, err)
		}
		amount, _ := fundtrail.NewAmount(uint64(w.Amount)).Mul(fundtrail.NewAmount(gwei))
		if err := f.add(ref, height, ledger.Row{Index: uint32(i), Asset: native, To: f.b.Address(to), Amount: amount}); err != nil {
			return err
		}
	}
	return nil
}

const (
	receiptsTx = iota
	receiptsBlock
	receiptsGasUsed
	receiptsPrice
	receiptsStatus
	receiptsContract
	receiptsBlobGas
	receiptsBlobPrice
	receiptsLayerFee
)

var receipts = format{
	name: "ethereum-etl receipts", order: 2, evm: true, row: (*file).receiptRow,
	columns: []column{
		receiptsTx:        {name: "transaction_hash", need: true},
		receiptsBlock:     {name: "block_number", need: true},
		receiptsGasUsed:   {name: "gas_used", need: true},
		receiptsPrice:     {name: "effective_gas_price"},
		receiptsStatus:    {name: "status"},
		receiptsContract:  {name: "contract_address"},
		receiptsBlobGas:   {name: "blob_gas_used"},
		receiptsBlobPrice: {name: "blob_gas_price"},
		receiptsLayerFee:  {name: "l1_fee"},
	},
}

// A receipt is what is known of a transaction once it is executed. It stands in a
// table of its own, in columns of the transaction, or in both.
type receipt struct {
	gasUsed   uint64
	gasTold   bool
	price     fundtrail.Amount
	priceTold bool
	outcome   ledger.Outcome
	contract  fundtrail.AddressID
	blobFee   fundtrail.Amount
	layerFee  fundtrail.Amount
	where     ledger.Where
}

// receiptColumns are where a table keeps a receipt.
type receiptColumns struct{ gasUsed, price, status, contract, blobGas, blobPrice, layerFee int }

func (f *file) receipt(c receiptColumns) (r receipt, err error) {
	r.where = f.where()
	if f.told(c.gasUsed) {
		if r.gasUsed, err = f.number(c.gasUsed, math.MaxInt64); err != nil {
			return r, err
		}
		r.gasTold = true
	}
	if f.told(c.price) {
		if r.price, err = f.amount(c.price); err != nil {
			return r, err
		}
		r.priceTold = true
	}
	success, told, err := f.flag(c.status)
	switch {
	case err != nil:
		return r, err
	case told && success:
		r.outcome = ledger.Succeeded
	case told:
		r.outcome = ledger.Failed
	}
	var a [20]byte
	if told, err := f.evm(c.contract, &a); err != nil {
		return r, err
	} else if told {
		r.contract = f.b.EVMAddress(f.chain, &a)
	}
	if f.told(c.blobGas) && f.told(c.blobPrice) {
		gas, err := f.number(c.blobGas, math.MaxInt64)
		if err != nil {
			return r, err
		}
		price, err := f.amount(c.blobPrice)
		if err != nil {
			return r, err
		}
		var over bool
		if r.blobFee, over = gasCost(gas, price); over {
			return r, f.bad(c.blobPrice, "a price that 256 bits can hold times the blob gas used")
		}
	}
	if f.told(c.layerFee) {
		if r.layerFee, err = f.amount(c.layerFee); err != nil {
			return r, err
		}
	}
	return r, nil
}

// join adds to r what the other tells, and reports whether they agree.
func (r *receipt) join(o receipt) bool {
	x := *r
	if !r.gasTold {
		r.gasUsed, r.gasTold = o.gasUsed, o.gasTold
	}
	if !r.priceTold {
		r.price, r.priceTold = o.price, o.priceTold
	}
	if r.outcome == ledger.OutcomeUnknown {
		r.outcome = o.outcome
	}
	if r.contract == fundtrail.NoAddress {
		r.contract = o.contract
	}
	if r.blobFee.IsZero() {
		r.blobFee = o.blobFee
	}
	if r.layerFee.IsZero() {
		r.layerFee = o.layerFee
	}
	return !(x.gasTold && o.gasTold && x.gasUsed != o.gasUsed ||
		x.priceTold && o.priceTold && x.price != o.price ||
		x.outcome != ledger.OutcomeUnknown && o.outcome != ledger.OutcomeUnknown && x.outcome != o.outcome ||
		x.contract != 0 && o.contract != 0 && x.contract != o.contract ||
		!x.blobFee.IsZero() && !o.blobFee.IsZero() && x.blobFee != o.blobFee ||
		!x.layerFee.IsZero() && !o.layerFee.IsZero() && x.layerFee != o.layerFee)
}

func (f *file) receiptRow() error {
	var h fundtrail.Hash
	if err := f.hash(receiptsTx, &h); err != nil {
		return err
	}
	if _, err := f.height(receiptsBlock); err != nil {
		return err
	}
	if !f.told(receiptsGasUsed) {
		return f.bad(receiptsGasUsed, "a whole number")
	}
	r, err := f.receipt(receiptColumns{receiptsGasUsed, receiptsPrice, receiptsStatus, receiptsContract, receiptsBlobGas, receiptsBlobPrice, receiptsLayerFee})
	if err != nil {
		return err
	}
	if f.receipts == nil {
		f.receipts = map[fundtrail.Hash]receipt{}
	}
	if old, ok := f.receipts[h]; ok && !r.join(old) {
		return f.twoReceipts(h, old)
	}
	f.receipts[h] = r
	return nil
}

func (f *file) twoReceipts(h fundtrail.Hash, old receipt) error {
	return fmt.Errorf("the receipt of transaction %s stands differently at line %d of a table of receipts: %w", fundtrail.TxID{Chain: f.chain, Hash: h}, old.where.Line, fundtrail.ErrConflict)
}

const (
	txsHash = iota
	txsBlock
	txsFrom
	txsTo
	txsValue
	txsPlace
	txsNonce
	txsGas
	txsGasPrice
	txsTime
	txsGasUsed
	txsPrice
	txsStatus
	txsContract
	txsBlobGas
	txsBlobPrice
	txsLayerFee
)

var transactions = format{
	name: "ethereum-etl transactions", order: 3, evm: true, row: (*file).transactionRow,
	columns: []column{
		txsHash:      {name: "hash", need: true},
		txsBlock:     {name: "block_number", need: true},
		txsFrom:      {name: "from_address", need: true},
		txsTo:        {name: "to_address", need: true},
		txsValue:     {name: "value", need: true},
		txsPlace:     {name: "transaction_index"},
		txsNonce:     {name: "nonce"},
		txsGas:       {name: "gas"},
		txsGasPrice:  {name: "gas_price"},
		txsTime:      {name: "block_timestamp"},
		txsGasUsed:   {name: "receipt_gas_used"},
		txsPrice:     {name: "receipt_effective_gas_price"},
		txsStatus:    {name: "receipt_status"},
		txsContract:  {name: "receipt_contract_address"},
		txsBlobGas:   {name: "receipt_blob_gas_used"},
		txsBlobPrice: {name: "receipt_blob_gas_price"},
		txsLayerFee:  {name: "receipt_l1_fee"},
	},
}

func (f *file) transactionRow() (err error) {
	t := fact{Tx: ledger.Tx{Chain: f.chain, Where: f.where()}}
	if err = f.hash(txsHash, &t.Hash); err != nil {
		return err
	}
	if t.Height, err = f.height(txsBlock); err != nil {
		return err
	}
	if t.Time, err = f.blockTime(txsTime); err != nil {
		return err
	}
	if t.Place, err = f.place(txsPlace); err != nil {
		return err
	}
	if t.from, err = f.payer(txsFrom, &t.sender); err != nil {
		return err
	}
	if t.value, err = f.amount(txsValue); err != nil {
		return err
	}
	if f.told(txsNonce) {
		if t.nonce, err = f.number(txsNonce, math.MaxInt64); err != nil {
			return err
		}
		t.nonceTold = true
	}
	r, err := f.receipt(receiptColumns{txsGasUsed, txsPrice, txsStatus, txsContract, txsBlobGas, txsBlobPrice, txsLayerFee})
	if err != nil {
		return err
	}
	if other, ok := f.receipts[t.Hash]; ok && !r.join(other) {
		return f.twoReceipts(t.Hash, other)
	}
	if !r.priceTold && f.told(txsGasPrice) {
		// Of a transaction in a block, nodes give the price that was paid.
		if r.price, err = f.amount(txsGasPrice); err != nil {
			return err
		}
		r.priceTold = true
	}
	if t.Outcome = r.outcome; t.Outcome == ledger.OutcomeUnknown && f.chain == fundtrail.Ethereum && t.Height < byzantium && r.gasTold && f.told(txsGas) {
		limit, err := f.number(txsGas, math.MaxInt64)
		if err != nil {
			return err
		}
		// Before Byzantium there was no REVERT: every failure took all gas. One that took
		// all gas may still have succeeded.
		if r.gasUsed < limit {
			t.Outcome = ledger.Succeeded
		}
	}
	var a [20]byte
	switch told, err := f.evm(txsTo, &a); {
	case err != nil:
		return err
	case told:
		t.to, t.toTold = f.b.EVMAddress(f.chain, &a), true
	case r.contract != fundtrail.NoAddress:
		t.to, t.toTold = r.contract, true
	}
	if t.feeTold = r.gasTold && r.priceTold; t.feeTold {
		t.gasUsed, t.price = r.gasUsed, r.price
	}
	t.blobFee, t.layerFee = r.blobFee, r.layerFee
	return f.transaction(&t)
}

// blockTime reads a block's time where the row tells it.
func (f *file) blockTime(c int) (int64, error) {
	if !f.told(c) {
		return ledger.UnknownTime, nil
	}
	return f.unix(c)
}

const (
	tokensToken = iota
	tokensFrom
	tokensTo
	tokensValue
	tokensTx
	tokensLog
	tokensBlock
	tokensTime
	tokensPlace
	tokensItem
)

var tokenTransfers = format{
	name: "ethereum-etl token_transfers", order: 5, evm: true, row: (*file).tokenRow,
	columns: []column{
		tokensToken: {name: "token_address", need: true},
		tokensFrom:  {name: "from_address", need: true},
		tokensTo:    {name: "to_address", need: true},
		tokensValue: {name: "value", need: true},
		tokensTx:    {name: "transaction_hash", need: true},
		tokensLog:   {name: "log_index", need: true},
		tokensBlock: {name: "block_number", need: true},
		tokensTime:  {name: "block_timestamp"},
		tokensPlace: {name: "transaction_index"},
		tokensItem:  {}, // others say which item was moved
	},
}

// maxLog is the highest log index that has a place of its own.
const maxLog = uint64(fundtrail.UnplacedLog - fundtrail.LogIndex - 1)

func (f *file) tokenRow() (err error) {
	// A transaction that failed leaves no logs, so this one did not.
	t := ledger.Tx{Chain: f.chain, Outcome: ledger.Succeeded, Where: f.where()}
	if err = f.hash(tokensTx, &t.Hash); err != nil {
		return err
	}
	if t.Height, err = f.height(tokensBlock); err != nil {
		return err
	}
	if t.Time, err = f.blockTime(tokensTime); err != nil {
		return err
	}
	if t.Place, err = f.place(tokensPlace); err != nil {
		return err
	}
	log, err := f.number(tokensLog, maxLog)
	if err != nil {
		return err
	}
	r := ledger.Row{Index: fundtrail.LogIndex + uint32(log)}
	var token [20]byte
	if told, err := f.evm(tokensToken, &token); err != nil {
		return err
	} else if !told {
		return f.bad(tokensToken, "the token's contract")
	}
	r.Asset = f.b.Asset(fundtrail.Asset{Chain: f.chain, Contract: fundtrail.EVMAddress(f.chain, token)})
	if r.From, err = f.tokenParty(tokensFrom); err != nil {
		return err
	}
	if r.To, err = f.tokenParty(tokensTo); err != nil {
		return err
	}
	if f.told(tokensItem) {
		f.sawKind(r.Asset, fundtrail.Item)
		r.Amount = fundtrail.NewAmount(1)
	} else if r.Amount, err = f.amount(tokensValue); err != nil {
		return err
	} else if f.ofItems(r.Asset) {
		r.Amount = fundtrail.NewAmount(1)
	}
	return f.addToken(t, r)
}

// tokenParty reads a side of a token transfer.
func (f *file) tokenParty(c int) (fundtrail.AddressID, error) {
	var a [20]byte
	told, err := f.evm(c, &a)
	if err == nil && !told {
		err = f.bad(c, "an address")
	}
	if err != nil {
		return 0, err
	}
	return f.holderOf(&a), nil
}
