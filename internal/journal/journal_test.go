package journal

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fundtrail/fundtrail"
	"github.com/google/go-cmp/cmp"
)

var day = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// open opens a journal and closes it with the test.
func open(t testing.TB, dir string, opt Options) *Journal {
	t.Helper()
	j, err := Open(dir, opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { j.Close() })
	return j
}

// add appends records 1, 2, ... of a few hundred bytes.
func add(t testing.TB, j *Journal, n int) {
	t.Helper()
	for range n {
		seq := j.Head().Seq + 1
		body := fmt.Appendf(nil, `{"n":%d,"text":"%s"}`, seq, strings.Repeat("ü", int(seq%7)*20))
		e, err := j.Append(t.Context(), body, day.Add(time.Duration(seq)*time.Millisecond))
		if err != nil {
			t.Fatal(err)
		}
		if e.Seq != seq {
			t.Fatalf("record %d, want %d", e.Seq, seq)
		}
	}
}

func verify(t testing.TB, dir string, kept ...Head) Report {
	t.Helper()
	r, err := OpenReader(dir)
	if err != nil {
		t.Fatal(err)
	}
	rep, err := r.Verify(context.Background(), kept...)
	if err != nil {
		t.Fatal(err)
	}
	return rep
}

func mustVerify(t testing.TB, dir string, records uint64) Report {
	t.Helper()
	rep := verify(t, dir)
	if err := rep.Err(); err != nil || rep.Records != records || rep.Head.Seq != records {
		t.Fatalf("%d records, head %v, %v; want %d", rep.Records, rep.Head, err, records)
	}
	return rep
}

func TestJournal(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "journal")
	j := open(t, dir, Options{SegmentBytes: 2000})
	if got := j.Head(); got.Seq != 0 || got.Hash != sha256.Sum256([]byte("fundtrail.journal/1")) {
		t.Errorf("empty: head %v", got)
	}
	add(t, j, 40)
	rep := mustVerify(t, dir, 40)
	if rep.Segments < 4 || rep.Head != j.Head() || rep.Torn != nil || rep.Backward != 0 {
		t.Errorf("report %+v", rep)
	}
	if !rep.First.Equal(day.Add(time.Millisecond)) || !rep.Last.Equal(day.Add(40*time.Millisecond)) {
		t.Errorf("times %v to %v", rep.First, rep.Last)
	}

	var all []Entry
	for e, err := range j.Entries(t.Context(), 0) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, e)
	}
	if len(all) != 40 {
		t.Fatalf("%d entries", len(all))
	}
	for i, want := range all {
		seq := uint64(i + 1)
		got, err := j.Read(seq)
		if err != nil || cmp.Diff(want, got) != "" || got.Seq != seq {
			t.Errorf("Read(%d): %v\n%s", seq, err, cmp.Diff(want, got))
		}
		if got, err := j.Find(want.ID()); err != nil || got.Seq != seq {
			t.Errorf("Find(%s): %v", want.ID(), err)
		}
		n := 0
		for e, err := range j.Entries(t.Context(), seq) {
			if err != nil || e.Seq != seq+uint64(n) {
				t.Fatalf("from %d: %d, %v", seq, e.Seq, err)
			}
			n++
		}
		if n != 40-i {
			t.Errorf("from %d: %d entries", seq, n)
		}
	}
	for _, seq := range []uint64{0, 41, 1 << 63} {
		if _, err := j.Read(seq); !errors.Is(err, fundtrail.ErrNotFound) {
			t.Errorf("Read(%d): %v", seq, err)
		}
	}
	for n := range j.Entries(t.Context(), 41) {
		t.Errorf("past the end: %v", n)
	}

	// Reopened, it goes on where it was.
	head := j.Head()
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := j.Append(t.Context(), []byte(`1`), day); !errors.Is(err, fundtrail.ErrUnavailable) {
		t.Errorf("closed: %v", err)
	}
	j = open(t, dir, Options{SegmentBytes: 2000})
	if j.Head() != head || j.Cut() != nil {
		t.Errorf("reopened: head %v, cut %v", j.Head(), j.Cut())
	}
	add(t, j, 3)
	mustVerify(t, dir, 43)
}

