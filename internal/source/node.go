package source

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/fetch"
	"github.com/fundtrail/fundtrail/internal/ingest"
)

// A node is an EVM chain's node, over JSON-RPC. Which transactions an address had a plain
// node cannot tell: those can that index traces (trace_filter: Erigon, Nethermind, Reth) or
// search for Otterscan (ots_searchTransactionsAfter: Erigon, Reth, Anvil). What the
// transactions did, nodes tell exactly.
type node struct {
	s     *session
	url   string
	chain fundtrail.Chain
	id    int64
}

// The questions that only nodes are asked.
const (
	ChainID    What = "chain-id"
	TracesFrom What = "traces-from" // trace_filter
	TracesTo   What = "traces-to"
	Search     What = "search" // ots_searchTransactionsAfter
	Bundle     What = "bundle" // a transaction, its receipt, its traces and its block's header
)

var errNoMethod = fmt.Errorf("the node does not know the method: %w", fundtrail.ErrUnavailable)

func (n *node) question(what What, of string, from, to int64, page int) Question {
	return Question{Source: RPC, Chain: n.chain, What: what, Of: of, From: from, To: to, Page: page}
}

type rpcCall struct {
	Version string `json:"jsonrpc"`
	ID      int    `json:"id"`
	Method  string `json:"method"`
	Params  []any  `json:"params"`
}

func (n *node) post(ctx context.Context, q Question, call any, check func([]byte) error) ([]byte, error) {
	body, err := json.Marshal(call)
	if err != nil {
		return nil, err
	}
	return n.s.answer(ctx, ask{Question: q, check: check, absent: q.What == Transaction,
		req: fetch.Request{URL: n.url, Method: "POST", Body: body, Header: jsonHeader}})
}

// call asks one thing.
func (n *node) call(ctx context.Context, q Question, method string, params ...any) (json.RawMessage, error) {
	if params == nil {
		params = []any{}
	}
	body, err := n.post(ctx, q, rpcCall{"2.0", 1, method, params}, nodeAnswer)
	if err != nil {
		return nil, err
	}
	return ingest.RPCResult(body)
}

// nodeAnswer refuses what is no answer of a node, and tells what it cannot do.
func nodeAnswer(body []byte) error {
	v, err := readEnvelope(body)
	if v.Error != nil {
		text := strings.ToLower(v.Error.Message)
		if v.Error.Code == -32601 || strings.Contains(text, "method not found") || strings.Contains(text, "not available") || strings.Contains(text, "not supported") {
			return errNoMethod
		}
	}
	if err != nil {
		return err
	}
	_, err = ingest.RPCResult(body)
	return err
}

func (n *node) head(ctx context.Context) (int64, error) {
	raw, err := n.call(ctx, n.question(ChainID, "", 0, 0, 0), "eth_chainId")
	if err != nil {
		return 0, err
	}
	var text string
	json.Unmarshal(raw, &text)
	if id, err := strconv.ParseInt(text, 0, 64); err != nil || id != n.id {
		return 0, lies("the node is of chain %s, and %s is chain %d", clip(string(raw)), n.chain, n.id)
	}
	body, err := n.post(ctx, n.question(Head, "", 0, 0, 0), rpcCall{"2.0", 1, "eth_blockNumber", []any{}}, nodeAnswer)
	if err != nil {
		return 0, err
	}
	return heightOf(body)
}

func hexNumber(n int64) string { return "0x" + strconv.FormatInt(n, 16) }

// A txAt is a transaction and its block.
type txAt struct {
	hash   string
	height int64
}

func (n *node) history(ctx context.Context, a fundtrail.Address, to int64, b Bound) (*History, error) {
	h := &History{}
	of := strings.ToLower(a.String())
	found := map[txAt]bool{}
	err := n.traced(ctx, h, of, to, found)
	if offline := errors.Is(err, errOffline); errors.Is(err, errNoMethod) || offline {
		e := n.searched(ctx, h, of, to, found)
		switch {
		case errors.Is(e, errNoMethod):
			return h, fmt.Errorf("this node cannot list what an address did: it has neither trace_filter nor ots_searchTransactionsAfter. Bring its blocks into a ledger with fundtrail sync, or ask an explorer: %w", fundtrail.ErrInvalid)
		case errors.Is(e, errOffline) && offline:
			return h, err
		}
		err = e
	}
	if err != nil {
		return h, err
	}
	var short error // of logs alone: what is held of the rest stands
	if b.Tokens {
		if short = n.logged(ctx, of, to, found); short != nil && !errors.Is(short, errOffline) && !errors.Is(short, errBudget) {
			return h, short
		}
	}
	txs := make([]txAt, 0, len(found))
	for t := range found {
		txs = append(txs, t)
	}
	slices.SortFunc(txs, func(x, y txAt) int {
		if x.height != y.height {
			return int(x.height - y.height)
		}
		return strings.Compare(x.hash, y.hash)
	})
	cover := fundtrail.Coverage{Chain: n.chain, Address: a, ToBlock: to, What: fundtrail.ValueTransfers | fundtrail.InternalTransfers | fundtrail.Fees, Source: RPC}
	if most := 2*b.Hub + 1; b.Hub > 0 && len(txs) > most {
		h.Cut = fmt.Sprintf("it has %d transactions, of which the first %d were asked for", len(txs), most)
		cover.ToBlock = txs[most-1].height - 1
		txs = txs[:most]
	}
	for _, t := range txs {
		if err := n.bundle(ctx, h, t); err != nil {
			return h, err
		}
	}
	if h.Cut != "" && cover.ToBlock == to {
		return h, short // which of its transactions are missing is not known
	}
	if cover.ToBlock >= 0 {
		h.Cover = []fundtrail.Coverage{cover}
	}
	return h, short
}

