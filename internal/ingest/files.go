package ingest

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/ledger"
)

// An Input is a file to import.
type Input struct {
	Name string // for messages, summaries and the source of coverage claims
	Open func() (io.ReadCloser, error)
}

// File returns the input that a path names.
func File(name string) Input {
	return Input{name, func() (io.ReadCloser, error) { return os.Open(name) }}
}

// Options say how to read what files do not tell.
type Options struct {
	// Chain is the chain of files that do not name theirs: of all formats but the
	// generic CSV. Default: Ethereum, and Bitcoin for whole transactions of coin chains;
	// for the generic CSV without a chain column there is no default.
	Chain fundtrail.Chain
	// MaxBad is how many bad rows may be set aside, in all files together. One more
	// fails the import. Default 0: the first bad row does.
	MaxBad int
	// LeaveOutUnknown leaves out the value of transactions of which no file tells
	// whether they succeeded. By default it is held to have moved, unless a file of
	// this import says otherwise, and Summary.StatusUnknown counts them.
	LeaveOutUnknown bool
	// Wraps says which tokens are the chain's own coin, one to one. Their making and
	// destroying are events of their own, Deposit and Withdrawal, in tables of logs.
	Wraps func(fundtrail.Asset) bool
	// Decimals tells of how many decimals a token is, where that is on record, for lists
	// whose amounts are in whole tokens.
	Decimals func(fundtrail.Asset) (int, bool)
	// Read, when set, is told how many stored bytes were read, for showing progress.
	// It is called from another goroutine than Files.
	Read func(n int)
}

// A Summary says what a file gave.
type Summary struct {
	File   string
	Format string
	SHA256 [32]byte // of the bytes as stored
	Bytes  int64    // as stored
	Rows   int      // read, bad ones included, the header not

	Transactions int // rows of a table of transactions; of the generic CSV, different transactions
	Movements    int // added to the builder, before it merges what is met twice
	Failed       int // transactions that failed and so moved nothing but their fee

	// StatusUnknown counts the transactions of which no file of the import tells whether
	// they succeeded, each in one file. See Options.LeaveOutUnknown.
	StatusUnknown int
	// FeeUnknown counts the transactions whose fee neither the file nor a table of
	// receipts tells: the ledger holds none for them.
	FeeUnknown int
	// RecipientUnknown counts the contract creations with value whose contract neither
	// is told nor follows from a nonce: the ledger does not hold that value.
	RecipientUnknown int
	// Claims counts the claims of coverage that were taken over; Unsupported those that
	// were not, because the files do not hold what the list says they do.
	Claims, Unsupported int

	Kinds  fundtrail.Kinds // the kinds of transfer that it gave
	Blocks [2]int64        // the lowest and the highest block of a movement; zero when there is none
	Bad    []BadRow        // what was set aside
	Notes  []string        // what else a reader of the ledger should know, in sentences
}

// A BadRow is a row that could not be read. As an error it wraps fundtrail.ErrInvalid.
type BadRow struct {
	File   string
	Line   int    // of the row's first line, from 1
	Column string // "" when the whole row is broken
	Reason string // what it holds and what was wanted
	Raw    string // the row as it stands in the file

	err error
}

func (r *BadRow) Error() string {
	if r.Column == "" {
		return fmt.Sprintf("%s: line %d: %s", r.File, r.Line, r.Reason)
	}
	return fmt.Sprintf("%s: line %d: column %s: %s", r.File, r.Line, r.Column, r.Reason)
}

func (r *BadRow) Unwrap() error { return r.err }

// Files imports files as one: tables that belong together are joined, and the order
// of inputs does not matter. When it fails the builder is as it was before, or of no use
// if it had to set something aside. The summaries stand in the order of inputs.
//
// Tables of ethereum-etl that belong together must come in one call.
func Files(ctx context.Context, b *ledger.Builder, inputs []Input, opt Options) ([]Summary, error) {
	j := &job{ctx: ctx, b: b, opt: opt, chain: cmp.Or(opt.Chain, fundtrail.Ethereum), seed: maphash.MakeSeed()}
	info, ok := j.chain.Info()
	if !ok {
		return nil, fmt.Errorf("chain %q is not known: %w", opt.Chain, fundtrail.ErrInvalid)
	}
	j.family = info.Family
	mark := b.Mark()
	sums, err := j.run(inputs)
	if err != nil {
		b.Undo(mark)
		return nil, err
	}
	return sums, nil
}

