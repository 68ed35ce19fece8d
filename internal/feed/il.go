package feed

import (
	"io"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/encoding/charmap"

	"github.com/fundtrail/fundtrail"
)

// Israel's National Bureau for Counter Terror Financing publishes seizure orders in two
// tables: the orders with their days, and the wallets and persons that they name.
// Either is read alone, or both one behind the other.
const (
	NBCTFOrders  Format = "il nbctf orders csv"
	NBCTFWallets Format = "il nbctf wallets csv"
)

const nbctfWhat = "NBCTF seizure orders"

var (
	nbctfOrders  = tableForm{what: nbctfWhat, legacy: charmap.Windows1255, need: [][]string{{"סוג"}, {"תאריךעדכון"}, {"תוקףהצו"}}}
	nbctfWallets = tableForm{what: nbctfWhat, legacy: charmap.Windows1255, need: [][]string{{"שםמלא"}, {"מספרזיהויהארנקהאלקטרונייוזר"}, {"מטבע"}}}
	nbctfEither  = tableForm{what: nbctfWhat, legacy: charmap.Windows1255, need: [][]string{{"סוג", "שםמלא"}, {"תוקףהצו", "מספרזיהויהארנקהאלקטרונייוזר"}}}
)

var (
	// nbctfOrder is an order's number: "צ.ת 18/26", "צ.ת - 34/23", "צו תפיסה 79/21".
	nbctfOrder  = regexp.MustCompile(`(?:צ\.ת|צו תפיסה)[\s-]*(\d{1,3}/\d{2})`)
	nbctfNumber = regexp.MustCompile(`(\d{1,3}/\d{2})`) // in a sentence about a seizure
	// nbctfForfeit is the order of forfeiture that took a seizure's place.
	nbctfForfeit = regexp.MustCompile(`צו חילוט\s*\((צח\s*\d{1,3}/\d{2})\)`)
	// nbctfLabelled is a number that says what it is and whose: "מס' דרכון (פלסטיני): 123".
	nbctfLabelled = regexp.MustCompile(`^([^:]{2,40}):\s*(\S.*)$`)
	nbctfIssuer   = regexp.MustCompile(`\(([^)]+)\)`)
	// A user of an exchange is digits alone: a number, or a telephone's.
	nbctfUser = regexp.MustCompile(`^\d{5,22}$`)
	// A tag or memo that makes an exchange's address somebody's account.
	nbctfTagged   = regexp.MustCompile(`(?i)address tag|memo`)
	spreadsheetID = regexp.MustCompile(`^\d(?:\.\d+)?E\+\d+$`)
)

// nbctfAnonymous stands where the holder is not known.
const nbctfAnonymous = "אנונימי"

// An nbctfReader collects orders, and persons by order.
type nbctfReader struct {
	*listReader
	orders  map[string]*listing
	persons map[string]*listing
	all     []*listing
	lines   []int
	order   *listing // whose rows are being read
	person  *listing // of the row before, within the order
	named   bool     // a table of names and wallets was read
}

func parseNBCTF(r io.Reader) (*List, error) {
	t, err := nbctfEither.open(r)
	if err != nil {
		return nil, err
	}
	out := &nbctfReader{listReader: newListReader("il-nbctf", nbctfWhat), orders: map[string]*listing{}, persons: map[string]*listing{}}
	wallets := nbctfWallets.columnsOf(t.names) != nil
	out.named = wallets
	for {
		more, err := t.next()
		if err != nil {
			return nil, err
		}
		if !more {
			break
		}
		if c := nbctfOrders.columnsOf(t.row); c != nil { // the other table begins
			t.columns, t.names, wallets = c, t.row, false
			continue
		} else if c := nbctfWallets.columnsOf(t.row); c != nil {
			t.columns, t.names, wallets, out.named = c, t.row, true, true
			continue
		}
		out.entries++
		if t.broken() {
			out.reject(t.line, strings.Join(t.row, ","), "it holds bytes that are no text")
		} else if wallets {
			out.wallets(t)
		} else {
			out.release(t)
		}
	}
	if !out.named { // the orders alone name nobody and no wallet
		out.list.Covers = 0
	}
	for i, p := range out.all {
		out.entries = i + 1
		out.keep(out.lines[i], p)
	}
	return out.done()
}

// orderOf returns the party of an order, made when it is first met.
func (r *nbctfReader) orderOf(number string, line int) *listing {
	p := r.orders[number]
	if p == nil {
		p = r.party(number)
		p.name(fundtrail.Name{Text: "צ.ת " + number})
		p.program("צ.ת " + number)
		p.note("", "seizure order of the Minister of Defence, not a person")
		r.orders[number] = p
		r.all, r.lines = append(r.all, p), append(r.lines, line)
	}
	return p
}

