package feed

import (
	"fmt"
	"io"
	"slices"

	"github.com/fundtrail/fundtrail"
	yaml "go.yaml.in/yaml/v3"
)

// ParseActorPack reads a GraphSense ActorPack: a YAML document with a list named
// actors. Actors come in the file's order; one without an id or a label, and one
// whose id was already used, is rejected.
//
// Category is the first of the actor's categories that says more than
// "organization" or "service". The pack gives most decentralised exchanges, and a
// few custodial ones, both exchange and defi_dex; its order is kept.
func ParseActorPack(r io.Reader) ([]fundtrail.Actor, []Rejected, error) {
	var actors []fundtrail.Actor
	var rejected []Rejected
	known := map[string]bool{}
	entries := 0
	err := documents(r, "actor pack", func(doc *yaml.Node) error {
		if doc.Kind != yaml.MappingNode {
			return expected(doc, "a mapping with a list named actors")
		}
		list := value(doc, "actors")
		if list == nil || list.Kind != yaml.SequenceNode {
			return expected(doc, "a list named actors")
		}
		for _, n := range list.Content {
			n = resolve(n)
			entries++
			a, err := packActor(n)
			if err == nil && known[a.ID] {
				err = fmt.Errorf("actor %q is given twice: %w", clip(a.ID), fundtrail.ErrInvalid)
			}
			if err != nil {
				rejected = append(rejected, Rejected{n.Line, entries, clip(a.ID), err})
				continue
			}
			known[a.ID] = true
			actors = append(actors, a)
		}
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	return actors, rejected, nil
}

func packActor(n *yaml.Node) (a fundtrail.Actor, err error) {
	if n.Kind != yaml.MappingNode {
		return a, expected(n, "a mapping with an id and a label")
	}
	if id := value(n, "id"); id != nil {
		a.ID = id.Value
	}
	if label := value(n, "label"); label != nil {
		a.Name = label.Value
	}
	if a.ID == "" || a.Name == "" {
		return a, expected(n, "an id and a label")
	}
	a.Category = narrowest(words(value(n, "categories")))
	a.Aliases = words(value(n, "aliases"))
	if context := value(n, "context"); context != nil && context.Kind == yaml.MappingNode {
		a.Aliases = append(a.Aliases, words(value(context, "aliases"))...)
	}
	// The pack repeats most aliases in both places.
	slices.Sort(a.Aliases)
	a.Aliases = slices.Compact(a.Aliases)
	return a, nil
}

// words returns the texts of a list, or of a single text.
func words(n *yaml.Node) (out []string) {
	if n == nil {
		return nil
	}
	list := []*yaml.Node{n}
	if n.Kind == yaml.SequenceNode {
		list = n.Content
	}
	for _, c := range list {
		if c = resolve(c); c.Kind == yaml.ScalarNode && c.Tag != "!!null" {
			out = append(out, c.Value)
		}
	}
	return out
}