// A job is one import: what its files share.
type job struct {
	ctx    context.Context
	b      *ledger.Builder
	opt    Options
	chain  fundtrail.Chain
	family fundtrail.Family
	aside  int // rows set aside so far

	heads    map[int64]*head
	receipts map[fundtrail.Hash]receipt
	traces   map[fundtrail.Hash]*traceTree
	last     *traceTree // the tree of the row before
	flushed  map[fundtrail.Hash][]uint64
	seed     maphash.Seed
	issues   map[issueKey][]issue
	moves    []uint8 // by asset: what logs of it move
	unplaced []unplacedRow
	accounts accounts
	tron     *tronJoin
	newest   int64 // block of a transaction that some file holds

	// unsure holds the transactions whose outcome no file has told yet, by the file
	// that counts them.
	unsure map[fundtrail.Hash]*file
}

// A file is one input while it is imported.
type file struct {
	*job
	*table
	name   string
	id     int // ledger.Where.File
	stored *stored
	text   io.ReadCloser // decompressed
	close  func() error
	format *format
	sum    Summary

	seen map[seenTx]*seenState // generic CSV
	log  logEntry              // tables of logs

	notRead int // rows of what this table does not tell whole
}

func (j *job) run(inputs []Input) ([]Summary, error) {
	files := make([]*file, len(inputs))
	defer func() {
		for _, f := range files {
			if f != nil {
				f.release()
			}
		}
	}()
	for i, in := range inputs {
		f, err := j.start(in)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", in.Name, err)
		}
		files[i] = f
	}
	// What others are joined with is read first. Files are numbered in that order too,
	// so that messages do not depend on the order of inputs.
	order := slices.Clone(files)
	slices.SortStableFunc(order, func(x, y *file) int {
		return cmp.Or(cmp.Compare(x.format.order, y.format.order), cmp.Compare(x.name, y.name))
	})
	for _, f := range order {
		f.id = j.b.File(f.name)
		if err := f.read(); err != nil {
			if bad := (*BadRow)(nil); errors.As(err, &bad) {
				return nil, err
			}
			return nil, fmt.Errorf("%s: %w", f.name, err)
		}
		f.release()
	}
	if err := j.finish(order); err != nil {
		return nil, err
	}
	sums := make([]Summary, len(files))
	for i, f := range files {
		sums[i] = f.sum
	}
	return sums, nil
}

// release closes a file that was read, and lets go of its buffers.
func (f *file) release() {
	if f.table != nil {
		f.text.Close()
		f.close()
		f.table, f.text, f.seen = nil, nil, nil
	}
}

// start opens a file and finds out what it is.
func (j *job) start(in Input) (_ *file, err error) {
	r, err := in.Open()
	if err != nil {
		return nil, err
	}
	f := &file{job: j, name: in.Name, close: r.Close, stored: newStored(r, j.opt.Read)}
	defer func() {
		if err != nil {
			r.Close()
		}
	}()
	at, size := parquetSource(r)
	if f.text, err = Unpack(f.stored); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			f.text.Close()
		}
	}()
	if f.table, err = f.open(at, size); err != nil {
		return nil, err
	}
	if f.format, err = recognise(f.table); err != nil {
		return nil, err
	}
	if f.format.refuse != "" {
		return nil, fmt.Errorf("%s: %s: %w", f.format.name, f.format.refuse, fundtrail.ErrInvalid)
	}
	if err := f.ofChain(); err != nil {
		return nil, err
	}
	if f.format.evm && j.family != fundtrail.FamilyEVM {
		return nil, fmt.Errorf("%s is of EVM chains, and %s is none: %w", f.format.name, j.chain, fundtrail.ErrInvalid)
	}
	if info, _ := f.coinChain().Info(); f.format.coins && info.Model != fundtrail.Coins {
		return nil, fmt.Errorf("%s are of chains that record coins, such as btc, and %s records balances: %w", f.format.name, f.coinChain(), fundtrail.ErrInvalid)
	}
	f.sum = Summary{File: in.Name, Format: f.format.name}
	return f, f.table.use(f.format.columns)
}

