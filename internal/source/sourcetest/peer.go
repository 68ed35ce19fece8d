// Package sourcetest is for tests alone: a server that answers from a ledger as Etherscan,
// Blockscout, Esplora and a node do, with their limits. No network was at hand when it was
// written: the forms are the documented ones.
package sourcetest

import (
	"encoding/json"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/fundtrail/fundtrail"
)

// A Peer answers from a ledger.
type Peer struct {
	Ledger fundtrail.Ledger
	Chain  fundtrail.Chain
	Head   int64    // default the ledger's last block
	Key    string   // wanted of everybody; "" of nobody
	Lacks  []string // methods that the node does not know
	// Spoil, when set, may answer the n-th request, from 1, itself.
	Spoil func(w http.ResponseWriter, r *http.Request, n int) bool

	mu       sync.Mutex
	requests []string
}

// Serve starts a server that a test ends.
func (p *Peer) Serve(t interface{ Cleanup(func()) }) *httptest.Server {
	s := httptest.NewServer(p)
	t.Cleanup(s.Close)
	return s
}

// Requests returns what was asked so far, in order.
func (p *Peer) Requests() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.requests)
}

func (p *Peer) head() int64 {
	if p.Head != 0 {
		return p.Head
	}
	for _, c := range p.Ledger.Chains() {
		if c.Chain == p.Chain {
			return p.Ledger.Transaction(c.End - 1).Height
		}
	}
	return 0
}

type object = map[string]any

func (p *Peer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	body := ""
	if r.Body != nil {
		raw, _ := io.ReadAll(r.Body)
		body = string(raw)
	}
	p.requests = append(p.requests, r.Method+" "+r.URL.RequestURI()+body)
	n := len(p.requests)
	p.mu.Unlock()
	if p.Spoil != nil && p.Spoil(w, r, n) {
		return
	}
	switch {
	case r.Method == http.MethodPost:
		p.node(w, body)
	case r.URL.Query().Has("module"):
		p.explorer(w, r.URL.Query().Get)
	default:
		p.esplora(w, r.URL.Path)
	}
}

func reply(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(v)
}

// explorer answers as Etherscan and Blockscout do.
func (p *Peer) explorer(w http.ResponseWriter, get func(string) string) {
	notOK := func(says string) { reply(w, object{"status": "0", "message": "NOTOK", "result": says}) }
	if p.Key != "" && get("apikey") != p.Key {
		notOK("Invalid API Key (#err2)")
		return
	}
	info, _ := p.Chain.Info()
	if id := get("chainid"); id != "" && id != strconv.FormatInt(info.EVMID, 10) {
		notOK("Missing or unsupported chainid parameter")
		return
	}
	switch get("module") + " " + get("action") {
	case "proxy eth_blockNumber", "block eth_block_number":
		reply(w, object{"jsonrpc": "2.0", "id": 1, "result": fmt.Sprintf("0x%x", p.head())})
	case "proxy eth_getTransactionByHash":
		reply(w, p.call("eth_getTransactionByHash", get("txhash")))
	case "proxy eth_getTransactionReceipt":
		reply(w, p.call("eth_getTransactionReceipt", get("txhash")))
	case "proxy eth_getBlockByNumber":
		reply(w, p.call("eth_getBlockByNumber", get("tag")))
	case "account txlist":
		p.list(w, get, "startblock", "endblock", 10_000, p.txlist)
	case "account txlistinternal":
		if hash := get("txhash"); hash != "" {
			rows := p.internalOf(hash)
			for _, r := range rows {
				delete(r, "hash")
			}
			page(w, rows)
			return
		}
		p.list(w, get, "startblock", "endblock", 10_000, p.internal)
	case "logs getLogs":
		p.list(w, get, "fromBlock", "toBlock", 1000, p.logs)
	default:
		notOK("Error! Missing Or invalid Action name")
	}
}

func page(w http.ResponseWriter, rows []object) {
	if len(rows) == 0 {
		reply(w, object{"status": "0", "message": "No transactions found", "result": []any{}})
		return
	}
	reply(w, object{"status": "1", "message": "OK", "result": rows})
}

