package onward_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/crossing"
	"github.com/fundtrail/fundtrail/internal/ledger"
	"github.com/fundtrail/fundtrail/internal/ledgertest"
	"github.com/fundtrail/fundtrail/internal/onward"
	"github.com/fundtrail/fundtrail/internal/trace"
)

var eth = fundtrail.NativeAsset(fundtrail.Ethereum)

func seal(t testing.TB, txs []fundtrail.Transaction) *ledger.Memory {
	t.Helper()
	b := ledger.NewBuilder()
	for i := range txs {
		if err := b.Transaction(&txs[i], ledger.Where{}); err != nil {
			t.Fatal(err)
		}
	}
	l, err := b.Seal()
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// A pool is what takes value in at mixers' addresses and pays out by a list, to whomever.
type pool struct {
	out []fundtrail.Withdrawal
	// linked says which of what came out later is linked to a depositor; nil: some by number.
	linked map[fundtrail.Address][]int
}

func (p *pool) Passages(tr *fundtrail.Trace) (out []fundtrail.Passage, notes []string, err error) {
	at := map[fundtrail.Address]int{}
	for i := range tr.Hops {
		h := &tr.Hops[i]
		if h.End < 0 || tr.Ends[h.End].Kind != fundtrail.EndMixer || h.Kind == fundtrail.HopFee || h.Asset != eth {
			continue
		}
		n, ok := at[h.From]
		if !ok {
			n = len(out)
			at[h.From] = n
			out = append(out, fundtrail.Passage{Kind: fundtrail.Mixer, Protocol: "pool", Asset: eth, Depositor: h.From, First: h.Time})
		}
		out[n].Deposits, out[n].Last = append(out[n].Deposits, h.Record), h.Time
	}
	for i := range out {
		payload := out[i].Depositor.Payload()
		for k, w := range p.out {
			linked := (k+int(payload[len(payload)-1]))%3 == 0
			if p.linked != nil {
				linked = slices.Contains(p.linked[out[i].Depositor], k)
			}
			if linked && w.Time.After(out[i].First) {
				out[i].Withdrawals = append(out[i].Withdrawals, w)
			}
		}
	}
	return out, nil, nil
}

func (p *pool) Payouts() (out []fundtrail.Receipt) {
	for _, w := range p.out {
		out = append(out, fundtrail.Receipt{Tx: w.Tx, Address: w.To, Asset: w.Asset, Amount: w.Amount, Time: w.Time})
	}
	return out
}

// A scene is a random ledger with a mixer, and a random list of what came out of it: some
// of it is among the ledger's records, some goes to strangers, some is carried in part.
type scene struct {
	in   trace.Input
	opt  trace.Options
	pool *pool
}

func newScene(t testing.TB, seed uint64) *scene {
	r := rand.New(rand.NewPCG(seed, 83))
	shape := ledgertest.Random{Addresses: 3 + r.IntN(4), Transactions: 40 + r.IntN(60), Gaps: r.IntN(3) == 0}
	txs := shape.Ledger(r)
	mixer := ledgertest.Address(fundtrail.Ethereum, ledgertest.Name(0))
	s := &scene{pool: &pool{}}
	s.opt = trace.Options{Policy: []fundtrail.Policy{fundtrail.FIFO, fundtrail.LIFO, fundtrail.Haircut}[r.IntN(3)], Payback: -1,
		Dust: map[fundtrail.Asset]fundtrail.Amount{eth: {}}}
	s.in.Tags = func(a fundtrail.Address) []fundtrail.Tag {
		if a == mixer {
			return []fundtrail.Tag{{Address: a, Label: "mixer", Category: "mixing_service", Actor: "mixer", Confidence: 90}}
		}
		return nil
	}
	for i := range txs {
		for _, tr := range txs[i].Transfers {
			if len(tr.Outputs) == 0 || tr.Outputs[0].Address == mixer {
				continue
			}
			if len(s.in.Thefts) == 0 && tr.ID.Index == 0 && (len(tr.Inputs) == 0 || tr.Inputs[0].Address != tr.Outputs[0].Address) {
				s.in.Thefts = []fundtrail.Theft{{Tx: txs[i].ID, HasIndex: true}}
			} else if r.IntN(8) == 0 && len(tr.Inputs) > 0 && tr.Inputs[0].Address == mixer {
				// The ledger holds this withdrawal.
				s.out(r, fundtrail.Withdrawal{Tx: txs[i].ID, Time: txs[i].Block.Time, To: tr.Outputs[0].Address, Amount: tr.Outputs[0].Amount})
			}
		}
	}
	for n := range 4 + r.IntN(30) {
		w := fundtrail.Withdrawal{Tx: ledgertest.Tx(fundtrail.Ethereum, fmt.Sprint("w", n)), Amount: fundtrail.NewAmount(1 + r.Uint64N(20))}
		w.Time = txs[r.IntN(len(txs))].Block.Time.Add(time.Duration(r.IntN(60)) * time.Second)
		w.To = ledgertest.Address(fundtrail.Ethereum, ledgertest.Name(1+r.IntN(shape.Addresses+1))) // the last is not in the ledger
		s.out(r, w)
		if r.IntN(5) == 0 { // one just like it
			s.pool.out = append(s.pool.out, s.pool.out[len(s.pool.out)-1])
		}
	}
	s.in.Ledger = seal(t, txs)
	return s
}

func (s *scene) out(r *rand.Rand, w fundtrail.Withdrawal) {
	w.Asset, w.Carries, w.Probability, w.Method = eth, w.Amount, float64(100+r.IntN(899))/1000, "pool/1"
	w.Certainty = crossing.CertaintyOf(w.Probability)
	if r.IntN(3) == 0 {
		w.Carries = fundtrail.NewAmount(1 + r.Uint64N(w.Amount.Uint64()))
	}
	if r.IntN(3) == 0 {
		w.Fee = fundtrail.NewAmount(r.Uint64N(3))
	}
	s.pool.out = append(s.pool.out, w)
}

func (s *scene) run(t testing.TB, rounds int) *fundtrail.Trace {
	t.Helper()
	tr, err := onward.Run(t.Context(), s.in, s.opt, s.pool, rounds)
	if errors.Is(err, fundtrail.ErrNotFound) {
		t.Skip("nothing to trace")
	}
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

func encode(t testing.TB, tr *fundtrail.Trace) []byte {
	t.Helper()
	out, err := json.Marshal(tr)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestRun holds onward traces on random ledgers to what cannot be otherwise.
func TestRun(t *testing.T) {
	seeds := uint64(500)
	if testing.Short() {
		seeds = 100
	}
	followed, rounds, parts := 0, map[int]int{}, 0
	for seed := range seeds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			s := newScene(t, seed)
			tr := s.run(t, onward.Rounds)
			checkOnward(t, s, tr)
			for _, o := range tr.Onward {
				followed++
				rounds[o.Round]++
				for _, st := range o.Starts {
					if st.Carries != withdrawal(tr, st).Amount {
						parts++
					}
				}
			}
			if a, b := encode(t, tr), encode(t, s.run(t, onward.Rounds)); !bytes.Equal(a, b) {
				t.Fatalf("asked again it differs:\n%s\n%s", a, b)
			}
		})
	}
	if followed < int(seeds)/2 || rounds[2] < 5 || rounds[3] < 1 && !testing.Short() || parts < 50 || rounds[4] > 0 {
		t.Errorf("%d onward traces with %d parts, by round %v", followed, parts, rounds)
	}
}

