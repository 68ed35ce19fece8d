// Package peers measures the ledger on disk beside what else could hold the same: Pebble
// with a key an edge, and SQLite with two indexes. It also reads the Parquet export with
// another library. It is a module of its own, so that nothing of this weighs on the
// program: run go test -bench . here.
package peers

import (
	"bytes"
	"cmp"
	"database/sql"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"
	"github.com/cockroachdb/pebble/v2/sstable/block"
	"github.com/parquet-go/parquet-go"
	_ "modernc.org/sqlite"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/archive"
	"github.com/fundtrail/fundtrail/internal/ledger"
	"github.com/fundtrail/fundtrail/internal/ledgertest"
)

func transfers() int {
	if n, err := strconv.Atoi(os.Getenv("FUNDTRAIL_BENCH_TRANSFERS")); err == nil && n > 0 {
		return n
	}
	return 1_000_000
}

// A store is one of those measured.
type store interface {
	build(dir string, n int) error
	open(dir string) error
	// newest reads the newest n movements of an address and returns whom it paid.
	newest(a [20]byte, n int, paid [][20]byte) (read int, out [][20]byte)
	close() error
	// note says what the figures are of.
	note() string
}

func cpuSeconds() float64 {
	var u syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return float64(u.Utime.Sec+u.Stime.Sec) + float64(u.Utime.Usec+u.Stime.Usec)/1e6
}

// peakMB is the most memory that the process had so far, in megabytes: of what ran first,
// its own.
func peakMB() float64 {
	b, _ := os.ReadFile("/proc/self/status")
	if _, rest, ok := bytes.Cut(b, []byte("VmHWM:")); ok {
		var kb float64
		fmt.Sscan(string(rest), &kb)
		return kb / 1000
	}
	return 0
}

func size(dir string) (sum int64) {
	filepath.Walk(dir, func(_ string, info os.FileInfo, err error) error {
		if err == nil && info.Mode().IsRegular() {
			sum += info.Size()
		}
		return nil
	})
	return sum
}

func BenchmarkPeers(b *testing.B) {
	n := transfers()
	law := ledgertest.NewPowerLaw(1)
	r := rand.New(rand.NewPCG(3, 3))
	var asked [][20]byte
	for range n {
		if t := law.Next(); len(asked) < 4000 && r.IntN(n) < 8000 {
			asked = append(asked, t.To)
		}
	}
	for _, s := range []struct {
		name  string
		store store
	}{{"archive", &ours{}}, {"pebble", &pebbles{}}, {"sqlite", &sqlites{}}} {
		b.Run(s.name, func(b *testing.B) {
			dir := b.TempDir()
			start, cpu := time.Now(), cpuSeconds()
			if err := s.store.build(dir, n); err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(n)/time.Since(start).Seconds(), "transfers/s")
			b.ReportMetric(1e6*(cpuSeconds()-cpu)/float64(n), "cpu-µs/transfer")
			b.ReportMetric(float64(size(dir))/float64(n), "B/transfer")
			b.ReportMetric(peakMB(), "peak-MB-so-far")
			if err := s.store.open(dir); err != nil {
				b.Fatal(err)
			}
			defer s.store.close()
			var paid [][20]byte
			var took []time.Duration
			for round := range 2 {
				took = took[:0]
				for _, a := range asked {
					start := time.Now()
					_, paid = s.store.newest(a, 100, paid[:0])
					took = append(took, time.Since(start))
				}
				_ = round
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)/2].Nanoseconds())/1000, "newest100-p50-µs")
			b.ReportMetric(float64(took[len(took)*99/100].Nanoseconds())/1000, "newest100-p99-µs")
			edges := 0
			start, cpu = time.Now(), cpuSeconds()
			for _, a := range asked[:100] {
				edges += hops(s.store, a)
			}
			b.ReportMetric(float64(edges)/time.Since(start).Seconds(), "hop-edges/s")
			b.ReportMetric(float64(edges)/(cpuSeconds()-cpu), "hop-edges/cpu-s")
			b.ReportMetric(float64(edges), "hop-edges")
			b.Log(s.store.note())
		})
	}
}

func hops(s store, a [20]byte) (edges int) {
	seen := map[[20]byte]bool{a: true}
	frontier := [][20]byte{a}
	var paid [][20]byte
	for range 3 {
		var next [][20]byte
		for _, a := range frontier {
			n := 0
			n, paid = s.newest(a, 50, paid[:0])
			edges += n
			for _, to := range paid {
				if !seen[to] {
					seen[to] = true
					next = append(next, to)
				}
			}
		}
		frontier = next[:min(len(next), 2000)]
	}
	return edges
}

// ours is the ledger on disk, asked by address as the others are: most of an engine's
// questions are by number, and faster.
type ours struct {
	l   *archive.Reader
	buf []fundtrail.Position
}

