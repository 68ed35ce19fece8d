package report

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/fundtrail/fundtrail"
)

// A Passage is what one depositor paid into one pool of a mixer (facts), and the
// withdrawals that methods link to it (inferences, with odds). No other figure of a
// document counts them.
type Passage struct {
	Kind        string       `json:"kind"` // mixer or bridge
	Protocol    string       `json:"protocol"`
	Pool        string       `json:"pool"`
	Asset       string       `json:"asset"`
	Note        string       `json:"note"` // base units of each deposit and withdrawal
	Depositor   string       `json:"depositor"`
	Deposits    []string     `json:"deposits"` // the records, as hops cite them
	First       string       `json:"first"`
	Last        string       `json:"last"`
	Withdrawals []Withdrawal `json:"withdrawals"`
}

// A Withdrawal is one note taken out, and how likely it is the passage's depositor's.
type Withdrawal struct {
	Tx           string  `json:"tx"`
	Time         string  `json:"time"` // of the block; interpolated where the events do not tell it
	To           string  `json:"to"`
	Asset        string  `json:"asset"`       // the passage's, but over a bridge
	Amount       string  `json:"amount"`      // that arrived
	Carries      string  `json:"carries"`     // of it, if the link is right
	Fee          string  `json:"fee"`         // of the note: the relayer's
	Probability  float64 `json:"probability"` // to three places
	Certainty    string  `json:"certainty"`   // certain, probable or possible
	Method       string  `json:"method"`
	AnonymitySet int     `json:"anonymity_set"`
}

// certainties in the order in which they are shown. They are never added up.
var certainties = []fundtrail.Certainty{fundtrail.Certain, fundtrail.Probable, fundtrail.Possible}

func (b *builder) passages() {
	for i := range b.t.Passages {
		p := &b.t.Passages[i]
		out := Passage{Kind: string(p.Kind), Protocol: p.Protocol, Pool: p.Pool, Asset: b.asset(p.Asset), Note: p.Note.String(), Depositor: p.Depositor.String(),
			First: stamp(p.First), Last: stamp(p.Last), Deposits: []string{}, Withdrawals: []Withdrawal{}}
		for _, d := range p.Deposits {
			out.Deposits = append(out.Deposits, d.String())
		}
		for _, w := range p.Withdrawals {
			out.Withdrawals = append(out.Withdrawals, Withdrawal{Tx: w.Tx.String(), Time: stamp(w.Time), To: w.To.String(),
				Asset: b.asset(w.Asset), Amount: w.Amount.String(), Carries: w.Carries.String(), Fee: w.Fee.String(),
				Probability: places(w.Probability), Certainty: string(w.Certainty), Method: string(w.Method), AnonymitySet: w.AnonymitySet})
		}
		b.d.Passages = append(b.d.Passages, out)
	}
}

// places rounds a probability to three places.
func places(p float64) float64 { return float64(int(p*1000+0.5)) / 1000 }

// A passedPool is the passages of one pool together.
type passedPool struct {
	protocol, pool, asset string
	note                  fundtrail.Amount
	passages              []*Passage
	notes                 int // that were paid in
	level                 [3]passedLevel
	notLinked             int // notes paid in that no withdrawal is linked to
}

// A passedLevel is the withdrawals of one certainty.
type passedLevel struct {
	notes      int
	recipients map[string]int // notes by address
	first      string
	last       string
}

