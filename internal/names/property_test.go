package names

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/fundtrail/fundtrail"
)

var kinds = []fundtrail.PartyKind{fundtrail.PartyUnstated, fundtrail.Person, fundtrail.Organisation, fundtrail.Vessel}

// checkComparison holds what every comparison owes its reader.
func checkComparison(t *testing.T, score float64, tokens []Token) {
	t.Helper()
	if math.IsNaN(score) || score < 0 || score > 1 {
		t.Fatalf("score %v", score)
	}
	if tokens == nil {
		if score != 0 {
			t.Fatalf("score %v without tokens", score)
		}
		return
	}
	weight, sum := 0.0, 0.0
	for _, k := range tokens {
		if k.Score < 0 || k.Score > 1 || k.Weight < 0 || math.IsNaN(k.Weight) || k.Asked == "" && k.Listed == "" || k.How == "" {
			t.Fatalf("token %+v", k)
		}
		weight += k.Weight
		sum += k.Weight * k.Score
	}
	if math.Abs(weight-1) > 1e-4 || math.Abs(sum-score) > 1e-4 {
		t.Fatalf("weights sum to %v, weighted scores to %v; the score is %v: %+v", weight, sum, score, tokens)
	}
}

func FuzzCompare(f *testing.F) {
	for _, s := range [][2]string{
		{"Usama bin Laden", "BIN LADIN, Usama"}, {"김정은", "Kim Jong-un"}, {"金正恩", "김정은"}, {"ООО Ромашка", "Romashka LLC"},
		{"", "x"}, {"٣٤ محمد", "Mohammed 34"}, {"株式会社トヨタ", "Toyota K.K."}, {"A.B.C. & Co. KG", "ABC"}, {"....", "''''"}, {"\xff\xfe", "ÿ"},
		{"LLC", "LLC"}, {"Dr", "Dr"}, {"the of and", "and of the"}, {strings.Repeat("a", 4000), strings.Repeat("a ", 900)}, {"ﷲ", "الله"}, {"ᄀ가", "ga"},
		{"Snow Storm 1", "Snow Storm 2"}, {"twenty one", "21"}, {"x x x", "x"}, {"ｱﾘ", "ali"}, {"1%", "1 percent"},
	} {
		f.Add(uint8(0), s[0], s[1])
		f.Add(uint8(2), s[0], s[1])
	}
	f.Fuzz(func(t *testing.T, k uint8, a, b string) {
		kind := kinds[int(k)%len(kinds)]
		ab, tokens := Compare(kind, a, b)
		checkComparison(t, ab, tokens)
		ba, tokensBA := Compare(kind, b, a)
		checkComparison(t, ba, tokensBA)
		// Only what one shared word counts differs by side: see lonely. That moves the
		// score by no more than the weight of what is missing does.
		if missing := slices.ContainsFunc(tokens, func(k Token) bool { return k.How == HowMissing }); math.Abs(ab-ba) > 1e-4 && !missing {
			t.Fatalf("%q, %q: %v one way, %v the other\n%+v\n%+v", a, b, ab, ba, tokens, tokensBA)
		}
		same, tokens := Compare(kind, a, a)
		checkComparison(t, same, tokens)
		if hasName := len(readings(kind, a)) > 0; hasName != (same > 0) || hasName && same < 1-1e-6 {
			t.Fatalf("%q against itself: %v", a, same)
		}
	})
}

// smallIndex is for fuzzing: names in many scripts, and none, and odd ones.
var smallIndex = sync.OnceValue(func() *Index {
	var es []Entry
	for i, n := range []string{
		"Usama bin Laden", "Kim Jong Un", "김정은", "金正恩", "Владимир Путин", "OOO Romashka", "Lazarus Group", "محمد بن سلمان", "", "...", "People's Liberation Army",
		"Abdulrahman al-Ghamdi", "SNOW STORM 2", "株式会社 山田", "Al", "Brigade 44", "Ali", "ALI ALI ALI", strings.Repeat("long ", 80), "Αλέξανδρος",
	} {
		es = append(es, Entry{Kind: kinds[i%len(kinds)], Names: []fundtrail.Name{{Text: n}}, Births: []string{"1957-03-10", "~1960", "1960/1964", "x"}[i%4 : i%4+1], Countries: []string{"SA"}})
	}
	return Build(es)
})

func FuzzSearch(f *testing.F) {
	f.Add(uint8(1), "usama bn ladn", "1957-10-03", "SA", 0.5)
	f.Add(uint8(0), "김정은", "1984", "KP", 0.0)
	f.Add(uint8(2), "PLA", "~", "", 0.9)
	f.Add(uint8(3), "snow storm 3", "1960/1950", "XX", -1.0)
	f.Fuzz(func(t *testing.T, k uint8, name, birth, country string, threshold float64) {
		x := smallIndex()
		q := Query{Name: name, Kind: kinds[int(k)%len(kinds)], Births: []string{birth}, Countries: []string{country}}
		if birth == "" {
			q.Births = nil
		}
		hits := x.Search(q, func(e int) bool { return e%5 != 4 }, threshold, 7)
		if len(hits) > 7 {
			t.Fatalf("%d hits", len(hits))
		}
		for i, h := range hits {
			if h.Entry%5 == 4 || h.Score < threshold-1e-6 || h.Score < 0 || h.Score > 1 || h.Why == "" {
				t.Fatalf("%+v", h)
			}
			if i > 0 && (hits[i-1].Score < h.Score || hits[i-1].Score == h.Score && hits[i-1].Entry >= h.Entry) {
				t.Fatalf("out of order: %+v", hits)
			}
			sum := 0.0
			for _, k := range h.Tokens {
				sum += k.Weight
			}
			if math.Abs(sum-1) > 1e-4 {
				t.Fatalf("weights sum to %v: %+v", sum, h)
			}
		}
		if again := x.Search(q, func(e int) bool { return e%5 != 4 }, threshold, 7); !cmp.Equal(hits, again) {
			t.Fatal(cmp.Diff(hits, again))
		}
	})
}