// list answers with a page of rows of the blocks that are asked for.
func (p *Peer) list(w http.ResponseWriter, get func(string) string, from, to string, most int, rows func(get func(string) string, from, to int64, yield func(object) bool)) {
	number := func(name string, def int64) int64 {
		n, err := strconv.ParseInt(get(name), 10, 64)
		if err != nil {
			return def
		}
		return n
	}
	at, size := number("page", 1), number("offset", int64(most))
	if at*size > 10_000 {
		reply(w, object{"status": "0", "message": "Result window is too large, PageNo x Offset size must be less than or equal to 10000", "result": nil})
		return
	}
	size = min(size, int64(most))
	var out []object
	skip := (at - 1) * size
	rows(get, number(from, 0), number(to, p.head()), func(row object) bool {
		if skip > 0 {
			skip--
			return true
		}
		out = append(out, row)
		return int64(len(out)) < size
	})
	page(w, out)
}

// eachTx calls f with every transaction of an address, once, in blocks from one to another.
func (p *Peer) eachTx(a fundtrail.Address, from, to int64, f func(fundtrail.Span) bool) {
	id, ok := p.Ledger.AddressID(a)
	if !ok {
		return
	}
	last := fundtrail.NoPosition
	buf := make([]fundtrail.Position, 256)
	for at := fundtrail.Position(0); ; {
		got := p.Ledger.Moves(id, at, false, buf)
		for _, q := range got {
			s := p.Ledger.Transaction(q)
			if s.First == last || s.Height < from || s.Height > min(to, p.head()) {
				continue
			}
			if last = s.First; !f(s) {
				return
			}
		}
		if len(got) < len(buf) {
			return
		}
		at = got[len(got)-1] + 1
	}
}

// place is a transaction's place in its block, as far as the ledger's order tells it.
func (p *Peer) place(s fundtrail.Span) int {
	n := 0
	for q := s.First; q > 0; {
		b := p.Ledger.Transaction(q - 1)
		if b.Height != s.Height || b.ID.Chain != s.ID.Chain {
			break
		}
		n, q = n+1, b.First
	}
	return n
}

// A tx is a transaction as its movements tell it.
type tx struct {
	s           fundtrail.Span
	from, to    string
	value       fundtrail.Amount
	fee         fundtrail.Amount
	inner, logs []object
}

func (p *Peer) read(s fundtrail.Span) *tx {
	t := &tx{s: s}
	var m fundtrail.Movement
	text := func(id fundtrail.AddressID) string {
		if id == fundtrail.NoAddress {
			return "0x" + strings.Repeat("0", 40)
		}
		return strings.ToLower(p.Ledger.Address(id).String())
	}
	word := func(a string) string { return "0x" + strings.Repeat("0", 24) + a[2:] }
	for q := s.First; q < s.End; q++ {
		p.Ledger.Movement(q, &m)
		from, to, index := text(m.From), text(m.To), p.Ledger.Output(q).Transfer.Index
		switch {
		case index == fundtrail.ValueIndex:
			t.from, t.to, t.value = from, to, m.Amount
		case m.Kind == fundtrail.MoveFee:
			t.from = from
			t.fee, _ = t.fee.Add(m.Amount)
		case index < fundtrail.LogIndex:
			t.inner = append(t.inner, object{"blockNumber": fmt.Sprint(s.Height), "timeStamp": fmt.Sprint(s.Time), "hash": s.ID.String(), "from": from, "to": to,
				"value": m.Amount.String(), "contractAddress": "", "input": "", "type": "call", "gas": "1", "gasUsed": "1", "isError": "0", "errCode": ""})
		default:
			t.logs = append(t.logs, object{"address": strings.ToLower(p.Ledger.Asset(m.Asset).Contract.String()), "topics": []string{
				"0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef", word(from), word(to)},
				"data": fmt.Sprintf("0x%064x", m.Amount.Big()), "blockNumber": fmt.Sprintf("0x%x", s.Height), "timeStamp": fmt.Sprintf("0x%x", s.Time),
				"gasPrice": "0x1", "gasUsed": "0x1", "logIndex": hex0(index - fundtrail.LogIndex), "transactionHash": s.ID.String(), "transactionIndex": hex0(uint32(p.place(s)))})
		}
	}
	return t
}

