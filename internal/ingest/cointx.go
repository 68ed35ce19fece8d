package ingest

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/ledger"
)

// Whole transactions of coin chains as JSON: Esplora's, and the verbose forms of Bitcoin
// Core and its family. doc/formats-ledger.md says what is read of them.

const (
	esploraTxID = iota
	esploraVin
	esploraVout
	esploraStatus
)

var esplora = format{
	name: "Esplora transactions", order: 7, coins: true, row: (*file).esploraRow,
	columns: []column{
		esploraTxID:   {name: "txid", need: true},
		esploraVin:    {name: "vin", need: true},
		esploraVout:   {name: "vout", need: true},
		esploraStatus: {name: "status", need: true},
	},
}

const (
	coreTxID = iota
	coreVin
	coreVout
	coreHeight
	coreTime
	coreHash
)

var coreTransactions = format{
	name: "Bitcoin Core transactions", order: 7, coins: true, row: (*file).coreRow,
	columns: []column{
		coreTxID:   {name: "txid", need: true},
		coreVin:    {name: "vin", need: true},
		coreVout:   {name: "vout", need: true},
		coreHeight: {name: "blockheight", also: "height block_height"},
		coreTime:   {name: "blocktime", also: "block_time"},
		coreHash:   {name: "blockhash"},
	},
}

const (
	coreBlockHeight = iota
	coreBlockTime
	coreBlockRoot
	coreBlockTx
)

var coreBlocks = format{
	name: "Bitcoin Core blocks", order: 7, coins: true, row: (*file).coreBlockRow,
	columns: []column{
		coreBlockHeight: {name: "height", need: true},
		coreBlockTime:   {name: "time", need: true},
		coreBlockRoot:   {name: "merkleroot", need: true},
		coreBlockTx:     {name: "tx", need: true},
	},
}

// A coinTx is a transaction as a row tells it.
type coinTx struct {
	hash    fundtrail.Hash
	height  int64
	time    int64
	place   uint32
	inputs  []coinSide
	outputs []coinSide
}

// A coinSide is an input or an output.
type coinSide struct {
	spends  fundtrail.TransferOutput // of an input; zero for a coinbase
	address string
	amount  fundtrail.Amount
}

// addCoins adds a transaction's inputs and outputs.
func (f *file) addCoins(t *coinTx, vin, vout int) error {
	ref, err := f.b.Tx(ledger.Tx{Chain: f.coinChain(), Height: t.height, Time: t.time, Place: t.place, Hash: t.hash, Where: f.where()})
	if err != nil {
		return err
	}
	asset := f.b.Asset(fundtrail.NativeAsset(f.coinChain()))
	for i := range t.inputs {
		in := &t.inputs[i]
		if in.spends == (fundtrail.TransferOutput{}) {
			continue // a coinbase: its outputs are new
		}
		from, err := f.holder(vin, i, in.address)
		if err != nil {
			return err
		}
		if err := f.add(ref, t.height, ledger.Row{Kind: fundtrail.MoveInput, Index: uint32(i), Asset: asset, From: from, Amount: in.amount, Spends: in.spends}); err != nil {
			return err
		}
	}
	for i := range t.outputs {
		to, err := f.holder(vout, i, t.outputs[i].address)
		if err != nil {
			return err
		}
		if err := f.add(ref, t.height, ledger.Row{Kind: fundtrail.MoveOutput, Index: uint32(i), Asset: asset, To: to, Amount: t.outputs[i].amount}); err != nil {
			return err
		}
	}
	f.sum.Transactions++
	return nil
}

// coinChain is the chain of files whose form is of Bitcoin's family.
func (f *file) coinChain() fundtrail.Chain {
	if f.opt.Chain == "" {
		return fundtrail.Bitcoin
	}
	return f.opt.Chain
}

// holder returns the address of an input or output; a script without one is nobody's.
func (f *file) holder(column, n int, text string) (fundtrail.AddressID, error) {
	if text == "" {
		return fundtrail.NoAddress, nil
	}
	a, err := fundtrail.ParseAddress(f.coinChain(), text)
	if err != nil {
		return 0, f.badSide(column, n, err.Error())
	}
	return f.b.Address(a), nil
}

// badSide is the error for an input or output that does not hold what is wanted.
func (f *file) badSide(c, n int, what string) error {
	return &rowError{f.format.columns[c].name + "[" + strconv.Itoa(n) + "]", what, fundtrail.ErrInvalid}
}

// list reads a cell that holds a JSON list.
func list[T any](f *file, c int, into *[]T) error {
	d := json.NewDecoder(strings.NewReader(string(f.cells[c])))
	d.UseNumber()
	if err := d.Decode(into); err != nil {
		return &rowError{f.format.columns[c].name, fmt.Sprintf("want a list of objects: %v", err), fundtrail.ErrInvalid}
	}
	if len(*into) == 0 {
		return f.bad(c, "a list with something in it")
	}
	return nil
}

