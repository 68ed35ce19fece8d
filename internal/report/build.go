package report

import (
	"cmp"
	"encoding/hex"
	"slices"
	"time"

	"github.com/fundtrail/fundtrail"
)

// An About is what a document says beside the trace itself.
type About struct {
	Program string
	Name    string  // of the incident, for people
	Actor   string  // who it is attributed to
	Options Options // Dust is filled in from the trace
	Inputs  []Input
	// Asset returns how to print an asset's amounts; decimals is -1 when not known.
	Asset  func(fundtrail.Asset) (symbol string, decimals int)
	Party  func(actor string) string // an actor's name, "" when not known
	Ledger fundtrail.Ledger          // for the extent of the data
	Record *fundtrail.Incident
}

// New makes the document of a trace.
func New(t *fundtrail.Trace, about About) *Document {
	d := &Document{
		Schema: Schema, Program: about.Program, Inputs: about.Inputs,
		Trace: Header{
			Subject: t.Subject, Name: about.Name, Actor: about.Actor, Direction: string(t.Direction),
			Policy: string(t.Policy.Method()), Options: about.Options, Visited: t.Visited,
		},
	}
	b := builder{d: d, t: t, about: about, seen: map[fundtrail.Address]int{}, covers: map[fundtrail.Address]string{}, policies: t.Policies}
	d.Trace.Options.Dust = map[string]string{}
	for _, s := range t.Stolen {
		d.Trace.Options.Dust[s.Asset.String()] = s.Dust.String()
	}
	b.claims()
	for _, p := range t.Policies {
		d.Trace.Policies = append(d.Trace.Policies, string(p.Method()))
	}
	for _, block := range t.AsOf {
		d.Trace.AsOf = append(d.Trace.AsOf, Block{string(block.Chain), block.Height, stamp(block.Time)})
	}
	b.flow()
	b.onward()
	b.coverage()
	if about.Record != nil {
		d.Record = record(about.Record)
	}
	d.fill()
	return d
}

// flow writes what one trace found.
func (b *builder) flow() {
	b.stolen()
	for i := range b.t.Ends {
		b.d.Ends = append(b.d.Ends, b.end(&b.t.Ends[i]))
	}
	for i := range b.t.Kinds {
		b.d.Categories = append(b.d.Categories, b.end(&b.t.Kinds[i]))
	}
	for i := range b.t.Routes {
		b.d.Routes = append(b.d.Routes, b.route(&b.t.Routes[i]))
	}
	for i := range b.t.Hops {
		b.hop(&b.t.Hops[i])
	}
	for i := range b.t.Inferences {
		b.inference(i, &b.t.Inferences[i])
	}
	b.bridges()
	b.passages()
	b.addresses()
}

