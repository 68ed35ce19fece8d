package report

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files of testdata anew")

// lagoon is a made-up theft with a bit of everything: two chains, a token of unknown
// decimals, every common kind of end, policies that differ, inferences, a gap, prices
// that are missing for some days.
func lagoon(t testing.TB) *Document {
	t.Helper()
	f, err := os.Open("testdata/lagoon.json")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	d, err := ReadJSON(f)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// golden compares what was written with testdata/name.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(got, want) {
		return
	}
	g, w := strings.Split(string(got), "\n"), strings.Split(string(want), "\n")
	for i := range max(len(g), len(w)) {
		line := func(lines []string) string {
			if i < len(lines) {
				return lines[i]
			}
			return "(end)"
		}
		if line(g) != line(w) {
			t.Fatalf("%s differs at line %d (-update writes it anew):\ngot  %s\nwant %s", path, i+1, line(g), line(w))
		}
	}
}

// large is a generated document of n hops: a fan of addresses that pay one another and
// in the end one of a few services.
func large(n int) *Document {
	d := &Document{
		Schema: Schema, Program: "fundtrail test",
		Trace:  Header{Subject: "generated", Name: "Generated", Direction: "forward", Policy: "fifo/1", Policies: []string{"fifo/1", "haircut/1"}},
		Assets: []Asset{{"eth", "ETH", 18}},
	}
	const ends = 5
	address := func(i int) string { return fmt.Sprintf("0x%040x", i+1) }
	source := address(0)
	sums, counts := make([]int64, ends), make([]int, ends)
	for i := range n {
		from, to := address(i/10), address(i/10+1+i%9)
		h := Hop{
			Tx: fmt.Sprintf("0x%064x", i), Time: fmt.Sprintf("2023-01-%02dT%02d:00:00Z", 1+i*27/n, i%24), Block: int64(i), From: from, To: to,
			Asset: "eth", Amount: fmt.Sprint(1000 + i), Kind: "transfer", Depth: 1 + i*8/n, Possible: fmt.Sprint(1000 + i), PossibleWithoutGaps: fmt.Sprint(1000 + i),
			Tainted: Tainted{"fifo": fmt.Sprint(1000 + i), "haircut": fmt.Sprint(500 + i/2)},
		}
		if i == 0 {
			h.Kind = "theft"
			h.To = source
		}
		if i%4 == 3 {
			end := i / 4 % ends
			h.To, h.End = fmt.Sprintf("0x%039xe", end), &end
			sums[end] += int64(1000 + i)
			counts[end]++
		}
		d.Hops = append(d.Hops, h)
	}
	categories := []string{"mixer", "exchange", "bridge", "swap", "service"}
	var total int64
	for i := range ends {
		total += sums[i]
		amount := fmt.Sprint(sums[i])
		e := End{
			Category: categories[i], Label: fmt.Sprintf("Service %d", i), Addresses: []string{fmt.Sprintf("0x%039xe", i)}, Asset: "eth",
			Amount: Tainted{"fifo": amount, "haircut": amount}, AtLeast: "0", AtMost: amount, AtLeastWithoutGaps: "0", AtMostWithoutGaps: amount,
			Exact: true, Moved: amount, Transfers: counts[i], First: "2023-01-01T00:00:00Z", Last: "2023-01-28T00:00:00Z",
		}
		d.Ends = append(d.Ends, e)
		e.Label = ""
		d.Categories = append(d.Categories, e)
		d.Addresses = append(d.Addresses, Address{Address: e.Addresses[0], Chain: "eth", Role: "end", Depth: 3, Coverage: "unstated"})
	}
	d.Stolen = []Stolen{{Asset: "eth", Amount: fmt.Sprint(total), Thefts: []Theft{{Basis: "address", Address: source, Amount: fmt.Sprint(total)}}}}
	for i := range n/10 + 10 {
		role := "hop"
		if i == 0 {
			role = "source"
		}
		d.Addresses = append(d.Addresses, Address{Address: address(i), Chain: "eth", Role: role, Depth: min(i, 8), Coverage: "unstated"})
	}
	return d
}

// writers are all the formats.
var writers = []struct {
	name  string
	write func(*bytes.Buffer, *Document) error
}{
	{"text", func(b *bytes.Buffer, d *Document) error { return Text(b, d, TextOptions{}) }},
	{"narrow text", func(b *bytes.Buffer, d *Document) error { return Text(b, d, TextOptions{Width: 60, Colour: true}) }},
	{"csv", func(b *bytes.Buffer, d *Document) error { return CSV(b, d) }},
	{"csv of ends", func(b *bytes.Buffer, d *Document) error { return CSVEnds(b, d) }},
	{"graphml", func(b *bytes.Buffer, d *Document) error { return GraphML(b, d) }},
	{"html", func(b *bytes.Buffer, d *Document) error { return HTML(b, d) }},
	{"json", func(b *bytes.Buffer, d *Document) error { return WriteJSON(b, d) }},
}

func write(t testing.TB, name string, d *Document) []byte {
	t.Helper()
	i := slices.IndexFunc(writers, func(w struct {
		name  string
		write func(*bytes.Buffer, *Document) error
	}) bool {
		return w.name == name
	})
	var b bytes.Buffer
	if err := writers[i].write(&b, d); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return b.Bytes()
}
