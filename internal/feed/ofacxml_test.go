package feed

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fundtrail/fundtrail"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// sdnXML is SDN.XML in short, by its published schema.
const sdnXML = `<?xml version="1.0" standalone="yes"?>
<sdnList xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns="http://tempuri.org/sdnList.xsd">
  <publshInformation><Publish_Date>11/24/2025</Publish_Date><Record_Count>2</Record_Count></publshInformation>
  <sdnEntry>
    <uid>25308</uid><firstName>Xiaobing</firstName><lastName>YAN</lastName><title>Boss</title><sdnType>Individual</sdnType>
    <remarks>(Linked To: SOMEBODY &amp; CO)</remarks>
    <programList><program>SDNTK</program><program>CYBER2</program></programList>
    <idList>
      <id><uid>1</uid><idType>Digital Currency Address - XBT</idType><idNumber>12QtD5BFwRsdNsAZY76UVE1xyCGNTojH9h</idNumber></id>
      <id><uid>2</uid><idType>Digital Currency Address - NEW</idType><idNumber>z9</idNumber></id>
      <id><uid>3</uid><idType>Passport</idType><idNumber>T145</idNumber><idCountry>Iran</idCountry><issueDate>28 Oct 2008</issueDate><expirationDate>29 Oct 2013</expirationDate></id>
      <id><uid>4</uid><idType>Gender</idType><idNumber>Male</idNumber></id>
      <id><uid>5</uid><idType>Secondary sanctions risk:</idType><idNumber>section 1(b)</idNumber></id>
      <id><uid>6</uid><idType>Nationality of Registration</idType><idNumber>Malta</idNumber></id>
    </idList>
    <akaList>
      <aka><uid>7</uid><type>a.k.a.</type><category>strong</category><lastName>YAN</lastName><firstName>Steven</firstName></aka>
      <aka><uid>8</uid><type>a.k.a.</type><category>weak</category><lastName>ZHOU</lastName></aka>
      <aka><uid>9</uid><type>f.k.a.</type><category>strong</category><lastName>OLD</lastName></aka>
    </akaList>
    <addressList><address><uid>1</uid><address1>Street 1</address1><city>Wuhan</city><country>China</country></address></addressList>
    <nationalityList><nationality><uid>1</uid><country>Germany</country><mainEntry>true</mainEntry></nationality></nationalityList>
    <citizenshipList><citizenship><uid>1</uid><country>China</country><mainEntry>true</mainEntry></citizenship></citizenshipList>
    <dateOfBirthList><dateOfBirthItem><uid>1</uid><dateOfBirth>circa 1978</dateOfBirth><mainEntry>true</mainEntry></dateOfBirthItem></dateOfBirthList>
    <placeOfBirthList><placeOfBirthItem><uid>1</uid><placeOfBirth>Wuhan</placeOfBirth><mainEntry>true</mainEntry></placeOfBirthItem></placeOfBirthList>
    <novelty>x</novelty>
  </sdnEntry>
  <sdnEntry>
    <uid>15037</uid><lastName>ARTAVIL</lastName><sdnType>Vessel</sdnType><programList><program>IRAN</program></programList>
    <idList><id><uid>1</uid><idType>Vessel Registration Identification</idType><idNumber>IMO 9187629</idNumber></id></idList>
    <vesselInfo><callSign>5IM316</callSign><vesselType>Tanker</vesselType><vesselFlag>Iran</vesselFlag><vesselOwner>O</vesselOwner><tonnage>1</tonnage><grossRegisteredTonnage>2</grossRegisteredTonnage></vesselInfo>
  </sdnEntry>
</sdnList>
`

var compareAddress = cmp.Options{cmp.AllowUnexported(fundtrail.Address{}), cmpopts.EquateEmpty()}

