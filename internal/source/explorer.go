package source

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/fetch"
	"github.com/fundtrail/fundtrail/internal/ingest"
)

// An explorer is the interface of Etherscan, which Blockscout has too: lists of an
// account, oldest first, from a block on.
type explorer struct {
	s     *session
	name  string
	base  string // URL, without a query
	chain fundtrail.Chain
	id    int64 // of the chain, where one host answers for many
}

const (
	// pageSize is how many rows a page is asked to have: with 1,000 no answer is large, and
	// event logs come in no larger pages.
	pageSize = 1000
	// window is how many rows may be reached by counting pages.
	window = 10_000
)

// topics of the events that move tokens.
const (
	topicTransfer   = "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef" // Transfer(address,address,uint256)
	topicDeposit    = "0xe1fffcc4923d04b559f4d29a8bfc6cda04eb5b0d3c460751c2402c5c5cc9109c" // Deposit(address,uint256)
	topicWithdrawal = "0x7fcf532c15f0a6db0bd6d0e038bea71d30d808c7d98cb3bf7268a95bf5081b65" // Withdrawal(address,uint256)
)

func (e *explorer) question(what What, of string, from, to int64, page int) Question {
	return Question{Source: e.name, Chain: e.chain, What: what, Of: of, From: from, To: to, Page: page}
}

// get asks with the parameters of a query.
func (e *explorer) get(ctx context.Context, q Question, check func([]byte) error, pairs ...string) ([]byte, error) {
	v := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		v.Set(pairs[i], pairs[i+1])
	}
	if e.id != 0 {
		v.Set("chainid", strconv.FormatInt(e.id, 10))
	}
	if e.s.o.Key != "" {
		v.Set("apikey", e.s.o.Key)
	}
	u, err := url.Parse(e.base)
	if err != nil {
		return nil, fmt.Errorf("the source's URL is none: %w", fundtrail.ErrInvalid)
	}
	for name, value := range u.Query() {
		v[name] = value
	}
	u.RawQuery = v.Encode()
	return e.s.answer(ctx, ask{Question: q, req: fetch.Request{URL: u.String()}, check: check, absent: q.What == Transaction})
}

// An envelope is what explorers put around what they answer.
type envelope struct {
	Status  string          `json:"status"`
	Message string          `json:"message"`
	Result  json.RawMessage `json:"result"`
	Error   *struct {
		Code    int    `json:"code"`
		Message string `json:"message"`
	} `json:"error"`
}

func readEnvelope(body []byte) (v envelope, err error) {
	if err := json.Unmarshal(body, &v); err != nil {
		return v, fmt.Errorf("it does not answer with JSON (%s): %w", excerpt(body), errBusy)
	}
	var said string
	json.Unmarshal(v.Result, &said)
	if text := strings.ToLower(v.Message + " " + said); strings.Contains(text, "rate limit") || strings.Contains(text, "too many requests") || strings.Contains(text, "timeout occur") {
		return v, fmt.Errorf("%w: %q", errBusy, clip(said))
	}
	if v.Error != nil {
		return v, fmt.Errorf("it answers with an error: %q: %w", clip(v.Error.Message), fundtrail.ErrUnavailable)
	}
	return v, nil
}

// listAnswer refuses what is no list. An address without history is an empty one.
func listAnswer(body []byte) error {
	v, err := readEnvelope(body)
	if err != nil {
		return err
	}
	var said string
	isText := json.Unmarshal(v.Result, &said) == nil && len(v.Result) > 0 && v.Result[0] == '"'
	switch {
	case v.Status == "1" && !isText, v.Status == "0" && strings.HasPrefix(v.Message, "No ") && strings.HasSuffix(v.Message, " found"):
		_, err := ingest.ResultRows(body)
		return err
	case v.Status == "2":
		return fmt.Errorf("it has not worked through all blocks yet: %q: %w", clip(v.Message), fundtrail.ErrUnavailable)
	}
	return fmt.Errorf("it answers %q, %q: %w", clip(v.Message), clip(said), fundtrail.ErrUnavailable)
}

