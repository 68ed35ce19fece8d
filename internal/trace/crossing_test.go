package trace_test

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/ledgertest"
	"github.com/fundtrail/fundtrail/internal/trace"
)

// fakeCrossings are crossings that a test states.
type fakeCrossings []fundtrail.Crossing

func (f fakeCrossings) Crossings(in fundtrail.TransferOutput) []fundtrail.Crossing {
	var out []fundtrail.Crossing
	for _, c := range f {
		if slices.Contains(c.In, in) {
			out = append(out, c)
		}
	}
	return out
}

// parseCrossings reads lines "IN + IN => OUT + OUT @ CONFIDENCE KIND", of which each record
// is CHAIN:TX:N with N as a citation has it. Without more it is a swap with confidence 90.
func parseCrossings(t *testing.T, text string) (out fakeCrossings) {
	t.Helper()
	for _, line := range strings.Split(strings.TrimSpace(text), "\n") {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		line, more, _ := strings.Cut(line, "@")
		in, to, ok := strings.Cut(line, "=>")
		if !ok {
			t.Fatalf("crossing %q", line)
		}
		c := fundtrail.Crossing{Kind: fundtrail.Swap, Protocol: "fake", Method: "fake/1", Confidence: 90}
		for _, s := range strings.Split(in, "+") {
			c.In = append(c.In, parseRecord(t, s))
		}
		for _, s := range strings.Split(to, "+") {
			if strings.TrimSpace(s) != "" {
				c.Out = append(c.Out, parseRecord(t, s))
			}
		}
		if more != "" {
			if _, err := fmt.Sscan(more, &c.Confidence, &c.Kind); err != nil {
				t.Fatalf("crossing %q: %v", line, err)
			}
		}
		out = append(out, c)
	}
	return out
}

func parseRecord(t *testing.T, s string) fundtrail.TransferOutput {
	t.Helper()
	f := strings.Split(strings.TrimSpace(s), ":")
	if len(f) != 3 {
		t.Fatalf("record %q", s)
	}
	n, err := strconv.ParseUint(f[2], 10, 32)
	if err != nil {
		t.Fatal(err)
	}
	chain := fundtrail.Chain(f[0])
	o := fundtrail.TransferOutput{Transfer: fundtrail.TransferID{Tx: ledgertest.Tx(chain, f[1])}}
	if info, _ := chain.Info(); info.Model == fundtrail.Coins {
		o.Output = uint32(n)
	} else {
		o.Transfer.Index = uint32(n)
	}
	return o
}

// A crossingCase is a ledger, what is stolen in it, where it crosses, and how much of
// each record is tainted after.
type crossingCase struct {
	name      string
	ledger    string
	thefts    string // records, by spaces
	crossings string
	options   trace.Options
	late      string // a transaction whose block says an hour later than is written
	// want is by hop: the record, its kind, and the policies that differ from the first.
	want string
}

// Whatever pays one of these ends there. Everybody else is followed.
var services = map[string]string{"dex": "defi_dex", "bridge": "defi_bridge", "exchange": "exchange"}

func serviceTags(a fundtrail.Address) []fundtrail.Tag {
	for name, category := range services {
		if a == ledgertest.Address(a.Chain(), name) {
			return []fundtrail.Tag{{Address: a, Category: category, Label: name, Confidence: 80}}
		}
	}
	return nil
}

const alternatives = `
			2022-03-29T10:00Z t1 eth  victim -> thief   0.000010 AAA
			2022-03-29T11:00Z t3 eth  thief -> bridge   0.000010 AAA
			2022-03-29T12:00Z t4 eth  bridge -> x       0.000020 BBB
			2022-03-29T12:00Z t5 eth  bridge -> y       0.000030 BBB`

