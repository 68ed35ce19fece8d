package ledger

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/fundtrail/fundtrail"
)

// mergeTxs makes one of the rows that tell of the same transaction: the first of
// them gets what the others know, and the others' order field leads to it. It returns
// those firsts, sorted by hash.
func (b *Builder) mergeTxs() ([]uint32, error) {
	perm := b.byHash()
	firsts := perm[:0]
	for lo := 0; lo < len(perm); {
		i := perm[lo]
		first := b.txs.at(i)
		first.order = i
		hi := lo + 1
		for ; hi < len(perm); hi++ {
			t := b.txs.at(perm[hi])
			if t.hash != first.hash || t.chain != first.chain {
				break
			}
			t.order = i
			if err := b.mergeTx(first, t, perm[lo+1:hi]); err != nil {
				return nil, err
			}
		}
		firsts = append(firsts, i)
		lo = hi
	}
	return firsts, nil
}

// mergeTx adds to first what t knows; between are the rows merged into it before.
func (b *Builder) mergeTx(first, t *buildTx, between []uint32) error {
	if t.height != first.height {
		return b.twoStories(first, t, "block", first.height, t.height)
	}
	// What first has may come from another row, which the message should name.
	teller := func(told func(*buildTx) bool) *buildTx {
		for _, i := range between {
			if told(b.txs.at(i)) {
				return b.txs.at(i)
			}
		}
		return first
	}
	if first.place == UnknownPlace {
		first.place = t.place
	} else if t.place != UnknownPlace && t.place != first.place {
		x := teller(func(x *buildTx) bool { return x.place != UnknownPlace })
		return b.twoStories(x, t, "place in the block", first.place, t.place)
	}
	if first.time == UnknownTime {
		first.time = t.time
	} else if t.time != UnknownTime && t.time != first.time {
		x := teller(func(x *buildTx) bool { return x.time != UnknownTime })
		return b.twoStories(x, t, "time", clock(first.time), clock(t.time))
	}
	if first.outcome == OutcomeUnknown {
		first.outcome = t.outcome
	} else if t.outcome != OutcomeUnknown && t.outcome != first.outcome {
		x := teller(func(x *buildTx) bool { return x.outcome != OutcomeUnknown })
		return b.twoStories(x, t, "outcome", first.outcome, t.outcome)
	}
	return nil
}

func (b *Builder) twoStories(x, y *buildTx, what string, vx, vy any) error {
	return fmt.Errorf("transaction %s: %s says its %s is %v, %s says %v: %w",
		b.id(x), b.where(x), what, vx, b.where(y), vy, fundtrail.ErrConflict)
}

// String returns the outcome in a word.
func (o Outcome) String() string {
	switch o {
	case Succeeded:
		return "success"
	case Failed:
		return "failure"
	}
	return "unknown"
}

// fillTimes gives every transaction its block's time, and refuses a block with two.
func (b *Builder) fillTimes(order []uint32) error {
	headers := slices.Clone(b.blocks)
	slices.SortStableFunc(headers, func(x, y blockTime) int { return x.compare(y.blockKey) })
	for i := 1; i < len(headers); i++ {
		if x, y := &headers[i-1], &headers[i]; x.blockKey == y.blockKey && x.time != y.time {
			return b.twoTimes(x, y)
		}
	}
	for lo := 0; lo < len(order); {
		first := b.txs.at(order[lo])
		block := blockTime{blockKey: blockKey{first.chain, first.height}, time: UnknownTime}
		if i, ok := slices.BinarySearchFunc(headers, block.blockKey, blockTime.compare); ok {
			block = headers[i]
		}
		hi := lo
		for ; hi < len(order); hi++ {
			t := b.txs.at(order[hi])
			if t.chain != first.chain || t.height != first.height {
				break
			}
			if t.time == UnknownTime {
				continue
			}
			if block.time == UnknownTime {
				block.time, block.where = t.time, Where{int(t.file), int(t.line)}
			} else if t.time != block.time {
				return b.twoTimes(&block, &blockTime{block.blockKey, t.time, Where{int(t.file), int(t.line)}})
			}
		}
		if block.time == UnknownTime {
			return fmt.Errorf("%s: transaction %s: block %d has no time here: load a file of blocks or of transactions that has it: %w",
				b.where(first), b.id(first), first.height, fundtrail.ErrInvalid)
		}
		for ; lo < hi; lo++ {
			b.txs.at(order[lo]).time = block.time
		}
	}
	return nil
}

func (x blockTime) compare(k blockKey) int {
	return cmp.Or(cmp.Compare(x.chain, k.chain), cmp.Compare(x.height, k.height))
}

func (b *Builder) twoTimes(x, y *blockTime) error {
	return fmt.Errorf("block %d of %s: %s says its time is %s, %s says %s: %w", x.height, b.addrs.chains[x.chain],
		b.source(x.where), clock(x.time), b.source(y.where), clock(y.time), fundtrail.ErrConflict)
}

