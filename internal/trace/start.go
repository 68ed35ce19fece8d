package trace

import (
	"cmp"
	"fmt"
	"slices"
	"sort"
	"time"

	"github.com/fundtrail/fundtrail"
)

// stolen is what the trace starts from, in one asset of the ledger.
type stolen struct {
	amount fundtrail.Amount
	thefts []fundtrail.ResolvedTheft
	dust   fundtrail.Amount
}

// A deposit is value that something other than the ledger states: stolen value, whole or
// in part, or a receipt that is clean.
type deposit struct {
	at     fundtrail.Position // it arrives just before this position
	time   int64
	addr   fundtrail.AddressID
	asset  fundtrail.AssetID
	amount fundtrail.Amount
	stolen fundtrail.Amount // of amount
	odds   odds
	told   bool // by a method: claims about the address say whether it ends there
	place  int  // in the run's deposits
}

// start finds the thefts in the ledger.
func (r *run) start() error {
	if len(r.in.Thefts) == 0 {
		return fmt.Errorf("nothing to trace: no theft is given: %w", fundtrail.ErrInvalid)
	}
	for i := range r.in.Thefts {
		if t := &r.in.Thefts[i]; t.Whole {
			if id, ok := r.ledger.AddressID(t.Address); ok {
				r.sources[id] = true
			}
		}
	}
	for i := range r.in.Thefts {
		if err := r.theft(r.in.Thefts[i]); err != nil {
			return err
		}
	}
	if len(r.stolen) == 0 && !r.in.Stated {
		return fmt.Errorf("the ledger holds nothing of what is to be traced (%s): give the files that do: %w", r.in.Subject, fundtrail.ErrNotFound)
	}
	for i := range r.lost {
		id, known := r.ledger.AssetID(r.lost[i].Asset)
		if s := r.stolen[id]; known && s != nil {
			if _, overflow := s.amount.Add(r.lost[i].Amount); overflow {
				return tooMuch(r.lost[i].Asset)
			}
		}
	}
	for _, id := range r.assets() {
		if err := r.defined(r.ledger.Asset(id)); err != nil {
			return err
		}
	}
	for i := range r.lost {
		if err := r.defined(r.lost[i].Asset); err != nil {
			return err
		}
	}
	for id, s := range r.stolen {
		asset := r.ledger.Asset(id)
		if d, ok := r.opt.Dust[asset]; ok {
			s.dust = d
		} else {
			s.dust, _ = s.amount.MulDiv(fundtrail.NewAmount(1), fundtrail.NewAmount(1_000_000))
		}
	}
	if err := r.receipts(); err != nil {
		return err
	}
	slices.SortStableFunc(r.deposits, func(x, y deposit) int { return cmp.Or(cmp.Compare(x.at, y.at), cmp.Compare(x.time, y.time)) })
	for i := range r.deposits {
		d := &r.deposits[i]
		d.place = i
		r.stated[balance{d.addr, d.asset}] = append(r.stated[balance{d.addr, d.asset}], *d)
	}
	for i := range r.lanes {
		l := &r.lanes[i]
		for _, d := range r.deposits {
			if d.at >= l.First && d.at <= l.End && r.ledger.Asset(d.asset).Chain == l.Chain {
				l.deposits = append(l.deposits, d)
			}
		}
	}
	return nil
}

// defined refuses a headline policy that says nothing of an asset.
func (r *run) defined(asset fundtrail.Asset) error {
	if info, _ := asset.Chain.Info(); !r.opt.Policy.On(info.Model) {
		return fmt.Errorf("headline policy %s is not defined on %s, choose another: %w", r.opt.Policy, info.Name, fundtrail.ErrInvalid)
	}
	return nil
}

func (r *run) theft(t fundtrail.Theft) error {
	if t.Whole {
		return r.wholeTheft(t)
	}
	if !t.Amount.IsZero() && t.Amount.Less(t.Carries) {
		return fmt.Errorf("theft of %s out of a payment of %s: a part is no more than the whole: %w", t.Carries, t.Amount, fundtrail.ErrInvalid)
	}
	if !t.Tx.IsZero() {
		if span, ok := r.ledger.FindTx(t.Tx); ok {
			found, err := r.recordedTheft(t, span)
			if found || err != nil {
				return err
			}
		}
	}
	if t.Address.IsZero() || t.Amount.IsZero() {
		if t.Tx.IsZero() {
			return fmt.Errorf("theft without transaction, address or amount: %w", fundtrail.ErrInvalid)
		}
		return fmt.Errorf("the ledger does not hold transaction %s, and nothing states what it moved: give the file that has it: %w", t.Tx, fundtrail.ErrNotFound)
	}
	return r.statedTheft(t)
}

