package feed

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/fundtrail/fundtrail"
	"github.com/google/go-cmp/cmp"
)

const (
	addressCSV  = "asset,address\nXBT,12QtD5BFwRsdNsAZY76UVE1xyCGNTojH9h\nETH,0x8576acc5c05d6ce88f4e49bf65bdf0c62f91353c\nETC,0x8576acc5c05d6ce88f4e49bf65bdf0c62f91353c\nXMR,4x\n"
	addressJSON = `{
  "metadata": {"lastUpdated": "2025-11-25T04:36:15.859Z", "sdnListDate": "11/24/2025", "sdnRecordCount": 18411, "source": "OFAC SDN List", "totalAddresses": 3, "totalEntries": 4},
  "addresses": {
    "12qtd5bfwrsdnsazy76uve1xycgntojh9h": {"type": "Digital Currency Address - XBT", "entries": [
      {"entity": "Xiaobing YAN", "program": "SDNTK, CYBER2", "type": "Digital Currency Address - XBT", "uid": "25308", "akas": ["William ZHOU"]},
      {"entity": "SOMEBODY", "program": "CYBER2", "type": "Digital Currency Address - XBT", "uid": "7"}]},
    "0x8576acc5c05d6ce88f4e49bf65bdf0c62f91353c": {"type": "Digital Currency Address - ETH", "entries": [
      {"entity": "Xiaobing YAN", "program": "SDNTK, CYBER2", "type": "Digital Currency Address - ETH", "uid": "25308", "akas": ["William ZHOU"]}]},
    "bc1qs9u6j78e3utj08mwvqkkmqm9de5xk3g4yh8qtq": {"entity": "SOMEBODY", "program": "CYBER2", "type": "Digital Currency Address - XBT", "uid": "7"}
  }
}
`
	namesJSONL = `{"entity_id": 36, "names": [{"full_name": "AERO-CARIBBEAN", "is_primary": false, "type_id": "1400"}, {"full_name": "AEROCARIBBEAN AIRLINES", "is_primary": true, "type_id": "1403"}, {"full_name": "OLD", "is_primary": false, "type_id": "1401"}]}
{"entity_id": 173, "names": [{"full_name": "B", "is_primary": true, "type_id": "1403"}, {"full_name": "C", "is_primary": false, "type_id": "9"}]}
`
)

func TestAddressCSV(t *testing.T) {
	l := read(t, parseAddressCSV, "\ufeff"+addressCSV)
	if l.List != listSDN || l.Covers != fundtrail.CoversWallets || !l.Published.IsZero() || len(l.Parties) != 4 || l.Parties[0].UID != "" {
		t.Errorf("%+v", l)
	}
	if w := l.Parties[2].Wallets; len(w) != 1 || w[0].Currency != "ETC" || w[0].Address.Chain() != fundtrail.Ethereum {
		t.Errorf("wallet %+v", w)
	}
	twice := read(t, parseAddressCSV, addressCSV+"XBT,12QtD5BFwRsdNsAZY76UVE1xyCGNTojH9h\n,x\n")
	if len(twice.Rejected) != 2 || twice.Rejected[0].Line != 6 || len(twice.Parties) != 4 {
		t.Errorf("rejected %v", twice.Rejected)
	}
	if l := read(t, parseAddressCSV, strings.TrimSuffix(addressCSV, "\n")); unread(l, "end") != 1 {
		t.Errorf("unread %v: a last row without its end may be cut", l.Unread)
	}
	for _, c := range []struct{ text, says string }{
		{"", "empty file"},
		{"asset,address\n", "no entries"},
		{"address\nx\n", "want the header asset,address"},
		{addressCSV + "XBT", "cut or broken"},
		{"<html>", "want the header"},
	} {
		_, err := parseAddressCSV(strings.NewReader(c.text))
		wantInvalid(t, err, "parse address snapshot CSV", c.says)
	}
}

