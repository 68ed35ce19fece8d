package fundtrail

import "time"

// Inferences: what our methods conclude from facts and claims. They may be dropped
// and made again at any time, with the same result.

// A Method is a named, versioned way to conclude something: "cospend/1".
type Method string

// A ClusterID names a set of addresses held to be under one control.
type ClusterID uint64

// A ClusterLink is one reason why two addresses share a cluster.
type ClusterLink struct {
	A, B       Address
	Evidence   TxID
	Method     Method
	Confidence Confidence
}

// A Crossing joins transfers that no ledger joins: value goes in on one side and
// comes out, changed or moved, on the other.
type Crossing struct {
	Kind       CrossingKind
	Protocol   string // "tornado-cash", "thorchain", "uniswap-v3"
	In, Out    []TransferOutput
	Method     Method
	Confidence Confidence
	Exchange   *Exchange // of a swap; nil where it is not known
}

// An Exchange is what a swap gave for what: its rate is Got for Gave.
type Exchange struct {
	Payer, Recipient Address
	Gave, Got        Holding // net
	// Priced says that both sides have a price on their day. Off is then by how much more
	// came out than went in, in hundredths of a per cent, at most 1<<40, and Far that the
	// rate is further from the day's prices than a swap's should be.
	Priced bool
	Off    int64
	Far    bool
}

// A Holding is an amount of an asset.
type Holding struct {
	Asset  Asset
	Amount Amount
}

// A CrossingKind is Swap, Bridge or Mixer.
type CrossingKind string

const (
	Swap   CrossingKind = "swap"
	Bridge CrossingKind = "bridge"
	Mixer  CrossingKind = "mixer"
)

// A Policy is a rule that says which part of a mixed balance a payment takes. All
// but Poison are lossless: tainted value is neither made nor lost.
type Policy uint8

const (
	FIFO         Policy = iota // first in, first out
	LIFO                       // last in, first out
	Haircut                    // pro rata
	TaintedFirst               // accounts: tainted value leaves first
	TaintedLast                // accounts: tainted value leaves last
	TIHO                       // coins: tainted inputs go to the highest outputs
	Poison                     // whatever tainted value touches is tainted whole
	NumPolicies
)

var policyNames = [NumPolicies]string{"fifo", "lifo", "haircut", "tainted-first", "tainted-last", "tiho", "poison"}

// String returns the policy's name, such as "tainted-first".
func (p Policy) String() string { return policyNames[p] }

// Method returns the policy with the version of its rules, such as "fifo/1".
func (p Policy) Method() Method { return Method(policyNames[p] + "/1") }

// Lossless reports whether the policy conserves value.
func (p Policy) Lossless() bool { return p != Poison }

// On reports whether the policy is defined on chains of the given model.
func (p Policy) On(m Model) bool {
	switch p {
	case TaintedFirst, TaintedLast:
		return m == Accounts
	case TIHO:
		return m == Coins
	}
	return true
}

// ParsePolicy reads a policy's name.
func ParsePolicy(s string) (Policy, bool) {
	for p, name := range policyNames {
		if name == s {
			return Policy(p), true
		}
	}
	return 0, false
}

// Taints is the tainted part of one amount under each policy.
type Taints [NumPolicies]Amount

// Most returns the largest part that any lossless policy assigns.
func (t *Taints) Most() Amount {
	var most Amount
	for p := range NumPolicies {
		if p.Lossless() {
			most = most.Max(t[p])
		}
	}
	return most
}

// A Direction says whether a trace asks where value went or where it came from.
type Direction string

const (
	Forward  Direction = "forward"
	Backward Direction = "backward"
)

// A Hop is one step of a trace: one ledger record that carried tainted value.
// Record, Time, Height, From, To, Asset and Amount are facts; the rest is inferred.
type Hop struct {
	Record   TransferOutput
	Spends   []TransferOutput // coin chains: the tainted coins the transaction spent
	Time     time.Time
	Height   int64
	From, To Address // From is the first tainted payer on a coin chain
	Asset    Asset
	Amount   Amount
	Kind     HopKind
	Depth    int // steps from the theft, the theft's own record being 0
	Taint    Taints
	// Possible is the most of Amount that can be tainted by amounts alone, wherever
	// what the data lacks came in; WithoutGaps is the same had it come just in time.
	Possible, WithoutGaps Amount
	End                   int // index into Trace.Ends, or -1 when the trace goes on
	Crossing              *Crossing
	Odds                  *Odds // of the starts that feed it; nil where all are certain
}

