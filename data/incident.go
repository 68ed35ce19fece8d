package data

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/fundtrail/fundtrail"
)

type incidentYAML struct {
	ID           string            `yaml:"id"`
	Name         string            `yaml:"name"`
	Aliases      []string          `yaml:"aliases"`
	Summary      string            `yaml:"summary"`
	Dates        []dateYAML        `yaml:"dates"`
	Victim       victimYAML        `yaml:"victim"`
	Losses       []lossYAML        `yaml:"losses"`
	Attributions []attributionYAML `yaml:"attributions"`
	Thefts       []theftYAML       `yaml:"thefts"`
	Addresses    []tagGroup        `yaml:"addresses"`
	Statements   []statementYAML   `yaml:"statements"`
	Sources      sourcesYAML       `yaml:"sources"`
}

type dateYAML struct {
	What  string `yaml:"what"`
	Date  when   `yaml:"date"`
	Until when   `yaml:"until"`
	Note  string `yaml:"note"`
	basis `yaml:",inline"`
}

type victimYAML struct {
	Actor    string `yaml:"actor"`
	Name     string `yaml:"name"`
	Category string `yaml:"category"`
	basis    `yaml:",inline"`
}

type lossYAML struct {
	USD       fundtrail.Amount `yaml:"usd"`
	Qualifier string           `yaml:"qualifier"`
	By        string           `yaml:"by"`
	Note      string           `yaml:"note"`
	basis     `yaml:",inline"`
}

type attributionYAML struct {
	Actor  string `yaml:"actor"`
	By     string `yaml:"by"`
	Date   when   `yaml:"date"`
	Denied bool   `yaml:"denied"`
	Note   string `yaml:"note"`
	basis  `yaml:",inline"`
}

type theftYAML struct {
	Tx         txID             `yaml:"tx"`
	Index      *uint32          `yaml:"index"`
	Address    address          `yaml:"to"`
	Whole      address          `yaml:"whole"`
	Asset      asset            `yaml:"asset"`
	Amount     fundtrail.Amount `yaml:"amount"`
	Time       when             `yaml:"time"`
	StandsAs   asset            `yaml:"stands_as"`
	Proceeds   bool             `yaml:"proceeds"`
	ProceedsOf txID             `yaml:"proceeds_of"`
	Note       string           `yaml:"note"`
	basis      `yaml:",inline"`
}

// ParseIncident reads an incident record, such as a user's own; name is what errors
// call it. An actor it names need not be one of ours: then it is known by its name.
// Errors wrap [fundtrail.ErrInvalid] and say which statement is wrong.
func ParseIncident(raw []byte, name string) (fundtrail.Incident, error) {
	in, err := parseIncident(raw)
	if err != nil {
		return fundtrail.Incident{}, fmt.Errorf("parse incident %s: %w", name, err)
	}
	return in, nil
}

func parseIncident(raw []byte) (in fundtrail.Incident, err error) {
	var y incidentYAML
	if err := decode(raw, &y); err != nil {
		return in, err
	}
	if err := y.Sources.check(); err != nil {
		return in, err
	}
	if y.ID == "" || y.ID != slug(y.ID) {
		return in, fmt.Errorf("id %q: want lower-case words joined by hyphens: %w", y.ID, fundtrail.ErrInvalid)
	}
	if y.Name == "" {
		return in, fmt.Errorf("no name: %w", fundtrail.ErrInvalid)
	}
	in = fundtrail.Incident{ID: y.ID, Name: y.Name, Aliases: y.Aliases, Summary: oneLine(y.Summary)}
	if err := y.dates(&in); err != nil {
		return in, err
	}
	if in.Victim, err = y.victim(); err != nil {
		return in, fmt.Errorf("victim: %w", err)
	}
	for i, l := range y.Losses {
		claim, err := l.claim(y.Sources)
		if err != nil {
			return in, fmt.Errorf("loss %d: %w", i+1, err)
		}
		in.Losses = append(in.Losses, claim)
	}
	for i, a := range y.Attributions {
		claim, err := a.claim(y.Sources)
		if err != nil {
			return in, fmt.Errorf("attribution %d: %w", i+1, err)
		}
		in.Attributions = append(in.Attributions, claim)
	}
	for i, t := range y.Thefts {
		theft, err := t.theft(y.Sources)
		if err != nil {
			return in, fmt.Errorf("theft %d: %w", i+1, err)
		}
		in.Thefts = append(in.Thefts, theft)
	}
	if in.Addresses, err = tags(y.Addresses, y.Sources, "", ""); err != nil {
		return in, err
	}
	for i := range in.Addresses {
		in.Addresses[i].Incident = in.ID
	}
	if in.Statements, err = statements(y.Statements, y.Sources); err != nil {
		return in, err
	}
	for _, key := range sortedKeys(y.Sources) {
		in.Sources = append(in.Sources, y.Sources[key].source())
	}
	return in, nil
}

