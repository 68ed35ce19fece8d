package ingest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/feed"
	"github.com/fundtrail/fundtrail/internal/fetch"
	"github.com/fundtrail/fundtrail/internal/store"
)

// plainForms read a list written as "LIST ID [DAY]", a name a line, "END". A list in
// two parts has "PART" for "LIST" in the second.
func plainForms() *listForms {
	read := func(r io.Reader) (*feed.List, error) {
		raw, err := io.ReadAll(r)
		if err != nil {
			return nil, err
		}
		lines := strings.Split(strings.TrimSpace(string(raw)), "\n")
		if lines[len(lines)-1] != "END" {
			return nil, fmt.Errorf("it is cut short: %w", fundtrail.ErrInvalid)
		}
		head := strings.Fields(lines[0])
		l := &feed.List{List: head[1], Covers: fundtrail.CoversNames, Stated: -1}
		if len(head) > 2 {
			l.Published, err = time.Parse(time.DateOnly, head[2])
		}
		for i, name := range lines[1 : len(lines)-1] {
			l.Parties = append(l.Parties, fundtrail.Party{UID: fmt.Sprint(head[0], i), Names: []fundtrail.Name{{Text: name}}})
		}
		return l, err
	}
	return &listForms{
		detect: func(head []byte, _ string) (feed.Format, bool) {
			switch {
			case bytes.HasPrefix(head, []byte("LIST ")):
				return "plain", true
			case bytes.HasPrefix(head, []byte("MAIN ")):
				return "main", true
			case bytes.HasPrefix(head, []byte("PART ")):
				return "part", true
			}
			return "", false
		},
		parse: func(_ feed.Format, r io.Reader) (*feed.List, error) { return read(r) },
		sets: []listSet{{
			format: "set",
			parts:  []listPart{{format: "main", need: true, words: []string{"main"}, name: "main file"}, {format: "part", need: true, words: []string{"part"}, name: "part"}},
			parse: func(files map[feed.Format]io.Reader) (*feed.List, error) {
				l, err := read(files["main"])
				if err != nil {
					return nil, err
				}
				more, err := read(files["part"])
				if err != nil {
					return nil, err
				}
				l.Parties = append(l.Parties, more.Parties...)
				return l, nil
			},
		}},
	}
}

// A publisher serves documents that a test changes.
type publisher struct {
	*httptest.Server
	mu    sync.Mutex
	docs  map[string]string       // by path
	odd   map[string]http.Handler // instead
	asked []string                // path, and "if" when it was asked with a condition
}

func newPublisher(t *testing.T) *publisher {
	p := &publisher{docs: map[string]string{}, odd: map[string]http.Handler{}}
	p.Server = httptest.NewServer(p)
	t.Cleanup(p.Close)
	return p
}

func (p *publisher) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	condition := ""
	if r.Header.Get("If-None-Match") != "" {
		condition = " if"
	}
	p.asked = append(p.asked, r.URL.Path+condition)
	doc, ok := p.docs[r.URL.Path]
	odd := p.odd[r.URL.Path]
	p.mu.Unlock()
	switch {
	case odd != nil:
		odd.ServeHTTP(w, r)
	case !ok:
		http.NotFound(w, r)
	default:
		w.Header().Set("ETag", fmt.Sprintf(`"%x"`, sha256.Sum256([]byte(doc))))
		http.ServeContent(w, r, "", time.Date(2026, 11, 20, 8, 0, 0, 0, time.UTC), strings.NewReader(doc))
	}
}

func (p *publisher) set(path, doc string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.docs[path] = doc
}

// asks returns what was asked since it was called last, sorted.
func (p *publisher) asks() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := slices.Sorted(slices.Values(p.asked))
	p.asked = nil
	return out
}

func (p *publisher) list(id string, paths ...string) Publication {
	pub := Publication{List: id}
	for _, path := range paths {
		pub.Files = append(pub.Files, Remote{Name: path[strings.LastIndex(path, "/")+1:] + ".txt", URL: p.URL + path + "?token=secret"})
	}
	return pub
}

