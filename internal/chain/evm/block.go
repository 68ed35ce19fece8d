package evm

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/fundtrail/fundtrail"
)

// A Decoder makes facts of a chain's blocks.
type Decoder struct {
	Chain fundtrail.Chain // an EVM chain
	// ChainID is what transactions are signed for and nodes must say: by default the
	// chain's own. A private copy of a chain has another.
	ChainID int64
	// Wraps says which tokens are the chain's own coin, one to one: their making and
	// destroying are events of their own, Deposit and Withdrawal.
	Wraps func(fundtrail.Asset) bool
	// Keep says of which contracts the events are kept; nil keeps none.
	Keep func(fundtrail.Address) bool
}

// id is the chain's number, by which its transactions are signed.
func (d *Decoder) id() int64 {
	info, _ := d.Chain.Info()
	return cmp.Or(d.ChainID, info.EVMID)
}

// An address is its 20 bytes.
type address = [20]byte

// A block is what header, transactions, receipts and traces tell, whichever way they came.
type block struct {
	fundtrail.Block
	miner       address
	base        fundtrail.Amount // burnt for a unit of gas
	baseTold    bool
	cancun      bool // SELFDESTRUCT destroys only what its own transaction made (EIP-6780)
	mined       bool // by work, so that its miner is rewarded
	txs         []tx
	uncles      []uncle
	withdrawals []withdrawal
	traced      bool // the transactions' internal transfers are told
	odd         bool // value moves in it by rules that are not known here
	unpriced    bool // it has blobs whose price is not known
}

// A tx is a transaction with its receipt.
type tx struct {
	hash     fundtrail.Hash
	from, to address
	creates  bool // to is the contract it makes
	value    fundtrail.Amount
	nonce    uint64
	gas      uint64 // limit
	outcome  outcome
	gasUsed  uint64
	price    fundtrail.Amount // paid for a unit of gas
	blobFee  fundtrail.Amount // EIP-4844: burnt
	dataFee  fundtrail.Amount // a rollup's for its data on layer 1
	mint     fundtrail.Amount // a rollup's deposit from layer 1 to from
	logs     []event
	inner    []inner
	signed   signature // in a block's bytes, from which from follows
}

// An outcome is what became of a transaction.
type outcome uint8

const (
	unknown outcome = iota // before Byzantium, without traces
	succeeded
	failed
)

// An event is a log.
type event struct {
	contract address
	topics   []fundtrail.Hash
	data     []byte
	index    uint32 // in its block
}

// An inner is an internal transfer that took effect; they stand in order of execution.
type inner struct {
	from, to address
	burnt    bool // nobody gets it
	value    fundtrail.Amount
}

// An uncle is a block that was rewarded without being in the chain.
type uncle struct {
	miner  address
	height int64
}

// A withdrawal is what the beacon chain pays out in a block (EIP-4895).
type withdrawal struct {
	index  uint64
	to     address
	amount fundtrail.Amount // in wei
}

// Places of fees in a transaction, as internal/ledger defines them.
const (
	feeWhole = fundtrail.FeeIndex
	feeBurnt = fundtrail.FeeIndex + 1
	feePaid  = fundtrail.FeeIndex + 2
	feeBlob  = fundtrail.FeeIndex + 3
	feeData  = fundtrail.FeeIndex + 4
)

// maxLog is the highest log index that has a place of its own.
const maxLog = uint64(fundtrail.UnplacedLog - fundtrail.LogIndex - 1)

// gwei is the unit of withdrawals.
var gwei = fundtrail.NewAmount(1_000_000_000)

// A writer makes a block's transactions. It keeps their entries in few large slices and
// each address once: a block names the same ones over and over.
type writer struct {
	*Decoder
	b      *block
	native fundtrail.Asset
	out    fundtrail.BlockFacts
	tx     *fundtrail.Transaction // the one being made
	rows   []fundtrail.Transfer
	spare  []fundtrail.Entry
	known  map[address]fundtrail.Address
	tokens map[address]fundtrail.Asset
}

// facts makes the block's facts.
func (d *Decoder) facts(b *block) (fundtrail.BlockFacts, error) {
	w := &writer{Decoder: d, b: b, native: fundtrail.NativeAsset(d.Chain),
		known: make(map[address]fundtrail.Address, 4*len(b.txs)), tokens: map[address]fundtrail.Asset{}}
	w.out = fundtrail.BlockFacts{Block: b.Block, Whole: fundtrail.AllKinds}
	if !b.traced {
		w.out.Whole &^= fundtrail.InternalTransfers
	}
	if b.odd || b.Height == 0 { // the genesis state is no transaction, and not told
		w.out.Whole &^= fundtrail.ValueTransfers | fundtrail.InternalTransfers
	}
	if b.unpriced {
		w.out.Whole &^= fundtrail.Fees
	}
	w.out.Transactions = make([]fundtrail.Transaction, 0, len(b.txs)+2)
	for i := range b.txs {
		if err := w.transaction(uint32(i), &b.txs[i]); err != nil {
			return fundtrail.BlockFacts{}, fmt.Errorf("transaction %s: %w", fundtrail.TxID{Chain: d.Chain, Hash: b.txs[i].hash}, err)
		}
	}
	w.deposits()
	w.rewards()
	w.payouts()
	return w.out, nil
}

