package feed

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/fundtrail/fundtrail"
)

// The lists of the United States Treasury (OFAC), State and Commerce. doc/formats-lists.md
// says what each of their forms holds and how its files belong together.
const (
	listSDN  = "us-ofac-sdn"
	listCons = "us-ofac-cons"
)

// The parts of OFAC's CSV set, which are several files: only the main part is a list by
// itself. [ParseOFACCSV] takes the parts together.
const (
	SDNCSV          Format = "ofac-sdn-csv"
	SDNAddCSV       Format = "ofac-add-csv"
	SDNAltCSV       Format = "ofac-alt-csv"
	SDNCommentsCSV  Format = "ofac-comments-csv"
	ConsCSV         Format = "ofac-cons-csv"
	ConsAddCSV      Format = "ofac-cons-add-csv"
	ConsAltCSV      Format = "ofac-cons-alt-csv"
	ConsCommentsCSV Format = "ofac-cons-comments-csv"
)

// consPrograms are the programmes of OFAC's lists other than the SDN list. Some stand on
// a few SDN entries too, so it is their share that tells the lists apart.
var consPrograms = regexp.MustCompile(`^(NS-.*|UKRAINE-EO13662|CMIC-EO13959|CCMC-.*|FSE-.*|561.*|CAPTA.*)$`)

// usListOf tells the SDN list from the consolidated list of the others by what stands on
// it: the two come in the same forms, and nothing in most of these names the list.
func usListOf(parties []fundtrail.Party) string {
	cons := 0
	for i := range parties {
		if slices.ContainsFunc(parties[i].Programs, consPrograms.MatchString) {
			cons++
		}
	}
	if 2*cons > len(parties) {
		return listCons
	}
	return listSDN
}

// A usReader collects the parties of one file, in whatever form.
type usReader struct {
	form   string // for errors: "OFAC SDN.XML"
	out    List
	unread counter
	uids   map[string]bool
}

func newUSReader(form string) *usReader {
	return &usReader{form: form, out: List{Stated: -1}, unread: counter{}, uids: map[string]bool{}}
}

// fail makes the error for a file that is refused.
func (u *usReader) fail(format string, args ...any) error {
	return fmt.Errorf("parse "+u.form+": "+format+": %w", append(args, fundtrail.ErrInvalid)...)
}

// finish returns what was read; covers is what its form holds.
func (u *usReader) finish(covers fundtrail.ListScope) (*List, error) {
	if len(u.out.Parties) == 0 {
		return nil, u.fail("no entries: an empty list is refused")
	}
	if n := u.out.Stated; n >= 0 && n != len(u.out.Parties)+len(u.out.Rejected) {
		return nil, u.fail("the file states %d entries and holds %d: it is cut, or two files in one",
			n, len(u.out.Parties)+len(u.out.Rejected))
	}
	if u.out.List == "" {
		u.out.List = usListOf(u.out.Parties)
	}
	for i := range u.out.Parties {
		u.tidy(&u.out.Parties[i])
	}
	u.out.Covers = covers
	u.out.Unread = u.unread.counts()
	return &u.out, nil
}

// tidy drops what a party states twice, and counts the wallets that are no address.
func (u *usReader) tidy(p *fundtrail.Party) {
	p.Names = unique(p.Names, func(n fundtrail.Name) string { return n.Text })
	p.Births = unique(p.Births, func(b string) string { return b })
	p.Identifiers = unique(p.Identifiers, func(id fundtrail.Identifier) fundtrail.Identifier { return id })
	p.Wallets = unique(p.Wallets, func(w fundtrail.Wallet) [2]string { return [2]string{w.Currency, w.Text} })
	for _, w := range p.Wallets {
		if !w.Address.IsZero() {
			continue
		}
		_, err := fundtrail.ParseChain(w.Currency)
		switch known := err == nil || tokenChains[w.Currency] != nil; {
		case w.CaseLost:
			u.unread.add("wallet without its case", w.Currency)
		case known:
			u.unread.add("wallet that is no address", w.Currency+" "+w.Text)
		default:
			u.unread.add("wallet on a chain not known here", w.Currency)
		}
	}
}

