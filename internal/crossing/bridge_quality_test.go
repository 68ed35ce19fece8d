package crossing_test

import (
	"encoding/csv"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/crossing"
)

// The flag may be another test file's too.
func init() {
	if flag.Lookup("update") == nil {
		flag.Bool("update", false, "write the quality files anew")
	}
}

// TestBridgeQuality writes down how good the answers are on real passages whose truth is
// known. A change of it is a change to look at.
func TestBridgeQuality(t *testing.T) {
	needReal(t, "bridge_events")
	needReal(t, "bridge_pairs")
	var b strings.Builder
	sets := []known{nomadOut(t), nomadBack(t), roninBack(t), multichainPolygon(t)}
	b.WriteString("Written by TestBridgeQuality from real passages; doc/methods-bridges.md explains it.\n\n")
	b.WriteString("1. Pairs by id\nset                        deposits withdrawals known pairs  found   right  wrong  precision recall     F1\n")
	for _, k := range sets {
		m := crossing.Pair(k.deposits, k.withdrawals, crossing.PairOptions{IDsOnly: true})
		got := map[int]int{}
		for _, x := range m {
			got[x.Withdrawal] = x.Deposit
		}
		right, wrong := 0, 0
		for w, d := range k.truth {
			if g, ok := got[w]; ok && g == d {
				right++
			} else if ok {
				wrong++
			}
		}
		scoreLine(&b, k.name, len(k.deposits), len(k.withdrawals), len(k.truth), len(m), right, wrong)
		if f1(right, wrong, len(k.truth)) < 0.97 {
			t.Errorf("%s: F1 below 0.97", k.name)
		}
	}
	decoded(t, &b)
	b.WriteString("\n3. Ranked, ids hidden: the held-out half (deposit's hash from 0x80 on)\nset                        withdrawals  first right  Hit@1     at 0.5: linked  right  precision recall     F1\n")
	var bins [10][2]float64
	var sum [10]float64
	for _, k := range sets {
		ranked(t, &b, &k, &bins, &sum)
	}
	b.WriteString("\n4. Are the probabilities true? Held-out half, best candidate of each withdrawal\nstated          mean   pairs   right   share right\n")
	calibration(&b, bins, sum)
	b.WriteString("\n5. The same with every second deposit taken away (an even last byte of its hash)\nset                        withdrawals  absent  linked at 0.5  right  wrong  of them absent  precision recall\n")
	bins, sum = [10][2]float64{}, [10]float64{}
	for _, k := range sets {
		gone(t, &b, &k, &bins, &sum)
	}
	b.WriteString("stated          mean   pairs   right   share right\n")
	calibration(&b, bins, sum)
	unlabelled(t, &b)
	predicted(&b, sets)
	audits(t, &b)
	golden(t, "testdata/bridge-quality.txt", b.String())
}

func golden(t *testing.T, file, got string) {
	if flag.Lookup("update").Value.String() == "true" {
		if err := os.WriteFile(file, []byte(got), 0o666); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Errorf("%s changed; look at the figures, then run with -update (-want +got):\n%s", file, d)
	}
}

func f1(right, wrong, truth int) float64 {
	return 2 * float64(right) / float64(right+wrong+truth)
}

func scoreLine(b *strings.Builder, name string, d, w, truth, found, right, wrong int) {
	fmt.Fprintf(b, "%-26s %8d %11d %11d %6d %7d %6d %10.4f %6.4f %6.4f\n", name, d, w, truth, found, right, wrong,
		float64(right)/float64(max(right+wrong, 1)), float64(right)/float64(truth), f1(right, wrong, truth))
}

