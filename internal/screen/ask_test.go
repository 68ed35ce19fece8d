package screen

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/fundtrail/fundtrail"
)

const (
	listed   = "0x098B716B8Aaf21512996dC57EB0615e2383E2f96"
	unlisted = "0xd8dA6BF26964aF9D7eEd9e03E53415D37aA96045"
	pubHash  = "12QtD5BFwRsdNsAZY76UVE1xyCGNTojH9h"
)

// small is a list of two versions with a bit of everything, and one of names alone that
// states since when it has its parties.
func small() *fundtrail.ListHistory {
	both := fundtrail.CoversNames | fundtrail.CoversWallets
	lazarus := fundtrail.Party{UID: "27307", Kind: fundtrail.Organisation, Programs: []string{"DPRK3"},
		Names: []fundtrail.Name{{Text: "LAZARUS GROUP"}, {Text: "HIDDEN COBRA", Kind: fundtrail.Alias}}, Wallets: []fundtrail.Wallet{
			{Text: listed, Currency: "ETH"},
			{Text: pubHash, Currency: "XBT"},
			{Text: "TNVaKWQzau4xL9bTnvLmF7KSEQrWEv9jLR", Currency: "USDT"},
			{Text: "98552740", Currency: ""},
			{Text: "rEb8TK3gBgk5auZkwc6sHnwrGVJH8DuaLh (Address tag 102334770)*"},
			{Text: "0xc8fe1c81e927540fcc99ebb3c880a840082293da, TR2nTb64cQMx6tqFwisoC6o7barFWHhPiw"},
			{Text: "5be5543ff73456ab9f2d207887e2af87322c651ea1a873c5b25b7ffae456c320", Currency: "XMR"},
		}}
	gone := fundtrail.Party{UID: "9", Names: []fundtrail.Name{{Text: "GONE LTD"}}, Wallets: []fundtrail.Wallet{{Text: tornadoRouter, Currency: "ETH"}}}
	later := lazarus
	later.Programs = []string{"DPRK3", "CYBER2"}
	var b historyBuilder
	b.add(fundtrail.ListVersion{List: "us-ofac-sdn", Covers: both, Published: day("2024-01-10"), Received: day("2024-01-12"), SHA256: [32]byte{1}}, lazarus, gone)
	b.add(fundtrail.ListVersion{List: "us-ofac-sdn", Covers: both, Published: day("2024-02-10"), Received: day("2024-02-12"), SHA256: [32]byte{2}}, later)
	b.add(fundtrail.ListVersion{List: "un-sc", Covers: both, Published: day("2024-01-20"), Received: day("2024-01-20"), SHA256: [32]byte{3}},
		fundtrail.Party{UID: "KPe.1", Names: []fundtrail.Name{{Text: "Some Bank"}}, Listed: day("2013-05-01"), Wallets: []fundtrail.Wallet{{Text: "LNf2JDiuunBz7GMDKFYHN4rq5meXWxiwfb", Currency: "LTC"}}})
	b.add(fundtrail.ListVersion{List: "xx-names", Covers: fundtrail.CoversNames, Published: day("2024-01-20"), Received: day("2024-01-20"), SHA256: [32]byte{4}},
		fundtrail.Party{UID: "1", Names: []fundtrail.Name{{Text: "Nobody Much"}}})
	return &b.history
}

// words reports whether text has all of the words, which a semicolon parts.
func words(text, want string) bool {
	for w := range strings.SplitSeq(want, ";") {
		if !strings.Contains(text, w) {
			return false
		}
	}
	return true
}

