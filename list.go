package fundtrail

import "time"

// Claims of sanctions lists. A list is published in versions; a [Party] is one entry
// as one version has it; a [Designation] is what follows from all versions. Two clocks
// run: the list's (published, listed, delisted) and ours (received, first and last seen).

// A Party is an entry of a sanctions list as one version of the list has it.
type Party struct {
	UID         string // the list's own identifier: "22985" (OFAC), "KPi.033" (UN)
	Kind        PartyKind
	Names       []Name    // the main one first
	Programs    []string  // as the list writes them: "DPRK3", "CYBER2"
	Listed      time.Time // a day; zero where the list does not say
	Births      []string  // "1962", "1962-03", "1962-03-14"; "~1962" about; "1960/1964" between
	Countries   []string  // ISO 3166-1 alpha-2, upper case: nationality, residence, registry, flag
	Identifiers []Identifier
	Wallets     []Wallet
	Note        string // remarks, as the list has them
}

// A PartyKind is what a party is.
type PartyKind string

const (
	PartyUnstated PartyKind = ""
	Person        PartyKind = "person"
	Organisation  PartyKind = "organisation"
	Vessel        PartyKind = "vessel"
	Aircraft      PartyKind = "aircraft"
)

// A Name is one name of a party, spelled and ordered as the list has it.
type Name struct {
	Text string
	Kind NameKind
	// The parts, where the list itself tells them apart.
	Given, Family string
}

// A NameKind says how a list means a name.
type NameKind string

const (
	MainName   NameKind = ""
	Alias      NameKind = "alias"
	WeakAlias  NameKind = "weak"   // the list warns that it is common or unsure
	FormerName NameKind = "former" // no longer used
)

// An Identifier is a number or code that a list states for a party.
type Identifier struct {
	Type    string // as the list writes it: "Passport", "IMO number", "Tax ID No."
	Value   string
	Country string // ISO 3166-1 alpha-2, upper case; "" where it is not stated
}

// A Wallet is a crypto address that a list states for a party.
type Wallet struct {
	Text     string  // as the list writes it
	Currency string  // the list's own word: "XBT", "USDT"; "" where it gives none
	Address  Address // zero where the text is none on a chain this module knows
	CaseLost bool    // the file folded its letters, so that base58 cannot be decoded
}

// A ListVersion is one version of a list as one publisher's file, or files that belong
// together, has it.
type ListVersion struct {
	List      string // "us-ofac-sdn"
	Format    string // which of the publisher's forms it came in
	Covers    ListScope
	Published time.Time // the list's clock
	Received  time.Time // our clock
	SHA256    [32]byte  // of its one file, or of the digests of its files in order
	Parties   int       // entries
	Wallets   int       // addresses that its entries state, each as often as it stands there
}

// A ListScope is what of its list a version holds. Nothing follows from what is missing
// in a version that does not cover it.
type ListScope uint8

const (
	CoversNames ListScope = 1 << iota
	CoversWallets
)

// A Designation is an entry of a sanctions list, for as long as it stood there.
type Designation struct {
	List  string
	Party Party // as the last version that holds it has it
	// The list's clock. It was on the list in every version from Listed to before
	// Delisted. The version before Listed did not hold it: it was added after
	// ListedAfter, or earlier than any version known when that is zero; it left after
	// DelistedAfter. Both Delisted and DelistedAfter are zero while it stands.
	ListedAfter, Listed     time.Time
	DelistedAfter, Delisted time.Time
	// Our clock: when we received the first and the last version that holds it.
	FirstSeen, LastSeen time.Time
	Source              Source // the last version that holds it
}

// A ListHistory is every version of every list, each party's content held once.
type ListHistory struct {
	Versions []ListVersion // by list, then published, then received
	Parties  []Party
	Members  [][]uint32 // Members[i]: the parties of Versions[i], ascending indexes of Parties
}
