package watch

import (
	"encoding/json"
	"errors"
	"math/rand/v2"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/archive"
	"github.com/fundtrail/fundtrail/internal/ledger"
)

var people [6]fundtrail.Address

func init() {
	for i := range people {
		people[i] = fundtrail.EVMAddress(fundtrail.Ethereum, [20]byte{1, 2, byte(i)})
	}
}

// made is a chain that is made as it goes.
type made struct {
	r     *rand.Rand
	salt  byte
	facts [][]fundtrail.Transaction
	heads []fundtrail.Block
}

func (c *made) grow() {
	h := int64(len(c.heads))
	c.salt++
	b := fundtrail.Block{Chain: fundtrail.Ethereum, Height: h, Hash: fundtrail.Hash{c.salt, byte(h), byte(c.r.Uint32()), 9}, Time: time.Unix(1600000000+12*h, 0).UTC()}
	var txs []fundtrail.Transaction
	for n := range c.r.IntN(3) {
		txs = append(txs, c.pay(b, uint32(n)))
	}
	c.heads, c.facts = append(c.heads, b), append(c.facts, txs)
}

func (c *made) pay(b fundtrail.Block, place uint32) fundtrail.Transaction {
	id := fundtrail.TxID{Chain: b.Chain}
	for i := range id.Hash {
		id.Hash[i] = byte(c.r.Uint32())
	}
	amount := fundtrail.NewAmount(1 + c.r.Uint64N(1e6))
	return fundtrail.Transaction{ID: id, Block: b, Place: place, Transfers: []fundtrail.Transfer{{ID: fundtrail.TransferID{Tx: id}, Asset: fundtrail.NativeAsset(b.Chain),
		Inputs: []fundtrail.Entry{{Address: people[c.r.IntN(6)], Amount: amount}}, Outputs: []fundtrail.Entry{{Address: people[c.r.IntN(6)], Amount: amount}}}}}
}

func (c *made) batch(t *testing.T, from int) archive.Batch {
	b := ledger.NewBuilder()
	b.Keep()
	for _, txs := range c.facts[from:] {
		for i := range txs {
			if err := b.Transaction(&txs[i], ledger.Where{}); err != nil {
				t.Fatal(err)
			}
		}
	}
	m, err := b.Seal()
	if err != nil {
		t.Fatal(err)
	}
	return archive.Batch{Facts: m, Headers: c.heads[from:]}
}

func text(t *testing.T, b *Book) string {
	raw, err := json.Marshal(b)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// TestRebuildEqualsIncremental: whatever becomes of the chain, a book that was brought forward
// is the one made anew, and what it told on the way adds up to it.
func TestRebuildEqualsIncremental(t *testing.T) {
	back, anew, added := 0, 0, 0
	for seed := range uint64(12) {
		c := &made{r: rand.New(rand.NewPCG(seed, 5))}
		dir := t.TempDir()
		w, err := archive.OpenWriter(dir, archive.Options{Depth: 3, LogRows: 20, SegmentRows: 30})
		if err != nil {
			t.Fatal(err)
		}
		book, err := New("case", people[:2])
		if err != nil {
			t.Fatal(err)
		}
		var told []string
		for step := range 30 {
			keep := len(c.heads)
			if step > 0 && c.r.IntN(3) == 0 {
				keep = max(0, keep-1-c.r.IntN(1+c.r.IntN(20)))
				c.heads, c.facts = slices.Clip(c.heads[:keep]), slices.Clip(c.facts[:keep])
			}
			late := step > 0 && keep > 3 && c.r.IntN(8) == 0
			if late { // a file tells of a transaction that the ledger lacked
				at := c.r.IntN(keep - 1)
				tx := c.pay(c.heads[at], uint32(10+step))
				c.facts[at] = append(slices.Clip(c.facts[at]), tx)
				b := ledger.NewBuilder()
				b.Keep()
				if err := b.Transaction(&tx, ledger.Where{}); err != nil {
					t.Fatal(err)
				}
				if _, err := w.Import(b, archive.Batch{}, nil); err != nil {
					t.Fatal(err)
				}
			}
			for range 1 + c.r.IntN(6) {
				c.grow()
			}
			if err := w.Replace(fundtrail.Ethereum, int64(keep)-1, c.batch(t, keep)); err != nil {
				t.Fatal(err)
			}
			if c.r.IntN(3) == 0 {
				continue
			}
			l, err := archive.Open(dir)
			if err != nil {
				t.Fatal(err)
			}
			change, err := book.Bring(l)
			if err != nil {
				t.Fatal(err)
			}
			fresh, _ := New("case", people[:2])
			if _, err := fresh.Bring(l); err != nil {
				t.Fatal(err)
			}
			l.Close()
			if got, want := text(t, book), text(t, fresh); got != want {
				t.Fatalf("seed %d, step %d:\n%s\nmade anew:\n%s", seed, step, got, want)
			}
			for _, m := range change.Gone {
				i := slices.Index(told, m.Record)
				if i < 0 {
					t.Fatalf("seed %d: %s is gone and was not there", seed, m.Record)
				}
				told = slices.Delete(told, i, i+1)
			}
			for _, m := range change.Added {
				told = append(told, m.Record)
				added++
			}
			var held []string
			for _, m := range book.Moves {
				held = append(held, m.Record)
			}
			slices.Sort(held)
			slices.Sort(told)
			if !slices.Equal(held, told) {
				t.Fatalf("seed %d: told of %d moves, there are %d", seed, len(told), len(held))
			}
			if h, ok := change.Back[fundtrail.Ethereum]; ok {
				if back++; h < 0 {
					anew++
				}
			}
		}
		w.Close()
	}
	if back < 40 || anew < 1 || anew*2 > back || added < 300 {
		t.Errorf("went back %d times, made anew %d times, %d moves", back, anew, added)
	}
}

// TestFile: a book is what it was, one process has it, and a damaged one is said to be.
func TestFile(t *testing.T) {
	dir := t.TempDir()
	if _, err := Open(dir, "../out"); !errors.Is(err, fundtrail.ErrInvalid) {
		t.Errorf("a name: %v", err)
	}
	f, err := Open(dir, "case-12")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Read(); !errors.Is(err, fundtrail.ErrNotFound) {
		t.Errorf("none yet: %v", err)
	}
	if _, err := Open(dir, "case-12"); !errors.Is(err, fundtrail.ErrUnavailable) {
		t.Errorf("a second process: %v", err)
	}
	b, err := New("case-12", people[:3])
	if err != nil {
		t.Fatal(err)
	}
	b.Cursors = []Cursor{{fundtrail.Ethereum, []Mark{{7, "00", 3}}}}
	b.Moves = []Move{{Chain: "eth", Height: 3, Record: "x", Kind: "fee", Amount: fundtrail.NewAmount(9)}}
	if err := f.Write(b); err != nil {
		t.Fatal(err)
	}
	if got, err := f.Read(); err != nil || !reflect.DeepEqual(got, b) {
		t.Errorf("%+v, %v", got, err)
	}
	if err := os.WriteFile(dir+"/watch/case-12.json", []byte(`{"cursors":[{}]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Read(); !errors.Is(err, fundtrail.ErrInvalid) || !strings.Contains(err.Error(), "damaged") {
		t.Errorf("damaged: %v", err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := New("none", nil); !errors.Is(err, fundtrail.ErrInvalid) {
		t.Errorf("nothing: %v", err)
	}
}
