package ingest

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/ledger"
)

// An Answer is what a source said to one question about an address or a transaction, word
// for word.
type Answer struct {
	Name string // for messages
	Form AnswerForm
	Body []byte
	Tx   fundtrail.Hash // of what is about one transaction
}

// An AnswerForm is what an answer's bytes mean. doc/formats-answers.md describes each.
type AnswerForm uint8

const (
	ExplorerTransactions AnswerForm = iota // account txlist of Etherscan and Blockscout
	InternalOf                             // account txlistinternal, of one transaction: all of its calls
	ExplorerLogs                           // logs getLogs, and eth_getLogs where rows tell their time
	EsploraTransactions                    // a list of Esplora's whole transactions
	EsploraTransaction                     // one of them
	NodeTransaction                        // eth_getTransactionByHash
	NodeReceipt                            // eth_getTransactionReceipt
	NodeHeader                             // eth_getBlockByNumber, whose time is what is read
	NodeTrace                              // trace_transaction
	TronPage                               // a page of one of TronGrid's lists of an account
	TronSigned                             // gettransactionbyid
	TronInfo                               // gettransactioninfobyid
)

// AnswerOptions say what answers do not tell.
type AnswerOptions struct {
	Chain fundtrail.Chain
	// To is the last block: what is above is left out, because other answers may be older.
	To    int64
	Wraps func(fundtrail.Asset) bool
}

// Answers adds what answers tell to a builder. Their order does not matter. When it fails
// the builder is as it was before.
func Answers(ctx context.Context, b *ledger.Builder, list []Answer, opt AnswerOptions) (Summary, error) {
	info, ok := opt.Chain.Info()
	if !ok {
		return Summary{}, fmt.Errorf("chain %q is not known: %w", opt.Chain, fundtrail.ErrInvalid)
	}
	a := &answers{job: &job{ctx: ctx, b: b, opt: Options{Chain: opt.Chain, Wraps: opt.Wraps}, chain: opt.Chain, family: info.Family}, to: opt.To,
		nodes: map[fundtrail.Hash]*nodeTx{}, times: map[int64]int64{}, tron: map[fundtrail.Hash]*tronTold{}}
	mark := b.Mark()
	err := a.run(ctx, list)
	if err != nil {
		b.Undo(mark)
		return Summary{}, err
	}
	return a.sum, nil
}

// answers is one run over answers.
type answers struct {
	*job
	to    int64
	sum   Summary
	nodes map[fundtrail.Hash]*nodeTx
	times map[int64]int64 // of blocks, by height
	tron  map[fundtrail.Hash]*tronTold
}

func (a *answers) run(ctx context.Context, list []Answer) error {
	for i := range list {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := a.read(&list[i]); err != nil {
			return fmt.Errorf("%s: %w", list[i].Name, err)
		}
	}
	for _, n := range a.sortedNodes() {
		if err := a.node(n); err != nil {
			return fmt.Errorf("transaction %s: %w", fundtrail.TxID{Chain: a.chain, Hash: n.hash}, err)
		}
	}
	return a.tronTxs()
}

func (a *answers) read(an *Answer) error {
	f := &file{job: a.job, table: &table{}, name: an.Name, id: a.b.File(an.Name)}
	f.table.line = ledger.WholeFile
	var err error
	switch an.Form {
	case ExplorerTransactions:
		err = a.rows(f, &txlist, an.Body, 0)
	case ExplorerLogs:
		err = a.rows(f, &explorerLogs, an.Body, 0)
	case InternalOf:
		err = a.internal(f, an)
	case EsploraTransactions:
		err = a.esplora(f, an.Body)
	case EsploraTransaction:
		err = a.esplora(f, bytes.Join([][]byte{{'['}, an.Body, {']'}}, nil))
	case NodeTransaction, NodeReceipt, NodeHeader, NodeTrace:
		err = a.keepNode(an)
	case TronPage, TronSigned, TronInfo:
		err = a.keepTron(an)
	default:
		err = fmt.Errorf("form %d: %w", an.Form, fundtrail.ErrInvalid)
	}
	a.sum.Transactions += f.sum.Transactions
	a.sum.Movements += f.sum.Movements
	a.sum.Kinds |= f.sum.Kinds
	a.sum.Rows += f.sum.Rows
	return err
}

