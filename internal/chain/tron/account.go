package tron

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/chain/node"
)

// An account's history, as TronGrid tells it beside the node's API. Its three lists name
// transactions and say little of them: no list has the place of a log or of an internal
// transfer, and a list of tokens not even the block. What makes a fact is the node's own
// answer: [Decoder.Transaction] reads gettransactionbyid with gettransactioninfobyid, and a
// row is held to that with [AccountRow.In].

// An AccountList is one of TronGrid's lists of an account.
type AccountList string

// The lists. Of all three together, TRC-10 tokens that contracts moved may be missing.
const (
	AccountTransactions AccountList = "transactions"          // signed by the account, or to it
	AccountTokens       AccountList = "transactions/trc20"    // TRC-20 and TRC-721 transfers
	AccountInternal     AccountList = "internal-transactions" // what contracts moved
)

// AccountURL is where a page of a list is asked for: confirmed transactions alone, the oldest
// first, from a moment in milliseconds on. The fingerprint is that of the page before, "" for
// the first.
func AccountURL(base string, a fundtrail.Address, list AccountList, fromMillis int64, fingerprint string) string {
	q := url.Values{"only_confirmed": {"true"}, "limit": {"200"}, "order_by": {"block_timestamp,asc"}}
	if list == AccountTransactions {
		q.Set("search_internal", "false") // they have a list of their own
	}
	if fromMillis > 0 {
		q.Set("min_timestamp", fmt.Sprint(fromMillis))
	}
	if fingerprint != "" {
		q.Set("fingerprint", fingerprint)
	}
	return strings.TrimRight(base, "/") + "/v1/accounts/" + a.String() + "/" + string(list) + "?" + q.Encode()
}

// An AccountPage is a page of one of the lists.
type AccountPage struct {
	Rows        []AccountRow // in the page's order
	Fingerprint string       // of this page, to ask for the next one with; "" after the last
	// Next is the next page's address as the answer gives it; "" after the last. It may lead
	// anywhere: AccountURL with the fingerprint asks the same of whom was asked before.
	Next string
}

// An AccountRow names a transaction, and says what the list says of it.
type AccountRow struct {
	Tx     fundtrail.TxID
	Time   time.Time
	Height int64 // of its block, -1 where the list does not tell
	// Signed is the transaction as gettransactionbyid gives it, nil where the list does not
	// hold it.
	Signed json.RawMessage
	// Sure is, of a transaction that the list holds, what it makes certain by itself: the
	// value sent and the fee, but nothing of what contracts moved. Its block has no hash.
	Sure *fundtrail.Transaction
	// Move is a movement that the list tells without its place.
	Move *AccountMove
}

// An AccountMove is a token's or an internal transfer without a place of its own.
type AccountMove struct {
	Asset    fundtrail.Asset
	From, To fundtrail.Address
	Amount   fundtrail.Amount
}

type rpcPage struct {
	Success *bool
	Error   string
	Data    []json.RawMessage
	Meta    struct {
		Fingerprint string
		Links       struct{ Next string }
	}
}

// AccountPage reads a page of any of the lists.
func (d *Decoder) AccountPage(raw []byte) (AccountPage, error) {
	var r rpcPage
	if err := parse(raw, &r); err != nil {
		return AccountPage{}, err
	}
	switch {
	case r.Success != nil && !*r.Success || r.Error != "":
		return AccountPage{}, fmt.Errorf("the source says: %s: %w", node.Clean(r.Error, 200), fundtrail.ErrUnavailable)
	case r.Data == nil:
		return AccountPage{}, broken("a page without data")
	}
	p := AccountPage{Fingerprint: r.Meta.Fingerprint, Next: r.Meta.Links.Next}
	for i, raw := range r.Data {
		rows, err := d.accountRow(raw)
		if err != nil {
			return AccountPage{}, fmt.Errorf("row %d: %w", i, err)
		}
		p.Rows = append(p.Rows, rows...)
	}
	return p, nil
}

