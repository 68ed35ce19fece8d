package ingest

import (
	"context"
	"errors"
	"math/rand/v2"
	"testing"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/archive"
)

// A diskGrower is a ledger on disk that grows downward too.
type diskGrower struct{ diskKeeper }

func (d diskGrower) Older(chain fundtrail.Chain) (Piece, error) {
	w, err := d.Writer.Older(chain)
	return diskKeeper{w, d.onWrite}, err
}

// TestBackfill: a ledger that began with its newest blocks, grew downward in pieces and was
// killed now and then, while its head went on, is what one from scratch is.
func TestBackfill(t *testing.T) {
	killed := 0
	for seed := range uint64(6) {
		r := rand.New(rand.NewPCG(seed, 4))
		s := &restless{r: rand.New(rand.NewPCG(seed, 1))}
		for range 80 + r.IntN(60) {
			s.grow()
		}
		from := int64(r.IntN(2) * r.IntN(30))
		dir := t.TempDir()
		open := func(context.Context) (Source, error) { return s, nil }
		opt := FollowOptions{Chain: fundtrail.Ethereum, Name: "node", To: -1, Batch: 1 + r.IntN(9), Open: open}
		for done := false; !done; {
			w, err := archive.OpenWriter(dir, archive.Options{Depth: 5, LogRows: 40, SegmentRows: 60, MergeRows: 400})
			if err != nil {
				t.Fatal(err)
			}
			kill := r.IntN(12)
			k := diskGrower{diskKeeper{w, func() error {
				if kill--; kill == 0 {
					return errKilled
				}
				return nil
			}}}
			head := opt
			head.From = int64(len(s.blocks) - 4)
			if tip := w.Tip(fundtrail.Ethereum); tip >= 0 {
				head.From = 0
			}
			_, err = Follow(t.Context(), k, head)
			if err == nil {
				back := opt
				back.From = from
				_, err = Backfill(t.Context(), k, back, func(int64) { s.grow() })
				done = err == nil
			}
			if err != nil && !errors.Is(err, errKilled) {
				t.Fatalf("seed %d: %v", seed, err)
			}
			if err != nil {
				killed++
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			s.grow()
		}
		opt.From = from
		scratch := t.TempDir()
		for _, d := range []string{dir, scratch} {
			if _, err := followOn(t, d, opt, s, nil); err != nil {
				t.Fatal(err)
			}
		}
		if got, want := dumpArchive(t, dir), dumpArchive(t, scratch); got != want {
			t.Fatalf("seed %d:\n%s\nfrom scratch:\n%s", seed, got, want)
		}
	}
	if killed < 6 {
		t.Errorf("only %d kills", killed)
	}
}

// TestBackfillOtherChain: older blocks that are not of the ledger's chain are given up.
func TestBackfillOtherChain(t *testing.T) {
	ours, other := &restless{r: rand.New(rand.NewPCG(1, 1))}, &restless{r: rand.New(rand.NewPCG(2, 1)), made: 2 << 20}
	for range 30 {
		ours.grow()
		other.grow()
	}
	dir := t.TempDir()
	if _, err := followOn(t, dir, FollowOptions{From: 20, To: -1}, ours, nil); err != nil {
		t.Fatal(err)
	}
	before := dumpArchive(t, dir)
	w, err := archive.OpenWriter(dir, archive.Options{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = Backfill(t.Context(), diskGrower{diskKeeper{w, nil}}, FollowOptions{Chain: fundtrail.Ethereum, Name: "node",
		Open: func(context.Context) (Source, error) { return other, nil }}, nil)
	if !errors.Is(err, fundtrail.ErrReorganised) {
		t.Errorf("%v", err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if dumpArchive(t, dir) != before {
		t.Error("the ledger changed")
	}
}
