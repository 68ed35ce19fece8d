package feed

import (
	"io"
	"regexp"
	"strings"

	"github.com/fundtrail/fundtrail"
)

// A columnList is a list that is published as a table with a row, or some rows, a
// party. Columns are named as columnKey writes them; several names are the ones that
// the publisher has used in turn.
type columnList struct {
	list string
	form tableForm

	uid       []string
	uidOf     func(uid string) string // what of it is the party's, where rows share one
	kind      []string
	kinds     map[string]fundtrail.PartyKind
	main      [][]string // each is a main name, in another script
	alias     []string
	weak      []string
	former    []string
	program   []string
	listed    []string
	birth     []string
	country   [][]string // each says a country
	wallets   []string
	published []string // above the header, before a date
	numbers   []numberColumn
	// rowKind says what a row's main name is, where rows of a party say it.
	rowKind  []string
	rowKinds map[string]fundtrail.NameKind
	// remarks may state crypto addresses.
	remarks []string
}

// A numberColumn is a column of identifiers.
type numberColumn struct {
	say     string
	columns []string
}

func (c *columnList) known() [][]string {
	known := [][]string{c.uid, c.kind, c.alias, c.weak, c.former, c.program, c.listed, c.birth, c.wallets, c.rowKind}
	known = append(append(known, c.main...), c.country...)
	for _, n := range c.numbers {
		known = append(known, n.columns)
	}
	return known
}

func (c *columnList) parse(r io.Reader) (*List, error) {
	t, err := c.form.open(r)
	if err != nil {
		return nil, err
	}
	out := newListReader(c.list, c.form.what)
	c.above(out, t)
	others := t.others(c.known()...)
	type group struct {
		line, entry int
		party       *listing
	}
	var groups []group
	at := map[string]int{}
	for {
		more, err := t.next()
		if err != nil {
			return nil, err
		}
		if !more {
			break
		}
		if c.form.columnsOf(t.row) != nil {
			continue // the header again, as on every page of what this was copied from
		}
		out.entries++
		if t.broken() {
			out.reject(t.line, strings.Join(t.row, ","), "it holds bytes that are no text")
			continue
		}
		uid := t.get(c.uid...)
		switch {
		case uid != "" && c.uidOf != nil:
			uid = c.uidOf(uid)
		case uid == "": // a list without numbers: by name, and by birth for two of one name
			for _, main := range c.main {
				uid = orElse(uid, t.get(main...))
			}
			if born := t.get(c.birth...); uid != "" && born != "" {
				uid += ", " + born
			}
			uid = clip(uid)
		}
		i, ok := at[uid]
		if !ok || c.uidOf == nil {
			i = len(groups)
			at[uid] = i
			groups = append(groups, group{t.line, out.entries, out.party(uid)})
		}
		c.row(groups[i].party, t)
		for _, k := range others {
			if k < len(t.row) {
				groups[i].party.note(squeeze(t.names[k]), t.row[k])
			}
		}
	}
	for _, g := range groups {
		out.entries = g.entry
		out.keep(g.line, g.party)
	}
	return out.done()
}

// dayInText finds a day in a title, before or behind the word that says what it is.
var dayInText = regexp.MustCompile(`\d{4}\s?[-/.年년]\s?\d{1,2}\s?[-/.月월]\s?\d{1,2}|(?:令和|平成)(?:元|\d{1,2})年\d{1,2}月\d{1,2}日|\d{1,2}[ /][A-Za-z]{3,9} \d{4}|\d{1,2}/\d{1,2}/\d{4}`)

// above reads the day of the file off the rows above its header.
func (c *columnList) above(out *listReader, t *listTable) {
	for _, row := range t.before {
		text := squeeze(strings.Join(row, " "))
		for _, word := range c.published {
			if day := dayInText.FindString(text); day != "" && strings.Contains(text, word) && out.list.Published.IsZero() {
				out.published(word, day)
			}
		}
	}
}

func (c *columnList) row(p *listing, t *listTable) {
	if word := t.get(c.kind...); word != "" {
		kind, ok := c.kinds[strings.ToLower(word)]
		if !ok {
			p.unread.add("kind", word)
		}
		p.Kind = kind
	}
	nameKind := fundtrail.MainName
	if word := t.get(c.rowKind...); word != "" {
		kind, ok := c.rowKinds[strings.ToLower(word)]
		if !ok {
			p.unread.add("name type", word)
			kind = fundtrail.Alias
		}
		nameKind = kind
	}
	for _, main := range c.main {
		p.name(fundtrail.Name{Text: t.get(main...), Kind: nameKind})
	}
	for _, other := range []struct {
		columns []string
		kind    fundtrail.NameKind
	}{{c.alias, fundtrail.Alias}, {c.weak, fundtrail.WeakAlias}, {c.former, fundtrail.FormerName}} {
		for _, s := range t.items(other.columns) {
			p.name(fundtrail.Name{Text: s, Kind: other.kind})
		}
	}
	for _, s := range t.items(c.program) {
		p.program(s)
	}
	p.listed("day of listing", t.get(c.listed...))
	for _, s := range t.items(c.birth) {
		p.birth("date of birth", s)
	}
	for _, columns := range c.country {
		for _, s := range t.items(columns) {
			p.country("country", s)
		}
	}
	for _, n := range c.numbers {
		for _, s := range t.items(n.columns) {
			p.identifier(n.say, s, "")
		}
	}
	for _, s := range t.items(c.wallets) {
		p.stated(s)
	}
	for _, column := range c.remarks {
		p.walletsIn(t.get(column))
	}
}

// itemMark begins an item of a list within a cell: "①", "(2)", "3)", "4.".
var itemMark = regexp.MustCompile(`[①-⑳]|(?:^|\s)\(?\d{1,2}[).]\s`)

// items returns the parts of the first filled cell of these columns: a line each, or
// numbered, or apart by semicolons. A comma parts nothing: it stands within names.
func (t *listTable) items(columns []string) (out []string) {
	for _, c := range columns {
		i, ok := t.columns[c]
		if !ok || i >= len(t.row) || strings.TrimSpace(t.row[i]) == "" {
			continue
		}
		for _, line := range separate(t.row[i], "\n\r;；、") {
			for _, part := range itemMark.Split(line, -1) {
				if part = squeeze(part); part != "" && part != "-" && part != "－" {
					out = append(out, part)
				}
			}
		}
		return out
	}
	return nil
}

// walletWord is a currency beside an address: "XBT", "USDT", "이더리움" is none.
var walletWord = regexp.MustCompile(`^[A-Za-z]{2,6}$`)

// stated reads an address with the currency that stands beside it: "BTC: 1Boat…",
// "0xabc… (ETH)".
func (l *listing) stated(text string) {
	currency, found := "", false
	var addresses []string
	for _, word := range strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(" \t:：,()（）", r) }) {
		switch {
		case len(word) >= 20:
			addresses = append(addresses, word)
		case walletWord.MatchString(word) && currency == "":
			currency = strings.ToUpper(word)
		}
	}
	for _, a := range addresses {
		l.wallet(currency, a)
		found = true
	}
	if !found {
		l.unread.add("wallet", text)
		l.note("wallet", text)
	}
}

// lead is a party's own part of a reference: "8" of "8a", which is one of its names.
var lead = regexp.MustCompile(`^\d+`)
