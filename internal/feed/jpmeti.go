package feed

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/text/encoding/japanese"

	"github.com/fundtrail/fundtrail"
)

// METIRussia is the text of Japan's list of Russian bodies to which exports are banned,
// as the Ministry of Economy, Trade and Industry publishes it in PDF.
const METIRussia Format = "jp meti text"

const metiWhat = "METI list of Russian bodies"

// The title names the measure and whom it is about; the dates stand below it.
var (
	metiTitle   = regexp.MustCompile(`輸出等に係る禁止措置\s*の対象となるロシア連邦の`)
	metiNotice  = regexp.MustCompile(`（((?:令和|平成)\S{1,4}年\S{2,10}告示第\S{1,12}号)）`)
	metiUpdated = regexp.MustCompile(`最終更新日\s*[：:]\s*([^\n]+)`)
)

// The parts of an entry.
var (
	metiAddress = regexp.MustCompile(`所\s*在\s*地\s*[：:]`)
	metiOther   = regexp.MustCompile(`[（(]別称`)
	metiMore    = regexp.MustCompile(`(?m)^別称\s*[：:]`)
	metiAKA     = regexp.MustCompile(`,?\s*a\.k\.a\.?,?\s*(?:the\s+)?follow(?:ing)?\s+(\S+?)\s*alias(?:es)?\s*[:：]?`)
	metiAlias   = regexp.MustCompile(`(?:^|\n|[;；]\s*(?:and)?|\band)\s*[-—–‐−]\s*`)
	metiTail    = regexp.MustCompile(`(?:[;；,.\s]|;?\s+and)+$`)
	metiAbbrev  = regexp.MustCompile(`(?i)\b(?:ltd|co|inc|corp|llc|s\.a)\.$`)
)

