package data

import (
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/fundtrail/fundtrail"
)

// TestLists: the lists that people ask for are on record.
func TestLists(t *testing.T) {
	want := []string{
		"au-dfat", "ch-seco", "eu-fsf", "il-nbctf", "jp-meti-russia", "jp-mof", "kr-mofa", "opensanctions",
		"uk-ofsi", "uk-sanctions", "un-sc", "us-bis-dpl", "us-csl", "us-ofac-cons", "us-ofac-sdn",
	}
	var got []string
	for _, l := range Lists() {
		got = append(got, l.ID)
		for _, d := range l.Downloads {
			for _, f := range d.Files {
				// Nobody between the publisher and us may change what comes, and no key is on record.
				if !strings.HasPrefix(f.URL, "https://") || strings.Contains(f.URL, "token=") {
					t.Errorf("%s: %s", l.ID, f.URL)
				}
			}
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("lists %q\nwant  %q", got, want)
	}
}

func TestListByID(t *testing.T) {
	for _, name := range []string{"us-ofac-sdn", "US OFAC SDN", "specially designated nationals and blocked persons list"} {
		l, err := ListByID(name)
		if err != nil || l.ID != "us-ofac-sdn" || l.Jurisdiction != "US" || l.Shrink != 10 {
			t.Errorf("ListByID(%q) = %+v, %v", name, l, err)
			continue
		}
		if d := l.Downloads[0]; d.Name != "xml" || d.Needs != "" || d.Files[0] != (ListFile{"SDN.XML", "https://www.treasury.gov/ofac/downloads/sdn.xml"}) {
			t.Errorf("%+v", d)
		}
		if d := l.Downloads[len(l.Downloads)-1]; d.Name != "csv" || len(d.Files) != 4 {
			t.Errorf("%+v", d)
		}
	}
	_, err := ListByID("us-ofac-sd")
	if !errors.Is(err, fundtrail.ErrNotFound) || !strings.Contains(err.Error(), "near it: us-ofac-sdn") {
		t.Errorf("a typing error: %v", err)
	}
	if eu, err := ListByID("eu-fsf"); err != nil || eu.Downloads[0].Needs == "" || eu.Downloads[0].Confidence > 20 {
		t.Errorf("%+v, %v", eu, err)
	}
	if jp, err := ListByID("jp-mof"); err != nil || jp.ByHand == "" || jp.Downloads != nil {
		t.Errorf("%+v, %v", jp, err)
	}
}

// FuzzParseList: whatever the bytes, the parser answers.
func FuzzParseList(f *testing.F) {
	for _, name := range []string{"notices", "wanted"} {
		raw, err := os.ReadFile("testdata/sound/lists/" + name + ".yaml")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		l, err := parseList(raw)
		if err == nil && (l.ID == "" || (len(l.Downloads) == 0) == (l.ByHand == "")) {
			t.Errorf("accepted %+v", l)
		}
		if err != nil && !errors.Is(err, fundtrail.ErrInvalid) {
			t.Errorf("%v does not wrap ErrInvalid", err)
		}
	})
}
