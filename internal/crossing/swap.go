package crossing

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/fundtrail/fundtrail"
)

// SwapMethod is the version of the swap recogniser's rules.
const SwapMethod fundtrail.Method = "swap-net/2"

// A SwapVerdict says what a transaction was for one address.
type SwapVerdict string

const (
	Swapped    SwapVerdict = "swap"       // one asset went in, another came out
	Incomplete SwapVerdict = "incomplete" // something went in, and what came out is not in the data
	NoSwap     SwapVerdict = "no swap"    // Why says what it looks like
)

// SwapOptions say what else is known of a transaction. The zero value is useful.
type SwapOptions struct {
	// Who is the address whose swap is asked for. Default: who sent the transaction.
	Who fundtrail.Address
	// Recipient is who the order names to have what comes out, where a call tells.
	// Default: Who; and when nothing comes out there, the only one who just receives.
	Recipient fundtrail.Address
	// Internal says that the transfers are whole: what contracts moved is among them.
	Internal bool
	// Wrapped says which tokens are the chain's own coin, one to one: WETH, WBNB.
	Wrapped func(fundtrail.Asset) bool
	// Name names an address, "" when it has no name. Names prove nothing here.
	Name func(fundtrail.Address) string
	// Price is a day's price of a whole coin in millionths of a US dollar, and how many
	// decimals it has.
	Price func(asset fundtrail.Asset, at time.Time) (micros fundtrail.Amount, decimals int, ok bool)
	// Far is how far from the day's prices a rate may be before it is flagged, in
	// hundredths of a per cent. Default 1000: ten per cent.
	Far int64
}

// A SwapFinding is what Swap concludes: an inference.
type SwapFinding struct {
	Verdict SwapVerdict
	Why     string // in words, whatever the verdict
	Who     fundtrail.Address
	// Recipient has what came out; it is Who but where another was paid.
	Recipient fundtrail.Address
	Gave, Got []fundtrail.Holding // net, by asset: the rate is Got for Gave
	// Crossing is set for a swap alone. Its In are the transfers by which Who gave, its
	// Out those by which the recipient got, with what came back of the same asset: so
	// that a share of In is the same share of each Out.
	Crossing *fundtrail.Crossing
	Via      []string // names of contracts that took part, sorted
	// Bound says that Gave is the most that went in: it was the native coin, less of it
	// was seen to go on, and what came back of it, or was kept as a fee, is not in the data.
	Bound bool
	// Unseen says of an incomplete one that it is a swap all the same: for what was given
	// the chain's own coin was bought, wrapped, and who has that is not in the data.
	Unseen bool
	// Priced says that both sides have a price; Off is then by how much more came out
	// than went in, in hundredths of a per cent, and Far that it is beyond the limit.
	Priced bool
	Off    int64
	Far    bool
}

// Swap says what a transaction was for one address, by netting its transfers. Routers
// and aggregators need no list: what an address gave and got is the same whichever
// contracts stood between. The order of the transfers is irrelevant.
func Swap(tx *fundtrail.Transaction, opt SwapOptions) SwapFinding { return newNetting(tx).swap(opt) }

func (n *netting) swap(opt SwapOptions) SwapFinding {
	sender := n.sender()
	who := opt.Who
	if who.IsZero() {
		who = sender
	}
	f := SwapFinding{Who: who, Recipient: who}
	if who.IsZero() {
		return f.no("it is not known who sent it")
	}
	if who != sender && !sender.IsZero() {
		own := opt
		own.Who, own.Recipient, own.Price, own.Name = sender, fundtrail.Address{}, nil, nil
		if of := n.judge(&own, SwapFinding{Who: sender, Recipient: sender}); of.Verdict != NoSwap && n.joined(sender, of.Recipient, who, of.Gave) {
			return f.no("it is the other side of the sender's swap: a pool, a router or a maker")
		}
	}
	f = n.judge(&opt, f)
	f.price(&opt, n.tx.Block.Time)
	f.via(n, &opt)
	return f
}

func (f SwapFinding) no(why string, args ...any) SwapFinding {
	f.Verdict, f.Why = NoSwap, fmt.Sprintf(why, args...)
	return f
}

func (f SwapFinding) incomplete(why string, args ...any) SwapFinding {
	f.Verdict, f.Why = Incomplete, fmt.Sprintf(why, args...)
	return f
}

