package feed

import (
	"archive/zip"
	"bytes"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fundtrail/fundtrail"
)

const watchman = "sanctions_native/watchman/"

// realSet reads an OFAC CSV set; "" leaves a part out.
func realSet(tb testing.TB, names ...string) (*List, error) {
	tb.Helper()
	var parts [4]io.Reader
	for i, name := range names {
		if name != "" {
			parts[i] = realData(tb, watchman+name)
		}
	}
	return ParseOFACCSV(parts[0], parts[1], parts[2], parts[3])
}

// A tally is what of a list is counted.
type tally struct{ parties, names, wallets, unresolved, births, countries, identifiers, rejected int }

func tallyOf(l *List) (n tally) {
	n.parties, n.rejected = len(l.Parties), len(l.Rejected)
	for _, p := range l.Parties {
		n.names += len(p.Names)
		n.wallets += len(p.Wallets)
		n.births += len(p.Births)
		n.countries += len(p.Countries)
		n.identifiers += len(p.Identifiers)
		for _, w := range p.Wallets {
			if w.Address.IsZero() {
				n.unresolved++
			}
		}
	}
	return n
}

// TestOFACCSVReal: names, wallets and births were counted by other means as well.
func TestOFACCSVReal(t *testing.T) {
	for _, c := range []struct {
		files  []string
		list   string
		covers fundtrail.ListScope
		want   tally
	}{
		{[]string{"test_testdata_sdn.csv", "", "test_testdata_alt.csv", ""}, listSDN, fundtrail.CoversNames,
			tally{7379, 19091, 2, 0, 4274, 2326, 6063, 0}},
		{[]string{"test_testdata_bench_sdn.csv", "test_testdata_bench_add.csv", "test_testdata_bench_alt.csv", "test_testdata_bench_sdn_comments.csv"}, listSDN, fundtrail.CoversNames | fundtrail.CoversWallets,
			tally{8976, 23321, 97, 11, 5124, 8792, 7914, 0}},
		{[]string{"test_testdata_cons_prim.csv", "test_testdata_cons_add.csv", "test_testdata_cons_alt.csv", "test_testdata_cons_comments.csv"}, listCons, fundtrail.CoversNames | fundtrail.CoversWallets,
			tally{442, 1585, 0, 0, 74, 407, 1240, 0}},
		{[]string{"test_testdata_cons_prim.csv", "", "", ""}, listCons, fundtrail.CoversNames,
			tally{442, 510, 0, 0, 74, 14, 1224, 0}},
	} {
		l, err := realSet(t, c.files...)
		if err != nil {
			t.Fatal(err)
		}
		checkList(t, l)
		if got := tallyOf(l); got != c.want || l.List != c.list || l.Covers != c.covers {
			t.Errorf("%s: list %s covers %d: %+v, want %s, %d, %+v", c.files[0], l.List, l.Covers, got, c.list, c.covers, c.want)
		}
	}
	// The addresses of 2019-01 are cut in the last row.
	_, err := realSet(t, "test_testdata_sdn.csv", "test_testdata_add.csv", "", "")
	wantInvalid(t, err, "addresses file (ADD.CSV): line 11696: the row is cut in its last column")
	// And those of one list are not those of the other.
	_, err = realSet(t, "test_testdata_cons_prim.csv", "test_testdata_bench_add.csv", "", "")
	wantInvalid(t, err, "of its 13837 rows are of entries that the main file does not hold")
}