func TestAskAddress(t *testing.T) {
	contract := func(a fundtrail.Address) bool {
		return a.String() == strings.ToLower(listed) && a.Chain() == fundtrail.Ethereum
	}
	plain := New(small(), Options{})
	known := New(small(), Options{Contract: contract})
	for _, c := range []struct {
		x       *Index
		q       Question
		verdict Verdict
		read    string // "" when it is the text
		why     string // of the match, the past or the related, else the reason
	}{
		{plain, Question{Text: listed}, Matched, "", "listed as ETH"},
		{plain, Question{Text: listed, Chain: "eth"}, Matched, "", "listed as ETH"},
		{plain, Question{Text: listed, Chain: "bsc"}, Matched, "", "asked on BNB Smart Chain, listed on Ethereum;same key;unless it is a contract"},
		{plain, Question{Text: listed, Chain: "trx"}, Matched, "", "no address of Tron, where it was asked"},
		{plain, Question{Text: unlisted}, Clear, "", ""},
		{plain, Question{Text: unlisted, Chain: "trx"}, Invalid, "", "wrong network"},
		{plain, Question{Text: "TAYgxFU7RjwnNGxBsW4awxupEEAhJrXyxS", Chain: "eth"}, Invalid, "", "bad checksum"},
		{known, Question{Text: listed, Chain: "bsc"}, Clear, "", "it is a contract;says nothing of"},
		{known, Question{Text: listed, Chain: "eth"}, Matched, "", "listed as ETH"},
		{known, Question{Text: listed}, Matched, "", "listed as ETH"},
		{known, Question{Text: "ethereum:" + listed + "@56"}, Clear, listed, "it is a contract"},
		{plain, Question{Text: "ethereum:" + listed + "@56"}, Matched, listed, "BNB Smart Chain"},
		// The case of letters.
		{plain, Question{Text: strings.Replace(listed, "B", "b", 1)}, Matched, "", "EIP-55"},
		{plain, Question{Text: strings.Replace(unlisted, "B", "b", 1)}, Invalid, "", "EIP-55;bad checksum"},
		{plain, Question{Text: strings.ToLower(pubHash)}, Matched, "", "but for their case"},
		{plain, Question{Text: "5BE5543FF73456AB9F2D207887E2AF87322C651EA1A873C5B25B7FFAE456C320"}, Matched, "", "listed as XMR"},
		// One key in other forms and on other chains.
		{plain, Question{Text: "bc1qpauhl9rgdsz8fzqqrpcg7wf7pj4y3wn9ue2s6r", Kind: AnAddress}, Invalid, "", "bad checksum"},
		{plain, Question{Text: "TNVaKWQzau4xL9bTnvLmF7KSEQrWEv9jLR", Chain: "trx"}, Matched, "", "does not tell the chain"},
		{plain, Question{Text: pubHash, Chain: "bch"}, Matched, "", "asked on Bitcoin Cash, listed on Bitcoin: the same key"},
		{plain, Question{Text: pubHash, Chain: "XBT"}, Matched, "", "listed as XBT"},
		// What is no address.
		{plain, Question{Text: "", Kind: AnAddress}, Invalid, "", "empty"},
		{plain, Question{Text: " \u200b ", Kind: AnAddress}, Invalid, "-", "empty"},
		{plain, Question{Text: "hello", Kind: AnAddress}, Invalid, "", "unknown form"},
		{plain, Question{Text: listed + "0", Kind: AnAddress}, Invalid, "", "41 digits after 0x"},
		{plain, Question{Text: listed + "0"}, Invalid, "", "41 digits after 0x"},
		{plain, Question{Text: listed[:40]}, Invalid, "", "38 digits after 0x"},
		{plain, Question{Text: "12QtD5BFwRsdNsAZY76UVE1xyCGNTojH9j"}, Invalid, "", "bad checksum"},
		{plain, Question{Text: "tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx"}, Invalid, "", "test network"},
		{plain, Question{Text: "mipcBbFg9gMiCh81Kj8tqqdgoZub1ZJRfn"}, Invalid, "", "test network"},
		{plain, Question{Text: "0xc28fad5e8d5e0ce6a2eaf67b6687be5d58113e16be590824d6cfa1a94467d0b7", Kind: AnAddress}, Invalid, "", "hash"},
		// Networks not known here are screened by their letters.
		{plain, Question{Text: "XnPFsRWTaSgiVauosEwQ6dEitGYXgwznz2"}, Clear, "", ""},
		{plain, Question{Text: "rnXyVQzgxZe7TR1EPzTkGj2jxH4LMJYh66"}, Clear, "", ""},
		{plain, Question{Text: "49HqitRzdnhYjgTEAhgGpCfsjdTeMbUTU6cyR4JV1R7k2Eej9rGT8JpFiYDa4tZM6RZiFrHmMzgSrhHEqpDYKBe5B2ufNsL"}, Clear, "", ""},
		{plain, Question{Text: "cosmos1fl48vsnmsdzcv85q5d2q4z5ajdha8yu34mf0eh"}, Clear, "", ""},
		// What lists write beside addresses.
		{plain, Question{Text: "98552740", Kind: AnAddress}, Matched, "", "the address is listed"},
		{plain, Question{Text: "TR2nTb64cQMx6tqFwisoC6o7barFWHhPiw"}, Matched, "", "listed"},
		{plain, Question{Text: "0xC8FE1C81e927540FCC99EBB3C880A840082293DA"}, Matched, "", "EIP-55"},
		{plain, Question{Text: "rEb8TK3gBgk5auZkwc6sHnwrGVJH8DuaLh"}, Clear, "", "told apart by a tag"},
		{plain, Question{Text: "rEb8TK3gBgk5auZkwc6sHnwrGVJH8DuaLh (Address tag 102334770)*"}, Matched, "", "listed"},
		// Time.
		{plain, Question{Text: tornadoRouter}, Clear, "", "last in the version of 2024-01-10, no longer in that of 2024-02-10"},
		{plain, Question{Text: tornadoRouter, AsOf: day("2024-02-09")}, Matched, "", "listed as ETH"},
		{plain, Question{Text: tornadoRouter, AsOf: day("2024-02-10")}, Clear, "", "no longer"},
		{plain, Question{Text: tornadoRouter, AsOf: day("2024-02-10"), Known: day("2024-02-11")}, Matched, "", "listed as ETH"},
		{plain, Question{Text: tornadoRouter, AsOf: day("2024-02-10"), Known: day("2024-01-11")}, Unknown, "", "had been received by 2024-01-11;us-ofac-sdn;2024-01-12"},
		{plain, Question{Text: tornadoRouter, AsOf: day("2024-01-09")}, Unknown, "", "2024-01-10"},
		{plain, Question{Text: "LNf2JDiuunBz7GMDKFYHN4rq5meXWxiwfb", AsOf: day("2013-05-01")}, Matched, "", "the date the list states, 2013-05-01"},
		{plain, Question{Text: "LNf2JDiuunBz7GMDKFYHN4rq5meXWxiwfb", AsOf: day("2013-04-30")}, Unknown, "", "no list covers"},
		{plain, Question{Text: "LNf2JDiuunBz7GMDKFYHN4rq5meXWxiwfb", AsOf: day("2024-01-15")}, Matched, "", "the date the list states"},
	} {
		a := c.x.Ask(c.q)
		why := a.Reason
		for _, m := range slices.Concat(a.Related, a.Past, a.Matches) {
			why += " " + m.Why
		}
		if c.read == "" {
			c.read = c.q.Text
		}
		if a.Verdict != c.verdict || !words(why, c.why) || a.Kind != AnAddress || a.Read != c.read && c.read != "-" {
			t.Errorf("%+v:\n%s (%s, read %q): %s\nwant %s: %s", c.q, a.Verdict, a.Kind, a.Read, why, c.verdict, c.why)
		}
		if a.Verdict == Matched && (len(a.Matches) == 0 || len(a.Asked) == 0 && !strings.Contains(why, "the list states")) ||
			a.Verdict == Clear && (len(a.Matches) > 0 || len(a.Asked) == 0) {
			t.Errorf("%+v: %+v", c.q, a)
		}
	}
}

