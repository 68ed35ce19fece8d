package screen

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/fundtrail/fundtrail"
)

// Ask answers one question. What the answer points to belongs to the index.
func (x *Index) Ask(q Question) Answer {
	switch q.Kind {
	case AName:
		return x.askName(q)
	case FreeText:
		return x.askText(q)
	}
	text := strings.TrimSpace(q.Text)
	if isRun(text) {
		if answer, ok := x.askAddress(q, text, q.Chain); ok && answer.Verdict != Invalid {
			return answer
		}
	}
	return x.askWritten(q)
}

// Listed reports whether the newest versions of the lists hold the address that the text
// spells: for batches that ask about millions. The text is one address, without what may
// surround it, which [Index.Ask] would see through; the addresses that match are those
// of Ask without a chain.
func (x *Index) Listed(text string) bool {
	a := asked{text: text}
	id, ok := x.find(&a)
	if !ok || a.found == onlyByFolded {
		return false
	}
	return x.subjects[id].newest.Verdict == Matched
}

// isRun reports whether text may be one address with nothing around it.
func isRun(s string) bool {
	if len(s) < shortest || len(s) > mostLetters {
		return false
	}
	for i := range len(s) {
		if !alnum[s[i]] {
			return false
		}
	}
	return true
}

// find looks a text up among the subjects, and fills in how it was found.
func (x *Index) find(a *asked) (id uint32, ok bool) {
	s := a.text
	if id, ok := x.byText[s]; ok {
		a.found = bySpelling
		return id, true
	}
	a.spelling = spell(s)
	if a.form != formNone {
		if id, ok := x.byKey[a.key]; ok {
			a.found = byKey
			return id, true
		}
		// The letters of a good address tell it from any other, unless the list's file
		// lost their case, or the form has no checksum.
		if a.form.caseless() || x.lost == 0 && a.form != formSolana {
			return 0, false
		}
	}
	if len(s) > mostLetters {
		return 0, false
	}
	var buf [mostLetters]byte
	folded := fold(buf[:0], s)
	if id, ok = x.byText[string(folded)]; ok && allHex(s) {
		a.found = bySpelling
		return id, true
	}
	if id, ok = x.byFolded[string(folded)]; !ok {
		return 0, false
	}
	switch {
	case x.subjects[id].lost:
		a.found = byLostCase
	case a.form == formNone:
		a.found = byLetters
	default:
		a.found = onlyByFolded
	}
	return id, true
}

// askAddress answers for text that has nothing around it. It is not ok when the text may
// be read as a name and is no address.
func (x *Index) askAddress(q Question, text string, chain fundtrail.Chain) (answer Answer, ok bool) {
	a := asked{text: text, chain: chain}
	id, found := x.find(&a)
	m := x.wallets.at(q.AsOf, q.Known)
	plain := found && m == x.wallets.newest && a.found == bySpelling && a.chain == "" && !x.subjects[id].several
	if found && !plain || x.options.Tags != nil {
		a.settle()
	}
	switch {
	case !found:
		if q.Kind == Either && a.form == formNone && !looksLike(text) {
			return Answer{}, false
		}
		answer = x.nothing(&x.wallets, m)
	case plain:
		answer = x.subjects[id].newest
	default:
		answer = x.touch(&x.subjects[id], m, &a)
	}
	answer.Kind, answer.Read = AnAddress, text
	if answer.Verdict != Matched {
		if reason := refusal(&a, q.Chain); reason != "" {
			answer.Verdict, answer.Reason = Invalid, reason
		}
	}
	if x.options.Tags != nil {
		answer.Tags = x.tags(&a)
	}
	return answer, true
}

// settle reads the spelling of what was found without reading it, and the chain by any
// of its names.
func (a *asked) settle() {
	if a.form == formNone {
		a.spelling = spell(a.text)
	}
	if _, ok := a.chain.Info(); !ok && a.chain != "" {
		a.chain, _ = fundtrail.ParseChain(string(a.chain))
	}
}

// nothing is the answer when no list ever held what was asked.
func (x *Index) nothing(scope *scopeIndex, m *moment) Answer {
	answer := Answer{Verdict: Clear, Asked: m.asked, NotCovered: m.notCovered}
	if len(m.asked) == 0 {
		answer.Verdict, answer.Reason = Unknown, m.unknown(scope.sequences, scope.scope)
	}
	return answer
}

// touch answers for a subject at a moment. By what was known earlier, it is as if what was
// received since had never been.
func (x *Index) touch(s *subject, m *moment, a *asked) Answer {
	now := *a
	if m.known.IsZero() {
		if now.found == bySpelling && now.form != formNone {
			now.found = byKey
		}
		return x.weigh(s, s.runs, m, &now)
	}
	then := &subject{}
	for _, h := range s.holders {
		if x.knew(&x.wallets, h, m.known) {
			then.holders = append(then.holders, h)
		}
	}
	if len(then.holders) == 0 {
		return x.nothing(&x.wallets, m)
	}
	var runs []run
	for _, n := range x.sequencesOf(&x.wallets, then.holders) {
		runs = append(runs, x.derive(&x.wallets, n, then.holders, m.known)...)
	}
	now.found = x.finding(a, then)
	return x.weigh(then, runs, m, &now)
}

