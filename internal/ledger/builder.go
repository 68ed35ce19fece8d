package ledger

import (
	"fmt"
	"math"
	"slices"

	"github.com/fundtrail/fundtrail"
)

// A Builder collects what importers met, in any order and as often as they met it.
// It is not for concurrent use.
type Builder struct {
	addrs    *addresses
	assets   []fundtrail.Asset
	assetIDs map[fundtrail.Asset]fundtrail.AssetID
	txs      pile[buildTx]
	rows     pile[buildRow]
	large    []fundtrail.Amount // amounts of rows that have no short code
	spends   []spend
	blocks   []blockTime
	files    []string
	coverage []fundtrail.Coverage
	coins    []bool // by chain number: the chain records coins
	keep     bool
	unplaced bool // some row's place is not known; see settleUnplaced
	held     func(fundtrail.TransferOutput) (fundtrail.Address, fundtrail.Amount, bool)

	spill   *spill // nil: everything is held in memory
	runs    int    // that were set aside
	undone  bool   // to before something that was set aside
	holders map[outputName][]byte
	lowest  []int64 // by chain number: height of a movement
	added   int64   // movements
}

// A Tx is a transaction as one row of a file tells it. UnknownPlace, UnknownTime and
// OutcomeUnknown stand for what that row does not tell; another may.
type Tx struct {
	Chain   fundtrail.Chain
	Hash    fundtrail.Hash
	Height  int64 // of its block
	Time    int64 // of its block, Unix seconds
	Place   uint32
	Outcome Outcome
	Where   Where
}

// What a row does not tell.
const (
	UnknownPlace = math.MaxUint32
	UnknownTime  = math.MinInt64
)

// An Outcome says whether a transaction took effect. One that failed moved nothing
// but its fee. Movements added while its outcome is unknown are kept unless another
// row says that it failed.
type Outcome uint8

const (
	OutcomeUnknown Outcome = iota
	Succeeded
	Failed
)

// Places of the fees of an account chain's transaction, each with one meaning
// whichever files were loaded. FeeWhole is all that a file without block headers can
// tell, its recipient not known. FeeBurnt and FeePaid are its two parts; where they
// are told as well, Seal checks that they add up to it and keeps only them.
const (
	FeeWhole = fundtrail.FeeIndex     // gas used times price, recipient not told
	FeeBurnt = fundtrail.FeeIndex + 1 // the part that is burnt
	FeePaid  = fundtrail.FeeIndex + 2 // the part that the block's fee recipient gets
	FeeBlob  = fundtrail.FeeIndex + 3 // for blobs (EIP-4844), burnt, not in FeeWhole
	FeeData  = fundtrail.FeeIndex + 4 // a rollup's for its data on layer 1, not in FeeWhole
)

// Where is a line of a file, for messages. Make the file's number with Builder.File.
type Where struct {
	File int
	Line int
}

// WholeFile is the line of what stands in no line.
const WholeFile = math.MaxInt32

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

	outcome Outcome
	file    uint16
	line    uint32
	order   uint32 // set by Seal
}

