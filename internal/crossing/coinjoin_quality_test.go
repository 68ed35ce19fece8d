package crossing

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fundtrail/fundtrail"
	"github.com/google/go-cmp/cmp"
)

var updateCoinJoin = flag.Bool("update-coinjoin", false, "write testdata/coinjoin-quality.txt anew")

// A population is a set of real transactions of which somebody else said what they are.
type population struct {
	name, says string
	truth      CoinJoinKind // of every one; "" for none, or none of the kinds measured
	txs        []fundtrail.Transaction
}

// populations reads everything there is truth for.
func populations(t testing.TB) (all []population) {
	confirmed := hashList(t, "btc_coinjoin_lists/defconst/wasabi/CoinJoinsMain_20211221.csv.gz")
	false2 := hashList(t, "btc_coinjoin_crocs/wasabi2_false_cjtxs.json")
	split := func(txs []fundtrail.Transaction, keep func(*fundtrail.Transaction) bool) (yes, no []fundtrail.Transaction) {
		for i := range txs {
			if keep(&txs[i]) {
				yes = append(yes, txs[i])
			} else {
				no = append(no, txs[i])
			}
		}
		return yes, no
	}
	isConfirmed := func(tx *fundtrail.Transaction) bool { return confirmed[tx.ID.Hash] }
	const end, ww1, sw = "dumplings__end_zksnacks_202405.zip", "dumplings__ww1_202405.zip", "dumplings__sw_202403.zip"

	early := dumplings(t, end, "Scanner/WasabiCoinJoins.txt")
	spent, ordinary18 := split(dumplings(t, end, "Scanner/WasabiPostMixTxs.txt"), isConfirmed)
	for _, tx := range spent {
		if !slices.ContainsFunc(early, func(e fundtrail.Transaction) bool { return e.ID == tx.ID }) {
			early = append(early, tx)
		}
	}
	early, _ = split(early, isConfirmed)
	late, unconfirmed := split(dumplings(t, ww1, "Scanner/WasabiCoinJoins.txt"), isConfirmed)
	all = append(all,
		population{"wasabi1-2018", "confirmed by the coordinator, 2018", Wasabi1, early},
		population{"wasabi1-2021", "confirmed by the coordinator, 2021-08", Wasabi1, late},
		population{"wasabi1-denied", "like wasabi 1 to Dumplings, not the coordinator's, 2021-08", "", unconfirmed},
	)
	real2, fake2 := split(dumplings(t, end, "Scanner/Wasabi2CoinJoins.txt"), func(tx *fundtrail.Transaction) bool { return !false2[tx.ID.Hash] })
	all = append(all,
		population{"wasabi2-2024", "found by Dumplings, not on the list of false ones, 2024-05-31", Wasabi2, real2},
		population{"wasabi2-false", "on the list of false ones", "", fake2},
	)
	tx0, notTx0 := split(dumplings(t, sw, "Scanner/SamouraiTx0s.txt"), carriesData)
	all = append(all,
		population{"whirlpool-mixes", "found by Dumplings from the pools' first transactions, 2024-03", Whirlpool, dumplings(t, sw, "Scanner/SamouraiCoinJoins.txt")},
		population{"whirlpool-tx0", "spent in a mix, with a data output, 2021-2024", WhirlpoolTx0, tx0},
		population{"whirlpool-tx0-mixes", "listed as tx0, without a data output: mixes again", Whirlpool, notTx0},
		population{"spends-wasabi1-2018", "spend outputs of wasabi 1, not the coordinator's", "", ordinary18},
		population{"spends-wasabi1-2021", "the same, 2021-08", "", dumplings(t, ww1, "Scanner/WasabiPostMixTxs.txt")},
		population{"spends-wasabi2-2024", "spend outputs of wasabi 2", "", dumplings(t, end, "Scanner/Wasabi2PostMixTxs.txt")},
		population{"spends-whirlpool-2024", "spend outputs of whirlpool", "", dumplings(t, sw, "Scanner/SamouraiPostMixTxs.txt")},
	)
	for _, b := range []string{"block-0000000000000000001602407ac49862a7bca9d00f7f402db20b7be2f5de59d2.blk", "block-00000000000000000021868c2cefc52a480d173c849412fe81c4e5ab806f94ab.blk"} {
		raw, err := os.ReadFile(sharedData(t, "btc_raw/"+b))
		if err != nil {
			t.Fatal(err)
		}
		txs, err := parseBlock(raw)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, population{"block-" + b[25:31], "a whole block of mainnet, most inputs' amounts not known, " + txs[0].Block.Time.Format(time.DateOnly), "", txs})
	}
	jm := readEmulation(t, "emul__joinmarket_1taker_2tumbler_40maker_pruned.zip")
	joint, rest := split(jm.txs, jm.severalOwners)
	all = append(all,
		population{"joinmarket-emulated", "inputs of several wallets on a test network", JoinMarket, joint},
		population{"joinmarket-others", "the other transactions there", "", rest},
	)
	w2 := readEmulation(t, "emul__ww2_lognorm-static-5utxo.zip")
	joint, rest = split(w2.txs, func(tx *fundtrail.Transaction) bool { return w2.cj[tx.ID.Hash] })
	return append(all,
		population{"wasabi2-emulated", "listed by the coordinator of a test network", Wasabi2, joint},
		population{"wasabi2-others", "the other transactions there", "", rest},
	)
}