// txHash reads the transaction's name.
func (f *file) txHash(c int) (fundtrail.Hash, error) {
	h, err := fundtrail.ParseHash(string(f.cells[c]))
	if err != nil {
		return h, f.badCell(c, err)
	}
	if h == (fundtrail.Hash{}) {
		return h, f.bad(c, "a transaction's hash, which is not zero")
	}
	return h, nil
}

// spent reads which output an input spends.
func (f *file) spent(c, n int, tx string, vout *uint64) (o fundtrail.TransferOutput, err error) {
	h, err := fundtrail.ParseHash(tx)
	if err != nil || h == (fundtrail.Hash{}) || vout == nil || *vout > math.MaxUint32 {
		return o, f.badSide(c, n, "want txid and vout: the output that it spends")
	}
	return fundtrail.TransferOutput{Transfer: fundtrail.TransferID{Tx: fundtrail.TxID{Chain: f.coinChain(), Hash: h}}, Output: uint32(*vout)}, nil
}

// An esploraOutput is an output, or what an input says of the one it spends.
type esploraOutput struct {
	Address string       `json:"scriptpubkey_address"`
	Value   *json.Number `json:"value"` // base units
}

func (f *file) esploraRow() (err error) {
	t := coinTx{time: ledger.UnknownTime, place: unknownPlace}
	if t.hash, err = f.txHash(esploraTxID); err != nil {
		return err
	}
	var status struct {
		Confirmed bool   `json:"confirmed"`
		Height    *int64 `json:"block_height"`
		Time      *int64 `json:"block_time"`
	}
	if err := json.Unmarshal(f.cells[esploraStatus], &status); err != nil {
		return &rowError{"status", fmt.Sprintf("want an object: %v", err), fundtrail.ErrInvalid}
	}
	switch {
	case !status.Confirmed:
		return &rowError{"status", "the transaction is in no block yet: a ledger holds what blocks hold", fundtrail.ErrInvalid}
	case status.Height == nil || *status.Height < 0 || *status.Height > maxHeight || status.Time == nil || *status.Time < 0 || *status.Time > maxTime:
		return &rowError{"status", "want block_height, and block_time in Unix seconds", fundtrail.ErrInvalid}
	}
	t.height, t.time = *status.Height, *status.Time
	var vin []struct {
		TxID     string         `json:"txid"`
		Vout     *uint64        `json:"vout"`
		Coinbase bool           `json:"is_coinbase"`
		Prevout  *esploraOutput `json:"prevout"`
	}
	if err := list(f, esploraVin, &vin); err != nil {
		return err
	}
	for i, v := range vin {
		in := coinSide{}
		if !v.Coinbase {
			if in.spends, err = f.spent(esploraVin, i, v.TxID, v.Vout); err != nil {
				return err
			}
			if v.Prevout != nil {
				if in.amount, err = f.units(esploraVin, i, v.Prevout.Value); err != nil {
					return err
				}
				in.address = v.Prevout.Address
			}
		}
		t.inputs = append(t.inputs, in)
	}
	var vout []esploraOutput
	if err := list(f, esploraVout, &vout); err != nil {
		return err
	}
	for i, v := range vout {
		out := coinSide{address: v.Address}
		if out.amount, err = f.units(esploraVout, i, v.Value); err != nil {
			return err
		}
		t.outputs = append(t.outputs, out)
	}
	return f.addCoins(&t, esploraVin, esploraVout)
}

// units reads a number of base units.
func (f *file) units(c, n int, v *json.Number) (fundtrail.Amount, error) {
	if v != nil {
		if u, ok := digits([]byte(*v)); ok {
			return fundtrail.NewAmount(u), nil
		}
	}
	return fundtrail.Amount{}, f.badSide(c, n, "want value: a whole number of base units, digits alone")
}

// A coreScript is an output's script. Programs before Bitcoin Core 22 list addresses, more
// than one where several keys can spend: then it is nobody's.
type coreScript struct {
	Address   string   `json:"address"`
	Addresses []string `json:"addresses"`
}

func (s *coreScript) holder() string {
	if s.Address == "" && len(s.Addresses) == 1 {
		return s.Addresses[0]
	}
	return s.Address
}

type coreInput struct {
	TxID     string  `json:"txid"`
	Vout     *uint64 `json:"vout"`
	Coinbase *string `json:"coinbase"`
	Prevout  *struct {
		Value  *json.Number `json:"value"`
		Script coreScript   `json:"scriptPubKey"`
	} `json:"prevout"`
}

type coreOutput struct {
	Value  *json.Number `json:"value"` // whole coins
	N      *uint64      `json:"n"`
	Script coreScript   `json:"scriptPubKey"`
}

