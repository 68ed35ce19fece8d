package record

import (
	"fmt"
	"math"
	"strings"

	"github.com/fundtrail/fundtrail"
)

// A StolenDoc is the answer to a Question.
type StolenDoc struct {
	Head
	Method     string       `json:"method"`
	By         string       `json:"by"`
	Definition []string     `json:"definition"`
	Actors     []string     `json:"actors,omitempty"`
	Rows       []SumDoc     `json:"rows"`
	All        SumDoc       `json:"all"`
	Denied     []string     `json:"only_denied,omitempty"`
	Undated    []string     `json:"no_day_known,omitempty"`
	Compared   []CompareDoc `json:"compared,omitempty"`
}

// A SumDoc is one sum, in whole dollars.
type SumDoc struct {
	Key          string            `json:"key"` // "" where it is not stated
	Least        fundtrail.Amount  `json:"least_usd"`
	Most         fundtrail.Amount  `json:"most_usd"`
	Thefts       int               `json:"thefts"`
	Counted      []string          `json:"counted"`
	Disputed     []string          `json:"disputed,omitempty"`
	DisputedMost *fundtrail.Amount `json:"disputed_most_usd,omitempty"`
	Open         []string          `json:"no_upper_end,omitempty"`
	NoFigure     []string          `json:"no_figure,omitempty"`
	Nominal      []string          `json:"nominal,omitempty"`
	NominalLeast *fundtrail.Amount `json:"nominal_least_usd,omitempty"`
	NominalMost  *fundtrail.Amount `json:"nominal_most_usd,omitempty"`
	Recovered    *BackDoc          `json:"recovered,omitempty"`
	Frozen       *BackDoc          `json:"frozen,omitempty"`
	Seized       *BackDoc          `json:"seized,omitempty"`
	Sought       *BackDoc          `json:"sought,omitempty"`
	Forfeited    *BackDoc          `json:"forfeited,omitempty"`
}

// A BackDoc is what came back or was stopped.
type BackDoc struct {
	Least fundtrail.Amount `json:"least_usd"`
	Most  fundtrail.Amount `json:"most_usd"`
	Of    []string         `json:"of"`
}

// A CompareDoc is a year beside what is published of it.
type CompareDoc struct {
	Year      int               `json:"year"`
	Verdict   string            `json:"verdict"`
	Gap       *fundtrail.Amount `json:"gap_usd,omitempty"`
	Least     *fundtrail.Amount `json:"published_least_usd,omitempty"`
	Most      *fundtrail.Amount `json:"published_most_usd,omitempty"`
	Published []PublishedDoc    `json:"published"`
	Why       []string          `json:"why,omitempty"`
}

type PublishedDoc struct {
	Publisher string `json:"publisher"`
	Part      bool   `json:"part_of_the_year,omitempty"`
	FigureDoc
}

// Definition says in sentences what the sums are of.
func (v *View) Definition(s *Stolen) (out []string) {
	q := s.Question
	switch {
	case q.AttributedTo == "":
		out = append(out, "Thefts on record, whoever did them.")
	case len(s.Actors) > 1:
		out = append(out, fmt.Sprintf("Thefts that a claim attributes to %s: to %s, by the records' relations.", v.Name(q.AttributedTo), list(s.Actors)))
	default:
		out = append(out, fmt.Sprintf("Thefts that a claim attributes to %s by that name.", v.Name(q.AttributedTo)))
	}
	if q.MinConfidence > 0 && q.AttributedTo != "" {
		out = append(out, fmt.Sprintf("Attributions of a confidence below %d do not count.", q.MinConfidence))
	}
	out = append(out,
		"Each theft counts from the least to the most that a source gives as its loss, in dollars of the day of the theft as that source values them.",
		"What was recovered, frozen or seized is beside it and not taken off.",
		"Nominal values, and thefts of which no source gives a figure, are in no sum.")
	if q.AttributedTo != "" {
		out = append(out, "Where somebody denies what somebody else claims, the theft is in the most and not in the least.")
	}
	switch {
	case !q.From.IsZero() && !q.To.IsZero():
		out = append(out, fmt.Sprintf("Thefts from %s to %s.", day(q.From), day(q.To)))
	case !q.From.IsZero():
		out = append(out, fmt.Sprintf("Thefts from %s on.", day(q.From)))
	case !q.To.IsZero():
		out = append(out, fmt.Sprintf("Thefts until %s.", day(q.To)))
	}
	if q.Chain != "" {
		out = append(out, fmt.Sprintf("Thefts on %s, also those on other chains beside.", q.Chain))
	}
	if q.Kind != "" {
		out = append(out, fmt.Sprintf("Victims of the kind %s.", q.Kind))
	}
	return out
}

