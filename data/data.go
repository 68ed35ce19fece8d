// Package data holds the project's curated knowledge: thefts, what courts and governments
// did about them, services with their addresses, parties, sanctions lists and tokens, one
// YAML record a file, embedded in the program. [Read] reads a folder of a user's own.
//
// Everything here is a claim. Each statement names its source and carries a
// confidence from 0 to 100, and claims that contradict each other stand side by
// side. doc/records.md describes the formats, the vocabulary and the scale; the
// tests of this package hold every record to them. An absent address, date or
// amount means that no source seen states it, never that there is none.
//
// Nothing is parsed before it is asked for, and each folder only once. Callers must
// not change what they are given: slices inside a record are shared.
package data

import (
	"bytes"
	"cmp"
	"embed"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"sync"

	"github.com/fundtrail/fundtrail"
)

//go:embed actions/*.yaml actors/*.yaml docket/*.yaml figures/*.yaml incidents/*.yaml lists/*.yaml services/*.yaml assets.yaml ledgers/*.csv
var files embed.FS

var (
	incidents = newShelf("incidents", parseIncident, func(in fundtrail.Incident) []string { return append([]string{in.ID}, in.Aliases...) })
	services  = newShelf("services", parseService, func(s Service) []string { return []string{s.ID, s.Name} })
	actors    = newShelf("actors", parseActor, func(a fundtrail.Actor) []string { return append([]string{a.ID, a.Name}, a.Aliases...) })
	lists     = newShelf("lists", parseList, func(l List) []string { return []string{l.ID, l.Name} })
	tokens    = sync.OnceValue(mustAssets)

	proceedings  = newShelf("docket", parseProceeding, func(p fundtrail.Proceeding) []string { return append([]string{p.ID, p.Name}, p.Aliases...) })
	actions      = newShelf("actions", parseAction, func(a fundtrail.Action) []string { return append([]string{a.ID}, a.Aliases...) })
	publications = newShelf("figures", parsePublication, func(p fundtrail.Publication) []string { return []string{p.ID, p.Name} })

	poolIndex = sync.OnceValue(func() map[deposit]fundtrail.Tag { return pools(services.list()) })
	// contracts that wrap their chain's own coin
	wrapperIndex = sync.OnceValue(func() map[fundtrail.Address]bool {
		m := map[fundtrail.Address]bool{}
		if s, ok := services.byID("weth"); ok {
			for _, t := range s.Tags {
				m[t.Address] = true
			}
		}
		return m
	})
	tokenIndex = sync.OnceValue(func() map[fundtrail.Asset]Token {
		m := make(map[fundtrail.Asset]Token, len(tokens()))
		for _, t := range tokens() {
			m[t.Asset] = t
		}
		return m
	})
)

func mustAssets() []Token {
	raw, err := files.ReadFile("assets.yaml")
	if err != nil {
		panic(err)
	}
	t, err := parseAssets(raw)
	if err != nil {
		panic(fmt.Errorf("data/assets.yaml: %w", err))
	}
	return t
}

// Incidents returns every theft on record, sorted by ID.
func Incidents() []fundtrail.Incident { return slices.Clone(incidents.list()) }

// Incident returns the theft with the given ID or alias, in any case, spaces read
// as hyphens. The error wraps [fundtrail.ErrNotFound] and names what comes near.
func Incident(id string) (fundtrail.Incident, error) {
	return incidents.find("incident", id, true)
}

// Proceedings returns every prosecution and civil case on record, sorted by ID.
func Proceedings() []fundtrail.Proceeding { return slices.Clone(proceedings.list()) }

// Proceeding returns the case with the given ID, name or alias, as [Incident] does.
func Proceeding(id string) (fundtrail.Proceeding, error) {
	return proceedings.find("proceeding", id, false)
}

// Actions returns what governments and others did, sorted by ID, which begins with the day.
func Actions() []fundtrail.Action { return slices.Clone(actions.list()) }

// Action returns the action with the given ID or alias, as [Incident] does.
func Action(id string) (fundtrail.Action, error) {
	return actions.find("action", id, true)
}

// Publications returns the published figures on record, sorted by ID.
func Publications() []fundtrail.Publication { return slices.Clone(publications.list()) }

// Publication returns the publisher's figures with the given ID or name, as [Incident] does.
func Publication(id string) (fundtrail.Publication, error) {
	return publications.find("publication", id, false)
}

// Services returns every service on record, sorted by ID.
func Services() []Service { return slices.Clone(services.list()) }

// Actors returns every party on record, sorted by ID.
func Actors() []fundtrail.Actor { return slices.Clone(actors.list()) }

// Actor returns the party with the given ID, name or alias, as [Incident] does.
func Actor(id string) (fundtrail.Actor, error) {
	return actors.find("actor", id, false)
}

// Tags returns what the services' records say about addresses, one tag a claim,
// sorted by address and, for one address, by falling confidence.
func Tags() []fundtrail.Tag {
	var all []fundtrail.Tag
	for _, s := range services.list() {
		all = append(all, s.Tags...)
	}
	sortTags(all)
	return all
}

