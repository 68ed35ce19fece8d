package tron

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/chain/node"
)

// A Decoder makes facts of the API's answers. Its zero value is ready.
type Decoder struct {
	// Wraps says which tokens are TRX, one to one: their making and destroying are events of
	// their own, Deposit and Withdrawal.
	Wraps func(fundtrail.Asset) bool
	// Keep says of which contracts the events are kept; nil keeps none. Memos always are.
	Keep func(fundtrail.Address) bool
	// Internal says that the node is known to have kept internal transactions of all its
	// blocks (vm.saveInternalTx). Without it, only a block that shows it is claimed.
	Internal bool
}

// Places of what has no place in the root's list: TRC-10 tokens, which move without a log.
// They stand behind all logs, the transaction's own first, then internal ones in order.
const (
	trc10Index = fundtrail.LogIndex + 1_000_000_000
	maxRows    = 999_999 // logs or TRC-10 transfers of one transaction
)

// UnknownPlace is the place of a transaction that is told without its block.
const UnknownPlace = math.MaxUint32

var native = fundtrail.NativeAsset(fundtrail.Tron)

// A writer makes transactions. It keeps each address once: a block names the same ones over
// and over.
type writer struct {
	*Decoder
	block fundtrail.Block
	whole fundtrail.Kinds
	tx    fundtrail.Transaction
	inner bool // some internal transaction was told: the node keeps them
	ran   bool // some contract was called
	known map[address]fundtrail.Address
	spare []fundtrail.Entry
	tokens,
	moves uint32 // TRC-10 and internal transfers of this transaction
}

func (d *Decoder) writer(b fundtrail.Block) *writer {
	return &writer{Decoder: d, block: b, whole: fundtrail.AllKinds, known: map[address]fundtrail.Address{}}
}

// transaction makes a transaction of what was signed and of what became of it. Without info,
// it holds what those alone tell: the value sent and the fee.
func (w *writer) transaction(place uint32, r *rpcTx, s *signed, info *rpcInfo) (fundtrail.Transaction, error) {
	w.tx = fundtrail.Transaction{ID: fundtrail.TxID{Chain: fundtrail.Tron, Hash: s.id}, Block: w.block, Place: place}
	w.tokens, w.moves = 0, 0
	failed, err := outcome(r, s, info)
	if err != nil {
		return w.tx, err
	}
	w.tx.Failed = failed
	if len(s.memo) > 0 {
		w.tx.Events = append(w.tx.Events, fundtrail.Event{Data: slices.Clone(s.memo)})
	}
	switch {
	case failed:
	case info == nil:
		w.sent(s, nil)
	default:
		w.sent(s, info)
		if err := w.internal(info.Internal); err != nil {
			return w.tx, err
		}
		if err := w.logs(info.Log); err != nil {
			return w.tx, err
		}
	}
	if info != nil && len(info.Internal) > 0 {
		w.inner = true
	}
	fee := uint64(0)
	if info != nil {
		fee = info.Fee
	} else if len(r.Ret) > 0 {
		fee = r.Ret[0].Fee
	}
	if fee > math.MaxInt64 {
		return w.tx, broken("a fee of %d sun", fee)
	}
	if fee > 0 && s.hasOwner {
		w.add(fundtrail.FeeIndex, native, &s.owner, nil, fee)
	} else if fee > 0 {
		w.whole &^= fundtrail.Fees // paid out of a shielded pool
	}
	slices.SortStableFunc(w.tx.Transfers, func(x, y fundtrail.Transfer) int { return int(int64(x.ID.Index) - int64(y.ID.Index)) })
	return w.tx, nil
}

// outcome is whether the transaction failed. Who tells it twice must tell the same.
func outcome(r *rpcTx, s *signed, info *rpcInfo) (failed bool, err error) {
	ret := ""
	if len(r.Ret) == 1 {
		ret = r.Ret[0].ContractRet
	}
	told := ret != "" && ret != "DEFAULT"
	if told {
		failed = ret != "SUCCESS"
	}
	if info == nil {
		if !told && s.effect() == calls {
			return false, broken("transaction %x calls a contract, and nothing says what became of it", s.id)
		}
		return failed, nil
	}
	say := func(what string, other bool) error {
		if told && other != failed {
			return lied("transaction %x: contractRet is %s, and %s", s.id, node.Clean(ret, 40), what)
		}
		told, failed = true, other
		return nil
	}
	if res := info.Receipt.Result; res != "" && res != "DEFAULT" {
		if err := say("the receipt's result is "+node.Clean(res, 40), res != "SUCCESS"); err != nil {
			return false, err
		}
	}
	if info.Result == "FAILED" {
		return true, say("the information's result is FAILED", true)
	}
	return failed, nil
}

