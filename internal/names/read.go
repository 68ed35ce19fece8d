package names

import (
	"slices"
	"strconv"
	"strings"

	"github.com/fundtrail/fundtrail"
)

// maxWord bounds a word's letters; what is longer is cut for comparison.
const maxWord = 48

// A word is a part of a name in Latin letters, ready to be compared.
type word struct {
	text   string // a-z, 0-9
	sound  string // see soundOf
	hangul string // see hangulSound; only of words read from Korean
	native string // Chinese characters, simplified
	code   string // of a form, generic word, particle or title: which
	kin    []uint16
	letter uint64 // which letters and figures are in text, one bit each
	class  class
	script script
	bare   bool // its script writes no short vowels
	korean bool
}

// A reading is one way to read a name.
type reading struct {
	words  []word
	forms  []word   // the legal forms of a company, apart
	shown  []string // of words, as written
	formed []string // of forms, as written
}

// A builder makes a reading.
type builder struct{ reading }

// readings reads a name: once, or once for each language its Chinese characters may be
// read in. A name without a letter or figure has none.
func readings(kind fundtrail.PartyKind, name string) []reading {
	pieces := split(name)
	hasHan := slices.ContainsFunc(pieces, func(p piece) bool { return p.script == han })
	langs := []byte{'z'}
	if hasHan {
		langs = []byte{'z', 'k', 'j'}
	}
	var out []reading
	for _, lang := range langs {
		var b builder
		if b.read(kind, pieces, lang) && len(b.words) > 0 {
			out = append(out, b.reading)
		}
	}
	return out
}

// read fills the reading; false when the language does not have every character.
func (b *builder) read(kind fundtrail.PartyKind, pieces []piece, lang byte) bool {
	lex := words()
	for i := 0; i < len(pieces); {
		p := pieces[i]
		if n, f := lex.formAt(kind, pieces, i); n > 0 {
			b.addForm(f, pieces[i:i+n])
			i += n
			continue
		}
		ok := true
		switch p.script {
		case han, hangul, kana:
			p = b.cutNativeForms(lex, kind, p)
			ok = b.addEastern(p, lang, len(pieces) == 1)
		case arabic:
			b.addArabic(p)
		default:
			b.addLatin(kind, p)
		}
		if !ok {
			return false
		}
		i++
	}
	b.finish(kind, lex)
	return true
}

// formAt finds a legal form at a place. Short ones (SA, AG, CO) are words and names
// too: they count only at either end of a name, and not in a person's.
func (l *lexicon) formAt(kind fundtrail.PartyKind, pieces []piece, at int) (int, entry) {
	if kind == fundtrail.Vessel || kind == fundtrail.Aircraft || len(pieces) == 1 {
		return 0, entry{}
	}
	var key strings.Builder
	var texts []string
	best, found := 0, entry{}
	for n := 1; n <= l.longest && at+n <= len(pieces); n++ {
		p := pieces[at+n-1]
		if p.script == han || p.script == hangul || p.script == kana {
			break
		}
		if n > 1 {
			key.WriteByte(' ')
		}
		text := roman(p)
		texts = append(texts, text)
		key.WriteString(text)
		e, ok := l.phrases[key.String()]
		if !ok || n == len(pieces) {
			continue
		}
		atEnd := l.atEnd(pieces, at, n)
		if short := key.Len() <= 3 && !p.dotted; short && (!atEnd || kind == fundtrail.Person && !sureForms[key.String()]) ||
			key.Len() <= 2 && kind == fundtrail.PartyUnstated && at == 0 {
			continue
		}
		if n == 1 && kind == fundtrail.Person && !atEnd {
			continue
		}
		best, found = n, e
	}
	if kind != fundtrail.Person {
		if n, e := l.misspelt(texts); n > best && n < len(pieces) && l.atEnd(pieces, at, n) {
			return n, e
		}
	}
	return best, found
}