// mergeRows makes one of the rows that tell of one place, and refuses two that say
// different things of it. What was held to have moved before another row said that
// the transaction failed is dropped.
func (b *Builder) mergeRows(perm, order []uint32) ([]uint32, error) {
	spends := make(map[uint32]spend, len(b.spends))
	for _, s := range b.spends {
		spends[s.row] = s
	}
	out := perm[:0]
	for _, i := range perm {
		r := b.rows.at(i)
		tx := b.txs.at(r.tx).order
		if r.kind == fundtrail.Move && b.txs.at(order[tx]).outcome == Failed {
			continue
		}
		if len(out) > 0 {
			k := out[len(out)-1]
			last := b.rows.at(k)
			if tx == b.txs.at(last.tx).order && r.index == last.index && r.side() == last.side() {
				same := r.from == last.from && r.to == last.to && r.asset == last.asset && b.amount(r) == b.amount(last)
				switch r.kind {
				case fundtrail.MoveInput:
					same = b.mergeInput(spends, k, i)
				case fundtrail.MoveOutput:
					same = b.mergeOutput(last, r)
				}
				if !same {
					return nil, fmt.Errorf("transaction %s, index %d: %s says %s, %s says %s: %w", b.id(b.txs.at(r.tx)), r.index,
						b.where(b.txs.at(last.tx)), b.describe(last), b.where(b.txs.at(r.tx)), b.describe(r), fundtrail.ErrConflict)
				}
				continue
			}
		}
		out = append(out, i)
	}
	b.spends = b.spends[:0]
	for _, i := range out {
		if s, ok := spends[i]; ok {
			b.spends = append(b.spends, s)
		}
	}
	return out, nil
}

// mergeInput gives an input what another telling of it knows, and reports whether
// they agree. An input may leave out its payer and its amount, or what it spends.
func (b *Builder) mergeInput(spends map[uint32]spend, k, i uint32) bool {
	x, y := b.rows.at(k), b.rows.at(i)
	if x.from == 0 {
		x.from = y.from
	}
	if b.amount(x).IsZero() {
		x.amount = y.amount
	}
	sx, okx := spends[k]
	sy, oky := spends[i]
	if oky && !okx {
		sx = sy
		sx.row = k
		spends[k] = sx
	}
	return (y.from == 0 || x.from == y.from) && (b.amount(y).IsZero() || b.amount(x) == b.amount(y)) && x.asset == y.asset &&
		(!oky || sx.chain == sy.chain && sx.hash == sy.hash && sx.output == sy.output)
}

// mergeOutput gives an output the address that another telling of it knows, and reports
// whether they agree. Some programs know an address of a script that names a public key
// itself (P2PK), to others it is nobody's.
func (b *Builder) mergeOutput(x, y *buildRow) bool {
	if x.to == 0 {
		x.to = y.to
	}
	return (y.to == 0 || x.to == y.to) && x.asset == y.asset && b.amount(x) == b.amount(y)
}

// settleFees drops the whole fee of a transaction where its parts are told as well,
// and refuses parts that do not add up to it.
func (b *Builder) settleFees(perm []uint32) ([]uint32, error) {
	out := perm[:0]
	for k := 0; k < len(perm); k++ {
		whole := b.rows.at(perm[k])
		out = append(out, perm[k])
		if whole.index != FeeWhole || whole.kind != fundtrail.MoveFee {
			continue
		}
		tx := b.txs.at(whole.tx).order
		var sum fundtrail.Amount
		parts, agree := 0, true
		for _, i := range perm[k+1:] {
			r := b.rows.at(i)
			if b.txs.at(r.tx).order != tx || r.index > FeePaid {
				break
			}
			var over bool
			sum, over = sum.Add(b.amount(r))
			agree = agree && !over && r.from == whole.from && r.asset == whole.asset
			parts++
		}
		if parts == 0 {
			continue
		}
		if !agree || sum != b.amount(whole) {
			part := b.rows.at(perm[k+1])
			return nil, fmt.Errorf("transaction %s, fee: %s says %s, %s tells %d parts of it that make %s, the first: %s: %w", b.id(b.txs.at(whole.tx)),
				b.where(b.txs.at(whole.tx)), b.describe(whole), b.where(b.txs.at(part.tx)), parts, sum, b.describe(part), fundtrail.ErrConflict)
		}
		out = out[:len(out)-1]
	}
	return out, nil
}

// side orders a coin transaction's inputs before its outputs; the movements of an
// account chain's transaction are all of one side.
func (r *buildRow) side() int {
	if r.kind == fundtrail.MoveOutput {
		return 1
	}
	return 0
}

func (b *Builder) amount(r *buildRow) fundtrail.Amount { return r.amount.decode(b.large) }

func (b *Builder) describe(r *buildRow) string {
	name := func(id uint32) string {
		if id == 0 {
			return "nobody"
		}
		return b.addrs.address(id).String()
	}
	return fmt.Sprintf("%s pays %s %s of %s", name(r.from), name(r.to), b.amount(r), b.assets[r.asset])
}

func clock(unix int64) string { return time.Unix(unix, 0).UTC().Format(time.RFC3339) }