// release reads a row of the table of orders. The day that it states is of the last
// change, so it is no day of listing.
func (r *nbctfReader) release(t *listTable) {
	kind := t.get("סוג")
	m := nbctfOrder.FindStringSubmatch(kind)
	if m == nil {
		if m = nbctfNumber.FindStringSubmatch(kind); m == nil || !strings.Contains(kind, "תפיסה") {
			r.reject(t.line, strings.Join(t.row, ","), "want the number of a seizure order, such as צ.ת 18/26")
			return
		}
	}
	p := r.orderOf(m[1], t.line)
	text := kind
	if day := t.get("תאריךעדכון"); day != "" {
		if d, ok := listDay(day); ok {
			day = d.Format(time.DateOnly)
		} else {
			r.unread.add("תאריך עדכון", day)
		}
		text += ", updated " + day
	}
	p.note("order", text)
	until := t.get("תוקףהצו")
	if f := nbctfForfeit.FindStringSubmatch(until); f != nil {
		p.program(f[1])
		p.note("", "followed by the order of forfeiture "+f[1])
	} else if d, ok := listDay(until); ok {
		p.note("valid until", d.Format(time.DateOnly))
	} else if until != "" && until != "-" {
		r.unread.add("תוקף הצו", until)
		p.note("תוקף הצו", until)
	}
}

// cell returns a cell without the dash that stands for nothing.
func cell(t *listTable, column string) string {
	if s := t.get(column); s != "-" {
		return s
	}
	return ""
}

// wallets reads a row of the table of wallets.
func (r *nbctfReader) wallets(t *listTable) {
	name := cell(t, "שםמלא")
	if m := nbctfOrder.FindStringSubmatch(name); m != nil {
		r.order, r.person = r.orderOf(m[1], t.line), nil
		return
	}
	if r.order == nil {
		r.reject(t.line, strings.Join(t.row, ","), "it stands above the first order")
		return
	}
	id, passport, born := cell(t, "תעודתזהות"), cell(t, "דרכון"), cell(t, "תאריךלידה")
	holds, currency := cell(t, "מספרזיהויהארנקהאלקטרונייוזר"), cell(t, "מטבע")
	anonymous := name == nbctfAnonymous
	if anonymous {
		name = ""
	}
	to := []*listing{r.order}
	switch {
	case name == "" && id+passport+born+holds+currency == "":
		return // dashes
	case name != "" && id+passport+born+holds == "":
		r.reject(t.line, strings.Join(t.row, ","), "a name alone: the table does not say which row it belongs to")
		return
	case name != "":
		r.person = r.personOf(name, orElse(id, passport, name), t.line)
		to = append(to, r.person)
	case holds == "" && id+passport != "" && r.person != nil && !anonymous:
		to = append(to, r.person) // more numbers of the person above
	default:
		r.person = nil
	}
	for _, p := range to[1:] {
		r.number(p, "תעודת זהות", id)
		r.number(p, "דרכון", passport)
		p.birth("תאריך לידה", born)
	}
	if len(to) == 1 { // numbers of somebody without a name
		r.number(r.order, "תעודת זהות", id)
		r.number(r.order, "דרכון", passport)
		if id+passport != "" && holds != "" {
			r.order.note(orElse(id, passport), holds)
		}
	}
	if holds == "" && currency != "" {
		r.reject(t.line, strings.Join(t.row, ","), "a currency without a wallet")
		return
	}
	for _, p := range to {
		r.holds(p, currency, holds, p == r.order)
	}
}

func (r *nbctfReader) personOf(name, id string, line int) *listing {
	if m := nbctfLabelled.FindStringSubmatch(id); m != nil {
		id = m[2]
	}
	uid := r.order.UID + ":" + clip(id)
	p := r.persons[uid]
	if p == nil {
		p = r.party(uid)
		p.Kind = fundtrail.Person
		p.Programs = slices.Clone(r.order.Programs[:1])
		p.note("", "named as a holder in seizure order "+r.order.UID)
		r.persons[uid] = p
		r.all, r.lines = append(r.all, p), append(r.lines, line)
		p.name(fundtrail.Name{Text: name})
	}
	p.name(fundtrail.Name{Text: name, Kind: fundtrail.Alias})
	return p
}

// number adds an identity number, with its issuer where the cell names one.
func (r *nbctfReader) number(p *listing, kind, text string) {
	country := ""
	if m := nbctfLabelled.FindStringSubmatch(text); m != nil {
		kind, text = m[1], m[2]
		if c := nbctfIssuer.FindStringSubmatch(kind); c != nil {
			country = c[1]
			if code := countryCode(country); code != "" && p != r.order {
				p.country("", code)
			}
			kind = squeeze(strings.Replace(kind, c[0], "", 1))
		}
	}
	if spreadsheetID.MatchString(text) {
		r.unread.add(kind, text) // a spreadsheet has rounded it
	}
	p.identifier(kind, text, country)
}

// holds adds a wallet, or the user of an exchange, which is no address.
func (r *nbctfReader) holds(p *listing, currency, text string, count bool) {
	if text == "" {
		return
	}
	parts := []string{text}
	if !nbctfTagged.MatchString(text) {
		parts = separate(text, ",; ")
	}
	for _, s := range parts {
		if nbctfUser.MatchString(s) {
			p.identifier("יוזר (user)", s, "")
			continue
		}
		// With a tag it is an exchange's address and a customer's account there: the
		// whole text is kept, so that the exchange is not taken for the customer.
		p.wallet(currency, s)
		if strings.ContainsFunc(s, func(c rune) bool { return c > unicode.MaxASCII }) && count {
			r.unread.add("wallet", s) // letters of another alphabet that look the same
		}
	}
}
