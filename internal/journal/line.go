package journal

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"time"
)

// A record's line is
//
//	{"seq":7,"time":"2026-01-02T03:04:05Z","prev":"<64 digits>","body":<JSON>,"hash":"<64 digits>"}
//
// with nothing between the parts, ended by one line feed. The hash is the SHA-256 of
// every byte of the line before `,"hash":"`. What follows that is 75 bytes and the line
// feed, so `head -c -76 | sha256sum` repeats it.
const (
	partSeq  = `{"seq":`
	partTime = `,"time":"`
	partPrev = `","prev":"`
	partBody = `","body":`
	partHash = `,"hash":"`
	partEnd  = `"}`

	tailLen  = len(partHash) + 64 + len(partEnd)
	frameLen = len(partSeq) + 20 + len(partTime) + len(time.RFC3339Nano) + len(partPrev) + 64 + len(partBody) + tailLen + 1
)

// maxBody bounds a body, and maxLine what a reader holds at once, whatever the file.
const (
	maxBody = 16 << 20
	maxLine = maxBody + 512
)

// appendLine appends the line of e, with its line feed, and sets e.Hash.
func appendLine(b []byte, e *Entry) []byte {
	from := len(b)
	b = strconv.AppendUint(append(b, partSeq...), e.Seq, 10)
	b = e.Time.UTC().AppendFormat(append(b, partTime...), time.RFC3339Nano)
	b = hex.AppendEncode(append(b, partPrev...), e.Prev[:])
	b = append(append(b, partBody...), e.Body...)
	e.Hash = sha256.Sum256(b[from:])
	b = hex.AppendEncode(append(b, partHash...), e.Hash[:])
	return append(append(b, partEnd...), '\n')
}

// parseLine reads a line without its line feed. It returns what is wrong with it, or "".
// When the form is right and only the digest is not, e is filled in. e.Body is a part
// of line.
func parseLine(line []byte, e *Entry) (wrong string) {
	const form = "is no record: "
	if len(line) > maxLine {
		return form + "it is too long"
	}
	if len(line) < tailLen {
		return form + "it is too short"
	}
	hashed, tail := line[:len(line)-tailLen], line[len(line)-tailLen:]
	if !bytes.HasPrefix(tail, []byte(partHash)) || !bytes.HasSuffix(tail, []byte(partEnd)) ||
		!parseDigest(&e.Hash, string(tail[len(partHash):len(partHash)+64])) {
		return form + "it does not end with a hash"
	}
	rest, ok := bytes.CutPrefix(hashed, []byte(partSeq))
	if !ok {
		return form + "it does not begin with a seq"
	}
	number, rest, ok := bytes.Cut(rest, []byte(partTime))
	if ok {
		e.Seq, ok = parseSeq(string(number))
	}
	if !ok || e.Seq == 0 {
		return form + "its seq is not a number"
	}
	stamp, rest, ok := bytes.Cut(rest, []byte(partPrev))
	if !ok || !parseTime(&e.Time, stamp) {
		return form + "its time is not RFC 3339 in UTC"
	}
	if len(rest) < 64+len(partBody) || !parseDigest(&e.Prev, string(rest[:64])) || !bytes.HasPrefix(rest[64:], []byte(partBody)) {
		return form + "its prev is not a digest"
	}
	e.Body = rest[64+len(partBody):]
	if sha256.Sum256(hashed) != e.Hash {
		return "was changed: its bytes do not have the hash that it states"
	}
	return ""
}

// parseTime reads a time spelled exactly as appendLine spells it.
func parseTime(to *time.Time, s []byte) bool {
	if len(s) > len(time.RFC3339Nano) {
		return false
	}
	t, err := time.Parse(time.RFC3339Nano, string(s))
	if err != nil {
		return false
	}
	t = t.UTC()
	var again [64]byte
	*to = t
	return bytes.Equal(t.AppendFormat(again[:0], time.RFC3339Nano), s)
}

// lineSeq reads the number at the start of a line of which only the start is at hand.
func lineSeq(start []byte) (uint64, bool) {
	rest, ok := bytes.CutPrefix(start, []byte(partSeq))
	if !ok {
		return 0, false
	}
	number, _, ok := bytes.Cut(rest, []byte{','})
	if !ok {
		return 0, false
	}
	return parseSeq(string(number))
}
