package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/fundtrail/fundtrail"
)

// An index finds what a document says of an address or an asset. One is made for
// each writing; it never changes the document.
type index struct {
	d         *Document
	assets    map[string]*Asset
	addresses map[place]*Address
	places    map[string]int // after the point, by asset: of the page's figures
	onwards   bool           // of an onward trace, all of which rests on an inference
}

// A place is an address with its chain: the same 20 bytes are spelt alike on every
// EVM chain, and are not always one holder.
type place struct{ chain, address string }

func newIndex(d *Document) *index {
	x := &index{
		d:         d,
		assets:    make(map[string]*Asset, len(d.Assets)),
		addresses: make(map[place]*Address, len(d.Addresses)),
		places:    make(map[string]int),
	}
	for i := range d.Assets {
		x.assets[d.Assets[i].Asset] = &d.Assets[i]
	}
	for i := range d.Addresses {
		a := &d.Addresses[i]
		x.addresses[place{a.Chain, a.Address}] = a
	}
	for i := range d.Onward {
		for _, a := range d.Onward[i].Addresses {
			if at := (place{a.Chain, a.Address}); x.addresses[at] == nil {
				a.Inferences = nil // they are numbered by the onward trace
				x.addresses[at] = &a
			}
		}
	}
	largest := make(map[string]fundtrail.Amount)
	for _, s := range d.Stolen {
		largest[s.Asset] = largest[s.Asset].Max(amount(s.Amount))
	}
	for i := range d.Ends {
		// An asset that was not stolen itself is reached through a crossing.
		if e := &d.Ends[i]; !slices.ContainsFunc(d.Stolen, func(s Stolen) bool { return s.Asset == e.Asset }) {
			largest[e.Asset] = largest[e.Asset].Max(amount(e.AtMost))
		}
	}
	for asset, a := range largest {
		x.places[asset] = placesFor(a, x.asset(asset).Decimals)
	}
	return x
}

// asset returns how to print an asset; one that the document does not describe is
// printed in base units under its own name.
func (x *index) asset(asset string) Asset {
	if a := x.assets[asset]; a != nil {
		return *a
	}
	return Asset{Asset: asset, Decimals: -1}
}

// symbol is the unit that amounts of the asset are printed in.
func (x *index) symbol(asset string) string {
	a := x.asset(asset)
	s := clean(a.Symbol)
	if s == "" {
		s = clean(a.Asset)
	}
	if a.Decimals < 0 {
		return s + " base units"
	}
	return s
}

func (x *index) coins(asset string, a fundtrail.Amount, r rounding) string {
	return coins(a, x.asset(asset).Decimals, x.places[asset], r)
}

// figure is the amount under one policy, "n/a" where the policy is not defined on
// the asset's chain.
func (x *index) figure(asset string, t Tainted, policy string) string {
	s, ok := t.under(policy)
	if !ok {
		return "n/a"
	}
	return x.coins(asset, amount(s), nearest)
}

// under returns the amount under a policy of the trace, named "fifo/1" there; objects
// are keyed by the name alone. ok is false where the policy is not defined.
func (t Tainted) under(policy string) (s string, ok bool) {
	s, ok = t[policyName(policy)]
	return s, ok
}

// sum is the amount under a policy for adding up, where undefined adds nothing.
func (t Tainted) sum(policy string) fundtrail.Amount {
	s, _ := t.under(policy)
	return amount(s)
}

// policyName is a policy's name without the version of its rules.
func policyName(policy string) string {
	name, _, _ := strings.Cut(policy, "/")
	return name
}

// exact is the amount with all its digits and its unit.
func (x *index) exact(asset string, a fundtrail.Amount) string {
	return exact(a, x.asset(asset).Decimals) + " " + x.symbol(asset)
}

// chainOf returns the chain of an asset: "eth" of "eth/0x…".
func chainOf(asset string) string {
	chain, _, _ := strings.Cut(asset, "/")
	return chain
}

