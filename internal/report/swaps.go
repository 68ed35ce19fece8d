package report

import (
	"fmt"
	"math/big"
	"strconv"

	"github.com/fundtrail/fundtrail"
)

// A Swap is one that the trace went through: what its payer gave and what came out are
// net sums of facts; that the one was given for the other is an inference.
type Swap struct {
	Tx         string `json:"tx"`
	Time       string `json:"time"`
	Protocol   string `json:"protocol"` // the name on record of who was paid, else "swap"
	Payer      string `json:"payer"`
	Recipient  string `json:"recipient"`
	Gave       Held   `json:"gave"`
	Got        Held   `json:"got"`
	Method     string `json:"method"`
	Confidence int    `json:"confidence"`
	// By how much more came out than went in at the day's prices, in hundredths of a per
	// cent; absent where one side has no price.
	Off *int64 `json:"off,omitempty"`
	Far bool   `json:"far"` // it is beyond what a swap's rate should be off
	// The records, as hops cite them.
	In  []string `json:"in"`
	Out []string `json:"out"`
}

// Held is an amount of an asset.
type Held struct {
	Asset  string `json:"asset"`
	Amount string `json:"amount"`
}

// offMost is what Off stops at.
const offMost = 1 << 40

// swap notes the swap that a hop is of, once.
func (b *builder) swap(h *fundtrail.Hop) {
	c := h.Crossing
	if c == nil || c.Kind != fundtrail.Swap || c.Exchange == nil || len(c.In) == 0 || !b.matters(h) {
		return
	}
	if b.swaps == nil {
		b.swaps = map[fundtrail.TransferOutput]bool{}
	}
	if b.swaps[c.In[0]] {
		return
	}
	b.swaps[c.In[0]] = true
	x := c.Exchange
	held := func(h fundtrail.Holding) Held { return Held{b.asset(h.Asset), h.Amount.String()} }
	s := Swap{Tx: h.Record.Transfer.Tx.String(), Time: stamp(h.Time), Protocol: c.Protocol, Payer: x.Payer.String(), Recipient: x.Recipient.String(),
		Gave: held(x.Gave), Got: held(x.Got), Method: string(c.Method), Confidence: int(c.Confidence), Far: x.Far}
	if x.Priced {
		off := x.Off
		s.Off = &off
	}
	for _, o := range c.In {
		s.In = append(s.In, o.String())
	}
	for _, o := range c.Out {
		s.Out = append(s.Out, o.String())
	}
	b.d.Swaps = append(b.d.Swaps, s)
}

func (c *checker) swaps() {
	for i := range c.d.Swaps {
		s := &c.d.Swaps[i]
		at := fmt.Sprintf("swaps[%d]", i)
		c.time(at+".time", s.Time, true)
		c.amount(at+".gave.amount", s.Gave.Amount)
		c.amount(at+".got.amount", s.Got.Amount)
	}
}

func (x *index) amountOf(h Held) string {
	a := amount(h.Amount)
	return coins(a, x.asset(h.Asset).Decimals, placesFor(a, x.asset(h.Asset).Decimals), nearest) + " " + x.symbol(h.Asset)
}

// rate is how much came out for one whole coin that went in, where the decimals of both
// are known.
func (x *index) rate(s *Swap) string {
	gave, got := x.asset(s.Gave.Asset), x.asset(s.Got.Asset)
	if amount(s.Gave.Amount).IsZero() || gave.Decimals < 0 || got.Decimals < 0 {
		return "not known in whole coins"
	}
	ten := func(n int) *big.Int { return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil) }
	out := new(big.Int).Mul(amount(s.Got.Amount).Big(), ten(gave.Decimals))
	in := new(big.Int).Mul(amount(s.Gave.Amount).Big(), ten(got.Decimals))
	f, _ := new(big.Rat).SetFrac(out, in).Float64()
	return strconv.FormatFloat(f, 'g', 6, 64) + " " + x.symbol(s.Got.Asset) + " for 1 " + x.symbol(s.Gave.Asset)
}

