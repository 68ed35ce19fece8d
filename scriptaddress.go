package fundtrail

// Addresses of bitcoin's family made from what scripts hold, rather than from text.

// KeyHashAddress returns the address of the hash of a public key (P2PKH) on a chain of
// bitcoin's family. It panics on another chain: the chain is the program's choice, not
// input.
func KeyHashAddress(chain Chain, hash [20]byte) Address {
	p := coinOf(chain, "KeyHashAddress")
	if p.cashPrefix != "" {
		return Address{chain, encodeCash(p.cashPrefix, false, hash[:])}
	}
	return Address{chain, encodeCheck(p.pubKeyHash, hash[:])}
}

// ScriptHashAddress returns the address of the hash of a script (P2SH), as
// [KeyHashAddress] does.
func ScriptHashAddress(chain Chain, hash [20]byte) Address {
	p := coinOf(chain, "ScriptHashAddress")
	if p.cashPrefix != "" {
		return Address{chain, encodeCash(p.cashPrefix, true, hash[:])}
	}
	return Address{chain, encodeCheck(p.scriptHash[0], hash[:])}
}

// WitnessAddress returns the address of a witness program (BIP-141). It is zero where
// there is none: on a chain without segwit, and of a version or length that BIP-141 and
// BIP-173 leave out.
func WitnessAddress(chain Chain, version byte, program []byte) Address {
	p := coinOf(chain, "WitnessAddress")
	n := len(program)
	if p.hrp == "" || version > 16 || n < 2 || n > 40 || version == 0 && n != 20 && n != 32 {
		return Address{}
	}
	return Address{chain, encodeSegwit(p.hrp, version, program)}
}

func coinOf(chain Chain, caller string) *coinParams {
	info := chain.info()
	if info == nil || info.Family != FamilyBitcoin {
		panic("fundtrail: " + caller + " on " + string(chain))
	}
	return &info.coin
}

// encodeSegwit is the inverse of decodeSegwit.
func encodeSegwit(hrp string, version byte, program []byte) string {
	var text [maxAddress]byte
	n := copy(text[:], hrp)
	text[n] = '1'
	n++
	c := uint64(1)
	for i := range len(hrp) {
		c = bechCode.step(c, hrp[i]>>5)
	}
	c = bechCode.step(c, 0)
	for i := range len(hrp) {
		c = bechCode.step(c, hrp[i]&31)
	}
	put := func(group byte) {
		c = bechCode.step(c, group)
		text[n] = alphabet32[group]
		n++
	}
	put(version)
	var acc uint
	var left int
	for _, b := range program {
		for acc, left = acc<<8|uint(b), left+8; left >= 5; left -= 5 {
			put(byte(acc>>(left-5)) & 31)
		}
	}
	if left > 0 {
		put(byte(acc<<(5-left)) & 31)
	}
	for range 6 {
		c = bechCode.step(c, 0)
	}
	if version == 0 {
		c ^= bech32Sum
	} else {
		c ^= bech32mSum
	}
	for i := range 6 {
		text[n] = alphabet32[c>>(5*(5-i))&31]
		n++
	}
	return string(text[:n])
}
