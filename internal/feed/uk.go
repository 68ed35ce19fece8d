package feed

import (
	"io"
	"regexp"
	"strings"

	"github.com/fundtrail/fundtrail"
)

// UKSanctions is the UK Sanctions List of the Foreign, Commonwealth and Development
// Office, in XML.
const UKSanctions Format = "uk sanctions list xml"

var ukForm = xmlForm{what: "UK sanctions list", root: "Designations"}

func parseUK(r io.Reader) (*List, error) {
	out := newListReader("uk-sanctions", ukForm.what)
	err := ukForm.read(r, func(root, e *node) error {
		switch {
		case strings.EqualFold(e.name, "DateGenerated"):
			out.published("DateGenerated", e.value())
		case strings.EqualFold(e.name, "Designation"):
			out.entries++
			out.keep(e.line, ukParty(out, e))
		default:
			out.entries++
			out.reject(e.line, e.name, "found <%s>: want <Designation>", clip(e.name))
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out.done()
}

func ukParty(out *listReader, e *node) *listing {
	p := out.party(e.get("UniqueID"))
	p.ukKind(orElse(e.get("IndividualEntityShip"), e.get("GroupTypeDescription")))
	for _, n := range e.all("Name") {
		var parts [6]string
		for i := range parts {
			parts[i] = n.get("Name" + string(rune('1'+i)))
		}
		p.ukName(parts, n.get("NameType"), n.get("AliasStrength"))
	}
	for _, n := range e.all("NameNonLatinScript") {
		p.name(fundtrail.Name{Text: n.value(), Kind: fundtrail.Alias})
	}
	p.program(e.get("RegimeName"))
	p.listed("DateDesignated", e.get("DateDesignated"))
	p.identifier("OFSI group ID", e.get("OFSIGroupID"), "")
	p.identifier("UN reference", e.get("UNReferenceNumber"), "")
	for _, field := range []struct{ element, say string }{
		{"SanctionsImposed", "sanctions imposed"}, {"DesignationSource", "source"}, {"LastUpdated", "updated"},
	} {
		p.note(field.say, e.get(field.element))
	}
	for _, field := range []struct{ element, say string }{
		{"OtherInformation", ""}, {"UKStatementofReasons", "reasons"}, {"Title", "title"}, {"Position", "position"},
		{"Gender", "gender"}, {"TypeOfEntity", "type"}, {"ParentCompany", "parent company"}, {"Subsidiary", "subsidiary"},
		{"CurrentOwnerOperator", "owner or operator"}, {"PreviousOwnerOperator", "previous owner or operator"},
		{"TypeOfShip", "type"}, {"TonnageOfShip", "tonnage"}, {"LengthOfShip", "length"}, {"YearBuilt", "built"},
		{"EmailAddress", "e-mail"}, {"PhoneNumber", "telephone"}, {"Website", "website"},
	} {
		for _, x := range e.all(field.element) {
			text := x.value()
			p.note(field.say, text)
			if field.say == "" || field.say == "reasons" {
				p.walletsIn(text)
			}
		}
	}
	for _, d := range e.all("DOB") {
		p.birth("date of birth", d.value())
	}
	for _, n := range e.all("Nationality", "CurrentBelievedFlagOfShip", "PreviousFlag") {
		for _, part := range numbered(n.value()) {
			p.country(strings.ToLower(n.name), part)
		}
	}
	for _, a := range e.all("Address") {
		p.country("country of an address", a.get("AddressCountry"))
		p.note("address", strings.Join(texts(a), ", "))
	}
	for _, l := range e.all("Location") {
		p.note("place of birth", strings.Join(texts(l), ", "))
	}
	p.ukNumbers(e)
	e.ignore("SanctionsImposedIndicators", "NonLatinScriptType", "NonLatinScriptLanguage")
	e.unread(out.unread)
	return p
}

// ukNumbers adds what identifies a party; what is said about a number stands behind it.
func (l *listing) ukNumbers(e *node) {
	for _, n := range []struct{ element, say, about string }{
		{"PassportNumber", "Passport", "PassportAdditionalInformation"},
		{"NationalIdentifierNumber", "National identifier", "NationalIdentifierAdditionalInformation"},
		{"BusinessRegistrationNumber", "Business registration number", ""},
		{"IMONumber", "IMO number", ""},
		{"HullIdentificationNumber", "Hull identification number", ""},
	} {
		about := e.all(n.about)
		for i, x := range e.all(n.element) {
			number := x.value()
			for _, part := range numbered(number) {
				l.identifier(n.say, part, "")
			}
			if i < len(about) {
				l.note(n.say+" "+number, about[i].value())
			}
		}
		for _, x := range about { // of a number that is not stated
			if !x.used {
				l.note(n.say, x.value())
			}
		}
	}
}

// texts returns the texts of an node's children, in order.
func texts(e *node) (out []string) {
	for _, k := range e.kids {
		if s := k.value(); s != "" {
			out = append(out, s)
		}
	}
	return out
}

func (l *listing) ukKind(s string) {
	switch strings.ToLower(s) {
	case "individual":
		l.Kind = fundtrail.Person
	case "entity":
		l.Kind = fundtrail.Organisation
	case "ship":
		l.Kind = fundtrail.Vessel
	default:
		l.unread.add("kind", s)
	}
}

// ukName adds a name of six parts: the sixth is the family name, or the whole name of
// what is no person.
func (l *listing) ukName(parts [6]string, kind, strength string) {
	n := fundtrail.Name{Text: strings.Join(parts[:], " ")}
	if given := squeeze(strings.Join(parts[:5], " ")); l.Kind == fundtrail.Person && given != "" {
		n.Given, n.Family = given, parts[5]
	}
	switch strings.ToLower(kind) {
	case "primary name", "prime alias":
	case "alias", "aka", "a.k.a.", "a.k.a", "primary name variation", "":
		n.Kind = fundtrail.Alias
	case "fka", "f.k.a.", "f.k.a", "formerly known as", "previous name":
		n.Kind = fundtrail.FormerName
	default:
		n.Kind = fundtrail.Alias
		l.unread.add("name type", kind)
	}
	switch s := strings.ToLower(strength); {
	case s == "" || s == "-" || strings.HasPrefix(s, "good"):
	case strings.HasPrefix(s, "low"):
		if n.Kind == fundtrail.Alias {
			n.Kind = fundtrail.WeakAlias
		}
	default:
		l.unread.add("alias strength", strength)
	}
	l.name(n)
}

// Numbers that OFSI writes into its remarks.
var (
	ukListRef = regexp.MustCompile(`\(UK Sanctions List Ref\):\s*([A-Z]{2,5}\d{3,5})`)
	ukUNRef   = regexp.MustCompile(`\(UN Ref\):\s*([A-Z]{2}[ie]\.\d{3})`)
	ukIMO     = regexp.MustCompile(`IMO (?:number|No\.?):?\s*(\d{7})\b`)
)