// TestOFACCommentsReal: addresses that stand in the comments file, or across the cut.
func TestOFACCommentsReal(t *testing.T) {
	l, err := realSet(t, "test_testdata_bench_sdn.csv", "", "", "test_testdata_bench_sdn_comments.csv")
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for _, p := range l.Parties {
		for _, w := range p.Wallets {
			found[w.Text] = p.UID + " " + string(w.Address.Chain())
		}
	}
	for text, want := range map[string]string{
		"0x8576acc5c05d6ce88f4e49bf65bdf0c62f91353c": "29703 eth", // its type is cut
		"1GqChmWqGtsaLrGbHfgdrV5Nkvahtjjuxr":         "30518 btc", // it is cut itself
		"18M8bJWMzWHDBMxoLqjHHAffdRy4SrzkfB":         "30518 bch",
		"1DbShx4r8i2XesthoDBf5EkYWz5dsKEusV":         "29703 btc",
		"0xa7e5d5a720f06526557c513402f2e6b5fa20b00":  "29702 ", // OFAC left out a digit
	} {
		if found[text] != want {
			t.Errorf("%s: found at %q, want %q", text, found[text], want)
		}
	}
	// The comments of later years, of which the main files are not at hand: every address
	// after the cut is read.
	for name, want := range map[string]int{
		"test_testdata_sdn_comments.csv": 203, "pkg_sources_ofac_testdata_sdn_comments.csv": 341, "internal_tfidf_testdata_sdn_comments.csv": 366,
	} {
		set := &csvSet{usReader: newUSReader("OFAC CSV")}
		var p fundtrail.Party
		if err := set.each(realData(t, watchman+name), commentsPart, func(_ place, f []string) { set.remarks(&p, f[1], false) }); err != nil {
			t.Fatal(err)
		}
		if len(p.Wallets) != want {
			t.Errorf("%s: %d wallets, want %d", name, len(p.Wallets), want)
		}
		for _, w := range p.Wallets {
			if w.Address.IsZero() && !slices.Contains([]string{"XRP", "XMR", "ZEC", "DASH", "BSV", "BTG", "XVG"}, w.Currency) {
				t.Errorf("%s: %+v", name, w)
			}
		}
	}
}

func enhancedReal(tb testing.TB) []byte {
	b := readAll(tb, realData(tb, watchman+"CONS_ENHANCED.ZIP"))
	z, err := zip.NewReader(strings.NewReader(b), int64(len(b)))
	if err != nil {
		tb.Fatal(err)
	}
	f, err := z.File[0].Open()
	if err != nil {
		tb.Fatal(err)
	}
	return []byte(readAll(tb, f))
}

func TestEnhancedXMLReal(t *testing.T) {
	b := enhancedReal(t)
	l := read(t, parseEnhancedXML, string(b))
	if got, want := tallyOf(l), (tally{443, 1623, 0, 0, 75, 407, 1264, 0}); got != want || l.List != listCons || !l.Published.Equal(day(2025, 1, 10)) {
		t.Errorf("%s of %v: %+v, want %+v", l.List, l.Published, got, want)
	}
	if len(l.Unread) != 0 && unread(l, "element") != 0 {
		t.Errorf("unread %v", l.Unread)
	}
	for _, p := range l.Parties {
		if p.Listed.IsZero() || p.Kind == "" || len(p.Programs) == 0 {
			t.Errorf("%s: listed %v, %q under %v", p.UID, p.Listed, p.Kind, p.Programs)
		}
	}
	// Every country that the file explains with a code has the same code here.
	u := newUSReader("")
	countries := 0
	err := u.eachElement(bytes.NewReader(b), "sanctionsData", []string{"referenceValues"}, func(parent string, e *element) error {
		if code := e.get("isoCode"); code != "" && e.get("type") == "COUNTRY" {
			countries++
			if got, _ := countryOf(e.get("value")); got != code {
				t.Errorf("countryOf(%q) = %q, want %q", e.get("value"), got, code)
			}
		}
		return nil
	})
	if err != nil || countries < 180 {
		t.Errorf("%d countries, %v", countries, err)
	}
	// The CSV of a day near to it says the same of who both hold.
	csv, err := realSet(t, "test_testdata_cons_prim.csv", "test_testdata_cons_add.csv", "test_testdata_cons_alt.csv", "test_testdata_cons_comments.csv")
	if err != nil {
		t.Fatal(err)
	}
	byUID := map[string]*fundtrail.Party{}
	for i := range csv.Parties {
		byUID[csv.Parties[i].UID] = &csv.Parties[i]
	}
	both := 0
	for _, p := range l.Parties {
		if o := byUID[p.UID]; o != nil {
			both++
			// OFAC respelled one between the two days.
			if o.Names[0] != p.Names[0] && p.UID != "18284" || o.Kind != p.Kind || !slices.Equal(o.Births, p.Births) {
				t.Errorf("%s: %v %q %v, the CSV has %v %q %v", p.UID, p.Names[0], p.Kind, p.Births, o.Names[0], o.Kind, o.Births)
			}
		}
	}
	if both != 442 {
		t.Errorf("both hold %d, want 442", both)
	}
}

