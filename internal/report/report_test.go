package report

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"github.com/fundtrail/fundtrail"
)

func TestGolden(t *testing.T) {
	d := lagoon(t)
	golden(t, "lagoon.txt", write(t, "text", d))
	golden(t, "lagoon-narrow.txt", write(t, "narrow text", d))
	golden(t, "lagoon.csv", write(t, "csv", d))
	golden(t, "lagoon-ends.csv", write(t, "csv of ends", d))
	golden(t, "lagoon.graphml", write(t, "graphml", d))
	page := string(write(t, "html", d))
	// The built script and style, and their digests in the policy, are golden files of
	// their own: ui/dist.
	page = strings.Replace(page, pageScript, "(script)", 1)
	page = strings.Replace(page, pageStyle, "(style)", 1)
	page = strings.Replace(page, digest(pageScript), "(digest of the script)", 1)
	page = strings.Replace(page, digest(pageStyle), "(digest of the style)", 1)
	golden(t, "lagoon.html", []byte(page))
}

// TestSameBytes writes the same document, read twice, and the maps in it made anew.
func TestSameBytes(t *testing.T) {
	for _, w := range writers {
		first := write(t, w.name, lagoon(t))
		for range 3 {
			if again := write(t, w.name, lagoon(t)); !bytes.Equal(first, again) {
				t.Errorf("%s: the same document gave other bytes", w.name)
			}
		}
	}
}

func TestJSONRoundTrip(t *testing.T) {
	golden(t, "lagoon.json", write(t, "json", lagoon(t)))
}

func TestReadJSONRefuses(t *testing.T) {
	whole := write(t, "json", lagoon(t))
	tests := []struct{ name, old, new, want string }{
		{"another schema", `"fundtrail.trace/1"`, `"fundtrail.trace/9"`, `schema: "fundtrail.trace/9"`},
		{"an unknown field", `"program":`, `"programme":`, "programme"},
		{"text after it", "", "{}", "text after its end"},
		{"a negative amount", `"short": "10`, `"short": "-10`, "coverage.gaps[0].short"},
		{"an amount with a point", `"possible": "1200000000000000000000"`, `"possible": "1200.0"`, "hops[0].possible"},
		{"a time without a zone", `"2023-09-05T01:10:11Z"`, `"2023-09-05 01:10:11"`, "hops[8].time"},
		{"a policy that was not run", `"haircut": "0"`, `"hair cut": "0"`, "not one of trace.policies"},
		{"an end that is not there", `"end": 14`, `"end": 15`, "touched[3].end: 15 points at none of 15"},
		{"a headline that was not run", `"policy": "fifo/1"`, `"policy": "fifo/2"`, "trace.policy"},
		{"dollars in words", `"amount": "66000.00"`, `"amount": "66k"`, "ends[5].usd.amount"},
		{"decimals below -1", `"decimals": -1`, `"decimals": -2`, "assets[2].decimals"},
		{"an inference that is not there", `"via": [
    0
   ]`, `"via": [
    2
   ]`, "ends[5].via"},
	}
	for _, tt := range tests {
		bad := strings.Replace(string(whole), tt.old, tt.new, 1)
		if tt.old == "" {
			bad = string(whole) + tt.new
		}
		if bad == string(whole) {
			t.Fatalf("%s: the fixture has no %s", tt.name, tt.old)
		}
		_, err := ReadJSON(strings.NewReader(bad))
		if err == nil || !strings.Contains(err.Error(), tt.want) || !errors.Is(err, fundtrail.ErrInvalid) {
			t.Errorf("%s: error %v, want one with %q that is ErrInvalid", tt.name, err, tt.want)
		}
	}
}

// TestWritersValidate asks every writer but JSON's to refuse what it cannot make
// sense of, instead of printing half a page.
func TestWritersValidate(t *testing.T) {
	d := lagoon(t)
	d.Hops[3].Amount = "1e18"
	for _, w := range writers {
		var b bytes.Buffer
		err := w.write(&b, d)
		if w.name != "json" && (!errors.Is(err, fundtrail.ErrInvalid) || b.Len() > 0) {
			t.Errorf("%s: error %v after %d bytes, want ErrInvalid and nothing written", w.name, err, b.Len())
		}
	}
}

