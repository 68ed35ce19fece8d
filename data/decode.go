package data

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"time"

	"github.com/fundtrail/fundtrail"
	"go.yaml.in/yaml/v3"
)

// The YAML shapes shared by all records. Unknown fields, a second document and a
// value that its parser refuses are errors with a line number.

// decode reads one YAML document into v, strictly.
func decode(raw []byte, v any) error {
	d := yaml.NewDecoder(bytes.NewReader(raw))
	d.KnownFields(true)
	if err := d.Decode(v); err != nil {
		if errors.Is(err, io.EOF) {
			return fmt.Errorf("the file is empty: %w", fundtrail.ErrInvalid)
		}
		if t := new(yaml.TypeError); errors.As(err, &t) {
			text := goType.ReplaceAllString(strings.Join(t.Errors, "; "), "")
			return fmt.Errorf("yaml: %s: %w", text, fundtrail.ErrInvalid)
		}
		return fmt.Errorf("%w: %w", err, fundtrail.ErrInvalid)
	}
	if err := d.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return fmt.Errorf("more than one YAML document: %w", fundtrail.ErrInvalid)
	}
	return nil
}

// goType is what the YAML package says of a field's place in our program.
var goType = regexp.MustCompile(` (in|into) (type )?data\.\w+`)

// A placed error says in which entry of which field of a record something is wrong.
type placed struct {
	field string // of the record's mapping
	index int    // in the field's list; below zero where it is none
	what  string
	err   error
}

func (p *placed) Error() string { return p.what + ": " + p.err.Error() }
func (p *placed) Unwrap() error { return p.err }

// nth places err in the entry of a field's list; what is the entry's name.
func nth(what, field string, i int, err error) error {
	return &placed{field, i, fmt.Sprintf("%s %d", what, i+1), err}
}

// wrong says that a field's value is none that it may have.
func wrong(field, value, want string) error {
	return &placed{field, -1, fmt.Sprintf("%s %q", field, value), fmt.Errorf("want %s: %w", want, fundtrail.ErrInvalid)}
}

// within places err in a field.
func within(field string, err error) error { return &placed{field, -1, field, err} }

// sourceYAML is an entry of a record's sources, which its statements name by key.
type sourceYAML struct {
	Title     string `yaml:"title"`
	URL       string `yaml:"url"`
	Published when   `yaml:"published"`
	Retrieved when   `yaml:"retrieved"`
	// Unread marks a source that nobody has read for the record. What cites it is from
	// memory, and the source is where to check it.
	Unread bool `yaml:"unread"`

	records string // the user's folder that the record stands in
}

// A folder is where a record stands: "" and false for the program's own.
type folder struct {
	name     string
	addition bool // the record adds to one of ours
}

// mark notes whose records cite the sources.
func (s sourcesYAML) mark(from folder) {
	for key, src := range s {
		src.records = from.name
		s[key] = src
	}
}

// sourcesYAML are a record's sources by key.
type sourcesYAML map[string]sourceYAML

// basis is what every statement of a record carries.
type basis struct {
	Source     string `yaml:"source"`
	Confidence *uint8 `yaml:"confidence"`
	Known      when   `yaml:"known"` // from when the public could know it, where the record says so
}

// resolve returns the source and the confidence that b names.
func (s sourcesYAML) resolve(b basis) (fundtrail.Source, fundtrail.Confidence, error) {
	src, ok := s[b.Source]
	switch {
	case b.Source == "":
		return fundtrail.Source{}, 0, fmt.Errorf("no source: %w", fundtrail.ErrInvalid)
	case !ok:
		return fundtrail.Source{}, 0, fmt.Errorf("source %q is not among the record's sources: %w", b.Source, fundtrail.ErrInvalid)
	case b.Confidence == nil:
		return fundtrail.Source{}, 0, fmt.Errorf("no confidence: %w", fundtrail.ErrInvalid)
	case *b.Confidence > 100:
		return fundtrail.Source{}, 0, fmt.Errorf("confidence %d: want 0 to 100: %w", *b.Confidence, fundtrail.ErrInvalid)
	}
	return src.source(), fundtrail.Confidence(*b.Confidence), nil
}

