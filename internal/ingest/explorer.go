package ingest

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/ledger"
)

// Lists of an account's transfers, as explorers write them in CSV: Etherscan's API and
// its family's, Etherscan's website, and Blockscout. They tell neither trace addresses nor
// the indexes of logs; doc/formats-ledger.md says what becomes of that.

const (
	listHash = iota
	listBlock
	listTime
	listFrom
	listTo
	listContract // of a creation, the contract; of a token transfer, the token
	listValue
	listIn
	listOut
	listFee
	listItem
	listPlace
	listStatus
	listError
	listFailed
	listType
	listCall
)

var (
	etherscanInternal = format{
		name: "Etherscan txlistinternal", order: 6, evm: true, row: (*file).internalRow,
		columns: []column{
			listHash: {name: "hash", need: true}, listBlock: {name: "blockNumber", need: true}, listTime: {name: "timeStamp", need: true}, listFrom: {name: "from", need: true}, listTo: {name: "to", need: true},
			listContract: {name: "contractAddress"}, listValue: {name: "value", need: true}, listError: {name: "errCode", need: true}, listFailed: {name: "isError", need: true}, listType: {name: "type", need: true}, listCall: {},
		},
	}
	etherscanTokens = format{
		name: "Etherscan tokentx", order: 6, evm: true, row: (*file).listTokenRow,
		columns: []column{
			listHash: {name: "hash", need: true}, listBlock: {name: "blockNumber", need: true}, listTime: {name: "timeStamp", need: true}, listFrom: {name: "from", need: true}, listTo: {name: "to", need: true},
			listContract: {name: "contractAddress", need: true}, listValue: {name: "value", need: true}, listItem: {name: "tokenSymbol", need: true}, listPlace: {name: "transactionIndex"}, listCall: {},
		},
	}
	etherscanNFTs = format{
		name: "Etherscan tokennfttx", order: 6, evm: true, row: (*file).listItemRow,
		columns: []column{
			listHash: {name: "hash", need: true}, listBlock: {name: "blockNumber", need: true}, listTime: {name: "timeStamp", need: true}, listFrom: {name: "from", need: true}, listTo: {name: "to", need: true},
			listContract: {name: "contractAddress", need: true}, listItem: {name: "tokenID", need: true}, listPlace: {name: "transactionIndex"}, listCall: {},
		},
	}
	etherscanItems = format{
		name: "Etherscan token1155tx", order: 6, evm: true, row: (*file).listItemsRow,
		columns: []column{
			listHash: {name: "hash", need: true}, listBlock: {name: "blockNumber", need: true}, listTime: {name: "timeStamp", need: true}, listFrom: {name: "from", need: true}, listTo: {name: "to", need: true},
			listContract: {name: "contractAddress", need: true}, listItem: {name: "tokenID", need: true}, listValue: {name: "tokenValue", need: true}, listPlace: {name: "transactionIndex"}, listCall: {},
		},
	}
	websiteTransactions = format{
		name: "Etherscan website transactions", order: 6, evm: true, row: (*file).websiteRow,
		columns: []column{
			listHash: {name: "transaction_hash", also: "txhash", need: true}, listBlock: {name: "blockno", need: true}, listTime: {name: "unixtimestamp", need: true}, listFrom: {name: "from", need: true}, listTo: {name: "to", need: true},
			listContract: {name: "contractaddress"}, listIn: {name: "value_in", need: true}, listOut: {name: "value_out", need: true}, listFee: {name: "txnfee"}, listStatus: {name: "status", need: true}, listError: {name: "errcode"}, listCall: {},
		},
	}
	websiteInternal = format{
		name: "Etherscan website internal transactions", order: 6, evm: true, row: (*file).internalRow,
		columns: []column{
			listHash: {name: "parent_txhash", also: "parent_transaction_hash", need: true}, listBlock: {name: "blockno", need: true}, listTime: {name: "unixtimestamp", need: true}, listFrom: {name: "from", need: true}, listTo: {name: "txto", also: "to", need: true},
			listContract: {name: "contractaddress"}, listIn: {name: "value_in", need: true}, listOut: {name: "value_out", need: true}, listStatus: {name: "status", need: true}, listError: {name: "errcode"}, listType: {name: "type"}, listCall: {},
		},
	}
	websiteTokens = format{
		name: "Etherscan website token transfers", order: 6, evm: true, row: (*file).websiteTokenRow,
		columns: []column{
			listHash: {name: "transaction_hash", also: "txhash", need: true}, listBlock: {name: "blockno", need: true}, listTime: {name: "unixtimestamp", need: true}, listFrom: {name: "from", need: true}, listTo: {name: "to", need: true},
			listContract: {name: "contractaddress", need: true}, listValue: {name: "tokenvalue", need: true}, listItem: {name: "tokensymbol", need: true}, listCall: {},
		},
	}
	websiteItems = format{
		name: "Etherscan website ERC-721 transfers", order: 6, evm: true, row: (*file).listItemRow,
		columns: []column{
			listHash: {name: "transaction_hash", also: "txhash", need: true}, listBlock: {name: "blockno", need: true}, listTime: {name: "unixtimestamp", need: true}, listFrom: {name: "from", need: true}, listTo: {name: "to", need: true},
			listContract: {name: "contractaddress", need: true}, listItem: {name: "tokenid", need: true}, listCall: {},
		},
	}
	websiteManyItems = format{
		name: "Etherscan website ERC-1155 transfers", order: 6, evm: true, row: (*file).listItemsRow,
		columns: []column{
			listHash: {name: "transaction_hash", also: "txhash", need: true}, listBlock: {name: "blockno", need: true}, listTime: {name: "unixtimestamp", need: true}, listFrom: {name: "from", need: true}, listTo: {name: "to", need: true},
			listContract: {name: "contractaddress", need: true}, listItem: {name: "tokenid", need: true}, listValue: {name: "tokenvalue", need: true}, listCall: {},
		},
	}
	blockscoutTransactions = format{
		name: "Blockscout transactions", order: 6, evm: true, row: (*file).blockscoutRow,
		columns: []column{
			listHash: {name: "TxHash", need: true}, listBlock: {name: "BlockNumber", need: true}, listTime: {name: "UnixTimestamp", need: true}, listFrom: {name: "FromAddress", need: true}, listTo: {name: "ToAddress", need: true},
			listContract: {name: "ContractAddress"}, listValue: {name: "Value", need: true}, listFee: {name: "Fee", need: true}, listStatus: {name: "Status", need: true}, listError: {name: "ErrCode"}, listCall: {},
		},
	}
	blockscoutInternal = format{
		name: "Blockscout internal transactions", order: 6, evm: true, row: (*file).internalRow,
		columns: []column{
			listHash: {name: "TxHash", need: true}, listBlock: {name: "BlockNumber", need: true}, listTime: {name: "UnixTimestamp", need: true}, listFrom: {name: "FromAddress", need: true}, listTo: {name: "ToAddress", need: true},
			listContract: {name: "ContractAddress"}, listValue: {name: "Value", need: true}, listPlace: {name: "TxIndex"}, listError: {name: "ErrCode", need: true}, listType: {name: "Type", need: true}, listCall: {name: "CallType", need: true},
		},
	}
	blockscoutTokens = format{
		name: "Blockscout token transfers", order: 6, evm: true, row: (*file).listTokenRow,
		columns: []column{
			listHash: {name: "TxHash", need: true}, listBlock: {name: "BlockNumber", need: true}, listTime: {name: "UnixTimestamp", need: true}, listFrom: {name: "FromAddress", need: true}, listTo: {name: "ToAddress", need: true},
			listContract: {name: "TokenContractAddress", need: true}, listValue: {name: "TokensTransferred", need: true}, listCall: {},
		},
	}
)