func TestAmounts(t *testing.T) {
	raw, err := os.ReadFile("testdata/amounts.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Amount                   fundtrail.Amount
		Decimals, Places         int
		Nearest, Down, Up, Exact string
	}
	if err := json.Unmarshal(raw, &cases); err != nil {
		t.Fatal(err)
	}
	if len(cases) == 0 {
		t.Fatal("testdata/amounts.json holds no case")
	}
	for _, c := range cases {
		for _, got := range []struct{ way, got, want string }{
			{"nearest", coins(c.Amount, c.Decimals, c.Places, nearest), c.Nearest},
			{"down", coins(c.Amount, c.Decimals, c.Places, down), c.Down},
			{"up", coins(c.Amount, c.Decimals, c.Places, up), c.Up},
			{"exact", exact(c.Amount, c.Decimals), c.Exact},
		} {
			if got.got != got.want {
				t.Errorf("%s of %s with %d decimals and %d places: %s, want %s", got.way, c.Amount, c.Decimals, c.Places, got.got, got.want)
			}
		}
	}
}

func TestValue(t *testing.T) {
	for _, tt := range []struct {
		usd  *USD
		want string
	}{
		{nil, "unpriced"},
		{&USD{Amount: "0.00", Unpriced: "7"}, "unpriced"},
		{&USD{Amount: "0", Unpriced: "0"}, "0.00"},
		{&USD{Amount: "9695.4", Unpriced: "0"}, "9,695"},
		{&USD{Amount: "512345678.50", Unpriced: "0"}, "512,345,679"},
		{&USD{Amount: "12.30", Unpriced: "1"}, "12.30 + unpriced"},
	} {
		if got := value(tt.usd); got != tt.want {
			t.Errorf("value of %+v: %s, want %s", tt.usd, got, tt.want)
		}
	}
}

