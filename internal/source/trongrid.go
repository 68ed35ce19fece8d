package source

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/chain/tron"
	"github.com/fundtrail/fundtrail/internal/fetch"
	"github.com/fundtrail/fundtrail/internal/ingest"
)

// A trongrid is TronGrid's interface: three lists of an account, which name transactions,
// beside the node's own, which tells what they did.
type trongrid struct {
	s    *session
	base string
}

func (g *trongrid) question(what What, of string, to int64, after string) Question {
	return Question{Source: TronGrid, Chain: fundtrail.Tron, What: what, Of: of, To: to, After: after}
}

// header carries the key, which goes to the host alone.
func (g *trongrid) header() http.Header {
	h := http.Header{"Content-Type": {"application/json"}}
	if g.s.o.Key != "" {
		h.Set("TRON-PRO-API-KEY", g.s.o.Key)
	}
	return h
}

// wallet asks the node behind.
func (g *trongrid) wallet(ctx context.Context, q Question, method, of string, check func([]byte) error) ([]byte, error) {
	body := []byte("{}")
	if of != "" {
		body = fmt.Appendf(nil, "{%q:%q}", "value", of)
	}
	return g.s.answer(ctx, ask{Question: q, check: check, absent: q.What == Transaction,
		req: fetch.Request{URL: strings.TrimRight(g.base, "/") + "/wallet/" + method, Method: http.MethodPost, Body: body, Header: g.header()}})
}

func (g *trongrid) head(ctx context.Context) (int64, error) {
	height := func(body []byte) (int64, error) {
		var b struct {
			Header struct {
				Raw struct {
					Number *int64 `json:"number"`
				} `json:"raw_data"`
			} `json:"block_header"`
		}
		if err := json.Unmarshal(body, &b); err != nil || b.Header.Raw.Number == nil || *b.Header.Raw.Number < 0 {
			return 0, fmt.Errorf("the newest block: %s: want a block: %w", excerpt(body), errBusy)
		}
		return *b.Header.Raw.Number, nil
	}
	body, err := g.wallet(ctx, g.question(Head, "", 0, ""), "getnowblock", "", func(b []byte) error { _, err := height(b); return err })
	if err != nil {
		return 0, err
	}
	return height(body)
}

// tronLists are the lists of an account, and what asking for each is called.
var tronLists = []struct {
	what What
	list tron.AccountList
}{{Transactions, tron.AccountTransactions}, {Internal, tron.AccountInternal}, {LogsTo, tron.AccountTokens}}

// A tronTx is a transaction that lists name.
type tronTx struct {
	signed bool // a list holds what was signed
	plain  bool // and it moves what it says and nothing else
}

func (g *trongrid) history(ctx context.Context, a fundtrail.Address, to int64, b Bound) (*History, error) {
	h := &History{}
	var order []fundtrail.Hash
	txs := map[fundtrail.Hash]*tronTx{}
	met := newMeeting(a.String(), fundtrail.Tron, b)
	var short error // of token transfers alone: what is held of the rest stands
	for _, l := range tronLists {
		if l.what == LogsTo && !b.Tokens {
			continue
		}
		err := g.list(ctx, h, a, to, l.what, l.list, met, func(r *tron.AccountRow) {
			t := txs[r.Tx.Hash]
			if t == nil {
				t = &tronTx{}
				txs[r.Tx.Hash] = t
				order = append(order, r.Tx.Hash)
			}
			if r.Signed != nil {
				t.signed, t.plain = true, plain(r.Signed)
			}
		})
		if l.what == LogsTo && (errors.Is(err, errOffline) || errors.Is(err, errBudget)) {
			short, err = err, nil
		}
		if err != nil || h.Cut != "" {
			return h, err
		}
	}
	need := 0
	for _, t := range txs {
		if !t.plain {
			need++
		}
	}
	if need > maxInner {
		h.Cut = fmt.Sprintf("%d of its transactions are calls of contracts, more than the %d that are asked for", need, maxInner)
		return h, nil
	}
	for _, hash := range order {
		if t := txs[hash]; !t.plain {
			if err := g.both(ctx, h, hash, !t.signed); err != nil {
				return h, err
			}
		}
	}
	h.Cover = []fundtrail.Coverage{{Chain: fundtrail.Tron, Address: a, ToBlock: to, Source: TronGrid,
		What: fundtrail.ValueTransfers | fundtrail.InternalTransfers | fundtrail.Fees}}
	return h, short
}

// plain says that a transaction only sends the chain's coin, so that no contract runs.
func plain(signed []byte) bool {
	var t struct {
		Raw struct {
			Contract []struct {
				Type string `json:"type"`
			} `json:"contract"`
		} `json:"raw_data"`
	}
	return json.Unmarshal(signed, &t) == nil && len(t.Raw.Contract) == 1 && t.Raw.Contract[0].Type == "TransferContract"
}

