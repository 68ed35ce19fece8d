package ingest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/big"
	"slices"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/ledger"
)

// A nodeTx is a transaction of an EVM chain as a node tells it, in three answers: the
// transaction, its receipt, and the header of its block, which has the time.
type nodeTx struct {
	hash    fundtrail.Hash
	name    string // of the answers, for messages
	tx      *nodeBody
	receipt *nodeReceipt
	calls   []nodeCall
}

// A nodeCall is one trace: a call, a creation or a destruction.
type nodeCall struct {
	Type   string   `json:"type"`
	Error  string   `json:"error"`
	Path   []uint32 `json:"traceAddress"`
	Action struct {
		Kind    string `json:"callType"`
		From    string `json:"from"`
		To      string `json:"to"`
		Value   string `json:"value"`
		Address string `json:"address"`       // of what is destroyed
		Refund  string `json:"refundAddress"` // who gets what it had
		Balance string `json:"balance"`
	} `json:"action"`
	Result *struct {
		Address string `json:"address"` // of what was created
	} `json:"result"`
}

type nodeBody struct {
	Hash     string `json:"hash"`
	Block    string `json:"blockNumber"`
	Place    string `json:"transactionIndex"`
	From     string `json:"from"`
	To       string `json:"to"`
	Value    string `json:"value"`
	Nonce    string `json:"nonce"`
	GasPrice string `json:"gasPrice"`
}

type nodeReceipt struct {
	Hash     string `json:"transactionHash"`
	Block    string `json:"blockNumber"`
	Status   string `json:"status"`
	GasUsed  string `json:"gasUsed"`
	Price    string `json:"effectiveGasPrice"`
	Contract string `json:"contractAddress"`
	Logs     []struct {
		Contract string   `json:"address"`
		Topics   []string `json:"topics"`
		Data     string   `json:"data"`
		Index    string   `json:"logIndex"`
	} `json:"logs"`
}

type nodeHeader struct {
	Number string `json:"number"`
	Time   string `json:"timestamp"`
}

// RPCResult returns what a node answered a call with; null is [fundtrail.ErrNotFound].
func RPCResult(body []byte) (json.RawMessage, error) {
	var env struct {
		Result json.RawMessage `json:"result"`
		Error  *struct {
			Code    int    `json:"code"`
			Message string `json:"message"`
		} `json:"error"`
	}
	if err := json.Unmarshal(body, &env); err != nil {
		return nil, fmt.Errorf("not a node's answer: %v: %w", err, fundtrail.ErrInvalid)
	}
	switch {
	case env.Error != nil:
		return nil, fmt.Errorf("the node answers with an error: %s (%d): %w", short([]byte(env.Error.Message)), env.Error.Code, fundtrail.ErrUnavailable)
	case len(env.Result) == 0 || bytes.Equal(env.Result, []byte("null")):
		return nil, fmt.Errorf("the node does not know it: %w", fundtrail.ErrNotFound)
	}
	return env.Result, nil
}

func (a *answers) keepNode(an *Answer) error {
	result, err := RPCResult(an.Body)
	if err != nil {
		return err
	}
	unmarshal := func(v any) error {
		if err := json.Unmarshal(result, v); err != nil {
			return fmt.Errorf("not what was asked for: %v: %w", err, fundtrail.ErrInvalid)
		}
		return nil
	}
	of := func(text string) (*nodeTx, error) {
		h, err := fundtrail.ParseHash(text)
		if err != nil {
			return nil, err
		}
		n := a.nodes[h]
		if n == nil {
			n = &nodeTx{hash: h, name: an.Name}
			a.nodes[h] = n
		}
		return n, nil
	}
	a.sum.Rows++
	switch an.Form {
	case NodeTransaction:
		v := &nodeBody{}
		if err := unmarshal(v); err != nil {
			return err
		}
		n, err := of(v.Hash)
		if err == nil {
			n.tx = v
		}
		return err
	case NodeReceipt:
		v := &nodeReceipt{}
		if err := unmarshal(v); err != nil {
			return err
		}
		n, err := of(v.Hash)
		if err == nil {
			n.receipt = v
		}
		return err
	}
	if an.Form == NodeTrace {
		n, err := of(fundtrail.TxID{Chain: a.chain, Hash: an.Tx}.String())
		if err != nil {
			return err
		}
		n.calls = nil
		return unmarshal(&n.calls)
	}
	var v nodeHeader
	if err := unmarshal(&v); err != nil {
		return err
	}
	height, ok1 := anyQuantity([]byte(v.Number))
	at, ok2 := anyQuantity([]byte(v.Time))
	if !ok1 || !ok2 || height > maxHeight || at > maxTime {
		return fmt.Errorf("a header needs number and timestamp, and has %q and %q: %w", short([]byte(v.Number)), short([]byte(v.Time)), fundtrail.ErrInvalid)
	}
	if old, told := a.times[int64(height)]; told && old != int64(at) {
		return fmt.Errorf("block %d has two times, %d and %d: %w", height, old, at, fundtrail.ErrConflict)
	}
	a.times[int64(height)] = int64(at)
	return nil
}

