// Package journal is an append-only file of records, each chained to the one before by
// its digest, so that one changed byte is found.
//
// A journal is a folder. Its records are lines of JSON in segment files, and a file named
// head remembers the last record. doc/formats-screenings.md says which bytes are hashed,
// and how to check a record with a text editor and sha256sum.
//
// One process writes a journal, any number read it. A record is acknowledged once it is
// on disk. What a crash leaves of a record that was not acknowledged is cut off, and
// kept, when the journal is next opened; anything else that is not as it was written is
// an error.
package journal

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/fundtrail/fundtrail"
)

// Format names the form of a journal. Its SHA-256 stands as the digest before the first
// record, so that a journal of another form does not verify as this one.
const Format = "fundtrail.journal/1"

var genesis = sha256.Sum256([]byte(Format))

// An Entry is one record.
type Entry struct {
	Seq  uint64    // from 1, without gaps
	Time time.Time // as its writer gave it
	Prev [32]byte  // the digest of the record before
	Hash [32]byte  // of this record, Prev included
	Body []byte    // one JSON value

	Segment string // the file that holds it
	Offset  int64  // of its line in that file
}

// ID cites a record: its number and the first 16 digits of its digest. [Reader.Find]
// takes it back.
func (e Entry) ID() string { return fmt.Sprintf("%d-%x", e.Seq, e.Hash[:8]) }

// Head returns the record's number and digest. Whoever keeps it elsewhere can tell
// later whether the journal up to it is still the same.
func (e Entry) Head() Head { return Head{e.Seq, e.Hash} }

// A Head is a record's number and digest. That of an empty journal has number 0 and the
// digest of [Format]. The zero Head is none.
type Head struct {
	Seq  uint64
	Hash [32]byte
}

// IsZero reports whether h is none.
func (h Head) IsZero() bool { return h == Head{} }

// String writes a head as [ParseHead] reads it: the number, a colon, 64 hexadecimal digits.
func (h Head) String() string { return fmt.Sprintf("%d:%x", h.Seq, h.Hash) }

// ParseHead reads a head.
func ParseHead(s string) (Head, error) {
	number, digest, _ := strings.Cut(strings.TrimSpace(s), ":")
	seq, ok := parseSeq(number)
	var h Head
	if !ok || !parseDigest(&h.Hash, digest) {
		return Head{}, fmt.Errorf("parse head %q: want a number, a colon and 64 hexadecimal digits: %w", clip(s), fundtrail.ErrInvalid)
	}
	h.Seq = seq
	return h, nil
}

// parseSeq reads a number as it is written here: no sign, no leading zero.
func parseSeq(s string) (uint64, bool) {
	if len(s) > 1 && s[0] == '0' {
		return 0, false
	}
	n, err := strconv.ParseUint(s, 10, 64)
	return n, err == nil
}

// parseDigest reads 64 hexadecimal digits in lower case.
func parseDigest(to *[32]byte, s string) bool {
	if len(s) != 64 {
		return false
	}
	for i := range len(s) {
		if c := s[i]; c >= 'A' && c <= 'F' {
			return false
		}
	}
	_, err := hex.Decode(to[:], []byte(s))
	return err == nil
}

// clip bounds a text that is repeated to the reader.
func clip(s string) string {
	const most = 96
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}
