package fundtrail

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/sha3"
)

// An Address is a checked address on one chain, in that chain's own spelling:
// base58check, bech32 in lower case, cashaddr with its prefix, 0x and lower-case
// hexadecimal, Tron's base58check, Solana's base58. It is comparable, so it can be
// a map key, and two spellings of one address are one Address. Make one with
// [ParseAddress].
type Address struct {
	chain Chain
	text  string
}

// Chain returns the chain the address is on.
func (a Address) Chain() Chain { return a.chain }

// String returns the address in its chain's own spelling. ParseAddress of it
// gives the same Address again.
func (a Address) String() string { return a.text }

// IsZero reports whether a is no address at all.
func (a Address) IsZero() bool { return a.text == "" }

// Compare orders addresses by chain, then by spelling.
func (a Address) Compare(b Address) int {
	if c := strings.Compare(string(a.chain), string(b.chain)); c != 0 {
		return c
	}
	return strings.Compare(a.text, b.text)
}

// MarshalText returns the address's spelling, without its chain.
func (a Address) MarshalText() ([]byte, error) { return []byte(a.text), nil }

// Payload returns what the spelling encodes, without network or checksum: 20
// bytes on EVM chains and Tron, a public key's or script's hash or a witness
// program in bitcoin's family, 32 bytes on Solana. It is nil for the zero Address.
//
// One key has the same 20 bytes on every EVM chain and on Tron, so equal payloads
// there mean one key holder. That is not true of contracts: whoever deployed the
// bytes on one chain need not own them on another.
func (a Address) Payload() []byte {
	info := a.chain.info()
	if info == nil || a.IsZero() {
		return nil
	}
	switch info.Family {
	case FamilyEVM:
		p, _ := hex.DecodeString(a.text[2:])
		return p
	case FamilyTron:
		_, p, _ := decodeCheck(new([32]byte), a.text)
		return p
	case FamilySolana:
		p, _ := decode58(new([32]byte), a.text)
		return p
	}
	return info.coin.payload(a.text)
}

// EVMAddress returns the address with the given 20 bytes on an EVM chain or Tron.
// It panics on another chain: the chain is the program's choice, not input.
func EVMAddress(chain Chain, payload [20]byte) Address {
	if info := chain.info(); info != nil {
		switch info.Family {
		case FamilyEVM:
			var text [42]byte
			text[0], text[1] = '0', 'x'
			hex.Encode(text[2:], payload[:])
			return Address{info.Chain, string(text[:])}
		case FamilyTron:
			return Address{info.Chain, encodeCheck(tronVersion, payload[:])}
		}
	}
	panic("fundtrail: EVMAddress on " + string(chain))
}

// ParseAddress reads an address of the given chain. It never repairs: surrounding
// space, a missing 0x or a wrong letter is an error. What it refuses wraps one of
//   - [ErrBadChecksum]: a form of address, of this chain or another, whose checksum
//     does not hold: a typing error;
//   - [ErrWrongNetwork]: a good address of another chain, which the error names
//     when it is known;
//   - [ErrUnknownForm]: anything else, which includes a letter that the form does
//     not have, and a chain that is not known.
//
// Case: EIP-55 is checked when hexadecimal digits have mixed case; bech32 and
// cashaddr may be all upper or all lower case, never mixed. Hexadecimal in one
// case, and Solana's base58, have no checksum: there a wrong letter goes unnoticed.
//
// Some spellings are good on several chains: base58check beginning with 1 on bitcoin
// and bitcoin cash, with 3 on litecoin too, 0x and 40 digits on every EVM chain.
// Spellings that mean the same on one chain are one Address: bitcoin cash's legacy and
// token-aware forms are those of its q and p addresses, litecoin's old script
// addresses beginning with 3 are those beginning with M, and Tron's hexadecimal
// form (41 and 40 digits, with or without 0x) is its base58check.
func ParseAddress(chain Chain, s string) (Address, error) {
	info := chain.info()
	if info == nil {
		return Address{}, fmt.Errorf("parse address %q: chain %q is not known: %w", short(s), short(string(chain)), ErrUnknownForm)
	}
	text, err := info.parse(s)
	if err != nil {
		if !errors.Is(err, ErrBadChecksum) {
			err = info.elsewhere(s, err)
		}
		return Address{}, fmt.Errorf("parse %s address %q: %w", info.Name, short(s), err)
	}
	return Address{info.Chain, text}, nil
}

// maxAddress bounds what is looked at: more than any form has, and little enough
// that hostile length costs nothing.
const maxAddress = 128

