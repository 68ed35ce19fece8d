package ingest

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go"
	pq "github.com/parquet-go/parquet-go/format"

	"github.com/fundtrail/fundtrail"
)

const (
	// maxHeldFile bounds a Parquet file that cannot be read from the middle: one that is
	// compressed as a whole, or comes from a pipe. It is held.
	maxHeldFile = 256 << 20
	// batch is how many values of a column are taken from a page at once.
	batch = 256
)

const parquetMagic = "PAR1"

// A parquetFile gives a Parquet file's rows as cells of text, as a CSV would have them, so
// that every format may come as Parquet: numbers in decimal, bytes as 0x and hexadecimal
// digits, times in Unix seconds, lists and groups as JSON. Only columns that a format reads
// are touched.
type parquetFile struct {
	r     io.ReaderAt
	size  int64
	meta  *pq.FileMetaData
	zstd  *zstd.Decoder
	group int // the next row group
	rows  int64
	fields,
	columns []*parquetField // of the file; of the format, nil where the file lacks one
	leaves []*parquetLeaf // of columns
}

// parquetSource returns r for reading from the middle, if it is a Parquet file that
// allows it; otherwise nothing.
func parquetSource(r io.Reader) (io.ReaderAt, int64) {
	s, ok := r.(interface {
		io.ReaderAt
		io.Seeker
	})
	if !ok {
		return nil, 0
	}
	var head [len(parquetMagic)]byte
	if n, _ := s.ReadAt(head[:], 0); n < len(head) || string(head[:]) != parquetMagic {
		return nil, 0
	}
	size, err := s.Seek(0, io.SeekEnd)
	if _, back := s.Seek(0, io.SeekStart); err != nil || back != nil {
		return nil, 0
	}
	return s, size
}

// holdParquet reads a text that begins as a Parquet file does into memory.
func holdParquet(text io.Reader) (io.ReaderAt, int64, error) {
	held, err := io.ReadAll(io.LimitReader(text, maxHeldFile+1))
	if err != nil {
		return nil, 0, err
	}
	if len(held) > maxHeldFile {
		return nil, 0, fmt.Errorf("a Parquet file of more than %d MiB that is compressed as a whole or comes from a pipe: give it as a file, as it was written: %w", maxHeldFile>>20, fundtrail.ErrInvalid)
	}
	return bytes.NewReader(held), int64(len(held)), nil
}

// newParquet opens a Parquet file. The library is not made for hostile files: what it
// panics with becomes an error.
func newParquet(r io.ReaderAt, size int64) (t *table, err error) {
	defer damagedParquet(&err)
	p := &parquetFile{r: r, size: size}
	if p.meta, err = readFooter(r, size); err != nil {
		return nil, err
	}
	f, err := openGroup(r, size, p.meta, -1, nil, nil)
	if err != nil {
		return nil, err
	}
	t = &table{parquet: p}
	for _, c := range f.Root().Columns() {
		field, err := newParquetField(c, 0)
		if err != nil {
			return nil, err
		}
		p.fields = append(p.fields, field)
		t.header = append(t.header, headerName(c.Name()))
	}
	p.zstd, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxPage), zstd.WithDecoderMaxWindow(maxWindow))
	return t, err
}

func damagedParquet(err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("the Parquet file is damaged (%v): %w", p, fundtrail.ErrInvalid)
	}
}

// use fixes the columns that are read.
func (p *parquetFile) use(t *table, columns []column) error {
	p.columns = make([]*parquetField, len(columns))
	for i, name := range t.header {
		c, ok := t.keys[name]
		if !ok {
			continue
		}
		if p.columns[c] != nil {
			return fmt.Errorf("the file has column %s twice (as %s and %s): %w", columns[c].name, p.columns[c].name, name, fundtrail.ErrInvalid)
		}
		p.columns[c] = p.fields[i]
		p.leaves = append(p.leaves, p.fields[i].leaves()...)
	}
	if len(p.leaves) == 0 {
		return fmt.Errorf("a Parquet file without columns: %w", fundtrail.ErrInvalid)
	}
	for _, l := range p.leaves {
		if err := l.readable(); err != nil {
			return err
		}
	}
	return nil
}

// next fills cells with the next row.
func (p *parquetFile) next(t *table) error {
	for p.rows == 0 {
		if err := p.nextGroup(); err != nil {
			return err
		}
	}
	p.rows--
	t.line++
	for c, f := range p.columns {
		if f == nil {
			continue
		}
		var err error
		if t.cells[c], err = f.cell(); err != nil {
			return fmt.Errorf("row %d: column %s: %w", t.line, f.name, err)
		}
	}
	return nil
}

// nextGroup begins the next row group, once the one before was read to its end.
func (p *parquetFile) nextGroup() (err error) {
	defer damagedParquet(&err)
	for _, l := range p.leaves {
		if more, err := l.more(); err != nil {
			return err
		} else if more {
			return l.damaged("has more values than its row group has rows")
		}
	}
	p.close()
	if p.group == len(p.meta.RowGroups) {
		return io.EOF
	}
	f, err := openGroup(p.r, p.size, p.meta, p.group, p.leaves, p.zstd)
	if err != nil {
		return err
	}
	g := f.RowGroups()[0]
	for _, l := range p.leaves {
		l.pages = g.ColumnChunks()[l.index].Pages()
	}
	p.group++
	if p.rows = g.NumRows(); p.rows < 0 {
		return fmt.Errorf("the Parquet file is damaged: a row group of %d rows: %w", p.rows, fundtrail.ErrInvalid)
	}
	return nil
}

