package feed

import (
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/fundtrail/fundtrail"
	"github.com/google/go-cmp/cmp"
)

// The set in short: a person with all kinds of remarks, a vessel, an aircraft, an
// organisation whose remarks go on in the comments file.
var (
	csvCut  = strings.Repeat("x", remarkColumn-len("DOB 1970; alt. Digital Currency Address - XBT 12QtD5BFwRs")-2)
	csvPrim = `25308,"YAN, Xiaobing","individual","SDNTK] [CYBER2",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,"DOB 25 Mar 1977; alt. DOB circa 1978; POB Wuhan, China; citizen China; alt. nationality Germany; Gender Male; Digital Currency Address - XBT 12QtD5BFwRsdNsAZY76UVE1xyCGNTojH9h; alt. Digital Currency Address - NEW z9; Passport T145 (Iran) issued 28 Oct 2008 expires 29 Oct 2013; Citizen's Card Number 4210 (China); Email Address a@b.example; a.k.a. 'ZHOU, William'; f.k.a. 'OLD; NAME'; former chief of nothing; Linked To: SOMEBODY."` + "\r\n" +
		`15037,"ARTAVIL","vessel","IRAN","Captain ","5IM316","Crude Oil Tanker","99,144","56,068","Malta","OWNER LTD","Vessel Registration Identification IMO 9187629; MMSI 572469210."` + "\r\n" +
		`18158,"MSN 550","aircraft","SDGT",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ` + "\r\n" +
		`30518,"SECONDEYE SOLUTION",-0- ,"CYBER2",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,"` + csvCut + `; DOB 1970; alt. Digital Currency Address - XBT 12QtD5BFwRs"` + "\r\n" + endMark
	csvAdd      = `25308,1,"Street 1","Wuhan","China",-0- ` + "\r\n" + `25308,2,-0- ,-0- ,"Atlantis",-0- ` + "\r\n" + endMark
	csvAlt      = `30518,9,"aka","SECOND EYE",-0- ` + "\r\n" + `30518,10,"fka","FORWARDERZ",-0- ` + "\r\n" + `25308,11,"aka","YAN, Steven",-0- ` + "\r\n" + endMark
	csvComments = `30518,"dNsAZY76UVE1xyCGNTojH9h; Digital Currency Address - ETH 0x8576acc5c05d6ce88f4e49bf65bdf0c62f91353c."` + "\r\n" + endMark
)

func csvSetOf(tb testing.TB, prim, add, alt, comments string) *List {
	tb.Helper()
	var parts [3]io.Reader
	for i, text := range []string{add, alt, comments} {
		if text != "" {
			parts[i] = strings.NewReader(text)
		}
	}
	l, err := ParseOFACCSV(strings.NewReader(prim), parts[0], parts[1], parts[2])
	if err != nil {
		tb.Fatal(err)
	}
	checkList(tb, l)
	return l
}

