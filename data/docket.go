package data

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/fundtrail/fundtrail"
)

type proceedingYAML struct {
	ID           string                   `yaml:"id"`
	Name         string                   `yaml:"name"`
	Aliases      []string                 `yaml:"aliases"`
	Summary      string                   `yaml:"summary"`
	Kind         fundtrail.ProceedingKind `yaml:"kind"`
	Court        string                   `yaml:"court"`
	Jurisdiction string                   `yaml:"jurisdiction"`
	Number       string                   `yaml:"number"`
	Parties      []partyYAML              `yaml:"parties"`
	Charges      []chargeYAML             `yaml:"charges"`
	Events       []courtEventYAML         `yaml:"events"`
	Incidents    []string                 `yaml:"incidents"`
	Services     []string                 `yaml:"services"`
	Related      []string                 `yaml:"related"`
	Figures      []figureYAML             `yaml:"figures"`
	Statements   []statementYAML          `yaml:"statements"`
	Sources      sourcesYAML              `yaml:"sources"`
	basis        `yaml:",inline"`         // of the name, the kind, the court and the number
}

type partyYAML struct {
	Actor string `yaml:"actor"`
	Name  string `yaml:"name"`
	Role  string `yaml:"role"`
	basis `yaml:",inline"`
}

type chargeYAML struct {
	Count   int      `yaml:"count"`
	Text    string   `yaml:"text"`
	Against []string `yaml:"against"`
	basis   `yaml:",inline"`
}

type courtEventYAML struct {
	What     fundtrail.CourtEventKind `yaml:"what"`
	Date     span                     `yaml:"date"`
	Until    span                     `yaml:"until"`
	Of       []string                 `yaml:"of"`
	Charges  []int                    `yaml:"charges"`
	Expected span                     `yaml:"expected"`
	Text     string                   `yaml:"text"`
	By       string                   `yaml:"by"`
	Note     string                   `yaml:"note"`
	basis    `yaml:",inline"`
}

var (
	victimKinds = []fundtrail.VictimKind{
		fundtrail.RobbedExchange, fundtrail.RobbedBridge, fundtrail.RobbedProtocol, fundtrail.RobbedWallet,
		fundtrail.RobbedPerson, fundtrail.RobbedFirm, fundtrail.RobbedPayment, fundtrail.RobbedOther,
	}
	proceedingKinds = []fundtrail.ProceedingKind{fundtrail.Criminal, fundtrail.Civil, fundtrail.Forfeiture}
	partyRoles      = []string{"defendant", "plaintiff", "claimant", "judge", "prosecutor", "respondent"}
	courtEventKinds = []fundtrail.CourtEventKind{
		fundtrail.Complained, fundtrail.Charged, fundtrail.Arrested, fundtrail.Released, fundtrail.Detained, fundtrail.AtLarge,
		fundtrail.TrialSet, fundtrail.HearingSet, fundtrail.Tried, fundtrail.Pleaded, fundtrail.Convicted, fundtrail.Hung,
		fundtrail.Acquitted, fundtrail.Sentenced, fundtrail.Moved, fundtrail.Ruled, fundtrail.Appealed, fundtrail.Dismissed,
		fundtrail.Forfeited, fundtrail.LastSeen,
	}
)

func parseProceeding(raw []byte) (fundtrail.Proceeding, error) { return readProceeding(raw, folder{}) }

func readProceeding(raw []byte, from folder) (p fundtrail.Proceeding, err error) {
	var y proceedingYAML
	if err := decode(raw, &y); err != nil {
		return p, err
	}
	y.Sources.mark(from)
	if err := head(y.ID, y.Name, y.Sources, from); err != nil {
		return p, err
	}
	p = fundtrail.Proceeding{
		ID: y.ID, Name: y.Name, Aliases: y.Aliases, Summary: oneLine(y.Summary), Kind: y.Kind, Court: y.Court,
		Jurisdiction: y.Jurisdiction, Number: y.Number, Incidents: y.Incidents, Services: y.Services, Related: y.Related,
	}
	switch absent := from.addition; {
	case !slices.Contains(proceedingKinds, p.Kind) && !(absent && p.Kind == ""):
		return p, wrong("kind", string(p.Kind), "one of "+words(proceedingKinds))
	case p.Court == "" && !absent:
		return p, fmt.Errorf("no court: %w", fundtrail.ErrInvalid)
	case !jurisdiction.MatchString(p.Jurisdiction) && !(absent && p.Jurisdiction == ""):
		return p, wrong("jurisdiction", p.Jurisdiction, "two capital letters")
	}
	if err := y.events(&p, from); err != nil {
		return p, err
	}
	// A court's paper tells who is charged with what: it is the public act of all that.
	first := fundtrail.When{}
	if len(p.Events) > 0 {
		first = p.Events[0].When
	}
	if p.Source, p.Confidence, p.Known, err = y.Sources.claim(y.basis, first); err != nil && !(from.addition && y.basis == (basis{})) {
		return p, err
	}
	if err := y.parties(&p); err != nil {
		return p, err
	}
	if p.Figures, err = figures(y.Figures, y.Sources, ""); err != nil {
		return p, err
	}
	if p.Statements, err = statements(y.Statements, y.Sources); err != nil {
		return p, err
	}
	p.Sources = y.Sources.all()
	return p, nil
}

