package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"
)

// An Attempt is one import or download, and how it ended. Attempts that end alike one
// after the other are one: a list that is asked for every hour and does not change
// takes one row.
type Attempt struct {
	List         string    // "" where it was not recognised
	Source       string    // URL or file name
	Time         time.Time // of a run that ended alike, the last
	First        time.Time // of a run that ended alike; AddAttempt sets it
	Times        int       // how many the run has; AddAttempt sets it
	Outcome      Outcome
	Reason       string   // why it was refused or failed, or what was accepted by force
	Forced       bool     // Reason would have been one to refuse it
	SHA256       [32]byte // of what came; zero where nothing did
	ETag         string   // of an HTTP answer
	LastModified string   // of an HTTP answer, as it stands there
}

// An Outcome is how an attempt ended.
type Outcome string

const (
	Added     Outcome = "added"
	Unchanged Outcome = "unchanged" // it was there already
	Refused   Outcome = "refused"   // what came was not taken; the old version stays in force
	Failed    Outcome = "failed"    // nothing came, or it could not be kept
)

// AddAttempt records an attempt. Its Time is kept to the millisecond; attempts of one
// run that have the same Time are told from those of a later run.
func (s *Store) AddAttempt(ctx context.Context, a Attempt) error {
	err := s.write(ctx, func(tx *sql.Tx) error {
		last, id, err := lastAttempt(ctx, tx, a.List, a.Source)
		if err != nil {
			return err
		}
		alike := a
		alike.Time, alike.First, alike.Times = last.Time, last.First, last.Times
		if alike == last && a.Time.UnixMilli() >= last.Time.UnixMilli() {
			_, err = tx.ExecContext(ctx, "UPDATE attempt SET last = ?, times = times + 1 WHERE id = ?", a.Time.UnixMilli(), id)
			return err
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO attempt (list, source, first, last, times, outcome, reason, forced, sha256, etag, last_modified)
			VALUES (?, ?, ?, ?, 1, ?, ?, ?, ?, ?, ?)`, a.List, a.Source, a.Time.UnixMilli(), a.Time.UnixMilli(), string(a.Outcome), a.Reason, a.Forced, a.SHA256[:], a.ETag, a.LastModified)
		return err
	})
	if err != nil {
		return fmt.Errorf("record the attempt at %s: %w", a.Source, explain(err))
	}
	return nil
}

const attemptColumns = "SELECT id, list, source, first, last, times, outcome, reason, forced, sha256, etag, last_modified FROM attempt"

func scanAttempt(scan func(...any) error) (a Attempt, id int64, err error) {
	var first, last int64
	var digest []byte
	err = scan(&id, &a.List, &a.Source, &first, &last, &a.Times, &a.Outcome, &a.Reason, &a.Forced, &digest, &a.ETag, &a.LastModified)
	a.First, a.Time = time.UnixMilli(first).UTC(), time.UnixMilli(last).UTC()
	copy(a.SHA256[:], digest)
	return a, id, err
}

// lastAttempt returns the newest attempt of a list from a source, its id 0 for none.
func lastAttempt(ctx context.Context, tx *sql.Tx, list, source string) (Attempt, int64, error) {
	a, id, err := scanAttempt(tx.QueryRowContext(ctx, attemptColumns+" WHERE list = ? AND source = ? ORDER BY id DESC LIMIT 1", list, source).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return Attempt{}, 0, nil
	}
	return a, id, err
}

// Attempts returns all attempts, in the order in which they were recorded.
func (s *Store) Attempts(ctx context.Context) ([]Attempt, error) {
	var out []Attempt
	err := s.read(ctx, func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, attemptColumns+" ORDER BY id")
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			a, _, err := scanAttempt(rows.Scan)
			if err != nil {
				return err
			}
			out = append(out, a)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("read the attempts in %s: %w", s.path, explain(err))
	}
	return out, nil
}

// Standing returns the refusals and failures that no later success has answered: of the
// same source, of the same bytes, or of the same list in a later run. Of several of one
// list and source it returns the last. They stand by list, then source.
func Standing(attempts []Attempt) (out []Attempt) {
	last := map[[2]string]int{}
	for i := range attempts {
		a := &attempts[i]
		if a.Outcome == Added || a.Outcome == Unchanged {
			continue
		}
		answered := slices.ContainsFunc(attempts[i:], func(b Attempt) bool { return b.answers(a) && !b.Time.Before(a.Time) }) ||
			slices.ContainsFunc(attempts[:i], func(b Attempt) bool { return b.answers(a) && b.Time.After(a.Time) })
		if !answered {
			last[[2]string{a.List, a.Source}] = i
		}
	}
	for _, i := range slices.Sorted(maps.Values(last)) {
		out = append(out, attempts[i])
	}
	slices.SortStableFunc(out, func(a, b Attempt) int { return cmp.Or(cmp.Compare(a.List, b.List), cmp.Compare(a.Source, b.Source)) })
	return out
}

// answers tells whether b is a success that makes what was wrong with a history.
func (b *Attempt) answers(a *Attempt) bool {
	return (b.Outcome == Added || b.Outcome == Unchanged) &&
		(b.Source == a.Source || b.SHA256 == a.SHA256 && a.SHA256 != [32]byte{} || b.List == a.List && a.List != "" && b.Time.After(a.Time))
}