func (o *ours) build(dir string, n int) error {
	w, err := archive.OpenWriter(dir, archive.Options{})
	if err != nil {
		return err
	}
	bulk, err := w.Bulk(fundtrail.Ethereum)
	if err != nil {
		return err
	}
	law := ledgertest.NewPowerLaw(1)
	last := int64(-1)
	for i := range n {
		t := law.Next()
		if t.First {
			if height := int64(t.Tx / 80); height != last {
				last = height
				if err := bulk.Block(height, 1_600_000_000+12*height, fundtrail.Hash{}); err != nil {
					return err
				}
			}
			bulk.Tx(ledgertest.Hash(t.Tx), uint32(t.Tx%80), ledger.Succeeded)
		}
		bulk.Move(fundtrail.Move, uint32(i%2), bulk.Asset(fundtrail.NativeAsset(fundtrail.Ethereum)), t.From[:], t.To[:], t.Amount)
	}
	if err := bulk.Finish(nil, nil); err != nil {
		return err
	}
	return w.Close()
}

func (o *ours) open(dir string) (err error) {
	o.l, err = archive.Open(dir)
	return err
}

func (o *ours) newest(a [20]byte, n int, paid [][20]byte) (int, [][20]byte) {
	if cap(o.buf) != n {
		o.buf = make([]fundtrail.Position, 0, n)
	}
	id, ok := o.l.AddressID(fundtrail.EVMAddress(fundtrail.Ethereum, a))
	if !ok {
		return 0, paid
	}
	list := o.l.Moves(id, fundtrail.NoPosition, true, o.buf)
	var m fundtrail.Movement
	for _, p := range list {
		if o.l.Movement(p, &m); m.From == id {
			paid = append(paid, [20]byte(o.l.Address(m.To).Payload()))
		}
	}
	return len(list), paid
}

func (o *ours) close() error { return o.l.Close() }

func (o *ours) note() string {
	return fmt.Sprintf("as written in bulk, in %d segments", o.l.Stats().Chains[0].Segments)
}

// pebbles has a key an edge: address, place from the end; value: the other end,
// direction, amount. The transactions' hashes stand once, by place.
type pebbles struct{ db *pebble.DB }

func pebbleOptions() *pebble.Options {
	o := &pebble.Options{DisableWAL: true, MemTableSize: 64 << 20, Cache: pebble.NewCache(256 << 20), L0CompactionThreshold: 4}
	for i := range o.Levels {
		o.Levels[i].FilterPolicy = bloom.FilterPolicy(10)
		o.Levels[i].Compression = func() *block.CompressionProfile { return block.ZstdCompression }
	}
	return o
}

func (p *pebbles) build(dir string, n int) error {
	db, err := pebble.Open(dir, pebbleOptions())
	if err != nil {
		return err
	}
	law := ledgertest.NewPowerLaw(1)
	batch := db.NewBatch()
	for i := range n {
		t := law.Next()
		for side, ends := range [][2][20]byte{{t.From, t.To}, {t.To, t.From}} {
			key := binary.BigEndian.AppendUint64(slices.Clone(ends[0][:]), ^uint64(i))
			value := append(append([]byte{byte(side)}, ends[1][:]...), t.Amount.Big().Bytes()...)
			if err := batch.Set(key, value, nil); err != nil {
				return err
			}
		}
		if t.First {
			h := ledgertest.Hash(t.Tx)
			batch.Set(binary.BigEndian.AppendUint64([]byte{0xff, 't'}, uint64(i)), h[:], nil)
		}
		if batch.Len() > 4<<20 {
			if err := batch.Commit(pebble.NoSync); err != nil {
				return err
			}
			batch = db.NewBatch()
		}
	}
	if err := batch.Commit(pebble.NoSync); err != nil {
		return err
	}
	if err := db.Flush(); err != nil {
		return err
	}
	return db.Close()
}

func (p *pebbles) open(dir string) (err error) {
	p.db, err = pebble.Open(dir, pebbleOptions())
	return err
}

func (p *pebbles) newest(a [20]byte, n int, paid [][20]byte) (read int, _ [][20]byte) {
	upper := append(slices.Clone(a[:]), 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff)
	it, err := p.db.NewIter(&pebble.IterOptions{LowerBound: a[:], UpperBound: upper})
	if err != nil {
		panic(err)
	}
	for ok := it.First(); ok && read < n; ok = it.Next() {
		v, err := it.ValueAndErr()
		if err != nil {
			panic(err)
		}
		if read++; v[0] == 0 {
			paid = append(paid, [20]byte(v[1:21]))
		}
	}
	it.Close()
	return read, paid
}

func (p *pebbles) close() error { return p.db.Close() }

