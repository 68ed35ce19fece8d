package main

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"io"
	"math/big"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/ledger"
)

// A heistEdge is one edge of a manually verified trace.
type heistEdge struct {
	tx       fundtrail.Hash
	from, to fundtrail.Address
}

// scoreHeist finds a manually verified trace again in noise. The trace's file is the
// answer without the noise, so noise is added: real transactions shifted in time, clean
// payments to the case's own addresses, what those did before the case, fans, peels and
// dust.
func scoreHeist(t *testing.T, out io.Writer, name, title string) {
	rows := readTable(t, shared(t, "heist_traces/"+name+"/"+name+".csv"))
	sources := readLines(t, shared(t, "heist_traces/"+name+"/source addresses.csv"))
	terminals := map[fundtrail.Address]bool{}
	for _, a := range readLines(t, shared(t, "heist_traces/"+name+"/terminal addresses.csv")) {
		terminals[eth(t, a)] = true
	}
	b := ledger.NewBuilder()
	n := &noise{b: b, asset: b.Asset(fundtrail.NativeAsset(fundtrail.Ethereum)), r: rand.New(rand.NewPCG(2023, uint64(len(rows))))}
	truth := map[heistEdge]bool{}
	involved := map[fundtrail.Address]bool{}
	reachable := map[fundtrail.Address]bool{}
	list := causal(heistRows(t, rows))
	for _, e := range list {
		n.pay(t, e.tx, e.block, e.time, e.place, e.index, e.from, e.to, e.amount)
		truth[e.heistEdge] = true
		involved[e.from], involved[e.to] = true, true
		if terminals[e.to] {
			reachable[e.to] = true
		}
		n.blocks = append(n.blocks, blockTime{e.block, e.time})
	}
	n.add(t, involved, terminals)
	l, err := b.Seal()
	if err != nil {
		t.Fatal(err)
	}
	s := &subject{}
	for _, a := range sources {
		s.words = append(s.words, a)
		s.thefts = append(s.thefts, fundtrail.Theft{Address: eth(t, a), Whole: true})
	}
	claimed := recordedClaims(s)
	tr := traceOf(t, s, l, claimed, time.Unix(list[0].time, 0)) // the day of the theft is known
	edges := func(hops []*fundtrail.Hop) map[heistEdge]bool {
		out := map[heistEdge]bool{}
		for _, h := range hops {
			out[heistEdge{h.Record.Transfer.Tx.Hash, h.From, h.To}] = true
		}
		return out
	}
	ends := map[fundtrail.Address]bool{}
	for _, h := range found(tr, false) {
		if h.End >= 0 && tr.Ends[h.End].Kind != fundtrail.EndReturned {
			ends[h.To] = true
		}
	}
	for _, e := range tr.Ends {
		// Value that came to an address which paid nothing on ends there too.
		if e.Kind == fundtrail.EndCoverage && len(e.Addresses) == 1 && !e.Taint[fundtrail.FIFO].Less(tr.Stolen[0].Dust) {
			ends[e.Addresses[0]] = true
		}
	}
	var all []*fundtrail.Hop
	for i := range tr.Hops {
		if h := &tr.Hops[i]; h.Kind != fundtrail.HopFee && h.Kind != fundtrail.HopDust {
			all = append(all, h)
		}
	}
	fmt.Fprintf(out, "\n%s, %d sources (heist_traces/%s among %d other movements; truth: its edges and terminals)\n", title, len(sources), name, int(l.Size())-len(rows))
	score(out, "edges under fifo", edges(found(tr, false)), truth)
	score(out, "edges under some lossless policy", edges(found(tr, true)), truth)
	score(out, "edges that gaps in the data leave possible", edges(all), truth)
	inTime := inTimeOrder(list, s.thefts)
	fmt.Fprintf(out, "  of the %d true edges %d can be reached from the sources in time order, by the file's own receipts\n", len(truth), len(inTime))
	score(out, "of those, edges under some lossless policy", edges(found(tr, true)), inTime)
	score(out, "terminals, all that are listed", ends, terminals)
	score(out, "terminals that are in some edge", ends, reachable)
	starts := map[fundtrail.AddressID]float64{}
	var ids []fundtrail.AddressID
	for _, theft := range s.thefts {
		if id, ok := l.AddressID(theft.Address); ok {
			ids = append(ids, id)
			starts[id] = outflow(l, id)
		}
	}
	floor := float(tr.Stolen[0].Dust)
	g := newFlatGraph(l, fundtrail.NativeAsset(fundtrail.Ethereum), stopper(l, claimed))
	_, payments := g.breadthFirst(ids, floor)
	score(out, "breadth-first: edges", edgesAt(l, payments), truth)
	tainted := g.timelessHaircut(starts, floor)
	payments = map[fundtrail.Position]bool{}
	var m fundtrail.Movement
	for a, v := range tainted {
		if v < floor || g.stop(a) {
			continue
		}
		for _, e := range g.edges(a) {
			for _, p := range e.payments {
				if l.Movement(p, &m); float(m.Amount)*v/max(v, outflow(l, a)) >= floor {
					payments[p] = true
				}
			}
		}
	}
	score(out, "haircut, no time: edges", edgesAt(l, payments), truth)
}

