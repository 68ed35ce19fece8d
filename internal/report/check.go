package report

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/fundtrail/fundtrail"
)

// ReadJSON reads what [WriteJSON] wrote. It refuses a document of another schema,
// fields it does not know, text after the document, and whatever
// [Document.Validate] refuses; its errors wrap fundtrail.ErrInvalid.
func ReadJSON(r io.Reader) (*Document, error) {
	dec := json.NewDecoder(r)
	dec.DisallowUnknownFields()
	d := new(Document)
	if err := dec.Decode(d); err != nil {
		return nil, fmt.Errorf("read trace document: %w: %w", err, fundtrail.ErrInvalid)
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, fmt.Errorf("read trace document: text after its end: %w", fundtrail.ErrInvalid)
	}
	if err := d.Validate(); err != nil {
		return nil, err
	}
	d.fill()
	return d, nil
}

// Validate reports the first thing in d that a reader could not make sense of: an
// amount that is no whole number of base units, a time that is not RFC 3339, an
// index that points nowhere, a policy that was not run. Every writer of this
// package calls it first. It does not judge whether the figures are right: verify
// does, against the ledger.
func (d *Document) Validate() error {
	c := checker{d: d}
	c.document()
	if c.err != nil {
		return fmt.Errorf("trace document: %w", c.err)
	}
	return nil
}

// A checker keeps the first error, with the place it was found at.
type checker struct {
	d   *Document
	err error
}

func (c *checker) fail(at, format string, args ...any) {
	if c.err == nil {
		c.err = fmt.Errorf("%s: %s: %w", at, fmt.Sprintf(format, args...), fundtrail.ErrInvalid)
	}
}

func (c *checker) document() {
	d := c.d
	if d.Schema != Schema {
		c.fail("schema", "%q, this program reads %q", d.Schema, Schema)
		return
	}
	if !slices.Contains(d.Trace.Policies, d.Trace.Policy) {
		c.fail("trace.policy", "%q is not one of trace.policies", d.Trace.Policy)
	}
	for i, b := range d.Trace.AsOf {
		c.time(fmt.Sprintf("trace.as_of[%d].time", i), b.Time, false)
	}
	for i, a := range d.Assets {
		if a.Decimals < -1 || a.Decimals > math.MaxUint8 {
			c.fail(fmt.Sprintf("assets[%d].decimals", i), "%d, want -1 (not known) to 255", a.Decimals)
		}
	}
	c.flow()
	c.onward()
	for i, ch := range d.Coverage.Chains {
		c.span(fmt.Sprintf("coverage.chains[%d]", i), ch.First, ch.Last)
	}
	c.gaps("coverage.gaps", d.Coverage.Gaps)
}

func (c *checker) gaps(list string, gaps []Gap) {
	for i, g := range gaps {
		at := fmt.Sprintf("%s[%d]", list, i)
		c.amount(at+".short", g.Short)
		c.time(at+".time", g.Time, true)
	}
}

// flow checks what one trace found.
func (c *checker) flow() {
	d := c.d
	for i, s := range d.Stolen {
		at := fmt.Sprintf("stolen[%d]", i)
		c.amount(at+".amount", s.Amount)
		c.usd(at+".usd", s.USD)
		for j, t := range s.Thefts {
			at := fmt.Sprintf("%s.thefts[%d]", at, j)
			c.amount(at+".amount", t.Amount)
			c.time(at+".time", t.Time, true)
			c.probability(at+".probability", t.Probability)
			if t.PartOf != "" {
				c.amount(at+".part_of", t.PartOf)
			}
		}
	}
	for i := range d.Ends {
		c.end(fmt.Sprintf("ends[%d]", i), &d.Ends[i])
	}
	for i := range d.Categories {
		c.end(fmt.Sprintf("categories[%d]", i), &d.Categories[i])
	}
	for i, r := range d.Routes {
		at := fmt.Sprintf("routes[%d]", i)
		c.amount(at+".amount", r.Amount)
		if r.End != -1 || len(r.Addresses) > 0 { // -1: the routes too small to list, together
			c.index(at+".end", r.End, len(d.Ends))
		}
		c.span(at, r.First, r.Last)
	}
	for i, a := range d.Addresses {
		for _, n := range a.Inferences {
			c.index(fmt.Sprintf("addresses[%d].inferences", i), n, len(d.Inferences))
		}
	}
	c.hops("hops", d.Hops)
	c.hops("touched", d.Touched)
	c.passages()
	c.swaps()
	c.bridges()
}

// onward checks what was found from who took value out of mixers.
func (c *checker) onward() {
	for i := range c.d.Onward {
		o := &c.d.Onward[i]
		sub := checker{d: &Document{Trace: c.d.Trace, Flow: o.Flow}}
		sub.flow()
		sub.gaps("gaps", o.Gaps)
		if !slices.Contains(certainties, fundtrail.Certainty(o.Certainty)) {
			sub.fail("certainty", "%q: want certain, probable or possible", o.Certainty)
		}
		for j := range o.Starts {
			sub.start(fmt.Sprintf("starts[%d]", j), &o.Starts[j], c.d, i)
		}
		if sub.err != nil && c.err == nil {
			c.err = fmt.Errorf("onward[%d].%w", i, sub.err)
		}
	}
}

