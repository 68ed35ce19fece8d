package data

import (
	"archive/zip"
	"bufio"
	"compress/gzip"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fundtrail/fundtrail"
)

// The tests of this file hold records against the published data that they cite.

// real opens a file of the real data, unpacked.
func real(t *testing.T, name string) io.Reader {
	t.Helper()
	f, err := os.Open(filepath.Join("../../shared/data", name))
	if errors.Is(err, fs.ErrNotExist) {
		t.Skipf("the real data is not here: %v", err)
	}
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

// rows reads a CSV file and calls each with every row after the first, by column.
func rows(t *testing.T, name string, each func(map[string]string)) {
	t.Helper()
	r := csv.NewReader(bufio.NewReaderSize(real(t, name), 1<<16))
	r.FieldsPerRecord, r.ReuseRecord = -1, true
	head, err := r.Read()
	if err != nil {
		t.Fatal(err)
	}
	head = slices.Clone(head)
	row := map[string]string{}
	for {
		fields, err := r.Read()
		if err == io.EOF {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		for i, h := range head {
			row[strings.TrimPrefix(h, "\ufeff")] = fields[i]
		}
		each(row)
	}
}

// labels reads the tags of one explorer, by lower-case address.
func labels(t *testing.T, explorer string) map[string]string {
	t.Helper()
	var file map[string]struct {
		Name string `json:"name"`
	}
	if err := json.NewDecoder(real(t, "labels/etherscan/"+explorer+"_combinedAllLabels.json.gz")).Decode(&file); err != nil {
		t.Fatal(err)
	}
	m := make(map[string]string, len(file))
	for address, l := range file {
		m[strings.ToLower(address)] = l.Name
	}
	return m
}

// listed reads the spellings that OFAC's list of a day gives of its addresses.
func listed(t *testing.T, day string) map[string]bool {
	m := map[string]bool{}
	rows(t, "ofac_addresses_2022_2024/"+day+".csv", func(r map[string]string) { m[r["address"]] = true })
	return m
}

// listedFor reads the lower-case addresses that OFAC's list of 2024-12-29 gives for a name.
func listedFor(t *testing.T, name string) []string {
	t.Helper()
	var file struct {
		Addresses map[string]struct {
			Entity string `json:"entity"`
		} `json:"addresses"`
	}
	if err := json.NewDecoder(real(t, "ofac_addresses_2024_2025/2024-12-29_71c57da.json")).Decode(&file); err != nil {
		t.Fatal(err)
	}
	var out []string
	for address, a := range file.Addresses {
		if strings.EqualFold(a.Entity, name) {
			out = append(out, address)
		}
	}
	slices.Sort(out)
	return out
}

func service(t *testing.T, id string) Service {
	t.Helper()
	for _, s := range Services() {
		if s.ID == id {
			return s
		}
	}
	t.Fatalf("no service %s", id)
	return Service{}
}

// withLabel returns the lower-case addresses of the tags with a label.
func withLabel(tags []fundtrail.Tag, label string) []string {
	var out []string
	for _, tag := range tags {
		if tag.Label == label {
			out = append(out, strings.ToLower(tag.Address.String()))
		}
	}
	slices.Sort(out)
	return out
}

// TestListedAddresses: what a record says OFAC lists is what OFAC lists, no more and
// no less, in the list's own spelling.
func TestListedAddresses(t *testing.T) {
	ronin, err := Incident("ronin-bridge")
	if err != nil {
		t.Fatal(err)
	}
	tornado := service(t, "tornado-cash")
	inForce := slices.DeleteFunc(slices.Clone(tornado.Tags), func(tag fundtrail.Tag) bool {
		return strings.Contains(tag.Note, "no longer on that of 2022-11-09")
	})
	for _, c := range []struct {
		name  string
		count int
		tags  []fundtrail.Tag
	}{
		{"LAZARUS GROUP", 8, ronin.Addresses},
		{"SINBAD", 2, service(t, "sinbad").Tags},
		{"BLENDER.IO", 45, service(t, "blender-io").Tags},
		{"TORNADO CASH", 90, inForce},
	} {
		want := listedFor(t, c.name)
		if got := withLabel(c.tags, "OFAC SDN: "+c.name); len(got) != c.count || !slices.Equal(got, want) {
			t.Errorf("%s: the record has %d addresses, the list %d:\n%q\n%q", c.name, len(got), len(want), got, want)
		}
	}
	list := listed(t, "2024-09-27")
	for _, id := range []string{"sinbad", "blender-io"} {
		for _, tag := range service(t, id).Tags {
			if !list[tag.Address.String()] {
				t.Errorf("%s: %s is not on the list in this spelling", id, tag.Address)
			}
		}
	}
	// The old proxy: listed at first, dropped when Tornado Cash was designated again.
	const proxy = "0x905b63Fff465B9fFBF41DeA908CEb12478ec7601"
	if !listed(t, "2022-09-03")[proxy] || listed(t, "2022-11-09")[proxy] {
		t.Errorf("%s is not on the lists as its note says", proxy)
	}
}

var denomination = regexp.MustCompile(`^Tornado\.Cash:? ([\d.,]+) (\w+)(?: \d)?$`)

// TestTornadoPools: every pool has the denomination of its tag, and every tag of a
// pool is in the record, but for the two whose tags of 2021 and 2023 disagree.
func TestTornadoPools(t *testing.T) {
	disputed := []string{"0x4736dcf1b7a3d580672cce6e7c65cd5cc9cfba9d", "0xd96f2b1c14db8458374d9aca76e26c3d18364307"}
	s := service(t, "tornado-cash")
	at := map[fundtrail.Address]Pool{}
	for _, p := range s.Pools {
		at[p.Tag.Address] = p
	}
	seen := 0
	for explorer, chain := range map[string]fundtrail.Chain{
		"etherscan": fundtrail.Ethereum, "arbiscan": fundtrail.Arbitrum, "polygonscan": fundtrail.Polygon, "avalanche": fundtrail.Avalanche,
	} {
		for text, name := range labels(t, explorer) {
			m := denomination.FindStringSubmatch(name)
			if m == nil || slices.Contains(disputed, text) {
				continue
			}
			p, ok := at[mustAddress(t, chain, text)]
			if !ok {
				t.Errorf("%s, %s on %s, is not in the record", text, name, chain)
				continue
			}
			seen++
			symbol, decimals, ok := AssetInfo(p.Asset)
			if !ok {
				t.Errorf("%s: asset %s is not known", name, p.Asset)
			}
			// Polygon's coin was MATIC when these tags were written.
			if want := strings.ToUpper(m[2]); strings.ToUpper(symbol) != want && !(chain == fundtrail.Polygon && want == "MATIC") {
				t.Errorf("%s: the record has %s", name, symbol)
			}
			if got, want := p.Amount.Decimal(decimals), strings.ReplaceAll(m[1], ",", ""); got != want {
				t.Errorf("%s: the record has %s %s", name, got, symbol)
			}
		}
	}
	if seen != len(s.Pools) {
		t.Errorf("%d of the record's %d pools have a tag", seen, len(s.Pools))
	}
	for _, text := range disputed {
		a := mustAddress(t, fundtrail.Ethereum, text)
		if _, ok := at[a]; ok || len(withLabelOf(s.Tags, a)) != 3 {
			t.Errorf("%s: want no denomination and three claims, got %q", text, withLabelOf(s.Tags, a))
		}
	}
}

func withLabelOf(tags []fundtrail.Tag, a fundtrail.Address) []string {
	var out []string
	for _, tag := range tags {
		if tag.Address == a {
			out = append(out, tag.Label)
		}
	}
	return out
}

// TestTagsAsPublished: a tag that cites the label cloud has the name it has there.
func TestTagsAsPublished(t *testing.T) {
	cloud := labels(t, "etherscan")
	n := 0
	for _, tag := range append(Tags(), IncidentTags()...) {
		if tag.Source.Title != "Etherscan name tags as published in etherscan-labels (2023-10)" ||
			tag.Actor == "tornado-cash" && tag.Role == fundtrail.RolePool {
			continue
		}
		n++
		want := strings.Replace(cloud[tag.Address.String()], "Tornado.Cash", "Tornado Cash", 1)
		if tag.Label != want {
			t.Errorf("%s: the record says %q, the cloud %q", tag.Address, tag.Label, want)
		}
	}
	if n < 400 {
		t.Errorf("only %d tags of the cloud were compared", n)
	}
	names := map[string]string{}
	rows(t, "incidents/EthereumHeist/Heist label-etherscan.csv", func(r map[string]string) { names[r["Address"]] = r["Name Tag"] })
	n = 0
	for _, tag := range IncidentTags() {
		if strings.HasPrefix(tag.Source.Title, "EthereumHeist") {
			n++
			if names[tag.Address.String()] != tag.Label {
				t.Errorf("%s: the record says %q, EthereumHeist %q", tag.Address, tag.Label, names[tag.Address.String()])
			}
		}
	}
	if n < 10 {
		t.Errorf("only %d tags of EthereumHeist were compared", n)
	}
}

// TestCaseFiles: addresses and hashes taken from case data are the ones there.
func TestCaseFiles(t *testing.T) {
	roles := map[string]string{}
	rows(t, "ronin_case/labels.csv", func(r map[string]string) { roles[r["address"]] = r["role"] })
	deposits := 0
	for _, tag := range Tags() {
		if name, ok := strings.CutSuffix(tag.Label, " (Ronin case)"); ok {
			deposits++
			if tag.Role != fundtrail.RoleDeposit || roles[tag.Address.String()] != name {
				t.Errorf("%s: the record says %q, the case %q", tag.Address, name, roles[tag.Address.String()])
			}
		}
	}
	if deposits != 8 {
		t.Errorf("%d deposit addresses, want 8", deposits)
	}
	ronin, err := Incident("ronin-bridge")
	if err != nil {
		t.Fatal(err)
	}
	between := withLabel(ronin.Addresses, "Ronin Bridge theft, intermediary to Tornado Cash")
	if len(between) != 7 {
		t.Errorf("intermediaries %q", between)
	}
	for _, a := range between {
		if roles[a] != "intermediary to Tornado Cash" {
			t.Errorf("%s is %q in the case", a, roles[a])
		}
	}
	helpers := withLabel(ronin.Addresses, "Ronin Bridge theft, swap helper of 2022-03-23")
	if len(helpers) != 2 {
		t.Errorf("swap helpers %q", helpers)
	}
	for _, a := range helpers {
		if roles[a] != "swap helper 2022-03-23" {
			t.Errorf("%s is %q in the case", a, roles[a])
		}
	}
	sok, err := io.ReadAll(real(t, "incidents/SoK_bridges/txs_and_addresses_hashes.md"))
	if err != nil {
		t.Fatal(err)
	}
	harmony, err := Incident("harmony-horizon")
	if err != nil || len(harmony.Thefts) != 13 {
		t.Fatalf("%d thefts, %v", len(harmony.Thefts), err)
	}
	for _, theft := range harmony.Thefts {
		if !strings.Contains(string(sok), theft.Tx.String()) {
			t.Errorf("%s is not in the list of bridge hacks", theft.Tx)
		}
	}
	for id, file := range map[string]string{"harmony-horizon": "heist_traces/HB/source addresses.csv", "atomic-wallet": "heist_traces/Atomic/source addresses.csv"} {
		in, err := Incident(id)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, tag := range in.Addresses {
			if strings.HasPrefix(tag.Source.Title, "AnonymousMFTracer") {
				got = append(got, tag.Address.String())
			}
		}
		raw, err := io.ReadAll(real(t, file))
		if err != nil {
			t.Fatal(err)
		}
		want := strings.Fields(strings.ToLower(string(raw)))
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", id, got, want)
		}
	}
}

// TestRoninLedger checks on the list of external transactions what the record of the
// Ronin theft says of it, and that each router passes on as the record of Tornado
// Cash says.
func TestRoninLedger(t *testing.T) {
	const (
		thief   = "0x098b716b8aaf21512996dc57eb0615e2383e2f96"
		weth    = "0xc02aaa39b223fe8d0a0e5c4f27ead9083c756cc2"
		usdc    = "0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48"
		helper1 = "0xe708f17240732bbfa1baa8513f66b665fbc7ce10"
		helper2 = "0x665660f65e94454a64b96693a67a41d440155617"
	)
	in, err := Incident("ronin-bridge")
	if err != nil {
		t.Fatal(err)
	}
	stated := map[string]fundtrail.Theft{}
	for _, theft := range in.Thefts {
		stated[theft.Tx.String()] = theft
	}
	var nonces, usdcCalls, back int
	rows(t, "ethereum_txlists/transactions.csv.gz", func(r map[string]string) {
		theft, ours := stated[r["hash"]]
		if ours {
			if at := theft.Time.Unix(); r["timeStamp"] != fundtrail.NewAmount(uint64(at)).String() {
				t.Errorf("%s: at %s, the record says %d", r["hash"], r["timeStamp"], at)
			}
		}
		switch {
		case r["isError"] != "0":
		case r["from"] == thief:
			nonces++
			if r["to"] == weth {
				t.Errorf("%s: the thief calls WETH, and the record's note says that he never does", r["hash"])
			}
			if r["to"] == usdc {
				usdcCalls++
			}
		case r["to"] == thief && (r["from"] == helper1 || r["from"] == helper2):
			back++
			if !theft.Proceeds || theft.Amount.String() != r["value"] || !strings.Contains(theft.Note, r["from"]) {
				t.Errorf("%s: %s wei from %s, the record says %+v", r["hash"], r["value"], r["from"], theft)
			}
		}
	})
	if nonces != 38 || usdcCalls != 5 || back != 5 {
		t.Errorf("the thief sent %d transactions, %d to the USDC contract, and was paid back %d times; the record says 38, 5 and 5", nonces, usdcCalls, back)
	}
}

// TestRoninBridgeEvents: the two withdrawals are what the dataset of the bridge's
// events says, and it holds native value for the first alone.
func TestRoninBridgeEvents(t *testing.T) {
	in, err := Incident("ronin-bridge")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	rows(t, "bridge_events/analysis/ronin-bridge/data/attacks.csv", func(r map[string]string) {
		theft := in.Thefts[n]
		n++
		if r["dst_transaction_hash"] != theft.Tx.String() || r["amount"] != theft.Amount.String() ||
			r["dst_token"] != theft.Asset.Contract.String() || r["beneficiary"] != theft.Address.String() ||
			r["date"] != theft.Time.Format("2006-01-02 15:04") {
			t.Errorf("the data says %v, the record %+v", r, theft)
		}
	})
	if n != 2 {
		t.Errorf("%d attacks", n)
	}
	native := map[string]string{}
	lines := bufio.NewScanner(real(t, "bridge_events/datalog/ronin-bridge/facts/sc_withdrawal.facts.gz"))
	for lines.Scan() {
		f := strings.Split(lines.Text(), "\t")
		native[f[0]] = strings.Join(f[2:], " ")
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	want := "0x1a2a1c938ce3ec39b6d47113c7955baa9dd454f2 " + in.Thefts[0].Address.String() + " " + in.Thefts[0].Amount.String()
	if got := native[in.Thefts[0].Tx.String()]; got != want {
		t.Errorf("native withdrawal of the first theft: %q, want %q", got, want)
	}
	if got, ok := native[in.Thefts[1].Tx.String()]; ok {
		t.Errorf("native withdrawal of the second theft: %q", got)
	}
}

// TestRoutes: whatever is paid to a router in a denomination before the pools' events
// end is a deposit into the pool that the record names.
func TestRoutes(t *testing.T) {
	pool := map[string]string{} // transaction -> denomination
	last := map[string]string{} // denomination -> time of its last event
	for _, d := range []string{"0.1", "1", "10", "100"} {
		for _, e := range tornadoDeposits(t, d) {
			pool[e.Hash] = d
			last[d] = max(last[d], e.Timestamp)
		}
	}
	eth := fundtrail.NativeAsset(fundtrail.Ethereum)
	seen := map[string]int{}
	routers := map[string]bool{}
	for _, r := range service(t, "tornado-cash").Routes {
		routers[r.Router.String()] = true
	}
	rows(t, "ethereum_txlists/transactions.csv.gz", func(r map[string]string) {
		if !routers[r["to"]] || r["isError"] != "0" || r["value"] == "0" {
			return
		}
		amount := mustAmount(t, r["value"])
		tag, ok := PoolOf(mustAddress(t, fundtrail.Ethereum, r["to"]), eth, amount)
		d := amount.Decimal(18)
		if got, want := tag.Label, "Tornado Cash: "+d+" ETH"; !ok || got != want {
			t.Errorf("%s: %s ETH to %s is %q", r["hash"], d, r["to"], got)
		}
		if r["timeStamp"] > last[d] {
			return
		}
		seen[r["to"]]++
		if pool[r["hash"]] != d {
			t.Errorf("%s: %s ETH to %s went to the pool of %q", r["hash"], d, r["to"], pool[r["hash"]])
		}
	})
	for router, want := range map[string]int{
		"0xd90e2f925da726b50c4ed8d0fb90ad053324f31b": 2415,
		"0x722122df12d4e14e13ac3b6895a86e84145b6967": 201,
		"0x905b63fff465b9ffbf41dea908ceb12478ec7601": 153,
	} {
		if seen[router] != want {
			t.Errorf("%s: %d payments, the record's note says %d", router, seen[router], want)
		}
	}
}

// TestBridgedTokens: decimals are those of the tables the record cites.
func TestBridgedTokens(t *testing.T) {
	table := map[string]string{}
	for file, chain := range map[string]string{"BERC20": "bsc", "PERC20": "polygon"} {
		rows(t, "bridge_pairs/Token/"+file+".csv", func(r map[string]string) {
			table[chain+"/"+strings.ToLower(r["address"])] = r["decimal"]
		})
	}
	n := 0
	for _, tok := range Tokens() {
		if strings.HasPrefix(tok.Source.Title, "Connector") {
			n++
			if got := fundtrail.NewAmount(uint64(tok.Decimals)).String(); got != table[tok.Asset.String()] {
				t.Errorf("%s: %s decimals, the table says %q", tok.Asset, got, table[tok.Asset.String()])
			}
		}
	}
	if n == 0 {
		t.Error("no token was compared")
	}
}

// TestDatesOfTheLedger: the first transactions that two records take their dates from.
func TestDatesOfTheLedger(t *testing.T) {
	first := map[string]string{}
	rows(t, "ethereum_txlists/accounts.csv", func(r map[string]string) { first[r["address"]] = r["first_ts"] })
	for id, address := range map[string]string{
		"euler-finance": "0xb66cd966670d962c227b3eaba30a872dbfb995db",
		"cryptopia":     "0xc8b759860149542a98a3eb57c14aadf59d6d89b9",
	} {
		in, err := Incident(id)
		if err != nil {
			t.Fatal(err)
		}
		seconds := mustAmount(t, first[address]).Uint64()
		at := time.Unix(int64(seconds), 0).UTC()
		if !slices.ContainsFunc(in.Dates, func(d fundtrail.DateClaim) bool {
			return d.From.Format(time.DateOnly) == at.Format(time.DateOnly) && strings.Contains(d.Note, at.Format("15:04:05"))
		}) {
			t.Errorf("%s: first transaction at %v, the record says %+v", id, at, in.Dates)
		}
	}
}

// A tornadoEvent is a deposit as the pools' own interface publishes it.
type tornadoEvent struct {
	Hash      string `json:"transactionHash"`
	Timestamp string `json:"timestamp"`
}

func tornadoDeposits(t *testing.T, denomination string) []tornadoEvent {
	t.Helper()
	name := filepath.Join("../../shared/data/tornado_events", "deposits_eth_"+denomination+".json.zip")
	z, err := zip.OpenReader(name)
	if errors.Is(err, fs.ErrNotExist) {
		t.Skipf("the real data is not here: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	f, err := z.File[0].Open()
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var events []tornadoEvent
	if err := json.NewDecoder(f).Decode(&events); err != nil {
		t.Fatal(err)
	}
	return events
}
