package feed

import (
	"bytes"
	"encoding/csv"
	"encoding/xml"
	"io"
	"regexp"
	"slices"
	"strings"
)

// usFormats are the forms of the lists of the United States.
var usFormats = []listFormat{
	{SDNCSV, isPart(primPart, false), csvAlone},
	{ConsCSV, isPart(primPart, true), csvAlone},
	{SDNAddCSV, isPart(addPart, false), partAlone(addPart)},
	{ConsAddCSV, isPart(addPart, true), partAlone(addPart)},
	{SDNAltCSV, isPart(altPart, false), partAlone(altPart)},
	{ConsAltCSV, isPart(altPart, true), partAlone(altPart)},
	{SDNCommentsCSV, isPart(commentsPart, false), partAlone(commentsPart)},
	{ConsCommentsCSV, isPart(commentsPart, true), partAlone(commentsPart)},
	{"ofac-xml", hasRoot("sdnList"), parseSDNXML},
	{"ofac-advanced-xml", hasRoot("Sanctions"), parseAdvancedXML},
	{"ofac-enhanced-xml", hasRoot("sanctionsData"), parseEnhancedXML},
	{"ofac-names-jsonl", matches(namesHead), parseNamesJSONL},
	{"ofac-addresses-csv", matches(addressesHead), parseAddressCSV},
	{"ofac-addresses-json", matches(snapshotHead), parseAddressJSON},
	{"us-csl-csv", hasColumns(',', "_id", "source", "entity_number", "name"), parseCSL},
	{"us-bis-dpl-tsv", hasColumns('\t', "Name", "Effective_Date", "Expiration_Date", "FR_Citation"), parseDPL},
}

var (
	commentHead   = regexp.MustCompile(`^\d+,"(?:[^"]|"")+"?$`) // cut within its text
	namesHead     = regexp.MustCompile(`^\s*\{\s*"entity_id"\s*:\s*\d+\s*,\s*"names"\s*:\s*\[`)
	addressesHead = regexp.MustCompile(`^asset,address\r?\n`)
	snapshotHead  = regexp.MustCompile(`^\s*\{\s*"metadata"\s*:\s*\{[^{}]*"totalAddresses"`)
)

func csvAlone(r io.Reader) (*List, error) { return ParseOFACCSV(r, nil, nil, nil) }

// isPart detects a part of the CSV set. Of the parts the main one alone shows which list
// it is of; the others' names do: CONS_ADD.CSV, cons_alt.csv.
func isPart(want csvPart, cons bool) func([]byte, string) bool {
	return func(head []byte, name string) bool {
		part, consContent, ok := csvPartOf(head)
		if !ok || part.fields != want.fields {
			return false
		}
		if part.fields == primPart.fields {
			return consContent == cons
		}
		base := strings.ToLower(name[strings.LastIndexAny(name, `/\`)+1:])
		return strings.Contains(base, "cons") == cons
	}
}

// hasRoot detects an XML file by its outermost element.
func hasRoot(root string) func([]byte, string) bool {
	return func(head []byte, _ string) bool {
		d := xml.NewDecoder(bytes.NewReader(withoutMark(head)))
		for {
			t, err := d.RawToken()
			if err != nil {
				return false
			}
			if e, ok := t.(xml.StartElement); ok {
				return e.Name.Local == root
			}
		}
	}
}

func matches(head *regexp.Regexp) func([]byte, string) bool {
	return func(b []byte, _ string) bool { return head.Match(withoutMark(b)) }
}

// hasColumns detects a table by its header.
func hasColumns(comma rune, columns ...string) func([]byte, string) bool {
	return func(head []byte, _ string) bool {
		table := csv.NewReader(bytes.NewReader(withoutMark(head)))
		table.Comma = comma
		names, err := table.Read()
		return err == nil && !slices.ContainsFunc(columns, func(c string) bool { return !slices.Contains(names, c) })
	}
}