func at(tr *fundtrail.Trace, onward int) *fundtrail.Trace {
	if onward < 0 {
		return tr
	}
	return tr.Onward[onward].Trace
}

func withdrawal(tr *fundtrail.Trace, s fundtrail.OnwardStart) *fundtrail.Withdrawal {
	return &at(tr, s.Onward).Passages[s.Passage].Withdrawals[s.Withdrawal]
}

func checkOnward(t *testing.T, s *scene, tr *fundtrail.Trace) {
	t.Helper()
	type payout struct {
		tx     fundtrail.TxID
		to     fundtrail.Address
		amount fundtrail.Amount
	}
	left := map[payout]int{}
	for _, w := range s.pool.out {
		left[payout{w.Tx, w.To, w.Amount}]++
	}
	ranks := map[fundtrail.Certainty]int{fundtrail.Certain: 0, fundtrail.Probable: 1, fundtrail.Possible: 2}
	for i, o := range tr.Onward {
		var started fundtrail.Amount
		spent := map[[2]int]fundtrail.Amount{} // by trace and passage
		least, most := 1.0, 0.0
		for _, st := range o.Starts {
			if st.Onward >= i || st.Onward >= 0 && tr.Onward[st.Onward].Round != o.Round-1 || st.Onward < 0 && o.Round != 1 {
				t.Fatalf("onward %d of round %d starts from %+v", i, o.Round, st)
			}
			w := withdrawal(tr, st)
			k := payout{w.Tx, w.To, w.Amount}
			if left[k]--; left[k] < 0 {
				t.Fatalf("%s starts twice", w.Tx)
			}
			if st.Carries.IsZero() || w.Carries.Less(st.Carries) || st.Probability > w.Probability {
				t.Fatalf("%+v of %+v", st, w)
			}
			if ranks[o.Certainty] < ranks[w.Certainty] || ranks[o.Certainty] < ranks[crossing.CertaintyOf(st.Probability)] {
				t.Fatalf("%s with probability %v starts what is %s", w.Certainty, st.Probability, o.Certainty)
			}
			started, _ = started.Add(st.Carries)
			p := [2]int{st.Onward, st.Passage}
			spent[p], _ = spent[p].Add(st.Carries)
			spent[p], _ = spent[p].Add(w.Fee)
			least, most = min(least, st.Probability), max(most, st.Probability)
		}
		for p, sum := range spent {
			from := at(tr, p[0])
			var paid fundtrail.Amount
			for _, d := range from.Passages[p[1]].Deposits {
				for _, h := range from.Hops {
					if h.Record == d && h.Kind != fundtrail.HopFee {
						paid, _ = paid.Add(h.Taint[from.Policy])
					}
				}
			}
			if paid.Less(sum) {
				t.Fatalf("onward %d: %s come out of a passage that %s went into", i, sum, paid)
			}
		}
		if len(o.Trace.Stolen) != 1 || o.Trace.Stolen[0].Amount != started {
			t.Fatalf("onward %d starts with %+v, want %s", i, o.Trace.Stolen, started)
		}
		for p := range fundtrail.NumPolicies {
			if !p.Lossless() || !p.On(fundtrail.Accounts) {
				continue
			}
			var sum fundtrail.Amount
			for _, e := range o.Trace.Ends {
				sum, _ = sum.Add(e.Taint[p])
			}
			if sum != started {
				t.Fatalf("onward %d under %s: ends hold %s of %s", i, p, sum, started)
			}
		}
		for _, e := range o.Trace.Ends {
			amount := e.Taint[o.Trace.Policy]
			if amount.IsZero() {
				continue
			}
			const eps = 1e-6
			if e.Odds == nil || amount.Less(e.Odds.Expected) || e.Odds.Least < least-eps || e.Odds.Most > most+eps || e.Odds.Least > e.Odds.Most {
				t.Fatalf("onward %d: end %+v with odds %+v of starts from %v to %v", i, e, e.Odds, least, most)
			}
		}
		if o.Addresses < o.Known || o.Addresses > len(o.Starts) {
			t.Fatalf("onward %d: %d starts at %d addresses, %d known", i, len(o.Starts), o.Addresses, o.Known)
		}
	}
}

