package data

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/fundtrail/fundtrail"
)

type incidentYAML struct {
	ID           string               `yaml:"id"`
	Name         string               `yaml:"name"`
	Aliases      []string             `yaml:"aliases"`
	Summary      string               `yaml:"summary"`
	Dates        []dateYAML           `yaml:"dates"`
	Kind         fundtrail.VictimKind `yaml:"kind"`
	Victim       victimYAML           `yaml:"victim"`
	Losses       []lossYAML           `yaml:"losses"`
	Attributions []attributionYAML    `yaml:"attributions"`
	Thefts       []theftYAML          `yaml:"thefts"`
	Addresses    []tagGroup           `yaml:"addresses"`
	Figures      []figureYAML         `yaml:"figures"`
	How          []statementYAML      `yaml:"how"`
	Statements   []statementYAML      `yaml:"statements"`
	Sources      sourcesYAML          `yaml:"sources"`
}

type dateYAML struct {
	What  string `yaml:"what"`
	Date  span   `yaml:"date"`
	Until span   `yaml:"until"`
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
	Date   span   `yaml:"date"`
	Until  span   `yaml:"until"`
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

func parseIncident(raw []byte) (fundtrail.Incident, error) { return readIncident(raw, folder{}) }

// readIncident reads a record. Of an addition to a record that stands elsewhere it does
// not ask for what stands there: name, victim, and when it happened.
func readIncident(raw []byte, from folder) (in fundtrail.Incident, err error) {
	var y incidentYAML
	if err := decode(raw, &y); err != nil {
		return in, err
	}
	y.Sources.mark(from)
	if err := y.Sources.check(); err != nil {
		return in, err
	}
	if y.ID == "" || y.ID != slug(y.ID) {
		return in, wrong("id", y.ID, "lower-case words joined by hyphens")
	}
	if y.Name == "" && !from.addition {
		return in, fmt.Errorf("no name: %w", fundtrail.ErrInvalid)
	}
	in = fundtrail.Incident{ID: y.ID, Name: y.Name, Aliases: y.Aliases, Summary: oneLine(y.Summary), Kind: y.Kind}
	if err := y.dates(&in); err != nil {
		return in, err
	}
	if in.Happened.IsZero() && !from.addition {
		return in, within("dates", fmt.Errorf("no date says when it happened: %w", fundtrail.ErrInvalid))
	}
	if y.Kind != "" && !slices.Contains(victimKinds, y.Kind) {
		return in, wrong("kind", string(y.Kind), "one of "+words(victimKinds))
	}
	if !from.addition || y.Victim != (victimYAML{}) || y.Kind != "" {
		if err := y.victim(&in); err != nil {
			return in, within("victim", err)
		}
	}
	return in, y.claims(&in)
}

// claims fills in the lists of claims.
func (y *incidentYAML) claims(in *fundtrail.Incident) (err error) {
	for i, l := range y.Losses {
		claim, err := l.claim(y.Sources)
		if err != nil {
			return nth("loss", "losses", i, err)
		}
		in.Losses = append(in.Losses, claim)
	}
	for i, a := range y.Attributions {
		claim, err := a.claim(y.Sources)
		if err != nil {
			return nth("attribution", "attributions", i, err)
		}
		in.Attributions = append(in.Attributions, claim)
	}
	for i, t := range y.Thefts {
		theft, err := t.theft(y.Sources)
		if err != nil {
			return nth("theft", "thefts", i, err)
		}
		in.Thefts = append(in.Thefts, theft)
	}
	if in.Addresses, err = tags(y.Addresses, y.Sources, "", "", fundtrail.When{}); err != nil {
		return err
	}
	for i := range in.Addresses {
		in.Addresses[i].Incident = in.ID
	}
	if in.Figures, err = figures(y.Figures, y.Sources, ""); err != nil {
		return err
	}
	if in.How, err = statementsOf("how", "how", y.How, y.Sources); err != nil {
		return err
	}
	if in.Statements, err = statements(y.Statements, y.Sources); err != nil {
		return err
	}
	in.Sources = y.Sources.all()
	return nil
}

// dates fills in the claims about time, and the three that a summary shows.
func (y *incidentYAML) dates(in *fundtrail.Incident) error {
	for i, d := range y.Dates {
		w, err := d.Date.to(d.Until)
		act := fundtrail.When{}
		if d.What == "disclosed" {
			act = w // the victim's own public act
		}
		src, conf, known, err2 := y.Sources.claim(d.basis, act)
		switch {
		case err2 != nil:
			err = err2
		case !slices.Contains([]string{"happened", "discovered", "disclosed"}, d.What):
			err = fmt.Errorf("what %q: want happened, discovered or disclosed: %w", d.What, fundtrail.ErrInvalid)
		case w.IsZero():
			err = fmt.Errorf("no date: %w", fundtrail.ErrInvalid)
		}
		if err != nil {
			return nth("date", "dates", i, err)
		}
		in.Dates = append(in.Dates, fundtrail.DateClaim{
			What: d.What, From: w.From, To: w.To, Exact: d.Date.Exact,
			Note: oneLine(d.Note), Confidence: conf, Known: known, Source: src,
		})
	}
	for what, to := range map[string]*time.Time{"happened": &in.Happened, "discovered": &in.Discovered, "disclosed": &in.Disclosed} {
		d, _ := in.Date(what)
		*to = d.From
	}
	return nil
}

func (y *incidentYAML) victim(in *fundtrail.Incident) (err error) {
	v := y.Victim
	if _, _, in.VictimKnown, err = y.Sources.claim(v.basis, fundtrail.When{}); err != nil {
		return err
	}
	if (v.Actor == "") == (v.Name == "") {
		return fmt.Errorf("want either the actor's id or a name: %w", fundtrail.ErrInvalid)
	}
	if v.Name != "" {
		in.Victim = fundtrail.Actor{ID: slug(v.Name), Name: v.Name, Category: v.Category}
	} else if in.Victim, err = Actor(v.Actor); err != nil {
		in.Victim = fundtrail.Actor{ID: v.Actor, Name: v.Actor}
	}
	return nil
}

func (l *lossYAML) claim(sources sourcesYAML) (c fundtrail.LossClaim, err error) {
	c = fundtrail.LossClaim{USD: l.USD, Qualifier: l.Qualifier, By: l.By, Note: oneLine(l.Note)}
	if c.Source, c.Confidence, c.Known, err = sources.claim(l.basis, fundtrail.When{}); err != nil {
		return c, err
	}
	switch {
	case l.USD.IsZero():
		return c, fmt.Errorf("no usd: %w", fundtrail.ErrInvalid)
	case l.By == "":
		return c, fmt.Errorf("no by: %w", fundtrail.ErrInvalid)
	}
	return c, checkQualifier(l.Qualifier)
}

func (a *attributionYAML) claim(sources sourcesYAML) (c fundtrail.AttributionClaim, err error) {
	w, err := a.Date.to(a.Until)
	if err != nil {
		return c, err
	}
	c = fundtrail.AttributionClaim{Actor: a.Actor, By: a.By, Date: w.From, Until: last(w), Denied: a.Denied, Note: oneLine(a.Note)}
	if c.Source, c.Confidence, c.Known, err = sources.claim(a.basis, w); err != nil {
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