// list asks for a list, page for page.
func (g *trongrid) list(ctx context.Context, h *History, a fundtrail.Address, to int64, what What, list tron.AccountList, met *meeting, each func(*tron.AccountRow)) error {
	var d tron.Decoder
	check := func(body []byte) error {
		_, err := d.AccountPage(body)
		if errors.Is(err, fundtrail.ErrInvalid) && !json.Valid(body) {
			return fmt.Errorf("%w (%w)", err, errBusy)
		}
		return err
	}
	of := a.String()
	coded := []byte("41" + hex.EncodeToString(a.Payload()))
	after := ""
	for n := 1; ; n++ {
		q := g.question(what, of, to, after)
		body, err := g.s.answer(ctx, ask{Question: q, check: check, req: fetch.Request{URL: tron.AccountURL(g.base, a, list, 0, after), Header: g.header()}})
		if err != nil {
			return err
		}
		page, err := d.AccountPage(body)
		if err != nil {
			return fmt.Errorf("%s: %w", q, err)
		}
		for i := range page.Rows {
			r := &page.Rows[i]
			if m := r.Move; m != nil && m.From != a && m.To != a ||
				r.Signed != nil && !bytes.Contains(bytes.ToLower(r.Signed), coded) && !bytes.Contains(r.Signed, []byte(of)) {
				return fmt.Errorf("%s: %w", q, lies("row %d is not about the address that was asked for", i+1))
			}
			if r.Height > to {
				continue // it came after the block that the case is as of
			}
			each(r)
			met.tron(r)
		}
		if len(page.Rows) > 0 {
			h.add(q, ingest.TronPage, body)
		}
		switch {
		case page.Fingerprint == "" || len(page.Rows) == 0:
			return nil
		case met.enough():
			h.Cut = "it has so many counterparties that the trace ends there"
			return nil
		case n == maxPages:
			h.Cut = fmt.Sprintf("it has more than %d pages of %s", n, what)
			return nil
		case page.Fingerprint == after:
			return fmt.Errorf("%s: %w", q, lies("the page after it is itself"))
		}
		after = page.Fingerprint
	}
}

// tron counts whom a row deals with.
func (m *meeting) tron(r *tron.AccountRow) {
	count := func(asset fundtrail.Asset, from, to fundtrail.Address, amount fundtrail.Amount) {
		if dust, traced := m.b.Dust[asset]; !traced || amount.IsZero() || amount.Less(dust) {
			return
		}
		other := from.String()
		if other == m.self {
			other = to.String()
		}
		m.met[other] = true
	}
	if r.Move != nil {
		count(r.Move.Asset, r.Move.From, r.Move.To, r.Move.Amount)
	}
	if r.Sure == nil {
		return
	}
	for i := range r.Sure.Transfers {
		if t := &r.Sure.Transfers[i]; t.ID.Index == fundtrail.ValueIndex && len(t.Inputs) == 1 && len(t.Outputs) == 1 {
			count(t.Asset, t.Inputs[0].Address, t.Outputs[0].Address, t.Inputs[0].Amount)
		}
	}
}

// both asks for what the node tells of a transaction: what became of it and, where no list
// holds it, what was signed.
func (g *trongrid) both(ctx context.Context, h *History, hash fundtrail.Hash, signed bool) error {
	id := hex.EncodeToString(hash[:])
	if signed {
		q := g.question(Transaction, id, 0, "")
		body, err := g.wallet(ctx, q, "gettransactionbyid", id, func(body []byte) error {
			var t struct {
				ID string `json:"txID"`
			}
			switch err := json.Unmarshal(body, &t); {
			case err != nil:
				return fmt.Errorf("it does not answer with a transaction (%s): %w", excerpt(body), errBusy)
			case t.ID == "":
				return errUnknown
			case !strings.EqualFold(t.ID, id):
				return lies("asked for transaction %s it gives %q", id, clip(t.ID))
			}
			return nil
		})
		if err != nil {
			return err
		}
		h.add(q, ingest.TronSigned, body).Tx = hash
	}
	q := g.question(Receipt, id, 0, "")
	body, err := g.wallet(ctx, q, "gettransactioninfobyid", id, func(body []byte) error {
		var t struct {
			ID string `json:"id"`
		}
		switch err := json.Unmarshal(body, &t); {
		case err != nil:
			return fmt.Errorf("it does not answer with what became of a transaction (%s): %w", excerpt(body), errBusy)
		case t.ID == "":
			return fmt.Errorf("it does not know what became of transaction %s: is it in a block yet? %w", id, fundtrail.ErrUnavailable)
		case !strings.EqualFold(t.ID, id):
			return lies("asked for transaction %s it gives %q", id, clip(t.ID))
		}
		return nil
	})
	if err != nil {
		return err
	}
	h.add(q, ingest.TronInfo, body).Tx = hash
	return nil
}

func (g *trongrid) transaction(ctx context.Context, id fundtrail.TxID, _ int64) (*History, error) {
	h := &History{}
	err := g.both(ctx, h, id.Hash, true)
	if errors.Is(err, errUnknown) {
		return nil, err
	}
	return h, err
}
