package archive

import (
	"encoding/binary"
	"errors"
	"fmt"
	"sort"
	"strings"

	"github.com/fundtrail/fundtrail"
)

// A Problem is something that is not as it was written.
type Problem struct {
	File  string
	What  string
	Chain fundtrail.Chain // "" where it is not known whose blocks are meant
	// Blocks are those whose facts may be wrong or missing, both included. The last is
	// -1 where it is not known how far they went.
	Blocks [2]int64
}

func (p Problem) String() string {
	s := p.File + ": " + p.What
	switch {
	case p.Chain == "":
	case p.Blocks[1] < 0:
		s += fmt.Sprintf("; concerns the blocks of %s from %d on", p.Chain, p.Blocks[0])
	case p.Blocks[0] == p.Blocks[1]:
		s += fmt.Sprintf("; concerns block %d of %s", p.Blocks[0], p.Chain)
	default:
		s += fmt.Sprintf("; concerns blocks %d to %d of %s", p.Blocks[0], p.Blocks[1], p.Chain)
	}
	return s
}

// A Check is what [Fsck] found.
type Check struct {
	Files    int
	Bytes    int64
	Problems []Problem
}

// Fsck reads every byte of the ledger in a folder and compares it with its checksum;
// with deep set it also compares what the files say with each other. Its error says
// that it could not look; what it finds stands in the Check.
func Fsck(dir string, deep bool) (*Check, error) { return fsck(osFolder(dir), deep) }

func fsck(f folder, deep bool) (*Check, error) {
	k := &checker{f: f, t: &tails{}}
	st, err := readManifest(f)
	switch {
	case errors.Is(err, fundtrail.ErrNotFound):
		return nil, err
	case err != nil:
		k.find(manifestName, "%s", plain(err))
		return &k.Check, nil
	}
	if b, err := f.Read(manifestName); err == nil {
		k.count(len(b))
	}
	for _, ref := range st.Segments {
		k.segment(ref)
	}
	k.log(&st)
	if deep && len(k.Problems) == 0 {
		for _, c := range k.t.chains {
			for i, s := range c.segments {
				k.deep(c, i, s)
			}
		}
	}
	for _, m := range k.maps {
		m.close()
	}
	return &k.Check, nil
}

type checker struct {
	Check
	f    folder
	t    *tails
	gap  bool // a segment is lost, so what follows cannot be put behind it
	maps []mapping
}

func (k *checker) find(file, format string, args ...any) {
	k.Problems = append(k.Problems, Problem{File: file, What: fmt.Sprintf(format, args...)})
}

func (k *checker) count(n int) {
	k.Files++
	k.Bytes += int64(n)
}

// plain is an error's text without the advice to run what is running.
func plain(err error) string {
	what, _, _ := strings.Cut(err.Error(), ": fundtrail ledger fsck tells")
	_, what, _ = strings.Cut(what, ": ")
	return what
}

// segment checks the two files of a segment.
func (k *checker) segment(ref segmentRef) {
	fail := &failure{}
	lost := func(file, what string) {
		k.Problems = append(k.Problems, Problem{file, what, ref.Chain, [2]int64{ref.From, ref.To}})
		k.gap = true
	}
	var c [2]*container
	var bad [2][]uint64
	for i, file := range []string{ref.Name + hotSuffix, ref.Name + coldSuffix} {
		m, err := k.f.Map(file, true)
		if err != nil {
			lost(file, err.Error())
			continue
		}
		k.maps = append(k.maps, m)
		k.count(len(m.data))
		if c[i], err = openContainer(file, m.data, false, fail); err != nil {
			lost(file, plain(err))
			continue
		}
		for page := range (c[i].body + pageSize - 1) >> pageBits {
			if !c[i].pageOK(page) {
				bad[i] = append(bad[i], page)
			}
		}
	}
	var s *segment
	if c[0] != nil && c[1] != nil {
		var err error
		if s, err = openSegment(ref.Name, c[0], c[1]); err != nil && bad[0] == nil {
			lost(ref.Name+hotSuffix, plain(err))
		} else if err == nil && s.ref() != ref {
			lost(ref.Name+hotSuffix, "it is another segment than the manifest names")
		}
	}
	for i := range c {
		for _, page := range bad[i] {
			k.page(c[i], page, s, ref)
		}
	}
	if s == nil || k.gap {
		k.gap = true
		return
	}
	if err := k.t.push(s); err != nil {
		lost(ref.Name+hotSuffix, plain(err))
	}
}

// page tells of a damaged page: what it is a part of, and which blocks that concerns.
func (k *checker) page(c *container, page uint64, s *segment, ref segmentRef) {
	lo, hi := page<<pageBits, min((page+1)<<pageBits, c.body)
	p := Problem{File: c.name, Chain: ref.Chain, Blocks: [2]int64{ref.From, ref.To}}
	var names []string
	for _, place := range c.all {
		if place.off < hi && place.off+place.n > lo {
			names = append(names, place.id.String())
		}
	}
	if names == nil {
		names = []string{"padding"}
	}
	p.What = fmt.Sprintf("bytes %d to %d (%s) are not what was written", lo, hi-1, strings.Join(names, ", "))
	if s != nil && len(names) == 1 {
		s.narrow(&p, lo, hi)
	}
	k.Problems = append(k.Problems, p)
}