// open begins to read a file's rows: those of a Parquet file, where it can be read from
// the middle, at at.
func (f *file) open(at io.ReaderAt, size int64) (t *table, err error) {
	if at == nil {
		b := bufio.NewReaderSize(f.text, 64<<10)
		head, _ := b.Peek(len(parquetMagic)) // an error comes again when it is read
		f.text = readCloser{b, f.text}
		if string(head) == parquetMagic {
			if at, size, err = holdParquet(b); err != nil {
				return nil, err
			}
		}
	}
	if at != nil {
		return newParquet(at, size)
	}
	f.text = objects(f.text)
	t = newTable(f.text)
	return t, t.open()
}

type readCloser struct {
	io.Reader
	io.Closer
}

// ofChain refuses a file whose header names another coin than the chain's.
func (f *file) ofChain() error {
	info, _ := f.chain.Info()
	if f.table.coin == "" || strings.EqualFold(f.table.coin, info.Symbol) || f.chain == fundtrail.Polygon && (f.table.coin == "matic" || f.table.coin == "pol") {
		return nil
	}
	return fmt.Errorf("its amounts are in %s, and the coin of %s is %s: say of which chain it is (--chain): %w", strings.ToUpper(f.table.coin), f.chain, info.Symbol, fundtrail.ErrInvalid)
}

// read reads all rows of a file.
func (f *file) read() error {
	if f.table.parquet != nil {
		defer f.table.parquet.close()
	} else {
		pump := newPump(f.ctx, f.text)
		defer pump.Close()
		f.table.r = pump
	}
	for {
		if f.sum.Rows%1024 == 0 {
			if err := f.ctx.Err(); err != nil {
				return err
			}
		}
		err := f.next()
		if err == io.EOF {
			break
		}
		bad := (*rowError)(nil)
		if err != nil && !errors.As(err, &bad) {
			if f.ctx.Err() != nil {
				return f.ctx.Err()
			}
			return err
		}
		f.sum.Rows++
		if err := f.b.Relieve(f.renumber); err != nil {
			return err
		}
		mark := f.b.Mark()
		if err == nil {
			err = f.format.row(f)
		}
		if errors.As(err, &bad) {
			f.b.Undo(mark)
			err = f.reject(bad, f.line, string(f.raw))
		} else if err != nil {
			err = fmt.Errorf("line %d: %w", f.line, err)
		}
		if err != nil {
			return err
		}
	}
	if f.table.parquet != nil {
		// It was read from the middle: its digest is of all its bytes.
		if _, err := io.Copy(io.Discard, f.text); err != nil {
			return err
		}
	}
	f.noteUnread()
	f.sum.Bytes = f.stored.n
	f.stored.digest.Sum(f.sum.SHA256[:0])
	return nil
}

// reject sets a row aside, or fails the import.
func (f *file) reject(e *rowError, line int, raw string) error {
	row := BadRow{File: f.name, Line: line, Column: e.column, Reason: e.reason, Raw: raw, err: e.err}
	f.aside++
	if f.aside <= f.opt.MaxBad {
		f.sum.Bad = append(f.sum.Bad, row)
		return nil
	}
	if f.opt.MaxBad == 0 {
		return &row
	}
	return fmt.Errorf("%w (bad row number %d, %d may be set aside)", &row, f.aside, f.opt.MaxBad)
}

// finish adds what could not be known before all files were read.
func (j *job) finish(files []*file) error {
	if err := j.finishTraces(); err != nil {
		return err
	}
	if err := j.finishIssues(); err != nil {
		return err
	}
	if err := j.finishUnplaced(); err != nil {
		return err
	}
	j.finishAccounts()
	j.finishBlocks()
	return j.finishTron(files)
}

// where says where the current row stands.
func (f *file) where() ledger.Where { return ledger.Where{File: f.id, Line: f.line} }

