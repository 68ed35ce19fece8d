package report

import (
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestFormatsAreDocumented holds doc/formats-report.md to the types: every field of
// the JSON has a row, and no row is about a field that is
// gone. The same goes for the columns of CSV and the attributes of GraphML.
func TestFormatsAreDocumented(t *testing.T) {
	raw, err := os.ReadFile("../../doc/formats-report.md")
	if err != nil {
		t.Fatal(err)
	}
	sections := map[string]string{}
	for part := range strings.SplitSeq(string(raw), "\n### ") {
		head, body, _ := strings.Cut(part, "\n")
		body, _, _ = strings.Cut(body, "\n## ")
		sections[head] = body
	}
	for head, v := range map[string]any{
		"top level": Document{}, "trace": Header{}, "trace.options": Options{}, "trace.as_of[]": Block{}, "inputs[]": Input{}, "assets[]": Asset{},
		"stolen[]": Stolen{}, "stolen[].thefts[]": Theft{}, "usd": USD{}, "hops[] and touched[]": Hop{}, "ends[] and categories[]": End{},
		"routes[]": Route{}, "addresses[]": Address{}, "addresses[].tags[]": Tag{}, "inferences[]": Inference{}, "coverage": Coverage{},
		"onward[]": Onward{}, "onward[].starts[]": OnwardStart{}, "odds": Odds{},
		"passages[]": Passage{}, "passages[].withdrawals[]": Withdrawal{},
		"bridges[]": Bridged{}, "swaps[]": Swap{}, "swaps[].gave and swaps[].got": Held{},
		"coverage.chains[]": ChainCoverage{}, "coverage.claims[]": Claim{}, "coverage.gaps[]": Gap{},
		"record": Record{}, "record.losses[]": Loss{}, "record.attributions[]": Attribution{},
	} {
		var want []string
		for i := range reflect.TypeOf(v).NumField() {
			field := reflect.TypeOf(v).Field(i)
			name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
			if field.Type == reflect.TypeFor[Flow]() {
				if head == "onward[]" {
					continue // documented at the top level
				}
				for k := range field.Type.NumField() {
					name, _, _ := strings.Cut(field.Type.Field(k).Tag.Get("json"), ",")
					want = append(want, name)
				}
				continue
			}
			want = append(want, name)
		}
		got := firstColumn(sections[head])
		slices.Sort(want)
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("doc/formats-report.md, %q documents %v, want %v", head, got, want)
		}
	}

	d := lagoon(t)
	csvPart, rest, _ := strings.Cut(string(raw), "| column of `ends-csv`")
	endsPart, graphPart, _ := strings.Cut(rest, "## GraphML")
	graphPart, _, _ = strings.Cut(graphPart, "## HTML")
	for _, tt := range []struct{ name, doc, head string }{
		{"csv", csvPart, strings.SplitN(string(write(t, "csv", d)), "\r\n", 2)[0]},
		{"csv of ends", endsPart, strings.SplitN(string(write(t, "csv of ends", d)), "\r\n", 2)[0]},
	} {
		for _, column := range strings.Split(tt.head, ",") {
			if name, policy, ok := strings.Cut(column, "_"); ok && slices.Contains(d.Trace.Policies, policy+"/1") {
				column = name + "_fifo"
			}
			if !slices.Contains(firstColumn(tt.doc), column) {
				t.Errorf("doc/formats-report.md does not say what the column %s of %s is", column, tt.name)
			}
		}
	}
	for _, k := range graphKeys {
		if !slices.Contains(firstColumn(graphPart), k.name) {
			t.Errorf("doc/formats-report.md does not say what GraphML's %s is", k.name)
		}
	}
}

var quoted = regexp.MustCompile("`([^`]+)`")

// firstColumn lists the names in the first column of the tables of a text.
func firstColumn(s string) []string {
	var out []string
	for line := range strings.Lines(s) {
		if cell, _, ok := strings.Cut(strings.TrimPrefix(line, "| "), " |"); ok && strings.HasPrefix(line, "| `") {
			for _, m := range quoted.FindAllStringSubmatch(cell, -1) {
				out = append(out, m[1])
			}
		}
	}
	return out
}