// knew reports whether a version with the party had been received.
func (x *Index) knew(scope *scopeIndex, h holder, known time.Time) bool {
	for _, sp := range scope.spans.of(h.party) {
		s := scope.sequences[sp.sequence]
		for p := int(sp.from); p <= int(sp.to); p++ {
			if s.knew(p, known) {
				return true
			}
		}
	}
	return false
}

// finding says how a text is connected to a subject by what its holders write alone.
func (x *Index) finding(a *asked, s *subject) finding {
	kept := false
	for _, h := range s.holders {
		w := x.wallet(h)
		for _, r := range readWallet(w) {
			if w.CaseLost && !r.form.caseless() {
				continue
			}
			kept = true
			switch {
			case r.form != formNone && r.key == a.key:
				return byKey
			case r.form == formNone && r.text == a.text:
				return bySpelling
			}
		}
	}
	switch {
	case !kept:
		return byLostCase
	case a.form == formNone:
		return byLetters
	}
	return onlyByFolded
}

// weigh sorts what touches a subject into what stands on the day, what does not, and
// what does not count.
func (x *Index) weigh(s *subject, runs []run, m *moment, a *asked) Answer {
	answer := x.nothing(&x.wallets, m)
	for i := range runs {
		r := &runs[i]
		there := x.bearers(s, r, m)
		wallet, _ := x.writes(s, there)
		why, counts := x.explain(a, there, wallet)
		match := Match{Designation: r.designation, Wallet: wallet, Score: 1}
		stands := x.stand(&x.wallets, r, m, &match, why)
		switch {
		case stands && counts:
			answer.Matches = append(answer.Matches, match)
		case counts:
			answer.Past = append(answer.Past, match)
		default:
			answer.Related = append(answer.Related, match)
		}
	}
	if len(answer.Matches) > 0 {
		answer.Verdict, answer.Reason = Matched, ""
	}
	return answer
}

// bearers are the holders in the version that answers for the moment, of a run that does
// not stand then in its last: what another version writes is not that version's word.
func (x *Index) bearers(s *subject, r *run, m *moment) []holder {
	p := m.effective[r.sequence]
	if p < int(r.from) || p > int(r.to) {
		p = int(r.to)
	}
	uid := x.uid(r.holders[0])
	var out []holder
	for _, h := range s.holders {
		if u := x.uid(h); (u == uid || u == "") && x.wallets.spans.holds(h.party, r.sequence, p) {
			out = append(out, h)
		}
	}
	if len(out) == 0 {
		return r.holders
	}
	return out
}

// stand says whether a designation stood, by which version, and when if it did not.
func (x *Index) stand(scope *scopeIndex, r *run, m *moment, match *Match, why string) bool {
	s := scope.sequences[r.sequence]
	d := r.designation
	p := m.effective[r.sequence]
	match.Why = why
	switch {
	case p >= 0 && int(r.from) <= p && p <= int(r.to):
		match.Version = s.versions[p]
		return true
	case p < 0 && !m.day.IsZero() && d.ListedAfter.IsZero() && !r.stated.IsZero() && !r.stated.After(EndOfDay(m.day)):
		match.Version = s.versions[r.from]
		match.Why += "; no version known is as old as " + days(m.day) + ", and it counts by the date the list states, " + days(r.stated)
		return true
	}
	match.Version = s.versions[r.to]
	switch {
	case p >= 0 && p > int(r.to):
		match.Why += "; last in the version of " + days(d.DelistedAfter) + ", no longer in that of " + days(d.Delisted)
	case d.ListedAfter.IsZero():
		match.Why += "; first in the version of " + days(d.Listed) + ", the first that is known"
	default:
		match.Why += "; not in the version of " + days(d.ListedAfter) + ", first in that of " + days(d.Listed)
	}
	return false
}

// writes is how the list writes the address: in the letters of a version that kept their
// case, where there is one; lost is whether there is none. Capitals sort before small
// letters, so the least of the spellings is one that kept them, whatever came first.
func (x *Index) writes(s *subject, bearers []holder) (text string, lost bool) {
	for _, h := range bearers {
		if w := x.wallet(h); w != nil && (text == "" || w.Text < text) {
			text, lost = w.Text, w.CaseLost
		}
	}
	for _, h := range s.holders {
		if w := x.wallet(h); w != nil && w.Text < text && strings.EqualFold(w.Text, text) {
			text, lost = w.Text, w.CaseLost
		}
	}
	return text, lost
}

