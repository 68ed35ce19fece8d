package web

import (
	"cmp"
	"encoding/hex"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/fundtrail/fundtrail"
)

// ListDiff is what changed between two versions of a list.
type ListDiff struct {
	Schema    string         `json:"schema" example:"fundtrail.listdiff/1"`
	Snapshot  string         `json:"snapshot" doc:"Names the set of list versions that answered"`
	List      string         `json:"list"`
	Names     *DiffVersions  `json:"names,omitempty" doc:"The two versions whose parties are compared; absent where no version covers names"`
	Wallets   *DiffVersions  `json:"wallets,omitempty" doc:"The two versions whose addresses are compared; absent where no version covers addresses"`
	Note      string         `json:"note,omitempty" doc:"What to mind when reading the difference"`
	Added     []DiffParty    `json:"added" doc:"Parties of the later version only"`
	Removed   []DiffParty    `json:"removed" doc:"Parties of the earlier version only"`
	Changed   []ChangedParty `json:"changed" doc:"Parties of both whose entry differs"`
	Addresses DiffAddresses  `json:"addresses"`
}

// DiffVersions are the two versions that are compared.
type DiffVersions struct {
	From *VersionOfList `json:"from,omitempty" doc:"Absent where no version was published by then: everything is added"`
	To   VersionOfList  `json:"to"`
}

// A DiffParty is a party that came or went.
type DiffParty struct {
	UID       string   `json:"uid" doc:"The list's own identifier"`
	Name      string   `json:"name"`
	Kind      string   `json:"kind,omitempty"`
	Programs  []string `json:"programs,omitempty"`
	Listed    string   `json:"listed,omitempty" doc:"As the list states it"`
	Addresses []string `json:"addresses,omitempty" doc:"As the list writes them"`
}

// A ChangedParty is a party whose entry changed.
type ChangedParty struct {
	UID    string   `json:"uid"`
	Name   string   `json:"name"`
	Fields []string `json:"fields" doc:"What changed: names, kind, programs, listed, births, countries, identifiers, addresses, note"`
}

// DiffAddresses are the addresses that came and went.
type DiffAddresses struct {
	Added   []DiffAddress `json:"added"`
	Removed []DiffAddress `json:"removed"`
}

// A DiffAddress is an address that came or went, with its party.
type DiffAddress struct {
	Address  string `json:"address" doc:"As the list writes it"`
	Currency string `json:"currency,omitempty" doc:"The list's own word"`
	UID      string `json:"uid,omitempty"`
	Name     string `json:"name,omitempty"`
}

// A VersionOfList is one version of a list.
type VersionOfList struct {
	List      string    `json:"list" example:"us-ofac-sdn"`
	Format    string    `json:"format" doc:"Which of the publisher's forms it came in"`
	Covers    []string  `json:"covers" doc:"names, addresses, or both; nothing follows from what a version does not cover"`
	Published time.Time `json:"published" doc:"The list's clock"`
	Received  time.Time `json:"received" doc:"Our clock"`
	SHA256    string    `json:"sha256" doc:"Of the file's bytes, which are kept"`
	Parties   int       `json:"parties"`
	Wallets   int       `json:"wallets" doc:"Addresses that its entries state"`
}

func versionOf(v *fundtrail.ListVersion) VersionOfList {
	out := VersionOfList{List: v.List, Format: v.Format, Published: v.Published.UTC(), Received: v.Received.UTC(),
		SHA256: hex.EncodeToString(v.SHA256[:]), Parties: v.Parties, Wallets: v.Wallets, Covers: []string{}}
	if v.Covers&fundtrail.CoversNames != 0 {
		out.Covers = append(out.Covers, "names")
	}
	if v.Covers&fundtrail.CoversWallets != 0 {
		out.Covers = append(out.Covers, "addresses")
	}
	return out
}

// inForce returns the place of the version that stood at the end of a day: the last
// published by then that covers the scope; -1 where there is none.
func inForce(h *fundtrail.ListHistory, list string, scope fundtrail.ListScope, day time.Time) int {
	at := -1
	end := day.UTC().Truncate(24 * time.Hour).Add(24 * time.Hour)
	for i := range h.Versions {
		if v := &h.Versions[i]; v.List == list && v.Covers&scope != 0 && v.Published.Before(end) {
			at = i
		}
	}
	return at
}

// diffList compares what stood on two days.
func diffList(h *fundtrail.ListHistory, list string, from, to time.Time) (*ListDiff, error) {
	d := &ListDiff{Schema: "fundtrail.listdiff/1", List: list, Added: []DiffParty{}, Removed: []DiffParty{}, Changed: []ChangedParty{},
		Addresses: DiffAddresses{[]DiffAddress{}, []DiffAddress{}}}
	pair := func(scope fundtrail.ListScope) (a, b int, v *DiffVersions) {
		a, b = inForce(h, list, scope, from), inForce(h, list, scope, to)
		if b < 0 {
			return a, b, nil
		}
		v = &DiffVersions{To: versionOf(&h.Versions[b])}
		if a >= 0 {
			first := versionOf(&h.Versions[a])
			v.From = &first
			if h.Versions[a].Format != h.Versions[b].Format {
				d.Note = "the versions came in different forms of the publisher's, which may write one entry differently"
			}
		}
		return a, b, v
	}
	a, b, v := pair(fundtrail.CoversNames)
	if d.Names = v; v != nil {
		d.parties(h, a, b)
	}
	a, b, v = pair(fundtrail.CoversWallets)
	if d.Wallets = v; v != nil {
		d.addresses(h, a, b)
	}
	if d.Names == nil && d.Wallets == nil {
		return nil, fmt.Errorf("no version of %s was published by %s: %w", list, to.Format(time.DateOnly), fundtrail.ErrNotFound)
	}
	return d, nil
}