// yanXML is what all three XML forms say of their first party, but for its note and the
// day it was listed.
func yanXML(tb testing.TB) fundtrail.Party {
	return fundtrail.Party{
		UID: "25308", Kind: fundtrail.Person,
		Names: []fundtrail.Name{
			{Text: "YAN, Xiaobing", Family: "YAN", Given: "Xiaobing"},
			{Text: "YAN, Steven", Kind: fundtrail.Alias, Family: "YAN", Given: "Steven"},
			{Text: "ZHOU", Kind: fundtrail.WeakAlias},
			{Text: "OLD", Kind: fundtrail.FormerName},
		},
		Programs:    []string{"SDNTK", "CYBER2"},
		Births:      []string{"~1978"},
		Countries:   []string{"CN", "DE", "MT"},
		Identifiers: []fundtrail.Identifier{{Type: "Passport", Value: "T145", Country: "IR"}},
		Wallets: []fundtrail.Wallet{
			{Text: btc1, Currency: "XBT", Address: address(tb, "btc", btc1)},
			{Text: "z9", Currency: "NEW"},
		},
	}
}

func checkYan(tb testing.TB, p fundtrail.Party, note ...string) {
	tb.Helper()
	for _, line := range note {
		if !slices.Contains(strings.Split(p.Note, "\n"), line) {
			tb.Errorf("the note lacks %q: %q", line, p.Note)
		}
	}
	p.Note, p.Listed = "", time.Time{}
	slices.Sort(p.Countries)
	if diff := cmp.Diff(yanXML(tb), p, compareAddress); diff != "" {
		tb.Error(diff)
	}
}

func TestSDNXML(t *testing.T) {
	for _, namespace := range []string{
		"http://tempuri.org/sdnList.xsd", "http://www.un.org/sanctions/1.0",
		"https://sanctionslistservice.ofac.treas.gov/api/PublicationPreview/exports/XML",
	} {
		l := read(t, parseSDNXML, "\ufeff"+strings.Replace(sdnXML, "http://tempuri.org/sdnList.xsd", namespace, 1))
		if l.List != listSDN || !l.Published.Equal(day(2025, 11, 24)) || l.Stated != 2 || l.Covers != fundtrail.CoversNames|fundtrail.CoversWallets {
			t.Errorf("list %q of %v, stated %d, covers %d", l.List, l.Published, l.Stated, l.Covers)
		}
		checkYan(t, l.Parties[0], "(Linked To: SOMEBODY & CO)", "Title: Boss", "POB: Wuhan", "Address: Street 1, Wuhan, China",
			"Gender: Male", "Secondary sanctions risk: section 1(b)", "Passport T145 issued 28 Oct 2008 expires 29 Oct 2013")
		v := l.Parties[1]
		if v.Kind != fundtrail.Vessel || !slices.Equal(v.Countries, []string{"IR"}) || len(v.Identifiers) != 2 || v.Note != "Vessel Type: Tanker\nVessel Owner: O\nTonnage: 1\nGross Registered Tonnage: 2" {
			t.Errorf("vessel %+v", v)
		}
		if unread(l, "element") != 1 || unread(l, "wallet on a chain not known here") != 1 {
			t.Errorf("unread %v", l.Unread)
		}
	}
	cons := strings.ReplaceAll(strings.ReplaceAll(sdnXML, "SDNTK", "NS-PLC"), "<program>IRAN<", "<program>CMIC-EO13959<")
	if l := read(t, parseSDNXML, cons); l.List != listCons {
		t.Errorf("list %q, want the consolidated one", l.List)
	}
	nameless := strings.Replace(sdnXML, "<lastName>ARTAVIL</lastName>", "", 1)
	if l := read(t, parseSDNXML, nameless); len(l.Rejected) != 1 || len(l.Parties) != 1 {
		t.Errorf("rejected %v", l.Rejected)
	}
}

