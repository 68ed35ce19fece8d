package names

import (
	_ "embed"
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
	return l
})

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