func plainList(id, day string, n int, more ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "LIST %s %s\n", id, day)
	for i := range n {
		fmt.Fprintf(&b, "party %d\n", i)
	}
	for _, m := range more {
		b.WriteString(m + "\n")
	}
	return b.String() + "END\n"
}

// A syncTest is a store and a clock.
type syncTest struct {
	t   *testing.T
	st  *store.Store
	now time.Time
	opt SyncOptions
}

func newSyncTest(t *testing.T) *syncTest {
	st, err := store.Open(t.Context(), t.TempDir(), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	return &syncTest{t: t, st: st, now: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)}
}

// sync runs once, an hour after the last time, and describes the outcomes.
func (s *syncTest) sync(lists ...Publication) []string {
	s.t.Helper()
	s.now = s.now.Add(time.Hour)
	now := func() time.Time { return s.now }
	opt := s.opt
	opt.Now, opt.forms, opt.Dir = now, plainForms(), s.t.TempDir()
	client := &fetch.Client{Options: fetch.Options{
		Rate: 1e6, Burst: 1e6, Now: now, Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() },
	}}
	defer client.CloseIdle()
	outcomes, err := Sync(s.t.Context(), s.st, client, lists, opt)
	if err != nil {
		s.t.Fatal(err)
	}
	if left, _ := os.ReadDir(opt.Dir); len(left) > 0 {
		s.t.Errorf("left behind: %v", left)
	}
	var out []string
	for _, o := range outcomes {
		text := o.List + " " + string(o.Outcome)
		if (o.Err != nil) != (o.Outcome == store.Failed || o.Outcome == store.Refused || o.Outcome == Skipped) {
			s.t.Errorf("%s with the error %v", text, o.Err)
		}
		if o.Err != nil {
			text += ": " + o.Err.Error()
		}
		out = append(out, text)
	}
	for _, a := range s.attempts() {
		if strings.Contains(a.Source+a.Reason, "secret") {
			s.t.Errorf("the log tells a secret: %+v", a)
		}
	}
	return out
}

