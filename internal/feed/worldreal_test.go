package feed

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fundtrail/fundtrail"
	"github.com/google/go-cmp/cmp"
)

// realList reads a list of the data set beside the project.
func realList(tb testing.TB, format Format, names ...string) *List {
	tb.Helper()
	var all []io.Reader
	for _, n := range names {
		all = append(all, realData(tb, "sanctions_native/"+n))
	}
	l, err := ParseList(format, io.MultiReader(all...))
	if err != nil {
		tb.Fatal(err)
	}
	checkWorldList(tb, l)
	return l
}

func partyOf(tb testing.TB, l *List, uid string) fundtrail.Party {
	tb.Helper()
	i := slices.IndexFunc(l.Parties, func(p fundtrail.Party) bool { return p.UID == uid })
	if i < 0 {
		tb.Fatalf("%s: no %s", l.List, uid)
	}
	return l.Parties[i]
}

// countsOf counts what a list holds.
func countsOf(l *List) map[string]int {
	n := map[string]int{"parties": len(l.Parties), "rejected": len(l.Rejected)}
	for _, p := range l.Parties {
		n["kind "+string(p.Kind)]++
		for _, name := range p.Names {
			n["name "+string(name.Kind)]++
		}
		n["births"] += len(p.Births)
		n["identifiers"] += len(p.Identifiers)
		for _, w := range p.Wallets {
			n["wallets on "+string(w.Address.Chain())]++
		}
		if p.Listed.IsZero() {
			n["without a day"]++
		}
		if len(p.Countries) > 0 {
			n["with a country"]++
		}
	}
	for _, u := range l.Unread {
		n["unread"] += u.Entries
	}
	return n
}

// TestUNReal: the Security Council's list on four days. Counts of names and documents
// were taken from the files with another XML library.
func TestUNReal(t *testing.T) {
	for _, c := range []struct {
		file      string
		published time.Time
		want      map[string]int
	}{
		{"UN_consolidated_2025-11-15.xml", time.Date(2025, 11, 15, 23, 0, 2, 690e6, time.UTC), unCounts2025},
		{"UN_consolidated_2025-11-18.xml", time.Date(2025, 11, 18, 23, 0, 9, 174e6, time.UTC), unCounts2025},
		{"UN_consolidated_2025-11-20.xml", time.Date(2025, 11, 20, 23, 0, 9, 67e6, time.UTC), unCounts2025},
		{"UN_consolidated_2026-02-27.xml", time.Date(2026, 2, 27, 0, 0, 9, 554e6, time.UTC), unCounts2026},
	} {
		l := realList(t, UNConsolidated, c.file)
		if l.List != "un-sc" || !l.Published.Equal(c.published) || l.Stated != -1 {
			t.Errorf("%s: %s published %v stated %d", c.file, l.List, l.Published, l.Stated)
		}
		if diff := cmp.Diff(c.want, countsOf(l)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.file, diff)
		}
	}
}

