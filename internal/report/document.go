package report

import (
	"encoding/json"
	"io"
)

// Schema names the version of [Document]. A field that is added leaves it alone; a
// field that changes its meaning, its unit or its name raises it.
const Schema = "fundtrail.trace/1"

// A Document is a trace as it is written to JSON and read back by verify and by the
// pages. doc/formats-report.md describes every field, and says of each whether it is a
// fact, a claim or an inference. Amounts are base units in decimal digits, times
// are RFC 3339 in UTC, and an object keyed by policy holds the policies of Trace.Policies
// that are defined on the asset's chain.
type Document struct {
	Schema  string  `json:"schema"`
	Program string  `json:"program"`
	Trace   Header  `json:"trace"`
	Inputs  []Input `json:"inputs"`
	Assets  []Asset `json:"assets"`
	Flow
	Onward   []Onward `json:"onward,omitempty"` // from who took value out of passages: for each round and certainty
	Coverage Coverage `json:"coverage"`
	Record   *Record  `json:"record,omitempty"`
}

// Flow is what a trace found. Indexes of its fields (of ends, of inferences) are into its
// own lists.
type Flow struct {
	Stolen     []Stolen    `json:"stolen"`
	Ends       []End       `json:"ends"`
	Categories []End       `json:"categories"`
	Routes     []Route     `json:"routes"`
	Addresses  []Address   `json:"addresses"`
	Hops       []Hop       `json:"hops"`    // carried tainted value above the dust floor under a lossless policy
	Touched    []Hop       `json:"touched"` // the rest that the sums rest on: fees, dust, and what only poison or a gap reaches
	Inferences []Inference `json:"inferences"`
	Passages   []Passage   `json:"passages,omitempty"` // where value came out of mixers and bridges, with odds; asked for with --through
	Swaps      []Swap      `json:"swaps,omitempty"`    // that the trace went through; asked for with --through
	Bridges    []Bridged   `json:"bridges,omitempty"`  // likewise
}

// Header says what was asked, and how: with Inputs, all it takes to ask again.
type Header struct {
	Subject   string   `json:"subject"` // as it was asked: an incident's id, addresses, transactions
	Name      string   `json:"name"`
	Actor     string   `json:"actor,omitempty"` // who the incident is attributed to: tags that name the same actor do not end the trace
	Direction string   `json:"direction"`       // forward or backward
	Policy    string   `json:"policy"`          // of the headline figures and the routes: "fifo/1"
	Policies  []string `json:"policies"`
	Options   Options  `json:"options"`
	AsOf      []Block  `json:"as_of"`
	Visited   int      `json:"visited"` // movements read
}

// Options are the trace's options in full, defaults filled in.
type Options struct {
	Since         string            `json:"since,omitempty"`
	Until         string            `json:"until,omitempty"`
	MaxHops       int               `json:"max_hops"` // 0: no limit
	Dust          map[string]string `json:"dust"`     // by asset, base units
	Hub           int               `json:"hub"`
	DepositWindow string            `json:"deposit_window"`
	Payback       int               `json:"payback"` // below 0: never
	MaxVisits     int               `json:"max_visits"`
	MinConfidence int               `json:"min_confidence"`    // of a tag that stops the trace
	Through       []string          `json:"through,omitempty"` // what it goes on through: "bridges", "coinjoins", "mixers", "swaps"
	// How often value is followed on with odds; 0: not at all.
	OnwardRounds int `json:"onward_rounds,omitempty"`
	// Contracts of bridges that were given, as PROTOCOL=CHAIN/ADDRESS.
	BridgeContracts []string `json:"bridge_contracts,omitempty"`
}

// Block is the last block of a chain that the ledger holds.
type Block struct {
	Chain  string `json:"chain"`
	Height int64  `json:"height"`
	Time   string `json:"time"`
}

// Input is one file the trace was made from.
type Input struct {
	Role   string `json:"role"` // ledger, node, excerpt, answer, tags, prices, assets, record, records
	Name   string `json:"name"`
	SHA256 string `json:"sha256,omitempty"` // "" of a node, whose blocks no file holds
	Bytes  int64  `json:"bytes"`
	Rows   int    `json:"rows,omitempty"`
	Asset  string `json:"asset,omitempty"` // of prices: what they are the prices of
}

