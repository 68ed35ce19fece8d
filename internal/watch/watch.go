// Package watch derives from a ledger what watched addresses moved, up to a named cursor:
// brought forward as the ledger grows, taken back to the fork where blocks were replaced,
// and made anew where facts came below it. What comes of it is always what making it anew
// would give.
//
// A cursor and what hangs on it stand in one file, which is replaced as a whole, so that
// neither is ever ahead of the other. It is no part of the ledger: whoever derives needs no
// lock of the ledger, and goes on while blocks come.
package watch

import (
	"cmp"
	"fmt"
	"slices"
	"sort"

	"github.com/fundtrail/fundtrail"
)

// Method is how moves are derived; a book of another one is made anew.
const Method fundtrail.Method = "watch/1"

// A Ledger tells its blocks too.
type Ledger interface {
	fundtrail.Ledger
	Tip(fundtrail.Chain) (fundtrail.Block, bool)
	Block(chain fundtrail.Chain, height int64) (fundtrail.Block, bool)
}

// A Book is what is watched, and what it moved up to the cursors.
type Book struct {
	Name    string           `json:"name"`
	Method  fundtrail.Method `json:"method"`
	Watched []Subject        `json:"watched"`
	Cursors []Cursor         `json:"cursors"` // a chain each
	Moves   []Move           `json:"moves"`   // in the order of the ledger
}

// A Subject is an address that is watched.
type Subject struct {
	Chain   fundtrail.Chain `json:"chain"`
	Address string          `json:"address"`
}

// A Cursor says up to which block of a chain something was derived.
type Cursor struct {
	Chain fundtrail.Chain `json:"chain"`
	// Marks are blocks, the newest first, further and further apart: where the newest was
	// replaced, the first of the others that still stands is gone back to.
	Marks []Mark `json:"marks"`
}

// A Mark is a block as it was.
type Mark struct {
	Height    int64  `json:"height"`
	Hash      string `json:"hash"`      // zero where the ledger was not told
	Movements uint64 `json:"movements"` // of the chain up to it: facts that come later below it show
}

// A Move is a movement that has a watched address on a side.
type Move struct {
	Chain  fundtrail.Chain  `json:"chain"`
	Height int64            `json:"height"`
	Time   int64            `json:"time"` // Unix seconds
	Record string           `json:"record"`
	Kind   string           `json:"kind"`
	From   string           `json:"from,omitempty"`
	To     string           `json:"to,omitempty"`
	Asset  string           `json:"asset"`
	Amount fundtrail.Amount `json:"amount"` // base units
}

// A Change is what bringing a book forward did to it.
type Change struct {
	Added, Gone []Move // Gone are those of blocks that were replaced
	// Back are chains whose cursor went back, with the height that it went back to; -1 where
	// all was made anew.
	Back map[fundtrail.Chain]int64
}

// New makes an empty book.
func New(name string, watched []fundtrail.Address) (*Book, error) {
	b := &Book{Name: name, Method: Method}
	return b, b.Watch(watched)
}

// Watch changes which addresses are watched. Where they are others, all is looked at again
// when the book is next brought forward; what was told of those that stay is not told as new.
func (b *Book) Watch(addresses []fundtrail.Address) error {
	var list []Subject
	for _, a := range addresses {
		list = append(list, Subject{a.Chain(), a.String()})
	}
	slices.SortFunc(list, compareSubjects)
	list = slices.Compact(list)
	if len(list) == 0 {
		return fmt.Errorf("watch %q: no address is given: %w", b.Name, fundtrail.ErrInvalid)
	}
	if slices.Equal(list, b.Watched) {
		return nil
	}
	b.Watched, b.Cursors = list, nil
	b.Moves = slices.DeleteFunc(b.Moves, func(m Move) bool {
		return !slices.Contains(list, Subject{m.Chain, m.From}) && !slices.Contains(list, Subject{m.Chain, m.To})
	})
	return nil
}

func compareSubjects(x, y Subject) int {
	return cmp.Or(cmp.Compare(x.Chain, y.Chain), cmp.Compare(x.Address, y.Address))
}

// Bring brings a book up to a ledger's newest blocks.
func (b *Book) Bring(l Ledger) (Change, error) {
	change := Change{Back: map[fundtrail.Chain]int64{}}
	var cursors []Cursor
	var moves []Move
	for lo := 0; lo < len(b.Watched); {
		hi := lo
		for hi < len(b.Watched) && b.Watched[hi].Chain == b.Watched[lo].Chain {
			hi++
		}
		chain := b.Watched[lo].Chain
		kept, dropped, stands := b.standing(l, chain)
		if len(dropped) > 0 || stands.Height < b.height(chain) {
			change.Back[chain] = stands.Height
		}
		found, err := find(l, chain, b.Watched[lo:hi], stands)
		if err != nil {
			return Change{}, err
		}
		change.Gone = append(change.Gone, without(dropped, found)...)
		change.Added = append(change.Added, without(found, dropped)...)
		moves = append(append(moves, kept...), found...)
		if c := cursorAt(l, chain); len(c.Marks) > 0 {
			cursors = append(cursors, c)
		}
		lo = hi
	}
	if err := l.Err(); err != nil {
		return Change{}, err
	}
	b.Method, b.Cursors, b.Moves = Method, cursors, moves
	return change, nil
}

