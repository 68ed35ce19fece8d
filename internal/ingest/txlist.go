package ingest

import (
	"math"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/ledger"
)

// Columns of Etherscan's account list "txlist" as CSV.
const (
	txlistBlock = iota
	txlistTime
	txlistHash
	txlistFrom
	txlistTo
	txlistValue
	txlistPlace
	txlistNonce
	txlistGasUsed
	txlistGasPrice
	txlistError
	txlistStatus
	txlistContract
)

var txlist = format{
	name: "Etherscan txlist", order: 6, evm: true, row: (*file).txlistRow,
	columns: []column{
		txlistBlock:    {name: "blockNumber", need: true},
		txlistTime:     {name: "timeStamp", need: true},
		txlistHash:     {name: "hash", need: true},
		txlistFrom:     {name: "from", need: true},
		txlistTo:       {name: "to", need: true},
		txlistValue:    {name: "value", need: true},
		txlistPlace:    {name: "transactionIndex"},
		txlistNonce:    {name: "nonce"},
		txlistGasUsed:  {name: "gasUsed"},
		txlistGasPrice: {name: "gasPrice"},
		txlistError:    {name: "isError"},
		txlistStatus:   {name: "txreceipt_status"},
		txlistContract: {name: "contractAddress"},
	},
}

// txlistRow reads a row. It is the importers' hot path.
func (f *file) txlistRow() (err error) {
	t := fact{Tx: ledger.Tx{Chain: f.chain, Where: f.where()}}
	if err = f.hash(txlistHash, &t.Hash); err != nil {
		return err
	}
	if t.Height, err = f.height(txlistBlock); err != nil {
		return err
	}
	if t.Time, err = f.unix(txlistTime); err != nil {
		return err
	}
	if t.Place, err = f.place(txlistPlace); err != nil {
		return err
	}
	if t.from, err = f.payer(txlistFrom, &t.sender); err != nil {
		return err
	}
	if t.value, err = f.amount(txlistValue); err != nil {
		return err
	}
	if t.Outcome, err = f.txlistOutcome(); err != nil {
		return err
	}
	if err = f.recipient(&t, txlistTo, txlistContract); err != nil {
		return err
	}
	if f.told(txlistNonce) {
		if t.nonce, err = f.number(txlistNonce, math.MaxInt64); err != nil {
			return err
		}
		t.nonceTold = true
	}
	if f.told(txlistGasUsed) && f.told(txlistGasPrice) {
		if t.gasUsed, err = f.number(txlistGasUsed, math.MaxInt64); err != nil {
			return err
		}
		if t.price, err = f.amount(txlistGasPrice); err != nil {
			return err
		}
		t.feeTold = true
	}
	return f.transaction(&t)
}

// recipient reads whom a transaction pays: the address it is sent to or, where that
// is empty, the contract it creates.
func (f *file) recipient(t *fact, to, contract int) error {
	var a [20]byte
	for _, c := range []int{to, contract} {
		told, err := f.evm(c, &a)
		if err != nil {
			return err
		}
		if told {
			t.to, t.toTold = f.b.EVMAddress(f.chain, &a), true
			return nil
		}
	}
	return nil
}

// txlistOutcome reads the two columns that tell of failure: isError is Etherscan's
// own finding, and all there is before Byzantium; txreceipt_status is the chain's.
func (f *file) txlistOutcome() (ledger.Outcome, error) {
	failed, told1, err := f.flag(txlistError)
	if err != nil {
		return 0, err
	}
	success, told2, err := f.flag(txlistStatus)
	switch {
	case err != nil:
		return 0, err
	case failed, told2 && !success:
		return ledger.Failed, nil
	case told1 || told2:
		return ledger.Succeeded, nil
	}
	return ledger.OutcomeUnknown, nil
}

// The list of account exports: which of them are whole.
const (
	accountAddress = iota
	accountStart
	accountEnd
	accountRows
	accountComplete
	accountLast
)

var accountList = format{
	name: "list of account exports", order: 0, evm: true, row: (*file).accountRow,
	columns: []column{
		accountAddress:  {name: "address", need: true},
		accountStart:    {name: "startblock", need: true},
		accountEnd:      {name: "endblock", need: true},
		accountRows:     {name: "rows", need: true},
		accountComplete: {name: "complete", need: true},
		accountLast:     {name: "last_ts", need: true},
	},
}