// TestNothingToFollow: without passages, without a finder and without rounds the trace
// itself is the plain one, byte for byte.
func TestNothingToFollow(t *testing.T) {
	changed := 0
	for seed := range uint64(60) {
		s := newScene(t, seed)
		plain, err := trace.Run(t.Context(), s.in, s.opt)
		if err != nil {
			continue
		}
		full, err := onward.Run(t.Context(), s.in, s.opt, s.pool, onward.Rounds)
		if err != nil {
			t.Fatal(err)
		}
		if len(full.Onward) > 0 {
			changed++
		}
		full.Passages, full.Onward, full.Notes = nil, nil, plain.Notes
		if a, b := encode(t, plain), encode(t, full); !bytes.Equal(a, b) {
			t.Fatalf("seed %d: passages change the trace itself:\n%s\n%s", seed, a, b)
		}
		none, err := onward.Run(t.Context(), s.in, s.opt, &pool{}, onward.Rounds)
		if err != nil {
			t.Fatal(err)
		}
		for i := range none.Passages { // what went in is known, and nothing that came out
			if len(none.Passages[i].Withdrawals) > 0 {
				t.Fatal("withdrawals out of nothing")
			}
		}
		none.Passages = nil
		without, err := onward.Run(t.Context(), s.in, s.opt, nil, onward.Rounds)
		if err != nil {
			t.Fatal(err)
		}
		for _, other := range []*fundtrail.Trace{none, without} {
			if a, b := encode(t, plain), encode(t, other); !bytes.Equal(a, b) {
				t.Fatalf("seed %d:\n%s\n%s", seed, a, b)
			}
		}
		stop, err := onward.Run(t.Context(), s.in, s.opt, s.pool, 0)
		if err != nil || len(stop.Onward) > 0 {
			t.Fatalf("with 0 rounds: %d onward traces, %v", len(stop.Onward), err)
		}
	}
	if changed < 20 {
		t.Errorf("only %d scenes have anything to follow", changed)
	}
}

