package ingest

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"slices"
	"sort"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/snappy"
	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	pq "github.com/parquet-go/parquet-go/format"

	"github.com/fundtrail/fundtrail"
)

// An unpackedGroup is one row group as the library gets to read it: a Parquet file of its
// own whose pages are not compressed and stand where they are said to. So nothing is
// allocated by what a hostile file says, a block of LZ4 that does not fit its page ends
// (parquet-go v0.32 reads such as the page before, or without end), and of all pages one
// is held unpacked.
type unpackedGroup struct {
	r      io.ReaderAt
	pages  []unpackedPage // in order
	tail   []byte         // the footer
	end    int64          // of the pages
	held   []byte         // the body of the page that was read last
	heldAt int64
	packed []byte
	zstd   *zstd.Decoder
}

// An unpackedPage is a page's place in the group and in the file.
type unpackedPage struct {
	at     int64
	head   []byte
	from   int64 // of its body in the file
	packed int
	plain  int // bytes at the body's start that are not compressed
	size   int // of the body, unpacked
	codec  pq.CompressionCodec
}

const (
	// maxPage bounds a page of a Parquet file, as it is stored and unpacked.
	maxPage = 256 << 20
	// maxPageValues bounds its values, which a few bytes can repeat.
	maxPageValues = 1 << 24
	// maxFooter bounds the footer, and maxSchema the columns, of which exporters write less
	// than fifty.
	maxFooter = 64 << 20
	maxSchema = 10_000
)

var compact thrift.CompactProtocol

// readFooter reads a file's footer.
func readFooter(r io.ReaderAt, size int64) (*pq.FileMetaData, error) {
	var tail [8]byte
	if n, _ := r.ReadAt(tail[:], max(size-8, 0)); size < 12 || n < len(tail) || string(tail[4:]) != parquetMagic {
		return nil, fmt.Errorf("a Parquet file without its end: it is cut short, or encrypted: %w", fundtrail.ErrInvalid)
	}
	n := int64(binary.LittleEndian.Uint32(tail[:]))
	if n > size-12 || n > maxFooter {
		return nil, fmt.Errorf("a Parquet file whose footer would have %d bytes: %w", n, fundtrail.ErrInvalid)
	}
	b := make([]byte, n)
	if _, err := r.ReadAt(b, size-8-n); err != nil {
		return nil, err
	}
	m := new(pq.FileMetaData)
	err := shallow(b)
	if err == nil {
		err = thrift.NewDecoder(compact.NewReaderFromBytes(b)).Decode(m)
	}
	if err == nil && len(m.Schema) > maxSchema {
		err = fmt.Errorf("%d columns", len(m.Schema))
	}
	if err != nil {
		return nil, fmt.Errorf("a Parquet file whose footer cannot be read (%v): %w", err, fundtrail.ErrInvalid)
	}
	return m, nil
}