// hex0 writes zero as Etherscan's logs do.
func hex0(n uint32) string {
	if n == 0 {
		return "0x"
	}
	return fmt.Sprintf("0x%x", n)
}

func (p *Peer) txlist(get func(string) string, from, to int64, yield func(object) bool) {
	a, err := fundtrail.ParseAddress(p.Chain, get("address"))
	if err != nil {
		return
	}
	self := strings.ToLower(a.String())
	p.eachTx(a, from, to, func(s fundtrail.Span) bool {
		t := p.read(s)
		if t.from != self && t.to != self {
			return true
		}
		return yield(object{"blockNumber": fmt.Sprint(s.Height), "timeStamp": fmt.Sprint(s.Time), "hash": s.ID.String(), "nonce": "1", "blockHash": s.ID.String(),
			"transactionIndex": fmt.Sprint(p.place(s)), "from": t.from, "to": t.to, "value": t.value.String(), "gas": "1", "gasPrice": t.fee.String(), "isError": "0",
			"txreceipt_status": "1", "input": "0x", "contractAddress": "", "cumulativeGasUsed": "1", "gasUsed": "1", "confirmations": "1", "methodId": "0x", "functionName": ""})
	})
}

func (p *Peer) internal(get func(string) string, from, to int64, yield func(object) bool) {
	a, err := fundtrail.ParseAddress(p.Chain, get("address"))
	if err != nil {
		return
	}
	self := strings.ToLower(a.String())
	p.eachTx(a, from, to, func(s fundtrail.Span) bool {
		for _, row := range p.read(s).inner {
			if (row["from"] == self || row["to"] == self) && !yield(row) {
				return false
			}
		}
		return true
	})
}

func (p *Peer) internalOf(hash string) []object {
	s, ok := p.find(hash)
	if !ok {
		return nil
	}
	return p.read(s).inner
}

func (p *Peer) find(hash string) (fundtrail.Span, bool) {
	h, err := fundtrail.ParseHash(hash)
	if err != nil {
		return fundtrail.Span{}, false
	}
	return p.Ledger.FindTx(fundtrail.TxID{Chain: p.Chain, Hash: h})
}

func (p *Peer) logs(get func(string) string, from, to int64, yield func(object) bool) {
	place, word := 1, get("topic1")
	if word == "" {
		place, word = 2, get("topic2")
	}
	if len(word) != 66 {
		return
	}
	a, err := fundtrail.ParseAddress(p.Chain, "0x"+word[26:])
	if err != nil {
		return
	}
	p.eachTx(a, from, to, func(s fundtrail.Span) bool {
		for _, row := range p.read(s).logs {
			topics := row["topics"].([]string)
			if topics[0] == get("topic0") && topics[place] == word && !yield(row) {
				return false
			}
		}
		return true
	})
}

// node answers JSON-RPC, several calls at once too.
func (p *Peer) node(w http.ResponseWriter, body string) {
	type call struct {
		ID     any    `json:"id"`
		Method string `json:"method"`
		Params []any  `json:"params"`
	}
	answer := func(q call) object {
		out := p.nodeCall(q.Method, q.Params)
		out["id"] = q.ID
		return out
	}
	var one call
	var many []call
	if json.Unmarshal([]byte(body), &many) == nil {
		out := []object{}
		for _, q := range slices.Backward(many) { // in any order, as a batch may be
			out = append(out, answer(q))
		}
		reply(w, out)
		return
	}
	if err := json.Unmarshal([]byte(body), &one); err != nil {
		http.Error(w, "no call", http.StatusBadRequest)
		return
	}
	reply(w, answer(one))
}

