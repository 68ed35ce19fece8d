package feed

import (
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/fundtrail/fundtrail"
)

// SDN_ADVANCED.XML and CONS_ADVANCED.XML follow the model that the United Nations
// published as "Advanced Sanctions Data Model": tables of reference values, then places,
// documents, parties, and entries on lists, which point at each other by number. A party
// is read when it comes; what points at it from elsewhere is added at the end.

// An advancedReader is such a file while it is read.
type advancedReader struct {
	*usReader
	refs       map[string]map[string]string // table, number: what it says
	countries  map[string]string            // a country's number: its ISO code
	areas      map[string]string            // an area's number: its country's
	groupTypes map[string]string            // a party subtype's number: its party type's
	locations  map[string]location
	documents  []document
	parties    map[string]int // by profile, into out.Parties
	identities map[string]int // by identity, into out.Parties
	places     [][]located    // beside out.Parties
	lists      map[string]int // entries by list
	strange    int            // entries on lists for profiles that the file does not hold
}

type location struct{ country, text string }

// A located is a place that a party's feature names: where it lives, or its nationality.
type located struct{ feature, location string }

type document struct{ identity, typ, number, country, days string }

func parseAdvancedXML(r io.Reader) (*List, error) {
	a := &advancedReader{
		usReader: newUSReader("OFAC advanced XML"),
		refs:     map[string]map[string]string{}, countries: map[string]string{}, areas: map[string]string{}, groupTypes: map[string]string{},
		locations: map[string]location{},
		parties:   map[string]int{}, identities: map[string]int{}, lists: map[string]int{},
	}
	open := []string{"ReferenceValueSets", "Locations", "IDRegDocuments", "DistinctParties", "ProfileRelationships", "SanctionsEntries", "SanctionsEntryLinks"}
	entry := 0
	err := a.eachElement(r, "Sanctions", open, func(parent string, e *element) error {
		switch parent {
		case "ReferenceValueSets":
			a.reference(e)
		case "Locations":
			a.location(e)
		case "IDRegDocuments":
			a.document(e)
		case "DistinctParties":
			entry++
			a.party(entry, e)
		case "SanctionsEntries":
			a.entry(e)
		case "ProfileRelationships", "SanctionsEntryLinks": // who is tied to whom: no field of a party holds it
		default:
			if e.name != "DateOfIssue" {
				a.unread.add("element", e.name)
				return nil
			}
			day, ok := dateParts(e)
			if !ok {
				return a.fail("DateOfIssue: want a year, a month and a day")
			}
			a.out.Published = day
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return a.complete()
}

// complete adds what points at parties, and tells which list the file is of.
func (a *advancedReader) complete() (*List, error) {
	for _, d := range a.documents {
		i, ok := a.identities[d.identity]
		if !ok {
			a.unread.add("document", "of an identity that the file does not hold")
			continue
		}
		a.addFeature(&a.out.Parties[i], d.typ, d.number, d.country)
		a.addNote(&a.out.Parties[i], "", d.days)
	}
	for i, places := range a.places {
		p := &a.out.Parties[i]
		for _, at := range places {
			l, ok := a.locations[at.location]
			if !ok {
				a.unread.add("location", "that the file does not hold")
				continue
			}
			a.addCountry(p, l.country)
			if at.feature != "Location" {
				a.addNote(p, at.feature, orElse(l.text, l.country))
			} else if l.text != "" {
				a.addNote(p, "Address", strings.TrimSuffix(l.text+", "+l.country, ", "))
			}
		}
	}
	if a.strange > 0 {
		a.unread.add("entry on a list", "of a profile that the file does not hold")
		if 2*a.strange > len(a.out.Parties) {
			return nil, a.fail("%d entries on lists are of profiles that the file does not hold: it is cut", a.strange)
		}
	}
	if a.lists["SDN List"] > 0 && 2*a.lists["SDN List"] >= len(a.out.Parties) {
		a.out.List = listSDN
	} else if len(a.lists) > 0 {
		a.out.List = listCons
	}
	return a.finish(fundtrail.CoversNames | fundtrail.CoversWallets)
}

// reference reads one table of reference values.
func (a *advancedReader) reference(table *element) {
	name := strings.TrimSuffix(table.name, "Values")
	values := map[string]string{}
	for _, v := range table.kids {
		id := v.attr("ID")
		values[id] = v.text
		switch name {
		case "Country":
			a.countries[id] = orElse(v.attr("ISO2"), v.text)
		case "AreaCode":
			a.areas[id] = v.attr("CountryID")
		case "PartySubType":
			a.groupTypes[id] = v.attr("PartyTypeID")
		}
	}
	a.refs[name] = values
}

// ref returns what a number means, or says that it means nothing.
func (a *advancedReader) ref(table, id string) string {
	text, ok := a.refs[table][id]
	if !ok && id != "" {
		a.unread.add(table, "number "+id+", which the file does not explain")
	}
	return text
}

func (a *advancedReader) location(e *element) {
	var l location
	var lines []string
	for _, k := range e.kids {
		switch k.name {
		case "LocationCountry":
			l.country = a.countries[k.attr("CountryID")]
		case "LocationAreaCode":
			if l.country == "" {
				l.country = a.countries[a.areas[k.attr("AreaCodeID")]]
			}
		case "LocationPart":
			for _, v := range k.kids {
				if text := v.get("Value"); text != "" && v.attr("Primary") != "false" {
					lines = append(lines, text)
				}
			}
		}
	}
	l.text = strings.Join(lines, ", ")
	a.locations[e.attr("ID")] = l
}

func (a *advancedReader) document(e *element) {
	d := document{
		identity: e.attr("IdentityID"),
		typ:      a.ref("IDRegDocType", e.attr("IDRegDocTypeID")),
		number:   e.get("IDRegistrationNo"),
		country:  a.countries[e.attr("IssuedBy-CountryID")],
	}
	var days []string
	for _, k := range e.kids {
		if k.name == "DocumentDate" {
			if day, ok := period(k.first("DatePeriod")); ok {
				days = append(days, strings.ToLower(a.ref("IDRegDocDateType", k.attr("IDRegDocDateTypeID")))+" "+day)
			}
		}
	}
	if len(days) > 0 {
		d.days = d.typ + " " + d.number + " " + strings.Join(days, ", ")
	}
	a.documents = append(a.documents, d)
}

func (a *advancedReader) party(entry int, e *element) {
	var p fundtrail.Party
	p.UID = e.attr("FixedRef")
	a.addNote(&p, "", e.get("Comment"))
	var places []located
	var profiles, identities []string
	for _, profile := range e.kids {
		if profile.name != "Profile" {
			continue
		}
		sub := profile.attr("PartySubTypeID")
		kind := a.ref("PartySubType", sub)
		if strings.EqualFold(kind, "Unknown") || kind == "" {
			kind = a.ref("PartyType", a.groupTypes[sub])
		}
		a.kind(&p, kind)
		for _, k := range profile.kids {
			switch k.name {
			case "Identity":
				a.identity(&p, k)
				identities = append(identities, k.attr("ID"))
			case "Feature":
				places = append(places, a.feature(&p, k)...)
			case "Comment":
				a.addNote(&p, "", k.text)
			case "SanctionsEntryReference", "ExternalReference":
			default:
				a.unread.add("element", k.name)
			}
		}
		profiles = append(profiles, profile.attr("ID"))
	}
	mainFirst(p.Names)
	if p.UID == "" || len(p.Names) == 0 || !a.isNew(p.UID) {
		a.reject(0, entry, p.UID, "DistinctParty %d: want a new FixedRef and a name", entry)
		return
	}
	for _, id := range profiles {
		a.parties[id] = len(a.out.Parties)
	}
	for _, id := range identities {
		a.identities[id] = len(a.out.Parties)
	}
	a.out.Parties = append(a.out.Parties, p)
	a.places = append(a.places, places)
}

func (a *advancedReader) identity(p *fundtrail.Party, identity *element) {
	groups := map[string]string{} // a name part's group: its type
	for _, master := range identity.first("NamePartGroups").kids {
		for _, g := range master.kids {
			groups[g.attr("ID")] = a.ref("NamePartType", g.attr("NamePartTypeID"))
		}
	}
	for _, alias := range identity.kids {
		if alias.name != "Alias" {
			continue
		}
		kind := fundtrail.MainName
		if alias.attr("Primary") != "true" {
			kind = a.aliasKind(a.ref("AliasType", alias.attr("AliasTypeID")), alias.attr("LowQuality") == "true")
		}
		for _, documented := range alias.kids { // one for each script
			if documented.name == "DocumentedName" {
				addNameParts(p, documentedName(documented, groups, kind))
			}
		}
	}
}

// documentedName puts the parts of a name as the other forms write it: of a person
// "FAMILY, Given Middle", of others the parts in order.
func documentedName(e *element, groups map[string]string, kind fundtrail.NameKind) fundtrail.Name {
	var all, given []string
	family := ""
	for _, part := range e.kids {
		v := part.first("NamePartValue")
		if part.name != "DocumentedNamePart" || v.text == "" {
			continue
		}
		all = append(all, v.text)
		if groups[v.attr("NamePartGroupID")] == "Last Name" && family == "" {
			family = v.text
		} else {
			given = append(given, v.text)
		}
	}
	if family == "" || len(given) == 0 {
		return fundtrail.Name{Text: strings.Join(all, " "), Kind: kind}
	}
	g := strings.Join(given, " ")
	return fundtrail.Name{Text: family + ", " + g, Family: family, Given: g, Kind: kind}
}

// feature reads every version of a feature. Places come at the end of the file's tables.
func (a *advancedReader) feature(p *fundtrail.Party, f *element) (places []located) {
	typ := a.ref("FeatureType", f.attr("FeatureTypeID"))
	for _, version := range f.kids {
		if version.name != "FeatureVersion" {
			continue
		}
		for _, k := range version.kids {
			switch k.name {
			case "VersionDetail":
				value := k.text
				if ref := k.attr("DetailReferenceID"); ref != "" && value == "" {
					value = a.ref("DetailReference", ref)
				}
				a.addFeature(p, typ, value, "")
			case "DatePeriod":
				day, ok := period(k)
				if !ok {
					a.unread.add("date", typ)
					continue
				}
				a.addFeature(p, typ, day, "")
			case "VersionLocation":
				places = append(places, located{typ, k.attr("LocationID")})
			case "Comment":
				a.addNote(p, typ, k.text)
			}
		}
	}
	return places
}

func (a *advancedReader) entry(e *element) {
	a.lists[a.ref("List", e.attr("ListID"))]++
	i, ok := a.parties[e.attr("ProfileID")]
	if !ok {
		a.strange++
		return
	}
	p := &a.out.Parties[i]
	for _, k := range e.kids {
		switch k.name {
		case "EntryEvent":
			day, ok := dateParts(k.first("Date"))
			typ := a.ref("EntryEventType", k.attr("EntryEventTypeID"))
			if ok && (typ == "" || typ == "Created") && (p.Listed.IsZero() || day.Before(p.Listed)) {
				p.Listed = day
			}
			if legal := a.ref("LegalBasis", k.attr("LegalBasisID")); legal != "" {
				a.addNote(p, "Legal basis", legal)
			}
		case "SanctionsMeasure":
			typ, comment := a.ref("SanctionsType", k.attr("SanctionsTypeID")), k.get("Comment")
			if typ == "Program" && comment != "" {
				p.Programs = append(p.Programs, comment)
			} else if comment != "" {
				a.addNote(p, typ, comment)
			}
		}
	}
}

// dateParts reads <Year>, <Month> and <Day>.
func dateParts(e *element) (time.Time, bool) {
	text := pointText(e)
	if len(text) != len(time.DateOnly) {
		return time.Time{}, false
	}
	t, err := time.Parse(time.DateOnly, text)
	return t, err == nil
}

// pointText writes a day, a month or a year as ISO 8601 does; "" where there is none.
func pointText(e *element) string {
	text := ""
	for i, field := range []string{"Year", "Month", "Day"} {
		n, err := strconv.Atoi(e.get(field))
		if err != nil || n <= 0 || n > 9999 {
			break
		}
		switch i {
		case 0:
			text = pad(n, 4)
		default:
			text += "-" + pad(n, 2)
		}
	}
	return text
}

func pad(n, width int) string {
	s := strconv.Itoa(n)
	return strings.Repeat("0", max(0, width-len(s))) + s
}

// period writes a span of days as birthOf reads one: "1977-03-25", "circa 1960-01-01 to
// 1964-12-31". A span of which both ends are spans runs from the first to the last.
func period(e *element) (string, bool) {
	start, end := e.first("Start"), e.first("End")
	from, to := pointText(start.first("From")), pointText(end.first("To"))
	if to == "" {
		to = pointText(start.first("To"))
	}
	if from == "" {
		return "", false
	}
	prefix := ""
	if start.attr("Approximate") == "true" || end.attr("Approximate") == "true" {
		prefix = "circa "
	}
	if to == "" || to == from {
		return prefix + from, true
	}
	return prefix + from + " to " + to, true
}