// TestTwoRounds: the thief mixes, the taker mixes again, and an exchange gets it. Odds
// multiply, and what is certain twice over is not certain any more.
func TestTwoRounds(t *testing.T) {
	text := ledgertest.MustParse(`2022-03-29T10:00Z t1 eth victim -> thief 100 ETH
2022-03-29T11:00Z t2 eth thief -> mixer 100 ETH
2022-03-29T13:00Z t3 eth taker -> mixer 90 ETH
2022-03-29T15:00Z t4 eth last -> exchange 80 ETH`)
	name := func(s string) fundtrail.Address { return ledgertest.Address(fundtrail.Ethereum, s) }
	coins := func(n uint64) fundtrail.Amount {
		a, _ := fundtrail.NewAmount(n).Mul(fundtrail.NewAmount(1e18))
		return a
	}
	out := func(tx, to string, hour int, amount uint64, p float64) fundtrail.Withdrawal {
		return fundtrail.Withdrawal{Tx: ledgertest.Tx(fundtrail.Ethereum, tx), To: name(to), Time: time.Date(2022, 3, 29, hour, 30, 0, 0, time.UTC),
			Asset: eth, Amount: coins(amount), Carries: coins(amount), Probability: p, Certainty: crossing.CertaintyOf(p)}
	}
	tags := map[fundtrail.Address]string{name("mixer"): "mixing_service", name("exchange"): "exchange"}
	in := trace.Input{Ledger: seal(t, text.Transactions), Thefts: []fundtrail.Theft{{Tx: ledgertest.Tx(fundtrail.Ethereum, "t1")}},
		Tags: func(a fundtrail.Address) []fundtrail.Tag {
			if tags[a] == "" {
				return nil
			}
			return []fundtrail.Tag{{Address: a, Label: tags[a], Category: tags[a], Confidence: 90}}
		}}
	p := &pool{linked: map[fundtrail.Address][]int{name("thief"): {0, 1}, name("taker"): {2, 3}}, out: []fundtrail.Withdrawal{
		out("w1", "taker", 11, 90, .97), out("w2", "stranger", 12, 30, .2), out("w3", "last", 13, 85, .96), out("w4", "taker", 14, 10, .5)}}
	for _, tt := range []struct {
		rounds int
		want   string
	}{
		{0, ""},
		{1, `certain 1, 1 of 1 known: mixer 90 expects 87.3; 
possible 1, 0 of 1 known: coverage 30 expects 6; 
2 more withdrawals are linked to what went into mixers or the like again; they are not followed: the limit is --onward-rounds 1.
`},
		// 0.97 times 0.96 is 0.9312; of the 90 that the taker paid in 85 and 5 come out.
		{3, `certain 1, 1 of 1 known: mixer 90 expects 87.3; 
possible 1, 0 of 1 known: coverage 30 expects 6; 
probable 2, 1 of 1 known: exchange 80 expects 74.496; held 5 expects 4.656; 
possible 2, 1 of 1 known: held 10 expects 4.85; 
`},
	} {
		tr, err := onward.Run(t.Context(), in, trace.Options{}, p, tt.rounds)
		if err != nil {
			t.Fatal(err)
		}
		var s strings.Builder
		for _, o := range tr.Onward {
			fmt.Fprintf(&s, "%s %d, %d of %d known: ", o.Certainty, o.Round, o.Known, o.Addresses)
			for _, e := range o.Trace.Ends {
				fmt.Fprintf(&s, "%s %s expects %s; ", e.Kind, e.Taint[fundtrail.FIFO].Decimal(18), e.Odds.Expected.Decimal(18))
			}
			s.WriteString("\n")
		}
		for _, n := range tr.Notes {
			s.WriteString(n + "\n")
		}
		if s.String() != tt.want {
			t.Errorf("%d rounds: got\n%swant\n%s", tt.rounds, s.String(), tt.want)
		}
	}
}

