package ledger

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/ledgertest"
)

// dump writes a ledger out, so that two can be compared.
func dump(m *Memory) string {
	var s strings.Builder
	var mv fundtrail.Movement
	for p := range m.Size() {
		m.Movement(p, &mv)
		span := m.Transaction(p)
		fmt.Fprintf(&s, "%s %d %d %s kind %d: %s -> %s %s %s link %d\n", span.ID.Chain, span.Height, span.Time, m.Output(p),
			mv.Kind, m.Address(mv.From), m.Address(mv.To), mv.Amount, m.Asset(mv.Asset), int64(mv.Link))
		fmt.Fprintf(&s, "\tasset %d\n", mv.Asset)
	}
	for _, c := range m.Coverage() {
		fmt.Fprintf(&s, "cover %+v\n", c)
	}
	return s.String()
}

// A told is one row of a file: a transaction and one of its movements.
type told struct {
	tx   Tx
	name string // of the transaction
	row  Row
	from string
	to   string
	sym  string // of the asset
	none bool   // tells of the transaction alone
}

func (b *Builder) tell(t *testing.T, rows ...told) {
	t.Helper()
	for _, r := range rows {
		if r.tx.Chain == "" {
			r.tx.Chain = fundtrail.Ethereum
		}
		if r.name == "" {
			r.name = "t"
		}
		r.tx.Hash = ledgertest.Tx(r.tx.Chain, r.name).Hash
		ref, err := b.Tx(r.tx)
		if err != nil {
			t.Fatal(err)
		}
		if r.none {
			continue
		}
		name := func(n string) fundtrail.AddressID {
			if n == "" {
				return fundtrail.NoAddress
			}
			return b.Address(ledgertest.Address(r.tx.Chain, n))
		}
		r.row.From, r.row.To = name(r.from), name(r.to)
		r.row.Asset = b.Asset(ledgertest.Asset(r.tx.Chain, r.sym))
		if r.row.Amount.IsZero() && r.row.Kind <= fundtrail.MoveFee {
			r.row.Amount = fundtrail.NewAmount(1)
		}
		if err := b.Add(ref, r.row); err != nil {
			t.Fatal(err)
		}
	}
}

func conflict(t *testing.T, b *Builder, parts ...string) {
	t.Helper()
	_, err := b.Seal()
	if !errors.Is(err, fundtrail.ErrConflict) {
		t.Fatalf("sealed with %v, want a conflict", err)
	}
	for _, part := range parts {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q lacks %q", err, part)
		}
	}
}