// Why says what the difference between a year of ours and what is published may come from,
// as far as the records tell.
func (v *View) Why(c *Comparison) (out []string) {
	if c.Verdict == Inside || c.Verdict == Unpublished {
		return nil
	}
	ours := c.Ours.Thefts()
	switch {
	case c.Counts[1] == 0:
		out = append(out, fmt.Sprintf("%s on record; no publisher says how many it counts.", thefts(ours)))
	case ours < c.Counts[0]:
		missing := c.Counts[0] - ours
		out = append(out, fmt.Sprintf("%s on record, publishers count %s: at least %d %s not on record.", thefts(ours), span(c.Counts), missing, are(missing)))
	default:
		out = append(out, fmt.Sprintf("%s on record, publishers count %s.", thefts(ours), span(c.Counts)))
	}
	switch n := len(c.Weak); n {
	case 0:
	case len(c.Ours.Incidents):
		out = append(out, fmt.Sprintf("None of them is attributed with more than %d, as by one researcher or the press.", WeakConfidence))
	default:
		out = append(out, fmt.Sprintf("%s of them %s attributed with no more than %d, as by one researcher or the press; without them it is %s.",
			number(n), are(n), WeakConfidence, Dollars(c.StrongLeast, c.StrongMost, false)))
	}
	if n := len(c.Ours.Disputed); n > 0 {
		out = append(out, fmt.Sprintf("%s disputed (up to %s): %s.", number(n), Dollars(c.Ours.DisputedMost, c.Ours.DisputedMost, false), some(c.Ours.Disputed)))
	}
	if n := len(c.Ours.Nominal); n > 0 {
		out = append(out, fmt.Sprintf("%s with a nominal value alone, %s, in no sum of ours: %s.", number(n), Dollars(c.Ours.NominalLeast, c.Ours.NominalMost, false), some(c.Ours.Nominal)))
	}
	if n := len(c.Ours.NoFigure); n > 0 {
		out = append(out, fmt.Sprintf("%s without a figure: %s.", number(n), some(c.Ours.NoFigure)))
	}
	if len(c.Largest) > 0 {
		out = append(out, fmt.Sprintf("The largest of ours: %s. Which thefts a publisher counts, no source on record lists.", list(c.Largest)))
	}
	return out
}

func thefts(n int) string {
	if n == 1 {
		return "1 theft"
	}
	return fmt.Sprintf("%d thefts", n)
}

func number(n int) string { return fmt.Sprint(n) }

func are(n int) string {
	if n == 1 {
		return "is"
	}
	return "are"
}

func span(c [2]int) string {
	if c[0] == c[1] {
		return number(c[0])
	}
	return fmt.Sprintf("%d to %d", c[0], c[1])
}

// some lists a few IDs and how many more there are.
func some(ids []string) string {
	if len(ids) <= 6 {
		return list(ids)
	}
	return fmt.Sprintf("%s and %d more", strings.Join(ids[:5], ", "), len(ids)-5)
}

// Dollars writes a range in few digits: exactly where two decimals of a million or a
// thousand say all, else the least rounded down and the most up, so that what is written
// holds what it stands for. A single figure is always exact.
func Dollars(least, most fundtrail.Amount, open bool) string {
	s := dollars(least, false)
	if least != most {
		s += " to " + dollars(most, true)
	} else if short, ok := exactly(least); !ok {
		s = "$" + Grouped(least.String())
	} else {
		s = short
	}
	if open {
		s += " or more"
	}
	return s
}

