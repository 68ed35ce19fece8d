package record

import (
	"cmp"
	"slices"
	"strconv"
	"time"

	"github.com/fundtrail/fundtrail"
)

// StolenMethod names how the sums of this file are made, and their version.
const StolenMethod = "loss-claims/1"

// A By says what sums are made by.
type By string

const (
	ByYear   By = "year"
	ByActor  By = "actor"
	ByChain  By = "chain"
	ByVictim By = "victim"
	ByKind   By = "kind"
)

// Bys are all of them.
var Bys = []By{ByYear, ByActor, ByChain, ByVictim, ByKind}

// A Question asks what was stolen.
type Question struct {
	By            By
	AttributedTo  string               // an actor's ID; "" for whoever did it
	MinConfidence fundtrail.Confidence // of the attributions that count
	From, To      time.Time            // days on which the theft happened; zero: no limit
	Chain         fundtrail.Chain      // "" for any
	Kind          fundtrail.VictimKind // "" for any
}

// Stolen answers a Question. Each theft contributes the range from the least to the most
// that a source gives as its loss, in dollars of the day of the theft as each source gives
// them. No figure is averaged, and none is made up where there is none.
type Stolen struct {
	Question Question
	Method   string
	Actors   []string // whose attributions count, by the records' relations; empty for whoever did it
	Rows     []Sum    // by what was asked, years by time and the rest by falling Most
	All      Sum      // of everything: each theft once
	Denied   []string // thefts that claims only deny to be the actors': in no sum
	Undated  []string // thefts left out because no known claim says when they happened
	Compared []Comparison
}

// A Sum is what some thefts come to.
type Sum struct {
	Key string // a year, an actor's or a victim's ID, a chain, a kind; "" where it is not stated
	// Least sums the least of the thefts that nobody disputes, Most the most of those and of
	// the disputed ones.
	Least, Most fundtrail.Amount
	Incidents   []string // that Least and Most sum up, the disputed ones among them
	Disputed    []string // of Incidents: somebody attributes them to the actors, somebody denies it
	// What the disputed ones come to by themselves.
	DisputedLeast, DisputedMost fundtrail.Amount
	Open                        []string // of Incidents: a source says "more than", so that the most has no end
	NoFigure                    []string // thefts of which no source gives a loss: in no number
	Nominal                     []string // thefts of which there is a nominal value alone: in no number but these
	NominalLeast, NominalMost   fundtrail.Amount
	// What came back or was stopped, beside the loss and never taken off it.
	Recovered, Frozen, Seized, Forfeited Back
}

// Thefts is how many thefts a sum is about, with those that are in no number.
func (s *Sum) Thefts() int { return len(s.Incidents) + len(s.NoFigure) + len(s.Nominal) }

// A Back is what was recovered, frozen, seized or forfeited. Claims about one theft may be
// about the same money or not, so it runs from the largest of them to all of them together.
type Back struct {
	Least, Most fundtrail.Amount
	Incidents   []string
}

// Loss returns the range of what sources say an incident's victim lost, nominal values left
// out. ok is false where there is no figure.
func Loss(in *fundtrail.Incident) (least, most fundtrail.Amount, open, ok bool) {
	for _, l := range in.Losses {
		if l.Qualifier == "nominal" {
			continue
		}
		if !ok {
			least = l.USD
		}
		least, most, ok = least.Min(l.USD), most.Max(l.USD), true
	}
	for _, l := range in.Losses {
		open = open || l.USD == most && (l.Qualifier == "more than" || l.Qualifier == "at least")
	}
	return least, most, open && ok, ok
}

// nominal is Loss of the nominal values alone.
func nominal(in *fundtrail.Incident) (least, most fundtrail.Amount, ok bool) {
	for _, l := range in.Losses {
		if l.Qualifier == "nominal" {
			if !ok {
				least = l.USD
			}
			least, most, ok = least.Min(l.USD), most.Max(l.USD), true
		}
	}
	return least, most, ok
}

// An Attribution is what claims say about whether actors did it.
type Attribution string

const (
	Named    Attribution = "named"    // somebody says so, nobody denies it
	Disputed Attribution = "disputed" // somebody says so and somebody denies it
	Denied   Attribution = "denied"   // it is only denied
	Unnamed  Attribution = "unnamed"  // nobody says anything
)

// Attributed says how an incident stands to an actor: by claims of at least min about the
// actors that [Book.Ties] names. Who denies that it was a state denies it of its groups.
func (v *View) Attributed(in *fundtrail.Incident, actor string, min fundtrail.Confidence) Attribution {
	return v.attributed(in, actor, v.book.Ties(actor), min)
}

func (v *View) attributed(in *fundtrail.Incident, actor string, ties []string, min fundtrail.Confidence) Attribution {
	var named, denied bool
	for _, a := range in.Attributions {
		switch {
		case a.Confidence < min:
		case a.Denied:
			denied = denied || slices.Contains(ties, a.Actor) || slices.Contains(v.book.Ties(a.Actor), actor)
		default:
			named = named || slices.Contains(ties, a.Actor)
		}
	}
	switch {
	case named && denied:
		return Disputed
	case named:
		return Named
	case denied:
		return Denied
	}
	return Unnamed
}

