package screen

import (
	"context"
	"fmt"
	"io"
	"math"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/fundtrail/fundtrail"
)

// RescreenSchema names the version of a [Change]'s JSON.
const RescreenSchema = "fundtrail.rescreen/1"

// At asks an index about a day and by what was known on one, whatever the question says.
// Zero times mean what they mean in a [Question].
func At(x Asker, asOf, known time.Time) Asker { return at{x, asOf, known} }

type at struct {
	x           Asker
	asOf, known time.Time
}

func (a at) Ask(q Question) Answer {
	q.AsOf, q.Known = a.asOf, a.known
	return a.x.Ask(q)
}

// A Change is one difference for one customer between two states of the lists.
type Change struct {
	Line     int
	ID       string
	Question Question
	Read     string
	What     ChangeKind
	// Related marks a designation that is worth a look and does not count as a match.
	Related bool
	// Before and After are the match in either state. Of one that is gone, After is the
	// past designation, or the one that no longer counts as a match, where the newer state
	// still tells of it.
	Before, After *Match
	Fields        []FieldChange // of a changed one: what left and what came
	Verdicts      [2]Verdict    // before and after; the first is "" when there was no before
	Reason        string        // of the verdict after, where it has one
}

// A ChangeKind is what changed.
type ChangeKind string

const (
	NewMatch     ChangeKind = "new"
	GoneMatch    ChangeKind = "gone"
	ChangedMatch ChangeKind = "changed" // the same designation, in other words or dates
	// ChangedVerdict is one that no match explains: the lists cover the day now, or no
	// longer do.
	ChangedVerdict ChangeKind = "verdict"
)

// A RescreenSummary counts what was met.
type RescreenSummary struct {
	Rows      int // that were read
	Questions int
	Bad       int // rows and cells that were not screened

	New, Gone, Changed, Verdicts int // changes, by what changed
	Related                      int // how many of those are of what does not count as a match

	Matched, Clear, Unknown int // questions, by the verdict after
}

// RescreenOptions say how a book is screened.
type RescreenOptions struct {
	Threshold float64 // of names, as in Question
	// Limit is the most matches of a name. Default 100: one that a better match pushes
	// out of a shorter list would seem to be gone.
	Limit   int
	Workers int // default: one a processor
	// Bad is told of every row and cell that was not screened, in the book's order. Its
	// error ends the screening.
	Bad func(BadRow) error
}

// Rescreen screens a book of customers against two states of the lists, and tells change
// of every difference, in the book's order. Before may be nil: then every match is new.
// Labels of the community are not compared, nor is which version of a list answered.
func Rescreen(ctx context.Context, book io.Reader, before, after Asker, change func(Change) error, opt RescreenOptions) (RescreenSummary, error) {
	var sum RescreenSummary
	rows, err := NewBookReader(book)
	if err != nil {
		return sum, err
	}
	if opt.Limit == 0 {
		opt.Limit = 100
	}
	if opt.Workers <= 0 {
		opt.Workers = runtime.GOMAXPROCS(0)
	}
	chunk := make([]bookWork, 0, 64*opt.Workers)
	for end := false; !end; {
		chunk = chunk[:0]
		var failed error
		for len(chunk) < cap(chunk) {
			row, bad, err := rows.Next()
			if end = err != nil; end {
				if err != io.EOF {
					failed = err
				}
				break
			}
			sum.Rows++
			chunk = append(chunk, bookWork{row: row, bad: bad})
		}
		if err := screenChunk(ctx, chunk, before, after, &opt); err != nil {
			return sum, fmt.Errorf("screen a book: %w", err)
		}
		for i := range chunk {
			if err := chunk[i].report(&sum, change, opt.Bad); err != nil {
				return sum, err
			}
		}
		if failed != nil {
			return sum, failed
		}
	}
	return sum, nil
}

// A bookWork is one row and what came of it.
type bookWork struct {
	row     BookRow
	bad     *BadRow
	invalid []BadRow
	changes []Change
	after   []Verdict
}

