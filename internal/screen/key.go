package screen

import (
	"github.com/fundtrail/fundtrail"
)

// A key is what controls an address, whatever spells it: one key has one address on
// every chain of its kind. Its first byte is the kind, the rest are the bytes.
type key [1 + 32]byte

// The kinds of keys. Spellings of different kinds never name one key.
const (
	keyNone byte = iota
	// keyAccount is 20 bytes on every EVM chain and on Tron, a hash of a public key or
	// the address of a contract.
	keyAccount
	// keyPublic is the hash of a public key in bitcoin's family, whether an output pays
	// to it in the old form (1..., L..., D..., q...) or as a witness program (bc1q...):
	// whoever can spend one can spend the other, because both ask for the same public
	// key and its signature.
	keyPublic
	keyScript   // the hash of a script in bitcoin's family, 20 bytes
	keyScript32 // the same in 32 bytes, bitcoin cash only
	keySolana   // 32 bytes of base58
	keyWitness  // and on: keyWitness+version, other witness programs of 32 bytes
)

// A form is the way a text spells a key.
type form byte

const (
	formNone    form = iota
	formHex          // 0x and 40 digits
	formBare         // 40 digits without 0x
	formWord         // 20 bytes in a word of 32, as logs and calldata have them
	formTronHex      // 41 and 40 digits, with or without 0x
	formTron         // base58check beginning with T
	formCheck        // base58check of bitcoin's family
	formCash         // cashaddr
	formSegwit       // bech32, bech32m
	formSolana       // base58 of 32 bytes
)

// A spelling is what a text spells.
type spelling struct {
	key  key
	form form
	// chain is the one chain that the spelling is of, "" where it is good on several.
	chain fundtrail.Chain
}

func newKey(kind byte, b []byte) (k key) {
	k[0] = kind
	copy(k[1:], b)
	return k
}

// witnessKey is the key of a witness program. Programs of 20 and of 32 bytes are all that
// wallets make; what has another length is screened by its letters.
func witnessKey(version byte, program []byte) (key, bool) {
	if version == 0 && len(program) == 20 {
		return newKey(keyPublic, program), true
	}
	if len(program) != 32 {
		return key{}, false
	}
	return newKey(keyWitness+version, program), true
}

// What spell reads is at least as long as XRP's shortest address, and at most as long
// as bitcoin cash's longest, of 32 bytes with its prefix.
const shortest, longest = 25, 75

// spell reads what controls the address that s spells. It does not look at EIP-55, and
// takes forms that people write and no chain prints, such as 40 digits without 0x.
// The key is zero when s has no form of a chain known here; it then may still be an
// address of another chain, which is screened by its letters.
func spell(s string) (sp spelling) {
	if len(s) < shortest || len(s) > longest {
		return spelling{}
	}
	switch s[0] {
	case '0':
		if s[1] == 'x' || s[1] == 'X' {
			return spellHex(s[2:], true)
		}
	case 'b', 'B', 'l', 'L':
		if chain, version, program, err := fundtrail.DecodeSegwit(new([128]byte), s); err == nil {
			if k, ok := witnessKey(version, program); ok {
				return spelling{k, formSegwit, chain}
			}
			return spelling{}
		}
	}
	switch n := len(s); {
	case n <= 35:
		return spellCheck(s)
	case n == 40 || n == 42 || n == 64:
		if sp := spellHex(s, false); sp.form != formNone {
			return sp
		}
	}
	if script, hash, err := fundtrail.DecodeCash(new([128]byte), s); err == nil {
		kind := keyPublic
		switch {
		case len(hash) == 32:
			kind = keyScript32
		case script:
			kind = keyScript
		}
		return spelling{newKey(kind, hash), formCash, fundtrail.BitcoinCash}
	}
	if len(s) <= 44 {
		return spellSolana(s)
	}
	return spelling{}
}

// spellHex reads hexadecimal digits, behind a 0x or not.
func spellHex(digits string, prefixed bool) spelling {
	f := formBare
	switch len(digits) {
	case 40:
		if prefixed {
			f = formHex
		}
	case 42:
		if digits[:2] != "41" {
			return spelling{}
		}
		digits, f = digits[2:], formTronHex
	case 64: // a word: 12 bytes of nothing and an address
		for i := range 24 {
			if digits[i] != '0' {
				return spelling{}
			}
		}
		digits, f = digits[24:], formWord
	default:
		return spelling{}
	}
	sp := spelling{form: f}
	sp.key[0] = keyAccount
	for i := range 20 {
		high, low := hexDigits[digits[2*i]], hexDigits[digits[2*i+1]]
		if high|low > 15 {
			return spelling{}
		}
		sp.key[1+i] = high<<4 | low
	}
	if f == formTronHex {
		sp.chain = fundtrail.Tron
	}
	return sp
}

