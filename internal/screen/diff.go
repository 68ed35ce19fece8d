package screen

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/fundtrail/fundtrail"
)

// A Difference is what changed in one list between two days.
type Difference struct {
	List string
	// The versions that were compared: for parties those that cover names, for wallets
	// those that cover wallets. They are nil where no version covers a day, and then
	// nothing is said about it.
	Names, Wallets [2]*fundtrail.ListVersion

	Added, Removed []fundtrail.Party // by UID
	Changed        []PartyChange     // by UID
	// A wallet that passed from one party to another is removed and added.
	WalletsAdded, WalletsRemoved []WalletChange // by UID, then as written
}

// A PartyChange is a party that both versions hold, with other words.
type PartyChange struct {
	Before, After fundtrail.Party
	Fields        []FieldChange
}

// A FieldChange is what left and what came in one field of a party.
type FieldChange struct {
	Field          string // "name", "program", "birth", "country", "identifier", "kind", "listed", "note"
	Removed, Added []string
}

// A WalletChange is a wallet that came or left, with its party: the one that the version
// names, else the one that the version nearest in time names.
type WalletChange struct {
	Wallet fundtrail.Wallet
	Party  fundtrail.Party
}

// Diff compares a list as it stood at the end of two days. A list that has no version
// that covers both days, in one scope at least, is an error that wraps
// fundtrail.ErrNotFound.
func Diff(h *fundtrail.ListHistory, list string, from, to time.Time) (*Difference, error) {
	var of fundtrail.ListHistory
	of.Parties = h.Parties
	for i, v := range h.Versions {
		if v.List == list {
			of.Versions = append(of.Versions, v)
			of.Members = append(of.Members, h.Members[i])
		}
	}
	if len(of.Versions) == 0 {
		return nil, fmt.Errorf("compare list %q: no version of it is known: %w", list, fundtrail.ErrNotFound)
	}
	x := newGathered(&of)
	d := &Difference{List: list}
	names, wallets := x.names.sequences[0], x.wallets.sequences[0]
	n, okNames := between(names, from, to)
	w, okWallets := between(wallets, from, to)
	if !okNames && !okWallets {
		return nil, fmt.Errorf("compare list %q: no version covers %s; the first is of %s: %w",
			list, days(earlier(from, to)), days(firstDay(names, wallets)), fundtrail.ErrNotFound)
	}
	if okNames {
		d.Names = [2]*fundtrail.ListVersion{names.versions[n[0]], names.versions[n[1]]}
		x.diffParties(d, n)
	}
	if okWallets {
		d.Wallets = [2]*fundtrail.ListVersion{wallets.versions[w[0]], wallets.versions[w[1]]}
		x.diffWallets(d, w)
	}
	return d, nil
}

// newGathered is an index without what only questions need.
func newGathered(h *fundtrail.ListHistory) *Index {
	x := &Index{history: h, lists: []string{h.Versions[0].List}}
	x.wallets = newScope(h, x.lists, fundtrail.CoversWallets)
	x.names = newScope(h, x.lists, fundtrail.CoversNames)
	x.order = x.inOrder()
	x.addSubjects()
	x.addParties()
	return x
}

// between finds the positions that answer for two days.
func between(s *sequence, from, to time.Time) (at [2]int, ok bool) {
	at = [2]int{s.effective(from, time.Time{}), s.effective(to, time.Time{})}
	return at, at[0] >= 0 && at[1] >= 0
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) && !b.IsZero() || a.IsZero() {
		return b
	}
	return a
}

func firstDay(sequences ...*sequence) (first time.Time) {
	for _, s := range sequences {
		if len(s.versions) > 0 && (first.IsZero() || s.versions[0].Published.Before(first)) {
			first = s.versions[0].Published
		}
	}
	return first
}

func (x *Index) diffParties(d *Difference, at [2]int) {
	for i := range x.parties {
		e := &x.parties[i]
		var sides [2]*fundtrail.Party
		for side, position := range at {
			for _, h := range e.holders {
				if x.names.spans.holds(h.party, e.sequence, position) {
					sides[side] = &x.history.Parties[h.party]
				}
			}
		}
		switch before, after := sides[0], sides[1]; {
		case before == after:
		case before == nil:
			d.Added = append(d.Added, *after)
		case after == nil:
			d.Removed = append(d.Removed, *before)
		default:
			if fields := compareParties(before, after); len(fields) > 0 {
				d.Changed = append(d.Changed, PartyChange{*before, *after, fields})
			}
		}
	}
	slices.SortFunc(d.Added, compareUID)
	slices.SortFunc(d.Removed, compareUID)
	slices.SortFunc(d.Changed, func(a, b PartyChange) int { return compareUID(a.After, b.After) })
}

