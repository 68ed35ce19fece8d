package trace

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/fundtrail/fundtrail"
)

// A verdict says whether the trace goes on at an address, kind "", or ends there.
type verdict struct {
	kind   fundtrail.EndKind
	actor  string
	label  string
	reason string
	own    bool // the end is this address's alone, not shared by all of its kind
	pool   bool // label is a pool of the actor, an end of its own
	goesOn bool // through a crossing: what came out of it is followed
	small  bool // the end gathers what is too small to list by address
}

// verdict decides about tainted value arriving at an address.
func (r *run) verdict(to fundtrail.AddressID, asset fundtrail.AssetID, move fundtrail.MoveKind, pc *parcel) verdict {
	switch {
	case move == fundtrail.MoveFee && !r.back:
		return verdict{kind: fundtrail.EndFee, label: "transaction fees", reason: "paid as transaction fees"}
	case to == fundtrail.NoAddress && r.back:
		return verdict{kind: fundtrail.EndMinted, label: "newly made", reason: "came from no address: a mint or a block reward"}
	case to == fundtrail.NoAddress:
		return verdict{kind: fundtrail.EndBurned, label: "burned", reason: "paid to no address"}
	case r.sources[to]:
		return verdict{kind: fundtrail.EndReturned, label: "back at a source", reason: "came back to an address the trace starts from", own: true}
	case r.holding(to, asset) >= 0:
		return verdict{}
	}
	k := r.about(to)
	if !k.decided {
		k.claimed, k.decided = r.claimed(to), true
	}
	v := k.claimed
	if v.kind == fundtrail.EndMixer && r.in.Pool != nil {
		if pool, ok := r.in.Pool(r.address(to), r.ledger.Asset(asset), pc.amount); ok {
			v.label, v.pool = pool.Label, true
		}
	}
	if v.kind != "" {
		return v
	}
	// A theft's own record is never too small to follow: it is what was asked about.
	if s := r.stolen[asset]; s != nil && pc.depth >= 0 && pc.widened.Less(s.dust) {
		return verdict{kind: fundtrail.EndDust, label: "small payments", reason: "below the dust floor, not followed"}
	}
	return r.hopLimit(pc.depth + 1)
}

// hopLimit ends what is deeper than was asked for.
func (r *run) hopLimit(depth int32) verdict {
	if r.opt.MaxHops > 0 && int(depth) > r.opt.MaxHops {
		return verdict{kind: fundtrail.EndLimit, label: "past the hop limit",
			reason: fmt.Sprintf("more than %d steps from the theft", r.opt.MaxHops), own: true}
	}
	return verdict{}
}

// claimed decides by the claims about an address.
func (r *run) claimed(id fundtrail.AddressID) verdict { return r.claimedOf(r.address(id), r.home(id)) }

// claimedOf is claimed for an address that the ledger need not know; home tells that the
// trace starts there.
func (r *run) claimedOf(a fundtrail.Address, home bool) verdict {
	if r.in.Tags == nil {
		return verdict{}
	}
	tags := r.tags(a)
	for _, t := range tags {
		if t.Role == fundtrail.RoleVictim && t.Confidence >= r.opt.MinConfidence {
			kind, reason := fundtrail.EndReturned, "paid back to a victim"
			if r.back {
				kind, reason = fundtrail.EndTheft, "came from a victim"
			}
			return verdict{kind: kind, actor: t.Actor, label: t.Label, reason: reason}
		}
	}
	for _, t := range tags {
		if t.Confidence < r.opt.MinConfidence {
			continue
		}
		if t.Role == fundtrail.RoleThief || t.Role == fundtrail.RoleIntermediary {
			if r.in.Actor != "" && t.Actor == r.in.Actor || home {
				continue
			}
			return verdict{kind: fundtrail.EndTheft, actor: t.Actor, label: t.Label,
				reason: "an address that is tagged with another theft"}
		}
		if kind := EndKindOf(t.Category); kind != "" {
			return verdict{kind: kind, actor: t.Actor, label: t.Label, reason: fmt.Sprintf("tagged as %s", t.Category)}
		}
	}
	return verdict{}
}

// tags returns the claims about an address in an order that makes the first that
// decides always the same one: the most confident, then by what it says.
func (r *run) tags(a fundtrail.Address) []fundtrail.Tag {
	if r.in.Tags == nil || a.IsZero() {
		return nil
	}
	tags := slices.Clone(r.in.Tags(a))
	slices.SortFunc(tags, compareTags)
	return slices.Compact(tags)
}

func compareTags(x, y fundtrail.Tag) int {
	return cmp.Or(x.Address.Compare(y.Address), cmp.Compare(y.Confidence, x.Confidence), cmp.Compare(x.Category, y.Category),
		cmp.Compare(x.Actor, y.Actor), cmp.Compare(x.Label, y.Label), cmp.Compare(x.Role, y.Role), cmp.Compare(x.Source.URL, y.Source.URL),
		// What decides nothing still has one order.
		cmp.Compare(x.Incident, y.Incident), cmp.Compare(x.Note, y.Note), slices.Compare(x.Tx.Hash[:], y.Tx.Hash[:]),
		cmp.Compare(x.Source.Title, y.Source.Title), x.Source.Published.Compare(y.Source.Published),
		x.Source.Retrieved.Compare(y.Source.Retrieved), slices.Compare(x.Source.SHA256[:], y.Source.SHA256[:]))
}

// EndKindOf returns the kind of end that a category of the INTERPOL/GraphSense
// taxonomy is to a trace, or "" for a category that does not end one: a claim about a
// person says nothing of where the value goes next.
func EndKindOf(category string) fundtrail.EndKind {
	switch category {
	case "exchange", "hosted_wallet", "payment_processor":
		return fundtrail.EndExchange
	case "mixing_service", "coinjoin":
		return fundtrail.EndMixer
	case "defi_bridge":
		return fundtrail.EndBridge
	case "defi_dex":
		return fundtrail.EndSwap
	case "dark_web", "defi", "defi_derivative", "defi_lending", "gambling", "market", "mining_service", "service", "wallet_service":
		return fundtrail.EndService
	}
	return ""
}

// home reports whether the trace starts at an address.
func (r *run) home(a fundtrail.AddressID) bool {
	return a != fundtrail.NoAddress && (r.sources[a] || r.starts[a])
}