// TestAnotherAsset: out of a bridge comes another asset, as many payments as went in at
// most, each with the stolen share of what went in.
func TestAnotherAsset(t *testing.T) {
	text := ledgertest.MustParse(`2022-03-29T09:00Z t0 eth clean -> thief 100 ETH
2022-03-29T10:00Z t1 eth victim -> thief 100 ETH
2022-03-29T11:00Z t2 eth thief -> mixer 100 ETH
2022-03-29T12:00Z t3 eth someone -> taker 1 TOK`)
	name := func(s string) fundtrail.Address { return ledgertest.Address(fundtrail.Ethereum, s) }
	token := ledgertest.Asset(fundtrail.Ethereum, "TOK")
	in := trace.Input{Ledger: seal(t, text.Transactions), Thefts: []fundtrail.Theft{{Tx: ledgertest.Tx(fundtrail.Ethereum, "t1")}},
		Tags: func(a fundtrail.Address) []fundtrail.Tag {
			if a != name("mixer") {
				return nil
			}
			return []fundtrail.Tag{{Address: a, Label: "mixer", Category: "mixing_service", Confidence: 90}}
		}}
	p := &pool{linked: map[fundtrail.Address][]int{name("thief"): {0, 1}}}
	for i, amount := range []uint64{500, 300} {
		p.out = append(p.out, fundtrail.Withdrawal{Tx: ledgertest.Tx(fundtrail.Ethereum, fmt.Sprint("w", i)), To: name("taker"), Time: time.Date(2022, 3, 29, 11, 30, 0, 0, time.UTC),
			Asset: token, Amount: fundtrail.NewAmount(amount), Carries: fundtrail.NewAmount(amount), Probability: .7 + float64(i)/100, Certainty: fundtrail.Probable})
	}
	tr, err := onward.Run(t.Context(), in, trace.Options{Policy: fundtrail.Haircut}, p, 1)
	if err != nil {
		t.Fatal(err)
	}
	if len(tr.Onward) != 1 || tr.Onward[0].Trace.Stolen[0].Amount != fundtrail.NewAmount(150) || tr.Onward[0].Trace.Stolen[0].Asset != token {
		t.Fatalf("%+v", tr.Onward)
	}
	if n := tr.Notes[len(tr.Notes)-1]; !strings.HasPrefix(n, "Linked withdrawals beyond what their depositor had paid in: 1.") {
		t.Error(n)
	}
}