// TestUNKorea: the parties of the committee on North Korea, by name.
func TestUNKorea(t *testing.T) {
	l := realList(t, UNConsolidated, "UN_consolidated_2026-02-27.xml")
	for uid, want := range map[string]string{
		"KPe.001": "KOREA MINING DEVELOPMENT TRADING CORPORATION", "KPe.003": "TANCHON COMMERCIAL BANK", "KPe.023": "DAEDONG CREDIT BANK (DCB)",
		"KPe.030": "OFFICE 39", "KPe.031": "RECONNAISSANCE GENERAL BUREAU", "KPe.047": "FOREIGN TRADE BANK (FTB)", "KPe.075": "YUK TUNG ENERGY PTE LTD",
		"KPi.033": "RI WON HO",
	} {
		if p := partyOf(t, l, uid); p.Names[0].Text != want || !slices.Equal(p.Programs, []string{"DPRK"}) {
			t.Errorf("%s is %q of %v, want %q", uid, p.Names[0].Text, p.Programs, want)
		}
	}
	persons, bodies, nationals := 0, 0, 0
	for _, p := range l.Parties {
		switch {
		case strings.HasPrefix(p.UID, "KPi."):
			persons++
			if slices.Contains(p.Countries, "KP") {
				nationals++
			}
		case strings.HasPrefix(p.UID, "KPe."):
			bodies++
		}
	}
	if persons != 80 || bodies != 75 || nationals != 79 {
		t.Errorf("%d persons, %d of them North Korea's, and %d bodies", persons, nationals, bodies)
	}
	want := fundtrail.Party{
		UID: "KPi.033", Kind: fundtrail.Person, Names: []fundtrail.Name{{Text: "RI WON HO"}}, Programs: []string{"DPRK"},
		Listed: day(2016, 11, 30), Births: []string{"1964-07-17"}, Countries: []string{"KP"},
		Identifiers: []fundtrail.Identifier{{Type: "Passport", Value: "381310014"}},
		Note:        "Ri Won Ho is a DPRK Ministry of State Security Official stationed in Syria supporting KOMID.\ndesignation: DPRK Ministry of State Security Official",
	}
	if diff := cmp.Diff(want, partyOf(t, l, "KPi.033")); diff != "" {
		t.Errorf("KPi.033 (-want +got):\n%s", diff)
	}
	var aliases []string
	for _, n := range partyOf(t, l, "KPe.001").Names[1:] {
		aliases = append(aliases, string(n.Kind)+" "+n.Text)
	}
	if diff := cmp.Diff([]string{"alias CHANGGWANG SINYONG CORPORATION", "alias EXTERNAL TECHNOLOGY GENERAL CORPORATION", "alias DPRKN MINING DEVELOPMENT TRADING COOPERATION", `alias "KOMID"`}, aliases); diff != "" {
		t.Errorf("KPe.001 (-want +got):\n%s", diff)
	}
	saddam := partyOf(t, l, "IQi.001")
	if len(saddam.Names) < 2 || saddam.Names[1] != (fundtrail.Name{Text: "صدام حسين التكريتي"}) {
		t.Errorf("IQi.001: %v: want the name in its own script second", saddam.Names)
	}
}

// TestMETIReal: 561 numbers stand in the text, and 26 of them behind what another page
// ended with.
func TestMETIReal(t *testing.T) {
	l := realList(t, METIRussia, "jp_meti_russia_250912.txt")
	if l.List != "jp-meti-russia" || !l.Published.Equal(day(2025, 9, 12)) {
		t.Errorf("%s published %v", l.List, l.Published)
	}
	if diff := cmp.Diff(metiCountsReal, countsOf(l)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	for i, p := range l.Parties {
		if p.UID != fmt.Sprint(i+1) {
			t.Fatalf("party %d has number %s", i+1, p.UID)
		}
		for _, n := range p.Names {
			if strings.Contains(n.Text, "所在地") || strings.Contains(n.Text, "別称") || strings.Contains(n.Text, "a.k.a") {
				t.Errorf("%s: name %q", p.UID, n.Text)
			}
		}
	}
	for uid, want := range map[string][]string{
		"1":   {"|株式会社アドミラルティ造船所", "|Admiralty Shipyard JSC"},
		"10":  {"|対外諜報庁", "|Foreign Intelligence Service (SVR)"},
		"12":  {"|国際量子光学・量子技術センター", "alias|ロシア量子センター", "alias|RQC", "|International Center for Quantum Optics and Quantum Technologies LLS", "alias|Russian Quantum Center"},
		"57":  {"|クロッカス・ナノ・エレクトロニクス", "|Crocus Nano Electronics"},
		"77":  {"|NMテック", "|NM-Tekh"},
		"197": {"|戦術ミサイル兵器コーポレーション､スモレンスク航空プラント", "alias|株式会社「SmAZ」", "|Tactical Missile Corporation, Smolensk Aviation Plant", "alias|JSC “SmAZ”"},
		"561": {"|有限会社ヴネシュエコスティル", "|LLC Vneshekostil", "alias|OOO Vneshekostil"},
	} {
		var got []string
		for _, n := range partyOf(t, l, uid).Names {
			got = append(got, string(n.Kind)+"|"+n.Text)
		}
		slices.Sort(got)
		slices.Sort(want)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", uid, diff)
		}
	}
}

