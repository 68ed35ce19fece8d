package plot

import (
	"encoding/xml"
	"io"
	"math"
	"strings"
	"testing"
	"time"
)

var plain = Style{Title: "A <title> & more\x00", Print: func(v float64) string { return "$" + num(v) }, Words: Words{"range", "disputed", "mark"}}

func sound(t *testing.T, svg string) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(svg))
	for {
		tok, err := d.Token()
		if err == io.EOF {
			return
		}
		if err != nil {
			t.Fatalf("%v in %.400s", err, svg)
		}
		if e, ok := tok.(xml.StartElement); ok && (e.Name.Local == "script" || e.Name.Local == "a" || e.Name.Local == "image") {
			t.Fatalf("a figure holds <%s>", e.Name.Local)
		}
	}
}

// TestRangeIsDrawn: the bar of a range runs from its least to its most, what is disputed
// stands above it, and a mark is where its figure is.
func TestRangeIsDrawn(t *testing.T) {
	svg := Columns(plain, []Range{{Label: "2022", Least: 50, Most: 80, Disputed: 20, Marks: []Mark{{At: 100, Label: "Gazette"}}}})
	sound(t, svg)
	// 100 is the top of the axis: 14 from above; the base is 242.
	for _, want := range []string{`y="128" width="34" height="114" fill="` + pale, `y="59.6" width="34" height="68.4" fill="` + blue, `y="14" width="34" height="45.6" fill="url(#hatch)"`, "Gazette: $100"} {
		if !strings.Contains(svg, want) {
			t.Errorf("no %s in %s", want, svg)
		}
	}
}

func TestTicks(t *testing.T) {
	for _, most := range []float64{0, -1, 1e-9, 0.3, 1, 7, 99, 100, 101, 2.07e9, 1e18, math.Inf(1), math.NaN()} {
		got := ticks(most)
		if len(got) < 2 || len(got) > 7 || got[0] != 0 || most > 0 && !math.IsInf(most, 0) && got[len(got)-1] < most {
			t.Errorf("ticks of %v: %v", most, got)
		}
	}
}

func TestTimeline(t *testing.T) {
	day := func(s string) time.Time { d, _ := time.Parse(time.DateOnly, s); return d }
	acts := []Act{{Lane: "a", On: day("2022-03-23"), Label: "x"}, {Lane: "b", On: day("2023-01-01"), Until: day("2023-06-01"), Label: `<&"`}, {Lane: "a", On: day("2031-01-01"), Label: "outside"}}
	svg := Timeline(plain, acts, day("2022-01-01"), day("2024-01-01"))
	sound(t, svg)
	if n := strings.Count(svg, "<circle"); n != 2 || strings.Contains(svg, "outside") {
		t.Errorf("%d acts are drawn, want 2", n)
	}
	sound(t, Timeline(plain, nil, day("2022-01-01"), day("2022-01-01")))
}

func FuzzFigures(f *testing.F) {
	f.Add("2022", 1.0, 2.0, 0.0)
	f.Add("<\x00\u202e&", math.Inf(1), math.NaN(), -1.0)
	f.Fuzz(func(t *testing.T, label string, least, most, disputed float64) {
		r := []Range{{Label: label, Least: least, Most: most, Disputed: disputed, Marks: []Mark{{At: most, Label: label}}}}
		sound(t, Columns(plain, r))
		sound(t, Rows(plain, r))
		sound(t, Timeline(plain, []Act{{Lane: label, On: time.Unix(0, 0), Label: label}}, time.Unix(0, 0), time.Unix(int64(len(label))*1e6, 0)))
	})
}
