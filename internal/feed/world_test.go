package feed

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/fundtrail/fundtrail"
	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite what is expected of the lists in testdata/world")

// worldFixtures are made-up lists in each publisher's form.
var worldFixtures = []struct {
	file   string
	format Format
}{
	{"un.xml", UNConsolidated}, {"eu.xml", EUFinancial}, {"uk.xml", UKSanctions}, {"ofsi.csv", UKOFSI}, {"seco.xml", SECOSanctions},
	{"meti.txt", METIRussia}, {"mof.csv", MOFJapan}, {"mofa.csv", MOFAKorea}, {"dfat.csv", DFATAustralia}, {"ftm.jsonl", FollowTheMoney},
	{"nbctf-orders.csv", NBCTFOrders}, {"nbctf-wallets.csv", NBCTFWallets},
}

// dump writes all that a list says.
func dump(l *List) string {
	var b strings.Builder
	fmt.Fprintf(&b, "list %s covers %d published %s stated %d\n", l.List, l.Covers, clock(l.Published), l.Stated)
	for _, p := range l.Parties {
		fmt.Fprintf(&b, "\n%s %s listed %s births %v countries %v programs %q\n", p.UID, p.Kind, clock(p.Listed), p.Births, p.Countries, p.Programs)
		for _, n := range p.Names {
			fmt.Fprintf(&b, "  name %q %s\n", n.Text, n.Kind)
			if n.Given+n.Family != "" {
				fmt.Fprintf(&b, "    given %q family %q\n", n.Given, n.Family)
			}
		}
		for _, i := range p.Identifiers {
			fmt.Fprintf(&b, "  identifier %s: %s %s\n", i.Type, i.Value, i.Country)
		}
		for _, w := range p.Wallets {
			fmt.Fprintf(&b, "  wallet %s %q = %s %s\n", w.Currency, w.Text, w.Address.Chain(), w.Address)
		}
		for line := range strings.SplitSeq(p.Note, "\n") {
			fmt.Fprintf(&b, "  note %s\n", line)
		}
	}
	for _, r := range l.Rejected {
		fmt.Fprintf(&b, "\nrejected %s; %s", r, r.Text)
	}
	for _, u := range l.Unread {
		fmt.Fprintf(&b, "\nunread %s %q %d", u.Field, u.Value, u.Entries)
	}
	return b.String() + "\n"
}

func clock(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.Format(time.RFC3339Nano)
}

