package feed

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/fundtrail/fundtrail"
	"github.com/google/go-cmp/cmp"
)

func tagLine(t fundtrail.Tag) string {
	s := fmt.Sprintf("%s/%s %q %s %s %s %d", t.Address.Chain(), t.Address, t.Label, t.Category, t.Actor, t.Role, t.Confidence)
	if t.Note != "" {
		s += " note " + t.Note
	}
	if t.Source.URL != "" {
		s += " from " + t.Source.URL
	}
	if !t.Source.Published.IsZero() {
		s += " on " + clock(t.Source.Published)
	}
	return s
}

func claimLines(c Claims) (out []string) {
	for _, t := range c.Tags {
		out = append(out, tagLine(t))
	}
	for _, r := range c.Rejected {
		out = append(out, fmt.Sprintf("rejected line %d: %v", r.Line, r.Err))
	}
	for _, n := range c.NotCovered {
		out = append(out, fmt.Sprintf("not covered %s %s %d", n.Field, n.Value, n.Entries))
	}
	for _, u := range c.Unread {
		out = append(out, fmt.Sprintf("unread %s %s %d", u.Field, u.Value, u.Entries))
	}
	return out
}

func TestVendorLabels(t *testing.T) {
	text := testdata(t, "world/vendor.csv")
	if f, _ := Detect([]byte(text), ""); f != VendorLabels {
		t.Errorf("Detect = %q", f)
	}
	c, err := ParseVendorLabels(strings.NewReader(text), "", fundtrail.Source{Title: "vendor.csv"})
	if err != nil {
		t.Fatal(err)
	}
	checkTags(t, c.Tags)
	want := []string{
		`eth/0x28c6c06298d514db089934071355e5743bf21d60 "Binance.com" exchange binance-com  95 note hot wallet from https://example.com/1 on 2024-05-01T00:00:00Z`,
		`btc/12cbQLTFMXRnSzktFkuoG3eHoMeFtpTu3S "Example Mixer" mixing_service example-mixer  50 note source: analyst`,
		`trx/TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t "Scam" scam   5`,
		`eth/0x28c6c06298d514db089934071355e5743bf21d62 "Strange" Terrorist Financing strange  5`,
		`rejected line 6: parse Ethereum address "0x28C6c06298d514Db089934071355E5743bf21d61": the case of its letters breaks EIP-55: bad checksum`,
		`rejected line 8: want an entity or a category: invalid`,
		`not covered chain XMR 1`,
		`unread confidence quite 1`,
		`unread date yesterday 1`,
	}
	if diff := cmp.Diff(want, claimLines(c)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestVendorColumns: any order, any of the names that exports use, any scale.
func TestVendorColumns(t *testing.T) {
	const exchange = "0x28c6c06298d514db089934071355e5743bf21d60"
	for _, c := range []struct {
		text  string
		chain fundtrail.Chain
		want  string
	}{
		{"cluster_name,asset,Category,address\nBinance,ETH,exchange," + exchange, "", `eth/` + exchange + ` "Binance" exchange binance  5`},
		{"Address;Label\r\n" + exchange + ";Binance\r\n", fundtrail.BSC, `bsc/` + exchange + ` "Binance"  binance  5`},
		{"Address\tLabel\n" + exchange + "\tBinance\n", fundtrail.BSC, `bsc/` + exchange + ` "Binance"  binance  5`},
		{"Address|Label\n" + exchange + "|Binance\n", fundtrail.BSC, "error"},
		{"Wallet Address,Name,Confidence Score\n" + exchange + ",Binance,87", fundtrail.BSC, `bsc/` + exchange + ` "Binance"  binance  87`},
		{"address,blockchain,entity,confidence\n" + exchange + ",ethereum,Binance,1", "", `eth/` + exchange + ` "Binance"  binance  100`},
		{"address,blockchain,entity,confidence\n" + exchange + ",ethereum,Binance,50%", "", `eth/` + exchange + ` "Binance"  binance  50`},
		{"address,blockchain,entity,confidence\n" + exchange + ",ethereum,Binance,High", "", `eth/` + exchange + ` "Binance"  binance  70`},
		{"address,blockchain,entity,confidence\n" + exchange + ",ethereum,Binance,NaN", "", `eth/` + exchange + ` "Binance"  binance  5` + "\nunread confidence NaN 1"},
		{"address,blockchain,entity,confidence\n" + exchange + ",ethereum,Binance,-1", "", `eth/` + exchange + ` "Binance"  binance  5` + "\nunread confidence -1 1"},
		{"address,blockchain,entity,risk score\n" + exchange + ",ethereum,Binance,9", "", `eth/` + exchange + ` "Binance"  binance  5`},
		{"address,entity,address type\n" + exchange + ",Binance,Deposit Address", fundtrail.Ethereum, `eth/` + exchange + ` "Binance"  binance deposit 5`},
		{"address,entity\nbc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq,Somebody", "", `btc/bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq "Somebody"  somebody  5`},
		{"address,entity\n" + exchange + ",Binance", "", `rejected line 2: it names no chain, and the form of "` + exchange + `" fits several or none: want a column such as chain or asset: invalid`},
		{"address,entity\n", "", "error"},
		{"from,to,value\n", "", "error"},
		{"", "", "error"},
		{"<html>", "", "error"},
	} {
		claims, err := ParseVendorLabels(strings.NewReader(c.text), c.chain, fundtrail.Source{})
		got := strings.Join(claimLines(claims), "\n")
		if err != nil {
			got = "error"
			if !errors.Is(err, fundtrail.ErrInvalid) {
				t.Errorf("%q: %v", c.text, err)
			}
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", c.text, diff)
		}
	}
	if _, err := ParseVendorLabels(strings.NewReader("address,entity\nx,y"), "nochain", fundtrail.Source{}); !errors.Is(err, fundtrail.ErrInvalid) {
		t.Errorf("a chain that is not known: %v", err)
	}
}

func TestVendorDetect(t *testing.T) {
	for head, want := range map[string]bool{
		"address,entity\n":                       true,
		"Asset,Address,Cluster Name,Category\n":  true,
		"asset,address\n":                        false, // a snapshot of a sanctions list
		"address,name,program,uid\n":             false,
		"hash,from,to,value\n":                   false,
		"address,label,from\n":                   false,
		"title\naddress,entity\n":                false,
		"address\n":                              false,
		"name,category\n":                        false,
		"account,label,is_list,is_complete,wall": false,
	} {
		if got := isVendor([]byte(head)); got != want {
			t.Errorf("isVendor(%q) = %v", head, got)
		}
	}
}

func TestForta(t *testing.T) {
	text := testdata(t, "world/forta.csv")
	if f, _ := Detect([]byte(text), ""); f != FortaLabels {
		t.Errorf("Detect = %q", f)
	}
	c, err := ParseForta(strings.NewReader(text), fundtrail.Ethereum, fundtrail.Source{})
	if err != nil {
		t.Fatal(err)
	}
	checkTags(t, c.Tags)
	want := []string{
		`eth/0x04ae3226c80e8c04d35e6e56089345bdd06da6de "Example Exploiter 10" hacking  thief 50 note Example tags table; deployed by 0x98f5b0a99f258a09403d965647ee9d53677914af; in 0xe962b06db95db1dedb8b1664bf93bb8816c0cfbd187693d2b1ccd295313c94e3`,
		`eth/0x98f5b0a99f258a09403d965647ee9d53677914af "exploit" hacking   50`,
		`eth/0xc5ac25cfc2b8284e84ca47dad21cf1319f732c11 "heist" hacking   20 note Example tags table; deployed by 0x07e02088d68229300ae503395c6536f09179dc3e Token Exploiter; in 0xae03b08f220e5d7750e97e67ea85ac6e69649f6fd6d8324434f341e094cef43d`,
		`eth/0x07e02088d68229300ae503395c6536f09179dc3e "Token Exploiter" hacking  thief 50`,
		`rejected line 5: parse Ethereum address "0x0000": 4 digits after 0x; want 0x and 40 hexadecimal digits: unknown form`,
	}
	if diff := cmp.Diff(want, claimLines(c)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	for what, text := range map[string]string{
		"empty": "", "a web page": "<html>", "a header": "address,etherscan_tag,etherscan_labels,is_contract\n", "another table": "a,b\n1,2\n",
		"cut short": "address,etherscan_tag,etherscan_labels,is_contract\n0x000000000532b45f47779fce440748893b257865,Fake",
	} {
		if _, err := ParseForta(strings.NewReader(text), fundtrail.Ethereum, fundtrail.Source{}); !errors.Is(err, fundtrail.ErrInvalid) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, err := ParseForta(strings.NewReader(text), fundtrail.Bitcoin, fundtrail.Source{}); !errors.Is(err, fundtrail.ErrInvalid) {
		t.Errorf("on bitcoin: %v", err)
	}
}

func FuzzWorldClaims(f *testing.F) {
	f.Add(true, []byte(testdata(f, "world/forta.csv")))
	f.Add(false, []byte(testdata(f, "world/vendor.csv")))
	f.Fuzz(func(t *testing.T, forta bool, text []byte) {
		read := func() (Claims, error) {
			if forta {
				return ParseForta(strings.NewReader(string(text)), fundtrail.Ethereum, fundtrail.Source{})
			}
			return ParseVendorLabels(strings.NewReader(string(text)), "", fundtrail.Source{})
		}
		c, err := read()
		if err != nil {
			if !errors.Is(err, fundtrail.ErrInvalid) && !errors.Is(err, fundtrail.ErrLimit) {
				t.Error(err)
			}
			return
		}
		checkTags(t, c.Tags)
		checkRejected(t, c.Rejected)
		if again, _ := read(); cmp.Diff(claimLines(c), claimLines(again)) != "" {
			t.Error("not the same twice")
		}
	})
}
