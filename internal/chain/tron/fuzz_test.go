package tron_test

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"testing"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/chain/tron"
)

// judged holds an error to the sentinels a caller can act on.
func judged(t *testing.T, err error) {
	t.Helper()
	for _, s := range []error{fundtrail.ErrInvalid, fundtrail.ErrConflict, fundtrail.ErrNotFound, fundtrail.ErrLimit, fundtrail.ErrUnavailable} {
		if errors.Is(err, s) {
			return
		}
	}
	t.Errorf("an error without a kind: %v", err)
}

// sound holds a transaction to what every ledger asks of one.
func sound(t *testing.T, tx *fundtrail.Transaction) {
	t.Helper()
	last := int64(-1)
	for _, tr := range tx.Transfers {
		if int64(tr.ID.Index) <= last || len(tr.Inputs)+len(tr.Outputs) == 0 || len(tr.Inputs) > 1 || len(tr.Outputs) > 1 || tr.ID.Tx != tx.ID {
			t.Errorf("a transfer that cannot be: %+v", tr)
		}
		if tx.Failed && tr.ID.Index < fundtrail.FeeIndex {
			t.Errorf("it failed, and moved: %+v", tr)
		}
		last = int64(tr.ID.Index)
	}
}

// FuzzSigned: any bytes that were signed, with information about them, are a transaction or
// an error that says why not.
func FuzzSigned(f *testing.F) {
	c := made(2, 4)
	for _, b := range c.blocks {
		for _, tx := range b.txs {
			raw, _ := hex.DecodeString(tx.tx["raw_data_hex"].(string))
			f.Add(raw, []byte(must(tx.info)))
		}
	}
	f.Fuzz(func(t *testing.T, raw, info []byte) {
		id := digest(raw)
		signed := must(obj{"txID": hex.EncodeToString(id[:]), "raw_data_hex": hex.EncodeToString(raw)})
		var o obj
		if json.Unmarshal(info, &o) == nil && o != nil {
			o["id"] = hex.EncodeToString(id[:])
			info = must(o)
		}
		tx, _, err := (&tron.Decoder{}).Transaction(signed, info)
		if err != nil {
			judged(t, err)
			return
		}
		sound(t, &tx)
	})
}

// FuzzBlock: any two answers about a block are its facts, or an error that says why not.
func FuzzBlock(f *testing.F) {
	c := made(2, 4)
	for _, b := range c.blocks {
		var infos []obj
		for _, tx := range b.txs {
			infos = append(infos, tx.info)
		}
		f.Add([]byte(must(b.block)), []byte(must(infos)))
	}
	f.Fuzz(func(t *testing.T, block, infos []byte) {
		got, err := (&tron.Decoder{}).Block(block, infos)
		if err != nil {
			judged(t, err)
			return
		}
		for i := range got.Transactions {
			sound(t, &got.Transactions[i])
		}
	})
}

// FuzzAccountPage: any text is a page or an error that says why not.
func FuzzAccountPage(f *testing.F) {
	f.Add([]byte(`{"data":[],"success":true,"meta":{"at":1,"page_size":0}}`))
	f.Add([]byte(`{"data":[{"transaction_id":"77ddfa7093cc5f745c0d3a54abb89ef070f983343c05e0f89e5a52f3e5401299","token_info":{"address":"TLsV52sRDL79HXGGm9yzwKibb6BeruhUzy"},"block_timestamp":1,"from":"TLsV52sRDL79HXGGm9yzwKibb6BeruhUzy","to":"T9yD14Nj9j7xAB4dbGeiX9h8unkKHxuWwb","type":"Transfer","value":"1"}]}`))
	f.Add([]byte(`{"data":[{"internal_tx_id":"a","tx_id":"77ddfa7093cc5f745c0d3a54abb89ef070f983343c05e0f89e5a52f3e5401299","block_timestamp":1,"from_address":"41608f8da72479edc7dd921e4c30bb7e7cddbe722e","to_address":"41608f8da72479edc7dd921e4c30bb7e7cddbe722e","data":{"note":"63616c6c","call_value":{"_":5}}}]}`))
	f.Add([]byte(`{"data":[` + documented[:len(documented)-1] + `,"blockNumber":5,"block_timestamp":6}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		p, err := (&tron.Decoder{}).AccountPage(text)
		if err != nil {
			judged(t, err)
			return
		}
		for _, r := range p.Rows {
			if r.Sure != nil {
				sound(t, r.Sure)
			}
			if r.Tx.IsZero() && r.Sure == nil && r.Tx.Chain == "" {
				t.Error("a row of nothing")
			}
		}
	})
}
