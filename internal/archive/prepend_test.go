package archive

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/ledger"
	"github.com/fundtrail/fundtrail/internal/ledgertest"
)

// A subFault is a folder within a faultFolder: its files are the other's, under a longer name.
type subFault struct {
	*faultFolder
	prefix string
	locked *bool
}

func (d *faultFolder) Sub(name string) (folder, error) {
	return subFault{d, name + "/", new(bool)}, nil
}

func (d *faultFolder) Drop(name string) error {
	all, _ := subFault{faultFolder: d, prefix: name + "/"}.Names()
	slices.SortFunc(all, func(x, y string) int { return strings.Compare(y, x) }) // MANIFEST before what begins with a digit
	for _, n := range all {
		if err := d.Remove(name + "/" + n); err != nil {
			return err
		}
	}
	return nil
}

func (s subFault) Create(name string) (file, error) { return s.faultFolder.Create(s.prefix + name) }
func (s subFault) Extend(name string, at int64) (file, error) {
	return s.faultFolder.Extend(s.prefix+name, at)
}
func (s subFault) Read(name string) ([]byte, error) { return s.faultFolder.Read(s.prefix + name) }
func (s subFault) Map(name string, q bool) (mapping, error) {
	return s.faultFolder.Map(s.prefix+name, q)
}
func (s subFault) Rename(from, to string) error {
	return s.faultFolder.Rename(s.prefix+from, s.prefix+to)
}
func (s subFault) Remove(name string) error { return s.faultFolder.Remove(s.prefix + name) }
func (s subFault) Lock() (io.Closer, error) { return nopLock{}, nil }
func (s subFault) Names() (out []string, err error) {
	for _, n := range slices.Sorted(maps.Keys(s.names)) {
		if rest, ok := strings.CutPrefix(n, s.prefix); ok {
			out = append(out, rest)
		}
	}
	return out, nil
}

type nopLock struct{}

func (nopLock) Close() error { return nil }

// A hashed chain is random facts of an account chain whose blocks have hashes.
type hashed struct {
	order   []blockKey
	blocks  map[blockKey][]fundtrail.Transaction
	headers map[blockKey]fundtrail.Block
}

func hashedChain(seed uint64, n int) *hashed {
	h := &hashed{headers: map[blockKey]fundtrail.Block{}}
	h.order, h.blocks = byBlock(ledgertest.Random{Addresses: 9, Transactions: n, Tokens: 2}.Ledger(rand.New(rand.NewPCG(seed, 8))))
	for _, k := range h.order {
		b := h.blocks[k][0].Block
		b.Hash = fundtrail.Hash{byte(seed), byte(k.height >> 8), byte(k.height), 1}
		h.headers[k] = b
	}
	return h
}

// batch is some of the blocks; what is whole differs from block to block.
func (h *hashed) batch(t testing.TB, list []blockKey) Batch {
	var b Batch
	var txs []fundtrail.Transaction
	for _, k := range list {
		txs = append(txs, h.blocks[k]...)
		b.Headers = append(b.Headers, h.headers[k])
		what := fundtrail.AllKinds
		if k.height%7 == 3 {
			what = fundtrail.Fees
		}
		b.Coverage = append(b.Coverage, fundtrail.Coverage{Chain: k.chain, FromBlock: k.height, ToBlock: k.height, What: what, Source: "node"})
	}
	b.Facts = sealed(t, txs, nil, nil)
	b.Sources = []Source{{Name: "node"}}
	return b
}

func allOf(t testing.TB, f folder) string {
	t.Helper()
	check, err := fsck(f, true)
	if err != nil || len(check.Problems) > 0 {
		t.Fatalf("fsck: %v %+v", err, check)
	}
	r, err := openReader(f)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	text := dump(r) + fmt.Sprint(r.Coverage(), r.Sources())
	for _, c := range r.chains {
		for i := c.lo; i < c.hi; i++ {
			for n := range r.parts[i].Blocks {
				text += fmt.Sprintln(r.parts[i].headerOf(n))
			}
		}
	}
	return text
}