// judge nets for the address that is asked for.
func (n *netting) judge(opt *SwapOptions, f SwapFinding) SwapFinding {
	if n.broken {
		return f.no("its amounts overflow")
	}
	f.Gave, f.Got = n.net(f.Who)
	switch {
	case len(f.Gave)+len(f.Got) == 0:
		return f.no("it left the address as it was")
	case len(f.Gave) == 0 && n.kept(f.Who, f.Got):
		return f.no("a loop: more came back of an asset than went out")
	case len(f.Gave) == 0 && !opt.Internal && f.Who != n.sender():
		return f.incomplete("it got something, and what it gave is not in the data")
	case len(f.Gave) == 0:
		return f.no("it gave nothing: a claim, an airdrop or a payment to it")
	case len(f.Gave) > 1:
		return f.no("%d assets went in: liquidity, or an order in parts whose shares are not known", len(f.Gave))
	}
	gave := f.Gave[0].Asset
	if len(f.Got) == 0 {
		if f = n.elsewhere(opt, f); f.Verdict != "" {
			return f
		}
	}
	switch {
	case n.half(n.burnt[gave], f.Gave[0].Amount) && !wrapped(opt, gave):
		return f.no("what it gave was destroyed: a receipt or liquidity taken back")
	case len(f.Got) > 1:
		return f.no("%d assets came out: shares are not known", len(f.Got))
	case n.half(n.minted[f.Got[0].Asset], f.Got[0].Amount) && !wrapped(opt, f.Got[0].Asset):
		return f.no("what it got was made for it: a receipt for a deposit, or liquidity")
	}
	got := f.Got[0].Asset
	for _, a := range []fundtrail.Asset{gave, got} {
		if n.items(a) {
			return f.no("%s are items, not amounts", a)
		}
	}
	if !n.joined(f.Who, f.Recipient, fundtrail.Address{}, f.Gave) {
		return f.no("what came out has nothing to do with what went in")
	}
	return n.cross(opt, f)
}

// kept reports whether all that an address got more of, it also gave.
func (n *netting) kept(who fundtrail.Address, got []fundtrail.Holding) bool {
	for _, h := range got {
		if n.sums[flow{who, h.Asset}].gave.IsZero() {
			return false
		}
	}
	return len(got) > 0
}

// half reports whether a is at least half of b.
func (n *netting) half(a, b fundtrail.Amount) bool {
	twice, over := a.Add(a)
	return over || !twice.Less(b)
}

func wrapped(opt *SwapOptions, a fundtrail.Asset) bool { return opt.Wrapped != nil && opt.Wrapped(a) }

// transferTopic is of ERC-20's and ERC-721's Transfer alike; an item's has its number
// as a fourth topic.
var transferTopic = topic("Transfer(address,address,uint256)")

func (n *netting) items(a fundtrail.Asset) bool {
	return slices.ContainsFunc(n.tx.Events, func(e fundtrail.Event) bool {
		return e.Contract == a.Contract && len(e.Topics) == 4 && e.Topics[0] == transferTopic
	})
}

// elsewhere looks for who has what came out when that is not who gave. Its verdict is
// empty when it found one.
func (n *netting) elsewhere(opt *SwapOptions, f SwapFinding) SwapFinding {
	gave := f.Gave[0].Asset
	if !slices.ContainsFunc(n.moves, func(t *fundtrail.Transfer) bool { return !has(t.Inputs, f.Who) }) {
		if w := (fundtrail.Asset{Chain: n.tx.ID.Chain, Contract: n.onlyPayee(f.Who)}); wrapped(opt, w) && gave.Contract.IsZero() {
			return f.incomplete("it wrapped its coins, and the making of %s is no transfer in the data", w)
		}
		if !opt.Internal && wrapped(opt, gave) && n.burnt[gave] == f.Gave[0].Amount {
			return f.incomplete("it unwrapped its coins, and what came out for %s is no transfer in the data", gave)
		}
		return f.no("a payment: nothing else moved")
	}
	var to []fundtrail.Address
	if !opt.Recipient.IsZero() {
		to = append(to, opt.Recipient)
	} else {
		to = n.onlyReceivers(f.Who, gave)
	}
	if len(to) == 1 {
		_, got := n.net(to[0])
		if !opt.Internal && len(got) == 1 && wrapped(opt, got[0].Asset) && opt.Recipient.IsZero() {
			f.Unseen = n.reached(&f, to[0])
			return f.incomplete("%s reached %s, and what was paid on of it is not in the data", got[0].Asset, to[0])
		}
		if len(got) > 0 && got[0].Asset != gave {
			f.Recipient, f.Got = to[0], got
			return f
		}
	}
	if !n.other(gave) {
		return f.no("a payment: no other asset moved")
	}
	switch {
	case !opt.Internal && n.unwraps(opt, &f):
		return f.incomplete("the chain's own coin was unwrapped, and who has it is not in the data")
	case !opt.Internal:
		return f.incomplete("what came out is not in the data")
	case len(to) > 1:
		return f.no("it is not clear who has what came out: %d addresses only received", len(to))
	}
	return f.no("nothing came out")
}

