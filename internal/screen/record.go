package screen

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/fundtrail/fundtrail"
)

// RecordSchema names the version of [Record]'s JSON.
const RecordSchema = "fundtrail.screening-record/1"

// A Record is one decision: what was asked, what was answered, and what it takes to ask
// again. Which versions of which lists there were to answer from stands in a record of
// its own, see [Lists], because it is long and seldom changes.
type Record struct {
	Time    time.Time
	Caller  string // who asked: an API key's name, a user's
	Program string // name and version
	Methods []fundtrail.Method
	// Lists is the digest of the Lists that answered. ListsRecord is the number of the
	// journal's record that holds them, 0 where it is not known.
	Lists       [32]byte
	ListsRecord uint64
	Question    Question
	Answer      []byte // the document, byte for byte: see AppendJSON
}

// Methods are the methods of this program, as a record states them.
func Methods() []fundtrail.Method { return []fundtrail.Method{MethodAddress, MethodName} }

// A recordJSON is a Record as it is read.
type recordJSON struct {
	Schema   string             `json:"schema"`
	Time     string             `json:"time"`
	Caller   string             `json:"caller,omitempty"`
	Program  string             `json:"program"`
	Methods  []fundtrail.Method `json:"methods"`
	Lists    listsReference     `json:"lists"`
	Question questionJSON       `json:"question"`
	Answer   json.RawMessage    `json:"answer"`
}

type listsReference struct {
	SHA256 string `json:"sha256"`
	Record uint64 `json:"record,omitempty"`
}

// A questionJSON holds a question whole, unlike a document, which is bounded.
type questionJSON struct {
	Text      string   `json:"text"`
	Base64    string   `json:"text_base64,omitempty"` // of a text that is not UTF-8
	Kind      string   `json:"kind,omitempty"`
	Chain     string   `json:"chain,omitempty"`
	AsOf      string   `json:"as_of,omitempty"`
	KnownAt   string   `json:"known_at,omitempty"`
	Party     string   `json:"party,omitempty"`
	Births    []string `json:"births,omitempty"`
	Countries []string `json:"countries,omitempty"`
	Threshold float64  `json:"threshold,omitempty"`
	Limit     int      `json:"limit,omitempty"`
}

// AppendJSON appends the record in its one form: the same record gives the same bytes,
// and [ParseRecord] gives it back. A record that cannot be written so, and so could not
// be replayed, is an error that wraps fundtrail.ErrInvalid.
func (r *Record) AppendJSON(b []byte) ([]byte, error) {
	if err := r.check(); err != nil {
		return b, fmt.Errorf("write a screening's record: %w: %w", err, fundtrail.ErrInvalid)
	}
	b = append(b, `{"schema":"`+RecordSchema+`","time":"`...)
	b = append(appendStamp(b, r.Time), '"')
	if r.Caller != "" {
		b = appendString(append(b, `,"caller":`...), r.Caller)
	}
	b = appendString(append(b, `,"program":`...), r.Program)
	b = append(b, `,"methods":`...)
	for i, m := range r.Methods {
		b = appendString(next(b, i), string(m))
	}
	if len(r.Methods) == 0 {
		b = append(b, '[')
	}
	b = append(b, `],"lists":{"sha256":"`...)
	b = append(hex.AppendEncode(b, r.Lists[:]), '"')
	if r.ListsRecord != 0 {
		b = strconv.AppendUint(append(b, `,"record":`...), r.ListsRecord, 10)
	}
	b = r.Question.appendJSON(append(b, `},"question":`...))
	return append(append(append(b, `,"answer":`...), r.Answer...), '}'), nil
}

// check refuses what would not be read back as it was written.
func (r *Record) check() error {
	q := &r.Question
	texts := append([]string{r.Caller, r.Program, string(q.Kind), string(q.Chain), string(q.Party)}, q.Births...)
	texts = append(texts, q.Countries...)
	for _, m := range r.Methods {
		texts = append(texts, string(m))
	}
	for _, s := range texts {
		if !utf8.ValidString(s) {
			return fmt.Errorf("%q is not UTF-8", bounded(s, 100))
		}
	}
	for _, t := range []time.Time{r.Time, q.AsOf, q.Known} {
		if !t.IsZero() && !hasStamp(t) {
			return fmt.Errorf("the year %d cannot be written in RFC 3339", t.UTC().Year())
		}
	}
	switch {
	case r.Time.IsZero():
		return fmt.Errorf("it has no time")
	case math.IsNaN(q.Threshold) || math.IsInf(q.Threshold, 0):
		return fmt.Errorf("the threshold %v is no number", q.Threshold)
	case len(r.Answer) < 2 || r.Answer[0] != '{' || r.Answer[len(r.Answer)-1] != '}':
		// That it is JSON throughout costs more than all the rest, and the journal checks
		// it for the whole record.
		return fmt.Errorf("the answer is no document")
	}
	return nil
}

