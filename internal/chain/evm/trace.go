package evm

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/chain/node"
)

// A tracer is a method by which nodes tell what contracts moved.
type tracer struct {
	method string
	params func(b *fundtrail.Block) []any
	read   func(b *block, raw json.RawMessage) error
	byHash bool // asked for by the block's hash, or the answer tells it
}

var callTracer = map[string]any{"tracer": "callTracer", "timeout": "120s"}

// tracers are tried in this order. By hash there is no doubt which block is meant.
var tracers = []*tracer{
	{"debug_traceBlockByHash", func(b *fundtrail.Block) []any { return []any{fmt.Sprintf("0x%x", b.Hash), callTracer} }, (*block).readCalls, true},
	{"debug_traceBlockByNumber", func(b *fundtrail.Block) []any { return []any{quoted(b.Height), callTracer} }, (*block).readCalls, false},
	{"trace_block", func(b *fundtrail.Block) []any { return []any{quoted(b.Height)} }, (*block).readFlat, true},
}

// A frame is a call, a creation or a destruction in callTracer's form.
type frame struct {
	Type  string
	From  *party
	To    *party
	Value *amount
	Error string
	Calls []frame
}

type rpcCalls struct {
	TxHash *hash
	Result *frame
	Error  string
}

// readCalls adds internal transfers from callTracer's frames, one tree a transaction.
func (b *block) readCalls(raw json.RawMessage) error {
	var list []rpcCalls
	if err := parse(raw, &list); err != nil {
		return err
	}
	if len(list) != len(b.txs) {
		return broken("block %d has %d transactions and %d traces", b.Height, len(b.txs), len(list))
	}
	for i := range list {
		t, of := &list[i], &b.txs[i]
		switch {
		case t.Error != "":
			return fmt.Errorf("block %d: the node cannot trace transaction %d: %s: %w", b.Height, i, node.Clean(t.Error, 200), fundtrail.ErrUnavailable)
		case t.Result == nil:
			return broken("block %d: transaction %d has no trace", b.Height, i)
		case t.TxHash != nil && fundtrail.Hash(*t.TxHash) != of.hash:
			return broken("block %d: the trace at %d is of another transaction", b.Height, i)
		}
		w := tree{b: b, t: of}
		err := w.settle(t.Result.Error != "")
		if err == nil && t.Result.Error == "" {
			err = w.frames(t.Result)
		}
		if err != nil {
			return fmt.Errorf("block %d: transaction %d: its trace: %w", b.Height, i, err)
		}
	}
	b.traced = true
	return nil
}

// A tree collects one transaction's internal transfers in the order of execution.
type tree struct {
	b    *block
	t    *tx
	made []address // contracts that it created
}

// settle compares what trace and receipt say became of the transaction.
func (w *tree) settle(failure bool) error {
	became := succeeded
	if failure {
		became = failed
	}
	if w.t.outcome != unknown && w.t.outcome != became {
		return broken("it and the receipt disagree on whether the transaction failed")
	}
	w.t.outcome = became
	if w.t.creates {
		w.made = append(w.made, w.t.to)
	}
	return nil
}

func (w *tree) frames(f *frame) error {
	for i := range f.Calls {
		c := &f.Calls[i]
		if c.Error != "" {
			continue // with all below it
		}
		if c.From == nil {
			return broken("a call from nowhere")
		}
		s := step{kind: c.Type, from: address(*c.From)}
		if c.To != nil {
			s.to, s.toTold = address(*c.To), true
		}
		if c.Value != nil {
			s.value = fundtrail.Amount(*c.Value)
		}
		if err := w.add(s); err != nil {
			return err
		}
		if err := w.frames(c); err != nil {
			return err
		}
	}
	return nil
}

// A step is one call that took effect.
type step struct {
	kind     string
	from, to address
	toTold   bool
	value    fundtrail.Amount
}

// add adds what a step moves.
func (w *tree) add(s step) error {
	destroys := false
	switch s.kind {
	case "CALL", "call":
	case "CREATE", "CREATE2", "create", "create2":
		w.made = append(w.made, s.to)
	case "SELFDESTRUCT", "suicide":
		destroys = true
	case "DELEGATECALL", "STATICCALL", "CALLCODE", "delegatecall", "staticcall", "callcode":
		return nil // foreign code run by the caller itself: the value is only quoted
	default:
		return broken("a call of type %q", node.Clean(s.kind, 40))
	}
	switch {
	case s.value.IsZero():
		return nil
	case !s.toTold:
		return broken("a %s with value to nowhere", s.kind)
	}
	n := inner{from: s.from, to: s.to, value: s.value}
	// What a contract leaves to itself is burnt when it is destroyed.
	n.burnt = destroys && s.from == s.to && (!w.b.cancun || slices.Contains(w.made, s.from))
	w.t.inner = append(w.t.inner, n)
	return nil
}