func (p *Peer) nodeCall(method string, params []any) object {
	text := func(v any) string { s, _ := v.(string); return s }
	if slices.Contains(p.Lacks, method) {
		return object{"jsonrpc": "2.0", "error": object{"code": -32601, "message": "the method " + method + " does not exist/is not available"}}
	}
	info, _ := p.Chain.Info()
	ok := func(v any) object { return object{"jsonrpc": "2.0", "result": v} }
	switch method {
	case "eth_chainId":
		return ok(fmt.Sprintf("0x%x", info.EVMID))
	case "eth_blockNumber":
		return ok(fmt.Sprintf("0x%x", p.head()))
	case "trace_transaction":
		s, found := p.find(text(params[0]))
		if !found {
			return ok(nil)
		}
		return ok(p.traces(s))
	case "trace_filter":
		q, _ := params[0].(object)
		side := "from"
		list, _ := q["fromAddress"].([]any)
		if list == nil {
			side = "to"
			list, _ = q["toAddress"].([]any)
		}
		of := text(list[0])
		a, err := fundtrail.ParseAddress(p.Chain, of)
		if err != nil {
			return ok([]any{})
		}
		all := []object{}
		p.eachTx(a, 0, p.head(), func(s fundtrail.Span) bool {
			for _, t := range p.traces(s) {
				if t["action"].(object)[side] == of {
					all = append(all, t)
				}
			}
			return true
		})
		after, _ := q["after"].(float64)
		count, _ := q["count"].(float64)
		lo := min(int(after), len(all))
		return ok(all[lo:min(lo+int(count), len(all))])
	case "ots_searchTransactionsAfter":
		a, err := fundtrail.ParseAddress(p.Chain, text(params[0]))
		if err != nil {
			return ok(nil)
		}
		after, _ := params[1].(float64)
		size, _ := params[2].(float64)
		txs, last := []object{}, int64(-1)
		first := true
		p.eachTx(a, int64(after)+1, p.head(), func(s fundtrail.Span) bool {
			if len(txs) >= int(size) && s.Height != last { // a block is given whole
				first = false
				return false
			}
			last = s.Height
			txs = append(txs, object{"hash": s.ID.String(), "blockNumber": fmt.Sprintf("0x%x", s.Height)})
			return true
		})
		slices.Reverse(txs)
		return ok(object{"txs": txs, "receipts": []any{}, "firstPage": first, "lastPage": after == 0})
	case "eth_getLogs":
		q, _ := params[0].(object)
		topics, _ := q["topics"].([]any)
		rows := []object{}
		get := func(name string) string {
			n := int(name[len(name)-1] - '0')
			if n < len(topics) {
				return text(topics[n])
			}
			return ""
		}
		p.logs(get, 0, p.head(), func(row object) bool { rows = append(rows, row); return true })
		return ok(rows)
	}
	if len(params) == 0 {
		return object{"jsonrpc": "2.0", "error": object{"code": -32602, "message": "missing value"}}
	}
	return p.call(method, text(params[0]))
}

// traces are a transaction's calls: its own, which has the others within.
func (p *Peer) traces(s fundtrail.Span) []object {
	t := p.read(s)
	hex := func(v any) string {
		n, _ := new(big.Int).SetString(fmt.Sprint(v), 10)
		return fmt.Sprintf("0x%x", n)
	}
	one := func(from, to string, value any, path []int) object {
		return object{"type": "call", "traceAddress": path, "blockNumber": s.Height, "transactionHash": s.ID.String(), "subtraces": 0,
			"action": object{"callType": "call", "from": from, "to": to, "value": hex(value), "input": "0x", "gas": "0x1"}, "result": object{"gasUsed": "0x0", "output": "0x"}}
	}
	out := []object{one(t.from, t.to, t.value, []int{})}
	for i, c := range t.inner {
		out = append(out, one(c["from"].(string), c["to"].(string), c["value"], []int{i}))
	}
	return out
}

