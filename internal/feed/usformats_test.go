package feed

import (
	"io"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/fundtrail/fundtrail"
)

// usSamples has one short file of every form.
func usSamples() map[Format]string {
	return map[Format]string{
		SDNCSV: csvPrim, SDNAddCSV: csvAdd, SDNAltCSV: csvAlt, SDNCommentsCSV: csvComments,
		ConsCSV:    strings.NewReplacer("SDNTK] [CYBER2", "NS-PLC", `"IRAN"`, `"CMIC-EO13959"`, `"SDGT"`, `"UKRAINE-EO13662] [SDGT"`).Replace(csvPrim),
		"ofac-xml": sdnXML, "ofac-advanced-xml": advancedXML(1), "ofac-enhanced-xml": enhancedXML,
		"ofac-names-jsonl": namesJSONL, "ofac-addresses-csv": addressCSV, "ofac-addresses-json": addressJSON,
		"us-csl-csv": cslFile, "us-bis-dpl-tsv": dplFile,
	}
}

func TestDetectList(t *testing.T) {
	for want, text := range usSamples() {
		for _, head := range []string{text, "\ufeff" + text, strings.ReplaceAll(text, "\r\n", "\n"), text[:min(len(text), 2048)]} {
			if got, ok := DetectList([]byte(head), "list"); got != want || !ok {
				t.Errorf("%.60q of %d bytes: %q, want %q", head, len(head), got, want)
			}
		}
	}
	for _, text := range []string{csvPrim[:200], csvPrim[:500]} { // within the first row
		if got, ok := DetectList([]byte(text), "sdn.csv"); ok {
			t.Errorf("%d bytes of a row are taken for %q", len(text), got)
		}
	}
	// The name tells the parts of one set from those of the other; of the main file, and of
	// all else, it tells nothing.
	for name, want := range map[string][4]Format{
		"CONS_ADD.CSV": {SDNCSV, ConsAddCSV, ConsAltCSV, ConsCommentsCSV},
		"add.csv":      {SDNCSV, SDNAddCSV, SDNAltCSV, SDNCommentsCSV},
		"cons/sdn.csv": {SDNCSV, SDNAddCSV, SDNAltCSV, SDNCommentsCSV},
	} {
		for i, text := range []string{csvPrim, csvAdd, csvAlt, csvComments} {
			if got, _ := DetectList([]byte(text), name); got != want[i] {
				t.Errorf("%s: %q, want %q", name, got, want[i])
			}
		}
	}
	for _, text := range []string{
		"", "\x00", "<html><sdnList>", "<!DOCTYPE html><html></html>", "1,2,3\n", "1,2\n", "asset;address\n",
		`{"metadata":{}}`, `{"entity_id": 1}`, "tags:\n- address: x\n", "hash,from,to,value\n1,2,3,4\n",
	} {
		if got, ok := DetectList([]byte(text), "sdn.csv"); ok && !foreignList(got) {
			t.Errorf("%q is taken for %q", text, got)
		}
	}
}

// TestParseListRefuses: every form refuses what is empty, a web page, cut anywhere near
// its end, or another form's file.
func TestParseListRefuses(t *testing.T) {
	samples := usSamples()
	for format, text := range samples {
		_, err := ParseList(format, strings.NewReader(""))
		wantInvalid(t, err)
		_, err = ParseList(format, strings.NewReader("<!DOCTYPE html>\n<html><body>503 Service Unavailable</body></html>\n"))
		wantInvalid(t, err)
		for other, foreign := range samples {
			sameForm := other == format || strings.HasSuffix(string(other), "csv") && (format == SDNCSV && other == ConsCSV || format == ConsCSV && other == SDNCSV)
			if l, err := ParseList(format, strings.NewReader(foreign)); !sameForm && err == nil {
				t.Errorf("a file of %s was read as %s: %d parties", other, format, len(l.Parties))
			}
		}
		_, isPart := map[Format]bool{SDNAddCSV: true, SDNAltCSV: true, SDNCommentsCSV: true}[format]
		if _, err := ParseList(format, strings.NewReader(text)); (err != nil) != isPart {
			t.Errorf("%s: %v", format, err)
		}
	}
	_, err := ParseList("no such", strings.NewReader(""))
	wantInvalid(t, err)
}