// openGroup opens one row group for the library, with the pages of the columns that are
// read; with group -1 none, for the schema alone.
func openGroup(r io.ReaderAt, size int64, m *pq.FileMetaData, group int, leaves []*parquetLeaf, z *zstd.Decoder) (*parquet.File, error) {
	u := &unpackedGroup{r: r, end: int64(len(parquetMagic)), heldAt: -1, zstd: z}
	twin := pq.FileMetaData{Version: m.Version, Schema: m.Schema}
	if group >= 0 {
		g := &m.RowGroups[group]
		columns := make(thrift.Slice[pq.ColumnChunk], len(g.Columns))
		for i := range columns {
			c := &g.Columns[i].MetaData
			columns[i].MetaData = pq.ColumnMetaData{Type: c.Type, Encoding: c.Encoding, PathInSchema: c.PathInSchema, NumValues: c.NumValues, DataPageOffset: u.end}
		}
		for _, l := range leaves {
			if l.index >= len(columns) {
				return nil, l.damaged("is not in its row group")
			}
			c := &columns[l.index].MetaData
			c.DataPageOffset = u.end
			if err := u.walk(l, &g.Columns[l.index].MetaData, size); err != nil {
				return nil, err
			}
			c.TotalCompressedSize = u.end - c.DataPageOffset
			c.TotalUncompressedSize = c.TotalCompressedSize
		}
		twin.NumRows = g.NumRows
		twin.RowGroups = thrift.Slice[pq.RowGroup]{{Columns: columns, NumRows: g.NumRows}}
	}
	footer, err := thrift.Marshal(&compact, &twin)
	if err != nil {
		return nil, fmt.Errorf("the Parquet file is damaged (%v): %w", err, fundtrail.ErrInvalid)
	}
	u.tail = append(binary.LittleEndian.AppendUint32(footer, uint32(len(footer))), parquetMagic...)
	f, err := parquet.OpenFile(u, u.end+int64(len(u.tail)), parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
	if err != nil {
		return nil, fmt.Errorf("the Parquet file is damaged (%v): %w", err, fundtrail.ErrInvalid)
	}
	return f, nil
}

// walk notes a column's pages.
func (u *unpackedGroup) walk(l *parquetLeaf, m *pq.ColumnMetaData, size int64) error {
	switch m.Codec {
	case pq.Uncompressed, pq.Snappy, pq.Gzip, pq.Zstd, pq.Lz4Raw:
	default:
		return fmt.Errorf("column %s is compressed with %s, which is not read: write it again with zstd, snappy, gzip or LZ4_RAW: %w", l.name, m.Codec, fundtrail.ErrInvalid)
	}
	at := m.DataPageOffset
	if d := m.DictionaryPageOffset; d > 0 && d < at {
		at = d
	}
	if at < int64(len(parquetMagic)) || m.TotalCompressedSize < 0 || at > size || m.TotalCompressedSize > size-at {
		return l.damaged("lies outside of the file")
	}
	var buf [16 << 10]byte // more than a header has: of long values it has the beginning
	for end := at + m.TotalCompressedSize; at < end; {
		n, err := u.r.ReadAt(buf[:min(int64(len(buf)), end-at)], at)
		if err != nil && err != io.EOF {
			return err
		}
		r := compact.NewReaderFromBytes(buf[:n])
		var h pq.PageHeader
		if err := thrift.NewDecoder(r).Decode(&h); err != nil {
			return l.damaged(fmt.Sprintf("has a page header that cannot be read (%v)", err))
		}
		at += int64(r.BytesRead())
		p := unpackedPage{at: u.end, from: at, packed: int(h.CompressedPageSize), size: int(h.UncompressedPageSize), codec: m.Codec}
		if p.packed < 0 || int64(p.packed) > end-at || p.size < 0 {
			return l.damaged("has a page that is longer than the column")
		}
		if p.packed > maxPage || p.size > maxPage {
			return l.damaged(fmt.Sprintf("has a page of more than %d MiB, which is not read: write it again with smaller pages", maxPage>>20))
		}
		at += int64(p.packed)
		var values int32
		switch h.Type {
		case pq.DataPage:
			values, h.DataPageHeader.V.Statistics = h.DataPageHeader.V.NumValues, pq.Statistics{}
		case pq.DictionaryPage:
			values = h.DictionaryPageHeader.V.NumValues
		case pq.DataPageV2:
			v2 := &h.DataPageHeaderV2.V
			if v2.DefinitionLevelsByteLength < 0 || v2.RepetitionLevelsByteLength < 0 || v2.NumNulls < 0 || v2.NumNulls > v2.NumValues {
				return l.damaged("has a page of impossible levels")
			}
			p.plain = int(v2.DefinitionLevelsByteLength) + int(v2.RepetitionLevelsByteLength)
			if p.plain > p.packed || p.plain > p.size {
				return l.damaged("has a page of impossible levels")
			}
			if v2.IsCompressed.Valid && !v2.IsCompressed.V {
				p.codec = pq.Uncompressed
			}
			values, v2.Statistics, v2.IsCompressed = v2.NumValues, pq.Statistics{}, thrift.New(false)
		default:
			continue // an index
		}
		if values < 0 || values > maxPageValues {
			return l.damaged(fmt.Sprintf("has a page of %d values, and at most %d are read", values, maxPageValues))
		}
		if p.codec == pq.Uncompressed && p.size != p.packed {
			return l.damaged("has a page of two sizes")
		}
		h.CompressedPageSize, h.CRC = h.UncompressedPageSize, 0
		if p.head, err = thrift.Marshal(&compact, &h); err != nil {
			return l.damaged(fmt.Sprintf("has a page header that cannot be read (%v)", err))
		}
		u.end += int64(len(p.head) + p.size)
		u.pages = append(u.pages, p)
	}
	return nil
}

// ReadAt gives the group's bytes, unpacking pages as they are asked for.
func (u *unpackedGroup) ReadAt(b []byte, off int64) (n int, err error) {
	for n < len(b) {
		var from []byte
		at := off + int64(n)
		switch {
		case at < int64(len(parquetMagic)):
			from = []byte(parquetMagic)[at:]
		case at >= u.end+int64(len(u.tail)):
			return n, io.EOF
		case at >= u.end:
			from = u.tail[at-u.end:]
		default:
			p := &u.pages[sort.Search(len(u.pages), func(i int) bool { return u.pages[i].at > at })-1]
			if at -= p.at; at < int64(len(p.head)) {
				from = p.head[at:]
				break
			}
			if err := u.hold(p); err != nil {
				return n, err
			}
			from = u.held[at-int64(len(p.head)):]
		}
		n += copy(b[n:], from)
	}
	return n, nil
}

// hold unpacks a page.
func (u *unpackedGroup) hold(p *unpackedPage) error {
	if u.heldAt == p.at {
		return nil
	}
	u.heldAt = -1
	u.packed = slices.Grow(u.packed[:0], p.packed)[:p.packed]
	if n, err := u.r.ReadAt(u.packed, p.from); n < p.packed {
		return err
	}
	u.held = slices.Grow(u.held[:0], p.size)[:p.size]
	copy(u.held, u.packed[:p.plain])
	if err := u.unpack(u.held[p.plain:], u.packed[p.plain:], p.codec); err != nil {
		return err
	}
	u.heldAt = p.at
	return nil
}

// unpack fills into with what packed holds, no more and no less.
func (u *unpackedGroup) unpack(into, packed []byte, codec pq.CompressionCodec) (err error) {
	got := into
	switch codec {
	case pq.Uncompressed:
		copy(into, packed)
	case pq.Snappy:
		n, e := snappy.DecodedLen(packed)
		if err = e; err == nil && n == len(into) {
			_, err = snappy.Decode(into, packed)
		} else if err == nil {
			err = io.ErrUnexpectedEOF
		}
	case pq.Gzip:
		z, e := gzip.NewReader(bytes.NewReader(packed))
		if err = e; err == nil {
			if _, err = io.ReadFull(z, into); err == nil {
				if n, _ := z.Read(make([]byte, 1)); n > 0 {
					err = io.ErrShortBuffer
				}
			}
		}
	case pq.Zstd:
		if got, err = u.zstd.DecodeAll(packed, into[:0:len(into)]); err == nil && len(got) != len(into) {
			err = io.ErrUnexpectedEOF
		} else if err == nil && len(into) > 0 && &got[0] != &into[0] {
			copy(into, got)
		}
	case pq.Lz4Raw:
		err = unpackLZ4(into, packed)
	}
	if err != nil {
		return fmt.Errorf("a page is damaged (%s: %v): %w", codec, err, fundtrail.ErrInvalid)
	}
	return nil
}

// unpackLZ4 fills into with a block of LZ4: sequences of a token, literals, and a match,
// of which the last has literals alone.
func unpackLZ4(into, packed []byte) error {
	n := 0
	length := func(four int) (int, bool) {
		for four, more := four, four == 15; more; {
			if len(packed) == 0 {
				return 0, false
			}
			four += int(packed[0])
			more, packed = packed[0] == 255, packed[1:]
			if !more || four > len(into) {
				return four, true
			}
		}
		return four, true
	}
	for len(packed) > 0 {
		token := packed[0]
		packed = packed[1:]
		literals, ok := length(int(token >> 4))
		if !ok || literals > len(packed) || literals > len(into)-n {
			return io.ErrUnexpectedEOF
		}
		n += copy(into[n:], packed[:literals])
		if packed = packed[literals:]; len(packed) == 0 {
			break
		}
		if len(packed) < 2 {
			return io.ErrUnexpectedEOF
		}
		back := int(binary.LittleEndian.Uint16(packed))
		packed = packed[2:]
		match, ok := length(int(token & 15))
		if match += 4; !ok || back == 0 || back > n || match > len(into)-n {
			return io.ErrUnexpectedEOF
		}
		for match > 0 { // what is copied may be what this has just written
			k := copy(into[n:n+min(match, back)], into[n-back:n])
			n, match = n+k, match-k
		}
	}
	if n != len(into) {
		return io.ErrUnexpectedEOF
	}
	return nil
}

// maxThrift bounds how deep a footer's structures nest: the library skips what it does not
// know by calling itself.
const maxThrift = 64

// shallow makes sure that no structure of Thrift's compact protocol nests deeper than that.
func shallow(b []byte) error {
	type level struct {
		left int64 // elements; of a struct, -1
		kind [2]byte
		next int
	}
	const struct_, list, set, map_ = 12, 9, 10, 11
	var stack []level
	varint := func() (uint64, bool) {
		v, n := binary.Uvarint(b)
		if n <= 0 {
			return 0, false
		}
		b = b[n:]
		return v, true
	}
	stack = append(stack, level{left: -1})
	for len(stack) > 0 {
		top := &stack[len(stack)-1]
		var kind byte
		switch {
		case top.left == 0:
			stack = stack[:len(stack)-1]
			continue
		case top.left > 0:
			top.left--
			kind = top.kind[top.next&1]
			top.next++
			if kind == 1 || kind == 2 { // a boolean is a byte within a list
				kind = 3
			}
		default:
			if len(b) == 0 {
				return io.ErrUnexpectedEOF
			}
			head := b[0]
			b = b[1:]
			if kind = head & 15; kind == 0 {
				stack = stack[:len(stack)-1]
				continue
			}
			if head>>4 == 0 {
				if _, ok := varint(); !ok {
					return io.ErrUnexpectedEOF
				}
			}
		}
		skip := uint64(0)
		switch kind {
		case 1, 2: // booleans stand in the kind
		case 3:
			skip = 1
		case 4, 5, 6:
			if _, ok := varint(); !ok {
				return io.ErrUnexpectedEOF
			}
		case 7:
			skip = 8
		case 8:
			n, ok := varint()
			if !ok {
				return io.ErrUnexpectedEOF
			}
			skip = n
		case 13:
			skip = 16
		case struct_:
			stack = append(stack, level{left: -1})
		case list, set:
			if len(b) == 0 {
				return io.ErrUnexpectedEOF
			}
			n, of := uint64(b[0]>>4), b[0]&15
			if b = b[1:]; n == 15 {
				var ok bool
				if n, ok = varint(); !ok {
					return io.ErrUnexpectedEOF
				}
			}
			if n > uint64(len(b)) { // each element has a byte at least
				return io.ErrUnexpectedEOF
			}
			stack = append(stack, level{left: int64(n), kind: [2]byte{of, of}})
		case map_:
			n, ok := varint()
			if !ok || n > uint64(len(b)) {
				return io.ErrUnexpectedEOF
			}
			if n > 0 {
				kinds := b[0]
				b = b[1:]
				stack = append(stack, level{left: 2 * int64(n), kind: [2]byte{kinds >> 4, kinds & 15}})
			}
		default:
			return fmt.Errorf("a structure of kind %d", kind)
		}
		if skip > uint64(len(b)) {
			return io.ErrUnexpectedEOF
		}
		b = b[skip:]
		if len(stack) > maxThrift {
			return fmt.Errorf("structures nest deeper than %d", maxThrift)
		}
	}
	return nil
}
