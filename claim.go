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
	Records   string   // the folder of a user's own record that cites it; "" for the program's
}

// Confidence runs from 0 to 100, as in STIX and in GraphSense tag packs.
type Confidence uint8

// Known is the second clock of a claim: the day from which the public could know it.
// The first clock is when what it tells happened.
type Known struct {
	On    time.Time // a day of UTC
	Basis KnownBasis
}

// A KnownBasis says what a claim's Known rests on. A record's own word comes first.
type KnownBasis string

const (
	KnownStated    KnownBasis = "stated"    // the record says so
	KnownAct       KnownBasis = "act"       // the public act that the claim tells of was known on its day
	KnownPublished KnownBasis = "published" // the source's own day of publication
	KnownRetrieved KnownBasis = "retrieved" // no later than the day on which the source was read
)

// When is a second, a day, a month or a range of days, in UTC: From and To are its first
// and last day, and the same second where Exact. The zero When is not stated.
type When struct {
	From, To time.Time
	Exact    bool
}

// IsZero reports whether no time is stated.
func (w When) IsZero() bool { return w.From.IsZero() }

// An Actor is a party in the real world: an exchange, a mixer's operator, a
// victim, a threat group. (Addresses under one control are a Cluster.)
type Actor struct {
	ID         string // "lazarus-group"
	Name       string
	Aliases    []string
	Category   string // concept of the INTERPOL/GraphSense taxonomy
	Related    []Relation
	Statements []Statement
}

// A Relation is what a source says ties one actor to another.
type Relation struct {
	Actor      string // the other's ID
	How        string // "listed with it", "founder"
	Confidence Confidence
	Known      Known
	Source     Source
}

// A Statement is one sentence that a source supports and that no other field
// holds: a court's verdict, a seizure, a dispute.
type Statement struct {
	Text       string
	By         string    // who says so
	Date       time.Time // of what it tells; zero where it has no date
	Until      time.Time // the last day it may be of, where Date is a month or a range; else zero
	Confidence Confidence
	Known      Known
	Source     Source
}

// A Tag attributes an address or a transaction: a label, often an actor.
type Tag struct {
	Address    Address
	Tx         TxID // set instead of Address when the tag is on a transaction
	Label      string
	Category   string // concept of the INTERPOL/GraphSense taxonomy
	Role       TagRole
	Actor      string // an Actor's ID
	Incident   string // the ID of the incident whose record names the address; "" for a service's
	Note       string
	Confidence Confidence
	Known      Known // zero for what no record of ours says
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
	// RoleIntermediary is an address that passed stolen value on.
	RoleIntermediary TagRole = "intermediary"
	RolePool         TagRole = "pool"   // a mixer's contract of one asset and one denomination
	RoleRouter       TagRole = "router" // a contract that passes deposits on to a service's pools
)

// An Incident is one theft: who lost what, when, and which transfers took it.
type Incident struct {
	ID           string // "ronin-bridge"
	Aliases      []string
	Name         string
	Summary      string
	Happened     time.Time // the earliest of the best supported claim in Dates
	Discovered   time.Time // zero where it is not stated
	Disclosed    time.Time // zero where it is not stated
	Dates        []DateClaim
	Kind         VictimKind
	Victim       Actor
	VictimKnown  Known // of Kind too
	Losses       []LossClaim
	Attributions []AttributionClaim
	Figures      []Figure // what was taken in which asset, what was frozen, seized or returned
	Thefts       []Theft
	Addresses    []Tag       // one per claim: an address that two sources name is here twice
	How          []Statement // by what means
	Statements   []Statement
	Sources      []Source
}

// A VictimKind says what was robbed. It is our reading, as sure as the victim is.
type VictimKind string