// ResultRows returns the rows of the envelope that Etherscan and Blockscout put around
// them: {"status":"1","message":"OK","result":[…]}. JSON-RPC's is read too.
func ResultRows(body []byte) ([]json.RawMessage, error) {
	var env struct {
		Message string          `json:"message"`
		Result  json.RawMessage `json:"result"`
	}
	if err := json.Unmarshal(body, &env); err != nil {
		return nil, fmt.Errorf("not the JSON of an explorer: %v: %w", err, fundtrail.ErrInvalid)
	}
	var rows []json.RawMessage
	if len(env.Result) == 0 || env.Result[0] != '[' {
		return nil, fmt.Errorf("it has no list as its result, and says %q: %w", short([]byte(env.Message)), fundtrail.ErrInvalid)
	}
	if err := json.Unmarshal(env.Result, &rows); err != nil {
		return nil, fmt.Errorf("its result is no list: %v: %w", err, fundtrail.ErrInvalid)
	}
	return rows, nil
}

// rows reads every row of an envelope as a row of a format; height is the column of its
// block.
func (a *answers) rows(f *file, as *format, body []byte, height int) error {
	list, err := ResultRows(body)
	if err != nil {
		return err
	}
	for i, raw := range list {
		if err := f.cellsOf(as, raw); err != nil {
			return fmt.Errorf("row %d: %w", i+1, err)
		}
		f.sum.Rows++
		if n, ok := anyQuantity(f.cells[height]); ok && n > uint64(a.to) {
			continue
		}
		if err := as.row(f); err != nil {
			return fmt.Errorf("row %d: %w", i+1, err)
		}
	}
	return nil
}

// cellsOf makes an object the current row of a format.
func (f *file) cellsOf(as *format, raw []byte) error {
	if f.format != as {
		f.format, f.keys = as, map[string]int{}
		for i := range as.columns {
			for _, name := range as.columns[i].names() {
				f.keys[name] = i
			}
		}
		f.cells = make([][]byte, len(as.columns))
	}
	clear(f.cells)
	s := scanner{text: raw}
	err := s.object(func(key, value []byte, kind byte) error {
		if i, ok := f.keys[string(lower(key))]; ok && kind != 'n' {
			f.cells[i] = value
		}
		return nil
	})
	if err != nil {
		return err
	}
	for i := range as.columns {
		if c := &as.columns[i]; c.need && f.cells[i] == nil {
			return &rowError{c.name, "missing", fundtrail.ErrInvalid}
		}
	}
	return nil
}

// Columns of the event logs that explorers give.
const (
	exLogBlock = iota
	exLogTime
	exLogTx
	exLogPlace
	exLogIndex
	exLogContract
	exLogTopics
	exLogData
)

var explorerLogs = format{
	name: "explorer's event logs", order: 4, evm: true, row: (*file).explorerLogRow,
	columns: []column{
		exLogBlock:    {name: "blockNumber", need: true},
		exLogTime:     {name: "timeStamp", also: "blockTimestamp"},
		exLogTx:       {name: "transactionHash", need: true},
		exLogPlace:    {name: "transactionIndex"},
		exLogIndex:    {name: "logIndex", need: true},
		exLogContract: {name: "address", need: true},
		exLogTopics:   {name: "topics", need: true},
		exLogData:     {name: "data", need: true},
	},
}

// quantity reads a whole number that explorers write in hexadecimal digits, with "0x" for
// nothing, or in decimal ones.
func (f *file) quantity(c int, most uint64) (uint64, error) {
	n, ok := anyQuantity(f.cells[c])
	if !ok || n > most {
		return 0, f.bad(c, "a number up to "+strconv.FormatUint(most, 10))
	}
	return n, nil
}

func anyQuantity(cell []byte) (uint64, bool) {
	if hex, ok := bytes.CutPrefix(cell, []byte("0x")); ok {
		if len(hex) == 0 {
			return 0, true
		}
		n, err := strconv.ParseUint(string(hex), 16, 64)
		return n, err == nil && n <= math.MaxInt64
	}
	return digits(cell)
}

