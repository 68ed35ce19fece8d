package feed

import (
	_ "embed"
	"slices"
	"strings"
	"sync"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// countries.tsv says in its head where its names come from.
//
//go:embed countries.tsv
var countryRows string

// countryByName are the codes by what names them: alpha-2 and alpha-3 codes in upper
// case, and names by countryNameKey.
var countryByName = sync.OnceValue(func() map[string]string {
	codes := map[string]string{"UK": "GB", "EL": "GR"} // as the UK and the EU abbreviate them
	for line := range strings.Lines(countryRows) {
		cols := strings.Split(strings.TrimRight(line, "\r\n"), "\t")
		if strings.HasPrefix(line, "#") || len(cols) != 3 {
			continue
		}
		code := cols[0]
		codes[code] = code
		if cols[1] != "-" {
			codes[cols[1]] = code
		}
		for name := range strings.SplitSeq(cols[2], "|") {
			codes[countryNameKey(name)] = code
		}
	}
	return codes
})

// countryCode returns the ISO 3166-1 alpha-2 code that a name or a code stands for,
// as sanctions lists write it: "KP", "PRK", "Korea, North", "Democratic People's
// Republic of Korea", "北朝鮮", "북한". It returns "" for what it does not know, such as a
// country that no longer is; the caller counts that as unread.
func countryCode(s string) string {
	s = strings.TrimSpace(s)
	const longest = 128 // bytes; no name is that long, and hostile length costs nothing
	if s == "" || len(s) > longest {
		return ""
	}
	codes := countryByName()
	if len(s) <= 3 {
		if code := codes[strings.ToUpper(s)]; code != "" {
			return code
		}
	}
	return codes[countryNameKey(s)]
}

// countryNameKey writes a name so that its spellings agree: its words without case,
// accents, "the", "of" and "and", in alphabetical order. Its words are in lower case,
// so that no name is mistaken for a code.
func countryNameKey(name string) string {
	plain := norm.NFD.String(norm.NFKC.String(name))
	plain = strings.Map(func(r rune) rune {
		switch {
		case r >= 0x300 && r < 0x370: // Latin and Cyrillic accents; kana have theirs elsewhere
			return -1
		case r == '\'' || r == '’' || r == '`' || r == 'ʼ' || r == '.' || r == '"' || r == '״':
			return -1 // "People's" is one word, and so is "U.K."
		}
		return unicode.ToLower(r)
	}, plain)
	words := strings.FieldsFunc(norm.NFC.String(plain), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) && r != 'ー'
	})
	words = slices.DeleteFunc(words, func(w string) bool { return w == "the" || w == "of" || w == "and" })
	slices.Sort(words)
	return strings.Join(words, " ")
}
