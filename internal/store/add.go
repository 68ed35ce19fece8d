package store

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/fundtrail/fundtrail"
	"github.com/klauspost/compress/zstd"
)

// Digest is what a version of a list is known by: the SHA-256 of its one file, or of
// several files' SHA-256s, one after the other in the order given.
func Digest(files []File) [32]byte {
	if len(files) == 1 {
		return sha256.Sum256(files[0].Bytes)
	}
	h := sha256.New()
	for _, f := range files {
		d := sha256.Sum256(f.Bytes)
		h.Write(d[:])
	}
	return [32]byte(h.Sum(nil))
}

// AddVersion keeps a version of a list, its files and its parties, all or nothing. It
// sets SHA256, Parties and Wallets itself; parties that are alike in everything are
// one. Times are kept to the second.
//
// A version is known by list, format, digest and publication: the same again changes
// nothing and is not added, except that the earliest of the times when it was received
// stays.
func (s *Store) AddVersion(ctx context.Context, v fundtrail.ListVersion, files []File, parties []fundtrail.Party) (added bool, err error) {
	wrap := func(err error) error {
		return fmt.Errorf("keep %s as published on %s: %w", v.List, v.Published.UTC().Format(time.DateOnly), explain(err))
	}
	if err := checkNew(&v, files); err != nil {
		return false, wrap(err)
	}
	v.SHA256 = Digest(files)
	// The quick way first: what is kept already need not be encoded to be told so.
	id, received, err := s.find(ctx, s.db, &v)
	if err == nil && id != 0 && received <= v.Received.Unix() {
		return false, nil
	}
	if err != nil {
		return false, wrap(err)
	}
	// All that takes long is done before others are kept from writing.
	in := &arrival{v: &v, parties: encode(parties)}
	if in.files, err = compress(ctx, files); err != nil {
		return false, wrap(err)
	}
	err = s.write(ctx, func(tx *sql.Tx) error {
		id, received, err := s.find(ctx, tx, &v)
		switch {
		case err != nil:
			return err
		case id == 0:
			added = true
			return in.insert(ctx, tx)
		case received > v.Received.Unix():
			return in.receivedEarlier(ctx, tx, id)
		}
		return err
	})
	if err != nil {
		return false, wrap(err)
	}
	return added, nil
}

func checkNew(v *fundtrail.ListVersion, files []File) error {
	switch {
	case v.List == "":
		return fmt.Errorf("the list has no name: %w", fundtrail.ErrInvalid)
	case v.Published.IsZero() || v.Received.IsZero():
		return fmt.Errorf("a version needs the times when it was published and received: %w", fundtrail.ErrInvalid)
	case len(files) == 0:
		return fmt.Errorf("a version needs its files: %w", fundtrail.ErrInvalid)
	}
	return nil
}

type querier interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// find looks for a version that is the same. Its id is 0 when there is none.
func (s *Store) find(ctx context.Context, q querier, v *fundtrail.ListVersion) (id, received int64, err error) {
	err = q.QueryRowContext(ctx, "SELECT id, received FROM version WHERE list = ? AND format = ? AND sha256 = ? AND published = ?",
		v.List, v.Format, v.SHA256[:], v.Published.Unix()).Scan(&id, &received)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, 0, nil
	}
	return id, received, err
}

// An arrival is a version on its way in.
type arrival struct {
	v       *fundtrail.ListVersion
	files   []packed
	parties []encoded // distinct
}

type packed struct {
	name   string
	sha256 [32]byte
	size   int
	zstd   []byte
}

// An encoded party.
type encoded struct {
	sha256  [32]byte
	bytes   []byte
	wallets int
}

func encode(parties []fundtrail.Party) []encoded {
	out := make([]encoded, 0, len(parties))
	seen := make(map[[32]byte]bool, len(parties))
	var all []byte
	for i := range parties {
		from := len(all)
		all = appendParty(all, &parties[i])
		d := sha256.Sum256(all[from:])
		if seen[d] {
			all = all[:from]
			continue
		}
		seen[d] = true
		out = append(out, encoded{d, all[from:len(all):len(all)], len(parties[i].Wallets)})
	}
	return out
}

func compress(ctx context.Context, files []File) ([]packed, error) {
	out := make([]packed, len(files))
	for i, f := range files {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		// Large files take seconds at the better level, for a fifth less.
		level := zstd.SpeedBetterCompression
		if len(f.Bytes) > 32<<20 {
			level = zstd.SpeedDefault
		}
		z, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(level), zstd.WithEncoderConcurrency(1))
		if err != nil {
			return nil, err
		}
		out[i] = packed{f.Name, sha256.Sum256(f.Bytes), len(f.Bytes), z.EncodeAll(f.Bytes, nil)}
	}
	return out, nil
}

