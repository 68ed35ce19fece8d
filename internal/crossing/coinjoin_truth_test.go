package crossing

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/fundtrail/fundtrail"
)

// coSpenders writes how often inputs may be taken for one owner's.
func coSpenders(b *bytes.Buffer, all []population) {
	fmt.Fprintln(b, "\nINPUTS TAKEN FOR ONE OWNER'S (of transactions with two or more)")
	for _, p := range all {
		n, one := 0, 0
		for i := range p.txs {
			if len(p.txs[i].Transfers[0].Inputs) > 1 {
				n++
				if OneOwner(&p.txs[i]) {
					one++
				}
			}
		}
		if n > 0 {
			fmt.Fprintf(b, "%-24s%s\n", p.name, shareOf(one, n))
		}
	}
}

// matchedChanges writes how many changes amounts give away in Wasabi 1, and how many the
// same search finds where there can be none: with denominations made a fiftieth larger.
func matchedChanges(b *bytes.Buffer, all []population) {
	fmt.Fprintln(b, "\nCHANGES MATCHED IN WASABI 1 (no truth says which are right; the second figure is chance)")
	for _, p := range all {
		if p.truth != Wasabi1 {
			continue
		}
		outputs, matched, chance := 0, 0, 0
		for i := range p.txs {
			cj, ok := RecogniseCoinJoin(&p.txs[i])
			if !ok || cj.Kind != Wasabi1 {
				continue
			}
			var t coinTx
			t.read(&p.txs[i])
			equal := 0
			wrong := slices.Clone(cj.Groups)
			for k, g := range cj.Groups {
				equal += len(g.Outputs)
				wrong[k].Amount += g.Amount / 50
			}
			outputs += t.paid - equal - 1
			matched += len(cj.Matched)
			chance += len(t.matchWasabi1(wrong))
		}
		fmt.Fprintf(b, "%-24s%s matched, %s by chance\n", p.name, shareOf(matched, outputs), shareOf(chance, outputs))
	}
}

// oddsOfSpread holds what is said about outputs against wallets that are known: each
// owner of an emulated CoinJoin in turn is the thief, and all its inputs are tainted.
func oddsOfSpread(t *testing.T, b *bytes.Buffer) {
	t.Helper()
	fmt.Fprintln(b, "\nSPREAD, where wallets are known: every owner in turn has all its inputs tainted")
	for _, archive := range []string{"emul__joinmarket_1taker_2tumbler_40maker_pruned.zip", "emul__ww2_lognorm-static-5utxo.zip"} {
		e := readEmulation(t, archive)
		type bin struct {
			n, own int
			odds   float64
		}
		var bins [5]bin
		sure, sureRight, changes := 0, 0, 0
		var certain, certainOwn, expected, expectedOwn, taint uint64
		for i := range e.txs {
			tr := &e.txs[i].Transfers[0]
			cj, ok := RecogniseCoinJoin(&e.txs[i])
			if !ok || !cj.Kind.Mixes() {
				continue
			}
			changes += len(cj.Matched)
			for _, p := range cj.Matched {
				if p.Sure {
					sure++
					right := true
					for _, in := range p.Inputs {
						right = right && e.owner[tr.Inputs[in].Address] == e.owner[tr.Outputs[p.Change].Address]
					}
					if right {
						sureRight++
					}
				}
			}
			owners := map[string]bool{}
			for _, in := range tr.Inputs {
				owners[e.owner[in.Address]] = true
			}
			for _, owner := range slices.Sorted(maps.Keys(owners)) {
				dirty := make([]uint64, len(tr.Inputs))
				for k, in := range tr.Inputs {
					if e.owner[in.Address] == owner {
						dirty[k] = in.Amount.Uint64()
						taint += dirty[k]
					}
				}
				s, err := cj.Spread(tr, dirty)
				if err != nil {
					t.Fatal(err)
				}
				for _, share := range s.Shares {
					own := e.owner[tr.Outputs[share.Output].Address] == owner
					certain += share.Certain
					expected += share.Expected
					if own {
						certainOwn += share.Certain
						expectedOwn += share.Expected
					}
					if share.Certain > 0 {
						continue
					}
					k := min(4, int(share.Odds*5))
					bins[k].n++
					bins[k].odds += share.Odds
					if own {
						bins[k].own++
					}
				}
			}
		}
		of := func(a, b uint64) float64 { return float64(a) / float64(max(b, 1)) }
		fmt.Fprintf(b, "%s\n  changes matched %d, of which sure %d, of these right %s\n", archive, changes, sure, shareOf(sureRight, sure))
		fmt.Fprintf(b, "  of the taint %.4f is called certain (of which the owner's own %.4f), %.4f expected (own %.4f), the rest fees\n", of(certain, taint), of(certainOwn, certain), of(expected, taint), of(expectedOwn, expected))
		for k, x := range bins {
			if x.n > 0 {
				fmt.Fprintf(b, "  outputs with odds %.1f to %.1f  %6d, odds in the mean %.3f, the owner's own %.3f\n", float64(k)/5, float64(k+1)/5, x.n, x.odds/float64(x.n), quotientOf(x.own, x.n))
			}
		}
	}
}

