// Package store keeps claims and their bytes in one SQLite file: every version of every
// sanctions list, by digest, and what follows from them. It is small and precious.
//
// What AddVersion has acknowledged survives a crash of the process or of the machine;
// what it has not is there whole or not at all. Several processes may use one folder.
// doc/formats-store.md describes the file.
package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/fundtrail/fundtrail"
	"modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"
)

// FileName is the database's name in its folder.
const FileName = "fundtrail.db"

// Options say how to open a store.
type Options struct {
	// ReadOnly opens what is there and changes nothing. A folder without a store is
	// then an error that wraps fundtrail.ErrNotFound; else one is made.
	ReadOnly bool
	// Patience is how long to wait for another process that is writing. Default 30 s.
	Patience time.Duration
}

// A Store is an open folder of kept lists. It may be used by several goroutines.
type Store struct {
	db   *sql.DB
	path string
}

// A File is one file that a publisher issued, unpacked.
type File struct {
	Name  string // without folders
	Bytes []byte
}

// Open opens the store in a folder, and makes both when they are not there.
func Open(ctx context.Context, dir string, opt Options) (*Store, error) {
	s, err := open(ctx, dir, opt)
	if err != nil {
		return nil, fmt.Errorf("open the store in %s: %w", dir, explain(err))
	}
	return s, nil
}

func open(ctx context.Context, dir string, opt Options) (*Store, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	s := &Store{path: filepath.Join(dir, FileName)}
	if opt.ReadOnly {
		if _, err := os.Stat(s.path); errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("no lists are kept there: %w", fundtrail.ErrNotFound)
		} else if err != nil {
			return nil, err
		}
		return s, s.openReadOnly(ctx, opt)
	}
	// The folder holds what its owner screens as well: it is nobody else's.
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	if err := s.connect("rwc", opt, false); err != nil {
		return nil, err
	}
	if err := s.migrate(ctx, cmp.Or(opt.Patience, patience)); err != nil {
		s.db.Close()
		return nil, err
	}
	return s, nil
}

// openReadOnly opens a file that must not change. SQLite reads one that is written by
// another process through a file of shared memory beside it; in a folder that is not
// ours to write, that file can only be left out when nobody has the database open.
func (s *Store) openReadOnly(ctx context.Context, opt Options) error {
	if err := s.connect("ro", opt, false); err != nil {
		return err
	}
	err := s.checkVersion(ctx)
	if err == nil {
		return nil
	}
	s.db.Close()
	if code := sqliteCode(err); code != lib.SQLITE_CANTOPEN && code != lib.SQLITE_READONLY {
		return err
	}
	if _, walErr := os.Stat(s.path + "-wal"); walErr == nil {
		return err
	}
	if err := s.connect("ro", opt, true); err != nil {
		return err
	}
	if err := s.checkVersion(ctx); err != nil {
		s.db.Close()
		return err
	}
	return nil
}

const patience = 30 * time.Second

// connect opens the pool. What is set here holds for each of its connections.
func (s *Store) connect(mode string, opt Options, immutable bool) error {
	q := url.Values{"mode": {mode}, "_txlock": {"immediate"}}
	if immutable {
		q.Set("immutable", "1")
	}
	wait := cmp.Or(opt.Patience, patience)
	for _, pragma := range []string{
		fmt.Sprintf("busy_timeout(%d)", wait.Milliseconds()),
		"foreign_keys(1)",
		// FULL: a commit returns when the write-ahead log is on the disk, so that what
		// was acknowledged survives a power cut too.
		"synchronous(FULL)",
		"trusted_schema(0)", // the file may come from elsewhere
		"cell_size_check(1)",
		"journal_size_limit(67108864)", // bytes of log kept after a large import
	} {
		q.Add("_pragma", pragma)
	}
	path := filepath.ToSlash(s.path)
	if !strings.HasPrefix(path, "/") { // C:/lists
		path = "/" + path
	}
	u := url.URL{Scheme: "file", Path: path, RawQuery: q.Encode()}
	db, err := sql.Open("sqlite", u.String())
	if err != nil {
		return err
	}
	// One writes at a time; the others read.
	db.SetMaxOpenConns(4)
	s.db = db
	return nil
}

// Close closes the store.
func (s *Store) Close() error {
	if err := s.db.Close(); err != nil {
		return fmt.Errorf("close the store %s: %w", s.path, explain(err))
	}
	return nil
}

// write runs f in a transaction that no other writer interrupts.
func (s *Store) write(ctx context.Context, f func(*sql.Tx) error) error {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := f(tx); err != nil {
		tx.Rollback()
		return err
	}
	return tx.Commit()
}

// read runs f on one state of the store, whatever is written meanwhile.
func (s *Store) read(ctx context.Context, f func(*sql.Tx) error) error {
	tx, err := s.db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return err
	}
	defer tx.Rollback()
	return f(tx)
}

// sqliteCode returns SQLite's primary result code, 0 for other errors.
func sqliteCode(err error) int {
	if e := (*sqlite.Error)(nil); errors.As(err, &e) {
		return e.Code() & 0xff
	}
	return 0
}

// explain gives an error of SQLite its sentinel and says what to do about it.
func explain(err error) error {
	kind, what := error(nil), ""
	switch sqliteCode(err) {
	case lib.SQLITE_FULL:
		kind, what = fundtrail.ErrLimit, "the disk is full: nothing was changed; make room and run it again"
	case lib.SQLITE_BUSY, lib.SQLITE_LOCKED:
		kind, what = fundtrail.ErrUnavailable, "another process is writing to it: try again when that is done"
	case lib.SQLITE_CORRUPT, lib.SQLITE_NOTADB:
		kind, what = fundtrail.ErrInvalid, "the file is damaged or no store: restore "+FileName+" from a copy"
	case lib.SQLITE_READONLY, lib.SQLITE_CANTOPEN, lib.SQLITE_PERM:
		kind, what = fundtrail.ErrUnavailable, "the folder or its file cannot be opened for this: check who owns it"
	case lib.SQLITE_TOOBIG:
		kind, what = fundtrail.ErrLimit, "a file is too large to keep"
	default:
		return err
	}
	return fmt.Errorf("%s (%v): %w", what, strings.TrimSpace(err.Error()), kind)
}

// damaged is an error about what the file holds.
func damaged(format string, args ...any) error {
	return fmt.Errorf(format+": the store is damaged: restore %s from a copy: %w", append(args, FileName, fundtrail.ErrInvalid)...)
}
