package ingest

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/archive"
	"github.com/fundtrail/fundtrail/internal/fetch"
	"github.com/fundtrail/fundtrail/internal/ledger"
)

// A diskKeeper is a ledger on disk; onWrite may look at it, or stop it, before each write.
type diskKeeper struct {
	*archive.Writer
	onWrite func() error
}

func (d diskKeeper) Replace(chain fundtrail.Chain, above int64, facts *ledger.Memory, headers []fundtrail.Block) error {
	if d.onWrite != nil {
		if err := d.onWrite(); err != nil {
			return err
		}
	}
	return d.Writer.Replace(chain, above, archive.Batch{Facts: facts, Headers: headers})
}

// followOn brings a chain into a ledger in a folder.
func followOn(t *testing.T, dir string, opt FollowOptions, s Source, onWrite func() error) (FollowSummary, error) {
	t.Helper()
	w, err := archive.OpenWriter(dir, archive.Options{Depth: 5, LogRows: 40, MergeRows: 400})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}()
	if opt.Open == nil {
		opt.Open = func(context.Context) (Source, error) { return s, nil }
	}
	opt.Chain, opt.Name = fundtrail.Ethereum, "node"
	return Follow(t.Context(), diskKeeper{w, onWrite}, opt)
}

// dumpArchive says all that a ledger on disk holds.
func dumpArchive(t *testing.T, dir string) string {
	t.Helper()
	check, err := archive.Fsck(dir, true)
	if err != nil || len(check.Problems) > 0 {
		t.Fatalf("fsck: %+v, %v", check, err)
	}
	l, err := archive.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	var out strings.Builder
	var m fundtrail.Movement
	for p := range l.Size() {
		l.Movement(p, &m)
		x := l.Transaction(p)
		fmt.Fprintf(&out, "%s %d %d %s %d: %s -> %s %s\n", x.ID, x.Height, x.Time, l.Output(p), m.Kind, l.Address(m.From), l.Address(m.To), m.Amount)
	}
	tip, _ := l.Tip(fundtrail.Ethereum)
	for h := range tip.Height + 1 {
		b, ok := l.Block(fundtrail.Ethereum, h)
		fmt.Fprintf(&out, "block %d %t %x %d\n", h, ok, b.Hash, b.Time.Unix())
	}
	for _, c := range l.Coverage() {
		fmt.Fprintf(&out, "cover %d-%d %s by %s\n", c.FromBlock, c.ToBlock, c.What, c.Source)
	}
	if err := l.Err(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// copyFolder copies a ledger as a killed process leaves it, and cuts what was last written
// to the log short.
func copyFolder(t *testing.T, dir string, cut int) string {
	t.Helper()
	to := t.TempDir()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		raw, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(e.Name(), ".log") {
			raw = raw[:max(64, len(raw)-cut)]
		}
		if err := os.WriteFile(filepath.Join(to, e.Name()), raw, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return to
}

var errKilled = errors.New("killed")

// TestFollow: whatever a chain does and however often the process ends or is killed, the
// ledger is what it would be had it been made at once from what the chain became.
func TestFollow(t *testing.T) {
	var met, killed int
	var taken int64
	for seed := range uint64(16) { // 200 were run once: flushing takes long
		r := rand.New(rand.NewPCG(seed, 2))
		s := &restless{r: rand.New(rand.NewPCG(seed, 1))}
		from := int64(r.IntN(2) * r.IntN(10))
		opt := FollowOptions{From: from, To: -1, Batch: 1 + r.IntN(20)}
		dir := t.TempDir()
		for range 20 {
			s.grow()
		}
		for range 8 {
			switch r.IntN(3) {
			case 0:
				s.changes = 2 // while it is read
			case 1:
				s.blocks = s.blocks[:max(1, len(s.blocks)-1-r.IntN(25))]
			}
			for range r.IntN(40) {
				s.grow()
			}
			kill := r.IntN(6)
			sum, err := followOn(t, dir, opt, s, func() error {
				if kill--; kill == 0 {
					return errKilled
				}
				return nil
			})
			met, taken = met+sum.Reorganised, taken+sum.TakenBack
			if errors.Is(err, errKilled) {
				killed++
				dir = copyFolder(t, dir, r.IntN(2)*r.IntN(3000))
			} else if err != nil {
				t.Fatalf("seed %d: %v", seed, err)
			}
		}
		// A chain that ends below what the ledger has seen of it is a node that is behind.
		s.changes = 0
		for range 100 {
			s.grow()
		}
		if _, err := followOn(t, dir, opt, s, nil); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		scratch := t.TempDir()
		if _, err := followOn(t, scratch, opt, s, nil); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		got, want := dumpArchive(t, dir), dumpArchive(t, scratch)
		if got != want {
			t.Fatalf("seed %d: \n%s\nfrom scratch:\n%s", seed, got, want)
		}
		if n := len(s.blocks); !strings.Contains(want, fmt.Sprintf("block %d true %x", n-1, s.blocks[n-1].Block.Hash)) {
			t.Fatalf("seed %d: the head is not there", seed)
		}
	}
	if met < 16 || taken < 80 || killed < 8 {
		t.Errorf("only %d reorganisations of %d blocks and %d kills were met", met, taken, killed)
	}
}

// A patient source grows, fails and comes back as it is told when its head is asked for.
type patient struct {
	*restless
	heads int
	on    func(heads int) error
}

func (p *patient) Head(ctx context.Context) (fundtrail.Block, error) {
	p.heads++
	if err := p.on(p.heads); err != nil {
		return fundtrail.Block{}, err
	}
	return p.restless.Head(ctx)
}

func (p *patient) Blocks(ctx context.Context, from int64) iter.Seq2[fundtrail.BlockFacts, error] {
	return p.restless.Blocks(ctx, from)
}

// TestFollowForever: at the head it waits, goes on through failures with longer pauses, asks
// a source that came back what it is, and ends with the context.
func TestFollowForever(t *testing.T) {
	s := &restless{r: rand.New(rand.NewPCG(1, 1))}
	for range 5 {
		s.grow()
	}
	dir := t.TempDir()
	w, err := archive.OpenWriter(dir, archive.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	ctx, cancel := context.WithCancel(t.Context())
	p := &patient{restless: s, on: func(n int) error {
		switch {
		case n >= 3 && n < 6:
			return fmt.Errorf("connection refused: %w", fundtrail.ErrUnavailable)
		case n == 8:
			s.blocks = s.blocks[:3]
			s.grow()
		case n == 10:
			cancel()
		}
		s.grow()
		return nil
	}}
	var waits []time.Duration
	opened, told := 0, 0
	sum, err := Follow(ctx, diskKeeper{Writer: w}, FollowOptions{
		Chain: fundtrail.Ethereum, To: -1, Forever: true, Name: "node",
		Open:     func(context.Context) (Source, error) { opened++; return p, nil },
		Sleep:    func(ctx context.Context, d time.Duration) error { waits = append(waits, d); return ctx.Err() },
		Retrying: func(error, time.Duration) { told++ },
	})
	sec := time.Second
	want := []time.Duration{2 * sec, 2 * sec, sec, 2 * sec, 4 * sec, 2 * sec, 2 * sec}
	if !errors.Is(err, context.Canceled) || sum.Reorganised != 1 || told != 3 || opened != 4 || !slices.Equal(waits, want) {
		t.Errorf("%+v, %v, told %d, opened %d, waits %v", sum, err, told, opened, waits)
	}
	if tip := w.Tip(fundtrail.Ethereum); tip != int64(len(s.blocks)-1) {
		t.Errorf("the ledger ends with block %d of %d", tip, len(s.blocks)-1)
	}
}

// TestFollowErrors: what is refused, and that it leaves the ledger alone.
func TestFollowErrors(t *testing.T) {
	chain := func(seed uint64, n int) *restless {
		s := &restless{r: rand.New(rand.NewPCG(seed, 1)), made: seed << 20}
		for range n {
			s.grow()
		}
		return s
	}
	ours := chain(1, 60)
	cut := func(s *restless, n, grow int) *restless {
		c := &restless{r: rand.New(rand.NewPCG(9, 9)), made: 9 << 20, blocks: slices.Clone(s.blocks[:n])}
		for range grow {
			c.grow()
		}
		return c
	}
	lying := func(lie func(*fundtrail.BlockFacts)) *restless {
		s := cut(ours, 60, 9)
		s.lie = lie
		return s
	}
	for name, c := range map[string]struct {
		s    Source
		opt  FollowOptions
		want error
		text string
	}{
		"a gap":            {ours, FollowOptions{From: 61, To: -1}, fundtrail.ErrConflict, "leave a gap"},
		"another chain":    {chain(2, 70), FollowOptions{To: -1}, fundtrail.ErrInvalid, "first block"},
		"a deep fork":      {cut(ours, 30, 50), FollowOptions{To: -1, MaxDepth: 20}, fundtrail.ErrInvalid, "more than 20 blocks"},
		"beyond the head":  {ours, FollowOptions{To: 99}, fundtrail.ErrNotFound, "ends with block 59"},
		"another height":   {lying(func(f *fundtrail.BlockFacts) { f.Block.Height++ }), FollowOptions{To: -1}, fundtrail.ErrInvalid, "was asked for"},
		"never consistent": {lying(func(f *fundtrail.BlockFacts) { f.Block.Hash[31]++ }), FollowOptions{To: -1}, fundtrail.ErrReorganised, "13 tries"},
		"gone": {&patient{ours, 0, func(int) error { return fmt.Errorf("refused: %w", fundtrail.ErrUnavailable) }},
			FollowOptions{To: -1}, fundtrail.ErrUnavailable, "refused"},
		"a key that is refused": {&patient{ours, 0, func(int) error { return &fetch.Error{URL: "http://node", Status: 401, Err: fundtrail.ErrUnavailable} }},
			FollowOptions{To: -1, Forever: true}, fundtrail.ErrUnavailable, "http://node"},
		"a full disk": {cut(ours, 60, 5), FollowOptions{To: -1, Forever: true}, errKilled, "killed"},
	} {
		dir := t.TempDir()
		if _, err := followOn(t, dir, FollowOptions{To: -1}, ours, nil); err != nil {
			t.Fatal(err)
		}
		before := dumpArchive(t, dir)
		_, err := followOn(t, dir, c.opt, c.s, func() error {
			if name == "a full disk" {
				return errKilled
			}
			return nil
		})
		if !errors.Is(err, c.want) || !strings.Contains(fmt.Sprint(err), c.text) {
			t.Errorf("%s: %v", name, err)
		}
		if after := dumpArchive(t, dir); after != before && name != "never consistent" {
			t.Errorf("%s: the ledger changed:\n%s", name, after)
		}
	}
	// A node that is behind on the same chain takes nothing back.
	dir := t.TempDir()
	if _, err := followOn(t, dir, FollowOptions{To: -1}, ours, nil); err != nil {
		t.Fatal(err)
	}
	if sum, err := followOn(t, dir, FollowOptions{To: -1}, cut(ours, 50, 0), nil); err != nil || sum.Behind != 10 || sum.Blocks != 0 {
		t.Errorf("behind: %+v, %v", sum, err)
	}
}

// A remembering source says itself that its chain has parted from what it gave, as a node of
// Bitcoin's does, which knows the coins.
type remembering struct {
	*restless
	given map[int64]fundtrail.Hash
}

func (s *remembering) Blocks(ctx context.Context, from int64) iter.Seq2[fundtrail.BlockFacts, error] {
	return func(yield func(fundtrail.BlockFacts, error) bool) {
		for f, err := range s.restless.Blocks(ctx, from) {
			if before, ok := s.given[f.Block.Height-1]; err == nil && ok && before != f.Block.Parent {
				yield(fundtrail.BlockFacts{}, fmt.Errorf("block %d stands on another than was given: %w", f.Block.Height, fundtrail.ErrReorganised))
				return
			}
			if err == nil {
				s.given[f.Block.Height] = f.Block.Hash
			}
			if !yield(f, err) || err != nil {
				return
			}
		}
	}
}

// TestFollowRemembering: the ledger goes back to the fork for such a source too.
func TestFollowRemembering(t *testing.T) {
	s := &remembering{&restless{r: rand.New(rand.NewPCG(1, 1))}, map[int64]fundtrail.Hash{}}
	dir := t.TempDir()
	for round := range 6 {
		for range 25 {
			s.grow()
		}
		sum, err := followOn(t, dir, FollowOptions{To: -1}, s, nil)
		if err != nil || round > 0 && sum.TakenBack != int64(1+round*3) {
			t.Fatalf("round %d: %+v, %v", round, sum, err)
		}
		s.blocks = s.blocks[:len(s.blocks)-1-(round+1)*3]
	}
}
