package evm

import (
	"encoding/binary"

	"golang.org/x/crypto/sha3"

	"github.com/fundtrail/fundtrail"
)

func keccak(parts ...[]byte) (h fundtrail.Hash) {
	d := sha3.NewLegacyKeccak256()
	for _, p := range parts {
		d.Write(p)
	}
	d.Sum(h[:0])
	return h
}

// readMove reads a log as a token transfer.
func readMove(e *event) (fundtrail.TokenMove, bool) {
	return fundtrail.ReadTokenMove(e.topics, e.data)
}

// amountOf reads the first 32 bytes as a big-endian number.
func amountOf(b []byte) fundtrail.Amount {
	_ = b[31]
	return fundtrail.AmountFromWords([4]uint64{
		binary.BigEndian.Uint64(b[24:]), binary.BigEndian.Uint64(b[16:]), binary.BigEndian.Uint64(b[8:]), binary.BigEndian.Uint64(b)})
}

// small reads a word of ABI data that is an offset or a length within it.
func small(data []byte, at uint64) (uint64, bool) {
	if at > uint64(len(data)) || uint64(len(data))-at < 32 {
		return 0, false
	}
	a := amountOf(data[at:])
	return a.Uint64(), a.IsUint64() && a.Uint64() <= uint64(len(data))
}
