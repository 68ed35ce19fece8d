package ledger

import (
	"fmt"
	"slices"

	"github.com/fundtrail/fundtrail"
)

// spendLater puts coin transactions of one block, whose places no row tells, behind those
// whose outputs they spend, and changes nothing else of their order.
func (b *Builder) spendLater(order []uint32) {
	type name struct {
		chain uint8
		hash  fundtrail.Hash
	}
	at := map[name]int{} // places in order of transactions that have none in their block
	for n, i := range order {
		if t := b.txs.at(i); t.place == UnknownPlace && coinChain(b.addrs.chains[t.chain]) {
			at[name{t.chain, t.hash}] = n
		}
	}
	after := map[int][]int{} // by whose outputs are spent, in the same block
	waits := map[int]int{}
	for k := range b.spends {
		s := &b.spends[k]
		spender := b.txs.at(b.txs.at(b.rows.at(s.row).tx).order)
		to, unplaced := at[name{spender.chain, spender.hash}]
		from, ok := at[name{s.chain, s.hash}]
		if ok && unplaced && from != to && b.txs.at(order[from]).height == spender.height {
			after[from] = append(after[from], to)
			waits[to]++
		}
	}
	if len(after) == 0 {
		return
	}
	out := make([]uint32, 0, len(order))
	done := make([]bool, len(order))
	for lo := 0; lo < len(order); {
		hi := lo + 1
		for hi < len(order) && b.txs.at(order[hi]).height == b.txs.at(order[lo]).height && b.txs.at(order[hi]).chain == b.txs.at(order[lo]).chain {
			hi++
		}
		// The first that waits for none goes next; what it made can be spent from then on.
		ready := make([]int, 0, hi-lo)
		for n := lo; n < hi; n++ {
			if waits[n] == 0 {
				ready = append(ready, n)
			}
		}
		for len(ready) > 0 {
			n := ready[0]
			ready = ready[1:]
			out, done[n] = append(out, order[n]), true
			for _, to := range after[n] {
				if waits[to]--; waits[to] == 0 {
					k, _ := slices.BinarySearch(ready, to)
					ready = slices.Insert(ready, k, to)
				}
			}
		}
		for n := lo; n < hi; n++ { // a circle cannot be, and link says so
			if !done[n] {
				out = append(out, order[n])
			}
		}
		lo = hi
	}
	copy(order, out)
}

// link ties inputs to the outputs they spend and checks that coin transactions balance.
func (b *Builder) link(m *Memory, perm []uint32) error {
	if !slices.Contains(m.coins, true) {
		return nil
	}
	m.links = make([]uint32, len(m.rows))
	for i := range m.links {
		m.links[i] = noLink
	}
	at := make(map[uint32]int, len(b.spends))
	for i := range b.spends {
		at[b.spends[i].row] = i
	}
	for p, i := range perm {
		if b.rows.at(i).kind != fundtrail.MoveInput {
			continue
		}
		n, ok := at[i]
		if !ok {
			continue
		}
		if err := b.linkInput(m, p, b.rows.at(i), &b.spends[n]); err != nil {
			return err
		}
	}
	return m.checkCoins()
}