type buildRow struct {
	amount   code
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

type blockTime struct {
	blockKey
	time  int64
	where Where
}

// NewBuilder returns an empty builder.
func NewBuilder() *Builder {
	return &Builder{
		addrs:    newAddresses(),
		assetIDs: map[fundtrail.Asset]fundtrail.AssetID{},
		files:    []string{"what was given"},
	}
}

// Keep keeps what reading a ledger does not need and writing it elsewhere does; see
// [Memory.Told] and [Memory.Spends].
func (b *Builder) Keep() { b.keep = true }

// Held tells of outputs that another ledger holds, so that inputs which spend them
// need not tell their payer and amount.
func (b *Builder) Held(output func(fundtrail.TransferOutput) (fundtrail.Address, fundtrail.Amount, bool)) {
	b.held = output
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
		return fundtrail.NoAddress // more chains than there are
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

// Payload returns what EVMAddress was given, zeros for nobody.
func (b *Builder) Payload(id fundtrail.AddressID) (payload [20]byte) {
	if id != fundtrail.NoAddress {
		copy(payload[:], b.addrs.key(uint32(id)))
	}
	return payload
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
func (b *Builder) Block(block fundtrail.Block, where Where) {
	n, _ := b.addrs.chainNumber(block.Chain, true)
	b.blocks = append(b.blocks, blockTime{blockKey{n, block.Height}, block.Time.Unix(), where})
}

// Movements returns how many were added, those included that were met before.
func (b *Builder) Movements() int64 { return b.added }

// Lowest returns the height of each chain's lowest movement.
func (b *Builder) Lowest() map[fundtrail.Chain]int64 {
	out := map[fundtrail.Chain]int64{}
	for n, height := range b.lowest {
		if height != math.MaxInt64 {
			out[b.addrs.chains[n]] = height
		}
	}
	return out
}

// Coverage returns the claims, in order.
func (b *Builder) Coverage() []fundtrail.Coverage {
	list := slices.Clone(b.coverage)
	slices.SortFunc(list, compareCoverage)
	return slices.Compact(list)
}

// Cover records a claim of coverage.
func (b *Builder) Cover(c fundtrail.Coverage) { b.coverage = append(b.coverage, c) }

// Tx adds a transaction, which may have been added before.
func (b *Builder) Tx(t Tx) (TxRef, error) {
	n, ok := b.addrs.chainNumber(t.Chain, true)
	if !ok {
		return 0, fmt.Errorf("more than 256 chains: %w", fundtrail.ErrLimit)
	}
	if b.txs.len() == math.MaxUint32 {
		return 0, fmt.Errorf("more than 2^32 transactions: %w", fundtrail.ErrLimit)
	}
	for len(b.coins) <= int(n) {
		b.coins = append(b.coins, coinChain(b.addrs.chains[len(b.coins)]))
		b.lowest = append(b.lowest, math.MaxInt64)
	}
	b.txs.push(buildTx{
		hash: t.Hash, height: t.Height, time: t.Time, place: t.Place, chain: n, outcome: t.Outcome,
		file: uint16(min(t.Where.File, math.MaxUint16)), line: uint32(min(t.Where.Line, math.MaxUint32)),
	})
	return TxRef(b.txs.len() - 1), nil
}

// Add adds a movement to a transaction. A movement of nothing is left out, but for
// inputs and outputs, whose coins may hold nothing.
func (b *Builder) Add(tx TxRef, r Row) error {
	t := b.txs.at(uint32(tx))
	coins := r.Kind == fundtrail.MoveInput || r.Kind == fundtrail.MoveOutput
	switch {
	case coins != b.coins[t.chain]:
		return fmt.Errorf("transaction %s: chain %s does not record movements of this kind: %w", b.id(t), b.addrs.chains[t.chain], fundtrail.ErrInvalid)
	case !coins && (r.Kind == fundtrail.MoveFee) != (r.Index >= fundtrail.FeeIndex):
		return fmt.Errorf("transaction %s: index %d: fees, and only fees, stand at %d and above: %w", b.id(t), r.Index, fundtrail.FeeIndex, fundtrail.ErrInvalid)
	case t.outcome == Failed && r.Kind != fundtrail.MoveFee:
		return fmt.Errorf("transaction %s failed, so it moved nothing but its fee: %w", b.id(t), fundtrail.ErrInvalid)
	case r.Amount.IsZero() && !coins:
		return nil
	case b.rows.len() >= math.MaxUint32-1:
		return fmt.Errorf("more than 2^32 movements: %w", fundtrail.ErrLimit)
	case b.addrs.full():
		return fmt.Errorf("more than 2^32 addresses, or 16 GiB of them: %w", fundtrail.ErrLimit)
	}
	if r.Kind == fundtrail.MoveInput && !r.Spends.Transfer.Tx.IsZero() {
		b.spends = append(b.spends, spend{
			row: uint32(b.rows.len()), output: r.Spends.Output,
			chain: t.chain, hash: r.Spends.Transfer.Tx.Hash,
		})
	}
	b.lowest[t.chain] = min(b.lowest[t.chain], t.height)
	b.added++
	b.unplaced = b.unplaced || r.Index >= fundtrail.UnplacedTrace && !coins
	b.rows.push(buildRow{
		amount: encode(r.Amount, &b.large), tx: uint32(tx), index: r.Index,
		from: uint32(r.From), to: uint32(r.To), asset: uint32(r.Asset), kind: r.Kind,
	})
	return nil
}

// A Mark is a state of a Builder to go back to.
type Mark struct{ runs, txs, rows, large, spends, blocks, files, coverage int }

// Mark remembers the builder's state before a row or a file is read.
func (b *Builder) Mark() Mark {
	return Mark{b.runs, b.txs.len(), b.rows.len(), len(b.large), len(b.spends), len(b.blocks), len(b.files), len(b.coverage)}
}

// Undo drops what was added since the mark, so that a bad row leaves nothing
// half-imported. Interned addresses and assets stay; they say nothing. There is no way
// back to before something was set aside (see Relieve): the builder is of no use then.
func (b *Builder) Undo(m Mark) {
	if m.runs != b.runs {
		b.undone = true
		return
	}
	b.txs.cut(m.txs)
	b.rows.cut(m.rows)
	b.large = b.large[:m.large]
	b.spends, b.blocks = b.spends[:m.spends], b.blocks[:m.blocks]
	b.files, b.coverage = b.files[:m.files], b.coverage[:m.coverage]
}

// Transaction adds a whole transaction of the edges' shape.
func (b *Builder) Transaction(t *fundtrail.Transaction, where Where) error {
	outcome := OutcomeUnknown
	if t.Failed {
		outcome = Failed
	}
	ref, err := b.Tx(Tx{
		Chain: t.ID.Chain, Hash: t.ID.Hash, Height: t.Block.Height,
		Time: t.Block.Time.Unix(), Place: t.Place, Outcome: outcome, Where: where,
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
	return b.source(Where{int(t.file), int(t.line)})
}

func (b *Builder) source(w Where) string {
	if w.File <= 0 || w.File >= len(b.files) {
		return b.files[0]
	}
	if w.Line == WholeFile {
		return b.files[w.File]
	}
	return fmt.Sprintf("%s line %d", b.files[w.File], w.Line)
}

func (b *Builder) id(t *buildTx) fundtrail.TxID {
	return fundtrail.TxID{Chain: b.addrs.chains[t.chain], Hash: t.hash}
}
