package ingest

import (
	"fmt"
	"math/bits"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/ledger"
)

const (
	unknownPlace = ledger.UnknownPlace

	// Ethereum's forks that change what an export means.
	byzantium = 4_370_000  // receipts have a status; REVERT exists (EIP-140, EIP-658)
	london    = 12_965_000 // the base fee is burnt (EIP-1559)
	cancun    = 19_426_587 // SELFDESTRUCT to itself burns nothing (EIP-6780)
)

// A fact is a transaction of an EVM chain as one row of a table of transactions tells
// it. All formats that have such rows fill one in, so that all make the same of it.
type fact struct {
	ledger.Tx
	sender [20]byte
	from   fundtrail.AddressID
	to     fundtrail.AddressID // of a creation, the contract
	toTold bool
	value  fundtrail.Amount

	nonce     uint64
	nonceTold bool

	gasUsed  uint64
	price    fundtrail.Amount // paid for a unit of gas
	feeTold  bool             // gasUsed and price are
	feeWhole bool             // price is the whole fee, and gasUsed one
	blobFee  fundtrail.Amount // EIP-4844: burnt
	layerFee fundtrail.Amount // a rollup's fee for its data on layer 1
}

// renumber changes the numbers of addresses that are kept from row to row, when the builder
// has set aside what it held.
func (j *job) renumber(change func(*fundtrail.AddressID)) {
	clear(j.accounts.byID)
	for n, a := range j.accounts.list {
		payload := [20]byte(a.address.Payload())
		j.accounts.number(j.b.EVMAddress(j.chain, &payload), n)
	}
	for _, h := range j.heads {
		change(&h.miner)
	}
	for hash, r := range j.receipts {
		if r.contract != fundtrail.NoAddress {
			change(&r.contract)
			j.receipts[hash] = r
		}
	}
	for _, t := range j.traces {
		for i := range t.nodes {
			change(&t.nodes[i].from)
			change(&t.nodes[i].to)
		}
	}
	for _, list := range j.issues {
		for i := range list {
			change(&list[i].from)
			change(&list[i].to)
		}
	}
}

// transaction adds a transaction's value and its fee.
func (f *file) transaction(t *fact) error {
	fee, over := gasCost(t.gasUsed, t.price)
	if over {
		return &rowError{reason: "gas used times gas price has more than 256 bits", err: fundtrail.ErrInvalid}
	}
	f.sum.Transactions++
	moves, sure := !t.value.IsZero(), true
	switch t.Outcome {
	case ledger.Failed:
		f.sum.Failed++
		moves = false
	case ledger.OutcomeUnknown:
		f.doubt(t.Hash)
		moves, sure = moves && !f.opt.LeaveOutUnknown, false
	}
	if t.Outcome != ledger.OutcomeUnknown {
		f.settle(t.Hash)
	}
	if moves && !t.toTold {
		if t.nonceTold {
			contract := fundtrail.CreatedContract(t.sender, t.nonce)
			t.to, t.toTold = f.b.EVMAddress(f.chain, &contract), true
		} else {
			f.sum.RecipientUnknown++
			moves, sure = false, false
		}
	}
	ref, err := f.b.Tx(t.Tx)
	if err != nil {
		return err
	}
	native := f.b.Asset(fundtrail.NativeAsset(f.chain))
	if moves {
		err := f.add(ref, t.Height, ledger.Row{Index: fundtrail.ValueIndex, Asset: native, From: t.from, To: t.to, Amount: t.value})
		if err != nil {
			return err
		}
	}
	f.newest = max(f.newest, t.Height)
	f.accounts.saw(t)
	h := f.heads[t.Height]
	if h != nil {
		h.saw(t, sure)
	}
	return f.fees(ref, t, fee, h, native)
}

// fees adds what a transaction paid for gas. The parts of the fee are told where the
// block's header is among the files; only Ethereum's rule for them is known here.
func (f *file) fees(ref ledger.TxRef, t *fact, fee fundtrail.Amount, h *head, native fundtrail.AssetID) error {
	pay := func(index uint32, to fundtrail.AddressID, a fundtrail.Amount) error {
		return f.add(ref, t.Height, ledger.Row{Kind: fundtrail.MoveFee, Index: index, Asset: native, From: t.from, To: to, Amount: a})
	}
	if err := pay(ledger.FeeBlob, fundtrail.NoAddress, t.blobFee); err != nil {
		return err
	}
	if err := pay(ledger.FeeData, fundtrail.NoAddress, t.layerFee); err != nil {
		return err
	}
	switch {
	case !t.feeTold:
		f.sum.FeeUnknown++
		return nil
	case h == nil || t.feeWhole || f.chain != fundtrail.Ethereum || t.Height >= london && !h.baseTold:
		return pay(ledger.FeeWhole, fundtrail.NoAddress, fee)
	case t.Height < london:
		return pay(ledger.FeePaid, h.miner, fee)
	}
	burnt, _ := gasCost(t.gasUsed, h.base)
	tip, under := fee.Sub(burnt)
	if under {
		return fmt.Errorf("transaction %s paid %s for a unit of gas, less than its block's base fee of %s (%s line %d): %w",
			fundtrail.TxID{Chain: f.chain, Hash: t.Hash}, t.price, h.base, h.file.name, h.line, fundtrail.ErrConflict)
	}
	if err := pay(ledger.FeeBurnt, fundtrail.NoAddress, burnt); err != nil {
		return err
	}
	return pay(ledger.FeePaid, h.miner, tip)
}

func gasCost(gas uint64, price fundtrail.Amount) (cost fundtrail.Amount, overflow bool) {
	if price.IsUint64() {
		hi, lo := bits.Mul64(gas, price.Uint64())
		return fundtrail.AmountFromWords([4]uint64{lo, hi}), false
	}
	return fundtrail.NewAmount(gas).Mul(price)
}
