package feed

import (
	"io"
	"strings"
	"time"

	"github.com/fundtrail/fundtrail"
)

// parseEnhancedXML reads the enhanced XML of the Sanctions List Service, SDN_ENHANCED.XML
// or CONS_ENHANCED.XML. It says itself which list it is of.
func parseEnhancedXML(r io.Reader) (*List, error) {
	u := newUSReader("OFAC enhanced XML")
	entry := 0
	err := u.eachElement(r, "sanctionsData", []string{"referenceValues", "featureTypes", "entities"}, func(parent string, e *element) error {
		switch {
		case e.name == "publicationInfo":
			var err error
			if u.out.List, err = u.enhancedList(e.first("filters", "sanctionsLists").kids); err != nil {
				return err
			}
			day, ok := parseDay(e.get("dataAsOf"))
			if !ok {
				return u.fail("dataAsOf %q: want a day such as 2025-01-10", clip(e.get("dataAsOf")))
			}
			u.out.Published = day.Truncate(24 * time.Hour)
		case parent == "entities":
			entry++
			u.enhanced(entry, e)
		case parent != "referenceValues" && parent != "featureTypes": // entries repeat what they mean
			u.unread.add("element", e.name)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if u.out.Published.IsZero() {
		return nil, u.fail("it has no publicationInfo")
	}
	return u.finish(fundtrail.CoversNames | fundtrail.CoversWallets)
}

// enhancedList reads which list the file is of off the filters it was made with.
func (u *usReader) enhancedList(filters []*element) (string, error) {
	switch {
	case len(filters) != 1:
		return "", u.fail("it holds %d lists, want one: the SDN List and the Consolidated List in files of their own", len(filters))
	case filters[0].text == "SDN List":
		return listSDN, nil
	case filters[0].text == "Consolidated List":
		return listCons, nil
	}
	return "", u.fail("it is of the list %q: want SDN List or Consolidated List", clip(filters[0].text))
}

func (u *usReader) enhanced(entry int, e *element) {
	var p fundtrail.Party
	p.UID = e.attr("id")
	u.kind(&p, e.get("generalInfo", "entityType"))
	for _, n := range e.first("names").kids {
		kind := fundtrail.MainName
		if n.get("isPrimary") != "true" {
			kind = u.aliasKind(n.get("aliasType"), n.get("isLowQuality") == "true")
		}
		for _, t := range n.first("translations").kids { // one for each script
			name := fundtrail.Name{Text: t.get("formattedFullName"), Kind: kind, Given: t.get("formattedFirstName"), Family: t.get("formattedLastName")}
			if name.Given == "" || p.Kind != fundtrail.Person {
				name.Given, name.Family = "", ""
			}
			addNameParts(&p, name)
		}
	}
	mainFirst(p.Names)
	if p.UID == "" || len(p.Names) == 0 || !u.isNew(p.UID) {
		u.reject(0, entry, p.UID, "entity %d: want a new id and a name", entry)
		return
	}
	for _, k := range e.first("generalInfo").kids {
		switch k.name {
		case "identityId", "entityType":
		case "remarks":
			u.addNote(&p, "", k.text)
		case "title":
			u.addNote(&p, "Title", k.text)
		default:
			u.unread.add("element", "generalInfo/"+k.name)
		}
	}
	for _, k := range e.kids {
		switch k.name {
		case "generalInfo", "names", "sanctionsTypes":
		case "sanctionsLists":
			p.Listed = u.listed(k)
			for _, l := range k.kids {
				u.addNote(&p, "List", strings.TrimSpace(l.text+" "+l.attr("datePublished")))
			}
		case "sanctionsPrograms":
			for _, program := range k.kids {
				p.Programs = append(p.Programs, program.text)
			}
		case "legalAuthorities":
			for _, l := range k.kids {
				u.addNote(&p, "Legal authority", l.text)
			}
		case "addresses":
			for _, a := range k.kids {
				u.addCountry(&p, a.get("country"))
				u.enhancedAddress(&p, a)
			}
		case "features":
			for _, f := range k.kids {
				u.addFeature(&p, f.get("type"), f.get("value"), "")
				u.addNote(&p, f.get("value"), f.get("comments"))
			}
		case "identityDocuments":
			for _, d := range k.kids {
				u.addFeature(&p, d.get("type"), d.get("documentNumber"), d.get("issuingCountry"))
				u.addNote(&p, "", documentDays(d))
			}
		case "relationships":
			for _, r := range k.kids {
				u.addNote(&p, r.get("type"), r.get("relatedEntity")+" ("+r.first("relatedEntity").attr("entityId")+")")
			}
		default:
			u.unread.add("element", k.name)
		}
	}
	u.out.Parties = append(u.out.Parties, p)
}

// listed returns the first day on a list: on the SDN list if that is the file's, else on
// any of the others.
func (u *usReader) listed(lists *element) (first time.Time) {
	for _, l := range lists.kids {
		day, ok := parseDay(l.attr("datePublished"))
		if !ok || (l.text == "SDN List") != (u.out.List == listSDN) {
			continue
		}
		if first.IsZero() || day.Before(first) {
			first = day
		}
	}
	return first
}

func (u *usReader) enhancedAddress(p *fundtrail.Party, a *element) {
	for _, t := range a.first("translations").kids {
		var lines []string
		for _, part := range t.first("addressParts").kids {
			lines = append(lines, part.get("value"))
		}
		if country := a.get("country"); country != "" && len(lines) > 0 {
			lines = append(lines, country)
		}
		u.addNote(p, "Address", strings.Join(lines, ", "))
	}
}

func documentDays(d *element) string {
	var days []string
	for _, day := range []struct{ name, word string }{{"issueDate", "issued"}, {"expirationDate", "expires"}, {"issuingAuthority", "by"}} {
		if text := d.get(day.name); text != "" {
			days = append(days, day.word+" "+text)
		}
	}
	if d.get("isValid") == "false" {
		days = append(days, "not valid")
	}
	if len(days) == 0 {
		return ""
	}
	return d.get("type") + " " + d.get("documentNumber") + " " + strings.Join(days, ", ")
}

// mainFirst brings the main name to the front; the others keep their order.
func mainFirst(names []fundtrail.Name) {
	for i := range names {
		if names[i].Kind == fundtrail.MainName {
			name := names[i]
			copy(names[1:i+1], names[:i])
			names[0] = name
			return
		}
	}
}