// hexDigits are the values of hexadecimal digits, 255 for what is none.
var hexDigits = func() (values [256]byte) {
	for i := range values {
		values[i] = 255
	}
	for i := range byte(10) {
		values['0'+i] = i
	}
	for i := range byte(6) {
		values['a'+i], values['A'+i] = 10+i, 10+i
	}
	return values
}()

// versions are the base58check versions of the chains known here, from their reference
// clients' chainparams.cpp; address.go of the module's root has the same.
var versions = [256]struct {
	kind  byte
	form  form
	chain fundtrail.Chain
}{
	0x00: {keyPublic, formCheck, ""}, // bitcoin and bitcoin cash
	0x05: {keyScript, formCheck, ""}, // and litecoin, in its old form
	0x30: {keyPublic, formCheck, fundtrail.Litecoin},
	0x32: {keyScript, formCheck, fundtrail.Litecoin},
	0x1e: {keyPublic, formCheck, fundtrail.Dogecoin},
	0x16: {keyScript, formCheck, fundtrail.Dogecoin},
	0x41: {keyAccount, formTron, fundtrail.Tron},
}

func spellCheck(s string) spelling {
	version, payload, err := fundtrail.DecodeBase58Check(new([32]byte), s)
	if err != nil || len(payload) != 20 {
		if len(s) >= 32 {
			return spellSolana(s)
		}
		return spelling{}
	}
	v := &versions[version]
	if v.kind == keyNone {
		return spelling{}
	}
	return spelling{newKey(v.kind, payload), v.form, v.chain}
}

func spellSolana(s string) spelling {
	if len(s) < 32 {
		return spelling{}
	}
	b, err := fundtrail.DecodeBase58(new([32]byte), s)
	if err != nil || len(b) != 32 {
		return spelling{}
	}
	// Bech32 of a chain not known here can happen to be base58 of 32 bytes. The root's
	// reader knows; it is asked only for text in one case, which a key hardly ever is.
	if oneCase(s) {
		if _, err := fundtrail.ParseAddress(fundtrail.Solana, s); err != nil {
			return spelling{}
		}
	}
	return spelling{newKey(keySolana, b), formSolana, fundtrail.Solana}
}

// caseless reports whether the letters' case says nothing in the form: base58 is the
// one where it does.
func (f form) caseless() bool {
	switch f {
	case formHex, formBare, formWord, formTronHex, formCash, formSegwit:
		return true
	}
	return false
}

// on reports whether the form is how addresses of the chain are written.
func (sp spelling) on(chain fundtrail.Chain) bool {
	info, ok := chain.Info()
	if !ok {
		return true
	}
	switch sp.form {
	case formHex, formBare, formWord:
		return info.Family == fundtrail.FamilyEVM
	case formCheck:
		if sp.chain == "" && sp.key[0] == keyScript && chain == fundtrail.Litecoin {
			return true
		}
		return sp.chain == chain || sp.chain == "" && (chain == fundtrail.Bitcoin || chain == fundtrail.BitcoinCash)
	case formNone:
		return false
	}
	return sp.chain == chain
}

// oneCase reports whether ASCII text does not mix upper and lower case.
func oneCase(s string) bool {
	var lower, upper bool
	for i := range len(s) {
		lower = lower || s[i] >= 'a' && s[i] <= 'z'
		upper = upper || s[i] >= 'A' && s[i] <= 'Z'
	}
	return !lower || !upper
}

// fold appends s in lower case, ASCII letters alone, to b.
func fold(b []byte, s string) []byte {
	for i := range len(s) {
		c := s[i]
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		b = append(b, c)
	}
	return b
}

// foldedAll is fold as a string.
func foldedAll(s string) string { return string(fold(nil, s)) }

// allHex reports whether s is hexadecimal digits, at least as many as a hash has.
func allHex(s string) bool {
	for i := range len(s) {
		if hexDigits[s[i]] > 15 {
			return false
		}
	}
	return len(s) >= 40
}