func (s *syncTest) attempts() []store.Attempt {
	s.t.Helper()
	a, err := s.st.Attempts(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	return a
}

func (s *syncTest) versions() (out []string) {
	s.t.Helper()
	vs, err := s.st.Versions(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	for _, v := range vs {
		out = append(out, fmt.Sprintf("%s %s %d", v.List, v.Published.Format(time.DateOnly), v.Parties))
	}
	return out
}

// want holds lines to what they must begin with, or contain after "…".
func want(t *testing.T, got []string, want ...string) {
	t.Helper()
	ok := len(got) == len(want)
	for i := range min(len(got), len(want)) {
		head, in, _ := strings.Cut(want[i], "…")
		ok = ok && strings.HasPrefix(got[i], head) && strings.Contains(got[i], in)
		ok = ok && (strings.Contains(want[i], "…") || got[i] == want[i])
	}
	if !ok {
		t.Errorf("got\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

func TestSync(t *testing.T) {
	p, s := newPublisher(t), newSyncTest(t)
	a, b := p.list("aa-one", "/a"), p.list("bb-two", "/b")
	p.set("/a", plainList("aa-one", "2026-11-19", 10))
	p.set("/b", plainList("bb-two", "2026-11-18", 5))
	want(t, s.sync(a, b), "aa-one added", "bb-two added")
	want(t, p.asks(), "/a", "/b")
	want(t, s.versions(), "aa-one 2026-11-19 10", "bb-two 2026-11-18 5")

	// Nothing has changed, and nobody sends it twice.
	want(t, s.sync(a, b), "aa-one unchanged", "bb-two unchanged")
	want(t, s.sync(a, b), "aa-one unchanged", "bb-two unchanged")
	want(t, p.asks(), "/a if", "/a if", "/b if", "/b if")

	p.set("/b", plainList("bb-two", "2026-11-21", 6))
	want(t, s.sync(a, b), "aa-one unchanged", "bb-two added")
	want(t, s.versions(), "aa-one 2026-11-19 10", "bb-two 2026-11-18 5", "bb-two 2026-11-21 6")
	want(t, p.asks(), "/a if", "/b if")

	// Asked for in full it is imported again, and changes nothing.
	s.opt.Full = true
	s.opt.Done = func(o SyncOutcome) {
		if len(o.Versions) != 1 || o.Bytes == 0 {
			t.Errorf("it was not imported: %+v", o)
		}
	}
	want(t, s.sync(a), "aa-one unchanged")
	want(t, p.asks(), "/a")
	all := slices.DeleteFunc(s.attempts(), func(a store.Attempt) bool { return a.List != "aa-one" })
	last := all[len(all)-1]
	if last.Source != p.URL+"/a?…" || last.ETag == "" || last.LastModified == "" || last.SHA256 == [32]byte{} || last.Outcome != store.Unchanged {
		t.Errorf("attempt %+v", last)
	}
}

// TestSyncFailures: one failing publisher never stops the others, and what is refused
// leaves the old version in force and is refused again.
func TestSyncFailures(t *testing.T) {
	p, s := newPublisher(t), newSyncTest(t)
	good, bad := p.list("aa-good", "/good"), p.list("bb-bad", "/bad")
	p.set("/good", plainList("aa-good", "2026-11-01", 10))
	p.set("/bad", plainList("bb-bad", "2026-11-01", 10))
	want(t, s.sync(bad, good), "bb-bad added", "aa-good added")
	p.asks()

	whole := plainList("bb-bad", "2026-11-02", 10)
	for _, c := range []struct{ name, doc, outcome string }{
		{"empty", "", "bb-bad refused…the file is empty"},
		{"web page", "<!DOCTYPE html><html><body>Access denied", "bb-bad refused…web page"},
		{"cut short", whole[:len(whole)-4], "bb-bad refused…cut short"},
		{"shrunk", plainList("bb-bad", "2026-11-02", 7), "bb-bad refused…7 parties"},
		{"no entries", plainList("bb-bad", "2026-11-02", 0), "bb-bad refused…no entry"},
		{"another list", plainList("aa-good", "2026-11-02", 10), "bb-bad refused…it is the list aa-good"},
		{"no list", "name,address\n", "bb-bad refused…no list that is known"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p.set("/bad", c.doc)
			want(t, s.sync(bad, good), c.outcome, "aa-good unchanged")
			want(t, s.sync(bad, good), c.outcome, "aa-good unchanged") // and not "not changed"
			want(t, s.versions(), "aa-good 2026-11-01 10", "bb-bad 2026-11-01 10")
		})
	}
	for _, c := range []struct {
		name, outcome string
		odd           http.HandlerFunc
	}{
		{"gone", "bb-bad failed…404 Not Found", func(w http.ResponseWriter, r *http.Request) { http.NotFound(w, r) }},
		{"down", "bb-bad failed…503 Service Unavailable: unavailable (after 5 tries)", func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(503) }},
		{"half", "bb-bad failed…cut short: 8 of 100 bytes", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "100")
			io.WriteString(w, "LIST bb-")
		}},
		{"too long", "bb-bad failed…more than the 1000 allowed", func(w http.ResponseWriter, r *http.Request) { w.Write(make([]byte, 2000)) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			p.mu.Lock()
			p.odd["/bad"] = c.odd
			p.mu.Unlock()
			s.opt.MaxBytes = 1000
			want(t, s.sync(bad, good), c.outcome, "aa-good unchanged")
			want(t, s.versions(), "aa-good 2026-11-01 10", "bb-bad 2026-11-01 10")
			last := s.attempts()[len(s.attempts())-1]
			for _, a := range s.attempts() {
				if a.List == "bb-bad" {
					last = a
				}
			}
			if last.Outcome != store.Failed || last.Reason == "" || last.Source != p.URL+"/bad?…" {
				t.Errorf("attempt %+v", last)
			}
		})
	}
	// Back to normal: the marks of what was taken last still hold.
	delete(p.odd, "/bad")
	p.set("/bad", plainList("bb-bad", "2026-11-01", 10))
	p.asks()
	want(t, s.sync(bad), "bb-bad unchanged")
	want(t, p.asks(), "/bad if")
	// What was refused can be taken by force.
	p.set("/bad", plainList("bb-bad", "2026-11-02", 7))
	s.opt.Force = true
	want(t, s.sync(bad), "bb-bad added")
	s.opt.Force = false
	want(t, s.sync(bad), "bb-bad unchanged")
	if err := s.st.Check(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestSyncSeveralFiles(t *testing.T) {
	p, s := newPublisher(t), newSyncTest(t)
	l := p.list("aa-set", "/main", "/part")
	p.set("/main", "MAIN aa-set 2026-11-01\na\nb\nEND\n")
	p.set("/part", "PART aa-set\nc\nEND\n")
	want(t, s.sync(l), "aa-set added")
	want(t, p.asks(), "/main", "/main if", "/part") // the first is asked again at the end: still the same?
	want(t, s.sync(l), "aa-set unchanged")
	want(t, p.asks(), "/main if", "/part if")

	// One changes: both come, so that what is imported is one version.
	p.set("/part", "PART aa-set\nc\nd\nEND\n")
	want(t, s.sync(l), "aa-set added")
	want(t, p.asks(), "/main", "/main if", "/main if", "/part", "/part if")
	want(t, s.versions(), "aa-set 2026-11-01 3", "aa-set 2026-11-01 4")
	want(t, s.sync(l), "aa-set unchanged")
	p.asks()

	// The publisher changes the first between the first and the second.
	p.set("/main", "MAIN aa-set 2026-11-02\na\nb\nEND\n")
	p.set("/next", "PART aa-set\nc\nd\ne\nEND\n")
	p.odd["/part"] = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.set("/main", "MAIN aa-set 2026-11-03\na\nb\nx\nEND\n")
		io.WriteString(w, p.docs["/next"])
	})
	want(t, s.sync(l), "aa-set added")
	want(t, s.versions(), "aa-set 2026-11-01 3", "aa-set 2026-11-01 4", "aa-set 2026-11-03 6")
	n := 0
	p.odd["/part"] = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n++
		p.set("/main", fmt.Sprintf("MAIN aa-set 2026-11-04\na\nb\n%d\nEND\n", n))
		io.WriteString(w, p.docs["/next"])
	})
	want(t, s.sync(l), "aa-set failed…changed its files while they were downloaded, twice")
	if n != 3 { // once to see that it has changed, and twice in full
		t.Errorf("asked %d times", n)
	}
	// One of them is gone.
	p.odd["/part"] = http.NotFoundHandler()
	want(t, s.sync(l), "aa-set failed…404")
	if v := s.versions(); len(v) != 3 {
		t.Errorf("versions %q", v)
	}
}