func TestOFACCSV(t *testing.T) {
	l := csvSetOf(t, csvPrim, csvAdd, csvAlt, csvComments)
	if l.List != listSDN || l.Covers != fundtrail.CoversNames|fundtrail.CoversWallets || l.Stated != -1 || !l.Published.IsZero() || len(l.Rejected) != 0 {
		t.Errorf("list %q covers %d, stated %d, rejected %v", l.List, l.Covers, l.Stated, l.Rejected)
	}
	yan := l.Parties[0]
	wantNote := "DOB 25 Mar 1977; alt."
	if !strings.HasPrefix(yan.Note, wantNote) || !strings.HasSuffix(yan.Note, "Linked To: SOMEBODY.\nAddress: Street 1, Wuhan, China\nAddress: Atlantis") {
		t.Errorf("note %q", yan.Note)
	}
	yan.Note = ""
	want := fundtrail.Party{
		UID: "25308", Kind: fundtrail.Person,
		Names: []fundtrail.Name{
			{Text: "YAN, Xiaobing", Family: "YAN", Given: "Xiaobing"},
			{Text: "YAN, Steven", Kind: fundtrail.Alias, Family: "YAN", Given: "Steven"},
			{Text: "ZHOU, William", Kind: fundtrail.WeakAlias, Family: "ZHOU", Given: "William"},
			{Text: "OLD; NAME", Kind: fundtrail.WeakAlias},
		},
		Programs:  []string{"SDNTK", "CYBER2"},
		Births:    []string{"1977-03-25", "~1978"},
		Countries: []string{"CN", "DE"},
		Identifiers: []fundtrail.Identifier{
			{Type: "Passport", Value: "T145", Country: "IR"},
			{Type: "Citizen's Card Number", Value: "4210", Country: "CN"},
			{Type: "Email Address", Value: "a@b.example"},
		},
		Wallets: []fundtrail.Wallet{
			{Text: btc1, Currency: "XBT", Address: address(t, "btc", btc1)},
			{Text: "z9", Currency: "NEW"},
		},
	}
	if diff := cmp.Diff(want, yan, cmp.AllowUnexported(fundtrail.Address{})); diff != "" {
		t.Error(diff)
	}
	vessel := l.Parties[1]
	if diff := cmp.Diff([]fundtrail.Identifier{{Type: "Vessel Call Sign", Value: "5IM316"},
		{Type: "Vessel Registration Identification", Value: "IMO 9187629"}, {Type: "MMSI", Value: "572469210"}}, vessel.Identifiers); diff != "" {
		t.Error(diff)
	}
	if vessel.Kind != fundtrail.Vessel || !slices.Equal(vessel.Countries, []string{"MT"}) ||
		!strings.HasSuffix(vessel.Note, "\nTitle: Captain\nVessel Type: Crude Oil Tanker\nTonnage: 99,144\nGross Registered Tonnage: 56,068\nVessel Owner: OWNER LTD") {
		t.Errorf("vessel %+v", vessel)
	}
	// The address that is cut in two, and the one that stands in the comments alone.
	org := l.Parties[3]
	if got := org.Wallets; len(got) != 2 || got[0].Text != btc1 || got[1].Text != eth1 || org.Births[0] != "1970" {
		t.Errorf("wallets %+v, born %v", got, org.Births)
	}
	if org.Kind != fundtrail.Organisation || org.Names[1].Text != "SECOND EYE" || org.Names[2].Kind != fundtrail.FormerName {
		t.Errorf("names %+v", org.Names)
	}
	for field, n := range map[string]int{"country": 1, "wallet on a chain not known here": 1, "missing": 0, "end mark": 0, "remark that is cut off": 0} {
		if got := unread(l, field); got != n {
			t.Errorf("unread %s: %d, want %d, in %v", field, got, n, l.Unread)
		}
	}
}

// TestOFACCSVMissing: what a missing part takes away is said, and half an address is none.
func TestOFACCSVMissing(t *testing.T) {
	l := csvSetOf(t, csvPrim, "", "", "")
	if l.Covers != fundtrail.CoversNames || unread(l, "missing") != 3 || unread(l, "remark that is cut off") != 1 {
		t.Errorf("covers %d, unread %v", l.Covers, l.Unread)
	}
	if got := l.Parties[3].Wallets; len(got) != 0 {
		t.Errorf("wallets %+v of a cut remark, want none", got)
	}
	// Without a cut remark the main file has every wallet.
	whole := strings.Replace(csvPrim, csvCut, "x", 1)
	if l := csvSetOf(t, whole, "", "", ""); l.Covers != fundtrail.CoversNames|fundtrail.CoversWallets || len(l.Parties[3].Wallets) != 1 {
		t.Errorf("covers %d", l.Covers)
	}
	// A comments file that does not go on with a cut remark is of another day.
	other := `25308," and more."` + "\n"
	if l := csvSetOf(t, csvPrim, csvAdd, csvAlt, other); l.Covers != fundtrail.CoversNames {
		t.Errorf("covers %d without the row that a cut remark needs", l.Covers)
	}
	// A remark of exactly the column's length that ends as remarks do is whole.
	full := strings.Replace(csvPrim, `XBT 12QtD5BFwRs"`, `XBT 12QtD5BFwR."`, 1)
	if l := csvSetOf(t, full, csvAdd, csvAlt, other); l.Covers != fundtrail.CoversNames|fundtrail.CoversWallets {
		t.Errorf("covers %d, unread %v", l.Covers, l.Unread)
	}
	if l := csvSetOf(t, full, csvAdd, csvAlt, ""); l.Covers != fundtrail.CoversNames {
		t.Errorf("covers %d: without the comments nobody knows", l.Covers)
	}
}

