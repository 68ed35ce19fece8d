package feed

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/fundtrail/fundtrail"
	yaml "go.yaml.in/yaml/v3"
)

// ParseTagPack reads a GraphSense TagPack: one YAML document whose header fields
// hold for every tag that does not state its own.
//
// from says where the bytes came from. Its Title, the file's name, stands in each
// tag's Source behind the pack's own title; its Retrieved and SHA256 are copied.
// The tag's URL is its source field or, failing that, the pack's uri.
//
// An error wraps [fundtrail.ErrInvalid] and means that the file is no TagPack.
func ParseTagPack(r io.Reader, from fundtrail.Source) (Claims, error) {
	p := tagPack{from: from, uncovered: counter{}, unread: counter{}}
	err := documents(r, "tag pack", func(doc *yaml.Node) error {
		if doc.Kind != yaml.MappingNode {
			return expected(doc, "a mapping with a list named tags")
		}
		tags := value(doc, "tags")
		if tags == nil || tags.Kind != yaml.SequenceNode {
			return expected(doc, "a list named tags")
		}
		var header packFields
		if err := header.read(doc, 0); err != nil {
			return err
		}
		for _, n := range tags.Content {
			p.tag(resolve(n), header)
		}
		return nil
	})
	if err != nil {
		return Claims{}, err
	}
	p.out.NotCovered, p.out.Unread = p.uncovered.counts(), p.unread.counts()
	return p.out, nil
}

// documents hands each YAML document of r to read.
func documents(r io.Reader, what string, read func(*yaml.Node) error) error {
	dec := yaml.NewDecoder(r)
	for n := 0; ; n++ {
		var doc yaml.Node
		switch err := dec.Decode(&doc); {
		case err == io.EOF && n > 0:
			return nil
		case err == io.EOF:
			return fmt.Errorf("parse %s: empty file: %w", what, fundtrail.ErrInvalid)
		case err != nil:
			// The library's text begins with the line: "yaml: line 12: did not find…".
			return fmt.Errorf("parse %s: want YAML: %v: %w", what, err, fundtrail.ErrInvalid)
		}
		body := &doc
		if doc.Kind == yaml.DocumentNode && len(doc.Content) == 1 {
			body = resolve(doc.Content[0])
		}
		if err := read(body); err != nil {
			return fmt.Errorf("parse %s: %w", what, err)
		}
	}
}

func expected(n *yaml.Node, what string) error {
	return fmt.Errorf("line %d: want %s: %w", n.Line, what, fundtrail.ErrInvalid)
}

// resolve follows an alias to what it stands for. An alias to an alias cannot be
// written in YAML.
func resolve(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode && n.Alias != nil {
		return n.Alias
	}
	return n
}

// value returns the value of a mapping's key, nil where it has none.
func value(m *yaml.Node, key string) *yaml.Node {
	for i := 0; i+1 < len(m.Content); i += 2 {
		if m.Content[i].Value == key {
			return resolve(m.Content[i+1])
		}
	}
	return nil
}

// packFields are the fields of a tag, or of a header that its tags inherit.
type packFields struct {
	title, uri                string
	address, tx               string
	label, actor              string
	currency, network         string
	category, concepts, abuse string
	confidence, source        string
	lastmod, context          string
}

// field returns where a key's value goes, nil for a key that is not kept.
func (f *packFields) field(key string) *string {
	switch key {
	case "title":
		return &f.title
	case "uri", "tagpack_uri":
		return &f.uri
	case "address":
		return &f.address
	case "tx_hash":
		return &f.tx
	case "label":
		return &f.label
	case "actor":
		return &f.actor
	case "currency":
		return &f.currency
	case "network":
		return &f.network
	case "category":
		return &f.category
	case "concepts":
		return &f.concepts
	case "abuse":
		return &f.abuse
	case "confidence":
		return &f.confidence
	case "source":
		return &f.source
	case "lastmod":
		return &f.lastmod
	case "context":
		return &f.context
	}
	return nil
}

// read sets the fields that a mapping states and leaves the others alone. A null
// states nothing.
func (f *packFields) read(m *yaml.Node, depth int) error {
	const deepest = 4 // merges within merges: a pack needs one, a loop of anchors has no end
	if m.Kind != yaml.MappingNode || depth > deepest {
		return expected(m, "a mapping of fields")
	}
	for i := 0; i+1 < len(m.Content); i += 2 {
		if m.Content[i].Tag != "!!merge" {
			continue
		}
		merged := []*yaml.Node{m.Content[i+1]}
		if seq := resolve(m.Content[i+1]); seq.Kind == yaml.SequenceNode {
			merged = seq.Content
		}
		for j := len(merged) - 1; j >= 0; j-- { // YAML: the earlier mapping wins
			if err := f.read(resolve(merged[j]), depth+1); err != nil {
				return err
			}
		}
	}
	var seen []*string
	for i := 0; i+1 < len(m.Content); i += 2 {
		key, v := m.Content[i], resolve(m.Content[i+1])
		to := f.field(key.Value)
		if to == nil || key.Tag == "!!merge" {
			continue
		}
		for _, s := range seen {
			if s == to {
				return fmt.Errorf("line %d: %s is stated twice: %w", key.Line, key.Value, fundtrail.ErrInvalid)
			}
		}
		seen = append(seen, to)
		if v.Tag == "!!null" {
			continue
		}
		switch {
		case v.Kind == yaml.ScalarNode:
			*to = v.Value
		case v.Kind == yaml.SequenceNode && key.Value == "concepts":
			var words []string
			for _, c := range v.Content {
				if c = resolve(c); c.Kind != yaml.ScalarNode {
					return expected(c, "a list of words in concepts")
				}
				words = append(words, c.Value)
			}
			*to = narrowest(words)
		default:
			return expected(v, "a text in "+key.Value)
		}
	}
	return nil
}

