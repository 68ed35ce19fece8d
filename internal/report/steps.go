package report

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/fundtrail/fundtrail"
)

// A step is one thing to do next, with the addresses and records it is about.
type step struct {
	category string
	title    string
	why      string
	rows     []stepRow
}

// A stepRow is one address of a step. Its amount is under the headline policy.
type stepRow struct {
	asset     string
	address   string
	note      string // what is said of the address, and on what ground
	amount    string // formatted, with its unit; "" where none is known
	transfers int
	first     *Hop // nil where no record of the trace names the address
	last      *Hop
}

// arrivals are the records by which value came to an end, by one of their sides.
type arrivals struct {
	address     string
	amount      fundtrail.Amount
	transfers   int
	first, last *Hop
}

func (a *arrivals) add(h *Hop, policy string) {
	a.amount, _ = a.amount.Add(h.Tainted.sum(policy))
	a.transfers++
	if a.first == nil {
		a.first = h
	}
	a.last = h
}

// arrived collects, for each end, the records that brought value there (backward: that
// took it from there), by the address at the end and by the one across; largest first.
func (x *index) arrived() (there, across [][]arrivals) {
	byThere := make([]map[string]*arrivals, len(x.d.Ends))
	byAcross := make([]map[string]*arrivals, len(x.d.Ends))
	add := func(m *map[string]*arrivals, address string, h *Hop) {
		if address == "" {
			return
		}
		if *m == nil {
			*m = make(map[string]*arrivals)
		}
		a := (*m)[address]
		if a == nil {
			a = &arrivals{address: address}
			(*m)[address] = a
		}
		a.add(h, x.d.Trace.Policy)
	}
	followed := map[string]bool{} // what went into a swap or a bridge needs no look: the trace went on
	for i := range x.d.Swaps {
		for _, record := range x.d.Swaps[i].In {
			followed[record] = true
		}
	}
	for i := range x.d.Bridges {
		for _, record := range x.d.Bridges[i].In {
			followed[record] = true
		}
	}
	for i := range x.d.Hops {
		h := &x.d.Hops[i]
		if h.End == nil || followed[h.Tx+":"+strconv.FormatUint(uint64(h.Index), 10)] {
			continue
		}
		at, other := h.To, h.From
		if x.backward() {
			at, other = other, at
		}
		add(&byThere[*h.End], at, h)
		add(&byAcross[*h.End], other, h)
	}
	return sortArrivals(byThere), sortArrivals(byAcross)
}

// received collects the records that brought value to each address, end or not.
func (x *index) received() map[place]*arrivals {
	out := make(map[place]*arrivals)
	for i := range x.d.Hops {
		h := &x.d.Hops[i]
		at := place{h.Asset, h.To}
		if out[at] == nil {
			out[at] = &arrivals{address: h.To}
		}
		out[at].add(h, x.d.Trace.Policy)
	}
	return out
}

func sortArrivals(ends []map[string]*arrivals) [][]arrivals {
	out := make([][]arrivals, len(ends))
	for i, m := range ends {
		for _, a := range m {
			out[i] = append(out[i], *a)
		}
		slices.SortFunc(out[i], func(a, b arrivals) int {
			return cmp.Or(b.amount.Cmp(a.amount), cmp.Compare(a.address, b.address))
		})
	}
	return out
}

// steps says what to do next, the most urgent first.
func (x *index) steps() []step {
	there, across := x.arrived()
	into := x.received()
	var out []step
	for _, category := range categoryOrder {
		var all []stepRow // of categories whose ends share one step
		for i := range x.d.Ends {
			e := &x.d.Ends[i]
			if e.Category != category || e.Followed && category == "bridge" {
				continue
			}
			if s := x.partyStep(i, there[i], across[i]); s.title != "" {
				s.category = category
				if len(s.rows) > 0 { // a statement alone leads to no address
					out = merge(out, s)
				}
			} else {
				all = append(all, x.held(e, into)...)
			}
		}
		slices.SortStableFunc(all, func(a, b stepRow) int { return cmp.Compare(a.asset, b.asset) })
		if s := x.sharedStep(category, all); s.title != "" && len(all) > 0 {
			s.category, s.rows = category, all
			out = append(out, s)
		}
	}
	if s := x.gapStep(); len(s.rows) > 0 {
		out = append(out, s)
	}
	return out
}