// decoded says how what a relayer's call tells agrees with the deposit that it names.
func decoded(t *testing.T, b *strings.Builder) {
	b.WriteString("\n2. Calls of the destination's side, decoded\nset                           calls   read  id is a deposit's  chain  recipient  amount at most  token's one counterpart\n")
	k := multichainPolygon(t)
	var chain, recipient, amounts, tokens int
	counterpart := map[string]string{}
	for _, w := range sortedTruth(k.truth) {
		dl, wl := k.deposits[k.truth[w]], k.withdrawals[w]
		if dl.Tx.Chain == wl.Peer && dl.Peer == wl.Tx.Chain {
			chain++
		}
		if dl.Recipient == wl.Recipient {
			recipient++
		}
		if !dl.Amount.Less(wl.Amount) {
			amounts++
		}
		if c, ok := counterpart[dl.Token]; !ok || c == wl.Token {
			counterpart[dl.Token] = wl.Token
			tokens++
		}
	}
	fmt.Fprintf(b, "%-27s %7d %6d %18d %6d %10d %15d %24d\n", k.name, len(k.withdrawals), len(k.withdrawals), len(k.truth), chain, recipient, amounts, tokens)
	labels := connectorLabels(t, "ETH-BNB/Multi/label.csv.gz")
	legs, unread := connectorCalls(t, "ETH-BNB/Multi/input.csv.gz", fundtrail.BSC)
	named, fromEth := 0, 0
	for _, l := range legs {
		if labels[l.ID] != "" {
			named++
		}
		if l.Peer == fundtrail.Ethereum {
			fromEth++
		}
	}
	fmt.Fprintf(b, "%-27s %7d %6d %18d %6d          -               -                        -\n", "multichain eth to bsc", len(legs)+unread, len(legs), named, fromEth)
	for _, x := range []struct {
		k      known
		unread int
	}{{k: celerPolygon(t)}, {k: polyPolygon(t)}} {
		fromEth := 0
		for _, l := range x.k.withdrawals {
			if l.Peer == fundtrail.Ethereum && l.ID != "" {
				fromEth++
			}
		}
		fmt.Fprintf(b, "%-27s %7d %6d                  - %6d          -               -                        -\n", x.k.name,
			len(rows(t, map[bool]string{true: "ETH-Polygon/Celer/input.csv.gz", false: "ETH-Polygon/Poly/input.csv.gz"}[strings.HasPrefix(x.k.name, "celer")])), len(x.k.withdrawals), fromEth)
	}
}

// ranked pairs with ids hidden and scores the held-out half.
func ranked(t *testing.T, b *strings.Builder, k *known, bins *[10][2]float64, sum *[10]float64) {
	held := k.half(false)
	best := first(k.deposits, k.withdrawals)
	hit, linked, right := 0, 0, 0
	for w, d := range held {
		m, ok := best[w]
		if !ok {
			continue
		}
		good := m.Deposit == d
		bin := min(int(m.Probability*10), 9)
		bins[bin][0]++
		sum[bin] += m.Probability
		if good {
			hit++
			bins[bin][1]++
		}
		if m.Probability >= 0.5 {
			linked++
			if good {
				right++
			}
		}
	}
	n := len(held)
	fmt.Fprintf(b, "%-26s %11d %12d %6.4f %18d %6d %10.4f %6.4f %6.4f\n", k.name, n, hit, float64(hit)/float64(n), linked, right,
		float64(right)/float64(max(linked, 1)), float64(right)/float64(n), f1(right, linked-right, n))
	if float64(hit)/float64(n) < 0.97 {
		t.Errorf("%s: Hit@1 below 0.97", k.name)
	}
}

func first(deposits, withdrawals []crossing.Leg) map[int]crossing.Match {
	best := map[int]crossing.Match{}
	for _, m := range crossing.Pair(deposits, withdrawals, crossing.PairOptions{HideIDs: true, Floor: 1e-9}) {
		best[m.Withdrawal] = m
	}
	return best
}