type builder struct {
	d        *Document
	t        *fundtrail.Trace
	about    About
	policies []fundtrail.Policy
	swaps    map[fundtrail.TransferOutput]bool // noted, by their first record
	crossed  map[fundtrail.TransferOutput]int  // bridges noted, likewise, and their places
	list     []*Address
	seen     map[fundtrail.Address]int // address -> its place in list
	assets   map[fundtrail.Asset]bool
	covers   map[fundtrail.Address]string // "partial" or "whole"; the zero Address stands for all
	onwards  map[fundtrail.Address]int    // addresses that onward traces met
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

func (b *builder) asset(a fundtrail.Asset) string {
	if b.assets == nil {
		b.assets = map[fundtrail.Asset]bool{}
	}
	if !b.assets[a] {
		b.assets[a] = true
		symbol, decimals := b.about.Asset(a)
		b.d.Assets = append(b.d.Assets, Asset{a.String(), symbol, decimals})
		slices.SortFunc(b.d.Assets, func(x, y Asset) int { return cmp.Compare(x.Asset, y.Asset) })
	}
	return a.String()
}

func (b *builder) tainted(a fundtrail.Asset, t *fundtrail.Taints) Tainted {
	info, _ := a.Chain.Info()
	out := Tainted{}
	for _, p := range b.policies {
		if p.On(info.Model) {
			out[p.String()] = t[p].String()
		}
	}
	return out
}

func usd(v *fundtrail.Valuation) *USD {
	if v == nil {
		return nil
	}
	return &USD{v.Cents.Decimal(2), v.Unpriced.String(), v.Basis}
}

func (b *builder) stolen() {
	for _, s := range b.t.Stolen {
		out := Stolen{Asset: b.asset(s.Asset), Amount: s.Amount.String(), USD: usd(s.USD)}
		for i := range s.Thefts {
			out.Thefts = append(out.Thefts, b.theft(&s.Thefts[i]))
		}
		b.d.Stolen = append(b.d.Stolen, out)
	}
}

func (b *builder) theft(t *fundtrail.ResolvedTheft) Theft {
	out := Theft{
		Basis: t.Basis, Address: t.Address.String(), Amount: t.Stolen().String(), Time: stamp(t.Time),
		Proceeds: t.Proceeds, Note: t.Note, Source: t.Source.URL, Probability: places(t.Probability),
	}
	if t.Stolen() != t.Amount {
		out.PartOf = t.Amount.String()
	}
	if !t.ProceedsOf.IsZero() {
		out.Of = t.ProceedsOf.String()
	}
	if !t.Tx.IsZero() {
		out.Tx = t.Tx.String()
	}
	if !t.Record.Transfer.Tx.IsZero() {
		index := recordIndex(t.Record)
		out.Index = &index
	}
	if b.seen != nil {
		b.meet(t.Address, "source", 0)
	}
	return out
}

// recordIndex is a record's number within its transaction: of the transfer on an account
// chain, of the output on a coin chain.
func recordIndex(o fundtrail.TransferOutput) uint32 {
	if info, _ := o.Transfer.Tx.Chain.Info(); info.Model == fundtrail.Coins {
		return o.Output
	}
	return o.Transfer.Index
}

func (b *builder) end(e *fundtrail.End) End {
	out := End{
		Category: string(e.Kind), Actor: e.Actor, Label: e.Label, Reason: e.Reason, Asset: b.asset(e.Asset),
		Amount: b.tainted(e.Asset, &e.Taint), AtLeast: e.Bounds.Least.String(), AtMost: e.Bounds.Most.String(),
		AtLeastWithoutGaps: e.Bounds.LeastWithoutGaps.String(), AtMostWithoutGaps: e.Bounds.MostWithoutGaps.String(),
		Exact: e.Bounds.Exact, Moved: e.Moved.String(), Transfers: e.Transfers, First: stamp(e.First), Last: stamp(e.Last),
		USD: usd(e.USD), Via: e.Via, Followed: e.Followed,
	}
	if e.Odds != nil {
		out.Odds = &Odds{places(e.Odds.Least), places(e.Odds.Most), e.Odds.Expected.String()}
	}
	// One service has many tags; a mixer's pool and a thief's address say more by theirs.
	switch name := b.about.Party(e.Actor); e.Kind {
	case fundtrail.EndMixer, fundtrail.EndTheft, fundtrail.EndReturned:
	default:
		if name != "" {
			out.Label = name
		}
	}
	for _, a := range e.Addresses {
		out.Addresses = append(out.Addresses, a.String())
		b.meet(a, "end", -1)
	}
	return out
}

func (b *builder) route(r *fundtrail.Route) Route {
	out := Route{Asset: b.asset(r.Asset), Amount: r.Amount.String(), End: r.End, Transfers: r.Transfers, First: stamp(r.First), Last: stamp(r.Last)}
	for _, a := range r.Addresses {
		out.Addresses = append(out.Addresses, a.String())
	}
	return out
}

func (b *builder) hop(h *fundtrail.Hop) {
	out := Hop{
		Tx: h.Record.Transfer.Tx.String(), Index: recordIndex(h.Record), Time: stamp(h.Time), Block: h.Height,
		From: h.From.String(), To: h.To.String(), Asset: b.asset(h.Asset), Amount: h.Amount.String(), Kind: string(h.Kind),
		Depth: h.Depth, Tainted: b.tainted(h.Asset, &h.Taint), Possible: h.Possible.String(), PossibleWithoutGaps: h.WithoutGaps.String(),
	}
	if h.End >= 0 {
		end := h.End
		out.End = &end
	}
	for _, s := range h.Spends {
		out.Spends = append(out.Spends, s.String())
	}
	if c := h.Crossing; c != nil {
		out.Protocol, out.Method = c.Protocol, string(c.Method)
	}
	b.swap(h)
	b.bridge(h)
	role := "hop"
	if h.Kind == fundtrail.HopTheft {
		role = "source"
	}
	b.meet(h.From, role, h.Depth)
	b.meet(h.To, "hop", h.Depth+1)
	if h.Kind != fundtrail.HopFee && h.Kind != fundtrail.HopDust && b.matters(h) {
		b.d.Hops = append(b.d.Hops, out)
	} else {
		b.d.Touched = append(b.d.Touched, out)
	}
}

// matters reports whether some lossless policy sends an amount above the dust floor by
// a hop.
func (b *builder) matters(h *fundtrail.Hop) bool {
	most := h.Taint.Most()
	floor, err := fundtrail.ParseAmount(b.d.Trace.Options.Dust[h.Asset.String()])
	return !most.IsZero() && (err != nil || !most.Less(floor))
}

func (b *builder) inference(i int, inf *fundtrail.Inference) {
	out := Inference{
		Address: inf.Address.String(), Says: inf.Says, Actor: inf.Actor, Method: string(inf.Method), Confidence: int(inf.Confidence),
	}
	for _, e := range inf.Evidence {
		out.Evidence = append(out.Evidence, e.String())
	}
	b.d.Inferences = append(b.d.Inferences, out)
	a := b.meet(inf.Address, "hop", 1)
	a.Inferences = append(a.Inferences, i)
}

// meet notes an address. Of several roles a source stays one, and an end is one
// wherever value stopped; the depth is the least.
func (b *builder) meet(a fundtrail.Address, role string, depth int) *Address {
	if a.IsZero() {
		return &Address{}
	}
	i, ok := b.seen[a]
	if !ok {
		i = len(b.list)
		b.seen[a] = i
		b.list = append(b.list, &Address{Address: a.String(), Chain: string(a.Chain()), Role: role, Depth: -1, Coverage: b.covered(a)})
	}
	out := b.list[i]
	if role == "source" || role == "end" && out.Role != "source" {
		out.Role = role
	}
	if depth >= 0 && (out.Depth < 0 || depth < out.Depth) {
		out.Depth = depth
	}
	return out
}

// claims notes what the data claims to hold of each address. Only all kinds of
// transfers to the end of the ledger are whole.
func (b *builder) claims() {
	for _, c := range b.about.Ledger.Coverage() {
		if b.covers[c.Address] == "" {
			b.covers[c.Address] = "partial"
		}
		for _, block := range b.t.AsOf {
			if block.Chain == c.Chain && c.ToBlock >= block.Height && c.What == fundtrail.AllKinds {
				b.covers[c.Address] = "whole"
			}
		}
	}
}

// covered says what the data claims of an address.
func (b *builder) covered(a fundtrail.Address) string {
	for _, c := range []string{b.covers[a], b.covers[fundtrail.Address{}]} {
		if c != "" {
			return c
		}
	}
	return "unstated"
}

func (b *builder) addresses() {
	for _, t := range b.t.Tags {
		if i, ok := b.seen[t.Address]; ok {
			b.list[i].Tags = append(b.list[i].Tags, Tag{t.Label, t.Category, string(t.Role), t.Actor, int(t.Confidence), t.Source.URL})
		}
	}
	for _, a := range b.list {
		a.Depth = max(a.Depth, 0)
		b.d.Addresses = append(b.d.Addresses, *a)
	}
	slices.SortFunc(b.d.Addresses, func(x, y Address) int {
		return cmp.Or(cmp.Compare(x.Chain, y.Chain), cmp.Compare(x.Address, y.Address))
	})
}

func (b *builder) coverage() {
	c := &b.d.Coverage
	l := b.about.Ledger
	for _, span := range l.Chains() {
		if span.End == span.First {
			continue
		}
		first, last := l.Transaction(span.First), l.Transaction(span.End-1)
		c.Chains = append(c.Chains, ChainCoverage{
			string(span.Chain), first.Height, last.Height, stamp(time.Unix(first.Time, 0)), stamp(time.Unix(last.Time, 0)), int(span.End - span.First),
		})
	}
	for _, cov := range l.Coverage() {
		_, met := b.seen[cov.Address]
		if _, later := b.onwards[cov.Address]; met || later || cov.Address.IsZero() {
			c.Claims = append(c.Claims, Claim{string(cov.Chain), cov.Address.String(), cov.FromBlock, cov.ToBlock, cov.What.String(), cov.Source})
		}
	}
	c.Gaps, c.Notes = b.gaps(), b.t.Notes
}

func (b *builder) gaps() (out []Gap) {
	for _, g := range b.t.Gaps {
		out = append(out, Gap{g.Address.String(), b.asset(g.Asset), g.Short.String(), g.First.Transfer.Tx.String(), stamp(g.Time)})
	}
	return out
}

func record(in *fundtrail.Incident) *Record {
	out := &Record{ID: in.ID, Name: in.Name, Summary: in.Summary, Happened: stamp(in.Happened), Victim: in.Victim.Name}
	for _, l := range in.Losses {
		out.Losses = append(out.Losses, Loss{l.USD.String(), l.By, l.Note, int(l.Confidence), l.Source.URL})
	}
	for _, a := range in.Attributions {
		out.Attributions = append(out.Attributions, Attribution{a.Actor, a.By, a.Date.UTC().Format(time.DateOnly), a.Denied, int(a.Confidence), a.Source.URL})
	}
	for _, s := range in.Statements {
		date := ""
		if !s.Date.IsZero() {
			date = s.Date.UTC().Format(time.DateOnly)
		}
		out.Statements = append(out.Statements, Statement{s.Text, s.By, date, int(s.Confidence), s.Source.URL})
	}
	return out
}

// fill makes empty lists of what has nothing in it: a reader of the JSON should find
// [] there, not null.
func (d *Document) fill() {
	none(&d.Trace.Policies)
	none(&d.Trace.AsOf)
	none(&d.Inputs)
	none(&d.Assets)
	d.Flow.fill()
	for i := range d.Onward {
		o := &d.Onward[i]
		o.Flow.fill()
		none(&o.Starts)
		none(&o.Gaps)
		none(&o.Notes)
	}
	none(&d.Coverage.Chains)
	none(&d.Coverage.Claims)
	none(&d.Coverage.Gaps)
	none(&d.Coverage.Notes)
	if d.Record != nil {
		none(&d.Record.Losses)
		none(&d.Record.Attributions)
		none(&d.Record.Statements)
	}
}

func (d *Flow) fill() {
	for i := range d.Passages {
		none(&d.Passages[i].Deposits)
		none(&d.Passages[i].Withdrawals)
	}
	none(&d.Stolen)
	none(&d.Ends)
	none(&d.Categories)
	none(&d.Routes)
	none(&d.Addresses)
	none(&d.Hops)
	none(&d.Touched)
	none(&d.Inferences)
	for i := range d.Stolen {
		none(&d.Stolen[i].Thefts)
	}
	for i := range d.Ends {
		none(&d.Ends[i].Addresses)
	}
	for i := range d.Categories {
		none(&d.Categories[i].Addresses)
	}
	for i := range d.Routes {
		none(&d.Routes[i].Addresses)
	}
	for i := range d.Addresses {
		none(&d.Addresses[i].Tags)
		none(&d.Addresses[i].Inferences)
	}
	for i := range d.Inferences {
		none(&d.Inferences[i].Evidence)
	}
}

func none[T any](s *[]T) {
	if *s == nil {
		*s = []T{}
	}
}

// Digest is a SHA-256 as the document writes it.
func Digest(sum [32]byte) string { return hex.EncodeToString(sum[:]) }