// start checks a start of the onward trace at a place: it may name earlier ones alone.
func (c *checker) start(at string, s *OnwardStart, d *Document, place int) {
	passages := d.Passages
	if s.Onward != -1 {
		if c.index(at+".onward", s.Onward, place); c.err != nil {
			return
		}
		passages = d.Onward[s.Onward].Passages
	}
	if c.index(at+".passage", s.Passage, len(passages)); c.err != nil {
		return
	}
	c.index(at+".withdrawal", s.Withdrawal, len(passages[s.Passage].Withdrawals))
	c.amount(at+".carries", s.Carries)
	c.probability(at+".probability", s.Probability)
}

func (c *checker) probability(at string, p float64) {
	if !(p >= 0 && p <= 1) {
		c.fail(at, "%v is not between 0 and 1", p)
	}
}

func (c *checker) end(at string, e *End) {
	c.tainted(at+".amount", e.Amount)
	c.amount(at+".at_least", e.AtLeast)
	c.amount(at+".at_most", e.AtMost)
	c.amount(at+".at_least_without_gaps", e.AtLeastWithoutGaps)
	c.amount(at+".at_most_without_gaps", e.AtMostWithoutGaps)
	c.amount(at+".moved", e.Moved)
	c.usd(at+".usd", e.USD)
	c.span(at, e.First, e.Last)
	for _, n := range e.Via {
		c.index(at+".via", n, len(c.d.Inferences))
	}
	if o := e.Odds; o != nil {
		c.probability(at+".odds.least", o.Least)
		c.probability(at+".odds.most", o.Most)
		c.amount(at+".odds.expected", o.Expected)
	}
}

// passages of one pool are of one asset and one note, and odds are probabilities.
func (c *checker) passages() {
	for i := range c.d.Passages {
		p := &c.d.Passages[i]
		at := fmt.Sprintf("passages[%d]", i)
		c.amount(at+".note", p.Note)
		if p.Amount != "" || p.Stolen != "" { // older reports do not tell
			c.amount(at+".amount", p.Amount)
			c.amount(at+".stolen", p.Stolen)
		}
		c.time(at+".first", p.First, true)
		c.time(at+".last", p.Last, true)
		for j := range p.Withdrawals {
			w := &p.Withdrawals[j]
			at := fmt.Sprintf("%s.withdrawals[%d]", at, j)
			c.time(at+".time", w.Time, true)
			c.amount(at+".fee", w.Fee)
			if w.Amount != "" || w.Carries != "" { // older reports do not tell
				c.amount(at+".amount", w.Amount)
				c.amount(at+".carries", w.Carries)
			}
			c.probability(at+".probability", w.Probability)
			if !slices.Contains(certainties, fundtrail.Certainty(w.Certainty)) {
				c.fail(at+".certainty", "%q: want certain, probable or possible", w.Certainty)
			}
		}
	}
}

func (c *checker) hops(list string, hops []Hop) {
	for i := range hops {
		h := &hops[i]
		if c.err == nil {
			// The place is only spelt out once something is wrong: there may be
			// hundreds of thousands of hops.
			c.hop("", h)
			if c.err != nil {
				c.err = fmt.Errorf("%s[%d]%w", list, i, c.err)
			}
		}
	}
}

func (c *checker) hop(at string, h *Hop) {
	c.time(at+".time", h.Time, false)
	c.amount(at+".amount", h.Amount)
	c.amount(at+".possible", h.Possible)
	c.amount(at+".possible_without_gaps", h.PossibleWithoutGaps)
	c.tainted(at+".tainted", h.Tainted)
	if h.End != nil {
		c.index(at+".end", *h.End, len(c.d.Ends))
	}
}

func (c *checker) tainted(at string, t Tainted) {
	n := 0
	for _, p := range c.d.Trace.Policies {
		if s, ok := t.under(p); ok {
			n++
			c.amount(at, s)
		}
	}
	if n != len(t) {
		c.fail(at, "holds a policy that is not one of trace.policies")
	}
}

func (c *checker) amount(at, s string) {
	if _, err := fundtrail.ParseAmount(s); err != nil && c.err == nil {
		c.err = fmt.Errorf("%s: %w", at, err)
	}
}

func (c *checker) usd(at string, u *USD) {
	if u == nil {
		return
	}
	c.amount(at+".unpriced", u.Unpriced)
	if _, _, ok := dollars(u.Amount); !ok {
		c.fail(at+".amount", "%q, want dollars and cents such as 12.50", u.Amount)
	}
}

// dollars splits "12.5" into its dollars and its cents, here "12" and "50".
func dollars(s string) (whole, cents string, ok bool) {
	whole, cents, point := strings.Cut(s, ".")
	ok = whole != "" && len(cents) <= 2 && (cents != "" || !point)
	for len(cents) < 2 {
		cents += "0"
	}
	for _, r := range whole + cents {
		ok = ok && r >= '0' && r <= '9'
	}
	return whole, cents, ok
}

func (c *checker) span(at, first, last string) {
	c.time(at+".first", first, true)
	c.time(at+".last", last, true)
}

func (c *checker) time(at, s string, optional bool) {
	if s == "" && optional {
		return
	}
	if _, err := time.Parse(time.RFC3339, s); err != nil {
		c.fail(at, "%q, want a time such as 2022-03-23T13:29:09Z", s)
	}
}

func (c *checker) index(at string, n, size int) {
	if n < 0 || n >= size {
		c.fail(at, "%d points at none of %d", n, size)
	}
}