// claim is resolve, and from when the public could know it. act is when the claim's own
// public act was, zero for a claim that is none.
func (s sourcesYAML) claim(b basis, act fundtrail.When) (fundtrail.Source, fundtrail.Confidence, fundtrail.Known, error) {
	src, conf, err := s.resolve(b)
	k := fundtrail.Known{On: src.Retrieved, Basis: fundtrail.KnownRetrieved}
	switch {
	case !b.Known.IsZero():
		k = fundtrail.Known{On: b.Known.Time, Basis: fundtrail.KnownStated}
	case !act.IsZero():
		k = fundtrail.Known{On: act.To, Basis: fundtrail.KnownAct} // of a month, its end: no sooner than it is sure
	case !src.Published.IsZero():
		k = fundtrail.Known{On: src.Published, Basis: fundtrail.KnownPublished}
	}
	k.On = dayOf(k.On)
	return src, conf, k, err
}

// dayOf returns the day of UTC that t is in; the zero time is in none.
func dayOf(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	return t.UTC().Truncate(24 * time.Hour)
}

func (s sourceYAML) source() fundtrail.Source {
	return fundtrail.Source{URL: s.URL, Title: s.Title, Published: s.Published.Time, Retrieved: s.Retrieved.Time, Records: s.records}
}

// check says what is wrong with the sources themselves.
func (s sourcesYAML) check() error {
	for key, src := range s {
		if err := webAddress(src.URL); err != nil {
			return fmt.Errorf("source %q: %w", key, err)
		}
	}
	return nil
}

// all returns the sources in the order of their keys.
func (s sourcesYAML) all() []fundtrail.Source {
	var out []fundtrail.Source
	for _, key := range sortedKeys(s) {
		out = append(out, s[key].source())
	}
	return out
}

// when is a day (2022-03-23) or a second of UTC (2022-03-23T13:29:09Z).
type when struct {
	time.Time
	exact bool
}

func (w *when) UnmarshalYAML(n *yaml.Node) error {
	for _, layout := range []string{time.DateOnly, "2006-01-02T15:04:05Z"} {
		if t, err := time.Parse(layout, n.Value); err == nil {
			w.Time, w.exact = t, layout != time.DateOnly
			return nil
		}
	}
	return fmt.Errorf("line %d: time %q: want 2022-03-23 or 2022-03-23T13:29:09Z", n.Line, n.Value)
}

// span is a second, a day or a month (2024-09).
type span struct{ fundtrail.When }

func (s *span) UnmarshalYAML(n *yaml.Node) error {
	if t, err := time.Parse("2006-01", n.Value); err == nil {
		s.From, s.To = t, t.AddDate(0, 1, -1)
		return nil
	}
	var w when
	if err := w.UnmarshalYAML(n); err != nil {
		return fmt.Errorf("line %d: time %q: want 2022-03-23, 2022-03-23T13:29:09Z or a month, 2022-03", n.Line, n.Value)
	}
	s.From, s.To, s.Exact = w.Time, w.Time, w.exact
	return nil
}

// to is the range from s to the end of until; s itself where no end is stated.
func (s span) to(until span) (fundtrail.When, error) {
	w := s.When
	if until.IsZero() {
		return w, nil
	}
	w.To, w.Exact = until.To, w.Exact && until.Exact
	if s.IsZero() || until.To.Before(s.From) {
		return w, fmt.Errorf("until %s is before %s: %w", until.To.Format(time.DateOnly), s.From.Format(time.DateOnly), fundtrail.ErrInvalid)
	}
	return w, nil
}

// last is the end of w where that is another day than its beginning, for words that keep
// a day and its possible end.
func last(w fundtrail.When) time.Time {
	if w.To.Equal(w.From) {
		return time.Time{}
	}
	return w.To
}

// address is written chain/address: "eth/0x098b…".
type address struct{ fundtrail.Address }

func (a *address) UnmarshalText(text []byte) error {
	chain, rest, err := cutChain(string(text))
	if err != nil {
		return err
	}
	a.Address, err = fundtrail.ParseAddress(chain, rest)
	return err
}

// txID is written chain/hash.
type txID struct{ fundtrail.TxID }

func (t *txID) UnmarshalText(text []byte) error {
	chain, rest, err := cutChain(string(text))
	if err != nil {
		return err
	}
	hash, err := fundtrail.ParseHash(rest)
	if err != nil {
		return err
	}
	t.TxID = fundtrail.TxID{Chain: chain, Hash: hash}
	return nil
}

// asset is written as fundtrail.ParseAsset reads it: "eth" or "eth/0xc02a…".
type asset struct{ fundtrail.Asset }

func (a *asset) UnmarshalText(text []byte) (err error) {
	a.Asset, err = fundtrail.ParseAsset(string(text))
	return err
}

