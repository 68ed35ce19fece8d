package feed

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/fundtrail/fundtrail"
)

var origin = fundtrail.Source{Title: "pack.yaml", Retrieved: day(2024, 1, 2), SHA256: [32]byte{7}}

func TestTagPackInherits(t *testing.T) {
	got, err := ParseTagPack(strings.NewReader(testdata(t, "header.yaml")), origin)
	if err != nil {
		t.Fatal(err)
	}
	source := fundtrail.Source{
		URL: "https://example.org/report", Title: "Small pack, pack.yaml",
		Published: day(2021, 11, 12), Retrieved: day(2024, 1, 2), SHA256: [32]byte{7},
	}
	own := source
	own.URL = "https://example.org/other"
	own.Published = day(2023, 8, 16).Add(12*60*60*1e9 + 18*60*1e9 + 52619444000)
	undated := source
	undated.Published = origin.Published
	hash, _ := fundtrail.ParseHash("4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b")
	want := []fundtrail.Tag{
		{Address: address(t, "btc", "1JoktQJhCzuCQkt3GnQ8Xddcq4mUgNyXEa"), Label: "shop", Category: "market", Confidence: 50, Source: source},
		{Address: address(t, "eth", "0x98d8b9c6c9b5a3c7f8e26e6f6f1c1b1d98d8b9c6"), Label: "other shop", Category: "exchange", Actor: "othershop", Confidence: 70, Source: own},
		{Tx: fundtrail.TxID{Chain: "btc", Hash: hash}, Label: "first payment", Category: "market", Confidence: 50, Source: undated},
		{Address: address(t, "trx", "TUCsTq7TofTCJRRoHk6RvhMoS2mJLm5Yzq"), Label: "shop", Category: "market", Confidence: 5, Source: source},
	}
	if len(got.Tags) != len(want) {
		t.Fatalf("%d tags, want %d; rejected %v", len(got.Tags), len(want), got.Rejected)
	}
	for i := range want {
		if got.Tags[i] != want[i] {
			t.Errorf("tag %d:\n got %+v\nwant %+v", i+1, got.Tags[i], want[i])
		}
	}
	unread := []Count{{"confidence", "hearsay", 1}, {"lastmod", "yesterday", 1}}
	if !slices.Equal(got.Unread, unread) {
		t.Errorf("unread %v, want %v", got.Unread, unread)
	}
}

func TestTagPackWords(t *testing.T) {
	got, err := ParseTagPack(strings.NewReader(testdata(t, "words.yaml")), fundtrail.Source{Title: "words.yaml"})
	if err != nil {
		t.Fatal(err)
	}
	type said struct {
		label, category string
		role            fundtrail.TagRole
		note            string
	}
	want := []said{
		{"a", "exchange", "", ""},
		{"b", "service", "", ""},
		{"c", "service_hack", fundtrail.RoleThief, ""},
		{"d", "exchange", "", `abuse: service_hack; {"note": "robbed"}`},
		{"cheat", "scam", "", ""},
		{"own label wins", "scam", "", ""},
		{"unquoted hexadecimal is text", "", "", ""},
		{"cheat", "ransomware", "", ""}, // of two merged mappings the earlier wins
		{"on BSC", "", "", ""},
	}
	var have []said
	for _, tag := range got.Tags {
		have = append(have, said{tag.Label, tag.Category, tag.Role, tag.Note})
		if tag.Source.URL != "https://example.org/pack" || tag.Source.Title != "Words, words.yaml" {
			t.Errorf("%s: source %+v, want the pack's uri and title", tag.Label, tag.Source)
		}
	}
	if !slices.Equal(have, want) {
		t.Errorf("got  %q\nwant %q\nrejected %v", have, want, got.Rejected)
	}
	if last := got.Tags[len(got.Tags)-1]; last.Address.Chain() != fundtrail.BSC {
		t.Errorf("network BSC of a USDT tag gave %q", last.Address.Chain())
	}
	if len(got.Rejected) != 1 {
		t.Errorf("rejected %v, want the tag without an address", got.Rejected)
	}
}

func TestTagPackRejects(t *testing.T) {
	got, err := ParseTagPack(strings.NewReader(testdata(t, "junk.yaml")), fundtrail.Source{})
	if err != nil {
		t.Fatal(err)
	}
	want := []struct {
		line, entry int
		says        string
	}{
		{5, 1, "EIP-55"},
		{6, 2, "want 0x and 40 hexadecimal digits"},
		{7, 3, "it is an address of Bitcoin"},
		{8, 4, "want an address or a tx_hash"},
		{9, 5, "both an address and a tx_hash"},
		{11, 6, "want 64 hexadecimal digits"},
		{12, 7, "want a text in address"},
		{13, 8, "want a mapping"},
		{14, 9, "address is stated twice"},
		{22, 14, "want a network"},
	}
	if len(got.Rejected) != len(want) {
		t.Fatalf("%d rejected, want %d: %v", len(got.Rejected), len(want), got.Rejected)
	}
	for i, w := range want {
		r := got.Rejected[i]
		if r.Line != w.line || r.Entry != w.entry {
			t.Errorf("rejected %v, want line %d, entry %d", r, w.line, w.entry)
		}
		wantInvalid(t, r.Err, w.says)
	}
	if !errors.Is(got.Rejected[0].Err, fundtrail.ErrBadChecksum) || !errors.Is(got.Rejected[2].Err, fundtrail.ErrWrongNetwork) {
		t.Errorf("the kinds of address error are lost: %v", got.Rejected[:3])
	}
	if covered := []Count{{"currency", "ZEC", 2}, {"currency", "XMR", 1}}; !slices.Equal(got.NotCovered, covered) {
		t.Errorf("not covered %v, want %v", got.NotCovered, covered)
	}
	if len(got.Tags) != 1 || got.Tags[0].Actor != "good" || got.Tags[0].Label != "junk" {
		t.Errorf("tags %+v, want the one that is good, with the header's label", got.Tags)
	}
}

