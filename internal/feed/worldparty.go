package feed

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/fundtrail/fundtrail"
)

// A listing is one party while it is read. Nothing is set twice, and what cannot be
// read is counted.
type listing struct {
	fundtrail.Party
	unread counter
	notes  []string
	seen   map[string]int // what was added already, and where; a hostile file may add much
}

// again reports whether something was added before, at i; if not, it stands at next.
func (l *listing) again(what, text string, next int) (i int, again bool) {
	key := what + "\x00" + text
	if i, again = l.seen[key]; again {
		return i, true
	}
	if l.seen == nil {
		l.seen = map[string]int{}
	}
	l.seen[key] = next
	return next, false
}

// name adds a name in the list's words.
func (l *listing) name(n fundtrail.Name) {
	n.Text, n.Given, n.Family = squeeze(n.Text), squeeze(n.Given), squeeze(n.Family)
	if n.Text == "" || !strings.ContainsFunc(n.Text, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }) {
		return
	}
	if i, again := l.again("name", n.Text, len(l.Names)); again {
		if l.Names[i].Kind == fundtrail.WeakAlias {
			l.Names[i].Kind = n.Kind // a list that is sure of it elsewhere is sure
		}
		return
	}
	l.Names = append(l.Names, n)
}

// mainFirst puts the first main name to the front.
func (l *listing) mainFirst() {
	if i := slices.IndexFunc(l.Names, func(n fundtrail.Name) bool { return n.Kind == fundtrail.MainName }); i > 0 {
		main := l.Names[i]
		l.Names = slices.Insert(slices.Delete(l.Names, i, i+1), 0, main)
	}
}

// program adds a programme.
func (l *listing) program(s string) {
	if s = squeeze(s); s == "" {
		return
	}
	if _, again := l.again("program", s, 0); !again {
		l.Programs = append(l.Programs, s)
	}
}

// country adds what a text or, failing that, a code says; the field is for the count of
// what is not known.
func (l *listing) country(field string, texts ...string) {
	stated := ""
	for _, s := range texts {
		if s = squeeze(s); s == "" {
			continue
		}
		if code := countryCode(s); code != "" {
			if !slices.Contains(l.Countries, code) {
				l.Countries = append(l.Countries, code)
			}
			return
		}
		stated = orElse(stated, s)
	}
	if stated != "" && stated != "-" && stated != "00" {
		l.unread.add(field, stated)
	}
}

// birth adds a date of birth.
func (l *listing) birth(field, s string) {
	if s = squeeze(s); s == "" || s == "-" {
		return
	}
	text, ok := birth(s)
	if !ok {
		l.unread.add(field, s)
		l.note(field, s)
		return
	}
	if _, again := l.again("birth", text, 0); !again {
		l.Births = append(l.Births, text)
	}
}

// identifier adds a number or a code; country is its issuer as the list writes it.
func (l *listing) identifier(kind, value, country string) {
	kind, value, country = squeeze(kind), squeeze(value), squeeze(country)
	if !strings.ContainsFunc(value, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }) {
		return
	}
	id := fundtrail.Identifier{Type: kind, Value: value, Country: countryCode(country)}
	if country != "" && id.Country == "" {
		l.unread.add("issuing country", country)
	}
	if _, again := l.again("identifier", id.Type+"\x00"+id.Value+"\x00"+id.Country, 0); !again {
		l.Identifiers = append(l.Identifiers, id)
	}
}

// wallet adds an address.
func (l *listing) wallet(currency, text string) {
	w := wallet(currency, text)
	if _, again := l.again("wallet", w.Currency+"\x00"+w.Text, 0); !again {
		l.Wallets = append(l.Wallets, w)
	}
}

// addressForms are texts in free text that are worth reading as an address: each has a
// checksum, or a form that nothing else has.
var addressForms = regexp.MustCompile(`\b(?:0x[0-9a-fA-F]{40}|T[1-9A-HJ-NP-Za-km-z]{33}|[13][1-9A-HJ-NP-Za-km-z]{25,34}|(?:bc1|BC1)[0-9A-Za-z]{8,87})\b`)

