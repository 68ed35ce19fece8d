package crossing

import (
	"bytes"
	"flag"
	"fmt"
	"math/rand/v2"
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
	truth      CoinJoinKind // of every one; "" for none
	open       bool         // nobody says what they are not: a hit is not known to be false
	denied     CoinJoinKind // the one kind that open ones are said not to be
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
		population{name: "wasabi1-2018", says: "confirmed by the coordinator, 2018", truth: Wasabi1, txs: early},
		population{name: "wasabi1-2021", says: "confirmed by the coordinator, 2021-08", truth: Wasabi1, txs: late},
		population{name: "wasabi1-denied", says: "like wasabi 1 to Dumplings, not the coordinator's, 2021-08", open: true, denied: Wasabi1, txs: unconfirmed},
	)
	real2, fake2 := split(dumplings(t, end, "Scanner/Wasabi2CoinJoins.txt"), func(tx *fundtrail.Transaction) bool { return !false2[tx.ID.Hash] })
	all = append(all,
		population{name: "wasabi2-2024", says: "found by Dumplings, not on the list of false ones, 2024-05-31", truth: Wasabi2, txs: real2},
		population{name: "wasabi2-false", says: "on the list of false ones", open: true, denied: Wasabi2, txs: fake2},
	)
	mixes := dumplings(t, sw, "Scanner/SamouraiCoinJoins.txt")
	tx0, notTx0 := split(dumplings(t, sw, "Scanner/SamouraiTx0s.txt"), carriesData)
	listed := map[fundtrail.TxID]bool{}
	for _, tx := range slices.Concat(mixes, tx0, notTx0) {
		listed[tx.ID] = true
	}
	linked, spends := split(dumplings(t, sw, "Scanner/SamouraiPostMixTxs.txt"), func(tx *fundtrail.Transaction) bool {
		n := 0
		for _, in := range tx.Transfers[0].Inputs {
			if listed[in.Spends.Transfer.Tx] {
				n++
			}
		}
		return n >= 3 && len(tx.Transfers[0].Inputs) >= 5 && len(tx.Transfers[0].Inputs) == len(tx.Transfers[0].Outputs)
	})
	all = append(all,
		population{name: "whirlpool-mixes", says: "found by Dumplings from the pools' first transactions, 2024-03", truth: Whirlpool, txs: mixes},
		population{name: "whirlpool-tx0", says: "spent in a mix, with a data output, 2021-2024", truth: WhirlpoolTx0, txs: tx0},
		population{name: "whirlpool-tx0-mixes", says: "listed as tx0, without a data output: mixes again", truth: Whirlpool, txs: notTx0},
		population{name: "whirlpool-unlisted", says: "on no list of mixes, five or more inputs, as many outputs, three or more inputs from listed ones", truth: Whirlpool, txs: linked},
		population{name: "spends-wasabi1-2018", says: "spend outputs of wasabi 1, not the coordinator's", open: true, txs: ordinary18},
		population{name: "spends-wasabi1-2021", says: "the same, 2021-08", open: true, txs: dumplings(t, ww1, "Scanner/WasabiPostMixTxs.txt")},
		population{name: "spends-wasabi2-2024", says: "spend outputs of wasabi 2", open: true, txs: dumplings(t, end, "Scanner/Wasabi2PostMixTxs.txt")},
		population{name: "spends-whirlpool-2024", says: "spend outputs of whirlpool", open: true, txs: spends},
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
		all = append(all, population{name: "block-" + b[25:31], says: "a whole block of mainnet, most inputs' amounts not known, " + txs[0].Block.Time.Format(time.DateOnly), open: true, txs: txs})
	}
	all = append(all, population{name: "block-277647", says: "a whole block of mainnet with all inputs' amounts, 2013-12-28", open: true, txs: blockWithCoins(t)})
	jm := readEmulation(t, "emul__joinmarket_1taker_2tumbler_40maker_pruned.zip")
	joint, rest := split(jm.txs, jm.severalOwners)
	all = append(all,
		population{name: "joinmarket-emulated", says: "inputs of several wallets on a test network", truth: JoinMarket, txs: joint},
		population{name: "joinmarket-others", says: "the other transactions there", txs: rest},
	)
	w2 := readEmulation(t, "emul__ww2_lognorm-static-5utxo.zip")
	joint, rest = split(w2.txs, func(tx *fundtrail.Transaction) bool { return w2.cj[tx.ID.Hash] })
	return append(all,
		population{name: "wasabi2-emulated", says: "listed by the coordinator of a test network", truth: Wasabi2, txs: joint},
		population{name: "wasabi2-others", says: "the other transactions there", txs: rest},
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
			unlisted := map[CoinJoinKind]int{}
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
					if p.open && (cj.Kind != p.denied || cj.Kind == "") {
						unlisted[cj.Kind]++
					} else {
						found[cj.Kind]++
					}
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
				fmt.Fprintf(&b, "%-15s recall %s, precision %s; were all %d hits that no list decides false, %s\n",
					k, shareOf(right[k], truth[k]), shareOf(right[k], found[k]), unlisted[k], shareOf(right[k], found[k]+unlisted[k]))
			}
		}
	}
	fmt.Fprintln(&b, "\nHITS THAT NO LIST DECIDES")
	for _, p := range all {
		count := map[CoinJoinKind]int{}
		for i := range p.txs {
			if cj, ok := RecogniseCoinJoin(&p.txs[i]); ok && cj.Kind != p.truth {
				if count[cj.Kind]++; count[cj.Kind] <= 8 {
					fmt.Fprintf(&b, "%-24s%-15s%s\n", p.name, cj.Kind, p.txs[i].ID)
				}
			}
		}
		for _, k := range coinJoinKinds {
			if count[k] > 8 {
				fmt.Fprintf(&b, "%-24s%-15sand %d more\n", p.name, k, count[k]-8)
			}
		}
	}
	chanceFits(&b, all)
	coSpenders(&b, all)
	matchedChanges(&b, all)
	oddsOfSpread(t, &b)
	postMixes(&b, all)
	chipLookalikes(&b, all)
	listsAlone(t, &b, all)
	fmt.Fprintln(&b, "\nWHAT THE POPULATIONS ARE")
	for _, p := range all {
		of := string(p.truth)
		if of == "" {
			of = "none of them"
			if p.open {
				of = "nobody says"
			}
			if p.denied != "" {
				of = "not " + string(p.denied)
			}
		}
		fmt.Fprintf(&b, "%-24s%8d  %s: %s\n", p.name, len(p.txs), of, p.says)
	}
	goldenCoinJoin(t, "coinjoin-quality.txt", b.Bytes())
}