func (in *arrival) insert(ctx context.Context, tx *sql.Tx) error {
	v := in.v
	numbers, err := in.number(ctx, tx)
	if err != nil {
		return err
	}
	wallets := 0
	for i := range in.parties {
		wallets += in.parties[i].wallets
	}
	v.Parties, v.Wallets = len(numbers), wallets
	content := in.content()
	res, err := tx.ExecContext(ctx, `INSERT INTO version (list, format, covers, published, received, sha256, parties, wallets, members, content, seal)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, v.List, v.Format, v.Covers, v.Published.Unix(), v.Received.Unix(), v.SHA256[:],
		v.Parties, v.Wallets, orEmpty(appendRuns(nil, numbers)), content, seal(v, content))
	if err != nil {
		return err
	}
	version, err := res.LastInsertId()
	if err != nil {
		return err
	}
	for place, f := range in.files {
		if _, err := tx.ExecContext(ctx, "INSERT INTO kept (sha256, size, zstd) VALUES (?, ?, ?) ON CONFLICT (sha256) DO NOTHING",
			f.sha256[:], f.size, f.zstd); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, "INSERT INTO version_file (version, place, name, kept) SELECT ?, ?, ?, id FROM kept WHERE sha256 = ?",
			version, place, f.name, f.sha256[:]); err != nil {
			return err
		}
	}
	return nil
}

// orEmpty keeps an empty blob from becoming NULL.
func orEmpty(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

// number returns the numbers of the parties, ascending. Those that the store does not
// hold yet are numbered and packed.
func (in *arrival) number(ctx context.Context, tx *sql.Tx) ([]uint32, error) {
	known, err := tx.PrepareContext(ctx, "SELECT number FROM party WHERE sha256 = ?")
	if err != nil {
		return nil, err
	}
	defer known.Close()
	var next uint32
	if err := tx.QueryRowContext(ctx, "SELECT coalesce(max(first + parties), 0) FROM pack").Scan(&next); err != nil {
		return nil, err
	}
	first := next
	numbers := make([]uint32, 0, len(in.parties))
	type entry struct {
		sha256 *[32]byte
		number uint32
	}
	var fresh []entry
	var pack []byte
	for i := range in.parties {
		p := &in.parties[i]
		var n uint32
		switch err := known.QueryRowContext(ctx, p.sha256[:]).Scan(&n); {
		case err == nil:
		case errors.Is(err, sql.ErrNoRows):
			n = next
			next++
			fresh = append(fresh, entry{&p.sha256, n})
			pack = append(pack, p.bytes...)
		default:
			return nil, err
		}
		numbers = append(numbers, n)
	}
	slices.Sort(numbers)
	if len(fresh) == 0 {
		return numbers, nil
	}
	z, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedDefault), zstd.WithEncoderConcurrency(1))
	if err != nil {
		return nil, err
	}
	if _, err := tx.ExecContext(ctx, "INSERT INTO pack (first, parties, size, zstd) VALUES (?, ?, ?, ?)", first, len(fresh), len(pack), z.EncodeAll(pack, nil)); err != nil {
		return nil, err
	}
	add, err := tx.PrepareContext(ctx, "INSERT INTO party (sha256, number) VALUES (?, ?)")
	if err != nil {
		return nil, err
	}
	defer add.Close()
	// In the order of the table's tree, which is then written page after page.
	slices.SortFunc(fresh, func(a, b entry) int { return bytes.Compare(a.sha256[:], b.sha256[:]) })
	for _, e := range fresh {
		if _, err := add.ExecContext(ctx, e.sha256[:], e.number); err != nil {
			return nil, err
		}
	}
	return numbers, nil
}

// receivedEarlier notes that a version that is kept had been received before.
func (in *arrival) receivedEarlier(ctx context.Context, tx *sql.Tx, id int64) error {
	kept := *in.v
	var content []byte
	if err := tx.QueryRowContext(ctx, "SELECT covers, parties, wallets, content FROM version WHERE id = ?", id).Scan(&kept.Covers, &kept.Parties, &kept.Wallets, &content); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, "UPDATE version SET received = ?, seal = ? WHERE id = ?", kept.Received.Unix(), seal(&kept, content), id)
	return err
}

func (in *arrival) content() []byte {
	digests := make([][32]byte, len(in.parties))
	for i := range in.parties {
		digests[i] = in.parties[i].sha256
	}
	names := make([]string, len(in.files))
	for i := range in.files {
		names[i] = in.files[i].name
	}
	return contentDigest(digests, names)
}

// contentDigest is the digest of a version's parties' digests, ascending, and of its
// files' names.
func contentDigest(digests [][32]byte, names []string) []byte {
	slices.SortFunc(digests, func(a, b [32]byte) int { return bytes.Compare(a[:], b[:]) })
	h := sha256.New()
	for i := range digests {
		h.Write(digests[i][:])
	}
	h.Write(appendTexts(nil, names))
	return h.Sum(nil)
}

// seal is the digest of what a version says of itself, so that a wrong byte in a date
// is found as well as one in a file.
func seal(v *fundtrail.ListVersion, content []byte) []byte {
	buf := appendText(appendText(nil, v.List), v.Format)
	for _, n := range []int64{int64(v.Covers), v.Published.Unix(), v.Received.Unix(), int64(v.Parties), int64(v.Wallets)} {
		buf = binary.BigEndian.AppendUint64(buf, uint64(n))
	}
	d := sha256.Sum256(append(append(buf, v.SHA256[:]...), content...))
	return d[:]
}

// compareVersions is the order in which versions are returned: it does not depend on
// the order in which they came.
func compareVersions(a, b *fundtrail.ListVersion) int {
	return cmp.Or(cmp.Compare(a.List, b.List), a.Published.Compare(b.Published), a.Received.Compare(b.Received),
		cmp.Compare(a.Format, b.Format), bytes.Compare(a.SHA256[:], b.SHA256[:]))
}
