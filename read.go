package fundtrail

// The reading side of a ledger, for the engines' hot path. The types above it hold
// slices and spellings and are for the edges; the ones here are small values, so
// that reading a movement allocates nothing. Ids mean something only to the ledger
// they came from: they are never printed or stored.

// An AddressID is an address interned by a ledger.
type AddressID uint32

// NoAddress is the side of a movement that has no address: the payer of a mint, the
// payee of a burn or of a fee to nobody known.
const NoAddress AddressID = 0

// An AssetID is an asset interned by a ledger.
type AssetID uint32

// A Position is a movement's place in a ledger's total order: by chain, block,
// transaction, and place within the transaction.
type Position uint64

// NoPosition is no place at all.
const NoPosition = ^Position(0)

// A MoveKind says what a movement is.
type MoveKind uint8

const (
	Move       MoveKind = iota // account chains: From pays To; a mint has no From, a burn no To
	MoveFee                    // account chains: From pays a fee, To is its recipient where known
	MoveInput                  // coin chains: From spends a coin into the transaction
	MoveOutput                 // coin chains: the transaction pays To
)

// A Movement is the compact form of one entry of a transfer: a whole transfer on an
// account chain, one input or one output on a coin chain.
type Movement struct {
	Kind     MoveKind
	Asset    AssetID
	From, To AddressID
	Amount   Amount
	// Link ties a coin's two ends: of an input, the output it spends; of an output,
	// the input that spends it. NoPosition where the ledger does not hold that end.
	Link Position
}

// A Span is a transaction's run of positions, First up to but not including End.
type Span struct {
	First, End Position
	ID         TxID
	Height     int64 // of its block
	Time       int64 // of its block, in Unix seconds
}

// A ChainSpan is a chain's run of positions.
type ChainSpan struct {
	Chain      Chain
	First, End Position
}

// A Ledger is what an engine needs to read. The memory and the disk ledger both
// have it, and ledgertest.TestLedger holds every one of them to it.
//
// Readers may use a Ledger from several goroutines at once. Methods do not return
// errors, so that the hot path stays simple; a ledger that can fail to read keeps
// its first error for Err, and an engine asks before it trusts what it made.
type Ledger interface {
	// Size returns the number of movements; positions run from 0 below it.
	Size() Position
	// Chains returns the chains, in the order of their positions.
	Chains() []ChainSpan
	// Movement reads the movement at p into m.
	Movement(p Position, m *Movement)
	// Transaction returns the transaction that the movement at p belongs to.
	Transaction(p Position) Span
	// FindTx returns the run of a transaction; ok is false when the ledger holds no
	// movement of it.
	FindTx(id TxID) (span Span, ok bool)
	// Seek returns the first position on the chain whose block's time is not before
	// the given Unix second, or the chain's end.
	Seek(chain Chain, time int64) Position
	// Moves fills into with positions of the address's movements in order, beginning
	// at from itself and going up, or down when back is set. It returns the part it
	// filled, which is short only at the end of the list.
	Moves(a AddressID, from Position, back bool, into []Position) []Position
	// MoveCount returns how many movements the address has in all.
	MoveCount(a AddressID) int
	// AddressID returns the id of an address; ok is false when no movement has it.
	AddressID(a Address) (id AddressID, ok bool)
	// Address is the inverse of AddressID; of NoAddress it returns the zero Address.
	Address(id AddressID) Address
	// AssetID returns the id of an asset; ok is false when no movement has it.
	AssetID(a Asset) (id AssetID, ok bool)
	// Asset is the inverse of AssetID.
	Asset(id AssetID) Asset
	// Output names the ledger record at p: an account chain's transfer, or a coin
	// chain's output (of an input: its place among the inputs).
	Output(p Position) TransferOutput
	// Coverage returns what the ledger claims to hold whole.
	Coverage() []Coverage
	// Err returns the first error that reading met.
	Err() error
}
