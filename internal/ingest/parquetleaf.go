package ingest

import (
	"encoding/hex"
	"fmt"
	"io"
	"math/big"
	"slices"
	"strconv"
	"time"

	"github.com/parquet-go/parquet-go"
	pq "github.com/parquet-go/parquet-go/format"

	"github.com/fundtrail/fundtrail"
)

// A parquetLeaf reads the values of a column of a Parquet file, page by page.
type parquetLeaf struct {
	index   int // of its column
	of      parquet.Type
	name    string
	def     int // the level of a value that is there
	kind    leafKind
	per     int64 // of a time: units in a second
	scale   int   // of a decimal
	pages   parquet.Pages
	page    parquet.Page
	reader  parquet.ValueReader
	values  []parquet.Value // not yet read
	buf     [batch]parquet.Value
	scratch []byte
}

// A leafKind says how a value is written as text.
type leafKind uint8

const (
	leafBytes leafKind = iota
	leafText
	leafBool
	leafInt
	leafUint
	leafTime
	leafFloat
	leafDecimal
)

func (l *parquetLeaf) damaged(what string) error {
	return fmt.Errorf("the Parquet file is damaged: column %s %s: %w", l.name, what, fundtrail.ErrInvalid)
}

// readable finds out how the column's values are written.
func (l *parquetLeaf) readable() (err error) {
	defer damagedParquet(&err)
	kind := l.of.Kind()
	switch kind {
	case parquet.Boolean:
		l.kind = leafBool
	case parquet.Int32, parquet.Int64:
		l.kind = leafInt
	case parquet.Float, parquet.Double:
		l.kind = leafFloat
	case parquet.ByteArray, parquet.FixedLenByteArray:
		l.kind = leafBytes
	default:
		return fmt.Errorf("column %s has the type %s, which is not read: %w", l.name, kind, fundtrail.ErrInvalid)
	}
	logical := l.of.LogicalType()
	if logical == nil {
		return nil
	}
	switch is := logical.Value.(type) {
	case *pq.StringType, *pq.JsonType, *pq.EnumType:
		if kind == parquet.ByteArray {
			l.kind = leafText
		}
	case *pq.DecimalType:
		if l.kind != leafFloat && l.kind != leafBool {
			l.kind, l.scale = leafDecimal, int(is.Scale)
		}
		if l.scale < 0 || l.scale > 100 {
			return l.damaged("is a decimal with a scale out of bounds")
		}
	case *pq.TimestampType:
		if kind == parquet.Int64 && is.Unit.Value != nil {
			l.kind, l.per = leafTime, int64(time.Second/is.Unit.Value.Duration())
		}
	case *pq.IntType:
		if !is.IsSigned && l.kind == leafInt {
			l.kind = leafUint
		}
	}
	return nil
}

// more reports whether the row group has another value, which is then l.values[0].
func (l *parquetLeaf) more() (bool, error) {
	if len(l.values) > 0 {
		return true, nil
	}
	if l.pages == nil {
		return false, nil
	}
	return l.fill()
}

func (l *parquetLeaf) fill() (more bool, err error) {
	defer damagedParquet(&err)
	for {
		if l.reader != nil {
			n, err := l.reader.ReadValues(l.buf[:])
			if err != nil && err != io.EOF {
				return false, l.damaged(fmt.Sprintf("cannot be read (%v)", err))
			}
			if err == io.EOF {
				l.reader = nil
			}
			if n > 0 {
				l.values = l.buf[:n]
				return true, nil
			}
			if l.reader != nil {
				return false, l.damaged("has a page that gives nothing")
			}
		}
		parquet.Release(l.page)
		l.page = nil
		if l.page, err = l.pages.ReadPage(); err == io.EOF {
			l.page = nil
			l.close()
			return false, nil
		} else if err != nil {
			l.page = nil
			return false, l.damaged(fmt.Sprintf("cannot be read (%v)", err))
		}
		l.reader = l.page.Values()
	}
}

func (l *parquetLeaf) close() {
	if l.page != nil {
		parquet.Release(l.page)
	}
	if l.pages != nil {
		l.pages.Close()
	}
	l.page, l.pages, l.reader, l.values = nil, nil, nil, nil
}

