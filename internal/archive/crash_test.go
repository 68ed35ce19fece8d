package archive

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/ledger"
	"github.com/fundtrail/fundtrail/internal/ledgertest"
)

// dump is everything that can be read of a ledger.
func dump(l fundtrail.Ledger) string {
	var b strings.Builder
	var m fundtrail.Movement
	seen := map[fundtrail.AddressID]bool{}
	for p := range l.Size() {
		l.Movement(p, &m)
		fmt.Fprintln(&b, m.Kind, l.Asset(m.Asset), l.Address(m.From), l.Address(m.To), m.Amount, m.Link, l.Transaction(p), l.Output(p))
		for _, id := range []fundtrail.AddressID{m.From, m.To} {
			if id != 0 && !seen[id] {
				seen[id] = true
				fmt.Fprintln(&b, l.Address(id), l.MoveCount(id), l.Moves(id, 0, false, make([]fundtrail.Position, 0, l.MoveCount(id)+1)))
			}
		}
	}
	var claims []string
	for _, c := range l.Coverage() {
		claims = append(claims, fmt.Sprint(c))
	}
	slices.Sort(claims)
	return b.String() + strings.Join(claims, "\n")
}

// A step is one thing done to a ledger.
type step struct {
	name string
	do   func(w *Writer) error
	want string // what the ledger holds afterwards
}

// script is a life of a ledger: it grows by blocks, some of them are taken back and
// come again otherwise, facts of old blocks are added, segments are sealed and merged.
func script(t *testing.T, coins bool) (steps []step) {
	r := rand.New(rand.NewPCG(5, 8))
	shape := ledgertest.Random{Addresses: 6, Transactions: 40, Tokens: 1}
	if coins {
		shape = ledgertest.Random{Addresses: 6, Transactions: 40, Coins: true}
	}
	order, blocks := byBlock(shape.Ledger(r))
	var held []fundtrail.Transaction
	var claims []fundtrail.Coverage
	add := func(name string, do func(w *Writer) error) {
		steps = append(steps, step{name, do, dump(sealed(t, held, claims, nil))})
	}
	cover := func(k blockKey) fundtrail.Coverage {
		return fundtrail.Coverage{Chain: k.chain, FromBlock: k.height, ToBlock: k.height, What: fundtrail.Fees, Source: "node"}
	}
	extend := func(k blockKey) {
		if n := len(claims); n > 0 && claims[n-1].ToBlock+1 == k.height {
			claims[n-1].ToBlock = k.height
		} else {
			claims = append(claims, cover(k))
		}
	}
	for i, k := range order {
		held = append(slices.Clip(held), blocks[k]...)
		claims = slices.Clone(claims)
		extend(k)
		add(fmt.Sprint("append ", k.height), func(w *Writer) error {
			facts := sealed(t, blocks[k], nil, w)
			return w.Append(Batch{Facts: facts, Coverage: []fundtrail.Coverage{cover(k)}})
		})
		if i%5 == 4 {
			add("merge", func(w *Writer) error { return w.Merge(false) })
		}
		if i == len(order)/2 || i == len(order)-2 { // far back, and a little
			fork := order[i-1-(len(order)-2-i)/2].height
			whole := held
			held = slices.DeleteFunc(slices.Clone(held), func(t fundtrail.Transaction) bool { return t.Block.Height > fork })
			claims = slices.Clone(claims)
			claims[len(claims)-1].ToBlock = fork
			add(fmt.Sprint("truncate ", fork), func(w *Writer) error { return w.Truncate(k.chain, fork) })
			held = whole
			var again []fundtrail.Transaction
			for _, t := range whole {
				if t.Block.Height > fork {
					again = append(again, t)
				}
			}
			claims = slices.Clone(claims)
			claims[len(claims)-1].ToBlock = k.height
			c := cover(k)
			c.FromBlock = fork + 1
			add("add again", func(w *Writer) error {
				b := ledger.NewBuilder()
				b.Keep()
				if i < len(order)-2 {
					w.Bound(b, 2000)
				}
				return importT(t, w, b, again, Batch{Coverage: []fundtrail.Coverage{c}})
			})
		}
	}
	return steps
}

// importT imports transactions.
func importT(t *testing.T, w *Writer, b *ledger.Builder, txs []fundtrail.Transaction, more Batch) error {
	t.Helper()
	for i := range txs {
		if err := b.Relieve(nil); err != nil {
			return err
		}
		if err := b.Transaction(&txs[i], ledger.Where{}); err != nil {
			t.Fatal(err)
		}
	}
	_, err := w.Import(b, more, nil)
	return err
}

var faultOptions = Options{Depth: 2, LogRows: 12, SegmentRows: 20}

// run does steps from the one given on and returns how many are done in all.
func run(f folder, steps []step, from int) (done int, err error) {
	w, err := openWriter(f, faultOptions)
	if err != nil {
		return from, err
	}
	for i := from; i < len(steps); i++ {
		if err := steps[i].do(w); err != nil {
			w.Close()
			return i, fmt.Errorf("%s: %w", steps[i].name, err)
		}
	}
	return len(steps), w.Close()
}

func stateOf(t *testing.T, f folder) string {
	t.Helper()
	r, err := openReader(f)
	if errors.Is(err, fundtrail.ErrNotFound) {
		return ""
	}
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	s := dump(r)
	if err := r.Err(); err != nil {
		t.Fatal(err)
	}
	return s
}

