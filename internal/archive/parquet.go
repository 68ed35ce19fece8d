package archive

import (
	"encoding/binary"
	"io"

	"github.com/klauspost/compress/zstd"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/ledger"
)

// A parquetColumn is a column of the export: numbers or texts, which may be missing.
type parquetColumn struct {
	name    string
	number  bool
	time    bool // milliseconds since 1970, UTC
	missing bool // may be
	values  []byte
	there   []bool
	chunks  []parquetChunk
}

type parquetChunk struct {
	offset, size, raw int64
	rows              int
}

// parquetRows is how many movements one row group has: what is held in memory.
const parquetRows = 1 << 16

// Parquet writes every movement as a row of an Apache Parquet file, for DuckDB,
// ClickHouse, Spark and whoever else reads those. doc/formats-archive.md names the
// columns. It stops at the first damaged page.
func Parquet(w io.Writer, l *Reader) error {
	p := &parquetWriter{w: w}
	for _, c := range []parquetColumn{{name: "position", number: true}, {name: "chain"}, {name: "block", number: true}, {name: "time", number: true, time: true},
		{name: "tx"}, {name: "tx_index", number: true, missing: true}, {name: "index", number: true}, {name: "kind"}, {name: "asset"}, {name: "from", missing: true}, {name: "to", missing: true},
		{name: "amount"}, {name: "spends", missing: true}, {name: "spent_by", number: true, missing: true}} {
		p.columns = append(p.columns, &c)
	}
	var err error
	if p.zstd, err = zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1)); err != nil {
		return err
	}
	p.write([]byte("PAR1"))
	var m fundtrail.Movement
	var span fundtrail.Span
	var told *segmentCursor
	place := uint32(ledger.UnknownPlace)
	for at := range l.Size() {
		if at >= span.End {
			span = l.Transaction(at)
		}
		if pt := l.part(at); told == nil || told.s != pt.segment {
			told = newSegmentCursor(pt.segment)
		} else {
			told.next()
		}
		if told.begins {
			place = told.told.place
		}
		l.Movement(at, &m)
		o := l.Output(at)
		index := o.Transfer.Index
		if m.Kind == fundtrail.MoveInput || m.Kind == fundtrail.MoveOutput {
			index = o.Output
		}
		p.number(int64(at))
		p.text(string(span.ID.Chain))
		p.number(span.Height)
		p.number(span.Time * 1000)
		p.text(span.ID.String())
		p.may(place != ledger.UnknownPlace)
		p.number(int64(place))
		p.number(int64(index))
		p.text([]string{"transfer", "fee", "input", "output"}[m.Kind])
		p.text(l.Asset(m.Asset).String())
		for _, id := range []fundtrail.AddressID{m.From, m.To} {
			p.may(id != fundtrail.NoAddress)
			p.text(l.Address(id).String())
		}
		p.text(m.Amount.String())
		spends := m.Kind == fundtrail.MoveInput && m.Link != fundtrail.NoPosition
		if p.may(spends); spends {
			p.text(l.Output(m.Link).String())
		} else {
			p.text("")
		}
		spent := m.Kind == fundtrail.MoveOutput && m.Link != fundtrail.NoPosition
		p.may(spent)
		p.number(int64(m.Link))
		if p.rows++; p.rows == parquetRows {
			p.group()
		}
		if err := l.Err(); err != nil {
			return err
		}
	}
	p.group()
	p.footer()
	return p.err
}

type parquetWriter struct {
	w       io.Writer
	zstd    *zstd.Encoder
	columns []*parquetColumn
	next    int // column
	skip    bool
	rows    int
	groups  []int // rows of each
	off     int64
	err     error
}

func (p *parquetWriter) write(b []byte) {
	p.off += int64(len(b))
	if p.err == nil {
		_, p.err = p.w.Write(b)
	}
}

// may says whether the next column has a value in this row.
func (p *parquetWriter) may(there bool) {
	c := p.columns[p.next]
	c.there = append(c.there, there)
	p.skip = !there
}

func (p *parquetWriter) column() *parquetColumn {
	c := p.columns[p.next]
	p.next = (p.next + 1) % len(p.columns)
	return c
}

func (p *parquetWriter) number(v int64) {
	if c := p.column(); !p.skip {
		c.values = binary.LittleEndian.AppendUint64(c.values, uint64(v))
	}
	p.skip = false
}

func (p *parquetWriter) text(s string) {
	if c := p.column(); !p.skip {
		c.values = append(binary.LittleEndian.AppendUint32(c.values, uint32(len(s))), s...)
	}
	p.skip = false
}

// The numbers of Parquet's enumerations that are used here, from its parquet.thrift.
const (
	parquetInt64     = 2
	parquetByteArray = 6
	parquetUTF8      = 0 // converted types
	parquetMillis    = 9
	parquetPlain     = 0 // encodings
	parquetRLE       = 3
	parquetZstd      = 6 // compression
)

func (c *parquetColumn) kind() int64 {
	if c.number {
		return parquetInt64
	}
	return parquetByteArray
}