// TestSyncUndated: a list whose text has no date is published on the day when the
// server says that it changed, and the same bytes on another day are the same version.
func TestSyncUndated(t *testing.T) {
	p, s := newPublisher(t), newSyncTest(t)
	text := "LIST aa-one\na\nb\nEND\n"
	p.set("/dated", text)
	want(t, s.sync(p.list("aa-one", "/dated")), "aa-one added")
	want(t, s.versions(), "aa-one 2026-11-20 2")

	s = newSyncTest(t)
	p.odd["/bare"] = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, text) })
	want(t, s.sync(p.list("aa-one", "/bare")), "aa-one added")
	s.now = s.now.AddDate(0, 0, 5)
	want(t, s.sync(p.list("aa-one", "/bare")), "aa-one unchanged")
	want(t, s.versions(), "aa-one 2026-11-22 2")
	p.odd["/mirror"] = p.odd["/bare"]
	want(t, s.sync(p.list("aa-one", "/mirror")), "aa-one unchanged")
	before := text
	text = "LIST aa-one\na\nb\nc\nEND\n"
	want(t, s.sync(p.list("aa-one", "/bare")), "aa-one added")
	want(t, s.versions(), "aa-one 2026-11-22 2", "aa-one 2026-11-27 3")
	text = before // what came back is new again
	s.now = s.now.AddDate(0, 0, 1)
	s.opt.Force = true
	want(t, s.sync(p.list("aa-one", "/mirror")), "aa-one unchanged") // which that address had all the time, as far as we know
	want(t, s.sync(p.list("aa-one", "/third")), "aa-one failed…404")
	want(t, s.sync(p.list("aa-one", "/bare")), "aa-one added")
	want(t, s.versions(), "aa-one 2026-11-22 2", "aa-one 2026-11-27 3", "aa-one 2026-11-28 2")
}