// TestCrash stops the machine at every single operation on the disk, with the process
// alone dying or the power going too, and looks at what is left: all that was
// acknowledged, and of what was not either all or nothing. Then it goes on to the end.
func TestCrash(t *testing.T) {
	for name, coins := range map[string]bool{"accounts": false, "coins": true} {
		t.Run(name, func(t *testing.T) {
			steps := script(t, coins)
			whole := newFaultFolder()
			if done, err := run(whole, steps, 0); err != nil || done != len(steps) {
				t.Fatal(err)
			}
			if got := stateOf(t, whole); got != steps[len(steps)-1].want {
				t.Fatal("without a crash the end is another")
			}
			t.Logf("%d steps, %d operations", len(steps), whole.op)
			stride := 1
			if testing.Short() {
				stride = 7
			}
			for at := 1; at <= whole.op; at += stride {
				d := newFaultFolder()
				d.crashAt = at
				done, err := run(d, steps, 0)
				if !errors.Is(err, errCrash) && done < len(steps) {
					t.Fatalf("operation %d: %v", at, err)
				}
				after := []*faultFolder{d.killed(), d.unpowered(uint64(at)), d.unpowered(uint64(at) + 1e6)}
				for i, f := range after {
					checkAfter(t, f, steps, done, fmt.Sprintf("operation %d, after %d steps, %d", at, done, i))
				}
			}
		})
	}
}

func checkAfter(t *testing.T, f *faultFolder, steps []step, done int, when string) {
	t.Helper()
	got := stateOf(t, f)
	before := ""
	if done > 0 {
		before = steps[done-1].want
	}
	switch {
	case got == before:
	case done < len(steps) && got == steps[done].want:
		done++ // was not acknowledged, and is whole
	default:
		t.Fatalf("%s: the ledger is neither as before the step nor as after it", when)
	}
	if end, err := run(f, steps, done); err != nil || end != len(steps) {
		t.Fatalf("%s: going on: %v", when, err)
	}
	if stateOf(t, f) != steps[len(steps)-1].want {
		t.Fatalf("%s: going on ends elsewhere", when)
	}
	check, err := fsck(f, true)
	if err != nil || len(check.Problems) > 0 {
		t.Fatalf("%s: fsck: %v %v", when, err, check)
	}
	for name := range f.names { // nothing is left lying about
		st, _ := readManifest(f)
		base := strings.TrimSuffix(strings.TrimSuffix(name, hotSuffix), coldSuffix)
		if name != manifestName && name != st.Log && !st.names(base) {
			t.Fatalf("%s: %s is left over", when, name)
		}
	}
}

// TestFull has no room from an operation on, for a while: what was being written is
// refused, what was there stays, and with room again the same writer goes on.
func TestFull(t *testing.T) {
	steps := script(t, false)
	whole := newFaultFolder()
	run(whole, steps, 0)
	for at := 1; at <= whole.op; at += 3 {
		d := newFaultFolder()
		w, err := openWriter(d, faultOptions)
		if err != nil {
			t.Fatal(err)
		}
		d.fullAt, d.fullFor = at, 1
		refused := 0
		for i := 0; i < len(steps); i++ {
			err := steps[i].do(w)
			if err == nil {
				continue
			}
			if !errors.Is(err, syscall.ENOSPC) || !errors.Is(err, fundtrail.ErrUnavailable) {
				t.Fatalf("full at %d: %s: %v", at, steps[i].name, err)
			}
			if refused++; refused > 3 {
				t.Fatalf("full at %d: refused again and again", at)
			}
			if before := stateOf(t, d); i > 0 && before != steps[i-1].want {
				t.Fatalf("full at %d: %s was refused and changed the ledger", at, steps[i].name)
			}
			i-- // again
		}
		if err := w.Close(); err != nil && refused == 0 && !errors.Is(err, syscall.ENOSPC) {
			t.Fatalf("full at %d: %v", at, err)
		}
		if stateOf(t, d) != steps[len(steps)-1].want {
			t.Fatalf("full at %d: the end is another", at)
		}
	}
}

// TestFlip flips every byte of a small ledger. Fsck finds it, and whoever reads meets
// an error or, where the byte is none of the facts', the facts.
func TestFlip(t *testing.T) {
	for name, coins := range map[string]bool{"accounts": false, "coins": true} {
		t.Run(name, func(t *testing.T) {
			steps := script(t, coins)
			f := newFaultFolder()
			if _, err := run(f, steps, 0); err != nil {
				t.Fatal(err)
			}
			want := steps[len(steps)-1].want
			total, read := 0, 0
			names, _ := f.Names()
			for _, name := range names {
				b := f.names[name].now
				for i := range b {
					b[i] ^= 1 << (i % 8)
					check, err := fsck(f, false)
					if err != nil || len(check.Problems) == 0 {
						t.Fatalf("%s byte %d of %d: fsck finds nothing: %v", name, i, len(b), err)
					}
					if p := check.Problems[0]; p.File != name || (name != manifestName) != (p.Chain != "") {
						t.Fatalf("%s byte %d: fsck says %v", name, i, check.Problems)
					}
					if r, err := openReader(f); err == nil {
						if got := dump(r); got != want && r.Err() == nil {
							t.Fatalf("%s byte %d of %d: read as other facts", name, i, len(b))
						}
						read++
						r.Close()
					}
					b[i] ^= 1 << (i % 8)
					total++
				}
			}
			t.Logf("%d bytes in %d files, %d times the rest could be read", total, len(names), read)
		})
	}
}
