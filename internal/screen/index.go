package screen

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/fundtrail/fundtrail"
)

// Options are what an index knows besides the lists.
type Options struct {
	// Tags returns community claims about an address; nil: there are none.
	Tags func(fundtrail.Address) []fundtrail.Tag
	// Contract reports whether an address is known to be a contract, which exists on its
	// own chain alone; nil: none is known.
	Contract func(fundtrail.Address) bool
}

// An Index answers questions about the lists of one history. It never changes and may
// be used from many goroutines; what its answers point to must not be changed either.
type Index struct {
	history *fundtrail.ListHistory
	options Options
	lists   []string // sorted
	wallets scopeIndex
	names   scopeIndex

	subjects []subject
	byKey    map[key]uint32
	byText   map[string]uint32          // a spelling that is surely the subject's
	byFolded map[string]uint32          // a spelling that is the subject's but for the case of its letters
	chainOf  map[string]fundtrail.Chain // by the lists' words for currencies
	lost     int                        // subjects known by their folded letters alone

	order     []uint32 // the parties' contents, in an order of their own
	parties   []entry
	byUID     map[string][]uint32 // parties by UID, in lower case
	nameIndex nameIndex
}

// A scopeIndex is all versions of all lists, as far as they cover one scope.
type scopeIndex struct {
	scope     fundtrail.ListScope
	sequences []*sequence // one a list, in the lists' order
	spans     *spans
	newest    *moment
}

// A subject is one address, or what else a list writes for one, in all its spellings.
type subject struct {
	text    string // the best spelling: one whose letters' case is kept
	key     key
	form    form // of text
	lost    bool // no file kept the case of its letters
	several bool // lists write it in spellings that differ by more than case
	holders []holder
	runs    []run // what follows when everything received is known
	newest  Answer
}

// An entry is a party of one list, by UID, in all its contents.
type entry struct {
	sequence int // of the names' scope
	holders  []holder
}

// New builds an index. The history must not change afterwards. The order of its versions
// and parties does not matter.
func New(h *fundtrail.ListHistory, opt Options) *Index {
	x := &Index{history: h, options: opt}
	seen := map[string]bool{}
	for i := range h.Versions {
		if list := h.Versions[i].List; !seen[list] {
			seen[list] = true
			x.lists = append(x.lists, list)
		}
	}
	slices.Sort(x.lists)
	x.wallets = newScope(h, x.lists, fundtrail.CoversWallets)
	x.names = newScope(h, x.lists, fundtrail.CoversNames)
	x.order = x.inOrder()
	x.addSubjects()
	x.addParties()
	for i := range x.subjects {
		s := &x.subjects[i]
		for _, n := range x.sequencesOf(&x.wallets, s.holders) {
			s.runs = append(s.runs, x.derive(&x.wallets, n, s.holders, time.Time{})...)
		}
		s.newest = x.weigh(s, s.runs, x.wallets.newest, &asked{text: s.text, found: bySpelling})
	}
	x.nameIndex = x.newNameIndex()
	return x
}

func newScope(h *fundtrail.ListHistory, lists []string, scope fundtrail.ListScope) scopeIndex {
	x := scopeIndex{scope: scope}
	for _, list := range lists {
		x.sequences = append(x.sequences, newSequence(h, list, scope))
	}
	x.spans = newSpans(h, x.sequences)
	x.newest = newMoment(x.sequences, time.Time{}, time.Time{})
	return x
}

// at returns what answers for the day by what was known.
func (s *scopeIndex) at(day, known time.Time) *moment {
	if day.IsZero() && known.IsZero() {
		return s.newest
	}
	return newMoment(s.sequences, day, known)
}

// sequencesOf lists the sequences in which any of the holders ever stood.
func (x *Index) sequencesOf(scope *scopeIndex, holders []holder) []int {
	var out []int
	for _, h := range holders {
		for _, sp := range scope.spans.of(h.party) {
			if !slices.Contains(out, int(sp.sequence)) {
				out = append(out, int(sp.sequence))
			}
		}
	}
	slices.Sort(out)
	return out
}

