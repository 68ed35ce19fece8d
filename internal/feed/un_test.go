package feed

import (
	"fmt"
	"testing"
)

func TestUNDump(t *testing.T) {
	for _, f := range []string{"sanctions_native/jp_meti_russia_250912.txt", "sanctions_native/il_nbctf_wallets.csv", "sanctions_native/il_nbctf_releases.csv"} {
		parse := parseMETI
		if f != "sanctions_native/jp_meti_russia_250912.txt" {
			parse = parseNBCTF
		}
		l, err := parse(realData(t, f))
		if err != nil {
			t.Fatal(err)
		}
		fmt.Println(len(l.Parties), l.Published, l.Covers, l.Stated)
		for _, r := range l.Rejected {
			fmt.Println(r, r.Text)
		}
		for _, u := range l.Unread {
			fmt.Printf("%+v\n", u)
		}
		for i, p := range l.Parties {
			fmt.Printf("%d %s %s P=%v C=%v B=%v I=%v W=%d", i, p.UID, p.Kind, p.Programs, p.Countries, p.Births, p.Identifiers, len(p.Wallets))
			for _, n := range p.Names {
				fmt.Printf(" [%s|%s]", n.Kind, n.Text)
			}
			fmt.Printf(" N=%q\n", p.Note)
		}
	}
}