func TestCount(t *testing.T) {
	for want, got := range map[string]string{
		"1 address": count(1, "address"), "0 transfers": count(0, "transfer"), "1,751 deposits": count(1751, "deposit"),
		"2 addresses": count(2, "address"), "3 counterparties": count(3, "counterparty"), "2 boxes": count(2, "box"), "7 days": count(7, "day"),
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

var escapes = regexp.MustCompile(`\x1b\[[0-9;]*m`)

func TestTextFitsItsWidth(t *testing.T) {
	for _, doc := range []*Document{lagoon(t), hostile(t)} {
		for _, width := range []int{40, 60, 72, 80, 100, 132, 200} {
			var b bytes.Buffer
			if err := Text(&b, doc, TextOptions{Width: width, Colour: true}); err != nil {
				t.Fatal(err)
			}
			for i, line := range strings.Split(b.String(), "\n") {
				if n := columns(escapes.ReplaceAllString(line, "")); n > width && !strings.Contains(line, "://") {
					t.Fatalf("width %d, line %d has %d columns: %s", width, i+1, n, line)
				}
			}
		}
	}
}

// TestTextNamesAddressesWhole looks for each address that a reader must copy, on one line.
func TestTextNamesAddressesWhole(t *testing.T) {
	d := lagoon(t)
	for _, width := range []int{60, 100} {
		var b bytes.Buffer
		if err := Text(&b, d, TextOptions{Width: width}); err != nil {
			t.Fatal(err)
		}
		for _, e := range d.Ends {
			for _, a := range e.Addresses {
				if !strings.Contains(b.String(), a) {
					t.Errorf("width %d: %s of %s is not on the page", width, a, e.Category)
				}
			}
		}
	}
}

func TestColourIsOnlyColour(t *testing.T) {
	d := lagoon(t)
	var with, without bytes.Buffer
	if err := errors.Join(Text(&with, d, TextOptions{Colour: true}), Text(&without, d, TextOptions{})); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(without.String(), "\x1b") {
		t.Error("escape sequences without colour")
	}
	if with.Len() == without.Len() || escapes.ReplaceAllString(with.String(), "") != without.String() {
		t.Error("colour changes more than colour")
	}
}

func TestCSV(t *testing.T) {
	d := lagoon(t)
	raw := write(t, "csv", d)
	want := 1 + len(d.Hops) + len(d.Touched)
	onward := map[string]int{} // rows of each list, certainty and round
	count := func(list, certainty string, round, n int) {
		want += n
		onward[fmt.Sprint(list, " ", certainty, " ", round)] += n
	}
	passages := func(f *Flow, round int) {
		for _, p := range f.Passages {
			for _, w := range p.Withdrawals {
				count("passages", w.Certainty, round+1, 1)
			}
		}
	}
	passages(&d.Flow, 0)
	for _, o := range d.Onward {
		count("onward", o.Certainty, o.Round, len(o.Hops))
		passages(&o.Flow, o.Round)
	}
	if n := bytes.Count(raw, []byte("\n")); n != bytes.Count(raw, []byte("\r\n")) || n != want {
		t.Errorf("%d lines, want %d, each ended by CR LF", n, want)
	}
	rows, err := csv.NewReader(bytes.NewReader(raw)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	at := map[string]int{}
	for i, name := range rows[0] {
		at[name] = i
	}
	own := 1 + len(d.Hops) + len(d.Touched)
	for _, row := range rows[own:] {
		onward[row[at["list"]]+" "+row[at["certainty"]]+" "+row[at["round"]]]--
		if row[at["step"]] != "inferred" {
			t.Errorf("what is followed on from mixers is %s, want inferred: %v", row[at["step"]], row)
		}
	}
	for what, n := range onward {
		if n != 0 {
			t.Errorf("%s: %d rows too few", what, n)
		}
	}
	for i, row := range rows[1:own] {
		if row[at["certainty"]] != "" {
			t.Errorf("row %d of the trace itself has the certainty %s", i, row[at["certainty"]])
		}
		h := &d.Hops[min(i, len(d.Hops)-1)]
		if i >= len(d.Hops) {
			h = &d.Touched[i-len(d.Hops)]
		}
		if row[at["tx"]] != h.Tx || row[at["amount"]] != h.Amount || row[at["tainted_fifo"]] != h.Tainted["fifo"] || row[at["possible"]] != h.Possible || row[at["possible_without_gaps"]] != h.PossibleWithoutGaps || row[at["from"]] != h.From {
			t.Errorf("row %d is %v, want the hop %+v", i, row, h)
		}
		if _, defined := h.Tainted["tiho"]; !defined && row[at["tainted_tiho"]] != "" {
			t.Errorf("row %d: tiho is %s on a chain where it is not defined", i, row[at["tainted_tiho"]])
		}
		if h.End != nil && row[at["end_category"]] != d.Ends[*h.End].Category {
			t.Errorf("row %d: end_category %s, want %s", i, row[at["end_category"]], d.Ends[*h.End].Category)
		}
		if want := map[bool]string{true: "inferred", false: "certain"}[h.Kind == "crossing" || h.To == d.Inferences[0].Address || h.To == d.Inferences[1].Address]; row[at["step"]] != want {
			t.Errorf("row %d: step %s, want %s", i, row[at["step"]], want)
		}
	}
}

func TestCSVEnds(t *testing.T) {
	d := lagoon(t)
	rows, err := csv.NewReader(bytes.NewReader(write(t, "csv of ends", d))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	rows = rows[1:]
	check := func(ends []End, certainty, round string) {
		if len(rows) < len(ends) {
			t.Fatalf("%d rows are left, want %d at least", len(rows), len(ends))
		}
		for i, row := range rows[:len(ends)] {
			if n := len(row) - 7; row[0] != strconv.Itoa(i) || row[1] != ends[i].Category || row[n] != strings.Join(ends[i].Addresses, " ") && !strings.Contains(row[n], "<U+") ||
				row[n+1] != certainty || row[n+2] != round || (row[n+5] != "") != (ends[i].Odds != nil) || row[n+6] != strconv.FormatBool(ends[i].Followed) {
				t.Errorf("row %d: %v", i, row)
			}
		}
		rows = rows[len(ends):]
	}
	check(d.Ends, "", "")
	for _, o := range d.Onward {
		check(o.Ends, o.Certainty, strconv.Itoa(o.Round))
	}
	if len(rows) > 0 {
		t.Errorf("%d rows too many", len(rows))
	}
}

// graph is what a reader of GraphML sees.
type graph struct {
	Nodes []struct {
		ID   string `xml:"id,attr"`
		Data []attr `xml:"data"`
	} `xml:"graph>node"`
	Edges []struct {
		Source string `xml:"source,attr"`
		Target string `xml:"target,attr"`
		Data   []attr `xml:"data"`
	} `xml:"graph>edge"`
	Keys []struct {
		ID string `xml:"id,attr"`
	} `xml:"key"`
}

type attr struct {
	Key   string `xml:"key,attr"`
	Value string `xml:",chardata"`
}

func TestGraphML(t *testing.T) {
	d := lagoon(t)
	var g graph
	if err := xml.Unmarshal(write(t, "graphml", d), &g); err != nil {
		t.Fatal(err)
	}
	keys, nodes := map[string]bool{}, map[string]bool{}
	for _, k := range g.Keys {
		keys[k.ID] = true
	}
	for _, n := range g.Nodes {
		nodes[n.ID] = true
		for _, a := range n.Data {
			if !keys[a.Key] {
				t.Errorf("node %s has the undeclared key %s", n.ID, a.Key)
			}
		}
	}
	transfers, inferred := 0, 0
	sums := map[string]fundtrail.Amount{}
	onward := map[string]int{}
	for _, e := range g.Edges {
		if !nodes[e.Source] || !nodes[e.Target] {
			t.Errorf("an edge from %s to %s, which are not both nodes", e.Source, e.Target)
		}
		value := func(key string) string {
			i := slices.IndexFunc(e.Data, func(a attr) bool { return a.Key == key })
			if i < 0 {
				return ""
			}
			return e.Data[i].Value
		}
		if c := value("e_certainty"); c != "" { // apart from the trace itself
			n, _ := strconv.Atoi(value("e_transfers"))
			onward[c+" "+value("e_round")+" "+value("e_kind")] += n
			if value("e_step") != "inferred" {
				t.Errorf("what is %s is not drawn as inferred", c)
			}
			continue
		}
		asset := ""
		for _, a := range e.Data {
			switch a.Key {
			case "e_asset":
				asset = a.Value
			case "e_transfers":
				n, _ := strconv.Atoi(a.Value)
				transfers += n
			case "e_tainted":
				sums[asset], _ = sums[asset].Add(amount(a.Value))
			case "e_step":
				if a.Value == "inferred" {
					inferred++
				}
			}
			if !keys[a.Key] {
				t.Errorf("an edge has the undeclared key %s", a.Key)
			}
		}
	}
	if transfers != len(d.Hops) || inferred != 3 {
		t.Errorf("%d transfers and %d inferred edges, want %d and 3 (a crossing and two deposit addresses)", transfers, inferred, len(d.Hops))
	}
	if got := fmt.Sprint(onward); got != "map[certain 1 passage:2 certain 1 transfer:2 possible 1 passage:1 possible 2 passage:1 probable 1 passage:1]" {
		t.Errorf("passages and what follows them are the edges %s", got)
	}
	want := map[string]fundtrail.Amount{}
	for i := range d.Hops {
		h := &d.Hops[i]
		want[h.Asset], _ = want[h.Asset].Add(amount(h.Tainted["fifo"]))
	}
	for asset, a := range want {
		if sums[asset] != a {
			t.Errorf("edges of %s carry %s, want %s", asset, sums[asset], a)
		}
	}
}

func TestSteps(t *testing.T) {
	d := lagoon(t)
	steps := newIndex(d).steps()
	if steps[0].category != "exchange" || len(steps[0].rows) != 2 {
		t.Fatalf("the first step is %+v, want the exchange, once, with both its deposit addresses", steps[0])
	}
	r := steps[0].rows[0]
	if r.address != d.Inferences[0].Address || r.transfers != 1 || r.first.Tx != strings.TrimSuffix(d.Inferences[0].Evidence[0], ":0") || r.amount != "40.00 ETH" {
		t.Errorf("the first row is %+v, want the payment into the deposit address, not the sweep out of it", r)
	}
	for _, s := range steps {
		for _, r := range s.rows {
			if r.address == "" || (r.first == nil) != (r.last == nil) {
				t.Errorf("step %q has the row %+v", s.title, r)
			}
		}
	}
}

// marks are put where a claim's text stands; none may come through.
const marks = "=cmd|'/C calc'!A0 \x1b[2J\x1b]0;owned\a\r\n\t\x00\x85\u202e\u2066\u200b\u2028\ufeff\U000e0041<script>alert(1)</script><!-- ]]> & \"quoted\" 'single' \xff日本語"

// hostile is the fixture with every text that somebody outside chooses made hostile.
func hostile(t testing.TB) *Document {
	d := lagoon(t)
	d.Trace.Name, d.Trace.Subject = marks, marks
	for i := range d.Inputs {
		d.Inputs[i].Name = marks
	}
	for i := range d.Assets {
		d.Assets[i].Symbol = marks
	}
	for i := range d.Ends {
		e := &d.Ends[i]
		e.Label, e.Actor, e.Reason = marks, marks, marks
	}
	for i := range d.Addresses {
		for j := range d.Addresses[i].Tags {
			g := &d.Addresses[i].Tags[j]
			g.Label, g.Actor, g.Category, g.Role, g.Source = marks, marks, marks, marks, "javascript:alert(1)//"+marks
		}
	}
	for i := range d.Inferences {
		f := &d.Inferences[i]
		f.Says, f.Actor, f.Method, f.Evidence = marks, marks, marks, []string{marks}
	}
	for i := range d.Stolen {
		for j := range d.Stolen[i].Thefts {
			d.Stolen[i].Thefts[j].Note, d.Stolen[i].Thefts[j].Source = marks, marks
		}
	}
	for i := range d.Passages {
		p := &d.Passages[i]
		p.Protocol, p.Pool, p.Depositor = marks, marks, marks
		for j := range p.Withdrawals {
			w := &p.Withdrawals[j]
			w.Tx, w.To, w.Method = marks, marks, marks
		}
	}
	for i := range d.Onward {
		o := &d.Onward[i]
		o.Notes = append(o.Notes, marks)
		for j := range o.Ends {
			e := &o.Ends[j]
			e.Label, e.Actor, e.Reason, e.Addresses = marks, marks, marks, append(e.Addresses, marks)
		}
		for j := range o.Hops {
			o.Hops[j].Tx, o.Hops[j].To, o.Hops[j].Kind = marks, marks, marks
		}
		for j := range o.Inferences {
			o.Inferences[j].Says = marks
		}
	}
	d.Hops[4].Kind, d.Hops[5].Tx, d.Hops[6].To, d.Hops[7].From = marks, marks, marks, "-"+marks
	d.Coverage.Notes = append(d.Coverage.Notes, marks)
	for i := range d.Coverage.Claims {
		d.Coverage.Claims[i].Source = marks
	}
	for i := range d.Record.Losses {
		l := &d.Record.Losses[i]
		l.By, l.Note, l.Source, l.USD = marks, marks, marks, marks
	}
	for i := range d.Record.Attributions {
		a := &d.Record.Attributions[i]
		a.Actor, a.By, a.Date, a.Source = marks, marks, marks, marks
	}
	d.Record.Statements = append(d.Record.Statements, Statement{Text: marks, By: marks, Date: marks, Source: marks})
	d.Record.Summary = marks
	return d
}

func TestHostileText(t *testing.T) {
	d := hostile(t)
	for _, w := range writers {
		if w.name == "json" {
			continue // JSON holds what was given, escaped as JSON does
		}
		out := escapes.ReplaceAll(write(t, w.name, d), nil)
		switch w.name {
		case "html":
			out = bytes.Replace(out, []byte(pageScript), nil, 1)
		case "csv", "csv of ends":
			out = bytes.ReplaceAll(out, []byte("\r\n"), []byte("\n"))
		}
		for _, r := range string(out) {
			if r != '\n' && (unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == unicode.ReplacementChar || r == '\u2028') {
				t.Errorf("%s holds %U", w.name, r)
				break
			}
		}
		if !bytes.Contains(out, []byte("日本語")) {
			t.Errorf("%s lost the letters that are harmless", w.name)
		}
	}
}

func TestHostileCSV(t *testing.T) {
	d := hostile(t)
	for _, name := range []string{"csv", "csv of ends"} {
		rows, err := csv.NewReader(bytes.NewReader(write(t, name, d))).ReadAll()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, row := range rows {
			if len(row) != len(rows[0]) {
				t.Fatalf("%s: a row of %d cells, want %d", name, len(row), len(rows[0]))
			}
			for _, c := range row {
				if c != "" && strings.ContainsRune("=+-@\t\r", rune(c[0])) {
					t.Errorf("%s: a spreadsheet would run %q", name, c)
				}
			}
		}
	}
	for in, want := range map[string]string{"=1+1": "'=1+1", "+1": "'+1", "-1": "'-1", "@a": "'@a", "\tx": "'<U+0009>x", "\rx": "'<U+000D>x", "  =1": "'  =1", "＝1": "'＝1", "plain": "plain", "": ""} {
		if got := cell(in); got != want {
			t.Errorf("cell(%q) is %q, want %q", in, got, want)
		}
	}
}

func TestHostileGraphML(t *testing.T) {
	dec := xml.NewDecoder(bytes.NewReader(write(t, "graphml", hostile(t))))
	dec.Strict = true
	for {
		tok, err := dec.Token()
		if err == io.EOF {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		if e, ok := tok.(xml.StartElement); ok && e.Name.Local == "script" {
			t.Fatal("a label became an element")
		}
	}
}

func TestHostileHTML(t *testing.T) {
	page := string(write(t, "html", hostile(t)))
	if n := strings.Count(strings.ToLower(page), "<script"); n != 2 {
		t.Errorf("%d script elements, want the data and the script", n)
	}
	if n := strings.Count(strings.ToLower(page), "</script"); n != 2 {
		t.Errorf("%d ends of a script element, want 2", n)
	}
	if strings.Contains(page, "<!--") {
		t.Error("a comment begins in the page")
	}
	if strings.Contains(page, `href="javascript`) || regexp.MustCompile(`(href|src)="https?:[^"]*["<]?script`).MatchString(page) {
		t.Error("a source became a link that runs")
	}
	var data pageData
	if err := json.Unmarshal([]byte(embedded(t, page)), &data); err != nil {
		t.Errorf("the embedded data: %v", err)
	}
}

func TestSourceLinks(t *testing.T) {
	for s, link := range map[string]bool{
		"https://example.org/a?b=c": true, "http://example.org/": true, "javascript:alert(1)": false, "data:text/html,x": false,
		"file:///etc/passwd": false, "//example.org/": false, "https:example.org": false, "https://example.org/\u202e": false, "a book, page 3": false,
	} {
		if got := source(s).Link != ""; got != link {
			t.Errorf("source %q is a link: %v, want %v", s, got, link)
		}
	}
}

func TestClean(t *testing.T) {
	for in, want := range map[string]string{
		"plain, ünïcödé 日本": "plain, ünïcödé 日本", "a\nb": "a<U+000A>b", "\u202ecba": "<U+202E>cba", "\xff": "<0xFF>", "a\u200bb": "a<U+200B>b",
		"e\u0301": "e\u0301", "z\u0301\u0302\u0303": "z\u0301\u0302<U+0303>", "\u2800": "<U+2800>", "\ufffd": "\ufffd", "x\ufe0f": "x<U+FE0F>", "\U000e0041": "<U+E0041>",
	} {
		if got := clean(in); got != want {
			t.Errorf("clean(%q) is %q, want %q", in, got, want)
		}
	}
}

// embedded is the data that stands in a page.
func embedded(t testing.TB, page string) string {
	t.Helper()
	_, rest, ok := strings.Cut(page, `<script type="application/json" id="trace-data">`)
	data, _, ok2 := strings.Cut(rest, "</script>")
	if !ok || !ok2 {
		t.Fatal("the page has no data")
	}
	return data
}

// TestPageIsClosed holds the page to asking nothing of the outside.
func TestPageIsClosed(t *testing.T) {
	page := string(write(t, "html", lagoon(t)))
	for _, want := range []string{"default-src 'none'", "script-src '" + digest(pageScript) + "'", "style-src '" + digest(pageStyle) + "'", "base-uri 'none'", "form-action 'none'"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page's policy lacks %s", want)
		}
	}
	body := strings.Replace(strings.Replace(page, pageScript, "", 1), pageStyle, "", 1)
	if m := regexp.MustCompile(`(?i)\s(src|srcset|style|on[a-z]+)=`).FindString(body); m != "" {
		t.Errorf("the page has an attribute%s", m)
	}
	if m := regexp.MustCompile(`(?i)(url\(|@import)`).FindString(pageStyle); m != "" {
		t.Errorf("the style fetches: %s", m)
	}
	if m := regexp.MustCompile(`\b(fetch|XMLHttpRequest|WebSocket|EventSource|sendBeacon|importScripts|innerHTML|eval)\b`).FindString(pageScript); m != "" {
		t.Errorf("the script holds %s", m)
	}
}

// TestPageSums holds the sums that the page draws from to the hops they are made of.
func TestPageSums(t *testing.T) {
	d := lagoon(t)
	data := newIndex(d).pageData()
	for p := range d.Trace.Policies {
		var edges, hops fundtrail.Amount
		for _, row := range data.Edges {
			part, ok := row[10].([]any)[p].(string)
			if !ok {
				continue
			}
			if part == "" {
				part = row[9].(fundtrail.Amount).String()
			}
			edges, _ = edges.Add(amount(part))
		}
		for _, list := range [][]Hop{d.Hops, d.Touched} {
			for i := range list {
				hops, _ = hops.Add(list[i].Tainted.sum(d.Trace.Policies[p]))
			}
		}
		if edges != hops {
			t.Errorf("%s: edges carry %s, hops %s", d.Trace.Policies[p], edges, hops)
		}
	}
	if data.HopsInAll != len(d.Hops)+len(d.Touched) || len(data.Hops) != data.HopsInAll {
		t.Errorf("%d of %d hops, want all %d", len(data.Hops), data.HopsInAll, len(d.Hops)+len(d.Touched))
	}
}

func TestPageLeavesOut(t *testing.T) {
	const n = pageHops + 5_000
	d := large(n)
	data := newIndex(d).pageData()
	if len(data.Hops) != pageHops || data.HopsInAll != n {
		t.Fatalf("%d of %d hops, want %d of %d", len(data.Hops), data.HopsInAll, pageHops, n)
	}
	if data.Hops[0][0] != d.Hops[0].Tx {
		t.Error("the theft's own record was left out")
	}
	least := amount(d.Hops[len(d.Hops)-pageHops].Amount) // amounts grow with their place
	for _, row := range data.Hops[1:] {
		if amount(row[7].(string)).Less(least) {
			t.Fatalf("a hop of %s is there, and larger ones are not", row[7])
		}
	}
	transfers := 0
	for _, row := range data.Edges {
		transfers += row[6].(int)
	}
	if transfers != n {
		t.Errorf("edges count %d transfers, want %d: sums must not change with what is left out", transfers, n)
	}
}

// TestEmpty writes a document with nothing in it.
func TestEmpty(t *testing.T) {
	d := &Document{Schema: Schema, Trace: Header{Policy: "fifo/1", Policies: []string{"fifo/1"}}}
	for _, w := range writers {
		if out := write(t, w.name, d); len(out) == 0 {
			t.Errorf("%s wrote nothing", w.name)
		}
	}
}

func TestBackward(t *testing.T) {
	d := lagoon(t)
	d.Trace.Direction = "backward"
	text := string(write(t, "text", d))
	page := string(write(t, "html", d))
	for _, want := range []string{"where the value came from", "asked about.", "WHERE IT CAME FROM", "WHAT IS ASKED ABOUT"} {
		if !strings.Contains(text, want) {
			t.Errorf("the text lacks %q", want)
		}
	}
	if !strings.Contains(page, "Where it came from") || strings.Contains(page, "Where it is now") {
		t.Error("the page speaks of a forward trace")
	}
}

func TestShellWord(t *testing.T) {
	for in, want := range map[string]string{"a/b.csv.gz": "a/b.csv.gz", "analyst's": `'analyst'\''s'`, "": "''", "-rf": "'-rf'", "a b": "'a b'", "$(id)": "'$(id)'", "eth=a.csv": "eth=a.csv", "=a": "'=a'", "x\ny": "'x<U+000A>y'"} {
		if got := shellWord(in); got != want {
			t.Errorf("shellWord(%q) is %s, want %s", in, got, want)
		}
	}
}

func TestCommands(t *testing.T) {
	d := lagoon(t)
	if got, want := commandLine(newIndex(d).verifyCommand()), "fundtrail verify report.json --ledger lagoon/transactions.csv.gz --prices eth=eth-usd.csv --mixer-events deposits_eth_10.json"; got != want {
		t.Errorf("verify: %s, want %s", got, want)
	}
	want := `fundtrail trace lagoon-bridge --ledger lagoon/transactions.csv.gz --tags 'analyst'\''s tags.yaml' --prices eth=eth-usd.csv --through mixers --mixer-events deposits_eth_10.json --onward-rounds 3 --policy fifo --direction forward --dust 0.0001 --hub 1000 --deposit-window 168h0m0s --payback 10 --min-confidence 40 --format json -o report.json`
	d.Trace.Options.Dust = map[string]string{"eth": "100000000000000", "btc": "10000"}
	if got := commandLine(newIndex(d).traceCommand()); got != want {
		t.Errorf("trace: %s, want %s", got, want)
	}
	d.Trace.Options.Dust = map[string]string{"eth": "1500000000000000", "btc": "1000"}
	if got := commandLine(newIndex(d).traceCommand()); strings.Contains(got, "--dust") {
		t.Errorf("trace: %s, want no --dust: a millionth of what was stolen is the default", got)
	}
	d.Inputs[2].Asset = "" // as a document that does not say
	if got := commandLine(newIndex(d).verifyCommand()); !strings.Contains(got, "--prices ASSET=eth-usd.csv") {
		t.Errorf("verify: %s, want the asset left to fill in: both ETH and BTC are priced", got)
	}
}

// TestCommandSurvivesItsLines lets a shell join the lines of a wrapped command.
func TestCommandSurvivesItsLines(t *testing.T) {
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("no sh to join the lines with")
	}
	names := []string{"short.csv", "analyst's tags, of two days ago.yaml", strings.Repeat("deep/", 40) + "file.csv.gz", strings.Repeat("it's ", 40) + "x"}
	for _, width := range []int{40, 72, 100} {
		p := texter{sheet: sheet{width: width}}
		args := []argument{{"printf '%s\\n'", ""}}
		for _, n := range names {
			args = append(args, argument{"--ledger", n})
		}
		p.command(args)
		out, err := exec.Command(sh, "-c", p.b.String()).Output()
		if want := "--ledger\n" + strings.Join(names, "\n--ledger\n") + "\n"; err != nil || string(out) != want {
			t.Errorf("width %d: the shell reads %q (%v), want %q, from\n%s", width, out, err, want, p.b.String())
		}
	}
}

func BenchmarkHTML(b *testing.B) {
	for _, n := range []int{10_000, 100_000} {
		d := large(n)
		b.Run(strconv.Itoa(n)+" hops", func(b *testing.B) {
			b.ReportAllocs()
			var size int
			for b.Loop() {
				var out bytes.Buffer
				if err := HTML(&out, d); err != nil {
					b.Fatal(err)
				}
				size = out.Len()
			}
			b.ReportMetric(float64(size)/1e6, "MB")
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/hop")
		})
	}
}