// rpcAnswer refuses what is no answer of a node.
func rpcAnswer(body []byte) error {
	v, err := readEnvelope(body)
	if err != nil {
		return err
	}
	var said string
	if v.Status == "0" {
		json.Unmarshal(v.Result, &said)
		return fmt.Errorf("it answers %q, %q: %w", clip(v.Message), clip(said), fundtrail.ErrUnavailable)
	}
	_, err = ingest.RPCResult(body)
	return err
}

func excerpt(body []byte) string {
	if len(body) == 0 {
		return "nothing"
	}
	return strconv.Quote(clip(string(body)))
}

func clip(s string) string {
	const most = 160
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + "…"
	}
	return s
}

func (e *explorer) head(ctx context.Context) (int64, error) {
	q := e.question(Head, "", 0, 0, 0)
	pairs := []string{"module", "proxy", "action", "eth_blockNumber"}
	if e.name == Blockscout {
		pairs = []string{"module", "block", "action", "eth_block_number"}
	}
	body, err := e.get(ctx, q, rpcAnswer, pairs...)
	if err != nil {
		return 0, err
	}
	return heightOf(body)
}

// heightOf reads a block's height out of a node's answer.
func heightOf(body []byte) (int64, error) {
	raw, err := ingest.RPCResult(body)
	if err != nil {
		return 0, err
	}
	var text string
	if err := json.Unmarshal(raw, &text); err != nil {
		return 0, fmt.Errorf("the newest block: %s: want a text: %w", excerpt(raw), fundtrail.ErrInvalid)
	}
	n, err := strconv.ParseInt(strings.TrimPrefix(text, "0x"), 16, 64)
	if err != nil || n < 0 || !strings.HasPrefix(text, "0x") {
		return 0, fmt.Errorf("the newest block: %q: want 0x and hexadecimal digits: %w", clip(text), fundtrail.ErrInvalid)
	}
	return n, nil
}

// A listRow is what paging reads of a row.
type listRow struct {
	Block    string   `json:"blockNumber"`
	From     string   `json:"from"`
	To       string   `json:"to"`
	Contract string   `json:"contractAddress"`
	Value    string   `json:"value"`
	Hash     string   `json:"hash"`
	TxHash   string   `json:"transactionHash"`
	Error    string   `json:"isError"`
	Token    string   `json:"address"` // of a log
	Topics   []string `json:"topics"`
	Data     string   `json:"data"`
	height   int64
}

// A listing is one list of an account: how it is asked for, and what it is about.
type listing struct {
	what  What
	form  ingest.AnswerForm
	keep  bool // its rows become facts
	pairs []string
	// about says whether a row concerns who was asked about.
	about func(r *listRow) bool
	// sees is told of each row, once or more often.
	sees func(r *listRow)
	// enough says that no more is wanted.
	enough func() bool
}

// list asks for a list from its beginning to a block. last is the block up to which it is
// whole.
func (e *explorer) list(ctx context.Context, h *History, of string, to int64, l listing) (last int64, err error) {
	for start, page, n := int64(0), 1, 1; ; n++ {
		q := e.question(l.what, of, start, to, page)
		from, until := "startblock", "endblock"
		if l.form == ingest.ExplorerLogs {
			from, until = "fromBlock", "toBlock"
		}
		pairs := append([]string{from, strconv.FormatInt(start, 10), until, strconv.FormatInt(to, 10), "page", strconv.Itoa(page), "offset", strconv.Itoa(pageSize)}, l.pairs...)
		body, err := e.get(ctx, q, listAnswer, pairs...)
		if err != nil {
			return start - 1, err
		}
		rows, err := readRows(body, start, to, &l)
		if err != nil {
			return start - 1, fmt.Errorf("%s: %w", q, err)
		}
		if l.keep && len(rows) > 0 {
			h.add(q, l.form, body)
		}
		if len(rows) < pageSize {
			return to, nil
		}
		// The block of the last row may go on, so it is asked for again.
		at := rows[len(rows)-1].height
		switch {
		case l.enough != nil && l.enough():
			h.Cut = "it has so many counterparties that the trace ends there"
			return at - 1, nil
		case n == maxPages:
			h.Cut = fmt.Sprintf("it has more than %d %s", n*pageSize, l.what)
			return at - 1, nil
		case at > start:
			start, page = at, 1
		case (page+1)*pageSize > window:
			h.Cut = fmt.Sprintf("one block has more than %d of its %s", window, l.what)
			return at - 1, nil
		default:
			page++
		}
	}
}