func (p *Peer) call(method, of string) object {
	out := object{"jsonrpc": "2.0", "id": 1, "result": nil}
	if method == "eth_getBlockByNumber" {
		n, _ := new(big.Int).SetString(strings.TrimPrefix(of, "0x"), 16)
		for _, c := range p.Ledger.Chains() {
			for q := c.First; c.Chain == p.Chain && q < c.End; {
				s := p.Ledger.Transaction(q)
				if n != nil && s.Height == n.Int64() {
					out["result"] = object{"number": of, "timestamp": fmt.Sprintf("0x%x", s.Time), "hash": s.ID.String()}
				}
				q = s.End
			}
		}
		return out
	}
	s, ok := p.find(of)
	if !ok {
		return out
	}
	t := p.read(s)
	height := fmt.Sprintf("0x%x", s.Height)
	switch method {
	case "eth_getTransactionByHash":
		out["result"] = object{"hash": s.ID.String(), "blockNumber": height, "transactionIndex": fmt.Sprintf("0x%x", p.place(s)), "from": t.from, "to": t.to,
			"value": fmt.Sprintf("0x%x", t.value.Big()), "nonce": "0x1", "gasPrice": fmt.Sprintf("0x%x", t.fee.Big())}
	case "eth_getTransactionReceipt":
		logs := t.logs
		if logs == nil {
			logs = []object{}
		}
		out["result"] = object{"transactionHash": s.ID.String(), "blockNumber": height, "status": "0x1", "gasUsed": "0x1",
			"effectiveGasPrice": fmt.Sprintf("0x%x", t.fee.Big()), "contractAddress": nil, "logs": logs}
	}
	return out
}

// Genesis is the first block of Bitcoin, by which the peer says whose host it is.
const Genesis = "000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f"

// esplora answers as Esplora does.
func (p *Peer) esplora(w http.ResponseWriter, path string) {
	parts := strings.Split(strings.Trim(path, "/"), "/")
	switch {
	case path == "/block-height/0":
		io.WriteString(w, Genesis)
	case path == "/blocks/tip/height":
		fmt.Fprint(w, p.head())
	case len(parts) == 2 && parts[0] == "tx":
		s, ok := p.find(parts[1])
		if !ok {
			http.Error(w, "Transaction not found", http.StatusNotFound)
			return
		}
		reply(w, p.coinTx(s))
	case len(parts) >= 4 && parts[0] == "address" && parts[2] == "txs" && parts[3] == "chain":
		a, err := fundtrail.ParseAddress(p.Chain, parts[1])
		if err != nil {
			http.Error(w, "Invalid Bitcoin address", http.StatusBadRequest)
			return
		}
		var all []fundtrail.Span
		p.eachTx(a, 0, p.head(), func(s fundtrail.Span) bool { all = append(all, s); return true })
		slices.Reverse(all)
		if len(parts) == 5 {
			i := slices.IndexFunc(all, func(s fundtrail.Span) bool { return s.ID.String() == parts[4] })
			all = all[i+1:]
		}
		out := []object{}
		for _, s := range all[:min(25, len(all))] {
			out = append(out, p.coinTx(s))
		}
		reply(w, out)
	default:
		http.Error(w, "not found", http.StatusNotFound)
	}
}

func (p *Peer) coinTx(s fundtrail.Span) object {
	var vin, vout []object
	var m fundtrail.Movement
	side := func(id fundtrail.AddressID, a fundtrail.Amount) object {
		o := object{"scriptpubkey": "", "value": a.Uint64()}
		if id != fundtrail.NoAddress {
			o["scriptpubkey_address"] = p.Ledger.Address(id).String()
		}
		return o
	}
	for q := s.First; q < s.End; q++ {
		p.Ledger.Movement(q, &m)
		if m.Kind == fundtrail.MoveOutput {
			vout = append(vout, side(m.To, m.Amount))
			continue
		}
		in := object{"txid": strings.Repeat("ab", 32), "vout": 0, "is_coinbase": false, "prevout": side(m.From, m.Amount)}
		if m.Link != fundtrail.NoPosition {
			o := p.Ledger.Output(m.Link)
			in["txid"], in["vout"] = o.Transfer.Tx.String(), o.Output
		}
		vin = append(vin, in)
	}
	if len(vin) == 0 {
		vin = []object{{"txid": strings.Repeat("0", 64), "vout": 4294967295, "is_coinbase": true, "prevout": nil}}
	}
	return object{"txid": s.ID.String(), "version": 2, "vin": vin, "vout": vout,
		"status": object{"confirmed": true, "block_height": s.Height, "block_hash": s.ID.String(), "block_time": s.Time}}
}