// errForm says that a text does not have a form at all, so that there is nothing to
// say but which form was wanted.
var errForm = errors.New("another form")

// The parse functions below return the chain's own spelling, or an error that wraps
// ErrBadChecksum, or one that says what is against the form, or errForm.

func (info *ChainInfo) parse(s string) (string, error) {
	if s == "" {
		return "", errors.New("empty")
	}
	if len(s) > maxAddress {
		return "", fmt.Errorf("%d bytes long", len(s))
	}
	switch info.Family {
	case FamilyEVM:
		return parseEVM(s)
	case FamilyTron:
		return parseTron(s)
	case FamilySolana:
		return parseSolana(s)
	}
	return info.coin.parse(s)
}

// form says what the chain's addresses look like.
func (info *ChainInfo) form() string {
	switch info.Family {
	case FamilyEVM:
		return "0x and 40 hexadecimal digits"
	case FamilyTron:
		return "base58check beginning with T, or 41 and 40 hexadecimal digits"
	case FamilySolana:
		return "base58 of 32 bytes"
	}
	return info.coin.form
}

// elsewhere makes the error for a text that does not have the chain's form, for the
// reason given: which other network it is an address of, or would be but for a typing
// error, else what was wanted.
func (info *ChainInfo) elsewhere(s string, reason error) error {
	if _, err := ParseHash(s); err == nil {
		reason = errors.New("it is a hash, as of a transaction")
	}
	unknown := fmt.Errorf("%w; want %s: %w", reason, info.form(), ErrUnknownForm)
	if reason == errForm {
		unknown = fmt.Errorf("want %s: %w", info.form(), ErrUnknownForm)
	}
	if len(s) > maxAddress {
		return unknown
	}
	var other string
	var typo error
	found := func(name string, parse func(string) (string, error)) bool {
		_, err := parse(s)
		if err != nil && typo == nil && errors.Is(err, ErrBadChecksum) {
			typo = fmt.Errorf("it looks like an address of another chain: %w", err)
		}
		other = name
		return err == nil
	}
	foundCoin := func() bool {
		for i := range chains {
			if c := &chains[i]; c.Family == FamilyBitcoin && found(c.Name, c.coin.parse) {
				return true
			}
		}
		for i := range testNetworks {
			if n := &testNetworks[i]; found(n.name, n.coin.parse) {
				return true
			}
		}
		return false
	}
	switch {
	case found("an EVM chain", parseEVM), found("Tron", parseTron), foundCoin():
		return fmt.Errorf("it is an address of %s: %w", other, ErrWrongNetwork)
	}
	if prefix := strangeNetwork(s); prefix != "" {
		return fmt.Errorf("it is of a chain not known here, with %s: %w", prefix, ErrWrongNetwork)
	}
	if typo != nil {
		return typo
	}
	// 32 bytes of base58 have no checksum, so that form says least and comes last.
	if found("Solana", parseSolana) {
		return fmt.Errorf("it has the form of an address of %s: %w", other, ErrWrongNetwork)
	}
	return unknown
}

// strangeNetwork describes the network prefix of a text whose checksum holds, or
// returns "".
func strangeNetwork(s string) string {
	if version, payload, err := decodeCheck(new([32]byte), s); err == nil {
		switch len(payload) {
		case 20:
			return fmt.Sprintf("base58check version %#02x", version)
		case 21: // Zcash and its kin have versions of two bytes
			return fmt.Sprintf("base58check version %#02x%02x", version, payload[0])
		}
	}
	if hrp := strangeBech32(s); hrp != "" {
		return fmt.Sprintf("bech32 prefix %q", hrp)
	}
	if n := strings.LastIndexByte(s, ':'); isStrangePrefix(s, n) {
		if _, err := decodeCash(new([maxAddress]byte), s[:n], s, n+1); err == nil {
			return fmt.Sprintf("cashaddr prefix %q", s[:n])
		}
	}
	return ""
}

// strangeBech32 returns the prefix of bech32 whose checksum holds, when that is of no
// network known here.
func strangeBech32(s string) (hrp string) {
	var buf [maxAddress]byte
	if n := strings.LastIndexByte(s, '1'); isStrangePrefix(s, n) {
		if _, _, err := decodeBech32(&buf, s, n); err == nil {
			return s[:n]
		}
	}
	return ""
}

