package fundtrail

import (
	"hash"
	"sync"

	"golang.org/x/crypto/sha3"
)

// Decoding without a chain, for those who ask what a text could be an address of
// before they know where. Nothing here allocates unless a letter is against the form.
// Errors wrap [ErrBadChecksum] where the form is right and the checksum is not.

// DecodeBase58 decodes base58 of at most 32 bytes into buf.
func DecodeBase58(buf *[32]byte, s string) ([]byte, error) {
	if len(s) > maxAddress {
		return nil, errForm
	}
	*buf = [32]byte{}
	return decode58(buf, s)
}

// DecodeBase58Check decodes base58check into buf: a version byte, and a payload whose
// checksum holds.
func DecodeBase58Check(buf *[32]byte, s string) (version byte, payload []byte, err error) {
	if len(s) > maxAddress {
		return 0, nil, errForm
	}
	*buf = [32]byte{}
	return decodeCheck(buf, s)
}

// DecodeSegwit decodes bech32 or bech32m, in one case, into buf: the chain of bitcoin's
// family that its prefix names, and the witness program with its version.
func DecodeSegwit(buf *[128]byte, s string) (chain Chain, version byte, program []byte, err error) {
	if len(s) > maxAddress {
		return "", 0, nil, errForm
	}
	for i := range chains {
		if p := &chains[i].coin; p.isSegwit(s) {
			if program, err = p.decodeSegwit(buf, s); err != nil {
				return "", 0, nil, err
			}
			return chains[i].Chain, digits32[s[len(p.hrp)+1]] - 1, program, nil
		}
	}
	return "", 0, nil, errForm
}

// DecodeCash decodes a cashaddr of bitcoin cash with or without its prefix, in one
// case, into buf: the hash of a script or of a public key.
func DecodeCash(buf *[128]byte, s string) (script bool, hash []byte, err error) {
	if len(s) == 0 || len(s) > maxAddress {
		return false, nil, errForm
	}
	return cashHash(buf, BitcoinCash.info().coin.cashPrefix, s)
}

// EIP55Holds reports whether the case of the letters of 0x and 40 hexadecimal digits is
// what EIP-55 asks, or says nothing because it is all one.
func EIP55Holds(s string) bool {
	if len(s) != 42 || oneCase(s[2:]) {
		return true
	}
	k := keccaks.Get().(*keccak)
	defer keccaks.Put(k)
	for i := range k.digits {
		k.digits[i] = lowerLetter(s[2+i])
	}
	k.Reset()
	k.Write(k.digits[:])
	sum := k.Sum(k.sum[:0])
	for i, c := range k.digits {
		upper := sum[i/2]>>(4*(1-i%2))&0xf >= 8
		if c >= 'a' && c <= 'f' && upper != (s[2+i] != c) {
			return false
		}
	}
	return true
}

// A keccak is what one check needs, kept because screening checks millions.
type keccak struct {
	hash.Hash
	digits [40]byte
	sum    [32]byte
}

var keccaks = sync.Pool{New: func() any { return &keccak{Hash: sha3.NewLegacyKeccak256()} }}
