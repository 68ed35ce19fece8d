package data

import (
	"bytes"
	"fmt"
	"io"
	"slices"

	"go.yaml.in/yaml/v3"

	"github.com/fundtrail/fundtrail"
)

// MaxDecimals is the most that an amount is shown with: 2^256 has 78 digits, and no token
// in use more than 36 of them behind the point.
const MaxDecimals = 36

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
		case a.Symbol == "" || a.Decimals == nil || *a.Decimals < 0 || *a.Decimals > MaxDecimals:
			err = fmt.Errorf("%s: want a symbol and decimals from 0 to %d: %w", a.Asset.Asset, MaxDecimals, fundtrail.ErrInvalid)
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

// ReadTokens reads a user's own file of tokens, in the form of assets.yaml. Its errors wrap
// [fundtrail.ErrInvalid].
func ReadTokens(raw []byte) ([]Token, error) {
	list, err := parseAssets(raw)
	if err != nil {
		return nil, err
	}
	met := map[fundtrail.Asset]bool{}
	for _, t := range list {
		if met[t.Asset] {
			return nil, fmt.Errorf("%s stands there twice: %w", t.Asset, fundtrail.ErrInvalid)
		}
		met[t.Asset] = true
	}
	return list, nil
}

// WriteTokens writes what [ReadTokens] reads, sorted by asset: tokens that all have one source.
func WriteTokens(w io.Writer, list []Token, from fundtrail.Source) error {
	type row struct {
		Asset      string               `yaml:"asset"`
		Symbol     string               `yaml:"symbol"`
		Decimals   int                  `yaml:"decimals"`
		Note       string               `yaml:"note,omitempty"`
		Source     string               `yaml:"source"`
		Confidence fundtrail.Confidence `yaml:"confidence"`
	}
	type source struct {
		Title     string `yaml:"title"`
		URL       string `yaml:"url"`
		Retrieved string `yaml:"retrieved"`
	}
	const key = "contracts"
	var doc struct {
		Assets  []row             `yaml:"assets"`
		Sources map[string]source `yaml:"sources"`
	}
	for _, t := range slices.SortedFunc(slices.Values(list), func(x, y Token) int { return x.Asset.Compare(y.Asset) }) {
		doc.Assets = append(doc.Assets, row{t.Asset.String(), t.Symbol, t.Decimals, t.Note, key, t.Confidence})
	}
	doc.Sources = map[string]source{key: {from.Title, from.URL, from.Retrieved.UTC().Format("2006-01-02")}}
	var b bytes.Buffer
	e := yaml.NewEncoder(&b)
	e.SetIndent(2)
	if err := e.Encode(doc); err != nil {
		return err
	}
	_, err := w.Write(b.Bytes())
	return err
}