// readRows reads a page: rows of the blocks that were asked for, in order, and about who
// was asked about.
func readRows(body []byte, from, to int64, l *listing) ([]listRow, error) {
	list, err := ingest.ResultRows(body)
	if err != nil {
		return nil, err
	}
	if len(list) > pageSize {
		return nil, lies("it has %d rows where %d were asked for", len(list), pageSize)
	}
	rows := make([]listRow, len(list))
	before := from
	for i, raw := range list {
		r := &rows[i]
		if err := json.Unmarshal(raw, r); err != nil {
			return nil, fmt.Errorf("row %d: %v: %w", i+1, err, fundtrail.ErrInvalid)
		}
		n, err := strconv.ParseInt(r.Block, 0, 64)
		switch {
		case err != nil:
			return nil, fmt.Errorf("row %d: blockNumber %q: want a number: %w", i+1, clip(r.Block), fundtrail.ErrInvalid)
		case n < before:
			return nil, lies("row %d is of block %d, and blocks from %d on were asked for, oldest first", i+1, n, before)
		case n > to:
			return nil, lies("row %d is of block %d, and blocks up to %d were asked for", i+1, n, to)
		case !l.about(r):
			return nil, lies("row %d is not about the address that was asked for", i+1)
		}
		r.height, before = n, n
		if l.sees != nil {
			l.sees(r)
		}
	}
	return rows, nil
}

// history asks for all that an address did: its transactions, its internal transfers and,
// where tokens are followed, their logs.
func (e *explorer) history(ctx context.Context, a fundtrail.Address, to int64, b Bound) (*History, error) {
	h := &History{}
	of := strings.ToLower(a.String())
	meets := newMeeting(of, e.chain, b)
	is := func(r *listRow) bool {
		return strings.EqualFold(r.From, of) || strings.EqualFold(r.To, of) || strings.EqualFold(r.Contract, of)
	}
	account := func(action string) []string {
		return []string{"module", "account", "action", action, "address", of, "sort", "asc"}
	}
	last, err := e.list(ctx, h, of, to, listing{what: Transactions, form: ingest.ExplorerTransactions, keep: true, pairs: account("txlist"), about: is, sees: meets.payment, enough: meets.enough})
	cover := fundtrail.Coverage{Chain: e.chain, Address: a, ToBlock: last, What: fundtrail.ValueTransfers | fundtrail.Fees, Source: e.name}
	if e.chain == fundtrail.Optimism || e.chain == fundtrail.Base {
		cover.What &^= fundtrail.Fees // the list has no fee for data on layer 1
	}
	claim := func() {
		if cover.ToBlock >= 0 {
			h.Cover = []fundtrail.Coverage{cover}
		}
	}
	claim()
	if err != nil || h.Cut != "" {
		return h, err
	}
	whole, err := e.inner(ctx, h, of, to, account("txlistinternal"), is, meets)
	if whole {
		cover.What |= fundtrail.InternalTransfers
		claim()
	}
	if err != nil || h.Cut != "" || !b.Tokens {
		return h, err
	}
	return h, e.tokens(ctx, h, of, to, meets)
}

