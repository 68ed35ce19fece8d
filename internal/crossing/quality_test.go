package crossing_test

import (
	"compress/gzip"
	"encoding/csv"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/crossing"
)

var update = flag.Bool("update", false, "rewrite testdata/quality.txt")

// TestQuality scores the methods on all that is known of the real data, and holds
// testdata/quality.txt to what it finds.
func TestQuality(t *testing.T) {
	if testing.Short() {
		t.Skip("it reads every pool and fits twice")
	}
	r := theRonin(t)
	var out strings.Builder
	out.WriteString("Mixers: how often a link is right. Written by TestQuality in internal/crossing; a change is a\nchange of the answers.\n")
	writePools(t, &out)
	writeDemix(t, &out, r)
	writeDemixNull(t, &out, r)
	writeLinks(t, &out, r)
	file := filepath.Join("testdata", "quality.txt")
	if *update {
		if err := os.WriteFile(file, []byte(out.String()), 0o666); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil || string(want) != out.String() {
		t.Errorf("%s differs (%v); run with -update and read the diff. Now:\n%s", file, err, out.String())
	}
}

// writePools gives the account of every pool of every chain.
func writePools(t *testing.T, out *strings.Builder) {
	ev := readPools(t, "tornado_events/*.zip", "tornado_events_other_chains/ethereum/*", "tornado_events_other_chains/polygon/*",
		"tornado_events_other_chains/avalanche/*", "tornado_events_other_chains/gnosischain/*", "tornado_events_other_chains/optimism/*", "tornado_events_other_chains/arbitrum/*")
	fmt.Fprintf(out, "\nPools (tornado_events, tornado_events_other_chains): events, notes left, leaves missing, most overdrawn\n")
	total := [2]int{}
	for _, p := range makePools(t, ev, nil) {
		b := p.Now()
		if b.Deposits == 0 {
			continue
		}
		total[0] += b.Deposits
		total[1] += b.Withdrawals
		fmt.Fprintf(out, "  %-24s %6d in  %6d out  %6d left  %4d missing  %4d overdrawn  %6d recipients\n",
			p.Name, b.Deposits, b.Withdrawals, b.Unspent, p.Missing, p.Overdrawn, b.Recipients)
		if in, _ := b.Out.Add(b.Held); p.Overdrawn == 0 && in != b.In {
			t.Errorf("%s: in %s, out and held %s", p.Name, b.In, in)
		}
	}
	fmt.Fprintf(out, "  all: %d deposits, %d withdrawals\n", total[0], total[1])
}

func writeDemix(t *testing.T, out *strings.Builder, r *ronin) {
	list, err := crossing.Demix(r.pools, r.hundred, r.batches)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(out, "\nRonin's batches 1-30, %s (truth: an expert's attribution; odd batches tuned, even ones held out)\n", crossing.BatchMethod)
	line := func(name string, list []crossing.Recipient, use func(int) bool) {
		people, notes := r.score(list, use)
		fmt.Fprintf(out, "  %-34s recipients %v\n  %-34s value      %v\n", name, people, "", notes)
	}
	line("held out (even)", list, isHeld)
	line("tuned (odd)", list, isTuned)
	other, err := crossing.DemixWith(r.pools, r.hundred, r.batches, fit(t, r, isHeld))
	if err != nil {
		t.Fatal(err)
	}
	line("the other way: even tuned, odd held", other, isTuned)
	people, notes := r.score(list, isHeld)
	if people.f1() < 0.88 || ratio(notes.right, notes.truth) < 0.80 {
		t.Errorf("held out: recipients F1 %.3f, value %.3f; want 0.88 and 0.80", people.f1(), ratio(notes.right, notes.truth))
	}
	for k := 2; k <= 4; k++ {
		line(fmt.Sprintf("naive, %d within 48 h: held out", k), r.naive(k), isHeld)
	}
	fmt.Fprintf(out, "  recipients alone, whichever the batch (batches 1-30)\n")
	fmt.Fprintf(out, "    %-24s %v\n", crossing.BatchMethod, r.anyBatch(list))
	for k := 2; k <= 4; k++ {
		fmt.Fprintf(out, "    %-24s %v\n", fmt.Sprintf("naive, %d within 48 h", k), r.anyBatch(r.naive(k)))
	}
	fmt.Fprintf(out, "\n  reliability on the held-out batches: posterior, recipients, part right, their mean posterior\n")
	var all []judged
	for _, x := range list {
		if isHeld(x.Batch) {
			_, ok := r.truth[x.Batch][x.To]
			all = append(all, judged{x.Probability, ok})
		}
	}
	writeReliability(out, all)
	all = nil
	for _, x := range other {
		if isTuned(x.Batch) {
			_, ok := r.truth[x.Batch][x.To]
			all = append(all, judged{x.Probability, ok})
		}
	}
	fmt.Fprintf(out, "  the same the other way: odd batches by weights of the even ones\n")
	writeReliability(out, all)
	fmt.Fprintf(out, "\n  by batch: notes in; recipients and notes assigned; notes expected; part with fees of whole 0.0001 ETH\n")
	pool := r.pools[r.hundred]
	for b := range r.batches {
		n, k, coarse, sum := 0, 0, 0, 0.0
		for _, x := range list {
			if x.Batch != b {
				continue
			}
			sum += x.Probability * float64(len(x.Withdrawals))
			if !x.Assigned {
				continue
			}
			n++
			k += len(x.Withdrawals)
			for _, w := range x.Withdrawals {
				fee := pool.Withdrawals[w].Fee
				q, _ := fee.MulDiv(fundtrail.NewAmount(1), fundtrail.NewAmount(1e14))
				if back, _ := q.Mul(fundtrail.NewAmount(1e14)); !fee.IsZero() && back == fee {
					coarse++
				}
			}
		}
		if k > len(r.batches[b].Deposits) {
			t.Errorf("batch %d: %d notes assigned of %d", b+1, k, len(r.batches[b].Deposits))
		}
		fmt.Fprintf(out, "  %2d  %3d in  %2d recipients  %3d notes  %5.1f expected  %.2f coarse\n", b+1, len(r.batches[b].Deposits), n, k, sum, ratio(coarse, k))
	}
}

// anyBatch scores recipients of the known batches without regard to which batch.
func (r *ronin) anyBatch(list []crossing.Recipient) (s score) {
	truth, found := map[crossing.Account]bool{}, map[crossing.Account]bool{}
	for b := range r.truth {
		for to := range r.truth[b] {
			truth[to] = true
		}
	}
	for _, x := range list {
		if x.Assigned && isKnown(x.Batch) && !found[x.To] {
			found[x.To] = true
			if truth[x.To] {
				s.right++
			}
		}
	}
	s.found, s.truth = len(found), len(truth)
	return s
}

// naive claims every recipient with at least k withdrawals from a batch's first deposit
// to 48 hours after its last.
func (r *ronin) naive(k int) (list []crossing.Recipient) {
	p := r.pools[r.hundred]
	for b, batch := range r.batches {
		d := batch.Deposits
		lo, hi := p.Deposits[d[0]].Time, p.Deposits[d[len(d)-1]].Time+48*3600
		took := map[crossing.Account][]int{}
		var order []crossing.Account
		for i, w := range p.Withdrawals {
			if w.Time >= lo && w.Time <= hi {
				if took[w.To] == nil {
					order = append(order, w.To)
				}
				took[w.To] = append(took[w.To], i)
			}
		}
		for _, to := range order {
			if len(took[to]) >= k {
				list = append(list, crossing.Recipient{Batch: b, To: to, Withdrawals: took[to], Assigned: true})
			}
		}
	}
	return list
}

type judged struct {
	p     float64
	right bool
}

func writeReliability(out *strings.Builder, all []judged) {
	for d := range 10 {
		n, right, sum := 0, 0, 0.0
		for _, x := range all {
			if x.p > 0.001 && min(9, int(x.p*10)) == d {
				n++
				sum += x.p
				if x.right {
					right++
				}
			}
		}
		if n > 0 {
			fmt.Fprintf(out, "    %.1f-%.1f  %4d  %.2f right  %.2f said\n", float64(d)/10, float64(d+1)/10, n, ratio(right, n), sum/float64(n))
		}
	}
}

// writeDemixNull gives what is claimed for batches that nobody in particular made, and
// of withdrawals that were dealt out anew.
func writeDemixNull(t *testing.T, out *strings.Builder, r *ronin) {
	fmt.Fprintf(out, "\n  by chance alone: recipients and notes assigned, notes expected, of all notes of the 48 batches\n")
	claim := func(name string, pools []*crossing.Pool, batches []crossing.Batch) float64 {
		list, err := crossing.Demix(pools, r.hundred, batches)
		if err != nil {
			t.Fatal(err)
		}
		all, n, k, sum := 0, 0, 0, 0.0
		for _, b := range batches {
			all += len(b.Deposits)
		}
		for _, x := range list {
			sum += x.Probability * float64(len(x.Withdrawals))
			if x.Assigned {
				n++
				k += len(x.Withdrawals)
			}
		}
		fmt.Fprintf(out, "    %-32s %4d recipients  %4d notes  %6.1f expected  of %d: %.3f\n", name, n, k, sum, all, ratio(k, all))
		return ratio(k, all)
	}
	claim("as it was", r.pools, r.batches)
	mean := 0.0
	shifts := []int64{-600, -500, -420, -360, -300, -240, -180, -120}
	for _, days := range shifts {
		mean += claim(fmt.Sprintf("batches moved by %d days", days), r.pools, crossing.Moved(r.pools[r.hundred], r.batches, days*86400)) / float64(len(shifts))
	}
	fmt.Fprintf(out, "    moved, mean: %.3f of the notes are claimed by chance\n", mean)
	mean = 0
	for seed := range uint64(5) {
		pools := slices.Clone(r.pools)
		pools[r.hundred] = pools[r.hundred].Shuffled(seed, 30*86400)
		mean += claim(fmt.Sprintf("withdrawals shuffled, seed %d", seed), pools, r.batches) / 5
	}
	fmt.Fprintf(out, "    shuffled, mean: %.3f\n", mean)
}

// A pairOf is a depositor and a recipient in one pool.
type pairOf struct {
	pool     string
	from, to crossing.Account
}

func pairsOf(pools []*crossing.Pool, links []crossing.Link) map[pairOf]bool {
	pairs := map[pairOf]bool{}
	for _, l := range links {
		p := pools[l.Pool]
		pairs[pairOf{p.Name.Unit, l.Depositor, p.Withdrawals[l.Withdrawal].To}] = true
	}
	return pairs
}

func writeLinks(t *testing.T, out *strings.Builder, r *ronin) {
	payments, signers := readPayments(t)
	pools := make([]*crossing.Pool, len(r.pools))
	sign := func(p *crossing.Pool) {
		for i := range p.Withdrawals {
			w := &p.Withdrawals[i]
			s := signers[w.Tx]
			w.Sender, w.GasPrice = s.who, s.price
		}
		for i := range p.Deposits {
			d := &p.Deposits[i]
			d.GasPrice = signers[d.Tx].price
		}
	}
	for i, p := range r.pools {
		q := *p
		q.Withdrawals, q.Deposits = slices.Clone(p.Withdrawals), slices.Clone(p.Deposits)
		sign(&q)
		pools[i] = &q
	}
	methods := []struct {
		name fundtrail.Method
		run  func([]*crossing.Pool) []crossing.Link
	}{
		{crossing.SameAddressMethod, crossing.SameAddress},
		{crossing.GasMethod, func(p []*crossing.Pool) []crossing.Link { return crossing.GasPaid(p, 20) }},
		{crossing.TransferMethod, func(p []*crossing.Pool) []crossing.Link { return crossing.Transfers(p, payments, 500) }},
		{crossing.GasPriceMethod, crossing.GasPrice},
		{crossing.PortfolioMethod, crossing.Portfolio},
	}
	fmt.Fprintf(out, "\nLinks in Ethereum's ETH pools. Senders are known of a part of the deposits; signers, gas prices and\npayments of the accounts of ethereum_txlists. By chance: links in withdrawals shuffled within pool and\n30 days (mean of 20 seeds), and how many of the real links came up again\n")
	found := map[fundtrail.Method]map[pairOf]bool{}
	var all []crossing.Link
	for _, m := range methods {
		links := m.run(pools)
		all = append(all, links...)
		found[m.name] = pairsOf(pools, links)
		real := map[[3]string]bool{}
		key := func(l crossing.Link, to crossing.Account) [3]string {
			return [3]string{fmt.Sprint(l.Pool, " ", l.Withdrawal), string(l.Depositor[:]), string(to[:])}
		}
		for _, l := range links {
			real[key(l, pools[l.Pool].Withdrawals[l.Withdrawal].To)] = true
		}
		const seeds = 20
		n, again := 0, 0
		for seed := range uint64(seeds) {
			shuffled := make([]*crossing.Pool, len(pools))
			for i, p := range pools {
				shuffled[i] = p.Shuffled(seed*100+uint64(i), 30*86400)
			}
			got := m.run(shuffled)
			n += len(got)
			for _, l := range got {
				if real[key(l, shuffled[l.Pool].Withdrawals[l.Withdrawal].To)] {
					again++
				}
			}
		}
		fmt.Fprintf(out, "  %-24s %5d links  %4d pairs  by chance %7.1f  again %6.1f (%.3f)\n", m.name, len(links), len(found[m.name]),
			float64(n)/seeds, float64(again)/seeds, float64(again)/seeds/math.Max(1, float64(len(links))))
	}
	list, err := crossing.Demix(r.pools, r.hundred, r.batches)
	if err != nil {
		t.Fatal(err)
	}
	batch := crossing.BatchLinks(pools, r.hundred, r.batches, list, 0.5)
	found[crossing.BatchMethod] = pairsOf(pools, batch)
	all = append(all, crossing.BatchLinks(pools, r.hundred, r.batches, list, 0.01)...)
	writeClues(t, out, r, pools, found)
	writePosterior(out, r, pools, crossing.Combine(all))
}

type signer struct {
	who   crossing.Account
	price uint64
}

// readPayments reads who paid whom, and who signed what, from ethereum_txlists.
func readPayments(t *testing.T) ([]crossing.Payment, map[fundtrail.Hash]signer) {
	z, err := gzip.NewReader(realFile(t, "ethereum_txlists/transactions.csv.gz"))
	if err != nil {
		t.Fatal(err)
	}
	rows := csv.NewReader(z)
	rows.ReuseRecord = true
	head, err := rows.Read()
	if err != nil {
		t.Fatal(err)
	}
	at := map[string]int{}
	for i, name := range head {
		at[name] = i
	}
	var list []crossing.Payment
	signers := map[fundtrail.Hash]signer{}
	for {
		row, err := rows.Read()
		if err == io.EOF {
			return list, signers
		}
		if err != nil {
			t.Fatal(err)
		}
		from, err := fundtrail.ParseAddress(fundtrail.Ethereum, row[at["from"]])
		if err != nil {
			continue
		}
		h, err := fundtrail.ParseHash(row[at["hash"]])
		if err != nil {
			t.Fatal(err)
		}
		s := signer{who: crossing.Account(from.Payload())}
		fmt.Sscan(row[at["gasPrice"]], &s.price)
		signers[h] = s
		to, err := fundtrail.ParseAddress(fundtrail.Ethereum, row[at["to"]])
		if err == nil && row[at["value"]] != "0" && row[at["isError"]] == "0" {
			list = append(list, crossing.Payment{From: s.who, To: crossing.Account(to.Payload())})
		}
	}
}

// writeClues compares with the pairs that another work lists.
func writeClues(t *testing.T, out *strings.Builder, r *ronin, pools []*crossing.Pool, found map[fundtrail.Method]map[pairOf]bool) {
	z, err := gzip.NewReader(realFile(t, "tornado_linkage/clues.csv.gz"))
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(z).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	col := func(name string) int { return slices.Index(rows[0], name) }
	paid, took := map[pairOf]int{}, map[pairOf]int{} // first deposit, last withdrawal + 1
	for _, p := range pools {
		for i, d := range p.Deposits {
			if k := (pairOf{pool: p.Name.Unit, from: d.Sender}); !d.Sender.IsZero() {
				if _, ok := paid[k]; !ok {
					paid[k] = i
				}
			}
		}
		for i, w := range p.Withdrawals {
			took[pairOf{pool: p.Name.Unit, to: w.To}] = p.Before(i)
		}
	}
	shared := map[pairOf]bool{}
	for _, x := range crossing.SharedAccounts(pools) {
		shared[pairOf{pools[x.Pool].Name.Unit, x.Account, x.Account}] = true
	}
	sharedHits := map[string]int{}
	types := []string{"dl_1", "dl_2", "gf_1", "gf_2", "ti_1", "ti_2"}
	type tally struct{ pairs, both, order int }
	sums := map[string]*tally{}
	hits := map[string]map[fundtrail.Method]int{}
	for _, row := range rows[1:] {
		kind := row[col("clue_type")]
		if sums[kind] == nil {
			sums[kind], hits[kind] = &tally{}, map[fundtrail.Method]int{}
		}
		unit := strings.ReplaceAll(strings.TrimSuffix(row[col("pool_name")], "ETH"), "_", ".")
		k := pairOf{unit, account(t, row[col("deposit_address")]), account(t, row[col("withdraw_address")])}
		sums[kind].pairs++
		first, known := paid[pairOf{pool: unit, from: k.from}]
		before, seen := took[pairOf{pool: unit, to: k.to}]
		if !known || !seen {
			continue
		}
		sums[kind].both++
		if shared[k] {
			sharedHits[kind]++
		}
		if first >= before {
			continue
		}
		sums[kind].order++
		for m, pairs := range found {
			if pairs[k] {
				hits[kind][m]++
			}
		}
	}
	fmt.Fprintf(out, "\nPairs of tornado_linkage (dl_1 certain, dl_2 near certain, the others another method's opinion): listed;\nwith a known sender and a recipient in the events; of those with a withdrawal after a\nknown deposit. Then found: by the address on both sides, and by methods that link withdrawals\n")
	for _, kind := range types {
		s := sums[kind]
		fmt.Fprintf(out, "  %s  %4d  %4d  %4d   both-sides %d", kind, s.pairs, s.both, s.order, sharedHits[kind])
		for _, m := range []fundtrail.Method{crossing.SameAddressMethod, crossing.GasMethod, crossing.TransferMethod, crossing.GasPriceMethod, crossing.PortfolioMethod, crossing.BatchMethod} {
			fmt.Fprintf(out, "  %s %d", strings.TrimSuffix(strings.TrimPrefix(string(m), "tornado-"), "/1"), hits[kind][m])
		}
		out.WriteString("\n")
	}
	if got := sharedHits["dl_1"]; got != sums["dl_1"].both || got == 0 {
		t.Errorf("dl_1: %d pairs on both sides of %d", got, sums["dl_1"].both)
	}
	if got := hits["dl_1"][crossing.SameAddressMethod]; got != sums["dl_1"].order || got == 0 {
		t.Errorf("dl_1: %d pairs found of %d", got, sums["dl_1"].order)
	}
}

// writePosterior gives the reliability of all methods together on what is known: the
// held-out batches of Ronin, and dl_1, which is true by what it means.
func writePosterior(out *strings.Builder, r *ronin, pools []*crossing.Pool, links []crossing.Link) {
	var all []judged
	columns := map[fundtrail.Certainty]*score{fundtrail.Certain: {}, fundtrail.Probable: {}, fundtrail.Possible: {}}
	for _, l := range links {
		to := pools[l.Pool].Withdrawals[l.Withdrawal].To
		j := judged{p: l.Probability}
		switch {
		case l.Batch >= 0 && isHeld(l.Batch):
			_, j.right = r.truth[l.Batch][to]
		case l.Batch < 0 && l.Depositor == to:
			j.right = true
		default:
			continue
		}
		all = append(all, j)
		if s := columns[crossing.CertaintyOf(l.Probability)]; s != nil {
			s.found++
			if j.right {
				s.right++
			}
		}
	}
	fmt.Fprintf(out, "\nThe posterior of all methods, by withdrawal, where the truth is known (held-out batches, same address)\n")
	writeReliability(out, all)
	for _, c := range []fundtrail.Certainty{fundtrail.Certain, fundtrail.Probable, fundtrail.Possible} {
		s := columns[c]
		fmt.Fprintf(out, "  %-9s %5d links, %.3f right\n", c, s.found, ratio(s.right, s.found))
	}
}
