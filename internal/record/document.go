package record

import (
	"cmp"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/data"
)

// Schema names the form of the documents below; doc/formats-records.md describes them.
const Schema = "fundtrail.records/1"

// A Head begins every document.
type Head struct {
	Schema  string `json:"schema"`
	Is      string `json:"is"` // "claims", or "inference" of what is computed from them
	Kind    string `json:"kind"`
	AsOf    string `json:"as_of,omitempty"`
	KnownBy string `json:"known_by,omitempty"`
}

// Head returns the head of a document about the view.
func (v *View) Head(kind string) Head {
	return Head{Schema, "claims", kind, day(v.AsOf), day(v.KnownBy)}
}

// A ClaimDoc is what every claim says of itself.
type ClaimDoc struct {
	By         string     `json:"by,omitempty"`
	Note       string     `json:"note,omitempty"`
	Confidence int        `json:"confidence"`
	Known      string     `json:"known,omitempty"`
	KnownBasis string     `json:"known_basis,omitempty"`
	Source     *SourceDoc `json:"source"`
}

// A SourceDoc is where a reader checks a claim again.
type SourceDoc struct {
	Title     string `json:"title"`
	URL       string `json:"url"`
	Published string `json:"published,omitempty"`
	Retrieved string `json:"retrieved,omitempty"`
	Records   string `json:"records,omitempty"` // the user's folder; none: the program's record
}

func claim(by, note string, c fundtrail.Confidence, k fundtrail.Known, s fundtrail.Source) ClaimDoc {
	return ClaimDoc{by, note, int(c), day(k.On), string(k.Basis), sourceDoc(s)}
}

func sourceDoc(s fundtrail.Source) *SourceDoc {
	return &SourceDoc{s.Title, s.URL, day(s.Published), day(s.Retrieved), s.Records}
}

// WhenText writes a time as records do: a second, a day, a month, or the first and the last
// day of a range joined by "..".
func WhenText(w fundtrail.When) string {
	switch {
	case w.IsZero():
		return ""
	case w.Exact && w.To.Equal(w.From):
		return w.From.Format("2006-01-02T15:04:05Z")
	case w.Exact:
		return w.From.Format("2006-01-02T15:04:05Z") + ".." + w.To.Format("2006-01-02T15:04:05Z")
	case w.To.Equal(w.From):
		return day(w.From)
	case w.From.Day() == 1 && w.To.Equal(w.From.AddDate(0, 1, -1)):
		return w.From.Format("2006-01")
	}
	return day(w.From) + ".." + day(w.To)
}

// An IncidentDoc is one theft.
type IncidentDoc struct {
	ID           string           `json:"id"`
	Aliases      []string         `json:"aliases,omitempty"`
	Name         string           `json:"name"`
	Summary      string           `json:"summary,omitempty"`
	Kind         string           `json:"victim_kind,omitempty"`
	Victim       *PartyDoc        `json:"victim,omitempty"`
	Happened     string           `json:"happened,omitempty"` // of the best supported claim
	Dates        []DateDoc        `json:"dates"`
	Loss         *RangeDoc        `json:"loss,omitempty"` // none: no source seen gives a figure
	Losses       []LossDoc        `json:"losses"`
	Attribution  string           `json:"attribution,omitempty"` // to the actors asked for: named, disputed, denied
	Attributions []AttributionDoc `json:"attributions"`
	Chains       []string         `json:"chains"`
	Figures      []FigureDoc      `json:"figures,omitempty"`
	How          []StatementDoc   `json:"how,omitempty"`
	Statements   []StatementDoc   `json:"statements,omitempty"`
	Addresses    []AddressDoc     `json:"addresses,omitempty"`
	Starts       int              `json:"starts"` // of a trace
	Actions      []string         `json:"actions,omitempty"`
	Proceedings  []string         `json:"proceedings,omitempty"`
	Sources      []SourceDoc      `json:"sources,omitempty"`
}

// A PartyDoc names an actor.
type PartyDoc struct {
	ID   string `json:"id,omitempty"`
	Name string `json:"name"`
	Role string `json:"role,omitempty"`
}

// A RangeDoc is whole dollars from the least to the most; Open where the most has no end.
type RangeDoc struct {
	Least fundtrail.Amount `json:"least_usd"`
	Most  fundtrail.Amount `json:"most_usd"`
	Open  bool             `json:"open,omitempty"`
}