// unique keeps the first of those that have the same key, in order.
func unique[T any, K comparable](all []T, key func(T) K) []T {
	if len(all) < 2 {
		return all
	}
	seen := make(map[K]bool, len(all))
	return slices.DeleteFunc(all, func(one T) bool {
		k := key(one)
		twice := seen[k]
		seen[k] = true
		return twice
	})
}

// isNew notes an entry's number and says whether it is the first of that number.
func (u *usReader) isNew(uid string) bool {
	if u.uids[uid] {
		return false
	}
	u.uids[uid] = true
	return true
}

func (u *usReader) reject(line, entry int, text, format string, args ...any) {
	err := fmt.Errorf(format+": %w", append(args, fundtrail.ErrInvalid)...)
	u.out.Rejected = append(u.out.Rejected, Rejected{max(line, 1), max(entry, 1), clip(text), err})
}

func usKind(text string) (fundtrail.PartyKind, bool) {
	switch strings.ToLower(text) {
	case "individual":
		return fundtrail.Person, true
	case "entity", "":
		return fundtrail.Organisation, true
	case "vessel":
		return fundtrail.Vessel, true
	case "aircraft":
		return fundtrail.Aircraft, true
	}
	return fundtrail.PartyUnstated, false
}

func (u *usReader) kind(p *fundtrail.Party, text string) {
	kind, ok := usKind(text)
	if !ok {
		u.unread.add("type", text)
	}
	p.Kind = kind
}

// addName adds a name. Of a person the lists write "FAMILY, Given".
func addName(p *fundtrail.Party, text string, kind fundtrail.NameKind) {
	n := fundtrail.Name{Text: text, Kind: kind}
	if family, given, ok := strings.Cut(text, ", "); ok && p.Kind == fundtrail.Person {
		n.Family, n.Given = family, given
	}
	addNameParts(p, n)
}

func addNameParts(p *fundtrail.Party, n fundtrail.Name) {
	if n.Text != "" {
		p.Names = append(p.Names, n)
	}
}

// aliasKind reads "a.k.a.", "fka", "F.K.A." and the like.
func (u *usReader) aliasKind(text string, weak bool) fundtrail.NameKind {
	kind := fundtrail.Alias
	switch strings.ToLower(strings.ReplaceAll(text, ".", "")) {
	case "aka", "nka", "name", "":
	case "fka":
		kind = fundtrail.FormerName
	default:
		u.unread.add("alias type", text)
	}
	if weak {
		return fundtrail.WeakAlias
	}
	return kind
}

// addCountry adds a country's code once, or says that its name is not understood.
func (u *usReader) addCountry(p *fundtrail.Party, text string) {
	if text == "" {
		return
	}
	code, ok := countryOf(text)
	if !ok {
		u.unread.add("country", text)
	} else if !slices.Contains(p.Countries, code) {
		p.Countries = append(p.Countries, code)
	}
}

func (u *usReader) addBirth(p *fundtrail.Party, text string) {
	birth, ok := birthOf(text)
	if !ok {
		u.unread.add("date of birth", text)
		u.addNote(p, "DOB", text)
	} else {
		p.Births = append(p.Births, birth)
	}
}

func (u *usReader) addIdentifier(p *fundtrail.Party, typ, value, country string) {
	id := fundtrail.Identifier{Type: typ, Value: value}
	if country != "" {
		var ok bool
		if id.Country, ok = countryOf(country); !ok {
			u.unread.add("country", country)
			id.Value += " (" + country + ")"
		}
	}
	p.Identifiers = append(p.Identifiers, id)
}

// maxNote bounds a note, which grows line by line; the longest real one has 10 KB.
const maxNote = 1 << 18

// addNote adds a line to a party's note.
func (u *usReader) addNote(p *fundtrail.Party, field, text string) {
	if text == "" {
		return
	}
	if field != "" {
		text = field + ": " + text
	}
	switch {
	case len(p.Note)+len(text) > maxNote:
		u.unread.add("note", "longer than 256 KiB: the rest is left out")
	case p.Note == "":
		p.Note = text
	default:
		p.Note += "\n" + text
	}
}

// digitalCurrency begins the type of every crypto address; the currency follows it.
const digitalCurrency = "Digital Currency Address"

// currencyOf reads the currency off an identifier's type, known here or not.
func currencyOf(typ string) (currency string, ok bool) {
	rest, ok := strings.CutPrefix(typ, digitalCurrency)
	return strings.Trim(rest, " -–:"), ok
}