// accountRow reads one object. An internal transaction may move several assets.
func (d *Decoder) accountRow(raw json.RawMessage) ([]AccountRow, error) {
	var kind struct {
		TxID     string `json:"txID"`
		Token    string `json:"transaction_id"`
		Internal string `json:"internal_tx_id"`
	}
	if err := parse(raw, &kind); err != nil {
		return nil, err
	}
	switch {
	case kind.Internal != "":
		return internalRows(raw)
	case kind.Token != "":
		return tokenRow(raw)
	case kind.TxID != "":
		return d.transactionRow(raw)
	}
	return nil, broken("neither txID, transaction_id nor internal_tx_id")
}

func (d *Decoder) transactionRow(raw json.RawMessage) ([]AccountRow, error) {
	var r rpcTx
	if err := parse(raw, &r); err != nil {
		return nil, err
	}
	s, err := r.sign()
	if err != nil {
		return nil, err
	}
	at, err := moment(r.BlockNumber, r.BlockTime)
	if err != nil {
		return nil, err
	}
	w := d.writer(fundtrail.Block{Chain: fundtrail.Tron, Height: *r.BlockNumber, Time: at})
	t, err := w.transaction(UnknownPlace, &r, &s, nil)
	if err != nil {
		return nil, err
	}
	return []AccountRow{{Tx: t.ID, Time: at, Height: *r.BlockNumber, Signed: raw, Sure: &t}}, nil
}

func tokenRow(raw json.RawMessage) ([]AccountRow, error) {
	var r struct {
		ID    string `json:"transaction_id"`
		Token struct {
			Address string
		} `json:"token_info"`
		Time     *int64 `json:"block_timestamp"`
		From, To string
		Type     string
		Value    string
	}
	if err := parse(raw, &r); err != nil {
		return nil, err
	}
	row, err := namedRow(r.ID, r.Time)
	if err != nil {
		return nil, err
	}
	if r.Type != "" && r.Type != "Transfer" || r.Token.Address == "" {
		return []AccountRow{row}, nil // an approval moves nothing; the transaction is named all the same
	}
	m := &AccountMove{}
	token, err := account(r.Token.Address)
	if err != nil {
		return nil, fmt.Errorf("token_info: %w", err)
	}
	m.Asset = fundtrail.Asset{Chain: fundtrail.Tron, Contract: fundtrail.EVMAddress(fundtrail.Tron, token)}
	if m.From, err = partyOf(r.From); err != nil {
		return nil, fmt.Errorf("from: %w", err)
	}
	if m.To, err = partyOf(r.To); err != nil {
		return nil, fmt.Errorf("to: %w", err)
	}
	if m.Amount, err = fundtrail.ParseAmount(r.Value); err != nil {
		return nil, broken("value: %v", err)
	}
	row.Move = m
	return []AccountRow{row}, nil
}

// partyOf reads a side of a token's transfer; the address of zeros is nobody.
func partyOf(text string) (fundtrail.Address, error) {
	a, err := account(text)
	if err != nil || a == (address{}) {
		return fundtrail.Address{}, err
	}
	return fundtrail.EVMAddress(fundtrail.Tron, a), nil
}

