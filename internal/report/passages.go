package report

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/fundtrail/fundtrail"
)

// A Passage is what one depositor paid into one pool of a mixer, what came into one
// CoinJoin or what was paid into a bridge (facts), and the withdrawals that methods link to
// it (inferences, with odds). No other figure of a document counts them.
type Passage struct {
	Kind      string   `json:"kind"` // mixer, for CoinJoins too, or bridge
	Protocol  string   `json:"protocol"`
	Pool      string   `json:"pool"`
	Tx        string   `json:"tx,omitempty"` // of a CoinJoin: it
	Asset     string   `json:"asset"`
	Note      string   `json:"note"` // base units of each deposit and withdrawal
	Depositor string   `json:"depositor"`
	Deposits  []string `json:"deposits"` // the records, as hops cite them
	// What the deposits moved, and what of it was stolen under the headline policy. Empty in
	// reports of before.
	Amount      string       `json:"amount,omitempty"`
	Stolen      string       `json:"stolen,omitempty"`
	First       string       `json:"first"`
	Last        string       `json:"last"`
	Withdrawals []Withdrawal `json:"withdrawals"`
}

// A Withdrawal is what came out once, and how likely it is the passage's depositor's.
type Withdrawal struct {
	Tx           string  `json:"tx"`
	Record       string  `json:"record,omitempty"` // the ledger's, as hops cite it, where it holds one
	Time         string  `json:"time"`             // of the block; interpolated where the events do not tell it
	To           string  `json:"to"`
	Asset        string  `json:"asset"`       // the passage's, but over a bridge
	Amount       string  `json:"amount"`      // that arrived
	Carries      string  `json:"carries"`     // of it, if the link is right; out of a CoinJoin the part spread to it
	Fee          string  `json:"fee"`         // of the note: the relayer's
	Probability  float64 `json:"probability"` // to three places
	Certainty    string  `json:"certainty"`   // certain, probable or possible
	Method       string  `json:"method"`
	AnonymitySet int     `json:"anonymity_set"`
}

// certainties in the order in which they are shown. They are never added up.
var certainties = []fundtrail.Certainty{fundtrail.Certain, fundtrail.Probable, fundtrail.Possible}

// What the certainties are, and that each stands for itself.
const certaintiesMean = "Certain is a posterior of 0.95 and more, probable 0.60, possible 0.10; the three are not to be added up."

func (b *builder) passages() {
	if len(b.t.Passages) == 0 {
		return
	}
	into := b.deposited()
	for i := range b.t.Passages {
		p := &b.t.Passages[i]
		out := Passage{Kind: string(p.Kind), Protocol: p.Protocol, Pool: p.Pool, Asset: b.asset(p.Asset), Note: p.Note.String(), Depositor: p.Depositor.String(),
			First: stamp(p.First), Last: stamp(p.Last), Deposits: []string{}, Withdrawals: []Withdrawal{}}
		var moved, stolen fundtrail.Amount
		counted := map[fundtrail.TransferOutput]bool{} // a CoinJoin is one record of all its coins
		for _, d := range p.Deposits {
			out.Deposits = append(out.Deposits, d.String())
			in := into[d]
			if counted[in.record] {
				continue
			}
			counted[in.record] = true
			moved, _ = moved.Add(in.amount)
			stolen, _ = stolen.Add(in.stolen)
			if in.record.Output == fundtrail.MixIndex {
				out.Tx = in.record.Transfer.Tx.String()
			}
		}
		out.Amount, out.Stolen = moved.String(), stolen.String()
		for _, w := range p.Withdrawals {
			v := Withdrawal{Tx: w.Tx.String(), Time: stamp(w.Time), To: w.To.String(),
				Asset: b.asset(w.Asset), Amount: w.Amount.String(), Carries: w.Carries.String(), Fee: w.Fee.String(),
				Probability: places(w.Probability), Certainty: string(w.Certainty), Method: string(w.Method), AnonymitySet: w.AnonymitySet}
			if w.Record != (fundtrail.TransferOutput{}) {
				v.Record = w.Record.String()
			}
			out.Withdrawals = append(out.Withdrawals, v)
		}
		b.d.Passages = append(b.d.Passages, out)
	}
}

