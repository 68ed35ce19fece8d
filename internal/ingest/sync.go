package ingest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/fetch"
	"github.com/fundtrail/fundtrail/internal/store"
)

// A Publication is where a publisher has a list.
type Publication struct {
	List      string
	Files     []Remote // that together are one version
	MaxShrink float64  // as in ListOptions
	Skip      string   // why it is not asked for; "" to ask
}

// A Remote is one file of a publication.
type Remote struct {
	Name   string // without folders
	URL    string
	Header http.Header // goes to the URL's own host alone
}

// SyncOptions say how to bring lists up to date.
type SyncOptions struct {
	Timeout time.Duration // for one list, retries and import among them; default 15 min
	Full    bool          // ask for everything, even if the publisher says it has not changed
	Force   bool          // as in ListOptions
	// MaxBytes is the most that a file may have; default the client's.
	MaxBytes int64
	Parallel int    // lists downloaded at a time; default 8
	Dir      string // for temporary files; default the system's
	Now      func() time.Time

	// Done is told of each list as it ends, Progress of bytes as they come (total is -1
	// where it is not known), Retrying of tries that failed. Each may be nil; they are
	// called from several goroutines, one at a time.
	Done     func(SyncOutcome)
	Progress func(list, file string, done, total int64)
	Retrying func(list string, err error)

	forms *listForms
}

// Skipped is the outcome of a list that was not asked for.
const Skipped store.Outcome = "skipped"

// A SyncOutcome is what became of one list.
type SyncOutcome struct {
	List     string
	Outcome  store.Outcome
	Err      error         // why it was refused, failed or skipped
	Bytes    int64         // that came
	Versions []ListOutcome // what the import said; none where nothing new came
}

// Sync asks publishers for their lists and imports what is new. Each list stands for
// itself: what fails or is refused is in its outcome and in the store's log, its old
// version stays in force, and the others go on. The outcomes stand in the order of the
// lists. The error is the context's, or the store's when its log cannot be read.
func Sync(ctx context.Context, st *store.Store, client *fetch.Client, lists []Publication, opt SyncOptions) ([]SyncOutcome, error) {
	s := &syncRun{st: st, client: client, opt: opt}
	if s.opt.Now == nil {
		s.opt.Now = time.Now
	}
	s.opt.Timeout = cmp.Or(opt.Timeout, 15*time.Minute)
	var err error
	if s.seen, err = st.Attempts(ctx); err != nil {
		return nil, err
	}
	if s.kept, err = st.Versions(ctx); err != nil {
		return nil, err
	}
	s.sweep()
	if s.dir, err = os.MkdirTemp(opt.Dir, tempPrefix+"*"); err != nil {
		return nil, fmt.Errorf("a folder for what is downloaded: %w", err)
	}
	defer os.RemoveAll(s.dir)
	out := make([]SyncOutcome, len(lists))
	room := make(chan struct{}, cmp.Or(opt.Parallel, 8))
	var all sync.WaitGroup
	for i := range lists {
		all.Go(func() {
			room <- struct{}{}
			defer func() { <-room }()
			out[i] = s.list(ctx, &lists[i])
			if opt.Done != nil && ctx.Err() == nil {
				s.tell.Lock()
				defer s.tell.Unlock()
				opt.Done(out[i])
			}
		})
	}
	all.Wait()
	return out, ctx.Err()
}

// tempPrefix begins the names of folders for what is under way.
const tempPrefix = "fundtrail-sync-"

// sweep removes what a killed process left a day ago or earlier.
func (s *syncRun) sweep() {
	left, _ := filepath.Glob(filepath.Join(cmp.Or(s.opt.Dir, os.TempDir()), tempPrefix+"*"))
	for _, name := range left {
		if info, err := os.Lstat(name); err == nil && info.IsDir() && s.opt.Now().Sub(info.ModTime()) > day {
			os.RemoveAll(name) // another user's stays, and is none of our business
		}
	}
}