// isStrangePrefix reports whether s begins with n letters, at least one, that are no
// base32 prefix of a network known here.
func isStrangePrefix(s string, n int) bool {
	if n <= 0 {
		return false
	}
	for i := range n {
		if c := s[i] | 0x20; c < 'a' || c > 'z' {
			return false
		}
	}
	has := func(p *coinParams) bool {
		return strings.EqualFold(s[:n], p.hrp) || strings.EqualFold(s[:n], p.cashPrefix)
	}
	for i := range chains {
		if has(&chains[i].coin) {
			return false
		}
	}
	for i := range testNetworks {
		if has(&testNetworks[i].coin) {
			return false
		}
	}
	return true
}

// A strange says which letter a form does not have, and where: s[at] begins it. It
// makes its text when asked, because most of them are never read.
type strange struct {
	s    string
	at   int
	form string
}

func (e *strange) Error() string {
	r, _ := utf8.DecodeRuneInString(e.s[e.at:])
	return fmt.Sprintf("%q at letter %d is not %s", r, utf8.RuneCountInString(e.s[:e.at])+1, e.form)
}

// parseEVM reads 0x and 40 hexadecimal digits. EIP-55: the case of a letter is
// the checksum, when both cases occur.
func parseEVM(s string) (string, error) {
	if !strings.HasPrefix(s, "0x") {
		return "", errForm
	}
	var lower, upper bool
	for i := 2; i < len(s); i++ {
		switch c := s[i]; {
		case c >= '0' && c <= '9':
		case c >= 'a' && c <= 'f':
			lower = true
		case c >= 'A' && c <= 'F':
			upper = true
		default:
			return "", &strange{s, i, "hexadecimal"}
		}
	}
	if len(s) != 42 {
		return "", fmt.Errorf("%d digits after 0x", len(s)-2)
	}
	if !upper {
		return s, nil
	}
	low := strings.ToLower(s)
	if lower && ChecksumCase(low) != s {
		return "", fmt.Errorf("the case of its letters breaks EIP-55: %w", ErrBadChecksum)
	}
	return low, nil
}

// ChecksumCase returns 0x and 40 lower-case hexadecimal digits with the case of
// the letters set as EIP-55 asks, which is how wallets show an address. Text of
// any other length is returned as it is.
func ChecksumCase(low string) string {
	if len(low) != 42 {
		return low
	}
	out := []byte(low)
	h := sha3.NewLegacyKeccak256()
	h.Write(out[2:])
	sum := h.Sum(nil)
	for i := range out[2:] {
		nibble := sum[i/2] >> (4 * (1 - i%2)) & 0xf
		if c := out[2+i]; c >= 'a' && c <= 'f' && nibble >= 8 {
			out[2+i] = c - 'a' + 'A'
		}
	}
	return string(out)
}

// tronVersion is Tron's main network prefix, which makes base58check begin with T.
const tronVersion = 0x41

// parseTron reads base58check, or 41 and 40 hexadecimal digits with or without 0x,
// as Tron's own HTTP API writes it.
func parseTron(s string) (string, error) {
	if h := strings.TrimPrefix(s, "0x"); len(h) == 42 && h[:2] == "41" {
		var b [21]byte
		if _, err := hex.Decode(b[:], []byte(h)); err == nil {
			return encodeCheck(tronVersion, b[1:]), nil
		}
	}
	var buf [32]byte
	version, payload, err := decodeCheck(&buf, s)
	if err != nil {
		return "", err
	}
	if version != tronVersion || len(payload) != 20 {
		return "", errForm
	}
	return s, nil
}

// parseSolana reads base58 of 32 bytes. There is no checksum: any such text is an
// address, and a wrong letter is not noticed.
func parseSolana(s string) (string, error) {
	var buf [32]byte
	b, err := decode58(&buf, s)
	if err != nil {
		return "", err
	}
	if len(b) != 32 {
		return "", fmt.Errorf("base58 of %d bytes", len(b))
	}
	// Bech32 of 43 or 44 letters can happen to be base58 of 32 bytes; its checksum is
	// the better witness.
	if oneCase(s) && strangeBech32(s) != "" {
		return "", errForm
	}
	return s, nil
}

// parse reads an address of bitcoin's family.
func (p *coinParams) parse(s string) (string, error) {
	reason := errForm
	switch {
	case p.cashPrefix != "":
		text, err := parseCash(p.cashPrefix, s)
		if err == nil {
			return text, nil
		}
		reason = err
	case p.isSegwit(s):
		var buf [maxAddress]byte
		if _, reason = p.decodeSegwit(&buf, s); reason == nil {
			return strings.ToLower(s), nil
		}
	}
	// Even then it may be base58check: litecoin has addresses that begin with LTC1.
	text, err := p.parseCheck(s)
	if err != nil && reason != errForm {
		return "", reason
	}
	return text, err
}