func TestSDNXMLBroken(t *testing.T) {
	for _, c := range []struct{ text, says string }{
		{"", "empty file"},
		{"   \n", "it is cut"},
		{"<html><body>Error</body></html>", "a web page"},
		{"<!DOCTYPE html><html>", "a web page"},
		{"<Sanctions/>", "want the root <sdnList>, found <Sanctions>"},
		{"<sdnList></sdnList>", "no entries"},
		{strings.Replace(sdnXML, "<Record_Count>2<", "<Record_Count>3<", 1), "states 3 entries and holds 2"},
		{strings.Replace(sdnXML, "<Record_Count>2<", "<Record_Count>two<", 1), `Record_Count "two"`},
		{strings.Replace(sdnXML, "11/24/2025", "24.11.2025", 1), `Publish_Date "24.11.2025"`},
		{sdnXML[:len(sdnXML)-12], "it is cut"},
		{sdnXML[:len(sdnXML)/2], "it is cut"},
		{sdnXML + sdnXML[40:], "two files in one"},
		{strings.Replace(sdnXML, "</akaList>", "</idList>", 1), "<akaList> closed by </idList>"},
		{strings.Replace(sdnXML, "&amp;", "&evil;", 1), "no XML"},
		{"<sdnList>" + strings.Repeat("<a>", 100), "a depth of 64"},
		{"<sdnList></a></sdnList>", "</a> closes nothing"},
	} {
		l, err := parseSDNXML(strings.NewReader(c.text))
		wantInvalid(t, err, "parse OFAC SDN.XML", c.says)
		if l != nil {
			t.Error("a list beside the error")
		}
	}
	_, err := parseSDNXML(strings.NewReader("<sdnList><sdnEntry>" + strings.Repeat("<a/>", maxElements)))
	if !errors.Is(err, fundtrail.ErrLimit) {
		t.Errorf("error %v of an endless entry, want a limit", err)
	}
}

// enhancedXML is the Sanctions List Service's form in short.
const enhancedXML = `<?xml version="1.0" encoding="utf-8"?>
<sanctionsData xmlns="https://sanctionslistservice.ofac.treas.gov/api/PublicationPreview/exports/ENHANCED_XML">
  <publicationInfo><dataAsOf>2025-11-24T00:00:00</dataAsOf><filters><sanctionsLists><sanctionsList refId="91507">SDN List</sanctionsList></sanctionsLists></filters></publicationInfo>
  <referenceValues><referenceValue refId="1"><type>T</type><value>V</value></referenceValue></referenceValues>
  <featureTypes/>
  <entities>
    <entity id="25308">
      <generalInfo><identityId>1</identityId><entityType refId="600">Individual</entityType><remarks>R</remarks><title>Boss</title></generalInfo>
      <sanctionsLists><sanctionsList refId="2" id="1" datePublished="2014-01-01">Consolidated List</sanctionsList><sanctionsList refId="1" id="2" datePublished="2019-08-21">SDN List</sanctionsList></sanctionsLists>
      <sanctionsPrograms><sanctionsProgram refId="1" id="1">SDNTK</sanctionsProgram><sanctionsProgram refId="1" id="1">CYBER2</sanctionsProgram></sanctionsPrograms>
      <sanctionsTypes><sanctionsType refId="1" id="1">Block</sanctionsType></sanctionsTypes>
      <legalAuthorities><legalAuthority refId="1" id="1">Kingpin Act</legalAuthority></legalAuthorities>
      <names>
        <name id="2"><isPrimary>false</isPrimary><aliasType refId="1400">A.K.A.</aliasType><isLowQuality>false</isLowQuality><translations><translation id="1"><isPrimary>true</isPrimary><script refId="1">Latin</script><formattedFirstName>Steven</formattedFirstName><formattedLastName>YAN</formattedLastName><formattedFullName>YAN, Steven</formattedFullName></translation></translations></name>
        <name id="3"><isPrimary>false</isPrimary><aliasType refId="1400">A.K.A.</aliasType><isLowQuality>true</isLowQuality><translations><translation id="1"><formattedLastName>ZHOU</formattedLastName><formattedFullName>ZHOU</formattedFullName></translation></translations></name>
        <name id="1"><isPrimary>true</isPrimary><isLowQuality>false</isLowQuality><translations><translation id="1"><formattedFirstName>Xiaobing</formattedFirstName><formattedLastName>YAN</formattedLastName><formattedFullName>YAN, Xiaobing</formattedFullName></translation></translations></name>
        <name id="4"><isPrimary>false</isPrimary><aliasType refId="1401">F.K.A.</aliasType><isLowQuality>false</isLowQuality><translations><translation id="1"><formattedLastName>OLD</formattedLastName><formattedFullName>OLD</formattedFullName></translation></translations></name>
      </names>
      <addresses><address id="1"><country refId="1">China</country><translations><translation id="1"><addressParts><addressPart id="1"><type refId="1">CITY</type><value>Wuhan</value></addressPart></addressParts></translation></translations></address></addresses>
      <features>
        <feature id="1"><type featureTypeId="8">Birthdate</type><versionId>1</versionId><value>circa 1978</value></feature>
        <feature id="1"><type featureTypeId="344">Digital Currency Address - XBT</type><versionId>1</versionId><value>12QtD5BFwRsdNsAZY76UVE1xyCGNTojH9h</value></feature>
        <feature id="1"><type featureTypeId="999">Digital Currency Address - NEW</type><versionId>1</versionId><value>z9</value></feature>
        <feature id="1"><type featureTypeId="10">Nationality Country</type><versionId>1</versionId><value>Germany</value></feature>
        <feature id="1"><type featureTypeId="365">Nationality of Registration</type><versionId>1</versionId><value>Malta</value></feature>
        <feature id="1"><type featureTypeId="224">Gender</type><versionId>1</versionId><value>Male</value></feature>
      </features>
      <identityDocuments><identityDocument id="1"><type refId="1571">Passport</type><documentNumber>T145</documentNumber><isValid>false</isValid><issuingCountry refId="1">Iran</issuingCountry><expirationDate>2013-10-29</expirationDate></identityDocument></identityDocuments>
      <relationships><relationship id="1"><type refId="15003">Owned or Controlled By</type><relatedEntity entityId="7">X</relatedEntity></relationship></relationships>
    </entity>
  </entities>
</sanctionsData>
`

