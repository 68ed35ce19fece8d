package ingest

import (
	"encoding/hex"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/crossing"
)

const (
	bridgeLogContract = iota
	bridgeLogTopics
	bridgeLogData
	bridgeLogTx
	bridgeLogIndex
	bridgeLogTime
	bridgeLogRemoved
)

// bridgeLogColumns are those of ethereum-etl's table of logs, and of what a node answers to
// eth_getLogs, one object a line.
var bridgeLogColumns = []column{
	bridgeLogContract: {name: "address", need: true}, bridgeLogTopics: {name: "topics", need: true}, bridgeLogData: {name: "data", need: true},
	bridgeLogTx: {name: "transaction_hash", also: "transactionHash", need: true}, bridgeLogIndex: {name: "log_index", also: "logIndex", need: true},
	bridgeLogTime: {name: "block_timestamp", also: "blockTimestamp"}, bridgeLogRemoved: {name: "removed"},
}

// A bridgeLog is one row of logs.
type bridgeLog struct {
	tx    fundtrail.TxID
	index uint32
	at    time.Time
	event fundtrail.Event
}

// logs reads a table of logs in two passes: the first finds the transactions in which a
// bridge's contract or wallet has a part, the second reads these whole, for what a
// decoder needs besides may stand anywhere in the file.
func (b *Bridges) logs(in Input, t *table, opt BridgeOptions) error {
	if len(opt.Contracts) == 0 {
		return malformed("it is a table of logs, and which contracts are bridges' is not said: give a table of deposits and withdrawals")
	}
	info, known := opt.Chain.Info()
	if !known || info.Family != fundtrail.FamilyEVM {
		return malformed("logs are of chains like Ethereum, not of %q: say which, as in --bridge-events polygon=FILE", opt.Chain)
	}
	want := map[fundtrail.Hash]bool{}
	err := rowsOf(t, bridgeLogColumns, func(get func(int) string) error {
		log, is, err := readBridgeLog(get, opt.Chain)
		if err == nil && is && (opt.Contracts[log.event.Contract] != "" || ofWallet(&log, opt.Contracts)) {
			want[log.tx.Hash] = true
		}
		return err
	})
	if err != nil {
		return err
	}
	found := map[fundtrail.Hash][]bridgeLog{}
	err = unpacking(in, func(r io.Reader) error {
		t := newTable(r)
		if err := t.open(); err != nil {
			return err
		}
		return rowsOf(t, bridgeLogColumns, func(get func(int) string) error {
			log, is, err := readBridgeLog(get, opt.Chain)
			if err == nil && is && want[log.tx.Hash] {
				found[log.tx.Hash] = append(found[log.tx.Hash], log)
			}
			return err
		})
	})
	if err != nil {
		return err
	}
	hashes := make([]fundtrail.Hash, 0, len(found))
	for h := range found {
		hashes = append(hashes, h)
	}
	slices.SortFunc(hashes, func(a, b fundtrail.Hash) int { return slices.Compare(a[:], b[:]) })
	for _, h := range hashes {
		b.logsOf(found[h], opt.Contracts)
	}
	return nil
}

// logsOf adds one transaction's legs.
func (b *Bridges) logsOf(list []bridgeLog, from crossing.Emitters) {
	slices.SortStableFunc(list, func(x, y bridgeLog) int { return int(x.index) - int(y.index) })
	tx := fundtrail.Transaction{ID: list[0].tx, Block: fundtrail.Block{Chain: list[0].tx.Chain, Time: list[0].at}}
	for i := range list {
		if i > 0 && list[i].index == list[i-1].index {
			continue // two files, or two rows, tell of one log
		}
		tx.Events = append(tx.Events, list[i].event)
		if t, ok := list[i].transfer(); ok {
			tx.Transfers = append(tx.Transfers, t)
		}
	}
	legs, err := crossing.Legs(&tx, from)
	if err != nil {
		b.Unread = append(b.Unread, err)
	}
	for _, l := range legs {
		b.add(l)
	}
}

