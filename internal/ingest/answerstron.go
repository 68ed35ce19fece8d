package ingest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/chain/tron"
	"github.com/fundtrail/fundtrail/internal/ledger"
)

// A tronTold is what answers tell of one transaction of Tron.
type tronTold struct {
	hash         fundtrail.Hash
	name         string // of an answer about it, for messages
	signed, info []byte
	rows         []tron.AccountRow
}

func (a *answers) keepTron(an *Answer) error {
	of := func(h fundtrail.Hash) *tronTold {
		t := a.tron[h]
		if t == nil {
			t = &tronTold{hash: h, name: an.Name}
			a.tron[h] = t
		}
		return t
	}
	switch an.Form {
	case TronSigned:
		of(an.Tx).signed = an.Body
	case TronInfo:
		of(an.Tx).info = an.Body
	default:
		page, err := a.decoder().AccountPage(an.Body)
		if err != nil {
			return err
		}
		for _, r := range page.Rows {
			t := of(r.Tx.Hash)
			t.rows = append(t.rows, r)
			if t.signed == nil && r.Signed != nil {
				t.signed = slices.Clone([]byte(r.Signed))
			}
		}
		a.sum.Rows += len(page.Rows)
	}
	return nil
}

func (a *answers) decoder() *tron.Decoder { return &tron.Decoder{Wraps: a.opt.Wraps} }

// tronTxs adds the transactions that are told whole, and of the others what a list makes
// certain by itself.
func (a *answers) tronTxs() error {
	list := make([]*tronTold, 0, len(a.tron))
	for _, t := range a.tron {
		list = append(list, t)
	}
	slices.SortFunc(list, func(x, y *tronTold) int { return bytes.Compare(x.hash[:], y.hash[:]) })
	for _, t := range list {
		if err := a.tronTx(t); err != nil {
			return fmt.Errorf("%s: transaction %x: %w", t.name, t.hash, err)
		}
	}
	return nil
}

func (a *answers) tronTx(t *tronTold) error {
	var tx *fundtrail.Transaction
	if t.signed != nil && t.info != nil {
		full, _, err := a.decoder().Transaction(json.RawMessage(t.signed), json.RawMessage(t.info))
		if err != nil {
			return err
		}
		if full.ID.Hash != t.hash {
			return fmt.Errorf("the answers are about transaction %s: %w", full.ID, fundtrail.ErrConflict)
		}
		for i := range t.rows {
			if !t.rows[i].In(&full) {
				return fmt.Errorf("what a list says of it is not what it did: %w", fundtrail.ErrConflict)
			}
		}
		tx = &full
	} else if i := slices.IndexFunc(t.rows, func(r tron.AccountRow) bool { return r.Sure != nil }); i >= 0 {
		tx = t.rows[i].Sure
	}
	if tx == nil || tx.Block.Height > a.to {
		return nil
	}
	f := &file{job: a.job, table: &table{}, name: t.name, id: a.b.File(t.name)}
	f.table.line = ledger.WholeFile
	if err := f.tronFact(tx); err != nil {
		return err
	}
	a.sum.Transactions++
	a.sum.Movements += f.sum.Movements
	a.sum.Kinds |= f.sum.Kinds
	return nil
}
