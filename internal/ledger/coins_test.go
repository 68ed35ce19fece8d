package ledger

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/ledgertest"
)

func coinTx(height int64, place uint32) Tx {
	return Tx{Chain: fundtrail.Bitcoin, Height: height, Time: height, Place: place}
}

func output(name, to string, height int64, n uint32, amount uint64) told {
	return told{tx: coinTx(height, 0), name: name, to: to, row: Row{Kind: fundtrail.MoveOutput, Index: n, Amount: fundtrail.NewAmount(amount)}}
}

func input(name, from string, height int64, n uint32, amount uint64, spends string, output uint32) told {
	r := told{tx: coinTx(height, 0), name: name, from: from, row: Row{Kind: fundtrail.MoveInput, Index: n, Amount: fundtrail.NewAmount(amount)}}
	if spends != "" {
		r.row.Spends = fundtrail.TransferOutput{Transfer: fundtrail.TransferID{Tx: ledgertest.Tx(fundtrail.Bitcoin, spends)}, Output: output}
	}
	return r
}

// TestCoinLinks: an input gets its payer and its amount from the output it spends.
func TestCoinLinks(t *testing.T) {
	b := NewBuilder()
	b.tell(t,
		input("spend", "", 2, 0, 0, "mint", 1),
		input("spend", "carol", 2, 1, 7, "elsewhere", 0),
		output("spend", "bob", 2, 0, 12),
		output("mint", "x", 1, 0, 1),
		output("mint", "alice", 1, 1, 5),
		output("spend", "", 2, 1, 0),
	)
	m := seal(t, b)
	want := []struct {
		from, to string
		amount   uint64
		link     fundtrail.Position
		index    uint32
	}{
		{"", "x", 1, fundtrail.NoPosition, 0},
		{"", "alice", 5, 2, 1},
		{"alice", "", 5, 1, 0},
		{"carol", "", 7, fundtrail.NoPosition, 1},
		{"", "bob", 12, fundtrail.NoPosition, 0},
	}
	name := func(n string) fundtrail.Address {
		if n == "" {
			return fundtrail.Address{}
		}
		return ledgertest.Address(fundtrail.Bitcoin, n)
	}
	for p, w := range want {
		var mv fundtrail.Movement
		m.Movement(fundtrail.Position(p), &mv)
		if m.Address(mv.From) != name(w.from) || m.Address(mv.To) != name(w.to) || mv.Amount != fundtrail.NewAmount(w.amount) || mv.Link != w.link ||
			m.Output(fundtrail.Position(p)).Output != w.index {
			t.Errorf("movement %d is %+v of output %d, want %+v", p, mv, m.Output(fundtrail.Position(p)).Output, w)
		}
	}
	alice, ok := m.AddressID(name("alice"))
	if got := m.Moves(alice, 0, false, make([]fundtrail.Position, 0, 9)); !ok || fmt.Sprint(got) != "[1 2]" {
		t.Errorf("alice moves at %v, want her output and the input that spends it", got)
	}
}

// TestCoinRowsMerge: two files tell of one input, each a part.
func TestCoinRowsMerge(t *testing.T) {
	parts := []told{
		input("spend", "alice", 2, 0, 0, "", 0),
		input("spend", "", 2, 0, 5, "", 0),
		input("spend", "", 2, 0, 0, "mint", 0),
	}
	var want string
	for i, order := range [][]int{{0, 1, 2}, {2, 1, 0}, {1, 2, 0, 2, 1}, {2, 0, 1}} {
		b := NewBuilder()
		b.tell(t, output("mint", "alice", 1, 0, 5), output("spend", "bob", 2, 0, 5))
		for _, k := range order {
			b.tell(t, parts[k])
		}
		got := dump(seal(t, b))
		if i == 0 {
			want = got
		}
		if got != want || !strings.Contains(got, "link 0") {
			t.Errorf("in the order %v the ledger is\n%swant\n%s", order, got, want)
		}
	}
}

