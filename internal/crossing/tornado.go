package crossing

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"sort"

	"github.com/fundtrail/fundtrail"
)

// TornadoProtocol is how the mixer is called in what is concluded about it.
const TornadoProtocol = "tornado-cash"

// An Account is the 20 bytes of an address of an EVM chain. The zero Account is none:
// an event that does not tell.
type Account [20]byte

// IsZero reports whether the account is not told.
func (a Account) IsZero() bool { return a == Account{} }

// On returns the account as an address of a chain of the EVM family.
func (a Account) On(c fundtrail.Chain) fundtrail.Address { return fundtrail.EVMAddress(c, a) }

// A Deposit is a note paid into a pool. Leaf and Tx are the ledger's; Time is Unix
// seconds of its block, 0 when not told.
type Deposit struct {
	Leaf     int
	Block    int64
	Time     int64
	Tx       fundtrail.Hash
	Sender   Account // who paid, where known: the event does not tell
	GasPrice uint64  // of the transaction in wei, 0 where not known
}

// A Withdrawal is a note taken out of a pool. What To received is the pool's
// denomination less Fee, which the relayer kept.
type Withdrawal struct {
	Block     int64
	Time      int64 // Unix seconds; the event does not tell, see [NewPool]
	Tx        fundtrail.Hash
	Nullifier fundtrail.Hash
	To        Account
	Fee       fundtrail.Amount
	Sender    Account // who signed the transaction, where known: a relayer or the user
	GasPrice  uint64  // of the transaction in wei, 0 where not known
}

// Events are what a pool's contract emitted.
type Events struct {
	Deposits    []Deposit
	Withdrawals []Withdrawal
}

// A PoolName says which pool: chain, asset and denomination in whole coins.
type PoolName struct {
	Chain  fundtrail.Chain
	Symbol string // "eth", "dai"
	Unit   string // "0.1", "100"
}

// String returns a name such as "eth 100 eth" or "bsc 0.1 bnb".
func (n PoolName) String() string { return string(n.Chain) + " " + n.Unit + " " + n.Symbol }

// Compare orders pools by chain, symbol and denomination.
func (n PoolName) Compare(m PoolName) int {
	return cmp.Or(cmp.Compare(n.Chain, m.Chain), cmp.Compare(n.Symbol, m.Symbol),
		cmp.Compare(len(whole(n.Unit)), len(whole(m.Unit))), cmp.Compare(n.Unit, m.Unit))
}

// whole returns the digits before the point, so that longer means more.
func whole(unit string) string {
	if i := bytes.IndexByte([]byte(unit), '.'); i >= 0 {
		return unit[:i]
	}
	return unit
}

// decimals of the assets that Tornado Cash has pools for; the contracts' own figures.
var decimals = map[string]int{
	"eth": 18, "bnb": 18, "matic": 18, "avax": 18, "xdai": 18, "dai": 18,
	"cdai": 8, "usdc": 6, "usdt": 6, "wbtc": 8,
}

// Decimals returns how many decimals the pool's asset has, 0 where that is not known.
func (n PoolName) Decimals() int { return decimals[n.Symbol] }

// Denomination returns what one note is worth in base units. Its errors wrap
// fundtrail.ErrInvalid.
func (n PoolName) Denomination() (fundtrail.Amount, error) {
	d, ok := decimals[n.Symbol]
	if !ok {
		return fundtrail.Amount{}, fmt.Errorf("pool %s: the decimals of %q are not known: add the asset to the table in internal/crossing: %w", n, n.Symbol, fundtrail.ErrInvalid)
	}
	a, err := fundtrail.ParseDecimal(n.Unit, d)
	if err == nil && a.IsZero() {
		err = fundtrail.ErrInvalid
	}
	if err != nil {
		return a, fmt.Errorf("pool %s: the denomination %q is no amount: %w", n, n.Unit, err)
	}
	return a, nil
}

