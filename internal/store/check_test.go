package store

import (
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/fundtrail/fundtrail"
)

// TestCheckFinds: whatever is changed in the file by another hand, Check names it.
func TestCheckFinds(t *testing.T) {
	for _, c := range []struct{ statement, want string }{
		{"UPDATE kept SET zstd = (SELECT zstd FROM kept ORDER BY id DESC LIMIT 1) WHERE id = 1", "kept file"},
		{"UPDATE kept SET size = size + 1 WHERE id = 1", "kept file"},
		{"UPDATE kept SET zstd = substr(zstd, 1, length(zstd) - 3) WHERE id = 1", "kept file"},
		{"UPDATE version_file SET kept = 2 WHERE kept = 1", "its files have the digest"},
		{"DELETE FROM version_file WHERE kept = 1", "its files have the digest"},
		{"DELETE FROM kept WHERE id = 1", "foreign_key_check"},
		{"UPDATE version SET members = (SELECT members FROM version WHERE id = 2) WHERE id = 1", "its parties or"},
		{"UPDATE version SET members = x'00' WHERE id = 1", "list of parties cannot be read"},
		{"UPDATE version SET parties = parties + 1 WHERE id = 1", "not what was written"},
		{"UPDATE version SET wallets = wallets + 1 WHERE id = 1", "not what was written"},
		{"UPDATE version SET covers = 1 WHERE id = 1", "not what was written"},
		{"UPDATE version SET published = published - 86400 WHERE id = 1", "not what was written"},
		{"UPDATE version SET received = received - 1 WHERE id = 1", "not what was written"},
		{"UPDATE version SET list = 'other' WHERE id = 1", "not what was written"},
		{"UPDATE version SET sha256 = zeroblob(32) WHERE id = 1", "not what was written"},
		{"UPDATE version SET content = zeroblob(32) WHERE id = 1", "not what was written"},
		{"UPDATE version_file SET name = 'other' WHERE version = 1", "its parties or"},
		{"DELETE FROM pack WHERE first = 0", "are missing"},
		{"UPDATE pack SET zstd = zeroblob(9) WHERE first = 0", "the parties from number 0"},
		{"UPDATE pack SET parties = parties - 1 WHERE first = 0", "the parties from number"},
		{"UPDATE party SET number = number + 1 WHERE number = 3", "party number 4 has not"},
		{"DELETE FROM party WHERE number = 3", "the index has"},
	} {
		s := openTest(t, t.TempDir())
		s.db.SetMaxOpenConns(1)
		add(t, s, version("2023-11-30", "2023-12-04"), text("a"), list(0, 9, ""))
		add(t, s, version("2023-12-30", "2024-12-04"), text("b"), list(5, 14, ""))
		if err := s.Check(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := s.db.Exec("PRAGMA foreign_keys = 0"); err != nil {
			t.Fatal(err)
		}
		if _, err := s.db.Exec(c.statement); err != nil {
			t.Fatalf("%s: %v", c.statement, err)
		}
		if err := s.Check(t.Context()); !errors.Is(err, fundtrail.ErrInvalid) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", c.statement, err)
		}
	}
}

// TestFlippedBytes: a file with a wrong byte is found out, or says the same as before.
func TestFlippedBytes(t *testing.T) {
	dir := t.TempDir()
	s := openTest(t, dir)
	var digests [][32]byte
	for _, c := range imports() {
		add(t, s, c.v, c.files, c.parties)
		digests = append(digests, Digest(c.files))
	}
	want := history(t, s)
	s.Close()
	path := filepath.Join(dir, FileName)
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for range 100 {
		at := rand.IntN(len(raw))
		bad := append([]byte(nil), raw...)
		bad[at] ^= byte(1 + rand.IntN(255))
		if err := os.WriteFile(path, bad, 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := Open(t.Context(), dir, Options{})
		if err != nil {
			found++
			continue
		}
		if s.Check(t.Context()) != nil {
			found++
		} else {
			if got, err := s.History(t.Context()); err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("byte %d: Check finds nothing, and the history differs: %v", at, err)
			}
			for _, d := range digests {
				if _, err := s.Files(t.Context(), d); err != nil {
					t.Errorf("byte %d: Check finds nothing, and Files says %v", at, err)
				}
			}
		}
		s.History(t.Context())
		s.Close()
	}
	t.Logf("%d of 100 found", found)
}
