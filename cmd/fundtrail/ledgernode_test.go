package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// send sends a transaction of the developer's account and waits until it is in a block; it
// returns the contract that it made, if it made one.
func (n *devNode) send(tx map[string]string) (contract string) {
	n.t.Helper()
	tx["from"], tx["gas"] = n.from, "0x2dc6c0"
	var hash string
	if err := n.try(&hash, "eth_sendTransaction", tx); err != nil {
		n.t.Fatal(err)
	}
	for range 1000 {
		var receipt *struct{ Status, ContractAddress string }
		if err := n.try(&receipt, "eth_getTransactionReceipt", hash); err == nil && receipt != nil {
			if receipt.Status != "0x1" {
				n.t.Fatalf("%v failed", tx)
			}
			return receipt.ContractAddress
		}
		time.Sleep(5 * time.Millisecond)
	}
	n.t.Fatal("geth makes no block")
	return ""
}

// TestLedgerAndNode: what a node tells of a ledger's tokens names amounts of a trace, and its
// balances are the ledger's, unless the ledger lacks something.
func TestLedgerAndNode(t *testing.T) {
	n := startDevNode(t)
	raw, err := os.ReadFile("../../internal/chain/evm/testdata/contracts/contracts.json")
	if err != nil {
		t.Fatal(err)
	}
	var contracts struct {
		Token struct {
			Code    string
			Methods map[string]string
		}
	}
	if err := json.Unmarshal(raw, &contracts); err != nil {
		t.Fatal(err)
	}
	n.mine(3, 100)
	token := n.send(map[string]string{"data": "0x" + contracts.Token.Code})
	who := fmt.Sprintf("0x%040x", 0xbeef)
	n.send(map[string]string{"to": token, "data": fmt.Sprintf("0x%s%064x%064x", contracts.Token.Methods["mint(address,uint256)"], 0xbeef, 1_234_567)})
	n.mine(2, 200)

	dir := t.TempDir()
	ledger, assets, report := filepath.Join(dir, "chain"), filepath.Join(dir, "assets.yaml"), filepath.Join(dir, "report.json")
	say(t, 0, "sync", ledger, "--chain", "eth", "--rpc", n.ours)

	// The token's own name hides letters and turns the text around; what is left of it is "TST".
	say(t, 0, "ledger", "tokens", ledger, "--rpc", n.ours, "-o", assets)
	if text, _ := os.ReadFile(assets); !strings.Contains(string(text), "asset: eth/"+strings.ToLower(token)) || !strings.Contains(string(text), "symbol: TST") || !strings.Contains(string(text), "decimals: 6") {
		t.Errorf("%s", text)
	}
	trace := []string{"trace", who, "--direction", "backward", "--chain", "eth", "--ledger", ledger}
	if text := say(t, 0, trace...); !strings.Contains(text, "1,234,567 eth/0x") || !strings.Contains(text, "WHERE IT CAME FROM, IN eth/"+strings.ToLower(token)) {
		t.Errorf("without names: %s", text)
	}
	trace = append(trace, "--assets", assets)
	if text := say(t, 0, trace...); !strings.Contains(text, "1.2346 TST") || !strings.Contains(text, "are those of assets.yaml: claims") ||
		!strings.Contains(text, "fundtrail verify report.json --ledger LEDGER --assets assets.yaml") || strings.Contains(text, "sha256 0000") {
		t.Errorf("with names: %s", text)
	}
	say(t, 0, append(trace, "--format", "json", "-o", report)...)
	if text := say(t, 0, "verify", report, "--ledger", ledger, "--assets", assets); !strings.Contains(text, "VERIFIED") {
		t.Error(text)
	}

	// Another's symbol is no name.
	text, _ := os.ReadFile(assets)
	fake := strings.Replace(string(text), "symbol: TST", "symbol: usdc", 1)
	if err := os.WriteFile(assets, []byte(fake), 0o600); err != nil {
		t.Fatal(err)
	}
	if text := say(t, 0, trace...); !strings.Contains(text, fmt.Sprintf("1.2346 usdc (%.8s…)", token)) {
		t.Errorf("a symbol that another has: %s", text)
	}

	if text := say(t, 0, "ledger", "reconcile", ledger, "--rpc", n.ours, "--sample", "0"); !strings.Contains(text, "EQUAL: eth, blocks 1 to ") {
		t.Error(text)
	}
	top := n.height()
	n.mine(2, 300)
	say(t, 0, "sync", ledger, "--chain", "eth", "--rpc", n.ours)
	if text := say(t, 2, "ledger", "reconcile", ledger, "--rpc", n.ours, "--to", "100000"); !strings.Contains(text, "of which the ledger ends with") {
		t.Error(text)
	}
	var none any
	if err := n.try(&none, "debug_setHead", fmt.Sprintf("0x%x", top)); err != nil {
		t.Fatal(err)
	}
	n.mine(2, 400)
	if text := say(t, 1, "ledger", "reconcile", ledger, "--rpc", n.ours, "--to", fmt.Sprint(top+1)); !strings.Contains(text, "is another in the ledger and at the node") {
		t.Error(text)
	}
}

// TestReconcileDiffers: a ledger of files, which have no internal transfers and lack one
// payment, is not what the node says.
func TestReconcileDiffers(t *testing.T) {
	n := startDevNode(t)
	n.mine(3, 100)
	var block struct {
		Timestamp    string
		Transactions []struct{ Hash, From, To, Value string }
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "transfers.csv")
	csv := "chain,tx,block,time,from,to,amount,asset,kind,index\n"
	for h := range n.height() {
		if err := n.try(&block, "eth_getBlockByNumber", fmt.Sprintf("0x%x", h+1), true); err != nil {
			t.Fatal(err)
		}
		for _, tx := range block.Transactions {
			var value, at int64
			fmt.Sscanf(tx.Value, "0x%x", &value)
			fmt.Sscanf(block.Timestamp, "0x%x", &at)
			csv += fmt.Sprintf("eth,%s,%d,%d,%s,%s,%d,eth,transfer,0\n", tx.Hash, h+1, at, tx.From, tx.To, value+1)
		}
	}
	if err := os.WriteFile(file, []byte(csv), 0o600); err != nil {
		t.Fatal(err)
	}
	ledger := filepath.Join(dir, "chain")
	say(t, 0, "ledger", "import", ledger, file)
	text := say(t, 3, "ledger", "reconcile", ledger, "--rpc", n.ours)
	if !strings.Contains(text, "does not claim to hold") || !strings.Contains(text, "the ledger moves 1000101, and the node's balance changes by 1000100") || !strings.Contains(text, "DIFFERENT: eth") {
		t.Error(text)
	}
}