// listTx reads what a row of a list tells of its transaction.
func (f *file) listTx() (t ledger.Tx, err error) {
	t = ledger.Tx{Chain: f.chain, Where: f.where()}
	if err = f.hash(listHash, &t.Hash); err != nil {
		return t, err
	}
	if t.Height, err = f.height(listBlock); err != nil {
		return t, err
	}
	if t.Time, err = f.unix(listTime); err != nil {
		return t, err
	}
	t.Place, err = f.place(listPlace)
	return t, err
}

// decimal reads an amount of whole coins or tokens exactly. Commas may stand between
// groups of three digits.
func (f *file) decimal(c, decimals int) (fundtrail.Amount, error) {
	cell := f.cells[c]
	whole, _, _ := bytes.Cut(cell, []byte{'.'})
	if groups := bytes.Split(whole, []byte{','}); len(groups) > 1 {
		if len(groups[0]) == 0 || len(groups[0]) > 3 || slices.ContainsFunc(groups[1:], func(g []byte) bool { return len(g) != 3 }) {
			return fundtrail.Amount{}, f.bad(c, "a number whose commas stand between groups of three digits")
		}
		cell = append(bytes.Join(groups, nil), cell[len(whole):]...)
	}
	a, err := fundtrail.ParseDecimal(string(cell), decimals)
	if err != nil {
		return a, f.bad(c, fmt.Sprintf("a number with at most %d decimals and no exponent", decimals))
	}
	return a, nil
}

