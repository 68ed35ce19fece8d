package names

import (
	"strings"

	"github.com/mozillazg/go-unidecode"
)

// roman writes a piece in the letters a-z and figures 0-9. Chinese characters are
// read in han.go.
func roman(p piece) string {
	switch p.script {
	case latin:
		return ascii(p.text)
	case cyrillic:
		return byTable(p.text, cyrillicLetters)
	case greek:
		return greekRoman(p.text)
	case arabic:
		return arabicRoman(p.text)
	case hebrew:
		return byTable(p.text, hebrewLetters)
	case hangul:
		var b strings.Builder
		for _, r := range p.text {
			b.WriteString(syllable(r))
		}
		return b.String()
	case kana:
		return kanaRoman(p.text)
	}
	return ascii(strings.ToLower(unidecode.Unidecode(p.text)))
}

// ascii keeps letters and figures; what is neither goes through the general table.
func ascii(s string) string {
	plain := true
	for i := 0; i < len(s); i++ {
		plain = plain && isPlain(s[i])
	}
	if plain {
		return s
	}
	s = strings.ToLower(unidecode.Unidecode(s))
	return strings.Map(func(r rune) rune {
		if r < 0x80 && isPlain(byte(r)) {
			return r
		}
		return -1
	}, s)
}

func isPlain(c byte) bool { return c >= 'a' && c <= 'z' || c >= '0' && c <= '9' }

func byTable(s string, t map[rune]string) string {
	var b strings.Builder
	for _, r := range s {
		if out, ok := t[r]; ok {
			b.WriteString(out)
		} else {
			b.WriteString(ascii(string(r)))
		}
	}
	return b.String()
}

// cyrillicLetters are near to what passports and lists use (BGN/PCGN without its
// marks). Where schemes differ (я ya/ia/ja, х kh/h/ch, щ shch/sc), sound.go and the
// costs of similar.go make them alike, so that no second reading is needed.
var cyrillicLetters = map[rune]string{
	'а': "a", 'б': "b", 'в': "v", 'г': "g", 'ґ': "g", 'д': "d", 'е': "e", 'ё': "e", 'є': "ie", 'ж': "zh", 'з': "z",
	'и': "i", 'і': "i", 'ї': "i", 'й': "y", 'к': "k", 'л': "l", 'м': "m", 'н': "n", 'о': "o", 'п': "p", 'р': "r",
	'с': "s", 'т': "t", 'у': "u", 'ў': "u", 'ф': "f", 'х': "kh", 'ц': "ts", 'ч': "ch", 'ш': "sh", 'щ': "shch",
	'ъ': "", 'ы': "y", 'ь': "", 'э': "e", 'ю': "yu", 'я': "ya",
	// Serbian and Macedonian; Central Asia.
	'ђ': "dj", 'ѓ': "gj", 'ј': "j", 'љ': "lj", 'њ': "nj", 'ћ': "c", 'ќ': "kj", 'џ': "dz", 'ѕ': "dz", 'ѝ': "i", 'ѐ': "e",
	'ә': "a", 'ғ': "g", 'қ': "k", 'ң': "ng", 'ө': "o", 'ү': "u", 'ұ': "u", 'һ': "h", 'ҳ': "h", 'ҷ': "j", 'ӣ': "i", 'ӯ': "u", 'ҡ': "q", 'ҙ': "z", 'ҫ': "s",
}

var greekLetters = map[rune]string{
	'α': "a", 'β': "v", 'γ': "g", 'δ': "d", 'ε': "e", 'ζ': "z", 'η': "i", 'θ': "th", 'ι': "i", 'κ': "k", 'λ': "l", 'μ': "m",
	'ν': "n", 'ξ': "x", 'ο': "o", 'π': "p", 'ρ': "r", 'σ': "s", 'ς': "s", 'τ': "t", 'υ': "y", 'φ': "f", 'χ': "ch", 'ψ': "ps", 'ω': "o",
}

// greekPairs are read together (ELOT 743); the breathing of αυ and ευ is v before a
// vowel or a voiced consonant, and near enough elsewhere.
var greekPairs = strings.NewReplacer("ου", "u", "αυ", "av", "ευ", "ev", "γγ", "ng", "γκ", "gk", "γξ", "nx", "μπ", "b", "ντ", "nt", "τζ", "tz")

func greekRoman(s string) string { return byTable(greekPairs.Replace(s), greekLetters) }

// hebrewLetters are read without vowels. ו and י are written as the consonants; the
// comparison of bare words lets them stand for vowels.
var hebrewLetters = map[rune]string{
	'א': "a", 'ב': "b", 'ג': "g", 'ד': "d", 'ה': "h", 'ו': "w", 'ז': "z", 'ח': "h", 'ט': "t", 'י': "y", 'כ': "k", 'ך': "k",
	'ל': "l", 'מ': "m", 'ם': "m", 'נ': "n", 'ן': "n", 'ס': "s", 'ע': "a", 'פ': "p", 'ף': "f", 'צ': "ts", 'ץ': "ts", 'ק': "k", 'ר': "r", 'ש': "sh", 'ת': "t",
}