// traced finds transactions by the index of traces: calls by the address, and to it.
func (n *node) traced(ctx context.Context, h *History, of string, to int64, found map[txAt]bool) error {
	for _, side := range []struct {
		what What
		key  string
	}{{TracesFrom, "fromAddress"}, {TracesTo, "toAddress"}} {
		for page := 1; ; page++ {
			q := n.question(side.what, of, 0, to, page)
			raw, err := n.call(ctx, q, "trace_filter", map[string]any{
				"fromBlock": "0x0", "toBlock": hexNumber(to), side.key: []string{of}, "after": (page - 1) * pageSize, "count": pageSize})
			if err != nil {
				return err
			}
			var rows []struct {
				Block  int64  `json:"blockNumber"`
				Tx     string `json:"transactionHash"`
				Action struct {
					From    string `json:"from"`
					To      string `json:"to"`
					Address string `json:"address"`
					Refund  string `json:"refundAddress"`
				} `json:"action"`
				Result *struct {
					Address string `json:"address"`
				} `json:"result"`
			}
			if err := json.Unmarshal(raw, &rows); err != nil {
				return fmt.Errorf("%s: %v: %w", q, err, fundtrail.ErrInvalid)
			}
			for i := range rows {
				r := &rows[i]
				parties := []string{r.Action.From, r.Action.To, r.Action.Address, r.Action.Refund}
				if r.Result != nil {
					parties = append(parties, r.Result.Address)
				}
				if r.Tx == "" {
					continue // a reward, which is no transaction's
				}
				if !slices.ContainsFunc(parties, func(p string) bool { return strings.EqualFold(p, of) }) {
					return fmt.Errorf("%s: %w", q, lies("trace %d is not about the address that was asked for", i+1))
				}
				if r.Block < 0 || r.Block > to {
					return fmt.Errorf("%s: %w", q, lies("trace %d is of block %d", i+1, r.Block))
				}
				found[txAt{strings.ToLower(r.Tx), r.Block}] = true
			}
			if len(rows) < pageSize {
				break
			}
			if page == maxPages {
				h.Cut = fmt.Sprintf("it has more than %d calls", page*pageSize)
				break
			}
		}
	}
	return nil
}

// searched finds transactions by Otterscan's search, from a block on.
func (n *node) searched(ctx context.Context, h *History, of string, to int64, found map[txAt]bool) error {
	from := int64(0)
	for page := 1; page <= maxPages; page++ {
		q := n.question(Search, of, from, to, 0)
		raw, err := n.call(ctx, q, "ots_searchTransactionsAfter", of, from, 100)
		if err != nil {
			return err
		}
		var got struct {
			Txs []struct {
				Hash  string `json:"hash"`
				Block string `json:"blockNumber"`
			} `json:"txs"`
			First bool `json:"firstPage"` // it reaches the newest
		}
		if err := json.Unmarshal(raw, &got); err != nil {
			return fmt.Errorf("%s: %v: %w", q, err, fundtrail.ErrInvalid)
		}
		last := from
		for _, t := range got.Txs {
			height, err := strconv.ParseInt(t.Block, 0, 64)
			if err != nil || height < from {
				return fmt.Errorf("%s: %w", q, lies("transaction %q is of block %q, and those after block %d were asked for", clip(t.Hash), clip(t.Block), from))
			}
			if height <= to {
				found[txAt{strings.ToLower(t.Hash), height}] = true
			}
			last = max(last, height)
		}
		if got.First || len(got.Txs) == 0 || last >= to {
			return nil
		}
		if last == from {
			return fmt.Errorf("%s: %w", q, lies("it does not go on from block %d", from))
		}
		from = last // blocks are given whole, but one that is given twice does no harm
	}
	h.Cut = fmt.Sprintf("it has more than %d transactions", maxPages*100)
	return nil
}