// coinDecimals are those of the chain's own coin.
func (f *file) coinDecimals() int {
	info, _ := f.chain.Info()
	return info.Decimals
}

// inOut reads an amount of the chain's coin that stands in the column of what came in or
// in that of what went out; of what an account pays itself in both.
func (f *file) inOut() (fundtrail.Amount, error) {
	in, err := f.decimal(listIn, f.coinDecimals())
	if err != nil {
		return in, err
	}
	out, err := f.decimal(listOut, f.coinDecimals())
	switch {
	case err != nil:
		return out, err
	case !in.IsZero() && !out.IsZero() && in != out:
		return out, f.bad(listOut, "0, or the same as came in")
	}
	return in.Max(out), nil
}

// listOutcome reads a status in words, and an error.
func (f *file) listOutcome() (ledger.Outcome, error) {
	status := strings.ToLower(string(f.cells[listStatus]))
	switch {
	case strings.HasPrefix(status, "err"), strings.HasPrefix(status, "fail"), status == "0", status == "" && f.told(listError):
		return ledger.Failed, nil
	case status == "", status == "1", status == "ok", strings.HasPrefix(status, "succe"):
		return ledger.Succeeded, nil
	}
	return 0, f.bad(listStatus, "nothing or ok of what succeeded, Error of what failed")
}

// websiteRow reads a transaction of Etherscan's website: amounts are of whole coins.
func (f *file) websiteRow() error {
	return f.listedTransaction(f.inOut, func() (fundtrail.Amount, error) { return f.decimal(listFee, f.coinDecimals()) })
}

// blockscoutRow reads a transaction of Blockscout: amounts are in base units.
func (f *file) blockscoutRow() error {
	return f.listedTransaction(func() (fundtrail.Amount, error) { return f.amount(listValue) }, func() (fundtrail.Amount, error) { return f.amount(listFee) })
}

func (f *file) listedTransaction(value, fee func() (fundtrail.Amount, error)) (err error) {
	t := fact{gasUsed: 1, feeWhole: true}
	if t.Tx, err = f.listTx(); err != nil {
		return err
	}
	if t.from, err = f.payer(listFrom, &t.sender); err != nil {
		return err
	}
	if t.value, err = value(); err != nil {
		return err
	}
	if t.Outcome, err = f.listOutcome(); err != nil {
		return err
	}
	if f.told(listFee) {
		if t.price, err = fee(); err != nil {
			return err
		}
		t.feeTold = true
	}
	if err = f.recipient(&t, listTo, listContract); err != nil {
		return err
	}
	return f.transaction(&t)
}