// A syncRun is one call of Sync.
type syncRun struct {
	st     *store.Store
	client *fetch.Client
	opt    SyncOptions
	dir    string
	seen   []store.Attempt         // before this run
	kept   []fundtrail.ListVersion // before this run
	tell   sync.Mutex              // held while the caller is told something
	// importing is held by the one list that is being imported: a large one takes
	// memory, and the store takes one writer at a time anyway.
	importing sync.Mutex
}

// list brings one list up to date.
func (s *syncRun) list(ctx context.Context, p *Publication) (o SyncOutcome) {
	o.List = p.List
	if p.Skip != "" {
		o.Outcome, o.Err = Skipped, errors.New(p.Skip)
		return o
	}
	if len(p.Files) == 0 {
		o.Outcome, o.Err = store.Failed, fmt.Errorf("%s: no address to download it from: %w", p.List, fundtrail.ErrInvalid)
		return o
	}
	limited, cancel := context.WithTimeout(ctx, s.opt.Timeout)
	defer cancel()
	got, err := s.download(limited, p, &o)
	defer func() {
		for _, g := range got {
			if g.Path != "" {
				os.Remove(g.Path)
			}
		}
	}()
	switch {
	case ctx.Err() != nil:
		o.Outcome, o.Err = store.Failed, ctx.Err() // and no attempt: nobody is to blame
	case err != nil:
		o.Outcome, o.Err = store.Failed, err
		s.record(ctx, &o, store.Attempt{List: p.List, Source: s.joint(p, nil), Outcome: store.Failed, Reason: err.Error()})
	case s.same(p, got):
		o.Outcome = store.Unchanged
		for i := range p.Files {
			s.record(ctx, &o, s.answered(p, i, got[i], store.Unchanged))
		}
	default:
		s.importing.Lock()
		defer s.importing.Unlock()
		s.take(limited, ctx, p, got, &o)
	}
	return o
}

// download gets all files of a list. What has not changed has no path. Either none
// has changed, or all of them come: the parts of a version are never mixed with those
// of the one before.
func (s *syncRun) download(ctx context.Context, p *Publication, o *SyncOutcome) ([]*fetch.Result, error) {
	ask := !s.opt.Full
	for i := range p.Files {
		ask = ask && s.last(p, i) != nil
	}
	const rounds = 2 // the second when the publisher put out a new version during the first
	for round := 1; ; round++ {
		got, changed, err := s.round(ctx, p, o, ask)
		if err != nil || !changed {
			return got, err
		}
		if ask && slices.ContainsFunc(got, func(r *fetch.Result) bool { return r.Unchanged }) {
			ask = false
			s.discard(got)
			if got, _, err = s.round(ctx, p, o, false); err != nil {
				return got, err
			}
		}
		whole, err := s.whole(ctx, p, got)
		if err != nil || whole {
			return got, err
		}
		s.discard(got)
		if round == rounds {
			return nil, fmt.Errorf("%s: the publisher changed its files while they were downloaded, twice: %w", p.List, fundtrail.ErrUnavailable)
		}
		ask = false
	}
}

// round asks for each file once. ask says to leave out those that have not changed;
// changed tells whether any has.
func (s *syncRun) round(ctx context.Context, p *Publication, o *SyncOutcome, ask bool) (got []*fetch.Result, changed bool, err error) {
	for i := range p.Files {
		r, err := s.file(ctx, p, i, ask)
		if err != nil {
			return got, changed, err
		}
		got = append(got, r)
		o.Bytes += r.Size
		changed = changed || !r.Unchanged
	}
	return got, changed, nil
}

