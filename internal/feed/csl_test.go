package feed

import (
	"strings"
	"testing"

	"github.com/fundtrail/fundtrail"
	"github.com/google/go-cmp/cmp"
)

const (
	cslHead = `_id,source,entity_number,type,programs,name,title,addresses,federal_register_notice,start_date,end_date,standard_order,license_requirement,license_policy,call_sign,vessel_type,gross_tonnage,gross_registered_tonnage,vessel_flag,vessel_owner,remarks,source_list_url,alt_names,citizenships,dates_of_birth,nationalities,places_of_birth,source_information_url,ids` + "\n"
	cslRows = `"25308","Specially Designated Nationals (SDN) - Treasury Department","25308","Individual","SDNTK; CYBER2","Xiaobing YAN","Boss","Street 1, Wuhan, CN; Berlin","","","","","","","","","","","","","R","u","William ZHOU; and Steven YAN","CN","1977-03-25; circa 1978","DE","Wuhan","i","Passport, T145, IR, 2008-10-28, 2013-10-29; Gender, Male; Digital Currency Address - XBT, 12QtD5BFwRsdNsAZY76UVE1xyCGNTojH9h; Website, www.x.example"` + "\n" +
		`"ab12","Entity List (EL) - Bureau of Industry and Security","","","","Fazal","","Kabul, AF","76 FR 71867","2011-11-21","","","For all","","","","","","","","","u","","","","","","i",""` + "\n"
	cslFile = cslHead + cslRows
	dplFile = "\"Name\"\t\"Street_Address\"\t\"City\"\t\"State\"\t\"Country\"\t\"Postal_Code\"\t\"Effective_Date\"\t\"Expiration_Date\"\t\"Standard_Order\"\t\"Last_Update\"\t\"Action\"\t\"FR_Citation\"\n" +
		"\" I. ASH\"\t\"STREET 1\"\t\"SEAGOVILLE\"\t\"TX\"\t\"US\"\t\"75159\"\t\"06/19/2003\"\t\"06/29/2056\"\t\"Y\"\t\"2007-01-31\"\t\"NEW\"\t\"68 F.R. 38290\"\n" +
		"\"I. ASH\"\t\"STREET 2\"\t\"DUBAI\"\t\"\"\t\"AE\"\t\"\"\t\"06/19/2003\"\t\"06/29/2056\"\t\"Y\"\t\"2007-01-31\"\t\"NEW\"\t\"68 F.R. 38290\"\n"
)

func TestCSL(t *testing.T) {
	l := read(t, parseCSL, cslFile)
	if l.List != "us-csl" || l.Covers != fundtrail.CoversNames|fundtrail.CoversWallets || len(l.Unread) != 0 {
		t.Errorf("list %q covers %d, unread %v", l.List, l.Covers, l.Unread)
	}
	p := l.Parties[0]
	for _, line := range []string{"R", "Source: Specially Designated Nationals (SDN) - Treasury Department", "title: Boss", "Address: Berlin", "Gender: Male", "Passport, T145, IR, 2008-10-28, 2013-10-29"} {
		if !strings.Contains("\n"+p.Note+"\n", "\n"+line+"\n") {
			t.Errorf("note %q lacks %q", p.Note, line)
		}
	}
	p.Note = ""
	want := fundtrail.Party{
		UID: "SDN:25308", Kind: fundtrail.Person,
		Names:       []fundtrail.Name{{Text: "Xiaobing YAN"}, {Text: "William ZHOU", Kind: fundtrail.Alias}, {Text: "Steven YAN", Kind: fundtrail.Alias}},
		Programs:    []string{"SDNTK", "CYBER2"},
		Births:      []string{"1977-03-25", "~1978"},
		Countries:   []string{"DE", "CN"},
		Identifiers: []fundtrail.Identifier{{Type: "Passport", Value: "T145", Country: "IR"}, {Type: "Website", Value: "www.x.example"}},
		Wallets:     []fundtrail.Wallet{{Text: btc1, Currency: "XBT", Address: address(t, "btc", btc1)}},
	}
	if diff := cmp.Diff(want, p, compareAddress); diff != "" {
		t.Error(diff)
	}
	if p := l.Parties[1]; p.UID != "EL:ab12" || p.Kind != fundtrail.PartyUnstated || !p.Listed.Equal(day(2011, 11, 21)) || p.Countries[0] != "AF" {
		t.Errorf("%+v", p)
	}
	joined := read(t, parseCSL, cslFile+cslFile)
	if len(joined.Rejected) != 3 || len(joined.Parties) != 2 {
		t.Errorf("rejected %v", joined.Rejected)
	}
	wantInvalid(t, joined.Rejected[0].Err, "the header stands again")
	for _, c := range []struct{ text, says string }{
		{"", "empty file"},
		{cslHead, "no entries"},
		{"a,b\n", "no column _id"},
		{cslFile[:len(cslFile)-3], "ends after a separator"},
		{cslFile[:len(cslFile)-30], "cut or broken"},
	} {
		_, err := parseCSL(strings.NewReader(c.text))
		wantInvalid(t, err, "parse Consolidated Screening List CSV", c.says)
	}
}

func TestDPL(t *testing.T) {
	l := read(t, parseDPL, dplFile)
	want := []fundtrail.Party{{
		Names: []fundtrail.Name{{Text: "I. ASH"}}, Listed: day(2003, 6, 19), Countries: []string{"US", "AE"},
		Note: "Effective Date: 06/19/2003\nExpiration Date: 06/29/2056\nStandard Order: Y\nLast Update: 2007-01-31\nAction: NEW\nFR Citation: 68 F.R. 38290\n" +
			"Address: STREET 1, SEAGOVILLE, TX, 75159, US\nAddress: STREET 2, DUBAI, AE",
	}}
	if diff := cmp.Diff(want, l.Parties, compareAddress); diff != "" || l.List != "us-bis-dpl" || l.Covers != fundtrail.CoversNames {
		t.Error(l.List, l.Covers, diff)
	}
	undated := read(t, parseDPL, dplFile+strings.Replace(dplFile[strings.Index(dplFile, "\n")+1:], "06/19/2003", "", 1))
	if len(undated.Rejected) != 1 || undated.Rejected[0].Line != 4 {
		t.Errorf("rejected %v", undated.Rejected)
	}
	for _, c := range []struct{ text, says string }{
		{"", "empty file"},
		{dplFile[:strings.Index(dplFile, "\n")+1], "no entries"},
		{dplFile[:len(dplFile)-3], "cut or broken"},
		{"<html>\n", "no column Name"},
	} {
		_, err := parseDPL(strings.NewReader(c.text))
		wantInvalid(t, err, "parse Denied Persons List", c.says)
	}
}

func FuzzCSL(f *testing.F) {
	f.Add(cslFile)
	f.Fuzz(func(t *testing.T, text string) { checkParse(t, parseCSL, text) })
}

func FuzzDPL(f *testing.F) {
	f.Add(dplFile)
	f.Fuzz(func(t *testing.T, text string) { checkParse(t, parseDPL, text) })
}