// exactly writes dollars in few digits where that loses nothing.
func exactly(a fundtrail.Amount) (string, bool) {
	for _, unit := range []struct {
		size, beyond uint64 // the least that it counts, and from where a larger one does
		places       int
		name         string
	}{{1_000_000_000, math.MaxUint64, 2, "B"}, {1_000_000, math.MaxUint64, 3, "M"}, {1_000, 1_000_000, 2, "k"}} {
		step := unit.size
		for range unit.places {
			step /= 10
		}
		parts, _ := a.MulDiv(fundtrail.NewAmount(1), fundtrail.NewAmount(step))
		if back, _ := parts.Mul(fundtrail.NewAmount(step)); back == a && !a.Less(fundtrail.NewAmount(unit.size)) && a.Less(fundtrail.NewAmount(unit.beyond)) {
			return "$" + Grouped(parts.Decimal(unit.places)) + unit.name, true
		}
	}
	return "$" + a.String(), a.Less(fundtrail.NewAmount(1_000))
}

func dollars(a fundtrail.Amount, up bool) string {
	if s, ok := exactly(a); ok {
		return s
	}
	size, name := uint64(1_000), "k"
	if !a.Less(fundtrail.NewAmount(1_000_000)) {
		size, name = 1_000_000, "M"
	}
	step := fundtrail.NewAmount(size / 10)
	tenths, _ := a.MulDiv(fundtrail.NewAmount(1), step)
	if up {
		tenths, _ = tenths.Add(fundtrail.NewAmount(1))
	}
	return "$" + Grouped(tenths.Decimal(1)) + name
}

// Grouped puts commas into the whole part of a decimal number.
func Grouped(s string) string {
	whole, rest, point := strings.Cut(s, ".")
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if point {
		return whole + "." + rest
	}
	return whole
}

// StolenDoc is the answer as a document.
func (v *View) StolenDoc(s *Stolen) StolenDoc {
	d := StolenDoc{
		Head: v.Head("stolen"), Method: s.Method, By: string(s.Question.By), Definition: v.Definition(s), Actors: s.Actors, Rows: []SumDoc{},
		All: sumDoc(&s.All), Denied: s.Denied, Undated: s.Undated,
	}
	d.Is = "inference"
	for i := range s.Rows {
		d.Rows = append(d.Rows, sumDoc(&s.Rows[i]))
	}
	for i := range s.Compared {
		c := &s.Compared[i]
		doc := CompareDoc{Year: c.Year, Verdict: string(c.Verdict), Published: []PublishedDoc{}, Why: v.Why(c)}
		if c.Verdict != Unpublished {
			doc.Least, doc.Most = &c.Least, &c.Most
		}
		if !c.Gap.IsZero() {
			doc.Gap = &c.Gap
		}
		for _, p := range c.Published {
			doc.Published = append(doc.Published, PublishedDoc{p.Publisher, p.Part, figureDoc(Cited{Ref{KindPublication, p.Publisher}, p.Figure})})
		}
		d.Compared = append(d.Compared, doc)
	}
	return d
}

func sumDoc(s *Sum) SumDoc {
	d := SumDoc{
		Key: s.Key, Least: s.Least, Most: s.Most, Thefts: s.Thefts(), Counted: append([]string{}, s.Incidents...), Disputed: s.Disputed,
		Open: s.Open, NoFigure: s.NoFigure, Nominal: s.Nominal,
	}
	if len(s.Disputed) > 0 {
		d.DisputedMost = &s.DisputedMost
	}
	if len(s.Nominal) > 0 {
		d.NominalLeast, d.NominalMost = &s.NominalLeast, &s.NominalMost
	}
	for _, b := range []struct {
		from *Back
		to   **BackDoc
	}{{&s.Recovered, &d.Recovered}, {&s.Frozen, &d.Frozen}, {&s.Seized, &d.Seized}, {&s.Sought, &d.Sought}, {&s.Forfeited, &d.Forfeited}} {
		if len(b.from.Incidents) > 0 {
			*b.to = &BackDoc{b.from.Least, b.from.Most, b.from.Incidents}
		}
	}
	return d
}
