package evm

import (
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/decred/dcrd/dcrec/secp256k1/v4/ecdsa"

	"github.com/fundtrail/fundtrail"
)

// A signature is what a transaction is signed with, and what was signed.
type signature struct {
	v      uint64
	r, s   fundtrail.Amount
	signed fundtrail.Hash
}

// digest works out what was signed: the transaction without its signature, with its type
// before it, or with the chain's number behind it (EIP-155). It leaves in v which of two
// possible keys it was.
func (s *signature) digest(kind byte, unsigned []byte, chainID uint64) error {
	switch {
	case kind > 0:
		s.signed = keccak(appendList(append(make([]byte, 0, len(unsigned)+8), kind), unsigned))
	case s.v == 27 || s.v == 28:
		s.v -= 27
		s.signed = keccak(appendList(make([]byte, 0, len(unsigned)+8), unsigned))
	case s.v >= 35 && (s.v-35)/2 == chainID:
		s.v = (s.v - 35) % 2
		more := append(make([]byte, 0, len(unsigned)+12), unsigned...)
		more = append(appendUint(more, chainID), 0x80, 0x80)
		s.signed = keccak(appendList(make([]byte, 0, len(more)+8), more))
	default:
		return fmt.Errorf("its signature's v is %d, which is not of chain %d: %w", s.v, chainID, fundtrail.ErrConflict)
	}
	if s.v > 1 {
		return fmt.Errorf("its signature's parity is %d: %w", s.v, fundtrail.ErrInvalid)
	}
	return nil
}

// sender returns the address whose key signed.
func (s *signature) sender() (a address, err error) {
	var compact [65]byte
	compact[0] = 27 + byte(s.v)
	putAmount(compact[1:33], s.r)
	putAmount(compact[33:], s.s)
	key, _, err := ecdsa.RecoverCompact(compact[:], s.signed[:])
	if err != nil {
		return a, fmt.Errorf("no key can have made its signature: %w", fundtrail.ErrInvalid)
	}
	h := keccak(key.SerializeUncompressed()[1:])
	return address(h[12:]), nil
}

func putAmount(into []byte, a fundtrail.Amount) {
	w := a.Words()
	for i := range into {
		into[i] = byte(w[3-i/8] >> (56 - 8*(i%8)))
	}
}

// recoverSenders finds who signed each transaction, on all processors.
func recoverSenders(txs []tx) error {
	errs := make([]error, len(txs))
	var next atomic.Int64
	var all sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), (len(txs)+15)/16) {
		all.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= len(txs) {
					return
				}
				txs[i].from, errs[i] = txs[i].signed.sender()
			}
		})
	}
	all.Wait()
	for i, err := range errs {
		if err != nil {
			return fmt.Errorf("transaction %d: %w", i, err)
		}
	}
	return nil
}
