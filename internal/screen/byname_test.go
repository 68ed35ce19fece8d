package screen

import (
	"strings"
	"testing"

	"github.com/fundtrail/fundtrail"
)

func TestAskName(t *testing.T) {
	x := New(small(), Options{})
	for _, c := range []struct {
		q       Question
		verdict Verdict
		uid     string // of the first match, past or related
		why     string
	}{
		{Question{Text: "Lazarus Group"}, Matched, "27307", ""},
		{Question{Text: "  hidden   cobra ", Kind: AName}, Matched, "27307", ""},
		{Question{Text: "Lazarus Group", AsOf: day("2024-01-10")}, Matched, "27307", ""},
		{Question{Text: "Gone Ltd"}, Clear, "9", "no longer in that of 2024-02-10"},
		{Question{Text: "Gone Ltd", AsOf: day("2024-01-31")}, Matched, "9", ""},
		{Question{Text: "Gone Ltd", AsOf: day("2024-02-11"), Known: day("2024-02-11")}, Matched, "9", ""},
		{Question{Text: "Some Bank", AsOf: day("2013-05-01")}, Matched, "KPe.1", "by the date the list states, 2013-05-01"},
		{Question{Text: "Some Bank", AsOf: day("2013-04-30")}, Unknown, "KPe.1", "2024-01-20"},
		{Question{Text: "Nobody Much"}, Matched, "1", ""},
		{Question{Text: "Wilhelmina Featherstonehaugh"}, Clear, "", ""},
		{Question{Text: "", Kind: AName}, Invalid, "", "no letters"},
		{Question{Text: "?!", Kind: AName}, Invalid, "", "no letters"},
		{Question{Text: strings.Repeat("name ", 300), Kind: AName}, Invalid, "", "the most is"},
		{Question{Text: "Lazarus Grp", Threshold: 0.999}, Clear, "", ""},
	} {
		a := x.Ask(c.q)
		why, uid := a.Reason, ""
		for _, ms := range [][]Match{a.Matches, a.Past, a.Related} {
			for _, m := range ms {
				if uid == "" {
					uid = m.Designation.Party.UID
				}
				why += " " + m.Why
				if m.Name == "" || m.Version == nil || len(m.Tokens) == 0 || m.Why == "" || m.Score <= 0 {
					t.Errorf("%+v: an empty match %+v", c.q, m)
				}
			}
		}
		if a.Verdict != c.verdict || uid != c.uid || !words(why, c.why) || a.Kind != AName {
			t.Errorf("%+v:\n%s (%s) of %q: %s\nwant %s of %q: %s", c.q, a.Verdict, a.Kind, uid, why, c.verdict, c.uid, c.why)
		}
	}
}

// A name that a party lost, and one that stands only in a version of addresses, are
// worth a look and no match.
func TestAskNameRelated(t *testing.T) {
	var b historyBuilder
	party := func(name string) fundtrail.Party {
		return fundtrail.Party{UID: "7", Names: []fundtrail.Name{{Text: name}}}
	}
	b.add(fundtrail.ListVersion{List: "l", Covers: fundtrail.CoversNames, Published: day("2024-01-01")}, party("Quixotic Holdings"))
	b.add(fundtrail.ListVersion{List: "l", Covers: fundtrail.CoversNames, Published: day("2024-02-01")}, party("Marzipan Trading"))
	b.add(fundtrail.ListVersion{List: "w", Covers: fundtrail.CoversWallets, Published: day("2024-02-01")},
		fundtrail.Party{UID: "8", Names: []fundtrail.Name{{Text: "Zebulon Mixer"}}, Wallets: []fundtrail.Wallet{{Text: listed}}})
	x := New(&b.history, Options{})
	for text, want := range map[string]string{"Quixotic Holdings": "in another version", "Zebulon Mixer": "addresses alone"} {
		a := x.Ask(Question{Text: text})
		if a.Verdict != Clear || len(a.Related) != 1 || !strings.Contains(a.Related[0].Why, want) {
			t.Errorf("%s: %s %+v", text, a.Verdict, a.Related)
		}
	}
	if a := x.Ask(Question{Text: "Quixotic Holdings", AsOf: day("2024-01-20")}); a.Verdict != Matched {
		t.Errorf("the name it had then: %+v", a)
	}
	if d, err := x.History("quixotic holdings"); err != nil || len(d) != 1 || d[0].Party.Names[0].Text != "Marzipan Trading" {
		t.Errorf("history by a former name: %+v, %v", d, err)
	}
}
