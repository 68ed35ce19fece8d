package fundtrail

// Claims about what governments, courts and others did. Each is a record of its own in
// data, with both clocks: when it happened, and from when the public could know it.

// A Proceeding is one prosecution, civil case or appeal, as its sources tell it. Its
// state on a day is what its events up to that day say, never a field.
type Proceeding struct {
	ID           string // "us-v-storm"
	Name         string
	Aliases      []string
	Summary      string
	Kind         ProceedingKind
	Court        string
	Jurisdiction string // ISO 3166-1 alpha-2
	Number       string // the court's own; "" where no source states it
	Parties      []CourtParty
	Charges      []Charge
	Events       []CourtEvent // by time
	Incidents    []string     // IDs of the thefts that it is about
	Services     []string     // IDs of the mixers and exchanges that it is about
	Related      []string     // IDs of other proceedings and of actions
	Figures      []Figure
	Statements   []Statement
	Known        Known
	Confidence   Confidence
	Source       Source // of the name, the kind, the court and the number
	Sources      []Source
}

// A ProceedingKind is criminal, civil, forfeiture or administrative review.
type ProceedingKind string

const (
	Criminal   ProceedingKind = "criminal"
	Civil      ProceedingKind = "civil"
	Forfeiture ProceedingKind = "forfeiture" // a civil case against property
)

// A CourtParty is somebody or something in a proceeding.
type CourtParty struct {
	Actor      string // an Actor's ID; "" for one that is not on record
	Name       string
	Role       string // "defendant", "plaintiff", "claimant", "judge"
	Known      Known
	Confidence Confidence
	Source     Source
}

// A Charge is one count of a charge, or one claim of a civil case.
type Charge struct {
	Count      int // as the paper numbers it, from 1
	Text       string
	Against    []string // Actors' IDs; empty: every defendant
	Known      Known
	Confidence Confidence
	Source     Source
}

// A CourtEvent is one step of a proceeding.
type CourtEvent struct {
	What       CourtEventKind
	When       When
	Of         []string // Actors' IDs; empty: the whole case
	Charges    []int    // counts it decides; empty: it decides none, or all
	Expected   When     // of a hearing or a trial that is set: for when
	Text       string   // one sentence
	By         string   // who says so, or whose act it is
	Note       string
	Known      Known
	Confidence Confidence
	Source     Source
}

// A CourtEventKind is what happened in court.
type CourtEventKind string

const (
	Complained CourtEventKind = "complaint" // a complaint was filed
	Charged    CourtEventKind = "charged"   // an indictment or its like was filed or unsealed
	Arrested   CourtEventKind = "arrested"  //
	Released   CourtEventKind = "released"  // on bail, with a tag, or at the end
	Detained   CourtEventKind = "detained"  // bail refused or revoked
	AtLarge    CourtEventKind = "at-large"  // the source says that the person was not arrested
	TrialSet   CourtEventKind = "trial-set" // Expected says for when
	HearingSet CourtEventKind = "hearing-set"
	Tried      CourtEventKind = "trial"     // the trial was held, or began
	Pleaded    CourtEventKind = "plea"      // guilty
	Convicted  CourtEventKind = "guilty"    // by verdict, on Charges
	Hung       CourtEventKind = "hung"      // the jury did not agree, on Charges
	Acquitted  CourtEventKind = "acquitted" // on Charges
	Sentenced  CourtEventKind = "sentenced"
	Moved      CourtEventKind = "motion" // somebody asked the court for something
	Ruled      CourtEventKind = "ruling" // the court decided something else
	Appealed   CourtEventKind = "appeal" // an appeal was filed
	Dismissed  CourtEventKind = "dismissed"
	Forfeited  CourtEventKind = "forfeited"
	LastSeen   CourtEventKind = "last-seen" // the sources end here: what came after is not known
)

// An Action is one act of a government, of several together, or of a private party that
// froze or took value: a designation, a seizure, a meeting.
type Action struct {
	ID          string // "2023-11-29-ofac-sinbad"
	Name        string
	Aliases     []string
	Summary     string // one sentence, which the sources support
	Kind        ActionKind
	When        When
	By          []Agency
	Of          []string // IDs of actors and services that it is about
	Incidents   []string
	Proceedings []string
	List        string // ID of the list that it changed; "" for none
	Addresses   []Tag  // that it names in full
	Figures     []Figure
	Statements  []Statement
	Note        string
	Known       Known
	Confidence  Confidence
	Source      Source // of the name, the kind, the day and the summary
	Sources     []Source
}

