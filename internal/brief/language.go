package brief

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/fundtrail/fundtrail"
)

// A Lang is a language that a brief is written in.
type Lang string

const (
	English  Lang = "en"
	Korean   Lang = "ko"
	Japanese Lang = "ja"
)

// Langs are the languages, English first.
var Langs = []Lang{English, Korean, Japanese}

// ParseLang reads a language's tag, as in BCP 47.
func ParseLang(s string) (Lang, bool) {
	if slices.Contains(Langs, Lang(s)) {
		return Lang(s), true
	}
	return "", false
}

// A text is one template in every language. {name} stands for a value; {name|은/는} for a
// value with the Korean particle that fits how it ends.
type text struct{ en, ko, ja string }

func (t text) in(l Lang) string {
	switch l {
	case Korean:
		return t.ko
	case Japanese:
		return t.ja
	}
	return t.en
}

var placeholder = regexp.MustCompile(`\{([a-z]+)(?:\|([^/}]+)/([^}]+))?\}`)

// say fills in a template; args are names and values by turns. A value may hold
// anything: it is put in once and not read again.
func (l Lang) say(key string, args ...string) string {
	t, ok := words[key]
	if !ok {
		panic("brief: no template " + key)
	}
	form := t.in(l)
	if l == English {
		form = preposition(form, args)
	}
	return placeholder.ReplaceAllStringFunc(form, func(s string) string {
		m := placeholder.FindStringSubmatch(s)
		for i := 0; i+1 < len(args); i += 2 {
			if args[i] != m[1] {
				continue
			}
			value := args[i+1]
			if m[2] != "" {
				value += particle(value, m[2], m[3])
			}
			return value
		}
		panic(fmt.Sprintf("brief: template %s is given no %s", key, m[1]))
	})
}

// preposition makes "on {date}" of a template "in" where the date is a month or a year, and
// "from" where it is a range.
func preposition(form string, args []string) string {
	for i := 0; i+1 < len(args); i += 2 {
		name, value := args[i], args[i+1]
		if name != "date" && name != "since" || value == "" {
			continue
		}
		to := ""
		switch {
		case strings.Contains(value, " to "):
			to = "rom"
		case value[0] < '0' || value[0] > '9' || len(value) == 4:
			to = "n"
		default:
			continue
		}
		first := map[string][2]string{"n": {"I", "i"}, "rom": {"F", "f"}}[to]
		for i, word := range [2]string{"On", "on"} { // a word of its own, not the end of "motion"
			form = regexp.MustCompile(`\b`+word+` \{`+name+`\}`).ReplaceAllString(form, first[i]+to+" {"+name+"}")
		}
	}
	return form
}

// particle chooses between the forms of a Korean particle after a closed syllable and
// after an open one. What is in brackets at the end is not spoken.
func particle(word, closed, open string) string {
	spoken := word
	for strings.HasSuffix(spoken, ")") {
		i := strings.LastIndex(spoken, "(")
		if i <= 0 {
			break
		}
		spoken = strings.TrimSpace(spoken[:i])
	}
	r := []rune(strings.TrimRight(spoken, ` "'”’.`))
	if len(r) == 0 {
		return open
	}
	last := r[len(r)-1]
	shut := false
	switch {
	case last >= '가' && last <= '힣':
		final := (last - '가') % 28
		shut = final != 0 && !(final == 8 && strings.HasPrefix(closed, "으로"))
	case last >= '0' && last <= '9':
		shut = strings.ContainsRune("013678", last)
	default:
		shut = strings.ContainsRune("lmnLMN", last)
	}
	if shut {
		return closed
	}
	return open
}

// list joins names: "a, b and c".
func (l Lang) list(names []string) string {
	switch {
	case len(names) == 0:
		return ""
	case len(names) == 1:
		return names[0]
	case l == Korean:
		return strings.Join(names, ", ")
	case l == Japanese:
		return strings.Join(names, "、")
	}
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " and " + names[last]
}

func (l Lang) day(t time.Time) string {
	switch l {
	case Korean:
		return t.Format("2006년 1월 2일")
	case Japanese:
		return t.Format("2006年1月2日")
	}
	return t.Format("2 January 2006")
}

// sentences joins whole sentences.
func (l Lang) sentences(parts []string) string {
	if l == Japanese {
		return strings.Join(parts, "")
	}
	return strings.Join(parts, " ")
}

// semicolons joins parts of a sentence that have commas of their own.
func (l Lang) semicolons(parts []string) string {
	switch l {
	case Korean:
		return strings.Join(parts, " / ")
	case Japanese:
		return strings.Join(parts, "、")
	}
	return strings.Join(parts, "; ")
}

func (l Lang) month(t time.Time) string {
	switch l {
	case Korean:
		return t.Format("2006년 1월")
	case Japanese:
		return t.Format("2006年1月")
	}
	return t.Format("January 2006")
}

func (l Lang) year(t time.Time) string {
	switch l {
	case Korean:
		return t.Format("2006년")
	case Japanese:
		return t.Format("2006年")
	}
	return t.Format("2006")
}

