package journal

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/fundtrail/fundtrail"
)

// A Report is what a verification found.
type Report struct {
	Records  uint64 // that are as they were written
	Segments int
	Bytes    int64
	Head     Head // the last record as it stands
	// First and Last are the times of the first and the last record. Backward counts
	// the records whose time is before that of the one before them: the writer's clock
	// was set back. It is no damage.
	First, Last time.Time
	Backward    int

	Torn *Torn    // what a crash left: cut off when the journal is next opened
	Kept []string // files of such ends, cut off before

	// Problems are at most MaxProblems; More counts those that were left out.
	Problems []Problem
	More     int
}

// MaxProblems bounds a report.
const MaxProblems = 100

// Err returns nil for a journal that is as it was written, else an error that states the
// first problem and wraps fundtrail.ErrConflict.
func (r *Report) Err() error {
	switch n := len(r.Problems) + r.More; n {
	case 0:
		return nil
	case 1:
		return fmt.Errorf("the journal is not as it was written: %v: %w", r.Problems[0], fundtrail.ErrConflict)
	default:
		return fmt.Errorf("the journal is not as it was written, in %d places, first: %v: %w", n, r.Problems[0], fundtrail.ErrConflict)
	}
}

func (r *Report) add(p Problem) error {
	if len(r.Problems) < MaxProblems {
		r.Problems = append(r.Problems, p)
	} else {
		r.More++
	}
	return nil
}

// Verify reads the whole journal and finds every byte that was changed, removed,
// inserted or moved. Records removed from the end can only be told from a head that
// somebody remembers: the journal's own head file, and those given, which were kept
// elsewhere. Whoever can write both the segments and the head file can make a journal
// that verifies; whoever kept a head elsewhere still finds it.
//
// The error is about reading; what was found is in the report, see [Report.Err].
func (r *Reader) Verify(ctx context.Context, kept ...Head) (Report, error) {
	// The head file is read first: the journal may grow behind it, never before it.
	own, headErr := readHead(r.dir)
	if headErr != nil && !errors.Is(headErr, fundtrail.ErrConflict) {
		return Report{}, headErr
	}
	segs, strays, err := segments(r.dir)
	if err != nil {
		return Report{}, err
	}
	rep := Report{Segments: len(segs), Head: Head{Hash: genesis}}
	heads := newHeads(own, kept)
	heads.visit(rep.Head)
	w := walker{
		dir:     r.dir,
		chain:   chain{seq: 1, prev: genesis},
		problem: rep.add,
		tail: func(seg string, at int64, _ bool) error {
			rep.Torn = &Torn{File: seg, Offset: at}
			return nil
		},
		visit: func(e Entry) error {
			if e.Seq%256 == 0 && ctx.Err() != nil {
				return ctx.Err()
			}
			rep.Records++
			rep.Head = e.Head()
			if rep.First.IsZero() {
				rep.First = e.Time
			} else if e.Time.Before(rep.Last) {
				rep.Backward++
			}
			rep.Last = e.Time
			heads.visit(rep.Head)
			return nil
		},
	}
	for i, s := range segs {
		if err := ctx.Err(); err != nil {
			return rep, err
		}
		if err := w.file(s, 0, i == len(segs)-1); err != nil {
			return rep, r.fail(err)
		}
		if info, err := os.Stat(filepath.Join(r.dir, s.name)); err == nil {
			rep.Bytes += info.Size()
			if rep.Torn != nil {
				rep.Torn.Bytes = info.Size() - rep.Torn.Offset
			}
		}
	}
	for _, name := range strays {
		rep.add(Problem{0, name, 0, "it is no segment of the journal: no record number gives it its name"})
	}
	if headErr != nil {
		rep.add(Problem{0, headName, 0, "it was changed: it is no head"})
	} else if own.IsZero() && len(kept) == 0 && len(segs) > 0 {
		rep.add(Problem{0, headName, 0, "it is missing: give a head that was kept elsewhere, else records removed from the end are not noticed"})
	}
	heads.report(&rep, w.chain.seq-1)
	rep.Kept, err = r.keptTails()
	return rep, err
}

// heads checks remembered heads against the records as they come by.
type heads struct {
	want []Head
	own  int             // how many of want, at the start, are the head file's
	met  map[int]bool    // of want
	not  map[int]Head    // of want, and what stands there instead
	at   map[uint64]bool // the numbers of want
}

func newHeads(own Head, kept []Head) *heads {
	h := &heads{met: map[int]bool{}, not: map[int]Head{}, at: map[uint64]bool{}}
	if !own.IsZero() {
		h.want, h.own = append(h.want, own), 1
	}
	for _, k := range kept {
		if !k.IsZero() {
			h.want = append(h.want, k)
		}
	}
	for _, w := range h.want {
		h.at[w.Seq] = true
	}
	return h
}

func (h *heads) visit(got Head) {
	if !h.at[got.Seq] {
		return
	}
	for i, w := range h.want {
		if w == got {
			h.met[i] = true
		} else if w.Seq == got.Seq {
			h.not[i] = got
		}
	}
}

func (h *heads) report(rep *Report, last uint64) {
	for i, w := range h.want {
		who, file := "the head that was kept", ""
		if i < h.own {
			who, file = "the head file", headName
		}
		p := Problem{Seq: w.Seq, File: file}
		switch got, other := h.not[i]; {
		case h.met[i]:
			continue
		case other:
			p.Text = fmt.Sprintf("%s remembers another record: it has the hash %x there, the journal %x", who, w.Hash, got.Hash)
		case w.Seq > last && w.Seq == last+1:
			p.Text = fmt.Sprintf("%s remembers it, and the journal ends before it", who)
		case w.Seq > last:
			p.Seq = last + 1
			p.Text = fmt.Sprintf("%s remembers record %d, and the journal ends at %d: those after it were removed", who, w.Seq, last)
		default:
			p.Text = fmt.Sprintf("%s remembers it, and it is not as it was written", who)
		}
		rep.add(p)
	}
}

// keptTails lists the files of ends that were cut off.
func (r *Reader) keptTails() ([]string, error) {
	files, err := os.ReadDir(r.dir)
	if err != nil {
		return nil, r.fail(err)
	}
	var out []string
	for _, f := range files {
		if strings.HasPrefix(f.Name(), tornPrefix) {
			out = append(out, f.Name())
		}
	}
	return out, nil
}
