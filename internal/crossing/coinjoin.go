package crossing

import (
	"cmp"
	"slices"

	"github.com/fundtrail/fundtrail"
)

// A CoinJoinKind names the protocol whose shape a transaction has.
type CoinJoinKind string

const (
	Wasabi1      CoinJoinKind = "wasabi-1"
	Wasabi2      CoinJoinKind = "wasabi-2"
	Whirlpool    CoinJoinKind = "whirlpool"     // a mix
	WhirlpoolTx0 CoinJoinKind = "whirlpool-tx0" // one owner's preparation for mixes
	JoinMarket   CoinJoinKind = "joinmarket"
)

// Mixes reports whether coins of several owners change hands unseen in a transaction of
// this kind. In a tx0 they do not: one owner cuts coins into pieces for mixes to come.
func (k CoinJoinKind) Mixes() bool { return k != "" && k != WhirlpoolTx0 }

// Method returns the rule by which the kind is recognised, with its version.
func (k CoinJoinKind) Method() fundtrail.Method { return fundtrail.Method(k) + "/1" }

// A CoinJoin is what the shape of one transaction says.
type CoinJoin struct {
	Tx         fundtrail.TxID
	Kind       CoinJoinKind
	Groups     []EqualOutputs // the denominations, smallest first
	Matched    []Participant  // whose change amounts tell, by output
	Method     fundtrail.Method
	Confidence fundtrail.Confidence // that it is of this kind: see doc/methods-coinjoin.md
	// InputsKnown is false when an input's amount was not given. The shape then rests on
	// outputs alone, and no change can be matched.
	InputsKnown bool
}

// EqualOutputs are the outputs of one amount. Nothing on the ledger tells which of them
// is whose: their number is the anonymity set, or less if an owner has several.
type EqualOutputs struct {
	Amount  uint64 // satoshi
	Outputs []uint32
}

// A Participant is an owner of some of a CoinJoin's inputs whose change output amounts
// alone give away: inputs less denominations less a fee within the protocol's bounds.
type Participant struct {
	Inputs []uint32
	Change uint32
	Levels int  // it got one output each of the first so many Groups
	Sure   bool // no other inputs and no other change fit
}

// maxSatoshi is every bitcoin there can be, so that sums of 64 bits cannot overflow.
const maxSatoshi = 21_000_000 * 100_000_000

// A coinTx is a transfer of a coin chain in the form that recognisers read.
type coinTx struct {
	*fundtrail.Transfer
	in, out []uint64       // satoshi, as the transfer has them; an input of 0 is not known
	paid    int            // outputs that carry value
	known   bool           // every input's amount
	carrier bool           // an output carries data
	fee     uint64         // when known
	groups  []EqualOutputs // of at least two outputs, the largest group first
}

// RecogniseCoinJoin says of which kind of CoinJoin a bitcoin transaction is by its
// inputs' and outputs' amounts, order and script kinds; ok is false when of none. Inputs
// whose amount is zero count as not known.
func RecogniseCoinJoin(tx *fundtrail.Transaction) (cj CoinJoin, ok bool) {
	var t coinTx
	if !t.read(tx) {
		return CoinJoin{}, false
	}
	// JoinMarket's test is the stricter one when inputs are known, wasabi 1's when not.
	order := [...]func(*coinTx) (CoinJoin, bool){whirlpoolMix, whirlpoolTx0, wasabi2, joinMarket, wasabi1}
	if !t.known {
		order[3], order[4] = wasabi1, joinMarket
	}
	for _, recognise := range order {
		if cj, ok = recognise(&t); ok {
			cj.Tx, cj.Method, cj.InputsKnown = tx.ID, cj.Kind.Method(), t.known
			slices.SortFunc(cj.Groups, func(a, b EqualOutputs) int { return cmp.Compare(a.Amount, b.Amount) })
			slices.SortFunc(cj.Matched, func(a, b Participant) int { return cmp.Compare(a.Change, b.Change) })
			return cj, true
		}
	}
	return CoinJoin{}, false
}

// read fills t. It is false for what is no transaction of bitcoin, and, to be fast, for
// one too small to be of any kind.
func (t *coinTx) read(tx *fundtrail.Transaction) bool {
	if len(tx.Transfers) != 1 || tx.Transfers[0].Asset != fundtrail.NativeAsset(fundtrail.Bitcoin) {
		return false
	}
	t.Transfer = &tx.Transfers[0]
	if len(t.Inputs) == 0 || len(t.Outputs) < 3 {
		return false
	}
	amounts := make([]uint64, len(t.Inputs)+len(t.Outputs))
	t.in, t.out = amounts[:len(t.Inputs)], amounts[len(t.Inputs):]
	sumIn, known := readAmounts(t.in, t.Inputs)
	sumOut, _ := readAmounts(t.out, t.Outputs)
	if sumIn > maxSatoshi || sumOut > maxSatoshi {
		return false
	}
	if t.known = known; known {
		if sumIn < sumOut {
			return false
		}
		t.fee = sumIn - sumOut
	}
	for i, v := range t.out {
		if v > 0 {
			t.paid++
		} else if t.Outputs[i].Address.IsZero() {
			t.carrier = true
		}
	}
	t.group()
	return len(t.groups) > 0 || t.carrier
}