// internalRow reads an internal transfer of a list.
func (f *file) internalRow() (err error) {
	r := unplacedRow{file: f, class: fundtrail.UnplacedTrace, asset: f.b.Asset(fundtrail.NativeAsset(f.chain))}
	if r.tx, err = f.listTx(); err != nil {
		return err
	}
	if f.told(listIn) || f.told(listOut) {
		r.amount, err = f.inOut()
	} else {
		r.amount, err = f.amount(listValue)
	}
	if err != nil {
		return err
	}
	failed, _, err := f.flag(listFailed)
	if err != nil {
		return err
	}
	outcome, err := f.listOutcome()
	if err != nil {
		return err
	}
	if failed || outcome == ledger.Failed || r.amount.IsZero() {
		return nil
	}
	for _, c := range []int{listType, listCall} {
		switch kind := string(lower(f.cells[c])); kind {
		case "delegatecall", "callcode", "staticcall":
			return nil // foreign code run by the caller itself: the value is only quoted
		case "", "call", "create", "create2", "suicide", "selfdestruct", "reward":
		default:
			if !strings.HasPrefix(kind, "call") && !strings.HasPrefix(kind, "create") {
				return f.bad(c, "call, create, suicide or delegatecall")
			}
		}
	}
	if told, err := f.evm(listFrom, &r.from); err != nil {
		return err
	} else if !told {
		return f.bad(listFrom, "an address")
	}
	told, err := f.evm(listTo, &r.to)
	if err == nil && !told {
		told, err = f.evm(listContract, &r.to)
	}
	if err != nil {
		return err
	}
	if !told {
		return f.bad(listTo, "the address that gets the value")
	}
	r.tx.Outcome = ledger.Succeeded // an inner call that took effect
	f.settle(r.tx.Hash)
	f.unplaced = append(f.unplaced, r)
	return nil
}

// listToken reads a token transfer of a list but for its amount.
func (f *file) listToken(class uint32) (r unplacedRow, err error) {
	r = unplacedRow{file: f, class: class}
	if r.tx, err = f.listTx(); err != nil {
		return r, err
	}
	for _, side := range []struct {
		c int
		a *[20]byte
	}{{listContract, &r.token}, {listFrom, &r.from}, {listTo, &r.to}} {
		if told, err := f.evm(side.c, side.a); err != nil {
			return r, err
		} else if !told {
			return r, f.bad(side.c, "an address")
		}
	}
	r.asset = f.b.Asset(f.tokenOf(&r))
	r.tx.Outcome = ledger.Succeeded
	return r, nil
}

func (f *file) tokenOf(r *unplacedRow) fundtrail.Asset {
	return fundtrail.Asset{Chain: f.chain, Contract: fundtrail.EVMAddress(f.chain, r.token)}
}

// addUnplaced keeps a token transfer, unless it is from nobody to nobody.
func (f *file) addUnplaced(r unplacedRow) error {
	f.settle(r.tx.Hash)
	if r.from != r.to || r.from != [20]byte{} {
		f.unplaced = append(f.unplaced, r)
	}
	return nil
}

func (f *file) listTokenRow() error {
	r, err := f.listToken(fundtrail.UnplacedLog)
	if err == nil {
		r.amount, err = f.amount(listValue)
	}
	if err != nil || r.amount.IsZero() {
		return err
	}
	return f.addUnplaced(r)
}

// websiteTokenRow reads a token transfer of Etherscan's website, whose amount is in whole
// tokens and which does not tell of how many base units one is.
func (f *file) websiteTokenRow() error {
	r, err := f.listToken(fundtrail.UnplacedLog)
	if err != nil {
		return err
	}
	decimals, ok := 0, false
	if f.opt.Decimals != nil {
		decimals, ok = f.opt.Decimals(f.tokenOf(&r))
	}
	if !ok || decimals < 0 || decimals > math.MaxUint8 {
		return f.bad(listContract, "a token whose decimals are on record, since the amount is in whole tokens: export the list by Etherscan's API (tokentx), which tells base units")
	}
	if r.amount, err = f.decimal(listValue, decimals); err != nil || r.amount.IsZero() {
		return err
	}
	return f.addUnplaced(r)
}

// listItemRow reads a transfer of an item (ERC-721).
func (f *file) listItemRow() error {
	r, err := f.listToken(fundtrail.UnplacedLog)
	if err != nil {
		return err
	}
	r.amount = fundtrail.NewAmount(1)
	f.sawKind(r.asset, fundtrail.Item)
	return f.addUnplaced(r)
}

// listItemsRow reads a transfer of ERC-1155: as many of one id.
func (f *file) listItemsRow() error {
	r, err := f.listToken(fundtrail.UnplacedItems)
	if err == nil {
		r.amount, err = f.amount(listValue)
	}
	if err != nil || r.amount.IsZero() {
		return err
	}
	return f.addUnplaced(r)
}