// TestRefuses: what makes no sense says so.
func TestRefuses(t *testing.T) {
	s := newScene(t, 1)
	if _, err := onward.Run(t.Context(), s.in, s.opt, s.pool, -1); !errors.Is(err, fundtrail.ErrInvalid) {
		t.Errorf("-1 rounds: %v", err)
	}
	s.opt.Direction = fundtrail.Backward
	if _, err := onward.Run(t.Context(), s.in, s.opt, s.pool, 1); !errors.Is(err, fundtrail.ErrInvalid) {
		t.Errorf("backward: %v", err)
	}
}

// TestSpread: what a CoinJoin's output carries is an expectation already, so that all of it
// is expected; what comes after it is no likelier for that.
func TestSpread(t *testing.T) {
	text := ledgertest.MustParse(`2022-03-29T10:00Z t1 eth victim -> thief 100 ETH
2022-03-29T11:00Z t2 eth thief -> mixer 100 ETH
2022-03-29T13:00Z t3 eth taker -> mixer 90 ETH
2022-03-29T15:00Z t4 eth last -> friend 8 ETH`)
	name := func(s string) fundtrail.Address { return ledgertest.Address(fundtrail.Ethereum, s) }
	out := func(to string, hour int, amount, carries uint64, p float64, spread bool) fundtrail.Withdrawal {
		coins, _ := fundtrail.NewAmount(amount).Mul(fundtrail.NewAmount(1e18))
		part, _ := fundtrail.NewAmount(carries).Mul(fundtrail.NewAmount(1e18))
		return fundtrail.Withdrawal{Tx: ledgertest.Tx(fundtrail.Ethereum, "w"+to), To: name(to), Time: time.Date(2022, 3, 29, hour, 30, 0, 0, time.UTC),
			Asset: eth, Amount: coins, Carries: part, Spread: spread, Probability: p, Certainty: crossing.CertaintyOf(p)}
	}
	in := trace.Input{Ledger: seal(t, text.Transactions), Thefts: []fundtrail.Theft{{Tx: ledgertest.Tx(fundtrail.Ethereum, "t1")}},
		Tags: func(a fundtrail.Address) []fundtrail.Tag {
			if a != name("mixer") {
				return nil
			}
			return []fundtrail.Tag{{Address: a, Label: "mixer", Category: "mixing_service", Confidence: 90}}
		}}
	p := &pool{linked: map[fundtrail.Address][]int{name("thief"): {0}, name("taker"): {1}}, out: []fundtrail.Withdrawal{
		out("taker", 11, 90, 20, .25, true), out("last", 13, 10, 10, .5, false)}}
	tr, err := onward.Run(t.Context(), in, trace.Options{}, p, onward.Rounds)
	if err != nil {
		t.Fatal(err)
	}
	var s strings.Builder
	for _, o := range tr.Onward {
		fmt.Fprintf(&s, "%s %d starts with %v, weight %v:", o.Certainty, o.Round, o.Starts[0].Probability, o.Starts[0].Weight)
		for _, e := range o.Trace.Ends {
			fmt.Fprintf(&s, " %s %s at %v expects %s;", e.Kind, e.Taint[fundtrail.FIFO].Decimal(18), e.Odds.Least, e.Odds.Expected.Decimal(18))
		}
		s.WriteString("\n")
	}
	want := "possible 1 starts with 0.25, weight 1: mixer 20 at 0.25 expects 20;\n" +
		"possible 2 starts with 0.125, weight 0.5: coverage 8 at 0.125 expects 4; held 2 at 0.125 expects 1;\n"
	if s.String() != want {
		t.Errorf("got\n%swant\n%s", s.String(), want)
	}
}