// atEnd reports whether n pieces stand at either end of a name, but for other forms.
func (l *lexicon) atEnd(pieces []piece, at, n int) bool {
	return l.onlyForms(pieces[:at]) || l.onlyForms(pieces[at+n:])
}

// onlyForms reports whether pieces are nothing but forms: "Co. Ltd.", "& Co. KG".
func (l *lexicon) onlyForms(pieces []piece) bool {
	for _, p := range pieces {
		e, ok := l.phrases[roman(p)]
		if (!ok || e.class != form) && p.text != "and" {
			return false
		}
	}
	return true
}

// sureForms are the short forms that are no names of people.
var sureForms = map[string]bool{"llc": true, "ltd": true, "ooo": true, "plc": true, "jsc": true, "zao": true, "pao": true, "oao": true, "inc": true}

func (b *builder) addForm(e entry, pieces []piece) {
	shown := make([]string, len(pieces))
	for i, p := range pieces {
		shown[i] = p.shown
	}
	b.forms = append(b.forms, word{class: form, code: e.code})
	b.formed = append(b.formed, strings.Join(shown, " "))
}

// cutNativeForms takes 株式会社, 有限公司, 주식회사 off a run without spaces.
func (b *builder) cutNativeForms(lex *lexicon, kind fundtrail.PartyKind, p piece) piece {
	if kind == fundtrail.Person {
		return p
	}
	for again := true; again; {
		again = false
		for _, f := range lex.native {
			for _, at := range []int{0, len(p.text) - len(f.text)} {
				if at < 0 || p.text[at:min(at+len(f.text), len(p.text))] != f.text || len(p.text) == len(f.text) {
					continue
				}
				b.forms = append(b.forms, word{class: form, code: f.code})
				b.formed = append(b.formed, f.text)
				p.text = p.text[:at] + p.text[at+len(f.text):]
				p.shown = p.text
				again = true
				break
			}
			if again {
				break
			}
		}
	}
	return p
}

func (b *builder) addEastern(p piece, lang byte, alone bool) bool {
	r, shown := []rune(p.text), []rune(p.shown)
	if len(shown) != len(r) {
		shown = r
	}
	switch {
	case p.script == han && lang == 'k':
		return b.korean(shown, r, alone)
	case p.script == han && lang == 'j':
		return b.japanese(shown, r)
	case p.script == han:
		b.mandarin(shown, r, alone)
	case p.script == kana:
		b.add(word{text: kanaRoman(p.text), script: kana}, p.shown)
	default:
		b.hangulName(shown, r, alone)
	}
	return true
}

// addArabic adds a word, its article apart: العجلان is al- and ʿAjlan.
func (b *builder) addArabic(p piece) {
	if rest, ok := strings.CutPrefix(p.text, "ال"); ok && len(rest) >= 6 && p.text != "الله" {
		b.add(word{text: "al", script: arabic}, "ال")
		p.text = rest
		p.shown = strings.TrimPrefix(p.shown, "ال")
	}
	b.add(word{text: arabicRoman(p.text), script: arabic, bare: true}, p.shown)
}

func (b *builder) addLatin(kind fundtrail.PartyKind, p piece) {
	text := roman(p)
	if p.dotted && kind == fundtrail.Person {
		// "J.P." of a person is two initials; of a company it is a word.
		for _, c := range text {
			b.add(word{text: string(c), script: p.script}, strings.ToUpper(string(c))+".")
		}
		return
	}
	b.add(word{text: text, script: p.script, bare: p.script == hebrew}, p.shown)
}

func (b *builder) add(w word, shown string) {
	if len(w.text) > maxWord {
		w.text = w.text[:maxWord]
	}
	if w.text == "" || len(b.words) >= maxPieces {
		return
	}
	b.words = append(b.words, w)
	b.shown = append(b.shown, shown)
}

