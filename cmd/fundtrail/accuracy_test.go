package main

import (
	"archive/zip"
	"context"
	"encoding/csv"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/data"
	"github.com/fundtrail/fundtrail/internal/ingest"
	"github.com/fundtrail/fundtrail/internal/ledger"
	"github.com/fundtrail/fundtrail/internal/trace"
)

var update = flag.Bool("update", false, "rewrite golden files and data/accuracy.txt")

// shared returns the path of a file of the real data, and skips the test without it.
func shared(t testing.TB, name string) string {
	t.Helper()
	p := filepath.Join("..", "..", "..", "shared", "data", name)
	if _, err := os.Stat(p); err != nil {
		t.Skipf("real data is not here: %v", err)
	}
	return p
}

// TestAccuracy scores the trace on every data set with known answers, and holds
// data/accuracy.txt to what it finds.
func TestAccuracy(t *testing.T) {
	var out strings.Builder
	out.WriteString(`How often the trace is right, and below how often screening is. Written by TestAccuracy
in cmd/fundtrail; a change is a change of the answers. The truth is other people's: see each data set. Precision,
recall and F1 in per cent; found/true counts behind them.

"breadth-first" follows every payment above the same dust floor whenever it was made;
"haircut, no time" spreads taint pro rata over all that an address ever paid. Both
start and stop where the trace does.
`)
	scoreTxlists(t, &out)
	scoreHeist(t, &out, "HB", "Harmony Bridge")
	scoreHeist(t, &out, "Atomic", "Atomic Wallet")
	for _, part := range []string{
		"internal/names/testdata/quality.txt", "internal/crossing/testdata/quality.txt", "internal/crossing/testdata/bridge-quality.txt",
		"internal/crossing/testdata/swap-quality.txt", "internal/crossing/testdata/coinjoin-quality.txt", "internal/crossing/testdata/payout-quality.txt",
		"internal/crossing/testdata/coinjoin-trace-quality.txt",
	} { // each held to by a test of its own
		text, err := os.ReadFile(filepath.Join("..", "..", filepath.FromSlash(part)))
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&out, "\n%s\n%s", strings.Repeat("-", 78), text)
	}
	file := filepath.Join("..", "..", "data", "accuracy.txt")
	if *update {
		if err := os.WriteFile(file, []byte(out.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil || string(want) != out.String() {
		t.Errorf("data/accuracy.txt differs (%v); run with -update and read the diff. Now:\n%s", err, out.String())
	}
}

// score prints precision, recall and F1 of what was found against what is true.
func score[K comparable](out io.Writer, what string, found, truth map[K]bool) {
	hit := 0
	for k := range found {
		if truth[k] {
			hit++
		}
	}
	percent := func(n, of int) float64 {
		if of == 0 {
			return 0
		}
		return 100 * float64(n) / float64(of)
	}
	p, r := percent(hit, len(found)), percent(hit, len(truth))
	f1 := 0.0
	if p+r > 0 {
		f1 = 2 * p * r / (p + r)
	}
	fmt.Fprintf(out, "  %-46s P %5.1f  R %5.1f  F1 %5.1f  (%d right of %d found, %d true)\n", what, p, r, f1, hit, len(found), len(truth))
}

func readTable(t *testing.T, name string) []map[string]string {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var out []map[string]string
	for _, r := range rows[1:] {
		m := map[string]string{}
		for i, h := range rows[0] {
			m[h] = r[i]
		}
		out = append(out, m)
	}
	return out
}

func readLines(t *testing.T, name string) []string {
	t.Helper()
	raw, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Fields(string(raw))
}

// importLedger reads ledger files as the program does.
func importLedger(t testing.TB, names ...string) *ledger.Memory {
	t.Helper()
	var list []ingest.Input
	for _, n := range names {
		list = append(list, ingest.File(n))
	}
	b := ledger.NewBuilder()
	if _, err := ingest.Files(context.Background(), b, list, ingest.Options{}); err != nil {
		t.Fatal(err)
	}
	l, err := b.Seal()
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// traceOf traces as the program does, from a day on when since is set.
func traceOf(t testing.TB, s *subject, l fundtrail.Ledger, claimed claims, since time.Time) *fundtrail.Trace {
	t.Helper()
	tr, err := trace.Run(t.Context(), trace.Input{
		Subject: strings.Join(s.words, " "), Ledger: l, Thefts: s.thefts, Actor: s.actor, Pool: data.PoolOf,
		Tags: func(a fundtrail.Address) []fundtrail.Tag { return claimed[a] },
	}, trace.Options{Since: since})
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

// found are the hops that FIFO sends value above the dust floor by; with any set, those
// that some lossless policy does.
func found(tr *fundtrail.Trace, any bool) []*fundtrail.Hop {
	dust := map[fundtrail.Asset]fundtrail.Amount{}
	for _, s := range tr.Stolen {
		dust[s.Asset] = s.Dust
	}
	var out []*fundtrail.Hop
	for i := range tr.Hops {
		h := &tr.Hops[i]
		tainted := h.Taint[fundtrail.FIFO]
		if any {
			tainted = h.Taint.Most()
		}
		if h.Kind != fundtrail.HopFee && h.Kind != fundtrail.HopDust && !tainted.IsZero() && !tainted.Less(dust[h.Asset]) {
			out = append(out, h)
		}
	}
	return out
}

// stopper says where the baselines stop: where the claims or the number of
// counterparties stop the trace.
func stopper(l fundtrail.Ledger, claimed claims) func(fundtrail.AddressID) bool {
	known := map[fundtrail.AddressID]bool{}
	return func(a fundtrail.AddressID) bool {
		if v, ok := known[a]; ok {
			return v
		}
		stop := false
		for _, tag := range claimed[l.Address(a)] {
			stop = stop || tag.Confidence >= 30 && trace.EndKindOf(tag.Category) != ""
		}
		if !stop && l.MoveCount(a) > 500 {
			others := map[fundtrail.AddressID]bool{}
			var m fundtrail.Movement
			for _, p := range l.Moves(a, 0, false, make([]fundtrail.Position, 0, l.MoveCount(a))) {
				l.Movement(p, &m)
				others[m.From], others[m.To] = true, true
			}
			stop = len(others) > 501
		}
		known[a] = stop
		return stop
	}
}

func scoreTxlists(t *testing.T, out io.Writer) {
	l := importLedger(t, shared(t, "ethereum_txlists/transactions.csv.gz"))
	pool := poolDeposits(t)
	scoreRonin(t, out, l, pool)
	scoreKuCoin(t, out, l, pool)
}

// poolDeposits are the transactions that paid into the 100 ETH pool, from its events.
func poolDeposits(t *testing.T) map[fundtrail.Hash]bool {
	z, err := zip.OpenReader(shared(t, "tornado_events/deposits_eth_100.json.zip"))
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	f, err := z.File[0].Open()
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var events []struct{ TransactionHash string }
	if err := json.NewDecoder(f).Decode(&events); err != nil {
		t.Fatal(err)
	}
	out := map[fundtrail.Hash]bool{}
	for _, e := range events {
		h, err := fundtrail.ParseHash(e.TransactionHash)
		if err != nil {
			t.Fatal(err)
		}
		out[h] = true
	}
	return out
}

func eth(t testing.TB, s string) fundtrail.Address {
	t.Helper()
	a, err := fundtrail.ParseAddress(fundtrail.Ethereum, s)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// byValue prints which part of the tainted value at the mixer came by true deposits.
func byValue(out io.Writer, tr *fundtrail.Trace, truth map[fundtrail.Hash]bool) {
	var right, all fundtrail.Amount
	for i := range tr.Hops {
		h := &tr.Hops[i]
		if h.End < 0 || tr.Ends[h.End].Kind != fundtrail.EndMixer {
			continue
		}
		all, _ = all.Add(h.Taint[fundtrail.FIFO])
		if truth[h.Record.Transfer.Tx.Hash] {
			right, _ = right.Add(h.Taint[fundtrail.FIFO])
		}
	}
	fmt.Fprintf(out, "  by value: %.3f %% of what fifo brings to the mixer came by true deposits\n", 100*float(right)/float(all))
}

// mixerHops are the found payments into Tornado Cash.
func mixerHops(tr *fundtrail.Trace) (payments map[fundtrail.Hash]bool, payers map[fundtrail.Address]bool, value fundtrail.Amount) {
	payments, payers = map[fundtrail.Hash]bool{}, map[fundtrail.Address]bool{}
	for _, h := range found(tr, false) {
		if h.End >= 0 && tr.Ends[h.End].Kind == fundtrail.EndMixer {
			payments[h.Record.Transfer.Tx.Hash], payers[h.From] = true, true
			value, _ = value.Add(h.Amount)
		}
	}
	return payments, payers, value
}

func scoreRonin(t *testing.T, out io.Writer, l *ledger.Memory, pool map[fundtrail.Hash]bool) {
	in, err := data.Incident("ronin-bridge")
	if err != nil {
		t.Fatal(err)
	}
	s := &subject{words: []string{in.ID}, incidents: []fundtrail.Incident{in}, thefts: in.Thefts, actor: authorOf(in)}
	claimed := recordedClaims(s)
	tr := traceOf(t, s, l, claimed, time.Time{})
	roles := map[fundtrail.Address]string{}
	premixer := map[fundtrail.Address]bool{}
	depositors := map[fundtrail.Address]bool{}
	cashouts := map[fundtrail.Address]bool{}
	for _, r := range readTable(t, shared(t, "ronin_case/labels.csv")) {
		a := eth(t, r["address"])
		roles[a] = r["role"]
		if r["role"] == "Tornado Cash withdrawer" {
			continue
		}
		premixer[a] = true
		if r["role"] == "Tornado Cash depositor" {
			depositors[a] = true
		}
		if strings.HasSuffix(r["role"], "deposit address") {
			cashouts[a] = true
		}
	}
	truth := map[fundtrail.Hash]bool{}
	for _, r := range readTable(t, shared(t, "ronin_case/deposits_100eth.csv")) {
		h, err := fundtrail.ParseHash(r["txhash"])
		if err != nil {
			t.Fatal(err)
		}
		truth[h] = true
	}
	fmt.Fprintf(out, "\nRonin Bridge, 2022 (ethereum_txlists, 368,995 transactions; truth: ronin_case, tornado_events)\n")
	payments, payers, value := mixerHops(tr)
	score(out, "deposits into the 100 ETH pool, by transaction", payments, truth)
	score(out, "Tornado depositors", payers, depositors)
	byValue(out, tr, truth)
	inPool := 0
	for h := range payments {
		if pool[h] {
			inPool++
		}
	}
	fmt.Fprintf(out, "  %d of the %d payments are events of the 100 ETH pool; they moved %s ETH\n", inPool, len(payments), value.Decimal(18))
	score(out, "addresses before the mixer", addressesOf(tr), premixer)
	score(out, "exchange deposit addresses, tagged", cashoutsOf(tr), cashouts)
	printEnds(out, tr)
	trap := eth(t, "0xb66cd966670d962c227b3eaba30a872dbfb995db")
	for _, h := range found(tr, false) {
		if h.From == trap {
			t.Errorf("the trace follows the 2 ETH beyond %s", trap)
		}
	}
	// Without the tags of this case's own deposit addresses, the inference has to find them.
	bare := claims{}
	for a, tags := range claimed {
		for _, tag := range tags {
			if !cashouts[a] || trace.EndKindOf(tag.Category) == "" {
				bare[a] = append(bare[a], tag)
			}
		}
	}
	untagged := traceOf(t, s, l, bare, time.Time{})
	inferred := map[fundtrail.Address]bool{}
	for _, inf := range untagged.Inferences {
		inferred[inf.Address] = true
	}
	passedOn := map[fundtrail.Address]bool{}
	for a := range cashouts {
		if id, ok := l.AddressID(a); ok && pays(l, id) {
			passedOn[a] = true
		}
	}
	score(out, "deposit addresses inferred ("+string(trace.DepositMethod)+")", inferred, passedOn)
	baselines(out, l, claimed, in.Thefts[0].Address, 182_164e18, premixer, depositors)
}

// pays reports whether the ledger holds a payment of an address.
func pays(l fundtrail.Ledger, a fundtrail.AddressID) bool {
	var m fundtrail.Movement
	for _, p := range l.Moves(a, 0, false, make([]fundtrail.Position, 0, l.MoveCount(a))) {
		if l.Movement(p, &m); m.From == a && m.Kind == fundtrail.Move {
			return true
		}
	}
	return false
}

// addressesOf are the addresses that found value passes through or lies at, services
// left out.
func addressesOf(tr *fundtrail.Trace) map[fundtrail.Address]bool {
	out := map[fundtrail.Address]bool{}
	for _, h := range found(tr, false) {
		if h.From != (fundtrail.Address{}) {
			out[h.From] = true
		}
		if h.End < 0 || depositTagged(tr, h.To) {
			out[h.To] = true
		}
	}
	for _, s := range tr.Stolen {
		for _, theft := range s.Thefts {
			out[theft.Address] = true
		}
	}
	return out
}

func depositTagged(tr *fundtrail.Trace, a fundtrail.Address) bool {
	return slices.ContainsFunc(tr.Tags, func(t fundtrail.Tag) bool { return t.Address == a && t.Role == fundtrail.RoleDeposit })
}

func cashoutsOf(tr *fundtrail.Trace) map[fundtrail.Address]bool {
	out := map[fundtrail.Address]bool{}
	for _, e := range tr.Ends {
		if e.Kind == fundtrail.EndExchange {
			for _, a := range e.Addresses {
				out[a] = true
			}
		}
	}
	return out
}

// printEnds lists the ends of services with their figures.
func printEnds(out io.Writer, tr *fundtrail.Trace) {
	for _, e := range tr.Ends {
		if e.Actor == "" || e.Kind != fundtrail.EndExchange && e.Kind != fundtrail.EndMixer {
			continue
		}
		fmt.Fprintf(out, "  %s %s: fifo %s ETH, at least %s, at most %s; %d payments of %s ETH\n", e.Kind, e.Actor,
			round(e.Taint[fundtrail.FIFO]), round(e.Bounds.Least), round(e.Bounds.Most), e.Transfers, round(e.Moved))
	}
}

func round(a fundtrail.Amount) string {
	cents, _ := a.MulDiv(fundtrail.NewAmount(1), fundtrail.NewAmount(10_000_000_000_000_000))
	return cents.Decimal(2)
}

func baselines(out io.Writer, l *ledger.Memory, claimed claims, start fundtrail.Address, stolen float64, addresses, depositors map[fundtrail.Address]bool) {
	id, _ := l.AddressID(start)
	g := newFlatGraph(l, fundtrail.NativeAsset(start.Chain()), stopper(l, claimed))
	floor := stolen / 1e6
	reached, _ := g.breadthFirst([]fundtrail.AddressID{id}, floor)
	score(out, "breadth-first: addresses before the mixer", named(l, reached, g.stop), addresses)
	tainted := g.timelessHaircut(map[fundtrail.AddressID]float64{id: stolen}, floor)
	above := map[fundtrail.AddressID]bool{}
	mixer := 0.0
	payers := map[fundtrail.AddressID]bool{}
	for a, v := range tainted {
		if v >= floor {
			above[a] = true
		}
		if mixerTagged(claimed[l.Address(a)]) {
			mixer += v
		}
	}
	for a := range reached {
		for _, e := range g.edges(a) {
			if !g.stop(a) && mixerTagged(claimed[l.Address(e.to)]) {
				payers[a] = true
			}
		}
	}
	score(out, "breadth-first: Tornado depositors", named(l, payers, func(fundtrail.AddressID) bool { return false }), depositors)
	score(out, "haircut, no time: addresses before the mixer", named(l, above, g.stop), addresses)
	fmt.Fprintf(out, "  haircut, no time: %.0f ETH reach the mixer\n", mixer/1e18)
}

func mixerTagged(tags []fundtrail.Tag) bool {
	return slices.ContainsFunc(tags, func(t fundtrail.Tag) bool { return trace.EndKindOf(t.Category) == fundtrail.EndMixer })
}

// named turns ids into addresses, leaving out those where a trace stops.
func named(l *ledger.Memory, ids map[fundtrail.AddressID]bool, stop func(fundtrail.AddressID) bool) map[fundtrail.Address]bool {
	out := map[fundtrail.Address]bool{}
	for id := range ids {
		if !stop(id) {
			out[l.Address(id)] = true
		}
	}
	return out
}

func scoreKuCoin(t *testing.T, out io.Writer, l *ledger.Memory, pool map[fundtrail.Hash]bool) {
	thief := eth(t, "0xeb31973e0febf3e3d7058234a5ebbae1ab4b8c23")
	s := &subject{words: []string{thief.String()}, thefts: []fundtrail.Theft{{Address: thief, Whole: true}}}
	claimed := recordedClaims(s)
	tr := traceOf(t, s, l, claimed, time.Time{})
	// The truth: what the thief's one payee towards the mixer paid into the pool.
	depositor := eth(t, "0x34a17418cec67b82d08cf77a987941f99dc87c6b")
	id, _ := l.AddressID(depositor)
	truth := map[fundtrail.Hash]bool{}
	var m fundtrail.Movement
	for _, p := range l.Moves(id, 0, false, make([]fundtrail.Position, 0, l.MoveCount(id))) {
		l.Movement(p, &m)
		if h := l.Transaction(p).ID.Hash; m.From == id && pool[h] {
			truth[h] = true
		}
	}
	fmt.Fprintf(out, "\nKuCoin, 2020, the thief's address (ethereum_txlists; truth: tornado_events)\n")
	payments, payers, value := mixerHops(tr)
	score(out, "deposits into the 100 ETH pool, by transaction", payments, truth)
	score(out, "Tornado depositors", payers, map[fundtrail.Address]bool{depositor: true})
	byValue(out, tr, truth)
	fmt.Fprintf(out, "  they moved %s ETH\n", value.Decimal(18))
	printEnds(out, tr)
	baselines(out, l, claimed, thief, 11_538e18, map[fundtrail.Address]bool{thief: true, depositor: true}, map[fundtrail.Address]bool{depositor: true})
}
