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

// clearAnswers is what of a snapshot's usual answers is the same every time: the end of
// the document of a clear address, on the newest versions.
type clearAnswers struct {
	asked    []*fundtrail.ListVersion
	versions []byte // the versions, encoded
}

// prepare encodes what does not change while the snapshot is in force.
func (n *Snapshot) prepare() {
	// Any address will do: which versions answer does not depend on it.
	a := n.Index.Ask(screen.Question{Text: "0x0000000000000000000000000000000000000001", Kind: screen.AnAddress})
	n.clear = clearAnswers{a.Asked, appendVersions(nil, a.Asked)}
}

// appendOne writes the document of one answer.
func (n *Snapshot) appendOne(b []byte, q *screen.Question, a *screen.Answer, record string, at time.Time) []byte {
	b = append(b, `{"schema":"fundtrail.screening/1","snapshot":"`...)
	b = append(b, n.ID...)
	b = append(b, `","time":"`...)
	b = append(at.UTC().AppendFormat(b, time.RFC3339), '"')
	if record != "" {
		b = appendMember(b, "record", record)
	}
	if q.Chain != "" {
		b = appendMember(b, "chain", string(q.Chain))
	}
	if !q.AsOf.IsZero() {
		b = appendMember(b, "as_of", q.AsOf.UTC().Format(time.DateOnly))
	}
	b = appendTime(b, "known_at", q.Known)
	b = appendSaid(append(b, ','), a)
	b = append(b, `,"asked":`...)
	if slices.Equal(a.Asked, n.clear.asked) {
		b = append(b, n.clear.versions...)
	} else {
		b = appendVersions(b, a.Asked)
	}
	return append(b, '}', '\n')
}

// appendItem writes the answer to one item of a batch.
func appendItem(b []byte, id string, a *screen.Answer, asked, record string) []byte {
	b = append(b, '{')
	if id != "" {
		b = append(appendString(append(b, `"id":`...), id), ',')
	}
	b = appendSaid(b, a)
	if record != "" {
		b = appendMember(b, "record", record)
	}
	b = append(b, `,"asked":"`...)
	b = append(b, asked...)
	return append(b, '"', '}')
}

func appendSaid(b []byte, a *screen.Answer) []byte {
	b = append(b, `"verdict":"`...)
	b = append(b, a.Verdict...)
	b = append(b, `","kind":"`...)
	b = append(b, a.Kind...)
	b = appendString(append(b, `","read":`...), a.Read)
	if a.Reason != "" {
		b = appendMember(b, "reason", a.Reason)
	}
	b = appendListings(b, "matches", a.Matches)
	b = appendListings(b, "past", a.Past)
	b = appendListings(b, "related", a.Related)
	if len(a.Tags) > 0 {
		labels := make([]Label, len(a.Tags))
		for i, t := range a.Tags {
			labels[i] = Label{t.Label, t.Category, t.Actor, int(t.Confidence), t.Source.URL}
		}
		b = appendValue(b, "tags", labels)
	}
	if len(a.NotCovered) > 0 {
		b = appendValue(b, "not_covered", a.NotCovered)
	}
	if len(a.Found) > 0 {
		found := make([]SaidOfIt, len(a.Found))
		for i := range a.Found {
			found[i] = SaidOfIt{string(a.Found[i].Verdict), a.Found[i].Read, a.Found[i].Reason}
		}
		b = appendValue(b, "found", found)
	}
	return b
}

func appendListings(b []byte, name string, matches []screen.Match) []byte {
	if len(matches) == 0 {
		return b
	}
	list := make([]Listing, len(matches))
	for i := range matches {
		m := &matches[i]
		d := m.Designation
		list[i] = Listing{
			List: d.List, UID: d.Party.UID, Name: mainName(&d.Party), Party: string(d.Party.Kind), Programs: d.Party.Programs,
			Listed: timeText(d.Listed), ListedAfter: timeText(d.ListedAfter), Delisted: timeText(d.Delisted), DelistedAfter: timeText(d.DelistedAfter),
			FirstSeen: timeText(d.FirstSeen), LastSeen: timeText(d.LastSeen), URL: d.Source.URL, Wallet: m.Wallet, MatchedName: m.Name, Score: m.Score, Why: m.Why,
		}
		if m.Version != nil {
			list[i].Version = versionOf(m.Version)
		}
		for _, t := range m.Tokens {
			list[i].Tokens = append(list[i].Tokens, Token(t))
		}
	}
	return appendValue(b, name, list)
}

func timeText(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

func appendVersions(b []byte, versions []*fundtrail.ListVersion) []byte {
	b = append(b, '[')
	for i, v := range versions {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendJSON(b, versionOf(v))
	}
	return append(b, ']')
}

func appendMember(b []byte, name, value string) []byte {
	b = append(append(append(b, `,"`...), name...), `":`...)
	return appendString(b, value)
}

func appendTime(b []byte, name string, t time.Time) []byte {
	if t.IsZero() {
		return b
	}
	return appendMember(b, name, timeText(t))
}

func appendValue(b []byte, name string, v any) []byte {
	b = append(append(append(b, `,"`...), name...), `":`...)
	return appendJSON(b, v)
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

// askedName names a set of versions by what tells them apart.
func askedName(versions []*fundtrail.ListVersion) string {
	if len(versions) == 0 {
		return "none"
	}
	h := sha256.New()
	for _, v := range versions {
		h.Write([]byte(v.List + "\n" + v.Format + "\n"))
		var clocks [16]byte
		binary.BigEndian.PutUint64(clocks[:], uint64(v.Published.Unix()))
		binary.BigEndian.PutUint64(clocks[8:], uint64(v.Received.Unix()))
		h.Write(clocks[:])
		h.Write(v.SHA256[:])
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
		b = append(append(append(b, '"'), set.name...), `":`...)
		b = appendVersions(b, set.versions)
	}
	return append(b, '}')
}