func (p *parquetFile) close() {
	for _, l := range p.leaves {
		l.close()
	}
}

// A parquetField is a column of a file: a leaf, or a group of fields, which may be
// repeated.
type parquetField struct {
	name     string
	repeated bool
	list     bool // its one field is its elements
	def, rep int  // levels at which it is there, and at which it comes again
	fields   []*parquetField
	leaf     *parquetLeaf
	out      []byte // the cell
}

// maxFields bounds how deep fields nest: a list of groups of lists is six deep.
const maxFields = 16

func newParquetField(c *parquet.Column, depth int) (*parquetField, error) {
	f := &parquetField{name: c.Name(), repeated: c.Repeated(), def: c.MaxDefinitionLevel(), rep: c.MaxRepetitionLevel()}
	if depth > maxFields {
		return nil, fmt.Errorf("column %q nests deeper than %d: %w", short([]byte(f.name)), maxFields, fundtrail.ErrInvalid)
	}
	if c.Leaf() {
		f.leaf = &parquetLeaf{index: c.Index(), of: c.Type(), name: strings.Join(c.Path(), "."), def: f.def}
		return f, nil
	}
	for _, child := range c.Columns() {
		field, err := newParquetField(child, depth+1)
		if err != nil {
			return nil, err
		}
		f.fields = append(f.fields, field)
	}
	if len(f.fields) == 0 {
		return nil, fmt.Errorf("column %q is a group of nothing: %w", short([]byte(f.name)), fundtrail.ErrInvalid)
	}
	// Parquet's lists: a group of one repeated group of one element. The names in between
	// say nothing.
	if only := f.fields[0]; len(f.fields) == 1 && only.repeated && !f.repeated {
		f.list = true
		if inner := only.fields; len(inner) == 1 && !inner[0].repeated && !strings.HasSuffix(only.name, "_tuple") && only.name != "array" {
			only.list = true
		}
	}
	return f, nil
}

// leaves returns the leaves below a field, in the order of the file.
func (f *parquetField) leaves() []*parquetLeaf {
	if f.leaf != nil {
		return []*parquetLeaf{f.leaf}
	}
	var all []*parquetLeaf
	for _, x := range f.fields {
		all = append(all, x.leaves()...)
	}
	return all
}

// cell reads the field of the next row; it is nil where the row does not tell.
func (f *parquetField) cell() (cell []byte, err error) {
	f.out = f.out[:0]
	if f.leaf != nil && !f.repeated {
		v, err := f.leaf.next(0)
		if err != nil || v.DefinitionLevel() < f.def {
			return nil, err
		}
		f.out, err = f.leaf.text(f.out, v)
		if f.out == nil {
			f.out = []byte{}
		}
		return f.out, err
	}
	if f.out, err = f.write(f.out, 0); err != nil || string(f.out) == "null" {
		return nil, err
	}
	return f.out, nil
}

// write writes the field as JSON: all of it, if it is repeated. rep is the level at which
// the values that belong to it begin.
func (f *parquetField) write(out []byte, rep int) ([]byte, error) {
	if !f.repeated {
		return f.one(out, rep)
	}
	first := f.leaves()[0]
	v, err := first.peek()
	if err != nil {
		return out, err
	}
	if v.DefinitionLevel() < f.def {
		return append(out, "[]"...), f.skip(rep)
	}
	out = append(out, '[')
	for {
		if out, err = f.one(out, rep); err != nil {
			return out, err
		}
		if more, err := first.more(); err != nil {
			return out, err
		} else if !more || first.values[0].RepetitionLevel() != f.rep {
			return append(out, ']'), nil
		}
		out, rep = append(out, ','), f.rep
	}
}

// one writes one of the field's occurrences.
func (f *parquetField) one(out []byte, rep int) ([]byte, error) {
	if f.leaf != nil {
		v, err := f.leaf.next(rep)
		if err != nil {
			return out, err
		}
		if v.DefinitionLevel() < f.def {
			return append(out, "null"...), nil
		}
		return f.leaf.json(out, v)
	}
	v, err := f.leaves()[0].peek()
	if err != nil {
		return out, err
	}
	if v.DefinitionLevel() < f.def {
		return append(out, "null"...), f.skip(rep)
	}
	if f.list {
		return f.fields[0].write(out, rep)
	}
	for i, x := range f.fields {
		open := byte(',')
		if i == 0 {
			open = '{'
		}
		out = append(out, open)
		out = append(appendText(out, []byte(x.name)), ':')
		if out, err = x.write(out, rep); err != nil {
			return out, err
		}
	}
	return append(out, '}'), nil
}

// skip reads past a field that is not there.
func (f *parquetField) skip(rep int) error {
	for _, l := range f.leaves() {
		if _, err := l.next(rep); err != nil {
			return err
		}
	}
	return nil
}