// passed takes the passages together by pool, the largest first.
func (x *index) passed() []*passedPool {
	var out []*passedPool
	at := map[string]*passedPool{}
	for i := range x.d.Passages {
		p := &x.d.Passages[i]
		if p.Kind == string(fundtrail.Bridge) {
			continue // it has no notes: see bridged
		}
		k := p.Protocol + " " + p.Pool
		pool := at[k]
		if pool == nil {
			pool = &passedPool{protocol: p.Protocol, pool: p.Pool, asset: p.Asset, note: amount(p.Note)}
			for i := range pool.level {
				pool.level[i].recipients = map[string]int{}
			}
			at[k] = pool
			out = append(out, pool)
		}
		pool.passages = append(pool.passages, p)
		pool.notes += len(p.Deposits)
		pool.notLinked += max(0, len(p.Deposits)-len(p.Withdrawals))
		for _, w := range p.Withdrawals {
			l := &pool.level[levelOf(w.Certainty)]
			l.notes++
			l.recipients[w.To]++
			if l.first == "" || w.Time < l.first {
				l.first = w.Time
			}
			l.last = max(l.last, w.Time)
		}
	}
	slices.SortStableFunc(out, func(a, b *passedPool) int {
		return cmp.Or(b.value(b.notes).Cmp(a.value(a.notes)), strings.Compare(a.pool, b.pool))
	})
	return out
}

func levelOf(certainty string) int {
	return max(0, slices.Index(certainties, fundtrail.Certainty(certainty)))
}

func (p *passedPool) value(notes int) fundtrail.Amount {
	v, _ := p.note.Mul(fundtrail.NewAmount(uint64(notes)))
	return v
}

// share is a part of the notes that were paid in, in per cent.
func (p *passedPool) share(notes int) string {
	return strconv.FormatFloat(100*float64(notes)/float64(max(p.notes, 1)), 'f', 1, 64) + " %"
}

// byRecipient lists who took notes out at one certainty, the most first.
func (l *passedLevel) byRecipient() []string {
	out := make([]string, 0, len(l.recipients))
	for a := range l.recipients {
		out = append(out, a)
	}
	slices.SortFunc(out, func(a, b string) int {
		return cmp.Or(cmp.Compare(l.recipients[b], l.recipients[a]), strings.Compare(a, b))
	})
	return out
}

// through is the text page's section about mixers.
func (t *texter) through() {
	pools := t.passed()
	if len(pools) == 0 {
		return
	}
	t.heading("Through mixers (inferred, and in no figure above)")
	for _, p := range pools {
		t.text(bold, 2, 4, fmt.Sprintf("%s, pool %s: %s paid in by %s in %s.", clean(p.protocol), clean(p.pool),
			t.coins(p.asset, p.value(p.notes), nearest)+" "+t.symbol(p.asset), count(len(p.passages), "depositor"), count(p.notes, "note")))
		tab := table{indent: 4, heads: []string{"Came out", "notes", "amount", "of what went in", "addresses"}}
		for i, c := range certainties {
			l := &p.level[i]
			r := tableRow{cells: []string{string(c), strconv.Itoa(l.notes), t.coins(p.asset, p.value(l.notes), nearest), p.share(l.notes), strconv.Itoa(len(l.recipients))}}
			if l.notes > 0 {
				r.detail = days(l.first, l.last)
			}
			tab.rows = append(tab.rows, r)
		}
		tab.rows = append(tab.rows, tableRow{style: faint, cells: []string{"not linked", strconv.Itoa(p.notLinked), t.coins(p.asset, p.value(p.notLinked), nearest), p.share(p.notLinked), ""}})
		t.table(tab)
		for i, c := range certainties[:2] {
			l := &p.level[i]
			list := l.byRecipient()
			if len(list) == 0 {
				continue
			}
			t.text(normal, 4, 6, fmt.Sprintf("Most notes, %s:", c))
			for _, a := range list[:min(len(list), textHolder)] {
				t.text(normal, 6, 8, fmt.Sprintf("%s  %s", clean(a), count(l.recipients[a], "note")))
			}
			if more := len(list) - textHolder; more > 0 {
				t.text(faint, 6, 8, fmt.Sprintf("and %s more, in JSON", count(more, "address")))
			}
		}
	}
	t.text(faint, 2, 2, "Certain is a posterior of 0.95 and more, probable 0.60, possible 0.10; the three are not to be added up. How often each is right: data/accuracy.txt.")
}
