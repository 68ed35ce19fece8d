package archive

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/ledger"
	"github.com/fundtrail/fundtrail/internal/ledgertest"
)

// tellings are rows of files that tell of transactions, each of some part, in any order and
// some of them twice. Together they tell all.
func tellings(r *rand.Rand, txs []fundtrail.Transaction) (list []func(b *ledger.Builder, where ledger.Where) error) {
	for i := range txs {
		t := &txs[i]
		info, _ := t.ID.Chain.Info()
		coins := info.Model == fundtrail.Coins
		for n := range 1 + r.IntN(3) {
			all := n == 0
			tx := ledger.Tx{Chain: t.ID.Chain, Hash: t.ID.Hash, Height: t.Block.Height, Time: t.Block.Time.Unix(), Place: t.Place}
			if t.Failed && (all || r.IntN(2) == 0) {
				tx.Outcome = ledger.Failed
			}
			if !all && r.IntN(2) == 0 {
				tx.Place = ledger.UnknownPlace
			}
			headed := r.IntN(4) == 0
			if headed || !all && r.IntN(2) == 0 {
				tx.Time = ledger.UnknownTime
			}
			some := make([]bool, 1000)
			for k := range some {
				some[k] = all || r.IntN(2) == 0
			}
			quiet := r.IntN(2) == 0 // inputs tell only what they spend
			list = append(list, func(b *ledger.Builder, where ledger.Where) error {
				if headed {
					b.Block(t.Block, where)
				}
				tx := tx
				tx.Where = where
				ref, err := b.Tx(tx)
				if err != nil {
					return err
				}
				k := 0
				add := func(row ledger.Row) {
					if k++; some[k] && err == nil {
						err = b.Add(ref, row)
					}
				}
				for _, tr := range t.Transfers {
					row := ledger.Row{Index: tr.ID.Index, Asset: b.Asset(tr.Asset)}
					if !coins && tr.ID.Index >= fundtrail.FeeIndex {
						row.Kind = fundtrail.MoveFee
					}
					for i, in := range tr.Inputs {
						row.From, row.Amount = b.Address(in.Address), in.Amount
						if coins {
							known := ledger.Row{Kind: fundtrail.MoveInput, Index: uint32(i), Asset: row.Asset, From: row.From, Amount: in.Amount, Spends: in.Spends}
							if quiet && !in.Spends.Transfer.Tx.IsZero() {
								known.From, known.Amount = 0, fundtrail.Amount{}
							}
							add(known)
						}
					}
					for i, out := range tr.Outputs {
						row.To, row.Amount = b.Address(out.Address), out.Amount
						if coins {
							to := row.To
							if r := i % 3; r == 1 && !quiet {
								to = 0 // its script names a key, which some programs do not know the address of
							}
							add(ledger.Row{Kind: fundtrail.MoveOutput, Index: uint32(i), Asset: row.Asset, To: to, Amount: out.Amount})
						}
					}
					if !coins {
						add(row)
					}
				}
				return err
			})
		}
	}
	r.Shuffle(len(list), func(i, k int) { list[i], list[k] = list[k], list[i] })
	return list
}

// importTold imports tellings and returns what is then in the ledger.
func importTold(t *testing.T, f folder, size int64, list []func(b *ledger.Builder, where ledger.Where) error) (state string, spilled bool, err error) {
	t.Helper()
	w, err := openWriter(f, Options{LogRows: 60, SegmentRows: 90})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	b := ledger.NewBuilder()
	b.Keep()
	b.Held(w.Held)
	if size > 0 {
		w.Bound(b, size)
	}
	file := b.File("told")
	for i, tell := range list {
		if err := b.Relieve(nil); err != nil {
			t.Fatal(err)
		}
		if err := tell(b, ledger.Where{File: file, Line: i + 1}); err != nil {
			return "", false, err
		}
	}
	b.Cover(fundtrail.Coverage{Chain: fundtrail.Ethereum, ToBlock: 5, What: fundtrail.AllKinds, Source: "told"})
	before := b.Movements()
	n, err := w.Import(b, Batch{Sources: []Source{{Name: "told", Rows: len(list)}}}, nil)
	if err != nil {
		return "", b.Spilled(), err
	}
	r, err := openReader(f)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if n > before+int64(r.Size()) || n > int64(r.Size()) {
		t.Errorf("%d movements were imported, and the ledger has %d", n, r.Size())
	}
	for _, name := range slices.Sorted(func(yield func(string) bool) {
		names, _ := f.Names()
		for _, n := range names {
			if !yield(n) {
				return
			}
		}
	}) {
		if name == scratchName {
			t.Error("the scratch is left")
		}
	}
	return fmt.Sprintln(dump(r), r.Sources()), b.Spilled(), r.Err()
}