// A match says all that a record of the decision needs.
func TestAnswerIsWhole(t *testing.T) {
	x := New(small(), Options{Tags: func(a fundtrail.Address) []fundtrail.Tag {
		if a.Chain() == fundtrail.Polygon {
			return []fundtrail.Tag{{Address: a, Label: "Ronin exploiter"}}
		}
		return nil
	}})
	a := x.Ask(Question{Text: listed, AsOf: day("2024-02-01")})
	if len(a.Asked) != 2 || a.Asked[0].List != "un-sc" || a.Asked[1].List != "us-ofac-sdn" || a.Asked[1].SHA256 != [32]byte{1} {
		t.Errorf("asked: %+v", a.Asked)
	}
	if !slices.Equal(a.NotCovered, []string{"xx-names"}) {
		t.Errorf("not covered: %q", a.NotCovered)
	}
	if len(a.Tags) != 1 || a.Tags[0].Label != "Ronin exploiter" {
		t.Errorf("tags: %+v", a.Tags)
	}
	d := a.Matches[0].Designation
	if d.Party.UID != "27307" || !slices.Equal(d.Party.Programs, []string{"DPRK3", "CYBER2"}) {
		t.Errorf("party: %+v", d.Party)
	}
	if d.Listed != day("2024-01-10") || !d.ListedAfter.IsZero() || !d.Delisted.IsZero() || d.FirstSeen != day("2024-01-12") || d.LastSeen != day("2024-02-12") {
		t.Errorf("clocks: %+v", d)
	}
	if d.Source.SHA256 != [32]byte{2} || a.Matches[0].Version.SHA256 != [32]byte{1} {
		t.Errorf("source %x, version %x", d.Source.SHA256, a.Matches[0].Version.SHA256)
	}
}

