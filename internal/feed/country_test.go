package feed

import (
	"strings"
	"testing"

	"golang.org/x/text/language"
	"golang.org/x/text/language/display"
)

func TestCountryCode(t *testing.T) {
	for name, want := range map[string]string{
		"Democratic People's Republic of Korea": "KP", "Korea, North": "KP", "North Korea": "KP", "DPRK": "KP", "PRK": "KP",
		"kp": "KP", "朝鮮民主主義人民共和国": "KP", "北朝鮮": "KP", "북한": "KP", "조선민주주의인민공화국": "KP", "КНДР": "KP", "קוריאה הצפונית": "KP",
		"Democratic People’s Republic of Korea": "KP",
		"Republic of Korea":                     "KR", "Korea, South": "KR", "Korea, Republic of": "KR", "대한민국": "KR", "韓国": "KR",
		"Iran (Islamic Republic of)": "IR", "Islamic Republic of Iran": "IR", "IRAN": "IR", "イラン": "IR",
		"Congo": "CG", "Republic of the Congo": "CG", "Democratic Republic of the Congo": "CD",
		"Congo, Democratic Republic of the": "CD", "Congo, Republic of the": "CG",
		"Russian Federation": "RU", "ロシア": "RU", "Россия": "RU", "RUS": "RU", "러시아": "RU",
		"Burma": "MM", "Myanmar": "MM", "UK": "GB", "U.K.": "GB", "EL": "GR", "GBR": "GB", "usa": "US",
		"United Kingdom of Great Britain and Northern Ireland": "GB",
		"Cote d'Ivoire": "CI", "Côte d’Ivoire": "CI", "COTE D IVOIRE": "CI",
		"Syrian Arab Republic": "SY", "Viet Nam": "VN", "Türkiye": "TR", "TURKIYE": "TR", "West Bank": "PS", "פלסטיני": "PS", "לבנון": "LB",
		"Emirates, United Arab": "AE", "Libya, State of": "LY", "Korea, Democratic People's Republic of": "KP", "Venezuela, Bolivarian Republic of": "VE",
		"Niger": "NE", "Nigeria": "NG", "Guinea-Bissau": "GW", "Guinea": "GN", "Papua New Guinea": "PG", "Equatorial Guinea": "GQ",
		"Dominica": "DM", "Dominican Republic": "DO", "Georgia": "GE", "South Sudan": "SS", "Sudan": "SD", "Kosovo": "XK",
		"The Netherlands": "NL", "Bahamas, The": "BS", " Hong Kong ": "HK", "Jordan": "JO",
		"": "", "00": "", "UNKNOWN": "", "Soviet Union": "", "SU": "", "Yugoslavia": "", "Region: Northern Mali": "", "the": "", "of": "",
		"XX": "", "Atlantis": "", strings.Repeat("Iran ", 100): "",
	} {
		if got := countryCode(name); got != want {
			t.Errorf("countryCode(%q) = %q, want %q", name, got, want)
		}
	}
}

// TestCountryTable: every line is read, no name stands for two countries, and no key
// can be taken for a code.
func TestCountryTable(t *testing.T) {
	of := map[string]string{}
	codes := map[string]bool{}
	for line := range strings.Lines(countryRows) {
		line = strings.TrimRight(line, "\n")
		if strings.HasPrefix(line, "#") {
			continue
		}
		cols := strings.Split(line, "\t")
		if len(cols) != 3 || len(cols[0]) != 2 || (cols[1] != "-") == codes[cols[0]] {
			t.Errorf("line %q: want a code, its alpha-3 code once, and names", line)
			continue
		}
		codes[cols[0]] = true
		for _, name := range strings.Split(cols[2], "|") {
			key := countryNameKey(name)
			if key == "" || key == strings.ToUpper(key) && key != strings.ToLower(key) {
				t.Errorf("%q has the key %q", name, key)
			}
			if was := of[key]; was != "" && was != cols[0] {
				t.Errorf("%q is %s and %s", name, was, cols[0])
			}
			of[key] = cols[0]
			if got := countryCode(name); got != cols[0] {
				t.Errorf("countryCode(%q) = %q, want %q", name, got, cols[0])
			}
		}
	}
	if len(codes) != 250 {
		t.Errorf("%d countries, want 250", len(codes))
	}
}

// TestCountryOracle: what CLDR calls a country in the languages of the lists is known.
func TestCountryOracle(t *testing.T) {
	for _, lang := range []string{"en", "fr", "es", "de", "ru", "ar", "he", "ja", "ko", "zh"} {
		names := display.Regions(language.MustParse(lang))
		for a := 'A'; a <= 'Z'; a++ {
			for b := 'A'; b <= 'Z'; b++ {
				code := string(a) + string(b)
				region, err := language.ParseRegion(code)
				if err != nil || countryCode(code) != code {
					continue
				}
				if name := names.Name(region); name != "" && countryCode(name) != code {
					t.Errorf("%s: countryCode(%q) = %q, want %s", lang, name, countryCode(name), code)
				}
			}
		}
	}
}

func FuzzCountryCode(f *testing.F) {
	f.Add("Korea, North")
	f.Add("조선민주주의인민공화국")
	f.Fuzz(func(t *testing.T, s string) {
		code := countryCode(s)
		if code == "" {
			return
		}
		if len(code) != 2 || countryCode(code) != code || countryCode(" "+s+" ") != code {
			t.Errorf("countryCode(%q) = %q", s, code)
		}
	})
}

func BenchmarkCountryCode(b *testing.B) {
	for b.Loop() {
		countryCode("Democratic People's Republic of Korea")
	}
}