func (b *Builder) linkInput(m *Memory, p int, r *buildRow, s *spend) error {
	id := fundtrail.TxID{Chain: b.addrs.chains[s.chain], Hash: s.hash}
	t := b.txs.at(r.tx)
	span, ok := m.FindTx(id)
	out := -1
	for q := span.First; ok && q < span.End; q++ {
		if kind, index := m.decodePlace(int(q)); kind == fundtrail.MoveOutput && index == s.output {
			out = int(q)
		}
	}
	switch {
	case ok && out < 0:
		return fmt.Errorf("%s: transaction %s spends output %d of %s, which has no such output: %w", b.where(t), b.id(t), s.output, id, fundtrail.ErrConflict)
	case out < 0 && b.fillHeld(m, p, s):
		return nil
	case out < 0 && b.amount(r).IsZero():
		return fmt.Errorf("%s: transaction %s spends %s:%d, which no file holds, and does not tell its amount: load the file that has it, or give the input's amount: %w",
			b.where(t), b.id(t), id, s.output, fundtrail.ErrInvalid)
	case out < 0:
		b.keepSpend(m, p, s)
		return nil
	case m.links[out] != noLink:
		return fmt.Errorf("%s: transaction %s spends output %d of %s, which transaction %s spends too: %w",
			b.where(t), b.id(t), s.output, id, m.Transaction(fundtrail.Position(m.links[out])).ID, fundtrail.ErrConflict)
	}
	if out > p {
		mend := "which is in a later block"
		if span.Height == t.height {
			mend = "which comes after it in the block: give both transactions' places in it"
		}
		return b.spendsLater(t, s, mend)
	}
	want := m.amount(out)
	if got := b.amount(r); got.IsZero() {
		m.rows[p].amount = m.rows[out].amount
	} else if got != want {
		return fmt.Errorf("%s: transaction %s spends %s:%d as %s base units, but that output is %s: %w",
			b.where(t), b.id(t), id, s.output, got, want, fundtrail.ErrConflict)
	}
	if m.rows[p].from == (id32{}) {
		m.rows[p].from = m.rows[out].to
	} else if m.rows[out].to == (id32{}) {
		m.rows[out].to = m.rows[p].from
	} else if m.rows[out].to != m.rows[p].from {
		return fmt.Errorf("%s: transaction %s spends output %d of %s as another address than it paid: %w", b.where(t), b.id(t), s.output, id, fundtrail.ErrConflict)
	}
	m.links[p], m.links[out] = uint32(out), uint32(p)
	return nil
}

func (b *Builder) spendsLater(t *buildTx, s *spend, mend string) error {
	return fmt.Errorf("%s: transaction %s spends output %d of %s, %s: %w", b.where(t), b.id(t), s.output,
		fundtrail.TxID{Chain: b.addrs.chains[s.chain], Hash: s.hash}, mend, fundtrail.ErrConflict)
}

// fillHeld gives an input what another ledger knows of the output it spends.
func (b *Builder) fillHeld(m *Memory, p int, s *spend) bool {
	if b.held == nil {
		return false
	}
	payer, amount, ok := b.held(b.spent(s))
	if !ok {
		return false
	}
	b.keepSpend(m, p, s)
	if r := &m.rows[p]; m.amount(p).IsZero() { // otherwise who holds the output compares the two
		r.amount = encode(amount, &m.large)
	}
	if r := &m.rows[p]; r.from == (id32{}) {
		r.from = splitID(uint32(b.Address(payer)))
	}
	return true
}

func (b *Builder) keepSpend(m *Memory, p int, s *spend) {
	if b.keep {
		m.spends = append(m.spends, outsideSpend{uint32(p), b.spent(s)})
	}
}

func (b *Builder) spent(s *spend) fundtrail.TransferOutput {
	id := fundtrail.TxID{Chain: b.addrs.chains[s.chain], Hash: s.hash}
	return fundtrail.TransferOutput{Transfer: fundtrail.TransferID{Tx: id}, Output: s.output}
}

// checkCoins refuses a coin transaction that pays out more than it takes in, unless
// it takes in nothing: that is a coinbase.
func (m *Memory) checkCoins() error {
	for i, c := range m.chains {
		if !m.coins[i] {
			continue
		}
		for p := c.First; p < c.End; {
			span := m.Transaction(p)
			var in, out fundtrail.Amount
			overflow, inputs := false, 0
			for ; p < span.End; p++ {
				kind, _ := m.decodePlace(int(p))
				var over bool
				if kind == fundtrail.MoveInput {
					in, over = in.Add(m.amount(int(p)))
					inputs++
				} else {
					out, over = out.Add(m.amount(int(p)))
				}
				overflow = overflow || over
			}
			if overflow || inputs > 0 && in.Less(out) {
				return fmt.Errorf("transaction %s takes in %s base units and pays out %s: are all its inputs in the files? %w", span.ID, in, out, fundtrail.ErrInvalid)
			}
		}
	}
	return nil
}
