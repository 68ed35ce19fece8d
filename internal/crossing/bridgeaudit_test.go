package crossing

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fundtrail/fundtrail"
)

func day(n int) time.Time { return time.Date(2022, 3, n, 0, 0, 0, 0, time.UTC) }

func deposit(id string, at time.Time, to string, amount uint64) Leg {
	return Leg{Protocol: "x", Side: Enters, Tx: fundtrail.TxID{Chain: "side", Hash: fundtrail.Hash{1, byte(amount)}}, Time: at, Peer: fundtrail.Ethereum,
		ID: id, Recipient: to, Token: "0xs", PeerToken: "0xt", Amount: fundtrail.NewAmount(amount)}
}

func withdrawal(id string, at time.Time, to string, amount uint64) Leg {
	return Leg{Protocol: "x", Side: Leaves, Tx: fundtrail.TxID{Chain: fundtrail.Ethereum, Hash: fundtrail.Hash{2, byte(at.Unix())}}, Time: at,
		ID: id, Recipient: to, Token: "0xt", Amount: fundtrail.NewAmount(amount)}
}

func TestAudit(t *testing.T) {
	deposits := []Leg{
		deposit("1", day(1), "ann", 10), deposit("2", day(2), "bob", 20), deposit("5", day(5), "cat", 50), deposit("9", day(9), "dan", 90),
	}
	whole := []Window{{From: day(1), To: day(30)}}
	other := func(l Leg, f func(*Leg)) Leg { f(&l); return l }
	for _, c := range []struct {
		name  string
		rules Rules
		w     []Leg
		want  string // reasons of the last withdrawal, "explained" or "not covered"
	}{
		{"honest", Rules{}, []Leg{withdrawal("1", day(3), "ann", 10)}, "explained"},
		{"another recipient", Rules{}, []Leg{withdrawal("1", day(3), "eve", 10)}, "other recipient"},
		{"more", Rules{}, []Leg{withdrawal("1", day(3), "ann", 11)}, "other amount"},
		{"less", Rules{}, []Leg{withdrawal("1", day(3), "ann", 9)}, "other amount"},
		{"less a fee", Rules{MaxFee: 100_000}, []Leg{withdrawal("1", day(3), "ann", 9)}, "explained"},
		{"less than a fee", Rules{MaxFee: 100_000}, []Leg{withdrawal("1", day(3), "ann", 8)}, "other amount"},
		{"another token", Rules{}, []Leg{other(withdrawal("1", day(3), "ann", 10), func(l *Leg) { l.Token = "0xz" })}, "other token"},
		{"another chain", Rules{}, []Leg{other(withdrawal("1", day(3), "ann", 10), func(l *Leg) { l.Tx.Chain = "bsc" })}, "other chain"},
		{"before its deposit", Rules{}, []Leg{withdrawal("2", day(1), "bob", 20)}, "before deposit"},
		{"before it by the clocks alone", Rules{Skew: 25 * time.Hour}, []Leg{withdrawal("2", day(1), "bob", 20)}, "explained"},
		{"twice", Rules{}, []Leg{withdrawal("1", day(3), "ann", 10), withdrawal("1", day(4), "ann", 10)}, "id paid twice"},
		{"twice, and the false one first", Rules{}, []Leg{withdrawal("1", day(3), "eve", 10), withdrawal("1", day(4), "ann", 10)}, "explained"},
		{"twice, by another", Rules{}, []Leg{withdrawal("1", day(3), "ann", 10), withdrawal("1", day(4), "eve", 10)}, "other recipient, id paid twice"},
		{"missing, and nothing is said to be whole", Rules{Sequential: true}, []Leg{withdrawal("3", day(6), "eve", 1)}, "not covered"},
		{"missing where all is held", Rules{Sequential: true, Covered: whole}, []Leg{withdrawal("3", day(6), "eve", 1)}, "no deposit"},
		{"missing where a part is not held", Rules{Sequential: true, Covered: []Window{{From: day(3), To: day(30)}}}, []Leg{withdrawal("3", day(6), "eve", 1)}, "not covered"},
		{"missing on another chain's coverage", Rules{Sequential: true, Covered: []Window{{Chain: "moon", From: day(1), To: day(30)}}},
			[]Leg{other(withdrawal("3", day(6), "eve", 1), func(l *Leg) { l.Peer = "side" })}, "not covered"},
		{"from a chain that is not held", Rules{Sequential: true, Covered: whole}, []Leg{other(withdrawal("3", day(6), "eve", 1), func(l *Leg) { l.Peer = "moon" })}, "not covered"},
		{"below what is held", Rules{Sequential: true, Covered: whole}, []Leg{withdrawal("0", day(6), "eve", 1)}, "not covered"},
		{"above what is held, later", Rules{Sequential: true, Covered: whole}, []Leg{withdrawal("10", day(12), "eve", 1)}, "not covered"},
		{"never issued", Rules{Sequential: true}, []Leg{withdrawal("2000", day(4), "eve", 1)}, "id not issued"},
		{"not yet issued", Rules{Sequential: true}, []Leg{withdrawal("7", day(4), "eve", 1)}, "id not issued"},
		{"no sequence, held", Rules{Longest: 24 * time.Hour, Covered: whole}, []Leg{withdrawal("0xab", day(6), "eve", 1)}, "no deposit"},
		{"no sequence, its deposit may be older", Rules{Longest: 240 * time.Hour, Covered: whole}, []Leg{withdrawal("0xab", day(6), "eve", 1)}, "not covered"},
		{"no sequence, nothing held", Rules{}, []Leg{withdrawal("0xab", day(6), "eve", 1)}, "not covered"},
		{"no id", Rules{Covered: whole}, []Leg{withdrawal("", day(6), "eve", 1)}, "not covered"},
		{"a number that is none", Rules{Sequential: true, Covered: whole}, []Leg{withdrawal("18446744073709551616", day(6), "eve", 1)}, "not covered"},
		{"no time", Rules{Sequential: true, Covered: whole}, []Leg{other(withdrawal("3", day(6), "eve", 1), func(l *Leg) { l.Time = time.Time{} })}, "not covered"},
	} {
		t.Run(c.name, func(t *testing.T) {
			last := len(c.w) - 1
			a := Audit(deposits, c.w, c.rules)
			if got := outcome(a, last); got != c.want {
				t.Errorf("%s, want %s: %+v", got, c.want, a)
			}
			if n := len(a.Alarms) + a.Explained + len(a.NotCovered); n != len(c.w) {
				t.Errorf("%d of %d withdrawals are told of", n, len(c.w))
			}
			for _, x := range a.Alarms {
				if len(x.Evidence) == 0 || x.Evidence[0].Says == "" {
					t.Errorf("an alarm without evidence: %+v", x)
				}
			}
		})
	}
}