// TestNBCTFReal: Israel's two tables, each alone and both together.
func TestNBCTFReal(t *testing.T) {
	orders := realList(t, NBCTFOrders, "il_nbctf_releases.csv")
	if diff := cmp.Diff(map[string]int{"parties": 38, "kind ": 38, "name ": 38, "births": 0, "identifiers": 0, "rejected": 0, "without a day": 38}, countsOf(orders)); diff != "" {
		t.Errorf("orders (-want +got):\n%s", diff)
	}
	if orders.Covers != 0 {
		t.Errorf("the orders alone cover %d", orders.Covers)
	}
	wallets := realList(t, NBCTFWallets, "il_nbctf_wallets.csv")
	if diff := cmp.Diff(nbctfCounts, countsOf(wallets)); diff != "" {
		t.Errorf("wallets (-want +got):\n%s", diff)
	}
	both := realList(t, NBCTFOrders, "il_nbctf_releases.csv", "il_nbctf_wallets.csv")
	if again := realList(t, NBCTFWallets, "il_nbctf_wallets.csv", "il_nbctf_releases.csv"); len(again.Parties) != len(both.Parties) {
		t.Errorf("%d parties one way round, %d the other", len(both.Parties), len(again.Parties))
	}
	p := partyOf(t, both, "18/26")
	if len(p.Wallets) != 37 || !strings.Contains(p.Note, "valid until: 2028-07-01") {
		t.Errorf("order 18/26 has %d wallets, and says %q", len(p.Wallets), p.Note)
	}
	p = partyOf(t, both, "44/21")
	if !slices.Contains(p.Programs, "צח 15/22") || len(p.Identifiers) != 0 {
		t.Errorf("order 44/21 is under %v, with %v", p.Programs, p.Identifiers)
	}
	var xrp []string
	for _, w := range p.Wallets {
		if w.Currency == "XRP" {
			xrp = append(xrp, w.Text)
			if !w.Address.IsZero() {
				t.Errorf("%q is %v", w.Text, w.Address)
			}
		}
	}
	// The tag makes it a customer's: the address alone is the exchange's own.
	if diff := cmp.Diff([]string{"rEb8TK3gBgk5auZkwc6sHnwrGVJH8DuaLh (Address tag 102334770)*"}, xrp); diff != "" {
		t.Errorf("XRP (-want +got):\n%s", diff)
	}
	p = partyOf(t, both, "79/21")
	if len(p.Wallets) != 0 || len(p.Identifiers) != 47 {
		t.Errorf("order 79/21 has %d wallets and %d users: all are users of an exchange", len(p.Wallets), len(p.Identifiers))
	}
	p = partyOf(t, both, "44/21:803591510")
	if p.Names[0].Text != "ALI ISMAIL SHAFIQ ABUALKAS" || !slices.Equal(p.Births, []string{"1992-07-01"}) || len(p.Wallets) != 1 || p.Wallets[0].Text != "13iQsrwBYdrLpnitG5EV79o3PeHjH8XUBc" {
		t.Errorf("a holder in 44/21: %+v", p)
	}
	var odd []string
	for _, u := range wallets.Unread {
		odd = append(odd, u.Field+" "+u.Value)
	}
	// The first has the Cyrillic letters Н and с.
	if diff := cmp.Diff([]string{"wallet TН96tFMn8KGiYSLiwсV3E2UiaJc8jmcbz3", "תעודת זהות 9.46108E+11"}, odd); diff != "" {
		t.Errorf("unread (-want +got):\n%s", diff)
	}
}

