package data

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/fundtrail/fundtrail"
)

// figureYAML is a number that a source states. Its form is the same in every record.
type figureYAML struct {
	What      fundtrail.FigureKind `yaml:"what"`
	USD       fundtrail.Amount     `yaml:"usd"`
	Quantity  string               `yaml:"quantity"`
	Unit      string               `yaml:"unit"`
	Asset     asset                `yaml:"asset"`
	Qualifier string               `yaml:"qualifier"`
	Of        string               `yaml:"of"`
	Through   string               `yaml:"through"`
	Actor     string               `yaml:"actor"`
	From      span                 `yaml:"from"`
	Until     span                 `yaml:"until"`
	Count     int                  `yaml:"count"`
	By        string               `yaml:"by"`
	Note      string               `yaml:"note"`
	basis     `yaml:",inline"`
}

var (
	figureKinds = []fundtrail.FigureKind{
		fundtrail.FigureStolen, fundtrail.FigureThrough, fundtrail.FigureSeized, fundtrail.FigureFrozen, fundtrail.FigureRecovered,
		fundtrail.FigureSought, fundtrail.FigureForfeit, fundtrail.FigureFine, fundtrail.FigureMonths, fundtrail.FigureThings,
	}
	qualifiers = []string{"about", "more than", "at least", "almost", "nominal"}
	decimal    = regexp.MustCompile(`^(0|[1-9][0-9]*)(\.[0-9]+)?$`)
)

// figures reads a record's figures; by is whose they are where a figure does not say.
func figures(in []figureYAML, sources sourcesYAML, by string) ([]fundtrail.Figure, error) {
	var out []fundtrail.Figure
	for i, y := range in {
		f, err := y.figure(sources, by)
		if err != nil {
			return nil, nth("figure", "figures", i, err)
		}
		out = append(out, f)
	}
	return out, nil
}

func (y *figureYAML) figure(sources sourcesYAML, by string) (f fundtrail.Figure, err error) {
	f = fundtrail.Figure{
		What: y.What, USD: y.USD, Quantity: y.Quantity, Unit: y.Unit, Asset: y.Asset.Asset, Qualifier: y.Qualifier,
		Of: y.Of, Through: y.Through, Actor: y.Actor, Count: y.Count, By: either(y.By, by), Note: oneLine(y.Note),
	}
	if f.Source, f.Confidence, f.Known, err = sources.claim(y.basis, fundtrail.When{}); err != nil {
		return f, err
	}
	if f.Period, err = y.From.to(y.Until); err != nil {
		return f, err
	}
	bad := func(format string, args ...any) (fundtrail.Figure, error) {
		return f, fmt.Errorf(format+": %w", append(args, fundtrail.ErrInvalid)...)
	}
	switch {
	case !slices.Contains(figureKinds, f.What):
		return bad("what %q: want one of %s", f.What, words(figureKinds))
	case f.USD.IsZero() && f.Quantity == "":
		return bad("no number: want usd, in whole dollars, or a quantity and its unit")
	case f.Quantity != "" && !decimal.MatchString(f.Quantity):
		return bad("quantity %q: want a decimal number, such as 173600 or 4.8", f.Quantity)
	case (f.Quantity == "") != (f.Unit == ""):
		return bad("want a quantity and its unit, or neither")
	case f.What == fundtrail.FigureMonths && f.Quantity == "", f.What == fundtrail.FigureThings && f.Quantity == "":
		return bad("%s: want a quantity", f.What)
	case f.Asset.Chain != "" && f.Quantity == "":
		return bad("an asset without a quantity")
	case f.Count < 0:
		return bad("count %d", f.Count)
	case f.By == "":
		return bad("no by")
	case f.Period.IsZero() != y.Until.IsZero():
		return bad("want from and until, or neither")
	}
	return f, checkQualifier(f.Qualifier)
}

func checkQualifier(q string) error {
	if q == "" || slices.Contains(qualifiers, q) {
		return nil
	}
	return fmt.Errorf("qualifier %q: want one of %s: %w", q, words(qualifiers), fundtrail.ErrInvalid)
}

// words joins the spellings of a closed list for an error.
func words[T ~string](list []T) string {
	out := make([]string, len(list))
	for i, w := range list {
		out[i] = string(w)
	}
	return strings.Join(out, ", ")
}

type publicationYAML struct {
	ID         string          `yaml:"id"`
	Name       string          `yaml:"name"`
	Definition string          `yaml:"definition"`
	Figures    []figureYAML    `yaml:"figures"`
	Statements []statementYAML `yaml:"statements"`
	Sources    sourcesYAML     `yaml:"sources"`
	basis      `yaml:",inline"`
}

func parsePublication(raw []byte) (fundtrail.Publication, error) {
	return readPublication(raw, folder{})
}

func readPublication(raw []byte, from folder) (p fundtrail.Publication, err error) {
	var y publicationYAML
	if err := decode(raw, &y); err != nil {
		return p, err
	}
	y.Sources.mark(from)
	if err := head(y.ID, y.Name, y.Sources, from); err != nil {
		return p, err
	}
	p = fundtrail.Publication{ID: y.ID, Name: y.Name, Definition: oneLine(y.Definition)}
	if !from.addition && p.Definition == "" {
		return p, fmt.Errorf("no definition: say what it counts, or that no source seen says: %w", fundtrail.ErrInvalid)
	}
	if p.Source, p.Confidence, p.Known, err = y.Sources.claim(y.basis, fundtrail.When{}); err != nil && !(from.addition && y.basis == (basis{})) {
		return p, err
	}
	if p.Figures, err = figures(y.Figures, y.Sources, either(y.Name, y.ID)); err != nil {
		return p, err
	}
	if p.Statements, err = statements(y.Statements, y.Sources); err != nil {
		return p, err
	}
	p.Sources = y.Sources.all()
	return p, nil
}

// head checks what records of every kind begin with.
func head(id, name string, sources sourcesYAML, from folder) error {
	switch {
	case id == "" || id != slug(id):
		return wrong("id", id, "lower-case words joined by hyphens")
	case name == "" && !from.addition:
		return fmt.Errorf("no name: %w", fundtrail.ErrInvalid)
	}
	return sources.check()
}

// VictimKinds returns what a victim can be.
func VictimKinds() []fundtrail.VictimKind { return slices.Clone(victimKinds) }