func TestAskText(t *testing.T) {
	x := New(small(), Options{})
	text := fmt.Sprintf("From %s (bad: 12QtD5BFwRsdNsAZY76UVE1xyCGNTojH9j) to „%s“,then bitcoincash:%s and commit 3b18e512dba79e4c8300dd08aeb37f8e728b8dad.", unlisted, listed, "qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a")
	a := x.Ask(Question{Text: text, Kind: FreeText})
	var found []string
	for _, f := range a.Found {
		found = append(found, f.Read+" "+string(f.Verdict))
	}
	want := []string{unlisted + " clear", "12QtD5BFwRsdNsAZY76UVE1xyCGNTojH9j invalid", listed + " match", "qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a clear"}
	if !slices.Equal(found, want) {
		t.Errorf("found %q\nwant  %q", found, want)
	}
	if a.Verdict != Matched || len(a.Matches) != 1 || !strings.HasPrefix(a.Matches[0].Why, listed+": ") {
		t.Errorf("%+v", a)
	}
	if a := x.Ask(Question{Text: "nothing here", Kind: FreeText}); a.Verdict != Clear || a.Reason == "" || a.Kind != FreeText {
		t.Errorf("%+v", a)
	}
	if a := x.Ask(Question{Text: "see " + unlisted + " and 12QtD5BFwRsdNsAZY76UVE1xyCGNTojH9j", Kind: FreeText}); a.Verdict != Clear || !words(a.Reason, "1 of 2;not screened") {
		t.Errorf("%s %s", a.Verdict, a.Reason)
	}
}

func TestEither(t *testing.T) {
	x := New(small(), Options{})
	for text, kind := range map[string]Kind{
		"Lazarus Group":                      AName,
		"LAZARUS":                            AName,
		"김정은":                                AName,
		"Sociedad Internacionalizadora":      AName,
		"Donaudampfschifffahrtsgesellschaft": AName,
		"98552740":                           AnAddress, // a list has it as an account
		listed:                               AnAddress,
		"'" + listed + "'":                   AnAddress,
		"Lazarus Group " + listed:            AnAddress,
		listed + " " + unlisted:              AnAddress,
		listed[:41]:                          AnAddress, // and invalid
		"１２ＱｔＤ５ＢＦｗＲｓｄＮｓＡＺＹ７６ＵＶＥ１ｘｙＣＧＮＴｏｊＨ９ｈ": AnAddress,
	} {
		if a := x.Ask(Question{Text: text}); a.Kind != kind {
			t.Errorf("%q is read as %q (%s %s), want %q", text, a.Kind, a.Verdict, a.Reason, kind)
		}
	}
	if a := x.Ask(Question{Text: "Lazarus Group " + unlisted}); !strings.Contains(a.Reason, "only the address") {
		t.Errorf("words were left out silently: %+v", a)
	}
}

