package names

import (
	"bufio"
	"encoding/json"
	"encoding/xml"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/fundtrail/fundtrail"
)

// realLists are the UN's consolidated list and the names of OFAC's SDN list, read
// just well enough for names; the OFAC file does not say what a party is.
func realLists(t testing.TB) (un, ofac []Entry) {
	t.Helper()
	return unList(t), ofacNames(t)
}

func ofacNames(t testing.TB) []Entry {
	t.Helper()
	f, err := os.Open(shared(t, "sanctions_native/ofac_sdn_names_2025-11.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var out []Entry
	sc := bufio.NewScanner(f)
	sc.Buffer(nil, 1<<20)
	for sc.Scan() {
		var row struct {
			Names []struct {
				Full string `json:"full_name"`
				Main bool   `json:"is_primary"`
			}
		}
		if err := json.Unmarshal(sc.Bytes(), &row); err != nil {
			t.Fatal(err)
		}
		var e Entry
		for _, n := range row.Names {
			kind := fundtrail.Alias
			if n.Main {
				kind = fundtrail.MainName
			}
			e.Names = append(e.Names, fundtrail.Name{Text: n.Full, Kind: kind})
		}
		out = append(out, e)
	}
	return out
}

func unList(t testing.TB) []Entry {
	t.Helper()
	raw, err := os.ReadFile(shared(t, "sanctions_native/UN_consolidated_2025-11-20.xml"))
	if err != nil {
		t.Fatal(err)
	}
	type party struct {
		First  string `xml:"FIRST_NAME"`
		Second string `xml:"SECOND_NAME"`
		Third  string `xml:"THIRD_NAME"`
		Fourth string `xml:"FOURTH_NAME"`
		Script string `xml:"NAME_ORIGINAL_SCRIPT"`
		Alias  []struct {
			Quality string `xml:"QUALITY"`
			Name    string `xml:"ALIAS_NAME"`
		} `xml:"INDIVIDUAL_ALIAS"`
		EntityAlias []struct {
			Name string `xml:"ALIAS_NAME"`
		} `xml:"ENTITY_ALIAS"`
		Birth []struct {
			Date string `xml:"DATE"`
			Year string `xml:"YEAR"`
		} `xml:"INDIVIDUAL_DATE_OF_BIRTH"`
	}
	var list struct {
		People []party `xml:"INDIVIDUALS>INDIVIDUAL"`
		Bodies []party `xml:"ENTITIES>ENTITY"`
	}
	if err := xml.Unmarshal(raw, &list); err != nil {
		t.Fatal(err)
	}
	var out []Entry
	add := func(kind fundtrail.PartyKind, p party) {
		e := Entry{Kind: kind}
		name := func(text string, k fundtrail.NameKind) {
			if text = strings.Join(strings.Fields(text), " "); text != "" {
				e.Names = append(e.Names, fundtrail.Name{Text: text, Kind: k})
			}
		}
		name(p.First+" "+p.Second+" "+p.Third+" "+p.Fourth, fundtrail.MainName)
		name(p.Script, fundtrail.Alias)
		for _, a := range p.Alias {
			k := fundtrail.Alias
			if a.Quality == "Low" {
				k = fundtrail.WeakAlias
			}
			name(a.Name, k)
		}
		for _, a := range p.EntityAlias {
			name(a.Name, fundtrail.Alias)
		}
		for _, b := range p.Birth {
			if s := strings.TrimSpace(b.Date + b.Year); s != "" {
				e.Births = append(e.Births, s)
			}
		}
		out = append(out, e)
	}
	for _, p := range list.People {
		add(fundtrail.Person, p)
	}
	for _, p := range list.Bodies {
		add(fundtrail.Organisation, p)
	}
	return out
}

func buildReal(t testing.TB) (*Index, []Entry) {
	t.Helper()
	un, ofac := realLists(t)
	realOnce.Do(func() {
		realEntries = append(un, ofac...)
		realBuilt = Build(realEntries)
	})
	return realBuilt, realEntries
}

var (
	realOnce    sync.Once
	realBuilt   *Index
	realEntries []Entry
)
