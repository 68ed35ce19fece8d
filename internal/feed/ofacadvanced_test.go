package feed

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/fundtrail/fundtrail"
)

// The advanced form in short, by the published schema: tables, places, documents, then
// parties that point at them, then entries on lists that point at parties.
const (
	advancedHead = `<?xml version="1.0" encoding="utf-8"?>
<Sanctions xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns="http://www.un.org/sanctions/1.0">
  <DateOfIssue CalendarTypeID="1"><Year>2025</Year><Month>11</Month><Day>24</Day></DateOfIssue>
  <ReferenceValueSets>
    <AliasTypeValues><AliasType ID="1400">A.K.A.</AliasType><AliasType ID="1401">F.K.A.</AliasType><AliasType ID="1403">Name</AliasType></AliasTypeValues>
    <AreaCodeValues><AreaCode ID="11" CountryID="11182" Description="Malta" AreaCodeTypeID="0">MT</AreaCode></AreaCodeValues>
    <CountryValues><Country ID="11065" ISO2="CN">China</Country><Country ID="11091" ISO2="DE">Germany</Country><Country ID="11182" ISO2="MT">Malta</Country><Country ID="11101" ISO2="IR">Iran</Country></CountryValues>
    <DetailReferenceValues><DetailReference ID="91526">Male</DetailReference></DetailReferenceValues>
    <EntryEventTypeValues><EntryEventType ID="1">Created</EntryEventType><EntryEventType ID="2">Changed</EntryEventType></EntryEventTypeValues>
    <FeatureTypeValues><FeatureType ID="8">Birthdate</FeatureType><FeatureType ID="9">Place of Birth</FeatureType><FeatureType ID="10">Nationality Country</FeatureType><FeatureType ID="25">Location</FeatureType><FeatureType ID="224">Gender</FeatureType><FeatureType ID="344">Digital Currency Address - XBT</FeatureType><FeatureType ID="999">Digital Currency Address - NEW</FeatureType></FeatureTypeValues>
    <IDRegDocDateTypeValues><IDRegDocDateType ID="1481">Expiration Date</IDRegDocDateType></IDRegDocDateTypeValues>
    <IDRegDocTypeValues><IDRegDocType ID="1571">Passport</IDRegDocType></IDRegDocTypeValues>
    <LegalBasisValues><LegalBasis ID="1">Kingpin Act</LegalBasis></LegalBasisValues>
    <ListValues><List ID="1550">SDN List</List><List ID="91512">Consolidated List</List></ListValues>
    <NamePartTypeValues><NamePartType ID="1520">Last Name</NamePartType><NamePartType ID="1521">First Name</NamePartType><NamePartType ID="1525">Entity Name</NamePartType></NamePartTypeValues>
    <PartySubTypeValues><PartySubType ID="1" PartyTypeID="4">Vessel</PartySubType><PartySubType ID="3" PartyTypeID="2">Unknown</PartySubType><PartySubType ID="4" PartyTypeID="1">Unknown</PartySubType></PartySubTypeValues>
    <PartyTypeValues><PartyType ID="1">Individual</PartyType><PartyType ID="2">Entity</PartyType><PartyType ID="4">Transport</PartyType></PartyTypeValues>
    <SanctionsTypeValues><SanctionsType ID="1">Program</SanctionsType><SanctionsType ID="1705">Block</SanctionsType></SanctionsTypeValues>
  </ReferenceValueSets>
  <Locations>
    <Location ID="25"><LocationCountry CountryID="11065" CountryRelevanceID="1"/><LocationPart LocPartTypeID="1451"><LocationPartValue Primary="true"><Comment/><Value>Street 1</Value></LocationPartValue></LocationPart><LocationPart LocPartTypeID="1454"><LocationPartValue Primary="true"><Value>Wuhan</Value></LocationPartValue></LocationPart></Location>
    <Location ID="26"><LocationCountry CountryID="11091"/></Location>
    <Location ID="27"><LocationAreaCode AreaCodeID="11"/></Location>
  </Locations>
`
	advancedDocument = `<IDRegDocument ID="%[1]d" IDRegDocTypeID="1571" IdentityID="%[1]d" IssuedBy-CountryID="11101" ValidityID="1"><Comment/><IDRegistrationNo>T145</IDRegistrationNo><DocumentDate IDRegDocDateTypeID="1481"><DatePeriod><Start Approximate="false"><From><Year>2013</Year><Month>10</Month><Day>29</Day></From><To><Year>2013</Year><Month>10</Month><Day>29</Day></To></Start></DatePeriod></DocumentDate></IDRegDocument>
`
	advancedParty = `<DistinctParty FixedRef="%[1]d"><Comment>R</Comment><Profile ID="%[1]d" PartySubTypeID="4"><Identity ID="%[1]d" FixedRef="%[1]d" Primary="true" False="false">
<Alias FixedRef="%[1]d" AliasTypeID="1403" Primary="true" LowQuality="false"><DocumentedName ID="1" DocNameStatusID="1"><DocumentedNamePart><NamePartValue NamePartGroupID="1" ScriptID="215">YAN</NamePartValue></DocumentedNamePart><DocumentedNamePart><NamePartValue NamePartGroupID="2" ScriptID="215">Xiaobing</NamePartValue></DocumentedNamePart></DocumentedName></Alias>
<Alias AliasTypeID="1400" Primary="false" LowQuality="false"><DocumentedName ID="2"><DocumentedNamePart><NamePartValue NamePartGroupID="1">YAN</NamePartValue></DocumentedNamePart><DocumentedNamePart><NamePartValue NamePartGroupID="2">Steven</NamePartValue></DocumentedNamePart></DocumentedName></Alias>
<Alias AliasTypeID="1400" Primary="false" LowQuality="true"><DocumentedName ID="3"><DocumentedNamePart><NamePartValue NamePartGroupID="1">ZHOU</NamePartValue></DocumentedNamePart></DocumentedName></Alias>
<Alias AliasTypeID="1401" Primary="false" LowQuality="false"><DocumentedName ID="4"><DocumentedNamePart><NamePartValue NamePartGroupID="3">OLD</NamePartValue></DocumentedNamePart></DocumentedName></Alias>
<NamePartGroups><MasterNamePartGroup><NamePartGroup ID="1" NamePartTypeID="1520"/></MasterNamePartGroup><MasterNamePartGroup><NamePartGroup ID="2" NamePartTypeID="1521"/></MasterNamePartGroup><MasterNamePartGroup><NamePartGroup ID="3" NamePartTypeID="1525"/></MasterNamePartGroup></NamePartGroups></Identity>
<Feature ID="1" FeatureTypeID="8"><FeatureVersion ID="1" ReliabilityID="1"><DatePeriod CalendarTypeID="1"><Start Approximate="true"><From><Year>1978</Year><Month>1</Month><Day>1</Day></From><To><Year>1978</Year><Month>1</Month><Day>1</Day></To></Start><End Approximate="true"><From><Year>1978</Year><Month>12</Month><Day>31</Day></From><To><Year>1978</Year><Month>12</Month><Day>31</Day></To></End></DatePeriod></FeatureVersion></Feature>
<Feature ID="2" FeatureTypeID="344"><FeatureVersion ID="2"><Comment/><VersionDetail DetailTypeID="1432">12QtD5BFwRsdNsAZY76UVE1xyCGNTojH9h</VersionDetail></FeatureVersion></Feature>
<Feature ID="3" FeatureTypeID="999"><FeatureVersion ID="3"><VersionDetail DetailTypeID="1432">z9</VersionDetail></FeatureVersion></Feature>
<Feature ID="4" FeatureTypeID="224"><FeatureVersion ID="4"><VersionDetail DetailTypeID="1431" DetailReferenceID="91526"/></FeatureVersion></Feature>
<Feature ID="5" FeatureTypeID="10"><FeatureVersion ID="5"><VersionLocation LocationID="26"/></FeatureVersion></Feature>
<Feature ID="6" FeatureTypeID="25"><FeatureVersion ID="6"><VersionLocation LocationID="25"/></FeatureVersion></Feature>
<Feature ID="7" FeatureTypeID="25"><FeatureVersion ID="7"><VersionLocation LocationID="27"/></FeatureVersion></Feature>
</Profile></DistinctParty>
`
	advancedEntry = `<SanctionsEntry ID="%[1]d" ProfileID="%[1]d" ListID="1550"><EntryEvent ID="1" EntryEventTypeID="1" LegalBasisID="1"><Comment/><Date CalendarTypeID="1"><Year>2019</Year><Month>8</Month><Day>21</Day></Date></EntryEvent><EntryEvent ID="2" EntryEventTypeID="2" LegalBasisID="1"><Date CalendarTypeID="1"><Year>2001</Year><Month>1</Month><Day>1</Day></Date></EntryEvent><SanctionsMeasure ID="1" SanctionsTypeID="1"><Comment>SDNTK</Comment></SanctionsMeasure><SanctionsMeasure ID="2" SanctionsTypeID="1"><Comment>CYBER2</Comment></SanctionsMeasure><SanctionsMeasure ID="3" SanctionsTypeID="1705"><Comment/></SanctionsMeasure></SanctionsEntry>
`
)

