package feed

import (
	"encoding/csv"
	"io"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/fundtrail/fundtrail"
)

// The lists that the Departments of Commerce and State publish together with the
// Treasury's (the Consolidated Screening List), and Commerce's list of persons denied
// export.

// A tableRow is a row with its columns by name.
type tableRow struct {
	fields  []string
	columns map[string]int
}

// get returns a column's text, "" where the file has no such column.
func (t tableRow) get(column string) string {
	if i, ok := t.columns[column]; ok {
		return strings.TrimSpace(t.fields[i])
	}
	return ""
}

// eachRow reads a table with a header; want are the columns that it must have.
func (u *usReader) eachRow(r io.Reader, comma rune, want []string, visit func(at place, row tableRow)) error {
	tail := &tailReader{Reader: r}
	table := csv.NewReader(withoutBOM(tail))
	table.Comma = comma
	header, err := table.Read()
	if err == io.EOF {
		return u.fail("empty file: want a header and a row an entry")
	} else if err != nil {
		return u.fail("line 1: want a header: %v", err)
	}
	columns := map[string]int{}
	for i, name := range header {
		columns[name] = i
	}
	for _, name := range want {
		if _, ok := columns[name]; !ok {
			return u.fail("line 1: no column %s: this is another file", name)
		}
	}
	for entry := 1; ; entry++ {
		f, err := table.Read()
		if err == io.EOF {
			if rune(tail.last) == comma {
				return u.fail("the last row ends after a separator: the file is cut")
			}
			return nil
		} else if err != nil {
			return u.fail("the file is cut or broken: %v", err)
		}
		line, _ := table.FieldPos(0)
		if slices.Equal(f, header) {
			u.reject(line, entry, strings.Join(f, ","), "the header stands again: the file was joined from two")
			continue
		}
		visit(place{line, entry}, tableRow{f, columns})
	}
}

// A tailReader remembers the last byte that was read.
type tailReader struct {
	io.Reader
	last byte
}

func (t *tailReader) Read(b []byte) (int, error) {
	n, err := t.Reader.Read(b)
	if n > 0 {
		t.last = b[n-1]
	}
	return n, err
}

// sourceCode is the short name of a list within the Consolidated Screening List:
// "Entity List (EL) - Bureau of Industry and Security".
var sourceCode = regexp.MustCompile(`\(([A-Z][A-Za-z-]*)(?: List)?\)`)

func parseCSL(r io.Reader) (*List, error) {
	u := newUSReader("Consolidated Screening List CSV")
	u.out.List = "us-csl"
	seen := map[string]bool{}
	err := u.eachRow(r, ',', []string{"_id", "source", "entity_number", "name"}, func(at place, row tableRow) {
		source, number, name := row.get("source"), orElse(row.get("entity_number"), row.get("_id")), row.get("name")
		if m := sourceCode.FindStringSubmatch(source); m != nil {
			source = m[1]
		}
		uid := source + ":" + number
		if source == "" || number == "" || name == "" || seen[uid] {
			u.reject(at.line, at.entry, strings.Join(row.fields, ","), "want a source, a name and a new number, not %q", clip(uid))
			return
		}
		seen[uid] = true
		u.out.Parties = append(u.out.Parties, u.cslParty(uid, name, row))
	})
	if err != nil {
		return nil, err
	}
	covers := fundtrail.CoversNames
	// Not every edition repeats the Treasury's crypto addresses; one that does shows it.
	if slices.ContainsFunc(u.out.Parties, func(p fundtrail.Party) bool { return len(p.Wallets) > 0 }) {
		covers |= fundtrail.CoversWallets
	}
	return u.finish(covers)
}