// snapshots reads the dated files of a folder; the dates are in their names.
func snapshots(tb testing.TB, folder string) map[string]*List {
	tb.Helper()
	realData(tb, "README.md")
	files, err := filepath.Glob("../../../shared/data/" + folder + "/20*")
	if err != nil || len(files) == 0 {
		tb.Fatal(files, err)
	}
	out := map[string]*List{}
	for _, path := range files {
		name := filepath.Base(path)
		text := readAll(tb, realData(tb, folder+"/"+name))
		format, _ := DetectList([]byte(text[:4096]), "")
		l, err := ParseList(format, strings.NewReader(text))
		if err != nil {
			tb.Fatal(name, err)
		}
		checkList(tb, l)
		if len(l.Rejected) != 0 || l.Covers != fundtrail.CoversWallets || l.List != listSDN {
			tb.Errorf("%s: %s covers %d, rejected %v", name, l.List, l.Covers, l.Rejected)
		}
		out[name[:len(time.DateOnly)]] = l
	}
	return out
}

// walletSet is every wallet of a list as "currency text".
func walletSet(l *List) map[string]bool {
	out := map[string]bool{}
	for _, p := range l.Parties {
		for _, w := range p.Wallets {
			out[w.Currency+" "+w.Text] = true
		}
	}
	return out
}

// without returns what is in a and not in b, sorted.
func without(a, b map[string]bool) []string {
	var out []string
	for _, w := range slices.Sorted(maps.Keys(a)) {
		if !b[w] {
			out = append(out, w)
		}
	}
	return out
}

func TestAddressCSVReal(t *testing.T) {
	all := snapshots(t, "ofac_addresses_2022_2024")
	if len(all) != 30 || len(all["2022-09-03"].Parties) != 365 || len(all["2024-09-27"].Parties) != 654 {
		t.Errorf("%d snapshots of %d to %d", len(all), len(all["2022-09-03"].Parties), len(all["2024-09-27"].Parties))
	}
	before, after := walletSet(all["2023-11-22"]), walletSet(all["2023-11-30"])
	if got := without(after, before); len(got) != 2 || !strings.HasPrefix(got[0], "XBT ") || !strings.HasPrefix(got[1], "XBT ") {
		t.Errorf("added by 2023-11-30: %q, want the two of Sinbad", got)
	}
	if got := without(before, after); len(got) != 0 {
		t.Errorf("gone by 2023-11-30: %q", got)
	}
	before, after = walletSet(all["2022-09-16"]), walletSet(all["2022-11-09"])
	if a, r := without(after, before), without(before, after); len(a) != 54 || len(r) != 2 {
		t.Errorf("2022-11-09: +%d -%d, want +54 -2", len(a), len(r))
	}
	// What stays without an address is on a chain that is not known here.
	for day, l := range all {
		if n := unread(l, "wallet that is no address"); n != 0 {
			t.Errorf("%s: %v", day, l.Unread)
		}
	}
}

func TestAddressJSONReal(t *testing.T) {
	all := snapshots(t, "ofac_addresses_2024_2025")
	last := all["2025-11-25"]
	addresses := map[string]bool{}
	lost := 0
	for _, p := range last.Parties {
		for _, w := range p.Wallets {
			addresses[w.Text] = true
			if w.CaseLost {
				lost++
			}
		}
	}
	if len(all) != 17 || len(addresses) != 744 || len(last.Parties) != 79 || lost != 525 || !last.Published.Equal(day(2025, 11, 24)) {
		t.Errorf("%d snapshots; the last of %v: %d addresses of %d parties, %d without their case", len(all), last.Published, len(addresses), len(last.Parties), lost)
	}
	if first := all["2024-12-29"]; !first.Published.IsZero() {
		t.Errorf("the first says it was published %v: it states only when it was fetched", first.Published)
	}
	march, gone := walletSet(all["2025-03-05"]), walletSet(all["2025-03-22"])
	left := without(march, gone)
	if len(left) != 90 || slices.ContainsFunc(left, func(w string) bool { return !strings.HasPrefix(w, "ETH ") }) ||
		!slices.Contains(left, "ETH 0x722122df12d4e14e13ac3b6895a86e84145b6967") {
		t.Errorf("%d wallets left by 2025-03-22, want 90 of ETH with the router", len(left))
	}
	if added := without(gone, march); len(added) != 0 {
		t.Errorf("added by 2025-03-22: %q", added)
	}
	// Between the two sources: what the last CSV holds and the first JSON does not, and back.
	full := walletSet(snapshots(t, "ofac_addresses_2022_2024")["2024-09-27"])
	folded := map[string]bool{}
	for w := range full {
		currency, text, _ := strings.Cut(w, " ")
		folded[currency+" "+strings.ToLower(text)] = true
	}
	if both := len(folded) - len(without(folded, walletSet(all["2024-12-29"]))); both < 600 {
		t.Errorf("both sources hold %d wallets of %d: the texts do not compare", both, len(folded))
	}
}

