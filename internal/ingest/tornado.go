package ingest

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"path"
	"path/filepath"
	"strings"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/crossing"
)

// maxMixerText bounds what a file of a mixer's events may unpack to: the largest known
// has 12 MB, and all of them are held whole.
const maxMixerText = 512 << 20

// Columns of a mixer's events: those of tornado-cli's JSON and of tables made from it.
const (
	mixBlock = iota
	mixTime
	mixTx
	mixLeaf
	mixSender
	mixTo
	mixFee
	mixNullifier
	mixBatch
	mixGasPrice
)

var mixerColumns = []column{
	mixBlock:     {name: "blockNumber", also: "block block_number"},
	mixTime:      {name: "timestamp", also: "time block_timestamp"},
	mixTx:        {name: "transactionHash", also: "txhash hash tx_hash transaction_hash"},
	mixLeaf:      {name: "leafIndex", also: "leaf leaf_index"},
	mixSender:    {name: "sender", also: "depositor from"},
	mixTo:        {name: "to", also: "recipient withdrawer"},
	mixFee:       {name: "fee"},
	mixNullifier: {name: "nullifierHash", also: "nullifier nullifier_hash"},
	mixBatch:     {name: "batch"},
	mixGasPrice:  {name: "gasPrice", also: "gas_price"},
}

// MixerEvents reads a file of a mixer pool's deposits or withdrawals: a JSON array of
// objects as tornado-cli exports it, JSON lines, or CSV, whose columns are found by
// name. It may be in a zip archive of one file, or compressed with gzip or zstd. Which
// of the two a row is follows from its columns: a leaf index makes a deposit, a
// recipient a withdrawal. Nothing is added when a row cannot be read. Errors that are
// the data's fault wrap fundtrail.ErrInvalid, or fundtrail.ErrLimit when there is too
// much of it.
func MixerEvents(r io.Reader) (ev crossing.Events, err error) {
	err = mixerRows(r, func(m *mixerRow) error {
		switch {
		case m.has(mixLeaf) && !m.has(mixTo):
			d, err := m.deposit()
			ev.Deposits = append(ev.Deposits, d)
			return err
		case m.has(mixTo) && !m.has(mixLeaf):
			w, err := m.withdrawal()
			ev.Withdrawals = append(ev.Withdrawals, w)
			return err
		}
		return malformed("neither a deposit (leafIndex) nor a withdrawal (to)")
	})
	if err != nil {
		return crossing.Events{}, err
	}
	return ev, nil
}

// A MixerSender says who made a deposit, which the pool's event does not tell.
type MixerSender struct {
	Tx     fundtrail.Hash
	Leaf   int
	Sender crossing.Account
	Batch  int // 0 when the file has no batches
}