type DateDoc struct {
	What string `json:"what"`
	When string `json:"when"`
	ClaimDoc
}

type LossDoc struct {
	USD       fundtrail.Amount `json:"usd"`
	Qualifier string           `json:"qualifier,omitempty"`
	ClaimDoc
}

type AttributionDoc struct {
	Actor  string `json:"actor"`
	When   string `json:"when,omitempty"`
	Denied bool   `json:"denied,omitempty"`
	ClaimDoc
}

type StatementDoc struct {
	Text string `json:"text"`
	When string `json:"when,omitempty"`
	ClaimDoc
}

type AddressDoc struct {
	Chain   string `json:"chain"`
	Address string `json:"address"`
	Label   string `json:"label"`
	Role    string `json:"role,omitempty"`
	Actor   string `json:"actor,omitempty"`
	ClaimDoc
}

// A FigureDoc is a number that a source states. Record is where it stands.
type FigureDoc struct {
	Record    string            `json:"record,omitempty"`
	What      string            `json:"what"`
	USD       *fundtrail.Amount `json:"usd,omitempty"`
	Quantity  string            `json:"quantity,omitempty"`
	Unit      string            `json:"unit,omitempty"`
	Asset     string            `json:"asset,omitempty"`
	Qualifier string            `json:"qualifier,omitempty"`
	Of        string            `json:"of,omitempty"`
	Through   string            `json:"through,omitempty"`
	Actor     string            `json:"actor,omitempty"`
	Period    string            `json:"period,omitempty"`
	Count     int               `json:"count,omitempty"`
	ClaimDoc
}

// IncidentDoc tells one theft; whole adds what a list leaves out.
func (v *View) IncidentDoc(in *fundtrail.Incident, whole bool) IncidentDoc {
	d := IncidentDoc{
		ID: in.ID, Aliases: in.Aliases, Name: in.Name, Summary: in.Summary, Kind: string(in.Kind), Starts: len(in.Thefts),
		Dates: []DateDoc{}, Losses: []LossDoc{}, Attributions: []AttributionDoc{}, Chains: []string{},
	}
	if in.Victim.ID != "" {
		d.Victim = &PartyDoc{ID: in.Victim.ID, Name: in.Victim.Name}
	}
	if best, ok := in.Date("happened"); ok {
		d.Happened = WhenText(dateWhen(best))
	}
	for _, x := range in.Dates {
		d.Dates = append(d.Dates, DateDoc{x.What, WhenText(dateWhen(x)), claim("", x.Note, x.Confidence, x.Known, x.Source)})
	}
	if least, most, open, ok := Loss(in); ok {
		d.Loss = &RangeDoc{least, most, open}
	}
	for _, x := range in.Losses {
		d.Losses = append(d.Losses, LossDoc{x.USD, x.Qualifier, claim(x.By, x.Note, x.Confidence, x.Known, x.Source)})
	}
	for _, x := range in.Attributions {
		d.Attributions = append(d.Attributions, AttributionDoc{x.Actor, WhenText(whenOf(x.Date, x.Until)), x.Denied, claim(x.By, x.Note, x.Confidence, x.Known, x.Source)})
	}
	for _, c := range Chains(in) {
		d.Chains = append(d.Chains, string(c))
	}
	if !whole {
		return d
	}
	l := v.Of(Ref{KindIncident, in.ID})
	d.Figures = figureDocs(l.Figures)
	d.How, d.Statements, d.Addresses = statementDocs(in.How), statementDocs(in.Statements), addressDocs(in.Addresses)
	d.Actions, d.Proceedings = actionIDs(l.Actions), proceedingIDs(l.Proceedings)
	for _, s := range in.Sources {
		d.Sources = append(d.Sources, *sourceDoc(s))
	}
	return d
}

func dateWhen(d fundtrail.DateClaim) fundtrail.When {
	return fundtrail.When{From: d.From, To: d.To, Exact: d.Exact}
}

func statementDocs(list []fundtrail.Statement) (out []StatementDoc) {
	for _, s := range list {
		out = append(out, StatementDoc{s.Text, WhenText(whenOf(s.Date, s.Until)), claim(s.By, "", s.Confidence, s.Known, s.Source)})
	}
	return out
}

