package evm

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/fundtrail/fundtrail"
)

// What nodes answer. A pointer tells a member that must be there, or may be null, from one
// that is zero.

type rpcHeader struct {
	Number       *quantity
	Hash         *hash
	ParentHash   *hash
	Timestamp    *quantity
	Miner        *party
	Difficulty   amount
	BaseFee      *amount   `json:"baseFeePerGas"`
	BlobGasUsed  *quantity // since Cancun
	Uncles       []hash
	Withdrawals  []rpcWithdrawal
	BlockExtra   data              `json:"blockExtraData"` // Avalanche: its atomic transactions
	Transactions []json.RawMessage // hashes, or rpcTx
}

type rpcWithdrawal struct {
	Index   *quantity
	Address *party
	Amount  *quantity // in gwei
}

type rpcTx struct {
	Hash             *hash
	BlockHash        *hash
	TransactionIndex *quantity
	Type             quantity
	From             *party
	To               *party // null in a creation
	Value            *amount
	Nonce            quantity
	Gas              quantity
	GasPrice         *amount
	Mint             *amount // OP stack: what a deposit from layer 1 makes
}

type rpcReceipt struct {
	TransactionHash   *hash
	TransactionIndex  *quantity
	BlockHash         *hash
	GasUsed           *quantity
	EffectiveGasPrice *amount
	Status            *quantity // null before Byzantium
	ContractAddress   *party
	BlobGasUsed       *quantity
	BlobGasPrice      *amount
	L1Fee             *amount `json:"l1Fee"` // OP stack
	Logs              []rpcLog
}

type rpcLog struct {
	Address  *party
	Topics   []hash
	Data     data
	LogIndex *quantity
	Removed  bool
}

// broken is the error for an answer that cannot be what was asked for.
func broken(format string, args ...any) error {
	err := fmt.Errorf(format, args...)
	if errors.Is(err, fundtrail.ErrInvalid) {
		return fmt.Errorf("the answer is broken: %w", err)
	}
	return fmt.Errorf("the answer is broken: %w: %w", err, fundtrail.ErrInvalid)
}

// parse reads an answer, which must be one JSON value of the form of v.
func parse(raw json.RawMessage, v any) error {
	if len(raw) == 0 || bytes.Equal(raw, []byte("null")) {
		return broken("it is null")
	}
	if err := json.Unmarshal(raw, v); err != nil {
		return broken("%w", err)
	}
	return nil
}

// block checks a header and begins a block with it.
func (h *rpcHeader) block(chain fundtrail.Chain) (*block, error) {
	switch {
	case h.Number == nil, h.Hash == nil, h.ParentHash == nil, h.Timestamp == nil, h.Miner == nil:
		return nil, broken("a block without its number, hash, parentHash, timestamp or miner")
	case *h.Number > maxHeight || *h.Timestamp > maxTime:
		return nil, broken("a block of height %d and time %d", *h.Number, *h.Timestamp)
	}
	b := &block{miner: address(*h.Miner), cancun: h.BlobGasUsed != nil, mined: !fundtrail.Amount(h.Difficulty).IsZero()}
	b.Block = fundtrail.Block{Chain: chain, Height: int64(*h.Number), Hash: fundtrail.Hash(*h.Hash), Parent: fundtrail.Hash(*h.ParentHash),
		Time: time.Unix(int64(*h.Timestamp), 0).UTC()}
	if h.BaseFee != nil {
		b.base, b.baseTold = fundtrail.Amount(*h.BaseFee), true
	}
	if len(h.BlockExtra) > 0 {
		b.odd = true
	}
	for _, w := range h.Withdrawals {
		if w.Index == nil || w.Address == nil || w.Amount == nil {
			return nil, broken("a withdrawal without index, address or amount")
		}
		a, _ := fundtrail.NewAmount(uint64(*w.Amount)).Mul(gwei)
		b.withdrawals = append(b.withdrawals, withdrawal{uint64(*w.Index), address(*w.Address), a})
	}
	return b, b.checkWithdrawals()
}

// readBlock reads the block of a height with its transactions.
func readBlock(raw json.RawMessage, chain fundtrail.Chain, height int64) (b *block, h *rpcHeader, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("block %d: %w", height, err)
		}
	}()
	h = &rpcHeader{}
	if err := parse(raw, h); err != nil {
		return nil, nil, err
	}
	if b, err = h.block(chain); err != nil {
		return nil, nil, err
	}
	if b.Height != height {
		return nil, nil, broken("it is block %d", b.Height)
	}
	b.txs = make([]tx, len(h.Transactions))
	for i, raw := range h.Transactions {
		if err := b.readTx(i, raw); err != nil {
			return nil, nil, fmt.Errorf("transaction %d: %w", i, err)
		}
	}
	return b, h, nil
}

