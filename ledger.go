package fundtrail

import (
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Facts: what a ledger records. They are append-only, and each can be looked up
// again by whoever doubts it.

// An Asset is a chain's native coin (zero Contract) or a token on it.
type Asset struct {
	Chain    Chain
	Contract Address
}

// NativeAsset returns a chain's own coin.
func NativeAsset(c Chain) Asset { return Asset{Chain: c} }

// String returns "eth" for a native coin and "eth/0x…" for a token.
func (a Asset) String() string {
	if a.Contract.IsZero() {
		return string(a.Chain)
	}
	return string(a.Chain) + "/" + a.Contract.String()
}

// IsZero reports whether a is no asset at all.
func (a Asset) IsZero() bool { return a == Asset{} }

// ParseAsset reads what [Asset.String] writes, with any spelling of the chain that
// [ParseChain] reads and of the contract that [ParseAddress] does. Its errors wrap
// [ErrInvalid].
func ParseAsset(s string) (Asset, error) {
	slug, contract, token := strings.Cut(s, "/")
	chain, err := ParseChain(slug)
	if err != nil {
		return Asset{}, fmt.Errorf("parse asset %q: %w", short(s), err)
	}
	if !token {
		return NativeAsset(chain), nil
	}
	if info := chain.info(); info.Model == Coins {
		return Asset{}, fmt.Errorf("parse asset %q: %s has no token contracts; want %s alone: %w", short(s), info.Name, chain, ErrInvalid)
	}
	a, err := ParseAddress(chain, contract)
	if err != nil {
		return Asset{}, fmt.Errorf("parse asset %q: %w", short(s), err)
	}
	return Asset{chain, a}, nil
}

// Compare orders assets by chain, native coin first, then by contract.
func (a Asset) Compare(b Asset) int {
	if c := strings.Compare(string(a.Chain), string(b.Chain)); c != 0 {
		return c
	}
	return a.Contract.Compare(b.Contract)
}

// A Hash is the 32-byte digest by which a chain names a transaction or a block.
// Bitcoin's family shows it with its bytes reversed; here it is as shown.
type Hash [32]byte

// ParseHash reads 64 hexadecimal digits in any case, with or without 0x. Its errors
// wrap [ErrInvalid].
func ParseHash(s string) (h Hash, err error) {
	digits := strings.TrimPrefix(s, "0x")
	if len(digits) != 2*len(h) {
		return Hash{}, fmt.Errorf("parse hash %q: want 64 hexadecimal digits, not %d letters: %w", short(s), len(digits), ErrInvalid)
	}
	if _, err := hex.Decode(h[:], []byte(digits)); err != nil {
		return Hash{}, fmt.Errorf("parse hash %q: want 64 hexadecimal digits: %w", short(s), ErrInvalid)
	}
	return h, nil
}

// A TxID names a transaction.
type TxID struct {
	Chain Chain
	Hash  Hash
}

// String returns the hash as the chain's explorers write it: with 0x on EVM
// chains, without elsewhere.
func (t TxID) String() string {
	s := hex.EncodeToString(t.Hash[:])
	if info := t.Chain.info(); info != nil && info.Family == FamilyEVM {
		return "0x" + s
	}
	return s
}

// IsZero reports whether t names nothing.
func (t TxID) IsZero() bool { return t == TxID{} }

// A Block is a header: enough to order, to date, and to notice a reorganisation.
type Block struct {
	Chain        Chain
	Height       int64
	Hash, Parent Hash
	Time         time.Time
}

// A Transaction is what was signed; its Transfers are what it moved.
type Transaction struct {
	ID        TxID
	Block     Block
	Place     uint32 // its place in the block, 0 first
	Failed    bool   // it moved nothing but its fee; of an account chain
	Partial   bool   // of some input neither address nor amount is known; of a coin chain
	Transfers []Transfer
	Events    []Event // contract logs and memos, for protocols to recognise
}

// BlockFacts are what a source tells of one block, which may be empty.
type BlockFacts struct {
	Block        Block
	Transactions []Transaction // in order
	Whole        Kinds         // the kinds of transfer of which none is missing
}

// A Transfer moves one asset within one transaction. On an account chain it has
// one input and one output, fewer for a mint (no input) or a burn (no output); on
// a coin chain it has all of the transaction's, and inputs sum to outputs plus Fee.
// A fee of an account chain is a transfer of its own: its Fee is what was paid, and
// it has an output only when the recipient is known.
type Transfer struct {
	ID      TransferID
	Asset   Asset
	Inputs  []Entry
	Outputs []Entry
	Fee     Amount
}

// A TransferID names a transfer: its transaction and its place within it. The
// place is a property of the chain, never of the file that was read, so that a
// citation holds whichever files were loaded; see [ValueIndex].
type TransferID struct {
	Tx    TxID
	Index uint32
}

// Places of transfers within a transaction of an account chain. They are also the
// order in which the transfers of one transaction take effect: the value sent,
// then internal transfers in trace order, then token transfers in log order, then
// the fee. FIFO and LIFO depend on this order, so it is part of their definition.
const (
	ValueIndex uint32 = 0             // the value of the transaction itself
	TraceIndex uint32 = 0             // plus n: the n-th internal transfer that moved value, from 1
	LogIndex   uint32 = 1_000_000     // plus the log's index in its block, on Tron in its transaction: a token transfer
	FeeIndex   uint32 = 2_000_000_000 // the fee; its parts, where told, stand above: see doc/formats.md
)

// MixIndex stands in place of an output where what is cited is all that went into a mix of
// a coin chain: the inputs, and none of the outputs.
const MixIndex uint32 = 2_100_000_000

// An Entry is what one address put into, or took out of, a transfer. Address is
// zero where a script has no address.
type Entry struct {
	Address Address
	Amount  Amount
	Spends  TransferOutput // inputs of a coin chain only
}

// A TransferOutput names one output of a transfer (Bitcoin's outpoint).
type TransferOutput struct {
	Transfer TransferID
	Output   uint32
}

// String returns "hash:index" of an account chain's transfer and "hash:output" of
// a coin chain's, where every transaction is one transfer.
func (o TransferOutput) String() string {
	n := o.Transfer.Index
	if info := o.Transfer.Tx.Chain.info(); info != nil && info.Model == Coins {
		n = o.Output
	}
	return o.Transfer.Tx.String() + ":" + strconv.FormatUint(uint64(n), 10)
}

// A Receipt is a payment that is known from elsewhere than the ledger, as from the events
// of a contract that paid it.
type Receipt struct {
	Tx      TxID
	Address Address // that got it
	Asset   Asset
	Amount  Amount
	Time    time.Time
	Height  int64 // of its block, 0 where that is not told
}

// An Event is a log a contract emitted, or a memo (OP_RETURN, Tron data).
type Event struct {
	Contract Address
	Topics   []Hash
	Data     []byte
}

// Coverage says which part of a chain some data claims to hold whole. It is a fact
// about the data: outside it, "not seen" means nothing.
type Coverage struct {
	Chain     Chain
	Address   Address // zero: every address
	FromBlock int64
	ToBlock   int64
	What      Kinds // the kinds of transfer that are whole
	Source    string
}

// Kinds is a set of kinds of transfer.
type Kinds uint8

const (
	ValueTransfers    Kinds = 1 << iota // value sent by transactions themselves
	InternalTransfers                   // value moved by contracts
	TokenTransfers                      // transfers of tokens
	Fees
	AllKinds = ValueTransfers | InternalTransfers | TokenTransfers | Fees
)

// String lists the kinds, such as "value, fees". It is empty for none.
func (k Kinds) String() string {
	var names []string
	for i, name := range []string{"value", "internal", "token", "fees"} {
		if k&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return strings.Join(names, ", ")
}