// gone takes half of the deposits away: what is then linked to another is wrong.
func gone(t *testing.T, b *strings.Builder, k *known, bins *[10][2]float64, sum *[10]float64) {
	var left []crossing.Leg
	at := map[int]int{}
	for d, l := range k.deposits {
		if l.Tx.Hash[31]%2 == 1 {
			at[d] = len(left)
			left = append(left, l)
		}
	}
	held := k.half(false)
	best := first(left, k.withdrawals)
	absent, linked, right, wrongAbsent := 0, 0, 0, 0
	for w, d := range held {
		now, there := at[d]
		if !there {
			absent++
		}
		m, ok := best[w]
		if !ok {
			continue
		}
		good := there && m.Deposit == now
		bin := min(int(m.Probability*10), 9)
		bins[bin][0]++
		sum[bin] += m.Probability
		if good {
			bins[bin][1]++
		}
		if m.Probability < 0.5 {
			continue
		}
		linked++
		switch {
		case good:
			right++
		case !there:
			wrongAbsent++
		}
	}
	fmt.Fprintf(b, "%-26s %11d %7d %14d %6d %6d %15d %10.4f %6.4f\n", k.name, len(held), absent, linked, right, linked-right, wrongAbsent,
		float64(right)/float64(max(linked, 1)), float64(right)/float64(len(held)-absent))
}

func calibration(b *strings.Builder, bins [10][2]float64, sum [10]float64) {
	for i, n := range bins {
		if n[0] > 0 {
			fmt.Fprintf(b, "%.1f to %.1f  %8.3f %7.0f %7.0f %13.3f\n", float64(i)/10, float64(i+1)/10, sum[i]/n[0], n[0], n[1], n[1]/n[0])
		}
	}
}

// unlabelled: of these sets the files do not tell which call answers which deposit.
func unlabelled(t *testing.T, b *strings.Builder) {
	b.WriteString("\n6. Ranked, and no truth in the files: how many are linked\nset                        deposits withdrawals  linked at 0.5  at 0.9  against the order of ids\n")
	for _, k := range []known{celerPolygon(t), polyPolygon(t)} {
		m := crossing.Pair(k.deposits, k.withdrawals, crossing.PairOptions{})
		sure := 0
		type numbered struct {
			number uint64
			at     time.Time
		}
		var order []numbered
		for _, x := range m {
			if x.Probability >= 0.9 {
				sure++
			}
			if _, n, ok := strings.Cut(k.withdrawals[x.Withdrawal].ID, ":0x"); ok {
				v, err := strconv.ParseUint(strings.TrimLeft(n, "0"), 16, 64)
				if err != nil {
					t.Fatal(err)
				}
				order = append(order, numbered{v, k.deposits[x.Deposit].Time})
			}
		}
		slices.SortFunc(order, func(a, b numbered) int { return int(a.number) - int(b.number) })
		against := 0
		for i := 1; i < len(order); i++ {
			if order[i].at.Before(order[i-1].at) {
				against++
			}
		}
		fmt.Fprintf(b, "%-26s %8d %11d %14d %7d %25d\n", k.name, len(k.deposits), len(k.withdrawals), len(m), sure, against)
	}
}

// predicted says of held-out deposits what comes out, with tokens learnt of the tuned half.
func predicted(b *strings.Builder, sets []known) {
	b.WriteString("\n7. Predicted from the deposit alone, held-out half\nset                        deposits  chain  recipient  token known  token right  amount in bounds  in time\n")
	for _, k := range sets {
		var tuned []crossing.Match
		for w, d := range k.half(true) {
			tuned = append(tuned, crossing.Match{Deposit: d, Withdrawal: w})
		}
		opt := crossing.PairOptions{Tokens: crossing.LearnTokens(k.deposits, k.withdrawals, tuned)}
		held := k.half(false)
		var chain, recipient, told, token, bounds, soon int
		for w, d := range held {
			p, l := crossing.Predict(&k.deposits[d], opt), &k.withdrawals[w]
			if p.Chain == l.Tx.Chain {
				chain++
			}
			if p.Recipient == l.Recipient {
				recipient++
			}
			if p.TokenKnown {
				told++
				if p.Token == l.Token {
					token++
				}
			}
			if !l.Amount.Less(p.Least) && !p.Most.Less(l.Amount) {
				bounds++
			}
			if l.Time.IsZero() || !l.Time.After(p.By) {
				soon++
			}
		}
		fmt.Fprintf(b, "%-26s %8d %6d %10d %12d %12d %17d %8d\n", k.name, len(held), chain, recipient, told, token, bounds, soon)
	}
}

