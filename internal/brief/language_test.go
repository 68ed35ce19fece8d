package brief

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fundtrail/fundtrail"
)

// TestTemplates: every template is there in every language with the same values, and every
// key that the code asks for exists and is asked for.
func TestTemplates(t *testing.T) {
	for key, w := range words {
		var want []string
		for _, l := range Langs {
			var got []string
			for _, m := range placeholder.FindAllStringSubmatch(w.in(l), -1) {
				got = append(got, m[1])
			}
			slices.Sort(got)
			got = slices.Compact(got)
			if l == English {
				want = got
			}
			if w.in(l) == "" || !slices.Equal(got, want) {
				t.Errorf("%s in %s: %q has %v, want %v", key, l, w.in(l), got, want)
			}
			if strings.Count(w.in(l), "{") != len(placeholder.FindAllString(w.in(l), -1)) {
				t.Errorf("%s in %s: a brace that is no placeholder", key, l)
			}
		}
	}
	files, _ := filepath.Glob("*.go")
	var source strings.Builder
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") || name == "words.go" {
			continue
		}
		raw, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		source.Write(raw)
	}
	used := map[string]bool{}
	var prefixes []string
	for _, m := range regexp.MustCompile(`"([a-z]+(?:\.[a-z-]*)*)"( ?\+)?`).FindAllStringSubmatch(source.String(), -1) {
		if strings.HasSuffix(m[1], ".") {
			prefixes = append(prefixes, m[1])
		}
		used[m[1]] = true
	}
	for key := range words {
		if !used[key] && !slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(key, p) }) {
			t.Errorf("%s: no code asks for it", key)
		}
	}
	for _, m := range regexp.MustCompile(`\.say\("([^"]+)",? ?\)?`).FindAllStringSubmatch(source.String(), -1) {
		if !strings.HasSuffix(m[1], ".") && words[m[1]] == (text{}) {
			t.Errorf("%s: asked for, and there is no such template", m[1])
		}
	}
	for _, kind := range []fundtrail.ActionKind{fundtrail.Designated, fundtrail.ListUpdated, fundtrail.Delisted, fundtrail.Seized, fundtrail.TakenDown, fundtrail.Frozen, fundtrail.ForfeitureBy, fundtrail.Attributed, fundtrail.Advised, fundtrail.RuleMade, fundtrail.Judged, fundtrail.Met, fundtrail.Stated, fundtrail.Reported, fundtrail.Voted} {
		if words["act."+string(kind)] == (text{}) {
			t.Errorf("no template for %s", kind)
		}
	}
	for _, kind := range []fundtrail.CourtEventKind{fundtrail.Complained, fundtrail.Charged, fundtrail.Arrested, fundtrail.Released, fundtrail.Detained, fundtrail.AtLarge, fundtrail.TrialSet, fundtrail.HearingSet, fundtrail.Tried, fundtrail.Pleaded, fundtrail.Convicted, fundtrail.Hung, fundtrail.Acquitted, fundtrail.Sentenced, fundtrail.Moved, fundtrail.Ruled, fundtrail.Appealed, fundtrail.Dismissed, fundtrail.Forfeited, fundtrail.LastSeen} {
		if words["court."+string(kind)] == (text{}) {
			t.Errorf("no template for %s", kind)
		}
	}
	for _, kind := range []fundtrail.FigureKind{fundtrail.FigureStolen, fundtrail.FigureThrough, fundtrail.FigureSeized, fundtrail.FigureFrozen, fundtrail.FigureRecovered, fundtrail.FigureForfeit, fundtrail.FigureFine, fundtrail.FigureMonths, fundtrail.FigureThings} {
		if words["figure."+string(kind)] == (text{}) {
			t.Errorf("no template for %s", kind)
		}
	}
	for _, table := range []map[string]text{countries, qualifiers, coins} {
		for key, w := range table {
			for _, l := range Langs {
				if w.in(l) == "" {
					t.Errorf("%s has no %s", key, l)
				}
			}
		}
	}
}

