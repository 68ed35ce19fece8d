package ingest

import (
	"bytes"
	"fmt"
	"math"
	"math/bits"
	"strconv"
	"time"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/crossing"
)

// The functions here read one cell of the current row. Their errors say which column,
// what it holds and what was wanted; nothing is repaired.

// bad returns the error for a cell that does not hold what is wanted.
func (f *file) bad(c int, want string) error {
	cell := f.cells[c]
	if len(cell) == 0 {
		return &rowError{f.format.columns[c].name, "empty, want " + want, fundtrail.ErrInvalid}
	}
	return &rowError{f.format.columns[c].name, fmt.Sprintf("%q, want %s", short(cell), want), fundtrail.ErrInvalid}
}

// badCell is bad with an error that has the cell's text already.
func (f *file) badCell(c int, err error) error {
	return &rowError{f.format.columns[c].name, err.Error(), err}
}

// told reports whether the row has anything in a column.
func (f *file) told(c int) bool { return len(f.cells[c]) > 0 }

// short cuts a text for a message: input may be hostile and long.
func short(b []byte) string {
	const most = 96
	if len(b) <= most {
		return string(b)
	}
	return string(b[:most]) + "…"
}

const notHex = 0xff

// hexDigit gives a hexadecimal digit's value, 0x20 added to that of a capital.
var hexDigit = func() (t [256]byte) {
	for i := range t {
		t[i] = notHex
	}
	for i := range byte(10) {
		t['0'+i] = i
	}
	for i := range byte(6) {
		t['a'+i], t['A'+i] = 10+i, 10+i|0x20
	}
	return t
}()

// decodeHex fills into from 0x and twice as many digits, and reports whether there
// were capitals.
func decodeHex(into, cell []byte) (capitals, ok bool) {
	if len(cell) != 2+2*len(into) || cell[0] != '0' || cell[1] != 'x' {
		return false, false
	}
	seen := byte(0)
	for i := range into {
		hi, lo := hexDigit[cell[2+2*i]], hexDigit[cell[3+2*i]]
		seen |= hi | lo
		into[i] = hi<<4 | lo&0xf
	}
	return seen&0x20 != 0, seen&0xc0 == 0
}

const wantHash = "0x and 64 hexadecimal digits"

func (f *file) hash(c int, h *fundtrail.Hash) error {
	if _, ok := decodeHex(h[:], f.cells[c]); !ok {
		return f.bad(c, wantHash)
	}
	return nil
}

// evm reads an EVM address. told is false where the cell is empty.
func (f *file) evm(c int, a *[20]byte) (told bool, err error) {
	cell := f.cells[c]
	if len(cell) == 0 {
		return false, nil
	}
	capitals, ok := decodeHex(a[:], cell)
	if capitals || !ok {
		// The slow way checks EIP-55, or knows what is wrong.
		full, err := fundtrail.ParseAddress(f.chain, string(cell))
		if err != nil {
			return false, f.badCell(c, err)
		}
		*a = [20]byte(full.Payload())
	}
	return true, nil
}

// payer reads an EVM address that must be there.
func (f *file) payer(c int, a *[20]byte) (fundtrail.AddressID, error) {
	told, err := f.evm(c, a)
	if err != nil {
		return 0, err
	}
	if !told {
		return 0, f.bad(c, "an address")
	}
	return f.b.EVMAddress(f.chain, a), nil
}

// digits reads a whole number of up to 19 digits.
func digits(cell []byte) (n uint64, ok bool) {
	if len(cell) == 0 || len(cell) > 19 {
		return 0, false
	}
	for _, c := range cell {
		if c -= '0'; c > 9 {
			return 0, false
		} else {
			n = n*10 + uint64(c)
		}
	}
	return n, true
}

// number reads a whole number up to most.
func (f *file) number(c int, most uint64) (uint64, error) {
	n, ok := digits(f.cells[c])
	if !ok || n > most {
		return 0, f.bad(c, "a whole number up to "+strconv.FormatUint(most, 10))
	}
	return n, nil
}

// maxHeight keeps heights and their neighbours within an int64, and far from the
// marks of what is not known.
const maxHeight = 1 << 48

func (f *file) height(c int) (int64, error) {
	n, err := f.number(c, maxHeight)
	return int64(n), err
}

const wantAmount = "a whole number of base units: digits alone"

// amount reads an amount of base units.
func (f *file) amount(c int) (fundtrail.Amount, error) {
	cell := f.cells[c]
	if n, ok := digits(cell); ok {
		return fundtrail.NewAmount(n), nil
	}
	if len(cell) > 19 && len(cell) <= 38 {
		hi, ok1 := digits(cell[:len(cell)-19])
		lo, ok2 := digits(cell[len(cell)-19:])
		if ok1 && ok2 {
			h, l := bits.Mul64(hi, 1e19)
			l, carry := bits.Add64(l, lo, 0)
			return fundtrail.AmountFromWords([4]uint64{l, h + carry}), nil
		}
	}
	if f.format.columns[c].wide && len(cell) > 1 && cell[1] == 'x' {
		var word fundtrail.Hash
		if _, ok := decodeHex(word[:], cell); !ok {
			return fundtrail.Amount{}, f.bad(c, "a number of 32 bytes: "+wantHash)
		}
		return crossing.AmountOf(word), nil
	}
	a, err := fundtrail.ParseAmount(string(cell))
	if err != nil {
		return a, f.bad(c, wantAmount+", of at most 256 bits")
	}
	return a, nil
}

// flag reads 0 or 1, or true or false. told is false where the cell is empty.
func (f *file) flag(c int) (set, told bool, err error) {
	switch cell := f.cells[c]; {
	case len(cell) == 0:
		return false, false, nil
	case bytes.EqualFold(cell, []byte("true")), bytes.EqualFold(cell, []byte("false")):
		return len(cell) == len("true"), true, nil
	case len(cell) == 1 && cell[0]|1 == '1':
		return cell[0] == '1', true, nil
	}
	return false, false, f.bad(c, "0 or 1")
}

// maxTime is the end of the year 9999, in Unix seconds.
const maxTime = 253402300799

const wantTime = "Unix seconds, or RFC 3339 such as 2022-03-23T13:29:09Z"

// bigQueryTime is how BigQuery exports a timestamp.
const bigQueryTime = "2006-01-02 15:04:05 MST"

// blockscoutTime is how Blockscout writes one.
const blockscoutTime = "2006-01-02 15:04:05Z07:00"

// unix reads a time in whole seconds.
func (f *file) unix(c int) (int64, error) {
	cell := f.cells[c]
	if n, ok := digits(cell); ok {
		if n > maxTime {
			return 0, f.bad(c, "Unix seconds, not milliseconds")
		}
		return int64(n), nil
	}
	for _, layout := range []string{time.RFC3339, bigQueryTime, blockscoutTime} {
		t, err := time.Parse(layout, string(cell))
		if err != nil || layout == bigQueryTime && t.Location() != time.UTC {
			continue
		}
		if t.Nanosecond() != 0 {
			return 0, f.bad(c, "whole seconds, as blocks have them")
		}
		if u := t.Unix(); u >= 0 && u <= maxTime {
			return u, nil
		}
	}
	return 0, f.bad(c, wantTime)
}

// place reads a transaction's place in its block, where it is told.
func (f *file) place(c int) (uint32, error) {
	if !f.told(c) {
		return unknownPlace, nil
	}
	n, err := f.number(c, maxPlace)
	return uint32(n), err
}

// maxPlace leaves the highest places to what is no signed transaction.
const maxPlace = math.MaxUint32 - 16