// refusal says why a text that no list holds cannot be an address, and is "" when it can.
// A chain is taken at its word only where the asker gave one.
func refusal(a *asked, given fundtrail.Chain) string {
	chain := given
	if _, ok := chain.Info(); !ok && chain != "" {
		chain, _ = fundtrail.ParseChain(string(chain))
	}
	if a.found == bySpelling && a.form == formNone {
		return "" // as the list itself wrote it once
	}
	if a.form != formNone && (chain == "" || a.on(chain)) {
		if a.form == formHex && a.found != bySpelling && !oneCase(a.text[2:]) && !fundtrail.EIP55Holds(a.text) {
			_, err := fundtrail.ParseAddress(fundtrail.Ethereum, "0x"+a.text[2:])
			return err.Error()
		}
		return ""
	}
	if chain == "" {
		if foreign(a.text) != "" {
			return ""
		}
		chain = guess(a.text)
	}
	if _, err := fundtrail.ParseAddress(chain, a.text); err != nil {
		return err.Error()
	}
	return ""
}

// guess is the chain whose reader explains best what is wrong with a text.
func guess(s string) fundtrail.Chain {
	low := foldedAll(s[:min(len(s), 12)])
	switch {
	case strings.HasPrefix(low, "0x"), len(s) >= 38 && len(s) <= 42 && allHexFrom(s, 38):
		return fundtrail.Ethereum
	case strings.HasPrefix(low, "ltc1"), strings.HasPrefix(s, "L"):
		return fundtrail.Litecoin
	case strings.HasPrefix(low, "bitcoincash:"), strings.HasPrefix(low, "q"):
		return fundtrail.BitcoinCash
	case strings.HasPrefix(s, "T"):
		return fundtrail.Tron
	case strings.HasPrefix(s, "D"):
		return fundtrail.Dogecoin
	case len(s) >= 40 && len(s) <= 46 && !strings.HasPrefix(low, "bc1"):
		return fundtrail.Solana
	}
	return fundtrail.Bitcoin
}

func allHexFrom(s string, n int) bool {
	for i := range min(n, len(s)) {
		if hexDigits[s[i]] > 15 {
			return false
		}
	}
	return true
}

// looksLike reports whether a run of letters was surely meant as an address, though it is
// none: long, with letters and digits mixed as no name has them.
func looksLike(s string) bool {
	if len(s) >= 2 && s[0] == '0' && s[1]|0x20 == 'x' {
		return true
	}
	digits := 0
	for i := range len(s) {
		if s[i] >= '0' && s[i] <= '9' {
			digits++
		}
	}
	return len(s) >= shortest && digits >= 2 && digits < len(s)
}

// tags asks for the community's claims about the address, on the chain asked, else on
// every chain where its spelling is good.
func (x *Index) tags(a *asked) []fundtrail.Tag {
	var out []fundtrail.Tag
	for _, info := range fundtrail.Chains() {
		if a.chain != "" && info.Chain != a.chain || !a.on(info.Chain) {
			continue
		}
		address, ok := accountOn(info.Chain, a.key)
		if !ok {
			var err error
			if address, err = fundtrail.ParseAddress(info.Chain, a.text); err != nil {
				continue
			}
		}
		out = append(out, x.options.Tags(address)...)
	}
	return out
}

// History returns every designation, standing or past, of an address, of a party by its
// list's identifier, or of the parties of that name: by list, then UID, then time. It
// returns an error that wraps fundtrail.ErrNotFound when there is none.
func (x *Index) History(text string) ([]fundtrail.Designation, error) {
	text = clean(text)
	var out []fundtrail.Designation
	add := func(runs []run) {
		for _, r := range runs {
			out = append(out, *r.designation)
		}
	}
	for _, a := range x.partsOf(text, true) {
		if a.listed {
			add(x.subjects[a.id].runs)
		}
	}
	if len(out) == 0 {
		for _, id := range x.partiesCalled(text) {
			p := &x.parties[id]
			add(x.derive(&x.names, p.sequence, p.holders, time.Time{}))
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("history of %q: no version of %d lists holds it: %w", short(text), len(x.lists), fundtrail.ErrNotFound)
	}
	slices.SortStableFunc(out, func(a, b fundtrail.Designation) int {
		return compareDesignations(&a, &b)
	})
	return out, nil
}

func compareDesignations(a, b *fundtrail.Designation) int {
	if c := strings.Compare(a.List, b.List); c != 0 {
		return c
	}
	if c := strings.Compare(a.Party.UID, b.Party.UID); c != 0 {
		return c
	}
	return a.Listed.Compare(b.Listed)
}

// short bounds a text that is repeated to the reader.
func short(s string) string {
	if len(s) <= 96 {
		return s
	}
	return strings.ToValidUTF8(s[:96], "") + "…"
}
