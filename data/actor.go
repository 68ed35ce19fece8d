package data

import (
	"fmt"

	"github.com/fundtrail/fundtrail"
)

type actorYAML struct {
	ID         string           `yaml:"id"`
	Name       string           `yaml:"name"`
	Category   string           `yaml:"category"`
	Aliases    []aliasYAML      `yaml:"aliases"`
	Related    []relationYAML   `yaml:"related"`
	Statements []statementYAML  `yaml:"statements"`
	Sources    sourcesYAML      `yaml:"sources"`
	basis      `yaml:",inline"` // of the name and the category
}

type aliasYAML struct {
	Name  string `yaml:"name"`
	Note  string `yaml:"note"`
	basis `yaml:",inline"`
}

type relationYAML struct {
	Actor string `yaml:"actor"`
	How   string `yaml:"how"`
	basis `yaml:",inline"`
}

func parseActor(raw []byte) (fundtrail.Actor, error) { return readActor(raw, folder{}) }

func readActor(raw []byte, from folder) (a fundtrail.Actor, err error) {
	var y actorYAML
	if err := decode(raw, &y); err != nil {
		return a, err
	}
	y.Sources.mark(from)
	if err := y.Sources.check(); err != nil {
		return a, err
	}
	if y.ID == "" || y.Name == "" && !from.addition {
		return a, fmt.Errorf("want an id and a name: %w", fundtrail.ErrInvalid)
	}
	if _, ok := CategoryInfo(y.Category); !ok && !(from.addition && y.Category == "") {
		return a, fmt.Errorf("category %q is not in the vocabulary: %w", y.Category, fundtrail.ErrInvalid)
	}
	if _, _, err := y.Sources.resolve(y.basis); err != nil && !(from.addition && y.basis == (basis{})) {
		return a, err
	}
	a = fundtrail.Actor{ID: y.ID, Name: y.Name, Category: y.Category}
	for i, alias := range y.Aliases {
		_, _, err := y.Sources.resolve(alias.basis)
		if err == nil && alias.Name == "" {
			err = fmt.Errorf("no name: %w", fundtrail.ErrInvalid)
		}
		if err != nil {
			return a, &placed{"aliases", i, fmt.Sprintf("alias %q", alias.Name), err}
		}
		a.Aliases = append(a.Aliases, alias.Name)
	}
	for i, r := range y.Related {
		src, conf, known, err := y.Sources.claim(r.basis, fundtrail.When{})
		if err == nil && (r.Actor == "" || r.How == "") {
			err = fmt.Errorf("want actor and how: %w", fundtrail.ErrInvalid)
		}
		if err != nil {
			return a, &placed{"related", i, fmt.Sprintf("related %q", r.Actor), err}
		}
		a.Related = append(a.Related, fundtrail.Relation{Actor: r.Actor, How: oneLine(r.How), Confidence: conf, Known: known, Source: src})
	}
	a.Statements, err = statements(y.Statements, y.Sources)
	return a, err
}