func TestDollars(t *testing.T) {
	for _, c := range []struct {
		usd        uint64
		en, ko, ja string
	}{
		{0, "$0", "0 달러", "0ドル"},
		{1, "$1", "1 달러", "1ドル"},
		{9_999, "$9,999", "9,999 달러", "9,999ドル"},
		{370_000, "$370,000", "37만 달러", "37万ドル"},
		{999_999, "$999,999", "99만 9,999 달러", "99万9,999ドル"},
		{1_000_000, "$1 million", "100만 달러", "100万ドル"},
		{16_130_000, "$16.13 million", "1,613만 달러", "1,613万ドル"},
		{565_376_764, "$565.38 million", "5억 6,538만 달러", "5億6,538万ドル"},
		{620_000_000, "$620 million", "6억 2,000만 달러", "6億2,000万ドル"},
		{999_999_999, "$1,000 million", "10억 달러", "10億ドル"},
		{1_650_000_000, "$1.65 billion", "16억 5,000만 달러", "16億5,000万ドル"},
		{7_000_000_000, "$7 billion", "70억 달러", "70億ドル"},
		{1_234_567_890_123, "$1,234.57 billion", "12,345억 6,789만 달러", "12,345億6,789万ドル"},
	} {
		a := fundtrail.NewAmount(c.usd)
		if en, ko, ja := English.dollars(a), Korean.dollars(a), Japanese.dollars(a); en != c.en || ko != c.ko || ja != c.ja {
			t.Errorf("%d: %q %q %q, want %q %q %q", c.usd, en, ko, ja, c.en, c.ko, c.ja)
		}
	}
}

func TestWhen(t *testing.T) {
	day := func(s string) time.Time { d, _ := time.Parse(time.DateOnly, s); return d }
	for _, c := range []struct{ from, to, en, ko, ja string }{
		{"2023-12-09", "2023-12-09", "9 December 2023", "2023년 12월 9일", "2023年12月9日"},
		{"2024-09-01", "2024-09-30", "September 2024", "2024년 9월", "2024年9月"},
		{"2022-01-01", "2022-12-31", "2022", "2022년", "2022年"},
		{"2017-01-01", "2023-12-31", "2017 to 2023", "2017년~2023년", "2017年～2023年"},
		{"2025-11-24", "2025-11-28", "24 November 2025 to 28 November 2025", "2025년 11월 24일~2025년 11월 28일", "2025年11月24日～2025年11月28日"},
	} {
		w := fundtrail.When{From: day(c.from), To: day(c.to)}
		if en, ko, ja := English.when(w), Korean.when(w), Japanese.when(w); en != c.en || ko != c.ko || ja != c.ja {
			t.Errorf("%s..%s: %q %q %q", c.from, c.to, en, ko, ja)
		}
	}
}

func TestParticles(t *testing.T) {
	for word, want := range map[string]string{"북한": "은", "미국": "은", "테더": "는", "라자루스 그룹(Lazarus Group)": "은", "Upbit": "는", "2023": "은", "KuCoin": "은", "": "는"} {
		if got := particle(word, "은", "는"); got != want {
			t.Errorf("%q takes %q, want %q", word, got, want)
		}
	}
}

func TestQuantity(t *testing.T) {
	for _, c := range []struct{ n, unit, en, ko, ja string }{
		{"173600", "ETH", "173,600 ETH", "173,600 ETH", "173,600 ETH"},
		{"4.8", "BTC", "4.8 BTC", "4.8 BTC", "4.8 BTC"},
		{"1", "addresses", "1 address", "주소 1개", "アドレス1件"},
		{"2", "Bitcoin addresses", "2 Bitcoin addresses", "비트코인 주소 2개", "ビットコインアドレス2件"},
		{"64", "months", "64 months", "64개월", "64か月"},
	} {
		if en, ko, ja := English.quantity(c.n, c.unit), Korean.quantity(c.n, c.unit), Japanese.quantity(c.n, c.unit); en != c.en || ko != c.ko || ja != c.ja {
			t.Errorf("%s %s: %q %q %q", c.n, c.unit, en, ko, ja)
		}
	}
}

func TestPreposition(t *testing.T) {
	for value, want := range map[string]string{"9 December 2023": "On 9 December 2023 X", "July 2025": "In July 2025 X", "2025": "In 2025 X", "24 May 2025 to 28 May 2025": "From 24 May 2025 to 28 May 2025 X"} {
		got := English.say("act.vote", "date", value, "by", "X", "of", "y")
		if !strings.HasPrefix(got, want) {
			t.Errorf("%q", got)
		}
	}
}

func TestPrepositionIsAWord(t *testing.T) {
	if got := preposition("motion {date}, heard on {date}", []string{"date", "March 2026"}); got != "motion {date}, heard in {date}" {
		t.Error(got)
	}
}