func addressDocs(list []fundtrail.Tag) (out []AddressDoc) {
	for _, t := range list {
		out = append(out, AddressDoc{
			string(t.Address.Chain()), t.Address.String(), t.Label, string(t.Role), t.Actor, claim("", t.Note, t.Confidence, t.Known, t.Source),
		})
	}
	return out
}

func figureDocs(list []Cited) (out []FigureDoc) {
	for _, f := range list {
		out = append(out, figureDoc(f))
	}
	return out
}

func figureDoc(f Cited) FigureDoc {
	d := FigureDoc{
		Record: f.Record.String(), What: string(f.What), Quantity: f.Quantity, Unit: f.Unit, Qualifier: f.Qualifier, Of: f.Of, Through: f.Through,
		Actor: f.Actor, Period: WhenText(f.Period), Count: f.Count, ClaimDoc: claim(f.By, f.Note, f.Confidence, f.Known, f.Source),
	}
	if !f.USD.IsZero() {
		d.USD = &f.USD
	}
	if f.Asset.Chain != "" {
		d.Asset = f.Asset.String()
	}
	return d
}

func actionIDs(list []fundtrail.Action) (out []string) {
	for _, a := range list {
		out = append(out, a.ID)
	}
	return out
}

func proceedingIDs(list []fundtrail.Proceeding) (out []string) {
	for _, p := range list {
		out = append(out, p.ID)
	}
	return out
}

func incidentIDs(list []fundtrail.Incident) (out []string) {
	for _, in := range list {
		out = append(out, in.ID)
	}
	return out
}

// An ActionDoc is one act.
type ActionDoc struct {
	ID          string         `json:"id"`
	Name        string         `json:"name"`
	Kind        string         `json:"kind"`
	When        string         `json:"when"`
	Summary     string         `json:"summary"`
	By          []AgencyDoc    `json:"by"`
	Of          []string       `json:"of,omitempty"`
	Incidents   []string       `json:"incidents,omitempty"`
	Proceedings []string       `json:"proceedings,omitempty"`
	List        string         `json:"list,omitempty"`
	Addresses   []AddressDoc   `json:"addresses,omitempty"`
	Figures     []FigureDoc    `json:"figures,omitempty"`
	Statements  []StatementDoc `json:"statements,omitempty"`
	ClaimDoc
}

type AgencyDoc struct {
	ID      string `json:"id,omitempty"`
	Name    string `json:"name"`
	Country string `json:"country,omitempty"`
	Role    string `json:"role,omitempty"`
	ClaimDoc
}

// AgencyName is what who took part is called.
func (v *View) AgencyName(g fundtrail.Agency) string { return cmp.Or(g.Name, v.Name(g.Actor)) }

func (v *View) ActionDoc(a *fundtrail.Action) ActionDoc {
	d := ActionDoc{
		ID: a.ID, Name: a.Name, Kind: string(a.Kind), When: WhenText(a.When), Summary: a.Summary, By: []AgencyDoc{}, Of: a.Of, Incidents: a.Incidents,
		Proceedings: a.Proceedings, List: a.List, Addresses: addressDocs(a.Addresses), Statements: statementDocs(a.Statements),
		ClaimDoc: claim("", a.Note, a.Confidence, a.Known, a.Source),
	}
	for _, g := range a.By {
		d.By = append(d.By, AgencyDoc{g.Actor, v.AgencyName(g), g.Country, g.Role, claim("", "", g.Confidence, g.Known, g.Source)})
	}
	for _, f := range a.Figures {
		d.Figures = append(d.Figures, figureDoc(Cited{Ref{KindAction, a.ID}, f}))
	}
	return d
}

// A ProceedingDoc is one case.
type ProceedingDoc struct {
	ID           string         `json:"id"`
	Aliases      []string       `json:"aliases,omitempty"`
	Name         string         `json:"name"`
	Summary      string         `json:"summary,omitempty"`
	Kind         string         `json:"kind"`
	Court        string         `json:"court"`
	Jurisdiction string         `json:"jurisdiction"`
	Number       string         `json:"number,omitempty"`
	Standing     []StandingDoc  `json:"standing"`
	Charges      []ChargeDoc    `json:"charges"`
	Events       []EventDoc     `json:"events"`
	Incidents    []string       `json:"incidents,omitempty"`
	Services     []string       `json:"services,omitempty"`
	Related      []string       `json:"related,omitempty"`
	Figures      []FigureDoc    `json:"figures,omitempty"`
	Statements   []StatementDoc `json:"statements,omitempty"`
	ClaimDoc
}