// An ActionKind is what an act was.
type ActionKind string

const (
	Designated   ActionKind = "designation" // a party was put on a list
	ListUpdated  ActionKind = "update"      // a listed party's entry was changed, as by more addresses
	Delisted     ActionKind = "delisting"
	Seized       ActionKind = "seizure"    // of value, servers or a site
	TakenDown    ActionKind = "takedown"   // of a service, with its servers
	Frozen       ActionKind = "freeze"     // by a party that holds or controls value
	ForfeitureBy ActionKind = "forfeiture" // the state keeps it, or asks a court for it
	Attributed   ActionKind = "attribution"
	Advised      ActionKind = "advisory"
	RuleMade     ActionKind = "rule"
	Judged       ActionKind = "judgment" // of a court, about a list or a law
	Met          ActionKind = "meeting"
	Stated       ActionKind = "statement"
	Reported     ActionKind = "report"
	Voted        ActionKind = "vote"
)

// An Agency is who took part in an action.
type Agency struct {
	Actor      string // an Actor's ID; "" for one that is not on record
	Name       string
	Country    string // ISO 3166-1 alpha-2, or EU or UN; "" where it is none of a state
	Role       string // "lead", "support"; "" where it is not stated
	Known      Known
	Confidence Confidence
	Source     Source
}

// A Figure is a number that a source states: what was stolen in a theft or in a year,
// what went through a mixer, what was seized. Two figures of one thing may contradict
// each other; both are kept, and nothing is made the mean of them.
type Figure struct {
	What       FigureKind
	USD        Amount // whole US dollars, of the day of what happened unless Note says otherwise; zero: not stated
	Quantity   string // the source's own decimal number of Unit, "" where it states dollars alone
	Unit       string // "BTC", "KRW", "addresses", "servers"
	Asset      Asset  // where Unit is a coin or token whose chain the source tells
	Qualifier  string // "about", "more than", "at least", "almost", "nominal"; "" for a figure given as it is
	Of         string // ID of the theft that it is a part of; "" for all or none
	Through    string // ID of the service that it went through
	Actor      string // ID of the actor it is attributed to
	Period     When   // what it sums up; zero where it is one event's
	Count      int    // of thefts behind it; 0 where it is not stated
	By         string
	Note       string // what it counts, where that is not plain
	Known      Known
	Confidence Confidence
	Source     Source
}

// A FigureKind is what a figure counts.
type FigureKind string

const (
	FigureStolen    FigureKind = "stolen"
	FigureThrough   FigureKind = "through" // value that passed a service
	FigureSeized    FigureKind = "seized"
	FigureFrozen    FigureKind = "frozen"
	FigureRecovered FigureKind = "recovered" // it went back to the victim
	FigureSought    FigureKind = "sought"    // a court is asked to forfeit it, and nothing tells that it did
	FigureForfeit   FigureKind = "forfeited"
	FigureFine      FigureKind = "fine"
	FigureMonths    FigureKind = "months" // of prison, in Quantity
	FigureThings    FigureKind = "things" // addresses, accounts, servers, in Quantity and Unit
)

// Outcome reports whether a figure counts what an act did, so that it is of the day of that
// act: a sentence, a seizure, the addresses that a list held. What was stolen or went through a mixer is of the theft's.
func (k FigureKind) Outcome() bool {
	switch k {
	case FigureSeized, FigureFrozen, FigureRecovered, FigureSought, FigureForfeit, FigureFine, FigureMonths, FigureThings:
		return true
	}
	return false
}

// A Publication is what one publisher says in sum, as for years: its figures, by its own
// definition.
type Publication struct {
	ID         string // "chainalysis"
	Name       string
	Definition string // what the publisher counts, as far as its sources tell
	Figures    []Figure
	Statements []Statement
	Known      Known
	Confidence Confidence
	Source     Source // of the name and the definition
	Sources    []Source
}
