package ledger

import (
	"fmt"
	"math"

	"github.com/fundtrail/fundtrail"
)

// A Builder collects what importers met, in any order and as often as they met it.
// It is not for concurrent use.
type Builder struct {
	addrs    *addresses
	assets   []fundtrail.Asset
	assetIDs map[fundtrail.Asset]fundtrail.AssetID
	txs      []buildTx
	rows     []buildRow
	arena    []byte // coded amounts of rows
	spends   []spend
	blocks   map[blockKey]blockFact
	files    []string
	coverage []fundtrail.Coverage
}

// A Tx is a transaction as one row of a file tells it. UnknownPlace and UnknownTime
// stand for what that row does not tell; another may.
type Tx struct {
	Chain  fundtrail.Chain
	Hash   fundtrail.Hash
	Height int64 // of its block
	Time   int64 // of its block, Unix seconds
	Place  uint32
	Where  Where
}

// What a row does not tell.
const (
	UnknownPlace = math.MaxUint32
	UnknownTime  = math.MinInt64
)

// Where is a line of a file, for messages. Make the file's number with Builder.File.
type Where struct {
	File int
	Line int
}

// A TxRef names a transaction in a Builder.
type TxRef uint32

// A Row is one movement as one row of a file tells it.
type Row struct {
	Kind     fundtrail.MoveKind
	Index    uint32 // a transfer's place in its transaction; of an input or output, its number
	Asset    fundtrail.AssetID
	From, To fundtrail.AddressID
	Amount   fundtrail.Amount
	// Spends is the output an input spends. When the ledger holds that output, Amount
	// may be left zero and From out.
	Spends fundtrail.TransferOutput
}

type buildTx struct {
	hash   fundtrail.Hash
	height int64
	time   int64
	place  uint32
	chain  uint8
	file   uint16
	line   uint32
	order  uint32 // set by Seal
}

type buildRow struct {
	amount   uint64 // offset in Builder.arena
	tx       uint32
	index    uint32
	from, to uint32
	asset    uint32
	kind     fundtrail.MoveKind
}

type spend struct {
	row    uint32
	output uint32
	chain  uint8
	hash   fundtrail.Hash
}

type blockKey struct {
	chain  uint8
	height int64
}

type blockFact struct {
	time int64
	tx   uint32 // the transaction that told it, or noTx
}

const noTx = math.MaxUint32

// NewBuilder returns an empty builder.
func NewBuilder() *Builder {
	return &Builder{
		addrs:    newAddresses(),
		assetIDs: map[fundtrail.Asset]fundtrail.AssetID{},
		blocks:   map[blockKey]blockFact{},
		files:    []string{"(no file)"},
	}
}

// File returns a number for a file's name, for Where.
func (b *Builder) File(name string) int {
	b.files = append(b.files, name)
	return len(b.files) - 1
}

// Address interns an address. The zero Address is NoAddress.
func (b *Builder) Address(a fundtrail.Address) fundtrail.AddressID {
	if a.IsZero() {
		return fundtrail.NoAddress
	}
	chain, ok := b.addrs.chainNumber(a.Chain(), true)
	if !ok {
		return fundtrail.NoAddress
	}
	return fundtrail.AddressID(b.addrs.intern(chain, key(a)))
}

// EVMAddress interns the 20 bytes of an address of an EVM chain or Tron. It is the
// importers' hot path.
func (b *Builder) EVMAddress(chain fundtrail.Chain, payload *[20]byte) fundtrail.AddressID {
	n, ok := b.addrs.chainNumber(chain, true)
	if !ok {
		return fundtrail.NoAddress
	}
	return fundtrail.AddressID(b.addrs.intern(n, payload[:]))
}

// Asset interns an asset.
func (b *Builder) Asset(a fundtrail.Asset) fundtrail.AssetID {
	id, ok := b.assetIDs[a]
	if !ok {
		id = fundtrail.AssetID(len(b.assets))
		b.assets = append(b.assets, a)
		b.assetIDs[a] = id
	}
	return id
}

// Block records a block's time, for transactions that do not tell it themselves.
func (b *Builder) Block(block fundtrail.Block) error {
	n, _ := b.addrs.chainNumber(block.Chain, true)
	k := blockKey{n, block.Height}
	t := block.Time.Unix()
	if old, ok := b.blocks[k]; ok && old.time != t {
		return fmt.Errorf("block %d of %s has the times %s and %s: %w", block.Height, block.Chain, clock(old.time), clock(t), fundtrail.ErrConflict)
	}
	b.blocks[k] = blockFact{t, noTx}
	return nil
}

// Cover records a claim of coverage.
func (b *Builder) Cover(c fundtrail.Coverage) { b.coverage = append(b.coverage, c) }

// Tx adds a transaction, which may have been added before.
func (b *Builder) Tx(t Tx) (TxRef, error) {
	n, ok := b.addrs.chainNumber(t.Chain, true)
	if !ok {
		return 0, fmt.Errorf("more than 256 chains: %w", fundtrail.ErrLimit)
	}
	if len(b.txs) == noTx {
		return 0, fmt.Errorf("more than 2^32 transactions: %w", fundtrail.ErrLimit)
	}
	b.txs = append(b.txs, buildTx{
		hash: t.Hash, height: t.Height, time: t.Time, place: t.Place, chain: n,
		file: uint16(min(t.Where.File, math.MaxUint16)), line: uint32(min(t.Where.Line, math.MaxUint32)),
	})
	return TxRef(len(b.txs) - 1), nil
}

