package feed

import "strings"

// countryOf returns the ISO 3166-1 alpha-2 code of a country as United States lists
// write it: "Korea, North", "Bahamas, The", "Region: Gaza", or the code itself. ok is
// false for what is no country, or one that ISO knows no more.
func countryOf(text string) (code string, ok bool) {
	code = countryCode(strings.TrimPrefix(strings.TrimSpace(text), "Region: "))
	return code, code != ""
}

// isCountryCode reports whether text is an ISO 3166-1 alpha-2 code, and no name.
func isCountryCode(text string) bool { return len(text) == 2 && countryCode(text) == text }
