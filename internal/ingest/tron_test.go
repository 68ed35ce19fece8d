package ingest

import (
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/chain/tron"
	"github.com/fundtrail/fundtrail/internal/ledger"
)

// tronChain is the made chain that internal/chain/tron has recorded.
func tronChain(t testing.TB) (blocks, infos []json.RawMessage) {
	raw, err := os.ReadFile("../chain/tron/testdata/chain.json")
	if err != nil {
		t.Fatal(err)
	}
	var r struct{ Blocks, Infos []json.RawMessage }
	if err := json.Unmarshal(raw, &r); err != nil {
		t.Fatal(err)
	}
	return r.Blocks, r.Infos
}

func joinRaw(list []json.RawMessage) string {
	var s strings.Builder
	for _, r := range list {
		s.Write(r)
		s.WriteByte('\n')
	}
	return s.String()
}

// flatInfos are the objects of lists of information, one a line.
func flatInfos(t testing.TB, lists []json.RawMessage) string {
	var all []json.RawMessage
	for _, l := range lists {
		var some []json.RawMessage
		if err := json.Unmarshal(l, &some); err != nil {
			t.Fatal(err)
		}
		all = append(all, some...)
	}
	return joinRaw(all)
}

// TestTronFiles: saved answers make the ledger that the node's blocks make, whatever their
// order and however they are spelt.
func TestTronFiles(t *testing.T) {
	blocks, infos := tronChain(t)
	b := ledger.NewBuilder()
	var d tron.Decoder
	for i := range blocks {
		f, err := d.Block(blocks[i], infos[i])
		if err != nil {
			t.Fatal(err)
		}
		if _, err := addBlock(b, &f); err != nil {
			t.Fatal(err)
		}
	}
	m, err := b.Seal()
	if err != nil {
		t.Fatal(err)
	}
	moved := func(m *ledger.Memory) string {
		text, _, _ := strings.Cut(dump(m), "\ncover ")
		return strings.TrimSpace(text)
	}
	want := moved(m)
	for name, inputs := range map[string][]Input{
		"lines":          {text("blocks", joinRaw(blocks)), text("infos", flatInfos(t, infos))},
		"the other way":  {text("infos", flatInfos(t, infos)), text("blocks", joinRaw(blocks))},
		"one list":       {text("infos", "["+strings.ReplaceAll(strings.TrimSpace(flatInfos(t, infos)), "\n", ",")+"]"), text("blocks", joinRaw(blocks))},
		"over lines":     {text("block", over(t, string(blocks[1]))), text("infos", over(t, string(infos[1]))), text("rest", joinRaw(append(blocks[:1:1], blocks[2:]...))), text("more", flatInfos(t, append(infos[:1:1], infos[2:]...)))},
		"twice the same": {text("a", joinRaw(blocks)), text("b", joinRaw(blocks)), text("i", flatInfos(t, infos)), text("k", flatInfos(t, infos))},
	} {
		m, sums := importAll(t, Options{}, inputs...)
		if got := moved(m); got != want || len(want) < 1000 {
			t.Errorf("%s:\n%s\nwant\n%s", name, got, want)
		}
		if n := len(m.Coverage()); n == 0 || n > 12 || sums[0].Format == "" {
			t.Errorf("%s: %d claims, %+v", name, n, sums[0])
		}
	}
	says(t, refused(t, Options{}, text("blocks", joinRaw(blocks))), "gettransactioninfobyblocknum")
	bent := strings.Replace(flatInfos(t, infos), `"fee":345000`, `"fee":345001`, 1)
	if err := refused(t, Options{}, text("a", flatInfos(t, infos)), text("b", bent), text("blocks", joinRaw(blocks))); !errors.Is(err, fundtrail.ErrConflict) {
		t.Error(err)
	}
	bent = strings.Replace(joinRaw(blocks), `"amount":`, `"amount":1`, 1)
	says(t, refused(t, Options{}, text("blocks", bent), text("infos", flatInfos(t, infos))), "contradicts itself")
}

// TestTronPages: an account's pages give what they make certain, and all of a transaction
// where the node's answers stand beside them.
func TestTronPages(t *testing.T) {
	blocks, infos := tronChain(t)
	var block struct{ Transactions []map[string]any }
	var list []map[string]any
	var d tron.Decoder
	facts, err := d.Block(blocks[1], infos[1])
	if err != nil || json.Unmarshal(blocks[1], &block) != nil || json.Unmarshal(infos[1], &list) != nil {
		t.Fatal(err)
	}
	write := func(v any) string {
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return string(b) + "\n"
	}
	signed := map[string]any{}
	for k, v := range block.Transactions[1] {
		signed[k] = v
	}
	signed["blockNumber"], signed["block_timestamp"] = 1, facts.Block.Time.UnixMilli()
	signed["ret"] = []any{map[string]any{"contractRet": "SUCCESS", "fee": 345000}}
	move := facts.Transactions[1].Transfers[0]
	token := map[string]any{"transaction_id": signed["txID"], "block_timestamp": facts.Block.Time.UnixMilli(), "type": "Transfer",
		"token_info": map[string]any{"address": move.Asset.Contract.String()}, "from": move.Inputs[0].Address.String(), "to": move.Outputs[0].Address.String(), "value": move.Inputs[0].Amount.String()}
	page := func(row any) string {
		return write(map[string]any{"data": []any{row}, "success": true, "meta": map[string]any{"at": 1}})
	}
	info := write(list[1])

	m, sums := importAll(t, Options{}, text("page.json", page(signed)), text("trc20.json", page(token)))
	if m.Size() != 1 || len(sums[1].Notes) != 1 || !strings.Contains(sums[1].Notes[0], "1 of them") {
		t.Errorf("pages alone: %d movements, %q", m.Size(), sums[1].Notes)
	}
	want := ""
	for name, inputs := range map[string][]Input{
		"a page and information": {text("page.json", page(signed)), text("trc20.json", page(token)), text("info.json", info)},
		"both answers":           {text("tx.json", write(block.Transactions[1])), text("info.json", info), text("trc20.json", page(token))},
	} {
		m, sums := importAll(t, Options{}, inputs...)
		got := dump(m)
		if want == "" {
			want = got
		}
		if got != want || m.Size() != 2 {
			t.Errorf("%s:\n%s\nwant\n%s", name, got, want)
		}
		for _, s := range sums {
			if len(s.Notes) > 0 {
				t.Errorf("%s: %q", name, s.Notes)
			}
		}
	}
	token["value"] = "1"
	if err := refused(t, Options{}, text("page.json", page(signed)), text("trc20.json", page(token)), text("info.json", info)); !errors.Is(err, fundtrail.ErrConflict) {
		t.Error(err)
	}
	says(t, refused(t, Options{}, text("tx.json", write(block.Transactions[1]))), "gettransactioninfobyid")
	says(t, refused(t, Options{}, text("page.json", `{"data":[{}],"meta":{}}`)), "txID")
}