// addFeature adds what a list says under the name of a type, wherever it fits best.
func (u *usReader) addFeature(p *fundtrail.Party, typ, value, country string) {
	typ = strings.TrimSpace(typ)
	if currency, ok := currencyOf(typ); ok {
		if value == "" {
			u.unread.add(typ, "without an address")
			return
		}
		p.Wallets = append(p.Wallets, wallet(currency, value))
		return
	}
	if value == "" && country == "" {
		u.addNote(p, "", typ)
		return
	}
	switch strings.TrimSuffix(typ, ":") {
	case "Birthdate", "DOB":
		u.addBirth(p, value)
	case "Nationality Country", "Citizenship Country", "Nationality of Registration", "nationality", "citizen", "Vessel Flag":
		u.addCountry(p, value)
	default:
		if isIdentifierType(typ) {
			u.addIdentifier(p, typ, value, country)
			return
		}
		if country != "" {
			value += " (" + country + ")"
		}
		u.addNote(p, strings.TrimRight(typ, ":- "), strings.TrimSpace(value))
	}
}

var (
	yearSpan = regexp.MustCompile(`^(\d{4}) ?- ?(\d{4})$`)
	about    = regexp.MustCompile(`(?i)^(circa|approximately|about|c\.|ca\.) ?`)
)

// birthOf writes a date of birth as [fundtrail.Party] has it: from "25 Mar 1977",
// "circa Mar 1977", "1960 to 1964", "01 Jan 1967 to 31 Dec 1967", "1977-03-25".
func birthOf(text string) (string, bool) {
	text = strings.TrimSpace(text)
	prefix := ""
	if at := about.FindStringIndex(text); at != nil {
		prefix, text = "~", text[at[1]:]
	}
	from, to, span := strings.Cut(text, " to ")
	if m := yearSpan.FindStringSubmatch(text); m != nil {
		from, to, span = m[1], m[2], true
	} else if between, ok := strings.CutPrefix(text, "between "); ok {
		from, to, span = strings.Cut(between, " and ")
	}
	if !span {
		day, ok := partialDay(from)
		return prefix + day, ok
	}
	if at := about.FindStringIndex(to); at != nil {
		prefix, to = "~", to[at[1]:]
	}
	a, ok1 := partialDay(from)
	b, ok2 := partialDay(to)
	if !ok1 || !ok2 {
		return "", false
	}
	a, b = wholeSpan(a, b)
	switch {
	case a == b:
		return prefix + a, true
	case a[:4] > b[:4]:
		return "", false
	}
	return prefix + a + "/" + b, true
}

// wholeSpan writes a span from a year's first day to a year's last as years, and the
// days of one month as that month.
func wholeSpan(a, b string) (string, string) {
	if strings.HasSuffix(a, "-01-01") && strings.HasSuffix(b, "-12-31") {
		return a[:4], b[:4]
	}
	last, err := time.Parse(time.DateOnly, b)
	if err == nil && len(a) == len(b) && a[:7] == b[:7] && strings.HasSuffix(a, "-01") && last.AddDate(0, 0, 1).Day() == 1 {
		return a[:7], b[:7]
	}
	return a, b
}

// partialDay writes a day, a month or a year as ISO 8601 does.
func partialDay(text string) (string, bool) {
	for _, form := range []struct{ in, out string }{
		{"2 Jan 2006", time.DateOnly}, {"2 January 2006", time.DateOnly}, {time.DateOnly, time.DateOnly},
		{"Jan 2006", "2006-01"}, {"January 2006", "2006-01"}, {"2006-01", "2006-01"}, {"2006", "2006"},
	} {
		if t, err := time.Parse(form.in, strings.TrimSpace(text)); err == nil && t.Year() > 0 {
			return t.Format(form.out), true
		}
	}
	return "", false
}

// usDay reads the days of United States lists: "11/24/2025".
func usDay(text string) (time.Time, bool) {
	t, err := time.Parse("1/2/2006", strings.TrimSpace(text))
	if err != nil {
		return time.Time{}, false
	}
	return t, true
}

// withoutMark drops the byte order mark that some editors put before a file's text.
func withoutMark(head []byte) []byte { return bytes.TrimPrefix(head, []byte("\ufeff")) }