// screenChunk screens rows side by side.
func screenChunk(ctx context.Context, chunk []bookWork, before, after Asker, opt *RescreenOptions) error {
	var next atomic.Int64
	var workers sync.WaitGroup
	for range min(opt.Workers, len(chunk)) {
		workers.Go(func() {
			for ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= len(chunk) {
					return
				}
				chunk[i].screen(before, after, opt)
			}
		})
	}
	workers.Wait()
	return ctx.Err()
}

func (w *bookWork) screen(before, after Asker, opt *RescreenOptions) {
	if w.bad != nil {
		return
	}
	for _, q := range w.row.Questions {
		q.Threshold, q.Limit = opt.Threshold, opt.Limit
		now := after.Ask(q)
		w.after = append(w.after, now.Verdict)
		if now.Verdict == Invalid {
			w.invalid = append(w.invalid, BadRow{Line: w.row.Line, ID: bounded(w.row.ID, 100), Column: columnOf(q.Kind), Text: bounded(q.Text, 200),
				Err: fmt.Errorf("%s: %w", bounded(now.Reason, maxText), fundtrail.ErrInvalid)})
		}
		var was Answer
		if before != nil {
			was = before.Ask(q)
		}
		for _, c := range compareAnswers(&was, &now) {
			c.Line, c.ID, c.Question, c.Read = w.row.Line, w.row.ID, q, now.Read
			w.changes = append(w.changes, c)
		}
	}
}

func columnOf(k Kind) string {
	if k == AnAddress || k == AName {
		return string(k)
	}
	return "text"
}

func (w *bookWork) report(sum *RescreenSummary, change func(Change) error, bad func(BadRow) error) error {
	set := w.invalid
	if w.bad != nil {
		set = []BadRow{*w.bad}
	}
	for _, r := range set {
		sum.Bad++
		if bad != nil {
			if err := bad(r); err != nil {
				return err
			}
		}
	}
	for _, v := range w.after {
		sum.Questions++
		switch v {
		case Matched:
			sum.Matched++
		case Clear:
			sum.Clear++
		case Unknown:
			sum.Unknown++
		}
	}
	for _, c := range w.changes {
		switch c.What {
		case NewMatch:
			sum.New++
		case GoneMatch:
			sum.Gone++
		case ChangedMatch:
			sum.Changed++
		case ChangedVerdict:
			sum.Verdicts++
		}
		if c.Related {
			sum.Related++
		}
		if err := change(c); err != nil {
			return err
		}
	}
	return nil
}

// A touched is all matches of one answer with one designation.
type touched struct {
	list, uid, other string
	matches          []*Match
}

// byDesignation groups matches by the entry of the list, in the order of the first of
// each. An entry without a UID is told by what matched.
func byDesignation(matches []Match) []touched {
	var out []touched
	for i := range matches {
		m := &matches[i]
		if m.Designation == nil {
			continue
		}
		t := touched{list: m.Designation.List, uid: m.Designation.Party.UID}
		if t.uid == "" {
			t.other = m.Wallet + "\x00" + m.Name
		}
		k := slices.IndexFunc(out, t.same)
		if k < 0 {
			k = len(out)
			out = append(out, t)
		}
		out[k].matches = append(out[k].matches, m)
	}
	return out
}

func (t touched) same(u touched) bool {
	return t.list == u.list && t.uid == u.uid && t.other == u.other
}

// compareAnswers lists what changed from one answer to the other. The first is the zero
// Answer when there was none.
func compareAnswers(was, now *Answer) []Change {
	m, n := byDesignation(was.Matches), byDesignation(now.Matches)
	out := compareTouched(m, n, slices.Concat(byDesignation(now.Past), byDesignation(now.Related)), nil, nil)
	explained := len(out) > 0
	r, s := byDesignation(was.Related), byDesignation(now.Related)
	for _, c := range compareTouched(r, s, nil, m, n) {
		c.Related = true
		out = append(out, c)
	}
	if was.Verdict != "" && was.Verdict != now.Verdict && !explained {
		out = append(out, Change{What: ChangedVerdict})
	}
	for i := range out {
		out[i].Verdicts = [2]Verdict{was.Verdict, now.Verdict}
		out[i].Reason = now.Reason
	}
	return out
}