// add adds a movement at a height and counts it.
func (f *file) add(ref ledger.TxRef, height int64, r ledger.Row) error {
	coins := r.Kind == fundtrail.MoveInput || r.Kind == fundtrail.MoveOutput
	if r.Amount.IsZero() && !coins {
		return nil
	}
	if err := f.b.Add(ref, r); err != nil {
		return err
	}
	switch {
	case coins || r.Index == fundtrail.ValueIndex:
		f.sum.Kinds |= fundtrail.ValueTransfers
	case r.Kind == fundtrail.MoveFee:
		f.sum.Kinds |= fundtrail.Fees
	case r.Index >= fundtrail.LogIndex:
		f.sum.Kinds |= fundtrail.TokenTransfers
	default:
		f.sum.Kinds |= fundtrail.InternalTransfers
	}
	if f.sum.Movements == 0 {
		f.sum.Blocks = [2]int64{height, height}
	}
	f.sum.Blocks = [2]int64{min(f.sum.Blocks[0], height), max(f.sum.Blocks[1], height)}
	f.sum.Movements++
	return nil
}

// doubt counts a transaction whose outcome is not known; settle takes that back. Files
// that can tell are read after those that cannot, but for lists of one format.
func (f *file) doubt(h fundtrail.Hash) {
	if f.unsure == nil {
		f.unsure = map[fundtrail.Hash]*file{}
	}
	if f.unsure[h] == nil {
		f.unsure[h] = f
		f.sum.StatusUnknown++
	}
}

func (j *job) settle(h fundtrail.Hash) {
	if len(j.unsure) == 0 {
		return
	}
	if f := j.unsure[h]; f != nil {
		f.sum.StatusUnknown--
		delete(j.unsure, h)
	}
}

// base returns a file's name without its folders, for claims that end up in reports.
func base(name string) string { return path.Base(filepath.ToSlash(name)) }

// A format is a kind of file.
type format struct {
	name    string
	order   int // of reading: what others are joined with comes first
	evm     bool
	coins   bool // of chains that record coins; Bitcoin unless Options.Chain says otherwise
	columns []column
	row     func(*file) error // reads the current row
	refuse  string            // why it is known, and not read
}

// formats are tried in this order: some have all the columns that others need, and more.
var formats = []*format{&cryoNativeTransfers, &cryoItemTransfers, &cryoTokenTransfers, &cryoLogs, &cryoTraces, &cryoTransactions, &cryoBlocks,
	&etherscanInternal, &etherscanItems, &etherscanNFTs, &etherscanTokens, &websiteInternal, &websiteManyItems, &websiteTokens, &websiteItems, &websiteTransactions,
	&blockscoutInternal, &blockscoutTokens, &blockscoutTransactions,
	&googleTokens, &googleTransactions, &googleBlocks, &bigBitcoin,
	&txlist, &blocks, &transactions, &tokenTransfers, &logs, &traces, &receipts, &transfers, &accountList, &esplora, &coreTransactions, &coreBlocks, &explorerLogs,
	&tronInfos, &tronTransactions, &tronBlocks, &tronPages}

// recognise finds the format whose needed columns the file has.
func recognise(t *table) (*format, error) {
	for _, f := range formats {
		if f.fits(t.header) {
			return f, nil
		}
	}
	var known strings.Builder
	for _, f := range formats {
		fmt.Fprintf(&known, "\n  %s: %s", f.name, strings.Join(f.needs(), ", "))
	}
	what := "columns"
	if t.json {
		what = "keys"
	}
	return nil, fmt.Errorf("its %s (%q) are of none of the known formats: %w; these need%s", what,
		short([]byte(strings.Join(t.header, ", "))), fundtrail.ErrInvalid, known.String())
}

func (f *format) fits(header []string) bool {
	for i := range f.columns {
		c := &f.columns[i]
		if c.need && !slices.ContainsFunc(append(c.names(), c.inexact()...), func(n string) bool { return slices.Contains(header, n) }) {
			return false
		}
	}
	return true
}

func (f *format) needs() (names []string) {
	for _, c := range f.columns {
		if c.need {
			names = append(names, c.name)
		}
	}
	return names
}