// A deposited is what a record brought into a passage.
type deposited struct {
	record         fundtrail.TransferOutput
	amount, stolen fundtrail.Amount // stolen under the headline policy
}

// deposited lists what may have gone into passages: the trace's records by themselves, and
// the coins that a CoinJoin spent, which are all one record's.
func (b *builder) deposited() map[fundtrail.TransferOutput]deposited {
	out := map[fundtrail.TransferOutput]deposited{}
	for i := range b.t.Hops {
		h := &b.t.Hops[i]
		d := deposited{h.Record, h.Amount, h.Taint[b.t.Policy]}
		if h.Record.Output == fundtrail.MixIndex {
			for _, coin := range h.Spends {
				out[coin] = d
			}
			continue
		}
		if known, ok := out[h.Record]; ok && (known.record != h.Record || h.Kind == fundtrail.HopFee) {
			continue
		}
		out[h.Record] = d
	}
	return out
}

// places rounds a probability to three places.
func places(p float64) float64 { return float64(int(p*1000+0.5)) / 1000 }

// inCoinJoin reports whether a passage is of a CoinJoin: what mixes coins in one
// transaction has no pool.
func (p *Passage) inCoinJoin() bool { return p.Kind == string(fundtrail.Mixer) && p.Pool == "" }

// in is what was stolen of what went in: all of it in a report that does not tell.
func (p *Passage) in() fundtrail.Amount {
	if p.Stolen != "" {
		return amount(p.Stolen)
	}
	sum, _ := amount(p.Note).Mul(fundtrail.NewAmount(uint64(len(p.Deposits))))
	return sum
}

// A passedPool is the passages of one pool together, or of all CoinJoins of one protocol in
// one asset.
type passedPool struct {
	protocol, pool, asset string
	coinJoin              bool
	note                  fundtrail.Amount
	in                    fundtrail.Amount // stolen, of CoinJoins
	passages              []*Passage
	notes                 int // that were paid in
	level                 [3]passedLevel
	notLinked             int      // notes paid in that no withdrawal is linked to; CoinJoins without an output that is listed
	methods               []string // that link
}

// A passedLevel is the withdrawals of one certainty.
type passedLevel struct {
	notes      int
	carries    fundtrail.Amount
	recipients map[string]int // notes by address
	first      string
	last       string
	odds       [2]float64
	anonymity  [2]int
}

func (l *passedLevel) add(w *Withdrawal) {
	if l.notes == 0 {
		l.first, l.odds, l.anonymity = w.Time, [2]float64{w.Probability, w.Probability}, [2]int{w.AnonymitySet, w.AnonymitySet}
	}
	l.notes++
	l.recipients[w.To]++
	l.carries, _ = l.carries.Add(amount(w.Carries))
	l.first, l.last = min(l.first, w.Time), max(l.last, w.Time)
	l.odds = [2]float64{min(l.odds[0], w.Probability), max(l.odds[1], w.Probability)}
	l.anonymity = [2]int{min(l.anonymity[0], w.AnonymitySet), max(l.anonymity[1], w.AnonymitySet)}
}

// oddsRange writes odds as "0.20 to 0.35".
func (l *passedLevel) oddsRange() string { return (&Odds{Least: l.odds[0], Most: l.odds[1]}).String() }

func (l *passedLevel) anonymityRange() string {
	s := group(strconv.Itoa(max(l.anonymity[0], 0)))
	if l.anonymity[1] != l.anonymity[0] {
		s += " to " + group(strconv.Itoa(max(l.anonymity[1], 0)))
	}
	return s
}