// TestCutAnywhere: a file that is cut at any byte is refused, or has whole rows only and
// says that nothing shows its end.
func TestCutAnywhere(t *testing.T) {
	for format, text := range usSamples() {
		whole := strings.TrimRight(text, " \r\n"+endMark)
		for at := range len(whole) {
			l, err := ParseList(format, strings.NewReader(text[:at]))
			if err != nil {
				continue
			}
			last := text[:at]
			if tail := strings.TrimRight(last, "\r\n"); tail != last || text[at] == '\r' || text[at] == '\n' {
				continue // at the end of a row
			}
			if unread(l, "end mark")+unread(l, "end") == 0 {
				t.Errorf("%s cut at byte %d, after %q, is taken for whole", format, at, last[max(0, at-30):])
				break
			}
		}
	}
}

func FuzzDetectList(f *testing.F) {
	for _, text := range usSamples() {
		f.Add([]byte(text), "x")
	}
	f.Fuzz(func(t *testing.T, head []byte, name string) {
		format, ok := DetectList(head, name)
		if ok != (format != "") {
			t.Errorf("%q, %v", format, ok)
		}
	})
}

// BenchmarkUSLists measures megabytes a second of every form on the real files, and of
// those that are not at hand on the short ones, repeated.
func BenchmarkUSLists(b *testing.B) {
	whole := func(format Format) func(io.Reader) (*List, error) {
		return func(r io.Reader) (*List, error) { return ParseList(format, r) }
	}
	csl := readAll(b, realData(b, watchman+"csl_historic_full.csv"))
	for _, c := range []struct {
		name, text string
		parse      func(io.Reader) (*List, error)
	}{
		{"csv", readAll(b, realData(b, watchman+"test_testdata_bench_sdn.csv")), csvAlone},
		{"sdn-xml", manySDN(5000), parseSDNXML},
		{"enhanced-xml", string(enhancedReal(b)), parseEnhancedXML},
		{"names-jsonl", readAll(b, realData(b, "sanctions_native/ofac_sdn_names_2025-11.jsonl")), parseNamesJSONL},
		{"addresses-csv", readAll(b, realData(b, "ofac_addresses_2022_2024/2024-09-27.csv")), parseAddressCSV},
		{"addresses-json", readAll(b, realData(b, "ofac_addresses_2024_2025/2025-11-25_b1737a4.json")), parseAddressJSON},
		{"csl-csv", csl[:strings.LastIndexByte(csl, '\n')+1], parseCSL},
		{"dpl-tsv", readAll(b, realData(b, watchman+"test_testdata_dpl.txt")), whole("us-bis-dpl-tsv")},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.SetBytes(int64(len(c.text)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := c.parse(strings.NewReader(c.text)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("wallet", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if w := wallet("USDT", "0x8576acc5c05d6ce88f4e49bf65bdf0c62f91353c"); w.Address.Chain() != fundtrail.Ethereum {
				b.Fatal(w)
			}
		}
	})
}

// manySDN repeats the first entry of the short SDN.XML under numbers of its own.
func manySDN(n int) string {
	from, to := strings.Index(sdnXML, "  <sdnEntry>"), strings.Index(sdnXML, "</sdnEntry>")+len("</sdnEntry>\n")
	entry := sdnXML[from:to]
	var out strings.Builder
	out.WriteString("<sdnList>")
	for i := range n {
		out.WriteString(strings.Replace(entry, "<uid>25308<", "<uid>"+strconv.Itoa(i+1)+"<", 1))
	}
	out.WriteString("</sdnList>")
	return out.String()
}

// TestListsInTheDocument: doc/formats-lists.md names every form.
func TestListsInTheDocument(t *testing.T) {
	page, err := os.ReadFile("../../doc/formats-lists.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range usFormats {
		if !strings.Contains(string(page), "`"+string(l.format)+"`") {
			t.Errorf("doc/formats-lists.md does not name %s", l.format)
		}
	}
}