// inner asks for internal transfers. The list of an address does not tell which number
// each has in its transaction, so the transactions are asked for all of theirs.
func (e *explorer) inner(ctx context.Context, h *History, of string, to int64, pairs []string, is func(*listRow) bool, meets *meeting) (whole bool, err error) {
	seen := map[string]bool{}
	var txs []string
	_, err = e.list(ctx, h, of, to, listing{what: Internal, pairs: pairs, about: is, enough: meets.enough, sees: func(r *listRow) {
		meets.payment(r)
		hash := strings.ToLower(r.Hash + r.TxHash)
		if r.Hash != "" {
			hash = strings.ToLower(r.Hash)
		}
		if !seen[hash] && r.Error != "1" && strings.Trim(r.Value, "0") != "" {
			seen[hash] = true
			txs = append(txs, hash)
		}
	}})
	if err != nil || h.Cut != "" {
		return false, err
	}
	if len(txs) > maxInner {
		h.Cut = fmt.Sprintf("%d of its transactions have internal transfers, more than the %d that are asked for", len(txs), maxInner)
		return false, nil
	}
	for _, hash := range txs {
		if err := e.internalOf(ctx, h, hash); err != nil {
			return false, err
		}
	}
	return true, nil
}

func (e *explorer) internalOf(ctx context.Context, h *History, hash string) error {
	id, err := fundtrail.ParseHash(hash)
	if err != nil {
		return err
	}
	q := e.question(InternalOf, hash, 0, 0, 0)
	body, err := e.get(ctx, q, listAnswer, "module", "account", "action", "txlistinternal", "txhash", hash)
	if err != nil {
		return err
	}
	rows, err := ingest.ResultRows(body)
	if err != nil {
		return err
	}
	if len(rows) > 0 {
		h.add(q, ingest.InternalOf, body).Tx = id
	}
	return nil
}

// tokens asks for the event logs of token transfers: unlike lists of token transfers they
// tell the log's index, by which nodes and files know the transfer.
func (e *explorer) tokens(ctx context.Context, h *History, of string, to int64, meets *meeting) error {
	word := "0x" + strings.Repeat("0", 24) + strings.TrimPrefix(of, "0x")
	for _, l := range []struct {
		what  What
		topic string
		place int
	}{{LogsFrom, topicTransfer, 1}, {LogsTo, topicTransfer, 2}, {Deposits, topicDeposit, 1}, {Withdrawals, topicWithdrawal, 1}} {
		n := strconv.Itoa(l.place)
		_, err := e.list(ctx, h, of, to, listing{what: l.what, form: ingest.ExplorerLogs, keep: true, sees: meets.log, enough: meets.enough,
			pairs: []string{"module", "logs", "action", "getLogs", "topic0", l.topic, "topic" + n, word, "topic0_" + n + "_opr", "and"},
			about: func(r *listRow) bool {
				return len(r.Topics) > l.place && strings.EqualFold(r.Topics[0], l.topic) && strings.EqualFold(r.Topics[l.place], word)
			}})
		if err != nil || h.Cut != "" {
			return err
		}
	}
	return nil
}

