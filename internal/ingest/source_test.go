package ingest

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/ledger"
)

// A restless source is a chain that changes while it is read.
type restless struct {
	r       *rand.Rand
	blocks  []fundtrail.BlockFacts // from height 0
	made    uint64
	changes int // still to come
	lie     func(*fundtrail.BlockFacts)
}

// grow adds a block, half of them empty.
func (s *restless) grow() {
	s.made++
	var f fundtrail.BlockFacts
	f.Block = fundtrail.Block{Chain: fundtrail.Ethereum, Height: int64(len(s.blocks)), Time: time.Unix(1700000000+int64(s.made), 0)}
	binary.BigEndian.PutUint64(f.Block.Hash[:], s.made)
	if len(s.blocks) > 0 {
		f.Block.Parent = s.blocks[len(s.blocks)-1].Block.Hash
	}
	f.Whole = fundtrail.AllKinds
	if s.r.IntN(4) == 0 {
		f.Whole &^= fundtrail.InternalTransfers
	}
	for i := range s.r.IntN(2) * s.r.IntN(3) {
		tx := fundtrail.Transaction{Block: f.Block, Place: uint32(i), Failed: s.r.IntN(4) == 0}
		tx.ID = fundtrail.TxID{Chain: f.Block.Chain}
		binary.BigEndian.PutUint64(tx.ID.Hash[:], s.made)
		tx.ID.Hash[31] = byte(i)
		add := func(index uint32) {
			who := func() []fundtrail.Entry {
				return []fundtrail.Entry{{Address: fundtrail.EVMAddress(f.Block.Chain, [20]byte{byte(1 + s.r.IntN(9))}), Amount: fundtrail.NewAmount(s.made)}}
			}
			tx.Transfers = append(tx.Transfers, fundtrail.Transfer{ID: fundtrail.TransferID{Tx: tx.ID, Index: index}, Asset: fundtrail.NativeAsset(f.Block.Chain), Inputs: who(), Outputs: who()})
		}
		if !tx.Failed {
			add(0)
		}
		add(fundtrail.FeeIndex)
		f.Transactions = append(f.Transactions, tx)
	}
	s.blocks = append(s.blocks, f)
}

func (s *restless) Head(context.Context) (fundtrail.Block, error) {
	return s.blocks[len(s.blocks)-1].Block, nil
}

func (s *restless) Blocks(ctx context.Context, from int64) iter.Seq2[fundtrail.BlockFacts, error] {
	return func(yield func(fundtrail.BlockFacts, error) bool) {
		var last *fundtrail.BlockFacts
		for h := from; h < int64(len(s.blocks)); h++ {
			if s.changes > 0 && s.r.IntN(20) == 0 {
				s.changes--
				s.blocks = s.blocks[:max(1, len(s.blocks)-1-s.r.IntN(30))]
				for range s.r.IntN(40) {
					s.grow()
				}
				if h >= int64(len(s.blocks)) {
					yield(fundtrail.BlockFacts{}, fmt.Errorf("gone: %w", fundtrail.ErrReorganised))
					return
				}
			}
			f := s.blocks[h]
			if s.lie != nil {
				s.lie(&f)
			}
			if last != nil && last.Block.Hash != f.Block.Parent {
				yield(fundtrail.BlockFacts{}, fmt.Errorf("another parent: %w", fundtrail.ErrReorganised))
				return
			}
			last = &f
			if !yield(f, nil) {
				return
			}
		}
	}
}

// TestBlocks: a chain that changes while it is read gives the ledger of what it became.
func TestBlocks(t *testing.T) {
	met := 0
	for seed := range uint64(200) {
		s := &restless{r: rand.New(rand.NewPCG(seed, 1)), changes: 6}
		for range 60 {
			s.grow()
		}
		read := func() (string, SourceSummary) {
			b := ledger.NewBuilder()
			sum, err := Blocks(context.Background(), b, s, "node", 3, -1)
			if err != nil {
				t.Fatalf("seed %d: %v", seed, err)
			}
			m, err := b.Seal()
			if err != nil {
				t.Fatalf("seed %d: %v", seed, err)
			}
			return dump(m) + fmt.Sprintf("%+v", m.Coverage()), sum
		}
		got, sum := read()
		s.changes = 0
		want, again := read()
		met += sum.Reorganised
		if sum.Reorganised = 0; got != want || !reflect.DeepEqual(sum, again) {
			t.Fatalf("seed %d: %+v\n%s\nfrom scratch: %+v\n%s", seed, sum, got, again, want)
		}
	}
	if met < 200 {
		t.Errorf("only %d reorganisations were met", met)
	}
}

// TestBlocksErrors: what a source must not do, and a builder that is left alone.
func TestBlocksErrors(t *testing.T) {
	for name, c := range map[string]struct {
		lie  func(*fundtrail.BlockFacts)
		to   int64
		want error
	}{
		"beyond the head":  {nil, 100, fundtrail.ErrNotFound},
		"another height":   {func(f *fundtrail.BlockFacts) { f.Block.Height++ }, -1, fundtrail.ErrInvalid},
		"never consistent": {func(f *fundtrail.BlockFacts) { f.Block.Parent = fundtrail.Hash{1} }, -1, fundtrail.ErrReorganised},
		"a bad transfer": {func(f *fundtrail.BlockFacts) {
			for i := range f.Transactions {
				f.Transactions[i].Transfers = []fundtrail.Transfer{{}}
			}
		}, -1, fundtrail.ErrInvalid},
	} {
		s := &restless{r: rand.New(rand.NewPCG(1, 1)), lie: c.lie}
		for range 60 {
			s.grow()
		}
		b := ledger.NewBuilder()
		before := b.Mark()
		if _, err := Blocks(context.Background(), b, s, "node", 0, c.to); !errors.Is(err, c.want) || b.Mark() != before {
			t.Errorf("%s: %v", name, err)
		}
	}
	s := &restless{r: rand.New(rand.NewPCG(1, 1))}
	s.grow()
	b := ledger.NewBuilder()
	if sum, err := Blocks(context.Background(), b, s, "node", 5, -1); err != nil || sum.To != 4 {
		t.Errorf("from beyond the head: %+v, %v", sum, err)
	}
}

// TestFailedInASource: a failed transaction of a source decides against a file that does
// not tell.
func TestFailedInASource(t *testing.T) {
	b := ledger.NewBuilder()
	bare := text("bare", file1("blockNumber,timeStamp,hash,from,to,value", strings.Join([]string{"7", "1640000001", hashOf(1), addressOf(1), addressOf(2), "5"}, ",")))
	if _, err := Files(context.Background(), b, []Input{bare}, Options{}); err != nil {
		t.Fatal(err)
	}
	h, err := fundtrail.ParseHash(hashOf(1))
	if err != nil {
		t.Fatal(err)
	}
	tx := fundtrail.Transaction{ID: fundtrail.TxID{Chain: fundtrail.Ethereum, Hash: h}, Block: fundtrail.Block{Chain: fundtrail.Ethereum, Height: 7, Time: time.Unix(1640000001, 0)}, Failed: true}
	if err := b.Transaction(&tx, ledger.Where{}); err != nil {
		t.Fatal(err)
	}
	if m, err := b.Seal(); err != nil || m.Size() != 0 {
		t.Errorf("%v: %v", m, err)
	}
}