// A Pool is one pool's history in order: deposits by leaf, withdrawals by block. Make
// one with [NewPool].
type Pool struct {
	Name        PoolName
	Note        fundtrail.Amount // what a note is worth, in base units
	Deposits    []Deposit
	Withdrawals []Withdrawal
	// Missing is how many leaves below the last are not among the deposits.
	Missing int
	// Overdrawn is the most by which withdrawals ever exceeded deposits: not 0 only when
	// deposits are missing.
	Overdrawn int
	// before[i] is how many deposits precede withdrawal i.
	before []int
}

// NewPool puts a pool's events in order, makes one of events met twice and gives
// withdrawals the time of their block, interpolated between the deposits of all the
// pools of the chain that clock holds (see [NewClock]); a withdrawal outside them gets
// the time at the clock's own pace. The order of events does not matter. Contradicting
// events (two deposits of one leaf, one nullifier spent twice) are refused with an error
// that wraps fundtrail.ErrConflict.
func NewPool(name PoolName, ev Events, clock *Clock) (*Pool, error) {
	note, err := name.Denomination()
	if err != nil {
		return nil, err
	}
	p := &Pool{Name: name, Note: note, Deposits: slices.Clone(ev.Deposits), Withdrawals: slices.Clone(ev.Withdrawals)}
	slices.SortFunc(p.Deposits, func(a, b Deposit) int {
		return cmp.Or(cmp.Compare(a.Leaf, b.Leaf), cmp.Compare(a.Block, b.Block), bytes.Compare(a.Tx[:], b.Tx[:]), bytes.Compare(a.Sender[:], b.Sender[:]))
	})
	slices.SortFunc(p.Withdrawals, func(a, b Withdrawal) int {
		return cmp.Or(cmp.Compare(a.Block, b.Block), bytes.Compare(a.Tx[:], b.Tx[:]), bytes.Compare(a.Nullifier[:], b.Nullifier[:]),
			bytes.Compare(a.To[:], b.To[:]), a.Fee.Cmp(b.Fee))
	})
	if err := p.mergeDeposits(); err != nil {
		return nil, err
	}
	if err := p.mergeWithdrawals(); err != nil {
		return nil, err
	}
	for i := range p.Withdrawals {
		if w := &p.Withdrawals[i]; w.Time == 0 && clock != nil {
			w.Time = clock.At(w.Block)
		}
	}
	p.account()
	return p, nil
}

func (p *Pool) mergeDeposits() error {
	kept := p.Deposits[:0]
	for _, d := range p.Deposits {
		if d.Leaf < 0 || d.Block < 0 {
			return fmt.Errorf("pool %s: deposit %x: leaf %d in block %d: neither can be negative: %w", p.Name, d.Tx[:4], d.Leaf, d.Block, fundtrail.ErrInvalid)
		}
		if n := len(kept); n > 0 {
			last := &kept[n-1]
			if last.Leaf == d.Leaf {
				if last.Block != d.Block || last.Tx != d.Tx {
					return fmt.Errorf("pool %s: leaf %d was deposited in block %d and again in block %d: the files are of different pools, or one is damaged: %w",
						p.Name, d.Leaf, last.Block, d.Block, fundtrail.ErrConflict)
				}
				if last.Sender.IsZero() {
					last.Sender = d.Sender
				} else if !d.Sender.IsZero() && d.Sender != last.Sender {
					return fmt.Errorf("pool %s: leaf %d has two senders, %x and %x: %w", p.Name, d.Leaf, last.Sender, d.Sender, fundtrail.ErrConflict)
				}
				last.Time, last.GasPrice = max(last.Time, d.Time), max(last.GasPrice, d.GasPrice)
				continue
			}
			if last.Block > d.Block {
				return fmt.Errorf("pool %s: leaf %d is of block %d and leaf %d of block %d: leaves are numbered in order: %w",
					p.Name, last.Leaf, last.Block, d.Leaf, d.Block, fundtrail.ErrConflict)
			}
		}
		kept = append(kept, d)
	}
	p.Deposits = kept
	if n := len(kept); n > 0 {
		p.Missing = kept[n-1].Leaf + 1 - n
	}
	return nil
}

