package screen

import (
	"encoding/hex"
	"strconv"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/fundtrail/fundtrail"
)

// AppendJSON appends the document of an answer, in the bytes that encoding/json gives for
// [NewDocument] without escaping for HTML. Same answer, same bytes.
func AppendJSON(b []byte, q *Question, a *Answer) []byte {
	return appendDocument(b, q, a, nil)
}

// An Encoder appends documents as [AppendJSON] does, and keeps what many have in common:
// most answers ask the same versions. The zero Encoder is ready, and may be used from
// many goroutines.
type Encoder struct {
	asked atomic.Pointer[renderedVersions]
}

// Versions that an answer points to never change, so that equal pointers mean equal text.
type renderedVersions struct {
	of   []*fundtrail.ListVersion
	json []byte
}

// AppendJSON appends the document of an answer.
func (e *Encoder) AppendJSON(b []byte, q *Question, a *Answer) []byte {
	return appendDocument(b, q, a, e)
}

func (e *Encoder) appendVersions(b []byte, versions []*fundtrail.ListVersion) []byte {
	if last := e.asked.Load(); last != nil && samePointers(last.of, versions) {
		return append(b, last.json...)
	}
	from := len(b)
	b = AppendVersions(b, versions)
	e.asked.Store(&renderedVersions{append([]*fundtrail.ListVersion(nil), versions...), append([]byte(nil), b[from:]...)})
	return b
}

func samePointers(a, b []*fundtrail.ListVersion) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

func appendDocument(b []byte, q *Question, a *Answer, e *Encoder) []byte {
	b = append(b, `{"schema":"`+Schema+`",`...)
	b = appendAnswer(b, q, a)
	b = append(b, `,"asked":`...)
	if e != nil {
		b = e.appendVersions(b, a.Asked)
	} else {
		b = AppendVersions(b, a.Asked)
	}
	b = appendTexts(b, `,"not_covered":`, a.NotCovered, len(a.NotCovered))
	b = appendCount(b, `,"left_out":`, leftOut(a))
	return append(b, '}')
}

// AppendMembers appends the members of an answer's document but its schema and what was
// asked, without braces: for documents that hold many answers and say those once.
func AppendMembers(b []byte, q *Question, a *Answer) []byte {
	return appendCount(appendAnswer(b, q, a), `,"left_out":`, leftOut(a))
}

func appendAnswer(b []byte, q *Question, a *Answer) []byte {
	b = appendText(append(b, `"verdict":`...), string(a.Verdict), maxText)
	b = appendField(b, `,"kind":`, string(a.Kind))
	b = append(b, `,"read":`...)
	b = appendText(b, a.Read, maxRead)
	b = appendField(b, `,"reason":`, a.Reason)
	b = append(append(append(b, `,"method":"`...), methodOf(a)...), '"')
	b = appendTime(b, `,"as_of":`, q.AsOf)
	b = appendTime(b, `,"known_at":`, q.Known)
	b = appendMatches(append(b, `,"matches":`...), a.Matches)
	if len(a.Past) > 0 {
		b = appendMatches(append(b, `,"past":`...), a.Past)
	}
	if len(a.Related) > 0 {
		b = appendMatches(append(b, `,"related":`...), a.Related)
	}
	if len(a.Tags) > 0 {
		b = append(b, `,"tags":`...)
		for i := range a.Tags[:min(len(a.Tags), maxTags)] {
			b = appendTag(next(b, i), &a.Tags[i])
		}
		b = append(b, ']')
	}
	if len(a.Found) > 0 {
		b = append(b, `,"found":`...)
		for i := range a.Found[:min(len(a.Found), maxMatches)] {
			f := &a.Found[i]
			b = appendText(append(next(b, i), `{"read":`...), f.Read, maxText)
			b = appendText(append(b, `,"verdict":`...), string(f.Verdict), maxText)
			b = append(appendField(b, `,"reason":`, f.Reason), '}')
		}
		b = append(b, ']')
	}
	return b
}

func appendMatches(b []byte, matches []Match) []byte {
	if len(matches) == 0 {
		return append(b, '[', ']')
	}
	for i := range matches[:min(len(matches), maxMatches)] {
		b = appendMatch(next(b, i), &matches[i])
	}
	return append(b, ']')
}