// narrow finds the blocks that a damaged page of movements or of hashes concerns.
func (s *segment) narrow(p *Problem, lo, hi uint64) {
	var first, last uint32 // transactions
	switch {
	case p.File == s.hot.name && lo >= s.rows.off && hi <= s.rows.off+s.rows.n:
		chunks := int((s.count + chunkRows - 1) / chunkRows)
		at := func(i int) uint64 { return s.rows.off + 8*uint64(s.rowAt.u32(uint64(i))) }
		from := sort.Search(chunks, func(i int) bool { return at(i+1) > lo })
		to := sort.Search(chunks, func(i int) bool { return at(i) >= hi })
		// The chunks around it are whole and say which transactions lie between.
		var c chunk
		if from > 0 && s.chunk(uint32(from-1), &c) {
			first = c.number(c.n - 1)
		}
		last = max(s.Txs, 1) - 1
		if to < chunks && s.chunk(uint32(to), &c) {
			last = c.tx
		}
	case p.File == s.cold.name && lo >= s.hashes.off && hi <= s.hashes.off+s.hashes.n:
		first, last = uint32((lo-s.hashes.off)/32), uint32((hi-1-s.hashes.off)/32)
	default:
		return
	}
	block := func(tx uint32) int64 {
		n := sort.Search(int(s.Blocks), func(b int) bool { return s.header(uint32(b)).tx > tx })
		return s.header(uint32(max(n, 1) - 1)).height
	}
	p.Blocks = [2]int64{block(first), block(last)}
}

// log checks the log, and reads what it holds.
func (k *checker) log(st *state) {
	b, err := k.f.Read(st.Log)
	if err != nil {
		k.find(st.Log, "%v", err)
		return
	}
	k.count(len(b))
	fail := &failure{}
	info, err := scanLog(st.Log, b, func(at int64, c commitText, images [][]byte) error {
		if k.gap {
			return nil
		}
		for _, cut := range c.Truncate {
			if _, err := k.t.of(cut.Chain).truncate(cut.Keep); err != nil {
				return err
			}
		}
		for _, im := range images {
			if err := k.t.pushImage(im, fail); err != nil {
				return err
			}
		}
		return nil
	})
	what := ""
	switch {
	case err != nil:
		what = plain(err)
	case info.torn > 0:
		what = fmt.Sprintf("the last %d bytes are no commit: a write was cut short, which the next writer drops, or they were changed", info.torn)
	default:
		return
	}
	k.find(st.Log, "%s", what)
	p := &k.Problems[len(k.Problems)-1]
	for i, c := range k.t.chains { // of each chain the newest blocks may be in what is lost
		if i > 0 {
			k.Problems = append(k.Problems, *p)
			p = &k.Problems[len(k.Problems)-1]
		}
		p.Chain, p.Blocks = c.chain, [2]int64{c.tip() + 1, -1}
	}
}

// deep compares a segment's columns with each other.
func (k *checker) deep(c *tail, i int, s *segment) {
	p := Problem{File: s.name, Chain: s.Chain, Blocks: [2]int64{s.FirstBlock, s.LastBlock}}
	report := func(format string, args ...any) {
		p.What = fmt.Sprintf(format, args...)
		k.Problems = append(k.Problems, p)
	}
	ends := uint64(0)
	for b := newSegmentCursor(s); b.ok(); b.next() {
		b.amount()
		if b.row.from != 0 {
			ends++
		}
		if b.row.to != 0 && b.row.to != b.row.from {
			ends++
		}
	}
	var list []uint32
	var m fundtrail.Movement
	for id := (idCursor{s: s}); ; id.rank++ {
		if id.load(); id.id == 0 {
			break
		}
		l, ok := s.list(id.rank)
		if !ok {
			continue
		}
		list = l.all(list[:0])
		for n, at := range list {
			s.movement(at, &m)
			if uint32(m.From) != id.id && uint32(m.To) != id.id || n > 0 && list[n-1] >= at {
				report("the list of address %d names movement %d, which is not its own", id.id, at)
				return
			}
		}
		ends -= uint64(len(list))
	}
	if ends != 0 {
		report("the lists of addresses do not name every movement")
	}
	for n := range s.Addresses {
		key := s.keyBytes(n)
		id, ok := s.find(hashKey(key), key)
		if !ok || id != s.Known+1+s.keyID(n) || string(s.key(id)) != string(key) {
			report("address %d is not found", n)
			return
		}
		for _, before := range c.segments[:i] {
			if _, ok := before.find(hashKey(key), key); ok {
				report("address %d has two numbers", id)
				return
			}
		}
	}
	for tx := range s.Txs {
		n, ok := s.findTx(s.hash(tx))
		if !ok || n != tx {
			report("transaction %d is not found, or stands there twice", tx)
			return
		}
	}
	for n := range uint64(s.Spent) {
		b := s.spent.at(spentSize*n, spentSize)
		if b == nil {
			break
		}
		in := binary.LittleEndian.Uint64(b[8:])
		if s.movement(uint32(in-s.First), &m); uint64(m.Link) != binary.LittleEndian.Uint64(b)+1 {
			report("input %d does not spend what it is said to", in)
			return
		}
	}
	if err := s.hot.fail.get(); err != nil {
		report("%s", plain(err))
	}
}