// membersOf returns a version's parties by uid. A uid that stands twice keeps both.
func membersOf(h *fundtrail.ListHistory, place int) map[string][]uint32 {
	out := map[string][]uint32{}
	if place >= 0 {
		for _, m := range h.Members[place] {
			uid := h.Parties[m].UID
			out[uid] = append(out[uid], m)
		}
	}
	return out
}

func (d *ListDiff) parties(h *fundtrail.ListHistory, a, b int) {
	before, after := membersOf(h, a), membersOf(h, b)
	for uid, now := range after {
		was, ok := before[uid]
		switch {
		case !ok:
			for _, m := range now {
				d.Added = append(d.Added, diffParty(&h.Parties[m]))
			}
		case !slices.Equal(was, now):
			p := &h.Parties[now[0]]
			fields := []string{"entries"}
			if len(was) == 1 && len(now) == 1 {
				fields = changedFields(&h.Parties[was[0]], p)
			}
			d.Changed = append(d.Changed, ChangedParty{uid, mainName(p), fields})
		}
	}
	for uid, was := range before {
		if _, ok := after[uid]; !ok {
			for _, m := range was {
				d.Removed = append(d.Removed, diffParty(&h.Parties[m]))
			}
		}
	}
	byUID := func(a, b DiffParty) int {
		return cmp.Or(strings.Compare(a.UID, b.UID), strings.Compare(a.Name, b.Name))
	}
	slices.SortFunc(d.Added, byUID)
	slices.SortFunc(d.Removed, byUID)
	slices.SortFunc(d.Changed, func(a, b ChangedParty) int { return strings.Compare(a.UID, b.UID) })
}

func changedFields(a, b *fundtrail.Party) (fields []string) {
	for _, f := range []struct {
		name string
		same bool
	}{
		{"names", slices.Equal(a.Names, b.Names)},
		{"kind", a.Kind == b.Kind},
		{"programs", slices.Equal(a.Programs, b.Programs)},
		{"listed", a.Listed.Equal(b.Listed)},
		{"births", slices.Equal(a.Births, b.Births)},
		{"countries", slices.Equal(a.Countries, b.Countries)},
		{"identifiers", slices.Equal(a.Identifiers, b.Identifiers)},
		{"addresses", slices.Equal(a.Wallets, b.Wallets)},
		{"note", a.Note == b.Note},
	} {
		if !f.same {
			fields = append(fields, f.name)
		}
	}
	if fields == nil && !reflect.DeepEqual(a, b) {
		fields = []string{"entry"}
	}
	return fields
}

func diffParty(p *fundtrail.Party) DiffParty {
	out := DiffParty{UID: p.UID, Name: mainName(p), Kind: string(p.Kind), Programs: p.Programs}
	if !p.Listed.IsZero() {
		out.Listed = p.Listed.UTC().Format(time.DateOnly)
	}
	for _, w := range p.Wallets {
		out.Addresses = append(out.Addresses, w.Text)
	}
	return out
}

func mainName(p *fundtrail.Party) string {
	if len(p.Names) == 0 {
		return ""
	}
	return p.Names[0].Text
}

// addresses compares addresses apart from parties, because some versions hold
// addresses without saying whose they are.
func (d *ListDiff) addresses(h *fundtrail.ListHistory, a, b int) {
	before, after := walletsOf(h, a), walletsOf(h, b)
	for key, w := range after {
		if _, ok := before[key]; !ok {
			d.Addresses.Added = append(d.Addresses.Added, w)
		}
	}
	for key, w := range before {
		if _, ok := after[key]; !ok {
			d.Addresses.Removed = append(d.Addresses.Removed, w)
		}
	}
	order := func(a, b DiffAddress) int {
		return cmp.Or(strings.Compare(a.Address, b.Address), strings.Compare(a.UID, b.UID))
	}
	slices.SortFunc(d.Addresses.Added, order)
	slices.SortFunc(d.Addresses.Removed, order)
}

// walletsOf returns a version's addresses, by what they encode where that is known.
// Which of two parties that share an address is named is the one with the lower uid.
func walletsOf(h *fundtrail.ListHistory, place int) map[string]DiffAddress {
	out := map[string]DiffAddress{}
	if place < 0 {
		return out
	}
	for _, m := range h.Members[place] {
		p := &h.Parties[m]
		for _, w := range p.Wallets {
			key := "text " + w.Text
			if info, ok := w.Address.Chain().Info(); ok && !w.CaseLost {
				key = fmt.Sprintf("%d %x", info.Family, w.Address.Payload())
				if info.Family == fundtrail.FamilyBitcoin {
					key = string(info.Chain) + " " + w.Address.String()
				}
			}
			if was, ok := out[key]; !ok || p.UID < was.UID {
				out[key] = DiffAddress{w.Text, w.Currency, p.UID, mainName(p)}
			}
		}
	}
	return out
}