func (p *Pool) mergeWithdrawals() error {
	spent := make(map[fundtrail.Hash]int, len(p.Withdrawals))
	kept := p.Withdrawals[:0]
	for _, w := range p.Withdrawals {
		if w.Block < 0 {
			return fmt.Errorf("pool %s: withdrawal %x: block %d cannot be negative: %w", p.Name, w.Tx[:4], w.Block, fundtrail.ErrInvalid)
		}
		if w.Nullifier != (fundtrail.Hash{}) {
			if i, ok := spent[w.Nullifier]; ok {
				if o := &kept[i]; o.Tx != w.Tx || o.To != w.To || o.Fee != w.Fee {
					return fmt.Errorf("pool %s: nullifier %x was spent in block %d and again in block %d: a note is spent once: %w",
						p.Name, w.Nullifier[:4], o.Block, w.Block, fundtrail.ErrConflict)
				}
				continue
			}
			spent[w.Nullifier] = len(kept)
		}
		kept = append(kept, w)
	}
	p.Withdrawals = kept
	return nil
}

// NewPools makes every pool of a mixer, each by the clock of its chain, in order of name.
func NewPools(events map[PoolName]Events) ([]*Pool, error) {
	var names []PoolName
	chains := map[fundtrail.Chain][]Events{}
	for name, e := range events {
		names = append(names, name)
		chains[name.Chain] = append(chains[name.Chain], e)
	}
	slices.SortFunc(names, PoolName.Compare)
	clocks := map[fundtrail.Chain]*Clock{}
	for c, list := range chains {
		clocks[c] = NewClock(list...)
	}
	var pools []*Pool
	for _, name := range names {
		p, err := NewPool(name, events[name], clocks[name.Chain])
		if err != nil {
			return nil, err
		}
		pools = append(pools, p)
	}
	return pools, nil
}

// A Clock tells the time of a chain's blocks from those whose time is known.
type Clock struct {
	blocks []int64
	times  []int64
}

// NewClock makes a clock of the deposits of all pools of one chain.
func NewClock(pools ...Events) *Clock {
	type tick struct{ block, time int64 }
	n := 0
	for i := range pools {
		n += len(pools[i].Deposits)
	}
	ticks := make([]tick, 0, n)
	for i := range pools {
		for _, d := range pools[i].Deposits {
			if d.Time > 0 {
				ticks = append(ticks, tick{d.Block, d.Time})
			}
		}
	}
	slices.SortFunc(ticks, func(a, b tick) int { return cmp.Or(cmp.Compare(a.block, b.block), cmp.Compare(a.time, b.time)) })
	c := &Clock{}
	for _, t := range ticks {
		// A block has one time; a time that steps back would make order depend on it.
		if n := len(c.blocks); n > 0 && (c.blocks[n-1] == t.block || c.times[n-1] > t.time) {
			continue
		}
		c.blocks, c.times = append(c.blocks, t.block), append(c.times, t.time)
	}
	return c
}

// At returns the time of a block in Unix seconds: a known one, or interpolated, or
// beyond the known ones at their average pace. It returns 0 when no block is known.
func (c *Clock) At(block int64) int64 {
	n := len(c.blocks)
	if n == 0 {
		return 0
	}
	i := sort.Search(n, func(i int) bool { return c.blocks[i] >= block })
	if i < n && c.blocks[i] == block {
		return c.times[i]
	}
	lo, hi := i-1, i
	from := lo
	if i == 0 || i == n {
		if lo, hi, from = 0, n-1, 0; i == n {
			from = n - 1
		}
	}
	db, dt := c.blocks[hi]-c.blocks[lo], c.times[hi]-c.times[lo]
	if db == 0 {
		return c.times[from]
	}
	return c.times[from] + int64(float64(block-c.blocks[from])*float64(dt)/float64(db))
}