// peek returns the next value.
func (l *parquetLeaf) peek() (parquet.Value, error) {
	more, err := l.more()
	if err == nil && !more {
		err = l.damaged("has fewer values than its row group has rows")
	}
	if err != nil {
		return parquet.Value{}, err
	}
	return l.values[0], nil
}

// next takes the next value, which must stand at a repetition level.
func (l *parquetLeaf) next(rep int) (parquet.Value, error) {
	v, err := l.peek()
	if err == nil && v.RepetitionLevel() != rep {
		err = l.damaged("has lists that do not fit those of its neighbours")
	}
	if err == nil {
		l.values = l.values[1:]
	}
	return v, err
}

// text writes a value as a cell has it.
func (l *parquetLeaf) text(out []byte, v parquet.Value) ([]byte, error) {
	switch l.kind {
	case leafText:
		return append(out, v.ByteArray()...), nil
	case leafBytes:
		return hex.AppendEncode(append(out, "0x"...), v.ByteArray()), nil
	case leafBool:
		return strconv.AppendBool(out, v.Boolean()), nil
	case leafInt:
		return strconv.AppendInt(out, l.integer(v), 10), nil
	case leafUint:
		if v.Kind() == parquet.Int32 {
			return strconv.AppendUint(out, uint64(v.Uint32()), 10), nil
		}
		return strconv.AppendUint(out, v.Uint64(), 10), nil
	case leafTime:
		n := v.Int64()
		if n >= 0 && n%l.per == 0 {
			return strconv.AppendInt(out, n/l.per, 10), nil
		}
		return time.Unix(n/l.per, n%l.per*(1e9/l.per)).UTC().AppendFormat(out, time.RFC3339Nano), nil
	case leafFloat:
		if v.Kind() == parquet.Float {
			return strconv.AppendFloat(out, float64(v.Float()), 'g', -1, 32), nil
		}
		return strconv.AppendFloat(out, v.Double(), 'g', -1, 64), nil
	}
	return l.decimal(out, v), nil
}

func (l *parquetLeaf) integer(v parquet.Value) int64 {
	if v.Kind() == parquet.Int32 {
		return int64(v.Int32())
	}
	return v.Int64()
}

// decimal writes a decimal without trailing zeros.
func (l *parquetLeaf) decimal(out []byte, v parquet.Value) []byte {
	n := new(big.Int)
	if v.Kind() == parquet.Int32 || v.Kind() == parquet.Int64 {
		n.SetInt64(l.integer(v))
	} else {
		b := v.ByteArray() // two's complement, the highest byte first
		n.SetBytes(b)
		if len(b) > 0 && b[0] >= 0x80 {
			n.Sub(n, new(big.Int).Lsh(big.NewInt(1), uint(8*len(b))))
		}
	}
	if n.Sign() < 0 {
		out = append(out, '-')
		n.Neg(n)
	}
	digits := n.Append(l.scratch[:0], 10)
	for len(digits) <= l.scale {
		digits = slices.Insert(digits, 0, '0')
	}
	l.scratch = digits
	whole, part := digits[:len(digits)-l.scale], digits[len(digits)-l.scale:]
	for len(part) > 0 && part[len(part)-1] == '0' {
		part = part[:len(part)-1]
	}
	out = append(out, whole...)
	if len(part) > 0 {
		out = append(append(out, '.'), part...)
	}
	return out
}

// json writes a value as JSON.
func (l *parquetLeaf) json(out []byte, v parquet.Value) ([]byte, error) {
	switch l.kind {
	case leafText:
		return appendText(out, v.ByteArray()), nil
	case leafBytes:
		out = hex.AppendEncode(append(out, `"0x`...), v.ByteArray())
		return append(out, '"'), nil
	case leafFloat, leafTime:
		l.scratch = l.scratch[:0]
		text, err := l.text(nil, v)
		return appendText(out, text), err
	}
	return l.text(out, v)
}

// appendText writes a text as JSON does.
func appendText(out, text []byte) []byte {
	out = append(out, '"')
	for _, c := range text {
		switch {
		case c == '"' || c == '\\':
			out = append(out, '\\', c)
		case c < ' ':
			out = fmt.Appendf(out, `\u%04x`, c)
		default:
			out = append(out, c)
		}
	}
	return append(out, '"')
}