func cutChain(s string) (fundtrail.Chain, string, error) {
	slug, rest, ok := strings.Cut(s, "/")
	if !ok {
		return "", "", fmt.Errorf("%q: want chain/… such as eth/0x098b…: %w", s, fundtrail.ErrInvalid)
	}
	chain, err := fundtrail.ParseChain(slug)
	return chain, rest, err
}

// statementYAML is a sentence that a source supports.
type statementYAML struct {
	Text  string `yaml:"text"`
	By    string `yaml:"by"`
	Date  span   `yaml:"date"`
	Until span   `yaml:"until"`
	basis `yaml:",inline"`
}

func statements(in []statementYAML, sources sourcesYAML) ([]fundtrail.Statement, error) {
	return statementsOf("statement", "statements", in, sources)
}

func statementsOf(what, field string, in []statementYAML, sources sourcesYAML) ([]fundtrail.Statement, error) {
	out := make([]fundtrail.Statement, len(in))
	for i, s := range in {
		when, err := s.Date.to(s.Until)
		act := when
		if s.By == "" {
			act = fundtrail.When{} // nobody's own act
		}
		src, conf, known, err2 := sources.claim(s.basis, act)
		if err2 != nil {
			err = err2
		}
		if err == nil && s.Text == "" {
			err = fmt.Errorf("no text: %w", fundtrail.ErrInvalid)
		}
		if err != nil {
			return nil, nth(what, field, i, err)
		}
		out[i] = fundtrail.Statement{
			Text: oneLine(s.Text), By: s.By, Date: when.From, Until: last(when), Confidence: conf, Known: known, Source: src,
		}
	}
	return out, nil
}

// tagGroup is a claim about several addresses at once. Of lists addresses that
// share Label; Named gives each its own.
type tagGroup struct {
	Label    string            `yaml:"label"`
	Role     fundtrail.TagRole `yaml:"role"`
	Category string            `yaml:"category"`
	Actor    string            `yaml:"actor"`
	Note     string            `yaml:"note"`
	Of       []address         `yaml:"of"`
	Named    map[string]string `yaml:"named"`
	basis    `yaml:",inline"`
}

// tags spreads groups into one tag an address; category and actor are what a group
// that states none inherits.
// act is the public act that named them, zero where there is none.
func tags(groups []tagGroup, sources sourcesYAML, category, actor string, act fundtrail.When) ([]fundtrail.Tag, error) {
	var out []fundtrail.Tag
	for i, g := range groups {
		src, conf, known, err := sources.claim(g.basis, act)
		if err != nil {
			return nil, nth("address group", "addresses", i, err)
		}
		t := fundtrail.Tag{
			Label: g.Label, Category: either(g.Category, category), Role: g.Role, Actor: either(g.Actor, actor),
			Note: oneLine(g.Note), Confidence: conf, Known: known, Source: src,
		}
		if _, ok := CategoryInfo(t.Category); !ok {
			return nil, nth("address group", "addresses", i, fmt.Errorf("category %q is not in the vocabulary: %w", t.Category, fundtrail.ErrInvalid))
		}
		if !knownRole(t.Role) {
			return nil, nth("address group", "addresses", i, fmt.Errorf("role %q is not known: %w", t.Role, fundtrail.ErrInvalid))
		}
		if len(g.Of)+len(g.Named) == 0 {
			return nil, nth("address group", "addresses", i, fmt.Errorf("no addresses: %w", fundtrail.ErrInvalid))
		}
		for _, a := range g.Of {
			t.Address, t.Label = a.Address, g.Label
			out = append(out, t)
		}
		for text, label := range g.Named {
			var a address
			if err := a.UnmarshalText([]byte(text)); err != nil {
				return nil, nth("address group", "addresses", i, err)
			}
			t.Address, t.Label = a.Address, label
			out = append(out, t)
		}
	}
	for i := range out {
		if out[i].Label == "" {
			return nil, within("addresses", fmt.Errorf("%s has no label: %w", out[i].Address, fundtrail.ErrInvalid))
		}
	}
	sortTags(out)
	return out, nil
}

func knownRole(r fundtrail.TagRole) bool {
	switch r {
	case fundtrail.RoleUnstated, fundtrail.RoleDeposit, fundtrail.RoleHot, fundtrail.RoleVictim,
		fundtrail.RoleThief, fundtrail.RoleIntermediary, fundtrail.RolePool, fundtrail.RoleRouter:
		return true
	}
	return false
}

func either(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// oneLine undoes the line breaks of YAML's literal and folded texts.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