// readAmounts returns the sum, above maxSatoshi when any amount or the sum is, and
// whether all are above zero.
func readAmounts(to []uint64, from []fundtrail.Entry) (sum uint64, all bool) {
	all = true
	for i := range from {
		a := from[i].Amount
		if !a.IsUint64() || a.Uint64() > maxSatoshi || sum > maxSatoshi {
			return maxSatoshi + 1, false
		}
		to[i] = a.Uint64()
		sum += to[i]
		all = all && to[i] > 0
	}
	return sum, all
}

// group collects equal outputs.
func (t *coinTx) group() {
	order := make([]uint32, 0, len(t.out))
	for i, v := range t.out {
		if v > 0 {
			order = append(order, uint32(i))
		}
	}
	slices.SortFunc(order, func(a, b uint32) int { return cmp.Or(cmp.Compare(t.out[a], t.out[b]), cmp.Compare(a, b)) })
	for start := 0; start < len(order); {
		end := start + 1
		for end < len(order) && t.out[order[end]] == t.out[order[start]] {
			end++
		}
		if end-start > 1 {
			t.groups = append(t.groups, EqualOutputs{t.out[order[start]], order[start:end:end]})
		}
		start = end
	}
	slices.SortFunc(t.groups, func(a, b EqualOutputs) int {
		return cmp.Or(cmp.Compare(len(b.Outputs), len(a.Outputs)), cmp.Compare(a.Amount, b.Amount))
	})
}

// A scriptKind is what an address tells of its script.
type scriptKind uint8

const (
	unknownScript scriptKind = iota
	keyHash                  // 1…
	scriptHash               // 3…
	witnessKey               // bc1q…, 20 bytes
	witnessScript            // bc1q…, 32 bytes
	taproot                  // bc1p…
)

func kindOf(a fundtrail.Address) scriptKind {
	switch s := a.String(); {
	case s == "":
		return unknownScript
	case s[0] == '1':
		return keyHash
	case s[0] == '3':
		return scriptHash
	case len(s) == 42 && s[:4] == "bc1q":
		return witnessKey
	case len(s) == 62 && s[:4] == "bc1q":
		return witnessScript
	case len(s) == 62 && s[:4] == "bc1p":
		return taproot
	}
	return unknownScript
}

// scripts returns the kinds of script among entries that carry value, as a set of bits.
func scripts(entries []fundtrail.Entry, amounts []uint64) (kinds uint8) {
	for i := range entries {
		if amounts == nil || amounts[i] > 0 {
			kinds |= 1 << kindOf(entries[i].Address)
		}
	}
	return kinds
}

// onlyScripts reports whether a set of script kinds holds nothing but the given ones. A script
// that was not given can be any.
func onlyScripts(kinds uint8, want ...scriptKind) bool {
	kinds &^= 1 << unknownScript
	for _, k := range want {
		kinds &^= 1 << k
	}
	return kinds == 0
}

// repeats counts entries whose address an earlier one has. Wallets of CoinJoins make a
// fresh address for every output; payouts and consolidations use one again and again.
func repeats(entries []fundtrail.Entry) (n int) {
	seen := make(map[fundtrail.Address]bool, len(entries))
	for i := range entries {
		if a := entries[i].Address; !a.IsZero() {
			if seen[a] {
				n++
			}
			seen[a] = true
		}
	}
	return n
}

// OneOwner reports whether the inputs of a transaction may be taken for one owner's, as
// the co-spend heuristic does. It is false for every recognised mix, and also where the
// shape leaves room for one: at least three equal outputs and as many inputs. It errs
// on the side of keeping owners apart.
func OneOwner(tx *fundtrail.Transaction) bool {
	var t coinTx
	if len(tx.Transfers) != 1 || len(tx.Transfers[0].Inputs) < 2 || !t.read(tx) || len(t.groups) == 0 {
		return true
	}
	if cj, ok := RecogniseCoinJoin(tx); ok {
		return !cj.Kind.Mixes()
	}
	n := len(t.groups[0].Outputs)
	return n < 3 || len(t.in) < n
}

// A PostMix is a spend, outside a mix, of outputs that came out of mixes. No shape tells
// it: it is known by what it spends.
type PostMix struct {
	Inputs []uint32 // that came out of a mix
	Mixes  int      // how many mixes they came out of
}

// RecognisePostMix says whether a transaction that is no mix itself spends equal outputs of
// mixes, of which mixed returns the kind, "" for any other output. Coins of several mixes
// that one owner spends together belong together: each mix then hides them less, because
// the owner must have been in all of them.
func RecognisePostMix(tx *fundtrail.Transaction, mixed func(fundtrail.TransferOutput) CoinJoinKind) (p PostMix, ok bool) {
	if len(tx.Transfers) != 1 {
		return PostMix{}, false
	}
	from := map[fundtrail.TxID]bool{}
	for i, e := range tx.Transfers[0].Inputs {
		if mixed(e.Spends).Mixes() {
			p.Inputs = append(p.Inputs, uint32(i))
			from[e.Spends.Transfer.Tx] = true
		}
	}
	if len(p.Inputs) == 0 || !OneOwner(tx) {
		return PostMix{}, false
	}
	p.Mixes = len(from)
	return p, true
}
