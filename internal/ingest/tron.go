package ingest

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/chain/tron"
)

// Saved answers of Tron's HTTP API and of TronGrid's. What became of a transaction is in an
// answer of its own, so that files are joined: information first, then what was signed, then
// blocks and accounts' pages. doc/formats-ledger.md describes each.

var tronInfos = format{
	name: "Tron transaction information", order: 0, row: (*file).tronInfoRow,
	columns: []column{{name: "id", need: true}, {name: "blocknumber", need: true}, {name: "blocktimestamp", need: true}},
}

var tronTransactions = format{
	name: "Tron transactions", order: 1, row: (*file).tronTransactionRow,
	columns: []column{{name: "txid", need: true}, {name: "raw_data_hex", need: true}},
}

var tronBlocks = format{
	name: "Tron blocks", order: 2, row: (*file).tronBlockRow,
	columns: []column{{name: "blockid", need: true}, {name: "block_header", need: true}},
}

var tronPages = format{
	name: "TronGrid account pages", order: 2, row: (*file).tronPageRow,
	columns: []column{{name: "data", need: true}, {name: "meta", need: true}},
}

// tronJoin is what the files of one import tell of Tron.
type tronJoin struct {
	infos  map[fundtrail.Hash]json.RawMessage
	signed map[fundtrail.Hash]json.RawMessage
	named  map[fundtrail.Hash]*tronNamed // by pages, without what was signed
	blocks map[*file][]keptBlock
}

// A tronNamed is a transaction that pages name.
type tronNamed struct {
	file  *file
	rows  []tron.AccountRow
	lines []int
}

func (j *job) tronJoin() *tronJoin {
	if j.tron == nil {
		j.tron = &tronJoin{map[fundtrail.Hash]json.RawMessage{}, map[fundtrail.Hash]json.RawMessage{}, map[fundtrail.Hash]*tronNamed{}, map[*file][]keptBlock{}}
	}
	return j.tron
}

func (f *file) decoder() *tron.Decoder { return &tron.Decoder{Wraps: f.opt.Wraps} }

// tronBad makes a bad row of what the decoder refuses.
func tronBad(err error) error {
	if errors.Is(err, fundtrail.ErrInvalid) || errors.Is(err, fundtrail.ErrConflict) || errors.Is(err, fundtrail.ErrNotFound) {
		return &rowError{reason: err.Error(), err: err}
	}
	return err
}

func (f *file) tronInfoRow() error {
	h, err := fundtrail.ParseHash(string(f.cells[0]))
	if err != nil {
		return f.badCell(0, err)
	}
	return f.keepTron(f.tronJoin().infos, h)
}

func (f *file) tronTransactionRow() error {
	h, err := fundtrail.ParseHash(string(f.cells[0]))
	if err != nil {
		return f.badCell(0, err)
	}
	j := f.tronJoin()
	if err := f.keepTron(j.signed, h); err != nil {
		return err
	}
	if j.infos[h] == nil {
		return malformed("nothing says what became of transaction %x: save gettransactioninfobyid's answer beside it", h)
	}
	return f.tronWhole(h)
}

// keepTron keeps an answer for others to be joined with; two about one thing must be the same.
func (f *file) keepTron(into map[fundtrail.Hash]json.RawMessage, h fundtrail.Hash) error {
	text := bytes.TrimSpace(f.raw)
	if have, ok := into[h]; ok && !bytes.Equal(have, text) {
		var x, y bytes.Buffer
		if json.Compact(&x, have) != nil || json.Compact(&y, text) != nil || !bytes.Equal(x.Bytes(), y.Bytes()) {
			return &rowError{reason: fmt.Sprintf("another answer about transaction %x was read before", h), err: fundtrail.ErrConflict}
		}
	}
	into[h] = slices.Clone(text)
	return nil
}

// tronWhole adds a transaction of both answers about it.
func (f *file) tronWhole(h fundtrail.Hash) error {
	j := f.tronJoin()
	t, _, err := f.decoder().Transaction(j.signed[h], j.infos[h])
	if err != nil {
		return tronBad(err)
	}
	return f.tronFact(&t)
}

