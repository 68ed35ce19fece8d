package ingest

import (
	"bytes"
	"encoding/binary"

	"golang.org/x/crypto/sha3"

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
)

// The table of logs tells of token transfers what token_transfers tells, and of the
// wrapping and unwrapping of the chain's own coin what no other table does.
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
	},
}

// The first topics of the events that are read.
var (
	topicTransfer   = topicOf("Transfer(address,address,uint256)")
	topicDeposit    = topicOf("Deposit(address,uint256)")
	topicWithdrawal = topicOf("Withdrawal(address,uint256)")
)

func topicOf(signature string) (h fundtrail.Hash) {
	d := sha3.NewLegacyKeccak256()
	d.Write([]byte(signature))
	d.Sum(h[:0])
	return h
}

func (f *file) logRow() (err error) {
	t := ledger.Tx{Chain: f.chain, Outcome: ledger.Succeeded, Where: f.where()} // a failed transaction leaves no logs
	if err = f.hash(logsTx, &t.Hash); err != nil {
		return err
	}
	if t.Height, err = f.height(logsBlock); err != nil {
		return err
	}
	if t.Time, err = f.blockTime(logsTime); err != nil {
		return err
	}
	if t.Place, err = f.place(logsPlace); err != nil {
		return err
	}
	log, err := f.number(logsIndex, maxLog)
	if err != nil {
		return err
	}
	var contract [20]byte
	if told, err := f.evm(logsContract, &contract); err != nil {
		return err
	} else if !told {
		return f.bad(logsContract, "the contract's address")
	}
	var topics [4]fundtrail.Hash
	n, ok := readTopics(f.cells[logsTopics], &topics)
	if !ok {
		return f.bad(logsTopics, "up to four of 0x and 64 hexadecimal digits, by commas or as a JSON list")
	}
	asset := fundtrail.Asset{Chain: f.chain, Contract: fundtrail.EVMAddress(f.chain, contract)}
	r := ledger.Row{Index: fundtrail.LogIndex + uint32(log)}
	var from, to *fundtrail.Hash
	switch {
	case n == 3 && topics[0] == topicTransfer: // with four it is of an item, which is no amount
		from, to = &topics[1], &topics[2]
	case n == 2 && topics[0] == topicDeposit && f.wraps(asset):
		to = &topics[1]
	case n == 2 && topics[0] == topicWithdrawal && f.wraps(asset):
		from = &topics[1]
	default:
		return nil
	}
	switch r.Amount, ok = word(f.cells[logsData]); {
	case ok:
	case topics[0] == topicTransfer:
		return nil // some contract's event of that name, and no token's
	default:
		return f.bad(logsData, wantHash)
	}
	if r.From, ok = f.topicParty(from); !ok {
		return nil
	}
	if r.To, ok = f.topicParty(to); !ok {
		return nil
	}
	ref, err := f.b.Tx(t)
	if err != nil {
		return err
	}
	f.settle(t.Hash)
	r.Asset = f.b.Asset(asset)
	return f.add(ref, t.Height, r)
}

func (j *job) wraps(a fundtrail.Asset) bool { return j.opt.Wraps != nil && j.opt.Wraps(a) }

// topicParty reads an address that fills a topic from the right. The zero address, and
// none, is nobody; what is longer is no address.
func (f *file) topicParty(h *fundtrail.Hash) (fundtrail.AddressID, bool) {
	if h == nil {
		return fundtrail.NoAddress, true
	}
	if [12]byte(h[:12]) != [12]byte{} {
		return 0, false
	}
	a := [20]byte(h[12:])
	if a == [20]byte{} {
		return fundtrail.NoAddress, true
	}
	return f.b.EVMAddress(f.chain, &a), true
}

// word reads data that is one amount.
func word(cell []byte) (fundtrail.Amount, bool) {
	var b [32]byte
	if _, ok := decodeHex(b[:], cell); !ok {
		return fundtrail.Amount{}, false
	}
	var w [4]uint64
	for i := range w {
		w[i] = binary.BigEndian.Uint64(b[24-8*i:])
	}
	return fundtrail.AmountFromWords(w), true
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
