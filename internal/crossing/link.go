package crossing

import (
	"bytes"
	"cmp"
	"slices"

	"github.com/fundtrail/fundtrail"
)

// A Link says that a withdrawal took out a note of one depositor.
type Link struct {
	Method      fundtrail.Method
	Pool        int // index into the pools given
	Withdrawal  int // index into Pool.Withdrawals
	Depositor   Account
	Batch       int // index into the batches given, -1 when the method knows none
	Probability float64
	// AnonymitySet is how many notes the withdrawal could have taken before anything was
	// inferred: the deposits made until then. Own is how many of them are the depositor's.
	AnonymitySet, Own int
}

// Compare orders links by pool, withdrawal, depositor, method and batch.
func (l Link) Compare(m Link) int {
	return cmp.Or(cmp.Compare(l.Pool, m.Pool), cmp.Compare(l.Withdrawal, m.Withdrawal), bytes.Compare(l.Depositor[:], m.Depositor[:]),
		cmp.Compare(l.Method, m.Method), cmp.Compare(l.Batch, m.Batch))
}

// Names and versions of the methods that link by what the two sides share.
const (
	// SameAddressMethod: the recipient is the depositor.
	SameAddressMethod fundtrail.Method = "tornado-same-address/1"
	// GasMethod: the depositor signed, and so paid the gas of, a withdrawal to another.
	GasMethod fundtrail.Method = "tornado-gas/1"
	// TransferMethod: depositor and recipient paid each other outside the mixer.
	TransferMethod fundtrail.Method = "tornado-transfer/1"
	// GasPriceMethod: deposit and withdrawal have the same odd gas price, which one
	// depositor alone used; before EIP-1559.
	GasPriceMethod fundtrail.Method = "tornado-gas-price/1"
	// PortfolioMethod: the recipient took as many notes from each of several pools as the
	// depositor paid in, each side within a day, and nobody else did.
	PortfolioMethod fundtrail.Method = "tornado-portfolio/1"
)

// What each method's link is worth by itself. Same address is certain as long as the
// depositor has notes left; the others were never measured against truth by anyone:
// their values are stated, not measured, and kept below "probable" where they rest on a
// single coincidence.
const (
	oddsSameAddress = 0.99
	oddsGas         = 0.9
	oddsTransfers   = 0.7 // three payments or more
	oddsTransfer    = 0.5 // one or two
	oddsGasPrice    = 0.5
	oddsPortfolio   = 0.5
)

// depositors lists every known sender's deposits in a pool.
func depositors(p *Pool) map[Account][]int {
	by := map[Account][]int{}
	for i := range p.Deposits {
		if s := p.Deposits[i].Sender; !s.IsZero() {
			by[s] = append(by[s], i)
		}
	}
	return by
}

// own returns how many of a depositor's deposits precede withdrawal w.
func (p *Pool) own(deposits []int, w int) int {
	n, _ := slices.BinarySearch(deposits, p.before[w])
	return n
}

// linker adds links under one method, and never more of one depositor's in a pool than
// it has notes there.
type linker struct {
	method fundtrail.Method
	pools  []*Pool
	used   map[linkKey]int
	links  []Link
}

type linkKey struct {
	pool int
	who  Account
}

func newLinker(m fundtrail.Method, pools []*Pool) *linker {
	return &linker{method: m, pools: pools, used: map[linkKey]int{}}
}

// add links a withdrawal unless the depositor's notes of that time are all used. Of one
// depositor withdrawals must come in order.
func (l *linker) add(pool, w int, who Account, deposits []int, probability float64) {
	p := l.pools[pool]
	own := p.own(deposits, w)
	k := linkKey{pool, who}
	if l.used[k] >= own {
		return
	}
	l.used[k]++
	l.links = append(l.links, Link{Method: l.method, Pool: pool, Withdrawal: w, Depositor: who, Batch: -1,
		Probability: probability, AnonymitySet: p.before[w], Own: own})
}

func (l *linker) done() []Link {
	slices.SortFunc(l.links, Link.Compare)
	return l.links
}

// SameAddress links withdrawals to the address that had paid in, as far as its notes go.
func SameAddress(pools []*Pool) []Link {
	l := newLinker(SameAddressMethod, pools)
	for n, p := range pools {
		by := depositors(p)
		for w := range p.Withdrawals {
			to := p.Withdrawals[w].To
			if d := by[to]; d != nil {
				l.add(n, w, to, d, oddsSameAddress)
			}
		}
	}
	return l.done()
}

// A SharedAccount is one that both paid into a pool and took out of it. That it is one
// party's is certain; which notes it took is not, where it withdrew before it is known to
// have paid in or more often.
type SharedAccount struct {
	Pool                  int // index into the pools given
	Account               Account
	Deposits, Withdrawals []int // indexes into the pool's
}