// TestPrepend: a ledger that began with its newest blocks and grew downward is what one that
// was written in order is, whatever the sizes of pieces and segments.
func TestPrepend(t *testing.T) {
	for seed := range uint64(12) {
		r := rand.New(rand.NewPCG(seed, 1))
		h := hashedChain(seed, 40+r.IntN(120))
		opt := Options{Depth: 1 + r.Int64N(6), LogRows: 1 + r.IntN(60), SegmentRows: 1 + r.IntN(60), MergeRows: 1 << (3 + r.IntN(8))}
		want := newFaultFolder()
		w, err := openWriter(want, opt)
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range h.order {
			if err := w.Append(h.batch(t, []blockKey{k})); err != nil {
				t.Fatal(err)
			}
		}
		w.Close()
		f := newFaultFolder()
		if w, err = openWriter(f, opt); err != nil {
			t.Fatal(err)
		}
		lo := len(h.order) * 3 / 4
		hi := lo + 1
		appendTo := func(w *Writer, list []blockKey) {
			for len(list) > 0 {
				n := min(1+r.IntN(9), len(list))
				if err := w.Append(h.batch(t, list[:n])); err != nil {
					t.Fatal(err)
				}
				list = list[n:]
			}
		}
		appendTo(w, h.order[lo:hi])
		for lo > 0 {
			o, err := w.Older(fundtrail.Ethereum)
			if err != nil {
				t.Fatal(err)
			}
			from := max(0, lo-1-r.IntN(2*(hi-lo)+1))
			appendTo(o, h.order[from:min(hi, lo+1+r.IntN(3))])
			if err := o.Close(); err != nil {
				t.Fatal(err)
			}
			if next := min(len(h.order), hi+r.IntN(20)); next > hi { // the head goes on
				appendTo(w, h.order[hi:next])
				hi = next
			}
			if err := w.Join(fundtrail.Ethereum); err != nil {
				t.Fatal(err)
			}
			if lo = from; r.IntN(3) == 0 {
				w.Merge(false)
			}
		}
		appendTo(w, h.order[hi:])
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		if got, want := allOf(t, f), allOf(t, want); got != want {
			t.Fatalf("seed %d:\n%s\nin order:\n%s", seed, got, want)
		}
	}
}

