package feed

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/fundtrail/fundtrail"
)

// FollowTheMoney is a data set of OpenSanctions, as JSON lines of its model: an
// entity a line, those that belong together joined by their identifiers, or nested.
const FollowTheMoney Format = "followthemoney json lines"

const ftmWhat = "FollowTheMoney entities"

// ftmKinds are the schemata that are parties.
var ftmKinds = map[string]fundtrail.PartyKind{
	"Person": fundtrail.Person, "Organization": fundtrail.Organisation, "Company": fundtrail.Organisation,
	"PublicBody": fundtrail.Organisation, "LegalEntity": fundtrail.PartyUnstated,
	"Vessel": fundtrail.Vessel, "Airplane": fundtrail.Aircraft,
}

// ftmNumbers are the properties that identify a party.
var ftmNumbers = []string{
	"passportNumber", "idNumber", "socialSecurityNumber", "taxNumber", "vatCode", "registrationNumber", "imoNumber", "mmsi", "callSign",
	"innCode", "ogrnCode", "kppCode", "okpoCode", "leiCode", "swiftBic", "bikCode", "dunsCode", "permId", "uniqueEntityId", "npiCode",
	"uscCode", "icijId", "unscId", "serialNumber",
}

// ftmCountries are the properties that say whose a party is.
var ftmCountries = []string{"nationality", "citizenship", "jurisdiction", "country", "mainCountry", "flag"}

// An ftmValue is a text, or an entity nested in another.
type ftmValue struct {
	text   string
	entity *ftmEntity
}

func (v *ftmValue) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '{' {
		v.entity = new(ftmEntity)
		return json.Unmarshal(b, v.entity)
	}
	return json.Unmarshal(b, &v.text)
}

type ftmEntity struct {
	ID         string                `json:"id"`
	Caption    string                `json:"caption"`
	Schema     string                `json:"schema"`
	Properties map[string][]ftmValue `json:"properties"`
	Datasets   []string              `json:"datasets"`
	LastSeen   string                `json:"last_seen"`
}

// all returns the texts of a property.
func (e *ftmEntity) all(property string) (out []string) {
	for _, v := range e.Properties[property] {
		if v.text != "" {
			out = append(out, v.text)
		}
	}
	return out
}

// first returns the first text of the first property that has one.
func (e *ftmEntity) first(properties ...string) string {
	for _, p := range properties {
		if all := e.all(p); len(all) > 0 {
			return all[0]
		}
	}
	return ""
}

// refs returns the identifiers of the entities that a property points to.
func (e *ftmEntity) refs(property string) (out []string) {
	for _, v := range e.Properties[property] {
		switch {
		case v.entity != nil:
			out = append(out, v.entity.ID)
		case v.text != "":
			out = append(out, v.text)
		}
	}
	return out
}

// An ftmParty is a party with what other lines say about it.
type ftmParty struct {
	*listing
	line, entry int
	topic       bool // its own topics say that it is sanctioned
	standing    int  // sanctions without an end
	ended       int
	stated      bool // it has a sanction of its own
}

type ftmReader struct {
	*listReader
	parties []*ftmParty
	byID    map[string]*ftmParty
	joined  []ftmJoined // what belongs to a party, in the file's order
	common  []string    // the data sets that every entity is in
	seen    time.Time
}

type ftmJoined struct {
	line, entry int
	to          []string
	entity      *ftmEntity
}

