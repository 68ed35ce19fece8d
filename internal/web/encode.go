package web

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/screen"
)

// appendOne writes the document of one answer, and where it comes from behind its own
// members.
func (n *Snapshot) appendOne(b []byte, q *screen.Question, a *screen.Answer, record string, at time.Time) []byte {
	b = n.encoder.AppendJSON(b, q, a)
	b = append(b[:len(b)-1], `,"snapshot":"`...)
	b = append(b, n.ID...)
	b = append(b, `","time":"`...)
	b = append(at.UTC().AppendFormat(b, time.RFC3339), '"')
	if record != "" {
		b = appendMember(b, "record", record)
	}
	return append(b, '}', '\n')
}

// appendItem writes the answer to one item of a batch. asked names what answered.
func appendItem(b []byte, id string, q *screen.Question, a *screen.Answer, asked, record string) []byte {
	b = append(b, '{')
	if id != "" {
		b = append(appendString(append(b, `"id":`...), id), ',')
	}
	if a.Verdict == screen.Clear && a.Kind == screen.AnAddress && plainClear(q, a) {
		// What nearly every item of a large batch is, in the same bytes as AppendMembers.
		b = appendString(append(b, `"verdict":"clear","kind":"address","read":`...), a.Read)
		b = append(b, `,"method":"`+string(screen.MethodAddress)+`","matches":[]`...)
	} else {
		b = screen.AppendMembers(b, q, a)
	}
	b = append(append(append(b, `,"asked":"`...), asked...), '"')
	if record != "" {
		b = appendMember(b, "record", record)
	}
	return append(b, '}')
}

func plainClear(q *screen.Question, a *screen.Answer) bool {
	return len(a.Past) == 0 && len(a.Related) == 0 && len(a.Tags) == 0 && len(a.Found) == 0 && a.Reason == "" && len(a.Read) < 200 &&
		q.AsOf.IsZero() && q.Known.IsZero()
}

func appendMember(b []byte, name, value string) []byte {
	b = append(append(append(b, `,"`...), name...), `":`...)
	return appendString(b, value)
}

func appendJSON(b []byte, v any) []byte {
	text, err := json.Marshal(v)
	if err != nil { // structs of texts and finite numbers always marshal
		panic(err)
	}
	return append(b, text...)
}

// appendString writes a JSON string. What needs no escape, as every address, is copied.
func appendString(b []byte, s string) []byte {
	if plainBytes(s) < len(s) || !utf8.ValidString(s) {
		return appendJSON(b, s)
	}
	b = append(b, '"')
	b = append(b, s...)
	return append(b, '"')
}

// askedSets are the sets of list versions that answered, each under a name that follows
// from what is in it.
type askedSets struct {
	sets []askedSet
}

type askedSet struct {
	name       string
	versions   []*fundtrail.ListVersion
	notCovered []string
}

// id names a set. Versions are told apart by where they are: a snapshot has each once.
func (s *askedSets) id(versions []*fundtrail.ListVersion, notCovered []string) string {
	for i := range s.sets {
		if set := &s.sets[i]; sameList(set.versions, versions) && sameList(set.notCovered, notCovered) {
			return set.name
		}
	}
	set := askedSet{versions: versions, notCovered: notCovered}
	set.name = set.digest()
	s.sets = append(s.sets, set)
	return set.name
}

// sameList is slices.Equal, quick where both are the same array, as they mostly are.
func sameList[T comparable](a, b []T) bool {
	return len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0] || slices.Equal(a, b))
}

func (s *askedSets) merge(from *askedSets) {
	for i := range from.sets {
		s.id(from.sets[i].versions, from.sets[i].notCovered)
	}
}

// digest names a set by what tells it apart.
func (s *askedSet) digest() string {
	h := sha256.New()
	for _, v := range s.versions {
		h.Write([]byte(v.List + "\n" + v.Format + "\n"))
		var clocks [16]byte
		binary.BigEndian.PutUint64(clocks[:], uint64(v.Published.Unix()))
		binary.BigEndian.PutUint64(clocks[8:], uint64(v.Received.Unix()))
		h.Write(clocks[:])
		h.Write(v.SHA256[:])
	}
	for _, list := range s.notCovered {
		h.Write([]byte("\x00" + list))
	}
	return hex.EncodeToString(h.Sum(nil)[:6])
}

// append writes the sets as an object, by name.
func (s *askedSets) append(b []byte) []byte {
	slices.SortFunc(s.sets, func(a, b askedSet) int { return strings.Compare(a.name, b.name) })
	b = append(b, '{')
	for i, set := range s.sets {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(append(append(b, '"'), set.name...), `":{"versions":`...)
		b = screen.AppendVersions(b, set.versions)
		if len(set.notCovered) > 0 {
			b = appendJSON(append(b, `,"not_covered":`...), set.notCovered)
		}
		b = append(b, '}')
	}
	return append(b, '}')
}
