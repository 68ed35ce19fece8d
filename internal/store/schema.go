package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/fundtrail/fundtrail"
	lib "modernc.org/sqlite/lib"
)

// applicationID marks the file as ours: "Fund". PRAGMA user_version is the format's
// version, the number of migrations that were run.
const applicationID = 0x46756e64

// migrations make the file from nothing, each from what the one before left. They only
// go forward: one that was released never changes.
var migrations = []string{`
-- What publishers issued: each different file once, by the digest of its bytes.
CREATE TABLE kept (
	id     INTEGER PRIMARY KEY,
	sha256 BLOB NOT NULL UNIQUE CHECK (length(sha256) = 32),
	size   INTEGER NOT NULL, -- bytes, unpacked
	zstd   BLOB NOT NULL
) STRICT;

-- Parties, each different content once. Those that came together are packed together;
-- their numbers run from first. See party.go for the encoding.
CREATE TABLE pack (
	first   INTEGER PRIMARY KEY,
	parties INTEGER NOT NULL CHECK (parties > 0),
	size    INTEGER NOT NULL, -- bytes, unpacked
	zstd    BLOB NOT NULL
) STRICT;
CREATE TABLE party (
	sha256 BLOB PRIMARY KEY CHECK (length(sha256) = 32),
	number INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE version (
	id        INTEGER PRIMARY KEY,
	list      TEXT NOT NULL,
	format    TEXT NOT NULL,
	covers    INTEGER NOT NULL,
	published INTEGER NOT NULL, -- Unix seconds, the list's clock
	received  INTEGER NOT NULL, -- Unix seconds, our clock
	sha256    BLOB NOT NULL CHECK (length(sha256) = 32),
	parties   INTEGER NOT NULL,
	wallets   INTEGER NOT NULL,
	members   BLOB NOT NULL, -- numbers of its parties; see members.go
	content   BLOB NOT NULL CHECK (length(content) = 32), -- digest of its parties' digests and its files' names
	seal      BLOB NOT NULL CHECK (length(seal) = 32), -- digest of all the above but members
	UNIQUE (list, format, sha256, published)
) STRICT;
CREATE INDEX version_sha256 ON version (sha256);
CREATE TABLE version_file (
	version INTEGER NOT NULL REFERENCES version,
	place   INTEGER NOT NULL,
	name    TEXT NOT NULL,
	kept    INTEGER NOT NULL REFERENCES kept,
	PRIMARY KEY (version, place)
) STRICT, WITHOUT ROWID;

-- Imports and downloads, and how they ended.
CREATE TABLE attempt (
	id            INTEGER PRIMARY KEY,
	list          TEXT NOT NULL,
	source        TEXT NOT NULL,
	first         INTEGER NOT NULL, -- Unix milliseconds; of a run that ended alike, the first
	last          INTEGER NOT NULL, -- and the last
	times         INTEGER NOT NULL,
	outcome       TEXT NOT NULL,
	reason        TEXT NOT NULL,
	forced        INTEGER NOT NULL,
	sha256        BLOB NOT NULL,
	etag          TEXT NOT NULL,
	last_modified TEXT NOT NULL
) STRICT;
CREATE INDEX attempt_of ON attempt (list, source, id);
`}

// migrate makes a new file, or brings an old one to this program's format.
func (s *Store) migrate(ctx context.Context, wait time.Duration) error {
	if err := s.checkVersion(ctx); err != nil {
		return err
	}
	if err := s.useLog(ctx, wait); err != nil {
		return err
	}
	return s.write(ctx, func(tx *sql.Tx) error {
		// Another process may have been first.
		have, err := formatVersion(ctx, tx)
		if err != nil || have == len(migrations) {
			return err
		}
		for i := have; i < len(migrations); i++ {
			if _, err := tx.ExecContext(ctx, migrations[i]); err != nil {
				return fmt.Errorf("bring it to format %d: %w", i+1, err)
			}
		}
		_, err = tx.ExecContext(ctx, fmt.Sprintf("PRAGMA application_id = %d; PRAGMA user_version = %d", applicationID, len(migrations)))
		return err
	})
}

// useLog turns the write-ahead log on, which a file remembers. SQLite does not wait
// for other processes here, so this does.
func (s *Store) useLog(ctx context.Context, wait time.Duration) error {
	for until := time.Now().Add(wait); ; {
		var mode string
		err := s.db.QueryRowContext(ctx, "PRAGMA journal_mode").Scan(&mode)
		if err == nil && mode == "wal" {
			return nil
		}
		if err == nil {
			err = s.db.QueryRowContext(ctx, "PRAGMA journal_mode = WAL").Scan(&mode)
			if err == nil && mode != "wal" {
				return fmt.Errorf("the file system does not let processes share the file's log: %w", fundtrail.ErrUnavailable)
			}
		}
		if err == nil || sqliteCode(err) != lib.SQLITE_BUSY || time.Now().After(until) {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// checkVersion refuses files that this program cannot read.
func (s *Store) checkVersion(ctx context.Context) error {
	return s.read(ctx, func(tx *sql.Tx) error {
		_, err := formatVersion(ctx, tx)
		return err
	})
}

// formatVersion returns the file's format, 0 for a new file.
func formatVersion(ctx context.Context, tx *sql.Tx) (int, error) {
	var id, version, tables int
	for pragma, to := range map[string]*int{"PRAGMA application_id": &id, "PRAGMA user_version": &version, "SELECT count(*) FROM sqlite_schema": &tables} {
		if err := tx.QueryRowContext(ctx, pragma).Scan(to); err != nil {
			return 0, err
		}
	}
	switch {
	case id == applicationID && version > len(migrations):
		return 0, fmt.Errorf("a newer program wrote it (format %d, this one knows up to %d): use that program: %w", version, len(migrations), fundtrail.ErrInvalid)
	case id == applicationID && version > 0, id == 0 && version == 0 && tables == 0:
		return version, nil
	}
	return 0, fmt.Errorf("%s is another program's database: name another folder: %w", FileName, fundtrail.ErrInvalid)
}