// A heistRow is one row of a manually verified trace.
type heistRow struct {
	heistEdge
	block, time  int64
	place, index uint32
	amount       fundtrail.Amount
}

func heistRows(t *testing.T, rows []map[string]string) []heistRow {
	var out []heistRow
	for _, r := range rows {
		h, err := fundtrail.ParseHash(r["Tx_hash"])
		if err != nil {
			t.Fatal(err)
		}
		at, err := time.Parse(time.DateTime, r["Timestamp"])
		if err != nil {
			t.Fatal(err)
		}
		block, err := strconv.ParseInt(r["Block"], 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, heistRow{heistEdge: heistEdge{h, eth(t, r["From"]), eth(t, r["To"])}, block: block, time: at.Unix(),
			amount: microUSD(t, r["Value_in_USD"])})
	}
	return out
}

// causal gives the rows of one block an order, which the file does not tell: an address
// receives before it pays, where that is possible. It numbers the transactions of a
// block and the transfers of a transaction.
func causal(rows []heistRow) []heistRow {
	slices.SortStableFunc(rows, func(x, y heistRow) int { return cmp.Compare(x.block, y.block) })
	for lo := 0; lo < len(rows); {
		hi := lo
		for hi < len(rows) && rows[hi].block == rows[lo].block {
			hi++
		}
		block := rows[lo:hi]
		for i := range block {
			// Take the first row whose payer gets nothing from the rows left.
			next := i
			for k := i; k < len(block); k++ {
				if !slices.ContainsFunc(block[i:], func(o heistRow) bool { return o.to == block[k].from && o.from != block[k].from }) {
					next = k
					break
				}
			}
			taken := block[next]
			copy(block[i+1:next+1], block[i:next])
			block[i] = taken
		}
		places := map[fundtrail.Hash]uint32{}
		indexes := map[fundtrail.Hash]uint32{}
		for i := range block {
			h := block[i].tx
			if _, ok := places[h]; !ok {
				places[h] = uint32(len(places))
			}
			block[i].place, block[i].index = places[h], indexes[h]
			indexes[h]++
		}
		lo = hi
	}
	return rows
}

// inTimeOrder are the edges that value from the sources can have taken at all: whose
// payer had been paid before by a source, or by an edge that value can have taken.
func inTimeOrder(rows []heistRow, sources []fundtrail.Theft) map[heistEdge]bool {
	reached := map[fundtrail.Address]bool{}
	for _, s := range sources {
		reached[s.Address] = true
	}
	out := map[heistEdge]bool{}
	for _, r := range rows {
		if reached[r.from] {
			reached[r.to] = true
			out[r.heistEdge] = true
		}
	}
	return out
}

func edgesAt(l *ledger.Memory, payments map[fundtrail.Position]bool) map[heistEdge]bool {
	out := map[heistEdge]bool{}
	var m fundtrail.Movement
	for p := range payments {
		l.Movement(p, &m)
		out[heistEdge{l.Transaction(p).ID.Hash, l.Address(m.From), l.Address(m.To)}] = true
	}
	return out
}

func outflow(l *ledger.Memory, a fundtrail.AddressID) (sum float64) {
	var m fundtrail.Movement
	for _, p := range l.Moves(a, 0, false, make([]fundtrail.Position, 0, l.MoveCount(a))) {
		if l.Movement(p, &m); m.From == a && m.To != a {
			sum += float(m.Amount)
		}
	}
	return sum
}

// microUSD reads the file's decimal dollars as whole millionths.
func microUSD(t *testing.T, s string) fundtrail.Amount {
	r, ok := new(big.Rat).SetString(s)
	if !ok {
		t.Fatalf("value %q", s)
	}
	r.Mul(r, big.NewRat(1_000_000, 1))
	a, ok := fundtrail.AmountFromBig(new(big.Int).Quo(r.Num(), r.Denom()))
	if !ok {
		t.Fatalf("value %q", s)
	}
	return a
}

type blockTime struct{ height, time int64 }

// noise adds what a real ledger has around a case.
type noise struct {
	b      *ledger.Builder
	asset  fundtrail.AssetID
	r      *rand.Rand
	blocks []blockTime
	n      uint64
}