func firstDifference(want, got string) string {
	x, y := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range min(len(x), len(y)) {
		if x[i] != y[i] {
			return fmt.Sprintf("line %d of %d and %d\nat once:  %s\nin parts: %s", i+1, len(x), len(y), x[i], y[i])
		}
	}
	return fmt.Sprintf("%d and %d lines", len(x), len(y))
}

// TestBoundedImport: what is put together part by part is what is put together at once,
// whatever is in the ledger already, errors too.
func TestBoundedImport(t *testing.T) {
	spills, failed, same := 0, 0, 0
	runs := 300
	if testing.Short() {
		runs = 40
	}
	for seed := range uint64(runs) {
		r := rand.New(rand.NewPCG(seed, 77))
		shape := ledgertest.Random{Addresses: 12, Transactions: 60 + r.IntN(200), Tokens: 2, Gaps: true, Coins: seed%2 == 0}
		txs := shape.Ledger(r)
		list := tellings(r, txs)
		if r.IntN(3) == 0 { // a contradiction
			k := r.IntN(len(txs))
			wrong := []fundtrail.Transaction{txs[k]}
			switch r.IntN(5) {
			case 0:
				wrong[0].Block.Height += int64(1 + r.IntN(40))
			case 1:
				wrong[0].Block.Height = max(0, wrong[0].Block.Height-int64(1+r.IntN(40)))
			case 2:
				wrong[0].Block.Time = wrong[0].Block.Time.Add(1e9)
			case 3:
				wrong[0].Place++
			case 4: // spends again what was spent, in a block of its own
				wrong[0].ID.Hash[20] ^= 0xff
				wrong[0].Block.Height += 100
				wrong[0].Block.Time = wrong[0].Block.Time.Add(1e9)
				wrong[0].Place = 1000
			}
			list = slices.Insert(list, r.IntN(len(list)), tellings(r, wrong)[0])
		}
		half := 0
		if r.IntN(2) == 0 { // some of it is there
			half = len(list) / 2
		}
		whole, small := newFaultFolder(), newFaultFolder()
		var want, got string
		var wantErr, gotErr error
		if half > 0 {
			first := slices.Clone(list[:half])
			_, _, e1 := importTold(t, whole, 0, first)
			_, _, e2 := importTold(t, small, 0, first)
			if e1 != nil || e2 != nil {
				continue // by itself the half is not whole
			}
		}
		want, _, wantErr = importTold(t, whole, 0, list[half:])
		var spilled bool
		got, spilled, gotErr = importTold(t, small, int64(500+r.IntN(20_000)), list[half:])
		if spilled {
			spills++
		}
		for _, e := range []error{fundtrail.ErrConflict, fundtrail.ErrInvalid} {
			if errors.Is(wantErr, e) != errors.Is(gotErr, e) {
				t.Fatalf("seed %d: at once: %v\nin parts: %v", seed, wantErr, gotErr)
			}
		}
		if (wantErr == nil) != (gotErr == nil) {
			t.Fatalf("seed %d: at once: %v\nin parts: %v", seed, wantErr, gotErr)
		}
		if wantErr != nil {
			failed++
			if wantErr.Error() == gotErr.Error() {
				same++
			} else if !strings.HasSuffix(wantErr.Error(), "spends too: conflict") || !strings.HasSuffix(gotErr.Error(), "spends too: conflict") {
				t.Errorf("seed %d: at once: %v\nin parts: %v", seed, wantErr, gotErr)
			}
			continue
		}
		if got != want {
			t.Fatalf("seed %d, coins %v, half %d: in parts it is another ledger\n%s", seed, shape.Coins, half, firstDifference(want, got))
		}
		if check, err := fsck(small, true); err != nil || len(check.Problems) > 0 {
			t.Fatalf("seed %d: fsck: %v %v", seed, err, check)
		}
	}
	t.Logf("%d of %d were set aside; %d errors, %d to the letter", spills, runs, failed, same)
	if spills < runs/3 || failed < runs/40 {
		t.Error("too few to be a test")
	}
}
