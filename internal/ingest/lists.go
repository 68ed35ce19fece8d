package ingest

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/feed"
	"github.com/fundtrail/fundtrail/internal/store"
)

// ListOptions say how to import sanctions lists.
type ListOptions struct {
	// Published is the list's clock. Default: what the file's text says, else a date in
	// its name.
	Published time.Time
	// Received is our clock. Default: Now.
	Received time.Time
	Now      func() time.Time // default time.Now
	// MaxShrink is the share, of 0 to 1, by which a version may have fewer parties or
	// wallets than the one before it. Default 0.2; negative: it may not have fewer.
	MaxShrink float64
	// Force accepts what would be refused as doubtful: what shrank, what has another
	// number of entries than it says, what was published after it was received. It does
	// not accept what cannot be read.
	Force bool
	// MaxBytes is the most that a file may have, as stored and as unpacked. Default 1 GiB.
	MaxBytes int64

	// Found names inputs that were found in a folder and not named. What of them has the
	// form of no list is ignored, as it is in an archive that holds a list.
	Found map[string]bool

	// Of a download: the list it must be, where it is from and what its answer said,
	// for the log of attempts. Default: any list, the files' names, nothing.
	List, Source, ETag, LastModified string

	// Done, when set, is told of each outcome as it is known.
	Done func(ListOutcome)

	forms *listForms // default: those of feed
}

// A ListOutcome is what became of one version of a list: of a file, or of files that
// belong together.
type ListOutcome struct {
	Files   []string // as they were named; "archive.zip/member" of an archive's
	Version fundtrail.ListVersion
	Outcome store.Outcome
	Err     error    // why it was refused or failed
	Forced  []string // doubts that Force overruled
	Notes   []string // what else there is to know
	// What of the files is not in the parties.
	Rejected []feed.Rejected
	Unread   []feed.Count
}

// Ignored is the outcome of a file that has the form of no list, and that nobody said
// is one. It is not in the log of attempts.
const Ignored store.Outcome = "ignored"

// listForms are the forms of lists that are known.
type listForms struct {
	detect func(head []byte, name string) (feed.Format, bool)
	parse  func(feed.Format, io.Reader) (*feed.List, error)
	sets   []listSet
}

var feedForms = listForms{detect: feed.DetectList, parse: feed.ParseList, sets: feedSets}

// Lists imports versions of lists into a store: one from each file or archive's member,
// or from several files that belong together. What is refused or fails is in its
// outcome and in the store's log of attempts, and keeps nothing else from being
// imported; the version before it stays in force. The error is about the store or the
// options alone. The outcomes stand in the order in which they were reached.
func Lists(ctx context.Context, st *store.Store, in []Input, opt ListOptions) ([]ListOutcome, error) {
	l := &listImport{st: st, opt: opt, forms: opt.forms}
	if l.forms == nil {
		l.forms = &feedForms
	}
	if l.opt.Now == nil {
		l.opt.Now = time.Now
	}
	l.opt.MaxBytes = cmp.Or(opt.MaxBytes, 1<<30)
	l.opt.MaxShrink = max(0, cmp.Or(opt.MaxShrink, 0.2))
	now := l.opt.Now().UTC()
	l.now = now
	l.opt.Received = opt.Received.UTC()
	if opt.Received.IsZero() {
		l.opt.Received = now
	} else if opt.Received.After(now.Add(day)) {
		return nil, fmt.Errorf("received on %s, which is still to come: %w", opt.Received.UTC().Format(time.DateOnly), fundtrail.ErrInvalid)
	}
	groups, err := l.group(l.leaves(ctx, in))
	if err != nil {
		return nil, err
	}
	if l.kept, err = st.Versions(ctx); err != nil {
		return nil, err
	}
	var out []ListOutcome
	for _, g := range groups {
		o := l.one(ctx, g)
		if err := ctx.Err(); err != nil {
			return out, err
		}
		if o.Outcome != Ignored {
			if err := l.record(ctx, &o); err != nil {
				return out, err
			}
		}
		out = append(out, o)
		if l.opt.Done != nil {
			l.opt.Done(o)
		}
		// A full or broken store refuses the others too.
		if o.Outcome == store.Failed && l.broken != nil {
			return out, l.broken
		}
	}
	return out, nil
}

const day = 24 * time.Hour

// A listImport is one call of Lists.
type listImport struct {
	st     *store.Store
	opt    ListOptions
	forms  *listForms
	kept   []fundtrail.ListVersion // in the store
	broken error                   // the store's error
	now    time.Time               // when the call began: what the log of attempts has of all of it
}