func outcome(a Audited, w int) string {
	if slices.Contains(a.NotCovered, w) {
		return "not covered"
	}
	for _, x := range a.Alarms {
		if x.Withdrawal == w {
			var s []string
			for _, r := range x.Reasons {
				s = append(s, string(r))
			}
			return strings.Join(s, ", ")
		}
	}
	return "explained"
}

// TestAuditProperties: the order of legs is irrelevant, every withdrawal is told of
// once, and of the withdrawals of one id no more are explained than it has deposits.
func TestAuditProperties(t *testing.T) {
	for seed := range uint64(80) {
		r := rand.New(rand.NewPCG(seed, 2))
		var ds, ws []Leg
		for i := range 25 {
			to := fmt.Sprint("p", r.IntN(3))
			d := deposit(fmt.Sprint(i), day(1+i/2), to, uint64(1+r.IntN(3)))
			d.Tx.Hash[5] = byte(i)
			if r.IntN(5) > 0 {
				ds = append(ds, d)
			}
			for range r.IntN(4) {
				w := withdrawal(d.ID, d.Time.Add(time.Duration(r.Int64N(72)-6)*time.Hour), fmt.Sprint("p", r.IntN(3)), uint64(1+r.IntN(3)))
				w.Tx.Hash[5], w.Tx.Hash[6] = byte(i), byte(r.IntN(256))
				ws = append(ws, w)
			}
		}
		rules := Rules{Sequential: r.IntN(2) == 0, Covered: []Window{{From: day(2), To: day(8)}}}
		say := func() (lines []string) {
			a := Audit(ds, ws, rules)
			explained := map[string]int{}
			for w := range ws {
				o := outcome(a, w)
				if o == "explained" {
					explained[ws[w].ID]++
				}
				lines = append(lines, fmt.Sprintf("%s %s %s %s %s", ws[w].Tx, ws[w].ID, ws[w].Recipient, ws[w].Amount, o))
			}
			if len(a.Alarms)+a.Explained+len(a.NotCovered) != len(ws) {
				t.Fatal("a withdrawal is told of twice or not at all")
			}
			for id, n := range explained {
				have := 0
				for _, d := range ds {
					if d.ID == id {
						have++
					}
				}
				if n > have {
					t.Fatalf("seed %d: id %s explains %d withdrawals with %d deposits", seed, id, n, have)
				}
			}
			slices.Sort(lines)
			return lines
		}
		want := say()
		r.Shuffle(len(ds), func(i, j int) { ds[i], ds[j] = ds[j], ds[i] })
		r.Shuffle(len(ws), func(i, j int) { ws[i], ws[j] = ws[j], ws[i] })
		if got := say(); !slices.Equal(got, want) {
			t.Fatalf("seed %d: another order, another audit", seed)
		}
	}
}

// TestAuditValue: what is at stake is in cents, and what has no price is counted.
func TestAuditValue(t *testing.T) {
	rules := Rules{Price: func(_ fundtrail.Chain, token string, _ time.Time) (fundtrail.Amount, int, bool) {
		return fundtrail.NewAmount(2_500_000), 1, token == "0xt" // 2.50 dollars a coin of ten base units
	}}
	odd := withdrawal("1", day(4), "eve", 7)
	odd.Token = "0xz"
	a := Audit([]Leg{deposit("1", day(1), "ann", 10)}, []Leg{withdrawal("1", day(3), "eve", 10), odd}, rules)
	if a.USDCents.String() != "250" || a.Unpriced != 1 || len(a.Alarms) != 2 {
		t.Errorf("%+v", a)
	}
}