// sent adds what the protocol itself moved.
func (w *writer) sent(s *signed, info *rpcInfo) {
	to := &s.to
	switch s.effect() {
	case nothing:
	case sends:
		w.value(&s.owner, to, s.amount)
	case grants:
		w.token10(s.asset, &s.owner, to, s.amount)
	case calls:
		w.ran = true
		if s.kind == createsContract {
			if to = nil; info != nil {
				if made, err := account(info.ContractAddress); err == nil {
					to = &made
				}
			}
			if to == nil {
				// Who got what was sent with it is not told.
				if s.amount > 0 {
					w.whole &^= fundtrail.ValueTransfers
				}
				if s.tokenAmount > 0 {
					w.whole &^= fundtrail.TokenTransfers
				}
				return
			}
		}
		w.value(&s.owner, to, s.amount)
		if s.tokenAmount > 0 {
			w.give(TRC10(s.tokenID), &s.owner, to, s.tokenAmount)
		}
	case issues:
		if info == nil {
			w.whole &^= fundtrail.TokenTransfers
			return
		}
		w.token10([]byte(info.AssetID), nil, &s.owner, s.amount)
	case draws:
		// What witnesses and voters earn is no balance before it is drawn.
		if info == nil {
			w.whole &^= fundtrail.ValueTransfers
			return
		}
		w.value(nil, &s.owner, info.Withdraw)
	case buys:
		w.value(&s.owner, to, s.amount)
		w.whole &^= fundtrail.TokenTransfers
	case shielded:
		w.whole &^= fundtrail.TokenTransfers
	case trades:
		w.whole &^= fundtrail.ValueTransfers | fundtrail.TokenTransfers
	default:
		w.whole = 0
	}
}

// internal adds what contracts moved, in the order of execution. What was reverted is
// rejected.
func (w *writer) internal(list []rpcInternal) error {
	for i := range list {
		n := &list[i]
		note := string(n.Note)
		if n.Rejected || settled(note) {
			continue
		}
		from, err := account(n.Caller)
		if err != nil {
			return fmt.Errorf("internal transaction %d: its caller: %w", i, err)
		}
		value := false
		for _, v := range n.Values {
			value = value || v.Value > 0
		}
		if !value {
			continue
		}
		to, err := account(n.To)
		if err != nil {
			return fmt.Errorf("internal transaction %d: whom it calls: %w", i, err)
		}
		payer := &from
		switch {
		case note == "call", note == "create", note == "create2", note == "" && n.To != "":
		case note == "suicide" && from != to:
		case note == "withdrawReward":
			payer = nil
		default:
			// A note that is not known here; or what a contract leaves to itself, which some
			// versions of the protocol burn and others keep.
			w.whole &^= fundtrail.InternalTransfers
			continue
		}
		for _, v := range n.Values {
			switch {
			case v.Value == 0:
			case v.Value > math.MaxInt64:
				return broken("internal transaction %d: a value of %d", i, v.Value)
			case v.TokenID != "" && v.TokenID != "0" && v.TokenID != "_":
				w.token10([]byte(v.TokenID), payer, &to, v.Value)
			default:
				if w.moves++; w.moves >= fundtrail.UnplacedTrace {
					return fmt.Errorf("more than %d internal transfers: %w", fundtrail.UnplacedTrace-1, fundtrail.ErrLimit)
				}
				w.add(fundtrail.TraceIndex+w.moves, native, payer, &to, v.Value)
			}
		}
	}
	if w.tokens > maxRows {
		return fmt.Errorf("more than %d TRC-10 transfers: %w", maxRows, fundtrail.ErrLimit)
	}
	return nil
}

// settled reports whether a note is of what moves nothing between balances of two: stakes,
// which stay their owner's, and votes.
func settled(note string) bool {
	for _, p := range []string{"freeze", "unfreeze", "vote", "delegateResource", "unDelegateResource", "withdrawExpireUnfreeze", "cancelAllUnfreeze"} {
		if strings.HasPrefix(note, p) {
			return true
		}
	}
	return false
}