// begin opens a transaction; end closes it.
func (w *writer) begin(hash fundtrail.Hash, place uint32) {
	w.out.Transactions = append(w.out.Transactions, fundtrail.Transaction{ID: fundtrail.TxID{Chain: w.Chain, Hash: hash}, Block: w.b.Block, Place: place})
	w.tx = &w.out.Transactions[len(w.out.Transactions)-1]
	w.rows = w.rows[:0]
}

func (w *writer) end() { w.tx.Transfers = slices.Clone(w.rows) }

// add adds a transfer; a side that is nil is nobody.
func (w *writer) add(index uint32, asset fundtrail.Asset, from, to *address, a fundtrail.Amount) {
	t := fundtrail.Transfer{ID: fundtrail.TransferID{Tx: w.tx.ID, Index: index}, Asset: asset}
	t.Inputs, t.Outputs = w.entry(from, a), w.entry(to, a)
	if index >= fundtrail.FeeIndex {
		t.Fee = a
	}
	w.rows = append(w.rows, t)
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
		got = fundtrail.EVMAddress(w.Chain, *a)
		w.known[*a] = got
	}
	return got
}

func (w *writer) token(contract *address) fundtrail.Asset {
	got, ok := w.tokens[*contract]
	if !ok {
		got = fundtrail.Asset{Chain: w.Chain, Contract: w.address(contract)}
		w.tokens[*contract] = got
	}
	return got
}

func (w *writer) transaction(place uint32, t *tx) error {
	w.begin(t.hash, place)
	w.tx.Failed = t.outcome == failed
	if t.outcome == unknown {
		// It is held to have moved, as in files, and the block does not claim it.
		w.out.Whole &^= fundtrail.ValueTransfers
	}
	if !w.tx.Failed {
		if !t.value.IsZero() {
			w.add(fundtrail.ValueIndex, w.native, &t.from, &t.to, t.value)
		}
		if len(t.inner) >= int(fundtrail.LogIndex) {
			return fmt.Errorf("more than %d internal transfers: %w", fundtrail.LogIndex-1, fundtrail.ErrLimit)
		}
		for i := range t.inner {
			n := &t.inner[i]
			to := &n.to
			if n.burnt {
				to = nil
			}
			w.add(fundtrail.TraceIndex+1+uint32(i), w.native, &n.from, to, n.value)
		}
		for i := range t.logs {
			w.log(&t.logs[i])
		}
	} else if len(t.logs) > 0 || len(t.inner) > 0 {
		return fmt.Errorf("it failed, and is said to have moved something: %w", fundtrail.ErrConflict)
	}
	if err := w.fees(t); err != nil {
		return err
	}
	w.end()
	return nil
}

// log adds a log's token transfer, if it is one, and keeps the log if it is wanted.
func (w *writer) log(e *event) {
	if m, ok := readMove(e); ok && (m.Kind != fundtrail.Wrapping || w.Wraps != nil && w.Wraps(w.token(&e.contract))) {
		from, to := (*address)(&m.From), (*address)(&m.To)
		if *from == (address{}) {
			from = nil
		}
		if *to == (address{}) {
			to = nil
		}
		if from != nil || to != nil {
			w.add(fundtrail.LogIndex+e.index, w.token(&e.contract), from, to, m.Amount)
		}
	}
	if w.Keep != nil && w.Keep(w.address(&e.contract)) {
		w.tx.Events = append(w.tx.Events, fundtrail.Event{Contract: w.address(&e.contract), Topics: e.topics, Data: e.data})
	}
}