var transferEvent = crossing.Topic("Transfer(address,address,uint256)")

// transfer reads Transfer(address indexed from, address indexed to, uint256 value). An
// item's has a fourth topic.
func (l *bridgeLog) transfer() (t fundtrail.Transfer, ok bool) {
	e := &l.event
	if len(e.Topics) != 3 || e.Topics[0] != transferEvent || len(e.Data) != 32 {
		return t, false
	}
	t.ID = fundtrail.TransferID{Tx: l.tx, Index: fundtrail.LogIndex + l.index}
	t.Asset = fundtrail.Asset{Chain: l.tx.Chain, Contract: e.Contract}
	amount := crossing.AmountOf([32]byte(e.Data))
	for i, into := range []*[]fundtrail.Entry{&t.Inputs, &t.Outputs} {
		if p := [20]byte(e.Topics[i+1][12:]); p != [20]byte{} {
			*into = []fundtrail.Entry{{Address: fundtrail.EVMAddress(l.tx.Chain, p), Amount: amount}}
		}
	}
	return t, true
}

// ofWallet reports whether a log is of a transfer from or to a listed address.
func ofWallet(l *bridgeLog, listed crossing.Emitters) bool {
	e := &l.event
	if len(e.Topics) != 3 || e.Topics[0] != transferEvent {
		return false
	}
	for _, t := range e.Topics[1:] {
		if listed[fundtrail.EVMAddress(l.tx.Chain, [20]byte(t[12:]))] != "" {
			return true
		}
	}
	return false
}

// readBridgeLog reads a row; is is false for what a reorganisation took back.
func readBridgeLog(get func(int) string, chain fundtrail.Chain) (l bridgeLog, is bool, err error) {
	if strings.EqualFold(get(bridgeLogRemoved), "true") {
		return l, false, nil
	}
	l.tx.Chain = chain
	if l.tx.Hash, err = fundtrail.ParseHash(get(bridgeLogTx)); err != nil {
		return l, false, err
	}
	if l.event.Contract, err = fundtrail.ParseAddress(chain, get(bridgeLogContract)); err != nil {
		return l, false, err
	}
	index, err := anyNumber(get(bridgeLogIndex))
	if err != nil || index >= uint64(fundtrail.UnplacedLog-fundtrail.LogIndex) {
		return l, false, malformed("log_index %q: want the log's number in its block", get(bridgeLogIndex))
	}
	l.index = uint32(index)
	if s := get(bridgeLogTime); s != "" {
		n, err := anyNumber(s)
		if l.at = time.Unix(int64(n), 0).UTC(); err != nil || n > 1<<40 {
			if l.at, err = time.Parse(time.RFC3339, s); err != nil {
				return l, false, malformed("block_timestamp %q: want seconds since 1970", s)
			}
			l.at = l.at.UTC()
		}
	}
	for _, s := range strings.FieldsFunc(get(bridgeLogTopics), func(r rune) bool { return strings.ContainsRune(`[]"' ,;|`, r) }) {
		h, err := fundtrail.ParseHash(s)
		if err != nil || len(l.event.Topics) == 4 {
			return l, false, malformed("topics %q: want up to four of 64 hexadecimal digits", get(bridgeLogTopics))
		}
		l.event.Topics = append(l.event.Topics, h)
	}
	data := strings.TrimPrefix(get(bridgeLogData), "0x")
	if l.event.Data, err = hex.DecodeString(data); err != nil {
		return l, false, malformed("data: want hexadecimal digits: %v", err)
	}
	return l, true, nil
}

// anyNumber reads a number as tables write it, or as nodes do, in hexadecimal.
func anyNumber(s string) (uint64, error) {
	if digits, isHex := strings.CutPrefix(s, "0x"); isHex {
		return strconv.ParseUint(digits, 16, 63)
	}
	if strings.HasPrefix(s, "+") {
		return 0, errors.New("a sign")
	}
	return strconv.ParseUint(s, 10, 63)
}
