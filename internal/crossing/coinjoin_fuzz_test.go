package crossing

import (
	"encoding/binary"
	"os"
	"slices"
	"testing"

	"github.com/fundtrail/fundtrail"
)

// amountsOf cuts fuzz bytes into amounts: a byte says which kind, the next how much.
func amountsOf(b []byte) (v []uint64) {
	common := [...]uint64{0, 100_000, 1_000_000, 1_003_932, 5_000_000, 9_987_654, 19_975_308, 50_000, 531_441, 33_554_432, 5_012_345, 7_000_000, 1 << 62}
	for len(b) >= 2 && len(v) < 300 {
		kind, n := b[0], uint64(b[1])
		b = b[2:]
		switch {
		case int(kind) < len(common):
			for range n%32 + 1 {
				v = append(v, common[kind])
			}
		case kind < 128:
			v = append(v, common[int(kind)%len(common)]+n)
		case len(b) >= 8:
			v = append(v, binary.LittleEndian.Uint64(b))
			b = b[8:]
		}
	}
	return v
}

// Whatever amounts there are, what is recognised is consistent, and spreads.
func FuzzRecogniseCoinJoin(f *testing.F) {
	f.Add([]byte{2, 3, 3, 0}, []byte{2, 4}, uint64(1))
	f.Add([]byte{200, 0, 0, 0, 0, 1, 0, 0, 0, 0}, []byte{3, 14, 0, 0, 7, 0, 77, 1}, uint64(2))
	f.Add([]byte{11, 9, 77, 200}, []byte{10, 4, 77, 3, 78, 9, 79, 1, 80, 0, 81, 5}, uint64(3))
	f.Add([]byte{9, 30, 9, 30}, []byte{9, 3, 4, 9, 8, 12, 1, 5}, uint64(4))
	f.Fuzz(func(t *testing.T, in, out []byte, seed uint64) {
		tx := shape(amountsOf(in), amountsOf(out))
		OneOwner(&tx)
		RecogniseChips(&tx)
		cj, ok := RecogniseCoinJoin(&tx)
		if !ok {
			return
		}
		if len(cj.Groups) == 0 {
			t.Fatal("no equal outputs")
		}
		tr := &tx.Transfers[0]
		used := map[uint32]bool{}
		for _, g := range cj.Groups {
			for _, o := range g.Outputs {
				if used[o] || tr.Outputs[o].Amount != fundtrail.NewAmount(g.Amount) {
					t.Fatalf("output %d is in two groups or of another amount", o)
				}
				used[o] = true
			}
		}
		if !slices.IsSortedFunc(cj.Groups, func(a, b EqualOutputs) int { return int(a.Amount) - int(b.Amount) }) {
			t.Fatal("groups are not in order")
		}
		for _, p := range cj.Matched {
			if used[p.Change] || len(p.Inputs) == 0 || !cj.InputsKnown {
				t.Fatalf("change %d is an equal output, another's or has no inputs", p.Change)
			}
			used[p.Change] = true
		}
		if !cj.Kind.Mixes() || !cj.InputsKnown {
			return
		}
		taint := make([]uint64, len(tr.Inputs))
		for i := range taint {
			seed = seed*6364136223846793005 + 1442695040888963407
			taint[i] = seed >> 11 % (tr.Inputs[i].Amount.Uint64() + 1)
		}
		checkSpread(t, &cj, tr, taint)
	})
}

// The readers that figures rest on must not fall over either.
func FuzzReaders(f *testing.F) {
	f.Add([]byte("00:::11:::2:::3:::44-0-5+0014+X:::6+6a+TxNullData"))
	f.Add(append(make([]byte, 80), 1, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0))
	f.Fuzz(func(t *testing.T, b []byte) {
		_, _ = parseDumpling(string(b))
		if txs, err := parseBlock(b); err == nil {
			for i := range txs {
				RecogniseCoinJoin(&txs[i])
			}
		}
	})
}

// A block's transactions hash to its merkle root: the reader lost nothing.
func TestBlockReader(t *testing.T) {
	for _, name := range []string{"block-0000000000000000001602407ac49862a7bca9d00f7f402db20b7be2f5de59d2.blk", "block-00000000000000000021868c2cefc52a480d173c849412fe81c4e5ab806f94ab.blk"} {
		raw, err := os.ReadFile(sharedData(t, "btc_raw/"+name))
		if err != nil {
			t.Fatal(err)
		}
		txs, err := parseBlock(raw)
		if err != nil {
			t.Fatal(err)
		}
		var level [][32]byte
		for _, tx := range txs {
			h := [32]byte(tx.ID.Hash)
			slices.Reverse(h[:])
			level = append(level, h)
		}
		for len(level) > 1 {
			if len(level)%2 == 1 {
				level = append(level, level[len(level)-1])
			}
			for i := range len(level) / 2 {
				level[i] = doubleSHA256(level[2*i][:], level[2*i+1][:])
			}
			level = level[:len(level)/2]
		}
		if root := raw[36:68]; !slices.Equal(root, level[0][:]) {
			t.Errorf("%s: merkle root %x, header says %x", name, level[0], root)
		}
		for _, cut := range []int{0, 79, 80, 81, 200, len(raw) / 2, len(raw) - 1} {
			if _, err := parseBlock(raw[:cut]); err == nil {
				t.Errorf("%s cut to %d bytes: no error", name, cut)
			}
		}
	}
}

func BenchmarkRecogniseCoinJoin(b *testing.B) {
	raw, err := os.ReadFile(sharedData(b, "btc_raw/block-0000000000000000001602407ac49862a7bca9d00f7f402db20b7be2f5de59d2.blk"))
	if err != nil {
		b.Fatal(err)
	}
	block, err := parseBlock(raw)
	if err != nil {
		b.Fatal(err)
	}
	for _, c := range []struct {
		name string
		txs  []fundtrail.Transaction
	}{
		{"block", block},
		{"wasabi1", dumplings(b, "dumplings__ww1_202405.zip", "Scanner/WasabiCoinJoins.txt")},
		{"wasabi2", dumplings(b, "dumplings__end_zksnacks_202405.zip", "Scanner/Wasabi2CoinJoins.txt")},
		{"whirlpool", dumplings(b, "dumplings__sw_202403.zip", "Scanner/SamouraiCoinJoins.txt")},
		{"joinmarket", readEmulation(b, "emul__joinmarket_1taker_2tumbler_40maker_pruned.zip").txs},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				for i := range c.txs {
					RecogniseCoinJoin(&c.txs[i])
				}
			}
			b.ReportMetric(float64(len(c.txs))*float64(b.N)/b.Elapsed().Seconds(), "tx/s")
		})
	}
}