func seal(t *testing.T, b *Builder) *Memory {
	t.Helper()
	m, err := b.Seal()
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func at(height, time int64, place uint32) Tx { return Tx{Height: height, Time: time, Place: place} }

// TestConflicts tells of one thing twice, differently: each time both lines are named.
func TestConflicts(t *testing.T) {
	one := fundtrail.NewAmount(1)
	first := told{tx: at(5, 50, 0), from: "a", to: "b", row: Row{Amount: one}}
	differ := map[string]struct {
		with func(*told)
		says string
	}{
		"block":   {func(r *told) { r.tx.Height = 6 }, "block is 5"},
		"time":    {func(r *told) { r.tx.Time = 51 }, "1970-01-01T00:00:51Z"},
		"place":   {func(r *told) { r.tx.Place = 1 }, "place in the block is 0"},
		"payer":   {func(r *told) { r.from = "c" }, "index 0"},
		"payee":   {func(r *told) { r.to = "c" }, "index 0"},
		"amount":  {func(r *told) { r.row.Amount = fundtrail.NewAmount(2) }, "2 of eth"},
		"asset":   {func(r *told) { r.sym = "USDC" }, "1 of eth/0x"},
		"outcome": {func(r *told) { r.tx.Outcome, r.none = Failed, true }, "outcome is success"},
		"other transaction's place": {func(r *told) {
			r.name = "u"
		}, "puts transaction"},
		"block's time": {func(r *told) { r.name, r.tx.Time, r.tx.Place = "u", 51, 1 }, "its time is"},
	}
	for name, d := range differ {
		for _, swap := range []bool{false, true} {
			t.Run(fmt.Sprint(name, swap), func(t *testing.T) {
				b := NewBuilder()
				x, y := first, first
				x.tx.Outcome, y.tx.Outcome = Succeeded, Succeeded
				d.with(&y)
				x.tx.Where = Where{b.File("x.csv"), 7}
				y.tx.Where = Where{b.File("y.csv"), 8}
				if swap {
					x, y = y, x
				}
				b.tell(t, x, y)
				says := d.says
				if name == "outcome" && swap {
					says = "outcome is failure"
				}
				if (name == "block" || name == "place") && swap {
					says = ""
				}
				conflict(t, b, "x.csv line 7", "y.csv line 8", says)
			})
		}
	}
}

// TestConflictNamesTeller has the first row know nothing: the message must name the
// row that did tell.
func TestConflictNamesTeller(t *testing.T) {
	for name, rows := range map[string][3]Tx{
		"time":    {at(5, UnknownTime, 0), at(5, 50, 0), at(5, 51, 0)},
		"place":   {at(5, 50, UnknownPlace), at(5, 50, 1), at(5, 50, 2)},
		"outcome": {at(5, 50, 0), {Height: 5, Time: 50, Outcome: Failed}, {Height: 5, Time: 50, Outcome: Succeeded}},
	} {
		t.Run(name, func(t *testing.T) {
			b := NewBuilder()
			for i, tx := range rows {
				tx.Where = Where{b.File(fmt.Sprintf("f%d", i)), i}
				b.tell(t, told{tx: tx, none: true})
			}
			conflict(t, b, "f1 line 1", "f2 line 2")
		})
	}
}

func TestBlockHeaders(t *testing.T) {
	header := func(height, unix int64) fundtrail.Block {
		return fundtrail.Block{Chain: fundtrail.Ethereum, Height: height, Time: time.Unix(unix, 0)}
	}
	t.Run("give a time", func(t *testing.T) {
		b := NewBuilder()
		b.tell(t, told{tx: at(5, UnknownTime, 0), to: "a"}, told{tx: at(6, UnknownTime, 0), name: "u", to: "a"})
		b.Block(header(6, 60), Where{})
		b.Block(header(5, 50), Where{})
		b.Block(header(5, 50), Where{})
		m := seal(t, b)
		if got := m.Transaction(0).Time; got != 50 {
			t.Errorf("time %d, want 50", got)
		}
		if got := m.Transaction(1).Time; got != 60 {
			t.Errorf("time %d, want 60", got)
		}
	})
	t.Run("another transaction gives a time", func(t *testing.T) {
		b := NewBuilder()
		b.tell(t, told{tx: at(5, UnknownTime, 0), to: "a"}, told{tx: at(5, 50, 1), name: "u", to: "a"})
		if got := seal(t, b).Transaction(0).Time; got != 50 {
			t.Errorf("time %d, want 50", got)
		}
	})
	t.Run("nobody gives a time", func(t *testing.T) {
		b := NewBuilder()
		b.tell(t, told{tx: Tx{Height: 5, Time: UnknownTime, Where: Where{b.File("x.csv"), 7}}, to: "a"})
		_, err := b.Seal()
		if !errors.Is(err, fundtrail.ErrInvalid) || !strings.Contains(err.Error(), "x.csv line 7") || !strings.Contains(err.Error(), "block 5 has no time") {
			t.Errorf("sealed with %v", err)
		}
	})
	t.Run("contradict each other", func(t *testing.T) {
		b := NewBuilder()
		b.Block(header(5, 50), Where{b.File("x.csv"), 7})
		b.Block(header(5, 51), Where{b.File("y.csv"), 8})
		conflict(t, b, "x.csv line 7", "y.csv line 8", "00:00:50Z", "00:00:51Z")
	})
	t.Run("contradict a transaction", func(t *testing.T) {
		b := NewBuilder()
		b.Block(header(5, 50), Where{b.File("x.csv"), 7})
		b.tell(t, told{tx: Tx{Height: 5, Time: 51, Where: Where{b.File("y.csv"), 8}}, to: "a"})
		conflict(t, b, "x.csv line 7", "y.csv line 8")
	})
}

// TestFilling has each row tell a part, and the ledger have it all.
func TestFilling(t *testing.T) {
	b := NewBuilder()
	b.tell(t,
		told{tx: at(5, UnknownTime, UnknownPlace), sym: "USDC", from: "a", to: "b", row: Row{Index: fundtrail.LogIndex + 3}},
		told{tx: at(5, 50, 1), from: "a", to: "c"},
		told{tx: at(5, 50, 0), name: "u", from: "x", to: "y"},
		told{tx: at(5, UnknownTime, UnknownPlace), from: "a", to: "c"},
	)
	m := seal(t, b)
	if m.Size() != 3 {
		t.Fatalf("%d movements, want 3:\n%s", m.Size(), dump(m))
	}
	if span := m.Transaction(2); span.First != 1 || span.End != 3 || span.Time != 50 || span.ID != ledgertest.Tx(fundtrail.Ethereum, "t") {
		t.Errorf("the transaction is %+v", span)
	}
}

// TestOutcome: a transaction that failed moved nothing but its fee, whoever thought
// otherwise for want of knowing.
func TestOutcome(t *testing.T) {
	b := NewBuilder()
	failed := at(5, 50, 0)
	failed.Outcome = Failed
	b.tell(t,
		told{tx: at(5, 50, 0), from: "a", to: "b"},
		told{tx: failed, from: "a", row: Row{Kind: fundtrail.MoveFee, Index: FeeWhole}},
	)
	m := seal(t, b)
	if m.Size() != 1 || m.Output(0).Transfer.Index != FeeWhole {
		t.Errorf("the ledger is\n%s", dump(m))
	}
	if _, ok := m.AddressID(ledgertest.Address(fundtrail.Ethereum, "b")); ok {
		t.Error("who was paid by a failed transaction is in the ledger")
	}

	b = NewBuilder()
	ref, _ := b.Tx(Tx{Chain: fundtrail.Ethereum, Outcome: Failed})
	if err := b.Add(ref, Row{Amount: fundtrail.NewAmount(1)}); !errors.Is(err, fundtrail.ErrInvalid) {
		t.Errorf("a failed transaction moves: %v", err)
	}
}

func TestAddRefuses(t *testing.T) {
	one := fundtrail.NewAmount(1)
	for name, c := range map[string]struct {
		chain fundtrail.Chain
		row   Row
	}{
		"a coin on an account chain":    {fundtrail.Ethereum, Row{Kind: fundtrail.MoveOutput, Amount: one}},
		"a transfer on a coin chain":    {fundtrail.Bitcoin, Row{Kind: fundtrail.Move, Amount: one}},
		"a fee on a coin chain":         {fundtrail.Bitcoin, Row{Kind: fundtrail.MoveFee, Index: FeeWhole, Amount: one}},
		"a fee at a transfer's place":   {fundtrail.Ethereum, Row{Kind: fundtrail.MoveFee, Amount: one}},
		"a transfer at the fee's place": {fundtrail.Ethereum, Row{Index: FeeWhole, Amount: one}},
	} {
		b := NewBuilder()
		ref, err := b.Tx(Tx{Chain: c.chain})
		if err != nil {
			t.Fatal(err)
		}
		if err := b.Add(ref, c.row); !errors.Is(err, fundtrail.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
		if b.rows.len() != 0 {
			t.Errorf("%s: the row is there", name)
		}
	}
}

// TestFees: a fee told whole and told in parts is one fee.
func TestFees(t *testing.T) {
	fee := func(index uint32, amount uint64, to string) told {
		return told{tx: at(5, 50, 0), from: "a", to: to, row: Row{Kind: fundtrail.MoveFee, Index: index, Amount: fundtrail.NewAmount(amount)}}
	}
	whole, burnt, paid := fee(FeeWhole, 10, ""), fee(FeeBurnt, 7, ""), fee(FeePaid, 3, "miner")
	kept := func(rows ...told) (list []uint32) {
		b := NewBuilder()
		b.tell(t, rows...)
		m := seal(t, b)
		for p := range m.Size() {
			list = append(list, m.Output(p).Transfer.Index-fundtrail.FeeIndex)
		}
		return list
	}
	for _, c := range []struct {
		rows []told
		want []uint32
	}{
		{[]told{whole}, []uint32{0}},
		{[]told{whole, burnt, paid}, []uint32{1, 2}},
		{[]told{paid, whole, burnt, whole}, []uint32{1, 2}},
		{[]told{whole, fee(FeePaid, 10, "miner")}, []uint32{2}},
		{[]told{whole, fee(FeeBurnt, 10, "")}, []uint32{1}},
		{[]told{whole, fee(FeeBlob, 4, "")}, []uint32{0, 3}},
		{[]told{whole, burnt, paid, fee(FeeBlob, 4, ""), fee(FeeData, 5, "")}, []uint32{1, 2, 3, 4}},
	} {
		if got := kept(c.rows...); fmt.Sprint(got) != fmt.Sprint(c.want) {
			t.Errorf("kept the fees %v, want %v", got, c.want)
		}
	}
	otherPayer := paid
	otherPayer.from = "b"
	for name, rows := range map[string][]told{
		"too little":    {whole, burnt},
		"too much":      {whole, burnt, fee(FeePaid, 4, "miner")},
		"another payer": {whole, burnt, otherPayer},
		"another miner": {paid, fee(FeePaid, 3, "other")},
	} {
		t.Run(name, func(t *testing.T) {
			b := NewBuilder()
			for i := range rows {
				rows[i].tx.Where = Where{b.File(fmt.Sprintf("f%d", i)), i}
			}
			b.tell(t, rows...)
			conflict(t, b, "f0 line 0", "f1 line 1")
		})
	}
	// Two transactions' fees are two transactions' fees.
	other := paid
	other.name, other.tx.Place = "u", 1
	if got := kept(whole, other); fmt.Sprint(got) != "[0 2]" {
		t.Errorf("kept the fees %v of two transactions", got)
	}
}

func TestUndo(t *testing.T) {
	good := []told{{tx: at(5, 50, 0), from: "a", to: "b"}, {tx: at(5, 50, 1), name: "u", from: "b", to: "c", sym: "USDC", row: Row{Index: fundtrail.LogIndex}}}
	want := func() string {
		b := NewBuilder()
		b.tell(t, good...)
		return dump(seal(t, b))
	}()

	b := NewBuilder()
	b.tell(t, good[0])
	mark := b.Mark()
	b.File("bad.csv")
	b.tell(t, told{tx: at(9, 1, 0), name: "bad", from: "x", to: "y", sym: "EVIL"},
		told{tx: Tx{Chain: fundtrail.Bitcoin, Height: 1, Time: 1}, name: "coin", row: Row{Kind: fundtrail.MoveInput, Amount: fundtrail.NewAmount(1),
			Spends: fundtrail.TransferOutput{Transfer: fundtrail.TransferID{Tx: ledgertest.Tx(fundtrail.Bitcoin, "gone")}}}})
	b.Block(fundtrail.Block{Chain: fundtrail.Ethereum, Height: 5, Time: time.Unix(1, 0)}, Where{})
	b.Cover(fundtrail.Coverage{Chain: fundtrail.Ethereum, ToBlock: 9})
	b.Undo(mark)
	b.tell(t, good[1])
	if b.File("next.csv") != 1 {
		t.Error("the undone file's name is still there")
	}
	m := seal(t, b)
	if got := dump(m); got != want {
		t.Errorf("after Undo the ledger is\n%swant\n%s", got, want)
	}
	if _, ok := m.AssetID(ledgertest.Asset(fundtrail.Ethereum, "EVIL")); ok {
		t.Error("the undone asset is in the ledger")
	}
	if _, ok := m.AddressID(ledgertest.Address(fundtrail.Ethereum, "x")); ok {
		t.Error("the undone address is in the ledger")
	}
}

// TestOrder tells random ledgers in random orders, parts of it several times, and
// wants one ledger.
func TestOrder(t *testing.T) {
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 9))
		txs := ledgertest.Random{Addresses: 6, Transactions: 40, Tokens: 3, Gaps: true}.Ledger(r)
		txs = append(txs, ledgertest.Random{Addresses: 5, Transactions: 40, Coins: true}.Ledger(r)...)
		build := func(shuffle bool) string {
			b := NewBuilder()
			var list []fundtrail.Transaction
			for _, tx := range txs {
				if !shuffle {
					list = append(list, tx)
					continue
				}
				// Each telling has some of the transfers; together they have all.
				parts := make([]fundtrail.Transaction, 1+r.IntN(3))
				for i := range parts {
					parts[i] = tx
					parts[i].Transfers = nil
				}
				for _, tr := range tx.Transfers {
					for i, must := range r.Perm(len(parts)) {
						if must == 0 || r.IntN(2) == 0 {
							parts[i].Transfers = append(parts[i].Transfers, tr)
						}
					}
				}
				list = append(list, parts...)
			}
			claims := []int64{1, 0}
			if shuffle {
				claims = []int64{0, 1, 0}
				r.Shuffle(len(list), func(i, k int) { list[i], list[k] = list[k], list[i] })
				b.Address(ledgertest.Address(fundtrail.Ethereum, "unused"))
				b.Asset(ledgertest.Asset(fundtrail.Ethereum, "UNUSED"))
			}
			for _, from := range claims {
				b.Cover(fundtrail.Coverage{Chain: fundtrail.Ethereum, FromBlock: from, ToBlock: 9, What: fundtrail.AllKinds, Source: "s"})
			}
			for i := range list {
				if err := b.Transaction(&list[i], Where{}); err != nil {
					t.Fatal(err)
				}
			}
			return dump(seal(t, b))
		}
		want := build(false)
		for range 5 {
			if got := build(true); got != want {
				t.Fatalf("seed %d: told in another order, the ledger is\n%swant\n%s", seed, got, want)
			}
		}
	}
}

