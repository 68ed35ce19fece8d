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

// A Token is what a record says of an asset that is not a chain's native coin.
type Token struct {
	Asset      fundtrail.Asset
	Symbol     string
	Decimals   int
	Note       string
	Confidence fundtrail.Confidence
	Source     fundtrail.Source
}

type assetsYAML struct {
	Assets []struct {
		Asset    asset  `yaml:"asset"`
		Symbol   string `yaml:"symbol"`
		Decimals *int   `yaml:"decimals"`
		Note     string `yaml:"note"`
		basis    `yaml:",inline"`
	} `yaml:"assets"`
	Sources sourcesYAML `yaml:"sources"`
}

func parseAssets(raw []byte) ([]Token, error) {
	var y assetsYAML
	if err := decode(raw, &y); err != nil {
		return nil, err
	}
	if err := y.Sources.check(); err != nil {
		return nil, err
	}
	var out []Token
	for i, a := range y.Assets {
		src, conf, err := y.Sources.resolve(a.basis)
		switch {
		case err != nil:
		case a.Asset.Contract.IsZero():
			err = fmt.Errorf("asset %q: want a token: chain/contract: %w", a.Asset.Asset, fundtrail.ErrInvalid)
		case a.Symbol == "" || a.Decimals == nil || *a.Decimals < 0 || *a.Decimals > 36:
			err = fmt.Errorf("%s: want a symbol and decimals from 0 to 36: %w", a.Asset.Asset, fundtrail.ErrInvalid)
		}
		if err != nil {
			return nil, fmt.Errorf("asset %d: %w", i+1, err)
		}
		out = append(out, Token{
			Asset: a.Asset.Asset, Symbol: a.Symbol, Decimals: *a.Decimals, Note: oneLine(a.Note), Confidence: conf, Source: src,
		})
	}
	return out, nil
}