const (
	RobbedExchange VictimKind = "exchange"
	RobbedBridge   VictimKind = "bridge"
	RobbedProtocol VictimKind = "protocol" // a decentralised finance contract that is no bridge
	RobbedWallet   VictimKind = "wallet"   // the users of wallet software or of a hosted wallet
	RobbedPerson   VictimKind = "person"
	RobbedFirm     VictimKind = "firm" // a company that is none of the others
	RobbedPayment  VictimKind = "payment"
	RobbedOther    VictimKind = "other"
)

// A DateClaim is what one source says about when an incident happened, was
// discovered or was disclosed.
type DateClaim struct {
	What       string // "happened", "discovered" or "disclosed"
	From, To   time.Time
	Exact      bool // to the second; else From and To are days of UTC, and may be equal
	Note       string
	Confidence Confidence
	Known      Known
	Source     Source
}

// Date returns the best supported claim about when it happened, was discovered or was
// disclosed: the first of those that are equally sure. ok is false where nothing is stated.
func (in Incident) Date(what string) (best DateClaim, ok bool) {
	for _, d := range in.Dates {
		if d.What == what && (!ok || d.Confidence > best.Confidence) {
			best, ok = d, true
		}
	}
	return best, ok
}

// A LossClaim is what one source says was lost, in whole US dollars of the day of
// the theft unless its Note says otherwise.
type LossClaim struct {
	USD        Amount
	Qualifier  string // "about", "more than", "at least", "almost", "nominal"; "" for a figure given as it is
	By         string
	Note       string
	Confidence Confidence
	Known      Known
	Source     Source
}

// An AttributionClaim is what one source says about who did it. Denied is set when
// the source says that this actor did not.
type AttributionClaim struct {
	Actor      string // an Actor's ID
	By         string
	Date       time.Time
	Until      time.Time // as a Statement's
	Denied     bool
	Note       string
	Confidence Confidence
	Known      Known
	Source     Source
}

// A Theft is value that a trace starts from. It is one of three:
//   - a ledger record: Tx is set (and Index, when the transaction moved more than one thing);
//   - what a record states where the ledger lacks the transfer itself: Address,
//     Asset, Amount and Time, with Tx for the citation when it is known;
//   - everything an address pays out: Whole is set, with Address; Asset narrows it.
//     Of several such addresses, what one pays to another is no theft.
//
// When Tx names a transaction that the ledger holds and it pays Amount of Asset to
// Address, the ledger's record is used; else the statement is.
//
// A ledger may lack both the theft and the exchange that followed it at once, as a
// list of external transactions lacks wrapped ether and its unwrapping. StandsAs
// then names the asset to trace in place of Asset: the same number of base units,
// at the same address and time. Two thefts of one incident never stand for the same
// value; proceeds do, and ProceedsOf says of which theft, so that a sum of what was
// stolen leaves them out.
type Theft struct {
	Tx         TxID
	Index      uint32
	HasIndex   bool
	Address    Address
	Asset      Asset
	Amount     Amount
	Time       time.Time
	Whole      bool
	StandsAs   Asset  // zero: trace Asset itself
	Proceeds   bool   // not the stolen asset itself but what a record says it was swapped into
	ProceedsOf TxID   // the theft that Proceeds come from, where it is stated
	Note       string // why the statement is needed
	Confidence Confidence
	Source     Source
	// Carries is the stolen part of Amount, the rest being somebody's clean value; zero: all
	// of it. Probability is set where a method, and no ledger or source, says that this value
	// is the thief's: a trace that starts from a withdrawal out of a mixer.
	Carries     Amount
	Probability float64
	Height      int64 // of the block, which says when more exactly than Time; 0 where it is not told
}

// Stolen returns the part of Amount that was stolen.
func (t *Theft) Stolen() Amount {
	if t.Carries.IsZero() {
		return t.Amount
	}
	return t.Carries
}

// A Price is what one whole coin of an asset cost on one day.
type Price struct {
	Asset  Asset
	Day    string // 2022-03-23, UTC
	Micros Amount // millionths of a US dollar for one whole coin
	Source string
}
