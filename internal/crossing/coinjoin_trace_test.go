package crossing

import (
	"fmt"
	"slices"
	"testing"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/ledger"
	"github.com/fundtrail/fundtrail/internal/trace"
)

// mixLedger holds a transaction and, before it, those that made the coins it spends.
func mixLedger(t *testing.T, tx fundtrail.Transaction) *ledger.Memory {
	t.Helper()
	b := ledger.NewBuilder()
	add := func(tx fundtrail.Transaction, height int64) {
		tx.Block = fundtrail.Block{Chain: fundtrail.Bitcoin, Height: height, Time: tx.Block.Time}
		if err := b.Transaction(&tx, ledger.Where{}); err != nil {
			t.Fatal(err)
		}
	}
	for i, in := range tx.Transfers[0].Inputs {
		made := in
		made.Spends = fundtrail.TransferOutput{}
		add(fundtrail.Transaction{ID: in.Spends.Transfer.Tx, Transfers: []fundtrail.Transfer{{ID: in.Spends.Transfer, Asset: tx.Transfers[0].Asset, Outputs: []fundtrail.Entry{made}}}}, int64(i+1))
	}
	add(tx, 1000)
	l, err := b.Seal()
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// What a trace keeps in changes, and what its passages carry and fees take, is what was
// stolen, to the satoshi; and the passages are the spread's own figures.
func TestThroughCoinJoins(t *testing.T) {
	jmIn, jmOut := joinMarketRound()
	w1In, w1Out := wasabi1Round(8)
	for _, c := range []struct {
		name   string
		tx     fundtrail.Transaction
		stolen []int
	}{
		{"a taker's coin", shape(jmIn, jmOut), []int{4}},
		{"both coins of a maker", shape(jmIn, jmOut), []int{1, 3}},
		{"coins of two owners", shape(jmIn, jmOut), []int{0, 1}},
		{"everybody's", shape(jmIn, jmOut), []int{0, 1, 2, 3, 4}},
		{"a newcomer's to a pool", shape([]uint64{1_000_000, 1_000_000, 1_003_932, 1_000_000, 1_010_890}, times(5, 1_000_000)), []int{4}},
		{"wasabi 1", shape(w1In, w1Out), []int{0, 3}},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := mixLedger(t, c.tx)
			tr := &c.tx.Transfers[0]
			cj, ok := RecogniseCoinJoin(&c.tx)
			if !ok {
				t.Fatal("not recognised")
			}
			taint := make([]uint64, len(tr.Inputs))
			var thefts []fundtrail.Theft
			var stolen, certain, went, carried uint64
			for _, i := range c.stolen {
				thefts = append(thefts, fundtrail.Theft{Tx: tr.Inputs[i].Spends.Transfer.Tx})
				taint[i] = tr.Inputs[i].Amount.Uint64()
				stolen += taint[i]
			}
			want, err := cj.Spread(tr, taint)
			if err != nil {
				t.Fatal(err)
			}
			found, err := trace.Run(t.Context(), trace.Input{Ledger: l, Thefts: thefts, Mixes: NewCoinJoins(l)}, trace.Options{})
			if err != nil {
				t.Fatal(err)
			}
			for _, h := range found.Hops {
				switch {
				case h.Record.Output == fundtrail.MixIndex:
					went += h.Taint[fundtrail.FIFO].Uint64()
				case h.Crossing != nil:
					certain += h.Taint[fundtrail.FIFO].Uint64()
					if !slices.ContainsFunc(want.Shares, func(s CoinJoinShare) bool {
						return s.Output == h.Record.Output && s.Certain == h.Taint[fundtrail.FIFO].Uint64()
					}) {
						t.Errorf("output %d keeps %s, which is not what the spread calls certain", h.Record.Output, h.Taint[fundtrail.FIFO])
					}
				}
			}
			passages, missed, err := ThroughCoinJoins(found, l)
			if err != nil || missed != (Missed{}) || len(passages) != 1 {
				t.Fatalf("%d passages, %+v, %v", len(passages), missed, err)
			}
			p := &passages[0]
			if len(p.Deposits) != len(c.stolen) || p.Kind != fundtrail.Mixer || p.Protocol != string(cj.Kind) {
				t.Errorf("passage %+v", p)
			}
			for _, w := range p.Withdrawals {
				carried += w.Carries.Uint64()
				share := want.Shares[slices.IndexFunc(want.Shares, func(s CoinJoinShare) bool { return s.Output == w.Record.Output })]
				if share.Expected != w.Carries.Uint64() || share.Odds != w.Probability || w.Certainty != CertaintyOf(share.Odds) || w.Amount != tr.Outputs[w.Record.Output].Amount {
					t.Errorf("%+v, want %+v", w, share)
				}
			}
			unlisted := uint64(0)
			for _, s := range want.Shares {
				if CertaintyOf(s.Odds) == Unlikely {
					unlisted += s.Expected
				}
			}
			if certain+went != stolen || carried+unlisted+want.Fee != went {
				t.Errorf("stolen %d: %d kept in changes, %d in the mix, of which %d carried, %d not listed, %d fees", stolen, certain, went, carried, unlisted, want.Fee)
			}
		})
	}
}

// A coin that is mostly clean is somebody else's; a mix of which inputs are missing is not
// gone through.
func TestThroughCoinJoinsMissed(t *testing.T) {
	tx := shape([]uint64{1_000_000, 1_000_000, 1_003_932, 1_000_000, 1_010_890}, times(5, 1_000_000))
	l := mixLedger(t, tx)
	tr := &tx.Transfers[0]
	mix := func(had uint64) *fundtrail.Trace {
		var taint fundtrail.Taints
		for p := range taint {
			taint[p] = fundtrail.NewAmount(had)
		}
		coin := fundtrail.Hop{Record: tr.Inputs[0].Spends, Asset: tr.Asset, Amount: tr.Inputs[0].Amount, Taint: taint, End: -1}
		into := fundtrail.Hop{Record: fundtrail.TransferOutput{Transfer: tr.ID, Output: fundtrail.MixIndex}, Asset: tr.Asset, Taint: taint}
		return &fundtrail.Trace{Policy: fundtrail.FIFO, Hops: []fundtrail.Hop{coin, into}, Ends: []fundtrail.End{{Kind: fundtrail.EndMixer}}}
	}
	for had, want := range map[uint64]string{499_999: "0 {0 1}", 500_000: "1 {0 0}", 0: "0 {0 0}"} {
		passages, missed, err := ThroughCoinJoins(mix(had), l)
		if got := fmt.Sprint(len(passages), " ", missed); err != nil || got != want {
			t.Errorf("%d: %s (%v), want %s", had, got, err, want)
		}
	}
}
