package ingest

import (
	"bytes"
	"fmt"
	"math"
	"strings"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/ledger"
)

// Columns of the generic CSV of transfers. doc/formats-ledger.md is its definition.
const (
	transfersChain = iota
	transfersBlock
	transfersTime
	transfersTx
	transfersPlace
	transfersIndex
	transfersLog
	transfersKind
	transfersFrom
	transfersTo
	transfersAsset
	transfersAmount
	transfersSpends
)

var transfers = format{
	name: "transfers", order: 7, row: (*file).transferRow,
	columns: []column{
		transfersChain:  {name: "chain"},
		transfersBlock:  {name: "block", need: true},
		transfersTime:   {name: "time", need: true},
		transfersTx:     {name: "tx", need: true},
		transfersPlace:  {name: "tx_index"},
		transfersIndex:  {name: "index"},
		transfersLog:    {name: "log_index"},
		transfersKind:   {name: "kind", need: true},
		transfersFrom:   {name: "from", need: true},
		transfersTo:     {name: "to", need: true},
		transfersAsset:  {name: "asset"},
		transfersAmount: {name: "amount", need: true},
		transfersSpends: {name: "spends"},
	},
}

// A seenTx is a transaction of the file.
type seenTx struct {
	chain fundtrail.Chain
	hash  fundtrail.Hash
}

// A seenState remembers which of its transfers had no index.
type seenState struct{ value, fee int } // line, 0 for none

func (f *file) transferRow() (err error) {
	chain := f.opt.Chain
	if f.told(transfersChain) {
		if chain, err = fundtrail.ParseChain(string(f.cells[transfersChain])); err != nil {
			return f.badCell(transfersChain, err)
		}
	} else if chain == "" {
		return f.bad(transfersChain, "a chain, such as eth or btc (or name one chain for the whole import)")
	}
	t := ledger.Tx{Chain: chain, Time: ledger.UnknownTime, Where: f.where()}
	if t.Height, err = f.height(transfersBlock); err != nil {
		return err
	}
	if t.Time, err = f.blockTime(transfersTime); err != nil {
		return err
	}
	if t.Place, err = f.place(transfersPlace); err != nil {
		return err
	}
	if t.Hash, err = fundtrail.ParseHash(string(f.cells[transfersTx])); err != nil {
		return f.badCell(transfersTx, err)
	}
	if t.Hash == (fundtrail.Hash{}) {
		return f.bad(transfersTx, "a transaction's hash, which is not zero")
	}
	var r ledger.Row
	asset, err := f.asset(chain)
	if err != nil {
		return err
	}
	info, _ := chain.Info()
	if info.Model == fundtrail.Coins {
		err = f.coinRow(&r, asset)
	} else {
		err = f.accountTransferRow(&t, &r, asset)
	}
	if err != nil {
		return err
	}
	if f.seen == nil {
		f.seen = map[seenTx]*seenState{}
	}
	key := seenTx{chain, t.Hash}
	state := f.seen[key]
	if state == nil {
		state = &seenState{}
	}
	if info.Model == fundtrail.Accounts {
		if err := f.unnumbered(state, &r); err != nil {
			return err
		}
	}
	if f.seen[key] == nil {
		f.seen[key] = state
		f.sum.Transactions++
	}
	if t.Outcome == ledger.Succeeded {
		f.settle(t.Hash)
	}
	ref, err := f.b.Tx(t)
	if err != nil {
		return err
	}
	r.Asset = f.b.Asset(asset)
	return f.add(ref, t.Height, r)
}

// asset reads the asset: nothing for the chain's own coin, a token's contract, or
// either after the chain's name and a slash.
func (f *file) asset(chain fundtrail.Chain) (fundtrail.Asset, error) {
	a := fundtrail.NativeAsset(chain)
	if !f.told(transfersAsset) {
		return a, nil
	}
	slug, contract, token := strings.Cut(string(f.cells[transfersAsset]), "/")
	named, err := fundtrail.ParseChain(slug)
	switch {
	case err == nil && named != chain:
		return a, f.bad(transfersAsset, "an asset of the row's chain, "+string(chain))
	case err == nil && !token:
		return a, nil
	case err != nil && token:
		return a, f.badCell(transfersAsset, err)
	case err != nil:
		contract = slug
	}
	if a.Contract, err = fundtrail.ParseAddress(chain, contract); err != nil {
		return a, f.badCell(transfersAsset, err)
	}
	return a, nil
}

// party reads a side of a movement; an empty cell is nobody.
func (f *file) party(c int, chain fundtrail.Chain) (fundtrail.Address, error) {
	if !f.told(c) {
		return fundtrail.Address{}, nil
	}
	a, err := fundtrail.ParseAddress(chain, string(f.cells[c]))
	if err != nil {
		return a, f.badCell(c, err)
	}
	return a, nil
}

// empty makes sure of cells that a kind of row has no use for.
func (f *file) empty(kind string, columns ...int) error {
	for _, c := range columns {
		if f.told(c) {
			return f.bad(c, "nothing in a row of kind "+kind)
		}
	}
	return nil
}