func TestEnhancedXML(t *testing.T) {
	l := read(t, parseEnhancedXML, enhancedXML)
	if l.List != listSDN || !l.Published.Equal(day(2025, 11, 24)) || l.Stated != -1 || !l.Parties[0].Listed.Equal(day(2019, 8, 21)) {
		t.Errorf("list %q of %v, stated %d, listed %v", l.List, l.Published, l.Stated, l.Parties[0].Listed)
	}
	checkYan(t, l.Parties[0], "R", "Title: Boss", "Gender: Male", "Legal authority: Kingpin Act", "Address: Wuhan, China",
		"Owned or Controlled By: X (7)", "Passport T145 expires 2013-10-29, not valid", "List: SDN List 2019-08-21")
	cons := strings.Replace(enhancedXML, `"91507">SDN List`, `"91512">Consolidated List`, 1)
	if l := read(t, parseEnhancedXML, cons); l.List != listCons || !l.Parties[0].Listed.Equal(day(2014, 1, 1)) {
		t.Errorf("list %q, listed %v", l.List, l.Parties[0].Listed)
	}
	for _, c := range []struct{ text, says string }{
		{strings.Replace(enhancedXML, `"91507">SDN List`, `"1">CAPTA List`, 1), `of the list "CAPTA List"`},
		{strings.Replace(enhancedXML, `</sanctionsLists></filters>`, `<sanctionsList>X</sanctionsList></sanctionsLists></filters>`, 1), "it holds 2 lists"},
		{strings.Replace(enhancedXML, "2025-11-24T00:00:00", "soon", 1), `dataAsOf "soon"`},
		{enhancedXML[:len(enhancedXML)-30], "it is cut"},
		{"<sanctionsData></sanctionsData>", "no publicationInfo"},
	} {
		_, err := parseEnhancedXML(strings.NewReader(c.text))
		wantInvalid(t, err, c.says)
	}
}

func FuzzSDNXML(f *testing.F) {
	f.Add(sdnXML)
	f.Add("<sdnList><sdnEntry><uid>1</uid><lastName>A</lastName></sdnEntry></sdnList>")
	f.Fuzz(func(t *testing.T, text string) { checkParse(t, parseSDNXML, text) })
}

func FuzzEnhancedXML(f *testing.F) {
	f.Add(enhancedXML)
	f.Fuzz(func(t *testing.T, text string) { checkParse(t, parseEnhancedXML, text) })
}
