package store

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"database/sql"
	"fmt"
	"math/bits"
	"slices"
	"time"

	"github.com/fundtrail/fundtrail"
	"github.com/klauspost/compress/zstd"
)

// A versionRow is a version as the file has it.
type versionRow struct {
	id int64
	fundtrail.ListVersion
	members, content, seal []byte
}

// versions reads all versions in their order.
func versions(ctx context.Context, tx *sql.Tx) ([]versionRow, error) {
	rows, err := tx.QueryContext(ctx, "SELECT id, list, format, covers, published, received, sha256, parties, wallets, members, content, seal FROM version")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []versionRow
	for rows.Next() {
		var v versionRow
		var published, received int64
		var digest []byte
		if err := rows.Scan(&v.id, &v.List, &v.Format, &v.Covers, &published, &received, &digest, &v.Parties, &v.Wallets, &v.members, &v.content, &v.seal); err != nil {
			return nil, err
		}
		v.Published, v.Received = time.Unix(published, 0).UTC(), time.Unix(received, 0).UTC()
		v.SHA256 = [32]byte(digest)
		if !bytes.Equal(v.seal, seal(&v.ListVersion, v.content)) {
			return nil, damaged("what is kept of %s as published on %s is not what was written", v.List, v.Published.Format(time.DateOnly))
		}
		out = append(out, v)
	}
	slices.SortFunc(out, func(a, b versionRow) int { return compareVersions(&a.ListVersion, &b.ListVersion) })
	return out, rows.Err()
}

// Versions returns every version of every list: by list, then published, then received.
func (s *Store) Versions(ctx context.Context) ([]fundtrail.ListVersion, error) {
	var out []fundtrail.ListVersion
	err := s.read(ctx, func(tx *sql.Tx) error {
		rows, err := versions(ctx, tx)
		for i := range rows {
			out = append(out, rows[i].ListVersion)
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the versions in %s: %w", s.path, explain(err))
	}
	return out, nil
}

// History returns everything, each party's content once. The same versions give the
// same history, whatever the order in which they were added.
func (s *Store) History(ctx context.Context) (*fundtrail.ListHistory, error) {
	h := &fundtrail.ListHistory{}
	err := s.read(ctx, func(tx *sql.Tx) error {
		rows, err := versions(ctx, tx)
		if err != nil {
			return err
		}
		all, err := readPacks(ctx, tx, false)
		if err != nil {
			return err
		}
		return assemble(h, rows, all)
	})
	if err != nil {
		return nil, fmt.Errorf("read the history in %s: %w", s.path, explain(err))
	}
	return h, nil
}

// A content is all parties, by number.
type content struct {
	parties []fundtrail.Party
	encoded []string
	digests [][32]byte // only when asked for
}

// readPacks reads all parties.
func readPacks(ctx context.Context, tx *sql.Tx, digests bool) (*content, error) {
	var total int
	if err := tx.QueryRowContext(ctx, "SELECT coalesce(sum(parties), 0) FROM pack").Scan(&total); err != nil {
		return nil, err
	}
	c := &content{parties: make([]fundtrail.Party, total), encoded: make([]string, total)}
	if digests {
		c.digests = make([][32]byte, total)
	}
	rows, err := tx.QueryContext(ctx, "SELECT first, parties, size, zstd FROM pack ORDER BY first")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	z, err := newDecoder()
	if err != nil {
		return nil, err
	}
	defer z.Close()
	var r reader
	var zipped sql.RawBytes
	var buf []byte
	var bounds []int
	done := 0
	for rows.Next() {
		var first, n, size int
		if err := rows.Scan(&first, &n, &size, &zipped); err != nil {
			return nil, err
		}
		if first != done || n < 0 || n > total-done {
			return nil, damaged("the parties from number %d are missing", done)
		}
		if buf, err = unpack(z, zipped, size, buf); err != nil {
			return nil, damaged("the parties from number %d: %v", first, err)
		}
		pack := string(buf)
		bounds = slices.Grow(bounds[:0], n+1)[:n+1]
		if err := r.parties(pack, c.parties[first:first+n], bounds); err != nil {
			return nil, damaged("the parties from number %d: %v", first, err)
		}
		for i := range n {
			c.encoded[first+i] = pack[bounds[i]:bounds[i+1]]
			if digests {
				c.digests[first+i] = sha256.Sum256([]byte(c.encoded[first+i]))
			}
		}
		done += n
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	if done != total {
		return nil, damaged("%d of %d parties are missing", total-done, total)
	}
	return c, nil
}

// assemble numbers the parties anew: by the first version that holds them, then by
// what they are. The numbers in the file tell the order in which versions came.
func assemble(h *fundtrail.ListHistory, rows []versionRow, all *content) error {
	const none = ^uint32(0)
	number := make([]uint32, len(all.parties))
	for i := range number {
		number[i] = none
	}
	if len(rows) == 0 {
		return nil
	}
	h.Versions = make([]fundtrail.ListVersion, len(rows))
	h.Members = make([][]uint32, len(rows))
	h.Parties = make([]fundtrail.Party, 0, len(all.parties))
	same := map[string][]uint32{} // versions that hold the same share one list
	marks := make([]uint64, (len(all.parties)+63)/64)
	var fresh []uint32
	for i := range rows {
		v := &rows[i]
		h.Versions[i] = v.ListVersion
		if m, ok := same[string(v.members)]; ok && len(m) == v.Parties {
			h.Members[i] = m
			continue
		}
		members, err := readRuns(v.members, v.Parties, len(all.parties))
		if err != nil {
			return damaged("%s as published on %s: %v", v.List, v.Published.Format(time.DateOnly), err)
		}
		fresh = fresh[:0]
		for _, n := range members {
			if number[n] == none {
				fresh = append(fresh, n)
			}
		}
		slices.SortFunc(fresh, func(a, b uint32) int {
			return cmp.Or(cmp.Compare(all.parties[a].UID, all.parties[b].UID), cmp.Compare(all.encoded[a], all.encoded[b]))
		})
		for _, n := range fresh {
			number[n] = uint32(len(h.Parties))
			h.Parties = append(h.Parties, all.parties[n])
		}
		// Sorting by marking is several times faster than sorting.
		for _, n := range members {
			marks[number[n]/64] |= 1 << (number[n] % 64)
		}
		members = members[:0]
		for w, word := range marks {
			for ; word != 0; word &= word - 1 {
				members = append(members, uint32(w*64+bits.TrailingZeros64(word)))
			}
			marks[w] = 0
		}
		h.Members[i] = members
		same[string(v.members)] = members
	}
	return nil
}

// newDecoder is for blobs of the store, whose sizes are known.
func newDecoder() (*zstd.Decoder, error) {
	return zstd.NewReader(nil, zstd.WithDecoderConcurrency(1))
}

// unpack decompresses into buf, when that is large enough.
func unpack(z *zstd.Decoder, zipped []byte, size int, buf []byte) ([]byte, error) {
	if size < 0 {
		return nil, fmt.Errorf("a size of %d bytes", size)
	}
	// The size that the blob's own header tells bounds what is allocated.
	var head zstd.Header
	if err := head.Decode(zipped); err != nil {
		return nil, err
	}
	if head.HasFCS && head.FrameContentSize != uint64(size) {
		return nil, fmt.Errorf("%d bytes, not %d", head.FrameContentSize, size)
	}
	out, err := z.DecodeAll(zipped, buf[:0])
	if err == nil && len(out) != size {
		err = fmt.Errorf("%d bytes, not %d", len(out), size)
	}
	return out, err
}