// one imports one group.
func (l *listImport) one(ctx context.Context, g *listGroup) (o ListOutcome) {
	for _, f := range g.files {
		o.Files = append(o.Files, f.name)
	}
	o.Version.Received = l.opt.Received.Truncate(time.Second)
	o.Version.List, o.Version.Format = l.opt.List, string(g.format)
	refuse := func(err error) ListOutcome {
		o.Outcome, o.Err = store.Refused, err
		if !errors.Is(err, fundtrail.ErrInvalid) && !errors.Is(err, fundtrail.ErrLimit) {
			o.Outcome = store.Failed
		}
		return o
	}
	if g.ignore {
		o.Outcome, o.Notes = Ignored, []string{g.err.Error()}
		return o
	}
	if g.err != nil {
		return refuse(g.err)
	}
	files := make([]store.File, len(g.files))
	for i, f := range g.files {
		raw, err := f.read(ctx, l.opt.MaxBytes)
		if err != nil {
			return refuse(err)
		}
		files[i] = store.File{Name: f.base, Bytes: raw}
	}
	o.Version.SHA256 = store.Digest(files)
	list, err := l.parse(ctx, g, files)
	if err != nil {
		return refuse(err)
	}
	o.Rejected, o.Unread = list.Rejected, list.Unread
	o.Version.List, o.Version.Covers = list.List, list.Covers
	o.Version.Parties = len(list.Parties)
	for i := range list.Parties {
		o.Version.Wallets += len(list.Parties[i].Wallets)
	}
	if l.opt.List != "" && list.List != l.opt.List {
		o.Version.List = l.opt.List
		return refuse(fmt.Errorf("it is the list %s, and %s was expected: %w", list.List, l.opt.List, fundtrail.ErrInvalid))
	}
	if len(list.Parties) == 0 {
		return refuse(fmt.Errorf("it holds no entry: an empty list is never in force: %w", fundtrail.ErrInvalid))
	}
	if o.Version.Published, err = l.published(list, g); err != nil {
		return refuse(err)
	}
	if doubts := l.doubts(ctx, &o, list, files); len(doubts) > 0 {
		if !l.opt.Force {
			return refuse(fmt.Errorf("%s; if that is right, import it again with --force: %w", strings.Join(doubts, "; "), fundtrail.ErrInvalid))
		}
		o.Forced = doubts
	}
	return l.keep(ctx, o, files, list)
}

// parse reads a group's files.
func (l *listImport) parse(ctx context.Context, g *listGroup, files []store.File) (*feed.List, error) {
	readers := map[feed.Format]io.Reader{}
	for i, f := range g.files {
		readers[f.format] = &interruptible{ctx, bytes.NewReader(files[i].Bytes)}
	}
	if g.set != nil {
		return g.set.parse(readers)
	}
	return l.forms.parse(g.format, readers[g.format])
}

// interruptible lets a long parse be stopped.
type interruptible struct {
	ctx context.Context
	r   io.Reader
}

func (i *interruptible) Read(p []byte) (int, error) {
	if err := i.ctx.Err(); err != nil {
		return 0, err
	}
	return i.r.Read(p)
}

// keep stores what is in order.
func (l *listImport) keep(ctx context.Context, o ListOutcome, files []store.File, list *feed.List) ListOutcome {
	note := func(format string, args ...any) { o.Notes = append(o.Notes, fmt.Sprintf(format, args...)) }
	others := 0
	for i := range l.kept {
		k, v := &l.kept[i], &o.Version
		if k.List != v.List || k.Format != v.Format || !k.Published.Equal(v.Published) {
			continue
		}
		if k.SHA256 != v.SHA256 {
			others++
		} else if k.Received.After(v.Received) {
			note("it had been noted as received on %s, and is now as received on %s", k.Received.Format(time.DateOnly), v.Received.Format(time.DateOnly))
		}
	}
	added, err := l.st.AddVersion(ctx, o.Version, files, list.Parties)
	switch {
	case err != nil:
		o.Outcome, o.Err = store.Failed, err
		l.broken = err
		return o
	case !added:
		o.Outcome = store.Unchanged
		return o
	}
	o.Outcome = store.Added
	if others > 0 {
		note("%d other version(s) of the same day and form are kept: their bytes differ", others)
	}
	// Again from the store: another process may be importing too.
	if l.kept, err = l.st.Versions(ctx); err != nil {
		o.Outcome, o.Err = store.Failed, err
		l.broken = err
	}
	return o
}

// record writes an outcome to the log of attempts.
func (l *listImport) record(ctx context.Context, o *ListOutcome) error {
	a := store.Attempt{
		List: o.Version.List, Source: cmp.Or(l.opt.Source, strings.Join(o.Files, " ")), Time: l.now,
		Outcome: o.Outcome, Reason: strings.Join(o.Forced, "; "), Forced: len(o.Forced) > 0 && o.Err == nil,
		SHA256: o.Version.SHA256, ETag: l.opt.ETag, LastModified: l.opt.LastModified,
	}
	if o.Err != nil {
		a.Reason = o.Err.Error()
	}
	err := l.st.AddAttempt(ctx, a)
	if l.broken != nil {
		return nil // which is what will be told
	}
	return err
}