var metiCounts = map[string]int{"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
	"ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16, "seventeen": 17, "eighteen": 18, "nineteen": 19, "twenty": 20}

func detectMETI(head []byte, _ string) bool {
	text, err := plainText(bytes.NewReader(wholeRunes(head)), japanese.ShiftJIS)
	if err != nil {
		return false
	}
	begin, err := io.ReadAll(text)
	return err == nil && metiTitle.Match(begin)
}

// A metiEntry is the text under one number.
type metiEntry struct {
	number, line int
	text         []byte
}

func parseMETI(r io.Reader) (*List, error) {
	broken := func(format string, args ...any) error {
		return fmt.Errorf("parse %s: "+format+": %w", append(append([]any{metiWhat}, args...), fundtrail.ErrInvalid)...)
	}
	text, err := plainText(r, japanese.ShiftJIS)
	if err != nil {
		return nil, fmt.Errorf("parse %s: %w", metiWhat, err)
	}
	out := newListReader("jp-meti-russia", metiWhat)
	var title strings.Builder
	var entries []metiEntry
	lines := bufio.NewScanner(text)
	lines.Buffer(nil, 1<<20)
	for at := 1; lines.Scan(); at++ {
		line := lines.Text()
		if at == 1 && strings.HasPrefix(strings.TrimSpace(line), "<") {
			return nil, broken("line 1: it is a web page, not the list's text")
		}
		if n := len(entries); title.Len() > recordBytes || n > 0 && len(entries[n-1].text) > recordBytes {
			return nil, fmt.Errorf("parse %s: line %d: more than %d bytes without a numbered entry: %w", metiWhat, at, recordBytes, fundtrail.ErrLimit)
		}
		for line != "" || len(entries) > 0 {
			want := 1
			if len(entries) > 0 {
				want = entries[len(entries)-1].number + 1
			}
			start, end, number := metiHeading(line, want)
			if end == 0 {
				if len(entries) == 0 {
					title.WriteString(line + "\n")
				} else {
					last := &entries[len(entries)-1]
					last.text = append(append(last.text, line...), '\n')
				}
				break
			}
			if len(entries) == 0 {
				title.WriteString(line[:start] + "\n")
			} else if start > 0 {
				last := &entries[len(entries)-1]
				last.text = append(append(last.text, line[:start]...), '\n')
			}
			for missing := want; missing < number; missing++ {
				out.entries = missing
				out.reject(at, line, "number %d does not stand in the text: its party may be read as part of the one before", missing)
			}
			entries = append(entries, metiEntry{number: number, line: at})
			line = line[end:]
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("parse %s: %w", metiWhat, readError(err))
	}
	switch {
	case title.Len() == 0 && len(entries) == 0:
		return nil, broken("empty file")
	case !metiTitle.MatchString(title.String()):
		return nil, broken("its title is not found: want 輸出等に係る禁止措置の対象となるロシア連邦の団体")
	case len(entries) == 0:
		return nil, broken("no numbered entry under its title: it is cut short")
	case !metiAddress.Match(entries[len(entries)-1].text):
		return nil, broken("entry %d, the last, has no address (所在地): it is cut short", entries[len(entries)-1].number)
	}
	if m := metiUpdated.FindStringSubmatch(title.String()); m != nil {
		out.published("最終更新日", strings.ReplaceAll(m[1], " ", ""))
	}
	notice := ""
	if m := metiNotice.FindStringSubmatch(title.String()); m != nil {
		notice = m[1]
	}
	for _, e := range entries {
		out.entries = e.number
		p := out.party(strconv.Itoa(e.number))
		p.program(notice)
		p.meti(e)
		out.keep(e.line, p)
	}
	return out.done()
}

// metiHeading finds where the next entry begins: its number, at the start of a line or
// where two pages of the PDF were joined, before a name with Japanese in it. end is 0
// when it is not on this line. A number may be missing, as a typing error.
func metiHeading(line string, want int) (start, end, number int) {
	const lost = 3
	for i := 0; i < len(line); {
		r, size := decodeRune(line[i:])
		if !isDigit(r) {
			i += size
			continue
		}
		from := i
		n := 0
		for i < len(line) && n < 1e6 {
			r, size := decodeRune(line[i:])
			if !isDigit(r) {
				break
			}
			n = n*10 + int(digit(r))
			i += size
		}
		first := strings.TrimSpace(line[:from]) == ""
		glued := !first && n == want && strings.ContainsRune(".;,", rune(line[from-1]))
		if !glued && !(first && n >= want && n <= want+lost) {
			continue
		}
		rest := strings.TrimLeft(line[i:], " 　")
		if len(rest) < len(line[i:]) || isJapanese(firstRune(rest)) || unicode.IsLetter(firstRune(rest)) {
			if strings.ContainsFunc(rest, isJapanese) {
				return from, len(line) - len(rest), n
			}
		}
	}
	return 0, 0, 0
}

func decodeRune(s string) (rune, int) {
	for i, r := range s {
		if i == 0 {
			return r, len(string(r))
		}
	}
	return 0, 1
}

func firstRune(s string) rune { r, _ := decodeRune(s); return r }

func isDigit(r rune) bool { return r >= '0' && r <= '9' || r >= '０' && r <= '９' }

func digit(r rune) rune {
	if r >= '０' {
		return r - '０'
	}
	return r - '0'
}

// isJapanese reports whether a rune is written in Japanese text alone. Quotes, dashes
// and dots are in both.
func isJapanese(r rune) bool {
	return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana) || r >= 0x3001 && r <= 0x303f || r >= 0xff01 && r <= 0xffef || r == 'ー' || r == '・'
}

// meti reads one entry: the Japanese name with other names in brackets, the Latin
// name, its other names a line each, and the addresses.
func (l *listing) meti(e metiEntry) {
	head, address := string(e.text), ""
	if at := metiAddress.FindStringIndex(head); at != nil {
		head, address = head[:at[0]], head[at[1]:]
	}
	more := ""
	if at := metiMore.FindStringIndex(head); at != nil {
		head, more = head[:at[0]], head[at[1]:]
	}
	ja, en := metiSplit(head)
	l.metiJapanese(ja)
	l.metiLatin(en, e.number)
	for _, s := range separate(more, ";；\n") {
		l.name(fundtrail.Name{Text: metiTail.ReplaceAllString(s, ""), Kind: fundtrail.Alias})
	}
	for _, part := range strings.FieldsFunc(address, func(r rune) bool { return strings.ContainsRune(",;.\n", r) }) {
		part = strings.TrimPrefix(strings.TrimFunc(part, func(r rune) bool { return unicode.IsDigit(r) || r == ' ' }), "and ")
		code := countryCode(part)
		if code == "" { // "10/1 Russia"
			part = part[strings.LastIndexByte(part, ' ')+1:]
			code = countryCode(part)
		}
		if code != "" && len(part) > 3 { // no code: "In." is a street's
			l.country("", code)
		}
	}
	l.note("所在地", address)
}

// metiSplit tells the Japanese part of a heading from the Latin. The Latin begins on
// the line below the last Japanese, or behind it where two pages were joined.
func metiSplit(head string) (ja, en string) {
	last := strings.LastIndexFunc(head, func(r rune) bool { return isJapanese(r) && r != '；' && r != '，' })
	if last < 0 {
		return "", head
	}
	_, size := decodeRune(head[last:])
	last += size
	line, below, _ := strings.Cut(head[last:], "\n")
	if s := strings.TrimSpace(below); s == "" || strings.ContainsRune("-—–‐−", firstRune(s)) || strings.Contains(line, "a.k.a") {
		return head[:last], head[last:]
	}
	return head[:last] + line, below
}

// metiJoin puts lines together: Japanese is broken anywhere, Latin between words.
func metiJoin(s string) string {
	var b strings.Builder
	var end rune
	for line := range strings.SplitSeq(s, "\n") {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		if b.Len() > 0 && !isJapanese(end) && !isJapanese(firstRune(line)) {
			b.WriteByte(' ')
		}
		b.WriteString(line)
		for _, r := range line {
			end = r
		}
	}
	return b.String()
}

func (l *listing) metiJapanese(s string) {
	s = metiJoin(s)
	main, rest := s, ""
	if at := metiOther.FindStringIndex(s); at != nil {
		main, rest = s[:at[0]], s[at[1]:]
	}
	l.name(fundtrail.Name{Text: main})
	rest = strings.TrimLeft(rest, "、､，, ")
	if i := strings.LastIndexAny(rest, "）)"); i >= 0 {
		rest = rest[:i]
	}
	aliases := separate(rest, "、､，")
	for i, a := range aliases {
		parts := []string{a}
		if i == len(aliases)-1 { // "and" joins the last two, and stands within names too
			if at := strings.LastIndex(a, "及び"); at > 0 {
				parts = []string{a[:at], a[at+len("及び"):]}
			}
		}
		for _, p := range parts {
			l.name(fundtrail.Name{Text: p, Kind: fundtrail.Alias})
		}
	}
}

func (l *listing) metiLatin(s string, number int) {
	at := metiAKA.FindStringSubmatchIndex(s)
	if at == nil {
		l.name(fundtrail.Name{Text: metiEnd(metiJoin(s))})
		return
	}
	l.name(fundtrail.Name{Text: metiEnd(metiJoin(s[:at[0]]))})
	stated, word := 0, strings.ToLower(s[at[2]:at[3]])
	stated = metiCounts[word]
	found := 0
	for _, a := range metiAlias.Split(s[at[1]:], -1) {
		if a = metiEnd(metiJoin(a)); a != "" {
			found++
			l.name(fundtrail.Name{Text: a, Kind: fundtrail.Alias})
		}
	}
	if stated != found {
		l.unread.add("number of aliases", fmt.Sprintf("entry %d says %s, %d found", number, word, found))
	}
}

// metiEnd takes off what ends an item of a list, and leaves the full stop of "Ltd.".
func metiEnd(s string) string {
	cut := metiTail.ReplaceAllString(s, "")
	if rest := s[len(cut):]; strings.HasPrefix(rest, ".") && metiAbbrev.MatchString(cut+".") {
		return cut + "."
	}
	return cut
}