// fees adds what a transaction paid. Only Ethereum's rule for the parts is known here.
func (w *writer) fees(t *tx) error {
	fee, over := fundtrail.NewAmount(t.gasUsed).Mul(t.price)
	if over {
		return fmt.Errorf("%d units of gas at %s have more than 256 bits: %w", t.gasUsed, t.price, fundtrail.ErrInvalid)
	}
	pay := func(index uint32, to *address, a fundtrail.Amount) {
		if !a.IsZero() {
			w.add(index, w.native, &t.from, to, a)
		}
	}
	switch {
	case w.Chain != fundtrail.Ethereum:
		pay(feeWhole, nil, fee)
	case !w.b.baseTold: // before London
		pay(feePaid, &w.b.miner, fee)
	default:
		burnt, over := fundtrail.NewAmount(t.gasUsed).Mul(w.b.base)
		tip, under := fee.Sub(burnt)
		if over || under {
			return fmt.Errorf("it paid %s for a unit of gas, less than its block's base fee of %s: %w", t.price, w.b.base, fundtrail.ErrConflict)
		}
		pay(feeBurnt, nil, burnt)
		pay(feePaid, &w.b.miner, tip)
	}
	pay(feeBlob, nil, t.blobFee)
	pay(feeData, nil, t.dataFee)
	return nil
}

// issue adds a transaction of the protocol's own: mints, in the order given.
func (w *writer) issue(text string, place uint32, n int, one func(i int) (to *address, a fundtrail.Amount)) {
	if n == 0 {
		return
	}
	w.begin(fundtrail.ProtocolHash(text, w.b.Height), place)
	for i := range n {
		if to, a := one(i); !a.IsZero() {
			w.add(uint32(i), w.native, nil, to, a)
		}
	}
	w.end()
}

// deposits adds what a rollup makes for its deposits from layer 1. They stand even where
// the transaction that brings them fails.
func (w *writer) deposits() {
	var of []*tx
	for i := range w.b.txs {
		if t := &w.b.txs[i]; !t.mint.IsZero() {
			of = append(of, t)
		}
	}
	w.issue("deposits", fundtrail.DepositsPlace, len(of), func(i int) (*address, fundtrail.Amount) { return &of[i].from, of[i].mint })
}

// Ethereum's forks that change a miner's reward.
const (
	byzantium      = 4_370_000
	constantinople = 7_280_000
)

// rewards adds what a mined block of Ethereum pays: to its miner, with a 32nd more for each
// uncle, and to each uncle's by how near it was (Yellow Paper, section 11.3). The order is
// that of internal/ingest: the block, then uncles by recipient and amount.
func (w *writer) rewards() {
	if !w.b.mined || w.Chain != fundtrail.Ethereum || w.b.Height == 0 {
		return
	}
	ether := uint64(5)
	switch {
	case w.b.Height >= constantinople:
		ether = 2
	case w.b.Height >= byzantium:
		ether = 3
	}
	base := ether * 1_000_000_000_000_000_000 // 5 ether, and the shares below, fit 64 bits
	type reward struct {
		to     address
		amount uint64
	}
	list := make([]reward, 0, len(w.b.uncles))
	for _, u := range w.b.uncles {
		list = append(list, reward{u.miner, base / 8 * uint64(8-(w.b.Height-u.height))})
	}
	slices.SortFunc(list, func(x, y reward) int {
		return cmp.Or(slices.Compare(x.to[:], y.to[:]), cmp.Compare(x.amount, y.amount))
	})
	w.issue("block rewards", fundtrail.RewardsPlace, 1+len(list), func(i int) (*address, fundtrail.Amount) {
		if i == 0 {
			return &w.b.miner, fundtrail.NewAmount(base + base/32*uint64(len(list)))
		}
		return &list[i-1].to, fundtrail.NewAmount(list[i-1].amount)
	})
}

// payouts adds the withdrawals of validators. Other chains pay out other assets.
func (w *writer) payouts() {
	if w.Chain != fundtrail.Ethereum {
		return
	}
	list := w.b.withdrawals
	slices.SortFunc(list, func(x, y withdrawal) int { return cmp.Compare(x.index, y.index) })
	w.issue("withdrawals", fundtrail.WithdrawalsPlace, len(list), func(i int) (*address, fundtrail.Amount) { return &list[i].to, list[i].amount })
}

// maxHeight and maxTime keep a block's numbers within what a ledger takes: times end with
// the year 9999.
const (
	maxHeight = 1 << 48
	maxTime   = 253402300799
	maxGas    = math.MaxInt64
)

// checkUncles makes sure that an uncle's reward is one: it is one to seven blocks older.
func (b *block) checkUncles() error {
	for _, u := range b.uncles {
		if age := b.Height - u.height; age < 1 || age > 7 {
			return fmt.Errorf("an uncle of height %d: %w", u.height, fundtrail.ErrInvalid)
		}
	}
	return nil
}

// checkWithdrawals refuses two of one index.
func (b *block) checkWithdrawals() error {
	seen := make(map[uint64]bool, len(b.withdrawals))
	for _, w := range b.withdrawals {
		if seen[w.index] {
			return fmt.Errorf("withdrawal %d is there twice: %w", w.index, fundtrail.ErrInvalid)
		}
		seen[w.index] = true
	}
	return nil
}
