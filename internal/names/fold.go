package names

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// A script is a writing system that is read in its own way here.
type script uint8

const (
	latin script = iota
	cyrillic
	greek
	arabic
	hebrew
	hangul
	han
	kana
	other // by the general table
)

func scriptOf(r rune) script {
	switch {
	case r < 0x250 || unicode.Is(unicode.Latin, r):
		return latin
	case unicode.Is(unicode.Cyrillic, r):
		return cyrillic
	case unicode.Is(unicode.Greek, r):
		return greek
	case unicode.Is(unicode.Arabic, r):
		return arabic
	case unicode.Is(unicode.Hebrew, r):
		return hebrew
	case unicode.Is(unicode.Hangul, r):
		return hangul
	case unicode.Is(unicode.Han, r) || r == '々':
		return han
	case unicode.Is(unicode.Hiragana, r) || unicode.Is(unicode.Katakana, r) || r == 'ー':
		return kana
	}
	return other
}

// A piece is a run of one script between spaces and punctuation.
type piece struct {
	text   string // normalised, lower case
	shown  string // as written, for readers
	script script
	dotted bool // made of letters with full stops: "J.P."
}

// maxText and maxPieces bound the work a hostile name can cause, far above real ones:
// the longest on the lists has 350 bytes and 48 words. What lies beyond is not read.
const (
	maxText   = 2048
	maxPieces = 64
)

// split cuts a name into pieces.
func split(name string) []piece {
	if len(name) > maxText {
		name = name[:maxText]
	}
	// Width, ligatures and presentation forms first: half-width kana, ﷲ, ㈜.
	text := []rune(norm.NFKC.String(strings.ToValidUTF8(name, " ")))
	var out []piece
	var b, shown strings.Builder
	var cur script
	flush := func() {
		if b.Len() > 0 && len(out) < maxPieces {
			out = append(out, piece{text: b.String(), shown: shown.String(), script: cur})
		}
		b.Reset()
		shown.Reset()
	}
	letter := func(i int) bool { return i >= 0 && i < len(text) && unicode.IsLetter(text[i]) }
	for i := 0; i < len(text); i++ {
		r := text[i]
		switch {
		case unicode.IsLetter(r) || unicode.IsDigit(r) || r == 'ー' || r == '々':
			sc := scriptOf(r)
			if unicode.IsDigit(r) {
				sc = cur
				if b.Len() == 0 || cur == han || cur == hangul || cur == kana {
					sc = latin
				}
			}
			if b.Len() > 0 && sc != cur {
				flush()
			}
			cur = sc
			writeFolded(&b, r)
			shown.WriteRune(r)
		case unicode.Is(unicode.Mn, r) || unicode.Is(unicode.Mc, r):
			// A mark that did not compose: harakat, niqqud, a Latin accent. Indic and
			// Thai vowel signs carry the vowel and are kept.
			if b.Len() > 0 && cur == other {
				b.WriteRune(r)
			}
			if b.Len() > 0 {
				shown.WriteRune(r)
			}
		case unicode.Is(unicode.Cf, r) || r == 'ـ':
			// Joiners, direction marks and the Arabic stretch write nothing.
		case isApostrophe(r) || r == '?' && letter(i-1) && letter(i+1):
			// "Mu'tassim", "People's". A question mark between letters is what lists
			// show for a letter or apostrophe that a conversion lost.
			if b.Len() > 0 && letter(i+1) {
				shown.WriteRune(r)
			}
		case r == '.' && letter(i-1) && letter(i+1) && !letter(i-2) && !letter(i+2):
			// "J.P.", "L.L.C.": letters with full stops are one piece.
			n := dottedRun(text[i-1:])
			for _, c := range text[i : i-1+n] {
				if c != '.' {
					writeFolded(&b, c)
				}
				shown.WriteRune(c)
			}
			i += n - 2
			flush()
			if len(out) > 0 {
				out[len(out)-1].dotted = true
			}
		case r == '&' || r == '+':
			flush()
			cur = latin
			b.WriteString("and")
			shown.WriteRune(r)
			flush()
		case r == '%':
			flush()
			cur = latin
			b.WriteString("percent")
			shown.WriteRune(r)
			flush()
		default:
			flush()
		}
	}
	flush()
	return out
}

// dottedRun is the length of "A.B.C" at the start of a text.
func dottedRun(text []rune) int {
	n := 1
	for n+1 < len(text) && text[n] == '.' && unicode.IsLetter(text[n+1]) && (n+2 >= len(text) || !unicode.IsLetter(text[n+2])) {
		n += 2
	}
	return n
}

func isApostrophe(r rune) bool {
	return strings.ContainsRune("'’‘`´ʼʻʿʾ′״׳", r)
}

// writeFolded writes a letter in lower case and, where it is Latin, without accents.
func writeFolded(b *strings.Builder, r rune) {
	r = unicode.ToLower(r)
	if r < 0x80 {
		b.WriteRune(r)
		return
	}
	if s, ok := latinLetters[r]; ok {
		b.WriteString(s)
		return
	}
	if unicode.Is(unicode.Latin, r) || unicode.Is(unicode.Greek, r) {
		for _, d := range norm.NFD.String(string(r)) {
			if !unicode.Is(unicode.Mn, d) {
				b.WriteRune(d)
			}
		}
		return
	}
	b.WriteRune(r)
}

// latinLetters are those that do not decompose into a basic letter and a mark, or
// that names write otherwise when they have no such key.
var latinLetters = map[rune]string{
	'ß': "ss", 'æ': "ae", 'œ': "oe", 'ø': "o", 'đ': "d", 'ð': "d", 'þ': "th", 'ł': "l",
	'ı': "i", 'ħ': "h", 'ŧ': "t", 'ə': "a", 'ŋ': "ng", 'ɓ': "b", 'ɗ': "d", 'ƙ': "k", 'ƴ': "y",
	'ʻ': "", 'ʼ': "", 'ʹ': "", 'ʺ': "", 'º': "", 'ª': "",
}
