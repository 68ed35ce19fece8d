package feed

import (
	"fmt"
	"io"
	"strings"

	"github.com/fundtrail/fundtrail"
)

// EUFinancial is the European Union's consolidated list of financial sanctions, in
// XML of schema FSF 1.1.
const EUFinancial Format = "eu fsf xml"

var euForm = xmlForm{what: "EU financial sanctions list", root: "export"}

func parseEU(r io.Reader) (*List, error) {
	out := newListReader("eu-fsf", euForm.what)
	var stamped bool
	err := euForm.read(r, func(root, e *node) error {
		if !stamped {
			stamped = true
			if !strings.Contains(root.is("xmlns"), "fsd") && root.is("generationDate") == "" {
				return fmt.Errorf("<export> without a generationDate: want %s: %w", euForm.what, fundtrail.ErrInvalid)
			}
			out.published("generationDate", root.is("generationDate"))
		}
		out.entries++
		if e.name != "sanctionEntity" {
			out.reject(e.line, e.name, "found <%s>: want <sanctionEntity>", clip(e.name))
			return nil
		}
		out.keep(e.line, euParty(out, e))
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out.done()
}

func euParty(out *listReader, e *node) *listing {
	p := out.party(orElse(e.is("euReferenceNumber"), e.is("logicalId")))
	switch kind := e.child("subjectType").is("code"); kind {
	case "person":
		p.Kind = fundtrail.Person
	case "enterprise":
		p.Kind = fundtrail.Organisation
	default:
		p.unread.add("subject type", kind)
	}
	for _, a := range e.all("nameAlias") {
		p.euName(a)
	}
	p.listed("designationDate", e.is("designationDate"))
	for _, r := range e.all("regulation") {
		p.program(r.is("programme"))
		text := r.is("numberTitle")
		if day := r.is("entryIntoForceDate"); day != "" {
			text += ", in force " + day
		}
		p.note("regulation", text)
		r.ignore("publicationUrl")
	}
	p.note("designation", e.is("designationDetails"))
	p.identifier("UN reference", e.is("unitedNationId"), "")
	for _, c := range e.all("citizenship") {
		p.country("citizenship", c.is("countryIso2Code"), c.is("countryDescription"))
	}
	for _, b := range e.all("birthdate") {
		p.euBirth(b)
	}
	for _, a := range e.all("address") {
		p.country("country of an address", a.is("countryIso2Code"), a.is("countryDescription"))
		p.note("address", attributes(a, "place", "street", "poBox", "zipCode", "city", "region", "countryDescription"))
		for _, c := range a.all("contactInfo") {
			p.note(strings.ToLower(c.is("key")), c.is("value"))
		}
	}
	for _, id := range e.all("identification") {
		p.euIdentification(id)
	}
	for _, k := range e.kids { // those of the party itself, not of its names
		if k.name == "remark" {
			text := k.value()
			p.note("", text)
			p.walletsIn(text)
		}
	}
	for _, rest := range e.all("remark") {
		if text := rest.value(); text != "" {
			p.note("", text)
		}
	}
	e.unread(out.unread)
	return p
}

// attributes joins the attributes that are stated.
func attributes(e *node, names ...string) string {
	var parts []string
	for _, n := range names {
		if s := e.is(n); s != "" && s != "UNKNOWN" {
			parts = append(parts, s)
		}
	}
	return strings.Join(parts, ", ")
}

func (l *listing) euName(a *node) {
	n := fundtrail.Name{
		Text:   a.is("wholeName"),
		Given:  strings.TrimSpace(a.is("firstName") + " " + a.is("middleName")),
		Family: a.is("lastName"),
	}
	n.Text = orElse(n.Text, strings.TrimSpace(n.Given+" "+n.Family))
	if len(l.Names) > 0 { // the list marks no name as the main one: it is the first
		n.Kind = fundtrail.Alias
	}
	if a.is("strong") == "false" {
		n.Kind = fundtrail.WeakAlias
	}
	l.name(n)
	l.note("function", a.is("function"))
	l.note("title", a.is("title"))
}

func (l *listing) euBirth(b *node) {
	text := orElse(b.is("birthdate"), b.is("year"))
	if y, m, d := b.is("year"), b.is("monthOfYear"), b.is("dayOfMonth"); b.is("birthdate") == "" && y != "" && m != "" {
		text = fmt.Sprintf("%s-%s", y, m)
		if d != "" {
			text += "-" + d
		}
	}
	if from, to := b.is("yearRangeFrom"), b.is("yearRangeTo"); text == "" && from+to != "" {
		text = from + "-" + to
	}
	if calendar := b.is("calendarType"); calendar != "" && calendar != "GREGORIAN" {
		l.unread.add("calendar", calendar)
		l.note("date of birth", text+" ("+strings.ToLower(calendar)+")")
	} else if text != "" {
		if b.is("circa") == "true" {
			text = "circa " + text
		}
		l.birth("date of birth", text)
	}
	l.note("place of birth", attributes(b, "place", "city", "region", "zipCode", "countryDescription"))
}

func (l *listing) euIdentification(id *node) {
	kind := orElse(id.is("identificationTypeDescription"), id.is("identificationTypeCode"))
	number := orElse(id.is("number"), id.is("latinNumber"))
	if isWalletWord(kind) {
		l.wallet("", number)
		return
	}
	country := orElse(id.is("countryIso2Code"), id.is("countryDescription"))
	if country == "00" {
		country = ""
	}
	l.identifier(kind, number, country)
	var about []string
	for _, flag := range []struct{ attr, say string }{
		{"knownExpired", "expired"}, {"knownFalse", "false"}, {"reportedLost", "reported lost"}, {"revokedByIssuer", "revoked"},
	} {
		if id.is(flag.attr) == "true" {
			about = append(about, flag.say)
		}
	}
	if by := id.is("issuedBy"); by != "" {
		about = append(about, "issued by "+by)
	}
	if name := id.is("nameOnDocument"); name != "" {
		about = append(about, "in the name of "+name)
	}
	if len(about) > 0 {
		l.note(kind+" "+number, strings.Join(about, ", "))
	}
}

// isWalletWord reports whether a column or a kind of number is about crypto addresses.
func isWalletWord(s string) bool {
	s = strings.ToLower(s)
	for _, word := range []string{"wallet", "crypto", "virtual currency", "digital currency", "virtual asset"} {
		if strings.Contains(s, word) {
			return true
		}
	}
	return false
}