// passed takes the passages together by pool, the largest first; CoinJoins have lists of
// their own.
func (x *index) passed(coinJoins bool) []*passedPool {
	var out []*passedPool
	at := map[string]*passedPool{}
	for i := range x.d.Passages {
		p := &x.d.Passages[i]
		if p.Kind == string(fundtrail.Bridge) || p.inCoinJoin() != coinJoins {
			continue // bridges have no notes: see bridged
		}
		k := p.Protocol + " " + p.Pool + " " + p.Asset
		pool := at[k]
		if pool == nil {
			pool = &passedPool{protocol: p.Protocol, pool: p.Pool, asset: p.Asset, coinJoin: coinJoins, note: amount(p.Note)}
			for i := range pool.level {
				pool.level[i].recipients = map[string]int{}
			}
			at[k] = pool
			out = append(out, pool)
		}
		pool.passages = append(pool.passages, p)
		pool.in, _ = pool.in.Add(p.in())
		pool.notes += len(p.Deposits)
		if !coinJoins {
			pool.notLinked += max(0, len(p.Deposits)-len(p.Withdrawals))
		} else if len(p.Withdrawals) == 0 {
			pool.notLinked++
		}
		for j := range p.Withdrawals {
			w := &p.Withdrawals[j]
			pool.level[levelOf(w.Certainty)].add(w)
			if !slices.Contains(pool.methods, w.Method) {
				pool.methods = append(pool.methods, w.Method)
			}
		}
	}
	for _, p := range out {
		slices.Sort(p.methods)
	}
	slices.SortStableFunc(out, func(a, b *passedPool) int {
		if coinJoins {
			return cmp.Or(strings.Compare(a.asset, b.asset), b.in.Cmp(a.in), strings.Compare(a.protocol, b.protocol))
		}
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
	return percent(fundtrail.NewAmount(uint64(notes)), fundtrail.NewAmount(uint64(p.notes)))
}

// percent is a part of a whole to a tenth of a per cent, and no part that is none.
func percent(part, whole fundtrail.Amount) string {
	if whole.IsZero() {
		return "n/a"
	}
	tenths, _ := part.MulDiv(fundtrail.NewAmount(10_000), whole)
	n := (tenths.Uint64() + 5) / 10
	if n == 0 && !part.IsZero() {
		return "<0.1 %"
	}
	return fmt.Sprintf("%d.%d %%", n/10, n%10)
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
	pools := t.passed(false)
	if len(pools) == 0 {
		return
	}
	t.heading("Through mixers (inferred, and in no figure of where it is now)")
	for _, p := range pools {
		t.text(bold, 2, 4, fmt.Sprintf("%s, pool %s: %s paid in by %s in %s.", clean(p.protocol), clean(p.pool),
			t.coins(p.asset, p.value(p.notes), nearest)+" "+t.symbol(p.asset), count(len(p.passages), "depositor"), count(p.notes, "note")))
		tab := table{indent: 4, heads: []string{"Came out", "notes", "amount", "of what went in", "addresses"}}
		for i, c := range certainties {
			l := &p.level[i]
			r := tableRow{cells: []string{string(c), group(strconv.Itoa(l.notes)), t.coins(p.asset, p.value(l.notes), nearest), p.share(l.notes), group(strconv.Itoa(len(l.recipients)))}}
			if l.notes > 0 {
				r.detail = days(l.first, l.last) + "; odds " + l.oddsRange() + "; anonymity set " + l.anonymityRange()
			}
			tab.rows = append(tab.rows, r)
		}
		tab.rows = append(tab.rows, tableRow{style: faint, cells: []string{"not linked", group(strconv.Itoa(p.notLinked)), t.coins(p.asset, p.value(p.notLinked), nearest), p.share(p.notLinked), ""}})
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
	t.text(faint, 2, 2, certaintiesMean+" How often each is right: data/accuracy.txt.")
}