func (s *syncRun) file(ctx context.Context, p *Publication, i int, ask bool) (*fetch.Result, error) {
	f := &p.Files[i]
	req := fetch.Request{URL: f.URL, Header: f.Header, Dir: s.dir, MaxBytes: s.opt.MaxBytes}
	if ask {
		req.Have = marks(s.last(p, i))
	}
	if s.opt.Progress != nil {
		req.Progress = func(done, total int64) {
			s.tell.Lock()
			defer s.tell.Unlock()
			s.opt.Progress(p.List, f.Name, done, total)
		}
	}
	if s.opt.Retrying != nil {
		req.Retrying = func(_ int, err error) {
			s.tell.Lock()
			defer s.tell.Unlock()
			s.opt.Retrying(p.List, fmt.Errorf("%s: %w", fetch.Redact(f.URL), err))
		}
	}
	return s.client.Do(ctx, req)
}

// whole reports whether files that came one after the other are of one version, as far
// as the publisher's marks can tell: the first must still be what it was.
func (s *syncRun) whole(ctx context.Context, p *Publication, got []*fetch.Result) (bool, error) {
	first := got[0]
	if len(got) == 1 || first.ETag == "" && first.LastModified == "" {
		return true, nil
	}
	again, err := s.client.Do(ctx, fetch.Request{
		URL: p.Files[0].URL, Header: p.Files[0].Header, Dir: s.dir, MaxBytes: s.opt.MaxBytes,
		Have: fetch.Validators{URL: first.FinalURL, ETag: first.ETag, LastModified: first.LastModified},
	})
	if err != nil || again.Unchanged {
		return err == nil, err
	}
	os.Remove(again.Path)
	return again.SHA256 == first.SHA256, nil
}

func (s *syncRun) discard(got []*fetch.Result) {
	for _, g := range got {
		if g.Path != "" {
			os.Remove(g.Path)
		}
	}
}

// same reports whether what came is what the list's last version was made of.
func (s *syncRun) same(p *Publication, got []*fetch.Result) bool {
	for i, g := range got {
		last := s.last(p, i)
		switch {
		case g.Unchanged:
		case s.opt.Full:
			return false
		case last != nil && last.SHA256 == g.SHA256:
		case len(got) == 1 && s.newest(p.List, g.SHA256):
		default:
			return false
		}
	}
	return true
}

// newest reports whether the newest version of its form that the store has of a list is
// the one with a digest. It may have come from another address, or from a file.
func (s *syncRun) newest(list string, digest [32]byte) bool {
	at := -1
	for i, v := range s.kept { // they are in order of publication, then of receipt
		if v.List == list && v.SHA256 == digest {
			at = i
		}
	}
	return at >= 0 && !slices.ContainsFunc(s.kept[at+1:], func(v fundtrail.ListVersion) bool {
		return v.List == list && v.Format == s.kept[at].Format
	})
}

// take imports what came.
func (s *syncRun) take(limited, ctx context.Context, p *Publication, got []*fetch.Result, o *SyncOutcome) {
	in := make([]Input, len(got))
	day := s.dayOf(got)
	for i, g := range got {
		in[i] = Input{dated(p.Files[i].Name, day), func() (io.ReadCloser, error) { return os.Open(g.Path) }}
	}
	opt := ListOptions{
		Received: got[0].Retrieved, Now: s.opt.Now, MaxShrink: p.MaxShrink, Force: s.opt.Force,
		List: p.List, Source: s.joint(p, got), forms: s.opt.forms,
	}
	if len(got) == 1 {
		opt.ETag, opt.LastModified = got[0].ETag, got[0].LastModified
	}
	versions, err := Lists(limited, s.st, in, opt)
	o.Versions = versions
	switch {
	case ctx.Err() != nil:
		o.Outcome, o.Err = store.Failed, ctx.Err()
		return
	case err != nil:
		o.Outcome, o.Err = store.Failed, err
		return
	}
	o.Outcome = store.Unchanged
	for _, v := range versions {
		if v.Err != nil {
			o.Outcome, o.Err = v.Outcome, v.Err
			return
		}
		if v.Outcome == store.Added {
			o.Outcome = store.Added
		}
	}
	if len(got) > 1 {
		for i, g := range got {
			s.record(ctx, o, s.answered(p, i, g, o.Outcome))
		}
	}
}

