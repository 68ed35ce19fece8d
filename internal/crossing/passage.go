package crossing

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/fundtrail/fundtrail"
)

const (
	// passageGap ends a batch: deposits of one sender that are further apart, in seconds,
	// are looked for by themselves.
	passageGap = 3 * 24 * 3600
	// passageFloor is the least probability that a passage reports: below it a link is
	// what chance gives.
	passageFloor = 0.10
)

// Through says where the value of a trace came out of the pools that it went into. Of
// every hop that ends at a mixer it finds the deposit by its transaction; all depositors
// are held to be one operator's, as the thefts of one trace are. A pool's deposits
// gain the senders that the trace tells. Hops whose deposit no pool holds are counted in
// missed, and those of which no policy that conserves value holds half to be stolen in
// mostlyClean: whoever paid them in is somebody else.
func Through(tr *fundtrail.Trace, pools []*Pool) (passages []fundtrail.Passage, missed, mostlyClean int, err error) {
	t := &through{pools: pools, at: map[fundtrail.TxID][]place{}, of: map[key]*fundtrail.Passage{}}
	var into []*fundtrail.Hop // payments into mixers
	for i := range tr.Hops {
		h := &tr.Hops[i]
		if h.End >= 0 && tr.Ends[h.End].Kind == fundtrail.EndMixer && h.Kind != fundtrail.HopFee && h.Record.Output != fundtrail.MixIndex { // a CoinJoin has no pool: see CoinJoins
			into = append(into, h)
			t.at[h.Record.Transfer.Tx] = nil
		}
	}
	if len(into) == 0 {
		return nil, 0, 0, nil
	}
	for i, p := range pools {
		for d := range p.Deposits {
			id := fundtrail.TxID{Chain: p.Name.Chain, Hash: p.Deposits[d].Tx}
			if list, ok := t.at[id]; ok {
				t.at[id] = append(list, place{i, d})
			}
		}
	}
	for _, h := range into {
		if !MostlyStolen(h.Amount, h.Taint.Most()) {
			mostlyClean++
			continue
		}
		if !t.deposit(h) {
			missed++
		}
	}
	for i := range pools {
		if err := t.demix(i); err != nil {
			return nil, missed, mostlyClean, err
		}
	}
	return t.list(), missed, mostlyClean, nil
}

// MostlyStolen reports whether a payment of an amount is to be taken for the thief's own:
// the most that any policy that conserves value holds to be stolen is half of it at least.
func MostlyStolen(amount, most fundtrail.Amount) bool {
	rest, under := amount.Sub(most)
	return under || rest.Cmp(most) <= 0
}

// A place is one deposit of one pool.
type place struct{ pool, deposit int }

type key struct {
	pool int
	who  Account
}

type through struct {
	pools []*Pool
	at    map[fundtrail.TxID][]place
	of    map[key]*fundtrail.Passage
}

// deposit adds a hop's deposits to their depositor's passage.
func (t *through) deposit(h *fundtrail.Hop) bool {
	payload := h.From.Payload()
	if len(payload) != len(Account{}) {
		return false
	}
	who := Account(payload)
	found := false
	for _, at := range t.at[h.Record.Transfer.Tx] {
		p := t.pools[at.pool]
		if p.Note.Cmp(h.Amount) > 0 {
			continue // another pool's note, moved by the same transaction
		}
		found = true
		p.Deposits[at.deposit].Sender = who
		k := key{at.pool, who}
		ps := t.of[k]
		if ps == nil {
			ps = &fundtrail.Passage{Kind: fundtrail.Mixer, Protocol: TornadoProtocol, Pool: p.Name.String(), Asset: h.Asset, Note: p.Note, Depositor: h.From, First: h.Time}
			t.of[k] = ps
		}
		ps.Deposits = append(ps.Deposits, h.Record)
		ps.Last = h.Time
	}
	return found
}

// demix links one pool's withdrawals to the trace's depositors.
func (t *through) demix(of int) error {
	senders := map[Account]bool{}
	for k := range t.of {
		if k.pool == of {
			senders[k.who] = true
		}
	}
	if len(senders) == 0 {
		return nil
	}
	p := t.pools[of]
	batches := Batches(p, senders, 1, passageGap)
	found, err := Demix(t.pools, of, batches)
	if err != nil {
		return fmt.Errorf("pool %s: %w", p.Name, err)
	}
	links := BatchLinks(t.pools, of, batches, found, passageFloor)
	for _, l := range SameAddress(t.pools) {
		if l.Pool == of {
			links = append(links, l)
		}
	}
	for _, l := range likeliest(Combine(links)) {
		ps := t.of[key{of, l.Depositor}]
		c := CertaintyOf(l.Probability)
		if ps == nil || c == Unlikely {
			continue
		}
		w := &p.Withdrawals[l.Withdrawal]
		got, _ := p.Note.Sub(w.Fee)
		ps.Withdrawals = append(ps.Withdrawals, fundtrail.Withdrawal{
			Tx: fundtrail.TxID{Chain: p.Name.Chain, Hash: w.Tx}, Time: time.Unix(w.Time, 0).UTC(), Height: w.Block, To: w.To.On(p.Name.Chain),
			Asset: ps.Asset, Amount: got, Carries: got, Fee: w.Fee,
			Probability: l.Probability, Certainty: c, Method: l.Method, AnonymitySet: l.AnonymitySet,
		})
	}
	return nil
}

// likeliest keeps of a withdrawal's links the most probable, so that no note comes out
// twice. They stay in order.
func likeliest(links []Link) []Link {
	var out []Link
	for _, l := range links {
		if n := len(out); n > 0 && out[n-1].Pool == l.Pool && out[n-1].Withdrawal == l.Withdrawal {
			if l.Probability > out[n-1].Probability {
				out[n-1] = l
			}
			continue
		}
		out = append(out, l)
	}
	return out
}

func (t *through) list() []fundtrail.Passage {
	keys := make([]key, 0, len(t.of))
	for k := range t.of {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b key) int {
		return cmp.Or(cmp.Compare(a.pool, b.pool), t.of[a].First.Compare(t.of[b].First), bytes.Compare(a.who[:], b.who[:]))
	})
	var out []fundtrail.Passage
	for _, k := range keys {
		out = append(out, *t.of[k])
	}
	return out
}
