package names

import (
	"encoding/csv"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fundtrail/fundtrail"
)

// column reads the full_name column of a file of names.
func column(t testing.TB, name string) []string {
	t.Helper()
	f, err := os.Open(shared(t, name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, r := range rows[1:] {
		out = append(out, r[0])
	}
	return out
}

// sample takes n names of the entries, the same ones each time.
func sample(entries []Entry, n int) []string {
	r := rand.New(rand.NewPCG(1, 2))
	out := make([]string, n)
	for i := range out {
		e := entries[r.IntN(len(entries))]
		out[i] = e.Names[r.IntN(len(e.Names))].Text
	}
	return out
}

// mistype makes one or two mistakes in every word of four letters and more.
func mistype(r *rand.Rand, name string) string {
	ws := strings.Fields(strings.ToLower(name))
	for i, w := range ws {
		if b := []byte(w); len(b) >= 4 && b[0] < 0x80 {
			n := 1
			if len(b) >= 8 {
				n += r.IntN(2)
			}
			for range n {
				b = slip(r, b)
			}
			ws[i] = string(b)
		}
	}
	return strings.Join(ws, " ")
}

// slip makes one mistake: a letter wrong, lost, doubled, or two swapped.
func slip(r *rand.Rand, b []byte) []byte {
	at := 1 + r.IntN(len(b)-1)
	switch r.IntN(4) {
	case 0:
		b = slices.Clone(b)
		b[at] = 'a' + byte(r.IntN(26))
		return b
	case 1:
		return slices.Concat(b[:at], b[at+1:])
	case 2:
		return slices.Concat(b[:at], b[at-1:])
	}
	b = slices.Clone(b)
	b[at], b[at-1] = b[at-1], b[at]
	return b
}

func typos(names []string) []string {
	r := rand.New(rand.NewPCG(3, 4))
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = mistype(r, n)
	}
	return out
}

// BenchmarkSearch measures searches of both lists on one core, with the percentiles of
// single ones.
func BenchmarkSearch(b *testing.B) {
	x, entries := buildReal(b)
	exact := sample(entries, 2000)
	for _, set := range []struct {
		name  string
		kind  fundtrail.PartyKind
		names []string
	}{
		{"listed", "", exact},
		{"typed-wrong", "", typos(exact)},
		{"us-negatives", fundtrail.Person, column(b, "name_matching/yente_negatives_us.csv")},
		{"un-treated", fundtrail.Person, column(b, "name_matching/yente_positives_un_treated.csv")},
		{"cross-script", "", crossScript},
	} {
		b.Run(set.name, func(b *testing.B) {
			b.ReportAllocs()
			var took []time.Duration
			i := 0
			for b.Loop() {
				// The least of three, as other programs run on the machine.
				least := time.Hour
				for range 3 {
					start := time.Now()
					x.Search(Query{Name: set.names[i%len(set.names)], Kind: set.kind}, nil, DefaultThreshold, 10)
					least = min(least, time.Since(start))
				}
				took = append(took, least)
				i++
			}
			slices.Sort(took)
			at := func(p float64) float64 { return float64(took[int(p*float64(len(took)-1))].Nanoseconds()) / 1e3 }
			b.ReportMetric(at(0.50), "p50-µs")
			b.ReportMetric(at(0.99), "p99-µs")
		})
	}
}

var crossScript = []string{"Владимир Путин", "김정은", "金正恩", "Усама бин Ладен", "محمد بن سلمان", "صدام حسين التكريتي", "Росмфт", "تنظيم القاعدة", "Ким Чен Ын", "李明", "Αλέξανδρος Παπαδόπουλος", "やまだ たろう", "이재명"}

func BenchmarkCompare(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		Compare(fundtrail.Person, "Mohammed Qasim Mir Wali Khudai Rahim", "MUHAMMAD KASIM MIR VALI KHUDAY RAHIM")
	}
}