func TestTagPackBroken(t *testing.T) {
	for _, c := range []struct{ text, says string }{
		{"", "empty file"},
		{"tags:\n- address: 'unclosed\n", "line "},
		{"- a\n- b\n", "line 1: want a mapping with a list named tags"},
		{"title: x\n", "want a list named tags"},
		{"title: x\ntags: none\n", "want a list named tags"},
		{"title: [x]\ntags: []\n", "line 1: want a text in title"},
		{"x: &x\n  <<: *x\ntags: []\n<<: *x\n", "want a mapping of fields"},
	} {
		got, err := ParseTagPack(strings.NewReader(c.text), fundtrail.Source{})
		wantInvalid(t, err, "parse tag pack", c.says)
		if !reflect.DeepEqual(got, Claims{}) {
			t.Errorf("%q: claims beside an error: %+v", c.text, got)
		}
	}
}

// TestTagPackToken: a token's currency names no chain, an address's form does.
func TestTagPackToken(t *testing.T) {
	got, err := ParseTagPack(strings.NewReader(`label: x
currency: usdt
tags:
- address: TUCsTq7TofTCJRRoHk6RvhMoS2mJLm5Yzq
- address: '0x0000000000000000000000000000000000000001'
- address: 3LtcaPbCj87CwJHnRX3vh7c2y9RZQqeSy8
`), fundtrail.Source{})
	if err != nil {
		t.Fatal(err)
	}
	var chains []fundtrail.Chain
	for _, tag := range got.Tags {
		chains = append(chains, tag.Address.Chain())
	}
	if want := []fundtrail.Chain{"trx", "eth", "btc"}; !slices.Equal(chains, want) {
		t.Errorf("chains %v, want %v; rejected %v", chains, want, got.Rejected)
	}
}

// TestTagPacksReal holds what GraphSense's published packs give, count by count.
func TestTagPacksReal(t *testing.T) {
	for _, c := range []struct {
		name                   string
		tags, rejected, beyond int
		category               string // of the first tag
		confidence             fundtrail.Confidence
	}{
		{"defi-fraud-masterthesis", 6699, 0, 0, "phishing", 20},
		{"defi-protocols-csh", 1407, 0, 0, "defi", 50},
		{"etherscan-label-word-cloud", 8451, 2, 0, "", 20},
		{"etherscan-wordcloud-exchange", 646, 0, 0, "exchange", 20},
		{"exchange-wallets-bitmex_0", 50000, 0, 0, "exchange", 70},
		{"hacks", 608, 0, 0, "exchange", 20},
		{"ofac", 558, 1, 13, "user", 5},
		{"ransomware", 7178, 0, 0, "ransomware", 50},
		{"ransomwhere", 7457, 0, 0, "ransomware", 50},
		{"samourai", 36548, 0, 0, "coinjoin", 50},
		{"sextortion_talos", 58600, 0, 0, "sextortion", 50},
		{"usdt_blacklist", 774, 0, 0, "black_list", 100},
		{"walletexplorer", 386, 0, 0, "exchange", 70},
	} {
		got, err := ParseTagPack(realData(t, "labels/graphsense/"+c.name+".yaml.gz"), fundtrail.Source{Title: c.name})
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		beyond := 0
		for _, n := range got.NotCovered {
			beyond += n.Entries
		}
		if len(got.Tags) != c.tags || len(got.Rejected) != c.rejected || beyond != c.beyond || len(got.Unread) != 0 {
			t.Errorf("%s: %d tags, %d rejected, %d not covered, unread %v; want %d, %d, %d, none",
				c.name, len(got.Tags), len(got.Rejected), beyond, got.Unread, c.tags, c.rejected, c.beyond)
		}
		if f := got.Tags[0]; f.Category != c.category || f.Confidence != c.confidence || f.Source.URL == "" {
			t.Errorf("%s: first tag %+v, want category %q, confidence %d and a URL", c.name, f, c.category, c.confidence)
		}
		checkTags(t, got.Tags)
		checkRejected(t, got.Rejected)
	}
}

func FuzzTagPack(f *testing.F) {
	for _, name := range []string{"header.yaml", "words.yaml", "junk.yaml"} {
		f.Add(testdata(f, name))
	}
	f.Add("a: &a [*a]\ntags: [*a, {address: *a}]\n")
	f.Fuzz(func(t *testing.T, text string) {
		got, err := ParseTagPack(strings.NewReader(text), fundtrail.Source{})
		if err != nil {
			wantInvalid(t, err)
			return
		}
		checkTags(t, got.Tags)
		checkRejected(t, got.Rejected)
	})
}

func BenchmarkTagPack(b *testing.B) {
	text := readAll(b, realData(b, "labels/graphsense/sextortion_talos.yaml.gz"))
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ParseTagPack(strings.NewReader(text), fundtrail.Source{}); err != nil {
			b.Fatal(err)
		}
	}
}
