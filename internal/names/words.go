package names

import (
	"cmp"
	_ "embed"
	"math/bits"
	"slices"
	"strings"
	"sync"
)

//go:embed tables/words.tsv
var wordsTSV string

// A class is what a word does in a name.
type class uint8

const (
	plain    class = iota
	initial        // one letter
	particle       // al, bin, of
	title          // Dr, Haji; MV
	generic        // Trading, Group
	form           // GmbH; matched apart from the other words
	number         // 44, VII
)

// A lexicon is tables/words.tsv, folded like names.
type lexicon struct {
	phrases map[string]entry    // legal forms by their romanised words, joined with spaces
	longest int                 // words of the longest phrase
	classes map[string]entry    // generic words, particles, titles
	numbers map[string]int      // figures in words
	kin     map[string][]uint16 // groups of equivalent names
	native  []nativeForm        // forms in scripts without spaces
	formal  []formal            // longer forms word by word, to be found misspelt
}

type entry struct {
	class class
	code  string // of forms "family/form", of titles "person", "suffix", "vessel"; of generic words the concept
}

type nativeForm struct{ text, code string }

var words = sync.OnceValue(func() *lexicon {
	l := &lexicon{phrases: map[string]entry{}, classes: map[string]entry{}, numbers: map[string]int{}, kin: map[string][]uint16{}}
	groups := map[string]uint16{}
	for line := range strings.Lines(wordsTSV) {
		f := strings.Split(strings.TrimRight(line, "\n"), "\t")
		if strings.HasPrefix(line, "#") || len(f) != 3 {
			continue
		}
		kind, code := f[0], f[1]
		for member := range strings.SplitSeq(f[2], ",") {
			l.add(kind, code, member, groups)
		}
	}
	for phrase, e := range l.phrases {
		f := formal{entry: e, phrase: phrase}
		for w := range strings.SplitSeq(phrase, " ") {
			v := word{text: w}
			v.derive(l)
			f.words = append(f.words, v)
		}
		if len(f.words) > 1 || len(phrase) >= 6 {
			l.formal = append(l.formal, f)
		}
	}
	slices.SortFunc(l.formal, func(a, b formal) int {
		return cmp.Or(len(b.words)-len(a.words), strings.Compare(a.phrase, b.phrase))
	})
	return l
})

// A formal is a legal form of several words or of six letters and more.
type formal struct {
	entry
	phrase string
	words  []word
}

// misspelt finds the legal form that the pieces begin with, written with mistakes:
// "limietd alibility company". The longest, and of those the first in the alphabet.
func (l *lexicon) misspelt(texts []string) (int, entry) {
	for i := range l.formal {
		f := &l.formal[i]
		if len(f.words) > len(texts) {
			continue
		}
		ok := true
		for k := range f.words {
			if ok = nearly(&f.words[k], texts[k], len(f.words) > 1); !ok {
				break
			}
		}
		if ok {
			return len(f.words), f.entry
		}
	}
	return 0, entry{}
}

// nearly reports whether a text is a word or, from five letters on, one mistake from
// it; in a phrase two from eight letters on.
func nearly(w *word, text string, inPhrase bool) bool {
	if w.text == text {
		return true
	}
	if d := len(w.text) - len(text); len(w.text) < 5 || d > 2 || d < -2 || len(text) > maxWord {
		return false
	}
	most, letter := unit, uint64(0)
	if len(w.text) >= 8 && inPhrase {
		most = 2 * unit
	}
	for i := range len(text) {
		letter |= letterBit(text[i])
	}
	return bits.OnesCount64(w.letter^letter) <= 4 && typed.distance(w.text, text, most) <= most
}

func (l *lexicon) add(kind, code, member string, groups map[string]uint16) {
	parts := split(member)
	text := make([]string, len(parts))
	for i, p := range parts {
		text[i] = roman(p)
		if (p.script == han || p.script == hangul || p.script == kana) && kind == "form" {
			l.native = append(l.native, nativeForm{p.text, code})
			return
		}
	}
	key := strings.Join(text, " ")
	switch kind {
	case "form":
		l.phrases[key] = entry{form, code}
		l.longest = max(l.longest, len(parts))
	case "generic":
		l.classes[strings.Join(text, "")] = entry{generic, code}
	case "particle":
		l.classes[key] = entry{particle, code}
	case "title":
		l.classes[key] = entry{title, code}
	case "number":
		n := 0
		for _, c := range code {
			n = n*10 + int(c-'0')
		}
		l.numbers[key] = n
	case "kin":
		g, ok := groups[code]
		if !ok {
			g = uint16(len(groups) + 1)
			groups[code] = g
		}
		l.kin[key] = append(l.kin[key], g)
	}
}