func (q *Question) appendJSON(b []byte) []byte {
	if utf8.ValidString(q.Text) {
		b = appendString(append(b, `{"text":`...), q.Text)
	} else {
		b = append(b, `{"text":"","text_base64":"`...)
		b = append(base64.StdEncoding.AppendEncode(b, []byte(q.Text)), '"')
	}
	field := func(key, s string) {
		if s != "" {
			b = appendString(append(b, key...), s)
		}
	}
	all := func(key string, texts []string) {
		if len(texts) == 0 {
			return
		}
		b = append(b, key...)
		for i, s := range texts {
			b = appendString(next(b, i), s)
		}
		b = append(b, ']')
	}
	field(`,"kind":`, string(q.Kind))
	field(`,"chain":`, string(q.Chain))
	b = appendTime(b, `,"as_of":`, q.AsOf)
	b = appendTime(b, `,"known_at":`, q.Known)
	field(`,"party":`, string(q.Party))
	all(`,"births":`, q.Births)
	all(`,"countries":`, q.Countries)
	if q.Threshold != 0 {
		number, _ := json.Marshal(q.Threshold)
		b = append(append(b, `,"threshold":`...), number...)
	}
	b = appendCount(b, `,"limit":`, q.Limit)
	return append(b, '}')
}

// ParseRecord reads a record.
func ParseRecord(text []byte) (Record, error) {
	var j recordJSON
	err := json.Unmarshal(text, &j)
	if err == nil && j.Schema != RecordSchema {
		err = fmt.Errorf("its schema is %q, this program reads %q", bounded(j.Schema, 100), RecordSchema)
	}
	var r Record
	if err == nil {
		r, err = j.record()
	}
	if err == nil {
		err = r.check()
	}
	if err != nil {
		return Record{}, fmt.Errorf("read a screening's record: %w: %w", err, fundtrail.ErrInvalid)
	}
	return r, nil
}

func (j *recordJSON) record() (r Record, err error) {
	r = Record{Caller: j.Caller, Program: j.Program, Methods: j.Methods, ListsRecord: j.Lists.Record, Answer: bytes.Clone(j.Answer)}
	if len(r.Methods) == 0 {
		r.Methods = nil
	}
	if r.Lists, err = parseDigest(j.Lists.SHA256); err != nil {
		return r, fmt.Errorf("lists: %w", err)
	}
	if r.Time, err = parseStamp(j.Time); err != nil {
		return r, fmt.Errorf("time: %w", err)
	}
	q := &j.Question
	r.Question = Question{
		Text: q.Text, Kind: Kind(q.Kind), Chain: fundtrail.Chain(q.Chain), Party: fundtrail.PartyKind(q.Party),
		Births: q.Births, Countries: q.Countries, Threshold: q.Threshold, Limit: q.Limit,
	}
	if q.Base64 != "" {
		raw, err := base64.StdEncoding.DecodeString(q.Base64)
		if err != nil || q.Text != "" {
			return r, fmt.Errorf("text_base64 is none, or stands beside a text")
		}
		r.Question.Text = string(raw)
	}
	if r.Question.AsOf, err = parseStamp(q.AsOf); err != nil {
		return r, fmt.Errorf("as_of: %w", err)
	}
	if r.Question.Known, err = parseStamp(q.KnownAt); err != nil {
		return r, fmt.Errorf("known_at: %w", err)
	}
	return r, nil
}

// parseStamp reads what stamp writes.
func parseStamp(s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.RFC3339Nano, s)
	return t.UTC(), err
}

func parseDigest(s string) (d [32]byte, err error) {
	if len(s) != 64 {
		return d, fmt.Errorf("%q is no SHA-256", bounded(s, 100))
	}
	_, err = hex.Decode(d[:], []byte(s))
	return d, err
}
