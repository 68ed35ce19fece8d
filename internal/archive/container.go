package archive

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"slices"
	"sync/atomic"

	"github.com/fundtrail/fundtrail"
)

// A container is a run of bytes with named sections: a file, or a part of the log.
//
//	"FTSEGMNT" and the format's version        16 bytes
//	sections, each at a multiple of 64
//	footer: for each section its name, offset and length (24 bytes);
//	        for each page of 4096 bytes up to here its CRC-32C (4 bytes)
//	trailer: length of what pages cover, number of sections, of pages,
//	        CRC-32C of footer and trailer, "FTSEGEND"       32 bytes
//
// A page is checked when it is first read, so that a flipped bit is met as an error
// and never as a fact, and reading one address does not read all.

const (
	formatVersion = 1

	pageBits    = 12
	pageSize    = 1 << pageBits
	sectionSize = 24
	trailerSize = 32
	headMagic   = "FTSEGMNT"
	endMagic    = "FTSEGEND"
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// A section is a column of a segment. Its number is part of the format.
type section uint8

const (
	secMeta section = iota
	secRows
	secRowAt
	secLists
	secListAt
	secOld
	secOldAt
	secKeys
	secKeyAt
	secKeyDir
	secKeyRanks
	secBlocks
	secSpent
	secHashes
	secByHash
	secHashAt
	secBlockHashes
	numSections
)

var sectionNames = [numSections]string{"description", "movements", "places of movements", "lists", "places of lists", "addresses met before",
	"index of those", "addresses", "places of addresses", "index of addresses", "ranks of addresses", "blocks",
	"spent outputs", "transaction hashes", "order of hashes", "index of hashes", "block hashes"}

func (s section) String() string {
	if s < numSections {
		return sectionNames[s]
	}
	return fmt.Sprintf("section %d", uint8(s))
}

type sectionPlace struct {
	id     section
	off, n uint64
}

// A containerWriter writes a container from its beginning to its end.
type containerWriter struct {
	w        io.Writer
	off      uint64
	page     []byte // of the page being filled
	sums     []uint32
	sections []sectionPlace
	err      error
}

func newContainer(w io.Writer) *containerWriter {
	c := &containerWriter{w: w, page: make([]byte, 0, pageSize)}
	var head [16]byte
	copy(head[:], headMagic)
	binary.LittleEndian.PutUint32(head[8:], formatVersion)
	c.Write(head[:])
	return c
}

// Write adds to the section that was begun last. Its error stays and is told by finish.
func (c *containerWriter) Write(p []byte) (int, error) {
	n := len(p)
	c.off += uint64(n)
	for len(p) > 0 && c.err == nil {
		k := min(len(p), pageSize-len(c.page))
		c.page = append(c.page, p[:k]...)
		p = p[k:]
		if len(c.page) == pageSize {
			c.flush()
		}
	}
	return n, c.err
}

func (c *containerWriter) flush() {
	if c.err == nil && len(c.page) > 0 {
		c.sums = append(c.sums, crc32.Checksum(c.page, castagnoli))
		_, c.err = c.w.Write(c.page)
		c.page = c.page[:0]
	}
}

// begin begins a section; what was begun before ends.
func (c *containerWriter) begin(id section) {
	c.end()
	c.Write(make([]byte, -c.off&63))
	c.sections = append(c.sections, sectionPlace{id: id, off: c.off})
}

func (c *containerWriter) end() {
	if n := len(c.sections); n > 0 && c.sections[n-1].n == 0 {
		c.sections[n-1].n = c.off - c.sections[n-1].off
	}
}

// section writes a whole section.
func (c *containerWriter) section(id section, b []byte) {
	c.begin(id)
	c.Write(b)
}

// numbers writes a section of 32-bit numbers.
func (c *containerWriter) numbers(id section, list []uint32) {
	c.begin(id)
	var buf [4096]byte
	for part := range slices.Chunk(list, len(buf)/4) {
		for i, v := range part {
			binary.LittleEndian.PutUint32(buf[4*i:], v)
		}
		c.Write(buf[:4*len(part)])
	}
}

// finish writes the footer and returns the container's length.
func (c *containerWriter) finish() (int64, error) {
	c.end()
	body := c.off
	c.flush()
	var f []byte
	for _, s := range c.sections {
		f = binary.LittleEndian.AppendUint64(f, uint64(s.id))
		f = binary.LittleEndian.AppendUint64(f, s.off)
		f = binary.LittleEndian.AppendUint64(f, s.n)
	}
	for _, s := range c.sums {
		f = binary.LittleEndian.AppendUint32(f, s)
	}
	f = binary.LittleEndian.AppendUint64(f, body)
	f = binary.LittleEndian.AppendUint32(f, uint32(len(c.sections)))
	f = binary.LittleEndian.AppendUint32(f, uint32(len(c.sums)))
	f = append(f, 0, 0, 0, 0)
	f = binary.LittleEndian.AppendUint32(f, crc32.Checksum(f, castagnoli))
	f = append(f, endMagic...)
	if c.err == nil {
		_, c.err = c.w.Write(f)
	}
	return int64(body) + int64(len(f)), c.err
}

// A container is read through its regions.
type container struct {
	name  string // for messages
	data  []byte
	body  uint64
	sums  []byte
	seen  []atomic.Uint64 // pages that were checked; nil: the whole is
	asked []atomic.Uint64 // pages that the system was asked for ahead
	fail  *failure
	all   []sectionPlace
}

// A failure is the first error that reading met.
type failure struct{ err atomic.Pointer[error] }

func (f *failure) set(err error) {
	if f != nil {
		f.err.CompareAndSwap(nil, &err)
	}
}

func (f *failure) get() error {
	if p := f.err.Load(); p != nil {
		return *p
	}
	return nil
}

// damage is an error about bytes that are not what was written.
func damage(name, format string, args ...any) error {
	return fmt.Errorf("%s: %s: fundtrail ledger fsck tells which blocks that concerns, and its help how to mend it: %w",
		name, fmt.Sprintf(format, args...), ErrDamaged)
}

// openContainer reads a container's footer. With checked set its bytes were checked.
func openContainer(name string, data []byte, checked bool, fail *failure) (*container, error) {
	n := uint64(len(data))
	if n < 16+trailerSize || string(data[n-8:]) != endMagic || string(data[:8]) != headMagic {
		return nil, damage(name, "not a segment of a ledger, or its end is missing")
	}
	t := data[n-trailerSize:]
	body, sections, pages := binary.LittleEndian.Uint64(t), uint64(binary.LittleEndian.Uint32(t[8:])), uint64(binary.LittleEndian.Uint32(t[12:]))
	if sections > 255 || body > n || body+sections*sectionSize+pages*4+trailerSize != n || pages != (body+pageSize-1)>>pageBits {
		return nil, damage(name, "the end of the file is damaged")
	}
	if crc32.Checksum(data[body:n-12], castagnoli) != binary.LittleEndian.Uint32(data[n-12:]) {
		return nil, damage(name, "the end of the file is damaged")
	}
	if v := binary.LittleEndian.Uint32(data[8:]); v != formatVersion {
		return nil, versionError(name, int(v))
	}
	c := &container{name: name, data: data, body: body, fail: fail, sums: data[body+sections*sectionSize : n-trailerSize]}
	for i := range sections {
		s := data[body+i*sectionSize:]
		p := sectionPlace{section(s[0]), binary.LittleEndian.Uint64(s[8:]), binary.LittleEndian.Uint64(s[16:])}
		if p.off > body || p.n > body-p.off {
			return nil, damage(name, "the end of the file is damaged")
		}
		c.all = append(c.all, p)
	}
	if !checked {
		c.seen, c.asked = make([]atomic.Uint64, pages/64+1), make([]atomic.Uint64, pages/64+1)
	}
	return c, nil
}

// region returns a section, empty when the container has none of that name.
func (c *container) region(id section) region {
	for _, s := range c.all {
		if s.id == id {
			return region{c, s.off, s.n}
		}
	}
	return region{c: c}
}

// pageOK reports whether a page is as it was written.
func (c *container) pageOK(page uint64) bool {
	end := min((page+1)<<pageBits, c.body)
	return crc32.Checksum(c.data[page<<pageBits:end], castagnoli) == binary.LittleEndian.Uint32(c.sums[4*page:])
}

// read reports whether a page was read before, and so is likely in memory.
func (c *container) read(page uint64) bool {
	return c.seen == nil || c.seen[page>>6].Load()>>(page&63)&1 != 0
}

// check checks a page that was not read before.
func (c *container) check(page uint64) bool {
	if !c.pageOK(page) {
		c.fail.set(damage(c.name, "bytes %d to %d are not what was written", page<<pageBits, min((page+1)<<pageBits, c.body)-1))
		return false
	}
	c.seen[page>>6].Or(1 << (page & 63))
	return true
}

// A region is a section of a container.
type region struct {
	c      *container
	off, n uint64
}

// at returns n checked bytes of a region, nil when it does not have them or they are
// damaged; the first such error is kept. At least 24 bytes more may be read behind
// them, which are not checked.
func (r *region) at(off, n uint64) []byte {
	if off > r.n || n > r.n-off {
		r.c.fail.set(damage(r.c.name, "its columns contradict each other"))
		return nil
	}
	lo := r.off + off
	if c := r.c; c.seen != nil && n > 0 {
		for page := lo >> pageBits; page <= (lo+n-1)>>pageBits; page++ {
			if c.seen[page>>6].Load()>>(page&63)&1 == 0 && !c.check(page) {
				return nil
			}
		}
	}
	return r.c.data[lo : lo+n+24 : lo+n+24] // the trailer is longer than that
}

// u32 returns the i-th number of a region of 32-bit numbers.
func (r *region) u32(i uint64) uint32 {
	b := r.at(4*i, 4)
	if b == nil {
		return 0
	}
	return binary.LittleEndian.Uint32(b)
}

// bits returns the i-th number of a region of numbers of w bits.
func (r *region) bits(i uint64, w uint) uint64 {
	pos := i * uint64(w)
	b := r.at(pos>>3, (pos&7+uint64(w)+7)>>3)
	if b == nil {
		return 0
	}
	return bitsAt(b, pos&7, w)
}

// ErrDamaged is wrapped by errors about bytes that are not what was written. It is also
// fundtrail.ErrInvalid.
var ErrDamaged = fmt.Errorf("damaged: %w", fundtrail.ErrInvalid)

func versionError(name string, v int) error {
	return fmt.Errorf("%s: its format has version %d, this program reads version %d: use the program that wrote it, or import the files anew: %w",
		name, v, formatVersion, fundtrail.ErrInvalid)
}