// walletsIn adds the addresses that a remark states. Only what its checksum proves to
// be an address is one; 0x with 40 digits is taken for what it looks like.
func (l *listing) walletsIn(text string) {
	for _, s := range addressForms.FindAllString(text, -1) {
		for _, chain := range []fundtrail.Chain{fundtrail.Tron, fundtrail.Bitcoin, fundtrail.Ethereum} {
			if _, err := fundtrail.ParseAddress(chain, s); err == nil {
				l.wallet("", s)
				break
			}
		}
	}
}

// note adds a remark under a heading, "" for none.
func (l *listing) note(heading, text string) {
	if text = squeeze(text); text == "" || text == "-" {
		return
	}
	if heading != "" {
		text = heading + ": " + text
	}
	if _, again := l.again("note", text, 0); !again {
		l.notes = append(l.notes, text)
	}
}

// listed sets the day of listing, the first where several are stated.
func (l *listing) listed(field, s string) {
	if s = squeeze(s); s == "" || s == "-" {
		return
	}
	d, ok := listDay(s)
	if !ok {
		l.unread.add(field, s)
		l.note(field, s)
		return
	}
	if l.Listed.IsZero() || d.Before(l.Listed) {
		l.Listed = d
	}
}

// A listReader collects the parties of one file.
type listReader struct {
	list    List
	what    string // for errors
	unread  counter
	entries int
	seen    map[string]int // UID: the entry that has it
}

func newListReader(list, what string) *listReader {
	return &listReader{
		list:   List{List: list, Covers: fundtrail.CoversNames | fundtrail.CoversWallets, Stated: -1},
		what:   what,
		unread: counter{},
		seen:   map[string]int{},
	}
}

func (r *listReader) party(uid string) *listing {
	return &listing{Party: fundtrail.Party{UID: squeeze(uid)}, unread: r.unread}
}

// reject sets an entry aside.
func (r *listReader) reject(line int, text string, format string, args ...any) {
	r.list.Rejected = append(r.list.Rejected, Rejected{line, max(r.entries, 1), clip(squeeze(text)),
		fmt.Errorf(format+": %w", append(args, fundtrail.ErrInvalid)...)})
}

// keep adds a party, or sets it aside when it has no name or no identifier of its own.
func (r *listReader) keep(line int, l *listing) bool {
	l.mainFirst()
	main := ""
	if len(l.Names) > 0 {
		main = l.Names[0].Text
	}
	switch at, twice := r.seen[l.UID]; {
	case l.UID == "":
		r.reject(line, main, "it has no identifier")
		return false
	case main == "":
		r.reject(line, l.UID, "it has no name")
		return false
	case twice:
		r.reject(line, l.UID+" "+main, "identifier %q is that of entry %d", clip(l.UID), at)
		return false
	}
	r.seen[l.UID] = r.entries
	l.Note = strings.Join(l.notes, "\n")
	r.list.Parties = append(r.list.Parties, l.Party)
	return true
}

// published sets the list's clock from the file's own words.
func (r *listReader) published(field, s string) {
	if s == "" {
		return
	}
	t, ok := listTime(s)
	if !ok {
		r.unread.add(field, s)
		return
	}
	r.list.Published = t
}

// done returns the list. A file without any party is no version of a list: every list
// here has hundreds.
func (r *listReader) done() (*List, error) {
	if len(r.list.Parties) == 0 {
		if n := len(r.list.Rejected); n > 0 {
			return nil, fmt.Errorf("parse %s: no party could be read; %v; %d set aside: %w", r.what, r.list.Rejected[0], n, fundtrail.ErrInvalid)
		}
		return nil, fmt.Errorf("parse %s: it names no party: it is empty or cut short: %w", r.what, fundtrail.ErrInvalid)
	}
	r.list.Unread = r.unread.counts()
	return &r.list, nil
}

// numbered splits "(1) A. (2) B" into its parts; other text is one part.
var numberedPart = regexp.MustCompile(`\(\d{1,3}\)\s*`)

func numbered(s string) (out []string) {
	if !strings.HasPrefix(strings.TrimSpace(s), "(1)") {
		return []string{squeeze(s)}
	}
	for _, p := range numberedPart.Split(s, -1) {
		if p = strings.TrimRight(squeeze(p), ".;,"); p != "" {
			out = append(out, p)
		}
	}
	return out
}

// separate splits a text at any of the given runes and drops what is empty.
func separate(s, at string) (out []string) {
	for _, p := range strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune(at, r) }) {
		if p = squeeze(p); p != "" {
			out = append(out, p)
		}
	}
	return out
}