// writeAdvanced writes such a file with n parties, numbered from 25308.
func writeAdvanced(w io.Writer, n int) {
	out := bufio.NewWriter(w)
	out.WriteString(advancedHead)
	for _, section := range []struct{ name, entry string }{
		{"IDRegDocuments", advancedDocument}, {"DistinctParties", advancedParty}, {"SanctionsEntries", advancedEntry},
	} {
		fmt.Fprintf(out, "<%s>\n", section.name)
		for i := range n {
			fmt.Fprintf(out, section.entry, 25308+i)
		}
		fmt.Fprintf(out, "</%s>\n", section.name)
	}
	out.WriteString("</Sanctions>\n")
	out.Flush()
}

func advancedXML(n int) string {
	var s strings.Builder
	writeAdvanced(&s, n)
	return s.String()
}

func TestAdvancedXML(t *testing.T) {
	l := read(t, parseAdvancedXML, advancedXML(2))
	if l.List != listSDN || !l.Published.Equal(day(2025, 11, 24)) || len(l.Parties) != 2 || l.Stated != -1 {
		t.Errorf("list %q of %v with %d parties", l.List, l.Published, len(l.Parties))
	}
	first := l.Parties[0]
	if !first.Listed.Equal(day(2019, 8, 21)) {
		t.Errorf("listed %v: a change is no listing", first.Listed)
	}
	checkYan(t, first, "R", "Gender: Male", "Address: Street 1, Wuhan, CN", "Nationality Country: DE", "Legal basis: Kingpin Act", "Passport T145 expiration date 2013-10-29")
	if l.Parties[1].UID != "25309" || len(l.Parties[1].Identifiers) != 1 {
		t.Errorf("the second party %+v", l.Parties[1])
	}
	if len(l.Unread) != 1 || unread(l, "wallet on a chain not known here") != 2 {
		t.Errorf("unread %v", l.Unread)
	}

	vessel := strings.Replace(advancedXML(1), `PartySubTypeID="4"`, `PartySubTypeID="1"`, 1)
	if l := read(t, parseAdvancedXML, vessel); l.Parties[0].Kind != fundtrail.Vessel {
		t.Errorf("kind %q", l.Parties[0].Kind)
	}
	cons := strings.Replace(advancedXML(1), `ListID="1550"`, `ListID="91512"`, 1)
	if l := read(t, parseAdvancedXML, cons); l.List != listCons {
		t.Errorf("list %q", l.List)
	}
	// What the file points at and does not hold is said; the party stays.
	lost := strings.NewReplacer(`LocationID="26"`, `LocationID="99"`, `IdentityID="25308"`, `IdentityID="1"`, `FeatureTypeID="224"`, `FeatureTypeID="7777"`).Replace(advancedXML(1))
	l = read(t, parseAdvancedXML, lost)
	if unread(l, "location") != 1 || unread(l, "document") != 1 || unread(l, "FeatureType") != 1 || slices.Contains(l.Parties[0].Countries, "DE") {
		t.Errorf("unread %v", l.Unread)
	}
	nameless := strings.Replace(advancedXML(3), `FixedRef="25308"`, `FixedRef=""`, 1)
	l = read(t, parseAdvancedXML, nameless)
	if len(l.Rejected) != 1 || len(l.Parties) != 2 || l.Parties[0].UID != "25309" || !slices.Equal(l.Parties[0].Programs, []string{"SDNTK", "CYBER2"}) {
		t.Errorf("a rejected party's entry went to another: %v, %+v", l.Rejected, l.Parties[0])
	}
}