func appendMatch(b []byte, m *Match) []byte {
	b = append(append(b, `{"is":"`+isInference+`","method":"`...), m.method()...)
	b = appendShare(append(b, `","score":`...), m.Score)
	b = appendField(b, `,"wallet":`, m.Wallet)
	b = appendField(b, `,"name":`, m.Name)
	b = appendField(b, `,"why":`, m.Why)
	if len(m.Tokens) > 0 {
		b = append(b, `,"tokens":`...)
		for i := range m.Tokens[:min(len(m.Tokens), maxTokens)] {
			b = appendToken(next(b, i), &m.Tokens[i])
		}
		b = append(b, ']')
	}
	b = appendDesignation(append(b, `,"designation":`...), m.Designation)
	if v := m.Version; v != nil {
		b = append(b, `,"version":{`...)
		from := len(b)
		b = appendField(b, `,"format":`, v.Format)
		b = appendTime(b, `,"published":`, v.Published)
		b = appendTime(b, `,"received":`, v.Received)
		b = appendDigest(b, `,"sha256":`, v.SHA256)
		b = append(dropComma(b, from), '}')
	}
	return append(b, '}')
}

func appendToken(b []byte, t *TokenMatch) []byte {
	b = append(b, '{')
	from := len(b)
	b = appendField(b, `,"asked":`, t.Asked)
	b = appendField(b, `,"listed":`, t.Listed)
	b = appendShare(append(b, `,"score":`...), t.Score)
	b = appendShare(append(b, `,"weight":`...), t.Weight)
	b = appendField(b, `,"how":`, t.How)
	return append(dropComma(b, from), '}')
}

func appendDesignation(b []byte, d *fundtrail.Designation) []byte {
	b = append(b, `{"is":"`+isClaim+`","list":`...)
	if d == nil {
		return append(b, `""}`...)
	}
	p := &d.Party
	b = appendText(b, d.List, maxText)
	b = appendField(b, `,"uid":`, p.UID)
	b = appendField(b, `,"kind":`, string(p.Kind))
	if len(p.Names) > 0 {
		b = append(b, `,"names":`...)
		for i := range p.Names[:min(len(p.Names), maxNames)] {
			n := &p.Names[i]
			b = appendText(append(next(b, i), `{"text":`...), n.Text, maxText)
			b = append(appendField(b, `,"kind":`, string(n.Kind)), '}')
		}
		b = append(b, ']')
	}
	b = appendTexts(b, `,"programs":`, p.Programs, maxNames)
	b = appendTexts(b, `,"births":`, p.Births, maxNames)
	b = appendTexts(b, `,"countries":`, p.Countries, maxNames)
	b = appendCount(b, `,"more":`, more(p))
	b = appendTime(b, `,"stated_listed":`, p.Listed)
	b = appendTime(b, `,"listed":`, d.Listed)
	b = appendTime(b, `,"listed_after":`, d.ListedAfter)
	b = appendTime(b, `,"delisted":`, d.Delisted)
	b = appendTime(b, `,"delisted_after":`, d.DelistedAfter)
	b = appendTime(b, `,"first_seen":`, d.FirstSeen)
	b = appendTime(b, `,"last_seen":`, d.LastSeen)
	b = appendSource(b, &d.Source)
	return append(b, '}')
}

func appendSource(b []byte, s *fundtrail.Source) []byte {
	if *s == (fundtrail.Source{}) {
		return b
	}
	b = append(b, `,"source":{`...)
	from := len(b)
	b = appendField(b, `,"title":`, s.Title)
	b = appendField(b, `,"url":`, s.URL)
	b = appendTime(b, `,"published":`, s.Published)
	b = appendTime(b, `,"retrieved":`, s.Retrieved)
	b = appendDigest(b, `,"sha256":`, s.SHA256)
	return append(dropComma(b, from), '}')
}

// AppendVersions appends versions as an array, as a document has what it asked.
func AppendVersions(b []byte, versions []*fundtrail.ListVersion) []byte {
	if len(versions) == 0 {
		return append(b, '[', ']')
	}
	for i, v := range versions {
		b = appendText(append(next(b, i), `{"list":`...), v.List, maxText)
		b = appendField(b, `,"format":`, v.Format)
		b = append(b, `,"covers":[`...)
		from := len(b)
		if v.Covers&fundtrail.CoversNames != 0 {
			b = append(b, `,"names"`...)
		}
		if v.Covers&fundtrail.CoversWallets != 0 {
			b = append(b, `,"wallets"`...)
		}
		b = append(dropComma(b, from), ']')
		b = appendTime(b, `,"published":`, v.Published)
		b = appendTime(b, `,"received":`, v.Received)
		b = appendDigest(b, `,"sha256":`, v.SHA256)
		b = strconv.AppendInt(append(b, `,"parties":`...), int64(v.Parties), 10)
		b = strconv.AppendInt(append(b, `,"wallets":`...), int64(v.Wallets), 10)
		b = append(b, '}')
	}
	return append(b, ']')
}