// TestByHand does what the document tells an examiner to do: cut the last 76 bytes of
// a line off and hash the rest.
func TestByHand(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir, Options{})
	add(t, j, 5)
	text, err := os.ReadFile(filepath.Join(dir, "00000000000000000001.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	prev := sha256.Sum256([]byte("fundtrail.journal/1"))
	for i, line := range bytes.SplitAfter(text, []byte("\n"))[:5] {
		hashed := line[:len(line)-76]
		hash := sha256.Sum256(hashed)
		want := fmt.Sprintf(`,"hash":"%x"}`+"\n", hash)
		if string(line[len(line)-76:]) != want {
			t.Errorf("line %d ends with %s, want %s", i+1, line[len(line)-76:], want)
		}
		if !bytes.Contains(hashed, []byte(`,"prev":"`+hex.EncodeToString(prev[:])+`",`)) {
			t.Errorf("line %d does not name the line before", i+1)
		}
		prev = hash
	}
	if head, _ := os.ReadFile(filepath.Join(dir, "head")); string(head) != fmt.Sprintf("%020d:%x\n", 5, prev) {
		t.Errorf("head file %q", head)
	}
}

func TestAppendRefuses(t *testing.T) {
	j := open(t, t.TempDir(), Options{MaxBody: 100})
	for _, c := range []struct {
		body string
		at   time.Time
		want error
	}{
		{"", day, fundtrail.ErrInvalid},
		{"{", day, fundtrail.ErrInvalid},
		{"{\n}", day, fundtrail.ErrInvalid},
		{"1 2", day, fundtrail.ErrInvalid},
		{"\"\xff\"", day, fundtrail.ErrInvalid},
		{"1", time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC), fundtrail.ErrInvalid},
		{`"` + strings.Repeat("x", 100) + `"`, day, fundtrail.ErrLimit},
	} {
		if _, err := j.Append(t.Context(), []byte(c.body), c.at); !errors.Is(err, c.want) {
			t.Errorf("%q: %v, want %v", c.body, err, c.want)
		}
	}
	// All or none.
	if _, err := j.AppendAll(t.Context(), [][]byte{[]byte(`1`), []byte(`{`)}, day); !errors.Is(err, fundtrail.ErrInvalid) {
		t.Errorf("second body: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := j.Append(ctx, []byte(`1`), day); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if j.Head().Seq != 0 {
		t.Errorf("%d records", j.Head().Seq)
	}
	// A time in another zone and with a monotonic part is written in UTC.
	e, err := j.Append(t.Context(), []byte(`{"a": [1,2]}`), day.In(time.FixedZone("", 3600)))
	if err != nil {
		t.Fatal(err)
	}
	got, err := j.Read(1)
	if diff := cmp.Diff(e, got); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
}

func TestOneWriter(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir, Options{})
	add(t, j, 1)
	_, err := Open(dir, Options{})
	if !errors.Is(err, fundtrail.ErrConflict) || !strings.Contains(err.Error(), fmt.Sprintf("by process %d:", os.Getpid())) {
		t.Errorf("second writer: %v", err)
	}
	mustVerify(t, dir, 1) // readers always may
	j.Close()
	open(t, dir, Options{})
	if _, err := OpenReader(filepath.Join(dir, "none")); !errors.Is(err, fundtrail.ErrNotFound) {
		t.Errorf("no journal: %v", err)
	}
}