// Asset is what it takes to print an asset's amounts.
type Asset struct {
	Asset    string `json:"asset"` // eth, or eth/0x…
	Symbol   string `json:"symbol"`
	Decimals int    `json:"decimals"` // -1: not known, print base units
}

// Stolen is what the trace starts from, in one asset.
type Stolen struct {
	Asset  string  `json:"asset"`
	Amount string  `json:"amount"`
	USD    *USD    `json:"usd"`
	Thefts []Theft `json:"thefts"`
}

// Theft is one start of the trace.
type Theft struct {
	Basis    string  `json:"basis"` // ledger: Tx and Index hold it; record: a source states it; address: all that the address pays
	Tx       string  `json:"tx,omitempty"`
	Index    *uint32 `json:"index,omitempty"`
	Address  string  `json:"address"`
	Amount   string  `json:"amount"`
	Time     string  `json:"time,omitempty"`
	Proceeds bool    `json:"proceeds,omitempty"`
	Of       string  `json:"proceeds_of,omitempty"` // the transaction of the theft that these are proceeds of
	Note     string  `json:"note,omitempty"`
	Source   string  `json:"source,omitempty"`
	// Of the start of an onward trace: how likely it is the thief's, and the whole payment
	// where only a part of it starts.
	Probability float64 `json:"probability,omitempty"`
	PartOf      string  `json:"part_of,omitempty"`
}

// USD is a value in US dollars. Unpriced is never counted as 0.
type USD struct {
	Amount   string `json:"amount"`   // dollars and cents of the priced part
	Unpriced string `json:"unpriced"` // base units without a price on their day
	Basis    string `json:"basis"`
}

// Tainted is an amount by policy name.
type Tainted map[string]string

// Hop is one ledger record of the trace.
type Hop struct {
	Tx       string   `json:"tx"`
	Index    uint32   `json:"index"`
	Time     string   `json:"time"`
	Block    int64    `json:"block"`
	From     string   `json:"from"`
	To       string   `json:"to"`
	Asset    string   `json:"asset"`
	Amount   string   `json:"amount"`
	Spends   []string `json:"spends,omitempty"`
	Kind     string   `json:"kind"` // theft, transfer, return, fee, dust, crossing
	Depth    int      `json:"depth"`
	Tainted  Tainted  `json:"tainted"`
	Possible string   `json:"possible"` // the most that can be tainted by amounts alone
	// The same if what the data lacks had come in just when it was spent.
	PossibleWithoutGaps string `json:"possible_without_gaps"`
	End                 *int   `json:"end"` // index into ends
	// Of a crossing: what was gone through, and what says so.
	Protocol string `json:"protocol,omitempty"`
	Method   string `json:"method,omitempty"`
}

// End is where value stopped, and why.
type End struct {
	Category  string   `json:"category"`
	Actor     string   `json:"actor"`
	Label     string   `json:"label"`
	Reason    string   `json:"reason"`
	Addresses []string `json:"addresses"`
	Asset     string   `json:"asset"`
	Amount    Tainted  `json:"amount"`
	AtLeast   string   `json:"at_least"`
	AtMost    string   `json:"at_most"`
	// What the bounds would be had the data no gaps.
	AtLeastWithoutGaps string `json:"at_least_without_gaps"`
	AtMostWithoutGaps  string `json:"at_most_without_gaps"`
	Exact              bool   `json:"exact"` // false: the bounds are outer bounds
	Moved              string `json:"moved"` // what the records that reached it moved in all, tainted or not
	Transfers          int    `json:"transfers"`
	First              string `json:"first"`
	Last               string `json:"last"`
	USD                *USD   `json:"usd"`
	Via                []int  `json:"via,omitempty"` // indexes into inferences
	Odds               *Odds  `json:"odds,omitempty"`
	// Followed says that the trace went on with what came out of this swap or bridge: the
	// same value stands at other ends too.
	Followed bool `json:"followed,omitempty"`
}

// Odds say of an onward trace's end how likely the withdrawals that feed it are the
// thief's, under the headline policy.
type Odds struct {
	Least    float64 `json:"least"`
	Most     float64 `json:"most"`
	Expected string  `json:"expected"` // each withdrawal's part times its probability, summed
}

