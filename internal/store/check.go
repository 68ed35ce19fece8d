package store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/fundtrail/fundtrail"
)

// Files returns the files of the version with a digest, in its order. Their bytes are
// held to the digest; what differs is an error that wraps fundtrail.ErrInvalid.
func (s *Store) Files(ctx context.Context, digest [32]byte) ([]File, error) {
	var files []File
	err := s.read(ctx, func(tx *sql.Tx) error {
		var id int64
		err := tx.QueryRowContext(ctx, "SELECT id FROM version WHERE sha256 = ? ORDER BY id", digest[:]).Scan(&id)
		if errors.Is(err, sql.ErrNoRows) {
			return fundtrail.ErrNotFound
		} else if err != nil {
			return err
		}
		files, err = keptFiles(ctx, tx, id)
		if err == nil && Digest(files) != digest {
			err = damaged("its files have the digest %x", Digest(files))
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("the files of version %x: %w", digest, explain(err))
	}
	return files, nil
}

func keptFiles(ctx context.Context, tx *sql.Tx, version int64) (files []File, err error) {
	rows, err := tx.QueryContext(ctx, "SELECT f.name, k.size, k.zstd FROM version_file f JOIN kept k ON k.id = f.kept WHERE f.version = ? ORDER BY f.place", version)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	z, err := newDecoder()
	if err != nil {
		return nil, err
	}
	defer z.Close()
	for rows.Next() {
		var f File
		var size int
		var zipped sql.RawBytes
		if err := rows.Scan(&f.Name, &size, &zipped); err != nil {
			return nil, err
		}
		if f.Bytes, err = unpack(z, zipped, size, nil); err != nil {
			return nil, damaged("file %s: %v", f.Name, err)
		}
		files = append(files, f)
	}
	return files, rows.Err()
}

// maxDamage is how many damages Check names.
const maxDamage = 20

// Check reads everything and holds it to the digests: every file that is kept, every
// party, and every version's files and parties. The error names what is damaged.
func (s *Store) Check(ctx context.Context) error {
	var found damages
	err := s.read(ctx, func(tx *sql.Tx) error {
		for _, check := range []func(context.Context, *sql.Tx, *damages) error{checkPages, checkKept, checkVersions} {
			if err := check(ctx, tx, &found); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		found.add("%w", explain(err))
	}
	if len(found.errs) == 0 {
		return nil
	}
	if found.more > 0 {
		found.errs = append(found.errs, fmt.Errorf("and %d more", found.more))
	}
	return fmt.Errorf("check %s: %w", s.path, errors.Join(found.errs...))
}

type damages struct {
	errs []error
	more int
}

func (d *damages) add(format string, args ...any) {
	if len(d.errs) == maxDamage {
		d.more++
		return
	}
	d.errs = append(d.errs, fmt.Errorf(format, args...))
}

func (d *damages) addDamage(format string, args ...any) { d.add("%w", damaged(format, args...)) }

// checkPages has SQLite check its own structures.
func checkPages(ctx context.Context, tx *sql.Tx, found *damages) error {
	for _, pragma := range []string{"PRAGMA integrity_check(20)", "PRAGMA foreign_key_check"} {
		rows, err := tx.QueryContext(ctx, pragma)
		if err != nil {
			return err
		}
		defer rows.Close()
		columns, err := rows.Columns()
		if err != nil {
			return err
		}
		cells := make([]any, len(columns))
		for i := range cells {
			cells[i] = new(sql.NullString)
		}
		for rows.Next() {
			if err := rows.Scan(cells...); err != nil {
				return err
			}
			if text := cells[0].(*sql.NullString).String; len(cells) > 1 || text != "ok" {
				found.addDamage("%s: %s", pragma[len("PRAGMA "):], text)
			}
		}
		if err := rows.Err(); err != nil {
			return err
		}
	}
	return nil
}

func checkKept(ctx context.Context, tx *sql.Tx, found *damages) error {
	rows, err := tx.QueryContext(ctx, "SELECT sha256, size, zstd FROM kept ORDER BY id")
	if err != nil {
		return err
	}
	defer rows.Close()
	z, err := newDecoder()
	if err != nil {
		return err
	}
	defer z.Close()
	var buf []byte
	for rows.Next() {
		var digest []byte
		var size int
		var zipped sql.RawBytes
		if err := rows.Scan(&digest, &size, &zipped); err != nil {
			return err
		}
		text, err := unpack(z, zipped, size, buf)
		if err != nil {
			found.addDamage("kept file %x: %v", digest, err)
			continue
		}
		if got := sha256.Sum256(text); !bytes.Equal(got[:], digest) {
			found.addDamage("kept file %x has the digest %x", digest, got)
		}
		buf = text
	}
	return rows.Err()
}

func checkVersions(ctx context.Context, tx *sql.Tx, found *damages) error {
	all, err := readPacks(ctx, tx, true)
	if err != nil {
		return err
	}
	if err := checkParties(ctx, tx, all, found); err != nil {
		return err
	}
	rows, err := versions(ctx, tx)
	if err != nil {
		return err
	}
	for i := range rows {
		v := &rows[i]
		name := fmt.Sprintf("%s as published on %s (%x)", v.List, v.Published.Format(time.DateOnly), v.SHA256[:6])
		digest, names, err := filesDigest(ctx, tx, v.id)
		if err != nil {
			return err
		}
		if digest != v.SHA256 {
			found.addDamage("%s: its files have the digest %x", name, digest)
		}
		members, err := readRuns(v.members, v.Parties, len(all.parties))
		if err != nil {
			found.addDamage("%s: %v", name, err)
			continue
		}
		wallets := 0
		digests := make([][32]byte, len(members))
		for i, n := range members {
			wallets += len(all.parties[n].Wallets)
			digests[i] = all.digests[n]
		}
		if !bytes.Equal(contentDigest(digests, names), v.content) {
			found.addDamage("%s: its parties or its files' names are not those that were kept", name)
		} else if wallets != v.Wallets {
			found.addDamage("%s: its parties have %d wallets, not %d", name, wallets, v.Wallets)
		}
	}
	return nil
}

// filesDigest is Digest of a version's files, of which checkKept held each to its own,
// and their names.
func filesDigest(ctx context.Context, tx *sql.Tx, version int64) (digest [32]byte, names []string, err error) {
	rows, err := tx.QueryContext(ctx, "SELECT f.name, k.sha256 FROM version_file f JOIN kept k ON k.id = f.kept WHERE f.version = ? ORDER BY f.place", version)
	if err != nil {
		return digest, nil, err
	}
	defer rows.Close()
	var digests []byte
	for rows.Next() {
		var name string
		var d []byte
		if err := rows.Scan(&name, &d); err != nil {
			return digest, nil, err
		}
		names, digests = append(names, name), append(digests, d...)
	}
	if len(names) == 1 {
		return [32]byte(digests), names, rows.Err()
	}
	return sha256.Sum256(digests), names, rows.Err()
}

// checkParties holds the index of parties to the packs.
func checkParties(ctx context.Context, tx *sql.Tx, all *content, found *damages) error {
	rows, err := tx.QueryContext(ctx, "SELECT sha256, number FROM party")
	if err != nil {
		return err
	}
	defer rows.Close()
	n := 0
	for rows.Next() {
		var digest []byte
		var number int
		if err := rows.Scan(&digest, &number); err != nil {
			return err
		}
		n++
		if number < 0 || number >= len(all.digests) || !bytes.Equal(digest, all.digests[number][:]) {
			found.addDamage("party number %d has not the digest %x", number, digest)
		}
	}
	if n != len(all.digests) {
		found.addDamage("the index has %d parties, and there are %d", n, len(all.digests))
	}
	return rows.Err()
}