// logs adds the token transfers among a transaction's logs, and keeps those that are wanted.
func (w *writer) logs(list []rpcLog) error {
	if len(list) > maxRows {
		return fmt.Errorf("more than %d logs: %w", maxRows, fundtrail.ErrLimit)
	}
	for i := range list {
		l := &list[i]
		contract, err := l.contract()
		if err != nil {
			return fmt.Errorf("log %d: %w", i, err)
		}
		topics := make([]fundtrail.Hash, len(l.Topics))
		for k, t := range l.Topics {
			topics[k] = fundtrail.Hash(t)
		}
		who := w.address(&contract)
		token := fundtrail.Asset{Chain: fundtrail.Tron, Contract: who}
		if m, ok := fundtrail.ReadTokenMove(topics, l.Data); ok && (m.Kind != fundtrail.Wrapping || w.Wraps != nil && w.Wraps(token)) {
			from, to := &m.From, &m.To
			if *from == (address{}) {
				from = nil
			}
			if *to == (address{}) {
				to = nil
			}
			if from != nil || to != nil {
				w.put(fundtrail.LogIndex+uint32(i), token, from, to, m.Amount)
			}
		}
		if w.Keep != nil && w.Keep(who) {
			w.tx.Events = append(w.tx.Events, fundtrail.Event{Contract: who, Topics: topics, Data: l.Data})
		}
	}
	return nil
}

// contract checks a log and returns whose it is: 20 bytes, or 21 as addresses are elsewhere.
func (l *rpcLog) contract() (address, error) {
	if len(l.Topics) > 4 {
		return address{}, broken("it has %d topics", len(l.Topics))
	}
	for _, t := range l.Topics {
		if len(t) != len(fundtrail.Hash{}) {
			return address{}, broken("a topic of %d bytes", len(t))
		}
	}
	if len(l.Address) == len(address{}) {
		return address(l.Address), nil
	}
	a, ok := party(l.Address)
	if !ok {
		return a, broken("its address is %x", clip(l.Address))
	}
	return a, nil
}

// value adds TRX that the transaction itself moved.
func (w *writer) value(from, to *address, sun uint64) {
	if sun > 0 {
		w.add(fundtrail.ValueIndex, native, from, to, sun)
	}
}

// token10 adds a transfer of a TRC-10 token by what it is called.
func (w *writer) token10(name []byte, from, to *address, n uint64) {
	id, ok := trc10(name)
	if !ok {
		w.whole &^= fundtrail.TokenTransfers // by a name that several had
		return
	}
	if n > 0 {
		w.give(TRC10(id), from, to, n)
	}
}

func (w *writer) give(asset fundtrail.Asset, from, to *address, n uint64) {
	w.add(trc10Index+w.tokens, asset, from, to, n)
	w.tokens++
}

func (w *writer) add(index uint32, asset fundtrail.Asset, from, to *address, n uint64) {
	w.put(index, asset, from, to, fundtrail.NewAmount(n))
}

// put adds a transfer; a side that is nil is nobody.
func (w *writer) put(index uint32, asset fundtrail.Asset, from, to *address, a fundtrail.Amount) {
	t := fundtrail.Transfer{ID: fundtrail.TransferID{Tx: w.tx.ID, Index: index}, Asset: asset, Inputs: w.entry(from, a), Outputs: w.entry(to, a)}
	if index >= fundtrail.FeeIndex {
		t.Fee = a
	}
	w.tx.Transfers = append(w.tx.Transfers, t)
}

func (w *writer) entry(who *address, a fundtrail.Amount) []fundtrail.Entry {
	if who == nil {
		return nil
	}
	if len(w.spare) == cap(w.spare) {
		w.spare = make([]fundtrail.Entry, 0, 256)
	}
	n := len(w.spare)
	w.spare = append(w.spare, fundtrail.Entry{Address: w.address(who), Amount: a})
	return w.spare[n : n+1 : n+1]
}

func (w *writer) address(a *address) fundtrail.Address {
	got, ok := w.known[*a]
	if !ok {
		got = fundtrail.EVMAddress(fundtrail.Tron, *a)
		w.known[*a] = got
	}
	return got
}

// check makes sure that information is of a transaction, and of a block where that is told.
func (info *rpcInfo) check(id fundtrail.Hash) (time.Time, error) {
	got, err := fundtrail.ParseHash(info.ID)
	if err != nil {
		return time.Time{}, broken("id: %v", err)
	}
	if got != id {
		return time.Time{}, lied("information of transaction %x where that of %x belongs", got, id)
	}
	return moment(info.BlockNumber, info.BlockTimeStamp)
}