// compareTouched compares two sides. Elsewhere is where one that is gone may be found.
// What counted or counts as a match is left out where it is only looked at.
func compareTouched(was, now, elsewhere, matchedWas, matchedNow []touched) []Change {
	var out []Change
	for _, t := range now {
		k := slices.IndexFunc(was, t.same)
		switch {
		case k >= 0:
			if fields := t.changed(&was[k]); len(fields) > 0 {
				out = append(out, Change{What: ChangedMatch, Before: was[k].matches[0], After: t.matches[0], Fields: fields})
			}
		case !slices.ContainsFunc(matchedWas, t.same):
			out = append(out, Change{What: NewMatch, After: t.matches[0]})
		}
	}
	for _, t := range was {
		if slices.ContainsFunc(now, t.same) || slices.ContainsFunc(matchedNow, t.same) {
			continue
		}
		c := Change{What: GoneMatch, Before: t.matches[0]}
		if k := slices.IndexFunc(elsewhere, t.same); k >= 0 {
			c.After = elsewhere[k].matches[len(elsewhere[k].matches)-1]
		}
		out = append(out, c)
	}
	return out
}

// changed says what is different in a designation that is touched in both states.
func (t *touched) changed(was *touched) []FieldChange {
	a, b := was.matches[0], t.matches[0]
	out := compareParties(&a.Designation.Party, &b.Designation.Party)
	add := func(field string, removed, added []string) {
		if len(removed)+len(added) > 0 {
			out = append(out, FieldChange{Field: field, Removed: removed, Added: added})
		}
	}
	date := func(field string, of func(*fundtrail.Designation) time.Time) {
		if x, y := of(a.Designation), of(b.Designation); !x.Equal(y) {
			add(field, dates(x), dates(y))
		}
	}
	date("since", func(d *fundtrail.Designation) time.Time { return d.Listed })
	date("until", func(d *fundtrail.Designation) time.Time { return d.Delisted })
	x, y := was.through(), t.through()
	add("matched", without(x, y), without(y, x))
	// A score is compared as it is shown, in hundredths.
	if p, q := best(was.matches), best(t.matches); math.Abs(p-q) >= 0.01 {
		add("score", []string{hundredths(p)}, []string{hundredths(q)})
	}
	return out
}

func dates(t time.Time) []string {
	if t.IsZero() {
		return nil
	}
	return []string{moments(t)}
}

// through lists by which of its wallets or names a designation was touched.
func (t *touched) through() []string {
	var out []string
	for _, m := range t.matches {
		for _, s := range []string{m.Wallet, m.Name} {
			if s != "" && !slices.Contains(out, s) {
				out = append(out, s)
			}
		}
	}
	slices.Sort(out)
	return out
}

func best(matches []*Match) (score float64) {
	for _, m := range matches {
		score = max(score, m.Score)
	}
	return score
}

func hundredths(x float64) string { return strconv.FormatFloat(x, 'f', 2, 64) }

// AppendJSON appends the change as one line's worth of JSON.
func (c *Change) AppendJSON(b []byte) []byte {
	b = strconv.AppendInt(append(b, `{"schema":"`+RescreenSchema+`","line":`...), int64(c.Line), 10)
	b = appendField(b, `,"id":`, c.ID)
	b = appendText(append(b, `,"change":`...), string(c.What), maxText)
	if c.Related {
		b = append(b, `,"related":true`...)
	}
	b = appendText(append(b, `,"read":`...), c.Read, maxRead)
	b = appendField(b, `,"verdict_before":`, string(c.Verdicts[0]))
	b = appendField(b, `,"verdict_after":`, string(c.Verdicts[1]))
	b = appendField(b, `,"reason":`, c.Reason)
	for i, f := range c.Fields {
		if i == 0 {
			b = append(b, `,"fields":`...)
		}
		b = appendText(append(next(b, i), `{"field":`...), f.Field, maxText)
		b = appendTexts(b, `,"removed":`, f.Removed, maxMatches)
		b = appendTexts(b, `,"added":`, f.Added, maxMatches)
		b = append(b, '}')
	}
	if len(c.Fields) > 0 {
		b = append(b, ']')
	}
	if c.Before != nil {
		b = appendMatch(append(b, `,"before":`...), c.Before)
	}
	if c.After != nil {
		b = appendMatch(append(b, `,"after":`...), c.After)
	}
	return append(b, '}')
}