// group writes the rows so far as one row group, each column as one page.
func (p *parquetWriter) group() {
	if p.rows == 0 {
		return
	}
	for _, c := range p.columns {
		var page []byte
		if c.missing {
			// Which rows have a value: groups of eight, one bit each.
			groups := (len(c.there) + 7) / 8
			bits := binary.AppendUvarint(nil, uint64(groups)<<1|1)
			at := len(bits)
			bits = append(bits, make([]byte, groups)...)
			for i, there := range c.there {
				if there {
					bits[at+i/8] |= 1 << (i % 8)
				}
			}
			page = append(binary.LittleEndian.AppendUint32(nil, uint32(len(bits))), bits...)
		}
		page = append(page, c.values...)
		packed := p.zstd.EncodeAll(page, nil)
		var h thrift
		h.i32(1, 0) // a data page
		h.i32(2, int64(len(page)))
		h.i32(3, int64(len(packed)))
		h.begin(5)
		h.i32(1, int64(p.rows))
		h.i32(2, parquetPlain)
		h.i32(3, parquetRLE)
		h.i32(4, parquetRLE)
		h.end()
		h.stop()
		c.chunks = append(c.chunks, parquetChunk{p.off, int64(len(h.b) + len(packed)), int64(len(h.b) + len(page)), p.rows})
		p.write(h.b)
		p.write(packed)
		c.values, c.there = c.values[:0], c.there[:0]
	}
	p.groups = append(p.groups, p.rows)
	p.rows = 0
}

func (p *parquetWriter) footer() {
	var f thrift
	f.i32(1, 1) // version
	f.list(2, len(p.columns)+1, thriftStruct)
	f.open()
	f.text(4, "movement")
	f.i32(5, int64(len(p.columns)))
	f.end()
	for _, c := range p.columns {
		f.open()
		f.i32(1, c.kind())
		f.i32(3, map[bool]int64{false: 0, true: 1}[c.missing])
		f.text(4, c.name)
		switch {
		case c.time:
			f.i32(6, parquetMillis)
		case !c.number:
			f.i32(6, parquetUTF8)
		}
		f.end()
	}
	total := 0
	for _, n := range p.groups {
		total += n
	}
	f.i64(3, int64(total))
	f.list(4, len(p.groups), thriftStruct)
	for g, rows := range p.groups {
		size := int64(0)
		f.open()
		f.list(1, len(p.columns), thriftStruct)
		for _, c := range p.columns {
			k := c.chunks[g]
			size += k.raw
			f.open()
			f.i64(2, k.offset)
			f.begin(3)
			f.i32(1, c.kind())
			f.list(2, 2, thriftI32)
			f.zigzag(parquetPlain)
			f.zigzag(parquetRLE)
			f.list(3, 1, thriftBinary)
			f.bytes(c.name)
			f.i32(4, parquetZstd)
			f.i64(5, int64(k.rows))
			f.i64(6, k.raw)
			f.i64(7, k.size)
			f.i64(9, k.offset)
			f.end()
			f.end()
		}
		f.i64(2, size)
		f.i64(3, int64(rows))
		f.end()
	}
	f.text(6, "fundtrail")
	f.stop()
	p.write(f.b)
	p.write(binary.LittleEndian.AppendUint32(nil, uint32(len(f.b))))
	p.write([]byte("PAR1"))
}

// A thrift writes Thrift's compact protocol, as much of it as Parquet's footer needs.
type thrift struct {
	b     []byte
	last  int64 // field
	outer []int64
}

const (
	thriftI32    = 5
	thriftI64    = 6
	thriftBinary = 8
	thriftList   = 9
	thriftStruct = 12
)

func (t *thrift) field(id int64, kind byte) {
	t.b = append(t.b, byte(id-t.last)<<4|kind) // fields here are less than 16 apart
	t.last = id
}

func (t *thrift) zigzag(v int64)          { t.b = binary.AppendVarint(t.b, v) }
func (t *thrift) i32(id, v int64)         { t.field(id, thriftI32); t.zigzag(v) }
func (t *thrift) i64(id, v int64)         { t.field(id, thriftI64); t.zigzag(v) }
func (t *thrift) text(id int64, s string) { t.field(id, thriftBinary); t.bytes(s) }

func (t *thrift) bytes(s string) {
	t.b = append(binary.AppendUvarint(t.b, uint64(len(s))), s...)
}

func (t *thrift) list(id int64, n int, kind byte) {
	t.field(id, thriftList)
	if n < 15 {
		t.b = append(t.b, byte(n)<<4|kind)
		return
	}
	t.b = binary.AppendUvarint(append(t.b, 0xf0|kind), uint64(n))
}

// begin begins a struct that is a field, open one that is a member of a list.
func (t *thrift) begin(id int64) { t.field(id, thriftStruct); t.open() }
func (t *thrift) open()          { t.outer = append(t.outer, t.last); t.last = 0 }
func (t *thrift) stop()          { t.b = append(t.b, 0) }

func (t *thrift) end() {
	t.stop()
	t.last = t.outer[len(t.outer)-1]
	t.outer = t.outer[:len(t.outer)-1]
}