// wholeTheft takes everything an address pays out (backward: all it receives).
func (r *run) wholeTheft(t fundtrail.Theft) error {
	id, ok := r.ledger.AddressID(t.Address)
	if !ok {
		r.notes = append(r.notes, fmt.Sprintf("The ledger holds nothing of %s.", t.Address))
		return nil
	}
	info, _ := t.Address.Chain().Info()
	if info.Model == fundtrail.Coins {
		return r.wholeCoins(t, id)
	}
	l := r.laneOf(t.Address.Chain())
	sums := map[fundtrail.AssetID]fundtrail.Amount{}
	overflow := false
	r.moves(id, func(q fundtrail.Position, m *fundtrail.Movement) bool {
		from, to := m.From, m.To
		if r.back {
			from, to = to, from
		}
		if q < l.lo || q >= l.hi || from != id || m.Kind == fundtrail.MoveFee || m.From == m.To {
			return true
		}
		if !t.Asset.IsZero() && r.ledger.Asset(m.Asset) != t.Asset {
			return true
		}
		if r.want(q); r.sources[to] || r.thefts[q] { // what another theft names is counted
			return true
		}
		r.thefts[q] = true
		sum, over := sums[m.Asset].Add(m.Amount)
		sums[m.Asset], overflow = sum, overflow || over
		return true
	})
	if overflow {
		return fmt.Errorf("what %s pays exceeds 256 bits: name one asset: %w", t.Address, fundtrail.ErrLimit)
	}
	for asset, sum := range sums {
		own := t
		own.Asset, own.Amount = r.ledger.Asset(asset), sum
		if err := r.steal(asset, sum, fundtrail.ResolvedTheft{Theft: own, Basis: "address"}); err != nil {
			return err
		}
	}
	if len(sums) == 0 {
		r.notes = append(r.notes, fmt.Sprintf("%s pays nothing in the part of the ledger that was asked for.", t.Address))
	}
	return nil
}

// recordedTheft looks in a transaction for what the theft states. It reports whether
// it found it; a transaction that moved less to the stated address is a contradiction.
func (r *run) recordedTheft(t fundtrail.Theft, span fundtrail.Span) (bool, error) {
	info, _ := t.Tx.Chain.Info()
	coins := info.Model == fundtrail.Coins
	pays := map[fundtrail.AddressID]map[fundtrail.AssetID]bool{}
	var all []fundtrail.Position
	var m fundtrail.Movement
	for p := span.First; p < span.End; p++ {
		r.ledger.Movement(p, &m)
		if m.Kind == fundtrail.MoveFee || m.Kind == fundtrail.MoveInput {
			continue
		}
		all = append(all, p)
		if pays[m.From] == nil {
			pays[m.From] = map[fundtrail.AssetID]bool{}
		}
		pays[m.From][m.Asset] = true
	}
	var fits, ends []fundtrail.Position
	for _, p := range all {
		r.ledger.Movement(p, &m)
		o := r.ledger.Output(p)
		index := o.Transfer.Index
		if coins {
			index = o.Output
		}
		if t.HasIndex && index != t.Index ||
			!t.Address.IsZero() && r.ledger.Address(m.To) != t.Address ||
			!t.Asset.IsZero() && r.ledger.Asset(m.Asset) != t.Asset ||
			!t.Amount.IsZero() && m.Amount != t.Amount {
			continue
		}
		fits = append(fits, p)
		// Value that goes on within the transaction is counted where it comes to rest.
		if coins || !pays[m.To][m.Asset] {
			ends = append(ends, p)
		}
	}
	if len(ends) > 0 && !t.HasIndex {
		fits = ends
	}
	if len(fits) == 0 {
		if t.HasIndex {
			return false, fmt.Errorf("transaction %s has no transfer %d that fits the theft: %w", t.Tx, t.Index, fundtrail.ErrConflict)
		}
		return false, nil
	}
	if !t.Amount.IsZero() {
		// Two thefts that are alike are two records, where the transaction has them.
		fits = fits[max(0, slices.IndexFunc(fits, func(p fundtrail.Position) bool { return !r.thefts[p] })):][:1]
	}
	for _, p := range fits {
		r.ledger.Movement(p, &m)
		if r.thefts[p] || m.Amount.IsZero() { // an output may hold nothing
			continue
		}
		if m.Amount.Less(t.Carries) {
			return false, fmt.Errorf("theft of %s of %s: the ledger's record moves %s: %w", t.Carries, r.ledger.Output(p), m.Amount, fundtrail.ErrConflict)
		}
		if l := r.lane(p); p < l.lo || p >= l.hi {
			r.notes = append(r.notes, fmt.Sprintf("The theft %s lies outside the time that was asked for.", r.ledger.Output(p)))
			continue
		}
		r.thefts[p] = true
		r.starts[m.To] = true
		own := t
		own.Address, own.Asset, own.Amount = r.address(m.To), r.ledger.Asset(m.Asset), m.Amount
		if own.Stolen() != m.Amount {
			r.shares[p] = own.Stolen()
		}
		if o := oddsOf(&t); o != sure {
			r.odds[p] = o
		}
		if coins {
			r.stolenCoin(p, &m)
		} else {
			r.want(p)
		}
		if err := r.steal(m.Asset, own.Stolen(), fundtrail.ResolvedTheft{Theft: own, Record: r.ledger.Output(p), Basis: "ledger"}); err != nil {
			return true, err
		}
	}
	return true, nil
}

