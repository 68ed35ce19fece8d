package fundtrail

import (
	"encoding/binary"

	"golang.org/x/crypto/sha3"
)

// EventTopic returns the first topic of an event of an EVM contract: the hash of its
// signature, such as "Transfer(address,address,uint256)".
func EventTopic(signature string) (h Hash) {
	d := sha3.NewLegacyKeccak256()
	d.Write([]byte(signature))
	d.Sum(h[:0])
	return h
}

// The first topics of the events that move tokens.
var (
	topicTransfer   = EventTopic("Transfer(address,address,uint256)") // ERC-20 and ERC-721
	topicSingle     = EventTopic("TransferSingle(address,address,address,uint256,uint256)")
	topicBatch      = EventTopic("TransferBatch(address,address,address,uint256[],uint256[])")
	topicDeposit    = EventTopic("Deposit(address,uint256)")
	topicWithdrawal = EventTopic("Withdrawal(address,uint256)")
)

// A TokenKind is a standard by which a log moves tokens.
type TokenKind uint8

const (
	Fungible TokenKind = iota // ERC-20: amount in base units
	Item                      // ERC-721: one item
	Items                     // ERC-1155: as many as were moved, of all ids together
	Wrapping                  // Deposit or Withdrawal, of a contract that wraps the chain's coin
)

// A TokenMove is a token transfer as a contract's log tells it. The zero address is nobody.
type TokenMove struct {
	Kind     TokenKind
	From, To [20]byte
	Amount   Amount
}

// ReadTokenMove reads a log as a token transfer. Which contracts are tokens nobody says: a
// log that has a transfer's form is taken for one, and any other is not. Every source of
// logs reads them by this rule, so that all come to the same facts.
//
// ERC-721 has the event of ERC-20 with a fourth topic, the item's number; it moves one.
// Tokens older than the standard do not index the event's arguments: the words of topics
// and data together then tell, as ethereum-etl reads them, and cannot be told apart from
// an amount.
func ReadTokenMove(topics []Hash, data []byte) (m TokenMove, ok bool) {
	n := len(topics)
	if n == 0 {
		return m, false
	}
	var from, to Hash
	switch topics[0] {
	case topicTransfer:
		if n > 4 || len(data) != 32*(4-n) {
			return m, false
		}
		var words [3]Hash
		k := copy(words[:], topics[1:])
		for i := range 3 - k {
			words[k+i] = Hash(data[32*i:])
		}
		from, to = words[0], words[1]
		m.Amount = wordAmount(words[2][:])
		if n == 4 {
			m.Kind, m.Amount = Item, NewAmount(1)
		}
	case topicSingle:
		if n != 4 || len(data) != 64 {
			return m, false
		}
		m.Kind, from, to, m.Amount = Items, topics[2], topics[3], wordAmount(data[32:])
	case topicBatch:
		if n != 4 {
			return m, false
		}
		m.Kind, from, to = Items, topics[2], topics[3]
		if m.Amount, ok = batchSum(data); !ok {
			return m, false
		}
	case topicDeposit, topicWithdrawal:
		if n != 2 || len(data) != 32 {
			return m, false
		}
		m.Kind, m.Amount = Wrapping, wordAmount(data)
		if from = topics[1]; topics[0] == topicDeposit {
			from, to = to, from
		}
	default:
		return m, false
	}
	m.From, ok = topicParty(&from)
	if !ok {
		return m, false
	}
	m.To, ok = topicParty(&to)
	return m, ok
}

// MovesTokens reports whether a log with that first topic may be a token transfer, so that
// the rest of others need not be read.
func MovesTokens(topic Hash) bool {
	switch topic {
	case topicTransfer, topicSingle, topicBatch, topicDeposit, topicWithdrawal:
		return true
	}
	return false
}

// topicParty reads an address that fills a word from the right; what is longer is none.
func topicParty(h *Hash) (a [20]byte, ok bool) {
	return [20]byte(h[12:]), [12]byte(h[:12]) == [12]byte{}
}

// wordAmount reads the first 32 bytes as a big-endian number.
func wordAmount(b []byte) Amount {
	_ = b[31]
	return Amount{[4]uint64{binary.BigEndian.Uint64(b[24:]), binary.BigEndian.Uint64(b[16:]), binary.BigEndian.Uint64(b[8:]), binary.BigEndian.Uint64(b)}}
}

// batchSum adds up the amounts of ERC-1155's TransferBatch: two arrays of equal length.
func batchSum(data []byte) (sum Amount, ok bool) {
	ids, ok1 := arrayAt(data, 0)
	amounts, ok2 := arrayAt(data, 32)
	if !ok1 || !ok2 || len(ids) != len(amounts) {
		return sum, false
	}
	for ; len(amounts) > 0; amounts = amounts[32:] {
		var over bool
		if sum, over = sum.Add(wordAmount(amounts)); over {
			return sum, false
		}
	}
	return sum, true
}

// arrayAt returns the words of the ABI array whose offset stands at a place.
func arrayAt(data []byte, at int) ([]byte, bool) {
	offset, ok := wordWithin(data, uint64(at))
	if !ok {
		return nil, false
	}
	n, ok := wordWithin(data, offset)
	if !ok || n > (uint64(len(data))-offset-32)/32 {
		return nil, false
	}
	return data[offset+32:][:32*n], true
}

// wordWithin reads a word of ABI data that is an offset or a length within it.
func wordWithin(data []byte, at uint64) (uint64, bool) {
	if at > uint64(len(data)) || uint64(len(data))-at < 32 {
		return 0, false
	}
	a := wordAmount(data[at:])
	return a.Uint64(), a.IsUint64() && a.Uint64() <= uint64(len(data))
}