func carriesData(tx *fundtrail.Transaction) bool {
	return slices.ContainsFunc(tx.Transfers[0].Outputs, func(e fundtrail.Entry) bool { return e.Address.IsZero() && e.Amount.IsZero() })
}

// severalOwners reports whether wallets of several owners signed.
func (e *emulation) severalOwners(tx *fundtrail.Transaction) bool {
	owners := map[string]bool{}
	for _, in := range tx.Transfers[0].Inputs {
		owners[e.owner[in.Address]] = true
	}
	return len(owners) > 1
}

// heldOut splits by the transaction's own hash: rules were chosen looking at the others.
func heldOut(tx *fundtrail.Transaction) bool { return tx.ID.Hash[31]&1 == 1 }

// withoutInputs is a transaction as a block alone shows it.
func withoutInputs(tx fundtrail.Transaction) fundtrail.Transaction {
	tr := tx.Transfers[0]
	tr.Inputs = slices.Clone(tr.Inputs)
	for i := range tr.Inputs {
		tr.Inputs[i].Amount, tr.Inputs[i].Address = fundtrail.Amount{}, fundtrail.Address{}
	}
	tx.Transfers = []fundtrail.Transfer{tr}
	return tx
}

var coinJoinKinds = []CoinJoinKind{Wasabi1, Wasabi2, Whirlpool, WhirlpoolTx0, JoinMarket}

// TestCoinJoinQuality measures recognition on everything there is truth for, and holds it
// to what was reached.
func TestCoinJoinQuality(t *testing.T) {
	if testing.Short() {
		t.Skip("reads all listed CoinJoins")
	}
	all := populations(t)
	var b bytes.Buffer
	fmt.Fprintln(&b, "Recognition of CoinJoins by shape. Written by TestCoinJoinQuality; do not edit.")
	for _, blind := range []bool{false, true} {
		how := "with inputs' amounts, where the data has them"
		if blind {
			how = "from outputs alone, as a block without the coins it spends shows them"
		}
		for _, held := range []bool{false, true} {
			part := "tuned half"
			if held {
				part = "held-out half"
			}
			fmt.Fprintf(&b, "\n%s, %s\n%-24s%8s", strings.ToUpper(part), how, "population", "n")
			for _, k := range append(coinJoinKinds, "none") {
				fmt.Fprintf(&b, "%15s", k)
			}
			fmt.Fprintln(&b)
			right, found, truth := map[CoinJoinKind]int{}, map[CoinJoinKind]int{}, map[CoinJoinKind]int{}
			for _, p := range all {
				count, n := map[CoinJoinKind]int{}, 0
				for _, tx := range p.txs {
					if heldOut(&tx) != held {
						continue
					}
					if blind {
						tx = withoutInputs(tx)
					}
					n++
					cj, _ := RecogniseCoinJoin(&tx)
					count[cj.Kind]++
					truth[p.truth]++
					found[cj.Kind]++
					if cj.Kind == p.truth {
						right[p.truth]++
					}
				}
				fmt.Fprintf(&b, "%-24s%8d", p.name, n)
				for _, k := range append(coinJoinKinds, "") {
					fmt.Fprintf(&b, "%15d", count[k])
				}
				fmt.Fprintln(&b)
			}
			for _, k := range coinJoinKinds {
				fmt.Fprintf(&b, "%-15s recall %s, precision %s\n", k, ratio(right[k], truth[k]), ratio(right[k], found[k]))
			}
		}
	}
	fmt.Fprintln(&b, "\nWHAT THE POPULATIONS ARE")
	for _, p := range all {
		of := string(p.truth)
		if of == "" {
			of = "none of them"
		}
		fmt.Fprintf(&b, "%-24s%8d  %s: %s\n", p.name, len(p.txs), of, p.says)
	}
	goldenCoinJoin(t, "coinjoin-quality.txt", b.Bytes())
}

func ratio(a, b int) string {
	if b == 0 {
		return "not measured (0)"
	}
	return fmt.Sprintf("%.4f (%d of %d)", float64(a)/float64(b), a, b)
}

func goldenCoinJoin(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *updateCoinJoin {
		if err := os.WriteFile(path, got, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s: run with -update-coinjoin if this is meant (-was +is):\n%s", path, diff)
	}
}