// partyStep is what to do about an end that is a party, a step without title for others.
func (x *index) partyStep(end int, there, across []arrivals) step {
	e := &x.d.Ends[end]
	who := endTitle(e)
	if x.backward() {
		switch e.Category {
		case "exchange", "service":
			return step{title: who + ": ask whose account paid this out, and to preserve the records",
				why: "Name the amounts, the paying addresses and the hashes below.", rows: x.rows(e, there)}
		case "mixer":
			return step{title: "Demix the withdrawals from " + who,
				why: "The ledger shows each withdrawal and none of its deposits: amounts and times narrow down candidates, they do not prove a link. The receivers:", rows: x.rows(e, across)}
		case "bridge":
			return step{title: "Look for where these payments went into " + who, why: "The value came from another chain, under a transaction that this ledger does not hold.", rows: x.rows(e, there)}
		case "swap":
			return step{title: "Find what " + who + " was paid with", why: "The value came in as another asset, inside the same transactions. Add token transfers and internal transfers of these addresses to the ledger:", rows: x.rows(e, across)}
		case "theft":
			return step{title: "Compare with " + who, why: "The value came from an address of another theft.", rows: x.rows(e, there)}
		}
		return step{}
	}
	switch e.Category {
	case "exchange":
		return step{title: who + ": ask the exchange to freeze what is left and to preserve its records",
			why:  "Name the amounts, the receiving addresses and the hashes below, and who owns the value. It was there when the payments arrived; whether it still is, only the exchange knows.",
			rows: x.accounts(end, there)}
	case "service":
		return step{title: who + ": ask for the records of these payments", rows: x.rows(e, there)}
	case "mixer":
		return x.demix(e, across)
	case "bridge":
		return step{title: "Look for these payments on the other side of " + who,
			why: "The value goes on, on another chain, under a transaction that this ledger does not hold.", rows: x.rows(e, there)}
	case "swap":
		if len(across) == 0 && len(x.d.Swaps) > 0 {
			return step{title: who} // all of it is followed: no address is left
		}
		if what, _, unseen := strings.Cut(who, ", the data does not show"); unseen {
			return step{title: "Find what came out where value was " + what,
				why: "The transactions are known, and the data lacks the other side of them: add internal transfers and logs to the ledger.", rows: x.rows(e, across)}
		}
		return step{title: "Find what " + who + " paid out",
			why: "The value goes on in another asset, inside the same transactions. Add token transfers and internal transfers of these addresses to the ledger:", rows: x.rows(e, across)}
	case "theft":
		return step{title: "Compare with " + who,
			why: "The trace runs into an address of another theft; the two may share a hand, or only a path.", rows: x.rows(e, there)}
	}
	return step{}
}

// coinJoinEnd is how the label of an end in CoinJoins begins.
const coinJoinEnd = "CoinJoin: "

// demix is what to do about deposits into a mixer or a CoinJoin, by what this document tells
// of what came out.
func (x *index) demix(e *End, across []arrivals) step {
	who := endTitle(e)
	coinJoin := strings.HasPrefix(e.Label, coinJoinEnd)
	told := slices.ContainsFunc(x.d.Passages, func(p Passage) bool {
		return p.Kind == string(fundtrail.Mixer) && p.inCoinJoin() == coinJoin && p.Asset == e.Asset && len(p.Withdrawals) > 0
	})
	s := step{title: "Demix the deposits into " + who, rows: x.rows(e, across)}
	in := fmt.Sprintf("%s by %s. ", count(e.Transfers, "deposit"), count(len(across), "address"))
	switch {
	case coinJoin && told:
		s.title = "Watch the outputs of " + who
		s.why = "The outputs that can be the thief's are listed above, with odds. Outputs that are spent together later, or with change of the coins below, narrow them down; one such CoinJoin alone proves nothing. What went in was paid by:"
	case coinJoin:
		s.title = "Watch the outputs of " + who
		s.why = "The ledger shows the outputs and not whose each is; --through coinjoins lists those that can be the thief's, with odds. What went in was paid by:"
	case told:
		s.why = in + "The withdrawals that methods link to them are listed above, with odds: begin with those who took out what is certain. A link is a reason to look, not a proof. The depositors:"
	default:
		s.why = in + "The ledger shows each deposit and none of its withdrawals: amounts and times narrow down candidates, they do not prove a link. The depositors:"
	}
	return s
}