// arabicLetters cover Arabic, Persian, Urdu, Pashto and Kurdish.
var arabicLetters = map[rune]string{
	'ا': "a", 'أ': "a", 'إ': "i", 'آ': "a", 'ٱ': "a", 'ء': "", 'ئ': "y", 'ؤ': "w", 'ب': "b", 'ت': "t", 'ث': "th", 'ج': "j", 'ح': "h", 'خ': "kh",
	'د': "d", 'ذ': "dh", 'ر': "r", 'ز': "z", 'س': "s", 'ش': "sh", 'ص': "s", 'ض': "d", 'ط': "t", 'ظ': "z", 'ع': "a", 'غ': "gh", 'ف': "f",
	'ق': "q", 'ك': "k", 'ل': "l", 'م': "m", 'ن': "n", 'ه': "h", 'ة': "a", 'و': "w", 'ي': "y", 'ى': "a",
	'پ': "p", 'چ': "ch", 'ژ': "zh", 'گ': "g", 'ک': "k", 'ی': "y", 'ې': "e", 'ۀ': "h", 'ہ': "h", 'ۃ': "a", 'ھ': "h", 'ے': "e", 'ں': "n", 'ٹ': "t", 'ڈ': "d", 'ڑ': "r",
	'څ': "ts", 'ځ': "dz", 'ډ': "d", 'ړ': "r", 'ښ': "sh", 'ږ': "zh", 'ڼ': "n", 'ټ': "t", 'ګ': "g", 'ۍ': "y", 'ڤ': "v", 'ێ': "e", 'ۆ': "o", 'ڵ': "l", 'ڕ': "r", 'ە': "a",
}

func arabicRoman(s string) string { return byTable(s, arabicLetters) }

// syllable romanises a Hangul syllable by the Revised Romanization, without the
// assimilation between syllables, which names do not show (Article 3.4).
func syllable(r rune) string {
	if r < 0xac00 || r > 0xd7a3 {
		return ascii(string(r))
	}
	i := int(r - 0xac00)
	return initials[i/588] + medials[i%588/28] + finals[i%28]
}

var (
	initials = [19]string{"g", "kk", "n", "d", "tt", "r", "m", "b", "pp", "s", "ss", "", "j", "jj", "ch", "k", "t", "p", "h"}
	medials  = [21]string{"a", "ae", "ya", "yae", "eo", "e", "yeo", "ye", "o", "wa", "wae", "oe", "yo", "u", "wo", "we", "wi", "yu", "eu", "ui", "i"}
	finals   = [28]string{"", "k", "k", "k", "n", "n", "n", "t", "l", "k", "m", "l", "l", "l", "p", "l", "m", "p", "p", "t", "t", "ng", "t", "t", "k", "t", "p", "t"}
)

// kanaRoman reads hiragana and katakana by Hepburn, long vowels short, as passports
// and most lists write them ("Taro", not "Tarou").
func kanaRoman(s string) string {
	var b []byte
	double := false
	for _, r := range s {
		if r >= 'ァ' && r <= 'ヶ' {
			r -= 'ァ' - 'ぁ'
		}
		switch r {
		case 'ー', 'ｰ':
			continue
		case 'っ':
			double = true
			continue
		}
		k, ok := kanaLetters[r]
		if !ok {
			b = append(b, ascii(string(r))...)
			continue
		}
		if k[0] == '-' { // a small vowel changes the one before: き+ゃ = kya, し+ゃ = sha, フ+ィ = fi
			b = smallKana(b, k[1:])
			continue
		}
		if double {
			b = append(b, k[0])
			double = false
		}
		b = append(b, k...)
	}
	// Hepburn with short long vowels: ou, oo and uu are one sound.
	return strings.NewReplacer("ou", "o", "oo", "o", "uu", "u").Replace(string(b))
}

func smallKana(b []byte, k string) []byte {
	n := len(b)
	if n == 0 {
		return append(b, k...)
	}
	switch {
	case n >= 2 && k[0] == 'y' && (hasEnd(b, "shi") || hasEnd(b, "chi") || hasEnd(b, "ji")):
		return append(b[:n-1], k[1:]...)
	default:
		return append(b[:n-1], k...)
	}
}

func hasEnd(b []byte, s string) bool { return strings.HasSuffix(string(b), s) }

var kanaLetters = kanaTable()

func kanaTable() map[rune]string {
	t := map[rune]string{'ん': "n", 'を': "o", 'ゔ': "vu", 'ゃ': "-ya", 'ゅ': "-yu", 'ょ': "-yo", 'ぁ': "-a", 'ぃ': "-i", 'ぅ': "-u", 'ぇ': "-e", 'ぉ': "-o", 'ゎ': "-wa"}
	for _, row := range []struct{ kana, roman string }{
		{"あいうえお", "a i u e o"}, {"かきくけこ", "ka ki ku ke ko"}, {"がぎぐげご", "ga gi gu ge go"}, {"さしすせそ", "sa shi su se so"},
		{"ざじずぜぞ", "za ji zu ze zo"}, {"たちつてと", "ta chi tsu te to"}, {"だぢづでど", "da ji zu de do"}, {"なにぬねの", "na ni nu ne no"},
		{"はひふへほ", "ha hi fu he ho"}, {"ばびぶべぼ", "ba bi bu be bo"}, {"ぱぴぷぺぽ", "pa pi pu pe po"}, {"まみむめも", "ma mi mu me mo"},
		{"やゆよ", "ya yu yo"}, {"らりるれろ", "ra ri ru re ro"}, {"わ", "wa"},
	} {
		r := strings.Fields(row.roman)
		for i, k := range []rune(row.kana) {
			t[k] = r[i]
		}
	}
	return t
}
