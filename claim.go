package fundtrail

import "time"

// Claims: what somebody says, with a source and a confidence. Two claims may
// contradict each other; both are kept.

// A Source lets a reader check a claim again.
type Source struct {
	URL       string
	Title     string
	Published time.Time // by the publisher; zero where it is not stated
	Retrieved time.Time
	SHA256    [32]byte // of the bytes retrieved, zero where they were not kept
}

// Confidence runs from 0 to 100, as in STIX and in GraphSense tag packs.
type Confidence uint8

// An Actor is a party in the real world: an exchange, a mixer's operator, a
// victim, a threat group. (Addresses under one control are a Cluster.)
type Actor struct {
	ID       string // "lazarus-group"
	Name     string
	Aliases  []string
	Category string // concept of the INTERPOL/GraphSense taxonomy
}

// A Tag attributes an address or a transaction: a label, often an actor.
type Tag struct {
	Address    Address
	Tx         TxID // set instead of Address when the tag is on a transaction
	Label      string
	Category   string // concept of the INTERPOL/GraphSense taxonomy
	Role       TagRole
	Actor      string // an Actor's ID
	Confidence Confidence
	Source     Source
}

// A TagRole says what the address is to its actor, where that matters to a trace.
type TagRole string

const (
	RoleUnstated TagRole = ""
	RoleDeposit  TagRole = "deposit" // a customer's deposit address at a service
	RoleHot      TagRole = "hot"     // a service's collecting or paying wallet
	RoleVictim   TagRole = "victim"  // an address that was robbed
	RoleThief    TagRole = "thief"   // an address of whoever robbed
)

// A Designation is an entry of a sanctions list, for as long as it stood there.
type Designation struct {
	List      string // "us-ofac-sdn"
	UID       string // the list's own identifier
	Programs  []string
	Actor     Actor
	Addresses []Address
	Listed    time.Time
	Delisted  time.Time // zero while it stands
	Source    Source
}

// An Incident is one theft: who lost what, when, and which transfers took it.
type Incident struct {
	ID           string // "ronin-bridge"
	Aliases      []string
	Name         string
	Summary      string
	Happened     time.Time
	Discovered   time.Time // zero where it is not stated
	Victim       Actor
	Losses       []LossClaim
	Attributions []AttributionClaim
	Thefts       []Theft
	Addresses    []Tag
	Sources      []Source
}

// A LossClaim is what one source says was lost, in whole US dollars of the day of
// the theft unless its Note says otherwise.
type LossClaim struct {
	USD        Amount
	By         string
	Note       string
	Confidence Confidence
	Source     Source
}

// An AttributionClaim is what one source says about who did it. Denied is set when
// the source says that this actor did not.
type AttributionClaim struct {
	Actor      string // an Actor's ID
	By         string
	Date       time.Time
	Denied     bool
	Note       string
	Confidence Confidence
	Source     Source
}

// A Theft is value that a trace starts from. It is one of three:
//   - a ledger record: Tx is set (and Index, when the transaction moved more than one thing);
//   - what a record states where the ledger lacks the transfer itself: Address,
//     Asset, Amount and Time, with Tx for the citation when it is known;
//   - everything an address pays out: Whole is set, with Address; Asset narrows it.
//
// When Tx names a transaction that the ledger holds and it pays Amount of Asset to
// Address, the ledger's record is used; else the statement is.
type Theft struct {
	Tx       TxID
	Index    uint32
	HasIndex bool
	Address  Address
	Asset    Asset
	Amount   Amount
	Time     time.Time
	Whole    bool
	Proceeds bool   // not the stolen asset itself but what a record says it was swapped into
	Note     string // why the statement is needed
	Source   Source
}

// A Price is what one whole coin of an asset cost on one day.
type Price struct {
	Asset  Asset
	Day    string // 2022-03-23, UTC
	Micros Amount // millionths of a US dollar for one whole coin
	Source string
}