// TestUnknownPlaces: what no row places comes after what is placed, by its first log.
func TestUnknownPlaces(t *testing.T) {
	b := NewBuilder()
	log := func(name string, place, log uint32) told {
		return told{tx: at(5, 50, place), name: name, from: "a", to: "b", sym: "USDC", row: Row{Index: fundtrail.LogIndex + log}}
	}
	b.tell(t, log("late", UnknownPlace, 9), log("late", UnknownPlace, 4), log("early", UnknownPlace, 3), log("placed", 7, 8), log("early", UnknownPlace, 20))
	m := seal(t, b)
	var got []string
	for p := fundtrail.Position(0); p < m.Size(); p = m.Transaction(p).End {
		for _, name := range []string{"late", "early", "placed"} {
			if m.Transaction(p).ID == ledgertest.Tx(fundtrail.Ethereum, name) {
				got = append(got, name)
			}
		}
	}
	if fmt.Sprint(got) != "[placed early late]" {
		t.Errorf("the order is %v", got)
	}
}

func TestPlaces(t *testing.T) {
	b := NewBuilder()
	indexes := []uint32{0, 1, 2, 0x7fff, 0x8000, 0xffff, fundtrail.UnplacedTrace - 1, fundtrail.LogIndex, fundtrail.LogIndex + 0x7fef,
		fundtrail.LogIndex + 0x7ff0, fundtrail.UnplacedLog - 1, FeeWhole, FeeBlob, FeeWhole + 14, FeeWhole + 15, 1<<32 - 1}
	for _, i := range indexes {
		r := Row{Index: i}
		if i >= fundtrail.FeeIndex {
			r.Kind = fundtrail.MoveFee
		}
		b.tell(t, told{tx: at(1, 1, 0), from: "a", to: "b", row: r})
	}
	m := seal(t, b)
	for p, want := range indexes {
		var mv fundtrail.Movement
		m.Movement(fundtrail.Position(p), &mv)
		if got := m.Output(fundtrail.Position(p)).Transfer.Index; got != want || (mv.Kind == fundtrail.MoveFee) != (want >= fundtrail.FeeIndex) {
			t.Errorf("index %d comes back as %d, kind %d", want, got, mv.Kind)
		}
	}
}

// TestSeekStepsBack: bitcoin's block times may be earlier than the block before.
func TestSeekStepsBack(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	b := NewBuilder()
	var times []int64
	for h := range int64(200) {
		times = append(times, h*10+r.Int64N(80))
		b.tell(t, told{tx: Tx{Chain: fundtrail.Bitcoin, Height: h, Time: times[h]}, name: fmt.Sprint(h), row: Row{Kind: fundtrail.MoveOutput}})
		b.tell(t, told{tx: Tx{Height: h, Time: h}, name: fmt.Sprint(h), to: "a"})
	}
	m := seal(t, b)
	for s := int64(-1); s < 2200; s++ {
		want := fundtrail.Position(0)
		for want < 200 && times[want] < s {
			want++
		}
		if got := m.Seek(fundtrail.Bitcoin, s); got != want {
			t.Fatalf("Seek(btc, %d) = %d, want %d", s, got, want)
		}
		if got := m.Seek(fundtrail.Ethereum, s); got != 200+fundtrail.Position(min(max(s, 0), 200)) {
			t.Fatalf("Seek(eth, %d) = %d", s, got)
		}
	}
}