func TestCoinConflicts(t *testing.T) {
	mint := output("mint", "alice", 1, 0, 5)
	for name, c := range map[string]struct {
		rows []told
		err  error
		says []string
	}{
		"spent twice": {[]told{mint, input("s", "", 2, 0, 0, "mint", 0), input("r", "", 3, 0, 0, "mint", 0)},
			fundtrail.ErrConflict, []string{"spends too", "f2 line 2"}},
		"spent twice in one": {[]told{mint, input("s", "", 2, 0, 0, "mint", 0), input("s", "", 2, 1, 0, "mint", 0)},
			fundtrail.ErrConflict, []string{"spends too"}},
		"no such output": {[]told{mint, input("s", "", 2, 0, 5, "mint", 1)},
			fundtrail.ErrConflict, []string{"no such output", "f1 line 1"}},
		"output not held, amount not told": {[]told{input("s", "", 2, 0, 0, "mint", 0)},
			fundtrail.ErrInvalid, []string{"load the file that has it", "f0 line 0"}},
		"another amount": {[]told{mint, input("s", "", 2, 0, 6, "mint", 0)},
			fundtrail.ErrConflict, []string{"as 6 base units, but that output is 5"}},
		"another payer": {[]told{mint, input("s", "bob", 2, 0, 5, "mint", 0)},
			fundtrail.ErrConflict, []string{"another address"}},
		"spent in an earlier block": {[]told{mint, input("s", "", 0, 0, 5, "mint", 0)},
			fundtrail.ErrConflict, []string{"later block"}},
		"spent before, same block": {[]told{{tx: coinTx(1, 1), name: "mint", to: "alice", row: Row{Kind: fundtrail.MoveOutput, Amount: fundtrail.NewAmount(1)}}, input("s", "", 1, 0, 1, "mint", 0)},
			fundtrail.ErrConflict, []string{"places in it"}},
		"pays more than it takes": {[]told{mint, input("s", "", 2, 0, 0, "mint", 0), output("s", "bob", 2, 0, 6)},
			fundtrail.ErrInvalid, []string{"takes in 5 base units and pays out 6"}},
		"two stories of what is spent": {[]told{mint, output("mint", "alice", 1, 1, 5), input("s", "", 2, 0, 0, "mint", 0), input("s", "", 2, 0, 0, "mint", 1)},
			fundtrail.ErrConflict, []string{"f2 line 2", "f3 line 3"}},
		"two stories of an input's amount": {[]told{input("s", "a", 2, 0, 5, "", 0), input("s", "a", 2, 0, 6, "", 0)},
			fundtrail.ErrConflict, []string{"f0 line 0", "f1 line 1"}},
		"two stories of an input's payer": {[]told{input("s", "a", 2, 0, 5, "", 0), input("s", "b", 2, 0, 5, "", 0)},
			fundtrail.ErrConflict, []string{"f0 line 0", "f1 line 1"}},
		"two stories of an output": {[]told{mint, output("mint", "alice", 1, 0, 6)},
			fundtrail.ErrConflict, []string{"f0 line 0", "f1 line 1"}},
	} {
		t.Run(name, func(t *testing.T) {
			b := NewBuilder()
			for i := range c.rows {
				c.rows[i].tx.Where = Where{b.File(fmt.Sprintf("f%d", i)), i}
			}
			b.tell(t, c.rows...)
			_, err := b.Seal()
			if !errors.Is(err, c.err) {
				t.Fatalf("sealed with %v, want %v", err, c.err)
			}
			for _, part := range c.says {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("%q lacks %q", err, part)
				}
			}
		})
	}
}

// TestCoinsAndAccounts: one hash on two chains, one of each model.
func TestCoinsAndAccounts(t *testing.T) {
	b := NewBuilder()
	b.tell(t, output("same", "alice", 1, 0, 5), told{tx: at(1, 1, 0), name: "same", from: "a", to: "b"},
		told{tx: Tx{Chain: fundtrail.BSC, Height: 1, Time: 1}, name: "same", from: "a", to: "b"})
	m := seal(t, b)
	for _, chain := range []fundtrail.Chain{fundtrail.Bitcoin, fundtrail.Ethereum, fundtrail.BSC} {
		id := ledgertest.Tx(chain, "same")
		span, ok := m.FindTx(id)
		if !ok || span.ID != id || span.End != span.First+1 {
			t.Errorf("FindTx on %s gives %+v, %v", chain, span, ok)
		}
	}
}

// Transactions of one block that spend from each other stand in that order, whatever their
// hashes, where no row tells their places.
func TestSpendLater(t *testing.T) {
	for n := range 20 {
		b := NewBuilder()
		at := coinTx(1, UnknownPlace)
		name := func(i int) string { return fmt.Sprint("chain", n, "-", i) }
		var rows []told
		for i := range 6 {
			if i > 0 {
				rows = append(rows, told{tx: at, name: name(i), row: Row{Kind: fundtrail.MoveInput, Spends: input("s", "", 1, 0, 0, name(i-1), 0).row.Spends}})
			}
			rows = append(rows, told{tx: at, name: name(i), to: "alice", row: Row{Kind: fundtrail.MoveOutput, Amount: fundtrail.NewAmount(5)}})
		}
		b.tell(t, rows...)
		m := seal(t, b)
		last := fundtrail.Position(0)
		for i := range 6 {
			span, ok := m.FindTx(fundtrail.TxID{Chain: fundtrail.Bitcoin, Hash: ledgertest.Tx(fundtrail.Bitcoin, name(i)).Hash})
			if !ok || i > 0 && span.First < last {
				t.Fatalf("transaction %d at %d, the one before at %d", i, span.First, last)
			}
			last = span.First
		}
	}
}

// TestCoinHolder: a telling that knows an output's address is joined with one to which it is
// nobody's, and an input that knows it tells it of the output that it spends.
func TestCoinHolder(t *testing.T) {
	for name, rows := range map[string][]told{
		"known first": {output("mint", "alice", 1, 0, 5), output("mint", "", 1, 0, 5)},
		"known last":  {output("mint", "", 1, 0, 5), output("mint", "alice", 1, 0, 5)},
		"by spender":  {output("mint", "", 1, 0, 5), input("spend", "alice", 2, 0, 5, "mint", 0), output("spend", "bob", 2, 0, 5)},
	} {
		b := NewBuilder()
		b.tell(t, rows...)
		m := seal(t, b)
		var mv fundtrail.Movement
		if m.Movement(0, &mv); m.Address(mv.To) != ledgertest.Address(fundtrail.Bitcoin, "alice") {
			t.Errorf("%s: the output is of %s", name, m.Address(mv.To))
		}
	}
	b := NewBuilder()
	b.tell(t, output("mint", "alice", 1, 0, 5), output("mint", "bob", 1, 0, 5))
	if _, err := b.Seal(); !errors.Is(err, fundtrail.ErrConflict) {
		t.Errorf("one output of two: %v", err)
	}
}