// A HopKind says what a hop is to the trace.
type HopKind string

const (
	HopTheft    HopKind = "theft"    // the record of the theft itself
	HopTransfer HopKind = "transfer" // a payment
	HopReturn   HopKind = "return"   // a payment to an address the theft started from
	HopFee      HopKind = "fee"
	HopDust     HopKind = "dust" // a payment below the dust floor, not followed
	HopCrossing HopKind = "crossing"
)

// An EndKind says why a branch of a trace stops.
type EndKind string

const (
	EndExchange EndKind = "exchange" // a tagged exchange or custodian: someone can be asked
	EndMixer    EndKind = "mixer"
	EndBridge   EndKind = "bridge"
	EndSwap     EndKind = "swap"     // a decentralised exchange or a token wrapper
	EndService  EndKind = "service"  // another tagged service
	EndTheft    EndKind = "theft"    // an address tagged with another theft
	EndHeld     EndKind = "held"     // still there when the data ends
	EndFee      EndKind = "fee"      // spent as fees
	EndReturned EndKind = "returned" // back to a victim, or to who had paid it in
	EndBurned   EndKind = "burned"   // paid to nobody
	EndMinted   EndKind = "minted"   // backward: came from nobody
	EndHub      EndKind = "hub"      // an untagged address with too many counterparties to follow
	EndDust     EndKind = "dust"     // below the dust floor
	EndLimit    EndKind = "limit"    // past the hop, time or work limit
	EndCoverage EndKind = "coverage" // the data does not hold what happened next
)

// An End is where branches of a trace stop, why, and how much of the stolen value
// is there: under each policy, and at least and at most under any lossless one.
type End struct {
	Kind      EndKind
	Actor     string // an Actor's ID, where a claim names one
	Label     string // the tag's label, or what the end is in words
	Reason    string
	Addresses []Address
	Asset     Asset
	Taint     Taints
	Bounds    Bounds
	// Transfers, Moved, First and Last are of the records that carried tainted value to
	// it under the headline policy; Moved is what those moved in all, which is a fact.
	Transfers int
	Moved     Amount
	First     time.Time
	Last      time.Time
	USD       *Valuation // nil when no prices were given
	Via       []int      // indexes into Trace.Inferences
	Odds      *Odds      // of the starts that feed it; nil where all are certain
	// Followed says of a swap or a bridge that the trace went on with what came out: the
	// same value is at other ends too.
	Followed bool
}

// Odds say how likely value is the thief's at all that stands, under the headline policy,
// on starts which methods infer: the least and the most probable of them, and the sum of
// each start's part times its probability. Value that a swap paid out has the mean of what
// was paid in.
type Odds struct {
	Least, Most float64
	Expected    Amount
}

// Bounds are the least and the most stolen value that can have reached an end under
// any lossless policy. Gaps in the data widen them: WithoutGaps is what they would
// be if value the data does not explain had arrived only when it was spent.
type Bounds struct {
	Least, Most                       Amount
	LeastWithoutGaps, MostWithoutGaps Amount
	Exact                             bool // false: an outer bound, because the exact problem was too large
}

// A Valuation is an amount in US dollars, with what could not be priced kept apart.
type Valuation struct {
	Cents    Amount // of the priced part
	Unpriced Amount // base units that had no price on their day
	Basis    string // "ETH-USD daily close of the day of each transfer"
}

// An Inference is a conclusion about an address, and what it rests on.
type Inference struct {
	Address    Address
	Says       string
	Actor      string
	Method     Method
	Confidence Confidence
	Evidence   []TransferOutput
}

// A Stolen is what a trace starts from, in one asset.
type Stolen struct {
	Asset  Asset
	Amount Amount
	Thefts []ResolvedTheft
	Dust   Amount // payments below it were not followed
	USD    *Valuation
}

// A ResolvedTheft is a theft as the ledger knows it.
type ResolvedTheft struct {
	Theft
	Record TransferOutput // set when the ledger holds the transfer
	Basis  string         // "ledger" or "record"
}

// A Route is a path that stolen value took under one policy. The routes of a trace
// divide the whole: their amounts sum to what was stolen.
type Route struct {
	Asset     Asset
	Amount    Amount
	Addresses []Address
	End       int // index into Trace.Ends
	Transfers int
	First     time.Time
	Last      time.Time
}