// addSubjects gathers the wallets of all parties by what controls them: those whose
// spelling is whole first, so that those that lost the case of their letters find the
// address that they are.
func (x *Index) addSubjects() {
	x.byKey = map[key]uint32{}
	x.byText = map[string]uint32{}
	x.byFolded = map[string]uint32{}
	x.chainOf = map[string]fundtrail.Chain{}
	alike := map[string][]uint32{} // subjects by folded spelling
	each := func(lost bool, visit func(h holder, w *fundtrail.Wallet, text string, sp spelling)) {
		for _, p := range x.order {
			wallets := x.history.Parties[p].Wallets
			for i := range wallets {
				w := &wallets[i]
				if _, ok := x.chainOf[w.Currency]; !ok {
					// "" is a token that several chains have, or a chain not known here.
					x.chainOf[w.Currency], _ = fundtrail.ParseChain(w.Currency)
				}
				for _, r := range readWallet(w) {
					// Case that says nothing cannot be lost.
					if (w.CaseLost && !r.form.caseless()) == lost {
						visit(holder{p, int32(i), r.tagged}, w, r.text, r.spelling)
					}
				}
			}
		}
	}
	each(false, func(h holder, w *fundtrail.Wallet, text string, sp spelling) {
		id := x.subjectOf(text, sp)
		s := &x.subjects[id]
		s.holders = append(s.holders, h)
		s.several = s.several || !strings.EqualFold(text, s.text)
		x.addSpellings(id, text, sp)
		if folded := foldedAll(text); !sp.form.caseless() && !slices.Contains(alike[folded], id) {
			alike[folded] = append(alike[folded], id)
			if _, ok := x.byFolded[folded]; !ok {
				x.byFolded[folded] = id
			}
		}
	})
	each(true, func(h holder, w *fundtrail.Wallet, text string, sp spelling) {
		folded := foldedAll(text)
		if len(alike[folded]) == 0 {
			id := uint32(len(x.subjects))
			x.subjects = append(x.subjects, subject{text: text, lost: true})
			alike[folded] = []uint32{id}
			x.byFolded[folded] = id
			x.lost++
		}
		// Two addresses that differ in case alone are both meant: a miss is worse.
		for _, id := range alike[folded] {
			x.subjects[id].holders = append(x.subjects[id].holders, h)
		}
	})
}

// inOrder lists the parties in an order that does not depend on the history's own, which
// depends on the order in which versions arrived.
func (x *Index) inOrder() []uint32 {
	parties := x.history.Parties
	first := func(p uint32) (s span) {
		for _, scope := range []*scopeIndex{&x.wallets, &x.names} {
			if of := scope.spans.of(p); len(of) > 0 {
				return of[0]
			}
		}
		return s
	}
	out := make([]uint32, len(parties))
	for i := range out {
		out[i] = uint32(i)
	}
	text := func(p uint32) string {
		if len(parties[p].Wallets) > 0 {
			return parties[p].Wallets[0].Text
		}
		return ""
	}
	name := func(p uint32) string {
		if len(parties[p].Names) > 0 {
			return parties[p].Names[0].Text
		}
		return ""
	}
	slices.SortStableFunc(out, func(a, b uint32) int {
		f, g := first(a), first(b)
		return cmp.Or(
			cmp.Compare(f.sequence, g.sequence), cmp.Compare(f.from, g.from), cmp.Compare(f.to, g.to),
			strings.Compare(parties[a].UID, parties[b].UID),
			strings.Compare(name(a), name(b)), strings.Compare(text(a), text(b)))
	})
	return out
}

// subjectOf finds or adds the subject that a spelling is of.
func (x *Index) subjectOf(text string, sp spelling) uint32 {
	if sp.form != formNone {
		if id, ok := x.byKey[sp.key]; ok {
			return id
		}
	} else if id, ok := x.byText[canonical(text)]; ok {
		return id
	}
	id := uint32(len(x.subjects))
	x.subjects = append(x.subjects, subject{text: text, key: sp.key, form: sp.form})
	if sp.form != formNone {
		x.byKey[sp.key] = id
	}
	return id
}

// addSpellings makes the usual spellings quick to find.
func (x *Index) addSpellings(id uint32, text string, sp spelling) {
	add := func(s string) {
		if _, ok := x.byText[s]; !ok {
			x.byText[s] = id
		}
	}
	add(text)
	add(canonical(text))
	if sp.form == formHex {
		low := foldedAll(text)
		add(low)
		add(fundtrail.ChecksumCase(low))
	}
}

// canonical folds the case of hexadecimal digits, where it says nothing.
func canonical(text string) string {
	if allHex(text) {
		return foldedAll(text)
	}
	return text
}

// addParties gathers the parties of every list by UID.
func (x *Index) addParties() {
	type name struct {
		sequence int
		uid      string
	}
	ids := map[name]uint32{}
	x.byUID = map[string][]uint32{}
	for _, p := range x.order {
		h := holder{party: p, wallet: -1}
		for _, n := range x.sequencesOf(&x.names, []holder{h}) {
			k := name{n, x.uid(h)}
			id, ok := ids[k]
			if !ok {
				id = uint32(len(x.parties))
				ids[k] = id
				x.parties = append(x.parties, entry{sequence: n})
				if uid := x.history.Parties[p].UID; uid != "" {
					low := strings.ToLower(uid)
					x.byUID[low] = append(x.byUID[low], id)
				}
			}
			x.parties[id].holders = append(x.parties[id].holders, h)
		}
	}
}