// chanceFits writes how often a JoinMarket fit would come about by chance: inputs of
// recognised ones are made up to a tenth larger or smaller, so that nothing but the
// number of inputs and outputs stays, and the fit is tried again.
func chanceFits(b *bytes.Buffer, all []population) {
	r := rand.New(rand.NewPCG(4, 4))
	hits, tries, fits := 0, 0, 0
	for _, p := range all {
		for _, tx := range p.txs {
			cj, _ := RecogniseCoinJoin(&tx)
			if cj.Kind != JoinMarket || !cj.InputsKnown {
				continue
			}
			hits++
			for range 100 {
				decoy := withoutInputs(tx)
				for i, e := range tx.Transfers[0].Inputs {
					v := e.Amount.Uint64()
					decoy.Transfers[0].Inputs[i] = fundtrail.Entry{Address: e.Address, Amount: fundtrail.NewAmount(v - v/10 + r.Uint64N(v/5+1))}
				}
				var t coinTx
				if !t.read(&decoy) {
					continue // pays out more than it has
				}
				tries++
				if _, ok := joinMarket(&t); ok {
					fits++
				}
			}
		}
	}
	fmt.Fprintf(b, "\nJOINMARKET FITS BY CHANCE\nof %d recognised, with inputs changed at random: %s fit\n", hits, shareOf(fits, tries))
}

func shareOf(a, b int) string {
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
