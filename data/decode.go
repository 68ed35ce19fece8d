package data

import (
	"bytes"
	"errors"
	"fmt"
	"io"
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
		return fmt.Errorf("%w: %w", err, fundtrail.ErrInvalid)
	}
	if err := d.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return fmt.Errorf("more than one YAML document: %w", fundtrail.ErrInvalid)
	}
	return nil
}

// sourceYAML is an entry of a record's sources, which its statements name by key.
type sourceYAML struct {
	Title     string `yaml:"title"`
	URL       string `yaml:"url"`
	Published when   `yaml:"published"`
	Retrieved when   `yaml:"retrieved"`
	// Unread marks a source that nobody has read for the record. What cites it is from
	// memory, and the source is where to check it.
	Unread bool `yaml:"unread"`
}

// sourcesYAML are a record's sources by key.
type sourcesYAML map[string]sourceYAML

// basis is what every statement of a record carries.
type basis struct {
	Source     string `yaml:"source"`
	Confidence *uint8 `yaml:"confidence"`
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

func (s sourceYAML) source() fundtrail.Source {
	return fundtrail.Source{URL: s.URL, Title: s.Title, Published: s.Published.Time, Retrieved: s.Retrieved.Time}
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
	Date  when   `yaml:"date"`
	basis `yaml:",inline"`
}

func statements(in []statementYAML, sources sourcesYAML) ([]fundtrail.Statement, error) {
	out := make([]fundtrail.Statement, len(in))
	for i, s := range in {
		src, conf, err := sources.resolve(s.basis)
		if err == nil && s.Text == "" {
			err = fmt.Errorf("no text: %w", fundtrail.ErrInvalid)
		}
		if err != nil {
			return nil, fmt.Errorf("statement %d: %w", i+1, err)
		}
		out[i] = fundtrail.Statement{Text: oneLine(s.Text), By: s.By, Date: s.Date.Time, Confidence: conf, Source: src}
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
func tags(in []tagGroup, sources sourcesYAML, category, actor string) ([]fundtrail.Tag, error) {
	var out []fundtrail.Tag
	for i, g := range in {
		src, conf, err := sources.resolve(g.basis)
		if err != nil {
			return nil, fmt.Errorf("address group %d: %w", i+1, err)
		}
		t := fundtrail.Tag{
			Label: g.Label, Category: either(g.Category, category), Role: g.Role, Actor: either(g.Actor, actor),
			Note: oneLine(g.Note), Confidence: conf, Source: src,
		}
		if _, ok := CategoryInfo(t.Category); !ok {
			return nil, fmt.Errorf("address group %d: category %q is not in the vocabulary: %w", i+1, t.Category, fundtrail.ErrInvalid)
		}
		if !knownRole(t.Role) {
			return nil, fmt.Errorf("address group %d: role %q is not known: %w", i+1, t.Role, fundtrail.ErrInvalid)
		}
		if len(g.Of)+len(g.Named) == 0 {
			return nil, fmt.Errorf("address group %d: no addresses: %w", i+1, fundtrail.ErrInvalid)
		}
		for _, a := range g.Of {
			t.Address, t.Label = a.Address, g.Label
			out = append(out, t)
		}
		for text, label := range g.Named {
			var a address
			if err := a.UnmarshalText([]byte(text)); err != nil {
				return nil, fmt.Errorf("address group %d: %w", i+1, err)
			}
			t.Address, t.Label = a.Address, label
			out = append(out, t)
		}
	}
	for i := range out {
		if out[i].Label == "" {
			return nil, fmt.Errorf("address %s: no label: %w", out[i].Address, fundtrail.ErrInvalid)
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
