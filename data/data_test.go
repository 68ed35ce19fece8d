package data

import (
	"bytes"
	"errors"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fundtrail/fundtrail"
)

func mustAddress(t *testing.T, chain fundtrail.Chain, s string) fundtrail.Address {
	t.Helper()
	a, err := fundtrail.ParseAddress(chain, s)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func mustAmount(t *testing.T, s string) fundtrail.Amount {
	t.Helper()
	a, err := fundtrail.ParseAmount(s)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestIncident(t *testing.T) {
	for _, name := range []string{"ronin-bridge", "Ronin Bridge", "ronin", "SKY_MAVIS"} {
		in, err := Incident(name)
		if err != nil || in.ID != "ronin-bridge" {
			t.Errorf("Incident(%q) = %q, %v", name, in.ID, err)
		}
	}
	for name, near := range map[string]string{"ronnin": "ronin-bridge", "upbit": "upbit-2019", "bybitt": "bybit", "dmm bitcoins": "dmm-bitcoin"} {
		_, err := Incident(name)
		if !errors.Is(err, fundtrail.ErrNotFound) || !strings.Contains(err.Error(), "near it: "+near) {
			t.Errorf("Incident(%q): %v, want not found, near it: %s", name, err, near)
		}
	}
	_, err := Incident("the moon")
	if !errors.Is(err, fundtrail.ErrNotFound) || strings.Contains(err.Error(), "near") {
		t.Errorf("Incident of nothing like it: %v", err)
	}
	if n := len(Incidents()); n < 16 {
		t.Errorf("%d incidents, want 16 at least", n)
	}
}

func TestActor(t *testing.T) {
	for name, id := range map[string]string{
		"lazarus-group": "lazarus-group", "Hidden Cobra": "lazarus-group", "APT 38": "apt38", "HTX": "huobi", "North Korea": "dprk",
	} {
		a, err := Actor(name)
		if err != nil || a.ID != id {
			t.Errorf("Actor(%q) = %q, %v; want %q", name, a.ID, err, id)
		}
	}
	if _, err := Actor("lazarus grop"); !errors.Is(err, fundtrail.ErrNotFound) || !strings.Contains(err.Error(), "lazarus-group") {
		t.Errorf("Actor with a typing error: %v", err)
	}
	storm, err := Actor("roman-storm")
	if err != nil || len(storm.Statements) == 0 || storm.Related[0].Actor != "tornado-cash" {
		t.Errorf("roman-storm: %+v, %v", storm, err)
	}
}

// TestRonin reads the record through the API as a trace does.
func TestRonin(t *testing.T) {
	in, err := Incident("ronin-bridge")
	if err != nil {
		t.Fatal(err)
	}
	if want := time.Date(2022, 3, 23, 13, 29, 9, 0, time.UTC); !in.Happened.Equal(want) {
		t.Errorf("happened %v, want %v", in.Happened, want)
	}
	if in.Discovered.Format(time.DateOnly) != "2022-03-29" || !in.Disclosed.IsZero() {
		t.Errorf("discovered %v, disclosed %v", in.Discovered, in.Disclosed)
	}
	if in.Victim.Name != "Sky Mavis" {
		t.Errorf("victim %+v", in.Victim)
	}
	thief := mustAddress(t, fundtrail.Ethereum, "0x098b716b8aaf21512996dc57eb0615e2383e2f96")
	var proceeds fundtrail.Amount
	for _, theft := range in.Thefts {
		if theft.Address != thief || theft.Tx.IsZero() || theft.Confidence < 90 {
			t.Errorf("theft %+v", theft)
		}
		if theft.Proceeds {
			proceeds, _ = proceeds.Add(theft.Amount)
			if theft.ProceedsOf != in.Thefts[1].Tx || theft.Asset != fundtrail.NativeAsset(fundtrail.Ethereum) {
				t.Errorf("proceeds %+v", theft)
			}
		}
	}
	// The sum of the five amounts in the ledger's list, checked there by TestRoninLedger.
	if got := proceeds.Decimal(18); got != "8564.680189130746195534" {
		t.Errorf("proceeds %s ETH", got)
	}
	weth, usdc := in.Thefts[0], in.Thefts[1]
	if weth.StandsAs != fundtrail.NativeAsset(fundtrail.Ethereum) || weth.Amount.Decimal(18) != "173600" {
		t.Errorf("theft of the ether: stands as %s, %s", weth.StandsAs, weth.Amount)
	}
	if usdc.StandsAs != (fundtrail.Asset{}) || usdc.Amount.Decimal(6) != "25500000" {
		t.Errorf("theft of the USDC: stands as %s, %s", usdc.StandsAs, usdc.Amount)
	}
	for _, tag := range in.Addresses {
		if tag.Incident != "ronin-bridge" {
			t.Errorf("tag %+v does not name its incident", tag)
		}
	}
}

func TestEulerIsNotDPRK(t *testing.T) {
	in, err := Incident("euler-finance")
	if err != nil {
		t.Fatal(err)
	}
	if len(in.Attributions) == 0 {
		t.Error("says nothing of the DPRK")
	}
	for _, a := range in.Attributions {
		if !a.Denied {
			t.Errorf("attributed to %s", a.Actor)
		}
	}
}

func TestPoolOf(t *testing.T) {
	eth, bsc := fundtrail.NativeAsset(fundtrail.Ethereum), fundtrail.NativeAsset(fundtrail.BSC)
	hundred := "100000000000000000000"
	for _, c := range []struct {
		to     string
		asset  fundtrail.Asset
		amount string
		want   string
	}{
		{"0xa160cdab225685da1d56aa342ad8841c3b53f291", eth, hundred, "Tornado Cash: 100 ETH"},
		{"0xd90e2f925da726b50c4ed8d0fb90ad053324f31b", eth, hundred, "Tornado Cash: 100 ETH"},
		{"0xd90e2f925da726b50c4ed8d0fb90ad053324f31b", eth, "100000000000000000", "Tornado Cash: 0.1 ETH"},
		{"0x905b63fff465b9ffbf41dea908ceb12478ec7601", eth, "10000000000000000000", "Tornado Cash: 10 ETH"},
		{"0xd90e2f925da726b50c4ed8d0fb90ad053324f31b", eth, "100000000000000000001", ""},
		{"0xd90e2f925da726b50c4ed8d0fb90ad053324f31b", bsc, hundred, ""},
		{"0xa160cdab225685da1d56aa342ad8841c3b53f291", eth, "10000000000000000000", ""},
		{"0x28ffe35688ffffd0659aee2e34778b0ae4e193ad", eth, hundred, ""},
	} {
		tag, ok := PoolOf(mustAddress(t, fundtrail.Ethereum, c.to), c.asset, mustAmount(t, c.amount))
		if ok != (c.want != "") || tag.Label != c.want {
			t.Errorf("PoolOf(%s, %s, %s) = %q, %v; want %q", c.to, c.asset, c.amount, tag.Label, ok, c.want)
		}
		if ok && (tag.Role != fundtrail.RolePool || tag.Actor != "tornado-cash" || tag.Confidence == 0) {
			t.Errorf("PoolOf(%s): tag %+v", c.to, tag)
		}
	}
}

// TestRouteIsNoSurerThanItsParts: through a router the weaker claim counts.
func TestRouteIsNoSurerThanItsParts(t *testing.T) {
	raw, err := os.ReadFile("testdata/sound/services/tumbler.yaml")
	if err != nil {
		t.Fatal(err)
	}
	s, err := parseService(raw)
	if err != nil {
		t.Fatal(err)
	}
	m := pools([]Service{s})
	eth, one := fundtrail.NativeAsset(fundtrail.Ethereum), mustAmount(t, "1000000000000000000")
	direct := m[deposit{mustAddress(t, fundtrail.Ethereum, "0x6666666666666666666666666666666666666666"), eth, one}]
	routed := m[deposit{mustAddress(t, fundtrail.Ethereum, "0x8888888888888888888888888888888888888888"), eth, one}]
	if direct.Confidence != 60 || routed.Confidence != 40 || routed.Address != direct.Address {
		t.Errorf("direct %+v, routed %+v", direct, routed)
	}
}

func TestAssetInfo(t *testing.T) {
	for text, want := range map[string]struct {
		symbol   string
		decimals int
		ok       bool
	}{
		"eth": {"ETH", 18, true},
		"btc": {"BTC", 8, true},
		"eth/0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48": {"USDC", 6, true},
		"eth/0xc02aaa39b223fe8d0a0e5c4f27ead9083c756cc2": {"WETH", 18, true},
		"bsc/0x8ac76a51cc950d9822d68b83fe1ad97b32cd580d": {"USDC", 18, true},
		"bsc/0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48": {}, // Ethereum's USDC is nothing there
	} {
		a, err := fundtrail.ParseAsset(text)
		if err != nil {
			t.Fatal(err)
		}
		if symbol, decimals, ok := AssetInfo(a); symbol != want.symbol || decimals != want.decimals || ok != want.ok {
			t.Errorf("AssetInfo(%s) = %q, %d, %v; want %+v", text, symbol, decimals, ok, want)
		}
	}
}

func TestRecord(t *testing.T) {
	for id, want := range map[string]string{
		"ronin-bridge": "incidents/ronin-bridge.yaml", "ronin": "incidents/ronin-bridge.yaml", "kucoin": "incidents/kucoin.yaml",
		"services/kucoin": "services/kucoin.yaml", "actors/kucoin.yaml": "actors/kucoin.yaml", "assets": "assets.yaml",
		"nothing-such": "", "services/nothing": "", "../claim": "",
	} {
		name, raw := Record(id)
		if name != want {
			t.Errorf("Record(%q) is %q, want %q", id, name, want)
		}
		if want == "" {
			if raw != nil {
				t.Errorf("Record(%q) has bytes", id)
			}
			continue
		}
		if disk, err := os.ReadFile(name); err != nil || !bytes.Equal(raw, disk) {
			t.Errorf("Record(%q) differs from the file: %v", id, err)
		}
	}
	names := Records()
	if !slices.IsSorted(names) || !slices.Contains(names, "services/tornado-cash.yaml") || !slices.Contains(names, "assets.yaml") {
		t.Errorf("Records() = %q", names)
	}
}

func TestTagsAreSorted(t *testing.T) {
	for name, tags := range map[string][]fundtrail.Tag{"Tags": Tags(), "IncidentTags": IncidentTags()} {
		if len(tags) == 0 {
			t.Errorf("%s is empty", name)
		}
		for i := 1; i < len(tags); i++ {
			a, b := tags[i-1], tags[i]
			if c := a.Address.Compare(b.Address); c > 0 || c == 0 && a.Confidence < b.Confidence {
				t.Errorf("%s: %s (%d) before %s (%d)", name, a.Address, a.Confidence, b.Address, b.Confidence)
			}
			if b.Source.URL == "" || b.Label == "" || b.Category == "" {
				t.Errorf("%s: %+v", name, b)
			}
		}
	}
	for _, tag := range IncidentTags() {
		if tag.Incident == "" {
			t.Errorf("IncidentTags: %s names no incident", tag.Address)
		}
	}
}

func TestCategoriesAreSorted(t *testing.T) {
	all := Categories()
	for i, c := range all {
		if c.Meaning == "" || i > 0 && all[i-1].ID >= c.ID {
			t.Errorf("category %q is out of order or has no meaning", c.ID)
		}
		if got, ok := CategoryInfo(c.ID); !ok || got != c {
			t.Errorf("CategoryInfo(%q) = %+v, %v", c.ID, got, ok)
		}
	}
	if _, ok := CategoryInfo("hackers"); ok {
		t.Error("hackers is a category")
	}
}

// TestParseIncidentOfAUser: an incident of one's own may name a victim and actors
// that no record knows.
func TestParseIncidentOfAUser(t *testing.T) {
	const own = `
id: my-case
name: My case
dates: [{what: happened, date: 2024-05-01, source: me, confidence: 90}]
victim: {name: Alice, category: user, source: me, confidence: 90}
attributions: [{actor: mallory, by: Alice, source: me, confidence: 30}]
thefts: [{whole: eth/0x2222222222222222222222222222222222222222, source: me, confidence: 90}]
sources: {me: {title: Interview, url: https://example.org, retrieved: 2024-05-02}}
`
	in, err := ParseIncident([]byte(own), "my-case.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if in.Victim.Name != "Alice" || in.Attributions[0].Actor != "mallory" || !in.Thefts[0].Whole || in.Sources[0].Title != "Interview" {
		t.Errorf("%+v", in)
	}
	for _, c := range []struct{ old, new, want string }{
		{"source: me, confidence: 30", "source: you, confidence: 30", `attribution 1: source "you"`},
		{"eth/0x2222", "eth/0x222", "unknown form"},
		{"id: my-case", "case: my-case", "line 2: field case not found"},
	} {
		broken := strings.Replace(own, c.old, c.new, 1)
		_, err := ParseIncident([]byte(broken), "my-case.yaml")
		switch {
		case !errors.Is(err, fundtrail.ErrInvalid):
			t.Errorf("with %q: %v does not wrap ErrInvalid", c.new, err)
		case !strings.HasPrefix(err.Error(), "parse incident my-case.yaml: ") || !strings.Contains(err.Error(), c.want):
			t.Errorf("with %q: %v; want it to say %q", c.new, err, c.want)
		}
	}
}

// TestDocument: the examples of doc/records.md are records, and its vocabulary is
// the whole of ours.
func TestDocument(t *testing.T) {
	raw, err := os.ReadFile("../doc/records.md")
	if err != nil {
		t.Fatal(err)
	}
	text := string(raw)
	examples := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(text, -1)
	if len(examples) != 7 {
		t.Fatalf("%d examples, want an incident, a service, an actor, a proceeding, an action, figures and a list", len(examples))
	}
	in, err := parseIncident([]byte(examples[0][1]))
	if err != nil || len(in.Thefts) != 1 || len(in.Losses) != 2 || len(in.Figures) != 2 || len(in.How) != 1 {
		t.Errorf("the incident: %d thefts, %d losses, %v", len(in.Thefts), len(in.Losses), err)
	}
	s, err := parseService([]byte(examples[1][1]))
	if err != nil || len(s.Tags) != 4 || len(s.Routes) != 1 {
		t.Errorf("the service: %d tags, %d routes, %v", len(s.Tags), len(s.Routes), err)
	}
	a, err := parseActor([]byte(examples[2][1]))
	if err != nil || len(a.Related) != 1 || len(a.Statements) != 1 {
		t.Errorf("the actor: %+v, %v", a, err)
	}
	l, err := parseList([]byte(examples[6][1]))
	if err != nil || len(l.Downloads) != 2 || len(l.Downloads[1].Files) != 2 {
		t.Errorf("the list: %+v, %v", l, err)
	}
	p, err := parseProceeding([]byte(examples[3][1]))
	if err != nil || len(p.Events) != 2 || len(p.Charges) != 1 {
		t.Errorf("the proceeding: %+v, %v", p, err)
	}
	act, err := parseAction([]byte(examples[4][1]))
	if err != nil || len(act.Figures) != 2 || len(act.Addresses) != 1 {
		t.Errorf("the action: %+v, %v", act, err)
	}
	pub, err := parsePublication([]byte(examples[5][1]))
	if err != nil || len(pub.Figures) != 1 || pub.Figures[0].By != "The Corner Gazette" {
		t.Errorf("the figures: %+v, %v", pub, err)
	}
	for _, word := range slices.Concat(spelt(courtEventKinds), spelt(actionKinds), spelt(figureKinds)) {
		if !strings.Contains(text, "`"+word+"`") {
			t.Errorf("the document does not say what %s is", word)
		}
	}
	_, list, _ := strings.Cut(text, "`data/category.go`:")
	list, _, _ = strings.Cut(list, ". The category")
	var want []string
	for _, c := range Categories() {
		want = append(want, "`"+c.ID+"`")
	}
	if got := strings.Join(strings.Fields(list), " "); got != strings.Join(want, ", ") {
		t.Errorf("the document lists the categories\n%s\nwant\n%s", got, strings.Join(want, ", "))
	}
}

func spelt[T ~string](list []T) []string {
	out := make([]string, len(list))
	for i, w := range list {
		out[i] = string(w)
	}
	return out
}

// FuzzParseIncident: whatever the bytes, the parser answers.
func FuzzParseIncident(f *testing.F) {
	raw, err := os.ReadFile("testdata/sound/incidents/corner-shop.yaml")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(raw)
	f.Add([]byte("id: x\nthefts: [{tx: btc/00}]"))
	f.Add([]byte("a: &a [*a, *a]"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		in, err := ParseIncident(raw, "fuzz")
		if err == nil && (in.ID == "" || in.Happened.IsZero()) {
			t.Errorf("accepted %+v", in)
		}
		if err != nil && !errors.Is(err, fundtrail.ErrInvalid) {
			t.Errorf("%v does not wrap ErrInvalid", err)
		}
	})
}

// BenchmarkParse is what the first question about everything costs a process.
func BenchmarkParse(b *testing.B) {
	for b.Loop() {
		newShelf("actors", parseActor, nil).list()
		newShelf("incidents", parseIncident, nil).list()
		newShelf("services", parseService, nil).list()
		newShelf("docket", parseProceeding, nil).list()
		newShelf("actions", parseAction, nil).list()
		newShelf("figures", parsePublication, nil).list()
		mustAssets()
	}
}

// BenchmarkAbout is what the first question about one theft costs a process.
func BenchmarkAbout(b *testing.B) {
	for b.Loop() {
		text, err := parseIncident(mustRead("incidents/ronin-bridge.yaml"))
		if err != nil {
			b.Fatal(err)
		}
		newShelf("incidents", parseIncident, nil).some(func(_ string, raw []byte) bool { return holds(raw, text.ID) })
		newShelf("actions", parseAction, nil).some(func(_ string, raw []byte) bool { return holds(raw, text.ID) })
	}
}

// TestShelf: names are found without parsing as they are with it.
func TestShelf(t *testing.T) {
	for _, in := range Incidents() {
		for _, name := range append([]string{in.ID}, in.Aliases...) {
			if got, err := Incident(strings.ToUpper(name)); err != nil || got.ID != in.ID {
				t.Errorf("Incident(%q) = %s, %v; want %s", name, got.ID, err, in.ID)
			}
		}
	}
	for _, a := range Actions() {
		for _, name := range append([]string{a.ID}, a.Aliases...) {
			if got, err := Action(name); err != nil || got.ID != a.ID {
				t.Errorf("Action(%q) = %s, %v; want %s", name, got.ID, err, a.ID)
			}
		}
	}
	for i, e := range services.entries() {
		if s := services.list()[i]; s.ID != e.id {
			t.Errorf("%s stands where %s does", s.ID, e.id)
		}
	}
	n := 0
	for _, in := range Incidents() {
		n += len(in.Addresses)
	}
	if len(IncidentTags()) != n {
		t.Errorf("%d tags of %d", len(IncidentTags()), n)
	}
}

// TestHolds: an ID is a word of its own.
func TestHolds(t *testing.T) {
	for text, want := range map[string]bool{
		"of: bybit": true, "incidents: [a, bybit, c]": true, "bybit": true, "bybit-2": false, "of: a-bybit": false, "bybits, bybit": true, "": false,
	} {
		if got := holds([]byte(text), "bybit"); got != want {
			t.Errorf("%q holds bybit: %v", text, got)
		}
	}
}
