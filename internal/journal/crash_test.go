package journal

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/fundtrail/fundtrail"
)

// crashDir, when set, makes the test program a writer that is killed: see TestKill.
const crashDir = "FUNDTRAIL_TEST_JOURNAL"

func TestMain(m *testing.M) {
	if dir := os.Getenv(crashDir); dir != "" {
		writeUntilKilled(dir)
	}
	os.Exit(m.Run())
}

// writeUntilKilled appends from several goroutines and prints what is acknowledged.
func writeUntilKilled(dir string) {
	j, err := Open(dir, Options{SegmentBytes: 20000})
	if err != nil {
		fmt.Println("open:", err)
		os.Exit(1)
	}
	var mu sync.Mutex
	for w := range 8 {
		go func() {
			for i := 0; ; i++ {
				body := fmt.Appendf(nil, `{"w":%d,"i":%d,"pad":"%s"}`, w, i, strings.Repeat("x", i*37%3000))
				e, err := j.Append(context.Background(), body, time.Now())
				if err != nil {
					fmt.Println("append:", err)
					os.Exit(1)
				}
				mu.Lock()
				fmt.Printf("%s\n", e.Head())
				mu.Unlock()
			}
		}()
	}
	select {}
}

// TestKill kills a writer again and again, at no particular moment. Every record that it
// had acknowledged is there, and the next writer goes on.
func TestKill(t *testing.T) {
	dir := t.TempDir()
	rounds := 12
	if testing.Short() {
		rounds = 3
	}
	var acknowledged []Head
	for round := range rounds {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), crashDir+"="+dir)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		for n := 0; lines.Scan(); n++ {
			h, err := ParseHead(lines.Text())
			if err != nil {
				t.Fatalf("round %d: %q", round, lines.Text())
			}
			acknowledged = append(acknowledged, h)
			if n == 50+round*13 {
				cmd.Process.Kill() // and read on: what it printed before counts
			}
		}
		cmd.Wait()

		rep := verify(t, dir, acknowledged...)
		if rep.Err() != nil {
			t.Fatalf("round %d: %v", round, rep.Err())
		}
		j, err := Open(dir, Options{})
		if err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		if (j.Cut() != nil) != (rep.Torn != nil) || j.Head() != rep.Head {
			t.Errorf("round %d: cut %v, torn %v; head %v, %v", round, j.Cut(), rep.Torn, j.Head(), rep.Head)
		}
		j.Close()
	}
	t.Logf("%d acknowledged records over %d kills, %d kept tails", len(acknowledged), rounds, len(verify(t, dir).Kept))
}

// TestTorn leaves behind what a crash leaves: any part of a last write.
func TestTorn(t *testing.T) {
	full := t.TempDir()
	j := open(t, full, Options{})
	add(t, j, 3)
	head := j.Head() // the head file a crash finds: of the last acknowledged record
	add(t, j, 2)
	j.Close()
	text := must(os.ReadFile(filepath.Join(full, segmentName(1))))
	at := 0 // of record 4
	for range 3 {
		at += bytes.IndexByte(text[at:], '\n') + 1
	}
	fourth := at + bytes.IndexByte(text[at:], '\n') + 1
	zeros := bytes.Clone(text)
	clear(zeros[at+50 : at+80])
	noHead := t.TempDir()
	os.WriteFile(filepath.Join(noHead, segmentName(1)), zeros, 0o600)
	if _, err := Open(noHead, Options{}); !errors.Is(err, fundtrail.ErrConflict) {
		t.Errorf("a hole, records after it, and no head file: %v", err)
	}
	for _, c := range []struct {
		what string
		text []byte
		want uint64 // records
		torn int    // bytes
	}{
		{"nothing", text[:at], 3, 0},
		{"one byte", text[:at+1], 3, 1},
		{"all but the line feed", text[:fourth-1], 3, fourth - 1 - at},
		{"one record of two", text[:fourth], 4, 0},
		{"one and a half", text[:fourth+30], 4, 30},
		{"both", text, 5, 0},
		{"a hole in the first", zeros, 3, len(zeros) - at},
		{"grown, not written", append(bytes.Clone(text[:at]), make([]byte, 5000)...), 3, 5000},
		{"all but the line feed of the last acknowledged", text[:at-1], 0, 0},
		{"a hole in what was acknowledged", append(append(bytes.Clone(text[:at-20]), make([]byte, 20)...), text[at:]...), 0, 0},
	} {
		dir := t.TempDir()
		os.WriteFile(filepath.Join(dir, segmentName(1)), c.text, 0o600)
		os.WriteFile(filepath.Join(dir, headName), headFile(head), 0o600)
		rep := verify(t, dir)
		j, err := Open(dir, Options{})
		if c.want == 0 {
			if rep.Err() == nil || !errors.Is(err, fundtrail.ErrConflict) {
				t.Errorf("%s: %v, opened: %v", c.what, rep.Err(), err)
			}
			continue
		}
		if err != nil || rep.Err() != nil {
			t.Errorf("%s: %v, %v", c.what, err, rep.Err())
			continue
		}
		if tornLen(rep) != c.torn || rep.Records != c.want || j.Head().Seq != c.want {
			t.Errorf("%s: torn %+v, %d records, head %d", c.what, rep.Torn, rep.Records, j.Head().Seq)
		}
		if c.torn > 0 {
			cut := j.Cut()
			kept, err := os.ReadFile(filepath.Join(dir, cut.Kept))
			if err != nil || !bytes.Equal(kept, c.text[len(c.text)-c.torn:]) || cut.Bytes != int64(c.torn) {
				t.Errorf("%s: kept %q, %v, %+v", c.what, kept, err, cut)
			}
		} else if j.Cut() != nil {
			t.Errorf("%s: cut %+v", c.what, j.Cut())
		}
		add(t, j, 2)
		j.Close()
		if rep := mustVerify(t, dir, c.want+2); len(rep.Kept) > 1 || (len(rep.Kept) == 1) != (c.torn > 0) {
			t.Errorf("%s: kept %v", c.what, rep.Kept)
		}
	}
}

