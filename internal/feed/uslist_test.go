package feed

import (
	"errors"
	"io"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/fundtrail/fundtrail"
)

var birthForm = regexp.MustCompile(`^~?\d{4}(-\d\d(-\d\d)?)?(/\d{4}(-\d\d(-\d\d)?)?)?$`)

// checkList is what every list that is read must be, whatever the file was.
func checkList(tb testing.TB, l *List) {
	tb.Helper()
	if len(l.Parties) == 0 || l.Covers == 0 || l.List == "" {
		tb.Fatalf("list %q covers %d with %d parties", l.List, l.Covers, len(l.Parties))
	}
	checkRejected(tb, l.Rejected)
	for i := range l.Parties {
		checkParty(tb, &l.Parties[i])
	}
	for _, c := range l.Unread {
		if c.Entries < 1 || c.Field == "" {
			tb.Errorf("unread %+v", c)
		}
	}
}

func checkParty(tb testing.TB, p *fundtrail.Party) {
	tb.Helper()
	if len(p.Names) == 0 && len(p.Wallets) == 0 {
		tb.Errorf("party %q has neither a name nor a wallet", p.UID)
	}
	for _, n := range p.Names {
		if n.Text == "" {
			tb.Errorf("party %q: an empty name", p.UID)
		}
		if n.Family != "" && (!strings.Contains(n.Text, n.Family) || !strings.Contains(n.Text, n.Given)) {
			tb.Errorf("party %q: name %q has the parts %q and %q", p.UID, n.Text, n.Family, n.Given)
		}
	}
	for _, w := range p.Wallets {
		if w.Text == "" || w.Text != strings.TrimSpace(w.Text) {
			tb.Errorf("party %q: wallet %+v", p.UID, w)
		}
		if w.CaseLost && !w.Address.IsZero() {
			tb.Errorf("wallet %q lost its case and is %v", w.Text, w.Address)
		}
		if !w.Address.IsZero() {
			if a, err := fundtrail.ParseAddress(w.Address.Chain(), w.Text); err != nil || a != w.Address {
				tb.Errorf("wallet %+v is %v, %v", w, a, err)
			}
		}
	}
	for _, c := range p.Countries {
		if !countryCodes[c] {
			tb.Errorf("party %q: country %q", p.UID, c)
		}
	}
	for _, id := range p.Identifiers {
		if id.Type == "" || id.Country != "" && !countryCodes[id.Country] {
			tb.Errorf("party %q: identifier %+v", p.UID, id)
		}
	}
	for _, b := range p.Births {
		if !birthForm.MatchString(b) {
			tb.Errorf("party %q: born %q", p.UID, b)
		}
	}
}

// checkParse is the invariant of every parser: a list or an error that says what is
// wrong, and the same again for the same bytes.
func checkParse(tb testing.TB, parse func(io.Reader) (*List, error), text string) {
	tb.Helper()
	l, err := parse(strings.NewReader(text))
	if err != nil {
		if l != nil {
			tb.Errorf("a list beside the error %v", err)
		}
		if !errors.Is(err, fundtrail.ErrInvalid) {
			tb.Errorf("error %v does not wrap ErrInvalid", err)
		}
		return
	}
	checkList(tb, l)
	if again, err := parse(strings.NewReader(text)); err != nil || !reflect.DeepEqual(l, again) {
		tb.Errorf("another list from the same bytes: %v", err)
	}
}

// read parses a list that must be good.
func read(tb testing.TB, parse func(io.Reader) (*List, error), text string) *List {
	tb.Helper()
	l, err := parse(strings.NewReader(text))
	if err != nil {
		tb.Fatal(err)
	}
	checkList(tb, l)
	return l
}

// unread returns how often a field stands in a list's Unread.
func unread(l *List, field string) (n int) {
	for _, c := range l.Unread {
		if c.Field == field {
			n += c.Entries
		}
	}
	return n
}

func TestBirthOf(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"25 Mar 1977", "1977-03-25"},
		{"05 March 1977", "1977-03-05"},
		{"1977-03-25", "1977-03-25"},
		{"Mar 1977", "1977-03"},
		{"1977", "1977"},
		{"circa 1977", "~1977"},
		{"circa 01 Jan 1977", "~1977-01-01"},
		{"1960 to 1964", "1960/1964"},
		{"circa 1958-1960", "~1958/1960"},
		{"circa 1958 to circa 1960", "~1958/1960"},
		{"between 1958 and 1960", "1958/1960"},
		{"01 Jan 1967 to 31 Dec 1967", "1967"},
		{"01 Jan 1960 to 31 Dec 1964", "1960/1964"},
		{"1962-03-01 to 1962-03-31", "1962-03"},
		{"1964-02-01 to 1964-02-28", "1964-02-01/1964-02-28"}, // a leap year
		{"Apr 1970 to May 1971", "1970-04/1971-05"},
		{"1964 to 1960", ""},
		{"30 Feb 1977", ""},
		{"unknown", ""},
		{"", ""},
		{"0000", ""},
	} {
		if got, ok := birthOf(c.text); got != c.want && ok || ok != (c.want != "") {
			t.Errorf("birthOf(%q) = %q, %v; want %q", c.text, got, ok, c.want)
		}
	}
}

func TestCountryOf(t *testing.T) {
	for text, want := range map[string]string{
		"Iran": "IR", "Korea, North": "KP", "Democratic People's Republic of Korea": "KP", "Bahamas, The": "BS", "The Gambia": "GM",
		"North Macedonia, The Republic of": "MK", "Congo, Democratic Republic of the": "CD", "Cote d Ivoire": "CI", "St. Kitts & Nevis": "KN",
		"Burma": "MM", "Region: Gaza": "PS", "Palestinian": "PS", "West Bank": "PS", "Virgin Islands, British": "VG", "US": "US", "Kosovo": "XK",
		"Region: Crimea": "", "undetermined": "", "": "", "us": "", "ZZ": "", "Netherlands Antilles": "",
	} {
		if got, ok := countryOf(text); got != want || ok != (want != "") {
			t.Errorf("countryOf(%q) = %q, %v; want %q", text, got, ok, want)
		}
	}
	if len(countryCodes) != 250 { // 249 of ISO 3166-1 and XK
		t.Errorf("%d countries, want 250", len(countryCodes))
	}
}

func FuzzBirthOf(f *testing.F) {
	for _, s := range []string{"25 Mar 1977", "circa 1958-1960", "01 Jan 1967 to 31 Dec 1967", "between 1 and 2"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if got, ok := birthOf(text); ok && !birthForm.MatchString(got) {
			t.Errorf("birthOf(%q) = %q", text, got)
		}
	})
}