// parseCheck reads the base58check of a public key's or a script's hash.
func (p *coinParams) parseCheck(s string) (string, error) {
	var buf [32]byte
	version, hash, err := decodeCheck(&buf, s)
	if err != nil {
		return "", err
	}
	script := bytes.IndexByte(p.scriptHash, version) >= 0
	switch {
	case len(hash) != 20, !script && version != p.pubKeyHash:
		return "", errForm
	case p.cashPrefix != "":
		return encodeCash(p.cashPrefix, script, hash), nil
	case script && version != p.scriptHash[0]:
		return encodeCheck(p.scriptHash[0], hash), nil
	}
	return s, nil
}

// payload undoes parse's canonical spellings.
func (p *coinParams) payload(text string) []byte {
	var hash []byte
	switch {
	case p.cashPrefix != "":
		_, hash, _ = cashHash(new([maxAddress]byte), p.cashPrefix, text)
	case p.hrp != "" && strings.HasPrefix(text, p.hrp): // no base58check address begins so
		hash, _ = p.decodeSegwit(new([maxAddress]byte), text)
	default:
		_, hash, _ = decodeCheck(new([32]byte), text)
	}
	return hash
}

// decodeCheck decodes base58check into buf: a version byte, a payload, and the first
// four bytes of their double SHA-256.
func decodeCheck(buf *[32]byte, s string) (version byte, payload []byte, err error) {
	b, err := decode58(buf, s)
	if err != nil {
		return 0, nil, err
	}
	if len(b) < 5 {
		return 0, nil, errForm
	}
	body, sum := b[:len(b)-4], b[len(b)-4:]
	if checksum(body) != [4]byte(sum) {
		// An address is 25 bytes, a byte more or less when a letter is doubled or lost.
		if len(b) < 24 || len(b) > 26 {
			return 0, nil, errForm
		}
		return 0, nil, errCheck
	}
	return body[0], body[1:], nil
}

var errCheck = fmt.Errorf("base58check: %w", ErrBadChecksum)

func encodeCheck(version byte, payload []byte) string {
	var b [32]byte
	b[0] = version
	n := 1 + copy(b[1:], payload)
	sum := checksum(b[:n])
	n += copy(b[n:], sum[:])
	return encode58(b[:n])
}

func checksum(b []byte) [4]byte {
	first := sha256.Sum256(b)
	second := sha256.Sum256(first[:])
	return [4]byte(second[:])
}

const alphabet58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"

// digits58 are the values of base58's letters plus one, 0 for what is none.
var digits58 = func() (values [256]byte) {
	for i, c := range []byte(alphabet58) {
		values[c] = byte(i + 1)
	}
	return values
}()

// decode58 decodes base58 of at most 32 bytes, the most that an address here has,
// into the end of buf, which must be zero.
func decode58(buf *[32]byte, s string) ([]byte, error) {
	zeros := 0
	for zeros < len(s) && s[zeros] == '1' {
		zeros++
	}
	var number Amount
	for i := zeros; i < len(s); {
		var chunk, scale uint64 = 0, 1
		for end := min(i+10, len(s)); i < end; i++ { // 58^10 fits 64 bits
			d := digits58[s[i]]
			if d == 0 {
				return nil, &strange{s, i, "base58"}
			}
			chunk, scale = chunk*58+uint64(d-1), scale*58
		}
		if number.mulAdd(scale, chunk) {
			return nil, errForm
		}
	}
	for i, w := range number.words {
		binary.BigEndian.PutUint64(buf[24-8*i:], w)
	}
	first := 0
	for first < len(buf) && buf[first] == 0 {
		first++
	}
	if zeros > first {
		return nil, errForm
	}
	return buf[first-zeros:], nil
}

// encode58 is the inverse of decode58.
func encode58(b []byte) string {
	var wide [32]byte
	copy(wide[len(wide)-len(b):], b)
	var number Amount
	for i := range number.words {
		number.words[i] = binary.BigEndian.Uint64(wide[24-8*i:])
	}
	var text [50]byte // 32 bytes are at most 44 letters
	at := len(text)
	for !number.IsZero() {
		chunk := number.divide(430_804_206_899_405_824) // 58^10
		for range 10 {
			at--
			text[at] = alphabet58[chunk%58]
			chunk /= 58
		}
	}
	for at < len(text) && text[at] == '1' {
		at++
	}
	for i := 0; i < len(b) && b[i] == 0; i++ {
		at--
		text[at] = '1'
	}
	return string(text[at:])
}
