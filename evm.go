package fundtrail

import (
	"encoding/binary"
	"math"
	"math/bits"

	"golang.org/x/crypto/sha3"
)

// CreatedContract returns the address of the contract that an account's transaction
// creates: the last 20 bytes of keccak256(rlp([sender, nonce])) (Yellow Paper, section 7).
func CreatedContract(sender [20]byte, nonce uint64) (contract [20]byte) {
	h := sha3.NewLegacyKeccak256()
	h.Write(creationList(sender, nonce))
	copy(contract[:], h.Sum(nil)[12:])
	return contract
}

// creationList returns rlp([sender, nonce]).
func creationList(sender [20]byte, nonce uint64) []byte {
	list := append([]byte{0, 0x80 + 20}, sender[:]...)
	switch {
	case nonce == 0:
		list = append(list, 0x80)
	case nonce < 0x80:
		list = append(list, byte(nonce))
	default:
		n := (bits.Len64(nonce) + 7) / 8
		list = append(list, 0x80+byte(n))
		list = append(list, binary.BigEndian.AppendUint64(nil, nonce)[8-n:]...)
	}
	list[0] = 0xc0 + byte(len(list)-1)
	return list
}

// What a protocol moves without a transaction (rewards, withdrawals, the genesis
// state) stands in the ledger as a transaction of the block whose hash is a plain text
// and the block's height: it can be read, and no real hash can be mistaken for it. These
// are their places, after all that was signed.
const (
	DepositsPlace    = math.MaxUint32 - 4 // what a rollup makes of deposits on layer 1
	RewardsPlace     = math.MaxUint32 - 3
	WithdrawalsPlace = math.MaxUint32 - 2
	StateChangePlace = math.MaxUint32 - 1
)

// ProtocolHash returns the hash of such a transaction: the text, zeros, and the height
// as a big-endian number in the last eight bytes.
func ProtocolHash(text string, height int64) (h Hash) {
	copy(h[:24], text)
	binary.BigEndian.PutUint64(h[24:], uint64(height))
	return h
}
