package crossing

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fundtrail/fundtrail"
)

// A Side says which end of a bridge a leg is.
type Side uint8

const (
	Enters Side = iota // a deposit: value enters the bridge
	Leaves             // a withdrawal: value leaves it, on the other chain
)

// String returns "deposit" or "withdrawal".
func (s Side) String() string {
	if s == Leaves {
		return "withdrawal"
	}
	return "deposit"
}

// A Leg is one end of a passage over a bridge, as the protocol itself recorded it: a
// fact. A bridge joins chains whose addresses Fundtrail need not know (Moonbeam,
// THORChain's own), so the other side's names are kept as text: 0x and lower-case
// hexadecimal where they are bytes, as written where they are not.
type Leg struct {
	Protocol  string // the id of its record in data/services: "celer", "ronin-bridge"
	Side      Side
	Tx        fundtrail.TxID           // its Chain is where this leg happened
	Record    fundtrail.TransferOutput // the ledger record that carried the value; zero when none is known
	Time      time.Time                // zero when the data does not tell
	Peer      fundtrail.Chain          // the chain of the other end; "" when the leg does not tell
	ID        string                   // what both ends call this passage; "" when the leg does not tell
	Sender    string                   // who sent it on the source chain
	Recipient string                   // who is to have it on the destination chain
	Token     string                   // the asset's contract on this leg's chain; "" for the native coin, or UnknownToken
	PeerToken string                   // the contract on the other chain, where the leg tells
	Amount    fundtrail.Amount         // base units of Token
	// Coarse says that Amount is in the protocol's own unit, coarser than the token's by a
	// power of ten (Wormhole counts in 8 decimals), or zero where the protocol does not tell.
	Coarse   bool
	Contract fundtrail.Address // that the value went through; zero when the data does not tell
}

// UnknownToken stands where a leg does not tell its token.
const UnknownToken = "?"

// compare orders legs by time, then by what they are, so that the order in which they were
// read is irrelevant.
func (l *Leg) compare(m *Leg) int {
	return cmp.Or(
		l.Time.Compare(m.Time),
		strings.Compare(string(l.Tx.Chain), string(m.Tx.Chain)),
		slices.Compare(l.Tx.Hash[:], m.Tx.Hash[:]),
		cmp.Compare(l.Record.Transfer.Index, m.Record.Transfer.Index),
		cmp.Compare(l.Record.Output, m.Record.Output),
		strings.Compare(l.ID, m.ID),
		strings.Compare(l.Recipient, m.Recipient),
		strings.Compare(l.Token, m.Token),
		l.Amount.Cmp(m.Amount),
		strings.Compare(l.Protocol, m.Protocol),
		strings.Compare(l.Sender, m.Sender),
		strings.Compare(l.PeerToken, m.PeerToken),
		strings.Compare(string(l.Peer), string(m.Peer)),
	)
}

// inOrder returns the indexes of legs in the order of compare.
func inOrder(legs []Leg) []int {
	order := make([]int, len(legs))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Or(legs[a].compare(&legs[b]), cmp.Compare(a, b)) })
	return order
}

// distinct is inOrder without legs that are equal in everything, which are one fact
// that two files told. A bridge's deposits differ in id, record or transaction.
func distinct(legs []Leg) []int {
	return slices.CompactFunc(inOrder(legs), func(a, b int) bool { return legs[a].compare(&legs[b]) == 0 })
}

// EVMChain returns the chain with an EIP-155 number: by its slug where Fundtrail has
// one, else by the number itself, "evm-1284".
func EVMChain(id uint64) fundtrail.Chain {
	for _, c := range knownChains {
		if c.EVMID > 0 && uint64(c.EVMID) == id {
			return c.Chain
		}
	}
	return numbered("evm", id)
}

// evmID is EVMChain back.
func evmID(c fundtrail.Chain) (id uint64, ok bool) {
	if info, known := c.Info(); known && info.EVMID > 0 {
		return uint64(info.EVMID), true
	}
	rest, isNumber := strings.CutPrefix(string(c), "evm-")
	id, err := strconv.ParseUint(rest, 10, 64)
	return id, isNumber && err == nil
}

var knownChains = fundtrail.Chains()