// postMixes writes how many spends of mixed coins the known mixes give away.
func postMixes(b *bytes.Buffer, all []population) {
	made := map[fundtrail.TransferOutput]CoinJoinKind{}
	for _, p := range all {
		for i := range p.txs {
			if cj, ok := RecogniseCoinJoin(&p.txs[i]); ok && cj.Kind.Mixes() {
				for _, g := range cj.Groups {
					for _, o := range g.Outputs {
						made[fundtrail.TransferOutput{Transfer: p.txs[i].Transfers[0].ID, Output: o}] = cj.Kind
					}
				}
			}
		}
	}
	mixed := func(o fundtrail.TransferOutput) CoinJoinKind { return made[o] }
	fmt.Fprintln(b, "\nSPENDS OF MIXED COINS (of mixes that are themselves in the data)")
	for _, p := range all {
		n, merged := 0, 0
		for i := range p.txs {
			if s, ok := RecognisePostMix(&p.txs[i], mixed); ok {
				n++
				if s.Mixes > 1 {
					merged++
				}
			}
		}
		if n > 0 {
			fmt.Fprintf(b, "%-24s%s spend equal outputs outside a mix, %d of them of several mixes together\n", p.name, shareOf(n, len(p.txs)), merged)
		}
	}
}

// chipLookalikes writes how many transactions that no list says are ChipMixer's look so.
func chipLookalikes(b *bytes.Buffer, all []population) {
	fmt.Fprintln(b, "\nCHIPMIXER'S CHIPS (its listed transactions come without amounts: recall is not measured)")
	for _, p := range all {
		n, sure := 0, 0
		for i := range p.txs {
			if c, ok := RecogniseChips(&p.txs[i]); ok {
				n++
				if c.Confidence >= 50 {
					sure++
				}
			}
		}
		if n > 0 {
			fmt.Fprintf(b, "%-24s%s look like it, %d of them with five chips of 0.016 bitcoin or more\n", p.name, shareOf(n, len(p.txs)), sure)
		}
	}
}

// listsAlone writes what lists of transaction ids are, of which no amounts are at hand.
func listsAlone(t *testing.T, b *bytes.Buffer, all []population) {
	t.Helper()
	fmt.Fprintln(b, "\nLISTS OF IDS ALONE (no amounts, no negatives: they measure nothing where no population holds the transaction)")
	confirmed := hashList(t, "btc_coinjoin_lists/defconst/wasabi/CoinJoinsMain_20211221.csv.gz")
	for _, path := range []string{
		"btc_coinjoin_lists/defconst/wasabi/CoinJoinsMain_20211221.csv.gz", "btc_coinjoin_lists/defconst/wasabi/wasabi_txs_02-2022.txt.gz",
		"btc_coinjoin_lists/nopara73/WasabiCoinJoins.txt.gz", "btc_coinjoin_lists/nopara73/SamouraiCoinJoins.txt.gz",
		"btc_mixing_blocksec/wasabi_tx.json.gz", "btc_mixing_blocksec/wasabi_tx_part2.json", "btc_mixing_blocksec/chipmixer_mixing_transactions.json",
		"btc_coinjoin_crocs/wasabi1_false_cjtxs.json", "btc_coinjoin_crocs/wasabi2_false_cjtxs.json",
	} {
		list := hashList(t, path)
		both, held, agreed := 0, 0, 0
		for h := range list {
			if confirmed[h] {
				both++
			}
		}
		for _, p := range all {
			for i := range p.txs {
				if list[p.txs[i].ID.Hash] {
					held++
					if cj, _ := RecogniseCoinJoin(&p.txs[i]); cj.Kind.Mixes() {
						agreed++
					}
				}
			}
		}
		fmt.Fprintf(b, "%-66s%7d, confirmed by wasabi 1's coordinator %6d, with amounts here %4d, of which recognised as a mix %4d\n", path, len(list), both, held, agreed)
	}
}
