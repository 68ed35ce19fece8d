// Package ledgertest is for tests alone: a ledger written as text, random ledgers,
// and the conformance test that every ledger passes.
//
// # The text
//
// A line is one transfer; lines with the same transaction name are one transaction.
//
//	2022-03-29T10:00Z t1 eth  ronin -> thief  100 ETH
//	2022-03-29T10:00Z t1 eth  ronin fee  0.01 ETH
//	2022-03-29T11:00Z t2 eth  mint -> bob  5 USDC
//	2022-03-29T12:00Z t3 btc  coinbase -> alice 50
//	2022-03-29T13:00Z t4 btc  t3:0 -> bob 30, alice 19.9
//	cover eth alice 0-99 value,fees
//
// Addresses and transactions are names; their bytes follow from the name, so that
// the same text is always the same ledger. "mint" and "burn" are nobody. A symbol
// other than the chain's own is a token with six decimals. A coin transaction names
// the outputs it spends; what it does not pay out is its fee. All lines with one
// time and one chain are one block, whose height is the time in minutes.
package ledgertest

import (
	"bufio"
	"crypto/sha256"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/fundtrail/fundtrail"
	"github.com/mr-tron/base58"
)

// A Text is a ledger written as text.
type Text struct {
	Transactions []fundtrail.Transaction
	Coverage     []fundtrail.Coverage

	names map[fundtrail.Address]string
	txs   map[fundtrail.TxID]string
}

// Parse reads a ledger's text.
func Parse(text string) (*Text, error) {
	l := &Text{names: map[fundtrail.Address]string{}, txs: map[fundtrail.TxID]string{}}
	scan := bufio.NewScanner(strings.NewReader(text))
	for n := 1; scan.Scan(); n++ {
		line, _, _ := strings.Cut(scan.Text(), "#")
		fields := strings.Fields(line)
		if len(fields) == 0 {
			continue
		}
		var err error
		if fields[0] == "cover" {
			err = l.cover(fields[1:])
		} else {
			err = l.transfer(fields)
		}
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
	}
	return l, scan.Err()
}

// MustParse is Parse for constants.
func MustParse(text string) *Text {
	l, err := Parse(text)
	if err != nil {
		panic(err)
	}
	return l
}

// Address returns the address that a name stands for on a chain.
func Address(chain fundtrail.Chain, name string) fundtrail.Address {
	sum := sha256.Sum256([]byte("address " + name))
	info, _ := chain.Info()
	if info.Family == fundtrail.FamilyBitcoin {
		version := map[fundtrail.Chain]byte{fundtrail.Litecoin: 0x30, fundtrail.Dogecoin: 0x1e}[chain]
		b := append([]byte{version}, sum[:20]...)
		once := sha256.Sum256(b)
		twice := sha256.Sum256(once[:])
		a, err := fundtrail.ParseAddress(chain, base58.Encode(append(b, twice[:4]...)))
		if err != nil {
			panic(err)
		}
		return a
	}
	return fundtrail.EVMAddress(chain, [20]byte(sum[:20]))
}

// Tx returns the id that a name stands for on a chain.
func Tx(chain fundtrail.Chain, name string) fundtrail.TxID {
	return fundtrail.TxID{Chain: chain, Hash: sha256.Sum256([]byte("transaction " + name))}
}

// Asset returns the asset that a symbol stands for on a chain.
func Asset(chain fundtrail.Chain, symbol string) fundtrail.Asset {
	if info, _ := chain.Info(); symbol == "" || symbol == info.Symbol {
		return fundtrail.NativeAsset(chain)
	}
	return fundtrail.Asset{Chain: chain, Contract: Address(chain, "token "+symbol)}
}

// Name returns the name an address was written with.
func (l *Text) Name(a fundtrail.Address) string {
	if a.IsZero() {
		return "nobody"
	}
	return l.names[a]
}

// TxName returns the name a transaction was written with.
func (l *Text) TxName(id fundtrail.TxID) string { return l.txs[id] }

// address interns a name, of which mint, burn and coinbase are nobody.
func (l *Text) address(chain fundtrail.Chain, name string) fundtrail.Address {
	switch name {
	case "mint", "burn", "coinbase":
		return fundtrail.Address{}
	}
	a := Address(chain, name)
	l.names[a] = name
	return a
}

func (l *Text) cover(f []string) error {
	if len(f) != 4 {
		return fmt.Errorf("want: cover CHAIN ADDRESS|all FROM-TO KINDS")
	}
	c := fundtrail.Coverage{Chain: fundtrail.Chain(f[0]), Source: "text"}
	if f[1] != "all" {
		c.Address = l.address(c.Chain, f[1])
	}
	if _, err := fmt.Sscanf(f[2], "%d-%d", &c.FromBlock, &c.ToBlock); err != nil {
		return fmt.Errorf("blocks %q: %w", f[2], err)
	}
	for _, k := range strings.Split(f[3], ",") {
		kind := map[string]fundtrail.Kinds{"value": fundtrail.ValueTransfers, "internal": fundtrail.InternalTransfers,
			"token": fundtrail.TokenTransfers, "fees": fundtrail.Fees, "all": fundtrail.AllKinds}[k]
		if kind == 0 {
			return fmt.Errorf("kind %q is not known", k)
		}
		c.What |= kind
	}
	l.Coverage = append(l.Coverage, c)
	return nil
}