// statedTheft takes a source's word for value that no ledger record shows.
func (r *run) statedTheft(t fundtrail.Theft) error {
	if !t.StandsAs.IsZero() {
		t.Asset = t.StandsAs
	}
	resolved := fundtrail.ResolvedTheft{Theft: t, Basis: "record"}
	addr, ok := r.ledger.AddressID(t.Address)
	asset, known := r.ledger.AssetID(t.Asset)
	if info, _ := t.Asset.Chain.Info(); !ok || !known || r.back || info.Model == fundtrail.Coins {
		return r.lose(t, resolved)
	}
	at, when := r.placeOf(t.Asset.Chain, t.Time, t.Height), t.Time.Unix()
	if span, ok := r.ledger.FindTx(t.Tx); ok {
		at, when = span.End, span.Time
	}
	if !r.opt.Since.IsZero() && when < r.opt.Since.Unix() || !r.opt.Until.IsZero() && when > r.opt.Until.Unix() {
		r.notes = append(r.notes, fmt.Sprintf("The theft that is stated at %s lies outside the time that was asked for.", t.Address))
		return nil
	}
	r.starts[addr] = true
	r.deposits = append(r.deposits, deposit{at: at, time: r.until(t.Asset.Chain, when), addr: addr, asset: asset, amount: t.Amount, stolen: t.Stolen(), odds: oddsOf(&t), told: t.Probability > 0})
	return r.steal(asset, t.Stolen(), resolved)
}

// receipts adds the clean value that the ledger lacks, of addresses that it knows.
func (r *run) receipts() error {
	if r.back {
		return nil
	}
	held := map[fundtrail.Position]bool{} // records that a receipt tells of
	for i := range r.in.Receipts {
		c := &r.in.Receipts[i]
		addr, ok := r.ledger.AddressID(c.Address)
		asset, known := r.ledger.AssetID(c.Asset)
		if info, _ := c.Asset.Chain.Info(); !ok || !known || info.Model == fundtrail.Coins {
			continue
		}
		at, when := r.placeOf(c.Asset.Chain, c.Time, c.Height), c.Time.Unix()
		span, found := r.ledger.FindTx(c.Tx)
		if !found && c.Time.IsZero() {
			return fmt.Errorf("receipt of %s %s at %s: the ledger does not hold its transaction, and its time is not told: %w", c.Amount, c.Asset, c.Address, fundtrail.ErrInvalid)
		}
		if found {
			if r.holds(span, addr, asset, c.Amount, held) {
				continue
			}
			at, when = span.End, span.Time
		}
		if !r.opt.Until.IsZero() && when > r.opt.Until.Unix() {
			continue
		}
		// What came before Since is in balances all the same.
		r.deposits = append(r.deposits, deposit{at: at, time: r.until(c.Asset.Chain, when), addr: addr, asset: asset, amount: c.Amount})
	}
	return nil
}

// placeOf is where in the ledger something comes in that is stated: before what its block
// holds, or where the block is not told, or the ledger tells no blocks, before its time.
func (r *run) placeOf(c fundtrail.Chain, at time.Time, height int64) fundtrail.Position {
	byTime := r.ledger.Seek(c, at.Unix())
	l := r.laneOf(c)
	if height == 0 || r.ledger.Transaction(l.End-1).Height < height {
		return byTime
	}
	n := sort.Search(int(l.End-l.First), func(i int) bool { return r.ledger.Transaction(l.First+fundtrail.Position(i)).Height >= height })
	return l.First + fundtrail.Position(n)
}

// until is a stated time, or that of the chain's last block where it lies beyond.
func (r *run) until(c fundtrail.Chain, when int64) int64 {
	return min(when, r.time(r.laneOf(c).End-1))
}

