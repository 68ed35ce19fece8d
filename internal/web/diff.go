package web

import (
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/screen"
)

// ListDiff is what changed between two days of a list.
type ListDiff struct {
	Schema   string         `json:"schema" example:"fundtrail.listdiff/1"`
	Snapshot string         `json:"snapshot" doc:"Names the set of list versions that answered"`
	List     string         `json:"list"`
	Names    *DiffVersions  `json:"names,omitempty" doc:"The two versions whose parties are compared; absent where no version covers names on both days, and then nothing is said about parties"`
	Wallets  *DiffVersions  `json:"wallets,omitempty" doc:"The two versions whose addresses are compared; absent where no version covers addresses on both days"`
	Note     string         `json:"note,omitempty" doc:"What to mind when reading the difference"`
	Added    []DiffParty    `json:"added" doc:"Parties of the later version only"`
	Removed  []DiffParty    `json:"removed" doc:"Parties of the earlier version only"`
	Changed  []ChangedParty `json:"changed" doc:"Parties of both whose entry differs"`
	// Wallets apart from parties, because some versions do not say whose they are.
	WalletsAdded   []DiffWallet `json:"wallets_added" doc:"Addresses of the later version only; one that passed to another party is removed and added"`
	WalletsRemoved []DiffWallet `json:"wallets_removed" doc:"Addresses of the earlier version only"`
}

// DiffVersions are the two versions that are compared.
type DiffVersions struct {
	From Version `json:"from"`
	To   Version `json:"to"`
}

// A DiffParty is a party that came or went.
type DiffParty struct {
	UID      string   `json:"uid,omitempty" doc:"The list's own identifier"`
	Name     string   `json:"name,omitempty"`
	Kind     string   `json:"kind,omitempty"`
	Programs []string `json:"programs,omitempty"`
	Listed   string   `json:"listed,omitempty" doc:"The day that the list itself states"`
}

// A ChangedParty is a party whose entry changed.
type ChangedParty struct {
	DiffParty
	Fields []ChangedField `json:"fields"`
}

// A ChangedField is what left and what came in one field.
type ChangedField struct {
	Field   string   `json:"field" example:"name" doc:"name, program, birth, country, identifier, kind, listed or note"`
	Removed []string `json:"removed,omitempty"`
	Added   []string `json:"added,omitempty"`
}

// A DiffWallet is an address that came or went, with its party.
type DiffWallet struct {
	Address  string    `json:"address" doc:"As the list writes it"`
	Currency string    `json:"currency,omitempty" doc:"The list's own word"`
	Party    DiffParty `json:"party" doc:"The one that the version names, else the version nearest in time"`
}

func versionOf(v *fundtrail.ListVersion) Version {
	out := Version{List: v.List, Format: v.Format, Published: timeText(v.Published), Received: timeText(v.Received),
		SHA256: hex.EncodeToString(v.SHA256[:]), Parties: v.Parties, Wallets: v.Wallets, Covers: []string{}}
	if v.Covers&fundtrail.CoversNames != 0 {
		out.Covers = append(out.Covers, "names")
	}
	if v.Covers&fundtrail.CoversWallets != 0 {
		out.Covers = append(out.Covers, "wallets")
	}
	return out
}

func timeText(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}

func diffList(h *fundtrail.ListHistory, list string, from, to time.Time) (*ListDiff, error) {
	in, err := screen.Diff(h, list, from, to)
	if err != nil {
		return nil, err
	}
	d := &ListDiff{Schema: "fundtrail.listdiff/1", List: list, Added: diffParties(in.Added), Removed: diffParties(in.Removed), Changed: []ChangedParty{},
		WalletsAdded: diffWallets(in.WalletsAdded), WalletsRemoved: diffWallets(in.WalletsRemoved)}
	d.Names, d.Wallets = d.versions(in.Names), d.versions(in.Wallets)
	for i := range in.Changed {
		c := ChangedParty{DiffParty: diffParty(&in.Changed[i].After)}
		for _, f := range in.Changed[i].Fields {
			c.Fields = append(c.Fields, ChangedField(f))
		}
		d.Changed = append(d.Changed, c)
	}
	return d, nil
}

func (d *ListDiff) versions(pair [2]*fundtrail.ListVersion) *DiffVersions {
	if pair[0] == nil || pair[1] == nil {
		return nil
	}
	if pair[0].Format != pair[1].Format {
		d.Note = fmt.Sprintf("versions in different forms of the publisher's are compared (%s, %s), which may write one entry differently", pair[0].Format, pair[1].Format)
	}
	return &DiffVersions{versionOf(pair[0]), versionOf(pair[1])}
}

func diffParties(parties []fundtrail.Party) []DiffParty {
	out := make([]DiffParty, len(parties))
	for i := range parties {
		out[i] = diffParty(&parties[i])
	}
	return out
}

func diffParty(p *fundtrail.Party) DiffParty {
	out := DiffParty{UID: p.UID, Name: mainName(p), Kind: string(p.Kind), Programs: slices.Clone(p.Programs)}
	if !p.Listed.IsZero() {
		out.Listed = p.Listed.UTC().Format(time.DateOnly)
	}
	return out
}

func diffWallets(changes []screen.WalletChange) []DiffWallet {
	out := make([]DiffWallet, len(changes))
	for i := range changes {
		out[i] = DiffWallet{changes[i].Wallet.Text, changes[i].Wallet.Currency, diffParty(&changes[i].Party)}
	}
	return out
}

func mainName(p *fundtrail.Party) string {
	if len(p.Names) == 0 {
		return ""
	}
	return p.Names[0].Text
}