// TestSyncRedirects: the marks of what a redirect led to are shown there the next time,
// and not to what it leads to after that.
func TestSyncRedirects(t *testing.T) {
	p, s := newPublisher(t), newSyncTest(t)
	to := "/store/1"
	p.odd["/latest"] = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, to+"?signature=secret", http.StatusFound)
	})
	l := p.list("aa-one", "/latest")
	p.set("/store/1", plainList("aa-one", "2026-11-01", 3))
	p.set("/store/2", plainList("aa-one", "2026-11-02", 3, "more"))
	want(t, s.sync(l), "aa-one added")
	want(t, s.sync(l), "aa-one unchanged")
	want(t, p.asks(), "/latest", "/latest", "/store/1", "/store/1 if")
	to = "/store/2"
	want(t, s.sync(l), "aa-one added")
	want(t, s.sync(l), "aa-one unchanged")
	want(t, p.asks(), "/latest", "/latest", "/store/2", "/store/2 if")
	to = "/store/1" // it comes back to what it was, and then to what that is not
	want(t, s.sync(l), "aa-one unchanged")
	want(t, s.sync(l), "aa-one unchanged")
	want(t, p.asks(), "/latest", "/latest", "/store/1", "/store/1 if")
	if a := s.attempts()[0]; a.Source != p.URL+"/latest?… -> "+p.URL+"/store/1?…" {
		t.Errorf("source %s", a.Source)
	}
}

// TestSyncSweeps: what a killed process left goes after a day.
func TestSyncSweeps(t *testing.T) {
	dir, now := t.TempDir(), time.Now()
	for name, age := range map[string]time.Duration{"fundtrail-sync-old": 25 * time.Hour, "fundtrail-sync-new": time.Hour, "other": 1000 * time.Hour} {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.Mkdir(path, 0o700), os.WriteFile(filepath.Join(path, "fetch-1.part"), nil, 0o600), os.Chtimes(path, now, now.Add(-age))); err != nil {
			t.Fatal(err)
		}
	}
	s := newSyncTest(t)
	if _, err := Sync(t.Context(), s.st, &fetch.Client{}, nil, SyncOptions{Dir: dir}); err != nil {
		t.Fatal(err)
	}
	var left []string
	entries, _ := os.ReadDir(dir)
	for _, e := range entries {
		left = append(left, e.Name())
	}
	want(t, left, "fundtrail-sync-new", "other")
}

func TestSyncSkips(t *testing.T) {
	p, s := newPublisher(t), newSyncTest(t)
	l := p.list("aa-one", "/a")
	l.Skip = "it needs a token"
	want(t, s.sync(l, Publication{List: "bb-two"}), "aa-one skipped: it needs a token", "bb-two failed…no address")
	want(t, p.asks())
}