// unwraps reports whether wrapped coins were destroyed, and notes whether it was by
// somebody whom what was given reached.
func (n *netting) unwraps(opt *SwapOptions, f *SwapFinding) (found bool) {
	for _, t := range n.moves {
		if len(t.Outputs) == 0 && wrapped(opt, t.Asset) {
			found = true
			f.Unseen = f.Unseen || t.Asset != f.Gave[0].Asset && n.reached(f, t.Inputs[0].Address)
		}
	}
	return found
}

// reached reports whether what was given went to an address, or to who paid it.
func (n *netting) reached(f *SwapFinding, to fundtrail.Address) bool {
	return slices.ContainsFunc(n.moves, func(t *fundtrail.Transfer) bool {
		return t.Asset == f.Gave[0].Asset && has(t.Inputs, f.Who) && has(t.Outputs, to)
	}) || n.joined(f.Who, to, fundtrail.Address{}, f.Gave)
}

// other reports whether any other asset moved.
func (n *netting) other(than fundtrail.Asset) bool {
	return slices.ContainsFunc(n.moves, func(t *fundtrail.Transfer) bool { return t.Asset != than })
}

// onlyPayee is the one address that somebody paid.
func (n *netting) onlyPayee(who fundtrail.Address) (a fundtrail.Address) {
	for _, t := range n.moves {
		for _, e := range t.Outputs {
			if !a.IsZero() && a != e.Address {
				return fundtrail.Address{}
			}
			a = e.Address
		}
	}
	return a
}

// onlyReceivers lists the addresses that gave nothing and got another asset.
func (n *netting) onlyReceivers(who fundtrail.Address, gave fundtrail.Asset) (to []fundtrail.Address) {
	gives := map[fundtrail.Address]bool{}
	for f, s := range n.sums {
		gives[f.who] = gives[f.who] || !s.gave.IsZero()
	}
	for f, s := range n.sums {
		if !gives[f.who] && f.who != who && f.asset != gave && !s.got.IsZero() && !slices.Contains(to, f.who) && !f.who.IsZero() {
			to = append(to, f.who)
		}
	}
	slices.SortFunc(to, fundtrail.Address.Compare)
	return to
}

func newSwap(c fundtrail.Confidence) *fundtrail.Crossing {
	return &fundtrail.Crossing{Kind: fundtrail.Swap, Protocol: "swap", Method: SwapMethod, Confidence: c}
}

// oneSided makes the crossing of a swap of which only what went in is seen.
func (n *netting) oneSided(f *SwapFinding) *fundtrail.Crossing {
	c := newSwap(50)
	for _, t := range n.moves {
		if t.Asset == f.Gave[0].Asset && has(t.Inputs, f.Who) && !has(t.Outputs, f.Who) {
			c.In = append(c.In, fundtrail.TransferOutput{Transfer: t.ID})
		}
	}
	return c
}

