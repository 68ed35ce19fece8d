package report

import (
	"strings"
	"time"

	"github.com/fundtrail/fundtrail"
)

// A rounding says which way digits that are not shown push the last one that is.
// Bounds are rounded outward, so that a shown range never claims more than the
// exact one: a floor goes down and a ceiling goes up.
type rounding int

const (
	nearest rounding = iota
	down
	up
)

// coins prints base units as whole coins with thousands separators and a fixed
// number of places after the point, so that a column lines up. Zero is "0" and a
// part too small to show is "<0.01", so that neither passes for the other. Where
// the decimals are not known it prints base units.
//
// amount.ts does the same for the page; testdata/amounts.json holds both to it.
func coins(a fundtrail.Amount, decimals, places int, r rounding) string {
	if a.IsZero() {
		return "0"
	}
	digits := a.String()
	if decimals <= 0 {
		return group(digits)
	}
	if len(digits) <= decimals {
		digits = strings.Repeat("0", decimals-len(digits)+1) + digits
	}
	if places > decimals {
		digits += strings.Repeat("0", places-decimals)
		decimals = places
	}
	cut := len(digits) - decimals + places
	kept, rest := digits[:cut], digits[cut:]
	if strings.Trim(rest, "0") != "" && (r == up || r == nearest && rest[0] >= '5') {
		kept = increment(kept)
	}
	if strings.Trim(kept, "0") == "" {
		if r == nearest {
			return "<" + point(increment(kept), places)
		}
		return "0"
	}
	return point(kept, places)
}

// point puts the decimal point and the separators into digits.
func point(digits string, places int) string {
	if places == 0 {
		return group(digits)
	}
	cut := len(digits) - places
	return group(digits[:cut]) + "." + digits[cut:]
}

// increment adds one to a decimal number.
func increment(digits string) string {
	b := []byte(digits)
	for i := len(b) - 1; i >= 0; i-- {
		if b[i] != '9' {
			b[i]++
			return string(b)
		}
		b[i] = '0'
	}
	return "1" + string(b)
}

// group separates thousands: 1234567 is "1,234,567".
func group(digits string) string {
	n := len(digits)
	if n <= 3 {
		return digits
	}
	var b strings.Builder
	b.Grow(n + n/3)
	for i := range n {
		if i > 0 && (n-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteByte(digits[i])
	}
	return b.String()
}

// placesFor chooses how many places after the point the amounts of an asset are
// shown with, from the largest of them: cents of a large sum say nothing, and eight
// places of a small one say all.
func placesFor(largest fundtrail.Amount, decimals int) int {
	if decimals <= 0 {
		return 0
	}
	whole := len(largest.String()) - decimals // digits before the point
	places := 8
	switch {
	case whole >= 3:
		places = 2
	case whole >= 1:
		places = 4
	}
	return min(places, decimals)
}

// exact is the amount in whole coins with every digit, for whoever must quote it.
func exact(a fundtrail.Amount, decimals int) string {
	whole, frac, point := strings.Cut(a.Decimal(max(decimals, 0)), ".")
	if !point {
		return group(whole)
	}
	return group(whole) + "." + frac
}

// amount reads a figure of a document that Validate has passed.
func amount(s string) fundtrail.Amount {
	a, _ := fundtrail.ParseAmount(s)
	return a
}

// wholeDollars prints the dollars of a priced amount, to the nearest dollar, and
// under a thousand with their cents.
func wholeDollars(s string) string {
	whole, cents, _ := dollars(s)
	whole = strings.TrimLeft(whole, "0")
	if len(whole) <= 3 {
		if whole == "" {
			whole = "0"
		}
		return whole + "." + cents
	}
	if cents >= "50" {
		whole = increment(whole)
	}
	return group(whole)
}

// value says what an amount was worth: "512,345,678", "512,345,678 + unpriced", or
// "unpriced", never 0 for want of a price.
func value(u *USD) string {
	switch {
	case u == nil:
		return "unpriced"
	case amount(u.Unpriced).IsZero():
		return wholeDollars(u.Amount)
	case strings.Trim(u.Amount, "0.") == "":
		return "unpriced"
	}
	return wholeDollars(u.Amount) + " + unpriced"
}

// day is the date of a time, "" of none.
func day(rfc3339 string) string {
	t, err := time.Parse(time.RFC3339, rfc3339)
	if err != nil {
		return ""
	}
	return t.UTC().Format(time.DateOnly)
}

// clock is a time as people read it, to the second and with its zone.
func clock(rfc3339 string) string {
	t, err := time.Parse(time.RFC3339, rfc3339)
	if err != nil {
		return ""
	}
	return t.UTC().Format("2006-01-02 15:04:05 UTC")
}

// days is a range of dates, or one date.
func days(first, last string) string {
	a, b := day(first), day(last)
	switch {
	case a == b || b == "":
		return a
	case a == "":
		return b
	}
	return a + " to " + b
}

// count says "1 transfer" and "1,751 transfers".
func count(n int, one string) string {
	s := group(fundtrail.NewAmount(uint64(max(n, 0))).String()) + " " + one
	if n == 1 {
		return s
	}
	if strings.HasSuffix(one, "s") || strings.HasSuffix(one, "x") {
		return s + "es"
	}
	if stem, ok := strings.CutSuffix(s, "y"); ok && !strings.ContainsAny(stem[len(stem)-1:], "aeiou") {
		return stem + "ies"
	}
	return s + "s"
}
