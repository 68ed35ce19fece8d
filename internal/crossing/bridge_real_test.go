package crossing_test

import (
	"compress/gzip"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/crossing"
	"github.com/fundtrail/fundtrail/internal/ingest"
)

const bridgeData = "../../../shared/data"

// needReal skips, saying so, where the real data is not laid beside the project.
func needReal(t testing.TB, name string) string {
	path := filepath.Join(bridgeData, name)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("real data is absent: %v", err)
	}
	return path
}

func bridgeEvents(t testing.TB, bridge string, names ...string) (b ingest.Bridges) {
	dir := needReal(t, "bridge_events/datalog/"+bridge+"-bridge/results")
	for _, name := range names {
		more, err := ingest.BridgeEvents(ingest.File(filepath.Join(dir, name)), ingest.BridgeOptions{Protocol: map[string]string{"nomad": "nomad", "ronin": "ronin-bridge"}[bridge]})
		if err != nil {
			t.Fatal(err)
		}
		b.Deposits = append(b.Deposits, more.Deposits...)
		b.Withdrawals = append(b.Withdrawals, more.Withdrawals...)
	}
	return b
}

// open reads a file of Connector's, whichever way it is stored.
func open(t testing.TB, name string) io.Reader {
	f, err := os.Open(needReal(t, "bridge_pairs/Validation/"+name))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	if !strings.HasSuffix(name, ".gz") {
		return f
	}
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func rows(t testing.TB, name string) [][]string {
	r := csv.NewReader(open(t, name))
	all, err := r.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return all[1:]
}

// connectorDeposits reads decoded deposits: the truth about what Connector calls the
// deposit's destination chain, asset, recipient and amount.
func connectorDeposits(t testing.TB, name, protocol string) (legs []crossing.Leg) {
	var all []struct {
		Args struct {
			Sender, Receiver string
			AssetS           string `json:"asset_s"`
			AssetD           string `json:"asset_d"`
			DstChain         string
			Amount           json.Number
		}
		TxHash    string
		Timestamp int64
	}
	d := json.NewDecoder(open(t, name))
	d.UseNumber()
	if err := d.Decode(&all); err != nil {
		t.Fatal(err)
	}
	for _, s := range all {
		peer, err := fundtrail.ParseChain(s.Args.DstChain)
		if err != nil {
			t.Fatal(err)
		}
		legs = append(legs, crossing.Leg{
			Protocol: protocol, Tx: fundtrail.TxID{Chain: fundtrail.Ethereum, Hash: hash(t, s.TxHash)}, Time: time.Unix(s.Timestamp, 0).UTC(),
			Peer: peer, Sender: strings.ToLower(s.Args.Sender), Recipient: strings.ToLower(s.Args.Receiver),
			Token: strings.ToLower(s.Args.AssetS), PeerToken: strings.ToLower(s.Args.AssetD), Amount: amount(t, s.Args.Amount.String()),
		})
	}
	return legs
}

// connectorCalls decodes the calls of the destination's side. The file does not say
// which transaction made them, so a leg's hash is its number.
func connectorCalls(t testing.TB, name string, chain fundtrail.Chain) (legs []crossing.Leg, unread int) {
	for i, row := range rows(t, name) {
		raw, err := hex.DecodeString(strings.TrimPrefix(row[1], "0x"))
		if err != nil {
			t.Fatal(err)
		}
		tx := fundtrail.TxID{Chain: chain}
		tx.Hash[30], tx.Hash[31] = byte(i>>8), byte(i)
		leg, err := crossing.CallLeg(tx, raw)
		if err != nil {
			t.Logf("%s row %d: %v", name, i+1, err)
			unread++
			continue
		}
		legs = append(legs, leg)
	}
	return legs, unread
}

func connectorLabels(t testing.TB, name string) map[string]string {
	m := map[string]string{}
	for _, row := range rows(t, name) {
		m[strings.ToLower(row[2])] = strings.ToLower(row[4])
	}
	return m
}

func hash(t testing.TB, s string) fundtrail.Hash {
	h, err := fundtrail.ParseHash(s)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func amount(t testing.TB, s string) fundtrail.Amount {
	a, err := fundtrail.ParseAmount(s)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// A known is a set of legs whose pairs are known.
type known struct {
	name                  string
	deposits, withdrawals []crossing.Leg
	truth                 map[int]int // of a withdrawal its deposit
}

// tuned splits known pairs in two by the deposit's hash: counts are made on one half,
// figures on the other.
func (k *known) tuned(w int) bool { return k.deposits[k.truth[w]].Tx.Hash[0] < 128 }

func (k *known) half(tuned bool) map[int]int {
	m := map[int]int{}
	for w, d := range k.truth {
		if k.tuned(w) == tuned {
			m[w] = d
		}
	}
	return m
}

// byHash makes truth of a matched file: pairs of hashes.
func (k *known) byHash(pairs ingest.Bridges) {
	index := func(legs []crossing.Leg) map[fundtrail.Hash][]int {
		m := map[fundtrail.Hash][]int{}
		for i, l := range legs {
			m[l.Tx.Hash] = append(m[l.Tx.Hash], i)
		}
		return m
	}
	ds, ws := index(k.deposits), index(k.withdrawals)
	k.truth = map[int]int{}
	for i := range pairs.Deposits {
		d, w := ds[pairs.Deposits[i].Tx.Hash], ws[pairs.Withdrawals[i].Tx.Hash]
		for _, w := range w {
			for _, d := range d {
				if _, told := k.truth[w]; told {
					continue // a deposit that stands in two files
				}
				if k.deposits[d].ID == pairs.Deposits[i].ID && k.withdrawals[w].ID == pairs.Withdrawals[i].ID {
					k.truth[w] = d
				}
			}
		}
	}
}

// byID makes truth of ids, for measuring what finds pairs without them.
func (k *known) byID() {
	at := map[string]int{}
	for d, l := range k.deposits {
		at[l.ID] = d
	}
	k.truth = map[int]int{}
	for w, l := range k.withdrawals {
		if d, ok := at[l.ID]; ok && k.deposits[d].Recipient == l.Recipient {
			k.truth[w] = d
		}
	}
}

func nomadOut(t testing.TB) known {
	in := bridgeEvents(t, "nomad", "SC_ValidERC20TokenDeposit.csv.gz", "SC_ValidNativeTokenDeposit.csv.gz")
	out := bridgeEvents(t, "nomad", "TC_ValidERC20TokenDeposit.csv.gz")
	k := known{name: "nomad eth to moonbeam", deposits: in.Deposits, withdrawals: out.Withdrawals}
	k.byID()
	return k
}

func nomadBack(t testing.TB) known {
	in := bridgeEvents(t, "nomad", "TC_ValidERC20TokenWithdrawal.csv.gz", "TC_ValidNativeTokenWithdrawal.csv")
	out := bridgeEvents(t, "nomad", "SC_ValidERC20TokenWithdrawal.csv.gz")
	k := known{name: "nomad moonbeam to eth", deposits: in.Deposits, withdrawals: out.Withdrawals}
	k.byHash(bridgeEvents(t, "nomad", "CCTX_Withdrawal.csv.gz"))
	return k
}

// roninBack: the withdrawals on Ethereum that XChainWatcher could not match in its own
// interval, and the requests on Ronin that it found for them elsewhere.
func roninBack(t testing.TB) known {
	in := bridgeEvents(t, "ronin", "SC_WithdrawalsMatchWithAdditionalData.csv.gz", "TC_WithdrawalsMatchWithAdditionalData.csv", "CCTX_Withdrawal_FinalityBreak.csv")
	out := bridgeEvents(t, "ronin", "SC_WithdrawalsWithoutMatch.csv.gz")
	k := known{name: "ronin to eth", deposits: in.Deposits, withdrawals: out.Withdrawals}
	k.byHash(bridgeEvents(t, "ronin", "SC_WithdrawalsMatchWithAdditionalData.csv.gz", "CCTX_Withdrawal_FinalityBreak.csv"))
	return k
}

func multichainPolygon(t testing.TB) known {
	k := known{name: "multichain eth to polygon", deposits: connectorDeposits(t, "ETH-Polygon/Multi/sample.json.gz", "multichain")}
	for i := range k.deposits {
		l := &k.deposits[i]
		l.ID = l.Tx.String() // as LogAnySwapOut's decoder names it
	}
	k.withdrawals, _ = connectorCalls(t, "ETH-Polygon/Multi/input.csv.gz", fundtrail.Polygon)
	k.byID()
	return k
}

func celerPolygon(t testing.TB) known {
	k := known{name: "celer eth to polygon", deposits: connectorDeposits(t, "ETH-Polygon/Celer/sample.json.gz", "celer")}
	k.withdrawals, _ = connectorCalls(t, "ETH-Polygon/Celer/input.csv.gz", fundtrail.Polygon)
	return k
}

func polyPolygon(t testing.TB) known {
	k := known{name: "poly eth to polygon", deposits: connectorDeposits(t, "ETH-Polygon/Poly/sample.json.gz", "poly-network")}
	k.withdrawals, _ = connectorCalls(t, "ETH-Polygon/Poly/input.csv.gz", fundtrail.Polygon)
	return k
}

func sortedTruth(m map[int]int) []int {
	ws := make([]int, 0, len(m))
	for w := range m {
		ws = append(ws, w)
	}
	slices.Sort(ws)
	return ws
}
