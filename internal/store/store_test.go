package store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/fundtrail/fundtrail"
	"github.com/google/go-cmp/cmp"
)

func openTest(t testing.TB, dir string) *Store {
	t.Helper()
	s, err := Open(t.Context(), dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func day(s string) time.Time {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		panic(err)
	}
	return t
}

// inAddress compares addresses, which hide their fields.
var inAddress = cmp.Comparer(func(a, b fundtrail.Address) bool { return a == b })

// fullParty has every field.
func fullParty(t testing.TB) fundtrail.Party {
	a, err := fundtrail.ParseAddress(fundtrail.Bitcoin, "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa")
	if err != nil {
		t.Fatal(err)
	}
	return fundtrail.Party{
		UID: "22985", Kind: fundtrail.Person,
		Names:    []fundtrail.Name{{Text: "DOE, John", Given: "John", Family: "DOE"}, {Text: "Джон", Kind: fundtrail.WeakAlias}},
		Programs: []string{"CYBER2", "DPRK3"}, Listed: day("1969-07-20"), Births: []string{"~1962"}, Countries: []string{"KP", "CN"},
		Identifiers: []fundtrail.Identifier{{Type: "Passport", Value: "123", Country: "KP"}},
		Wallets: []fundtrail.Wallet{
			{Text: "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", Currency: "XBT", Address: a},
			{Text: "1a1zp1ep5qgefi2dmptftl5slmv7divfna", Currency: "XBT", CaseLost: true},
			{Text: "\xff not text"},
		},
		Note: "remarks\nof two lines",
	}
}

// list makes parties numbered from..to-1; a change is part of what they say.
func list(from, to int, change string) (out []fundtrail.Party) {
	for i := from; i < to; i++ {
		a, err := fundtrail.ParseAddress(fundtrail.Ethereum, fmt.Sprintf("0x%040x", i))
		if err != nil {
			panic(err)
		}
		out = append(out, fundtrail.Party{UID: fmt.Sprint(i), Kind: fundtrail.Organisation, Names: []fundtrail.Name{{Text: fmt.Sprintf("PARTY %d", i)}},
			Programs: []string{"TEST"}, Note: change, Wallets: []fundtrail.Wallet{{Text: a.String(), Currency: "ETH", Address: a}}})
	}
	return out
}

func version(published string, received string) fundtrail.ListVersion {
	return fundtrail.ListVersion{List: "xx-test", Format: "test", Covers: fundtrail.CoversNames | fundtrail.CoversWallets, Published: day(published), Received: day(received)}
}

func text(s string) []File { return []File{{Name: "list.txt", Bytes: []byte(s)}} }

func add(t testing.TB, s *Store, v fundtrail.ListVersion, files []File, parties []fundtrail.Party) bool {
	t.Helper()
	added, err := s.AddVersion(t.Context(), v, files, parties)
	if err != nil {
		t.Fatal(err)
	}
	return added
}

func history(t testing.TB, s *Store) *fundtrail.ListHistory {
	t.Helper()
	h, err := s.History(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestRoundTrip(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a folder?x=1#%41")
	s := openTest(t, dir)
	if h := history(t, s); len(h.Versions)+len(h.Parties)+len(h.Members) != 0 {
		t.Fatalf("a new store has the history %v", h)
	}
	files := []File{{"a.csv", []byte("one")}, {"b.csv", nil}, {"c.csv", bytes.Repeat([]byte("three"), 100_000)}}
	parties := []fundtrail.Party{fullParty(t), {UID: "2"}, {}}
	v := version("2023-11-30", "2023-12-04")
	if !add(t, s, v, files, append(parties, parties[1])) {
		t.Fatal("not added")
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, FileName)); err != nil {
		t.Fatal(err)
	}
	s = openTest(t, dir)
	v.SHA256, v.Parties, v.Wallets = Digest(files), 3, 3
	want := &fundtrail.ListHistory{Versions: []fundtrail.ListVersion{v}, Parties: []fundtrail.Party{parties[2], parties[1], parties[0]}, Members: [][]uint32{{0, 1, 2}}}
	if diff := cmp.Diff(want, history(t, s), inAddress); diff != "" {
		t.Error(diff)
	}
	got, err := s.Files(t.Context(), v.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	files[1].Bytes = []byte{}
	for i := range got {
		if got[i].Name != files[i].Name || !bytes.Equal(got[i].Bytes, files[i].Bytes) {
			t.Errorf("file %d is %s with %d bytes", i, got[i].Name, len(got[i].Bytes))
		}
	}
	if _, err := s.Files(t.Context(), [32]byte{1}); !errors.Is(err, fundtrail.ErrNotFound) {
		t.Errorf("files of no version: %v", err)
	}
	if err := s.Check(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestDigest(t *testing.T) {
	a, b := sha256.Sum256([]byte("a")), sha256.Sum256([]byte("b"))
	if Digest(text("a")) != a {
		t.Error("the digest of one file is its SHA-256")
	}
	if want := sha256.Sum256(append(a[:], b[:]...)); Digest([]File{{"", []byte("a")}, {"", []byte("b")}}) != want {
		t.Error("the digest of two files is that of their SHA-256s")
	}
}

// TestSameAgain: what makes two versions one, and what of them stays.
func TestSameAgain(t *testing.T) {
	s := openTest(t, t.TempDir())
	v := version("2023-11-30", "2023-12-04")
	add(t, s, v, text("a"), list(0, 5, ""))
	before := history(t, s)
	for _, received := range []string{"2023-12-04", "2024-01-01"} {
		v.Received = day(received)
		if add(t, s, v, text("a"), list(0, 5, "")) {
			t.Error("added twice")
		}
	}
	if after := history(t, s); !reflect.DeepEqual(before, after) {
		t.Error(cmp.Diff(before, after, inAddress))
	}
	v.Received = day("2023-12-01")
	if add(t, s, v, text("a"), list(0, 5, "")) {
		t.Error("added twice")
	}
	if got := history(t, s).Versions; len(got) != 1 || !got[0].Received.Equal(v.Received) {
		t.Errorf("the earliest time of receipt is not kept: %v", got)
	}
	for what, change := range map[string]func(v *fundtrail.ListVersion, files *[]File){
		"another list":   func(v *fundtrail.ListVersion, _ *[]File) { v.List = "yy" },
		"another format": func(v *fundtrail.ListVersion, _ *[]File) { v.Format = "other" },
		"another day":    func(v *fundtrail.ListVersion, _ *[]File) { v.Published = day("2023-11-29") },
		"other bytes":    func(_ *fundtrail.ListVersion, files *[]File) { *files = text("b") },
	} {
		w, files := v, text("a")
		change(&w, &files)
		if !add(t, s, w, files, list(0, 5, "")) {
			t.Errorf("%s is another version", what)
		}
	}
	if err := s.Check(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestRefusedVersions(t *testing.T) {
	s := openTest(t, t.TempDir())
	ok := version("2023-11-30", "2023-12-04")
	for what, change := range map[string]func(v *fundtrail.ListVersion) []File{
		"no list":      func(v *fundtrail.ListVersion) []File { v.List = ""; return text("a") },
		"no published": func(v *fundtrail.ListVersion) []File { v.Published = time.Time{}; return text("a") },
		"no received":  func(v *fundtrail.ListVersion) []File { v.Received = time.Time{}; return text("a") },
		"no file":      func(v *fundtrail.ListVersion) []File { return nil },
	} {
		v := ok
		files := change(&v)
		if _, err := s.AddVersion(t.Context(), v, files, nil); !errors.Is(err, fundtrail.ErrInvalid) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// An import is one call of AddVersion.
type importCall struct {
	v       fundtrail.ListVersion
	files   []File
	parties []fundtrail.Party
}

// imports make a history in which parties come, change, go and come back.
func imports() (out []importCall) {
	for i := range 12 {
		v := version(day("2023-01-01").AddDate(0, i, 0).Format(time.DateOnly), day("2024-01-01").AddDate(0, 0, i%5).Format(time.DateOnly))
		if i%4 == 3 {
			v.List = "yy-other"
		}
		parties := append(list(0, 50+i, ""), list(200+i*3, 300, fmt.Sprint("change ", i/3))...)
		rand.Shuffle(len(parties), func(i, j int) { parties[i], parties[j] = parties[j], parties[i] })
		out = append(out, importCall{v, text(fmt.Sprint("file ", i)), parties})
	}
	// Two files of one day, and one file of two days.
	again := out[2]
	again.files, again.parties = text("another file"), list(0, 3, "")
	late := out[5]
	late.v.Published = late.v.Published.AddDate(0, 0, 1)
	empty := out[6]
	empty.v.Published, empty.files, empty.parties = empty.v.Published.AddDate(0, 0, 3), text("empty"), nil
	return append(out, again, late, empty)
}

// TestOrderDoesNotMatter: the same versions in any order, some twice, in one store or
// from several processes at once, give the same history.
func TestOrderDoesNotMatter(t *testing.T) {
	calls := imports()
	var want *fundtrail.ListHistory
	for round := range 6 {
		s := openTest(t, t.TempDir())
		mixed := append(calls, calls[round], calls[round+3])
		if round > 0 {
			rand.Shuffle(len(mixed), func(i, j int) { mixed[i], mixed[j] = mixed[j], mixed[i] })
		}
		for _, c := range mixed {
			add(t, s, c.v, c.files, c.parties)
		}
		got := history(t, s)
		if want == nil {
			want = got
			checkHistory(t, got, calls)
		} else if !reflect.DeepEqual(want, got) {
			t.Fatalf("another order gives another history:\n%s", cmp.Diff(want, got, inAddress))
		}
		if err := s.Check(t.Context()); err != nil {
			t.Error(err)
		}
	}
}

// checkHistory holds a history to what was added, by the plainest way there is.
func checkHistory(t *testing.T, h *fundtrail.ListHistory, calls []importCall) {
	t.Helper()
	if len(h.Versions) != len(calls) {
		t.Fatalf("%d versions, want %d", len(h.Versions), len(calls))
	}
	for i := range h.Versions {
		if i > 0 && compareVersions(&h.Versions[i-1], &h.Versions[i]) >= 0 {
			t.Errorf("version %d is out of order", i)
		}
	}
	held := map[string]bool{}
	for i := range h.Parties {
		key := string(appendParty(nil, &h.Parties[i]))
		if held[key] {
			t.Errorf("party %s is there twice", h.Parties[i].UID)
		}
		held[key] = true
	}
	for _, c := range calls {
		i := 0
		for h.Versions[i].SHA256 != Digest(c.files) || !h.Versions[i].Published.Equal(c.v.Published) {
			i++
		}
		want := map[string]bool{}
		for j := range c.parties {
			want[string(appendParty(nil, &c.parties[j]))] = true
		}
		for j, n := range h.Members[i] {
			if j > 0 && n <= h.Members[i][j-1] {
				t.Fatalf("version %d: members are not ascending", i)
			}
			key := string(appendParty(nil, &h.Parties[n]))
			if !want[key] {
				t.Errorf("version %d holds party %s", i, h.Parties[n].UID)
			}
			delete(want, key)
		}
		if len(want) > 0 || len(h.Members[i]) != h.Versions[i].Parties {
			t.Errorf("version %d lacks %d parties", i, len(want))
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	ctx := t.Context()
	if _, err := Open(ctx, t.TempDir(), Options{ReadOnly: true}); !errors.Is(err, fundtrail.ErrNotFound) {
		t.Errorf("nothing to read: %v", err)
	}
	spoil := func(what, statement string) error {
		dir := t.TempDir()
		s := openTest(t, dir)
		if _, err := s.db.Exec(statement); err != nil {
			t.Fatal(err)
		}
		s.Close()
		for _, opt := range []Options{{}, {ReadOnly: true}} {
			if _, err := Open(ctx, dir, opt); !errors.Is(err, fundtrail.ErrInvalid) || !strings.Contains(err.Error(), what) {
				t.Errorf("%s: %v", what, err)
			}
		}
		return nil
	}
	spoil("a newer program wrote it (format 99, this one knows up to", "PRAGMA user_version = 99")
	spoil("another program's database", "PRAGMA application_id = 7")
	spoil("another program's database", "PRAGMA application_id = 0")
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, FileName), bytes.Repeat([]byte("no database "), 1000), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(ctx, dir, Options{}); !errors.Is(err, fundtrail.ErrInvalid) {
		t.Errorf("no database: %v", err)
	}
}

func TestReadOnly(t *testing.T) {
	dir := t.TempDir()
	s := openTest(t, dir)
	add(t, s, version("2023-11-30", "2023-12-04"), text("a"), list(0, 5, ""))
	r, err := Open(t.Context(), dir, Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	add(t, s, version("2023-12-30", "2024-12-04"), text("b"), list(0, 5, ""))
	if n := len(history(t, r).Versions); n != 2 {
		t.Errorf("an open store shows %d versions, want 2", n)
	}
	if _, err := r.AddVersion(t.Context(), version("2024-01-01", "2024-12-04"), text("c"), nil); !errors.Is(err, fundtrail.ErrUnavailable) {
		t.Errorf("writing to a store opened for reading: %v", err)
	}
}

// TestFullDisk: what does not fit changes nothing, and says so.
func TestFullDisk(t *testing.T) {
	s := openTest(t, t.TempDir())
	s.db.SetMaxOpenConns(1) // the bound is one connection's
	add(t, s, version("2023-11-30", "2023-12-04"), text("a"), list(0, 5, ""))
	before := history(t, s)
	var pages int
	if err := s.db.QueryRow("PRAGMA page_count").Scan(&pages); err != nil {
		t.Fatal(err)
	}
	if _, err := s.db.Exec(fmt.Sprintf("PRAGMA max_page_count = %d", pages+20)); err != nil {
		t.Fatal(err)
	}
	_, err := s.AddVersion(t.Context(), version("2024-11-30", "2024-12-04"), text("b"), list(100, 6_000, ""))
	if !errors.Is(err, fundtrail.ErrLimit) || !strings.Contains(err.Error(), "the disk is full") {
		t.Errorf("a full disk: %v", err)
	}
	if after := history(t, s); !reflect.DeepEqual(before, after) {
		t.Error("what did not fit left something behind")
	}
	if err := s.Check(t.Context()); err != nil {
		t.Error(err)
	}
	if _, err := s.db.Exec("PRAGMA max_page_count = 1000000"); err != nil {
		t.Fatal(err)
	}
	if !add(t, s, version("2024-11-30", "2024-12-04"), text("b"), list(100, 6_000, "")) {
		t.Error("after room was made it is not added")
	}
}

func TestCancelled(t *testing.T) {
	s := openTest(t, t.TempDir())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.AddVersion(ctx, version("2024-11-30", "2024-12-04"), text("b"), list(0, 10, "")); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled call: %v", err)
	}
	if n := len(history(t, s).Versions); n != 0 {
		t.Errorf("%d versions", n)
	}
}

func TestAttempts(t *testing.T) {
	s := openTest(t, t.TempDir())
	at := day("2024-01-01")
	for i, a := range []Attempt{
		{List: "l", Source: "u", Outcome: Added, ETag: "1"},
		{List: "l", Source: "u", Outcome: Unchanged, ETag: "1"},
		{List: "l", Source: "other", Outcome: Unchanged, ETag: "1"},
		{List: "l", Source: "u", Outcome: Unchanged, ETag: "1"},
		{List: "l", Source: "u", Outcome: Refused, Reason: "empty", SHA256: [32]byte{7}},
		{List: "l", Source: "u", Outcome: Refused, Reason: "shrank", SHA256: [32]byte{8}, LastModified: "yesterday", Forced: true},
	} {
		a.Time = at.Add(time.Duration(i) * time.Hour)
		if err := s.AddAttempt(t.Context(), a); err != nil {
			t.Fatal(err)
		}
	}
	got, err := s.Attempts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	h := func(n int) time.Time { return at.Add(time.Duration(n) * time.Hour) }
	want := []Attempt{
		{List: "l", Source: "u", Outcome: Added, ETag: "1", First: h(0), Time: h(0), Times: 1},
		{List: "l", Source: "u", Outcome: Unchanged, ETag: "1", First: h(1), Time: h(3), Times: 2},
		{List: "l", Source: "other", Outcome: Unchanged, ETag: "1", First: h(2), Time: h(2), Times: 1},
		{List: "l", Source: "u", Outcome: Refused, Reason: "empty", SHA256: [32]byte{7}, First: h(4), Time: h(4), Times: 1},
		{List: "l", Source: "u", Outcome: Refused, Reason: "shrank", SHA256: [32]byte{8}, LastModified: "yesterday", Forced: true, First: h(5), Time: h(5), Times: 1},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