// tronFact adds a transaction.
func (f *file) tronFact(t *fundtrail.Transaction) error {
	if err := f.b.Transaction(t, f.where()); err != nil {
		return err
	}
	f.sum.Transactions++
	if t.Failed {
		f.sum.Failed++
	}
	n := 0
	for i := range t.Transfers {
		if r := &t.Transfers[i]; len(r.Inputs) > 0 && r.Inputs[0].Amount.IsZero() || len(r.Outputs) > 0 && r.Outputs[0].Amount.IsZero() {
			continue // the builder leaves them out
		}
		n++
		switch x := t.Transfers[i].ID.Index; {
		case x == fundtrail.ValueIndex:
			f.sum.Kinds |= fundtrail.ValueTransfers
		case x < fundtrail.LogIndex:
			f.sum.Kinds |= fundtrail.InternalTransfers
		case x < fundtrail.FeeIndex:
			f.sum.Kinds |= fundtrail.TokenTransfers
		default:
			f.sum.Kinds |= fundtrail.Fees
		}
	}
	if n > 0 {
		if height := t.Block.Height; f.sum.Movements == 0 {
			f.sum.Blocks = [2]int64{height, height}
		} else {
			f.sum.Blocks = [2]int64{min(f.sum.Blocks[0], height), max(f.sum.Blocks[1], height)}
		}
		f.sum.Movements += n
	}
	return nil
}

func (f *file) tronBlockRow() error {
	var list struct {
		Transactions []struct {
			ID string `json:"txID"`
		}
	}
	if err := json.Unmarshal(f.raw, &list); err != nil {
		return malformed("%v", err)
	}
	infos := []json.RawMessage{}
	for _, t := range list.Transactions {
		h, err := fundtrail.ParseHash(t.ID)
		if err != nil {
			return malformed("txID: %v", err)
		}
		info := f.tronJoin().infos[h]
		if info == nil {
			return malformed("nothing says what became of transaction %x: save gettransactioninfobyblocknum's answer beside the block", h)
		}
		infos = append(infos, info)
	}
	all, err := json.Marshal(infos)
	if err != nil {
		return err
	}
	facts, err := f.decoder().Block(f.raw, all)
	if err != nil {
		return tronBad(err)
	}
	for i := range facts.Transactions {
		if err := f.tronFact(&facts.Transactions[i]); err != nil {
			return err
		}
	}
	j := f.tronJoin()
	j.blocks[f] = append(j.blocks[f], keptBlock{block: facts.Block, whole: facts.Whole})
	return nil
}

func (f *file) tronPageRow() error {
	page, err := f.decoder().AccountPage(f.raw)
	if err != nil {
		return tronBad(err)
	}
	j := f.tronJoin()
	for i := range page.Rows {
		r := &page.Rows[i]
		switch h := r.Tx.Hash; {
		case r.Signed != nil && j.infos[h] != nil:
			j.signed[h] = slices.Clone(r.Signed)
			if err := f.tronWhole(h); err != nil {
				return err
			}
		case r.Sure != nil:
			if err := f.tronFact(r.Sure); err != nil {
				return err
			}
		default:
			n := j.named[h]
			if n == nil {
				n = &tronNamed{file: f}
				j.named[h] = n
			}
			n.rows, n.lines = append(n.rows, *r), append(n.lines, f.line)
		}
	}
	return nil
}

// finishTron claims coverage of whole blocks, holds what pages name to what was read of it,
// and says what was not.
func (j *job) finishTron(files []*file) error {
	if j.tron == nil {
		return nil
	}
	for _, f := range files {
		list := j.tron.blocks[f]
		slices.SortStableFunc(list, func(x, y keptBlock) int { return cmp.Compare(x.block.Height, y.block.Height) })
		list = slices.CompactFunc(list, func(x, y keptBlock) bool { return x.block.Height == y.block.Height })
		for i := 0; i < len(list); {
			k := i + 1
			for k < len(list) && list[k].block.Height == list[k-1].block.Height+1 {
				k++
			}
			claimBlocks(j.b, list[i:k], base(f.name))
			i = k
		}
	}
	missing := map[*file]int{}
	hashes := make([]fundtrail.Hash, 0, len(j.tron.named))
	for h := range j.tron.named {
		hashes = append(hashes, h)
	}
	slices.SortFunc(hashes, func(x, y fundtrail.Hash) int { return bytes.Compare(x[:], y[:]) })
	for _, h := range hashes {
		n := j.tron.named[h]
		signed, info := j.tron.signed[h], j.tron.infos[h]
		if signed == nil || info == nil {
			missing[n.file]++
			continue
		}
		t, _, err := (&tron.Decoder{Wraps: j.opt.Wraps}).Transaction(signed, info)
		if err != nil {
			return err
		}
		for i := range n.rows {
			if !n.rows[i].In(&t) {
				return fmt.Errorf("%s line %d: what it says of transaction %s is not what the transaction did: %w", n.file.name, n.lines[i], t.ID, fundtrail.ErrConflict)
			}
		}
	}
	for _, f := range files {
		if missing[f] == 0 {
			continue
		}
		f.sum.Notes = append(f.sum.Notes, fmt.Sprintf("%s names transactions whose transfers have no place there, and %d of them are told nowhere else: they are not in the ledger. Save the answers of gettransactionbyid and gettransactioninfobyid beside it.", base(f.name), missing[f]))
	}
	return nil
}
