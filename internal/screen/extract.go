package screen

import (
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/fundtrail/fundtrail"
)

// clean makes plain letters of what people paste: compatibility forms such as full
// width (NFKC), without what cannot be seen, and without surrounding space. Text of
// plain ASCII costs nothing.
func clean(s string) string {
	s = strings.TrimSpace(s)
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			s = strings.Map(visible, s)
			return strings.TrimSpace(norm.NFKC.String(s))
		}
	}
	return s
}

// visible drops zero-width characters, marks of direction, soft hyphens, and selectors
// of variants.
func visible(r rune) rune {
	if r < utf8.RuneSelf {
		return r
	}
	if unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Variation_Selector, r) || r == '\u034f' || r == '\u3164' {
		return -1
	}
	return r
}

// alnum are the letters that addresses are made of.
var alnum = func() (set [256]bool) {
	for i := range set {
		c := byte(i)
		set[i] = c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
	}
	return set
}()

// mostLetters bounds the runs that are looked at as a whole: no form is longer.
const mostLetters = 128

// scan visits what may be an address in text: runs of letters and digits, and inside of
// them 0x and 40 digits. The work is linear in the text, because a run is bounded and
// what is found inside of one does not overlap.
func scan(s string, visit func(run string) (taken bool)) {
	for i := 0; i < len(s); {
		if !alnum[s[i]] {
			i++
			continue
		}
		start := i
		for i < len(s) && alnum[s[i]] {
			i++
		}
		run := s[start:i]
		if len(run) < shortest {
			continue
		}
		if len(run) <= mostLetters && visit(run) {
			continue
		}
		scanHex(run, visit)
	}
}

// scanHex visits 0x and 40 digits that are glued to letters before them, or to letters
// behind them that are no digits.
func scanHex(run string, visit func(string) bool) {
	for {
		i := strings.IndexAny(run, "xX")
		if i < 0 {
			return
		}
		n := i + 1
		for n < len(run) && hexDigits[run[n]] <= 15 {
			n++
		}
		if i > 0 && run[i-1] == '0' && n-i-1 == 40 && len(run) > 42 {
			visit(run[i-1 : n])
		}
		run = run[n:]
	}
}

// A reading is one address that a list's wallet or a text holds.
type reading struct {
	spelling
	text   string
	tagged bool
}

// readWallet reads what a list writes for one wallet: one address, or several in one
// field, or letters that are none on a chain known here. Where letters lost their case,
// only what does not depend on it is decoded.
func readWallet(w *fundtrail.Wallet) []reading {
	text := clean(w.Text)
	if text == "" {
		if w.Address.IsZero() {
			return nil
		}
		text = w.Address.String()
	}
	if sp := spell(text); sp.form != formNone && (!w.CaseLost || sp.form.caseless()) {
		return []reading{{spelling: sp, text: text}}
	}
	if w.CaseLost {
		return []reading{{text: text}}
	}
	if !w.Address.IsZero() {
		if s := w.Address.String(); s != text {
			return []reading{{text: text}, {spelling: spell(s), text: s}}
		}
	}
	out := []reading{{text: text}}
	low := strings.ToLower(text)
	tagged := strings.Contains(low, "tag") || strings.Contains(low, "memo")
	scan(text, func(run string) bool {
		if len(run) == len(text) {
			return false
		}
		sp := spell(run)
		if sp.form == formNone && foreign(run) == "" {
			return false
		}
		out = append(out, reading{sp, run, tagged})
		return true
	})
	return out
}

// foreign names the network of an address that no chain known here has, and whose form
// says so; "" for other text. Such addresses are screened by their letters.
func foreign(s string) string {
	switch n := len(s); {
	case n >= 25 && n <= 36:
		if isXRP(s) {
			return "the XRP Ledger"
		}
		if version, payload, err := fundtrail.DecodeBase58Check(new([32]byte), s); err == nil && len(payload) >= 20 && !testVersion(version) {
			return "a chain not known here"
		}
	case n == 95 || n == 106:
		if (s[0] == '4' || s[0] == '8') && allBase58(s) {
			return "Monero"
		}
	case n == 56:
		if s[0] == 'G' && allBase32(s) {
			return "Stellar"
		}
	case n == 58:
		if allBase32(s) {
			return "Algorand"
		}
	}
	if i := strings.LastIndexByte(s, '1'); i > 0 && len(s)-i > 6 && oneCase(s) && !testPrefix(s[:i]) {
		// The root's reader checks the checksum for any prefix.
		if _, err := fundtrail.ParseAddress(fundtrail.Ethereum, s); errors.Is(err, fundtrail.ErrWrongNetwork) {
			return "a chain not known here"
		}
	}
	return ""
}

// testVersion and testPrefix tell test networks of bitcoin's family, whose coins are
// nobody's: an address there is a mistake.
func testVersion(version byte) bool {
	return version == 0x6f || version == 0xc4 || version == 0x3a || version == 0x71
}

func testPrefix(hrp string) bool {
	switch foldedAll(hrp) {
	case "tb", "bcrt", "tltc", "rltc":
		return true
	}
	return false
}

// The XRP Ledger writes base58check with an alphabet of its own.
const (
	alphabetXRP = "rpshnaf39wBUDNEGHJKLM4PQRST7VWXYZ2bcdeCg65jkm8oFqi1tuvAxyz"
	alphabet58  = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
)

var fromXRP = func() (to [256]byte) {
	for i := range len(alphabetXRP) {
		to[alphabetXRP[i]] = alphabet58[i]
	}
	return to
}()

func isXRP(s string) bool {
	if s[0] != 'r' || len(s) > 35 {
		return false
	}
	var b [35]byte
	for i := range len(s) {
		if b[i] = fromXRP[s[i]]; b[i] == 0 {
			return false
		}
	}
	version, payload, err := fundtrail.DecodeBase58Check(new([32]byte), string(b[:len(s)]))
	return err == nil && version == 0 && len(payload) == 20
}

func allBase58(s string) bool {
	for i := range len(s) {
		if strings.IndexByte(alphabet58, s[i]) < 0 {
			return false
		}
	}
	return true
}

func allBase32(s string) bool {
	for i := range len(s) {
		if c := s[i]; !(c >= 'A' && c <= 'Z' || c >= '2' && c <= '7') {
			return false
		}
	}
	return true
}