// record writes an attempt to the log. That it cannot be written is no secret.
func (s *syncRun) record(ctx context.Context, o *SyncOutcome, a store.Attempt) {
	a.Time = s.opt.Now()
	if err := s.st.AddAttempt(ctx, a); err != nil {
		o.Outcome, o.Err = store.Failed, errors.Join(o.Err, err)
	}
}

// answered is the attempt of one file that came, or did not need to.
func (s *syncRun) answered(p *Publication, i int, r *fetch.Result, outcome store.Outcome) store.Attempt {
	a := store.Attempt{List: p.List, Source: source(p, i, r), Outcome: outcome, SHA256: r.SHA256, ETag: r.ETag, LastModified: r.LastModified}
	if last := s.last(p, i); r.Unchanged && last != nil {
		a.SHA256 = last.SHA256
	}
	return a
}

// arrow stands in an attempt's source between what was asked for and where it led.
const arrow = " -> "

// source names a file in the log of attempts, without what is secret. Two files of one
// list may differ in a secret's place alone; their names then tell them apart.
func source(p *Publication, i int, r *fetch.Result) string {
	text := fetch.Redact(p.Files[i].URL)
	for j := range p.Files {
		if j != i && fetch.Redact(p.Files[j].URL) == text {
			text += " (" + p.Files[i].Name + ")"
			break
		}
	}
	if r != nil && r.FinalURL != fetch.Redact(p.Files[i].URL) {
		text += arrow + r.FinalURL
	}
	return text
}

// joint names all files of a list in the log of attempts.
func (s *syncRun) joint(p *Publication, got []*fetch.Result) string {
	if len(got) == 1 {
		return source(p, 0, got[0])
	}
	text := source(p, 0, nil)
	if n := len(p.Files) - 1; n > 0 {
		text += fmt.Sprintf(" and %d more", n)
	}
	return text
}

// last returns the newest attempt at a file whose bytes were taken, while the store
// still has a version that they can have become; nil when there is none.
func (s *syncRun) last(p *Publication, i int) (best *store.Attempt) {
	asked := source(p, i, nil)
	for j := range s.seen {
		a := &s.seen[j]
		from, _, _ := strings.Cut(a.Source, arrow)
		taken := a.Outcome == store.Added || a.Outcome == store.Unchanged
		if a.List == p.List && from == asked && taken && (best == nil || !a.Time.Before(best.Time)) {
			best = a
		}
	}
	if best == nil || slices.ContainsFunc(s.kept, func(v fundtrail.ListVersion) bool {
		return v.List == p.List && (len(p.Files) > 1 || v.SHA256 == best.SHA256)
	}) {
		return best
	}
	return nil
}

// marks are what a publisher's server said of the file that an attempt took.
func marks(a *store.Attempt) fetch.Validators {
	from, to, led := strings.Cut(a.Source, arrow)
	if !led {
		to, _, _ = strings.Cut(from, " (")
	}
	return fetch.Validators{URL: to, ETag: a.ETag, LastModified: a.LastModified}
}

// dayOf is when files were published, for those whose text does not tell: on the day
// when the server says that the newest of them was changed, else on the day when they
// came, at the latest.
func (s *syncRun) dayOf(got []*fetch.Result) time.Time {
	var newest time.Time
	for _, g := range got {
		if t, err := http.ParseTime(g.LastModified); err == nil && t.After(newest) {
			newest = t
		}
	}
	if newest.IsZero() || newest.After(got[0].Retrieved) {
		return got[0].Retrieved
	}
	return newest.UTC()
}

// dated puts a day into a file's name, where the import looks last.
func dated(name string, day time.Time) string {
	stem, ending, _ := strings.Cut(name, ".")
	if ending != "" {
		ending = "." + ending
	}
	if len(datesIn(name)) > 0 {
		return name
	}
	return stem + "_" + day.Format(time.DateOnly) + ending
}
