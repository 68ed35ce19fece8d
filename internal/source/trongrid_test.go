package source_test

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/chain/tron"
	"github.com/fundtrail/fundtrail/internal/ledger"
	"github.com/fundtrail/fundtrail/internal/source"
)

type object = map[string]any

// A gridPeer answers as TronGrid does, from the made chain of internal/chain/tron.
type gridPeer struct {
	blocks []object
	txs    []object // by transaction: tx, info, height, ms
	key    string
	asked  int
}

func newGridPeer(t *testing.T) (*gridPeer, *ledger.Memory) {
	raw, err := os.ReadFile(filepath.Join("..", "chain", "tron", "testdata", "chain.json"))
	if err != nil {
		t.Fatal(err)
	}
	var r struct{ Blocks, Infos []json.RawMessage }
	if err := json.Unmarshal(raw, &r); err != nil {
		t.Fatal(err)
	}
	p, b, d := &gridPeer{key: "SECRETKEY"}, ledger.NewBuilder(), tron.Decoder{}
	for i := range r.Blocks {
		facts, err := d.Block(r.Blocks[i], r.Infos[i])
		if err != nil {
			t.Fatal(err)
		}
		for j := range facts.Transactions {
			facts.Transactions[j].Place = ledger.UnknownPlace
			if err := b.Transaction(&facts.Transactions[j], ledger.Where{}); err != nil {
				t.Fatal(err)
			}
		}
		var block object
		var infos []object
		json.Unmarshal(r.Blocks[i], &block)
		json.Unmarshal(r.Infos[i], &infos)
		p.blocks = append(p.blocks, block)
		txs, _ := block["transactions"].([]any)
		for j, tx := range txs {
			p.txs = append(p.txs, object{"tx": tx, "info": infos[j], "height": facts.Block.Height, "ms": facts.Block.Time.UnixMilli()})
		}
	}
	l, err := b.Seal()
	if err != nil {
		t.Fatal(err)
	}
	return p, l
}

func text(v any) string { s, _ := v.(string); return s }

// spelt writes an address of the node's as people read it.
func spelt(hexed string) string {
	raw, err := hex.DecodeString(hexed)
	if err != nil || len(raw) < 20 {
		return ""
	}
	return fundtrail.EVMAddress(fundtrail.Tron, [20]byte(raw[len(raw)-20:])).String()
}

