package feed

import (
	"fmt"
	"io"
	"regexp"
	"strings"

	"github.com/fundtrail/fundtrail"
)

// UNConsolidated is the consolidated list of the UN Security Council, in XML.
const UNConsolidated Format = "un consolidated xml"

var unForm = xmlForm{what: "UN consolidated list", root: "CONSOLIDATED_LIST", holders: []string{"INDIVIDUALS", "ENTITIES"}}

func parseUN(r io.Reader) (*List, error) {
	out := newListReader("un-sc", unForm.what)
	err := unForm.read(r, func(root, e *node) error {
		out.entries++
		if out.entries == 1 {
			out.published("dateGenerated", root.is("dateGenerated"))
		}
		switch e.name {
		case "INDIVIDUAL":
			out.keep(e.line, unParty(out, e, fundtrail.Person))
		case "ENTITY":
			out.keep(e.line, unParty(out, e, fundtrail.Organisation))
		default:
			out.reject(e.line, e.name, "found <%s>: want <INDIVIDUAL> or <ENTITY>", clip(e.name))
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out.done()
}

func unParty(out *listReader, e *node, kind fundtrail.PartyKind) *listing {
	p := out.party(e.get("REFERENCE_NUMBER"))
	p.Kind = kind
	var parts []string
	for _, field := range []string{"FIRST_NAME", "SECOND_NAME", "THIRD_NAME", "FOURTH_NAME"} {
		parts = append(parts, e.get(field))
	}
	// Which of the four is a family name the list does not say: a Korean's stands first.
	p.name(fundtrail.Name{Text: strings.Join(parts, " ")})
	p.name(fundtrail.Name{Text: e.get("NAME_ORIGINAL_SCRIPT")})
	for _, a := range e.all("INDIVIDUAL_ALIAS", "ENTITY_ALIAS") {
		p.unAlias(a)
	}
	p.program(e.get("UN_LIST_TYPE"))
	p.listed("LISTED_ON", e.get("LISTED_ON"))
	p.note("", e.get("COMMENTS1"))
	p.note("gender", e.get("GENDER"))
	p.note("formerly submitted by", e.get("SUBMITTED_BY"))
	for _, field := range []string{"TITLE", "DESIGNATION"} {
		p.note(strings.ToLower(field), strings.Join(values(e.child(field)), "; "))
	}
	if updates := values(e.child("LAST_DAY_UPDATED")); len(updates) > 0 {
		p.note("updated", strings.Join(updates, ", "))
	}
	for _, n := range values(e.child("NATIONALITY")) {
		p.country("nationality", n)
	}
	for _, d := range e.all("INDIVIDUAL_DATE_OF_BIRTH") {
		p.unBirth(d)
	}
	for _, a := range e.all("INDIVIDUAL_ADDRESS", "ENTITY_ADDRESS") {
		p.country("country of an address", a.get("COUNTRY"))
		p.note("address", unPlace(a))
	}
	for _, b := range e.all("INDIVIDUAL_PLACE_OF_BIRTH") {
		p.note("place of birth", unPlace(b))
	}
	for _, d := range e.all("INDIVIDUAL_DOCUMENT") {
		p.unDocument(d)
	}
	e.ignore("DATAID", "VERSIONNUM", "LIST_TYPE", "SORT_KEY", "SORT_KEY_LAST_MOD")
	e.unread(out.unread)
	return p
}

// values returns the texts of an node's VALUE children.
func values(e *node) (out []string) {
	for _, v := range e.all("VALUE") {
		if s := v.value(); s != "" {
			out = append(out, s)
		}
	}
	return out
}

func (l *listing) unAlias(a *node) {
	name, quality, note := a.get("ALIAS_NAME"), a.get("QUALITY"), a.get("NOTE")
	kind := fundtrail.Alias
	switch strings.ToLower(quality) {
	case "good", "a.k.a.", "":
	case "low":
		kind = fundtrail.WeakAlias
	case "f.k.a.":
		kind = fundtrail.FormerName
	default:
		l.unread.add("alias quality", quality)
	}
	switch strings.ToLower(note) {
	case "formerly listed as", "previously listed as":
		kind, note = fundtrail.FormerName, ""
	}
	l.name(fundtrail.Name{Text: name, Kind: kind})
	l.birth("date of birth under an alias", a.get("DATE_OF_BIRTH"))
	var born []string
	for _, field := range []string{"CITY_OF_BIRTH", "COUNTRY_OF_BIRTH"} {
		if s := a.get(field); s != "" {
			born = append(born, s)
		}
	}
	if len(born) > 0 {
		note = strings.TrimPrefix(note+"; born in "+strings.Join(born, ", "), "; ")
	}
	if note != "" {
		l.note("alias "+name, note)
	}
}

// unMonth is a month that stands in a note because the year's field has no room.
var unMonth = regexp.MustCompile(`^[A-Za-z]{3,9}\.?$`)

func (l *listing) unBirth(d *node) {
	kind, date, year := d.get("TYPE_OF_DATE"), d.get("DATE"), d.get("YEAR")
	from, to, note := d.get("FROM_YEAR"), d.get("TO_YEAR"), d.get("NOTE")
	text := orElse(date, year)
	if date == "" && year != "" && unMonth.MatchString(note) && !strings.EqualFold(note, "approximately") {
		text, note = note+" "+year, ""
	}
	if from != "" || to != "" {
		text = from + "-" + to
	}
	if text == "" {
		text, note = note, ""
	}
	switch kind {
	case "EXACT", "BETWEEN", "":
	case "APPROXIMATELY":
		if text != "" {
			text = "circa " + text
		}
	default:
		l.unread.add("type of date", kind)
	}
	l.birth("date of birth", text)
	if note != "" {
		l.note("date of birth "+text, note)
	}
}

// unPlace writes an address on one line.
func unPlace(a *node) string {
	var parts []string
	for _, field := range []string{"STREET", "CITY", "STATE_PROVINCE", "ZIP_CODE", "COUNTRY"} {
		if s := a.get(field); s != "" {
			parts = append(parts, s)
		}
	}
	place := strings.Join(parts, ", ")
	if note := a.get("NOTE"); note != "" {
		place = strings.TrimSpace(place + " (" + note + ")")
	}
	return place
}

func (l *listing) unDocument(d *node) {
	kind, more := d.get("TYPE_OF_DOCUMENT"), strings.TrimRight(d.get("TYPE_OF_DOCUMENT2"), ":")
	number, issuer, note := d.get("NUMBER"), orElse(d.get("ISSUING_COUNTRY"), d.get("COUNTRY_OF_ISSUE")), d.get("NOTE")
	if kind == "" {
		kind = more
	} else if more != "" && !strings.EqualFold(kind, more) {
		kind = fmt.Sprintf("%s (%s)", kind, more)
	}
	l.identifier(kind, number, issuer)
	var about []string
	for _, s := range []struct{ say, text string }{
		{"issued ", d.get("DATE_OF_ISSUE")}, {"in ", d.get("CITY_OF_ISSUE")}, {"", note},
	} {
		if s.text != "" {
			about = append(about, s.say+s.text)
		}
	}
	if len(about) > 0 {
		l.note(strings.TrimSpace(kind+" "+number), strings.Join(about, ", "))
	}
}
