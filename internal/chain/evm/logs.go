package evm

import (
	"encoding/binary"

	"golang.org/x/crypto/sha3"

	"github.com/fundtrail/fundtrail"
)

// The first topics of the events that move tokens.
var (
	topicTransfer   = topicOf("Transfer(address,address,uint256)") // ERC-20 and ERC-721
	topicSingle     = topicOf("TransferSingle(address,address,address,uint256,uint256)")
	topicBatch      = topicOf("TransferBatch(address,address,address,uint256[],uint256[])")
	topicDeposit    = topicOf("Deposit(address,uint256)")
	topicWithdrawal = topicOf("Withdrawal(address,uint256)")
)

func topicOf(signature string) fundtrail.Hash { return keccak([]byte(signature)) }

func keccak(parts ...[]byte) (h fundtrail.Hash) {
	d := sha3.NewLegacyKeccak256()
	for _, p := range parts {
		d.Write(p)
	}
	d.Sum(h[:0])
	return h
}

// A moveKind is a standard by which a log moves tokens.
type moveKind uint8

const (
	fungible moveKind = iota // ERC-20: amount in base units
	item                     // ERC-721: one item
	items                    // ERC-1155: as many as were moved, of all ids together
	wrapping                 // Deposit or Withdrawal, of a contract that wraps the chain's coin
)

// A move is a token transfer as a log tells it. The zero address is nobody.
type move struct {
	kind     moveKind
	from, to address
	amount   fundtrail.Amount
}

// readMove reads a log as a token transfer. Which contracts are tokens nobody says: a log
// that has a transfer's form is taken for one, and any other is not.
//
// ERC-721 has the event of ERC-20 with a fourth topic, the item's number; it moves one.
// Tokens older than the standard do not index the event's arguments: the words of topics
// and data together then tell, as ethereum-etl reads them, and cannot be told apart from
// an amount.
func readMove(e *event) (m move, ok bool) {
	if len(e.topics) == 0 {
		return m, false
	}
	n := len(e.topics)
	var from, to fundtrail.Hash
	switch e.topics[0] {
	case topicTransfer:
		if n > 4 || len(e.data) != 32*(4-n) {
			return m, false
		}
		var words [3]fundtrail.Hash
		k := copy(words[:], e.topics[1:])
		for i := range 3 - k {
			words[k+i] = fundtrail.Hash(e.data[32*i:])
		}
		from, to = words[0], words[1]
		m.amount = amountOf(words[2][:])
		if n == 4 {
			m.kind, m.amount = item, fundtrail.NewAmount(1)
		}
	case topicSingle:
		if n != 4 || len(e.data) != 64 {
			return m, false
		}
		m.kind, from, to, m.amount = items, e.topics[2], e.topics[3], amountOf(e.data[32:])
	case topicBatch:
		if n != 4 {
			return m, false
		}
		m.kind, from, to = items, e.topics[2], e.topics[3]
		if m.amount, ok = batchSum(e.data); !ok {
			return m, false
		}
	case topicDeposit, topicWithdrawal:
		if n != 2 || len(e.data) != 32 {
			return m, false
		}
		m.kind, m.amount = wrapping, amountOf(e.data)
		if from = e.topics[1]; e.topics[0] == topicDeposit {
			from, to = to, from
		}
	default:
		return m, false
	}
	m.from, ok = topicParty(&from)
	if !ok {
		return m, false
	}
	m.to, ok = topicParty(&to)
	return m, ok
}

// topicParty reads an address that fills a word from the right; what is longer is none.
func topicParty(h *fundtrail.Hash) (a address, ok bool) {
	return address(h[12:]), [12]byte(h[:12]) == [12]byte{}
}

// amountOf reads the first 32 bytes as a big-endian number.
func amountOf(b []byte) fundtrail.Amount {
	_ = b[31]
	return fundtrail.AmountFromWords([4]uint64{
		binary.BigEndian.Uint64(b[24:]), binary.BigEndian.Uint64(b[16:]), binary.BigEndian.Uint64(b[8:]), binary.BigEndian.Uint64(b)})
}

// batchSum adds up the amounts of ERC-1155's TransferBatch: two arrays of equal length.
func batchSum(data []byte) (sum fundtrail.Amount, ok bool) {
	ids, ok1 := arrayAt(data, 0)
	amounts, ok2 := arrayAt(data, 32)
	if !ok1 || !ok2 || len(ids) != len(amounts) {
		return sum, false
	}
	for ; len(amounts) > 0; amounts = amounts[32:] {
		var over bool
		if sum, over = sum.Add(amountOf(amounts)); over {
			return sum, false
		}
	}
	return sum, true
}

// arrayAt returns the words of the ABI array whose offset stands at a place.
func arrayAt(data []byte, at int) ([]byte, bool) {
	offset, ok := small(data, uint64(at))
	if !ok {
		return nil, false
	}
	n, ok := small(data, offset)
	if !ok || n > (uint64(len(data))-offset-32)/32 {
		return nil, false
	}
	return data[offset+32:][:32*n], true
}

// small reads a word of ABI data that is an offset or a length within it.
func small(data []byte, at uint64) (uint64, bool) {
	if at > uint64(len(data)) || uint64(len(data))-at < 32 {
		return 0, false
	}
	a := amountOf(data[at:])
	return a.Uint64(), a.IsUint64() && a.Uint64() <= uint64(len(data))
}