// Types of transactions from which on a chain's own rules say what they move: Arbitrum's
// are 0x64 to 0x6a, Polygon's state sync is 0x7f. The OP stack's deposits, 0x7e, are known.
const (
	firstOwnType = 0x64
	depositType  = 0x7e
)

func (b *block) readTx(i int, raw json.RawMessage) error {
	var r rpcTx
	if err := parse(raw, &r); err != nil {
		return err
	}
	switch {
	case r.Hash == nil, r.From == nil, r.Value == nil:
		return broken("it has no hash, from or value")
	case r.BlockHash == nil || fundtrail.Hash(*r.BlockHash) != b.Hash, r.TransactionIndex == nil || *r.TransactionIndex != quantity(i):
		return broken("it is of another block or place")
	case fundtrail.Hash(*r.Hash) == fundtrail.Hash{}:
		return broken("its hash is zero")
	}
	t := &b.txs[i]
	*t = tx{hash: fundtrail.Hash(*r.Hash), from: address(*r.From), value: fundtrail.Amount(*r.Value), nonce: uint64(r.Nonce), gas: uint64(r.Gas)}
	if r.To == nil {
		t.creates = true
	} else {
		t.to = address(*r.To)
	}
	if r.GasPrice != nil {
		t.price = fundtrail.Amount(*r.GasPrice)
	}
	if r.Mint != nil {
		t.mint = fundtrail.Amount(*r.Mint)
	}
	if r.Type >= firstOwnType && r.Type != depositType {
		b.odd = true
	}
	return nil
}

// readReceipts adds the receipts of all the block's transactions.
func (b *block) readReceipts(list []rpcReceipt) error {
	if len(list) != len(b.txs) {
		return broken("block %d has %d transactions and %d receipts", b.Height, len(b.txs), len(list))
	}
	next := uint64(0)
	for i := range list {
		if err := b.readReceipt(i, &list[i], &next); err != nil {
			return fmt.Errorf("block %d: the receipt of transaction %d: %w", b.Height, i, err)
		}
	}
	return nil
}

func (b *block) readReceipt(i int, r *rpcReceipt, next *uint64) error {
	t := &b.txs[i]
	switch {
	case r.TransactionHash == nil || fundtrail.Hash(*r.TransactionHash) != t.hash, r.BlockHash == nil || fundtrail.Hash(*r.BlockHash) != b.Hash,
		r.TransactionIndex != nil && *r.TransactionIndex != quantity(i):
		return broken("it is of another transaction or block")
	case r.GasUsed == nil || *r.GasUsed > maxGas:
		return broken("it does not say how much gas was used")
	case r.Status != nil && *r.Status > 1:
		return broken("a status of %d", *r.Status)
	}
	t.gasUsed = uint64(*r.GasUsed)
	switch {
	case r.Status != nil && *r.Status == 1:
		t.outcome = succeeded
	case r.Status != nil:
		t.outcome = failed
	case t.gasUsed < t.gas && b.Chain == fundtrail.Ethereum && b.Height < byzantium:
		t.outcome = succeeded // before REVERT every failure took all gas
	}
	if r.EffectiveGasPrice != nil {
		t.price = fundtrail.Amount(*r.EffectiveGasPrice)
	}
	if t.creates {
		t.to = fundtrail.CreatedContract(t.from, t.nonce)
		if r.ContractAddress != nil {
			t.to = address(*r.ContractAddress)
		}
	}
	if r.BlobGasUsed != nil && r.BlobGasPrice != nil {
		var over bool
		if t.blobFee, over = fundtrail.NewAmount(uint64(*r.BlobGasUsed)).Mul(fundtrail.Amount(*r.BlobGasPrice)); over {
			return broken("a fee for blobs of more than 256 bits")
		}
	}
	if r.L1Fee != nil {
		t.dataFee = fundtrail.Amount(*r.L1Fee)
	}
	t.logs = make([]event, len(r.Logs))
	for k, l := range r.Logs {
		switch {
		case l.Address == nil || l.LogIndex == nil || len(l.Topics) > 4 || l.Removed:
			return broken("log %d has no address or no index, more than four topics, or was removed", k)
		case uint64(*l.LogIndex) < *next || uint64(*l.LogIndex) > maxLog:
			return broken("log %d has index %d after %d", k, *l.LogIndex, *next)
		}
		*next = uint64(*l.LogIndex) + 1
		e := event{contract: address(*l.Address), data: l.Data, index: uint32(*l.LogIndex)}
		for _, topic := range l.Topics {
			e.topics = append(e.topics, fundtrail.Hash(topic))
		}
		t.logs[k] = e
	}
	return nil
}