// A StandingDoc is where the case stands for one party: the fold of its events.
type StandingDoc struct {
	Party    *PartyDoc    `json:"party,omitempty"`
	Custody  string       `json:"custody,omitempty"`
	Counts   []OutcomeDoc `json:"counts"`
	Trial    string       `json:"trial,omitempty"`    // "trial-set" or "trial"
	TrialOn  string       `json:"trial_on,omitempty"` // for when it was set, or when it was
	Sentence string       `json:"sentenced_on,omitempty"`
	Appeal   string       `json:"appealed_on,omitempty"`
	LastSeen string       `json:"sources_end_on,omitempty"`
}

type OutcomeDoc struct {
	Count   int    `json:"count"`
	Charge  string `json:"charge"`
	Outcome string `json:"outcome"`
	On      string `json:"on,omitempty"`
}

type ChargeDoc struct {
	Count   int      `json:"count"`
	Text    string   `json:"text"`
	Against []string `json:"against,omitempty"`
	ClaimDoc
}

type EventDoc struct {
	What     string   `json:"what"`
	When     string   `json:"when"`
	Of       []string `json:"of,omitempty"`
	Charges  []int    `json:"charges,omitempty"`
	Expected string   `json:"expected,omitempty"`
	Text     string   `json:"text"`
	ClaimDoc
}

func (v *View) ProceedingDoc(p *fundtrail.Proceeding) ProceedingDoc {
	d := ProceedingDoc{
		ID: p.ID, Aliases: p.Aliases, Name: p.Name, Summary: p.Summary, Kind: string(p.Kind), Court: p.Court, Jurisdiction: p.Jurisdiction, Number: p.Number,
		Standing: []StandingDoc{}, Charges: []ChargeDoc{}, Events: []EventDoc{}, Incidents: p.Incidents, Services: p.Services, Related: p.Related,
		Statements: statementDocs(p.Statements), ClaimDoc: claim("", "", p.Confidence, p.Known, p.Source),
	}
	for _, s := range Standings(p) {
		d.Standing = append(d.Standing, v.standingDoc(&s))
	}
	for _, c := range p.Charges {
		d.Charges = append(d.Charges, ChargeDoc{c.Count, c.Text, c.Against, claim("", "", c.Confidence, c.Known, c.Source)})
	}
	for _, e := range p.Events {
		d.Events = append(d.Events, EventDoc{
			string(e.What), WhenText(e.When), e.Of, e.Charges, WhenText(e.Expected), e.Text, claim(e.By, e.Note, e.Confidence, e.Known, e.Source),
		})
	}
	for _, f := range p.Figures {
		d.Figures = append(d.Figures, figureDoc(Cited{Ref{KindProceeding, p.ID}, f}))
	}
	return d
}

// PartyName is what a party to a case is called.
func (v *View) PartyName(p fundtrail.CourtParty) string { return cmp.Or(p.Name, v.Name(p.Actor)) }

func (v *View) standingDoc(s *Standing) StandingDoc {
	d := StandingDoc{Counts: []OutcomeDoc{}}
	if s.Party.Actor != "" || s.Party.Name != "" {
		d.Party = &PartyDoc{s.Party.Actor, v.PartyName(s.Party), s.Party.Role}
	}
	if s.Custody != nil {
		d.Custody = string(s.Custody.What)
	}
	for _, c := range s.Counts {
		o := OutcomeDoc{Count: c.Charge.Count, Charge: c.Charge.Text, Outcome: string(c.Outcome)}
		if c.Event != nil {
			o.On = WhenText(c.Event.When)
		}
		d.Counts = append(d.Counts, o)
	}
	on := func(e *fundtrail.CourtEvent) string {
		if e == nil {
			return ""
		}
		return WhenText(e.When)
	}
	if s.Trial != nil {
		d.Trial, d.TrialOn = string(s.Trial.What), on(s.Trial)
		if s.Trial.What == fundtrail.TrialSet {
			d.TrialOn = WhenText(s.Trial.Expected)
		}
	}
	d.Sentence, d.Appeal, d.LastSeen = on(s.Sentence), on(s.Appeal), on(s.LastSeen)
	return d
}