func (a *answers) sortedNodes() []*nodeTx {
	out := make([]*nodeTx, 0, len(a.nodes))
	for _, n := range a.nodes {
		out = append(out, n)
	}
	slices.SortFunc(out, func(x, y *nodeTx) int { return bytes.Compare(x.hash[:], y.hash[:]) })
	return out
}

// node adds a transaction: its value, its logs and its fee.
func (a *answers) node(n *nodeTx) error {
	if n.tx == nil || n.receipt == nil {
		return fmt.Errorf("its receipt or the transaction itself is missing among the answers: %w", fundtrail.ErrInvalid)
	}
	f := &file{job: a.job, table: &table{}, name: n.name, id: a.b.File(n.name)}
	f.table.line = ledger.WholeFile
	t := fact{Tx: ledger.Tx{Chain: a.chain, Hash: n.hash, Where: f.where()}}
	wrong := func(what, text string) error {
		return fmt.Errorf("%s: %q: %w", what, short([]byte(text)), fundtrail.ErrInvalid)
	}
	height, ok := anyQuantity([]byte(n.tx.Block))
	if !ok || height > maxHeight || n.tx.Block == "" {
		return wrong("blockNumber (is it in a block yet?)", n.tx.Block)
	}
	if other, ok := anyQuantity([]byte(n.receipt.Block)); !ok || other != height {
		return fmt.Errorf("its receipt is of block %q and it of block %d: %w", short([]byte(n.receipt.Block)), height, fundtrail.ErrConflict)
	}
	if t.Height = int64(height); t.Height > a.to {
		return nil
	}
	if t.Time, ok = a.times[t.Height]; !ok {
		return fmt.Errorf("no answer tells the time of block %d: %w", t.Height, fundtrail.ErrInvalid)
	}
	place, ok := anyQuantity([]byte(n.tx.Place))
	if !ok || place > maxPlace {
		return wrong("transactionIndex", n.tx.Place)
	}
	t.Place = uint32(place)
	var err error
	if t.from, err = a.party(n.tx.From, &t.sender); err != nil {
		return err
	}
	var to [20]byte
	for _, text := range []string{n.tx.To, n.receipt.Contract} {
		if text != "" && !t.toTold {
			if t.to, err = a.party(text, &to); err != nil {
				return err
			}
			t.toTold = true
		}
	}
	if t.value, ok = hexAmount(n.tx.Value); !ok {
		return wrong("value", n.tx.Value)
	}
	if t.nonce, ok = anyQuantity([]byte(n.tx.Nonce)); !ok {
		return wrong("nonce", n.tx.Nonce)
	}
	t.nonceTold = true
	switch n.receipt.Status {
	case "0x1":
		t.Outcome = ledger.Succeeded
	case "0x0":
		t.Outcome = ledger.Failed
	case "": // before Byzantium
	default:
		return wrong("status", n.receipt.Status)
	}
	price := n.receipt.Price
	if price == "" {
		price = n.tx.GasPrice
	}
	if t.gasUsed, ok = anyQuantity([]byte(n.receipt.GasUsed)); !ok {
		return wrong("gasUsed", n.receipt.GasUsed)
	}
	if t.price, t.feeTold = hexAmount(price); !t.feeTold {
		return wrong("effectiveGasPrice", price)
	}
	if err := f.transaction(&t); err != nil {
		return err
	}
	if err := a.calls(f, t.Tx, n.calls); err != nil {
		return err
	}
	for i := range n.receipt.Logs {
		l := &n.receipt.Logs[i]
		index, ok := anyQuantity([]byte(l.Index))
		if !ok || index > maxLog {
			return wrong("logIndex", l.Index)
		}
		var contract [20]byte
		if _, err := a.party(l.Contract, &contract); err != nil {
			return err
		}
		tx := t.Tx
		tx.Outcome = ledger.Succeeded
		if err := f.tokenLog(tx, uint32(index), contract, l.Topics, []byte(l.Data)); err != nil {
			return err
		}
	}
	a.sum.Transactions += f.sum.Transactions
	a.sum.Movements += f.sum.Movements
	a.sum.Kinds |= f.sum.Kinds
	return nil
}