func (p *gridPeer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.asked++
	reply := func(v any) { json.NewEncoder(w).Encode(v) }
	if r.Header.Get("TRON-PRO-API-KEY") != p.key {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	var q struct{ Value string }
	json.NewDecoder(r.Body).Decode(&q)
	switch path := strings.Split(strings.Trim(r.URL.Path, "/"), "/"); {
	case r.URL.Path == "/wallet/getnowblock":
		reply(p.blocks[len(p.blocks)-1])
	case path[0] == "wallet":
		for _, t := range p.txs {
			if text(t["tx"].(object)["txID"]) == q.Value {
				if path[1] == "gettransactionbyid" {
					reply(t["tx"])
				} else {
					reply(t["info"])
				}
				return
			}
		}
		reply(object{})
	case len(path) >= 4 && path[1] == "accounts":
		a, err := fundtrail.ParseAddress(fundtrail.Tron, path[2])
		if err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		rows := p.rows(a, strings.Join(path[3:], "/"))
		const size = 3
		from, _ := strconv.Atoi(r.URL.Query().Get("fingerprint"))
		meta := object{"at": 1, "page_size": size}
		if from+size < len(rows) {
			meta["fingerprint"] = fmt.Sprint(from + size)
		}
		reply(object{"data": rows[from:min(from+size, len(rows))], "success": true, "meta": meta})
	default:
		w.WriteHeader(http.StatusNotFound)
	}
}

// rows are one of an account's lists.
func (p *gridPeer) rows(a fundtrail.Address, list string) []object {
	of := hex.EncodeToString(a.Payload())
	out := []object{}
	for _, t := range p.txs {
		tx, info := t["tx"].(object), t["info"].(object)
		switch list {
		case "transactions":
			contract := tx["raw_data"].(object)["contract"].([]any)[0].(object)["parameter"].(object)["value"].(object)
			if !slices.ContainsFunc([]string{"owner_address", "to_address", "contract_address"}, func(k string) bool { return strings.HasSuffix(text(contract[k]), of) }) {
				continue
			}
			row := object{"blockNumber": t["height"], "block_timestamp": t["ms"]}
			for k, v := range tx {
				row[k] = v
			}
			ret := object{"contractRet": "SUCCESS"}
			if list, ok := tx["ret"].([]any); ok {
				for k, v := range list[0].(object) {
					ret[k] = v
				}
			}
			if fee, ok := info["fee"]; ok {
				ret["fee"] = fee
			}
			row["ret"] = []any{ret}
			out = append(out, row)
		case "internal-transactions":
			inner, _ := info["internal_transactions"].([]any)
			for _, v := range inner {
				in := v.(object)
				from, to := text(in["caller_address"]), text(in["transferTo_address"])
				if !strings.HasSuffix(from, of) && !strings.HasSuffix(to, of) {
					continue
				}
				values := object{}
				list, _ := in["callValueInfo"].([]any)
				for _, v := range list {
					c := v.(object)
					if n, ok := c["callValue"]; ok && text(c["tokenId"]) == "" {
						values["_"] = n
					}
				}
				out = append(out, object{"internal_tx_id": in["hash"], "tx_id": tx["txID"], "block_timestamp": t["ms"], "from_address": from, "to_address": to,
					"data": object{"note": in["note"], "rejected": in["rejected"] == true, "call_value": values}})
			}
		case "transactions/trc20":
			logs, _ := info["log"].([]any)
			for _, v := range logs {
				l := v.(object)
				topics, _ := l["topics"].([]any)
				if len(topics) != 3 || !strings.HasPrefix(text(topics[0]), "ddf252ad") || !strings.HasSuffix(text(topics[1]), of) && !strings.HasSuffix(text(topics[2]), of) {
					continue
				}
				n, err := strconv.ParseUint(strings.TrimLeft(text(l["data"]), "0"), 16, 64)
				if err != nil {
					continue
				}
				out = append(out, object{"transaction_id": tx["txID"], "token_info": object{"address": spelt(text(l["address"]))}, "block_timestamp": t["ms"],
					"from": spelt(text(topics[1])), "to": spelt(text(topics[2])), "type": "Transfer", "value": fmt.Sprint(n)})
			}
		}
	}
	return out
}

// TestTronGrid: the facts of what is asked for are those of the chain's blocks.
func TestTronGrid(t *testing.T) {
	p, whole := newGridPeer(t)
	s := httptest.NewServer(p)
	defer s.Close()
	// Of each account that has a history.
	traced, same := 0, 0
	for id := fundtrail.AddressID(1); traced < 8; id++ {
		a := whole.Address(id)
		if a.IsZero() {
			break
		}
		if whole.MoveCount(id) < 2 {
			continue
		}
		theft := fundtrail.Theft{Address: a, Whole: true}
		w := &world{t: t, dir: t.TempDir(), theft: theft, opt: newWorld(t, source.Etherscan, accounts).opt}
		w.opt.Name, w.opt.URL, w.opt.Key = source.TronGrid, s.URL, "SECRETKEY"
		follow := func(offline bool) (*source.Result, error) {
			return w.follow(func(c *source.Case, o *source.Options) {
				c.Thefts, c.Trace, o.Offline = []fundtrail.Theft{theft}, traceOf(theft, 500), offline
			})
		}
		res, err := follow(false)
		if err != nil {
			if strings.Contains(err.Error(), "holds nothing") {
				continue
			}
			t.Fatal(a, err)
		}
		traced++
		if res.Stopped != nil {
			t.Fatal(res.Stopped)
		}
		// All that the blocks say of the address is in the ledger, to the place.
		got, ok := res.Ledger.AddressID(a)
		if !ok {
			t.Fatalf("nothing of %s", a)
		}
		facts := func(l *ledger.Memory, id fundtrail.AddressID) (out []string) {
			var m fundtrail.Movement
			for _, q := range l.Moves(id, 0, false, make([]fundtrail.Position, 1000)) {
				l.Movement(q, &m)
				span := l.Transaction(q)
				out = append(out, fmt.Sprint(span.Height, span.Time, l.Output(q), m.Kind, l.Address(m.From), l.Address(m.To), m.Amount, l.Asset(m.Asset)))
			}
			return out
		}
		x, y := facts(whole, id), facts(res.Ledger, got)
		slices.Sort(x)
		slices.Sort(y)
		if !slices.Equal(x, y) {
			t.Errorf("of %s the answers tell\n%s\nthe blocks\n%s", a, strings.Join(y, "\n"), strings.Join(x, "\n"))
		}
		same += len(x)
		again, err := follow(true)
		if err != nil || dump(again.Ledger) != dump(res.Ledger) {
			t.Errorf("offline: %v", err)
		}
		kept, err := source.Read(w.dir)
		if err != nil {
			t.Fatal(err)
		}
		b := ledger.NewBuilder()
		if _, err := source.Held(t.Context(), kept, b, nil); err != nil {
			t.Fatal(err)
		}
		if held, err := b.Seal(); err != nil || dump(held) != dump(res.Ledger) {
			t.Errorf("from the folder: %v", err)
		}
		for _, r := range kept.Records() {
			if strings.Contains(fmt.Sprint(r), "SECRETKEY") {
				t.Errorf("%v tells the key", r)
			}
		}
	}
	if traced == 0 {
		t.Error("nothing was traced")
	}
	t.Logf("%d addresses, %d movements the same, %d requests", traced, same, p.asked)
}