// An ActorDoc is everything about an actor, a service, or what is both.
type ActorDoc struct {
	ID          string         `json:"id"`
	Name        string         `json:"name"`
	Aliases     []string       `json:"aliases,omitempty"`
	Category    string         `json:"category"`
	Related     []RelationDoc  `json:"related,omitempty"`
	Means       []string       `json:"attribution_means,omitempty"` // whose thefts count as its own, where that is others too
	Statements  []StatementDoc `json:"statements,omitempty"`
	Incidents   []string       `json:"incidents,omitempty"` // that claims name it in, also to deny it
	Robbed      []string       `json:"robbed,omitempty"`
	Actions     []string       `json:"actions,omitempty"`
	Proceedings []string       `json:"proceedings,omitempty"`
	Figures     []FigureDoc    `json:"figures,omitempty"`
	Service     *ServiceDoc    `json:"service,omitempty"`
}

type RelationDoc struct {
	From string `json:"from"`
	To   string `json:"to"`
	How  string `json:"how"`
	ClaimDoc
}

type ServiceDoc struct {
	ID         string         `json:"id"`
	Category   string         `json:"category"`
	Summary    string         `json:"summary,omitempty"`
	Addresses  int            `json:"addresses"`
	Statements []StatementDoc `json:"statements,omitempty"`
}

// An ActorFile is what the records say about a party, and about the service that it is.
type ActorFile struct {
	Actor   fundtrail.Actor
	Service *data.Service // nil where it is none
	Links   Links
	Means   []string // Ties, where that is more than itself
}

// File gathers an actor, or a service and who is behind it.
func (v *View) File(a fundtrail.Actor, s *data.Service) ActorFile {
	f := ActorFile{Actor: a, Service: s, Links: v.Of(Ref{KindActor, a.ID})}
	if ties := v.book.Ties(a.ID); len(ties) > 1 {
		f.Means = ties
		for _, id := range ties {
			f.Links.Incidents = joinByID(f.Links.Incidents, v.Of(Ref{KindActor, id}).Incidents)
		}
	}
	if s != nil {
		more := v.Of(Ref{KindService, s.ID})
		f.Links.Figures = uniqueFigures(f.Links.Figures, more.Figures)
		f.Links.Actions = joinActions(f.Links.Actions, more.Actions)
		f.Links.Proceedings = joinProceedings(f.Links.Proceedings, more.Proceedings)
	}
	return f
}

func (v *View) ActorDoc(f *ActorFile) ActorDoc {
	d := ActorDoc{
		ID: f.Actor.ID, Name: f.Actor.Name, Aliases: f.Actor.Aliases, Category: f.Actor.Category, Means: f.Means, Statements: statementDocs(f.Actor.Statements),
		Incidents: incidentIDs(f.Links.Incidents), Robbed: incidentIDs(f.Links.Robbed), Actions: actionIDs(f.Links.Actions),
		Proceedings: proceedingIDs(f.Links.Proceedings), Figures: figureDocs(f.Links.Figures),
	}
	for _, t := range f.Links.Actors {
		d.Related = append(d.Related, RelationDoc{t.From, t.To, t.How, claim("", "", t.Confidence, t.Known, t.Source)})
	}
	if s := f.Service; s != nil {
		d.Service = &ServiceDoc{s.ID, s.Category, s.Summary, len(s.Tags), statementDocs(s.Statements)}
	}
	return d
}

// An EntryDoc is one dated thing.
type EntryDoc struct {
	When   string   `json:"when"`
	What   string   `json:"what"`
	Record string   `json:"record"`
	Name   string   `json:"name"`
	Actor  string   `json:"actor,omitempty"`
	Of     []string `json:"of,omitempty"`
	Counts []int    `json:"counts,omitempty"`
	For    string   `json:"for,omitempty"`
	Text   string   `json:"text,omitempty"`
	ClaimDoc
}

func (e *Entry) Doc() EntryDoc {
	return EntryDoc{
		WhenText(e.When), e.What, e.Record.String(), e.Name, e.Actor, e.Of, e.Counts, WhenText(e.For), e.Text,
		claim(e.By, "", e.Confidence, e.Known, e.Source),
	}
}