func TestNamesReal(t *testing.T) {
	l := read(t, parseNamesJSONL, readAll(t, realData(t, "sanctions_native/ofac_sdn_names_2025-11.jsonl")))
	if got, want := tallyOf(l), (tally{parties: 17815, names: 41854}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}

func TestCSLReal(t *testing.T) {
	text := readAll(t, realData(t, watchman+"csl_historic_full.csv"))
	_, err := parseCSL(strings.NewReader(text))
	wantInvalid(t, err, "line 4233", "cut or broken") // it is
	whole := text[:strings.LastIndexByte(text, '\n')+1]
	l := read(t, parseCSL, whole)
	if got, want := tallyOf(l), (tally{4226, 10353, 0, 0, 1257, 3630, 2296, 1}); got != want || l.Covers != fundtrail.CoversNames {
		t.Errorf("covers %d: %+v, want %+v", l.Covers, got, want)
	}
}

func TestDPLReal(t *testing.T) {
	l := read(t, parseDPL, readAll(t, realData(t, watchman+"test_testdata_dpl.txt")))
	if got, want := tallyOf(l), (tally{parties: 433, names: 433, countries: 379}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}

func TestDetectListReal(t *testing.T) {
	for name, want := range map[string]Format{
		"test_testdata_sdn.csv":                        SDNCSV,
		"test_testdata_bench_sdn.csv":                  SDNCSV,
		"test_testdata_cons_prim.csv":                  ConsCSV,
		"test_testdata_add.csv":                        SDNAddCSV,
		"internal_tfidf_testdata_add.csv":              SDNAddCSV,
		"test_testdata_cons_add.csv":                   ConsAddCSV,
		"test_testdata_alt.csv":                        SDNAltCSV,
		"test_testdata_cons_alt.csv":                   ConsAltCSV,
		"test_testdata_sdn_comments.csv":               SDNCommentsCSV,
		"test_testdata_bench_sdn_comments.csv":         SDNCommentsCSV,
		"internal_tfidf_testdata_sdn_comments.csv":     SDNCommentsCSV,
		"test_testdata_cons_comments.csv":              ConsCommentsCSV,
		"csl_historic_full.csv":                        "us-csl-csv",
		"test_testdata_dpl.txt":                        "us-bis-dpl-tsv",
		"CONS_ENHANCED.ZIP":                            "",
		"../ofac_sdn_names_2025-11.jsonl":              "ofac-names-jsonl",
		"../il_nbctf_wallets.csv":                      "",
		"../jp_meti_russia_250912.txt":                 "",
		"../UN_consolidated_2025-11-15.xml":            "",
		"../../ofac_addresses_2022_2024/INDEX.txt":     "",
		"../../bybit/first_hop_holders_tayvano.csv":    "",
		"../../ethereum_txlists/accounts.csv":          "",
		"../../prices/ETH_etherscan_2015-07-30_on.csv": "",
	} {
		for _, size := range []int{512, 1024, 4096, 65536} {
			head := make([]byte, size)
			n, _ := io.ReadFull(realData(t, watchman+name), head)
			if got, _ := DetectList(head[:n], filepath.Base(name)); got != want && !foreignList(got) {
				t.Errorf("%s by %d bytes: %q, want %q", name, size, got, want)
			}
		}
	}
	if got, _ := DetectList(enhancedReal(t)[:4096], "x"); got != "ofac-enhanced-xml" {
		t.Errorf("the enhanced XML: %q", got)
	}
}

// foreignList tells the forms of other publishers' lists.
func foreignList(f Format) bool {
	return f != "" && !strings.HasPrefix(string(f), "ofac-") && !strings.HasPrefix(string(f), "us-")
}