// TestTogether has many append at once: each gets its own record, in one chain.
func TestTogether(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir, Options{SegmentBytes: 10000})
	const writers, each = 32, 20
	var wg sync.WaitGroup
	var mu sync.Mutex
	acknowledged := map[uint64]string{}
	for w := range writers {
		wg.Go(func() {
			for i := range each {
				ctx, cancel := context.WithCancel(t.Context())
				if i%5 == 4 {
					go cancel() // may come in time, or not
				}
				bodies := [][]byte{fmt.Appendf(nil, `"%d.%d"`, w, i), fmt.Appendf(nil, `"%d.%d+"`, w, i)}[:1+i%2]
				out, err := j.AppendAll(ctx, bodies, day)
				cancel()
				if err != nil && !errors.Is(err, context.Canceled) {
					t.Error(err)
				}
				mu.Lock()
				for k, e := range out {
					acknowledged[e.Seq] = string(bodies[k])
				}
				mu.Unlock()
				if len(out) == 2 && out[1].Seq != out[0].Seq+1 {
					t.Errorf("records %d and %d are not next to each other", out[0].Seq, out[1].Seq)
				}
				if len(out) > 0 {
					if got, err := j.Read(out[0].Seq); err != nil || string(got.Body) != string(bodies[0]) {
						t.Errorf("read back: %s, %v", got.Body, err)
					}
				}
			}
		})
	}
	wg.Go(func() {
		for range 10 {
			rep, err := j.Verify(t.Context())
			if err != nil || rep.Err() != nil {
				t.Errorf("while writing: %v, %v", err, rep.Err())
			}
		}
	})
	wg.Wait()
	rep := mustVerify(t, dir, j.Head().Seq)
	if int(rep.Records) != len(acknowledged) {
		t.Errorf("%d records, %d acknowledged: a withdrawn one was written", rep.Records, len(acknowledged))
	}
	for e, err := range j.Entries(t.Context(), 0) {
		if err != nil || acknowledged[e.Seq] != string(e.Body) {
			t.Errorf("record %d: %s, acknowledged %s, %v", e.Seq, e.Body, acknowledged[e.Seq], err)
		}
	}
}

// TestLongBodies: records longer than any buffer here, and the search among them.
func TestLongBodies(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir, Options{MaxBody: 1 << 30})
	for i, n := range []int{10, 3 << 20, 10, 300 << 10, 100, 65 << 10, maxBody - 2, 5} {
		if _, err := j.Append(t.Context(), []byte(`"`+strings.Repeat("x", n)+`"`), day); err != nil {
			t.Fatal(err)
		}
		for seq := range i + 1 {
			if e, err := j.Read(uint64(seq + 1)); err != nil || e.Seq != uint64(seq+1) {
				t.Fatalf("%d of %d: %v", seq+1, i+1, err)
			}
		}
	}
	mustVerify(t, dir, 8)
	j.Close()
	open(t, dir, Options{SegmentBytes: 10})
	if _, err := j.Append(t.Context(), []byte(`"`+strings.Repeat("x", maxBody)+`"`), day); !errors.Is(err, fundtrail.ErrLimit) {
		t.Errorf("too long: %v", err)
	}
}

func TestHead(t *testing.T) {
	h := Head{12, sha256.Sum256([]byte("x"))}
	if got, err := ParseHead(" " + h.String() + "\n"); err != nil || got != h {
		t.Errorf("%v: %v, %v", h, got, err)
	}
	for _, s := range []string{"", "12", "12:", "+1:" + h.String()[3:], "012:" + h.String()[3:], strings.ToUpper(h.String()), h.String() + "0"} {
		if _, err := ParseHead(s); !errors.Is(err, fundtrail.ErrInvalid) {
			t.Errorf("%q: %v", s, err)
		}
	}
	j := open(t, t.TempDir(), Options{})
	add(t, j, 1)
	for id, want := range map[string]error{
		"": fundtrail.ErrInvalid, "x": fundtrail.ErrInvalid, "1-": fundtrail.ErrInvalid, "01": fundtrail.ErrInvalid,
		"1": nil, " 1\n": nil, "2": fundtrail.ErrNotFound, "1-0000000000000000": fundtrail.ErrConflict,
		"1-" + strings.Repeat("0", 65): fundtrail.ErrInvalid,
	} {
		if _, err := j.Find(id); !errors.Is(err, want) {
			t.Errorf("Find(%q): %v", id, err)
		}
	}
}