func parseFTM(r io.Reader) (*List, error) {
	out := &ftmReader{listReader: newListReader("opensanctions", ftmWhat), byID: map[string]*ftmParty{}}
	broken := func(line int, format string, args ...any) error {
		return fmt.Errorf("parse %s: line %d: "+format+": %w", append(append([]any{ftmWhat, line}, args...), fundtrail.ErrInvalid)...)
	}
	in := bufio.NewReaderSize(r, 256<<10)
	for at := 1; ; at++ {
		text, err := ftmLine(in)
		if errors.Is(err, fundtrail.ErrLimit) {
			return nil, fmt.Errorf("parse %s: line %d: %w", ftmWhat, at, err)
		} else if err != nil && err != io.EOF {
			return nil, fmt.Errorf("parse %s: line %d: %w", ftmWhat, at, readError(err))
		}
		last := err == io.EOF
		if text = bytes.TrimSpace(bytes.TrimPrefix(text, []byte("\ufeff"))); len(text) > 0 {
			var e ftmEntity
			switch err := json.Unmarshal(text, &e); {
			case at == 1 && text[0] == '<':
				return nil, broken(at, "it is a web page or XML: want an entity a line, in JSON")
			case err != nil && last:
				return nil, broken(at, "%v: the file may be cut short", err)
			case err != nil:
				return nil, broken(at, "%v: want an entity a line", err)
			case e.Schema == "" || e.ID == "":
				return nil, broken(at, "no id and schema: want an entity of FollowTheMoney")
			}
			out.entries++
			out.entity(at, &e)
		}
		if last {
			break
		}
	}
	out.join()
	for _, p := range out.parties {
		if p.stated && p.standing == 0 && !p.topic || !p.stated && !p.topic {
			continue // named in the data set, and not sanctioned, or no longer
		}
		out.entries = p.entry
		out.keep(p.line, p.listing)
	}
	if len(out.common) == 1 {
		out.list.List += "-" + out.common[0]
	}
	out.list.Published = out.seen
	return out.done()
}

// ftmLine reads one line, however long up to a bound.
func ftmLine(in *bufio.Reader) (line []byte, err error) {
	for {
		part, err := in.ReadSlice('\n')
		line = append(line, part...)
		if len(line) > recordBytes {
			return nil, fmt.Errorf("more than %d bytes: %w", recordBytes, fundtrail.ErrLimit)
		}
		if err != bufio.ErrBufferFull {
			return line, err
		}
	}
}

// entity takes one entity, and those nested in it, which belong to it.
func (r *ftmReader) entity(line int, e *ftmEntity) {
	if r.entries == 1 {
		r.common = e.Datasets
	}
	r.common = slices.DeleteFunc(slices.Clone(r.common), func(d string) bool { return !slices.Contains(e.Datasets, d) })
	if t, ok := listTime(e.LastSeen); ok && t.After(r.seen) {
		r.seen = t
	}
	for _, values := range sortedProperties(e) {
		for _, v := range values {
			if v.entity != nil {
				r.belongs(line, v.entity, []string{e.ID})
			}
		}
	}
	kind, party := ftmKinds[e.Schema]
	if e.Schema == "CryptoWallet" && len(e.refs("holder")) == 0 {
		party = true // listed itself, and nobody says whose it is
	}
	if !party {
		r.belongs(line, e, nil)
		return
	}
	p := &ftmParty{listing: r.party(e.ID), line: line, entry: r.entries}
	p.Kind = kind
	p.ftm(e)
	if e.Schema == "CryptoWallet" {
		p.name(fundtrail.Name{Text: e.first("publicKey")})
		p.joined(e)
	}
	p.topic = slices.ContainsFunc(e.all("topics"), func(t string) bool { return t == "sanction" })
	if r.byID[e.ID] != nil {
		r.reject(line, e.ID, "identifier %q is that of line %d", clip(e.ID), r.byID[e.ID].line)
		return
	}
	r.byID[e.ID] = p
	r.parties = append(r.parties, p)
}

// sortedProperties returns an entity's properties by name: a map has no order.
func sortedProperties(e *ftmEntity) (out [][]ftmValue) {
	var names []string
	for n := range e.Properties {
		names = append(names, n)
	}
	slices.Sort(names)
	for _, n := range names {
		out = append(out, e.Properties[n])
	}
	return out
}

// belongs keeps an entity for the party that it is about, once all are read.
func (r *ftmReader) belongs(line int, e *ftmEntity, to []string) {
	switch e.Schema {
	case "Sanction":
		to = append(to, e.refs("entity")...)
	case "CryptoWallet", "Passport", "Identification":
		to = append(to, e.refs("holder")...)
	default:
		return // a relation, an address, an asset: not what is listed
	}
	r.joined = append(r.joined, ftmJoined{line, r.entries, to, e})
}

