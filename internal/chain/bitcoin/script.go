package bitcoin

import (
	"crypto/sha256"
	"encoding/binary"

	"golang.org/x/crypto/ripemd160" //nolint:staticcheck // the chains' own digest

	"github.com/fundtrail/fundtrail"
)

// A lock is what of an output's script matters for its address, in a form that takes
// little room: most outputs are locked by a hash.
type lock struct {
	kind    byte
	size    byte // of program
	program [40]byte
}

// Kinds of lock.
const (
	lockOther   = iota // no address: bare multisig, OP_RETURN, what is not understood
	lockKey            // the hash of a public key: P2PKH, and P2PK
	lockScript         // the hash of a script: P2SH
	lockWitness        // plus the version, 0 to 16: a witness program
)

const (
	opPushData1   = 0x4c
	opPushData2   = 0x4d
	opPushData4   = 0x4e
	op1           = 0x51
	op16          = 0x60
	opReturn      = 0x6a
	opDup         = 0x76
	opEqual       = 0x87
	opEqualVerify = 0x88
	opHash160     = 0xa9
	opCheckSig    = 0xac
)

// lockOf reads an output's script as the reference clients' Solver does.
//
// A script that names a public key itself (P2PK) has the address of the key's hash: whoever can
// spend the one can spend the other.
func lockOf(s []byte) (l lock) {
	switch n := len(s); {
	case n == 25 && s[0] == opDup && s[1] == opHash160 && s[2] == 20 && s[23] == opEqualVerify && s[24] == opCheckSig:
		l.set(lockKey, s[3:23])
	case n == 23 && s[0] == opHash160 && s[1] == 20 && s[22] == opEqual:
		l.set(lockScript, s[2:22])
	case n >= 4 && n <= 42 && int(s[1]) == n-2 && (s[0] == 0 && (n == 22 || n == 34) || s[0] >= op1 && s[0] <= op16):
		version := byte(0)
		if s[0] != 0 {
			version = s[0] - op1 + 1
		}
		l.set(lockWitness+version, s[2:])
	case n == 35 && s[0] == 33 && (s[1] == 2 || s[1] == 3) && s[34] == opCheckSig,
		n == 67 && s[0] == 65 && (s[1] == 4 || s[1] == 6 || s[1] == 7) && s[66] == opCheckSig:
		l.set(lockKey, hash160(s[1:n-1]))
	}
	return l
}

func (l *lock) set(kind byte, program []byte) {
	l.kind, l.size = kind, byte(copy(l.program[:], program))
}

func hash160(b []byte) []byte {
	first := sha256.Sum256(b)
	h := ripemd160.New()
	h.Write(first[:])
	return h.Sum(nil)
}

// address returns the address of what l locks; zero where there is none.
func (l *lock) address(p *Params) fundtrail.Address {
	switch {
	case l.kind == lockOther:
		return fundtrail.Address{}
	case l.kind == lockKey:
		return fundtrail.KeyHashAddress(p.Chain, [20]byte(l.program[:]))
	case l.kind == lockScript:
		return fundtrail.ScriptHashAddress(p.Chain, [20]byte(l.program[:]))
	}
	version := l.kind - lockWitness
	if p.MWEB && (version == 8 || version == 9) {
		return fundtrail.Address{} // what an extension block holds, and what enters it
	}
	return fundtrail.WitnessAddress(p.Chain, version, l.program[:l.size])
}

// memo returns what an OP_RETURN output says: the bytes it pushes, one after the other, or
// where what follows is no pushes, that as it stands.
func memo(s []byte) (data []byte, ok bool) {
	if len(s) == 0 || s[0] != opReturn {
		return nil, false
	}
	rest := s[1:]
	data = make([]byte, 0, len(rest))
	for len(rest) > 0 {
		op := rest[0]
		rest = rest[1:]
		n, width := int(op), 0
		switch op {
		case opPushData1:
			width = 1
		case opPushData2:
			width = 2
		case opPushData4:
			width = 4
		default:
			if op > opPushData4 {
				return append(data[:0], s[1:]...), true
			}
		}
		if len(rest) < width {
			return append(data[:0], s[1:]...), true
		}
		if width > 0 {
			var wide [8]byte
			copy(wide[:], rest[:width])
			n = int(binary.LittleEndian.Uint64(wide[:]))
			rest = rest[width:]
		}
		if n > len(rest) {
			return append(data[:0], s[1:]...), true
		}
		data = append(data, rest[:n]...)
		rest = rest[n:]
	}
	return data, true
}
