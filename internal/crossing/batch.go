package crossing

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"

	"github.com/fundtrail/fundtrail"
)

// BatchMethod links the notes that one depositor paid in at once with a group of fresh
// recipients that took them out soon after. doc/methods-mixers.md states what it assumes.
const BatchMethod fundtrail.Method = "tornado-batch/1"

// A Batch is notes that one depositor paid into one pool close together.
type Batch struct {
	Depositor Account
	Deposits  []int // indexes into Pool.Deposits, ascending
}

// Batches returns the groups of at least least deposits that one of the senders made
// with no more than gap seconds between one and the next, in order of their first
// deposit. With nil senders it takes every known sender.
func Batches(p *Pool, senders map[Account]bool, least int, gap int64) []Batch {
	by := map[Account][]int{}
	for i := range p.Deposits {
		if s := p.Deposits[i].Sender; !s.IsZero() && (senders == nil || senders[s]) {
			by[s] = append(by[s], i)
		}
	}
	var list []Batch
	for s, all := range by {
		for from := 0; from < len(all); {
			to := from + 1
			for to < len(all) && p.Deposits[all[to]].Time-p.Deposits[all[to-1]].Time <= gap {
				to++
			}
			if to-from >= least {
				list = append(list, Batch{s, all[from:to:to]})
			}
			from = to
		}
	}
	slices.SortFunc(list, func(a, b Batch) int {
		return cmp.Or(cmp.Compare(a.Deposits[0], b.Deposits[0]), bytes.Compare(a.Depositor[:], b.Depositor[:]))
	})
	return list
}

// A Recipient is one that [Demix] weighed for a batch.
type Recipient struct {
	Batch       int // index into the batches given
	To          Account
	Withdrawals []int // indexes into Pool.Withdrawals: what it took out in the batch's window
	// Probability is that these withdrawals are the batch's, if the assumptions hold that
	// doc/methods-mixers.md states. How often it is right was measured on held-out cases.
	Probability float64
	// Assigned tells that the best assignment as a whole, in which each withdrawal is used
	// once and no batch pays out more than went in, has it.
	Assigned bool
	score    float64 // log odds before the assignment
	features features
}

// demixWindow is how long after a batch's last deposit its withdrawals are looked for, in
// seconds. Launderers hurry: what is left in the pool longer is not this method's.
const demixWindow = 24 * 3600

// maxBatches bounds the work: it grows with the square of batches whose windows overlap.
const maxBatches = 1000

// Demix finds the recipients of batches in the pool at the given index, all of whose
// batches are held to be one operator's. The other pools of the same chain tell who is
// fresh and, the smallest of them, the price of gas. It returns everything it weighed,
// by batch, then by first withdrawal. Its errors wrap fundtrail.ErrInvalid or
// fundtrail.ErrLimit.
func Demix(pools []*Pool, of int, batches []Batch) ([]Recipient, error) {
	return demix(pools, of, batches, &tuned)
}

func demix(pools []*Pool, of int, batches []Batch, w *weights) ([]Recipient, error) {
	if of < 0 || of >= len(pools) {
		return nil, fmt.Errorf("demix: pool %d of %d: %w", of, len(pools), fundtrail.ErrInvalid)
	}
	if len(batches) > maxBatches {
		return nil, fmt.Errorf("demix: %d batches, the most is %d: they are to be one operator's, ask for fewer senders or larger batches: %w", len(batches), maxBatches, fundtrail.ErrLimit)
	}
	p := pools[of]
	for b := range batches {
		if err := batches[b].check(p); err != nil {
			return nil, fmt.Errorf("demix: batch %d: %w", b, err)
		}
	}
	s := newSearch(pools, of, batches)
	s.score(w)
	s.assign()
	return s.list, nil
}

func (b *Batch) check(p *Pool) error {
	if len(b.Deposits) == 0 {
		return fmt.Errorf("it has no deposits: %w", fundtrail.ErrInvalid)
	}
	for i, d := range b.Deposits {
		if d < 0 || d >= len(p.Deposits) {
			return fmt.Errorf("deposit %d of a pool of %d: %w", d, len(p.Deposits), fundtrail.ErrInvalid)
		}
		if i > 0 && d <= b.Deposits[i-1] {
			return fmt.Errorf("its deposits are not in ascending order: %w", fundtrail.ErrInvalid)
		}
	}
	return nil
}

// A search is one run of Demix.
type search struct {
	pool    *Pool
	batches []Batch
	list    []Recipient // the candidates, by batch and first withdrawal
	span    [][2]int    // by batch: its part of list
	window  [][2]int64  // by batch: the times of its first deposit and of the window's end
	last    []int64     // by batch: the time of its last deposit
	all     map[Account][]int
	first   map[Account]int64 // of each recipient: its first withdrawal from any pool
	prints  []print           // by withdrawal
	back    fingerprint       // of other users
}

func newSearch(pools []*Pool, of int, batches []Batch) *search {
	p := pools[of]
	s := &search{pool: p, batches: batches, all: map[Account][]int{}, first: map[Account]int64{}}
	for i := range p.Withdrawals {
		to := p.Withdrawals[i].To
		s.all[to] = append(s.all[to], i)
	}
	for _, q := range pools {
		if q.Name.Chain != p.Name.Chain {
			continue
		}
		for i := range q.Withdrawals {
			w := &q.Withdrawals[i]
			if at, ok := s.first[w.To]; !ok || w.Time < at {
				s.first[w.To] = w.Time
			}
		}
	}
	for b := range batches {
		d := batches[b].Deposits
		last := p.Deposits[d[len(d)-1]].Time
		s.window = append(s.window, [2]int64{p.Deposits[d[0]].Time, last + demixWindow})
		s.last = append(s.last, last)
	}
	s.readPrints(pools)
	s.candidates()
	return s
}

// candidates lists, for every batch, who took notes out in its window: never more at any
// time than the batch had paid in by then.
func (s *search) candidates() {
	p := s.pool
	for b := range s.batches {
		from := len(s.list)
		lo, _ := slices.BinarySearchFunc(p.Withdrawals, p.Deposits[s.batches[b].Deposits[0]].Block, func(w Withdrawal, block int64) int { return cmp.Compare(w.Block, block) })
		at := map[Account]int{}
		for i := lo; i < len(p.Withdrawals) && p.Withdrawals[i].Time <= s.window[b][1]; i++ {
			to := p.Withdrawals[i].To
			n, ok := at[to]
			if !ok {
				n = len(s.list)
				at[to] = n
				s.list = append(s.list, Recipient{Batch: b, To: to})
			}
			s.list[n].Withdrawals = append(s.list[n].Withdrawals, i)
		}
		kept := s.list[:from]
		for _, r := range s.list[from:] {
			if causal(p, s.batches[b].Deposits, r.Withdrawals) {
				kept = append(kept, r)
			}
		}
		s.list = kept
		s.span = append(s.span, [2]int{from, len(kept)})
	}
}

// causal reports whether the withdrawals, in order, can each take a note of its own that
// was paid in before.
func causal(p *Pool, deposits, withdrawals []int) bool {
	if len(withdrawals) > len(deposits) {
		return false
	}
	for j, w := range withdrawals {
		if p.Deposits[deposits[j]].Block > p.Withdrawals[w].Block {
			return false
		}
	}
	return true
}
