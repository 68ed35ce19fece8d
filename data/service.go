package data

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/fundtrail/fundtrail"
)

// A Service is what records say about a mixer, an exchange, a bridge or another
// place that value passes through, and its addresses.
type Service struct {
	ID         string
	Name       string
	Actor      string // the Actor's ID
	Category   string
	Summary    string
	Tags       []fundtrail.Tag // one per claim: an address that two sources name is here twice
	Pools      []Pool
	Routes     []Route
	Figures    []fundtrail.Figure // what passed it, by others' counting
	Statements []fundtrail.Statement
	Sources    []fundtrail.Source
}

// A Pool is a mixer's contract that takes one asset in one amount.
type Pool struct {
	Tag    fundtrail.Tag
	Asset  fundtrail.Asset
	Amount fundtrail.Amount // base units of every deposit
}

// A Route says that a router passes what it is sent on to a pool, when asset and
// amount are the pool's.
type Route struct {
	Router     fundtrail.Address
	Pool       fundtrail.Address
	Confidence fundtrail.Confidence
	Source     fundtrail.Source
}

type serviceYAML struct {
	ID         string          `yaml:"id"`
	Name       string          `yaml:"name"`
	Actor      string          `yaml:"actor"`
	Category   string          `yaml:"category"`
	Summary    string          `yaml:"summary"`
	Addresses  []tagGroup      `yaml:"addresses"`
	Pools      []poolYAML      `yaml:"pools"`
	Routers    []routerYAML    `yaml:"routers"`
	Figures    []figureYAML    `yaml:"figures"`
	Statements []statementYAML `yaml:"statements"`
	Sources    sourcesYAML     `yaml:"sources"`
}

type poolYAML struct {
	At     address          `yaml:"at"`
	Asset  asset            `yaml:"asset"`
	Amount fundtrail.Amount `yaml:"amount"`
	Label  string           `yaml:"label"`
	Note   string           `yaml:"note"`
	basis  `yaml:",inline"`
}

type routerYAML struct {
	At     address    `yaml:"at"`
	Label  string     `yaml:"label"`
	Note   string     `yaml:"note"`
	Passes []passYAML `yaml:"passes"`
	basis  `yaml:",inline"`
}

type passYAML struct {
	To    []address `yaml:"to"`
	basis `yaml:",inline"`
}

func parseService(raw []byte) (Service, error) { return readService(raw, folder{}) }

func readService(raw []byte, from folder) (s Service, err error) {
	var y serviceYAML
	if err := decode(raw, &y); err != nil {
		return s, err
	}
	y.Sources.mark(from)
	if err := y.Sources.check(); err != nil {
		return s, err
	}
	if y.ID == "" || y.Name == "" && !from.addition {
		return s, fmt.Errorf("want an id and a name: %w", fundtrail.ErrInvalid)
	}
	if _, ok := CategoryInfo(y.Category); !ok && !(from.addition && y.Category == "") {
		return s, fmt.Errorf("category %q is not in the vocabulary: %w", y.Category, fundtrail.ErrInvalid)
	}
	s = Service{ID: y.ID, Name: y.Name, Actor: y.Actor, Category: y.Category, Summary: oneLine(y.Summary)}
	if s.Tags, err = tags(y.Addresses, y.Sources, y.Category, y.Actor, fundtrail.When{}); err != nil {
		return s, err
	}
	for i, p := range y.Pools {
		pool, err := p.pool(&y)
		if err != nil {
			return s, nth("pool", "pools", i, err)
		}
		s.Pools, s.Tags = append(s.Pools, pool), append(s.Tags, pool.Tag)
	}
	for i, r := range y.Routers {
		if err := r.route(&y, &s); err != nil {
			return s, nth("router", "routers", i, err)
		}
	}
	sortTags(s.Tags)
	if s.Figures, err = figures(y.Figures, y.Sources, ""); err != nil {
		return s, err
	}
	if s.Statements, err = statements(y.Statements, y.Sources); err != nil {
		return s, err
	}
	s.Sources = y.Sources.all()
	return s, nil
}

func (p *poolYAML) pool(y *serviceYAML) (Pool, error) {
	src, conf, known, err := y.Sources.claim(p.basis, fundtrail.When{})
	switch {
	case err != nil:
		return Pool{}, err
	case p.At.IsZero() || p.Label == "" || p.Amount.IsZero():
		return Pool{}, fmt.Errorf("want at, label, asset and amount: %w", fundtrail.ErrInvalid)
	case p.Asset.Chain != p.At.Chain():
		return Pool{}, fmt.Errorf("at %s takes an asset of %q: %w", p.At.Chain(), p.Asset.Chain, fundtrail.ErrInvalid)
	}
	return Pool{
		Tag: fundtrail.Tag{
			Address: p.At.Address, Label: p.Label, Category: y.Category, Role: fundtrail.RolePool, Actor: y.Actor,
			Note: oneLine(p.Note), Confidence: conf, Known: known, Source: src,
		},
		Asset: p.Asset.Asset, Amount: p.Amount,
	}, nil
}

func (r *routerYAML) route(y *serviceYAML, s *Service) error {
	src, conf, known, err := y.Sources.claim(r.basis, fundtrail.When{})
	if err == nil && (r.At.IsZero() || r.Label == "" || len(r.Passes) == 0) {
		err = fmt.Errorf("want at, label and passes: %w", fundtrail.ErrInvalid)
	}
	if err != nil {
		return err
	}
	s.Tags = append(s.Tags, fundtrail.Tag{
		Address: r.At.Address, Label: r.Label, Category: y.Category, Role: fundtrail.RoleRouter, Actor: y.Actor,
		Note: oneLine(r.Note), Confidence: conf, Known: known, Source: src,
	})
	for _, pass := range r.Passes {
		src, conf, err := y.Sources.resolve(pass.basis)
		if err != nil {
			return err
		}
		for _, to := range pass.To {
			if !slices.ContainsFunc(s.Pools, func(p Pool) bool { return p.Tag.Address == to.Address }) {
				return fmt.Errorf("passes to %s, which is no pool of this record: %w", to.Address, fundtrail.ErrInvalid)
			}
			s.Routes = append(s.Routes, Route{Router: r.At.Address, Pool: to.Address, Confidence: conf, Source: src})
		}
	}
	return nil
}

// deposit is what PoolOf looks up.
type deposit struct {
	to     fundtrail.Address
	asset  fundtrail.Asset
	amount fundtrail.Amount
}

// pools maps every deposit that a record can name to its pool's tag.
func pools(services []Service) map[deposit]fundtrail.Tag {
	m := map[deposit]fundtrail.Tag{}
	for _, s := range services {
		byAddress := map[fundtrail.Address]Pool{}
		for _, p := range s.Pools {
			byAddress[p.Tag.Address] = p
			m[deposit{p.Tag.Address, p.Asset, p.Amount}] = p.Tag
		}
		for _, r := range s.Routes {
			p := byAddress[r.Pool]
			// What joins router and pool is the weaker of two claims.
			t := p.Tag
			if r.Confidence < t.Confidence {
				t.Confidence, t.Source = r.Confidence, r.Source
			}
			m[deposit{r.Router, p.Asset, p.Amount}] = t
		}
	}
	return m
}

// sortTags orders tags by address, the best supported claim first.
func sortTags(t []fundtrail.Tag) {
	slices.SortStableFunc(t, func(a, b fundtrail.Tag) int {
		return cmp.Or(a.Address.Compare(b.Address), cmp.Compare(b.Confidence, a.Confidence), cmp.Compare(a.Label, b.Label))
	})
}