// compareUID orders parties by identifier, numbers by their value, then by main name.
func compareUID(a, b fundtrail.Party) int {
	name := func(p fundtrail.Party) string {
		if len(p.Names) > 0 {
			return p.Names[0].Text
		}
		return ""
	}
	if isNumber(a.UID) && isNumber(b.UID) {
		if c := cmp.Compare(len(a.UID), len(b.UID)); c != 0 {
			return c
		}
	}
	return cmp.Or(strings.Compare(a.UID, b.UID), strings.Compare(name(a), name(b)))
}

func isNumber(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != "" && s[0] != '0'
}

// compareParties says field by field what left and what came. Wallets have their own
// part of a Difference.
func compareParties(before, after *fundtrail.Party) []FieldChange {
	var out []FieldChange
	field := func(name string, of func(*fundtrail.Party) []string) {
		b, a := of(before), of(after)
		c := FieldChange{Field: name, Removed: without(b, a), Added: without(a, b)}
		if len(c.Removed)+len(c.Added) > 0 {
			out = append(out, c)
		}
	}
	one := func(s string) []string {
		if s == "" {
			return nil
		}
		return []string{s}
	}
	field("kind", func(p *fundtrail.Party) []string { return one(string(p.Kind)) })
	field("name", partyNames)
	field("program", func(p *fundtrail.Party) []string { return p.Programs })
	field("listed", func(p *fundtrail.Party) []string {
		if p.Listed.IsZero() {
			return nil
		}
		return one(days(p.Listed))
	})
	field("birth", func(p *fundtrail.Party) []string { return p.Births })
	field("country", func(p *fundtrail.Party) []string { return p.Countries })
	field("identifier", func(p *fundtrail.Party) []string {
		var words []string
		for _, i := range p.Identifiers {
			s := i.Type + " " + i.Value
			if i.Country != "" {
				s += " (" + i.Country + ")"
			}
			words = append(words, strings.TrimSpace(s))
		}
		return words
	})
	field("note", func(p *fundtrail.Party) []string { return one(p.Note) })
	return out
}

// partyNames writes each name with what the list says of it.
func partyNames(p *fundtrail.Party) []string {
	var words []string
	for i, n := range p.Names {
		s := n.Text
		switch {
		case n.Kind != fundtrail.MainName:
			s += " (" + string(n.Kind) + ")"
		case i > 0:
			s += " (also)"
		}
		words = append(words, s)
	}
	return words
}

// without lists what of a is not in b, in a's order.
func without(a, b []string) []string {
	var out []string
	for _, s := range a {
		if !slices.Contains(b, s) {
			out = append(out, s)
		}
	}
	return out
}

func (x *Index) diffWallets(d *Difference, at [2]int) {
	s := x.wallets.sequences[0]
	for i := range x.subjects {
		subject := &x.subjects[i]
		standing, named := x.standing(&x.wallets, 0, subject.holders, time.Time{})
		if len(standing[at[0]]) == 0 && len(standing[at[1]]) == 0 {
			continue
		}
		before := x.byParty(s, standing, named, at[0])
		after := x.byParty(s, standing, named, at[1])
		d.WalletsRemoved = append(d.WalletsRemoved, x.missing(subject, before, after)...)
		d.WalletsAdded = append(d.WalletsAdded, x.missing(subject, after, before)...)
	}
	order := func(a, b WalletChange) int {
		return cmp.Or(compareUID(a.Party, b.Party), strings.Compare(a.Wallet.Text, b.Wallet.Text))
	}
	slices.SortFunc(d.WalletsAdded, order)
	slices.SortFunc(d.WalletsRemoved, order)
}

// missing lists the bearers of a wallet that are in a and not in b, one a party.
func (x *Index) missing(s *subject, a, b [][]holder) []WalletChange {
	var out []WalletChange
	for _, bearers := range a {
		uid := x.uid(bearers[0])
		if slices.ContainsFunc(b, func(g []holder) bool { return x.uid(g[0]) == uid }) {
			continue
		}
		h := bearers[0]
		w := *x.wallet(h)
		w.Currency = strings.Join(x.currencies(bearers), ", ")
		w.Text, w.CaseLost = x.writes(s, bearers)
		out = append(out, WalletChange{w, x.partyOf(h)})
	}
	return out
}