func TestAdvancedXMLBroken(t *testing.T) {
	good := advancedXML(3)
	for _, c := range []struct{ text, says string }{
		{"", "empty file"},
		{good[:len(good)-14], "it is cut"},
		{good[:strings.Index(good, "<SanctionsEntries>")], "it is cut"},
		{strings.Replace(good, "<Year>2025</Year>", "", 1), "DateOfIssue"},
		{strings.ReplaceAll(good, `" ProfileID="`, `" ProfileID="9`), "of profiles that the file does not hold"},
		{"<Sanctions></Sanctions>", "no entries"},
	} {
		_, err := parseAdvancedXML(strings.NewReader(c.text))
		wantInvalid(t, err, "parse OFAC advanced XML", c.says)
	}
}

func FuzzAdvancedXML(f *testing.F) {
	f.Add(advancedXML(1))
	f.Add("<Sanctions><DistinctParties><DistinctParty FixedRef='1'/></DistinctParties></Sanctions>")
	f.Fuzz(func(t *testing.T, text string) { checkParse(t, parseAdvancedXML, text) })
}

// BenchmarkAdvancedXML reads a generated file of 60 MB from disk, as large as the real
// one was, and reports what memory it took at its highest beside the result.
func BenchmarkAdvancedXML(b *testing.B) {
	name := filepath.Join(b.TempDir(), "sdn_advanced.xml")
	f, err := os.Create(name)
	if err != nil {
		b.Fatal(err)
	}
	writeAdvanced(f, 15_500)
	size, _ := f.Seek(0, io.SeekCurrent)
	f.Close()
	b.SetBytes(size)
	b.ReportAllocs()
	var peak, result uint64
	for b.Loop() {
		f, err := os.Open(name)
		if err != nil {
			b.Fatal(err)
		}
		runtime.GC()
		before := heap()
		w := &heapWatcher{Reader: f}
		l, err := parseAdvancedXML(w)
		if err != nil {
			b.Fatal(err)
		}
		f.Close()
		runtime.GC()
		peak, result = max(peak, w.peak-before), heap()-before
		runtime.KeepAlive(l)
	}
	b.ReportMetric(float64(peak)/(1<<20), "MiB-peak")
	b.ReportMetric(float64(result)/(1<<20), "MiB-result")
}

func heap() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// A heapWatcher notes the largest heap, garbage included, that was met while reading.
type heapWatcher struct {
	io.Reader
	reads int
	peak  uint64
}

func (w *heapWatcher) Read(b []byte) (int, error) {
	if w.reads++; w.reads%64 == 0 {
		w.peak = max(w.peak, heap())
	}
	return w.Reader.Read(b)
}