// dates fills in the claims about time, and the three that a summary shows: of each
// kind the best supported, the first in the file where two are equal.
func (y *incidentYAML) dates(in *fundtrail.Incident) error {
	best := map[string]fundtrail.DateClaim{}
	for i, d := range y.Dates {
		src, conf, err := y.Sources.resolve(d.basis)
		if err != nil {
			return fmt.Errorf("date %d: %w", i+1, err)
		}
		c := fundtrail.DateClaim{
			What: d.What, From: d.Date.Time, To: d.Date.Time, Exact: d.Date.exact,
			Note: oneLine(d.Note), Confidence: conf, Source: src,
		}
		if !d.Until.IsZero() {
			c.To = d.Until.Time
		}
		switch {
		case !slices.Contains([]string{"happened", "discovered", "disclosed"}, d.What):
			return fmt.Errorf("date %d: what %q: want happened, discovered or disclosed: %w", i+1, d.What, fundtrail.ErrInvalid)
		case c.From.IsZero():
			return fmt.Errorf("date %d: no date: %w", i+1, fundtrail.ErrInvalid)
		case c.To.Before(c.From):
			return fmt.Errorf("date %d: until %s is before %s: %w", i+1,
				c.To.Format(time.DateOnly), c.From.Format(time.DateOnly), fundtrail.ErrInvalid)
		}
		in.Dates = append(in.Dates, c)
		if b, ok := best[d.What]; !ok || c.Confidence > b.Confidence {
			best[d.What] = c
		}
	}
	in.Happened, in.Discovered, in.Disclosed = best["happened"].From, best["discovered"].From, best["disclosed"].From
	if in.Happened.IsZero() {
		return fmt.Errorf("no date says when it happened: %w", fundtrail.ErrInvalid)
	}
	return nil
}

func (y *incidentYAML) victim() (fundtrail.Actor, error) {
	v := y.Victim
	if _, _, err := y.Sources.resolve(v.basis); err != nil {
		return fundtrail.Actor{}, err
	}
	if (v.Actor == "") == (v.Name == "") {
		return fundtrail.Actor{}, fmt.Errorf("want either the actor's id or a name: %w", fundtrail.ErrInvalid)
	}
	if v.Name != "" {
		return fundtrail.Actor{ID: slug(v.Name), Name: v.Name, Category: v.Category}, nil
	}
	if a, err := Actor(v.Actor); err == nil {
		return a, nil
	}
	return fundtrail.Actor{ID: v.Actor, Name: v.Actor}, nil
}