// The bases of a name.
const (
	byClaim     = "claim"
	byInference = "inference"
)

// A name is what an address is called, and on what ground.
type name struct {
	text       string // clean; "" when nothing is said of the address
	basis      string // byClaim, byInference or ""
	category   string
	actor      string
	method     string // of an inference, clean
	confidence int
}

// ground says what the name rests on: "[claim 90]", or "[deposit/1 75]".
func (n name) ground() string {
	if n.basis == byInference {
		return fmt.Sprintf("[%s %d]", n.method, n.confidence)
	}
	return fmt.Sprintf("[%s %d]", n.basis, n.confidence)
}

// name returns the surest claim about an address (the first of equals), or else
// the surest inference that names somebody. The rest is never dropped: the page and
// the CSV of the claims show each.
func (x *index) name(chain, address string) name {
	a := x.addresses[place{chain, address}]
	if a == nil {
		return name{}
	}
	var best *Tag
	for i := range a.Tags {
		if t := &a.Tags[i]; best == nil || t.Confidence > best.Confidence {
			best = t
		}
	}
	if best != nil {
		return name{text: firstOf(clean(best.Label), clean(best.Actor), clean(best.Category)), basis: byClaim,
			category: best.Category, actor: best.Actor, confidence: best.Confidence}
	}
	var sure *Inference
	for _, n := range a.Inferences {
		if f := &x.d.Inferences[n]; sure == nil || f.Confidence > sure.Confidence {
			sure = f
		}
	}
	if sure != nil {
		return name{text: clean(sure.Says), basis: byInference, actor: sure.Actor,
			method: clean(sure.Method), confidence: sure.Confidence}
	}
	return name{}
}

// inferred reports whether a step of the trace, or who received it, rests on an
// inference of ours instead of on the ledger and on claims: a step of an onward trace, a
// crossing, or a payment to an address that only an inference ties to the party the trace credits. Such
// steps are drawn dashed.
func (x *index) inferred(h *Hop) bool {
	return x.onwards || h.Kind == "crossing" || x.name(chainOf(h.Asset), h.To).basis == byInference
}

// endTitle is who or what an end is, in a few words: the name it has, or its address.
// Where value merely stopped, the label only repeats the category, so that an end of
// one address is called by it.
func endTitle(e *End) string {
	if e.Followed {
		return endName(e) + ", followed on"
	}
	return endName(e)
}

func endName(e *End) string {
	switch e.Category {
	case "held", "coverage", "hub", "limit", "dust":
		if len(e.Addresses) == 1 && e.Actor == "" {
			return clean(e.Addresses[0])
		}
	}
	switch {
	case e.Label != "" || e.Actor != "":
		return firstOf(clean(e.Label), clean(e.Actor))
	case len(e.Addresses) == 1:
		return clean(e.Addresses[0])
	case len(e.Addresses) > 1:
		return count(len(e.Addresses), "address")
	}
	return categoryName(e.Category)
}

// firstOf returns the first text that is not empty.
func firstOf(texts ...string) string {
	for _, s := range texts {
		if s != "" {
			return s
		}
	}
	return ""
}

// categoryOrder puts first what somebody can act on, last what nobody can.
var categoryOrder = []string{
	"exchange", "held", "mixer", "bridge", "swap", "service", "theft", "returned",
	"hub", "coverage", "limit", "dust", "fee", "burned", "minted",
}

// categoryNames are the categories as a heading says them.
var categoryNames = map[string]string{
	"exchange": "Exchanges", "held": "Still held", "mixer": "Mixers", "bridge": "Bridges",
	"swap": "Swaps", "service": "Other services", "theft": "Another theft",
	"returned": "Returned", "hub": "Untagged hubs", "coverage": "Beyond the data", "limit": "Past a limit",
	"dust": "Dust", "fee": "Spent as fees", "burned": "Burned", "minted": "Minted",
}

func categoryName(category string) string {
	if s, ok := categoryNames[category]; ok {
		return s
	}
	return clean(category)
}