// holds reports whether a transaction has a record of a payment that neither a theft nor
// an earlier receipt is about, and notes it.
func (r *run) holds(span fundtrail.Span, to fundtrail.AddressID, asset fundtrail.AssetID, amount fundtrail.Amount, held map[fundtrail.Position]bool) bool {
	var m fundtrail.Movement
	for p := span.First; p < span.End; p++ {
		r.ledger.Movement(p, &m)
		if m.To == to && m.Asset == asset && m.Amount == amount && m.Kind != fundtrail.MoveFee && !r.thefts[p] && !held[p] {
			held[p] = true
			return true
		}
	}
	return false
}

// lose keeps a theft that the ledger cannot follow: it is stolen, and it ends at once.
func (r *run) lose(t fundtrail.Theft, resolved fundtrail.ResolvedTheft) error {
	for i := range r.lost {
		if s := &r.lost[i]; s.Asset == t.Asset {
			var overflow bool
			if s.Amount, overflow = s.Amount.Add(t.Stolen()); overflow {
				return tooMuch(t.Asset)
			}
			s.Thefts = append(s.Thefts, resolved)
			return nil
		}
	}
	r.lost = append(r.lost, fundtrail.Stolen{Asset: t.Asset, Amount: t.Stolen(), Thefts: []fundtrail.ResolvedTheft{resolved}})
	return nil
}

func tooMuch(asset fundtrail.Asset) error {
	return fmt.Errorf("the thefts of %s exceed 256 bits together: %w", asset, fundtrail.ErrLimit)
}

func (r *run) steal(asset fundtrail.AssetID, amount fundtrail.Amount, t fundtrail.ResolvedTheft) error {
	s := r.stolen[asset]
	if s == nil {
		s = &stolen{}
		r.stolen[asset] = s
	}
	var overflow bool
	if s.amount, overflow = s.amount.Add(amount); overflow {
		return tooMuch(r.ledger.Asset(asset))
	}
	s.thefts = append(s.thefts, t)
	return nil
}

// deposit brings what is stated to its address.
func (r *run) deposit(d deposit) error {
	r.now = d.place
	if d.stolen.IsZero() {
		return r.receiveClean(d.at, d.addr, d.asset, d.amount)
	}
	pc := &r.parcel
	pc.partly(d.amount, d.stolen, fundtrail.Accounts)
	pc.node, pc.depth = r.sourceOf(d.amount, d.stolen), -1
	var v verdict
	if d.told {
		v = r.verdict(d.addr, d.asset, fundtrail.Move, pc)
	}
	if v.kind == "" {
		i, why, err := r.follow(d.addr, d.asset, d.at, d.at, pc)
		if err != nil {
			return err
		}
		if i >= 0 {
			return r.into(i, d.at, d.time, pc)
		}
		v = why
	}
	end := r.end(v, d.addr, d.asset)
	r.stopped = append(r.stopped, stop{d, end})
	r.ends[end].add(&event{time: d.time, amount: d.amount, taint: pc.taint, widened: pc.widened}, r.opt.Policy)
	r.graph.edge(pc.node, r.ends[end].node, d.stolen, fundtrail.Amount{}, d.stolen)
	return nil
}

// sourceOf is where stolen value comes from in the flow graph: of a record that is stolen
// only in part, a node that no more than that part can leave.
func (r *run) sourceOf(amount, stolen fundtrail.Amount) int32 {
	if amount == stolen {
		return sourceNode
	}
	n := r.graph.node()
	r.graph.edge(sourceNode, n, stolen, fundtrail.Amount{}, stolen)
	return n
}

// stolenAt is how much of a theft's record is stolen.
func (r *run) stolenAt(p fundtrail.Position, amount fundtrail.Amount) fundtrail.Amount {
	if share, ok := r.shares[p]; ok {
		return share
	}
	return amount
}

// A stop is a stated theft that ended where it arrived.
type stop struct {
	deposit
	end int32
}

// depositsTo returns what is stated of one asset at one address, in order.
func (r *run) depositsTo(a fundtrail.AddressID, asset fundtrail.AssetID) []deposit {
	return r.stated[balance{a, asset}]
}

func (r *run) dust(asset fundtrail.AssetID) fundtrail.Amount {
	if s := r.stolen[asset]; s != nil {
		return s.dust
	}
	return fundtrail.Amount{}
}

func (r *run) laneOf(c fundtrail.Chain) *lane {
	for i := range r.lanes {
		if r.lanes[i].Chain == c {
			return &r.lanes[i]
		}
	}
	return nil
}