// Add adds a movement to a transaction. A movement of nothing is left out.
func (b *Builder) Add(tx TxRef, r Row) error {
	coins := r.Kind == fundtrail.MoveInput || r.Kind == fundtrail.MoveOutput
	if r.Amount.IsZero() && !coins {
		return nil
	}
	if len(b.rows) >= math.MaxUint32-1 {
		return fmt.Errorf("more than 2^32 movements: %w", fundtrail.ErrLimit)
	}
	if r.Kind == fundtrail.MoveInput && !r.Spends.Transfer.Tx.IsZero() {
		b.spends = append(b.spends, spend{
			row: uint32(len(b.rows)), output: r.Spends.Output,
			chain: b.txs[tx].chain, hash: r.Spends.Transfer.Tx.Hash,
		})
	}
	b.rows = append(b.rows, buildRow{
		amount: uint64(len(b.arena)), tx: uint32(tx), index: r.Index,
		from: uint32(r.From), to: uint32(r.To), asset: uint32(r.Asset), kind: r.Kind,
	})
	b.arena = appendAmount(b.arena, r.Amount)
	return nil
}

// A Mark is a state of a Builder to go back to.
type Mark struct{ txs, rows, arena, spends, coverage int }

// Mark remembers the builder's state before a row or a file is read.
func (b *Builder) Mark() Mark {
	return Mark{len(b.txs), len(b.rows), len(b.arena), len(b.spends), len(b.coverage)}
}

// Undo drops the transactions, movements and claims added since the mark, so that a
// bad row leaves nothing half-imported. Interned addresses stay; they say nothing.
func (b *Builder) Undo(m Mark) {
	b.txs, b.rows, b.arena = b.txs[:m.txs], b.rows[:m.rows], b.arena[:m.arena]
	b.spends, b.coverage = b.spends[:m.spends], b.coverage[:m.coverage]
}

// Transaction adds a whole transaction of the edges' shape.
func (b *Builder) Transaction(t *fundtrail.Transaction, where Where) error {
	ref, err := b.Tx(Tx{
		Chain: t.ID.Chain, Hash: t.ID.Hash, Height: t.Block.Height,
		Time: t.Block.Time.Unix(), Place: t.Place, Where: where,
	})
	if err != nil {
		return err
	}
	info, _ := t.ID.Chain.Info()
	for i := range t.Transfers {
		tr := &t.Transfers[i]
		if info.Model == fundtrail.Coins {
			err = b.coinTransfer(ref, tr)
		} else {
			err = b.accountTransfer(ref, tr)
		}
		if err != nil {
			return fmt.Errorf("transaction %s: %w", t.ID, err)
		}
	}
	return nil
}

func (b *Builder) coinTransfer(ref TxRef, tr *fundtrail.Transfer) error {
	asset := b.Asset(tr.Asset)
	for i, in := range tr.Inputs {
		err := b.Add(ref, Row{Kind: fundtrail.MoveInput, Index: uint32(i), Asset: asset, From: b.Address(in.Address), Amount: in.Amount, Spends: in.Spends})
		if err != nil {
			return err
		}
	}
	for i, out := range tr.Outputs {
		err := b.Add(ref, Row{Kind: fundtrail.MoveOutput, Index: uint32(i), Asset: asset, To: b.Address(out.Address), Amount: out.Amount})
		if err != nil {
			return err
		}
	}
	return nil
}

func (b *Builder) accountTransfer(ref TxRef, tr *fundtrail.Transfer) error {
	if len(tr.Inputs) > 1 || len(tr.Outputs) > 1 || len(tr.Inputs)+len(tr.Outputs) == 0 {
		return fmt.Errorf("transfer %d: %d inputs and %d outputs on an account chain: %w", tr.ID.Index, len(tr.Inputs), len(tr.Outputs), fundtrail.ErrInvalid)
	}
	r := Row{Index: tr.ID.Index, Asset: b.Asset(tr.Asset)}
	if tr.ID.Index >= fundtrail.FeeIndex {
		r.Kind = fundtrail.MoveFee
	}
	if len(tr.Inputs) == 1 {
		r.From, r.Amount = b.Address(tr.Inputs[0].Address), tr.Inputs[0].Amount
	}
	if len(tr.Outputs) == 1 {
		r.To, r.Amount = b.Address(tr.Outputs[0].Address), tr.Outputs[0].Amount
	}
	return b.Add(ref, r)
}

// where says where a transaction was read, for messages.
func (b *Builder) where(t *buildTx) string {
	if t.file == 0 {
		return "given"
	}
	return fmt.Sprintf("%s line %d", b.files[t.file], t.line)
}

func (b *Builder) id(t *buildTx) fundtrail.TxID {
	return fundtrail.TxID{Chain: b.addrs.chains[t.chain], Hash: t.hash}
}
