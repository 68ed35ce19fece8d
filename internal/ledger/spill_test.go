package ledger

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/ledgertest"
)

// A memoryScratch is a scratch in memory, for a while.
type memoryScratch struct {
	b    []byte
	room int
}

var errNoRoom = errors.New("no room")

func (s *memoryScratch) Write(p []byte) (int, error) {
	if len(s.b)+len(p) > s.room {
		return 0, errNoRoom
	}
	s.b = append(s.b, p...)
	return len(p), nil
}

func (s *memoryScratch) ReadAt(p []byte, at int64) (int, error) {
	return bytes.NewReader(s.b).ReadAt(p, at)
}

// fill adds n transfers of tokens, their blocks in no order, each block's time told apart.
func fill(t *testing.T, b *Builder, n int) error {
	r := rand.New(rand.NewPCG(1, 1))
	file := b.File("told")
	for _, i := range r.Perm(n) {
		if err := b.Relieve(nil); err != nil {
			return err
		}
		height := int64(i / 50)
		tx := Tx{Chain: fundtrail.Ethereum, Hash: ledgertest.Hash(uint64(i / 2)), Height: height, Time: UnknownTime, Place: UnknownPlace, Where: Where{file, i}}
		ref, err := b.Tx(tx)
		if err != nil {
			t.Fatal(err)
		}
		asset := b.Asset(fundtrail.NativeAsset(fundtrail.Ethereum))
		from, to := [20]byte{1, byte(i), byte(i >> 8)}, [20]byte{2, byte(i / 3), byte(i / 700)}
		amount := fundtrail.NewAmount(uint64(i) + 1)
		if i%100 == 0 {
			amount = fundtrail.AmountFromWords([4]uint64{uint64(i), 1, 2, 3}) // which has no short code
		}
		row := Row{Index: fundtrail.LogIndex + uint32(i%2), Asset: asset, From: b.EVMAddress(fundtrail.Ethereum, &from), To: b.EVMAddress(fundtrail.Ethereum, &to), Amount: amount}
		if err := b.Add(ref, row); err != nil {
			t.Fatal(err)
		}
		if i%50 == 0 {
			b.Block(fundtrail.Block{Chain: fundtrail.Ethereum, Height: height, Time: time.Unix(1_600_000_000+12*height, 0)}, Where{file, i})
		}
	}
	return nil
}

func movementsOf(m *Memory) (out []string) {
	var v fundtrail.Movement
	for p := range m.Size() {
		m.Movement(p, &v)
		out = append(out, fmt.Sprint(v.Kind, m.Address(v.From), m.Address(v.To), m.Asset(v.Asset), v.Amount, m.Output(p), m.Transaction(p).ID, m.Transaction(p).Height, m.Transaction(p).Time))
	}
	return out
}

// TestParts: what is sealed in parts is what is sealed at once, whatever the size of runs
// and of the pieces that they are read in.
func TestParts(t *testing.T) {
	const n = 60_000
	whole := NewBuilder()
	if err := fill(t, whole, n); err != nil {
		t.Fatal(err)
	}
	m, err := whole.Seal()
	if err != nil {
		t.Fatal(err)
	}
	want := movementsOf(m)
	for _, size := range []int64{100_000, 1 << 20, 4 << 20} {
		b := NewBuilder()
		b.Bound(size, func() (Scratch, error) { return &memoryScratch{room: 1 << 30}, nil })
		if err := fill(t, b, n); err != nil {
			t.Fatal(err)
		}
		var got []string
		parts := 0
		for part, err := range b.Parts() {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, movementsOf(part)...)
			parts++
			if most := 2 * size / sizeRow; int64(part.Size()) > most {
				t.Errorf("of %d bytes: a part has %d movements", size, part.Size())
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("of %d bytes: in %d parts it is another ledger, %d movements", size, parts, len(got))
		}
		if parts < 2 {
			t.Errorf("of %d bytes: %d parts", size, parts)
		}
	}
}

// TestNoScratch: what cannot be set aside ends the import, and so does going back behind it.
func TestNoScratch(t *testing.T) {
	b := NewBuilder()
	b.Bound(100_000, func() (Scratch, error) { return &memoryScratch{room: 2_500_000}, nil })
	if err := fill(t, b, 60_000); !errors.Is(err, errNoRoom) || !errors.Is(err, fundtrail.ErrUnavailable) {
		t.Errorf("without room: %v", err)
	}
	b = NewBuilder()
	b.Bound(100_000, func() (Scratch, error) { return &memoryScratch{room: 1 << 30}, nil })
	mark := b.Mark()
	if err := fill(t, b, 60_000); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Seal(); !errors.Is(err, fundtrail.ErrLimit) {
		t.Errorf("sealed at once: %v", err)
	}
	b.Undo(mark)
	for _, err := range b.Parts() {
		if !errors.Is(err, fundtrail.ErrLimit) {
			t.Errorf("after going back: %v", err)
		}
	}
}