// A Gap is an address that pays out more than the ledger shows it ever received.
type Gap struct {
	Address Address
	Asset   Asset
	Short   Amount // by how much, in all
	First   TransferOutput
	Time    time.Time
}

// A Trace is the fund-flow graph of an incident, and all it takes to repeat it.
type Trace struct {
	Subject    string
	Direction  Direction
	Policy     Policy   // the one that headlines and routes use
	Policies   []Policy // the ones that were run
	AsOf       []Block  // per chain: the last block of the ledger
	Stolen     []Stolen
	Hops       []Hop // in ledger order
	Ends       []End // largest first
	Kinds      []End // the ends of each kind together, with bounds of their own
	Routes     []Route
	Tags       []Tag // the claims that were used
	Inferences []Inference
	Gaps       []Gap
	Notes      []string // what the data does not show
	Visited    int      // movements read
	// Passages are where methods say that value came out of mixers, CoinJoins and bridges
	// that no id joins. Nothing above counts them: no hop, no end and no bound.
	Passages []Passage
	// Onward is where value went from there, a trace of its own for each round and certainty.
	Onward []Onward
}

// An Onward is the trace of what passages brought out at one certainty. The three
// certainties tell of the same value, and so do rounds: they are never summed.
type Onward struct {
	Certainty Certainty
	// Round is 1 for what came out of the trace's own passages, and one more for what went
	// in again and came out of the passages of an onward trace of the round before.
	Round  int
	Starts []OnwardStart // each withdrawal is one start's, of one round and certainty
	// Addresses is how many it starts at, and Known how many of those the ledger has any
	// record of: of the others the data tells nothing at all.
	Addresses, Known int
	Trace            *Trace
}

// An OnwardStart is a withdrawal that an onward trace starts from.
type OnwardStart struct {
	Onward              int // index into Trace.Onward of the trace with the passage, -1: the trace itself
	Passage, Withdrawal int // indexes into that trace's Passages, and into its Withdrawals
	// Carries is what starts: at most the withdrawal's, and of all starts of a passage at
	// most what was stolen of its deposits.
	Carries Amount
	// Probability is the withdrawal's times that of the deposits'.
	Probability float64
}

// A Passage is what one party paid into one place that unties what goes in from what
// comes out: a pool of a mixer, a CoinJoin, a bridge whose two sides share no id. What
// went in is fact, and so is what came out; which of it is this party's is an inference
// with odds.
type Passage struct {
	Kind        CrossingKind // Mixer, for CoinJoins too, or Bridge
	Protocol    string       // "tornado-cash", "wasabi-2", "poly-network"
	Pool        string       // "eth 100 eth"; "" where the protocol has none
	Asset       Asset        // that went in
	Note        Amount       // what each deposit paid in, where all are alike; else zero
	Depositor   Address
	Deposits    []TransferOutput // the records that the trace came in by, in order
	First, Last time.Time        // of the deposits
	Withdrawals []Withdrawal     // in the ledger's order
}

// A Withdrawal is value that came out, and how likely it is that it is the passage's.
type Withdrawal struct {
	Tx     TxID
	Record TransferOutput // the ledger's record of it; zero where the ledger holds none
	Time   time.Time      // of the block; interpolated where the events do not tell it
	Height int64          // of the block, 0 where it is not told
	To     Address
	Asset  Asset  // the passage's own, but over a bridge
	Amount Amount // that arrived at To
	// Carries is the part of Amount that is the passage's if the link is right: all of it
	// out of a mixer's pool, a share of it out of a CoinJoin.
	Carries Amount
	Fee     Amount // kept on the way: of Passage.Note, what the relayer kept
	// Probability is the posterior of the methods together, calibrated on known cases.
	Probability  float64
	Certainty    Certainty
	Method       Method
	AnonymitySet int // deposits, or owners, that it could have come from, before anything was inferred
}

// A Certainty says how an inferred link may be used. Sums of the three are kept apart.
type Certainty string

const (
	Certain  Certainty = "certain"
	Probable Certainty = "probable"
	Possible Certainty = "possible"
)

// A Taint is the part of an amount that a policy assigns to an incident.
type Taint struct{ Tainted, Total Amount }

// An Exposure is how much of an address's value comes from, or went to, a party.
type Exposure struct {
	Address Address
	Party   string // actor, designation or category
	Hops    int    // 1 is direct
	Taint   Taint
	Method  Method
}
