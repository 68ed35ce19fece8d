package store

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
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

// AddAttempt records an attempt, now unless its Time is set to the second.
func (s *Store) AddAttempt(ctx context.Context, a Attempt) error {
	err := s.write(ctx, func(tx *sql.Tx) error {
		last, id, err := lastAttempt(ctx, tx, a.List, a.Source)
		if err != nil {
			return err
		}
		alike := a
		alike.Time, alike.First, alike.Times = last.Time, last.First, last.Times
		if alike == last && a.Time.Unix() >= last.Time.Unix() {
			_, err = tx.ExecContext(ctx, "UPDATE attempt SET last = ?, times = times + 1 WHERE id = ?", a.Time.Unix(), id)
			return err
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO attempt (list, source, first, last, times, outcome, reason, forced, sha256, etag, last_modified)
			VALUES (?, ?, ?, ?, 1, ?, ?, ?, ?, ?, ?)`, a.List, a.Source, a.Time.Unix(), a.Time.Unix(), string(a.Outcome), a.Reason, a.Forced, a.SHA256[:], a.ETag, a.LastModified)
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
	a.First, a.Time = time.Unix(first, 0).UTC(), time.Unix(last, 0).UTC()
	copy(a.SHA256[:], bytes.Clone(digest))
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