func (r *ftmReader) join() {
	for _, j := range r.joined {
		slices.Sort(j.to)
		var found bool
		for _, id := range slices.Compact(j.to) {
			if p := r.byID[id]; p != nil {
				found = true
				p.joined(j.entity)
			}
		}
		if !found {
			r.entries = j.entry
			r.reject(j.line, j.entity.ID, "a %s of %q, which is no party in this file", j.entity.Schema, clip(strings.Join(j.to, ", ")))
		}
	}
}

func (p *ftmParty) joined(e *ftmEntity) {
	switch e.Schema {
	case "Sanction":
		p.stated = true
		if end := e.first("endDate"); end != "" {
			p.ended++
			p.note("sanction ended", strings.TrimSpace(end+" "+e.first("program", "authority")))
			return
		}
		p.standing++
		for _, property := range []string{"programId", "program"} {
			if all := e.all(property); len(all) > 0 {
				for _, s := range all {
					p.program(s)
				}
				break
			}
		}
		p.listed("listingDate", e.first("listingDate", "startDate"))
		for _, s := range e.all("authority") {
			p.note("authority", s)
		}
		for _, s := range e.all("reason") {
			p.note("reasons", s)
		}
		for _, s := range append(e.all("unscId"), e.all("authorityId")...) {
			p.identifier("authorityId", s, "")
		}
	case "CryptoWallet":
		currency := e.first("currency", "currencySymbol")
		keys := e.all("publicKey")
		for _, key := range keys {
			if utf8.ValidString(key) {
				p.wallet(currency, strings.TrimSpace(key))
			}
		}
		if len(keys) == 0 {
			p.unread.add("CryptoWallet without publicKey", "")
		}
	case "Passport", "Identification":
		for _, n := range append(e.all("number"), e.all("passportNumber")...) {
			p.identifier(orElse(e.first("type"), e.Schema), n, e.first("country"))
		}
	}
}

// ftm reads what an entity says about itself.
func (p *ftmParty) ftm(e *ftmEntity) {
	names := e.all("name")
	for i, n := range names {
		name := fundtrail.Name{Text: n}
		if i > 0 {
			name.Kind = fundtrail.Alias // the model has one caption, and names of equal rank
		}
		if given, family := e.all("firstName"), e.all("lastName"); len(names) == 1 && len(given) == 1 && len(family) == 1 {
			name.Given, name.Family = given[0], family[0]
		}
		p.name(name)
	}
	if len(names) == 0 {
		p.name(fundtrail.Name{Text: e.Caption})
	}
	for _, n := range []struct {
		property string
		kind     fundtrail.NameKind
	}{{"alias", fundtrail.Alias}, {"abbreviation", fundtrail.Alias}, {"weakAlias", fundtrail.WeakAlias}, {"previousName", fundtrail.FormerName}} {
		for _, s := range e.all(n.property) {
			p.name(fundtrail.Name{Text: s, Kind: n.kind})
		}
	}
	for _, d := range e.all("birthDate") {
		p.birth("birthDate", d)
	}
	for _, property := range ftmCountries {
		for _, c := range e.all(property) {
			p.country(property, c)
		}
	}
	for _, property := range ftmNumbers {
		for _, n := range e.all(property) {
			p.identifier(property, n, "")
		}
	}
	for _, property := range []string{"notes", "summary", "position", "title", "gender", "birthPlace", "address", "type", "buildDate"} {
		for _, s := range e.all(property) {
			heading := property
			if property == "notes" || property == "summary" {
				heading = ""
			}
			p.note(heading, s)
		}
	}
}

// isFTM reports whether the first line of a file begins an entity.
func isFTM(head []byte, _ string) bool {
	line, _, _ := bytes.Cut(bytes.TrimSpace(bytes.TrimPrefix(head, []byte("\ufeff"))), []byte("\n"))
	return bytes.HasPrefix(line, []byte("{")) && bytes.Contains(line, []byte(`"schema"`)) && bytes.Contains(line, []byte(`"id"`)) &&
		(bytes.Contains(line, []byte(`"properties"`)) || bytes.Contains(line, []byte(`"caption"`)))
}