// SharedAccounts lists the accounts on both sides of a pool, by pool and address.
func SharedAccounts(pools []*Pool) []SharedAccount {
	var list []SharedAccount
	for n, p := range pools {
		from := len(list)
		by := depositors(p)
		at := map[Account]int{}
		for w := range p.Withdrawals {
			to := p.Withdrawals[w].To
			if by[to] == nil {
				continue
			}
			i, ok := at[to]
			if !ok {
				i = len(list)
				at[to] = i
				list = append(list, SharedAccount{Pool: n, Account: to, Deposits: by[to]})
			}
			list[i].Withdrawals = append(list[i].Withdrawals, w)
		}
		slices.SortFunc(list[from:], func(a, b SharedAccount) int { return bytes.Compare(a.Account[:], b.Account[:]) })
	}
	return list
}

// GasPaid links withdrawals that a depositor signed for another recipient. An account
// that signed for more than busy recipients is a relayer and links nothing.
func GasPaid(pools []*Pool, busy int) []Link {
	type served struct{ who, to Account }
	seen, count := map[served]bool{}, map[Account]int{}
	for _, p := range pools {
		for i := range p.Withdrawals {
			w := &p.Withdrawals[i]
			if k := (served{w.Sender, w.To}); !w.Sender.IsZero() && w.Sender != w.To && !seen[k] {
				seen[k] = true
				count[w.Sender]++
			}
		}
	}
	l := newLinker(GasMethod, pools)
	for n, p := range pools {
		by := depositors(p)
		for w := range p.Withdrawals {
			x := &p.Withdrawals[w]
			if d := by[x.Sender]; d != nil && !x.Sender.IsZero() && x.Sender != x.To && count[x.Sender] <= busy {
				l.add(n, w, x.Sender, d, oddsGas)
			}
		}
	}
	return l.done()
}

// A Payment is a transfer outside the mixer.
type Payment struct{ From, To Account }

// Transfers links withdrawals to recipients that paid, or were paid by, a depositor
// outside the mixer, whenever that was. An account with more than busy counterparties
// among the payments is a service and links nothing.
func Transfers(pools []*Pool, payments []Payment, busy int) []Link {
	type pair struct{ a, b Account }
	count := map[pair]int{}
	with := map[Account]map[Account]bool{}
	meet := func(a, b Account) {
		if with[a] == nil {
			with[a] = map[Account]bool{}
		}
		with[a][b] = true
	}
	for _, t := range payments {
		if t.From == t.To || t.From.IsZero() || t.To.IsZero() {
			continue
		}
		count[pair{t.From, t.To}]++
		meet(t.From, t.To)
		meet(t.To, t.From)
	}
	partners := map[Account][]Account{}
	for a, set := range with {
		if len(set) > busy {
			continue
		}
		for b := range set {
			if len(with[b]) <= busy {
				partners[a] = append(partners[a], b)
			}
		}
		slices.SortFunc(partners[a], func(x, y Account) int { return bytes.Compare(x[:], y[:]) })
	}
	l := newLinker(TransferMethod, pools)
	for n, p := range pools {
		by := depositors(p)
		for w := range p.Withdrawals {
			to := p.Withdrawals[w].To
			for _, d := range partners[to] {
				if by[d] == nil {
					continue
				}
				odds := oddsTransfer
				if count[pair{d, to}]+count[pair{to, d}] >= 3 {
					odds = oddsTransfers
				}
				l.add(n, w, d, by[d], odds)
			}
		}
	}
	return l.done()
}

// londonBlock is where EIP-1559 began on Ethereum: from there on the protocol sets most
// of the price, and equal prices say nothing.
const londonBlock = 12965000

// GasPrice links withdrawals that their recipient signed at a gas price which is no whole
// number of gwei and which one depositor of the pool alone had used before.
func GasPrice(pools []*Pool) []Link {
	l := newLinker(GasPriceMethod, pools)
	for n, p := range pools {
		by := depositors(p)
		type use struct {
			who  Account
			many bool
		}
		prices := map[uint64]use{}
		d := 0
		for w := range p.Withdrawals {
			for ; d < p.before[w]; d++ {
				x := &p.Deposits[d]
				if x.Sender.IsZero() || x.GasPrice%1_000_000_000 == 0 {
					continue
				}
				u, ok := prices[x.GasPrice]
				prices[x.GasPrice] = use{x.Sender, u.many || ok && u.who != x.Sender}
			}
			x := &p.Withdrawals[w]
			if !x.Fee.IsZero() || x.GasPrice == 0 || p.Name.Chain != fundtrail.Ethereum || x.Block >= londonBlock {
				continue
			}
			if u, ok := prices[x.GasPrice]; ok && !u.many {
				l.add(n, w, u.who, by[u.who], oddsGasPrice)
			}
		}
	}
	return l.done()
}
