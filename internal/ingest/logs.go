package ingest

import (
	"bytes"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/ledger"
)

const (
	logsIndex = iota
	logsTx
	logsContract
	logsData
	logsTopics
	logsBlock
	logsTime
	logsPlace
	logsTopic0
	logsTopic1
	logsTopic2
	logsTopic3
)

// The table of logs tells of token transfers what token_transfers tells, and besides which
// of them are of items, and of the wrapping and unwrapping of the chain's own coin what no
// other table does.
var logs = format{
	name: "ethereum-etl logs", order: 4, evm: true, row: (*file).logRow,
	columns: []column{
		logsIndex:    {name: "log_index", need: true},
		logsTx:       {name: "transaction_hash", need: true},
		logsContract: {name: "address", need: true},
		logsData:     {name: "data", need: true},
		logsTopics:   {name: "topics", need: true},
		logsBlock:    {name: "block_number", need: true},
		logsTime:     {name: "block_timestamp"},
		logsPlace:    {name: "transaction_index"},
		logsTopic3:   {}, // others have a column for each topic
	},
}

// A logEntry is a row of a table of logs.
type logEntry struct {
	tx       ledger.Tx
	index    uint32 // in its block
	contract [20]byte
	topics   []fundtrail.Hash
	data     []byte // until the next row
	list     [4]fundtrail.Hash
}

func (f *file) logRow() (err error) {
	l := &f.log
	if err := f.readLog(l); err != nil || len(l.topics) == 0 || !fundtrail.MovesTokens(l.topics[0]) {
		return err
	}
	if err := f.readLogData(l); err != nil {
		return err
	}
	return f.moveToken(l.tx, l.index, l.contract, l.topics, l.data)
}

// moveToken adds what a log moves, if it moves a token.
func (f *file) moveToken(t ledger.Tx, index uint32, contract [20]byte, topics []fundtrail.Hash, data []byte) error {
	m, ok := fundtrail.ReadTokenMove(topics, data)
	asset := fundtrail.Asset{Chain: f.chain, Contract: fundtrail.EVMAddress(f.chain, contract)}
	if !ok || m.Kind == fundtrail.Wrapping && !f.wraps(asset) {
		return nil // some contract's event of that name, and no token's
	}
	r := ledger.Row{Index: fundtrail.LogIndex + index, Asset: f.b.Asset(asset), From: f.holderOf(&m.From), To: f.holderOf(&m.To), Amount: m.Amount}
	f.sawKind(r.Asset, m.Kind)
	return f.addToken(t, r)
}

// readLog reads a log without its data.
func (f *file) readLog(l *logEntry) (err error) {
	l.tx = ledger.Tx{Chain: f.chain, Outcome: ledger.Succeeded, Where: f.where()} // a failed transaction leaves no logs
	if err = f.hash(logsTx, &l.tx.Hash); err != nil {
		return err
	}
	if l.tx.Height, err = f.height(logsBlock); err != nil {
		return err
	}
	if l.tx.Time, err = f.blockTime(logsTime); err != nil {
		return err
	}
	if l.tx.Place, err = f.place(logsPlace); err != nil {
		return err
	}
	n, err := f.number(logsIndex, maxLog)
	if err != nil {
		return err
	}
	l.index = uint32(n)
	if told, err := f.evm(logsContract, &l.contract); err != nil {
		return err
	} else if !told {
		return f.bad(logsContract, "the contract's address")
	}
	return f.logTopics(l)
}

// logTopics reads the topics, which stand in one column or in four.
func (f *file) logTopics(l *logEntry) error {
	if f.told(logsTopics) {
		n, ok := readTopics(f.cells[logsTopics], &l.list)
		if l.topics = l.list[:n]; !ok {
			return f.bad(logsTopics, "up to four of 0x and 64 hexadecimal digits, by commas or as a JSON list")
		}
		return nil
	}
	l.topics = l.list[:0]
	for c := logsTopic0; c <= logsTopic3; c++ {
		if !f.told(c) {
			continue
		}
		n := len(l.topics)
		if n < c-logsTopic0 {
			return f.bad(c, "nothing, since the topic before it is empty")
		}
		if err := f.hash(c, &l.list[n]); err != nil {
			return err
		}
		l.topics = l.list[:n+1]
	}
	return nil
}

func (f *file) readLogData(l *logEntry) error {
	cell := f.cells[logsData]
	l.data = append(l.data[:0], make([]byte, max(0, len(cell)/2-1))...)
	if _, ok := decodeHex(l.data, cell); !ok && len(cell) > 0 {
		return f.bad(logsData, "0x and an even number of hexadecimal digits")
	}
	return nil
}

// addToken adds a token transfer. One from nobody to nobody moves nothing.
func (f *file) addToken(t ledger.Tx, r ledger.Row) error {
	f.settle(t.Hash)
	if r.From == fundtrail.NoAddress && r.To == fundtrail.NoAddress {
		return nil
	}
	ref, err := f.b.Tx(t)
	if err != nil {
		return err
	}
	return f.add(ref, t.Height, r)
}

// The kinds of transfer that logs of a token tell of.
const (
	movesAmounts uint8 = 1 << iota
	movesItems
)

// sawKind notes what a token moves.
func (j *job) sawKind(a fundtrail.AssetID, k fundtrail.TokenKind) {
	for len(j.moves) <= int(a) {
		j.moves = append(j.moves, 0)
	}
	if k == fundtrail.Item {
		j.moves[a] |= movesItems
	} else {
		j.moves[a] |= movesAmounts
	}
}

// ofItems reports whether a token is known to move single items and nothing else, so
// that what a table without topics calls a value is an item's number.
func (j *job) ofItems(a fundtrail.AssetID) bool {
	return int(a) < len(j.moves) && j.moves[a] == movesItems
}

func (j *job) wraps(a fundtrail.Asset) bool { return j.opt.Wraps != nil && j.opt.Wraps(a) }

// holderOf returns a side of a token transfer. The zero address stands for nobody: by
// ERC-20 a mint comes from it, and by custom a burn goes to it.
func (f *file) holderOf(a *[20]byte) fundtrail.AddressID {
	if *a == ([20]byte{}) {
		return fundtrail.NoAddress
	}
	return f.b.EVMAddress(f.chain, a)
}

// readTopics reads a list of topics as JSON has it, or in CSV, where commas separate
// them with or without brackets and quotes.
func readTopics(cell []byte, to *[4]fundtrail.Hash) (n int, ok bool) {
	cell = bytes.TrimSpace(cell)
	if len(cell) > 1 && cell[0] == '[' && cell[len(cell)-1] == ']' {
		cell = bytes.TrimSpace(cell[1 : len(cell)-1])
	}
	for more := len(cell) > 0; more; n++ {
		var one []byte
		one, cell, more = bytes.Cut(cell, []byte{','})
		if one = bytes.Trim(one, " \t'\""); n == len(to) {
			return n, false
		}
		if _, ok := decodeHex(to[n][:], one); !ok {
			return n, false
		}
	}
	return n, true
}