func (f *file) coreRow() (err error) {
	t := coinTx{time: ledger.UnknownTime, place: unknownPlace}
	if t.hash, err = f.txHash(coreTxID); err != nil {
		return err
	}
	if !f.told(coreHeight) {
		return &rowError{"blockheight", "empty, and getrawtransaction does not tell it: add the height of the block, or give the whole block by getblock with verbosity 3", fundtrail.ErrInvalid}
	}
	if t.height, err = f.height(coreHeight); err != nil {
		return err
	}
	if t.time, err = f.blockTime(coreTime); err != nil {
		return err
	}
	var vin []coreInput
	var vout []coreOutput
	if err := list(f, coreVin, &vin); err != nil {
		return err
	}
	if err := list(f, coreVout, &vout); err != nil {
		return err
	}
	if err := f.coreSides(&t, vin, vout, coreVin, coreVout); err != nil {
		return err
	}
	return f.addCoins(&t, coreVin, coreVout)
}

// coreSides reads a transaction's inputs and outputs.
func (f *file) coreSides(t *coinTx, vin []coreInput, vout []coreOutput, cin, cout int) (err error) {
	for i := range vin {
		v := &vin[i]
		in := coinSide{}
		if v.Coinbase == nil {
			if in.spends, err = f.spent(cin, i, v.TxID, v.Vout); err != nil {
				return err
			}
			if v.Prevout != nil {
				if in.amount, err = f.coins(cin, i, v.Prevout.Value); err != nil {
					return err
				}
				in.address = v.Prevout.Script.holder()
			}
		}
		t.inputs = append(t.inputs, in)
	}
	for i := range vout {
		v := &vout[i]
		if v.N != nil && *v.N != uint64(i) {
			return f.badSide(cout, i, fmt.Sprintf("n is %d, want %d: outputs in their order, none left out", *v.N, i))
		}
		out := coinSide{address: v.Script.holder()}
		if out.amount, err = f.coins(cout, i, v.Value); err != nil {
			return err
		}
		t.outputs = append(t.outputs, out)
	}
	return nil
}

func (f *file) coreBlockRow() (err error) {
	height, err := f.height(coreBlockHeight)
	if err != nil {
		return err
	}
	at, err := f.unix(coreBlockTime)
	if err != nil {
		return err
	}
	var txs []struct {
		TxID string       `json:"txid"`
		Vin  []coreInput  `json:"vin"`
		Vout []coreOutput `json:"vout"`
	}
	if len(f.cells[coreBlockTx]) > 1 && strings.HasPrefix(strings.TrimLeft(string(f.cells[coreBlockTx][1:]), " \t"), `"`) {
		return &rowError{"tx", "only the transactions' ids: ask for the block with verbosity 3 (or 2)", fundtrail.ErrInvalid}
	}
	if err := list(f, coreBlockTx, &txs); err != nil {
		return err
	}
	for i := range txs {
		x := &txs[i]
		t := coinTx{height: height, time: at, place: uint32(i)}
		if t.hash, err = fundtrail.ParseHash(x.TxID); err != nil || t.hash == (fundtrail.Hash{}) {
			return f.badSide(coreBlockTx, i, "want txid: 64 hexadecimal digits")
		}
		if len(x.Vin) == 0 || len(x.Vout) == 0 {
			return f.badSide(coreBlockTx, i, "want vin and vout with something in them")
		}
		if err := f.coreSides(&t, x.Vin, x.Vout, coreBlockTx, coreBlockTx); err != nil {
			return err
		}
		if err := f.addCoins(&t, coreBlockTx, coreBlockTx); err != nil {
			return err
		}
	}
	return nil
}

// coins reads an amount of whole coins exactly. Bitcoin Core writes eight decimals; what
// has passed through other programs may have an exponent.
func (f *file) coins(c, n int, v *json.Number) (fundtrail.Amount, error) {
	info, _ := f.coinChain().Info()
	if v != nil {
		if a, ok := wholeCoins(v.String(), info.Decimals); ok {
			return a, nil
		}
	}
	return fundtrail.Amount{}, f.badSide(c, n, fmt.Sprintf("want value: whole coins with at most %d decimals", info.Decimals))
}

// wholeCoins reads a JSON number of whole coins as base units.
func wholeCoins(text string, decimals int) (fundtrail.Amount, bool) {
	mantissa, exponent := text, 0
	if i := strings.IndexAny(text, "eE"); i >= 0 {
		n, err := strconv.Atoi(text[i+1:])
		if err != nil || n < -40 || n > 40 {
			return fundtrail.Amount{}, false
		}
		mantissa, exponent = text[:i], n
	}
	whole, part, _ := strings.Cut(mantissa, ".")
	all := whole + part
	shift := decimals + exponent - len(part)
	for ; shift < 0 && strings.HasSuffix(all, "0"); shift++ {
		all = all[:len(all)-1]
	}
	if all == "" {
		all = "0"
	}
	if shift < 0 {
		return fundtrail.Amount{}, strings.Trim(all, "0") == "" && !strings.HasPrefix(text, "-")
	}
	a, err := fundtrail.ParseAmount(all + strings.Repeat("0", shift))
	return a, err == nil
}