// finish tells what each word does and derives what comparing needs.
func (b *builder) finish(kind fundtrail.PartyKind, lex *lexicon) {
	b.numbers(kind, lex)
	plains := 0
	for i := range b.words {
		w := &b.words[i]
		w.classify(kind, lex, i, i == len(b.words)-1)
		if w.class == plain {
			plains++
		}
	}
	for i := range b.words {
		w := &b.words[i]
		if plains == 0 && (w.class == generic || w.class == title || w.class == particle) {
			// Nothing else is left to tell it by: "The Trading Company".
			w.class = plain
		}
		w.derive(lex)
	}
	if len(b.words) == 0 && len(b.forms) > 0 {
		for i, f := range b.formed {
			if t := ascii(strings.ToLower(strings.ReplaceAll(f, " ", ""))); t != "" {
				b.add(word{text: t}, f)
				b.words[len(b.words)-1].derive(lex)
			}
			_ = i
		}
		b.forms, b.formed = nil, nil
	}
}

func (w *word) classify(kind fundtrail.PartyKind, lex *lexicon, place int, last bool) {
	if w.class == number {
		return
	}
	if w.native != "" || w.script == hangul {
		return
	}
	e, known := lex.classes[w.text]
	if len(w.text) == 1 {
		w.class = initial
		if known && e.class == particle && kind == fundtrail.Organisation {
			w.class, w.code = e.class, e.code
		}
		return
	}
	if !known {
		return
	}
	switch {
	case e.class == generic && kind == fundtrail.Person:
		return
	case e.class == particle && (last || e.code == "in" && kind != fundtrail.Organisation):
		return // Kim Jong Il, Pak In Guk: a link links to something
	case e.class == title && e.code == "vessel" && (kind != fundtrail.Vessel && kind != fundtrail.PartyUnstated || place > 0):
		return
	case e.class == title && e.code != "vessel" && kind != fundtrail.Person && (kind != fundtrail.PartyUnstated || place > 0):
		return
	}
	w.class, w.code = e.class, e.code
}

// derive fills the forms of a word that comparing needs.
func (w *word) derive(lex *lexicon) {
	w.sound = soundOf(w.text)
	if w.korean {
		w.hangul = hangulSound(w.text)
	}
	w.kin = lex.kin[w.text]
	w.letter = 0
	for i := 0; i < len(w.text); i++ {
		w.letter |= letterBit(w.text[i])
	}
}

// letterBit is a letter's or figure's own bit.
func letterBit(c byte) uint64 {
	if c >= 'a' {
		return 1 << ((c - 'a') & 31)
	}
	return 1 << (26 + (c-'0')&15)
}

// numbers turns figures, number words and Roman numerals into one form. Only figures
// count in a person's name, where "Ten" and "Xi" are names.
func (b *builder) numbers(kind fundtrail.PartyKind, lex *lexicon) {
	out, shown := b.words[:0], b.shown[:0]
	value := func(i int) (int, bool) {
		w := b.words[i]
		if w.script > greek || w.native != "" {
			return 0, false
		}
		if n, err := strconv.Atoi(w.text); err == nil && len(w.text) < 10 {
			return n, true
		}
		if kind == fundtrail.Person {
			return 0, false
		}
		n, ok := lex.numbers[w.text]
		if roman := strings.Trim(w.text, "ivx") == ""; roman && i == 0 {
			return 0, false // a name may begin with Xi or Vi; a numeral stands behind
		}
		return n, ok
	}
	for i := 0; i < len(b.words); i++ {
		n, ok := value(i)
		w, s := b.words[i], b.shown[i]
		if !ok {
			if strings.ContainsAny(w.text, "0123456789") {
				w.class = number
			}
			out, shown = append(out, w), append(shown, s)
			continue
		}
		if n >= 20 && n < 100 && n%10 == 0 && i+1 < len(b.words) {
			if m, ok := value(i + 1); ok && m > 0 && m < 10 {
				n += m
				i++
				s += " " + b.shown[i]
			}
		}
		w.text, w.class = strconv.Itoa(n), number
		out, shown = append(out, w), append(shown, s)
	}
	b.words, b.shown = out, shown
}