// Chains returns the chains that an incident's value was taken on, sorted: those of its
// thefts and of the coins that were taken; where neither is stated, of the robbed addresses
// and the thief's.
func Chains(in *fundtrail.Incident) []fundtrail.Chain {
	set := map[fundtrail.Chain]bool{}
	for _, t := range in.Thefts {
		if !t.Proceeds {
			set[cmp.Or(t.Asset.Chain, t.Tx.Chain, t.Address.Chain())] = true
		}
	}
	for _, f := range in.Figures {
		if f.What == fundtrail.FigureStolen {
			set[f.Asset.Chain] = true
		}
	}
	delete(set, "")
	if len(set) == 0 {
		for _, t := range in.Addresses {
			if t.Role == fundtrail.RoleVictim || t.Role == fundtrail.RoleThief {
				set[t.Address.Chain()] = true
			}
		}
	}
	out := make([]fundtrail.Chain, 0, len(set))
	for c := range set {
		out = append(out, c)
	}
	slices.Sort(out)
	return out
}

// Several is the key of thefts on more than one chain: no source divides their loss.
const Several = "several"

func (q *Question) key(in *fundtrail.Incident) string {
	switch q.By {
	case ByActor:
		a, _ := BestAttribution(in)
		return a.Actor
	case ByChain:
		switch chains := Chains(in); len(chains) {
		case 0:
			return ""
		case 1:
			return string(chains[0])
		default:
			return Several
		}
	case ByVictim:
		return in.Victim.ID
	case ByKind:
		return string(in.Kind)
	}
	if in.Happened.IsZero() {
		return ""
	}
	return strconv.Itoa(in.Happened.Year())
}

// Select returns the incidents of the view that a question is about, and how each stands to
// the actors asked for; Named where none was.
func (v *View) Select(q Question) (list []fundtrail.Incident, how []Attribution, undated []string) {
	ties := v.book.Ties(q.AttributedTo)
	for i := range v.Incidents {
		in := &v.Incidents[i]
		if q.Kind != "" && in.Kind != q.Kind || q.Chain != "" && !slices.Contains(Chains(in), q.Chain) {
			continue
		}
		at := Named
		if q.AttributedTo != "" {
			at = v.attributed(in, q.AttributedTo, ties, q.MinConfidence)
		}
		switch {
		case at == Unnamed:
			continue
		case in.Happened.IsZero() && (!q.From.IsZero() || !q.To.IsZero()):
			undated = append(undated, in.ID)
			continue
		case !q.From.IsZero() && in.Happened.Before(q.From), !q.To.IsZero() && !in.Happened.Before(q.To.AddDate(0, 0, 1)):
			continue
		}
		list, how = append(list, *in), append(how, at)
	}
	return list, how, undated
}

// Stolen sums what was stolen.
func (v *View) Stolen(q Question) Stolen {
	s := Stolen{Question: q, Method: StolenMethod}
	if q.AttributedTo != "" {
		s.Actors = v.book.Ties(q.AttributedTo)
	}
	list, how, undated := v.Select(q)
	s.Undated = undated
	rows := map[string]*Sum{}
	for i := range list {
		in := &list[i]
		if how[i] == Denied {
			s.Denied = append(s.Denied, in.ID)
			continue
		}
		key := q.key(in)
		if rows[key] == nil {
			rows[key] = &Sum{Key: key}
		}
		rows[key].add(v, in, how[i])
		s.All.add(v, in, how[i])
	}
	for _, key := range sortedKeys(rows) {
		s.Rows = append(s.Rows, *rows[key])
	}
	if q.By != ByYear {
		slices.SortStableFunc(s.Rows, func(a, b Sum) int { return b.Most.Cmp(a.Most) })
	}
	if q.By == ByYear && q.AttributedTo != "" && q.Chain == "" && q.Kind == "" {
		s.Compared = v.compare(&s, list)
	}
	return s
}

// add counts one incident in.
func (s *Sum) add(v *View, in *fundtrail.Incident, how Attribution) {
	least, most, open, ok := Loss(in)
	switch {
	case ok:
		s.Incidents = append(s.Incidents, in.ID)
		s.Most = plus(s.Most, most)
		if how == Disputed {
			s.Disputed = append(s.Disputed, in.ID)
			s.DisputedLeast, s.DisputedMost = plus(s.DisputedLeast, least), plus(s.DisputedMost, most)
		} else {
			s.Least = plus(s.Least, least)
		}
		if open {
			s.Open = append(s.Open, in.ID)
		}
	default:
		if least, most, ok := nominal(in); ok {
			s.Nominal = append(s.Nominal, in.ID)
			s.NominalLeast, s.NominalMost = plus(s.NominalLeast, least), plus(s.NominalMost, most)
		} else {
			s.NoFigure = append(s.NoFigure, in.ID)
		}
	}
	s.Recovered.add(v, in, fundtrail.FigureRecovered)
	s.Frozen.add(v, in, fundtrail.FigureFrozen)
	s.Seized.add(v, in, fundtrail.FigureSeized)
	s.Forfeited.add(v, in, fundtrail.FigureForfeit)
}

func (b *Back) add(v *View, in *fundtrail.Incident, what fundtrail.FigureKind) {
	var largest, all fundtrail.Amount
	type said struct {
		usd fundtrail.Amount
		by  string
	}
	seen := map[said]bool{} // the record of an act repeats what the one of the theft says
	for _, f := range v.figuresOf(Ref{KindIncident, in.ID}, func(string) bool { return false }) {
		if key := (said{f.USD, f.By}); f.What == what && !f.USD.IsZero() && !seen[key] {
			seen[key] = true
			largest, all = largest.Max(f.USD), plus(all, f.USD)
		}
	}
	if !all.IsZero() {
		b.Least, b.Most = plus(b.Least, largest), plus(b.Most, all)
		b.Incidents = append(b.Incidents, in.ID)
	}
}

// plus adds dollars; a sum beyond all numbers stays there.
func plus(a, b fundtrail.Amount) fundtrail.Amount {
	sum, overflow := a.Add(b)
	if overflow {
		return fundtrail.MaxAmount
	}
	return sum
}