// The amounts of tokens are in millionths, of bitcoins in hundred-millionths.
var crossingCases = []crossingCase{
	{
		name: "swap into a token, rounded down",
		ledger: `
			2022-03-29T10:00Z t1 eth  victim -> thief   0.000005 AAA
			2022-03-29T11:00Z t2 eth  clean -> thief    0.000005 AAA
			2022-03-29T12:00Z t3 eth  thief -> dex      0.000007 AAA
			2022-03-29T12:00Z t3 eth  dex -> thief      0.000010 BBB
			2022-03-29T13:00Z t4 eth  thief -> exchange 0.000004 BBB`,
		thefts:    "eth:t1:1000000",
		crossings: "eth:t3:1000000 => eth:t3:1000001",
		// Of the 7 that go in, 5 are tainted by FIFO, 2 by LIFO, 3 by haircut. Of what comes
		// out, the tainted part counts as the older.
		want: `
			t1 theft 5 5 5 5 5 5
			t3 crossing 5 2 3 5 2 7
			t3 crossing 7 2 4 7 2 10
			t4 transfer 4 0 1 4 0 4`,
	},
	{
		name: "bridge to a chain of coins: tiho goes on as haircut",
		ledger: `
			2022-03-29T10:00Z t1 eth  victim -> thief   0.000005 AAA
			2022-03-29T11:00Z t2 eth  clean -> thief    0.000005 AAA
			2022-03-29T12:00Z t3 eth  thief -> bridge   0.000007 AAA
			2022-03-29T11:00Z b1 btc  coinbase -> vault 0.00001000
			2022-03-29T13:00Z b2 btc  b1:0 -> mule 0.00000070, vault 0.00000930
			2022-03-29T14:00Z b3 btc  b2:0 -> exchange 0.00000045, mule 0.00000020`,
		thefts:    "eth:t1:1000000",
		crossings: "eth:t3:1000000 => btc:b2:0",
		want: `
			b2 crossing 50 20 30 30 70
			b3 transfer 45 0 19 30 45
			b3 transfer 5 15 8 0 20
			b3 fee 0 5 3 0 5
			t1 theft 5 5 5 5 5 5
			t3 crossing 5 2 3 5 2 7`,
	},
	{
		name: "from a chain of coins: what accounts alone know goes on as haircut",
		ledger: `
			2022-03-29T10:00Z b1 btc  coinbase -> thief 0.00000010
			2022-03-29T10:00Z b2 btc  coinbase -> clean 0.00000010
			2022-03-29T11:00Z b3 btc  b1:0 + b2:0 -> x 0.00000006, bridge 0.00000014
			2022-03-29T12:00Z t1 eth  bridge -> mule     0.000140 AAA
			2022-03-29T13:00Z t2 eth  mule -> exchange   0.000080 AAA`,
		thefts:    "btc:b1:0",
		crossings: "btc:b3:1 => eth:t1:1000000",
		want: `
			b1 theft 10 10 10 10 10
			b3 transfer 6 0 3 0 6
			b3 crossing 4 10 7 10 14
			t1 crossing 40 100 70 70 70 140
			t2 transfer 40 40 40 70 10 80`,
	},
	{
		name: "two go in, one comes out: each its share, once both are in",
		ledger: `
			2022-03-29T10:00Z t1 eth  victim -> thief   0.000010 AAA
			2022-03-29T11:00Z t2 eth  thief -> dex      0.000003 AAA
			2022-03-29T12:00Z t3 eth  clean -> dex      0.000004 AAA
			2022-03-29T12:30Z t4 eth  thief -> dex      0.000007 AAA
			2022-03-29T13:00Z t5 eth  dex -> thief      0.000009 BBB`,
		thefts:    "eth:t1:1000000",
		crossings: "eth:t2:1000000 + eth:t3:1000000 + eth:t4:1000000 => eth:t5:1000000",
		// 3 and 7 of the 14 that go in are tainted: 27/14 and 63/14, each rounded down.
		want: `
			t1 theft 10 10 10 10 10 10
			t2 crossing 3 3 3 3 3 3
			t4 crossing 7 7 7 7 7 7
			t5 crossing 5 5 5 5 5 5`,
	},
	{
		name: "one goes in, two come out",
		ledger: `
			2022-03-29T10:00Z t1 eth  victim -> thief   0.000010 AAA
			2022-03-29T11:00Z t2 eth  clean -> thief    0.000010 AAA
			2022-03-29T12:00Z t3 eth  thief -> dex      0.000015 AAA
			2022-03-29T12:00Z t3 eth  dex -> thief      0.000031 BBB
			2022-03-29T12:00Z t3 eth  dex -> friend     0.000007 CCC`,
		thefts:    "eth:t1:1000000",
		crossings: "eth:t3:1000000 => eth:t3:1000001 + eth:t3:1000002",
		want: `
			t1 theft 10 10 10 10 10 10
			t3 crossing 10 5 7 10 5 15
			t3 crossing 20 10 14 20 10 31
			t3 crossing 4 2 3 4 2 7`,
	},
	{
		name: "what comes out before it went in does not come out",
		ledger: `
			2022-03-29T10:00Z t1 eth  victim -> thief   0.000010 AAA
			2022-03-29T11:00Z t2 eth  dex -> thief      0.000020 BBB
			2022-03-29T12:00Z t3 eth  dex -> thief      0.000020 BBB
			2022-03-29T12:00Z t3 eth  thief -> dex      0.000004 AAA
			2022-03-29T13:00Z t4 eth  thief -> exchange 0.000020 BBB`,
		thefts:    "eth:t1:1000000",
		crossings: "eth:t3:1000001 => eth:t2:1000000 + eth:t3:1000000",
		// In one transaction it may: a pool pays out before it is paid.
		want: `
			t1 theft 10 10 10 10 10 10
			t3 crossing 20 20 20 20 20 20
			t3 crossing 4 4 4 4 4 4
			t4 transfer 0 20 10 20 0 20`,
	},
	{
		name: "nor on another chain",
		ledger: `
			2022-03-29T10:00Z t1 eth  victim -> thief   0.000010 AAA
			2022-03-29T12:00Z t3 eth  thief -> bridge   0.000004 AAA
			2022-03-29T11:59Z b1 btc  coinbase -> mule  0.00000010
			2022-03-29T13:00Z b2 btc  b1:0 -> exchange  0.00000010`,
		thefts:    "eth:t1:1000000",
		crossings: "eth:t3:1000000 => btc:b1:0",
		want: `
			t1 theft 10 10 10 10 10 10
			t3 crossing 4 4 4 4 4 4`,
	},
	{
		name: "nor in the same second on another chain, whatever happens there",
		ledger: `
			2022-03-29T10:00Z t1 eth  victim -> thief   0.000010 AAA
			2022-03-29T12:00Z t3 eth  thief -> bridge   0.000004 AAA
			2022-03-29T11:59Z b0 btc  coinbase -> x     0.00000003
			2022-03-29T12:00Z b1 btc  coinbase -> mule  0.00000010
			2022-03-29T12:00Z b2 btc  b0:0 -> y         0.00000003`,
		thefts:    "eth:t1:1000000 btc:b0:0",
		crossings: "eth:t3:1000000 => btc:b1:0",
		want: `
			b0 theft 3 3 3 3 3
			b2 transfer 3 3 3 3 3
			t1 theft 10 10 10 10 10 10
			t3 crossing 4 4 4 4 4 4`,
	},
	{
		name: "nor in the same second on a chain that is visited later",
		ledger: `
			2022-03-29T11:00Z b1 btc  coinbase -> thief 0.00000010
			2022-03-29T12:00Z b2 btc  b1:0 -> bridge    0.00000010
			2022-03-29T12:00Z t1 eth  bridge -> mule    0.000010 AAA
			2022-03-29T13:00Z t2 eth  mule -> exchange  0.000010 AAA`,
		thefts:    "btc:b1:0",
		crossings: "btc:b2:0 => eth:t1:1000000",
		want: `
			b1 theft 10 10 10 10 10
			b2 crossing 10 10 10 10 10`,
	},
	{
		name: "nor where the visit has passed, as blocks' times step back",
		late: "b1", // at 12:30
		ledger: `
			2022-03-29T10:00Z t1 eth  victim -> thief    0.000010 AAA
			2022-03-29T12:00Z t3 eth  thief -> bridge    0.000004 AAA
			2022-03-29T11:00Z b0 btc  coinbase -> x     0.00000003
			2022-03-29T11:30Z b1 btc  coinbase -> mule  0.00000010
			2022-03-29T11:50Z b2 btc  b0:0 -> y         0.00000003
			2022-03-29T13:30Z b3 btc  b1:0 -> z         0.00000010`,
		thefts:    "eth:t1:1000000 btc:b0:0",
		crossings: "eth:t3:1000000 => btc:b1:0",
		want: `
			b0 theft 3 3 3 3 3
			b2 transfer 3 3 3 3 3
			t1 theft 10 10 10 10 10 10
			t3 crossing 4 4 4 4 4 4`,
	},
	{
		name: "two go in, of which one too late",
		ledger: `
			2022-03-29T10:00Z t1 eth  victim -> thief   0.000010 AAA
			2022-03-29T11:00Z t3 eth  thief -> bridge   0.000004 AAA
			2022-03-29T12:00Z t4 eth  thief -> bridge   0.000004 AAA
			2022-03-29T12:00Z b1 btc  coinbase -> mule  0.00000010`,
		thefts:    "eth:t1:1000000",
		crossings: "eth:t3:1000000 + eth:t4:1000000 => btc:b1:0",
		want: `
			b1 crossing 5 5 5 5 5
			t1 theft 10 10 10 10 10 10
			t3 crossing 4 4 4 4 4 4
			t4 crossing 4 4 4 4 4 4`,
	},
	{
		name: "an output that the ledger lacks",
		ledger: `
			2022-03-29T10:00Z t1 eth  victim -> thief   0.000010 AAA
			2022-03-29T12:00Z t3 eth  thief -> dex      0.000004 AAA
			2022-03-29T12:00Z t3 eth  dex -> thief      0.000004 BBB`,
		thefts:    "eth:t1:1000000",
		crossings: "eth:t3:1000000 => eth:t3:1000001 + eth:t9:1000000",
		want: `
			t1 theft 10 10 10 10 10 10
			t3 transfer 4 4 4 4 4 4`,
	},
	{
		name: "back to the asset that was stolen",
		ledger: `
			2022-03-29T10:00Z t1 eth  victim -> thief   0.000010 AAA
			2022-03-29T11:00Z t2 eth  clean -> thief    0.000010 AAA
			2022-03-29T12:00Z t3 eth  thief -> dex      0.000015 AAA
			2022-03-29T12:00Z t3 eth  dex -> thief      0.000150 BBB
			2022-03-29T13:00Z t4 eth  thief -> dex      0.000120 BBB
			2022-03-29T13:00Z t4 eth  dex -> thief      0.000012 AAA
			2022-03-29T14:00Z t5 eth  thief -> exchange 0.000017 AAA`,
		thefts: "eth:t1:1000000",
		crossings: `eth:t3:1000000 => eth:t3:1000001
			eth:t4:1000000 => eth:t4:1000001`,
		want: `
			t1 theft 10 10 10 10 10 10
			t3 crossing 10 5 7 10 5 15
			t3 crossing 100 50 70 100 50 150
			t4 crossing 100 20 56 100 20 120
			t4 crossing 10 2 5 10 2 12
			t5 transfer 10 7 8 10 7 17`,
	},
	{
		name: "two crossings that come out at one record never bring more than it moves",
		ledger: `
			2022-03-29T10:00Z t1 eth  victim -> thief   0.000010 AAA
			2022-03-29T12:00Z t3 eth  thief -> dex      0.000004 AAA
			2022-03-29T12:30Z t4 eth  thief -> dex      0.000004 AAA
			2022-03-29T13:00Z t5 eth  dex -> thief      0.000005 BBB`,
		thefts: "eth:t1:1000000",
		crossings: `eth:t3:1000000 => eth:t5:1000000
			eth:t4:1000000 => eth:t5:1000000`,
		want: `
			t1 theft 10 10 10 10 10 10
			t3 crossing 4 4 4 4 4 4
			t4 crossing 4 4 4 4 4 4
			t5 crossing 5 5 5 5 5 5`,
	},
	{
		name: "chains are visited together: what comes out is spent with what else is there",
		ledger: `
			2022-03-29T10:00Z t1 eth  victim -> thief   0.000010 AAA
			2022-03-29T12:00Z t3 eth  thief -> bridge   0.000010 AAA
			2022-03-29T16:00Z t4 eth  thief -> x        0.000001 ETH
			2022-03-29T09:00Z b1 btc  coinbase -> thief 0.00000010
			2022-03-29T11:00Z b2 btc  b1:0 -> a         0.00000010
			2022-03-29T13:00Z b3 btc  coinbase -> a     0.00000010
			2022-03-29T14:00Z b4 btc  b2:0 + b3:0 -> c  0.00000015, d 0.00000005
			2022-03-29T15:00Z b5 btc  b4:1 -> exchange  0.00000005`,
		thefts:    "eth:t1:1000000 btc:b1:0",
		crossings: "eth:t3:1000000 => btc:b3:0",
		want: `
			b1 theft 10 10 10 10 10
			b2 transfer 10 10 10 10 10
			b3 crossing 10 10 10 10 10
			b4 transfer 15 15 15 15 15
			b4 transfer 5 5 5 5 5
			b5 transfer 5 5 5 5 5
			t1 theft 10 10 10 10 10 10
			t3 crossing 10 10 10 10 10 10`,
	},
	{
		name: "a record that is a theft as well is stolen already",
		ledger: `
			2022-03-29T10:00Z t1 eth  victim -> thief   0.000010 AAA
			2022-03-29T12:00Z t3 eth  thief -> dex      0.000010 AAA
			2022-03-29T12:00Z t3 eth  dex -> thief      0.000020 BBB
			2022-03-29T13:00Z t4 eth  thief -> exchange 0.000015 BBB`,
		thefts:    "eth:t1:1000000 eth:t3:1000001",
		crossings: "eth:t3:1000000 => eth:t3:1000001",
		want: `
			t1 theft 10 10 10 10 10 10
			t3 crossing 10 10 10 10 10 10
			t3 theft 20 20 20 20 20 20
			t4 transfer 15 15 15 15 15 15`,
	},
	{
		name: "a coin that is a theft as well is stolen already",
		ledger: `
			2022-03-29T10:00Z t1 eth  victim -> thief   0.000010 AAA
			2022-03-29T12:00Z t3 eth  thief -> bridge   0.000010 AAA
			2022-03-29T13:00Z b1 btc  coinbase -> thief 0.00000020
			2022-03-29T14:00Z b2 btc  b1:0 -> exchange  0.00000015`,
		thefts:    "eth:t1:1000000 btc:b1:0",
		crossings: "eth:t3:1000000 => btc:b1:0",
		want: `
			b1 theft 20 20 20 20 20
			b2 transfer 15 15 15 15 15
			b2 fee 5 5 5 5 5
			t1 theft 10 10 10 10 10 10
			t3 crossing 10 10 10 10 10 10`,
	},
	{
		name: "a coin that tainted inputs pay as well takes what it has room for",
		ledger: `
			2022-03-29T10:00Z t1 eth  victim -> thief   0.000010 AAA
			2022-03-29T12:00Z t3 eth  thief -> bridge   0.000010 AAA
			2022-03-29T11:00Z b1 btc  coinbase -> mule  0.00000010
			2022-03-29T11:00Z b2 btc  coinbase -> vault 0.00000020
			2022-03-29T13:00Z b3 btc  b2:0 + b1:0 -> thief 0.00000024, vault 0.00000006
			2022-03-29T14:00Z b4 btc  b3:0 -> x 0.00000014, exchange 0.00000010`,
		thefts:    "eth:t1:1000000 btc:b1:0",
		crossings: "eth:t3:1000000 => btc:b3:0",
		// Its inputs bring it 4, 10, 8, 10; the crossing would bring 24.
		want: `
			b1 theft 10 10 10 10 10
			b3 transfer 4 10 8 10 24
			b3 crossing 20 14 16 14 24
			b3 transfer 6 0 2 0 6
			b4 transfer 14 14 14 14 14
			b4 transfer 10 10 10 10 10
			t1 theft 10 10 10 10 10 10
			t3 crossing 10 10 10 10 10 10`,
	},
	{
		name: "a theft straight into a bridge, and the second service in a row",
		ledger: `
			2022-03-29T10:00Z b1 btc  coinbase -> bridge 0.00000010
			2022-03-29T11:00Z t1 eth  bridge -> dex      0.000020 AAA
			2022-03-29T12:00Z t2 eth  dex -> exchange    0.000030 BBB`,
		thefts: "btc:b1:0",
		crossings: `btc:b1:0 => eth:t1:1000000
			eth:t1:1000000 => eth:t2:1000000`,
		want: `
			b1 crossing 10 10 10 10 10
			t1 crossing 20 20 20 20 20 20
			t2 crossing 30 30 30 30 30 30`,
	},
	{
		name: "the floor that was asked for holds for what comes out",
		ledger: `
			2022-03-29T10:00Z t1 eth  victim -> thief   0.000010 AAA
			2022-03-29T12:00Z t3 eth  thief -> dex      0.000010 AAA
			2022-03-29T12:00Z t3 eth  dex -> thief      0.000020 BBB
			2022-03-29T13:00Z t4 eth  thief -> x        0.000004 BBB
			2022-03-29T13:00Z t5 eth  thief -> y        0.000005 BBB
			2022-03-29T14:00Z t6 eth  x -> z            0.000004 BBB`,
		thefts:    "eth:t1:1000000",
		crossings: "eth:t3:1000000 => eth:t3:1000001",
		options:   trace.Options{Dust: map[fundtrail.Asset]fundtrail.Amount{ledgertest.Asset(fundtrail.Ethereum, "BBB"): fundtrail.NewAmount(5)}},
		want: `
			t1 theft 10 10 10 10 10 10
			t3 crossing 10 10 10 10 10 10
			t3 crossing 20 20 20 20 20 20
			t4 dust 4 4 4 4 4 4
			t5 transfer 5 5 5 5 5 5`,
	},
	{
		name: "a crossing is a step, and steps are limited",
		ledger: `
			2022-03-29T10:00Z t1 eth  victim -> thief   0.000010 AAA
			2022-03-29T11:00Z t2 eth  thief -> dex      0.000004 AAA
			2022-03-29T11:00Z t2 eth  dex -> thief      0.000008 BBB
			2022-03-29T12:00Z t3 eth  thief -> mule     0.000005 AAA
			2022-03-29T13:00Z t4 eth  mule -> dex       0.000005 AAA
			2022-03-29T13:00Z t4 eth  dex -> mule       0.000010 BBB`,
		thefts: "eth:t1:1000000",
		crossings: `eth:t2:1000000 => eth:t2:1000001
			eth:t4:1000000 => eth:t4:1000001`,
		options: trace.Options{MaxHops: 1},
		want: `
			t1 theft 10 10 10 10 10 10
			t2 crossing 4 4 4 4 4 4
			t2 crossing 8 8 8 8 8 8
			t3 transfer 5 5 5 5 5 5
			t4 transfer 5 5 5 5 5 5`,
	},
	{
		name: "what comes out after the time that was asked for does not come out",
		ledger: `
			2022-03-29T10:00Z t1 eth  victim -> thief   0.000010 AAA
			2022-03-29T11:00Z t2 eth  thief -> dex      0.000010 AAA
			2022-03-29T12:00Z t3 eth  dex -> thief      0.000008 BBB`,
		thefts:    "eth:t1:1000000",
		crossings: "eth:t2:1000000 => eth:t3:1000000",
		options:   trace.Options{Until: time.Date(2022, 3, 29, 11, 30, 0, 0, time.UTC)},
		want: `
			t1 theft 10 10 10 10 10 10
			t2 crossing 10 10 10 10 10 10`,
	},
	{
		name: "backward a crossing is an end",
		ledger: `
			2022-03-29T10:00Z t1 eth  victim -> thief   0.000010 AAA
			2022-03-29T11:00Z t2 eth  thief -> dex      0.000010 AAA
			2022-03-29T12:00Z t3 eth  dex -> thief      0.000008 BBB
			2022-03-29T13:00Z t4 eth  thief -> x        0.000008 BBB`,
		thefts:    "eth:t4:1000000",
		crossings: "eth:t2:1000000 => eth:t3:1000000",
		options:   trace.Options{Direction: fundtrail.Backward},
		want: `
			t4 theft 8 8 8 8 8 8
			t3 transfer 8 8 8 8 8 8`,
	},
	{
		name:   "of two accounts of one payment the more confident is taken",
		ledger: alternatives,
		thefts: "eth:t1:1000000",
		crossings: `eth:t3:1000000 => eth:t4:1000000 @ 60 bridge
			eth:t3:1000000 => eth:t5:1000000 @ 90 bridge`,
		want: `
			t1 theft 10 10 10 10 10 10
			t3 crossing 10 10 10 10 10 10
			t5 crossing 30 30 30 30 30 30`,
	},
	{
		name:   "whichever is told first",
		ledger: alternatives,
		thefts: "eth:t1:1000000",
		crossings: `eth:t3:1000000 => eth:t5:1000000 @ 90 bridge
			eth:t3:1000000 => eth:t4:1000000 @ 60 bridge`,
		want: `
			t1 theft 10 10 10 10 10 10
			t3 crossing 10 10 10 10 10 10
			t5 crossing 30 30 30 30 30 30`,
	},
	{
		name:   "of two as confident none is taken",
		ledger: alternatives,
		thefts: "eth:t1:1000000",
		crossings: `eth:t3:1000000 => eth:t4:1000000 @ 90 bridge
			eth:t3:1000000 => eth:t5:1000000 @ 90 bridge`,
		want: `
			t1 theft 10 10 10 10 10 10
			t3 transfer 10 10 10 10 10 10`,
	},
	{
		name:   "but the same told twice is one",
		ledger: alternatives,
		thefts: "eth:t1:1000000",
		crossings: `eth:t3:1000000 => eth:t4:1000000 @ 90 bridge
			eth:t3:1000000 => eth:t4:1000000 @ 90 bridge`,
		want: `
			t1 theft 10 10 10 10 10 10
			t3 crossing 10 10 10 10 10 10
			t4 crossing 20 20 20 20 20 20`,
	},
	{
		name:   "the more confident account counts where the ledger does not hold it, too",
		ledger: alternatives,
		thefts: "eth:t1:1000000",
		crossings: `eth:t3:1000000 => eth:t4:1000000 @ 60 bridge
			eth:t3:1000000 => eth:t9:1000000 @ 90 bridge`,
		want: `
			t1 theft 10 10 10 10 10 10
			t3 transfer 10 10 10 10 10 10`,
	},
	{
		name:      "one that nobody would believe is none",
		ledger:    alternatives,
		thefts:    "eth:t1:1000000",
		crossings: `eth:t3:1000000 => eth:t4:1000000 @ 29 bridge`,
		want: `
			t1 theft 10 10 10 10 10 10
			t3 transfer 10 10 10 10 10 10`,
	},
	{
		name: "what went into an untagged bridge, nobody knows where to",
		ledger: `
			2022-03-29T10:00Z t1 eth  victim -> thief   0.000010 AAA
			2022-03-29T11:00Z t3 eth  thief -> vault    0.000004 AAA
			2022-03-29T12:00Z t4 eth  vault -> somebody 0.000004 AAA
			2022-03-29T12:00Z t5 eth  thief -> mule     0.000006 AAA`,
		thefts:    "eth:t1:1000000",
		crossings: `eth:t3:1000000 => @ 90 bridge`,
		want: `
			t1 theft 10 10 10 10 10 10
			t3 transfer 4 4 4 4 4 4
			t5 transfer 6 6 6 6 6 6`,
	},
	{
		name: "a coin into an untagged bridge, and out of it",
		ledger: `
			2022-03-29T10:00Z b1 btc  coinbase -> thief 0.00000010
			2022-03-29T11:00Z b2 btc  b1:0 -> vault 0.00000004, thief 0.00000006
			2022-03-29T12:00Z b3 btc  b2:0 -> somebody 0.00000004
			2022-03-29T12:00Z t1 eth  router -> mule  0.000040 AAA`,
		thefts:    "btc:b1:0",
		crossings: `btc:b2:0 => eth:t1:1000000 @ 90 bridge`,
		want: `
			b1 theft 10 10 10 10 10
			b2 crossing 4 4 4 4 4
			b2 return 6 6 6 6 6
			t1 crossing 40 40 40 40 40 40`,
	},
	{
		name: "home by a crossing",
		ledger: `
			2022-03-29T10:00Z b1 btc  coinbase -> thief 0.00000010
			2022-03-29T11:00Z b2 btc  b1:0 -> bridge    0.00000010
			2022-03-29T12:00Z b3 btc  coinbase -> thief 0.00000012
			2022-03-29T13:00Z b4 btc  b3:0 -> x         0.00000012`,
		thefts:    "btc:b1:0",
		crossings: "btc:b2:0 => btc:b3:0",
		want: `
			b1 theft 10 10 10 10 10
			b2 crossing 10 10 10 10 10
			b3 crossing 12 12 12 12 12
			b4 transfer 12 12 12 12 12`,
	},
}