// events fills in what happened, by time.
func (y *proceedingYAML) events(p *fundtrail.Proceeding, from folder) error {
	counts := map[int]bool{}
	for i, c := range y.Charges {
		if c.Count < 1 || c.Text == "" || counts[c.Count] {
			return nth("charge", "charges", i, fmt.Errorf("want a text and a count of its own, from 1: %w", fundtrail.ErrInvalid))
		}
		counts[c.Count] = true
	}
	for i, e := range y.Events {
		w, err := e.Date.to(e.Until)
		if err == nil {
			err = e.check(counts, from)
		}
		ev := fundtrail.CourtEvent{
			What: e.What, When: w, Of: e.Of, Charges: e.Charges, Expected: e.Expected.When, Text: oneLine(e.Text), By: e.By, Note: oneLine(e.Note),
		}
		if err == nil {
			ev.Source, ev.Confidence, ev.Known, err = y.Sources.claim(e.basis, w)
		}
		if err != nil {
			return nth("event", "events", i, err)
		}
		p.Events = append(p.Events, ev)
	}
	slices.SortStableFunc(p.Events, func(a, b fundtrail.CourtEvent) int {
		return cmp.Or(a.When.From.Compare(b.When.From), a.When.To.Compare(b.When.To))
	})
	return nil
}

func (e *courtEventYAML) check(counts map[int]bool, from folder) error {
	switch {
	case !slices.Contains(courtEventKinds, e.What):
		return fmt.Errorf("what %q: want one of %s: %w", e.What, words(courtEventKinds), fundtrail.ErrInvalid)
	case e.Date.IsZero():
		return fmt.Errorf("no date: %w", fundtrail.ErrInvalid)
	case e.Text == "":
		return fmt.Errorf("no text: %w", fundtrail.ErrInvalid)
	case !e.Expected.IsZero() && e.What != fundtrail.TrialSet && e.What != fundtrail.HearingSet:
		return fmt.Errorf("%s: expected is for %s and %s alone: %w", e.What, fundtrail.TrialSet, fundtrail.HearingSet, fundtrail.ErrInvalid)
	case e.What == fundtrail.TrialSet && e.Expected.IsZero():
		return fmt.Errorf("%s: expected: want for when: %w", e.What, fundtrail.ErrInvalid)
	}
	for _, n := range e.Charges {
		// An addition's charges may stand in the record that it adds to.
		if !counts[n] && !from.addition {
			return fmt.Errorf("charge %d is not among the record's charges: %w", n, fundtrail.ErrInvalid)
		}
	}
	return nil
}

// parties fills in who is in the case and what is held against them. Each was known no
// later than the first event that concerns it.
func (y *proceedingYAML) parties(p *fundtrail.Proceeding) (err error) {
	for i, x := range y.Parties {
		c := fundtrail.CourtParty{Actor: x.Actor, Name: x.Name, Role: x.Role}
		act := firstEvent(p, func(e fundtrail.CourtEvent) bool {
			return x.Actor != "" && (len(e.Of) == 0 || slices.Contains(e.Of, x.Actor))
		})
		c.Source, c.Confidence, c.Known, err = y.Sources.claim(x.basis, act)
		switch {
		case err != nil:
		case (x.Actor == "") == (x.Name == ""):
			err = fmt.Errorf("want either the actor's id or a name: %w", fundtrail.ErrInvalid)
		case !slices.Contains(partyRoles, x.Role):
			err = fmt.Errorf("role %q: want one of %s: %w", x.Role, words(partyRoles), fundtrail.ErrInvalid)
		}
		if err != nil {
			return nth("party", "parties", i, err)
		}
		p.Parties = append(p.Parties, c)
	}
	for i, x := range y.Charges {
		c := fundtrail.Charge{Count: x.Count, Text: oneLine(x.Text), Against: x.Against}
		act := firstEvent(p, func(e fundtrail.CourtEvent) bool {
			return (e.What == fundtrail.Charged || e.What == fundtrail.Complained) && slices.Contains(e.Charges, x.Count)
		})
		if c.Source, c.Confidence, c.Known, err = y.Sources.claim(x.basis, act); err != nil {
			return nth("charge", "charges", i, err)
		}
		p.Charges = append(p.Charges, c)
	}
	return nil
}

// firstEvent is when the first of the events was that concern something.
func firstEvent(p *fundtrail.Proceeding, concerns func(fundtrail.CourtEvent) bool) fundtrail.When {
	for _, e := range p.Events {
		if concerns(e) {
			return e.When
		}
	}
	return fundtrail.When{}
}