// accountTransferRow reads a transfer or a fee of an account chain.
func (f *file) accountTransferRow(t *ledger.Tx, r *ledger.Row, asset fundtrail.Asset) error {
	kind := string(lower(f.cells[transfersKind]))
	switch kind {
	case "transfer":
		t.Outcome = ledger.Succeeded
	case "fee":
		r.Kind = fundtrail.MoveFee
	default:
		return f.bad(transfersKind, "transfer or fee on "+string(t.Chain)+", which records balances")
	}
	if err := f.empty(kind, transfersSpends); err != nil {
		return err
	}
	from, err := f.party(transfersFrom, t.Chain)
	if err != nil {
		return err
	}
	to, err := f.party(transfersTo, t.Chain)
	if err != nil {
		return err
	}
	info, _ := t.Chain.Info()
	if !asset.Contract.IsZero() && (info.Family == fundtrail.FamilyEVM || info.Family == fundtrail.FamilyTron) {
		// As in ethereum-etl's token_transfers: mints and burns.
		zero := fundtrail.EVMAddress(t.Chain, [20]byte{})
		if from == zero {
			from = fundtrail.Address{}
		}
		if to == zero {
			to = fundtrail.Address{}
		}
	}
	if kind == "fee" && from.IsZero() {
		return f.bad(transfersFrom, "who paid the fee")
	}
	if from.IsZero() && to.IsZero() {
		return f.bad(transfersTo, "an address, since the payer is nobody")
	}
	if r.Amount, err = f.amount(transfersAmount); err != nil {
		return err
	}
	if r.Index, err = f.transferIndex(kind, asset, to); err != nil {
		return err
	}
	r.From, r.To = f.b.Address(from), f.b.Address(to)
	return nil
}

// transferIndex reads, or concludes, a transfer's place in its transaction.
func (f *file) transferIndex(kind string, asset fundtrail.Asset, to fundtrail.Address) (uint32, error) {
	if f.told(transfersLog) {
		if kind == "fee" || f.told(transfersIndex) {
			return 0, f.bad(transfersLog, "nothing in a row of kind fee or with an index")
		}
		n, err := f.number(transfersLog, maxLog)
		return fundtrail.LogIndex + uint32(n), err
	}
	if f.told(transfersIndex) {
		n, err := f.number(transfersIndex, math.MaxUint32)
		if err == nil && (kind == "fee") != (uint32(n) >= fundtrail.FeeIndex) {
			err = f.bad(transfersIndex, fmt.Sprintf("%d or more for a fee, less for a transfer", fundtrail.FeeIndex))
		}
		return uint32(n), err
	}
	switch {
	case kind == "fee" && to.IsZero():
		return ledger.FeeWhole, nil
	case kind == "fee":
		return ledger.FeePaid, nil
	case asset.Contract.IsZero():
		return fundtrail.ValueIndex, nil
	}
	return 0, f.bad(transfersIndex, "the place in the transaction (or log_index): a token's transfer is not the transaction's own value")
}

// unnumbered refuses a second transfer or fee without an index in one transaction:
// two equal ones would become one fact.
func (f *file) unnumbered(s *seenState, r *ledger.Row) error {
	if f.told(transfersIndex) || f.told(transfersLog) {
		return nil
	}
	line := &s.value
	if r.Kind == fundtrail.MoveFee {
		line = &s.fee
	}
	if *line != 0 {
		return f.bad(transfersIndex, fmt.Sprintf("the place in the transaction, because line %d has another without one", *line))
	}
	*line = f.line
	return nil
}

// coinRow reads an input or an output of a coin chain.
func (f *file) coinRow(r *ledger.Row, asset fundtrail.Asset) error {
	if !asset.Contract.IsZero() {
		return f.bad(transfersAsset, "nothing: a coin chain moves its own coin")
	}
	if err := f.empty("input or output", transfersLog); err != nil {
		return err
	}
	index := func(what string) error {
		n, err := f.number(transfersIndex, math.MaxInt32)
		if err != nil {
			return f.bad(transfersIndex, what)
		}
		r.Index = uint32(n)
		return nil
	}
	kind := string(lower(f.cells[transfersKind]))
	var err error
	switch kind {
	case "output":
		r.Kind = fundtrail.MoveOutput
		if err = f.empty(kind, transfersFrom, transfersSpends); err != nil {
			return err
		}
		if err = index("the output's number in its transaction (vout)"); err != nil {
			return err
		}
		to, err := f.party(transfersTo, asset.Chain)
		if err != nil {
			return err
		}
		r.To = f.b.Address(to)
		r.Amount, err = f.amount(transfersAmount)
		return err
	case "input":
		r.Kind = fundtrail.MoveInput
		if err = f.empty(kind, transfersTo); err != nil {
			return err
		}
		if err = index("the input's number in its transaction"); err != nil {
			return err
		}
		from, err := f.party(transfersFrom, asset.Chain)
		if err != nil {
			return err
		}
		// An export of a ledger leaves out what was spent where the ledger does not hold it.
		if f.table.parquet == nil || f.told(transfersSpends) {
			if err = f.spends(r, asset.Chain); err != nil {
				return err
			}
		} else if !f.told(transfersAmount) {
			return f.bad(transfersAmount, "an amount, since the output that was spent is not told")
		}
		if f.told(transfersAmount) {
			if r.Amount, err = f.amount(transfersAmount); err != nil {
				return err
			}
		}
		r.From = f.b.Address(from)
		return nil
	case "fee":
		return f.bad(transfersKind, "input or output: a coin transaction's fee is what its inputs have more than its outputs")
	}
	return f.bad(transfersKind, "input or output on "+string(asset.Chain)+", which records coins")
}

// spends reads the output that an input spends.
func (f *file) spends(r *ledger.Row, chain fundtrail.Chain) error {
	const want = "the output that the input spends: its transaction's hash, a colon and its number"
	tx, number, ok := bytes.Cut(f.cells[transfersSpends], []byte{':'})
	n, digitsOK := digits(number)
	h, err := fundtrail.ParseHash(string(tx))
	if !ok || !digitsOK || n > math.MaxUint32 || err != nil || h == (fundtrail.Hash{}) {
		return f.bad(transfersSpends, want)
	}
	r.Spends = fundtrail.TransferOutput{Transfer: fundtrail.TransferID{Tx: fundtrail.TxID{Chain: chain, Hash: h}}, Output: uint32(n)}
	return nil
}
