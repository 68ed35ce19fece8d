package feed

import (
	"io"
	"strings"

	"github.com/fundtrail/fundtrail"
)

// UKOFSI is the consolidated list of the UK's Office of Financial Sanctions
// Implementation, ConList.csv: a row a name, and a party in as many rows as it has.
const UKOFSI Format = "uk ofsi csv"

var ofsiForm = tableForm{
	what: "OFSI consolidated list",
	need: [][]string{{"name6"}, {"name1"}, {"groupid"}, {"grouptype"}, {"regime"}}, endsLine: true,
}

func parseOFSI(r io.Reader) (*List, error) {
	t, err := ofsiForm.open(r)
	if err != nil {
		return nil, err
	}
	out := newListReader("uk-ofsi", ofsiForm.what)
	for _, row := range t.before {
		if len(row) >= 2 && columnKey(row[0]) == "lastupdated" {
			out.published("Last Updated", strings.TrimSpace(row[1]))
		}
	}
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
		out.entries++
		id := t.get("groupid")
		if id == "" {
			out.reject(t.line, strings.Join(t.row, ","), "it has no Group ID")
			continue
		}
		i, ok := at[id]
		if !ok {
			i = len(groups)
			at[id] = i
			groups = append(groups, group{t.line, out.entries, out.party(id)})
			groups[i].party.ukKind(t.get("grouptype"))
		}
		ofsiRow(groups[i].party, t)
	}
	for _, g := range groups {
		out.entries = g.entry
		out.keep(g.line, g.party)
	}
	return out.done()
}

func ofsiRow(p *listing, t *listTable) {
	var parts [6]string
	for i := range parts {
		parts[i] = t.get("name" + string(rune('1'+i)))
	}
	kind := t.get("aliastype")
	p.ukName(parts, orElse(kind, "primary name"), t.get("aliasquality"))
	p.name(fundtrail.Name{Text: t.get("namenonlatinscript"), Kind: fundtrail.Alias})
	p.program(t.get("regime"))
	p.listed("Listed On", t.get("listedon"))
	for _, d := range numbered(t.get("dob")) {
		p.birth("date of birth", d)
	}
	for _, n := range numbered(t.get("nationality")) {
		p.country("nationality", n)
	}
	p.country("country", t.get("country"))
	for _, id := range []struct{ column, say, about string }{
		{"passportnumber", "Passport", "passportdetails"},
		{"nationalidentificationnumber", "National identification", "nationalidentificationdetails"},
	} {
		for _, n := range numbered(t.get(id.column)) {
			p.identifier(id.say, n, "")
		}
		p.note(id.say+" details", t.get(id.about))
	}
	other := t.get("otherinformation")
	p.note("", other)
	p.walletsIn(other)
	if m := ukListRef.FindStringSubmatch(other); m != nil {
		p.identifier("UK sanctions list reference", m[1], "")
	}
	if m := ukUNRef.FindStringSubmatch(other); m != nil {
		p.identifier("UN reference", m[1], "")
	}
	if m := ukIMO.FindStringSubmatch(other); m != nil {
		p.identifier("IMO number", m[1], "")
	}
	var place []string
	for _, c := range []string{"address1", "address2", "address3", "address4", "address5", "address6", "postzipcode", "country"} {
		if s := t.get(c); s != "" {
			place = append(place, s)
		}
	}
	p.note("address", strings.Join(place, ", "))
	p.note("place of birth", strings.TrimPrefix(t.get("townofbirth")+", "+t.get("countryofbirth"), ", "))
	p.note("title", t.get("title"))
	p.note("position", t.get("position"))
	p.note("designated under the UK sanctions list", t.get("uksanctionslistdatedesignated"))
	p.note("updated", t.get("lastupdated"))
}