// TestFortaReal: 7,780 + 753 + 6,726 rows. A row that says the same of one address in
// another case of its letters is the same claim.
func TestFortaReal(t *testing.T) {
	for _, c := range []struct {
		file                          string
		tags, rejected                int
		hacking, phishing, byCreators int
	}{
		{"etherscan_malicious_labels", 7272, 2, 206, 7057, 0},
		{"malicious_smart_contracts", 1261, 0, 171, 1067, 96},
		{"phishing_scams", 6218, 2, 18, 6200, 0},
	} {
		claims, err := ParseForta(realData(t, "labels/forta/"+c.file+".csv.gz"), fundtrail.Ethereum, fundtrail.Source{Title: c.file})
		if err != nil {
			t.Fatal(err)
		}
		checkTags(t, claims.Tags)
		checkRejected(t, claims.Rejected)
		by := map[string]int{}
		for _, tag := range claims.Tags {
			by[tag.Category]++
			if tag.Confidence == fortaByCreator {
				by["creators"]++
			}
		}
		got := []int{len(claims.Tags), len(claims.Rejected), by["hacking"], by["phishing"], by["creators"], len(claims.Unread)}
		if diff := cmp.Diff([]int{c.tags, c.rejected, c.hacking, c.phishing, c.byCreators, 0}, got); diff != "" {
			t.Errorf("%s: tags, rejected, hacking, phishing, by creator, unread (-want +got):\n%s", c.file, diff)
		}
	}
}

func benchmarkList(b *testing.B, format Format, text []byte) {
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ParseList(format, bytes.NewReader(text)); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkUN(b *testing.B) {
	benchmarkList(b, UNConsolidated, []byte(readAll(b, realData(b, "sanctions_native/UN_consolidated_2026-02-27.xml"))))
}

func BenchmarkMETI(b *testing.B) {
	benchmarkList(b, METIRussia, []byte(readAll(b, realData(b, "sanctions_native/jp_meti_russia_250912.txt"))))
}

func BenchmarkNBCTF(b *testing.B) {
	benchmarkList(b, NBCTFWallets, []byte(readAll(b, realData(b, "sanctions_native/il_nbctf_wallets.csv"))))
}

func BenchmarkForta(b *testing.B) {
	text := readAll(b, realData(b, "labels/forta/phishing_scams.csv.gz"))
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if _, err := ParseForta(strings.NewReader(text), fundtrail.Ethereum, fundtrail.Source{}); err != nil {
			b.Fatal(err)
		}
	}
}

// The made-up lists, many times over, for the forms of which no real file was at hand.
func BenchmarkWorldForms(b *testing.B) {
	for _, c := range []struct {
		file, from, to string
		format         Format
	}{
		{"eu.xml", "  <sanctionEntity", "</export>", EUFinancial},
		{"uk.xml", "  <Designation>", "</Designations>", UKSanctions},
		{"seco.xml", "  <target", "  <place ssid", SECOSanctions},
		{"ftm.jsonl", "", "", FollowTheMoney},
	} {
		b.Run(c.file, func(b *testing.B) {
			text := testdata(b, "world/"+c.file)
			start, end := 0, len(text)
			if c.to != "" {
				start, end = strings.Index(text, c.from), strings.Index(text, c.to)
			}
			benchmarkList(b, c.format, []byte(text[:start]+strings.Repeat(text[start:end], 500)+text[end:]))
		})
	}
}

// What the real files hold, as countsOf counts it.
var (
	unCounts2025 = map[string]int{"parties": 1000, "kind person": 727, "kind organisation": 273, "name ": 1378, "name alias": 2076, "name former": 52, "name weak": 614,
		"births": 892, "identifiers": 454, "with a country": 835, "rejected": 0, "unread": 4}
	unCounts2026 = map[string]int{"parties": 1003, "kind person": 730, "kind organisation": 273, "name ": 1380, "name alias": 2075, "name former": 52, "name weak": 614,
		"births": 892, "identifiers": 454, "with a country": 838, "rejected": 0, "unread": 4}
	metiCountsReal = map[string]int{"parties": 561, "kind ": 561, "name ": 1121, "name alias": 2022, "births": 0, "identifiers": 0, "with a country": 559,
		"without a day": 561, "rejected": 0, "unread": 1}
	nbctfCounts = map[string]int{"parties": 319, "kind ": 35, "kind person": 284, "name ": 319, "births": 73, "identifiers": 912, "with a country": 2,
		"wallets on ": 20, "wallets on btc": 58, "wallets on doge": 7, "wallets on eth": 16, "wallets on ltc": 4, "wallets on trx": 405,
		"without a day": 319, "rejected": 5, "unread": 2}
)