// Tagged returns the thefts whose records name addresses, sorted by ID. The others are not
// parsed for it.
func Tagged() []fundtrail.Incident {
	return incidents.some(func(_ string, raw []byte) bool {
		return bytes.Contains(raw, []byte("\naddresses:")) && !bytes.Contains(raw, []byte("\naddresses: []\n"))
	})
}

// IncidentTags returns what the incidents' records say about addresses, sorted as
// [Tags] are. Each names its incident: a trace must tell its own thief's addresses from
// another's, and the victim of another theft is no victim of this one, so that value
// paid there has not come back.
func IncidentTags() []fundtrail.Tag {
	var all []fundtrail.Tag
	for _, in := range Tagged() {
		all = append(all, in.Addresses...)
	}
	sortTags(all)
	return all
}

// PoolOf names the mixer's pool that takes a payment of exactly this amount to this
// address: the pool itself, or a router that passes such payments on to it. The
// tag is the pool's; through a router its confidence is the weaker of the two
// claims. ok is false for any other address or amount.
func PoolOf(to fundtrail.Address, a fundtrail.Asset, amount fundtrail.Amount) (pool fundtrail.Tag, ok bool) {
	pool, ok = poolIndex()[deposit{to, a, amount}]
	return pool, ok
}

// AssetInfo returns an asset's symbol and how many decimals its base unit has: of a
// native coin from what is fixed about its chain, of a token from a record. Where ok
// is false nothing is known and amounts must be shown in base units.
func AssetInfo(a fundtrail.Asset) (symbol string, decimals int, ok bool) {
	if a.Contract.IsZero() {
		info, ok := a.Chain.Info()
		return info.Symbol, info.Decimals, ok
	}
	t, ok := tokenIndex()[a]
	return t.Symbol, t.Decimals, ok
}

// WrapsCoin reports whether a token is its chain's own coin, one to one, by the record of
// the service that wraps it.
func WrapsCoin(a fundtrail.Asset) bool {
	return !a.Contract.IsZero() && wrapperIndex()[a.Contract]
}

// Tokens returns every token on record, sorted by chain and contract.
func Tokens() []Token { return slices.Clone(tokens()) }

// Record returns the bytes of a record as they are in the repository, and its name
// there, so that a report can state which text it rests on and its digest. id is an
// incident's ID or alias, or a record's folder and ID, such as "services/tornado-cash".
// Of a record that does not exist it returns nothing.
func Record(id string) (name string, raw []byte) {
	name = strings.TrimSuffix(id, ".yaml") + ".yaml"
	if !strings.Contains(id, "/") && id != "assets" {
		in, err := Incident(id)
		if err != nil {
			return "", nil
		}
		name = "incidents/" + in.ID + ".yaml"
	}
	raw, err := files.ReadFile(name)
	if err != nil {
		return "", nil
	}
	return name, raw
}

// Records returns the names of all records, sorted.
func Records() []string {
	names := slices.Concat(mustGlob("*.yaml"), mustGlob("*/*.yaml"))
	slices.Sort(names)
	return names
}

// mustGlob panics on a malformed pattern alone.
func mustGlob(pattern string) []string {
	names, err := fs.Glob(files, pattern)
	if err != nil {
		panic(err)
	}
	return names
}

// Find returns the record of a list that goes by the name, in any case, spaces read as
// hyphens; names are a record's own, its ID first. The error wraps
// [fundtrail.ErrNotFound], says what was looked for and names what comes near.
func Find[T any](what, name string, list []T, names func(T) []string) (T, error) {
	all := make([][]string, len(list))
	for i, record := range list {
		all[i] = names(record)
	}
	i, err := find(name, all)
	if err != nil {
		var none T
		return none, fmt.Errorf("%s %w", what, err)
	}
	return list[i], nil
}

// find returns the index of the only list that has the name.
func find(name string, lists [][]string) (int, error) {
	want := slug(name)
	for i, list := range lists {
		if slices.ContainsFunc(list, func(s string) bool { return slug(s) == want }) {
			return i, nil
		}
	}
	near := near(want, lists)
	if len(near) == 0 {
		return 0, fmt.Errorf("%q: %w", name, fundtrail.ErrNotFound)
	}
	return 0, fmt.Errorf("%q: %w; near it: %s", name, fundtrail.ErrNotFound, strings.Join(near, ", "))
}

// near returns the ids, each list's first name, that have a name which holds want,
// is held by it, or is a few letters from it: the nearest first, five at most.
func near(want string, lists [][]string) []string {
	type match struct {
		id   string
		away int
	}
	var found []match
	for _, list := range lists {
		best := match{list[0], len(want)/3 + 1}
		for _, name := range list {
			s := slug(name)
			away := distance(want, s)
			if len(want) >= 3 && strings.Contains(s, want) || len(s) >= 3 && strings.Contains(want, s) {
				away = min(away, 1)
			}
			best.away = min(best.away, away)
		}
		if best.away <= len(want)/3 {
			found = append(found, best)
		}
	}
	slices.SortStableFunc(found, func(a, b match) int { return cmp.Compare(a.away, b.away) })
	ids := make([]string, 0, 5)
	for _, m := range found[:min(len(found), 5)] {
		ids = append(ids, m.id)
	}
	return ids
}

// distance is the number of letters to insert, delete or change (Levenshtein).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j+1]+1, row[j]+1)
		}
	}
	return row[len(b)]
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