// Heights are up to which block of each chain the book is derived.
func (b *Book) Heights() map[fundtrail.Chain]int64 {
	out := map[fundtrail.Chain]int64{}
	for _, c := range b.Cursors {
		out[c.Chain] = c.Marks[0].Height
	}
	return out
}

func (b *Book) height(chain fundtrail.Chain) int64 {
	if h, ok := b.Heights()[chain]; ok {
		return h
	}
	return -1
}

// standing splits a chain's moves at the newest mark that still stands.
func (b *Book) standing(l Ledger, chain fundtrail.Chain) (kept, dropped []Move, at Mark) {
	at.Height = -1
	for _, c := range b.Cursors {
		for _, m := range c.Marks {
			if c.Chain == chain && at.Height < 0 && b.Method == Method && m.stands(l, chain) {
				at = m
			}
		}
	}
	for _, m := range b.Moves {
		switch {
		case m.Chain != chain:
		case m.Height <= at.Height:
			kept = append(kept, m)
		default:
			dropped = append(dropped, m)
		}
	}
	return kept, dropped, at
}

// stands reports whether a block is still what it was, and all below it.
func (m *Mark) stands(l Ledger, chain fundtrail.Chain) bool {
	block, ok := l.Block(chain, m.Height)
	return ok && hashText(block) == m.Hash && upTo(l, chain, m.Height) == m.Movements
}

func hashText(b fundtrail.Block) string { return fmt.Sprintf("%x", b.Hash) }

// upTo counts a chain's movements up to a block.
func upTo(l Ledger, chain fundtrail.Chain, height int64) uint64 {
	for _, c := range l.Chains() {
		if c.Chain == chain {
			return uint64(sort.Search(int(c.End-c.First), func(i int) bool { return l.Transaction(c.First+fundtrail.Position(i)).Height > height }))
		}
	}
	return 0
}

// cursorAt is a cursor at a ledger's newest block.
func cursorAt(l Ledger, chain fundtrail.Chain) Cursor {
	c := Cursor{Chain: chain}
	tip, ok := l.Tip(chain)
	if !ok {
		return c
	}
	for step := int64(0); step <= tip.Height; step = max(1, 2*step) {
		if b, ok := l.Block(chain, tip.Height-step); ok {
			c.Marks = append(c.Marks, Mark{b.Height, hashText(b), upTo(l, chain, b.Height)})
		}
	}
	return c
}

// find reads what addresses of a chain moved above a mark.
func find(l Ledger, chain fundtrail.Chain, watched []Subject, above Mark) (out []Move, err error) {
	var first fundtrail.Position
	for _, c := range l.Chains() {
		if c.Chain == chain {
			first = c.First
		}
	}
	var at []fundtrail.Position
	page := make([]fundtrail.Position, 0, 256)
	for _, s := range watched {
		a, err := fundtrail.ParseAddress(chain, s.Address)
		if err != nil {
			return nil, err
		}
		id, ok := l.AddressID(a)
		if !ok {
			continue
		}
		for from := first + fundtrail.Position(above.Movements); ; from = page[len(page)-1] + 1 {
			page = l.Moves(id, from, false, page)
			at = append(at, page...)
			if len(page) < cap(page) {
				break
			}
		}
	}
	slices.Sort(at)
	for _, p := range slices.Compact(at) {
		out = append(out, moveAt(l, chain, p))
	}
	return out, nil
}

var kindNames = map[fundtrail.MoveKind]string{fundtrail.Move: "transfer", fundtrail.MoveFee: "fee", fundtrail.MoveInput: "input", fundtrail.MoveOutput: "output"}

func moveAt(l Ledger, chain fundtrail.Chain, p fundtrail.Position) Move {
	var m fundtrail.Movement
	l.Movement(p, &m)
	x := l.Transaction(p)
	return Move{Chain: chain, Height: x.Height, Time: x.Time, Record: l.Output(p).String(), Kind: kindNames[m.Kind],
		From: l.Address(m.From).String(), To: l.Address(m.To).String(), Asset: l.Asset(m.Asset).String(), Amount: m.Amount}
}

// without returns the moves of a list that are not in another. The same record in another
// block is the same to who watches.
func without(list, other []Move) (out []Move) {
	held := map[Move]bool{}
	for _, m := range other {
		m.Height, m.Time = 0, 0
		held[m] = true
	}
	for _, m := range list {
		key := m
		if key.Height, key.Time = 0, 0; !held[key] {
			out = append(out, m)
		}
	}
	return out
}