func TestAddressJSON(t *testing.T) {
	l := read(t, parseAddressJSON, addressJSON)
	if l.List != listSDN || l.Covers != fundtrail.CoversWallets || !l.Published.Equal(day(2025, 11, 24)) {
		t.Errorf("%+v", l)
	}
	want := []fundtrail.Party{
		{UID: "25308", Names: []fundtrail.Name{{Text: "Xiaobing YAN"}, {Text: "William ZHOU", Kind: fundtrail.Alias}}, Programs: []string{"SDNTK", "CYBER2"},
			Wallets: []fundtrail.Wallet{
				{Text: strings.ToLower(btc1), Currency: "XBT", CaseLost: true},
				{Text: eth1, Currency: "ETH", Address: address(t, "eth", eth1)},
			}},
		{UID: "7", Names: []fundtrail.Name{{Text: "SOMEBODY"}}, Programs: []string{"CYBER2"},
			Wallets: []fundtrail.Wallet{
				{Text: strings.ToLower(btc1), Currency: "XBT", CaseLost: true},
				{Text: bech1, Currency: "XBT", Address: address(t, "btc", bech1)},
			}},
	}
	if diff := cmp.Diff(want, l.Parties, compareAddress); diff != "" {
		t.Error(diff)
	}
	if undated := read(t, parseAddressJSON, strings.Replace(addressJSON, `"sdnListDate": "11/24/2025", `, "", 1)); !undated.Published.IsZero() {
		t.Errorf("published %v: when it was fetched is not when it was published", undated.Published)
	}
	nobody := read(t, parseAddressJSON, strings.Replace(addressJSON, `"uid": "7"}]}`, `"uid": ""}]}`, 1))
	if len(nobody.Rejected) != 1 {
		t.Errorf("rejected %v", nobody.Rejected)
	}
	for _, c := range []struct{ text, says string }{
		{"", "empty file"},
		{"[]", "want an object"},
		{"{}", "want metadata and addresses"},
		{`{"metadata":{},"addresses":{}}`, "want totalAddresses"},
		{strings.Replace(addressJSON, `"totalAddresses": 3`, `"totalAddresses": 4`, 1), "states 4 addresses and the file holds 3"},
		{strings.Replace(addressJSON, `"totalEntries": 4`, `"totalEntries": 5`, 1), "states 5 entries and the file holds 4"},
		{strings.Replace(addressJSON, `"11/24/2025"`, `"today"`, 1), `sdnListDate "today"`},
		{strings.Replace(addressJSON, "bc1qs9u6j78e3utj08mwvqkkmqm9de5xk3g4yh8qtq", eth1, 1), "stands twice"},
		{addressJSON[:len(addressJSON)/2], "it is cut"},
		{addressJSON[:len(addressJSON)-3], "it is cut"},
		{addressJSON + "{}", "data after the end"},
		{"<html>", "invalid character"},
	} {
		_, err := parseAddressJSON(strings.NewReader(c.text))
		wantInvalid(t, err, "parse address snapshot JSON", c.says)
	}
}

func TestNamesJSONL(t *testing.T) {
	l := read(t, parseNamesJSONL, namesJSONL)
	if l.List != listSDN || l.Covers != fundtrail.CoversNames || len(l.Parties) != 2 || unread(l, "alias type") != 1 {
		t.Errorf("%+v", l)
	}
	want := []fundtrail.Name{{Text: "AEROCARIBBEAN AIRLINES"}, {Text: "AERO-CARIBBEAN", Kind: fundtrail.Alias}, {Text: "OLD", Kind: fundtrail.FormerName}}
	if p := l.Parties[0]; p.UID != "36" || !slices.Equal(p.Names, want) {
		t.Errorf("%+v", p)
	}
	l = read(t, parseNamesJSONL, namesJSONL+`{"entity_id": 36, "names": []}`+"\n"+`{"entity_id": 37, "names": []}`)
	if len(l.Rejected) != 2 || l.Rejected[0].Line != 3 {
		t.Errorf("rejected %v", l.Rejected)
	}
	for _, c := range []struct{ text, says string }{
		{"", "no entries"},
		{namesJSONL[:len(namesJSONL)-9], "line 2: the file is cut"},
		{"<html>", "line 1"},
	} {
		_, err := parseNamesJSONL(strings.NewReader(c.text))
		wantInvalid(t, err, "parse names JSON lines", c.says)
	}
}

func FuzzAddressCSV(f *testing.F) {
	f.Add(addressCSV)
	f.Fuzz(func(t *testing.T, text string) { checkParse(t, parseAddressCSV, text) })
}

func FuzzAddressJSON(f *testing.F) {
	f.Add(addressJSON)
	f.Fuzz(func(t *testing.T, text string) { checkParse(t, parseAddressJSON, text) })
}

func FuzzNamesJSONL(f *testing.F) {
	f.Add(namesJSONL)
	f.Fuzz(func(t *testing.T, text string) { checkParse(t, parseNamesJSONL, text) })
}

// TestAddressCSVCut: a file that ends within an address is refused; one that lacks only
// its last line end is not.
func TestAddressCSVCut(t *testing.T) {
	whole := "asset,address\nXBT,12QtD5BFwRsdNsAZY76UVE1xyCGNTojH9h"
	if l, err := parseAddressCSV(strings.NewReader(whole)); err != nil || len(l.Parties) != 1 {
		t.Errorf("%v, %v", l, err)
	}
	if l, err := parseAddressCSV(strings.NewReader(whole[:len(whole)-5])); !errors.Is(err, fundtrail.ErrInvalid) {
		t.Errorf("cut: %v, %v", l, err)
	}
}
