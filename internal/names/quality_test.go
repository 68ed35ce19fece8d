package names

import (
	"bufio"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/fundtrail/fundtrail"
)

var update = flag.Bool("update", false, "rewrite testdata/quality.txt")

// TestQuality scores names on every set with known answers and holds
// testdata/quality.txt to what it finds.
func TestQuality(t *testing.T) {
	var out strings.Builder
	out.WriteString(`How well names are matched. Written by TestQuality in internal/names; a change is a
change of the answers. Precision, recall and F1 in per cent, counts behind them.
`)
	fmt.Fprintf(&out, "Default threshold %.2f.\n", DefaultThreshold)
	scorePairs(t, &out)
	scoreNegatives(t, &out)
	scorePositives(t, &out)
	scoreCrossScript(t, &out)
	scoreTypos(t, &out)
	file := filepath.Join("testdata", "quality.txt")
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(out.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil || string(want) != out.String() {
		t.Errorf("%s differs (%v); run with -update and read the diff. Now:\n%s", file, err, out.String())
	}
}

func (c tally) String() string {
	return fmt.Sprintf("P %5.1f  R %5.1f  F1 %5.1f  (%d right of %d found, %d true, %d pairs)",
		100*c.precision(), 100*c.recall(), 100*c.f1(), c.tp, c.tp+c.fp, c.tp+c.fn, c.tp+c.fp+c.fn+c.tn)
}

// scorePairs scores Compare on the labelled pairs, the tuning part and the other apart.
func scorePairs(t *testing.T, out io.Writer) {
	pairs := readPairs(t)
	scores := make([]float64, len(pairs))
	for i, p := range pairs {
		scores[i], _ = Compare(p.kind(), p.name1, p.name2)
	}
	fmt.Fprintf(out, `
Labelled pairs (name_matching/name_pairs.csv, half of a public benchmark; on its whole
OpenSanctions logic-v2 scores F1 79.0 at its best threshold, watchman 70.3, Levenshtein
65.7). Three fifths of them, by a digest of the row, were tuned on; the others were not.
`)
	for _, part := range []struct {
		name string
		in   func(pair) bool
	}{
		{"tuned on", func(p pair) bool { return !p.holdout }},
		{"not tuned on", func(p pair) bool { return p.holdout }},
		{"all", func(pair) bool { return true }},
	} {
		var at tally
		for i, p := range pairs {
			if part.in(p) {
				at.add(scores[i] >= DefaultThreshold, p.match)
			}
		}
		fmt.Fprintf(out, "  %-44s %v\n", part.name+", default threshold", at)
		best, threshold := tally{}, 0.0
		for k := 30; k < 100; k++ {
			var c tally
			for i, p := range pairs {
				if part.in(p) {
					c.add(scores[i] >= float64(k)/100, p.match)
				}
			}
			if c.f1() > best.f1() {
				best, threshold = c, float64(k)/100
			}
		}
		fmt.Fprintf(out, "  %-44s %v\n", fmt.Sprintf("%s, its best threshold %.2f", part.name, threshold), best)
	}
	for _, by := range []struct {
		name string
		of   func(pair) string
	}{
		{"schema", func(p pair) string { return p.schema }},
		{"group", func(p pair) string { return p.group }},
		{"quality", func(p pair) string { return strings.ToLower(p.quality) }},
	} {
		for _, holdout := range []bool{false, true} {
			counts := map[string]*tally{}
			var keys []string
			for i, p := range pairs {
				if p.holdout != holdout {
					continue
				}
				k := by.of(p)
				if counts[k] == nil {
					counts[k] = &tally{}
					keys = append(keys, k)
				}
				counts[k].add(scores[i] >= DefaultThreshold, p.match)
			}
			slices.Sort(keys)
			fmt.Fprintf(out, "  by %s, %s\n", by.name, map[bool]string{false: "tuned on", true: "not tuned on"}[holdout])
			for _, k := range keys {
				fmt.Fprintf(out, "    %-42s %v\n", k, *counts[k])
			}
		}
	}
}

// scoreNegatives counts false hits of people who are on no list, as far as is known:
// some share a name with a listed party.
func scoreNegatives(t *testing.T, out io.Writer) {
	x, _ := buildReal(t)
	negatives := column(t, "name_matching/yente_negatives_us.csv")
	fmt.Fprintf(out, "\nFalse hits: %d made-up people (yente_negatives_us.csv) against the UN list and OFAC's\nnames of 2025-11 (whose kinds are not known here), by the threshold of the best hit\n", len(negatives))
	thresholds := []float64{DefaultThreshold, 0.75, 0.80, 0.85, 0.90, 0.95}
	count := make([]int, len(thresholds))
	for _, n := range negatives {
		hits := x.Search(Query{Name: n, Kind: fundtrail.Person}, nil, DefaultThreshold, 1)
		for i, th := range thresholds {
			if len(hits) > 0 && hits[0].Score >= th {
				count[i]++
			}
		}
	}
	for i, th := range thresholds {
		fmt.Fprintf(out, "  at %.2f  %3d of %d\n", th, count[i], len(negatives))
	}
}

// scorePositives asks the UN list for its own names, as listed and mistreated. The
// right party is any that holds the untreated name, whatever the order of its words.
func scorePositives(t *testing.T, out io.Writer) {
	un := unList(t)
	x := Build(un)
	plainNames := column(t, "name_matching/yente_positives_un_untreated.csv")
	owners := map[string][]int{}
	for i, e := range un {
		for _, n := range e.Names {
			k := sortedWords(n.Text)
			if !slices.Contains(owners[k], i) {
				owners[k] = append(owners[k], i)
			}
		}
	}
	fmt.Fprintf(out, "\nRecall: names of the UN list, asked of the UN list (2025-11-20)\n")
	for _, set := range []struct{ name, file string }{
		{"as listed", "yente_positives_un_untreated.csv"}, {"mistreated", "yente_positives_un_treated.csv"},
	} {
		top, found, any, unknown := 0, 0, 0, 0
		names := column(t, "name_matching/"+set.file)
		for i, n := range names {
			right := owners[sortedWords(plainNames[i])]
			hits := x.Search(Query{Name: n, Kind: fundtrail.Person}, nil, DefaultThreshold, 10)
			if len(hits) > 0 {
				any++
			}
			if len(right) == 0 {
				unknown++ // delisted, or corrected since the file was made
				continue
			}
			if len(hits) > 0 && slices.Contains(right, hits[0].Entry) {
				top++
			}
			if slices.ContainsFunc(hits, func(h Hit) bool { return slices.Contains(right, h.Entry) }) {
				found++
			}
		}
		n := len(names) - unknown
		fmt.Fprintf(out, "  %-12s right party first %d of %d, among ten %d; any hit %d of %d; %d names are not listed so\n", set.name, top, n, found, any, len(names), unknown)
	}
}

func sortedWords(s string) string {
	rs := readings(fundtrail.Person, s)
	if len(rs) == 0 {
		return ""
	}
	var ws []string
	for _, w := range rs[0].words {
		ws = append(ws, w.text)
	}
	slices.Sort(ws)
	return strings.Join(ws, " ")
}

// scoreCrossScript lists the cross-script pairs one by one; there are few.
func scoreCrossScript(t *testing.T, out io.Writer) {
	f, err := os.Open(shared(t, "name_matching/watchman_cross_script_pairs.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	fmt.Fprintf(out, "\nAcross scripts (watchman_cross_script_pairs.csv; its figure is what a language model reached)\n")
	n, matched, above := 0, 0, 0
	var lines []string
	sc := bufio.NewScanner(f)
	for sc.Scan() {
		r := strings.Split(sc.Text(), ",")
		if len(r) != 4 || strings.HasPrefix(r[0], "#") {
			continue
		}
		v, _ := Compare(fundtrail.Person, r[0], r[1])
		var least float64
		fmt.Sscan(r[2], &least)
		n++
		if v >= DefaultThreshold {
			matched++
		}
		if v >= least {
			above++
		}
		lines = append(lines, fmt.Sprintf("  %.3f  (%s)  %s, %s\n", v, r[2], r[0], r[1]))
	}
	fmt.Fprintf(out, "  %d pairs, %d match at the default threshold, %d reach the model's figure\n", n, matched, above)
	for _, l := range lines {
		io.WriteString(out, l)
	}
}

// scoreTypos asks both lists for their names with a mistake in every long word.
func scoreTypos(t *testing.T, out io.Writer) {
	x, entries := buildReal(t)
	exact := sample(entries, 2000)
	wrong := typos(exact)
	top, found := 0, 0
	for i, n := range wrong {
		hits := x.Search(Query{Name: n}, nil, DefaultThreshold, 10)
		right := func(h Hit) bool {
			return slices.ContainsFunc(entries[h.Entry].Names, func(name fundtrail.Name) bool { return name.Text == exact[i] })
		}
		if len(hits) > 0 && right(hits[0]) {
			top++
		}
		if slices.ContainsFunc(hits, right) {
			found++
		}
	}
	fmt.Fprintf(out, "\nTyped wrong: %d names of both lists with one or two mistakes in every word of four letters\nand more\n", len(wrong))
	fmt.Fprintf(out, "  right party first %d, among ten %d\n", top, found)
}