// when is a day, a month, a year or a range of them.
func (l Lang) when(w fundtrail.When) string {
	from, to := w.From.UTC(), w.To.UTC()
	if w.IsZero() {
		return l.say("undated")
	}
	if w.To.IsZero() {
		to = from
	}
	firstOfMonth, lastOfMonth := from.Day() == 1, to.AddDate(0, 0, 1).Day() == 1
	switch {
	case sameDay(from, to):
		return l.day(from)
	case firstOfMonth && lastOfMonth && from.Month() == 1 && to.Month() == 12:
		return l.span(l.year(from), l.year(to))
	case firstOfMonth && lastOfMonth:
		return l.span(l.month(from), l.month(to))
	}
	return l.span(l.day(from), l.day(to))
}

// span joins two ends of a range, and says once what both are.
func (l Lang) span(a, b string) string {
	switch {
	case a == b:
		return a
	case l == Korean:
		return a + "~" + b
	case l == Japanese:
		return a + "～" + b
	}
	return a + " to " + b
}

func sameDay(a, b time.Time) bool { return a.Format(time.DateOnly) == b.Format(time.DateOnly) }

// dollars prints whole US dollars as the language counts them, to five digits at least;
// the values of a line hold every digit.
func (l Lang) dollars(a fundtrail.Amount) string {
	switch l {
	case Korean:
		return tenThousands(a, "억 ", "만") + " 달러"
	case Japanese:
		return tenThousands(a, "億", "万") + "ドル"
	}
	s := a.String()
	switch n := len(s); {
	case n > 9:
		return "$" + rounded(s, 9) + " billion"
	case n > 6:
		return "$" + rounded(s, 6) + " million"
	}
	return "$" + group(s)
}

// axis prints an amount on an axis.
func (l Lang) axis(v float64) string { return l.dollars(fundtrail.NewAmount(uint64(max(v, 0)))) }

// rounded prints digits in units of ten to the power, with two places at most.
func rounded(digits string, power int) string {
	places := 2
	cut := len(digits) - power + places
	kept := digits[:cut]
	if digits[cut] >= '5' {
		kept = increment(kept)
	}
	whole, part := kept[:len(kept)-places], strings.TrimRight(kept[len(kept)-places:], "0")
	if part == "" {
		return group(whole)
	}
	return group(whole) + "." + part
}

// tenThousands counts in 10^8 and 10^4, to the nearest 10^4 above a million.
func tenThousands(a fundtrail.Amount, hundredMillion, tenThousand string) string {
	s := a.String()
	if len(s) <= 4 {
		return group(s)
	}
	low := s[len(s)-4:]
	s = s[:len(s)-4]
	if len(s) > 2 {
		if low >= "5000" {
			s = increment(s)
		}
		low = "0000"
	}
	out := ""
	if len(s) > 4 {
		out = group(s[:len(s)-4]) + hundredMillion
		s = strings.TrimLeft(s[len(s)-4:], "0")
	}
	if s != "" {
		out += group(s) + tenThousand
	}
	if low = strings.TrimLeft(low, "0"); low != "" {
		if hundredMillion == "억 " {
			out += " "
		}
		out += group(low)
	}
	return strings.TrimSpace(out)
}

// quantity prints a decimal number with its unit.
func (l Lang) quantity(number, unit string) string {
	whole, part, point := strings.Cut(number, ".")
	s := group(whole)
	if point {
		s += "." + part
	}
	coin := ""
	u, ok := units[unit]
	if first, thing, two := strings.Cut(unit, " "); !ok && two {
		if u, ok = units[thing]; ok {
			if coin = first + " "; coins[first] != (text{}) {
				coin = coins[first].in(l)
			}
		}
	}
	if ok {
		form := u.in(l)
		if l == English && number == "1" {
			form = u.one
		}
		if l == English {
			return strings.ReplaceAll(form, "{n} ", s+" "+coin)
		}
		return coin + strings.ReplaceAll(form, "{n}", s)
	}
	return strings.TrimSpace(s + " " + unit)
}

// qualified puts "about" or "more than" to an amount.
func (l Lang) qualified(qualifier, amount string) string {
	if qualifier == "" {
		return amount
	}
	t, ok := qualifiers[qualifier]
	if !ok {
		return qualifier + " " + amount
	}
	return strings.ReplaceAll(t.in(l), "{n}", amount)
}

// name puts an original name beside the language's own, where it has one: the records'
// spelling is never lost.
func (l Lang) name(original string) string {
	if l == English && original == "Democratic People's Republic of Korea" {
		return "the DPRK"
	}
	t, ok := names[original]
	if !ok || t.in(l) == "" {
		return original
	}
	return t.in(l) + l.brackets(original)
}

func (l Lang) brackets(s string) string {
	if l == Japanese {
		return "（" + s + "）"
	}
	if l == Korean {
		return "(" + s + ")"
	}
	return " (" + s + ")"
}

// country names a state by its code.
func (l Lang) country(code string) string {
	if t, ok := countries[code]; ok {
		return t.in(l)
	}
	return code
}

// increment adds one to a decimal number.
func increment(digits string) string {
	b := []byte(digits)
	for i := len(b) - 1; i >= 0; i-- {
		if b[i] != '9' {
			b[i]++
			return string(b)
		}
		b[i] = '0'
	}
	return "1" + string(b)
}

// group separates thousands.
func group(digits string) string {
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}