// cross makes the crossing.
func (n *netting) cross(opt *SwapOptions, f SwapFinding) SwapFinding {
	gave, got := f.Gave[0].Asset, f.Got[0].Asset
	c := newSwap(90)
	for _, t := range n.moves {
		for i, e := range t.Outputs {
			out := fundtrail.TransferOutput{Transfer: t.ID, Output: uint32(i)}
			switch {
			case t.Asset == gave && has(t.Inputs, f.Who) && e.Address != f.Who:
				c.In = append(c.In, out)
			case (t.Asset == got && e.Address == f.Recipient || t.Asset == gave && e.Address == f.Who) && !has(t.Inputs, e.Address):
				c.Out = append(c.Out, out)
			}
		}
		if len(t.Outputs) == 0 && t.Asset == gave && has(t.Inputs, f.Who) {
			c.In = append(c.In, fundtrail.TransferOutput{Transfer: t.ID})
		}
	}
	f.Why = "one asset went in and another came out"
	switch {
	case f.Recipient != f.Who && f.Recipient == opt.Recipient:
		c.Confidence, f.Why = 85, f.Why+", to the recipient that the order names"
	case f.Recipient != f.Who:
		c.Confidence, f.Why = 60, f.Why+", to the only address that gave nothing"
	}
	if !opt.Internal {
		// Another coin may have gone in or come out unseen.
		c.Confidence -= 10
		if on := n.wentOn(opt); gave.Contract.IsZero() && !on.IsZero() && on.Less(f.Gave[0].Amount) {
			f.Bound = true
			f.Why += fmt.Sprintf("; of what went in only %s base units were seen to go on", on)
		}
	}
	c.Exchange = &fundtrail.Exchange{Gave: f.Gave[0], Got: f.Got[0], Payer: f.Who, Recipient: f.Recipient}
	f.Verdict, f.Crossing = Swapped, c
	return f
}

// wentOn is what is seen to have been wrapped: what was made of wrapped coins, or, where
// that is not in the data, what was paid on of them by addresses of which it is not seen
// that they had any.
func (n *netting) wentOn(opt *SwapOptions) (sum fundtrail.Amount) {
	for a, made := range n.minted {
		if wrapped(opt, a) {
			sum, _ = sum.Add(made)
		}
	}
	if !sum.IsZero() {
		return sum
	}
	for f, s := range n.sums {
		if more, under := s.gave.Sub(s.got); wrapped(opt, f.asset) && !under {
			if next, over := sum.Add(more); !over {
				sum = next
			}
		}
	}
	return sum
}

// price compares the two sides at the day's prices.
func (f *SwapFinding) price(opt *SwapOptions, at time.Time) {
	if opt.Price == nil || f.Verdict != Swapped {
		return
	}
	in, okIn := priced(opt, f.Gave[0], at)
	out, okOut := priced(opt, f.Got[0], at)
	if !okIn || !okOut || in.IsZero() {
		return
	}
	f.Priced = true
	defer func() {
		x := f.Crossing.Exchange
		x.Priced, x.Off, x.Far = f.Priced, f.Off, f.Far
	}()
	ratio, over := out.MulDiv(fundtrail.NewAmount(10_000), in)
	if over || !ratio.IsUint64() || ratio.Uint64() > 1<<40 {
		f.Off, f.Far = 1<<40, !f.Bound
		return
	}
	f.Off = int64(ratio.Uint64()) - 10_000
	far := cmp.Or(opt.Far, 1000)
	// A rate of which a part is not seen is not held against the swap.
	f.Far = !f.Bound && (f.Off > far || f.Off < -far)
}

func priced(opt *SwapOptions, h fundtrail.Holding, at time.Time) (cents fundtrail.Amount, ok bool) {
	micros, decimals, ok := opt.Price(h.Asset, at)
	if !ok {
		return cents, false
	}
	return worth(h.Amount, micros, decimals)
}

// via names who took part.
func (f *SwapFinding) via(n *netting, opt *SwapOptions) {
	if opt.Name == nil {
		return
	}
	wrapper := ""
	for fl := range n.sums {
		name := opt.Name(fl.who)
		if name == "" || fl.who == f.Who || fl.who == f.Recipient || slices.Contains(f.Via, name) {
			continue
		}
		f.Via = append(f.Via, name)
		if wrapped(opt, fundtrail.Asset{Chain: n.tx.ID.Chain, Contract: fl.who}) {
			wrapper = name
		}
	}
	slices.Sort(f.Via)
	if f.Crossing == nil || len(f.Via) == 0 {
		return
	}
	f.Crossing.Protocol = f.Via[0]
	if len(f.Via) > 1 && f.Via[0] == wrapper { // who wraps for a router is not who swaps
		f.Crossing.Protocol = f.Via[1]
	}
	for _, t := range n.moves {
		if slices.Contains(f.Crossing.In, fundtrail.TransferOutput{Transfer: t.ID}) && len(t.Outputs) == 1 {
			if name := opt.Name(t.Outputs[0].Address); name != "" {
				f.Crossing.Protocol = name // who was paid says more than who else took part
				return
			}
		}
	}
}