// A poorFile is a file on a disk that fails in ways that are set.
type poorFile struct {
	file
	d *poorDisk
}

type poorDisk struct {
	room     int64 // bytes of the segments; below 0: no limit
	sync     error
	truncate error
	open     error
	// A sync tells syncing, and waits for goOn, where they are set.
	syncing, goOn chan struct{}
}

func (d *poorDisk) openFile(name string, flag int) (file, error) {
	if d.open != nil && strings.HasSuffix(name, segmentEnd) {
		return nil, d.open
	}
	f, err := openFile(name, flag)
	if filepath.Base(name) == headName {
		return f, err
	}
	return &poorFile{f, d}, err
}

func (f *poorFile) WriteAt(p []byte, at int64) (int, error) {
	if over := at + int64(len(p)) - f.d.room; f.d.room >= 0 && over > 0 {
		n, _ := f.file.WriteAt(p[:max(0, int64(len(p))-over)], at)
		return n, syscall.ENOSPC
	}
	return f.file.WriteAt(p, at)
}

func (f *poorFile) Sync() error {
	if f.d.syncing != nil {
		f.d.syncing <- struct{}{}
		<-f.d.goOn
	}
	if f.d.sync != nil {
		return f.d.sync
	}
	return f.file.Sync()
}

func (f *poorFile) Truncate(n int64) error {
	if f.d.truncate != nil {
		return f.d.truncate
	}
	return f.file.Truncate(n)
}

// TestPoorDisk: whatever fails, nothing is acknowledged that is not there, and the
// journal goes on once it can.
func TestPoorDisk(t *testing.T) {
	for _, c := range []struct {
		what string
		fail poorDisk
	}{
		{"full", poorDisk{room: 1000}},
		{"full, at no byte", poorDisk{room: 0}},
		{"sync", poorDisk{room: -1, sync: syscall.EIO}},
		{"full, and no way back", poorDisk{room: 1000, truncate: syscall.EIO}},
		{"sync, and no way back", poorDisk{room: -1, sync: syscall.EIO, truncate: syscall.EIO}},
		{"no new segment", poorDisk{room: -1, open: syscall.EMFILE}},
	} {
		dir := t.TempDir()
		d := poorDisk{room: -1}
		j := open(t, dir, Options{SegmentBytes: 1100, open: d.openFile})
		add(t, j, 3)
		head := j.Head()
		d = c.fail
		big := []byte(`"` + strings.Repeat("y", 2000) + `"`)
		for range 3 {
			_, err := j.Append(t.Context(), big, day)
			if !errors.Is(err, fundtrail.ErrUnavailable) || !strings.Contains(err.Error(), "nothing was recorded") {
				t.Errorf("%s: %v", c.what, err)
			}
			if j.Head() != head {
				t.Errorf("%s: head %v", c.what, j.Head())
			}
			if _, err := j.Read(4); !errors.Is(err, fundtrail.ErrNotFound) {
				t.Errorf("%s: a record that was not acknowledged: %v", c.what, err)
			}
			if rep := verify(t, dir); c.fail.truncate == nil && c.fail.sync == nil && (rep.Err() != nil || rep.Torn != nil || rep.Records != 3) {
				t.Errorf("%s: left behind: %+v", c.what, rep)
			}
		}
		d = poorDisk{room: -1}
		add(t, j, 4)
		mustVerify(t, dir, 7)
		j.Close()
		open(t, dir, Options{}).Close()
		mustVerify(t, dir, 7)
	}
}