// TestListedNames: every name of the real lists, asked as it stands, finds its entry
// first; other entries may tie.
func TestListedNames(t *testing.T) {
	x, entries := buildReal(t)
	unread, asked := 0, 0
	for i, e := range entries {
		if testing.Short() && i%16 != 0 {
			continue
		}
		for n, name := range e.Names {
			if len(readings(e.Kind, name.Text)) == 0 {
				unread++
				continue
			}
			asked++
			hits := x.Search(Query{Name: name.Text, Kind: e.Kind}, nil, 0.999, 40)
			at := slices.IndexFunc(hits, func(h Hit) bool { return h.Entry == i })
			if at < 0 || hits[at].Score < 1-1e-5 {
				t.Errorf("%d/%d %q: place %d of %d", i, n, name.Text, at, len(hits))
			}
		}
	}
	t.Logf("%d names asked, %d have no letter", asked, unread)
}

// TestOneSlip: a name with one wrong letter in a word of seven letters or more is found.
func TestOneSlip(t *testing.T) {
	x, entries := buildReal(t)
	r := rand.New(rand.NewPCG(5, 6))
	asked, missed := 0, 0
	for i, e := range entries {
		if i%8 != 0 {
			continue
		}
		name := e.Names[0].Text
		ws := strings.Fields(name)
		k := slices.IndexFunc(ws, func(w string) bool {
			return len(w) >= 7 && !strings.ContainsFunc(w, func(c rune) bool { return c > unicode.MaxASCII || !unicode.IsLetter(c) })
		})
		if k < 0 {
			continue
		}
		if words().numbers[strings.ToLower(ws[k])] > 0 {
			continue // "tweflth" is no number
		}
		ws[k] = string(slip(r, []byte(strings.ToLower(ws[k]))))
		asked++
		hits := x.Search(Query{Name: strings.Join(ws, " "), Kind: e.Kind}, nil, DefaultThreshold, 20)
		if !slices.ContainsFunc(hits, func(h Hit) bool {
			return slices.ContainsFunc(entries[h.Entry].Names, func(n fundtrail.Name) bool { return n.Text == name })
		}) {
			missed++
			t.Logf("%q for %q", strings.Join(ws, " "), name)
		}
	}
	if missed > 0 {
		t.Errorf("%d of %d names with one slip are missed", missed, asked)
	}
}

// TestOrderOfEntries: an index of the same entries in another order gives the same
// answers.
func TestOrderOfEntries(t *testing.T) {
	entries := unList(t)
	r := rand.New(rand.NewPCG(7, 8))
	perm := r.Perm(len(entries))
	shuffled := make([]Entry, len(entries))
	for i, p := range perm {
		shuffled[p] = entries[i]
	}
	x, y := Build(entries), Build(shuffled)
	for i, n := range typos(sample(entries, 300)) {
		q := Query{Name: n, Kind: kinds[i%len(kinds)]}
		// Entries that tie at the limit may differ, so none is set.
		a, b := x.Search(q, nil, 0.6, len(entries)), y.Search(q, nil, 0.6, len(entries))
		for k := range a {
			a[k].Entry = perm[a[k].Entry]
		}
		byEntry := cmpopts.SortSlices(func(a, b Hit) bool { return a.Entry < b.Entry })
		if d := cmp.Diff(a, b, byEntry, cmpopts.EquateApprox(0, 1e-6)); d != "" {
			t.Fatalf("%q: %s", n, d)
		}
	}
}

// TestSearchIsCompare: where no word of a list is frequent, a search scores as Compare.
func TestSearchIsCompare(t *testing.T) {
	entries := unList(t)
	entries = slices.Concat(entries[:10], entries[len(entries)-10:])
	x := Build(entries)
	compared := 0
	for i, n := range typos(sample(entries, 200)) {
		kind := entries[i%len(entries)].Kind
		for _, h := range x.Search(Query{Name: n, Kind: kind}, nil, 0.3, 50) {
			e := entries[h.Entry]
			if e.Kind != kind {
				continue // lowered
			}
			compared++
			if want, tokens := Compare(kind, n, e.Names[h.Name].Text); math.Abs(want-h.Score) > 1e-4 {
				t.Errorf("%q, %q: %v, Compare says %v\n%+v\n%+v", n, e.Names[h.Name].Text, h.Score, want, h.Tokens, tokens)
			}
		}
	}
	if compared < 50 {
		t.Errorf("only %d were compared", compared)
	}
}

// TestConcurrent: searches of one index from many goroutines answer as alone.
func TestConcurrent(t *testing.T) {
	x := smallIndex()
	want := x.Search(Query{Name: "Usama Laden"}, nil, 0.3, 5)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 50 {
				if got := x.Search(Query{Name: "Usama Laden"}, nil, 0.3, 5); !cmp.Equal(got, want) {
					t.Error(cmp.Diff(got, want))
				}
				Compare(fundtrail.Person, "金正恩", "Kim Jong Un")
			}
		})
	}
	wg.Wait()
}