// An account is one row of the list, and what the files show of it.
type account struct {
	file       *file
	address    fundtrail.Address
	start, end int64
	rows       uint64 // that its export has
	complete   bool
	lastTime   int64 // of the export's last row
	lastBlock  int64 // the lowest block with that time, -1 until it is seen
	seen       uint64
	seenCut    uint64 // up to lastTime
	feeMissing bool
}

// accounts finds accounts by id. Ids are dense and the list is read first, so its
// accounts have low ones.
type accounts struct {
	list []*account
	byID []uint16 // number in list plus 1
}

func (f *file) accountRow() (err error) {
	a := &account{file: f, lastBlock: -1}
	var payload [20]byte
	id, err := f.payer(accountAddress, &payload)
	if err != nil {
		return err
	}
	a.address = fundtrail.EVMAddress(f.chain, payload)
	if a.start, err = f.height(accountStart); err != nil {
		return err
	}
	if a.end, err = f.height(accountEnd); err != nil {
		return err
	}
	if a.end < a.start {
		return f.bad(accountEnd, "a block not before startblock")
	}
	if a.rows, err = f.number(accountRows, math.MaxInt64); err != nil {
		return err
	}
	switch cell := string(lower(f.cells[accountComplete])); {
	case cell == "yes":
		a.complete = true
	case cell == "no", len(cell) > 3 && cell[:3] == "no ":
	default:
		return f.bad(accountComplete, `yes, no, or "no (...)"`)
	}
	if f.told(accountLast) {
		if a.lastTime, err = f.unix(accountLast); err != nil {
			return err
		}
	} else if a.rows > 0 && !a.complete {
		return f.bad(accountLast, wantTime)
	}
	return f.accounts.put(id, a)
}

func (s *accounts) put(id fundtrail.AddressID, a *account) error {
	if len(s.list) == math.MaxUint16 {
		return malformed("more than %d accounts in lists of exports", math.MaxUint16)
	}
	if int(id) < len(s.byID) && s.byID[id] != 0 {
		old := s.list[s.byID[id]-1]
		if old.start == a.start && old.end == a.end && old.rows == a.rows && old.complete == a.complete && old.lastTime == a.lastTime {
			return nil
		}
		return malformed("account %s stands in the lists twice, with different claims", a.address)
	}
	s.list = append(s.list, a)
	s.number(id, len(s.list)-1)
	return nil
}

// number notes an account's id.
func (s *accounts) number(id fundtrail.AddressID, n int) {
	for len(s.byID) <= int(id) {
		s.byID = append(s.byID, 0)
	}
	s.byID[id] = uint16(n + 1)
}

// saw notes a transaction that a file holds.
func (s *accounts) saw(t *fact) {
	s.sawAt(t.from, t)
	if t.toTold && t.to != t.from {
		s.sawAt(t.to, t)
	}
}

func (s *accounts) sawAt(id fundtrail.AddressID, t *fact) {
	if int(id) >= len(s.byID) || s.byID[id] == 0 {
		return
	}
	a := s.list[s.byID[id]-1]
	a.seen++
	if t.Time <= a.lastTime {
		a.seenCut++
	}
	if t.Time == a.lastTime && (a.lastBlock < 0 || t.Height < a.lastBlock) {
		a.lastBlock = t.Height
	}
	a.feeMissing = a.feeMissing || !t.feeTold
}

// finishAccounts turns the list into claims, as far as the files bear them out.
func (j *job) finishAccounts() {
	for _, a := range j.accounts.list {
		c := fundtrail.Coverage{Chain: j.chain, Address: a.address, FromBlock: a.start, What: fundtrail.ValueTransfers | fundtrail.Fees, Source: base(a.file.name)}
		if a.feeMissing {
			c.What = fundtrail.ValueTransfers
		}
		// "99999999" means to the end of the chain as it was then. No file says where
		// that was, so the newest block that any file shows stands for it.
		c.ToBlock = min(a.end, j.newest)
		supported := a.seen >= a.rows
		if !a.complete {
			// The export was cut at a number of rows, perhaps within a block: the block
			// of its last row is not known to be whole, the one before it is. Where that
			// block is not known, nothing is left to claim.
			c.ToBlock = min(c.ToBlock, a.lastBlock-1)
			supported = a.seenCut >= a.rows
		}
		if !supported || c.ToBlock < c.FromBlock {
			a.file.sum.Unsupported++
			continue
		}
		j.b.Cover(c)
		a.file.sum.Claims++
	}
}