// TestMoved: what somebody does to the file while it is open is noticed before anything
// is acknowledged into the void.
func TestMoved(t *testing.T) {
	for what, do := range map[string]func(path string) error{
		"removed":   os.Remove,
		"truncated": func(p string) error { return os.Truncate(p, 100) },
		"grown": func(p string) error {
			f, err := os.OpenFile(p, os.O_APPEND|os.O_WRONLY, 0)
			io.WriteString(f, "x")
			return errors.Join(err, f.Close())
		},
		"replaced": func(p string) error {
			text, err := os.ReadFile(p)
			return errors.Join(err, os.Remove(p), os.WriteFile(p+"2", nil, 0o600), os.WriteFile(p, text, 0o600), os.Remove(p+"2"))
		},
	} {
		dir := t.TempDir()
		j := open(t, dir, Options{})
		add(t, j, 2)
		if err := do(filepath.Join(dir, segmentName(1))); err != nil {
			t.Fatal(err)
		}
		if _, err := j.Append(t.Context(), []byte(`1`), day); !errors.Is(err, fundtrail.ErrConflict) {
			t.Errorf("%s: %v", what, err)
		}
		j.Close()
	}
}

// TestCancel: a cancelled append is withdrawn while it waits, and waited for once it is
// being written. Until it is on disk nobody reads it here.
func TestCancel(t *testing.T) {
	dir := t.TempDir()
	d := poorDisk{room: -1}
	j := open(t, dir, Options{open: d.openFile})
	add(t, j, 1)
	d.syncing, d.goOn = make(chan struct{}), make(chan struct{})
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	errs := make([]error, 4)
	start := func(i int) {
		wg.Go(func() { _, errs[i] = j.Append(ctx, fmt.Appendf(nil, "%d", i), day) })
	}
	waiting := func(n int) {
		for {
			j.mu.Lock()
			got := 0
			if j.next != nil {
				got = len(j.next.asks)
			}
			j.mu.Unlock()
			if got == n {
				return
			}
			time.Sleep(time.Millisecond)
		}
	}
	start(0)
	<-d.syncing // the first is being written
	if _, err := j.Read(2); !errors.Is(err, fundtrail.ErrNotFound) {
		t.Errorf("read before it is on disk: %v", err)
	}
	n := 0
	for range j.Entries(ctx, 0) {
		n++
	}
	if n != 1 {
		t.Errorf("%d entries before the second is on disk", n)
	}
	start(1) // leads the next group
	waiting(1)
	start(2)
	waiting(2)
	d.goOn <- struct{}{}
	<-d.syncing // both are being written
	start(3)    // leads a third group
	waiting(1)
	cancel()
	d.goOn <- struct{}{}
	<-d.syncing
	d.goOn <- struct{}{}
	wg.Wait()
	if errors.Join(errs...) != nil {
		t.Errorf("being written, or leading: %v", errs)
	}

	// Withdrawn: it waits behind one that leads.
	ctx, cancel = context.WithCancel(t.Context())
	wg.Go(func() { j.Append(t.Context(), []byte("5"), day) })
	<-d.syncing
	wg.Go(func() { j.Append(t.Context(), []byte("6"), day) })
	waiting(1)
	start(0)
	waiting(2)
	cancel()
	waiting(1)
	d.goOn <- struct{}{}
	<-d.syncing
	d.goOn <- struct{}{}
	wg.Wait()
	if !errors.Is(errs[0], context.Canceled) {
		t.Errorf("waiting: %v", errs[0])
	}
	d.syncing = nil
	mustVerify(t, dir, 7)
}

// TestLineReader: whatever a file holds, little of it is held.
func TestLineReader(t *testing.T) {
	text := io.MultiReader(strings.NewReader("a\n"), io.LimitReader(endless{}, 3*maxLine), strings.NewReader("\nb"))
	l := newLineReader(text, 10, 100)
	for _, want := range []struct {
		length int
		start  int64
		whole  bool
	}{{1, 10, true}, {maxLine + 1, 12, true}, {1, 13 + 3*maxLine, false}} {
		line, whole, err := l.read()
		if err != nil || len(line) != want.length || whole != want.whole || l.start != want.start || cap(l.long) > 2*maxLine {
			t.Errorf("%d bytes at %d, %v, %v, holds %d; want %+v", len(line), l.start, whole, err, cap(l.long), want)
		}
	}
	if _, _, err := l.read(); err != io.EOF {
		t.Errorf("at the end: %v", err)
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) { return copy(p, bytes.Repeat([]byte("x"), len(p))), nil }