// transaction asks for a transaction as a node tells it.
func (e *explorer) transaction(ctx context.Context, id fundtrail.TxID, _ int64) (*History, error) {
	h := &History{}
	hash := id.String()
	ask := func(what What, form ingest.AnswerForm, of, method string, pairs ...string) (json.RawMessage, error) {
		q := e.question(what, of, 0, 0, 0)
		body, err := e.node(ctx, q, method, pairs...)
		if err != nil {
			return nil, err
		}
		h.add(q, form, body)
		return ingest.RPCResult(body)
	}
	raw, err := ask(Transaction, ingest.NodeTransaction, hash, "eth_getTransactionByHash", "txhash", hash)
	if errors.Is(err, fundtrail.ErrNotFound) {
		return nil, err
	}
	if err != nil {
		return h, err
	}
	var tx struct {
		Hash  string `json:"hash"`
		Block string `json:"blockNumber"`
	}
	if err := json.Unmarshal(raw, &tx); err != nil {
		return nil, fmt.Errorf("transaction %s: %v: %w", hash, err, fundtrail.ErrInvalid)
	}
	if !strings.EqualFold(tx.Hash, hash) {
		return nil, lies("asked for transaction %s it gives %q", hash, clip(tx.Hash))
	}
	if tx.Block == "" {
		return nil, fmt.Errorf("transaction %s is in no block yet: %w", hash, fundtrail.ErrNotFound)
	}
	if _, err := ask(Receipt, ingest.NodeReceipt, hash, "eth_getTransactionReceipt", "txhash", hash); err != nil {
		return h, err
	}
	if _, err := ask(Header, ingest.NodeHeader, tx.Block, "eth_getBlockByNumber", "tag", tx.Block, "boolean", "false"); err != nil {
		return h, err
	}
	return h, e.internalOf(ctx, h, hash)
}

// node asks what a node would answer: Etherscan passes it on by its module proxy, and
// Blockscout has the interface of a node beside its own.
func (e *explorer) node(ctx context.Context, q Question, method string, pairs ...string) ([]byte, error) {
	if e.name != Blockscout {
		return e.get(ctx, q, rpcAnswer, append([]string{"module", "proxy", "action", method}, pairs...)...)
	}
	params := []any{}
	for i := 1; i < len(pairs); i += 2 {
		if pairs[i] == "false" {
			params = append(params, false)
		} else {
			params = append(params, pairs[i])
		}
	}
	body, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
	if err != nil {
		return nil, err
	}
	u := strings.TrimSuffix(e.base, "/") + "/eth-rpc"
	return e.s.answer(ctx, ask{Question: q, check: rpcAnswer, absent: q.What == Transaction, req: fetch.Request{URL: u, Method: "POST", Body: body, Header: jsonHeader}})
}

var jsonHeader = map[string][]string{"Content-Type": {"application/json"}}

// A meeting counts whom an address deals with, as a trace that looks for hubs does.
type meeting struct {
	self  string
	chain fundtrail.Chain
	b     Bound
	met   map[string]bool
}

func newMeeting(self string, chain fundtrail.Chain, b Bound) *meeting {
	return &meeting{self, chain, b, map[string]bool{}}
}

func (m *meeting) enough() bool { return m.b.Hub > 0 && len(m.met) > m.b.Hub }

func (m *meeting) payment(r *listRow) {
	dust, traced := m.b.Dust[fundtrail.NativeAsset(m.chain)]
	if a, err := fundtrail.ParseAmount(r.Value); err != nil || !traced || a.IsZero() || a.Less(dust) || r.Error == "1" {
		return
	}
	m.meet(r.From, r.To+r.Contract)
}

func (m *meeting) log(r *listRow) {
	contract, err := fundtrail.ParseAddress(m.chain, r.Token)
	if err != nil || len(r.Topics) < 3 {
		return
	}
	dust, traced := m.b.Dust[fundtrail.Asset{Chain: m.chain, Contract: contract}]
	raw, err := hex.DecodeString(strings.TrimPrefix(r.Data, "0x"))
	if err != nil || !traced || len(raw) != 32 {
		return
	}
	var w [4]uint64
	for i := range w {
		for _, c := range raw[24-8*i : 32-8*i] {
			w[i] = w[i]<<8 | uint64(c)
		}
	}
	if fundtrail.AmountFromWords(w).Less(dust) {
		return
	}
	tail := func(t string) string {
		if len(t) < 40 {
			return t
		}
		return "0x" + t[len(t)-40:]
	}
	m.meet(tail(r.Topics[1]), tail(r.Topics[2]))
}

func (m *meeting) meet(from, to string) {
	other := strings.ToLower(from)
	if other == m.self {
		other = strings.ToLower(to)
	}
	m.met[other] = true
}