// TestPrependWhileWriting: blocks are appended, merged and taken back while older ones are
// put before them.
func TestPrependWhileWriting(t *testing.T) {
	h := hashedChain(3, 600)
	opt := Options{Depth: 4, LogRows: 50, SegmentRows: 40, Background: true}
	dir, scratch := t.TempDir(), t.TempDir()
	w, err := OpenWriter(dir, opt)
	if err != nil {
		t.Fatal(err)
	}
	n := len(h.order)
	if err := w.Append(h.batch(t, h.order[n/2:n/2+5])); err != nil {
		t.Fatal(err)
	}
	o, err := w.Older(fundtrail.Ethereum)
	if err != nil {
		t.Fatal(err)
	}
	if err := o.Append(h.batch(t, h.order[:n/2+1])); err != nil {
		t.Fatal(err)
	}
	o.Close()
	done := make(chan error, 1)
	go func() { done <- w.Join(fundtrail.Ethereum) }()
	for i := n/2 + 5; i < n; i++ {
		if err := w.Append(h.batch(t, h.order[i:i+1])); err != nil {
			t.Fatal(err)
		}
		if i%40 == 0 {
			if err := w.Truncate(fundtrail.Ethereum, h.order[i-2].height); err != nil {
				t.Fatal(err)
			}
			i -= 2
			if i%40 == 38 { // once for each
				if err := w.Append(h.batch(t, h.order[i+1:i+4])); err != nil {
					t.Fatal(err)
				}
				i += 3
			}
		}
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	w = openWriterT(t, scratch, opt)
	if err := w.Append(h.batch(t, h.order)); err != nil {
		t.Fatal(err)
	}
	if got, want := allOf(t, osFolder(dir)), allOf(t, osFolder(scratch)); got != want {
		t.Errorf("%d and %d letters", len(got), len(want))
	}
}

// TestPrependCrash stops the machine at every operation on the disk while older blocks are
// gathered and joined: the ledger is as before or as after, and what is left of the subfolder
// is gone on with or swept.
func TestPrependCrash(t *testing.T) {
	h := hashedChain(5, 30)
	opt := Options{Depth: 2, LogRows: 12, SegmentRows: 15}
	n := len(h.order)
	lo, from := n*2/3, n/4
	grow := func(f folder) error {
		w, err := openWriter(f, opt)
		if err != nil {
			return err
		}
		defer w.Close()
		if _, ok := w.First(fundtrail.Ethereum); !ok {
			if err := w.Append(h.batch(t, h.order[lo:])); err != nil {
				return err
			}
		}
		for {
			first, _ := w.First(fundtrail.Ethereum)
			if first.Height == h.order[from].height {
				break
			}
			o, err := w.Older(fundtrail.Ethereum)
			if err != nil {
				return err
			}
			for _, k := range h.order[from : lo+1] {
				if k.height > o.Tip(k.chain) {
					if err := o.Append(h.batch(t, []blockKey{k})); err != nil {
						o.Close()
						return err
					}
				}
			}
			if err := o.Close(); err != nil {
				return err
			}
			if err := w.Join(fundtrail.Ethereum); err != nil {
				return err
			}
		}
		o, err := w.Older(fundtrail.Ethereum) // sweeps what stayed
		if err != nil {
			return err
		}
		if err := errors.Join(o.Close(), w.Forget(fundtrail.Ethereum)); err != nil {
			return err
		}
		return w.Close()
	}
	whole := newFaultFolder()
	if err := grow(whole); err != nil {
		t.Fatal(err)
	}
	after := allOf(t, whole)
	before := newFaultFolder()
	w, err := openWriter(before, opt)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Append(h.batch(t, h.order[lo:])); err != nil {
		t.Fatal(err)
	}
	w.Close()
	held := dump(mustOpen(t, before))
	grown := dump(mustOpen(t, whole))
	stride := 1
	if testing.Short() {
		stride = 5
	}
	seen := map[string]int{}
	for at := 1; at <= whole.op; at += stride {
		d := newFaultFolder()
		d.crashAt = at
		grow(d)
		for i, f := range []*faultFolder{d.killed(), d.unpowered(uint64(at)), d.unpowered(uint64(at) + 1e6)} {
			switch got := stateOf(t, f); got {
			case "":
				seen["nothing"]++
			case held:
				seen["before"]++
			case grown:
				seen["after"]++
			default:
				t.Fatalf("operation %d, %d: the ledger is neither as before nor as after", at, i)
			}
			if err := grow(f); err != nil {
				t.Fatalf("operation %d, %d: going on: %v", at, i, err)
			}
			if allOf(t, f) != after {
				t.Fatalf("operation %d, %d: going on ends elsewhere", at, i)
			}
			for name := range f.names {
				if strings.Contains(name, "/") {
					t.Fatalf("operation %d, %d: %s is left over", at, i, name)
				}
			}
		}
	}
	t.Logf("%d operations: %v", whole.op, seen)
	if seen["before"] == 0 || seen["after"] == 0 {
		t.Error("not both were met")
	}
}

func mustOpen(t testing.TB, f folder) *Reader {
	t.Helper()
	r, err := openReader(f)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestPrependRefused: what is not the same chain, does not reach, or cannot be renumbered.
func TestPrependRefused(t *testing.T) {
	h, other := hashedChain(1, 40), hashedChain(2, 40)
	n := len(h.order)
	w := openWriterT(t, t.TempDir(), Options{})
	if err := w.Prepend(fundtrail.Bitcoin, &Reader{}); !errors.Is(err, fundtrail.ErrInvalid) || !strings.Contains(err.Error(), "coin chain") {
		t.Errorf("a coin chain: %v", err)
	}
	if err := w.Append(h.batch(t, h.order[n/2:])); err != nil {
		t.Fatal(err)
	}
	before := dump(mustOpen(t, w.f))
	reader := func(h *hashed, list []blockKey, hashes bool) *Reader {
		o := openWriterT(t, t.TempDir(), Options{})
		b := h.batch(t, list)
		if !hashes {
			b.Headers = nil
		}
		if err := o.Append(b); err != nil {
			t.Fatal(err)
		}
		return mustOpen(t, o.f)
	}
	at := slices.IndexFunc(other.order, func(k blockKey) bool { return k.height >= h.order[n/2].height })
	for _, c := range []struct {
		name  string
		older *Reader
		want  error
		say   string
	}{
		{"another chain", reader(other, other.order[:at+1], true), fundtrail.ErrReorganised, "is another than the ledger's"},
		{"a gap", reader(h, h.order[:n/2], true), fundtrail.ErrConflict, "do not reach block"},
		{"no hashes", reader(h, h.order[:n/2+1], false), fundtrail.ErrConflict, "without its hash"},
	} {
		if err := w.Prepend(fundtrail.Ethereum, c.older); !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.say) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	if dump(mustOpen(t, w.f)) != before {
		t.Error("what was refused changed the ledger")
	}
}

// BenchmarkPrepend puts two million movements before two million.
func BenchmarkPrepend(b *testing.B) {
	const n, half = 4_000_000, 1_000_000 / 80 // blocks of 80 transactions of two movements or so
	fill := func(w *Writer, want func(height int64) bool) {
		bulk, err := w.Bulk(fundtrail.Ethereum)
		if err != nil {
			b.Fatal(err)
		}
		law := ledgertest.NewPowerLaw(1)
		last, in := int64(-1), false
		var eth uint32
		for range n {
			t := law.Next()
			if height := int64(t.Tx / 80); t.First && height != last {
				if last, in = height, want(height); in {
					if err := bulk.Block(height, 1_600_000_000+12*height, fundtrail.Hash{byte(height), byte(height >> 8), byte(height >> 16), 1}); err != nil {
						b.Fatal(err)
					}
					eth = bulk.Asset(fundtrail.NativeAsset(fundtrail.Ethereum))
				}
			}
			if !in {
				continue
			}
			index := uint32(1)
			if t.First {
				index = 0
				bulk.Tx(ledgertest.Hash(t.Tx), uint32(t.Tx%80), ledger.Succeeded)
			}
			bulk.Move(fundtrail.Move, index, eth, t.From[:], t.To[:], t.Amount)
		}
		if err := bulk.Finish(nil, nil); err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		b.StopTimer()
		w, err := OpenWriter(b.TempDir(), Options{})
		if err != nil {
			b.Fatal(err)
		}
		fill(w, func(h int64) bool { return h >= half })
		o, err := w.Older(fundtrail.Ethereum)
		if err != nil {
			b.Fatal(err)
		}
		fill(o, func(h int64) bool { return h <= half })
		if err := o.Close(); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
		began := time.Now()
		if err := w.Join(fundtrail.Ethereum); err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		b.ReportMetric(float64(w.tails.of(fundtrail.Ethereum).count())/time.Since(began).Seconds(), "movements/s")
		if err := w.Close(); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
}