// nomadRules: deposits on Moonbeam are held from the bridge's first day to the last
// deposit in the data.
func nomadRules(t testing.TB) crossing.Rules {
	rules, ok := crossing.DefaultRules("nomad")
	if !ok {
		t.Fatal("nomad is not known")
	}
	rules.Price = dayPrices(t, "nomad", nomadCoins)
	rules.Covered = []crossing.Window{{Chain: "moonbeam", From: time.Date(2022, 1, 11, 0, 0, 0, 0, time.UTC), To: time.Date(2022, 9, 8, 0, 0, 0, 0, time.UTC), Source: "XChainWatcher"}}
	return rules
}

func roninRules(t testing.TB) crossing.Rules {
	rules, ok := crossing.DefaultRules("ronin-bridge")
	if !ok {
		t.Fatal("ronin-bridge is not known")
	}
	rules.Price = dayPrices(t, "ronin", roninCoins)
	return rules
}

const (
	attackFrom = 1659389000 // 2022-08-01 21:23:20 UTC, before the first forged message
	attackTo   = 1659400000
)

func audits(t *testing.T, b *strings.Builder) {
	b.WriteString("\n8. bridge audit\n")
	k := nomadBack(t)
	attack := map[int]bool{}
	for _, l := range bridgeEvents(t, "nomad", "SC_WithdrawalsWithoutMatch.csv").Withdrawals {
		for w, x := range k.withdrawals {
			if x.Tx == l.Tx && x.ID == l.ID && x.Recipient == l.Recipient && x.Token == l.Token && x.Amount == l.Amount && l.Time.Unix() >= attackFrom && l.Time.Unix() < attackTo {
				attack[w] = true
			}
		}
	}
	a := crossing.Audit(k.deposits, k.withdrawals, nomadRules(t))
	flagged, false_ := 0, 0
	for _, x := range a.Alarms {
		if attack[x.Withdrawal] {
			flagged++
		} else {
			false_++
		}
	}
	honest := len(k.withdrawals) - len(attack)
	fmt.Fprintf(b, "nomad: %d withdrawals; %d of %d of the attack flagged; %d of %d others flagged (%.2f %%); %d not covered; at stake %s\n",
		len(k.withdrawals), flagged, len(attack), false_, honest, 100*float64(false_)/float64(honest), len(a.NotCovered), dollars(a.USDCents))
	reasons(b, &a)
	if flagged != 382 || len(attack) != 382 || false_*100 > honest {
		t.Errorf("nomad: %d of %d flagged, %d false", flagged, len(attack), false_)
	}
	r := roninBack(t)
	a = crossing.Audit(r.deposits, r.withdrawals, roninRules(t))
	thefts := 0
	for _, x := range a.Alarms {
		if x.Leg.Tx.String() == "0xc28fad5e8d5e0ce6a2eaf67b6687be5d58113e16be590824d6cfa1a94467d0b7" || x.Leg.Tx.String() == "0xed2c72ef1a552ddaec6dd1f5cddf0b59a8f37f82bdda5257d9c7c37db7bb9b08" {
			thefts++
		}
	}
	fmt.Fprintf(b, "ronin: %d withdrawals; %d of 2 thefts flagged; %d others flagged; %d explained; %d not covered; at stake %s\n",
		len(r.withdrawals), thefts, len(a.Alarms)-thefts, a.Explained, len(a.NotCovered), dollars(a.USDCents))
	reasons(b, &a)
	if thefts != 2 || len(a.Alarms) != 2 {
		t.Errorf("ronin: %d thefts in %d alarms", thefts, len(a.Alarms))
	}
}