func (f *file) explorerLogRow() (err error) {
	t := ledger.Tx{Chain: f.chain, Outcome: ledger.Succeeded, Time: ledger.UnknownTime, Place: unknownPlace, Where: f.where()}
	if err = f.hash(exLogTx, &t.Hash); err != nil {
		return err
	}
	n, err := f.quantity(exLogBlock, maxHeight)
	if err != nil {
		return err
	}
	t.Height = int64(n)
	if f.told(exLogTime) {
		if n, err = f.quantity(exLogTime, maxTime); err != nil {
			return err
		}
		t.Time = int64(n)
	}
	if f.told(exLogPlace) {
		if n, err = f.quantity(exLogPlace, maxPlace); err != nil {
			return err
		}
		t.Place = uint32(n)
	}
	index, err := f.quantity(exLogIndex, maxLog)
	if err != nil {
		return err
	}
	var contract [20]byte
	if told, err := f.evm(exLogContract, &contract); err != nil {
		return err
	} else if !told {
		return f.bad(exLogContract, "the contract's address")
	}
	var topics []string
	if err := json.Unmarshal(f.cells[exLogTopics], &topics); err != nil { // of a CSV there is none
		return f.bad(exLogTopics, "a list of topics")
	}
	return f.tokenLog(t, uint32(index), contract, topics, f.cells[exLogData])
}

// tokenLog adds what a log moves whose topics and data are text.
func (f *file) tokenLog(t ledger.Tx, index uint32, contract [20]byte, texts []string, data []byte) error {
	var list [4]fundtrail.Hash
	topics := list[:0]
	for _, text := range texts {
		if text == "" { // some lists are filled up
			continue
		}
		n := len(topics)
		if n == len(list) {
			return &rowError{"topics", "more than four", fundtrail.ErrInvalid}
		}
		if _, ok := decodeHex(list[n][:], []byte(text)); !ok {
			return &rowError{"topics", fmt.Sprintf("%q, want %s", short([]byte(text)), wantHash), fundtrail.ErrInvalid}
		}
		topics = list[:n+1]
	}
	if len(topics) == 0 || !fundtrail.MovesTokens(topics[0]) {
		return nil
	}
	raw := make([]byte, max(0, len(data)/2-1))
	if _, ok := decodeHex(raw, data); !ok && len(data) > 0 {
		return &rowError{"data", "0x and an even number of hexadecimal digits", fundtrail.ErrInvalid}
	}
	return f.moveToken(t, index, contract, topics, raw)
}

// wordsOf reads 32 bytes as a big-endian number.
func wordsOf(b fundtrail.Hash) fundtrail.Amount {
	var w [4]uint64
	for i := range w {
		w[i] = binary.BigEndian.Uint64(b[24-8*i:])
	}
	return fundtrail.AmountFromWords(w)
}

// Columns of internal transfers, of which explorers list every one of a transaction.
const (
	exInBlock = iota
	exInTime
	exInFrom
	exInTo
	exInContract
	exInValue
	exInType
	exInError
	exInIndex
)

var explorerInternal = format{
	name: "explorer's internal transfers of a transaction", evm: true,
	columns: []column{
		exInBlock:    {name: "blockNumber", need: true},
		exInTime:     {name: "timeStamp", need: true},
		exInFrom:     {name: "from", need: true},
		exInTo:       {name: "to", need: true},
		exInContract: {name: "contractAddress"},
		exInValue:    {name: "value", need: true},
		exInType:     {name: "type", need: true},
		exInError:    {name: "isError"},
		exInIndex:    {name: "index"},
	},
}