// TestWorldLists: each made-up list is told for what it is, and read as written beside it.
func TestWorldLists(t *testing.T) {
	for _, f := range worldFixtures {
		text := testdata(t, "world/"+f.file)
		if got, _ := Detect([]byte(text), "list.dat"); got != f.format {
			t.Errorf("%s: Detect = %q, want %q", f.file, got, f.format)
		}
		l, err := ParseList(f.format, strings.NewReader(text))
		if err != nil {
			t.Errorf("%s: %v", f.file, err)
			continue
		}
		checkWorldList(t, l)
		got, want := dump(l), "testdata/world/"+f.file+".want"
		if *update {
			if err := os.WriteFile(want, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if diff := cmp.Diff(testdata(t, "world/"+f.file+".want"), got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", f.file, diff)
		}
	}
}

// checkWorldList is what every list must be, whatever the file was.
func checkWorldList(tb testing.TB, l *List) {
	tb.Helper()
	if l.List == "" || len(l.Parties) == 0 {
		tb.Errorf("list %q with %d parties", l.List, len(l.Parties))
	}
	uids := map[string]bool{}
	for _, p := range l.Parties {
		if p.UID == "" || uids[p.UID] {
			tb.Errorf("identifier %q is empty or not the only one", p.UID)
		}
		uids[p.UID] = true
		if len(p.Names) == 0 || p.Names[0].Text == "" {
			tb.Errorf("%s has no name", p.UID)
		}
		for _, n := range p.Names {
			if n.Text != squeeze(n.Text) || !utf8.ValidString(n.Text) {
				tb.Errorf("%s: name %q", p.UID, n.Text)
			}
		}
		for _, b := range p.Births {
			if again, ok := birth(strings.Replace(b, "~", "circa ", 1)); !ok || again != b {
				tb.Errorf("%s: birth %q is read again as %q", p.UID, b, again)
			}
		}
		for _, c := range p.Countries {
			if countryCode(c) != c {
				tb.Errorf("%s: country %q", p.UID, c)
			}
		}
		if !p.Listed.IsZero() && p.Listed != p.Listed.Truncate(24*time.Hour) {
			tb.Errorf("%s: listed at %v: want a day", p.UID, p.Listed)
		}
		for _, w := range p.Wallets {
			if w.Text == "" {
				tb.Errorf("%s: an empty wallet", p.UID)
			}
			if a := w.Address; !a.IsZero() {
				if again, err := fundtrail.ParseAddress(a.Chain(), a.String()); err != nil || again != a {
					tb.Errorf("%s: address %v does not parse: %v", p.UID, a, err)
				}
			}
		}
		for _, i := range p.Identifiers {
			if i.Value == "" || i.Country != "" && countryCode(i.Country) != i.Country {
				tb.Errorf("%s: identifier %+v", p.UID, i)
			}
		}
	}
	checkRejected(tb, l.Rejected)
}

// TestWorldRefuses: what is not the list is refused, and the error says what is wrong.
func TestWorldRefuses(t *testing.T) {
	for _, f := range worldFixtures {
		own := testdata(t, "world/"+f.file)
		wrong := map[string]string{
			"empty":    "",
			"blank":    "\n\n  \n",
			"web page": "<!DOCTYPE html>\n<html><head><title>503</title></head><body>Service Unavailable</body></html>",
			"JSON":     `{"error": "not found"}`,
			"bytes":    "\x00\x01\x02\xff\xfe",
			"gzip":     "\x1f\x8b\x08\x00",
			"OFAC":     "36,\"AEROCARIBBEAN AIRLINES\",-0- ,\"CUBA\",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- \r\n",
			"US XML":   `<?xml version="1.0"?><sdnList xmlns="x"><publshInformation/></sdnList>`,
		}
		for _, other := range worldFixtures {
			if other.file[:2] != f.file[:2] {
				wrong[other.file] = testdata(t, "world/"+other.file)
			}
		}
		for what, text := range wrong {
			l, err := ParseList(f.format, strings.NewReader(text))
			if err == nil || l != nil || !errors.Is(err, fundtrail.ErrInvalid) {
				t.Errorf("%s given %s: %v, %v", f.format, what, l, err)
			}
			for _, lf := range worldFormats {
				if lf.format == f.format && lf.detect([]byte(text), f.file) {
					t.Errorf("%s takes %s for its own", f.format, what)
				}
			}
		}
		// A header alone names nobody.
		if strings.HasSuffix(f.file, ".csv") {
			head, _, _ := strings.Cut(own, "\n")
			if _, err := ParseList(f.format, strings.NewReader(head+"\n")); !errors.Is(err, fundtrail.ErrInvalid) {
				t.Errorf("%s: the first line alone: %v", f.format, err)
			}
		}
	}
}

// TestWorldCutShort: an XML file that ends early is refused wherever it ends; of the
// others nothing panics, and what is read is part of what the whole file says.
func TestWorldCutShort(t *testing.T) {
	for _, f := range worldFixtures {
		text := testdata(t, "world/"+f.file)
		whole, err := ParseList(f.format, strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		for n := 0; n < len(text)-1; n += 7 { // the last byte ends the last line
			l, err := ParseList(f.format, strings.NewReader(text[:n]))
			switch {
			case err != nil && !errors.Is(err, fundtrail.ErrInvalid):
				t.Fatalf("%s cut at %d: %v", f.file, n, err)
			case err == nil && strings.HasSuffix(f.file, ".xml"):
				t.Fatalf("%s cut at byte %d is taken for whole", f.file, n)
			case err == nil && len(l.Parties) > len(whole.Parties):
				t.Fatalf("%s cut at %d has %d parties, the whole %d", f.file, n, len(l.Parties), len(whole.Parties))
			}
		}
	}
}

// TestWorldDetectCut: a few kilobytes tell a list, wherever they end.
func TestWorldDetectCut(t *testing.T) {
	for _, f := range worldFixtures {
		text := []byte(testdata(t, "world/"+f.file))
		for n := min(len(text), 700); n <= len(text); n += 5 {
			if got, _ := Detect(text[:n], ""); got != f.format {
				t.Fatalf("%s cut at %d: %q", f.file, n, got)
			}
		}
		marked := append([]byte("\ufeff"), text...)
		if got, _ := Detect(marked, ""); got != f.format {
			t.Errorf("%s with a byte order mark: %q", f.file, got)
		}
		if l, err := ParseList(f.format, bytes.NewReader(marked)); err != nil || len(l.Parties) == 0 {
			t.Errorf("%s with a byte order mark: %v", f.file, err)
		}
	}
}

// TestWorldXMLHostile: entities are not looked up, and bounds hold.
func TestWorldXMLHostile(t *testing.T) {
	for what, text := range map[string]string{
		"external entity": `<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><CONSOLIDATED_LIST><INDIVIDUALS><INDIVIDUAL><FIRST_NAME>&a;</FIRST_NAME></INDIVIDUAL></INDIVIDUALS></CONSOLIDATED_LIST>`,
		"laughs":          `<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><CONSOLIDATED_LIST><INDIVIDUALS><INDIVIDUAL><FIRST_NAME>&b;</FIRST_NAME></INDIVIDUAL></INDIVIDUALS></CONSOLIDATED_LIST>`,
		"encoding":        `<?xml version="1.0" encoding="UTF-7"?><CONSOLIDATED_LIST/>`,
		"second root":     testdata(t, "world/un.xml") + "<more/>",
		"crossed":         `<CONSOLIDATED_LIST><INDIVIDUALS></CONSOLIDATED_LIST></INDIVIDUALS>`,
		"stray text":      `<CONSOLIDATED_LIST>Service unavailable</CONSOLIDATED_LIST>`,
		"no party":        `<CONSOLIDATED_LIST><INDIVIDUALS/><ENTITIES/></CONSOLIDATED_LIST>`,
		"limit: deep":     `<CONSOLIDATED_LIST><INDIVIDUALS>` + strings.Repeat("<a>", 200000) + strings.Repeat("</a>", 200000) + `</INDIVIDUALS></CONSOLIDATED_LIST>`,
		"limit: holders":  `<CONSOLIDATED_LIST>` + strings.Repeat("<INDIVIDUALS>", 200000),
		"limit: long":     `<CONSOLIDATED_LIST><INDIVIDUALS><INDIVIDUAL><FIRST_NAME>` + strings.Repeat("a ", recordBytes) + `</FIRST_NAME></INDIVIDUAL></INDIVIDUALS></CONSOLIDATED_LIST>`,
	} {
		l, err := ParseList(UNConsolidated, strings.NewReader(text))
		if err == nil || l != nil || !errors.Is(err, fundtrail.ErrInvalid) && !errors.Is(err, fundtrail.ErrLimit) {
			t.Errorf("%s: %v", what, err)
		}
		if errors.Is(err, fundtrail.ErrLimit) != strings.HasPrefix(what, "limit") {
			t.Errorf("%s: %v", what, err)
		}
	}
	for format, text := range map[Format]string{
		DFATAustralia:  "reference,name,name type,committees\n1,\"" + strings.Repeat("a\n", recordBytes),
		METIRussia:     testdata(t, "world/meti.txt") + strings.Repeat("所在地\n", recordBytes/8),
		FollowTheMoney: `{"id":"` + strings.Repeat("a", recordBytes+1),
	} {
		if _, err := ParseList(format, strings.NewReader(text)); !errors.Is(err, fundtrail.ErrLimit) {
			t.Errorf("%s without an end: %v", format, err)
		}
	}
}

// TestWorldManyRows: a party of very many rows takes time in proportion.
func TestWorldManyRows(t *testing.T) {
	var b strings.Builder
	b.WriteString("reference,name,type,name type,committees\n")
	const rows = 30_000
	for i := range rows {
		fmt.Fprintf(&b, "1,Name %d,Individual,aka,Committee %d\n", i, i)
	}
	b.WriteString("1,Main,Individual,Primary name,x\n")
	l, err := ParseList(DFATAustralia, strings.NewReader(b.String()))
	if err != nil || len(l.Parties) != 1 || len(l.Parties[0].Names) != rows+1 || l.Parties[0].Names[0].Text != "Main" {
		t.Errorf("%v", err)
	}
}

// A brokenReader fails after some bytes, as a disc or a network does.
type brokenReader struct{ r *strings.Reader }

var errDisc = errors.New("disc on fire")

func (b brokenReader) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	if err != nil {
		err = errDisc
	}
	return n, err
}

// TestWorldReadFails: a reader's error is passed on, and is no fault of the file's.
func TestWorldReadFails(t *testing.T) {
	for _, f := range worldFixtures {
		text := testdata(t, "world/"+f.file)
		for _, n := range []int{0, len(text) / 2, len(text)} {
			l, err := ParseList(f.format, brokenReader{strings.NewReader(text[:n])})
			if l != nil || !errors.Is(err, errDisc) || errors.Is(err, fundtrail.ErrInvalid) {
				t.Errorf("%s after %d bytes: %v", f.format, n, err)
			}
		}
	}
}

func FuzzWorldLists(f *testing.F) {
	for i, w := range worldFixtures {
		f.Add(uint8(i), []byte(testdata(f, "world/"+w.file)))
	}
	f.Fuzz(func(t *testing.T, which uint8, text []byte) {
		format := worldFixtures[int(which)%len(worldFixtures)].format
		l, err := ParseList(format, bytes.NewReader(text))
		if err != nil {
			if l != nil || !errors.Is(err, fundtrail.ErrInvalid) && !errors.Is(err, fundtrail.ErrLimit) {
				t.Errorf("%s: %v, %v", format, l, err)
			}
			return
		}
		checkWorldList(t, l)
		if again, err := ParseList(format, bytes.NewReader(text)); err != nil || dump(again) != dump(l) {
			t.Errorf("%s: not the same twice: %v", format, err)
		}
	})
}

func FuzzBirth(f *testing.F) {
	for _, s := range []string{"1962", "circa 1962", "17/07/1964", "1964年7月17日", "昭和39年7月17日", "between 1960 and 1964", "Nov. 1973", "1964.7.17"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		text, ok := birth(s)
		if !ok {
			return
		}
		if again, ok := birth(strings.Replace(text, "~", "circa ", 1)); !ok || again != text {
			t.Errorf("birth(%q) = %q, which is read as %q, %v", s, text, again, ok)
		}
	})
}

func TestBirth(t *testing.T) {
	for s, want := range map[string]string{
		"1962": "1962", "1962-03": "1962-03", "1962-03-14": "1962-03-14", "1962-03-14T00:00:00": "1962-03-14", "1962-03-14Z": "1962-03-14",
		"circa 1962": "~1962", "c. 1962": "~1962", "Approximately 1962": "~1962", "1962 (approx)": "~1962", "1962年頃": "~1962", "circa 14 Mar 1962": "~1962-03-14",
		"1960-1964": "1960/1964", "between 1960 and 1964": "1960/1964", "circa 1960-1964": "1960/1964", "1960～1964": "1960/1964", "1960/1964": "1960/1964",
		"14/03/1962": "1962-03-14", "14.3.1962": "1962-03-14", "00/00/1962": "1962", "dd/mm/1962": "1962", "00/03/1962": "1962-03",
		"14 March 1962": "1962-03-14", "14 Mar. 1962": "1962-03-14", "14th March, 1962": "1962-03-14", "March 14, 1962": "1962-03-14", "Sept. 1962": "1962-09", "Mar 1962": "1962-03",
		"1962年3月14日": "1962-03-14", "１９６２年３月１４日": "1962-03-14", "1962年3月": "1962-03", "1962年": "1962", "昭和37年3月14日": "1962-03-14", "S37.3.14": "1962-03-14",
		"平成元年1月8日": "1989-01-08", "令和4年3月1日": "2022-03-01", "1962.3.14": "1962-03-14", "1962년 3월 14일": "1962-03-14", "1962.3.14.": "1962-03-14",
		"": "", "-": "", "1962-13": "", "1962-02-30": "", "31/02/1962": "", "14/13/1962": "", "0000": "", "1402": "", "24/06/1402": "", "30-35 years old": "",
		"1964-1960": "", "Between Aug. and Sep. 1977": "", "Foo 1962": "", "14/00/1962": "", "9999": "", "unknown": "", strings.Repeat("1", 100): "",
	} {
		if got, ok := birth(s); ok != (want != "") || ok && got != want {
			t.Errorf("birth(%q) = %q, %v; want %q", s, got, ok, want)
		}
	}
}

func BenchmarkDetect(b *testing.B) {
	head := []byte("hash,from,to,value\n" + strings.Repeat("0x28c6c06298d514db089934071355e5743bf21d60,1,2,3\n", 80))
	for b.Loop() {
		Detect(head, "transactions.csv") // no list at all: every form is asked
	}
}
