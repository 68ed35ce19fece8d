package bitcoin

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/archive"
	"github.com/fundtrail/fundtrail/internal/ingest"
	"github.com/fundtrail/fundtrail/internal/ledger"
)

// importRun imports block files into a ledger on disk, as the command does.
func importRun(t *testing.T, dir string, p *Params, size int64, names ...string) ingest.SourceSummary {
	t.Helper()
	w, err := archive.OpenWriter(dir, archive.Options{LogRows: 500, SegmentRows: 700})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	height := func(hash fundtrail.Hash) (int64, bool) {
		b, ok := w.Block(p.Chain, w.Tip(p.Chain))
		return b.Height, ok && b.Hash == hash
	}
	f, err := OpenFiles(t.Context(), p, names, Options{Held: w.Held, Height: height})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	b := ledger.NewBuilder()
	b.Keep()
	if size > 0 {
		w.Bound(b, size)
	}
	sum, err := ingest.Blocks(t.Context(), b, f, "blocks", f.Report().First, -1)
	if err == nil {
		_, err = w.Import(b, archive.Batch{Headers: sum.Headers}, nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	return sum
}

func dumpLedger(t *testing.T, dir string) string {
	t.Helper()
	r, err := archive.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var out strings.Builder
	var m fundtrail.Movement
	for at := range r.Size() {
		r.Movement(at, &m)
		fmt.Fprintln(&out, m.Kind, r.Address(m.From), r.Address(m.To), m.Amount, m.Link, r.Transaction(at), r.Output(at))
	}
	fmt.Fprintln(&out, r.Coverage())
	if check, err := archive.Fsck(dir, true); err != nil || len(check.Problems) > 0 || r.Err() != nil {
		t.Errorf("fsck: %v %v %v", err, check, r.Err())
	}
	return out.String()
}

// TestRuns: block files that are imported in several runs give the ledger that they give at
// once, what the later ones spend of the earlier ones too. What is nowhere stays unknown.
func TestRuns(t *testing.T) {
	for seed := range uint64(6) {
		r := rand.New(rand.NewPCG(seed, 8))
		m := &maker{r: r}
		p, blocks := m.chain(30, 4000)
		inRuns(t, p, blocks, 1+r.IntN(28))
	}
	t.Run("real", func(t *testing.T) {
		text := readRaw(t, filepath.Join("blocksci_regtest", "blk00000.dat"))
		names := folder(t, text)
		s, err := OpenFiles(t.Context(), regtest, names, Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		var blocks [][]byte
		for _, ref := range s.chain {
			b := make([]byte, ref.size)
			if err := s.files[ref.file].read(b, ref.at); err != nil {
				t.Fatal(err)
			}
			blocks = append(blocks, b)
		}
		inRuns(t, regtest, blocks, len(blocks)-15)
	})
}

func inRuns(t *testing.T, p *Params, blocks [][]byte, cut int) {
	t.Helper()
	parts := folder(t, record(p, blocks[:cut]...), record(p, blocks[cut:]...))
	whole, twice, small := t.TempDir(), t.TempDir(), t.TempDir()
	importRun(t, whole, p, 0, parts...)
	want := dumpLedger(t, whole)
	importRun(t, twice, p, 0, parts[0])
	if sum := importRun(t, twice, p, 0, parts[1]); sum.Partial > 0 {
		t.Errorf("cut at %d: %d transactions are partial", cut, sum.Partial)
	}
	if got := dumpLedger(t, twice); got != want {
		t.Errorf("cut at %d: two runs give another ledger than one: %s", cut, differ(want, got))
	}
	importRun(t, small, p, 20_000, parts[0])
	importRun(t, small, p, 20_000, parts[1])
	importRun(t, small, p, 20_000, parts[1]) // again
	if got := dumpLedger(t, small); got != want {
		t.Errorf("cut at %d: two runs in parts give another ledger than one: %s", cut, differ(want, got))
	}
	late := t.TempDir()
	lacks := importRun(t, late, p, 0, parts[1]).Partial
	importRun(t, late, p, 0, parts[0])
	importRun(t, late, p, 0, parts...)
	if got := dumpLedger(t, late); got != want {
		t.Errorf("cut at %d: with the first part given late it is another ledger (%d transactions were partial): %s", cut, lacks, differ(want, got))
	}
}

// TestHeightOfParent: old blocks do not tell their height; the ledger that holds the one
// before does.
func TestHeightOfParent(t *testing.T) {
	m := &maker{r: rand.New(rand.NewPCG(3, 8))}
	p := &Params{Chain: fundtrail.Bitcoin, Magic: mainnet.Magic}
	var blocks [][]byte
	var parent [32]byte
	for range 6 {
		tx := m.transaction(nil, 1, 50e8, m.noise(nil, 8))
		b := assemble(p, parent, 1, 0x207fffff, [][]byte{tx})
		parent = parseHeader(b).hash
		blocks = append(blocks, b)
	}
	p.Genesis = shown(parseHeader(blocks[0]).hash)
	parts := folder(t, record(p, blocks[:4]...), record(p, blocks[4:]...))
	if _, err := OpenFiles(t.Context(), p, parts[1:], Options{}); err == nil || !strings.Contains(err.Error(), "does not tell its height") {
		t.Errorf("without a ledger: %v", err)
	}
	dir := t.TempDir()
	importRun(t, dir, p, 0, parts[0])
	if sum := importRun(t, dir, p, 0, parts[1]); sum.From != 4 || sum.To != 5 {
		t.Errorf("blocks %d to %d", sum.From, sum.To)
	}
}

// differ says where two texts part.
func differ(want, got string) string {
	x, y := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range min(len(x), len(y)) {
		if x[i] != y[i] {
			return fmt.Sprintf("line %d of %d and %d\nwant %s\ngot  %s", i+1, len(x), len(y), x[i], y[i])
		}
	}
	return fmt.Sprintf("%d and %d lines", len(x), len(y))
}