func (l *lossYAML) claim(sources sourcesYAML) (c fundtrail.LossClaim, err error) {
	c = fundtrail.LossClaim{USD: l.USD, Qualifier: l.Qualifier, By: l.By, Note: oneLine(l.Note)}
	if c.Source, c.Confidence, err = sources.resolve(l.basis); err != nil {
		return c, err
	}
	switch {
	case l.USD.IsZero():
		return c, fmt.Errorf("no usd: %w", fundtrail.ErrInvalid)
	case l.By == "":
		return c, fmt.Errorf("no by: %w", fundtrail.ErrInvalid)
	case !slices.Contains([]string{"", "about", "more than", "at least", "nominal"}, l.Qualifier):
		return c, fmt.Errorf("qualifier %q: want about, more than, at least or nominal: %w", l.Qualifier, fundtrail.ErrInvalid)
	}
	return c, nil
}

func (a *attributionYAML) claim(sources sourcesYAML) (c fundtrail.AttributionClaim, err error) {
	c = fundtrail.AttributionClaim{Actor: a.Actor, By: a.By, Date: a.Date.Time, Denied: a.Denied, Note: oneLine(a.Note)}
	if c.Source, c.Confidence, err = sources.resolve(a.basis); err != nil {
		return c, err
	}
	if a.Actor == "" || a.By == "" {
		return c, fmt.Errorf("want the actor's id and by whom: %w", fundtrail.ErrInvalid)
	}
	return c, nil
}

// theft checks that a theft is one of the three forms that fundtrail.Theft has.
func (t *theftYAML) theft(sources sourcesYAML) (out fundtrail.Theft, err error) {
	out = fundtrail.Theft{
		Tx: t.Tx.TxID, Address: t.Address.Address, Asset: t.Asset.Asset, Amount: t.Amount, Time: t.Time.Time,
		StandsAs: t.StandsAs.Asset, ProceedsOf: t.ProceedsOf.TxID, Note: oneLine(t.Note),
	}
	out.Proceeds = t.Proceeds || !out.ProceedsOf.IsZero()
	if t.Index != nil {
		out.Index, out.HasIndex = *t.Index, true
	}
	if out.Source, out.Confidence, err = sources.resolve(t.basis); err != nil {
		return out, err
	}
	stated := !out.Address.IsZero() && out.Asset.Chain != "" && !out.Amount.IsZero() && t.Time.exact
	switch {
	case !t.Whole.IsZero():
		out.Address, out.Whole = t.Whole.Address, true
		if !out.Tx.IsZero() || !t.Address.IsZero() || !out.Amount.IsZero() || out.StandsAs.Chain != "" {
			return out, fmt.Errorf("whole is everything an address pays out: it takes no tx, to, amount or stands_as: %w", fundtrail.ErrInvalid)
		}
	case !out.Tx.IsZero():
		if any := !out.Address.IsZero() || !out.Amount.IsZero(); any && !stated {
			return out, fmt.Errorf("a tx stands alone, or with all of to, asset, amount and time to the second: %w", fundtrail.ErrInvalid)
		}
	case !stated:
		return out, fmt.Errorf("want a tx, or whole, or all of to, asset, amount and time to the second: %w", fundtrail.ErrInvalid)
	}
	if out.HasIndex && out.Tx.IsZero() {
		return out, fmt.Errorf("index without tx: %w", fundtrail.ErrInvalid)
	}
	if out.StandsAs.Chain != "" && (!stated || out.StandsAs.Chain != out.Asset.Chain) {
		return out, fmt.Errorf("stands_as wants to, asset, amount and time, on the same chain: %w", fundtrail.ErrInvalid)
	}
	for _, c := range []fundtrail.Chain{out.Tx.Chain, out.Address.Chain()} {
		if c != "" && out.Asset.Chain != "" && c != out.Asset.Chain {
			return out, fmt.Errorf("%s and %s are different chains: %w", c, out.Asset.Chain, fundtrail.ErrInvalid)
		}
	}
	return out, nil
}

// slug spells a name as an id: lower-case letters, digits and single hyphens.
func slug(s string) string {
	words := strings.FieldsFunc(strings.ToLower(s), func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9')
	})
	return strings.Join(words, "-")
}
