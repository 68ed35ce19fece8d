package web

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/screen"
)

// FollowTheMoney's words for ours, and back.

// schemas are what of FollowTheMoney can be asked for, and the kind that it means.
var schemas = map[string]fundtrail.PartyKind{
	"Thing": fundtrail.PartyUnstated, "LegalEntity": fundtrail.PartyUnstated,
	"Person": fundtrail.Person, "Organization": fundtrail.Organisation, "Company": fundtrail.Organisation, "PublicBody": fundtrail.Organisation,
	"Vessel": fundtrail.Vessel, "Airplane": fundtrail.Aircraft,
}

const walletSchema = "CryptoWallet"

const maxNames = 50 // of one query

// questions turns a query into questions, one for each of its names. What of its evidence
// cannot be read is told apart.
func (e *MatchEntity) questions(p *matchParams) (list []screen.Question, unread []string, err error) {
	q := screen.Question{AsOf: p.asOf, Known: p.known, Threshold: max(p.cutoff, 0.01), Limit: maxLimit} // zero would mean the default
	if e.Schema == walletSchema {
		q.Kind = screen.AnAddress
		for _, key := range e.Properties["publicKey"] {
			q.Text = key
			list = append(list, q)
		}
		if len(list) == 0 {
			return nil, nil, errors.New("a CryptoWallet needs properties.publicKey, its address")
		}
		return list, unread, e.tooMany(list)
	}
	kind, ok := schemas[e.Schema]
	if !ok {
		return nil, nil, fmt.Errorf("schema %s is none of Person, Company, Organization, LegalEntity, PublicBody, Vessel, Airplane, Thing, CryptoWallet", quote(e.Schema))
	}
	q.Kind, q.Party = screen.AName, kind
	for _, b := range e.Properties["birthDate"] {
		read, err := checkBirth("birthDate", b[:min(len(b), len(time.DateOnly))])
		if err != nil {
			unread = append(unread, "properties."+err.Error())
			continue
		}
		q.Births = append(q.Births, read)
	}
	for _, property := range []string{"nationality", "citizenship", "country", "jurisdiction", "flag"} {
		for _, c := range e.Properties[property] {
			read, err := checkCountry(property, c)
			if err != nil {
				unread = append(unread, "properties."+err.Error())
			} else if !slices.Contains(q.Countries, read) {
				q.Countries = append(q.Countries, read)
			}
		}
	}
	for _, name := range e.names() {
		q.Text = name
		list = append(list, q)
	}
	if len(list) == 0 {
		return nil, nil, errors.New("the query has no name: give properties.name, or firstName and lastName")
	}
	return list, unread, e.tooMany(list)
}

func (e *MatchEntity) tooMany(list []screen.Question) error {
	if len(list) > maxNames {
		return fmt.Errorf("the query has %d names, the most is %d", len(list), maxNames)
	}
	return nil
}

// names are all the names of a query, each once.
func (e *MatchEntity) names() (names []string) {
	add := func(name string) {
		if name = strings.TrimSpace(name); name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	for _, property := range []string{"name", "alias", "weakAlias", "previousName", "abbreviation"} {
		for _, name := range e.Properties[property] {
			add(name)
		}
	}
	if len(names) == 0 {
		for _, first := range e.Properties["firstName"] {
			for _, last := range append(slices.Clone(e.Properties["lastName"]), e.Properties["fatherName"]...) {
				add(first + " " + last)
			}
		}
	}
	return names
}

func matchResult(m *screen.Match, threshold float64) MatchResult {
	d := m.Designation
	r := MatchResult{
		ID: d.List + "-" + d.Party.UID, Caption: partyName(d), Schema: schemaOf(d.Party.Kind), Properties: partyProperties(&d.Party),
		Datasets: []string{strings.ReplaceAll(d.List, "-", "_")}, Referents: []string{}, Target: true,
		FirstSeen: stamp(d.FirstSeen), LastSeen: stamp(d.LastSeen), Score: m.Score, Match: m.Score >= threshold,
		Features: map[string]float64{"name_match": m.Score},
	}
	if m.Wallet != "" {
		r.Features = map[string]float64{"crypto_match": m.Score}
	}
	return r
}

func schemaOf(k fundtrail.PartyKind) string {
	switch k {
	case fundtrail.Person:
		return "Person"
	case fundtrail.Organisation:
		return "Organization"
	case fundtrail.Vessel:
		return "Vessel"
	case fundtrail.Aircraft:
		return "Airplane"
	}
	return "LegalEntity"
}

func partyProperties(p *fundtrail.Party) map[string][]string {
	out := map[string][]string{"topics": {"sanction"}}
	add := func(property, v string) {
		if v != "" && !slices.Contains(out[property], v) {
			out[property] = append(out[property], v)
		}
	}
	for i, n := range p.Names {
		property := "alias"
		switch {
		case i == 0:
			property = "name"
		case n.Kind == fundtrail.WeakAlias:
			property = "weakAlias"
		case n.Kind == fundtrail.FormerName:
			property = "previousName"
		}
		add(property, n.Text)
		add("firstName", n.Given)
		add("lastName", n.Family)
	}
	for _, b := range p.Births {
		add("birthDate", b)
	}
	country := "country"
	if p.Kind == fundtrail.Person {
		country = "nationality"
	}
	for _, c := range p.Countries {
		add(country, strings.ToLower(c))
	}
	for _, g := range p.Programs {
		add("program", g)
	}
	for _, id := range p.Identifiers {
		add("idNumber", id.Value)
	}
	for _, w := range p.Wallets {
		add("publicKey", w.Text)
	}
	add("notes", p.Note)
	return out
}

func partyName(d *fundtrail.Designation) string {
	if len(d.Party.Names) == 0 {
		return d.Party.UID
	}
	return d.Party.Names[0].Text
}

// stamp writes a time as FollowTheMoney does.
func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02T15:04:05")
}

// listTitles are the lists' names as that API's answers have them.
var listTitles = map[string]string{"us-ofac-sdn": "OFAC SDN", "us-ofac-cons": "OFAC Consolidated"}

func listTitle(list string) string {
	if t := listTitles[list]; t != "" {
		return t
	}
	return list
}