func (l *Text) transfer(f []string) error {
	if len(f) < 5 {
		return fmt.Errorf("want: TIME TX CHAIN FROM -> TO AMOUNT")
	}
	at, err := time.Parse("2006-01-02T15:04Z", f[0])
	if err != nil {
		return err
	}
	chain, err := fundtrail.ParseChain(f[2])
	if err != nil {
		return err
	}
	t := l.transaction(chain, f[1], at)
	info, _ := chain.Info()
	if info.Model == fundtrail.Coins {
		return l.coins(t, info, strings.Join(f[3:], " "))
	}
	return l.account(t, info, f[3:])
}

// transaction returns the named transaction, beginning it when it is new.
func (l *Text) transaction(chain fundtrail.Chain, name string, at time.Time) *fundtrail.Transaction {
	id := Tx(chain, name)
	place := uint32(0)
	height := at.Unix() / 60
	for i := range l.Transactions {
		t := &l.Transactions[i]
		if t.ID == id {
			return t
		}
		if t.ID.Chain == chain && t.Block.Height == height {
			place++
		}
	}
	l.txs[id] = name
	l.Transactions = append(l.Transactions, fundtrail.Transaction{
		ID: id, Block: fundtrail.Block{Chain: chain, Height: height, Time: at}, Place: place,
	})
	return &l.Transactions[len(l.Transactions)-1]
}

// account reads "FROM -> TO AMOUNT SYMBOL" or "FROM fee AMOUNT".
func (l *Text) account(t *fundtrail.Transaction, info fundtrail.ChainInfo, f []string) error {
	fee := f[1] == "fee"
	if !fee && (f[1] != "->" || len(f) < 4) || fee && len(f) < 3 {
		return fmt.Errorf("want: FROM -> TO AMOUNT [SYMBOL], or FROM fee AMOUNT")
	}
	rest := f[2:]
	if !fee {
		rest = f[3:]
	}
	symbol := info.Symbol
	if len(rest) > 1 {
		symbol = rest[1]
	}
	asset := Asset(info.Chain, symbol)
	decimals := info.Decimals
	if !asset.Contract.IsZero() {
		decimals = 6
	}
	amount, err := fundtrail.ParseDecimal(rest[0], decimals)
	if err != nil {
		return err
	}
	tr := fundtrail.Transfer{Asset: asset, ID: fundtrail.TransferID{Tx: t.ID, Index: uint32(len(t.Transfers))}}
	if !asset.Contract.IsZero() {
		tr.ID.Index = fundtrail.LogIndex + uint32(len(t.Transfers))
	}
	if from := l.address(info.Chain, f[0]); !from.IsZero() {
		tr.Inputs = []fundtrail.Entry{{Address: from, Amount: amount}}
	}
	if fee {
		tr.ID.Index, tr.Fee = fundtrail.FeeIndex, amount
	} else if to := l.address(info.Chain, f[2]); !to.IsZero() {
		tr.Outputs = []fundtrail.Entry{{Address: to, Amount: amount}}
	}
	t.Transfers = append(t.Transfers, tr)
	return nil
}

// coins reads "TX:N + TX:N -> NAME AMOUNT, NAME AMOUNT".
func (l *Text) coins(t *fundtrail.Transaction, info fundtrail.ChainInfo, s string) error {
	left, right, ok := strings.Cut(s, "->")
	if !ok || len(t.Transfers) > 0 {
		return fmt.Errorf("want one line a coin transaction: TX:N + TX:N -> NAME AMOUNT, NAME AMOUNT")
	}
	tr := fundtrail.Transfer{ID: fundtrail.TransferID{Tx: t.ID}, Asset: fundtrail.NativeAsset(info.Chain)}
	var in, out fundtrail.Amount
	for _, coin := range strings.Split(left, "+") {
		if coin = strings.TrimSpace(coin); coin == "coinbase" {
			continue
		}
		name, n, _ := strings.Cut(coin, ":")
		index, err := strconv.Atoi(n)
		if err != nil {
			return fmt.Errorf("coin %q: want TX:N", coin)
		}
		spends := fundtrail.TransferOutput{Transfer: fundtrail.TransferID{Tx: Tx(info.Chain, name)}, Output: uint32(index)}
		entry, err := l.output(spends)
		if err != nil {
			return err
		}
		entry.Spends = spends
		in, _ = in.Add(entry.Amount)
		tr.Inputs = append(tr.Inputs, entry)
	}
	for _, pay := range strings.Split(right, ",") {
		f := strings.Fields(pay)
		if len(f) != 2 {
			return fmt.Errorf("output %q: want NAME AMOUNT", pay)
		}
		amount, err := fundtrail.ParseDecimal(f[1], info.Decimals)
		if err != nil {
			return err
		}
		out, _ = out.Add(amount)
		tr.Outputs = append(tr.Outputs, fundtrail.Entry{Address: l.address(info.Chain, f[0]), Amount: amount})
	}
	if len(tr.Inputs) > 0 {
		fee, under := in.Sub(out)
		if under {
			return fmt.Errorf("pays out more than it takes in")
		}
		tr.Fee = fee
	}
	t.Transfers = append(t.Transfers, tr)
	return nil
}

// output finds an output written further up.
func (l *Text) output(o fundtrail.TransferOutput) (fundtrail.Entry, error) {
	for i := range l.Transactions {
		t := &l.Transactions[i]
		if t.ID == o.Transfer.Tx && int(o.Output) < len(t.Transfers[0].Outputs) {
			return t.Transfers[0].Outputs[o.Output], nil
		}
	}
	return fundtrail.Entry{}, fmt.Errorf("output %s is not written further up", o)
}
