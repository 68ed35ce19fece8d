package source

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/fetch"
	"github.com/fundtrail/fundtrail/internal/ingest"
)

// An esplora is the interface of Esplora, which block explorers of coin chains have:
// confirmed transactions of an address, newest first, 25 to a page.
type esplora struct {
	s     *session
	base  string
	chain fundtrail.Chain
}

const esploraPage = 25

// genesis are the first blocks of the coin chains, by which a host shows whose it is.
var genesis = map[fundtrail.Chain]string{
	fundtrail.Bitcoin:  "000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f",
	fundtrail.Litecoin: "12a765e31ffd4059bada1e25190f6e98c99d9714d334efa41a195a7e7e04bfe2",
	fundtrail.Dogecoin: "1a91e3dace36e2be3bf030a65679fe821aa1d6ef92e7c9902eb318182c355691",
}

func (e *esplora) question(what What, of string, to int64, after string) Question {
	return Question{Source: Esplora, Chain: e.chain, What: what, Of: of, To: to, After: after}
}

func (e *esplora) get(ctx context.Context, q Question, path string, check func([]byte) error) ([]byte, error) {
	return e.s.answer(ctx, ask{Question: q, req: fetch.Request{URL: strings.TrimSuffix(e.base, "/") + path}, check: check, absent: q.What == Transaction})
}

func (e *esplora) head(ctx context.Context) (int64, error) {
	_, err := e.get(ctx, e.question(Header, "0", 0, ""), "/block-height/0", func(body []byte) error {
		if got := strings.TrimSpace(string(body)); got != genesis[e.chain] {
			return fmt.Errorf("its first block is %q, which is not that of %s: %w", clip(got), e.chain, fundtrail.ErrConflict)
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	height := func(body []byte) (int64, error) {
		n, err := strconv.ParseInt(strings.TrimSpace(string(body)), 10, 48)
		if err != nil || n < 0 {
			return 0, fmt.Errorf("the newest block: %s: want a height: %w", excerpt(body), fundtrail.ErrInvalid)
		}
		return n, nil
	}
	body, err := e.get(ctx, e.question(Head, "", 0, ""), "/blocks/tip/height", func(b []byte) error { _, err := height(b); return err })
	if err != nil {
		return 0, err
	}
	return height(body)
}

// An esploraTx is what paging reads of a transaction.
type esploraTx struct {
	TxID string `json:"txid"`
	Vin  []struct {
		Prevout *struct {
			Address string `json:"scriptpubkey_address"`
		} `json:"prevout"`
	} `json:"vin"`
	Vout []struct {
		Address string `json:"scriptpubkey_address"`
	} `json:"vout"`
	Status struct {
		Confirmed bool  `json:"confirmed"`
		Height    int64 `json:"block_height"`
	} `json:"status"`
}

// moves is how many inputs and outputs of a transaction are an address's.
func (t *esploraTx) moves(of string) (n int) {
	for _, in := range t.Vin {
		if in.Prevout != nil && in.Prevout.Address == of {
			n++
		}
	}
	for _, out := range t.Vout {
		if out.Address == of {
			n++
		}
	}
	return n
}

func (e *esplora) history(ctx context.Context, a fundtrail.Address, to int64, b Bound) (*History, error) {
	h := &History{}
	of := a.String()
	cover := fundtrail.Coverage{Chain: e.chain, Address: a, ToBlock: to, What: fundtrail.AllKinds, Source: Esplora}
	moves, after, height := 0, "", int64(1)<<48
	seen := map[string]bool{}
	for n := 1; ; n++ {
		q := e.question(Transactions, of, to, after)
		path := "/address/" + of + "/txs/chain"
		if after != "" {
			path += "/" + after
		}
		body, err := e.get(ctx, q, path, esploraList)
		if err != nil {
			return h, err
		}
		var txs []esploraTx
		if err := json.Unmarshal(body, &txs); err != nil {
			return h, fmt.Errorf("%s: %v: %w", q, err, fundtrail.ErrInvalid)
		}
		for i := range txs {
			t := &txs[i]
			m := t.moves(of)
			switch {
			case m == 0:
				return h, fmt.Errorf("%s: %w", q, lies("transaction %q neither spends nor pays a coin of that address", clip(t.TxID)))
			case !t.Status.Confirmed:
				return h, fmt.Errorf("%s: %w", q, lies("transaction %q is in no block", clip(t.TxID)))
			case t.Status.Height > height:
				return h, fmt.Errorf("%s: %w", q, lies("transaction %q is of block %d, after one of block %d: newest first was asked for", clip(t.TxID), t.Status.Height, height))
			case seen[t.TxID]:
				return h, fmt.Errorf("%s: %w", q, lies("transaction %q comes twice", clip(t.TxID)))
			}
			seen[t.TxID], height = true, t.Status.Height
			if height <= to {
				moves += m
			}
		}
		if len(txs) > 0 {
			h.add(q, ingest.EsploraTransactions, body)
		}
		if len(txs) < esploraPage {
			h.Cover = []fundtrail.Coverage{cover}
			return h, nil
		}
		after = txs[len(txs)-1].TxID
		switch {
		case b.Hub > 0 && moves > b.Hub:
			h.Cut = "it has so many transactions that the trace ends there"
		case n == maxPages*4:
			h.Cut = fmt.Sprintf("it has more than %d transactions", n*esploraPage)
		default:
			continue
		}
		if cover.FromBlock = height + 1; cover.FromBlock <= to { // the block of the last one may go on
			h.Cover = []fundtrail.Coverage{cover}
		}
		return h, nil
	}
}

func esploraList(body []byte) error {
	var list []json.RawMessage
	if err := json.Unmarshal(body, &list); err != nil {
		return fmt.Errorf("it does not answer with a list (%s): %w", excerpt(body), errBusy)
	}
	return nil
}

func (e *esplora) transaction(ctx context.Context, id fundtrail.TxID, _ int64) (*History, error) {
	hash := id.String()
	q := e.question(Transaction, hash, 0, "")
	body, err := e.get(ctx, q, "/tx/"+hash, func(body []byte) error {
		var t esploraTx
		if err := json.Unmarshal(body, &t); err != nil {
			return fmt.Errorf("it does not answer with a transaction (%s): %w", excerpt(body), errBusy)
		}
		if t.TxID != hash {
			return lies("asked for transaction %s it gives %q", hash, clip(t.TxID))
		}
		if !t.Status.Confirmed {
			return fmt.Errorf("transaction %s is in no block yet: %w", hash, fundtrail.ErrNotFound)
		}
		return nil
	})
	if err != nil {
		if errors.Is(err, fundtrail.ErrNotFound) {
			return nil, err
		}
		return &History{}, err
	}
	h := &History{}
	h.add(q, ingest.EsploraTransaction, body)
	return h, nil
}