// TestSyncForgotten: marks of what the store no longer has are not shown.
func TestSyncForgotten(t *testing.T) {
	p, s := newPublisher(t), newSyncTest(t)
	l := p.list("aa-one", "/a")
	p.set("/a", plainList("aa-one", "2026-10-01", 2))
	want(t, s.sync(p.list("aa-one", "/a")), "aa-one added")
	p.set("/a", plainList("aa-one", "2026-11-01", 3))
	p.asks()
	err := s.st.AddAttempt(t.Context(), store.Attempt{
		List: "aa-one", Source: p.URL + "/a?…", Outcome: store.Added, Time: s.now.Add(time.Minute),
		SHA256: sha256.Sum256([]byte(p.docs["/a"])), ETag: fmt.Sprintf(`"%x"`, sha256.Sum256([]byte(p.docs["/a"]))),
	})
	if err != nil {
		t.Fatal(err)
	}
	want(t, s.sync(l), "aa-one added")
	want(t, p.asks(), "/a")
}

// TestSyncStopped: what was under way when the caller stops leaves nothing, not even
// an attempt.
func TestSyncStopped(t *testing.T) {
	p, s := newPublisher(t), newSyncTest(t)
	ctx, cancel := context.WithCancel(t.Context())
	p.odd["/slow"] = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "LIST bb-slow")
		w.(http.Flusher).Flush()
		cancel()
		<-r.Context().Done()
	})
	dir := t.TempDir()
	out, err := Sync(ctx, s.st, &fetch.Client{}, []Publication{p.list("bb-slow", "/slow")}, SyncOptions{forms: plainForms(), Dir: dir})
	if !errors.Is(err, context.Canceled) || out[0].Outcome != store.Failed || !errors.Is(out[0].Err, context.Canceled) {
		t.Errorf("%+v, %v", out, err)
	}
	if a := s.attempts(); len(a) > 0 {
		t.Errorf("attempts %+v", a)
	}
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	// A list that takes too long is another thing: it failed.
	s.opt.Timeout = 50 * time.Millisecond
	want(t, s.sync(p.list("bb-slow", "/slow")), "bb-slow failed…not done in the time allowed")
	if a := s.attempts(); len(a) != 1 {
		t.Errorf("attempts %+v", a)
	}
}

// TestSyncAtOnce: many lists of one publisher, and the callbacks come one at a time.
func TestSyncAtOnce(t *testing.T) {
	p, s := newPublisher(t), newSyncTest(t)
	var lists []Publication
	var names []string
	for i := range 30 {
		id := fmt.Sprintf("xx-%02d", i)
		p.set("/"+id, plainList(id, "2026-11-01", i+1))
		lists = append(lists, p.list(id, "/"+id))
		names = append(names, id+" added")
	}
	done, bytes := 0, int64(0)
	s.opt.Done = func(o SyncOutcome) { done++; bytes += o.Bytes }
	s.opt.Progress = func(list, file string, n, total int64) { done += 0 }
	want(t, s.sync(lists...), names...)
	if len(s.versions()) != 30 || done != 30 || bytes == 0 {
		t.Errorf("%d versions, %d done, %d bytes", len(s.versions()), done, bytes)
	}
}

func TestDated(t *testing.T) {
	day := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	for in, want := range map[string]string{
		"SDN.CSV":            "SDN_2026-11-22.CSV",
		"dpl.txt.gz":         "dpl_2026-11-22.txt.gz",
		"list":               "list_2026-11-22",
		"list_20261101.txt":  "list_20261101.txt",
		"SDN_COMMENTS.CSV":   "SDN_COMMENTS_2026-11-22.CSV",
		"a.b.2026-11-01.csv": "a.b.2026-11-01.csv",
	} {
		if got := dated(in, day); got != want {
			t.Errorf("dated(%q) = %q, want %q", in, got, want)
		}
	}
}