func TestCrossings(t *testing.T) {
	for _, c := range crossingCases {
		t.Run(c.name, func(t *testing.T) { c.run(t) })
	}
}

func (c *crossingCase) run(t *testing.T) *fundtrail.Trace {
	t.Helper()
	text := ledgertest.MustParse(c.ledger)
	crossings := parseCrossings(t, c.crossings)
	for i := range text.Transactions {
		if tx := &text.Transactions[i]; c.late != "" && text.TxName(tx.ID) == c.late {
			tx.Block.Time = tx.Block.Time.Add(time.Hour)
		}
	}
	in := trace.Input{Ledger: seal(t, text.Transactions, nil), Tags: serviceTags, Crossings: crossings}
	for _, s := range strings.Fields(c.thefts) {
		o := parseRecord(t, s)
		in.Thefts = append(in.Thefts, fundtrail.Theft{Tx: o.Transfer.Tx, Index: o.Transfer.Index + o.Output, HasIndex: true})
	}
	opt := c.options
	opt.Payback = -1
	tr := runTrace(t, in, opt)
	var got, want []string
	for _, h := range tr.Hops {
		s := text.TxName(h.Record.Transfer.Tx) + " " + string(h.Kind)
		for p := range fundtrail.NumPolicies {
			if p.On(modelOf(h.Asset)) {
				s += " " + h.Taint[p].String()
			}
		}
		got = append(got, s)
	}
	for _, line := range strings.Split(strings.TrimSpace(c.want), "\n") {
		want = append(want, strings.TrimSpace(line))
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n\t%s\nwant\n\t%s", strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
	}
	if err := checkCrossings(tr, crossings, in.Thefts); err != nil {
		t.Error(err)
	}
	return tr
}