// Of versions published at one moment the wider answers, and the other is no gap in a
// designation.
func TestSameDay(t *testing.T) {
	p := fundtrail.Party{UID: "1", Names: []fundtrail.Name{{Text: "A"}}, Wallets: []fundtrail.Wallet{{Text: listed, Currency: "ETH"}}}
	other := fundtrail.Party{Wallets: []fundtrail.Wallet{{Text: unlisted}}}
	both := fundtrail.CoversNames | fundtrail.CoversWallets
	var b historyBuilder
	b.add(fundtrail.ListVersion{List: "l", Covers: both, Published: day("2024-01-01"), Received: day("2024-01-01"), SHA256: [32]byte{1}}, p)
	b.add(fundtrail.ListVersion{List: "l", Covers: both, Published: day("2024-01-02"), Received: day("2024-01-02"), SHA256: [32]byte{2}}, p)
	b.add(fundtrail.ListVersion{List: "l", Covers: fundtrail.CoversWallets, Published: day("2024-01-02"), Received: day("2024-01-09"), SHA256: [32]byte{3}}, other)
	b.add(fundtrail.ListVersion{List: "l", Covers: both, Published: day("2024-01-03"), Received: day("2024-01-03"), SHA256: [32]byte{4}}, p)
	x := New(&b.history, Options{})
	a := x.Ask(Question{Text: listed, AsOf: day("2024-01-02")})
	if a.Verdict != Matched || len(a.Matches) != 1 || len(a.Past) != 0 || a.Matches[0].Version.SHA256 != [32]byte{2} {
		t.Errorf("%+v", a)
	}
	ds, err := x.History(listed)
	if err != nil || len(ds) != 1 || ds[0].Listed != day("2024-01-01") || !ds[0].Delisted.IsZero() || ds[0].LastSeen != day("2024-01-03") {
		t.Errorf("%+v, %v", ds, err)
	}
	if a := x.Ask(Question{Text: unlisted}); a.Verdict != Clear || len(a.Past) != 0 {
		t.Errorf("of a version that never answered: %+v", a)
	}
}

// The wallet of a snapshot that names nobody is the nearest version's party's, and the
// earlier one's when two are equally near.
func TestNearestParty(t *testing.T) {
	w := []fundtrail.Wallet{{Text: listed, Currency: "ETH"}}
	var b historyBuilder
	for i, p := range []fundtrail.Party{{UID: "before"}, {}, {UID: "after"}, {}, {UID: "last"}} {
		p.Wallets = w
		b.add(fundtrail.ListVersion{List: "l", Covers: fundtrail.CoversWallets, Published: day("2024-01-01").AddDate(0, 0, []int{0, 2, 4, 7, 9}[i])}, p)
	}
	x := New(&b.history, Options{})
	for d, want := range map[string]string{"2024-01-03": "before", "2024-01-05": "after", "2024-01-08": "last"} {
		a := x.Ask(Question{Text: listed, AsOf: day(d)})
		if len(a.Matches) != 1 || a.Matches[0].Designation.Party.UID != want {
			t.Errorf("%s: %+v, want %s", d, a.Matches, want)
		}
	}
}

// Letters without case that may be either of two addresses count for both.
func TestCaseLostOfTwo(t *testing.T) {
	const one, two = "4Nd1mBQtrMJVYVfKf2PJy9NZUZdTAsp7D4xWLS4gDB4T", "4Nd1mBQtrMJVYVfKf2PJy9NZUZdTAsp7D4xWLS4gDB4t"
	var b historyBuilder
	b.add(fundtrail.ListVersion{List: "l", Covers: fundtrail.CoversWallets, Published: day("2024-01-01")},
		fundtrail.Party{UID: "1", Wallets: []fundtrail.Wallet{{Text: one}}}, fundtrail.Party{UID: "2", Wallets: []fundtrail.Wallet{{Text: two}}})
	b.add(fundtrail.ListVersion{List: "l", Covers: fundtrail.CoversWallets, Published: day("2024-02-01")},
		fundtrail.Party{UID: "3", Wallets: []fundtrail.Wallet{{Text: strings.ToLower(one), CaseLost: true}}})
	x := New(&b.history, Options{})
	for _, text := range []string{one, two} {
		if a := x.Ask(Question{Text: text}); a.Verdict != Matched || len(a.Matches) != 1 || a.Matches[0].Designation.Party.UID != "3" {
			t.Errorf("%s: %+v", text, a)
		}
	}
}