func reasons(b *strings.Builder, a *crossing.Audited) {
	count := map[string]int{}
	for _, x := range a.Alarms {
		var s []string
		for _, r := range x.Reasons {
			s = append(s, string(r))
		}
		count[strings.Join(s, ", ")]++
	}
	var keys []string
	for k := range count {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	for _, k := range keys {
		fmt.Fprintf(b, "  %4d  %s\n", count[k], k)
	}
}

func dollars(cents fundtrail.Amount) string { return cents.Decimal(2) + " USD" }

// A coin is what prices are looked up by.
type coin struct {
	file     string
	decimals int
}

var nomadCoins = map[string]coin{
	"0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48": {"usdc", 6},
	"0xdac17f958d2ee523a2206206994597c13d831ec7": {"tether-usdt", 6},
	"0x6b175474e89094c44da98b954eedeac495271d0f": {"dai", 18},
	"0xc02aaa39b223fe8d0a0e5c4f27ead9083c756cc2": {"weth", 18},
	"0x2260fac5e5542a773aa44fbcfedf7c193bc2c599": {"wrapped-bitcoin", 8},
	"0x853d955acef822db058eb8505911ed77f175b99e": {"frax", 18},
	"0x3432b6a60d23ca0dfca7761b7ab56459d9c964d0": {"frax-share", 18},
	"0xd417144312dbf50465b1c641d016962017ef6240": {"covalent", 18},
	"0x40eb746dee876ac1e78697b7ca85142d178a1fc8": {"iagon", 18},
}

var roninCoins = map[string]coin{
	"0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48": {"usdc", 6},
	"0xc02aaa39b223fe8d0a0e5c4f27ead9083c756cc2": {"weth", 18},
}

func dayPrices(t testing.TB, bridge string, coins map[string]coin) func(fundtrail.Chain, string, time.Time) (fundtrail.Amount, int, bool) {
	micros := map[string]fundtrail.Amount{}
	for token, c := range coins {
		f, err := os.Open(needReal(t, filepath.Join("bridge_events/token-price-data", bridge+"-bridge/data", c.file+"_historical_data.csv")))
		if err != nil {
			t.Fatal(err)
		}
		all, err := csv.NewReader(f).ReadAll()
		f.Close()
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range all[1:] {
			v, err := strconv.ParseFloat(row[1], 64)
			if err != nil {
				t.Fatal(err)
			}
			micros[token+row[2]] = fundtrail.NewAmount(uint64(v*1e6 + 0.5))
		}
	}
	return func(_ fundtrail.Chain, token string, at time.Time) (fundtrail.Amount, int, bool) {
		m, ok := micros[token+at.UTC().Format("2006-01-02")]
		return m, coins[token].decimals, ok
	}
}

// TestDefaultOdds holds the counts in the code to the tuned half.
func TestDefaultOdds(t *testing.T) {
	needReal(t, "bridge_events")
	needReal(t, "bridge_pairs")
	sum := crossing.Odds{Absent: crossing.DefaultOdds.Absent}
	for _, k := range []known{nomadOut(t), nomadBack(t), roninBack(t), multichainPolygon(t)} {
		o := crossing.Learn(k.deposits, k.withdrawals, k.half(true), crossing.PairOptions{})
		for i := range o.TrueLoss {
			sum.TrueLoss[i] += o.TrueLoss[i]
			sum.OtherLoss[i] += o.OtherLoss[i]
		}
		for i := range o.TrueWait {
			sum.TrueWait[i] += o.TrueWait[i]
			sum.OtherWait[i] += o.OtherWait[i]
		}
	}
	if d := cmp.Diff(sum, crossing.DefaultOdds); d != "" {
		t.Errorf("the odds of the tuned half (-counted +in the code):\n%s", d)
	}
}