// logged finds the transactions with token transfers by the address and to it.
func (n *node) logged(ctx context.Context, of string, to int64, found map[txAt]bool) error {
	word := "0x" + strings.Repeat("0", 24) + strings.TrimPrefix(of, "0x")
	for _, l := range []struct {
		what   What
		topics []any
	}{{LogsFrom, []any{topicTransfer, word}}, {LogsTo, []any{topicTransfer, nil, word}}} {
		q := n.question(l.what, of, 0, to, 0)
		raw, err := n.call(ctx, q, "eth_getLogs", map[string]any{"fromBlock": "0x0", "toBlock": hexNumber(to), "topics": l.topics})
		if err != nil {
			return err
		}
		var rows []struct {
			Block string `json:"blockNumber"`
			Tx    string `json:"transactionHash"`
		}
		if err := json.Unmarshal(raw, &rows); err != nil {
			return fmt.Errorf("%s: %v: %w", q, err, fundtrail.ErrInvalid)
		}
		for i, r := range rows {
			height, err := strconv.ParseInt(r.Block, 0, 64)
			if err != nil || height < 0 || height > to {
				return fmt.Errorf("%s: %w", q, lies("log %d is of block %q", i+1, clip(r.Block)))
			}
			found[txAt{strings.ToLower(r.Tx), height}] = true
		}
	}
	return nil
}

// bundle asks for all there is to know of one transaction, in one request.
func (n *node) bundle(ctx context.Context, h *History, t txAt) error {
	id, err := fundtrail.ParseHash(t.hash)
	if err != nil {
		return err
	}
	calls := []rpcCall{
		{"2.0", 0, "eth_getTransactionByHash", []any{t.hash}}, {"2.0", 1, "eth_getTransactionReceipt", []any{t.hash}},
		{"2.0", 2, "eth_getBlockByNumber", []any{hexNumber(t.height), false}}, {"2.0", 3, "trace_transaction", []any{t.hash}},
	}
	q := n.question(Bundle, t.hash, 0, 0, 0)
	body, err := n.post(ctx, q, calls, func(body []byte) error { _, err := bundled(body, len(calls)); return err })
	if err != nil {
		return err
	}
	parts, err := bundled(body, len(calls))
	if err != nil {
		return err
	}
	var tx struct {
		Result struct {
			Hash string `json:"hash"`
		} `json:"result"`
	}
	if err := json.Unmarshal(parts[0], &tx); err != nil || !strings.EqualFold(tx.Result.Hash, t.hash) {
		return lies("asked for transaction %s it gives %q", t.hash, clip(tx.Result.Hash))
	}
	for i, form := range []ingest.AnswerForm{ingest.NodeTransaction, ingest.NodeReceipt, ingest.NodeHeader, ingest.NodeTrace} {
		h.add(q, form, parts[i]).Tx = id
	}
	return nil
}

// bundled takes a batch's answers apart, in the order of the questions.
func bundled(body []byte, n int) ([]json.RawMessage, error) {
	var list []json.RawMessage
	if err := json.Unmarshal(body, &list); err != nil {
		if err := nodeAnswer(body); err != nil {
			return nil, err
		}
		return nil, fmt.Errorf("it does not answer several questions at once (%s): %w", excerpt(body), fundtrail.ErrUnavailable)
	}
	out := make([]json.RawMessage, n)
	for _, raw := range list {
		var id struct {
			ID *int `json:"id"`
		}
		if err := json.Unmarshal(raw, &id); err != nil || id.ID == nil || *id.ID < 0 || *id.ID >= n || out[*id.ID] != nil {
			return nil, fmt.Errorf("an answer to no question: %w", fundtrail.ErrInvalid)
		}
		if err := nodeAnswer(raw); err != nil {
			return nil, err
		}
		out[*id.ID] = raw
	}
	if i := slices.IndexFunc(out, func(r json.RawMessage) bool { return r == nil }); i >= 0 {
		return nil, fmt.Errorf("no answer to question %d: %w", i, fundtrail.ErrInvalid)
	}
	return out, nil
}

func (n *node) transaction(ctx context.Context, id fundtrail.TxID, _ int64) (*History, error) {
	h := &History{}
	raw, err := n.call(ctx, n.question(Transaction, id.String(), 0, 0, 0), "eth_getTransactionByHash", id.String())
	if errors.Is(err, fundtrail.ErrNotFound) {
		return nil, err
	}
	if err != nil {
		return h, err
	}
	var tx struct {
		Block string `json:"blockNumber"`
	}
	if err := json.Unmarshal(raw, &tx); err != nil {
		return nil, fmt.Errorf("transaction %s: %v: %w", id, err, fundtrail.ErrInvalid)
	}
	height, err := strconv.ParseInt(tx.Block, 0, 64)
	if err != nil || height < 0 {
		return nil, fmt.Errorf("transaction %s is in no block yet: %w", id, fundtrail.ErrNotFound)
	}
	return h, n.bundle(ctx, h, txAt{id.String(), height})
}