// sharedStep is what to do about all the addresses where value of a category lies.
func (x *index) sharedStep(category string, rows []stepRow) step {
	n := len(rows)
	switch category {
	case "held":
		return step{title: "Watch " + count(n, "address") + " where value still lies",
			why: "The amounts below were not seen to leave them up to the end of the data. That is no statement about now."}
	case "hub":
		return step{title: "Find out who holds " + count(n, "busy address"),
			why: "No claim names the holder, who deals with too many parties to follow by amounts. A tag, added with --tags, lets the trace say who."}
	case "coverage":
		why := "The data does not hold what happened next. With the transactions added to --ledger the trace goes on."
		if x.backward() {
			why = "The data does not hold what happened before. With the transactions added to --ledger the trace goes on."
		}
		return step{title: "Fetch the histories of " + count(n, "address"), why: why}
	case "limit":
		return step{title: "Trace on from " + count(n, "address"),
			why: "A limit of this trace was reached here: raise --max-hops, --until or the limit named in the end's reason."}
	}
	return step{}
}

// gapStep lists the addresses whose history has holes.
func (x *index) gapStep() step {
	gaps := x.d.Coverage.Gaps
	s := step{category: "coverage", title: "Close " + count(len(gaps), "gap") + " in the ledger",
		why: "More is paid out here than the ledger shows coming in, so something is missing: internal transfers, token transfers, or older history. The ranges above are wider for it."}
	for _, g := range gaps {
		s.rows = append(s.rows, stepRow{asset: g.Asset, address: clean(g.Address), note: x.said(chainOf(g.Asset), g.Address),
			amount: "short of " + x.coins(g.Asset, amount(g.Short), up) + " " + x.symbol(g.Asset)})
	}
	return s
}

// merge adds a step, joining it to one of the same title: an exchange is asked once,
// about every asset.
func merge(steps []step, s step) []step {
	for i := range steps {
		if steps[i].title == s.title {
			steps[i].rows = append(steps[i].rows, s.rows...)
			return steps
		}
	}
	return append(steps, s)
}

// accounts lists the addresses by which a custodian knows whose account it was: the
// deposit address where the trace went through one, with the payments into it, and
// otherwise the address that received.
func (x *index) accounts(end int, receivers []arrivals) []stepRow {
	e := &x.d.Ends[end]
	chain := chainOf(e.Asset)
	deposit := make(map[string]*arrivals)
	swept := make(map[string]bool) // receivers that only collect from deposit addresses
	for _, a := range receivers {
		swept[a.address] = true
	}
	for i := range x.d.Hops {
		h := &x.d.Hops[i]
		if h.End == nil || *h.End != end {
			continue
		}
		if n := x.name(chain, h.From); e.Actor != "" && n.actor == e.Actor {
			deposit[h.From] = &arrivals{address: h.From}
		} else {
			swept[h.To] = false
		}
	}
	for i := range x.d.Hops {
		h := &x.d.Hops[i]
		if a := deposit[h.To]; a != nil && h.Asset == e.Asset {
			a.add(h, x.d.Trace.Policy)
		}
	}
	rest := slices.DeleteFunc(receivers, func(a arrivals) bool { return swept[a.address] })
	sides := sortArrivals([]map[string]*arrivals{deposit})
	return x.rows(e, append(sides[0], rest...))
}

// rows lists the addresses of one side of an end's arrivals, or the end's own
// addresses where no record led there.
func (x *index) rows(e *End, side []arrivals) []stepRow {
	if len(side) == 0 {
		return x.held(e, nil)
	}
	var out []stepRow
	for _, a := range side {
		out = append(out, stepRow{
			asset: e.Asset, address: clean(a.address), note: x.said(chainOf(e.Asset), a.address),
			amount:    x.coins(e.Asset, a.amount, nearest) + " " + x.symbol(e.Asset),
			transfers: a.transfers, first: a.first, last: a.last,
		})
	}
	return out
}

// held lists an end's addresses, with the end's amount when there is only one, and
// the records that brought value to each.
func (x *index) held(e *End, into map[place]*arrivals) []stepRow {
	var out []stepRow
	for _, address := range e.Addresses {
		r := stepRow{asset: e.Asset, address: clean(address), note: x.said(chainOf(e.Asset), address)}
		if len(e.Addresses) == 1 {
			r.amount = x.figure(e.Asset, e.Amount, x.d.Trace.Policy) + " " + x.symbol(e.Asset)
		}
		if a := into[place{e.Asset, address}]; a != nil {
			r.transfers, r.first, r.last = a.transfers, a.first, a.last
		}
		out = append(out, r)
	}
	return out
}

// said is what an address is called, with its ground: "Harbour Exchange 4 [claim 80]"
// or "probable deposit address of Harbour Exchange [deposit/1 75]".
func (x *index) said(chain, address string) string {
	n := x.name(chain, address)
	if n.text == "" {
		return ""
	}
	return n.text + " " + n.ground()
}