func internalRows(raw json.RawMessage) ([]AccountRow, error) {
	var r struct {
		ID   string `json:"tx_id"`
		Time *int64 `json:"block_timestamp"`
		From string `json:"from_address"`
		To   string `json:"to_address"`
		Data struct {
			Note     string // in hexadecimal digits
			Rejected bool
			Values   map[string]json.Number `json:"call_value"` // by a TRC-10 token's number, "_" for TRX
		}
	}
	if err := parse(raw, &r); err != nil {
		return nil, err
	}
	row, err := namedRow(r.ID, r.Time)
	if err != nil {
		return nil, err
	}
	note := r.Data.Note
	if text, err := hex.DecodeString(note); err == nil {
		note = string(text)
	}
	trx := uint64(0)
	if v := r.Data.Values["_"]; v != "" {
		if trx, err = strconv.ParseUint(v.String(), 10, 63); err != nil {
			return nil, broken("call_value: %q", node.Clean(v.String(), 40))
		}
	}
	if r.Data.Rejected || settled(note) || trx == 0 {
		return []AccountRow{row}, nil // its transaction is worth asking for, and no movement is told
	}
	m := &AccountMove{Asset: native, Amount: fundtrail.NewAmount(trx)}
	from, err := account(r.From)
	if err != nil {
		return nil, fmt.Errorf("from_address: %w", err)
	}
	to, err := account(r.To)
	if err != nil {
		return nil, fmt.Errorf("to_address: %w", err)
	}
	m.From, m.To = fundtrail.EVMAddress(fundtrail.Tron, from), fundtrail.EVMAddress(fundtrail.Tron, to)
	if note == "withdrawReward" {
		m.From = fundtrail.Address{}
	}
	row.Move = m
	return []AccountRow{row}, nil
}

func namedRow(id string, ms *int64) (AccountRow, error) {
	h, err := fundtrail.ParseHash(id)
	if err != nil {
		return AccountRow{}, broken("%v", err)
	}
	zero := int64(0)
	at, err := moment(&zero, ms)
	return AccountRow{Tx: fundtrail.TxID{Chain: fundtrail.Tron, Hash: h}, Time: at, Height: -1}, err
}

// In reports whether a transaction bears out what the row says of it: its time, its block
// where that is told, and the movement.
func (r *AccountRow) In(t *fundtrail.Transaction) bool {
	if t.ID != r.Tx || !t.Block.Time.Equal(r.Time) || r.Height >= 0 && t.Block.Height != r.Height {
		return false
	}
	if r.Move == nil {
		return true
	}
	side := func(list []fundtrail.Entry, who fundtrail.Address) bool {
		if who.IsZero() {
			return len(list) == 0
		}
		return len(list) == 1 && list[0].Address == who && list[0].Amount == r.Move.Amount
	}
	for i := range t.Transfers {
		x := &t.Transfers[i]
		if x.ID.Index < fundtrail.FeeIndex && x.Asset == r.Move.Asset && side(x.Inputs, r.Move.From) && side(x.Outputs, r.Move.To) {
			return true
		}
	}
	return false
}

// Transaction makes a transaction of the node's two answers about it: gettransactionbyid's,
// or [AccountRow.Signed], and gettransactioninfobyid's. It returns the kinds of transfer of
// which the transaction has all. The block has no hash, and its place in it is UnknownPlace:
// neither is told. An answer that does not know the transaction is an empty object, and an
// error that wraps [fundtrail.ErrNotFound].
func (d *Decoder) Transaction(signed, info []byte) (fundtrail.Transaction, fundtrail.Kinds, error) {
	var r rpcTx
	if err := parse(signed, &r); err != nil {
		return fundtrail.Transaction{}, 0, err
	}
	var i rpcInfo
	if err := parse(info, &i); err != nil {
		return fundtrail.Transaction{}, 0, err
	}
	if r.ID == "" && r.RawHex == "" || i.ID == "" {
		return fundtrail.Transaction{}, 0, fmt.Errorf("the node does not know the transaction, or it is in no block yet: %w", fundtrail.ErrNotFound)
	}
	s, err := r.sign()
	if err != nil {
		return fundtrail.Transaction{}, 0, err
	}
	at, err := i.check(s.id)
	if err != nil {
		return fundtrail.Transaction{}, 0, err
	}
	w := d.writer(fundtrail.Block{Chain: fundtrail.Tron, Height: *i.BlockNumber, Time: at})
	t, err := w.transaction(UnknownPlace, &r, &s, &i)
	return t, w.claims(), err
}

// claims are the kinds of which what was written has all. Whether the node keeps internal
// transactions shows only where there are some, or where none can be.
func (w *writer) claims() fundtrail.Kinds {
	if w.ran && !w.inner && !w.Internal {
		return w.whole &^ fundtrail.InternalTransfers
	}
	return w.whole
}