// A flatTrace is a call in the form of trace_block (Parity, Erigon, Nethermind).
type flatTrace struct {
	Action struct {
		CallType      string
		From          *party
		To            *party
		Value         *amount
		Address       *party // of what is destroyed
		RefundAddress *party
		Balance       *amount
	}
	Result *struct {
		Address *party // of what is created
	}
	BlockHash           *hash
	TransactionHash     *hash // null for rewards
	TransactionPosition *quantityOrNumber
	TraceAddress        []uint32
	Subtraces           uint32
	Type                string
	Error               string
}

// A quantityOrNumber is a number that nodes write plainly here.
type quantityOrNumber uint64

func (q *quantityOrNumber) UnmarshalJSON(text []byte) error {
	if len(text) > 0 && text[0] == '"' {
		return (*quantity)(q).UnmarshalJSON(text)
	}
	return json.Unmarshal(text, (*uint64)(q))
}

// readFlat adds internal transfers from trace_block's list, in which each transaction's
// calls stand in the order of execution and tell how many follow below them.
func (b *block) readFlat(raw json.RawMessage) error {
	var list []flatTrace
	if err := parse(raw, &list); err != nil {
		return err
	}
	of := make([][]*flatTrace, len(b.txs))
	for i := range list {
		f := &list[i]
		if f.BlockHash == nil || fundtrail.Hash(*f.BlockHash) != b.Hash {
			return broken("block %d: trace %d is of another block", b.Height, i)
		}
		if f.Type == "reward" {
			continue
		}
		if f.TransactionPosition == nil || uint64(*f.TransactionPosition) >= uint64(len(b.txs)) ||
			f.TransactionHash == nil || fundtrail.Hash(*f.TransactionHash) != b.txs[*f.TransactionPosition].hash {
			return broken("block %d: trace %d is of no transaction of the block", b.Height, i)
		}
		of[*f.TransactionPosition] = append(of[*f.TransactionPosition], f)
	}
	for i, flat := range of {
		w := tree{b: b, t: &b.txs[i]}
		if err := w.flat(flat); err != nil {
			return fmt.Errorf("block %d: transaction %d: its trace: %w", b.Height, i, err)
		}
	}
	b.traced = true
	return nil
}

func (w *tree) flat(list []*flatTrace) error {
	if len(list) == 0 || len(list[0].TraceAddress) != 0 {
		return broken("it does not begin with the transaction's own call")
	}
	if err := w.settle(list[0].Error != ""); err != nil {
		return err
	}
	// left holds, for each node on the way down, how many calls below it are to come.
	left := []uint32{list[0].Subtraces}
	total := []uint32{list[0].Subtraces}
	dead := -1 // depth of a failed call above, -1 when there is none
	if list[0].Error != "" {
		dead = 0
	}
	for _, f := range list[1:] {
		for len(left) > 0 && left[len(left)-1] == 0 {
			left, total = left[:len(left)-1], total[:len(total)-1]
		}
		depth := len(f.TraceAddress)
		if depth != len(left) || depth == 0 || f.TraceAddress[depth-1] != total[depth-1]-left[depth-1] {
			return broken("a call is missing or out of order at %v", f.TraceAddress)
		}
		left[depth-1]--
		left, total = append(left, f.Subtraces), append(total, f.Subtraces)
		if dead >= depth {
			dead = -1
		}
		if dead < 0 && f.Error != "" {
			dead = depth
		}
		if dead >= 0 {
			continue
		}
		s, err := f.step()
		if err == nil {
			err = w.add(s)
		}
		if err != nil {
			return err
		}
	}
	for _, n := range left {
		if n > 0 {
			return broken("calls are missing at its end")
		}
	}
	return nil
}

func (f *flatTrace) step() (step, error) {
	a := &f.Action
	s := step{kind: f.Type}
	from, to, value := a.From, a.To, a.Value
	switch f.Type {
	case "call":
		if a.CallType != "" {
			s.kind = a.CallType
		}
	case "create":
		if f.Result != nil {
			to = f.Result.Address
		}
	case "suicide":
		from, to, value = a.Address, a.RefundAddress, a.Balance
	}
	if from == nil {
		return s, broken("a call from nowhere")
	}
	s.from = address(*from)
	if to != nil {
		s.to, s.toTold = address(*to), true
	}
	if value != nil {
		s.value = fundtrail.Amount(*value)
	}
	return s, nil
}