func (n *noise) pay(t *testing.T, h fundtrail.Hash, block, at int64, place, index uint32, from, to fundtrail.Address, amount fundtrail.Amount) {
	t.Helper()
	tx, err := n.b.Tx(ledger.Tx{Chain: fundtrail.Ethereum, Hash: h, Height: block, Time: at, Place: place})
	if err != nil {
		t.Fatal(err)
	}
	if err := n.b.Add(tx, ledger.Row{Index: index, Asset: n.asset, From: n.b.Address(from), To: n.b.Address(to), Amount: amount}); err != nil {
		t.Fatal(err)
	}
}

// somewhen pays in a block of the case's time.
func (n *noise) somewhen(t *testing.T, from, to fundtrail.Address, amount fundtrail.Amount) {
	n.at(t, n.blocks[n.r.IntN(len(n.blocks))], from, to, amount)
}

func (n *noise) at(t *testing.T, b blockTime, from, to fundtrail.Address, amount fundtrail.Amount) {
	n.n++
	n.pay(t, sha256.Sum256(fmt.Append(nil, "noise", n.n)), b.height, b.time, ledger.UnknownPlace, 0, from, to, amount)
}

func (n *noise) stranger() fundtrail.Address {
	var p [20]byte
	for i := range p {
		p[i] = byte(n.r.Uint32())
	}
	return fundtrail.EVMAddress(fundtrail.Ethereum, p)
}

func (n *noise) dollars(most uint64) fundtrail.Amount {
	return fundtrail.NewAmount(1_000_000 * (1 + n.r.Uint64N(most)))
}

func (n *noise) add(t *testing.T, involved, terminals map[fundtrail.Address]bool) {
	slices.SortFunc(n.blocks, func(x, y blockTime) int { return int(x.height - y.height) })
	var own []fundtrail.Address
	for a := range involved {
		if !terminals[a] {
			own = append(own, a)
		}
	}
	slices.SortFunc(own, fundtrail.Address.Compare)
	// Real transactions of other people and of exchanges, moved into the case's days.
	real := importLedger(t, shared(t, "ethereum_txlists/transactions.csv.gz"))
	var m fundtrail.Movement
	scale := fundtrail.NewAmount(1_000_000_000) // 1 ETH as about 1,500 dollars, in millionths
	for p := range real.Size() {
		real.Movement(p, &m)
		if m.Kind != fundtrail.Move || m.From == fundtrail.NoAddress || m.To == fundtrail.NoAddress {
			continue
		}
		from, to := real.Address(m.From), real.Address(m.To)
		if involved[from] && !terminals[from] || involved[to] && !terminals[to] {
			continue // a payment of the case's own would be truth that the answer lacks
		}
		amount, _ := m.Amount.MulDiv(fundtrail.NewAmount(1_500), scale.Max(scale))
		amount, _ = amount.MulDiv(fundtrail.NewAmount(1), fundtrail.NewAmount(1_000))
		if amount.IsZero() {
			continue
		}
		n.somewhen(t, from, to, amount)
	}
	for _, a := range own { // what some of them did before the case: a fan of clean payments
		if n.r.IntN(3) > 0 {
			continue
		}
		days := 10 + n.r.Int64N(50)
		block := blockTime{n.blocks[0].height - days*7200, n.blocks[0].time - days*86400}
		n.at(t, block, n.stranger(), a, n.dollars(20_000))
		for k := range 2 + n.r.Int64N(12) {
			n.at(t, blockTime{block.height + 300*(k+1), block.time + 3600*(k+1)}, a, n.stranger(), n.dollars(1_500))
		}
	}
	for range 400 { // clean payments into the case's addresses
		n.somewhen(t, n.stranger(), own[n.r.IntN(len(own))], n.dollars(2_000))
	}
	for range 4_000 { // dust to them from poisoners
		n.somewhen(t, n.stranger(), own[n.r.IntN(len(own))], fundtrail.NewAmount(1+n.r.Uint64N(1_000)))
	}
	for range 60 { // fans
		from := n.stranger()
		for range 20 + n.r.IntN(80) {
			n.somewhen(t, from, n.stranger(), n.dollars(5_000))
		}
	}
	for range 60 { // peels: each address pays some out and passes the rest on
		at, left := n.stranger(), uint64(500_000)
		for left > 10_000 {
			next, peel := n.stranger(), 1+n.r.Uint64N(left/4)
			n.somewhen(t, at, n.stranger(), fundtrail.NewAmount(1_000_000*peel))
			n.somewhen(t, at, next, fundtrail.NewAmount(1_000_000*(left-peel)))
			at, left = next, left-peel
		}
	}
}