// by is who swapped it, by name where one is on record.
func (s *Swap) by() string {
	if s.Protocol == "swap" {
		return "nobody on record"
	}
	return clean(s.Protocol)
}

// judged says how a swap's rate stands to the day's prices.
func (s *Swap) judged() string {
	switch {
	case s.Off == nil:
		return "unpriced"
	case *s.Off >= offMost:
		return "far from the day's prices: out of all proportion more came out"
	}
	per := strconv.FormatFloat(float64(max(*s.Off, -*s.Off))/100, 'f', 1, 64) + " %"
	word := per + " more than at the day's prices"
	switch {
	case *s.Off == 0:
		word = "at the day's prices"
	case *s.Off < 0:
		word = per + " less than at the day's prices"
	}
	if s.Far {
		return "far from the day's prices: " + word
	}
	return word
}

// swapped is the text page's section about swaps.
func (t *texter) swapped() {
	if len(t.d.Swaps) == 0 {
		return
	}
	far := 0
	for i := range t.d.Swaps {
		if t.d.Swaps[i].Far {
			far++
		}
	}
	t.heading("Through swaps (inferred; what came out is traced on in its own asset)")
	if far > 0 {
		t.text(bold, 2, 4, fmt.Sprintf("%s at a rate far from the day's prices.", count(far, "swap")))
	}
	shown := 0
	for _, flagged := range []bool{true, false} { // those that want a look come first
		for i := range t.d.Swaps {
			s := &t.d.Swaps[i]
			if s.Far != flagged {
				continue
			}
			if shown++; shown > textRows {
				continue
			}
			style := normal
			if s.Far {
				style = bold
			}
			t.text(style, 2, 4, fmt.Sprintf("%s  %s for %s, by %s [%s %d]", clock(s.Time), t.amountOf(s.Gave), t.amountOf(s.Got), s.by(), clean(s.Method), s.Confidence))
			t.text(faint, 4, 6, fmt.Sprintf("rate %s; %s", t.rate(s), s.judged()))
			t.text(faint, 4, 6, clean(s.Tx))
		}
	}
	if more := len(t.d.Swaps) - textRows; more > 0 {
		t.text(faint, 2, 2, fmt.Sprintf("and %s more, in JSON", count(more, "swap")))
	}
}

// How many swaps a page lists.
const pageSwaps = 200

// A swapView is one swap as a page shows it.
type swapView struct {
	Time, Gave, GaveExact, Got, GotExact, Rate, Judged, Protocol, Ground, Tx string
	Far                                                                      bool
	Payer, Recipient                                                         addressView
}

func (x *index) swapViews() (out []swapView, more string) {
	for _, flagged := range []bool{true, false} {
		for i := range x.d.Swaps {
			s := &x.d.Swaps[i]
			if s.Far != flagged || len(out) == pageSwaps {
				continue
			}
			out = append(out, swapView{
				Time: clock(s.Time), Gave: x.amountOf(s.Gave), GaveExact: x.exact(s.Gave.Asset, amount(s.Gave.Amount)),
				Got: x.amountOf(s.Got), GotExact: x.exact(s.Got.Asset, amount(s.Got.Amount)), Rate: x.rate(s), Judged: s.judged(),
				Protocol: s.by(), Ground: fmt.Sprintf("[%s %d]", clean(s.Method), s.Confidence), Tx: clean(s.Tx), Far: s.Far,
				Payer: x.addressView(chainOf(s.Gave.Asset), s.Payer), Recipient: x.addressView(chainOf(s.Got.Asset), s.Recipient),
			})
		}
	}
	if n := len(x.d.Swaps) - len(out); n > 0 {
		more = "and " + count(n, "swap") + " more, in the JSON report"
	}
	return out, more
}