// narrowest picks the concept that a trace can use: the first that says more than
// that there is an organisation or a service.
func narrowest(concepts []string) string {
	for _, c := range concepts {
		if c != "organization" && c != "service" {
			return c
		}
	}
	if len(concepts) > 0 {
		return concepts[0]
	}
	return ""
}

// A tagPack is a TagPack while it is read.
type tagPack struct {
	from      fundtrail.Source
	out       Claims
	entries   int
	uncovered counter
	unread    counter
}

// tag reads one tag, which inherits what it does not state.
func (p *tagPack) tag(n *yaml.Node, f packFields) {
	p.entries++
	// A header may not stand in for what a tag is about.
	f.address, f.tx = "", ""
	err := f.read(n, 0)
	if err == nil {
		err = p.claim(f)
	}
	if err != nil {
		p.out.Rejected = append(p.out.Rejected, Rejected{n.Line, p.entries, clip(f.address + f.tx), err})
	}
}

func (p *tagPack) claim(f packFields) error {
	if f.address == "" && f.tx == "" {
		return fmt.Errorf("want an address or a tx_hash: %w", fundtrail.ErrInvalid)
	}
	if f.address != "" && f.tx != "" {
		return fmt.Errorf("both an address and a tx_hash: want one of them: %w", fundtrail.ErrInvalid)
	}
	if f.label+f.actor+f.category+f.concepts+f.abuse == "" {
		return fmt.Errorf("want a label, an actor, a category or an abuse: %w", fundtrail.ErrInvalid)
	}
	tag := fundtrail.Tag{
		Label: f.label,
		Actor: f.actor,
		Source: fundtrail.Source{
			Title:     p.from.Title,
			Published: p.from.Published,
			Retrieved: p.from.Retrieved,
			SHA256:    p.from.SHA256,
		},
	}
	chain, err := packChain(f)
	if errors.Is(err, fundtrail.ErrNotFound) {
		p.uncovered.add("currency", strings.ToUpper(orElse(f.network, f.currency)))
		return nil
	}
	if err == nil && f.tx != "" {
		tag.Tx.Chain = chain
		tag.Tx.Hash, err = fundtrail.ParseHash(f.tx)
	} else if err == nil {
		tag.Address, err = fundtrail.ParseAddress(chain, f.address)
	}
	if err != nil {
		return err
	}

	tag.Category = orElse(f.category, f.concepts, f.abuse)
	if tag.Category == f.abuse {
		f.abuse = ""
	}
	if tag.Category == "service_hack" {
		// The tag says nothing but that this took part in a hack of a service.
		tag.Role = fundtrail.RoleThief
	}
	tag.Note = clipNote(f.context)
	if f.abuse != "" { // "category: exchange, abuse: scam" says two things
		tag.Note = strings.TrimSuffix("abuse: "+f.abuse+"; "+tag.Note, "; ")
	}
	level, ok := confidences[orElse(f.confidence, unstated)]
	if !ok {
		level = confidences[unstated]
		p.unread.add("confidence", f.confidence)
	}
	tag.Confidence = level
	if f.title != "" {
		tag.Source.Title = f.title
		if p.from.Title != "" {
			tag.Source.Title += ", " + p.from.Title
		}
	}
	tag.Source.URL = orElse(f.source, f.uri, p.from.URL)
	if f.lastmod != "" {
		if tag.Source.Published, ok = parseDay(f.lastmod); !ok {
			p.unread.add("lastmod", f.lastmod)
		}
	}
	p.out.Tags = append(p.out.Tags, tag)
	return nil
}

// tokenCurrencies are currencies of TagPacks that live on several chains.
var tokenCurrencies = map[string]bool{"USDT": true, "USDC": true}

// packChain returns the chain a tag is about: its network, or the chain of its
// currency. The error wraps ErrNotFound for a chain that this module does not know.
func packChain(f packFields) (fundtrail.Chain, error) {
	text := orElse(f.network, f.currency)
	if text == "" {
		return "", fmt.Errorf("want a currency or a network: %w", fundtrail.ErrInvalid)
	}
	if tokenCurrencies[strings.ToUpper(text)] {
		// A token names no chain, but an address's form does: of the networks that
		// TagPacks know, ETH alone writes 0x, and TRX alone base58check with T.
		if strings.HasPrefix(f.address, "0x") || strings.HasPrefix(f.tx, "0x") {
			return fundtrail.Ethereum, nil
		}
		for _, c := range []fundtrail.Chain{fundtrail.Tron, fundtrail.Bitcoin} {
			if _, err := fundtrail.ParseAddress(c, f.address); err == nil {
				return c, nil
			}
		}
		return "", fmt.Errorf("currency %s lives on several chains and %q shows none: want a network: %w",
			strings.ToUpper(text), clip(f.address+f.tx), fundtrail.ErrInvalid)
	}
	chain, err := fundtrail.ParseChain(text)
	if err != nil {
		return "", fmt.Errorf("network %q: %w", clip(text), fundtrail.ErrNotFound)
	}
	return chain, nil
}

// clipNote bounds a note: packs put whole JSON objects there, and there may be
// hundreds of thousands of tags.
func clipNote(s string) string {
	const most = 1000
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}

// orElse returns the first text that is not empty.
func orElse(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}

// parseDay reads a date as TagPacks write it, with or without a time; a time
// without a zone is UTC.
func parseDay(s string) (time.Time, bool) {
	for _, layout := range []string{
		time.DateOnly, time.RFC3339, "2006-01-02 15:04:05", "2006-01-02T15:04:05", "2006-01-02 15:04:05Z07:00",
	} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC(), true
		}
	}
	return time.Time{}, false
}