// checkCrossings holds a trace to what crossings are to do: the leg that goes in ends
// where it went in, and the leg that comes out is, by policy, the share of what went in
// rounded down, and never more than its record moves.
func checkCrossings(tr *fundtrail.Trace, crossings fakeCrossings, stolen []fundtrail.Theft) error {
	out := map[fundtrail.Asset]fundtrail.Taints{}
	into := map[fundtrail.Asset]bool{}
	for i, h := range tr.Hops {
		// What is followed over a bridge is an end apart from what stays there.
		if h.End >= 0 && tr.Ends[h.End].Kind == fundtrail.EndBridge {
			goesOn := h.Crossing != nil && h.Crossing.Kind == fundtrail.Bridge && slices.Contains(h.Crossing.In, h.Record)
			if tr.Ends[h.End].Followed != goesOn {
				return fmt.Errorf("hop %d (%s) goes on over a bridge: %t, its end says %t", i, h.Record, goesOn, !goesOn)
			}
		}
		if h.Kind != fundtrail.HopCrossing {
			continue
		}
		if h.Crossing == nil {
			return fmt.Errorf("hop %d (%s) does not say which crossing it is of", i, h.Record)
		}
		goes, comes := false, false
		for _, c := range crossings {
			goes = goes || slices.Contains(c.In, h.Record)
			comes = comes || slices.Contains(c.Out, h.Record)
		}
		if goes && h.End < 0 {
			return fmt.Errorf("hop %d (%s) goes in and does not end", i, h.Record)
		}
		if !goes && !comes {
			return fmt.Errorf("hop %d (%s) is of no crossing", i, h.Record)
		}
		if !comes || isTheft(h.Record, stolen) {
			continue
		}
		// Value that came out begins anew, and no holding pays for it.
		into[h.Asset] = true
		s := out[h.Asset]
		for p := range s {
			s[p] = sum(s[p], h.Taint[p])
		}
		out[h.Asset] = s
	}
	for i, e := range tr.Ends {
		if e.Bounds.Exact == into[e.Asset] {
			return fmt.Errorf("end %d of %s (crossed into: %v): exact is %v", i, e.Asset, into[e.Asset], e.Bounds.Exact)
		}
	}
	return checkTrace(tr, out)
}

// isTheft reports whether a record is one of the thefts, all of which name theirs.
func isTheft(o fundtrail.TransferOutput, stolen []fundtrail.Theft) bool {
	return slices.ContainsFunc(stolen, func(t fundtrail.Theft) bool {
		return t.Tx == o.Transfer.Tx && t.Index == o.Transfer.Index+o.Output
	})
}