func appendTag(b []byte, t *fundtrail.Tag) []byte {
	b = append(b, `{"is":"`+isClaim+`"`...)
	b = appendField(b, `,"chain":`, string(t.Address.Chain()))
	b = appendField(b, `,"address":`, t.Address.String())
	b = appendField(b, `,"label":`, t.Label)
	b = appendField(b, `,"category":`, t.Category)
	b = appendField(b, `,"role":`, string(t.Role))
	b = appendField(b, `,"actor":`, t.Actor)
	b = appendField(b, `,"incident":`, t.Incident)
	b = appendField(b, `,"note":`, t.Note)
	b = strconv.AppendUint(append(b, `,"confidence":`...), uint64(t.Confidence), 10)
	b = appendSource(b, &t.Source)
	return append(b, '}')
}

// next begins the i-th element of an array.
func next(b []byte, i int) []byte {
	if i == 0 {
		return append(b, '[')
	}
	return append(b, ',')
}

// dropComma takes away the comma at from that the first of several optional parts left.
func dropComma(b []byte, from int) []byte {
	if from < len(b) && b[from] == ',' {
		return append(b[:from], b[from+1:]...)
	}
	return b
}

func appendField(b []byte, key, s string) []byte {
	if s == "" {
		return b
	}
	return appendText(append(b, key...), s, maxText)
}

func appendTexts(b []byte, key string, texts []string, most int) []byte {
	if len(texts) == 0 {
		return b
	}
	b = append(b, key...)
	for i, s := range texts[:min(len(texts), most)] {
		b = appendText(next(b, i), s, maxText)
	}
	return append(b, ']')
}

func appendCount(b []byte, key string, n int) []byte {
	if n == 0 {
		return b
	}
	return strconv.AppendInt(append(b, key...), int64(n), 10)
}

func appendShare(b []byte, x float64) []byte {
	switch x = share(x); x {
	case 0:
		return append(b, '0')
	case 1:
		return append(b, '1')
	}
	return strconv.AppendFloat(b, x, 'f', -1, 64)
}

func appendDigest(b []byte, key string, d [32]byte) []byte {
	if d == ([32]byte{}) {
		return b
	}
	return append(hex.AppendEncode(append(append(b, key...), '"'), d[:]), '"')
}

func hasStamp(t time.Time) bool {
	if t.IsZero() {
		return false
	}
	y := t.UTC().Year()
	return y >= 1 && y <= 9999
}

func appendTime(b []byte, key string, t time.Time) []byte {
	if !hasStamp(t) {
		return b
	}
	return append(appendStamp(append(append(b, key...), '"'), t), '"')
}

// appendStamp is t.AppendFormat(b, time.RFC3339Nano) in UTC, in a third of its time.
func appendStamp(b []byte, t time.Time) []byte {
	t = t.UTC()
	if t.Nanosecond() != 0 {
		return t.AppendFormat(b, time.RFC3339Nano)
	}
	year, month, day := t.Date()
	hour, minute, second := t.Clock()
	b = append(b, byte('0'+year/1000), byte('0'+year/100%10))
	b = appendTwo(b, year%100, '-')
	b = appendTwo(b, int(month), '-')
	b = appendTwo(b, day, 'T')
	b = appendTwo(b, hour, ':')
	b = appendTwo(b, minute, ':')
	return appendTwo(b, second, 'Z')
}

func appendTwo(b []byte, n int, after byte) []byte {
	return append(b, byte('0'+n/10), byte('0'+n%10), after)
}

// appendText appends a bounded text as a JSON string.
func appendText(b []byte, s string, max int) []byte {
	return appendString(b, bounded(s, max))
}

// appendString appends valid UTF-8 as a JSON string, as encoding/json writes it without
// escaping for HTML.
func appendString(b []byte, s string) []byte {
	const digits = "0123456789abcdef"
	b = append(b, '"')
	from := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= utf8.RuneSelf {
			r, n := utf8.DecodeRuneInString(s[i:])
			if r == '\u2028' || r == '\u2029' {
				b = append(append(b, s[from:i]...), `\u202`...)
				b = append(b, digits[r&15])
				from = i + n
			}
			i += n
			continue
		}
		if c >= ' ' && c != '"' && c != '\\' {
			i++
			continue
		}
		b = append(b, s[from:i]...)
		switch c {
		case '"', '\\':
			b = append(b, '\\', c)
		case '\b':
			b = append(b, `\b`...)
		case '\f':
			b = append(b, `\f`...)
		case '\n':
			b = append(b, `\n`...)
		case '\r':
			b = append(b, `\r`...)
		case '\t':
			b = append(b, `\t`...)
		default:
			b = append(b, '\\', 'u', '0', '0', digits[c>>4], digits[c&15])
		}
		i++
		from = i
	}
	return append(append(b, s[from:]...), '"')
}