// Solana's base58 has no checksum, so that letters in another case are another address,
// unless the list's file lost it.
func TestCaseLostSolana(t *testing.T) {
	const text = "4Nd1mBQtrMJVYVfKf2PJy9NZUZdTAsp7D4xWLS4gDB4T"
	for _, c := range []struct {
		lost    bool
		verdict Verdict
	}{{false, Clear}, {true, Matched}} {
		w := fundtrail.Wallet{Text: text, Currency: "SOL"}
		if c.lost {
			w.Text, w.CaseLost = strings.ToLower(text), true
		}
		var b historyBuilder
		b.add(fundtrail.ListVersion{List: "l", Covers: fundtrail.CoversWallets, Published: day("2024-01-01")}, fundtrail.Party{UID: "1", Wallets: []fundtrail.Wallet{w}})
		x := New(&b.history, Options{})
		a := x.Ask(Question{Text: "4Nd1mBQtrMJVYVfKf2PJy9NZUZdTAsp7D4xWLS4gDB4t"})
		if a.Verdict != c.verdict || len(a.Matches)+len(a.Related) != 1 {
			t.Errorf("lost %v: %+v", c.lost, a)
		}
		if x.Listed("4Nd1mBQtrMJVYVfKf2PJy9NZUZdTAsp7D4xWLS4gDB4t") != (c.verdict == Matched) {
			t.Errorf("lost %v: Listed disagrees", c.lost)
		}
	}
}

func TestHistory(t *testing.T) {
	x := New(small(), Options{})
	for _, text := range []string{tornadoRouter, "eip155:1:" + strings.ToLower(tornadoRouter), "gone ltd", "9"} {
		ds, err := x.History(text)
		if err != nil || len(ds) != 1 || ds[0].Delisted != day("2024-02-10") || ds[0].Party.UID != "9" {
			t.Errorf("%s: %+v, %v", text, ds, err)
		}
	}
	if _, err := x.History("nobody at all"); err == nil || !strings.Contains(err.Error(), "nobody at all") {
		t.Error(err)
	}
}

func TestEmptyHistory(t *testing.T) {
	x := New(&fundtrail.ListHistory{}, Options{})
	for _, kind := range []Kind{Either, AnAddress, AName, FreeText} {
		if a := x.Ask(Question{Text: listed, Kind: kind}); a.Verdict != Unknown || a.Reason == "" {
			t.Errorf("%q: %+v", kind, a)
		}
	}
	if x.Listed(listed) {
		t.Error("listed by no list")
	}
	if _, err := Diff(&fundtrail.ListHistory{}, "us-ofac-sdn", day("2024-01-01"), day("2024-02-01")); err == nil {
		t.Error("a difference of nothing")
	}
}

func TestDiffOfParties(t *testing.T) {
	d, err := Diff(small(), "us-ofac-sdn", day("2024-01-10"), day("2024-02-10"))
	if err != nil {
		t.Fatal(err)
	}
	if len(d.Added) != 0 || len(d.Removed) != 1 || d.Removed[0].UID != "9" || len(d.WalletsRemoved) != 1 || len(d.WalletsAdded) != 0 {
		t.Errorf("%+v", d)
	}
	if len(d.Changed) != 1 || len(d.Changed[0].Fields) != 1 || d.Changed[0].Fields[0].Field != "program" || !slices.Equal(d.Changed[0].Fields[0].Added, []string{"CYBER2"}) {
		t.Errorf("changed: %+v", d.Changed)
	}
	if _, err := Diff(small(), "us-ofac-sdn", day("2023-01-10"), day("2024-02-10")); err == nil || !words(err.Error(), "2023-01-10;2024-01-10;not found") {
		t.Error(err)
	}
	if _, err := Diff(small(), "eu-fsf", day("2024-01-10"), day("2024-02-10")); err == nil {
		t.Error("a list that is not there")
	}
	back, _ := Diff(small(), "us-ofac-sdn", day("2024-02-10"), day("2024-01-10"))
	if len(back.Added) != 1 || len(back.WalletsAdded) != 1 {
		t.Errorf("backwards: %+v", back)
	}
}

// Many ask at once, and the race detector looks on.
func TestConcurrent(t *testing.T) {
	x := New(small(), Options{})
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			for range 200 {
				x.Ask(Question{Text: listed, Chain: "bsc"})
				x.Ask(Question{Text: unlisted, AsOf: day("2024-01-15").AddDate(0, 0, i)})
				x.Ask(Question{Text: tornadoRouter, Known: day("2024-01-15").AddDate(0, 0, i)})
				x.Ask(Question{Text: "lazarus group", Kind: AName})
				x.Listed(listed)
			}
		})
	}
	group.Wait()
}
