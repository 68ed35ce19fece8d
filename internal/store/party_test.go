package store

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/fundtrail/fundtrail"
	"github.com/google/go-cmp/cmp"
)

func TestPartyRoundTrip(t *testing.T) {
	want := append([]fundtrail.Party{fullParty(t), {}}, list(0, 3000, "x")...)
	var pack []byte
	for i := range want {
		pack = appendParty(pack, &want[i])
	}
	got := make([]fundtrail.Party, len(want))
	var r reader
	if err := r.parties(string(pack), got, make([]int, len(want)+1)); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got, inAddress); diff != "" {
		t.Error(diff)
	}
	// Lists of one slab must not grow into each other.
	for i := range got {
		for _, p := range [][]string{got[i].Programs, got[i].Births} {
			if cap(p) != len(p) {
				t.Fatal("a list has room behind it")
			}
		}
	}
	for _, bad := range []string{string(pack[:len(pack)-1]), string(pack) + "\x00"} {
		if err := r.parties(bad, got, nil); err == nil {
			t.Error("a pack of another length is read")
		}
	}
}

// TestPartyEncodingStays: the digest of a party's encoding is its identity in files
// that exist. When this fails, a migration is missing.
func TestPartyEncodingStays(t *testing.T) {
	p := fullParty(t)
	const want = "f1e2344302f44728e2e0bcce739ed1a83bdaf2b50be8ba235ea882e85177a90b"
	if got := fmt.Sprintf("%x", sha256.Sum256(appendParty(nil, &p))); got != want {
		t.Errorf("the encoding of a party changed: %s", got)
	}
}

// FuzzParty: what is read is encoded to the same bytes again.
func FuzzParty(f *testing.F) {
	p := fullParty(f)
	f.Add(string(appendParty(nil, &p)))
	f.Add(string(appendParty(nil, &fundtrail.Party{})))
	f.Add("\x81\x00" + string(appendParty(nil, &fundtrail.Party{UID: "a"})[1:])) // a length that takes a byte too many
	f.Add("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01")
	f.Fuzz(func(t *testing.T, pack string) {
		var r reader
		var p [1]fundtrail.Party
		if r.parties(pack, p[:], nil) != nil {
			return
		}
		if again := string(appendParty(nil, &p[0])); again != pack {
			t.Errorf("%q is read and written as %q", pack, again)
		}
	})
}

func TestRuns(t *testing.T) {
	for _, numbers := range [][]uint32{{}, {0}, {5}, {0, 1, 2, 3}, {0, 2, 4}, {7, 8, 9, 20, 21, 99}} {
		got, err := readRuns(appendRuns(nil, numbers), len(numbers), 100)
		if err != nil || !slices.Equal(got, numbers) {
			t.Errorf("%v is read as %v, %v", numbers, got, err)
		}
	}
	for _, c := range []struct {
		buf          string
		count, limit int
	}{
		{"", 1, 9}, {"", -1, 9}, {"", 10, 9}, {"\x00", 1, 9}, {"\x00\x00", 0, 9}, {"\x00\x03", 2, 9}, {"\x08\x02", 2, 9},
		{"\x00\x01\x00\x01", 2, 9}, {"\x00\x80", 1, 9}, {"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x01", 1, 9},
	} {
		if got, err := readRuns([]byte(c.buf), c.count, c.limit); !errors.Is(err, errRuns) {
			t.Errorf("%q is read as %v, %v", c.buf, got, err)
		}
	}
}

func FuzzRuns(f *testing.F) {
	f.Add(appendRuns(nil, []uint32{7, 8, 9, 20, 21, 99}), 6, 100)
	f.Fuzz(func(t *testing.T, buf []byte, count, limit int) {
		if limit > 1<<16 || limit < 0 {
			return
		}
		numbers, err := readRuns(buf, count, limit)
		if err != nil {
			return
		}
		for i, n := range numbers {
			if int(n) >= limit || i > 0 && n <= numbers[i-1] {
				t.Fatalf("%d at %d of %v", n, i, numbers)
			}
		}
	})
}