// MixerSenders reads a table of deposits with their senders in the forms that
// [MixerEvents] reads.
func MixerSenders(r io.Reader) (list []MixerSender, err error) {
	err = mixerRows(r, func(m *mixerRow) error {
		var s MixerSender
		d, err := m.depositor()
		if err != nil {
			return err
		}
		s.Tx, s.Leaf, s.Sender = d.Tx, d.Leaf, d.Sender
		if s.Sender.IsZero() {
			return m.bad(mixSender, "an address")
		}
		if m.has(mixBatch) {
			n, err := m.number(mixBatch, math.MaxInt32)
			if err != nil {
				return err
			}
			s.Batch = int(n)
		}
		list = append(list, s)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return list, nil
}

// MixerFile reads a pool's name from that of a file such as
// "arbitrum/deposits_eth_0.1.json": the folder is the chain where it names one, else
// the asset's own.
func MixerFile(name string) (pool crossing.PoolName, ok bool) {
	name = filepath.ToSlash(name)
	parts := strings.Split(path.Base(name), "_")
	if len(parts) != 3 || parts[0] != "deposits" && parts[0] != "withdrawals" {
		return pool, false
	}
	unit, _, found := strings.Cut(parts[2], ".json")
	if !found {
		return pool, false
	}
	pool = crossing.PoolName{Chain: fundtrail.Ethereum, Symbol: parts[1], Unit: unit}
	if pool.Symbol == "bnb" {
		pool.Chain = fundtrail.BSC
	}
	if c, ok := mixerFolders[path.Base(path.Dir(name))]; ok {
		pool.Chain = c
	}
	_, err := pool.Denomination()
	return pool, err == nil
}

// mixerFolders are tornado-cli's names of chains.
var mixerFolders = map[string]fundtrail.Chain{
	"ethereum": fundtrail.Ethereum, "binancesmartchain": fundtrail.BSC, "polygon": fundtrail.Polygon,
	"avalanche": fundtrail.Avalanche, "gnosischain": fundtrail.Gnosis, "optimism": fundtrail.Optimism, "arbitrum": fundtrail.Arbitrum,
}

// A mixerRow is one row of a file of events.
type mixerRow struct{ cells [][]byte }

func mixerRows(r io.Reader, row func(*mixerRow) error) error {
	text, err := mixerText(r)
	if err != nil {
		return err
	}
	if first := bytes.TrimLeft(text, " \t\r\n"); len(first) > 0 && (first[0] == '[' || first[0] == '{') {
		return mixerJSON(text, row)
	}
	t := newTable(bytes.NewReader(text))
	if err := t.open(); err != nil {
		return err
	}
	if err := t.use(mixerColumns); err != nil {
		return err
	}
	for {
		if err := t.next(); err == io.EOF {
			return nil
		} else if err != nil {
			return fmt.Errorf("line %d: %w", t.line, err)
		}
		if err := row(&mixerRow{t.cells}); err != nil {
			return fmt.Errorf("line %d: %w", t.line, err)
		}
	}
}

// mixerText reads a whole file, unpacked.
func mixerText(r io.Reader) ([]byte, error) {
	head := make([]byte, 4)
	n, err := io.ReadFull(r, head)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, err
	}
	r = io.MultiReader(bytes.NewReader(head[:n]), r)
	if string(head[:n]) != "PK\x03\x04" {
		u, err := Unpack(r)
		if err != nil {
			return nil, err
		}
		defer u.Close()
		return readLimited(u)
	}
	packed, err := readLimited(r)
	if err != nil {
		return nil, err
	}
	z, err := zip.NewReader(bytes.NewReader(packed), int64(len(packed)))
	if err != nil {
		return nil, fmt.Errorf("the zip archive is damaged or cut short (%v): %w", err, fundtrail.ErrInvalid)
	}
	if len(z.File) != 1 {
		return nil, fmt.Errorf("the zip archive holds %d files, want one: unpack it: %w", len(z.File), fundtrail.ErrInvalid)
	}
	f, err := z.File[0].Open()
	if err != nil {
		return nil, fmt.Errorf("the zip archive is damaged (%v): %w", err, fundtrail.ErrInvalid)
	}
	defer f.Close()
	text, err := readLimited(f)
	if err != nil && !errors.Is(err, fundtrail.ErrLimit) {
		err = fmt.Errorf("the zip archive is damaged (%v): %w", err, fundtrail.ErrInvalid)
	}
	return text, err
}

func readLimited(r io.Reader) ([]byte, error) {
	text, err := io.ReadAll(io.LimitReader(r, maxMixerText+1))
	if err == nil && len(text) > maxMixerText {
		err = fmt.Errorf("more than %d MiB of events: split the file: %w", maxMixerText>>20, fundtrail.ErrLimit)
	}
	return text, err
}

// mixerJSON reads objects: in one array, or one after the other.
func mixerJSON(text []byte, row func(*mixerRow) error) error {
	keys := map[string]int{}
	for c := range mixerColumns {
		for _, name := range mixerColumns[c].names() {
			keys[name] = c
		}
	}
	s := scanner{text: text}
	m := mixerRow{make([][]byte, len(mixerColumns))}
	var lower [64]byte
	member := func(name, value []byte, kind byte) error {
		if len(name) > len(lower) || kind == 'n' {
			return nil
		}
		c, ok := keys[string(appendLower(lower[:0], name))]
		if !ok {
			return nil
		}
		if m.cells[c] != nil {
			return malformed("the column %s stands twice in one object", short(name))
		}
		if kind == '{' || kind == '[' {
			return malformed("column %s: want a text or a number", short(name))
		}
		m.cells[c] = value
		return nil
	}
	array := s.space() == '['
	if array {
		s.at++
	}
	for n := 1; ; n++ {
		switch c := s.space(); {
		case c == 0 && !array:
			return nil
		case c == ']' && array && n == 1:
			return s.end()
		case c != '{':
			return fmt.Errorf("event %d: %w", n, s.want("an object"))
		}
		clear(m.cells)
		if err := s.members(0, member); err != nil {
			return fmt.Errorf("event %d: %w", n, err)
		}
		if err := row(&m); err != nil {
			return fmt.Errorf("event %d: %w", n, err)
		}
		if !array {
			continue
		}
		switch s.space() {
		case ',':
			s.at++
		case ']':
			return s.end()
		default:
			return fmt.Errorf("event %d: %w", n, s.want("a comma or a closing bracket: the file is cut short"))
		}
	}
}

// end checks that nothing follows a closing bracket.
func (s *scanner) end() error {
	if s.at++; s.space() != 0 || s.at < len(s.text) {
		return s.want("nothing after the array")
	}
	return nil
}

func (m *mixerRow) has(c int) bool { return len(m.cells[c]) > 0 }

func (m *mixerRow) bad(c int, want string) error {
	cell := m.cells[c]
	if len(cell) == 0 {
		return &rowError{mixerColumns[c].name, "empty, want " + want, fundtrail.ErrInvalid}
	}
	return &rowError{mixerColumns[c].name, fmt.Sprintf("%q, want %s", short(cell), want), fundtrail.ErrInvalid}
}

func (m *mixerRow) number(c int, most uint64) (int64, error) {
	n, ok := digits(m.cells[c])
	if !ok || n > most {
		return 0, m.bad(c, fmt.Sprintf("a whole number up to %d", most))
	}
	return int64(n), nil
}

func (m *mixerRow) hash(c int) (h fundtrail.Hash, err error) {
	if _, ok := decodeHex(h[:], m.cells[c]); !ok {
		return h, m.bad(c, wantHash)
	}
	return h, nil
}

// account reads an address. A checksum that is written must be right.
func (m *mixerRow) account(c int) (a crossing.Account, err error) {
	cell := m.cells[c]
	capitals, ok := decodeHex(a[:], cell)
	if ok && !capitals {
		return a, nil
	}
	if !ok {
		return a, m.bad(c, "an address of 0x and 40 hexadecimal digits")
	}
	// The slow way checks EIP-55, or knows what is wrong.
	if _, err := fundtrail.ParseAddress(fundtrail.Ethereum, string(cell)); err != nil {
		return a, &rowError{mixerColumns[c].name, err.Error(), err}
	}
	return a, nil
}

// The largest block and second that are taken: any chain's, and the year 9999.
const (
	maxMixerBlock = 1 << 40
	maxMixerTime  = 253402300799
)

// depositor reads what says which deposit, and whose.
func (m *mixerRow) depositor() (d crossing.Deposit, err error) {
	leaf, err := m.number(mixLeaf, math.MaxInt32)
	if err != nil {
		return d, err
	}
	d.Leaf = int(leaf)
	if m.has(mixTime) {
		if d.Time, err = m.number(mixTime, maxMixerTime); err != nil {
			return d, err
		}
	}
	if d.Tx, err = m.hash(mixTx); err != nil {
		return d, err
	}
	if m.has(mixSender) {
		d.Sender, err = m.account(mixSender)
	}
	return d, err
}

func (m *mixerRow) deposit() (d crossing.Deposit, err error) {
	if d, err = m.depositor(); err != nil {
		return d, err
	}
	if d.Block, err = m.number(mixBlock, maxMixerBlock); err != nil {
		return d, err
	}
	d.GasPrice, err = m.gasPrice()
	return d, err
}

func (m *mixerRow) gasPrice() (uint64, error) {
	if !m.has(mixGasPrice) {
		return 0, nil
	}
	n, err := m.number(mixGasPrice, math.MaxInt64)
	return uint64(n), err
}

func (m *mixerRow) withdrawal() (w crossing.Withdrawal, err error) {
	if w.Block, err = m.number(mixBlock, maxMixerBlock); err != nil {
		return w, err
	}
	if m.has(mixTime) {
		if w.Time, err = m.number(mixTime, maxMixerTime); err != nil {
			return w, err
		}
	}
	if w.Tx, err = m.hash(mixTx); err != nil {
		return w, err
	}
	if m.has(mixNullifier) {
		if w.Nullifier, err = m.hash(mixNullifier); err != nil {
			return w, err
		}
	}
	if w.To, err = m.account(mixTo); err != nil {
		return w, err
	}
	if w.Fee, err = fundtrail.ParseAmount(string(m.cells[mixFee])); err != nil {
		return w, m.bad(mixFee, "a whole number of base units")
	}
	if m.has(mixSender) {
		if w.Sender, err = m.account(mixSender); err != nil {
			return w, err
		}
	}
	w.GasPrice, err = m.gasPrice()
	return w, err
}