// note tells from the store's own figures whether it was compacted: wholly it is when all
// that it holds stands in the last level.
func (p *pebbles) note() string {
	m := p.db.Metrics()
	text := fmt.Sprintf("as its own compactions left it while it was written, %s; levels", map[bool]string{true: "none waiting", false: "others waiting"}[m.Compact.EstimatedDebt == 0])
	for i, l := range m.Levels {
		if l.TablesCount > 0 {
			text += fmt.Sprintf(" L%d: %d MB", i, l.TablesSize>>20)
		}
	}
	return text
}

// sqlites has a table of transfers and two indexes that cover the question.
type sqlites struct {
	db    *sql.DB
	query *sql.Stmt
}

func (s *sqlites) build(dir string, n int) error {
	db, err := sql.Open("sqlite", filepath.Join(dir, "ledger.db")+"?_pragma=journal_mode(off)&_pragma=synchronous(off)&_pragma=cache_size(-262144)")
	if err != nil {
		return err
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	tx, err := db.Begin()
	if err != nil {
		return err
	}
	for _, q := range []string{
		`create table address(id integer primary key, key blob unique)`, `create table tx(id integer primary key, hash blob)`,
		`create table edge(owner integer, at integer, other integer, side integer, amount blob, primary key(owner, at, side)) without rowid`,
	} {
		if _, err := tx.Exec(q); err != nil {
			return err
		}
	}
	addr, _ := tx.Prepare(`insert into address values(?,?)`)
	hash, _ := tx.Prepare(`insert into tx values(?,?)`)
	edge, _ := tx.Prepare(`insert or ignore into edge values(?,?,?,?,?)`)
	// Rows are inserted in the order of their key, which is what makes it fast. They are
	// sorted in passes over the generator, each of a range of owners, so that those of one
	// pass are what is held. An owner's number is his place among all that come.
	ids := newInterned()
	law := ledgertest.NewPowerLaw(1)
	var held []int32 // by owner: rows
	for range n {
		t := law.Next()
		for _, k := range [][20]byte{t.From, t.To} {
			id, fresh := ids.of(k)
			if fresh {
				if _, err := addr.Exec(id, k[:]); err != nil {
					return err
				}
				held = append(held, 0)
			}
			held[id-1]++
		}
		if t.First {
			h := ledgertest.Hash(t.Tx)
			if _, err := hash.Exec(int(t.Tx), h[:]); err != nil {
				return err
			}
		}
	}
	type row struct {
		owner, other uint32
		at           uint32 // transfer<<1 | side, of which there are up to 2^31
		amount       uint64
		large        bool
	}
	var rows []row
	for lo := 0; lo < len(held); {
		hi, sum := lo, 0
		for hi < len(held) && (hi == lo || sum+int(held[hi]) <= sqliteRows) {
			sum += int(held[hi])
			hi++
		}
		rows = slices.Grow(rows[:0], sum)
		law, large := ledgertest.NewPowerLaw(1), map[uint32][]byte{}
		for i := range n {
			t := law.Next()
			from, _ := ids.of(t.From)
			to, _ := ids.of(t.To)
			for side, ends := range [][2]uint32{{from, to}, {to, from}} {
				if int(ends[0]) <= lo || int(ends[0]) > hi || side == 1 && from == to { // one row where an address pays itself
					continue
				}
				r := row{owner: ends[0], other: ends[1], at: uint32(2*i + side), amount: t.Amount.Uint64(), large: !t.Amount.IsUint64()}
				if r.large {
					large[r.at] = t.Amount.Big().Bytes()
				}
				rows = append(rows, r)
			}
		}
		slices.SortFunc(rows, func(x, y row) int {
			return cmp.Or(cmp.Compare(x.owner, y.owner), cmp.Compare(x.at, y.at))
		})
		for _, r := range rows {
			var b [8]byte
			binary.BigEndian.PutUint64(b[:], r.amount)
			amount := bytes.TrimLeft(b[:], "\x00")
			if r.large {
				amount = large[r.at]
			}
			if _, err := edge.Exec(int(r.owner), int(r.at>>1), int(r.other), int(r.at&1), amount); err != nil {
				return err
			}
		}
		lo = hi
	}
	return tx.Commit()
}

// sqliteRows is how many rows are sorted at once; two a transfer.
const sqliteRows = 100_000_000

// An interned numbers addresses from 1, in 8 bytes an address besides the address: a map
// of 21 million would take three times that.
type interned struct {
	keys  [][20]byte
	table []uint32
}

func newInterned() *interned { return &interned{table: make([]uint32, 1<<10)} }

func (d *interned) of(k [20]byte) (id uint32, fresh bool) {
	mask := uint64(len(d.table) - 1)
	i := binary.LittleEndian.Uint64(k[:]) & mask // they are as good as random
	for ; d.table[i] != 0; i = (i + 1) & mask {
		if d.keys[d.table[i]-1] == k {
			return d.table[i], false
		}
	}
	d.keys = append(d.keys, k)
	id = uint32(len(d.keys))
	if d.table[i] = id; len(d.keys) > len(d.table)/2 {
		d.table = make([]uint32, 2*len(d.table))
		mask = uint64(len(d.table) - 1)
		for n, k := range d.keys {
			i := binary.LittleEndian.Uint64(k[:]) & mask
			for ; d.table[i] != 0; i = (i + 1) & mask {
			}
			d.table[i] = uint32(n + 1)
		}
	}
	return id, true
}

func (s *sqlites) open(dir string) (err error) {
	s.db, err = sql.Open("sqlite", filepath.Join(dir, "ledger.db")+"?_pragma=mmap_size(17179869184)")
	if err != nil {
		return err
	}
	s.db.SetMaxOpenConns(1)
	s.query, err = s.db.Prepare(`select e.side, o.key, e.amount from address a join edge e on e.owner = a.id join address o on o.id = e.other
		where a.key = ? order by e.at desc limit ?`)
	return err
}

func (s *sqlites) newest(a [20]byte, n int, paid [][20]byte) (read int, _ [][20]byte) {
	rows, err := s.query.Query(a[:], n)
	if err != nil {
		panic(err)
	}
	for rows.Next() {
		var side int
		var other, amount []byte
		if err := rows.Scan(&side, &other, &amount); err != nil {
			panic(err)
		}
		if read++; side == 0 {
			paid = append(paid, [20]byte(other))
		}
	}
	rows.Close()
	return read, paid
}

func (s *sqlites) close() error { return s.db.Close() }

func (s *sqlites) note() string {
	return fmt.Sprintf("inserted in the order of the key, %d million rows sorted at a time", sqliteRows/1_000_000)
}

// A row is a row of the export.
type row struct {
	Position int64   `parquet:"position"`
	Chain    string  `parquet:"chain"`
	Block    int64   `parquet:"block"`
	Time     int64   `parquet:"time"`
	Tx       string  `parquet:"tx"`
	TxIndex  *int64  `parquet:"tx_index,optional"`
	Index    int64   `parquet:"index"`
	Kind     string  `parquet:"kind"`
	Asset    string  `parquet:"asset"`
	From     *string `parquet:"from,optional"`
	To       *string `parquet:"to,optional"`
	Amount   string  `parquet:"amount"`
	Spends   *string `parquet:"spends,optional"`
	SpentBy  *int64  `parquet:"spent_by,optional"`
}

// TestParquet reads an export with another library, and finds every movement.
func TestParquet(t *testing.T) {
	for name, shape := range map[string]ledgertest.Random{
		"accounts": {Addresses: 50, Transactions: 60_000, Tokens: 3, Gaps: true}, "coins": {Addresses: 50, Transactions: 5000, Coins: true},
	} {
		b := ledger.NewBuilder()
		b.Keep()
		txs := shape.Ledger(rand.New(rand.NewPCG(1, 1)))
		for i := range txs {
			if err := b.Transaction(&txs[i], ledger.Where{}); err != nil {
				t.Fatal(err)
			}
		}
		m, err := b.Seal()
		if err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		w, err := archive.OpenWriter(dir, archive.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Append(archive.Batch{Facts: m}); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		l, err := archive.Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		file := filepath.Join(t.TempDir(), "export.parquet")
		f, err := os.Create(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := archive.Parquet(f, l); err != nil {
			t.Fatal(err)
		}
		f.Close()
		rows, err := parquet.ReadFile[row](file)
		if err != nil {
			t.Fatal(err)
		}
		if len(rows) != int(m.Size()) {
			t.Fatalf("%s: %d rows, want %d", name, len(rows), m.Size())
		}
		var v fundtrail.Movement
		for p := range m.Size() {
			m.Movement(p, &v)
			tx, o, r := m.Transaction(p), m.Output(p), rows[p]
			index := int64(o.Transfer.Index) + int64(o.Output)
			text := func(s *string) string {
				if s == nil {
					return ""
				}
				return *s
			}
			spent := fundtrail.NoPosition
			if r.SpentBy != nil {
				spent = fundtrail.Position(*r.SpentBy)
			}
			got := fmt.Sprintln(r.Position, r.Chain, r.Block, r.Time, r.Tx, r.Index, r.Asset, text(r.From), text(r.To), r.Amount)
			want := fmt.Sprintln(p, tx.ID.Chain, tx.Height, tx.Time*1000, tx.ID, index, m.Asset(v.Asset), m.Address(v.From), m.Address(v.To), v.Amount)
			if got != want || v.Kind == fundtrail.MoveOutput && spent != v.Link {
				t.Fatalf("%s row %d:\n%s\nwant\n%s", name, p, got, want)
			}
		}
	}
}