func TestOFACCSVRejects(t *testing.T) {
	twice := strings.Replace(csvPrim, "18158,", "15037,", 1)
	strange := strings.Replace(csvAlt, "25308,", "77,", 1)
	l := csvSetOf(t, twice, csvAdd, strange, csvComments)
	if len(l.Rejected) != 2 || l.Rejected[0].Line != 3 || l.Rejected[1].Line != 3 {
		t.Fatalf("rejected %v", l.Rejected)
	}
	wantInvalid(t, l.Rejected[0].Err, "want a new number", "15037")
	wantInvalid(t, l.Rejected[1].Err, "aliases file", `entry "77"`)
	latin := strings.Replace(csvPrim, "ARTAVIL", "ART\xc9 \x93A\x94", 1)
	if l := csvSetOf(t, latin, "", "", ""); l.Parties[1].Names[0].Text != "ARTÉ “A”" || unread(l, "letters that are not UTF-8") != 1 {
		t.Errorf("name %q, unread %v", l.Parties[1].Names[0].Text, l.Unread)
	}
}

func TestOFACCSVBroken(t *testing.T) {
	row := `36,"A",-0- ,"CUBA",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ` + "\n"
	for _, c := range []struct{ prim, alt, says string }{
		{"", "", "no entries"},
		{endMark, "", "no entries"},
		{"<!DOCTYPE html>\n<html><body>504</body></html>\n", "", "1 columns, want 12"},
		{csvAlt, "", "5 columns, want 12"},
		{row[:len(row)-3], "", "line 1: the row is cut in its last column"}, // -0
		{row[:len(row)-6], "", "columns, want 12"},
		{row + `37,"B`, "", "cut or broken"},
		{row + endMark + "\n" + row, "", "data after the end mark"},
		{row, `9,1,"aka","X",-0- ` + "\n", "1 of its 1 rows are of entries that the main file does not hold"},
		{row, `36,1,"aka","X"`, "4 columns, want 5"},
		{row, csvPrim, "12 columns, want 5"},
	} {
		var alt io.Reader
		if c.alt != "" {
			alt = strings.NewReader(c.alt)
		}
		l, err := ParseOFACCSV(strings.NewReader(c.prim), nil, alt, nil)
		wantInvalid(t, err, "parse OFAC CSV", c.says)
		if l != nil {
			t.Errorf("%q: a list beside the error", c.prim)
		}
	}
}

// TestPieces: a semicolon within a quoted alias parts nothing, one outside does.
func TestPieces(t *testing.T) {
	for _, c := range []struct {
		text string
		want []string
	}{
		{"", nil},
		{"DOB 1970; POB X.", []string{"DOB 1970", "POB X."}},
		{"a.k.a. 'A'; a.k.a. 'B'.", []string{"a.k.a. 'A'", "a.k.a. 'B'."}},
		{"a.k.a. 'A; B'; DOB 1970", []string{"a.k.a. 'A; B'", "DOB 1970"}},
		{"a.k.a. 'A; DOB 1970; a.k.a. 'B'", []string{"a.k.a. 'A", "DOB 1970", "a.k.a. 'B'"}},
	} {
		if got := pieces(c.text); !slices.Equal(got, c.want) {
			t.Errorf("pieces(%q) = %q, want %q", c.text, got, c.want)
		}
	}
}

func FuzzOFACCSV(f *testing.F) {
	f.Add(csvPrim, csvAdd, csvAlt, csvComments)
	f.Add("", "", "", "")
	f.Add(csvPrim, csvAlt, csvAdd, csvPrim)
	f.Fuzz(func(t *testing.T, prim, add, alt, comments string) {
		checkParse(t, func(r io.Reader) (*List, error) {
			return ParseOFACCSV(r, strings.NewReader(add), strings.NewReader(alt), strings.NewReader(comments))
		}, prim)
		checkParse(t, csvAlone, prim)
	})
}