// party reads an address and interns it.
func (a *answers) party(text string, into *[20]byte) (fundtrail.AddressID, error) {
	p, err := fundtrail.ParseAddress(a.chain, text)
	if err != nil {
		return 0, err
	}
	*into = [20]byte(p.Payload())
	return a.b.EVMAddress(a.chain, into), nil
}

// hexAmount reads a node's quantity of base units.
func hexAmount(text string) (fundtrail.Amount, bool) {
	if n, ok := anyQuantity([]byte(text)); ok && text != "" {
		return fundtrail.NewAmount(n), true
	}
	if len(text) < 3 || len(text) > 66 || text[:2] != "0x" {
		return fundtrail.Amount{}, false
	}
	n, ok := new(big.Int).SetString(text[2:], 16)
	if !ok || n.Sign() < 0 {
		return fundtrail.Amount{}, false
	}
	var b fundtrail.Hash
	n.FillBytes(b[:])
	return wordsOf(b), true
}

// calls adds the internal transfers of a transaction's traces, in order of execution. What
// was undone, itself or with the call it stands in, moved nothing.
func (a *answers) calls(f *file, t ledger.Tx, list []nodeCall) error {
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(x, y nodeCall) int { return slices.Compare(x.Path, y.Path) })
	var undone [][]uint32
	index := fundtrail.TraceIndex
	for i := range list {
		c := &list[i]
		within := func(p []uint32) bool { return len(p) <= len(c.Path) && slices.Equal(p, c.Path[:len(p)]) }
		if c.Error != "" {
			undone = append(undone, c.Path)
		}
		if len(c.Path) == 0 && c.Type != "suicide" || slices.ContainsFunc(undone, within) {
			continue
		}
		from, to, value := c.Action.From, c.Action.To, c.Action.Value
		switch {
		case c.Type == "call" && c.Action.Kind == "call":
		case c.Type == "create" && c.Result != nil:
			to = c.Result.Address
		case c.Type == "suicide":
			from, to, value = c.Action.Address, c.Action.Refund, c.Action.Balance
		default:
			continue
		}
		amount, ok := hexAmount(value)
		if !ok {
			return fmt.Errorf("trace %v: value %q: %w", c.Path, short([]byte(value)), fundtrail.ErrInvalid)
		}
		if amount.IsZero() || c.Type == "suicide" && from == to && t.Height >= cancun {
			continue
		}
		r := ledger.Row{Asset: a.b.Asset(fundtrail.NativeAsset(a.chain)), Amount: amount}
		var err error
		var payer, payee [20]byte
		if r.From, err = a.party(from, &payer); err != nil {
			return err
		}
		if r.To, err = a.party(to, &payee); err != nil {
			return err
		}
		if c.Type == "suicide" && payer == payee {
			r.To = fundtrail.NoAddress
		}
		if index++; index >= fundtrail.LogIndex {
			return fmt.Errorf("more than %d internal transfers: %w", fundtrail.LogIndex-1, fundtrail.ErrLimit)
		}
		r.Index = index
		ref, err := a.b.Tx(t)
		if err != nil {
			return err
		}
		if err := f.add(ref, t.Height, r); err != nil {
			return err
		}
	}
	return nil
}
