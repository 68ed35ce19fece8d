package data

import (
	"fmt"
	"slices"

	"github.com/fundtrail/fundtrail"
)

type actionYAML struct {
	ID          string               `yaml:"id"`
	Name        string               `yaml:"name"`
	Aliases     []string             `yaml:"aliases"`
	Summary     string               `yaml:"summary"`
	Kind        fundtrail.ActionKind `yaml:"kind"`
	Date        span                 `yaml:"date"`
	Until       span                 `yaml:"until"`
	By          []agencyYAML         `yaml:"by"`
	Of          []string             `yaml:"of"`
	Incidents   []string             `yaml:"incidents"`
	Proceedings []string             `yaml:"proceedings"`
	List        string               `yaml:"list"`
	Addresses   []tagGroup           `yaml:"addresses"`
	Figures     []figureYAML         `yaml:"figures"`
	Statements  []statementYAML      `yaml:"statements"`
	Note        string               `yaml:"note"`
	Sources     sourcesYAML          `yaml:"sources"`
	basis       `yaml:",inline"`     // of the name, the kind, the day and the summary
}

type agencyYAML struct {
	Actor   string `yaml:"actor"`
	Name    string `yaml:"name"`
	Country string `yaml:"country"`
	Role    string `yaml:"role"`
	basis   `yaml:",inline"`
}

var actionKinds = []fundtrail.ActionKind{
	fundtrail.Designated, fundtrail.ListUpdated, fundtrail.Delisted, fundtrail.Seized, fundtrail.TakenDown, fundtrail.Frozen,
	fundtrail.ForfeitureBy, fundtrail.Attributed, fundtrail.Advised, fundtrail.RuleMade, fundtrail.Judged, fundtrail.Met,
	fundtrail.Stated, fundtrail.Reported, fundtrail.Voted,
}

func parseAction(raw []byte) (fundtrail.Action, error) { return readAction(raw, folder{}) }

func readAction(raw []byte, from folder) (a fundtrail.Action, err error) {
	var y actionYAML
	if err := decode(raw, &y); err != nil {
		return a, err
	}
	y.Sources.mark(from)
	if err := head(y.ID, y.Name, y.Sources, from); err != nil {
		return a, err
	}
	a = fundtrail.Action{
		ID: y.ID, Name: y.Name, Aliases: y.Aliases, Summary: oneLine(y.Summary), Kind: y.Kind, Of: y.Of,
		Incidents: y.Incidents, Proceedings: y.Proceedings, List: y.List, Note: oneLine(y.Note),
	}
	if a.When, err = y.Date.to(y.Until); err != nil {
		return a, within("until", err)
	}
	switch absent := from.addition; {
	case !slices.Contains(actionKinds, a.Kind) && !(absent && a.Kind == ""):
		return a, wrong("kind", string(a.Kind), "one of "+words(actionKinds))
	case a.When.IsZero() && !absent:
		return a, fmt.Errorf("no date: %w", fundtrail.ErrInvalid)
	}
	if a.Source, a.Confidence, a.Known, err = y.Sources.claim(y.basis, a.When); err != nil && !(from.addition && y.basis == (basis{})) {
		return a, err
	}
	for i, x := range y.By {
		agency, err := x.agency(y.Sources, a.When)
		if err != nil {
			return a, nth("by", "by", i, err)
		}
		a.By = append(a.By, agency)
	}
	if len(a.By) == 0 && !from.addition {
		return a, fmt.Errorf("no by: want whose act it was: %w", fundtrail.ErrInvalid)
	}
	if a.Addresses, err = tags(y.Addresses, y.Sources, "", "", a.When); err != nil {
		return a, err
	}
	if a.Figures, err = figures(y.Figures, y.Sources, ""); err != nil {
		return a, err
	}
	if a.Statements, err = statements(y.Statements, y.Sources); err != nil {
		return a, err
	}
	a.Sources = y.Sources.all()
	return a, nil
}

// agency reads who took part; act is the action's own time, by which that was known.
func (x *agencyYAML) agency(sources sourcesYAML, act fundtrail.When) (g fundtrail.Agency, err error) {
	g = fundtrail.Agency{Actor: x.Actor, Name: x.Name, Country: x.Country, Role: x.Role}
	if g.Source, g.Confidence, g.Known, err = sources.claim(x.basis, act); err != nil {
		return g, err
	}
	switch {
	case (g.Actor == "") == (g.Name == ""):
		return g, fmt.Errorf("want either the actor's id or a name: %w", fundtrail.ErrInvalid)
	case g.Country != "" && !jurisdiction.MatchString(g.Country):
		return g, fmt.Errorf("country %q: want two capital letters: %w", g.Country, fundtrail.ErrInvalid)
	case g.Role != "" && g.Role != "lead" && g.Role != "support":
		return g, fmt.Errorf("role %q: want lead or support, or none: %w", g.Role, fundtrail.ErrInvalid)
	}
	return g, nil
}

// ActionKinds returns what an action can be.
func ActionKinds() []fundtrail.ActionKind { return slices.Clone(actionKinds) }