// internal adds the internal transfers of one transaction. Only the list of all of them
// tells which number each has among those that moved value; see fundtrail.TraceIndex.
func (a *answers) internal(f *file, an *Answer) error {
	list, err := ResultRows(an.Body)
	if err != nil {
		return err
	}
	type call struct {
		index uint64
		t     ledger.Tx
		row   ledger.Row
	}
	var calls []call
	for i, raw := range list {
		if err := f.cellsOf(&explorerInternal, raw); err != nil {
			return fmt.Errorf("row %d: %w", i+1, err)
		}
		f.sum.Rows++
		c := call{index: uint64(i), t: ledger.Tx{Chain: f.chain, Hash: an.Tx, Place: unknownPlace, Where: f.where()}}
		if f.told(exInIndex) {
			if c.index, err = f.quantity(exInIndex, math.MaxUint32); err != nil {
				return fmt.Errorf("row %d: %w", i+1, err)
			}
		}
		moved, err := f.innerRow(&c.t, &c.row)
		if err != nil {
			return fmt.Errorf("row %d: %w", i+1, err)
		}
		if moved && c.t.Height <= a.to {
			calls = append(calls, c)
		}
	}
	slices.SortStableFunc(calls, func(x, y call) int { return cmp.Compare(x.index, y.index) })
	for i := range calls {
		c := &calls[i]
		if c.t.Height != calls[0].t.Height || c.t.Time != calls[0].t.Time {
			return fmt.Errorf("internal transfers of one transaction in two blocks: %w", fundtrail.ErrConflict)
		}
		ref, err := f.b.Tx(c.t)
		if err != nil {
			return err
		}
		c.row.Index = fundtrail.TraceIndex + 1 + uint32(i)
		if c.row.Index >= fundtrail.LogIndex {
			return fmt.Errorf("more than %d internal transfers: %w", fundtrail.LogIndex-1, fundtrail.ErrLimit)
		}
		if err := f.add(ref, c.t.Height, c.row); err != nil {
			return err
		}
	}
	return nil
}

// innerRow reads one call, and whether it moved value.
func (f *file) innerRow(t *ledger.Tx, r *ledger.Row) (moved bool, err error) {
	n, err := f.quantity(exInBlock, maxHeight)
	if err != nil {
		return false, err
	}
	t.Height = int64(n)
	if t.Time, err = f.unix(exInTime); err != nil {
		return false, err
	}
	if r.Amount, err = f.amount(exInValue); err != nil {
		return false, err
	}
	failed, _, err := f.flag(exInError)
	if err != nil {
		return false, err
	}
	kind := string(f.cells[exInType])
	switch kind {
	case "call", "create", "create2", "create_0", "suicide", "selfdestruct":
	case "delegatecall", "staticcall", "callcode", "reward", "stop":
		return false, nil // runs code on its caller's own balance, or is none
	default:
		return false, f.bad(exInType, "call, create, create2, selfdestruct or another kind of call")
	}
	if failed || r.Amount.IsZero() {
		return false, nil
	}
	var from, to [20]byte
	if r.From, err = f.payer(exInFrom, &from); err != nil {
		return false, err
	}
	for _, c := range []int{exInTo, exInContract} {
		told, err := f.evm(c, &to)
		if err != nil {
			return false, err
		}
		if told {
			r.To = f.b.EVMAddress(f.chain, &to)
			break
		}
		if c == exInContract {
			return false, f.bad(exInTo, "an address: the value went to somebody")
		}
	}
	if strings.HasPrefix(kind, "s") && from == to { // a contract that destroys itself to itself
		if t.Height >= cancun {
			return false, nil
		}
		r.To = fundtrail.NoAddress
	}
	r.Asset = f.b.Asset(fundtrail.NativeAsset(f.chain))
	return true, nil
}

// esplora reads a list of whole transactions; those that are in no block yet are none.
func (a *answers) esplora(f *file, body []byte) error {
	var list []json.RawMessage
	if err := json.Unmarshal(body, &list); err != nil {
		return fmt.Errorf("not a list of Esplora's transactions: %v: %w", err, fundtrail.ErrInvalid)
	}
	for i, raw := range list {
		var at struct {
			Status struct {
				Confirmed bool  `json:"confirmed"`
				Height    int64 `json:"block_height"`
			} `json:"status"`
		}
		if err := json.Unmarshal(raw, &at); err != nil {
			return fmt.Errorf("transaction %d: %v: %w", i+1, err, fundtrail.ErrInvalid)
		}
		f.sum.Rows++
		if !at.Status.Confirmed || at.Status.Height > a.to {
			continue
		}
		err := f.cellsOf(&esplora, raw)
		if err == nil {
			err = f.esploraRow()
		}
		if err != nil {
			return fmt.Errorf("transaction %d: %w", i+1, err)
		}
	}
	return nil
}