// Route is a path that value took under the headline policy. Routes divide the
// stolen amount: theirs sum to it.
type Route struct {
	Asset     string   `json:"asset"`
	Amount    string   `json:"amount"`
	Addresses []string `json:"addresses"`
	End       int      `json:"end"`
	Transfers int      `json:"transfers"`
	First     string   `json:"first"`
	Last      string   `json:"last"`
}

// Address is one address of the trace with what is said of it.
type Address struct {
	Address    string `json:"address"`
	Chain      string `json:"chain"`
	Role       string `json:"role"` // source, hop or end
	Depth      int    `json:"depth"`
	Tags       []Tag  `json:"tags"`
	Inferences []int  `json:"inferences"`
	Coverage   string `json:"coverage"` // whole, partial or unstated
}

// Tag is a claim about an address.
type Tag struct {
	Label      string `json:"label"`
	Category   string `json:"category"`
	Role       string `json:"role,omitempty"`
	Actor      string `json:"actor,omitempty"`
	Confidence int    `json:"confidence"`
	Source     string `json:"source"`
}

// Inference is a conclusion of ours about an address.
type Inference struct {
	Address    string   `json:"address"`
	Says       string   `json:"says"`
	Actor      string   `json:"actor,omitempty"`
	Method     string   `json:"method"`
	Confidence int      `json:"confidence"`
	Evidence   []string `json:"evidence"` // hash:index
}

// Coverage is what the data shows, and what it does not.
type Coverage struct {
	Chains []ChainCoverage `json:"chains"`
	Claims []Claim         `json:"claims"` // what the data claims to hold whole, of addresses in the trace
	Gaps   []Gap           `json:"gaps"`
	Notes  []string        `json:"notes"`
}

// ChainCoverage is the extent of the ledger on one chain.
type ChainCoverage struct {
	Chain      string `json:"chain"`
	FirstBlock int64  `json:"first_block"`
	LastBlock  int64  `json:"last_block"`
	First      string `json:"first"`
	Last       string `json:"last"`
	Movements  int    `json:"movements"`
}

// Claim is a part of a chain that the data claims to hold whole.
type Claim struct {
	Chain     string `json:"chain"`
	Address   string `json:"address,omitempty"`
	FromBlock int64  `json:"from_block"`
	ToBlock   int64  `json:"to_block"`
	What      string `json:"what"`
	Source    string `json:"source"`
}

// Gap is an address that pays out more than the ledger shows it received.
type Gap struct {
	Address string `json:"address"`
	Asset   string `json:"asset"`
	Short   string `json:"short"`
	Tx      string `json:"tx"`
	Time    string `json:"time"`
}

// Record is what a curated record says of the incident, for the reader of the report.
type Record struct {
	ID           string        `json:"id"`
	Name         string        `json:"name"`
	Summary      string        `json:"summary"`
	Happened     string        `json:"happened"`
	Victim       string        `json:"victim"`
	Losses       []Loss        `json:"losses"`
	Attributions []Attribution `json:"attributions"`
	Statements   []Statement   `json:"statements"`
}

// Loss is one source's figure.
type Loss struct {
	USD        string `json:"usd"`
	By         string `json:"by"`
	Note       string `json:"note,omitempty"`
	Confidence int    `json:"confidence"`
	Source     string `json:"source"`
}

// Attribution is one source's view of who did it.
type Attribution struct {
	Actor      string `json:"actor"`
	By         string `json:"by"`
	Date       string `json:"date"`
	Denied     bool   `json:"denied,omitempty"`
	Confidence int    `json:"confidence"`
	Source     string `json:"source"`
}

// Statement is a sentence that a source supports: a seizure, a verdict, a dispute.
type Statement struct {
	Text       string `json:"text"`
	By         string `json:"by,omitempty"`
	Date       string `json:"date,omitempty"` // of what it tells
	Confidence int    `json:"confidence"`
	Source     string `json:"source"`
}

// WriteJSON writes the document, indented, with keys in the order of the types:
// the same document is the same bytes.
func WriteJSON(w io.Writer, d *Document) error {
	e := json.NewEncoder(w)
	e.SetIndent("", " ")
	e.SetEscapeHTML(false)
	return e.Encode(d)
}
