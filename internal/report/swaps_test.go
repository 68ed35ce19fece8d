package report

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/fundtrail/fundtrail"
)

func swapDocument(t *testing.T) *Document {
	d := lagoon(t)
	off, far, flat := int64(-990), int64(-4210), int64(0)
	eth, usdc := "eth", "eth/0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48"
	d.Assets = append(d.Assets, Asset{usdc, "USDC", 6})
	at := func(n int, gave, got Held, off *int64, far bool) Swap {
		return Swap{Tx: d.Hops[n].Tx, Time: d.Hops[n].Time, Protocol: "Uniswap V3: Router", Payer: d.Hops[n].From, Recipient: d.Hops[n].From,
			Gave: gave, Got: got, Method: "swap-net/2", Confidence: 80, Off: off, Far: far, In: []string{}, Out: []string{}}
	}
	d.Swaps = []Swap{
		at(1, Held{eth, "2000000000000000000"}, Held{usdc, "3741000000"}, &off, false),
		at(2, Held{usdc, "1000000"}, Held{eth, "300000000000000"}, &far, true),
		at(3, Held{eth, "1"}, Held{"eth/0x00000000000000000000000000000000000000f1", "7"}, nil, false),
		at(4, Held{eth, "1000000000000000000"}, Held{eth, "1000000000000000000"}, &flat, false),
	}
	return d
}

// TestSwapPages: text and page say the rate of each swap and how it stands to the day's
// prices, those that are far from them first, and never that what has no price is worth 0.
func TestSwapPages(t *testing.T) {
	d := swapDocument(t)
	for _, w := range []struct {
		name  string
		write func(*bytes.Buffer) error
	}{
		{"text", func(b *bytes.Buffer) error { return Text(b, d, TextOptions{Width: 200}) }},
		{"html", func(b *bytes.Buffer) error { return HTML(b, d) }},
	} {
		var b bytes.Buffer
		if err := w.write(&b); err != nil {
			t.Fatal(err)
		}
		section, from := b.String(), strings.Index(strings.ToLower(b.String()), "through swaps")
		if from < 0 {
			t.Fatalf("%s: no section", w.name)
		}
		for _, want := range []string{"0.0003 ETH for 1 USDC", "far from the day", "42.1 % less than at the day", "1870.5 USDC for 1 ETH", "9.9 % less than at the day", "unpriced", "1 ETH for 1 ETH"} {
			i := strings.Index(section[from:], want)
			if i < 0 {
				t.Errorf("%s: %q is not there, or not in its place", w.name, want)
				continue
			}
			from += i
		}
	}
}

// TestNoSwaps: without swaps nothing is said of them.
func TestNoSwaps(t *testing.T) {
	var b bytes.Buffer
	if err := Text(&b, lagoon(t), TextOptions{}); err != nil || strings.Contains(b.String(), "Through swaps") {
		t.Errorf("%v: %s", err, b.String())
	}
}

// TestSwapJSON: what is written is read again, and what makes no sense is refused.
func TestSwapJSON(t *testing.T) {
	d := swapDocument(t)
	var b bytes.Buffer
	if err := WriteJSON(&b, d); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(b.String(), `"off":`); n != 3 {
		t.Errorf("%d swaps say how far off they are, want 3", n)
	}
	if _, err := ReadJSON(bytes.NewReader(b.Bytes())); err != nil {
		t.Fatal(err)
	}
	d.Swaps[2].Got.Amount = "seven"
	if err := d.Validate(); err == nil || !strings.Contains(err.Error(), "swaps[2].got.amount") {
		t.Errorf("%v", err)
	}
}

// TestSwapOnce: a swap with two ways in and one out is listed once, and not where poison
// alone reaches it.
func TestSwapOnce(t *testing.T) {
	tx := fundtrail.TxID{Chain: fundtrail.Ethereum, Hash: fundtrail.Hash{1}}
	record := func(n uint32) fundtrail.TransferOutput {
		return fundtrail.TransferOutput{Transfer: fundtrail.TransferID{Tx: tx, Index: n}}
	}
	eth := fundtrail.NativeAsset(fundtrail.Ethereum)
	c := fundtrail.Crossing{Kind: fundtrail.Swap, Protocol: "swap", In: []fundtrail.TransferOutput{record(0), record(1)}, Out: []fundtrail.TransferOutput{record(2)},
		Exchange: &fundtrail.Exchange{Gave: fundtrail.Holding{Asset: eth, Amount: fundtrail.NewAmount(5)}, Got: fundtrail.Holding{Asset: eth, Amount: fundtrail.NewAmount(6)}}}
	for _, poison := range []bool{false, true} {
		b := builder{d: &Document{}, about: About{Asset: func(fundtrail.Asset) (string, int) { return "ETH", 18 }}}
		for n := range uint32(3) {
			own := c
			h := fundtrail.Hop{Record: record(n), Time: time.Unix(0, 0), Asset: eth, Kind: fundtrail.HopCrossing, Crossing: &own}
			h.Taint[fundtrail.Poison] = fundtrail.NewAmount(1)
			if !poison {
				h.Taint[fundtrail.FIFO] = fundtrail.NewAmount(1)
			}
			b.swap(&h)
		}
		if want := map[bool]int{false: 1, true: 0}[poison]; len(b.d.Swaps) != want {
			t.Errorf("poison alone %v: %d swaps, want %d", poison, len(b.d.Swaps), want)
		}
	}
}