func (u *usReader) cslParty(uid, name string, row tableRow) fundtrail.Party {
	p := fundtrail.Party{UID: uid, Programs: split(row.get("programs"))}
	if typ := row.get("type"); typ != "" { // Commerce and State do not say
		u.kind(&p, typ)
	}
	addNameParts(&p, fundtrail.Name{Text: name})
	for _, alias := range split(row.get("alt_names")) {
		addNameParts(&p, fundtrail.Name{Text: strings.TrimPrefix(alias, "and "), Kind: fundtrail.Alias})
	}
	u.addNote(&p, "", row.get("remarks"))
	u.addNote(&p, "Source", row.get("source"))
	for _, column := range []string{
		"title", "federal_register_notice", "start_date", "end_date", "standard_order", "license_requirement", "license_policy",
		"vessel_type", "gross_tonnage", "gross_registered_tonnage", "vessel_owner", "places_of_birth", "source_information_url",
	} {
		u.addNote(&p, column, row.get(column))
	}
	if text := row.get("start_date"); text != "" {
		day, err := time.Parse(time.DateOnly, text)
		if err != nil {
			u.unread.add("start_date", text)
		}
		p.Listed = day
	}
	for _, column := range []string{"nationalities", "citizenships", "vessel_flag"} {
		for _, country := range split(row.get(column)) {
			u.addCountry(&p, country)
		}
	}
	for _, a := range split(row.get("addresses")) {
		u.addNote(&p, "Address", a)
		if code := a[strings.LastIndexByte(a, ' ')+1:]; len(code) == 2 && code == strings.ToUpper(code) && code > "99" {
			u.addCountry(&p, code)
		}
	}
	for _, birth := range split(row.get("dates_of_birth")) {
		u.addBirth(&p, birth)
	}
	if sign := row.get("call_sign"); sign != "" {
		u.addIdentifier(&p, "Vessel Call Sign", sign, "")
	}
	for _, id := range split(row.get("ids")) {
		u.cslID(&p, id)
	}
	return p
}

// cslID reads "Passport, U00242309, TR, 2016-01-01, 2020-01-01": type, number, country
// and days, of which the last three may be missing.
func (u *usReader) cslID(p *fundtrail.Party, id string) {
	typ, value, _ := strings.Cut(id, ", ")
	country := ""
	parts := strings.Split(value, ", ")
	for len(parts) > 1 && (isDay(parts[len(parts)-1]) || parts[len(parts)-1] == "") {
		parts = parts[:len(parts)-1]
	}
	if n := len(parts); n > 1 && countryCodes[parts[n-1]] {
		country, parts = parts[n-1], parts[:n-1]
	}
	short := strings.Join(parts, ", ")
	u.addFeature(p, typ, short, country)
	if isIdentifierType(typ) && strings.TrimSuffix(value, ", "+country) != short {
		u.addNote(p, "", id) // its days
	}
}

func isDay(text string) bool {
	_, err := time.Parse(time.DateOnly, text)
	return err == nil
}

// split cuts a column that holds several values.
func split(text string) []string {
	if text == "" {
		return nil
	}
	var out []string
	for _, s := range strings.Split(text, "; ") {
		if s = strings.TrimSpace(s); s != "" {
			out = append(out, s)
		}
	}
	return out
}

// parseDPL reads the Denied Persons List. It numbers no entries, and has one for each
// address of a person: those of one name and one order are one party.
func parseDPL(r io.Reader) (*List, error) {
	u := newUSReader("Denied Persons List")
	u.out.List = "us-bis-dpl"
	byOrder := map[string]int{}
	err := u.eachRow(r, '\t', []string{"Name", "Effective_Date", "Expiration_Date"}, func(at place, row tableRow) {
		name := row.get("Name")
		listed, ok := usDay(row.get("Effective_Date"))
		if name == "" || !ok {
			u.reject(at.line, at.entry, strings.Join(row.fields, "\t"), "want a name and an Effective_Date such as 10/16/2017, not %q", clip(row.get("Effective_Date")))
			return
		}
		order := strings.Join([]string{name, row.get("Effective_Date"), row.get("Expiration_Date"), row.get("FR_Citation")}, "\x00")
		i, known := byOrder[order]
		if !known {
			i = len(u.out.Parties)
			byOrder[order] = i
			p := fundtrail.Party{Names: []fundtrail.Name{{Text: name}}, Listed: listed}
			for _, column := range []string{"Effective_Date", "Expiration_Date", "Standard_Order", "Last_Update", "Action", "FR_Citation"} {
				u.addNote(&p, strings.ReplaceAll(column, "_", " "), row.get(column))
			}
			u.out.Parties = append(u.out.Parties, p)
		}
		p := &u.out.Parties[i]
		u.addCountry(p, row.get("Country"))
		var lines []string
		for _, column := range []string{"Street_Address", "City", "State", "Postal_Code", "Country"} {
			if text := row.get(column); text != "" {
				lines = append(lines, text)
			}
		}
		u.addNote(p, "Address", strings.Join(lines, ", "))
	})
	if err != nil {
		return nil, err
	}
	return u.finish(fundtrail.CoversNames)
}
