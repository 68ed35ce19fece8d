package feed

import (
	"io"
	"strings"
	"testing"

	"github.com/fundtrail/fundtrail"
)

func TestDetect(t *testing.T) {
	long := "title: a pack whose header is long\ncreator: x\ndescription: " + strings.Repeat("long ", 50)
	for _, c := range []struct {
		head, name string
		want       Format
	}{
		{testdata(t, "header.yaml"), "any", TagPack},
		{"tags:\n- address: x\n", "", TagPack},
		{"\ufefftags:\n- address: x\n", "", TagPack},
		{actors, "", ActorPack},
		{long, "x.yaml.gz", TagPack},
		{long, "graphsense.actorpack.yaml.gz", ActorPack},
		{long, "notes.txt", ""},
		{labelSample, "", LabelFile},
		{`{"": {"labels": ["x"], "name": "y"}}`, "", LabelFile},
		{`{"type": "bundle", "objects": []}`, "x.json", ""},
		{"Date,Adj_Close\n2017-11-09,1\n", "", PriceTable},
		{"\ufefftimeOpen;timeClose;timeHigh;timeLow;priceOpen;priceHigh;priceLow;priceClose;volume\r\n", "", PriceTable},
		{"hash,from,to,value\n", "transactions.csv", ""},
		{"", "tags.yaml", ""},
		{"\x1f\x8b\x08", "pack.yaml.gz", ""},
	} {
		got, ok := Detect([]byte(c.head), c.name)
		if got != c.want || ok != (c.want != "") {
			t.Errorf("Detect(%.40q, %q) = %q, %v; want %q", c.head, c.name, got, ok, c.want)
		}
	}
}

func TestDetectReal(t *testing.T) {
	for name, want := range map[string]Format{
		"labels/graphsense/sextortion_talos.yaml.gz":              TagPack,
		"labels/graphsense/usdt_blacklist.yaml.gz":                TagPack,
		"labels/graphsense/graphsense.actorpack.yaml.gz":          ActorPack,
		"labels/etherscan/etherscan_combinedAllLabels.json.gz":    LabelFile,
		"labels/etherscan/optimism_combinedAccountLabels.json.gz": LabelFile,
		"prices/ETH_etherscan_2015-07-30_on.csv":                  PriceTable,
		"prices/BTCUSD_daily_2011-08-18_2025-09-24.csv":           PriceTable,
		"ethereum_txlists/accounts.csv":                           "",
		"ethereum_txlists/transactions.csv.gz":                    "",
		"labels/forta/phishing_scams.csv.gz":                      FortaLabels,
	} {
		head := make([]byte, 4096)
		n, err := io.ReadFull(realData(t, name), head)
		if err != nil && err != io.ErrUnexpectedEOF {
			t.Fatal(err)
		}
		if got, _ := Detect(head[:n], name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

func FuzzDetect(f *testing.F) {
	f.Add([]byte(actors), "x.yaml")
	f.Add([]byte(labelSample), "bscscan.json")
	f.Add([]byte("Date;Close\n"), "x.csv")
	f.Fuzz(func(t *testing.T, head []byte, name string) {
		format, ok := Detect(head, name)
		if ok != (format != "") {
			t.Errorf("Detect = %q, %v", format, ok)
		}
		if chain, ok := ChainOfLabels(name); ok {
			if info, known := chain.Info(); !known || info.Family != fundtrail.FamilyEVM {
				t.Errorf("ChainOfLabels(%q) = %q", name, chain)
			}
		}
	})
}
